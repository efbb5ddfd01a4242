"""What the daemon and every command need: the open store, the city's rules, the maker of letters.

It loads no door and no reader. Raises ConfigError for letters that are not in order, StoreError for a database that can't be opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import log
from bot.clock import utc_now
from bot.config.settings import Config, ConfigError, Mistake, load
from bot.config.to_policy import accepts_opt_out, policy_of
from bot.core.consent.grammar import STOP_SUBJECT
from bot.core.policy.policy import Policy
from bot.outbound.compose import Composer
from bot.outbound.template_check import check_letters
from storage.errors import StoreError
from storage.files import sqlite_file
from storage.store import KeyFile, Store


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command works with."""

    config: Config
    store: Store
    policy: Policy
    composer: Composer


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
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=utc_now) as store:
        yield CommandContext(config, store, policy_of(config), composer_of(config, store.derived_secret("letters")))


def _check_begun(config: Config) -> None:
    """Raise StoreError where no SQLite database has ever been; one that was there and is gone is told by the store."""
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite") else None
    if file is not None and not file.exists() and not file.with_name(f"{file.name}.lock").exists():
        raise StoreError(
            f"{file} がありません。設定の storage を確かめてください。はじめて使うときは、serve（常駐）か register import で作られます"
        )


def letters_folder(config: Config) -> Path | None:
    """Where the city keeps the letters that it words itself."""
    return config.path(config.letters.folder) if config.letters.folder else None


def check_own_letters(config: Config) -> None:
    """Raise ConfigError where the city's own letters are not in order: a mail must not find that out."""
    folder = letters_folder(config)
    if folder is None:
        return
    if not folder.is_dir():
        raise ConfigError(
            (Mistake("letters.folder", f"{folder} というフォルダがありません", "作るか、行を削除してください"),)
        )
    faults = check_letters(folder, policy_of(config).formats)
    if faults:
        cure = "直してから ./run letters check で確かめてください"
        raise ConfigError(tuple(Mistake(f"letters.folder（{fault.file}）", fault.words, cure) for fault in faults))


def composer_of(config: Config, secret: bytes) -> Composer:
    """The maker of letters, from the settings. `secret`: see Composer; Store.derived_secret has it."""
    sender = config.mail.inboxes[0]
    return Composer(
        sender=sender,
        bounces=config.mail.bounce_address or sender,
        secret=secret,
        delimiter=config.mail.bounce_delimiter,
        unsubscribe=sender if accepts_opt_out(config) else config.outgoing.unsubscribe,
        unsubscribe_subject=STOP_SUBJECT if accepts_opt_out(config) else "",
        reply_to=config.outgoing.reply_to,
        html=config.summary.html,
        templates_dir=letters_folder(config),
        english=config.letters.english,
    )
