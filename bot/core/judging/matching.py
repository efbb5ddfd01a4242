"""Which guarantee of the register does a notice belong to? Facts in, a verdict with its evidence in words out.

Called by core/judging/judge.py with what the store looked up. The number decides; without it the work's name, the contractor and
the product together may; similarity only ranks what a person sees. What the mail's subject says ranks too, and may tell rows
apart that fit equally; it never makes a row fit, nor speaks against one but in the evidence. Names in other forms of the same
characters (戶 and 戸) speak neither for a row nor against it. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from bot.core.judging.contractor_names import BUT_LOST, IN_OTHER_FORMS, NameAgreement, compare
from bot.core.judging.lookup import FoldedRow, LookUp
from bot.core.mail.subject_forms import NOTHING, SubjectFields
from bot.core.policy.policy import Rules
from bot.core.records.guarantee import Guarantee, GuaranteeState
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import NoticeFields
from bot.core.text.lost_characters import LOST, may_be
from bot.core.text.normalise import contractor_core, fold, fold_contractor, fold_name, forms_apart, numerals


@dataclass(frozen=True, slots=True)
class Matched:
    """Exactly one guarantee, and nothing speaks against it."""

    guarantee: Guarantee
    reason: SubmissionReason
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflicting:
    """The number (or the names) point to one guarantee, but something contradicts: a person decides."""

    guarantee: Guarantee
    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several guarantees may be meant, best first."""

    candidates: tuple[Guarantee, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """No guarantee of the register is meant; `similar` are shown to a person, best first."""

    reason: SubmissionReason
    similar: tuple[Guarantee, ...]
    evidence: tuple[str, ...]


Match = Matched | Conflicting | Ambiguous | Unmatched


def candidates_of(verdict: Match) -> tuple[Guarantee, ...]:
    """The rows that a clerk may choose from, in the order of the evidence's 候補1, 候補2, 候補3."""
    match verdict:
        case Matched(guarantee=guarantee) | Conflicting(guarantee=guarantee):
            return (guarantee,)
        case Ambiguous(candidates=candidates):
            return candidates
        case Unmatched(similar=similar):
            return similar


_CLOSED = {
    GuaranteeState.ON_PAPER: SubmissionReason.GUARANTEE_ON_PAPER,
    GuaranteeState.CANCELLED: SubmissionReason.GUARANTEE_CANCELLED,
    GuaranteeState.EXPIRED: SubmissionReason.GUARANTEE_EXPIRED,
}
_SHOWN = 3  # candidates that a clerk can compare at a glance
_SIMILAR = 60  # a score below this is no candidate, it is another work


def match(
    fields: NoticeFields,
    found: LookUp,
    rules: Rules,
    *,
    from_image: bool = False,
    subject: SubjectFields = NOTHING,
    subject_decides: bool = False,
) -> Match:
    """The verdict on one notice. `from_image`: its names were recognised from a picture, and may have a letter wrong.

    `subject`: what its mail's subject says; `subject_decides`: whether that may choose among rows that fit equally.
    """
    if found.by_number is not None:
        return _by_number(fields, found.by_number, subject, from_image=from_image)
    return _by_details(fields, found.candidates, rules, subject, subject_decides=subject_decides)


def _by_number(fields: NoticeFields, guarantee: Guarantee, subject: SubjectFields, *, from_image: bool) -> Match:
    evidence = [f"保証契約番号 {guarantee.number} が台帳と一致", *_subject_words(subject, guarantee)]
    if from_image:
        fields = _as_registered(fields, guarantee, evidence)
    against = [*_key_against(fields, guarantee, evidence), *_details_against(fields, guarantee, evidence)]
    if guarantee.state in _CLOSED:
        against.append(_CLOSED[guarantee.state])
    if not against and guarantee.auth_key is None and not from_image and not _names_agree(fields, guarantee):
        # Anybody can write a number: without a key to compare, a name must show that the paper is about this work.
        against.append(SubmissionReason.NAMES_MISSING)
    if against:
        return Conflicting(guarantee, tuple(against), tuple(evidence))
    reason = (
        SubmissionReason.NUMBER_AND_KEY_MATCH if guarantee.auth_key is not None else SubmissionReason.NUMBER_MATCHES
    )
    return Matched(guarantee, reason, tuple(evidence))


def _subject_words(subject: SubjectFields, guarantee: Guarantee) -> tuple[str, ...]:
    """A line about the subject's 工事番号 beside the row's, for a clerk; it decides nothing here."""
    if not subject.works_numbers or not guarantee.works_number:
        return ()
    written = "・".join(subject.works_numbers)
    if subject.names(guarantee):
        return (f"件名の工事番号 {written} が台帳と一致",)
    return (f"参考: 件名の工事番号は「{written}」、台帳は「{guarantee.works_number}」",)


_SEEN_ALIKE = 70  # of 100: two or three letters in ten misread


def _as_registered(fields: NoticeFields, guarantee: Guarantee, evidence: list[str]) -> NoticeFields:
    """The names of a picture without those that differ from the register's by misread letters only."""
    project, contractor = fields.project_name, fields.contractor
    if not same_work(project, guarantee.project_name) and _seen_alike(fold_name(project), guarantee.project_name):
        evidence.append(f"工事名が台帳とほぼ一致（画像の読取り「{project}」）")
        project = ""
    names = [contractor_core(name) for name in (guarantee.contractor, guarantee.jv_name)]
    if not same_contractor(contractor, guarantee) and _seen_alike(contractor_core(contractor), *names):
        evidence.append(f"受注者名が台帳とほぼ一致（画像の読取り「{contractor}」）")
        contractor = ""
    return replace(fields, project_name=project, contractor=contractor)


def _seen_alike(seen: str, *registered: str) -> bool:
    return bool(seen) and any(name and fuzz.ratio(seen, fold_name(name)) >= _SEEN_ALIKE for name in registered)


def _names_agree(fields: NoticeFields, guarantee: Guarantee) -> bool:
    """Whether one of the names shows that the paper is about this work; one with lost characters shows it of too many."""
    if is_written_alike(fields.project_name, guarantee.project_name):
        return True
    weak = {NameAgreement.NONE, NameAgreement.OTHER_FORMS, NameAgreement.LOST}
    return _agreement(fields.contractor, guarantee) not in weak


def _key_against(fields: NoticeFields, guarantee: Guarantee, evidence: list[str]) -> list[SubmissionReason]:
    if guarantee.auth_key is None or fields.auth_key is None:
        return []
    if fields.auth_key.same_as(guarantee.auth_key):
        evidence.append("認証キーが台帳と一致")
        return []
    evidence.append("認証キーが台帳と不一致")
    return [SubmissionReason.KEY_DIFFERS]


def _details_against(fields: NoticeFields, guarantee: Guarantee, evidence: list[str]) -> list[SubmissionReason]:
    """What contradicts although the number is right. What the notice or the register does not say contradicts nothing."""
    against: list[SubmissionReason] = []
    if fields.project_name and guarantee.project_name:
        if same_work(fields.project_name, guarantee.project_name):
            is_alike = is_written_alike(fields.project_name, guarantee.project_name)
            evidence.append("工事名が台帳と一致" + ("" if is_alike else IN_OTHER_FORMS))
        elif _is_lost(fields.project_name, guarantee.project_name):
            evidence.append(f"工事名が台帳と一致{BUT_LOST}")
        else:
            evidence.append(f"工事名が相違（お知らせ「{fields.project_name}」、台帳「{guarantee.project_name}」）")
            against.append(SubmissionReason.PROJECT_NAME_DIFFERS)
    if fields.contractor and (guarantee.contractor or guarantee.jv_name):
        words = same_contractor(fields.contractor, guarantee)
        if words:
            evidence.append(words)
        else:
            evidence.append(f"受注者名が相違（お知らせ「{fields.contractor}」、台帳「{guarantee.firms}」）")
            against.append(SubmissionReason.CONTRACTOR_DIFFERS)
    if fields.product is not None:
        if fields.product is guarantee.product:
            evidence.append(f"保証区分が台帳と一致（{guarantee.product.words}）")
        else:
            written = fields.product_as_written or fields.product.words
            evidence.append(f"保証区分が相違（お知らせ「{written}」、台帳「{guarantee.product.words}」）")
            against.append(SubmissionReason.PRODUCT_DIFFERS)
    return against


def same_work(a: str, b: str) -> bool:
    """Whether two names are one work's but for spelling: equal when folded, and every number in them equal."""
    return bool(fold_name(a)) and fold_name(a) == fold_name(b) and numerals(a) == numerals(b)


def is_written_alike(a: str, b: str) -> bool:
    """Whether they are one work's, and in the same forms of characters too."""
    return same_work(a, b) and same_work(forms_apart(a), forms_apart(b))


def _is_lost(written: str, registered: str) -> bool:
    """Whether the names are one but for characters that the register's lost: that speaks against nothing, and decides nothing."""
    # The second without folding marks away, one of which may have been lost: 〜 is in no Shift_JIS file.
    return any(may_be(folded(registered), folded(written)) for folded in (fold_name, fold))


def same_contractor(written: str, guarantee: Guarantee) -> str:
    """Whether the notice's 受注者名 is the register's contractor: the evidence in words, "" = no."""
    return _agreement(written, guarantee).words


def _agreement(written: str, guarantee: Guarantee) -> NameAgreement:
    return compare(written, guarantee.contractor, guarantee.jv_name)


# -- without a known number


def _by_details(
    fields: NoticeFields,
    candidates: Sequence[Guarantee],
    rules: Rules,
    subject: SubjectFields,
    *,
    subject_decides: bool,
) -> Match:
    ranked = sorted(((score(fields, g), g) for g in candidates), key=lambda pair: (-pair[0], pair[1].guarantee_id))
    similar = [(points, g) for points, g in ranked if points >= _SIMILAR]
    near_numbers = [g for _, g in ranked if is_near_number(fields.number, g.number)]
    points_of = {g.guarantee_id: points for points, g in ranked}

    def words(shown: Sequence[Guarantee]) -> tuple[str, ...]:
        """A line for each candidate; clerks choose by these numbers, so that they follow what the verdict names."""
        return tuple(_candidate_words(n, points_of[g.guarantee_id], g, fields, subject) for n, g in enumerate(shown, 1))

    if not similar and not near_numbers:
        shown = tuple(g for _, g in ranked if subject.names(g))[:_SHOWN]
        return Unmatched(SubmissionReason.NOT_IN_REGISTER, shown, words(shown))
    fitting = [(points, g) for points, g in similar if _fits(fields, g, rules)]
    if not fitting:
        best = similar[0][1] if similar else None
        is_number_only = best is not None and best.number and fields.number and _same_details(fields, best)
        # What the reason is about stands first: it says whom the sender must be to be told of it.
        first = near_numbers or ([best] if best is not None and is_number_only else [])
        named = [g for points, g in ranked if points < _SIMILAR and subject.names(g)]
        others = [*_named_first([g for _, g in similar], subject), *named]
        shown = tuple([*first, *(g for g in others if g not in first)][:_SHOWN])
        if near_numbers:
            near = tuple(f"台帳に似た番号 {g.number}（{g.project_name}）があります" for g in near_numbers[:_SHOWN])
            return Unmatched(SubmissionReason.NUMBER_DIFFERS, shown, (*near, *words(shown)))
        reason = SubmissionReason.NUMBER_DIFFERS if is_number_only else SubmissionReason.SIMILAR_ONLY
        return Unmatched(reason, shown, words(shown))
    points, best = fitting[0]
    second = next((p for p, g in similar if g is not best), 0)
    reason = SubmissionReason.DETAILS_MATCH
    told = ["番号のない台帳の行と、工事名・受注者・保証区分が一致", f"点数 {points}（次点 {second}）"]
    if len(fitting) > 1 or points - second < rules.margin:
        rivals = [g for p, g in similar if points - p < rules.margin or (p, g) in fitting]
        chosen = _chosen_by_subject(subject, rivals, [g for _, g in fitting]) if subject_decides else None
        if chosen is None:
            several = tuple(_named_first([g for _, g in similar], subject)[:_SHOWN])
            return Ambiguous(several, words(several))
        best, reason = chosen, SubmissionReason.SUBJECT_CHOSE
        told[1] = f"同じように合う台帳の行が{len(rivals)}件あり、件名の工事番号で1件に決定"
    if best.state in _CLOSED:
        return Conflicting(best, (_CLOSED[best.state],), words((best,)))
    told += _subject_words(subject, best)
    if against := _key_against(fields, best, told):
        return Conflicting(best, tuple(against), tuple(told))
    return Matched(best, reason, tuple(told))


def _named_first(rows: Sequence[Guarantee], subject: SubjectFields) -> list[Guarantee]:
    """The rows whose 工事番号 the subject gives before the others, else in their order."""
    return sorted(rows, key=lambda row: not subject.names(row))


def _chosen_by_subject(
    subject: SubjectFields, rivals: Sequence[Guarantee], fitting: Sequence[Guarantee]
) -> Guarantee | None:
    """The one of the rivals whose 工事番号 the subject gives; None when none or several have it, or that one doesn't fit by itself."""
    named = [row for row in rivals if subject.names(row)]
    return named[0] if len(named) == 1 and named[0] in fitting else None


def _fits(fields: NoticeFields, guarantee: Guarantee, rules: Rules) -> bool:
    """Whether a row without a number may be taken without a person: all three say the same."""
    if guarantee.number or not fields.project_name or not fields.contractor or fields.product is not guarantee.product:
        return False
    if numerals(fields.project_name) != numerals(guarantee.project_name):
        return False
    if name_score(fields.project_name, guarantee.project_name) < rules.name_score:
        return False
    # Without the number a firm must be named exactly; a JV through its name or its representative.
    return _agreement(fields.contractor, guarantee) in {NameAgreement.SAME, NameAgreement.MEMBER}


def _same_details(fields: NoticeFields, guarantee: Guarantee) -> bool:
    return (
        fields.product is guarantee.product
        and same_work(fields.project_name, guarantee.project_name)
        and bool(same_contractor(fields.contractor, guarantee))
    )


def name_score(a: str, b: str) -> int:
    """How alike two works' names are, 0–100: 100 only for the same name but for spelling, 99 where forms of characters differ.

    Else rapidfuzz's ratio of the folded names less 10, so that 東側 and 西側 stand apart, or less 20 when a number differs.
    """
    if same_work(a, b):
        return 100 if is_written_alike(a, b) else 99
    less = 10 if numerals(a) == numerals(b) else 20
    return max(round(fuzz.ratio(fold_name(a), fold_name(b))) - less, 0)


def score(fields: NoticeFields, guarantee: Guarantee) -> int:
    """How likely a guarantee is meant, 0–100: half the work's name, a third the contractor, the rest the product."""
    name = name_score(fields.project_name, guarantee.project_name) if fields.project_name else 0
    contractor = 0.0
    if fields.contractor:
        if same_contractor(fields.contractor, guarantee):
            contractor = 100.0
        else:
            cores = [contractor_core(n) for n in (guarantee.contractor, guarantee.jv_name) if n]
            contractor = (
                max((fuzz.ratio(contractor_core(fields.contractor), core) for core in cores), default=0.0) * 0.8
            )
    product = 100 if fields.product is guarantee.product else 0
    return round(name * 0.5 + contractor * 0.33 + product * 0.17)


def may_score(fields: NoticeFields, row: FoldedRow) -> bool:
    """Whether `score` may call a row of the register similar, or its number is near: a sieve for rows with nothing in common.

    From the folded names alone, which the register keeps, so that hundreds of other rows are neither read whole nor folded.
    """
    if is_near_number(fields.number, row.number):
        return True
    work, firm = fold_name(fields.project_name), contractor_core(fields.contractor)
    name = 100.0 if work == row.project_fold else fuzz.ratio(work, row.project_fold) - 10
    names = fold_contractor(fields.contractor) + row.contractor_fold
    # A venture's name, and one with lost characters, may be the notice's in more ways than by being equal.
    is_plain = not row.jv_fold and not any(mark in names for mark in ("共同", "jv", LOST))
    contractor = fuzz.ratio(firm, row.contractor_core) * 0.8 if is_plain and firm != row.contractor_core else 100.0
    return name * 0.5 + contractor * 0.33 + 17 >= _SIMILAR - 2  # which is rounded twice


def is_near_number(written: str, registered: str) -> bool:
    """Whether a number is one slip (a digit wrong, missing, doubled or swapped) or only its hyphens away from another."""
    a, b = written.replace("-", ""), registered.replace("-", "")
    return bool(a and b) and len(b) >= 6 and DamerauLevenshtein.distance(a, b, score_cutoff=1) <= 1


def _candidate_words(
    place: int, points: int, guarantee: Guarantee, fields: NoticeFields, subject: SubjectFields
) -> str:
    number = guarantee.number or "番号なし"
    works = f"{guarantee.works_number} " if guarantee.works_number else ""
    differs = []
    firm, work = _agreement(fields.contractor, guarantee), (fields.project_name, guarantee.project_name)
    if not is_written_alike(*work) and not _is_lost(*work):
        differs.append("工事名" + ("の字体" if same_work(*work) else ""))
    if firm in {NameAgreement.NONE, NameAgreement.OTHER_FORMS}:
        differs.append("受注者名" + ("の字体" if firm is NameAgreement.OTHER_FORMS else ""))
    if fields.product is not guarantee.product:
        differs.append("保証区分")
    if guarantee.number:
        differs.append("番号")
    note = f"、相違: {'・'.join(differs)}" if differs else ""
    note += "、件名の工事番号と一致" if subject.names(guarantee) else ""
    return (
        f"候補{place}: {number} {works}{guarantee.project_name}／{guarantee.firms}／"
        f"{guarantee.product.words}（台帳 {guarantee.guarantee_id}、{points}点{note}）"
    )
