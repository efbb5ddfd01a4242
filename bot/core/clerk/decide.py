"""The verdict on a clerk's answer: what is done on which case, what the contractor and the clerk are told, or why nothing is done.

Called by the sorter for a mail whose subject bears a ticket, with the orders that order_grammar.py read and the cases as they stand now.
Who may answer is decided here too: a desk's own staff, proven by the city's MX, in the letter's own thread, before the ticket runs
out, once for each case. A line that is not understood stops the whole answer. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.clerk.facts import AnswerFacts, CaseFacts, MailCase, state_of
from bot.core.clerk.orders import NOT_DONE, CommandResult, apply_command
from bot.core.clerk.originals import MOST_ORIGINALS, TOO_MANY, whose_papers
from bot.core.clerk.proposals import asking_letter, confirmed_letter
from bot.core.clerk.replies import closed_letter, help_letter, refusals_letter, reply_letter, unclear_letter
from bot.core.policy.policy import Desk, Policy
from bot.core.records.clerk_orders import Assent, Cases, Command, CommandKind, ParsedReply, is_numbered
from bot.core.records.incoming_mail import ClerkDecision, OriginalsAsked
from bot.core.records.submission import SubmissionState
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold
from bot.core.verdict.mail_verdict import MailFacts, Verdict


def may_answer(facts: MailFacts, desk: Desk | None) -> bool:
    """Whether the mail is surely from somebody who speaks for the desk: its own or its staff's address, proven by our MX."""
    sender = facts.sender.address
    return desk is not None and sender is not None and facts.sender.is_proven and desk.is_of(sender.addr_spec)


def decide_answer(facts: MailFacts, ordered: ParsedReply, answer: AnswerFacts, policy: Policy) -> Verdict:
    """The verdict. Whoever may not answer (`may_answer`) has no verdict here: his mail is shown to the desk."""
    problem = problem_of(facts, ordered, answer)
    if not problem and not ordered.unclear and any(order.verb is CommandKind.REFUSALS for order in ordered.orders):
        return refusals_letter(facts, answer, policy)
    if problem:
        lines = () if problem == SAID_NO else ordered.unclear
        return help_letter(facts, lines, answer, policy, problem, is_asked_for=problem == HELP_WORDS)
    if ordered.unclear:
        asked = _asked(facts, ordered, answer, policy)
        return asked if asked is not None else unclear_letter(facts, ordered, answer, policy)
    by_place = _by_place(ordered.orders, answer)
    if isinstance(by_place, str):
        return help_letter(facts, (), answer, policy, by_place)
    done = _all_done(by_place, facts, answer, policy)
    if answer.confirms is not None:
        return confirmed_letter(facts, answer, answer.confirms, done, policy)
    if not any(one.carried_out or one.is_so for one in done) and not answer.found:
        if done and all(not one.after.is_open for one in done):
            return closed_letter(facts, answer, done, policy)
        lines = tuple(f"{one.line.place}件目：{one.line.result.removeprefix(NOT_DONE)}" for one in done)
        return help_letter(facts, lines, answer, policy, "次の理由により、処理できませんでした")
    return reply_letter(facts, answer, done, policy)


def _asked(facts: MailFacts, ordered: ParsedReply, answer: AnswerFacts, policy: Policy) -> Verdict | None:
    """The letter that asks about what was read of an unclear answer; None where there is nothing to ask, or it was asked before."""
    if not ordered.proposed or answer.ticket.proposal is not None:
        return None
    by_place = _by_place(ordered.proposed, answer)
    if isinstance(by_place, str) or any(len(orders) > 1 for orders in by_place.values()):
        return None
    done = _all_done(by_place, facts, answer, policy)
    return asking_letter(
        facts, ordered.unread, answer, {place: one for place, (one,) in by_place.items()}, done, policy
    )


# -- what stops the whole answer


def problem_of(facts: MailFacts, ordered: ParsedReply, answer: AnswerFacts) -> str:
    """Why nothing of it can be done, in words for its writer; "" = nothing stands against it."""
    if not answer.is_named:
        return "件名の符号（［ ］の中の文字）が見当たりません。件名を変えずに返信してください"
    if not answer.is_in_thread:
        return "お送りしたメールへの「返信」ではありません。該当のメールを開き、「返信」で送ってください"
    if facts.envelope.received_at > answer.ticket.expires_at:
        return "返信の期限を過ぎたメールです。下の内容をご確認の上、このメールに改めて返信してください"
    if answer.has_files:
        return "添付のあるメールでは処理できません。添付を外して返信してください（届いた書類は、新しいメールで送るか、手入力してください）"
    if ordered.assent is Assent.NO and answer.ticket.proposal is not None and answer.ticket.proposal.orders:
        return SAID_NO
    if not ordered.orders and not ordered.unclear:
        return "返信の本文に、処理の指示が見当たりません"
    if any(order.verb is CommandKind.HELP for order in ordered.orders):
        return HELP_WORDS
    return ""


HELP_WORDS = "返信の書き方は、次のとおりです"
SAID_NO = "「いいえ」とのご返信を受け取りました。処理の指示を、改めて返信してください"


def _by_place(orders: Sequence[Command], answer: AnswerFacts) -> dict[int, tuple[Command, ...]] | str:
    """Each case's one order, by its place, behind 原本, which may stand beside any; or why that can't be told."""
    places = [one.case.place for one in answer.cases]
    decided: dict[int, Command] = {}
    papers: dict[int, Command] = {}
    for order in sorted(orders, key=lambda one: one.is_for_rest):
        if order.verb is CommandKind.LOOK_UP:
            continue
        taken = order.cases or decided.keys() | papers.keys()
        left = [place for place in places if not order.is_for_rest or place not in taken]
        if order.among is not Cases.ANY:
            waiting = SubmissionState.HELD if order.among is Cases.HELD else SubmissionState.ACCEPTED
            left = [one.case.place for one in answer.cases if state_of(one) is waiting and one.case.place in left]
        if order.count and not order.work and order.count != len(left):
            return f"{order.count}件とありますが、このメールでは{len(left)}件です。「1件目 承認」のように書いてください"
        meant = _meant(order, answer, left)
        if isinstance(meant, str):
            return meant
        by_place = papers if order.verb is CommandKind.ORIGINALS else decided
        for place in meant:
            if place in decided and by_place is decided and decided[place] != order:
                return f"{place}件目について、指示が2つあります。1つだけ書いてください"
            by_place[place] = order
    both = {place: [papers.get(place), decided.get(place)] for place in sorted(decided.keys() | papers.keys())}
    return {place: tuple(one for one in orders if one is not None) for place, orders in both.items()}


_NO_REST = "どの件の残りか分かりません。「1件目 承認」のように、件の番号を付けてください"
_ONE_BY_ONE = "候補の番号と訂正は、1件ずつ書いてください"


def _meant(order: Command, answer: AnswerFacts, places: Sequence[int]) -> Sequence[int] | str:
    """The places of the cases that an order is about, or why that can't be told."""
    is_for_one = bool(order.candidate) or order.verb is CommandKind.CORRECT
    if order.is_for_rest:
        is_told = not is_for_one and len(places) < len(answer.cases)
        return places if is_told and places else _ONE_BY_ONE if is_for_one else _NO_REST
    if order.cases and not order.is_for_rest and (wrong := _is_another(order, answer)):
        return wrong
    if (order.receipt or order.work) and not order.cases:
        return _named(order, answer)
    if order.is_for_all or (not order.cases and len(places) == 1):
        return _ONE_BY_ONE if is_for_one and order.is_for_all else _listed(answer.ticket.letter, places)
    if not order.cases:
        return "どの件への返信か分かりません。「1件目 承認」のように、件の番号を付けてください"
    if unknown := [place for place in order.cases if place not in places]:
        return f"{unknown[0]}件目は、このメールにありません"
    may_be_a_candidate = order.verb is CommandKind.ACCEPT and not order.candidate and len(places) == 1
    if may_be_a_candidate and len(answer.cases[0].case.candidates) > 1:
        return "件の番号か候補の番号か分かりません。候補は「2番」のように書いてください"
    return _ONE_BY_ONE if is_for_one and len(order.cases) > 1 else order.cases


def _named(order: Command, answer: AnswerFacts) -> Sequence[int] | str:
    """The places of what is called by its number, its work or its firm."""
    if order.receipt:
        named = [one.case.place for one in answer.cases if _is_numbered(one, order.receipt)]
        is_sure = len(named) == 1 and not (order.receipt.startswith("-") and _is_another_place(order, named[0], answer))
        return named if is_sure else f"受付番号 {order.receipt} は、このメールの件ではありません"
    named = [one.case.place for one in answer.cases if _is_called(one, order.work)]
    is_sure = len(named) == (order.count or 1)
    return (
        named
        if is_sure
        else f"「{order.work}」がどの件か分かりません。「1件目 承認」のように、件の番号を付けてください"
    )


def _is_another_place(order: Command, named: int, answer: AnswerFacts) -> bool:
    """Whether -2 may mean the second case as well as the one with a number that ends so: they are two."""
    place = int(order.receipt.removeprefix("-"))
    return place != named and any(one.case.place == place for one in answer.cases)


def _is_another(order: Command, answer: AnswerFacts) -> str:
    """That the case with this place is not what the clerk calls it beside: 1件目(中央公園)."""
    own = [one for one in answer.cases if one.case.place in order.cases]
    is_so = all(
        (not order.work or _is_called(one, order.work)) and (not order.receipt or _is_numbered(one, order.receipt))
        for one in own
    )
    return "" if is_so else f"{order.cases[0]}件目は、「{order.work or order.receipt}」ではありません"


def _is_called(one: CaseFacts | MailCase, name: str) -> bool:
    """Whether a notice is of this work or firm."""
    if isinstance(one, MailCase):
        return False
    fields = one.submission.fields
    parts = [fold(part) for part in _PARTS_OF_A_NAME.split(name) if part]
    return any(all(part in fold(said) for part in parts) for said in (fields.project_name, fields.contractor))


_PARTS_OF_A_NAME = LazyPattern(r"の|・| |工事$")


def _numbers(one: CaseFacts | MailCase) -> tuple[str, ...]:
    return (one.row.number,) if isinstance(one, MailCase) else (one.case.receipt_number,)


def _is_numbered(one: CaseFacts | MailCase, receipt: str) -> bool:
    """Whether a case has this number, or one that ends with it: 0007-1, -1."""
    return any(is_numbered(number, receipt) for number in _numbers(one))


def _listed(letter: str, places: Sequence[int]) -> Sequence[int]:
    """What 全件 means: the cases that the letter's text lists; a workbook beside it may number more, which its reader may not have."""
    listed = {int(number) for number in _PLACE.findall(letter)}
    return [place for place in places if place in listed] or places


_PLACE = LazyPattern(r"^[　・■ ]{0,4}([0-9]{1,2})件目", re.MULTILINE)


# -- one case


def _all_done(
    by_place: Mapping[int, Sequence[Command]], facts: MailFacts, answer: AnswerFacts, policy: Policy
) -> list[CommandResult]:
    """Each named case; of two that would take the same row of the register, only the first."""
    done: list[CommandResult] = []
    taken: set[int] = set()
    mails: set[int] = set()
    each = [(case, order) for case in answer.cases for order in by_place.get(case.case.place, ())]
    for case, order in each:
        place = case.case.place
        one = apply_command(case, order, facts, policy)
        row = one.carried_out.guarantee_id if isinstance(one.carried_out, ClerkDecision) else None
        why = answer.refused.get(place, "")
        if row is not None and row in taken:
            why = f"台帳{row}には、同じ返信のほかの件を受け付けます"
        if isinstance(one.carried_out, OriginalsAsked):
            mails.add(one.carried_out.mail_id)
            why = why or (whose_papers(case, answer.desk, policy.desks) if len(mails) <= MOST_ORIGINALS else TOO_MANY)
        if why and one.carried_out is not None:
            line = replace(one.line, result=f"{NOT_DONE}{why}", told="")
            one = CommandResult(case, line, state_of(case))
        elif row is not None:
            taken.add(row)
        done.append(one)
    return done
