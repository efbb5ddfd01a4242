"""Mails, sound and broken, as bytes in and as whole values out."""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.html import html_to_text
from bot.core.mail.message import Address, Flaw, Header, Mail, Part
from bot.core.mail.multipart import MAX_PARTS
from bot.core.mail.parse import TEXT_CHARACTERS, parse_mail

PDF = b"%PDF-1.7\n\x00\xff\r\nend"
CP50221 = b"\x1b$B-!-j|b66\x1b(B"  # ①㈱髙橋 as Outlook writes it


def part(path: str, media_type: str, content: bytes, **more: object) -> Part:
    values: dict[str, object] = {"file_name": "", "is_attachment": not media_type.startswith("text/"), **more}
    return Part(path, media_type, size_bytes=len(content), digest=hashlib.sha256(content).hexdigest(), **values)  # type: ignore[arg-type]


def notice(line_end: bytes = b"\r\n") -> bytes:
    return line_end.join(
        (
            b"Return-Path: <taro@kensetsu.example.jp>",
            b"From: =?ISO-2022-JP?B?" + b64encode(CP50221) + b"?= <taro@Kensetsu.Example.JP>",
            b"To: key@city.example.jp, =?UTF-8?B?" + b64encode("契約,課".encode()) + b"?= <keiyaku@city.example.jp>",
            b"Cc: (none)",
            b"Subject: =?UTF-8?B?" + b64encode("【電子保証】認証".encode()) + b"?=",
            b" =?UTF-8?B?" + b64encode("キーのお知らせ".encode()) + b"?=",
            b"Message-ID:",
            b" <abc@kensetsu.example.jp>",
            b"In-Reply-To: <one@x.example.jp> (from you)",
            b"References: <zero@x.example.jp>",
            b"\t<one@x.example.jp>",
            b"Date: Sun, 22 Nov 2026 21:00:00 +0900 (JST)",
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed; boundary="outer"',
            b"",
            b"preamble",
            b"--outer",
            b"Content-Type: multipart/alternative; boundary=inner",
            b"",
            b"--inner",
            b"Content-Type: text/plain; charset=ISO-2022-JP",
            b"",
            CP50221 + b" desu",
            b"--inner",
            b"Content-Type: text/html; charset=utf-8",
            b"",
            b"<p>html</p>",
            b"--inner--",
            b"",
            b"--outer",
            b"Content-Type: application/pdf; name=notice.pdf",
            b"Content-Transfer-Encoding: BASE64",
            b"Content-Disposition: attachment; filename*=utf-8''%E3%82%AD%E3%83%BC.pdf",
            b"",
            b64encode(PDF),
            b"--outer--",
            b"epilogue",
            b"",
        ),
    )


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_a_notice_is_read_whole(line_end: bytes) -> None:
    parsed = parse_mail(notice(line_end))
    plain = CP50221 + b" desu"
    headers = parsed.mail.headers
    assert parsed.mail == Mail(
        headers=headers,
        from_=(Address("①㈱髙橋", "taro@kensetsu.example.jp"),),
        to=(Address("", "key@city.example.jp"), Address("契約,課", "keiyaku@city.example.jp")),
        cc=(),
        subject="【電子保証】認証キーのお知らせ",
        message_id="<abc@kensetsu.example.jp>",
        in_reply_to="<one@x.example.jp>",
        reference_ids=("<zero@x.example.jp>", "<one@x.example.jp>"),
        date=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        media_type="multipart/mixed",
        body="①㈱髙橋 desu",
        rich="html",
        parts=(
            part("1.1", "text/plain", plain, text="①㈱髙橋 desu"),
            part("1.2", "text/html", b"<p>html</p>", text="html"),
            part("2", "application/pdf", PDF, file_name="キー.pdf"),
        ),
        flaws=(),
    )
    assert headers[0] == Header("Return-Path", "<taro@kensetsu.example.jp>")
    assert parsed.mail.value("subject") == "【電子保証】認証キーのお知らせ"
    assert parsed.contents == {"1.1": plain, "1.2": b"<p>html</p>", "2": PDF}


@pytest.mark.parametrize(
    ("content_type", "data", "body", "flaws"),
    [
        (b"text/plain; charset=iso-2022-jp", CP50221, "①㈱髙橋", ()),
        (b"text/plain", CP50221, "①㈱髙橋", (Flaw.CHARSET_GUESSED,)),
        (b"text/plain; charset=Shift_JIS", "①㈱髙橋".encode("cp932"), "①㈱髙橋", ()),
        (b"text/plain; charset=x-sjis", "髙橋".encode("cp932"), "髙橋", ()),
        (b"text/plain; charset=utf-8", "電子保証".encode("cp932"), "電子保証", (Flaw.CHARSET_GUESSED,)),
        (b"text/plain; charset=cp-850x", b"abc", "abc", ()),
        (b"text/plain; charset=gb2312", "電子保証です".encode("gb18030"), "電子保証です", ()),
        (b"text/plain; charset=utf-8", b"\xe9\x9b\xbb\xff", "電\ufffd", (Flaw.CHARSET_GUESSED, Flaw.CHARACTERS_LOST)),
        (b"text/html; charset=ISO-2022-JP", b"<b>" + CP50221 + b"</b>", "①㈱髙橋", ()),
        (b"nonsense", b"abc", "abc", ()),
        (b'text/plain; charset="utf-8"; ; ; ;;', "電".encode(), "電", ()),
        (b"text/plain", b"a\r\nb\x00\x1b\x0cc\tz\x7f", "a\nb\nc\tz", ()),
        (b"multipart/mixed", b"no boundary at all", "no boundary at all", ()),
        (b"multipart/mixed; boundary=x", b"no such line", "no such line", ()),
        (
            b"multipart/mixed; boundary=x",
            b"--x\n\nfirst\n--x\n\nsecond, never closed",
            "first\nsecond, never closed",
            (),
        ),
        (b"multipart/mixed", b"--guessed\n\nfirst\n--guessed--\n", "first", ()),
        (  # one boundary for a multipart and the one within it
            b"multipart/mixed; boundary=x",
            b'--x\nContent-Type: multipart/alternative;\n boundary="x"\n\n--x\n\nfirst\n--x--\n\n--x\n\nsecond\n--x--\n--x\n\nbehind',
            "first\nsecond",
            (),
        ),
        (b"text/plain; charset=utf-8", "<!DOCTYPE html>\n<p>電子<br>保証</p>".encode(), "電子\n保証", ()),
        (b"text/plain", b"<htmlx> a<br>b", "<htmlx> a<br>b", ()),
        (b"text/html; charset=unicode", "<p>電子保証".encode("utf-16"), "電子保証", (Flaw.CHARSET_GUESSED,)),
        # RFC 3676: a break may stand within a number; quotations keep their depth, a signature's rule its line
        (
            b"text/plain; format=flowed",
            b"a \nb  c \n\n> d \n> e\n>> f \n> g \n-- \nh \n \ni",
            "a b  c \n\n> d e\n>> f \n> g \n-- \nh \n \ni",
            (),
        ),
        (b"text/plain; format=Flowed; DelSp=Yes", b"No. 49965-71 \n9830 \n> a \n> b", "No. 49965-719830\n> ab", ()),
        (b"text/plain; delsp=yes", b"a \nb", "a \nb", ()),
        (b"multipart/mixed; boundary=x", b"--xy\n\nno\n--x \t\n\nyes\n--x--", "yes", ()),
        (b"multipart/alternative; boundary=x", b"--x\n\n \n--x\nContent-Type: text/html\n\n<p>yes\n--x--", "yes", ()),
    ],
)
def test_bodies(content_type: bytes, data: bytes, body: str, flaws: tuple[Flaw, ...]) -> None:
    mail = parse_mail(b"Content-Type: " + content_type + b"\n\n" + data).mail
    assert (mail.body, mail.flaws) == (body, flaws)


@pytest.mark.parametrize(
    ("fields", "data", "decoded"),
    [
        (b"base64", b"44GCQUJD\n", "あABC".encode()),
        (b" Base64 ;", b"44G CQ\nUJ", "あAB".encode()),
        (b"quoted-printable", b"=E3=81=82=\r\nx=ZZ", "あx=ZZ".encode()),
        (b"x-uuencode", b"begin 644 a\n#0V%T\n`\nend\n", b"Cat"),
        (b"uuencode", b"no beginning", b"no beginning"),
        (b"8bit", b"as it is", b"as it is"),
        (b"base64", b64encode(b64encode(PDF)), PDF),
        (b"base64", "電子保証".encode(), "電子保証".encode()),
        (b"base64", CP50221, CP50221),
        (b"base64", b"44GCQUJD\n\n" + "検査済み".encode(), "あABC".encode()),
        (b"unheard-of", b"as it is", b"as it is"),
    ],
)
def test_transfer_encodings_give_what_can_be_had(fields: bytes, data: bytes, decoded: bytes) -> None:
    parsed = parse_mail(b"Content-Transfer-Encoding: " + fields + b"\nContent-Type: application/pdf\n\n" + data)
    assert parsed.contents == {"1": decoded}
    assert parsed.mail.parts == (part("1", "application/pdf", decoded),)


def test_an_attached_mail_stays_closed() -> None:
    inside = b"Subject: x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\ninside\n--y--"
    parsed = parse_mail(
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n" + inside + b"\n--x--"
    )
    assert parsed.mail.parts == (part("1", "message/rfc822", inside),)
    assert (parsed.mail.body, parsed.contents) == ("", {"1": inside})


def test_the_parts_of_a_digest_are_mails() -> None:
    mail = parse_mail(b"Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: y\n\nz\n--x--").mail
    assert [one.media_type for one in mail.parts] == ["message/rfc822"]


@pytest.mark.parametrize(
    ("fields", "is_attachment"),
    [
        (b"", False),
        (b"Content-Disposition: inline\n", False),
        (b"Content-Disposition: attachment\n", True),
        (b"Content-Disposition: ATTACHMENT; x=y\n", True),
        (b'Content-Disposition: inline; filename="a.txt"\n', True),
        (b"Content-Type: text/plain; name=a.txt\n", True),
        (b"Content-Type: image/png\nContent-Disposition: inline\n", True),
    ],
)
def test_what_is_an_attachment(fields: bytes, is_attachment: bool) -> None:
    mail = parse_mail(fields + b"\nabc").mail
    assert mail.parts[0].is_attachment == is_attachment
    assert mail.body == ("" if is_attachment else "abc")


def test_every_mailbox_of_every_from_field_is_kept() -> None:
    mail = parse_mail(b"From: a@x.example.jp\nFROM: b@x.example.jp, c@x.example.jp\n\n").mail
    assert [address.addr_spec for address in mail.from_] == ["a@x.example.jp", "b@x.example.jp", "c@x.example.jp"]


def test_an_encoded_word_is_no_address() -> None:
    mail = parse_mail(b"From: =?utf-8?q?victim=40bank.example.jp=2C?= <evil@x.example.jp>\n\n").mail
    assert mail.from_ == (Address("victim@bank.example.jp,", "evil@x.example.jp"),)


@pytest.mark.parametrize(
    ("content", "subject", "body"),
    [
        (b"Subject: x\nbody without a blank line", "x", "body without a blank line"),
        (b"\n \r\nSubject: x\n\nbody", "x", "body"),
        (b"From taro Sun Nov 22 2026\nSubject: x\n\nbody", "x", "body"),
        (b"Subject : x\n\nbody", "x", "body"),
        (b"Subject: x", "x", ""),
        (b"\nSubject of a text\n", "", "\nSubject of a text\n".strip("\n") + "\n"),
    ],
)
def test_header_blocks_of_odd_forms(content: bytes, subject: str, body: str) -> None:
    mail = parse_mail(content).mail
    assert (mail.subject, mail.body) == (subject, body)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (b"Sun, 22 Nov 2026 12:00:00 +0000", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        (b"22 Nov 26 21:00 +0900", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        (b"Sun, 22 Nov 9999 12:00:00 -2359", datetime(9999, 11, 23, 11, 59, tzinfo=UTC)),
        (b"Fri, 31 Dec 9999 23:59:59 -2359", None),
        (b"Sun, 22 Nov 2026 12:00:00 +99999999", None),
        (b"Sun, 99 Nov 2026 12:00:00 +0000", None),
        (b"9" * 5000, None),
        (b"yesterday", None),
        (b"", None),
    ],
)
def test_dates_are_utc_or_none(value: bytes, date: datetime | None) -> None:
    assert parse_mail(b"Date: " + value + b"\n\n").mail.date == date


def test_an_empty_mail_has_no_headers() -> None:
    parsed = parse_mail(b"")
    assert parsed.mail.flaws == (Flaw.NO_HEADERS,)
    assert parsed.mail.parts == (part("1", "text/plain", b"", text=""),)


# ---------------------------------------------------------------- limits


def test_long_headers_are_cut_before_they_are_read() -> None:
    mail = parse_mail(b"From: " + b'"' * 100_000 + b"\nSubject: " + b"=?utf-8?b?QQ==?= " * 60_000 + b"\n\nbody").mail
    assert mail.flaws == (Flaw.HEADERS_CUT,)
    assert mail.subject[:3] == "AAA"
    assert len(mail.subject) < 4096


def test_a_header_block_beyond_its_limit_does_not_become_the_body() -> None:
    mail = parse_mail(b"Subject: x\n" + b"X: y\n" * 100_000 + b"\nbody").mail
    assert (mail.subject, mail.body, mail.flaws) == ("x", "body", (Flaw.HEADERS_CUT,))
    assert len(mail.headers) == 1000


def test_text_beyond_the_limit_is_cut() -> None:
    mail = parse_mail(b"Content-Type: text/plain; charset=utf-8\n\n" + "電".encode() * 300_000).mail
    assert mail.body == "電" * TEXT_CHARACTERS
    assert Flaw.TEXT_CUT in mail.flaws


def test_five_thousand_levels_are_not_gone_into() -> None:
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(5000)
    )
    mail = parse_mail(levels + b"\nbody").mail
    assert [(one.path.count("."), one.media_type, one.is_attachment) for one in mail.parts] == [
        (29, "multipart/mixed", True)
    ]
    assert mail.flaws == (Flaw.NESTING_CUT,)


def test_a_hundred_thousand_parts_are_cut() -> None:
    mail = parse_mail(b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * 100_000).mail
    assert len(mail.parts) == MAX_PARTS
    assert mail.flaws == (Flaw.PARTS_CUT,)


def test_many_multiparts_of_many_parts_are_cut() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=y\n\n" + b"--y\n\na\n" * 100
    mail = parse_mail(b"Content-Type: multipart/mixed; boundary=x\n\n" + (b"--x\n" + inner) * 100).mail
    assert len(mail.parts) == MAX_PARTS
    assert mail.flaws == (Flaw.PARTS_CUT,)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "content",
    [
        b"\r\n" * 4_000_000,
        b"Content-Type: text/html\n\n" + b"<" * 2_000_000,
        b"Content-Type: text/html\n\n" + b"<!--" * 500_000,
        b"Content-Type: text/html\n\n" + b"<script>" * 250_000,
        b"Content-Type: text/html\n\n<p>&#" + b"9" * 1_000_000 + b";",
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"\n--xy" * 1_000_000,
        b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B" * 500_000,
        b"Content-Transfer-Encoding: base64\n\n" + b"A=" * 2_000_000,
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\n" * 2_000_000,
        b"Content-Type: text/plain; " + b";" * 200_000 + b"\n\nx",
        b"To: " + b"(" * 100_000 + b"\nReferences: " + b"<" * 100_000 + b"\n\nx",
        b"A" * 4_000_000,
        b"Subject: x\n" + b" \n" * 100_000 + b"x",
    ],
)
def test_hostile_mails_are_read_in_linear_time(content: bytes) -> None:
    mail = parse_mail(content).mail
    assert len(mail.parts) == 1


PIECES = st.sampled_from(
    [
        b"\n", b"\r\n", b"\r", b"--x", b"--x--", b"Content-Type: multipart/mixed; boundary=x", b"Content-Type: text/html",
        b"Content-Type: message/rfc822", b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: x-uuencode", b"From: ",
        b"Subject: =?utf-8?b?", b"Date: Sun, 22 Nov 2026 12:00:00 +0900", b"begin 644 x\n", b"\x1b$B", b"<!--", b"&#x", b"a@b.jp",
    ],
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=40).map(b"".join))
def test_no_bytes_raise_and_parts_agree_with_contents(content: bytes) -> None:
    parsed = parse_mail(content)
    assert {one.path: (one.size_bytes, one.digest) for one in parsed.mail.parts} == {
        path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in parsed.contents.items()
    }
    assert 1 <= len(parsed.mail.parts) <= MAX_PARTS


# ---------------------------------------------------------------- HTML


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"),
        (
            "<table><tr><td>番号</td><td> 123 </td></tr><tr><td>キー</td><td>abc</td></tr></table>",
            "番号\t123\nキー\tabc",
        ),
        ("<style>p{}</style><SCRIPT>if (a<b) {}</SCRIPT>x<!-- <p>no</p> -->y", "xy"),
        ("a &lt;b&gt; &amp; &#38651;&nbsp;&unknown; 1 < 2", "a <b> & 電 &unknown; 1 < 2"),
        ("  many\n\n  blanks　and\twide ", "many blanks　and wide"),
        ("<pre>a\n  b</pre>c\nd", "a\n  b\nc d"),
        ("<p>cut off <b", "cut off"),
        ("<script>never closed", ""),
        ("<![if !x]>shown<![endif]>", "shown"),
        ("<div>one</div>\n<div><br></div>\n<div> two <b>x</b> </div>", "one\n\ntwo x"),
        ("&#99999999999999;", ""),
    ],
)
def test_html_becomes_the_text_that_is_seen(source: str, text: str) -> None:
    assert html_to_text(source) == text


@given(st.text(alphabet="<>/!-&#;abpre script\n\t電", max_size=200))
def test_html_never_raises(source: str) -> None:
    assert len(html_to_text(source)) <= 2 * len(source)


# -- files written in the text, and boundaries that are told wrongly


def uuencoded(content: bytes, name: str = "notice.pdf") -> bytes:
    lines = [binascii.b2a_uu(content[start : start + 45]) for start in range(0, len(content), 45)]
    return f"begin 644 {name}\n".encode() + b"".join(lines) + b"`\nend\n"


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_file_written_in_the_text_is_a_part_of_its_own(line_end):
    content = bytes(range(256)) * 5
    body = "お送りします。\n\n".encode() + uuencoded(content) + "以上\n".encode()
    raw = b"From: a@example.jp\nContent-Type: text/plain; charset=utf-8\n\n" + body
    parsed = parse_mail(raw.replace(b"\n", line_end))
    text, file = parsed.mail.parts
    assert (file.file_name, file.is_attachment, parsed.contents[file.path]) == ("notice.pdf", True, content)
    assert text.text.split() == ["お送りします。", "以上"]
    assert parsed.mail.body.split() == ["お送りします。", "以上"]


@pytest.mark.parametrize("body", ["begin 644 notice.pdf\nM)5!$\n", "begin to work\nend\n", "we begin 644 x\nend\n"])
def test_words_that_look_like_the_beginning_of_a_file_stay_words(body):
    (part,) = parse_mail(f"From: a@example.jp\n\n{body}".encode()).mail.parts
    assert part.text == body


@pytest.mark.parametrize("told", ["", '; boundary="wrong"'])
def test_parts_are_found_where_the_boundary_is_not_told_or_told_wrongly(told):
    raw = f"From: a@example.jp\nContent-Type: multipart/mixed{told}\n\n--b12\n\none\n--b12\n\ntwo\n--b12--\n"
    assert [part.text for part in parse_mail(raw.encode()).mail.parts] == ["one", "two"]
