"""A stranger who knows what the city publishes plants no key, ends nobody's notice and is told nothing."""

from __future__ import annotations

from datetime import timedelta
from email.parser import BytesParser
from email.policy import default

import pytest

from bot.core.policy.policy import Rules
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import OutboxReason
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState as State
from bot.core.summary.summarise import summarise
from bot.workers.sweeps import rematch
from tests.attacks.strangers import KEY, NUMBER, OTHER_KEY, OTHER_NUMBER, WORK, city, row

STRANGER, CONTRACTOR = "mallory@evil.example.com", "koji@mihon.example.jp"


def outcome(one):
    return one.state, one.reasons


async def test_where_the_register_names_an_address_a_strangers_fitting_names_are_held(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(email=CONTRACTOR))
        planted = await office.gets(STRANGER, OTHER_NUMBER, OTHER_KEY)
        assert outcome(planted) == (State.HELD, (Why.SENDER_UNKNOWN,))
        genuine = await office.gets(CONTRACTOR)
        assert outcome(genuine) == (State.ACCEPTED, (Why.DETAILS_MATCH,))
        entered = await office.store.register.guarantee(1)
        assert (entered.number, entered.auth_key, entered.state) == (NUMBER, AuthKey(KEY), GuaranteeState.KEY_RECEIVED)
        assert [one.mail.letter for one in await office.letters(STRANGER)] == [Letter.RECEIPT]


async def test_a_forged_name_of_the_contractor_is_held_and_enters_nothing(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(email=CONTRACTOR))
        planted = await office.gets(CONTRACTOR, OTHER_NUMBER, OTHER_KEY, proof="fail")
        assert planted.state is State.HELD
        assert Why.SENDER_UNPROVEN in planted.reasons
        assert (await office.gets(CONTRACTOR)).state is State.ACCEPTED


async def test_where_nobody_proves_senders_names_alone_enter_nothing(tmp_path):
    async with city(tmp_path, authserv_id="") as office:
        await office.register(row(email=CONTRACTOR))
        planted = await office.gets(CONTRACTOR, OTHER_NUMBER, OTHER_KEY)
        assert outcome(planted) == (State.ACCEPTED, (Why.DETAILS_MATCH,))
        assert await office.store.register.guarantee(1) == row(email=CONTRACTOR, guarantee_id=1)


@pytest.mark.parametrize("registered", ["", NUMBER], ids=["names", "number"])
async def test_what_names_or_a_number_lead_to_is_entered_when_a_clerk_has_verified_it(tmp_path, registered):
    async with city(tmp_path) as office:
        await office.register(row(registered))
        accepted = await office.gets(STRANGER)
        assert accepted.state is State.ACCEPTED
        assert await office.store.register.guarantee(1) == row(registered, guarantee_id=1)
        await office.verifies(accepted)
        entered = await office.store.register.guarantee(1)
        assert (entered.number, entered.auth_key, entered.state) == (NUMBER, AuthKey(KEY), GuaranteeState.VERIFIED)


async def test_a_planted_notice_and_the_true_one_both_go_to_a_person_who_sees_both_origins(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row())
        planted = await office.gets(STRANGER, OTHER_NUMBER, OTHER_KEY)
        genuine = await office.gets(CONTRACTOR)
        assert (planted.state, outcome(genuine)) == (State.ACCEPTED, (State.HELD, (Why.OTHER_NOTICE_BEFORE,)))
        (alert,) = await office.alerts()
        assert all(told in alert for told in (STRANGER, CONTRACTOR, planted.receipt_number, OTHER_NUMBER, NUMBER))
        assert [one.mail.letter for one in await office.letters(CONTRACTOR)] == [Letter.RECEIPT]


async def test_the_true_notice_first_is_not_undone_by_a_stranger_after_it(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row())
        genuine = await office.gets(CONTRACTOR)
        planted = await office.gets(STRANGER, OTHER_NUMBER, OTHER_KEY)
        assert outcome(planted) == (State.HELD, (Why.OTHER_NOTICE_BEFORE,))
        assert (await office.store.submissions.get(genuine.receipt_number)).state is State.ACCEPTED
        assert [one.mail.letter for one in await office.letters(STRANGER)] == [Letter.RECEIPT]


async def test_the_registers_own_number_and_key_prove_themselves_though_something_was_planted(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row())
        planted = await office.gets(STRANGER, OTHER_NUMBER, OTHER_KEY)
        await office.register_gets(1, number=NUMBER, auth_key=AuthKey(KEY))
        genuine = await office.gets("anybody@else.example.org")
        assert outcome(genuine) == (State.ACCEPTED, (Why.NUMBER_AND_KEY_MATCH,))
        ended = await office.store.submissions.get(planted.receipt_number)
        assert outcome(ended) == (State.SUPERSEDED, (Why.DETAILS_MATCH, Why.REGISTER_PROVES_ANOTHER))


async def test_a_sender_puts_his_own_wrong_key_right_and_a_stranger_ends_nothing(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER, auth_key=AuthKey(KEY), email=CONTRACTOR))
        wrong = await office.gets(CONTRACTOR, key=OTHER_KEY)
        assert outcome(wrong) == (State.HELD, (Why.KEY_DIFFERS,))
        # A stranger who has the very key gets as far as a person, and so does who forges the contractor's name.
        for sender, proof in ((STRANGER, "pass"), (CONTRACTOR, "fail")):
            planted = await office.gets(sender, proof=proof)
            assert planted.state in {State.HELD, State.DUPLICATE}
            assert (await office.store.submissions.get(wrong.receipt_number)).state is State.HELD
        right = await office.gets("soumu@mihon.example.jp")
        assert outcome(right) == (State.ACCEPTED, (Why.NUMBER_AND_KEY_MATCH,))
        ended = await office.store.submissions.get(wrong.receipt_number)
        assert outcome(ended) == (State.SUPERSEDED, (Why.KEY_DIFFERS, Why.REGISTER_PROVES_ANOTHER))
        assert ended.guarantee_id == 1
        facts = await office.store.summary.facts(since=office.watch() - timedelta(days=1), until=office.watch())
        [line] = dict(summarise(facts, office.policy.desks[0], office.policy).details)["正しいお知らせにより終了"]
        assert (line.name, line.note) == (wrong.receipt_number, f"受付番号 {right.receipt_number} に代わりました")
        (told,) = await office.letters("soumu@mihon.example.jp")
        assert told.mail.letter is Letter.RECEIPT
        said = "".join(BytesParser(policy=default).parsebytes(told.mail.content).get_content().split())
        assert (
            f"（受付番号{wrong.receipt_number}）は、今回のお知らせ（受付番号{right.receipt_number}）に代わりました"
            in said
        )


async def test_what_a_sender_put_right_before_the_register_came_is_settled_with_it(tmp_path):
    async with city(tmp_path) as office:
        wrong = await office.gets(CONTRACTOR, key=OTHER_KEY)
        right = await office.gets(CONTRACTOR)
        await office.register(row(NUMBER, auth_key=AuthKey(KEY)))
        assert await rematch(office.store, office.policy) == 1
        ends = [(await office.store.submissions.get(one.receipt_number)).state for one in (wrong, right)]
        assert ends == [State.SUPERSEDED, State.ACCEPTED]


async def test_an_accepted_stranger_and_his_whole_domain_are_told_nothing(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER))
        await office.gets(STRANGER)
        await office.gets(STRANGER)
        told = [one.mail.letter for one in await office.letters(STRANGER)]
        assert sorted(told) == [Letter.RECEIPT, Letter.RECEIPT_AGAIN]  # that he sent the same twice
        for sender in (STRANGER, "eve@evil.example.com"):
            before = len(await office.letters(sender))
            await office.gets(sender, key=OTHER_KEY)
            assert [one.mail.letter for one in await office.letters(sender)][before:] == [Letter.RECEIPT]


async def test_who_was_verified_is_known_by_his_domain_or_by_his_very_address_at_a_provider(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER, auth_key=AuthKey(KEY)), row(OTHER_NUMBER, auth_key=AuthKey(KEY)))
        await office.verifies(await office.gets(CONTRACTOR))
        await office.verifies(await office.gets("koji@some-isp.ne.jp", OTHER_NUMBER))
        wrong = "Qw4eRt6yUi8p"
        told = {
            sender: {one.mail.letter for one in await office.letters(sender)} >= {Letter.RECEIPT_DIFFERS}
            for sender, number in (
                ("soumu@mihon.example.jp", NUMBER),
                (STRANGER, NUMBER),
                ("koji@some-isp.ne.jp", OTHER_NUMBER),
                ("neighbour@some-isp.ne.jp", OTHER_NUMBER),
            )
            if await office.gets(sender, number, wrong)
        }
        assert list(told.values()) == [True, False, True, False]


async def test_a_known_sender_is_not_told_of_a_difference_from_what_no_clerk_has_verified(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER, email=CONTRACTOR))
        await office.gets(STRANGER, key=OTHER_KEY)
        genuine = await office.gets(CONTRACTOR)
        assert genuine.state is State.HELD
        assert [one.mail.letter for one in await office.letters(CONTRACTOR)] == [Letter.RECEIPT]
        assert STRANGER in (await office.alerts())[-1]


async def test_a_row_that_comes_later_is_filled_by_no_stranger_who_waited_for_it(tmp_path):
    async with city(tmp_path) as office:
        planted = await office.gets(STRANGER, OTHER_NUMBER, OTHER_KEY)
        genuine = await office.gets(CONTRACTOR)
        await office.register(row(email=CONTRACTOR))
        assert await rematch(office.store, office.policy) == 1
        states = [(await office.store.submissions.get(one.receipt_number)).state for one in (planted, genuine)]
        assert states == [State.HELD, State.ACCEPTED]
        assert (await office.store.register.guarantee(1)).number == NUMBER


async def test_of_two_who_wait_for_a_row_without_an_address_neither_is_entered(tmp_path):
    async with city(tmp_path) as office:
        await office.gets(STRANGER, OTHER_NUMBER, OTHER_KEY)
        await office.gets(CONTRACTOR)
        await office.register(row())
        assert await rematch(office.store, office.policy) == 1
        assert await office.store.register.guarantee(1) == row(guarantee_id=1)


async def test_a_works_number_in_the_subject_opens_no_row_to_a_stranger(tmp_path):
    async with city(tmp_path) as office:
        twins = [row(works_number=f"土木第{n}号", email=CONTRACTOR) for n in (12, 13)]
        await office.register(*twins)
        planted = await office.gets(STRANGER, subject=f"【電子保証】土木第13号 {WORK}")
        assert outcome(planted) == (State.HELD, (Why.SENDER_UNKNOWN,))


async def test_a_city_may_enter_what_strangers_send_and_is_told_the_risk(tmp_path):
    async with city(tmp_path, rules=Rules(strangers_fill_rows=True)) as office:
        await office.register(row())
        await office.gets(STRANGER)
        assert (await office.store.register.guarantee(1)).number == NUMBER


async def test_a_mail_in_a_dead_addresss_name_brings_no_letters_to_it(tmp_path):
    async with city(tmp_path) as office:
        await office.gets(CONTRACTOR)
        office.watch.turn(seconds=10)
        (receipt,) = [one for one in await office.store.outbox.claim() if one.mail.recipient == CONTRACTOR]
        await office.store.outbox.note_delivery(
            receipt.outbox_id,
            state=OutboxState.BOUNCED,
            reason=OutboxReason.RELAY_REFUSED,
            reply="550 5.1.1",
            address_is_dead=True,
        )
        for proof, dead in (("fail", [CONTRACTOR]), ("pass", [])):
            await office.gets(CONTRACTOR, proof=proof)
            assert [one.address for one in await office.store.bounces.dead_addresses()] == dead
