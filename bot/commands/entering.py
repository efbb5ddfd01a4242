"""`submissions add`: a notice that came by fax or at the counter, entered by a clerk; the daemon takes it like a mail."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bot.clock import utc_now
from bot.core.by_hand import Entered, form_text
from bot.core.envelope import Arrival, Envelope, Source
from bot.core.guarantee import PRODUCT_NAMES, Product
from bot.core.register_rows import RowProblem, parse_rows
from bot.core.secret import AuthKey
from bot.core.text import clean, full_width_ascii_to_half, normalise_number
from bot.outbound.message import mailbox, message, message_ids, plain_address, unstructured
from bot.register.files import read_table
from bot.workers.clerk import ClerkError


def entered_by_words(
    *, number: str, key: str, project: str, contractor: str, product: str, sender: str, how: str
) -> Entered:
    """One notice from the command's words. Raises ClerkError, which says what is missing or wrong."""
    letters = full_width_ascii_to_half(key.strip())
    if not number.strip() or not letters:
        raise ClerkError("保証契約番号（--number）と認証キーを入力してください")
    if not project.strip() and not contractor.strip():
        raise ClerkError("工事名（--project）か受注者名（--contractor）を入力してください")
    return Entered(
        normalise_number(number), AuthKey(letters), project, contractor, Product(product), _address(sender), how
    )


def entered_in_file(path: Path, extra: dict[str, str], how: str) -> tuple[tuple[Entered, ...], tuple[str, ...]]:
    """The notices of a filled-in CSV or XLSX with the register's columns, and its rows that can't be taken, a line each.

    Raises RegisterFileError, OSError.
    """
    parsed = parse_rows(read_table(path, extra=extra), extra)
    wrong = [_problem(one) for one in parsed.problems if not one.is_note]
    entered: list[Entered] = []
    for row in parsed.guarantees:
        one = row.guarantee
        if not one.number or one.auth_key is None:
            wrong.append(f"{row.line}行目: 保証契約番号か認証キーがありません")
            continue
        sender = _address(one.email)
        entered.append(Entered(one.number, one.auth_key, one.project_name, one.contractor, one.product, sender, how))
    return tuple(entered), tuple(wrong)


def _problem(one: RowProblem) -> str:
    return f"{one.line}行目{f' {one.column}' if one.column else ''}: {one.reason}"


def _address(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return plain_address(text.strip())
    except ValueError:
        raise ClerkError("差出人（--from）には、メールアドレスを1つだけ書いてください") from None


def arrivals(entered: Sequence[Entered], inbox: str) -> Iterator[Arrival]:
    """The forms as mails at the door."""
    domain = inbox.rpartition("@")[2]
    for one in entered:
        content = form_mail(one, f"<entered.{uuid.uuid4().hex}@{domain}>")
        yield Arrival(Envelope(Source.HAND, one.sender or None, (inbox,), utc_now(), peer=one.how), content)


def form_mail(entered: Entered, message_id: str) -> bytes:
    """The form as a mail. `message_id`: with brackets, a new one for each form."""
    head = [
        *([mailbox("From", "", entered.sender)] if entered.sender else []),
        unstructured("Subject", f"手入力（{clean(entered.how, 20)}）"),
        message_ids("Message-ID", (message_id,)),
    ]
    return message(head, form_text(entered))


def product_option() -> click.Choice[str]:
    """The products that a notice may have."""
    return click.Choice([product.value for product in PRODUCT_NAMES])
