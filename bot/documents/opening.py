"""An attachment's bytes → a Document: what it is by its own marks, its pages, or the trouble that kept it closed.

Called by documents/pool/child.py for every attachment of a mail. The declared type and the file name are never believed.
Promises a Document for any bytes; raises nothing else than MemoryError (and pdfium may abort the process).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from bot.core.mail.charset import decode
from bot.core.mail.html import html_to_text
from bot.core.notice.document import PDF, WEB_PAGE, Document, OpenFailure, text_page
from bot.core.text.lazy_pattern import LazyPattern
from bot.documents.decorations import is_ornament
from bot.documents.pdf.characters import is_meaningless
from bot.documents.pdf.text import GARBLED_PART, TEXT_CHARACTERS, PdfInHand, PdfText, read_pages

PDF_BYTES = 10 * 1024 * 1024
"""A notice has 100 kB, a scanned claim a few MB."""

PAGE_BYTES = 1024 * 1024
"""Of a web page; Outlook wraps one line of text in kilobytes of style."""

# ISO 32000 asks for the header at the start; readers accept it within the first KiB, and gateways put junk before it.
_PDF_HEADER_WITHIN = 1024
_TEXT_SNIFFED = 4096
_UNKNOWN = "application/octet-stream"

_MAGIC: MappingProxyType[bytes, tuple[str, OpenFailure]] = MappingProxyType(
    {
        # What is packed on purpose was taken apart before (documents/archives/unpack.py): a zip that comes here is an office paper.
        b"PK\x03\x04": ("application/vnd.openxmlformats-officedocument", OpenFailure.UNKNOWN_FORMAT),
        b"\xff\xd8\xff": ("image/jpeg", OpenFailure.NO_TEXT),
        b"\x89PNG\r\n\x1a\n": ("image/png", OpenFailure.NO_TEXT),
        b"GIF8": ("image/gif", OpenFailure.NO_TEXT),
        b"II*\x00": ("image/tiff", OpenFailure.NO_TEXT),
        b"MM\x00*": ("image/tiff", OpenFailure.NO_TEXT),
        b"BM": ("image/bmp", OpenFailure.NO_TEXT),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("application/x-ole-storage", OpenFailure.UNKNOWN_FORMAT),
        b"{\\rtf": ("application/rtf", OpenFailure.UNKNOWN_FORMAT),
        b"MZ": ("application/vnd.microsoft.portable-executable", OpenFailure.UNKNOWN_FORMAT),
    },
)
# Marks that words begin with as well.
_TWO_LETTERS = frozenset({"image/bmp", "application/vnd.microsoft.portable-executable"})
# ISO base media files tell their brand after the first box's size.
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = (b"avif", b"avis")
_BRANDS_END = 32  # the major one, and those that it is compatible with
_MAIL = LazyPattern(
    rb"(?:(?:Received|Return-Path|From|Message-ID|Delivered-To|X-[A-Za-z-]+|MIME-Version): ?[^\r\n]*\r?\n)"
)
_MARKUP = LazyPattern(rb"\s*<(?:!doctype|html|\?xml|head|body)", re.IGNORECASE)


def open_document(
    part: str, name: str, content: bytes, passwords: Sequence[str] = (), hand: PdfInHand | None = None
) -> Document:
    """Open what a mail carried. `part`: the MIME part's path; `name`: its cleaned file name.

    `passwords`: what may unlock it, tried in order. `hand`: where a PDF stays open; None = it is closed.
    """
    media_type, found = _opened(content, passwords, hand)
    digest = hashlib.sha256(content).hexdigest()
    if isinstance(found, OpenFailure):
        return Document(part, name, media_type, len(content), digest, trouble=found)
    return Document(part, name, media_type, len(content), digest, found.pages, found.trouble, found.unread)


def is_pdf(content: bytes) -> bool:
    """Tell a PDF by its own header, also behind junk; one without a header is for a person."""
    return b"%PDF-" in content[: _PDF_HEADER_WITHIN + 5]


def picture_type(content: bytes) -> str:
    """The media type of a picture by its own marks; "" for everything else."""
    if content[4:8] == b"ftyp" and any(brand in content[8:_BRANDS_END] for brand in _AVIF_BRANDS):
        return "image/avif"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return "image/heic"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    found = next((media_type for mark, (media_type, _) in _MAGIC.items() if content.startswith(mark)), "")
    is_picture = found.startswith("image/") and not (found == "image/bmp" and _is_text(content))
    return found if is_picture else ""


def _opened(content: bytes, passwords: Sequence[str], hand: PdfInHand | None) -> tuple[str, PdfText | OpenFailure]:
    if media_type := picture_type(content):
        return media_type, OpenFailure.ORNAMENT if is_ornament(content, media_type) else OpenFailure.NO_TEXT
    # An office paper may carry a stored PDF near its start: marks at the very start go before.
    for magic, (media_type, trouble) in _MAGIC.items():
        if content.startswith(magic):
            if media_type in _TWO_LETTERS and _is_text(content):
                continue
            return media_type, trouble
    if is_pdf(content):
        return PDF, OpenFailure.TOO_LARGE if len(content) > PDF_BYTES else read_pages(content, passwords, hand)
    return _opened_text(content)


def _opened_text(content: bytes) -> tuple[str, PdfText | OpenFailure]:
    if not content.strip() or not _is_text(content):
        return _UNKNOWN, OpenFailure.UNKNOWN_FORMAT
    if _MAIL.match(content) and b":" in content:
        return "message/rfc822", OpenFailure.ATTACHED_MAIL
    if _MARKUP.match(
        content[:_TEXT_SNIFFED].removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").replace(b"\0", b"")
    ):
        return WEB_PAGE, _opened_page(content)
    text = _decoded(content)
    if text is None or _is_garbled(text):
        return "text/plain", OpenFailure.GARBLED
    if len(text) > TEXT_CHARACTERS:
        return "text/plain", OpenFailure.LIMITS
    return "text/plain", PdfText((text_page(text),), ())


def _opened_page(content: bytes) -> PdfText | OpenFailure:
    """The words of a web page. One that is not short, or says nothing without its program, is a gateway's locked mail, or no page."""
    text = html_to_text(decode(content, None).text)[:TEXT_CHARACTERS] if len(content) <= PAGE_BYTES else ""
    return PdfText((text_page(text),), ()) if text.strip() else OpenFailure.UNKNOWN_FORMAT


def _is_garbled(text: str) -> bool:
    """Python decodes bytes that cp932 leaves open into private use."""
    visible = "".join(text.split())
    return sum(map(is_meaningless, visible)) >= GARBLED_PART * max(len(visible), 1)


_BINARY = LazyPattern(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def _is_text(content: bytes) -> bool:
    """No controls but those of typed text and of ISO-2022-JP."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not _BINARY.search(content[:_TEXT_SNIFFED])


def _decoded(content: bytes) -> str | None:
    """Text files of Japanese offices are in one of these; None when none of them fits every byte."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    elif b"\x1b$" in content:
        candidates = ("iso2022_jp_3", "iso2022_jp_ext")
    else:
        candidates = ("utf-8-sig", "cp932", "euc_jp")
    for encoding in candidates:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
