"""The history of a guarantee, on both databases: what stays, what clerks saw, and what an import does to what was taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.core.records.guarantee import CertificateValues, GuaranteeState, Product
from bot.core.records.guarantee_version import OlderVersion, Version, VersionKind, name_of
from bot.core.records.incoming_mail import ClerkDecision, KeyReceived
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from bot.core.register.changes import ChangeKind, RegisterChange
from storage.errors import Overtaken
from storage.store import Store
from tests.storage.samples import GUARANTEE as G
from tests.storage.samples import (
    KEY,
    NUMBER,
    START,
    Watch,
    accepted,
    add,
    arrival,
    judge,
    settled,
    submission,
    update,
)

K, S = VersionKind, GuaranteeState
REASON = SubmissionReason


async def history(store: Store, guarantee_id: int = 1) -> tuple[Version, ...]:
    return (await store.register.versions([guarantee_id])).get(guarantee_id, ())


async def change(store: Store, source: str = "b.csv", said: K | None = None, **changes: Any) -> None:
    planned = replace(update(await store.register.guarantee(1), **changes), said=said)
    await store.register.change([planned], actor="契約課A", source=source)


async def taken(store: Store, receipt: str = "r-1", *, verify: bool = True) -> None:
    """A notice that was accepted for the guarantee, and seen in D-Sure."""
    (kept,) = await store.incoming.keep([arrival()])
    await store.submissions.settle(
        kept.mail_id, settled(accepted(1, receipt), keys_received=(KeyReceived(1, NUMBER, KEY),))
    )
    if verify:
        await judge(store, receipt, state=SubmissionState.VERIFIED, reason=REASON.VERIFIED_IN_DSURE, actor="yamada")


@pytest.fixture
async def begun(store: Store) -> Store:
    await store.register.change(add(G), actor="契約課A", source="a.csv")
    return store


async def test_each_version_stays_with_its_values_and_where_it_was_learnt(begun: Store, watch: Watch) -> None:
    watch.turn(days=1)
    issued = datetime(2026, 12, 1, tzinfo=UTC)
    await change(begun, revision=1, guarantee_amount_yen=6_000_000, issued_at=issued)
    watch.turn(days=1)
    await change(begun, "c.csv", expires_on=date(2027, 6, 30))
    first, second, third = await history(begun)
    assert first == Version(1, 0, K.NEW, False, CertificateValues.of(G), START, "a.csv", "契約課A")
    assert (second.kind, second.revision, second.place) == (K.CHANGE, 1, 2)
    assert (second.values.guarantee_amount_yen, second.values.issued_at) == (6_000_000, issued)
    assert (second.values.expires_on, second.source) == (G.expires_on, "b.csv")
    assert (third.kind, third.values.expires_on, third.learnt_at) == (K.CORRECTION, date(2027, 6, 30), watch.now)
    lines = await begun.journal.lines(subject=("guarantee", "1"))
    told = [(line.event, line.detail.get("kind")) for line in reversed(lines) if line.event != "register.update"]
    assert told == [("register.add", None), ("guarantee.version", "change"), ("guarantee.version", "correction")]


async def test_a_contract_amount_alone_makes_no_version_and_the_certificates_stays(begun: Store) -> None:
    await taken(begun)
    await change(begun, contract_amount_yen=20_000_000)
    (only,) = await history(begun)
    assert only.values.contract_amount_yen == G.contract_amount_yen
    assert (await begun.submissions.get("r-1")).state is SubmissionState.VERIFIED


async def test_what_the_register_learns_belongs_to_the_version_that_it_has(store: Store) -> None:
    bare = replace(G, issued_at=None, expires_on=None, state=S.EXPECTED)
    await store.register.change(add(bare), actor="契約課A", source="a.csv")
    await change(store, issued_at=G.issued_at, expires_on=G.expires_on, state=S.ISSUED)
    (only,) = await history(store)
    assert only.values == CertificateValues.of(G)


async def test_what_was_verified_is_to_be_seen_anew_and_both_looks_stay(begun: Store, watch: Watch) -> None:
    await taken(begun)
    watch.turn(days=1)
    await change(begun, revision=1)
    again = await begun.submissions.get("r-1")
    assert (again.state, again.reasons[-1]) == (SubmissionState.ACCEPTED, REASON.GUARANTEE_CHANGED)
    assert (await begun.register.guarantee(1)).state is S.KEY_RECEIVED
    await judge(begun, "r-1", state=SubmissionState.VERIFIED, reason=REASON.VERIFIED_IN_DSURE, actor="suzuki")
    assert (await begun.register.guarantee(1)).state is S.VERIFIED
    looks = [(name_of(one), [(s.actor, s.at, s.receipt_number) for s in one.seen]) for one in await history(begun)]
    assert looks == [("新規", [("yamada", START, "r-1")]), ("変更－1", [("suzuki", watch.now, "r-1")])]


async def test_a_guarantee_that_had_expired_and_is_prolonged_is_seen_anew_and_not_awaited(begun: Store) -> None:
    await taken(begun)
    await change(begun, state=S.EXPIRED)
    await change(begun, state=S.ISSUED, revision=1, expires_on=date(2028, 3, 31))
    assert (await begun.submissions.get("r-1")).state is SubmissionState.ACCEPTED
    assert (await begun.register.guarantee(1)).state is S.KEY_RECEIVED


async def test_what_waits_for_its_first_look_goes_on_waiting(begun: Store) -> None:
    await taken(begun, verify=False)
    await change(begun, revision=1)
    waiting = await begun.submissions.get("r-1")
    assert (waiting.state, waiting.reasons) == (SubmissionState.ACCEPTED, (REASON.NUMBER_MATCHES,))


@pytest.mark.parametrize("reason", [REASON.DSURE_DIFFERS, REASON.NOT_IN_DSURE])
async def test_a_look_that_did_not_agree_stays_too_with_its_words_and_without_a_key(
    begun: Store, reason: REASON
) -> None:
    await taken(begun, verify=False)
    note = f"保証金額が異なります {KEY.reveal()}"
    await judge(begun, "r-1", state=SubmissionState.REFUSED, reason=reason, actor="yamada", note=note)
    ((look,),) = [one.seen for one in await history(begun)]
    assert (look.result, look.actor) == (reason, "yamada")
    assert look.note.startswith("保証金額が異なります")
    assert KEY.reveal() not in look.note


async def test_a_number_and_key_that_were_seen_once_stay_when_a_change_differs(store: Store) -> None:
    await store.register.change(add(replace(G, number="")), actor="契約課A", source="a.csv")
    await taken(store)
    await change(store, revision=1)
    await judge(store, "r-1", state=SubmissionState.REFUSED, reason=REASON.DSURE_DIFFERS, actor="yamada", note="期限")
    row = await store.register.guarantee(1)
    # The key is here and good: the register must not say "issued, no notice", or the contractor would be told so.
    assert (row.number, row.auth_key, row.state) == (NUMBER, KEY, S.KEY_RECEIVED)
    assert await store.outbox.due_issued() == ()


async def test_what_has_expired_is_not_to_be_seen_anew_though_its_row_changed(begun: Store) -> None:
    await taken(begun)
    await change(begun, state=S.EXPIRED, expires_on=date(2027, 4, 30))
    assert (await begun.submissions.get("r-1")).state is SubmissionState.VERIFIED
    assert (await begun.register.guarantee(1)).state is S.EXPIRED
    assert len(await history(begun)) == 2


async def test_a_look_counts_for_the_certificate_that_it_was_decided_on(begun: Store) -> None:
    await taken(begun, verify=False)
    known = len(await history(begun))
    await change(begun, guarantee_amount_yen=1)  # an import was faster than the clerk's word
    word = ClerkDecision("r-1", SubmissionState.VERIFIED, REASON.VERIFIED_IN_DSURE, versions=known)
    with pytest.raises(Overtaken):
        await begun.submissions.judge(word, actor="yamada")
    assert (await begun.submissions.get("r-1")).state is SubmissionState.ACCEPTED
    assert [one.seen for one in await history(begun)] == [(), ()]
    await begun.submissions.judge(replace(word, versions=known + 1), actor="yamada")
    assert (await begun.register.guarantee(1)).state is S.VERIFIED


async def test_the_journal_tells_that_a_change_opened_a_guarantee_again(begun: Store) -> None:
    await taken(begun)
    await change(begun, revision=1)
    lines = await begun.journal.lines(subject=("guarantee", "1"))
    (line,) = [line for line in lines if line.event == "guarantee.changed"]
    assert (line.detail["from"], line.detail["to"]) == ("verified", "key_received")


async def test_a_refusal_without_a_look_is_no_look(begun: Store) -> None:
    await taken(begun, verify=False)
    await judge(begun, "r-1", state=SubmissionState.REFUSED, reason=REASON.CLERK_REFUSED, actor="yamada")
    assert [one.seen for one in await history(begun)] == [()]


@pytest.mark.parametrize(
    ("state", "reason", "kind", "verify"),
    [
        (S.CANCELLED, REASON.GUARANTEE_CANCELLED, K.CANCELLATION, True),
        (S.CANCELLED, REASON.GUARANTEE_CANCELLED, K.CANCELLATION, False),
        (S.ON_PAPER, REASON.GUARANTEE_ON_PAPER, K.REISSUE, True),
    ],
)
async def test_what_is_cancelled_or_on_paper_waits_for_nobody(
    begun: Store, state: S, reason: REASON, kind: K, verify: bool
) -> None:
    await taken(begun, verify=verify)
    await change(begun, state=state)
    ended = await begun.submissions.get("r-1")
    assert (ended.state, ended.reasons[-1]) == (SubmissionState.SUPERSEDED, reason)
    last = (await history(begun))[-1]
    assert (last.kind, last.is_on_paper) == (kind, state is S.ON_PAPER)
    facts = await begun.summary.facts(since=START, until=START)
    assert facts.to_verify == ()


async def test_an_issue_after_a_cancellation_is_awaited_and_taken_again(begun: Store) -> None:
    await taken(begun)
    await change(begun, state=S.CANCELLED)
    await change(begun, state=S.ISSUED)
    assert [name_of(one) for one in await history(begun)] == ["新規", "取消し（新規）", "再発行（新規）"]
    await taken(begun, "r-2")
    assert (await begun.submissions.get("r-2")).state is SubmissionState.VERIFIED
    assert [len(one.seen) for one in await history(begun)] == [1, 0, 1]


async def test_older_versions_of_a_file_are_history_and_are_taken_once(begun: Store) -> None:
    old = OlderVersion(3, 1, K.CHANGE, False, replace(CertificateValues.of(G), guarantee_amount_yen=1))
    first = OlderVersion(2, 0, K.NEW, False, CertificateValues.of(G))
    now = await begun.register.guarantee(1)
    newer = replace(update(now, revision=2), older=(first, old))
    await begun.register.change([newer], actor="契約課A", source="b.csv")
    assert [(one.place, name_of(one)) for one in await history(begun)] == [(1, "新規"), (2, "変更－1"), (3, "変更－2")]
    late = RegisterChange(ChangeKind.UNCHANGED, 2, now, await begun.register.guarantee(1), older=(old,))
    await begun.register.change([late], actor="契約課A", source="c.csv")
    assert len(await history(begun)) == 3
    assert await begun.register.known_revisions() == {1: frozenset({0, 1, 2})}


async def test_a_version_learnt_of_late_takes_its_place_and_changes_nothing(store: Store) -> None:
    await store.register.change(add(replace(G, revision=1)), actor="契約課A", source="a.csv")
    await taken(store)
    row = await store.register.guarantee(1)
    first = OlderVersion(2, 0, K.NEW, False, CertificateValues.of(G))
    await store.register.change(
        [RegisterChange(ChangeKind.UNCHANGED, 2, row, row, older=(first,))], actor="契約課A", source="b.csv"
    )
    assert [(one.place, name_of(one), len(one.seen)) for one in await history(store)] == [
        *((1, "新規", 0), (2, "変更－1", 1)),
    ]
    assert (await store.submissions.get("r-1")).state is SubmissionState.VERIFIED


async def test_a_plan_that_another_import_has_carried_out_makes_no_second_version(begun: Store) -> None:
    planned = update(await begun.register.guarantee(1), revision=1)
    for source in ("b.csv", "c.csv"):
        await begun.register.change([planned], actor="契約課A", source=source)
    assert [one.source for one in await history(begun)] == ["a.csv", "b.csv"]


async def test_a_refused_import_leaves_no_version(begun: Store) -> None:
    before = await begun.register.guarantee(1)
    await taken(begun)
    with pytest.raises(Exception, match="auth_key"):
        await begun.register.change(
            [update(before, revision=1, auth_key=AuthKey("x" * 12))], actor="契約課A", source="b.csv"
        )
    assert len(await history(begun)) == 1
    assert (await begun.submissions.get("r-1")).state is SubmissionState.VERIFIED


async def test_another_key_that_waits_is_superseded_by_nothing(begun: Store) -> None:
    await taken(begun)
    (kept,) = await begun.incoming.keep([arrival()])
    other = submission("r-2", reasons=(REASON.OTHER_KEY_BEFORE,))
    other = replace(other, fields=replace(other.fields, auth_key=AuthKey("Zz9yXw8vUt7s")))
    await begun.submissions.settle(kept.mail_id, settled(other))
    await change(begun, revision=1)
    await change(begun, state=S.CANCELLED)
    assert (await begun.submissions.get("r-2")).state is SubmissionState.HELD


async def test_many_rows_at_once_get_their_versions(store: Store) -> None:
    many = [replace(G, number=f"{n:05}-000000", product=Product.CONTRACT) for n in range(1_200)]
    await store.register.change(add(*many), actor="契約課A", source="a.csv")
    series = await store.register.versions(range(1, 1_201))
    assert len(series) == 1_200
    assert {len(versions) for versions in series.values()} == {1}
