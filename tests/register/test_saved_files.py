"""Files as programs save them: number formats, failed formulas, and what calls itself .xls or .csv and is something else."""

from __future__ import annotations

import email.mime.multipart
import email.mime.text
import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from bot.core.register.cells import Cell, ShownNumber
from bot.core.register.layout import Layout
from bot.core.register.rows import parse_book
from bot.core.register.tables import Book
from bot.spreadsheets.number_formats import digit_format
from bot.spreadsheets.reading import book_of
from bot.spreadsheets.sheets import TableError

HEADER = ("工事名", "受注者名", "商品(保証区分)", "保証契約番号")
ROW = ("市道1号線舗装工事", "髙﨑建設㈱", "前払金保証", "49965-719830")
TEXT = "\r\n".join(",".join(row) for row in (HEADER, ROW)) + "\r\n"


def read(content: bytes) -> Book:
    return book_of(content, layout=Layout())


def cells(content: bytes) -> list[tuple[Cell, ...]]:
    (table,) = read(content).tables
    return [row.cells for row in table.rows]


def workbook(fill: Callable[[Any, Any], None]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("台帳")
    sheet.write_row(0, 0, HEADER)
    fill(book, sheet)
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000-000000", 49965719830, "49965-719830"),
        ("00000-000000", 328751568, "00328-751568"),
        ('00000"-"000000', 328751568, "00328-751568"),
        ("00000\\-000000", 328751568, "00328-751568"),
        ("00000-000000;@", 328751568, "00328-751568"),
        ('"第"00000-000000"号"', 328751568, "第00328-751568号"),
        ("[$-411]00000-000000", 328751568, "00328-751568"),
        ("[Red]00000-000000_)", 328751568, "00328-751568"),
        ("#####-######", 328751568, "328-751568"),
        ("0000000", 61270, "0061270"),
        ("土木第000号", 12, "土木第012号"),
        ("00000-000000", 3287515681234, "3287515-681234"),
        ("00000-000000", 0, "00000-000000"),
        ("00000-000000", 1.5, None),
        ("00000-000000", -5, None),
    ],
)
def test_a_format_shows_a_number_as_the_spreadsheet_does(code: str, value: float, shown: str | None) -> None:
    known = digit_format(code)
    assert known is not None
    assert known.shown(value) == shown


@pytest.mark.parametrize(
    "code",
    [
        "General",
        "0",
        "#,##0",
        "0.00",
        "0%",
        "0.00E+00",
        "yyyy/m/d",
        "[<=999]000;000-0000",
        "@",
        "# ?/?",
        "[h]:mm",
        "ggge",
        "",
        "[DBNum1]0",
        '"',
        "x" * 200,
    ],
)
def test_a_format_whose_result_is_not_certain_is_not_known(code: str) -> None:
    assert digit_format(code) is None


def test_a_number_comes_back_from_its_cells_format_and_a_failed_formula_says_so() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(1, 0, ROW[:3])
        sheet.write_number(1, 3, 328751568, book.add_format({"num_format": "00000-000000"}))
        sheet.write_row(2, 0, ROW[:2])
        sheet.write_formula(2, 2, "=A9", None, "#N/A")
        sheet.write_formula(2, 3, "=VLOOKUP(1,A1:B2,2)", None, "#REF!")
        sheet.write_row(3, 0, ("二の工事", *ROW[1:3]))
        sheet.write_formula(3, 3, "=A9", None, "#REF!")

    content = workbook(fill)
    assert cells(content)[1][3] == ShownNumber(328751568, "")
    parsed = parse_book(read(content), Layout())
    assert [(row.line, row.guarantee.number) for row in parsed.guarantees] == [(2, "00328-751568"), (4, "")]
    assert [(p.line, p.column, p.value, p.is_taken) for p in parsed.problems] == [
        (3, HEADER[2], "#N/A", False),
        (3, HEADER[3], "#REF!", False),
        (4, HEADER[3], "#REF!", True),
    ]


def test_a_workbook_with_a_document_type_is_refused() -> None:
    sound = workbook(lambda _, sheet: sheet.write_row(1, 0, ROW))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = part.replace(b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', 1)
            target.writestr(name, part)
    with pytest.raises(TableError, match="読み取れません"):
        read(buffer.getvalue())


# -- pages named .xls

PAGE = (
    "<html><head><meta http-equiv=Content-Type content='text/html; charset={0}'></head><body><table><caption>台帳</caption><thead>"
    "<tr><th colspan=4>令和8年度</th></tr><tr>"
    + "".join(f"<th>{name}</th>" for name in HEADER)
    + "</tr></thead><tbody>"
    "<tr><td rowspan=2>市道1号線<br>舗装工事</td><td>髙﨑建設㈱</td><td>前払金保証<td style='mso-number-format:\"\\@\"'>49965-719830</td></tr>"
    "<tr><td>髙﨑建設㈱&nbsp;</td><td>契約保証</td><td></td></tr></tbody></table></body></html>"
)
WORK = "市道1号線\n舗装工事"
OF_PAGE = [("令和8年度", None, None, None), HEADER, (WORK, *ROW[1:]), (WORK, "髙﨑建設㈱", "契約保証", "")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "euc_jp"])
def test_a_page_is_read_in_the_encoding_that_it_names(encoding: str) -> None:
    label = {"cp932": "Shift_JIS", "euc_jp": "EUC-JP"}.get(encoding, "utf-8")
    page = PAGE.format(label)
    expected = OF_PAGE
    if encoding == "euc_jp":  # has neither 髙 nor ㈱
        page = page.replace("髙﨑建設㈱", "見本建設")
        expected = [tuple("見本建設" if cell == "髙﨑建設㈱" else cell for cell in row) for row in OF_PAGE]
    assert cells(page.encode(encoding)) == expected


@pytest.mark.parametrize(
    "start", ["<div>\r\n\t", "<table border=1><tr><td>x</td></tr></table>", "<style>td{}</style>", "\n\n<!-- x -->"]
)
def test_a_page_begins_as_systems_begin_it(start: str) -> None:
    table = PAGE[PAGE.index("<table") : PAGE.index("</body")]
    assert cells((start + table).encode()) == OF_PAGE


def test_a_page_saved_in_one_file_is_read() -> None:
    message = email.mime.multipart.MIMEMultipart("related")
    for name, page in (("book.htm", "<html><td></html>"), ("sheet001.htm", PAGE.format("shift_jis"))):
        part = email.mime.text.MIMEText(page.replace("髙﨑建設㈱", "見本建設"), "html", "shift_jis")
        part["Content-Location"] = f"file:///C:/{name}"
        message.attach(part)
    (table,) = read(message.as_bytes()).tables
    assert [row.cells for row in table.rows][:2] == OF_PAGE[:2]
    assert table.name == "sheet001"


def test_a_frame_without_its_sheets_is_named_for_what_it_is() -> None:
    with pytest.raises(TableError, match="枠だけ"):
        read(b'<html><head></head><frameset rows="*,39"><frame src="a.files/sheet001.htm"></frameset></html>')


# -- Excel's XML of 2003

XML = """<?xml version="1.0" encoding="{0}"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel"><Styles><Style ss:ID="s1"><NumberFormat ss:Format="00000\\-000000"/></Style></Styles>
<Worksheet ss:Name="隠し"><Table><Row>{1}</Row></Table><x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>
<Worksheet ss:Name="台帳"><Table><Row ss:Index="3">{1}<Cell><Data ss:Type="String">保証期限</Data></Cell></Row>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">市道1号線舗装工事</Data></Cell><Cell><Data ss:Type="String">髙﨑建設㈱</Data></Cell>
<Cell><Data ss:Type="String">前払</Data></Cell><Cell ss:StyleID="s1"><Data ss:Type="Number">328751568</Data></Cell>
<Cell><Data ss:Type="DateTime">2027-03-31T00:00:00.000</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="String">髙﨑建設㈱</Data></Cell><Cell><Data ss:Type="String">契約</Data></Cell>
<Cell><Data ss:Type="Error">#N/A</Data></Cell></Row></Table></Worksheet></Workbook>"""


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "Shift_JIS"])
def test_excels_xml_of_2003_is_read(encoding: str) -> None:
    header = "".join(f'<Cell><Data ss:Type="String">{name}</Data></Cell>' for name in HEADER)
    book = read(XML.format(encoding, header).encode("cp932" if encoding == "Shift_JIS" else encoding))
    assert book.left_out == ("シート「隠し」は読みませんでした（非表示のシートです）。",)
    parsed = parse_book(book, Layout())
    assert [(row.line, row.guarantee.number, row.guarantee.expires_on) for row in parsed.guarantees] == [
        (4, "00328-751568", date(2027, 3, 31)),
        (5, "", None),
    ]
    assert [(p.line, p.value) for p in parsed.problems] == [(0, ""), (5, "#N/A")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Styles>", '<!DOCTYPE a [<!ENTITY b "c">]><Styles>'),
        ('ss:Index="3"', 'ss:Index="9999999"'),
        ('ss:Index="2"', 'ss:Index="9999999"'),
        ('ss:MergeDown="1"', 'ss:MergeAcross="9999999"'),
        ("</Workbook>", ""),
        (">328751568<", ">x<"),
        ('ss:Index="3"', 'ss:Index="x"'),
    ],
)
def test_xml_that_is_damaged_or_hostile_is_refused(old: str, new: str) -> None:
    with pytest.raises(TableError):
        read(XML.format("UTF-8", "<Cell/>").replace(old, new).encode())


# -- CSV in other encodings


@pytest.mark.parametrize("encoding", ["iso2022_jp_ext", "utf-16-le", "utf-16-be", "utf-16", "euc_jp", "cp932", "utf-8"])
def test_a_csv_is_read_in_the_encoding_in_which_it_has_our_header(encoding: str) -> None:
    text = TEXT if encoding not in {"euc_jp", "iso2022_jp_ext"} else TEXT.replace("髙﨑建設㈱", "見本建設")
    assert cells(text.encode(encoding))[1][1] == ROW[1].replace(
        "髙﨑建設㈱", "見本建設" if text != TEXT else "髙﨑建設㈱"
    )


def test_vendors_characters_of_iso_2022_jp_are_read_and_lost_ones_told() -> None:
    before, after = (part.encode("iso2022_jp") for part in TEXT.split("髙﨑建設㈱"))
    # NEC's ㈱ stands in row 13; the last row of the table is nobody's.
    assert cells(before + b"\x1b$B7zO?\x2d\x6a\x1b(B" + after)[1][1] == "建録㈱"
    lost = before + b"\x1b$B\x7e\x7e7z\x1b(B" + after
    parsed = parse_book(read(lost), Layout())
    assert [(row.guarantee.contractor, row.guarantee.number) for row in parsed.guarantees] == [("〓建", "49965-719830")]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("xl/workbook.bin",), "XLSB"),
        (("mimetype", "content.xml"), "OpenDocument"),
        (("word/document.xml",), "ではありません"),
    ],
)
def test_other_packages_are_named_for_what_they_are(names: tuple[str, ...], words: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    with pytest.raises(TableError, match=words):
        read(buffer.getvalue())
