"""Text in the form in which a person sees it, for finding what is hidden in it; each letter leads back to its place.

Called by bot/core/policy/masking.py. NFKD; hidden, formatting and combining characters out; digits and letters of other scripts and
styles as the ASCII that they look like; line ends as one. Japanese stays, without voicing marks. Linear. Pure; nothing is raised.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bot.core.text.control_characters import HIDDEN, VARIATIONS
from bot.core.text.lazy_pattern import LazyPattern

# Entities, percent and quoted-printable codes, soft line breaks, escapes, tags.
_ENCODED = LazyPattern(
    r"&(?:amp;)*(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?|%[0-9A-Fa-f]{2}|=[0-9A-F]{2}|=\r?\n"
    r"|\\[ux][0-9A-Fa-f]{2,4}|</?[A-Za-z!][^<>]{0,200}>"
)
_HIDDEN = LazyPattern(f"[{HIDDEN}{VARIATIONS}]")
_SYMBOL = LazyPattern(r"(SYMBOL) LETTER ([A-Z])$")
_LATIN = LazyPattern(r"(?:^|.* )(CAPITAL|SMALL) LETTER ([A-Z])$")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


@dataclass(frozen=True, slots=True)
class PlainForm:
    """Letters to search, and for each where it begins and ends in the original."""

    letters: str
    begins: list[int] | range
    ends: list[int] | range


def plain_form(text: str) -> PlainForm:
    """The text as it is seen."""
    if text.isascii() and "\r" not in text:
        return PlainForm(text, range(len(text)), range(1, len(text) + 1))
    return _form_of((_plain(letter), place, place + 1) for place, letter in enumerate(text))


def decoded_form(text: str) -> PlainForm | None:
    """The text as it is seen by who decodes entities, tags and escapes; None when there are none."""
    return _form_of(_decoded(text)) if _ENCODED.search(text) else None


def _decoded(text: str) -> Iterator[tuple[str, int, int]]:
    """The text's pieces, codes as the characters that they stand for."""
    place = 0
    for code in _ENCODED.finditer(text):
        yield from ((_plain(text[at]), at, at + 1) for at in range(place, code.start()))
        place = code.end()
        yield "".join(map(_plain, _character(code.group()))), code.start(), place
    yield from ((_plain(text[at]), at, at + 1) for at in range(place, len(text)))


def _character(code: str) -> str:
    if code[0] == "&":
        return html.unescape("&" + code[1:].replace("amp;", "").rstrip(";") + ";")
    digits = code.lstrip("%=\\ux")
    return chr(int(digits, 16)) if code[0] in "%=\\" and digits.strip() else ""


def _form_of(pieces: Iterator[tuple[str, int, int]]) -> PlainForm:
    letters: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    for plain, begin, end in pieces:
        for letter in plain:
            letters.append(letter)
            begins.append(begin)
            ends.append(end)
    return PlainForm("".join(letters), begins, ends)


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    """A character as it is looked for: ASCII, Japanese, or "" for what can't be seen."""
    if character in _LINE_ENDS:
        return "\n"
    if character.isascii():
        return character
    if _HIDDEN.match(character):
        return ""
    return "".join(map(_part, unicodedata.normalize("NFKD", character)))


def _part(character: str) -> str:
    category = unicodedata.category(character)
    if character.isascii():
        return character
    if category in {"Mn", "Me", "Cf"}:
        return ""
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    name = unicodedata.name(character, "")
    if (found := _LATIN.match(name)) or (found := _SYMBOL.search(name)):
        return found[2].lower() if found[1] == "SMALL" else found[2]
    if category[0] not in "LN" or name.startswith(("CJK", "KATAKANA", "HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPH")):
        return character
    return "X" if character.isupper() else "x"  # of another script: as Latin as it looks
