"""Sample contexts for every letter: invented firms, works and numbers, for previews, for checking the city's own words, for tests.

Used by `letters preview|check`, by bot/outbound/template_check.py and by tests/letters. Values only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from bot.core.letters.contexts import Context, OperatorAlarm
from bot.core.letters.lists import AskedLine, DsureCase, DueGroup, DueLine, Reminder, Summary, SummaryLine, UrgentLine
from bot.core.letters.reply_hints import Choice, Offer, hints, hints_by_kind, of_lists
from bot.core.letters.to_contractors import (
    Arrivals,
    ArrivedItem,
    ConsentNoted,
    Difference,
    DifferingItem,
    Issued,
    IssuedItem,
    Moved,
    NoticeItem,
    NoticeReminder,
    NoticeWanted,
    OutsideConditions,
    OutsideItem,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    SentBack,
    Stage,
    Verified,
)
from bot.core.letters.to_desks import (
    Alert,
    AlertCase,
    DeskHelp,
    DeskNote,
    DeskReply,
    DoneLine,
    EntryFile,
    EntryLine,
    EntryReply,
    EntryResult,
    FieldLine,
    KeyLine,
    Keys,
    MailAlert,
    OpenCase,
    Originals,
    ReceiptLine,
    ResultLine,
    TakenNotice,
    UndoneCases,
)
from bot.core.notice.missing_notice import Request
from bot.core.policy.conditions import Outside
from bot.core.policy.policy import Office
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.refusal import Refusal
from bot.core.records.submission import SubmissionState

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

ALERT_CASE = AlertCase(
    receipt_number="20261122-0042-1",
    reasons=("保証契約番号が台帳と異なります", "受注者名が台帳と異なります"),
    fields=(
        FieldLine("工事名", "市道0101号線道路改良工事", "市道0101号線道路改良工事"),
        FieldLine("受注者名", "見本建設株式会社", "株式会社見本建設"),
        FieldLine("保証区分", "前払金保証", "前払金保証"),
        FieldLine("保証契約番号", "12345-678901", "12345-678910"),
    ),
    key_state="12文字を読み取りました",
    evidence=("工事名が一致しました。", "前株と後株は別の会社の可能性があるため、自動では決めていません。"),
    document_name="認証キーのお知らせ.pdf",
)
BARE_ALERT_CASE = AlertCase(
    receipt_number="20261122-0042-2",
    reasons=("台帳に該当がありません",),
    fields=(FieldLine("工事名", "", ""), FieldLine("保証契約番号", "12345-678902", "")),
    key_state="読み取れませんでした",
    evidence=(),
    document_name="",
)
SCANNED_ALERT_CASE = AlertCase(
    receipt_number="20261122-0042-1",
    reasons=("番号とキーを画像から読み取ったため、目視での確認が必要です",),
    fields=(
        FieldLine("工事名", "市道0101号線道路改良工事", "市道0101号線道路改良工事", "画像から読取り、読取りの確度98%"),
        FieldLine("受注者名", "見本建設株式会社", "見本建設株式会社", "画像から読取り、読取りの確度97%"),
        FieldLine("保証区分", "前払金保証", "前払金保証", "画像から読取り、読取りの確度99%"),
        FieldLine(
            "保証契約番号",
            "12345-678901",
            "12345-678901",
            "画像から読取り、読取りの確度91%。別の読取り: 12345-678981",
        ),
    ),
    key_state=(
        "12文字を画像から読み取りました（台帳にキーの登録なし）。見間違えやすい文字: 1・2・7・11文字目。別の読取りと2文字目が相違"
    ),
    evidence=("保証契約番号 12345-678901 が台帳と一致",),
    document_name="Scan20261122.pdf",
)
ALERT = Alert(
    office=OFFICE,
    desk="財政部 契約課",
    mail_id=42,
    sender="tanto@mihon.example.jp",
    subject="【電子保証】市道0101号線道路改良工事",
    received_at=RECEIVED,
    sender_note="受付のお知らせ（20261122-0042-1）を返信しました",
    cases=(ALERT_CASE,),
    project_name="市道0101号線道路改良工事",
)
MAIL_ALERT = MailAlert(
    office=OFFICE,
    desk="財政部 契約課",
    mail_id=57,
    receipt_number="20261122-0057-0",
    sender="tanto@mihon.example.jp",
    subject="前払金の請求について",
    received_at=RECEIVED,
    reason="認証キーのお知らせが見当たりません",
    papers=("請求書.pdf：前払金請求書", "2：種類を判定できませんでした"),
    excerpt=(
        "契約課 ご担当者様\n\nいつもお世話になっております。見本建設です。\n"
        "前払金の請求書をお送りします。保証については別途お送りいたしますので、よろしくお願いいたします。\n\n見本建設株式会社"
    ),
    sender_note="認証キーのお知らせではないため返信していません",
    receipts=(
        ReceiptLine(
            "20261120-0040-1", RECEIVED, "市道0101号線道路改良工事／見本建設株式会社／契約保証／12345-678900", "確認済"
        ),
    ),
)
QUESTION_ALERT = replace(
    MAIL_ALERT,
    mail_id=41,
    receipt_number="20261120-0041-0",
    subject="【電子保証】市道0101号線道路改良工事",
    reason="お知らせのほかに、質問と思われる文があります",
    papers=("認証キーのお知らせ.pdf：認証キーのお知らせ（表題と項目から判定しました）",),
    excerpt="お世話になっております。\nお知らせをお送りします。前払金の請求書は、いつまでにお送りすればよいでしょうか。",
    sender_note="受付のお知らせ（20261120-0041-1）を返信しました",
    notices=(TakenNotice("20261120-0041-1", "市道0101号線道路改良工事", "受付済", waits=False),),
    is_question=True,
    project_name="市道0101号線道路改良工事",
)
UNREAD_ALERT = replace(
    QUESTION_ALERT,
    reason="お知らせのほかに、読み取れない書類があります",
    notices=(TakenNotice("20261120-0041-1", "市道0101号線道路改良工事", "確認待ち", waits=True),),
    is_question=False,
)
DESK_NOTE = DeskNote(
    OFFICE,
    RECEIVED,
    "20261122-0060-0",
    "この担当の職員として登録のないアドレスからの返信のため、処理していません",
    reader="財政部 契約課",
)
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

ALARM = OperatorAlarm(
    office=OFFICE,
    title="受信箱へのログインが断られています",
    about="hosho@imap.city.example.jp/INBOX",
    since=datetime(2026, 11, 22, 1, 5, tzinfo=UTC),
    over_at=None,
    detail="3回続けて断られました。サーバーの答え：LOGIN: NO [AUTHENTICATIONFAILED]",
    advice=(
        "設定 [imap] の利用者名と、パスワード又はトークンのファイルを確かめてください。",
        "パスワードの期限切れやアカウントの停止がないか、メールサーバーの担当に確かめてください。",
    ),
)

HELD_CASE = OpenCase(
    place=2,
    name="受付番号 20261122-0042-2",
    about="市道0101号線道路改良工事／見本建設株式会社／契約保証／12345-678902",
    state="確認待ち",
    fields=(
        FieldLine("工事名", "市道0101号線道路改良工事", "市道0101号線道路改良工事（その1）"),
        FieldLine("受注者名", "見本建設株式会社", ""),
    ),
    notes=(
        "工事名が台帳と異なります",
        "候補1: 12345-678920 市道0101号線道路改良工事（その1）／見本建設株式会社／契約保証（台帳 7、83点）",
    ),
)
ACCEPTED_CASE = OpenCase(
    place=1,
    name="受付番号 20261122-0042-1",
    about="市道0101号線道路改良工事／見本建設株式会社／前払金保証／12345-678901",
    state="受付済（D-Sure未確認）",
    fields=(
        FieldLine("保証契約番号", "12345-678901", ""),
        FieldLine("請負金額", "", "12,345,000円"),
        FieldLine("保証期限", "", "令和9年3月31日"),
    ),
    notes=(),
    key="12文字（お知らせのPDFでご確認ください）",
)
TICKET = "[ABCD-EFGH-IJ23]"
HELD_OFFER = Offer(
    SubmissionState.HELD, choices=(Choice(2, 14, "市道0101号線道路改良工事"),), sends_originals=True
)  # its number is in no row, and of those that it may belong to only the second can be chosen
ACCEPTABLE_OFFER = Offer(SubmissionState.HELD, is_acceptable=True, sends_originals=True)
ACCEPTED_OFFER = Offer(SubmissionState.ACCEPTED, sends_originals=True)
DESK_REPLY = DeskReply(
    office=OFFICE,
    desk="財政部 契約課",
    received_at=RECEIVED,
    done=(
        DoneLine(1, ACCEPTED_CASE.name, ACCEPTED_CASE.about, "承認", "受け付けました（台帳12）", "なし"),
        DoneLine(
            3,
            "受付番号 20261122-0042-3",
            "（記載なし）",
            "差戻し",
            "差し戻しました（理由：金額の相違）",
            "a@mihon.example.jp へお知らせしました",
        ),
    ),
    undone=(UndoneCases("まだ受け付けていません。先に「承認」と返信してください", "4～6件目", 3),),
    found=("12345-678904／公園遊具更新工事／例示工業有限会社／契約保証（台帳9、発行済）",),
    cases=(ACCEPTED_CASE, HELD_CASE),
    hints=hints((HELD_OFFER, ACCEPTED_OFFER)),
    ticket=TICKET,
)
DESK_HELP = DeskHelp(
    office=OFFICE,
    desk="財政部 契約課",
    received_at=RECEIVED,
    problem="「承認」は読み取りましたが、次の行の意味が分からないため、何も処理していません。「承認」だけを書いて返信してください",
    lines=("承認してよいか、課内で確認中です",),
    cases=(HELD_CASE,),
    hints=hints((HELD_OFFER,)),
    ticket=TICKET,
)
ENTRY_RESULT = EntryResult(
    OFFICE,
    "財政部 契約課",
    RECEIVED,
    "20261122-0057-0",
    (
        ResultLine(
            "受付番号 20261122-0057-1",
            ACCEPTED_CASE.about,
            "受け付けました（台帳12「市道0101号線道路改良工事」）。D-Sureでの確認をお願いします",
            (),
            "tanto@mihon.example.jp へ、受付のお知らせを送ります",
        ),
        ResultLine(
            "受付番号 20261122-0057-2",
            "公園遊具更新工事／例示工業有限会社／契約保証／12345-678904",
            "確認待ちです。財政部 契約課へ、確認依頼のメール又は定時報告でお知らせします",
            ("台帳に該当がありません",),
            "受注者へは、受付のお知らせを送っていません",
        ),
    ),
    ("請求書.pdf：前払金請求書（記載内容から判定しました）",),
)
ORIGINALS = Originals(
    OFFICE,
    "財政部 契約課",
    RECEIVED,
    42,
    "tanto@mihon.example.jp",
    "【電子保証】市道0101号線道路改良工事",
    datetime(2026, 11, 20, 1, 12, tzinfo=UTC),
    "denshi-hosho@city.example.jp",
    ("original-1.pdf：認証キーのお知らせ.pdf（98KB）",),
    ("図面.pdf：大きすぎます（12.3MB。上限は合計7.0MB）",),
)
KEYS = Keys(
    OFFICE, "財政部 契約課", (KeyLine("20261122-0042-1", "（12文字）"), KeyLine("20261122-0043-1", "（12文字）"))
)
ENTRY_REPLY = EntryReply(
    OFFICE,
    "財政部 契約課",
    RECEIVED,
    "FAX",
    2,
    (
        EntryFile(
            "手入力.xlsx",
            (
                EntryLine(
                    "12345-678901",
                    "前払金保証",
                    "市道0101号線道路改良工事／見本建設株式会社",
                    "12文字",
                    "tanto@mihon.example.jp",
                    "FAX",
                ),
            ),
            ("3行目 認証キー: 認証キーがExcelにより数値又は日付に変わっています。",),
        ),
        EntryFile(
            "メール本文",
            (EntryLine("12345-678903", "契約保証", "中央小学校外壁改修工事／例示工業有限会社", "12文字", "", "窓口"),),
            (),
        ),
    ),
    ("お知らせ.pdf",),
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
    hints=of_lists((SubmissionState.HELD, MailState.PASSED_ON)),
    ticket=TICKET,
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


SAMPLES: MappingProxyType[Letter, tuple[Context, ...]] = MappingProxyType(
    {
        Letter.RECEIPT: (
            Receipt(OFFICE, RECEIVED, (ADVANCE,)),
            Receipt(OFFICE, RECEIVED, (ADVANCE,), question=QUESTION_ALERT.receipt_number),
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
                QUESTION_ALERT.receipt_number,
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
                question=QUESTION_ALERT.receipt_number,
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
        Letter.ALERT: (
            replace(ALERT, ticket=TICKET, hints=hints((HELD_OFFER,))),
            replace(
                ALERT,
                sender="",
                subject="",
                sender_note="",
                cases=(BARE_ALERT_CASE, SCANNED_ALERT_CASE),
                pictures=1,
                project_name="",
            ),
        ),
        Letter.MAIL_ALERT: (
            replace(MAIL_ALERT, ticket=TICKET, hints=of_lists((MailState.PASSED_ON,))),
            replace(MAIL_ALERT, sender="", subject="", papers=(), excerpt="", sender_note=""),
            replace(QUESTION_ALERT, ticket=TICKET, hints=of_lists((MailState.BESIDES,))),
            UNREAD_ALERT,
        ),
        Letter.SUMMARY: (
            SUMMARY,
            EMPTY_SUMMARY,
            replace(
                EMPTY_SUMMARY,
                to_verify=(DSURE_CASE, CHANGED_CASE),
                to_verify_besides=3,
                keys_are=SUMMARY.keys_are,
                hints=hints_by_kind((SubmissionState.ACCEPTED,)),
                ticket=TICKET,
                deadlines=DEADLINES,
            ),
            replace(EMPTY_SUMMARY, deadlines=()),
        ),
        Letter.DESK_REPLY: (DESK_REPLY, replace(DESK_REPLY, done=(), found=("なし",), cases=(), hints=(), ticket="")),
        Letter.DESK_HELP: (DESK_HELP, replace(DESK_HELP, lines=(), cases=(), hints=(), ticket="", is_last=True)),
        Letter.DESK_NOTE: (
            DESK_NOTE,
            replace(DESK_NOTE, why="", notices=UNREAD_ALERT.notices, reader="", is_last=True),
        ),
        Letter.REMINDER: (REMINDER, replace(REMINDER, why=(), told_before=0, hints=(), ticket="")),
        Letter.NOTICE_REMINDER: (
            NOTICE_REMINDER,
            NoticeReminder(SILENT_OFFICE, (IssuedItem("", "", "", "", date(2026, 11, 16)),), NOTICE_REMINDER.inbox),
        ),
        Letter.KEYS: (KEYS,),
        Letter.ENTRY_REPLY: (
            ENTRY_REPLY,
            replace(ENTRY_REPLY, count=0, files=(EntryFile("手入力.csv", (), ("ファイルが空です。",)),), left=()),
        ),
        Letter.ORIGINALS: (ORIGINALS, replace(ORIGINALS, files=(), subject="", sender=""), replace(ORIGINALS, left=())),
        Letter.ENTRY_RESULT: (
            ENTRY_RESULT,
            replace(ENTRY_RESULT, items=()),
            replace(ENTRY_RESULT, items=ENTRY_RESULT.items[:1]),
        ),
        Letter.ALARM: (ALARM, replace(ALARM, about="", over_at=NOW)),
    }
)
"""The first of each is what a preview shows; all are what a check words."""
