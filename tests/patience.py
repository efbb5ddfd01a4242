"""How long tests wait, and how far a promise about time reaches on a machine that does other things too.

A wait ends as soon as what is awaited is there: its bound only ends a test that would hang, and tells nothing of speed.
"""

from __future__ import annotations

import os

PATIENCE_SECONDS = 100
"""For what must come."""


def within(seconds: float) -> float:
    """What a promise of so many seconds allows now: where more processes want the processors than there are, each gets its share."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
