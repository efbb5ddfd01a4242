"""Cases: bodies and structures that are broken, odd or deep, each with a good notice in them."""

from __future__ import annotations

import quopri
from collections.abc import Callable, Iterator

import mails
from case import Bench, Case, paper, rksj_paper, typed
from mails import HELLO, Part, file, many
from notices import Notice

Made = Callable[[Bench, bytes], bytes]


def _attached(part: Callable[[bytes], Part]) -> Made:
    return lambda bench, content: bench.mail(many(mails.text(), part(content)))


def _sent_as(how: bytes, raw: Callable[[bytes], bytes]) -> Made:
    head = b'Content-Type: application/pdf; name="n.pdf"\r\nContent-Transfer-Encoding: ' + how
    return _attached(lambda content: Part(head, raw(content)))


def _junk_in_base64(content: bytes) -> bytes:
    lines = mails.b64(content).split(b"\r\n")
    return b"\r\n".join(line[:30] + b" !\t" + line[30:] if i % 7 == 3 else line for i, line in enumerate(lines))


def _quoted(content: bytes) -> bytes:
    return quopri.encodestring(content, quotetabs=True).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _deep(bench: Bench, content: bytes) -> bytes:
    part = many(mails.text(), file(content))
    for level in range(8):
        part = many(part, boundary=b"level-%d" % level)
    return bench.mail(part)


def _same_boundary(bench: Bench, content: bytes) -> bytes:
    inner = many(mails.text(), mails.text("<p>x</p>", subtype="html"), subtype="alternative", boundary=b"same")
    return bench.mail(many(inner, file(content), boundary=b"same-outer"))


def _prefix_boundary(bench: Bench, content: bytes) -> bytes:
    inner = many(mails.text(), mails.text("<p>x</p>", subtype="html"), subtype="alternative", boundary=b"edge-1")
    return bench.mail(many(inner, file(content), boundary=b"edge"))


def _apple_double(bench: Bench, content: bytes) -> bytes:
    fork = Part(
        b'Content-Type: application/applefile; name="n.pdf"\r\nContent-Transfer-Encoding: base64',
        mails.b64(
            b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00\x01\x00\x00\x00\x09\x00\x00\x00\x32\x00\x00\x00\x20"
        ),
    )
    return bench.mail(many(mails.text(), many(fork, file(content), subtype="appledouble")))


def _bare(line_end: bytes) -> Made:
    return lambda bench, content: _plain(bench, content).replace(b"\r\n", line_end)


def _plain(bench: Bench, content: bytes) -> bytes:
    return bench.mail(many(mails.text(), file(content)))


def _uuencoded(bench: Bench, content: bytes) -> bytes:
    words = HELLO.encode("cp932") + b"\r\n" + mails.uuencoded(content, b"notice.pdf")
    head = b"Content-Type: text/plain; charset=Shift_JIS\r\nContent-Transfer-Encoding: 8bit"
    return bench.mail(Part(head, words))


def _no_mime_header(bench: Bench, content: bytes) -> bytes:
    return bench.mail(Part(b"", mails.uuencoded(content, b"notice.pdf")), mime_version=False)


def _only(content: bytes) -> Part:
    return file(content)


def _no_boundary_parameter(bench: Bench, content: bytes) -> bytes:
    whole = many(mails.text(), file(content), boundary=b"lost")
    return bench.mail(Part(b"Content-Type: multipart/mixed", whole.content))


def _wrong_boundary(bench: Bench, content: bytes) -> bytes:
    whole = many(mails.text(), file(content), boundary=b"right")
    return bench.mail(Part(b'Content-Type: multipart/mixed; boundary="wrong"', whole.content))


def _twice_type(bench: Bench, content: bytes) -> bytes:
    whole = many(mails.text(), file(content))
    return bench.mail(Part(b"Content-Type: text/plain; charset=utf-8\r\n" + whole.head, whole.content))


def _blank_in_header(bench: Bench, content: bytes) -> bytes:
    return _plain(bench, content).replace(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nThis line is no header\r\n")


def _related(bench: Bench, content: bytes) -> bytes:
    page = mails.text("<html><body>添付のとおりです。<img src='cid:logo'></body></html>", subtype="html", how="base64")
    logo = Part(b"Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <logo>", mails.b64(_GIF))
    return bench.mail(many(page, logo, file(content), subtype="related"))


_GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

_STRUCTURES: dict[str, Made] = {
    "junk-before-pdf": _attached(lambda c: file(b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + c)),
    "junk-after-pdf": _attached(lambda c: file(c + b"\r\n<!-- served -->" + b"\0" * 3000)),
    "base64-junk": _sent_as(b"base64", _junk_in_base64),
    "base64-no-padding": _sent_as(b"base64", lambda c: mails.b64(c).rstrip(b"\r\n").rstrip(b"=") + b"\r\n"),
    "base64-one-line": _sent_as(b"base64", lambda c: mails.b64(c, 10**7)),
    "base64-short-lines": _sent_as(b"base64", lambda c: mails.b64(c, 4)),
    "base64-in-capitals": _sent_as(b"BASE64 ", mails.b64),
    "base64-text-after": _sent_as(b"base64", lambda c: mails.b64(c) + b"\r\n-- \r\nscanned by anti-virus\r\n"),
    "base64-padding-inside": _sent_as(b"base64", lambda c: mails.b64(c[:1000]) + mails.b64(c[1000:])),
    "quoted-printable": _sent_as(b"quoted-printable", _quoted),
    "qp-labelled-base64": _sent_as(b"quoted-printable", mails.b64),
    "binary": _sent_as(b"binary", lambda c: c),
    "8bit": _sent_as(b"8bit", lambda c: c),
    "x-uuencode": _sent_as(b"x-uuencode", lambda c: mails.uuencoded(c, b"n.pdf")),
    "no-encoding": lambda b, c: b.mail(
        many(mails.text(), Part(b'Content-Type: application/pdf; name="n.pdf"', mails.b64(c)))
    ),
    "bare-lf": _bare(b"\n"),
    "bare-cr": _bare(b"\r"),
    "missing-end": lambda b, c: b.mail(many(mails.text(), file(c), closed=False)),
    "missing-end-and-line": lambda b, c: b.mail(many(mails.text(), file(c), closed=False)).rstrip(b"\r\n"),
    "same-boundary": _same_boundary,
    "prefix-boundary": _prefix_boundary,
    "no-boundary-parameter": _no_boundary_parameter,
    "wrong-boundary": _wrong_boundary,
    "two-content-types": _twice_type,
    "text-in-header": _blank_in_header,
    "preamble-and-epilogue": lambda b, c: (
        b.mail(many(mails.text(), file(c), preamble="これはMIMEです。\r\n".encode("cp932"))) + b"\r\nepilogue\r\n"
    ),
    "alternative-holds-pdf": lambda b, c: b.mail(many(mails.text(), file(c), subtype="alternative")),
    "alternative-pdf-first": lambda b, c: b.mail(many(file(c), mails.text(), subtype="alternative")),
    "related": _related,
    "appledouble": _apple_double,
    "digest-type": lambda b, c: b.mail(many(mails.text(), file(c), subtype="x-unknown")),
    "eight-deep": _deep,
    "pdf-alone": lambda b, c: b.mail(_only(c)),
    "empty-text": lambda b, c: b.mail(many(mails.text(""), file(c))),
    "text-after-file": lambda b, c: b.mail(many(file(c), mails.text("よろしくお願いします。"))),
    "uuencode-in-body": _uuencoded,
    "uuencode-no-mime": _no_mime_header,
    "no-mime-version": lambda b, c: b.mail(many(mails.text(), file(c)), mime_version=False),
    "external-inline": lambda b, c: b.mail(many(file(c, None, disposition=b"inline"), mails.text())),
    "footer-of-a-list": lambda b, c: b.mail(
        many(many(mails.text(), file(c)), mails.text("-- \r\nウイルスチェック済み"))
    ),
}


def cases() -> Iterator[Case]:
    """All of them; odd ones with the Shift_JIS paper."""
    for turn, (name, made) in enumerate(_STRUCTURES.items()):
        bench = Bench(f"structure-{name}")
        one = bench.notice()
        content = rksj_paper(one) if turn % 2 else paper(one)
        yield Case(bench.name, "mime/structure", "read", made(bench, content), (one,), register=bench.register)
    for name, words in _TYPED.items():
        bench = Bench(f"typed-{name}")
        one = bench.notice()
        mail = bench.mail(mails.text(words(one)))
        yield Case(bench.name, "typed/layout", "read", mail, (one,), register=bench.register, note="typed")


_TYPED: dict[str, Callable[[Notice], str]] = {
    "plain": lambda n: HELLO + typed(n),
    "wide": lambda n: HELLO + typed(n.full_width()),
    "brackets": lambda n: (
        HELLO
        + "".join(
            f"【{label}】\r\n　{value}\r\n"
            for label, value in (
                ("工事名", n.project_name),
                ("受注者名", n.contractor),
                ("商品（保証区分）", n.product),
                ("保証契約番号", n.number),
                ("認証キー", n.auth_key),
            )
        )
    ),
    "signature-below": lambda n: HELLO + typed(n) + "\r\n-- \r\n青葉台建設株式会社\r\nTEL 029-000-0000\r\n",
    "hyphen-wide": lambda n: (
        HELLO + typed(Notice(n.project_name, n.contractor, n.product, n.number.replace("-", "－"), n.auth_key))
    ),
}
