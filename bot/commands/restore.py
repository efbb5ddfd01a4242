"""`restore`: put a backup in the place of the database. `storage move`: copy it into another one. Exit codes as in
commands/shared/common.py.

The numbers that were given after the backup (受付番号 among them) are not given again, and the journal tells of the restore. The old
database stays in a folder beside the new one. For PostgreSQL, whose own tools restore it, `--already` does the rest.
"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_FAILED, EXIT_USAGE, actor_option, config_option, run
from bot.commands.shared.language import Group, argument, command, option
from bot.config.settings import Config, load
from bot.office import command_context
from storage.database.daemon_lock import DaemonLock
from storage.files import make_folder, sqlite_file
from storage.restoring import candidate, put_in_place, state_of
from storage.store import KeyFile, Store
from storage.use_cases.recovery import Replaced


@command()
@argument("backup", required=False, type=click.Path(path_type=Path))
@option(
    "--already",
    is_flag=True,
    ja="ほかの方法で（PostgreSQL では pg_restore などで）入れ替え終えたデータベースに、復元したことだけを記録します。",
    en="The database was put back by other tools (pg_restore); only note it.",
)
@config_option
@actor_option
@run
async def restore(*, backup: Path | None, already: bool, config_path: Path, actor: str) -> None:
    """Restore BACKUP, or note that it was done. Refuses while a daemon runs."""
    config = load(config_path)
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
    if already == (backup is not None) or (backup is not None and file is None):
        click.echo(
            "バックアップのファイル（SQLite）か、--already（ほかの方法で入れ替え終えたとき）の、どちらかを書いてください",
            err=True,
        )
        raise click.exceptions.Exit(EXIT_USAGE)
    async with await DaemonLock.take(config.database_url, what="restore"):
        replaced = await _put_back(config, backup, file) if backup is not None and file is not None else None
        async with command_context(config_path) as office:
            first = await office.store.recovery.note_restored(actor=actor, replaced=replaced)
            check = await office.store.journal.verify()
    click.echo(
        f"復元しました。操作の記録は{check.head.number}行です。次に届くメールの番号は{first}です（失われた番号と重なりません）"
    )
    click.echo(
        "バックアップより後に受け取ったメールは、この中にありません。IMAP の受信箱に残っていれば、起動後に読み直します"
    )


async def _put_back(config: Config, backup: Path, file: Path) -> Replaced | None:
    """Look at the backup with the city's keys, then put it in place. Returns how far the old one was, where it is known."""
    make_folder(file.parent)
    replaced = state_of(file)
    with candidate(backup, file) as there:
        async with await Store.open(f"sqlite:///{there}", vault=KeyFile(config.key_file), clock=utc_now) as store:
            await store.journal.head()
        kept = put_in_place(there, file, utc_now())
    if kept is not None:
        click.echo(f"前のデータベースは {kept} に移しました。確かめ終えたら削除してください")
    return replaced


storage = Group("storage")


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
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), disable=not Console(stderr=True).is_terminal) as progress:
            bar = progress.add_task("写しています", total=None)

            def tell(done: int, total: int) -> None:
                progress.update(
                    bar,
                    completed=done,
                    total=total,
                    description="写しています" if 2 * done < total else "照合しています",
                )

            rows = await new.take_all_from(office.store, tell)
        check = await new.journal.verify(await office.store.journal.head())
    click.echo(f"{rows}行を写し、全て照合しました。操作の記録は{check.head.number}行です")
    if not check.is_whole:
        click.echo("操作の記録のつながりが切れています（./run journal verify で確かめてください）", err=True)
        raise click.exceptions.Exit(EXIT_FAILED)
    click.echo(
        "設定の storage.url を移した先（--to のURL）に書き換えてから起動してください。元のデータベースはそのまま残っています"
    )
