"""A submission: one key notice that somebody sent, from its reading to the clerk's last word.

Made by core/verdict/decide.py, kept by storage, shown to clerks. The states' one transition table stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.text.closed_list import ClosedList
from bot.core.text.dates import JAPAN


class SubmissionState(ClosedList):
    """Where a submission stands."""

    words: str  # in a list
    in_full: str  # in a letter to a clerk
    is_open: bool  # a clerk's answer can still decide it
    is_taken: bool  # a notice that says the same is a duplicate of it

    ACCEPTED = "accepted", "受付済", "受付済（D-Sure未確認）", True, True
    HELD = "held", "確認待ち", "確認待ち", True, False
    REFUSED = "refused", "差戻し", "差戻し済", False, False
    DUPLICATE = "duplicate", "重複", "重複（受付済のものと同じ内容）", False, False
    VERIFIED = "verified", "確認済", "確認済", False, True
    SUPERSEDED = (
        "superseded",
        "台帳又は別のお知らせにより終了",
        "台帳の変更、又は代わりのお知らせにより終了",
        False,
        False,
    )

    @property
    def is_standing(self) -> bool:
        """Whether it is taken or may still be; a duplicate stands or falls with the one that it repeats."""
        return self.is_open or self.is_taken


TRANSITIONS: MappingProxyType[SubmissionState, frozenset[SubmissionState]] = MappingProxyType(
    {
        # a duplicate when the same notice, sent again, was accepted meanwhile; superseded when its sender has put it right
        SubmissionState.HELD: frozenset(
            {
                SubmissionState.ACCEPTED,
                SubmissionState.REFUSED,
                SubmissionState.DUPLICATE,
                SubmissionState.SUPERSEDED,
            },
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


class ReadFrom(ClosedList):
    """Where the fields stood."""

    words: str

    PDF_TEXT = "pdf_text", "PDFの文字"
    OCR = "ocr", "画像の文字"
    BODY = "body", "メール本文"
    FORM = "form", "入力フォーム"


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


def mail_number(mail_id: int, received_at: datetime) -> str:
    """The 受付番号 of what a person must read in a mail, whatever notices it brings: 20261122-0042-0."""
    return receipt_number(mail_id, received_at, 0)


def mail_of(receipt: str) -> int:
    """The number of the mail that brought it: 20261122-0042-1 came with mail 42."""
    return int(receipt.split("-")[1])


class Field(ClosedList):
    """What a label announces."""

    words: str

    PROJECT_NAME = "project_name", "工事名"
    CONTRACTOR = "contractor", "受注者名"
    PRODUCT = "product", "保証区分"
    NUMBER = "number", "保証契約番号"
    KEY = "key", "認証キー"
    OTHER = "other", "その他"  # another label of such papers: it ends the value before it


def times_changed(submission: Submission) -> int:
    """How often the guarantee was changed after the submission had been verified."""
    return submission.reasons.count(SubmissionReason.GUARANTEE_CHANGED)


def is_seen_anew(submission: Submission) -> bool:
    """Whether it was verified, and waits for another look since the guarantee was changed."""
    is_changed = submission.reasons[-1:] == (SubmissionReason.GUARANTEE_CHANGED,)
    return submission.state is SubmissionState.ACCEPTED and is_changed
