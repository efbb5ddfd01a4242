"""Which cases may have a clerk's words: each pair of letters of a case's words is a bit in the table case_words.

Used by `Submissions.find`, which unseals what this finds, not every case; kept by whatever writes a case's words. Which pair has
which bit only the key file tells, so the table shows nothing of the sealed words. Steps of a transaction; raises nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.records.submission import Submission
from bot.core.records.submission_search import needles, texts_of
from storage.database.connection import Database
from storage.keys.vault import Vault

_COLUMNS, _BITS = 16, 63
"""So many that of a notice's hundred pairs few share a bit. A sign bit is left out: both databases have signed integers."""
_NAMES = tuple(f"words_{place}" for place in range(_COLUMNS))
_WRITE = (
    f"INSERT INTO case_words (submission_id, {', '.join(_NAMES)}) "  # noqa: S608 - our own names
    f"VALUES ((SELECT id FROM submission WHERE receipt_number = ?), {', '.join('?' * _COLUMNS)}) "
    f"ON CONFLICT (submission_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES)}"
)


async def write(database: Database, submissions: Iterable[Submission]) -> None:
    """Keep the words of these cases, which are in the table submission."""
    for one in submissions:
        words = _columns(database.vault, {pair for text in texts_of(one) for pair in _pairs(text)})[0]
        await database.execute(_WRITE, [one.receipt_number, *words])


async def may_have(database: Database, words: str, *, below: int | None, limit: int) -> list[int]:
    """The ids of the newest cases below this id that may have the words; whether they do the cases themselves tell."""
    wanted = [_pairs(needle) for needle in needles(words) if needle]
    conditions: list[str] = []
    values: list[int] = []
    for pairs in wanted:
        for columns in _columns(database.vault, pairs):
            parts = [(name, bits) for name, bits in zip(_NAMES, columns, strict=True) if bits]
            conditions.append(" AND ".join(f"({name} & ?) = ?" for name, _ in parts) or "TRUE")
            values += [value for _, bits in parts for value in (bits, bits)]
    newest = "" if below is None else " AND submission_id < ?"
    rows = await database.rows(
        f"SELECT submission_id AS id FROM case_words WHERE ({' OR '.join(conditions) or 'FALSE'}){newest} "  # noqa: S608 - likewise
        "ORDER BY submission_id DESC LIMIT ?",
        [*values, *([] if below is None else [below]), limit],
    )
    return [row["id"] for row in rows]


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _columns(vault: Vault, pairs: Iterable[str]) -> Sequence[list[int]]:
    """The columns' values for each key of the vault, the sealing one's first."""
    found: list[list[int]] = []
    for places in vault.places(pairs, below=_COLUMNS * _BITS):
        columns = [0] * _COLUMNS
        for place in places:
            columns[place // _BITS] |= 1 << place % _BITS
        found.append(columns)
    return found
