"""A guarantee from 新規 over its changes to 取消し and 再発行: what the register's files bring, what the desk is shown, what clerks answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.guarantee_version import name_of
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.submission import SubmissionState
from bot.core.register.layout import Layout
from bot.core.text.business_days import Calendar
from bot.outbound.compose import Composer
from bot.register.importing import ImportResult, import_file
from bot.workers.clerk_commands import Clerk, ClerkError
from bot.workers.sorter import Sorter
from bot.workers.sweeps import Sweeps
from storage.store import Store
from tests.in_process_reader import InProcessReader
from tests.workers.conftest import DESK, Watch
from tests.workers.test_clerk_answers import FIRM, KEY, MX, NUMBER, SENDER, STAFF, WORK, Office, notice_mail

HEADER = (
    "工事名,受注者名,保証区分,保証契約番号,認証キー,変更区分,請負金額,保証金額,保証期限,発行日時,状態,メールアドレス\n"
)
OTHER_KEY = "zY8xWv5uTs2r"


@pytest.fixture
def policy(policy: Policy) -> Policy:
    desk = Desk("契約課", DESK, staff=frozenset({STAFF}))
    domains = frozenset({"city.example.jp"})
    return replace(policy, desks=(desk,), authserv_id=MX, reply_window=timedelta(days=30), staff_domains=domains)


class City(Office):
    """An office whose register comes in files."""

    def __init__(self, store: Store, sorter: Sorter, watch: Watch, sweeps: Sweeps, folder: Path) -> None:
        super().__init__(store, sorter, watch)
        self._turn = watch.turn
        self._sweeps = sweeps
        self._folder = folder

    async def register(self, *rows: str) -> ImportResult:
        """Import a file; a row begins with its 認証キー."""
        path = self._folder / "台帳.csv"
        path.write_text(HEADER + "".join(f"{WORK},{FIRM},前払,{NUMBER},{row}\n" for row in rows), "utf-8")
        result = await import_file(self.store.register, path, layout=Layout(), actor="契約課A")
        self._turn(minutes=1)
        return result

    async def summary(self) -> OutboxRow:
        await self._sweeps.send_summary()
        self._turn(minutes=1)
        return await self.letter(Letter.SUMMARY)

    async def history(self) -> list[tuple[str, int]]:
        """The versions, and how often each was seen."""
        return [(name_of(one), len(one.seen)) for one in (await self.store.register.versions([1]))[1]]


@pytest.fixture
async def city(store: Store, composer: Composer, policy: Policy, watch: Watch, tmp_path: Path) -> AsyncIterator[City]:
    sweeps = Sweeps(store, composer, policy, Calendar(times=(time(9),)), watch, issued_enabled=True)
    async with InProcessReader() as reader:
        yield City(store, Sorter(store, reader, composer, policy, watch), watch, sweeps, tmp_path)


def plain(row: OutboxRow) -> str:
    """A letter's text without its line breaks."""
    return re.sub(r"\n\s*", "", row.mail.text)


NEW = f"{KEY},新規,50000000,20000000,R9.3.31,2026/11/20 10:00,,"
FIRST_CHANGE = f"{KEY},変更－1,60000000,24000000,R9.6.30,2026/12/1 10:00,,"
SECOND_CHANGE = f"{KEY},変更－2,60000000,24000000,R9.9.30,2027/2/1 10:00,,"


async def seen_in_dsure(city: City) -> None:
    """新規: the notice comes in a mail's text, is accepted by a clerk and seen in D-Sure."""
    await city.register(NEW)
    await city.receive(notice_mail((NUMBER, KEY)))
    await city.answer(await city.letter(Letter.ALERT), "承認")
    await city.answer(await city.summary(), "確認済")
    assert await city.state() is SubmissionState.VERIFIED


async def test_a_key_that_was_mailed_apart_goes_once_more_when_the_guarantee_is_changed(
    city: City, policy: Policy, composer: Composer, watch: Watch
) -> None:
    await seen_in_dsure(city)
    apart = replace(policy, keys=KeyDelivery.SEPARATE)
    sweeps = Sweeps(city.store, composer, apart, Calendar(times=(time(9),)), watch, issued_enabled=False)

    async def mailed() -> int:
        await sweeps.send_summary()
        watch.turn(minutes=1)
        return len(await city.letters(Letter.KEYS))

    await city.register(FIRST_CHANGE)
    assert [await mailed(), await mailed()] == [1, 1]
    await city.register(SECOND_CHANGE)  # whoever saw the first has deleted the mail
    assert [await mailed(), await mailed()] == [2, 2]


async def test_a_series_from_the_first_certificate_to_the_issue_anew(city: City) -> None:
    await seen_in_dsure(city)

    # 変更一 comes with the register; no mail comes, and the key stays.
    await city.register(FIRST_CHANGE)
    summary = await city.summary()
    text = plain(summary)
    assert "【変更－1：D-Sureで改めて確認】" in text
    assert "1件目　10001-000001　前払　24,000,000円　令和9年6月30日（本日）" in text
    assert f"前回の確認：令和8年11月24日 10時04分 確認済（新規の証書、{STAFF}）" in text
    assert "その後の変更：保証金額 20,000,000円→24,000,000円" in text
    assert "その後の変更：保証期限 令和9年3月31日→令和9年6月30日" in text
    assert "D-Sure　：1件" in text
    assert "受付1件" not in text
    await city.answer(summary, "確認済")
    assert (await city.store.register.guarantee(1)).state is GuaranteeState.VERIFIED
    assert "D-Sureで確認済としました（変更－1）" in plain(await city.letter(Letter.DESK_REPLY))
    told = await city.letters(Letter.VERIFIED)
    assert [("確認した証書：変更－1" in row.mail.text, row.mail.recipient) for row in told] == [
        *((False, SENDER), (True, SENDER)),
    ]

    # 変更二, and a mail with the same key: a repeat, for which nobody has to do anything.
    assert (await city.register(SECOND_CHANGE)).new_versions == 1
    await city.receive(notice_mail((NUMBER, KEY), name="2"))
    assert (await city.submissions())[1].state is SubmissionState.DUPLICATE
    assert len(await city.letters(Letter.RECEIPT_AGAIN)) == 1
    assert await city.history() == [("新規", 1), ("変更－1", 1), ("変更－2", 0)]

    # Another key for the same number stops and alarms, and the first one goes on.
    await city.receive(notice_mail((NUMBER, OTHER_KEY), name="3"))
    held = (await city.submissions())[2]
    assert held.state is SubmissionState.HELD
    assert held.reasons[:2] == (SubmissionReason.KEY_DIFFERS, SubmissionReason.OTHER_KEY_BEFORE)
    alert = plain(await city.letter(Letter.ALERT))
    assert "確認が必要な理由：・認証キーが台帳と異なります・同じ保証契約番号で、異なる認証キーが届いています（" in alert
    assert "台帳の保証は「変更－2」です" in alert
    await city.answer(await city.letter(Letter.ALERT), "承認")
    assert (await city.submissions())[2].state is SubmissionState.HELD
    assert await city.state() is SubmissionState.ACCEPTED

    # 取消し: nothing is left to look up, and the contractor gets nothing by itself.
    letters = len(await city.store.outbox.list_(limit=1000))
    await city.register(f"{KEY},取消,,,,,,")
    assert len(await city.store.outbox.list_(limit=1000)) == letters
    assert await city.state() is SubmissionState.SUPERSEDED
    assert (await city.submissions())[2].state is SubmissionState.HELD
    assert "D-Sure　：0件" in plain(await city.summary())

    # 再発行 after it is awaited, and its notice is taken again.
    await city.register(f"{KEY},再発行,,,,2027/3/1 10:00,,")
    assert (await city.store.register.guarantee(1)).state is GuaranteeState.ISSUED
    assert "お知らせ待ちの保証1件" in plain(await city.summary())
    assert [name for name, _ in await city.history()] == [
        *("新規", "変更－1", "変更－2", "取消し（変更－2）", "再発行（変更－2）"),
    ]


async def test_a_change_that_the_clerk_has_not_been_told_of_is_not_verified_by_an_answer_to_an_older_letter(city: City):
    await city.register(NEW)
    await city.receive(notice_mail((NUMBER, KEY)))
    await city.answer(await city.letter(Letter.ALERT), "承認")
    before = await city.summary()
    await city.register(FIRST_CHANGE)
    await city.answer(before, "確認済")
    assert await city.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert await city.state() is SubmissionState.ACCEPTED
    help_ = await city.letter(Letter.DESK_HELP)
    assert "お送りしたメールの後に、台帳で保証が変わっています（変更－1）" in plain(help_)
    assert "・保証金額：24,000,000円" in plain(help_)
    await city.answer(help_, "確認済")
    assert await city.state() is SubmissionState.VERIFIED
    assert await city.history() == [("新規", 0), ("変更－1", 1)]


async def test_a_correction_of_the_certificate_is_seen_anew_and_a_contract_amount_alone_is_not(city: City) -> None:
    await seen_in_dsure(city)
    await city.register(f"{KEY},新規,58000000,20000000,R9.3.31,2026/11/20 10:00,,")
    assert await city.state() is SubmissionState.VERIFIED
    await city.register(f"{KEY},訂正,58000000,20000000,R9.4.30,2026/11/25 10:00,,")
    text = plain(await city.summary())
    assert "訂正（新規）：D-Sureで改めて確認" in text
    assert "保証期限 令和9年3月31日→令和9年4月30日" in text
    assert await city.history() == [("新規", 1), ("訂正（新規）", 0)]


async def test_a_contract_amount_that_rose_alone_is_told_with_the_comparison(city: City) -> None:
    await city.register(NEW)
    await city.receive(notice_mail((NUMBER, KEY)))
    await city.answer(await city.letter(Letter.ALERT), "承認")
    await city.register(f"{KEY},新規,58000000,,,,,")
    text = plain(await city.summary())
    assert "・請負金額：58,000,000円" in text
    assert "請負金額は、この証書のときは50,000,000円でした" in text


async def test_a_change_on_paper_ends_the_notice_and_what_comes_later_is_held(city: City) -> None:
    await seen_in_dsure(city)
    await city.register(f"{KEY},変更－1,,24000000,,,紙,")
    assert await city.state() is SubmissionState.SUPERSEDED
    assert await city.history() == [("新規", 1), ("変更－1・紙", 0)]
    assert "D-Sure　：0件" in plain(await city.summary())
    await city.receive(notice_mail((NUMBER, KEY), name="2"))
    held = (await city.submissions())[1]
    assert (held.state, SubmissionReason.GUARANTEE_ON_PAPER in held.reasons) == (SubmissionState.HELD, True)


async def test_a_file_with_another_key_for_a_change_changes_nothing(city: City) -> None:
    await seen_in_dsure(city)
    result = await city.register(f"{OTHER_KEY},変更－1,,24000000,,,,")
    assert ["認証キーが台帳の認証キーと異なります" in problem.reason for problem in result.problems] == [True]
    assert await city.history() == [("新規", 1)]
    assert await city.state() is SubmissionState.VERIFIED


async def test_a_file_that_tells_the_whole_series_makes_the_history_once(city: City) -> None:
    rows = (FIRST_CHANGE, SECOND_CHANGE, NEW)
    result = await city.register(*rows)
    assert [problem.is_note for problem in result.problems] == [True, True]
    assert await city.history() == [("新規", 0), ("変更－1", 0), ("変更－2", 0)]
    lines = len(await city.store.journal.lines(limit=1000))
    await city.register(*rows)
    assert len(await city.history()) == 3
    assert len(await city.store.journal.lines(limit=1000)) == lines


async def test_a_file_of_older_versions_that_comes_late_fills_the_history(city: City) -> None:
    await city.register(SECOND_CHANGE)
    await city.register(NEW, FIRST_CHANGE)
    assert await city.history() == [("新規", 0), ("変更－1", 0), ("変更－2", 0)]
    assert (await city.store.register.guarantee(1)).revision == 2


async def test_an_inquiry_tells_the_latest_version_and_how_many_there_are(city: City) -> None:
    await seen_in_dsure(city)
    await city.register(FIRST_CHANGE)
    await city.answer(await city.summary(), f"照会 {NUMBER}")
    assert "（台帳1、受領済、変更－1（履歴2件））" in plain(await city.letter(Letter.DESK_REPLY))


async def test_the_command_notes_a_look_with_the_version_and_tells_the_contractor_again(
    city: City, composer: Composer, policy: Policy, watch: Watch
) -> None:
    await seen_in_dsure(city)
    await city.register(FIRST_CHANGE)
    clerk = Clerk(city.store, composer, policy, watch, "契約課B")
    (receipt,) = [one.receipt_number for one in await city.submissions()]
    await clerk.verify(receipt)
    series = (await city.store.register.versions([1]))[1]
    assert [[look.actor for look in one.seen] for one in series] == [[STAFF], ["契約課B"]]
    assert len(await city.letters(Letter.VERIFIED)) == 2
    await city.register(SECOND_CHANGE)
    await clerk.refuse(receipt, reason="保証期限が契約と異なります", because=SubmissionReason.DSURE_DIFFERS)
    last = (await city.store.register.versions([1]))[1][-1]
    assert [(look.result, look.note) for look in last.seen] == [
        (SubmissionReason.DSURE_DIFFERS, "保証期限が契約と異なります"),
    ]


async def test_the_command_does_not_verify_what_is_on_paper_now(
    city: City, composer: Composer, policy: Policy, watch: Watch
) -> None:
    await seen_in_dsure(city)
    await city.register(f"{KEY},,,,,,紙,")
    (receipt,) = [one.receipt_number for one in await city.submissions()]
    with pytest.raises(ClerkError, match="紙の保証証書"):
        await Clerk(city.store, composer, policy, watch, "契約課B").verify(receipt)
