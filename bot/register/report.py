"""The problems of a file as CSV for Excel (UTF-8 with BOM): 行, 列, 値, 理由.

Called by `register import --report` and workers/register_watch.py. No cell is a formula, and there is no access key in it (the values are masked before).
Raises OSError when the file can't be written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from bot.core.register.rows import RowProblem
from bot.core.text.spreadsheet_text import inert
from bot.files import write_private

_TITLES = ("行", "列", "値", "理由")
_WHOLE_FILE = "全体"


def report_bytes(problems: Sequence[RowProblem]) -> bytes:
    """The report as a file."""
    return report_text(problems).encode("utf-8-sig")


def report_text(problems: Sequence[RowProblem]) -> str:
    """The report with CRLF line ends; line 0 is the file as a whole."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_TITLES)
    for problem in problems:
        reason = problem.reason
        if problem.is_note or problem.is_taken:
            reason = f"（{'参考' if problem.is_note else '行は取込み済み'}）{reason}"
        line = str(problem.line) if problem.line else _WHOLE_FILE
        line = f"{problem.sheet}　{line}" if problem.sheet else line
        writer.writerow([*map(inert, (line, problem.column, problem.value, reason))])
    return buffer.getvalue()


def write_report(path: Path, problems: Sequence[RowProblem]) -> None:
    """Write the report, over an earlier one, for its owner alone. Raises OSError, also when a link has the report's name."""
    write_private(path, report_bytes(problems))
