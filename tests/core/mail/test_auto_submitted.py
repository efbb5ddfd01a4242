"""No machine is answered, and no person is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.automatic.screen import is_content_void, screen
from bot.core.mail.parse import parse_mail
from bot.core.records.reasons import MailReason

OWN = frozenset({"key@city.example.jp"})
PERSON = "taro@kensetsu.example.jp"


def reason(
    fields: str = "", body: str = "", *, sender: str | None = PERSON, mail_from: str | None = PERSON
) -> MailReason | None:
    head = f"{fields}\n" if fields else ""
    if sender is not None:
        head += f"From: {sender}\n"
    return screen(parse_mail(f"{head}\n{body}".encode()).mail, mail_from, OWN)


REPORT = "Content-Type: multipart/report; report-type=delivery-status; boundary=x"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Return-Path: <>", MailReason.NULL_SENDER),
        (REPORT, MailReason.DELIVERY_REPORT),
        ("Content-Type: message/delivery-status", MailReason.DELIVERY_REPORT),
        ("Content-Type: message/disposition-notification", MailReason.DELIVERY_REPORT),
        ("Content-Type: message/feedback-report", MailReason.DELIVERY_REPORT),
        ("X-Failed-Recipients: a@x.example.jp", MailReason.DELIVERY_REPORT),
        ("Subject: Undelivered Mail Returned to Sender\nX-Hosho-Bot: receipt", MailReason.OWN_MAIL),
        ("X-Hosho-Bot: receipt", MailReason.OWN_MAIL),
        ("Message-ID: <hosho-bot.0f3c@city.example.jp>", MailReason.OWN_MAIL),
        ("Auto-Submitted: auto-replied", MailReason.AUTOMATIC_REPLY),
        ("Auto-Submitted: auto-replied (vacation)", MailReason.AUTOMATIC_REPLY),
        ("Auto-Submitted: AUTO-GENERATED; x=y", MailReason.AUTOMATIC_MAIL),
        ("Auto-Submitted: auto-notified", MailReason.AUTOMATIC_MAIL),
        ("Precedence: auto_reply", MailReason.AUTOMATIC_REPLY),
        ("Precedence: Bulk", MailReason.AUTOMATIC_MAIL),
        ("Precedence: junk", MailReason.AUTOMATIC_MAIL),
        ("Precedence: list", MailReason.MAILING_LIST),
        ("X-Autoreply: yes", MailReason.AUTOMATIC_REPLY),
        ("X-Autorespond: Re", MailReason.AUTOMATIC_REPLY),
        ("X-MS-Exchange-Inbox-Rules-Loop: a@x.example.jp", MailReason.AUTOMATIC_REPLY),
        ("Delivered-To: Autoresponder", MailReason.AUTOMATIC_REPLY),
        ("X-Loop: a@x.example.jp", MailReason.AUTOMATIC_MAIL),
        ("X-FC-MachineGenerated: true", MailReason.AUTOMATIC_MAIL),
        ("X-Auto-Response-Suppress: All", MailReason.AUTOMATIC_MAIL),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", MailReason.AUTOMATIC_MAIL),
        ("List-Id: <a.x.example.jp>", MailReason.MAILING_LIST),
        ("List-Unsubscribe: <https://x.example.jp>", MailReason.MAILING_LIST),
        ("X-ML-Name: kensetsu", MailReason.MAILING_LIST),
        ("Sender: kensetsu-bounces@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("X-Spam-Flag: YES", MailReason.SPAM),
        ("Subject: 【自動返信】お問い合わせありがとうございます", MailReason.AUTOMATIC_REPLY),
        ("Subject: 自動応答: 電子保証の件", MailReason.AUTOMATIC_REPLY),
        ("Subject: [自動返信メール] 受付", MailReason.AUTOMATIC_REPLY),
        ("Subject: Automatic reply: 電子保証", MailReason.AUTOMATIC_REPLY),
        ("Subject: Out of Office AutoReply: x", MailReason.AUTOMATIC_REPLY),
        ("Subject: 【自動送信】契約締結のお知らせ", MailReason.AUTOMATIC_MAIL),
        ("X-Mailer: vacation 1.2.7", MailReason.AUTOMATIC_REPLY),
        ("X-Mailer: Example Auto-Reply", MailReason.AUTOMATIC_REPLY),
        ("X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", MailReason.AUTOMATIC_REPLY),
        ("X-Precedence: bulk", MailReason.AUTOMATIC_MAIL),
        ("List-Unsubscribe-Post: List-Unsubscribe=One-Click", MailReason.MAILING_LIST),
        ("\n".join(["Received: from a by b"] * 51), MailReason.GOES_ROUND),
        ("\n".join(["Received: from a by b"] * 50), None),
        ("Feedback-ID: 1:abc", None),
        ("To: somebody@else.example.jp", None),
    ],
)
def test_what_a_mail_says_about_itself(fields: str, expected: MailReason | None) -> None:
    assert reason(fields) == expected


@pytest.mark.parametrize("mail_from", ["", "<>"])
def test_the_null_reverse_path_comes_before_everything(mail_from: str) -> None:
    assert reason("X-Hosho-Bot: 1\nAuto-Submitted: auto-replied", mail_from=mail_from) == MailReason.NULL_SENDER


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("Key <KEY@city.example.jp>", MailReason.OWN_MAIL),
        ("MAILER-DAEMON@x.example.jp (Mail Delivery System)", MailReason.DELIVERY_REPORT),
        ("MAILER-DAEMON", MailReason.DELIVERY_REPORT),
        ("MAILER-DAEMON <>", MailReason.DELIVERY_REPORT),
        ("Mail Delivery Subsystem <mailer-daemon@googlemail.com>", MailReason.DELIVERY_REPORT),
        ("bounces+123@x.example.jp", MailReason.DELIVERY_REPORT),
        ("autoreply@x.example.jp", MailReason.AUTOMATIC_REPLY),
        ("postmaster@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("noreply@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("no-reply@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("contract_no.reply-1@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("DoNotReply@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("do-not-reply@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("tokyo-request@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("owner-tokyo@x.example.jp", MailReason.SYSTEM_ADDRESS),
        ("root@x.example.jp", MailReason.SYSTEM_ADDRESS),
        # people
        ("info@x.example.jp", None),
        ("mail@x.example.jp", None),
        ("kensetsu.mail@x.example.jp", None),
        ("admin@x.example.jp", None),
        ("noriko@x.example.jp", None),
        ("arfa@x.example.jp", None),
        ("no_replica@x.example.jp", None),
        ("taro@bounce.example.jp", None),
        ("taro@noreply.example.jp", None),
        ('"MAILER-DAEMON" <taro@x.example.jp>', None),
    ],
)
def test_who_writes(sender: str, expected: MailReason | None) -> None:
    assert reason(sender=sender) == expected


@pytest.mark.parametrize(
    "mail_from", ["MAILER-DAEMON@x.example.jp", "tokyo-bounces@x.example.jp", "owner-tokyo@x.example.jp"]
)
def test_the_envelope_gives_a_system_away(mail_from: str) -> None:
    assert reason(mail_from=mail_from) is not None


BOUNCE_BODY = "This is the mail system at host mx.example.jp.\nYour message could not be delivered to one or more recipients.\n550 5.1.1 unknown"


@pytest.mark.parametrize(
    ("subject", "body", "sender", "expected"),
    [
        ("Undelivered Mail Returned to Sender", BOUNCE_BODY, PERSON, MailReason.DELIVERY_REPORT),
        ("failure notice", "", "postmaster@x.example.jp", MailReason.DELIVERY_REPORT),
        ("hello", BOUNCE_BODY, "postmaster@x.example.jp", MailReason.DELIVERY_REPORT),
        ("メールエラー通知", "", "no-reply@x.example.jp", MailReason.DELIVERY_REPORT),
        ("不在のお知らせ", "このメールは自動で送信しています。休暇中です。", PERSON, MailReason.AUTOMATIC_REPLY),
        ("夏季休業のお知らせ", "本メールは自動返信です。", PERSON, MailReason.AUTOMATIC_REPLY),
        ("Vacation", "This is an automatic reply. I am away.", PERSON, MailReason.AUTOMATIC_REPLY),
        ("退職のご案内", "本メールは自動返信です。", PERSON, MailReason.AUTOMATIC_REPLY),
        ("開封済み: 受領のお知らせ", "次の受信者により表示されました。", PERSON, MailReason.AUTOMATIC_REPLY),
        ("【開封確認】: 受領のお知らせ", "2026年11月22日に開封されました", PERSON, MailReason.AUTOMATIC_REPLY),
        ("Read: receipt", "Your message was read on Monday.", PERSON, MailReason.AUTOMATIC_REPLY),
        # one sign alone is a person's mail
        ("Undelivered Mail Returned to Sender", "という表示が出ました", PERSON, None),
        ("Re: Undelivered Mail Returned to Sender", BOUNCE_BODY, PERSON, None),
        ("Fwd: failure notice", BOUNCE_BODY, PERSON, None),
        ("メールが届かない件", BOUNCE_BODY, PERSON, None),
        ("送信エラーの件", "送信エラーで送信できませんでした。550 5.1.1", PERSON, None),
        ("配信不能の件", "配信できませんでした", PERSON, None),
        ("退社しました山田の後任です", "認証キーを送付します。", PERSON, None),
        ("開封確認の件", "開封されましたか。", PERSON, None),
        ("Read: our letter", "Please find it attached.", PERSON, None),
        ("自動返信について", "自動返信メールが届きましたが、内容が違います。", PERSON, None),
        ("自動返信メールの件", "", PERSON, None),
        ("不在のため遅くなりました", "認証キーを送付します。", PERSON, None),
        ("出張中の連絡先", "添付をご確認ください。", PERSON, None),
        (
            "Re: 【自動返信】電子保証を受け付けました",
            "> このメールは自動で送信しています。\n訂正します。",
            PERSON,
            None,
        ),
        (
            "RE: 電子保証を受け付けました",
            "訂正です。\n-----Original Message-----\nこのメールは自動送信です",
            PERSON,
            None,
        ),
        ("転送: 受付完了のお知らせ", "本メールは自動送信されています。", PERSON, None),
        ("電子保証の送付（受付完了の控え）", "お世話になります。\n\n差出人: x\nこのメールは自動送信です", PERSON, None),
        ("電子保証（認証キー）発行完了のお知らせ", "※本メールはシステムより自動送信されています。", PERSON, None),
    ],
)
def test_words_count_only_where_a_person_would_not_write_them(
    subject: str,
    body: str,
    sender: str,
    expected: MailReason | None,
) -> None:
    assert reason(f"Subject: {subject}", body, sender=sender) == expected


ATTACHED = """Subject: {subject}
Content-Type: multipart/mixed; boundary=x"""
PARTS = (
    "--x\nContent-Type: text/plain\n\n{body}\n--x\nContent-Type: {kind}\nContent-Disposition: attachment\n\nx\n--x--"
)


@pytest.mark.parametrize(
    ("subject", "body", "kind", "expected"),
    [
        (
            "[auto reply]: a",
            "",
            "application/pdf",
            MailReason.AUTOMATIC_MAIL,
        ),  # a responder attaches nothing: one sign alone
        ("[auto reply]: a", "", "application/octet-stream", MailReason.AUTOMATIC_MAIL),
        ("[auto reply]: a", "", "image/png", MailReason.AUTOMATIC_REPLY),
        ("[auto reply]: a", "This is an automatic reply.", "application/pdf", MailReason.AUTOMATIC_REPLY),
    ],
)
def test_a_responders_subject_alone_forbids_only_the_answer_to_a_mail_with_a_file(
    subject, body, kind, expected
) -> None:
    assert reason(ATTACHED.format(subject=subject), PARTS.format(body=body, kind=kind)) == expected


# What responders write, one sign each, as RFC 3834 and their makers' documents have it and as public reports show it.
RESPONDERS_FIELDS = (
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-replied (vacation)",  # Sieve
    "Auto-Submitted: auto-replied (zimbra; vacation)",
    "Auto-Submitted: auto-generated",
    "Precedence: auto_reply",
    "X-Precedence: auto_reply",
    "Preference: auto_reply",
    "Precedence: bulk",  # Gmail, Zimbra
    "Precedence: junk",  # vacation(1)
    "X-Autoreply: yes",
    "X-Autoreply: 1",
    "X-AutoReply-From: a@x.example.jp",
    "X-Mail-Autoreply: x",
    "X-Autorespond: Re: x",
    "X-Autoresponder: x 1.0",
    "X-Auto-Reply: true",
    "X-Vacation: yes",
    "X-Vacation-Message: yes",
    "X-Away-Message: 1",
    "X-Out-Of-Office: true",
    "X-Example-Server-Vacation: on",
    "X-Example-Auto-Response: yes",
    "X-MS-Exchange-Inbox-Rules-Loop: a@x.example.jp",
    "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
    "X-Auto-Response-Suppress: All",
    "X-Autogenerated: Reply",
    "X-FC-MachineGenerated: true",
    "X-POST-MessageClass: 9; Autoresponder",
    "Delivered-To: Autoresponder",
    "X-Mailer: vacation 1.2.7",
    "X-Loop: a@x.example.jp",
)
RESPONDERS_SUBJECTS = (
    "自動応答: 認証キー",  # Outlook
    "自動返信：認証キー",
    "【自動返信】お問い合わせありがとうございます",
    "【自動返信メール】受付",
    "＜自動応答＞認証キー",
    "■自動返信■ 認証キー",
    "（自動返信）Re: 認証キー",
    "自動返信 Re: 認証キー",
    "自動返信 認証キーのお知らせ",
    "自動応答メッセージ: x",
    "自動返信 - 認証キー",
    "自動返信 | 認証キー",
    "【自動配信】認証キー",
    "【不在】認証キー",
    "【不在のお知らせ】Re: 認証キー",
    "[不在通知] Re: 認証キー",
    "不在通知: 認証キー",
    "不在のお知らせ：認証キー",
    "【休暇中】Re: 認証キー",
    "山田太郎は不在です",  # Notes
    "Auto: 認証キー",  # RFC 3834 §3.1.5, Sieve
    "Automatic reply: 認証キー",
    "[External] Automatic reply: 認証キー",
    "【外部メール】自動応答: 認証キー",
    "AutoReply: 認証キー",
    "Auto Response - 認証キー",
    "Automated response",
    "Auto-reply from a@x.example.jp",
    "Out of Office AutoReply: 認証キー",
    "Out of Office: 認証キー",
    "Out of office Re: 認証キー",
    "[Out of Office] 認証キー",
    "I am out of the office",
    "OOO: 認証キー",
    "Vacation: 認証キー",
    "Vacation reply: 認証キー",
    "On vacation Re: 認証キー",
    "away from my mail",  # vacation(1)
    "Away: 認証キー",
    "Taro Yamada is out of the office (returning 2026/12/01)",  # Notes
    "Abwesenheitsnotiz: x",
    "Réponse automatique : x",
)
PERSONS_SUBJECTS = (
    "認証キーの送付",
    "自動返信について",
    "自動返信メールの件",
    "自動返信の件で再送します",
    "自動応答装置更新工事 認証キー",
    "自動返信システム改修業務の認証キー",
    "自動ドア改修工事 認証キー",
    "自動通報装置設置工事 認証キー",
    "不在のため遅くなりました",
    "不在中のご連絡ありがとうございました",
    "出張中の連絡先と認証キー",
    "休暇前に認証キーをお送りします",
    "夏季休業のお知らせと認証キー",
    "【休業のお知らせ】認証キー",
    "担当不在のため代理で認証キーを送付します",
    "Re: 【自動返信】電子保証を受け付けました",
    "Re: Automatic reply: 認証キー",
    "Fwd: 自動応答: 認証キー",
    "転送: 【自動返信】認証キー",
    "Automatic sprinkler works, key",
    "Automatic reply system works, key",
    "Out of office hours delivery of the key",
    "Vacation house construction, key",
    "Away team stadium: key",
    "Absence of the seal: key",
    "Automobile garage works",
    "Auto parts storehouse: key",
    "認証キー（自動返信のご案内に従い再送）",
)
WITH_FILE = "Content-Type: multipart/mixed; boundary=x"
PAPER = PARTS.format(body="お世話になっております。認証キーを送付します。", kind="application/pdf")


@pytest.mark.parametrize("fields", [*RESPONDERS_FIELDS, *(f"Subject: {one}" for one in RESPONDERS_SUBJECTS)])
def test_a_notice_with_a_single_sign_of_a_machine_is_read_and_not_answered(fields: str) -> None:
    found = reason(f"{fields}\n{WITH_FILE}", PAPER)
    assert found is not None
    assert not is_content_void(found)


@pytest.mark.parametrize("subject", PERSONS_SUBJECTS)
def test_a_person_with_a_subject_that_looks_alike_is_answered(subject: str) -> None:
    assert reason(f"Subject: {subject}\n{WITH_FILE}", PAPER) is None


@pytest.mark.parametrize(
    "fields", ["Auto-Submitted: auto-replied\nX-Autoreply: yes", "X-Vacation: yes\nSubject: 自動応答: 認証キー"]
)
def test_two_signs_make_an_automatic_reply_whatever_it_brings(fields: str) -> None:
    assert reason(f"{fields}\n{WITH_FILE}", PAPER) is MailReason.AUTOMATIC_REPLY


@pytest.mark.parametrize(
    "field", ["X-Autoreply: no", "X-Vacation: 0", "X-Autoreply-Allow: yes", "X-Auto-Response-Suppress: DR, OOF"]
)
def test_a_field_that_says_no_or_asks_for_none_is_no_sign(field: str) -> None:
    assert reason(f"{field}\n{WITH_FILE}", PAPER) is None


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("REPLY", MailReason.AUTOMATIC_REPLY),
        ("COUNTER", MailReason.AUTOMATIC_REPLY),
        ("REQUEST", None),
        ("CANCEL", None),
    ],
)
def test_a_calendars_answer_is_no_letter(method: str, expected: MailReason | None) -> None:
    calendar = f"--x\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:{method}\nEND:VCALENDAR\n--x--"
    assert reason("Subject: 承諾: 打合せ\nContent-Type: multipart/alternative; boundary=x", calendar) == expected


OUTLOOK = """Received: from mail.kensetsu.example.jp by mx.city.example.jp
X-MS-Has-Attach: yes
X-MS-Exchange-Organization-SCL: 1
X-MS-TNEF-Correlator:
X-Auto-Response-Suppress: DR, RN, NRN, OOF
Thread-Topic: =?iso-2022-jp?B?GyRCRUU7UkpdPlobKEI=?=
X-Mailer: Microsoft Outlook 16.0
Importance: high
X-Priority: 1 (Highest)
Disposition-Notification-To: <taro@kensetsu.example.jp>
Content-Language: ja"""
GMAIL = """Received: by mail-yw1-f1.google.com with SMTP id x
DKIM-Signature: v=1; a=rsa-sha256; d=gmail.com; s=20230601
X-Google-Smtp-Source: abc
X-Gm-Message-State: abc
Auto-Submitted: no"""
THUNDERBIRD = """User-Agent: Mozilla Thunderbird
X-Spam-Flag: NO
X-Spam-Status: No, score=-0.1
Content-Language: ja
X-Mozilla-Status: 0001"""
PHONE = """X-Mailer: iPhone Mail (21A329)
Mime-Version: 1.0 (1.0)
Precedence: first-class
X-Universally-Unique-Identifier: abc"""
SERVICE = """Feedback-ID: 1.ap-northeast-1.abc:AmazonSES
X-SES-Outgoing: 2026.11.22
Errors-To: bounce@kensetsu.example.jp
X-Loop:
Return-Path: <taro@kensetsu.example.jp>"""


@pytest.mark.parametrize(
    "fields", [OUTLOOK, GMAIL, THUNDERBIRD, PHONE, SERVICE], ids=["Outlook", "Gmail", "Thunderbird", "phone", "relay"]
)
@pytest.mark.parametrize(
    "subject", ["【電子保証】○○工事 認証キー", "Re: 電子保証について", "Fw: 認証キーのお知らせ", ""]
)
@pytest.mark.parametrize(
    "mail_from", [PERSON, None, "SRS0=abc=xy=kensetsu.example.jp=taro@forward.example.jp", "bounces+1-ab@em.example.jp"]
)
def test_a_persons_mail_is_a_persons_mail(fields: str, subject: str, mail_from: str | None) -> None:
    assert (
        reason(f"{fields}\nSubject: {subject}", "お世話になっております。認証キーを送付します。", mail_from=mail_from)
        is None
    )


def test_a_mail_forwarded_as_an_attachment_is_the_forwarders() -> None:
    fields = "Subject: ご確認ください\nContent-Type: multipart/mixed; boundary=x"
    inside = f"--x\n\n転送します\n--x\nContent-Type: message/rfc822\n\nFrom: MAILER-DAEMON\n{REPORT}\n\n--x--"
    assert reason(fields, inside) is None


def test_a_mail_without_a_sender_is_screened_too() -> None:
    assert reason(sender=None, mail_from=None) is None
    assert reason("Auto-Submitted: auto-generated", sender=None, mail_from=None) == MailReason.AUTOMATIC_MAIL


def test_an_unset_identity_matches_nothing() -> None:
    mail = parse_mail(b"From: x\nMessage-ID: nothing\n\n").mail
    assert screen(mail, None, frozenset()) is None


def test_whose_content_is_not_looked_into() -> None:
    void = {one for one in MailReason if is_content_void(one)}
    assert void == {MailReason.NULL_SENDER, MailReason.DELIVERY_REPORT, MailReason.AUTOMATIC_REPLY, MailReason.OWN_MAIL}


@given(st.text(max_size=200), st.text(max_size=200), st.one_of(st.none(), st.text(max_size=50)))
def test_nothing_raises(fields: str, body: str, mail_from: str | None) -> None:
    mail = parse_mail(f"{fields}\n\n{body}".encode("utf-8", "replace")).mail
    assert screen(mail, mail_from, OWN) in {None, *MailReason}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["a-", "mailer-", "bounce-", "no.", "(", "re: ", "mail ", "自動", " ", "[", "on ", "-", "_", "差出人"]
)
def test_hostile_repetition_takes_linear_time(piece: str) -> None:
    local = piece.strip() * 300
    assert (
        reason(f"Subject: {piece * 1_500}\nFrom: {local}@x.example.jp\nFrom: {local}", f"\n{piece * 50_000}") is None
        or piece == "bounce-"
    )
