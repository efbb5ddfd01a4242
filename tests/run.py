"""The one command: formats, lints, types, checks the layers, then tests. `./run test`, `./run check` (no tests).

Without arguments the small size (tests/sizes.py); `--all`: everything; `--slow`: everything with the long counts; `--rest`: what the
small size left out, for .ci/run. All other arguments go to pytest, and the checks are left out (`./run test tests/core -k jv`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUICK = (
    ("format", ["ruff", "format", "--quiet", "."]),
    ("lint", ["ruff", "check", "--quiet", "."]),
)
BESIDE = (
    ("layers", ["lint-imports"]),
    ("types", ["mypy"]),
)
"""They run while the tests do."""
PROCESSES = {"--small": "2", "--all": "3", "--slow": "3", "--rest": "3"}
"""By size, for two cores: a test of a whole daemon waits for a third of its time."""


def tool(name: str) -> str:
    """A program of this very environment."""
    return str(Path(sys.executable).with_name(name))


def is_fine(name: str, command: list[str]) -> bool:
    """Run a check and tell its result in a line. In CI, what isn't formatted is a failure."""
    arguments = [*command, "--check"] if name == "format" and os.environ.get("CI") else command
    done = subprocess.run([tool(arguments[0]), *arguments[1:]], capture_output=True, text=True, check=False, cwd=ROOT)
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def is_all_fine(checks: Iterable[tuple[str, list[str]]]) -> bool:
    """Run them all, also behind one that failed."""
    results = [is_fine(*check) for check in checks]
    return all(results)


def tests(arguments: list[str]) -> int:
    """Run pytest; its exit code. Its own bytecode is kept, or each of its processes would compile the house again."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.call([tool("pytest"), "-q", *arguments], cwd=ROOT, env=environment)


def main(arguments: list[str]) -> int:
    """Checks, and tests on some processes; the exit code of the first that failed."""
    if arguments == ["--checks-only"]:
        return 0 if is_all_fine(QUICK + BESIDE) else 1
    size = arguments or ["--small"]
    if len(size) != 1 or size[0] not in PROCESSES:
        return tests(arguments)
    size = ["-n", PROCESSES[size[0]], "--dist", "loadfile", "--no-loadscope-reorder", "--progress", *size]
    if "--rest" in size:
        return tests(size)
    with ThreadPoolExecutor(1) as beside:
        fine = is_all_fine(QUICK)
        slow = beside.submit(is_all_fine, BESIDE)
        tested = tests(size)
        fine = slow.result() and fine
    if not fine:
        print("a check FAILED, see above", flush=True)
    return tested or int(not fine)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
