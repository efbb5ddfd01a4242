"""A contractor stops the city's notices by mail and resumes them: what is recorded, what he is told, and what changes nothing."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from bot.core.consent.rules import ProofState
from bot.core.policy.policy import Limits, Policy, Rate
from bot.core.records.consent import Origin
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import MailReason, NoReplyReason, OutboxReason
from bot.core.text.business_days import Calendar
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.workers.sorter import Sorter
from bot.workers.sweeps import Sweeps
from storage.store import Store
from tests.in_process_reader import InProcessReader
from tests.storage.samples import add
from tests.workers.conftest import INBOX, Watch
from tests.workers.test_clerk_answers import KEY, MX, NUMBER, SENDER, Office, notice_mail, with_file

ROW = Guarantee(
    "市道第５号線改良工事",
    "株式会社みほん建設",
    Product.ADVANCE_PAYMENT,
    number=NUMBER,
    issued_at=datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
    wants_issued_mail=True,
    email="Koji@kensetsu.example.jp",
    state=GuaranteeState.ISSUED,
)


@pytest.fixture
def policy(policy: Policy) -> Policy:
    staff = frozenset({"city.example.jp"})
    return replace(policy, authserv_id=MX, staff_domains=staff, accepts_opt_out=True)


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    async with InProcessReader() as opened:
        yield opened


@pytest.fixture
def office(store: Store, composer: Composer, policy: Policy, watch: Watch, reader: Reader) -> Office:
    return Office(store, Sorter(store, reader, composer, policy, watch), watch)


@pytest.fixture
def sweeps(store: Store, composer: Composer, policy: Policy, watch: Watch) -> Sweeps:
    return Sweeps(store, composer, policy, Calendar((time(9, 0),)), watch, issued_enabled=True)


_count = iter(range(1, 1000))


def words(subject: str, body: str = "", *, sender: str = SENDER, result: str = "", more: str = "") -> bytes:
    """A person's mail without anything attached; proven, unless `result` says otherwise."""
    domain = sender.rpartition("@")[2]
    encoded = base64.b64encode(subject.encode()).decode()
    head = (
        f"Authentication-Results: {MX}; {result or f'dmarc=pass header.from={domain}'}\nFrom: {sender}\nTo: {INBOX}\n"
        f"Message-ID: <words-{next(_count)}@{domain}>\nSubject: =?utf-8?b?{encoded}?=\n{more}"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    return f"{head}{body}".replace("\n", "\r\n").encode()


async def stops(office: Office) -> list[str]:
    return [stop.word.address for stop in await office.store.consent.opted_out()]


async def test_a_stop_by_mail_is_recorded_confirmed_and_kept(office: Office, sweeps: Sweeps) -> None:
    await office.store.register.change(add(ROW), actor="register", source="rows.csv")
    await office.receive(words("配信停止"))
    assert await office.end() == (MailState.ANSWERED, MailReason.CONSENT_WITHDRAWN)
    (stop,) = await office.store.consent.opted_out()
    assert (stop.word.address, stop.word.wording) == (SENDER, "件名「配信停止」")
    assert (stop.word.origin, stop.word.source, stop.word.actor) == (Origin.MAIL, "メール1", SENDER)
    (told,) = await office.store.outbox.list_()
    assert (told.mail.letter, told.mail.recipient, told.mail.reverse_path) == (Letter.CONSENT, SENDER, "")
    assert told.mail.subject == "Re: 配信停止"
    assert "件名を「配信再開」として" in told.mail.text
    assert await sweeps.issued() == 0


async def test_a_resumption_lifts_the_stop(office: Office, sweeps: Sweeps) -> None:
    await office.store.register.change(add(ROW), actor="register", source="rows.csv")
    await office.receive(words("配信停止"))
    await office.receive(words("Re: 配信停止", "お世話になっております。\n配信再開をお願いします。\n"))
    assert await office.end() == (MailState.ANSWERED, MailReason.CONSENT_GIVEN)
    assert await stops(office) == []
    assert len(await office.letters(Letter.CONSENT)) == 2  # both within the hour: each confirms what was just done
    assert await sweeps.issued() == 1


async def test_a_notice_that_waits_is_not_sent_after_a_stop(office: Office, sweeps: Sweeps) -> None:
    await office.store.register.change(add(ROW), actor="register", source="rows.csv")
    await sweeps.issued()
    await office.receive(words("お知らせについて", "配信停止をお願いします。"))
    assert [one.mail.letter for one in await office.store.outbox.claim(limit=10)] == [Letter.CONSENT]
    (issued,) = await office.letters(Letter.ISSUED)
    assert (issued.state, issued.reason) == (OutboxState.CANCELLED, OutboxReason.OPTED_OUT)


async def test_a_notice_that_left_is_proven_though_its_reader_stopped_them_then(office: Office, sweeps: Sweeps) -> None:
    await office.store.register.change(add(ROW), actor="register", source="rows.csv")
    await sweeps.issued()
    await office.store.outbox.claim()
    await office.store.outbox.note_delivery(
        1, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply=""
    )
    issued = await office.letter(Letter.ISSUED)
    await office.answer(issued, "配信停止", sender=SENDER, result="dmarc=pass header.from=kensetsu.example.jp")
    assert await office.end() == (MailState.ANSWERED, MailReason.CONSENT_WITHDRAWN)
    (proof,) = await office.store.consent.proofs()
    assert proof.state is ProofState.HELD


async def test_the_letter_is_the_same_for_strangers(office: Office) -> None:
    await office.store.register.change(add(ROW), actor="register", source="rows.csv")
    stranger = "someone@other.example.jp"
    await office.receive(words("配信停止"))
    await office.receive(words("配信停止", sender=stranger))
    known, unknown = [one.mail.text for one in await office.letters(Letter.CONSENT)]
    assert known.replace("koji@kensetsu", "someone@other").replace("10時00分", "10時01分") == unknown


@pytest.mark.parametrize(
    "mail",
    [
        words("配信停止", result="dmarc=fail header.from=kensetsu.example.jp"),
        words("配信停止", result="none"),
        words("配信停止", "配信停止の方法を教えてください。"),
        words("停止"),
        words("配信停止", sender="yamada@city.example.jp"),
        with_file(words("配信停止", "配信停止"), "keiyaku.pdf"),
        words("FW: 配信停止"),
    ],
    ids=["failed", "unknown", "question", "short", "staff", "file", "forwarded"],
)
async def test_what_is_not_surely_his_and_surely_clear_goes_to_a_person(office: Office, mail: bytes) -> None:
    await office.receive(mail)
    assert (await office.end())[0] is MailState.PASSED_ON
    assert await office.store.consent.list_() == ()
    assert await office.letters(Letter.CONSENT) == []


async def test_a_machines_mail_says_nothing(office: Office) -> None:
    await office.receive(words("配信停止", more="Auto-Submitted: auto-generated\n"))
    assert (await office.end())[0] is MailState.IGNORED
    assert await office.store.consent.list_() == ()


async def test_a_notice_beside_the_words_is_taken_as_a_notice(office: Office) -> None:
    content = notice_mail((NUMBER, KEY)).replace(
        "電子保証にかかる".encode(), "配信停止\r\n電子保証にかかる".encode(), 1
    )
    await office.receive(content)
    assert (await office.end())[0] is MailState.SORTED
    assert await office.store.consent.list_() == ()


async def test_where_nobody_is_proven_a_person_reads_it(store, composer, policy, watch, reader) -> None:
    office = Office(store, Sorter(store, reader, composer, replace(policy, accepts_opt_out=False), watch), watch)
    await office.receive(words("配信停止"))
    assert (await office.end())[0] is MailState.PASSED_ON
    assert await stops(office) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"replies_enabled": False}, NoReplyReason.DISABLED),
        ({"limits": Limits(address=Rate(0, 0))}, NoReplyReason.LIMIT_REACHED),
    ],
)
async def test_a_stop_counts_also_where_nothing_is_answered(
    store, composer, policy, watch, reader, changes, why
) -> None:
    office = Office(store, Sorter(store, reader, composer, replace(policy, **changes), watch), watch)
    await office.receive(words("配信停止"))
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.no_reply) == (MailState.ANSWERED, why)
    assert await stops(office) == [SENDER]
    assert await office.letters(Letter.CONSENT) == []


async def test_the_summary_counts_them(office: Office, sweeps: Sweeps) -> None:
    await office.receive(words("配信停止"))
    await office.receive(words("配信再開"))
    await office.receive(words("配信停止", sender="a@other.example.jp"))
    await sweeps.send_summary()
    text = (await office.letter(Letter.SUMMARY)).mail.text
    assert "　処理：配信停止2件、配信再開1件\n" in text
    assert "　受信したメール：3件（返信・手入力・申出3）\n" in text
