"""A table that a clerk mails with the notices he enters → its forms. What is read here is hostile until its sender is proven.

Called by contents.py for each file of a mail whose subject says that notices are entered. Limits are far below a register's: a form
has a few rows. Raises nothing else than MemoryError; calamine may abort the process.
"""

from __future__ import annotations

from bot.core.notice.document import Document
from bot.core.notice.entry_forms import EntryTable, entry_table, forms_in_book
from bot.core.policy.policy import Formats
from bot.spreadsheets.reading import book_of
from bot.spreadsheets.sheets import TableError

_BYTES = 5 * 1024 * 1024
_ROWS = 2_000
_UNPACKED_BYTES = 32 * 1024 * 1024
# By the bytes' own marks (opening.py): Excel's two formats, and text.
_TABLES = frozenset({"application/vnd.openxmlformats-officedocument", "application/x-ole-storage", "text/plain"})


def read_entry_table(name: str, document: Document, content: bytes, how: str, formats: Formats) -> EntryTable | None:
    """The forms in a file; None for what is no table (a PDF, a picture). `name`: the file's, cleaned; `how`: the notices came."""
    if document.media_type not in _TABLES:
        return None
    if len(content) > _BYTES:
        return EntryTable(name, (), (f"ファイルが大きすぎます（上限 {_BYTES // 1024 // 1024} MB）",))
    try:
        book = book_of(content, layout=formats, max_rows=_ROWS, max_unpacked_bytes=_UNPACKED_BYTES)
    except TableError as error:
        return entry_table(name, (), (str(error),), formats)
    forms, wrong = forms_in_book(book, formats, how)
    return entry_table(name, forms, wrong, formats)
