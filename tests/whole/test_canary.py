"""A canary key: after a daemon has taken, matched, answered, shown and summarised it, it is found nowhere but where it was asked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

from tests.whole.conftest import INBOX, mail_with, notice, register_of

LEAFLET = "chromium-leaflet"
TYPED = "Kanar1aVog3l"


def typed() -> EmailMessage:
    """A mail in whose text and subject a key is typed."""
    mail = EmailMessage()
    mail["From"] = "jimu@kensetsu.example.jp"
    mail["To"] = INBOX
    mail["Subject"] = f"認証キー：{TYPED}"
    mail["Message-ID"] = "<typed@kensetsu.example.jp>"
    mail.set_content(f"保証契約番号：99999-000001\n認証キー：{TYPED}\n")
    return mail


def files_with(folder: Path, keys: list[str]) -> list[str]:
    """The files below a folder in which one of the keys stands, in any encoding that we write."""
    forms = [key.encode(encoding) for key in keys for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if any(form in path.read_bytes() for form in forms)]


def test_a_key_is_on_the_disk_in_no_file_of_ours(daemon, relay, figure):
    bot = daemon(register=register_of(LEAFLET))
    keys = [notice(LEAFLET)["auth_key"], TYPED]
    bot.send(mail_with(LEAFLET))
    bot.send(typed())
    letters = relay.take(3)  # two receipts, and an alert about the number that the register does not have
    bot.command("summary", "--send")
    letters += relay.take(1)
    (shown,) = [row for row in bot.rows("submissions", "list") if row["state"] == "accepted"]
    assert keys[0] in bot.command("submissions", "show", str(shown["receipt_number"]), "--reveal-keys")
    assert files_with(bot.folder, keys) == []  # while it runs: -wal and the log included
    assert bot.stop() == 0
    assert files_with(bot.folder, keys) == []
    assert [key in letter.text + letter.mail.as_string() for letter in letters for key in keys] == [False] * 8
    # That it would have been found: it is in there, sealed.
    with closing(sqlite3.connect(bot.folder / "data" / "hosho.db")) as database:
        sealed = [column for (column,) in database.execute("SELECT auth_key FROM submission")]
    assert [column.startswith("sealed1:") for column in sealed] == [True, True]
    bot.command("journal", "verify")
    figure(f"canary: 2 keys, {len(letters)} letters, 0 files of ours in which one stands")
