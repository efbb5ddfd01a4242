"""`mail replay --since … --dry-run`: nothing differs while nothing was changed; what was changed differs; nothing is written."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.commands.comparing import replay
from bot.commands.comparing.replay import Compared, as_row, compare
from bot.commands.inspect import TEMPORARY, SteppingClock
from bot.composing import composer_of
from bot.config.settings import load
from bot.config.to_policy import policy_of
from bot.core.records.decisions import DecidedNotice, Decision, decisions_of
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.journal import JournalLine
from bot.core.register.layout import Layout
from bot.office import CommandContext, command_context
from bot.register.importing import import_file
from bot.workers.sorter import LEASE, Sorter
from storage.store import KeyFile, Store
from tests.commands import installation
from tests.commands.inspected import csv, mail, many, paper, register_row, said, text
from tests.in_process_reader import InProcessReader

SENT = datetime(2026, 11, 2, 1, tzinfo=UTC)
PROVEN = "Authentication-Results: mx.city.example.jp; dmarc=pass header.from=kensetsu.example.jp"
KNOWN, UNKNOWN = "reportlab-embedded", "reportlab-gothic"
MAILS = {  # in their order
    "accepted": many(text(), paper(KNOWN)),
    "the same again": many(text(), paper(KNOWN)),
    "not in the register": many(text(), paper(UNKNOWN)),
    "no notice": text("認証キーはどこで分かりますか。"),
    "a claim alone": many(text(), paper("claim")),
}


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """An office that has decided on the mails, a day apart; its register knows the first notice alone."""
    await installation.install(tmp_path)
    file = tmp_path / "config.toml"
    await take_rows(file, KNOWN)
    clock = SteppingClock()
    config = load(file)
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=clock) as store:
        sorter = Sorter(store, InProcessReader(), composer_of(config, bytes(16)), policy_of(config), clock)
        for day, part in enumerate(MAILS.values()):
            at = SENT + timedelta(days=day)
            clock.skip(at - clock())
            content = mail(part, f"{PROVEN}\nMessage-ID: <{day}@kensetsu.example.jp>")
            envelope = Envelope(Source.SMTP, "koji@kensetsu.example.jp", ("hosho@city.example.jp",), at)
            await store.incoming.keep([Arrival(envelope, content)])
            clock.skip(timedelta(seconds=1))
            claimed = await store.incoming.claim(lease=LEASE)
            assert claimed is not None
            await sorter.sort(claimed)
    return file


async def take_rows(config: Path, *names: str) -> None:
    file = config.parent / "register.csv"
    file.write_text(csv([register_row(said(name)) for name in names]), "utf-8")
    async with command_context(config, may_begin=True) as office:
        await import_file(office.store.register, file, layout=Layout(), actor="x")


def rename_mx(config: Path) -> None:
    """From now on nobody's mails are proven."""
    config.write_text(config.read_text("utf-8").replace("mx.city.example.jp", "mx2.city.example.jp"), "utf-8")


def dump(config: Path) -> str:
    """All that the database holds."""
    with closing(sqlite3.connect(config.parent / "data/hosho.db")) as database:
        return "\n".join(database.iterdump())


class Unshown:
    """A long work that nobody looks at."""

    def tell(self, _done: int, _total: int) -> None:
        """Nothing."""


async def replayed(office: CommandContext, since: datetime = SENT) -> list[Compared]:
    return await compare(office, since, None, Unshown().tell, InProcessReader())


async def test_what_was_not_changed_does_not_differ_and_nothing_is_written(config: Path) -> None:
    async with command_context(config) as office:
        before = dump(config)
        found = await replayed(office)
        assert dump(config) == before
    assert [(one.left_out, one.differences) for one in found] == [("", ())] * len(MAILS)
    assert [one.then.state for one in found if one.then][:3] == ["sorted", "sorted", "sorted"]
    assert [notice.state for one in found if one.then for notice in one.then.notices] == [
        "accepted",
        "duplicate",
        "held",
    ]


async def test_what_it_writes_meanwhile_lies_in_the_citys_own_folder_and_goes(config: Path) -> None:
    data = config.parent / "data"
    seen: set[tuple[str, int]] = set()

    def look(_done: int, _total: int) -> None:
        folders = [path for path in data.iterdir() if path.name.startswith(TEMPORARY)]
        seen.update((path.parent.name, stat.S_IMODE(path.stat().st_mode)) for path in folders)

    async with command_context(config) as office:
        await compare(office, SENT, None, look, InProcessReader())
    assert seen == {("data", 0o700)}
    assert [path for path in data.iterdir() if path.name.startswith(TEMPORARY)] == []


async def test_a_changed_register_differs_in_the_mails_that_it_is_about(config: Path) -> None:
    await take_rows(config, KNOWN, UNKNOWN)
    async with command_context(config) as office:
        found = await replayed(office, SENT)
        assert [place for place, one in enumerate(found) if one.differences] == [2]
        third = as_row(found[2])
        assert [row["notices"][0]["state"] for row in (third["then"], third["now"])] == ["held", "accepted"]
        assert said(UNKNOWN)["auth_key"] not in json.dumps(third, default=str)
        later = await replayed(office, SENT + timedelta(days=2))
        assert [one.mail.mail_id for one in later] == [3, 4, 5]


async def test_a_changed_setting_differs_as_a_person_reads_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rename_mx(config)
    async with command_context(config) as office:
        found = await replayed(office)
    replay.show(found, as_json=False)
    first, *lines = capsys.readouterr().out.splitlines()
    different = [one for one in found if one.differences]
    assert first == f"判定し直したメール {len(MAILS)}通: 同じ {len(MAILS) - len(different)}通、違う {len(different)}通"
    assert [line.split()[0] for line in lines] == [one.mail.number for one in different]
    assert "送信 受付のお知らせ → " in lines[0]


@pytest.mark.process
async def test_the_command_reads_in_confined_processes_and_tells_programs_all(config: Path) -> None:
    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["mail", "replay", *words, "--config", str(config)])

    done = await asyncio.to_thread(call, "--since", "2026-11-03", "--until", "2026-11-05", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["id"], set(row)) for row in rows] == [
        (number, {"mail", "id", "received_at", "differs", "then", "now"}) for number in (2, 3, 4)
    ]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("1", "--dry-run"),
        ("--since", "2026-11-03"),
        ("1", "--since", "2026-11-03", "--dry-run"),
        ("1", "--until", "2026-11-03"),
    ],
)
def test_a_number_or_a_time_not_both(tmp_path: Path, words: tuple[str, ...]) -> None:
    config = installation.write(tmp_path)
    refused = CliRunner().invoke(main, ["mail", "replay", *words, "--config", str(config)])
    assert (refused.exit_code, "どちらか" in refused.stderr) == (2, True)


def line(number: int, at: int, event: str, kind: str, subject: str, **detail: object) -> JournalLine:
    return JournalLine(number, SENT + timedelta(days=at), "bot", event, kind, subject, detail, "")


def test_the_last_decision_counts_with_the_letters_of_all() -> None:
    lines = [
        line(1, 1, "mail.asked", "mail", "7", reason="no_notice", submissions=[], withheld=["alert: desk_hour"]),
        line(2, 1, "outgoing.queued", "outgoing", "1", letter="notice_wanted"),
        line(3, 2, "mail.received", "mail", "7", **{"from": "asked"}),
        line(4, 2, "outgoing.queued", "outgoing", "2", letter="summary"),
        line(5, 3, "mail.sorted", "mail", "7", reason="notices", submissions=["a"], withheld=[]),
        line(6, 3, "submission.accepted", "submission", "a", reasons=["matched"], guarantee_id=4),
        line(7, 3, "submission.superseded", "submission", "b", reasons=["matched"], guarantee_id=4),
        line(8, 4, "submission.verified", "submission", "a", reasons=["verified"], guarantee_id=4),
        replace(line(9, 5, "mail.released", "mail", "7", reason="released"), actor="clerk"),
    ]
    notice = DecidedNotice("accepted", frozenset({"matched"}), 4)
    assert decisions_of(lines, "bot") == {7: Decision("sorted", "notices", (notice,), ("alert", "notice_wanted"))}
