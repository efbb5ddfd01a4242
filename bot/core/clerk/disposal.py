"""The verdict on an answer to a list of what is due for disposal: approved, put off, or why nothing is done.

Called by workers/clerk_answers.py, by the rules of every clerk's answer (decide.py): proven, in the thread, in time, once. What is approved is
carried out by workers/disposal.py. Pure; nothing is raised.
"""

from __future__ import annotations

from bot.core.clerk.decide import problem_of
from bot.core.clerk.facts import AnswerFacts
from bot.core.letters.drafts import Draft
from bot.core.letters.lists import DisposalNote
from bot.core.policy.masking import shown
from bot.core.policy.policy import Policy
from bot.core.records.clerk_orders import Command, CommandKind, ParsedReply
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason
from bot.core.records.retention import ListAnswer, fours_of, list_in
from bot.core.verdict.mail_verdict import MailFacts, Verdict

_HOW = "このメールの前にお送りした一覧に返信し、1行目に「承認」か「保留」とだけ書いてください。"
_DONE = {
    True: "承認を受け付けました。廃棄し終えたら、結果をお知らせします。",
    False: "保留を受け付けました。この一覧のものは、廃棄しません。",
}


def decide_list_answer(facts: MailFacts, ordered: ParsedReply, answer: AnswerFacts, policy: Policy) -> Verdict:
    """The whole verdict on the mail."""
    [case] = answer.ticket.cases
    number, actor = list_in(case.receipt_number), facts.sender.addr_spec
    order = _order(ordered)
    problem = problem_of(facts, ordered, answer)
    if not problem and (ordered.unclear or order is None):
        problem = "返信の意味が分かりません"
    if not problem and case.spent_at is not None:
        problem = "この一覧には、既に返信をいただいています"
    said: ListAnswer | None = None
    if not problem and order is not None and answer.ticket.written_at is not None:
        is_approved = order.verb is CommandKind.ACCEPT
        note = shown(order.words, policy.formats)
        said = ListAnswer(number, is_approved, answer.ticket.written_at, actor, answer.ticket.token, note)
    result = _DONE[said.is_approved] if said else f"次の理由により、何も廃棄していません：{problem}。{_HOW}"
    draft = Draft(DisposalNote(policy.office, fours_of(number), result), actor, f"disposal_note/{facts.digest}/{actor}")
    reason = MailReason.ORDERS_DONE if said else MailReason.ORDERS_NOT_DONE
    return Verdict(MailState.ANSWERED, reason, actor, facts.words.subject, drafts=(draft,), list_answer=said)


def _order(ordered: ParsedReply) -> Command | None:
    """The one order, about the whole list."""
    if len(ordered.orders) != 1:
        return None
    [order] = ordered.orders
    is_plain = not (order.cases or order.is_for_rest or order.receipt or order.work or order.candidate)
    return order if is_plain and order.verb in {CommandKind.ACCEPT, CommandKind.PUT_OFF} else None
