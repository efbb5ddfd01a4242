"""Ask a vulnerability service about every package of the lock files. Called by .ci/run; `python tests/audit.py` by hand.

pip-audit is installed by its own lock file into an environment that is thrown away, so that no other install is heavier. Says what
was asked in one line. Ends with 1 only for a known vulnerability: where no index or service answers, it says so and ends with 0.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements-dev.lock", "requirements-audit.lock")
"""The first holds the packages of requirements.lock and requirements-ocr.lock too (tests/test_audit.py)."""
SERVICES = ("pypi", "osv")
INSTALL_SECONDS = 300
ASK_SECONDS = 120
NOT_ASKED = "not audited: "


@dataclass
class Report:
    """What a service knows: the packages that it knows, and "name version: ids" of the vulnerable ones."""

    known: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    vulnerable: set[str] = field(default_factory=set)

    def add(self, document: str) -> None:
        """Take in pip-audit's JSON. A package that a service does not know is reported as skipped: nothing was asked."""
        for one in json.loads(document)["dependencies"]:
            if "skip_reason" in one:
                self.unknown.add(one["name"])
                continue
            self.known.add(one["name"])
            if one["vulns"]:
                self.vulnerable.add(f"{one['name']} {one['version']}: {', '.join(v['id'] for v in one['vulns'])}")

    @property
    def line(self) -> str:
        """What came out, in one line."""
        unasked = self.unknown - self.known
        if self.vulnerable:
            return f"known vulnerabilities: {'; '.join(sorted(self.vulnerable))}"
        if not self.known:
            return f"{NOT_ASKED}no vulnerability service is reachable from here"
        rest = f"; the service does not know {', '.join(sorted(unasked))}" if unasked else ""
        return f"audited: {len(self.known)} packages, no known vulnerability{rest}"


def installed(folder: Path) -> Path | None:
    """An environment with pip-audit in this folder, or None where it can't be installed."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = ["uv", "pip", "install", "--python", python] if shutil.which("uv") else ["python3", "-m", "pip"]
    if pip[0] != "uv":
        pip += ["--python", python, "install", "--disable-pip-version-check", "--no-input"]
    pip += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements-audit.lock"]
    return python if _ended(pip, INSTALL_SECONDS) == 0 else None


def asked(python: Path, lock: Path, service: str, folder: Path) -> str:
    """pip-audit's JSON about a lock file, "" where the service does not answer in time."""
    told = folder / f"{lock.name}.{service}.json"
    words = ["-m", "pip_audit", "--service", service, "--requirement", lock, "--require-hashes", "--disable-pip"]
    words += ["--format", "json", "--output", told, "--cache-dir", folder / "cache", "--progress-spinner", "off"]
    _ended([python, *words], ASK_SECONDS)
    try:
        answer = told.read_text("utf-8")
        json.loads(answer)
    except (OSError, ValueError):
        return ""
    return answer


def _ended(command: Iterable[str | Path], seconds: float) -> int:
    try:
        return subprocess.run(
            [str(word) for word in command], capture_output=True, check=False, timeout=seconds, cwd=ROOT
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return -1


def main() -> int:
    """Audit; 1 for a known vulnerability."""
    with tempfile.TemporaryDirectory(prefix="hosho-audit-") as name:
        folder = Path(name)
        python = installed(folder / "venv")
        if python is None:
            print(f"{NOT_ASKED}pip-audit can't be installed here")
            return 0
        report = Report()
        for service in SERVICES:
            for lock in LOCKS:
                if document := asked(python, ROOT / lock, service, folder):
                    report.add(document)
            if report.known:
                break
    print(report.line)
    return 1 if report.vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
