"""Sample contexts of the lists that a desk gets by the calendar. Put together with the others in samples.py.

Values only: nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from bot.core.letters.lists import (
    AskedLine,
    DisposalClass,
    DisposalList,
    DisposalNote,
    DsureCase,
    DueGroup,
    DueLine,
    ListLetter,
    Reminder,
    Summary,
    SummaryLine,
    UrgentLine,
)
from bot.core.letters.reply_hints import Offer, hints, hints_by_kind
from bot.core.letters.sample_values import LONG, OFFICE, TICKET
from bot.core.letters.to_desks import FieldLine
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.submission import SubmissionState
from bot.core.text.dates import JAPAN

DEADLINES = (
    DueGroup(
        "前払金の支払期限が近いもの",
        "支払の手続が済んでいるか、ご確認ください。",
        (
            DueLine(
                1,
                "受付番号 20261120-0040-1",
                "市道0101号線道路改良工事／見本建設株式会社／前払金保証／12345-678901",
                "支払期限 11月27日（あと3日）。11月13日に届いた、同じ差出人の請求書によります",
            ),
        ),
    ),
    DueGroup(
        "保証期限が工期の終わりより前のもの",
        "保証の変更の手続が必要か、ご確認ください。",
        (
            DueLine(
                0,
                "台帳 9",
                "公園遊具更新工事／例示工業有限会社／契約保証／12345-678904",
                "保証期限 11月30日、工期の終わり 12月25日（保証期限まであと4開庁日）",
            ),
        ),
        2,
    ),
)
DSURE_CASE = DsureCase(
    place=1,
    receipt_number="20261122-0042-1",
    number="12345-678901",
    product_name="前払",
    project_name="市道0101号線道路改良工事",
    contractor="見本建設株式会社",
    amount="4,900,000円",
    expires_on="令和9年3月31日",
    waits=2,
)
SUMMARY = Summary(
    office=OFFICE,
    desk="財政部 契約課",
    since=datetime(2026, 11, 20, 0, 0, tzinfo=UTC),
    until=datetime(2026, 11, 24, 0, 0, tzinfo=UTC),
    looked_at=datetime(2026, 11, 23, 23, 58, tzinfo=UTC),
    received_count=7,
    urgent=(
        UrgentLine(1, "支払期限 11月27日（あと3日）", "市道0101号線道路改良工事／見本建設株式会社"),
        UrgentLine(0, "確認待ち（待ち2日）", f"{LONG.project_name}／{LONG.contractor}"),
        UrgentLine(0, "確認待ち（待ち1日）", "tanto@mihon.example.jp「前払金の請求について」"),
    ),
    held=(
        SummaryLine(
            "20261122-0042-1",
            f"{LONG.project_name}／{LONG.contractor}／契約保証",
            "保証契約番号が台帳と異なります",
            number="12345-678900",
            waits=2,
        ),
    ),
    passed_on=(
        SummaryLine(
            "20261123-0057-0",
            "tanto@mihon.example.jp「前払金の請求について」",
            "認証キーのお知らせが見当たりません",
            waits=1,
        ),
        SummaryLine(
            "20261120-0041-0",
            "jimu@reiji.example.jp「認証キー」",
            "お知らせのほかに、質問と思われる文があります",
            waits=4,
        ),
    ),
    parked=(SummaryLine("20261123-0058-0", "（差出人不明）「（件名なし）」", "メールを読み取れませんでした"),),
    undelivered=(
        SummaryLine(
            "送信31",
            "受付のお知らせ、宛先 jimu@kamei.example.jp",
            "中継サーバーが一時的に受け付けませんでした（3回試行）",
        ),
    ),
    waiting_besides=0,
    deadlines=DEADLINES,
    to_verify=(DSURE_CASE,),
    to_verify_besides=0,
    asked=(AskedLine(0, "20261123-0059-0", "jimu@kamei.example.jp", 1),),
    asked_besides=2,
    keys_are="認証キーは、お知らせのPDFでご確認ください。",
    done=(
        ("受付", 2),
        ("D-Sureで確認", 1),
        ("重複", 1),
        ("差戻し", 1),
        ("上限により送信なし", 3),
        ("お知らせ待ちの保証", 1),
        ("配信停止", 2),
        ("配信再開", 1),
    ),
    doors=(("SMTP", 4, "読取り2、要確認1、対象外1"), ("受信箱（IMAP）", 3, "読取り2、保留1")),
    comparisons=("hosho@imap.city.example.jp/INBOX：最近7日間、サーバー41件、取込み済み41件、不足0件 11月24日 00:01",),
    journal="1234:9f86d081884c7d65",
    has_workbook=True,
)
CHANGED_CASE = replace(
    DSURE_CASE,
    place=2,
    receipt_number="20261102-0008-1",
    number="12345-678902",
    product_name="契約",
    project_name=LONG.project_name,
    contractor=LONG.contractor,
    amount="12,345,000円",
    expires_on="令和9年6月30日",
    waits=1,
    state="変更－1：D-Sureで改めて確認",
    fields=(
        FieldLine("請負金額", "", "123,450,000円"),
        FieldLine("工期", "", "令和8年11月2日～令和9年3月19日"),
        FieldLine("請負契約日", "", "令和8年11月2日"),
    ),
    notes=(
        "前回の確認：令和8年11月11日 9時40分 確認済（新規の証書、doro@city.example.jp）",
        "その後の変更：保証期限 令和9年3月31日→令和9年6月30日",
    ),
)
EMPTY_SUMMARY = replace(
    SUMMARY,
    looked_at=None,
    received_count=0,
    urgent=(),
    held=(),
    passed_on=(),
    parked=(),
    asked=(),
    asked_besides=0,
    undelivered=(),
    deadlines=None,
    to_verify=(),
    keys_are="",
    done=(),
    doors=(),
    comparisons=(),
    has_workbook=False,
)

REMINDER = Reminder(
    office=OFFICE,
    desk="財政部 契約課",
    day=date(2026, 11, 24),
    why=("山田様ご不在のため、お知らせします。",),
    groups=(
        DueGroup(
            "担当者の確認を待っているもの",
            "内容を確認し、受付、差戻しなどの処理をお願いします。",
            (
                DueLine(
                    1,
                    "受付番号 20261116-0038-1",
                    "下水道管渠布設工事／仮名設備株式会社／前払金保証／12345-678905",
                    "11月16日から（5開庁日経過）。受注者名が台帳と異なります",
                ),
                DueLine(
                    2,
                    "メール番号 57",
                    "tanto@mihon.example.jp「前払金の請求について」",
                    "11月16日から（5開庁日経過）",
                ),
                DueLine(
                    0,
                    "メール番号 58",
                    "（差出人不明）「（件名なし）」",
                    "11月13日から（6開庁日経過）",
                ),
            ),
            3,
        ),
    ),
    told_before=4,
    hints=hints((Offer(SubmissionState.HELD, is_acceptable=True), Offer(MailState.PASSED_ON))),
    ticket=TICKET,
)
DISPOSAL = DisposalList(
    office=OFFICE,
    number=("3f9a", "20c1", "b2d4"),
    classes=(
        DisposalClass("保証期限を過ぎた認証キー", 12, datetime(2025, 11, 22, tzinfo=JAPAN)),
        DisposalClass("受信メールの原本（添付の書類も）", 0, datetime(2021, 11, 23, tzinfo=JAPAN)),
    ),
    holds=2,
    until=datetime(2026, 12, 6, 1, 5, tzinfo=UTC),
    ticket=TICKET,
)
DISPOSAL_NOTE = DisposalNote(
    OFFICE, ("3f9a", "20c1", "b2d4"), "承認を受け付けました。廃棄し終えたら、結果をお知らせします。"
)
LISTS: Mapping[Letter, tuple[ListLetter, ...]] = MappingProxyType(
    {
        Letter.SUMMARY: (
            SUMMARY,
            EMPTY_SUMMARY,
            replace(
                EMPTY_SUMMARY,
                to_verify=(DSURE_CASE, CHANGED_CASE),
                to_verify_besides=3,
                keys_are=SUMMARY.keys_are,
                hints=hints_by_kind((Offer(SubmissionState.ACCEPTED),)),
                ticket=TICKET,
                deadlines=DEADLINES,
            ),
            replace(EMPTY_SUMMARY, deadlines=()),
        ),
        Letter.REMINDER: (REMINDER, replace(REMINDER, why=(), told_before=0, hints=(), ticket="")),
        Letter.DISPOSAL_LIST: (DISPOSAL, replace(DISPOSAL, holds=0)),
    }
)
