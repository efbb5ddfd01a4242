"""Which papers need a look at their pictures: to read pages without text by OCR, to compare text with its picture.

Called by bot/documents; the look itself is in bot/documents/images. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import PaperContent
from bot.core.notice.key_notice import with_doubts
from bot.core.records.reasons import SubmissionReason


class VisualCheck(StrEnum):
    """The purpose of the look: none, compare the text with the picture, read the text."""

    NONE = "none"
    CHECK = "check"
    READ = "read"


# Failures after which OCR may read the page.
FOR_THE_RECOGNISER = frozenset({OpenFailure.NO_TEXT, OpenFailure.GARBLED, OpenFailure.SCANNED_TEXT})


def visual_check_for(documents: Sequence[Document], said: Sequence[PaperContent]) -> VisualCheck:
    """The purpose of a look at these documents."""
    for document in documents:
        troubles = {document.trouble, *(unread.trouble for unread in document.unread)}
        if troubles & FOR_THE_RECOGNISER:
            return VisualCheck.READ
    has_notice = any(one.notices and document.is_pdf for document, one in zip(documents, said, strict=True))
    return VisualCheck.CHECK if has_notice else VisualCheck.NONE


def mark_unchecked(said: PaperContent) -> PaperContent:
    """What a paper's text says, though nobody could look at the paper itself: a person must."""
    return replace(said, notices=tuple(with_doubts(one, SubmissionReason.NOT_SEEN) for one in said.notices))
