"""A canary key: after a daemon has taken, matched, answered, shown and summarised it, it is found nowhere but where it was asked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from bot.core.summary.entry_form import entry_workbook
from bot.spreadsheets.writing import workbook
from tests.whole.conftest import DESK, INBOX, mail_with, notice, register_of
from tests.whole.world import wait_until

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
    bot = daemon(register=register_of(LEAFLET), looks=True)
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


def entry_mail() -> EmailMessage:
    """A clerk's mail that enters two notices: in its words, and in a table."""
    mail = EmailMessage()
    mail["Authentication-Results"] = "mx.city.example.jp; dmarc=pass header.from=city.example.jp"
    mail["From"] = DESK
    mail["To"] = INBOX
    mail["Subject"] = "手入力 FAX"
    mail["Message-ID"] = "<entry@city.example.jp>"
    mail.set_content(
        f"工事名：{WORK}\n受注者名：{FIRM}\n保証区分：契約保証\n保証契約番号：10001-000001\n認証キー：{TYPED}\n"
    )
    form, explained = entry_workbook()
    rows = (("10001-000002", FILLED_IN, WORK, FIRM, "前払金保証", ""), (FILLED_IN, "", FILLED_IN, FIRM, FILLED_IN, ""))
    table = workbook((replace(form, rows=rows), explained))
    mail.add_attachment(table, maintype="application", subtype="octet-stream", filename="form.xlsx")
    return mail


WORK, FIRM, FILLED_IN = "市道5号線改良工事", "株式会社みほん建設", "Kanar2eXce1s"


def test_keys_that_a_clerk_enters_by_mail_are_found_in_the_mail_that_brings_them_to_the_desk_alone(daemon, relay):
    register = "保証契約番号,商品(保証区分),工事名,受注者名\n" + "".join(
        f"10001-00000{n},{product},{WORK},{FIRM}\n" for n, product in ((1, "契約保証"), (2, "前払金保証"))
    )
    extra = '[answers]\nkeys = "separate"\n[log]\nlevel = "debug"\n'
    bot = daemon(mail='authserv_id = "mx.city.example.jp"', extra=extra, register=register, looks=True)
    keys = [TYPED, FILLED_IN]
    bot.send(entry_mail())
    letters = relay.take(1)
    wait_until(lambda: [row["state"] for row in bot.rows("submissions", "list")] == ["accepted"] * 2)
    letters += relay.take(1)  # what became of them
    bot.command("summary", "--send")
    letters += relay.take(2)
    shown = {letter.subject: [key in letter.text for key in keys] for letter in letters}
    assert sum(map(any, shown.values())) == 1
    assert shown["【認証キー】D-Sureの確認用（2件）"] == [True, True]
    assert files_with(bot.folder, keys) == []
    assert bot.stop() == 0
    assert files_with(bot.folder, keys) == []
