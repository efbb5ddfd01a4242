"""7z files; the only module that knows py7zr.

Called by unpack.py. py7zr reads the headers and unpacks piece by piece; its own `extract` is left alone, since that asks
the system for its memory, which a locked-in child can't, and believes declared sizes. Methods that can't be stopped half-way
or need threads (PPMd) are not opened. Raises nothing else than MemoryError.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from py7zr import SevenZipFile, compressor
from py7zr.archiveinfo import HeaderStreamsInfo, SignatureHeader
from py7zr.compressor import SevenZipDecompressor
from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError
from py7zr.helpers import calculate_key
from py7zr.properties import COMPRESSION_METHOD as METHOD
from py7zr.properties import MAGIC_7Z, PROPERTY

from bot.core.notice.document import OpenFailure
from bot.documents.archives.limits import MAX_ENTRIES, Allowance, Unpacked, UnpackOutcome, is_system_file

# Fifty long names with their times have 40 kB.
_HEADER_BYTES = 256 * 1024
# 7-Zip takes no larger a dictionary than what it packs, and more than that is not unpacked.
_DICTIONARY_BYTES = 64 * 1024 * 1024
# 7-Zip asks for 2^19 rounds of SHA-256 (a quarter of a second); each step more doubles that.
_KEY_ROUNDS = 20
_METHODS = frozenset(
    {METHOD.COPY, METHOD.LZMA, METHOD.LZMA2, METHOD.DELTA, METHOD.P7Z_BCJ, METHOD.BCJ, METHOD.CRYPT_AES256_SHA256}
)
_PIECE = 1024 * 1024
_STALLED = 64  # pieces without a byte: the stream is at its end


# One key opens all of an archive, and py7zr derives it for each of its folders anew: 50 files would take five seconds.
_key = lru_cache(maxsize=4)(calculate_key)
setattr(compressor, "calculate_key", _key)  # noqa: B010 - to mypy, the module does not export the name


def is_seven_zip(content: bytes) -> bool:
    """Tell a 7z file by its first mark."""
    return content.startswith(MAGIC_7Z)


def warm_up() -> None:
    """Decrypt something, which loads the cipher: one round for the key, and an initial vector of 16 bytes."""
    compressor.AESDecompressor(b"\x40\x0f" + bytes(16), "x").decompress(bytes(16))


def unpack_seven_zip(content: bytes, passwords: tuple[str, ...]) -> Unpacked | OpenFailure:
    """The archive's files, folders and systems' own files left away."""
    trouble = _header_trouble(content)
    if trouble not in {None, OpenFailure.ENCRYPTED}:
        return trouble
    found = _tried(content, None) if trouble is None else OpenFailure.ENCRYPTED
    try:
        for password in passwords:
            if not (found is OpenFailure.ENCRYPTED or (isinstance(found, Unpacked) and found.locked)):
                break
            with_password = _tried(content, password)
            # With a wrong password everything looks damaged; what needs none must not be lost over it.
            if with_password is OpenFailure.LIMITS or (
                isinstance(with_password, Unpacked) and not with_password.locked
            ):
                found = with_password
    finally:
        _key.cache_clear()
    return found


def _header_trouble(content: bytes) -> OpenFailure | None:
    """Look at how the header is packed before py7zr unpacks it. ENCRYPTED: it needs a password itself."""
    try:
        signature = SignatureHeader.retrieve(io.BytesIO(content[:32]))
        start = 32 + signature.nextheaderofs
        if signature.nextheadersize > _HEADER_BYTES:
            return OpenFailure.LIMITS
        header = io.BytesIO(content[start : start + signature.nextheadersize])
        if header.read(1) != PROPERTY.ENCODED_HEADER:
            return None
        streams = HeaderStreamsInfo.retrieve(header)
        folders = streams.unpackinfo.folders
        if sum(size for folder in folders for size in folder.unpacksizes) > _HEADER_BYTES:
            return OpenFailure.LIMITS
        troubles = {_method_trouble(folder) for folder in folders} - {None}
        if not troubles and any(map(_is_encrypted, folders)):
            return OpenFailure.ENCRYPTED
        return next(iter(troubles), None)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - py7zr raises anything over bytes that make no sense, assertions among them
        return OpenFailure.DAMAGED


def _tried(content: bytes, password: str | None) -> Unpacked | OpenFailure:
    """Unpack with this password, or without one."""
    try:
        with SevenZipFile(io.BytesIO(content), password=password) as archive:
            return _opened(archive, content, password)
    except MemoryError:
        raise
    except PasswordRequired:
        return OpenFailure.ENCRYPTED
    except UnsupportedCompressionMethodError:
        return OpenFailure.ARCHIVE
    except Exception:  # noqa: BLE001 - as above
        return OpenFailure.DAMAGED


def _opened(archive: Any, content: bytes, password: str | None) -> Unpacked | OpenFailure:
    files = [file for file in archive.files if not _is_nothing(file)]
    if len(files) > MAX_ENTRIES:
        return OpenFailure.LIMITS
    outcome = UnpackOutcome()
    streams = archive.header.main_streams
    found: dict[int, bytes | OpenFailure] = {}
    if streams is not None:
        allowance = Allowance()
        position = archive.afterheader + streams.packinfo.packpos
        sizes = iter(streams.packinfo.packsizes)
        for folder in streams.unpackinfo.folders:
            # Where a folder is of several streams (BCJ2) its method is not opened, but its bytes are passed.
            size = sum(islice(sizes, len(folder.packed_indices)))
            reading = _Reading(folder, content[position : position + size], password, allowance)
            found.update(reading.files())
            position += size
    for file in files:
        outcome.add(file.filename, b"" if file.emptystream else found.get(file.id, OpenFailure.DAMAGED))
    return outcome.summed_up()


def _is_nothing(file: Any) -> bool:
    """A folder, or a system's own file."""
    return (file.is_directory and file.emptystream) or is_system_file(file.filename)


def _is_encrypted(folder: Any) -> bool:
    return any(coder["method"] == METHOD.CRYPT_AES256_SHA256 for coder in folder.coders)


def _method_trouble(folder: Any) -> OpenFailure | None:
    """What keeps a folder closed before anything of it is unpacked: its methods, or what they ask for."""
    for coder in folder.coders:
        method, properties = coder["method"], coder["properties"] or b""
        if method not in _METHODS:
            return OpenFailure.ARCHIVE
        if method == METHOD.LZMA and int.from_bytes(properties[1:5], "little") > _DICTIONARY_BYTES:
            return OpenFailure.LIMITS
        if method == METHOD.LZMA2 and _lzma2_dictionary(properties[:1]) > _DICTIONARY_BYTES:
            return OpenFailure.LIMITS
        if method == METHOD.CRYPT_AES256_SHA256 and properties and properties[0] & 0x3F > _KEY_ROUNDS:
            return OpenFailure.LIMITS
    return None


def _lzma2_dictionary(prop: bytes) -> int:
    step = int.from_bytes(prop, "little")
    return (2 | step & 1) << (step // 2 + 11)


@dataclass(slots=True)
class _Reading:
    """One folder: files packed as one stream, which can only be read in their order."""

    folder: Any
    packed: bytes
    password: str | None
    allowance: Allowance
    limit: int = field(init=False)

    def __post_init__(self) -> None:
        self.limit = self.allowance.for_packed(len(self.packed))

    def files(self) -> Iterator[tuple[int, bytes | OpenFailure]]:
        """Each file by its number in the archive."""
        trouble = _method_trouble(self.folder)
        if trouble is None and self.password is None and _is_encrypted(self.folder):
            trouble = OpenFailure.ENCRYPTED
        stream, source = None, io.BytesIO(self.packed)
        for file in self.folder.files or ():
            if trouble is None and file.uncompressed > self.limit:
                trouble = OpenFailure.LIMITS
            if trouble is not None:
                yield file.id, trouble
                continue
            try:
                stream = stream or self._stream()
                content = self._file(stream, source, file)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - as above
                content = None
            if content is not None:
                yield file.id, content
                continue
            # What stands behind it can't be reached. Out of a wrong password comes just what damage looks like.
            trouble = OpenFailure.ENCRYPTED if _is_encrypted(self.folder) else OpenFailure.DAMAGED
            yield file.id, trouble

    def _stream(self) -> Any:
        folder = self.folder
        return SevenZipDecompressor(folder.coders, len(self.packed), folder.unpacksizes, folder.crc, self.password)

    def _file(self, stream: Any, source: io.BytesIO, file: Any) -> bytes | None:
        """A file's content, believed by its CRC only: without one, anything may have come out."""
        unpacked = bytearray()
        stalled = 0
        while len(unpacked) < file.uncompressed and stalled < _STALLED:
            piece = stream.decompress(source, min(file.uncompressed - len(unpacked), _PIECE))
            stalled = 0 if piece else stalled + 1
            unpacked += piece
        size = len(unpacked)
        self.limit -= size
        self.allowance.tried -= size
        if size != file.uncompressed or zlib.crc32(unpacked) != file.crc32:
            return None
        self.allowance.kept -= size
        return bytes(unpacked)
