"""A summary's facts sorted into the lines that one desk reads. Called by workers/sweeps.py and `summary --print`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.core.decision import sender_note
from bot.core.guarantee import PRODUCT_NAMES, Guarantee, Product
from bot.core.incoming import MailRow, MailState
from bot.core.letters import Summary, SummaryLine
from bot.core.outbox import Letter, OutboxState
from bot.core.policy import Desk, Policy
from bot.core.reasons import wording
from bot.core.submission import JAPAN, Submission
from bot.core.summary import SummaryFacts, UndeliveredMail

_STATE_WORDS = {
    MailState.SORTED: "認証キーのお知らせを読み取ったもの",
    MailState.PASSED_ON: "担当者の確認が必要なメール",
    MailState.IGNORED: "自動送信等のため対象外としたもの",
    MailState.PARKED: "読み取れず保留したもの",
    MailState.RECEIVED: "処理中のもの",
}
LETTER_WORDS = {
    Letter.RECEIPT: "受付のお知らせ",
    Letter.RECEIPT_AGAIN: "再送受付のお知らせ",
    Letter.RECEIPT_DIFFERS: "相違のお知らせ",
    Letter.NOTICE_WANTED: "送付のお願い",
    Letter.VERIFIED: "確認済のお知らせ",
    Letter.SENT_BACK: "差戻しのお知らせ",
    Letter.ISSUED: "発行完了のお知らせ",
    Letter.ALERT: "担当者への確認依頼",
    Letter.MAIL_ALERT: "担当者へのメール確認依頼",
    Letter.SUMMARY: "担当者へのまとめ",
}
OUTBOX_WORDS = {
    OutboxState.QUEUED: "送信待ち",
    OutboxState.HOLD: "保留",
    OutboxState.DELIVERED: "送信済",
    OutboxState.BOUNCED: "不達",
    OutboxState.EXPIRED: "期限切れ",
    OutboxState.CANCELLED: "取消",
}


def summarise(facts: SummaryFacts, desk: Desk, policy: Policy) -> Summary:
    """The desk's summary: submissions and guarantees of its products, mails and undelivered letters of all."""

    def submissions(of: Iterable[Submission]) -> tuple[SummaryLine, ...]:
        return tuple(_submission(s) for s in of if desk.takes(s.fields.product) or s.fields.product is None)

    return Summary(
        office=policy.office,
        desk=desk.name,
        since=facts.since,
        until=facts.until,
        looked_at=facts.looked_at,
        received_count=sum(count for _, count in facts.mails),
        counts=tuple((_STATE_WORDS[state], count) for state, count in facts.mails if count),
        accepted=submissions(facts.accepted),
        held=submissions(facts.held),
        sent_back=submissions(facts.refused),
        duplicates=submissions(facts.duplicates),
        verified=submissions(facts.verified),
        passed_on=tuple(_mail(row) for row in facts.passed_on),
        parked=tuple(_mail(row) for row in facts.parked),
        issued_without_notice=tuple(_guarantee(g) for g in facts.issued_without_notice if _concerns(desk, g)),
        undelivered=tuple(_undelivered(mail) for mail in facts.undelivered),
    )


def _concerns(desk: Desk, guarantee: Guarantee) -> bool:
    return guarantee.desk == desk.name if guarantee.desk else desk.takes(guarantee.product)


def _product(product: Product | None) -> str:
    return PRODUCT_NAMES[product] if product else "保証区分不明"


def _submission(submission: Submission) -> SummaryLine:
    fields = submission.fields
    about = "／".join(text for text in (fields.project_name, fields.contractor, _product(fields.product)) if text)
    number = f"番号 {fields.number}" if fields.number else "番号なし"
    return SummaryLine(
        submission.receipt_number,
        f"{about}／{number}",
        "、".join(wording(reason) for reason in submission.reasons),
    )


def _mail(row: MailRow) -> SummaryLine:
    reason = wording(row.reason) if row.reason else ""
    told = sender_note(row.no_reply) if row.reason else ""
    return SummaryLine(
        f"メール{row.mail_id}",
        f"{row.sender or '（差出人不明）'}「{row.subject or '（件名なし）'}」 {_when(row.envelope.received_at)}",
        "、".join(text for text in (reason, row.error, told) if text),
    )


def _guarantee(guarantee: Guarantee) -> SummaryLine:
    issued = f"{_when(guarantee.issued_at)} 発行" if guarantee.issued_at else "発行日時不明"
    about = f"{guarantee.project_name}／{guarantee.contractor}／{_product(guarantee.product)}"
    return SummaryLine(guarantee.number or "番号なし", about, issued)


def _undelivered(mail: UndeliveredMail) -> SummaryLine:
    note = f"{OUTBOX_WORDS[mail.state]}・{wording(mail.reason)}（{mail.attempts}回試行）"
    return SummaryLine(f"送信{mail.outbox_id}", f"{LETTER_WORDS[mail.letter]}、宛先 {mail.recipient}", note)


def _when(at: datetime) -> str:
    local = at.astimezone(JAPAN)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
