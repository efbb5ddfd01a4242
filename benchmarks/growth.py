"""How cost grows: `python -m benchmarks.growth [--write]` prints CPU ms of single steps by size of register, queue, cases and mails.

Each size has a store of its own, filled by plain SQL, or a reader; a figure is the least of five. `--most` leaves out larger sizes; with
`--write` tables and plots go into docs/performance.md. What a figure does not show: disks that are slow. Raises StoreError, RuntimeError
when a mail is not read.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from os import getpid
from pathlib import Path
from typing import Any

import click

from benchmarks.material import INBOX, Sample, corpus, fill, plain_notices, register
from benchmarks.measuring import cpu_seconds, with_children
from benchmarks.report import GROWTH, Machine, plot, table
from bot import log
from bot.core.notice.interpret import UnderstoodMail
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.records.submission_search import Search
from bot.core.text.dates import JAPAN
from bot.core.verdict.mail_verdict import Verdict
from bot.documents.contents import PDFS_OPENED
from bot.documents.pool.reader import Reader
from storage.store import KeyFile, Store

TIMES = 5
_LEASE = timedelta(minutes=15)
_PRODUCT = register(1, ())[0].product
NOTICE = NoticeFields(
    project_name="市道第7号線舗装補修工事",
    contractor="見本7建設株式会社",
    product=_PRODUCT,
    product_as_written=_PRODUCT.value,
    number="80808-080808",
    number_as_written="80808-080808",
    auth_key=None,
)
_AT = datetime(2026, 11, 22, tzinfo=UTC)


async def cpu_ms(work: Callable[[], Awaitable[Any]]) -> float:
    """The least CPU time of several runs."""
    figures: list[float] = []
    for _ in range(TIMES):
        start = time.process_time()
        await work()
        figures.append(1000 * (time.process_time() - start))
    return min(figures)


async def by_register(store: Store, _file: Path, size: int) -> dict[str, float]:
    """Look-ups in a register of this size: of a number that it has, of names only, of what it does not know."""
    rows = register(size, ())
    await fill(store, rows)
    known = rows[size // 2]
    hit = replace(NOTICE, number=known.number)
    names = replace(NOTICE, number="", project_name=known.project_name, contractor=known.contractor)
    miss = replace(NOTICE, project_name="台帳にない工事", contractor="台帳にない建設株式会社")
    return {
        f"look up by {name}": await cpu_ms(lambda fields=fields: store.register.look_up(fields))  # type: ignore[misc]
        for name, fields in (("number", hit), ("names", names), ("a miss", miss))
    }


async def by_queue(store: Store, file: Path, size: int) -> dict[str, float]:
    """The next of so many waiting mails, of a thousand senders and of one."""
    found: dict[str, float] = {}
    for name, senders in (("1,000 senders", 1000), ("one sender", 1)):
        await _one_mail(store)
        _copies(
            file,
            "mail",
            size,
            {"identity": "identity || {n}", "mail_from": f"'a' || ({{n}} % {senders}) || '@example.jp'"},
        )
        found[f"claim, {name}"] = await cpu_ms(lambda: store.incoming.claim(lease=_LEASE))
        _run(file, "UPDATE mail SET state = 'ignored', identity = 'old' || id")
    return found


async def by_cases(store: Store, file: Path, size: int) -> dict[str, float]:
    """One more mail settled, a search, the summary and the workbooks, where so many cases were before; five in a hour."""
    await _one_mail(store)
    await store.submissions.settle(1, _verdict("20260101-000000-1"))
    _copies(file, "mail", size, {"identity": "identity || {n}", "received_at": _EARLIER})
    _copies(
        file,
        "submission",
        size,
        {
            "receipt_number": "printf('20260101-%06d-1', {n})",
            "mail_id": "1 + {n}",
            "received_at": _EARLIER,
            "state_at": _EARLIER,
        },
    )
    _copies(file, "case_words", size, {"submission_id": "1 + {n}"})
    until = datetime.now(UTC)
    numbers = iter(range(10**6))

    async def settle() -> None:
        mail = await _one_mail(store, str(next(numbers)))
        await store.submissions.settle(mail, _verdict(f"20261122-{mail:06}-1"))

    return {
        "settle one more": await cpu_ms(settle),
        "search, nothing found": await cpu_ms(lambda: store.submissions.find(Search(words="ない名前の工事"))),
        "search, the first hundred": await cpu_ms(lambda: store.submissions.find(Search(words="舗装補修"))),
        "facts of the summary": await cpu_ms(lambda: store.summary.facts(since=until - timedelta(days=1), until=until)),
        "facts of the workbooks": await cpu_ms(lambda: store.summary.book_facts(until=until)),
    }


_EARLIER = "strftime('%Y-%m-%d %H:%M:%S+00:00', 'now', '-' || (12 * {n}) || ' minutes')"


async def _one_mail(store: Store, name: str = "") -> int:
    content = f"Message-ID: <{name}@example.jp>\r\n\r\n{name}\r\n".encode()
    (kept,) = await store.incoming.keep([Arrival(Envelope(Source.SMTP, "a@example.jp", (INBOX,), _AT), content)])
    return kept.mail_id


def _verdict(receipt: str) -> Verdict:
    key = AuthKey("Ab3dEf7hJk9m")
    case = Submission(
        receipt_number=receipt,
        state=SubmissionState.REFUSED,
        reasons=(SubmissionReason.NOT_IN_REGISTER,),
        fields=replace(NOTICE, auth_key=key),
        read_from=ReadFrom.PDF_TEXT,
        document_name="お知らせ.pdf",
        evidence=("保証契約番号は台帳にありません。",),
        guarantee_id=None,
        sender="a@example.jp",
        received_at=_AT,
        sender_proven=True,
    )
    return Verdict(MailState.SORTED, MailReason.NOTICE_FOUND, "a@example.jp", "お知らせ", submissions=(case,))


def _copies(file: Path, table: str, number: int, other: dict[str, str]) -> None:
    """Copy the newest row of a table, with these columns changed; {n} counts the copies."""
    with sqlite3.connect(file) as connection:
        key = "submission_id" if table == "case_words" else "id"
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in {"id", *other}]
        names = ", ".join([*other, *columns])
        values = ", ".join([*(words.format(n="n.value") for words in other.values()), *columns])
        counting = f"WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {number})"  # noqa: S608 - our own words
        newest = f"SELECT * FROM {table} ORDER BY {key} DESC LIMIT 1"  # noqa: S608 - likewise
        connection.execute(f"INSERT INTO {table} ({names}) {counting} SELECT {values} FROM n, ({newest})")  # noqa: S608 - likewise


def _run(file: Path, sql: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(sql)


async def by_size(reader: Reader, size: int) -> dict[str, float]:
    """A notice with another attachment of so many bytes: a drawing that nobody reads, and one that is looked through as text."""
    paper = _papers(1)[0]
    return {
        f"read, {kind} beside the notice": await _reading(reader, _with(paper, _file(kind, size)), 1)
        for kind in ("a drawing", "a text")
    }


async def by_notices(reader: Reader, count: int) -> dict[str, float]:
    """So many notices, a PDF each; of more than are opened the rest goes to a person."""
    first, *others = _papers(count)
    content = _with(first, *(_paper_of(one) for one in others))
    return {"read": await _reading(reader, content, min(count, PDFS_OPENED))}


async def _reading(reader: Reader, content: bytes, notices: int) -> float:
    """The least CPU of all processes for this mail."""
    figures: list[float] = []
    for _ in range(TIMES):
        start = _used()
        read = await reader.read(content)
        figures.append(1000 * (_used() - start))
        if not isinstance(read, UnderstoodMail) or len(read.notices) != notices:
            raise RuntimeError(f"a mail of {len(content):,} bytes with {notices} notices was not read: {read}")
    return min(figures)


def _used() -> float:
    return sum(map(cpu_seconds, with_children(getpid())))


def _papers(count: int) -> Sequence[Sample]:
    """So many papers with a notice each."""
    found = plain_notices(corpus(), count)
    return [found[place % len(found)] for place in range(count)]


def _file(kind: str, size: int) -> tuple[str, str, bytes]:
    """Media type, name and content."""
    line = "工事の打合せについて、次のとおり確認しました。\n".encode()
    drawing = random.Random(size).randbytes(size)  # noqa: S311 - a file that does not compress
    return (
        ("text/plain", "議事録.txt", line * (size // len(line)))
        if kind == "a text"
        else ("image/x-dwg", "図面.dwg", drawing)
    )


def _paper_of(sample: Sample) -> tuple[str, str, bytes]:
    mail = message_from_bytes(sample.content, policy=policy.SMTP)
    (paper,) = mail.iter_attachments()
    return "application/pdf", f"{sample.name}.pdf", paper.get_content()


def _with(sample: Sample, *files: tuple[str, str, bytes]) -> bytes:
    mail = message_from_bytes(sample.content, policy=policy.SMTP)
    for media_type, name, content in files:
        maintype, _, subtype = media_type.partition("/")
        mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


Figures = Mapping[str, float]


def _in_a_store(
    step: Callable[[Store, Path, int], Awaitable[Figures]],
) -> Callable[[Path, Sequence[int]], AsyncIterator[Figures]]:
    """The step with a store of its own for each size."""

    async def by_sizes(folder: Path, sizes: Sequence[int]) -> AsyncIterator[Figures]:
        for size in sizes:
            file = folder / f"{step.__name__}-{size}.db"
            async with await Store.open(f"sqlite:///{file}", vault=KeyFile(folder / "hosho.key")) as store:
                yield await step(store, file, size)
            file.unlink()

    return by_sizes


def _by_a_reader(
    step: Callable[[Reader, int], Awaitable[Figures]],
) -> Callable[[Path, Sequence[int]], AsyncIterator[Figures]]:
    """The step with one reader for all sizes, without the recogniser."""

    async def by_sizes(_folder: Path, sizes: Sequence[int]) -> AsyncIterator[Figures]:
        async with Reader(1) as reader:
            await reader.warm()
            for size in sizes:
                yield await step(reader, size)

    return by_sizes


GROWTHS = {
    "rows of the register": (_in_a_store(by_register), (1_000, 10_000, 100_000, 1_000_000)),
    "mails in the queue": (_in_a_store(by_queue), (10, 1_000, 10_000, 100_000)),
    "cases": (_in_a_store(by_cases), (1_000, 10_000, 100_000)),
    "bytes of a mail's other attachment": (_by_a_reader(by_size), (5_000, 50_000, 500_000, 5_000_000, 18_000_000)),
    "notices in a mail": (_by_a_reader(by_notices), (1, 2, 5, 10, 20)),
}


async def measure(most: int) -> str:
    """Tables and plots, as Markdown."""
    blocks: list[str] = []
    with tempfile.TemporaryDirectory(prefix="hosho-growth-") as folder:
        for title, (growth, sizes) in GROWTHS.items():
            if not (used := [size for size in sizes if size <= most]):
                continue
            columns = [figures async for figures in growth(Path(folder), used)]
            lines = {name: [figures[name] for figures in columns] for name in columns[0]}
            heads = [f"{size:,}" for size in used]
            blocks += [table([title, *heads], lines), plot(title, heads, lines)]
    return "\n\n".join(blocks)


@click.command()
@click.option("--most", default=20_000_000, show_default=True, type=click.IntRange(min=1000), help="The largest size.")
@click.option("--write", is_flag=True, help="Put the figures into docs/performance.md.")
def main(*, most: int, write: bool) -> None:
    """Print how the cost of single steps grows, in ms of CPU time."""
    log.configure("error", "text")
    head = f"`{GROWTH.command}`, {datetime.now(JAPAN).date()}; ms of CPU, the least of {TIMES}; {Machine.here()}"
    figures = f"{head}\n\n{asyncio.run(measure(most))}"
    click.echo(figures)
    if write:
        GROWTH.write(figures)


if __name__ == "__main__":
    main()
