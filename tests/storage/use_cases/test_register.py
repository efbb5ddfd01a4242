"""The register and the notices taken for it, on both databases."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.judging.lookup import LookUp
from bot.core.records.guarantee import TRANSITIONS as GUARANTEE_TRANSITIONS
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import KeyReceived, MailState
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import TRANSITIONS, SubmissionState
from storage.store import NotFound, Store, StoreError, WrongState
from storage.use_cases.register import one_slip_away
from tests.storage.samples import (
    FIELDS,
    KEY,
    NUMBER,
    Opener,
    accepted,
    add,
    arrival,
    judge,
    letter,
    settled,
    submission,
    update,
)
from tests.storage.samples import GUARANTEE as G

BARE = Guarantee("水路改修工事", "みほん土木有限会社", Product.CONTRACT)


async def with_guarantees(store: Store, *guarantees: Guarantee) -> None:
    await store.register.change(add(*guarantees), actor="clerk", source="a.csv")


async def settle_new(store: Store, *submissions: Any, **changes: Any) -> None:
    (kept,) = await store.incoming.keep([arrival()])
    await store.submissions.settle(kept.mail_id, settled(*submissions, **changes))


async def test_a_guarantee_comes_back_as_it_was_written(store: Store) -> None:
    full = replace(G, auth_key=KEY, jv_name="みほん・れい特定建設工事共同企業体", revision=2)
    await with_guarantees(store, full, BARE, replace(BARE, contractor="別の会社"))
    assert await store.register.guarantees() == (
        replace(full, guarantee_id=1),
        replace(BARE, guarantee_id=2),
        replace(BARE, contractor="別の会社", guarantee_id=3),
    )
    assert await store.register.by_number(NUMBER) == replace(full, guarantee_id=1)
    assert await store.register.by_number("") is None
    with pytest.raises(NotFound):
        await store.register.guarantee(4)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("456789", [1]),
        ("００１２３－", [1]),
        ("第３号線", [1]),
        ("㈱みほん", [1]),
        ("みほん", [1, 2]),
        ("水路 改修", [2]),
        ("れい", [2]),
        ("100%", []),
        ("_", []),
        ("  ", [1, 2]),
    ],
)
async def test_guarantees_are_found_by_part_of_a_name(store: Store, text: str, found: list[int]) -> None:
    await with_guarantees(store, replace(G, jv_name=""), replace(BARE, jv_name="れい共同企業体"))
    assert [each.guarantee_id for each in await store.register.guarantees(text=text)] == found
    assert [each.guarantee_id for each in await store.register.guarantees(text=text, limit=1)] == found[:1]
    issued = await store.register.guarantees(text=text, states=[GuaranteeState.ISSUED], limit=None)
    assert [each.guarantee_id for each in issued] == [number for number in found if number == 1]


async def test_a_known_number_decides(store: Store) -> None:
    await with_guarantees(store, G, replace(G, number="00123-456788"))
    assert await store.register.look_up(FIELDS) == LookUp(replace(G, guarantee_id=1), (), (), frozenset())


async def test_candidates_have_something_in_common_or_are_awaited(store: Store) -> None:
    done = GuaranteeState.VERIFIED
    await with_guarantees(
        store,
        replace(BARE, state=done),  # nothing in common, not awaited
        replace(BARE, state=done, contractor="みほん建設 株式会社"),  # another firm of the same core
        replace(BARE, state=done, project_name="市道第３号線　舗装修繕工事"),
        replace(BARE, state=done, number="00123-456798"),  # neighbours changed places
        replace(BARE, state=done, number="00123-455789"),  # one digit
        replace(BARE, state=done, number="00123-455798"),  # two slips
        BARE,  # awaited
        replace(BARE, project_name="市道第3号線舗装修繕工事その2"),  # awaited and alike
    )
    found = await store.register.look_up(FIELDS)
    assert found.by_number is None
    assert [each.guarantee_id for each in found.candidates] == [2, 3, 4, 5, 8]
    assert [each.guarantee_id for each in (await store.register.look_up(FIELDS, besides=[7])).candidates] == [
        *(2, 3, 4, 5, 7, 8),
    ]
    nothing = replace(FIELDS, project_name="", contractor="・", number="")
    assert (await store.register.look_up(nothing)).candidates == ()


async def test_candidates_are_two_hundred_at_most_and_likeness_goes_before_waiting(store: Store) -> None:
    await with_guarantees(
        store,
        *[replace(G, number="", project_name=f"{G.project_name}その{n}") for n in range(250)],
        replace(G, number=""),
    )
    found = [each.guarantee_id for each in (await store.register.look_up(FIELDS)).candidates]
    assert found == list(range(52, 252))


async def test_a_large_register_is_not_compared_as_a_whole(store: Store) -> None:
    await with_guarantees(
        store, *[replace(BARE, project_name=f"第{n}号工事") for n in range(2001)], replace(G, number="")
    )
    assert [each.guarantee_id for each in (await store.register.look_up(FIELDS)).candidates] == [2002]


def test_one_slip_is_a_digit_or_a_transposition() -> None:
    assert one_slip_away("1-2") == {f"{n}-2" for n in "023456789"} | {f"1-{n}" for n in "013456789"} | {"-12", "12-"}
    assert one_slip_away("") == frozenset()
    assert one_slip_away("1" * 21) == frozenset()


async def test_earlier_notices_and_known_senders_are_told(store: Store) -> None:
    await with_guarantees(store, G, replace(BARE, contractor=G.contractor))
    same_number = submission("a", fields=replace(FIELDS, auth_key=None), state=SubmissionState.REFUSED)
    same_key = submission("b", fields=replace(FIELDS, number="9"))
    same_guarantee = accepted(1, "c", fields=replace(FIELDS, number="8", auth_key=AuthKey("x")), sender_proven=False)
    other = submission("d", fields=replace(FIELDS, number="7", auth_key=AuthKey("y")))
    for_other = accepted(2, "e", fields=replace(FIELDS, number="6", auth_key=AuthKey("z")), sender="z@example.jp")
    await settle_new(store, same_number, same_key, same_guarantee, other, for_other)
    assert (await store.register.look_up(FIELDS)).known_senders == frozenset()  # accepted is not verified
    assert (await store.register.look_up(replace(FIELDS, number="", auth_key=None))).unverified == (
        same_guarantee,
        for_other,
    )
    for receipt in ("c", "e"):
        await judge(
            store, receipt, actor="clerk", state=SubmissionState.VERIFIED, reason=SubmissionReason.VERIFIED_IN_DSURE
        )
    same_guarantee, for_other = [await store.submissions.get(receipt) for receipt in ("c", "e")]

    found = await store.register.look_up(FIELDS)
    assert found.earlier == (same_number, same_key, same_guarantee)
    assert found.known_senders == {(1, "tanto@kensetsu.example.jp")}
    without = await store.register.look_up(replace(FIELDS, number="", auth_key=None))
    assert without.earlier == ()
    assert without.known_senders == {(1, "tanto@kensetsu.example.jp"), (2, "z@example.jp")}


async def test_a_key_received_fills_what_is_empty_and_moves_the_guarantee(store: Store) -> None:
    other = AuthKey("other")
    await with_guarantees(store, replace(G, number=""), replace(BARE, number="77", auth_key=other))
    keys = (KeyReceived(2, "77", other), KeyReceived(1, NUMBER, KEY))
    await settle_new(store, accepted(1, "a"), accepted(2, "b"), keys_received=keys)
    received = GuaranteeState.KEY_RECEIVED
    assert await store.register.guarantees() == (
        replace(G, auth_key=KEY, state=received, guarantee_id=1),
        replace(BARE, number="77", auth_key=other, state=received, guarantee_id=2),
    )


async def test_a_guarantee_is_taken_once(store: Store) -> None:
    await with_guarantees(store, G)
    await settle_new(store, accepted(1, "a"))
    (kept,) = await store.incoming.keep([arrival()])
    with pytest.raises(StoreError) as caught:
        await store.submissions.settle(kept.mail_id, settled(accepted(1, "b")), outgoing=(letter(),))
    assert "20261122" not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert (await store.incoming.get(kept.mail_id))[0].state is MailState.RECEIVED
    assert await store.outbox.list_() == ()

    await store.submissions.settle(kept.mail_id, settled(submission("b", guarantee_id=1)))
    with pytest.raises(WrongState, match=r"held.*accepted"):
        await judge(store, "b", state=SubmissionState.ACCEPTED, reason=SubmissionReason.CLERK_ACCEPTED, actor="clerk")
    assert (await store.submissions.get("b")).state is SubmissionState.HELD


async def test_two_stores_that_take_one_guarantee_at_once_take_it_once(open_store: Opener) -> None:
    one, two = await open_store(), await open_store()
    await with_guarantees(one, replace(G, number=""))
    kept = await one.incoming.keep([arrival() for _ in range(10)])
    results = await asyncio.gather(
        *(
            (one, two)[place % 2].submissions.settle(
                each.mail_id, settled(accepted(1, f"n{place}"), keys_received=(KeyReceived(1, NUMBER, KEY),))
            )
            for place, each in enumerate(kept)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["Overtaken"] * 9
    assert len(await two.submissions.list_()) == 1


async def test_a_register_that_changed_meanwhile_is_temporary(store: Store) -> None:
    await with_guarantees(store, replace(G, state=GuaranteeState.CANCELLED))
    (kept,) = await store.incoming.keep([arrival()])
    for guarantee_id, words in ((1, "cancelled.*key_received"), (9, "9")):
        with pytest.raises(StoreError, match=words):
            await store.submissions.settle(
                kept.mail_id, settled(keys_received=(KeyReceived(guarantee_id, NUMBER, KEY),))
            )
    assert (await store.incoming.get(kept.mail_id))[0].state is MailState.RECEIVED


async def test_a_clerk_accepts_and_verifies(store: Store) -> None:
    await with_guarantees(store, replace(G, number=""))
    held = submission("a")
    await settle_new(store, held)
    done = await judge(
        store,
        "a",
        state=SubmissionState.ACCEPTED,
        reason=SubmissionReason.CLERK_ACCEPTED,
        actor="clerk",
        note="電話で確認",
        guarantee_id=1,
        key_received=KeyReceived(1, NUMBER, KEY),
        outgoing=[letter("receipt/1")],
    )
    assert done == replace(
        held,
        state=SubmissionState.ACCEPTED,
        reasons=(SubmissionReason.NOT_IN_REGISTER, SubmissionReason.CLERK_ACCEPTED),
        guarantee_id=1,
    )
    assert await store.submissions.get("a") == done
    assert await store.register.guarantee(1) == replace(
        G, auth_key=KEY, state=GuaranteeState.KEY_RECEIVED, guarantee_id=1
    )

    verified = SubmissionReason.VERIFIED_IN_DSURE
    letters = [letter("receipt/1"), letter("verified/a")]
    await judge(store, "a", state=SubmissionState.VERIFIED, reason=verified, actor="clerk", outgoing=letters)
    assert (await store.register.guarantee(1)).state is GuaranteeState.VERIFIED
    assert [row.mail.dedupe_key for row in await store.outbox.list_()] == ["verified/a", "receipt/1"]
    assert [each.receipt_number for each in await store.submissions.list_(states=[SubmissionState.VERIFIED])] == ["a"]
    assert await store.submissions.list_(states=[SubmissionState.HELD]) == ()


@pytest.mark.parametrize("state", list(GuaranteeState))
async def test_a_guarantee_is_verified_from_where_the_table_says(store: Store, state: GuaranteeState) -> None:
    verified = GuaranteeState.VERIFIED
    await with_guarantees(store, replace(G, state=state))
    await settle_new(store, accepted(1, "a"))
    word = {"state": SubmissionState.VERIFIED, "reason": SubmissionReason.VERIFIED_IN_DSURE, "actor": "clerk"}
    if state is verified or verified in GUARANTEE_TRANSITIONS[state]:
        await judge(store, "a", **word)
        assert (await store.register.guarantee(1)).state is verified
    else:
        with pytest.raises(WrongState, match=f"{state.value}.*verified"):
            await judge(store, "a", **word)
        assert (await store.register.guarantee(1)).state is state


BY_THE_REGISTER = (SubmissionState.VERIFIED, SubmissionState.ACCEPTED)
"""No clerk's word: the guarantee was changed."""


async def test_only_the_moves_of_the_table_are_made(store: Store) -> None:
    moves = {f"{old}-{new}": (old, new) for old in SubmissionState for new in SubmissionState}
    each_of_its_own = [
        submission(receipt, state=old, fields=replace(FIELDS, number=f"{n:05}-000000"))
        for n, (receipt, (old, _)) in enumerate(moves.items())
    ]
    await settle_new(store, *each_of_its_own)
    for receipt, (old, new) in moves.items():
        word = {"state": new, "reason": SubmissionReason.CLERK_REFUSED, "actor": "clerk"}
        if new in TRANSITIONS[old] and (old, new) != BY_THE_REGISTER:
            assert (await judge(store, receipt, **word)).state is new
        else:
            with pytest.raises(WrongState, match=f"{old.value}.*{new.value}"):
                await judge(store, receipt, **word)
            assert (await store.submissions.get(receipt)).state is old


async def test_a_word_about_nothing_is_refused(store: Store) -> None:
    word: dict[str, Any] = {
        "state": SubmissionState.ACCEPTED,
        "reason": SubmissionReason.CLERK_ACCEPTED,
        "actor": "clerk",
    }
    with pytest.raises(NotFound):
        await judge(store, "a", **word)
    await with_guarantees(store, replace(G, state=GuaranteeState.EXPIRED), BARE)
    await settle_new(store, submission("a"))
    with pytest.raises(NotFound):
        await judge(store, "a", **word, guarantee_id=9)
    with pytest.raises(WrongState, match=r"expired.*key_received"):
        await judge(store, "a", **word, guarantee_id=1, key_received=KeyReceived(1, NUMBER, KEY))
    with pytest.raises(WrongState, match=r"held.*accepted"):  # the number is the other guarantee's
        await judge(store, "a", **word, guarantee_id=2, key_received=KeyReceived(2, NUMBER, KEY))
    assert (await store.submissions.get("a")).state is SubmissionState.HELD


async def test_an_import_writes_what_it_changes_and_leaves_a_key_that_came_meanwhile(store: Store) -> None:
    await with_guarantees(store, G, BARE)
    before = await store.register.guarantee(1)
    await settle_new(store, accepted(1, "a"), keys_received=(KeyReceived(1, NUMBER, KEY),))
    renamed = update(before, project_name="市道第４号線舗装修繕工事", email="", expires_on=None)
    await store.register.change([renamed], actor="clerk", source="b.csv")
    expected = replace(renamed.after, auth_key=KEY, state=GuaranteeState.KEY_RECEIVED)
    assert await store.register.guarantee(1) == expected
    assert await store.register.guarantees(text="第4号線") == (expected,)

    with pytest.raises(StoreError, match="state changed meanwhile"):
        await store.register.change([update(before, state=GuaranteeState.CANCELLED)], actor="clerk", source="c.csv")
    cancelled = update(await store.register.guarantee(1), state=GuaranteeState.CANCELLED)
    await store.register.change([cancelled], actor="clerk", source="d.csv")
    assert (await store.register.guarantee(1)).state is GuaranteeState.CANCELLED
    back = update(await store.register.guarantee(1), state=GuaranteeState.ISSUED)
    await store.register.change([back], actor="clerk", source="e.csv")


async def test_an_import_is_whole_or_nothing(store: Store) -> None:
    await with_guarantees(store, G)
    known = await store.register.guarantee(1)
    wrong = update(known, state=GuaranteeState.VERIFIED)
    with pytest.raises(WrongState, match=r"issued.*verified"):
        await store.register.change([*add(BARE), wrong], actor="clerk", source="b.csv")
    with pytest.raises(NotFound):
        await store.register.change(
            [*add(BARE), update(replace(known, guarantee_id=9), email="")], actor="c", source="b"
        )
    with pytest.raises(StoreError):
        await store.register.change(add(BARE, replace(BARE, number=NUMBER)), actor="clerk", source="b.csv")
    assert await store.register.guarantees() == (known,)


async def test_a_notice_sent_back_after_all_takes_along_what_it_had_entered(store: Store) -> None:
    await with_guarantees(store, BARE, replace(G, auth_key=KEY))
    await settle_new(
        store, accepted(1, "r-1"), keys_received=(KeyReceived(1, "99999-000001", AuthKey("aaaaaaaaaaaa")),)
    )
    other = replace(FIELDS, number="00123-456789")
    await settle_new(store, accepted(2, "r-2", fields=other), keys_received=(KeyReceived(2, NUMBER, KEY),))
    for receipt in ("r-1", "r-2"):
        await judge(
            store,
            receipt,
            state=SubmissionState.REFUSED,
            reason=SubmissionReason.CLERK_REFUSED,
            actor="clerk",
        )
    assert await store.register.guarantee(1) == replace(BARE, guarantee_id=1)
    assert await store.register.guarantee(2) == replace(
        G, auth_key=KEY, guarantee_id=2
    )  # its key was the register's own


async def test_an_import_does_not_write_over_a_key_that_it_had_not_seen(store: Store) -> None:
    await with_guarantees(store, G)
    before = await store.register.guarantee(1)
    await settle_new(store, accepted(1), keys_received=(KeyReceived(1, NUMBER, KEY),))
    with pytest.raises(StoreError, match="auth_key"):
        await store.register.change([update(before, auth_key=AuthKey("x" * 12))], actor="clerk", source="a.csv")
    assert (await store.register.guarantee(1)).auth_key == KEY


async def test_a_firm_with_many_guarantees_does_not_hide_the_work_that_is_meant(store: Store) -> None:
    many = [
        replace(BARE, project_name=f"第{n}号工事", contractor=FIELDS.contractor, number=f"{n:05}-000000")
        for n in range(300)
    ]
    await with_guarantees(store, *many, replace(BARE, project_name=FIELDS.project_name, contractor=FIELDS.contractor))
    found = await store.register.look_up(replace(FIELDS, number="77777-000001"))
    assert 301 in [each.guarantee_id for each in found.candidates]


async def test_the_acceptance_of_a_repeat_ends_the_waiting_of_what_came_first(store: Store) -> None:
    await settle_new(store, submission("r-1"), submission("r-2", fields=replace(FIELDS, auth_key=AuthKey("other"))))
    await with_guarantees(store, G)
    await settle_new(store, accepted(1, "r-3"))
    states = {each.receipt_number: each.state for each in await store.submissions.list_()}
    assert states == {"r-1": SubmissionState.DUPLICATE, "r-2": SubmissionState.HELD, "r-3": SubmissionState.ACCEPTED}
    assert (await store.submissions.get("r-1")).reasons[-1] is SubmissionReason.SAME_AS_ACCEPTED


@pytest.mark.parametrize("other", [{"auth_key": AuthKey("x" * 12)}, {"number": "00123-000000"}])
async def test_a_key_that_the_register_does_not_have_is_never_accepted(store: Store, other: dict[str, Any]) -> None:
    await with_guarantees(store, replace(G, **other))
    with pytest.raises(StoreError, match="decide anew"):
        await settle_new(store, accepted(1), keys_received=(KeyReceived(1, NUMBER, KEY),))
    assert await store.submissions.list_() == ()
    assert await store.register.guarantee(1) == replace(G, guarantee_id=1, **other)


# -- 工事番号


async def test_a_works_number_is_found_however_it_is_written(store: Store) -> None:
    await with_guarantees(
        store, replace(BARE, works_number="令和8年度 土木第０12号"), replace(BARE, contractor="別の会社")
    )
    (row,) = await store.register.guarantees(text="Ｒ８土木１２")
    assert (row.guarantee_id, row.works_number) == (1, "令和8年度 土木第０12号")
    assert await store.register.guarantees(text="土木13") == ()


async def test_rows_with_a_works_number_are_candidates_whatever_their_state_and_names(store: Store) -> None:
    other = replace(BARE, contractor="別の会社", state=GuaranteeState.CANCELLED, works_number="土木第12号")
    await with_guarantees(store, replace(other, works_number="土木第13号"), other)
    nothing = replace(FIELDS, number="", contractor="", project_name="", auth_key=None)
    assert (await store.register.look_up(nothing)).candidates == ()
    assert [row.guarantee_id for row in (await store.register.look_up(nothing, ("９", "土木１２"))).candidates] == [2]
    assert (await store.register.look_up(nothing, ("", "第号"))).candidates == ()


async def test_a_changed_works_number_is_found_by_the_new_one(store: Store) -> None:
    await with_guarantees(store, replace(BARE, works_number="土木第12号"))
    (before,) = await store.register.guarantees()
    await store.register.change([update(before, works_number="土木第13号")], actor="clerk", source="b.csv")
    assert await store.register.guarantees(text="土木第12号") == ()
    assert await store.register.guarantees(text="土木第13号") == (replace(before, works_number="土木第13号"),)


async def test_what_a_subject_says_of_a_submission_comes_back(store: Store) -> None:
    one = replace(submission(), works_numbers=("土木第12号", "5071"), moved_from=("工事課", "水道課"))
    await settle_new(store, one)
    assert await store.submissions.get(one.receipt_number) == one
