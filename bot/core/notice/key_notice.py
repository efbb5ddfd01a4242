"""Key notices read from pages: the fields to the letter, with their positions as evidence.

`read_notices` is called for each opened document and for the mail's own text. It reads the issuers' layouts by any producer:
labels with or without colon, letter-spaced, in table cells; values on the next line or wrapped; several notices on a page.
It never guesses: an uncertain reading gets a doubt, and a person decides. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.core.notice.document import Page, TextSource
from bot.core.notice.evidence import Evidence, evidence_of, narrowed
from bot.core.notice.field_values import Value, values_of
from bot.core.policy.masking import looks_random, mask_this, shown
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field, NoticeFields, ReadFrom
from bot.core.text.control_characters import HIDDEN, VARIATIONS
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import MAX_SHOWN, fold, full_width_ascii_to_half, normalise_number


@dataclass(frozen=True, slots=True)
class FoundNotice:
    """One notice as it was read, and where; what is known of its paper is put in by interpret.py."""

    fields: NoticeFields
    document_name: str = ""  # the file's cleaned name, or 「メール本文」; "" = its paper is not known yet
    read_from: ReadFrom = ReadFrom.PDF_TEXT
    part: str = ""  # the document's; "" = the mail's body
    doubts: tuple[SubmissionReason, ...] = ()  # why a person must look
    places: tuple[str, ...] = ()  # where each field stood, in words; keys masked
    evidence: tuple[Evidence, ...] = ()  # the same for programs, one for each field that was read

    def evidence_for(self, field: Field) -> Evidence | None:
        """The evidence of this field; None when it was not read."""
        return next((one for one in self.evidence if one.field is field), None)

    @property
    def is_from_image(self) -> bool:
        """Whether number or key comes from OCR, which may confuse letters that look alike."""
        sources = {one.source for one in self.evidence if one.field in {Field.NUMBER, Field.KEY}}
        return TextSource.IMAGE in sources


def read_notices(pages: Sequence[Page], formats: Formats) -> tuple[FoundNotice, ...]:
    """Every notice on the pages, in order. A page without number and key labels gives none."""
    return tuple(_notice(group, formats) for group in _groups(values_of(pages)) if _is_notice(group))


# -- values to notices


@dataclass(slots=True)
class _Group:
    """The values of one notice while it is being collected."""

    values: dict[Field, Value] = field(default_factory=dict)
    differs: bool = False
    titled: bool = False


def _groups(values: Sequence[Value]) -> list[_Group]:
    """Split the values, in reading order, into notices: at a title, and where a field repeats with another value."""
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
    """Whether the number came after the key: then a second key begins the next notice."""
    order = list(group.values)
    return order.index(Field.KEY) < order.index(Field.NUMBER)


def _next_group(current: _Group, value: Value) -> _Group:
    """The notice that begins with a repeated field. It inherits names that stand once above all notices."""
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


def _notice(group: _Group, formats: Formats) -> FoundNotice:
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

    def shown_value(words: str, limit: int = MAX_SHOWN) -> str:
        return _shown(words, limit, key, formats)

    fields = NoticeFields(
        project_name=_name(shown_value(text(Field.PROJECT_NAME))),
        contractor=_HONORIFIC.sub("", _name(shown_value(text(Field.CONTRACTOR)))),
        product=_product(text(Field.PRODUCT)),
        product_as_written=shown_value(text(Field.PRODUCT), 60),
        number=shown_value(number, 60),
        number_as_written=shown_value(text(Field.NUMBER), 60),
        auth_key=key,
    )
    letters = {Field.NUMBER: number, Field.KEY: key.reveal() if key is not None else ""}
    evidence = (
        evidence_of(f, value.page, narrowed(value.cells, letters.get(f, ""))) for f, value in group.values.items()
    )
    return FoundNotice(
        fields,
        doubts=tuple(doubts),
        places=_places(group, fields),
        evidence=tuple(one for one in evidence if one is not None),
    )


def _places(group: _Group, fields: NoticeFields) -> tuple[str, ...]:
    shown = {
        Field.PROJECT_NAME: fields.project_name,
        Field.CONTRACTOR: fields.contractor,
        Field.PRODUCT: fields.product_as_written,
        Field.NUMBER: fields.number_as_written,
        Field.KEY: fields.auth_key.masked if fields.auth_key else "",
    }
    return tuple(
        f"{value.page}ページ{_source(f, value)} {f.words}「{shown[f]}」"
        for f, value in group.values.items()
        if shown[f]
    )


_SOURCES = {
    TextSource.TEXT: "",
    TextSource.FORM_FIELD: "（入力欄）",
    TextSource.ANNOTATION: "（注釈）",
}


def _source(which: Field, value: Value) -> str:
    """The source of a value in Japanese, when it is no printed text."""
    evidence = evidence_of(which, value.page, value.cells)
    if evidence is None or evidence.source is TextSource.TEXT:
        return ""
    return _SOURCES.get(evidence.source) or f"（画像から読取り、読取りの確度{evidence.confidence}%）"


_HONORIFIC = LazyPattern(r"[\s\u3000]*(?:様|殿|御中)$")
_QUOTED = LazyPattern(r"「([^「」]+)」")
_SPACED_OUT = LazyPattern(r"\S(?:[ \u3000]+\S)+")


def _name(text: str) -> str:
    """A cleaned name without letter-spacing and without quotes around the whole."""
    if quoted := _QUOTED.fullmatch(text):
        text = quoted.group(1)
    if len(text) > 3 and _SPACED_OUT.fullmatch(text) and all(len(word) == 1 for word in text.split()):
        return text.replace(" ", "")
    return text


_RESERVATION = LazyPattern(r"予約|ボンド")
_CONTRACT = LazyPattern(r"契約保証|^契約$")


def _product(text: str) -> Product | None:
    folded = fold(text)
    if not folded:
        return None
    if _RESERVATION.search(folded):
        return Product.OTHER
    if "中間" in folded:
        return Product.INTERIM_PAYMENT
    if "前払" in folded or "前金" in folded:
        return Product.ADVANCE_PAYMENT
    if _CONTRACT.search(folded):
        return Product.CONTRACT
    return Product.OTHER if "保証" in folded or "保険" in folded else None


# A run ends at Japanese, brackets and quotes. Other scripts stay in it, so that a look-alike letter is detected.
_RUN_END = LazyPattern(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff()（）「」『』【】\[\]\"'“”,、。;；:：]")
_HYPHENLIKE = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u2500\uff0d\uff70"
_LEADING = LazyPattern(r"^[「『\"'“”\s\u3000:：]+")


_ANY_HYPHEN = LazyPattern(rf"[{_HYPHENLIKE}]")
_ORDINAL = LazyPattern(r"^第\s*")
_NOT_OF_NUMBERS = LazyPattern(r"[^0-9A-Za-z/.-]")


def _number(text: str, formats: Formats) -> tuple[str, bool]:
    """The normalised number ("" = none), and whether it has look-alike letters of other scripts."""
    text = _LEADING.sub("", text)
    text = _ANY_HYPHEN.sub("-", text)
    text = _ORDINAL.sub("", full_width_ascii_to_half(text))
    run = _RUN_END.split(text, maxsplit=1)[0]
    number = _closed_up(run, formats.is_number, normalise_number)
    strange = _NOT_OF_NUMBERS.search(number) is not None or _has_hidden(run)
    return number, strange


_NOT_OF_KEYS = LazyPattern(r"[^!-~]")


def _key(text: str, formats: Formats) -> tuple[AuthKey | None, bool]:
    """The key to the letter, only its width normalised (None = none), and whether its form is unusual."""
    text = _LEADING.sub("", full_width_ascii_to_half(text))
    run = _RUN_END.split(text, maxsplit=1)[0].strip()
    letters = _closed_up(run, formats.is_key, str)
    if not letters:
        return None, False
    return AuthKey(letters[:60]), _NOT_OF_KEYS.search(letters) is not None


_MOST_WORDS = 60  # no known form has more letters


def _closed_up(run: str, fits: Callable[[str], bool], normalise: Callable[[str], str]) -> str:
    """A value that may be letter-spaced: the fewest words from the left that have a known form, else the first word.

    Words of one or two characters count as letter-spacing and are always joined.
    """
    words = run.split()[:_MOST_WORDS]
    for count in range(1, len(words) + 1):
        joined = normalise("".join(words[:count]))
        if fits(joined):
            return joined
    if len(words) > 1 and all(len(word) <= 2 for word in words):
        return normalise("".join(words))
    return normalise(words[0]) if words else ""


_IS_HIDDEN = LazyPattern(f"[{HIDDEN}{VARIATIONS}]")


def _has_hidden(text: str) -> bool:
    return _IS_HIDDEN.search(text) is not None


_SHORTEST_KEY = 6  # a shorter one is a misreading and would match in every name


def _shown(text: str, limit: int, key: AuthKey | None, formats: Formats) -> str:
    """A value fit to show, without the notice's own key and what looks like another."""
    if key is not None and len(key.letters) >= _SHORTEST_KEY:
        text = mask_this(text, key.letters)
    return shown(text, formats, limit)


_RUN = LazyPattern(r"[0-9A-Za-z][0-9A-Za-z‐-―−ー-]*")  # a hyphen of any width


def holds_more(page: Page, notices: Sequence[FoundNotice], formats: Formats) -> bool:
    """Whether a number or a key, by its form alone, stands on the page that is in none of the notices.

    For OCR pages: a notice with a misread label would otherwise be missed silently.
    """
    known = {words for one in notices for words in (one.fields.number, normalise_number(one.fields.number_as_written))}
    keys = [one.fields.auth_key for one in notices if one.fields.auth_key is not None]
    for run in _RUN.findall(full_width_ascii_to_half(page.text)):
        if formats.is_number(number := normalise_number(run)) and number not in known:
            return True
        if formats.is_key(run) and looks_random(run) and not any(key.same_as(AuthKey(run)) for key in keys):
            return True
    return False


def with_doubts(notice: FoundNotice, *doubts: SubmissionReason) -> FoundNotice:
    """The notice with further reasons for a person to look."""
    return replace(notice, doubts=(*notice.doubts, *(d for d in doubts if d not in notice.doubts)))
