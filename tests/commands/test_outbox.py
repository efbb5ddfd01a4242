"""`outbox hold|release|dead|revive` and a case's letters, called as a clerk calls them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.config.settings import load
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import OutboxReason
from storage.files import sqlite_file
from storage.store import KeyFile, Store
from tests import databases
from tests.commands.test_mail import CONFIG
from tests.storage.samples import arrival, letter, settled, submission

RECEIPT = "20261122-0001-1"
TO = "tanto@kensetsu.example.jp"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of an office with a case, of which one letter came back, one was kept back and one waits."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, "utf-8")

    async def fill(store: Store) -> None:
        await store.incoming.keep([arrival()])
        await store.submissions.settle(1, settled(submission(RECEIPT)), outgoing=(letter("a"),))
        await store.outbox.claim()
        result = {"state": OutboxState.BOUNCED, "reason": OutboxReason.RELAY_REFUSED, "reply": "550 5.1.1 no such user"}
        await store.outbox.note_delivery(1, **result, address_is_dead=True)
        await store.outbox.enqueue([letter("b")])
        await store.outbox.claim()
        await store.outbox.enqueue([letter("c", recipient="x@example.jp", submission="")])

    in_store(path, fill)
    return path


def in_store(path: Path, work: Any) -> Any:
    async def inside() -> Any:
        settings = load(path)
        if file := sqlite_file(settings.database_url):
            await databases.give(file)
        async with await Store.open(settings.database_url, vault=KeyFile(settings.key_file)) as store:
            result: Coroutine[Any, Any, Any] = work(store)
            return await result

    return asyncio.run(inside())


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def state(config: Path, number: int) -> OutboxState:
    return in_store(config, lambda store: store.outbox.get(number)).state


def test_a_case_shows_its_letters_and_what_became_of_them(config: Path) -> None:
    result = call(config, "submissions", "show", RECEIPT)
    assert result.exit_code == 0, result.output
    lines = [
        line.partition(" 受付のお知らせ ")[2] for line in result.output.splitlines() if line.startswith("  - 送信")
    ]
    assert lines == [
        f"{TO} 不達（宛先が拒否されました）",
        f"{TO} 取消し（以前のメールが届かなかった宛先のため送っていません）",
    ]
    shown = json.loads(call(config, "submissions", "show", RECEIPT, "--json").output)
    assert [(one["id"], one["to"], one["state_text"]) for one in shown["letters"]] == [
        (1, TO, "不達"),
        (2, TO, "取消し"),
    ]


def test_dead_addresses_are_listed_and_revived(config: Path) -> None:
    (row,) = [json.loads(line) for line in call(config, "outbox", "dead", "--json").output.splitlines()]
    assert (row["address"], row["why"], row["outgoing"]) == (TO, "550 5.1.1 no such user", 1)
    assert TO in call(config, "outbox", "dead").output
    result = call(config, "outbox", "revive", TO)
    assert (result.exit_code, result.output) == (
        0,
        f"{TO}: 今後は送信します。送らなかったものは outbox retry で送れます\n",
    )
    assert call(config, "outbox", "dead").output == "0件\n"
    assert call(config, "outbox", "revive", TO).exit_code == 1
    assert call(config, "outbox", "retry", "2").exit_code == 0
    assert state(config, 2) is OutboxState.QUEUED


def test_a_waiting_mail_is_held_and_released(config: Path) -> None:
    assert call(config, "outbox", "hold", "3").exit_code == 0
    assert state(config, 3) is OutboxState.HOLD
    again = call(config, "outbox", "hold", "3")
    assert (again.exit_code, again.output) == (1, "送信3は「保留」のため、「保留」にできません\n")
    assert call(config, "outbox", "release", "3").exit_code == 0
    assert state(config, 3) is OutboxState.QUEUED
    assert call(config, "outbox", "release", "9").exit_code == 1


def test_nothing_is_sent_back_without_a_reason(config: Path) -> None:
    before = in_store(config, lambda store: store.outbox.list_(limit=100))
    told = call(config, "submissions", "refuse", RECEIPT, "--reason", " 　\n")
    assert (told.exit_code, told.output) == (1, "差出人に送る理由を書いてください\n")
    assert in_store(config, lambda store: store.outbox.list_(limit=100)) == before


def test_a_case_is_told_in_words(config: Path) -> None:
    shown = call(config, "submissions", "show", RECEIPT).output
    assert "\n保証区分: 前払金保証\n" in shown
    assert "\n読取元: PDFの文字\n" in shown
    told = call(config, "submissions", "show", "20261122-9999-1")
    assert (told.exit_code, told.output) == (1, "見つかりません: 受付20261122-9999-1\n")


def test_a_letter_that_is_done_with_has_no_next_attempt(config: Path) -> None:
    shown = [json.loads(call(config, "outbox", "show", number, "--json").output) for number in "123"]
    assert [one["next_attempt_at"] is None for one in shown] == [True, True, False]


def test_the_bytes_of_a_mail_that_may_show_a_key_are_shown_with_a_line_in_the_journal(config: Path) -> None:
    in_store(config, lambda store: store.outbox.enqueue([letter("keys", letter=Letter.KEYS, is_secret=True)]))
    number = str(in_store(config, lambda store: store.outbox.list_(limit=1))[0].outbox_id)
    assert call(config, "outbox", "show", number, "--raw", "--actor", "yamada").exit_code == 0
    assert call(config, "outbox", "show", "1", "--raw", "--actor", "yamada").exit_code == 0  # holds none
    lines = in_store(config, lambda store: store.journal.lines())
    shown = [(line.subject_id, line.actor) for line in lines if line.event == "key.shown" and line.actor == "yamada"]
    assert shown == [(number, "yamada")]
