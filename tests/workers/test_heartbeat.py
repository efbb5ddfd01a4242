"""The heartbeat: sent while all is well, to a file and to a real server; silent when something is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.workers.heartbeat import Heartbeat
from storage.store import Store
from tests.storage.samples import START

web = pytest.importorskip("aiohttp.web")


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
    file, ready = tmp_path / "beat", [True]
    url = f"sqlite:///{tmp_path}/data/x.db"
    async with watcher() as outside, await Store.open(url, durable=False, clock=lambda: START) as store:
        heart = Heartbeat(store, lambda: START, lambda: ready[0], file, f"http://127.0.0.1:{outside.port}/secret")
        await heart.beat()
        assert (outside.asked, file.read_text()) == (["GET /secret"], f"{START.isoformat()}\n")
        file.unlink()
        ready[0] = False
        await heart.beat()
        ready[0] = True
        (tmp_path / "data" / "x.db").rename(tmp_path / "data" / "away.db")
        await heart.beat()
        assert (outside.asked, file.exists()) == (["GET /secret"], False)


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_who_does_not_take_it_is_told_without_the_url(tmp_path, status):
    url = f"sqlite:///{tmp_path}/data/x.db"
    async with watcher() as outside, await Store.open(url, durable=False, clock=lambda: START) as store:
        outside.status = status
        heart = Heartbeat(store, lambda: START, lambda: True, None, f"http://127.0.0.1:{outside.port}/secret")
        with pytest.raises(OSError, match=str(status)) as answered:
            await heart.beat()
        with pytest.raises(OSError, match="届きません") as refused:
            await replace(heart, url="http://127.0.0.1:1/secret").beat()
        assert "secret" not in f"{answered.value}{refused.value}"
        assert outside.asked == ["GET /secret"]
