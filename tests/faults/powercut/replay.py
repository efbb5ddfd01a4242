"""What a disk may hold after a power cut at any moment of a recorded run (recorder.c).

`read_log` gives the records, `Disk` follows them, and `Disk.after_cut` says which files would be found when the machine starts again.
The model is POSIX's, as its harshest reading: fsync of a file makes its content durable, fsync of a folder the names in it;
everything else may be there or not, write by write and sector by sector, whatever came later. Raises ValueError for a log
that is cut short.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path, PurePosixPath

_HEAD = struct.Struct("=cHHQQ")
SECTOR_BYTES = 512
"""A disk writes so much whole or not at all."""


class Kind(Enum):
    """As in recorder.c."""

    MADE = b"O"
    WROTE = b"W"
    CUT = b"T"
    SYNCED = b"S"
    REMOVED = b"U"
    RENAMED = b"R"
    LINKED = b"L"
    FOLDER = b"D"
    SENT = b"N"


@dataclass(frozen=True, slots=True)
class Record:
    """One call of the program. Of a SENT, `path` is the peer's port."""

    kind: Kind
    path: str
    second: str
    offset: int
    data: bytes


def read_log(path: Path) -> tuple[Record, ...]:
    """All records, in the order in which the kernel saw the calls."""
    log = path.read_bytes()
    records: list[Record] = []
    at = 0
    while at < len(log):
        kind, first, second, offset, length = _HEAD.unpack_from(log, at)
        at += _HEAD.size
        end = at + first + second + length
        if end > len(log):
            raise ValueError("the log is cut short")
        names = log[at : at + first + second].decode("utf-8", "surrogateescape")
        records.append(Record(Kind(kind), names[:first], names[first:], offset, log[at + first + second : end]))
        at = end
    return tuple(records)


class Survives(StrEnum):
    """What becomes of that which was not synced."""

    NOTHING = "nothing"
    BY_CHANCE = "by chance"
    EVERYTHING = "everything"  # as after kill -9


@dataclass(eq=False)
class _File:
    """A file or folder, whatever its names. `pending`: writes (offset, data) and lengths (int) since its last sync."""

    content: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)
    is_folder: bool = False

    def sync(self) -> None:
        for change in self.pending:
            _apply(self.content, change)
        self.pending.clear()


@dataclass(frozen=True, slots=True)
class _NameChange:
    """A name that appears (`file`) or goes (None), not durable before its folder is; `gone`: the name that it takes the place of."""

    path: str
    file: _File | None
    gone: str = ""


class Disk:
    """The files below a folder that was empty, as the records change them."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}  # as the running program sees them
        self._durable: dict[str, _File] = {}
        self._pending: list[_NameChange] = []

    def follow(self, record: Record) -> None:
        """Take in the next record."""
        match record.kind:
            case Kind.MADE | Kind.FOLDER:
                self._name(record.path, _File(is_folder=record.kind is Kind.FOLDER))
            case Kind.WROTE:
                self._file(record.path).pending.append((record.offset, record.data))
            case Kind.CUT:
                self._file(record.path).pending.append(record.offset)
            case Kind.SYNCED:
                if record.path in self._names:  # else it was there before, and is durable
                    self._names[record.path].sync()
                self._sync_names(record.path)
            case Kind.REMOVED:
                self._name(record.path, None)
            case Kind.RENAMED:
                self._name(record.second, self._file(record.path), gone=record.path)
            case Kind.LINKED:
                self._name(record.second, self._file(record.path))
            case Kind.SENT:
                pass

    def after_cut(self, survives: Survives, dice: random.Random) -> dict[str, bytes | None]:
        """Path → content of what is found after a cut now; None: a folder. What lies in a folder that is not there is not there."""
        names = dict(self._durable)
        for change in self._pending:
            if _is_lucky(survives, dice):
                _rename(names, change)
        return {
            path: None if file.is_folder else _content(file, survives, dice)
            for path, file in names.items()
            if all(parent in names for parent in self._known_parents(path))
        }

    def _known_parents(self, path: str) -> Iterator[str]:
        """The folders above it that were made while we looked on; the others have been there for ever."""
        for parent in map(str, PurePosixPath(path).parents):
            if parent in self._names or parent in self._durable:
                yield parent

    def _file(self, path: str) -> _File:
        """A file that nobody was seen to make was there before."""
        if path not in self._names:
            self._names[path] = self._durable[path] = _File()
        return self._names[path]

    def _name(self, path: str, file: _File | None, *, gone: str = "") -> None:
        change = _NameChange(path, file, gone)
        _rename(self._names, change)
        self._pending.append(change)

    def _sync_names(self, folder: str) -> None:
        waiting, self._pending = self._pending, []
        for change in waiting:
            if str(PurePosixPath(change.path).parent) == folder:
                _rename(self._durable, change)
            else:
                self._pending.append(change)


def _rename(names: dict[str, _File], change: _NameChange) -> None:
    names.pop(change.gone, None)
    if change.file is None:
        names.pop(change.path, None)
    else:
        names[change.path] = change.file


def _is_lucky(survives: Survives, dice: random.Random) -> bool:
    return survives is Survives.EVERYTHING or (survives is Survives.BY_CHANCE and dice.random() < 0.5)


def _content(file: _File, survives: Survives, dice: random.Random) -> bytes:
    content = bytearray(file.content)
    for change in file.pending:
        if isinstance(change, int):
            if _is_lucky(survives, dice):
                _apply(content, change)
            continue
        offset, data = change
        at = 0
        while at < len(data):
            end = min(len(data), at + SECTOR_BYTES - (offset + at) % SECTOR_BYTES)
            if _is_lucky(survives, dice):
                _apply(content, (offset + at, data[at:end]))
            at = end
    return bytes(content)


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        content.extend(bytes(change - len(content)))
        return
    offset, data = change
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data
