"""Tables whose labels stand in a row at the top, with a notice in each row below.

Called by core/label_values.py once for each page, after the columns. Labels and values may wrap in their cells: rows are
told apart by their numbers, and the other cells go to the nearest of these. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.label_blocks import CELL_GAP_EM, Block, Place, assign
from bot.core.labels import Field
from bot.core.page_rows import Row
from bot.core.text import normalise_number

_MIN_LABELS = 3
_NUMBER_BEGINS = re.compile(r"[0-9A-Za-z]{2,}-")
_WHOLE_NUMBER = 8  # characters; the leaflet's has eleven


def read_head(rows: Sequence[Row], places: Sequence[Place], blocks: Sequence[Block]) -> list[list[Block]]:
    """For each row of values a block for each label, with its value; empty when the page has no such table."""
    head = _head(blocks)
    if not head:
        return []
    first = max(place.row for block in head for place in block.places) + 1
    last = next((n for n in range(first, len(rows)) if rows[n].is_prose or rows[n].labels), len(rows))
    labels = {id(place) for block in blocks for place in block.places}
    below = [place for place in places if first <= place.row < last and id(place) not in labels]
    columns = _columns(head, below)
    numbers = _records(rows, columns[[block.which for block in head].index(Field.NUMBER)])
    read: list[list[Block]] = [[Block(block.which, list(record.places)) for block in head] for record in numbers]
    for number, column in enumerate(columns):
        assign([record[number] for record in read], column)
    return read


def _head(blocks: Sequence[Block]) -> list[Block]:
    """Labels side by side, number and key among them, none twice."""
    for start in blocks:
        head = [block for block in blocks if block.top < start.bottom and block.bottom > start.top]
        fields = [block.which for block in head]
        if len(head) >= _MIN_LABELS and {Field.NUMBER, Field.KEY} <= set(fields) and len(set(fields)) == len(fields):
            return sorted(head, key=lambda block: block.x0)
    return []


def _columns(head: Sequence[Block], below: Sequence[Place]) -> list[list[Place]]:
    """The cells below, a list for each label: by the columns that the cells themselves form, else by the nearest label."""
    groups: list[tuple[float, float, list[Place]]] = []
    for place in sorted(below, key=lambda place: place.cell.x0):
        if groups and place.cell.x0 < groups[-1][1] - 0.1:
            x0, x1, members = groups.pop()
            groups.append((x0, max(x1, place.cell.x1), [*members, place]))
        else:
            groups.append((place.cell.x0, place.cell.x1, [place]))
    if len(groups) == len(head):
        return [members for _, _, members in groups]
    columns: list[list[Place]] = [[] for _ in head]
    for x0, x1, members in groups:
        centre = (x0 + x1) / 2
        nearest = min(range(len(head)), key=lambda n: abs((head[n].x0 + head[n].x1) / 2 - centre))
        columns[nearest] += members
    return columns


def _is_complete(places: Sequence[Place]) -> bool:
    """Whether the cells may be a whole number, so that what looks like the beginning of one is the next row's."""
    text = normalise_number("".join(place.cell.text for place in places))
    return sum(character.isalnum() for character in text) >= _WHOLE_NUMBER and "-" in text[1:-1]


def _records(rows: Sequence[Row], numbers: Sequence[Place]) -> list[Block]:
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
