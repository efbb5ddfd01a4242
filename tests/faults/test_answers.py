"""No mail goes round: two offices with each other's address, responders with and without signs, one sender's flood.

Real daemons. Between them stands a relay of ours that carries each letter on: to the other daemon, or to a responder, whose
answer it brings back.
"""

from __future__ import annotations

import queue
import re
import smtplib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser

import pytest
from aiosmtpd.controller import Controller

from tests.faults.invariants import read_store
from tests.faults.notices import UniqueNotice
from tests.patience import PATIENCE_SECONDS
from tests.peers import free_port
from tests.whole.world import DESK, INBOX, Daemon, Letter, Relay, send_data, wait_until

OTHER = "hosho@other-city.example.jp"
OTHER_DESK = "keiyaku@other-city.example.jp"
CONTRACTOR = "tanto@kensetsu.example.jp"
ISSUED = (
    "保証契約番号,商品(保証区分),工事名,受注者名,発行日時,電子保証発行完了のお知らせ,メールアドレス\n"
    "{number},契約保証,橋梁工事,見本建設株式会社,2026/11/20 10:05,希望する,{email}\n"
)
Carry = Callable[[Letter, bytes], None]


@dataclass
class Post(Relay):
    """The relay, and the post that carries its letters on. `routes`: what becomes of mail to an address."""

    routes: dict[str, Carry] = field(default_factory=dict)
    waiting: queue.SimpleQueue[Letter] = field(default_factory=queue.SimpleQueue)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        reply = await super().handle_DATA(server, session, envelope)
        self.waiting.put(self.copies[-1])
        return reply

    def carry(self) -> int:
        """Carry on what has come so far; how many letters there were."""
        carried = 0
        while not self.waiting.empty():
            letter = self.waiting.get()
            if route := self.routes.get(letter.recipient):
                route(letter, letter.raw)
            carried += 1
        return carried

    def count(self, recipient: str) -> int:
        """How many letters went to an address."""
        return sum(letter.recipient == recipient for letter in self.copies)


@pytest.fixture
def relay() -> Iterator[Post]:
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()


def is_quiet(*daemons: Daemon) -> bool:
    """Whether nobody has anything left to do; asked beneath the store's door, since it is asked often."""
    for daemon in daemons:
        with closing(sqlite3.connect(f"file:{daemon.folder}/data/hosho.db?mode=ro", uri=True)) as database:
            mails = database.execute("SELECT count(*) FROM mail WHERE state = 'received'").fetchone()
            letters = database.execute("SELECT count(*) FROM outbox WHERE state = 'queued'").fetchone()
        if (mails, letters) != ((0,), (0,)):
            return False
    return True


def settle(post: Post, *daemons: Daemon) -> None:
    """Carry mail until no more comes."""
    rounds = 0
    while True:
        wait_until(lambda: is_quiet(*daemons))
        if not post.carry():
            return
        rounds += 1
        assert rounds < 20, "it goes round"


def into(daemon: Daemon, *, stripped: bool = False) -> Carry:
    """A route into a daemon's door. `stripped`: by a gateway that takes away every sign of a machine."""

    def carry(letter: Letter, content: bytes) -> None:
        sender = letter.reverse_path
        if stripped:
            sender = str(letter.mail["From"]).rpartition("<")[2].rstrip(">")
            content = without_signs(content)
        with smtplib.SMTP("127.0.0.1", daemon.smtp_port, timeout=PATIENCE_SECONDS) as client:
            send_data(client, content, mail_from=sender, recipients=(letter.recipient,))
        daemon.must_keep(content)

    return carry


def without_signs(content: bytes) -> bytes:
    """A mail as some gateways pass it on: new Message-ID, no field that says what it is."""
    mail = BytesParser().parsebytes(content)
    number = re.sub(r"\W", "", str(mail["Message-ID"]))
    for name in (
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "X-Hosho-Bot",
        "Message-ID",
        "In-Reply-To",
        "References",
    ):
        del mail[name]
    mail["Message-ID"] = f"<gateway.{number}@gateway.example.jp>"
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def office_pair(daemon: Callable[..., Daemon], *, both: bool) -> tuple[Daemon, Daemon]:
    """Two daemons; the register of the first (of `both`) holds an issued guarantee whose contractor is the other one."""
    one = daemon(register=ISSUED.format(number="11111-111111", email=OTHER), start=False)
    register = ISSUED.format(number="22222-222222", email=INBOX) if both else ""
    other = daemon(register=register, inbox=OTHER, desk=OTHER_DESK, start=False)
    return one, other


def test_two_offices_that_are_each_others_contractor_write_once_each_way(daemon, relay, figure):
    one, other = office_pair(daemon, both=True)
    other.start()
    one.start()
    relay.routes = {INBOX: into(one), OTHER: into(other)}
    wait_until(lambda: relay.count(INBOX) + relay.count(OTHER) == 2)
    settle(relay, one, other)
    assert (relay.count(INBOX), relay.count(OTHER)) == (1, 1)
    assert {mail.row.reason.value for office in (one, other) for mail in read_store(office).mails} == {"own_mail"}
    figure("two offices, each the other's contractor: 1 mail each way")


def test_a_notice_from_an_office_is_receipted_once_and_the_receipt_is_not(daemon, relay):
    one, other = office_pair(daemon, both=False)
    other.start()
    relay.routes = {INBOX: into(one), OTHER: into(other)}
    notice = UniqueNotice(2).mail().replace(UniqueNotice(2).sender.encode(), INBOX.encode())
    with smtplib.SMTP("127.0.0.1", other.smtp_port, timeout=PATIENCE_SECONDS) as client:
        send_data(client, notice, mail_from=INBOX, recipients=(OTHER,))
    one.start()
    wait_until(lambda: relay.count(INBOX) == 1)
    wait_until(lambda: relay.count(OTHER) == 1)  # the issued letter
    settle(relay, one, other)
    assert (relay.count(INBOX), relay.count(OTHER)) == (1, 1)


def test_even_where_a_gateway_strips_every_sign_it_is_one_mail_each_way(daemon, relay, figure):
    one, other = office_pair(daemon, both=False)
    other.start()
    one.start()
    relay.routes = {INBOX: into(one, stripped=True), OTHER: into(other, stripped=True)}
    wait_until(lambda: relay.count(OTHER) == 1)
    settle(relay, one, other)
    assert relay.count(OTHER) == 1
    assert relay.count(INBOX) <= 1
    figure(f"two offices, a gateway strips every sign: {relay.count(OTHER)} mail there, {relay.count(INBOX)} back")


@dataclass
class Responder:
    """A contractor's machine that answers every mail. `signs`: it says in headers that it is one."""

    daemon: Daemon
    signs: bool
    answered: int = 0

    def __call__(self, letter: Letter, _content: bytes) -> None:
        self.answered += 1
        subject = str(make_header(decode_header(str(letter.mail["Subject"]))))
        mail = EmailMessage()
        mail["From"] = CONTRACTOR
        mail["To"] = self.sender_of(letter.mail)
        mail["Message-ID"] = f"<away.{self.answered}@kensetsu.example.jp>"
        if self.signs:
            mail["Subject"] = f"自動返信: {subject}"
            mail["Auto-Submitted"] = "auto-replied"
            mail["In-Reply-To"] = letter.message_id
        else:
            mail["Subject"] = f"Re: {subject}"
        mail.set_content(f"ただいま不在にしております。\n\n{letter.text}")
        content = mail.as_bytes().replace(b"\n", b"\r\n")
        with smtplib.SMTP("127.0.0.1", self.daemon.smtp_port, timeout=PATIENCE_SECONDS) as client:
            send_data(client, content, mail_from="" if self.signs else CONTRACTOR, recipients=(INBOX,))
        self.daemon.must_keep(content)

    @staticmethod
    def sender_of(mail: Message) -> str:
        return str(mail["From"]).rpartition("<")[2].rstrip(">")


@pytest.mark.parametrize("signs", [True, False], ids=["with signs", "without any sign"])
def test_a_responder_on_the_contractors_side_gets_one_letter(daemon, relay, figure, signs: bool):
    bot = daemon()
    responder = Responder(bot, signs)
    relay.routes = {CONTRACTOR: responder}
    notice = UniqueNotice(2)
    bot.send(notice.mail().replace(notice.sender.encode(), CONTRACTOR.encode()), mail_from=CONTRACTOR)
    wait_until(lambda: relay.count(CONTRACTOR) == 1)
    settle(relay, bot)
    assert (relay.count(CONTRACTOR), responder.answered) == (1, 1)
    states = sorted(mail.row.state.value for mail in read_store(bot).mails)
    assert states == (["ignored", "sorted"] if signs else ["passed_on", "sorted"])  # a person sees the doubtful one
    figure(f"a responder {'with' if signs else 'without'} signs: 1 letter, 1 response, 0 answers to it")


def test_a_flood_from_one_address_is_taken_and_answered_up_to_the_limits(daemon, relay, count, figure):
    mails = count(40, 400)
    bot = daemon(extra="[replies]\ndelay_seconds = 0\nper_address_per_hour = 12\nalerts_per_desk_per_hour = 9\n")
    with smtplib.SMTP("127.0.0.1", bot.smtp_port, timeout=PATIENCE_SECONDS) as client:
        for n in range(mails):
            notice = UniqueNotice(2 * n + 1)  # typed in the body: held for a person
            address = CONTRACTOR if n % 2 else CONTRACTOR.replace("@", f"+{n}@")
            content = notice.mail().replace(notice.sender.encode(), address.encode())
            bot.send_on(client, content, mail_from=CONTRACTOR)
    settle(relay, bot)
    kinds = Counter(row.mail.letter.value for row in read_store(bot).outgoing)
    kinds.pop("alarm", None)  # a slow machine's backlog
    assert kinds == {"receipt": 12, "alert": 9}
    assert sum(letter.recipient != DESK for letter in relay.copies) == 12
    assert {state.value for state in {mail.row.state for mail in read_store(bot).mails}} == {"sorted"}
    summary = bot.command("summary", "--print")
    assert f"受信したメール：{mails}件" in summary
    assert f"確認待ち：{mails}件" in summary
    assert f"上限により送信なし{mails - 12 + mails - 9}件" in summary
    figure(f"{mails} mails of one address in a row: 12 answers, 9 alerts, the rest counted in the summary")
