"""A letter that asks whether a clerk's answer is meant as it was read, and what a bare はい to that letter carries out.

Called by decide.py. Asked is only what could be done at once, case by case and in full; はい carries out all of it or nothing, while each
case stands as it stood when the letter was written. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from hashlib import sha256

from bot.core.clerk.answer.refusal_grammar import shown_note
from bot.core.clerk.facts import AnswerFacts, CaseFacts, MailCase, state_of
from bot.core.clerk.orders import NOT_DONE, CommandResult, order_words
from bot.core.clerk.replies import LINES_SHOWN, QUOTED, as_it_stands, closed_letter, help_letter, reply_letter
from bot.core.letters.to_desks import ProposedLine
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Policy
from bot.core.records.clerk_orders import Command
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import ClerkDecision
from bot.core.records.reply_token import Proposal, ProposedOrder
from bot.core.verdict.mail_verdict import MailFacts, Verdict


def asking_letter(
    facts: MailFacts,
    unread: Sequence[str],
    answer: AnswerFacts,
    ordered: Mapping[int, Command],
    done: Sequence[CommandResult],
    policy: Policy,
) -> Verdict | None:
    """Nothing is done; the clerk is asked about the orders, by the place of their case. None where one could not be carried out or shown.

    `done`: what would come of them. `unread`: the sentences beside them that were not understood.
    """
    if len(done) != len(ordered) or not done or any(one.carried_out is None for one in done):
        return None
    if any(isinstance(one.facts, MailCase) and one.facts.case.candidates for one in done):
        return None  # a line that stands for several mails is not shown in full
    if len(unread) > LINES_SHOWN or any(len(one) > QUOTED for one in unread):
        return None
    orders = [_proposed(one, ordered[one.line.place], policy) for one in done]
    kept = tuple(one for one in orders if one is not None)
    if len(kept) != len(orders):
        return None
    lines = tuple(_line(one, ordered[one.line.place]) for one in done)
    proposal = Proposal(facts.mail_id, kept)
    return help_letter(facts, unread, answer, policy, "", proposal=proposal, proposed=lines)


def _proposed(one: CommandResult, order: Command, policy: Policy) -> ProposedOrder | None:
    """The order as it is kept. None where its words hold a key, or the letter that asks does not number its candidate."""
    if mask_keys(order.words, policy.formats) != order.words:
        return None
    candidate = 0
    if order.candidate and isinstance(one.facts, CaseFacts):
        row = one.facts.candidates[order.candidate - 1].guarantee_id
        numbered = as_it_stands(one.facts, policy).ticket.candidates
        candidate = numbered.index(row) + 1 if row in numbered else 0
        if not candidate:
            return None
    standing = standing_of(one.facts, one)
    return ProposedOrder(one.line.place, order.verb, candidate, order.words, order.field, standing)


def standing_of(one: CaseFacts | MailCase, done: CommandResult) -> str:
    """How a case stands, as a hash: its state, its notice and the row of the register that the order is about. A key is no part of it."""
    told: list[object] = [state_of(one).value]
    if isinstance(one, MailCase):
        told += [one.row.mail_id, one.row.reason, one.case.candidates]
    else:
        told += [one.submission.reasons, replace(one.submission.fields, auth_key=None), one.submission.guarantee_id]
        told += [_without_key(row) for row in _rows(one, done)] + [len(one.own_versions)]
    return sha256(repr(told).encode(errors="surrogatepass")).hexdigest()


def _rows(one: CaseFacts, done: CommandResult) -> Iterator[Guarantee]:
    """The row of the notice's number, and the one that is chosen, once where they are the same."""
    numbered = one.found.by_number
    chosen = done.carried_out.guarantee_id if isinstance(done.carried_out, ClerkDecision) else None
    yield from () if numbered is None else (numbered,)
    others = {
        row.guarantee_id: row for row in one.candidates if numbered is None or row.guarantee_id != numbered.guarantee_id
    }
    yield from () if chosen not in others else (others[chosen],)


def _without_key(row: Guarantee) -> object:
    return astuple(replace(row, auth_key=None))


# -- the letter


def _line(one: CommandResult, order: Command) -> ProposedLine:
    """What would be done on a case."""
    facts = one.facts
    name = facts.row.subject if isinstance(facts, MailCase) else facts.submission.fields.project_name
    what = order_words(order)
    if order.candidate and isinstance(facts, CaseFacts):
        row = facts.candidates[order.candidate - 1]
        what = f"台帳{row.guarantee_id}「{row.project_name}」で承認"
    return ProposedLine(
        one.line.place, one.line.name, name, what, _label(order), tuple(_words(one, order)), one.line.told
    )


def _label(order: Command) -> str:
    return "理由" if order.verb.needs_words else "メモ"


def _words(one: CommandResult, order: Command) -> Iterator[str]:
    """The reason or memo in full, a line each; a kind of refusal by its name."""
    act = one.carried_out
    if not order.verb.takes_lines:
        return
    told = shown_note(act.refusal, act.note) if isinstance(act, ClerkDecision) and act.note else order.words
    if isinstance(act, ClerkDecision) and act.refusal is not None and not act.note:
        told = act.refusal.words
    for line in told.splitlines():
        yield from (line[at : at + _LINE_CHARACTERS] for at in range(0, len(line), _LINE_CHARACTERS))


_LINE_CHARACTERS = 180  # a value of a letter has 200


# -- はい


def confirmed_letter(
    facts: MailFacts, answer: AnswerFacts, proposal: Proposal, done: Sequence[CommandResult], policy: Policy
) -> Verdict:
    """All of the proposal is carried out; or nothing, where somebody has answered since, or a case does not stand as it did."""
    standings = {one.place: one.standing for one in proposal.orders}
    changed = {one.line.place for one in done if standing_of(one.facts, one) != standings[one.line.place]}
    is_whole = len(done) == len(standings)
    is_done = all(one.carried_out is not None and one.line.place not in changed for one in done)
    if is_whole and ((is_done and not answer.is_overtaken) or all(one.is_so for one in done)):
        return reply_letter(facts, answer, done, policy, confirms=proposal.answer)
    if done and all(one.carried_out is None and not one.after.is_open for one in done):
        return closed_letter(facts, answer, done, policy)
    if answer.is_overtaken:
        return help_letter(facts, (), answer, policy, _ANSWERED_SINCE)
    lines = tuple(
        f"{one.line.place}件目：{one.line.result.removeprefix(NOT_DONE) if one.carried_out is None else _CHANGED}"
        for one in done
        if one.carried_out is None or one.line.place in changed
    )
    return help_letter(facts, lines, answer, policy, _OVERTAKEN)


_CHANGED = "内容が変わりました。下の今の内容をご確認ください"
_ANSWERED_SINCE = "確認のメールをお送りした後に、同じ件について別のご返信があったため、どの件も処理していません"
_OVERTAKEN = "確認のメールをお送りした後に次の件の状況が変わったため、どの件も処理していません"
