"""The verdict on one notice: accepted, held or a duplicate, with every reason and what its sender may be told.

Called by the sorter once per notice, with what the store looked up. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.letters.contexts import Difference
from bot.core.mail.addresses import is_free_mail
from bot.core.mail.message import Address
from bot.core.mail.subject_forms import NOTHING, SubjectFields
from bot.core.notice.evidence import look_alike
from bot.core.notice.interpret import FoundNotice
from bot.core.policy.policy import Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.reasons import SubmissionReason
from bot.core.records.send_counts import canonical_mailbox
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.text.normalise import fold_contractor, fold_name
from bot.core.verdict.guessing import keys_tried, told_of_keys
from bot.core.verdict.lookup import LookUp
from bot.core.verdict.matching import Ambiguous, Conflicting, Match, Matched, Unmatched, candidates_of, match


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """Who sent it: the one plain address or None; whether our MX proved it; whether a machine wrote the mail.

    `unknown_numbers`: those that he named today and that the register does not know.
    """

    address: Address | None
    is_proven: bool
    is_unproven: bool  # our MX looked and could not prove it; False where nobody looks
    is_automatic: bool
    unknown_numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NoticeVerdict:
    """One notice's verdict. `guarantee`: the one meant, or the likeliest; `first`: the submission that it repeats.

    `sender_is_known`: the register or an accepted submission names him for `guarantee`; only then may he be told
    `differences`. `times_sent`: how often he sent this very notice in the 24 hours before. `guessed_at`: the number, or the
    sender's address, about which somebody seems to be guessing; `guess_is_told`: the desks know that already. `candidates`: the
    rows that a clerk may choose from, in the order of the evidence. `works_numbers`: those of the subject's that may decide.
    """

    notice: FoundNotice
    state: SubmissionState
    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]
    guarantee: Guarantee | None
    decided_guarantee_id: int | None
    first: Submission | None
    sender_is_known: bool
    against: tuple[SubmissionReason, ...] = ()  # what spoke against it, also where it repeats one that waits
    times_sent: int = 0
    guessed_at: str = ""
    guess_is_told: bool = False
    candidates: tuple[Guarantee, ...] = ()
    works_numbers: tuple[str, ...] = ()

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs from the register, in the closed words of the letter; of two keys, the register's own is no fault.

        Of a picture only what the register itself says: the rest may be our own misreading.
        """
        registered = self.guarantee.auth_key if self.guarantee else None
        key = self.notice.reading.fields.auth_key
        confirmed = registered is not None and key is not None and key.same_as(registered)
        told = (reason for reason in self.against if not (confirmed and reason is SubmissionReason.OTHER_KEY_BEFORE))
        if self.notice.read_from is ReadFrom.OCR:
            told = (reason for reason in told if reason in _OF_THE_REGISTER)
        return tuple(_DIFFERENCES[reason] for reason in told if reason in _DIFFERENCES)

    @property
    def repeats_accepted(self) -> bool:
        """Whether the same notice was accepted before."""
        return self.first is not None and self.first.state in _TAKEN

    @property
    def key_received(self) -> KeyReceived | None:
        """The effect of an acceptance on the register."""
        fields = self.notice.reading.fields
        if self.state is not SubmissionState.ACCEPTED or self.decided_guarantee_id is None or fields.auth_key is None:
            return None
        return KeyReceived(self.decided_guarantee_id, fields.number, fields.auth_key)


_DIFFERENCES = {
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
_TAKEN = frozenset({SubmissionState.ACCEPTED, SubmissionState.VERIFIED})
# A duplicate stands or falls with the one that it repeats.
_STANDING = _TAKEN | {SubmissionState.HELD}
# Doubts about the letters themselves: then even "the same as before" can't be said.
_UNSURE = frozenset({SubmissionReason.STRANGE_CHARACTERS, SubmissionReason.READ_TWICE_DIFFERENTLY})


def judge(
    notice: FoundNotice,
    found: LookUp,
    sender: SenderFacts,
    policy: Policy,
    at: datetime,
    siblings: Sequence[Submission] = (),
    *,
    subject: SubjectFields = NOTHING,
    subject_is_its_own: bool = True,
) -> NoticeVerdict:
    """Judge one notice that came `at`. `siblings`: the submissions already judged from the same mail.

    `subject`: what the mail's subject says; `subject_is_its_own`: whether that can't be meant for another notice of the mail.
    """
    fields = notice.reading.fields
    is_image = notice.read_from is ReadFrom.OCR
    # A subject is anybody's words, like the notice; but where our own server could not prove who wrote them, or a machine did, the
    # notice is held anyway, and its clerk should see every row that fits, not the one which those words would choose.
    subject_decides = subject_is_its_own and not (sender.is_unproven or sender.is_automatic)
    verdict = match(
        fields,
        _with_numbers_of(siblings, found),
        policy.rules,
        from_image=is_image,
        subject=subject,
        subject_decides=subject_decides,
    )
    guarantee = _meant(verdict)
    earlier = (*found.earlier, *siblings)
    known = is_known_sender(sender.address, guarantee, found, policy.free_mail_domains)
    # What was misread looks like a guess, and is none.
    tried = [one for one in earlier if one.read_from is not ReadFrom.OCR]
    guess = None if is_image else _guess(fields, verdict, found, tried, sender, policy, at, is_known=known)
    against = (*((guess.reason,) if guess else ()), *_against(notice, verdict, earlier, sender, policy))
    first = None if _UNSURE.intersection(against) else _first_of_same(fields, earlier)

    def judged(state: SubmissionState, reasons: tuple[SubmissionReason, ...], decided: int | None) -> NoticeVerdict:
        taken = first is not None and first.state in _TAKEN
        told = () if taken else against
        return NoticeVerdict(
            notice,
            state,
            reasons,
            (*verdict.evidence, *_subject_read(subject, found)),
            guarantee,
            decided,
            first,
            known,
            told,
            times_sent=_times_sent(fields, found.earlier, sender, at),
            guessed_at=guess.about if guess else "",
            guess_is_told=guess is not None and guess.is_told,
            candidates=candidates_of(verdict),
            works_numbers=subject.works_numbers if subject_decides else (),
        )

    if first is not None and (first.state in _TAKEN or not isinstance(verdict, Matched) or against):
        same = SubmissionReason.SAME_AS_ACCEPTED if first.state in _TAKEN else SubmissionReason.SAME_AS_WAITING
        return judged(SubmissionState.DUPLICATE, (same,), first.guarantee_id)
    if isinstance(verdict, Matched) and not against:
        return judged(SubmissionState.ACCEPTED, (verdict.reason,), verdict.guarantee.guarantee_id)
    return judged(SubmissionState.HELD, against, None)


def _subject_read(subject: SubjectFields, found: LookUp) -> tuple[str, ...]:
    """What the subject says, for the clerk who has no number to go by."""
    return (f"件名の記載: {subject.words}",) if found.by_number is None and subject.words else ()


@dataclass(frozen=True, slots=True)
class _Guess:
    reason: SubmissionReason
    about: str
    is_told: bool


def _guess(
    fields: NoticeFields,
    verdict: Match,
    found: LookUp,
    earlier: Sequence[Submission],
    sender: SenderFacts,
    policy: Policy,
    at: datetime,
    *,
    is_known: bool,
) -> _Guess | None:
    """Whether the notice looks like one of many tries. Who is known to the guarantee makes mistakes and is told of them."""
    if is_known:
        return None
    guarantee, rules = _meant(verdict), policy.guesses

    def is_stranger(one: Submission) -> bool:
        return not is_known_sender(Address("", one.sender), guarantee, found, policy.free_mail_domains)

    if keys_tried(fields, guarantee, earlier, at, is_stranger, rules) >= rules.keys:
        is_told = told_of_keys(fields, found.earlier, at)
        return _Guess(SubmissionReason.KEYS_GUESSED, fields.number, is_told)
    is_unknown = isinstance(verdict, Unmatched) and bool(fields.number)
    if is_unknown and sender.address and len(sender.unknown_numbers | {fields.number}) >= rules.unknown_numbers:
        is_told = len(sender.unknown_numbers) >= rules.unknown_numbers
        return _Guess(SubmissionReason.NUMBERS_GUESSED, canonical_mailbox(sender.address.addr_spec), is_told)
    return None


_LATELY = timedelta(days=1)


def _times_sent(fields: NoticeFields, earlier: Sequence[Submission], sender: SenderFacts, at: datetime) -> int:
    """How often this sender sent this number and key lately; what the register says of them plays no part."""
    if sender.address is None or fields.auth_key is None:
        return 0
    own = canonical_mailbox(sender.address.addr_spec)
    return sum(
        one.fields.number == fields.number
        and one.fields.auth_key is not None
        and one.fields.auth_key.same_as(fields.auth_key)
        and canonical_mailbox(one.sender) == own
        and one.received_at >= at - _LATELY
        for one in earlier
    )


def _with_numbers_of(siblings: Sequence[Submission], found: LookUp) -> LookUp:
    """The register as it will be: a row without number that a sibling was accepted for has the sibling's by then."""
    numbers = {s.guarantee_id: s.fields.number for s in siblings if s.state is SubmissionState.ACCEPTED}
    candidates = (replace(g, number=g.number or numbers.get(g.guarantee_id, "")) for g in found.candidates)
    return replace(found, candidates=tuple(candidates))


def _meant(verdict: Match) -> Guarantee | None:
    return next(iter(candidates_of(verdict)), None)


def _against(
    notice: FoundNotice, verdict: Match, earlier: Sequence[Submission], sender: SenderFacts, policy: Policy
) -> tuple[SubmissionReason, ...]:
    """Everything that speaks against acceptance, in the order in which a clerk should read it."""
    fields = notice.reading.fields
    reasons = [*notice.reading.doubts, *_of_match(verdict)]
    if isinstance(verdict, Matched) and verdict.guarantee.product not in policy.automatic_products:
        reasons.append(SubmissionReason.PRODUCT_NOT_AUTOMATIC)
    if notice.read_from is ReadFrom.OCR and not _is_confirmed(fields, verdict):
        reasons.append(SubmissionReason.READ_FROM_IMAGE)
    reasons += _format_doubts(fields, verdict, policy)
    reasons += _history_against(fields, earlier)
    if sender.is_automatic:
        reasons.append(SubmissionReason.SENDER_AUTOMATIC)
    elif sender.is_unproven:
        reasons.append(SubmissionReason.SENDER_UNPROVEN)
    # Another key for a number is an alarm, and is read before anything else.
    return tuple(dict.fromkeys(sorted(reasons, key=lambda reason: reason not in _OF_ANOTHER_KEY)))


_OF_ANOTHER_KEY = frozenset({SubmissionReason.KEY_DIFFERS, SubmissionReason.OTHER_KEY_BEFORE})


def _of_match(verdict: Match) -> tuple[SubmissionReason, ...]:
    """What the register says against it."""
    match verdict:
        case Matched():
            return ()
        case Conflicting(reasons=conflicts):
            return conflicts
        case Ambiguous():
            return (SubmissionReason.SEVERAL_CANDIDATES,)
        case Unmatched(reason=reason):
            return (reason,)


def _is_confirmed(fields: NoticeFields, verdict: Match) -> bool:
    """Whether the register has this very number and key: a picture proves nothing by itself."""
    if not isinstance(verdict, Matched | Conflicting):
        return False
    if verdict.guarantee.auth_key is None or fields.auth_key is None:
        return False
    return verdict.guarantee.number == fields.number and fields.auth_key.same_as(verdict.guarantee.auth_key)


def _format_doubts(fields: NoticeFields, verdict: Match, policy: Policy) -> list[SubmissionReason]:
    """A form that we don't know is no fault where the register has the very number, the very key."""
    doubts: list[SubmissionReason] = []
    guarantee = verdict.guarantee if isinstance(verdict, Matched | Conflicting) else None
    in_register = guarantee is not None and guarantee.number == fields.number
    if fields.number and not in_register and not policy.formats.is_number(fields.number):
        doubts.append(SubmissionReason.NUMBER_FORMAT)
    key = fields.auth_key
    registered = guarantee.auth_key if guarantee is not None else None
    if key is not None and not policy.formats.is_key(key.reveal()):
        confirmed = registered is not None and key.same_as(registered)
        doubts += [] if confirmed else [SubmissionReason.KEY_FORMAT]
    return doubts


def _history_against(fields: NoticeFields, earlier: Sequence[Submission]) -> list[SubmissionReason]:
    """The same number with another key is always held: a machine must not choose. A key that was misread from a picture is none."""
    if not fields.number or fields.auth_key is None:
        return []
    reasons: list[SubmissionReason] = []
    for submission in earlier:
        if submission.fields.number != fields.number or submission.fields.auth_key is None:
            continue
        same_key = fields.auth_key.same_as(submission.fields.auth_key)
        if same_key and submission.state is SubmissionState.REFUSED:
            reasons.append(SubmissionReason.REFUSED_BEFORE)
        is_picture = submission.read_from is ReadFrom.OCR and submission.state not in _TAKEN
        is_misread = is_picture and look_alike(fields.auth_key, submission.fields.auth_key)
        if not same_key and submission.state in _STANDING and not is_misread:
            reasons.append(SubmissionReason.OTHER_KEY_BEFORE)
    return reasons


def _says_the_same(a: NoticeFields, b: NoticeFields) -> bool:
    """Whether two notices with one number and key are one notice: a waiting one with other names needs a look of its own."""
    return (
        fold_name(a.project_name) == fold_name(b.project_name)
        and fold_contractor(a.contractor) == fold_contractor(b.contractor)
        and a.product is b.product
    )


def _first_of_same(fields: NoticeFields, earlier: Sequence[Submission]) -> Submission | None:
    """The submission with the same number and key that stands: an accepted one before a waiting one."""
    if not fields.number or fields.auth_key is None:
        return None
    same = [
        s
        for s in earlier
        if s.fields.number == fields.number
        and s.fields.auth_key is not None
        and fields.auth_key.same_as(s.fields.auth_key)
        and (s.state in _TAKEN or (s.state is SubmissionState.HELD and _says_the_same(fields, s.fields)))
    ]
    return min(same, key=lambda s: s.state not in _TAKEN, default=None)


def is_known_sender(
    address: Address | None, guarantee: Guarantee | None, found: LookUp, free_mail_domains: frozenset[str]
) -> bool:
    """Whether the sender is no stranger to this guarantee: its address, or its domain where not everyone can have one."""
    if address is None or not address.addr_spec or guarantee is None:
        return False
    known = {sender for guarantee_id, sender in found.known_senders if guarantee_id == guarantee.guarantee_id}
    if guarantee.email:
        known.add(guarantee.email)
    own = address.addr_spec.casefold()
    for other in (sender.casefold() for sender in known):
        domain = other.rpartition("@")[2]
        if other == own or (domain == address.domain and not is_free_mail(domain, free_mail_domains)):
            return True
    return False


# What matching and the history say; the rest of a submission's reasons is about its paper and its sender, and stays.
_OF_MATCHING = frozenset(_DIFFERENCES) | {
    SubmissionReason.NOT_IN_REGISTER,
    SubmissionReason.SEVERAL_CANDIDATES,
    SubmissionReason.SIMILAR_ONLY,
    SubmissionReason.NAMES_MISSING,
    SubmissionReason.NUMBER_MISSING,
    SubmissionReason.NUMBER_FORMAT,
    SubmissionReason.REFUSED_BEFORE,
    SubmissionReason.NUMBERS_GUESSED,
}


@dataclass(frozen=True, slots=True)
class Corrected:
    """A waiting submission with a field put right: what speaks against it now, the evidence, the rows to choose from."""

    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]
    candidates: tuple[Guarantee, ...]


def judge_corrected(submission: Submission, fields: NoticeFields, found: LookUp, policy: Policy) -> Corrected:
    """Judge it anew with `fields`; `found`: what the store knows of these. A person's word makes nothing accepted by itself."""
    verdict = _matched_again(submission, fields, found, policy)
    reasons = [reason for reason in submission.reasons if reason not in _OF_MATCHING]
    reasons += _of_match(verdict)
    reasons += _history_against(
        fields, [one for one in found.earlier if one.receipt_number != submission.receipt_number]
    )
    reasons.append(SubmissionReason.CLERK_CORRECTED)
    return Corrected(tuple(dict.fromkeys(reasons)), verdict.evidence, candidates_of(verdict))


def _matched_again(submission: Submission, fields: NoticeFields, found: LookUp, policy: Policy) -> Match:
    return match(
        fields,
        found,
        policy.rules,
        from_image=submission.read_from is ReadFrom.OCR,
        subject=SubjectFields(submission.works_numbers),
        subject_decides=True,
    )


# What a later import of the register can put right without a person.
_REGISTER_WAS_BEHIND = frozenset(
    {
        SubmissionReason.NOT_IN_REGISTER,
        SubmissionReason.SIMILAR_ONLY,
        SubmissionReason.NUMBER_DIFFERS,
        SubmissionReason.SEVERAL_CANDIDATES,
        SubmissionReason.READ_FROM_IMAGE,  # until the register has the very key
        SubmissionReason.NUMBERS_GUESSED,  # a firm with many works before the register has them looks the same
    },
)


def is_waiting_for_register(submission: Submission) -> bool:
    """Whether a held submission waits only because the register did not know it."""
    return submission.state is SubmissionState.HELD and _REGISTER_WAS_BEHIND.issuperset(submission.reasons)


def rejudge(submission: Submission, found: LookUp, policy: Policy) -> Matched | None:
    """The match of a waiting submission in the register as it is now; None while a person is still needed."""
    others = [s for s in found.earlier if s.receipt_number != submission.receipt_number]
    if _history_against(submission.fields, others) or any(s.state in _TAKEN for s in others):
        return None
    is_image = submission.read_from is ReadFrom.OCR
    verdict = _matched_again(submission, submission.fields, found, policy)
    if is_image and not _is_confirmed(submission.fields, verdict):
        return None
    if not isinstance(verdict, Matched) or verdict.guarantee.product not in policy.automatic_products:
        return None
    return verdict
