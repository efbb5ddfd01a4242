"""Databases as older programs left them: made from the migrations' files alone, with rows put in by hand."""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from storage.files import sqlite_file
from storage.migrate import migrations, statements
from tests.storage.samples import AT

Row = tuple[str, Mapping[str, Any]]

MAIL = {
    "identity": "a",
    "digest": "a",
    "source": "smtp",
    "peer": "192.0.2.7",
    "mail_from": "tanto@kensetsu.example.jp",
    "rcpt_tos": '["hosho@city.example.jp"]',
    "received_at": AT,
    "size_bytes": 10,
    "state": "sorted",
    "reason": "notice_found",
    "next_attempt_at": AT,
    "state_at": AT,
    "content": b"Message-ID: <old@example.jp>\r\n\r\n\r\n",
}
GUARANTEE = {
    **dict.fromkeys(
        (
            *("project_name", "contractor", "jv_name", "orderer", "deposit_bank", "email", "desk"),
            *("project_fold", "contractor_fold", "contractor_core", "jv_fold"),
        ),
        "",
    ),
    "product": "contract",
    "number": None,
    "revision": 0,
    "auth_key": None,
    "wants_issued_mail": False,
    "state": "key_received",
}
SUBMISSION = {
    **dict.fromkeys(("project_name", "contractor", "product_as_written", "number_as_written", "document_name"), ""),
    "receipt_number": "20261122-0001-1",
    "mail_id": 1,
    "state": "held",
    "state_at": AT,
    "reasons": "[]",
    "product": "contract",
    "number": "00123-456789",
    "auth_key": None,
    "key_mark": "",
    "read_from": "pdf_text",
    "evidence": "[]",
    "guarantee_id": None,
    "sender": "tanto@kensetsu.example.jp",
    "received_at": AT,
    "sender_proven": True,
}
JOURNAL = {
    "at": AT,
    "actor": "契約課A",
    "event": "mail.sorted",
    "subject_kind": "mail",
    "subject_id": "1",
    "detail": '{"reason": "notice_found", "no_reply": null, "submissions": ["20261122-0001-1"]}',
}


async def older_database(url: str, version: int, rows: Sequence[Row], then: Sequence[str] = ()) -> None:
    """Make the database at `url` as the program of that version did, put the rows in, and run some SQL."""
    file = sqlite_file(url) if url.startswith("sqlite") else None
    if file is None:
        await _on_postgresql(url, version, rows, then)
        return
    file.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA secure_delete=OFF")  # which some builds have on
        database.execute("BEGIN")
        for migration in _upto("sqlite", version):
            for statement in statements(migration.sql):
                database.execute(statement)
        database.execute(
            "CREATE TABLE schema_version "
            "(version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
        for migration in _upto("sqlite", version):
            database.execute(
                "INSERT INTO schema_version VALUES (?, ?, ?)", (migration.version, migration.name, str(AT))
            )
        for table, row in rows:
            values = [str(value) if isinstance(value, datetime) else value for value in row.values()]
            places = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", values)
        database.execute("COMMIT")
        for sql in then:
            database.execute(sql)


async def _on_postgresql(url: str, version: int, rows: Sequence[Row], then: Sequence[str]) -> None:
    import asyncpg  # noqa: PLC0415 - an extra

    connection = await asyncpg.connect(url)
    try:
        for migration in _upto("postgresql", version):
            await connection.execute(migration.sql)
        await connection.execute(
            "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
            "applied_at TIMESTAMPTZ NOT NULL)"
        )
        for migration in _upto("postgresql", version):
            insert = "INSERT INTO schema_version VALUES ($1, $2, $3)"
            await connection.execute(insert, migration.version, migration.name, AT)
        for table, row in rows:
            places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
            await connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())
        for sql in then:
            await connection.execute(sql)
    finally:
        await connection.close()


def _upto(dialect: str, version: int):
    return [migration for migration in migrations(dialect) if migration.version <= version]
