"""Who is told what is due: desks in their summaries, deputies, heads and contractors by one mail a person and day.

Asked by workers/reminders.py, with what was told before; the dues are due.py's. Whoever is away is passed over at once, and the
mail says so. The same is told again only when it gets worse, or after the opening days that the city has set. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from bot.core.deadlines.facts import HEAD, DueItem
from bot.core.deadlines.rules import DeadlineKind, ReminderRules
from bot.core.letters.drafts import Answerable, Draft
from bot.core.letters.lists import DueGroup, DueLine, Reminder
from bot.core.letters.reply_hints import Offer, hints, is_reread
from bot.core.letters.to_contractors import IssuedItem, NoticeReminder
from bot.core.policy.conditions import outside_by_row
from bot.core.policy.policy import Desk, Policy, desks_for
from bot.core.records.reply_token import TokenCase
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN

MOST_OF_A_KIND = 20
"""So many of a kind are listed in one mail; the others are counted, and come when these are dealt with."""

MOST_IN_SUMMARY = 2
"""So many in a desk's summary, which is read in a minute; its workbook has them all."""


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody was told of a due: its level then, the day in Japan, how often in all. `recipient` in lower case."""

    kind: DeadlineKind
    about: str
    recipient: str
    level: int
    told_on: date
    count: int = 1

    @property
    def key(self) -> tuple[DeadlineKind, str, str]:
        """What was told to whom."""
        return self.kind, self.about, self.recipient


@dataclass(frozen=True, slots=True)
class Route:
    """A due on its way to one person. `desk`: whose it is; `absent`: who was passed over, as letters call them."""

    due: DueItem
    desk: Desk
    address: str
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReminderDraft:
    """A mail to one person, and what he is told by it."""

    draft: Draft
    told: tuple[Told, ...]  # to be remembered with the mail


@dataclass(frozen=True, slots=True)
class DueList:
    """What is due, as a letter lists it. `cases`: those that its ticket must name besides; `offers`: what an answer can do about them.

    `listed`: what the letter tells; `every`: all that is due, with the letter's numbers, 0 = none.
    """

    groups: tuple[DueGroup, ...]
    cases: tuple[TokenCase, ...] = ()
    offers: tuple[Offer, ...] = ()
    listed: tuple[Route, ...] = ()
    every: tuple[tuple[DueItem, int], ...] = ()


# -- to whom


def routes_of(dues: Iterable[DueItem], desks: Sequence[Desk], rules: ReminderRules, today: date) -> tuple[Route, ...]:
    """Each due to the person whose business it is today, once for each of its desks."""
    away = {one.address.casefold(): one for one in rules.absences if one.first <= today <= one.last}
    routes: list[Route] = []
    for due in dues:
        for desk in desks:
            if desk.name not in due.desks:
                continue
            chain = [address for address in _chain(due, desk) if address]
            passed = 0
            while passed < len(chain) and chain[passed].casefold() in away:
                passed += 1
            if passed == len(chain):  # nobody is there: it waits for the one whose business it is
                routes.append(Route(due, desk, chain[0]))
                continue
            names = tuple(away[one.casefold()].name or one for one in chain[:passed])
            routes.append(Route(due, desk, chain[passed], names))
    return tuple(routes)


def _chain(due: DueItem, desk: Desk) -> tuple[str, ...]:
    if due.kind is not DeadlineKind.HELD_TOO_LONG:
        return desk.address, desk.deputy, desk.head
    if due.level >= HEAD:
        return desk.head, desk.deputy, desk.address
    return desk.deputy, desk.head, desk.address


# -- in a desk's summary


def desk_list(
    routes: Iterable[Route], desk: Desk, policy: Policy, numbered: Mapping[str, int] = MappingProxyType({})
) -> DueList:
    """What is due for a desk: all of its own, whoever is told besides, and what has become its business from other desks.

    `numbered`: the cases that the summary names already, by receipt number.
    """
    first = next(one for one in policy.desks if one.address.casefold() == desk.address.casefold())
    theirs = [
        route
        for route in routes
        if route.desk.name == desk.name or (desk is first and route.address.casefold() == desk.address.casefold())
    ]
    return _listed(theirs, desk, policy.reply_window, numbered, desk)


# -- by mails of their own


def reminder_drafts(
    routes: Iterable[Route],
    told: Iterable[Told],
    policy: Policy,
    calendar: Calendar,
    rules: ReminderRules,
    now: datetime,
) -> tuple[ReminderDraft, ...]:
    """The mails to those who get no summary, in which they would read it: one for each person who is to be told something today."""
    summarised = {desk.address.casefold() for desk in policy.desks} if calendar.times else set()
    memory = {one.key: one for one in told}
    by_address: dict[str, list[Route]] = {}
    for route in routes:
        if route.address.casefold() not in summarised:
            by_address.setdefault(route.address.casefold(), []).append(route)
    drafts = [_draft(theirs, memory, policy, calendar, rules, now) for theirs in by_address.values()]
    return tuple(draft for draft in drafts if draft is not None)


Memory = Mapping[tuple[DeadlineKind, str, str], Told]


def _draft(
    routes: Sequence[Route], memory: Memory, policy: Policy, calendar: Calendar, rules: ReminderRules, now: datetime
) -> ReminderDraft | None:
    today = now.astimezone(JAPAN).date()
    address = routes[0].address
    person = address.casefold()
    once: dict[tuple[DeadlineKind, str], Route] = {}
    for route in routes:  # a due of several desks is one thing to one person
        once.setdefault((route.due.kind, route.due.about), route)
    to_tell = [one for one in once.values() if _is_to_be_told(one.due, person, memory, calendar, rules, today)]
    if not to_tell:
        return None
    order = list(DeadlineKind)
    to_tell.sort(key=lambda one: (_key(one.due, person) in memory, order.index(one.due.kind), one.due.deadline))
    desk = _desk_to_answer_for(to_tell)
    listed = _listed(to_tell, desk, policy.reply_window, MappingProxyType({}))
    names = tuple(dict.fromkeys(name for one in listed.listed for name in one.absent))
    context = Reminder(
        office=policy.office,
        desk="、".join(dict.fromkeys(one.desk.name for one in to_tell)),
        day=today,
        why=tuple(f"{name}様ご不在のため、お知らせします。" for name in names),
        groups=listed.groups,
        told_before=len(once) - len(to_tell),
        hints=hints(listed.offers, policy.keys),
    )
    answerable = Answerable(desk.name, now + policy.reply_window, listed.cases) if listed.cases else None
    return ReminderDraft(
        Draft(context, address, f"reminder/{today:%Y%m%d}/{person}", answerable=answerable),
        tuple(_remembered(one.due, person, memory, today) for one in listed.listed),
    )


def _key(due: DueItem, person: str) -> tuple[DeadlineKind, str, str]:
    return due.kind, due.about, person


def _is_to_be_told(
    due: DueItem, person: str, memory: Memory, calendar: Calendar, rules: ReminderRules, today: date
) -> bool:
    before = memory.get(_key(due, person))
    if before is None or due.level > before.level:
        return True
    return bool(rules.repeat) and calendar.days_open_between(before.told_on, today) >= rules.repeat


def _remembered(due: DueItem, person: str, memory: Memory, today: date) -> Told:
    before = memory.get(_key(due, person))
    return Told(due.kind, due.about, person, due.level, today, before.count + 1 if before is not None else 1)


def _desk_to_answer_for(routes: Sequence[Route]) -> Desk:
    """A ticket is one desk's: that of the most cases. The others are listed, and answered in their desk's own mails."""
    counts: dict[str, int] = {}
    for route in routes:
        counts[route.desk.name] = counts.get(route.desk.name, 0) + _is_open(route.due)
    return max((route.desk for route in routes), key=lambda desk: counts[desk.name])


# -- contractors


def contractor_drafts(
    dues: Iterable[DueItem],
    told: Iterable[Told],
    policy: Policy,
    calendar: Calendar,
    rules: ReminderRules,
    now: datetime,
) -> tuple[ReminderDraft, ...]:
    """The mails to contractors: one for each address, about all its guarantees that it has not been told of so often yet."""
    today = now.astimezone(JAPAN).date()
    memory = {one.key: one for one in told}
    by_address: dict[str, list[DueItem]] = {}
    for due in dues:
        email = due.guarantee.email.strip().casefold() if due.guarantee is not None else ""
        before = memory.get(_key(due, email))
        has_had_enough = before is not None and before.count >= rules.contractor_times
        is_outside = due.guarantee is not None and outside_by_row(due.guarantee, policy.conditions, today)
        if (
            email
            and not has_had_enough
            and not is_outside
            and _is_to_be_told(due, email, memory, calendar, rules, today)
        ):
            by_address.setdefault(email, []).append(due)
    return tuple(
        _to_contractor(person, theirs[:MOST_OF_A_KIND], memory, policy, today) for person, theirs in by_address.items()
    )


def _to_contractor(person: str, dues: Sequence[DueItem], memory: Memory, policy: Policy, today: date) -> ReminderDraft:
    rows = [due.guarantee for due in dues if due.guarantee is not None]
    items = tuple(
        IssuedItem(
            row.project_name,
            row.contractor,
            row.product.words,
            row.number,
            row.issued_at.astimezone(JAPAN).date() if row.issued_at is not None else today,
        )
        for row in rows
    )
    desks = {desk for row in rows for desk in desks_for(policy.desks, row.product, row.desk)}
    letter = NoticeReminder(policy.contact(desks), items, policy.inboxes[0], stops_by_mail=policy.accepts_opt_out)
    return ReminderDraft(
        Draft(letter, rows[0].email.strip(), f"notice_reminder/{today:%Y%m%d}/{person}"),
        tuple(_remembered(due, person, memory, today) for due in dues),
    )


# -- as a letter lists them


def _is_open(due: DueItem) -> bool:
    """Whether an answer can decide the case itself."""
    return due.state is not None and due.state.is_open and bool(due.receipt_number or due.mail_id)


_OF_THE_DESK = frozenset({DeadlineKind.HELD_TOO_LONG, DeadlineKind.NOT_VERIFIED})
"""How long the desk's own work waits: its summary tells that at each case."""


def _listed(
    routes: Sequence[Route], desk: Desk, window: timedelta, numbered: Mapping[str, int], reader: Desk | None = None
) -> DueList:
    """By kind, with a number for each case that the desk's staff may answer here. `reader`: whose summary it stands in."""
    numbers = _Numbers(desk, window, dict(numbered))
    groups: list[DueGroup] = []
    listed: list[tuple[Route, int]] = []
    for kind in DeadlineKind:
        of_kind = [route for route in routes if route.due.kind is kind]
        is_its_own = reader is not None and kind in _OF_THE_DESK
        at_cases = [one for one in of_kind if is_its_own and one.desk.name == desk.name and _name(one.due) in numbered]
        most = MOST_OF_A_KIND if reader is None else MOST_IN_SUMMARY
        told = [(one, numbers.of(one)) for one in of_kind if one not in at_cases][:most]
        if of_kind:
            groups.append(_group(kind, of_kind, told, at_cases, numbered, reader))
        listed += told
    return DueList(
        tuple(groups),
        tuple(numbers.cases),
        tuple(numbers.offers),
        tuple(one for one, _ in listed),
        tuple((one.due, numbers.known(one)) for one in routes),
    )


def _group(
    kind: DeadlineKind,
    of_kind: Sequence[Route],
    told: Sequence[tuple[Route, int]],
    at_cases: Sequence[Route],
    numbered: Mapping[str, int],
    reader: Desk | None,
) -> DueGroup:
    """`told`: those with a line each; `at_cases`: those that are told where the summary lists the cases."""

    def also(route: Route) -> str:
        return _also(route, reader) if reader is not None else ""

    lines = tuple(DueLine(place, one.due.name, one.due.what, one.due.note + also(one)) for one, place in told)
    places = sorted(numbered[_name(one.due)] for one in at_cases)
    told_too = "".join(dict.fromkeys(f"{also(one).removeprefix('。')}。" for one in at_cases if also(one)))
    besides = len(of_kind) - len(lines) - len(places)
    return DueGroup(kind.heading, kind.step if told else told_too, lines, besides, tuple(places))


def _name(due: DueItem) -> str:
    """How a letter's numbers call the case."""
    return due.receipt_number or due.about


class _Numbers:
    """The numbers of a letter's cases: those that it has already, and new ones behind them."""

    def __init__(self, desk: Desk, window: timedelta, places: dict[str, int]) -> None:
        self._desk = desk
        self._window = window
        self._places = places
        self.cases: list[TokenCase] = []
        self.offers: list[Offer] = []

    def of(self, route: Route) -> int:
        """The case's number, 0 where it can't be answered here."""
        due = route.due
        if not self._window or route.desk.name != self._desk.name or due.state is None or not _is_open(due):
            return 0
        name = _name(due)
        self.offers.append(Offer(due.state, is_acceptable=due.is_acceptable, is_reread=is_reread(due.state)))
        if name not in self._places:
            self._places[name] = max(self._places.values(), default=0) + 1
            self.cases.append(TokenCase(self._places[name], due.receipt_number, mail_id=due.mail_id))
        return self._places[name]

    def known(self, route: Route) -> int:
        """The same for what need not get a number."""
        return self._places.get(_name(route.due), 0) if route.desk.name == self._desk.name else 0


def _also(route: Route, reader: Desk) -> str:
    """In the desk's own summary: who is told too, or why it is the desk's now."""
    if route.address.casefold() != reader.address.casefold():
        return f"。{route.address} へもお知らせします"
    return "".join(f"。{name}様ご不在のため、こちらへお知らせします" for name in route.absent)
