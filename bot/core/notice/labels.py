"""The labels of a key notice (工事名, 保証契約番号, 認証キー …), found in a line independent of spacing and width.

Called by core/notice/lines.py for every line of a page; the labels' words are data (core/issuers). Nothing is raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.issuers import LABELS
from bot.core.notice.document import Line
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

# On folded text without blanks (so half-width kana and full-width brackets are already plain). Longer before shorter.
_LABEL = LazyPattern("|".join(f"(?P<{field}>{pattern})" for field, pattern in LABELS.items()))
# （ＪＶの場合は代表者）; a value may begin with a bracket too: （株）…, （仮称）…
_QUALIFIER = LazyPattern(r"\((?=[^()]{0,24}(?:JV|共同企業体|場合|代表|又は))[^()]{0,24}\)")
# 工事名（業務名）：, 認証キー（閲覧用）, but not 商品（前払金保証）, whose brackets hold the value
_REMARK = LazyPattern(r"\((?![^()]{0,24}(?:前払|契約保証))[^()0-9A-Za-z]{1,24}\)")
# Three patterns, because the value may follow at once and be a number: 保証契約番号※2 12345-…
_NOTE_MARKS = tuple(LazyPattern(rf"[※*]{digits}|\([※注]{digits}\)") for digits in ("[0-9]{2}", "[0-9]", ""))
_GLOSS = LazyPattern(r"/?[A-Za-z][A-Za-z.]{0,40}(?=:)|/[A-Za-z][A-Za-z.]*")  # 工事名 / Project：
_COLON = LazyPattern(r"[:=→⇒]|[.・]{2,}|…+")
_SLASH = LazyPattern(r"/")
_BULLET = LazyPattern(r"^(?:[(]?[0-9①-⑳ア-オa-e][).、]|[・■●○◆◇□▪‣*※【〔\[-])+")
# What follows the word when it is part of a sentence and no label: 「認証キー」のお知らせ, 保証契約番号と認証キー
_SENTENCE = LazyPattern(r"^[」』\"'】〕※]|^(?:の|と|を|は|が|に|で|も|や|及び|及|又は|等|、|。|・)")
_CLOSING = LazyPattern(r"[\])】〕]")
_OPENING = LazyPattern(r"[「『\"'【〔]$")


@dataclass(frozen=True, slots=True)
class FoundLabel:
    """A label in a line. Positions are (index of the cell, index of the character in it)."""

    field: Field
    begins: tuple[int, int]  # the label's position
    value_from: tuple[int, int]  # where its value begins
    value_to: tuple[int, int]  # and ends
    starts_cell: bool  # it is at the beginning of a cell
    x0: float  # the label's own extent, in points
    x1: float


@dataclass(frozen=True, slots=True)
class _Compact:
    """A line without blanks, folded, with the position of each character in the line."""

    text: str
    places: tuple[tuple[int, int], ...]
    after_blank: frozenset[int]  # indexes of characters that follow a blank or begin a cell

    def begins_cell(self, index: int) -> bool:
        """Whether the character is the first of a cell."""
        return index < len(self.places) and self.places[index][1] == 0


def _compact(line: Line) -> _Compact:
    text: list[str] = []
    places: list[tuple[int, int]] = []
    after_blank: set[int] = set()
    for cell_index, cell in enumerate(line.cells):
        blank = True
        for index, character in enumerate(cell.text):
            folded = fold(character)
            if not folded:
                blank = True
                continue
            if blank:
                after_blank.add(len(text))
            blank = False
            text.extend(folded)
            places.extend([(cell_index, index)] * len(folded))
    return _Compact("".join(text), tuple(places), frozenset(after_blank))


def find_labels(line: Line) -> tuple[FoundLabel, ...]:
    """The labels of a line, left to right. A label's word in a sentence is no label."""
    compact = _compact(line)
    bullet = _BULLET.match(compact.text)
    first = bullet.end() if bullet else 0
    accepted: list[tuple[re.Match[str], int]] = []
    for match in _LABEL.finditer(compact.text):
        end = _end_of_label(compact, match.end())
        bracketed = _CLOSING.match(compact.text, end)
        end = bracketed.end() if bracketed else end
        rest = compact.text[end:]
        at_start = match.start() <= first or match.start() in compact.after_blank
        colon = _COLON.match(compact.text, end) or (_parting_slash(compact.text, end) if at_start else None)
        if not colon and _is_in_sentence(compact, match, end, first, is_bracketed=bracketed is not None):
            continue
        at_end = not rest or end in compact.after_blank or bracketed is not None
        if colon or (at_start and (at_end or _is_value(match.lastgroup, rest))):
            accepted.append((match, colon.end() if colon else end))
    return tuple(_found(line, compact, accepted, n) for n in range(len(accepted)))


def _end_of_label(compact: _Compact, end: int) -> int:
    """The end of a label including its additions: （ＪＶの場合は代表者）, a remark, a note's mark, its English name."""
    if qualifier := _QUALIFIER.match(compact.text, end):
        end = qualifier.end()
    for tail in (_REMARK, *_NOTE_MARKS, _GLOSS):
        found = tail.match(compact.text, end)
        if found and (_COLON.match(compact.text, found.end()) or compact.begins_cell(found.end())):
            end = found.end()
    return end


_LABEL_ENDS = LazyPattern(r"[:=/]|$")


def _parting_slash(text: str, end: int) -> re.Match[str] | None:
    """A slash between label and value: 工事名／○○工事; not one between two labels."""
    slash = _SLASH.match(text, end)
    second = _LABEL.match(text, slash.end()) if slash else None
    return None if second and _LABEL_ENDS.match(text[second.end() :]) else slash


def _is_in_sentence(compact: _Compact, match: re.Match[str], end: int, first: int, *, is_bracketed: bool) -> bool:
    """Whether the words around a label make it part of a sentence. A value in its own cell may begin with と or の."""
    is_name = match.lastgroup in {Field.PROJECT_NAME, Field.CONTRACTOR}
    stands_apart = is_bracketed or compact.begins_cell(end) or (match.start() == first and end in compact.after_blank)
    if _SENTENCE.match(compact.text[end:]) and not (is_name and stands_apart):
        return True
    return not is_bracketed and _OPENING.search(compact.text[: match.start()]) is not None


_IN_BRACKETS = LazyPattern(r"「(?:.+」|[^」]+)$")
_NUMBER_BEGINS = LazyPattern(r"第?[0-9A-Za-z]")
_KEY_BEGINS = LazyPattern(r"[0-9A-Za-z]{6}")
_PRODUCT_BEGINS = LazyPattern(r"(?:中間)?前払|契約保証")


def _is_value(field: str | None, rest: str) -> bool:
    """Whether what follows a label without colon or blank looks like its value."""
    if _IN_BRACKETS.match(rest):
        return True  # 工事名「○○工事」, which may continue in the next line
    if field == Field.NUMBER:
        return _NUMBER_BEGINS.match(rest) is not None
    if field == Field.KEY:
        return _KEY_BEGINS.match(rest) is not None
    if field == Field.PRODUCT:
        return _PRODUCT_BEGINS.match(rest) is not None
    return False


def _found(line: Line, compact: _Compact, accepted: list[tuple[re.Match[str], int]], n: int) -> FoundLabel:
    match, value_index = accepted[n]
    end_of_line = (len(line.cells), 0)

    def place(index: int) -> tuple[int, int]:
        return compact.places[index] if index < len(compact.places) else end_of_line

    begins, last = place(match.start()), place(match.end() - 1)
    label_cells = line.cells[begins[0] : last[0] + 1]
    return FoundLabel(
        field=Field(match.lastgroup or ""),
        begins=begins,
        value_from=place(value_index),
        value_to=place(accepted[n + 1][0].start()) if n + 1 < len(accepted) else end_of_line,
        starts_cell=match.start() in compact.after_blank,
        x0=label_cells[0].x0,
        x1=label_cells[-1].x1,
    )


_ENDING = LazyPattern(rf"[\])】〕]?(?:{_COLON.pattern})?")


def whole_label(text: str) -> Field | None:
    """The field of a text that is only a label: 「商品（保証区分）：」; None for any other text."""
    bare = "".join(fold(text).split())
    bullet = _BULLET.match(bare)
    label = _LABEL.match(bare, bullet.end() if bullet else 0)
    if label is None:
        return None
    addition = _QUALIFIER.match(bare, label.end()) or _REMARK.match(bare, label.end())
    is_whole = _ENDING.fullmatch(bare, addition.end() if addition else label.end())
    return Field(label.lastgroup or "") if is_whole else None


def between(line: Line, begin: tuple[int, int], end: tuple[int, int]) -> tuple[str, float, float] | None:
    """The text of a line between two positions, and its x0 and x1 in points; None when it is blank."""
    pieces: list[str] = []
    x0 = x1 = None
    for cell, start, stop in line.between(begin, end):
        if piece := cell.text[start:stop].strip():
            pieces.append(piece)
            width = (cell.x1 - cell.x0) / max(len(cell.text), 1)
            x0 = cell.x0 + width * start if x0 is None else x0
            x1 = cell.x1 if stop == len(cell.text) else cell.x0 + width * stop
    return None if x0 is None or x1 is None else (" ".join(pieces), x0, x1)
