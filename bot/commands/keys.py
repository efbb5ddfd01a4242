"""`keys check|rotate`: the keys that seal what is secret in the database. Exit codes as in commands/shared/common.py; `check` gives 1 when they do not fit."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path

import click

from bot.commands.shared.common import EXIT_FAILED, actor_option, config_option, echo_json, json_option, run
from bot.commands.shared.language import Group
from bot.commands.shared.long_work import Work, long_work
from bot.config.settings import Config, load
from bot.office import command_context
from storage.database.daemon_lock import DaemonLock
from storage.store import KeyFile, KeysCheck
from storage.use_cases.key_rotation import Sealed

keys = Group("keys")

_INTERRUPTED = (
    "鍵の取替えを途中で止めました。失われたものはありません。もう一度 ./run keys rotate を実行すると、続きから行います"
)


@keys.command(ja="鍵ファイルとデータベースが合うことと、何がどの鍵で暗号化されているかを示します。")
@config_option
@json_option
@run
async def check(*, config_path: Path, as_json: bool) -> None:
    """Say whether the key file and the database fit, and what is sealed by which key."""
    async with command_context(config_path) as office:
        found = await office.store.keys.check()
    if as_json:
        echo_json(
            {
                "ok": found.fits,
                "key_file": str(office.config.key_file),
                "key_ids": list(found.key_ids),
                "sealing": found.sealing,
                "keys": dict(found.keys),
                "mails": dict(found.mails),
                "unreadable": found.unreadable,
                "rotating": found.is_rotating,
            }
        )
    else:
        for line in _lines(found, office.config):
            click.echo(line)
    if not found.fits:
        raise click.exceptions.Exit(EXIT_FAILED)


def _lines(found: KeysCheck, config: Config) -> list[str]:
    lines = [
        f"鍵ファイル: {config.key_file}（鍵{len(found.key_ids)}個、使用中 {found.key_ids[0]}）",
        f"認証キー: {_by_key(found.keys)}",
        f"メール: {_by_key(found.mails)}",
    ]
    if found.unreadable:
        lines.append(f"復号できない認証キー: {found.unreadable}件（バックアップから戻してください）")
    if not found.fits:
        lines.append("この鍵では読めないものがあります。鍵ファイルの控えを確かめてください")
    elif found.is_rotating:
        lines.append("鍵の取替えが途中です。./run keys rotate をもう一度実行してください")
    else:
        lines.append("鍵ファイルとデータベースは合っています")
    return lines


def _by_key(counts: tuple[tuple[str, int], ...]) -> str:
    return "、".join(f"{key_id or '暗号化されていないもの'} {count}件" for key_id, count in counts) or "0件"


@keys.command(
    ja="全てを新しい鍵で暗号化し直し、古い鍵を外します。常駐を止めてから実行してください。途中で止まったときは、もう一度実行してください。"
)
@config_option
@actor_option
@run
async def rotate(*, config_path: Path, actor: str) -> None:
    """Seal everything by a new key and drop the old one. No daemon may run; after an interruption, run it again."""
    url = load(config_path).database_url
    async with await DaemonLock.take(url, what="keys rotate"), command_context(config_path) as office:
        path = office.config.key_file

        def work(told: Work) -> Awaitable[Sealed]:
            return office.store.keys.rotate(KeyFile(path), actor=actor, tell=told.tell)

        sealed = await long_work("暗号化し直しています", work, when_stopped=_INTERRUPTED)
    click.echo(f"新しい鍵に取り替えました（認証キー{sealed.keys}件、メール{sealed.mails}通）")
    click.echo(f"{path} の控えを取り直してください。これまでのバックアップを読むには、これまでの鍵の控えが必要です")
