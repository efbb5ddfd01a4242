"""Key notices read from pages: which fields stand where, to the letter, with the place as evidence.

`read_notices` is called for each opened document and for the mail's own text; it takes the leaflet's layout by any
producer: labels with or without colon, letter-spaced, in table cells, values on the next line or wrapped, several notices
on a page. It never guesses: what it is not sure of is a doubt, and a doubt goes to a person. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.core.document import Line, Page
from bot.core.guarantee import Product
from bot.core.labels import Field, FoundLabel, between, find_labels
from bot.core.reasons import SubmissionReason
from bot.core.secret import AuthKey
from bot.core.submission import NoticeFields
from bot.core.text import clean, fold, full_width_ascii_to_half, normalise_number


@dataclass(frozen=True, slots=True)
class Formats:
    """The config's [reading]: what a number and a key look like, as regular expressions for the whole value."""

    numbers: tuple[str, ...] = (r"[0-9]{5}-[0-9]{6}",)
    keys: tuple[str, ...] = (r"[A-Za-z0-9]{12}",)

    def is_number(self, text: str) -> bool:
        """Whether the normalised number has one of the known forms."""
        return any(re.fullmatch(pattern, text) for pattern in self.numbers)

    def is_key(self, letters: str) -> bool:
        """Whether the key has one of the known forms."""
        return any(re.fullmatch(pattern, letters) for pattern in self.keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """One notice as read. `places`: where each field stood, in words (keys masked). `doubts`: why a person must look."""

    fields: NoticeFields
    places: tuple[str, ...]
    doubts: tuple[SubmissionReason, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    field: Field
    text: str
    page: int
    title_before: int  # how many titles stood above: a title begins another notice
    x0: float = 0.0


@dataclass(slots=True)
class _Row:
    """A line of the page with its labels; `taken` once its text was given to a value. Work in progress, local to one page."""

    line: Line
    labels: tuple[FoundLabel, ...]
    is_prose: bool
    titles: int
    taken: bool = False

    @property
    def top(self) -> float:
        return min(cell.top for cell in self.line.cells)

    @property
    def bottom(self) -> float:
        return max(cell.bottom for cell in self.line.cells)

    @property
    def x0(self) -> float:
        return self.line.cells[0].x0

    @property
    def x1(self) -> float:
        return self.line.cells[-1].x1

    @property
    def em(self) -> float:
        return max(self.bottom - self.top, 0.1)


TITLE = re.compile(r"認証キ[ー一―‐-][」』\"]?等?(?:[(（].{0,10}[)）])?の?(?:ご?お?知らせ|御?通知)")
_NOTE = re.compile(r"^[(※]|^注[)0-9]|^\(注|^[(]?JVの場合")
# Lines of the notice that belong to no field: they end a wrapped value.
_PROSE = re.compile(
    r"^記$|^以上$|^【|発注者様への|^電子保証(?:を|の|に)|^つきましては|^なお|^ご不明|^[①②]|^又は$|お知らせします|ください|いたします"
    r"|(?:建設業保証|信用保証|保険)株式会社$|^TEL|^電話|^FAX|^https?:|^[-=_*─━]{3,}$",
)
_FULL_LINE = 0.85  # of the widest line: a value that reaches so far may go on at the left margin of the next
_MAX_WRAPS = 4  # lines of one work's name


def is_title(text: str) -> bool:
    """Whether a line says 「認証キー」(等)のお知らせ, whatever stands before it (domain.md §2: cities and sureties vary it)."""
    return TITLE.search(fold(text)) is not None


def read_notices(pages: Sequence[Page], formats: Formats) -> tuple[Reading, ...]:
    """Every notice on the pages, in order. A page without number and key labels gives none."""
    values: list[_Value] = []
    titles = 0
    for page in pages:
        rows = _rows(page, titles)
        titles = rows[-1].titles if rows else titles
        values += _page_values(page, rows)
    return tuple(_reading(group, formats) for group in _groups(values) if _is_notice(group))


def _rows(page: Page, titles: int) -> list[_Row]:
    rows: list[_Row] = []
    for line in page.lines:
        folded = fold(line.text)
        if not folded:
            continue
        if is_title(folded):
            titles += 1
        labels = find_labels(line)
        prose = not labels and (_PROSE.search(folded) is not None or is_title(folded))
        rows.append(_Row(line, labels, prose, titles))
    return rows


def _page_values(page: Page, rows: list[_Row]) -> list[_Value]:
    values: list[_Value] = []
    margin = max((row.x1 for row in rows), default=0.0)
    for index, row in enumerate(rows):
        if header := _table_header(row, rows[index + 1 :]):
            values += _table_values(page, header, rows[index + 1 :])
            continue
        for n, label in enumerate(row.labels):
            here = between(row.line, label.value_from, label.value_to)
            is_last = n == len(row.labels) - 1
            pieces = [here[0]] if here else []
            x0 = here[1] if here else label.x1
            if is_last or not here:
                pieces = _with_neighbours(rows, index, label, here, margin)
            text = _join(pieces)
            values.append(_Value(label.field, text, page.number, row.titles, x0))
    return values


# -- a table whose labels stand in one row and whose values stand in the rows below


def _table_header(row: _Row, below: Sequence[_Row]) -> tuple[FoundLabel, ...]:
    labels = row.labels
    no_values = all(between(row.line, label.value_from, label.value_to) is None for label in labels)
    wanted = {Field.NUMBER, Field.KEY} <= {label.field for label in labels}
    return labels if len(labels) >= 2 and wanted and no_values and below else ()


def _table_values(page: Page, header: Sequence[FoundLabel], below: Sequence[_Row]) -> list[_Value]:
    """Rows of values; a line without a number continues the names of the row above it."""
    edges = [(a.x1 + b.x0) / 2 for a, b in zip(header, header[1:], strict=False)]
    table: list[dict[Field, str]] = []
    for row in below:
        if row.labels or row.is_prose:
            break
        cells: dict[Field, list[str]] = {}
        for cell in row.line.cells:
            centre = (cell.x0 + cell.x1) / 2
            column = header[sum(centre > edge for edge in edges)].field
            cells.setdefault(column, []).append(cell.text.strip())
        texts = {column: " ".join(parts) for column, parts in cells.items()}
        row.taken = True
        if Field.NUMBER in texts or Field.KEY in texts or not table:
            table.append(texts)
        else:
            for column, text in texts.items():
                table[-1][column] = _join([table[-1].get(column, ""), text])
    titles = below[0].titles
    return [
        _Value(label.field, texts.get(label.field, ""), page.number, titles, label.x0)
        for texts in table
        for label in header
    ]


# -- values beside, below and around their label


def _with_neighbours(
    rows: list[_Row], index: int, label: FoundLabel, here: tuple[str, float, float] | None, margin: float
) -> list[str]:
    """The value's own text and the lines that belong to it: wrapped below, or centred around its label in a table cell."""
    above, below = _column_lines(rows, index, label, here)
    if above:
        return [*above, *([here[0]] if here else []), *below]
    pieces = [here[0]] if here else []
    x0, x1 = (here[1], here[2]) if here else (None, None)
    previous = rows[index]
    for row in rows[index + 1 : index + 1 + _MAX_WRAPS + 2]:
        if _is_note(row):
            continue
        if row.taken or row.labels or row.is_prose or not _follows(previous, row, has_value=bool(pieces)):
            break
        if not pieces:
            if not _may_begin(label.field, row):
                break
            x0 = row.x0
        elif not _continues(label, row, (x0, x1), margin):
            break
        pieces.append(row.line.text)
        row.taken = True
        x1, previous = row.x1, row
    return pieces


def _column_lines(
    rows: list[_Row], index: int, label: FoundLabel, here: tuple[str, float, float] | None
) -> tuple[list[str], list[str]]:
    """Unlabelled lines right of the label and nearest to it: a wrapped value in a cell whose label is centred."""
    if not label.starts_cell or len(rows[index].labels) > 1:
        return [], []
    above = list(_nearest(rows, index, -1, label))
    if not above or not _is_wrapping(label.field):
        return [], []
    below = list(_nearest(rows, index, +1, label))
    if here is None and len(above) != len(below) and not below:
        return [], []
    for row in (*above, *below):
        row.taken = True
    return [row.line.text for row in reversed(above)], [row.line.text for row in below]


def _nearest(rows: list[_Row], index: int, step: int, label: FoundLabel) -> Iterator[_Row]:
    previous, position = rows[index], index + step
    while 0 <= position < len(rows) and abs(position - index) <= _MAX_WRAPS:
        row = rows[position]
        gap = row.top - previous.bottom if step > 0 else previous.top - row.bottom
        if row.taken or row.labels or row.is_prose or _is_note(row) or row.x0 < label.x1 or gap > 0.6 * row.em:
            return
        other = rows[position + step] if 0 <= position + step < len(rows) else None
        if other is not None and other.labels:
            away = other.top - row.bottom if step > 0 else row.top - other.bottom
            if away < gap:
                return
        yield row
        previous, position = row, position + step


def _is_note(row: _Row) -> bool:
    return _NOTE.search(fold(row.line.text)) is not None and not row.labels


def _is_wrapping(which: Field) -> bool:
    return which in {Field.PROJECT_NAME, Field.CONTRACTOR}


def _follows(previous: _Row, row: _Row, *, has_value: bool) -> bool:
    gap = row.top - previous.bottom
    return gap <= (1.1 if has_value else 2.6) * max(previous.em, row.em)


def _may_begin(which: Field, row: _Row) -> bool:
    """Whether a line below an empty label can be its value."""
    text = fold(row.line.text)
    if which is Field.NUMBER:
        return re.match(r"第?[0-9A-Za-z]", text) is not None
    if which is Field.KEY:
        return re.match(r"[「『\"']?[!-~]", text) is not None
    if which is Field.PRODUCT:
        return _product(text) is not None
    return True


def _continues(label: FoundLabel, row: _Row, extent: tuple[float | None, float | None], margin: float) -> bool:
    """Whether a line goes on with the value above it."""
    x0, x1 = extent
    if label.field is Field.KEY:
        return re.fullmatch(r"[0-9A-Za-z]{1,11}", fold(row.line.text)) is not None and _hangs(row, x0)
    if not _is_wrapping(label.field) or x0 is None or x1 is None:
        return False
    return _hangs(row, x0) or (x1 >= _FULL_LINE * margin and abs(row.x0 - label.x0) <= 1.5 * row.em)


def _hangs(row: _Row, x0: float | None) -> bool:
    return x0 is not None and row.x0 >= x0 - 1.2 * row.em and row.x0 > 0


def _join(pieces: Sequence[str]) -> str:
    """Wrapped pieces as one text: without a blank between Japanese, with one between Latin words."""
    text = ""
    for piece in pieces:
        stripped = piece.strip()
        latin = text[-1:].isascii() and text[-1:].isalpha() and stripped[:1].isascii() and stripped[:1].isalpha()
        text += f" {stripped}" if text and latin else stripped
    return text


# -- values to notices


@dataclass(slots=True)
class _Group:
    """The values of one notice while it is being collected."""

    values: dict[Field, _Value] = field(default_factory=dict)
    differs: bool = False
    titled: bool = False


def _groups(values: Sequence[_Value]) -> list[_Group]:
    """Values in reading order, cut into notices: at a title, and where a field comes again with another value."""
    groups: list[_Group] = []
    current = _Group()
    titles = 0
    for value in values:
        if value.title_before != titles and current.values:
            groups.append(current)
            current = _Group()
        titles = value.title_before
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


def _next_group(current: _Group, value: _Value) -> _Group:
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
    fields = NoticeFields(
        project_name=_name(text(Field.PROJECT_NAME)),
        contractor=_name(text(Field.CONTRACTOR)),
        product=_product(text(Field.PRODUCT)),
        product_as_written=clean(text(Field.PRODUCT), 60),
        number=number,
        number_as_written=clean(text(Field.NUMBER), 60),
        auth_key=key,
    )
    return Reading(fields, _places(group, fields), tuple(doubts))


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
    return tuple(f"{value.page}ページ {_WORDS[f]}「{shown[f]}」" for f, value in group.values.items() if shown[f])


_SPACED_OUT = re.compile(r"\S(?:[ \u3000]+\S)+")


def _name(text: str) -> str:
    """A name as a person reads it: letter-spacing closed up, runs of blanks to one."""
    shown = clean(text)
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


def _closed_up(run: str, fits: Callable[[str], bool], normalise: Callable[[str], str]) -> str:
    """A value whose letters may be spaced out: the fewest words from the left that have a known form, else the first word.

    Words of one or two characters are letter-spacing and are always closed up.
    """
    words = run.split()
    for count in range(1, len(words) + 1):
        joined = normalise("".join(words[:count]))
        if fits(joined):
            return joined
    if len(words) > 1 and all(len(word) <= 2 for word in words):
        return normalise("".join(words))
    return normalise(words[0]) if words else ""


def _has_hidden(text: str) -> bool:
    return re.search("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", text) is not None


def with_doubts(reading: Reading, *doubts: SubmissionReason) -> Reading:
    """The reading with further reasons for a person to look."""
    return replace(reading, doubts=(*reading.doubts, *(d for d in doubts if d not in reading.doubts)))
