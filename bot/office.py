"""What the daemon and every command need: the open store, the city's rules.

It loads no door, no reader and no letter. Raises ConfigError, and StoreError for a database that can't be opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import log
from bot.clock import utc_now
from bot.config.settings import Config, load
from bot.config.to_policy import policy_of
from bot.core.policy.policy import Policy
from bot.core.text.told import ToldError
from storage.errors import StoreError
from storage.files import sqlite_file
from storage.store import KeyFile, Store


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command works with."""

    config: Config
    store: Store
    policy: Policy
    letter_secret: bytes  # for composer_of

    def check_may_send(self) -> None:
        """Raise ToldError in shadow mode, for a command that does nothing but send."""
        if self.config.outgoing.shadow:
            raise ToldError("試験運用（outgoing.shadow）のため、送れません")


@asynccontextmanager
async def command_context(config_path: Path, *, may_begin: bool = False) -> AsyncIterator[CommandContext]:
    """The settings and the open store. Raises ConfigError, StoreError.

    Only what `may_begin` makes a database, and a key file, where there is none: a command that only looks, perhaps with a
    mistyped folder or while a backup is put back, would leave an empty one that the next daemon takes for the city's.
    """
    config = load(config_path)
    if not may_begin:
        _check_begun(config)
    log.configure("warning", config.log.format, policy_of(config).formats)
    opening = Store.open(
        config.database_url, vault=KeyFile(config.key_file), clock=utc_now, in_shadow=config.outgoing.shadow
    )
    async with await opening as store:
        yield CommandContext(config, store, policy_of(config), store.derived_secret("letters"))


def _check_begun(config: Config) -> None:
    """Raise StoreError where no SQLite database has ever been; one that was there and is gone is told by the store."""
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite") else None
    if file is not None and not file.exists() and not file.with_name(f"{file.name}.lock").exists():
        raise StoreError(
            f"{file} がありません。設定の storage を確かめてください。初めて使うときは、serve（常駐）か register import で作られます"
        )
