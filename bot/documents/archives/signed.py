"""S/MIME and other CMS files (RFC 5652): what was signed, taken out of its wrapping.

Called by unpack.py. DER, BER of indefinite length (as Outlook and OpenSSL stream it) and PEM; walked through here, since a
library that builds objects takes seconds for a streamed mail of 10 MiB. No signature is checked: whom a mail is from is
judged by core/mail/authentication_results.py. Raises nothing else than MemoryError.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.notice.document import OpenFailure
from bot.documents.archives.limits import MAX_UNPACKED, Item, Unpacked

_PKCS7 = bytes.fromhex("06092a864886f70d0107")
_SMIME = bytes.fromhex("060b2a864886f70d01091001")
# A sequence that begins with the type of its content: 1.2.840.113549.1.7.x, or one of S/MIME's .1.9.16.1.x.
_CMS = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)(?:" + re.escape(_PKCS7) + rb"|" + re.escape(_SMIME) + rb")",
    re.DOTALL,
)
_PEM = re.compile(
    rb"\s*-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----\s*", re.DOTALL
)
_PEM_BEGINS = re.compile(rb"\s*-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----")
_SIGNED_DATA = _PKCS7 + b"\x02"
# Enveloped, signed and enveloped, encrypted; authenticated and enveloped.
_SEALED = frozenset({_PKCS7 + b"\x03", _PKCS7 + b"\x04", _PKCS7 + b"\x06", _SMIME + b"\x17"})

_TYPE, _SEQUENCE, _CONTENT, _OCTETS = 0x06, 0x30, 0xA0, 0x04
_CONSTRUCTED, _LONG_TAG = 0x20, 0x1F
_DEPTH = 32  # of values without a length, one in the other; honest ones have six


class _DamagedError(Exception):
    """Bytes that are no BER, or not of this kind."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A value's tag and where it lies: its head from `begins`, its content from `start` to `end`, the next from `next_`."""

    tag: int
    begins: int
    start: int
    end: int
    next_: int


def is_signed(content: bytes) -> bool:
    """Tell a CMS file that holds something: a detached signature and a bundle of certificates do not."""
    if not _CMS.match(content) and not _PEM_BEGINS.match(content):
        return False
    return unpack_signed(content) is not None


def unpack_signed(content: bytes) -> Unpacked | OpenFailure | None:
    """What was signed: a MIME entity in a mail, any file else. None: only a signature, or only certificates."""
    der = _der(content)
    if der is None:
        return OpenFailure.DAMAGED
    try:
        kind, body = _typed(der, _only(_value(der, 0, len(der)), _SEQUENCE))
        if kind in _SEALED:
            return OpenFailure.ENCRYPTED
        if kind != _SIGNED_DATA:
            return OpenFailure.ARCHIVE  # compressed, or of a type of somebody's own
        return _signed(der, body) if body is not None else OpenFailure.DAMAGED
    except _DamagedError:
        return OpenFailure.DAMAGED


def _signed(der: bytes, body: _Value) -> Unpacked | OpenFailure | None:
    """Version, digests, then what was signed: its type and, in most, itself."""
    inner = next((value for value in _within(der, body) if value.tag == _SEQUENCE), None)
    if inner is None:
        raise _DamagedError
    _, signed = _typed(der, inner)
    if signed is None:
        return None
    if signed.next_ - signed.begins > MAX_UNPACKED:
        return OpenFailure.LIMITS
    return Unpacked((Item("", b"".join(_octets(der, signed, _DEPTH))),))


def _typed(der: bytes, sequence: _Value) -> tuple[bytes, _Value | None]:
    """A content's type, as it is encoded, and the content behind it, if there is one."""
    values = _within(der, sequence)
    kind, wrapped = next(values, None), next(values, None)
    if kind is None or kind.tag != _TYPE:
        raise _DamagedError
    content = None if wrapped is None else next(_within(der, _only(wrapped, _CONTENT)), None)
    return der[kind.begins : kind.end], content


def _only(value: _Value, tag: int) -> _Value:
    if value.tag != tag:
        raise _DamagedError
    return value


def _octets(der: bytes, value: _Value, depth: int) -> Iterator[bytes]:
    """An octet string's bytes, in one piece or in many."""
    if value.tag == _OCTETS:
        yield der[value.start : value.end]
    elif value.tag == _OCTETS | _CONSTRUCTED and depth:
        for piece in _within(der, value):
            yield from _octets(der, piece, depth - 1)
    else:
        raise _DamagedError


def _within(der: bytes, value: _Value) -> Iterator[_Value]:
    place = value.start
    while place < value.end:
        inner = _value(der, place, value.end)
        yield inner
        place = inner.next_


def _value(der: bytes, place: int, limit: int) -> _Value:
    start, length = _head(der, place, limit)
    if length is not None:
        return _Value(der[place], place, start, start + length, start + length)
    end = _end(der, start, limit)
    return _Value(der[place], place, start, end, end + 2)


def _end(der: bytes, place: int, limit: int) -> int:
    """Where a value without a length ends: at two zeros that belong to no value within."""
    depth = 1
    while depth <= _DEPTH:
        start, length = _head(der, place, limit)
        if length is None:
            depth += 1
        elif der[place] == 0:
            depth -= 1
            if not depth:
                return place
        place = start + (length or 0)
    raise _DamagedError


def _head(der: bytes, place: int, limit: int) -> tuple[int, int | None]:
    """Where a value's content starts, and its length; None when it has none."""
    if place + 2 > limit or der[place] & _LONG_TAG == _LONG_TAG:
        raise _DamagedError
    length, start = der[place + 1], place + 2
    if length == 0x80:
        if not der[place] & _CONSTRUCTED:
            raise _DamagedError
        return start, None
    if length > 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[start : start + count], "big"), start + count
    if start + length > limit:
        raise _DamagedError
    return start, length


def _der(content: bytes) -> bytes | None:
    if _CMS.match(content):
        return content
    found = _PEM.fullmatch(content)
    if found is None:
        return None
    try:
        return binascii.a2b_base64(found[2])
    except binascii.Error:
        return None
