"""Run a database step to its end although the caller is being cancelled; then let the cancellation through.

Called by both backends for commit, rollback and release: half of one of these leaves the connection locked for ever.
Raises what the step raises, and CancelledError afterwards if the caller was cancelled meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def finish(step: Coroutine[Any, Any, Result]) -> Result:
    """Await `step` in a task of its own."""
    task = asyncio.ensure_future(step)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        task.cancelled() or task.exception()  # read it, or asyncio warns that nobody did
        raise asyncio.CancelledError
    return task.result()
