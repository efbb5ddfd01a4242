"""Tables that are mailed to enter notices are read in the confined child: what they say, and what a hostile one does to it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pytest
import xlsxwriter

from bot.core.notice.entry_forms import EntryForm, EntryTable
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import Product
from bot.core.records.reasons import PaperReason
from bot.core.records.secret import AuthKey
from bot.documents.pool.reader import Reader
from tests.in_process_reader import InProcessReader

KEY, NUMBER = "aB3dEf6hIj9k", "10001-000001"
HEAD = ("工事名", "受注者名", "保証区分", "保証契約番号", "認証キー", "メールアドレス")
ROW = ("市道第５号線改良工事", "株式会社みほん建設", "前払金保証", NUMBER, KEY, "koji@kensetsu.example.jp")
TAKEN = EntryForm(NUMBER, AuthKey(KEY), ROW[0], ROW[1], Product.ADVANCE_PAYMENT, ROW[5], "FAX")
SUBJECT = "手入力 FAX"

Filling = Callable[[xlsxwriter.workbook.Workbook, xlsxwriter.worksheet.Worksheet], object]


def book(*rows: tuple[object, ...], fill: Filling = lambda book, sheet: None) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as made:
        sheet = made.add_worksheet("様式")
        for line, cells in enumerate((HEAD, *rows)):
            for index, cell in enumerate(cells):
                sheet.write(line, index, cell)
        fill(made, sheet)
    return buffer.getvalue()


def csv_of(*rows: tuple[str, ...], encoding: str = "cp932") -> bytes:
    return "\r\n".join(",".join(row) for row in (HEAD, *rows)).encode(encoding)


def mail(content: bytes, name: str = "form.xlsx", subject: str = SUBJECT) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "yamada@city.example.jp"
    message["Subject"] = subject
    message.set_content("お願いします。\n")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


@pytest.fixture
def reader() -> Reader:
    return InProcessReader()


async def read(reader: Reader, message: EmailMessage, formats: Formats | None = None) -> tuple[EntryTable, ...]:
    found = await reader.read(message.as_bytes(), formats)
    assert isinstance(found, UnderstoodMail)
    return found.filled


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (book(ROW), "form.xlsx"),
        (book(ROW), "form.csv"),
        (csv_of(ROW), "form.csv"),
        (csv_of(ROW, encoding="utf-8-sig"), "form.xlsx"),
        (csv_of(ROW, encoding="utf-16"), ""),
    ],
)
async def test_a_table_is_told_by_its_bytes(reader: Reader, content: bytes, name: str) -> None:
    (one,) = await read(reader, mail(content, name))
    assert (one.forms, one.wrong) == ((TAKEN,), ())


async def test_nothing_is_a_form_under_another_subject(reader: Reader) -> None:
    assert await read(reader, mail(book(ROW), subject="認証キー")) == ()


async def test_the_citys_own_titles_count(reader: Reader) -> None:
    content = csv_of(ROW).replace("工事名".encode("cp932"), "契約の名称".encode("cp932"))
    (one,) = await read(reader, mail(content), Formats(columns=(("契約の名称", "工事名"),)))
    assert one.forms == (TAKEN,)


async def test_the_right_rows_are_taken_and_the_wrong_ones_told(reader: Reader) -> None:
    (one,) = await read(reader, mail(book(ROW, (*ROW[:3], "10001-000002", 123456789012, ""), (*ROW[:3], "", KEY))))
    assert one.forms == (TAKEN,)
    assert [line.partition("。")[0] for line in one.wrong] == [
        "3行目 認証キー: 認証キーがExcelにより数値又は日付に変わっています",
        "4行目: 保証契約番号か認証キーがありません",
    ]


async def test_a_formula_counts_as_the_value_that_was_saved_with_it_and_is_never_calculated(reader: Reader) -> None:
    def fill(_: object, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        for line, value in enumerate((KEY, 100000, ""), 1):
            for index, cell in enumerate(ROW):
                sheet.write(line, index, cell)
            sheet.write(line, 3, f"10001-00000{line}")
            sheet.write_formula(line, 4, '="zY8"&"xWv5uTs2r"', None, value)

    (one,) = await read(reader, mail(book(fill=fill)))
    assert one.forms == (TAKEN,)
    assert [line[:10] for line in one.wrong] == ["3行目 認証キー: ", "4行目: 保証契約番"]


async def test_a_packed_table_is_read_and_one_in_somebody_elses_mail_is_not(reader: Reader) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("form.xlsx", book(ROW))
    (one,) = await read(reader, mail(packed.getvalue(), "form.zip"))
    assert one.forms == (TAKEN,)
    outer = mail(b"%PDF-1.4 damaged", "x.pdf")
    outer.add_attachment(mail(book(ROW)))
    assert await read(reader, outer) == ()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """A workbook with another part in the place of one."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, part if member == name else old.read(member))
    return made.getvalue()


def far(row: int) -> bytes:
    return book(ROW, fill=lambda _, sheet: sheet.write(row - 1, 0, "x"))


SHEET = "xl/worksheets/sheet1.xml"
LARGE = b"<worksheet>" + b" " * (40 << 20) + b"</worksheet>"


TROUBLES: list[tuple[Callable[[], bytes], str]] = [  # made when they are needed: some take a second
    (lambda: with_part(book(ROW), SHEET, LARGE), "展開すると大きすぎる"),
    (lambda: far(1_048_576), "A1048576"),
    (lambda: far(2_001), "上限 2000 行"),
    (lambda: with_part(book(ROW), SHEET, b"<worksheet><sheetData><row><c"), ""),
    (lambda: csv_of(*[ROW] * 2_001), "上限 2000 行"),
    (lambda: csv_of(ROW) + b'\r\n"', "引用符"),
    (lambda: b"x" * (6 << 20), "大きすぎます"),
    ("これは表ではありません。".encode, "見出しの行が見つかりません"),
    (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "読み取れません"),
    (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "パスワード"),
]


@pytest.mark.parametrize(("content", "told"), TROUBLES, ids=range(len(TROUBLES)))
async def test_what_is_no_table_or_too_large_is_told(reader: Reader, content: Callable[[], bytes], told: str) -> None:
    (one,) = await read(reader, mail(content()))
    assert one.forms == ()
    assert told in one.wrong[0]


@pytest.mark.process
async def test_a_child_lives_over_each_of_them() -> None:
    async with Reader(1, sees=False) as confined:
        for content, told in TROUBLES:
            (one,) = await read(confined, mail(content()))
            assert (one.forms, told in one.wrong[0]) == ((), True)


async def test_half_a_workbook_is_no_form_and_its_paper_says_why(reader: Reader) -> None:
    found = await reader.read(mail(book(ROW)[:2000]).as_bytes())
    assert isinstance(found, UnderstoodMail)
    assert (found.filled, found.papers[0].reason) == ((), PaperReason.DAMAGED)


@pytest.mark.process
async def test_sizes_that_lie_end_no_more_than_a_child() -> None:
    """The directory says 1 KiB, and 600 MiB come out: what looks at it first sees the lie, or the child dies alone."""
    content = bytearray(with_part(book(ROW), SHEET, b"<worksheet>" + b" " * (600 << 20) + b"</worksheet>"))
    place = content.rindex(SHEET.encode()) - 46
    content[place + 24 : place + 28] = (1024).to_bytes(4, "little")
    async with Reader(1, sees=False) as confined:
        assert all(one.forms == () for one in await read(confined, mail(bytes(content))))
        (one,) = await read(confined, mail(book(ROW)))
    assert one.forms == (TAKEN,)


async def test_more_rows_than_a_mail_may_bring_are_not_taken_at_all(reader: Reader) -> None:
    (one,) = await read(reader, mail(csv_of(*[(*ROW[:3], f"10001-{n:06}", KEY, "") for n in range(101)])))
    assert one.forms == ()
    assert one.wrong == ("101件あります。1通のメールで受け付けるのは100件までです。分けて送ってください",)


async def test_a_key_stands_in_no_word_about_what_is_wrong(reader: Reader) -> None:
    rows = [(KEY, *ROW[1:3], NUMBER, "鍵" + KEY, ""), (*ROW[:2], KEY, NUMBER, KEY, KEY)]
    (one,) = await read(reader, mail(csv_of(*rows)))
    assert one.forms == ()
    assert len(one.wrong) >= 2
    assert KEY not in "".join(one.wrong)
