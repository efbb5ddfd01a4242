"""The whole daemon before a real mailbox: killed between a mail and its cursor, a UIDVALIDITY changed, a mail missed and found."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing

import pytest

from tests.whole.conftest import mail_with, register_of
from tests.whole.world import wait_until

pytestmark = pytest.mark.dovecot

LEAFLET = "chromium-leaflet"


@pytest.fixture
def bot(daemon, dovecot):
    """A daemon that watches the mailbox, not started."""
    extra = f"""
[imap]
enabled = true
host = "127.0.0.1"
port = {dovecot.imap_port}
tls = "none"
user = "{dovecot.user}"
password_file = "secret"
poll_seconds = 5
"""
    made = daemon(extra=extra, register=register_of(LEAFLET), start=False)
    secret = made.folder / "secret"
    secret.touch(0o600)
    secret.write_text(dovecot.password)
    return made


def asked(bot, question: str) -> list[tuple[object, ...]]:
    """What its database says; quicker than a command, for asking again and again."""
    with closing(sqlite3.connect(f"file:{bot.folder}/data/hosho.db?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


def cursor(bot) -> tuple[object, ...]:
    """UIDVALIDITY and last UID; nothing before the first look."""
    kept = (json.loads(memory) for (memory,) in asked(bot, "SELECT memory FROM mailbox_memory"))
    return next(((one["uidvalidity"], one["last_uid"]) for one in kept), ())


def states(bot) -> list[object]:
    return [state for (state,) in asked(bot, "SELECT state FROM mail ORDER BY id")]


def test_killed_between_keeping_a_mail_and_its_cursor_it_takes_and_answers_the_mail_once(bot, relay, dovecot):
    bot.environment["HOSHO_CRASH_AT"] = "imap.kept_before_cursor"
    bot.start()
    wait_until(lambda: cursor(bot))
    dovecot.append(mail_with(LEAFLET).as_bytes())
    bot.wait_for_crash()
    bot.environment.pop("HOSHO_CRASH_AT")
    bot.start()
    (letter,) = relay.take(1)
    assert letter.recipient == "tanto@kensetsu.example.jp"
    wait_until(lambda: cursor(bot)[1] == 1)
    assert states(bot) == ["sorted"]
    assert relay.is_quiet()


def test_after_a_new_uidvalidity_nobody_gets_a_second_answer(bot, relay, dovecot):
    bot.start()
    wait_until(lambda: cursor(bot))
    dovecot.append(mail_with(LEAFLET).as_bytes())
    relay.take(1)
    wait_until(lambda: cursor(bot)[1] == 1)
    bot.stop()
    before, _ = cursor(bot)
    dovecot.stop()
    while int(time.time()) <= before:  # Dovecot's new one is the time in seconds
        time.sleep(0.05)
    for path in dovecot.maildir.glob("dovecot*"):
        path.unlink()
    dovecot.start()
    bot.start()
    wait_until(lambda: cursor(bot)[0] != before and cursor(bot)[1] == 1)
    assert states(bot) == ["sorted"]
    assert "UIDVALIDITY has changed" in bot.log()
    assert relay.is_quiet()


def test_a_mail_that_was_missed_is_found_by_the_comparison_and_answered(bot, relay, dovecot, figure):
    bot.start()
    wait_until(lambda: cursor(bot))
    for number in range(3):
        dovecot.append(mail_with("certificate", message_id=f"{number}@kensetsu.example.jp").as_bytes())
    wait_until(lambda: cursor(bot)[1] == 3)
    bot.stop()
    # A mail that our cursor has passed and our store does not know: what no fault that we know of can make.
    dovecot.append(mail_with(LEAFLET, message_id="missed@kensetsu.example.jp").as_bytes())
    with closing(sqlite3.connect(bot.folder / "data" / "hosho.db")) as database, database:
        database.execute("UPDATE mailbox_memory SET memory = json_set(memory, '$.last_uid', 4)")
    assert "サーバー4件、取込み済み3件、不足1件（うち今回取り込んだもの1件）" in bot.command(
        "mailbox", "reconcile", code=1
    )
    assert "サーバー4件、取込み済み4件、不足0件" in bot.command("mailbox", "reconcile")
    bot.start()
    wait_until(lambda: "<missed@kensetsu.example.jp>" in [letter.mail["In-Reply-To"] for letter in relay.copies])
    figure("reconciliation with Dovecot: 4 mails there, 3 here, 1 missing: found, fetched, answered")
