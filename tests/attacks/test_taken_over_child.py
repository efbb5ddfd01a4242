"""A reading child that was taken over by its mail: what it keeps, and what it may make the daemon believe."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.mail.authentication_results import SenderProof, judge_sender
from bot.core.mail.message import Header
from bot.core.mail.own_head import own_head
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.policy import Formats
from bot.documents.pool.children import Children
from bot.documents.pool.frames import TEXT
from bot.documents.pool.process import ChildDiedError
from bot.documents.pool.progress import CpuBudget, Progress, ReadJob

pytestmark = pytest.mark.process


def mail(lie: str, words: str) -> bytes:
    return (
        "Received: from a.example.com by mx.city.example.jp\r\n"
        "Authentication-Results: mx.city.example.jp; dmarc=fail header.from=example.com\r\n"
        f"From: Stranger <stranger@example.com>\r\nSubject: {lie}\r\nMessage-ID: <1@example.com>\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    ).encode()


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    pool = Children(TEXT, lambda _: None, "tests.attacks.taken_over")
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
        assert (await read(children, mail("keep", words))).mail.body == "kept: "


async def test_a_childs_word_for_who_sent_a_mail_and_what_it_answers_does_not_count(children: Children) -> None:
    found = (await read(children, mail("sender", "x"))).mail
    assert found.headers[:-1] == own_head(mail("sender", "x")).headers
    assert found.headers[-1] == Header("X-Extra", "1")
    assert [one.addr_spec for one in found.from_] == ["stranger@example.com"]
    assert (found.to, found.subject, found.message_id, found.in_reply_to) == ((), "sender", "<1@example.com>", "")
    assert (found.reference_ids, found.has_one_header) == ((), True)
    assert judge_sender(found, "mx.city.example.jp") is SenderProof.FAILED


async def test_a_child_cannot_hide_that_a_field_stands_twice(children: Children) -> None:
    twice = b"Subject: sender\r\n" + mail("sender", "x")
    assert not (await read(children, twice)).mail.has_one_header


async def test_a_child_that_stops_its_own_clock_is_ended_by_the_kernels(children: Children) -> None:
    budget = CpuBudget(0.5)
    with pytest.raises(ChildDiedError) as died:
        await children.read(ReadJob(mail("spin", "x"), Formats(), budget, 0.5), Progress())
    assert (died.value.is_final, budget.left, 1 < budget.used < 4) == (True, 0, True)


@pytest.mark.parametrize("lie", ["length", "count", "notices"])
async def test_a_child_that_tells_more_than_there_can_be_is_not_believed(lie: str, children: Children) -> None:
    words = "保証契約番号：12345-678901\r\n認証キー：Z28Y4x8T3Bux"
    with pytest.raises(ChildDiedError):
        await read(children, mail(lie, words))
    assert children.pids == ()
    assert len((await read(children, mail("nothing", words))).notices) == 1
