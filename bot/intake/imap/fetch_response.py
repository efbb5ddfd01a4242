r"""A FETCH response, read by its grammar (RFC 9051 §7.5.2, §9 msg-att).

Called by bot/intake/imap/mailbox.py. Pure. Raises ImapError when a response is not of this grammar to its end: then a literal
was announced too short or too long, the mail is cut, and the connection is out of step.

    line                                literal       line
    5 FETCH (BODY[] {1234}              1234 bytes    ` UID 71)`                        right
    5 FETCH (BODY[] {337}               337 bytes     `last words of the mail UID 71)`  cut: 337 of more bytes
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

from bot.core.text.lazy_pattern import LazyPattern
from bot.intake.imap.wire import ImapError, Response

MAX_TOKENS = 2_000
"""In one response: flags that others set, and nothing that we ask for has more."""

Items = dict[bytes, bytes | None]
"""A data item's name in upper case without a section's inside (`BODY[]`) → its value; None for NIL and for lists."""

_FETCH = LazyPattern(rb"[0-9]+ FETCH ", re.IGNORECASE)
_TOKEN = LazyPattern(rb' +|\(|\)|"(?:[^"\\]|\\.)*"|(?:[^\s()"\[\]]|\[[^\[\]]*\]|[\[\]])+')
_KINDS = MappingProxyType(
    {b" ": "space", b"(": "list", b")": "end", b'"': "quoted"}
)  # by a token's first byte; else a word
_QUOTED_PAIR = LazyPattern(rb"\\(.)")
_SECTION = LazyPattern(rb"\[[^\]]*\](?:<[0-9]+>)?\Z")
# All that a server may tell unasked: RFC 9051, 3501, 7162, 8474, 8514, 8970, 5257, 3516, and Gmail's X-GM-….
_KNOWN = LazyPattern(
    rb"UID|FLAGS|INTERNALDATE|RFC822(?:\.SIZE|\.HEADER|\.TEXT)?|BODY(?:\[\])?|BODYSTRUCTURE|ENVELOPE|MODSEQ|EMAILID"
    rb"|THREADID|SAVEDATE|PREVIEW|ANNOTATION|BINARY(?:\.SIZE)?(?:\[\])?|X-[A-Z0-9.-]+"
)


def is_fetch(response: Response) -> bool:
    """Whether it is a FETCH response, right or not."""
    return bool(_FETCH.match(response[0]))


def items_of(response: Response) -> Items:
    """The data items of a FETCH response. Raises ImapError when it is not of the grammar."""
    items: Items = {}
    name, depth, spaced = b"", 0, True
    for kind, value in _tokens(response):
        if kind == "space":
            spaced = True
            continue
        if depth == 0:
            if kind != "list" or items:
                raise _out_of_step()
            depth = 1
        elif depth == 1 and kind == "end":
            if name:
                raise _out_of_step()
            depth = 0
            items.setdefault(b"", None)  # no second list may follow
        elif depth == 1 and not name:
            name = _SECTION.sub(b"[]", value or b"").upper()
            if kind != "word" or not spaced or not _KNOWN.fullmatch(name) or name in items:
                raise _out_of_step()
        elif not spaced and depth == 1:
            raise _out_of_step()
        else:
            depth += {"list": 1, "end": -1}.get(kind, 0)
            if depth == 1:
                items[name], name = None if kind == "end" or (kind == "word" and value == b"NIL") else value, b""
        spaced = kind == "list"
    if depth or not items:
        raise _out_of_step()
    del items[b""]
    return items


def _tokens(response: Response) -> Iterator[tuple[str, bytes | None]]:
    count = 0
    for number, part in enumerate(response):
        if number % 2:
            yield "literal", part
            continue
        if number and part[:1] not in {b" ", b")"}:
            raise _out_of_step()
        position = len(_FETCH.match(part)[0]) if number == 0 else 0  # type: ignore[index]  # is_fetch was asked
        end = len(part) - part.endswith(b"~")  # a literal8 follows (RFC 3516)
        while position < end:
            count += 1
            token = _TOKEN.match(part, position)
            if token is None or count > MAX_TOKENS:
                raise _out_of_step()
            position = token.end()
            kind = _KINDS.get(token[0][:1], "word")
            yield kind, _QUOTED_PAIR.sub(rb"\1", token[0][1:-1]) if kind == "quoted" else token[0]


def _out_of_step() -> ImapError:
    return ImapError("what follows a mail is not what ends it: the server told another size than it sent")
