"""A bare Debian: a root that debootstrap makes, entered by chroot in namespaces of its own. For the slow tests of installing.

A root of a release is made once (HOSHO_ROOTS, by default /var/cache/hosho-roots) and copied for each test. It runs no systemd: the program
`systemctl` of a test notes what it is asked for. Needs root, debootstrap and a mirror of Debian; the mail goes over the host's loopback.
"""

from __future__ import annotations

import mailbox
import os
import shutil
import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage, Message
from importlib.resources import files
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.peers import missing, wait_for_greeting

_CACHE = Path(os.environ.get("HOSHO_ROOTS", "/var/cache/hosho-roots"))
_CERTIFICATES = "/index-certificates.pem"
# The namespaces end with the command: no mount and no process is left behind.
_ENTER = """
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && cp /etc/resolv.conf "$1/etc/" || exit 125
exec chroot "$@"
"""
_NOTES = """#!/bin/sh
echo "$*" >>/systemctl.log
case "$*" in *list-units*) cat /running 2>/dev/null ;; esac
exit 0
"""


class BareRoot:
    """A copy of the release's root in `folder`."""

    def __init__(self, folder: Path, suite: str) -> None:
        if reason := missing("debootstrap", "unshare", "chroot"):
            pytest.skip(f"a bare root: {reason}")
        self.place = folder / suite
        kept = _CACHE / suite
        if not kept.exists():
            _CACHE.mkdir(parents=True, exist_ok=True)
            part = _CACHE / f"{suite}.part"
            shutil.rmtree(part, ignore_errors=True)
            subprocess.run(("debootstrap", "--variant=minbase", suite, part), check=True, stdout=subprocess.DEVNULL)
            part.rename(kept)
        subprocess.run(("cp", "-a", "--reflink=auto", kept, self.place), check=True)
        if certificates := os.environ.get("PIP_CERT"):  # the index as this machine reaches it
            shutil.copy(certificates, self.path(_CERTIFICATES))

    def call(self, *words: str, user: str = "root", **env: str) -> list[str]:
        """The whole command that runs these words in the root."""
        namespaces = (
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            _ENTER,
            "sh",
            str(self.place),
        )
        own = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "HOME": "/root"}
        index = {
            name: os.environ[name] for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")
        }
        if "PIP_CERT" in index:
            index["PIP_CERT"] = _CERTIFICATES
        own |= {"DEBIAN_FRONTEND": "noninteractive"} | index | env
        become = () if user == "root" else ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups")
        return [*namespaces, "env", "-i", *(f"{name}={value}" for name, value in own.items()), *become, *words]

    def run(self, *words: str, user: str = "root", told: str = "", status: int = 0, **env: str) -> str:
        """What was said, on either stream, by a command that must end with this status."""
        call = self.call(*words, user=user, **env)
        done = subprocess.run(
            call, input=told, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert done.returncode == status, f"{' '.join(words)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def path(self, inside: str) -> Path:
        return self.place / inside.lstrip("/")

    def put(self, inside: str, text: str, mode: int = 0o644) -> None:
        """A file of root's."""
        self.path(inside).parent.mkdir(parents=True, exist_ok=True)
        self.path(inside).write_text(text, "utf-8")
        self.path(inside).chmod(mode)

    def pretend_systemd(self) -> None:
        """`systemctl` notes what it is asked for; what stands in /running runs."""
        self.path("/run/systemd/system").mkdir(parents=True, exist_ok=True)
        self.put("/usr/bin/systemctl", _NOTES, 0o755)

    def asked(self) -> list[str]:
        """What systemctl was asked for, apart from questions; then forgotten."""
        file = self.path("/systemctl.log")
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if not line.startswith(("list-units", "show"))]

    @contextmanager
    def unit(self, inside: str, port: int, *, office: str = "") -> Iterator[None]:
        """The unit's ExecStart in its environment, as its user, from the greeting at this port to an orderly stop."""
        text = self.path(inside).read_text("utf-8").replace("%i", office)
        told = [line.split("=", 1) for line in text.splitlines() if "=" in line]
        values = {name: value for name, value in told if name in {"User", "Environment", "ExecStart", "StateDirectory"}}
        folder = f"/var/lib/{values['StateDirectory']}"
        self.run("install", "-d", "-o", values["User"], "-g", values["User"], "-m", "0700", folder)
        env = dict(one.split("=", 1) for one in values["Environment"].split())
        call = self.call(*values["ExecStart"].split(), user=values["User"], **env)
        with subprocess.Popen(call, stdin=subprocess.DEVNULL) as daemon:
            try:
                wait_for_greeting(port)
                yield
            finally:
                # unshare hands no signal on: its child, the first process of the namespace, is told.
                subprocess.run(("pkill", "-TERM", "-P", str(daemon.pid)), check=False)
                daemon.wait(PATIENCE_SECONDS)

    def answer_to(self, port: int, maildir: str, inbox: str = "hosho@city.example.jp") -> Message:
        """Send a notice to the daemon by SMTP, and wait for the mail to its sender in the Maildir."""
        sender = "tanto@kensetsu.example.jp"
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, inbox, "認証キーのお知らせの提出"
        mail["Message-ID"] = f"<bare-root-{time.monotonic_ns()}@kensetsu.example.jp>"
        mail.set_content("お世話になっております。認証キーのお知らせを提出します。\n")
        paper = (files("bot.commands") / "sample" / "notice.pdf").read_bytes()
        mail.add_attachment(paper, maintype="application", subtype="pdf", filename="お知らせ.pdf")
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_SECONDS) as client:
            client.send_message(mail)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.path(maildir).exists():
                for found in mailbox.Maildir(self.path(maildir), create=False):
                    if found["In-Reply-To"] == mail["Message-ID"] and sender in found["To"]:
                        return found
            time.sleep(0.2)
        raise AssertionError("no answer came")
