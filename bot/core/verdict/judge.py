"""The verdict on one notice: accepted, held or a duplicate, with every reason and what its sender may be told.

Called by the sorter once per notice, with what the store looked up. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.letters.reply_hints import Offer
from bot.core.letters.to_contractors import Difference
from bot.core.mail.message import Address
from bot.core.mail.subject_forms import NOTHING, SubjectFields
from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.conditions import Outside, outside_by_notice, outside_by_row
from bot.core.policy.policy import Formats, Policy, Rules
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.reasons import SubmissionReason
from bot.core.records.send_counts import canonical_mailbox
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.text.dates import JAPAN
from bot.core.verdict.corrections import put_right
from bot.core.verdict.guessing import keys_tried, told_of_keys
from bot.core.verdict.history import (
    contradicted,
    first_of_same,
    history_against,
    origin_words,
    own_first,
    taken_by_another,
    times_sent,
    untold,
)
from bot.core.verdict.lookup import LookUp
from bot.core.verdict.mail_verdict import SenderFacts
from bot.core.verdict.matching import Ambiguous, Conflicting, Match, Matched, Unmatched, candidates_of, match
from bot.core.verdict.options import may_be_told, offer_held
from bot.core.verdict.trust import fills_row, is_a_strangers, is_known_from, is_known_sender


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
        return tuple(_DIFFERENCES[reason] for reason in told if reason in _DIFFERENCES)

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
# Doubts about the letters themselves: then even "the same as before" can't be said.
_UNSURE = frozenset(
    {
        SubmissionReason.STRANGE_CHARACTERS,
        SubmissionReason.READ_TWICE_DIFFERENTLY,
        SubmissionReason.TWO_KEYS_IN_MAIL,
    }
)


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
    fields = notice.fields
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
    earlier = (*_each_once(found), *siblings)
    known = not sender.is_unproven and is_known_sender(sender.address, guarantee, found, policy.free_mail_domains)
    is_vouched = sender.is_clerk or (known and sender.is_proven)
    # What was misread looks like a guess, and is none.
    tried = [one for one in earlier if one.read_from is not ReadFrom.OCR]
    guess = None if is_image else _guess(fields, verdict, found, tried, sender, policy, at, is_known=known)
    against = (*((guess.reason,) if guess else ()), *_against(notice, verdict, earlier, sender, policy))
    day = at.astimezone(JAPAN).date()
    by_notice = outside_by_notice(fields, policy.conditions, day)
    by_row = outside_by_row(guarantee, policy.conditions, day) if guarantee and isinstance(verdict, Matched) else ()
    replaces: tuple[Submission, ...] = ()
    if _is_confirmed(fields, verdict):
        right = put_right(fields, earlier, siblings, sender, policy.free_mail_domains)
        rest = tuple(one for one in earlier if one not in right)
        if right and not _against(notice, verdict, rest, sender, policy):
            against, earlier, replaces = (), rest, tuple(one for one in right if one not in siblings)
    is_nobodys = sender.is_unproven or sender.is_automatic  # held for that
    if isinstance(verdict, Matched) and not is_nobodys and is_a_strangers(verdict, found, is_known=known or is_vouched):
        against = (*against, SubmissionReason.SENDER_UNKNOWN)
    outside = tuple(dict.fromkeys((*by_notice, *by_row)))
    if outside:
        against = (*against, SubmissionReason.OUTSIDE_CONDITIONS)
    first = None if _UNSURE.intersection(against) else first_of_same(fields, earlier)
    others = contradicted(fields, guarantee if isinstance(verdict, Matched | Conflicting) else None, earlier)

    is_alarm = bool(_OF_ANOTHER_KEY.intersection(against)) or guess is not None
    is_alarm = is_alarm and (found.by_number is not None or any(one.state.is_taken for one in others))
    is_first = found.by_number is not None and not told_of_keys(fields, found.earlier, at, _OF_ANOTHER_KEY)

    def judged(state: SubmissionState, reasons: tuple[SubmissionReason, ...], decided: int | None) -> NoticeVerdict:
        taken = first is not None and first.state.is_taken
        hidden = untold(guarantee, others, earlier)
        told = () if taken else tuple(reason for reason in against if reason not in hidden)
        ended = replaces if state is SubmissionState.ACCEPTED else ()
        replacing = (f"先に届いた 受付番号 {one.receipt_number}（認証キーが相違）に代わるもの" for one in ended)
        return NoticeVerdict(
            notice,
            state,
            reasons,
            (
                *verdict.evidence,
                *replacing,
                *(f"利用条件: {one.words}" for one in outside),
                *_subject_read(subject, found),
                *(() if first else origin_words(others)),
            ),
            guarantee,
            decided,
            first,
            known,
            told,
            outside=outside if is_vouched else by_notice,
            own_first=None if _UNSURE.intersection(against) else own_first(fields, found.earlier, sender),
            times_sent=times_sent(fields, found.earlier, sender, at),
            guessed_at=guess.about if guess else "",
            guess_is_told=guess is not None and guess.is_told,
            candidates=candidates_of(verdict),
            works_numbers=subject.works_numbers if subject_decides else (),
            is_key_alarm=is_alarm,
            is_first_alarm=is_alarm and is_first,
            fills_row=isinstance(verdict, Matched) and fills_row(verdict, policy.rules, is_vouched=is_vouched),
            replaces=ended,
            earlier=tuple(earlier),
            offer=_offered(state, reasons),
        )

    def _offered(state: SubmissionState, reasons: tuple[SubmissionReason, ...]) -> Offer | None:
        told = may_be_told(sender.address.addr_spec if sender.address is not None else "", reasons, policy)
        if state is not SubmissionState.HELD:
            return None
        return offer_held(
            fields,
            replace(found, earlier=tuple(earlier)),
            candidates_of(verdict),
            policy,
            tells_sender=told,
            read_from=notice.read_from,
        )

    if first is not None and (first.state.is_taken or not isinstance(verdict, Matched) or against):
        same = SubmissionReason.SAME_AS_ACCEPTED if first.state.is_taken else SubmissionReason.SAME_AS_WAITING
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
        return not is_known_from(one, guarantee, found, policy.free_mail_domains)

    if keys_tried(fields, guarantee, earlier, at, is_stranger, rules) >= rules.keys:
        is_told = told_of_keys(fields, found.earlier, at)
        return _Guess(SubmissionReason.KEYS_GUESSED, fields.number, is_told)
    is_unknown = isinstance(verdict, Unmatched) and bool(fields.number)
    if is_unknown and sender.address and len(sender.unknown_numbers | {fields.number}) >= rules.unknown_numbers:
        is_told = len(sender.unknown_numbers) >= rules.unknown_numbers
        return _Guess(SubmissionReason.NUMBERS_GUESSED, canonical_mailbox(sender.address.addr_spec), is_told)
    return None


def _with_numbers_of(siblings: Sequence[Submission], found: LookUp) -> LookUp:
    """The register as it will be: a row without number that a sibling was accepted for has the sibling's by then."""
    numbers = {s.guarantee_id: s.fields.number for s in siblings if s.state is SubmissionState.ACCEPTED}
    candidates = (replace(g, number=g.number or numbers.get(g.guarantee_id, "")) for g in found.candidates)
    return replace(found, candidates=tuple(candidates))


def _each_once(found: LookUp) -> tuple[Submission, ...]:
    return tuple({one.receipt_number: one for one in (*found.earlier, *found.unverified)}.values())


def _meant(verdict: Match) -> Guarantee | None:
    return next(iter(candidates_of(verdict)), None)


def _against(
    notice: FoundNotice, verdict: Match, earlier: Sequence[Submission], sender: SenderFacts, policy: Policy
) -> tuple[SubmissionReason, ...]:
    """Everything that speaks against acceptance, in the order in which a clerk should read it."""
    fields = notice.fields
    reasons = [*notice.doubts, *_of_match(verdict)]
    if isinstance(verdict, Matched) and _is_confirmed(fields, verdict):
        reasons = [one for one in reasons if one is not SubmissionReason.TWO_KEYS_IN_MAIL]  # the register chooses
    if isinstance(verdict, Matched) and verdict.guarantee.product not in policy.automatic_products:
        reasons.append(SubmissionReason.PRODUCT_NOT_AUTOMATIC)
    if notice.read_from is ReadFrom.OCR and not _is_confirmed(fields, verdict):
        reasons.append(SubmissionReason.READ_FROM_IMAGE)
    reasons += _format_doubts(fields, verdict, policy.formats)
    reasons += history_against(fields, earlier)
    if isinstance(verdict, Matched) and _is_taken(verdict, fields, earlier):
        reasons.append(SubmissionReason.OTHER_NOTICE_BEFORE)
    if sender.is_automatic:
        reasons.append(SubmissionReason.SENDER_AUTOMATIC)
    elif sender.is_unproven:
        reasons.append(SubmissionReason.SENDER_UNPROVEN)
    # Another key for a number is an alarm, and is read before anything else.
    return tuple(dict.fromkeys(sorted(reasons, key=lambda reason: reason not in _OF_ANOTHER_KEY)))


def _is_taken(matched: Matched, fields: NoticeFields, earlier: Sequence[Submission]) -> bool:
    """Whether another notice stands for the row; what has the register's own number and key takes the place of an unverified one."""
    others = taken_by_another(fields, matched.guarantee, earlier)
    if matched.reason is SubmissionReason.NUMBER_AND_KEY_MATCH:
        return any(one.state is SubmissionState.VERIFIED for one in others)
    return bool(others)


_OF_ANOTHER_KEY = frozenset(
    {SubmissionReason.KEY_DIFFERS, SubmissionReason.OTHER_KEY_BEFORE, SubmissionReason.OTHER_NOTICE_BEFORE}
)


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


def _format_doubts(fields: NoticeFields, verdict: Match, formats: Formats) -> list[SubmissionReason]:
    """A form that we don't know is no fault where the register has the very number, the very key."""
    doubts: list[SubmissionReason] = []
    guarantee = verdict.guarantee if isinstance(verdict, Matched | Conflicting) else None
    in_register = guarantee is not None and guarantee.number == fields.number
    if fields.number and not in_register and not formats.is_number(fields.number):
        doubts.append(SubmissionReason.NUMBER_FORMAT)
    key = fields.auth_key
    registered = guarantee.auth_key if guarantee is not None else None
    if key is not None and not formats.is_key(key.reveal()):
        confirmed = registered is not None and key.same_as(registered)
        doubts += [] if confirmed else [SubmissionReason.KEY_FORMAT]
    return doubts


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
    SubmissionReason.SENDER_UNKNOWN,
    SubmissionReason.OTHER_NOTICE_BEFORE,
}


@dataclass(frozen=True, slots=True)
class Corrected:
    """A waiting submission with a field put right: what speaks against it now, the evidence, the rows to choose from."""

    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]
    candidates: tuple[Guarantee, ...]


def judge_corrected(submission: Submission, fields: NoticeFields, found: LookUp, rules: Rules) -> Corrected:
    """Judge it anew with `fields`; `found`: what the store knows of these. A person's word makes nothing accepted by itself."""
    verdict = _matched_again(submission, fields, found, rules)
    reasons = [reason for reason in submission.reasons if reason not in _OF_MATCHING]
    reasons += _of_match(verdict)
    reasons += history_against(
        fields, [one for one in found.earlier if one.receipt_number != submission.receipt_number]
    )
    reasons.append(SubmissionReason.CLERK_CORRECTED)
    return Corrected(tuple(dict.fromkeys(reasons)), verdict.evidence, candidates_of(verdict))


def _matched_again(submission: Submission, fields: NoticeFields, found: LookUp, rules: Rules) -> Match:
    return match(
        fields,
        found,
        rules,
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
        SubmissionReason.SENDER_UNKNOWN,  # until the register has the very number and key, or names him
        SubmissionReason.OTHER_KEY_BEFORE,  # until the register has the very key
    },
)


def is_waiting_for_register(submission: Submission) -> bool:
    """Whether a held submission waits only because the register did not know it."""
    return submission.state is SubmissionState.HELD and _REGISTER_WAS_BEHIND.issuperset(submission.reasons)


@dataclass(frozen=True, slots=True)
class Accepted:
    """That a waiting submission is accepted after all. `key_received`: None = nothing is entered before a clerk has verified it."""

    guarantee: Guarantee
    reason: SubmissionReason
    key_received: KeyReceived | None
    replaces: tuple[Submission, ...]  # its sender's own with another key, which end with it


def rejudge(submission: Submission, found: LookUp, policy: Policy) -> Accepted | None:
    """Whether a waiting submission is accepted with the register as it is now; None while a person is still needed."""
    fields = submission.fields
    others = [one for one in _each_once(found) if one.receipt_number != submission.receipt_number]
    verdict = _matched_again(submission, fields, found, policy.rules)
    right: tuple[Submission, ...] = ()
    if _is_confirmed(fields, verdict):
        address, is_proven = Address("", submission.sender), submission.sender_proven
        sender = SenderFacts(address, is_proven, is_unproven=False, is_automatic=False)  # else it would not wait
        right = put_right(fields, others, (), sender, policy.free_mail_domains)
    elif SubmissionReason.OTHER_KEY_BEFORE in submission.reasons:
        return None
    others = [one for one in others if one not in right]
    if history_against(fields, others) or any(one.state.is_taken for one in found.earlier if one not in right):
        return None
    if not isinstance(verdict, Matched) or verdict.guarantee.product not in policy.automatic_products:
        return None
    guarantee, key = verdict.guarantee, fields.auth_key
    if key is None or taken_by_another(fields, guarantee, others):
        return None
    if submission.read_from is ReadFrom.OCR and not _is_confirmed(fields, verdict):
        return None
    is_clerks = submission.read_from is ReadFrom.FORM
    known = is_known_from(submission, guarantee, found, policy.free_mail_domains)
    if is_a_strangers(verdict, found, is_known=known or is_clerks):
        return None
    is_vouched = is_clerks or (known and submission.sender_proven)
    fills = fills_row(verdict, policy.rules, is_vouched=is_vouched)
    received = KeyReceived(guarantee.guarantee_id, fields.number, key) if fills else None
    return Accepted(guarantee, verdict.reason, received, right)
