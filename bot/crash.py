"""Named points at which a rehearsal may kill the program, as `kill -9` would: no cleaning up, no last words.

`HOSHO_CRASH_AT=name` in the environment picks one, `name:3` its third passing; without it a point costs one comparison. Called where
a promise could break: between a sync and its answer, between a mail sent and its note. See tests/faults.
"""

from __future__ import annotations

import os

_NAME, _, _TIMES = os.environ.get("HOSHO_CRASH_AT", "").partition(":")
_KILLED = 137  # what a shell reports of kill -9
_left = int(_TIMES or 1)


def crash_point(name: str) -> None:
    """End the process here and now if the rehearsal says so."""
    global _left  # noqa: PLW0603 - counts down to the one passing that is meant
    if name == _NAME:
        _left -= 1
        if _left <= 0:
            os._exit(_KILLED)
