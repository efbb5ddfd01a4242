"""Opens a register's file and reads its tables (bot/spreadsheets/reading.py).

Called by importing.py, workers/register_watch.py and `submissions add --file`. Raises TableError, a ValueError with a
Japanese message that says what to do, and OSError when the file can't be opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from bot.core.register.layout import Layout
from bot.core.register.tables import Book
from bot.spreadsheets.reading import book_of
from bot.spreadsheets.sheets import MAX_ROWS, TableError

# A city's register of many years has some 3 MB.
MAX_FILE_BYTES = 20 * 1024 * 1024


def read_book(path: Path, *, layout: Layout, max_bytes: int = MAX_FILE_BYTES, max_rows: int = MAX_ROWS) -> Book:
    """The tables of a file that have our columns. `layout`: the city's ways. Raises TableError, OSError."""
    with path.open("rb") as file:
        return book_in(file, layout=layout, max_bytes=max_bytes, max_rows=max_rows)


def book_in(file: IO[bytes], *, layout: Layout, max_bytes: int = MAX_FILE_BYTES, max_rows: int = MAX_ROWS) -> Book:
    """As `read_book`, of an open file."""
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise TableError(
            f"ファイルが大きすぎます（上限 {max_bytes // 1024 // 1024} MB）。台帳の部分だけを保存し直してください。",
        )
    return book_of(content, layout=layout, max_rows=max_rows)
