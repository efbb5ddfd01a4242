"""Reading CSV in the encodings and with the delimiters that offices use.

Called by reading.py, which chooses by the header that is found. Raises TableError.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterator

from bot.core.mail.charset import decode
from bot.core.register.headers import HEADER_SEARCH_ROWS
from bot.core.register.tables import Table, TableRow
from bot.core.text.spreadsheet_text import plain
from bot.spreadsheets.sheets import MAX_COLUMNS, TableError

DELIMITERS = (",", "\t", ";")
_ESCAPES = (b"\x1b$@", b"\x1b$B", b"\x1b$(")
_UTF_16 = ("utf-16-le", "utf-16-be")


def marked_text(content: bytes, label: str) -> str:
    """The text of a file that names its encoding, by its mark before its label, and in truth where both are wrong."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16", "replace") if is_utf16 else decode(content, label).text.removeprefix("\ufeff")


def texts_of(content: bytes) -> Iterator[str]:
    """The file's text in each encoding in which it can be one, the likeliest first; never with characters lost but in ISO-2022-JP.

    UTF-8, UTF-16 (Excel's "Unicode text"), ISO-2022-JP, cp932, EUC-JP. Raises TableError when there is none.
    """
    if any(escape in content for escape in _ESCAPES):
        yield decode(content, "iso-2022-jp").text  # what is lost there becomes U+FFFD, and is reported by its row
        return
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\0" in content:
        encodings = _UTF_16
    else:
        encodings = ("utf-8-sig", "cp932", "euc_jp")
    is_any = False
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            is_any = True
            yield text
    if not is_any:
        if b"\0" in content:
            raise TableError("CSV・Excelのファイルではありません。CSV又はXLSXで保存し直してください。")
        raise TableError(
            "文字コードが分かりません。Excelで開き、「CSV UTF-8（コンマ区切り）」で保存し直してください。",
        )


def first_rows(text: str, delimiter: str) -> Table:
    """The rows in which a header may stand, leniently."""
    rows = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for line, cells in enumerate(itertools.islice(reader, HEADER_SEARCH_ROWS + 1), 1):
            rows.append(TableRow(line, tuple(cells[:MAX_COLUMNS])))
    except csv.Error:
        # A field too long for the reader: with this delimiter it is no table, or `table_of_text` says so.
        return Table(tuple(rows))
    return Table(tuple(rows))


def table_of_text(text: str, delimiter: str, max_rows: int) -> Table:
    """Every row, strictly."""
    rows = []
    # strict: an unclosed quote would swallow the rest of the file into one cell without a word.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for line, cells in enumerate(reader, 1):
            if line > max_rows:
                raise TableError(f"行が多すぎます（上限 {max_rows} 行）。")
            rows.append(TableRow(line, tuple(plain(cell) for cell in cells[:MAX_COLUMNS])))
    except csv.Error:
        raise TableError(
            f'CSVとして読み取れません（{len(rows) + 1}行目から）。引用符「"」が閉じているか確かめてください。',
        ) from None
    return Table(tuple(rows))
