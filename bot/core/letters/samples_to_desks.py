"""Sample contexts of every letter to a desk about a mail or a clerk's answer. Put together with the others in samples.py.

Values only: nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from bot.core.letters.reply_hints import Choice, Offer, hints
from bot.core.letters.sample_values import OFFICE, QUESTION, RECEIVED, TICKET
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
    ProposedLine,
    ReceiptLine,
    ResultLine,
    TakenNotice,
    ToDesk,
    UndoneCases,
)
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.submission import SubmissionState

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
    receipt_number=QUESTION,
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
DESK_HELP_ASKING = replace(
    DESK_HELP,
    problem="",
    lines=("前株・後株は契約書の印刷の都合によるもので、同一の会社です。",),
    proposed=(
        ProposedLine(1, ACCEPTED_CASE.name, "市道0101号線道路改良工事", "承認", "メモ", (), ""),
        ProposedLine(
            2,
            "受付番号 20261122-0042-3",
            "中央小学校外壁改修工事",
            "差戻し",
            "理由",
            ("工期が契約書と異なるため", "お手元の契約書をご確認ください"),
            "a@mihon.example.jp へお知らせを送ります",
        ),
    ),
    cases=(HELD_CASE, replace(HELD_CASE, place=4), replace(HELD_CASE, place=5)),
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
    ("original-1.pdf：認証キーのお知らせ.pdf（98KB。開くにはパスワードが必要です）",),
    ("図面.pdf：大きすぎます（12.3MB。上限は合計7.0MB）",),
    is_locked=True,
    told_in=("メール番号43：11月20日 10時15分受信「パスワードのご連絡」",),
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
TO_DESKS: Mapping[Letter, tuple[ToDesk, ...]] = MappingProxyType(
    {
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
            replace(MAIL_ALERT, ticket=TICKET, hints=hints((Offer(MailState.PASSED_ON),))),
            replace(MAIL_ALERT, sender="", subject="", papers=(), excerpt="", sender_note=""),
            replace(QUESTION_ALERT, ticket=TICKET, hints=hints((Offer(MailState.BESIDES, is_reread=False),))),
            UNREAD_ALERT,
        ),
        Letter.DESK_REPLY: (
            DESK_REPLY,
            replace(DESK_REPLY, is_confirmed=True),
            replace(DESK_REPLY, done=(), found=("なし",), cases=(), hints=(), ticket=""),
        ),
        Letter.DESK_HELP: (
            DESK_HELP,
            replace(DESK_HELP, lines=(), cases=(), hints=(), ticket="", is_last=True),
            DESK_HELP_ASKING,
        ),
        Letter.DESK_NOTE: (
            DESK_NOTE,
            replace(DESK_NOTE, why="", notices=UNREAD_ALERT.notices, reader="", is_last=True),
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
    }
)
