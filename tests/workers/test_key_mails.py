"""Keys by a mail of their own: the list has numbers and names, the mail the keys; once for each case, and again when asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser
from email.policy import SMTP

import pytest

from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.submission import SubmissionState
from bot.core.text.business_days import Calendar
from bot.workers.clerk_commands import Clerk, ClerkError
from bot.workers.sweeps import Sweeps
from tests.workers.conftest import DESK
from tests.workers.test_clerk_answers import FIRM, KEY, MX, NUMBER, STAFF, WORK, held, office, row

__all__ = ["held", "office"]  # its fixtures

KEYS_DESK = "keiyaku-key@city.example.jp"
OTHER, OTHER_KEY = "10001-000002", "zY8xWv5uTs2r"


@pytest.fixture
def policy(policy: Policy) -> Policy:
    desk = Desk("契約課", DESK, staff=frozenset({STAFF}), keys_address=KEYS_DESK)
    return replace(
        policy,
        desks=(desk,),
        authserv_id=MX,
        reply_window=timedelta(days=30),
        staff_domains=frozenset({"city.example.jp"}),
        keys=KeyDelivery.SEPARATE,
    )


@pytest.fixture
def sweeps(store, composer, policy, watch) -> Sweeps:
    return Sweeps(store, composer, policy, Calendar(), watch, issued_enabled=False)


@pytest.fixture
async def two_held(held) -> OutboxRow:
    return await held(row(), row(OTHER), notices=((NUMBER, KEY), (OTHER, OTHER_KEY)))


def words(letter: OutboxRow) -> str:
    """What its recipient reads."""
    return str(BytesParser(policy=SMTP).parsebytes(letter.mail.content).get_body(("plain",)).get_content())


async def events(office, receipt: str) -> list[tuple[str, str]]:
    lines = await office.store.journal.lines(subject=("submission", receipt))
    return [(line.event, line.actor) for line in reversed(lines) if line.event in {"key.shown", "submission.key_asked"}]


async def test_the_key_comes_apart_from_all_that_tells_what_it_is_for(office, two_held) -> None:
    await office.answer(two_held, "全件 承認")
    (keys,) = await office.letters(Letter.KEYS)
    receipts = [one.receipt_number for one in await office.submissions()]
    assert keys.mail.recipient == KEYS_DESK
    for receipt, key in zip(receipts, (KEY, OTHER_KEY), strict=True):
        assert f"{receipt}　　{key}\n" in words(keys).replace("\r", "")
    assert [one for one in (NUMBER, OTHER, WORK, FIRM) if one in words(keys)] == []
    reply = await office.letter(Letter.DESK_REPLY)
    assert "キー：12文字（別のメールでお送りします）" in words(reply)
    assert [key for key in (KEY, OTHER_KEY) if key in words(reply)] == []
    assert [await events(office, receipt) for receipt in receipts] == [[("key.shown", "bot")]] * 2


async def test_what_is_kept_of_it_has_no_key_in_the_clear(office, two_held) -> None:
    await office.answer(two_held, "全件 承認")
    (keys,) = await office.letters(Letter.KEYS)
    assert keys.mail.is_secret
    assert KEY not in keys.mail.text
    assert "（12文字）" in keys.mail.text


async def test_a_key_goes_once_and_a_summary_brings_only_new_ones(
    office, two_held, sweeps, store, composer, policy, watch
) -> None:
    await office.answer(two_held, "1件目 承認")
    await sweeps.send_summary()
    assert len(await office.letters(Letter.KEYS)) == 1
    await Clerk(store, composer, policy, watch, "山田").accept((await office.submissions())[1].receipt_number)
    watch.turn(days=1)
    assert await sweeps.send_summary() == 1  # summaries are counted, not what goes with them
    first, second = await office.letters(Letter.KEYS)
    assert (KEY in words(first), OTHER_KEY in words(first)) == (True, False)
    assert (KEY in words(second), OTHER_KEY in words(second)) == (False, True)


async def test_a_clerk_who_lost_it_asks_for_it(office, two_held) -> None:
    await office.answer(two_held, "全件 承認")
    await office.answer(await office.letter(Letter.DESK_REPLY), "1件目 キー")
    _, again = await office.letters(Letter.KEYS)
    assert again.mail.recipient == KEYS_DESK  # not to whoever asks
    assert (KEY in words(again), OTHER_KEY in words(again)) == (True, False)
    receipt = (await office.submissions())[0].receipt_number
    asked = [("key.shown", "bot"), ("submission.key_asked", STAFF), ("key.shown", "bot")]
    assert await events(office, receipt) == asked
    await office.answer(await office.letter(Letter.DESK_REPLY), "確認済")
    assert await office.state() is SubmissionState.VERIFIED


@pytest.mark.parametrize("order", ["キー", "認証キーを再送してください", "再送 キー", "キー 再送お願いします"])
async def test_the_order_has_some_ways(office, held, order) -> None:
    await office.answer(await held(), "承認")
    await office.answer(await office.letter(Letter.DESK_REPLY), order)
    assert len(await office.letters(Letter.KEYS)) == 2


@pytest.mark.parametrize("order", ["キーが違います", "キーは不要です", "認証キー aB3dEf6hIj9k", "キー？"])
async def test_other_words_about_a_key_are_no_order(office, held, order) -> None:
    await office.answer(await held(), "承認")
    await office.answer(await office.letter(Letter.DESK_REPLY), order)
    assert len(await office.letters(Letter.KEYS)) == 1
    assert await office.letters(Letter.DESK_HELP) != []


async def test_what_is_not_accepted_has_no_key_to_look_up(office, held) -> None:
    await office.answer(await held(), "キー")
    assert await office.letters(Letter.KEYS) == []
    assert "先に「承認」" in (await office.letter(Letter.DESK_HELP)).mail.text.replace("\n", "")


async def test_desks_with_one_address_get_a_key_once(office, held, store, composer, policy, watch) -> None:
    await office.answer(await held(), "保留 照会中")
    clerk = Clerk(store, composer, policy, watch, "山田")
    await clerk.accept((await office.submissions())[0].receipt_number)
    both = replace(
        policy, desks=(*policy.desks, Desk("工事課", "koji@city.example.jp", keys_address=KEYS_DESK.upper()))
    )
    await Sweeps(store, composer, both, Calendar(), watch, issued_enabled=False).send_summary()
    assert len(await office.letters(Letter.KEYS)) == 1


async def test_it_goes_also_where_nobody_answers_by_mail(office, held, store, composer, policy, watch) -> None:
    receipt = (await held()).mail.submission
    silent = replace(policy, reply_window=timedelta(), authserv_id="", desks=(Desk("契約課", DESK),))
    await Clerk(store, composer, silent, watch, "山田").accept(receipt)
    await Sweeps(store, composer, silent, Calendar(), watch, issued_enabled=False).send_summary()
    (keys,) = await office.letters(Letter.KEYS)
    assert (keys.mail.recipient, KEY in words(keys)) == (DESK, True)
    assert "別のメールでお送りします" in (await office.letter(Letter.SUMMARY)).mail.text


async def test_a_command_sends_it_again_in_a_clerks_name(office, held, store, composer, policy, watch) -> None:
    await office.answer(await held(), "承認")
    receipt = (await office.submissions())[0].receipt_number
    assert await Clerk(store, composer, policy, watch, "山田").send_key(receipt) == (KEYS_DESK,)
    assert (await events(office, receipt))[-1] == ("key.shown", "山田")
    assert len(await office.letters(Letter.KEYS)) == 2


async def test_no_command_sends_it_where_the_city_does_not_want_it(
    office, held, store, composer, policy, watch
) -> None:
    await office.answer(await held(), "承認")
    clerk = Clerk(store, composer, replace(policy, keys=KeyDelivery.MASKED), watch, "山田")
    with pytest.raises(ClerkError, match=r"answers\.keys"):
        await clerk.send_key((await office.submissions())[0].receipt_number)
