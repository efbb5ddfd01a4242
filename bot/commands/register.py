"""`register import|list|show|export`: the city's table of guarantees, in and out. Exit codes as in commands/shared/common.py."""

from __future__ import annotations

from pathlib import Path

import click

from bot.commands.shared.basics import state_option
from bot.commands.shared.common import (
    EXIT_FAILED,
    actor_option,
    config_option,
    echo_json,
    json_option,
    limit_option,
    run,
    show,
    show_one,
)
from bot.commands.shared.json_rows import guarantee_row, version_row
from bot.commands.shared.language import Group, argument, option
from bot.commands.shared.long_work import Work, long_work
from bot.core.records.guarantee import GuaranteeState
from bot.core.register.changes import ChangeKind
from bot.core.text.control_characters import escaped
from bot.core.text.normalise import normalise_number
from bot.office import command_context
from bot.register.export import write_csv, write_xlsx
from bot.register.importing import ImportResult, describe, import_file
from bot.register.report import write_report
from bot.workers.sweeps import rematch

_TITLES = {
    "id": "台帳",
    "number": "保証契約番号",
    "works_number": "工事番号",
    "product_text": "保証区分",
    "project_name": "工事名",
    "contractor": "受注者名",
    "state_text": "状態",
}
_ALL_TITLES = _TITLES | {
    "revision": "変更番号",
    "jv_name": "JV名",
    "orderer": "発注者名",
    "contract_amount_yen": "請負金額",
    "guarantee_amount_yen": "保証金額",
    "expires_on": "保証期限",
    "works_start_on": "工期開始",
    "works_end_on": "工期終了",
    "contracted_on": "請負契約日",
    "deposit_bank": "預託金融機関",
    "auth_key": "認証キー",
    "issued_at": "発行日時",
    "wants_issued_mail": "発行完了のお知らせ",
    "email": "メールアドレス",
    "desk": "担当課",
}
_HISTORY_TITLES = {
    "place": "No.",
    "issued_at": "電子保証発行日時",
    "name": "対象",
    "form_text": "証書",
    "guarantee_amount_yen": "保証金額",
    "expires_on": "保証期限",
    "seen_text": "D-Sureでの確認",
    "learnt_at": "記録した日時",
    "source": "出典",
}


register = Group("register")

_UNCHANGED = "取込みを途中で止めました。台帳は変わっていません。もう一度、同じように実行してください"


@register.command(
    "import",
    ja="CSV（UTF-8、cp932）か XLSX のファイルを台帳に取り込みます。取り込めない行は一覧に書き、ほかの行は取り込みます。",
)
@argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--dry-run", is_flag=True, ja="違いだけを示し、書き込みません。", en="Show the difference, write nothing.")
@option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="取り込めない行の一覧を書くファイル。省略すると、元の名前に .problems.csv を付けた名前です。",
    en="Where to write the rows that can't be taken [default: FILE.problems.csv].",
)
@config_option
@json_option
@actor_option
@run
async def import_(
    file: Path, *, dry_run: bool, report: Path | None, config_path: Path, as_json: bool, actor: str
) -> None:
    """Import a CSV (UTF-8, cp932) or XLSX FILE. Rows that can't be taken are reported; the rest is taken."""
    async with command_context(config_path, may_begin=True) as office:
        layout = office.policy.formats

        async def work(told: Work) -> tuple[ImportResult, int]:
            register = office.store.register
            imported = await import_file(register, file, layout=layout, actor=actor, dry_run=dry_run, tell=told.tell)
            return imported, 0 if dry_run else await rematch(office.store, office.policy)

        result, rematched = await long_work("台帳を読み込んでいます", work, when_stopped=_UNCHANGED, shown=not as_json)
    report_path = report or file.with_name(file.name + ".problems.csv")
    if result.problems and not dry_run:
        write_report(report_path, result.problems)
    if as_json:
        echo_json(_json_of(result) | {"rematched": rematched, "dry_run": dry_run})
        return
    _tell(result, dry_run=dry_run)
    if result.problems and not dry_run:
        click.echo(f"取り込めない行の一覧: {report_path}", err=True)
    if rematched:
        click.echo(f"確認待ちのうち {rematched}件が台帳と一致し、受付済になりました")


def _json_of(result: ImportResult) -> dict[str, object]:
    return {
        "counts": {kind.value: count for kind, count in result.counts.items()},
        "changes": [describe(c) for c in result.changes if c.kind is not ChangeKind.UNCHANGED],
        "problems": [
            {"line": p.line, "column": p.column, "value": p.value, "reason": p.reason}
            | {"note": p.is_note, "taken": p.is_taken}
            | ({"sheet": p.sheet} if p.sheet else {})
            for p in result.problems
        ],
        "ignored_columns": list(result.ignored_columns),
        "new_versions": result.new_versions,
    }


def _tell(result: ImportResult, *, dry_run: bool) -> None:
    for change in result.changes:
        if change.kind is not ChangeKind.UNCHANGED:
            click.echo(escaped(describe(change)))
    counts = result.counts
    told = [problem for problem in result.problems if not problem.is_note]
    refused = {(problem.sheet, problem.line) for problem in told if not problem.is_taken}
    partly = {(problem.sheet, problem.line) for problem in told} - refused
    verb = "（試行。書き込んでいません）" if dry_run else ""
    click.echo(
        f"追加 {counts[ChangeKind.ADD]}件、変更 {counts[ChangeKind.UPDATE]}件、"
        f"変更なし {counts[ChangeKind.UNCHANGED]}件、取り込めない行 {len(refused)}件{verb}",
    )
    if partly:
        click.echo(f"一部の項目を除いて取り込んだ行 {len(partly)}件")
    if result.new_versions:
        what = "確認済のものは、D-Sureで改めて確認します。紙・取消しは終了します"
        click.echo(f"うち、保証が変わったもの（変更・訂正・取消し・再発行） {result.new_versions}件（{what}）")
    if result.ignored_columns:
        click.echo(escaped(f"読まなかった列: {'、'.join(result.ignored_columns)}"))
    for problem in result.problems:
        if problem.is_note and not problem.line:
            click.echo(escaped(problem.reason))  # a sheet that was not read
    for problem in sorted(told, key=lambda one: one.is_taken)[:20]:
        click.echo(escaped(f"  {problem.place} {problem.column}: {problem.reason}"), err=True)


@register.command("list", ja="台帳の一覧を示します。")
@state_option(GuaranteeState)
@option("--text", default="", ja="番号・工事名・受注者名の一部。", en="Part of number, project name or contractor.")
@config_option
@json_option
@limit_option
@run
async def list_(*, states: tuple[str, ...], text: str, config_path: Path, as_json: bool, limit: int) -> None:
    """List guarantees."""
    async with command_context(config_path) as office:
        wanted = tuple(GuaranteeState(state) for state in states)
        found = await office.store.register.guarantees(states=wanted, text=text, limit=limit)
    show([guarantee_row(g) for g in found], as_json=as_json, titles=_TITLES)


@register.command("show", ja="保証1件と電子保証履歴一覧を示します。保証契約番号か台帳の番号で指定します。")
@argument("guarantee")
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
async def show_(guarantee: str, *, reveal_keys: bool, config_path: Path, as_json: bool, actor: str) -> None:
    """Show one GUARANTEE, by its 保証契約番号 or its id in the register, and its history (電子保証履歴一覧)."""
    async with command_context(config_path) as office:
        found = await office.store.register.by_number(normalise_number(guarantee))
        if found is None:
            if not guarantee.isdecimal():
                click.echo(f"見つかりません: {guarantee}", err=True)
                raise click.exceptions.Exit(EXIT_FAILED)
            found = await office.store.register.guarantee(int(guarantee))
        if reveal_keys and found.auth_key is not None:
            shown = [("guarantee", found.guarantee_id)]
            await office.store.journal.note_keys_shown(shown, actor=actor, command="register show")
        series = await office.store.register.versions([found.guarantee_id])
    row = guarantee_row(found, reveal_keys=reveal_keys)
    history = [version_row(version) for version in reversed(series.get(found.guarantee_id, ()))]
    if as_json:
        row["history"] = history
    show_one(row, as_json=as_json, titles=_ALL_TITLES)
    if not as_json:
        click.echo("\n電子保証履歴一覧（新しい順）")
        show(history, as_json=False, titles=_HISTORY_TITLES)


@register.command(ja="台帳の全てをファイル（.csv か .xlsx）に書き出します。本人だけが読めます。")
@argument("file", type=click.Path(dir_okay=False, path_type=Path))
@option(
    "--encoding",
    type=click.Choice(["utf-8", "cp932"]),
    default="utf-8",
    show_default=True,
    ja="CSV の文字コード。",
    en="The encoding of a CSV.",
)
@option(
    "--reveal-keys",
    is_flag=True,
    ja="認証キーを全て書きます。どの保証のものかを記録します。",
    en="Write the access keys in full; the journal tells whose.",
)
@config_option
@actor_option
@run
async def export(file: Path, *, encoding: str, reveal_keys: bool, config_path: Path, actor: str) -> None:
    """Write the whole register to FILE (.csv or .xlsx), readable by you alone."""
    async with command_context(config_path) as office:
        found = await office.store.register.guarantees(limit=None)
        if reveal_keys:
            shown = [("guarantee", each.guarantee_id) for each in found if each.auth_key is not None]
            await office.store.journal.note_keys_shown(shown, actor=actor, command="register export")
    if file.suffix.lower() == ".xlsx":
        write_xlsx(file, found, reveal_keys=reveal_keys)
    else:
        for lost in write_csv(file, found, cp932=encoding == "cp932", reveal_keys=reveal_keys):
            click.echo(f"{lost.line}行目 {lost.column}: cp932にない文字を置き換えました", err=True)
    click.echo(f"{len(found)}件を {file} に書き出しました")
