"""Text that a spreadsheet program opens as text, not as a formula, and back.

Used by bot/spreadsheets/writing.py and register/report.py for CSV (XLSX has string cells, which are inert), undone by bot/spreadsheets/reading.py when an export comes
back. Source: OWASP, CSV Injection; its list includes the full-width signs, which a Japanese Excel takes for formulas. Blanks and
invisible characters before a sign are looked through: some programs take them away before they look.
"""

from __future__ import annotations

from bot.core.text.control_characters import CONTROLS, HIDDEN, VARIATIONS
from bot.core.text.lazy_pattern import LazyPattern

_LOOKED_THROUGH = rf"[\s{CONTROLS}{HIDDEN}{VARIATIONS}]"
_FORMULA = rf"(?:[\t\r\n]|{_LOOKED_THROUGH}*[=+\-@＝＋－＠])"
_DANGEROUS = LazyPattern(_FORMULA)
_NEUTRALISED = LazyPattern(rf"'(?:'|{_FORMULA})")
# ="00123": what people write to keep a spreadsheet program from making a number of it.
_QUOTED = LazyPattern(r'^="([^"]*)"$')


def inert(text: str) -> str:
    """Put an apostrophe before what a spreadsheet program would calculate."""
    return "'" + text if _DANGEROUS.match(text) or _NEUTRALISED.match(text) else text


def plain(text: str) -> str:
    """Undo `inert`, and ="…"."""
    if _NEUTRALISED.match(text):
        return text[1:]
    quoted = _QUOTED.match(text)
    return quoted[1] if quoted else text
