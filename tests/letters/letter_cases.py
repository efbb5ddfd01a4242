"""The contexts of the golden letters, by the names of their files. Invented firms, works and numbers only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from bot.core.letters.contexts import Context
from bot.core.letters.drafts import Draft
from bot.core.letters.lists import DueGroup, SummaryLine
from bot.core.letters.reply_hints import Offer, hints, hints_by_kind
from bot.core.letters.sample_values import ADVANCE, CONTRACT, EMPTY, LONG, NOW, OFFICE, RECEIVED, SILENT_OFFICE, TICKET
from bot.core.letters.samples import ALARM, SAMPLES
from bot.core.letters.samples_of_lists import CHANGED_CASE, DEADLINES, DSURE_CASE, EMPTY_SUMMARY, REMINDER
from bot.core.letters.samples_to_contractors import CONSENT, DIFFERS, ISSUED, MOVED, NOTICE_REMINDER, REFUSED, WANTED
from bot.core.letters.samples_to_desks import (
    ACCEPTABLE_OFFER,
    ALERT,
    ALERT_CASE,
    BARE_ALERT_CASE,
    DESK_HELP,
    DESK_HELP_ASKING,
    DESK_NOTE,
    DESK_REPLY,
    ENTRY_REPLY,
    ENTRY_RESULT,
    HELD_OFFER,
    MAIL_ALERT,
    ORIGINALS,
    QUESTION_ALERT,
    SCANNED_ALERT_CASE,
    UNREAD_ALERT,
)
from bot.core.letters.to_contractors import (
    Difference,
    DifferingItem,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    SentBack,
    Verified,
)
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.refusal import Refusal
from bot.core.records.submission import SubmissionState
from bot.outbound.compose import Composer
from bot.outbound.message import Thread
from bot.outbound.templates import Worded

HERE = Path(__file__).parent

_SEVERAL_FIRST = {Letter.RECEIPT_DIFFERS, Letter.NOTICE_WANTED}  # whose first sample is one of DIFFERS, of WANTED
CASES: dict[str, Context] = {
    **{letter.value: SAMPLES[letter][0] for letter in Letter if letter not in _SEVERAL_FIRST},
    "receipt-several": Receipt(OFFICE, RECEIVED, (ADVANCE, CONTRACT, EMPTY)),
    "receipt-nothing_read": Receipt(SILENT_OFFICE, RECEIVED, (EMPTY,)),
    "receipt-long_names": Receipt(OFFICE, RECEIVED, (LONG,)),
    "receipt-moved": Receipt(OFFICE, RECEIVED, (ADVANCE, CONTRACT), (MOVED,)),
    "receipt-replaced": Receipt(OFFICE, RECEIVED, (ADVANCE,), replaced=((ADVANCE.receipt_number, "20261120-0007-1"),)),
    "receipt_again-several": ReceiptAgain(
        OFFICE,
        RECEIVED,
        (ADVANCE, CONTRACT),
        (("20261122-0042-1", "20261120-0040-1"),),
    ),
    "receipt_again-own": ReceiptAgain(
        OFFICE, RECEIVED, (ADVANCE,), (("20261122-0042-1", "20261120-0040-1"),), own=True
    ),
    "receipt_differs-several": ReceiptDiffers(
        OFFICE,
        RECEIVED,
        (EMPTY,),
        (DifferingItem(ADVANCE, (Difference.NUMBER, Difference.CONTRACTOR)), DifferingItem(LONG, (Difference.KEY,))),
    ),
    **DIFFERS,
    **WANTED,
    "verified": Verified(OFFICE, ADVANCE, datetime(2026, 11, 24, 1, 5, tzinfo=UTC)),
    "verified-change": Verified(OFFICE, ADVANCE, datetime(2026, 11, 24, 1, 5, tzinfo=UTC), "変更－1"),
    "sent_back": SentBack(
        OFFICE,
        ADVANCE,
        "別の工事のお知らせでした。市道0101号線道路改良工事（その2）の前払金保証のお知らせをお送りください。\n受付は11月27日（金）までにお願いします。",
    ),
    "sent_back-no_words": SentBack(OFFICE, EMPTY, ""),
    "sent_back-with_words": SentBack(
        OFFICE, LONG, "契約書の末日は、令和9年3月31日です。\n11月27日（金）までにお願いします。", Refusal.EXPIRES_EARLY
    ),
    "sent_back-seen_in_dsure": SentBack(OFFICE, ADVANCE, "", Refusal.WORKS_PERIOD, seen_in_dsure=True),
    **REFUSED,
    "issued-bare": replace(
        ISSUED, office=SILENT_OFFICE, project_name="", product_name="", number="", stops_by_mail=False
    ),
    "consent-given": replace(CONSENT, office=SILENT_OFFICE, given=True),
    "alert": ALERT,
    "alert-several": replace(ALERT, sender="", subject="", cases=(ALERT_CASE, BARE_ALERT_CASE)),
    "alert-scanned": replace(ALERT, cases=(SCANNED_ALERT_CASE,), pictures=1),
    "alert-answerable": replace(ALERT, ticket=TICKET, hints=hints((ACCEPTABLE_OFFER,))),
    "alert-answerable_several": replace(
        ALERT,
        cases=(
            replace(ALERT_CASE, offers=("2番", "差戻し", "保留", "訂正", "原本")),
            replace(BARE_ALERT_CASE, offers=("差戻し", "保留", "訂正")),
        ),
        ticket=TICKET,
        hints=hints((HELD_OFFER, Offer(SubmissionState.HELD))),
    ),
    "alert-choice": replace(ALERT, ticket=TICKET, hints=hints((HELD_OFFER,))),
    "alert-nothing_to_accept": replace(
        ALERT, ticket=TICKET, hints=hints((Offer(SubmissionState.HELD, tells_sender=False),))
    ),
    "desk_reply-found": replace(DESK_REPLY, done=(), cases=(), hints=(), ticket=""),
    "desk_help-closed": replace(
        DESK_HELP, problem="この件は既に「確認済」です。ご対応は必要ありません", lines=(), cases=(), hints=(), ticket=""
    ),
    "originals-nothing": replace(
        ORIGINALS,
        files=(),
        left=("お知らせ.zip：パスワードのかかった圧縮ファイルのため、取り出せません",),
        told_in=(),
    ),
    "entry_result-nothing": replace(ENTRY_RESULT, items=()),
    "entry_result-one": replace(ENTRY_RESULT, items=ENTRY_RESULT.items[:1], left=()),
    "desk_help-asks": DESK_HELP_ASKING,
    "desk_reply-confirmed": replace(DESK_REPLY, is_confirmed=True),
    "desk_help-asked": replace(DESK_HELP, problem="返信の書き方は、次のとおりです", lines=(), is_asked_for=True),
    "desk_help-many": replace(
        DESK_HELP, cases=tuple(replace(DESK_HELP.cases[0], place=place) for place in range(1, 8))
    ),
    "entry_reply-nothing": replace(ENTRY_REPLY, count=0, files=(), left=()),
    "alert-taken": replace(
        ALERT,
        cases=(
            replace(
                ALERT_CASE,
                why_not="台帳12には、別のお知らせ（11月20日 受付番号 20261120-0007-1、受付済）を受け付けています。正しい方を確かめ、誤りの方を差し戻してください",
            ),
        ),
    ),
    "mail_alert": MAIL_ALERT,
    "mail_alert-answerable": replace(MAIL_ALERT, ticket=TICKET, hints=hints((Offer(MailState.PASSED_ON),))),
    "desk_note-taken": replace(DESK_NOTE, why="", notices=UNREAD_ALERT.notices, reader="", is_last=True),
    "mail_alert-question": replace(
        QUESTION_ALERT, ticket=TICKET, hints=hints((Offer(MailState.BESIDES, is_reread=False),))
    ),
    "mail_alert-unread": UNREAD_ALERT,
    "receipt-question": Receipt(OFFICE, RECEIVED, (ADVANCE,), question=QUESTION_ALERT.receipt_number),
    "mail_alert-empty": replace(MAIL_ALERT, sender="", subject="", papers=(), excerpt="", receipts=()),
    "alarm-over": replace(ALARM, about="", over_at=datetime(2026, 11, 22, 3, 5, tzinfo=UTC)),
    "summary-empty": EMPTY_SUMMARY,
    "summary-answerable": replace(
        EMPTY_SUMMARY,
        held=(
            SummaryLine(
                "20261122-0042-2",
                "市道0101号線道路改良工事／見本建設株式会社／前払金保証",
                "台帳に該当がありません",
                place=1,
                number="12345-678905",
                waits=2,
            ),
        ),
        waiting_besides=1,
        to_verify=(replace(DSURE_CASE, place=2), replace(CHANGED_CASE, place=3)),
        to_verify_besides=3,
        keys_are=SAMPLES[Letter.SUMMARY][0].keys_are,
        has_workbook=True,
        hints=hints_by_kind((Offer(SubmissionState.HELD, is_acceptable=True), Offer(SubmissionState.ACCEPTED))),
        ticket=TICKET,
    ),
    "summary-deadlines": replace(
        EMPTY_SUMMARY,
        to_verify=(DSURE_CASE,),
        hints=hints_by_kind((Offer(SubmissionState.ACCEPTED),)),
        ticket=TICKET,
        deadlines=(
            *DEADLINES,
            DueGroup(
                "D-Sureでの確認が済んでいないもの",
                "kakaricho@city.example.jp へもお知らせします。",
                (),
                2,
                (1, 2, 3, 5),
            ),
        ),
    ),
    "summary-nothing_due": replace(EMPTY_SUMMARY, deadlines=()),
    "reminder-unanswerable": replace(REMINDER, why=(), told_before=0, hints=(), ticket=""),
    "notice_reminder-one": replace(NOTICE_REMINDER, office=SILENT_OFFICE, items=NOTICE_REMINDER.items[:1]),
}

COMPOSER = Composer(
    sender="denshi-hosho@city.example.jp",
    bounces="denshi-hosho-bounces@city.example.jp",
    secret=b"not a secret: it stands here",
    unsubscribe="denshi-hosho@city.example.jp",
    unsubscribe_subject="配信停止",
)
# Where the city wants English below its letters to contractors; golden texts in english/.
ENGLISH_COMPOSER = Composer(
    sender="denshi-hosho@city.example.jp",
    bounces="denshi-hosho-bounces@city.example.jp",
    secret=b"not a secret: it stands here",
    english=True,
)
_CHOSEN_IN_ENGLISH = (
    "receipt",
    "receipt-moved",
    "receipt-replaced",
    "receipt-several",
    "receipt_again-several",
    "receipt_again-own",
    "receipt_differs-several",
    "notice_wanted-notice_missing",
    "notice_wanted-without_password",
    "notice_wanted-bank_guarantee",
    "verified",
    "sent_back",
    "sent_back-with_words",
    "sent_back-seen_in_dsure",
    "sent_back-sent_twice",
    "sent_back-not_viewable",
    "issued",
    "issued-bare",
    "notice_reminder",
    "consent",
    "consent-given",
)
_CHOSEN = {CASES[name].letter for name in _CHOSEN_IN_ENGLISH}
IN_ENGLISH = (*_CHOSEN_IN_ENGLISH, *(one.value for one in Letter if one.has_english and one not in _CHOSEN))
# As long as Microsoft 365 writes them: they must stay whole.
PARENT = Thread(
    "<TYAPR01MB0123ABCDEF0123456789ABCDEF0123456789@TYAPR01MB0123.jpnprd01.prod.outlook.example.jp>",
    ("<first@mihon.example.jp>",),
)
# One whole mail for each letter.
_WHOLE = {
    Letter.RECEIPT_DIFFERS: "receipt_differs-number",
    Letter.NOTICE_WANTED: "notice_wanted-notice_missing",
    Letter.ALERT: "alert-answerable_several",
    Letter.MAIL_ALERT: "mail_alert-question",
}
WHOLE = tuple(_WHOLE.get(letter, letter.value) for letter in Letter)


@cache
def japanese(name: str) -> Worded:
    """The case's letter, rendered once for all that is asked of it."""
    return COMPOSER.word(CASES[name])


@cache
def bilingual(name: str) -> Worded:
    """The same where the city wants English second."""
    return ENGLISH_COMPOSER.word(CASES[name])


def shown(worded: Worded) -> str:
    """A letter as its golden file holds it."""
    return f"件名: {worded.subject}\n\n{worded.text}"


def whole(name: str) -> bytes:
    """The mail of the case `name`, as its golden .eml file holds it."""
    answers = name.startswith(("receipt", "notice_wanted"))
    mail = COMPOSER.compose(
        Draft(CASES[name], "tanto@mihon.example.jp", f"{name}/0123456789abcdef/tanto@mihon.example.jp"),
        now=NOW,
        reply_to_mail=PARENT if answers else None,
    )
    return mail.content
