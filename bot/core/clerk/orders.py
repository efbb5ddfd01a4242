"""One order on one case of a clerk's answer: what it does, what its sender is told, or why it is not done.

Called by decide.py. What may be done at all is actions.py's, for the command line too. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.core.clerk import actions
from bot.core.clerk.actions import Action, Obstacle
from bot.core.clerk.facts import CaseFacts, MailCase
from bot.core.clerk.order_grammar import Command, CommandKind
from bot.core.clerk.refusal_grammar import REFUSALS
from bot.core.letters.case_texts import MAIL_WORDS, OPEN, STATE_WORDS, about, about_mail
from bot.core.letters.contexts import DoneLine, SentBack, Verified
from bot.core.notice.key_notice import mask_keys
from bot.core.policy.policy import Formats, Policy
from bot.core.records.guarantee import PRODUCT_NAMES
from bot.core.records.guarantee_version import changed_since, name_in_series, name_of
from bot.core.records.incoming_mail import (
    CaseNote,
    ClerkAction,
    ClerkDecision,
    Correction,
    MailState,
    ReadAgain,
    Release,
    Stop,
)
from bot.core.records.reasons import Refusal, SubmissionReason
from bot.core.records.submission import Field, NoticeFields, Submission, SubmissionState
from bot.core.text.normalise import clean, normalise_number
from bot.core.verdict.judge import Corrected, judge_corrected
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


_VERB_WORDS: Mapping[CommandKind, str] = MappingProxyType(
    {
        CommandKind.ACCEPT: "承認",
        CommandKind.REFUSE: "差戻し",
        CommandKind.PUT_OFF: "保留",
        CommandKind.CORRECT: "訂正",
        CommandKind.LOOK_UP: "照会",
        CommandKind.CONFIRMED: "確認済",
        CommandKind.DIFFERS: "相違",
        CommandKind.NOT_FOUND: "なし",
        CommandKind.STOP: "停止",
        CommandKind.DEALT_WITH: "対応済",
        CommandKind.READ_AGAIN: "再読取",
        CommandKind.SEND_KEY: "キー",
    }
)
NOT_DONE = "処理していません。"
_SO_ALREADY = frozenset(
    {
        (CommandKind.ACCEPT, SubmissionState.ACCEPTED),
        (CommandKind.ACCEPT, SubmissionState.VERIFIED),
        (CommandKind.CONFIRMED, SubmissionState.VERIFIED),
    }
)
_FOR_MAILS = frozenset({CommandKind.DEALT_WITH, CommandKind.READ_AGAIN})
_FOR_HELD = frozenset({CommandKind.ACCEPT, CommandKind.CORRECT})
_FOR_ACCEPTED = frozenset({CommandKind.CONFIRMED, CommandKind.DIFFERS, CommandKind.NOT_FOUND, CommandKind.SEND_KEY})


def apply_command(one: CaseFacts | MailCase, order: Command, facts: MailFacts, policy: Policy) -> CommandResult:
    """Carry the order out on the case, or say why not."""
    if isinstance(one, MailCase):
        return _done_on_mail(one, order, policy)
    state = one.submission.state
    line = DoneLine(
        one.case.place,
        f"受付番号 {one.submission.receipt_number}",
        about(one.submission.fields),
        mask_keys(_order_words(order), policy.formats),
        "",
        "",
    )
    if not order.candidate and (order.verb, state) in _SO_ALREADY:
        # A deputy, or another desk, was faster.
        return CommandResult(one, replace(line, result=f"すでに「{STATE_WORDS[state]}」です"), state, is_so=True)
    if why := _not_now(one, order, state):
        return CommandResult(one, replace(line, result=f"{NOT_DONE}{why}"), state)
    act = _ACTS[order.verb](one, order, facts, policy)
    if isinstance(act, Obstacle):
        hint = "。候補があれば「2番」のように、番号で返信してください" if act.is_choice else ""
        return CommandResult(one, replace(line, result=f"{NOT_DONE}{act.words}{hint}"), state)
    if isinstance(act, Action):
        if order.verb in _FOR_ACCEPTED:
            act = replace(act, judgement=replace(act.judgement, versions=len(one.own_versions)))
        told = _told(act, one.submission, policy)
        result = replace(line, result=_result(act.judgement, name_in_series(one.own_versions)), told=told)
        return CommandResult(one, result, act.judgement.state, act.judgement, act.letter)
    if isinstance(act, Correction):
        corrected = judge_corrected(one.submission, act.fields, one.corrected or one.found, policy)
        # What matching said gives way to what it says now; where the fields stood on the paper stays.
        read = (words for words in one.submission.evidence if _OF_THE_PAPER.match(words))
        act = actions.correct(one.submission, act.fields, corrected.reasons, (*corrected.evidence, *read))
        result = replace(line, about=about(act.fields), result="訂正しました。まだ確認待ちです", told="")
        return CommandResult(one, result, state, act, corrected=corrected)
    return CommandResult(one, replace(line, result=_NOTED[order.verb]), state, act)


_NOTED: Mapping[CommandKind, str] = MappingProxyType(
    {
        CommandKind.STOP: "この差出人への発行完了のお知らせを停止しました",
        CommandKind.PUT_OFF: "保留として記録しました",
        CommandKind.SEND_KEY: "認証キーを別のメールで、担当の受取先へ送ります",
    }
)


def _done_on_mail(one: MailCase, order: Command, policy: Policy) -> CommandResult:
    row = one.row
    line = DoneLine(one.case.place, f"メール番号 {row.mail_id}", about_mail(row), _VERB_WORDS[order.verb], "", "")
    words = MAIL_WORDS[row.state]
    if order.verb is CommandKind.DEALT_WITH and row.state is MailState.RELEASED:
        # Mails go to several desks: each says so, and none of them was wrong.
        return CommandResult(one, replace(line, result="すでに対応済です"), row.state, is_so=True)
    if one.case.spent_at is not None or row.state not in OPEN:
        return CommandResult(
            one, replace(line, result=f"{NOT_DONE}この件は、すでに処理しています（現在: {words}）"), row.state
        )
    if order.verb is CommandKind.READ_AGAIN:
        result = replace(line, result="もう一度読み取ります。結果は、次の定時報告でご確認ください")
        return CommandResult(one, result, MailState.RECEIVED, ReadAgain(row.mail_id))
    if order.verb is not CommandKind.DEALT_WITH:
        return CommandResult(
            one, replace(line, result=f"{NOT_DONE}このメールには「対応済」か「再読取」と返信してください"), row.state
        )
    if mask_keys(order.words, policy.formats) != order.words:
        return CommandResult(one, replace(line, result=f"{NOT_DONE}{actions.KEY_IN_NOTE}"), row.state)
    return CommandResult(
        one, replace(line, result="対応済としました"), MailState.RELEASED, Release(row.mail_id, order.words)
    )


_OF_THE_PAPER = re.compile(r"[0-9]+ページ")


def _not_now(one: CaseFacts, order: Command, state: SubmissionState) -> str:
    """Why the order does not fit the case as it stands."""
    if one.case.spent_at is not None:
        return f"このメールの返信により、すでに処理しています（現在: {STATE_WORDS[state]}）"
    if order.verb in _FOR_MAILS:
        return "「対応済」「再読取」は、お知らせのないメールへの指示です"
    if state not in OPEN:
        return f"この件は、すでに「{STATE_WORDS[state]}」です"
    if order.verb in _FOR_HELD and state is SubmissionState.ACCEPTED:
        return f"この件は、すでに「{STATE_WORDS[state]}」です"
    if order.verb in _FOR_ACCEPTED and state is SubmissionState.HELD:
        return "まだ受付していません。先に「承認」と返信してください"
    newer = changed_since(one.own_versions, one.told_at) if order.verb in _FOR_ACCEPTED else None
    if newer is not None:
        return (
            f"お送りしたメールの後に、台帳で保証が変わっています（{name_of(newer)}）。"
            "今の内容をD-Sureで確認し、改めて返信してください"
        )
    return ""


_Result = Action | Obstacle | CaseNote | Correction | Stop


def _accept(one: CaseFacts, order: Command, _facts: MailFacts, _policy: Policy) -> _Result:
    if not order.candidate:
        return actions.accept(one.submission, one.found.by_number)
    if order.candidate > len(one.candidates):
        return Obstacle(f"候補の{order.candidate}番は、このメールにありません")
    return actions.accept(one.submission, one.found.by_number, one.candidates[order.candidate - 1])


def _refuse(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.refuse(one.submission, order.words, policy)


def _put_off(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    return actions.put_off(one.submission, order.words, policy)


def _correct(one: CaseFacts, order: Command, _facts: MailFacts, policy: Policy) -> _Result:
    if order.field is Field.KEY:
        return Obstacle("認証キーは訂正できません。正しいお知らせの再送を、差戻しで依頼してください")
    fields = corrected_fields(one.submission.fields, order, policy.formats)
    if fields is None:
        return Obstacle(f"「{mask_keys(order.words, policy.formats)}」は、訂正後の内容として読み取れません")
    return actions.correct(one.submission, fields, (), ())


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
    return actions.send_key(one.submission, policy)


_ACTS: Mapping[CommandKind, Callable[[CaseFacts, Command, MailFacts, Policy], _Result]] = MappingProxyType(
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
    }
)


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
            product = next(
                (one for one, name in PRODUCT_NAMES.items() if words in {name, name.removesuffix("保証")}), None
            )
            return replace(fields, product=product, product_as_written=words) if product else None
        case _:
            return None


def _result(judgement: ClerkDecision, certificate: str) -> str:
    match judgement.state:
        case SubmissionState.ACCEPTED:
            return f"受付しました（台帳{judgement.guarantee_id}）"
        case SubmissionState.VERIFIED:
            return f"D-Sureで確認済としました（{certificate}）" if certificate else "D-Sureで確認済としました"
        case _:
            return f"差し戻しました（理由: {judgement.note}）"


def _told(act: Action, submission: Submission, policy: Policy) -> str:
    if act.judgement.state is SubmissionState.ACCEPTED:
        return ""
    if act.letter is not None:
        kind = f"「{REFUSALS[act.judgement.refusal].name}」の" if act.judgement.refusal is not None else ""
        return f"{submission.sender} へ{kind}お知らせを送ります"
    return (
        "差出人へはお知らせしていません（返信できない差出人のため、別途ご連絡ください）"
        if policy.replies_enabled
        else ""
    )


def _order_words(order: Command) -> str:
    if order.candidate:
        return f"{order.candidate}番で承認"
    words = f"{_VERB_WORDS[order.verb]}"
    return f"{words} {_FIELD_WORDS[order.field]} {order.words}".strip() if order.field else words


_FIELD_WORDS: Mapping[Field, str] = MappingProxyType(
    {
        Field.NUMBER: "保証契約番号",
        Field.PROJECT_NAME: "工事名",
        Field.CONTRACTOR: "受注者名",
        Field.PRODUCT: "保証区分",
        Field.KEY: "認証キー",
    }
)
