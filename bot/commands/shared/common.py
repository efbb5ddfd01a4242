"""What the commands share: what basics.py has, the open store, tables for people and JSON for programs.

Called by bot/commands/* only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import click
from rich.console import Console
from rich.table import Column, Table

from bot.commands.shared.basics import (
    EXIT_FAILED,
    EXIT_USAGE,
    actor_option,
    config_option,
    echo_json,
    json_option,
    limit_option,
    run,
    show_mistakes,
)
from bot.core.text.control_characters import escaped
from bot.core.text.dates import JAPAN

__all__ = [
    "EXIT_FAILED",
    "EXIT_USAGE",
    "actor_option",
    "config_option",
    "echo_json",
    "json_option",
    "limit_option",
    "run",
    "show",
    "show_mistakes",
    "show_one",
]


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
