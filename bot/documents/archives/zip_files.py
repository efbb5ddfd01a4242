"""Zip files, as Windows, Macs and PPAP gateways make them; the only module that knows pyzipper.

Called by unpack.py. pyzipper reads the directory and decrypts; members are read here, because what comes out must be the
whole file or nothing: exactly the declared bytes, with the right CRC or, for AES, the right authentication code, and no more
memory than the limits allow. Raises nothing else than MemoryError.
"""

from __future__ import annotations

import bz2
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pyzipper import WZ_AES, AESZipFile, BadZipFile
from pyzipper.zipfile import CRCZipDecrypter
from pyzipper.zipfile_aes import AESZipDecrypter

from bot.core.notice.document import OpenFailure
from bot.documents.archives.limits import (
    MAX_ENTRIES,
    Allowance,
    Unpacked,
    UnpackOutcome,
    decoded_name,
    is_system_file,
    password_bytes,
)

# Directory entries looked at, by their marks: folders, system files and those of stored zips within among them.
_MARKS_SEEN = 2000
_DIRECTORY_MARK = b"PK\x01\x02"
_LOCAL_MARK = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_CHUNK = 256 * 1024
# Of the old encryption, which takes half a second a MiB: five seconds, and no larger PDF is opened anyway.
_SLOWLY_DECRYPTED = 10 * 1024 * 1024
_PIECE = 1024 * 1024
_STORED, _DEFLATED, _BZIP2 = 0, 8, 12
_METHODS = frozenset({_STORED, _DEFLATED, _BZIP2})
_ENCRYPTED, _STRONGLY_ENCRYPTED, _UTF8 = 0x1, 0x40, 0x800
_AES_NO_CRC = 2  # AE-2: the authentication code stands in for it
_UNICODE_PATH = 0x7075
# What pyzipper raises over directories that make no sense.
_DAMAGES = (BadZipFile, ValueError, KeyError, IndexError, OverflowError, EOFError, OSError, struct.error)


def unpack_zip(content: bytes, passwords: tuple[str, ...]) -> Unpacked | OpenFailure:
    """The zip's files, folders and systems' own files left away."""
    members = _members(content)
    if isinstance(members, OpenFailure):
        return members
    files = [member for member in members if not _is_nothing(member)]
    if len(files) > MAX_ENTRIES:
        return OpenFailure.LIMITS
    reading = _Reading(content, list(password_bytes(passwords)))
    outcome = UnpackOutcome()
    for member in files:
        outcome.add(_path(member), reading.file(member))
    return outcome.summed_up()


def warm_up() -> None:
    """Decrypt something, which loads the cipher."""
    out = io.BytesIO()
    with AESZipFile(out, "w", encryption=WZ_AES) as archive:
        archive.setpassword(b"x")
        archive.writestr("x", b"x")
    unpack_zip(out.getvalue(), ("x",))


def is_office_paper(content: bytes) -> bool:
    """Tell Word, Excel, PowerPoint and OpenDocument files, which are zips without anybody having packed anything."""
    members = _members(content)
    if isinstance(members, OpenFailure):
        return False
    names = [member.filename for member in members]
    return "[Content_Types].xml" in names or names[:1] == ["mimetype"]


def _members(content: bytes) -> list[Any] | OpenFailure:
    if content.count(_DIRECTORY_MARK) > _MARKS_SEEN:
        return OpenFailure.LIMITS
    try:
        with AESZipFile(io.BytesIO(content)) as directory:
            return list(directory.infolist())
    except NotImplementedError:  # made by a newer version of the format
        return OpenFailure.ARCHIVE
    except _DAMAGES:
        return OpenFailure.DAMAGED


def _is_nothing(member: Any) -> bool:
    """A folder, or a system's own file. What only looks like a folder, with something in it, is a file."""
    path = _path(member)
    return (path.endswith("/") and not member.file_size) or is_system_file(path)


def _path(member: Any) -> str:
    """The member's name, from the field that says it in Unicode, by its label, or by what its bytes look like."""
    if member.flag_bits & _UTF8:
        return str(member.orig_filename)
    raw = member.orig_filename.encode("cp437")  # which pyzipper decodes it by; each byte has its character there
    return _unicode_path(member.extra, raw) or decoded_name(raw)


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Info-ZIP's Unicode Path field: version, CRC of the plain name, name; "" when there is none for this name."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field_ = extra[4 : 4 + length]
        if kind == _UNICODE_PATH and field_[:5] == b"\x01" + zlib.crc32(raw).to_bytes(4, "little"):
            with suppress(UnicodeDecodeError):
                return field_[5:].decode()
        extra = extra[4 + length :]
    return ""


# The byte that is laid over a letter, by the third key's lower half.
_OVERLAY = bytes(((key | 2) * ((key | 2) ^ 1) >> 8) & 0xFF for key in range(1 << 16))


class _FastZipCrypto(CRCZipDecrypter):  # type: ignore[misc]
    """The old encryption, which every Windows opens: letter for letter, so the loop is written out (2.2 MiB a second, not 1.2)."""

    key0: int
    key1: int
    key2: int
    crctable: list[int]

    def decrypt(self, data: bytes) -> bytes:
        """Decrypt what follows what came before."""
        key0, key1, key2, table, overlay = self.key0, self.key1, self.key2, self.crctable, _OVERLAY
        plain = []
        for byte in data:
            letter = byte ^ overlay[key2 & 0xFFFF]
            plain.append(letter)
            key0 = key0 >> 8 ^ table[(key0 ^ letter) & 0xFF]
            key1 = (key1 + (key0 & 0xFF)) * 134775813 + 1 & 0xFFFFFFFF
            key2 = key2 >> 8 ^ table[key2 & 0xFF ^ key1 >> 24]
        self.key0, self.key1, self.key2 = key0, key1, key2
        return bytes(plain)


@dataclass(slots=True)
class _Reading:
    """The members of one zip, read one after the other. `passwords`: the one that fitted last stands first."""

    content: bytes
    passwords: list[bytes]
    allowance: Allowance = field(default_factory=Allowance)

    def file(self, member: Any) -> bytes | OpenFailure:
        """A member's whole content, or what kept it in."""
        if member.flag_bits & _STRONGLY_ENCRYPTED or member.compress_type not in _METHODS:
            return OpenFailure.ARCHIVE
        packed = self._packed(member)
        if packed is None:
            return OpenFailure.DAMAGED
        if not member.flag_bits & _ENCRYPTED:
            return self._unpacked(member, packed, None)
        best = OpenFailure.ENCRYPTED
        for password in self.passwords:
            found = self._decrypted(member, packed, password)
            if isinstance(found, bytes):
                self.passwords.remove(password)
                self.passwords.insert(0, password)
                return found
            if found is OpenFailure.LIMITS:
                best = found
        return best

    def _packed(self, member: Any) -> memoryview | None:
        """The member's bytes as they lie in the file; None when they don't."""
        start = member.header_offset
        if not 0 <= start <= len(self.content) - _LOCAL_HEADER.size:
            return None
        mark, name_length, extra_length = _LOCAL_HEADER.unpack_from(self.content, start)
        start += _LOCAL_HEADER.size + name_length + extra_length
        if mark != _LOCAL_MARK or start + member.compress_size > len(self.content):
            return None
        return memoryview(self.content)[start : start + member.compress_size]

    def _decrypted(self, member: Any, packed: memoryview, password: bytes) -> bytes | OpenFailure:
        is_aes = member.wz_aes_version is not None
        try:
            if not is_aes and len(packed) > _SLOWLY_DECRYPTED:
                return OpenFailure.LIMITS
            kind = AESZipDecrypter if is_aes else _FastZipCrypto
            length = AESZipDecrypter.encryption_header_length(member) if is_aes else kind.encryption_header_length
            code_length = AESZipDecrypter.hmac_size if is_aes else 0
            if len(packed) < length + code_length:
                return OpenFailure.DAMAGED
            decrypter = kind(member, password, bytes(packed[:length]))
            found = self._unpacked(member, packed[length : len(packed) - code_length], decrypter)
            if is_aes and isinstance(found, bytes):
                decrypter.check_hmac(bytes(packed[len(packed) - code_length :]))
        except (RuntimeError, *_DAMAGES):  # the wrong password, an unknown strength, a false authentication code
            return OpenFailure.ENCRYPTED
        return found

    def _unpacked(self, member: Any, packed: memoryview, decrypter: Any) -> bytes | OpenFailure:
        """Unpack no further than the limits and the declared size, and give only what is exactly what was packed."""
        limit = self.allowance.for_packed(len(packed))
        if member.file_size > limit:  # a declared size may refuse, never permit
            return OpenFailure.LIMITS
        chunks = (bytes(packed[start : start + _CHUNK]) for start in range(0, len(packed), _CHUNK))
        plain = chunks if decrypter is None else map(decrypter.decrypt, chunks)
        unpacked = bytearray()
        try:
            for piece in _inflated(member.compress_type, plain):
                unpacked += piece
                if len(unpacked) > member.file_size:
                    break
        except (zlib.error, OSError, EOFError):
            return OpenFailure.DAMAGED
        finally:
            self.allowance.tried -= len(unpacked)
        has_crc = member.wz_aes_version != _AES_NO_CRC
        if len(unpacked) != member.file_size or (has_crc and zlib.crc32(unpacked) != member.CRC):
            return OpenFailure.DAMAGED
        self.allowance.kept -= len(unpacked)
        return bytes(unpacked)


def _inflated(method: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack in pieces of _PIECE at most. Raises EOFError when the packed stream does not end where the member does."""
    if method == _STORED:
        yield from chunks
        return
    stream: Any = zlib.decompressobj(-zlib.MAX_WBITS) if method == _DEFLATED else bz2.BZ2Decompressor()
    for chunk in chunks:
        if stream.eof:
            raise EOFError
        rest, piece = chunk, bytes(_PIECE)
        while not stream.eof and (rest or len(piece) == _PIECE):
            piece = stream.decompress(rest, _PIECE)
            rest = stream.unconsumed_tail if method == _DEFLATED else b""
            yield piece
    if not stream.eof or stream.unused_data:
        raise EOFError


def is_zip(content: bytes) -> bool:
    """Tell a zip by its first marks: a file's, an empty zip's, or the one of a zip that was once split."""
    return content.startswith((_LOCAL_MARK, b"PK\x05\x06", b"PK00PK\x03\x04", b"PK\x07\x08PK\x03\x04"))
