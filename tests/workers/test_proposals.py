"""A clerk's answer is understood in its order and not in all else: he is asked once, and a bare はい carries out what was asked, and only that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from bot.commands.evidence import write_evidence
from bot.core.policy.policy import Policy
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import MailReason
from bot.core.records.submission import SubmissionState
from bot.core.verdict.colleagues import HELPS_PER_DAY
from storage.store import Store, Vault
from tests import databases
from tests.postgresql import new_database
from tests.storage.samples import update
from tests.workers.conftest import DESK, Watch
from tests.workers.test_clerk_answers import (
    KEY,
    NUMBER,
    SENDER,
    STAFF,
    WORK,
    Held,
    Office,
    held,
    notice_mail,
    office,
    policy,
    row,
)

__all__ = ["held", "office", "policy"]
UNREAD = "業者が倒産しました。"
ASKING = "以上でよろしければ、このメールに「はい」とだけ返信してください。"
SECOND, OTHER_KEY = "10001-000002", KEY[:-1] + "z"


ON_BOTH = pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@pytest.fixture
async def store(request: pytest.FixtureRequest, tmp_path: Path, watch: Watch) -> AsyncIterator[Store]:
    """On SQLite, or where a test says so on PostgreSQL too."""
    if getattr(request, "param", "sqlite") == "postgresql":
        url = await new_database(request.getfixturevalue("cluster"))
    else:
        await databases.give(tmp_path / "store.db")
        url = f"sqlite:///{tmp_path}/store.db"
    async with await Store.open(url, vault=Vault.throwaway(), clock=watch, durable=False) as opened:
        yield opened


async def asked(office: Office, alert: OutboxRow, words: str) -> OutboxRow:
    """The letter that asks; nothing is done yet."""
    before = [one.state for one in await office.submissions()]
    await office.answer(alert, words)
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert [one.state for one in await office.submissions()] == before
    letter = await office.letter(Letter.DESK_HELP)
    assert ASKING in letter.mail.text
    return letter


async def two_cases(office: Office, held: Held) -> OutboxRow:
    return await held(row(), row(SECOND), notices=((NUMBER, KEY), (SECOND, OTHER_KEY)))


@ON_BOTH
async def test_a_yes_carries_out_what_was_asked_case_by_case(office: Office, held: Held, tmp_path: Path) -> None:
    alert = await two_cases(office, held)
    letter = await asked(
        office, alert, f"お疲れ様です。\n1件目は承認します。{UNREAD}\n2件目は差戻し 工期が契約書と異なるため"
    )
    first, second = (one.receipt_number for one in await office.submissions())
    text = letter.mail.text
    assert f"　1件目（受付番号 {first}、{WORK}）：承認\n" in text
    assert f"　2件目（受付番号 {second}、{WORK}）：差戻し\n　　理由：工期が契約書と異なるため\n" in text
    assert f"　　連絡：{SENDER} へお知らせを送ります\n" in text
    assert f"　・{UNREAD}\n" in text
    assert "「はい」で処理します" in letter.mail.subject
    await office.answer(letter, "はい。\n\n契約課 山田")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_DONE)
    assert [one.state for one in await office.submissions()] == [SubmissionState.ACCEPTED, SubmissionState.REFUSED]
    assert "工期が契約書と異なるため" in (await office.letter(Letter.SENT_BACK)).mail.text
    reply = await office.letter(Letter.DESK_REPLY)
    assert "のご返信（はい）により、次のとおり処理しました。" in reply.mail.text
    assert "差し戻しました（理由：工期が契約書と異なるため）" in reply.mail.text
    (line,) = [one for one in await office.store.journal.lines() if one.event == "submission.refused"]
    assert (line.actor, line.detail["answer"], line.detail["confirms"]) == (STAFF, 3, 2)
    await write_evidence(office.store, second, tmp_path / "evidence.zip", actor="koji")
    assert {"受信/2.eml", "受信/3.eml"} <= set(ZipFile(tmp_path / "evidence.zip").namelist())
    await office.answer(reply, "1件目 確認済")
    assert await office.state(1) is SubmissionState.VERIFIED


@ON_BOTH
async def test_a_yes_counts_once(office: Office, held: Held) -> None:
    letter = await asked(office, await held(), f"承認します。{UNREAD}")
    await office.answer(letter, "はい")
    assert await office.state() is SubmissionState.ACCEPTED
    await office.answer(letter, "はい")
    assert "既に「受付済（D-Sure未確認）」です" in (await office.letter(Letter.DESK_REPLY)).mail.text
    accepted = [one for one in await office.store.journal.lines() if one.event == "submission.accepted"]
    assert len(accepted) == 1


async def test_a_colleague_of_the_desk_may_say_yes_and_nobody_else(office: Office, held: Held) -> None:
    alert = await held()
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    for changes, reason in (
        ({"sender": "doboku@city.example.jp"}, MailReason.ANSWER_OTHER_DESK),
        ({"sender": "suzuki@city.example.jp"}, MailReason.ANSWER_NOT_STAFF),
        ({"result": "dmarc=fail header.from=city.example.jp"}, MailReason.ANSWER_UNPROVEN),
        ({"in_reply_to": "<another@city.example.jp>"}, MailReason.ORDERS_NOT_DONE),
        ({"file": "メモ.pdf"}, MailReason.ORDERS_NOT_DONE),
    ):
        await office.answer(letter, "はい", **changes)
        assert (await office.end())[1] is reason
        assert await office.state() is SubmissionState.HELD
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    await office.answer(letter, "はい", subject=f"自動応答: {letter.mail.subject}")
    assert await office.state() is SubmissionState.HELD
    await office.answer(letter, "はい", sender=DESK)
    assert await office.state() is SubmissionState.ACCEPTED
    (line,) = [one for one in await office.store.journal.lines() if one.event == "submission.accepted"]
    assert line.actor == DESK


async def test_a_yes_to_another_letter_is_none(office: Office, held: Held) -> None:
    alert = await held()
    await office.answer(alert, "はい")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    plain = await office.letter(Letter.DESK_HELP)
    assert "返信の本文に、処理の指示が見当たりません" in plain.mail.text
    await office.answer(plain, "はい")
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    await office.answer(alert, "はい")
    assert await office.state() is SubmissionState.HELD
    await office.answer(letter, "はい", subject=f"RE: {alert.mail.subject}")
    assert await office.state() is SubmissionState.HELD
    await office.answer(await asked(office, alert, f"承認します。{UNREAD}"), "はい")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_a_yes_runs_out_with_its_letter(office: Office, held: Held, watch: Watch) -> None:
    letter = await asked(office, await held(), f"承認します。{UNREAD}")
    watch.turn(days=31)
    await office.answer(letter, "はい")
    assert await office.state() is SubmissionState.HELD
    assert "返信の期限を過ぎたメールです" in (await office.letter(Letter.DESK_HELP)).mail.text


@ON_BOTH
async def test_after_a_change_of_any_case_nothing_is_done(office: Office, held: Held) -> None:
    alert = await two_cases(office, held)
    letter = await asked(office, alert, f"1件目 承認\n2件目 承認\n{UNREAD}")
    await office.answer(alert, "2件目 差戻し 工期が契約書と異なるため")
    await office.answer(letter, "はい")
    assert [one.state for one in await office.submissions()] == [SubmissionState.HELD, SubmissionState.REFUSED]
    told = (await office.letter(Letter.DESK_HELP)).mail.text
    assert "状況が変わったため、どの件も処理していません" in told
    assert "・2件目：この件は、既に「差戻し済」です" in told
    assert ASKING not in told
    await office.answer(await office.letter(Letter.DESK_HELP), "承認")
    assert await office.state(1) is SubmissionState.ACCEPTED


async def test_a_change_of_the_register_or_of_the_fields_counts_too(office: Office, held: Held) -> None:
    alert = await held()
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    known = await office.store.register.guarantee(1)
    await office.store.register.change(
        [update(known, contract_amount_yen=1_000_000)], actor="register", source="rows.csv"
    )
    await office.answer(letter, "はい")
    assert await office.state() is SubmissionState.HELD
    assert "・1件目：内容が変わりました" in (await office.letter(Letter.DESK_HELP)).mail.text
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    await office.answer(alert, f"訂正 工事名 {WORK}その2")
    await office.answer(letter, "はい")
    assert await office.state() is SubmissionState.HELD


async def test_a_case_that_was_closed_otherwise_is_told_as_closed(office: Office, held: Held) -> None:
    alert = await held()
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    await office.answer(alert, "差戻し 工期が契約書と異なるため")
    await office.answer(letter, "はい")
    assert await office.state() is SubmissionState.REFUSED
    assert "この件は既に「差戻し済」です。ご対応は必要ありません" in (await office.letter(Letter.DESK_HELP)).mail.text
    assert len(await office.letters(Letter.SENT_BACK)) == 1


async def test_it_is_asked_once_and_an_order_in_full_or_a_no_is_a_fresh_answer(office: Office, held: Held) -> None:
    alert = await held()
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    await office.answer(letter, "いいえ")
    told = await office.letter(Letter.DESK_HELP)
    assert "「いいえ」とのご返信を受け取りました。処理の指示を、改めて返信してください" in told.mail.text
    await office.answer(letter, f"はい、ただし明日です。承認します。{UNREAD}")
    told = await office.letter(Letter.DESK_HELP)
    for _ in range(2):  # not in answer to what follows either
        assert ASKING not in told.mail.text
        await office.answer(told, f"承認します。{UNREAD}")
        told = await office.letter(Letter.DESK_HELP)
    await office.answer(told, "はい")
    assert await office.state() is SubmissionState.HELD
    await office.answer(letter, "差戻し 工期が契約書と異なるため")
    assert await office.state() is SubmissionState.REFUSED


async def test_questions_take_from_the_days_letters_of_help(office: Office, held: Held) -> None:
    alert = await held()
    for count in range(HELPS_PER_DAY):
        letter = await asked(office, alert, f"承認します。{UNREAD}")
        assert ("これが最後です" in letter.mail.text) is (count == HELPS_PER_DAY - 1)
    await office.answer(alert, f"承認します。{UNREAD}")
    assert await office.end() == (MailState.PASSED_ON, MailReason.ORDERS_NOT_DONE)
    assert len(await office.letters(Letter.DESK_HELP)) == HELPS_PER_DAY
    await office.answer(letter, "はい")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_a_candidate_keeps_its_row_where_the_letter_that_asks_numbers_it_otherwise(
    office: Office, held: Held
) -> None:
    alert = await held(row("", contractor="別の建設株式会社"), row("", project_name="市道第６号線改良工事"))
    letter = await asked(office, alert, f"2番で承認します。{UNREAD}")
    (named,) = [line for line in letter.mail.text.splitlines() if "で承認" in line and "1件目" in line]
    await office.answer(letter, "はい")
    (submission,) = await office.submissions()
    assert submission.state is SubmissionState.ACCEPTED
    assert f"台帳{submission.guarantee_id}「" in named


async def test_what_could_not_be_done_is_not_asked_about(office: Office, held: Held) -> None:
    alert = await two_cases(office, held)
    for words in (
        f"承認します。{UNREAD}",  # of which case?
        f"3件目 承認\n{UNREAD}",
        f"1件目 確認済\n{UNREAD}",
        f"1件目 2番\n{UNREAD}",
        f"1件目 承認\n1件目 保留\n{UNREAD}",
        f"1件目は承認してよいでしょうか。{UNREAD}",
        f"1件目 承認\n業者が{'長い長い' * 50}倒産しました。",
    ):
        await office.answer(alert, words)
        assert ASKING not in (await office.letter(Letter.DESK_HELP)).mail.text
    assert {one.state for one in await office.submissions()} == {SubmissionState.HELD}


async def test_a_mail_that_a_person_must_read_is_dealt_with_by_a_yes(office: Office, policy: Policy) -> None:
    question = notice_mail().decode().replace("\r\n\r\n", "\r\n\r\n認証キーの提出期限はいつでしょうか。\n")
    await office.receive(question.encode())
    alert = await office.letter(Letter.MAIL_ALERT)
    letter = await asked(office, alert, "電話がつながりません。対応済")
    assert "：対応済\n" in letter.mail.text
    await office.answer(letter, "はい、お願いします。")
    assert (await office.store.incoming.get(1))[0].state is MailState.RELEASED
    (line,) = [one for one in await office.store.journal.lines() if one.event == "mail.released"]
    assert (line.actor, line.detail["answer"], line.detail["confirms"]) == (STAFF, 3, 2)


async def test_no_key_stands_in_what_is_asked(office: Office, held: Held) -> None:
    letter = await asked(office, await held(), f"承認します。業者のキーは {OTHER_KEY} でした。")
    assert "業者のキーは ＊＊＊＊＊＊" in letter.mail.text
    for one in await office.store.outbox.list_(limit=1000):
        assert OTHER_KEY not in one.mail.text


@pytest.mark.parametrize(
    ("first", "is_to_the_alert"),
    [
        ("いいえ", False),
        ("やはり差戻しにしたいのですが、理由を考えます。", False),
        ("保留 課長が反対しているため処理しないこと", True),
        ("金額は一致しています。\n差戻し 工期が契約書と異なるため", True),
    ],
    ids=["no", "unclear", "put off", "asked again"],
)
@ON_BOTH
async def test_a_yes_counts_only_as_the_last_word_about_its_case(
    office: Office, held: Held, first: str, *, is_to_the_alert: bool
) -> None:
    alert = await held()
    letter = await asked(office, alert, f"承認します。{UNREAD}")
    await office.answer(alert if is_to_the_alert else letter, first, sender=DESK)
    await office.answer(letter, "はい")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert await office.state() is SubmissionState.HELD
    assert "別のご返信があったため" in (await office.letter(Letter.DESK_HELP)).mail.text
