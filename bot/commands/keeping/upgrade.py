"""`upgrade BUNDLE`: put a version beside the one in use, switch to it, and go back by itself where it does not stay well.

Signature and files are looked at, the new version checks the settings of every office; only then daemons stop, their databases are backed
up and `current` is switched. A start that fails, or a `status` worse than before, switches back; a database whose schema has moved is
restored. 0 switched, or already there · 1 not, and all is as it was (said on standard error) · 2 wrong call or settings.
"""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from bot.commands.shared.common import EXIT_USAGE, actor_option, config_option, run
from bot.commands.shared.language import argument, command, option
from bot.commands.shared.offices import as_owner_of, settings_files
from bot.config.mistakes import ConfigError
from bot.config.settings import load
from bot.core.text.control_characters import escaped
from bot.core.text.told import ToldError
from bot.office import command_context
from bot.version import VERSIONS, home
from storage.errors import StoreError
from storage.files import sqlite_file

_OWN = (sys.executable, "-P", "-X", "utf8", "-c", "from bot.__main__ import start; start()")
"""This program, which is the version in use: it fits the databases as they are before the switch."""
_TROUBLE = (ToldError, StoreError, ConfigError, OSError, sqlite3.Error)
"""What may happen between stop and start: daemons are started again, whichever it is."""


@dataclass(frozen=True, slots=True)
class _Office:
    """`database`: the SQLite file; None = PostgreSQL, which is backed up and restored by its own tools."""

    settings: Path
    unit: str
    folder: Path
    database: Path | None
    backups: Path


@dataclass(frozen=True, slots=True)
class _Seen:
    """What `status` says of an office. `alarms`: kind and subject of each."""

    is_running: bool
    alarms: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Before:
    """An office before the switch. `backup` is made when its daemon has stopped, so it lacks nothing."""

    office: _Office
    seen: _Seen
    schema: int
    backup: Path | None


def why_not_well(before: _Seen, after: _Seen) -> str:
    """Why the new version can't stay, "" = it can: it does not run where the old one did, or there is an alarm that there was not."""
    if before.is_running and not after.is_running:
        return "動いていません"
    fresh = sorted(f"{kind}{subject and f'（{subject}）'}" for kind, subject in after.alarms - before.alarms)
    return f"新しい警報があります: {'、'.join(fresh)}" if fresh else ""


@command()
@argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option(
    "--all",
    "places",
    multiple=True,
    metavar="FILES",
    ja="複数の課の設定ファイル（フォルダ、又は '/etc/hosho-bot/*.toml' のような形）。省略すると --config の1つです。",
    en="The settings of several offices: a folder, or a pattern; else the one of --config.",
)
@option(
    "--signers",
    type=click.Path(dir_okay=False, path_type=Path),
    default="/etc/hosho-bot/allowed_signers",
    show_default=True,
    ja="配布物の署名の公開鍵。",
    en="Who may have signed the bundle.",
)
@option(
    "--home",
    "place",
    type=click.Path(file_okay=False, path_type=Path),
    default=home,
    ja="版を並べて置くフォルダ。省略すると、このプログラムのある所です。",
    en="Where the versions lie [default: where this one does].",
)
@option("--python", default="python3", show_default=True, ja="新しい版の Python。", en="The new version's Python.")
@option(
    "--stop",
    default="systemctl stop {unit}",
    show_default=True,
    ja="止めるコマンド。",
    en="The command that stops a daemon.",
)
@option(
    "--start",
    default="systemctl start {unit}",
    show_default=True,
    ja="起動し、動き出すまで待つコマンド。",
    en="The command that starts a daemon and waits until it runs.",
)
@config_option
@actor_option
@run
async def upgrade(
    *,
    bundle: Path,
    places: tuple[str, ...],
    signers: Path,
    place: Path,
    python: str,
    stop: str,
    start: str,
    config_path: Path,
    actor: str,
) -> None:
    """Install, check, stop, back up, switch, start, look; and back."""
    files = settings_files(places) if places else [config_path]
    if not files:
        click.echo(escaped(f"{'、'.join(places)} に設定ファイルがありません"), err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    offices = [_office(file.absolute()) for file in files]
    if not (place / "current").is_symlink():
        raise ToldError(f"{place} に、配布物で入れた版がありません。運用手引きの 1.6 のとおりに入れてください")
    old = (place / "current").readlink().name
    new = _install(bundle, place, signers, python)
    if new == old:
        click.echo(f"{new} は、もう使われています")
        return
    machine = _Machine(place, old, new, stop, start, actor)
    machine.check(offices)
    await machine.switch_over(offices)
    click.echo(f"{old} から {new} に切り替えました")


def _office(file: Path) -> _Office:
    config = load(file)
    database = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
    unit = "hosho-bot" if file.stem == "config" else f"hosho-bot@{file.stem}"
    backups = config.backups or config.data_folder / "before-upgrade"
    return _Office(file, unit, config.data_folder, database, backups)


def _install(bundle: Path, place: Path, signers: Path, python: str) -> str:
    """Put the bundle's version beside the others, by our own `install`, which looks at the signature. Returns its number."""
    with tempfile.TemporaryDirectory(dir=place, prefix=".bundle-") as there:
        with tarfile.open(bundle) as archive:
            archive.extractall(there, filter="data")
        folders = list(Path(there).iterdir())
        if len(folders) != 1:
            raise ToldError(f"{bundle} は、配布物（deploy/bundle で作る tar）ではありません")
        places = ("--bundle", folders[0], "--home", place, "--signers", signers.absolute(), "--python", python)
        if subprocess.run((home() / "deploy" / "install", *places, "--no-switch"), check=False).returncode:  # noqa: S603 - our own
            raise ToldError("導入できないため、何も変えていません")
        about = (folders[0] / "VERSION").read_text("utf-8").splitlines()
    return next(line.removeprefix("version=") for line in about if line.startswith("version="))


@dataclass(frozen=True, slots=True)
class _Machine:
    """Where versions lie, which is in use and which shall be, and how daemons are stopped and started."""

    place: Path
    old: str
    new: str
    stop: str
    start: str
    actor: str

    def check(self, offices: Sequence[_Office]) -> None:
        """Let the new version look at every office's settings. Raises ToldError; nothing was changed."""
        for office in offices:
            found = _call(office, (*self._program(), "check-config", "--offline"))
            if found.returncode:
                click.echo(escaped((found.stdout + found.stderr).rstrip()), err=True)
                raise ToldError(f"{self.new} では {office.settings} が使えないため、切り替えていません")

    async def switch_over(self, offices: Sequence[_Office]) -> None:
        """Stop, back up, switch, start and look; go back where that fails, and raise ToldError."""
        stopped: list[tuple[_Office, _Seen]] = []
        ready: list[_Before] = []
        try:
            for office in offices:
                stopped.append((office, seen := _status(office, _OWN)))
                if seen.is_running:
                    self._let(self.stop, office)
            ready += [await self._prepare(office, seen) for office, seen in stopped]
        except _TROUBLE as error:
            self._start_again([office for office, seen in stopped if seen.is_running])
            raise ToldError(f"{error}。{self.old} のまま、何も変えていません") from None
        try:
            self._use(self.new)
            self._try_new(ready)
        except _TROUBLE as error:
            await self._go_back(ready, str(error))
            raise ToldError(f"{error}。{self.old} に戻しました") from None

    async def _prepare(self, office: _Office, seen: _Seen) -> _Before:
        """Tell the journal, then copy the database, with that line in it."""
        with as_owner_of(office.folder):
            async with command_context(office.settings) as context:
                await context.store.journal.note_upgrade(old=self.old, new=self.new, actor=self.actor)
        if office.database is None:
            return _Before(office, seen, 0, None)
        made = _call(office, (*_OWN, "backup", "create", "--to", str(office.backups), "--json"))
        if made.returncode:
            raise ToldError(f"{office.settings} のバックアップを作れません: {made.stderr.strip()}")
        return _Before(office, seen, _schema(office), Path(json.loads(made.stdout.splitlines()[-1])["copy"]))

    def _try_new(self, ready: Sequence[_Before]) -> None:
        """Start those that ran, and look at each. Raises ToldError for the first that is not well."""
        for one in ready:
            if one.seen.is_running:
                self._let(self.start, one.office)
        for one in ready:
            if one.seen.is_running and (why := why_not_well(one.seen, _status(one.office, self._program()))):
                raise ToldError(f"{self.new} で {one.office.unit} は、{why}")

    async def _go_back(self, ready: Sequence[_Before], why: str) -> None:
        """The old version again, with databases that it knows."""
        for one in ready:
            _run(self.stop, one.office)
        self._use(self.old)
        for one in ready:
            try:
                await self._put_back(one, why)
            except _TROUBLE as error:
                click.echo(escaped(f"{one.office.settings} を元に戻せません: {error}"), err=True)
        self._start_again([one.office for one in ready if one.seen.is_running])

    async def _put_back(self, one: _Before, why: str) -> None:
        """Restore the database if its schema has moved, and tell the journal."""
        if one.backup is not None and _schema(one.office) != one.schema:
            restored = _call(one.office, (*_OWN, "backup", "restore", str(one.backup), "--actor", self.actor))
            click.echo(escaped((restored.stdout + restored.stderr).rstrip()), err=True)
        with as_owner_of(one.office.folder):
            async with command_context(one.office.settings) as context:
                await context.store.journal.note_upgrade(old=self.old, new=self.new, actor=self.actor, went_back=why)

    def _start_again(self, offices: Sequence[_Office]) -> None:
        for office in offices:
            if failed := _run(self.start, office):
                click.echo(escaped(f"{office.unit} を起動できません: {failed}"), err=True)

    def _let(self, words: str, office: _Office) -> None:
        if failed := _run(words, office):
            raise ToldError(f"{words.format(unit=office.unit)} ができません（{failed}）")

    def _use(self, number: str) -> None:
        """Switch `current`: one rename."""
        fresh = self.place / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(VERSIONS, number))
        fresh.replace(self.place / "current")

    def _program(self) -> tuple[str, ...]:
        return (str(self.place / VERSIONS / self.new / "bin" / "hosho-bot"),)


def _run(words: str, office: _Office) -> str:
    """Run an operator's command. Returns why it failed, "" = it did not."""
    call = [word.format(unit=office.unit) for word in shlex.split(words)]
    with tempfile.TemporaryFile() as said:  # not a pipe, whose end a daemon that was started may keep open
        try:
            done = subprocess.run(call, stdout=subprocess.DEVNULL, stderr=said, check=False)  # noqa: S603 - the operator's own
        except OSError as error:
            return f"{call[0]}: {error.strerror}"
        said.seek(0)
        told = said.read().decode(errors="replace").strip()
    return told or f"終了コード {done.returncode}" if done.returncode else ""


def _call(office: _Office, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Call a version of the program for an office, as the user whose data they are."""
    environment = os.environ | {"HOSHO_CONFIG": str(office.settings), "PYTHONUTF8": "1"}
    with as_owner_of(office.folder):
        user, group = os.geteuid(), os.getegid()
    own = {"user": user, "group": group, "extra_groups": []} if user != os.geteuid() else {}
    return subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True, check=False, **own)  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own program


def _status(office: _Office, program: Sequence[str]) -> _Seen:
    """What a version says of an office. Raises ToldError where it can't tell."""
    told = _call(office, (*program, "status", "--json"))
    try:
        row = json.loads(told.stdout)
        alarms = frozenset((alarm["kind"], alarm["subject"]) for alarm in row["alarms"])
        return _Seen(is_running=bool(row["running"]), alarms=alarms)
    except (ValueError, KeyError, TypeError):
        raise ToldError(f"{office.settings} の状態が分かりません: {told.stderr.strip()}") from None


def _schema(office: _Office) -> int:
    """The last migration of an office's SQLite file; 0 for PostgreSQL."""
    if office.database is None:
        return 0
    with (
        as_owner_of(office.folder),
        closing(sqlite3.connect(f"{office.database.as_uri()}?mode=ro", uri=True)) as opened,
    ):
        (number,) = opened.execute("SELECT max(version) FROM schema_version").fetchone()
    return int(number)
