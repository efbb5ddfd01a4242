"""Where the program's own `run` and `deploy/` lie, for units and for what calls them.

A checkout has them at its root; a wheel brings them into share/hosho-bot of its environment. A version among several
(deploy/install: HOME/versions/NUMBER) is called by the links of HOME, which follow `current`. Pure but for looking.
"""

from __future__ import annotations

import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]
VERSIONS = "versions"


def home(checkout: Path = _CHECKOUT, prefix: Path | None = None) -> Path:
    """The folder with `run` and `deploy/`. `prefix`: the environment's, given by tests."""
    environment = prefix or Path(sys.prefix)
    if (checkout / "run").exists():
        return checkout
    if environment.parent.name == VERSIONS:
        return environment.parent.parent
    return environment / "share" / "hosho-bot"
