"""Switch the offices of a machine to a version that is installed, and back where it does not stay well.

Called by upgrade.py. Each SQLite file is backed up when its daemon has stopped; the new version brings it to its form while the doors are
shut. Ctrl-C and a terminal that goes away are not heard meanwhile. Raises ToldError: the old version runs, or it is said what does not.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import click

from bot.commands.shared.offices import OWN, as_owner_of
from bot.core.text.control_characters import escaped
from bot.core.text.told import ToldError
from bot.office import command_context
from bot.version import VERSIONS
from storage.files import sync_folder

_STOPPED = ".upgrade-stopped"
"""In the home while daemons are stopped: the units that ran, so that a second call starts them though the first was killed."""
_LOOK_EVERY = 5.0
"""Seconds between two looks at a version that has just begun: an old alarm goes when the new daemon has looked for the first time."""
_NOT_OF_THE_PROGRAM = frozenset({"backup_old", "summary_missed", "certificate_ends"})
"""Alarms that may come because daemons were stopped for a while."""


@dataclass(frozen=True, slots=True)
class OfficeUnit:
    """`database`: the SQLite file; None = PostgreSQL, which is backed up and restored by its own tools."""

    settings: Path
    unit: str
    folder: Path
    database: Path | None
    backups: Path


@dataclass(frozen=True, slots=True)
class OfficeSeen:
    """What `status` says of an office. `alarms`: kind and subject of each."""

    is_running: bool
    alarms: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Before:
    """An office before the switch. `backup` is made when its daemon has stopped, so it lacks nothing."""

    office: OfficeUnit
    seen: OfficeSeen
    schema: int
    backup: Path | None


def why_not_well(before: OfficeSeen, after: OfficeSeen) -> str:
    """Why the new version can't stay, "" = it can: it does not run where the old one did, or there is an alarm that there was not."""
    if before.is_running and not after.is_running:
        return "動いていません"
    new = {alarm for alarm in after.alarms - before.alarms if alarm[0] not in _NOT_OF_THE_PROGRAM}
    fresh = sorted(f"{kind}{subject and f'（{subject}）'}" for kind, subject in new)
    return f"新しい警報があります: {'、'.join(fresh)}" if fresh else ""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Neither Ctrl-C nor a terminal that goes away ends what stands between stop and start; nor in the commands that are called."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(one, signal.SIG_IGN) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


@dataclass(frozen=True, slots=True)
class Switch:
    """Where versions lie, which is in use and which shall be, and how daemons are stopped and started."""

    place: Path
    old: str
    new: str
    stop: str
    start: str
    patience: float
    actor: str

    def may_be_called(self, offices: Sequence[OfficeUnit]) -> None:
        """Raise ToldError for commands that can't be, and for a schema that only a person can bring to PostgreSQL."""
        try:
            for words in (self.stop, self.start):
                _words(words, offices[0])
        except (ValueError, LookupError) as error:
            raise ToldError(f"--stop か --start を読めません（{error}）") from None
        if any(office.database is None for office in offices) and self._schema_of(OWN) != self._schema_of(
            self._program()
        ):
            raise ToldError(
                f"{self.new} はデータベースの形が変わります。PostgreSQL では、pg_dump で控えを取り、運用手引きのとおりに手で切り替えてください"
            )

    def _schema_of(self, program: Sequence[str]) -> str:
        told = subprocess.run((*program, "--version"), cwd="/", capture_output=True, text=True, check=False)  # noqa: S603 - our own
        return told.stdout.rpartition("schema ")[2].strip(")\n ")

    def start_forgotten(self, offices: Sequence[OfficeUnit]) -> None:
        """Start what an earlier call stopped and could not start again."""
        forgotten = self._forgotten()
        if failed := self._start_again([one for one in offices if one.unit in forgotten]):
            raise ToldError("、".join(failed))
        (self.place / _STOPPED).unlink(missing_ok=True)

    def _forgotten(self) -> set[str]:
        note = self.place / _STOPPED
        return set(note.read_text("utf-8").split()) if note.exists() else set()

    def check(self, offices: Sequence[OfficeUnit]) -> None:
        """Let the new version look at every office's settings. Raises ToldError; nothing was changed."""
        for office in offices:
            found = _call(office, (*self._program(), "check-config", "--offline"))
            if found.returncode:
                click.echo(escaped((found.stdout + found.stderr).rstrip()), err=True)
                raise ToldError(f"{self.new} では {office.settings} が使えないため、切り替えていません")

    async def switch_over(self, offices: Sequence[OfficeUnit]) -> None:
        """Stop, back up, switch, start and look; go back where that fails, and raise ToldError."""
        for office in offices:
            if office.database is None:
                click.echo(
                    f"{office.settings} は PostgreSQL のため、バックアップは取りません（pg_dump などで取ってあるものが控えです）。"
                    "データベースの形は変わらないため、元の版に戻すときも、データベースはそのままです",
                    err=True,
                )
        forgotten = self._forgotten()
        seen = [(office, _status(office, OWN)) for office in offices]
        seen = [(office, replace(one, is_running=one.is_running or office.unit in forgotten)) for office, one in seen]
        ran = [office for office, one in seen if one.is_running]
        with _undisturbed():
            self._note_stopped(ran)
            ready: list[_Before] = []
            told: list[_Before] = []
            try:
                for office, one in seen:
                    self._let_stop(office, must=one.is_running)
                ready += [self._backed_up(office, one) for office, one in seen]
                for before in ready:
                    await self._note(before.office)
                    told.append(before)
            except Exception as error:  # noqa: BLE001 - whatever it is, daemons are started again
                failed = [why for one in told if (why := await self._noted_back(one.office, str(error)))]
                self._end(ran, failed, f"{error}。{self.old} のまま、何も変えていません")
            try:
                self._use(self.new)
                self._try_new(ready)
            except Exception as error:  # noqa: BLE001 - likewise
                self._end(ran, await self._go_back(ready, str(error)), f"{error}。{self.old} に戻しました")
            (self.place / _STOPPED).unlink(missing_ok=True)

    def _end(self, ran: Sequence[OfficeUnit], failed: list[str], why: str) -> NoReturn:
        """Start the old version again, and raise ToldError with what became of it."""
        failed += self._start_again(ran)
        if failed:
            raise ToldError(
                f"{why.rpartition('。')[0]}。元に戻しきれません（{'、'.join(failed)}）。手で確かめてください"
            )
        (self.place / _STOPPED).unlink(missing_ok=True)
        raise ToldError(why)

    def _note_stopped(self, ran: Sequence[OfficeUnit]) -> None:
        note = self.place / _STOPPED
        note.write_text("\n".join(one.unit for one in ran), "utf-8")
        sync_folder(self.place)

    def _let_stop(self, office: OfficeUnit, *, must: bool) -> None:
        """Stop a daemon; one that does not run may be about to be started again."""
        failed = _run(self.stop, office)
        if failed and must:
            raise ToldError(f"{office.unit} を止められません（{failed}）")

    def _backed_up(self, office: OfficeUnit, seen: OfficeSeen) -> _Before:
        if office.database is None:
            return _Before(office, seen, 0, None)
        made = _call(office, (*OWN, "backup", "create", "--to", str(office.backups), "--json"))
        if made.returncode:
            raise ToldError(f"{office.settings} のバックアップを作れません: {made.stderr.strip()}")
        return _Before(office, seen, _schema(office), Path(json.loads(made.stdout.splitlines()[-1])["copy"]))

    async def _note(self, office: OfficeUnit, went_back: str = "") -> None:
        with as_owner_of(office.folder):
            async with command_context(office.settings) as context:
                await context.store.journal.note_upgrade(
                    old=self.old, new=self.new, actor=self.actor, went_back=went_back
                )

    async def _noted_back(self, office: OfficeUnit, why: str) -> str:
        """Why the journal could not be told that the old version stays, "" = it was."""
        try:
            await self._note(office, went_back=why)
        except Exception as error:  # noqa: BLE001 - told beside the others
            return f"{office.settings} の記録: {error}"
        return ""

    def _try_new(self, ready: Sequence[_Before]) -> None:
        """Bring the databases to the new form while the doors are shut, start those that ran, and look. Raises ToldError for the first that is not well."""
        for one in ready:
            if one.office.database is not None:
                _status(one.office, self._program())
        for one in ready:
            if one.seen.is_running:
                self._let(self.start, one.office)
        until = time.monotonic() + self.patience
        for one in ready:
            while one.seen.is_running and (why := why_not_well(one.seen, now := _status(one.office, self._program()))):
                if not now.is_running or time.monotonic() >= until:
                    raise ToldError(f"{self.new} で {one.office.unit} は、{why}")
                time.sleep(_LOOK_EVERY)

    async def _go_back(self, ready: Sequence[_Before], why: str) -> list[str]:
        """The old version again, with databases that it knows. Returns what could not be put back."""
        failed = [
            f"{one.office.unit}: {said}"
            for one in ready
            if (said := _run(self.stop, one.office)) and one.seen.is_running
        ]
        self._use(self.old)
        for one in ready:
            if one.backup is not None and _schema(one.office) != one.schema:
                restored = _call(one.office, (*OWN, "backup", "restore", str(one.backup), "--actor", self.actor))
                if restored.returncode:
                    failed.append(f"{one.office.settings} の復元: {restored.stderr.strip()}")
                    continue
                click.echo(
                    f"{one.office.settings} のデータベースを、切替え前の {one.backup} から戻しました。"
                    "切替え中に届いたメールは、隣に残した前のデータベースにだけあります（運用手引きの「新しい版にする」）",
                    err=True,
                )
                if said := await self._noted_back(one.office, ""):
                    failed.append(said)
            if said := await self._noted_back(one.office, why):
                failed.append(said)
        return failed

    def _start_again(self, offices: Sequence[OfficeUnit]) -> list[str]:
        """Returns which could not be started, and why."""
        return [f"{one.unit} を起動できません: {said}" for one in offices if (said := _run(self.start, one))]

    def _let(self, words: str, office: OfficeUnit) -> None:
        if failed := _run(words, office):
            raise ToldError(f"{words.format(unit=office.unit)} ができません（{failed}）")

    def _use(self, number: str) -> None:
        """Switch `current`: one rename."""
        fresh = self.place / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(VERSIONS, number))
        fresh.replace(self.place / "current")
        sync_folder(self.place)

    def _program(self) -> tuple[str, ...]:
        return (str(self.place / VERSIONS / self.new / "bin" / "hosho-bot"),)


def _words(words: str, office: OfficeUnit) -> list[str]:
    """An operator's command in its words. Raises ValueError or LookupError."""
    return [word.format(unit=office.unit) for word in shlex.split(words)]


def _run(words: str, office: OfficeUnit) -> str:
    """Run an operator's command. Returns why it failed, "" = it did not."""
    call = _words(words, office)
    with tempfile.TemporaryFile() as said:  # not a pipe, whose end a daemon that was started may keep open
        try:
            done = subprocess.run(call, stdout=subprocess.DEVNULL, stderr=said, check=False)  # noqa: S603 - the operator's own
        except OSError as error:
            return f"{call[0]}: {error.strerror}"
        said.seek(0)
        told = said.read().decode(errors="replace").strip()
    return told or f"終了コード {done.returncode}" if done.returncode else ""


def _call(office: OfficeUnit, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Call a version of the program for an office, as the user whose data they are."""
    environment = os.environ | {"HOSHO_CONFIG": str(office.settings), "PYTHONUTF8": "1"}
    with as_owner_of(office.folder):
        user, group = os.geteuid(), os.getegid()
    own = {"user": user, "group": group, "extra_groups": []} if user != os.geteuid() else {}
    return subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True, check=False, **own)  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own program


def _status(office: OfficeUnit, program: Sequence[str]) -> OfficeSeen:
    """What a version says of an office. Raises ToldError where it can't tell."""
    told = _call(office, (*program, "status", "--json"))
    try:
        row = json.loads(told.stdout)
        alarms = frozenset((alarm["kind"], alarm["subject"]) for alarm in row["alarms"])
        return OfficeSeen(is_running=bool(row["running"]), alarms=alarms)
    except (ValueError, KeyError, TypeError):
        raise ToldError(f"{office.settings} の状態が分かりません: {told.stderr.strip()}") from None


def _schema(office: OfficeUnit) -> int:
    """The last migration of an office's SQLite file; 0 for PostgreSQL."""
    if office.database is None:
        return 0
    with (
        as_owner_of(office.folder),
        closing(sqlite3.connect(f"{office.database.as_uri()}?mode=ro", uri=True)) as opened,
    ):
        (number,) = opened.execute("SELECT max(version) FROM schema_version").fetchone()
    return int(number)
