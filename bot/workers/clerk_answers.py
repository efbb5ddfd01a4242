"""Clerks' answers to letters of ours: collect the facts from the store, and call the core for the verdict.

Used by the sorter for each mail that is not automatic and has no notice in a file. core/clerk/decide.py decides who may answer
and what is done. Raises StoreError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.clerk.decide import decide_answer, may_answer
from bot.core.clerk.disposal import decide_list_answer
from bot.core.clerk.facts import AnswerFacts, CaseFacts, MailCase
from bot.core.clerk.key_letters import keys_address, still_at_hand
from bot.core.clerk.orders import corrected_fields
from bot.core.judging.lookup import LookUp
from bot.core.mail.message import Mail
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.clerk_orders import Assent, Command, CommandKind, ParsedReply, is_numbered
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import Version, name_in_series
from bot.core.records.incoming_mail import MailRow
from bot.core.records.paper import is_file
from bot.core.records.reply_token import Proposal, ReplyToken, TokenCase, token_in
from bot.core.records.retention import list_in
from bot.core.records.submission import Submission, mail_of
from bot.core.text.normalise import normalise_number
from bot.core.verdict.colleagues import is_colleague
from bot.core.verdict.decide import answer_by_another, unproven_answer
from bot.core.verdict.known_mail import KnownMail
from bot.core.verdict.mail_verdict import MailFacts, Verdict
from bot.core.verdict.reply import is_the_citys
from storage.errors import NotFound
from storage.store import Store

_FOUND = 5
"""The most rows in the reply to a 照会; with more results the query was too short."""


class Answers:
    """The verdicts on clerks' answers."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._policy = policy
        self._refused: dict[int, dict[int, str]] = {}

    def refuse(self, mail_id: int, place: int, why: str) -> None:
        """Record that the store refused the action of this case: the mail's next verdict reports why instead."""
        self._refused.setdefault(mail_id, {})[place] = why

    def forget(self, mail_id: int) -> None:
        """Drop the refusals of a settled mail."""
        self._refused.pop(mail_id, None)

    async def letter(self, mail: KnownMail) -> str | None:
        """The words of the letter that the mail answers; None = none of ours.

        What a child may know reaches nobody but the city's own people: for others it is "".
        """
        ticket = await self._ticket(mail.head) if mail.signs is None else None
        if ticket is None:
            return None
        is_the_citys_own = mail.sender is not None and is_the_citys(mail.sender.addr_spec, self._policy)
        return ticket.letter if is_the_citys_own else ""

    async def _ticket(self, head: Mail) -> ReplyToken | None:
        token, ids = token_in(head.subject), [one for one in (head.in_reply_to, *head.reference_ids) if one]
        if not self._policy.reply_window or not (token or ids):
            return None
        return await self._store.tickets.find(token, ids)

    async def verdict(self, facts: MailFacts, understood: UnderstoodMail) -> Verdict | None:
        """The verdict on a clerk's answer; None when the mail is none."""
        ordered = facts.words.ordered
        ticket = await self._ticket(facts.mail) if ordered is not None and facts.automatic is None else None
        if ordered is None or ticket is None:
            return None
        confirms = _confirmed(ordered, ticket)
        if confirms is not None:
            ordered = ParsedReply(tuple(one.command for one in confirms.orders))
        token = token_in(facts.mail.subject)
        if any(list_in(case.receipt_number) for case in ticket.cases):
            return self._list_answer(facts, understood, ordered, ticket)
        desk = next((desk for desk in self._policy.desks if desk.name == ticket.desk), None)
        if not may_answer(facts, desk):
            # A notice in the text may be our own letter, quoted without marks; one in a file is a submission.
            brings = any(is_file(paper) for paper in understood.papers)
            is_order = bool(ordered.orders and not ordered.unclear)
            sender = facts.sender.address
            if not brings and facts.sender.is_proven and sender and is_colleague(sender.addr_spec, self._policy):
                return answer_by_another(facts, desk, self._policy, orders=is_order)
            return unproven_answer(facts, self._policy) if token and is_order and not brings else None
        named = replace(ordered, orders=(*ordered.orders, *ordered.proposed))
        cases = [found for case in ticket.cases if (found := await self.case_facts(case, named, ticket)) is not None]
        answer = AnswerFacts(
            ticket,
            desk,
            is_named=token == ticket.token,
            is_in_thread=ticket.message_id in (facts.mail.in_reply_to, *facts.mail.reference_ids),
            cases=tuple(cases),
            papers=understood.papers,
            keys_mailed=await self._keys_mailed(cases, desk),
            refused=self._refused.get(facts.mail_id, {}),
            confirms=confirms,
            is_overtaken=confirms is not None and await self._store.tickets.is_overtaken(ticket.token),
            found=tuple(
                [
                    line
                    for order in ordered.orders
                    if order.verb is CommandKind.LOOK_UP
                    for line in await self._look_up(order)
                ]
            ),
        )
        return decide_answer(facts, ordered, answer, self._policy)

    def _list_answer(
        self, facts: MailFacts, understood: UnderstoodMail, ordered: ParsedReply, ticket: ReplyToken
    ) -> Verdict | None:
        """The verdict on an answer to a list for disposal: from who approves, and nobody else."""
        token, approver = token_in(facts.mail.subject), self._policy.disposal_approver
        if not (approver and may_answer(facts, Desk(approver, approver))):
            return unproven_answer(facts, self._policy) if token else None
        answer = AnswerFacts(
            ticket,
            None,
            is_named=token == ticket.token,
            is_in_thread=ticket.message_id in (facts.mail.in_reply_to, *facts.mail.reference_ids),
            cases=(),
            papers=understood.papers,
        )
        return decide_list_answer(facts, ordered, answer, self._policy)

    async def _keys_mailed(self, cases: Sequence[CaseFacts | MailCase], desk: Desk | None) -> frozenset[str]:
        if desk is None or self._policy.keys is not KeyDelivery.SEPARATE:
            return frozenset()
        versions = {one.submission.receipt_number: one.own_versions for one in cases if isinstance(one, CaseFacts)}
        mailed_at = await self._store.outbox.keys_mailed(list(versions), keys_address(desk))
        return frozenset(still_at_hand(mailed_at, versions))

    async def case_facts(
        self, case: TokenCase, ordered: ParsedReply, ticket: ReplyToken
    ) -> CaseFacts | MailCase | None:
        """The current facts of a ticket's case; None when the case does not exist any more."""
        try:
            if case.mail_id:
                return await self._mail_case(case)
            submission = await self._store.submissions.get(case.receipt_number)
            rows = tuple([await self._store.register.guarantee(number) for number in case.candidates])
        except NotFound:  # a database that was restored
            return None
        found = await self._store.register.look_up(submission.fields, submission.works_numbers)
        if found.by_number is None and submission.guarantee_id is not None:
            decided = await self._store.register.guarantee(submission.guarantee_id)
            found = replace(found, by_number=decided, candidates=())
        meant = [row.guarantee_id for row in (*rows, found.by_number) if row is not None]
        return CaseFacts(
            case,
            submission,
            found,
            rows,
            await self._corrected(case, submission, ordered, ticket),
            await self._store.register.versions(
                [*meant, *([submission.guarantee_id] if submission.guarantee_id else [])]
            ),
            ticket.written_at,
            await self._mail_of(submission, ordered),
        )

    async def _mail_case(self, case: TokenCase) -> MailCase:
        """The mail, or of several in one line the first that is still open, and the others beside it."""
        row, _, _ = await self._store.incoming.get(case.mail_id)
        others = list(case.candidates)
        while not row.state.is_open and others:
            row, _, _ = await self._store.incoming.get(others.pop(0))
        return MailCase(replace(case, mail_id=row.mail_id, candidates=tuple(others)), row)

    async def _mail_of(self, submission: Submission, ordered: ParsedReply) -> MailRow | None:
        """The mail that brought it, where its papers are asked for."""
        if not any(order.verb is CommandKind.ORIGINALS for order in ordered.orders):
            return None
        row, _, _ = await self._store.incoming.get(mail_of(submission.receipt_number))
        return row

    async def _corrected(
        self, case: TokenCase, submission: Submission, ordered: ParsedReply, ticket: ReplyToken
    ) -> LookUp | None:
        """The look-up for the case's fields as corrected by the answer."""
        orders = [order for order in ordered.orders if order.verb is CommandKind.CORRECT]
        alone = len(ticket.cases) == 1
        for order in orders:
            named = bool(order.receipt) and is_numbered(case.receipt_number, order.receipt)
            is_meant = case.place in order.cases or named
            if is_meant or (alone and not order.cases and not order.receipt):
                fields = corrected_fields(submission.fields, order, self._policy.formats)
                return None if fields is None else await self._store.register.look_up(fields, submission.works_numbers)
        return None

    async def _look_up(self, order: Command) -> list[str]:
        """The reply to 照会: rows of the register, and the submissions for each."""
        if mask_keys(order.words, self._policy.formats) != order.words:
            return ["認証キーでは照会できません。保証契約番号か工事名を書いてください"]
        number = normalise_number(order.words)
        exact = await self._store.register.by_number(number) if self._policy.formats.is_number(number) else None
        rows = (
            (exact,) if exact is not None else await self._store.register.guarantees(text=order.words, limit=_FOUND + 1)
        )
        if not rows:
            return [f"「{order.words}」に当たるものは、台帳にありません"]
        series = await self._store.register.versions([row.guarantee_id for row in rows[:_FOUND]])
        lines = [_line(row, series.get(row.guarantee_id, ())) for row in rows[:_FOUND]]
        return [*lines, "ほかにもあります。番号か、工事名の一部を長く書いてください"] if len(rows) > _FOUND else lines


def _confirmed(ordered: ParsedReply, ticket: ReplyToken) -> Proposal | None:
    """What the letter asks about, where the answer is a bare はい."""
    is_asked = ticket.proposal is not None and bool(ticket.proposal.orders)
    return ticket.proposal if is_asked and ordered.assent is Assent.YES else None


def _line(row: Guarantee, versions: tuple[Version, ...]) -> str:
    names = (row.number or "番号なし", row.works_number, row.project_name, row.contractor, row.product.words)
    name = name_in_series(versions)
    history = f"、{name}（履歴{len(versions)}件）" if name else ""
    return f"{'／'.join(filter(None, names))}（台帳{row.guarantee_id}、{row.state.words}{history}）"
