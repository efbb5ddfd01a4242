"""The daemon as a process, and the world around it: a relay that takes its mail, and clients that send to it."""

from __future__ import annotations

import json
import os
import queue
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.peers import free_port

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ROOT / "tests" / "corpus" / "papers"
INBOX = "hosho@city.example.jp"
DESK = "keiyaku@city.example.jp"
PATIENCE_SECONDS = 100  # a claimed mail is due again a minute after a crash


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of the daemon's as the relay got it."""

    reverse_path: str
    recipient: str
    mail: Message

    @property
    def text(self) -> str:
        """The body in characters."""
        return self.mail.get_payload(decode=True).decode("utf-8")

    @property
    def subject(self) -> str:
        """The subject in characters."""
        from email.header import decode_header, make_header  # noqa: PLC0415 - only here

        return str(make_header(decode_header(str(self.mail["Subject"]))))


@dataclass
class Relay:
    """An SMTP sink. `refuse`: recipients that get 550. Letters come out in the order of their arrival."""

    letters: queue.Queue[Letter] = field(default_factory=queue.Queue)
    refuse: set[str] = field(default_factory=set)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        (recipient,) = envelope.rcpt_tos
        sender = "" if envelope.mail_from in {None, "<>"} else envelope.mail_from
        self.letters.put(Letter(sender, recipient, BytesParser().parsebytes(envelope.content)))
        return "250 ok"

    def take(self, count: int) -> list[Letter]:
        """The next so many letters, by recipient."""
        return sorted(
            (self.letters.get(timeout=PATIENCE_SECONDS) for _ in range(count)), key=lambda letter: letter.recipient
        )

    def is_quiet(self) -> bool:
        """Whether nothing more came."""
        return self.letters.empty()


@pytest.fixture
def relay() -> Iterator[Relay]:
    sink = Relay()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()


@dataclass
class Daemon:
    """`serve` in a process, with a folder of its own. `command` runs another command on the same settings."""

    folder: Path
    config: Path
    smtp_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        environment = os.environ | {"HOSHO_TICK_SECONDS": "1"}
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve", "--config", str(self.config)],
                stderr=log,
                env=environment,
                cwd=self.folder,
            )
        wait_until(lambda: self.process.poll() is not None or answers(self.smtp_port))
        assert self.process.poll() is None, self.log()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def log(self) -> str:
        """What it logged."""
        return (self.folder / "log.txt").read_text("utf-8")

    def command(self, *arguments: str, code: int = 0) -> str:
        """Another command; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments, "--config", str(self.config)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rows(self, *arguments: str) -> list[dict[str, object]]:
        """Another command's JSON lines."""
        return [json.loads(line) for line in self.command(*arguments, "--json").splitlines()]

    def send(self, mail: EmailMessage | bytes, *, mail_from: str | None = None) -> None:
        """Mail something to the inbox by SMTP."""
        content = mail if isinstance(mail, bytes) else mail.as_bytes()
        sender = mail_from if mail_from is not None else str(mail["From"])
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
            client.sendmail(sender, [INBOX], content)


def answers(port: int) -> bool:
    """Whether an SMTP server greets on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        return connection.recv(3) == b"220"
    return False


def wait_until(condition: Callable[[], object]) -> None:
    """Look again and again until it is so; the peers are processes, which tell nobody."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        with suppress(OSError):
            socket.create_server(("127.0.0.1", 0)).close()


CONFIG = """
[office]
city = "見本市"
department = "契約課"
phone = "000-000-0000"

[mail]
inboxes = ["{inbox}"]

[storage]
folder = "data"
{storage}

[smtp]
enabled = true
port = {port}

[outgoing]
method = "smtp"
host = "127.0.0.1"
port = {relay}
tls = "none"

[issued]
enabled = true

[[desks]]
name = "契約課"
address = "{desk}"
"""


@pytest.fixture
def daemon(tmp_path: Path, relay: Relay) -> Iterator[Callable[..., Daemon]]:
    """A maker of daemons: `daemon(extra="...TOML...", register="...CSV...")` imports, starts and gives it."""
    made: list[Daemon] = []

    def make(*, extra: str = "", storage: str = "", register: str = "", start: bool = True) -> Daemon:
        port = free_port()
        config = tmp_path / "config.toml"
        text = CONFIG.format(inbox=INBOX, port=port, relay=relay.port, desk=DESK, storage=storage)
        config.write_text(text + extra, "utf-8")
        one = Daemon(tmp_path, config, port)
        made.append(one)
        if register:
            (tmp_path / "register.csv").write_text(register, "utf-8-sig")
            one.command("register", "import", str(tmp_path / "register.csv"))
        if start:
            one.start()
        return one

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.kill()


def notice(name: str, number: int = 0) -> dict[str, str]:
    """What a paper of the corpus says."""
    return json.loads((PAPERS / f"{name}.expected.json").read_text("utf-8"))["notices"][number]


PRODUCTS = {"advance_payment": "前払金保証", "interim_payment": "中間前払金保証", "contract": "契約保証"}


def register_of(*names: str, keys: bool = False) -> str:
    """A register that knows the papers' guarantees."""
    lines = ["保証契約番号,商品(保証区分),工事名,受注者名,認証キー"]
    for name in names:
        fields = notice(name)
        key = fields["auth_key"] if keys else ""
        row = [fields["number"], PRODUCTS[fields["product"]], fields["project_name"], fields["contractor"], key]
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def mail_with(
    *names: str, sender: str = "tanto@kensetsu.example.jp", message_id: str = "a@kensetsu.example.jp"
) -> EmailMessage:
    """A contractor's mail with papers of the corpus."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = INBOX
    mail["Subject"] = "認証キーのお知らせの送付"
    mail["Message-ID"] = f"<{message_id}>"
    mail.set_content("お世話になっております。認証キーのお知らせを添付します。\n")
    for name in names:
        content = (PAPERS / f"{name}.pdf").read_bytes()
        mail.add_attachment(content, maintype="application", subtype="pdf", filename="認証キーのお知らせ.pdf")
    return mail
