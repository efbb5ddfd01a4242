"""Decode the bytes of Japanese mail: wrong charset labels, missing labels, vendors' characters.

Called by header_values.py and parse.py with a field's or a body's bytes and their charset label.
Nothing is raised on any input; linear time; a guessed or damaged text is marked as such.
All Japanese codecs share one table, Microsoft's cp932: "～" is U+FF5E and "－" is U+FF0D whichever codec the sender used
(the standard library gives U+301C and U+2212 from ISO-2022-JP and EUC-JP). UTF-8 text stays as it was written.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from bot.core.text.lazy_pattern import LazyPattern

LOST = "\ufffd"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text."""

    text: str
    guessed: bool  # the label was missing or wrong
    lost: bool  # some characters are U+FFFD


def decode(data: bytes, label: str | None) -> Decoded:
    """Decode by the label if it is right, else by the most plausible codec."""
    if _is_iso2022jp(data):
        text = _from_iso2022jp(data)
        return Decoded(text, guessed=_family(label or "") != "iso2022jp", lost=LOST in text)
    family = _family(label or "")
    if data.isascii() and family not in _NOT_ASCII:
        return Decoded(data.decode("ascii"), guessed=False, lost=False)
    if family and family not in _NOT_BELIEVED:
        text = _by(family, data)
        is_true = _plausibility(text) >= 0 if family in _DECODERS else True
        if LOST not in text and is_true and not (family in _NEVER_FAILS and _is_utf8(data)):
            return Decoded(text, guessed=False, lost=False)
    return _sniff(data, family)


def _by(family: str, data: bytes) -> str:
    return _DECODERS[family](data) if family in _DECODERS else data.decode(family, "replace")


# ---------------------------------------------------------------- labels

_LABEL = LazyPattern(r"[A-Za-z0-9._:+-]{1,40}")
# By codec: labels in lower case, letters and digits only.
_LABELS = MappingProxyType(
    {
        "cp932": "shiftjis sjis xsjis mskanji windows31j cswindows31j csshiftjis cp932 ms932 sjiswin xmscp932 windows932 ibm943"
        " cp943 xshiftjis",
        "eucjp": "eucjp xeucjp xeuc euc ujis eucjpms eucjpwin cp51932 cp20932 eucjpopen cseucpkdfmtjapanese",
        # Outlook writes Japanese with this label; GB 18030 holds all of it, GB 2312 only a part.
        "gb18030": "gb2312 gb231280 csgb2312 gbk xgbk cp936 windows936 euccn gb18030",
        "utf_8_sig": "utf8 unicode11utf8 utf8mb4 xutf8 utf8n unicode",
        "cp1252": "usascii ascii ansix341968 iso646us iso88591 latin1 l1 cp1252 windows1252 unknown8bit unknown default defaultcharset"
        " 8bit binary none",
        "iso8859_15": "iso885915 latin9",
        "utf_16": "utf16 ucs2",
        "koi8_r": "koi8",
        "cp949": "ksc56011987 euckr",
    },
)
_ALIASES = MappingProxyType({label: family for family, labels in _LABELS.items() for label in labels.split()})
# Labels that programs write by default and under which any bytes decode, and ISO-2022-JP without its escapes.
_NOT_BELIEVED = frozenset({"cp1252", "iso8859_15", "iso2022jp"})
# Encodings in which ASCII bytes may be other characters.
_NOT_ASCII = frozenset(
    {"utf_7", "hz", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "iso2022_kr"}
)
# A codec takes any bytes under these labels, so valid UTF-8 shows that the label is false.
_NEVER_FAILS = frozenset(
    {"gb18030", "cp932", "koi8_r", "cp1251", "iso8859_2", "iso8859_5", "cp1250", "cp1256", "mac_roman"}
)
# Python's registry also holds what is no charset (zip, punycode, unicode_escape): only these families are asked for.
_CHARSETS = LazyPattern(
    r"iso8859|iso2022|cp\d|koi8|mac|big5|euc|utf_|gb|hz|johab|kz1048|ptcp154|tis|hp_roman8|shift_jis|latin|ascii",
)


_NO_NAME = LazyPattern(r"[^a-z0-9]")


@lru_cache(maxsize=256)
def _family(label: str) -> str:
    """A name in _DECODERS or of one of Python's codecs; "" for no label, or one that nobody knows."""
    name = label.strip().strip("\"'").partition("*")[0]
    if not _LABEL.fullmatch(name):
        return ""
    plain = _NO_NAME.sub("", name.lower())
    if plain.startswith(("iso2022jp", "csiso2022jp", "xiso2022jp", "cp5022", "jis", "xjis")):
        return "iso2022jp"
    if plain in _ALIASES:
        return _ALIASES[plain]
    try:
        found = codecs.lookup(name).name.replace("-", "_")
    except LookupError:
        return ""
    return found if _CHARSETS.match(found) else ""


# ---------------------------------------------------------------- ISO-2022-JP as Microsoft writes it (CP50221)

_ESCAPES = MappingProxyType(
    {
        b"\x1b$@": "kanji",
        b"\x1b$B": "kanji",
        b"\x1b$(@": "kanji",
        b"\x1b$(B": "kanji",
        b"\x1b$(D": "supplement",
        b"\x1b(B": "ascii",
        b"\x1b(J": "ascii",  # JIS X 0201: its yen sign and overline are the backslash and tilde everywhere else
        b"\x1b(H": "ascii",
        b"\x1b(I": "kana",
        b"\x0e": "kana",
        b"\x0f": "ascii",
    },
)
_JAPANESE_ESCAPE = LazyPattern(rb"\x1b(?:\$\(?[@BD]|\([IJ])")
_JIS_TOKEN = LazyPattern(
    rb"\x1b(?:\$\(?[@B]|\$\(D|\([BHIJ])|[\x0e\x0f]|[\x00-\x0d\x10-\x1a\x1c-\x20]+|[\x21-\xff]+|\x1b"
)


def _is_iso2022jp(data: bytes) -> bool:
    return b"\x1b" in data and _JAPANESE_ESCAPE.search(data) is not None


def _from_iso2022jp(data: bytes) -> str:
    text = _from_cp50221(data)
    if LOST in text:  # other standards' escapes: Chinese, Korean, JIS X 0213
        for codec in ("iso2022_jp_2", "iso2022_jp_2004"):
            try:
                return data.decode(codec)
            except UnicodeDecodeError:
                continue
    return text


def _from_cp50221(data: bytes) -> str:
    out: list[str] = []
    mode = "ascii"
    for token in _JIS_TOKEN.findall(data):
        if token in _ESCAPES:
            mode = _ESCAPES[token]
        elif token[0] <= 0x20 and token != b"\x1b":
            out.append(token.decode("ascii"))
            if b"\n" in token or b"\r" in token:
                mode = "ascii"  # RFC 1468: a line ends in ASCII, whether the sender wrote the escape or not
        elif mode == "kanji":
            out.append(_pairs(token, _kanji_table()))
        elif mode == "supplement":
            out.append(_pairs(token, _supplement_table()))
        elif mode == "kana":
            out.append(bytes(byte | 0x80 for byte in token).decode("cp932", "replace"))
        else:
            # 8-bit half-width kana (CP50220's JIS8) among 7-bit kanji; an escape that we don't know
            out.append(LOST if token == b"\x1b" else token.decode("cp932", "replace"))
    return "".join(out)


def _pairs(data: bytes, table: MappingProxyType[int, str]) -> str:
    """Characters of two 7-bit bytes each."""
    even = len(data) & ~1
    text = "".join(
        table.get(first << 8 | second, LOST) for first, second in zip(data[0:even:2], data[1:even:2], strict=True)
    )
    return text if even == len(data) else text + LOST


@cache
def _kanji_table() -> MappingProxyType[int, str]:
    """JIS X 0208 and the NEC rows by arithmetic on cp932's bytes, which is what makes ①㈱髙 readable."""
    return _table(_in_cp932, "cp932")


def _in_cp932(row: int, cell: int) -> bytes:
    lead = (row - 0x21 >> 1) + 0x81
    trail = cell + (0x1F if cell < 0x60 else 0x20) if row & 1 else cell + 0x7E
    return bytes((lead + 0x40 if lead > 0x9F else lead, trail))


@cache
def _supplement_table() -> MappingProxyType[int, str]:
    """JIS X 0212."""
    return _table(lambda row, cell: bytes((0x8F, row | 0x80, cell | 0x80)), "euc_jp")


def _table(written: Callable[[int, int], bytes], charset: str) -> MappingProxyType[int, str]:
    """The characters of all rows and cells that the charset knows, decoded at one go: one a line."""
    places = [(row, cell) for row in range(0x21, 0x7F) for cell in range(0x21, 0x7F)]
    lines = b"\n".join(written(*place) for place in places).decode(charset, "replace").split("\n")
    found = zip(places, lines, strict=True)
    return MappingProxyType({row << 8 | cell: text for (row, cell), text in found if len(text) == 1 and text != LOST})


# ---------------------------------------------------------------- EUC-JP as Microsoft writes it (CP51932)

_EUC_TOKEN = LazyPattern(
    rb"[\x00-\x7f]+|(?:[\xa1-\xfe]{2})+|(?:\x8e[\xa1-\xdf])+|(?:\x8f[\xa1-\xfe]{2})+|[\x80-\xff]", re.DOTALL
)
_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


def _from_eucjp(data: bytes) -> str:
    out: list[str] = []
    for token in _EUC_TOKEN.findall(data):
        if token[0] < 0x80:
            out.append(token.decode("ascii"))
        elif len(token) == 1:
            out.append(LOST)
        elif token[0] == 0x8E:
            out.append(token[1::2].decode("cp932", "replace"))
        elif token[0] == 0x8F:
            letters = token.translate(_SEVEN_BITS, b"\x8f")
            out.append(_pairs(letters, _supplement_table()))
        else:
            out.append(_pairs(token.translate(_SEVEN_BITS), _kanji_table()))
    return "".join(out)


def _from_cp932(data: bytes) -> str:
    return data.decode("cp932", "replace").translate(_NOT_IN_CP932)


# What Python's cp932 gives for bytes that stand for nothing.
_NOT_IN_CP932 = dict.fromkeys((0x80, 0xA0, 0xF8F0, 0xF8F1, 0xF8F2, 0xF8F3), LOST)

_DECODERS: MappingProxyType[str, Callable[[bytes], str]] = MappingProxyType(
    {"iso2022jp": _from_iso2022jp, "cp932": _from_cp932, "eucjp": _from_eucjp},
)


# ---------------------------------------------------------------- sniffing


def _is_utf8(data: bytes) -> bool:
    """Valid UTF-8 with at least one character beyond ASCII; a character cut off at the end is forgiven."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start > 0 and not data[: error.start].isascii()
    return not data.isascii()


def _sniff(data: bytes, family: str) -> Decoded:
    """Choose among the codecs of Japanese mail by plausibility; `family`: the wrong label's codec, "" = none.

    Valid UTF-8 is hardly ever anything else. Four kanji in EUC-JP are also eight half-width kana in cp932: common kanji
    count more than kana in half width, so the kanji win (charset-normalizer decides this case wrongly).
    """
    has_mark = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if has_mark or _is_utf8(data) or data.isascii():
        text = data.decode("utf_16" if has_mark else "utf_8_sig", "replace")
        return Decoded(text, guessed=True, lost=LOST in text)
    candidates = [_from_cp932(data), _from_eucjp(data), data.decode("utf-8", "replace")]
    best = max(candidates, key=_plausibility)
    if _plausibility(best) <= 0:
        best = _by(family or "cp1252", data)
    return Decoded(best, guessed=True, lost=LOST in best)


_SAMPLE = 2000  # characters beyond ASCII that are looked at: enough to decide, and bounded
_POINTS = MappingProxyType(
    {"common": 1.0, "rare": -0.5, "half_kana_run": 0.5, "half_kana": -1.0, "foreign": -0.7, "lost": -5.0}
)
_HALF_KANA_RUN = LazyPattern(r"[\uff61-\uff9f]{3,}")


def _plausibility(text: str) -> float:
    """The mean of the points of the characters beyond ASCII: above 0 for Japanese text, below for what only looks so."""
    sample = "".join(character for character in text[: 20 * _SAMPLE] if character > "\x7f")[:_SAMPLE]
    if not sample:
        return 0.0
    runs = sum(len(run) for run in _HALF_KANA_RUN.findall(sample))
    points = runs * (_POINTS["half_kana_run"] - _POINTS["half_kana"])
    return (points + sum(_POINTS[_kind(character)] for character in sample)) / len(sample)


def _kind(character: str) -> str:
    if character == LOST or character < "\xa0" or "\ue000" <= character <= "\uf8ff":
        return "lost"
    if "\uff61" <= character <= "\uff9f":
        return "half_kana"
    row = _jis_row(character)
    if 16 <= row <= 47 or row in {1, 3, 4, 5, 13}:  # level 1 kanji, punctuation, letters, kana, ①㈱
        return "common"
    return "rare" if row > 47 else "foreign"


@cache
def _rows() -> MappingProxyType[str, int]:
    return MappingProxyType(
        {character: (code >> 8) - 0x20 for code, character in reversed(list(_kanji_table().items()))}
    )


def _jis_row(character: str) -> int:
    return _rows().get(character, 0)
