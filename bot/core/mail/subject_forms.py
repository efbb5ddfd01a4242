"""The fields in a subject of a form that cities ask for: 【電子保証】工事番号 工事名, 契約保証 工事番号 受注者 and the like.

A form is a template with named parts ({工事番号} {工事名} {保証区分} {受注者} {その他}), not a regular expression, so that an
operator can write one and its time is bounded. `read_subject` is called in the reading child; its result helps
core/judging/matching.py and clerks, and never refuses a mail. `template_of` raises ValueError, in Japanese, for an unusable
template; nothing else is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from bot.core.records.guarantee import Guarantee, Product
from bot.core.text.control_characters import CONTROLS, HIDDEN, VARIATIONS
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold_name, fold_works_number

MAX_SUBJECT = 200
"""Characters read of a subject; with at most MAX_PARTS parts that bounds the time."""
MAX_TEMPLATE = 100
MAX_PARTS = 4


class SubjectPart(StrEnum):
    """The parts of a template; the value is the part's name in it."""

    WORKS_NUMBER = "工事番号"
    PROJECT = "工事名"
    PRODUCT = "保証区分"
    CONTRACTOR = "受注者"
    OTHER = "その他"


@dataclass(frozen=True, slots=True)
class SubjectFields:
    """The fields of a subject, in half-width characters; "" or None where missing."""

    works_numbers: tuple[str, ...] = ()
    project_name: str = ""
    product: Product | None = None
    contractor: str = ""
    form: str = ""  # the name of its form

    @property
    def words(self) -> str:
        """For a clerk, in one line: 工事番号 R8-12、工事名 中央通り舗装工事; "" = nothing was read."""
        product = self.product.words if self.product else ""
        parts = (
            (SubjectPart.WORKS_NUMBER, "・".join(self.works_numbers)),
            (SubjectPart.PROJECT, self.project_name),
            (SubjectPart.PRODUCT, product),
            (SubjectPart.CONTRACTOR, self.contractor),
        )
        return "、".join(f"{part} {value}" for part, value in parts if value)

    def names(self, guarantee: Guarantee) -> bool:
        """Whether it gives the 工事番号 of this row of the register."""
        own = fold_works_number(guarantee.works_number)
        return bool(own) and own in map(fold_works_number, self.works_numbers)


NOTHING = SubjectFields()


@dataclass(frozen=True, slots=True)
class Template:
    """A form of subjects. `form`: its name in lists; `parts`: in the order in which they stand."""

    text: str
    form: str
    parts: tuple[SubjectPart, ...]
    pattern: LazyPattern[str] = field(compare=False)
    words: tuple[str, ...] = ()  # that stand in every subject of this form, folded


@dataclass(frozen=True, slots=True)
class Profile:
    """A form that some body asks for. `source`: which; `templates`: with what people leave out, too; `example`: a subject."""

    name: str
    source: str
    templates: tuple[str, ...]
    example: str


PROFILES = (
    Profile(
        "bracketed_number_name",
        "滋賀県",
        ("【電子保証】{工事番号} {工事名}", "【電子保証】{工事名}"),
        "【電子保証】第12-3号 中央通り舗装修繕工事",
    ),
    Profile("bracketed_number", "三重県", ("【電子保証】{工事番号}",), "【電子保証】50412345"),
    Profile(
        "bracketed_product_number",
        "本巣市",
        (
            "【電子保証({保証区分})】{工事番号} {工事名}",
            "【電子保証({保証区分})】{工事番号}",
            "【電子保証({保証区分})】{工事名}",
        ),
        "【電子保証(中間前払金)】土工第5号",
    ),
    Profile(
        "bracketed_product_name",
        "鳥取県東部広域行政管理組合",
        ("【{保証区分}】{工事番号} {工事名}", "【{保証区分}】{工事番号}", "【{保証区分}】{工事名}"),
        "【前払保証】見本クリーンセンター外壁改修工事",
    ),
    Profile(
        "contract_papers_two_numbers",
        "長岡市",
        (
            "【工事・契約関係書類】{工事番号} {工事番号}",
            "【工事・契約関係書類】{工事番号} {工事番号} {工事名}",
            "【工事・契約関係書類】{工事番号}",
        ),
        "【工事・契約関係書類】2026000123+土木第45号",
    ),
    Profile(
        "contract_papers_number_name",
        "糸魚川市",
        ("【契約関係書類】{工事番号} {工事名}", "【契約関係書類】{工事番号}", "【契約関係書類】{工事名}"),
        "【契約関係書類】2026-0123 市道1号線改良工事",
    ),
    Profile("advance_papers_number", "長岡市", ("【前払金書類】{工事番号}",), "【前払金書類】委第8号"),
    Profile(
        "advance_papers_number_name",
        "糸魚川市",
        ("【前払金書類】{工事番号} {工事名}", "【前払金書類】{工事名}"),
        "【前払金書類】2026-0123 市道1号線改良工事",
    ),
    Profile(
        "claim_papers_number_name",
        "滋賀県",
        ("【請求関係書類】{工事番号} {工事名}", "【請求関係書類】{工事番号}", "【請求関係書類】{工事名}"),
        "【請求関係書類】第12-3号 中央通り舗装修繕工事",
    ),
    Profile(
        "product_number_contractor",
        "岐阜県",
        ("{保証区分} {工事番号} {受注者}", "{保証区分} {工事番号} {工事名}", "{保証区分} {工事番号}"),
        "契約保証 公共維第1号 見本建設株式会社",
    ),
    Profile(
        "contractor_product_key",
        "豊川市",
        (
            "{受注者}{保証区分}証書認証キー {その他} {工事番号}",
            "{受注者}{保証区分}証書認証キー {工事番号}",
            "{受注者}{保証区分}証書認証キー",
        ),
        "見本建設株式会社契約保証証書認証キー_4月1日入札_5071000001",
    ),
    Profile("key_colon_name", "延岡市", ("電子保証認証キー:{工事名}",), "電子保証認証キー:中学校屋根改修工事"),
    Profile(
        "key_in_brackets",
        "加賀市",
        ("電子保証(認証キー){工事番号} {工事名}", "電子保証(認証キー){工事番号}", "電子保証(認証キー){工事名}"),
        "電子保証(認証キー)公園遊具更新工事",
    ),
)
"""What cities' pages ask contractors for. They are tried all unless the config names some; docs/subjects.md has what each reads from its example."""

PROFILE_NAMES = tuple(profile.name for profile in PROFILES)

OWN_FORM = "own"
"""The form of a city's own templates."""


# -- templates


_PRODUCT_WORDS = {name: product for product in Product for name in product.names}

# A city's number of a work: a code (5071000001, R8-DO-012), or words and a number (土木第12号, R8道改第5号の2, 土木-12), maybe
# with a year before it (令和8年度 土第3号). A name that holds a number (市道1234号線舗装工事) is none: it ends otherwise.
_YEAR = r"(?:(?:令和|平成|[RH])?[0-9元]{1,4}年度? ?)?"
_CODE = r"(?:[A-Za-z]{1,20}[-._]){0,4}[A-Za-z]{0,19}[0-9][0-9A-Za-z]{0,19}(?:[-._][0-9A-Za-z]{1,20}){0,4}"
_COUNTED = r"[0-9A-Za-zぁ-んァ-ヶ一-龠々-]{0,16}(?:第 ?)?[0-9]{1,10}(?:-[0-9]{1,6}){0,3} ?号(?:(?:の|-)[0-9]{1,3})?"
_LETTERED = r"[0-9A-Za-z]{0,4}[ァ-ヶ一-龠々]{1,6}-?[0-9A-Za-z]{1,10}(?:-[0-9]{1,6}){0,3}"
_NUMBER = f"{_YEAR}(?:{_COUNTED}|{_CODE}|{_LETTERED})"

# No part begins with a separator.
_SEPARATORS = " _,、・/+:;|"
_BETWEEN = rf"(?: - |[{_SEPARATORS}])+"
_ANY = rf"[^{_SEPARATORS}\n]"
_PATTERNS: MappingProxyType[SubjectPart, str] = MappingProxyType(
    {
        SubjectPart.WORKS_NUMBER: _NUMBER,
        SubjectPart.PROJECT: rf"{_ANY}.{{0,{MAX_SUBJECT}}}?",
        SubjectPart.PRODUCT: "|".join(sorted(_PRODUCT_WORDS, key=len, reverse=True)),
        SubjectPart.CONTRACTOR: rf"{_ANY}.{{0,80}}?",
        SubjectPart.OTHER: rf"{_ANY}.{{0,{MAX_SUBJECT}}}?",
    }
)
_OPENING, _CLOSING = "【〔[(〈<《≪「『{", "】〕])〉>》≫」』}"
_ANY_OPENING = rf" ?[{re.escape(_OPENING)}] ?"
_ANY_CLOSING = rf" ?[{re.escape(_CLOSING)}](?:{_BETWEEN})?"
_NO_WORD = LazyPattern(rf"[{re.escape(_SEPARATORS + _OPENING + _CLOSING)}]")
_PIECE = LazyPattern(r"\{([^{}]*)\}")
_PART_LIST = "、".join(f"{{{part}}}" for part in SubjectPart)


def template_of(text: str, form: str = OWN_FORM) -> Template:
    """Understand a template. A blank in it stands for any separator, a bracket for any bracket. Raises ValueError."""
    written = " ".join(unicodedata.normalize("NFKC", text).split())
    if "(?P<" in written or "(?:" in written:
        raise ValueError(
            f"正規表現ではなく、{_PART_LIST} を使って「【電子保証】{{工事番号}} {{工事名}}」のように書きます"
        )
    if len(written) > MAX_TEMPLATE:
        raise ValueError(f"{MAX_TEMPLATE}文字を超えています")
    pieces = _PIECE.split(written)  # literals and names by turns
    literals, parts = pieces[::2], tuple(map(_part, pieces[1::2]))
    _check(literals, parts)
    groups = (f"(?P<p{place}>{_PATTERNS[part]})" for place, part in enumerate(parts))
    pattern = "".join(piece for pair in zip(map(_literal, literals), [*groups, ""], strict=True) for piece in pair)
    words = tuple(word for literal in literals for word in _NO_WORD.split(literal.casefold()) if word)
    return Template(text, form, parts, LazyPattern(f" ?{pattern} ?", re.IGNORECASE), words)


def _part(name: str) -> SubjectPart:
    try:
        return SubjectPart(name.strip())
    except ValueError:
        raise ValueError(f"{{{name}}} は知らない部分です。使えるのは {_PART_LIST} です") from None


def _check(literals: Sequence[str], parts: Sequence[SubjectPart]) -> None:
    if any("{" in literal or "}" in literal for literal in literals):
        raise ValueError("{ と } が組になっていません")
    if set(parts) <= {SubjectPart.OTHER}:
        raise ValueError(f"読み取る部分（{_PART_LIST}）が1つもありません")
    if len(parts) > MAX_PARTS:
        raise ValueError(f"読み取る部分が多すぎます（{MAX_PARTS}つまで）")
    twice = [part for part in dict.fromkeys(parts) if parts.count(part) > 1 and part is not SubjectPart.WORKS_NUMBER]
    if twice:
        raise ValueError(f"{{{twice[0]}}} が2回あります（2回書けるのは {{{SubjectPart.WORKS_NUMBER}}} だけです）")
    for one, other, literal in zip(parts, parts[1:], literals[1:], strict=False):
        if not literal and SubjectPart.PRODUCT not in (one, other):
            raise ValueError(f"{{{one}}} と {{{other}}} の間に、空白などの区切りを書いてください")


_BESIDE_BRACKETS = LazyPattern(rf"(?<=[{re.escape(_CLOSING)}]) | (?=[{re.escape(_OPENING)}])")


def _literal(text: str) -> str:
    """Its pattern. Blanks beside a bracket may be there or not, whether the template has them or not."""
    return "".join(map(_character, _BESIDE_BRACKETS.sub("", text)))


def _character(character: str) -> str:
    if character == " ":
        return _BETWEEN
    if character in _OPENING:
        return _ANY_OPENING
    if character in _CLOSING:
        return _ANY_CLOSING
    return f" ?{re.escape(character)} ?" if character in _SEPARATORS else re.escape(character)


# -- the forms that a city uses


@dataclass(frozen=True, slots=True)
class Forms:
    """The templates in the order in which they are tried."""

    templates: tuple[Template, ...] = ()

    @classmethod
    def of(cls, profiles: Iterable[str] = PROFILE_NAMES, own: Iterable[str] = ()) -> Forms:
        """The city's own in its order, then those of the profiles, what says most first. Raises ValueError."""
        named = frozenset(profiles)
        known = [one for one in _known() if one.form in named]
        return cls((*(template_of(text) for text in own), *known))


@cache
def _known() -> tuple[Template, ...]:
    """The profiles' templates, each compiled once, what says most first."""
    known = [template_of(text, one.name) for one in PROFILES for text in one.templates]
    return tuple(sorted(known, key=lambda one: (-one.parts.count(SubjectPart.WORKS_NUMBER), -len(one.parts))))


@cache
def every_form() -> Forms:
    """All profiles, and nothing of a city's own."""
    return Forms.of()


# -- a subject


# What mail programs, gateways and people in a hurry put before a subject, again and again.
_BEFORE = LazyPattern(
    r" ?(?:(?:re|fwd?|aw|wg|転送|返信)(?:[\[(^]?[0-9]{1,3}[\])]?)? ?: ?"
    r"|[\[(【](?:spam|ext|external|外部|外部メール|至急|重要|再送|再提出|訂正|差替え?|(?:確認の)?お願い)[\])】] ?)",
    re.IGNORECASE,
)
_UNSEEN = LazyPattern(f"(?![\t\n\r])[{CONTROLS}{HIDDEN}{VARIATIONS}]")
_MOST_BEFORE = 20
_WORKS = ("工事", "業務", "委託", "修繕", "点検", "設計", "測量")


def read_subject(subject: str, forms: Forms) -> SubjectFields:
    """What the subject says in the first form that fits it; NOTHING when none does. Answered and forwarded ones as well."""
    text = without_prefixes(subject)
    folded = text.casefold()
    for template in forms.templates:
        if not all(
            word in folded for word in template.words
        ):  # most have a word that tells them apart, without a pattern
            continue
        if (found := template.pattern.fullmatch(text)) and (said := _said(template, found)) is not None:
            return said
    return NOTHING


def without_prefixes(subject: str) -> str:
    """The subject in half-width characters, blanks as one each, without Re:, 転送: and the like; cut to MAX_SUBJECT."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", subject[: 4 * MAX_SUBJECT]))
    text = " ".join(text.split())
    for _ in range(_MOST_BEFORE):
        before = _BEFORE.match(text)
        if before is None:
            break
        text = text[before.end() :]
    return text[:MAX_SUBJECT].strip()


def _said(template: Template, found: re.Match[str]) -> SubjectFields | None:
    """The parts; None when one of them can't be what its name says."""
    values: dict[SubjectPart, list[str]] = {}
    for place, part in enumerate(template.parts):
        values.setdefault(part, []).append(found[f"p{place}"].strip())
    names = [value for part in (SubjectPart.PROJECT, SubjectPart.CONTRACTOR) for value in values.get(part, ())]
    if not all(map(fold_name, names)) or any(map(_is_a_work, values.get(SubjectPart.CONTRACTOR, ()))):
        return None
    product = next((_PRODUCT_WORDS[word] for word in values.get(SubjectPart.PRODUCT, ())), None)
    return SubjectFields(
        tuple(dict.fromkeys(values.get(SubjectPart.WORKS_NUMBER, ()))),
        next(iter(values.get(SubjectPart.PROJECT, ())), ""),
        product,
        next(iter(values.get(SubjectPart.CONTRACTOR, ())), ""),
        template.form,
    )


def _is_a_work(name: str) -> bool:
    return name.endswith(_WORKS)
