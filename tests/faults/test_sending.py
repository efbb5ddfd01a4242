"""The sender with a real store, a real client and relays in trouble: down for hours, and every fault that smtp-sink can make."""

from __future__ import annotations

import asyncio
import gc
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.records.outgoing_mail import OutboxState, OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.outbound.smtp_relay import SmtpRelay
from bot.workers.sender import Sender
from storage.store import Store, Vault
from tests.peers import free_port
from tests.storage.samples import Watch, letter

CONNECTIONS = 3
BATCH = 500
RSS_GROWTH_KIB = 40 * 1024
"""Far below what the mails themselves would take (10,000 of them 160 MiB)."""
LETTER_BYTES = 16 * 1024
SMTP_SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def store(tmp_path: Path, watch: Watch) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path}/private/store.db"
    async with await Store.open(url, vault=Vault.throwaway(), clock=watch) as opened:
        yield opened


def relays(port: int, count: int = CONNECTIONS) -> list[SmtpRelay]:
    return [SmtpRelay("127.0.0.1", port, tls="none", hostname="bot.example.jp", timeout_s=20.0) for _ in range(count)]


def a_letter(number: int) -> OutgoingMail:
    message_id = f"<{number}@city.example.jp>"
    body = f"Message-ID: {message_id}\r\nSubject: x\r\n\r\n".encode() + (b"x" * 70 + b"\r\n") * (LETTER_BYTES // 72)
    return letter(str(number), recipient=f"{number}@example.jp", message_id=message_id, content=body)


@contextmanager
def sink(port: int, file: Path) -> Iterator[None]:
    """A relay that takes all, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), str(port), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            process.kill()


def rss_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() // 1024


async def is_empty(store: Store) -> bool:
    return await store.outbox.next_due() is None


@pytest.mark.timeout(1800)
async def test_what_was_queued_while_the_relay_was_down_is_drained_in_order_with_flat_memory(
    store: Store, watch: Watch, tmp_path: Path, count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    mails, port, file = count(300, 10_000), free_port(), tmp_path / "sink.txt"
    for start in range(0, mails, BATCH):
        await store.outbox.enqueue([a_letter(number) for number in range(start, min(start + BATCH, mails))])
        watch.turn(seconds=1)
    sender = Sender(store, relays(port), watch)
    running = asyncio.create_task(sender.run())
    while (await store.outbox.get(1)).reason is not OutboxReason.RELAY_UNREACHABLE:
        pass
    watch.turn(hours=2)
    gc.collect()
    before = most = rss_kib()
    with sink(port, file):
        began = time.monotonic()
        while not await is_empty(store):
            await asyncio.wait([running], timeout=0.2)
            most = max(most, rss_kib())
        spent = time.monotonic() - began
        sender.stop()
        await running
    lines = [line.split() for line in file.read_text("ascii").splitlines()]
    order = [int(recipient.partition("@")[0]) for _, recipient, _ in lines]
    first = order.index(CONNECTIONS)  # those that had found the relay down are due a little later than they were
    untouched = [number for number in order if number >= CONNECTIONS]
    figure(
        f"relay down two hours with {mails:,} letters queued: drained in {spent:.0f} s ({mails / spent:.0f} a second), "
        f"RSS +{(most - before) / 1024:.0f} MiB, {max(int(line[2]) for line in lines)} connections at most"
    )
    assert sorted(order) == list(range(mails))
    assert max(abs(number - place) for place, number in enumerate(untouched, CONNECTIONS)) <= CONNECTIONS
    assert first <= CONNECTIONS
    assert {int(line[2]) for line in lines} <= set(range(1, CONNECTIONS + 1))
    assert most - before < RSS_GROWTH_KIB
    rows = await store.outbox.list_(limit=10)
    assert {(row.state, row.reason) for row in rows} == {(OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED)}


@contextmanager
def faulty(port: int, *options: str) -> Iterator[None]:
    """Postfix's smtp-sink with a fault."""
    if SMTP_SINK is None:
        pytest.skip("needs Postfix's smtp-sink")
    with subprocess.Popen([SMTP_SINK, "-u", "nobody", *options, f"127.0.0.1:{port}", "100"]) as process:
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except ConnectionRefusedError:
                    assert process.poll() is None
            yield
        finally:
            process.kill()


DEFERRED = (OutboxState.QUEUED, OutboxReason.RELAY_DEFERRED)
SENDER = (OutboxState.QUEUED, OutboxReason.RELAY_SENDER)
UNCLEAR = (OutboxState.QUEUED, OutboxReason.RELAY_UNCLEAR)
BLOCKED = (OutboxState.QUEUED, OutboxReason.RELAY_BLOCKED)
LOST = (OutboxState.QUEUED, OutboxReason.RELAY_UNREACHABLE)
UNKNOWN = (OutboxState.QUEUED, OutboxReason.OUTCOME_UNKNOWN)
SENT = (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED)
AGAIN = (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED_AGAIN)


@pytest.mark.postfix
@pytest.mark.parametrize(
    ("options", "first", "end"),
    [
        (("-r", "MAIL"), DEFERRED, SENT),
        (("-r", "RCPT"), DEFERRED, SENT),
        (("-r", "DATA"), DEFERRED, SENT),
        (("-r", "."), DEFERRED, SENT),
        (("-f", "MAIL"), SENDER, SENT),
        (("-f", "RCPT"), UNCLEAR, SENT),
        (("-f", "DATA"), UNCLEAR, SENT),
        (("-f", "."), UNCLEAR, SENT),
        (("-r", "CONNECT"), DEFERRED, SENT),
        (("-f", "EHLO"), BLOCKED, SENT),
        (("-q", "CONNECT"), LOST, SENT),
        (("-q", "RCPT"), LOST, SENT),
        (("-q", "DATA"), LOST, SENT),
        (("-q", "."), UNKNOWN, AGAIN),
        (("-Q", "MAIL"), DEFERRED, SENT),
        (("-Q", "."), DEFERRED, SENT),
        (("-W", ".:2"), SENT, SENT),
        (("-W", "CONNECT:2"), SENT, SENT),
    ],
    ids=lambda value: "".join(value) if value and isinstance(value[0], str) and value[0].startswith("-") else "",
)
async def test_every_fault_of_a_relay_ends_as_it_should(
    store: Store, watch: Watch, options: tuple[str, ...], first: object, end: object
) -> None:
    port = free_port()
    await store.outbox.enqueue([a_letter(1)])

    async def attempt() -> tuple[OutboxState, OutboxReason]:
        (connection,) = relays(port, 1)
        for claimed in await store.outbox.claim(tries_ours=True):
            await Sender(store, [connection], watch).send(claimed, connection)
        await connection.close()
        row = await store.outbox.get(1)
        return row.state, row.reason

    with faulty(port, *options):
        assert await attempt() == first
    watch.turn(hours=1)
    with faulty(port):
        assert await attempt() == end


async def test_two_daemons_senders_send_each_mail_once(
    store: Store, watch: Watch, tmp_path: Path, count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    mails, port, file = count(100, 2_000), free_port(), tmp_path / "sink.txt"
    await store.outbox.enqueue([a_letter(number) for number in range(mails)])
    url = f"sqlite:///{tmp_path}/private/store.db"
    async with await Store.open(url, vault=Vault.throwaway(), clock=watch) as second:
        with sink(port, file):
            senders = [Sender(one, relays(port), watch) for one in (store, second)]
            running = [asyncio.create_task(sender.run()) for sender in senders]
            while not await is_empty(store):
                await asyncio.wait(running, timeout=0.1)
            for sender in senders:
                sender.stop()
            await asyncio.gather(*running)
    ids = Counter(line.split()[0] for line in file.read_text("ascii").splitlines())
    figure(
        f"two senders on one store: {sum(ids.values())} mails sent of {mails}, {max(ids.values()) - 1} of them twice"
    )
    assert ids == Counter({f"<{number}@city.example.jp>": 1 for number in range(mails)})
