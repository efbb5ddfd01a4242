"""What a desk can do with a case: the rules by which an order is carried out, and by which a letter offers it.

An order is allowed here alone: core/clerk/actions.py and orders.py ask before they act, alerts.py and replies.py before they tell a
clerk what he may write. So a letter offers what works, and nothing else. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.judging.history import short_words
from bot.core.judging.lookup import LookUp
from bot.core.letters.reply_hints import Choice, Offer, is_reread
from bot.core.policy.policy import Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import KeyReceived, MailState
from bot.core.records.paper import Paper, is_file
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.text.normalise import clean

_NAME = 24  # characters of a work's name: enough to tell it from its neighbours


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why it can't be done as asked; `words` say what to do instead. `is_choice`: a row of the register must be named."""

    words: str
    is_choice: bool = False


def acceptance(
    fields: NoticeFields, found: LookUp, chosen: Guarantee | None = None, *, receipt: str = ""
) -> KeyReceived | Obstacle:
    """What accepting a notice does to the register: for the row `chosen`, or the one with its number. `receipt`: its own 受付番号."""
    if fields.auth_key is None or not fields.number:
        return Obstacle("番号又は認証キーが読み取れていないため、受け付けられません。差し戻して再送を依頼してください")
    row = chosen or found.by_number
    if row is None:
        return Obstacle("台帳にこの番号がありません", is_choice=True)
    if row.number and row.number != fields.number:
        return Obstacle(
            f"台帳{row.guarantee_id}の保証契約番号は {row.number} で、お知らせと異なります。"
            "どちらが正しいか確認し、台帳を直すか、差し戻してください"
        )
    if found.by_number is not None and found.by_number.guarantee_id != row.guarantee_id:
        return Obstacle(
            f"お知らせの番号は、台帳{found.by_number.guarantee_id}の番号です。その行で受け付けるか、台帳を直してください"
        )
    if row.state.is_closed:
        return Obstacle(
            f"台帳{row.guarantee_id}は「{row.state.ended_as}」のため、受け付けられません。台帳を直すか、差し戻してください"
        )
    if row.auth_key is not None and not row.auth_key.same_as(fields.auth_key):
        return Obstacle("台帳の認証キーと異なるため、受け付けられません。どちらが正しいか、保証会社に確認してください")
    taken = next((one for one in _standing(found) if _stands_for(one, row) and one.receipt_number != receipt), None)
    if taken is not None:
        return Obstacle(
            f"台帳{row.guarantee_id}には、別のお知らせ（{short_words(taken)}、{taken.state.words}）を受け付けています。"
            "正しい方を確かめ、誤りの方を差し戻してください"
        )
    return KeyReceived(row.guarantee_id, fields.number, fields.auth_key)


def why_unverifiable(row: Guarantee | None) -> str:
    """Why what was accepted for the row can't be called 確認済; "" = it can. None = the row is not known."""
    closed = row is not None and row.state.is_closed
    return f"台帳{row.guarantee_id}は「{row.state.ended_as}」です。台帳を確かめてください" if row and closed else ""


def _standing(found: LookUp) -> Iterator[Submission]:
    yield from found.earlier
    yield from found.unverified


def _stands_for(one: Submission, row: Guarantee) -> bool:
    return one.guarantee_id == row.guarantee_id and one.state.is_taken


def may_be_told(sender: str, reasons: Sequence[SubmissionReason], policy: Policy) -> bool:
    """Whether a submission's sender gets a letter about what a clerk decides."""
    domain = sender.rpartition("@")[2]
    is_answered = bool(sender) and domain not in policy.staff_domains and policy.replies_enabled
    return is_answered and not _NOT_ANSWERED.intersection(reasons)


# Whose address nobody proved, or where a machine wrote: such a sender gets no letter, whoever decides.
_NOT_ANSWERED = frozenset({SubmissionReason.SENDER_UNPROVEN, SubmissionReason.SENDER_AUTOMATIC})


def is_kept_whole(reason: MailReason | None) -> bool:
    """Whether a mail that ended so is in the store, and not its header alone."""
    return reason not in {MailReason.TOO_LARGE, MailReason.NOT_FETCHED}


def offer_held(
    fields: NoticeFields,
    found: LookUp,
    rows: Sequence[Guarantee],
    policy: Policy,
    *,
    tells_sender: bool,
    read_from: ReadFrom,
    receipt: str = "",
) -> Offer:
    """What can be done about a notice that waits. `rows`: those that its letter numbers, in their order."""
    choices = tuple(
        Choice(place, row.guarantee_id, clean(row.project_name, _NAME))
        for place, row in enumerate(rows, 1)
        if found.by_number is None and _works(acceptance(fields, found, row, receipt=receipt))
    )
    accepted = acceptance(fields, found, receipt=receipt)
    return Offer(
        SubmissionState.HELD,
        is_acceptable=_works(accepted),
        why_not=accepted.words if isinstance(accepted, Obstacle) and found.by_number is not None else "",
        choices=choices,
        tells_sender=tells_sender,
        sends_originals=not why_no_originals(read_from, policy),
    )


def offer_accepted(submission: Submission, row: Guarantee | None, policy: Policy) -> Offer:
    """What can be done about one that was accepted for the row."""
    return Offer(
        SubmissionState.ACCEPTED,
        is_verifiable=not why_unverifiable(row),
        tells_sender=may_be_told(submission.sender, submission.reasons, policy),
        sends_originals=not why_no_originals(submission.read_from, policy),
    )


def offer_mail(state: MailState, reason: MailReason | None, papers: Sequence[Paper] | None, policy: Policy) -> Offer:
    """What can be done about a mail that a person must read. `papers`: what it brought, None = nobody has read it."""
    is_sent = not why_no_papers(reason, papers, policy)
    return Offer(state, is_reread=is_kept_whole(reason) and is_reread(state), sends_originals=is_sent)


def why_no_originals(read_from: ReadFrom, policy: Policy) -> str:
    """Why no papers of a notice can be sent to a clerk; "" = they can."""
    if not policy.originals_bytes:
        return _NO_ORIGINALS
    if read_from in {ReadFrom.BODY, ReadFrom.FORM}:
        return f"このお知らせは{read_from.words}から読み取ったもので、添付の書類はありません"
    return ""


def why_no_papers(reason: MailReason | None, papers: Sequence[Paper] | None, policy: Policy) -> str:
    """Why no papers of a mail can be sent to a clerk; "" = they can."""
    if not policy.originals_bytes:
        return _NO_ORIGINALS
    if not is_kept_whole(reason):
        return "大きすぎるなどのため、本文も添付も保存していません。受信箱のメールをご覧ください"
    return "" if papers is None or any(map(is_file, papers)) else "このメールに、添付の書類はありません"


_NO_ORIGINALS = "届いた書類を送らない設定です（設定 answers.originals_mb）。受信箱のメールをご覧ください"


def _works(found: KeyReceived | Obstacle) -> bool:
    return isinstance(found, KeyReceived)
