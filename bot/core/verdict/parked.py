"""What is told of a mail that nobody could read: its desk, the alert, the line to a colleague who wrote it.

Called by the sorter as it parks a mail; only envelope and header are known of it. Pure; nothing is raised.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.judging.options import offer_mail
from bot.core.letters.drafts import Draft
from bot.core.letters.reply_hints import hints
from bot.core.letters.to_desks import DeskNote, MailAlert
from bot.core.mail.authentication_results import SenderProof
from bot.core.policy.mail_desks import desk_of_mail
from bot.core.policy.policy import Desk, Policy
from bot.core.records.envelope import ReceivedMail
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason
from bot.core.records.send_counts import RecentCounts
from bot.core.records.submission import mail_number
from bot.core.verdict.alerts import about_a_mail
from bot.core.verdict.colleagues import is_colleague, unread_note
from bot.core.verdict.known_mail import KnownMail


def desk_of_parked(mail: ReceivedMail, policy: Policy) -> Desk:
    """Whose it is, as far as its envelope tells: nothing in it was read."""
    envelope = mail.envelope
    return desk_of_mail(
        policy.desks, policy.desk_rules, recipients=envelope.rcpt_tos, sender=envelope.mail_from or "", subject=""
    )


def parked_alert(mail: ReceivedMail, desk: Desk, now: datetime, policy: Policy) -> Draft:
    """The alert to its desk."""
    received_at = mail.envelope.received_at
    # The moment belongs to the key: a mail that is replayed and fails again is told again. In one transaction with its
    # state, so never twice for one failure.
    key = f"parked/{mail.mail_id}/{now:%Y%m%dT%H%M%S.%f}/{desk.address}"
    context = MailAlert(
        policy.office,
        desk.name,
        mail.mail_id,
        mail_number(mail.mail_id, received_at),
        mail.envelope.mail_from or "（不明）",
        "",
        received_at,
        MailReason.READING_FAILED.words,
        (),
        "",
        "差出人には返信していません",
        hints=hints((offer_mail(MailState.PARKED, None, None, policy),)) if policy.reply_window else (),
    )
    answerable = about_a_mail(mail.mail_id, desk, now, policy.reply_window) if policy.reply_window else None
    return Draft(context, desk.address, key, answerable=answerable)


def note_of_parked(
    mail: ReceivedMail, known: KnownMail, desk: Desk, lately: RecentCounts, policy: Policy
) -> Draft | None:
    """A line to the colleague who wrote it."""
    sender, received_at = known.sender, mail.envelope.received_at
    is_his = known.signs is None and known.proof is SenderProof.PROVEN
    if sender is None or not is_his or not is_colleague(sender.addr_spec, policy):
        return None
    number, why = mail_number(mail.mail_id, received_at), MailReason.READING_FAILED.words
    note = DeskNote(policy.office, received_at, number, why, reader=desk.name)
    return unread_note(mail.mail_id, sender, note, mail.digest, lately, policy)
