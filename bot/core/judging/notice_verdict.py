"""One notice's verdict: its state with every reason, what its sender may be told, what a clerk may do.

Made by judge.py; read by what words letters and by the store. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.letters.reply_hints import Offer
from bot.core.letters.to_contractors import Difference
from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.conditions import Outside
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import ReadFrom, Submission, SubmissionState


@dataclass(frozen=True, slots=True)
class NoticeVerdict:
    """One notice's verdict."""

    notice: FoundNotice
    state: SubmissionState
    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]
    guarantee: Guarantee | None  # the one meant, or the likeliest
    decided_guarantee_id: int | None  # None = none decided
    first: Submission | None  # the submission that it repeats
    # the register or a verified submission names him for `guarantee`: only then he may be told `differences`
    sender_is_known: bool
    against: tuple[SubmissionReason, ...] = ()  # what spoke against it, also where it repeats one that waits
    outside: tuple[Outside, ...] = ()  # conditions of the city's that are not met, as far as this sender may be told
    # the first that this sender sent, of the same number and key, proven then and now; whatever became of it, unless he was told
    own_first: Submission | None = None
    times_sent: int = 0  # how often he sent this very notice in the 24 hours before
    guessed_at: str = ""  # the number, or the sender's address, about which somebody seems to be guessing; "" = nobody
    guess_is_told: bool = False  # the desks know that already
    candidates: tuple[Guarantee, ...] = ()  # the rows that a clerk may choose from, in the order of the evidence
    works_numbers: tuple[str, ...] = ()  # those of the subject's that may decide
    is_key_alarm: bool = False  # another key or number than the register has, or than was accepted
    is_first_alarm: bool = False  # the day's first about the keys of a number that the register has
    fills_row: bool = (
        True  # whether an acceptance enters number and key in the register before a clerk has verified them
    )
    replaces: tuple[
        Submission, ...
    ] = ()  # the sender's own earlier ones with a wrong key, which end with its acceptance
    earlier: tuple[Submission, ...] = ()  # what the store and the mail itself have besides, that it was compared with
    offer: Offer | None = None  # what a clerk can do about it; None = it does not wait

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs from the register, in the closed words of the letter; of two keys, the register's own is no fault.

        Of a picture only what the register itself says: the rest may be our own misreading.
        """
        registered = self.guarantee.auth_key if self.guarantee else None
        key = self.notice.fields.auth_key
        confirmed = registered is not None and key is not None and key.same_as(registered)
        told = (reason for reason in self.against if not (confirmed and reason is SubmissionReason.OTHER_KEY_BEFORE))
        if self.notice.read_from is ReadFrom.OCR:
            told = (reason for reason in told if reason in _OF_THE_REGISTER)
        return tuple(DIFFERENCES[reason] for reason in told if reason in DIFFERENCES)

    @property
    def repeats_accepted(self) -> bool:
        """Whether the same notice was accepted before."""
        return self.first is not None and self.first.state.is_taken

    @property
    def key_received(self) -> KeyReceived | None:
        """The effect of an acceptance on the register."""
        fields, is_accepted = self.notice.fields, self.state is SubmissionState.ACCEPTED and self.fills_row
        if not is_accepted or self.decided_guarantee_id is None or fields.auth_key is None:
            return None
        return KeyReceived(self.decided_guarantee_id, fields.number, fields.auth_key)


DIFFERENCES = {
    SubmissionReason.NUMBER_DIFFERS: Difference.NUMBER,
    SubmissionReason.KEY_DIFFERS: Difference.KEY,
    SubmissionReason.OTHER_KEY_BEFORE: Difference.OTHER_KEY_BEFORE,
    SubmissionReason.PROJECT_NAME_DIFFERS: Difference.PROJECT_NAME,
    SubmissionReason.CONTRACTOR_DIFFERS: Difference.CONTRACTOR,
    SubmissionReason.PRODUCT_DIFFERS: Difference.PRODUCT,
    SubmissionReason.GUARANTEE_ON_PAPER: Difference.ON_PAPER,
    SubmissionReason.GUARANTEE_CANCELLED: Difference.CANCELLED,
    SubmissionReason.GUARANTEE_EXPIRED: Difference.EXPIRED,
}
_OF_THE_REGISTER = frozenset(
    {
        SubmissionReason.GUARANTEE_ON_PAPER,
        SubmissionReason.GUARANTEE_CANCELLED,
        SubmissionReason.GUARANTEE_EXPIRED,
    },
)
