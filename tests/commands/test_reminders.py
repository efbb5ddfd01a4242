"""`reminders list|done`: what is due and who would be told, today or on another day; nothing is sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.records.guarantee import GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason
from bot.office import command_context
from tests.storage.samples import GUARANTEE, add, arrival, settled

CONFIG = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
[storage]
folder = "data"
[smtp]
enabled = true
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
deputy = "kakaricho@city.example.jp"
head = "kacho@city.example.jp"
"""
REMINDERS = """
[reminders]
issued_without_notice_days = 3
contract_guarantee_due_days = 2
held_deputy_days = 1
contractor_days = 5
"""
CONTRACT = replace(
    GUARANTEE, number="", product=Product.CONTRACT, contracted_on=date(2031, 5, 7), state=GuaranteeState.EXPECTED
)
ISSUED = replace(GUARANTEE, issued_at=datetime(2031, 4, 30, 3, tzinfo=UTC), expires_on=None)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG + REMINDERS, "utf-8")

    async def prepare() -> None:
        async with command_context(file, may_begin=True) as office:
            await office.store.register.change(add(ISSUED, CONTRACT), actor="clerk", source="a.csv")
            await office.store.incoming.keep([arrival()])
            await office.store.submissions.settle(1, settled(state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))

    asyncio.run(prepare())
    return file


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def rows(config: Path, day: str) -> list[tuple[str, str, str]]:
    result = call(config, "reminders", "list", "--json", "--on", day)
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [(row["kind"], row["about"], row["to"]) for row in found if row["kind"] != "held_too_long"]


DESK = "keiyaku@city.example.jp"
ISSUED_DUE = ("issued_without_notice", "guarantee/1/0", DESK)
CONTRACT_DUE = ("contract_guarantee_due", "guarantee/2/0", DESK)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2031-05-01", [CONTRACT_DUE]),
        ("2031-05-06", [CONTRACT_DUE]),
        ("2031-05-07", [CONTRACT_DUE, ISSUED_DUE]),
        ("2031-05-09", [CONTRACT_DUE, ISSUED_DUE, (*ISSUED_DUE[:2], "Keiri@kensetsu.example.jp")]),
    ],
)
def test_it_looks_ahead_over_golden_week(config: Path, day: str, found: list[tuple[str, str, str]]):
    assert rows(config, day) == found


def test_it_says_which_mails_would_go_out_and_sends_none(config: Path):
    shown = call(config, "reminders", "list", "--on", "2031-05-09")
    assert shown.exit_code == 0
    assert "送るメール: kakaricho@city.example.jp へ「期限のお知らせ」（1件）" in shown.stdout
    assert "送るメール: Keiri@kensetsu.example.jp へ「お知らせの送付の再度のお願い」（1件）" in shown.stdout
    closed = call(config, "reminders", "list", "--on", "2031-05-05")
    assert "閉庁日のため、メールは送りません" in closed.stdout
    assert "送るメール" not in closed.stdout
    assert call(config, "outbox", "list").stdout.strip() == "0件"


def test_without_days_it_says_that_nothing_is_watched(config: Path):
    config.write_text(CONFIG, "utf-8")
    assert "期限を見張る設定がありません" in call(config, "reminders", "list").stdout
    assert call(config, "reminders", "list", "--json").stdout == ""


def test_what_is_dealt_with_is_told_no_more_until_it_is_taken_back(config: Path):
    words = ("reminders", "done", "contract_guarantee_due", "guarantee/2/0")
    assert call(config, *words, "--note", "紙で受領", "--actor", "契約課A").exit_code == 0
    assert rows(config, "2031-05-01") == []
    journal = call(config, "journal", "list", "--subject", "guarantee/2")
    assert "reminder.ended" in journal.stdout
    assert call(config, *words, "--remove").exit_code == 0
    assert rows(config, "2031-05-01") == [CONTRACT_DUE]
    again = call(config, *words, "--remove")
    assert (again.exit_code, again.stderr.strip()) == (1, "見つかりません: 対応済みとした期限 guarantee/2/0")


@pytest.mark.parametrize("about", ["guarantee/2", "submission/1", "0042", "mail/x", "guarantee/2/0\n"])
def test_what_is_no_number_of_a_due_is_refused(config: Path, about: str):
    assert call(config, "reminders", "done", "not_verified", about).exit_code == 2


def test_the_check_of_the_settings_takes_them(config: Path):
    assert call(config, "check-config").stdout.startswith("設定に誤りはありません。")
