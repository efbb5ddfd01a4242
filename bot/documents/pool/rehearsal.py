"""Mails that a fork server reads before its children read anybody's: whatever reading loads or builds late is there then.

Called by fork_server.py: with NOTICE before the first child, with the others in a moment without requests. A pattern builds its states
as it meets letters in an order; what papers and mails usually say, a child finds built, and need not copy. Raises nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

NOTICE = (
    "電子証書等に係る認証キーのお知らせ",
    "保証契約番号：12345-678901",
    "認証キー：Z28Y4x8T3Bux",
    "工事名：市道1号線舗装工事",
    "受注者：例示建設株式会社",
    "前払金保証",
)
WORDS = (
    "お世話になっております。例示建設株式会社の見本と申します。",
    "電子保証にかかる「認証キー」のお知らせを添付いたしますので、ご査収くださいますよう、よろしくお願い申し上げます。",
    "電子証書等閲覧サービスをご利用いただくために必要な「認証キー」を、下記のとおりお知らせいたします。",
    "工事名（業務名）　：　令和８年度　第１２号　市道１号線（中央工区）道路改良舗装その２工事",
    "受注者名（ＪＶの場合は代表者）：　株式会社例示・見本特定建設工事共同企業体",
    "商品（保証区分）：　前払金保証　中間前払金保証　契約保証",
    "保証契約番号　：　１２３４５－６７８９０１　12345-678901",
    "認証キー　：　Z28Y4x8T3Bux　ABCDEFGHIJKLMNOPQRSTUVWXYZ　abcdefghijklmnopqrstuvwxyz　0123456789",
    "※　本書は、発注者様にご提出ください。令和８年１１月３０日　東日本建設業保証株式会社　支店",
    "〒123-4567　東京都中央区見本1-2-3　TEL 03-1234-5678　FAX 03-1234-5679　E-mail: info@example.jp　https://www.example.jp/",
)


FORM = (
    "電子保証にかかる「認証キー」のお知らせ",
    "電子保証を「保証確認サービス（D-Sure）」に掲載しましたので、お知らせします。",
    "つきましては、お客様にて下記内容をご確認いただき、次のいずれかの方法でこのPDFファイルを",
    "発注者様にご提出ください。",
    "①電子契約システムへのアップロード",
    "又は",
    "②電子メールに添付して送信",
    "電子保証のご利用にあたっては、発注者様への「保証契約番号」と「認証キー」のご提出をもって、",
    "前払金請求手続（前払金保証）、又は請負契約締結手続（契約保証）が完了いたします。",
    "ご不明な点がございましたら、当社の営業部・支店までお問い合わせください。",
    "記",
    "工事名：市道１号線道路改良舗装工事",
    "受注者名：例示建設株式会社",
    "（ＪＶの場合は代表者）",
    "商品（保証区分）：前払金保証",
    "保証契約番号：12345-678901",
    "認証キー：Z28Y4x8T3Bux",
    "【発注者様へのお断り】",
    "「保証確認サービス（D-Sure）」にログインし、上記の「保証契約番号」と「認証キー」をもって",
    "電子保証を閲覧ください。",
    "東日本建設業保証株式会社",
)
"""A notice's own words in their order: patterns with distances have a state for each place between two words."""
_LINE = 40


def _encoded(letters: Sequence[int]) -> str:
    """Those that every charset of the mail has."""
    return "".join(map(chr, letters)).encode("cp932", "ignore").decode("cp932")


def letters() -> Iterator[str]:
    """Lines of kana and of kanji: each byte that a character is made of, at each of its places."""
    found = _encoded((*range(0x3040, 0x3100), *range(0x3000, 0xA000, 61), *range(0xFF01, 0xFF9F)))
    return (found[start : start + _LINE] for start in range(0, len(found), _LINE))


def mail_with(lines: Sequence[str]) -> bytes:
    """A mail that says these lines, as text and in HTML, and has them on a page, with a font of the page's own and without."""
    drawn = b" ".join(b"0 -20 Td <%s> Tj" % line.encode("cp932").hex().encode() for line in lines)
    page = b"BT /F 11 Tf 72 700 Td (12345-678901) Tj /G 11 Tf %s 0 -20 Td <0041> Tj ET" % drawn
    return (
        b"Received: from mx.example.jp (mx.example.jp [192.0.2.1]) by mail.example.jp; Mon, 16 Nov 2026 10:00:00 +0900\r\n"
        b"From: =?utf-8?b?%s?= <a@example.jp>\r\nTo: b@example.jp\r\nSubject: =?utf-8?b?%s?=\r\n"
        b"Date: Mon, 16 Nov 2026 10:00:00 +0900\r\nMessage-ID: <1.a@example.jp>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        b'Content-Type: text/plain; charset="utf-8"; format=flowed\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b\r\n'
        b"Content-Type: text/html; charset=iso-2022-jp\r\n\r\n<p>%s\x1b$(D0!\x1b(B</p>\r\n--b\r\n"
        b"Content-Type: application/pdf; name*=utf-8''notice.pdf\r\nContent-Disposition: attachment; size=1; filename*=utf-8''%%E8.pdf"
        b"\r\n\r\n%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>> endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
        b"/Contents 4 0 R/Resources<</Font<</F 5 0 R/G 6 0 R>>>>>> endobj\n4 0 obj<</Length %d>>stream\n%s"
        b"\nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
        b"6 0 obj<</Type/Font/Subtype/Type0/BaseFont/MS-Mincho/Encoding/90ms-RKSJ-H/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType2/BaseFont/MS-Mincho/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>>>]>> endobj\n"
        b"trailer<</Root 1 0 R>>\r\n--b--\r\n"
    ) % (
        base64.b64encode(lines[0].encode()),
        base64.b64encode(lines[1].encode()),
        base64.encodebytes("\r\n".join(lines).encode()),
        "&amp;<br>".join(lines).encode("iso-2022-jp", "ignore"),
        len(page),
        page,
    )
