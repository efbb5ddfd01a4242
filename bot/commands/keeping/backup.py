"""`backup create|verify|restore`: copies of the database. Exit codes as in commands/shared/common.py; `verify` gives 1 for a copy that
can't be restored.

`create` copies beside the running daemon and looks at the copy before it counts. `restore` refuses while a daemon runs: the numbers that
were given after the copy (受付番号 among them) are not given again, the journal tells of it, and the old database stays in a folder beside
the new one. PostgreSQL is copied and put back by its own tools; `restore --already` does the rest.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import (
    EXIT_FAILED,
    EXIT_USAGE,
    actor_option,
    config_option,
    echo_json,
    json_option,
    run,
)
from bot.commands.shared.language import Group, argument, option
from bot.commands.shared.long_work import Work, long_work
from bot.config.settings import Config, load
from bot.core.records.journal import JournalCheck
from bot.office import command_context
from storage.copies import (
    CopyCheck,
    age_out,
    alone,
    candidate,
    create,
    database_of,
    made_in,
    put_in_place,
    remove,
    set_aside,
    state_of,
    verify,
)
from storage.database.daemon_lock import DaemonLock
from storage.files import make_folder, sqlite_file
from storage.store import KeyFile, Store
from storage.use_cases.recovery import Replaced

backup = Group("backup")

_NO_COPY = "バックアップを途中で止めました。途中のものは残していません。もう一度実行してください"
_NOT_VERIFIED = "途中で止めました。バックアップは変わっていません。もう一度実行できます"
_NOT_RESTORED = "復元を途中で止めました。データベースは元のままです。もう一度実行できます"


@backup.command("create", ja="動かしたまま、データベースと設定、市の文面のバックアップを作ります。")
@option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    ja="バックアップを置くフォルダ。省略すると、設定 backup.folder です。",
    en="The folder for copies; when left out, the setting backup.folder.",
)
@option(
    "--with-key",
    is_flag=True,
    ja="鍵ファイルも入れます。一緒に置くと、暗号化の意味がありません。金庫などに置くものだけに使ってください。",
    en="With the key file, too: whoever has the copy can read it.",
)
@config_option
@json_option
@run
async def create_(*, to: Path | None, with_key: bool, config_path: Path, as_json: bool) -> None:
    """Copy database, settings and the city's letters beside the running daemon."""
    config = load(config_path)
    folder = to or config.backups
    if folder is None:
        raise _usage("設定 backup.folder か --to に、バックアップを置くフォルダを書いてください")
    file = _file(config)
    keys = KeyFile(config.key_file)
    beside = {"config.toml": config_path}
    beside |= {"letters": config.path(config.letters.folder)} if config.letters.folder else {}
    beside |= {"hosho.key": config.key_file} if with_key else {}
    about = {
        "config": str(config.base / config_path.name),
        "key_file": str(config.key_file),
        "key_ids": keys.vault().key_ids,
        "with_key": with_key,
    }

    async def work(told: Work) -> CopyCheck:
        made = create(file, folder, beside, about, utc_now(), told.tell)
        try:
            found = await verify(made, keys, told.tell)
        except BaseException:  # what nobody has looked at is no copy, whatever ended the look
            remove(made)
            raise
        return replace(found, copy=set_aside(made)) if found.wrong else found

    with alone(folder):
        found = await long_work("複写して確かめています", work, when_stopped=_NO_COPY, shown=not as_json)
        old = age_out(folder, config.backup.keep) if config.backup.keep and not found.wrong else []
    if not as_json:
        if old:
            click.echo(f"古いバックアップ{len(old)}個を削除しました（設定 backup.keep）")
        if not with_key:
            click.echo(f"鍵ファイル {config.key_file} は入っていません。控えを、別の場所に取ってください")
    _tell(found, as_json=as_json, done="作りました")


@backup.command("verify", ja="バックアップが壊れていないことと、鍵ファイルが合うことを確かめます。何も書きません。")
@argument("copy", required=False, type=click.Path(path_type=Path))
@config_option
@json_option
@run
async def verify_(*, copy: Path | None, config_path: Path, as_json: bool) -> None:
    """Look at COPY, or at the newest one, without writing anything."""
    config = load(config_path)
    made = made_in(config.backups) if config.backups else []
    if copy is None and not made:
        raise _usage("バックアップの場所を書いてください（設定 backup.folder に、バックアップがありません）")

    def work(told: Work) -> Awaitable[CopyCheck]:
        return verify(copy or made[-1], KeyFile(config.key_file), told.tell)

    found = await long_work("確かめています", work, when_stopped=_NOT_VERIFIED, shown=not as_json)
    _tell(found, as_json=as_json, done="確かめました")


def _tell(found: CopyCheck, *, as_json: bool, done: str) -> None:
    if as_json:
        echo_json(
            {
                "ok": not found.wrong,
                "copy": str(found.copy),
                "journal_head": str(found.head),
                "wrong": list(found.wrong),
            }
        )
    elif found.wrong:
        click.echo(f"{found.copy} は、復元に使えません。", err=True)
        for wrong in found.wrong:
            click.echo(f"  ・{wrong}", err=True)
    else:
        click.echo(f"{found.copy} を{done}。操作の記録は{found.head.number}行で、全て書かれたときのままです")
    if found.wrong:
        raise click.exceptions.Exit(EXIT_FAILED)


@backup.command(ja="バックアップからデータベースを復元します。常駐を止めてから実行してください。")
@argument("copy", required=False, type=click.Path(path_type=Path))
@option(
    "--already",
    is_flag=True,
    ja="ほかの方法で（PostgreSQL では pg_restore などで）入れ替え終えたデータベースに、復元したことだけを記録します。",
    en="The database was put back by other tools (pg_restore); only note it.",
)
@config_option
@actor_option
@run
async def restore(*, copy: Path | None, already: bool, config_path: Path, actor: str) -> None:
    """Put COPY (a folder of `create`, or an SQLite file) in the place of the database; no daemon may run."""
    config = load(config_path)
    if already == (copy is not None):
        raise _usage("バックアップの場所か、--already（ほかの方法で入れ替え終えたとき）の、どちらかを書いてください")
    file = None if already else _file(config)

    async def work(told: Work) -> tuple[int, JournalCheck]:
        # All of it: a database that was put in place is noted, too.
        replaced = await _put_back(config, copy, file, told) if copy is not None and file is not None else None
        async with command_context(config_path) as office:
            first = await office.store.recovery.note_restored(actor=actor, replaced=replaced)
            return first, await office.store.journal.verify()

    async with await DaemonLock.take(config.database_url, what="backup restore"):
        first, check = await long_work("復元しています", work, when_stopped=_NOT_RESTORED)
    click.echo(
        f"復元しました。操作の記録は{check.head.number}行です。次に届くメールの番号は{first}です（失われた番号と重なりません）"
    )
    click.echo(
        "バックアップより後に受け取ったメールは、この中にありません。IMAP の受信箱に残っていれば、起動後に読み直します"
    )
    if copy is not None and database_of(copy) != copy:
        click.echo(f"設定と文面は入れ替えていません。必要なときは {copy} から写してください")


async def _put_back(config: Config, copy: Path, file: Path, told: Work) -> Replaced | None:
    """Look at the copy with the city's keys, then put it in place. Returns how far the old one was, where it is known."""
    make_folder(file.parent)
    replaced = state_of(file)
    with candidate(copy, file, told.tell) as there:
        async with await Store.open(f"sqlite:///{there}", vault=KeyFile(config.key_file), clock=utc_now) as store:
            await store.journal.head()
        kept = put_in_place(there, file, utc_now())
    if kept is not None:
        with told.aside():
            click.echo(f"前のデータベースは {kept} に移しました。確かめ終えたら削除してください")
    return replaced


def _file(config: Config) -> Path:
    """The SQLite file. PostgreSQL has its own tools."""
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
    if file is None:
        raise _usage(
            "PostgreSQL は、pg_dump と pg_restore でバックアップと復元をしてください（運用手引きの「バックアップ」。"
            "戻したあとに backup restore --already を実行します）"
        )
    return file


def _usage(told: str) -> click.exceptions.Exit:
    click.echo(told, err=True)
    return click.exceptions.Exit(EXIT_USAGE)
