"""Mails that carry a disguised access key in every part that a program may quote: subject, names, files, text, tables, answers.

`mails_with` makes them for test_hidden_keys.py, as bytes; the headers are built by hand, since a library would not split them so.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from bot.core.records.outgoing_mail import OutgoingMail

MX = "mx.city.example.jp"
INBOX = "hosho@city.example.jp"
STAFF = "yamada@city.example.jp"
_BOUNDARY = "=-part"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a mail. `name`: of the file, "" = it is text to read."""

    media_type: str
    content: bytes
    name: str = ""
    encoding: str = "base64"


def encoded(text: str) -> str:
    """Encoded words of at most five characters each, so that one ends within every key (RFC 2047)."""
    pieces = [text[start : start + 5] for start in range(0, len(text), 5)]
    words = (base64.b64encode(piece.encode("utf-8", "surrogatepass")).decode() for piece in pieces)
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def mail(
    number: str,
    *parts: Part,
    subject: str,
    name: str = "",
    sender: str = "koji@kensetsu.example.jp",
    more: str = "",
    kind: str = "mixed",
) -> bytes:
    """A mail of these parts; its headers carry the texts in encoded words."""
    domain = sender.rpartition("@")[2]
    head = (
        f"Authentication-Results: {MX}; dmarc=pass header.from={domain}\r\n"
        f"From: {encoded(name) + ' ' if name else ''}<{sender}>\r\nTo: {INBOX}\r\nMessage-ID: <{number}@{domain}>\r\n"
        f"Subject: {encoded(subject)}\r\nMIME-Version: 1.0\r\n{more}"
        f'Content-Type: multipart/{kind}; boundary="{_BOUNDARY}"\r\n\r\n'
    )
    body = "".join(f"--{_BOUNDARY}\r\n{_head_of(part)}\r\n{_encoded(part)}\r\n" for part in parts)
    return f"{head}{body}--{_BOUNDARY}--\r\n".encode("utf-8", "surrogatepass")


def _head_of(part: Part) -> str:
    name = f"Content-Disposition: attachment; filename*=utf-8''{quote(part.name)}\r\n" if part.name else ""
    return f"Content-Type: {part.media_type}; charset=utf-8\r\nContent-Transfer-Encoding: {part.encoding}\r\n{name}"


def _encoded(part: Part) -> str:
    if part.encoding == "base64":
        return base64.encodebytes(part.content).decode().replace("\n", "\r\n")
    lines = "".join(chr(byte) if 33 <= byte <= 126 and byte != 61 else f"={byte:02X}" for byte in part.content)
    return (
        "".join(f"{lines[start : start + 9]}=\r\n" for start in range(0, len(lines), 9)) if "=" not in lines else lines
    )


def text(words: str, **more: str) -> Part:
    """A part of plain text."""
    return Part("text/plain", words.encode("utf-8", "surrogatepass"), **more)


def _zip(inner: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(inner.replace("/", "-") + ".txt", "本文")
    return packed.getvalue()


def _html(key: str) -> bytes:
    return (
        f"<html><head><title>認証キー {key}</title></head><body><p>お世話になっております。{key}</p>"
        f'<img src="cid:1" alt="認証キー：{key}"><table><tr><th>保証契約番号</th><th>認証キー</th></tr>'
        f"<tr><td>55555-123456</td><td>{key}</td></tr></table><div>認証キー</div><div>{key}</div></body></html>"
    ).encode("utf-8", "surrogatepass")


def mails_with(key: str, number: str) -> Iterator[bytes]:
    """The mails of a contractor. `key`: as it is written."""
    question = f"市道第５号線の件です。\n{key}\n認証キー：{key}\n認証キーは{key}です。\n認証キー\n{key}\n{key}（認証キー）\n届きましたか。"
    table = f"工事名,認証キー\n市道第５号線,{key}\n".encode("utf-8", "surrogatepass")
    event = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:認証キー {key}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode(
        "utf-8", "surrogatepass"
    )
    yield mail(
        f"{number}.text",
        text(question),
        Part("text/csv", table, f"認証キー {key}.csv"),
        Part("text/calendar", event, f"{key}.ics"),
        Part("application/zip", _zip(f"認証キー{key}"), f"{key}.zip"),
        Part("application/pdf", b"%PDF-1.4 broken", f"お知らせ{key}.pdf"),
        subject=f"認証キー：{key}の件",
        name=f"建設太郎 {key}",
    )
    yield mail(f"{number}.html", Part("text/html", _html(key)), subject=f"問合せ {key}", name=key)
    typed = (
        f"電子保証にかかる「認証キー」のお知らせ\n工事名：市道第５号線改良工事 {key}\n受注者名：株式会社みほん建設 {key}\n"
        f"商品（保証区分）：前払金保証 {key}\n保証契約番号：55555-123456 {key}\n認証キー：{key}\n"
    )
    yield mail(f"{number}.typed", text(typed, encoding="quoted-printable"), subject="お知らせ", name=f"（{key}）")
    original = f"From: a@b.example.jp\r\nSubject: {encoded(f'認証キー {key}')}\r\n\r\n認証キー {key}\r\n"
    yield mail(
        f"{number}.bounce",
        text(f"配信できませんでした。\n> 認証キー：{key}"),
        Part(
            "message/delivery-status",
            f"Reporting-MTA: dns; {MX}\r\n\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 認証キー {key}\r\n".encode(
                "utf-8", "surrogatepass"
            ),
            encoding="8bit",
        ),
        Part("message/rfc822", original.encode("utf-8", "surrogatepass"), encoding="8bit"),
        subject=f"Undelivered: 認証キー {key}",
        more="Auto-Submitted: auto-replied\r\n",
        kind="report; report-type=delivery-status",
    )
    yield mail(f"{number}.password", text(f"パスワード：{key}\n認証キーも {key} です。"), subject=f"パスワード {key}")
    attached = mail(f"{number}.inner", text(question), subject=f"認証キー {key}", name=key)
    yield mail(
        f"{number}.forwarded",
        text("転送します。"),
        Part("message/rfc822", attached, f"{key}.eml", "8bit"),
        subject="Fwd",
    )
    yield mail(f"{number}.stop", text(f"配信停止\n{key}"), subject=f"配信停止 {key}")
    yield mail(
        f"{number}.entered",
        text(f"工事名：{key}\n受注者名：{key}\n保証契約番号：{key}\n認証キー：{key}\n"),
        subject=f"手入力 {key}",
        sender=STAFF,
    )


def answer_with(key: str, number: str, to: OutgoingMail, subject: str) -> bytes:
    """A clerk's answer to a letter, with the key in an order, a reason and a line that nobody understands."""
    words = f"差戻し 認証キー {key} が誤りです。\n訂正 工事名 {key}\n{key}\n認証キー：{key}\n"
    more = f"In-Reply-To: {to.message_id}\r\nReferences: {to.message_id}\r\n"
    return mail(f"{number}.answer", text(words), subject=f"RE: {subject}", name=key, sender=STAFF, more=more)
