"""The MIME tree of a mail's bytes: header blocks, and the borders of parts (RFC 2046 §5.1).

Called by parse.py. The standard library's parser is not used: it recurses (5,000 levels end it), opens attached mails, and
holds a mail several times in memory. Nothing is raised on any bytes; linear time; no recursion; header fields, parts and depth
are limited, and content beyond the limits is reported by `Tree.flaws` and stays available as bytes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from bot.core.mail.header_values import from_base64, parameters, repeated_fields, transfer_encoding, unfold
from bot.core.mail.message import Flaw
from bot.core.records.envelope import HEADER_BLOCK_BYTES
from bot.core.text.lazy_pattern import LazyPattern

# A part's own header block; and fields in any block: a mail of the world's longest route has some 200.
PART_HEADER_BYTES = 64 * 1024
HEADER_FIELDS = 1000
# Longer values are cut before they are parsed: other parsers take seconds for an address of 8 kB.
ADDRESS_BYTES, CONTENT_BYTES, SUBJECT_BYTES, OTHER_BYTES = 2048, 4096, 4096, 8192
_ADDRESS_FIELDS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "return-path", "resent-from", "resent-to", "resent-sender"}
)
MAX_PARTS = 500
MAX_DEPTH = 30
# The most lines that look like a boundary and are none; more are an attack.
_FALSE_BOUNDARIES = 20_000

# A name as programs write them: with = or " in it, it is a parameter that lost its blank (boundary="a:b").
_FIELD = LazyPattern(rb"([!#-9;<>-~]{1,100}+)[ \t]{0,200}+:")
_MEDIA_TYPE = LazyPattern(r"\s*([\w!#$&^.+-]{1,64})\s*/\s*([\w!#$&^.+-]{1,64})", re.ASCII)
_BLANK_LINE = LazyPattern(rb"(?:\A|\n)\r?\n")


@dataclass(frozen=True, slots=True)
class HeaderField:
    """A raw header field."""

    name: str  # as written
    raw: bytes  # the value, folded, cut to its limit


@dataclass(frozen=True)
class Entity:
    """A leaf of the tree, or a multipart."""

    path: str  # as IMAP's section numbers
    fields: tuple[HeaderField, ...]
    body: bytes  # in its transfer encoding
    default_type: str = "text/plain"
    is_unopened: bool = False  # a multipart beyond the limit of depth

    def raw(self, name: str) -> bytes:
        """The first value of the field, b"" when there is none; `name` in lower case."""
        return next((one.raw for one in self.fields if one.name.lower() == name), b"")

    @cached_property
    def content_type(self) -> str:
        """Content-Type's value with one character for each byte, so that a boundary's bytes survive."""
        return unfold(self.raw("content-type")).decode("latin-1")

    @cached_property
    def media_type(self) -> str:
        """type/subtype in lower case; RFC 2045's text/plain when it is absent or makes no sense."""
        match = _MEDIA_TYPE.match(self.content_type)
        return f"{match[1]}/{match[2]}".lower() if match else self.default_type

    @property
    def transfer_encoding(self) -> str:
        """What Content-Transfer-Encoding means, by letters and digits in lower case."""
        return transfer_encoding(self.raw("content-transfer-encoding"))

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type, "" when absent."""
        return parameters(self.content_type).get(name, "")


@dataclass(frozen=True, slots=True)
class Branch:
    """A multipart that was opened, with its children's paths in order."""

    entity: Entity
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A mail's MIME structure: its own fields and type, the leaves in order, and the multiparts by path."""

    root: Entity
    leaves: tuple[Entity, ...]
    branches: Mapping[str, Branch]
    flaws: frozenset[Flaw]
    has_one_header: bool


def take_apart(content: bytes) -> Tree:
    """Split a mail into its leaves. Multiparts are walked with a stack; attached mails (message/*) are leaves."""
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")  # line ends of old Macs
    flaws: set[Flaw] = set()
    root = _entity(content, "", HEADER_BLOCK_BYTES, "text/plain", flaws)
    has_one_header = _is_one_header(content, flaws)
    leaves: list[Entity] = []
    branches: dict[str, Branch] = {}
    budget = [_FALSE_BOUNDARIES]
    waiting = [(root, 0)]
    while waiting:
        entity, depth = waiting.pop()
        spans = _spans(entity, budget, flaws) if entity.media_type.startswith("multipart/") else []
        if spans and depth >= MAX_DEPTH:
            flaws.add(Flaw.NESTING_CUT)
            entity, spans = replace(entity, is_unopened=True), []
        if not spans:
            if len(leaves) + len(waiting) >= MAX_PARTS:
                flaws.add(Flaw.PARTS_CUT)
            leaves.append(entity)
            continue
        room = max(1, MAX_PARTS - len(leaves) - len(waiting))
        if len(spans) > room:
            flaws.add(Flaw.PARTS_CUT)
        default = "message/rfc822" if entity.media_type == "multipart/digest" else "text/plain"
        prefix = f"{entity.path}." if entity.path else ""
        children = [
            (_entity(part, f"{prefix}{number}", PART_HEADER_BYTES, default, flaws), depth + 1)
            for number, part in enumerate(spans[:room], 1)
        ]
        branches[entity.path] = Branch(replace(entity, body=b""), tuple(child.path for child, _ in children))
        waiting.extend(reversed(children))
    return Tree(root, tuple(leaves[:MAX_PARTS]), MappingProxyType(branches), frozenset(flaws), has_one_header)


# ---------------------------------------------------------------- header blocks

_ANY_FIELD = LazyPattern(rb"(?:\A|[\r\n])([\x21-\x39\x3b-\x7e]{1,100})[ \t]*:")


def _is_one_header(content: bytes, flaws: Collection[Flaw]) -> bool:
    """Whether every program reads the same fields: none is beyond what is read, no line had to be guessed, none that may stand once
    stands twice. `flaws`: of the header as it was read.

    A line that is no field, and a CR alone, end a header for one program and are passed over by another: the fields behind count, too.
    """
    block = content[:HEADER_BLOCK_BYTES]
    blank = _BLANK_LINE.search(block)
    if blank is None and len(content) > len(block):
        return False
    names = [found[1].decode("ascii") for found in _ANY_FIELD.finditer(block[: blank.start() if blank else None])]
    if len(names) > HEADER_FIELDS or repeated_fields((name, None) for name in names):
        return False
    return Flaw.HEADER_GUESSED not in flaws


def own_header(content: bytes) -> tuple[tuple[HeaderField, ...], bool]:
    """The mail's own header fields, and whether they are all that any program reads; both as `take_apart` has them."""
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    flaws: set[Flaw] = set()
    fields = _entity(content[:HEADER_BLOCK_BYTES], "", HEADER_BLOCK_BYTES, "", flaws).fields
    return fields, _is_one_header(content, flaws)


def _entity(data: bytes, path: str, block_limit: int, default_type: str, flaws: set[Flaw]) -> Entity:
    fields: list[HeaderField] = []
    block = data[:block_limit]
    position = _before_first_field(block) if not path else 0
    last: int | None = None  # where the last surely known field begins; looked up when a line is no field
    while position < len(block):
        end = _field_end(block, position)
        line = block[position:end]
        match = _FIELD.match(line)
        if not match:
            if line.strip(b"\r\n") == b"":
                break
            last = _last_known_field(block, position) if last is None else last
            is_last = block[end : end + 1] == b"\n" or block[end : end + 2] == b"\r\n"
            if position >= last and not (is_last and _is_no_words(line, fields)):
                break  # a body that follows without a blank line
            flaws.add(Flaw.HEADER_GUESSED)
            line = line.removeprefix(_BOM)
            match = _FIELD.match(line)
        if len(fields) == HEADER_FIELDS:
            flaws.add(Flaw.HEADERS_CUT)
            blank = _BLANK_LINE.search(block, end - 1)
            position = block.index(b"\n", blank.start()) + 1 if blank else len(block)
            break
        if match:
            fields.append(_field(match[1].decode("ascii"), line[match.end() :], flaws))
        elif fields and _goes_on(fields[-1], line):
            fields[-1] = _field(fields[-1].name, fields[-1].raw + b"\r\n " + line, flaws)
        position = end
    if position >= len(block) < len(data):
        flaws.add(Flaw.HEADERS_CUT)
        blank = _BLANK_LINE.search(data, len(block) - 2)
        position = blank.end() if blank else len(data)
    elif block[position : position + 2] == b"\r\n":
        position += 2
    elif block[position : position + 1] == b"\n":
        position += 1
    return Entity(path, tuple(fields), data[position:], default_type)


_BOM = b"\xef\xbb\xbf"


def _before_first_field(block: bytes) -> int:
    """The offset of the first field. Mailbox files and some gateways put "From sender date" before it, others empty lines."""
    blank = len(block) - len(block.lstrip(b" \t\r\n"))
    if blank and _FIELD.match(block, blank):
        return blank
    if block.startswith((b"From ", b">From ")):
        return block.find(b"\n") + 1 or len(block)
    return 0


# -- lines of a header that are no fields: programs pass them over, and go on with the next field

# Fields that no sentence begins with: as long as one follows, the header has not ended.
_KNOWN_FIELD = LazyPattern(
    rb"(?:\A|\n)(?:\xef\xbb\xbf)?(?:from|to|cc|date|subject|sender|reply-to|message-id|in-reply-to|references|return-path|received"
    rb"|mime-version|content-[a-z-]{1,30}|dkim-signature|authentication-results|(?:x|list|arc|thread)-[a-z0-9-]{1,60}|importance"
    rb"|user-agent|delivered-to|auto-submitted|precedence)[ \t]*:",
    re.IGNORECASE,
)
_MBOX_LINE = LazyPattern(rb">?From [^\r\n]*")
_8BIT_FIELD = LazyPattern(rb"[^\x00-\x20:]*[\x80-\xff][^\x00-\x20:]*[ \t]*:")
_PARAMETER = LazyPattern(rb"[A-Za-z][A-Za-z0-9*_.-]{0,40}[ \t]*=[^=]")
_IDS = frozenset({"references", "in-reply-to", "message-id"})


def _last_known_field(block: bytes, position: int) -> int:
    """Where the last known field above the blank line begins; -1 where none follows."""
    blank = _BLANK_LINE.search(block, position)
    last = -1
    for found in _KNOWN_FIELD.finditer(block, position, blank.start() + 1 if blank else len(block)):
        last = found.end() - 1
    return last


def _is_no_words(line: bytes, fields: Sequence[HeaderField]) -> bool:
    """Whether the last line above the blank one is no body that begins there: a mailbox file's, a field whose name is no ASCII, or any
    line where the fields announce no words.
    """
    if _MBOX_LINE.match(line) or _8BIT_FIELD.match(line):
        return bool(fields)
    said = {one.name.lower(): one.raw.lower() for one in fields}
    return said.get("content-type", b"").startswith(b"multipart/") or b"64" in said.get(
        "content-transfer-encoding", b""
    )


def _goes_on(field: HeaderField, line: bytes) -> bool:
    """Whether a line goes on with the field above, only that its blank is missing: a parameter, an encoded word, an id."""
    name = field.name.lower()
    if line.startswith(b"=?"):
        return True
    if name.startswith("content-"):
        return bool(_PARAMETER.match(line))
    return name in _IDS and line.startswith(b"<")


def _field_end(block: bytes, position: int) -> int:
    """Where the field's last continuation line ends."""
    while True:
        end = block.find(b"\n", position) + 1
        if not end:
            return len(block)
        if block[end : end + 1] not in {b" ", b"\t"}:
            return end
        position = end


def _field(name: str, raw: bytes, flaws: set[Flaw]) -> HeaderField:
    plain = name.lower()
    if plain in _ADDRESS_FIELDS:
        limit = ADDRESS_BYTES
    elif plain.startswith("content-"):
        limit = CONTENT_BYTES
    elif plain == "authentication-results":
        limit = HEADER_BLOCK_BYTES  # what is cut might be a fail
    else:
        limit = SUBJECT_BYTES if plain == "subject" else OTHER_BYTES
    value = raw.strip(b" \t\r\n")
    if len(value) > limit:
        flaws.add(Flaw.HEADERS_CUT)
    return HeaderField(name, value[:limit])


# ---------------------------------------------------------------- boundaries


def _spans(entity: Entity, budget: list[int], flaws: set[Flaw]) -> list[bytes]:
    """The bytes of the children; empty when neither the declared boundary nor a guessed one has a boundary line."""
    told = entity.parameter("boundary").encode("latin-1", "replace").rstrip()[:200]
    tried: list[bytes] = []
    for body in _bodies(entity):
        if found := _parted(body, told, budget, flaws):
            return found
        tried.append(body)
    guessed = (_parted(body, _guess_boundary(body), budget, flaws) for body in tried)
    return next(filter(None, guessed), [])


def _bodies(entity: Entity) -> Iterator[bytes]:
    """The body as it may be meant, the likeliest first. RFC 2045 §6.4 forbids to encode a multipart; some programs do, or say so only.

    Quoted-printable leaves boundaries as they are, so it is told by every "=" in it.
    """
    how = entity.transfer_encoding
    if how == "quotedprintable" and not _NOT_QUOTED.search(entity.body):
        yield binascii.a2b_qp(entity.body)
    yield entity.body
    if how == "base64" or _LINE_OF_BASE64.match(entity.body):
        yield from_base64(entity.body, url_safe=False)


_NOT_QUOTED = LazyPattern(rb"=(?:[^0-9A-Fa-f\r\n \t]|[0-9A-Fa-f][^0-9A-Fa-f])")
_LINE_OF_BASE64 = LazyPattern(rb"[\r\n]{0,20}[A-Za-z0-9+/]{40,1000}={0,2}[ \t]{0,20}\r?\n")


def _parted(body: bytes, boundary: bytes, budget: list[int], flaws: set[Flaw]) -> list[bytes]:
    if not boundary:
        return []
    body = b"\n" + body
    found: list[bytes] = []
    start = -1
    within = 0  # multiparts with this very boundary that were begun as parts: their last line ends them, not us
    for line_start, line_end, is_last in _boundary_lines(body, boundary, budget):
        if start >= 0:
            found.append(body[start:line_start].removesuffix(b"\r"))
            within += _is_multipart_with(boundary, found[-1])
        start = -1 if is_last else line_end
        if (is_last and not within) or len(found) > MAX_PARTS:
            start = -1
            break
        within -= is_last
    if budget[0] <= 0:
        flaws.add(Flaw.PARTS_CUT)
    if 0 <= start < len(body):
        found.append(body[start:])  # cut off, or the last boundary forgotten
    return found


_HEAD_BYTES = 2048


def _is_multipart_with(boundary: bytes, part: bytes) -> bool:
    """Whether a part is the head of a multipart that has the boundary of the one around it (some programs use one for all)."""
    if not part[:_HEAD_BYTES].lstrip().lower().startswith(b"content-"):
        return False
    head = _entity(part[:_HEAD_BYTES], "", _HEAD_BYTES, "", set())
    return (
        head.media_type.startswith("multipart/") and head.parameter("boundary").encode("latin-1", "replace") == boundary
    )


def _boundary_lines(body: bytes, boundary: bytes, budget: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Start (at the line end before it), end and finality of each boundary line (RFC 2046 §5.1.1)."""
    mark = b"\n--" + boundary
    position = body.find(mark)
    while position >= 0 and budget[0] > 0:
        after = position + len(mark)
        end = body.find(b"\n", after)
        line_end = end if end >= 0 else len(body)
        rest = body[after : min(line_end, after + 100)].strip(b" \t\r")
        if rest in {b"", b"--"}:
            yield position, min(line_end + 1, len(body)), rest == b"--"
            position = body.find(mark, line_end)
        else:
            budget[0] -= 1
            position = body.find(mark, after)


def _guess_boundary(body: bytes) -> bytes:
    """The boundary by the first line that looks like one, for a multipart with a missing or wrong parameter."""
    first = body.lstrip(b"\r\n")[:200].partition(b"\n")[0].strip()
    return first[2:] if first.startswith(b"--") and len(first) >= _SHORTEST_BOUNDARY else b""


_SHORTEST_BOUNDARY = 5  # with its two dashes; less is a rule that somebody typed
