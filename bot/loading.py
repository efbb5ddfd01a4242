"""Import a lot in little time: the cycle collector finds no garbage among new classes, yet takes a quarter of the time to look.

Used by the command line, the daemon and its children around their large imports. What was imported is never looked through again.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import in here."""
    known = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        gc.enable()
