"""The versions of a guarantee (電子保証履歴): which change of the register is a new certificate, and what of each was seen in D-Sure.

A number and its key stay for all versions; the newest supersedes, the others stay. Written by storage with each import of the
register (`kind_of`), read by whoever shows a guarantee. What D-Sure hides later (a corrected version) stands here still, with
who saw it when. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from bot.core.records.guarantee import VALUE_NAMES, CertificateValues, Guarantee, GuaranteeState
from bot.core.records.reasons import SubmissionReason
from bot.core.text.closed_list import ClosedList
from bot.core.text.dates import JAPAN, wareki, wareki_minute


class VersionKind(ClosedList):
    """対象: what kind of certificate a version is."""

    words: str

    NEW = "new", "新規"
    CHANGE = "change", "変更"
    CORRECTION = "correction", "訂正"
    CANCELLATION = "cancellation", "取消し"
    REISSUE = "reissue", "再発行"


SEEN_WORDS: MappingProxyType[SubmissionReason, str] = MappingProxyType(
    {
        SubmissionReason.VERIFIED_IN_DSURE: "確認済",
        SubmissionReason.DSURE_DIFFERS: "相違",
        SubmissionReason.NOT_IN_DSURE: "なし",
    }
)
"""What a clerk says who has looked into D-Sure; no other reason is a look."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A clerk's look into D-Sure."""

    at: datetime  # UTC
    actor: str
    result: SubmissionReason  # one of SEEN_WORDS
    receipt_number: str
    note: str = ""  # what differed, in his words


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a certificate."""

    place: int  # its running number, from 1; one that is learnt of late takes its place before the newer ones
    revision: int  # 変更番号
    kind: VersionKind
    is_on_paper: bool
    values: CertificateValues
    learnt_at: datetime  # when we learnt of it, UTC
    source: str  # from which file
    actor: str  # by whom
    seen: tuple[Seen, ...] = ()  # oldest first


Series = Mapping[int, tuple[Version, ...]]
"""The versions of guarantees by guarantee_id, each oldest first: the last one is the one that counts."""

NO_SERIES: Series = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OlderVersion:
    """A version that a file tells of beside a newer one."""

    line: int  # in the file, from 1
    revision: int
    kind: VersionKind
    is_on_paper: bool
    values: CertificateValues


# -- which change of the register is a new version

# Of a certificate, beside its 発行日時: when one of these becomes another, the certificate is another.
# 請負金額 is not among them: a change of it alone changes no guarantee. Names, bank and 請負契約日 are the ledger's spelling.
_CONTENT = ("guarantee_amount_yen", "expires_on", "works_start_on", "works_end_on")
_ISSUED_ELECTRONICALLY = frozenset({GuaranteeState.ISSUED, GuaranteeState.KEY_RECEIVED, GuaranteeState.VERIFIED})


def kind_of(before: Guarantee | None, after: Guarantee, said: VersionKind | None = None) -> VersionKind | None:
    """The kind of the version that a row of a file makes; None = it makes none.

    `before`: the register's row, None = a new one. `said`: the file's own word (対象), which names a change but makes none.
    What the register did not know before is learnt, not changed.
    """
    if before is None:
        return said or _first_kind(after)
    found = _found_kind(before, after)
    is_named = found not in {None, VersionKind.CANCELLATION} and said in {VersionKind.CORRECTION, VersionKind.REISSUE}
    return said if is_named else found


def _first_kind(guarantee: Guarantee) -> VersionKind:
    if guarantee.state is GuaranteeState.CANCELLED:
        return VersionKind.CANCELLATION
    return VersionKind.CHANGE if guarantee.revision else VersionKind.NEW


def _found_kind(before: Guarantee, after: Guarantee) -> VersionKind | None:
    """Cancelled, back again, changed, corrected, issued anew: the first of these that is so."""
    if after.state is GuaranteeState.CANCELLED:
        return None if before.state is GuaranteeState.CANCELLED else VersionKind.CANCELLATION
    if before.state is GuaranteeState.CANCELLED:
        return None if after.state is GuaranteeState.EXPIRED else VersionKind.REISSUE
    if after.revision > before.revision:
        return VersionKind.CHANGE
    if any(_is_other(before, after, name) for name in _CONTENT):
        return VersionKind.CORRECTION
    if before.issued_at is not None and after.issued_at is not None and before.issued_at != after.issued_at:
        return VersionKind.REISSUE if after.issued_at > before.issued_at else VersionKind.CORRECTION
    return VersionKind.REISSUE if _is_other_form(before.state, after.state) else None


def _is_other(before: Guarantee, after: Guarantee, name: str) -> bool:
    old, new = getattr(before, name), getattr(after, name)
    return old is not None and new is not None and old != new


def _is_other_form(before: GuaranteeState, after: GuaranteeState) -> bool:
    """Whether paper took the place of what was issued electronically, or the other way round."""
    to_paper = after is GuaranteeState.ON_PAPER and before in _ISSUED_ELECTRONICALLY
    from_paper = before is GuaranteeState.ON_PAPER and after in {GuaranteeState.EXPECTED, GuaranteeState.ISSUED}
    return to_paper or from_paper


def older_version(line: int, guarantee: Guarantee, said: VersionKind | None) -> OlderVersion:
    """The version that an older row of a file tells of."""
    is_on_paper = guarantee.state is GuaranteeState.ON_PAPER
    return OlderVersion(
        line, guarantee.revision, said or _first_kind(guarantee), is_on_paper, CertificateValues.of(guarantee)
    )


def filled(known: CertificateValues, now: CertificateValues) -> CertificateValues:
    """The values with what was not known taken from `now`; what was known stays as it was then."""
    return replace(known, **{name: getattr(now, name) for name in VALUE_NAMES if getattr(known, name) in {None, ""}})


# -- in words


def certificate_name(revision: int) -> str:
    """The certificate as its heading has it: 新規, 変更－1."""
    return f"変更－{revision}" if revision else VersionKind.NEW.words


def version_name(kind: VersionKind, revision: int) -> str:
    """対象 as the history shows it: 新規, 変更－1, 訂正（変更－1）."""
    if kind in {VersionKind.NEW, VersionKind.CHANGE}:
        return certificate_name(revision) if revision else kind.words
    return f"{kind.words}（{certificate_name(revision)}）"


def name_of(version: Version) -> str:
    """The same, with 紙 where it is on paper."""
    name = version_name(version.kind, version.revision)
    return f"{name}・紙" if version.is_on_paper else name


def name_in_series(versions: tuple[Version, ...]) -> str:
    """The name of the version that counts; "" where there is but the first one, which needs no name."""
    if not versions or (len(versions) == 1 and versions[0].kind is VersionKind.NEW):
        return ""
    return name_of(versions[-1])


def seen_words(seen: Seen) -> str:
    """A look in a line: 「確認済 2026-11-24 10:05 yamada@city.example.jp」."""
    note = f"（{seen.note}）" if seen.note else ""
    return f"{SEEN_WORDS[seen.result]} {seen.at.astimezone(JAPAN):%Y-%m-%d %H:%M} {seen.actor}{note}"


def _last_words(version: Version, seen: Seen) -> str:
    """The same in a letter: 「令和8年11月24日 10時05分 確認済（新規の証書、yamada@city.example.jp）」."""
    told = "、".join(text for text in (f"{name_of(version)}の証書", seen.actor, seen.note) if text)
    return f"{wareki_minute(seen.at)} {SEEN_WORDS[seen.result]}（{told}）"


def yen(amount: int | None) -> str:
    """An amount as letters write it; "" = not known."""
    return f"{amount:,}円" if amount is not None else ""


_DIFFERENCES = (
    ("guarantee_amount_yen", "保証金額"),
    ("expires_on", "保証期限"),
    ("works_start_on", "工期の始まり"),
    ("works_end_on", "工期の終わり"),
)


def differences(old: CertificateValues, new: CertificateValues) -> Iterator[str]:
    """What of the certificate became another: 「保証金額 4,900,000円→5,000,000円」."""
    for name, label in _DIFFERENCES:
        before, after = getattr(old, name), getattr(new, name)
        if before is not None and after is not None and before != after:
            yield f"{label} {_shown(before)}→{_shown(after)}"


def _shown(value: int | date) -> str:
    return yen(value) if isinstance(value, int) else wareki(value)


def notes_for_dsure(row: Guarantee | None, versions: tuple[Version, ...]) -> tuple[str, ...]:
    """What a clerk must know who compares the certificate with the register: the last look, what has changed since, the contract."""
    if not versions:
        return ()
    now = versions[-1]
    notes: list[str] = []
    if (last := _last_seen(versions)) is not None and last[0] is not now:
        version, seen = last
        notes.append(f"前回の確認：{_last_words(version, seen)}")
        notes += [f"その後の変更：{changed}" for changed in differences(version.values, now.values)]
    amount = now.values.contract_amount_yen
    if row is not None and amount is not None and row.contract_amount_yen not in {None, amount}:
        notes.append(
            f"請負金額は、この証書のときは{yen(amount)}でした。"
            "請負金額の変更だけなら保証の変更は要らないため、D-Sureの表示が元の金額でも相違ではありません"
        )
    return tuple(notes)


def _last_seen(versions: tuple[Version, ...]) -> tuple[Version, Seen] | None:
    seen = [(version, one) for version in versions for one in version.seen]
    return max(seen, key=lambda pair: pair[1].at, default=None)


# -- what a submission makes of it


def changed_since(versions: tuple[Version, ...], at: datetime | None) -> Version | None:
    """The version that counts, where it is another than at that time; None where it is the same, or the first."""
    is_newer = at is not None and len(versions) > 1 and versions[-1].learnt_at > at
    return versions[-1] if is_newer else None
