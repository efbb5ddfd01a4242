"""The door for machines that watch: what it answers, to whom, and that rules and dashboard ask for what there is."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.workers import Worker, WorkerHealth
from storage.store import Store
from tests.storage.samples import KEY, START, arrival, letter, settled, submission

pytest.importorskip("aiohttp")
pytest.importorskip("prometheus_client")

from bot.monitoring import Monitoring

DEPLOY = Path(__file__).resolve().parents[1] / "deploy" / "monitoring"


@dataclass
class Watched:
    """A door on a database, and how the daemon stands."""

    store: Store
    monitoring: Monitoring
    port: int = 0
    is_ready: bool = True

    async def get(self, path: str, host: str = "127.0.0.1", socket: Path | None = None) -> tuple[int, str]:
        opening = asyncio.open_unix_connection(socket) if socket else asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = await opening
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]


@asynccontextmanager
async def watched(tmp_path: Path, listen: str = "127.0.0.1:0") -> AsyncIterator[Watched]:
    now = START + timedelta(hours=1)
    worker = WorkerHealth(Worker.ALARMS, START, START, failures=2)
    async with await Store.open(f"sqlite:///{tmp_path}/data/x.db", durable=False, clock=lambda: START) as store:
        monitoring = Monitoring(
            store, lambda: now, folder=tmp_path, is_ready=lambda: door.is_ready, workers=lambda: (worker,)
        )
        door = Watched(store, monitoring)
        door.port = await monitoring.start(listen)
        try:
            yield door
        finally:
            await monitoring.stop()


async def test_it_tells_health_readiness_and_numbers_and_nothing_that_is_secret(tmp_path):
    async with watched(tmp_path) as door:
        await door.store.incoming.keep([arrival(), arrival()])
        await door.store.submissions.settle(1, settled(submission()), outgoing=(letter(),))
        await door.store.health.note_alarms(told=(), over=(), still=(Alarm(AlarmKind.DISK_LOW, "", START, "x"),))
        assert await door.get("/healthz") == (200, "ok\n")
        assert await door.get("/readyz") == (200, "doors: ok\ndatabase: ok\n")
        status, text = await door.get("/metrics")
        lines = text.splitlines()
        expected = [
            "hosho_ready 1.0",
            'hosho_mails{state="received"} 1.0',
            'hosho_mails{state="sorted"} 1.0',
            'hosho_letters{state="queued"} 1.0',
            'hosho_open_work{kind="held"} 1.0',
            'hosho_oldest_seconds{what="letter"} 3600.0',
            'hosho_received_last_day{door="smtp"} 2.0',
            "hosho_ledger_balances 1.0",
            'hosho_alarms{kind="disk_low"} 1.0',
            'hosho_alarms{kind="backup_old"} 0.0',
            'hosho_worker_failures{worker="alarms"} 2.0',
        ]
        assert (status, [line for line in expected if line not in lines]) == (200, [])
        secret = (KEY.reveal(), "みほん建設", "kensetsu.example.jp", "市道")
        assert [word for word in secret if word in text] == []
        asked = {name for file in ("alerts.yml", "grafana.json") for name in named(file)}
        told = set(re.findall(r"^# TYPE (\w+) gauge$", text, re.MULTILINE))
        assert (asked - told, told - named("grafana.json")) == (set(), set())


def named(file: str) -> set[str]:
    return set(re.findall(r"hosho_\w+", (DEPLOY / file).read_text("utf-8")))


async def test_it_is_not_ready_when_doors_or_database_are_not_and_answers_no_other_name(tmp_path):
    async with watched(tmp_path) as door:
        wrong = [
            await door.get(path, host)
            for path in ("/metrics", "/readyz")
            for host in ("evil.example", "evil.example:1")
        ]
        assert wrong == [(421, "wrong host\n")] * 4
        assert [(await door.get("/healthz", host))[0] for host in ("localhost:9464", "127.0.0.1:1", "[::1]:1")] == [
            200
        ] * 3
        assert (await door.get("/"))[0] == 404
        door.is_ready = False
        assert await door.get("/readyz") == (503, "doors: failed\ndatabase: ok\n")
        door.is_ready = True
        (tmp_path / "data" / "x.db").rename(tmp_path / "data" / "away.db")
        assert await door.get("/readyz") == (503, "doors: ok\ndatabase: failed\n")
        assert (await door.get("/metrics"))[0] == 503
        assert (await door.get("/healthz"))[0] == 200


async def test_a_socket_is_for_its_owner_and_takes_the_place_of_a_dead_one(tmp_path):
    socket = tmp_path / "monitor.sock"
    for _ in range(2):
        async with watched(tmp_path, f"unix:{socket}") as door:
            assert await door.get("/readyz", "x", socket) == (200, "doors: ok\ndatabase: ok\n")
            assert socket.stat().st_mode & 0o077 == 0


def test_the_dashboard_is_json_and_the_rules_pass_promtool():
    panels = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 5
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed")
    subprocess.run([promtool, "check", "rules", DEPLOY / "alerts.yml"], check=True)
