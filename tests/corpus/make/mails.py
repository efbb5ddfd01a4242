"""Builds whole mails by hand, byte by byte, so that every abuse of MIME is possible; used by the cases_*.py beside it.

A part is its header (bytes, lines without the last line end) and its content as sent. Nothing is repaired or checked here:
what a case gives is what stands in the mail. Raises nothing of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import quopri
from dataclasses import dataclass

INBOX = "hosho@city.example.jp"
HELLO = (
    "お世話になっております。標記の件、認証キーのお知らせをお送りします。\r\nご確認のほどよろしくお願いいたします。\r\n"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A MIME part: header lines without the last line end, and content as sent."""

    head: bytes
    content: bytes


def jis(text: str) -> bytes:
    """ISO-2022-JP as Japanese mailers make it: cp932's letters by their rows, half-width kana after ESC ( I (CP50221)."""
    out, shift = bytearray(), b"\x1b(B"
    for letter in text:
        raw = letter.encode("cp932")
        if len(raw) == 1 and raw[0] < 0x80:
            wanted, raw7 = b"\x1b(B", raw
        elif len(raw) == 1:
            wanted, raw7 = b"\x1b(I", bytes([raw[0] - 0x80])
        else:
            wanted, raw7 = b"\x1b$B", _to_jis(raw[0], raw[1])
        if wanted != shift:
            out += wanted
            shift = wanted
        out += raw7
    return bytes(out) + (b"" if shift == b"\x1b(B" else b"\x1b(B")


def _to_jis(lead: int, trail: int) -> bytes:
    if lead >= 0xFA:  # IBM's rows are sent by the rows that NEC chose for them
        letter = bytes([lead, trail]).decode("cp932")
        for first in (0xED, 0xEE):
            for second in range(0x40, 0xFD):
                if second != 0x7F and bytes([first, second]).decode("cp932", "replace") == letter:
                    return _to_jis(first, second)
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + (0x21)
    cell = trail - (0x40 if trail < 0x7F else 0x41)
    if trail >= 0x9F:
        row, cell = row + 1, trail - 0x9F
    return bytes([row, cell + 0x21])


def word(text: str, charset: str = "iso-2022-jp", codec: str = "", how: str = "B") -> bytes:
    """One encoded word (RFC 2047) of any length; codec "jis" is the function above."""
    raw = encoded(text, codec or charset)
    body = base64.b64encode(raw) if how == "B" else _q(raw)
    return b"=?%s?%s?%s?=" % (charset.encode(), how.encode(), body)


def words(text: str, charset: str = "iso-2022-jp", codec: str = "", size: int = 12) -> bytes:
    """Encoded words of a few letters each, folded, as RFC 2047 wants."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return b"\r\n ".join(word(piece, charset, codec) for piece in pieces)


def cut_words(text: str, charset: str, size: int, codec: str = "") -> bytes:
    """Encoded words cut after so many bytes, even inside a letter."""
    raw = encoded(text, codec or charset)
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    return b"\r\n ".join(b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(piece)) for piece in pieces)


def encoded(text: str, codec: str) -> bytes:
    """The text in Python's codec, or by `jis`."""
    return jis(text) if codec in {"jis", "iso-2022-jp"} else text.encode(codec)


def _q(raw: bytes) -> bytes:
    return b"".join(bytes([c]) if chr(c).isalnum() and c < 0x80 else b"=%02X" % c for c in raw)


def text(
    words_: str = HELLO,
    charset: str = "utf-8",
    codec: str = "",
    subtype: str = "plain",
    how: str = "8bit",
) -> Part:
    """A text part; charset "" = no such parameter; `how` 7bit, 8bit, base64, quoted-printable."""
    raw = encoded(words_, codec or charset)
    label = b"; charset=" + charset.encode() if charset else b""
    head = b"Content-Type: text/" + subtype.encode() + label + b"\r\nContent-Transfer-Encoding: " + how.encode()
    if how == "base64":
        raw = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    elif how == "quoted-printable":
        raw = quopri.encodestring(raw).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return Part(head, raw)


def b64(content: bytes, width: int = 76) -> bytes:
    """Base64 in lines of a width."""
    raw = base64.b64encode(content)
    return b"".join(raw[start : start + width] + b"\r\n" for start in range(0, len(raw), width))


def file(
    content: bytes,
    name: bytes | str | None = "n.pdf",
    media_type: str = "application/pdf",
    *,
    disposition: bytes | None = None,
    more: bytes = b"",
) -> Part:
    """A file in base64. `name` in quotes as it is; None = no name; `disposition` replaces the whole header line."""
    raw = name.encode() if isinstance(name, str) else name
    head = b"Content-Type: " + media_type.encode()
    if raw is not None and disposition is None:
        head += b'; name="' + raw + b'"'
    head += b"\r\nContent-Transfer-Encoding: base64"
    if disposition is None:
        disposition = b"attachment" if raw is None else b'attachment; filename="' + raw + b'"'
    if disposition:
        head += b"\r\nContent-Disposition: " + disposition
    return Part(head + more, b64(content))


def boundary_of(parts: tuple[Part, ...], subtype: str) -> bytes:
    """A boundary that depends on the content only."""
    return b"=_" + subtype.encode() + b"_" + hashlib.sha256(repr(parts).encode()).hexdigest()[:20].encode()


def many(
    *parts: Part,
    subtype: str = "mixed",
    parameters: bytes = b"",
    preamble: bytes = b"",
    closed: bool = True,
    boundary: bytes = b"",
) -> Part:
    """A multipart of the parts."""
    line = boundary or boundary_of(parts, subtype)
    body = preamble + b"".join(b"--" + line + b"\r\n" + p.head + b"\r\n\r\n" + p.content + b"\r\n" for p in parts)
    head = b"Content-Type: multipart/" + subtype.encode() + parameters + b';\r\n boundary="' + line + b'"'
    return Part(head, body + (b"--" + line + b"--\r\n" if closed else b""))


@dataclass(frozen=True, slots=True)
class Letter:
    """The head of a mail: everything but its MIME header."""

    sender: bytes
    subject: bytes
    to: bytes = INBOX.encode()
    message_id: bytes = b""
    date: bytes = b"Wed, 03 Jun 2026 10:15:00 +0900"
    more: tuple[bytes, ...] = ()
    mime_version: bool = True


def mail(letter: Letter, part: Part) -> bytes:
    """A whole mail."""
    seed = letter.sender + letter.subject + part.content
    message_id = letter.message_id or b"<" + hashlib.sha256(seed).hexdigest()[:24].encode() + b"@mail.example.jp>"
    lines = [
        b"From: " + letter.sender,
        b"To: " + letter.to,
        b"Subject: " + letter.subject,
        b"Date: " + letter.date,
        b"Message-ID: " + message_id,
        *([b"MIME-Version: 1.0"] if letter.mime_version else []),
        *letter.more,
        *([part.head] if part.head else []),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + part.content


def enclosed(whole: bytes, name: bytes = b"") -> Part:
    """A mail as message/rfc822."""
    head = b"Content-Type: message/rfc822"
    if name:
        head += b'; name="' + name + b'"\r\nContent-Disposition: attachment; filename="' + name + b'"'
    return Part(head, whole)


def uuencoded(content: bytes, name: bytes) -> bytes:
    """A file as uuencode writes it into a body."""
    lines = [binascii.b2a_uu(content[start : start + 45]).rstrip(b"\n") for start in range(0, len(content), 45)]
    return b"begin 644 " + name + b"\r\n" + b"\r\n".join(lines) + b"\r\n`\r\nend\r\n"


def rfc2231(name: str, codec: str, pieces: int = 1, *, escaped: bool = True, label: str = "") -> bytes:
    """The parameter filename* in one piece or more."""
    raw = encoded(name, codec)
    step = -(-len(raw) // pieces)
    chunks = [raw[start : start + step] for start in range(0, len(raw), step)]
    shown = [b"".join(b"%%%02X" % c for c in chunk) if escaped else chunk for chunk in chunks]
    head = (label or codec).encode() + b"'ja'"
    if pieces == 1:
        return b"filename*=" + head + shown[0]
    lines = [b"filename*%d*=%s%s" % (i, head if i == 0 else b"", chunk) for i, chunk in enumerate(shown)]
    return b";\r\n ".join(lines)
