"""`storage move`: copy the database into another one, of either kind. Exit codes as in commands/shared/common.py.

Beside no daemon. The source is not changed, and what is stopped in between can be run again.
"""

from __future__ import annotations

from pathlib import Path

import click

from bot.commands.shared.common import EXIT_FAILED, EXIT_USAGE, config_option, run
from bot.commands.shared.language import Group, option
from bot.commands.shared.long_work import Work, long_work
from bot.config.settings import load
from bot.core.records.journal import JournalCheck
from bot.office import command_context
from storage.database.daemon_lock import DaemonLock
from storage.store import KeyFile, Store

storage = Group("storage")

_NOTHING_MOVED = "途中で止めました。元のデータベースは変わらず、移す先には何も書いていません。もう一度実行できます"


@storage.command(
    ja=(
        "データベースの中身を全て、別の空のデータベースへ写し、1行ずつ照合します。SQLite から PostgreSQL へも、その逆へも移せます。"
        "常駐を全て止めてから実行してください。元のデータベースは変わりません。途中で止めても、そのままもう一度実行できます。"
    ),
    en=(
        "Copy the whole database into another, empty one and compare every row: SQLite to PostgreSQL, or back. No daemon may run. "
        "The source is not changed; after an interruption, run it again."
    ),
)
@option(
    "--to",
    "target",
    required=True,
    metavar="URL",
    ja="移す先（postgres://利用者@ホスト/名前、又は sqlite:////絶対パス）。",
    en="The target: postgres://user@host/name or sqlite:////absolute/path.",
)
@config_option
@run
async def move(*, target: str, config_path: Path) -> None:
    """Copy, compare, verify the journal; then say which setting to change."""
    config = load(config_path)
    if target == config.database_url or not target.startswith(("sqlite:////", "postgres://", "postgresql://")):
        click.echo("移す先（--to）は、今と違う postgres:// か sqlite://// で始まるURLで書いてください", err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    async with (
        await DaemonLock.take(config.database_url, what="storage move"),
        await DaemonLock.take(target, what="storage move"),
        command_context(config_path) as office,
        await Store.open(target, vault=KeyFile(config.key_file)) as new,
    ):

        async def work(told: Work) -> tuple[int, JournalCheck]:
            moved = await new.take_all_from(office.store, told.tell)
            return moved, await new.journal.verify(await office.store.journal.head())

        rows, check = await long_work("写して照合しています", work, when_stopped=_NOTHING_MOVED)
    click.echo(f"{rows}行を写し、全て照合しました。操作の記録は{check.head.number}行です")
    if not check.is_whole:
        click.echo("操作の記録のつながりが切れています（./run journal verify で確かめてください）", err=True)
        raise click.exceptions.Exit(EXIT_FAILED)
    click.echo(
        "設定の storage.url を移した先（--to のURL）に書き換えてから起動してください。元のデータベースはそのまま残っています"
    )
