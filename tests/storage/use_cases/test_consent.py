"""Consent on both databases: what is recorded by whom, what a letter needs when it is queued and when it leaves, and its proof."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.consent.rules import ProofState
from bot.core.records.consent import ConsentStatement, Origin
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxState, OutgoingMail
from bot.core.records.reasons import MailReason, OutboxReason
from storage.database.connection import Database
from storage.errors import StoreError
from storage.store import Store
from tests.storage.samples import GUARANTEE, START, Opener, Watch, add, arrival, letter, settled, update

KEIRI = "keiri@kensetsu.example.jp"
WISHED = f"電子保証発行完了のお知らせ：希望する、メールアドレス：{KEIRI}"


def issued(guarantee_id: int = 1, recipient: str = KEIRI, key: str = "") -> OutgoingMail:
    return letter(
        key or f"issued/{guarantee_id}/0", letter=Letter.ISSUED, guarantee_id=guarantee_id, recipient=recipient
    )


async def said(store: Store, address: str = "") -> list[tuple[str, int | None, bool, str, str]]:
    """Oldest first: address, guarantee, given, wording, source."""
    return [
        (one.word.address, one.word.guarantee_id, one.word.granted, one.word.wording, one.word.source)
        for one in reversed(await store.consent.list_(address))
    ]


async def states(store: Store) -> list[ProofState]:
    return [one.state for one in await store.consent.proofs()]


async def leave(store: Store, outbox_id: int = 1) -> None:
    assert [one.outbox_id for one in await store.outbox.claim()] == [outbox_id]
    await store.outbox.note_delivery(
        outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250 ok"
    )


@pytest.fixture
async def wished(store: Store) -> Store:
    """One row whose contractor wants the mail."""
    await store.register.change(add(GUARANTEE), actor="契約課A", source="台帳.csv")
    return store


# -- what is recorded


async def test_an_import_records_each_wish_that_begins_and_nothing_else(store: Store) -> None:
    rows = add(
        GUARANTEE, replace(GUARANTEE, number="2", wants_issued_mail=False), replace(GUARANTEE, number="3", email="")
    )
    await store.register.change(rows, actor="契約課A", source="台帳.csv")
    assert await said(store) == [(KEIRI, 1, True, WISHED, "台帳.csv 2行目")]
    (event,) = await store.consent.list_()
    assert (event.at, event.word.origin, event.word.actor) == (START, Origin.REGISTER, "契約課A")
    (line,) = await store.journal.lines(subject=("consent", "1"))
    assert (line.event, line.actor, line.detail["wording"]) == ("consent.given", "契約課A", WISHED)


async def test_an_import_records_what_it_changes_of_a_wish(wished: Store, watch: Watch) -> None:
    async def change(source: str, **changes: object) -> None:
        watch.turn(hours=1)
        await wished.register.change(
            [update(await wished.register.guarantee(1), **changes)], actor="契約課A", source=source
        )

    await change("b.csv", desk="土木課")
    await change("c.csv", email="KEIRI@kensetsu.example.jp")
    assert len(await said(wished)) == 1
    await change("d.csv", email="soumu@kensetsu.example.jp")
    await change("e.csv", wants_issued_mail=False)
    await change("f.csv", wants_issued_mail=True, email=KEIRI)
    new = "soumu@kensetsu.example.jp"
    assert await said(wished) == [
        (KEIRI, 1, True, WISHED, "台帳.csv 2行目"),
        (KEIRI, 1, False, f"メールアドレス：{new}", "d.csv 2行目"),
        (new, 1, True, f"電子保証発行完了のお知らせ：希望する、メールアドレス：{new}", "d.csv 2行目"),
        (new, 1, False, "電子保証発行完了のお知らせ：希望しない", "e.csv 2行目"),
        (KEIRI, 1, True, WISHED, "f.csv 2行目"),
    ]
    assert [one[4] for one in await said(wished, "Soumu@Kensetsu.example.jp")] == ["d.csv 2行目", "e.csv 2行目"]


async def test_an_import_that_fails_leaves_no_word(wished: Store) -> None:
    again = update(await wished.register.guarantee(1), wants_issued_mail=False)
    with pytest.raises(StoreError):
        await wished.register.change([again, *add(replace(GUARANTEE, email="x@example.jp"))], actor="a", source="b.csv")
    assert len(await said(wished)) == 1


async def test_a_mails_word_is_recorded_with_its_end(store: Store) -> None:
    await store.incoming.keep([arrival()])
    word = ConsentStatement("Keiri@kensetsu.example.jp", False, "件名「配信停止」", Origin.MAIL, "メール1", KEIRI)
    end = settled(state=MailState.ANSWERED, reason=MailReason.CONSENT_WITHDRAWN, word=word)
    await store.submissions.settle(1, end)
    assert await said(store) == [(KEIRI, None, False, "件名「配信停止」", "メール1")]
    assert [line.event for line in await store.journal.lines()] == ["consent.withdrawn", "mail.answered"]


@pytest.mark.parametrize("change", ["UPDATE consent SET given = NOT given", "DELETE FROM consent"])
async def test_what_was_said_can_not_be_changed(wished: Store, change: str) -> None:
    async def tampered(database: Database) -> None:
        await database.execute(change)

    with pytest.raises(StoreError):
        await wished._database.run(tampered)
    assert len(await said(wished)) == 1


# -- what a letter needs


async def test_a_letter_bears_what_permitted_it(wished: Store, watch: Watch) -> None:
    await wished.outbox.enqueue([issued()])
    assert await wished.consent.proofs() == ()  # it has not left
    watch.turn(minutes=1)
    await leave(wished)
    (proof,) = await wished.consent.proofs()
    assert proof.state is ProofState.HELD
    assert proof.permitted_by == (await wished.consent.list_())[0]
    assert (proof.notice.address, proof.notice.checked_at) == (KEIRI, START + timedelta(minutes=1))


async def test_nothing_is_queued_that_nobody_permits(wished: Store) -> None:
    assert (
        await wished.outbox.enqueue([issued(recipient="other@example.jp"), replace(issued(), guarantee_id=None)]) == 0
    )
    await wished.consent.opt_out(KEIRI, wording="", actor="clerk", source="電話")
    assert await wished.outbox.enqueue([issued()]) == 0
    await wished.consent.opt_in(KEIRI, wording="", actor="clerk", source="電話")
    assert await wished.outbox.enqueue([issued()]) == 1


async def test_a_stop_between_queueing_and_sending_cancels_the_letter(wished: Store) -> None:
    await wished.outbox.enqueue([issued()])
    await wished.consent.opt_out("KEIRI@kensetsu.example.jp", wording="「配信停止」", actor="clerk", source="電話")
    assert await wished.outbox.claim() == ()
    row = await wished.outbox.get(1)
    assert (row.state, row.reason) == (OutboxState.CANCELLED, OutboxReason.OPTED_OUT)
    assert await wished.consent.proofs() == ()


async def test_a_stop_between_two_attempts_cancels_the_letter(wished: Store, watch: Watch) -> None:
    await wished.outbox.enqueue([issued()])
    await wished.outbox.claim()
    unsure = {"reason": OutboxReason.OUTCOME_UNKNOWN, "reply": "", "outcome_known": False}
    await wished.outbox.note_delivery(1, state=OutboxState.QUEUED, **unsure)
    watch.turn(hours=1)
    await wished.consent.opt_out(KEIRI, wording="「配信停止」", actor="clerk", source="電話")
    assert await wished.outbox.claim() == ()
    assert (await wished.outbox.get(1)).reason is OutboxReason.OPTED_OUT
    assert await states(wished) == [ProofState.HELD]  # the first attempt, of which nobody knows: it was permitted


async def test_an_address_that_the_register_changes_meanwhile_gets_nothing(wished: Store) -> None:
    await wished.outbox.enqueue([issued()])
    change = update(await wished.register.guarantee(1), email="soumu@kensetsu.example.jp")
    await wished.register.change([change], actor="clerk", source="b.csv")
    assert await wished.outbox.claim() == ()
    assert (await wished.outbox.get(1)).reason is OutboxReason.NO_LONGER_TRUE


async def test_an_import_of_the_same_wish_does_not_undo_a_stop(wished: Store) -> None:
    await wished.consent.opt_out(KEIRI, wording="「配信停止」", actor="clerk", source="電話")
    off = update(await wished.register.guarantee(1), wants_issued_mail=False)
    await wished.register.change([off], actor="clerk", source="b.csv")
    on = update(await wished.register.guarantee(1), wants_issued_mail=True)
    await wished.register.change([on, *add(replace(GUARANTEE, number="2"))], actor="clerk", source="c.csv")
    assert await wished.outbox.due_issued() == ()
    await wished.consent.opt_in(KEIRI, wording="「配信再開」", actor="clerk", source="電話")
    assert [one.guarantee_id for one in await wished.outbox.due_issued()] == [1, 2]


async def test_stops_and_claims_at_once_leave_no_letter_without_proof(open_store: Opener) -> None:
    one, two = await open_store(), await open_store()
    rows = [replace(GUARANTEE, number=str(n), email=f"a{n}@example.jp") for n in range(1, 31)]
    await one.register.change(add(*rows), actor="clerk", source="a.csv")
    await one.outbox.enqueue([issued(n, f"a{n}@example.jp") for n in range(1, 31)])

    async def claim(store: Store) -> int:
        count = 0
        while claimed := await store.outbox.claim(limit=2):
            count += len(claimed)
        return count

    async def stop() -> None:
        for n in range(30, 0, -1):
            await two.consent.opt_out(f"a{n}@example.jp", wording="", actor="clerk", source="電話")

    first, second, _ = await asyncio.gather(claim(one), claim(two), stop())
    proofs = await one.consent.proofs()
    assert len(proofs) == first + second
    assert {proof.state for proof in proofs} <= {ProofState.HELD}
    cancelled = await one.outbox.list_(states=(OutboxState.CANCELLED,))
    assert len(proofs) + len(cancelled) == 30
    assert {row.reason for row in cancelled} <= {OutboxReason.OPTED_OUT}


# -- the proof


async def test_a_letter_that_left_against_the_record_is_found(wished: Store, watch: Watch) -> None:
    await wished.outbox.enqueue([issued()])
    watch.turn(hours=1)
    await leave(wished)

    async def tampered(database: Database) -> None:
        await database.execute("UPDATE outbox SET consent_id = NULL")

    await wished._database.run(tampered)
    assert await states(wished) == [ProofState.MISSING]


async def test_proofs_are_asked_for_a_span(wished: Store, watch: Watch) -> None:
    await wished.outbox.enqueue([issued()])
    await leave(wished)
    assert len(await wished.consent.proofs(since=START, until=START)) == 1
    assert await wished.consent.proofs(since=START + timedelta(seconds=1)) == ()
    assert await wished.consent.proofs(until=START - timedelta(seconds=1)) == ()


async def test_a_cancelled_guarantee_is_told_about_no_more(wished: Store) -> None:
    await wished.outbox.enqueue([issued()])
    change = update(await wished.register.guarantee(1), state=GuaranteeState.CANCELLED)
    await wished.register.change([change], actor="clerk", source="b.csv")
    assert await wished.outbox.claim() == ()
    assert (await wished.outbox.get(1)).reason is OutboxReason.NO_LONGER_TRUE
