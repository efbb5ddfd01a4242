"""Real peers on loopback, each from a private folder and on high ports: a Dovecot mailbox, a Postfix relay. More in imap_peers.py.

Given by the fixtures in tests/conftest.py. Both need the Debian packages and root (they change to their own users); without
either the tests that need them are skipped, with the reason.
"""

from __future__ import annotations

import asyncio
import imaplib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.patience import PATIENCE_SECONDS

_FIRST_PORT, _LAST_PORT = 10_000, 32_000
"""Linux gives clients ports from 32,768 on (ip_local_port_range)."""
_PORTS_A_PROCESS = 1_009
_taken = itertools.count()


def missing(*programs: str) -> str:
    """Why these can't be started here; "" when they can."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    absent = [program for program in programs if not shutil.which(program, path=path)]
    if absent:
        return f"not installed: {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "needs root"


def run_quietly(*command: str | Path, env: Mapping[str, str] | None = None) -> None:
    """Run to its end. No pipes: a daemon that it leaves behind would hold them open, and we would wait for that one."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, timeout=PATIENCE_SECONDS, env=env, **quiet)


def let_in(folder: Path, user: str, *names: str) -> None:
    """Make folders of a peer's own user, and let the peer through to them."""
    for name in names:
        (folder / name).mkdir()
        shutil.chown(folder / name, user)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel gives to clients: none of them takes it before its server does.

    Each process of the tests begins elsewhere, so that no two are given one port between the look and its use.
    """
    while True:
        port = _FIRST_PORT + (os.getpid() * _PORTS_A_PROCESS + next(_taken)) % (_LAST_PORT - _FIRST_PORT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_for_greeting(port: int) -> None:
    """Until the peer speaks: listening is not enough, its workers may not be up."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                if client.recv(1):
                    return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for localhost and 127.0.0.1, made by openssl."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext {names}"
    run_quietly(*command.split(), "-keyout", key, "-out", certificate)
    return certificate, key


class ImapPeer:
    """An IMAP server with one account; what a person's mail program does to its mailbox."""

    user = "city"
    password = "pw"
    imap_port: int

    def start(self) -> None:
        """Returns when it speaks."""

    def stop(self) -> None:
        """Returns when it has gone."""

    @contextmanager
    def client(self, mailbox: str = "INBOX", user: str = "") -> Iterator[imaplib.IMAP4]:
        """Another mail program, logged in, with the mailbox (a wire name; "": none) selected."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=PATIENCE_SECONDS) as client:
            client.login(user or self.user, self.password)
            if mailbox:
                client.select(mailbox)
            yield client

    def append(self, content: bytes, mailbox: str = "INBOX") -> None:
        """Put a mail into the mailbox (a wire name), as a client does."""
        with self.client("") as client:  # and no SELECT, which would take \\Recent away
            status, answer = client.append(mailbox, "", "", content)
            assert status == "OK", answer

    def deliver(self, *contents: bytes) -> None:
        """Put mails into INBOX."""
        with self.client("") as client:
            for content in contents:
                status, answer = client.append("INBOX", "", "", content)
                assert status == "OK", answer

    def expunge(self, *message_ids: bytes) -> None:
        """Delete mails in a session of another mail program."""
        with self.client() as client:
            for message_id in message_ids:
                _, (found,) = client.search(None, "HEADER", "Message-ID", message_id.decode())
                client.store(found.decode(), "+FLAGS", "\\Deleted")
            client.expunge()

    def take_by_pop3(self, message_id: bytes) -> None:
        """Delete a mail as a POP3 program does that fetches it."""
        self.expunge(message_id)

    def recreate(self, *contents: bytes) -> None:
        """Remove INBOX and make it anew with these mails."""
        raise NotImplementedError

    def flags(self, mailbox: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """UID → flags, as a second client sees them without touching them."""
        with self.client("") as client:
            client.select(mailbox, readonly=True)
            _, answers = client.uid("FETCH", "1:*", "(FLAGS)")
        lines = [answer for answer in answers if isinstance(answer, bytes)]
        return {int(_UID_IN.search(line)[1]): imaplib.ParseFlags(line) for line in lines}  # type: ignore[index]


_UID_IN = re.compile(rb"UID (\d+)")


class MaildirPeer(ImapPeer):
    """One whose INBOX is a Maildir: what other programs do to it, they do to files."""

    maildir: Path
    owner = "root"
    _delivered = 0

    def deliver(self, *contents: bytes) -> None:
        """As a delivery agent does; with bare line ends, as they are stored on Unix."""
        for folder in ("", "cur", "new", "tmp"):
            if not (self.maildir / folder).exists():
                (self.maildir / folder).mkdir(parents=True)
                shutil.chown(self.maildir / folder, self.owner)
        for content in contents:
            self._delivered += 1
            name = f"{1_700_000_000 + self._delivered}.M{self._delivered}.test"
            path = self.maildir / "tmp" / name
            path.write_bytes(content.replace(b"\r\n", b"\n"))
            shutil.chown(path, self.owner)
            path.rename(self.maildir / "new" / name)

    def take_by_pop3(self, message_id: bytes) -> None:
        """POP3 servers of Maildirs unlink the file."""
        files = [path for folder in ("cur", "new") for path in (self.maildir / folder).iterdir()]
        (file,) = [path for path in files if message_id in path.read_bytes()]
        file.unlink()

    def recreate(self, *contents: bytes) -> None:
        """A UIDVALIDITY is the time in seconds: let that be another one."""
        shutil.rmtree(self.maildir)
        time.sleep(1.1 - time.time() % 1)
        self.deliver(*contents)


class Dovecot(MaildirPeer):
    """An IMAP server with one account, an empty INBOX and TLS offered by STARTTLS and on its own port.

    `certificate`: self-made, for localhost and 127.0.0.1. `maildir`: where INBOX lies.
    """

    owner = "mail"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imap_port = free_port()
        self.imaps_port = free_port()
        self.maildir = folder / "mail" / self.user / "Maildir"
        self.certificate, key = self_signed(folder)
        self._config = folder / "dovecot.conf"
        self._config.write_text(_DOVECOT.format(d=folder, s=self, key=key), "utf-8")
        for name in ("run", "state"):
            (folder / name).mkdir()
        let_in(folder, "mail", "mail", f"mail/{self.user}")

    def start(self) -> None:
        run_quietly("/usr/sbin/dovecot", "-c", self._config)
        wait_for_greeting(self.imap_port)

    def stop(self) -> None:
        """Returns when the master has gone."""
        pid_file = self.folder / "run" / "master.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text("ascii"))
        os.kill(pid, signal.SIGTERM)  # what `doveadm stop` does, without its second of waiting
        wait_for_the_end(pid)


_DOVECOT = """\
base_dir = {d}/run
state_dir = {d}/state
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{s.certificate}
ssl_key = <{key}
disable_plaintext_auth = no
log_path = {d}/log
mail_location = maildir:{d}/mail/%u/Maildir
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password={s.password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={d}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {s.imap_port}
  }}
  inet_listener imaps {{
    port = {s.imaps_port}
    ssl = yes
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Postfix:
    """A relay: takes any mail from this machine on `smtp_port` and hands it to where `deliver_to` points."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.smtp_port = free_port()
        self._config = folder / "conf"
        for name in ("conf", "spool"):
            (folder / name).mkdir()
        let_in(folder, "postfix", "data")
        (self._config / "main.cf").write_text(_POSTFIX.format(d=folder), "utf-8")
        services = [line.format(port=self.smtp_port) for line in _POSTFIX_SERVICES]
        (self._config / "master.cf").write_text("\n".join(services) + "\n", "utf-8")

    def start(self) -> None:
        self._run("postfix", "start")
        wait_for_greeting(self.smtp_port)

    def stop(self) -> None:
        """Returns when the master has gone."""
        pid_file = self.folder / "spool" / "pid" / "master.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text("ascii"))
        self._run("postfix", "stop")
        wait_for_the_end(pid)

    def deliver_to(self, port: int, *, protocol: str = "smtp") -> None:
        """Hand everything to 127.0.0.1:port by `smtp` or `lmtp`."""
        next_hop = f"inet:127.0.0.1:{port}" if protocol == "lmtp" else f"[127.0.0.1]:{port}"
        self.set(f"default_transport = {protocol}:{next_hop}")

    def set(self, *parameters: str) -> None:
        """`name = value` each, as in main.cf. Returns when no process with the old values takes a mail.

        `postfix reload` only sends the signal: until the master has seen it, an idle smtpd serves a client by the old values.
        """
        self._run("postconf", "-e", *parameters)
        master = int((self.folder / "spool" / "pid" / "master.pid").read_text("ascii"))
        old = Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split()
        self._run("postfix", "reload")
        for pid in old:
            wait_for_the_end(int(pid))

    def queue(self) -> list[str]:
        """Queue files that wait, as paths in the spool."""
        spool = self.folder / "spool"
        return sorted(
            str(path.relative_to(spool))
            for name in ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")
            for path in (spool / name).rglob("*")
            if path.is_file()
        )

    async def until_empty(self) -> None:
        """Wait until no queue file is left: cleanup(8) takes away those of a session that was given up only after its end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.to_thread(self.queue):  # noqa: ASYNC110  # another program's files: nobody tells us
                await asyncio.sleep(0.05)

    def flush(self) -> None:
        """Try everything again now."""
        self._run("postqueue", "-f")

    @property
    def log(self) -> str:
        path = self.folder / "mail.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _run(self, program: str, *args: str) -> None:
        run_quietly(f"/usr/sbin/{program}", "-c", self._config, *args)


_POSTFIX = """\
compatibility_level = 3.6
queue_directory = {d}/spool
data_directory = {d}/data
maillog_file = {d}/mail.log
maillog_file_prefixes = {d}
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example.jp
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions =
smtpd_peername_lookup = no
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
message_size_limit = 52428800
mailbox_size_limit = 0
in_flow_delay = 0
alias_maps =
alias_database =
"""

_POSTFIX_SERVICES = (
    "127.0.0.1:{port} inet n - n - - smtpd",
    "pickup unix n - n 60 1 pickup",
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "verify unix - - n - 1 verify",
    "flush unix n - n 1000? 0 flush",
    "proxymap unix - - n - - proxymap",
    "smtp unix - - n - - smtp",
    "relay unix - - n - - smtp",
    "showq unix n - n - - showq",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "discard unix - - n - - discard",
    "lmtp unix - - n - - lmtp",
    "anvil unix - - n - 1 anvil",
    "scache unix - - n - 1 scache",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "postlog unix-dgram n - n - 1 postlogd",
)


def wait_for_the_end(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _runs(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not end")
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether the process lives; one that only waits for a lazy init to collect it does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
