"""A clerk answers an alert by mail: what is done, what comes back to him and to the contractor, and what changes nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import time, timedelta
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.policy import SMTP

import pytest

from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import MailReason, NoReplyReason, SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import SubmissionState
from bot.core.summary.open_work import ALONE, BESIDE_A_WORKBOOK
from bot.core.text.business_days import Calendar
from bot.core.verdict.colleagues import HELPS_PER_DAY
from bot.outbound.compose import Composer
from bot.workers.sorter import LEASE, Sorter
from bot.workers.sweeps import Sweeps
from storage.store import Store
from tests.in_process_reader import InProcessReader
from tests.storage.samples import add
from tests.workers.conftest import DESK, INBOX, Watch

MX = "mx.city.example.jp"
STAFF = "yamada@city.example.jp"
SENDER = "koji@kensetsu.example.jp"
WORK, FIRM = "市道第５号線改良工事", "株式会社みほん建設"
KEY = "aB3dEf6hIj9k"
NUMBER = "10001-000001"


@pytest.fixture
def policy(policy: Policy) -> Policy:
    desk = Desk("契約課", DESK, staff=frozenset({STAFF}))
    other = Desk("土木課", "doboku@city.example.jp", frozenset({Product.OTHER}))
    return replace(
        policy,
        desks=(other, desk),
        authserv_id=MX,
        reply_window=timedelta(days=30),
        staff_domains=frozenset({"city.example.jp"}),
    )


def notice_mail(*notices: tuple[str, str], sender: str = SENDER, name: str = "1") -> bytes:
    """A contractor's mail with notices in its text."""
    text = "".join(
        f"電子保証にかかる「認証キー」のお知らせ\n工事名：{WORK}\n受注者名：{FIRM}\n商品（保証区分）：前払金保証\n"
        f"保証契約番号：{number}\n認証キー：{key}\n\n"
        for number, key in notices
    )
    domain = sender.rpartition("@")[2]
    return (
        f"Authentication-Results: {MX}; dmarc=pass header.from={domain}\r\nFrom: {sender}\r\nTo: {INBOX}\r\n"
        f"Message-ID: <{name}@{domain}>\r\nSubject: =?utf-8?b?{base64.b64encode('認証キー'.encode()).decode()}?=\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    ).encode()


class Office:
    """The daemon's sorter and its outbox, and a clerk's mail program beside it."""

    def __init__(self, store: Store, sorter: Sorter, watch: Watch) -> None:
        self.store = store
        self._sorter = sorter
        self._watch = watch
        self._count = 0

    async def receive(self, content: bytes) -> None:
        envelope = Envelope(Source.SMTP, SENDER, (INBOX,), self._watch())
        await self.store.incoming.keep([Arrival(envelope, content)])
        while mail := await self.store.incoming.claim(lease=LEASE):
            await self._sorter.sort(mail)
        self._watch.turn(minutes=1)

    async def letters(self, *kinds: Letter) -> list[OutboxRow]:
        return [row for row in reversed(await self.store.outbox.list_(limit=1000)) if row.mail.letter in kinds]

    async def letter(self, kind: Letter) -> OutboxRow:
        return (await self.letters(kind))[-1]

    async def answer(
        self,
        to: OutboxRow,
        words: str,
        *,
        sender: str = STAFF,
        subject: str | None = None,
        in_reply_to: str | None = None,
        result: str = "dmarc=pass header.from=city.example.jp",
        file: str = "",
        more: str = "",
    ) -> None:
        """Answer a letter as a mail program does, quoting it. `more`: header fields besides."""
        self._count += 1
        letter = BytesParser(policy=SMTP).parsebytes(to.mail.content)
        about = subject if subject is not None else f"RE: {make_header(decode_header(str(letter['Subject'])))}"
        parent = to.mail.message_id if in_reply_to is None else in_reply_to
        quoted = "\n".join(f"> {line}" for line in to.mail.text.splitlines())
        head = (
            f"{more}Authentication-Results: {MX}; {result}\r\nFrom: {sender}\r\nTo: {INBOX}\r\n"
            f"Message-ID: <answer-{self._count}@city.example.jp>\r\n"
            f"Subject: =?utf-8?b?{base64.b64encode(about.encode()).decode()}?=\r\n"
            + (f"In-Reply-To: {parent}\r\nReferences: {parent}\r\n" if parent else "")
            + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        )
        body = f"{words}\n\n2026年11月24日(火) 10:00 見本市 電子保証受付システム <{INBOX}>:\n\n{quoted}\n"
        content = (head + body).replace("\r\n", "\n").replace("\n", "\r\n").encode()
        await self.receive(with_file(content, file) if file else content)

    async def state(self, place: int = 1) -> SubmissionState:
        return (await self.submissions())[place - 1].state

    async def submissions(self):
        return sorted(await self.store.submissions.list_(), key=lambda one: one.receipt_number)

    async def end(self) -> tuple[MailState, MailReason]:
        (last, *_) = await self.store.incoming.list_(limit=1)
        return last.state, last.reason


@pytest.fixture
async def office(store: Store, composer: Composer, policy: Policy, watch: Watch) -> AsyncIterator[Office]:
    async with InProcessReader() as reader:
        yield Office(store, Sorter(store, reader, composer, policy, watch), watch)


def row(number: str = NUMBER, **changes: object) -> Guarantee:
    return replace(Guarantee(WORK, FIRM, Product.ADVANCE_PAYMENT, number=number), **changes)


Held = Callable[..., Awaitable[OutboxRow]]


@pytest.fixture
async def held(office: Office) -> Held:
    """A notice typed into a mail waits for a person; returns the alert."""

    async def wait(*rows: Guarantee, notices: tuple[tuple[str, str], ...] = ((NUMBER, KEY),)) -> OutboxRow:
        await office.store.register.change(add(*(rows or (row(),))), actor="register", source="rows.csv")
        await office.receive(notice_mail(*notices))
        return await office.letter(Letter.ALERT)

    return wait


async def test_a_case_goes_from_alert_to_verified_in_two_answers(office: Office, held: Held) -> None:
    alert = await held()
    assert re.search(r"\[[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}\]$", alert.mail.subject)
    assert alert.mail.text.startswith("――― 返信はこの行より上に書いてください ―――")
    await office.answer(alert, "お疲れ様です。契約課の山田です。\n承認します。\n\nよろしくお願いします。")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_DONE)
    assert await office.state() is SubmissionState.ACCEPTED
    reply = await office.letter(Letter.DESK_REPLY)
    assert reply.mail.recipient == STAFF
    assert "処理　：受け付けました（台帳1）" in reply.mail.text
    assert "保証契約番号：10001-000001" in reply.mail.text
    await office.answer(reply, "確認済")
    assert await office.state() is SubmissionState.VERIFIED
    assert (await office.store.register.guarantee(1)).state is GuaranteeState.VERIFIED
    verified = await office.letter(Letter.VERIFIED)
    assert verified.mail.recipient == SENDER
    assert f"連絡　：{SENDER} へお知らせを送ります" in (await office.letter(Letter.DESK_REPLY)).mail.text
    for letter in await office.store.outbox.list_(limit=1000):
        assert KEY not in letter.mail.text


async def test_a_case_is_sent_back_with_the_clerks_reason(office: Office, held: Held) -> None:
    await office.answer(await held(), "差戻し 工期が契約書と異なります。\nお手元の契約書をご確認ください。")
    assert await office.state() is SubmissionState.REFUSED
    letter = await office.letter(Letter.SENT_BACK)
    assert "工期が契約書と異なります" in letter.mail.text
    assert "お手元の契約書をご確認ください" in letter.mail.text.replace("\n", "")


async def test_a_kind_of_refusal_brings_its_own_letter_and_stands_in_the_journal(office: Office, held: Held) -> None:
    await office.answer(await held(), "差戻し 保証期限\n3月31日まで必要です。\n\n契約課 山田")
    assert await office.state() is SubmissionState.REFUSED
    letter = (await office.letter(Letter.SENT_BACK)).mail
    text = letter.text.replace("\n", "")
    assert letter.subject.startswith("【差戻し】保証期限について（")
    assert "保証会社へ保証期限の変更をお申し込みください。" in text
    assert "保証期限が、工期の末日より前の日になっていました。" in text
    assert "■ 担当者からのご連絡3月31日まで必要です。" in text
    assert "山田" not in text
    reply = "".join((await office.letter(Letter.DESK_REPLY)).mail.text.split())
    assert "差し戻しました（理由：保証期限3月31日まで必要です）" in reply
    assert f"{SENDER}へ「保証期限」のお知らせを送ります" in reply
    lines = await office.store.journal.lines(subject=("submission", (await office.submissions())[0].receipt_number))
    (refused,) = [line for line in lines if line.event == "submission.refused"]
    assert refused.detail["refusal"] == "expires_early"
    assert refused.detail["reasons"][-1] == SubmissionReason.CLERK_REFUSED.value


async def test_the_kinds_of_refusals_are_listed_on_demand_and_nothing_is_done(office: Office, held: Held) -> None:
    await office.answer(await held(), "差戻し 一覧")
    assert await office.state() is SubmissionState.HELD
    help_ = await office.letter(Letter.DESK_HELP)
    for kind in Refusal:
        assert f"・{kind.words}：" in help_.mail.text
    await office.answer(help_, "差戻し 別の市")
    assert await office.state() is SubmissionState.REFUSED
    assert "工事の発注者へお送りください" in (await office.letter(Letter.SENT_BACK)).mail.text.replace("\n", "")


async def test_a_candidate_is_chosen_by_its_number(office: Office, held: Held) -> None:
    alert = await held(row("", contractor="別の建設株式会社"), row("", project_name="市道第６号線改良工事"))
    lines = re.findall(r"候補(\d):.*?（台帳 ?(\d+)", alert.mail.text.replace("\n", ""))
    assert len(lines) == 2
    await office.answer(alert, "２番でお願いします")
    (submission,) = await office.submissions()
    assert submission.state is SubmissionState.ACCEPTED
    assert submission.guarantee_id == int(dict(lines)["2"])


async def test_several_cases_are_answered_in_one_mail(office: Office, held: Held) -> None:
    numbers = [f"10001-00000{n}" for n in (1, 2, 3)]
    rows = [row(number, project_name=WORK) for number in numbers]
    alert = await held(*rows, notices=tuple((number, KEY[:-1] + str(n)) for n, number in enumerate(numbers)))
    await office.answer(alert, "1件目 承認\n2件目 差戻し 金額が契約書と異なるため\n3 保留 保証会社に照会中")
    states = [one.state for one in await office.submissions()]
    assert states == [SubmissionState.ACCEPTED, SubmissionState.REFUSED, SubmissionState.HELD]
    reply = await office.letter(Letter.DESK_REPLY)
    await office.answer(reply, "3件目 承認")
    assert await office.state(3) is SubmissionState.ACCEPTED


async def test_which_case_must_be_said_where_there_are_several(office: Office, held: Held) -> None:
    alert = await held(row(), row("10001-000002"), notices=((NUMBER, KEY), ("10001-000002", KEY[:-1] + "z")))
    await office.answer(alert, "承認")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert {one.state for one in await office.submissions()} == {SubmissionState.HELD}
    assert "どの件への返信か分かりません" in (await office.letter(Letter.DESK_HELP)).mail.text


async def test_what_is_not_understood_changes_nothing_and_gets_help_that_can_be_answered(office, held) -> None:
    await office.answer(await held(), "承認\nただし、金額は来週確認します")
    assert await office.state() is SubmissionState.HELD
    help_ = await office.letter(Letter.DESK_HELP)
    assert "ただし、金額は来週確認します" in help_.mail.text
    await office.answer(help_, "承認")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_a_number_that_was_misread_is_corrected_then_accepted(office: Office, held: Held) -> None:
    alert = await held(row("10001-000009"))
    await office.answer(alert, "訂正 保証契約番号 １０００１－００００09")
    (submission,) = await office.submissions()
    assert (submission.state, submission.fields.number) == (SubmissionState.HELD, "10001-000009")
    assert submission.fields.auth_key.reveal() == KEY
    await office.answer(await office.letter(Letter.DESK_REPLY), "承認")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_a_key_is_never_corrected_by_mail(office: Office, held: Held) -> None:
    await office.answer(await held(), "訂正 認証キー zY8xWv5uTs2r")
    (submission,) = await office.submissions()
    assert submission.fields.auth_key.reveal() == KEY
    help_ = await office.letter(Letter.DESK_HELP)
    assert "認証キーは訂正できません" in help_.mail.text
    assert "zY8xWv5uTs2r" not in help_.mail.text
    assert "zY8xWv5uTs2r" not in str(await office.store.journal.lines())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"result": "dmarc=fail header.from=city.example.jp"}, MailReason.ANSWER_UNPROVEN),
        ({"result": "spf=pass smtp.mailfrom=elsewhere.example.com"}, MailReason.ANSWER_UNPROVEN),
        ({"sender": "suzuki@city.example.jp"}, MailReason.ANSWER_NOT_STAFF),  # of the city, not of the desk
        ({"sender": "doboku@city.example.jp"}, MailReason.ANSWER_OTHER_DESK),
        (
            {"sender": SENDER, "result": "dmarc=pass header.from=kensetsu.example.jp"},  # forwarded to him
            MailReason.ANSWER_NOT_STAFF,
        ),
        ({"in_reply_to": ""}, MailReason.ORDERS_NOT_DONE),
        ({"in_reply_to": "<another@city.example.jp>"}, MailReason.ORDERS_NOT_DONE),
        ({"subject": "RE: 電子保証"}, MailReason.ORDERS_NOT_DONE),
    ],
)
async def test_nobody_else_can_answer_and_nothing_outside_the_thread_counts(office, held, changes, reason) -> None:
    await office.answer(await held(), "承認", **changes)
    assert (await office.end())[1] is reason
    assert await office.state() is SubmissionState.HELD


async def test_a_ticket_is_spent_by_what_changes_the_case_and_by_nothing_else(office: Office, held: Held) -> None:
    alert = await held()
    await office.answer(alert, "保留 保証会社に照会中")
    await office.answer(alert, "訂正 工事名 市道第６号線改良工事")
    await office.answer(alert, "承認")
    assert await office.state() is SubmissionState.HELD
    help_ = await office.letter(Letter.DESK_HELP)
    assert "先のご返信を処理した後のため、今の内容（確認待ち）をご確認の上" in help_.mail.text.replace("\n", "")
    await office.answer(help_, "承認")
    assert await office.state() is SubmissionState.ACCEPTED
    await office.answer(alert, "差戻し 工期が契約書と異なるため")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_a_ticket_runs_out(office: Office, held: Held, watch: Watch) -> None:
    alert = await held()
    watch.turn(days=31)
    await office.answer(alert, "承認")
    assert await office.state() is SubmissionState.HELD
    help_ = await office.letter(Letter.DESK_HELP)
    assert "返信の期限を過ぎたメールです" in help_.mail.text
    await office.answer(help_, "承認")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_two_clerks_who_answer_one_case_get_it_done_once(office: Office, held: Held) -> None:
    alert = await held()
    await office.answer(alert, "差戻し 工期が契約書と異なるため")
    await office.answer(alert, "承認", sender=DESK)
    assert await office.state() is SubmissionState.REFUSED
    assert len(await office.letters(Letter.SENT_BACK)) == 1


async def test_an_automatic_reply_to_an_alert_is_no_answer(office: Office, held: Held) -> None:
    alert = await held()
    await office.answer(alert, "承認", subject=f"自動応答: {alert.mail.subject}")
    assert await office.state() is SubmissionState.HELD
    assert await office.letters(Letter.DESK_HELP, Letter.DESK_REPLY) == []


async def test_help_is_given_so_often_and_then_no_more(office: Office, held: Held) -> None:
    alert = await held()
    last = "これが最後です"
    for count in range(1, HELPS_PER_DAY + 1):
        await office.answer(alert, "よく分かりません")
        if count == 3:
            for asked in ("ヘルプ", "差戻し 一覧"):  # take nothing from the others
                await office.answer(alert, asked)
        assert (last in (await office.letter(Letter.DESK_HELP)).mail.text) is (count == HELPS_PER_DAY)
    await office.answer(alert, "よく分かりません")
    assert len(await office.letters(Letter.DESK_HELP)) == HELPS_PER_DAY + 2
    assert await office.end() == (MailState.PASSED_ON, MailReason.ORDERS_NOT_DONE)
    assert (await office.store.incoming.list_(limit=1))[0].desk == "契約課"
    for name in ("契約課 鈴木", "契約課 佐藤"):  # at the desk's common address each is a person of his own
        await office.answer(
            alert, "よく分かりません", sender=f"=?utf-8?b?{base64.b64encode(name.encode()).decode()}?= <{DESK}>"
        )
        assert last not in (await office.letter(Letter.DESK_HELP)).mail.text
    assert len(await office.letters(Letter.DESK_HELP)) == HELPS_PER_DAY + 4
    await office.answer(alert, "差戻し 一覧")
    assert len(await office.letters(Letter.DESK_HELP)) == HELPS_PER_DAY + 5


async def test_the_register_is_looked_up_and_nothing_changes(office: Office, held: Held) -> None:
    await office.answer(await held(), "照会 10001-000001")
    assert await office.state() is SubmissionState.HELD
    assert f"・{NUMBER}／{WORK}" in (await office.letter(Letter.DESK_REPLY)).mail.text


async def test_notifications_to_a_contractor_are_stopped(office: Office, held: Held) -> None:
    await office.answer(await held(), "停止")
    assert [stop.word.address for stop in await office.store.consent.opted_out()] == [SENDER]
    assert await office.state() is SubmissionState.HELD


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("相違 保証金額が契約と異なります", "保証金額が契約と異なります"),
        ("相違 工期", "確認した内容に、次の相違がありました。保証の工期が、契約の工期と異なっていました。"),
        ("なし", "閲覧できませんでした"),
    ],
)
async def test_what_d_sure_showed_is_recorded_and_the_contractor_told(office, held, words, told) -> None:
    await office.answer(await held(), "承認")
    await office.answer(await office.letter(Letter.DESK_REPLY), words)
    assert await office.state() is SubmissionState.REFUSED
    assert (await office.store.register.guarantee(1)).state is GuaranteeState.EXPECTED
    assert told in (await office.letter(Letter.SENT_BACK)).mail.text.replace("\n", "")
    lines = await office.store.journal.lines(subject=("submission", (await office.submissions())[0].receipt_number))
    assert [line.actor for line in lines if line.event == "submission.refused"] == [STAFF]


async def test_without_an_mx_that_proves_senders_no_letter_can_be_answered(store, composer, policy, watch) -> None:
    async with InProcessReader() as reader:
        policy = replace(policy, authserv_id="", reply_window=timedelta())
        office = Office(store, Sorter(store, reader, composer, policy, watch), watch)
        await office.receive(notice_mail((NUMBER, KEY)))
        alert = await office.letter(Letter.ALERT)
        assert "[" not in alert.mail.subject
        assert "返信のしかた" not in alert.mail.text


# -- mails that a person must read


def question(name: str = "q") -> bytes:
    """A contractor's mail without a notice."""
    return (
        f"Authentication-Results: {MX}; dmarc=pass header.from=kensetsu.example.jp\r\nFrom: {SENDER}\r\nTo: {INBOX}\r\n"
        f"Message-ID: <{name}@kensetsu.example.jp>\r\nSubject: question\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "保証の手続について教えてください。\r\n"
    ).encode()


async def test_a_mail_that_a_person_has_dealt_with_is_put_away_by_an_answer(office: Office) -> None:
    await office.receive(question())
    alert = await office.letter(Letter.MAIL_ALERT)
    await office.answer(alert, "対応済 電話で回答しました")
    mail, _, _ = await office.store.incoming.get(1)
    assert mail.state is MailState.RELEASED
    (line, *_) = await office.store.journal.lines(subject=("mail", "1"))
    assert (line.event, line.actor, line.detail["note"]) == ("mail.released", STAFF, "電話で回答しました")
    await office.answer(alert, "対応済")  # a deputy, too
    assert "処理　：既に対応済です" in (await office.letter(Letter.DESK_REPLY)).mail.text
    assert [line.event for line in await office.store.journal.lines(subject=("mail", "1"))].count("mail.released") == 1


async def test_a_mail_is_read_once_more_when_an_answer_says_so(office: Office) -> None:
    await office.receive(question())
    await office.answer(await office.letter(Letter.MAIL_ALERT), "再読取")
    mail, _, _ = await office.store.incoming.get(1)
    assert mail.state is MailState.PASSED_ON  # read again at once, with the same end
    lines = await office.store.journal.lines(subject=("mail", "1"))
    assert [line.event for line in reversed(lines)][-2:] == ["mail.received", "mail.passed_on"]


@pytest.mark.parametrize("words", ["承認", "差戻し 宛先が違うため", "確認済"])
async def test_what_is_for_notices_does_nothing_to_a_mail(office: Office, words: str) -> None:
    await office.receive(question())
    await office.answer(await office.letter(Letter.MAIL_ALERT), words)
    assert (await office.store.incoming.get(1))[0].state is MailState.PASSED_ON
    assert "「対応済」か「再読取」" in (await office.letter(Letter.DESK_HELP)).mail.text.replace("\n", "")


# -- the list for D-Sure


async def summarised(office: Office, composer: Composer, policy: Policy, watch: Watch) -> OutboxRow:
    calendar = Calendar(times=(time(9),))
    await Sweeps(office.store, composer, policy, calendar, watch, issued_enabled=False).send_summary()
    watch.turn(minutes=1)
    return await office.letter(Letter.SUMMARY)


async def test_a_summary_lists_what_to_look_up_and_is_answered(office, held, composer, policy, watch) -> None:
    alert = await held(
        row(guarantee_amount_yen=4_900_000),
        row("10001-000002"),
        notices=((NUMBER, KEY), ("10001-000002", KEY[:-1] + "z")),
    )
    await office.answer(alert, "全件 承認")
    summary = await summarised(office, composer, policy, watch)
    assert re.search(r"^　1件目　10001-000001　前払　4,900,000円（本日）$", summary.mail.text, re.MULTILINE)
    assert KEY not in summary.mail.content.decode("ascii")
    await office.answer(summary, "1 確認済\n2 相違 工期が契約と異なります", sender=DESK)
    states = [one.state for one in await office.submissions()]
    assert states == [SubmissionState.VERIFIED, SubmissionState.REFUSED]
    assert "　D-Sure　：0件" in (await summarised(office, composer, policy, watch)).mail.text


async def test_whatever_waits_is_answered_from_the_summary_alone(office, held, composer, policy, watch) -> None:
    """An alert may be lost, or withheld by a limit: the next summary numbers what it was about."""
    await held(row(), row("10001-000002"), notices=((NUMBER, KEY), ("10001-000002", KEY[:-1] + "z")))
    await office.receive(question())
    summary = await summarised(office, composer, policy, watch)
    text = summary.mail.text
    numbered = re.findall(r"^　(\d)件目　(\S+?)（本日）", text.partition("■ 確認待ち")[2], re.MULTILINE)
    assert [place for place, _ in numbered] == ["1", "2", "3"]
    assert numbered[2][1] == "20261124-0002-0"
    orders = "1件目 承認\n2件目 差戻し 工期が契約書と異なります\n20261124-0002-0 対応済 電話で回答しました"
    await office.answer(summary, orders)
    states = [one.state for one in await office.submissions()]
    assert states == [SubmissionState.ACCEPTED, SubmissionState.REFUSED]
    assert (await office.store.incoming.get(2))[0].state is MailState.RELEASED
    later = await summarised(office, composer, policy, watch)
    assert re.search(r"^　1件目　10001-000001　前払（本日）$", later.mail.text, re.MULTILINE)
    await office.answer(later, "1件目 確認済")
    assert (await office.submissions())[0].state is SubmissionState.VERIFIED


async def test_more_than_the_letter_lists_has_its_numbers_in_the_workbook_and_is_not_meant_by_all_cases(
    office, composer, policy, watch
) -> None:
    many = BESIDE_A_WORKBOOK.waiting + 2
    for n in range(many):
        await office.receive(question(f"q{n}").replace(SENDER.encode(), f"a{n}@kensetsu.example.jp".encode()))
    summary = await summarised(office, composer, replace(policy, workbooks=True), watch)
    listed = re.findall(r"^　(\d)件目　2026\S+-0（", summary.mail.text, re.MULTILINE)
    assert [int(place) for place in listed] == [*range(1, BESIDE_A_WORKBOOK.waiting + 1)]
    await office.answer(summary, "全件 対応済 電話で回答しました")

    async def open_mails() -> list[int]:
        return [row.mail_id for row in await office.store.incoming.list_(states=[MailState.PASSED_ON])]

    assert sorted(await open_mails()) == [many - 1, many]
    await office.answer(summary, f"{many}件目 対応済 電話で回答しました")
    assert await open_mails() == [many - 1]


async def test_without_a_workbook_what_the_letter_does_not_list_has_no_number(office, composer, policy, watch) -> None:
    for n in range(ALONE.waiting + 2):
        await office.receive(question(f"q{n}").replace(SENDER.encode(), f"a{n}@kensetsu.example.jp".encode()))
    summary = await summarised(office, composer, replace(policy, workbooks=False), watch)
    assert len(re.findall(r"^　\d+件目　2026\S+-0（", summary.mail.text, re.MULTILINE)) == ALONE.waiting
    assert "　ほか2件は、上のものを処理した後に載せます。" in summary.mail.text


async def test_keys_stand_in_the_mail_only_where_the_city_wants_them(office, held, composer, policy, watch) -> None:
    await office.answer(await held(), "承認")
    summary = await summarised(office, composer, replace(policy, keys=KeyDelivery.IN_LIST), watch)
    whole = BytesParser(policy=SMTP).parsebytes(summary.mail.content)
    assert f"キー {KEY}" in whole.get_body(("plain",)).get_content()
    assert KEY in whole.get_body(("html",)).get_content()
    assert KEY not in summary.mail.text
    assert summary.mail.is_secret
    (submission,) = await office.submissions()
    lines = await office.store.journal.lines(subject=("submission", submission.receipt_number))
    assert "key.shown" in {line.event for line in lines}


# -- what a review found


async def test_a_case_that_the_register_has_closed_is_refused_with_the_reason(office: Office, held: Held) -> None:
    await office.answer(await held(row(state=GuaranteeState.CANCELLED)), "承認")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert "「取消し」のため、受け付けられません" in (await office.letter(Letter.DESK_HELP)).mail.text.replace("\n", "")


async def test_two_notices_of_one_row_are_not_both_accepted_and_the_others_are(office: Office, held: Held) -> None:
    other = "10001-000002"
    alert = await held(row(), row(other), notices=((NUMBER, KEY), (NUMBER, KEY[:-1] + "z"), (other, KEY[:-1] + "y")))
    await office.answer(alert, "全件 承認")
    states = [one.state for one in await office.submissions()]
    assert states == [SubmissionState.ACCEPTED, SubmissionState.HELD, SubmissionState.ACCEPTED]
    assert "処理していないもの" in (await office.letter(Letter.DESK_REPLY)).mail.text


async def test_what_the_store_refuses_is_told_and_the_rest_is_done(office: Office, held: Held) -> None:
    """A row that another submission has taken: only the store knows."""
    alert = await held(row("", contractor="別の建設株式会社"), row("", project_name="市道第６号線改良工事"))
    await office.answer(alert, "1番")
    await office.receive(notice_mail(("10001-000077", KEY[:-1] + "q"), name="2"))
    second = await office.letter(Letter.ALERT)
    lines = re.findall(r"候補(\d):.*?（台帳 ?(\d+)", second.mail.text.replace("\n", ""))
    taken = (await office.submissions())[0].guarantee_id
    place = next(number for number, line in lines if int(line) == taken)
    await office.answer(second, f"{place}番")
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert await office.state(2) is SubmissionState.HELD
    assert "台帳" in (await office.letter(Letter.DESK_HELP)).mail.text


async def test_a_help_letters_candidates_are_those_that_it_shows(office: Office, held: Held) -> None:
    alert = await held(row("", contractor="別の建設株式会社"), row("", project_name="市道第６号線改良工事"))
    await office.answer(alert, "よく分かりません")
    help_ = await office.letter(Letter.DESK_HELP)
    shown = dict(re.findall(r"候補(\d):.*?（台帳(\d+)）", help_.mail.text.replace("\n", "").replace("　", "")))
    ticket = await office.store.tickets.find(
        "".join(re.search(r"\[(.{4})-(.{4})-(.{4})\]", help_.mail.subject).groups())
    )
    assert [int(row_) for _, row_ in sorted(shown.items())] == list(ticket.cases[0].candidates)
    await office.answer(help_, "2番")
    assert (await office.submissions())[0].guarantee_id == int(shown["2"])


@pytest.mark.parametrize("words", [f"照会 {KEY}", f"訂正 工事名 {KEY}", f"差戻し {KEY} が違います"])
async def test_a_key_that_a_clerk_writes_stands_in_no_letter(office: Office, held: Held, words: str) -> None:
    await office.answer(await held(), words)
    for letter in await office.store.outbox.list_(limit=1000):
        assert KEY not in letter.mail.text
        assert KEY.encode() not in letter.mail.content
    assert await office.state() is SubmissionState.HELD


@pytest.mark.parametrize(
    ("sender", "words", "why", "is_told"),
    [
        ("suzuki@city.example.jp", "承認", "この担当の職員として登録のないアドレスからの返信のため", True),
        ("doboku@city.example.jp", "承認", "ほかの担当の件への返信のため", True),
        # No order: nothing to tell the desk. Words that a responder says are answered once.
        ("suzuki@city.example.jp", "了解しました。よろしくお願いします。", "この担当の職員として登録のない", False),
        ("suzuki@city.example.jp", "ただいま出張中です。急ぎの件は課の代表へお願いします。", "登録のない", False),
    ],
)
async def test_a_colleagues_answer_that_does_not_count_is_told_to_him(
    office: Office, held: Held, sender: str, words: str, why: str, is_told: bool
) -> None:
    case = await held()
    await office.answer(case, words, sender=sender)
    (note,) = await office.letters(Letter.DESK_NOTE)
    assert note.mail.recipient == sender
    assert why in re.sub(r"\s", "", note.mail.text)
    assert NUMBER not in note.mail.text
    told = await office.letters(Letter.MAIL_ALERT)
    assert [(one.mail.recipient, why in re.sub(r"\s", "", one.mail.text)) for one in told] == [(DESK, True)] * is_told
    assert (await office.end())[0] is (MailState.PASSED_ON if is_told else MailState.ANSWERED)
    assert await office.state() is SubmissionState.HELD
    assert await office.letters(Letter.DESK_HELP, Letter.DESK_REPLY) == []


async def test_a_responder_with_the_ticket_in_its_subject_starts_no_conversation(office: Office, held: Held) -> None:
    case, away = await held(), "ただいま出張中です。急ぎの件は課の代表へお願いします。"
    for _ in range(5):
        await office.answer(case, away, sender="suzuki@city.example.jp")
    assert await office.letters(Letter.MAIL_ALERT, Letter.DESK_HELP, Letter.DESK_REPLY) == []
    assert len(await office.letters(Letter.DESK_NOTE)) == 1
    (mail, *_) = await office.store.incoming.list_(limit=1)
    assert mail.no_reply is NoReplyReason.NO_PROOF


async def test_whatever_a_colleague_sends_gets_one_line(office: Office) -> None:
    def mail(sender: str, subject: str, text: str) -> bytes:
        domain = sender.rpartition("@")[2]
        return (
            f"Authentication-Results: {MX}; dmarc=pass header.from={domain}\r\nFrom: {sender}\r\nTo: {INBOX}\r\n"
            f"Message-ID: <{subject}@{domain}>\r\nSubject: =?utf-8?b?{base64.b64encode(subject.encode()).decode()}?=\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
        ).encode()

    await office.receive(mail("suzuki@city.example.jp", "お尋ね", "この件の担当はどちらですか。"))
    await office.receive(mail("suzuki@city.example.jp", "手入力 FAX", "保証契約番号：10001-000001"))
    notes = [re.sub(r"\s", "", one.mail.text) for one in await office.letters(Letter.DESK_NOTE)]
    assert ["認証キーのお知らせが見当たりません" in notes[0], "契約課の担当者が確認します" in notes[0]] == [True, True]
    assert "手入力は、担当の職員として登録のあるアドレスから送ってください" in notes[1]
    await office.receive(notice_mail((NUMBER, KEY), sender="suzuki@city.example.jp"))
    (*_, taken) = await office.letters(Letter.DESK_NOTE)
    assert "のメールから、お知らせを受け取りました" in taken.mail.text
    # Who is not proven, or no colleague, gets none.
    await office.receive(question())
    await office.receive(mail("suzuki@city.example.jp", "もう一度", "x").replace(b"dmarc=pass", b"dmarc=fail"))
    assert len(await office.letters(Letter.DESK_NOTE)) == 3


async def test_a_question_beside_a_notice_stays_open_until_it_is_answered(office, composer, policy, watch) -> None:
    await office.store.register.change(add(row()), actor="register", source="rows.csv")
    mail = notice_mail((NUMBER, KEY)) + "なお、前払金の請求書はいつまでに必要でしょうか。\r\n".encode()
    await office.receive(mail)
    assert await office.end() == (MailState.BESIDES, MailReason.NOTICE_AND_QUESTION)
    receipt = re.sub(r"\s", "", (await office.letter(Letter.RECEIPT)).mail.text)
    assert "ご質問（受付番号20261124-0001-0）には、担当者からお答えします。" in receipt
    for _ in range(2):
        summary = await summarised(office, composer, policy, watch)
        assert re.search(r"^　2件目　20261124-0001-0（(?:本日|待ち3日)）$", summary.mail.text, re.MULTILINE)
        watch.turn(days=3)
    alert = await office.letter(Letter.MAIL_ALERT)
    await office.answer(alert, "再読取")
    assert "「再読取」はできません" in re.sub(r"\s", "", (await office.letter(Letter.DESK_HELP)).mail.text)
    await office.answer(alert, "対応済 電話で回答しました")
    assert await office.state() is SubmissionState.HELD  # typed in the body; the question's answer does not touch it
    assert (await office.store.incoming.get(1))[0].state is MailState.SORTED
    later = await summarised(office, composer, policy, watch)
    assert "20261124-0001-0" not in later.mail.text


async def test_a_long_reason_reaches_the_contractor_whole_or_is_not_taken(office: Office, held: Held) -> None:
    alert = await held()
    reason = "工期が契約書と異なります。" * 16 + "最後の文です。"
    await office.answer(alert, f"差戻し {reason}")
    assert reason.rstrip("。") in (await office.letter(Letter.SENT_BACK)).mail.text.replace("\n", "")


async def test_a_reason_that_is_too_long_is_not_cut(office: Office, held: Held) -> None:
    await office.answer(await held(), f"差戻し {'工期が契約書と異なります。' * 40}")
    assert await office.state() is SubmissionState.HELD
    assert "理由が長すぎます" in (await office.letter(Letter.DESK_HELP)).mail.text.replace("\n", "")


async def test_after_a_look_the_same_case_can_be_decided(office: Office, held: Held) -> None:
    await office.answer(await held(), "照会 10001-000001")
    await office.answer(await office.letter(Letter.DESK_REPLY), "承認")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_a_correction_keeps_where_the_fields_stood(office: Office, held: Held) -> None:
    alert = await held(row("10001-000009"))
    before = [line for line in (await office.submissions())[0].evidence if "ページ" in line]
    await office.answer(alert, "訂正 保証契約番号 10001-000009")
    assert before
    assert set(before) <= set((await office.submissions())[0].evidence)


async def test_two_desks_with_one_address_get_one_alert_that_can_be_answered(store, composer, policy, watch) -> None:
    desks = (policy.desks[-1], replace(policy.desks[-1], name="工事課"))
    async with InProcessReader() as reader:
        office = Office(store, Sorter(store, reader, composer, replace(policy, desks=desks), watch), watch)
        await store.register.change(add(row()), actor="register", source="rows.csv")
        await office.receive(notice_mail((NUMBER, KEY)))
        (alert,) = await office.letters(Letter.ALERT)
        await office.answer(alert, "承認")
        assert await office.state() is SubmissionState.ACCEPTED


def with_file(content: bytes, name: str) -> bytes:
    """A mail's bytes with a file attached."""
    head, _, body = content.partition(b"\r\n\r\n")
    kept = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-"))
    text = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body
    file = f'Content-Type: application/pdf; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n%PDF-1.7 damaged\r\n'
    return (
        kept
        + b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        + text
        + b"\r\n--b\r\n"
        + file.encode()
        + b"--b--\r\n"
    )


async def test_what_is_attached_to_an_answer_is_for_a_person_and_nothing_is_done(office: Office, held: Held) -> None:
    alert = await held()
    await office.answer(alert, "承認", file="keiyaku.pdf")
    assert await office.end() == (MailState.PASSED_ON, MailReason.ORDERS_NOT_DONE)
    (mail, *_) = await office.store.incoming.list_(limit=1)
    assert [paper.name for paper in mail.papers] == ["keiyaku.pdf"]
    assert await office.state() is SubmissionState.HELD
    help_ = await office.letter(Letter.DESK_HELP)
    assert "添付を外して返信してください" in re.sub(r"\s", "", help_.mail.text)
    await office.answer(help_, "承認")
    assert await office.state() is SubmissionState.ACCEPTED


async def test_what_a_contractor_attaches_to_a_forwarded_alert_is_taken_as_his_mail(office: Office, held: Held) -> None:
    proven = {"sender": SENDER, "result": "dmarc=pass header.from=kensetsu.example.jp"}
    await office.answer(await held(), "承認", file="notice.pdf", **proven)
    (mail, *_) = await office.store.incoming.list_(limit=1)
    assert (mail.state, mail.reason) != (MailState.ANSWERED, MailReason.ORDERS_DONE)
    assert [paper.name for paper in mail.papers] == ["notice.pdf"]
    assert await office.state() is SubmissionState.HELD


async def test_every_letter_about_a_case_is_found_with_it(office: Office, held: Held) -> None:
    alert = await held(row(), row("10001-000002"), notices=((NUMBER, KEY), ("10001-000002", KEY[:-1] + "z")))
    await office.answer(alert, "よく分かりません")
    await office.answer(await office.letter(Letter.DESK_HELP), "全件 承認")
    for submission in await office.submissions():
        letters = {one.mail.letter for one in await office.store.outbox.of_submission(submission.receipt_number)}
        assert letters >= {Letter.ALERT, Letter.DESK_HELP, Letter.DESK_REPLY}


async def test_what_another_has_corrected_shows_in_the_help_to_an_old_alert(office: Office, held: Held) -> None:
    alert = await held(row("", contractor="別の建設株式会社"), row("", project_name="市道第６号線改良工事"))
    await office.answer(alert, "訂正 受注者名 別の建設株式会社")
    await office.answer(alert, "1番", sender=DESK)
    help_ = await office.letter(Letter.DESK_HELP)
    shown = dict(re.findall(r"候補(\d):.*?（台帳(\d+)）", help_.mail.text.replace("\n", "").replace("　", "")))
    await office.answer(help_, "1番", sender=DESK)
    (submission,) = await office.submissions()
    assert (submission.state, submission.guarantee_id) == (SubmissionState.ACCEPTED, int(shown["1"]))
