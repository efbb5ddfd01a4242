"""`journal list|verify`: who did what when, and the proof that nobody has changed it since. Exit codes as in commands/shared/common.py; `verify` gives 1 when it is broken."""

from __future__ import annotations

from pathlib import Path

import click

from bot.commands.shared.common import EXIT_FAILED, config_option, echo_json, json_option, limit_option, run, show
from bot.commands.shared.language import Group, option
from bot.core.records.journal import (
    JournalBreak,
    JournalCheck,
    JournalHead,
    JournalLine,
    Restore,
    head_of,
)
from bot.core.text.dates import JAPAN
from bot.office import command_context

_TITLES = {
    "number": "番号",
    "at": "日時",
    "actor": "した人",
    "event": "したこと",
    "subject": "対象",
    "detail": "内容",
}


journal = Group("journal")


def _subject(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    kind, _, name = text.partition("/")
    if not kind or not name:
        raise click.BadParameter(
            "種類/番号 の形で書いてください（例: submission/20261122-0042-1、guarantee/12、mail/3）"
        )
    return kind, name


def _expected(_context: click.Context, _parameter: click.Parameter, text: str | None) -> JournalHead | None:
    try:
        return None if text is None else head_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@journal.command("list", ja="操作の記録を、新しい順に示します。")
@option(
    "--subject",
    callback=_subject,
    metavar="KIND/ID",
    ja="この対象の記録だけを示します（例: guarantee/12）。",
    en="Only what is about this row, e.g. guarantee/12.",
)
@config_option
@json_option
@limit_option
@run
async def list_(*, subject: tuple[str, str] | None, config_path: Path, as_json: bool, limit: int) -> None:
    """List the journal's lines, newest first."""
    async with command_context(config_path) as office:
        found = await office.store.journal.lines(subject=subject, limit=limit)
    show([_row(line) for line in found], as_json=as_json, titles=_TITLES)


def _row(line: JournalLine) -> dict[str, object]:
    return {
        "number": line.number,
        "at": line.at,
        "actor": line.actor,
        "event": line.event,
        "subject": f"{line.subject_kind}/{line.subject_id}",
        "detail": line.detail,
        "hash": line.hash,
    }


@journal.command(ja="操作の記録が、書換え・削除・入替え・追加をされていないことを確かめます。")
@option(
    "--expect",
    callback=_expected,
    metavar="NUMBER:HASH",
    ja="以前の定時報告にある「記録の末尾」。今の記録にも残っていることを確かめます。",
    en="A head that an old summary mail shows; it must still be in the journal.",
)
@config_option
@json_option
@run
async def verify(*, expect: JournalHead | None, config_path: Path, as_json: bool) -> None:
    """Prove that no line of the journal was changed, taken out, moved or put in."""
    async with command_context(config_path) as office:
        found = await office.store.journal.verify(expect)
    if as_json:
        restores = [{"line": one.number, "at": one.at, "lost_until": one.lost} for one in found.restores]
        echo_json(
            {
                "ok": found.is_whole,
                "lines": found.lines,
                "head": str(found.head),
                "broken_at": found.at,
                "how": found.broken and found.broken.value,
            }
            | ({"restores": restores} if restores else {})
        )
    else:
        click.echo(_told(found, expect))
    if not found.is_whole:
        raise click.exceptions.Exit(EXIT_FAILED)


def _told(found: JournalCheck, expected: JournalHead | None) -> str:
    restored = "".join(f"\n{_restore(one)}" for one in found.restores)
    if found.broken is JournalBreak.RESTORED:
        return (
            f"{found.at}行目: {found.broken.words}。今ある{found.lines}行は、全て書かれたときのままです。"
            f"復元より前、又は後の定時報告の控えと比べてください{restored}"
        )
    if found.broken is not None:
        return (
            f"記録に異常があります。{found.at}行目: {found.broken.words}。"
            f"{found.lines}行目までは正しく続いています。データベースを保全し、バックアップと比べてください"
        )
    then = f"控え（{expected.number}行目）とも一致しました。" if expected else ""
    return f"記録は{found.lines}行の全てが、書かれたときのままです。{then}末尾: {found.head}{restored}"


def _restore(one: Restore) -> str:
    lost = (
        f"{one.number}行目から{one.lost}行目までの"
        if one.lost and one.lost >= one.number
        else "その前のバックアップより後の"
    )
    none = one.lost is not None and one.lost < one.number
    words = "失われた記録はありません" if none else f"{lost}記録は失われました"
    return f"復元: {one.at.astimezone(JAPAN):%Y-%m-%d %H:%M}（記録の{one.number}行目）。{words}"
