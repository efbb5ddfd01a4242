"""Opens a register's file and reads its table (bot/spreadsheets/reading.py).

Called by importing.py, workers/register_watch.py and `submissions add --file`. Raises TableError, a ValueError with a
Japanese message that says what to do, and OSError when the file can't be opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from bot.core.register.columns import Table
from bot.spreadsheets.reading import MAX_ROWS, TableError, table_of

# A city's register of many years has some 3 MB.
MAX_FILE_BYTES = 20 * 1024 * 1024


def read_table(
    path: Path,
    *,
    extra: Mapping[str, str],
    max_bytes: int = MAX_FILE_BYTES,
    max_rows: int = MAX_ROWS,
) -> Table:
    """The table of a CSV file or of a workbook's first sheet that has our columns. Raises TableError, OSError.

    `extra`: the city's own headers → our column names; they are used to choose the sheet and the delimiter.
    """
    with path.open("rb") as file:
        return table_in(file, extra=extra, max_bytes=max_bytes, max_rows=max_rows)


def table_in(
    file: IO[bytes], *, extra: Mapping[str, str], max_bytes: int = MAX_FILE_BYTES, max_rows: int = MAX_ROWS
) -> Table:
    """As `read_table`, of an open file."""
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise TableError(
            f"ファイルが大きすぎます（上限 {max_bytes // 1024 // 1024} MB）。台帳の部分だけを保存し直してください。",
        )
    return table_of(content, extra=extra, max_rows=max_rows)
