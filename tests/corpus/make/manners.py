"""Mails in the manner of the programs that contractors use: how each writes text, charset and the file's name.

`MANNERS` gives a function for each: (bench, its PDFs as (name, bytes), words) → whole mail. Raises nothing of its own.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Sequence

import mails
from case import Bench
from mails import HELLO, Part

TITLE = "【電子保証】認証キーのお知らせの送付"
NAME = "電子保証にかかる「認証キー」のお知らせ.pdf"
Files = Sequence[tuple[str, bytes]]


def _page(words: str) -> str:
    lines = "<br>\r\n".join(html.escape(line) for line in words.split("\r\n"))
    return f'<html><head></head><body lang="JA"><div style="font-size:10.5pt">{lines}</div></body></html>\r\n'


def outlook(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Outlook in Japanese offices: ISO-2022-JP, names as encoded words inside quotes."""
    both = mails.many(
        mails.text(words, "iso-2022-jp", how="7bit"),
        mails.text(_page(words), "iso-2022-jp", subtype="html", how="quoted-printable"),
        subtype="alternative",
    )
    attached = [mails.file(content, mails.word(name)) for name, content in files]
    return bench.mail(
        mails.many(both, *attached, preamble=b"This is a multipart message in MIME format.\r\n\r\n"),
        mails.words(TITLE),
        more=(b"X-Mailer: Microsoft Outlook 16.0", b"Thread-Index: AdrXabc=", b"Content-Language: ja"),
    )


def exchange(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Outlook with Exchange: UTF-8 in base64, creation dates beside the name."""
    both = mails.many(
        mails.text(words, how="base64"), mails.text(_page(words), subtype="html", how="base64"), subtype="alternative"
    )
    attached = []
    for name, content in files:
        shown = mails.word(name, "utf-8")
        dates = b';\r\n creation-date="Wed, 03 Jun 2026 01:10:00 GMT"'
        disposition = b'attachment;\r\n filename="' + shown + b'"; size=%d' % len(content) + dates
        part = mails.file(content, shown, disposition=disposition)
        attached.append(
            Part(part.head.replace(b"application/pdf", b'application/pdf; name="' + shown + b'"'), part.content)
        )
    return bench.mail(mails.many(both, *attached), TITLE, more=(b"X-MS-Has-Attach: yes", b"x-ms-exchange-transport: x"))


def gmail(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Gmail: alternative in base64, the name as one encoded word, an attachment id."""
    both = mails.many(
        mails.text(words, "UTF-8", how="base64"),
        mails.text(_page(words), "UTF-8", subtype="html", how="base64"),
        subtype="alternative",
    )
    attached = [
        mails.file(content, mails.word(name, "UTF-8"), more=b"\r\nX-Attachment-Id: f_x1\r\nContent-ID: <f_x1>")
        for name, content in files
    ]
    return bench.mail(mails.many(both, *attached), TITLE, more=(b"X-Gm-Message-State: AOJu0Yx",))


def thunderbird(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Thunderbird: flowed text, the file name by RFC 2231 in pieces."""
    body = mails.text(words)
    body = Part(body.head.replace(b"utf-8", b"UTF-8; format=flowed"), body.content)
    attached = []
    for name, content in files:
        part = mails.file(content, None, disposition=b"attachment;\r\n " + mails.rfc2231(name, "utf-8", 3))
        word = mails.word(name, "UTF-8")
        attached.append(
            Part(part.head.replace(b"application/pdf", b'application/pdf; name="' + word + b'"'), part.content)
        )
    return bench.mail(
        mails.many(body, *attached), TITLE, more=(b"User-Agent: Mozilla Thunderbird", b"Content-Language: ja")
    )


def becky(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Becky!: ISO-2022-JP in capitals, the name as encoded words folded inside quotes."""
    attached = [mails.file(content, mails.words(name, "ISO-2022-JP", "jis")) for name, content in files]
    more = (b"X-Mailer: Becky! ver. 2.81.05 [ja]",)
    return bench.mail(
        mails.many(mails.text(words, "ISO-2022-JP", "jis", how="7bit"), *attached), mails.words(TITLE), more=more
    )


def shuriken(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Shuriken: the name in raw ISO-2022-JP and once more by RFC 2231."""
    attached = []
    for name, content in files:
        raw = mails.jis(name)
        part = mails.file(content, raw, disposition=b"attachment; " + mails.rfc2231(name, "iso-2022-jp"))
        attached.append(
            Part(part.head.replace(b"application/pdf", b'application/pdf; name="' + raw + b'"'), part.content)
        )
    more = (b"X-Mailer: JsvMail (Shuriken Pro 9)",)
    return bench.mail(
        mails.many(mails.text(words, "iso-2022-jp", how="7bit"), *attached), mails.words(TITLE), more=more
    )


def iphone(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """An iPhone: the file inline between two texts, the name decomposed (NFD)."""
    attached = []
    for name, content in files:
        flat = unicodedata.normalize("NFD", name)
        disposition = b"inline;\r\n\t" + mails.rfc2231(flat, "utf-8")
        attached.append(mails.file(content, None, disposition=disposition, more=b"\r\nX-Apple-Content-Length: 1"))
    tail = mails.text("\r\n\r\niPhoneから送信", "utf-8", how="base64")
    return bench.mail(
        mails.many(mails.text(words, how="base64"), *attached, tail), TITLE, more=(b"X-Mailer: iPhone Mail (22A3354)",)
    )


def apple(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """Apple Mail: the PDF stands within the HTML alternative."""
    attached = []
    for name, content in files:
        part = mails.file(content, mails.word(unicodedata.normalize("NFD", name), "utf-8"), disposition=None)
        attached.append(Part(part.head.replace(b"attachment", b"inline"), part.content))
    page = mails.text(_page(words), "utf-8", subtype="html", how="quoted-printable")
    rich = mails.many(page, *attached, mails.text("<html></html>", "us-ascii", subtype="html"))
    return bench.mail(
        mails.many(mails.text(words, "utf-8", how="quoted-printable"), rich, subtype="alternative"), TITLE
    )


def docomo(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """A telephone company's mail: Shift_JIS, a short subject, the name in Shift_JIS words."""
    attached = [mails.file(content, mails.word(name, "Shift_JIS", "cp932")) for name, content in files]
    body = mails.text(words, "Shift_JIS", "cp932", how="8bit")
    return bench.mail(mails.many(body, *attached), mails.word("認証キー", "Shift_JIS", "cp932"))


def groupware(bench: Bench, files: Files, words: str = HELLO) -> bytes:
    """A web groupware: everything UTF-8, name raw in both headers."""
    attached = [mails.file(content, name) for name, content in files]
    return bench.mail(mails.many(mails.text(words), *attached), TITLE.encode(), more=(b"X-Mailer: Groupware Web Mail",))


MANNERS: dict[str, Callable[..., bytes]] = {
    "outlook": outlook,
    "exchange": exchange,
    "gmail": gmail,
    "thunderbird": thunderbird,
    "becky": becky,
    "shuriken": shuriken,
    "iphone": iphone,
    "apple": apple,
    "docomo": docomo,
    "groupware": groupware,
}
