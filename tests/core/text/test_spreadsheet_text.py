"""No cell of ours is a formula, whatever the mail or the register says, and what was written comes back."""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from bot.core.records.guarantee import Guarantee, Product
from bot.core.register.rows import RowProblem
from bot.core.text.spreadsheet_text import inert, plain
from bot.register.export import write_csv, write_xlsx
from bot.register.report import report_text

SIGNS = "=+-@＝＋－＠"
# What people and attackers begin a cell with; NUL and half characters are no text of a workbook.
CELLS = st.one_of(
    st.tuples(st.text("\t\r\n '\"=+-@＝＋－＠\u3000\ufeff\u200b\x0b\x85;,", max_size=4), st.text(max_size=20)).map(
        "".join
    ),
    st.sampled_from(
        [
            '=HYPERLINK("http://example.jp")',
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(1)",
            "＝１＋１",
            " =1",
            "'=1",
            "''",
            '"=1"',
        ]
    ),
).filter(lambda text: text == text.encode("utf-8", "ignore").decode() and "\0" not in text)


def begins_a_formula(cell: str) -> bool:
    """As the most generous spreadsheet program would take it."""
    return cell[:1] in ("\t", "\r", "\n") or cell.strip().strip("\ufeff\u200b\x85\x0b \t\r\n\u3000")[:1] in tuple(SIGNS)


def guarantee(text: str) -> Guarantee:
    return Guarantee(project_name=text, contractor=text, product=Product.CONTRACT)


@given(text=CELLS)
def test_an_inert_cell_begins_no_formula_and_comes_back(text: str):
    assert not begins_a_formula(inert(text))
    assert plain(inert(text)) == text


@given(text=CELLS)
def test_every_cell_of_a_csv_export_is_text(text: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        write_csv(path, [guarantee(text)])
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    titles, row = rows
    assert not any(begins_a_formula(cell) for cell in (*titles, *row))
    cells = dict(zip(titles, map(plain, row), strict=True))
    assert (cells["工事名"], cells["受注者名"]) == (text, text)


@given(text=CELLS)
def test_every_cell_of_the_report_is_text(text: str):
    rows = list(csv.reader(io.StringIO(report_text([RowProblem(3, text, text, text)]), newline="")))
    assert len(rows) == 2
    assert not any(begins_a_formula(cell) for row in rows for cell in row)
    assert [plain(cell) for cell in rows[1]] == ["3", text, text, text]


@given(text=CELLS)
def test_every_cell_of_a_workbook_is_a_string(text: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        write_xlsx(path, [guarantee(text)])
        with zipfile.ZipFile(path) as workbook:
            sheet = workbook.read("xl/worksheets/sheet1.xml")
            assert b"<f>" not in sheet
            assert b"hyperlink" not in sheet.lower()
        titles, row = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    cell = dict(zip(titles, row, strict=True))["工事名"]
    assert isinstance(cell, str)
    if not any(unicodedata.category(c) == "Cc" for c in text):  # XML has no form for most of these
        assert cell == text
