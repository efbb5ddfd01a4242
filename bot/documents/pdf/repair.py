"""Repair of damaged PDFs with qpdf; the only module that uses pikepdf.

Called by text.py for files that pdfium refuses and for concatenated files; by contents.py to check readable ones. Works in
memory only, also in a confined child process. Returns None when nothing can be repaired. Raises nothing but MemoryError.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pikepdf

from bot.core.text.lazy_pattern import LazyPattern

# A file's end followed by another file's start: two PDFs concatenated, of which a viewer shows only the last.
_SEAM = LazyPattern(rb"%%EOF\s*(%PDF-\d)")
_FILES = 20
# The last startxref gives the byte offset of the cross-reference table (ISO 32000-2 §7.5.5).
_START = LazyPattern(rb"startxref\s+(\d+)\s+%%EOF")
_LIST = LazyPattern(rb"\s?(?:xref|\d+ \d+ obj)")
_END = b"\n%%EOF\n"  # qpdf leaves out an object that ends where the file does
_TEXT = LazyPattern(rb"\b(?:Tj|TJ)\b")
_BLANKS = LazyPattern(
    rb"(?:\([ \0]*\)|<[\s02]*>|\[(?:\([ \0]*\)|<[\s02]*>|[\s0-9.+-])*\])\s*(?:Tj|TJ)\b"
)  # no letter but blanks
_PAINT = LazyPattern(rb"\b(?:sh|EI)\b")
_OBJECT = LazyPattern(rb"/([^\s/<>()\[\]{}%]{1,127})\s+Do\b")
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


def warm_up() -> None:
    """Have qpdf open the system's random numbers, which it reads for encrypted files: later a locked-in child can open nothing.

    It reads 4 KiB of them at once, which each child then has: 1,000 files' worth. What only damaged files need is compiled.
    """
    for pattern in (_SEAM, _START, _LIST):
        _ = pattern.compiled
    with pikepdf.new() as file:
        file.save(BytesIO(), encryption=pikepdf.Encryption(owner="x"))


def keys_of(passwords: Sequence[str]) -> list[bytes]:
    """Each password in the encodings that PDF programs use: UTF-8, or the system's."""
    keys: dict[bytes, None] = {}
    for password in passwords:
        for charset in ("utf-8", "cp932"):
            keys[password.encode(charset, "replace")] = None
    return list(keys)


def is_glued(content: bytes) -> bool:
    """Whether the content is several concatenated PDFs."""
    return content.find(b"%PDF-", 1) > 0 and _SEAM.search(content) is not None


def with_own_line_ends(content: bytes) -> bytes:
    """Undo a transfer in text mode (LF → CRLF) when the file's own offsets prove it."""
    first = content.find(b"\n")
    if first < 0 or content[first - 1 : first] != b"\r":  # nearly always; to count takes longer
        return content
    if content.count(b"\n") != content.count(b"\r\n") or _points_right(content):
        return content
    undone = content.replace(b"\r\n", b"\n")
    return undone if _points_right(undone) else content


def _points_right(content: bytes) -> bool:
    starts = _START.findall(content)
    # An offset of more digits is beyond any file.
    return not starts or (len(starts[-1]) < 12 and _LIST.match(content, int(starts[-1])) is not None)


def repaired(content: bytes, passwords: Sequence[bytes] = ()) -> bytes | None:
    """Rewrite the file, decrypted, with the pages of all concatenated files; None when one of them can't be read."""
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


def is_lost(content: bytes, place: int, passwords: Sequence[bytes] = (), *, has_blanks: bool = False) -> bool:
    """Whether an empty page has lost its content: its streams can't be unpacked, or they do draw. `place`: page, from 0.

    The last page of a printed document may draw blanks alone: it is empty. `has_blanks`: its text was read, and is blanks.
    """
    try:
        with _opened(content, passwords) as file:
            page = file.pages[place]
            contents = page.obj.get("/Contents")
            parts = [] if contents is None else list(contents) if isinstance(contents, pikepdf.Array) else [contents]
            waiting = [(part, page.obj.get("/Resources")) for part in parts]
            for _ in range(_STREAMS):
                if not waiting:
                    return False
                stream, resources = waiting.pop()
                drawn = stream.read_bytes()
                if _PAINT.search(drawn) or not (has_blanks or _TEXT.search(_BLANKS.sub(b"", drawn)) is None):
                    return True
                forms = [_form(resources, name.decode("latin-1")) for name in _OBJECT.findall(drawn)]
                if None in forms:
                    return True
                waiting += [(form, form.get("/Resources", resources)) for form in forms if form is not None]
            return True
    except _FAILURES:
        return True


_STREAMS = 100  # of one page; more are no empty page's


def _form(resources: Any, name: str) -> Any:
    """The form that a page draws by this name; None for a picture, or where there is none."""
    found = resources.get("/XObject", {}).get(f"/{name}") if resources is not None else None
    return found if isinstance(found, pikepdf.Stream) and found.get("/Subtype") == "/Form" else None


@dataclass(frozen=True, slots=True)
class PlainCopy:
    """A file without what it says of its letters and layers. `content`: b"" where that can't be told."""

    content: bytes
    had_layers: bool


# A page with more fonts, forms and notes than this is not searched to its end.
_NODES = 4000
_HOLDERS = (pikepdf.Array, pikepdf.Dictionary, pikepdf.Stream)
# What leads away from a page, or to numbers and names alone.
_AWAY = frozenset(
    {"/Parent", "/P", "/A", "/AA", "/Dest", "/Popup", "/IRT", "/B", "/Kids", "/Contents", "/StructParents", "/Metadata"}
    | {"/Widths", "/Differences"}
)
# Dictionaries whose keys the file makes up: a font may be called /P (ISO 32000-2 §7.8.3, §9.6.4, §12.5.5).
_NAMING = frozenset(
    {"/Font", "/XObject", "/ExtGState", "/Properties", "/Pattern", "/ColorSpace", "/Shading", "/CharProcs"}
    | {"/N", "/R", "/D"}
)


def without_claims(
    content: bytes, pages: Collection[int], fonts: Collection[str], passwords: Sequence[bytes] = ()
) -> PlainCopy | None:
    """A copy in which all layers of the pages are on, and the named fonts have only the letters of their encoding; None where
    the file is such.

    `fonts`: base names of fonts that are not embedded. Of these viewers draw what code and encoding say, not what ToUnicode
    says.
    """
    try:
        with _opened(content, passwords) as file:
            had_layers = "/OCProperties" in file.Root
            if had_layers:
                del file.Root.OCProperties
            changed = had_layers
            for node in _nodes(*(file.pages[page - 1].obj for page in pages), file.Root.get("/AcroForm")):
                if "/BaseFont" in node:
                    changed |= str(node.BaseFont).removeprefix("/") in fonts and _bared(node)
                elif "/Type" in node and node.Type in {"/OCG", "/OCMD"}:
                    had_layers = changed = True
                    _switch_on(node)
            if not changed:
                return None
            out = BytesIO()
            file.save(out, compress_streams=False)
    except _FAILURES:
        return PlainCopy(b"", had_layers=False)
    return PlainCopy(out.getvalue(), had_layers)


def _nodes(*roots: pikepdf.Object | None) -> Iterator[pikepdf.Object]:
    """The dictionaries and streams below these, but what is in fonts. Raises ValueError where there are too many."""
    waiting = [(node, False) for node in roots if node is not None]
    known: set[tuple[tuple[int, int], bool]] = set()
    for _ in range(_NODES):
        if not waiting:
            return
        node, is_naming = waiting.pop()
        if node.is_indirect:
            if (place := (node.objgen, is_naming)) in known:
                continue
            known.add(place)
        if isinstance(node, pikepdf.Array):
            waiting += [(item, False) for item in node if isinstance(item, _HOLDERS)]
            continue
        yield node
        if is_naming:
            waiting += [(item, False) for _, item in node.items() if isinstance(item, _HOLDERS)]
        elif "/BaseFont" not in node:
            waiting += [
                (item, key in _NAMING and not isinstance(item, pikepdf.Stream))
                for key, item in node.items()
                if key not in _AWAY and isinstance(item, _HOLDERS)
            ]
    raise ValueError("too many objects")


def _switch_on(layer: pikepdf.Object) -> None:
    """Let a layer be seen always. Raises ValueError for one that is seen while others are off: viewers differ over it."""
    if "/VE" in layer or layer.get("/P", "/AnyOn") not in {"/AnyOn", "/AllOn"}:
        raise ValueError("a layer that depends on others")
    for key in ("/Usage", "/Intent"):
        if key in layer:
            del layer[key]


def _bared(font: pikepdf.Object) -> bool:
    has_names = "/ToUnicode" in font
    if has_names:
        del font.ToUnicode
    encoding = font.get("/Encoding")
    if isinstance(encoding, (pikepdf.Dictionary, pikepdf.Stream)):
        base = encoding.get("/BaseEncoding")
        if base is None:
            del font.Encoding
        else:
            font.Encoding = base
        return True
    return has_names


_SUMMED_BYTES = 4 * 1024 * 1024
_SUMMED_STREAMS = 500


def has_false_sum(content: bytes, passwords: Sequence[bytes] = ()) -> bool:
    """Whether a page's content stream fails its zlib checksum (Adler-32, RFC 1950 §2.2), which viewers ignore.

    Pictures are not checked. False for a file that can't be opened.
    """
    room = _SUMMED_BYTES
    try:
        with _opened(content, passwords) as file:
            for number, item in enumerate(file.objects):
                if number >= _SUMMED_STREAMS or room <= 0:
                    return False
                packed = _packed(file, item)
                room -= len(packed)
                if packed and _is_changed(packed):
                    return True
    except _FAILURES:
        return False
    return False


def _packed(file: pikepdf.Pdf, item: pikepdf.Object) -> bytes:
    """The compressed bytes of a FlateDecode stream; b"" for any other object."""
    if not isinstance(item, pikepdf.Stream) or item.get("/Subtype") == "/Image":
        return b""
    filters = item.get("/Filter")
    names = [str(one) for one in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    if names == ["/FlateDecode"]:
        return item.read_raw_bytes()
    if names == ["/ASCII85Decode", "/FlateDecode"]:
        text = pikepdf.Stream(file, item.read_raw_bytes())
        text.Filter = pikepdf.Name.ASCII85Decode
        return text.read_bytes()
    return b""


def _is_changed(packed: bytes) -> bool:
    unpacking = zlib.decompressobj()
    try:
        while not unpacking.eof and packed:
            unpacking.decompress(packed, _SUMMED_BYTES)
            packed = unpacking.unconsumed_tail
    except zlib.error:
        return True
    return False  # some programs write streams without the end


def _pieces(content: bytes) -> list[bytes]:
    starts = [0, *(seam.start(1) for seam in _SEAM.finditer(content))]
    return [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)], strict=True)]


def _opened(content: bytes, passwords: Sequence[bytes]) -> pikepdf.Pdf:
    """Open without a password, else with the first one that fits."""
    whole = content + _END
    for password in (b"", *passwords):
        try:
            return pikepdf.open(BytesIO(whole), password=password)
        except pikepdf.PasswordError:
            continue
    return pikepdf.open(BytesIO(whole))
