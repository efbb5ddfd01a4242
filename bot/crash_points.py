"""Named points at which a rehearsal may kill the program, as `kill -9` would: nothing is cleaned up. Or make it hang.

`HOSHO_CRASH_AT=name` in the environment picks one, `name:3` its third passing, `name:1:waits`, `name:1:spins` or `name:1:stops` (a Ctrl-C) what happens
there instead; without it a point costs one comparison. Called where a promise could break: between a sync and its answer, between a mail
sent and its note. See tests/faults/points.py.
"""

from __future__ import annotations

import os
import signal
import threading
from itertools import repeat

_KILLED = 137  # what a shell reports of kill -9
_name = ""
_left = 0
_how = ""


def arm(where: str) -> None:
    """Pick the point: "name", "name:3", "name:3:waits" or "" for none."""
    global _name, _left, _how  # noqa: PLW0603 - one process dies at one point
    _name, times, _how = (*where.split(":"), "", "")[:3]
    _left = int(times or 1)


def crash_point(name: str) -> None:
    """End the process here and now if the rehearsal says so."""
    global _left  # noqa: PLW0603 - counts down to the one passing that is meant
    if name == _name:
        _left -= 1
        if _left <= 0 and _how == "waits":
            threading.Event().wait()
        elif _left <= 0 and _how == "spins":
            sum(repeat(0))  # in C: no thread and no handler of a signal gets a turn
        elif _left == 0 and _how == "stops":
            os.kill(os.getpid(), signal.SIGINT)
        elif _how == "stops":
            return
        elif _left <= 0:
            os._exit(_KILLED)


arm(os.environ.get("HOSHO_CRASH_AT", ""))
