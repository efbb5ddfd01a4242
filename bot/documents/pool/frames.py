"""The language between the daemon and its reading children: length-prefixed frames; JSON, never pickle.

Spoken by children.py (daemon) and child.py. The daemon sends an order and the mail's bytes; the child answers with the
mail (every paper in it still closed), then with one paper after the other as it is opened, so that the daemon knows
which one killed a child, and at last with what all of it says (the mail and the papers, which the daemon has, left out); to a `Drawing` with pictures. A child's words are checked
against the types: it has touched hostile bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import Base64Bytes, TypeAdapter

from bot.core.notice.document import Document
from bot.core.notice.evidence import View
from bot.core.notice.interpret import PaperContent
from bot.core.policy.policy import Formats
from bot.core.records.secret import Password

T = TypeVar("T")

# The roles of a fork server and its children: the command line's second word.
TEXT, SIGHT = "text", "sight"
# A frame's length in front of it, big-endian.
LENGTH_BYTES = 4
# What a fork server tells of a child: its process id, and its exit code (minus the signal that ended it).
PID_BYTES, EXIT_CODE_BYTES = 8, 2
# The largest honest answer: 400,000 characters of text, and a header block of 256 KiB decoded, are some 4 MiB of JSON.
ANSWER_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ready:
    """The child's first words: limited, waiting. `unfiltered`: why it may make any system call, "" = it may not."""

    unfiltered: str


@dataclass(frozen=True, slots=True)
class OpenedPaper:
    """A paper that was opened and read, and its place in ReadMail.documents. Its pages stay in the child.

    One document for a plain paper; of a container, or a mail within the mail, all that was found in it. `said`: one for each.
    """

    place: int
    documents: tuple[Document, ...]
    said: tuple[PaperContent, ...]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """How to read the mail that follows.

    `known`: papers that an earlier child has read; `leave_closed`: places of papers that killed some. `mail_cpu` and
    `paper_cpu`: seconds of CPU time for the mail's own text and for each paper; `paper_cpu` 0: one time for all of it.
    `passwords`: what may open a locked paper. `look`: recognise pictures, and compare what papers show with what they say.
    """

    formats: Formats = field(default_factory=Formats)
    known: tuple[OpenedPaper, ...] = ()
    leave_closed: tuple[int, ...] = ()
    mail_cpu: float = 5.0
    paper_cpu: float = 5.0
    passwords: tuple[Password, ...] = ()
    look: bool = False
    kind: Literal["read"] = "read"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Pictures for a person of papers of the mail that follows: see core/notice/evidence.py. `cpu`: seconds for all of them."""

    views: tuple[View, ...]
    cpu: float = 20.0
    passwords: tuple[Password, ...] = ()
    kind: Literal["draw"] = "draw"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A PNG for each of the views, b"" where none could be made."""

    pictures: tuple[Base64Bytes, ...]


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """What turns a frame's value into JSON and back; built for the first frame of its kind."""
    return _built(kind)  # type: ignore[arg-type]


def order_adapter() -> TypeAdapter[ReadRequest | Drawing]:
    """The same for what a child is told to do."""
    return _built(ReadRequest | Drawing)


@cache
def _built(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def framed(content: bytes) -> bytes:
    """Put the length before the content."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content
