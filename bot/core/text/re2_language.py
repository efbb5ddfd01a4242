"""A pattern of Python in RE2's language: the few pieces that would mean something else to RE2 are put in other words.

Called by regex_engines.py for patterns that are right in Python's eyes, or that RE2 is to refuse. Pure; raises SlowPatternError for
what RE2 can't say, since Python's engine would take too long for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import AnyStr


class SlowPatternError(re.error):
    """No engine can hold this pattern to linear time."""


_SPACE = r"\t-\r\x1c-\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_NO_SPACE = (
    r"\x00-\x08\x0e-\x1b\x21-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"
)
# The members of Python's classes, by their letter.
_UNICODE = MappingProxyType({"s": _SPACE, "S": _NO_SPACE, "d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"\p{L}\p{N}_"})
_ASCII = MappingProxyType(
    {
        "s": r"\t-\r\x20",
        "S": r"\x00-\x08\x0e-\x1f\x21-\x{10ffff}",
        "d": "0-9",
        "D": r"\x00-/:-\x{10ffff}",
        "w": "0-9A-Za-z_",
    }
)
_BYTES = MappingProxyType({letter: members.replace(r"\x{10ffff}", r"\xff") for letter, members in _ASCII.items()})
_FLAGS = MappingProxyType({"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL})
_THE_SAME = frozenset("nrtfvaA")
# What else than itself a piece may be. None begins inside of another: each is found from where the last one ends.
_ESCAPE = r"(?s:\\(?:x..|u.{4}|U.{8}|0[0-7]{0,2}|.))"
_CLASS = r"(?s:\[\^?\]?(?:[^\]\\]|\\.)*\])"
_BOUNDARY = r"\(\?a:\\[bB]\)"
_STRANGE_GROUP = r"\(\?(?!P<\w+>|[ims]*(?:-[ims]+)?:|[ims]+\))"
_UP_TO = r"\{,(?=\d*\})"
_BLANKS = r"\s+|#[^\n]*"
_PIECES = f"{_ESCAPE}|{_CLASS}|{_BOUNDARY}|{_STRANGE_GROUP}|{_UP_TO}"


def in_re2(pattern: AnyStr, flags: int) -> bytes:
    r"""The pattern as RE2 reads it. In one for str, classes mean the characters that they mean to Python; a `\b` must say
    (?a:\b), since RE2 knows no other; `$` is the end of the text, also where a line end follows.
    """
    encoding = "latin-1" if isinstance(pattern, bytes) else "utf-8"
    text = pattern.decode(encoding) if isinstance(pattern, bytes) else pattern
    try:
        inside = _Translation(for_bytes=isinstance(pattern, bytes), flags=flags).of(text)
        letters = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
        return (f"(?{letters}:{inside})" if letters else inside).encode(encoding)
    except ValueError as error:  # half of a surrogate pair can't be encoded
        raise SlowPatternError(f"it may take more than linear time: {error}", pattern) from None


class _Translation:
    """The pieces of one pattern. Each method raises ValueError for what RE2 can't say."""

    def __init__(self, *, for_bytes: bool, flags: int) -> None:
        self._for_bytes, self._is_verbose = for_bytes, bool(flags & re.VERBOSE)
        self._is_ascii = for_bytes or bool(flags & re.ASCII)
        self._members: Mapping[str, str] = _BYTES if for_bytes else _ASCII if self._is_ascii else _UNICODE

    def of(self, text: str) -> str:
        if self._for_bytes and "(?P<" in text:
            raise ValueError("a named group in a pattern for bytes")  # re2 would take its name as bytes only
        return re.sub(f"{_PIECES}|{_BLANKS}" if self._is_verbose else _PIECES, self._piece, text)

    def _piece(self, found: re.Match[str]) -> str:
        piece = found[0]
        match piece[0]:
            case "\\":
                return self._escape(piece)
            case "[":
                return self._class(piece[1:-1])
            case "{":
                return "{0,"
            case "(" if piece.startswith("(?a:"):
                return piece[4:-1]
            case "(":
                raise ValueError("look-around, or a group that RE2 does not know")
            case _:
                return ""  # a blank, or a comment

    def _escape(self, piece: str) -> str:
        letter = piece[1]
        if letter in self._members:
            return f"[{self._members[letter]}]"
        if letter == "W":
            return f"[^{self._members['w']}]"
        if letter == "Z":
            return r"\z"
        if letter in "bB" and self._is_ascii:
            return piece
        return self._character(piece)

    def _character(self, piece: str) -> str:
        """An escape that means the same in a class and beside one."""
        letter = piece[1]
        if letter in "xuU":
            return f"\\x{{{piece[2:]}}}"
        if letter == "0":
            return f"\\x{{{int(piece[1:], 8):x}}}"
        if letter in _THE_SAME or (letter.isascii() and not letter.isalnum() and letter != "_"):
            return piece
        if letter.isascii() and letter != "_":
            raise ValueError(piece)  # a back-reference, `\b` with letters of all scripts
        return letter

    def _class(self, inside: str) -> str:
        caret = "^" if inside.startswith("^") else ""
        rest = inside[len(caret) :]
        without = re.sub(_ESCAPE, lambda found: "" if found[0] == r"\W" else found[0], rest)
        members = re.sub(rf"{_ESCAPE}|\[", self._member, without)
        if without == rest:
            return f"[{caret}{members}]"
        word = self._members["w"]
        if not members:
            return f"[{'' if caret else '^'}{word}]"
        if caret:
            raise ValueError(r"[^\W…]")
        return f"(?:[^{word}]|[{members}])"

    def _member(self, found: re.Match[str]) -> str:
        piece = found[0]
        if piece == "[":
            return r"\["
        if piece == r"\b":
            return r"\x08"
        return self._members.get(piece[1]) or self._character(piece)
