"""Invented mails, guarantees and letters for the storage tests."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import ClerkDecision, MailState, Settled
from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.register.changes import ChangeKind, RegisterChange
from storage.store import Store

AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
KEY = AuthKey("Ab3dEf7hJk9m")
NUMBER = "00123-456789"
_numbers = count(1)

START = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
Opener = Callable[[], Awaitable[Store]]


class Watch:
    """A clock that stands still until a test turns it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


ENVELOPE = Envelope(Source.SMTP, "tanto@kensetsu.example.jp", ("hosho@city.example.jp",), AT, "192.0.2.7")

FIELDS = NoticeFields(
    project_name="市道第３号線舗装修繕工事",
    contractor="株式会社みほん建設",
    product=Product.ADVANCE_PAYMENT,
    product_as_written="前払金保証",
    number=NUMBER,
    number_as_written="００１２３－４５６７８９",
    auth_key=KEY,
)

GUARANTEE = Guarantee(
    project_name="市道第3号線舗装修繕工事",
    contractor="（株）みほん建設",
    product=Product.ADVANCE_PAYMENT,
    number=NUMBER,
    jv_name="",
    orderer="みほん市",
    contract_amount_yen=12_345_000,
    guarantee_amount_yen=4_900_000,
    expires_on=date(2027, 3, 31),
    works_start_on=date(2026, 11, 1),
    works_end_on=date(2027, 3, 20),
    contracted_on=date(2026, 10, 30),
    deposit_bank="みほん銀行",
    issued_at=datetime(2026, 11, 20, 3, 4, 5, 600_000, tzinfo=UTC),
    wants_issued_mail=True,
    email="Keiri@kensetsu.example.jp",
    desk="契約",
    state=GuaranteeState.ISSUED,
)


def arrival(body: str = "", **changes: Any) -> Arrival:
    number = next(_numbers)
    content = f"Message-ID: <{number}@example.jp>\r\nSubject: =?utf-8?q?x?=\r\n\r\n{body or number}\r\n".encode()
    return Arrival(**{"envelope": ENVELOPE, "content": content, **changes})


def submission(receipt: str = "20261122-0001-1", **changes: Any) -> Submission:
    plain = Submission(
        receipt_number=receipt,
        state=SubmissionState.HELD,
        reasons=(SubmissionReason.NOT_IN_REGISTER,),
        fields=FIELDS,
        read_from=ReadFrom.PDF_TEXT,
        document_name="お知らせ.pdf",
        evidence=("保証契約番号は台帳にありません。",),
        guarantee_id=None,
        sender="tanto@kensetsu.example.jp",
        received_at=AT,
        sender_proven=True,
    )
    return replace(plain, **changes)


def accepted(guarantee_id: int, receipt: str = "20261122-0001-1", **changes: Any) -> Submission:
    reasons = (SubmissionReason.NUMBER_MATCHES,)
    return submission(receipt, state=SubmissionState.ACCEPTED, reasons=reasons, guarantee_id=guarantee_id, **changes)


def settled(*submissions: Submission, **changes: Any) -> Settled:
    plain = Settled(
        state=MailState.SORTED,
        reason=MailReason.NOTICE_FOUND,
        sender="tanto@kensetsu.example.jp",
        subject="認証キーのお知らせ",
        submissions=submissions,
    )
    return replace(plain, **changes)


def letter(dedupe_key: str = "", **changes: Any) -> OutgoingMail:
    key = dedupe_key or f"receipt/{next(_numbers)}"
    plain = OutgoingMail(
        dedupe_key=key,
        letter=Letter.RECEIPT,
        recipient="tanto@kensetsu.example.jp",
        reverse_path="",
        subject="受付のお知らせ",
        text="受け付けました。",
        message_id=f"<{key}@city.example.jp>",
        content=b"Subject: x\r\n\r\n\x00\xff body\r\n",
        submission="20261122-0001-1",
    )
    return replace(plain, **changes)


def add(*guarantees: Guarantee) -> list[RegisterChange]:
    return [RegisterChange(ChangeKind.ADD, line, None, each) for line, each in enumerate(guarantees, 2)]


def update(before: Guarantee, **changes: Any) -> RegisterChange:
    return RegisterChange(ChangeKind.UPDATE, 2, before, replace(before, **changes), tuple(changes))


async def judge(
    store: Store, receipt: str, *, actor: str, outgoing: Sequence[OutgoingMail] = (), **word: Any
) -> Submission:
    """A clerk's word on a submission; `word`: the rest of Judgement's fields."""
    return await store.submissions.judge(ClerkDecision(receipt, **word), actor=actor, outgoing=outgoing)
