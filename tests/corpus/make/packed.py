"""Containers to try unpacking on: pure functions from files to a container's bytes.

Used by the tests and by the makers of the corpus. What the libraries can't write (names without a label, false sizes, TNEF,
CMS) is put together here by hand.
"""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import py7zr
import pyzipper

Files = Mapping[str, bytes]


# ---------------------------------------------------------------- zip


@dataclass(frozen=True, slots=True)
class Entry:
    """A zip's entry as it is to be written, true or not. None: what is true."""

    name: bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0
    size: int | None = None
    crc: int | None = None
    extra: bytes = b""
    packed: bytes | None = None


def zip_of(entries: Iterable[Entry], before: bytes = b"", behind: bytes = b"") -> bytes:
    """A zip by hand: names as bytes, any size or CRC."""
    body, directory, count = bytearray(before), bytearray(), 0
    for entry in entries:
        packed = entry.packed if entry.packed is not None else _deflated(entry.content, entry.method)
        size = len(entry.content) if entry.size is None else entry.size
        crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
        fields = struct.pack("<5H3I", 20, entry.flags, entry.method, 0x6000, 0x5C21, crc, len(packed), size)
        lengths = struct.pack("<HH", len(entry.name), len(entry.extra))
        directory += b"PK\x01\x02\x14\x00" + fields + lengths + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += entry.name + entry.extra
        body += b"PK\x03\x04" + fields + lengths + entry.name + entry.extra + packed
        count += 1
    end = struct.pack("<4HIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(body), 0)
    return bytes(body) + bytes(directory) + b"PK\x05\x06" + end + behind


def windows_zip(files: Files) -> bytes:
    """As Japanese Windows packs: names in cp932, no label."""
    return zip_of(Entry(name.encode("cp932"), content) for name, content in files.items())


MAC_FOLDER_FILE = b"\x00\x00\x00\x01Bud1"
MAC_FILE_FORK = b"\x00\x05\x16\x07"


def mac_zip(files: Files) -> bytes:
    """As a Mac packs: names in UTF-8 without a label, a folder of its own beside them."""
    own = [Entry(b"__MACOSX/", method=0), Entry(b".DS_Store", MAC_FOLDER_FILE)]
    for name, content in files.items():
        folder, slash, base = name.rpartition("/")
        own += [Entry(name.encode(), content), Entry(f"__MACOSX/{folder}{slash}._{base}".encode(), MAC_FILE_FORK)]
    return zip_of(own)


def locked_zip(files: Files, password: bytes, *, aes: bool = False) -> bytes:
    """A zip with a password, by the old encryption that Windows opens, or by AES."""
    if not aes:
        return zip_of(_zip_crypto(Entry(name.encode("cp932"), content), password) for name, content in files.items())
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password)
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def half_locked_zip(files: Files, locked: Files, password: bytes) -> bytes:
    """Some files need a password, the others don't."""
    plain = [Entry(name.encode("cp932"), content) for name, content in files.items()]
    return zip_of(
        plain + [_zip_crypto(Entry(name.encode("cp932"), content), password) for name, content in locked.items()]
    )


def _deflated(content: bytes, method: int) -> bytes:
    if method != 8:
        return content
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(content) + packer.flush()


_CRC_TABLE = tuple(zlib.crc32(bytes((byte,)), 0xFFFFFFFF) ^ 0xFFFFFFFF for byte in range(256))


def _zip_crypto(entry: Entry, password: bytes) -> Entry:
    """Encrypt as APPNOTE.TXT 6.1 says."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value: int, byte: int) -> int:
        return value >> 8 ^ _CRC_TABLE[(value ^ byte) & 0xFF]

    def update(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    plain = b"hosho-bot!!" + bytes((zlib.crc32(entry.content) >> 24,)) + _deflated(entry.content, entry.method)
    out = bytearray()
    for byte in plain:
        mixed = keys[2] | 2
        out.append(byte ^ (mixed * (mixed ^ 1) >> 8) & 0xFF)
        update(byte)
    return Entry(entry.name, entry.content, entry.method, flags=1, packed=bytes(out))


# ---------------------------------------------------------------- 7z and gzip


def seven_zip(files: Files, password: str | None = None, *, hide_names: bool = False) -> bytes:
    """A 7z, with a password or without; `hide_names`: its header is encrypted, too."""
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password, header_encryption=hide_names) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return out.getvalue()


def seven_zip_by_hand(
    name: str, coders: Iterable[bytes], packed: bytes, size: int, crc: int | None = 0, files: int = 1
) -> bytes:
    """A 7z of one folder, whose header says what it is told to. `coders`: each as it stands in the header."""
    coders = list(coders)
    folder = (
        _number(len(coders)) + b"".join(coders) + b"".join(bytes((bond, bond - 1)) for bond in range(1, len(coders)))
    )
    sizes = b"".join(_number(size) for _ in coders)
    digest = b"\x0a\x01" + struct.pack("<I", crc) * files if crc is not None else b""
    several = b"\x0d" + _number(files) + b"\x09" + b"\x00" * (files - 1) if files > 1 else b""
    names = b"\x00" + (name.encode("utf-16-le") + b"\x00\x00") * files
    header = b"".join((
        b"\x01\x04\x06\x00\x01\x09", _number(len(packed)), b"\x00",
        b"\x07\x0b\x01\x00", folder, b"\x0c", sizes, b"\x00",
        b"\x08", several, digest, b"\x00\x00",
        b"\x05", _number(files), b"\x11", _number(len(names)), names, b"\x00\x00",
    ))  # fmt: skip
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


LZMA2_CODER = b"\x21\x21\x01"
"""Followed by the dictionary's size as one byte."""
LZMA2_MEBIBYTE = b"\x10"
COPY_CODER = b"\x01\x00"


def lzma2_zeros(mebibytes: int) -> bytes:
    """A stream that unpacks to so many MiB of zeros: one MiB's chunks, again and again."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    one = lzma.compress(bytes(1 << 20), lzma.FORMAT_RAW, filters=filters)
    return one[:-1] * mebibytes + b"\x00"


@cache
def deflated_zeros(mebibytes: int) -> bytes:
    """The same in deflate."""
    packer = zlib.compressobj(9, wbits=-15)
    one = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return one * mebibytes + packer.flush()


def gzip_zeros(mebibytes: int) -> bytes:
    """The same as a gzip; its sum is false."""
    return b"\x1f\x8b\x08" + bytes(7) + deflated_zeros(mebibytes) + bytes(8)


def overlapping_zip(count: int, mebibytes: int) -> bytes:
    """Many entries that share one packed stream (after Fifield): kilobytes that unpack to `count` times as much."""
    packed = deflated_zeros(mebibytes)
    local = zip_of((Entry(b"a", packed=packed, size=mebibytes << 20),))
    directory = local[local.index(b"PK\x01\x02") : local.rindex(b"PK\x05\x06")]
    body = local[: local.index(b"PK\x01\x02")]
    end = struct.pack("<4HIIH", 0, 0, count, count, len(directory) * count, len(body), 0)
    return body + directory * count + b"PK\x05\x06" + end


def _number(value: int) -> bytes:
    """7z's numbers: how many bytes follow stands in the first one's leading bits."""
    return bytes((value,)) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def gzipped(content: bytes, name: bytes = b"") -> bytes:
    """A gzip, with a name in its header or without."""
    packed = gzip.compress(content, mtime=0)
    return packed[:3] + b"\x08" + packed[4:10] + name + b"\x00" + packed[10:] if name else packed


# ---------------------------------------------------------------- winmail.dat


def winmail(
    files: Files, text: str = "", page: int = 932, html: str = "", rtf: bytes = b"", size: int | None = None
) -> bytes:
    """As Outlook packs: names in the code page and, as the long name, in Unicode. `size`: what the RTF says that it has."""
    parts = [b"\x78\x9f\x3e\x22\x01\x00", tnef_attribute(1, 0x69007, struct.pack("<II", page, 0))]
    properties = [(0x3FDE0003, struct.pack("<I", 65001))]
    if text:
        properties.append((0x1000001E, text.encode(f"cp{page}") + b"\x00"))
    if html:
        properties.append((0x10130102, html.encode()))
    if rtf:
        length = len(rtf) if size is None else size
        properties.append((0x10090102, struct.pack("<II4sI", len(rtf) + 12, length, b"MELA", 0) + rtf))
    parts.append(tnef_attribute(1, 0x69003, _mapi(properties)))
    for name, content in files.items():
        parts += [
            tnef_attribute(2, 0x69002, bytes(14)),
            tnef_attribute(2, 0x18010, name.encode(f"cp{page}", "replace") + b"\x00"),
            tnef_attribute(2, 0x6800F, content),
            tnef_attribute(2, 0x69005, _mapi([(0x3707001F, name.encode("utf-16-le") + b"\x00\x00")])),
        ]
    return b"".join(parts)


def tnef_attribute(level: int, name: int, data: bytes) -> bytes:
    """An attribute with its sum."""
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _mapi(properties: list[tuple[int, bytes]]) -> bytes:
    out = bytearray(struct.pack("<I", len(properties)))
    for tag, value in properties:
        out += struct.pack("<HH", tag & 0xFFFF, tag >> 16)
        if tag & 0xFFFF == 0x0003:
            out += value
        else:
            out += struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
    return bytes(out)


# ---------------------------------------------------------------- S/MIME and PGP

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")


def opaque_signed(entity: bytes, *, streamed: bool = False) -> bytes:
    """A signed-data with its content and without signers; `streamed`: in BER of indefinite length, in pieces."""
    digests = _tlv(0x31)
    if streamed:
        pieces = b"".join(_tlv(0x04, entity[start : start + 1000]) for start in range(0, len(entity), 1000))
        inner = b"\x30\x80" + _DATA + b"\xa0\x80\x24\x80" + pieces + bytes(4) + bytes(2)
        body = b"\x30\x80" + b"\x02\x01\x01" + digests + inner + _tlv(0x31) + bytes(2)
        return b"\x30\x80" + _SIGNED_DATA + b"\xa0\x80" + body + bytes(4)
    inner = _tlv(0x30, _DATA + _tlv(0xA0, _tlv(0x04, entity)))
    return _tlv(0x30, _SIGNED_DATA + _tlv(0xA0, _tlv(0x30, b"\x02\x01\x01" + digests + inner + _tlv(0x31))))


def detached_signature() -> bytes:
    """A signed-data without content."""
    body = b"\x02\x01\x01" + _tlv(0x31) + _tlv(0x30, _DATA) + _tlv(0x31)
    return _tlv(0x30, _SIGNED_DATA + _tlv(0xA0, _tlv(0x30, body)))


def enveloped() -> bytes:
    """A mail for somebody else's key, as far as it matters here."""
    body = b"\x02\x01\x00" + _tlv(0x31) + _tlv(0x30, _DATA)
    return _tlv(0x30, _ENVELOPED_DATA + _tlv(0xA0, _tlv(0x30, body)))


def pgp_signed(text: str) -> str:
    """A clear-signed text; the signature is none."""
    escaped = "\n".join(f"- {line}" if line.startswith("-") else line for line in text.split("\n"))
    return (
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{escaped}\n"
        "-----BEGIN PGP SIGNATURE-----\n\niHUEARYKAB0WIQ==\n=abcd\n-----END PGP SIGNATURE-----\n"
    )


def _tlv(tag: int, content: bytes = b"") -> bytes:
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
