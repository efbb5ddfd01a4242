"""The whole daemon as a process: mail in through each of its doors, letters out into a relay."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import stat

import pytest

from tests.peers import free_port
from tests.whole.conftest import DESK, INBOX, mail_with, notice, register_of, wait_until

LEAFLET = "chromium-leaflet"


def key_of(name: str, number: int = 0) -> str:
    return notice(name, number)["auth_key"]


def test_a_notice_mailed_by_smtp_is_matched_and_receipted(daemon, relay):
    bot = daemon(register=register_of(LEAFLET), looks=True, is_anew=True)
    bot.send(mail_with(LEAFLET))
    (letter,) = relay.take(1)
    assert letter.recipient == "tanto@kensetsu.example.jp"
    assert letter.reverse_path == ""
    assert letter.mail["Auto-Submitted"] == "auto-replied"
    assert letter.mail["In-Reply-To"] == "<a@kensetsu.example.jp>"
    assert letter.mail["References"] == "<a@kensetsu.example.jp>"
    assert letter.mail["From"].endswith(f"<{INBOX}>") or letter.mail["From"] == INBOX
    fields = notice(LEAFLET)
    for told in (fields["project_name"], fields["contractor"], fields["number"], "前払金保証", "受領のお知らせ"):
        assert told in letter.text
    assert fields["auth_key"] not in letter.mail.as_string() + letter.text
    (submission,) = bot.rows("submissions", "list")
    assert (submission["state"], submission["guarantee"]) == ("accepted", 1)
    assert bot.stop() == 0
    assert fields["auth_key"] not in bot.log()


def test_a_notice_that_needs_a_person_alerts_the_desk_and_the_sender_gets_the_same_receipt(daemon, relay):
    bot = daemon(looks=True)
    bot.send(mail_with(LEAFLET))
    alert, receipt = relay.take(2)
    assert alert.recipient == DESK
    assert "台帳に該当がありません" in alert.text
    assert alert.reverse_path == INBOX
    assert alert.mail["Auto-Submitted"] == "auto-generated"
    assert "受領のお知らせ" in receipt.text
    assert "台帳" not in receipt.text
    assert key_of(LEAFLET) not in alert.text


def test_a_mail_stored_before_a_power_cut_is_answered_after_it(daemon, relay):
    bot = daemon(register=register_of(LEAFLET))
    mail = mail_with(LEAFLET).as_bytes()
    bot.send(mail, mail_from="tanto@kensetsu.example.jp")
    bot.kill()
    bot.start()
    bot.send(mail, mail_from="tanto@kensetsu.example.jp")  # the client did not see the 250 and sends again
    (letter,) = relay.take(1)
    assert letter.recipient == "tanto@kensetsu.example.jp"
    assert bot.stop() == 0
    assert [row["state"] for row in bot.rows("mail", "list")] == ["sorted"]
    assert relay.is_quiet()


def test_a_letter_that_the_relay_refuses_is_told_in_the_summary(daemon, relay):
    relay.refuse.add("tanto@kensetsu.example.jp")
    bot = daemon(register=register_of(LEAFLET))
    bot.send(mail_with(LEAFLET))
    wait_until(lambda: [r["state"] for r in bot.rows("outbox", "list")] == ["bounced"])
    printed = bot.command("summary", "--print")
    assert "確認待ち：1件" in printed
    bot.command("summary", "--send")
    (summary,) = relay.take(1)
    assert summary.recipient == DESK
    assert "確認待ち：1件" in summary.text
    assert "・送信1（本日）" in summary.text


def test_the_issuance_complete_mail_goes_out_once_and_not_after_opting_out(daemon, relay):
    register = (
        "保証契約番号,商品(保証区分),工事名,受注者名,発行日時,電子保証発行完了のお知らせ,メールアドレス\n"
        "11111-111111,契約保証,橋梁工事,見本建設株式会社,2026/11/20 10:05,希望する,a@mihon.example.jp\n"
        "22222-222222,契約保証,道路工事,見本建設株式会社,2026/11/20 10:05,希望する,b@mihon.example.jp\n"
        "33333-333333,契約保証,水路工事,見本建設株式会社,,希望する,c@mihon.example.jp\n"
    )
    bot = daemon(register=register, start=False)
    bot.command("consent", "stop", "b@mihon.example.jp")
    bot.start()
    (letter,) = relay.take(1)
    assert letter.recipient == "a@mihon.example.jp"
    assert "発行完了のお知らせ" in letter.subject
    assert INBOX in letter.text
    bot.command("register", "import", str(bot.folder / "register.csv"))
    bot.stop()
    bot.start()
    bot.send(mail_with(LEAFLET))
    assert [letter.recipient for letter in relay.take(2)] == [DESK, "tanto@kensetsu.example.jp"]
    assert relay.is_quiet()


def test_a_register_put_into_the_watched_folder_is_taken_and_settles_what_waited(daemon, relay):
    bot = daemon(extra='[register]\nwatch_folder = "register"\n')
    bot.send(mail_with(LEAFLET))
    relay.take(2)
    (bot.folder / "register" / "new.csv").write_text(register_of(LEAFLET, "writer-west"), "cp932")
    wait_until(lambda: bot.rows("submissions", "list")[0]["state"] == "accepted")
    assert len(bot.rows("register", "list")) == 2
    assert [file.suffix for file in (bot.folder / "register" / "done").iterdir()] == [".csv"]


def test_a_mail_put_into_the_folder_is_answered_and_moved(daemon, relay):
    bot = daemon(extra='[folder]\npath = "in"\n', register=register_of(LEAFLET))
    wait_until((bot.folder / "in").exists)
    (bot.folder / "in" / "one.eml").write_bytes(mail_with(LEAFLET).as_bytes())
    (letter,) = relay.take(1)
    assert letter.recipient == "tanto@kensetsu.example.jp"
    assert [file.name for file in (bot.folder / "in" / "done").iterdir()] == ["one.eml"]


@pytest.mark.dovecot
def test_a_mailbox_is_watched_and_what_lay_there_before_is_listed_only(daemon, relay, dovecot):
    dovecot.append(mail_with("writer-west", message_id="old@x.example.jp").as_bytes())
    imap = f"""
[imap]
enabled = true
host = "127.0.0.1"
port = {dovecot.imap_port}
tls = "none"
user = "{dovecot.user}"
password_file = "secret"
poll_seconds = 5
"""
    bot = daemon(extra=imap, register=register_of(LEAFLET), start=False)
    secret = bot.folder / "secret"
    secret.touch(0o600)
    secret.write_text(dovecot.password)
    bot.start()
    wait_until(lambda: [r["reason"] for r in bot.rows("mail", "list")] == ["before_first_start"])
    dovecot.append(mail_with(LEAFLET, message_id="new@x.example.jp").as_bytes())
    (letter,) = relay.take(1)
    assert letter.mail["In-Reply-To"] == "<new@x.example.jp>"
    assert bot.stop() == 0
    assert all(b"\\Seen" not in flags for flags in dovecot.flags().values())
    assert relay.is_quiet()


@pytest.mark.postfix
def test_postfix_hands_over_by_lmtp(daemon, relay, postfix, tmp_path):
    port = free_port()
    bot = daemon(extra=f"[lmtp]\nenabled = true\nport = {port}\n", register=register_of(LEAFLET))
    postfix.deliver_to(port, protocol="lmtp")
    with smtplib.SMTP("127.0.0.1", postfix.smtp_port) as client:
        mail = mail_with(LEAFLET)
        client.sendmail(str(mail["From"]), [INBOX], mail.as_bytes())
    (letter,) = relay.take(1)
    assert letter.recipient == "tanto@kensetsu.example.jp"
    assert bot.rows("mail", "list")[0]["source"] == "lmtp"


def test_automatic_mail_is_never_answered_and_a_pdf_in_it_is_shown_to_a_person(daemon, relay):
    bot = daemon(register=register_of(LEAFLET))
    automatic = mail_with(LEAFLET, message_id="auto@x.example.jp")
    automatic["Auto-Submitted"] = "auto-replied"
    bot.send(automatic)
    bot.send(mail_with(LEAFLET, message_id="null@x.example.jp"), mail_from="")
    bot.send(mail_with(message_id="bounce@x.example.jp"), mail_from="")
    settled = [word for state in ("ignored", "passed_on", "sorted") for word in ("--state", state)]
    wait_until(lambda: len(bot.rows("mail", "list", *settled)) == 3)
    assert [row["state"] for row in bot.rows("mail", "list")] == ["ignored", "passed_on", "sorted"]
    assert [row["state"] for row in bot.rows("submissions", "list")] == ["held"]
    assert [letter.recipient for letter in relay.take(2)] == [DESK, DESK]
    assert relay.is_quiet()


def test_the_data_are_readable_by_their_owner_only(daemon, relay):
    bot = daemon()
    bot.send(mail_with(LEAFLET))
    relay.take(2)
    for path in (bot.folder / "data").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_clerks_words_are_mailed_to_the_contractor(daemon, relay):
    bot = daemon(register=register_of(LEAFLET))
    bot.send(mail_with(LEAFLET))
    relay.take(1)
    (row,) = bot.rows("submissions", "list")
    bot.command("submissions", "verify", str(row["receipt_number"]))
    (verified,) = relay.take(1)
    assert "確認" in verified.subject
    bot.send(mail_with("writer-west", message_id="b@kensetsu.example.jp"))
    relay.take(2)
    waiting = bot.rows("submissions", "list", "--state", "held")[0]["receipt_number"]
    bot.command("submissions", "refuse", str(waiting), "--reason", "別の市の工事のお知らせでした。")
    (back,) = relay.take(1)
    assert "別の市の工事のお知らせでした。" in back.text
    assert bot.command("submissions", "verify", str(waiting), code=1)


def test_a_hangup_takes_up_new_settings_and_leaves_those_before_when_they_are_wrong(daemon, relay):
    bot = daemon()
    good = bot.config.read_text("utf-8")

    def reload(settings: str, says: str) -> None:
        bot.config.write_text(settings, "utf-8")
        os.kill(bot.process.pid, signal.SIGHUP)
        wait_until(lambda: says in bot.log())

    reload(good.replace(DESK, "no address"), "前の設定のまま動いています")
    assert "設定の誤り desks" in bot.log()
    bot.send(mail_with(LEAFLET))
    assert DESK in {letter.recipient for letter in relay.take(2)}
    other = "yosan@city.example.jp"
    reload(good.replace(DESK, other).replace(f"port = {bot.smtp_port}", "port = 1"), "設定を読み直しました")
    assert "起動し直すまで使われません: smtp.port" in bot.log()
    bot.send(mail_with("writer-west", message_id="b@kensetsu.example.jp", sender="soumu@doboku.example.jp"))
    assert other in {letter.recipient for letter in relay.take(2)}
    assert bot.stop() == 0


def test_wrong_settings_are_told_all_at_once(daemon):
    bot = daemon(extra="[nonsense]\nx = 1\n[summary]\ntimes = ['25:00']\n", start=False)
    told = bot.command("check-config", code=2)
    assert "nonsense" in told
    assert "summary.times" in told


@pytest.mark.postgresql
def test_the_same_daemon_runs_on_postgresql(daemon, relay, new_postgresql):
    bot = daemon(storage=f"url = {json.dumps(new_postgresql)}", register=register_of(LEAFLET))
    bot.send(mail_with(LEAFLET))
    (letter,) = relay.take(1)
    assert notice(LEAFLET)["number"] in letter.text
