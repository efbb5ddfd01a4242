"""No proven colleague is met with silence, and nobody else is told more for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.letters.to_desks import DeskNote, MailAlert
from bot.core.mail.message import Address
from bot.core.policy.policy import Desk
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.send_counts import RecentCounts, SendCount, counted_name
from bot.core.verdict.colleagues import HELPS_PER_DAY, is_colleague, person_share
from bot.core.verdict.decide import Verdict
from tests.core.verdict.cases import INBOX, POLICY, SENDER, paper, raw_mail, sort

MX = "mx.city.example.jp"
DESK = Desk("契約課", "keiyaku@city.example.jp", staff=frozenset({"yamada@city.example.jp"}))
CITY = replace(POLICY, desks=(DESK,), authserv_id=MX, reply_window=timedelta(days=30))
STAFF = replace(CITY, staff_domains=frozenset({"city.example.jp"}))
COLLEAGUE = "suzuki@city.example.jp"
PASS = "Authentication-Results: mx.city.example.jp; dmarc=pass header.from=city.example.jp\n"


NO_ANSWER = "返信で処理できるメール（件名に［ ］の符号のあるもの）への返信ではないため、処理していません"


def notes(verdict: Verdict) -> list[DeskNote]:
    return [one.context for one in verdict.drafts if isinstance(one.context, DeskNote)]


def written(
    headers: str = "Subject: question", body: str = "この件の担当はどちらですか。", sender: str = COLLEAGUE
) -> bytes:
    return raw_mail(PASS + headers, body, sender)


def sent(count: int, share: str = "", letter: Letter = Letter.DESK_NOTE, to: str = COLLEAGUE) -> RecentCounts:
    return RecentCounts(to_address={counted_name(to, share): {letter: SendCount(0, count)}})


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (written(), "認証キーのお知らせが見当たりません"),
        (written("Subject: 手入力 FAX"), "手入力は、担当の職員として登録のあるアドレスから送ってください"),
        (written("Subject: 認証キー", "お知らせを添付します。"), "認証キーのお知らせが見当たりません"),
        (written(f"Subject: Re: x\nIn-Reply-To: <{MESSAGE_ID_PREFIX}0123@city.example.jp>"), NO_ANSWER),
    ],
)
def test_a_colleague_is_told_what_became_of_his_mail(mail: bytes, why: str):
    verdict = sort(mail, policy=STAFF)
    [note] = notes(verdict)
    assert (note.why, note.reader, note.receipt_number) == (why, "契約課", "20261123-0007-0")
    assert (verdict.state, verdict.desk, verdict.no_reply) == (MailState.PASSED_ON, "契約課", None)


@pytest.mark.parametrize("sender", ["yamada@city.example.jp", DESK.address])
def test_a_desks_own_words_that_answer_no_letter_are_work_for_nobody_else(sender: str):
    verdict = sort(written(sender=sender), policy=STAFF)
    [note] = notes(verdict)
    assert (note.why, note.reader) == (NO_ANSWER, "")
    assert (verdict.state, verdict.desk, len(verdict.drafts)) == (MailState.ANSWERED, "", 1)


def test_a_colleagues_notice_is_told_by_its_number():
    [note] = notes(sort(written(), paper(), policy=STAFF))
    assert [(one.receipt_number, one.waits) for one in note.notices] == [("20261123-0007-1", True)]
    assert note.why == ""


@pytest.mark.parametrize(
    "mail",
    [
        raw_mail("Subject: question", "教えてください。"),  # a contractor's
        raw_mail(PASS.replace("pass", "fail") + "Subject: question", "教えてください。", COLLEAGUE),
        raw_mail("Subject: question", "教えてください。", COLLEAGUE),  # nobody looked
        written("Subject: question\nAuto-Submitted: auto-replied"),
        written(sender=INBOX),
    ],
)
def test_nobody_else_gets_the_line(mail: bytes):
    assert notes(sort(mail, policy=CITY)) == []


@pytest.mark.parametrize(
    ("lately", "is_told", "is_last"),
    [
        (sent(HELPS_PER_DAY - 2), True, False),
        (sent(HELPS_PER_DAY - 1), True, True),
        (sent(HELPS_PER_DAY - 1, letter=Letter.DESK_HELP), True, True),  # both are counted together
        (sent(HELPS_PER_DAY), False, False),
        (sent(HELPS_PER_DAY, share="asked", letter=Letter.DESK_HELP), True, False),
        (sent(HELPS_PER_DAY, letter=Letter.DESK_REPLY), True, False),
    ],
)
def test_one_person_has_so_many_a_day_and_the_last_says_so(lately: RecentCounts, is_told: bool, is_last: bool):
    verdict = sort(written(), policy=CITY, lately=lately)
    assert [note.is_last for note in notes(verdict)] == ([is_last] if is_told else [])
    assert verdict.state is MailState.PASSED_ON  # it is in the summary however often he wrote


def test_those_who_share_a_desks_address_are_counted_by_their_names():
    share = person_share(Address("契約課　佐藤", DESK.address), CITY.desks)
    assert share == person_share(Address("契約課 佐藤", DESK.address.upper()), CITY.desks)
    assert person_share(Address("佐藤", COLLEAGUE), CITY.desks) == ""
    used_up = sent(HELPS_PER_DAY, share, to=DESK.address)
    at_desk = [
        f"=?utf-8?q?{''.join(f'={byte:02X}' for byte in name.encode())}?= <{DESK.address}>"
        for name in ("契約課 佐藤", "契約課 鈴木")
    ]
    assert [len(notes(sort(written(sender=one), policy=CITY, lately=used_up))) for one in at_desk] == [0, 1]


def test_words_that_a_responder_says_are_answered_once_a_day():
    away = written("Subject: Re: report", "ただいま出張中です。急ぎの件は課の代表へお願いします。")
    first, second = sort(away, policy=CITY), sort(away, policy=CITY, lately=sent(1))
    assert (len(notes(first)), len(notes(second))) == (1, 0)
    assert second.no_reply is NoReplyReason.NO_PROOF
    assert len(notes(sort(written(), policy=CITY, lately=sent(1)))) == 1


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        (COLLEAGUE, True),
        ("Yamada@City.example.jp", True),
        ("x@sub.city.example.jp", False),
        ("x@staff.example.org", True),
        (INBOX, False),  # ours
        ("x@gmail.com", False),  # though a desk reads its mail there
        (SENDER, False),
    ],
)
def test_who_is_a_colleague(address: str, is_one: bool):
    desks = (DESK, Desk("分室", "bunshitsu@gmail.com"))
    policy = replace(CITY, desks=desks, staff_domains=frozenset({"staff.example.org"}))
    assert is_colleague(address, policy) is is_one


def test_what_no_person_need_read_is_told_all_the_same():
    """An answer to a desk that he does not speak for, in words that order nothing: see tests/workers/test_clerk_answers.py."""
    verdict = sort(written(), policy=replace(CITY, replies_enabled=False))
    assert len(notes(verdict)) == 1
    assert [type(one.context) for one in verdict.drafts] == [MailAlert, DeskNote]
    assert verdict.reason is MailReason.NO_NOTICE
