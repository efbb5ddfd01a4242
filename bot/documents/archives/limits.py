"""The result of unpacking a container, its limits, and the cleaning of file names; shared by all formats.

Used by zip_files.py, seven_zip.py, tnef.py and signed.py; returned by unpack.py. `Allowance` counts unpacked bytes, because
declared sizes are not trusted; `summed_up` makes the result of a whole container. Nothing is raised.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from bot.core.notice.document import OpenFailure
from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES
from bot.core.text.lazy_pattern import LazyPattern

# What was unpacked counts, not what was declared (OWASP File Upload Cheat Sheet:
# https://cheatsheetseries.owasp.org/cheatsheets/File_Upload_Cheat_Sheet.html).
MAX_ENTRIES = 50
MAX_UNPACKED = 60 * 1024 * 1024
MAX_RATIO = 100
"""The largest ratio of unpacked to packed size of a file larger than RATIO_FROM."""
RATIO_FROM = 1024 * 1024

_MAX_NAME = 100
_LONGEST_ENDING = 10  # a file extension up to this length (".xlsx", ".tar.gz") is kept when a name is cut
_UNFIT = LazyPattern(f"[{CONTROLS}{HIDDEN}{SURROGATES}]")
# Files that Windows and macOS add to folders; compared by the whole name, so that no other file is skipped.
_SYSTEM_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_MAC_FOLDER = "__MACOSX/"


@dataclass(frozen=True, slots=True)
class Item:
    """A file from a container. `name`: cleaned for display, without folders, controls and bidi marks, at most 100 characters."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Files in the container's order. By their cleaned names: `left_out`, those that limits, damage or an unknown packing
    kept in; `locked`, those that need a password which was not among the given ones.
    """

    items: tuple[Item, ...]  # in the container's order
    left_out: tuple[str, ...] = ()  # cleaned names of files beyond the limits, damaged, or in an unknown packing
    locked: tuple[str, ...] = ()  # cleaned names of files whose password is not among the given ones


@dataclass(slots=True)
class Allowance:
    """The bytes that may still be unpacked."""

    kept: int = MAX_UNPACKED  # for files in the result
    tried: int = 2 * MAX_UNPACKED  # including the ones thrown away

    def for_packed(self, size: int) -> int:
        """The largest allowed unpacked size of a file with this packed size."""
        return min(self.kept, self.tried, max(RATIO_FROM, MAX_RATIO * size))


@dataclass(slots=True)
class UnpackOutcome:
    """Collects the results of a container's files."""

    items: list[Item] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    troubles: set[OpenFailure] = field(default_factory=set)

    def add(self, name: str, found: bytes | OpenFailure) -> None:
        """Add a file's content or failure. `name`: as in the container."""
        shown = clean_name(name)
        if isinstance(found, bytes):
            self.items.append(Item(shown, found))
            return
        self.troubles.add(found)
        (self.locked if found is OpenFailure.ENCRYPTED else self.left_out).append(shown)

    def summed_up(self) -> Unpacked | OpenFailure:
        """The unpacked files and the names of the others; the OpenFailure when no file was unpacked."""
        if self.items or not self.troubles:
            return Unpacked(tuple(self.items), tuple(self.left_out), tuple(self.locked))
        by_weight = (OpenFailure.ENCRYPTED, OpenFailure.LIMITS, OpenFailure.DAMAGED)
        return next((trouble for trouble in by_weight if trouble in self.troubles), OpenFailure.ARCHIVE)


_FOLDERS = LazyPattern(r"[/\\]")


def clean_name(name: str) -> str:
    """A file name for display: NFC (macOS sends NFD), without folders; "" when nothing is left."""
    base: str = _FOLDERS.split(unicodedata.normalize("NFC", _UNFIT.sub("", name)).rstrip("/\\"))[-1].strip()
    if not base.strip(". ") or len(base) <= _MAX_NAME:
        return base if base.strip(". ") else ""
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) >= _LONGEST_ENDING:
        return base[:_MAX_NAME]
    return f"{stem[: _MAX_NAME - len(ending) - 1]}.{ending}"


def is_system_file(path: str) -> bool:
    """Whether the operating system added this file; `path`: as in the container, with /."""
    base = path.rpartition("/")[2]
    return base.lower() in _SYSTEM_FILES or (_MAC_FOLDER in path and base.startswith("._"))


def decoded_name(raw: bytes) -> str:
    """Decode a name without a declared encoding: macOS and Linux write UTF-8, Japanese Windows cp932."""
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp932", "replace")


def password_bytes(passwords: tuple[str, ...]) -> tuple[bytes, ...]:
    """Each password in UTF-8 and in cp932 (Japanese Windows), without duplicates."""
    candidates: dict[bytes, None] = {}
    for password in passwords:
        for encoding in ("cp932", "utf-8"):
            candidates[password.encode(encoding, "ignore")] = None
    candidates.pop(b"", None)
    return tuple(candidates)
