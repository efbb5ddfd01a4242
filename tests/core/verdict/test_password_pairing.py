"""Who may tell whose password, and what counts as opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.mail.authentication_results import SenderProof
from bot.core.mail.parse import parse_mail
from bot.core.notice.read_mail import ReadMail
from bot.core.records.envelope import Envelope, Source
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, PaperReason
from bot.core.records.secret import Password
from bot.core.verdict.known_mail import KnownMail, known_mail
from bot.core.verdict.password_pairing import (
    TRIED_AT_ONCE,
    in_one_thread,
    in_turns,
    is_password_mail,
    locked,
    opened,
    pairs_by_address,
)
from bot.documents.archives.unpack import PASSWORDS_TRIED
from tests.core.verdict.cases import POLICY
from tests.reading import understood

PROVEN = SenderProof.PROVEN


def mail(body: str = "", **headers: str):
    fields = {"From": "Tanto@Kensetsu.example.jp", "Subject": "x", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    lines.append("Content-Type: text/plain; charset=utf-8")
    return parse_mail(("\n".join(lines) + f"\n\n{body}\n").encode()).mail


def known(proof: SenderProof = PROVEN, **headers: str) -> KnownMail:
    fields = {"From": "Tanto@Kensetsu.example.jp", **headers}
    content = "".join(f"{name}: {value}\n" for name, value in fields.items()).encode()
    envelope = Envelope(Source.SMTP, "a@b.example.jp", (), datetime(2026, 11, 24, tzinfo=UTC))
    return replace(known_mail(content, envelope, POLICY), proof=proof)


def paper(name: str, reason: PaperReason = PaperReason.ENCRYPTED, kind: PaperKind = PaperKind.UNREADABLE) -> Paper:
    return Paper(name, kind, reason)


def test_a_mail_is_paired_under_its_one_address_in_lower_case():
    assert pairs_by_address(known(), None) == "tanto@kensetsu.example.jp"


@pytest.mark.parametrize(
    "sender", ["a@b.example.jp, c@d.example.jp", "undisclosed:;", "", '"a@b.example.jp" <c@d.example.jp>']
)
def test_a_mail_without_one_plain_sender_is_paired_with_none(sender):
    assert pairs_by_address(known(From=sender), None) == ""


@pytest.mark.parametrize("reason", [None, MailReason.AUTOMATIC_MAIL, MailReason.SYSTEM_ADDRESS, MailReason.SPAM])
def test_a_system_that_sends_passwords_speaks_for_its_address(reason):
    assert pairs_by_address(known(SenderProof.NOT_ASKED), reason)


@pytest.mark.parametrize(
    "reason",
    [
        MailReason.NULL_SENDER,
        MailReason.DELIVERY_REPORT,
        MailReason.AUTOMATIC_REPLY,
        MailReason.OWN_MAIL,
        MailReason.MAILING_LIST,
        MailReason.GOES_ROUND,
    ],
)
def test_what_is_sent_back_or_round_speaks_for_nobody(reason):
    assert pairs_by_address(known(), reason) == ""


def test_a_sender_whom_our_server_disproved_is_nobody():
    assert pairs_by_address(known(SenderProof.FAILED), None) == ""


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"In_Reply_To": "<1@a>"}, True),
        ({"References": "<0@a> <1@a>"}, True),
        ({"References": "<9@ours>"}, True),
        ({"Message_ID": "<2@a>"}, False),
        ({}, False),
    ],
)
def test_a_thread_is_known_by_any_id_in_common(other, expected):
    assert in_one_thread(mail(Message_ID="<1@a>", In_Reply_To="<9@ours>"), mail(**other)) is expected


def test_a_locked_paper_is_opened_when_it_is_neither_locked_nor_given_up_afterwards():
    before = (paper("a"), paper("b"), paper("c", PaperReason.NO_SIGN))
    assert locked(before) == ("a", "b")
    assert not opened(before, before)
    assert not opened(before, (paper("a"), paper("b", PaperReason.LIMITS)))
    assert opened(before, (paper("a"), paper("b", PaperReason.DAMAGED)))
    assert opened(before, (paper("a"), paper("b/x.pdf")))
    assert opened((paper("a"), paper("a")), (paper("a"), paper("a", PaperReason.NO_SIGN)))
    assert not opened((paper("c", PaperReason.NO_SIGN),), ())


def test_the_best_words_of_all_mails_are_tried_first_each_once():
    one, two, three = (Password(letters) for letters in ("one", "two", "three"))
    assert in_turns([(one, two), (), (three, one)]) == (one, three, two)
    assert in_turns([]) == ()


def test_no_more_is_tried_at_once_than_a_packed_file_allows():
    assert TRIED_AT_ONCE <= PASSWORDS_TRIED


@pytest.mark.parametrize(
    ("body", "papers", "expected"),
    [
        ("パスワード：Himitsu7", (), True),
        ("パスワード：Himitsu7", (paper("logo.png", PaperReason.NO_SIGN, PaperKind.OTHER),), True),
        ("パスワード：Himitsu7", (paper("a.zip"),), False),
        ("パスワードは別途お送りします", (), False),
        ("Himitsu7", (), False),
        ("保証証券等確認システムの閲覧用パスワード：Himitsu7", (), False),
    ],
)
def test_a_password_mail_says_one_and_brings_nothing_else(body, papers, expected):
    read = understood(ReadMail(mail(body), ()))
    assert is_password_mail(read.words, replace(read, papers=papers)) is expected
