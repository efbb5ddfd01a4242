"""What earlier submissions say about a notice: the same one came before, another one was sent back, or one contradicts it.

Called by judge.py with what the store found. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.core.judging.sender_facts import SenderFacts
from bot.core.notice.evidence import look_alike
from bot.core.records.guarantee import Guarantee
from bot.core.records.reasons import SubmissionReason
from bot.core.records.send_counts import canonical_mailbox
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.text.dates import JAPAN
from bot.core.text.normalise import clean, fold_contractor, fold_name

_LATELY = timedelta(days=1)
_SHOWN = 3  # contradicting submissions that a clerk can compare at a glance


def times_sent(fields: NoticeFields, earlier: Sequence[Submission], sender: SenderFacts, at: datetime) -> int:
    """How often this sender sent this number and key lately; what the register says of them plays no part."""
    if sender.address is None or fields.auth_key is None:
        return 0
    own = canonical_mailbox(sender.address.addr_spec)
    return sum(
        _is_same(fields, one.fields) and canonical_mailbox(one.sender) == own and at - _LATELY <= one.received_at <= at
        for one in earlier
    )


def own_first(fields: NoticeFields, earlier: Sequence[Submission], sender: SenderFacts) -> Submission | None:
    """The first that this very sender sent of this number and key, proven both times; what the register says plays no part.

    One that was sent back is none: he was told, and sends it anew.
    """
    if sender.address is None or not sender.is_proven or fields.auth_key is None:
        return None
    own = canonical_mailbox(sender.address.addr_spec)
    same = [
        one
        for one in earlier
        if one.sender_proven
        and one.state is not SubmissionState.REFUSED
        and canonical_mailbox(one.sender) == own
        and _is_same(fields, one.fields)
    ]
    return min(same, key=lambda one: one.received_at, default=None)


def first_of_same(fields: NoticeFields, earlier: Sequence[Submission]) -> Submission | None:
    """The submission with the same number and key that stands: an accepted one before a waiting one."""
    same = [
        one
        for one in earlier
        if _is_same(fields, one.fields)
        and (one.state.is_taken or (one.state is SubmissionState.HELD and _says_the_same(fields, one.fields)))
    ]
    return min(same, key=lambda one: not one.state.is_taken, default=None)


def history_against(fields: NoticeFields, earlier: Sequence[Submission]) -> list[SubmissionReason]:
    """The same number with another key is always held: a machine must not choose. A key that was misread from a picture is none."""
    reasons = [SubmissionReason.REFUSED_BEFORE] if _refused_same(fields, earlier) else []
    return reasons + [SubmissionReason.OTHER_KEY_BEFORE for _ in with_other_key(fields, earlier)][:1]


def _refused_same(fields: NoticeFields, earlier: Sequence[Submission]) -> list[Submission]:
    return [one for one in earlier if one.state is SubmissionState.REFUSED and _is_same(fields, one.fields)]


def taken_by_another(
    fields: NoticeFields, guarantee: Guarantee | None, earlier: Sequence[Submission]
) -> list[Submission]:
    """The accepted submissions with another number for the guarantee: of one certificate there is one number."""
    return [
        one
        for one in earlier
        if guarantee is not None
        and one.guarantee_id == guarantee.guarantee_id
        and one.state.is_taken
        and one.fields.number != fields.number
    ]


def contradicted(fields: NoticeFields, guarantee: Guarantee | None, earlier: Sequence[Submission]) -> list[Submission]:
    """All standing submissions of which either these or this notice can be right."""
    return [*with_other_key(fields, earlier), *taken_by_another(fields, guarantee, earlier)]


def origin_words(contradicted_ones: Sequence[Submission]) -> tuple[str, ...]:
    """A line for a clerk about each: where it came from, and how it stands."""
    newest = sorted(contradicted_ones, key=lambda one: one.received_at)[-_SHOWN:]
    return tuple(
        f"先に届いた 受付番号 {one.receipt_number}（{one.state.in_full}）と内容が異なります。"
        f"差出人 {clean(one.sender, 80) or '（不明）'}、受信 {one.received_at.astimezone(JAPAN):%Y-%m-%d %H:%M}、"
        f"番号 {clean(one.fields.number, 30) or 'なし'}"
        for one in newest
    )


def short_words(one: Submission) -> str:
    """An earlier submission, for a clerk: the day on which it came, and its 受付番号."""
    day = one.received_at.astimezone(JAPAN)
    return f"{day.month}月{day.day}日 受付番号 {one.receipt_number}"


def reasons_in_words(
    reasons: Iterable[SubmissionReason],
    fields: NoticeFields,
    guarantee: Guarantee | None,
    earlier: Sequence[Submission],
) -> tuple[str, ...]:
    """Each reason as a clerk reads it; one that rests on other submissions names the newest of them."""

    def told(reason: SubmissionReason) -> str:
        match reason:
            case SubmissionReason.OTHER_KEY_BEFORE:
                others = list(with_other_key(fields, earlier))
            case SubmissionReason.OTHER_NOTICE_BEFORE:
                others = taken_by_another(fields, guarantee, earlier)
            case SubmissionReason.REFUSED_BEFORE:
                others = _refused_same(fields, earlier)
            case _:
                others = []
        newest = sorted(others, key=lambda one: one.received_at)[-_SHOWN:]
        return reason.words + (f"（{'、'.join(map(short_words, newest))}）" if newest else "")

    return tuple(told(reason) for reason in reasons)


def untold(
    guarantee: Guarantee | None, contradicted_ones: Sequence[Submission], earlier: Sequence[Submission]
) -> frozenset[SubmissionReason]:
    """Differences that the sender is not told, since they rest on a notice that no clerk has verified: that one may be wrong."""
    hidden: set[SubmissionReason] = set()
    if not any(_is_verified(one) for one in contradicted_ones):
        hidden.add(SubmissionReason.OTHER_KEY_BEFORE)
    filled = [
        one
        for one in earlier
        if guarantee is not None
        and one.guarantee_id == guarantee.guarantee_id
        and one.state is SubmissionState.ACCEPTED
        and not _is_verified(one)
        and SubmissionReason.NUMBER_AND_KEY_MATCH not in one.reasons
    ]
    if filled:  # the row's key, and its number if it had none, came with it
        hidden |= {SubmissionReason.KEY_DIFFERS, SubmissionReason.NUMBER_DIFFERS}
    return frozenset(hidden)


def _is_verified(one: Submission) -> bool:
    return one.state.is_taken and SubmissionReason.VERIFIED_IN_DSURE in one.reasons


def _is_same(a: NoticeFields, b: NoticeFields) -> bool:
    """Whether two notices name one number and one key; half a notice is none."""
    return (
        bool(a.number)
        and a.number == b.number
        and a.auth_key is not None
        and b.auth_key is not None
        and a.auth_key.same_as(b.auth_key)
    )


def _says_the_same(a: NoticeFields, b: NoticeFields) -> bool:
    """Whether two notices with one number and key are one notice: a waiting one with other names needs a look of its own."""
    return (
        fold_name(a.project_name) == fold_name(b.project_name)
        and fold_contractor(a.contractor) == fold_contractor(b.contractor)
        and a.product is b.product
    )


def with_other_key(fields: NoticeFields, earlier: Sequence[Submission]) -> Iterator[Submission]:
    """The standing submissions with its number and another key, but for what was misread."""
    for one in earlier:
        other = one.fields.auth_key
        if not fields.number or fields.auth_key is None or one.fields.number != fields.number or other is None:
            continue
        is_picture = one.read_from is ReadFrom.OCR and not one.state.is_taken
        is_misread = is_picture and look_alike(fields.auth_key, other)
        if one.state.is_standing and not is_misread and not fields.auth_key.same_as(other):
            yield one
