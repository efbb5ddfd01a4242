"""A receiver that runs over a keeper of the test's choice, and an SMTP door before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.intake.receive import Receiver, always_room
from bot.intake.smtp.listener import SmtpListener, SmtpSettings
from tests.intake.keepers import ListKeeper, clock
from tests.intake.talk import SETTINGS

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


@pytest.fixture
async def listening(receiver_over: Started, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """A function: keeper, settings, has_room → port."""
    listeners: list[SmtpListener] = []

    async def start(
        keeper: ListKeeper, settings: SmtpSettings = SETTINGS, has_room: Callable[[], bool] = always_room
    ) -> int:
        settings = replace(settings, spool_folder=tmp_path / "spool")
        listener = SmtpListener(await receiver_over(keeper), settings, clock, has_room=has_room)
        listeners.append(listener)
        return await listener.start()

    yield start
    for listener in listeners:
        await listener.stop()
