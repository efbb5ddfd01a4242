"""Key notices read from pages: which fields stand where, to the letter, with the place as evidence.

`read_notices` is called for each opened document and for the mail's own text; it takes the issuers' layouts by any
producer: labels with or without colon, letter-spaced, in table cells, values on the next line or wrapped, several notices
on a page. It never guesses: what it is not sure of is a doubt, and a doubt goes to a person. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bot.core.notice.document import Page, TextSource
from bot.core.notice.evidence import Evidence, evidence_of
from bot.core.notice.field_values import Value, values_of
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field, NoticeFields
from bot.core.text.control_characters import HIDDEN, VARIATIONS
from bot.core.text.normalise import clean, fold, full_width_ascii_to_half, normalise_number


@dataclass(frozen=True, slots=True)
class Reading:
    """One notice as read. `places`: where each field stood, in words (keys masked). `doubts`: why a person must look.

    `evidence`: the same for programs, for each field that was read.
    """

    fields: NoticeFields
    places: tuple[str, ...]
    doubts: tuple[SubmissionReason, ...]
    evidence: tuple[Evidence, ...] = ()

    def evidence_for(self, field: Field) -> Evidence | None:
        """Where this field stood; None when it was not read."""
        return next((one for one in self.evidence if one.field is field), None)

    @property
    def is_from_image(self) -> bool:
        """Whether number or key was recognised from a picture: letters that look alike may have been taken for one another."""
        sources = {one.source for one in self.evidence if one.field in {Field.NUMBER, Field.KEY}}
        return TextSource.IMAGE in sources


def read_notices(pages: Sequence[Page], formats: Formats) -> tuple[Reading, ...]:
    """Every notice on the pages, in order. A page without number and key labels gives none."""
    return tuple(_reading(group, formats) for group in _groups(values_of(pages)) if _is_notice(group))


# -- values to notices


@dataclass(slots=True)
class _Group:
    """The values of one notice while it is being collected."""

    values: dict[Field, Value] = field(default_factory=dict)
    differs: bool = False
    titled: bool = False


def _groups(values: Sequence[Value]) -> list[_Group]:
    """Values in reading order, cut into notices: at a title, and where a field comes again with another value."""
    groups: list[_Group] = []
    current = _Group()
    titles = 0
    for value in values:
        if value.field is Field.OTHER:
            continue
        if value.titles != titles and current.values:
            groups.append(current)
            current = _Group()
        titles = value.titles
        current.titled = current.titled or titles > 0
        known = current.values.get(value.field)
        if known is None or not known.text:
            current.values[value.field] = value
        elif value.text and fold(value.text) != fold(known.text):
            if value.field is Field.KEY and Field.NUMBER in current.values and not _number_came_since(current):
                current.differs = True
                continue
            groups.append(current)
            current = _next_group(current, value)
    return [*groups, current]


def _number_came_since(group: _Group) -> bool:
    """Order of number and key within a notice: with the key first, a second key begins the next notice."""
    order = list(group.values)
    return order.index(Field.KEY) < order.index(Field.NUMBER)


def _next_group(current: _Group, value: Value) -> _Group:
    """The notice that begins with a repeated field: names that stand above all of them hold for it too."""
    order = list(current.values)
    names: frozenset[Field] = frozenset({Field.PROJECT_NAME, Field.CONTRACTOR})
    inheritable = frozenset() if value.field in names else names | {Field.PRODUCT}
    shared = {f: v for f, v in current.values.items() if f in inheritable and order.index(f) < order.index(value.field)}
    shared[value.field] = value
    return _Group(shared, titled=current.titled)


def _is_notice(group: _Group) -> bool:
    number, key = group.values.get(Field.NUMBER), group.values.get(Field.KEY)
    if number and key:
        return bool(number.text or key.text or group.titled)
    one = number or key
    return one is not None and bool(one.text) and group.titled and len(group.values) >= 2


def _reading(group: _Group, formats: Formats) -> Reading:
    doubts: list[SubmissionReason] = []

    def text(which: Field) -> str:
        return group.values[which].text if which in group.values else ""

    number, number_strange = _number(text(Field.NUMBER), formats)
    key, key_strange = _key(text(Field.KEY), formats)
    if number_strange or key_strange:
        doubts.append(SubmissionReason.STRANGE_CHARACTERS)
    if not number:
        doubts.append(SubmissionReason.NUMBER_MISSING)
    if key is None:
        doubts.append(SubmissionReason.KEY_MISSING)
    if group.differs:
        doubts.append(SubmissionReason.READ_TWICE_DIFFERENTLY)

    def shown(words: str) -> str:
        return mask_keys(_without(words, key), formats)

    fields = NoticeFields(
        project_name=shown(_name(text(Field.PROJECT_NAME))),
        contractor=shown(_HONORIFIC.sub("", _name(text(Field.CONTRACTOR)))),
        product=_product(text(Field.PRODUCT)),
        product_as_written=shown(clean(text(Field.PRODUCT), 60)),
        number=shown(number),
        number_as_written=shown(clean(text(Field.NUMBER), 60)),
        auth_key=key,
    )
    evidence = (evidence_of(f, value.page, value.cells) for f, value in group.values.items())
    return Reading(fields, _places(group, fields), tuple(doubts), tuple(one for one in evidence if one is not None))


_WORDS = {
    Field.PROJECT_NAME: "工事名",
    Field.CONTRACTOR: "受注者名",
    Field.PRODUCT: "保証区分",
    Field.NUMBER: "保証契約番号",
    Field.KEY: "認証キー",
}


def _places(group: _Group, fields: NoticeFields) -> tuple[str, ...]:
    shown = {
        Field.PROJECT_NAME: fields.project_name,
        Field.CONTRACTOR: fields.contractor,
        Field.PRODUCT: fields.product_as_written,
        Field.NUMBER: fields.number_as_written,
        Field.KEY: fields.auth_key.masked if fields.auth_key else "",
    }
    return tuple(
        f"{value.page}ページ{_source(f, value)} {_WORDS[f]}「{shown[f]}」"
        for f, value in group.values.items()
        if shown[f]
    )


_SOURCES = {
    TextSource.TEXT: "",
    TextSource.FORM_FIELD: "（入力欄）",
    TextSource.ANNOTATION: "（注釈）",
}


def _source(which: Field, value: Value) -> str:
    """How a value was had, where it was not simply printed text."""
    evidence = evidence_of(which, value.page, value.cells)
    if evidence is None or evidence.source is TextSource.TEXT:
        return ""
    return _SOURCES.get(evidence.source) or f"（画像から読取り、確からしさ{evidence.confidence}%）"


_HONORIFIC = re.compile(r"[\s\u3000]*(?:様|殿|御中)$")
_QUOTED = re.compile(r"「([^「」]+)」")
_SPACED_OUT = re.compile(r"\S(?:[ \u3000]+\S)+")


def _name(text: str) -> str:
    """A name as a person reads it: letter-spacing closed up, runs of blanks to one, without quotes around the whole."""
    shown = clean(text)
    if quoted := _QUOTED.fullmatch(shown):
        shown = quoted.group(1)
    if len(shown) > 3 and _SPACED_OUT.fullmatch(shown) and all(len(word) == 1 for word in shown.split()):
        return shown.replace(" ", "")
    return shown


def _product(text: str) -> Product | None:
    folded = fold(text)
    if not folded:
        return None
    if re.search(r"予約|ボンド", folded):
        return Product.OTHER
    if "中間" in folded:
        return Product.INTERIM_PAYMENT
    if "前払" in folded or "前金" in folded:
        return Product.ADVANCE_PAYMENT
    if re.search(r"契約保証|^契約$", folded):
        return Product.CONTRACT
    return Product.OTHER if "保証" in folded or "保険" in folded else None


# A run ends at Japanese, brackets and quotes; other scripts stay in it, so that a look-alike is seen and not dropped.
_RUN_END = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff()（）「」『』【】\[\]\"'“”,、。;；:：]")
_HYPHENLIKE = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u2500\uff0d\uff70"
_LEADING = re.compile(r"^[「『\"'“”\s\u3000:：]+")


def _number(text: str, formats: Formats) -> tuple[str, bool]:
    """The normalised number ("" = none) and whether it holds characters that only look right."""
    text = _LEADING.sub("", text)
    text = re.sub(rf"[{_HYPHENLIKE}]", "-", text)
    text = re.sub(r"^第\s*", "", full_width_ascii_to_half(text))
    run = _RUN_END.split(text, maxsplit=1)[0]
    number = _closed_up(run, formats.is_number, normalise_number)
    strange = re.search(r"[^0-9A-Za-z/.-]", number) is not None or _has_hidden(run)
    return clean(number, 60), strange


def _key(text: str, formats: Formats) -> tuple[AuthKey | None, bool]:
    """The key to the letter (full width to half width only), None when there is none, and whether it looks strange."""
    text = _LEADING.sub("", full_width_ascii_to_half(text))
    run = _RUN_END.split(text, maxsplit=1)[0].strip()
    letters = _closed_up(run, formats.is_key, str)
    if not letters:
        return None, False
    return AuthKey(letters[:60]), re.search(r"[^!-~]", letters) is not None


_MOST_WORDS = 60  # a key or number of so many letters would have no known form


def _closed_up(run: str, fits: Callable[[str], bool], normalise: Callable[[str], str]) -> str:
    """A value whose letters may be spaced out: the fewest words from the left that have a known form, else the first word.

    Words of one or two characters are letter-spacing and are always closed up.
    """
    words = run.split()[:_MOST_WORDS]
    for count in range(1, len(words) + 1):
        joined = normalise("".join(words[:count]))
        if fits(joined):
            return joined
    if len(words) > 1 and all(len(word) <= 2 for word in words):
        return normalise("".join(words))
    return normalise(words[0]) if words else ""


def _has_hidden(text: str) -> bool:
    return re.search(f"[{HIDDEN}{VARIATIONS}]", text) is not None


# -- keys where they should not stand: these texts go into letters, lists and logs

_HIDDEN_KEY = "＊" * 6
_SHORTEST_KEY = 6  # anything shorter is a misreading, and would be found in every name
# Between capitals, small letters and digits: one key in 250 has fewer; Scan20261122 and words have one or two.
_KIND_CHANGES = 3


def _without(text: str, key: AuthKey | None) -> str:
    """The text with the notice's own key made unreadable."""
    if key is None or len(key.letters) < _SHORTEST_KEY:
        return text
    parts: list[str] = []
    half, place = full_width_ascii_to_half(text), 0
    while (found := half.find(key.letters, place)) >= 0:
        parts += [text[place:found], _HIDDEN_KEY]
        place = found + len(key.letters)
    return "".join([*parts, text[place:]])


def mask_keys(text: str, formats: Formats) -> str:
    """The text with everything that has a key's form, in one word or spaced out, and looks random, made unreadable."""
    half = full_width_ascii_to_half(text)
    spans: list[tuple[int, int]] = []
    words = [found.span() for found in re.finditer(r"[!-~]+", half)]
    for first, (start, end) in enumerate(words):
        spans += [
            (start + found.start(), start + found.end())
            for pattern in formats.keys
            for found in re.finditer(rf"(?:{pattern})[0-9A-Za-z]*", half[start:end])
        ]
        for last in range(first + 1, min(first + _MOST_PIECES, len(words))):
            if words[last][0] - words[last - 1][1] != 1:
                break
            if formats.is_key(half[start : words[last][1]].replace(" ", "").replace("\u3000", "")):
                spans.append((start, words[last][1]))
    parts: list[str] = []
    place = 0
    for start, end in sorted(spans):
        if start >= place and (_looks_random(half[start:end]) or _is_called_key(half[:start])):
            parts += [text[place:start], _HIDDEN_KEY]
            place = end
    return "".join([*parts, text[place:]])


# 認証キーは「…」, 認証キー：…, and 保証契約番号／認証キー：00000-000000／…: these words say that a key comes next.
_CALLED_KEY = re.compile(r"(?:キ|ｷ)[ーｰ-](?:番号)?[\s:：=→⇒はが、」』】)）「『（(\[\]/・|]*(?:[0-9-]+[\s/、|]+)?$")
_MOST_PIECES = 12  # a key letter by letter


def _is_called_key(before: str) -> bool:
    """Whether the words before a run announce a key, however plain its letters are."""
    return _CALLED_KEY.search(before[-60:]) is not None


def _looks_random(letters: str) -> bool:
    kinds = ["A" if c.isupper() else "a" if c.islower() else "0" for c in letters if c.isalnum()]
    return sum(a != b for a, b in pairwise(kinds)) >= _KIND_CHANGES


_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z‐-―−ー-]*")  # a hyphen of any width


def holds_more(page: Page, readings: Sequence[Reading], formats: Formats) -> bool:
    """Whether a number or a key, by its form alone, stands on the page that is in none of the readings.

    Asked of recognised pages: where a label was misread, its notice would be missed without a word.
    """
    known = {words for one in readings for words in (one.fields.number, normalise_number(one.fields.number_as_written))}
    keys = [one.fields.auth_key for one in readings if one.fields.auth_key is not None]
    for run in _RUN.findall(full_width_ascii_to_half(page.text)):
        if formats.is_number(number := normalise_number(run)) and number not in known:
            return True
        if formats.is_key(run) and _looks_random(run) and not any(key.same_as(AuthKey(run)) for key in keys):
            return True
    return False


def with_doubts(reading: Reading, *doubts: SubmissionReason) -> Reading:
    """The reading with further reasons for a person to look."""
    return replace(reading, doubts=(*reading.doubts, *(d for d in doubts if d not in reading.doubts)))
