"""Access keys that stand nowhere else are sent, imported and asked about in every way; then everything is searched for them.

Searched are the database with its companions, the log at its most talkative, every letter, temporary files, what the processes
show of themselves, what the commands print, and the exported register. Nowhere may a key stand, in any spelling.
"""

from __future__ import annotations

import asyncio
import base64
import json
import quopri
import zipfile
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from tests.faults.invariants import spellings
from tests.faults.notices import NO_LIMITS, UniqueNotice, drawn
from tests.whole.world import INBOX, Daemon, children_of, wait_until

BODY, PDF, REGISTER, WRONG, SUBJECT, FILE_NAME, AUTOMATIC = map(UniqueNotice, range(101, 108))
"""Where each key is: typed in a body, on a paper, in the register, beside the number of another, …"""
KEYS = [one.key for one in (BODY, PDF, REGISTER, WRONG, SUBJECT, FILE_NAME, AUTOMATIC)]


def register() -> str:
    lines = ["保証契約番号,商品(保証区分),工事名,受注者名,認証キー"]
    lines += [f"{one.number},前払金保証,{one.project},{one.contractor},{one.key}" for one in (REGISTER, AUTOMATIC)]
    lines.append(f"{PDF.number},前払金保証,{PDF.project},{PDF.contractor},")
    return "\n".join(lines) + "\n"


def mail(
    n: int, words: str = "", *, subject: str = "認証キーのお知らせの送付", file_name: str = "", paper: bytes = b""
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"tanto@kensetsu{n}.example.jp"
    message["To"] = INBOX
    message["Subject"] = subject
    message["Message-ID"] = f"<canary.{n}@kensetsu.example.jp>"
    message.set_content(f"お世話になっております。\n{words}\n")
    if paper:
        message.add_attachment(paper, maintype="application", subtype="pdf", filename=file_name or "お知らせ.pdf")
    return message


def with_key(one: UniqueNotice, key: str) -> list[str]:
    return [line.replace(one.key, key) for line in one.lines()]


def mails() -> list[EmailMessage]:
    automatic = mail(7, "\n".join(AUTOMATIC.lines()))
    automatic["Auto-Submitted"] = "auto-replied"
    return [
        mail(1, "\n".join(BODY.lines())),
        mail(2, paper=drawn(PDF.lines())),
        mail(3, f"保証契約番号は{BODY.number}、認証キーは{BODY.key}です。"),
        mail(4, paper=drawn(with_key(REGISTER, WRONG.key))),
        mail(5, "\n".join(SUBJECT.lines()), subject=f"認証キー：{SUBJECT.key}の件"),
        mail(6, paper=drawn(FILE_NAME.lines()), file_name=f"認証キー{FILE_NAME.key}.pdf"),
        automatic,
        mail(8, f"password: {BODY.key}", paper=b"%PDF-1.4 " + BODY.key.encode() * 50),
    ]


COMMANDS = (
    ("mail", "list"),
    ("mail", "list", "--json"),
    *(("mail", "show", str(number)) for number in range(1, 9)),
    *(("mail", "show", str(number), "--json") for number in range(1, 9)),
    ("submissions", "list"),
    ("submissions", "list", "--json"),
    ("register", "list"),
    ("register", "list", "--json"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    *(("outbox", "show", str(number)) for number in range(1, 9)),
    ("journal", "list"),
    ("summary", "--print"),
    ("status",),
)


def ask(bot: Daemon, *arguments: str) -> str:
    """Another command, in this process: what it prints, on either stream."""
    done = CliRunner().invoke(main, [*arguments, "--config", str(bot.config)])
    assert done.exit_code in {0, 1}, done.output  # 1: `status` has something to tell
    return done.output


def states(bot: Daemon, what: str) -> set[str]:
    return {json.loads(line)["state"] for line in ask(bot, what, "list", "--json").splitlines()}


def searched(bot: Daemon) -> Iterator[tuple[str, bytes]]:
    """(where, what stands there): everything that the daemon leaves behind, but for what was given to it."""
    given = {"register.csv", "config.toml"}
    for path in bot.folder.rglob("*"):
        if path.is_file() and path.name not in given:
            yield str(path.relative_to(bot.folder)), path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    yield from ((f"{path.name}/{name}", archive.read(name)) for name in archive.namelist())
    if bot.is_running:
        for pid in (bot.process.pid, *children_of(bot.process.pid)):
            for shown in ("cmdline", "environ", "comm"):
                yield f"process/{shown}", Path(f"/proc/{pid}/{shown}").read_bytes()


def found_in(places: Mapping[str, bytes]) -> list[str]:
    """Where a key stands, and in which spelling."""
    return [
        f"{key} in {place} ({number})"
        for key in KEYS
        for number, spelling in enumerate(spellings(key))
        for place, content in places.items()
        if spelling in content
    ]


@pytest.mark.parametrize("dialect", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
@pytest.mark.timeout(300)
def test_no_key_is_found_anywhere_but_in_its_column(dialect, daemon, relay, request, figure):
    storage, url = "", ""
    if dialect == "postgresql":
        url = request.getfixturevalue("new_postgresql")
        storage = f'url = "{url}"'
    extra = NO_LIMITS + '[log]\nlevel = "debug"\n'
    bot = daemon(register=register(), extra=extra, storage=storage, looks=True)
    for one in mails():
        bot.send(one)
    wait_until(lambda: "received" not in states(bot, "mail"))
    ask(bot, "summary", "--send")
    wait_until(lambda: states(bot, "outbox") == {"delivered"})
    receipts = [json.loads(line)["receipt_number"] for line in ask(bot, "submissions", "list", "--json").splitlines()]
    places = {" ".join(command): ask(bot, *command).encode() for command in COMMANDS}
    places |= {f"submissions show {one}": ask(bot, "submissions", "show", one).encode() for one in receipts}
    for name in ("register.xlsx", "out.csv"):
        ask(bot, "register", "export", str(bot.folder / name))
    places |= dict(searched(bot))
    bot.kill()
    places |= {f"{where} after kill -9": content for where, content in searched(bot)}
    bot.start()
    assert bot.stop() == 0
    places |= {f"{where} at the end": content for where, content in searched(bot)}
    places |= {f"letter {n}": letter.raw + b"\n" + letter.text.encode() for n, letter in enumerate(relay.copies)}
    if url:
        places |= asyncio.run(rows_of(url))
    assert found_in(places) == []
    assert len(receipts) >= len(KEYS) - 1  # what was sent automatically is not taken
    revealed = ask(bot, "submissions", "show", receipts[0], "--reveal-keys")
    assert found_in({"what is revealed": revealed.encode()}) != []
    assert found_in({"what came": b"".join(bytes(one) for one in mails())}) != []
    figure(
        f"a canary of {len(KEYS)} keys ({dialect}): 0 found in {len(places)} places, {sum(map(len, places.values())) >> 10:,} KiB"
    )


async def rows_of(url: str) -> dict[str, bytes]:
    """Every row of every table of a PostgreSQL database, as text and as its bytes."""
    import asyncpg  # noqa: PLC0415 - the fixture has skipped where it is absent

    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found: dict[str, bytes] = {}
        for (table,) in tables:
            for n, row in enumerate(await connection.fetch(f'SELECT * FROM "{table}"')):
                values = [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
                found[f"{table}, row {n}"] = b"\n".join(values)
        return found
    finally:
        await connection.close()


def test_a_key_is_recognised_in_every_spelling():
    key = KEYS[0]
    for before in ("", "あ", "認証キー：", "x"):
        words = f"{before}{key}です".encode()
        for encoded in (words, base64.b64encode(words), quopri.encodestring(words), f"{before}{key}".encode("utf-16")):
            assert any(spelling in encoded for spelling in spellings(key)), (before, encoded)
    assert not any(spelling in b"nothing of the kind" for spelling in spellings(key))
