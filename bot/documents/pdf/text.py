"""A PDF's text layer as pages of lines of cells, read with pdfium; for text, only this package uses pypdfium2.

Called by opening.py, in the child process. `read_pages` returns the pages with a text of their own and the pages without a
reliable one; or the OpenFailure of the whole file. pdfium may abort the process on a hostile file, so it never runs in the
daemon. Raises nothing but MemoryError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import pypdfium2
import pypdfium2.raw as pdfium

from bot.core.notice.document import OpenFailure, Page, Unread
from bot.documents.pdf import last_font, repair
from bot.documents.pdf.characters import Character, characters, is_meaningless, is_vertical, without_actual_text
from bot.documents.pdf.form_fields import filled_fields
from bot.documents.pdf.painted import Painted, painted
from bot.documents.pdf.upright import upright_page

# Pages read; a notice is one page, claims and contracts in the same file have a few.
PAGES_READ = 20
# Pages that stay open: a notice is among the first ones of its file.
PAGES_KEPT = 3
# Further pages are listed as unread, up to this number.
PAGES_NAMED = 1000
# Characters of all pages; a real paper has fewer.
TEXT_CHARACTERS = 200_000
# A text layer with this fraction of meaningless characters is garbled; bullets from symbol fonts are far below.
GARBLED_PART = 1 / 3
# A picture page with fewer letters than this (a fax header, a scanner's stamp) is a scan. The labels, number and key of the
# shortest notice have more than 60.
SCAN_CHARACTERS = 40
# A picture of this fraction of a page with hardly any text may be the content: a notice pasted into a letter.
PASTED_COVERAGE = 0.1
# Letters converted to outlines have some ten segments each; frames and rules have less than this in all.
OUTLINED_SEGMENTS = 60
# Text smaller than this, in points, and than this fraction of the page's longer side is invisible.
_UNSEEN_EM = 1.0
_UNSEEN_PART = 1 / 842

_NO_PDF = b"-"
_OPEN_ERRORS: MappingProxyType[int, OpenFailure] = MappingProxyType(
    {pdfium.FPDF_ERR_PASSWORD: OpenFailure.ENCRYPTED, pdfium.FPDF_ERR_SECURITY: OpenFailure.ENCRYPTED},
)
_XFA = frozenset({pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND})
# Texts of the placeholder page of an XFA form, which only Adobe's programs show.
_XFA_EXCUSES = ("Please wait", "お待ちください", "Adobe Reader")


last_font.install()


@dataclass(frozen=True, slots=True)
class PdfText:
    """A PDF's pages with text, and those without a reliable one, with the reason. An empty page is in neither."""

    pages: tuple[Page, ...]
    unread: tuple[Unread, ...]

    @property
    def trouble(self) -> OpenFailure | None:
        """The failure of a PDF without any readable page; None otherwise. GARBLED counts before NO_TEXT, that before LIMITS."""
        if self.pages:
            return None
        troubles = {unread.trouble for unread in self.unread}
        before = (
            OpenFailure.GARBLED,
            OpenFailure.NO_TEXT,
            OpenFailure.SCANNED_TEXT,
            OpenFailure.DAMAGED,
            OpenFailure.LIMITS,
        )
        return next((trouble for trouble in before if trouble in troubles), OpenFailure.NO_TEXT)


@dataclass(frozen=True, slots=True)
class PageInHand:
    """A page that is open, with what is on it. `said`: by text object, the words that it was marked to stand for; `seen`: the
    visible ones of its characters, blanks among them.
    """

    page: Any
    drawn: Painted
    said: Mapping[int, tuple[str, ...]]
    written: Sequence[Character]
    seen: Sequence[Character]

    @classmethod
    def of(cls, page: Any, room: int | None = None) -> PageInHand | None:
        """Take in the page; None when it has more characters than `room`."""
        drawn = painted(page)
        said = {item: words for _, item in drawn.texts if (words := without_actual_text(item))}
        with closing(page.get_textpage()) as text_page:
            if room is not None and pdfium.FPDFText_CountChars(text_page) > room:
                return None
            written = characters(text_page)
            return cls(page, drawn, said, written, [one for one in written if is_seen(one, drawn)])


class PdfInHand:
    """A PDF that is read, and stays open with its first pages until the end of a `with` block."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self.pdf: Any = OpenFailure.DAMAGED
        self.pages: dict[int, PageInHand] = {}

    def open(self, content: bytes, passwords: Sequence[str]) -> Any:
        """Open the file; the document or the OpenFailure."""
        self.pdf = self._open.enter_context(opened_pdf(content, passwords))
        return self.pdf

    def keep(self, number: int, found: PageInHand) -> bool:
        """Keep a page open, if it is one of the first."""
        is_kept = len(self.pages) < PAGES_KEPT
        if is_kept:
            self.pages[number] = found
            self._open.callback(found.page.close)
        return is_kept

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pages.clear()
        self._open.close()


def read_pages(content: bytes, passwords: Sequence[str] = (), hand: PdfInHand | None = None) -> PdfText | OpenFailure:
    """Read the first pages of the PDF (at most PAGES_READ and TEXT_CHARACTERS), with the first password that fits.

    `hand`: where it stays open; None = it is closed.
    """
    with nullcontext(hand) if hand is not None else PdfInHand() as holder:
        pdf = holder.open(content, passwords)
        return pdf if isinstance(pdf, OpenFailure) else _read(holder, content, repair.keys_of(passwords))


@contextmanager
def opened_pdf(content: bytes, passwords: Sequence[str] = ()) -> Iterator[Any]:
    """Open the file, decrypted and repaired if necessary: a pypdfium2.PdfDocument with at least one page and its form
    initialised; or the OpenFailure. The order of pages is the same for all callers.
    """
    keys = repair.keys_of(passwords)
    content = repair.with_own_line_ends(content)
    found = _unlocked(content, keys)
    if not isinstance(found, OpenFailure) and repair.is_glued(content):
        found.close()  # pdfium shows only one of the concatenated files
        found = OpenFailure.DAMAGED
    if found is OpenFailure.DAMAGED and (mended := repair.repaired(content, keys)) is not None:
        found = _unlocked(mended, ())
    if isinstance(found, OpenFailure):
        yield found
        return
    with closing(found):
        if found.get_formtype() != pdfium.FORMTYPE_NONE:
            config = pdfium.FPDF_FORMFILLINFO(version=2)
            form = pdfium.FPDFDOC_InitFormFillEnvironment(found, config)
            found.formenv = pypdfium2.PdfFormEnv(form, config) if form else None
        yield found


def is_locked(content: bytes) -> bool:
    """Whether a PDF opens with a password only."""
    found = _loaded(repair.with_own_line_ends(content), None)
    if isinstance(found, OpenFailure):
        return found is OpenFailure.ENCRYPTED
    found.close()
    return False


def is_changed_pdf(content: bytes, passwords: Sequence[str] = ()) -> bool:
    """Whether the checksums show that the pages' content was changed after the file was made."""
    return repair.has_false_sum(repair.with_own_line_ends(content), repair.keys_of(passwords))


def _unlocked(content: bytes, keys: Sequence[bytes]) -> Any:
    """Open without a password, else with the first one that fits; the document or the OpenFailure."""
    found: Any = OpenFailure.DAMAGED
    for key in (None, *keys):
        found = _loaded(content, key)
        if found is not OpenFailure.ENCRYPTED:
            return found
    return found


def _loaded(content: bytes, key: bytes | None) -> Any:
    # For some damaged files pdfium leaves the last error of an earlier file, say a password error. This call resets it.
    pdfium.FPDF_LoadMemDocument64(_NO_PDF, len(_NO_PDF), None)
    handle = pdfium.FPDF_LoadMemDocument64(content, len(content), key)
    if not handle:
        return _OPEN_ERRORS.get(pdfium.FPDF_GetLastError(), OpenFailure.DAMAGED)
    pdf = pypdfium2.PdfDocument(handle)
    _holder_of(pdf).append(content)  # pdfium reads from these bytes as long as the document is open
    if len(pdf) < 1:
        trouble = _OPEN_ERRORS.get(pdfium.FPDF_GetLastError(), OpenFailure.DAMAGED)
        pdf.close()
        return trouble
    return pdf


def content_of(pdf: Any) -> bytes:
    """The bytes that were opened: those of the file, or repaired ones."""
    return _holder_of(pdf)[0]


def _holder_of(pdf: Any) -> list[bytes]:
    held: list[bytes] = pdf._data_holder  # noqa: SLF001 - the only way to give pypdfium2 a document with a password in bytes
    return held


def _read(hand: PdfInHand, content: bytes, keys: Sequence[bytes]) -> PdfText | OpenFailure:
    pdf = hand.pdf
    pages: list[Page] = []
    unread: list[Unread] = []
    room = TEXT_CHARACTERS
    count = min(len(pdf), PAGES_READ)
    for index in range(count):
        found = _read_page(hand, index, room)
        if found is OpenFailure.LIMITS:
            count = index
            break
        if isinstance(found, Page):
            room -= len(found.text)
            pages.append(found)
        elif found is not None:
            unread.append(Unread(index + 1, found))
        elif content_of(pdf) is not content or repair.is_lost(content, index, keys, has_blanks=_has_blanks(pdf, index)):
            unread.append(Unread(index + 1, OpenFailure.DAMAGED))
    unread += [Unread(index + 1, OpenFailure.LIMITS) for index in range(count, min(len(pdf), PAGES_NAMED))]
    if pdf.get_formtype() in _XFA and _is_placeholder(pdf, pages):
        return OpenFailure.NO_TEXT
    return PdfText(tuple(pages), tuple(unread))


def _has_blanks(pdf: Any, index: int) -> bool:
    """Whether the text of a page without letters was read: it is blanks."""
    with closing(pdf[index]) as page:
        return bool(painted(page).texts)


def _is_placeholder(pdf: Any, pages: list[Page]) -> bool:
    """Whether the PDF is an XFA form of which only the placeholder page is readable."""
    text = "\n".join(page.text for page in pages)
    return pdf.get_formtype() == pdfium.FORMTYPE_XFA_FULL or any(excuse in text for excuse in _XFA_EXCUSES)


def _read_page(hand: PdfInHand, index: int, room: int) -> Page | OpenFailure | None:
    """A page with text; the OpenFailure of one without; None for an empty page."""
    try:
        with ExitStack() as opened:
            page = opened.enter_context(closing(hand.pdf[index]))
            on_page = PageInHand.of(page, room)
            if on_page is None:
                return OpenFailure.LIMITS
            found = _judged(hand.pdf, index + 1, on_page)
            if isinstance(found, Page) and hand.keep(index + 1, on_page):
                opened.pop_all()
            return found
    except pypdfium2.PdfiumError:
        return OpenFailure.DAMAGED  # the page does not load


def _judged(pdf: Any, number: int, on_page: PageInHand) -> Page | OpenFailure | None:
    page, drawn, seen = on_page.page, on_page.drawn, on_page.seen
    letters = [character.text for character in seen if not character.text.isspace()]
    hidden = 0
    if len(seen) < len(on_page.written):
        hidden = sum(not character.text.isspace() for character in on_page.written) - len(letters)
    if drawn.is_scan and (trouble := _scan(len(letters), hidden)) is not None:
        return trouble
    fields = filled_fields(pdf.formenv, page, seen) if pdfium.FPDFPage_GetAnnotCount(page) > 0 else ()
    if len(letters) + sum(len(field.text) for field in fields) < SCAN_CHARACTERS and _shows_more(drawn):
        return OpenFailure.NO_TEXT
    if not letters and not fields:
        return OpenFailure.NO_TEXT if hidden or not drawn.is_bare else None
    meaningless = sum(count for letter, count in Counter(letters).items() if is_meaningless(letter))
    if meaningless >= GARBLED_PART * max(len(letters), 1) and letters:
        return OpenFailure.GARBLED
    if is_vertical(seen):
        return OpenFailure.GARBLED  # vertical writing: the letters are right, but there are no lines
    found = upright_page(number, page, seen, drawn, fields)
    # (cid:1234): another program's failed mapping, copied as text.
    return OpenFailure.GARBLED if found.text.count("(cid:") > 3 else found


def _scan(letters: int, hidden: int) -> OpenFailure | None:
    """The failure of a scanned page; None when it has its own text over a picture. `letters`: visible, `hidden`: invisible."""
    if hidden and (letters < SCAN_CHARACTERS or hidden > letters):
        return OpenFailure.SCANNED_TEXT
    return OpenFailure.NO_TEXT if letters < SCAN_CHARACTERS else None


def _shows_more(drawn: Painted) -> bool:
    return drawn.coverage >= PASTED_COVERAGE or drawn.segments >= OUTLINED_SEGMENTS * SCAN_CHARACTERS


def is_seen(character: Character, drawn: Painted) -> bool:
    """Whether the character is visible: painted, large enough, on the page, in another colour than its background."""
    left, bottom, right, top = drawn.box
    x, y = (character.left + character.right) / 2, (character.bottom + character.top) / 2
    if character.ink is None or not (left <= x <= right and bottom <= y <= top):
        return False
    if character.em < _UNSEEN_EM and character.em < _UNSEEN_PART * max(top - bottom, right - left):
        return False
    return not drawn.hides(character.ink, character.source, x, y)
