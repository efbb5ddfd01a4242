"""Sample contexts of every letter to a contractor: invented firms, works and numbers. Put together with the others in samples.py.

Values only: nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from bot.core.letters.sample_values import (
    ADVANCE,
    CONTRACT,
    EMPTY,
    LONG,
    NOW,
    OFFICE,
    QUESTION,
    RECEIVED,
    SILENT_OFFICE,
)
from bot.core.letters.to_contractors import (
    Arrivals,
    ArrivedItem,
    ConsentNoted,
    Difference,
    DifferingItem,
    Issued,
    IssuedItem,
    Moved,
    NoticeReminder,
    NoticeWanted,
    OutsideConditions,
    OutsideItem,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    SentBack,
    Stage,
    ToContractor,
    Verified,
)
from bot.core.notice.missing_notice import Request
from bot.core.policy.conditions import Outside
from bot.core.records.outgoing_mail import Letter
from bot.core.records.refusal import Refusal

MOVED = Moved("契約保証", "財政部 契約課", "keiyaku-hosho@city.example.jp")

WANTED = {f"notice_wanted-{wanted}": NoticeWanted(OFFICE, RECEIVED, wanted) for wanted in Request}
REFUSED = {f"sent_back-{refusal}": SentBack(OFFICE, ADVANCE, "", refusal) for refusal in Refusal}
DIFFERS = {
    f"receipt_differs-{difference}": ReceiptDiffers(OFFICE, RECEIVED, (), (DifferingItem(ADVANCE, (difference,)),))
    for difference in Difference
}

ARRIVALS = Arrivals(
    OFFICE,
    RECEIVED,
    (
        ArrivedItem("20261122-0042-1", datetime(2026, 11, 22, 1, 5, tzinfo=UTC), Stage.RECEIVED),
        ArrivedItem("20261119-0031-1", datetime(2026, 11, 19, 1, 5, tzinfo=UTC), Stage.VERIFIED),
        ArrivedItem("20261118-0027-2", datetime(2026, 11, 18, 6, 30, tzinfo=UTC), Stage.SENT_BACK),
    ),
)

OUTSIDE = OutsideConditions(OFFICE, RECEIVED, (OutsideItem(ADVANCE, (Outside.KIND,)),), "")
ISSUED = Issued(
    office=OFFICE,
    project_name="公園遊具更新工事",
    contractor="例示工業有限会社",
    product_name="契約保証",
    number="12345-678904",
    issued_at=datetime(2026, 11, 16, 1, 5, tzinfo=UTC),
    inbox="denshi-hosho@city.example.jp",
    stops_by_mail=True,
)
CONSENT = ConsentNoted(
    office=OFFICE,
    received_at=RECEIVED,
    given=False,
    address="tanto@mihon.example.jp",
    inbox="denshi-hosho@city.example.jp",
)
NOTICE_REMINDER = NoticeReminder(
    office=OFFICE,
    items=(
        IssuedItem("公園遊具更新工事", "例示工業有限会社", "契約保証", "12345-678904", date(2026, 11, 16)),
        IssuedItem(
            "中央小学校外壁改修工事",
            "例示工業・仮名設備特定建設工事共同企業体",
            "前払金保証",
            "12345-678906",
            date(2026, 11, 17),
        ),
    ),
    inbox="denshi-hosho@city.example.jp",
)
TO_CONTRACTORS: Mapping[Letter, tuple[ToContractor, ...]] = MappingProxyType(
    {
        Letter.RECEIPT: (
            Receipt(OFFICE, RECEIVED, (ADVANCE,)),
            Receipt(OFFICE, RECEIVED, (ADVANCE,), question=QUESTION),
            Receipt(SILENT_OFFICE, RECEIVED, (CONTRACT, LONG, EMPTY), (MOVED,)),
        ),
        Letter.RECEIPT_AGAIN: (
            ReceiptAgain(OFFICE, RECEIVED, (ADVANCE,), (("20261122-0042-1", "20261120-0040-1"),)),
            ReceiptAgain(
                SILENT_OFFICE,
                RECEIVED,
                (ADVANCE, CONTRACT),
                (("20261122-0042-1", "20261120-0040-1"),),
                (MOVED,),
                QUESTION,
            ),
            ReceiptAgain(OFFICE, RECEIVED, (ADVANCE,), (("20261122-0042-1", "20261120-0040-1"),), own=True),
        ),
        Letter.OUTSIDE: (
            OUTSIDE,
            OutsideConditions(
                SILENT_OFFICE,
                RECEIVED,
                (OutsideItem(LONG, tuple(Outside)), OutsideItem(EMPTY, (Outside.NOT_YET,))),
                "お手数ですが、紙の保証証書を、契約課の窓口へご持参ください。",
            ),
        ),
        Letter.ARRIVALS: (ARRIVALS, replace(ARRIVALS, office=SILENT_OFFICE, arrived=ARRIVALS.arrived[:1])),
        Letter.RECEIPT_DIFFERS: (
            *DIFFERS.values(),
            ReceiptDiffers(
                SILENT_OFFICE,
                RECEIVED,
                (EMPTY,),
                (DifferingItem(LONG, tuple(Difference)),),
                (MOVED,),
                question=QUESTION,
            ),
        ),
        Letter.NOTICE_WANTED: (*WANTED.values(), NoticeWanted(SILENT_OFFICE, RECEIVED, Request.NOTICE_MISSING)),
        Letter.VERIFIED: (Verified(OFFICE, ADVANCE, NOW, "変更－1"), Verified(SILENT_OFFICE, EMPTY, NOW)),
        Letter.SENT_BACK: (
            SentBack(OFFICE, ADVANCE, "工期が契約書と異なります。"),
            SentBack(SILENT_OFFICE, EMPTY, ""),
            SentBack(OFFICE, LONG, "契約書の末日は、令和9年3月31日です。", Refusal.EXPIRES_EARLY, seen_in_dsure=True),
            *REFUSED.values(),
        ),
        Letter.ISSUED: (
            ISSUED,
            replace(ISSUED, office=SILENT_OFFICE, project_name="", product_name="", number="", stops_by_mail=False),
        ),
        Letter.CONSENT: (CONSENT, replace(CONSENT, office=SILENT_OFFICE, given=True)),
        Letter.NOTICE_REMINDER: (
            NOTICE_REMINDER,
            NoticeReminder(SILENT_OFFICE, (IssuedItem("", "", "", "", date(2026, 11, 16)),), NOTICE_REMINDER.inbox),
        ),
    }
)
