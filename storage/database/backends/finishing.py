"""Run a database step to its end although the caller is cancelled; then raise the CancelledError.

Called by both backends for commit, rollback and release: an interrupted one leaves the connection locked for ever.
Raises what the step raises, and CancelledError after it when the caller was cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def finish(step: Awaitable[Result]) -> Result:
    """Await `step`, a coroutine in its own task."""
    task = asyncio.ensure_future(step)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        task.cancelled() or task.exception()  # asyncio logs an exception that is never retrieved
        raise asyncio.CancelledError
    return task.result()
