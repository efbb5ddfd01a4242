"""What lies within an attachment is found: files in containers, mails in mails, each with its way and its limits."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from bot.core.mail.parse import parse_mail
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import PaperContent
from bot.core.policy.policy import Formats
from bot.core.records.paper import PaperKind
from bot.core.records.reasons import PaperReason
from bot.documents.contents import (
    CONTAINERS_DEEP,
    FILES_OPENED,
    MAILS_DEEP,
    PDFS_OPENED,
    AttachmentReader,
    OpenBudget,
    find_file,
)

PaperOf = Callable[[str], bytes]


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def mail_of(*files: bytes, subject: str = "認証キー", body: str = "お送りします。", **fields: str) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "koji@kensetsu.example.jp", subject
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    for content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename="a.bin")
    return message.as_bytes()


def opened(
    content: bytes, media_type: str = "", name: str = "a.zip", **options: object
) -> list[tuple[Document, PaperContent]]:
    return list(AttachmentReader(Formats(), **options).open("2", name, content, media_type))  # type: ignore[arg-type]


def test_a_plain_file_is_its_own_document(paper: PaperOf) -> None:
    ((document, said),) = opened(paper("reportlab-leaflet"), name="お知らせ.pdf")
    assert (document.part, document.name, said.paper.kind) == ("2", "お知らせ.pdf", PaperKind.KEY_NOTICE)


def test_files_of_a_container_have_its_name_before_theirs_and_their_place_behind_its_part(paper: PaperOf) -> None:
    found = opened(zipped(one_pdf=paper("reportlab-leaflet"), two_pdf=paper("claim-drawn")))
    assert [(document.part, document.name) for document, _ in found] == [
        ("2/1", "a.zip/one.pdf"),
        ("2/2", "a.zip/two.pdf"),
    ]
    assert [said.paper.kind for _, said in found] == [PaperKind.KEY_NOTICE, PaperKind.CLAIM]


def test_a_zip_in_a_zip_is_opened_and_what_lies_deeper_says_why_not(paper: PaperOf) -> None:
    content = paper("reportlab-leaflet")
    for depth in range(CONTAINERS_DEEP):
        content = zipped(x_zip=content) if depth else zipped(x_pdf=content)
    ((document, said),) = opened(content)
    assert (document.trouble, said.paper.kind) == (None, PaperKind.KEY_NOTICE)
    ((document, _),) = opened(zipped(x_zip=content))
    assert document.trouble is OpenFailure.LIMITS


def test_a_mail_in_the_mail_gives_its_words_and_its_papers(paper: PaperOf) -> None:
    inner = mail_of(paper("reportlab-leaflet"), body="保証契約番号：11111-111111\n認証キー：AB12CD34ef56")
    (words, told), (document, said) = opened(inner, "message/rfc822", name="")
    assert (words.media_type, told.paper.kind, len(told.notices)) == ("message/rfc822", PaperKind.KEY_IN_BODY, 1)
    assert (document.part, said.paper.kind) == ("2/2", PaperKind.KEY_NOTICE)


def test_a_saved_mail_without_its_type_is_known_by_its_fields(paper: PaperOf) -> None:
    kinds = [said.paper.kind for _, said in opened(mail_of(paper("reportlab-leaflet")), name="転送.eml")]
    assert kinds == [PaperKind.ATTACHED_MAIL, PaperKind.KEY_NOTICE]


def test_a_forward_of_a_forward_is_opened_up_to_a_depth(paper: PaperOf) -> None:
    content = mail_of(paper("reportlab-leaflet"))
    for _ in range(MAILS_DEEP - 1):
        message = EmailMessage()
        message["From"], message["Subject"] = "a@kensetsu.example.jp", "Fw:"
        message.set_content("転送します。")
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename="b.eml")
        content = message.as_bytes()
    assert opened(content, "message/rfc822")[-1][1].paper.kind is PaperKind.KEY_NOTICE
    deeper = mail_of(content)
    assert opened(deeper, "message/rfc822")[-1][0].trouble is OpenFailure.ATTACHED_MAIL


@pytest.mark.parametrize(
    "fields", [{"X_Hosho_Bot": "1"}, {"Auto_Submitted": "auto-replied"}], ids=["our own", "an automatic reply"]
)
def test_a_mail_that_nobody_submits_stays_closed_within_a_mail(fields: dict[str, str], paper: PaperOf) -> None:
    ((document, said),) = opened(mail_of(paper("reportlab-leaflet"), **fields), "message/rfc822")
    assert (document.trouble, said.notices) == (OpenFailure.ATTACHED_MAIL, ())


def test_a_mail_that_returns_others_opens_none_of_them(paper: PaperOf) -> None:
    ((document, _),) = opened(mail_of(paper("reportlab-leaflet")), "message/rfc822", returns=True)
    assert document.trouble is OpenFailure.ATTACHED_MAIL


def test_more_pdfs_and_files_than_the_limits_stay_closed_wherever_they_lie(paper: PaperOf) -> None:
    notice = paper("reportlab-leaflet")
    files = {f"n{number}_pdf": notice for number in range(PDFS_OPENED + 2)}
    troubles = [document.trouble for document, _ in opened(zipped(**files))]
    assert troubles == [None] * PDFS_OPENED + [OpenFailure.LIMITS] * 2
    room = OpenBudget()
    assert [room.takes(b"x") for _ in range(FILES_OPENED + 1)] == [True] * FILES_OPENED + [False]


def test_every_document_is_found_again_by_its_part(paper: PaperOf) -> None:
    notice = paper("reportlab-leaflet")
    outer = mail_of(zipped(x_pdf=b"no pdf", y_zip=zipped(z_pdf=notice)), mail_of(notice))
    parsed = parse_mail(outer)
    opener = AttachmentReader(Formats())
    found = [
        document.part
        for part in parsed.mail.parts
        if part.is_attachment
        for document, said in opener.open(part.path, part.file_name, parsed.contents[part.path], part.media_type)
        if said.paper.kind is PaperKind.KEY_NOTICE
    ]
    assert found == ["2/2/1", "3/2"]
    assert [find_file(parsed, part) for part in found] == [notice, notice]


@pytest.mark.parametrize("part", ["", "9", "2/9", "2/x"])
def test_a_way_that_leads_nowhere_finds_nothing(part: str, paper: PaperOf) -> None:
    assert find_file(parse_mail(mail_of(zipped(x_pdf=paper("reportlab-leaflet")))), part) is None


def test_a_mail_within_a_mail_that_somebody_sent_back_stays_closed(paper: PaperOf) -> None:
    inner = mail_of(paper("reportlab-leaflet"), body="宛先違いのようですので返送いたします。")
    ((document, said),) = opened(inner, "message/rfc822")
    assert (document.trouble, said.notices) == (OpenFailure.ATTACHED_MAIL, ())


def test_a_container_with_nothing_in_it_is_shown_all_the_same() -> None:
    ((document, _),) = opened(zipped())
    assert document.trouble is OpenFailure.ARCHIVE


LABELS = "工事名：橋梁補修工事<br>受注者名：みほん建設<br>保証区分：契約保証<br>保証契約番号：12345-678901<br>認証キー：Z28YUE4J3Bux"


@pytest.mark.parametrize(
    ("name", "words", "kind", "reason", "doubts"),
    [
        ("n.html", f"<p>{LABELS}", PaperKind.KEY_NOTICE, PaperReason.LABELS_ONLY, [["not_the_notice_itself"]]),
        ("n.htm", f"<h1>「認証キー」のお知らせ</h1>{LABELS}", PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE, [["not_the_notice_itself"]]),
        ("n.html", "<h1>「認証キー」のお知らせ</h1>ブラウザーで開いてください", PaperKind.OTHER, PaperReason.UNKNOWN_FORMAT, []),
        ("n.html", "<p>会社案内", PaperKind.OTHER, PaperReason.UNKNOWN_FORMAT, []),
        ("message.html", "<p>暗号化されたメッセージが届いています<form action='https://mail.example.jp/'>", PaperKind.UNREADABLE, PaperReason.TAKEN_OUT, []),
        ("message.html", "<p>You have received a secure message<br>Open it within 30 days.", PaperKind.UNREADABLE, PaperReason.TAKEN_OUT, []),
        ("a.html", "<p>このメールは暗号化されています。", PaperKind.UNREADABLE, PaperReason.TAKEN_OUT, []),
    ],
)  # fmt: skip
def test_an_attached_web_page_is_for_a_person(
    name: str, words: str, kind: PaperKind, reason: PaperReason, doubts: list[list[str]]
) -> None:
    ((_, said),) = opened(f"<html><body>{words}</body></html>".encode(), "text/html", name)
    assert (said.paper.kind, said.paper.reason) == (kind, reason)
    assert [list(map(str, one.doubts)) for one in said.notices] == doubts
