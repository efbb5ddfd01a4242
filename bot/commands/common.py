"""What the commands share: what basics.py has, the open store, tables for people and JSON for programs.

Called by bot/commands/* only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Column, Table

from bot import log
from bot.app import composer_of
from bot.clock import utc_now
from bot.commands.basics import (
    EXIT_FAILED,
    EXIT_USAGE,
    actor_option,
    config_option,
    echo_json,
    json_option,
    limit_option,
    running,
    show_mistakes,
)
from bot.config.settings import Config, load
from bot.config.to_policy import policy_of
from bot.core.invisible import escaped
from bot.core.japanese_dates import JAPAN
from bot.core.policy import Policy
from bot.outbound.compose import Composer
from bot.tables import TableError
from bot.workers.clerk import ClerkError
from storage.errors import StoreError
from storage.files import sqlite_file
from storage.store import KeyFile, Store

__all__ = [
    "EXIT_FAILED",
    "EXIT_USAGE",
    "Bureau",
    "actor_option",
    "bureau",
    "config_option",
    "echo_json",
    "json_option",
    "limit_option",
    "run",
    "show",
    "show_mistakes",
    "show_one",
]

P = ParamSpec("P")
R = TypeVar("R")


def run(command: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """An async command as click wants it, its expected failures as one line and an exit code."""
    return running(command, said_as_they_are=(ClerkError, TableError))


@dataclass(frozen=True, slots=True)
class Bureau:
    """What a command works with."""

    config: Config
    store: Store
    policy: Policy
    composer: Composer


@asynccontextmanager
async def bureau(config_path: Path, *, may_begin: bool = False) -> AsyncIterator[Bureau]:
    """The settings and the open store. Raises ConfigError, StoreError.

    Only what `may_begin` makes a database, and a key file, where there is none: a command that only looks, perhaps with a
    mistyped folder or while a backup is put back, would leave an empty one that the next daemon takes for the city's.
    """
    config = load(config_path)
    if not may_begin:
        _check_begun(config)
    log.configure("warning", config.log.format, policy_of(config).formats)
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=utc_now) as store:
        yield Bureau(config, store, policy_of(config), composer_of(config, store.derived_secret("letters")))


def _check_begun(config: Config) -> None:
    """Raise StoreError where no SQLite database has ever been; one that was there and is gone is told by the store."""
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite") else None
    if file is not None and not file.exists() and not file.with_name(f"{file.name}.lock").exists():
        raise StoreError(
            f"{file} がありません。設定の storage を確かめてください。はじめて使うときは、serve（常駐）か register import で作られます"
        )


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool, titles: Mapping[str, str]) -> None:
    """Rows as a table with the titles' columns, or as JSON lines with all of their keys."""
    if as_json:
        for row in rows:
            echo_json(row)
        return
    if not rows:
        click.echo("0件")
        return
    table = Table(*(Column(title, overflow="fold") for title in titles.values()), header_style="bold")
    for row in rows:
        table.add_row(*(_text(row.get(key)) for key in titles))
    Console(width=None if Console().is_terminal else 160, markup=False, highlight=False).print(table)
    click.echo(f"{len(rows)}件")


def show_one(row: Mapping[str, object], *, as_json: bool, titles: Mapping[str, str]) -> None:
    """One row, a line a field; lists below each other."""
    if as_json:
        echo_json(row)
        return
    for key, title in titles.items():
        value = row.get(key)
        if isinstance(value, list | tuple):
            click.echo(f"{title}:")
            for item in value:
                click.echo(f"  - {_text(item)}")
        elif isinstance(value, str) and "\n" in value:  # a letter's text: no line of it can be taken for one of ours
            click.echo(f"{title}:")
            for line in value.split("\n"):
                click.echo(f"  {_text(line)}")
        else:
            click.echo(f"{title}: {_text(value)}")


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(JAPAN):%Y-%m-%d %H:%M}"
        case bool():
            return "はい" if value else "いいえ"
        case Mapping():
            return "、".join(f"{key}={_text(item)}" for key, item in value.items())
        case list() | tuple():
            return "、".join(_text(item) for item in value)
        case _:
            return escaped(str(value))
