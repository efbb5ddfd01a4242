"""Workers over a real SQLite store, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.policy.policy import Desk, Office, Policy
from bot.outbound.compose import Composer
from storage.store import Store
from tests import databases

INBOX = "hosho@city.example.jp"
DESK = "keiyaku@city.example.jp"


class Watch:
    """A clock. It stands until it is turned; a Tuesday, 10:00 in Japan, an opening day."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **span: float) -> None:
        """Let the time pass (timedelta's words)."""
        self.now += timedelta(**span)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def store(tmp_path: Path, watch: Watch) -> AsyncIterator[Store]:
    await databases.give(tmp_path / "store.db")
    async with await Store.open(f"sqlite:///{tmp_path}/store.db", clock=watch, durable=False) as opened:
        yield opened


@pytest.fixture
def policy() -> Policy:
    office = Office("見本市", "契約課", "", "", "", "電子保証受付システム")
    return Policy(office=office, inboxes=(INBOX,), desks=(Desk("契約課", DESK),))


@pytest.fixture
def composer() -> Composer:
    return Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))
