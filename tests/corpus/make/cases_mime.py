"""Cases: charsets and headers as mailers get them wrong, each mail with a good notice as PDF or typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import mails
from case import Bench, Case, paper, rksj_paper, typed
from mails import HELLO, Part, file, many
from notices import Notice

SPECIAL = "㈱髙﨑組 ①工区 №２ Ⅱ期"
KANA = "ﾆﾝｼｮｳｷｰﾉｵｼﾗｾ"
JAPANESE = "電子保証にかかる「認証キー」のお知らせ.pdf"
HARD = "予定表ソ能十.pdf"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _typed()
    yield from _subjects()
    yield from _names()
    yield from _text_parts()


FOOTER = "----\r\nこのメールはウイルス検査済みです。\r\n"
STRIPPED = "【添付ファイル削除】次の添付ファイルを削除しました。\r\n n.pdf\r\n-----\r\n"


def _text_parts() -> Iterator[Case]:
    """Parts of words beside each other, and what gateways do to a mail's parts."""
    for name, part in _PARTS.items():
        bench = Bench(f"parts-{name}", register="number")
        one = bench.notice()
        page = "<html><body>" + typed(one).replace("\r\n", "<br>\r\n") + "</body></html>"
        mail = bench.mail(part(one, mails.text(page, subtype="html", how="base64")))
        yield Case(bench.name, "mime/text parts", "read", mail, (one,), register="number")
    bench = Bench("parts-taken-out", register="number")
    mail = bench.mail(mails.text(STRIPPED + HELLO))
    yield Case(bench.name, "mime/text parts", "person", mail, register="absent", note="a gateway has the file")


def _encoded(one: Notice, _: Part) -> Part:
    whole = many(mails.text(), file(paper(one)))
    return Part(whole.head + b"\r\nContent-Transfer-Encoding: base64", mails.b64(whole.content))


_PARTS: dict[str, Callable[[Notice, Part], Part]] = {
    "footer-behind": lambda _, page: many(page, mails.text(FOOTER)),
    "banner-before": lambda _, page: many(mails.text("[外部メール] 差出人に注意してください\r\n"), page),
    "stub": lambda _, page: many(mails.text("認証キーを提出します。\r\n"), page, subtype="alternative"),
    "file-between": lambda one, _: many(
        mails.text("<p>送ります。</p>", subtype="html"),
        file(paper(one)),
        mails.text("<p>iPhoneから送信</p>", subtype="html"),
    ),
    "encoded-multipart": _encoded,
}


# (name, charset label or "", codec, transfer encoding, note)
_BODIES = (
    ("jis", "iso-2022-jp", "jis", "7bit"),
    ("jis-base64", "ISO-2022-JP", "jis", "base64"),
    ("jis-qp", "iso-2022-jp", "jis", "quoted-printable"),
    ("jis-no-charset", "", "jis", "7bit"),
    ("jis-ascii-label", "us-ascii", "jis", "7bit"),
    ("jis-utf8-label", "utf-8", "jis", "8bit"),
    ("jis-latin-label", "iso-8859-1", "jis", "7bit"),
    ("windows-31j", "Windows-31J", "cp932", "8bit"),
    ("cp50220", "cp50220", "jis", "7bit"),
    ("cp50221", "cp50221", "jis", "7bit"),
    ("jis-ms", "iso-2022-jp-ms", "jis", "7bit"),
    ("x-sjis", "x-sjis", "cp932", "base64"),
    ("x-euc-jp", "x-euc-jp", "euc_jp", "8bit"),
    ("cp932-as-sjis", "Shift_JIS", "cp932", "8bit"),
    ("sjis-no-charset", "", "cp932", "8bit"),
    ("euc-no-charset", "", "euc_jp", "8bit"),
    ("utf8-no-charset", "", "utf-8", "8bit"),
    ("utf8-jis-label", "iso-2022-jp", "utf-8", "8bit"),
    ("sjis-utf8-label", "utf-8", "cp932", "base64"),
    ("gb2312", "gb2312", "gb18030", "base64"),
    ("utf16", "utf-16", "utf-16", "base64"),
    ("utf8-bom", "utf-8", "utf-8-sig", "base64"),
    ("unknown-label", "x-unknown", "utf-8", "8bit"),
)


def _typed() -> Iterator[Case]:
    for name, charset, codec, how in _BODIES:
        bench = Bench(f"charset-{name}")
        special = codec in {"jis", "cp932"}
        one = bench.notice("", SPECIAL if special else "")
        words = HELLO + typed(one) + ("担当：" + (KANA if special else "保証") + "\r\n")
        if codec == "euc_jp":
            words = words.encode("euc_jp", "ignore").decode("euc_jp")
            one = Notice(*(v.encode("euc_jp", "ignore").decode("euc_jp") for v in _values(one)))
        part = Part(*_text(words, charset, "jis" if codec == "jis" else codec, how))
        yield Case(bench.name, "mime/charset", "read", bench.mail(part), (one,), register=bench.register, note="typed")
    bench = Bench("charset-html-only-jis")
    one = bench.notice()
    page = "<html><body>" + typed(one).replace("\r\n", "<br>\r\n") + "</body></html>"
    part = mails.text(page, "iso-2022-jp", subtype="html", how="7bit")
    yield Case(bench.name, "mime/charset", "read", bench.mail(part), (one,), register=bench.register, note="HTML only")
    bench = Bench("charset-html-meta-only")
    one = bench.notice()
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in _rows(one))
    page = f'<html><meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS"><table>{rows}</table></html>'
    part = mails.text(page, "", "cp932", subtype="html", how="base64")
    yield Case(bench.name, "mime/charset", "read", bench.mail(part), (one,), register=bench.register, note="HTML table")


def _values(one: Notice) -> tuple[str, ...]:
    return one.project_name, one.contractor, one.product, one.number, one.auth_key


def _rows(one: Notice) -> zip[tuple[str, str]]:
    return zip(("工事名", "受注者名", "商品（保証区分）", "保証契約番号", "認証キー"), _values(one), strict=True)


def _text(words: str, charset: str, codec: str, how: str) -> tuple[bytes, bytes]:
    part = mails.text(words, charset or "", codec, how=how)
    return part.head, part.content


_SUBJECTS: dict[str, Callable[[], bytes]] = {
    "cp50221": lambda: mails.words(f"認証キー {SPECIAL}", "iso-2022-jp", "jis"),
    "half-kana": lambda: mails.word(f"認証キー {KANA}", "ISO-2022-JP", "jis"),
    "sjis-cp932": lambda: mails.word(f"認証キー {SPECIAL}", "Shift_JIS", "cp932"),
    "windows-31j": lambda: mails.word(f"認証キー {SPECIAL}", "Windows-31J", "cp932"),
    "cut-inside-utf8": lambda: mails.cut_words("【電子保証】認証キーのお知らせの送付", "utf-8", 10),
    "cut-inside-jis": lambda: mails.cut_words("【電子保証】認証キーのお知らせの送付", "iso-2022-jp", 13, "jis"),
    "q-gb2312": lambda: mails.word("認証キー送付", "gb2312", "gb18030", "Q"),
    "raw-sjis": lambda: "認証キー表予ソ".encode("cp932"),
    "raw-euc": lambda: "認証キーのお知らせ".encode("euc_jp"),
    "raw-utf8": f"認証キー{SPECIAL}".encode,
    "raw-jis": lambda: mails.jis(f"認証キー{SPECIAL}"),
    "in-quotes": lambda: b'"' + mails.word("認証キー", "utf-8") + b'"',
    "no-padding": lambda: mails.word("認証キー送付の件", "utf-8").replace(b"=?=", b"?="),
    "words-glued": lambda: mails.word("認証", "utf-8") + mails.word("キー送付", "utf-8"),
    "long": lambda: mails.word("認証キー送付の件、" * 60, "utf-8"),
    "empty": lambda: b"",
    "emoji": lambda: mails.word("認証キー📎送付✅", "utf-8"),
}


def _subjects() -> Iterator[Case]:
    for turn, (name, subject) in enumerate(_SUBJECTS.items()):
        bench = Bench(f"subject-{name}")
        one = bench.notice()
        content = paper(one) if turn % 2 else rksj_paper(one)
        sender = mails.word("工事 太郎", "iso-2022-jp", "jis") + f" <{bench.address}>".encode()
        if name.startswith("raw"):
            sender = subject() + f" <{bench.address}>".encode()
        part = many(mails.text(), file(content, "notice.pdf"))
        mail = bench.mail(part, subject(), sender=sender)
        yield Case(bench.name, "mime/header", "read", mail, (one,), register=bench.register)


def _disposition(value: bytes) -> Callable[[bytes], Part]:
    return lambda content: file(content, None, disposition=b"attachment;\r\n " + value)


def _quoted(raw: bytes) -> Callable[[bytes], Part]:
    return lambda content: file(content, raw)


_NAMES: dict[str, Callable[[bytes], Part]] = {
    "2231-jis-split": _disposition(mails.rfc2231(JAPANESE, "jis", 2, label="iso-2022-jp")),
    "2231-jis-unescaped": _disposition(mails.rfc2231(JAPANESE, "jis", 1, escaped=False, label="iso-2022-jp")),
    "2231-utf8-pieces": _disposition(mails.rfc2231(JAPANESE, "utf-8", 5)),
    "2231-sjis": _disposition(mails.rfc2231(HARD, "cp932", 2, label="Shift_JIS")),
    "2231-pieces-out-of-order": _disposition(
        b";\r\n ".join(reversed(mails.rfc2231(JAPANESE, "utf-8", 4).split(b";\r\n ")))
    ),
    "2231-no-charset": _disposition(b"filename*=''" + b"".join(b"%%%02X" % c for c in JAPANESE.encode())),
    "raw-sjis": _quoted(HARD.encode("cp932")),
    "raw-euc": _quoted(JAPANESE.encode("euc_jp")),
    "raw-jis": _quoted(mails.jis(HARD)),
    "raw-utf8": _quoted(JAPANESE.encode()),
    "word-in-quotes": _quoted(mails.word(JAPANESE, "iso-2022-jp", "jis")),
    "words-cut": _quoted(mails.cut_words(JAPANESE, "utf-8", 20)),
    "nfd": _quoted(mails.word(unicodedata.normalize("NFD", "プロジェクト「認証キー」のお知らせ.pdf"), "utf-8")),
    "two-lines": lambda content: file(content, b"a-long-name-that-goes-on-and-on\r\n and-on.pdf"),
    "no-quotes": lambda content: file(content, None, disposition=b"attachment; filename=" + JAPANESE.encode()),
    "none": lambda content: file(content, None),
    "no-headers-but-type": lambda content: file(content, None, disposition=b""),
    "path": _quoted(b"C:\\Users\\koji\\Desktop\\notice.pdf"),
    "trailing-dot": _quoted(b"notice.pdf. "),
    "upper": _quoted(b"NOTICE.PDF"),
    "txt": lambda content: file(content, "notice.txt", "application/octet-stream"),
    "docx": lambda content: file(content, "notice.docx", "application/msword"),
    "jpg": lambda content: file(content, "notice.jpg", "image/jpeg"),
    "octets": lambda content: file(content, "notice.pdf", "application/octet-stream"),
    "octets-no-name": lambda content: file(content, None, "application/octet-stream"),
    "text-plain": lambda content: file(content, "notice.pdf", "text/plain"),
    "x-pdf": lambda content: file(content, "notice.pdf", "application/x-pdf"),
    "broken-type": lambda content: file(content, "notice.pdf", "pdf"),
    "no-type": lambda content: Part(
        b'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="notice.pdf"',
        mails.b64(content),
    ),
}


def _names() -> Iterator[Case]:
    for turn, (name, made) in enumerate(_NAMES.items()):
        bench = Bench(f"name-{name}")
        one = bench.notice()
        content = rksj_paper(one) if turn % 2 else paper(one)
        mail = bench.mail(many(mails.text(), made(content)))
        yield Case(bench.name, "mime/file name", "read", mail, (one,), register=bench.register)
