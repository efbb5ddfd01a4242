"""Disclaimers, banners and advertisements round a mail change no reading of it: a matrix of footers and readings.

footers.toml is data: real firms' and gateways' ways, with invented names. Whoever knows a footer that changes something adds it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.consent.grammar import said_in
from bot.core.judging.lookup import LookUp
from bot.core.mail.automatic.screen import screen
from bot.core.mail.delivery_status import Report, find_report
from bot.core.mail.gateways import says_taken_out
from bot.core.mail.message import Mail
from bot.core.mail.parse import parse_mail
from bot.core.mail.quoting import hands_back, is_returning
from bot.core.mail.reply_text import answered_words
from bot.core.notice.document import Document
from bot.core.notice.interpret import UnderstoodMail, typed_notices, understand
from bot.core.notice.paper_kinds import kind_of_text
from bot.core.notice.read_mail import ReadMail
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.submission import NoticeFields, SubmissionState
from tests import reading
from tests.core.verdict.cases import NOTICE_TEXT, POLICY, SENDER, guarantee, look_up, paper, raw_mail, read_mail, sort

TOLD: dict[str, list[dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("footers.toml").read_text("utf-8"))
FOOTERS = TOLD["footer"]
STATEMENTS = TOLD["statement"]
RULES = {"below": "", "below_dashes": "-- \n", "below_rule": f"{'-' * 40}\n"}
Place = Callable[[str], str]


def places(footer: dict[str, Any]) -> list[Place]:
    """Where the footer stands, and without its rule."""
    text = footer["text"].strip("\n")
    if footer["where"] == "above":
        return [lambda body: f"{text}\n\n{body}\n"]
    marks = dict.fromkeys((RULES[footer["where"]], ""))
    return [lambda body, mark=mark: f"{body}\n\n{mark}{text}\n" for mark in marks]  # type: ignore[misc]


def by_turns(puts: list[Place], turn: int, most: int) -> list[Place]:
    """So many of the places, for the next footer others."""
    first = turn % len(puts)
    return [*puts[first:], *puts[:first]][:most]


SENDS = "お世話になっております。\n認証キーのお知らせを添付のとおりお送りします。\nよろしくお願いいたします。\n\n青葉台建設\n山田太郎"
ASKS = SENDS.replace("よろしく", "なお、原本の郵送は必要でしょうか。\nよろしく")
PASSWORD = (
    "お世話になっております。\n先ほどのファイルのパスワードです。\n\nパスワード：Kj7#mP2q\n\nよろしくお願いいたします。"
)
TYPED = f"お世話になっております。\n\n{NOTICE_TEXT.partition('記')[2]}\nよろしくお願いいたします。"
NOTHING = "お世話になります。\nご確認ください。"


def mail(body: str, subject: str = "認証キーの送付") -> Mail:
    return parse_mail(raw_mail(f"Subject: {subject}", body)).mail


@lru_cache(maxsize=1000)  # each footer's mail is asked for several readings
def understood(body: str) -> UnderstoodMail:
    return reading.understood(read_mail(body=body), POLICY.formats)


def known(said: NoticeFields) -> LookUp:
    return look_up(guarantee(), number=said.number)


def ends(subject: str, body: str, *papers: Document) -> object:
    """How the mail ends, without what is quoted of it."""
    verdict = sort(raw_mail(f"Subject: {subject}", body), *papers, register=known)
    states = [(one.state, one.reasons, one.fields) for one in verdict.submissions]
    return verdict.state, verdict.reason, verdict.no_reply, states, [type(one.context) for one in verdict.drafts]


def reported(body: str) -> Report:
    content = raw_mail("Subject: 認証キー", body)
    return find_report(content, parse_mail(content))


def told_password(body: str) -> object:
    words = understood(body).words
    return words.speaks_of_password, [one.reveal() for one in words.passwords[:1]]


OWN = frozenset()
READINGS: dict[str, Callable[[Place], object]] = {
    "a good notice": lambda put: ends("認証キー", put(SENDS), paper()),
    "a notice and a question": lambda put: ends("認証キー", put(ASKS), paper()),
    "no notice": lambda put: ends("ご連絡", put(NOTHING)),
    "a forgotten file": lambda put: understood(put(SENDS)).request,
    "a certificate instead": lambda put: understood(put("保証証書を添付しますのでご確認ください。")).request,
    "a typed notice": lambda put: [one.fields for one in typed_notices(mail(put(TYPED)), POLICY.formats)],
    "a kind of paper": lambda put: kind_of_text(f"認証キーの送付\n{put(SENDS)}")[0],
    "a password": lambda put: told_password(put(PASSWORD)),
    "no password": lambda put: understood(put(SENDS)).words.speaks_of_password,
    "a person's mail": lambda put: screen(mail(put(SENDS)), SENDER, OWN),
    "a person who was away": lambda put: screen(mail(put(SENDS), "出張中の連絡先と認証キー"), SENDER, OWN),
    "a person's subject like a report's": lambda put: screen(mail(put(SENDS), "Delivery of the key"), SENDER, OWN),
    "a responder": lambda put: screen(mail(put("このメールは自動返信です。"), "夏季休業のお知らせ"), SENDER, OWN),
    "no report": lambda put: reported(put(SENDS)),
    "a mail sent back": lambda put: is_returning(mail(put("このメールは弊社宛てではないようです。返送します。")), Report()),
    "a mail not sent back": lambda put: is_returning(mail(put(SENDS)), Report()),
    "a word about our notices": lambda put: getattr(said_in(mail(put(NOTHING), "ご連絡")), "granted", None),
}  # fmt: skip


LACKS_A_FILE = (
    "no notice",
    "a forgotten file",
    "a certificate instead",
)  # a gateway's word that it took one out says why
DEAR = ("a good notice", "a forgotten file", "a password", "no password")
WHOLE_MAILS = ("a notice and a question", "no notice", "a certificate instead")  # with the rule alone: they cost most


@pytest.mark.parametrize("name", READINGS)
def test_a_footer_changes_no_reading(name: str, count: Callable[[int, int], int]) -> None:
    """Without --slow a footer is put in one place of a mail whose reading is dear, the next one in the other."""
    read = READINGS[name]
    footers = FOOTERS if name not in LACKS_A_FILE else [one for one in FOOTERS if not says_taken_out(one["text"])]
    plain, most = read(lambda body: f"{body}\n"), 1 if name in WHOLE_MAILS else None
    tried = count(1, 2) if name in DEAR else 2
    put_there = [(one["name"], by_turns(places(one)[:most], turn, tried)) for turn, one in enumerate(footers)]
    assert [footer for footer, puts in put_there for put in puts if read(put) != plain] == []


def test_the_readings_say_what_they_are_named_for() -> None:
    found = {name: read(lambda body: f"{body}\n") for name, read in READINGS.items()}
    good, asking, nothing = found["a good notice"], found["a notice and a question"], found["no notice"]
    assert good[:2] == (MailState.SORTED, MailReason.NOTICE_FOUND)  # type: ignore[index]
    assert good[3][0][0] is SubmissionState.ACCEPTED  # type: ignore[index]
    assert asking[:2] == (MailState.BESIDES, MailReason.NOTICE_AND_QUESTION)  # type: ignore[index]
    assert nothing[:2] == (MailState.PASSED_ON, MailReason.NO_NOTICE)  # type: ignore[index]
    assert found["a password"] == (True, ["Kj7#mP2q"])
    assert found["a responder"] is MailReason.AUTOMATIC_REPLY
    assert (found["a mail sent back"], found["a mail not sent back"]) == (True, False)


@pytest.mark.parametrize("name", sorted({*READINGS} - {*WHOLE_MAILS, "a mail sent back"}))
def test_nor_does_one_that_no_blank_line_sets_apart(name: str, count: Callable[[int, int], int]) -> None:
    read = READINGS[name]
    plain = read(lambda body: f"{body}\n")
    below = [one for one in FOOTERS if one["where"] == "below" and not says_taken_out(one["text"])]
    if name in DEAR:
        below = below[:: count(2, 1)]
    changed = [one["name"] for one in below if read(lambda body, one=one: f"{body}\n{one['text'].strip()}\n") != plain]  # type: ignore[misc]
    assert changed == []


# What stands round a clerk's answer: his city's footer, its gateway's banner, its scanner's note.
AROUND_A_CLERK = [one for one in FOOTERS if one["kind"] in {"gateway_banner", "antivirus"}]


@pytest.mark.parametrize("answer", ["承認", "お疲れ様です。\n保留 金額を確認します。\n契約課 山田"])
def test_a_footer_gives_a_clerk_no_other_order(answer: str, count: Callable[[int, int], int]) -> None:
    plain = read_orders(answered_words(answer))
    for turn, footer in enumerate(FOOTERS):
        for put in by_turns(places(footer), turn, count(1, 2)):
            found = read_orders(answered_words(put(answer)))
            assert found.unclear or found == plain, footer["name"]


def test_a_gateways_words_leave_a_clerks_order_clear() -> None:
    lost = [one["name"] for one in AROUND_A_CLERK if read_orders(answered_words(places(one)[0]("承認"))).unclear]
    assert lost == []


@pytest.mark.parametrize("statement", STATEMENTS, ids=[one["name"] for one in STATEMENTS])
def test_only_a_statement_about_this_mail_says_that_it_is_another_s(statement: dict[str, Any]) -> None:
    assert is_returning(mail(statement["text"].strip()), Report()) is statement["decides"]


def attached(name: str = "mail.eml") -> tuple[Document, Document]:
    """A mail that is attached, with a notice in it."""
    outer = Document("2", name, "message/rfc822", 1000, "1" * 64)
    return outer, paper(part="2/1")


STATED = "このメールは当社宛ではないと思われます。"


@pytest.mark.parametrize(
    ("subject", "body", "papers", "is_held"),
    [
        ("認証キー", STATED, (paper(),), False),  # words alone, against a notice of the mail's own
        ("認証キー", f"{STATED}返送いたします。", (paper(),), True),
        ("Fwd: 認証キー", STATED, (paper(),), True),
        ("【返送】認証キー", "ご確認ください。", (paper(),), True),
        ("Fwd: 認証キー", "転送します。\n\n※心当たりのない場合は破棄してください。", (paper(),), False),
        ("認証キー", STATED, attached(), True),
        ("認証キー", "前のメールを添付します。", attached(), False),
        ("認証キー", "添付します。\n\n※万一、本メールを誤って受信された場合は返送願います。", attached(), False),
        ("認証キー", f"添付します。\n\n> {STATED}\n> 返送します。", (paper(),), False),
        ("認証キー", f"添付します。\n-- \n{STATED}返送します。", (paper(),), False),
    ],
)
def test_a_statement_counts_against_what_is_handed_on(
    subject: str, body: str, papers: tuple[Document, ...], is_held: bool
) -> None:
    found = understand(ReadMail(mail(body, subject), papers), POLICY.formats).notices
    assert [SubmissionReason.SENT_BACK in one.doubts for one in found] == [is_held]
    assert hands_back(mail(body, subject)) is (is_held and len(papers) == 1)
