"""A clerk's answers to a living daemon: from the alert to the verified certificate, over a crash, and behind a gateway that strips."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from email.message import EmailMessage

import pytest

from tests.mail_programs import PROGRAMS, answer
from tests.whole.conftest import DESK, INBOX, Letter, mail_with, notice, wait_until

LEAFLET = "chromium-leaflet"
MX = 'authserv_id = "mx.city.example.jp"'
PROVEN = "mx.city.example.jp; dmarc=pass header.from={}"
CONTRACTOR = "tanto@kensetsu.example.jp"


def from_contractor(name: str = LEAFLET) -> EmailMessage:
    """A notice as the city's MX hands it over."""
    mail = mail_with(name)
    mail["Authentication-Results"] = PROVEN.format("kensetsu.example.jp")
    return mail


def other_name(name: str = LEAFLET) -> str:
    """A register that calls the work otherwise: a person must decide."""
    fields = notice(name)
    row = (fields["number"], "前払金保証", "別の名称の工事", fields["contractor"])
    return "保証契約番号,商品(保証区分),工事名,受注者名\n" + ",".join(row) + "\n"


def answer_to(letter: Letter, words: str, program: str = "Gmail", count: int = 1) -> EmailMessage:
    """A desk's answer as this program writes it."""
    return answer(
        letter.subject,
        letter.text,
        letter.message_id,
        words,
        program=program,
        sender=DESK,
        inbox=INBOX,
        count=count,
        mx="mx.city.example.jp",
    )


def states(bot) -> list[str]:
    return [str(row["state"]) for row in bot.rows("submissions", "list")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_desk_decides_with_each_mail_program(daemon, relay, program):
    bot = daemon(mail=MX, register=other_name())
    bot.send(from_contractor())
    alert, _receipt = relay.take(2)
    assert alert.recipient == DESK
    bot.send(answer_to(alert, "お疲れ様です。\n承認します。", program))
    (reply,) = relay.take(1)
    assert (reply.recipient, reply.reverse_path, reply.mail["Auto-Submitted"]) == (DESK, "", "auto-replied")
    assert "受け付けました" in reply.text
    assert states(bot) == ["accepted"]
    bot.send(answer_to(reply, "確認済", program, 2))
    told, verified = relay.take(2)
    assert (told.recipient, verified.recipient) == (DESK, CONTRACTOR)
    assert "【確認済】" in verified.subject
    assert states(bot) == ["verified"]
    assert [row["state"] for row in bot.rows("mail", "list")] == ["answered", "answered", "sorted"]
    bot.command("journal", "verify")


def test_an_answer_is_carried_out_once_over_a_crash_in_its_middle(daemon, relay):
    bot = daemon(mail=MX, register=other_name())
    bot.send(from_contractor())
    alert, _receipt = relay.take(2)
    assert bot.stop() == 0
    bot.environment["HOSHO_CRASH_AT"] = "settle.before_commit"
    bot.start()
    bot.send(answer_to(alert, "差戻し 工事名が契約書と異なるため"))
    bot.wait_for_crash()
    bot.environment.pop("HOSHO_CRASH_AT")
    bot.start()
    reply, sent_back = relay.take(2)
    assert (reply.recipient, sent_back.recipient) == (DESK, CONTRACTOR)
    assert states(bot) == ["refused"]
    assert bot.stop() == 0
    assert relay.is_quiet()


def test_a_yes_is_carried_out_once_over_a_crash_in_its_middle(daemon, relay):
    bot = daemon(mail=MX, register=other_name())
    bot.send(from_contractor())
    alert, _receipt = relay.take(2)
    bot.send(answer_to(alert, "承認します。業者が倒産しました。"))
    (asking,) = relay.take(1)
    assert "「はい」とだけ返信してください" in asking.text
    assert states(bot) == ["held"]
    assert bot.stop() == 0
    bot.environment["HOSHO_CRASH_AT"] = "settle.before_commit"
    bot.start()
    bot.send(answer_to(asking, "はい。", "Outlook", 2))
    bot.wait_for_crash()
    bot.environment.pop("HOSHO_CRASH_AT")
    bot.start()
    (reply,) = relay.take(1)
    assert "ご返信（はい）により" in reply.text
    assert states(bot) == ["accepted"]
    assert bot.stop() == 0
    assert relay.is_quiet()


def test_the_same_answer_sent_again_changes_nothing(daemon, relay):
    bot = daemon(mail=MX, register=other_name())
    bot.send(from_contractor())
    alert, _receipt = relay.take(2)
    bot.send(answer_to(alert, "訂正 受注者名 株式会社みほん建設"))
    relay.take(1)
    bot.send(answer_to(alert, "訂正 受注者名 株式会社みほん建設", count=2))  # replayed under another Message-ID
    (help_,) = relay.take(1)
    assert "先のご返信を処理した後" in help_.text.replace("\n", "")
    lines = [row for row in bot.rows("journal", "list") if row["event"] == "submission.corrected"]
    assert len(lines) == 1


def test_a_list_for_disposal_is_mailed_approved_by_an_answer_and_carried_out(daemon, relay):
    approver = "bunsho@city.example.jp"
    bot = daemon(
        mail=f'{MX}\nstaff_domains = ["city.example.jp"]',
        extra=f'\n[retention]\nmails_days = 30\napprover = "{approver}"\n',
    )
    bot.unchecked = "a mail is disposed of"
    mail = mail_with()
    mail["X-Hosho-Bot"] = "1"  # ours: it ends at once, and nobody is told
    bot.send(mail)
    wait_until(lambda: bot.rows("mail", "list")[0]["state"] == "ignored")
    with closing(sqlite3.connect(bot.folder / "data/hosho.db", timeout=30)) as database:
        database.execute("UPDATE mail SET state_at = '2020-01-01 00:00:00+00:00'")
        database.commit()
    assert "1件）を送ります" in bot.command("disposal", "mail")
    (listed,) = relay.take(1)
    assert listed.recipient == approver
    assert "既に送っています" in bot.command("disposal", "mail")
    told = {"sender": approver, "inbox": INBOX, "count": 1, "mx": "mx.city.example.jp", "program": "Outlook"}
    bot.send(answer(listed.subject, listed.text, listed.message_id, "承認します。", **told))
    notes = [relay.take(1)[0] for _ in range(2)]
    assert [note.recipient for note in notes] == [approver] * 2
    assert "1件を廃棄しました" in "".join(note.text for note in notes)
    events = {str(line["event"]): str(line["actor"]) for line in bot.rows("journal", "list")}
    assert [events[f"disposal.{name}"] for name in ("approved", "done", "finished")] == [approver] * 3
    assert "保存期間を過ぎて廃棄しました" in bot.command("mail", "show", "1", "--raw", code=1)
    bot.command("journal", "verify")
