"""Notices that clerks enter, by command or by mail, as mails of the door "hand": the daemon reads them like any other.

Used by `submissions add`, and by the sorter for what a clerk's mail brings (core/entry_mail.py). Raises ValueError for a contractor's
address that is not one plain address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.core.notice.entry_forms import EntryForm, form_text
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.text.normalise import clean
from bot.outbound.message import mailbox, message, message_ids, unstructured


def arrivals(entered: Sequence[EntryForm], inbox: str, at: datetime, occasion: str) -> Iterator[Arrival]:
    """The forms as mails at the door, at this time. `occasion`: the same gives the same Message-IDs, and so the same mails."""
    domain = inbox.rpartition("@")[2]
    for place, one in enumerate(entered, 1):
        content = form_mail(one, f"<entered.{occasion}.{place}@{domain}>")
        yield Arrival(Envelope(Source.HAND, one.sender or None, (inbox,), at, peer=one.how), content)


def form_mail(entered: EntryForm, message_id: str) -> bytes:
    """The form as a mail. `message_id`: with brackets, a new one for each form."""
    head = [
        *([mailbox("From", "", entered.sender)] if entered.sender else []),
        unstructured("Subject", f"手入力（{clean(entered.how, 20)}）"),
        message_ids("Message-ID", (message_id,)),
    ]
    return message(head, form_text(entered))
