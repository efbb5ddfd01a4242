"""The fallback font for Japanese fonts that a PDF does not embed: every letter is the same empty box.

Installed once by text.py at import. Without a font, pdfium drops such letters from the text when a text object is a single
letter or runs up the page; with this font they have a size, and ink.py sees whether they are covered. The result must not
depend on installed fonts, which a confined child process can't read anyway. Raises nothing.
"""

from __future__ import annotations

import ctypes
import struct
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

_UNITS = 1000
_ASCENT, _DESCENT = 880, -120
_EDGE = 120
_EAST_ASIAN = frozenset({128, 129, 134, 136})  # pdfium's charsets: Shift_JIS, Hangul, GB 2312, Big5
_WHOLE_FILE = 0
_HANDLE = 1


def install() -> None:
    """Register the font with pdfium, which calls back for the life of the process."""
    pdfium.FPDF_SetSystemFontInfo(_INFO)


def _font() -> bytes:
    """A TrueType font of two glyphs; its cmap (format 13) maps all letters to the second one."""
    outer = ((0, _DESCENT), (0, _ASCENT), (_UNITS, _ASCENT), (_UNITS, _DESCENT))
    edge = _UNITS - _EDGE
    inner = ((_EDGE, _DESCENT + _EDGE), (edge, _DESCENT + _EDGE), (edge, _ASCENT - _EDGE), (_EDGE, _ASCENT - _EDGE))
    points = ((0, 0), *outer, *inner)
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(points)]
    shape = struct.pack(">hhhhh", 2, 0, _DESCENT, _UNITS, _ASCENT) + struct.pack(">HHH", 3, 7, 0) + bytes([1] * 8)
    shape += struct.pack(">16h", *(x for x, _ in steps), *(y for _, y in steps))
    shape += bytes(-len(shape) % 4)
    many = struct.pack(">HHIII", 13, 0, 28, 0, 1) + struct.pack(">III", 0x20, 0x10FFFF, 1)
    tables = {
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 10, 12) + many,
        b"glyf": shape,
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh",
            *(0x10000, 0x10000, 0, 0x5F0F3CF5, 0, _UNITS, 0, 0, 0, _DESCENT, _UNITS, _ASCENT, 0, 8, 2, 1, 0),
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x10000, _ASCENT, _DESCENT, 0, _UNITS, 0, 0, _UNITS, 1, 0, 0, 0, 0, 0, 0, 0, 2
        ),
        b"hmtx": struct.pack(">HhHh", _UNITS, 0, _UNITS, 0),
        b"loca": struct.pack(">III", 0, 0, len(shape)),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    head = struct.pack(">IHHHH", 0x10000, len(tables), 64, 2, 16 * len(tables) - 64)
    place = len(head) + 16 * len(tables)
    body = b""
    for name, content in tables.items():
        head += name + struct.pack(">III", 0, place + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    return head + body


_FONT = _font()


def _map_font(_info: Any, _weight: int, _italic: int, charset: int, _pitch: int, _face: Any, _exact: Any) -> int | None:
    return _HANDLE if charset in _EAST_ASIAN else None


def _font_data(_info: Any, _handle: Any, table: int, room: Any, size: int) -> int:
    """Callback of pdfium: copy the whole file, or return its size when the buffer is too small; single tables are refused."""
    if table != _WHOLE_FILE:
        return 0
    if room and size >= len(_FONT):
        ctypes.memmove(room, _FONT, len(_FONT))
    return len(_FONT)


def _callback(name: str, function: Any) -> Any:
    kind = dict(pdfium.FPDF_SYSFONTINFO._fields_)[name]
    return kind(function)


# pdfium keeps the pointer, so the object must not be freed.
_INFO = pdfium.FPDF_SYSFONTINFO(
    version=1,
    MapFont=_callback("MapFont", _map_font),
    GetFontData=_callback("GetFontData", _font_data),
)
