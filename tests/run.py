"""The one command: formats, lints, types, checks the layers, then tests. `./run test`, `./run check` (no tests).

Arguments go to pytest; with any, the checks are left out (`./run test tests/core -k jv`). `--slow` adds the long counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKS = (
    ("format", ["ruff", "format", "--quiet", "."]),
    ("lint", ["ruff", "check", "--quiet", "."]),
    ("types", ["mypy"]),
    ("layers", ["lint-imports"]),
)


def tool(name: str) -> str:
    """A program of this very environment."""
    return str(Path(sys.executable).with_name(name))


def checks() -> bool:
    """Run every check, each told in a line; False when one failed. In CI, what isn't formatted is a failure."""
    fine = True
    for name, command in CHECKS:
        arguments = [*command, "--check"] if name == "format" and os.environ.get("CI") else command
        done = subprocess.run(
            [tool(arguments[0]), *arguments[1:]], capture_output=True, text=True, check=False, cwd=ROOT
        )
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr, flush=True)
            fine = False
    return fine


def main(arguments: list[str]) -> int:
    """Checks, then tests on two processes; the exit code of the first that failed."""
    if arguments == ["--checks-only"]:
        return 0 if checks() else 1
    slow = "--slow" in arguments
    rest = [argument for argument in arguments if argument != "--slow"]
    fine = bool(rest) or checks()
    given = [*(["--slow"] if slow else []), *(rest or ["-n", "2", "--dist", "loadfile"])]
    tested = subprocess.call([tool("pytest"), "-q", *given], cwd=ROOT)
    return tested if fine else tested or 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
