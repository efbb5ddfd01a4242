"""A fork server's memory, put in order: what is in it stays, in large pages.

Called by fork_server.py in a moment without requests, once everything is loaded. A fork then copies one entry of the page table
for 2 MiB instead of 512, and a child's end gives back as few. Where the kernel has no large pages, or shows no map of our
memory, the pages stay small. Raises nothing.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LARGE = 2 * 1024 * 1024
_GAP, _SMALL = 64 * 1024, 32  # larger things lie beside the heap
_COLLAPSE = 25  # madvise(2), Linux 6.1


def settle() -> None:
    """Drop what nothing leads to, and take the rest out of the collector's sight again. Fill the gaps. Then join the pages."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    _fill_gaps(libc)
    with suppress(OSError, ValueError):
        for start, end in _own_memory():
            first, last = -(-start // _LARGE) * _LARGE, end // _LARGE * _LARGE
            if first < last:
                libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _COLLAPSE)


_HEAP = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class _Heap(ctypes.Structure):
    """What the C library tells of its memory, see mallinfo2(3)."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in _HEAP)


def _fill_gaps(libc: ctypes.CDLL) -> None:
    """Take for good what is free between what stays: a child would write there, and copy a page for each small thing.

    Behind the last piece of the heap its things lie together. Without the GNU C library nothing is done.
    """
    if not hasattr(libc, "mallinfo2"):
        return
    libc.mallinfo2.restype = _Heap
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    size = _GAP
    while size > _SMALL:
        heap = libc.mallinfo2()
        if heap.fordblks - heap.keepcost < size or not libc.malloc(size) or libc.mallinfo2().keepcost < heap.keepcost:
            size //= 2


def _own_memory() -> Iterator[tuple[int, int]]:
    """Where what is ours alone lies, and can be written: the heap, and what was asked for beside it; see proc_pid_maps(5)."""
    for line in Path("/proc/self/maps").read_text("utf-8", "replace").splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and name in ([], ["[heap]"]):
            start, _, end = place.partition("-")
            yield int(start, 16), int(end, 16)
