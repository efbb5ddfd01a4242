"""A mail that the door did not take whole: it has a desk by its header, which is told, and so is a colleague who sent it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.policy.policy import Desk, DeskRule
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.workers.sorter import LEASE, Sorter
from tests.in_process_reader import InProcessReader
from tests.workers.conftest import DESK, INBOX

MX = "mx.city.example.jp"
COLLEAGUE, CONTRACTOR = "suzuki@city.example.jp", "koji@kensetsu.example.jp"
WORKS = "doro@city.example.jp"


def header(sender: str, subject: str, *, result: str = "pass", more: str = "") -> bytes:
    domain = sender.rpartition("@")[2]
    return (
        f"Authentication-Results: {MX}; dmarc={result} header.from={domain}\r\nFrom: {sender}\r\nTo: {INBOX}\r\n{more}"
        f"Message-ID: <1@{domain}>\r\nSubject: {subject}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("why", [{"too_large_bytes": 10**8}, {"not_fetched": True, "too_large_bytes": 10**6}])
@pytest.mark.parametrize(
    ("content", "desk", "told"),
    [
        (header(CONTRACTOR, "photos"), DESK, []),
        (header(CONTRACTOR, "a claim for 2026"), WORKS, []),
        (header(COLLEAGUE, "scans"), DESK, [COLLEAGUE]),
        (header(COLLEAGUE, "claim"), WORKS, [COLLEAGUE]),
        (header(COLLEAGUE, "claim", result="fail"), WORKS, []),
        (header(COLLEAGUE, "claim", more="Auto-Submitted: auto-generated\r\n"), WORKS, []),
    ],
)
async def test_it_is_the_desks_that_its_header_tells(store, composer, policy, watch, content, desk, told, why):
    desks = (Desk("契約課", DESK), Desk("道路課", WORKS, frozenset({Product.ADVANCE_PAYMENT})))
    rules = (DeskRule("道路課", words=("claim",)),)
    policy = replace(
        policy, desks=desks, desk_rules=rules, authserv_id=MX, staff_domains=frozenset({"city.example.jp"})
    )
    envelope = Envelope(Source.IMAP, CONTRACTOR, (INBOX,), watch())
    await store.incoming.keep([Arrival(envelope, content, **why)])
    async with InProcessReader() as reader:
        await Sorter(store, reader, composer, policy, watch).sort(await store.incoming.claim(lease=LEASE))
    (row,) = await store.incoming.list_()
    reason = MailReason.NOT_FETCHED if "not_fetched" in why else MailReason.TOO_LARGE
    assert (row.state, row.reason, row.subject) == (
        MailState.PASSED_ON,
        reason,
        content.decode().rsplit("Subject: ")[1].strip(),
    )
    assert row.desk == next(one.name for one in desks if one.address == desk)
    letters = await store.outbox.list_()
    assert [one.mail.recipient for one in letters if one.mail.letter is Letter.DESK_NOTE] == told
    assert row.no_reply is (None if told else NoReplyReason.NOT_READ)
    (alert,) = [one for one in letters if one.mail.letter is Letter.MAIL_ALERT]
    assert alert.mail.recipient == desk
    assert reason.words in alert.mail.text
    assert ("原本　…" in alert.mail.text, "再読取　…" in alert.mail.text) == (False, False)
    for note in letters:
        if note.mail.letter is Letter.DESK_NOTE:
            assert reason.words in note.mail.text
            assert row.desk in note.mail.text
