"""A reading child that was taken over by its mail: what it keeps, and what it may make the daemon believe."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.policy import Formats
from bot.documents.pool.children import Children
from bot.documents.pool.frames import TEXT
from bot.documents.pool.progress import Progress, ReadJob

pytestmark = pytest.mark.process


def mail(lie: str, words: str) -> bytes:
    return (
        "Received: from a.example.com by mx.city.example.jp\r\n"
        "Authentication-Results: mx.city.example.jp; dmarc=fail header.from=example.com\r\n"
        f"From: Stranger <stranger@example.com>\r\nSubject: {lie}\r\nMessage-ID: <1@example.com>\r\n\r\n{words}\r\n"
    ).encode()


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    pool = Children(TEXT, 20.0, lambda _: None, "tests.attacks.taken_over")
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
