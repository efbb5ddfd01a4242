"""The words of an RTF text, as Outlook keeps a message's body: compressed (MS-OXRTFCP), perhaps with HTML inside (MS-OXRTFEX).

Called by tnef.py. `rtf_text` takes the compressed bytes and gives the text, lines ended by LF; None for what can't be read.
Linear in what it unpacks, which is at most MAX_RTF bytes; nothing is raised.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace
from typing import Final

from bot.core.text.lazy_pattern import LazyPattern

MAX_RTF = 512 * 1024

_HEADER = struct.Struct("<II4sI")
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
# What the window holds before the first byte (MS-OXRTFCP 2.1.2.1).
_FIRST_WINDOW = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)

_TOKEN = LazyPattern(
    rb"\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<word>[a-z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\(?P<sign>[^a-z])"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.IGNORECASE | re.DOTALL,
)
_FONT = LazyPattern(rb"\\f([0-9]{1,5})(?:\\[a-z]+-?[0-9]*){0,8}?\\fcharset([0-9]{1,3})")
_BREAKS: Final = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t"}
_SIGNS: Final = {b"~": "\u00a0", b"_": "-", b"\n": "\n", b"\r": "\n"}
# Groups that hold no words of the message; all that begin with \* are passed over as well.
_NO_WORDS = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "listtable"})
_SHIFT_JIS_CHARSET = 128


def rtf_text(compressed: bytes) -> str | None:
    """The words of a compressed RTF."""
    rtf = _uncompressed(compressed)
    if rtf is None or not rtf.lstrip().startswith(b"{\\rtf"):
        return None
    return _words(rtf)


def _uncompressed(compressed: bytes) -> bytes | None:
    if len(compressed) < _HEADER.size:
        return None
    _, size, mark, _ = _HEADER.unpack_from(compressed)
    packed = compressed[_HEADER.size :]
    if size > MAX_RTF or mark not in {_COMPRESSED, _PLAIN}:
        return None
    return packed[:size] if mark == _PLAIN else _from_window(packed, size)


def _from_window(packed: bytes, size: int) -> bytes | None:
    """Each flag byte tells of eight things whether they are a byte or a place in the window, as 12 and 4 bits."""
    out = bytearray(_FIRST_WINDOW)
    first = len(out)
    place = 0
    while place < len(packed) and len(out) - first < size:
        flags, place = packed[place], place + 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[place : place + 1]
                place += 1
                continue
            if place + 2 > len(packed):
                return None
            token = int.from_bytes(packed[place : place + 2], "big")
            place += 2
            back = (len(out) - (token >> 4)) % _WINDOW
            if not back:  # the place that is written next: the end
                return bytes(out[first:])
            for _ in range((token & 0xF) + 2):
                out.append(out[-back] if back <= len(out) else 0)
    return bytes(out[first : first + size])


@dataclass(frozen=True, slots=True)
class _Group:
    r"""What holds inside a pair of braces. `fallback`: how many characters stand behind \u for old readers."""

    hidden: bool = False
    page: str = ""
    fallback: int = 1
    begins: bool = True


@dataclass(slots=True)
class _Words:
    """Text being collected; single bytes wait until it is clear that no other belongs to their character."""

    default_page: str
    pages: dict[int, str]
    out: list[str] = field(default_factory=list)
    waiting: bytearray = field(default_factory=bytearray)
    groups: list[_Group] = field(default_factory=list)
    group: _Group = field(default_factory=_Group)
    skip: int = 0

    def add(self, text: str) -> None:
        """Add what is no single byte."""
        self.flush()
        if not self.group.hidden:
            self.out.append(text)

    def add_bytes(self, data: bytes) -> None:
        """Add bytes in the font's code page, without those that stand in for a character that is known already."""
        passed = min(self.skip, len(data))
        self.skip -= passed
        if not self.group.hidden:
            self.waiting += data[passed:]

    def flush(self) -> None:
        """Decode the bytes that waited."""
        if self.waiting:
            self.out.append(self.waiting.decode(self.group.page or self.default_page, "replace"))
            self.waiting.clear()

    def word(self, word: str, number: int | None) -> None:
        """Obey a control word."""
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
        elif word == "htmlrtf":  # what an RTF reader shows beside the HTML that it was made from
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


def _words(rtf: bytes) -> str:
    page = re.search(rb"\\ansicpg([0-9]{1,5})", rtf)
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
    # Surrogate pairs were two \u each.
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
