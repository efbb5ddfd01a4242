"""Characters that no line may hold as they are: controls, line ends, and what hides or turns around other characters.

The one table of them: core/mail/header_values.py, normalise.py, core/notice/key_notice.py, the letters' layout, the tables on a terminal and the log use
it. `escaped` is for people who must see what was there; the others take such characters away. Pure, nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.text.lazy_pattern import LazyPattern

# Each for use inside the brackets of a regular expression.
CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
"""Cc, and the separators of lines and paragraphs: Unicode's line ends are among them."""

HIDDEN = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""Zero-width, bidirectional, fillers, tags: Default_Ignorable_Code_Point and all of Cf (UAX #44), without VARIATIONS."""

VARIATIONS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Which of a kanji's forms is meant: part of a name as it is written (UTS #37), not of how it is compared."""

SURROGATES = "\ud800-\udfff"
"""Halves of characters; no encoding takes them."""

_NOT_SHOWN = LazyPattern(f"[{CONTROLS}{HIDDEN}{SURROGATES}]")


def escaped(text: str) -> str:
    r"""The text on one line with every such character as \x1b, \u202e or \U000e0041: nothing hidden, nothing steers a terminal."""
    return _NOT_SHOWN.sub(_escape, text)


def escaped_json(document: str) -> str:
    r"""A JSON document with every such character inside its strings as \uXXXX: the same values (RFC 8259 §7), on one line."""
    return _NOT_SHOWN.sub(_escape_json, document)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
