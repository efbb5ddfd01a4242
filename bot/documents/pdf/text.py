"""A PDF's text layer as pages of lines of cells, read with pdfium; text.py and pdf_*.py are the only ones that know pypdfium2.

Called by opening.py, inside the child process. `read_pages` returns each page's own text, and which pages have none that
can be believed; or the Trouble that kept the file closed. pdfium may abort the whole process on hostile files; that is why
nobody calls this in the daemon itself. Raises nothing else than MemoryError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from bot.core.notice.document import OpenFailure, Page, Unread
from bot.documents.pdf import last_font, repair
from bot.documents.pdf.characters import Character, characters, is_meaningless, is_vertical
from bot.documents.pdf.form_fields import filled_fields
from bot.documents.pdf.painted import Painted, painted
from bot.documents.pdf.upright import upright_page

# A notice is one page; claims and contracts that ride along have a few. Nobody reads further by machine.
PAGES_READ = 20
# Pages behind them are named one by one, up to here.
PAGES_NAMED = 1000
# All pages' characters. A page alone beyond this is no paper for people.
TEXT_CHARACTERS = 200_000
# From this part of meaningless characters on a text layer is garbled; bullets from symbol fonts stay far below.
GARBLED_PART = 1 / 3
# A page that is a picture, with fewer letters than this beside it (a fax header, a scanner's stamp), is a scan.
# The labels, number and key of the shortest notice have more than 60.
SCAN_CHARACTERS = 40
# A picture of this part of a page with hardly a word beside it may be what was sent: a notice pasted into a letter.
PASTED_COVERAGE = 0.1
# Letters that were turned into outlines have some ten segments each; a frame or a rule has less than this in all.
OUTLINED_SEGMENTS = 60
# Text smaller than this, in points, or than this part of a page's height is not there for people.
_UNSEEN_EM = 1.0
_UNSEEN_PART = 1 / 842

_NO_PDF = b"-"
_OPEN_ERRORS: MappingProxyType[int, OpenFailure] = MappingProxyType(
    {pdfium.FPDF_ERR_PASSWORD: OpenFailure.ENCRYPTED, pdfium.FPDF_ERR_SECURITY: OpenFailure.ENCRYPTED},
)
_XFA = frozenset({pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND})
# What the one page of a form in XFA says, which only Adobe's own programs show.
_XFA_EXCUSES = ("Please wait", "お待ちください", "Adobe Reader")


last_font.install()


@dataclass(frozen=True, slots=True)
class PdfText:
    """A PDF's pages with text of their own, by their numbers in the file, and those that have none, with the reason.

    A page with nothing on it is in neither.
    """

    pages: tuple[Page, ...]
    unread: tuple[Unread, ...]

    @property
    def trouble(self) -> OpenFailure | None:
        """Why there is nothing to read; None when there is. Garbled text goes before scans, a scan before a limit."""
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


def read_pages(content: bytes, passwords: Sequence[str] = ()) -> PdfText | OpenFailure:
    """Read the first pages of the PDF (at most PAGES_READ and TEXT_CHARACTERS), with the first password that fits."""
    with opened_pdf(content, passwords) as pdf:
        if isinstance(pdf, OpenFailure):
            return pdf
        return _read(pdf, content, _as_bytes(passwords))


@contextmanager
def opened_pdf(content: bytes, passwords: Sequence[str] = ()) -> Iterator[Any]:
    """Open the file, unlocked and mended where that is needed, or tell the Trouble; with pages in one order for all readers.

    What is given is a pypdfium2.PdfDocument with at least one page, its form ready.
    """
    keys = _as_bytes(passwords)
    content = repair.with_own_line_ends(content)
    found = _unlocked(content, keys)
    if not isinstance(found, OpenFailure) and repair.is_glued(content):
        found.close()  # pdfium would show one of the files only
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


def is_changed_pdf(content: bytes, passwords: Sequence[str] = ()) -> bool:
    """Tell whether what the pages draw was changed since the file was made, as far as its own sums tell."""
    return repair.has_false_sum(repair.with_own_line_ends(content), _as_bytes(passwords))


def _as_bytes(passwords: Sequence[str]) -> list[bytes]:
    """Give each password as the programs that lock PDFs write it: UTF-8, or the system's own characters."""
    keys: dict[bytes, None] = {}
    for password in passwords:
        for charset in ("utf-8", "cp932"):
            keys[password.encode(charset, "replace")] = None
    return list(keys)


def _unlocked(content: bytes, keys: Sequence[bytes]) -> Any:
    """Open with no password, else with the first one that fits; the document or the Trouble."""
    found: Any = OpenFailure.DAMAGED
    for key in (None, *keys):
        found = _loaded(content, key)
        if found is not OpenFailure.ENCRYPTED:
            return found
    return found


def _loaded(content: bytes, key: bytes | None) -> Any:
    # For some damaged files pdfium leaves the error of an earlier one: a password where there is none. This sets it.
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


def _holder_of(pdf: Any) -> list[bytes]:
    held: list[bytes] = pdf._data_holder  # noqa: SLF001 - the only way to give pypdfium2 a document with a password in bytes
    return held


def _read(pdf: Any, content: bytes, keys: Sequence[bytes]) -> PdfText | OpenFailure:
    pages: list[Page] = []
    unread: list[Unread] = []
    room = TEXT_CHARACTERS
    count = min(len(pdf), PAGES_READ)
    for index in range(count):
        found = _read_page(pdf, index, room)
        if found is OpenFailure.LIMITS:
            count = index
            break
        if isinstance(found, Page):
            room -= len(found.text)
            pages.append(found)
        elif found is not None:
            unread.append(Unread(index + 1, found))
        elif _holder_of(pdf)[0] is not content or repair.is_lost(content, index, keys):
            unread.append(Unread(index + 1, OpenFailure.DAMAGED))
    unread += [Unread(index + 1, OpenFailure.LIMITS) for index in range(count, min(len(pdf), PAGES_NAMED))]
    if pdf.get_formtype() in _XFA and _is_placeholder(pdf, pages):
        return OpenFailure.NO_TEXT
    return PdfText(tuple(pages), tuple(unread))


def _is_placeholder(pdf: Any, pages: list[Page]) -> bool:
    """Tell a form of which only its excuse can be read; people see more in Adobe's own program."""
    text = "\n".join(page.text for page in pages)
    return pdf.get_formtype() == pdfium.FORMTYPE_XFA_FULL or any(excuse in text for excuse in _XFA_EXCUSES)


def _read_page(pdf: Any, index: int, room: int) -> Page | OpenFailure | None:
    """Read a page with text of its own; the Trouble of one without; None for one that shows nothing."""
    try:
        with closing(pdf[index]) as page, closing(page.get_textpage()) as text_page:
            if pdfium.FPDFText_CountChars(text_page) > room:
                return OpenFailure.LIMITS
            written = list(characters(text_page))
            return _judged(pdf, index + 1, page, written)
    except pypdfium2.PdfiumError:
        return OpenFailure.DAMAGED  # a page that does not load: nobody can say what stands there


def _judged(pdf: Any, number: int, page: Any, written: list[Character]) -> Page | OpenFailure | None:
    drawn = painted(page)
    seen = [character for character in written if _is_seen(character, drawn)]
    letters = [character.text for character in seen if not character.text.isspace()]
    hidden = sum(not character.text.isspace() for character in written) - len(letters)
    if drawn.is_scan and (trouble := _scan(len(letters), hidden)) is not None:
        return trouble
    fields = filled_fields(pdf.formenv, page, seen) if pdfium.FPDFPage_GetAnnotCount(page) > 0 else ()
    if len(letters) + sum(len(field.text) for field in fields) < SCAN_CHARACTERS and _shows_more(drawn):
        return OpenFailure.NO_TEXT
    if not letters and not fields:
        return OpenFailure.NO_TEXT if hidden or drawn.segments or drawn.areas else None
    if sum(map(is_meaningless, letters)) >= GARBLED_PART * max(len(letters), 1) and letters:
        return OpenFailure.GARBLED
    if is_vertical(seen):
        return OpenFailure.GARBLED  # its letters are right, but no line can be made of them
    found = upright_page(number, page, seen, drawn, fields)
    # Another program's failure, copied into the text itself: (cid:1234).
    return OpenFailure.GARBLED if found.text.count("(cid:") > 3 else found


def _scan(letters: int, hidden: int) -> OpenFailure | None:
    """Judge a page that is a picture; None where its own words stand over a picture."""
    if hidden and (letters < SCAN_CHARACTERS or hidden > letters):
        return OpenFailure.SCANNED_TEXT
    return OpenFailure.NO_TEXT if letters < SCAN_CHARACTERS else None


def _shows_more(drawn: Painted) -> bool:
    return drawn.coverage >= PASTED_COVERAGE or drawn.segments >= OUTLINED_SEGMENTS * SCAN_CHARACTERS


def _is_seen(character: Character, drawn: Painted) -> bool:
    """Tell whether people see the character: painted, large enough, on the page, in another colour than what is behind."""
    left, bottom, right, top = drawn.box
    x, y = (character.left + character.right) / 2, (character.bottom + character.top) / 2
    if character.ink is None or not (left <= x <= right and bottom <= y <= top):
        return False
    if character.em < _UNSEEN_EM and character.em < _UNSEEN_PART * max(top - bottom, right - left):
        return False
    return not drawn.hides(character.ink, character.source, x, y)
