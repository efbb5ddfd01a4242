"""The verdict on one notice: accepted, held or a duplicate, with every reason and what its sender may be told.

Called by the sorter once per notice, with what the store looked up. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.judging.against import OF_ANOTHER_KEY, is_confirmed, what_speaks_against
from bot.core.judging.guessing import keys_tried, told_of_keys
from bot.core.judging.history import (
    contradicted,
    first_of_same,
    origin_words,
    own_first,
    times_sent,
    untold,
)
from bot.core.judging.lookup import LookUp
from bot.core.judging.matching import Conflicting, Match, Matched, Unmatched, candidates_of, match
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.judging.options import may_be_told, offer_held
from bot.core.judging.sender_facts import SenderFacts
from bot.core.judging.trust import fills_row, is_a_strangers, is_known_from, is_known_sender, put_right
from bot.core.letters.reply_hints import Offer
from bot.core.mail.subject_forms import NOTHING, SubjectFields
from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.conditions import Outside, outside_by_notice, outside_by_row
from bot.core.policy.policy import Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.reasons import SubmissionReason
from bot.core.records.send_counts import canonical_mailbox
from bot.core.records.submission import ReadFrom, Submission, SubmissionState
from bot.core.text.dates import JAPAN

# Doubts about the letters themselves: then even "the same as before" can't be said.
_UNSURE = frozenset(
    {
        SubmissionReason.STRANGE_CHARACTERS,
        SubmissionReason.READ_TWICE_DIFFERENTLY,
        SubmissionReason.TWO_KEYS_IN_MAIL,
    }
)


@dataclass(frozen=True, slots=True)
class _Case:
    """A notice with what it is judged by, and what the register says to it."""

    notice: FoundNotice
    found: LookUp
    sender: SenderFacts
    policy: Policy
    at: datetime
    siblings: Sequence[Submission]
    subject: SubjectFields
    subject_decides: bool
    match: Match

    @property
    def row(self) -> Guarantee | None:
        """The one meant, or the likeliest."""
        return next(iter(candidates_of(self.match)), None)

    @property
    def is_known(self) -> bool:
        """Whether the register or a verified submission names the sender for the row."""
        domains = self.policy.free_mail_domains
        return not self.sender.is_unproven and is_known_sender(self.sender.address, self.row, self.found, domains)

    @property
    def is_vouched(self) -> bool:
        return self.sender.is_clerk or (self.is_known and self.sender.is_proven)


@dataclass(frozen=True, slots=True)
class _Guess:
    reason: SubmissionReason
    about: str
    is_told: bool


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What speaks against a case."""

    against: tuple[SubmissionReason, ...]
    guess: _Guess | None
    outside: tuple[Outside, ...]  # by the notice or the register
    outside_by_notice: tuple[Outside, ...]
    earlier: tuple[Submission, ...]  # what it was compared with
    replaces: tuple[Submission, ...]  # the sender's own with a wrong key


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
    # A subject is anybody's words, like the notice; but where our own server could not prove who wrote them, or a machine did, the
    # notice is held anyway, and its clerk should see every row that fits, not the one which those words would choose.
    subject_decides = subject_is_its_own and not (sender.is_unproven or sender.is_automatic)
    matched = match(
        notice.fields,
        _with_numbers_of(siblings, found),
        policy.rules,
        from_image=notice.read_from is ReadFrom.OCR,
        subject=subject,
        subject_decides=subject_decides,
    )
    case = _Case(notice, found, sender, policy, at, siblings, subject, subject_decides, matched)
    weighed = _weigh(case)
    against = weighed.against
    first = None if _UNSURE.intersection(against) else first_of_same(notice.fields, weighed.earlier)
    if first is not None and (first.state.is_taken or not isinstance(matched, Matched) or against):
        same = SubmissionReason.SAME_AS_ACCEPTED if first.state.is_taken else SubmissionReason.SAME_AS_WAITING
        return _verdict(case, weighed, first, SubmissionState.DUPLICATE, (same,), first.guarantee_id)
    if isinstance(matched, Matched) and not against:
        decided = matched.guarantee.guarantee_id
        return _verdict(case, weighed, first, SubmissionState.ACCEPTED, (matched.reason,), decided)
    return _verdict(case, weighed, first, SubmissionState.HELD, against, None)


def _weigh(case: _Case) -> _Weighed:
    fields, sender, policy, matched = case.notice.fields, case.sender, case.policy, case.match
    earlier: tuple[Submission, ...] = (*case.found.each_once, *case.siblings)
    replaces: tuple[Submission, ...] = ()
    guess = _guess(case, earlier)
    against = (*((guess.reason,) if guess else ()), *what_speaks_against(case.notice, matched, earlier, sender, policy))
    if is_confirmed(fields, matched):
        right = put_right(fields, earlier, case.siblings, sender, policy.free_mail_domains)
        rest = tuple(one for one in earlier if one not in right)
        if right and not what_speaks_against(case.notice, matched, rest, sender, policy):
            against, earlier, replaces = (), rest, tuple(one for one in right if one not in case.siblings)
    is_nobodys = sender.is_unproven or sender.is_automatic  # held for that
    is_known = case.is_known or case.is_vouched
    if isinstance(matched, Matched) and not is_nobodys and is_a_strangers(matched, case.found, is_known=is_known):
        against = (*against, SubmissionReason.SENDER_UNKNOWN)
    day = case.at.astimezone(JAPAN).date()
    by_notice = outside_by_notice(fields, policy.conditions, day)
    by_row = outside_by_row(matched.guarantee, policy.conditions, day) if isinstance(matched, Matched) else ()
    outside = tuple(dict.fromkeys((*by_notice, *by_row)))
    if outside:
        against = (*against, SubmissionReason.OUTSIDE_CONDITIONS)
    return _Weighed(against, guess, outside, by_notice, earlier, replaces)


def _verdict(
    case: _Case,
    weighed: _Weighed,
    first: Submission | None,
    state: SubmissionState,
    reasons: tuple[SubmissionReason, ...],
    decided: int | None,
) -> NoticeVerdict:
    fields, found, sender, matched, guess = case.notice.fields, case.found, case.sender, case.match, weighed.guess
    meant = case.row if isinstance(matched, Matched | Conflicting) else None
    others = contradicted(fields, meant, weighed.earlier)
    hidden = untold(case.row, others, weighed.earlier)
    is_alarm = bool(OF_ANOTHER_KEY.intersection(weighed.against)) or guess is not None
    is_alarm = is_alarm and (found.by_number is not None or any(one.state.is_taken for one in others))
    is_first = found.by_number is not None and not told_of_keys(fields, found.earlier, case.at, OF_ANOTHER_KEY)
    ended = weighed.replaces if state is SubmissionState.ACCEPTED else ()
    repeats_taken = first is not None and first.state.is_taken
    return NoticeVerdict(
        case.notice,
        state,
        reasons,
        (
            *matched.evidence,
            *(f"先に届いた 受付番号 {one.receipt_number}（認証キーが相違）に代わるもの" for one in ended),
            *(f"利用条件: {one.words}" for one in weighed.outside),
            # for the clerk who has no number to go by
            *([f"件名の記載: {case.subject.words}"] if found.by_number is None and case.subject.words else []),
            *(() if first else origin_words(others)),
        ),
        case.row,
        decided,
        first,
        case.is_known,
        () if repeats_taken else tuple(reason for reason in weighed.against if reason not in hidden),
        outside=weighed.outside if case.is_vouched else weighed.outside_by_notice,
        own_first=None if _UNSURE.intersection(weighed.against) else own_first(fields, found.earlier, sender),
        times_sent=times_sent(fields, found.earlier, sender, case.at),
        guessed_at=guess.about if guess else "",
        guess_is_told=guess is not None and guess.is_told,
        candidates=candidates_of(matched),
        works_numbers=case.subject.works_numbers if case.subject_decides else (),
        is_key_alarm=is_alarm,
        is_first_alarm=is_alarm and is_first,
        fills_row=isinstance(matched, Matched) and fills_row(matched, case.policy.rules, is_vouched=case.is_vouched),
        replaces=ended,
        earlier=weighed.earlier,
        offer=_offer(case, weighed.earlier, reasons) if state is SubmissionState.HELD else None,
    )


def _offer(case: _Case, earlier: tuple[Submission, ...], reasons: tuple[SubmissionReason, ...]) -> Offer:
    return offer_held(
        case.notice.fields,
        replace(case.found, earlier=earlier),
        candidates_of(case.match),
        case.policy,
        tells_sender=may_be_told(case.sender.addr_spec, reasons, case.policy),
        read_from=case.notice.read_from,
    )


def _guess(case: _Case, earlier: Sequence[Submission]) -> _Guess | None:
    """Whether the notice looks like one of many tries. Who is known to the guarantee makes mistakes and is told of them."""
    fields, sender, rules = case.notice.fields, case.sender, case.policy.guesses
    if case.is_known or case.notice.read_from is ReadFrom.OCR:  # what was misread looks like a guess, and is none
        return None

    def is_stranger(one: Submission) -> bool:
        return not is_known_from(one, case.row, case.found, case.policy.free_mail_domains)

    tried = [one for one in earlier if one.read_from is not ReadFrom.OCR]
    if keys_tried(fields, case.row, tried, case.at, is_stranger, rules) >= rules.keys:
        is_told = told_of_keys(fields, case.found.earlier, case.at)
        return _Guess(SubmissionReason.KEYS_GUESSED, fields.number, is_told)
    is_unknown = isinstance(case.match, Unmatched) and bool(fields.number)
    if is_unknown and sender.address and len(sender.unknown_numbers | {fields.number}) >= rules.unknown_numbers:
        is_told = len(sender.unknown_numbers) >= rules.unknown_numbers
        return _Guess(SubmissionReason.NUMBERS_GUESSED, canonical_mailbox(sender.address.addr_spec), is_told)
    return None


def _with_numbers_of(siblings: Sequence[Submission], found: LookUp) -> LookUp:
    """The register as it will be: a row without number that a sibling was accepted for has the sibling's by then."""
    numbers = {s.guarantee_id: s.fields.number for s in siblings if s.state is SubmissionState.ACCEPTED}
    candidates = (replace(g, number=g.number or numbers.get(g.guarantee_id, "")) for g in found.candidates)
    return replace(found, candidates=tuple(candidates))
