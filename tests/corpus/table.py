"""Writes docs/reading.md from a run over the mail corpus: `python tests/corpus/table.py`.

`counts` adds up by kind, `text` sets the table, `shape` is what a test compares: the kinds and how many mails each has.
Raises AssertionError when `inspect` fails.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.corpus import judged  # noqa: E402
from tests.corpus.judged import Judged  # noqa: E402

DOCUMENT = ROOT / "docs" / "reading.md"
HEAD = "| kind of mail | mails | read right | shown to a person | sender asked | ignored | wrong |"
INTRODUCTION = """# What is read from contractors' mails

How each mail of the corpus (`tests/corpus/mails`, made by `tests/corpus/make`) ends. *Read right*: every notice in it was
found with all its fields, and accepted, or held where the register says so. *Shown to a person*: a desk is told and looks;
nothing was accepted that is not so. *Sender asked*: a letter asks for the notice itself. *Ignored*: returned mails and
answering machines. *Wrong*: a foreign number or key accepted, a notice lost without a
word, an answer to a machine, or a name accepted other than it is written.
A key that can be seen only (scan, fax, photo, screenshot) counts as read right where number and key were seen as they are; it is accepted
only where the register has exactly that key, and shown to a person otherwise.

This file is written by `python tests/corpus/table.py`; a test compares kinds and numbers of mails.

"""


@dataclass(frozen=True, slots=True)
class Count:
    """A row of the table."""

    kind: str
    mails: int
    read: int
    person: int
    asked: int
    silent: int
    wrong: int


def counts(results: Sequence[Judged]) -> list[Count]:
    """Add up by kind, in the alphabet's order."""
    kinds = sorted({one.kind for one in results})
    return [_count(kind, [one for one in results if one.kind == kind]) for kind in kinds]


def _count(kind: str, found: Sequence[Judged]) -> Count:
    ends = Counter(one.end for one in found)
    return Count(
        kind, len(found), ends["read"], ends["person"], ends["asked"], ends["silent"], ends["wrong"] + ends["misread"]
    )


def text(rows: Sequence[Count]) -> str:
    """The table, its sum in the last line."""
    whole = Count(
        "all",
        *(sum(getattr(row, name) for row in rows) for name in ("mails", "read", "person", "asked", "silent", "wrong")),
    )
    lines = [HEAD, "|---|---:|---:|---:|---:|---:|---:|"]
    for row in (*rows, whole):
        cells = (row.kind, row.mails, row.read, row.person, row.asked, row.silent, row.wrong)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def shape(document: str) -> list[tuple[str, int]]:
    """Kind and number of mails in each line of the document's table."""
    rows = re.findall(r"^\| ([^|]+?) \| (\d+) \|", document, re.MULTILINE)
    return [(kind, int(mails)) for kind, mails in rows]


def shape_of_corpus() -> list[tuple[str, int]]:
    """The same of the corpus itself."""
    kinds = Counter(said["kind"] for said in judged.cases().values())
    return [*sorted(kinds.items()), ("all", kinds.total())]


def main() -> None:
    """Read the corpus and write the document."""
    with tempfile.TemporaryDirectory() as folder:
        results = judged.judge_all(judged.run(Path(folder)).rows)
    note = "" if judged.WITH_SIGHT else "Pictures were not recognised in this run: the extra `ocr` was not installed.\n"
    DOCUMENT.write_text(INTRODUCTION + text(counts(results)) + note, "utf-8")
    for one in results:
        if one.end in {"wrong", "misread"} or not one.as_expected:
            print(f"{one.name}: {one.expected} expected, {one.end}: {one.why}")


if __name__ == "__main__":
    main()
