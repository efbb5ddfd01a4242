"""Courier-IMAP and Cyrus on loopback, unpacked into a folder: their packages conflict with Dovecot's.

`.ci/run` unpacks them (`UNPACKED`); the fixture `imap_server` gives them. Who logs in is checked by code of ours, in place of
Courier's login program and of Cyrus' saslauthd. Without the folder the tests that need them are skipped.
"""

from __future__ import annotations

import os
import poplib
import signal
import socket
import socketserver
import struct
import subprocess
import threading
from pathlib import Path

from tests.patience import PATIENCE_SECONDS
from tests.peers import ImapPeer, MaildirPeer, free_port, let_in, missing, run_quietly, wait_for_greeting

UNPACKED = Path(os.environ.get("HOSHO_PEERS", "/var/cache/hosho-peers"))


def not_unpacked(name: str) -> str:
    """Why the server of this name can't be started here; "" when it can."""
    if not (UNPACKED / name).is_dir():
        return f"not unpacked into {UNPACKED / name} (.ci/run does it)"
    return missing()


def _environment(unpacked: Path) -> dict[str, str]:
    """In which programs of an unpacked package find its libraries."""
    places = [unpacked / "usr/lib", *unpacked.glob("usr/lib/*-linux-gnu"), *unpacked.glob("lib/*-linux-gnu")]
    return {"LD_LIBRARY_PATH": os.pathsep.join(map(str, places)), "PATH": os.environ["PATH"]}


class Courier(MaildirPeer):
    """Courier-IMAP with an empty INBOX: a login of ours, then Courier's own program on the connection."""

    def __init__(self, folder: Path) -> None:
        self.maildir = folder / "Maildir"
        unpacked = UNPACKED / "courier"
        self._program = unpacked / "usr/bin/imapd"
        self._environment = _environment(unpacked) | {
            "AUTHENTICATED": self.user,
            "MAILDIR": str(self.maildir),
            "IMAP_CAPABILITY": _COURIER_CAPABILITY,
            "IMAP_IDLE_TIMEOUT": "1",  # without a daemon that tells of changes it looks by itself, else once a minute
            "IMAP_ENHANCEDIDLE": "0",
            "IMAP_USELOCKS": "0",
        }
        self._sessions: list[subprocess.Popen[bytes]] = []
        run_quietly(unpacked / "usr/bin/maildirmake.courier", self.maildir, env=self._environment)
        server = self

        class Login(socketserver.StreamRequestHandler):
            rbufsize = 0  # what follows the login is for Courier

            def handle(self) -> None:
                self.wfile.write(b"* OK Courier-IMAP ready\r\n")
                while line := self.rfile.readline().decode():
                    tag, _, command = line.strip().partition(" ")
                    name = command.partition(" ")[0].upper()
                    told = f"* CAPABILITY {_COURIER_CAPABILITY}\r\n" if name == "CAPABILITY" else ""
                    self.wfile.write(f"{told}{tag} OK done\r\n".encode())
                    if name == "LOGIN":
                        server.begin(self.connection).wait()
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Login)
        self._server.daemon_threads = True
        self.imap_port = self._server.server_address[1]

    def begin(self, connection: socket.socket) -> subprocess.Popen[bytes]:
        """Courier on a connection whose client has logged in."""
        session = subprocess.Popen(
            [self._program, self.maildir],
            stdin=connection,
            stdout=connection,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=self.maildir.parent,
        )
        self._sessions.append(session)
        return session

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for session in self._sessions:
            session.kill()
            session.wait(PATIENCE_SECONDS)


_COURIER_CAPABILITY = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT SORT QUOTA IDLE"


class _Logins(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class _YesToAll(socketserver.StreamRequestHandler):
    """What saslauthd says: four counted strings (user, password, service, realm), then a counted answer."""

    def handle(self) -> None:
        for _ in range(4):
            (size,) = struct.unpack(">H", self.rfile.read(2))
            self.rfile.read(size)
        self.wfile.write(struct.pack(">H", 2) + b"OK")


class Cyrus(ImapPeer):
    """Cyrus IMAP and POP3 with an empty INBOX."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imap_port, self.pop3_port = free_port(), free_port()
        let_in(folder, "mail", "conf", "spool", "run")
        self._programs = UNPACKED / "cyrus/usr/lib/cyrus/bin"
        self._config, self._services = folder / "imapd.conf", folder / "cyrus.conf"
        self._config.write_text(_CYRUS.format(d=folder), "utf-8")
        self._services.write_text(_CYRUS_SERVICES.format(b=self._programs, c=self._config, s=self), "utf-8")
        self._logins = _Logins(str(folder / "run/auth"), _YesToAll)
        (folder / "run/auth").chmod(0o777)
        self._master: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        threading.Thread(target=self._logins.serve_forever, daemon=True).start()
        self._master = subprocess.Popen(
            [self._programs / "master", "-C", self._config, "-M", self._services, "-p", self.folder / "run/pid"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(UNPACKED / "cyrus"),
            cwd=self.folder,
            start_new_session=True,
        )
        wait_for_greeting(self.imap_port)
        self._as_admin("create")

    def stop(self) -> None:
        if self._master is not None:
            os.killpg(self._master.pid, signal.SIGKILL)  # on SIGTERM it waits for those who idle
            self._master.wait(PATIENCE_SECONDS)
        self._logins.shutdown()
        self._logins.server_close()

    def take_by_pop3(self, message_id: bytes) -> None:
        """By its own POP3 server."""
        client = poplib.POP3("127.0.0.1", self.pop3_port, timeout=PATIENCE_SECONDS)
        client.user(self.user)
        client.pass_(self.password)
        for number in range(1, len(client.list()[1]) + 1):
            if message_id in b"\n".join(client.retr(number)[1]):
                client.dele(number)
        client.quit()

    def recreate(self, *contents: bytes) -> None:
        self._as_admin("setacl", "cyrus", "lrswipkxtecda")
        self._as_admin("delete")
        self._as_admin("create")
        self.deliver(*contents)

    def _as_admin(self, command: str, *args: str) -> None:
        with self.client("", user="cyrus") as client:
            status, answer = getattr(client, command)(f"user/{self.user}", *args)
            assert status == "OK", answer


_CYRUS = """\
configdirectory: {d}/conf
partition-default: {d}/spool
defaultpartition: default
proc_path: {d}/run/proc
mboxname_lockpath: {d}/run/lock
lmtpsocket: {d}/run/lmtp
idlesocket: {d}/run/idle
notifysocket: {d}/run/notify
cyrus_user: mail
cyrus_group: mail
admins: cyrus
unixhierarchysep: yes
altnamespace: yes
allowplaintext: yes
autocreate_quota: 0
imapidlepoll: 1
sasl_mech_list: PLAIN
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {d}/run/auth
"""

_CYRUS_SERVICES = """\
START {{
  recover cmd="{b}/ctl_cyrusdb -C {c} -r"
}}
SERVICES {{
  imap cmd="{b}/imapd -C {c}" listen="127.0.0.1:{s.imap_port}" prefork=0
  pop3 cmd="{b}/pop3d -C {c}" listen="127.0.0.1:{s.pop3_port}" prefork=0
}}
EVENTS {{
}}
"""
