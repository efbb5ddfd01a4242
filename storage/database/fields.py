"""Column types for SQLite and PostgreSQL: text that both accept, UTC times, readable JSON.

Used by models.py. `Utc` raises ValueError for a naive datetime: a guessed zone would shift every deadline by nine hours.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model


def storable(text: str) -> str:
    """Replace what UTF-8 or PostgreSQL's text can't hold (lone surrogates, NUL) by U+FFFD: a hostile mail is stored too."""
    if "\0" in text or not text.isascii():
        text = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def in_utc(value: datetime) -> datetime:
    """The same instant in UTC. SQLite compares times as text, so all rows and queries need one zone. Raises ValueError."""
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return value.astimezone(UTC)


class Text(fields.TextField):
    """Text of any length, made storable."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """The column's value."""
        return storable(value) if type(value) is str else super().to_db_value(value, instance)


class Utc(fields.DatetimeField[Any]):
    """An aware datetime, always UTC in the column."""

    def to_python_value(self, value: Any) -> Any:
        """With datetime.UTC as its zone, whichever class the driver or Tortoise used."""
        if isinstance(value, str):  # SQLite's text; Tortoise's own parser takes twenty times as long
            value = datetime.fromisoformat(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else value

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """The column's value; raises ValueError for a naive datetime."""
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
    """A value as JSON that both databases accept; kanji are not escaped."""
    return json.dumps(_storable_json(value), ensure_ascii=False)


class Json(fields.JSONField[Any]):
    """A tuple or dict as JSON; kanji are not escaped."""

    def __init__(self, **options: Any) -> None:
        super().__init__(encoder=json_text, decoder=json.loads, **options)
