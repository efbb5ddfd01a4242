"""Several daemons on one PostgreSQL database: `python -m benchmarks.several URL [1 2 4]`; each count gets the database anew.

URL names a database that may be emptied, and the server must run on this machine (its CPU time comes from /proc). Prints CPU time a
mail of daemons and server, and mails a second. Raises RuntimeError, TimeoutError.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from benchmarks.house import daemon_of, send
from benchmarks.material import Sample, corpus, fill, plain_notices, register
from benchmarks.measuring import cpu_seconds, with_children
from benchmarks.sink import Sink, sink
from bot.core.records.outgoing_mail import OutboxState
from storage.store import KeyFile, Store

CLIENTS = 10
ALL = 1000  # of each producer
WARMING = 16
"""So many of the other papers go through each daemon first."""
REGISTER = 10_000


async def letters_of(url: str, folder: str) -> int:
    """How many have left when there is nothing left to do."""
    async with await Store.open(url, vault=KeyFile(Path(folder) / "hosho.key")) as store, asyncio.timeout(300):
        while await store.incoming.next_due() or await store.outbox.next_due():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.5)
        return dict((await store.health.backlog()).outgoing)[OutboxState.DELIVERED]


async def run(url: str, daemons: int, relay: Sink, papers: Sequence[Sample]) -> str:
    """One row of the table."""
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    server = int(await connection.fetchval("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))
    await connection.close()
    with TemporaryDirectory() as folder:
        async with await Store.open(url, vault=KeyFile(Path(folder) / "hosho.key")) as store:
            await fill(store, register(REGISTER, papers))
        async with AsyncExitStack() as stack:
            storage = f'url = "{url}"\nkey_file = "{folder}/hosho.key"'
            houses = []
            for number in range(daemons):
                room = Path(folder) / str(number)
                room.mkdir()
                houses.append(await stack.enter_async_context(daemon_of(room, relay.port, storage=storage)))
            others = [one for one in corpus() if one not in papers]
            warming = [others[n * WARMING : (n + 1) * WARMING] for n in range(daemons)]
            await asyncio.gather(*(send(house.port, some) for house, some in zip(houses, warming, strict=True)))
            await relay.wait_for(await letters_of(url, folder))
            before = [house.cpu_ms() for house in houses]
            server_before, began = sum(map(cpu_seconds, with_children(server))), time.perf_counter()
            shares = [papers[place::CLIENTS] for place in range(CLIENTS)]
            await asyncio.gather(*(send(houses[n % daemons].port, share) for n, share in enumerate(shares)))
            await relay.wait_for(len(papers))
            seconds = time.perf_counter() - began
            ours = (sum(house.cpu_ms() for house in houses) - sum(before)) / len(papers)
            theirs = 1000 * (sum(map(cpu_seconds, with_children(server))) - server_before) / len(papers)
    return f"| {daemons} | {ours:.0f} | {theirs:.0f} | {len(papers) / seconds:.1f} |"


async def main() -> None:
    """Print the table."""
    url, counts = sys.argv[1], [int(word) for word in sys.argv[2:]] or [1, 2, 4]
    print("| daemons | CPU ms a mail, daemons | CPU ms a mail, PostgreSQL | mails a second |\n|---|---|---|---|")
    async with sink() as relay:
        for daemons in counts:
            print(await run(url, daemons, relay, plain_notices(corpus(), ALL)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
