"""The language between the daemon and its reading children: length-prefixed frames; JSON, never pickle.

Spoken by children.py (daemon) and child.py. The daemon sends an order and the mail's bytes; the child answers with what the
mail's words say (every paper in it still closed), then with one paper after the other as it is opened, so that the daemon knows
which one killed a child, and at last with what all of it brings (the words and the papers, which the daemon has, left out); to a `Drawing` with pictures, to a `Handing` with papers, to a `Comparing` with one word. A child's words are checked
against types and bounds (`told`): it has touched hostile bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar

from pydantic import Base64Bytes, ConfigDict, TypeAdapter

from bot.core.mail.multipart import MAX_PARTS
from bot.core.mail.passwords import MOST_CANDIDATES
from bot.core.mail.subject_forms import MAX_PARTS as MAX_PARTS_OF_A_SUBJECT
from bot.core.notice.document import Document
from bot.core.notice.evidence import View
from bot.core.notice.interpret import MOST_NOTICES, PaperContent, UnderstoodMail
from bot.core.notice.read_mail import EXCERPT_CHARACTERS, Beforehand, MailWords
from bot.core.policy.policy import Formats
from bot.core.records.clerk_orders import (
    MOST_CANDIDATE,
    MOST_CASES,
    MOST_ORDERS,
    WORDS_CHARACTERS,
    Command,
    ParsedReply,
)
from bot.core.records.paper import HandedPaper
from bot.core.records.secret import Password
from bot.documents.strip import MOST_STRIPS, Strip

T = TypeVar("T")

# What a fork server is asked for: a child, or a fork server whose children look at pictures as well.
CHILD, ANSWER, SIGHT = b"c", b"a", b"s"
# A frame's length in front of it, big-endian.
LENGTH_BYTES = 4
# What a fork server tells of a child: its process id; at its end its exit code (minus the signal that ended it), and the
# milliseconds of CPU time that it used.
PID_BYTES, END = 8, struct.Struct("!hI")
TOLD_CHARACTERS = 20_000
"""The longest text in an answer. No honest one has a tenth of that."""
# The largest honest answer: a picture of a page.
ANSWER_BYTES = 8 * 1024 * 1024
# So many things of a kind in it at most: parts, and files within them.
MOST_PARTS = 21 * MAX_PARTS


@dataclass(frozen=True, slots=True)
class Ready:
    """The child's first words: limited, waiting. `unfiltered`: why it may make any system call, "" = it may not."""

    unfiltered: str


@dataclass(frozen=True, slots=True)
class ToldMail:
    """What the mail's words say, and its papers, still closed."""

    words: MailWords
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class OpenedPaper:
    """A paper that was opened and read, and its place in ToldMail.documents. Its pages stay in the child.

    One document for a plain paper; of a container, or a mail within the mail, all that was found in it. `said`: one for each.
    `strips`: all that a look would compare, drawn; None = nobody asked for it, or the look must see the paper itself.
    """

    place: int
    documents: tuple[Document, ...]
    said: tuple[PaperContent, ...]
    strips: tuple[Strip, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """How to read the mail that follows.

    `beforehand`: what the daemon knows of the mail; `known`: papers that an earlier child has read; `leave_closed`: places of papers
    that killed some; `words_known`: the mail's words were told. `cpu`: seconds of CPU
    time for all of it, 0 = no limit; `paper_cpu`: for the mail's own text, and for each paper, within them. `passwords`: what may open a locked paper. `look`: recognise pictures, and compare what papers show with what they say.
    `strips`: draw what a look would compare.
    """

    formats: Formats = field(default_factory=Formats)
    beforehand: Beforehand = field(default_factory=Beforehand)
    known: tuple[OpenedPaper, ...] = ()
    leave_closed: tuple[int, ...] = ()
    words_known: bool = False
    cpu: float = 0.0
    paper_cpu: float = 0.0
    passwords: tuple[Password, ...] = ()
    look: bool = False
    strips: bool = False
    kind: Literal["read"] = "read"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Pictures for a person of papers of the mail that follows: see core/notice/evidence.py. `cpu`: seconds for all of them."""

    views: tuple[View, ...]
    cpu: float = 0.0
    passwords: tuple[Password, ...] = ()
    kind: Literal["draw"] = "draw"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A PNG for each of the views, b"" where none could be made."""

    pictures: tuple[Base64Bytes, ...]


@dataclass(frozen=True, slots=True)
class Comparing:
    """What another child has drawn, to be compared with what it read there; no mail follows. `cpu`: seconds for all of it."""

    strips: tuple[Strip, ...]
    cpu: float = 0.0
    kind: Literal["compare"] = "compare"


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether every strip shows what was read."""

    agree: bool


@dataclass(frozen=True, slots=True)
class Handing:
    """The papers of the mail that follows, as they came: see documents/originals.py. `cpu`: seconds for all of them.

    `limit`: bytes of all that go along; `other_desks`: names of papers that don't; `shared`: names of papers of
    which some may not; `passwords`: what may open a packed one.
    """

    limit: int
    other_desks: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    formats: Formats = field(default_factory=Formats)
    cpu: float = 0.0
    passwords: tuple[Password, ...] = ()
    kind: Literal["hand"] = "hand"


@dataclass(frozen=True, slots=True)
class Handed:
    """What came. The bytes of each paper that goes along follow, in frames of at most PIECE_BYTES."""

    papers: tuple[HandedPaper, ...]


PIECE_BYTES = ANSWER_BYTES // 2
Order: TypeAlias = ReadRequest | Drawing | Handing | Comparing


def told(kind: type[T], frame: bytes) -> T:
    """What a child tells, checked against the type and within its bounds. Raises ValueError: it may have been taken over."""
    value: T = _bounded(kind).validate_json(b"[%s]" % frame)[0]  # type: ignore[arg-type]
    if _is_too_much(value):
        raise ValueError("more than a child tells")
    return value


def _is_too_much(value: object) -> bool:
    match value:
        case Handed(papers):
            return len(papers) > MOST_PARTS or any(one.size_bytes < 0 for one in papers)
        case ToldMail(words, documents):
            return len(documents) > MOST_PARTS or _are_too_many(words)
        case OpenedPaper(_, documents, said, strips):
            is_uneven = len(documents) != len(said) or len(strips or ()) > MOST_STRIPS
            return is_uneven or len(said) > MOST_PARTS or sum(map(_size, said)) > MOST_PARTS
        case UnderstoodMail():
            count = len(value.notices) > MOST_NOTICES
            return count or len(value.papers) > MOST_PARTS or sum(len(one.forms) for one in value.filled) > MOST_PARTS
        case _:
            return False


def _size(said: PaperContent) -> int:
    return len(said.notices) + len(said.besides)


def _are_too_many(words: MailWords) -> bool:
    """More than `words_of` gives, or orders that no line can say."""
    ordered, returned = words.ordered or ParsedReply(), words.returned
    named = () if returned is None else (returned.reverse_paths, returned.message_ids, returned.addresses)
    return (
        len(words.passwords) > MOST_CANDIDATES
        or len(words.excerpt) > EXCERPT_CHARACTERS
        or len(words.subject_fields.works_numbers) > MAX_PARTS_OF_A_SUBJECT
        or max(map(len, named), default=0) > MOST_PARTS
        or max(map(len, (ordered.orders, ordered.unclear, ordered.proposed, ordered.unread))) > MOST_ORDERS
        or not all(map(_can_be_said, (*ordered.orders, *ordered.proposed)))
    )


def _can_be_said(order: Command) -> bool:
    of_cases = len(order.cases) <= MOST_CASES and all(0 < place <= MOST_CASES for place in order.cases)
    return of_cases and 0 <= order.candidate <= MOST_CANDIDATE and len(order.words) <= WORDS_CHARACTERS


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """What turns a frame's value into JSON and back; built for the first frame of its kind."""
    return _built(kind)  # type: ignore[arg-type]


def order_adapter() -> TypeAdapter[Order]:
    """The same for what a child is told to do."""
    return _built(Order)


@cache
def _bounded(kind: Any) -> TypeAdapter[Any]:
    """Of a tuple: settings reach a dataclass only through what holds it."""
    config = ConfigDict(str_max_length=TOLD_CHARACTERS, allow_inf_nan=False)
    return TypeAdapter(tuple[kind], config=config)


@cache
def _built(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def framed(content: bytes) -> bytes:
    """Put the length before the content."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content
