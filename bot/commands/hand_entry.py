"""`submissions add`: a notice that came by fax or at the counter, entered by a clerk; the daemon takes it like a mail."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bot.clock import utc_now
from bot.core.notice.entry_forms import EntryForm, forms_in_book
from bot.core.records.envelope import Arrival
from bot.core.records.guarantee import Product
from bot.core.records.secret import AuthKey
from bot.core.register.layout import Layout
from bot.core.text.normalise import full_width_ascii_to_half, normalise_number
from bot.outbound.message import plain_address
from bot.register.files import read_book
from bot.workers.clerk_commands import ClerkError
from bot.workers.hand_entry import arrivals


def entered_by_words(
    *, number: str, key: str, project: str, contractor: str, product: str, sender: str, how: str
) -> EntryForm:
    """One notice from the command's words. Raises ClerkError, which says what is missing or wrong."""
    letters = full_width_ascii_to_half(key.strip())
    if not number.strip() or not letters:
        raise ClerkError("保証契約番号（--number）と認証キーを入力してください")
    if not project.strip() and not contractor.strip():
        raise ClerkError("工事名（--project）か受注者名（--contractor）を入力してください")
    return EntryForm(
        normalise_number(number), AuthKey(letters), project, contractor, Product(product), _address(sender), how
    )


def entered_in_file(path: Path, layout: Layout, how: str) -> tuple[tuple[EntryForm, ...], tuple[str, ...]]:
    """The notices of a filled-in CSV or XLSX with the register's columns, and its rows that can't be taken, a line each.

    Raises TableError, OSError.
    """
    return forms_in_book(read_book(path, layout=layout), layout, how)


def _address(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return plain_address(text.strip())
    except ValueError:
        raise ClerkError("差出人（--from）には、メールアドレスを1つだけ書いてください") from None


def arrivals_now(entered: Sequence[EntryForm], inbox: str) -> Iterator[Arrival]:
    """The forms as mails at the door; each call's are new ones."""
    return arrivals(entered, inbox, utc_now(), uuid.uuid4().hex)


def product_option() -> click.Choice[str]:
    """The products that a notice may have."""
    return click.Choice([product.value for product in Product])
