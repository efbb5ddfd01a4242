"""A notice that came by fax, at the counter or through another system, as a clerk enters it: it takes the way of a mail.

Used by `submissions add`, which keeps the form as a mail of the door "hand", and by the sorter, which reads it like any other. What a
clerk typed counts as a form's, not as words in somebody's mail; everything else is checked the same. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.guarantee import PRODUCT_NAMES, Product
from bot.core.reasons import SubmissionReason
from bot.core.secret import AuthKey
from bot.core.submission import ReadFrom
from bot.core.text import clean
from bot.core.understanding import FoundNotice, Understood


@dataclass(frozen=True, slots=True)
class Entered:
    """What a clerk enters. `sender`: the contractor's address, to whom receipts go, "" = none. `how`: FAX, 窓口 and the like."""

    number: str
    auth_key: AuthKey
    project_name: str
    contractor: str
    product: Product
    sender: str = ""
    how: str = "手入力"


def form_text(entered: Entered) -> str:
    """The form in labelled lines, as a notice has them. The key stands in it."""
    fields = (
        ("工事名", entered.project_name),
        ("受注者名", entered.contractor),
        ("保証区分", PRODUCT_NAMES[entered.product]),
        ("保証契約番号", entered.number),
        ("認証キー", entered.auth_key.reveal()),
    )
    return "\n".join(f"{label}：{clean(value)}" for label, value in fields if value)


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
