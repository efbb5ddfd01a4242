"""The text of Outlook's RTF bodies: compressed (MS-OXRTFCP), perhaps with encapsulated HTML (MS-OXRTFEX).

Called by tnef.py. `rtf_text` takes the compressed bytes and returns the text with LF line ends; None when it can't be read.
Linear in the unpacked size, which is at most MAX_RTF bytes; nothing is raised.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace
from typing import Final

from compressed_rtf import decompress

from bot.core.text.lazy_pattern import LazyPattern

MAX_RTF = 512 * 1024

_HEADER = struct.Struct("<II4sI")

_TOKEN = LazyPattern(
    rb"\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<word>[a-z]{1,32}+)(?P<number>-?[0-9]{1,10}+)? ?|\\(?P<sign>[^a-z])"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.IGNORECASE | re.DOTALL,
)
_FONT = LazyPattern(rb"\\f([0-9]{1,5})(?:\\[a-z]+-?[0-9]*){0,8}?\\fcharset([0-9]{1,3})")
_BREAKS: Final = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t"}
_SIGNS: Final = {b"~": "\u00a0", b"_": "-", b"\n": "\n", b"\r": "\n"}
# Groups without text of the message; groups that begin with \* are skipped as well.
_NO_WORDS = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "listtable"})
_SHIFT_JIS_CHARSET = 128


def rtf_text(compressed: bytes) -> str | None:
    """The text of a compressed RTF; None when it can't be read."""
    rtf = _uncompressed(compressed)
    if rtf is None or not rtf.lstrip().startswith(b"{\\rtf"):
        return None
    return _words(rtf)


def _uncompressed(compressed: bytes) -> bytes | None:
    """The RTF. The library sets no bound; two bytes give seventeen at most, so one on what is packed holds for both."""
    if len(compressed) < _HEADER.size or len(compressed) > MAX_RTF + _HEADER.size:
        return None
    size = _HEADER.unpack_from(compressed)[1]
    if size > MAX_RTF:
        return None
    try:
        return bytes(decompress(compressed)[:size])
    except Exception:  # noqa: BLE001 - the library has no class of its own for what is damaged
        return None


@dataclass(frozen=True, slots=True)
class _Group:
    """The state inside a pair of braces."""

    hidden: bool = False
    page: str = ""  # the code page
    fallback: int = 1  # characters after a Unicode control word to skip: the replacement for old readers
    begins: bool = True


@dataclass(slots=True)
class _Words:
    """Collects the text. Single bytes are buffered until their multi-byte character is complete."""

    default_page: str
    pages: dict[int, str]
    out: list[str] = field(default_factory=list)
    waiting: bytearray = field(default_factory=bytearray)
    groups: list[_Group] = field(default_factory=list)
    group: _Group = field(default_factory=_Group)
    skip: int = 0

    def add(self, text: str) -> None:
        """Add decoded text."""
        self.flush()
        if not self.group.hidden:
            self.out.append(text)

    def add_bytes(self, data: bytes) -> None:
        """Add bytes in the font's code page, except replacements of a preceding Unicode character."""
        passed = min(self.skip, len(data))
        self.skip -= passed
        if not self.group.hidden:
            self.waiting += data[passed:]

    def flush(self) -> None:
        """Decode the buffered bytes."""
        if self.waiting:
            self.out.append(self.waiting.decode(self.group.page or self.default_page, "replace"))
            self.waiting.clear()

    def word(self, word: str, number: int | None) -> None:
        """Process a control word."""
        if word == "u" and number is not None:
            self.add(chr(number & 0xFFFF))
            self.skip = self.group.fallback
        elif word in _BREAKS:
            self.add(_BREAKS[word])
        elif word == "f" and number is not None:
            self.flush()
            self.group = replace(self.group, page=self.pages.get(number, ""))
        elif word == "uc" and number is not None:
            self.group = replace(self.group, fallback=max(number, 0))
        elif word == "htmlrtf":  # text only for RTF readers, not in the encapsulated HTML
            self.flush()
            self.group = replace(self.group, hidden=number != 0)
        elif word in _NO_WORDS and self.group.begins:
            self.group = replace(self.group, hidden=True)

    def brace(self, brace: bytes) -> None:
        """Enter or leave a group."""
        self.flush()
        self.skip = 0
        if brace == b"{":
            self.groups.append(self.group)
            self.group = replace(self.group, begins=True)
        elif self.groups:
            self.group = self.groups.pop()


_CODE_PAGE = LazyPattern(rb"\\ansicpg([0-9]{1,5})")


def _words(rtf: bytes) -> str:
    page = _CODE_PAGE.search(rtf)
    default = _page(int(page[1])) if page else "cp932"
    pages = {int(number): _font_page(int(charset), default) for number, charset in _FONT.findall(rtf)}
    words = _Words(default, pages)
    for found in _TOKEN.finditer(rtf):
        if brace := found["brace"]:
            words.brace(brace)
            continue
        if byte := found["byte"]:
            words.add_bytes(bytes.fromhex(byte.decode()))
        elif text := found["text"]:
            words.add_bytes(text)
        elif word := found["word"]:
            words.word(word.decode(), int(found["number"]) if found["number"] else None)
        elif sign := found["sign"]:
            _obey_sign(words, sign)
        if words.group.begins:
            words.group = replace(words.group, begins=False)
    words.flush()
    # RTF writes a surrogate pair as two \u words.
    return "".join(words.out).replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _obey_sign(words: _Words, sign: bytes) -> None:
    if sign == b"*":
        words.group = replace(words.group, hidden=True)
    elif sign in _SIGNS:
        words.add(_SIGNS[sign])
    elif sign in {b"\\", b"{", b"}"}:
        words.add_bytes(sign)


def _font_page(charset: int, default: str) -> str:
    return "cp932" if charset == _SHIFT_JIS_CHARSET else default


def _page(number: int) -> str:
    return f"cp{number}" if number in {932, 936, 949, 950, 874, 437, *range(1250, 1259)} else "cp932"
