"""How cost grows: `python -m benchmarks.growth` prints CPU ms of single steps by size of register, queue and cases.

Each size has a store of its own, filled by plain SQL; a figure is the least of five. Sizes are named on the command line
(`--most 100000`). What a figure does not show: sizes of mails and of papers, and disks that are slow. Raises StoreError.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from benchmarks.material import INBOX, fill, register
from bot import log
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.records.submission_search import Search
from bot.core.verdict.mail_verdict import Verdict
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


GROWTHS = {
    "rows of the register": (by_register, (1_000, 10_000, 100_000, 1_000_000)),
    "mails in the queue": (by_queue, (10, 1_000, 10_000, 100_000)),
    "cases": (by_cases, (1_000, 10_000, 100_000)),
}


async def measure(most: int) -> Iterator[str]:
    """The tables, line by line."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="hosho-growth-") as folder:
        for title, (growth, sizes) in GROWTHS.items():
            found: dict[str, list[float]] = {}
            used = [size for size in sizes if size <= most]
            for size in used:
                file = Path(folder) / f"{title}-{size}.db"
                async with await Store.open(f"sqlite:///{file}", vault=KeyFile(Path(folder) / "hosho.key")) as store:
                    for name, figure in (await growth(store, file, size)).items():
                        found.setdefault(name, []).append(figure)
                file.unlink()
            lines += [f"| {title} | {' | '.join(f'{size:,}' for size in used)} |", "|---" + "|--:" * len(used) + "|"]
            lines += [f"| {name} | {' | '.join(f'{one:.2f}' for one in figures)} |" for name, figures in found.items()]
            lines.append("")
    return iter(lines)


@click.command()
@click.option("--most", default=100_000, show_default=True, type=click.IntRange(min=1000), help="The largest size.")
def main(*, most: int) -> None:
    """Print how the cost of single steps grows, in ms of CPU time."""
    log.configure("error", "text")
    for line in asyncio.run(measure(most)):
        click.echo(line)


if __name__ == "__main__":
    main()
