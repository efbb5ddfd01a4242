"""A clerk mails the notices that came by fax or at the counter: they are taken, answered, and go the way of a mail."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
import xlsxwriter

from bot.core.policy.policy import Desk, Policy
from bot.core.records.envelope import Source
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason, PaperReason, SubmissionReason
from bot.core.records.submission import ReadFrom, SubmissionState
from bot.workers.sorter import Sorter
from tests.in_process_reader import InProcessReader
from tests.storage.samples import add
from tests.workers.conftest import DESK, INBOX
from tests.workers.test_clerk_answers import FIRM, KEY, MX, NUMBER, SENDER, STAFF, WORK, Office, notice_mail, row

OTHER, OTHER_KEY = "10001-000002", "zY8xWv5uTs2r"
FORM = f"工事名：{WORK}\n受注者名：{FIRM}\n保証区分：前払金保証\n保証契約番号：{NUMBER}\n認証キー：{KEY}\n"
SECOND = FORM.replace(NUMBER, OTHER).replace(KEY, OTHER_KEY)


@pytest.fixture
def policy(policy: Policy) -> Policy:
    return replace(
        policy,
        desks=(Desk("契約課", DESK, staff=frozenset({STAFF})),),
        authserv_id=MX,
        reply_window=timedelta(days=30),
        staff_domains=frozenset({"city.example.jp"}),
    )


@pytest.fixture
async def office(store, composer, policy, watch) -> AsyncIterator[Office]:
    await store.register.change(add(row(), row(OTHER)), actor="register", source="rows.csv")
    async with InProcessReader() as reader:
        yield Office(store, Sorter(store, reader, composer, policy, watch), watch)


def entry_mail(
    body: str = "",
    *files: tuple[str, bytes],
    subject: str = "手入力 FAX",
    sender: str = STAFF,
    result: str = "dmarc=pass header.from=city.example.jp",
    name: str = "1",
) -> bytes:
    message = EmailMessage()
    message["Authentication-Results"] = f"{MX}; {result}"
    message["From"] = sender
    message["To"] = INBOX
    message["Message-ID"] = f"<entry-{name}@city.example.jp>"
    message["Subject"] = subject
    message.set_content(body or "お願いします。\n")
    for file, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=file)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def book(*rows: tuple[object, ...]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        for line, cells in enumerate((("工事名", "受注者名", "保証区分", "保証契約番号", "認証キー", "差出人"), *rows)):
            for index, cell in enumerate(cells):
                sheet.write(line, index, cell)
    return buffer.getvalue()


async def reply(office: Office) -> str:
    (letter,) = await office.letters(Letter.ENTRY_REPLY)
    assert letter.mail.recipient == STAFF
    return re.sub(r"\s+", "", letter.mail.text)  # however its lines were wrapped


async def test_a_form_in_a_mail_takes_the_way_of_a_mailed_notice(office: Office) -> None:
    await office.receive(entry_mail(f"{FORM}差出人：{SENDER}\n"))
    (one,) = await office.submissions()
    assert (one.state, one.read_from, one.sender) == (SubmissionState.ACCEPTED, ReadFrom.FORM, SENDER)
    assert one.fields.auth_key.reveal() == KEY
    assert (await office.store.register.guarantee(1)).state is GuaranteeState.KEY_RECEIVED
    (receipt,) = await office.letters(Letter.RECEIPT)
    assert (receipt.mail.recipient, receipt.mail.submission) == (SENDER, one.receipt_number)
    clerks, entered = reversed(await office.store.incoming.list_())
    assert (clerks.state, clerks.reason) == (MailState.ANSWERED, MailReason.FORMS_TAKEN)
    assert (entered.state, entered.envelope.source, entered.envelope.peer) == (MailState.SORTED, Source.HAND, "FAX")
    lines = await office.store.journal.lines(subject=("mail", str(entered.mail_id)))
    first = lines[-1]
    assert (first.event, first.actor, first.detail) == ("mail.entered", STAFF, {"by_mail": clerks.mail_id})


async def test_the_clerk_is_told_what_was_taken_and_what_was_not(office: Office) -> None:
    rows = (
        (WORK, FIRM, "前払金保証", OTHER, OTHER_KEY, SENDER),
        (WORK, FIRM, "前払金保証", "10001-000003", 123456789012),
    )
    await office.receive(entry_mail(FORM, ("form.xlsx", book(*rows)), ("scan.pdf", b"%PDF-1.4 damaged")))
    text = await reply(office)
    assert "手入力（FAX）として2件を受け" in text
    assert f"1.{OTHER}前払金保証{WORK}／{FIRM}認証キー：12文字差出人：{SENDER}" in text
    assert "・3行目認証キー:認証キーがExcelにより数値又は日付に変わって" in text
    assert "■読み取っていない添付・scan.pdf（ファイルが壊れています）" in text
    assert "差出人：記載なし（受付のお知らせは送りません）" in text
    assert [one.fields.number for one in await office.submissions()] == [OTHER, NUMBER]
    papers = {paper.name: paper.reason for paper in (await office.store.incoming.get(1))[0].papers}
    assert papers["form.xlsx"] is PaperReason.FILLED_IN


async def test_no_key_stands_in_any_letter(office: Office) -> None:
    swapped = FORM.replace(NUMBER, "x").replace(KEY, NUMBER).replace("：x", f"：{KEY}")
    await office.receive(entry_mail(f"{FORM}\n{SECOND}\n{swapped}\n{FORM.replace(WORK, OTHER_KEY)}"))
    letters = await office.store.outbox.list_(limit=100)
    assert letters != []
    for letter in letters:
        text = letter.mail.text + base64.b64decode(letter.mail.content.partition(b"\r\n\r\n")[2]).decode()
        assert [KEY in text, OTHER_KEY in text] == [False, False]
    assert KEY not in str(await office.store.journal.lines(limit=1000))


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "dmarc=fail header.from=city.example.jp"},
        {"result": "spf=pass smtp.mailfrom=elsewhere.example.com"},
        {"sender": "suzuki@city.example.jp"},  # of the city, not of the desk
        {"sender": SENDER, "result": "dmarc=pass header.from=kensetsu.example.jp"},
    ],
)
async def test_nobody_else_enters_anything(office: Office, changes: dict[str, str]) -> None:
    await office.receive(entry_mail("", ("form.xlsx", book((WORK, FIRM, "前払金保証", NUMBER, KEY))), **changes))
    (mail,) = await office.store.incoming.list_()
    assert mail.state is MailState.PASSED_ON
    assert mail.papers[0].reason is PaperReason.UNKNOWN_FORMAT
    assert await office.submissions() == []
    assert await office.letters(Letter.ENTRY_REPLY) == []


async def test_a_strangers_form_in_words_waits_for_a_person_as_ever(office: Office) -> None:
    stranger = {"sender": SENDER, "result": "dmarc=pass header.from=kensetsu.example.jp"}
    await office.receive(entry_mail(FORM, **stranger))
    (one,) = await office.submissions()
    assert (one.state, one.read_from) == (SubmissionState.HELD, ReadFrom.BODY)
    assert SubmissionReason.TYPED_IN_BODY in one.reasons


async def test_without_proof_of_senders_nobody_enters_by_mail(store, composer, policy, watch) -> None:
    async with InProcessReader() as reader:
        unproven = replace(policy, authserv_id="", reply_window=timedelta())
        office = Office(store, Sorter(store, reader, composer, unproven, watch), watch)
        await office.receive(entry_mail("", ("form.xlsx", book((WORK, FIRM, "前払金保証", NUMBER, KEY)))))
        assert [one.envelope.source for one in await store.incoming.list_()] == [Source.SMTP]


async def test_an_answer_to_a_letter_enters_nothing(office: Office) -> None:
    await office.receive(notice_mail((NUMBER, KEY)))
    await office.answer(await office.letter(Letter.ALERT), FORM, subject="手入力 FAX")
    assert {one.envelope.source for one in await office.store.incoming.list_()} == {Source.SMTP}
    assert await office.letters(Letter.DESK_HELP) != []


async def test_the_same_form_mailed_again_is_a_duplicate_and_the_same_mail_is_none(office: Office) -> None:
    await office.receive(entry_mail(FORM))
    await office.receive(entry_mail(FORM))  # the very same mail, from another server
    assert len(await office.store.incoming.list_()) == 2
    await office.receive(entry_mail(FORM, name="2"))
    states = [one.state for one in await office.submissions()]
    assert states == [SubmissionState.ACCEPTED, SubmissionState.DUPLICATE]


async def test_what_speaks_against_it_holds_it_and_tells_the_desk(office: Office) -> None:
    await office.receive(entry_mail(FORM.replace(WORK, "別の工事")))
    (one,) = await office.submissions()
    assert one.state is SubmissionState.HELD
    assert [letter.mail.recipient for letter in await office.letters(Letter.ALERT)] == [DESK]


@pytest.mark.parametrize("body", ["FAXで届いたものです。\n", FORM.replace(KEY, "")])
async def test_a_mail_from_which_nothing_can_be_taken_is_answered_with_how_to_write_it(
    office: Office, body: str
) -> None:
    await office.receive(entry_mail(body))
    assert await office.end() == (MailState.ANSWERED, MailReason.FORMS_NOT_TAKEN)
    assert await office.submissions() == []
    text = await reply(office)
    assert "受け取れるものがありませんでした" in text
    assert "工事名：受注者名：保証区分：前払金保証保証契約番号：認証キー：差出人：" in text


async def test_such_answers_come_to_an_end(office: Office) -> None:
    for number in range(32):
        await office.receive(entry_mail("ただいま席を外しております。\n", name=str(number)))
    assert len(await office.letters(Letter.ENTRY_REPLY)) == 30
    assert await office.end() == (MailState.PASSED_ON, MailReason.FORMS_NOT_TAKEN)


async def test_a_responders_mail_is_none(office: Office) -> None:
    content = entry_mail(FORM).replace(b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:", 1)
    await office.receive(content)
    assert {one.envelope.source for one in await office.store.incoming.list_()} == {Source.SMTP}
    assert await office.letters(Letter.ENTRY_REPLY) == []


async def test_two_files_that_bring_too_much_together_bring_nothing(office: Office) -> None:
    rows = [(WORK, FIRM, "前払金保証", f"10002-{n:06}", KEY) for n in range(60)]
    more = [(WORK, FIRM, "前払金保証", f"10003-{n:06}", KEY) for n in range(60)]
    await office.receive(entry_mail("", ("a.xlsx", book(*rows)), ("b.xlsx", book(*more))))
    assert await office.submissions() == []
    assert "120件あります。1通のメールで受け付けるのは100件までです" in await reply(office)


async def test_the_summary_counts_them_at_the_door_of_what_is_entered(office: Office, watch) -> None:
    await office.receive(entry_mail(f"{FORM}\n{SECOND}"))
    facts = await office.store.summary.facts(since=watch() - timedelta(days=1), until=watch())
    assert {door.source: door.received for door in facts.ledger.doors} == {Source.SMTP: 1, Source.HAND: 2}
    assert all(door.balances for door in facts.ledger.doors)
