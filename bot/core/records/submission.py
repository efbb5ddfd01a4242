"""A submission: one key notice that somebody sent, from its reading to the clerk's last word.

Made by core/verdict/decide.py, kept by storage, shown to clerks. The states' one transition table stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.text.dates import JAPAN


class SubmissionState(StrEnum):
    """Where a submission stands."""

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    VERIFIED = "verified"
    SUPERSEDED = "superseded"


TRANSITIONS: MappingProxyType[SubmissionState, frozenset[SubmissionState]] = MappingProxyType(
    {
        # a duplicate when the same notice, sent again, was accepted meanwhile
        SubmissionState.HELD: frozenset(
            {SubmissionState.ACCEPTED, SubmissionState.REFUSED, SubmissionState.DUPLICATE},
        ),
        SubmissionState.ACCEPTED: frozenset(
            {SubmissionState.VERIFIED, SubmissionState.REFUSED, SubmissionState.SUPERSEDED},
        ),
        # back to accepted when the guarantee is changed: the notice and its key stay good, the certificate must be seen anew
        SubmissionState.VERIFIED: frozenset({SubmissionState.ACCEPTED, SubmissionState.SUPERSEDED}),
        SubmissionState.REFUSED: frozenset(),
        SubmissionState.DUPLICATE: frozenset(),
        SubmissionState.SUPERSEDED: frozenset(),
    },
)


class ReadFrom(StrEnum):
    """Where the fields stood."""

    PDF_TEXT = "pdf_text"
    OCR = "ocr"
    BODY = "body"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class NoticeFields:
    """What a notice says. Text as it stands on the paper (cleaned for display), "" or None where nothing was read."""

    project_name: str
    contractor: str
    product: Product | None
    product_as_written: str  # the paper's words
    number: str  # normalised
    number_as_written: str  # the paper's
    auth_key: AuthKey | None


@dataclass(frozen=True, slots=True)
class Submission:
    """One notice's fate."""

    receipt_number: str
    state: SubmissionState
    reasons: tuple[SubmissionReason, ...]
    fields: NoticeFields
    read_from: ReadFrom
    document_name: str
    evidence: tuple[str, ...]  # the matching in words, a sentence each
    guarantee_id: int | None  # None = none decided
    sender: str
    received_at: datetime  # UTC
    sender_proven: bool = False
    # 工事番号 that the mail's subject gives for it, and by which rows that fit equally may be told apart
    works_numbers: tuple[str, ...] = ()
    moved_from: tuple[str, ...] = ()  # names of the desks at whose own addresses it arrived, where it is another desk's


def receipt_number(mail_id: int, received_at: datetime, ordinal: int) -> str:
    """受付番号: the day in Japan, the mail's number in the store, the notice's place in the mail (from 1): 20261122-0042-1.

    It is the same however often the mail is read again.
    """
    return f"{received_at.astimezone(JAPAN):%Y%m%d}-{mail_id:04d}-{ordinal}"


def mail_of(receipt: str) -> int:
    """The number of the mail that brought it: 20261122-0042-1 came with mail 42."""
    return int(receipt.split("-")[1])


class Field(StrEnum):
    """What a label announces."""

    PROJECT_NAME = "project_name"
    CONTRACTOR = "contractor"
    PRODUCT = "product"
    NUMBER = "number"
    KEY = "key"
    OTHER = "other"  # another label of such papers: it ends the value before it


def times_changed(submission: Submission) -> int:
    """How often the guarantee was changed after the submission had been verified."""
    return submission.reasons.count(SubmissionReason.GUARANTEE_CHANGED)


def is_seen_anew(submission: Submission) -> bool:
    """Whether it was verified, and waits for another look since the guarantee was changed."""
    is_changed = submission.reasons[-1:] == (SubmissionReason.GUARANTEE_CHANGED,)
    return submission.state is SubmissionState.ACCEPTED and is_changed
