"""Sees that the event loop turns; says where it stands when it does not, and ends the process, so that systemd starts it anew.

bot/app.py runs the daemon's tasks in `watched_loop`. Two watches: a thread counts the seconds of CPU that the loop uses without a
sign, and its own while the loop waits; the kernel counts the process's CPU seconds, for code in C that lets no thread run. Neither
counts while the process or the machine is stopped, nor while a loop that works is kept waiting for a CPU. Told are files, lines and functions, never values. Raises nothing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger("hosho.watchdog")

LOOP_HANGS = 70
"""The exit status (EX_SOFTWARE). Ended by the kernel's clock instead, the process dies of SIGPROF."""
HANG_SECONDS = "5:60"
"""Told after so many seconds, ended after so many; HOSHO_HANG_SECONDS in the environment may shorten it for a rehearsal."""
_STEP_SECONDS = 1.0
_LEAST_SHARE = 0.001  # of a step: a loop that used less CPU time waits
_MOST_FRAMES = 20  # the innermost


@dataclass(slots=True)
class _Beats:
    """How often the loop has turned: written by it, read by the thread."""

    count: int = 0


@asynccontextmanager
async def watched_loop() -> AsyncIterator[None]:
    """Watch the running loop, of the main thread, until the block ends."""
    told_after, ended_after = map(float, os.environ.get("HOSHO_HANG_SECONDS", HANG_SECONDS).split(":"))
    beats, over = _Beats(), threading.Event()
    # These dump the stack in C, which needs no turn in Python; the second then lets the signal end the process.
    faulthandler.register(signal.SIGVTALRM, all_threads=False)
    faulthandler.register(signal.SIGPROF, all_threads=False, chain=True)
    beating = asyncio.create_task(_beat(beats, told_after, ended_after), name="heartbeat")
    watched = (beats, over, threading.get_ident(), told_after, ended_after)
    thread = threading.Thread(target=_watch, args=watched, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        beating.cancel()
        _set_timers(0, 0)
        for number in (signal.SIGVTALRM, signal.SIGPROF):
            faulthandler.unregister(number)


async def _beat(beats: _Beats, told_after: float, ended_after: float) -> None:
    while True:
        beats.count += 1
        _set_timers(told_after, ended_after)
        notify("WATCHDOG=1")
        await asyncio.sleep(_STEP_SECONDS)


def _set_timers(told_after: float, ended_after: float) -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, told_after)
    signal.setitimer(signal.ITIMER_PROF, ended_after)


def _watch(beats: _Beats, over: threading.Event, loops_thread: int, told_after: float, ended_after: float) -> None:
    seen, silent, is_told = beats.count, 0.0, False
    loops_clock = time.pthread_getcpuclockid(loops_thread)
    used = before = time.clock_gettime(loops_clock)
    while not over.wait(_STEP_SECONDS):
        before, used = used, time.clock_gettime(loops_clock)
        if beats.count != seen:
            if is_told:
                log.warning("the event loop turns again")
                notify("STATUS=運転中")
            seen, silent, is_told = beats.count, 0.0, False
            continue
        silent += used - before if used - before > _LEAST_SHARE * _STEP_SECONDS else _STEP_SECONDS
        if silent >= told_after and not is_told:
            is_told = True
            log.error("the event loop has stood still for %d seconds at %s", silent, _stack(loops_thread))
            notify("STATUS=処理が止まっています")
        if silent >= ended_after:
            log.error("the event loop hangs: the process ends itself, to be started anew")
            os._exit(LOOP_HANGS)


def _stack(thread: int) -> str:
    """The thread's functions, the innermost first."""
    frame: FrameType | None = sys._current_frames().get(thread)  # noqa: SLF001 - documented, for exactly this
    frames = list(traceback.walk_stack(frame))[:_MOST_FRAMES] if frame else []
    return " ← ".join(
        f"{'/'.join(one.f_code.co_filename.split('/')[-3:])}:{line} {one.f_code.co_name}" for one, line in frames
    )


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); nothing where it does not listen."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
        sending.setblocking(False)  # noqa: FBT003
        sending.connect("\0" + address[1:] if address.startswith("@") else address)
        sending.send(state.encode())
