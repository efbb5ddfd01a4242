"""What every command needs and what is light to import: the options, the exit codes, the way a failure is said.

0 done · 1 can't be done (said on standard error) · 2 wrong call or wrong settings · 130 stopped by Ctrl-C. Used by common.py, and directly by `serve`,
which has to refuse within a moment when another daemon runs. Called by bot/commands/* only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import click

from bot.commands.shared.language import option
from bot.config.mistakes import ConfigError
from bot.core.text.control_characters import escaped, escaped_json
from bot.core.text.dates import JAPAN
from bot.core.text.told import ToldError
from bot.surroundings import user_name
from storage.errors import NotFound, StoreError, WrongState

P = ParamSpec("P")
R = TypeVar("R")
AnyCommand = TypeVar("AnyCommand", bound=Callable[..., Any])

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_STOPPED = 130  # as shells say it of a program that SIGINT has ended

config_option = option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default="config.toml",
    envvar="HOSHO_CONFIG",
    show_default=True,
    ja="設定ファイル。環境変数 HOSHO_CONFIG でも指定できます。",
    en="The settings file; HOSHO_CONFIG in the environment names it, too.",
)
json_option = option(
    "--json",
    "as_json",
    is_flag=True,
    ja="プログラム向けに、1行に1件の JSON で示します。",
    en="One JSON object a line, for programs.",
)
actor_option = option(
    "--actor",
    default=user_name,
    ja="記録に残す、操作した人。省略すると、実行した利用者です。",
    en="Who decides, for the journal [default: the user].",
)
limit_option = option("--limit", default=100, show_default=True, ja="示す件数の上限。", en="At most so many rows.")


class StoppedError(Exception):
    """A person has stopped the command by Ctrl-C. The text says what stands, and what to do; "" = nothing is known of it."""


def state_option(states: type[StrEnum]) -> Callable[[AnyCommand], AnyCommand]:
    """--state, of these."""
    named: Callable[[AnyCommand], AnyCommand] = option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([state.value for state in states]),
        ja="この状態のものだけを示します。何回でも指定できます。",
        en="Only those in this state; may be given several times.",
    )
    return named


def in_japan(since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """From the beginning of one day to the end of another, by Japan's clock; None = no bound."""
    begins = since.replace(tzinfo=JAPAN) if since else None
    return begins, until.replace(tzinfo=JAPAN) + timedelta(days=1, microseconds=-1) if until else None


def run(command: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """An async command as click wants it, its expected failures as one line and an exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return asyncio.run(command(*args, **kwargs))
        except (StoppedError, KeyboardInterrupt) as stop:
            click.echo(str(stop) or "途中で止めました。もう一度実行できます", err=True)
            raise click.exceptions.Exit(EXIT_STOPPED) from None
        except ConfigError as error:
            show_mistakes(error)
            raise click.exceptions.Exit(EXIT_USAGE) from None
        except NotFound as error:
            click.echo(f"見つかりません: {escaped(_named(error.what))}", err=True)
        except WrongState as error:
            click.echo(escaped(_told(error)), err=True)
        except ToldError as error:
            click.echo(escaped(str(error)), err=True)
        except StoreError as error:
            click.echo(f"データベースを使えません: {escaped(str(error))}", err=True)
        except BrokenPipeError:
            raise  # `… | head` has seen enough: click ends without a word
        except OSError as error:
            click.echo(escaped(f"{error.filename or 'ファイル'}: {error.strerror or error}"), err=True)
        raise click.exceptions.Exit(EXIT_FAILED)

    return wrapped


_ROWS = MappingProxyType(
    {
        "mail": "メール",
        "outgoing mail": "送信",
        "submission": "受付",
        "guarantee": "台帳",
        "dead address": "送信を止めている宛先 ",
        "reminder": "対応済みとした期限 ",
    },
)
"""What a clerk calls the rows that the store names."""


def _named(what: str) -> str:
    """Give "mail 42" as a clerk says it."""
    kind, _, name = what.rpartition(" ")
    return f"{_ROWS[kind]}{name}" if kind in _ROWS else what


def _told(error: WrongState) -> str:
    """Why a row can't do what was asked, with both states as the lists show them."""
    if error.move is None:
        return str(error)
    from bot.commands.shared.json_rows import state_text  # noqa: PLC0415 - most of core, which a refused daemon need not wait for

    what, old, new = error.move
    kind = what.rpartition(" ")[0]
    return f"{_named(what)}は「{state_text(kind, old)}」のため、「{state_text(kind, new)}」にできません{error.why and f'（{error.why}）'}"


def show_mistakes(error: ConfigError) -> None:
    """Every wrong setting with its cure, on standard error."""
    click.echo(f"設定に{len(error.mistakes)}件の誤りがあります。", err=True)
    for mistake in error.mistakes:
        click.echo(f"  {mistake.key}: {mistake.what}。", err=True)
        if mistake.cure:
            click.echo(f"      → {mistake.cure}", err=True)


def echo_json(row: Mapping[str, object]) -> None:
    """One object on one line, whatever its strings hold."""
    click.echo(escaped_json(json.dumps(row, ensure_ascii=False, default=_plain)))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
