"""A receiver that runs, over a keeper of the test's choice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.intake.receive import Receiver
from tests.intake.keepers import ListKeeper

Started = Callable[[ListKeeper], Awaitable[Receiver]]


@pytest.fixture
async def receiver_over() -> AsyncIterator[Started]:
    """A function: keeper → running Receiver. All are drained at the end."""
    running: list[tuple[Receiver, asyncio.Task[None]]] = []

    async def start(keeper: ListKeeper) -> Receiver:
        receiver = Receiver(keeper, lambda: None)
        running.append((receiver, asyncio.create_task(receiver.run())))
        return receiver

    yield start
    for receiver, task in running:
        receiver.stop()
        await task
