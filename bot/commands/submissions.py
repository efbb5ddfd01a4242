"""`submissions list|show|add|form|export|evidence`: the notices. What a clerk decides on one stands in decisions.py.

Exit codes as in commands/shared/common.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from bot.clock import utc_now
from bot.commands.decisions import accept, refusals, refuse, send_key, verify
from bot.commands.evidence import write_evidence
from bot.commands.hand_entry import arrivals_now, entered_by_words, entered_in_file, product_option
from bot.commands.shared.basics import in_japan, state_option
from bot.commands.shared.common import (
    EXIT_FAILED,
    actor_option,
    config_option,
    json_option,
    limit_option,
    run,
    show,
    show_one,
)
from bot.commands.shared.json_rows import JsonRow, outbox_row, submission_row
from bot.commands.shared.language import Group, argument, option
from bot.commands.shared.refusal_option import refused_because
from bot.core.records.guarantee import Product
from bot.core.records.outgoing_mail import OutboxRow
from bot.core.records.submission import SubmissionState
from bot.core.records.submission_search import Search
from bot.core.summary.entry_form import entry_workbook
from bot.core.summary.workbook import case_sheet
from bot.core.text.dates import JAPAN
from bot.files import write_private
from bot.office import command_context
from bot.spreadsheets.writing import csv_of, workbook
from bot.workers.clerk_commands import ClerkError

_TITLES = {
    "receipt_number": "受付番号",
    "state_text": "状態",
    "guarantee_number": "保証契約番号",
    "project_name": "工事名",
    "contractor": "受注者名",
    "reason_text": "理由",
}
_ALL_TITLES = _TITLES | {
    "product_text": "保証区分",
    "auth_key": "認証キー",
    "guarantee": "台帳",
    "read_from_text": "読取元",
    "document": "書類",
    "sender": "差出人",
    "received_at": "受信日時",
    "refused_because": "差戻しの理由",
    "evidence": "根拠",
    "letters": "送信したメール",
}


submissions = Group("submissions")
for _decision in (accept, refuse, refusals, verify, send_key):
    submissions.add_command(_decision)


def search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--state, --text, --since, --until."""
    day = click.DateTime(formats=["%Y-%m-%d"])
    for one in (
        option("--until", type=day, ja="この日以前に受け取ったもの。", en="Received on this day or before it."),
        option(
            "--since",
            type=day,
            ja="この日以後に受け取ったもの（日本時間）。",
            en="Received on this day or after it (Japan's).",
        ),
        option(
            "--text",
            default="",
            ja="受付番号・保証契約番号・名前・アドレスの一部（全角・半角や異体字は区別しません）。",
            en="Part of a receipt number, number, name (any width or variant) or address.",
        ),
        state_option(SubmissionState),
    ):
        command = one(command)
    return command


def _search(states: tuple[str, ...], text: str, since: datetime | None, until: datetime | None) -> Search:
    return Search(tuple(SubmissionState(state) for state in states), text, *in_japan(since, until))


@submissions.command("list", ja="受付の一覧を、新しい順に示します。")
@search_options
@config_option
@json_option
@limit_option
@run
async def list_(
    *,
    states: tuple[str, ...],
    text: str,
    since: datetime | None,
    until: datetime | None,
    config_path: Path,
    as_json: bool,
    limit: int,
) -> None:
    """List submissions, newest first."""
    async with command_context(config_path) as office:
        found = await office.store.submissions.find(_search(states, text, since, until), limit=limit)
    show([submission_row(s) for s in found], as_json=as_json, titles=_TITLES)


@submissions.command(ja="受付をファイル（.csv か .xlsx）に、新しい順に書き出します。認証キーは含みません。")
@argument("file", type=click.Path(dir_okay=False, path_type=Path))
@search_options
@option(
    "--cp932",
    is_flag=True,
    ja="CSV を、BOM付きの UTF-8 ではなく cp932 で書きます。",
    en="CSV in cp932 instead of UTF-8 with BOM.",
)
@config_option
@run
async def export(
    file: Path,
    *,
    states: tuple[str, ...],
    text: str,
    since: datetime | None,
    until: datetime | None,
    cp932: bool,
    config_path: Path,
) -> None:
    """Write submissions to FILE (.csv or .xlsx), newest first. Access keys are never in it."""
    async with command_context(config_path) as office:
        found = await office.store.submissions.find(_search(states, text, since, until), limit=None)
    sheet = case_sheet(found, utc_now())
    content, lost = (workbook((sheet,)), ()) if file.suffix.lower() == ".xlsx" else csv_of(sheet, cp932=cp932)
    write_private(file, content)
    for one in lost:
        click.echo(f"{one.line}行目の{one.title}に、cp932で表せない文字があります（〓と書きました）", err=True)
    click.echo(f"{len(found)}件を {file} に書きました")


@submissions.command(
    ja="FAXや窓口などで届いたお知らせを入力します。メールと同じように読み取り、照合します。\n\n認証キーは2回尋ね、画面には出しません。"
)
@option("--number", default="", ja="保証契約番号。", en="The guarantee number (保証契約番号).")
@option("--project", default="", ja="工事名。", en="The project's name (工事名).")
@option("--contractor", default="", ja="受注者名。", en="The contractor's name (受注者名).")
@option(
    "--product",
    type=product_option(),
    default=Product.ADVANCE_PAYMENT.value,
    show_default=True,
    ja="保証の種類。",
    en="The kind of guarantee.",
)
@option(
    "--from",
    "sender",
    default="",
    ja="受注者のアドレス。受付のお知らせを送ります。",
    en="The contractor's address, to whom the receipt goes.",
)
@option(
    "--how",
    default="手入力",
    ja="届いた方法（FAX、窓口、電子契約など）。",
    en="How it came: FAX, 窓口, 電子契約 ...",
    show_default=True,
)
@option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="何件かを、台帳と同じ列（保証契約番号、認証キー、工事名など）の CSV か XLSX から取り込みます。",
    en="Several, in a CSV or XLSX with the register's columns (保証契約番号, 認証キー, 工事名 ...).",
)
@config_option
@actor_option
@run
async def add(
    *,
    number: str,
    project: str,
    contractor: str,
    product: str,
    sender: str,
    how: str,
    file: Path | None,
    config_path: Path,
    actor: str,
) -> None:
    """Enter a notice that came by fax, at the counter or otherwise; the daemon reads and judges it like a mail.

    The access key is asked for twice and not shown.
    """
    wrong: tuple[str, ...] = ()
    async with command_context(config_path, may_begin=True) as office:
        if file is not None:
            entered, wrong = entered_in_file(file, office.policy.formats, how)
        else:
            key = click.prompt("認証キー", hide_input=True, confirmation_prompt="認証キー（確認のため、もう一度）")
            words = {"number": number, "project": project, "contractor": contractor, "product": product}
            entered = (entered_by_words(**words, key=key, sender=sender, how=how),)
        kept = await office.store.incoming.enter(tuple(arrivals_now(entered, office.policy.inboxes[0])), actor=actor)
    for one in kept:
        click.echo(f"メール{one.mail_id}として受け取りました（まもなく読み取ります）")
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise click.exceptions.Exit(EXIT_FAILED)


@submissions.command(
    ja="FAXや窓口で届いたお知らせを入力する様式を、ファイル（.xlsx）に書き出します。記入してメールで送るか、submissions add --file で取り込んでください。"
)
@argument("file", type=click.Path(dir_okay=False, path_type=Path))
@run
async def form(file: Path) -> None:
    """Write the blank form for notices that came by fax or at the counter to FILE (.xlsx); clerks mail it, or `add --file` takes it."""
    if file.suffix.lower() != ".xlsx":
        raise ClerkError("ファイル名の終わりを .xlsx にしてください")
    try:
        with file.open("xb") as new:  # somebody may have filled in the one that is there
            new.write(workbook(entry_workbook()))
    except FileExistsError:
        raise ClerkError(f"{file} は既にあります。別の名前にしてください") from None
    click.echo(f"手入力の様式を {file} に書きました")


@submissions.command(
    ja="案件1件の記録を全て、監査のためにファイル（.zip）に書き出します。認証キーを含むため、書き出したことを記録します。"
)
@argument("receipt_number")
@argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option
@actor_option
@run
async def evidence(receipt_number: str, file: Path, *, config_path: Path, actor: str) -> None:
    """Write everything about one case to FILE (.zip), for the audit. It shows keys; the journal tells that you had it."""
    async with command_context(config_path) as office:
        count = await write_evidence(office.store, receipt_number, file, actor=actor)
    click.echo(f"{receipt_number} の記録 {count}件を {file} に書きました（認証キーを含みます）")


@submissions.command("show", ja="受付1件を示します。")
@argument("receipt_number")
@option(
    "--reveal-keys",
    is_flag=True,
    ja="認証キーを全て示します。見たことを記録します。",
    en="Show the access key in full; the journal tells that you saw it.",
)
@config_option
@json_option
@actor_option
@run
async def show_(receipt_number: str, *, reveal_keys: bool, config_path: Path, as_json: bool, actor: str) -> None:
    """Show one submission."""
    async with command_context(config_path) as office:
        found = await office.store.submissions.get(receipt_number)
        letters = await office.store.outbox.of_submission(receipt_number)
        because = await refused_because(office.store, found)
        if reveal_keys and found.fields.auth_key is not None:
            shown = [("submission", found.receipt_number)]
            await office.store.journal.note_keys_shown(shown, actor=actor, command="submissions show")
    row = submission_row(found, reveal_keys=reveal_keys)
    row["refused_because"] = because.words
    row["refusal"] = because.kind
    row["letters"] = [_letter(letter) if as_json else _letter_line(letter) for letter in letters]
    show_one(row, as_json=as_json, titles=_ALL_TITLES)


def _letter(row: OutboxRow) -> JsonRow:
    """A letter of the case: what, to whom, what became of it."""
    shown = outbox_row(row)
    return {name: shown[name] for name in ("id", "letter_text", "to", "state_text", "reason_text", "created_at")}


def _letter_line(row: OutboxRow) -> str:
    """The same for a person, with the number that `outbox show` takes."""
    shown = outbox_row(row)
    when = f"{row.created_at.astimezone(JAPAN):%Y-%m-%d %H:%M}"
    return (
        f"送信{shown['id']} {when} {shown['letter_text']} {shown['to']} {shown['state_text']}（{shown['reason_text']}）"
    )
