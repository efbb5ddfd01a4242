"""What comes out of a container, within which limits, and how its names are shown: the values that all openers share.

Made by zip_files.py, seven_zip.py, tnef.py and signed.py, handed out by unpack.py. `Allowance` counts what was unpacked, since
no declared size is believed; `summed_up` says what a container as a whole came to. Nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from bot.core.notice.document import OpenFailure
from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES

# What was unpacked counts, not what was declared (OWASP File Upload Cheat Sheet:
# https://cheatsheetseries.owasp.org/cheatsheets/File_Upload_Cheat_Sheet.html).
MAX_ENTRIES = 50
MAX_UNPACKED = 60 * 1024 * 1024
MAX_RATIO = 100
"""How many times its packed size a file may have, once it is larger than RATIO_FROM."""
RATIO_FROM = 1024 * 1024

_MAX_NAME = 100
_LONGEST_ENDING = 10  # ".xlsx", ".tar.gz": kept when a name is cut
_UNFIT = re.compile(f"[{CONTROLS}{HIDDEN}{SURROGATES}]")
# What Windows and macOS put beside a person's files. By whole names: nothing else may vanish for how it is called.
_SYSTEM_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_MAC_FOLDER = "__MACOSX/"


@dataclass(frozen=True, slots=True)
class Item:
    """A file out of a container. `name`: cleaned for display: no folders, controls, or bidi marks, at most 100 characters."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Files in the container's order. By their cleaned names: `left_out`, those that limits, damage or an unknown packing
    kept in; `locked`, those that need a password which was not among the given ones.
    """  # noqa: D205 - one promise, not a headline and its text

    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()


@dataclass(slots=True)
class Allowance:
    """The bytes that may still be unpacked: `kept` in all, and `tried`, which also counts what was thrown away."""

    kept: int = MAX_UNPACKED
    tried: int = 2 * MAX_UNPACKED

    def for_packed(self, size: int) -> int:
        """How far something of so many packed bytes may be unpacked."""
        return min(self.kept, self.tried, max(RATIO_FROM, MAX_RATIO * size))


@dataclass(slots=True)
class UnpackOutcome:
    """What became of a container's files, one after the other."""

    items: list[Item] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    troubles: set[OpenFailure] = field(default_factory=set)

    def add(self, name: str, found: bytes | OpenFailure) -> None:
        """Note a file's content, or the trouble with it. `name` as the container has it."""
        shown = clean_name(name)
        if isinstance(found, bytes):
            self.items.append(Item(shown, found))
            return
        self.troubles.add(found)
        (self.locked if found is OpenFailure.ENCRYPTED else self.left_out).append(shown)

    def summed_up(self) -> Unpacked | OpenFailure:
        """The files with the names of those that stayed; when all stayed, why."""
        if self.items or not self.troubles:
            return Unpacked(tuple(self.items), tuple(self.left_out), tuple(self.locked))
        by_weight = (OpenFailure.ENCRYPTED, OpenFailure.LIMITS, OpenFailure.DAMAGED)
        return next((trouble for trouble in by_weight if trouble in self.troubles), OpenFailure.ARCHIVE)


def clean_name(name: str) -> str:
    """A file's name fit to show: composed characters (NFC, a Mac sends them apart), no folders; "" when nothing is left."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", _UNFIT.sub("", name)).rstrip("/\\"))[-1].strip()
    if not base.strip(". ") or len(base) <= _MAX_NAME:
        return base if base.strip(". ") else ""
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) >= _LONGEST_ENDING:
        return base[:_MAX_NAME]
    return f"{stem[: _MAX_NAME - len(ending) - 1]}.{ending}"


def is_system_file(path: str) -> bool:
    """Tell what a system put beside a person's files; `path` as the container has it, with /."""
    base = path.rpartition("/")[2]
    return base.lower() in _SYSTEM_FILES or (_MAC_FOLDER in path and base.startswith("._"))


def decoded_name(raw: bytes) -> str:
    """A name without a label: a Mac and Linux write UTF-8, Japanese Windows cp932."""
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp932", "replace")


def password_bytes(passwords: tuple[str, ...]) -> tuple[bytes, ...]:
    """Each password as Japanese Windows and as everybody else writes it, none twice."""
    candidates: dict[bytes, None] = {}
    for password in passwords:
        for encoding in ("cp932", "utf-8"):
            candidates[password.encode(encoding, "ignore")] = None
    candidates.pop(b"", None)
    return tuple(candidates)
