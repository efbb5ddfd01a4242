"""Unpack containers of all formats: zip, 7z, gzip, winmail.dat, S/MIME, PGP; recognised by signature, never by name.

Called by documents/pool/child.py, one level at a time; nested containers need further calls. `unpack` returns the files within
limits.py's limits, or the OpenFailure of the whole container. `warm_up` loads late imports before the process is confined.
Raises nothing but MemoryError.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from types import MappingProxyType

from bot.core.notice.document import OpenFailure
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.pgp_clearsign import clear_signed
from bot.documents.archives import seven_zip, zip_files
from bot.documents.archives.limits import Allowance, Item, Unpacked, clean_name, decoded_name
from bot.documents.archives.seven_zip import is_seven_zip, unpack_seven_zip
from bot.documents.archives.signed import is_signed, unpack_signed
from bot.documents.archives.tnef import BODY_NAME, is_tnef, unpack_tnef
from bot.documents.archives.zip_files import is_office_paper, is_zip, unpack_zip

__all__ = ["BODY_NAME", "PASSWORDS_TRIED", "Item", "Unpacked", "container_type", "unpack", "warm_up"]

PASSWORDS_TRIED = 8
"""The most passwords tried on a container; each costs a quarter of a second with a 7z."""

ZIP = "application/zip"
SEVEN_ZIP = "application/x-7z-compressed"
GZIP = "application/gzip"
TNEF = "application/ms-tnef"
SIGNED = "application/pkcs7-mime"
CLEAR_SIGNED = "application/pgp"
PGP_ENCRYPTED = "application/pgp-encrypted"

# Formats that are recognised but not opened: name, signature, and its offset.
_NOT_TOLD_BY = (
    ("application/vnd.rar", b"Rar!\x1a\x07", 0),
    ("application/vnd.ms-cab-compressed", b"MSCF", 0),
    ("application/x-xz", b"\xfd7zXZ\x00", 0),
    ("application/x-bzip2", b"1AY&SY", 4),
    ("application/zstd", b"\x28\xb5\x2f\xfd", 0),
    ("application/x-tar", b"ustar", 257),
)
# LHA, still used in offices: the method is after two bytes of header size and checksum.
_LHA = LazyPattern(rb"..-lh[0-7d]-", re.DOTALL)
_GZIP_MARK = b"\x1f\x8b\x08"
_CLEAR_SIGNED = LazyPattern(rb"(?:\xef\xbb\xbf)?\s{0,100}-----BEGIN PGP SIGNED MESSAGE-----")
_PGP_MESSAGE = LazyPattern(rb"(?:\xef\xbb\xbf)?\s{0,100}-----BEGIN PGP MESSAGE-----")
# Line ends and a byte order mark that a gateway or an editor added before a zip.
_BLANKS = b" \t\r\n\xef\xbb\xbf"
_PIECE = 1024 * 1024
_GZIP_STREAMS = 16


def container_type(content: bytes) -> str:
    """The media type of a container, also of one that is not opened; "" for other content, office documents and detached
    signatures.
    """
    if is_zip(_unpadded(content)):
        return "" if is_office_paper(content) else ZIP
    for name, mark, place in _NOT_TOLD_BY:
        if content.startswith(mark, place):
            return name
    return next((name for name, tells in _TOLD_BY.items() if tells(content)), "")


def unpack(content: bytes, passwords: Sequence[str] = ()) -> Unpacked | OpenFailure:
    """Unpack one level, with the first of the passwords that fits (PASSWORDS_TRIED at most).

    ENCRYPTED: no password fits; DAMAGED; LIMITS: too many files, too large or too slow; ARCHIVE: a format that is not opened;
    UNKNOWN_FORMAT: no container.
    """
    tried = tuple(dict.fromkeys(password for password in passwords if password))[:PASSWORDS_TRIED]
    kind = container_type(content)
    if kind in {ZIP, SEVEN_ZIP}:
        return unpack_zip(content, tried) if kind == ZIP else unpack_seven_zip(content, tried)
    if kind in _OPENERS:
        return _OPENERS[kind](content) or OpenFailure.UNKNOWN_FORMAT
    if kind == PGP_ENCRYPTED:
        return OpenFailure.ENCRYPTED
    return OpenFailure.ARCHIVE if kind else OpenFailure.UNKNOWN_FORMAT


def warm_up() -> None:
    """Load late imports and ciphers: a confined process can't open files."""
    zip_files.warm_up()
    seven_zip.warm_up()


def _unpadded(content: bytes) -> bytes:
    return content[:64].lstrip(_BLANKS)


def _unpack_gzip(content: bytes) -> Unpacked | OpenFailure:
    """The one file of a gzip, from one or several members; zeros at the end are padding."""
    limit = Allowance().for_packed(len(content))
    unpacked = bytearray()
    rest = content
    for _ in range(_GZIP_STREAMS):
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        piece = bytes(_PIECE)
        try:
            while not stream.eof and (rest or len(piece) == _PIECE):
                piece = stream.decompress(rest, _PIECE)
                unpacked += piece
                rest = stream.unconsumed_tail
                if len(unpacked) > limit:
                    return OpenFailure.LIMITS
        except zlib.error:
            return OpenFailure.DAMAGED
        if not stream.eof:
            return OpenFailure.DAMAGED
        rest = stream.unused_data
        if not rest.strip(b"\x00"):
            return Unpacked((Item(_gzip_name(content), bytes(unpacked)),))
    return OpenFailure.LIMITS


def _gzip_name(content: bytes) -> str:
    """The file's name from the header (RFC 1952); "" without one."""
    flags, place = content[3], 10
    if flags & 4:
        place += 2 + int.from_bytes(content[place : place + 2], "little")
    if not flags & 8:
        return ""
    return clean_name(decoded_name(content[place : place + 1024].split(b"\x00")[0]))


def _unpack_clear_signed(content: bytes) -> Unpacked | OpenFailure:
    # Latin-1 preserves every byte, and the markers are ASCII.
    text = clear_signed(content.decode("latin-1"))
    return OpenFailure.DAMAGED if text is None else Unpacked((Item("", text.encode("latin-1")),))


_TOLD_BY: MappingProxyType[str, Callable[[bytes], object]] = MappingProxyType(
    {
        SEVEN_ZIP: is_seven_zip,
        TNEF: is_tnef,
        SIGNED: is_signed,
        GZIP: LazyPattern(_GZIP_MARK).match,
        CLEAR_SIGNED: _CLEAR_SIGNED.match,
        PGP_ENCRYPTED: _PGP_MESSAGE.match,
        "application/x-lha": _LHA.match,
    }
)
_OPENERS: MappingProxyType[str, Callable[[bytes], Unpacked | OpenFailure | None]] = MappingProxyType(
    {GZIP: _unpack_gzip, TNEF: unpack_tnef, SIGNED: unpack_signed, CLEAR_SIGNED: _unpack_clear_signed}
)
