"""Register files as offices save them, read by their content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.register.layout import Layout
from bot.core.register.tables import Book, Table, TableRow
from bot.core.text.spreadsheet_text import inert, plain
from bot.register.files import read_book
from bot.spreadsheets.sheets import TableError

HEADER = ("工事名", "受注者名", "商品(保証区分)")
WORK = ("市道1号線\r\n舗装工事", "髙﨑建設,㈱", "前払金保証")


def csv_text(delimiter: str, line_end: str) -> str:
    quoted = [f'"{cell}"' for cell in WORK]
    return line_end.join((delimiter.join(HEADER), delimiter.join(quoted), ""))


def save(path: Path, fill: Callable[[Any, Any], None], *names: str) -> Path:
    workbook = xlsxwriter.Workbook(path)
    for name in names or ("台帳",):
        fill(workbook, workbook.add_worksheet(name))
    workbook.close()
    return path


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_csv_is_read_in_every_encoding_delimiter_and_line_end(
    tmp_path: Path, encoding: str, delimiter: str, line_end: str
) -> None:
    path = tmp_path / "台帳.txt"
    path.write_bytes(csv_text(delimiter, line_end).encode(encoding))
    assert read_book(path, layout=Layout()) == Book((Table((TableRow(1, HEADER), TableRow(2, WORK))),))


def test_lines_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("台帳\n\n工事名,受注者名,商品\n" + '"a\nb",c,d\ne,f,g\n', "utf-8")
    assert [row.line for row in read_book(path, layout=Layout()).tables[0].rows if row.cells][-1] == 5


def test_the_delimiter_is_the_one_with_our_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('題名,a,b,c,d\n工事名\t受注者名\t商品\n"a,b"\tc\td\n', "utf-8")
    assert read_book(path, layout=Layout()).tables[0].rows[2].cells == ("a,b", "c", "d")


def test_an_own_header_of_the_config_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称;業者;保証\na;b;c\n", "utf-8")
    extra = {"名称": "工事名", "業者": "受注者名", "保証": "商品"}
    assert len(read_book(path, layout=Layout(columns=tuple(extra.items()))).tables[0].rows) == 2


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_making_text_inert_is_undone_by_reading_it(text: str) -> None:
    if text.startswith('="') or (text.startswith("'") and inert(text) == text):
        return  # what people write themselves to keep digits, or an apostrophe before a plain word
    assert plain(inert(text)) == text


def test_digits_kept_by_a_formula_are_taken_as_text() -> None:
    assert (plain('="00123"'), plain("'=1+1"), plain("'a"), plain("=1+1")) == ("00123", "=1+1", "'a", "=1+1")


def test_a_workbook_gives_text_numbers_booleans_and_dates(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        day = workbook.add_format({"num_format": '[$-411]ggge"年"m"月"d"日"'})
        minute = workbook.add_format({"num_format": "yyyy/mm/dd hh:mm"})
        sheet.write_row(0, 0, [*HEADER, "a", "b", "c", "d", "e"])
        sheet.write_row(1, 0, ["00123", 1, 1.5, True, "TRUE"])
        sheet.write_datetime(1, 5, datetime(2026, 4, 1), day)  # noqa: DTZ001 (a cell has no zone)
        sheet.write_datetime(1, 6, datetime(2026, 4, 1, 10, 5), minute)  # noqa: DTZ001 (likewise)
        sheet.write_formula(1, 7, "=1+1", None, 2)

    cells = read_book(save(tmp_path / "a.xlsx", fill), layout=Layout()).tables[0].rows[1].cells
    assert cells == ("00123", 1.0, 1.5, True, "TRUE", date(2026, 4, 1), datetime(2026, 4, 1, 10, 5), 2.0)  # noqa: DTZ001 (likewise)
    assert type(cells[5]) is date


def test_every_visible_sheet_with_our_header_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        if sheet.name == "表紙":
            sheet.write(0, 0, "工事名")
        elif sheet.name == "隠し":
            sheet.write_row(0, 0, HEADER)
            sheet.hide()
        else:
            sheet.merge_range("B2:D2", f"令和8年度 {sheet.name}")
            sheet.write_row("B4", HEADER)
            sheet.write_row("B5", WORK)

    book = read_book(save(tmp_path / "a.xlsx", fill, "表紙", "隠し", "台帳", "予備", "記入例"), layout=Layout())
    assert [table.name for table in book.tables] == ["台帳", "予備"]
    assert book.tables[0].rows[1].cells == ("", "令和8年度 台帳", "", "")
    assert book.tables[1].rows[3:] == (TableRow(4, ("", *HEADER)), TableRow(5, ("", *WORK)))
    assert book.left_out == (
        "シート「表紙」は読みませんでした（見出しの行がありません）。",
        "シート「隠し」は読みませんでした（非表示のシートです）。",
        "シート「記入例」は読みませんでした（記入例とみなしました）。",
    )


def test_a_name_in_cells_merged_downwards_belongs_to_every_row(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADER)
        sheet.merge_range("A2:A3", "市道1号線舗装工事")
        sheet.write_row("B2", ["見本建設㈱", "契約"])
        sheet.write_row("B3", ["見本建設㈱", "前払"])

    rows = read_book(save(tmp_path / "a.xlsx", fill), layout=Layout()).tables[0].rows
    assert [row.cells for row in rows[1:]] == [
        ("市道1号線舗装工事", "見本建設㈱", "契約"),
        ("市道1号線舗装工事", "見本建設㈱", "前払"),
    ]


def test_a_stray_cell_far_away_is_named_and_never_laid_out(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADER)
        sheet.write("XFD1048576", "x")

    with pytest.raises(TableError, match="XFD1048576"):
        read_book(save(tmp_path / "a.xlsx", fill), layout=Layout())


def test_a_far_cell_that_is_only_formatted_does_no_harm(tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADER)
        sheet.write_blank("XFD1048576", None, workbook.add_format({"bold": True}))

    assert read_book(save(tmp_path / "a.xlsx", fill), layout=Layout()).tables[0].rows == (TableRow(1, HEADER),)


def test_far_rows_whose_cells_tell_no_place_are_found_by_the_rows_number(tmp_path: Path) -> None:
    sound = save(tmp_path / "sound.xlsx", lambda _, sheet: sheet.write_row(0, 0, HEADER))
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(sound) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            stray = b'<row r="1048576"><c><v>1</v></c></row></sheetData>'
            target.writestr(name, source.read(name).replace(b"</sheetData>", stray))
    with pytest.raises(TableError, match="1048576"):
        read_book(path, layout=Layout())


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/workbook.xml", "w") as part:
        for _ in range(301):
            part.write(b" " * 1024 * 1024)
    with pytest.raises(TableError, match="展開すると大きすぎる"):
        read_book(path, layout=Layout())


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空です"),
        (b" \r\n", "空です"),
        (b"%PDF-1.7\n\0\0", "CSV・Excelのファイルではありません"),
        ("工事名,受注者名,商品\nあ".encode("cp932") + b"\x81", "文字コード"),
        (b"a,b\nc,d\n", "必要な列は 工事名・受注者名・商品\\(保証区分\\)"),
        ('工事名,受注者名,商品\na,b,c\n"d,e,f\ng,h,i\n'.encode(), "3行目から.*引用符"),
        ('工事名,受注者名,商品\n"a"b,c,d\n'.encode(), "2行目から.*引用符"),
        (OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "パスワード"),
        (OLE + b"\0" * 600, "Excelのファイルとして読み取れません"),
        (zipped("word/document.xml"), "ブック（XLSX）ではありません"),
        (zipped("xl/workbook.xml"), "Excelのファイルとして読み取れません"),
        (zipped("xl/workbook.xml")[:-10], "壊れているか"),
        ("工事名,受注者名,商品\n".encode() + b"a,b,c\n" * 50, "行が多すぎます"),
        ("工事名,受注者名,商品\n".encode() + b"a" * 5000, "大きすぎます"),
    ],
)
def test_what_is_no_register_is_refused_with_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(TableError, match=words):
        read_book(path, layout=Layout(), max_bytes=4000, max_rows=50)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_book(tmp_path / "a.csv", layout=Layout())


def test_a_cell_in_which_excel_found_a_fault_says_so(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADER)
        sheet.write_formula(1, 0, "=1/0", None, "#DIV/0!")
        sheet.write_row("B2", WORK[1:])

    assert read_book(save(tmp_path / "a.xlsx", fill), layout=Layout()).tables[0].rows[1].cells[0] == "#DIV/0!"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_workbook_never_raises_anything_else(tmp_path: Path, data: st.DataObject) -> None:
    sound = tmp_path / "sound.xlsx"
    if not sound.exists():
        save(sound, lambda _, sheet: sheet.write_row(0, 0, HEADER))
    content = bytearray(sound.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with suppress(TableError):
        assert read_book(path, layout=Layout()).tables[0].rows
