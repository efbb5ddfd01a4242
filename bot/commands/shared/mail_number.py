"""A mail's number as commands take it."""

from __future__ import annotations

from typing import Any

import click
from click.types import IntParamType

from bot.core.records.submission import mail_of
from bot.core.text.lazy_pattern import LazyPattern


class MailNumber(IntParamType):
    """A mail by its number in the store, or by a 受付番号 that came with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number in the store."""
        is_receipt = isinstance(value, str) and _RECEIPT.fullmatch(value)
        return mail_of(value) if is_receipt else super().convert(value, param, ctx)


_RECEIPT = LazyPattern(r"[0-9]{8}-[0-9]{4,18}-[0-9]{1,3}")
