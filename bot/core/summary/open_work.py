"""A desk's open work: what waits for it, line by line, with the numbers by which its summary can be answered.

Made by core/summary/summarise.py of the store's facts; the letter and the workbook show the same lines. What the letter has no room for
it counts; the workbook lists it, with numbers that follow the letter's. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.judging.lookup import LookUp
from bot.core.judging.options import Obstacle, acceptance, offer_accepted, offer_mail
from bot.core.letters.reply_hints import Offer
from bot.core.policy.mail_desks import desk_named
from bot.core.policy.policy import Desk, Policy, is_for
from bot.core.records.clerk_orders import MOST_CASES
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import MailRow
from bot.core.records.reply_token import TokenCase
from bot.core.records.submission import Submission, SubmissionState, is_seen_anew, mail_of
from bot.core.summary.facts import SummaryFacts, UndeliveredMail
from bot.core.text.dates import JAPAN


@dataclass(frozen=True, slots=True)
class Room:
    """How many lines of each the letter lists."""

    waiting: int  # notices and mails
    undelivered: int
    cases: int  # those, and what is to be looked up in D-Sure
    asked: int


BESIDE_A_WORKBOOK = Room(waiting=6, undelivered=3, cases=12, asked=3)
"""The letter is read in a minute; the workbook lists everything, and what it lists can be answered too."""

ALONE = Room(waiting=20, undelivered=20, cases=50, asked=30)
"""More is no day's work."""

MOST_ALIKE = 5
"""So many mails of one sender that ended alike have a line each; a flood of them has one in all, and one answer ends them."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """One line of open work.

    `row`: of the register; `work`: of a mail, that of the notice beside which it waits; `besides`: the other mails that are told in the line; `since`: when it began to wait; `place`: the number in
    the letter, 0 = none; `is_listed`: whether the letter has room for it.
    """

    of: Submission | MailRow | UndeliveredMail
    since: datetime
    row: Guarantee | None = None
    besides: tuple[MailRow, ...] = ()
    work: str = ""
    place: int = 0
    is_listed: bool = True

    @property
    def count(self) -> int:
        """How many are told in it."""
        return 1 + len(self.besides)

    @property
    def names(self) -> tuple[str, ...]:
        """As dues call what is told in it; () = it can't be decided by an answer."""
        match self.of:
            case Submission():
                return (self.of.receipt_number,)
            case MailRow():
                return tuple(f"mail/{row.mail_id}" for row in (self.of, *self.besides))
            case UndeliveredMail():
                return ()

    def waits(self, until: datetime) -> int:
        """For how many days, of Japan's."""
        return (until.astimezone(JAPAN).date() - self.since.astimezone(JAPAN).date()).days


@dataclass(frozen=True, slots=True)
class OpenWork:
    """All that waits for the desk, the oldest of each kind first; `asked`: what waits for its sender."""

    held: tuple[OpenLine, ...]
    passed_on: tuple[OpenLine, ...]
    parked: tuple[OpenLine, ...]
    undelivered: tuple[OpenLine, ...]
    to_verify: tuple[OpenLine, ...]
    asked: tuple[OpenLine, ...]

    @classmethod
    def of(cls, facts: SummaryFacts, desk: Desk, policy: Policy) -> OpenWork:
        """The desk's. Where the letter can be answered, first what it lists is numbered, then what only the workbook lists."""
        rows = {row.number: row for row in facts.named}
        held = [OpenLine(one, one.received_at, rows.get(one.fields.number)) for one in facts.held]
        to_verify = [OpenLine(one, _since(one, row, facts), row) for one, row in facts.to_verify]
        theirs, to_see = ([one for one in lines if _is_for(one, desk, policy.desks)] for lines in (held, to_verify))
        works = {mail_of(one.receipt_number): one.fields.project_name for one in reversed(facts.beside)}
        passed_on, parked, asked = (
            list(_mail_lines((row for row in rows if desk_named(row.desk, policy.desks) == desk), works))
            for rows in (facts.passed_on, facts.parked, facts.asked)
        )
        room = BESIDE_A_WORKBOOK if policy.workbooks else ALONE
        mails = min(max(room.waiting // 2, room.waiting - len(theirs)), len(passed_on) + len(parked))
        lists = (
            _listed(theirs, room.waiting - mails),
            _listed(passed_on, mails),
            _listed(parked, mails - min(mails, len(passed_on))),
            _listed([OpenLine(one, one.created_at) for one in facts.undelivered], room.undelivered),
            _listed(to_see, room.cases - min(len(theirs), room.waiting - mails) - mails),
            _listed(asked, room.asked),
        )
        if not policy.reply_window:
            return cls(*map(tuple, lists))
        every = [one for lines in lists for one in lines if one.names and (one.is_listed or policy.workbooks)]
        in_order = sorted(every, key=lambda one: not one.is_listed)[:MOST_CASES]
        places = {one.names: place for place, one in enumerate(in_order, 1)}
        return cls(*(tuple(replace(one, place=places.get(one.names, 0)) for one in lines) for lines in lists))

    @property
    def waiting(self) -> tuple[OpenLine, ...]:
        """What a person must read or decide here."""
        return (*self.held, *self.passed_on, *self.parked, *self.undelivered)

    @property
    def numbered(self) -> tuple[OpenLine, ...]:
        """What the letter can be answered for."""
        return tuple(
            sorted(
                (one for one in (*self.waiting, *self.to_verify, *self.asked) if one.place), key=lambda one: one.place
            )
        )

    @property
    def places(self) -> dict[str, int]:
        """The numbers, as dues call their cases."""
        return {name: one.place for one in self.numbered for name in one.names}

    @property
    def cases(self) -> tuple[TokenCase, ...]:
        """The same for the letter's ticket."""
        return tuple(_case(one) for one in self.numbered)

    def offers(self, policy: Policy) -> tuple[Offer, ...]:
        """What an answer can do about each case that has a number."""
        return tuple(offer for one in self.numbered if (offer := _offer(one, policy)) is not None)


def _offer(line: OpenLine, policy: Policy) -> Offer | None:
    match line.of:
        case Submission() as one if one.state is SubmissionState.ACCEPTED:
            return offer_accepted(one, line.row, policy)
        case Submission() as one:
            found = acceptance(one.fields, LookUp(line.row, (), (), frozenset()), receipt=one.receipt_number)
            return Offer(one.state, is_acceptable=not isinstance(found, Obstacle))
        case MailRow() as mail:
            offer = offer_mail(mail.state, mail.reason, mail.papers, policy)
            return replace(offer, is_reread=offer.is_reread and not line.besides)
        case UndeliveredMail():
            return None


def _case(line: OpenLine) -> TokenCase:
    if isinstance(line.of, MailRow):
        return TokenCase(line.place, "", tuple(row.mail_id for row in line.besides), mail_id=line.of.mail_id)
    return TokenCase(line.place, line.names[0])


def _is_for(line: OpenLine, desk: Desk, desks: tuple[Desk, ...]) -> bool:
    return isinstance(line.of, Submission) and is_for(desk, desks, line.of.fields.product, line.row)


def _since(one: Submission, row: Guarantee | None, facts: SummaryFacts) -> datetime:
    """Since when it waits for D-Sure: what is looked at anew, since its guarantee was changed."""
    versions = facts.series.get(row.guarantee_id, ()) if row is not None else ()
    return versions[-1].learnt_at if versions and is_seen_anew(one) else one.received_at


def _mail_lines(rows: Iterable[MailRow], works: Mapping[int, str]) -> Iterator[OpenLine]:
    """A line for each mail, and one for all of a sender's many that ended alike."""
    groups: dict[tuple[object, ...], list[MailRow]] = {}
    for row in rows:
        groups.setdefault((row.sender or row.mail_id, row.state, row.reason, row.no_reply), []).append(row)
    lines = [same for same in groups.values() if len(same) > MOST_ALIKE]
    lines += [[row] for same in groups.values() if len(same) <= MOST_ALIKE for row in same]
    for first, *others in sorted(lines, key=lambda same: same[0].mail_id):
        work = works.get(first.mail_id, "")
        yield OpenLine(first, first.envelope.received_at, besides=tuple(others), work=work)


def _listed(lines: Sequence[OpenLine], most: int) -> list[OpenLine]:
    return [replace(one, is_listed=place < most) for place, one in enumerate(lines)]
