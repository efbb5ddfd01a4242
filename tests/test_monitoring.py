"""The door for machines that watch: what it answers, to whom, and that rules and dashboard ask for what there is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config.settings import load
from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.canary import Canaries
from bot.core.health.workers import Worker, WorkerHealth
from bot.core.text.dates import JAPAN
from bot.probing.standing import by_age, look
from bot.version import number
from storage.store import Store
from tests.letters.pictures import CHROMIUM, DARK, run
from tests.storage.samples import AT, KEY, START, arrival, letter, settled, submission

pytest.importorskip("aiohttp")
pytest.importorskip("prometheus_client")

from bot.monitoring import Monitoring, as_page

CONFIG = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
[storage]
folder = "data"
free_mib = 1
[backup]
folder = "copies"
[smtp]
enabled = true
max_message_mib = 1
[lmtp]
max_message_mib = 1
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""
DEPLOY = Path(__file__).resolve().parents[1] / "deploy" / "monitoring"


@dataclass
class Watched:
    """A door on a database, and how the daemon stands."""

    store: Store
    monitoring: Monitoring
    port: int = 0
    is_ready: bool = True

    async def get(self, path: str, host: str = "127.0.0.1", socket: Path | None = None) -> tuple[int, str]:
        status, _, body = await self.ask("GET", path, host, socket)
        return status, body

    async def ask(
        self, method: str, path: str, host: str = "127.0.0.1", socket: Path | None = None
    ) -> tuple[int, str, str]:
        """The status, the head and the body."""
        opening = asyncio.open_unix_connection(socket) if socket else asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = await opening
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]), head, body


@asynccontextmanager
async def watched(tmp_path: Path, listen: str = "127.0.0.1:0") -> AsyncIterator[Watched]:
    now = START + timedelta(hours=1)
    worker = WorkerHealth(Worker.ALARMS, START, START, failures=2)
    async with await Store.open(f"sqlite:///{tmp_path}/data/x.db", durable=False, clock=lambda: START) as store:
        file = tmp_path / "config.toml"
        file.write_text(CONFIG, "utf-8")
        config = load(file)
        monitoring = Monitoring(
            store,
            lambda: now,
            folder=tmp_path,
            is_ready=lambda: door.is_ready,
            workers=lambda: (worker,),
            look=lambda at: look(config, store, at, runs=True),
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
            for path in ("/metrics", "/readyz", "/status")
            for host in ("evil.example", "evil.example:1")
        ]
        assert wrong == [(421, "wrong host\n")] * 6
        assert [(await door.get("/healthz", host))[0] for host in ("localhost:9464", "127.0.0.1:1", "[::1]:1")] == [
            200
        ] * 3
        assert (await door.get("/"))[0] == 404
        door.is_ready = False
        assert await door.get("/readyz") == (503, "doors: failed\ndatabase: ok\n")
        door.is_ready = True
        (tmp_path / "data" / "x.db").rename(tmp_path / "data" / "away.db")
        assert await door.get("/readyz") == (503, "doors: ok\ndatabase: failed\n")
        assert [(await door.get(path))[0] for path in ("/metrics", "/status")] == [503] * 2
        assert (await door.get("/healthz"))[0] == 200


async def filled(door: Watched) -> str:
    """The page of a machine on which there is something of everything."""
    await door.store.incoming.keep([arrival(), arrival()])
    await door.store.submissions.settle(1, settled(submission()), outgoing=(letter(),))
    worker = WorkerHealth(Worker.SENDING, START, START, failures=2)
    await door.store.health.note_workers((worker,))
    unreachable = Alarm(AlarmKind.DESK_UNREACHABLE, "sato@city.example.jp", START, "kensetsu@kensetsu.example.jp 1件")
    await door.store.health.note_alarms(told=(), over=(), still=(unreachable,))
    return (await door.get("/status"))[1]


def rows(page: str) -> dict[str, list[str]]:
    """The cells of each table's row, by its head."""
    plain = [
        [html.unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    ]
    return {head: cells for head, *cells in plain}


async def test_the_page_tells_a_person_how_the_machine_stands_and_nothing_that_is_secret(tmp_path):
    async with watched(tmp_path) as door:
        page = await filled(door)
        told = rows(page)
        today = START.astimezone(JAPAN).date().isoformat()
        started = f"{START.astimezone(JAPAN):%Y-%m-%d %H:%M}"
        expected = {
            "処理待ちのメール": [f"1件（最も古いもの {started}）"],
            "送信待ち": [f"1件（最も古いもの {started}）"],
            "全て": [f"1件（最も古いもの {AT.astimezone(JAPAN):%Y-%m-%d %H:%M}）"],
            "うち受信から1日を過ぎたもの": ["0件"],
            today: ["2件", "一致"],
            "smtp": ["2件"],
            "メールの送信": [f"{started} （続けて2回失敗）"],
            "最も新しいバックアップ": ["（まだありません）"],
            "hosho-bot": [number()],
        }
        assert {head: told.get(head) for head in expected} == expected
        assert f"{AlarmKind.DESK_UNREACHABLE.words.title}（…@…）" in told
        assert "要確認" in page
        secret = (KEY.reveal(), "みほん建設", "kensetsu.example.jp", "市道", "sato@")
        assert [word for word in secret if word in page] == []
        assert re.findall(r"<th(?! scope=)[^e]", page) == []
        assert not re.search(
            r"<(?:a|img|script|link|iframe|form|input|object|base)\b|url\(|@import|https?:|\son\w+=", page
        )


async def test_the_page_is_only_read_and_its_policy_allows_its_own_style_alone(tmp_path):
    async with watched(tmp_path) as door:
        status, head, page = await door.ask("GET", "/status")
        style = page.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        assert (status, f"Content-Security-Policy: {policy}" in head, "no-store" in head) == (200, True, True)
        assert [(await door.ask("HEAD", "/status"))[::2]] == [(200, "")]
        assert [(await door.ask(method, "/status"))[0] for method in ("POST", "PUT", "DELETE")] == [405] * 3


@pytest.mark.parametrize(
    ("age", "counts"), [(0, [0, 0, 0, 0]), (2, [1, 0, 0, 0]), (8, [1, 1, 1, 0]), (31, [1, 1, 1, 1])]
)
async def test_open_work_is_counted_by_its_age(tmp_path, age, counts):
    async with watched(tmp_path) as door:
        await door.store.incoming.keep([arrival()])
        await door.store.submissions.settle(1, settled(submission()))
        told = await by_age(door.store, START + timedelta(days=age, hours=1))
        assert [count for _, count in told] == counts


@pytest.mark.process
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("options", [(), (DARK,)])
async def test_the_page_fits_its_window_in_light_and_dark(tmp_path, width, options):
    async with watched(tmp_path) as door:
        page = await filled(door)
    # A frame, since Chromium's own window has a least width; what is wider than it would be scrolled.
    asked = "document.title = [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
    inner = html.escape(page.replace("</body>", f"<script>parent.{asked}</script></body>"))
    outer = f'<body style="margin:0"><iframe width="{width}" height="3000" style="border:0" srcdoc="{inner}"></iframe>'
    title = html.unescape(
        re.search(
            r"<title>(.*?)</title>", (await asyncio.to_thread(run, outer, 1400, "--dump-dom", *options)).decode()
        )[1]
    )
    assert title == f"{width},{'rgb(20, 25, 31)' if options else 'rgb(255, 255, 255)'}"


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


async def test_the_last_canary_and_how_long_it_took_are_told(tmp_path):
    async with watched(tmp_path) as door:
        await door.store.canaries.begin("a-1")
        _, text = await door.get("/metrics")
        sent = next(line for line in text.splitlines() if line.startswith("hosho_canary_last_sent_seconds "))
        assert float(sent.split()[1]) == START.timestamp()
        assert "hosho_canary_last_back_seconds 0.0" in text
        stands = await look(load(tmp_path / "config.toml"), door.store, START, runs=True)
        assert "試験メール" not in as_page(stands, True, (), (), START)
        back = Canaries(START, is_back=True, back_at=START + timedelta(seconds=12), took=timedelta(seconds=12))
        page = as_page(replace(stands, canaries=back), True, (), (), START)
        assert re.search("最後に戻った試験メール</th><td>[^<]+（12秒）</td>", page)
        never = replace(stands, canaries=Canaries(START, is_back=False))
        assert "最後に戻った試験メール</th><td>（まだありません）</td>" in as_page(never, True, (), (), START)
