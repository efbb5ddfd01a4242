"""Values that the samples of several letters share: an invented office, works, firms, times.

Used by the samples beside it, by previews and by tests/letters. Values only: nothing is raised.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.core.letters.to_contractors import NoticeItem
from bot.core.policy.policy import Office

RECEIVED = datetime(2026, 11, 22, 10, 46, tzinfo=UTC)  # 19:46 in Japan
NOW = datetime(2026, 11, 22, 10, 46, 30, tzinfo=UTC)

OFFICE = Office(
    city="取手市",
    department="財政部 契約課",
    phone="0297-00-0000",
    email="keiyaku@city.example.jp",
    hours="平日 8時30分～17時15分",
    system_name="電子保証受付システム",
)
SILENT_OFFICE = replace(OFFICE, phone="", email="", hours="")

ADVANCE = NoticeItem("20261122-0042-1", "市道0101号線道路改良工事", "見本建設株式会社", "前払金保証", "12345-678901")
CONTRACT = NoticeItem("20261122-0042-2", "市道0101号線道路改良工事", "見本建設株式会社", "契約保証", "12345-678902")
EMPTY = NoticeItem("20261122-0042-3", "", "", "", "")
LONG = NoticeItem(
    "20261122-12345-10",
    "令和8年度 社会資本整備総合交付金事業 都市計画道路3・4・3号上新町環状線ほか2路線 道路改良舗装工事（その2）",
    "ひたちの・とねがわ・こかいがわ特定建設工事共同企業体 代表者 株式会社ひたちの土木ホールディングス",
    "中間前払金保証",
    "98765-432109",
)
TICKET = "[ABCD-EFGH-IJ23]"
QUESTION = "20261120-0041-0"  # the receipt number of what a mail asks besides its notice
