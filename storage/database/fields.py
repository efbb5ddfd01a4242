"""Columns' types, the same on SQLite and PostgreSQL: text that both accept, UTC times, JSON that a person can read.

Used by models.py. `Utc` raises ValueError for a naive datetime: guessing its zone would shift every deadline by nine hours.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model


def storable(text: str) -> str:
    """Replace what UTF-8 or PostgreSQL's text can't hold (lone surrogates, NUL) by U+FFFD; a hostile mail must be kept too."""
    if "\0" in text or not text.isascii():
        text = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def in_utc(value: datetime) -> datetime:
    """The same instant in UTC. SQLite compares times as text, so one zone must stand in all rows and all questions."""
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return value.astimezone(UTC)


class Text(fields.TextField):
    """Text of any length, made storable."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """As the column holds it."""
        return storable(value) if type(value) is str else super().to_db_value(value, instance)


class Utc(fields.DatetimeField[Any]):
    """An aware datetime, always UTC in the column."""

    def to_python_value(self, value: Any) -> Any:
        """As core knows it: datetime.UTC, whichever zone class the driver or Tortoise has used."""
        value = super().to_python_value(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else value

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """As the column holds it; raises ValueError for a naive one."""
        return super().to_db_value(in_utc(value) if isinstance(value, datetime) else value, instance)


def _storable_json(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {key: _storable_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable_json(inner) for inner in value]
    return value


def json_text(value: Any) -> str:
    """A value as JSON that both databases take, kanji as kanji."""
    return json.dumps(_storable_json(value), ensure_ascii=False)


class Json(fields.JSONField[Any]):
    """A tuple or dict as JSON, kanji as kanji."""

    def __init__(self, **options: Any) -> None:
        super().__init__(encoder=json_text, decoder=json.loads, **options)
