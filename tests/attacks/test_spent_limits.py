"""Strangers who use up what they share take nothing from whom the register names, nor from alarms about keys."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.policy.policy import Limits, Rate
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import Named
from bot.core.records.submission import SubmissionState as State
from bot.workers.sweeps import rematch
from tests.attacks.strangers import KEY, NUMBER, OTHER_KEY, city, row
from tests.workers.conftest import DESK

CONTRACTOR, STRANGER = "koji@mihon.example.jp", "mallory@evil.example.com"
FEW = Limits(in_all=Rate(5, 5), desk=Rate(3, 3), domain=Rate(5, 5))


async def flood(office, mails: int = 8) -> None:
    """Strangers of as many houses, with as many unknown numbers."""
    for n in range(mails):
        await office.gets(f"a@stranger{n}.example{n}.com", f"2000{n}-00000{n}", project_name="別の工事")


async def letters(office, sender: str) -> list[Letter]:
    return [one.mail.letter for one in await office.letters(sender)]


@pytest.mark.parametrize("sender", [CONTRACTOR, "soumu@mihon.example.jp"])
async def test_a_contractor_whom_the_register_names_gets_his_receipt_when_the_total_is_used_up(tmp_path, sender):
    async with city(tmp_path, limits=FEW) as office:
        await office.register(row(NUMBER, email=CONTRACTOR))
        await flood(office)
        await office.gets(STRANGER)
        await office.gets(sender)
        assert (await letters(office, STRANGER), await letters(office, sender)) == ([], [Letter.RECEIPT])


async def test_he_gets_it_for_another_notice_than_the_one_that_names_him(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        await office.register(row(NUMBER, email=CONTRACTOR))
        await flood(office)
        await office.gets(CONTRACTOR, "99999-999999", project_name="また別の工事")
        assert await letters(office, CONTRACTOR) == [Letter.RECEIPT]
        assert CONTRACTOR in (await office.alerts())[-1]  # his desk hears of it, too


async def test_who_only_says_that_he_is_named_has_no_share(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        await office.register(row(NUMBER, email=CONTRACTOR))
        await flood(office)
        alerts = len(await office.alerts())
        for n in range(5):
            await office.gets(CONTRACTOR, f"3000{n}-000000", proof="fail", project_name="また別の工事")
        assert (await letters(office, CONTRACTOR), len(await office.alerts())) == ([], alerts)
        await office.gets(CONTRACTOR)
        assert await letters(office, CONTRACTOR) == [Letter.RECEIPT]


async def test_one_who_is_named_by_his_very_address_loses_nothing_to_his_neighbours(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        await office.register(row(NUMBER, email="koji@unlisted-provider.example"))
        for n in range(7):
            await office.gets(f"n{n}@unlisted-provider.example", f"4000{n}-000000", project_name="別の工事")
        await office.gets("koji@unlisted-provider.example")
        assert await letters(office, "koji@unlisted-provider.example") == [Letter.RECEIPT]


async def test_an_alarm_about_a_key_comes_when_the_desks_share_is_used_up(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        await office.register(row(NUMBER, auth_key=AuthKey(KEY)))
        await flood(office)
        assert len(await office.alerts()) == FEW.desk.per_hour
        await office.gets(STRANGER, key=OTHER_KEY)
        assert "認証キーが台帳と異なります" in (await office.alerts())[-1]


async def test_alarms_about_other_numbers_take_nothing_from_the_first_about_this_one(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        rows = [row(f"1000{n}-000000", auth_key=AuthKey(KEY)) for n in range(8)]
        await office.register(*rows, row(NUMBER, auth_key=AuthKey(KEY)))
        for n, one in enumerate(rows):
            await office.gets(f"a@stranger{n}.example{n}.com", one.number, OTHER_KEY)
        await office.gets(STRANGER, key=OTHER_KEY)
        assert NUMBER in (await office.alerts())[-1]


async def test_of_many_keys_for_one_number_the_desk_hears_within_bounds(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        await office.register(row(NUMBER, auth_key=AuthKey(KEY)))
        for n in range(20):
            await office.gets(f"a@stranger{n}.example{n}.com", key=f"guess{n:04}X7z")
        assert len(await office.alerts()) <= FEW.desk.per_hour


async def test_guesses_that_go_on_are_told_again_the_next_day(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER, auth_key=AuthKey(KEY)))
        for n in range(8):
            await office.gets(STRANGER, key=f"guess{n:04}X7z")
            office.watch.turn(hours=20)
        told = [words for words in await office.alerts() if "異なる認証キーが何種類も" in words]
        assert len(told) == 3  # in 120 hours from the third key on, 20 hours apart: at 0, 40 and 80


async def test_strangers_who_wait_for_the_register_push_nobody_out_of_its_sight(tmp_path):
    async with city(tmp_path) as office:
        held = await office.gets(CONTRACTOR)
        await flood(office, 5)
        await office.register(row(NUMBER))
        assert (held.state, await rematch(office.store, office.policy)) == (State.HELD, 1)


async def test_unknown_numbers_in_a_contractors_name_are_not_counted_as_his(tmp_path):
    async with city(tmp_path, limits=Limits(desk=Rate(500, 500))) as office:
        for n in range(25):
            await office.gets(CONTRACTOR, f"5{n:04}-000000", proof="fail", project_name="別の工事")
        genuine = await office.gets(CONTRACTOR)
        assert genuine.reasons == (Why.NOT_IN_REGISTER,)


async def test_password_mails_in_his_name_do_not_take_the_place_of_his_own(tmp_path):
    async with city(tmp_path) as office:
        await office.gets(CONTRACTOR)
        office.watch.turn(minutes=1)
        for n in range(12):
            await office.gets(CONTRACTOR, f"6{n:04}-000000", proof="fail")
        near = await office.store.password_pairing.mails_near(
            CONTRACTOR, at=office.watch(), window=timedelta(hours=1), besides=0
        )
        assert [one.mail_id for one in near] == [1]


@pytest.mark.parametrize(
    ("sender", "is_shared", "named"),
    [
        (CONTRACTOR, False, Named.BY_ADDRESS),
        (CONTRACTOR.upper(), True, Named.BY_ADDRESS),
        ("soumu@mihon.example.jp", False, Named.BY_DOMAIN),
        ("soumu@mihon.example.jp", True, Named.NOT),
        ("soumu@sub.mihon.example.jp", False, Named.NOT),
        ("soumu@xmihon.example.jp", False, Named.NOT),
        ("kojixmihon.example.jp", False, Named.NOT),
        ("", False, Named.NOT),
    ],
)
async def test_who_is_named(tmp_path, sender, is_shared, named):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER, email=CONTRACTOR))
        lately = await office.store.send_counts.lately(sender, is_domain_shared=is_shared)
        assert lately.named is named


async def test_only_what_a_clerk_has_verified_names_its_sender(tmp_path):
    async with city(tmp_path) as office:
        await office.register(row(NUMBER))
        accepted = await office.gets(CONTRACTOR)
        assert (await office.store.send_counts.lately(CONTRACTOR)).named is Named.NOT
        await office.verifies(accepted)
        assert (await office.store.send_counts.lately(CONTRACTOR)).named is Named.BY_ADDRESS


async def test_what_was_withheld_of_the_flood_is_counted(tmp_path):
    async with city(tmp_path, limits=FEW) as office:
        await flood(office)
        facts = await office.store.summary.facts(since=office.watch() - timedelta(hours=1), until=office.watch())
        assert {(one.limit, one.count) for one in facts.withheld} == {(LimitReason.IN_ALL, 3), (LimitReason.DESK, 5)}
        assert {one.mail.recipient for one in await office.store.outbox.list_()} >= {DESK}
