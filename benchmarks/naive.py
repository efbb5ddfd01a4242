"""The script that one would otherwise write in an afternoon: the yardstick beside which our figures stand.

One mail after another, all in one process: email, pypdfium2, a few regular expressions, sqlite3, a connection to the
relay for each answer. It keeps no mail, limits no paper, knows no second copy and asks nobody when it is in doubt.
Timed by steps.py and house.py. Raises whatever its libraries raise.
"""

from __future__ import annotations

import email
import email.policy
import re
import smtplib
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pypdfium2

from bot.core.records.guarantee import Guarantee

_PATTERNS = {
    "project_name": re.compile(r"工事名:\s*(.+)"),
    "contractor": re.compile(r"受注者名:\s*(.+)"),
    "product": re.compile(r"商品\s*\(保証区分\):\s*(\S+)"),
    "number": re.compile(r"保証契約番号:\s*(\d{5}-\d{6})"),
    "auth_key": re.compile(r"認証キー:\s*([0-9A-Za-z]{12})"),
}
_TABLES = """
CREATE TABLE guarantee (id INTEGER PRIMARY KEY, number TEXT, project_name TEXT, auth_key TEXT);
CREATE INDEX guarantee_by_number ON guarantee (number);
CREATE TABLE log (id INTEGER PRIMARY KEY, message_id TEXT, number TEXT, found INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Read:
    """A mail as the script sees it: what it needs for the answer, and what it found in the first PDF that had anything."""

    message_id: str
    sender: str
    subject: str
    fields: dict[str, str]


def read(content: bytes) -> Read:
    """Take the mail apart and look for the labels in its PDFs."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    fields: dict[str, str] = {}
    for part in message.walk():
        if part.get_content_type() == "application/pdf" and not fields:
            fields = _fields(_text(part.get_payload(decode=True)))
    return Read(str(message["Message-ID"]), str(message["From"]), str(message["Subject"]), fields)


def _text(content: object) -> str:
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return ""
    pages = [page.get_textpage().get_text_range() for page in pdf]
    pdf.close()
    return "\n".join(pages)


def _fields(text: str) -> dict[str, str]:
    text = unicodedata.normalize("NFKC", text)
    found = {name: pattern.search(text) for name, pattern in _PATTERNS.items()}
    return {name: match.group(1).strip() for name, match in found.items() if match}


class Ledger:
    """The script's SQLite file, as sqlite3 opens it: a journal, FULL."""

    def __init__(self, file: Path, guarantees: Sequence[Guarantee]) -> None:
        self._connection = sqlite3.connect(file)
        self._connection.executescript(_TABLES)
        rows = [(guarantee.number, guarantee.project_name) for guarantee in guarantees]
        self._connection.executemany("INSERT INTO guarantee (number, project_name) VALUES (?, ?)", rows)
        self._connection.commit()

    def find(self, number: str) -> int | None:
        """The id of the guarantee with exactly this number."""
        row = self._connection.execute("SELECT id FROM guarantee WHERE number = ?", (number,)).fetchone()
        return int(row[0]) if row else None

    def note(self, mail: Read, guarantee_id: int | None) -> None:
        """Enter the key and that the mail was seen."""
        if guarantee_id is not None:
            key = mail.fields.get("auth_key")
            self._connection.execute("UPDATE guarantee SET auth_key = ? WHERE id = ?", (key, guarantee_id))
        seen = (mail.message_id, mail.fields.get("number"), guarantee_id is not None)
        self._connection.execute("INSERT INTO log (message_id, number, found) VALUES (?, ?, ?)", seen)
        self._connection.commit()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def compose(mail: Read, guarantee_id: int | None) -> EmailMessage:
    """Word the answer."""
    answer = EmailMessage()
    answer["Subject"] = "【受付】" + mail.subject
    answer["From"] = "hosho@city.example.jp"
    answer["To"] = mail.sender
    answer["In-Reply-To"] = mail.message_id
    result = "受け付けました。" if guarantee_id is not None else "台帳に見つかりませんでした。"
    lines = (f"{name}：{mail.fields.get(name)}" for name in ("project_name", "contractor", "number"))
    answer.set_content("\n".join((*lines, result)) + "\n")
    return answer


def send(answer: EmailMessage, port: int) -> None:
    """Hand it to the relay on this machine."""
    with smtplib.SMTP("127.0.0.1", port) as relay:
        relay.send_message(answer)


def handle(content: bytes, ledger: Ledger, port: int) -> None:
    """One mail, from its bytes to the answer handed over."""
    mail = read(content)
    guarantee_id = ledger.find(mail.fields.get("number", ""))
    ledger.note(mail, guarantee_id)
    send(compose(mail, guarantee_id), port)
