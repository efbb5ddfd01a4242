"""S/MIME and other CMS files (RFC 5652): the signed content without its wrapping.

Called by unpack.py. Reads DER, BER of indefinite length (which Outlook and OpenSSL stream) and PEM with a parser of our own,
because a library that builds objects takes seconds for a streamed mail of 10 MiB. No signature is verified: the sender is
proven by core/mail/authentication_results.py. Raises nothing but MemoryError.

    SEQUENCE                                  ContentInfo
      OID signedData
      [0] SEQUENCE                            SignedData: version, digestAlgorithms,
            SEQUENCE                            encapContentInfo
              OID data
              [0] OCTET STRING  ◀── the mail    in one piece, or in many in BER
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.notice.document import OpenFailure
from bot.core.text.lazy_pattern import LazyPattern
from bot.documents.archives.limits import MAX_UNPACKED, Item, Unpacked

_PKCS7 = bytes.fromhex("06092a864886f70d0107")
_SMIME = bytes.fromhex("060b2a864886f70d01091001")
# A sequence that begins with the type of its content: 1.2.840.113549.1.7.x, or one of S/MIME's .1.9.16.1.x.
_CMS = LazyPattern(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)(?:" + re.escape(_PKCS7) + rb"|" + re.escape(_SMIME) + rb")",
    re.DOTALL,
)
_PEM = LazyPattern(
    rb"\s*-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----\r?\n([A-Za-z0-9+/=\s]*)-----END (PKCS7|CMS|PKCS #7 SIGNED DATA)-----\s*"
)
_PEM_BEGINS = LazyPattern(rb"\s*-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----")
_SIGNED_DATA = _PKCS7 + b"\x02"
# envelopedData, signedAndEnvelopedData, encryptedData; authEnvelopedData.
_SEALED = frozenset({_PKCS7 + b"\x03", _PKCS7 + b"\x04", _PKCS7 + b"\x06", _SMIME + b"\x17"})

_TYPE, _SEQUENCE, _CONTENT, _OCTETS = 0x06, 0x30, 0xA0, 0x04
_CONSTRUCTED, _LONG_TAG = 0x20, 0x1F
_DEPTH = 32  # of nested values of indefinite length; real files have six


class _DamagedError(Exception):
    """The bytes are no BER, or not of the expected structure."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A BER value: its tag and byte offsets."""

    tag: int
    begins: int  # of the identifier octet
    start: int  # of the content
    end: int  # after the content
    next_: int  # of the next value, after the end-of-contents octets


def is_signed(content: bytes) -> bool:
    """Whether it is a CMS file with content; False for a detached signature and for certificates only."""
    if not _CMS.match(content) and not _PEM_BEGINS.match(content):
        return False
    return unpack_signed(content) is not None


def unpack_signed(content: bytes) -> Unpacked | OpenFailure | None:
    """The signed content: a MIME entity in a mail, else any file. None: only a signature, or only certificates."""
    der = _der(content)
    if der is None:
        return OpenFailure.DAMAGED
    try:
        kind, body = _typed(der, _only(_value(der, 0, len(der)), _SEQUENCE))
        if kind in _SEALED:
            return OpenFailure.ENCRYPTED
        if kind != _SIGNED_DATA:
            return OpenFailure.ARCHIVE  # compressed, or of an unknown type
        return _signed(der, body) if body is not None else OpenFailure.DAMAGED
    except _DamagedError:
        return OpenFailure.DAMAGED


def _signed(der: bytes, body: _Value) -> Unpacked | OpenFailure | None:
    """SignedData: skip version and digest algorithms, then return the encapsulated content, if any."""
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
    """A ContentInfo: its encoded type, and its content, if any."""
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
    """The bytes of an OCTET STRING, primitive or constructed."""
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
    """The end of a value of indefinite length: its end-of-contents octets (two zeros), after the nested values."""
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
    """The offset of a value's content, and its length; None for indefinite length."""
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
    if found is None or found[1] != found[3]:
        return None
    try:
        return binascii.a2b_base64(found[2])
    except binascii.Error:
        return None
