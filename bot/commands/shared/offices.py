"""`status --all`: the offices of one machine, a line each, and the worst of their exit codes.

Called by status.py with what looks at one office; `upgrade` works for the same offices. Each is looked at as the user its data belong to, where root asks: its files are for him
alone, and what is made beside them must be his. An office that can't be looked at is a line of its own; it hides no other.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from glob import glob
from pathlib import Path

from bot.commands.shared.common import EXIT_FAILED, EXIT_USAGE, show
from bot.config.mistakes import ConfigError
from bot.config.settings import load
from storage.errors import StoreError


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
        with as_owner_of(load(file).data_folder):
            return await look(file)
    except ConfigError as error:
        wrong = tuple(f"{mistake.key}: {mistake.what}" for mistake in error.mistakes)
        return OfficeStatus(OfficeState.UNKNOWN, details=wrong)
    except (StoreError, OSError) as error:
        return OfficeStatus(OfficeState.UNKNOWN, details=(str(error),))


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
