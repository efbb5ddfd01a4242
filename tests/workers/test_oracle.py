"""Whoever tries numbers and keys learns nothing: not from what he is told, not from when, and a clerk hears of it."""

from __future__ import annotations

import base64
import itertools
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser

import pytest

from bot.core.mail.parse import parse_mail
from bot.core.notice.document import Document, text_page
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import Beforehand, ReadMail
from bot.core.policy.policy import Formats, Limits, Rate
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import LimitReason, NoReplyReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from bot.documents.pool.reader import Reader
from bot.workers.sorter import LEASE, Sorter
from tests.reading import understood
from tests.storage.samples import add
from tests.workers.conftest import DESK, INBOX

WORK, FIRM = "市道第５号線改良工事", "株式会社みほん建設"
RIGHT, WRONG = "aB3dEf6hIj9k", "zY8xWv5uTs2r"


class PaperReader(Reader):
    """A reader for which a mail's body is its one PDF, so that a thousand mails take seconds."""

    async def read(
        self, content: bytes, formats: Formats, beforehand: Beforehand | None = None, **_: object
    ) -> UnderstoodMail:
        mail = parse_mail(content).mail
        pages = (text_page(mail.body),)
        paper = Document("2", "認証キー.pdf", "application/pdf", 1000, "0" * 64, pages)
        return understood(ReadMail(replace(mail, body=""), (paper,)), formats, beforehand)


def row(number: str, **changes) -> Guarantee:
    """A guarantee of the register."""
    return replace(Guarantee(WORK, FIRM, Product.ADVANCE_PAYMENT, number=number), **changes)


LONG = pytest.mark.timeout(1800)  # for the long counts

# What the register says of the number, and the key that the stranger names.
CLASSES = {
    "unknown number": (None, RIGHT),
    "right number, no key registered": ({}, RIGHT),
    "right number and key": ({"auth_key": AuthKey(RIGHT)}, RIGHT),
    "wrong key": ({"auth_key": AuthKey(RIGHT)}, WRONG),
    "another work": ({"project_name": "別の工事", "auth_key": AuthKey(RIGHT)}, RIGHT),
    "another firm": ({"contractor": "株式会社べつ建設", "email": "keiri@betsu.example.jp"}, RIGHT),
    "cancelled": ({"state": GuaranteeState.CANCELLED}, RIGHT),
    "on paper": ({"state": GuaranteeState.ON_PAPER}, RIGHT),
    "of another kind": ({"product": Product.CONTRACT}, RIGHT),
    "another desk's": ({"desk": "契約課", "auth_key": AuthKey(WRONG)}, RIGHT),
}


def number_of(place: int) -> str:
    return f"1{place:04}-{place:06}"


def notice(number: str, key: str, sender: str, *, message_id: str = "", headers: str = "") -> bytes:
    """A stranger's mail with a notice."""
    lines = [
        "電子保証にかかる「認証キー」のお知らせ",
        f"工事名：{WORK}",
        f"受注者名：{FIRM}",
        "商品（保証区分）：前払金保証",
        f"保証契約番号：{number}",
        f"認証キー：{key}",
    ]
    body = base64.encodebytes("\n".join(lines).encode()).decode()
    return (
        f"{headers}From: {sender}\nTo: {INBOX}\nSubject: key\nMessage-ID: <{message_id or number}@a.example.jp>\n"
        f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{body}"
    ).encode()


def answers_of(rows: tuple[OutboxRow, ...]) -> dict[str, OutboxRow]:
    return {one.mail.recipient: one for one in rows if one.mail.letter is not Letter.ALERT}


@pytest.fixture
def sorter_with(store, composer, policy, watch) -> Callable[..., Sorter]:
    """A maker of sorters; answers wait five seconds. `limits`: Limits' fields; all else: Policy's."""

    def make(limits: dict[str, Rate] | None = None, **changes) -> Sorter:
        changes = {"reply_delay": timedelta(seconds=5), "limits": replace(policy.limits, **(limits or {})), **changes}
        return Sorter(store, PaperReader(), composer, replace(policy, **changes), watch)

    return make


MANY = Rate(10_000, 10_000)


async def sort_all(sorter: Sorter, store, watch, seconds: random.Random | None = None) -> None:
    """Sort what waits; `seconds`: each mail takes its time, up to three seconds."""
    while mail := await store.incoming.claim(lease=LEASE):
        watch.turn(seconds=seconds.uniform(0, 3) if seconds else 0)
        await sorter.sort(mail)


def told(answer: OutboxRow, place: int) -> str:
    """The letter as it is without what differs between any two: its number, its time and what its sender wrote himself."""
    mail = BytesParser().parsebytes(answer.mail.content)
    text = mail.get_payload(decode=True).decode()
    for name in ("Message-ID", "In-Reply-To", "References", "To", "Date", "Subject"):
        del mail[name]
    words = f"{answer.mail.subject}\n{text.replace(number_of(place), '番号')}"
    words = re.sub(r"\d+年\d+月\d+日.*", "日時", re.sub(r"\d{8}-\d{4}-1", "受付番号", words))
    mail.set_payload(words.encode())
    return mail.as_string()


@LONG
async def test_a_stranger_is_told_the_same_at_the_same_pace_whatever_the_register_holds(
    sorter_with, store, watch, count, figure
):
    mails = count(60, 1000)
    chosen = list(itertools.islice(itertools.cycle(CLASSES.items()), mails))
    rows = [row(number_of(n), **fields) for n, (_, (fields, _)) in enumerate(chosen) if fields is not None]
    await store.register.change(add(*rows), actor="clerk", source="a.csv")
    sorter = sorter_with({"in_all": MANY, "domain": MANY})
    senders = [f"s{n:04}@stranger{n:04}.example.jp" for n in range(mails)]
    arrived = {}
    for n, (_, (_, key)) in enumerate(chosen):
        arrived[senders[n]] = watch()
        envelope = Envelope(Source.SMTP, senders[n], (INBOX,), watch())
        await store.incoming.keep([Arrival(envelope, notice(number_of(n), key, senders[n]))])
        await sort_all(sorter, store, watch, random.Random(n))
    answers = answers_of(await store.outbox.list_(limit=10 * mails))
    assert sorted(answers) == senders
    states = {s.sender: s.state for s in await store.submissions.list_(limit=mails)}
    by_class = {name: set() for name in CLASSES}
    for n, (name, _) in enumerate(chosen):
        by_class[name].add(states[senders[n]])
    assert by_class["right number and key"] == {SubmissionState.ACCEPTED}  # the classes are what they are called
    assert {name for name, found in by_class.items() if found == {SubmissionState.HELD}} >= {
        "unknown number",
        "wrong key",
        "another work",
        "cancelled",
    }
    letters = {told(answers[sender], n) for n, sender in enumerate(senders)}
    assert len(letters) == 1
    assert len({len(answer.mail.content) for answer in answers.values()}) == 1
    assert {answers[sender].next_attempt_at - arrived[sender] for sender in senders} == {timedelta(seconds=5)}
    dates = {BytesParser().parsebytes(answers[s].mail.content)["Date"] for s in senders}
    assert len(dates) > mails // 10  # each of its own mail's time, not of one clock
    figure(f"{mails:,} strangers, {len(CLASSES)} ways to be right or wrong: 1 letter, 1 delay")


async def test_the_date_in_an_answer_is_its_due_time_and_no_stop_watch(sorter_with, store, watch):
    sorter = sorter_with()
    arrival = watch()
    for name, seconds in (("a", 0), ("b", 4)):
        content = notice(number_of(1), RIGHT, f"{name}@{name}.example.jp", message_id=name)
        envelope = Envelope(Source.SMTP, f"{name}@{name}.example.jp", (INBOX,), arrival)
        await store.incoming.keep([Arrival(envelope, content)])
        watch.turn(seconds=seconds)
        await sort_all(sorter, store, watch)
    answers = answers_of(await store.outbox.list_())
    dates = {
        BytesParser().parsebytes(one.mail.content)["Date"] for one in answers.values() if one.mail.recipient != DESK
    }
    assert len(dates) == 1


@LONG
@pytest.mark.parametrize("is_known", [True, False])
async def test_of_a_hundred_keys_for_one_number_a_clerk_hears_once(
    sorter_with, store, watch, count, figure, is_known: bool
):
    tries = count(12, 100)
    sorter = sorter_with({"domain": MANY})
    if is_known:
        await store.register.change(add(row(number_of(1), auth_key=AuthKey(RIGHT))), actor="clerk", source="a.csv")
    for n in range(tries):
        sender = f"s@stranger{n}.example.com"
        key = f"guess{n:04}X7z"
        envelope = Envelope(Source.SMTP, sender, (INBOX,), watch())
        await store.incoming.keep([Arrival(envelope, notice(number_of(1), key, sender, message_id=str(n)))])
        await sort_all(sorter, store, watch)
    rows = await store.outbox.list_(limit=10 * tries)
    guesses = [one for one in rows if "異なる認証キーが何種類も" in one.mail.text]
    assert [one.mail.recipient for one in guesses] == [DESK]
    assert sum(one.mail.letter is Letter.ALERT for one in rows) == 3  # two ordinary ones before it
    facts = await store.summary.facts(since=watch() - timedelta(hours=1), until=watch())
    assert [(one.limit, one.about, one.count) for one in facts.withheld] == [
        (LimitReason.GUESSES_TOLD, number_of(1), tries - 3)
    ]
    assert len(facts.held) == tries
    assert len(answers_of(rows)) == tries
    figure(
        f"{tries} keys for one number, {'known' if is_known else 'unknown'}: 1 alert of guessing, 1 line in the summary"
    )


@LONG
async def test_a_thousand_victims_get_nothing_where_our_server_looks(sorter_with, store, watch, count, figure):
    mails = count(60, 1000)
    sorter = sorter_with(authserv_id="mx.city.example.jp")
    fails = "Authentication-Results: mx.city.example.jp; dmarc=fail header.from=example.jp\nReceived: by mx.city.example.jp\n"
    for n in range(mails):
        victim = f"victim{n}@v{n}.example.jp"
        forged = f"{fails}Authentication-Results: mx.city.example.jp; dmarc=pass\nReply-To: {victim}\nReturn-Path: <{victim}>\n"
        envelope = Envelope(Source.SMTP, victim, (INBOX,), watch())
        content = notice(number_of(n), RIGHT, victim, headers=forged)
        await store.incoming.keep([Arrival(envelope, content)])
        await sort_all(sorter, store, watch)
    rows = await store.outbox.list_(limit=10 * mails)
    assert {one.mail.recipient for one in rows} == {DESK}
    assert len(rows) == Limits().desk.per_hour
    facts = await store.summary.facts(since=watch() - timedelta(hours=1), until=watch())
    assert [(one.limit, one.about, one.count) for one in facts.withheld] == [
        (LimitReason.DESK, "契約課", mails - len(rows))
    ]
    found = await store.incoming.list_(limit=mails)
    assert {(one.state, one.no_reply) for one in found} == {(MailState.SORTED, NoReplyReason.SENDER_UNPROVEN)}
    figure(f"{mails:,} mails in {mails:,} victims' names: 0 letters to them, {len(rows)} alerts, 1 line")


async def test_where_nobody_looks_the_victims_are_bounded_by_the_limits(sorter_with, store, watch):
    sorter = sorter_with({"in_all": Rate(8, 2000), "domain": MANY})
    for n in range(30):
        victim = f"victim{n}@v{n}.example.jp"
        envelope = Envelope(Source.SMTP, victim, (INBOX,), watch())
        await store.incoming.keep([Arrival(envelope, notice(number_of(n), RIGHT, victim))])
        await sort_all(sorter, store, watch)
    answers = answers_of(await store.outbox.list_(limit=1000))
    assert len(answers) == 8
    facts = await store.summary.facts(since=watch() - timedelta(hours=1), until=watch())
    assert [(one.limit, one.about, one.count) for one in facts.withheld] == [(LimitReason.IN_ALL, "", 22)]
    assert len(facts.held) == 30
