"""Shapes of text parts: of every mail all that its readers see is read, and nothing that they don't.

A shape is written as a tree: a string is a text part, a list a multipart whose first member is its subtype.
"""

from __future__ import annotations

import quopri
from base64 import b64encode
from typing import Any

import pytest

from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.consent.grammar import said_in
from bot.core.mail.html import shown_and_authored
from bot.core.mail.message import Mail
from bot.core.mail.parse import parse_mail
from bot.core.mail.passwords import candidates
from bot.core.mail.reply_text import UNSEEN
from bot.core.notice.entry_forms import forms_in_words
from bot.core.notice.interpret import typed_notices
from bot.core.policy.policy import Formats
from bot.core.records.clerk_orders import CommandKind
from bot.core.records.paper import PaperKind, PaperRule, PaperRules
from bot.core.records.reasons import SubmissionReason

PDF = "application/pdf; name=a.pdf|%PDF-1.4"
FOOTER = "このメールはウイルス検査済みです。"
ACCEPTS_TYPED = Formats(papers=PaperRules(((PaperKind.KEY_IN_BODY, PaperRule.ACCEPT),)))


def notice(number: str = "10001-000001", key: str = "aB3dEf6hIj9k", end: str = "\n") -> str:
    lines = ("工事名：市道第５号線改良工事", "受注者名：株式会社みほん建設", "保証区分：前払金保証")
    return end.join((*lines, f"保証契約番号：{number}", f"認証キー：{key}"))


def html(words: str) -> str:
    return f"<html><body><p>{words}</p></body></html>"


NOTICE, PAGE = notice(), html(notice(end="<br>"))
KEYS = [("10001-000001", "aB3dEf6hIj9k")]


def entity(node: str | list[Any]) -> bytes:
    """A part's header and content. `media type; parameters|content`, else HTML or plain text by its first letter."""
    if isinstance(node, list):
        boundary = f"b{id(node)}"
        parts = "".join(f"--{boundary}\r\n{entity(child).decode()}\r\n" for child in node[1:])
        return f"Content-Type: multipart/{node[0]}; boundary={boundary}\r\n\r\n{parts}--{boundary}--\r\n".encode()
    told, bar, content = node.partition("|")
    if not bar or "/" not in told:
        told, content = ("text/html" if node.startswith("<") else "text/plain"), node
    head = f"Content-Type: {told}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    name = told.partition("name=")[2]
    disposition = f"Content-Disposition: inline; filename={name}\r\n" if name else ""
    return f"{head}{disposition}\r\n{content}".encode()


def mail(node: str | list[Any], head: str = "") -> Mail:
    return parse_mail(f"From: a@firm.example.jp\r\nSubject: x\r\n{head}".encode() + entity(node)).mail


def keys(one: Mail, formats: Formats | None = None) -> list[tuple[str, str]]:
    found = typed_notices(one, formats or Formats())
    return [(n.fields.number, n.fields.auth_key.reveal() if n.fields.auth_key else "") for n in found]


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (["mixed", "一", "<p>二"], "一\n二"),
        (["mixed", "<p>一", "二", PDF, "<p>三"], "一\n二\n三"),
        (["mixed", "一", "<p>一"], "一"),  # alternative was meant
        (["alternative", "一", "<p>一"], "一"),
        (["alternative", "<p>一 二 三", "一 二"], "一 二"),
        (["alternative", "一", "<p>一" + "あ" * 10], "一" + "あ" * 10),  # shortened
        (["alternative", "このメールはHTML形式です。", "<p>一"], "一"),
        (["alternative", "Your mail client does not support HTML messages.\n", "<p>一"], "一"),
        (["alternative", "本メールが正しく表示されない場合は次をご覧ください\nhttps://example.jp/a", "<p>一"], "一"),
        (["alternative", " \n", "<p>一"], "一"),
        (["alternative", "一", ["related", "<p>一<img src=cid:a>", "image/png|x"]], "一"),
        (["alternative", "一", ["mixed", "<p>一", PDF, "<p>二"]], "一\n二"),
        (["alternative", "一", "text/x-amp-html|<p>別", "<p>一"], "一"),
        (["alternative", "一", "<p>一", "text/calendar|BEGIN:VCALENDAR"], "一"),
        (["mixed", ["alternative", "一", "<p>一"], "<p>" + FOOTER], f"一\n{FOOTER}"),
        (["related", ["alternative", "一", "<p>一"], "image/png|x"], "一"),
        (["related", "<p>一", "text/html\r\nContent-ID: <x>|<p>枠"], "一"),
        (["related", "<p>一", FOOTER], f"一\n{FOOTER}"),
        (["related", "image/png|x", "<p>一"], "一"),
        (['related; start="<r>"', "二", "text/html\r\nContent-ID: <r>|<p>一"], "一\n二"),
        (["signed", "一", "application/pgp-signature|x"], "一"),
        (["report", "一", "message/delivery-status|x", "text/rfc822-headers|From: x"], "一"),
        (["digest", "message/rfc822|From: a@b.example\r\n\r\nx"], ""),
        (["mixed", "一", "message/rfc822|From: a@b.example\r\n\r\nx"], "一"),
        (["x-unknown", "一", "<p>二"], "一\n二"),
        (["mixed", "<p>一", "text/plain; name=ATT00001.txt|二"], "一\n二"),
        (["mixed", "<p>一", "text/html; name=ATT00002.htm|<p>二"], "一\n二"),
        (["mixed", "一", "text/plain; name=memo.txt|二"], "一"),
        (["mixed", "一", "text/html; name=mail.html|<p>二"], "一\n二"),
        (["alternative", "text/plain; name=body.txt|一", "text/html; name=body.html|<p>一"], "一"),
        ("text/html; name=mail.html|<p>一", "一"),
        ("text/enriched|<bold>一</bold> <<b>\n<excerpt>二</excerpt>\n<color><param>red</param>三</color>", "一 <b>\n\n> 二\n\n三"),
        ("text/richtext|一<nl>二", "一\n二"),
        ("text/calendar|BEGIN:VCALENDAR", "BEGIN:VCALENDAR"),
        ("<p>一<blockquote>二<br>三</blockquote>四", "一\n> 二\n> 三\n四"),
        ("<p>一 <s>二</s><span style='display:none'>三</span><span style='x:y'>四</span>", "一 四"),
    ],
)  # fmt: skip
def test_the_body_is_what_mail_programs_show(shape: str | list[Any], body: str) -> None:
    assert mail(shape).body.strip() == body


@pytest.mark.parametrize(
    "shape",
    [
        NOTICE,
        PAGE,
        ["mixed", PAGE, FOOTER],
        ["mixed", "[外部メール] 差出人に注意してください", PAGE],
        ["mixed", PAGE, PDF, "<br>iPhoneから送信"],
        ["mixed", "<p>よろしくお願いします。", PDF, PAGE],
        ["alternative", "認証キーを提出します。", PAGE],
        ["alternative", "お世話になっております。" * 9, PAGE],
        ["alternative", PAGE, "認証キーを提出します。"],
        ["alternative", notice(end="\n\n"), PAGE],
        ["alternative", f"text/enriched|{NOTICE}", PAGE],
        ["alternative", "お世話になっております。", NOTICE],
        ["alternative", "認証キーを提出します。", ["mixed", "<p>提出します。", PDF, PAGE]],
        ["mixed", ["alternative", "提出します。", PAGE], FOOTER],
        ["related", PAGE, FOOTER],
        ["related", ["alternative", "提出します。", PAGE], "image/png|x"],
        ["signed", ["mixed", PAGE, FOOTER], "application/pkcs7-signature|x"],
        ["mixed", PAGE, f"text/plain; name=ATT00001.txt|{FOOTER}"],
        ["mixed", "<p>提出します。", f"text/html; name=ATT00001.htm|{PAGE}"],
        f"text/enriched|<bold>{NOTICE}</bold>",
        html(notice(end="<br>") + "<s>認証キー：Zz9yXx8wVv7u</s>"),
        html(f"<div style='display:none'>{notice(key='Zz9yXx8wVv7u', end='<br>')}</div>{notice(end='<br>')}"),
        html(f"{notice(end='<br>')}<blockquote>{notice(key='Zz9yXx8wVv7u', end='<br>')}</blockquote>"),
        html(f"<span style='unheard-of:1'>{notice(end='<br>')}</span>"),
    ],
)
def test_a_typed_notice_is_found_and_goes_to_a_person(shape: str | list[Any]) -> None:
    one = mail(shape)
    assert keys(one) == KEYS
    assert all(SubmissionReason.TYPED_IN_BODY in found.doubts for found in typed_notices(one, Formats()))


@pytest.mark.parametrize(
    "shape",
    [
        html(f"<s>{notice(end='<br>')}</s>"),
        html(f"<div hidden>{notice(end='<br>')}</div>"),
        f"<style>.h{{display:none}}</style><p class=h>{notice(end='<br>')}",
        html(f"<font color=white>{notice(end='<br>')}</font>"),
        html(f"<span style='text-decoration: line-through'>{notice(end='<br>')}</span>"),
        html(f"<span style='font-size:0'>{notice(end='<br>')}</span>"),
        html(f"<blockquote type=cite>{notice(end='<br>')}</blockquote>"),
        html(f"<div class=gmail_quote>{notice(end='<br>')}</div>"),
        html(f"<div id=divRplyFwdMsg>差出人: x</div>{notice(end='<br>')}"),
        f"text/enriched|<excerpt>{NOTICE}</excerpt>",
        ["mixed", "提出します。", html(f"<s>{notice(end='<br>')}</s>")],
        ["alternative", "提出します。", html(f"<blockquote>{notice(end='<br>')}</blockquote>")],
        ["related", "<p>提出します。", f"text/html\r\nContent-ID: <x>|{PAGE}"],
        ["mixed", "提出します。", f"message/rfc822|From: a@b.example\r\n\r\n{NOTICE}"],
    ],
)  # fmt: skip
def test_what_is_quoted_hidden_or_struck_out_is_no_notice(shape: str | list[Any]) -> None:
    assert keys(mail(shape)) == []


def test_a_forwarded_page_is_read_with_what_it_quotes() -> None:
    forwarded = html(f"転送します。<blockquote type=cite>{notice(end='<br>')}</blockquote>")
    assert keys(parse_mail(b"Subject: Fwd: x\r\n" + entity(forwarded)).mail) == KEYS


@pytest.mark.parametrize(
    ("plain", "rich", "is_doubtful"),
    [
        (NOTICE, PAGE, False),
        (NOTICE, html(notice(end="<br>") + "<br>" + "よろしくお願いします。" * 9), False),
        ("提出します。", PAGE, False),
        (NOTICE, html(notice(key="Zz9yXx8wVv7u", end="<br>")), True),
        (NOTICE, html(notice(number="20002-000002", end="<br>")), True),
        (NOTICE, html(f"<s>{notice(end='<br>')}</s>{notice(key='Zz9yXx8wVv7u', end='<br>')}"), True),
        ("短く", f"<span style='unheard-of:1'>{PAGE}</span>", True),
    ],
)
def test_where_typed_notices_are_accepted_two_that_differ_are_not(plain: str, rich: str, is_doubtful: bool) -> None:
    found = typed_notices(mail(["alternative", plain, rich]), ACCEPTS_TYPED)
    assert found
    assert [bool(one.doubts) for one in found] == [is_doubtful] * len(found)


SIGNED = "<p>契約課 田中</p>"
PUT_OFF, ACCEPT, STOPPED = [CommandKind.PUT_OFF], [CommandKind.ACCEPT], []


@pytest.mark.parametrize(
    ("shape", "done"),
    [
        (["mixed", f"<p>保留 電話中</p>{SIGNED}", f"----\n{FOOTER}"], PUT_OFF),
        (["mixed", f"<p>保留 電話中</p>{SIGNED}", FOOTER], PUT_OFF),
        (["mixed", "[外部メール] 差出人に注意", "<p>承認</p>"], ACCEPT),
        (["mixed", "承認", f"<p style='unheard-of:1'>{FOOTER}"], ACCEPT),
        (["alternative", "承認", "<p>承認</p><p style='unheard-of:1'>x"], ACCEPT),
        (["alternative", "このメールはHTML形式です。", "<p>承認</p>"], ACCEPT),
        (["alternative", "お疲れ様です。", "<p>お疲れ様です。</p><p>承認</p>"], ACCEPT),
        (["alternative", "差戻し 金額が\n違います", "<p>差戻し 金額が違います</p>" + SIGNED], [CommandKind.REFUSE]),
        (["alternative", "承認", "<p>差戻し 金額が違います</p>"], STOPPED),
        (["alternative", "1件目 承認", "<p>2件目 承認</p>"], STOPPED),
        (["alternative", "訂正 番号 10001-000001", "<p>訂正 番号 10001-000002</p>"], STOPPED),
        (["alternative", "承認できません", "<p>承認</p>"], STOPPED),
        (["mixed", "承認", "<p>差戻し 金額が違います</p>"], STOPPED),
        (["mixed", "承認", "<p>ただし2件目は除く</p>"], STOPPED),
        (["mixed", "<p>お疲れ様です</p>", f"{FOOTER}"], STOPPED),
        (["mixed", "<p>お疲れ様です</p><blockquote>承認</blockquote>", FOOTER], STOPPED),
        (["mixed", "<p>お疲れ様です</p><s>承認</s>", FOOTER], STOPPED),
        (["alternative", "お疲れ様です。", "<p>お疲れ様です。</p><p style='display:none'>承認</p>"], STOPPED),
    ],
)  # fmt: skip
def test_an_order_is_taken_from_where_a_clerk_wrote_it_and_only_when_there_is_one(
    shape: str | list[Any], done: list[CommandKind]
) -> None:
    told = read_answer(mail(shape, "In-Reply-To: <x@city.example.jp>\r\n").sayings)
    assert ([] if told.unclear else [order.verb for order in told.orders]) == done


@pytest.mark.parametrize(
    ("shape", "granted"),
    [
        (["mixed", "<p>配信停止</p>", FOOTER], False),
        (["alternative", "よろしくお願いいたします。", "<p>配信停止</p>"], False),
        (["alternative", "配信停止", "<p>配信再開</p>"], None),
        (["alternative", "配信停止しないでください", "<p>配信停止</p>"], None),
        (["mixed", "配信停止", "<p>配信再開</p>"], None),
        (["mixed", FOOTER, "<blockquote>配信停止</blockquote>"], None),
    ],
)
def test_a_wish_about_notifications_is_taken_likewise(shape: str | list[Any], granted: bool | None) -> None:
    said = said_in(mail(shape))
    assert (said.granted if said else None) is granted


@pytest.mark.parametrize(
    ("shape", "numbers"),
    [
        (["mixed", PAGE, FOOTER], ["10001-000001"]),
        (["alternative", "手入力します。", PAGE], ["10001-000001"]),
        (["alternative", NOTICE, f"<p style='unheard-of:1'>{PAGE}"], ["10001-000001"]),
        (["alternative", NOTICE, html(notice(number="20002-000002", end="<br>"))], []),
    ],
)
def test_a_form_is_taken_likewise(shape: str | list[Any], numbers: list[str]) -> None:
    found = forms_in_words(mail(shape), "手入力", Formats(), "本文")
    assert [form.number for form in (found.forms if found else ())] == numbers


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        (["mixed", "<p>パスワード：Ab12Cd34Ef</p>", "-- \nウイルス検査済み"], "Ab12Cd34Ef"),
        (["mixed", "[外部メール]", "<p>パスワード：Ab12Cd34Ef</p>"], "Ab12Cd34Ef"),
        (["alternative", "パスワードをお知らせします。" * 9, "<p>パスワード：Ab12Cd34Ef</p>"], "Ab12Cd34Ef"),
        ("<p>パスワード：<s>Old12Pass34</s></p><p>パスワード：Ab12Cd34Ef</p>", "Ab12Cd34Ef"),
    ],
)
def test_a_password_is_found_likewise(shape: str | list[Any], first: str) -> None:
    one = mail(shape)
    told = [found.reveal() for found in candidates(one.subject, f"{one.body}\n{one.rich}")]
    assert told[0] == first
    assert "Old12Pass34" not in told


# ---------------------------------------------------------------- encoded multiparts


LINES = {
    "base64": lambda content: b"\r\n".join(b64encode(content)[n : n + 76] for n in range(0, len(b64encode(content)), 76)),
    "quoted-printable": lambda content: quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"),
    "Base64 ": b64encode,
    "7bit": lambda content: b64encode(content)[:76] + b"\r\n" + b64encode(content)[76:],
}  # fmt: skip


@pytest.mark.parametrize("how", LINES)
@pytest.mark.parametrize("is_nested", [False, True])
@pytest.mark.parametrize("footer", [b"", b"\r\n"])
def test_an_encoded_multipart_is_decoded(how: str, is_nested: bool, footer: bytes) -> None:
    head, _, inner = entity(["mixed", NOTICE, PAGE, PDF]).partition(b"\r\n\r\n")
    content = head + f"\r\nContent-Transfer-Encoding: {how}\r\n\r\n".encode() + LINES[how](inner) + footer
    if is_nested:
        content = b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n" + content + b"\r\n--out--\r\n"
    parsed = parse_mail(content)
    assert [one.media_type for one in parsed.mail.parts] == ["text/plain", "text/html", "application/pdf"]
    assert keys(parsed.mail) == KEYS


@pytest.mark.parametrize("how", LINES)
def test_a_multipart_that_only_claims_to_be_encoded_is_read_as_it_stands(how: str) -> None:
    whole = entity(["mixed", NOTICE, "text/plain; name=a.txt|x=3Dy", PDF])
    parsed = parse_mail(whole.replace(b"\r\n\r\n", f"\r\nContent-Transfer-Encoding: {how}\r\n\r\n".encode(), 1))
    assert keys(parsed.mail) == KEYS
    assert parsed.contents["2"] == b"x=3Dy"
    assert parsed.contents["3"] == b"%PDF-1.4"


def test_deep_trees_cost_no_more_than_their_parts() -> None:
    shape: str | list[Any] = "<p>一"
    for kind in ("related", "alternative", "mixed") * 9:
        shape = [kind, shape, "<p>二", "三"]
    assert mail(shape).body


def test_shown_text_is_html_to_text_where_the_tree_would_be_too_large() -> None:
    assert shown_and_authored("<br>" * 9_000 + "<s>x</s>")[0] == "x"
    assert UNSEEN not in shown_and_authored("<p style='unheard-of:1'>x")[0]
