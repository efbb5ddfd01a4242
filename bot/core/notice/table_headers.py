"""Tables whose labels stand in a row at the top, with a notice in each row below.

Called by core/notice/field_values.py once for each page, after the columns. Labels and values may wrap in their cells: rows are
told apart by their numbers, and the other cells go to the nearest of these. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.notice.lines import LabelledLine
from bot.core.notice.table_cells import CELL_GAP_EM, Block, CellPlace, assign
from bot.core.records.submission import Field
from bot.core.text.normalise import normalise_number

_MIN_LABELS = 2
_ROW_GAP_EM = 2.0  # what stands further below is no row of the table
_TOUCH_EM = 0.25  # cells of neighbouring columns may touch, where they were recognised from a picture
_NUMBER_BEGINS = re.compile(r"[0-9A-Za-z]{2,}-")
_WHOLE_NUMBER = 8  # letters and digits; 00000-000000 has eleven


def read_heads(
    rows: Sequence[LabelledLine], places: Sequence[CellPlace], blocks: Sequence[Block], heads: Sequence[Sequence[Block]]
) -> list[list[Block]]:
    """For each row of values below the heads a block for each label, with its value."""
    labels = {id(place) for block in (*blocks, *(b for head in heads for b in head)) for place in block.places}
    read: list[list[Block]] = []
    for head in heads:
        first = max(place.row for block in head for place in block.places) + 1
        last = next((n for n in range(first, len(rows)) if _ends_table(rows, first, n)), len(rows))
        below = [place for place in places if first <= place.row < last and id(place) not in labels]
        read += _read_below(rows, head, below)
    return read


def _ends_table(rows: Sequence[LabelledLine], first: int, number: int) -> bool:
    row, above = rows[number], rows[number - 1]
    is_apart = number > first and row.top - above.bottom > _ROW_GAP_EM * above.em
    return is_apart or row.is_prose or bool(row.labels)


def _read_below(rows: Sequence[LabelledLine], head: Sequence[Block], below: Sequence[CellPlace]) -> list[list[Block]]:
    columns = _columns(head, below)
    which = [block.which for block in head]
    records = _records(rows, columns[which.index(Field.NUMBER)]) if Field.NUMBER in which else []
    if len(records) < 2:  # one row of values: all that stands below a label is its value
        places = [place for column in columns for place in column][:1]
        return [[Block(b.which, [*places], column) for b, column in zip(head, columns, strict=True)]] if places else []
    read: list[list[Block]] = [[Block(block.which, list(record.places)) for block in head] for record in records]
    for number, column in enumerate(columns):
        assign([record[number] for record in read], column)
    return read


def heads_of(places: Sequence[CellPlace], blocks: Sequence[Block]) -> list[list[Block]]:
    """Rows of labels side by side with nothing else between them, none twice; empty without number and key among them.

    The fields of one notice may stand under several heads. A cell beside the labels is one that we don't know.
    """
    heads: list[list[Block]] = []
    for start in blocks:
        head = [block for block in blocks if block.top < start.bottom and block.bottom > start.top]
        fields = [block.which for block in head]
        if any(start in other for other in heads) or len(head) < _MIN_LABELS or len(set(fields)) != len(fields):
            continue
        own = {id(place) for block in head for place in block.places}
        x0, x1 = min(block.x0 for block in head), max(block.x1 for block in head)
        top, bottom = min(block.top for block in head), max(block.bottom for block in head)
        strange = [p for p in places if id(p) not in own and p.cell.top < bottom and p.cell.bottom > top]
        if not any(x0 < place.cell.x0 < x1 for place in strange):
            others = [Block(Field.OTHER, [place]) for place in strange]
            heads.append(sorted([*head, *others], key=lambda block: block.x0))
    headed = {block.which for head in heads for block in head}
    return heads if {Field.NUMBER, Field.KEY} <= headed else []


def _columns(head: Sequence[Block], below: Sequence[CellPlace]) -> list[list[CellPlace]]:
    """The cells below, a list for each label: by the columns that the cells themselves form, else by the nearest label."""
    groups: list[tuple[float, float, list[CellPlace]]] = []
    for place in sorted(below, key=lambda place: place.cell.x0):
        slack = _TOUCH_EM * (place.cell.bottom - place.cell.top)
        if groups and place.cell.x0 < groups[-1][1] - slack:
            x0, x1, members = groups.pop()
            groups.append((x0, max(x1, place.cell.x1), [*members, place]))
        else:
            groups.append((place.cell.x0, place.cell.x1, [place]))
    if len(groups) == len(head):
        return [members for _, _, members in groups]
    columns: list[list[CellPlace]] = [[] for _ in head]
    for x0, x1, members in groups:
        centre = (x0 + x1) / 2
        nearest = min(range(len(head)), key=lambda n: abs((head[n].x0 + head[n].x1) / 2 - centre))
        columns[nearest] += members
    return columns


def _is_complete(places: Sequence[CellPlace]) -> bool:
    """Whether the cells may be a whole number, so that what looks like the beginning of one is the next row's."""
    text = normalise_number("".join(place.cell.text for place in places))
    return sum(character.isalnum() for character in text) >= _WHOLE_NUMBER and "-" in text[1:-1]


def _records(rows: Sequence[LabelledLine], numbers: Sequence[CellPlace]) -> list[Block]:
    """Each number, which may have wrapped, as the mark of its row."""
    records: list[Block] = []
    for place in sorted(numbers, key=lambda place: place.cell.top):
        goes_on = bool(records) and place.cell.top - records[-1].bottom <= CELL_GAP_EM * rows[place.row].em
        if goes_on and not (
            _is_complete(records[-1].places) and _NUMBER_BEGINS.match(normalise_number(place.cell.text))
        ):
            records[-1].places.append(place)
        else:
            records.append(Block(Field.NUMBER, [place]))
    return records
