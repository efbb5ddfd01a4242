"""Every row of the measured table of broken charsets, labels and file names, built byte by byte."""

from __future__ import annotations

import unicodedata
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.charset import Decoded, decode
from bot.core.mail.header_values import MAX_FILE_NAME, decode_file_name, decode_header_value, from_base64, one_line

NAME = "認証キーのお知らせ.pdf"
VENDORS = "①㈱髙橋建設№Ⅱ﨑～ｶﾅ"  # what a standard ISO-2022-JP or Shift_JIS decoder loses


def cp50221(text: str) -> bytes:
    """Encode as Outlook does: cp932's double bytes moved into JIS, NEC and IBM rows and half-width kana included."""
    out, mode = b"", "B"
    for character in text:
        code = character.encode("cp932")
        if len(code) == 1:
            wanted, letter = ("B", code) if code[0] < 0x80 else ("I", bytes((code[0] & 0x7F,)))
        else:
            lead, trail = code
            if lead >= 0xFA:  # IBM's own rows: JIS has their twins, NEC's selection
                lead, trail = {"髙": (0xEE, 0xE0), "﨑": (0xED, 0x95)}[character]
            row = (lead - (0x71 if lead < 0xA0 else 0xB1)) * 2 + 1
            trail -= trail > 0x7F
            row, cell = (row + 1, trail - 0x7D) if trail >= 0x9E else (row, trail - 0x1F)
            wanted, letter = "$", bytes((row, cell))
        if wanted != mode:
            out += {"B": b"\x1b(B", "I": b"\x1b(I", "$": b"\x1b$B"}[wanted]
            mode = wanted
        out += letter
    return out if mode == "B" else out + b"\x1b(B"


@pytest.mark.parametrize(
    "label", ["iso-2022-jp", "ISO-2022-JP", "iso-2022-jp-ms", "cp50220", "CP50221", "csISO2022JP", "iso2022jp"]
)
def test_iso_2022_jp_keeps_vendors_characters(label: str) -> None:
    assert decode(cp50221(VENDORS), label) == Decoded(VENDORS, guessed=False, lost=False)


@pytest.mark.parametrize(
    "label", ["Shift_JIS", "shift-jis", "sjis", "x-sjis", "MS_Kanji", "Windows-31J", "cp932", '"x-sjis"']
)
def test_shift_jis_is_cp932_under_any_name(label: str) -> None:
    assert decode(VENDORS.encode("cp932"), label) == Decoded(VENDORS, guessed=False, lost=False)


@pytest.mark.parametrize("label", ["euc-jp", "x-euc-jp", "eucJP-ms", "CP51932"])
def test_euc_jp_keeps_vendors_characters(label: str) -> None:
    data = (
        bytes(byte | 0x80 for byte in cp50221("①㈱髙橋").replace(b"\x1b$B", b"").replace(b"\x1b(B", b"")) + b"\x8e\xb6"
    )
    assert decode(data, label) == Decoded("①㈱髙橋ｶ", guessed=False, lost=False)


def test_japanese_labelled_gb2312_is_read_as_gb18030() -> None:
    text = "電子保証の認証キーを送付します。髙橋"
    assert decode(text.encode("gb18030"), "gb2312") == Decoded(text, guessed=False, lost=False)


@pytest.mark.parametrize("codec", ["iso2022_jp", "cp932", "euc_jp"])
def test_the_wave_dash_is_microsofts_in_every_japanese_codec(codec: str) -> None:
    wave = "～" if codec == "cp932" else "〜"
    assert decode(f"1{wave}2月 電子保証".encode(codec), codec).text == "1～2月 電子保証"


def test_utf_8_stays_as_it_was_written() -> None:
    assert decode("1〜2月\ufeff".encode(), "utf-8") == Decoded("1〜2月\ufeff", guessed=False, lost=False)


def test_half_width_kana_by_shift_out_and_by_eight_bits() -> None:
    assert decode(b"\x1b$BEE;R\x1b(B\x0e6E\x0f!", "iso-2022-jp").text == "電子ｶﾅ!"
    assert decode(b"\x1b$BEE;R\x1b(B\xb6\xc5!", "cp50220").text == "電子ｶﾅ!"


def test_a_line_end_ends_kanji_mode() -> None:
    assert decode(b"\x1b$BEE;R\nplain", "iso-2022-jp").text == "電子\nplain"


def test_jis_x_0212_is_known() -> None:
    assert decode(b"\x1b$(D\x30\x21\x1b(B", "iso-2022-jp-1").text == "丂"
    assert decode("丂の件".encode("euc_jp"), "euc-jp").text == "丂の件"


@pytest.mark.parametrize(
    "text", ["電子保証", "取手建設", "お知らせ", "予定表", "見積書送付", "工事請負契約書の提出について"]
)
@pytest.mark.parametrize("codec", ["utf-8", "cp932", "euc_jp", "iso2022_jp"])
@pytest.mark.parametrize("label", [None, "us-ascii", "x-unknown", "iso-8859-1", ""])
def test_text_without_a_true_label_is_recognised(text: str, codec: str, label: str | None) -> None:
    assert decode(text.encode(codec), label) == Decoded(text, guessed=True, lost=False)


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("cp932", "utf-8"),
        ("cp932", "euc-jp"),
        ("cp932", "iso-2022-jp"),
        ("euc_jp", "utf-8"),
        ("euc_jp", "iso-2022-jp"),
        ("iso2022_jp", "utf-8"),
        ("iso2022_jp", "shift_jis"),
        ("iso2022_jp", "gb2312"),
        ("utf-8", "iso-2022-jp"),
        ("utf-8", "shift_jis"),
        ("utf-8", "euc-jp"),
        ("utf-8", "gb2312"),
        ("utf-8", "windows-1252"),
    ],
)
def test_a_false_label_is_found_out(codec: str, label: str) -> None:
    text = "電子保証にかかる認証キーのお知らせです。"
    assert decode(text.encode(codec), label) == Decoded(text, guessed=True, lost=False)


def test_half_width_kana_without_a_label_are_not_taken_for_latin() -> None:
    assert decode("ｶﾌﾞｼｷｶﾞｲｼﾔ".encode("cp932"), None).text == "ｶﾌﾞｼｷｶﾞｲｼﾔ"


@pytest.mark.parametrize("text", ["für die Straße", "é", "café à la carte"])
def test_latin_text_is_not_taken_for_japanese(text: str) -> None:
    assert decode(text.encode("latin-1"), None).text == text
    assert decode(text.encode("latin-1"), "iso-8859-1").text == text
    assert decode(text.encode(), "iso-8859-1").text == text


def test_other_languages_labels_are_believed() -> None:
    assert decode("Привет всем".encode("koi8-r"), "koi8-r") == Decoded("Привет всем", guessed=False, lost=False)


def test_damage_is_told_and_the_rest_is_read() -> None:
    damaged = "電子保証の認証キー".encode().replace("証".encode(), b"\xe8\xa8", 1)
    decoded = decode(damaged, "utf-8")
    assert decoded.lost
    assert decoded.text.startswith("電子保\ufffd")
    assert decoded.text.endswith("認証キー")


@pytest.mark.parametrize(
    "label", ["zip", "zlib", "base64", "punycode", "idna", "unicode_escape", "rot13", "undefined", "a\0b", "../x", "é"]
)
def test_what_is_no_charset_is_not_asked_for(label: str) -> None:
    assert decode("電子保証".encode(), label) == Decoded("電子保証", guessed=True, lost=False)


LABELS = st.one_of(
    st.none(),
    st.text(max_size=50),
    st.sampled_from(
        [
            "iso-2022-jp",
            "shift_jis",
            "euc-jp",
            "utf-8",
            "gb2312",
            "utf-7",
            "utf-16",
            "hz",
            "iso-2022-kr",
            "big5",
            "us-ascii",
            "cp037",
        ],
    ),
)


@given(st.binary(max_size=400), LABELS)
def test_decoding_never_raises_and_tells_what_is_lost(data: bytes, label: str | None) -> None:
    decoded = decode(data, label)
    assert decoded.lost == ("\ufffd" in decoded.text)
    assert len(decoded.text) <= 2 * len(data) + 1


@given(st.text(alphabet="電子保証①㈱髙abc 123\nお知らせｶﾅ～", max_size=60))
def test_what_outlook_encodes_comes_back(text: str) -> None:
    assert decode(cp50221(text), "iso-2022-jp").text == text


# ---------------------------------------------------------------- header values


def word(charset: str, data: bytes, encoding: str = "B") -> bytes:
    return b"=?%s?%s?%s?=" % (charset.encode(), encoding.encode(), b64encode(data))


UTF = "電子保証にかかる認証キー".encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (word("ISO-2022-JP", cp50221(VENDORS)), VENDORS),
        (word("Shift_JIS", "①髙橋".encode("cp932")), "①髙橋"),
        (word("cp50220", cp50221("①")), "①"),
        (word("no-such-charset", "髙橋①".encode("cp932")), "髙橋①"),
        (word("utf-8*ja", UTF), UTF.decode()),
        (word("UTF-8", UTF[:10]) + b"\r\n " + word("UTF-8", UTF[10:]), UTF.decode()),
        (word("utf-8", UTF[:10]) + word("UTF-8", UTF[10:]), UTF.decode()),
        (b'"' + word("UTF-8", UTF) + b'"', f'"{UTF.decode()}"'),
        (b"Re:" + word("UTF-8", UTF), f"Re:{UTF.decode()}"),
        (b"Re: " + word("UTF-8", UTF) + b" x", f"Re: {UTF.decode()} x"),
        (word("UTF-8", "電".encode()) + b" " + word("ISO-2022-JP", cp50221("子")), "電子"),
        (b"=?utf-8?q?=E9=9B=BB_x?=", "電 x"),
        (b"=?utf-8?Q?Why? not=3F?=", "Why? not?"),
        (b"=?UTF-8?B?" + b64encode(UTF).rstrip(b"="), UTF.decode()),  # cut off at the end
        (UTF, UTF.decode()),
        (UTF.decode().encode("cp932"), UTF.decode()),
        (cp50221(UTF.decode()), UTF.decode()),
        ("電子保証".encode("euc_jp"), "電子保証"),
        (b"folded\r\n\tvalue", "folded\tvalue".replace("\t", " ")),
        (b"=?utf-8?q?a=0D=0ABcc:_b?=", "a Bcc: b"),
        ("a\u202eb\u200bc\u2028d\x1b[31m".encode(), "abc d[31m"),
        (b"=?utf-8?b?!!!?=", "=?utf-8?b?!!!?="),
    ],
)
def test_header_values_are_read_as_people_see_them(raw: bytes, expected: str) -> None:
    assert decode_header_value(raw) == expected


def test_words_are_read_one_by_one_where_joining_breaks_them() -> None:
    first, second = b"\x1b$BEE;R", b"ABC"  # the first word forgets to go back to ASCII
    assert decode_header_value(word("iso-2022-jp", first) + b" " + word("iso-2022-jp", second)) == "電子ABC"


@given(st.binary(max_size=500))
def test_no_header_value_holds_a_control_or_a_line_end(raw: bytes) -> None:
    value = decode_header_value(raw)
    assert not [c for c in value if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"}]
    assert one_line(value) == value


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", [b"=?a?q?", b"=?", b"=?a?b?", b"=?utf-8?b?QQ==?= ", b"\x1b$B", b"?=", b";a=", b'a;b="', b"; ", b'\\"']
)
def test_hostile_repetition_takes_linear_time(piece: bytes) -> None:
    decode_header_value(piece * 20_000)
    decode_file_name(b"x;filename=" + piece * 1_000)


# ---------------------------------------------------------------- file names


def percent(data: bytes) -> bytes:
    return "".join(f"%{byte:02X}" for byte in data).encode()


JIS = NAME.encode("iso2022_jp")


@pytest.mark.parametrize(
    "raw",
    [
        b'attachment; filename="' + word("ISO-2022-JP", JIS) + b'"',
        b"attachment; filename=" + word("ISO-2022-JP", JIS),
        b"attachment; filename*0*=iso-2022-jp''" + percent(JIS[:9]) + b";\r\n filename*1*=" + percent(JIS[9:]),
        b"attachment; filename*1*=" + percent(JIS[9:]) + b"; filename*0*=iso-2022-jp''" + percent(JIS[:9]),
        b"attachment; filename*=UTF-8''" + percent(NAME.encode()) + b'; filename="notice.pdf"',
        b"attachment; filename*=''" + percent(NAME.encode("cp932")),
        b'attachment; filename="' + NAME.encode("cp932") + b'"; size=3',
        b"attachment; filename=" + NAME.encode("cp932"),
        b'attachment; filename="' + NAME.encode() + b'"',
        b'attachment; filename="' + JIS + b'"; size=3',
        b'attachment; filename="' + NAME.encode("euc_jp") + b'"',
        b'attachment; filename="' + unicodedata.normalize("NFD", NAME).encode() + b'"',
        b'attachment; filename="'
        + word("UTF-8", NAME.encode()[:15])
        + b"\r\n "
        + word("UTF-8", NAME.encode()[15:])
        + b'"',
        b"attachment; filename=" + percent(NAME.encode()),
        b"attachment; filename=" + percent(NAME.encode("cp932")),
        b"attachment; filename*0*=utf-8''"
        + percent(NAME.encode()[:9])
        + b"; filename*1*=UTF-8''"
        + percent(NAME.encode()[9:]),
        b'attachment; filename=""' + NAME.encode() + b'""; size=3',
        b"attachment; filename='" + NAME.encode() + b"'",
        b'attachment; filename="' + NAME.encode("ascii", "xmlcharrefreplace") + b'"',
        b'attachment; FileName = "C:\\Users\\x\\' + NAME.encode() + b'"',
        b'attachment; filename="../../' + NAME.encode() + b'"',
        b'attachment; filename="' + NAME.encode().replace(b".", "\u202e\x00.".encode()) + b'"',
    ],
)
def test_file_names_come_out_whole(raw: bytes) -> None:
    assert decode_file_name(raw) == NAME


@pytest.mark.parametrize(
    ("disposition", "content_type", "expected"),
    [
        (b'attachment; filename="' + "予定表.pdf".encode("cp932") + b'"', b"", "予定表.pdf"),  # 表 ends in a backslash
        (
            b"attachment; filename*=iso-2022-jp''%1B$BEE;RJ]>Z%1B(B.pdf; size=1",
            b"",
            "電子保証.pdf",
        ),  # 子 holds a semicolon
        (b"attachment", b'application/pdf; name="' + word("UTF-8", NAME.encode()) + b'"', NAME),
        (b'attachment; filename="????.pdf"', b'application/pdf; name="' + word("UTF-8", NAME.encode()) + b'"', NAME),
        (b'attachment; filename="\xff\xfe\xfd"', b'application/pdf; name="a.pdf"', "ÿþý"),
        (b'attachment; filename="100%.pdf"', b"", "100%.pdf"),
        (b'attachment; filename=".."', b"", ""),
        (b"attachment; filename=", b"", ""),
        (b"", b"", ""),
        (b'attachment; filename="' + b"x" * 4000 + b'.pdf"', b"", "x" * 96 + ".pdf"),
        (b'attachment; filename="a \\"b\\".pdf"', b"", 'a "b".pdf'),
    ],
)
def test_file_names_of_other_kinds(disposition: bytes, content_type: bytes, expected: str) -> None:
    assert decode_file_name(disposition, content_type) == expected


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_file_name_is_dangerous(disposition: bytes, content_type: bytes) -> None:
    name = decode_file_name(b"attachment; filename=" + disposition, content_type)
    assert len(name) <= MAX_FILE_NAME
    assert "/" not in name
    assert "\\" not in name
    assert one_line(name) == name


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"QUJD", b"ABC"),
        (b"QUJ", b"AB"),
        (b"Q U\r\nJD!", b"ABC"),
        (b"QQ==QkM=", b"ABC"),
        (b"QUJDR", b"ABC"),
        (b"====", b""),
    ],
)
def test_base64_gives_what_can_be_had(data: bytes, expected: bytes) -> None:
    assert from_base64(data) == expected


@given(st.binary(max_size=300))
def test_base64_never_raises_and_reads_what_was_written(data: bytes) -> None:
    assert len(from_base64(data)) <= len(data)
    assert from_base64(b64encode(data)) == data


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_base64_of_pieces_gives_the_pieces(pieces: list[bytes]) -> None:
    assert from_base64(b"\r\n".join(map(b64encode, pieces))) == b"".join(pieces)
