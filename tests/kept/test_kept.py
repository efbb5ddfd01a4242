"""The small database of each version that is out, opened by every command that reads one: `make.py` writes that of this version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.submission import SubmissionState
from bot.version import number
from tests.commands.installation import write
from tests.kept.make import HERE
from tests.test_docs import COMMANDS

KEPT = sorted(file.stem for file in HERE.glob("*.sql"))
GOLDEN = HERE.parent / "storage/schema.sqlite.sql"
STATES = {"mail": MailState, "submission": SubmissionState, "outbox": OutboxState, "guarantee": GuaranteeState}
CASE = "20261122-0002-1"
READS = {
    "register list --json": len(GuaranteeState) + 1,
    "register show 00123-000001": None,
    "register export {to}/register.xlsx": None,
    "submissions list --json": len(SubmissionState),
    f"submissions show {CASE}": None,
    "submissions export {to}/cases.csv": None,
    f"submissions evidence {CASE} {{to}}/evidence.zip --actor A": None,
    "mail list --json": len(MailState),
    "mail show 2": None,
    "mail show 8 --raw": None,
    "mail export --state parked --to {to}/parked": None,
    "mail replay --since 2026-11-01 --dry-run": None,
    "mailbox status --json": 1,
    "outbox list --json": len(OutboxState) + 1,
    "outbox show 4": None,
    "outbox dead --json": 1,
    "consent list --json": len(GuaranteeState) + 2,  # a wish of each guarantee, and the word of one address
    "consent stopped --json": 1,
    "consent proof --json": None,
    "reminders list --on 2026-12-28": None,
    "shadow report --json": None,
    "summary --print": None,
    f"letters preview verified --case {CASE}": None,
    "disposal list": None,
    "personal-data export tanto@kensetsu.example.jp --to {to}/person": None,
    "journal list --json": None,
    "journal verify": None,
    "keys check": None,
    "status --json": None,
    "status --nagios": None,
    "doctor --json": None,
    "check-config --offline": None,
    "backup create": None,
    "backup verify": None,  # of the copy that the office has
}
"""With the number of rows that they show."""
NOT_WELL = {"status --json": 1, "status --nagios": 2, "doctor --json": 2}
"""The exit codes of those that tell how it stands: no daemon runs."""
NO_READERS = {
    "answers read", "backup restore", "consent resume", "consent stop", "demo", "disposal approve", "disposal hold", "disposal mail",
    "disposal release", "init", "inspect", "keys rotate", "letters check", "letters list", "mail release", "mailbox reconcile",
    "outbox cancel", "outbox hold", "outbox release", "outbox retry", "outbox revive", "register import", "reminders done", "serve",
    "storage move", "submissions accept", "submissions add", "submissions form", "submissions refusals", "submissions refuse",
    "submissions send-key", "submissions verify", "upgrade",
}  # fmt: skip
"""They change a database, or look at none."""


class Office:
    """An installation with a kept database. It is read alone, so that the tests of a version share it."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        self.config = write(folder, {"backup": {"folder": "copies"}})
        for name in ("data", "keys", "to"):
            (folder / name).mkdir(mode=0o700)
        for name, content in (("data/hosho.db", b""), ("keys/hosho.key", (HERE / f"{version}.key").read_bytes())):
            (folder / name).touch(0o600)
            (folder / name).write_bytes(content)
        with closing(sqlite3.connect(folder / "data/hosho.db")) as database:
            database.executescript((HERE / f"{version}.sql").read_text("utf-8"))

    def call(self, words: str) -> Result:
        return CliRunner().invoke(main, [*words.format(to=self.folder / "to").split(), "--config", str(self.config)])


@pytest.fixture(scope="module", params=KEPT)
def office(request, tmp_path_factory) -> Office:
    one = Office(tmp_path_factory.mktemp("kept"), request.param)
    made = one.call("backup create")
    assert made.exit_code == 0, made.output
    return one


def test_every_command_reads_it_or_is_named():
    reads = {words for words in map(" ".join, COMMANDS) if any(f"{call} ".startswith(f"{words} ") for call in READS)}
    assert reads | NO_READERS == set(map(" ".join, COMMANDS))
    assert reads & NO_READERS == set()


def test_there_is_one_of_this_version_with_each_state_and_the_present_schema():
    assert number() in KEPT
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript((HERE / f"{number()}.sql").read_text("utf-8"))
        rows = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name")
        told = "".join(f"{sql};\n" for (sql,) in rows)
        there = [{state for (state,) in database.execute(f"SELECT state FROM {table}")} for table in STATES]
        assert there == [set(states) for states in STATES.values()]
        names = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        assert [name for (name,) in names if not database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]] == [
            "disposed"
        ]
    assert told == GOLDEN.read_text("utf-8"), "python -m tests.kept.make, where this version is not out yet"


@pytest.mark.parametrize(
    "words", [pytest.param(one, marks=pytest.mark.process) if one.startswith("mail replay") else one for one in READS]
)
def test_a_command_reads_it(office: Office, words: str):
    done = office.call(words)
    assert done.exit_code == NOT_WELL.get(words, 0), done.output
    assert READS[words] is None or len(done.output.splitlines()) == READS[words], done.output
