"""Importing and exporting, from file to register and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.secret import AuthKey
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.register.columns import Column
from bot.core.register.layout import Layout
from bot.core.register.rows import RowProblem
from bot.register.export import LostCharacter, write_csv, write_xlsx
from bot.register.importing import ImportResult, RegisterStore, describe, import_file
from bot.register.report import report_text, write_report
from bot.spreadsheets.sheets import TableError
from storage.store import Store

FILE = """\
令和8年度 保証台帳,,,,,,
工事名,受注者名,保証区分,保証契約番号,請負金額,工期,認証キー
市道1号線舗装工事,見本建設株式会社,前払,００１２３－０００４５６,"50,000,000円",令和8年4月1日～令和9年3月31日,Ab3dEf6hIj9k
市道1号線舗装工事,見本建設株式会社,契約,,50000000,R8.4.1～R9.3.31,
中学校改築工事,例示工業有限会社,契約,,1千円,,
合計,,,,100000000,,
"""


async def import_(store: RegisterStore, path: Path, *, dry_run: bool = False) -> ImportResult:
    return await import_file(store.register, path, layout=Layout(), actor="test", dry_run=dry_run)


async def all_of(store: RegisterStore) -> tuple[Guarantee, ...]:
    return await store.register.guarantees(limit=None)


async def add(store: RegisterStore, *rows: Guarantee) -> tuple[Guarantee, ...]:
    changes = [RegisterChange(ChangeKind.ADD, line, None, row) for line, row in enumerate(rows, 1)]
    await store.register.change(changes, actor="x", source="x")
    return await all_of(store)


def counts(result: ImportResult) -> tuple[int, int, int]:
    return tuple(result.counts[kind] for kind in (ChangeKind.ADD, ChangeKind.UPDATE, ChangeKind.UNCHANGED))  # type: ignore[return-value]


async def test_a_file_is_imported_once_and_the_second_time_changes_nothing(tmp_path: Path, register: Store) -> None:
    path = tmp_path / "台帳.csv"
    path.write_text(FILE, "cp932")
    tried = await import_(register, path, dry_run=True)
    assert await all_of(register) == ()
    done = await import_(register, path)
    assert done == tried
    assert counts(done) == (3, 0, 0)
    assert [(p.line, p.column, p.value, p.is_note, p.is_taken) for p in done.problems] == [
        (5, "請負金額", "1千円", False, True),
        (6, "", "合計", True, False),
    ]
    common = {"contract_amount_yen": 50_000_000, "works_start_on": date(2026, 4, 1), "works_end_on": date(2027, 3, 31)}
    works = ("市道1号線舗装工事", "見本建設株式会社")
    key = AuthKey("Ab3dEf6hIj9k")
    assert await all_of(register) == (
        Guarantee(*works, Product.ADVANCE_PAYMENT, "00123-000456", auth_key=key, guarantee_id=1, **common),  # type: ignore[arg-type]
        Guarantee(*works, Product.CONTRACT, guarantee_id=2, **common),  # type: ignore[arg-type]
        Guarantee("中学校改築工事", "例示工業有限会社", Product.CONTRACT, guarantee_id=3),
    )
    # the notice comes between the two imports
    _, before, _ = await all_of(register)
    after = replace(before, number="12345-000009", auth_key=key, state=GuaranteeState.KEY_RECEIVED)
    names = ("number", "auth_key", "state")
    await register.register.change([RegisterChange(ChangeKind.UPDATE, 0, before, after, names)], actor="x", source="x")
    again = await import_(register, path)
    assert counts(again) == (0, 0, 3)
    assert (await all_of(register))[1] == after


async def test_a_file_that_can_not_be_read_writes_nothing(tmp_path: Path, register: Store) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n", "utf-8")
    with pytest.raises(TableError):
        await import_(register, path)
    assert await all_of(register) == ()


WRITERS: tuple[Callable[[Path, tuple[Guarantee, ...]], object], ...] = (
    lambda path, rows: write_csv(path, rows, reveal_keys=True),
    lambda path, rows: write_xlsx(path, rows, reveal_keys=True),
)


@pytest.mark.parametrize("write", WRITERS, ids=["csv", "xlsx"])
async def test_an_export_imported_again_changes_nothing(tmp_path: Path, full_register: Store, write: Any) -> None:
    rows = await all_of(full_register)
    write(tmp_path / "export", rows)
    result = await import_(full_register, tmp_path / "export")
    assert [describe(change) for change in result.changes if change.kind is not ChangeKind.UNCHANGED] == []
    assert result.problems == ()
    assert counts(result) == (0, 0, len(rows))


@pytest.mark.parametrize("write", WRITERS, ids=["csv", "xlsx"])
async def test_an_export_brings_an_empty_register_back_but_for_the_states(
    tmp_path: Path, other_register: Store, full_register: Store, write: Any
) -> None:
    rows = await all_of(full_register)
    write(tmp_path / "export", rows)
    await import_(other_register, tmp_path / "export")
    ends = (GuaranteeState.ON_PAPER, GuaranteeState.CANCELLED, GuaranteeState.EXPIRED)
    expected = [
        row
        if row.state in ends
        else replace(row, state=GuaranteeState.ISSUED if row.issued_at else GuaranteeState.EXPECTED)
        for row in rows
    ]
    assert await all_of(other_register) == tuple(expected)


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
async def test_a_masked_key_leaves_the_registers_as_it_is(tmp_path: Path, full_register: Store, write: Any) -> None:
    before = await all_of(full_register)
    write(tmp_path / "export", before)
    result = await import_(full_register, tmp_path / "export")
    assert (result.problems, counts(result)) == ((), (0, 0, len(before)))
    assert await all_of(full_register) == before
    assert b"b3dEf6hIj9k" not in (tmp_path / "export").read_bytes()


async def test_a_csv_export_opens_in_excel_without_a_formula(tmp_path: Path, full_register: Store) -> None:
    path = tmp_path / "export.csv"
    assert write_csv(path, await all_of(full_register)) == ()
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠"))] == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_cp932_export_tells_what_it_could_not_hold(tmp_path: Path) -> None:
    rows = (
        Guarantee("工事〜", "髙﨑建設㈱", Product.CONTRACT),
        Guarantee("工事", "𠮷野建設", Product.CONTRACT, auth_key=AuthKey("あいうえ")),
    )
    lost = write_csv(tmp_path / "a.csv", rows, cp932=True, reveal_keys=True)
    assert lost == (
        LostCharacter(2, Column.PROJECT_NAME, "工事〜"),
        LostCharacter(3, Column.CONTRACTOR, "𠮷野建設"),
    )
    text = (tmp_path / "a.csv").read_bytes().decode("cp932")
    assert "工事～" in text
    assert "髙﨑建設㈱" in text
    assert "〓野建設" in text


@pytest.mark.parametrize(
    "lost", ["〓野建設", "??野建設", "？野建設", "\ue123野建設", "U+20BB7野建設", "&#134071;野建設", "□野建設"]
)
async def test_a_character_lost_in_an_export_does_not_come_back(tmp_path: Path, register: Store, lost: str) -> None:
    rows = await add(register, Guarantee("工事", "𠮷野建設", Product.CONTRACT, "12345-000001"))
    write_csv(tmp_path / "a.csv", rows)
    path = tmp_path / "a.csv"
    path.write_text(path.read_text("utf-8-sig").replace("𠮷野建設", lost), "utf-8")
    for number in ("12345-000001", ""):
        path.write_text(path.read_text("utf-8").replace("12345-000001", number), "utf-8")
        result = await import_(register, path)
        told = lost.replace(lost.partition("野")[0], "〓〓" if "??" in lost else "〓")
        assert [(problem.column, problem.value, problem.is_taken) for problem in result.problems] == [
            ("受注者名", told, True)
        ]
        assert await all_of(register) == rows


async def test_an_xlsx_export_has_text_as_text_and_dates_as_dates(tmp_path: Path, full_register: Store) -> None:
    write_xlsx(tmp_path / "a.xlsx", (await all_of(full_register))[:1])
    sheet = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0)
    header, row = sheet.to_python()
    assert (sheet.name, header) == (
        "保証台帳",
        [column.value for column in Column if column is not Column.WORKS_PERIOD] and header,
    )
    values = dict(zip(header, row, strict=True))
    assert values["保証契約番号"] == "00123-000456"
    assert values["工事名"] == "=市道1号線, 舗装工事〜「その1」"
    assert values["請負金額"] == 50_000_000
    assert values["保証期限"] == date(2027, 3, 31)
    assert values["発行日時"] == datetime(2026, 4, 1, 10, 5, 59)  # noqa: DTZ001 (a cell has no zone)
    assert values["認証キー"] == "************(12)"


def test_the_report_is_a_csv_that_excel_opens_without_a_formula(tmp_path: Path) -> None:
    problems = (
        RowProblem(0, "", "", "見出しの行が見つかりません。"),
        RowProblem(3, "=列", '=HYPERLINK("https://example.jp","x")', "金額として、\n読み取れません。"),
        RowProblem(9, "", "合計", "合計の行とみなして読み飛ばしました。", is_note=True),
        RowProblem(2, "保証期限", "?", "日付として読み取れません。", is_taken=True, sheet="=前払"),
    )
    write_report(tmp_path / "report.csv", problems)
    content = (tmp_path / "report.csv").read_bytes()
    assert content == report_text(problems).encode("utf-8-sig")
    assert content.decode("utf-8-sig") == (
        "行,列,値,理由\r\n"
        "全体,,,見出しの行が見つかりません。\r\n"
        '3,\'=列,"\'=HYPERLINK(""https://example.jp"",""x"")","金額として、\n読み取れません。"\r\n'
        "9,,合計,（参考）合計の行とみなして読み飛ばしました。\r\n"
        "'=前払\u30002,保証期限,?,（行は取込み済み）日付として読み取れません。\r\n"
    )


def test_a_change_is_described_in_japanese_without_the_key() -> None:
    before = Guarantee("市道1号線舗装工事", "見本建設㈱", Product.CONTRACT, guarantee_id=1, contract_amount_yen=5)
    after = replace(
        before,
        project_name="市道2号線舗装工事",
        product=Product.ADVANCE_PAYMENT,
        number="12345-000001",
        contract_amount_yen=1_000_000,
        expires_on=date(2027, 3, 31),
        auth_key=AuthKey("Ab3dEf6hIj9k"),
        issued_at=datetime(2026, 4, 1, 1, 5, tzinfo=UTC),
        wants_issued_mail=True,
        email="a@example.jp",
        state=GuaranteeState.ISSUED,
    )
    names = (
        *("project_name", "product", "number", "contract_amount_yen", "expires_on", "auth_key", "issued_at"),
        *("wants_issued_mail", "email", "state"),
    )
    assert describe(RegisterChange(ChangeKind.UPDATE, 3, before, after, names)) == (
        "3行目 変更 12345-000001 市道2号線舗装工事: "
        "工事名: 市道1号線舗装工事 → 市道2号線舗装工事、商品(保証区分): 契約保証 → 前払金保証、"
        "保証契約番号: （なし） → 12345-000001、請負金額: 5円 → 1,000,000円、保証期限: （なし） → 令和9年3月31日、"
        "認証キー: （なし） → ************(12)、発行日時: （なし） → 2026/04/01 10:05、"
        "電子保証発行完了のお知らせ: 希望しない → 希望する、メールアドレス: （なし） → a@example.jp、状態: 発行待ち → 発行済"
    )
    assert describe(RegisterChange(ChangeKind.ADD, 3, None, before)) == (
        "3行目 追加 （番号なし） 市道1号線舗装工事: 見本建設㈱、契約保証、発行待ち"
    )
    assert describe(RegisterChange(ChangeKind.UNCHANGED, 3, before, before)) == (
        "3行目 変更なし （番号なし） 市道1号線舗装工事"
    )


async def test_every_field_that_can_change_has_a_title(full_register: Store) -> None:
    full, empty, *_ = await all_of(full_register)
    names = tuple(name for name in Guarantee.__dataclass_fields__ if name != "guarantee_id")
    assert describe(RegisterChange(ChangeKind.UPDATE, 1, empty, full, names)).count(" → ") == len(names)


async def test_a_citys_sheet_with_title_merged_cells_and_formulas_is_imported(tmp_path: Path, register: Store) -> None:
    workbook = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = workbook.add_worksheet("令和8年度")
    day = workbook.add_format({"num_format": "[$-411]ge.m.d"})
    sheet.merge_range("A1:G1", "令和8年度 工事保証台帳")
    sheet.merge_range("A3:A4", "工事名")
    sheet.merge_range("B3:B4", "受注者")
    sheet.merge_range("C3:C4", "保証区分")
    sheet.merge_range("D3:E3", "工期")
    sheet.write_row("D4", ["自", "至"])
    sheet.merge_range("F3:F4", "請負金額\n（税込）")
    sheet.merge_range("G3:G4", "認証キー")
    sheet.merge_range("A5:A6", "中学校改築工事")
    sheet.merge_range("B5:B6", "例示工業有限会社")
    for row, product in ((4, "契約"), (5, "前払")):
        sheet.write(row, 2, product)
        sheet.write_datetime(row, 3, datetime(2026, 4, 1), day)  # noqa: DTZ001 (a cell has no zone)
        sheet.write_datetime(row, 4, datetime(2027, 3, 31), day)  # noqa: DTZ001 (likewise)
        sheet.write_formula(row, 5, "=1000*1000", None, 1_000_000)
    sheet.write_row(6, 0, ["別の工事", "見本建設", "契約"])
    sheet.write_number(6, 6, 123456789012)
    sheet.write_row(7, 0, ["合計", "", "", "", ""])
    sheet.write_formula(7, 5, "=SUM(F5:F6)", None, 2_000_000)
    workbook.close()
    result = await import_(register, tmp_path / "a.xlsx")
    assert counts(result) == (3, 0, 0)
    common: dict[str, Any] = {
        "contract_amount_yen": 1_000_000,
        "works_start_on": date(2026, 4, 1),
        "works_end_on": date(2027, 3, 31),
    }
    assert await all_of(register) == (
        Guarantee("中学校改築工事", "例示工業有限会社", Product.CONTRACT, guarantee_id=1, **common),
        Guarantee("中学校改築工事", "例示工業有限会社", Product.ADVANCE_PAYMENT, guarantee_id=2, **common),
        Guarantee("別の工事", "見本建設", Product.CONTRACT, guarantee_id=3),
    )
    assert [(p.line, p.column, p.value, p.is_note, p.is_taken) for p in result.problems] == [
        (7, "認証キー", "************(12)", False, True),
        (8, "", "合計", True, False),
    ]


async def test_thousands_of_rows_go_out_and_come_back(
    tmp_path: Path, register: Store, count: Callable[[int, int], int]
) -> None:
    many = count(1000, 10_000)
    numbers = range(1, many + 1)
    works = ("見本建設株式会社", Product.CONTRACT)
    rows = await add(
        register, *(Guarantee(f"市道{number}号線舗装工事", *works, f"12345-{number:06}") for number in numbers)
    )
    write_xlsx(tmp_path / "a.xlsx", rows)
    assert counts(await import_(register, tmp_path / "a.xlsx")) == (0, 0, many)
