"""The verdict on a clerk's answer: what is done on which case, what the contractor and the clerk are told, or why nothing is done.

Called by the sorter for a mail whose subject bears a ticket, with the orders that desk_words.py read and the cases as they stand now.
Who may answer is decided here too: a desk's own staff, proven by the city's MX, in the letter's own thread, before the ticket runs
out, once for each case. A line that is not understood stops the whole answer. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.core import clerk_acts
from bot.core.alerting import LONG_LINE
from bot.core.clerk_acts import Act, Obstacle
from bot.core.desk_hints import hints
from bot.core.desk_words import Order, Ordered, Verb
from bot.core.guarantee import PRODUCT_NAMES, Guarantee
from bot.core.incoming import (
    CarriedOut,
    CaseNote,
    ClerksAct,
    Correction,
    Judgement,
    MailRow,
    MailState,
    ReadAgain,
    Release,
    Stop,
)
from bot.core.judging import Corrected, judge_corrected
from bot.core.key_notice import Formats, mask_keys
from bot.core.labels import Field
from bot.core.letters import DeskHelp, DeskReply, DoneLine, OpenCase, SentBack, Verified
from bot.core.open_cases import (
    MAIL_WORDS,
    STATE_WORDS,
    about,
    about_mail,
    case_for_dsure,
    keys_to_show,
    mail_to_read,
    waiting_case,
)
from bot.core.outbox import Letter
from bot.core.papers import Paper, PaperKind
from bot.core.policy import Desk, Policy
from bot.core.reasons import MailReason, NoReplyReason, PaperReason, SubmissionReason
from bot.core.register import LookUp
from bot.core.submission import NoticeFields, Submission, SubmissionState
from bot.core.text import clean, normalise_number
from bot.core.ticket import Ticket, TicketCase
from bot.core.verdict import Answerable, Draft, MailFacts, Verdict

HELPS_PER_DAY = 5
"""So often an address is told how to answer; a responder that shows no sign would go on for ever."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as it stands. `found`: what the store knows of its fields; `candidates`: the rows that its letter numbered.

    `corrected`: what the store knows of the fields as the answer puts them right, None = it doesn't.
    """

    case: TicketCase
    submission: Submission
    found: LookUp
    candidates: tuple[Guarantee, ...] = ()
    corrected: LookUp | None = None


@dataclass(frozen=True, slots=True)
class MailCase:
    """A mail that a person must read, as it stands."""

    case: TicketCase
    row: MailRow


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What is known about an answer. `desk`: the ticket's, None when the settings have no such desk any more.

    `is_named`: the subject bears the ticket; `is_in_thread`: the mail answers the ticket's letter. `found`: what 照会 found, lines.
    `refused`: what the store could not do at the last try, by place. `papers`: what it brings.
    """

    ticket: Ticket
    desk: Desk | None
    is_named: bool
    is_in_thread: bool
    cases: tuple[CaseFacts | MailCase, ...]
    found: tuple[str, ...] = ()
    refused: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    papers: tuple[Paper, ...] = ()

    @property
    def has_files(self) -> bool:
        """Whether something is attached that is no ornament and no signature."""
        return any(is_file(paper) for paper in self.papers)


def is_file(paper: Paper) -> bool:
    """Whether a paper is something attached that is no ornament and no signature."""
    return paper.kind not in {PaperKind.SIGNATURE, PaperKind.KEY_IN_BODY} and paper.reason is not PaperReason.ORNAMENT


def may_answer(facts: MailFacts, desk: Desk | None) -> bool:
    """Whether the mail is surely from somebody who speaks for the desk: its own or its staff's address, proven by our MX."""
    sender = facts.sender.address
    return desk is not None and sender is not None and facts.sender.is_proven and desk.is_of(sender.addr_spec)


def decide_answer(facts: MailFacts, ordered: Ordered, answer: AnswerFacts, policy: Policy) -> Verdict:
    """The verdict. Whoever may not answer (`may_answer`) has no verdict here: his mail is shown to the desk."""
    problem = _problem(facts, ordered, answer)
    if problem or ordered.unclear:
        return _help(facts, ordered.unclear, answer, policy, problem)
    by_place = _by_place(ordered.orders, answer)
    if isinstance(by_place, str):
        return _help(facts, (), answer, policy, by_place)
    done = _all_done(by_place, facts, answer, policy)
    if not any(one.carried_out for one in done) and not answer.found:
        lines = tuple(f"{one.line.place}件目: {one.line.result.removeprefix(_NOT_DONE)}" for one in done)
        return _help(facts, lines, answer, policy, "次の理由により、処理できませんでした")
    return _reply(facts, answer, done, policy)


# -- what stops the whole answer


def _problem(facts: MailFacts, ordered: Ordered, answer: AnswerFacts) -> str:
    if not answer.is_named:
        return "件名の符号（［ ］の中の文字）が見当たりません。件名を変えずに返信してください"
    if not answer.is_in_thread:
        return "お送りしたメールへの「返信」ではありません。該当のメールを開き、「返信」で送ってください"
    if facts.envelope.received_at > answer.ticket.expires_at:
        return "返信の期限を過ぎたメールです。下の内容をご確認の上、このメールに改めて返信してください"
    if answer.has_files:
        return "添付のあるメールでは処理できません。添付を外して返信してください（届いた書類は、新しいメールで送るか、手入力してください）"
    if not ordered.orders and not ordered.unclear:
        return "返信の本文に、処理の指示が見当たりません"
    if any(order.verb is Verb.HELP for order in ordered.orders):
        return "返信の書き方は、次のとおりです"
    return ""


def _by_place(orders: Sequence[Order], answer: AnswerFacts) -> dict[int, Order] | str:
    """Each case's one order, by its place; or why that can't be told."""
    places = [one.case.place for one in answer.cases]
    by_place: dict[int, Order] = {}
    for order in orders:
        if order.verb is Verb.LOOK_UP:
            continue
        meant = _meant(order, answer, places)
        if isinstance(meant, str):
            return meant
        for place in meant:
            if place in by_place and by_place[place] != order:
                return f"{place}件目について、指示が2つあります。1つだけ書いてください"
            by_place[place] = order
    return by_place


_ONE_BY_ONE = "候補の番号と訂正は、1件ずつ書いてください"


def _meant(order: Order, answer: AnswerFacts, places: Sequence[int]) -> Sequence[int] | str:
    """The places of the cases that an order is about, or why that can't be told."""
    is_for_one = bool(order.candidate) or order.verb is Verb.CORRECT
    if order.receipt:
        named = [one.case.place for one in answer.cases if one.case.receipt_number == order.receipt]
        return named or f"受付番号 {order.receipt} は、このメールの件ではありません"
    if order.is_for_all or (not order.cases and len(places) == 1):
        return _ONE_BY_ONE if is_for_one and order.is_for_all else places
    if not order.cases:
        return "どの件への返信か分かりません。「1件目 承認」のように、件の番号を付けてください"
    if unknown := [place for place in order.cases if place not in places]:
        return f"{unknown[0]}件目は、このメールにありません"
    may_be_a_candidate = order.verb is Verb.ACCEPT and not order.candidate and len(places) == 1
    if may_be_a_candidate and len(answer.cases[0].case.candidates) > 1:
        return "件の番号か候補の番号か分かりません。候補は「2番」のように書いてください"
    return _ONE_BY_ONE if is_for_one and len(order.cases) > 1 else order.cases


# -- one case


def _all_done(by_place: Mapping[int, Order], facts: MailFacts, answer: AnswerFacts, policy: Policy) -> list[_Done]:
    """Each named case; of two that would take the same row of the register, only the first."""
    done: list[_Done] = []
    taken: set[int] = set()
    for case in answer.cases:
        place = case.case.place
        if place not in by_place:
            continue
        one = _done(case, by_place[place], facts, policy)
        row = one.carried_out.guarantee_id if isinstance(one.carried_out, Judgement) else None
        why = answer.refused.get(place, "")
        if row is not None and row in taken:
            why = f"台帳{row}には、同じ返信のほかの件を受け付けます"
        if why and one.carried_out is not None:
            line = replace(one.line, result=f"{_NOT_DONE}{why}", told="")
            one = _Done(case, line, _state_of(case))
        elif row is not None:
            taken.add(row)
        done.append(one)
    return done


@dataclass(frozen=True, slots=True)
class _Done:
    """What becomes of one case. `after`: its state afterwards; `letter`: to its sender."""

    facts: CaseFacts | MailCase
    line: DoneLine
    after: SubmissionState | MailState
    carried_out: ClerksAct | None = None
    letter: SentBack | Verified | None = None
    corrected: Corrected | None = None


_VERB_WORDS: Mapping[Verb, str] = MappingProxyType(
    {
        Verb.ACCEPT: "承認",
        Verb.REFUSE: "差戻し",
        Verb.PUT_OFF: "保留",
        Verb.CORRECT: "訂正",
        Verb.LOOK_UP: "照会",
        Verb.CONFIRMED: "確認済",
        Verb.DIFFERS: "相違",
        Verb.NOT_FOUND: "なし",
        Verb.STOP: "停止",
        Verb.DEALT_WITH: "対応済",
        Verb.READ_AGAIN: "再読取",
    }
)
_NOT_DONE = "処理していません。"
_OPEN: frozenset[SubmissionState | MailState] = frozenset(
    {SubmissionState.HELD, SubmissionState.ACCEPTED, MailState.PASSED_ON, MailState.PARKED}
)
_FOR_MAILS = frozenset({Verb.DEALT_WITH, Verb.READ_AGAIN})
_FOR_HELD = frozenset({Verb.ACCEPT, Verb.CORRECT})
_FOR_ACCEPTED = frozenset({Verb.CONFIRMED, Verb.DIFFERS, Verb.NOT_FOUND})
_NOT_FOUND_WORDS = "保証確認サービス（D-Sure）で、お知らせの番号と認証キーにより保証を閲覧できませんでした。番号と認証キーをお確かめください。"


def _done(one: CaseFacts | MailCase, order: Order, facts: MailFacts, policy: Policy) -> _Done:
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
    if why := _not_now(one, order, state):
        return _Done(one, replace(line, result=f"{_NOT_DONE}{why}"), state)
    act = _ACTS[order.verb](one, order, facts, policy)
    if isinstance(act, Obstacle):
        hint = "。候補があれば「2番」のように、番号で返信してください" if act.is_choice else ""
        return _Done(one, replace(line, result=f"{_NOT_DONE}{act.words}{hint}"), state)
    if isinstance(act, Act):
        told = _told(act, one.submission, policy)
        result = replace(line, result=_result(act.judgement), told=told)
        return _Done(one, result, act.judgement.state, act.judgement, act.letter)
    if isinstance(act, Correction):
        corrected = judge_corrected(one.submission, act.fields, one.corrected or one.found, policy)
        # What matching said gives way to what it says now; where the fields stood on the paper stays.
        read = (words for words in one.submission.evidence if _OF_THE_PAPER.match(words))
        act = clerk_acts.correct(one.submission, act.fields, corrected.reasons, (*corrected.evidence, *read))
        result = replace(line, about=about(act.fields), result="訂正しました。まだ確認待ちです", told="")
        return _Done(one, result, state, act, corrected=corrected)
    words = "この差出人への発行完了のお知らせを停止しました" if isinstance(act, Stop) else "保留として記録しました"
    return _Done(one, replace(line, result=words), state, act)


def _done_on_mail(one: MailCase, order: Order, policy: Policy) -> _Done:
    row = one.row
    line = DoneLine(one.case.place, f"メール番号 {row.mail_id}", about_mail(row), _VERB_WORDS[order.verb], "", "")
    words = MAIL_WORDS[row.state]
    if one.case.spent_at is not None or row.state not in _OPEN:
        return _Done(
            one, replace(line, result=f"{_NOT_DONE}この件は、すでに処理しています（現在: {words}）"), row.state
        )
    if order.verb is Verb.READ_AGAIN:
        result = replace(line, result="もう一度読み取ります。結果は、次の定時報告でご確認ください")
        return _Done(one, result, MailState.RECEIVED, ReadAgain(row.mail_id))
    if order.verb is not Verb.DEALT_WITH:
        return _Done(
            one, replace(line, result=f"{_NOT_DONE}このメールには「対応済」か「再読取」と返信してください"), row.state
        )
    if mask_keys(order.words, policy.formats) != order.words:
        return _Done(one, replace(line, result=f"{_NOT_DONE}{clerk_acts.KEY_IN_NOTE}"), row.state)
    return _Done(one, replace(line, result="対応済としました"), MailState.RELEASED, Release(row.mail_id, order.words))


_OF_THE_PAPER = re.compile(r"[0-9]+ページ")


def _not_now(one: CaseFacts, order: Order, state: SubmissionState) -> str:
    """Why the order does not fit the case as it stands."""
    if one.case.spent_at is not None:
        return f"このメールの返信により、すでに処理しています（現在: {STATE_WORDS[state]}）"
    if order.verb in _FOR_MAILS:
        return "「対応済」「再読取」は、お知らせのないメールへの指示です"
    if state not in _OPEN:
        return f"この件は、すでに「{STATE_WORDS[state]}」です"
    if order.verb in _FOR_HELD and state is SubmissionState.ACCEPTED:
        return f"この件は、すでに「{STATE_WORDS[state]}」です"
    if order.verb in _FOR_ACCEPTED and state is SubmissionState.HELD:
        return "まだ受付していません。先に「承認」と返信してください"
    return ""


_Result = Act | Obstacle | CaseNote | Correction | Stop


def _accept(one: CaseFacts, order: Order, _facts: MailFacts, _policy: Policy) -> _Result:
    if not order.candidate:
        return clerk_acts.accept(one.submission, one.found.by_number)
    if order.candidate > len(one.candidates):
        return Obstacle(f"候補の{order.candidate}番は、このメールにありません")
    return clerk_acts.accept(one.submission, one.found.by_number, one.candidates[order.candidate - 1])


def _refuse(one: CaseFacts, order: Order, _facts: MailFacts, policy: Policy) -> _Result:
    return clerk_acts.refuse(one.submission, order.words, policy)


def _put_off(one: CaseFacts, order: Order, _facts: MailFacts, policy: Policy) -> _Result:
    return clerk_acts.put_off(one.submission, order.words, policy)


def _correct(one: CaseFacts, order: Order, _facts: MailFacts, policy: Policy) -> _Result:
    if order.field is Field.KEY:
        return Obstacle("認証キーは訂正できません。正しいお知らせの再送を、差戻しで依頼してください")
    fields = corrected_fields(one.submission.fields, order, policy.formats)
    if fields is None:
        return Obstacle(f"「{mask_keys(order.words, policy.formats)}」は、訂正後の内容として読み取れません")
    return clerk_acts.correct(one.submission, fields, (), ())


def _confirmed(one: CaseFacts, _order: Order, facts: MailFacts, policy: Policy) -> _Result:
    return clerk_acts.verify(one.submission, policy, facts.envelope.received_at, one.found.by_number)


def _differs(one: CaseFacts, order: Order, _facts: MailFacts, policy: Policy) -> _Result:
    words = f"保証確認サービス（D-Sure）で確認した内容に、次の相違がありました。{order.words}"
    return clerk_acts.refuse(one.submission, words, policy, SubmissionReason.DSURE_DIFFERS)


def _not_found(one: CaseFacts, _order: Order, _facts: MailFacts, policy: Policy) -> _Result:
    return clerk_acts.refuse(one.submission, _NOT_FOUND_WORDS, policy, SubmissionReason.NOT_IN_DSURE)


def _stop(one: CaseFacts, _order: Order, _facts: MailFacts, _policy: Policy) -> _Result:
    if not one.submission.sender:
        return Obstacle("差出人のアドレスが分からないため、停止できません")
    return Stop(one.submission.receipt_number, one.submission.sender)


_ACTS: Mapping[Verb, Callable[[CaseFacts, Order, MailFacts, Policy], _Result]] = MappingProxyType(
    {
        Verb.ACCEPT: _accept,
        Verb.REFUSE: _refuse,
        Verb.PUT_OFF: _put_off,
        Verb.CORRECT: _correct,
        Verb.CONFIRMED: _confirmed,
        Verb.DIFFERS: _differs,
        Verb.NOT_FOUND: _not_found,
        Verb.STOP: _stop,
    }
)


def corrected_fields(fields: NoticeFields, order: Order, formats: Formats) -> NoticeFields | None:
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


def _result(judgement: Judgement) -> str:
    match judgement.state:
        case SubmissionState.ACCEPTED:
            return f"受付しました（台帳{judgement.guarantee_id}）"
        case SubmissionState.VERIFIED:
            return "D-Sureで確認済としました"
        case _:
            return f"差し戻しました（理由: {judgement.note}）"


def _told(act: Act, submission: Submission, policy: Policy) -> str:
    if act.judgement.state is SubmissionState.ACCEPTED:
        return ""
    if act.letter is not None:
        return f"{submission.sender} へお知らせを送ります"
    return (
        "差出人へはお知らせしていません（返信できない差出人のため、別途ご連絡ください）"
        if policy.replies_enabled
        else ""
    )


def _order_words(order: Order) -> str:
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


# -- the letters


def _reply(facts: MailFacts, answer: AnswerFacts, done: Sequence[_Done], policy: Policy) -> Verdict:
    actor = facts.sender.address.addr_spec if facts.sender.address else ""
    carried = tuple(
        CarriedOut(one.carried_out, actor, answer.ticket.token, one.facts.case.place) for one in done if one.carried_out
    )
    still_open = [one for one in done if one.after in _OPEN]
    untouched = [] if done else [one for one in answer.cases if _state_of(one) in _OPEN]  # after a 照会 alone
    desk = answer.ticket.desk
    shown_cases = [*(_open_case(one, policy) for one in still_open), *(_as_it_stands(one, policy) for one in untouched)]
    reply = DeskReply(
        policy.office,
        desk,
        facts.envelope.received_at,
        tuple(one.line for one in done),
        answer.found,
        tuple(shown.case for shown in shown_cases),
        hints((*(one.after for one in still_open), *map(_state_of, untouched))),
    )
    cases = tuple(shown.ticket for shown in shown_cases)
    accepted = [
        one.facts.submission
        for one in still_open
        if isinstance(one.facts, CaseFacts) and one.after is SubmissionState.ACCEPTED
    ]
    accepted += [
        one.submission
        for one in untouched
        if isinstance(one, CaseFacts) and one.submission.state is SubmissionState.ACCEPTED
    ]
    answerable = _answerable(facts, answer, cases, accepted, policy)
    first = done[0].facts.case.receipt_number if done else ""
    letters = tuple(
        _letter(one.facts.submission, one.letter)
        for one in done
        if isinstance(one.facts, CaseFacts) and one.letter is not None
    )
    told = Draft(
        reply, actor, f"desk_reply/{facts.digest}/{actor}", answers=True, submission=first, answerable=answerable
    )
    reason = MailReason.ORDERS_DONE
    return Verdict(
        MailState.ANSWERED, reason, actor, _subject(facts, policy), drafts=(*letters, told), carried_out=carried
    )


def _letter(submission: Submission, letter: SentBack | Verified) -> Draft:
    receipt = submission.receipt_number
    kind = "verified" if isinstance(letter, Verified) else "sent_back"
    return Draft(letter, submission.sender, f"{kind}/{receipt}", answers=False, submission=receipt)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A case in a letter and in that letter's ticket: the rows to choose from are the same in both."""

    case: OpenCase
    ticket: TicketCase


def _open_case(done: _Done, policy: Policy) -> _Shown:
    """A case that was answered and is still open."""
    facts = done.facts
    if isinstance(facts, MailCase) or done.after is not SubmissionState.ACCEPTED:
        corrected = done.carried_out.fields if isinstance(done.carried_out, Correction) else None
        if isinstance(facts, CaseFacts) and corrected is not None and done.corrected is not None:
            found = facts.corrected or facts.found
            return _waiting(facts, corrected, found, done.corrected.reasons, done.corrected)
        return _as_it_stands(facts, policy)
    rows = (*((facts.found.by_number,) if facts.found.by_number else ()), *facts.candidates)
    wanted = done.carried_out.guarantee_id if isinstance(done.carried_out, Judgement) else facts.submission.guarantee_id
    row = next((one for one in rows if one.guarantee_id == wanted), facts.found.by_number)
    return _Shown(
        case_for_dsure(facts.case.place, facts.submission, row), replace(facts.case, candidates=(), spent_at=None)
    )


def _state_of(one: CaseFacts | MailCase) -> SubmissionState | MailState:
    return one.row.state if isinstance(one, MailCase) else one.submission.state


def _as_it_stands(facts: CaseFacts | MailCase, policy: Policy) -> _Shown:
    """A case with what the register says of it now."""
    case = replace(facts.case, spent_at=None)
    if isinstance(facts, MailCase):
        return _Shown(mail_to_read(case.place, facts.row), case)
    submission = facts.submission
    if submission.state is SubmissionState.ACCEPTED:
        return _Shown(case_for_dsure(case.place, submission, facts.found.by_number), replace(case, candidates=()))
    now = judge_corrected(submission, submission.fields, facts.found, policy)
    return _waiting(facts, submission.fields, facts.found, submission.reasons, now)


def _waiting(
    facts: CaseFacts, fields: NoticeFields, found: LookUp, reasons: tuple[SubmissionReason, ...], now: Corrected
) -> _Shown:
    rows = () if found.by_number is not None else now.candidates
    case = waiting_case(facts.case.place, facts.case.receipt_number, fields, found.by_number, reasons, rows)
    candidates = tuple(row.guarantee_id for row in rows)
    return _Shown(case, replace(facts.case, candidates=candidates, spent_at=None))


_LINES_SHOWN = 20


def _help(facts: MailFacts, lines: Sequence[str], answer: AnswerFacts, policy: Policy, problem: str) -> Verdict:
    """Nothing is done; the clerk is told why and how to write it, unless he was told so often already."""
    actor = facts.sender.address.addr_spec if facts.sender.address else ""
    subject = _subject(facts, policy)
    sent = facts.lately.to(actor).get(Letter.DESK_HELP)
    if sent is not None and sent.day >= HELPS_PER_DAY:
        return Verdict(
            MailState.PASSED_ON, MailReason.ORDERS_NOT_DONE, actor, subject, no_reply=NoReplyReason.LIMIT_REACHED
        )
    cases = [one for one in answer.cases if _state_of(one) in _OPEN]
    shown = [_as_it_stands(one, policy) for one in cases]
    letter = DeskHelp(
        policy.office,
        answer.ticket.desk,
        facts.envelope.received_at,
        problem or "次の行の意味が分かりませんでした",
        tuple(clean(mask_keys(line, policy.formats), 120) for line in lines[:_LINES_SHOWN]),
        tuple(one.case for one in shown),
        hints(map(_state_of, cases)),
    )
    tickets = tuple(one.ticket for one in shown)
    accepted = [
        one.submission
        for one in cases
        if isinstance(one, CaseFacts) and one.submission.state is SubmissionState.ACCEPTED
    ]
    draft = Draft(
        letter,
        actor,
        f"desk_help/{facts.digest}/{actor}",
        answers=True,
        answerable=_answerable(facts, answer, tickets, accepted, policy),
    )
    # What is attached is for a person: such a mail stands in the summary.
    state = MailState.PASSED_ON if answer.has_files else MailState.ANSWERED
    return Verdict(state, MailReason.ORDERS_NOT_DONE, actor, subject, answer.papers, drafts=(draft,))


def _answerable(
    facts: MailFacts, answer: AnswerFacts, cases: tuple[TicketCase, ...], accepted: Sequence[Submission], policy: Policy
) -> Answerable | None:
    """The next ticket, and of the accepted cases the keys; None when nothing is left to answer."""
    until = facts.envelope.received_at + policy.answers_for
    return Answerable(answer.ticket.desk, until, cases, keys_to_show(accepted, policy)) if cases else None


def _subject(facts: MailFacts, policy: Policy) -> str:
    return clean(mask_keys(facts.mail.subject[:LONG_LINE], policy.formats))
