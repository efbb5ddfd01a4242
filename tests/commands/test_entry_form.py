"""`submissions form`: a blank workbook whose cells stay text, which comes back by `add --file` as it was filled in."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from bot.cli import main
from bot.core.notice.entry_forms import EntryForm, forms_in_book
from bot.core.records.guarantee import Product
from bot.core.records.secret import AuthKey
from bot.core.register.layout import Layout
from bot.core.summary.entry_form import entry_workbook
from bot.core.text.sheet import Sheet
from bot.spreadsheets.reading import book_of
from bot.spreadsheets.sheets import TableError
from bot.spreadsheets.writing import workbook

KEYS = ("012345678901", "1E5000000000", "aB3dEf6hIj9k")


def written(path: Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["submissions", "form", str(path)])
    return done.exit_code, done.output


def test_the_form_is_written_once_and_never_over_a_filled_one(tmp_path: Path) -> None:
    path = tmp_path / "手入力.xlsx"
    assert written(path)[0] == 0
    path.write_bytes(b"filled in")
    code, told = written(path)
    assert (code, "既にあります" in told, path.read_bytes()) == (1, True, b"filled in")
    assert written(tmp_path / "form.csv")[0] == 1


def test_its_cells_are_text_and_the_kind_of_guarantee_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    written(path)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert sheet.count("<col ") == 6
    assert sheet.count('style="') == 6  # each column has the format of text
    assert 'formatCode="@"' in styles
    assert "前払金保証,中間前払金保証,契約保証" in sheet
    assert '<dataValidation type="list"' in sheet
    names = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes())).sheet_names
    assert names == ["手入力", "書き方"]


def test_a_blank_form_enters_nothing(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    written(path)
    assert forms_in_book(book_of(path.read_bytes(), layout=Layout()), Layout(), "FAX") == ((), ())


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_what_is_filled_in_is_read_to_the_letter(key: str) -> None:
    form, explained = entry_workbook()
    row = ("10001-000001", key, "市道第５号線改良工事", "株式会社みほん建設", "契約保証", "koji@kensetsu.example.jp")
    content = workbook((replace(form, rows=(row,)), explained))
    entered, wrong = forms_in_book(book_of(content, layout=Layout()), Layout(), "FAX")
    expected = EntryForm("10001-000001", AuthKey(key), row[2], row[3], Product.CONTRACT, row[5], "FAX")
    assert (entered, wrong) == ((expected,), ()) or (key == KEYS[1] and "数値に変わっています" in wrong[0])


def test_the_sheet_that_explains_is_no_form() -> None:
    _, explained = entry_workbook()
    with pytest.raises(TableError, match="見出しの行が見つかりません"):
        book_of(workbook((explained, Sheet("空", explained.columns, ()))), layout=Layout())
