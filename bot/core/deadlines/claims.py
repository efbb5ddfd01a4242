"""Which 請求書 belongs to which notice: as far as mails tell, which is never surely.

A claim is a paper of a mail (core/notice/paper_kinds.py); its text is not kept. It belongs to a notice when both came in one mail, when its mail's
subject names the number, or, once for each such paper, when the same address sent both within some days. A claim may also be on
paper: what has none here is a question to a clerk, no finding. Called by due.py. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import Submission
from bot.core.text.closed_list import ClosedList
from bot.core.text.normalise import fold


@dataclass(frozen=True, slots=True)
class SeenMail:
    """A mail as deadlines look at it. `state_at`: since when it is in its state, UTC; `claims`: how many 請求書 it brought."""

    mail_id: int
    state: MailState
    sender: str
    subject: str
    received_at: datetime
    state_at: datetime
    claims: int = 0
    desk: str = ""  # the name of the desk whose it is


@dataclass(frozen=True, slots=True)
class SeenNotice:
    """A submission, the mail that brought it, and since when it is in its state, UTC. No key is in it."""

    submission: Submission
    mail_id: int
    state_at: datetime


class Basis(ClosedList):
    """What it rests on that a claim belongs to a notice, the surest first."""

    words: str

    SAME_MAIL = "same_mail", "同じメールの請求書によります"
    NUMBER_NAMED = "number_named", "件名に番号のあるメールの請求書によります"
    SAME_SENDER = "same_sender", "同じ差出人の請求書によります"


@dataclass(frozen=True, slots=True)
class Claim:
    """The mail whose 請求書 belongs to a notice, and what that rests on."""

    mail: SeenMail
    basis: Basis


def claims_of(notices: Sequence[SeenNotice], mails: Iterable[SeenMail], window: timedelta) -> Mapping[str, Claim]:
    """The claim of each notice that has one, by receipt number; of several the first that came."""
    bringing = sorted((mail for mail in mails if mail.claims), key=lambda mail: mail.received_at)
    found: dict[str, Claim] = {}
    left = {mail.mail_id: mail.claims for mail in bringing}
    for notice in notices:
        for claim in _told_by_the_mail(notice, bringing):
            found[notice.submission.receipt_number] = claim
            left[claim.mail.mail_id] = 0  # it speaks of these notices, and of no others
            break
    pairs = (
        (abs(notice.submission.received_at - mail.received_at), notice, mail)
        for notice in notices
        for mail in bringing
        if is_same_sender(notice, mail, window)
    )
    for _, notice, mail in sorted(pairs, key=lambda pair: pair[0]):
        number = notice.submission.receipt_number
        if number not in found and left[mail.mail_id]:
            found[number] = Claim(mail, Basis.SAME_SENDER)
            left[mail.mail_id] -= 1
    return found


def _told_by_the_mail(notice: SeenNotice, mails: Iterable[SeenMail]) -> Iterator[Claim]:
    named: list[Claim] = []
    for mail in mails:
        if mail.mail_id == notice.mail_id:
            yield Claim(mail, Basis.SAME_MAIL)
        elif names(mail, notice):
            named.append(Claim(mail, Basis.NUMBER_NAMED))
    yield from named


def names(mail: SeenMail, notice: SeenNotice) -> bool:
    """Whether the mail's subject names the notice's number."""
    number = notice.submission.fields.number
    return bool(number) and number in fold(mail.subject)


def is_same_sender(notice: SeenNotice, mail: SeenMail, window: timedelta) -> bool:
    """Whether one address sent both, not further apart than the window."""
    sender = mail.sender.casefold()
    apart = abs(notice.submission.received_at - mail.received_at)
    return bool(sender) and notice.submission.sender.casefold() == sender and apart <= window


def has_notice(mail: SeenMail, notices: Iterable[SeenNotice], window: timedelta) -> bool:
    """Whether a notice came with the mail, from its sender, or with the number that it names."""
    return any(
        notice.mail_id == mail.mail_id or names(mail, notice) or is_same_sender(notice, mail, window)
        for notice in notices
    )
