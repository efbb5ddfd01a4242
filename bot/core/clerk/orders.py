"""One order on one case of a clerk's answer: what it does, what its sender is told, or why it is not done.

Called by decide.py. What may be done at all is actions.py's, for the command line too. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.core.clerk import actions
from bot.core.clerk.actions import Action
from bot.core.clerk.answer.refusal_grammar import shown_note
from bot.core.clerk.facts import CaseFacts, MailCase
from bot.core.judging.options import Obstacle, is_kept_whole, why_no_originals, why_no_papers
from bot.core.judging.rejudge import Corrected, judge_corrected
from bot.core.letters.case_texts import about, about_mail
from bot.core.letters.reply_hints import is_reread
from bot.core.letters.to_contractors import SentBack, Verified
from bot.core.letters.to_desks import DoneLine
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats, Policy
from bot.core.records.clerk_orders import Cases, Command, CommandKind
from bot.core.records.guarantee import Product
from bot.core.records.guarantee_version import changed_since, name_in_series, name_of
from bot.core.records.incoming_mail import (
    CaseNote,
    ClerkAction,
    ClerkDecision,
    Correction,
    MailRow,
    MailState,
    OriginalsAsked,
    ReadAgain,
    Release,
    Stop,
)
from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import Field, NoticeFields, Submission, SubmissionState, mail_of
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean, normalise_number
from bot.core.verdict.mail_verdict import MailFacts


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What becomes of one case. `after`: its state afterwards; `letter`: to its sender. `is_so`: it was already as ordered."""

    facts: CaseFacts | MailCase
    line: DoneLine
    after: SubmissionState | MailState
    carried_out: ClerkAction | None = None
    letter: SentBack | Verified | None = None
    corrected: Corrected | None = None
    is_so: bool = False


NOT_DONE = "処理していません。"
_SO_ALREADY = frozenset(
    {
        (CommandKind.ACCEPT, SubmissionState.ACCEPTED),
        (CommandKind.ACCEPT, SubmissionState.VERIFIED),
        (CommandKind.CONFIRMED, SubmissionState.VERIFIED),
    }
)


def apply_command(one: CaseFacts | MailCase, order: Command, facts: MailFacts, policy: Policy) -> CommandResult:
    """Carry the order out on the case, or say why not."""
    if isinstance(one, MailCase):
        return _done_on_mail(one, order, policy)
    state = one.submission.state
    line = DoneLine(
        one.case.place,
        f"受付番号 {one.submission.receipt_number}",
        about(one.submission.fields),
        mask_keys(order_words(order), policy.formats),
        "",
        "",
    )
    if not order.candidate and (order.verb, state) in _SO_ALREADY:
        # A deputy, or another desk, was faster.
        return CommandResult(one, replace(line, result=f"既に「{state.in_full}」です"), state, is_so=True)
    if why := _not_now(one, order, state):
        return CommandResult(one, replace(line, result=f"{NOT_DONE}{why}"), state)
    act = HANDLERS[order.verb](one, order, facts, policy)
    if isinstance(act, Obstacle):
        hint = "。候補があれば「2番」のように、番号で返信してください" if act.is_choice else ""
        return CommandResult(one, replace(line, result=f"{NOT_DONE}{act.words}{hint}"), state)
    if isinstance(act, Action):
        if order.verb.cases is Cases.ACCEPTED:
            act = replace(act, judgement=replace(act.judgement, versions=len(one.own_versions)))
        told = _told(act, one.submission, replies_enabled=policy.replies_enabled)
        result = replace(line, result=_result(act.judgement, name_in_series(one.own_versions)), told=told)
        return CommandResult(one, result, act.judgement.state, act.judgement, act.letter)
    if isinstance(act, Correction):
        corrected = judge_corrected(one.submission, act.fields, one.corrected or one.found, policy.rules)
        # What matching said gives way to what it says now; where the fields stood on the paper stays.
        read = (words for words in one.submission.evidence if _OF_THE_PAPER.match(words))
        act = Correction(one.submission.receipt_number, act.fields, corrected.reasons, (*corrected.evidence, *read))
        result = replace(line, about=about(act.fields), result="訂正しました。まだ確認待ちです", told="")
        return CommandResult(one, result, state, act, corrected=corrected)
    return CommandResult(one, replace(line, result=_NOTED[order.verb]), state, act)


_NOTED: Mapping[CommandKind, str] = MappingProxyType(
    {
        CommandKind.STOP: "この差出人への発行完了のお知らせを停止しました",
        CommandKind.PUT_OFF: "保留として記録しました",
        CommandKind.SEND_KEY: "認証キーを別のメールで、担当の受取先へ送ります",
        CommandKind.ORIGINALS: "届いた書類を、別のメールでお送りします",
    }
)


def _done_on_mail(one: MailCase, order: Command, policy: Policy) -> CommandResult:
    row = one.row
    line = DoneLine(one.case.place, f"受付番号 {row.number}", about_mail(row), order.verb.words, "", "")
    if so := _is_so(row, order.verb):
        return CommandResult(one, replace(line, result=so), row.state, is_so=True)
    if why := _not_on_mail(one, order, policy):
        return CommandResult(one, replace(line, result=f"{NOT_DONE}{why}"), row.state)
    if order.verb is CommandKind.ORIGINALS:
        result = replace(line, result=_NOTED[order.verb])
        return CommandResult(one, result, row.state, OriginalsAsked(row.mail_id))
    if order.verb is CommandKind.READ_AGAIN:
        result = replace(line, result="もう一度読み取ります。結果は、次の定時報告でご確認ください")
        return CommandResult(one, result, MailState.RECEIVED, ReadAgain(row.mail_id))
    also = one.case.candidates
    done = replace(line, result=f"ほか{len(also)}件とともに、対応済としました" if also else "対応済としました")
    return CommandResult(one, done, row.state.when_dealt_with, Release(row.mail_id, order.words, also))


def _is_so(row: MailRow, verb: CommandKind) -> str:
    """That a mail is as ordered: a deputy, or whoever answered another letter about it, was faster; or it is to wait."""
    if verb is CommandKind.DEALT_WITH and row.state in {MailState.RELEASED, MailState.SORTED}:
        return "既に対応済です"
    return "要対応のまま残します" if verb is CommandKind.PUT_OFF and row.state.is_open else ""


def _not_on_mail(one: MailCase, order: Command, policy: Policy) -> str:
    """Why the order is not carried out on the mail as it stands."""
    row = one.row
    if not row.state.is_open or _is_spent(one, order):
        why = _ANSWERED_BEFORE if row.state.is_open else "この件は、既に処理しています（現在: {}）"
        return why.format(row.state.words)
    match order.verb:
        case CommandKind.DEALT_WITH:
            return actions.KEY_IN_NOTE if mask_keys(order.words, policy.formats) != order.words else ""
        case CommandKind.READ_AGAIN if not is_kept_whole(row.reason):
            return "本文を保存していないため、もう一度読み取ることができません"
        case CommandKind.READ_AGAIN if not is_reread(row.state):
            return (
                "お知らせは受け付けているため、「再読取」はできません。対応が済みましたら「対応済」と返信してください"
            )
        case CommandKind.READ_AGAIN | CommandKind.ORIGINALS if one.case.candidates:
            return f"まとめて載せた件には、「{order.verb.words}」は使えません。対応が済みましたら「対応済」と返信してください"
        case CommandKind.READ_AGAIN:
            return ""
        case CommandKind.ORIGINALS:
            return why_no_papers(row.reason, one.papers, policy)
        case _:
            return f"このメールには「対応済」{'か「再読取」' if is_reread(row.state) else ''}と返信してください"


_ANSWERED_BEFORE = "先のご返信を処理した後のため、今の内容（{}）をご確認の上、改めて返信してください"


def _is_spent(one: CaseFacts | MailCase, order: Command) -> bool:
    """Whether an answer to the same letter has changed the case, and this one would once more."""
    return one.case.spent_at is not None and order.verb not in _CHANGES_NOTHING


_CHANGES_NOTHING = frozenset({CommandKind.ORIGINALS, CommandKind.PUT_OFF, CommandKind.SEND_KEY})
_OF_THE_PAPER = LazyPattern(r"[0-9]+ページ")


def _not_now(one: CaseFacts, order: Command, state: SubmissionState) -> str:
    """Why the order does not fit the case as it stands."""
    if _is_spent(one, order):
        is_over = not state.is_open
        return f"この件は、既に「{state.in_full}」です" if is_over else _ANSWERED_BEFORE.format(state.in_full)
    if order.verb.cases is Cases.MAILS:
        return "「対応済」「再読取」は、お知らせのないメールへの指示です"
    if not state.is_open:
        return f"この件は、既に「{state.in_full}」です"
    if order.verb.cases is Cases.HELD and state is SubmissionState.ACCEPTED:
        return f"この件は、既に「{state.in_full}」です"
    if order.verb.cases is Cases.ACCEPTED and state is SubmissionState.HELD:
        return "まだ受け付けていません。先に「承認」と返信してください"
    newer = changed_since(one.own_versions, one.told_at) if order.verb.cases is Cases.ACCEPTED else None
    if newer is not None:
        return (
            f"お送りしたメールの後に、台帳で保証が変わっています（{name_of(newer)}）。"
            "今の内容をD-Sureで確認し、改めて返信してください"
        )
    return ""


_Result = Action | Obstacle | CaseNote | Correction | Stop | OriginalsAsked


def _accept(one: CaseFacts, order: Command, _facts: MailFacts, _policy: Policy) -> _Result:
    if not order.candidate:
        return actions.accept(one.submission, one.found)
    if order.candidate > len(one.candidates):
        return Obstacle(f"候補の{order.candidate}番は、このメールにありません")
    return actions.accept(one.submission, one.found, one.candidates[order.candidate - 1])


def _refuse(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.refuse(one.submission, order.words, policy)


def _put_off(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.put_off(one.submission, order.words, policy.formats)


def _correct(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    if order.field is Field.KEY:
        return Obstacle("認証キーは訂正できません。正しいお知らせの再送を、差戻しで依頼してください")
    fields = corrected_fields(one.submission.fields, order, policy.formats)
    if fields is None:
        return Obstacle(f"「{mask_keys(order.words, policy.formats)}」は、訂正後の内容として読み取れません")
    return Correction(one.submission.receipt_number, fields, (), ())


def _confirmed(one: CaseFacts, _order: Command, facts: MailFacts, policy: Policy) -> _Result:
    received_at = facts.envelope.received_at
    return actions.verify(one.submission, policy, received_at, one.found.by_number, one.own_versions)


def _differs(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.refuse(one.submission, order.words, policy, SubmissionReason.DSURE_DIFFERS)


def _not_found(one: CaseFacts, _order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.refuse(one.submission, "", policy, SubmissionReason.NOT_IN_DSURE, Refusal.NOT_VIEWABLE)


def _stop(one: CaseFacts, _order: Command, _facts: MailFacts, _policy: Policy) -> _Result:
    if not one.submission.sender:
        return Obstacle("差出人のアドレスが分からないため、停止できません")
    return Stop(one.submission.receipt_number, one.submission.sender)


def _send_key(one: CaseFacts, _order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.send_key(one.submission, policy.keys)


def _originals(one: CaseFacts, _order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    if why := why_no_originals(one.submission.read_from, policy):
        return Obstacle(why)
    return OriginalsAsked(mail_of(one.submission.receipt_number), one.submission.receipt_number)


HANDLERS: Mapping[CommandKind, Callable[[CaseFacts, Command, MailFacts, Policy], _Result]] = MappingProxyType(
    {
        CommandKind.ACCEPT: _accept,
        CommandKind.REFUSE: _refuse,
        CommandKind.PUT_OFF: _put_off,
        CommandKind.CORRECT: _correct,
        CommandKind.CONFIRMED: _confirmed,
        CommandKind.DIFFERS: _differs,
        CommandKind.NOT_FOUND: _not_found,
        CommandKind.STOP: _stop,
        CommandKind.SEND_KEY: _send_key,
        CommandKind.ORIGINALS: _originals,
    }
)
"""What each command does to a case with a notice; those to mails, and those that only ask, are answered above and in decide.py."""


def corrected_fields(fields: NoticeFields, order: Command, formats: Formats) -> NoticeFields | None:
    """The notice's fields with the order's new value; None when that is no value for the field."""
    words = clean(order.words)
    if mask_keys(words, formats) != words and order.field is not Field.NUMBER:
        return None
    match order.field:
        case Field.NUMBER:
            number = normalise_number(words)
            return replace(fields, number=number, number_as_written=words) if formats.is_number(number) else None
        case Field.PROJECT_NAME:
            return replace(fields, project_name=words) if words else None
        case Field.CONTRACTOR:
            return replace(fields, contractor=words) if words else None
        case Field.PRODUCT:
            product = next((one for one in Product if words in {one.words, one.words.removesuffix("保証")}), None)
            return replace(fields, product=product, product_as_written=words) if product else None
        case _:
            return None


def _result(judgement: ClerkDecision, certificate: str) -> str:
    match judgement.state:
        case SubmissionState.ACCEPTED:
            return f"受け付けました（台帳{judgement.guarantee_id}）"
        case SubmissionState.VERIFIED:
            return f"D-Sureで確認済としました（{certificate}）" if certificate else "D-Sureで確認済としました"
        case _:
            return f"差し戻しました（理由：{shown_note(judgement.refusal, judgement.note)}）"


def _told(act: Action, submission: Submission, *, replies_enabled: bool) -> str:
    if act.judgement.state is SubmissionState.ACCEPTED:
        return ""
    if act.letter is not None:
        kind = f"「{act.judgement.refusal.words}」の" if act.judgement.refusal is not None else ""
        return f"{submission.sender} へ{kind}お知らせを送ります"
    return "差出人へはお知らせしていません（返信できない差出人のため、別途ご連絡ください）" if replies_enabled else ""


def order_words(order: Command) -> str:
    """The order as it is shown to the clerk."""
    if order.candidate:
        return f"{order.candidate}番で承認"
    words = order.verb.words
    return f"{words} {order.field.words} {order.words}".strip() if order.field else words
