"""What gateways write where they took an attachment out, what people write about attachments, and who is a gateway."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.mail.automatic.screen import screen
from bot.core.mail.gateways import is_note_name, is_told_by_header, says_taken_out
from bot.core.mail.message import Address, Header, Mail, Part
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import is_taken_out, understand
from bot.core.notice.missing_notice import Request
from bot.core.notice.read_mail import ReadMail
from bot.core.policy.policy import Formats
from bot.core.records.paper import PaperKind
from bot.core.records.reasons import MailReason, PaperReason

OWN = frozenset({"hosho@city.example.jp"})
HELLO = "いつもお世話になっております。認証キーのお知らせを添付いたします。ご査収ください。"

NOTES = (
    "添付ファイルは削除されました。",
    "【添付ファイル削除】セキュリティ対策のため、次の添付ファイルを削除しました。\n認証キーのお知らせ.pdf",
    "添付ファイルはセキュリティポリシーにより隔離されました。",
    "このメールの添付ファイルをブロックしました。解除は情報政策課まで。",
    "以下のファイルを取り除きました。\n n.pdf",
    "添付ファイル（notice.pdf）を分離しました。原本は無害化システムから取得してください。",
    "次の添付ファイルを\n削除しました",
    "［添付ファイル削除済み］ notice.pdf",
    "マクロを含む可能性があるため添付ファイル「認証キー.pdf」は隔離しています。",
    "添付書類は破棄いたしました。",
    "添付ファイルは削除されました。必要な場合は、情報政策課にご連絡ください。",
    "The attachment notice.pdf was removed because it could not be scanned.",
    "One or more attachments have been blocked by the mail gateway.",
    "ATTENTION: the following attachment(s) were quarantined: notice.pdf",
    "[ATTACHMENT REMOVED] notice.pdf",
    "The mail server removed attachment notice.pdf (application/pdf)",
    'This is a message from the e-mail virus protection service. The original e-mail attachment "n.pdf" is on the list of unacceptable attachments.',
    "This message uses Microsoft Purview Message Encryption.",
)  # fmt: skip
PEOPLE = (
    HELLO,
    "添付ファイルのパスワードは別途お送りします。",
    "受信後、不要になりました添付ファイルは削除してください。",
    "誤って受信された場合は、お手数ですがメールおよび添付ファイルを削除してくださいますようお願いいたします。",
    "当社ではパスワード付きZIPの添付ファイルを受信時に削除する運用としております。",
    "本メールの添付ファイルはウイルスチェック済みです。",
    "このメールはウイルス検査済みです。添付ファイルは無害化しました。",
    "添付ファイルが開けない場合は、ご連絡ください。",
    "弊社ではPPAP対策のため、パスワード付きの添付ファイルは削除しております。",
    "当社のサーバーでは、危険な拡張子の添付ファイルは自動的に削除されています。",
    "本文が表示されず添付ファイルが削除されました場合は、お手数ですがご連絡ください。",
    "If you are not the intended recipient, please delete this message and any attachments.",
    "Any attachments should be checked for viruses. Unauthorised copies must be removed.",
    "This email and any attachments are confidential and may be legally privileged.",
    "認証キーの添付を忘れました。",
    "添付の工事名から「（その１）」が削除されることはありません。",
)  # fmt: skip


def mail(
    body: str = HELLO, subject: str = "認証キーの提出", sender: str = "keiri@firm.example.jp", name: str = ""
) -> Mail:
    return Mail(subject=subject, body=body, from_=(Address(name, sender),))


@pytest.mark.parametrize("words", NOTES)
@pytest.mark.parametrize("form", ["{}", "{}\n----\n" + HELLO, HELLO + "\n\n{}"])
def test_a_gateways_note_is_known_and_its_sender_is_asked_for_nothing(words: str, form: str) -> None:
    assert says_taken_out(form.format(words))
    told = understand(ReadMail(mail(form.format(words)), ()), Formats())
    assert (told.request, is_taken_out(told)) == (None, True)


@pytest.mark.parametrize("words", PEOPLE)
def test_words_about_attachments_are_no_gateways_note(words: str) -> None:
    assert not says_taken_out(words)
    assert understand(ReadMail(mail(f"{HELLO}\n{words}"), ()), Formats()).request is Request.NOTICE_MISSING


@pytest.mark.parametrize("words", NOTES)
def test_what_is_quoted_is_no_gateways_note(words: str) -> None:
    quoted = "\n".join(f"> {line}" for line in words.split("\n"))
    assert not is_taken_out(understand(ReadMail(mail(f"{HELLO}\n{quoted}"), ()), Formats()))


@pytest.mark.parametrize(
    ("name", "is_note"),
    [
        *((name, True) for name in (
            "Deleted0.txt", "DELETED12.TXT", "ATTACHMENT_REMOVED.txt", "n.pdf-Attachment-Warning.txt", "VirusWarning.txt",
            "removed_attachment_1.txt", "添付ファイル削除通知.txt", "隔離通知.html", "削除ファイル一覧.txt", "notice.pdf.removed.txt",
            "notice.pdf.blocked", "message.rpmsg", "message_v4.rpmsg", "Security Warning.txt", "quarantine-file.txt", "a.zip/Deleted0.txt",
            "securedoc.html", "securedoc_20261130T101010.html", "SecureMessageAtt.html", "Encrypted_Message.htm",
        )),
        *((name, False) for name in (
            "notice.pdf", "認証キーのお知らせ.pdf", "削除.pdf", "memo.txt", "ATT00001.txt", "変更契約書（削除後）.pdf", "deleted.pdf",
            "保証契約の一部削除について.pdf", "README.txt", "message.html", "secure.pdf",
        )),
    ],
)  # fmt: skip
def test_notes_of_gateways_are_known_by_their_names(name: str, is_note: bool) -> None:
    assert is_note_name(name) is is_note


def document(part: str, name: str) -> Document:
    return Document(part, name, "text/plain", 10, "0" * 64, trouble=OpenFailure.UNKNOWN_FORMAT)


@pytest.mark.parametrize(
    ("name", "text", "is_out"),
    [
        ("Deleted0.txt", "x", True),
        ("認証キーのお知らせ.pdf.txt", "添付ファイルは削除されました", True),
        ("認証キーのお知らせ.htm", "The attachment was removed.", True),
        ("message.rpmsg", None, True),
        ("memo.txt", "よろしくお願いします", False),
    ],
)
def test_a_file_in_an_attachments_place_is_told_as_that(name: str, text: str | None, is_out: bool) -> None:
    part = Part("2", "text/plain", name, 10, "0" * 64, is_attachment=True, text=text)
    told = understand(ReadMail(replace(mail(), parts=(part,)), (document("2", name),)), Formats())
    found = [(paper.name, paper.kind, paper.reason) for paper in told.papers]
    assert (found == [(name, PaperKind.UNREADABLE, PaperReason.TAKEN_OUT)]) is is_out
    assert (told.request is None) or not is_out


@pytest.mark.parametrize(
    ("field", "subject", "is_told"),
    [
        ("DEL_ATTACH CHG_TEXT", "x", True),
        ("CHG_TEXT", "x", False),
        ("", "[ATTACHMENT REMOVED] x", True),
        ("", "【添付ファイル削除】x", True),
        ("", "{Filename?} x", True),
        ("", "添付ファイルの削除について", False),
        ("", "【無害化】認証キーの提出", False),
    ],
)
def test_header_fields_and_tags_tell_it_too(field: str, subject: str, is_told: bool) -> None:
    headers = (Header("X-MAIL-SANITIZED", field),) if field else ()
    assert is_told_by_header(replace(mail(subject=subject), headers=headers)) is is_told


QUARANTINED = "次のメールの添付ファイルを隔離しました。\n差出人：keiri@firm.example.jp\n件名：認証キーの提出"


@pytest.mark.parametrize(
    ("sender", "name", "subject", "body"),
    [
        ("votiro@city.example.jp", "", "【隔離通知】認証キーの提出", QUARANTINED),
        ("votiro@city.example.jp", "", "認証キーの提出", QUARANTINED),
        ("mail-security@city.example.jp", "", "メール隔離通知", "1件のメールが隔離されています。"),
        (
            "jouhou@city.example.jp",
            "無害化システム",
            "無害化完了のお知らせ",
            "添付ファイルの無害化処理が完了しました。",
        ),
        ("system@city.example.jp", "", "[隔離通知] 1件", QUARANTINED),
        ("quarantine@vendor.example.com", "", "Quarantine notification", "2 messages were quarantined."),
        (
            "no-reply@vendor.example.com",
            "Email Quarantine",
            "Spam Quarantine Summary",
            "You have 3 quarantined messages",
        ),
        ("imss@city.example.jp", "", "ウイルスを検出しました(Virus Warning Message)", "ウイルスが検出されました。"),
        ("spam-digest@gw.example.com", "", "End User Quarantine Digest", "held messages: 2"),
        ("votiro@lgwan.city.example.jp", "", "無害化完了通知", "添付ファイルを隔離しました。"),
        ("mailgates@isp.example.jp", "", "メール隔離通知", "隔離されたメールの一覧です。"),
    ],
)
def test_a_gateways_notice_is_never_answered(sender: str, name: str, subject: str, body: str) -> None:
    assert screen(mail(body, subject, sender, name), "", OWN) is MailReason.GATEWAY_NOTICE
    assert screen(mail(body, subject, sender, name), sender, OWN) is MailReason.GATEWAY_NOTICE


@pytest.mark.parametrize(
    ("sender", "name", "subject", "body"),
    [
        ("keiri@firm.example.jp", "", "認証キーの提出", HELLO),
        ("keiri@firm.example.jp", "", "【無害化】認証キーの提出", f"このメールは無害化されています。\n{HELLO}"),
        ("keiri@firm.example.jp", "", "[ATTACHMENT REMOVED] x", NOTES[0]),
        ("keiri@firm.example.jp", "", "隔離施設改修工事の認証キー", HELLO),
        ("security@keibi.example.jp", "", "認証キーの提出", f"{HELLO}\nウイルス検査済み"),
        ("info@security-gw.example.jp", "", "認証キーの提出", HELLO),
        ("yamada@city.example.jp", "", "Fw: 認証キーの提出", HELLO),
        ("yamada@city.example.jp", "", "認証キーが隔離されました", HELLO),
        ("keiri@firm.example.jp", "○○セキュリティ株式会社", "認証キーの提出", HELLO),
    ],
)  # fmt: skip
def test_a_persons_mail_is_no_gateways(sender: str, name: str, subject: str, body: str) -> None:
    assert screen(mail(body, subject, sender, name), sender, OWN) is None
