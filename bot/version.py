"""Which program this is: its version, its commit where that is known, the number of the database's schema, and where `run` and `deploy/` lie.

Asked by `--version`, `status --all` and `upgrade`. The version is that of pyproject.toml beside a checkout, else of the installed package.
The commit is what git wrote into commit.txt as it made an archive (export-subst), else what a checkout says. Raises nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
_ROOT = _FOLDER.parent
_GIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Version:
    """`commit`: twelve digits; "" = not known. `schema`: the last migration that this program has."""

    number: str
    commit: str
    schema: int

    def __str__(self) -> str:
        known = f"commit {self.commit}, " if self.commit else ""
        return f"{self.number} ({known}schema {self.schema})"


def version(root: Path = _ROOT) -> Version:
    """Of the program in `root`: a checkout, an unpacked archive of one, or where packages are installed."""
    return Version(number(root), _commit(root), _schema())


def number(root: Path = _ROOT) -> str:
    """Its number alone."""
    try:
        project: dict[str, str] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    except FileNotFoundError:
        return metadata.version("hosho-bot")
    return project["version"]


def _commit(root: Path) -> str:
    written = (root / "bot" / "commit.txt").read_text("utf-8").strip()
    if not written.startswith("$"):
        return written[:12]
    if not (root / ".git").exists():
        return ""
    # Whose checkout it is does not matter: the program in it runs already.
    call = ("git", "-c", f"safe.directory={root}", "-C", str(root), "rev-parse", "--short=12", "HEAD")
    try:
        told = subprocess.run(call, capture_output=True, text=True, check=False, timeout=_GIT_SECONDS)  # noqa: S603 - no user's word in it
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()


def _schema() -> int:
    names = [file.name for file in resources.files("storage.migrations").iterdir() if file.name.endswith(".sql")]
    return max(int(name[:4]) for name in names)


# -- where it lies

VERSIONS = "versions"


def home(checkout: Path = _ROOT, prefix: Path | None = None) -> Path:
    """The folder with `run` and `deploy/`, for units and for what calls them. `prefix`: the environment's, given by tests.

    A checkout has them at its root; a wheel brings them into share/hosho-bot of its environment. A version among several
    (deploy/install: HOME/versions/NUMBER) is called by the links of HOME, which follow `current`.
    """
    environment = prefix or Path(sys.prefix)
    if (checkout / "run").exists():
        return checkout
    if environment.parent.name == VERSIONS:
        return environment.parent.parent
    return environment / "share" / "hosho-bot"
