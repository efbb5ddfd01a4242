"""winmail.dat: what Outlook and Exchange pack a mail's files and text into (MS-OXTNEF).

Called by unpack.py. Read here, in one pass over the bytes, and not by a library: the one there is copies the rest of
the file for each attribute, drops zeros from a file's end and believes false sums. Raises nothing else than MemoryError.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.core.mail.charset import decode
from bot.core.mail.html import html_to_text
from bot.core.notice.document import OpenFailure
from bot.documents.archives.limits import MAX_ENTRIES, MAX_UNPACKED, Unpacked, UnpackOutcome, decoded_name
from bot.documents.archives.rtf import rtf_text

BODY_NAME = "本文.txt"
"""The name of the item that holds the message's own text, in UTF-8."""

_MARK = b"\x78\x9f\x3e\x22"
_ATTRIBUTE = struct.Struct("<BIi")
_ATTACHMENT_LEVEL = 2
_ATTRIBUTES_SEEN = 10_000
_PADDING = 64  # zeros and line ends that gateways leave behind the last attribute
_PROPERTIES_SEEN = 10_000

# Attributes by number, without their type in the upper half.
_BODY, _ATTACHED_DATA, _ATTACHED_TITLE = 0x800C, 0x800F, 0x8010
_ATTACHED_BEGINS, _MAPI, _ATTACHED_MAPI, _CODE_PAGE = 0x9002, 0x9003, 0x9005, 0x9007

# MAPI properties (MS-OXPROPS) by number.
_PLAIN_BODY, _RTF_BODY, _HTML_BODY, _INTERNET_CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_DISPLAY_NAME, _ATTACHED_OBJECT, _FILE_NAME, _LONG_FILE_NAME = 0x3001, 0x3701, 0x3704, 0x3707
_NAMES = (_LONG_FILE_NAME, _FILE_NAME, _DISPLAY_NAME)

# MAPI types: how many bytes a value has in the stream, padded to four.
_SIZES: Final = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x0A, 0x0B), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
}
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_WITH_LENGTH = frozenset({_STRING8, _UNICODE, _OBJECT, _BINARY})
_SEVERAL = 0x1000
_NAMED_FROM = 0x8000
# An embedded object's first bytes: IID_IMessage.
_MESSAGE_ID = bytes.fromhex("0703020000000000c000000000000046")
_ID_LENGTH = 16
_UTF8_PAGE = 65001
_JAPANESE_PAGE = 932


class _DamagedError(Exception):
    """Bytes that don't stand where the format wants them."""


class _TooMuchError(Exception):
    """More attributes than any message has."""


@dataclass(slots=True)
class _Property:
    """A MAPI property's first value as it lies in the file."""

    kind: int
    value: bytes


@dataclass(slots=True)
class _Attachment:
    """A file being put together from its attributes."""

    title: bytes = b""
    data: bytes | None = None
    properties: dict[int, _Property] = field(default_factory=dict)


@dataclass(slots=True)
class _Message:
    """All that matters of a winmail.dat. `page`: the Windows code page of texts that are not Unicode."""

    page: int = _JAPANESE_PAGE
    body: bytes = b""
    properties: dict[int, _Property] = field(default_factory=dict)
    attachments: list[_Attachment] = field(default_factory=list)


def is_tnef(content: bytes) -> bool:
    """Tell a winmail.dat by its first mark."""
    return content.startswith(_MARK)


def unpack_tnef(content: bytes) -> Unpacked | OpenFailure:
    """The message's text (BODY_NAME) and its files. Mails within are named only."""
    try:
        message = _read(content)
    except _TooMuchError:
        return OpenFailure.LIMITS
    except (_DamagedError, struct.error):
        return OpenFailure.DAMAGED
    if len(message.attachments) > MAX_ENTRIES:
        return OpenFailure.LIMITS
    outcome = UnpackOutcome()
    text = _text(message)
    if text is None:
        outcome.add(BODY_NAME, OpenFailure.DAMAGED)
    elif text.strip():
        outcome.add(BODY_NAME, text.encode("utf-8", "replace"))
    for attachment in message.attachments:
        outcome.add(_name(attachment, message.page), _content(attachment))
    if sum(len(item.content) for item in outcome.items) > MAX_UNPACKED:
        return OpenFailure.LIMITS
    return outcome.summed_up()


def _read(content: bytes) -> _Message:
    message = _Message()
    for level, name, data in _attributes(content):
        if name == _CODE_PAGE and len(data) >= 4:
            message.page = int.from_bytes(data[:4], "little")
        elif name == _ATTACHED_BEGINS:
            message.attachments.append(_Attachment())
        elif level != _ATTACHMENT_LEVEL:
            if name == _BODY:
                message.body = data
            elif name == _MAPI:
                message.properties.update(_properties(data))
        elif message.attachments:
            _add(message.attachments[-1], name, data)
        else:
            raise _DamagedError
    return message


def _add(attachment: _Attachment, name: int, data: bytes) -> None:
    if name == _ATTACHED_TITLE:
        attachment.title = data
    elif name == _ATTACHED_DATA:
        attachment.data = data
    elif name == _ATTACHED_MAPI:
        attachment.properties.update(_properties(data))


def _attributes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, number and data of each attribute, its sum checked."""
    place = 6  # the mark, and a key that nothing needs
    for _ in range(_ATTRIBUTES_SEEN):
        if len(content) - place < _PADDING and not content[place:].strip(b"\x00\r\n"):
            return
        level, name, length = _ATTRIBUTE.unpack_from(content, place)
        start = place + _ATTRIBUTE.size
        place = start + length + 2
        if length < 0 or place > len(content):
            raise _DamagedError
        data = content[start : place - 2]
        written = int.from_bytes(content[place - 2 : place], "little")
        if written not in {0, sum(data) & 0xFFFF}:  # some writers leave it at zero
            raise _DamagedError
        yield level, name & 0xFFFF, data
    raise _TooMuchError


def _properties(data: bytes) -> Iterator[tuple[int, _Property]]:
    """A MAPI property list's numbers and first values; named ones are passed over."""
    (count,) = struct.unpack_from("<I", data)
    place = 4
    for _ in range(min(count, _PROPERTIES_SEEN)):
        kind, number = struct.unpack_from("<HH", data, place)
        place += 4
        if number >= _NAMED_FROM:
            place = _behind_name(data, place)
        values = 1
        if kind & _SEVERAL or kind in _WITH_LENGTH:
            (values,) = struct.unpack_from("<I", data, place)
            place += 4
        kind &= ~_SEVERAL
        for which in range(values):
            start, end, place = _value(data, place, kind)
            if which == 0 and number < _NAMED_FROM:
                yield number, _Property(kind, data[start:end])


def _behind_name(data: bytes, place: int) -> int:
    """Where a named property's value begins: behind its set's GUID and its number or name."""
    kind, value = struct.unpack_from("<II", data, place + 16)
    return place + 24 + (_padded(value) if kind else 0)


def _value(data: bytes, place: int, kind: int) -> tuple[int, int, int]:
    """A value's start and end, and where the next begins."""
    if kind not in _WITH_LENGTH:
        if kind not in _SIZES:
            raise _DamagedError
        end = place + _SIZES[kind]
        if end > len(data):
            raise _DamagedError
        return place, end, end
    (length,) = struct.unpack_from("<I", data, place)
    start = place + 4
    if start + length > len(data):
        raise _DamagedError
    return start, start + length, start + _padded(length)


def _padded(length: int) -> int:
    return length + -length % 4


def _name(attachment: _Attachment, page: int) -> str:
    for number in _NAMES:
        if (found := attachment.properties.get(number)) and (name := _string(found, page)):
            return name
    return _by_page(attachment.title.split(b"\x00")[0], page)


def _content(attachment: _Attachment) -> bytes | OpenFailure:
    if attachment.data is not None:
        return attachment.data
    found = attachment.properties.get(_ATTACHED_OBJECT)
    if found is None:
        return OpenFailure.DAMAGED
    if found.kind != _OBJECT:
        return found.value
    # A mail within, or a picture that Outlook drew: nothing that was attached as a file.
    return OpenFailure.ATTACHED_MAIL if found.value[:_ID_LENGTH] == _MESSAGE_ID else OpenFailure.UNKNOWN_FORMAT


def _string(found: _Property, page: int) -> str:
    if found.kind == _UNICODE:
        return found.value.decode("utf-16-le", "replace").split("\x00")[0]
    return _by_page(found.value.split(b"\x00")[0], page) if found.kind == _STRING8 else ""


def _by_page(raw: bytes, page: int) -> str:
    return decode(raw, _label(page)).text if page != _JAPANESE_PAGE else decoded_name(raw)


def _label(page: int) -> str:
    return "utf-8" if page == _UTF8_PAGE else f"cp{page}"


def _text(message: _Message) -> str | None:
    """The message's own words: as text, else out of HTML or RTF; "" without any, None when they can't be had."""
    plain = message.properties.get(_PLAIN_BODY)
    if plain is not None and (text := _string(plain, message.page)).strip():
        return text
    if text := _by_page(message.body.split(b"\x00")[0], message.page):
        return text
    page = message.properties.get(_INTERNET_CODE_PAGE)
    if (html := message.properties.get(_HTML_BODY)) is not None:
        label = _label(int.from_bytes(page.value, "little")) if page is not None else ""
        return html_to_text(decode(html.value.rstrip(b"\x00"), label).text)
    if (rtf := message.properties.get(_RTF_BODY)) is not None:
        return rtf_text(rtf.value)
    return ""
