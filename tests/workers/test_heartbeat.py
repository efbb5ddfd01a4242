"""The heartbeat: sent while all is well, to a file and to a real server; silent when something is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.workers import Worker
from bot.successes import Successes
from bot.workers.heartbeat import Heartbeat
from storage.store import Store
from tests.storage.samples import START

web = pytest.importorskip("aiohttp.web")


STILL_WELL = (
    Alarm(AlarmKind.BACKUP_OLD, "", START, "x"),  # it can wait
    Alarm(AlarmKind.WORKER_FAILING, Worker.HEARTBEAT.words, START, "x"),  # it could not be sent
    Alarm(AlarmKind.CANARY_LOST, "", START, "x", absent_since=START),  # it is over, which is told after a while
)


@dataclass
class Watcher:
    """Somebody outside, who answers `status`."""

    status: int = 200
    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def answer(self, request):
        self.asked.append(f"{request.method} {request.path}")
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def watcher() -> AsyncIterator[Watcher]:
    one = Watcher()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.port = runner.addresses[0][1]
    try:
        yield one
    finally:
        await runner.cleanup()


async def test_it_is_sent_while_the_doors_are_open_and_the_database_answers_and_only_then(tmp_path):
    file, well = tmp_path / "beat", {"ready": True, "room": True}
    url = f"sqlite:///{tmp_path}/data/x.db"
    async with watcher() as outside, await Store.open(url, durable=False, clock=lambda: START) as store:
        told = Successes(lambda: START)
        url = f"http://127.0.0.1:{outside.port}/secret"
        heart = Heartbeat(store, lambda: START, lambda: well["ready"], lambda: well["room"], told, file, url)
        await store.health.note_alarms(told=(), over=(), still=STILL_WELL)
        await heart.beat()
        assert [(one.worker, one.done_at) for one in told.healths] == [(Worker.HEARTBEAT, START)]
        told.forget(Worker.HEARTBEAT)
        assert (outside.asked, file.read_text()) == (["GET /secret"], f"{START.isoformat()}\n")
        file.unlink()
        for what in well:
            well[what] = False
            await heart.beat()
            well[what] = True
        lost = Alarm(AlarmKind.CANARY_LOST, "", START, "x")
        await store.health.note_alarms(told=(), over=(), still=(lost,))
        await heart.beat()
        await store.health.note_alarms(told=(), over=(lost,), still=())
        (tmp_path / "data" / "x.db").rename(tmp_path / "data" / "away.db")
        await heart.beat()
        assert (outside.asked, file.exists(), told.healths) == (["GET /secret"], False, ())


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_who_does_not_take_it_is_told_without_the_url(tmp_path, status):
    url = f"sqlite:///{tmp_path}/data/x.db"
    async with watcher() as outside, await Store.open(url, durable=False, clock=lambda: START) as store:
        outside.status = status
        told = Successes(lambda: START)
        url = f"http://127.0.0.1:{outside.port}/secret"
        heart = Heartbeat(store, lambda: START, lambda: True, lambda: True, told, None, url)
        with pytest.raises(OSError, match=str(status)) as answered:
            await heart.beat()
        with pytest.raises(OSError, match="届きません") as refused:
            await replace(heart, url="http://127.0.0.1:1/secret").beat()
        assert "secret" not in f"{answered.value}{refused.value}"
        assert (outside.asked, [one.failures for one in told.healths]) == (["GET /secret"], [2])
