"""`upgrade`: a made-up version 2.0 beside the program in use, with an office whose daemon is a process that holds the daemon's lock."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.commands.keeping.switching import OfficeSeen, why_not_well
from bot.commands.keeping.upgrade import _unpack
from bot.core.text.told import ToldError
from bot.office import command_context
from bot.version import version
from tests.commands.test_offices import CONFIG, in_store, registered
from tests.packages import bundle, key
from tests.postgresql import new_database

ALARM, OTHER = ("disk_low", ""), ("mails_parked", "")

NEW = """
told = json.loads(os.environ["MADE_UP"])
if sys.argv[1] == "check-config":
    sys.exit(told["check"])
if sys.argv[1] == "status":
    print(json.dumps({"running": True, "alarms": told["alarms"]}))
else:
    print(f"hosho-bot {NUMBER} (schema {told['schema']})")
"""

MACHINE = """
import asyncio, json, os, select, signal, sqlite3, subprocess, sys
from pathlib import Path
place, what, unit = Path(sys.argv[1]), *sys.argv[2:]
url = (place / "url").read_text()
LATER = "INSERT INTO schema_version VALUES (99, '0099', '2026-11-22 01:30:00+00', '')"
async def on_postgresql():
    import asyncpg
    database = await asyncpg.connect(url)
    await database.execute(LATER)
    await database.close()
told = json.loads(os.environ["MADE_UP"])
number = (place / "opt/current").readlink().name
with (place / "asked").open("a") as asked:
    print(what, number, unit, file=asked)
pid = place / "pid"
if what == "stop" and pid.exists():
    process = os.pidfd_open(int(pid.read_text()))
    signal.pidfd_send_signal(process, signal.SIGKILL)
    select.select([process], [], [])
    pid.unlink()
if what == "start":
    if number == "2.0" and told["migrates"]:
        if url.startswith("postgres"):
            asyncio.run(on_postgresql())
        else:
            with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
                database.execute(LATER)
    if number == "2.0" and told["start"]:
        sys.exit("no such library")
    held = subprocess.Popen([sys.executable, place / "daemon.py", url], stdout=subprocess.PIPE)
    held.stdout.readline()
    pid.write_text(str(held.pid))
"""

DAEMON = """
import asyncio, signal, sys
from storage.database.daemon_lock import DaemonLock
async def hold():
    async with await DaemonLock.take(sys.argv[1], beside=True):
        print("ready", flush=True)
        signal.pause()
asyncio.run(hold())
"""


@pytest.mark.parametrize(
    ("before", "after", "well"),
    [
        (OfficeSeen(True, frozenset()), OfficeSeen(True, frozenset()), True),
        (OfficeSeen(True, frozenset({ALARM})), OfficeSeen(True, frozenset({ALARM})), True),
        (OfficeSeen(True, frozenset({ALARM})), OfficeSeen(True, frozenset()), True),
        (OfficeSeen(False, frozenset()), OfficeSeen(False, frozenset()), True),
        (OfficeSeen(True, frozenset()), OfficeSeen(False, frozenset()), False),
        (OfficeSeen(True, frozenset({ALARM})), OfficeSeen(True, frozenset({ALARM, OTHER})), False),
        (OfficeSeen(True, frozenset({ALARM})), OfficeSeen(True, frozenset({("disk_low", "x")})), False),
    ],
)
def test_a_version_stays_that_runs_and_brings_no_alarm(before, after, well):
    assert (why_not_well(before, after) == "") is well


class Machine:
    """A home with version 1.0 in use and the bundle of 2.0; what its commands were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "opt"
        (self.home / "versions/1.0").mkdir(parents=True)
        self.bundle = bundle(folder, "2.0", key(folder), NEW)
        (folder / "machine.py").write_text(MACHINE)
        (folder / "daemon.py").write_text(DAEMON)
        self.settings = folder / "doboku.toml"

    def begin(self, url: str = "") -> None:
        """A new office that runs with 1.0, on SQLite where no other database is given."""
        subprocess.run(
            ("rm", "-rf", self.folder / "doboku", self.folder / "doboku.keys", self.folder / "asked"), check=True
        )
        (self.folder / "doboku").mkdir(0o700)
        own = CONFIG.format(name="doboku")
        self.settings.write_text(own.replace("[storage]", f'[storage]\nurl = "{url}"') if url else own, "utf-8")
        (self.folder / "url").write_text(url or f"sqlite:///{self.folder}/doboku/hosho.db")
        in_store(self.settings, registered)
        (self.home / "current").unlink(missing_ok=True)
        (self.home / "current").symlink_to("versions/1.0")

    def run(self, what: str) -> str:
        return f"{sys.executable} {self.folder}/machine.py {self.folder} {what} {{unit}}"

    def upgrade(self, monkeypatch: pytest.MonkeyPatch, signers: str = "key.signers", **told: object) -> Result:
        starts = told.pop("starts", True)
        behaves = {"check": 0, "alarms": [], "start": 0, "migrates": False, "schema": version().schema} | told
        monkeypatch.setenv("MADE_UP", json.dumps(behaves))
        if not self.runs and starts:
            subprocess.run(self.run("start").format(unit="x").split(), check=True)
        words = ["upgrade", str(self.bundle), "--home", str(self.home), "--signers", str(self.folder / signers)]
        words += [
            "--stop",
            self.run("stop"),
            "--start",
            self.run("start"),
            "--python",
            sys.executable,
            "--patience",
            "0",
            "--actor",
            "情報課",
        ]
        return CliRunner().invoke(main, [*words, "--config", str(self.settings)])

    @property
    def asked(self) -> list[str]:
        """Without the first start."""
        return (self.folder / "asked").read_text().splitlines()[1:]

    @property
    def journal(self) -> list[tuple[str, str]]:
        """The lines about versions, oldest first; and that it is whole."""

        async def read() -> list[tuple[str, str]]:
            async with command_context(self.settings) as office:
                assert (await office.store.journal.verify()).is_whole
                lines = await office.store.journal.lines(subject=("program", ""))
                return [(line.event, line.actor) for line in reversed(lines)]

        return asyncio.run(read())

    @property
    def runs(self) -> bool:
        return (self.folder / "pid").exists()

    @property
    def in_use(self) -> str:
        return (self.home / "current").readlink().name


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Machine:
    return Machine(tmp_path_factory.mktemp("upgrade"))


@pytest.fixture
def machine(installed: Machine, monkeypatch):
    installed.begin()
    yield installed
    subprocess.run(installed.run("stop").format(unit="x").split(), check=True)


CAME, WENT = ("program.upgrade", "情報課"), ("program.went_back", "情報課")
STOP_OLD, START_OLD, START_NEW = (f"{what} hosho-bot@doboku" for what in ("stop 1.0", "start 1.0", "start 2.0"))
STOP_NEW = "stop 2.0 hosho-bot@doboku"


@pytest.mark.process
def test_a_good_version_takes_over(machine, monkeypatch):
    done = machine.upgrade(monkeypatch)
    assert done.exit_code == 0, done.output
    assert (machine.in_use, machine.runs, machine.asked) == ("2.0", True, [STOP_OLD, START_NEW])
    assert machine.journal == [CAME]
    assert len(list((machine.folder / "doboku/before-upgrade").glob("hosho-*"))) == 1
    again = machine.upgrade(monkeypatch)
    assert (again.exit_code, "もう使われています" in again.output) == (0, True)


@pytest.mark.process
def test_a_second_call_starts_what_a_killed_one_had_stopped(machine, monkeypatch):
    assert machine.upgrade(monkeypatch).exit_code == 0
    subprocess.run(machine.run("stop").format(unit="hosho-bot@doboku").split(), check=True)
    (machine.home / ".upgrade-stopped").write_text("hosho-bot@doboku")
    again = machine.upgrade(monkeypatch, starts=False)
    assert (again.exit_code, machine.runs, machine.asked[-1]) == (0, True, START_NEW), again.output
    assert not (machine.home / ".upgrade-stopped").exists()


@pytest.mark.process
def test_all_offices_of_a_machine_are_named(machine, monkeypatch):
    other = machine.folder / "suido.toml"
    other.write_text("")
    try:
        done = machine.upgrade(monkeypatch)
    finally:
        other.unlink()
    assert (done.exit_code, "suido.toml" in done.output, machine.in_use) == (1, True, "1.0"), done.output


def test_a_bundle_with_a_link_or_a_way_out_is_not_unpacked(tmp_path):
    for name, kind in (("a/link", tarfile.SYMTYPE), ("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE)):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        with tarfile.open(tmp_path / "bundle.tar", "w") as archive:
            archive.addfile(member, io.BytesIO(b""))
        with pytest.raises(ToldError, match="配布物"):
            _unpack(tmp_path / "bundle.tar", tmp_path / "there")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.tar"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"check": 2}, "使えないため、切り替えていません"),
        ({"signers": "nobody.signers"}, "導入できないため、何も変えていません"),
    ],
)
def test_a_version_that_refuses_the_settings_or_is_not_signed_changes_nothing(machine, monkeypatch, told, said):
    done = machine.upgrade(monkeypatch, **told)
    assert (done.exit_code, said in done.output) == (1, True), done.output
    assert (machine.in_use, machine.runs, machine.asked, machine.journal) == ("1.0", True, [], [])


@pytest.mark.process
@pytest.mark.parametrize(
    "told",
    [
        {"start": 1, "migrates": True},
        {"alarms": [{"kind": "mails_parked", "subject": ""}]},
    ],
)
def test_a_version_that_does_not_stay_well_goes_back(machine, monkeypatch, told):
    done = machine.upgrade(monkeypatch, **told)
    assert (done.exit_code, "1.0 に戻しました" in done.output) == (1, True), done.output
    assert (machine.in_use, machine.runs) == ("1.0", True)
    assert machine.asked == [STOP_OLD, START_NEW, STOP_NEW, START_OLD]
    assert machine.journal == [CAME, WENT]
    with closing(sqlite3.connect(machine.folder / "doboku/hosho.db")) as database:
        (schema,) = database.execute("SELECT max(version) FROM schema_version").fetchone()
    assert schema < 99


@pytest.mark.process
def test_without_a_backup_the_old_version_goes_on(machine, monkeypatch):
    (machine.folder / "doboku/before-upgrade").touch()
    done = machine.upgrade(monkeypatch)
    assert (done.exit_code, "1.0 のまま、何も変えていません" in done.output) == (1, True), done.output
    assert (machine.in_use, machine.runs, machine.asked) == ("1.0", True, [STOP_OLD, START_OLD])


# -- PostgreSQL: its backups are its administrator's


@pytest.fixture
def on_server(installed: Machine, cluster: str, monkeypatch):
    installed.begin(asyncio.run(new_database(cluster)))
    yield installed
    subprocess.run(installed.run("stop").format(unit="x").split(), check=True)


BACKED_UP, RESTORED = "バックアップは取りません", "から戻しました"


@pytest.mark.process
@pytest.mark.parametrize(
    ("told", "said", "asked", "journal"),
    [
        ({}, "1.0 から 2.0 に切り替えました", [STOP_OLD, START_NEW], [CAME]),
        ({"start": 1}, "1.0 に戻しました", [STOP_OLD, START_NEW, STOP_NEW, START_OLD], [CAME, WENT]),
        (
            {"alarms": [{"kind": "mails_parked", "subject": ""}]},
            "1.0 に戻しました",
            [STOP_OLD, START_NEW, STOP_NEW, START_OLD],
            [CAME, WENT],
        ),
        ({"schema": 99}, "pg_dump で控えを取り", [], []),
    ],
)
def test_on_postgresql_versions_are_switched_without_a_backup_and_only_where_the_schema_stays(
    on_server, monkeypatch, told, said, asked, journal
):
    done = on_server.upgrade(monkeypatch, **told)
    assert (done.exit_code, said in done.output) == (0 if not told else 1, True), done.output
    assert (on_server.in_use, on_server.runs, on_server.asked) == ("1.0" if told else "2.0", True, asked)
    assert on_server.journal == journal
    assert (BACKED_UP in done.output, RESTORED in done.output) == (bool(asked), False)
    assert list((on_server.folder / "doboku").rglob("hosho-*")) == []


@pytest.mark.process
def test_on_postgresql_a_version_that_changed_the_schema_all_the_same_is_told(on_server, monkeypatch):
    done = on_server.upgrade(monkeypatch, start=1, migrates=True)
    assert (done.exit_code, "元に戻しきれません" in done.output, RESTORED in done.output) == (1, True, False), (
        done.output
    )
    assert (on_server.in_use, on_server.asked) == ("1.0", [STOP_OLD, START_NEW, STOP_NEW, START_OLD])
