"""The daemon as a process, and the world around it: a relay that takes its mail, and clients that send to it.

Both remember what happened (what was answered 250, every copy that left, how much memory it took), so that
tests/faults/invariants.py can compare it with what is in the store after each test.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import re
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.core.records.envelope import digest, identity
from tests import warm
from tests.patience import PATIENCE_SECONDS

INBOX = "hosho@city.example.jp"
DESK = "keiyaku@city.example.jp"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of the daemon's as the relay got it. `life`: the relay's count of lives when its client said EHLO."""

    reverse_path: str
    recipient: str
    mail: Message
    raw: bytes = b""
    life: int = 0

    @property
    def text(self) -> str:
        """The words in characters; pictures go beside them."""
        words = next(part for part in self.mail.walk() if part.get_content_type() == "text/plain")
        return words.get_payload(decode=True).decode("utf-8")

    @property
    def subject(self) -> str:
        """The subject in characters."""
        return str(make_header(decode_header(str(self.mail["Subject"]))))

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"])


@dataclass
class Relay:
    """An SMTP sink. Letters come out in the order of their arrival; `copies` keeps every one for the invariants.

    `refuse`: recipients that get 550. `reply_seconds`: what passes between the dot and the reply.
    `doubles_allowed`: Message-IDs of which a second copy is right, because the test opened the window "dot sent, reply unseen".
    `life`: counted up by a test that starts the daemon again, so that each copy tells which life sent it.
    """

    letters: queue.Queue[Letter] = field(default_factory=queue.Queue)
    refuse: set[str] = field(default_factory=set)
    port: int = 0
    copies: list[Letter] = field(default_factory=list)
    reply_seconds: float = 0.0
    doubles_allowed: set[str] = field(default_factory=set)
    life: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        session.life = self.life
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        (recipient,) = envelope.rcpt_tos
        sender = "" if envelope.mail_from in {None, "<>"} else envelope.mail_from
        content = envelope.content
        letter = Letter(sender, recipient, BytesParser().parsebytes(content), content, session.life)
        self.copies.append(letter)
        self.letters.put(letter)
        if self.reply_seconds:
            await asyncio.sleep(self.reply_seconds)
        return "250 ok"

    def take(self, count: int) -> list[Letter]:
        """The next so many letters, by recipient."""
        return sorted(
            (self.letters.get(timeout=PATIENCE_SECONDS) for _ in range(count)), key=lambda letter: letter.recipient
        )

    def is_quiet(self) -> bool:
        """Whether nothing more came."""
        return self.letters.empty()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A mail that a client saw taken: it may never be missing again."""

    digest: str
    identity: str


@dataclass
class Measured:
    """What the daemon's processes were seen to take, over all its lives. Sizes in KiB."""

    daemon_kib: int = 0
    children_kib: int = 0
    descriptors_at_start: int = 0
    recoveries: list[float] = field(default_factory=list)  # seconds from start after a kill to the first greeting


@dataclass
class Daemon:
    """`serve` in a process, with a folder of its own. `command` runs another command on the same settings.

    `environment` is laid over ours at each start. `is_anew`: started from nothing, as an operator does, not forked (tests/warm.py). `unchecked`: why the invariants can't be asked of its store, if a test took
    that away for good. `not_secret`: keys that a test put where no key belongs, say into an address.
    """

    folder: Path
    config: Path
    smtp_port: int
    inbox: str = INBOX
    process: warm.Forked | subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    measured: Measured = field(default_factory=Measured)
    unchecked: str = ""
    not_secret: set[str] = field(default_factory=set)
    is_anew: bool = False
    _killed: bool = False
    _systemd: socket.socket | None = None

    def start(self) -> None:
        """Start, and wait until it says that it is ready, as systemd does: all its doors are open (sd_notify(3))."""
        began = time.monotonic()
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind("")  # an abstract name that the kernel chooses (unix(7))
        self._systemd.setblocking(False)
        name = self._systemd.getsockname()[1:].decode()
        environment = os.environ | {"HOSHO_TICK_SECONDS": "1", "TMPDIR": str(temporary), "NOTIFY_SOCKET": f"@{name}"}
        self._start(environment | self.environment)
        wait_until(lambda: self.process.poll() is not None or self.told_systemd("READY=1"))
        assert self.process.poll() is None, self.log()
        if self._killed:
            self.measured.recoveries.append(time.monotonic() - began)
        self._killed = False
        self.measured.descriptors_at_start = self.descriptors()

    def told_systemd(self, word: str) -> bool:
        """Whether the daemon has told systemd so since this was last asked."""
        told: list[str] = []
        with suppress(BlockingIOError):
            while True:
                told.append(self._systemd.recv(1000).decode())
        return any(word in one.splitlines() for one in told)

    def _start(self, environment: dict[str, str]) -> None:
        serve = ["serve", "--config", str(self.config)]
        if self.is_anew or "LD_PRELOAD" in environment:  # a library is loaded at an exec
            with (self.folder / "log.txt").open("ab") as log:
                program = [sys.executable, "-m", "bot", *serve]
                self.process = subprocess.Popen(program, stderr=log, env=environment, cwd=self.folder)
        else:
            self.process = warm.start(serve, folder=self.folder, errors=self.folder / "log.txt", env=environment)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.measure()
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """As a power cut would."""
        self.measure()
        self._killed = True
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def wait_for_crash(self, expected: int = 137) -> None:
        """Until it has ended at the crash point that its environment names."""
        code = self.process.wait(PATIENCE_SECONDS)
        assert code == expected, f"it ended by itself, {code}: {self.log()}"
        self._killed = True

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def measure(self) -> None:
        """Note what its processes take, at most, so far."""
        if self.is_running:
            self.measured.daemon_kib = max(self.measured.daemon_kib, peak_kib(self.process.pid))
            children = sum(peak_kib(child) for child in children_of(self.process.pid))
            self.measured.children_kib = max(self.measured.children_kib, children)

    def descriptors(self) -> int:
        """How many files, pipes and sockets it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def log(self) -> str:
        """What it logged."""
        return (self.folder / "log.txt").read_text("utf-8")

    def command(self, *arguments: str, code: int = 0) -> str:
        """Another command; its output."""
        done = warm.call([*arguments, "--config", self.config], folder=self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        """Another command's JSON lines."""
        return [json.loads(line) for line in self.command(*arguments, "--json").splitlines()]

    def send(self, mail: EmailMessage | bytes, *, mail_from: str | None = None) -> None:
        """Mail something to the inbox by SMTP. Raises what smtplib raises unless it was answered 250."""
        content = wire_bytes(mail)
        sender = mail_from if mail_from is not None else str(mail["From"])
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE_SECONDS) as client:
            self.send_on(client, content, mail_from=sender)

    def send_on(self, client: smtplib.SMTP, content: bytes, *, mail_from: str, recipients: Sequence[str] = ()) -> None:
        """One mail on an open connection, SMTP or LMTP; a mail is acknowledged when every recipient got 250."""
        send_data(client, content, mail_from=mail_from, recipients=recipients or (self.inbox,))
        self.must_keep(content)

    def must_keep(self, content: bytes) -> None:
        """From now on this mail must be in the store: a client saw 250, or a mailbox or folder has handed it over."""
        self.acknowledged.append(Acknowledged(digest(content), identity(content)))


def wire_bytes(mail: EmailMessage | bytes) -> bytes:
    """A mail as clients send it: lines end with CRLF. Bytes that have some CRLF are sent as they are."""
    content = mail if isinstance(mail, bytes) else mail.as_bytes()
    return content if b"\r\n" in content else content.replace(b"\n", b"\r\n")


def send_data(client: smtplib.SMTP, content: bytes, *, mail_from: str, recipients: Sequence[str]) -> None:
    """MAIL, RCPT, DATA, as RFC 5321 has it: smtplib's own doubles dots after bare line ends too. One reply each in LMTP."""
    client.ehlo_or_helo_if_needed()
    _expect(client.mail(mail_from), 250)
    for recipient in recipients:
        _expect(client.rcpt(recipient), 250)
    _expect(client.docmd("DATA"), 354)
    stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", content)
    client.send(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"))
    for _ in recipients if isinstance(client, smtplib.LMTP) else recipients[:1]:
        _expect(client.getreply(), 250)


def _expect(reply: tuple[int, bytes], code: int) -> None:
    if reply[0] == -1:
        raise smtplib.SMTPServerDisconnected("it hung up")
    if reply[0] != code:
        raise smtplib.SMTPResponseException(*reply)


class Stopwatch:
    """Seconds since it was made, without those in which a process, or this one, was ready and others had the processors."""

    def __init__(self, pid: int) -> None:
        self._pids = (pid, os.getpid())
        self._queued, self._began = self._seconds_queued(), time.monotonic()

    def __call__(self) -> float:
        return max(time.monotonic() - self._began - (self._seconds_queued() - self._queued), 0.0)

    def _seconds_queued(self) -> float:
        return sum(map(queued_seconds, self._pids))


def queued_seconds(pid: int) -> float:
    """So long the process's main thread has waited for a processor, by the kernel's own account."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9
    return 0.0


def peak_kib(pid: int) -> int:
    """The most memory that the process ever had resident, in KiB; 0 when it has gone."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
        if found := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
            return int(found[1])
    return 0


def children_of(pid: int) -> list[int]:
    """The processes that it started, and theirs: the one for pictures is a child of the one for text."""
    with suppress(OSError):
        own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
        return [one for child in own for one in (child, *children_of(child))]
    return []


def answers(port: int) -> bool:
    """Whether an SMTP server greets on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        return connection.recv(3) == b"220"
    return False


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until it is so; the peers are processes, which tell nobody.

    A look that takes long, as one by a command does, is followed by a rest as long: what is waited for needs the processor too.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        assert now < deadline, "it did not come to pass"
        time.sleep(max(0.02, now - began))
