"""`status` and `mailbox`: what an operator reads in the morning, and the exit code for a watchdog."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.clock import utc_now
from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.reconciliation import MailboxCheck
from bot.core.health.workers import Worker, WorkerHealth
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.reasons import MailReason, OutboxReason
from bot.intake.imap.cursor import MailboxCursor
from bot.office import command_context
from bot.probing.glance import glimpse
from storage.database.daemon_lock import DaemonLock
from storage.store import Store
from tests.storage.samples import arrival, letter, settled, submission

BOX = "hosho@127.0.0.1/INBOX"
CONFIG = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
[storage]
folder = "data"
free_mib = 1
[imap]
enabled = true
host = "127.0.0.1"
port = 1
tls = "none"
user = "hosho"
password_file = "secret"
max_message_mib = 1
[smtp]
max_message_mib = 1
[lmtp]
max_message_mib = 1
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("pw")
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, "utf-8")
    return file


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def beside_a_daemon(config: Path, *words: str) -> Result:
    """While another holds the daemon's lock."""

    async def locked() -> Result:
        async with await DaemonLock.take(f"sqlite:///{config.parent}/data/hosho.db"):
            return await asyncio.to_thread(call, config, *words)

    return asyncio.run(locked())


def prepare(config: Path, *steps) -> None:
    """Do these with the store."""

    async def done() -> None:
        async with command_context(config, may_begin=True) as office:
            for step in steps:
                await step(office.store)

    asyncio.run(done())


def seen(minutes_ago: float):
    async def step(store: Store) -> None:
        await store.mailboxes.remember(MailboxCursor(BOX, 7, 12, utc_now() - timedelta(minutes=minutes_ago), 3).memory)

    return step


async def compared(store: Store) -> None:
    await store.mailboxes.note_check(MailboxCheck(BOX, utc_now(), 7, 9, 9))


async def three_mails(store: Store) -> None:
    await store.incoming.keep([arrival(), arrival(), arrival(before_first_start=True)])


def test_all_is_well_beside_a_running_daemon(config):
    prepare(config, seen(1), compared, three_mails)
    result = beside_a_daemon(config, "status")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[:2] == ["状態: 正常", "デーモン: 動いています"]
    assert next(line for line in lines if line.startswith("処理待ち")).startswith(
        "処理待ちのメール: 2件（最も古いもの "
    )
    assert "警報: 0件" in lines
    assert any("サーバー9件、取込み済み9件、不足0件" in line for line in lines)


async def a_question(store: Store) -> None:
    await store.incoming.keep([arrival(), arrival()])
    question = settled(submission(), state=MailState.BESIDES, reason=MailReason.NOTICE_AND_QUESTION)
    await store.submissions.settle(1, question)
    await store.submissions.settle(2, settled(state=MailState.ASKED, reason=MailReason.NOTICE_WANTED))


def test_open_work_is_counted_and_is_no_alarm(config):
    prepare(config, seen(1), compared, a_question)
    result = beside_a_daemon(config, "status")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("状態: 正常（担当者の対応待ち2件）\n")
    assert (
        "担当者の対応待ち: 2件（確認待ちの受付1件、D-Sureの確認0件、メール1件）（最も古いもの 2026-11-22 10:00）"
        in result.output
    )
    assert "差出人の返信待ち: 1件" in result.output
    told = json.loads(beside_a_daemon(config, "status", "--json").output)["open"]
    assert (told["count"], told["held"], told["mails"], told["since"]) == (2, 1, 1, "2026-11-22T01:00:00+00:00")


def test_a_daemon_that_does_not_run_is_not_well(config):
    prepare(config, seen(1))
    result = call(config, "status")
    assert result.exit_code == 1
    assert "デーモン: 動いていません（systemctl status hosho-bot を確かめてください）" in result.output


def test_a_mailbox_that_was_not_read_for_long_is_seen_without_the_daemons_help(config):
    prepare(config, seen(31))
    result = beside_a_daemon(config, "status", "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert (told["ok"], told["running"], told["mails"]["received"]) == (False, True, 0)
    assert [(alarm["kind"], alarm["subject"]) for alarm in told["alarms"]] == [("mailbox_unreadable", BOX)]


def test_a_relay_that_refuses_us_is_not_well_and_its_words_are_shown(config):
    async def refused(store: Store) -> None:
        await store.outbox.enqueue([letter("receipt/1"), letter("receipt/2")])
        for claimed in await store.outbox.claim():
            await store.outbox.note_delivery(
                claimed.outbox_id,
                state=OutboxState.QUEUED,
                reason=OutboxReason.RELAY_RELAYING,
                reply="554 5.7.1 <tanto@kensetsu.example.jp>: Relay access denied",
            )

    prepare(config, seen(1), compared, refused)
    result = beside_a_daemon(config, "status")
    assert result.exit_code == 1
    assert result.output.splitlines()[0] == "状態: 要確認"
    assert "待っているメール：2件。中継サーバーの答え：554 5.7.1 …@… Relay access denied" in result.output
    told = json.loads(beside_a_daemon(config, "status", "--json").output)
    assert [(alarm["kind"], alarm["subject"]) for alarm in told["alarms"]] == [("relay_refuses", "relay_relaying")]


def test_how_far_the_mailbox_was_read_and_compared_is_shown(config):
    prepare(config, seen(1), compared)
    (row,) = [json.loads(line) for line in call(config, "mailbox", "status", "--json").output.splitlines()]
    assert (row["mailbox"], row["last_uid"], row["watermark"], row["on_server"], row["missing"]) == (BOX, 12, 3, 9, 0)


def test_a_comparison_that_cannot_be_made_says_why(config):
    prepare(config)
    result = call(config, "mailbox", "reconcile")
    assert result.exit_code == 1
    assert "受信箱を確認できません" in result.output


def test_a_comparison_without_a_mailbox_says_what_to_set(config):
    config.write_text(
        CONFIG.replace("[imap]\nenabled = true", '[folder]\npath = "in"\n[imap]\nenabled = false'), "utf-8"
    )
    prepare(config)
    result = call(config, "mailbox", "reconcile")
    assert result.exit_code == 1
    assert "imap.enabled が true" in result.output


def test_without_proof_of_senders_status_and_check_config_say_what_is_off(config):
    prepare(config)
    told = "mail.authserv_id が空のため、差出人を確認せずに返信します"
    for words in (("status",), ("check-config",)):
        assert told in call(config, *words).stdout
    assert told in json.loads(call(config, "status", "--json").stdout)["notes"][0]
    config.write_text(CONFIG.replace("[storage]", 'authserv_id = "mx.city.example.jp"\n[storage]'), "utf-8")
    for words in (("status",), ("check-config",)):
        assert "authserv_id" not in call(config, *words).stdout


def failing(*healths: WorkerHealth):
    async def step(store: Store) -> None:
        await store.health.note_workers(healths)

    return step


def test_a_worker_that_fails_again_and_again_and_one_that_is_silent_are_not_well(config):
    now = utc_now()
    summaries = WorkerHealth(Worker.SUMMARIES, now, None, now, 3, "TemplateError")
    prepare(config, seen(1), compared, failing(summaries, WorkerHealth(Worker.ALARMS, now, now - timedelta(hours=1))))
    result = beside_a_daemon(config, "status", "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert [(alarm["kind"], alarm["subject"]) for alarm in told["alarms"]] == [
        ("worker_failing", "警報の確認"),
        ("worker_failing", "定時報告"),
    ]
    assert [worker["failures"] for worker in told["workers"]] == [0, 3]
    words = beside_a_daemon(config, "status").output
    assert "最後の成功: 警報の確認 " in words
    assert "3回続けて失敗しました。最後の成功：起動してから一度もありません。理由：TemplateError" in words


def test_an_old_backup_is_not_well_where_the_settings_say_where_it_lies(config):
    prepare(config, seen(1), compared)
    config.write_text(CONFIG + '[operator]\nbackup = "copies/*.db"\n', "utf-8")
    assert "backup_old" in beside_a_daemon(config, "status", "--json").output
    (config.parent / "copies").mkdir()
    (config.parent / "copies" / "monday.db").touch()
    assert beside_a_daemon(config, "status").exit_code == 0


def test_a_watchdog_gets_one_line_and_its_own_codes(config):
    prepare(config, seen(1), compared, three_mails)
    line = beside_a_daemon(config, "status", "--nagios")
    assert (line.exit_code, line.output.count("\n")) == (0, 1)
    words, _, figures = line.output.strip().partition(" | ")
    assert (words, figures.split()[:4]) == (
        "HOSHO OK - 正常",
        ["mails_waiting=2", "letters_waiting=0", "open_work=0", "alarms=0"],
    )
    stopped = call(config, "status", "--nagios")
    assert (stopped.exit_code, stopped.output.startswith("HOSHO CRITICAL - 動いていません | ")) == (2, True)
    config.write_text(CONFIG + '[operator]\nbackup = "copies/*.db"\n', "utf-8")
    old = beside_a_daemon(config, "status", "--nagios")
    assert (old.exit_code, old.output.startswith("HOSHO WARNING - 新しいバックアップがありません | ")) == (1, True)
    config.write_text("[nonsense]\n", "utf-8")
    unknown = call(config, "status", "--nagios")
    assert (unknown.exit_code, unknown.output.startswith("HOSHO UNKNOWN - ")) == (3, True)
    assert unknown.output.count("\n") == 1


def test_a_watchdog_is_told_the_same_by_what_the_daemon_has_noted_and_by_a_look_at_everything(config):
    async def noted(store: Store) -> None:
        alarms = [
            Alarm(AlarmKind.CANARY_LOST, "", utc_now(), "x"),
            Alarm(AlarmKind.BACKUP_OLD, "", utc_now(), "x"),
            Alarm(AlarmKind.DISK_LOW, "", utc_now(), "x", absent_since=utc_now()),
        ]
        await store.health.note_alarms(told=(), over=(), still=alarms)

    now = utc_now()
    prepare(config, seen(1), compared, three_mails, noted)

    def told() -> tuple[int, str]:
        result = beside_a_daemon(config, "status", "--nagios")
        return result.exit_code, result.output.partition(" free=")[0]

    everything = told()
    assert asyncio.run(glimpse(config, now)) is None  # nobody runs
    prepare(config, failing(WorkerHealth(Worker.ALARMS, now, now)))
    quick = told()
    assert everything == quick
    words = "新しいバックアップがありません、試験メールが戻りません"
    figures = "mails_waiting=2 letters_waiting=0 open_work=0 alarms=2"
    assert quick == (2, f"HOSHO CRITICAL - {words} | {figures}")


@pytest.mark.process
def test_a_watchdog_that_asks_each_minute_loads_neither_settings_nor_orm(config, figure):
    now = utc_now()
    prepare(config, seen(1), compared, failing(WorkerHealth(Worker.ALARMS, now, now)))
    program = (
        "import resource, sys\nfrom bot.__main__ import start\ntry:\n start()\nfinally:\n"
        " used = resource.getrusage(resource.RUSAGE_SELF)\n"
        " print(used.ru_utime + used.ru_stime, *sys.modules, file=sys.stderr)"
    )
    words = [sys.executable, "-c", program, "status", "--nagios", "--config", str(config)]

    async def asked() -> subprocess.CompletedProcess[str]:
        async with await DaemonLock.take(f"sqlite:///{config.parent}/data/hosho.db"):
            return await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)

    ran = asyncio.run(asked())
    seconds, *loaded = ran.stderr.split()
    assert (ran.returncode, ran.stdout.startswith("HOSHO OK - 正常 | ")) == (0, True)
    assert {"pydantic", "tortoise", "rich", "cryptography", "jinja2", "aiohttp"} & set(loaded) == set()
    figure(f"status --nagios beside a daemon: {float(seconds):.2f} s of CPU, {len(loaded)} modules")
