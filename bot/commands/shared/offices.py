"""`status --all`: the offices of one machine, a line each, and the worst of their exit codes.

Called by status.py with what looks at one office; `upgrade` works for the same offices. Where root asks, each is looked at by a process of the
user its data belong to, who can't become root again: what lies in a folder of his, a link or a hostile database, gets no more than he has.
An office that can't be looked at is a line of its own; it hides no other.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import sys
from asyncio import IncompleteReadError
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from glob import glob
from pathlib import Path

from bot.commands.shared.common import EXIT_FAILED, EXIT_USAGE, show
from bot.config.mistakes import ConfigError
from bot.config.settings import load
from storage.errors import StoreError

OWN = (sys.executable, "-P", "-X", "utf8", "-c", "from bot.__main__ import start; start()")
"""This program, which is the version in use."""
_PATIENCE_SECONDS, _MOST_BYTES = 60.0, 1 << 20
"""How long one office may take to answer, and how much it may say."""
_OF_THE_LOCALE = ("PATH", "LANG", "LC_ALL", "LC_MESSAGES", "TZ")


class OfficeState(StrEnum):
    """How an office stands."""

    WELL = "正常"
    ALARM = "警報"
    STOPPED = "停止"
    UNKNOWN = "不明"


_EXIT_CODES = {
    OfficeState.WELL: 0,
    OfficeState.ALARM: EXIT_FAILED,
    OfficeState.STOPPED: EXIT_FAILED,
    OfficeState.UNKNOWN: EXIT_USAGE,
}


@dataclass(frozen=True, slots=True)
class OfficeStatus:
    """One line. `details`: the titles of its alarms, or why it is not known. Counts are None where it is not known."""

    state: OfficeState
    mails_waiting: int | None = None
    letters_waiting: int | None = None
    open_work: int | None = None
    succeeded_at: datetime | None = None
    details: tuple[str, ...] = ()


Look = Callable[[Path], Awaitable[OfficeStatus]]


def settings_files(places: Sequence[str]) -> list[Path]:
    """The settings of every office: a folder's *.toml, what a pattern finds, or the files themselves."""
    found: set[Path] = set()
    for place in places:
        path = Path(place)
        found.update(path.glob("*.toml") if path.is_dir() else map(Path, glob(place)))  # noqa: PTH207 - an absolute pattern
    return sorted(found)


async def tell_all(files: Sequence[Path], look: Look, *, as_json: bool) -> int:
    """Print a line for each office. Returns the exit code of the worst."""
    rows = {file: await _status_of(file, look) for file in files}
    show(
        [
            {
                "office": file.stem,
                "config": str(file),
                "ok": one.state is OfficeState.WELL,
                "standing": one.state.name.lower() if as_json else one.state.value,
                "mails_waiting": one.mails_waiting,
                "letters_waiting": one.letters_waiting,
                "open_work": one.open_work,
                "succeeded_at": one.succeeded_at,
                "details": one.details,
            }
            for file, one in rows.items()
        ],
        as_json=as_json,
        titles={
            "office": "設定",
            "standing": "状態",
            "mails_waiting": "処理待ち",
            "letters_waiting": "送信待ち",
            "open_work": "担当者の対応待ち",
            "succeeded_at": "最後の成功",
            "details": "内容",
        },
    )
    return max(_EXIT_CODES[one.state] for one in rows.values())


async def _status_of(file: Path, look: Look) -> OfficeStatus:
    try:
        if (owner := _other_owner(load(file).data_folder)) is not None:
            return await _as_told_by(owner, file)
        return await look(file)
    except ConfigError as error:
        wrong = tuple(f"{mistake.key}: {mistake.what}" for mistake in error.mistakes)
        return OfficeStatus(OfficeState.UNKNOWN, details=wrong)
    except (StoreError, OSError) as error:
        return OfficeStatus(OfficeState.UNKNOWN, details=(str(error),))


def _other_owner(folder: Path) -> os.stat_result | None:
    """Whose data they are, where root asks and they are another's."""
    if os.geteuid() != 0 or not folder.exists():
        return None
    there = folder.stat()
    return there if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()) else None


def _looking_at(file: Path) -> tuple[str, ...]:
    return (*OWN, "status", "--all", str(file.absolute()), "--json")


async def _as_told_by(owner: os.stat_result, file: Path) -> OfficeStatus:
    """What a process of this user says of the office, without root's environment and groups. Raises OSError."""
    try:
        user = pwd.getpwuid(owner.st_uid)
        home, groups = user.pw_dir, os.getgrouplist(user.pw_name, owner.st_gid)
    except KeyError:
        home, groups = "/", []
    environment = {name: os.environ[name] for name in _OF_THE_LOCALE if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        *_looking_at(file),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment | {"HOME": home, "PYTHONUTF8": "1"},
        cwd="/",
        user=owner.st_uid,
        group=owner.st_gid,
        extra_groups=groups,
    )
    told, wrong = await _said_by(child)
    try:
        row = json.loads(told)
        at = row["succeeded_at"]
        return OfficeStatus(
            OfficeState[row["standing"].upper()],
            row["mails_waiting"],
            row["letters_waiting"],
            row["open_work"],
            datetime.fromisoformat(at) if at else None,
            tuple(row["details"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        words = wrong.decode("utf-8", "replace").strip().splitlines()
        return OfficeStatus(OfficeState.UNKNOWN, details=(words[-1] if words else f"終了コード {child.returncode}",))


async def _said_by(child: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """What the process says on both ways, as far as one office may; it is its owner's, who may stop it or let it write for ever."""
    streams = [one for one in (child.stdout, child.stderr) if one is not None]
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            told, wrong = await asyncio.gather(
                *(one.readexactly(_MOST_BYTES) for one in streams), return_exceptions=True
            )
            if isinstance(told, IncompleteReadError) and isinstance(wrong, IncompleteReadError):
                await child.wait()
                return told.partial, wrong.partial
    except TimeoutError:
        pass
    with suppress(ProcessLookupError):
        child.kill()
    return b"", f"{_PATIENCE_SECONDS:.0f}秒のうちに答えがないか、答えが長すぎます".encode()


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Work as the folder's owner and group, if root asks and there is one; as oneself again afterwards."""
    if os.geteuid() != 0 or not folder.exists():
        yield
        return
    owner, user, group = folder.stat(), os.geteuid(), os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)
