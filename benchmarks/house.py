"""The whole house: the daemon as a process, mails by SMTP in, letters by SMTP out; its memory.

Run by __main__.py. Linux only, as the daemon: memory and CPU time come from /proc. Raises RuntimeError when the daemon does
not start or stop, TimeoutError when letters stay away.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib

from benchmarks import naive
from benchmarks.desk import Desk
from benchmarks.material import INBOX, Sample, as_files
from benchmarks.measuring import Laps, Probe, Side, Times, cpu_seconds, with_children
from bot.documents.pool.fork_server import IDLE_SECONDS

START_SECONDS = 120.0  # a very busy machine needs most of it
STOP_SECONDS = 60.0
WAIT_SECONDS = 0.02
"""Between two looks whether the daemon listens; it prints nothing that one could wait for."""
_KIB = 1024

_CONFIG = """
[office]
city = "見本市"
[mail]
inboxes = ["{inbox}"]
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
[storage]
{storage}
[smtp]
enabled = true
port = {port}
[outgoing]
method = "smtp"
host = "127.0.0.1"
port = {relay}
tls = "none"
[replies]
delay_seconds = 0
per_domain_per_hour = 10000
per_domain_per_day = 10000
in_all_per_hour = 10000
in_all_per_day = 10000
[pictures]
recognise = {sees}
"""
COMPARING = ", look and text compared"
"""Ends the names of the rows with the recogniser."""
WARM_MAILS = 6
"""So many go through each house before a clock starts: what is loaded and compiled with the first ones is no cost of a mail."""
STILL_SECONDS = 0.5
"""Without work for so long a house that has been idle has nothing left to prepare."""
A_SECOND = 20
"""The even rate at which the time from 250 to the letter is taken."""


@dataclass(frozen=True, slots=True)
class House:
    """A running daemon. `port`: where it takes mail."""

    pid: int
    port: int

    @property
    def pids(self) -> tuple[int, ...]:
        """The daemon, then its children and theirs."""
        return tuple(with_children(self.pid))

    def resident_mib(self) -> tuple[float, ...]:
        """Resident memory of each process, in MiB; pages that they share are counted in each."""
        return tuple(_resident_kib(pid) / _KIB for pid in self.pids)

    def cpu_ms(self) -> float:
        """CPU time used so far by all of them."""
        return 1000 * sum(map(cpu_seconds, self.pids))


def _resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@asynccontextmanager
async def house(desk: Desk, *, sees: bool = False, is_warm: bool = True) -> AsyncIterator[House]:
    """Start the daemon on a fresh copy of the register, and end it. `sees`: with the recogniser; `is_warm`: it has had mails, and
    then a quiet moment in which its processes prepare for more.
    """
    with desk.room() as room:
        async with daemon_of(room, desk.sink.port, storage=f'folder = "{room}"', sees=sees) as running:
            if is_warm:
                await send(running.port, desk.warming[:WARM_MAILS])
                await desk.sink.wait_for(len(desk.warming[:WARM_MAILS]))
                await _prepared(running)
            yield running


@asynccontextmanager
async def daemon_of(room: Path, relay: int, *, storage: str, sees: bool = False) -> AsyncIterator[House]:
    """Start a daemon that has its settings in this folder, and end it. `relay`: the port; `storage`: the settings' section."""
    port = _free_port()
    config = room / "config.toml"
    words = _CONFIG.format(inbox=INBOX, storage=storage, port=port, relay=relay, sees="true" if sees else "false")
    config.write_text(words, "utf-8")
    with tempfile.TemporaryFile() as log:
        command = (sys.executable, "-m", "bot", "serve", "--config", str(config))
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        try:
            await _listening(port, process)
            await _warm(log.fileno(), process)
            yield House(process.pid, port)
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))  # what the daemon said about it
            raise
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RuntimeError("the daemon did not stop when it was told to") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait for the greeting."""
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False):
                    return
            except aiosmtplib.SMTPConnectError:
                await asyncio.sleep(WAIT_SECONDS)
    raise RuntimeError(f"the daemon ended with exit code {process.returncode} instead of listening")


async def _warm(log: int, process: asyncio.subprocess.Process) -> None:
    """Wait until the daemon's log says that its children are there: they start behind the open door."""
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            if b"without waiting for a process" in os.pread(log, 2**20, 0):
                return
            await asyncio.sleep(WAIT_SECONDS)
    raise RuntimeError(f"the daemon ended with exit code {process.returncode} while it started")


async def _prepared(running: House) -> None:
    """Wait until its processes have done what they do for later mails when nothing is asked of them."""
    await asyncio.sleep(IDLE_SECONDS)
    used = -1.0
    async with asyncio.timeout(START_SECONDS):
        while used != (used := running.cpu_ms()):  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(STILL_SECONDS)


async def send(port: int, samples: Sequence[Sample]) -> None:
    """One connection, one mail after the other."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for sample in samples:
            await client.sendmail(sample.sender, [INBOX], sample.content)


# -- the whole way


def whole_way(desk: Desk, clients: int, *, sees: bool = False) -> list[tuple[Side, Probe]]:
    """From the first client's connection to the last letter at the relay, a mail. The naive script has them in a folder."""
    kind = f"{clients} at once{COMPARING if sees else ''}"
    row, cpu = f"house: SMTP in to letter out, {kind}", f"house: CPU time, {kind}"
    mails = len(desk.samples)

    async def ours() -> Times:
        laps = Laps()
        async with house(desk, sees=sees) as running:
            used = running.cpu_ms()
            with laps(row, of=mails):
                shares = [desk.samples[place::clients] for place in range(clients)]
                await asyncio.gather(*(send(running.port, share) for share in shares if share))
                await desk.sink.wait_for(mails)
            return {**laps.times, cpu: (running.cpu_ms() - used) / mails}

    async def theirs() -> Times:
        laps = Laps()
        with desk.ledger() as ledger, as_files(desk.samples) as folder:
            used = time.process_time()
            with laps(row, of=mails):
                for file in sorted(folder.iterdir()):
                    naive.handle(file.read_bytes(), ledger, desk.sink.port)
            used = 1000 * (time.process_time() - used)
        await desk.sink.wait_for(mails)
        return {**laps.times, cpu: used / mails}

    return [(Side.OURS, ours), (Side.NAIVE, theirs)]


def alone(desk: Desk, mails: int) -> list[tuple[Side, Probe]]:
    """A mail to an idle house, until its letter is at the relay; then the next."""
    row = "house: one mail alone, until its letter is out"

    async def ours() -> Times:
        laps = Laps()
        async with house(desk) as running:
            for sample in desk.samples[:mails]:
                with laps(row):
                    await send(running.port, [sample])
                    await desk.sink.wait_for(1)
        return laps.times

    async def theirs() -> Times:
        laps = Laps()
        with desk.ledger() as ledger:
            for sample in desk.samples[:mails]:
                with laps(row):
                    naive.handle(sample.content, ledger, desk.sink.port)
                await desk.sink.wait_for(1)
        return laps.times

    return [(Side.OURS, ours), (Side.NAIVE, theirs)]


def evenly(desk: Desk) -> list[tuple[Side, Probe]]:
    """From the door's 250 to the letter at the relay, mails at an even rate, each over a connection of its own."""
    rows = {f"house: 250 to letter, {A_SECOND} a second, {name}": part for name, part in (("p50", 0.5), ("p99", 0.99))}

    async def ours() -> Times:
        taken: dict[str, float] = {}
        left: dict[str, float] = {}

        async def note() -> None:
            for _ in desk.samples:
                left[await desk.sink.recipient()] = time.perf_counter()

        async def hand_in(place: int, sample: Sample) -> None:
            await asyncio.sleep(place / A_SECOND)
            await send(running.port, [sample])
            taken[sample.sender] = time.perf_counter()

        async with house(desk) as running, asyncio.TaskGroup() as group:
            group.create_task(note())
            for place, sample in enumerate(desk.samples):
                group.create_task(hand_in(place, sample))
        seconds = sorted(left[sender] - at for sender, at in taken.items())
        return {row: 1000 * seconds[min(int(len(seconds) * part), len(seconds) - 1)] for row, part in rows.items()}

    return [(Side.OURS, ours)]


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident MiB of the daemon and of each child: idle, and after all mails of the bench."""

    idle: tuple[float, ...]
    after: tuple[float, ...]


async def memory(desk: Desk, *, sees: bool = False) -> Memory:
    """Start a house, look, give it all mails, look again."""
    async with house(desk, sees=sees, is_warm=False) as running:
        idle = running.resident_mib()
        await send(running.port, desk.samples)
        await desk.sink.wait_for(len(desk.samples))
        return Memory(idle, running.resident_mib())
