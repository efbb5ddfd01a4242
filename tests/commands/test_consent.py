"""`consent list|stopped|proof|stop|resume`, called as a clerk calls them."""

from __future__ import annotations

import json
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.composing import composer_of
from bot.config.settings import load
from bot.config.to_policy import policy_of
from bot.core.letters.drafts import Draft
from bot.core.letters.samples_to_contractors import ISSUED
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import OutboxReason
from storage.database.connection import Database
from storage.store import Store
from tests.commands.test_mail import CONFIG
from tests.commands.test_outbox import in_store
from tests.storage.samples import GUARANTEE, KEY, START, add, letter

KEIRI = "keiri@kensetsu.example.jp"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of an office from which one notice left, of two that are wished for."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, "utf-8")

    async def fill(store: Store) -> None:
        rows = (GUARANTEE, replace(GUARANTEE, number="00123-000002", email="soumu@kensetsu.example.jp"))
        await store.register.change(add(*rows), actor="契約課A", source="台帳.csv")
        await store.outbox.enqueue([letter("issued/1/0", letter=Letter.ISSUED, guarantee_id=1, recipient=KEIRI)])
        await store.outbox.claim()
        await store.outbox.note_delivery(1, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="")

    in_store(path, fill)
    return path


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["consent", *words, "--config", str(config)])


def rows(config: Path, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in call(config, *words, "--json").output.splitlines()]


def test_a_stop_by_telephone_is_kept_with_its_words(config: Path) -> None:
    told = call(
        config, "stop", "KEIRI@kensetsu.example.jp", "--source", "電話", "--wording", "もう要らない", "--actor", "山田"
    )
    assert (told.exit_code, told.output) == (0, "KEIRI@kensetsu.example.jp: 配信を停止しました\n")
    (stop,) = rows(config, "stopped")
    assert [stop[name] for name in ("address", "wording", "source", "actor", "given")] == [
        KEIRI,
        "「もう要らない」",
        "電話",
        "山田",
        False,
    ]
    assert [one["given"] for one in rows(config, "list", KEIRI)] == [False, True]
    assert len(rows(config, "list")) == 3
    assert call(config, "resume", KEIRI).exit_code == 0
    assert call(config, "stopped").output == "0件\n"
    shown = call(config, "list").output
    assert "台帳.csv 2行目" in shown
    assert "電子保証発行完了のお知らせ：希望する" in shown.replace("\n", "")


def test_only_an_address_can_be_stopped_and_no_key_is_kept(config: Path) -> None:
    assert call(config, "stop", "山田さん").exit_code == 2
    call(config, "stop", KEIRI, "--wording", f"認証キー {KEY.reveal()} の件は不要")
    assert KEY.reveal() not in call(config, "list", "--json").output


def test_the_proof_names_what_permitted_each_notice(config: Path) -> None:
    result = call(config, "proof")
    assert result.exit_code == 0, result.output
    assert "同意あり：1件、記録なし：0件、送信時に同意なし：0件" in result.output
    call(config, "stop", KEIRI)
    (proof,) = rows(config, "proof")
    assert (proof["state"], proof["address"], proof["source"]) == ("held", KEIRI, "台帳.csv 2行目")
    assert call(config, "proof", "--until", "2020-01-01").exit_code == 0
    assert rows(config, "proof", "--until", "2020-01-01") == []


def test_what_has_no_proof_comes_first_and_fails(config: Path) -> None:
    async def break_it(store: Store) -> None:
        async def inserted(database: Database) -> None:
            columns = (
                "letter, recipient, recipient_fold, reverse_path, quoted, message_id, submission, guarantee_id, state, "
                "reason, reply, attempts, created_at, queued_at, next_attempt_at, done_at, content"
            )
            await database.execute(
                f"INSERT INTO outbox (dedupe_key, {columns}) SELECT 'issued/2/0', {columns} FROM outbox WHERE id = 1"
            )

        await store._database.run(inserted)

    in_store(config, break_it)
    assert [row["state"] for row in rows(config, "proof")] == ["missing", "held"]
    assert call(config, "proof").exit_code == 1


PROVEN = '\nauthserv_id = "mx.city.example.jp"'
ENABLED = "[issued]\nenabled = true\n"
PERSON = '[outgoing]\nunsubscribe = "keiyaku@city.example.jp"\n'
STOPS_ITSELF = "<mailto:hosho@city.example.jp?subject=%E9%85%8D%E4%BF%A1%E5%81%9C%E6%AD%A2>"


@pytest.mark.parametrize(
    ("proven", "more", "takes", "field"),
    [
        (PROVEN, ENABLED, True, STOPS_ITSELF),
        (PROVEN, ENABLED + PERSON, True, STOPS_ITSELF),
        ("", ENABLED, False, None),
        ("", ENABLED + PERSON, False, "<mailto:keiyaku@city.example.jp>"),
        (PROVEN, "", False, None),
        (PROVEN, f"{ENABLED}stop_by_mail = false\n{PERSON}", False, "<mailto:keiyaku@city.example.jp>"),
    ],
)
def test_notices_are_stopped_by_mail_where_the_settings_allow_and_prove_it(
    tmp_path: Path, proven: str, more: str, *, takes: bool, field: str | None
) -> None:
    path = tmp_path / "config.toml"
    inboxes = 'inboxes = ["hosho@city.example.jp"]'
    path.write_text(CONFIG.replace(inboxes, inboxes + proven) + more, "utf-8")
    settings = load(path)
    assert policy_of(settings).accepts_opt_out is takes
    mail = composer_of(settings, bytes(16)).compose(Draft(ISSUED, KEIRI, "issued/1/0"), now=START)
    assert message_from_bytes(mail.content, policy=SMTP)["List-Unsubscribe"] == field
