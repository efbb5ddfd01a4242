"""The language between the daemon and its reading children: length-prefixed frames; JSON, never pickle.

Spoken by reader.py (daemon) and child.py. The daemon sends an order and the mail's bytes; the child answers with the
mail (every paper in it still closed), then with one paper after the other as it is opened, so that the daemon knows
which one killed a child. What a child says is checked against the types: it has touched hostile bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from bot.core.document import Document
from bot.core.reading import ReadMail

# A frame's length in front of it, big-endian.
LENGTH_BYTES = 4
# The largest honest answer: 200,000 characters in cells of their own are about 25 MiB of JSON.
ANSWER_BYTES = 64 * 1024 * 1024
READY: Final = b"ready"
"""The child's first frame: imported, limited, waiting."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which papers (by their place in ReadMail.documents) the child shall leave closed."""

    leave_closed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A paper that was opened, and its place in ReadMail.documents."""

    place: int
    document: Document


ORDER: Final = TypeAdapter(Order)
OPENED: Final = TypeAdapter(Opened)
READ_MAIL: Final = TypeAdapter(ReadMail)


def framed(content: bytes) -> bytes:
    """Put the length before the content."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content
