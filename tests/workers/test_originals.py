"""原本: the papers that came go to the clerk who asks, within the city's limit; to nobody else, and none of another desk."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email import policy as mail_policy

import pytest

from bot.core.policy.policy import Desk, Policy
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.workers.alert_pictures import TRIES
from bot.workers.sorter import Sorter
from tests.commands.inspected import mail, many, paper, pdf, said, text
from tests.in_process_reader import InProcessReader
from tests.storage.samples import add
from tests.workers.conftest import DESK, INBOX
from tests.workers.test_clerk_answers import MX, SENDER, STAFF, Office
from tests.workers.test_password_pairing import PACKINGS, PASSWORD, SENDS, TELLS
from tests.workers.test_password_pairing import mail as pairing_mail

OTHER_DESK = "doro@city.example.jp"
NOTICE = "reportlab-leaflet"
THEIRS = "chromium-hokkaido"
KEY = said(NOTICE)["auth_key"]
PROOF = (
    f"Authentication-Results: {MX}; dmarc=pass header.from=kensetsu.example.jp\r\nMessage-ID: <1@kensetsu.example.jp>"
)


@pytest.fixture
def policy(policy: Policy) -> Policy:
    contract = Desk("契約課", DESK, frozenset({Product.CONTRACT}), staff=frozenset({STAFF}))
    works = Desk("道路課", OTHER_DESK, frozenset({Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT}))
    return replace(
        policy,
        desks=(replace(contract, products=frozenset()), works),
        authserv_id=MX,
        reply_window=timedelta(days=30),
        staff_domains=frozenset({"city.example.jp"}),
        originals_bytes=1024 * 1024,
    )


class Clerks(Office):
    """The office, whose sorter also sees to what goes along with letters."""

    def __init__(self, store, sorter, watch) -> None:
        super().__init__(store, sorter, watch)
        self.sorter = sorter

    async def receive(self, content: bytes) -> None:
        await super().receive(content)
        await self.sorter.pictures.draw_all()


@pytest.fixture
async def office(store, composer, policy, watch) -> AsyncIterator[Clerks]:
    async with InProcessReader() as reader:
        yield Clerks(store, Sorter(store, reader, composer, policy, watch), watch)


def with_papers(*parts) -> bytes:
    return mail(many(text(), *parts), PROOF)


def files(letter: OutboxRow) -> dict[str, bytes]:
    read = email.message_from_bytes(letter.mail.content, policy=mail_policy.default)
    return {one.get_filename(): one.get_content() for one in read.iter_attachments()}


def plain(letter: OutboxRow) -> str:
    return "".join(letter.mail.text.split())


async def alert(office: Clerks, desk: str = DESK) -> OutboxRow:
    return next(one for one in await office.letters(Letter.ALERT) if one.mail.recipient == desk)


async def test_the_papers_go_to_the_clerk_who_asks_and_the_journal_has_it(office: Clerks) -> None:
    await office.receive(with_papers(paper(NOTICE)))
    asked = await alert(office)
    assert "原本　… 届いた書類を、返信した方に送ります" in asked.mail.text
    await office.answer(asked, "原本を送ってください")
    assert "処理　：届いた書類を、別のメールでお送りします" in (await office.letter(Letter.DESK_REPLY)).mail.text
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert (letter.mail.recipient, letter.mail.is_secret) == (STAFF, True)
    assert files(letter) == {"original-1.pdf": pdf(NOTICE)}
    assert "・original-1.pdf：n.pdf（" in plain(letter)
    assert KEY not in letter.mail.text
    (one,) = await office.submissions()
    lines = await office.store.journal.lines(subject=("submission", one.receipt_number))
    told = [(line.event, line.actor, line.detail) for line in reversed(lines)][1:]
    assert told == [
        ("submission.originals_asked", STAFF, {"mail": 1, "answer": 2}),
        ("key.shown", "bot", {"outgoing": letter.outbox_id}),
    ]
    assert one.state.value == "held"  # and it can still be decided on
    await office.answer(asked, "差戻し 工期が契約書と異なるため")
    assert (await office.state()).value == "refused"


async def test_the_papers_are_sent_beside_any_other_order(office: Clerks) -> None:
    await office.receive(with_papers(paper(NOTICE)))
    await office.answer(
        await alert(office), "差戻し 工期が契約書と異なるため\n\n起案に添付するので、原本も送ってください。"
    )
    assert (await office.state()).value == "refused"
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert files(letter) == {"original-1.pdf": pdf(NOTICE)}
    told = plain(await office.letter(Letter.DESK_REPLY))
    assert "処理：届いた書類を、別のメールでお送りします" in told
    assert "処理：差し戻しました（理由：工期が契約書と異なるため）" in told


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "dmarc=fail header.from=city.example.jp"},
        {"sender": "suzuki@city.example.jp"},  # of the city, not of the desk
        {"sender": OTHER_DESK},  # the other desk, by this one's letter
        {"sender": SENDER, "result": "dmarc=pass header.from=kensetsu.example.jp"},
        {"in_reply_to": ""},
        {"subject": "原本"},
        {"more": "Reply-To: stranger@else.example\r\n", "result": "dmarc=fail header.from=city.example.jp"},
    ],
)
async def test_nobody_else_gets_them(office: Clerks, changes) -> None:
    await office.receive(with_papers(paper(NOTICE)))
    await office.answer(await alert(office), "原本", **changes)
    assert await office.letters(Letter.ORIGINALS) == []
    assert all(KEY.encode() not in one.mail.content for one in await office.store.outbox.list_(limit=100))


async def test_what_is_too_large_is_named_with_the_mail_where_it_lies(office: Clerks) -> None:
    papers = office.sorter.pictures._papers
    papers._policy = replace(papers._policy, originals_bytes=1000)
    await office.receive(with_papers(paper(NOTICE)))
    await office.answer(await alert(office), "原本")
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert files(letter) == {}
    text_ = plain(letter)
    assert "書類は、添付できませんでした。お手数ですが、受信箱で、下のメールをご覧ください。" in text_
    assert "・n.pdf：大きすぎます（" in text_
    assert f"メール番号：1受信箱：{INBOX}差出人：{SENDER}件名：認証キー受信日時：令和8年11月24日(火)10時00分" in text_
    lines = await office.store.journal.lines(limit=100)
    assert "key.shown" not in {line.event for line in lines}


async def test_the_next_daemon_takes_out_what_an_earlier_one_did_not(office: Clerks, watch) -> None:
    later, office.sorter.pictures.later = (
        office.sorter.pictures.later,
        lambda *_: None,
    )  # the daemon was stopped meanwhile
    await office.receive(with_papers(paper(NOTICE)))
    await office.answer(await alert(office), "原本")
    watch.turn(minutes=60)
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert letter.next_attempt_at > watch()  # whatever the clock says, it waits for its papers
    office.sorter.pictures.later = later
    await office.sorter.pictures.recover()
    await office.sorter.pictures.draw_all()
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert (files(letter), letter.next_attempt_at) == ({"original-1.pdf": pdf(NOTICE)}, watch())
    assert "契約課 ご担当者様" in letter.mail.text


class Busy(InProcessReader):
    """No process can be started for what a clerk asks for."""

    async def hand_out(self, *_: object, **__: object) -> None:
        return None


async def test_without_papers_after_some_tries_the_letter_says_so(store, composer, policy, watch) -> None:
    async with Busy() as reader:
        office = Clerks(store, Sorter(store, reader, composer, policy, watch), watch)
        await office.receive(with_papers(paper(NOTICE)))
        await office.answer(await alert(office), "原本")
        for _ in range(TRIES - 1):
            (letter,) = await office.letters(Letter.ORIGINALS)
            assert letter.next_attempt_at > watch()
            await office.sorter.pictures.draw_all()
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert letter.next_attempt_at <= watch()
    assert "・全ての書類：取り出せませんでした" in plain(letter)


@pytest.mark.parametrize(
    ("ending", "attached", "told"),
    [
        ("pdf", None, "・original-1.pdf：お知らせ1.pdf（"),
        ("zip", "original-1.pdf", "・original-1.pdf：お知らせ1.zip/認証キーのお知らせ.pdf（"),
        ("7z", "original-1.pdf", "・original-1.pdf：お知らせ1.7z/認証キーのお知らせ.pdf（"),
    ],
)
async def test_what_a_contractors_password_opens_is_taken_out_or_says_where_the_password_is(
    office: Clerks, ending: str, attached: str | None, told: str
) -> None:
    locked = PACKINGS[ending](pdf(NOTICE))
    await office.receive(in_his_name(pairing_mail(SENDS, locked, sender=SENDER, ending=ending)))
    await office.receive(in_his_name(pairing_mail(TELLS, sender=SENDER, subject="パスワードのご連絡")))
    await office.answer(await alert(office), "原本")
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert files(letter) == {"original-1.pdf": pdf(NOTICE) if attached else locked}
    assert told in plain(letter)
    assert PASSWORD not in letter.mail.text
    says = "開くにはパスワードが必要です", "・メール番号2：11月24日10時01分受信「パスワードのご連絡」"
    assert [one in plain(letter) for one in says] == [not attached, not attached]


async def test_a_locked_archive_without_a_password_is_named_and_the_sender_is_to_be_asked(office: Clerks) -> None:
    mail_ = pairing_mail(SENDS, PACKINGS["zip"](pdf(NOTICE)), sender="tanto@else.example.jp", ending="zip")
    await office.receive(mail_.replace(b"From:", f"Authentication-Results: {MX}; dmarc=fail\nFrom:".encode(), 1))
    await office.answer(await office.letter(Letter.MAIL_ALERT), "原本")
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert files(letter) == {}
    assert "・お知らせ1.zip：パスワードのかかった圧縮ファイルのため、取り出せません" in plain(letter)
    assert "パスワードのメールは見当たりません。差出人へお尋ねください。" in plain(letter)


def in_his_name(content: bytes) -> bytes:
    return content.replace(
        b"From:", f"Authentication-Results: {MX}; dmarc=pass header.from=kensetsu.example.jp\nFrom:".encode(), 1
    )


def held_row(name: str, desk: str) -> Guarantee:
    """A row with the notice's number, of this desk, whose firm is another one."""
    return Guarantee("別の工事", "別会社", Product.ADVANCE_PAYMENT, number=said(name)["number"], desk=desk)


async def test_a_paper_for_another_desk_alone_stays_behind_and_its_key_is_not_shown(office: Clerks) -> None:
    rows = add(held_row(NOTICE, "契約課"), held_row(THEIRS, "道路課"))
    await office.store.register.change(rows, actor="register", source="rows.csv")
    await office.receive(with_papers(paper(NOTICE), paper(THEIRS, 'attachment; filename="theirs.pdf"')))
    assert len(await office.letters(Letter.ALERT)) == 2
    await office.answer(await alert(office), "原本")
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert files(letter) == {"original-1.pdf": pdf(NOTICE)}
    assert "・theirs.pdf：ほかの担当のお知らせです" in plain(letter)
    lines = await office.store.journal.lines(limit=100)
    assert [line.subject_id for line in lines if line.event == "key.shown"] == ["20261124-0001-1"]


async def test_a_case_that_became_another_desks_is_refused_and_says_whose_it_is(office: Clerks) -> None:
    await office.receive(with_papers(paper(NOTICE)))
    asked = await alert(office)
    await office.store.register.change(add(held_row(NOTICE, "道路課")), actor="register", source="rows.csv")
    await office.answer(asked, "原本")
    assert await office.letters(Letter.ORIGINALS) == []
    assert "この件は、道路課の担当になっているため、書類を送れません" in plain(await office.letter(Letter.DESK_HELP))


async def test_a_mail_without_a_notice_brings_its_papers(office: Clerks) -> None:
    await office.receive(with_papers(paper("certificate")).replace(b"dmarc=pass", b"dmarc=fail"))
    asked = await office.letter(Letter.MAIL_ALERT)
    await office.answer(asked, "原本")
    (letter,) = await office.letters(Letter.ORIGINALS)
    assert files(letter) == {"original-1.pdf": pdf("certificate")}
    (row, _, _) = await office.store.incoming.get(1)
    assert row.state is MailState.PASSED_ON  # it still waits for a person
    lines = await office.store.journal.lines(subject=("mail", "1"))
    assert "mail.originals_asked" in {line.event for line in lines}


async def test_where_the_city_sends_none_it_is_neither_offered_nor_done(store, composer, policy, watch) -> None:
    async with InProcessReader() as reader:
        office = Clerks(store, Sorter(store, reader, composer, replace(policy, originals_bytes=0), watch), watch)
        await office.receive(with_papers(paper(NOTICE)))
        asked = await alert(office)
        assert "原本" not in asked.mail.text
        await office.answer(asked, "原本")
        assert await office.letters(Letter.ORIGINALS) == []
        assert "届いた書類を送らない設定です" in plain(await office.letter(Letter.DESK_HELP))
