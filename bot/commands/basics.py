"""What every command needs and what is light to import: the options, the exit codes, the way a failure is said.

0 done · 1 can't be done (said on standard error) · 2 wrong call or wrong settings. Used by common.py, and directly by `serve`,
which has to refuse within a moment when another daemon runs. Called by bot/commands/* only.
"""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from bot.config import ConfigError
from bot.core.invisible import escaped, escaped_json
from storage.errors import NotFound, StoreError, WrongState

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


def running(
    command: Callable[P, Coroutine[Any, Any, R]], *, said_as_they_are: tuple[type[Exception], ...] = ()
) -> Callable[P, R]:
    """An async command as click wants it, its expected failures as one line and an exit code."""
    said: tuple[type[Exception], ...] = (WrongState, *said_as_they_are)

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return asyncio.run(command(*args, **kwargs))
        except ConfigError as error:
            show_mistakes(error)
            raise click.exceptions.Exit(EXIT_USAGE) from None
        except NotFound as error:
            click.echo(f"見つかりません: {escaped(str(error))}", err=True)
        except said as error:
            click.echo(escaped(str(error)), err=True)
        except StoreError as error:
            click.echo(f"データベースを使えません: {escaped(str(error))}", err=True)
        except OSError as error:
            click.echo(escaped(f"{error.filename or 'ファイル'}: {error.strerror or error}"), err=True)
        raise click.exceptions.Exit(EXIT_FAILED)

    return wrapped


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
