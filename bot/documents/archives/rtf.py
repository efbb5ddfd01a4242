"""The words of an RTF text, as Outlook keeps a message's body: compressed (MS-OXRTFCP), perhaps with HTML inside (MS-OXRTFEX).

Called by tnef.py. `rtf_text` takes the compressed bytes and gives the text, lines ended by LF; None for what can't be read.
Linear in what it unpacks, which is at most MAX_RTF bytes; nothing is raised.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field, replace
from typing import Final

from compressed_rtf import decompress

MAX_RTF = 512 * 1024

_HEADER = struct.Struct("<II4sI")

_TOKEN = re.compile(
    rb"\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<word>[a-z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\(?P<sign>[^a-z])"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.IGNORECASE | re.DOTALL,
)
_FONT = re.compile(rb"\\f([0-9]{1,5})(?:\\[a-z]+-?[0-9]*){0,8}?\\fcharset([0-9]{1,3})")
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
