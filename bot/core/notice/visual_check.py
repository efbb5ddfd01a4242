"""Which opened papers are worth a second look, at the paper itself: to read what has no text, to compare what has one.

Asked by bot/documents (the looking is done there, in bot/documents/sight). Pure; nothing is raised.
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
    """What a second look at a paper may give: nothing, whether it shows what its text says, the text itself."""

    NONE = "none"
    CHECK = "check"
    READ = "read"


# What a recogniser of pictures may read.
FOR_THE_RECOGNISER = frozenset({OpenFailure.NO_TEXT, OpenFailure.GARBLED, OpenFailure.SCANNED_TEXT})


def visual_check_for(documents: Sequence[Document], said: Sequence[PaperContent]) -> VisualCheck:
    """What a second look at these documents may give."""
    for document in documents:
        troubles = {document.trouble, *(unread.trouble for unread in document.unread)}
        if troubles & FOR_THE_RECOGNISER:
            return VisualCheck.READ
    has_notice = any(one.readings and document.is_pdf for document, one in zip(documents, said, strict=True))
    return VisualCheck.CHECK if has_notice else VisualCheck.NONE


def mark_unchecked(said: PaperContent) -> PaperContent:
    """What a paper's text says, though nobody could look at the paper itself: a person must."""
    return replace(said, readings=tuple(with_doubts(r, SubmissionReason.NOT_SEEN) for r in said.readings))
