"""A glance beside the daemon, on both databases: the counts that `Store` has, or nothing."""

from __future__ import annotations

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.workers import Worker, WorkerHealth
from storage.database.daemon_lock import DaemonLock
from storage.glance import Glance, glance
from storage.store import Store
from tests.storage.samples import START, Watch, arrival, letter, settled, submission


async def test_it_tells_what_the_daemon_has_noted_and_nothing_where_none_runs(
    store: Store, url: str, watch: Watch
) -> None:
    async with await DaemonLock.take(url, beside=url.startswith("postgres")):
        assert await glance(url) == Glance(0, 0, 0, None, ())
        await store.incoming.keep([arrival(), arrival(), arrival()])
        await store.submissions.settle(1, settled(submission()), outgoing=(letter(),))
        await store.incoming.park(2, error="x")
        watch.turn(minutes=1)
        alarms = [Alarm(kind, "", START, "x") for kind in (AlarmKind.MAILS_PARKED, AlarmKind.DISK_LOW)]
        await store.health.note_alarms(told=(), over=(), still=alarms)
        await store.health.note_workers([WorkerHealth(Worker.ALARMS, START, watch())])
        assert await glance(url) == Glance(1, 1, 2, watch(), ("disk_low", "mails_parked"))
        work = (await store.health.backlog()).work
        assert work.count == 2
    assert await glance(url) is None


async def test_what_can_not_be_read_is_nothing(tmp_path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database")
    for url in (
        f"sqlite:///{tmp_path}/none.db",
        "sqlite://:memory:",
        "sqlite:",
        "postgres://nobody@127.0.0.1:1/none",
        "x",
    ):
        assert await glance(url) is None
    url = f"sqlite:///{tmp_path}/x.db"
    async with await DaemonLock.take(url):
        assert await glance(url) is None
