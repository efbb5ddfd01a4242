"""The one place that asks what time it is; handed in everywhere, so that tests can turn it.

`Clock` is any callable that returns an aware UTC datetime.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)
