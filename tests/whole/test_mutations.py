"""Mails that were damaged on their way: a byte changed, a piece cut out, doubled or swapped. None is an error, none is accepted wrongly.

The register knows each notice's number; its key too where the paper's text is not packed, for then no sum in the file could tell.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.judging.lookup import LookUp
from bot.core.judging.sender_facts import SenderFacts
from bot.core.mail.own_head import own_head
from bot.core.mail.parse import parse_mail
from bot.core.notice.interpret import UnderstoodMail
from bot.core.records.envelope import Envelope, Source, digest
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, SubmissionState
from bot.core.verdict.mail_verdict import MailFacts
from bot.documents.pool.reader import Reader
from tests.core.verdict.cases import INBOX, NOW, POLICY, judge_all

MAILS = Path(__file__).parents[1] / "corpus" / "mails"
LARGEST = 150_000
EVERY = 3
_UNPACKED_TEXT = re.compile(rb"\bTf\b[^\n]{0,80}\bT[jJ]\b|\n\s*/F\w+ [\d.]+ Tf\b")


@cache
def samples() -> tuple[tuple[str, bytes, tuple[dict[str, Any], ...]], ...]:
    """Honest mails that are read right as they stand: name, bytes, notices."""
    found = []
    for path in sorted(MAILS.glob("*.expected.json"))[::EVERY]:
        expected = json.loads(path.read_text("utf-8"))
        content = path.with_name(path.name.replace(".expected.json", ".eml")).read_bytes()
        if expected["end"] == "read" and not expected["by_image"] and len(content) <= LARGEST:
            found.append((path.name, content, tuple(expected["notices"])))
    return tuple(found)


def has_unpacked_text(content: bytes) -> bool:
    return any(_UNPACKED_TEXT.search(part) for part in parse_mail(content).contents.values())


class Register:
    """The rows of one mail's notices."""

    def __init__(self, notices: tuple[dict[str, Any], ...], *, with_keys: bool) -> None:
        self._rows = {
            one["number"]: Guarantee(
                one["project_name"],
                one["contractor"],
                Product(one["product"]),
                number=one["number"],
                auth_key=AuthKey(one["auth_key"]) if with_keys else None,
                guarantee_id=place,
            )
            for place, one in enumerate(notices, 1)
        }

    def __call__(self, said: NoticeFields) -> LookUp:
        row = self._rows.get(said.number)
        return LookUp(row, () if row else tuple(self._rows.values()), (), frozenset())


def accepted(content: bytes, read: UnderstoodMail, register: Register) -> Iterator[tuple[str, str]]:
    sender = SenderFacts(None, is_proven=False, is_unproven=False, is_automatic=False)
    envelope = Envelope(Source.SMTP, "a@example.jp", (INBOX,), NOW)
    facts = MailFacts(7, digest(content), envelope, own_head(content), None, sender)
    for one in judge_all(facts, read, register, POLICY):
        fields = one.notice.fields
        if one.state is SubmissionState.ACCEPTED and fields.auth_key is not None:
            yield fields.number, fields.auth_key.reveal()


@st.composite
def damages(draw: st.DrawFn, content: bytes) -> bytes:
    """The mail after something happened to it."""
    start = draw(st.integers(0, len(content) - 1))
    stop = min(start + draw(st.integers(1, 4000)), len(content))
    match draw(st.sampled_from(("byte", "bit", "cut", "cut off", "twice", "part", "lines"))):
        case "byte":
            return content[:start] + bytes([draw(st.integers(0, 255))]) + content[start + 1 :]
        case "bit":
            return content[:start] + bytes([content[start] ^ 1 << draw(st.integers(0, 7))]) + content[start + 1 :]
        case "cut":
            return content[:start] + content[stop:]
        case "cut off":
            return content[:start]
        case "twice":
            return content[:stop] + content[start:]
        case "part":
            marks = [found.start() for found in re.finditer(rb"^--\S", content, re.MULTILINE)] or [0]
            begin = draw(st.sampled_from(marks))
            end = next((mark for mark in marks if mark > begin), len(content))
            return content[:begin] + content[end:]
        case _:
            lines = content.splitlines(keepends=True)
            place = draw(st.integers(0, max(len(lines) - 2, 0)))
            return b"".join(
                [*lines[:place], *lines[place + 1 : place + 2], *lines[place : place + 1], *lines[place + 2 :]]
            )


@pytest.mark.timeout(0)
def test_no_damage_is_an_error_or_accepted_wrongly(
    count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    seen = {"mails": 0, "accepted": 0, "unread": 0}

    async def read(reader: Reader, content: bytes) -> object:
        return await reader.read(content)

    with asyncio.Runner() as runner:
        reader = Reader(1, sees=False)

        @settings(
            max_examples=count(200, 20_000), deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(data=st.data())
        def damaged(data: st.DataObject) -> None:
            _, content, notices = data.draw(st.sampled_from(samples()))
            mail = data.draw(damages(content))
            found = runner.run(read(reader, mail))
            seen["mails"] += 1
            if not isinstance(found, UnderstoodMail):  # parked: a person is told
                seen["unread"] += 1
                return
            truth = {(one["number"], one["auth_key"]) for one in notices}
            pairs = set(accepted(mail, found, Register(notices, with_keys=has_unpacked_text(content))))
            seen["accepted"] += bool(pairs)
            assert pairs <= truth

        try:
            damaged()
        finally:
            runner.run(reader.close())
    assert seen["accepted"] > seen["mails"] / 10
    figure(
        f"damaged mails: {seen['mails']}, none an error, none accepted wrongly; {seen['accepted']} accepted as they were meant, "
        f"{seen['unread']} whose reading was given up"
    )
