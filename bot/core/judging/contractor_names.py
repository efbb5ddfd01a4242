"""Is the 受注者名 of a notice the register's contractor? Firms with their legal forms, joint ventures with their members.

Called by matching.py. A notice names a joint venture's representative (受注者名（ＪＶの場合は代表者） says its label), a register often the
venture; both may name the two together. 株式会社A and A株式会社 are different firms; 渡邊組 and 渡辺組 may be one. Pure; nothing is
raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bot.core.text.closed_list import ClosedList
from bot.core.text.lost_characters import LOST, may_be
from bot.core.text.normalise import LEGAL_FORMS, contractor_core, fold, fold_contractor, fold_name, forms_apart

IN_OTHER_FORMS = "（新旧の字体の違いあり）"
BUT_LOST = f"（台帳の{LOST}は、表せなかった文字）"


class NameAgreement(ClosedList):
    """How two names of contractors agree."""

    words: str  # for the evidence, "" = they don't

    # the same firm or venture, its legal form in its place
    SAME = "same", "受注者名が台帳と一致"
    # one of the two leaves the legal form out: it contradicts nothing, but decides nothing
    WITHOUT_FORM = "without_form", "受注者名が台帳と一致（法人の種類の記載なし）"
    # the same but for characters that the register lost: contradicts nothing, decides nothing
    LOST = "lost", f"受注者名が台帳と一致{BUT_LOST}"
    # the notice's firm is named in the register's joint venture
    MEMBER = "member", "受注者が台帳の共同企業体の構成員と一致"
    # SAME or MEMBER, but for old and new forms of characters: likewise decides nothing
    OTHER_FORMS = "other_forms", f"受注者名が台帳と一致{IN_OTHER_FORMS}"
    NONE = "none", ""


@dataclass(frozen=True, slots=True)
class _Names:
    """A contractor's names, told apart: joint ventures, and firms."""

    ventures: tuple[str, ...]
    firms: tuple[str, ...]


@lru_cache(maxsize=4096)  # each notice of a firm is compared with the same rows, when it is judged again too
def compare(written: str, contractor: str, jv_name: str = "") -> NameAgreement:
    """The agreement of a notice's 受注者名 with the register's 受注者名 and JV名.

    Where both name a venture, it must be the same one, and so must its representative where both name him. Where only the
    register names one, the notice's firm must be the representative that it names, or, if it names none, a member.
    """
    agreement = _compare(written, contractor, jv_name)
    if agreement in _DECIDING and agreement is not _compare(*map(forms_apart, (written, contractor, jv_name))):
        return NameAgreement.OTHER_FORMS
    return agreement


def _compare(written: str, contractor: str, jv_name: str) -> NameAgreement:
    notice, register = _names(written), _names(contractor, jv_name)
    ventures = _ventures_agree(notice, register)
    if notice.ventures and register.ventures and ventures is NameAgreement.NONE:
        return NameAgreement.NONE
    if notice.firms and register.firms:
        firms = max((_compare_firms(a, b) for a in notice.firms for b in register.firms), key=_STRENGTH.index)
        return min(firms, NameAgreement.LOST, key=_STRENGTH.index) if ventures is NameAgreement.LOST else firms
    if ventures is not NameAgreement.NONE:
        return ventures
    if notice.firms and any(_is_member(firm, jv) for firm in notice.firms for jv in register.ventures):
        return NameAgreement.MEMBER
    return NameAgreement.NONE


_DECIDING = frozenset({NameAgreement.SAME, NameAgreement.MEMBER})
_STRENGTH = (NameAgreement.NONE, NameAgreement.LOST, NameAgreement.WITHOUT_FORM, NameAgreement.SAME)


def is_joint_venture(name: str) -> bool:
    """Whether a name is a 共同企業体's."""
    folded = fold(name)
    return "共同企業体" in folded or "共同体" in folded or folded.upper().endswith("JV")


def _names(*texts: str) -> _Names:
    ventures: list[str] = []
    firms: list[str] = []
    for text in texts:
        for name in _apart(text):
            if fold_name(name):
                (ventures if is_joint_venture(name) else firms).append(name)
    return _Names(tuple(ventures), tuple(firms))


def _apart(text: str) -> tuple[str, ...]:
    """The names in one text: "○○・△△特定建設工事共同企業体 代表者 ○○建設株式会社" holds two."""
    for separator in ("代表構成員", "代表者", "代表"):
        before, found, after = text.partition(separator)
        if found and is_joint_venture(before):
            return before.strip(" \u3000()（）"), after.strip(" \u3000:：()（）")
    return (text,)


def _ventures_agree(notice: _Names, register: _Names) -> NameAgreement:
    pairs = [(_members(a), _members(b)) for a in notice.ventures for b in register.ventures]
    if any(a == b for a, b in pairs):
        return NameAgreement.SAME
    is_lost = any(len(a) == len(b) and all(x == y or may_be(y, x) for x, y in zip(a, b, strict=True)) for a, b in pairs)
    return NameAgreement.LOST if is_lost else NameAgreement.NONE


def _compare_firms(a: str, b: str) -> NameAgreement:
    first, second = fold_contractor(a), fold_contractor(b)
    if first == second:
        return NameAgreement.SAME
    same_core = contractor_core(a) == contractor_core(b) and bool(contractor_core(a))
    if same_core and not (_has_legal_form(first) and _has_legal_form(second)):
        return NameAgreement.WITHOUT_FORM
    is_lost = may_be(second, first) and may_be(contractor_core(b), contractor_core(a))
    return NameAgreement.LOST if is_lost else NameAgreement.NONE


def _has_legal_form(folded: str) -> bool:
    return any(form in folded for form in LEGAL_FORMS)


def _members(jv: str) -> list[str]:
    """The members in a joint venture's name, short as they stand there."""
    body = fold(jv)
    for form in (*LEGAL_FORMS, "特定JV", "経常JV", "JV", "(株)", "(有)"):
        body = body.replace(form, " ")
    for separator in "・、,／/＝-･":
        body = body.replace(separator, " ")
    return [fold_name(member) for member in body.split()]


def _is_member(firm: str, jv: str) -> bool:
    """Whether a firm is named in a joint venture's name: 関東・取手特定建設工事共同企業体 ← 関東建設株式会社."""
    core = contractor_core(firm)
    return any(len(member) >= 2 and core.startswith(member) for member in _members(jv))
