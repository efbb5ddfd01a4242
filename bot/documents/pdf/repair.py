"""Damaged PDFs made whole again with qpdf, by pikepdf; the only module that knows pikepdf.

Called by text.py for what pdfium refuses, and for files that were glued together; by contents.py for what reads well. Works in memory only, in the locked-in
child too. Answers None where nothing can be saved. Raises nothing else than MemoryError.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from io import BytesIO

import pikepdf

from bot.core.text.lazy_pattern import LazyPattern

# A file's end with another file's start behind it: two papers glued together, of which a viewer shows the last only.
_SEAM = LazyPattern(rb"%%EOF\s*(?=%PDF-\d)")
_FILES = 20
# The last one in a file tells where its list of objects begins, in bytes from the file's start.
_START = LazyPattern(rb"startxref\s+(\d+)\s+%%EOF")
_LIST = LazyPattern(rb"\s?(?:xref|\d+ \d+ obj)")
_END = b"\n%%EOF\n"  # qpdf leaves out an object that ends where the file does
_DRAWING = LazyPattern(rb"\b(?:Tj|TJ|Do|sh|EI)\b")
_FAILURES = (
    pikepdf.PdfError,
    pikepdf.PasswordError,
    pikepdf.DataDecodingError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RuntimeError,
    OSError,
)


def is_glued(content: bytes) -> bool:
    """Tell whether several PDFs stand behind each other."""
    return _SEAM.search(content) is not None


def with_own_line_ends(content: bytes) -> bytes:
    """Take back what a transfer as text did (every LF turned into CRLF), where the file's own places prove it."""
    if content.count(b"\n") != content.count(b"\r\n") or _points_right(content):
        return content
    undone = content.replace(b"\r\n", b"\n")
    return undone if _points_right(undone) else content


def _points_right(content: bytes) -> bool:
    starts = _START.findall(content)
    # Longer numbers than a file has bytes are no places.
    return not starts or (len(starts[-1]) < 12 and _LIST.match(content, int(starts[-1])) is not None)


def repaired(content: bytes, passwords: Sequence[bytes] = ()) -> bytes | None:
    """Write the file anew, unlocked, all glued files' pages one after the other; None when one of them can't be read."""
    pieces = _pieces(content)
    if len(pieces) > _FILES:
        return None
    try:
        with ExitStack() as opened:
            files = [opened.enter_context(_opened(piece, passwords)) for piece in pieces]
            if not all(len(file.pages) for file in files):
                return None
            for other in files[1:]:
                files[0].pages.extend(other.pages)
            out = BytesIO()
            files[0].save(out, compress_streams=False)
    except _FAILURES:
        return None
    return out.getvalue()


def is_lost(content: bytes, place: int, passwords: Sequence[bytes] = ()) -> bool:
    """Tell whether a page that shows nothing was meant to: its content can't be unpacked, or draws. `place` from 0."""
    try:
        with _opened(content, passwords) as file:
            page = file.pages[place]
            contents = page.obj.get("/Contents")
            parts = [] if contents is None else list(contents) if isinstance(contents, pikepdf.Array) else [contents]
            return any(_DRAWING.search(part.read_bytes()) for part in parts)
    except _FAILURES:
        return True


_SUMMED_BYTES = 4 * 1024 * 1024
_SUMMED_STREAMS = 500


def has_false_sum(content: bytes, passwords: Sequence[bytes] = ()) -> bool:
    """Tell whether what draws a page was changed since it was packed, by zlib's own sum (RFC 1950 §2.2), which viewers ignore.

    Pictures are left out. A file that can't be opened here has said so before.
    """
    room = _SUMMED_BYTES
    try:
        with _opened(content, passwords) as file:
            for number, item in enumerate(file.objects):
                if number >= _SUMMED_STREAMS or room <= 0:
                    return False
                packed = _packed(item)
                room -= len(packed)
                if packed and _is_changed(packed):
                    return True
    except _FAILURES:
        return False
    return False


def _packed(item: pikepdf.Object) -> bytes:
    """A stream's bytes as zlib packed them; none for anything else."""
    if not isinstance(item, pikepdf.Stream) or item.get("/Subtype") == "/Image":
        return b""
    filters = item.get("/Filter")
    names = [str(one) for one in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    if names == ["/FlateDecode"]:
        return item.read_raw_bytes()
    if names == ["/ASCII85Decode", "/FlateDecode"]:
        return base64.a85decode(item.read_raw_bytes().strip().removesuffix(b"~>"))
    return b""


def _is_changed(packed: bytes) -> bool:
    unpacking = zlib.decompressobj()
    try:
        while not unpacking.eof and packed:
            unpacking.decompress(packed, _SUMMED_BYTES)
            packed = unpacking.unconsumed_tail
    except zlib.error:
        return True
    return False  # one without its end is what some programs write


def _pieces(content: bytes) -> list[bytes]:
    starts = [0, *(seam.end() for seam in _SEAM.finditer(content))]
    return [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)], strict=True)]


def _opened(content: bytes, passwords: Sequence[bytes]) -> pikepdf.Pdf:
    """Open with no password, else with the first that fits."""
    whole = content + _END
    for password in (b"", *passwords):
        try:
            return pikepdf.open(BytesIO(whole), password=password)
        except pikepdf.PasswordError:
            continue
    return pikepdf.open(BytesIO(whole))
