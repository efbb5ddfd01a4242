"""Password mails, from the door to the verdict, with the real reader: who opens whose file, and who never does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

import pikepdf
import py7zr
import pytest
import pyzipper

from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import NotNow, ReadFailure, TakesLong
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason, NoReplyReason, PaperReason
from bot.core.verdict.mail_verdict import Verdict
from bot.workers.sorter import LEASE, Sorter
from storage.database.connection import Database
from storage.store import Store
from storage.use_cases.incoming import Incoming
from storage.use_cases.settling.settle import Submissions
from tests.in_process_reader import InProcessReader
from tests.workers.conftest import DESK, INBOX, Watch

PAPERS = Path(__file__).parents[1] / "corpus" / "papers"
PASSWORD = "Himitsu-7"
OTHER = "Naisho88"
TANTO = "tanto@kensetsu.example.jp"
_numbers = count(1)


@pytest.fixture(scope="session")
def notice() -> bytes:
    return (PAPERS / "reportlab-embedded.pdf").read_bytes()


def locked(pdf: bytes, password: str = PASSWORD) -> bytes:
    """The paper under a password, as Acrobat would save it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="owner", user=password))
    return out.getvalue()


@pytest.fixture(scope="session")
def paper(notice) -> bytes:
    return locked(notice)


def zipped(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", encryption=pyzipper.WZ_AES) as packed:
        packed.setpassword(PASSWORD.encode())
        packed.writestr("認証キーのお知らせ.pdf", pdf)
    return out.getvalue()


def seven_zipped(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=PASSWORD, header_encryption=True) as packed:
        packed.writestr(pdf, "認証キーのお知らせ.pdf")
    return out.getvalue()


PACKINGS = {"pdf": locked, "zip": zipped, "7z": seven_zipped}


def mail(
    body: str,
    *files: bytes,
    sender: str = TANTO,
    subject: str = "認証キーのお知らせの送付",
    ending: str = "pdf",
    **headers: str,
) -> bytes:
    made = EmailMessage()
    made["From"] = sender
    made["To"] = INBOX
    made["Subject"] = subject
    made["Message-ID"] = f"<{next(_numbers)}@kensetsu.example.jp>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    for number, file in enumerate(files, 1):
        made.add_attachment(file, maintype="application", subtype="octet-stream", filename=f"お知らせ{number}.{ending}")
    return made.as_bytes()


SENDS = "認証キーのお知らせを添付します。パスワードは別途お送りします。"
TELLS = f"先ほどのファイルのパスワードです。\n\n{'-' * 20}\n{PASSWORD}\n{'-' * 20}\n"


class Office:
    """A sorter and its store, and what came of the mails."""

    def __init__(self, store: Store, sorter: Sorter, watch: Watch) -> None:
        self.store = store
        self.sorter = sorter
        self.watch = watch

    async def receive(self, *contents: bytes, mail_from: str | None = TANTO, minutes: float = 5) -> None:
        """Let mails come, one after the other, and sort all that waits after each."""
        for content in contents:
            await self.keep(content, mail_from=mail_from)
            await self.sort()
            self.watch.turn(minutes=minutes)

    async def keep(self, content: bytes, *, mail_from: str | None = TANTO) -> None:
        envelope = Envelope(Source.SMTP, mail_from, (INBOX,), self.watch())
        await self.store.incoming.keep([Arrival(envelope, content)])

    async def sort(self) -> None:
        while claimed := await self.store.incoming.claim(lease=LEASE):
            await self.sorter.sort(claimed, quick=claimed.attempts == 1)

    async def ends(self) -> list[tuple[MailState, MailReason | None]]:
        return [(row.state, row.reason) for row in reversed(await self.store.incoming.list_())]

    async def letters(self) -> list[tuple[Letter, str]]:
        return [(row.mail.letter, row.mail.recipient) for row in reversed(await self.store.outbox.list_())]


READ = (MailState.SORTED, MailReason.NOTICE_FOUND)
WAITS = (MailState.ASKED, MailReason.NOTICE_WANTED)
OPENED = (MailState.IGNORED, MailReason.PASSWORD_MAIL)
UNUSED = (MailState.PASSED_ON, MailReason.PASSWORD_UNUSED)
USED = (MailState.RELEASED, MailReason.PASSWORD_MAIL)  # its file came later


@pytest.fixture
async def office(store, composer, policy, watch) -> AsyncIterator[Office]:
    async with InProcessReader() as reader:
        yield Office(store, Sorter(store, reader, composer, policy, watch), watch)


async def test_a_file_is_opened_by_its_own_mails_words_and_nobody_is_asked(office, paper):
    await office.receive(mail(f"お知らせを添付します。\nパスワード：{PASSWORD}", paper))
    assert await office.ends() == [READ]
    assert Letter.RECEIPT in {letter for letter, _ in await office.letters()}
    assert Letter.NOTICE_WANTED not in {letter for letter, _ in await office.letters()}


async def test_a_later_password_mail_opens_the_file_and_its_mail_is_answered_as_if_it_had_just_come(office, paper):
    await office.receive(mail(SENDS, paper))
    assert await office.ends() == [WAITS]
    assert await office.letters() == [(Letter.NOTICE_WANTED, TANTO)]
    await office.receive(mail(TELLS, subject="パスワードのお知らせ"))
    assert await office.ends() == [READ, OPENED]
    assert (Letter.RECEIPT, TANTO) in await office.letters()
    assert len(await office.store.submissions.list_()) == 1
    row, _, _ = await office.store.incoming.get(2)
    assert row.no_reply is NoReplyReason.NO_NOTICE
    assert [letter for letter, to in await office.letters() if to == TANTO] == [Letter.NOTICE_WANTED, Letter.RECEIPT]


async def test_a_password_mail_that_came_first_opens_the_file_at_once(office, paper):
    await office.receive(mail(TELLS, subject="認証キーのお知らせのパスワード"), mail(SENDS, paper))
    assert await office.ends() == [USED, READ]
    assert [letter for letter, to in await office.letters() if to == TANTO] == [Letter.RECEIPT]


async def test_a_password_sent_in_answer_to_our_own_letter_is_taken(office, paper):
    await office.receive(mail(SENDS, paper))
    (ours,) = await office.store.outbox.list_()
    body = f"承知しました。\n{PASSWORD} です。\n\n> パスワードを別のメールで\n> お送りいただいた場合は\n"
    ids = {"In_Reply_To": ours.mail.message_id, "References": ours.mail.message_id}
    await office.receive(mail(body, subject="Re: 【お願い】", **ids))
    assert await office.ends() == [READ, OPENED]


@pytest.mark.parametrize("ending", PACKINGS)
async def test_each_kind_of_locked_file_is_opened_by_a_later_mail(office, notice, ending):
    await office.receive(mail(SENDS, PACKINGS[ending](notice), ending=ending))
    assert (await office.ends())[0] == WAITS
    await office.receive(mail(f"{'0' * 7}\n{'1' * 7}\n{TELLS}"))
    assert await office.ends() == [READ, OPENED]


STRANGERS = {
    "a colleague": "keiri@kensetsu.example.jp",
    "the same name elsewhere": "工事部 丹藤 <tanto@kensetsu.example.com>",
    "a longer address": "xtanto@kensetsu.example.jp",
    "two senders": f"{TANTO}, keiri@kensetsu.example.jp",
    "an address for a name": f'"{TANTO}" <keiri@kensetsu.example.net>',
}


@pytest.mark.parametrize("sender", STRANGERS.values(), ids=STRANGERS.keys())
@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
async def test_nobody_elses_password_opens_a_file(office, paper, sender, is_first):
    mails = [mail(SENDS, paper, sender=f"工事部 丹藤 <{TANTO}>"), mail(TELLS, sender=sender)]
    await office.receive(*(reversed(mails) if is_first else mails))
    assert READ not in await office.ends()
    assert OPENED not in await office.ends()
    assert await office.store.submissions.list_() == ()


async def test_the_address_counts_in_any_case_and_under_any_name(office, paper):
    await office.receive(mail(SENDS, paper), mail(TELLS, sender="丹藤 <TANTO@Kensetsu.example.jp>"))
    assert await office.ends() == [READ, OPENED]


NOBODYS = {
    "a bounce": ({}, ""),
    "an automatic reply": ({"Auto_Submitted": "auto-replied"}, TANTO),
    "a list": ({"List_Id": "<kyokai.example.jp>"}, TANTO),
}


@pytest.mark.parametrize(("headers", "mail_from"), NOBODYS.values(), ids=NOBODYS.keys())
async def test_what_is_nobodys_own_word_opens_nothing(office, paper, headers, mail_from):
    await office.receive(mail(SENDS, paper))
    await office.receive(mail(TELLS, **headers), mail_from=mail_from)
    assert (await office.ends())[0] == WAITS
    await office.receive(mail(SENDS, paper))
    assert (await office.ends())[2][0] is MailState.ASKED


async def test_a_system_that_sends_passwords_opens_the_file(office, paper):
    await office.receive(mail(SENDS, paper), mail(TELLS, Auto_Submitted="auto-generated"))
    assert await office.ends() == [READ, OPENED]


async def test_a_mail_whose_sender_our_server_disproved_is_not_paired(store, composer, policy, watch, paper):
    async with InProcessReader() as reader:
        strict = replace(policy, authserv_id="mx.city.example.jp")
        office = Office(store, Sorter(store, reader, composer, strict, watch), watch)
        proven = {"Authentication_Results": "mx.city.example.jp; dmarc=pass header.from=kensetsu.example.jp"}
        forged = {"Authentication_Results": "mx.city.example.jp; dmarc=fail header.from=kensetsu.example.jp"}
        await office.receive(mail(SENDS, paper, **proven), mail(TELLS, **forged))
        assert (await office.ends())[0] == WAITS
        await office.receive(mail(TELLS, **proven))
        assert (await office.ends())[0] == READ


async def test_a_wrong_password_is_told_to_a_person_and_the_right_one_opens_later(office, paper):
    await office.receive(mail(SENDS, paper), mail(f"パスワード：{OTHER}"))
    assert await office.ends() == [WAITS, UNUSED]
    assert await office.letters() == [(Letter.NOTICE_WANTED, TANTO), (Letter.MAIL_ALERT, DESK)]
    await office.receive(mail(f"失礼しました。正しいパスワード：{PASSWORD}"))
    assert await office.ends() == [READ, USED, OPENED]  # nothing is left to do about the wrong one


async def test_one_password_mail_opens_all_files_that_wait_for_it(office, paper, notice):
    await office.receive(mail(SENDS, paper), mail(SENDS, locked(notice, OTHER)), mail(SENDS, paper), mail(TELLS))
    (first, second, third, fourth) = await office.ends()
    assert (first, third, fourth) == (READ, READ, OPENED)
    assert second[0] is MailState.ASKED


async def test_two_files_with_two_passwords_of_two_mails_are_both_opened(office, paper, notice):
    certificate = locked((PAPERS / "certificate.pdf").read_bytes(), OTHER)
    await office.receive(mail(SENDS, certificate, paper), mail(f"パスワード：{OTHER}"))
    row, _, _ = await office.store.incoming.get(1)
    assert [paper.reason for paper in row.papers].count(PaperReason.ENCRYPTED) == 1
    assert row.state is MailState.ASKED
    await office.receive(mail(TELLS))
    row, _, _ = await office.store.incoming.get(1)
    assert PaperReason.ENCRYPTED not in {paper.reason for paper in row.papers}
    assert (row.state, row.reason) == READ


async def test_what_comes_too_late_opens_nothing(office, paper):
    await office.receive(mail(SENDS, paper))
    office.watch.turn(hours=72)
    await office.receive(mail(TELLS))
    assert await office.ends() == [WAITS, UNUSED]


async def test_the_window_is_a_setting_and_none_switches_it_off(store, composer, policy, watch, paper):
    async with InProcessReader() as reader:
        never = replace(policy, password_window=timedelta())
        office = Office(store, Sorter(store, reader, composer, never, watch), watch)
        await office.receive(mail(f"{SENDS}\nパスワード：{PASSWORD}", paper), mail(TELLS))
        assert (await office.ends())[0] == WAITS


async def test_a_mail_that_a_clerk_has_dealt_with_stays_as_it_is(office, paper):
    await office.receive(mail(SENDS, paper))
    await office.store.incoming.release(1, actor="clerk", note="電話で確認")
    await office.receive(mail(TELLS))
    assert [state for state, _ in await office.ends()] == [MailState.RELEASED, MailState.PASSED_ON]


async def test_a_password_mail_that_asks_something_is_shown_to_a_person_too(office, paper):
    await office.receive(mail(SENDS, paper), mail(f"パスワード：{PASSWORD}\n原本も郵送が必要でしょうか。"))
    assert await office.ends() == [READ, (MailState.PASSED_ON, MailReason.PASSWORD_MAIL)]
    assert (Letter.MAIL_ALERT, DESK) in await office.letters()


async def test_a_replayed_password_mail_opens_nothing_twice(office, paper):
    await office.receive(mail(SENDS, paper), mail(TELLS))
    await office.store.incoming.replay(2, actor="clerk")
    await office.sort()
    assert await office.ends() == [READ, UNUSED]
    assert len(await office.store.submissions.list_()) == 1


async def test_no_password_stands_in_a_row_a_letter_the_journal_or_the_log(office, paper, caplog, tmp_path):
    told = mail(f"パスワードは {PASSWORD} です。\nほかに必要な書類はありますか。", subject=f"パスワード: {PASSWORD}")
    await office.receive(mail(f"パスワード：{OTHER}"), mail(SENDS, paper), told)
    assert (await office.ends())[1] == READ
    shown = [str(await office.store.incoming.list_()), str(await office.store.journal.lines(limit=1000)), caplog.text]
    shown += [row.mail.text + row.mail.subject for row in await office.store.outbox.list_()]
    assert len(shown) > 5
    for secret in (PASSWORD, OTHER):
        assert not any(secret in text for text in shown)
        assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


class OvertakenSubmissions(Submissions):
    """A clerk replays the waiting mail just before what opens it is settled."""

    is_armed = True

    async def settle(self, mail_id: int, verdict: Verdict, **letters: Any) -> None:
        if verdict.reopened and self.is_armed:
            self.is_armed = False
            await Incoming(self._database).replay(verdict.reopened[0], actor="clerk")
        await super().settle(mail_id, verdict, **letters)


async def test_a_clerk_who_is_faster_harms_nothing(tmp_path, composer, policy, watch, paper):
    async with (
        await Store.open(f"sqlite:///{tmp_path}/store.db", clock=watch, durable=False) as store,
        InProcessReader() as reader,
    ):
        store.submissions = OvertakenSubmissions(store._database)
        office = Office(store, Sorter(store, reader, composer, policy, watch), watch)
        await office.receive(mail(SENDS, paper), mail(TELLS))
        assert (await office.ends())[0] == READ
        assert len(await store.submissions.list_()) == 1


class MeetingReader(InProcessReader):
    """A reader in which both mails of a pair are read before either is decided."""

    def __init__(self) -> None:
        super().__init__(2)
        self.meeting: asyncio.Barrier | None = asyncio.Barrier(2)

    async def read(self, content: bytes, *args, **more):
        read = await super().read(content, *args, **more)
        if meeting := self.meeting:
            await meeting.wait()
            self.meeting = None
        return read


async def test_a_file_and_its_password_that_are_sorted_at_the_same_time_find_each_other(
    store, composer, policy, watch, paper
):
    """The system that sends the password has a reverse-path of its own, so both are in work at once."""
    async with MeetingReader() as reader:
        sorter = Sorter(store, reader, composer, policy, watch)
        office = Office(store, sorter, watch)
        await office.keep(mail(SENDS, paper))
        await office.keep(mail(TELLS), mail_from="bounce@mailer.example.jp")
        both = [await store.incoming.claim(lease=LEASE) for _ in range(2)]
        await asyncio.gather(*(sorter.sort(one, quick=True) for one in both))
        await office.sort()
        assert (await office.ends())[0] == READ
        assert len(await store.submissions.list_()) == 1


class DyingSubmissions(Submissions):
    """It breaks while the opener is settled: as after a crash, nothing of it is there."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.deaths = 1

    async def settle(self, mail_id: int, verdict: Verdict, **letters: Any) -> None:
        if verdict.reopened and self.deaths:
            self.deaths -= 1
            verdict = replace(verdict, reopened=(*verdict.reopened, 999))
            await super().settle(mail_id, verdict, **letters)
            raise AssertionError("it must not be settled")
        await super().settle(mail_id, verdict, **letters)


async def test_a_settling_that_broke_off_left_nothing_and_is_repeated(tmp_path, composer, policy, watch, paper):
    async with (
        await Store.open(f"sqlite:///{tmp_path}/store.db", clock=watch, durable=False) as store,
        InProcessReader() as reader,
    ):
        store.submissions = DyingSubmissions(store._database)
        office = Office(store, Sorter(store, reader, composer, policy, watch), watch)
        await office.receive(mail(SENDS, paper), mail(TELLS))
        assert await office.ends() == [READ, OPENED]


async def test_only_the_nearest_mails_are_read(office, paper):
    for number in range(12):
        await office.receive(mail(f"{number}件目のご連絡です。", subject="ご連絡"), minutes=1)
    office.watch.turn(hours=-1)
    await office.receive(mail(TELLS))
    office.watch.turn(hours=2)
    await office.receive(mail(SENDS, paper))
    assert (await office.ends())[-1] == WAITS


class BusyForPairs(InProcessReader):
    """A machine that has time for a mail's own reading, and none to try a password on it."""

    is_busy = True

    async def read(self, *mail: Any, **how: Any) -> UnderstoodMail | ReadFailure | TakesLong | NotNow:
        return NotNow() if self.is_busy and how.get("budget") is not None else await super().read(*mail, **how)


async def test_a_file_that_no_process_could_be_had_to_open_is_not_taken_for_a_locked_one(
    store, composer, policy, watch, paper
):
    async with BusyForPairs() as reader:
        office = Office(store, Sorter(store, reader, composer, policy, watch), watch)
        await office.receive(mail(SENDS, paper), mail(TELLS))
        assert await office.ends() == [WAITS, (MailState.RECEIVED, None)]
        reader.is_busy = False
        watch.turn(minutes=10)
        await office.sort()
        assert await office.ends() == [READ, OPENED]
