"""What an answer would order, without any case at hand: for `answers read`, and for whoever tries a phrase.

Whether a case can take an order is known only when the answer comes (decide.py). Values only; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.records.clerk_orders import Cases, Command, CommandKind, ParsedReply


class LetterKind(StrEnum):
    """The kinds of letters that a clerk answers."""

    ALERT = "alert"  # one notice, or several
    SUMMARY = "summary"  # many cases of all kinds
    MAIL = "mail"  # a mail that a person must read


@dataclass(frozen=True, slots=True)
class UnderstoodOrder:
    """One order as people read it. `candidate`: None = no row of the register was chosen."""

    order: str
    cases: tuple[str, ...]
    candidate: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What would be done. `acts`: False = nothing, for the reasons in `unclear`, or because nothing was ordered."""

    acts: bool
    orders: tuple[UnderstoodOrder, ...]
    unclear: tuple[str, ...]


NO_CASE = "どの件への返信か分かりません"
TWO_ORDERS = "について、指示が2つあります"
NOT_FOR_MAILS = "は、お知らせのないメールへの指示ではありません"
ONLY_FOR_MAILS = "は、お知らせのないメールへの指示です"
ONE_BY_ONE = "候補の番号と訂正は、1件ずつ書いてください"
AMONG = {Cases.HELD: "確認待ちの件", Cases.ACCEPTED: "D-Sureで確認する件"}
_ONLY_TELLS = frozenset({CommandKind.HELP, CommandKind.REFUSALS})


def understand(ordered: ParsedReply, kind: LetterKind) -> Understood:
    """What the answer to a letter of this kind would do. An alert or a mail has one case, where none is named, or one work."""
    told = ordered.orders
    if len(told) == 1 and kind is LetterKind.ALERT and not (told[0].work and told[0].count):
        told = (replace(told[0], work=""),)
    unclear = (*ordered.unclear, *dict.fromkeys(_problems(told, kind)))
    orders = tuple(_as_read(one, kind) for one in told)
    acts = bool(orders) and not unclear and not any(one.verb in _ONLY_TELLS for one in ordered.orders)
    return Understood(acts, orders, unclear)


def _as_read(order: Command, kind: LetterKind) -> UnderstoodOrder:
    words = f"{order.field.words} {order.words}".strip() if order.field else order.words
    return UnderstoodOrder(order.verb.words, _cases(order, kind), order.candidate or None, words)


def _cases(order: Command, kind: LetterKind) -> tuple[str, ...]:
    if order.verb is CommandKind.LOOK_UP:
        return ()
    if order.receipt and not order.cases:
        return (order.receipt,)
    if order.among is not Cases.ANY:
        return (AMONG[order.among],)
    if order.is_for_all:
        return ("全件",)
    if order.is_for_rest:
        return tuple(f"{place}件目以外" for place in order.cases) or ("残り",)
    if order.work and not order.cases:
        return (order.work,)
    alone = () if kind is LetterKind.SUMMARY else (1,)
    return tuple(f"{place}件目" for place in order.cases or alone)


def _problems(orders: tuple[Command, ...], kind: LetterKind) -> Iterator[str]:
    """Why nothing would be done, although each line is understood."""
    by_case: dict[str, Command] = {}
    for order in orders:
        if order.verb is CommandKind.LOOK_UP or order.verb in _ONLY_TELLS:
            continue
        named = _cases(order, kind)
        if order.is_for_rest and not order.cases and len(orders) == 1:
            yield NO_CASE
        if not named:
            yield NO_CASE
        if (order.candidate or order.verb is CommandKind.CORRECT) and (len(named) > 1 or order.is_for_all):
            yield ONE_BY_ONE
        if kind is LetterKind.MAIL and order.verb.cases is not Cases.MAILS and order.verb is not CommandKind.PUT_OFF:
            yield f"「{order.verb.words}」{NOT_FOR_MAILS}"
        if kind is LetterKind.ALERT and order.verb.cases is Cases.MAILS:
            yield f"「{order.verb.words}」{ONLY_FOR_MAILS}"
        if order.verb is CommandKind.ORIGINALS:
            continue  # it changes nothing, so that it may stand beside any other
        for one in named:
            other = by_case.get("全件", by_case.get(one))
            if other is not None and not _is_same(other, order):
                yield f"{one}{TWO_ORDERS}"
            by_case[one] = order
        if order.is_for_all and order.among is Cases.ANY and any(not _is_same(one, order) for one in by_case.values()):
            yield f"全件{TWO_ORDERS}"
    yield from _beside_the_rest(orders, by_case)


def _beside_the_rest(orders: tuple[Command, ...], by_case: dict[str, Command]) -> Iterator[str]:
    """What is ordered for a case that 3件目以外 is about too."""
    for order in orders:
        if order.is_for_rest and order.cases and order.verb is not CommandKind.ORIGINALS:
            left_out = {f"{place}件目" for place in order.cases}
            yield from (f"{one}{TWO_ORDERS}" for one in by_case if one not in left_out and by_case[one] is not order)


def _is_same(one: Command, other: Command) -> bool:
    return (one.verb, one.candidate, one.words, one.field) == (other.verb, other.candidate, other.words, other.field)
