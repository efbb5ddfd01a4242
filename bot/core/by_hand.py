"""A notice that came by fax, at the counter or through another system, as a clerk enters it: it takes the way of a mail.

Used by the sorter, which reads the forms that workers/entering.py keeps as mails of the door "hand" like any other. What a clerk
typed counts as a form's, not as words in somebody's mail; everything else is checked the same. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.core.reasons import SubmissionReason
from bot.core.submission import ReadFrom
from bot.core.understanding import FoundNotice, Understood


def as_form(understood: Understood) -> Understood:
    """The same with its notices as a form's."""
    return replace(understood, notices=tuple(_of_form(understood)))


def _of_form(understood: Understood) -> Iterator[FoundNotice]:
    # A form holds one: more come of words in a field that look like another field.
    strange = (SubmissionReason.READ_TWICE_DIFFERENTLY,) if len(understood.notices) > 1 else ()
    for notice in understood.notices:
        doubts = tuple(one for one in notice.reading.doubts if one is not SubmissionReason.TYPED_IN_BODY)
        reading = replace(notice.reading, doubts=(*doubts, *strange))
        yield replace(notice, reading=reading, read_from=ReadFrom.FORM, document_name="手入力")
