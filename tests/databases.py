"""An empty SQLite database for a test, copied instead of created: the schema is most of what opening a new one costs.

`give(file)` before `Store.open`; the Store then finds its schema, and gives the database its secret as it does a new one. The
tests of opening and migrating (tests/storage) begin with no file.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from storage.files import make_folder
from storage.store import Store

_empty: list[bytes] = []


async def give(file: Path) -> None:
    """Put the empty database there, unless there is one."""
    if not _empty:
        with tempfile.TemporaryDirectory() as folder:
            created = Path(folder, "empty.db")
            await (await Store.open(f"sqlite:///{created}", durable=False)).close()
            _empty.append(_without_secret(created))
    _put(_empty[0], file)


def _without_secret(file: Path) -> bytes:
    with closing(sqlite3.connect(file)) as database:
        database.execute("DELETE FROM vault")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.read_bytes()


def _put(content: bytes, file: Path) -> None:
    if not file.exists():
        make_folder(file.parent)
        file.write_bytes(content)
        file.chmod(0o600)
