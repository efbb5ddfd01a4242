"""Previews of letters about real cases, mails and guarantees, for `letters preview`. Read-only: nothing is queued or written.

The contexts are made by the same functions of core as in the daemon. Keys are masked as in every letter. Raises NotFound,
StoreError, and PreviewError where the case has no such letter; its text says what to do instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.core.clerk.actions import refusal_letter, verified_letter
from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.clerk.decide import decide_answer
from bot.core.clerk.facts import AnswerFacts
from bot.core.judging.judge import judge
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.judging.options import Obstacle, offer_mail
from bot.core.judging.sender_facts import SenderFacts
from bot.core.letters.contexts import AnswerableLetter, Context
from bot.core.letters.reply_hints import Offer, hints
from bot.core.letters.to_contractors import (
    Difference,
    DifferingItem,
    NoticeWanted,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    SentBack,
    Verified,
    issued_letter,
)
from bot.core.letters.to_desks import Alert, Hint, MailAlert
from bot.core.mail.message import Address
from bot.core.mail.parse import parse_mail
from bot.core.mail.subject_forms import SubjectFields
from bot.core.notice.key_notice import FoundNotice
from bot.core.notice.missing_notice import Request, request_to_sender
from bot.core.notice.read_mail import ReadMail
from bot.core.policy.mail_desks import desk_named
from bot.core.policy.policy import Desk, Policy, desks_for
from bot.core.records.envelope import Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason
from bot.core.records.refusal import Refusal
from bot.core.records.reply_token import ReplyToken, TokenCase, ticket_mark
from bot.core.records.submission import Submission, SubmissionState, mail_of
from bot.core.verdict.alert_cases import alert_case, desks_of, work_of
from bot.core.verdict.alerts import paper_lines, sender_note, taken_notice
from bot.core.verdict.arrivals import arrivals
from bot.core.verdict.mail_verdict import MailFacts
from bot.core.verdict.reply import as_asked, notice_item
from bot.documents.mail_words import excerpt_of
from bot.workers.clerk_answers import Answers
from storage.store import Store

SENT_BACK_WORDS = "（ここに、担当者の書いた理由が入ります）"
_TOKEN = "ABCDEFGHIJ23"  # noqa: S105 - stands where a real letter has its own; no ticket is made


class PreviewError(ValueError):
    """The case has no such letter; the text says why, or what to add."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a letter may be shown with besides its case. `kind`: of a refusal, a wish or a difference; `reason`: a clerk's words."""

    kind: Refusal | Request | Difference | None = None
    reason: str = ""


class Previews:
    """Makes the previews."""

    def __init__(self, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def of_case(self, letter: Letter, receipt_number: str, choice: Choice) -> tuple[Context, ...]:
        """A letter about a submission, by its receipt number."""
        submission = await self._store.submissions.get(receipt_number)
        item = notice_item(receipt_number, submission.fields)
        office = self._policy.contact_for((submission.fields.product,))
        match letter:
            case Letter.VERIFIED:
                return (await self._verified(submission),)
            case Letter.SENT_BACK:
                return (self._sent_back(submission, choice),)
            case Letter.RECEIPT:
                return (Receipt(office, submission.received_at, (item,)),)
            case Letter.ARRIVALS:
                return (arrivals(office, submission.received_at, (submission,)),)
            case Letter.RECEIPT_AGAIN:
                return (self._again(submission, await self._judged(submission)),)
            case Letter.RECEIPT_DIFFERS:
                return (self._differs(submission, await self._judged(submission), choice),)
            case Letter.ALERT:
                return (await self._alert(submission, await self._judged(submission)),)
            case Letter.DESK_REPLY | Letter.DESK_HELP:
                return await self.of_answer(receipt_number, _usual_answer(letter, submission))
            case _:
                raise PreviewError("この文面は、受付のものではありません")

    async def of_mail(self, letter: Letter, mail_id: int, choice: Choice) -> tuple[Context, ...]:
        """A letter about a received mail, or about all submissions that it brought."""
        row, content, submissions = await self._store.incoming.get(mail_id)
        office, received_at = self._policy.office, row.envelope.received_at
        mail = parse_mail(content).mail
        if letter is Letter.RECEIPT and submissions:
            items = tuple(notice_item(one.receipt_number, one.fields) for one in submissions)
            return (Receipt(office, received_at, items),)
        if letter is Letter.NOTICE_WANTED:
            rules = self._policy.formats.papers
            asked = (
                choice.kind
                if isinstance(choice.kind, Request)
                else request_to_sender(ReadMail(mail, ()), row.papers, rules)
            )
            if asked is None:
                raise PreviewError("このメールからは、お願いする内容が決まりません。--kind で種類を指定してください")
            return (NoticeWanted(office, received_at, as_asked(asked, self._policy.password_window)),)
        if letter is Letter.MAIL_ALERT:
            alert = MailAlert(
                office,
                desk_named(row.desk, self._policy.desks).name,
                mail_id,
                row.number,
                row.sender,
                row.subject,
                received_at,
                row.reason.words if row.reason else "",
                paper_lines(row.papers),
                excerpt_of(mail.body, self._policy.formats),
                sender_note(row.no_reply),
                notices=tuple(taken_notice(one.receipt_number, one.fields, one.state) for one in submissions),
                is_question=row.reason is MailReason.NOTICE_AND_QUESTION,
                project_name=next((one.fields.project_name for one in submissions), ""),
                hints=self._hints(
                    offer_mail(
                        MailState.BESIDES if submissions else MailState.PASSED_ON, row.reason, row.papers, self._policy
                    )
                ),
            )
            return (_with_ticket(alert),)
        raise PreviewError("このメールからは、この文面になりません。受付番号があれば、--case で指定してください")

    async def of_guarantee(self, guarantee_id: int) -> tuple[Context, ...]:
        """The issuance-complete letter about a row of the register."""
        row = await self._store.register.guarantee(guarantee_id)
        if row.issued_at is None:
            raise PreviewError("台帳のこの行には、発行日時がありません")
        return (issued_letter(row, row.issued_at, self._policy),)

    async def of_answer(self, receipt_number: str, words: str) -> tuple[Context, ...]:
        """All letters that a clerk's answer about the submission would cause: to the contractor, and the reply to the clerk."""
        submission = await self._store.submissions.get(receipt_number)
        judged = await self._judged(submission)
        case = TokenCase(1, receipt_number, tuple(row.guarantee_id for row in judged.candidates))
        desk, now = self._desk(judged), self._clock()
        ticket = ReplyToken(_TOKEN, desk.name, "", now + timedelta(days=1), (case,))
        ordered = read_answer((words,))
        found = await Answers(self._store, self._policy).case_facts(case, ordered, ticket)
        cases = (found,) if found is not None else ()
        answer = AnswerFacts(ticket, desk, is_named=True, is_in_thread=True, cases=cases)
        sender = SenderFacts(Address("", desk.address), is_proven=True, is_unproven=False, is_automatic=False)
        envelope = Envelope(Source.SMTP, desk.address, self._policy.inboxes[:1], now)
        facts = MailFacts(0, "0" * 64, envelope, parse_mail(b"\r\n").mail, None, sender)
        verdict = decide_answer(facts, ordered, answer, self._policy)
        return tuple(_with_ticket(draft.context) for draft in verdict.drafts)

    # -- letters about a submission

    async def _verified(self, submission: Submission) -> Verified:
        number = submission.guarantee_id
        versions = (await self._store.register.versions([number])).get(number, ()) if number is not None else ()
        return verified_letter(
            submission, self._policy.contact_for((submission.fields.product,)), self._clock(), versions
        )

    def _sent_back(self, submission: Submission, choice: Choice) -> SentBack:
        kind = choice.kind if isinstance(choice.kind, Refusal) else None
        reason = choice.reason or ("" if kind else SENT_BACK_WORDS)
        letter = refusal_letter(submission, reason, self._policy, kind=kind)
        if isinstance(letter, Obstacle):
            raise PreviewError(letter.words)
        return letter

    def _again(self, submission: Submission, judged: NoticeVerdict) -> ReceiptAgain:
        if judged.first is None:
            raise PreviewError("同じ内容のお知らせは、これより前に届いていません")
        item = notice_item(submission.receipt_number, submission.fields)
        firsts = ((submission.receipt_number, judged.first.receipt_number),)
        return ReceiptAgain(
            self._policy.contact_for((submission.fields.product,)), submission.received_at, (item,), firsts
        )

    def _differs(self, submission: Submission, judged: NoticeVerdict, choice: Choice) -> ReceiptDiffers:
        differences = (choice.kind,) if isinstance(choice.kind, Difference) else judged.differences
        if not differences:
            raise PreviewError("台帳と異なる点がありません。--kind で種類を指定すると、その文面を表示します")
        item = notice_item(submission.receipt_number, submission.fields)
        differing = (DifferingItem(item, differences),)
        return ReceiptDiffers(
            self._policy.contact_for((submission.fields.product,)), submission.received_at, (), differing
        )

    async def _alert(self, submission: Submission, judged: NoticeVerdict) -> Context:
        row, _, _ = await self._store.incoming.get(mail_of(submission.receipt_number))
        alert = Alert(
            self._policy.office,
            self._desk(judged).name,
            row.mail_id,
            row.sender,
            row.subject,
            submission.received_at,
            sender_note(row.no_reply),
            (alert_case(submission.receipt_number, judged),),
            hints=self._hints(judged.offer),
            project_name=work_of(judged),
        )
        return _with_ticket(alert)

    async def _judged(self, submission: Submission) -> NoticeVerdict:
        """The submission judged by what the register and the other submissions say now, with the reasons that it has."""
        found = await self._store.register.look_up(submission.fields, submission.works_numbers)
        others = tuple(
            one
            for one in found.earlier
            if one.receipt_number != submission.receipt_number and one.received_at <= submission.received_at
        )
        address = Address("", submission.sender) if submission.sender else None
        sender = SenderFacts(address, submission.sender_proven, is_unproven=False, is_automatic=False)
        notice = FoundNotice(submission.fields, submission.document_name, submission.read_from)
        judged = judge(
            notice,
            replace(found, earlier=others),
            sender,
            self._policy,
            submission.received_at,
            subject=SubjectFields(submission.works_numbers),
        )
        return replace(judged, reasons=submission.reasons, evidence=submission.evidence)

    def _desk(self, judged: NoticeVerdict | None = None) -> Desk:
        """The first desk that would get it."""
        desks = desks_of(judged, self._policy.desks) if judged is not None else desks_for(self._policy.desks, None)
        if not desks:
            raise PreviewError("設定に担当（desks）がないため、担当への文面はありません")
        return desks[0]

    def _hints(self, offer: Offer | None) -> tuple[Hint, ...]:
        return hints((offer,)) if self._policy.reply_window and offer is not None else ()


def _usual_answer(letter: Letter, submission: Submission) -> str:
    if letter is Letter.DESK_HELP:
        return "書き方"
    return "確認済" if submission.state is SubmissionState.ACCEPTED else "承認"


def _with_ticket(context: Context) -> Context:
    """The letter with a sample token in its subject."""
    if isinstance(context, AnswerableLetter) and context.hints:
        return replace(context, ticket=ticket_mark(_TOKEN))
    return context
