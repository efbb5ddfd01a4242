"""A reading child that was taken over by its mail: what it keeps, and what it may make the daemon believe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.core.mail.authentication_results import SenderProof
from bot.core.mail.message import Address
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.policy import Formats, Office, Policy
from bot.core.records.envelope import Envelope, Source
from bot.core.records.reasons import MailReason
from bot.core.verdict.known_mail import known_mail
from bot.documents.pool.children import Children
from bot.documents.pool.frames import Handing
from bot.documents.pool.process import ChildDiedError
from bot.documents.pool.progress import CpuBudget, Progress, ReadJob

pytestmark = pytest.mark.process
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
POLICY = Policy(
    Office("見本市", "契約課", "", "", "", "電子保証受付システム"),
    ("hosho@city.example.jp",),
    (),
    authserv_id="mx.city.example.jp",
)


def mail(lie: str, words: str) -> bytes:
    return (
        "Received: from a.example.com by mx.city.example.jp\r\n"
        "Authentication-Results: mx.city.example.jp; dmarc=fail header.from=example.com\r\n"
        f"From: Stranger <stranger@example.com>\r\nSubject: {lie}\r\nMessage-ID: <1@example.com>\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    ).encode()


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    pool = Children(lambda _: None, "tests.attacks.taken_over")
    yield pool
    pool.kill()
    await pool.end()


async def read(children: Children, content: bytes) -> UnderstoodMail:
    task, progress = ReadJob(content, Formats()), Progress()
    await children.read(task, progress)
    result = progress.result()
    assert isinstance(result, UnderstoodMail)
    return result


async def test_what_one_mail_leaves_in_its_process_is_gone_with_it(children: Children) -> None:
    for words in ("a contractor's key", "a stranger asks", "and asks again"):
        assert (await read(children, mail("keep", words))).words.excerpt == "kept: "


AUTOMATIC = {
    "null sender": (b"", "", MailReason.NULL_SENDER),
    "our own": (b"X-Hosho-Bot: 1\r\n", "a@example.com", MailReason.OWN_MAIL),
    "a responder": (b"Auto-Submitted: auto-replied\r\n", "a@example.com", MailReason.AUTOMATIC_MAIL),
    "a machine": (b"Auto-Submitted: auto-generated\r\n", "a@example.com", MailReason.AUTOMATIC_MAIL),
    "a list's owner": (b"Sender: owner-x@example.com\r\n", "a@example.com", MailReason.SYSTEM_ADDRESS),
    "it goes round": (b"Received: from a by b\r\n" * 60, "a@example.com", MailReason.GOES_ROUND),
    "two subjects": (b"Subject: person\r\n", "a@example.com", MailReason.FIELDS_REPEATED),
}


@pytest.mark.parametrize("sign", AUTOMATIC)
async def test_a_child_cannot_hide_what_the_header_says_against_a_person(sign: str, children: Children) -> None:
    fields, mail_from, reason = AUTOMATIC[sign]
    content = fields + mail("person", "x")
    told = (await read(children, content)).words
    assert told.automatic is None
    known = known_mail(content, Envelope(Source.SMTP, mail_from, (), NOW), POLICY)
    assert known.screened(told.automatic) is reason
    assert known.proof is SenderProof.FAILED
    assert known.sender == Address("Stranger", "stranger@example.com")


async def test_a_child_that_stops_its_own_clock_is_ended_by_the_kernels(children: Children) -> None:
    budget = CpuBudget(0.5)
    with pytest.raises(ChildDiedError) as died:
        await children.read(ReadJob(mail("spin", "x"), Formats(), budget=budget, paper_cpu=0.5), Progress())
    assert (died.value.is_final, budget.left, 1 < budget.used < 4) == (True, 0, True)


async def test_a_child_cannot_make_a_returned_mail_one_that_is_read(children: Children) -> None:
    content = b"Return-Path: <>\r\n" + mail("spam", "x")
    told = (await read(children, content)).words
    known = known_mail(content, Envelope(Source.SMTP, None, (), NOW), POLICY)
    assert (told.automatic, known.screened(told.automatic)) == (MailReason.SPAM, MailReason.NULL_SENDER)


@pytest.mark.parametrize("lie", ["length", "excerpt", "place", "candidate", "words", "orders", "count", "notices"])
async def test_a_child_that_tells_more_than_there_can_be_is_not_believed(lie: str, children: Children) -> None:
    words = "保証契約番号：12345-678901\r\n認証キー：Z28Y4x8T3Bux"
    with pytest.raises(ChildDiedError):
        await read(children, mail(lie, words))
    assert children.pids == ()
    assert len((await read(children, mail("nothing", words))).notices) == 1


async def test_a_child_that_hands_out_more_than_it_may_is_not_believed(children: Children) -> None:
    with pytest.raises(ChildDiedError):
        await children.hand_out(mail("nothing", "x"), Handing(1000))
    assert children.pids == ()
