"""An office that strangers write to: a real store and sorter, a clock, an MX that proves senders, papers without a child."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Any

from bot.core.mail.parse import parse_mail
from bot.core.notice.document import Document, text_page
from bot.core.notice.evidence import View
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import Beforehand, ReadMail
from bot.core.policy.policy import Desk, Formats, Office, Policy
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.incoming_mail import ClerkDecision
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.workers.sorter import LEASE, Sorter
from storage.store import Store
from tests import databases
from tests.reading import understood
from tests.storage.samples import add, update
from tests.workers.conftest import DESK, INBOX, Watch

MX = "mx.city.example.jp"
WORK, FIRM = "市道第５号線改良工事", "株式会社みほん建設"
NUMBER, KEY = "12345-678901", "aB3dEf6hIj9k"
OTHER_NUMBER, OTHER_KEY = "54321-109876", "zY8xWv5uTs2r"
OFFICE = Office("見本市", "契約課", "", "", "", "電子保証受付システム")
POLICY = Policy(
    office=OFFICE,
    inboxes=(INBOX,),
    desks=(Desk("契約課", DESK),),
    authserv_id=MX,
    reply_delay=timedelta(seconds=5),
    reply_window=timedelta(days=30),
)


def row(number: str = "", **changes: Any) -> Guarantee:
    """A guarantee of the register."""
    return replace(Guarantee(WORK, FIRM, Product.ADVANCE_PAYMENT, number=number), **changes)


class PaperReader(Reader):
    """A reader for which a mail's body is its one PDF. `on_read` is called when one is read, `on_draw` for each drawing."""

    def __init__(self, on_read: Callable[[], None] = lambda: None, on_draw: Callable[[], None] = lambda: None) -> None:
        super().__init__(sees=False)
        self._on_read, self._on_draw = on_read, on_draw

    async def read(
        self, content: bytes, formats: Formats | None = None, beforehand: Beforehand | None = None, **_: object
    ) -> UnderstoodMail:
        """The mail with its body as a paper."""
        mail = parse_mail(content).mail
        paper = Document("2", "認証キー.pdf", "application/pdf", 1000, "0" * 64, (text_page(mail.body),))
        self._on_read()
        return understood(ReadMail(replace(mail, body=""), (paper,)), formats, beforehand)

    async def draw(self, content: bytes, views: Sequence[View], passwords: object = ()) -> tuple[bytes, ...]:
        """A picture for each view."""
        self._on_draw()
        return (b"\x89PNG picture",) * len(views)


@dataclass
class City:
    """The office. Every mail that it gets is sorted at once."""

    store: Store
    watch: Watch
    sorter: Sorter
    composer: Composer
    policy: Policy
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def register(self, *rows: Guarantee) -> None:
        """Rows of the city's register."""
        await self.store.register.change(add(*rows), actor="clerk", source="a.csv")

    async def register_gets(self, guarantee_id: int, **fields: Any) -> None:
        """A later import of the register."""
        before = await self.store.register.guarantee(guarantee_id)
        await self.store.register.change([update(before, **fields)], actor="clerk", source="b.csv")

    async def gets(
        self, sender: str, number: str = NUMBER, key: str = KEY, *, proof: str = "pass", **said: str
    ) -> Submission | None:
        """A notice by mail; the submission that became of it. `said`: project_name, contractor, subject."""
        mail = EmailMessage()
        mail["Authentication-Results"] = f"{MX}; dmarc={proof} header.from={sender.rpartition('@')[2]}"
        mail["Received"] = f"by {MX}"
        mail["From"], mail["To"], mail["Subject"] = sender, INBOX, said.get("subject", "key")
        mail["Message-ID"] = f"<{next(self._ids):06}@a.example.jp>"
        mail.set_content(
            "電子保証にかかる「認証キー」のお知らせ\n"
            f"工事名：{said.get('project_name', WORK)}\n受注者名：{said.get('contractor', FIRM)}\n"
            f"商品（保証区分）：前払金保証\n保証契約番号：{number}\n認証キー：{key}\n",
            cte="base64",
        )
        [kept] = await self.store.incoming.keep(
            [Arrival(Envelope(Source.SMTP, sender, (INBOX,), self.watch()), mail.as_bytes())]
        )
        await self.sort()
        _, _, found = await self.store.incoming.get(kept.mail_id)
        return found[0] if found else None

    async def sort(self) -> None:
        """Sort all that waits."""
        while mail := await self.store.incoming.claim(lease=LEASE):
            await self.sorter.sort(mail)

    async def verifies(self, one: Submission) -> None:
        """A clerk has seen it in D-Sure."""
        word = ClerkDecision(one.receipt_number, SubmissionState.VERIFIED, SubmissionReason.VERIFIED_IN_DSURE)
        await self.store.submissions.judge(word, actor="clerk")

    async def letters(self, recipient: str, *kinds: Letter) -> list[OutboxRow]:
        """The letters to an address, oldest first; no kinds = all."""
        rows = await self.store.outbox.list_(limit=10_000)
        return [
            one for one in reversed(rows) if one.mail.recipient == recipient and one.mail.letter in (kinds or Letter)
        ]

    async def alerts(self) -> list[str]:
        """The words of the alerts to the desk, oldest first."""
        return [one.mail.text for one in await self.letters(DESK, Letter.ALERT)]


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@asynccontextmanager
async def city(
    tmp_path: Path, *, watch: Watch | None = None, reader: Reader | None = None, **changes: Any
) -> AsyncIterator[City]:
    """`changes`: Policy's fields."""
    watch = watch or Watch()
    policy = replace(POLICY, **changes)
    composer = Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))
    await databases.give(_private(tmp_path) / "store.db")
    async with await Store.open(f"sqlite:///{_private(tmp_path)}/store.db", clock=watch, durable=False) as store:
        sorter = Sorter(store, reader or PaperReader(), composer, policy, watch)
        yield City(store, watch, sorter, composer, policy)


def head_of(one: OutboxRow) -> dict[str, str]:
    """A letter's header fields."""
    return dict(BytesParser().parsebytes(one.mail.content).items())
