"""`letters preview` with real cases: each letter says what the database says, shows no key, and leaves nothing behind."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, NoReplyReason, PaperReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from storage.store import Store
from tests.commands.test_mail import CONFIG
from tests.commands.test_outbox import in_store
from tests.storage.samples import FIELDS, GUARANTEE, KEY, accepted, add, arrival, settled, submission

HELD, ACCEPTED, DIFFERING = "20261122-0001-1", "20261122-0002-1", "20261122-0003-1"
MX = 'authserv_id = "mx.city.example.jp"\n'


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an office with a waiting case, an accepted one, one that differs, and a mail to be read."""
    path = tmp_path_factory.mktemp("office") / "config.toml"
    path.write_text(
        CONFIG.replace('inboxes = ["hosho@city.example.jp"]\n', f'inboxes = ["hosho@city.example.jp"]\n{MX}')
    )

    async def fill(store: Store) -> None:
        second = replace(GUARANTEE, number="00123-456799")
        await store.register.change(add(GUARANTEE, second), actor="register", source="rows.csv")
        body = f"請求書をお送りします。\r\n認証キー：{KEY.reveal()}"
        await store.incoming.keep([arrival(), arrival(), arrival(), arrival(body)])
        other = replace(FIELDS, number="00123-456780", number_as_written="00123-456780", project_name="市道第9号線工事")
        await store.submissions.settle(1, settled(submission(HELD, fields=other)))
        await store.submissions.settle(2, settled(accepted(1, ACCEPTED)))
        key = AuthKey("Xb3dEf7hJk9m")
        differing = replace(FIELDS, number=second.number, auth_key=key, contractor="株式会社べつの建設")
        reasons = (SubmissionReason.CONTRACTOR_DIFFERS,)
        await store.submissions.settle(3, settled(submission(DIFFERING, fields=differing, reasons=reasons)))
        papers = (Paper("請求書.pdf", PaperKind.CLAIM, PaperReason.TEXT_OF_PAPER),)
        passed_on = settled(
            state=MailState.PASSED_ON,
            reason=MailReason.NO_NOTICE,
            subject="前払金の請求",
            papers=papers,
            no_reply=NoReplyReason.NO_NOTICE,
        )
        await store.submissions.settle(4, passed_on)

    in_store(path, fill)
    return path.parent


@pytest.fixture
def config(filled: Path, tmp_path: Path) -> Path:
    """The settings of a copy of it."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return tmp_path / "config.toml"


def preview(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["letters", "preview", *words, "--config", str(config)])


def shown(config: Path, *words: str) -> str:
    told = preview(config, *words)
    assert told.exit_code == 0, told.output
    assert KEY.reveal() not in told.output
    return told.output.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("receipt", "--case", HELD), "市道第9号線工事"),
        (("receipt", "--receipt", HELD), f"受付番号　　：{HELD}"),
        (("receipt", "--mail", "2"), f"受付番号　　：{ACCEPTED}"),
        (("verified", "--case", ACCEPTED), "保証の内容を確認しました"),
        (("sent_back", "--case", HELD), "（ここに、担当者の書いた理由が入ります）"),
        (("sent_back", "--case", HELD, "--kind", "保証期限"), "保証期限が、工期の末日より前の日になっていました。"),
        (("sent_back", "--case", HELD, "--reason", "工期 3月まで"), "保証の工期が、契約の工期と異なっていました。"),
        (("sent_back", "--case", HELD, "--reason", "宛名が異なります"), "■ 理由宛名が異なります。"),
        (("receipt_differs", "--case", DIFFERING), "受注者名が、市の記録と異なります。"),
        (("receipt_differs", "--case", HELD, "--kind", "expired"), "保証期限を過ぎた保証となっています。"),
        (("alert", "--case", DIFFERING), "台帳　　：（株）みほん建設"),
        (("alert", "--case", DIFFERING), "受注者名が台帳と異なります"),
        (("alert", "--case", DIFFERING), "■ 返信のしかた"),
        (("notice_wanted", "--mail", "4"), "前払金請求書を受け取りました。"),
        (("notice_wanted", "--mail", "4", "--kind", "unpacked"), "圧縮せずにそのまま添付して"),
        (("mail_alert", "--mail", "4"), "・請求書.pdf: 前払金請求書"),
        (("mail_alert", "--mail", "4"), "> 請求書をお送りします。"),
        (("issued", "--guarantee", "1"), "受注者名　　：（株）みほん建設"),
        (("summary", "--now"), "市道第9号線工事"),
        (("desk_help", "--case", HELD), "返信の書き方は、次のとおりです"),
        (("desk_reply", "--case", ACCEPTED), "D-Sureで確認済としました"),
    ],
)
def test_a_letter_says_what_the_database_says(config: Path, words: tuple[str, ...], told: str) -> None:
    assert told in shown(config, *words)


def test_an_answer_brings_the_contractors_letter_and_the_clerks(config: Path) -> None:
    told = shown(config, "desk_reply", "--case", HELD, "--answer", "差戻し 保証期限 3月31日まで必要です")
    assert "件名: 【差戻し】保証期限について" in told
    assert "■ 担当者からのご連絡3月31日まで必要です。" in told
    assert f"件名: 【処理済】受付番号 {HELD}" in told
    assert "次の行の意味が分かりませんでした" in shown(
        config, "desk_reply", "--case", HELD, "--answer", "承認してよいか確認中"
    )


def test_the_repeat_of_an_accepted_notice_names_the_first_receipt(config: Path) -> None:
    again = "20261122-0005-1"

    async def repeat(store: Store) -> None:
        await store.incoming.keep([arrival()])
        duplicate = submission(again, state=SubmissionState.DUPLICATE, reasons=(SubmissionReason.SAME_AS_ACCEPTED,))
        await store.submissions.settle(5, settled(duplicate))

    in_store(config, repeat)
    assert f"最初の受付　：{ACCEPTED}" in shown(config, "receipt_again", "--case", again)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("receipt_again", "--case", HELD), "これより前に届いていません"),
        (("receipt_differs", "--case", ACCEPTED), "台帳と異なる点がありません"),
        (("notice_wanted", "--mail", "1"), "--kind で種類を指定してください"),
        (("verified", "--mail", "1"), "--case で指定してください"),
        (("alarm", "--case", HELD), "受付のものではありません"),
        (("verified", "--guarantee", "1"), "--guarantee は issued"),
        (("verified", "--now"), "--now は summary だけ"),
        (("verified", "--kind", "保証期限"), "--kind は sent_back"),
        (("sent_back", "--kind", "気に入らない"), "という種類はありません"),
        (("sent_back", "--case", HELD, "--reason", "認証キー Ab3dEf7hJk9m"), "認証キーらしい文字があります"),
    ],
)
def test_what_gives_no_such_letter_is_said(config: Path, words: tuple[str, ...], told: str) -> None:
    result = preview(config, *words)
    assert result.exit_code == 2
    assert told in result.output


def test_a_case_that_is_not_there_is_said(config: Path) -> None:
    told = preview(config, "verified", "--case", "20261122-0099-1")
    assert (told.exit_code, told.output) == (1, "見つかりません: 受付20261122-0099-1\n")


def test_every_letter_has_a_sample_and_a_kind_of_ones_choice(config: Path) -> None:
    for letter in Letter:
        assert "件名: " in shown(config, letter.value)
    assert "工事の発注者へお送りください" in shown(config, "sent_back", "--kind", "別の市")
    assert "原本が必要です" in shown(config, "notice_wanted", "--kind", "bank_guarantee")
    assert "取り消された保証" in shown(config, "receipt_differs", "--kind", "cancelled")


def test_a_preview_leaves_nothing_behind(config: Path) -> None:
    async def state(store: Store) -> object:
        return (
            await store.outbox.list_(limit=100),
            await store.journal.head(),
            await store.submissions.list_(),
            await store.incoming.list_(),
        )

    before = in_store(config, state)
    shown(config, "alert", "--case", DIFFERING)
    shown(config, "mail_alert", "--mail", "4")
    shown(config, "summary", "--now")
    shown(config, "desk_reply", "--case", HELD, "--answer", "差戻し 別の市")
    shown(config, "sent_back", "--case", HELD, "--kind", "保証期限")
    assert in_store(config, state) == before
