"""Hundreds of ways to answer an alert: what is done is what the clerk meant, or nothing; the table in docs/answering.md.

The ways were written by somebody who knew the words that an alert teaches, and not the program. Each is put to letters of one
case and of three, waiting and accepted; whatever is carried out must be meant, whichever letter it answers.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.clerk.decide import decide_answer
from bot.core.clerk.facts import AnswerFacts, CaseFacts, MailCase
from bot.core.clerk.orders import HANDLERS
from bot.core.judging.lookup import LookUp
from bot.core.judging.sender_facts import SenderFacts
from bot.core.mail.message import Address
from bot.core.mail.parse import parse_mail
from bot.core.mail.reply_text import answered_words
from bot.core.policy.policy import Desk, KeyDelivery
from bot.core.records.clerk_orders import Cases, CommandKind, ParsedReply
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import Product
from bot.core.records.incoming_mail import (
    CaseNote,
    ClerkDecision,
    Correction,
    MailRow,
    MailState,
    OriginalsAsked,
    ReadAgain,
    Release,
    Stop,
)
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.reply_token import ReplyToken, TokenCase
from bot.core.records.submission import NoticeFields, SubmissionState
from bot.core.text.normalise import normalise_number
from bot.core.verdict.mail_verdict import MailFacts
from tests.core.verdict.cases import INBOX, NOW, NUMBER, POLICY, SENDER, fields, guarantee, raw_mail, submission

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[2] / "docs" / "answering.md"
STAFF = "yamada@city.example.jp"
DESK = Desk("契約課", "keiyaku@city.example.jp", staff=frozenset({STAFF}))
ANSWERED_BY_MAIL = replace(POLICY, desks=(DESK,), reply_window=timedelta(days=30), keys=KeyDelivery.SEPARATE)
State = SubmissionState | MailState
LETTER = "<hosho-bot.0123456789abcdef@city.example.jp>"


@dataclass(frozen=True)
class Way:
    """A reply's body, and what it orders: by case ("" = the only one) and act, with the beginning of its reason."""

    says: str
    means: tuple[str, ...]
    kind: str
    sure: bool

    @property
    def is_about_several(self) -> bool:
        return any(":" in one.partition(" | ")[0] for one in self.means)


@cache
def ways() -> tuple[Way, ...]:
    found = tomllib.loads((HERE / "ways_to_answer.toml").read_text("utf-8"))["way"]
    return tuple(Way(one["says"], tuple(one["means"]), one["kind"], one["sure"]) for one in found)


@cache
def facts() -> MailFacts:
    mail = parse_mail(raw_mail("Subject: RE: x", sender=STAFF)).mail
    sender = SenderFacts(Address("", STAFF), is_proven=True, is_unproven=False, is_automatic=False)
    return MailFacts(9, "0" * 64, Envelope(Source.SMTP, STAFF, (INBOX,), NOW), mail, None, sender)


def receipts_in(way: Way) -> tuple[str, ...]:
    """The 受付番号 that an answer names; they stand in its letter."""
    return tuple(dict.fromkeys(re.findall(r"[0-9]{8}-[0-9]{4,}-[0-9]", " ".join(way.means))))


@cache
def letter(
    count: int, state: State, receipts: tuple[str, ...] = (), choosing: frozenset[int] = frozenset()
) -> AnswerFacts:
    """A letter about so many cases, each with three rows of its own to choose from; or about so many mails.

    `choosing`: the places whose number the register does not know, so that a row must be named.
    """
    cases: list[CaseFacts | MailCase] = []
    for place in range(1, count + 1):
        other = f"20261122-{'0099' if receipts else '0042'}-{place}"
        receipt = receipts[place - 1] if place <= len(receipts) else other
        if isinstance(state, MailState):
            envelope = Envelope(Source.SMTP, SENDER, (INBOX,), NOW)
            row = MailRow(place, state, MailReason.NO_NOTICE, envelope, SENDER, "質問", 1, "", 1, "", (), None)
            cases.append(MailCase(TokenCase(place, "", mail_id=place), row))
            continue
        own = "" if place in choosing else NUMBER
        rows = tuple(guarantee(guarantee_id=10 * place + n, number=own if n == 1 else "") for n in (1, 2, 3))
        found = LookUp(rows[0] if own else None, () if own else rows, (), frozenset())
        one = submission(state, receipt_number=receipt)
        case = TokenCase(place, receipt, tuple(row.guarantee_id for row in rows))
        cases.append(CaseFacts(case, one, found, rows, found))
    ticket = ReplyToken("ABCDEFGH2345", DESK.name, LETTER, NOW + timedelta(days=30), tuple(one.case for one in cases))
    return AnswerFacts(ticket, DESK, is_named=True, is_in_thread=True, cases=tuple(cases))


_BY_REASON = {
    SubmissionReason.CLERK_ACCEPTED: "accept",
    SubmissionReason.CLERK_REFUSED: "refuse",
    SubmissionReason.VERIFIED_IN_DSURE: "confirmed",
    SubmissionReason.DSURE_DIFFERS: "differs",
    SubmissionReason.NOT_IN_DSURE: "not_found",
}


@cache  # each answer is put to many letters
def read(says: str) -> ParsedReply:
    return read_orders(answered_words(says))


def done(
    says: str, count: int, state: State, receipts: tuple[str, ...] = (), choosing: frozenset[int] = frozenset()
) -> dict[str, str]:
    """What is carried out: "2: accept" → its words. A candidate is told by its row: the first is what a plain 承認 takes too."""
    return carried_out(without_its_words(read(says)), count, state, receipts, choosing)


def without_its_words(ordered: ParsedReply) -> ParsedReply:
    """What was not understood, as one line: hundreds of answers are then alike, and decided on once."""
    return replace(ordered, unclear=("明日までに",) if ordered.unclear else ())


@cache
def carried_out(
    ordered: ParsedReply, count: int, state: State, receipts: tuple[str, ...], choosing: frozenset[int]
) -> dict[str, str]:
    verdict = decide_answer(facts(), ordered, letter(count, state, receipts, choosing), ANSWERED_BY_MAIL)
    found: dict[str, str] = {}
    for one in verdict.carried_out:
        match one.act:
            case ClerkDecision(reason=reason, guarantee_id=row, note=note):
                name = _BY_REASON[reason] + (f" {row % 10}" if reason is SubmissionReason.CLERK_ACCEPTED else "")
                found[f"{one.place}: {name}"] = note if name in {"refuse", "differs"} else ""
            case CaseNote(event=event, note=note):
                found[f"{one.place}: {event}"] = note
            case Correction(fields=corrected):
                found[f"{one.place}: correct"] = in_a_line(corrected)
            case OriginalsAsked():
                found[f"{one.place}: originals"] = ""
            case Stop():
                found[f"{one.place}: stop"] = ""
            case Release(note=note):
                found[f"{one.place}: handled"] = note
            case ReadAgain():
                found[f"{one.place}: read_again"] = ""
    looked_up = [order for order in ordered.orders if order.verb is CommandKind.LOOK_UP and not ordered.unclear]
    return found | {f"look_up {plain(order.words)}": "" for order in looked_up}


def plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def meant(way: Way, count: int) -> dict[str, str]:
    """The same from what the way says it means."""
    found: dict[str, str] = {}
    for one in way.means:
        act, _, words = one.partition(" | ")
        where, act = act.split(": ", 1) if ": " in act else ("", act)
        if act.startswith("look_up"):
            found[f"look_up {plain(act.partition(' ')[2])}"] = ""
            continue
        if act.startswith("correct "):
            _, name, value = act.split(" ", 2)
            act, words = "correct", corrected(name, value)
        if act == "accept":
            act = "accept 1"
        receipts = receipts_in(way)
        if where in {"all", ""}:
            places = list(range(1, count + 1))
        else:
            places = [receipts.index(where) + 1 if where in receipts else int(where)]
        for place in places:
            found[f"{place}: {act}"] = words
    return found


def corrected(name: str, value: str) -> str:
    said = fields()
    changed = {
        "number": lambda: replace(said, number=normalise_number(value)),
        "project_name": lambda: replace(said, project_name=value),
        "contractor": lambda: replace(said, contractor=value),
        "product": lambda: replace(
            said, product=next(one for one in Product if one.words.startswith(value.removesuffix("保証")))
        ),
    }[name]()
    return in_a_line(changed)


def in_a_line(said: NoticeFields) -> str:
    product = said.product.words if said.product else ""
    return f"{said.number}／{said.project_name}／{said.contractor}／{product}"


def is_covered(acts: dict[str, str], by: dict[str, str]) -> bool:
    """Whether everything that was done was meant, with its words."""
    return all(act in by and plain(by[act]) in plain(words) for act, words in acts.items())


def changes(acts: dict[str, str]) -> set[str]:
    """What was done without what only looks."""
    return {act for act in acts if not act.startswith("look_up")}


STATES: tuple[State, ...] = (SubmissionState.HELD, SubmissionState.ACCEPTED, MailState.PASSED_ON)


@cache
def judged(way: Way) -> str:
    """right, asked (nothing is done, the clerk is helped), or wrong."""
    if not way.means:
        letters = [(count, state, choosing) for count in (1, 5) for state in STATES for choosing in (NONE, EVERY)]
        wrong = any(changes(done(way.says, count, state, (), choosing)) for count, state, choosing in letters)
        return "wrong" if wrong else "asked"
    receipts = receipts_in(way)
    count = (3 if _EVERY.search(" ".join(way.means)) else 5) if way.is_about_several else 1
    expected = meant(way, count)
    choosing = frozenset(int(act.partition(":")[0]) for act in expected if re.search(r"accept [23]$", act))
    by_state = [done(way.says, count, state, receipts, choosing) for state in STATES]
    if not all(is_covered(acts, expected) for acts in by_state):
        return "wrong"
    if not way.is_about_several and any(changes(done(way.says, 3, state)) for state in STATES):
        return "wrong"  # a letter of three cases: which one was meant was not said
    return "right" if {act for acts in by_state for act in acts} == set(expected) else "asked"


NONE: frozenset[int] = frozenset()
EVERY = frozenset(range(1, 6))
_EVERY = re.compile(r"\ball:")


@pytest.mark.parametrize("kind", sorted({way.kind for way in ways()}))
def test_what_is_done_is_what_was_meant_or_nothing(kind: str) -> None:
    told = [(judged(way), way) for way in ways() if way.kind == kind]
    wrong = [
        (way.says, done(way.says, n, state)) for how, way in told if how == "wrong" for n in (1, 5) for state in STATES
    ]
    assert wrong == []
    assert [(way.says, read(way.says)) for how, way in told if way.sure and how != "right"] == []


def test_each_command_is_in_a_way_and_can_be_carried_out() -> None:
    ordered = {order.verb for way in ways() for order in read(way.says).orders}
    assert ordered == set(CommandKind)
    assert set(HANDLERS) == {kind for kind in CommandKind if kind.cases is not Cases.MAILS} - ANSWERED_AT_ONCE


ANSWERED_AT_ONCE = {CommandKind.LOOK_UP, CommandKind.HELP, CommandKind.REFUSALS}


@pytest.mark.parametrize(
    ("says", "receipts", "acts"),
    [
        ("-2 承認", ("20261123-0007-1", "20261123-0007-2"), {"2: accept 1"}),
        ("-3 承認", ("20261123-0007-1", "20261123-0007-3"), {"2: accept 1"}),
        ("-2 承認", ("20261123-0007-2", "20261123-0007-3"), set()),  # the second case, or the one whose number ends so
        ("-2 承認", ("20261123-0007-2", "20261123-0008-2"), set()),
        ("-4 承認", ("20261123-0007-1", "20261123-0007-2"), set()),
    ],
)
def test_the_end_of_a_number_is_its_case(says: str, receipts: tuple[str, ...], acts: set[str]) -> None:
    assert set(done(says, len(receipts), SubmissionState.HELD, receipts)) == acts


def test_there_are_ways_enough() -> None:
    assert len({way.says for way in ways()}) >= 300


def test_the_table_tells_the_present_ways() -> None:
    from tests.core.clerk.ways_table import KINDS, WRITTEN, of_ways  # noqa: PLC0415 - it reads this module

    assert {way.kind for way in ways()} <= set(KINDS)
    text = DOCUMENT.read_text("utf-8")
    assert text[: text.index(WRITTEN)] == of_ways()
