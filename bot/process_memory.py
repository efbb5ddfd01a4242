"""Keeps the daemon's memory flat: what a large mail took goes back to the system when it is done with.

Called once by app.serve. glibc's malloc raises its threshold for separate blocks to the largest one freed so far, and has a heap for
each thread: after a few mails of 25 MiB hundreds of MiB lay idle in holes. With another C library nothing is done or needed.
"""

from __future__ import annotations

import ctypes

SEPARATE_BYTES = 512 * 1024
"""A block of this size and more is the system's again as soon as it is freed."""

_M_MMAP_THRESHOLD = -3  # malloc.h
_M_ARENA_MAX = -8


def give_back_what_is_freed() -> None:
    """Fix malloc's threshold, and let all threads share one heap."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, SEPARATE_BYTES)
        mallopt(_M_ARENA_MAX, 1)
