"""What the commands share: the settings option, the open store, tables for people and JSON for programs, exit codes.

0 done · 1 can't be done (said on standard error) · 2 wrong call or wrong settings. Called by bot/commands/* only.
"""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Column, Table

from bot import log
from bot.app import composer_of, policy_of
from bot.clock import utc_now
from bot.config import Config, ConfigError, load
from bot.core.policy import Policy
from bot.core.submission import JAPAN
from bot.outbound.compose import Composer
from bot.register.files import RegisterFileError
from bot.workers.clerk import ClerkError
from storage.errors import NotFound, StoreError, WrongState
from storage.store import Store

P = ParamSpec("P")
R = TypeVar("R")

EXIT_FAILED = 1
EXIT_USAGE = 2

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default="config.toml",
    envvar="HOSHO_CONFIG",
    show_default=True,
    help="The settings file (環境変数 HOSHO_CONFIG でも可).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
actor_option = click.option(
    "--actor", default=getpass.getuser, help="Who decides, for the journal [default: the user]."
)
limit_option = click.option("--limit", default=100, show_default=True, help="At most so many rows.")


def run(command: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """An async command as click wants it, its expected failures as one line and an exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return asyncio.run(command(*args, **kwargs))
        except ConfigError as error:
            show_mistakes(error)
            raise click.exceptions.Exit(EXIT_USAGE) from None
        except NotFound as error:
            click.echo(f"見つかりません: {error}", err=True)
        except (WrongState, ClerkError, RegisterFileError) as error:
            click.echo(str(error), err=True)
        except StoreError as error:
            click.echo(f"データベースを使えません: {error}", err=True)
        except OSError as error:
            click.echo(f"{error.filename or 'ファイル'}: {error.strerror or error}", err=True)
        raise click.exceptions.Exit(EXIT_FAILED)

    return wrapped


def show_mistakes(error: ConfigError) -> None:
    """Every wrong setting with its cure, on standard error."""
    click.echo(f"設定に{len(error.mistakes)}件の誤りがあります。", err=True)
    for mistake in error.mistakes:
        click.echo(f"  {mistake.key}: {mistake.what}。", err=True)
        if mistake.cure:
            click.echo(f"      → {mistake.cure}", err=True)


@dataclass(frozen=True, slots=True)
class Bureau:
    """What a command works with."""

    config: Config
    store: Store
    policy: Policy
    composer: Composer


@asynccontextmanager
async def bureau(config_path: Path) -> AsyncIterator[Bureau]:
    """The settings and the open store. Raises ConfigError, StoreError."""
    config = load(config_path)
    log.configure("warning", config.log.format)
    async with await Store.open(config.database_url, clock=utc_now) as store:
        yield Bureau(config, store, policy_of(config), composer_of(config))


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
        else:
            click.echo(f"{title}: {_text(value)}")


def echo_json(row: Mapping[str, object]) -> None:
    """One object on one line."""
    click.echo(json.dumps(row, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


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
            return str(value)
