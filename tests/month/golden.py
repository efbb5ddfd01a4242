"""The month's letters as golden files, one a day, and the table of its summaries: `python -m tests.month.golden` writes them anew.

What differs from run to run stands there by its name: tickets, and the journal's head (both follow from the bytes of locked files).
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median

from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.text.dates import JAPAN
from bot.outbound.text_layout import COLUMNS, width
from tests.month.world import Month, ReadOnce

_CASE = re.compile(
    r"■ .*\d+件|　・?\d+件目|■ \d+件目|　・?(?:受付番号|メール番号|対象の証書)|　(?:確認待ち|D-Sure|期限)　*：|　　【"
)
GOLDEN = Path(__file__).with_name("golden")
SUMMARIES = Path(__file__).resolve().parents[2] / "docs" / "summaries.md"
_CHANGING = (
    (re.compile(r"\[[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}\]|\[[A-Z2-7＊*-]{0,14}…"), "[整理符号]"),
    (re.compile(r"\d+:[0-9a-f]{16}"), "番号:照合値"),
)


def as_golden(left: Sequence[tuple[datetime, OutgoingMail]]) -> dict[str, str]:
    """The letters of each day, by the file's name, in the order in which they left; several at a time in that of their recipients.

    The month's first of each kind stands there whole. Of the others recipient, subject, and the lines that tell a case or count some:
    a hint that is worded anew changes one letter of each kind here, and tests/letters holds every word.
    """
    by_day: dict[str, list[tuple[str, str, str, OutgoingMail]]] = {}
    for at, mail in left:
        local = at.astimezone(JAPAN)
        by_day.setdefault(f"{local:%Y-%m-%d}.txt", []).append(
            (f"{local:%H:%M}", mail.recipient, same(mail.subject), mail)
        )
    shown: set[Letter] = set()
    return {name: _day(sorted(letters, key=lambda one: one[:3]), shown) for name, letters in by_day.items()}


def _day(letters: Sequence[tuple[str, str, str, OutgoingMail]], shown: set[Letter]) -> str:
    lines: list[str] = []
    for at, recipient, subject, mail in letters:
        text = same(mail.text)
        lines.append(f"{at} {mail.letter} → {recipient}: {subject}\n")
        told = [line for line in text.splitlines() if mail.letter not in shown or _CASE.match(line)]
        shown.add(mail.letter)
        lines.append("".join(f"    {line}".rstrip() + "\n" for line in told))
    return "".join(lines)


_TABLE_HEAD = """\
# Lines of the summaries

How long the desks' summaries are, in a month of an office with 400 mails, some 300 of them notices. A summary is to be read in a minute: 60 to 90
lines; a line of the text that is wider than 35 full-width characters counts as those that a mail program makes of it. `open`: what the desk
has to decide, read or look up. From the ninth day to the thirteenth the clerk of 工事担当課 is away, and only its deputy answers what waits too
long. Written by `python -m tests.month.golden`; a test compares.

| day | 契約課: open | lines | 工事担当課: open | lines | median | most |
|---|---|---|---|---|---|---|
"""


def summaries_table(left: Sequence[tuple[datetime, OutgoingMail]]) -> str:
    """The table of all summaries' lines."""
    of_day: dict[str, list[tuple[int, int]]] = {}
    for at, mail in sorted(left, key=lambda one: (one[0], one[1].recipient)):
        if mail.letter is Letter.SUMMARY:
            waits = int(re.findall(r"要対応(\d+)件", mail.subject)[0])
            of_day.setdefault(f"{at.astimezone(JAPAN):%Y-%m-%d}", []).append((waits, shown_lines(mail.text)))
    rows = [
        f"| {day} | {' | '.join(f'{waits} | {lines}' for waits, lines in told)} | {median(lines for _, lines in told):g} | "
        f"{max(lines for _, lines in told)} |\n"
        for day, told in of_day.items()
    ]
    every = [lines for told in of_day.values() for _, lines in told]
    return f"{_TABLE_HEAD}{''.join(rows)}\nIn all: median {median(every):g}, at most {max(every)}.\n"


def shown_lines(text: str) -> int:
    """The lines of a letter in a window of 70 columns."""
    return sum(max(1, -(-width(line) // COLUMNS)) for line in text.splitlines())


def same(text: str) -> str:
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with ReadOnce() as reader:
            month = Month(Path(folder), reader, stripped=False)
            await month.live()
            await month.store.close()
    GOLDEN.mkdir(exist_ok=True)
    for file in GOLDEN.glob("*.txt"):
        file.unlink()
    for name, text in as_golden(month.relay.left).items():
        (GOLDEN / name).write_text(text, "utf-8")
    SUMMARIES.write_text(summaries_table(month.relay.left), "utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
