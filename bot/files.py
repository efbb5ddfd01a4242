"""Files in folders in which others may write too: no link is followed, and nothing is written through a name that is there.

Used by the watched folders, the Maildir and every command that writes a file. A `Folder` is held by its descriptor, so it can't be
exchanged between two steps; a file is made under a name of ours (O_EXCL, final mode before its first byte) and renamed into
place, which replaces a name and never what a link leads to. Raises OSError; NotPlainError for what is no file of its own.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
NAME_BYTES = 255
"""The longest name of a file on Linux."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: open() of a pipe would wait for its writer.
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotPlainError(OSError):
    """The name is a link, pipe, device or folder, or one of several names of a file (whose others may be out of reach)."""

    def __init__(self, name: str) -> None:
        super().__init__(0, "通常のファイルではありません（リンク、複数の名前を持つファイル、パイプなど）", name)


class Folder:
    """A folder, open until the end of its `with` block. Names are single names in it, never paths."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def open(cls, path: Path, *, make: bool = False) -> Self:
        """The operator's own path. `make`: make it (0700) when it is missing.

        A link at its end is followed when it is root's, ours, or of the owner of the folder that it lies in: the rule of
        fs.protected_symlinks. Raises NotPlainError for another user's.
        """
        if make:
            _make(path)
        link = os.lstat(path)
        if stat.S_ISLNK(link.st_mode):
            if link.st_uid not in {0, os.geteuid(), path.parent.stat().st_uid}:
                raise NotPlainError(str(path))
            return cls(os.open(path, _FOLDER))
        return cls(os.open(path, _FOLDER | os.O_NOFOLLOW))

    def inside(self, name: str, mode: int = PRIVATE_FOLDER) -> Folder:
        """The folder `name` in this one, made with `mode` when it is missing. Raises NotPlainError for a link."""
        try:
            os.mkdir(name, PRIVATE_FOLDER, dir_fd=self.descriptor)
        except FileExistsError:
            is_new = False
        else:
            is_new = True
        try:
            descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:  # a link gives the one or the other
                raise NotPlainError(name) from None
            raise
        if is_new:
            _widen(descriptor, mode)
        return Folder(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Once."""
        os.close(self.descriptor)

    @property
    def mode(self) -> int:
        """The folder's permission bits."""
        return stat.S_IMODE(os.fstat(self.descriptor).st_mode)

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(os.listdir(self.descriptor))  # noqa: PTH208 - a path can't name a descriptor

    def has(self, name: str) -> bool:
        """Whether anything has this name, a link that leads nowhere included."""
        return self.status(name) is not None

    def status(self, name: str) -> os.stat_result | None:
        """Of the name itself, not of what a link leads to; None when there is nothing."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open_plain(self, name: str) -> IO[bytes]:
        """Open for reading. Never waits. Raises NotPlainError, FileNotFoundError."""
        # Before opening, since opening a device may do something; after it, since the name may have been exchanged.
        if not is_plain(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)):
            raise NotPlainError(name)
        descriptor = os.open(name, _PLAIN, dir_fd=self.descriptor)
        if not is_plain(os.fstat(descriptor)):
            os.close(descriptor)
            raise NotPlainError(name)
        return os.fdopen(descriptor, "rb")

    def write(
        self, name: str, content: bytes, *, mode: int = PRIVATE, into: Folder | None = None, durable: bool = False
    ) -> None:
        """Write a file whole or not at all, in place of a regular file of this name. Raises NotPlainError for a link or pipe.

        `into`: the folder of the file, when it is written here and moved there. `durable`: sync the file and its name.
        """
        target = into or self
        there = target.status(name)
        if there is not None and not stat.S_ISREG(there.st_mode):
            raise NotPlainError(name)
        unfinished = f".{secrets.token_hex(8)}.part"
        if into is not None:  # the same name again, so that what a crash left is not left for ever
            unfinished = name
            with suppress(FileNotFoundError):
                os.unlink(unfinished, dir_fd=self.descriptor)
        with os.fdopen(os.open(unfinished, _NEW, PRIVATE, dir_fd=self.descriptor), "wb") as file:
            try:
                _widen(file.fileno(), mode)
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                os.rename(unfinished, name, src_dir_fd=self.descriptor, dst_dir_fd=target.descriptor)
            except BaseException:
                os.unlink(unfinished, dir_fd=self.descriptor)
                raise
        if durable:
            os.fsync(target.descriptor)

    def write_new(self, name: str, content: bytes) -> None:
        """Write a file (0600) under a name that is free. Raises FileExistsError, for links too."""
        with os.fdopen(os.open(name, _NEW, PRIVATE, dir_fd=self.descriptor), "wb") as file:
            file.write(content)

    def move(self, name: str, into: Folder, wanted: str = "") -> str:
        """Move a name without overwriting: NAME.csv, NAME.1.csv, NAME.2.csv and so on. Returns the new name."""
        new = into.free(wanted or name)
        os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=into.descriptor)
        return new

    def free(self, name: str) -> str:
        """A name like this one that nothing has, at most NAME_BYTES long."""
        stem, suffix = Path(name).stem, Path(name).suffix
        new, number = fitting(stem, suffix), 0
        while self.has(new):
            number += 1
            new = fitting(stem, f".{number}{suffix}")
        return new


def _make(folder: Path) -> None:
    """Make a folder and its missing parents, all of them private: pathlib's `parents` would give these the umask's mode."""
    if not folder.is_dir():
        _make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=PRIVATE_FOLDER)


def _widen(descriptor: int, mode: int) -> None:
    """Give a new, private file or folder its mode, without the umask's part. A share that has no modes keeps its own."""
    with suppress(PermissionError):
        os.fchmod(descriptor, mode)


def is_plain(status: os.stat_result) -> bool:
    """Whether it is a regular file with no other name."""
    return stat.S_ISREG(status.st_mode) and status.st_nlink <= 1


def fitting(stem: str, suffix: str) -> str:
    """The name, cut before `suffix` where it is too long for a file."""
    whole = stem + suffix
    if len(os.fsencode(whole)) <= NAME_BYTES:
        return whole
    return os.fsencode(stem)[: NAME_BYTES - len(os.fsencode(suffix))].decode("utf-8", "ignore") + suffix


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all. Raises OSError; NotPlainError when `path` is a link."""
    with Folder.open(path.parent) as folder:
        folder.write(path.name, content)
