"""Which letters of a page are drawn with fonts that the paper brings: only such a font can draw another letter than it names.

Called by strips.py in the child that reads text, and by images/rendering.py. Raises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold
from bot.documents.pdf.calls import direct
from bot.documents.pdf.text import TEXT_CHARACTERS


@dataclass(frozen=True, slots=True)
class WrittenLetters:
    """A page's letters, folded and without blanks, and for each of them whether the paper brings its font. `is_page`: False = there is no such page."""

    text: str = ""
    own: Sequence[bool] = ()
    is_page: bool = True

    def has_own_fonts(self, value: str) -> bool:
        """Whether the paper brings the fonts with which the page writes a value; also when the value is not found in one piece.

        What another font draws, or leaves out, says nothing about what others see.
        """
        wanted = "".join(fold(value).split())
        starts = [found.start() for found in LazyPattern(re.escape(wanted)).finditer(self.text)] if wanted else []
        # Written twice, it may be shown by either; not found in one piece, nothing excuses what can't be seen.
        is_own = not starts or any(all(self.own[start : start + len(wanted)]) for start in starts)
        return self.is_page and is_own


def is_own(item: int) -> bool:
    """Whether the paper brings the font of a text object."""
    font = _font_of(item)
    return bool(font) and _embedded(font) == 1


def written_on(text_page: int) -> WrittenLetters:
    """The letters of a text page (its handle)."""
    letters: list[str] = []
    own: list[bool] = []
    known: dict[int, bool] = {}
    for order in range(min(_count(text_page), TEXT_CHARACTERS)):
        item = _text_object(text_page, order)
        folded = fold(chr(min(_unicode(text_page, order), 0x10FFFF)))
        if item and folded.strip():
            if item not in known:
                known[item] = is_own(item)
            letters.append(folded)
            own += [known[item]] * len(folded)
    return WrittenLetters("".join(letters), own)


_count = direct(pdfium.FPDFText_CountChars)
_unicode = direct(pdfium.FPDFText_GetUnicode)
_text_object = direct(pdfium.FPDFText_GetTextObject)
_font_of = direct(pdfium.FPDFTextObj_GetFont)
_embedded = direct(pdfium.FPDFFont_GetIsEmbedded)
