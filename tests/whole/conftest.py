"""Fixtures of whole-daemon tests: a relay, a maker of daemons, mails and registers. After each test the invariants are checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.faults.invariants import check_invariants
from tests.peers import free_port
from tests.whole.world import DESK, INBOX, Daemon, Letter, Measured, Relay, answers, wait_until

__all__ = ["DESK", "INBOX", "Daemon", "Letter", "Relay", "answers", "wait_until"]

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ROOT / "tests" / "corpus" / "papers"
PEAK_RSS = "peak_rss_mib"
"""The property under which each whole-daemon test tells how much memory its daemon took; tests/conftest.py prints the highest."""


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


CONFIG = """
[office]
city = "見本市"
department = "契約課"
phone = "000-000-0000"

[mail]
inboxes = ["{inbox}"]
{mail}

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


BLIND = "\n[pictures]\nrecognise = false\nin_alerts = false\n"
"""The settings of a daemon without the process for pictures: each start of it takes seconds of CPU, and most tests prove the same without."""


@pytest.fixture
def daemon(request: pytest.FixtureRequest, tmp_path: Path, relay: Relay) -> Iterator[Callable[..., Daemon]]:
    """A maker of daemons: `daemon(extra="...TOML...", register="...CSV...")` imports, starts and gives it. `looks`: with pictures.

    After the test the invariants I1–I8 are checked (tests/faults/invariants.py). The first daemon of a test lives in
    tmp_path, further ones in folders beside it.
    """
    made: list[Daemon] = []

    def make(
        *,
        extra: str = "",
        storage: str = "",
        mail: str = "",
        register: str = "",
        start: bool = True,
        inbox: str = INBOX,
        desk: str = DESK,
        relay_port: int = 0,
        environment: dict[str, str] | None = None,
        looks: bool = False,
        is_anew: bool = False,
    ) -> Daemon:
        port = free_port()
        folder = tmp_path / f"daemon{len(made)}" if made else tmp_path
        folder.mkdir(exist_ok=True)
        config = folder / "config.toml"
        text = CONFIG.format(
            inbox=inbox, port=port, relay=relay_port or relay.port, desk=desk, storage=storage, mail=mail
        )
        at_once = "" if "[replies]" in extra else "\n[replies]\ndelay_seconds = 0\n"
        blind = "" if looks or "[pictures]" in extra else BLIND
        config.write_text(text + extra + at_once + blind, "utf-8")
        one = Daemon(folder, config, port, inbox=inbox, environment=environment or {}, is_anew=is_anew)
        made.append(one)
        if register:
            (folder / "register.csv").write_text(register, "utf-8-sig")
            one.command("register", "import", str(folder / "register.csv"))
        if start:
            one.start()
        return one

    yield make
    try:
        check_invariants(made, relay)
    finally:
        for one in made:
            if one.is_running:
                one.kill()
        tell_memory(request, [one.measured for one in made])


def tell_memory(request: pytest.FixtureRequest, measured: Sequence[Measured]) -> None:
    """Give the highest for the line below the tests' result."""
    daemon = max((one.daemon_kib for one in measured), default=0)
    children = max((one.children_kib for one in measured), default=0)
    request.node.user_properties.append((PEAK_RSS, (daemon // 1024, children // 1024)))


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
