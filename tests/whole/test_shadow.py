"""Shadow mode: a daemon beside the people answers nobody, tells how often it agreed, and sends nothing old when the mode ends."""

from __future__ import annotations

import json

from bot.core.records.outgoing_mail import Letter, OutboxState
from tests.whole.conftest import mail_with, notice, register_of
from tests.whole.world import wait_until

KNOWN, OTHER, UNKNOWN = "reportlab-embedded", "chromium-leaflet", "reportlab-gothic"
SHADOW = 'method = "smtp"\nshadow = true'
OPERATOR = '\n[operator]\naddress = "kanri@city.example.jp"\n'


def without_number(name: str) -> str:
    """A register that knows the paper's contract, and no number yet."""
    return register_of(name).replace(notice(name)["number"], "")


def test_a_shadow_answers_nobody_reports_and_leaves_nothing_to_be_sent_when_it_ends(daemon, relay):
    register = without_number(KNOWN) + without_number(OTHER).split("\n", 1)[1]
    bot = daemon(extra=OPERATOR, register=register, start=False)
    as_real = bot.config.read_text("utf-8")
    bot.config.write_text(as_real.replace('method = "smtp"', SHADOW), "utf-8")
    bot.start()
    for number, name in enumerate((KNOWN, OTHER, UNKNOWN)):
        bot.send(mail_with(name, message_id=f"{number}@kensetsu.example.jp"))
    wait_until(lambda: len(bot.rows("submissions", "list")) == 3)
    assert "試験運用" in bot.command("summary", "--send", code=1)
    kept_back = bot.rows("outbox", "list")
    assert {row["letter"] for row in kept_back} >= {Letter.RECEIPT.value, Letter.ALERT.value}
    assert {(row["state"], row["reason"]) for row in kept_back} == {(OutboxState.CANCELLED.value, "in_shadow")}
    assert [row["number"] for row in bot.rows("register", "list")] == ["", ""]  # people alone write it
    told = bot.command("status", code=0)
    assert "試験運用中です" in told
    assert f"試験運用のため送っていないもの: {len(kept_back)}件" in told
    assert bot.command("outbox", "list").count("試験運用のため送っていません") == len(kept_back)
    assert "試しのメールを送りません" in bot.command("doctor", "--mail", code=1)
    assert "試験運用中です" in bot.command("check-config", "--offline")
    assert "in shadow mode" in bot.log()
    # The people enter the first number in its row, and another one's in the second.
    people = register_of(KNOWN) + register_of(OTHER).split("\n", 1)[1].replace(notice(OTHER)["number"], "99999-000009")
    (bot.folder / "people.csv").write_text(people, "utf-8-sig")
    bot.command("register", "import", str(bot.folder / "people.csv"))
    report = json.loads(bot.command("shadow", "report", "--json"))
    counts = {name: report[name] for name in ("notices", "agreed", "differs", "left", "repeated", "open")}
    assert counts == {"notices": 3, "agreed": 1, "differs": 1, "left": 0, "repeated": 0, "open": 1}
    shown = bot.command("shadow", "report")
    assert "一致 1件（50.0％）" in shown
    assert [notice(name)["auth_key"] in shown for name in (KNOWN, OTHER, UNKNOWN)] == [False] * 3
    differs, still_open = (shown.partition(head)[2].splitlines()[1] for head in ("相違: 1件", "結果待ち: 1件"))
    assert notice(OTHER)["number"] in differs
    assert "台帳に別の番号を記入" in differs
    assert notice(UNKNOWN)["number"] in still_open
    assert json.loads(bot.command("shadow", "report", "--json", "--since", "2100-01-01"))["notices"] == 0
    assert bot.stop() == 0
    # The mode ends: only what comes now is answered.
    bot.config.write_text(as_real, "utf-8")
    bot.start()
    bot.send(mail_with(UNKNOWN, sender="betsu@kensetsu.example.jp", message_id="new@kensetsu.example.jp"))
    wait_until(lambda: "delivered" in {row["state"] for row in bot.rows("outbox", "list")})
    new = [row for row in bot.rows("outbox", "list") if row["id"] not in {old["id"] for old in kept_back}]
    relay.take(len(new))
    assert [row["state"] for row in bot.rows("outbox", "list", "--state", "queued")] == []
    assert {row["submission"].split("-")[1] for row in new} == {"0004"}


def test_what_waited_when_the_mode_began_does_not_leave(daemon, relay):
    bot = daemon(extra=OPERATOR, register=register_of(KNOWN), relay_port=1)
    bot.send(mail_with(KNOWN))
    wait_until(lambda: bot.rows("outbox", "list", "--state", "queued"))
    assert bot.stop() == 0
    text = bot.config.read_text("utf-8").replace("port = 1\n", f"port = {relay.port}\n")
    bot.config.write_text(text.replace('method = "smtp"', SHADOW), "utf-8")
    bot.start()
    wait_until(lambda: not bot.rows("outbox", "list", "--state", "queued"))
    assert {row["reason"] for row in bot.rows("outbox", "list")} == {"in_shadow"}
    assert bot.stop() == 0
    bot.config.write_text(text, "utf-8")
    bot.start()
    (waiting, *_) = bot.rows("outbox", "list")
    bot.command("outbox", "retry", str(waiting["id"]), code=1)
    assert bot.rows("outbox", "list", "--state", "queued") == []
