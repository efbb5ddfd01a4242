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
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib

from benchmarks import naive
from benchmarks.desk import Desk
from benchmarks.material import INBOX, Sample, as_files
from benchmarks.measuring import Laps, Probe, Side, Times

START_SECONDS = 30.0
STOP_SECONDS = 60.0
WAIT_SECONDS = 0.02
"""Between two looks whether the daemon listens; it prints nothing that one could wait for."""
_TICKS = os.sysconf("SC_CLK_TCK")
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
folder = "{folder}"
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
"""


@dataclass(frozen=True, slots=True)
class House:
    """A running daemon. `port`: where it takes mail."""

    pid: int
    port: int

    @property
    def pids(self) -> tuple[int, ...]:
        """The daemon, then its children and theirs."""
        return tuple(_with_children(self.pid))

    def resident_mib(self) -> tuple[float, ...]:
        """Resident memory of each process, in MiB; pages that they share are counted in each."""
        return tuple(_resident_kib(pid) / _KIB for pid in self.pids)

    def cpu_ms(self) -> float:
        """CPU time used so far by all of them."""
        return 1000 * sum(_cpu_ticks(pid) for pid in self.pids) / _TICKS


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        yield from _with_children(int(child))


def _resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _cpu_ticks(pid: int) -> int:
    # proc(5): utime, stime and those of children that have ended are the 14th field and the next three; the second, the name
    # in brackets, may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


@asynccontextmanager
async def house(desk: Desk) -> AsyncIterator[House]:
    """Start the daemon on a fresh copy of the register, and end it."""
    with desk.room() as room:
        port = _free_port()
        config = room / "config.toml"
        config.write_text(_CONFIG.format(inbox=INBOX, folder=room, port=port, relay=desk.sink.port), "utf-8")
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


async def _client(port: int, samples: Sequence[Sample]) -> None:
    """One connection, one mail after the other."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for sample in samples:
            await client.sendmail(sample.sender, [INBOX], sample.content)


# -- the whole way


def whole_way(desk: Desk, clients: int) -> list[tuple[Side, Probe]]:
    """From the first client's connection to the last letter at the relay, a mail. The naive script has them in a folder."""
    row, cpu = f"house: SMTP in to letter out, {clients} at once", f"house: CPU time, {clients} at once"
    mails = len(desk.samples)

    async def ours() -> Times:
        laps = Laps()
        async with house(desk) as running:
            used = running.cpu_ms()
            with laps(row, of=mails):
                shares = [desk.samples[place::clients] for place in range(clients)]
                await asyncio.gather(*(_client(running.port, share) for share in shares if share))
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
                    await _client(running.port, [sample])
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


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident MiB of the daemon and of each child: idle, and after all mails of the bench."""

    idle: tuple[float, ...]
    after: tuple[float, ...]


async def memory(desk: Desk) -> Memory:
    """Start a house, look, give it all mails, look again."""
    async with house(desk) as running:
        idle = running.resident_mib()
        await _client(running.port, desk.samples)
        await desk.sink.wait_for(len(desk.samples))
        return Memory(idle, running.resident_mib())
