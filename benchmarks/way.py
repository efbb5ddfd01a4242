"""One mail's way in its order, T1 to T4: the daemon's own sorter and sender, their rooms' doors timed.

Nothing of the workers is repeated here: they get a store, a reader, a composer and a deliverer that note how long each call
took. Run by __main__.py. Raises RuntimeError when a mail does not end as it should.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from benchmarks import naive
from benchmarks.desk import Desk
from benchmarks.material import INBOX, arrival
from benchmarks.measuring import Laps, Probe, Side, Times
from bot.clock import utc_now
from bot.commands.inspect import embedded
from bot.composing import composer_of
from bot.config.to_policy import policy_of
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.submission import SubmissionState
from bot.documents.pool.reader import Reader
from bot.outbound.maildir import MaildirDelivery
from bot.workers.sender import Sender
from bot.workers.sorter import LEASE, Sorter
from storage.store import Store

CONFIG = embedded(INBOX, "")
WHOLE = "way: all of it"
READ = "way: read, in the child"
LOOK_UP = "way: look up, hit"
REST = "way: judge, decide"
COMPOSE = "way: compose"
SETTLE = "way: settle (T2)"
DELIVER = "way: deliver (ours Maildir, naive SMTP)"
_SORT = "way: sort"
COUNT = "way: letters of the day"
# By the store's part: its methods that are timed, and under which row.
_PARTS = {
    "incoming": {"keep": "way: keep (T1)", "claim": "way: claim the mail"},
    "send_counts": {"lately": COUNT},
    "register": {"look_up": LOOK_UP},
    "submissions": {"settle": SETTLE},
    "outbox": {"claim": "way: claim the letter (T3)", "note_delivery": "way: note the delivery (T4)"},
}
_WITHIN_SORT = (READ, COUNT, LOOK_UP, COMPOSE, SETTLE)


class Timed:
    """Stands for another object; calls of the methods in `rows` are timed under the rows' names."""

    def __init__(self, inner: object, laps: Laps, rows: Mapping[str, str]) -> None:
        self._inner = inner
        self._laps = laps
        self._rows = rows

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        row = self._rows.get(name)
        if row is None:
            return method

        async def timed(*args: Any, **kwargs: Any) -> Any:
            with self._laps(row):
                return await method(*args, **kwargs)

        def timed_at_once(*args: Any, **kwargs: Any) -> Any:
            with self._laps(row):
                return method(*args, **kwargs)

        return timed if inspect.iscoroutinefunction(method) else timed_at_once


def way(desk: Desk) -> list[tuple[Side, Probe]]:
    """Every mail from its keeping to its letter delivered, one after the other."""

    async def ours() -> Times:
        laps = Laps()
        with desk.room() as room:
            async with await Store.open(f"sqlite:///{room}/hosho.db", vault=desk.keys) as kept, Reader(1) as child:
                await child.warm()
                store: Any = kept
                for part, rows in _PARTS.items():
                    setattr(store, part, Timed(getattr(store, part), laps, rows))
                reader: Any = Timed(child, laps, {"read": READ})
                composer: Any = Timed(composer_of(CONFIG, bytes(16)), laps, {"compose": COMPOSE})
                deliverer: Any = Timed(MaildirDelivery(room / "letters"), laps, {"deliver": DELIVER})
                sorter = Sorter(store, reader, composer, policy_of(CONFIG), utc_now)
                sender = Sender(store, [deliverer], utc_now)
                for sample in desk.samples:
                    with laps(WHOLE):
                        await store.incoming.keep([arrival(sample)])
                        mail = await store.incoming.claim(lease=LEASE)
                        with laps(_SORT):
                            await sorter.sort(mail)
                        for claimed in await store.outbox.claim():
                            await sender.send(claimed, deliverer)
                await _check(kept, len(desk.samples))
        return _with_rest(laps.times)

    async def theirs() -> Times:
        laps = Laps()
        with desk.ledger() as ledger:
            for sample in desk.samples:
                with laps(WHOLE):
                    with laps(READ):
                        mail = naive.read(sample.content)
                    with laps(LOOK_UP):
                        found = ledger.find(mail.fields.get("number", ""))
                    with laps(COMPOSE):
                        answer = naive.compose(mail, found)
                    with laps(SETTLE):
                        ledger.note(mail, found)
                    with laps(DELIVER):
                        naive.send(answer, desk.sink.port)
        await desk.sink.wait_for(len(desk.samples))
        return laps.times

    return [(Side.OURS, ours), (Side.NAIVE, theirs)]


async def _check(store: Store, mails: int) -> None:
    accepted = await store.submissions.list_(states=[SubmissionState.ACCEPTED], limit=mails + 1)
    delivered = await store.outbox.list_(states=[OutboxState.DELIVERED], limit=mails + 1)
    if (len(accepted), len(delivered)) != (mails, mails):
        raise RuntimeError(f"of {mails} mails {len(accepted)} were accepted and {len(delivered)} letters delivered")


def _with_rest(times: Times) -> Times:
    """What the sorter does itself stands where it happens: between look-up and letters."""
    rest = times[_SORT] - sum(times[name] for name in _WITHIN_SORT)
    ordered: dict[str, float] = {}
    for name, milliseconds in times.items():
        if name == COMPOSE:
            ordered[REST] = rest
        if name != _SORT:
            ordered[name] = milliseconds
    return ordered
