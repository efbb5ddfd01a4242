"""Japanese text in one form, for comparing only; what was written is kept beside it and shown.

`fold` and its kin are called by matching, reading and the register; `clean` by everything that shows foreign text.
Old and new forms of one character (髙 and 高, 戶 and 戸) are equal here; `forms_apart` tells them apart, for what decides.
Nothing is raised.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES, VARIATIONS
from bot.core.text.kanji_forms import OLD_FORMS, RADICALS
from bot.core.text.lazy_pattern import LazyPattern

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u2500\uff0d\uff70\ufe63\u2043\u00ad"
_TO_HYPHEN = dict.fromkeys(map(ord, _DASHES), "-")
_RADICAL_TABLE = str.maketrans(
    {c: unicodedata.normalize("NFKC", c) for c in map(chr, range(0x2F00, 0x2FD6))} | RADICALS
)
_FOLD_TABLE = str.maketrans({**RADICALS, **OLD_FORMS, "ヶ": "ケ", "ヵ": "カ"})
_APART_TABLE = {ord(old): 0xF0000 + place for place, old in enumerate(OLD_FORMS)}  # private use: fold leaves it

# Line ends and tabs are blanks, and stay for now.
_INVISIBLE = LazyPattern(f"(?![\t\n\r\u2028\u2029])[{CONTROLS}{HIDDEN}{VARIATIONS}]")
_SURROGATES = LazyPattern(f"[{SURROGATES}]")
_BLANKS = LazyPattern(r"[\s\u3000\u2028\u2029]+")
_PUNCTUATION = LazyPattern(
    r"[\s\u3000・･‧·•∙,，、。．.:：;；'\"`´’‘“”「」『』【】〔〕\[\]()（）<>〈〉《》{}/／\\＼|｜~～〜_＿*＊※!！?？#＃&＆+＋=＝-]+"
)
# ー is a letter of katakana words and a dash between digits: it folds to a dash only there.
_DASH_BETWEEN_DIGITS = LazyPattern(rf"(?<=[0-9])\s{{0,9}}[{_DASHES}-]\s{{0,9}}(?=[0-9])")

# A half-width kana's mark is a character of its own, which layouts set apart: ﾎ ﾟﾝﾌﾟ.
_MARK_APART = LazyPattern("([\u3041-\u30fa\uff66-\uff9d])[ \t\u3000]{1,9}(?=[\u3099\u309a\uff9e\uff9f])")
_COMBINING_MARK = LazyPattern("[\u3099\u309a]")

_REMEMBERED = 4096  # a notice is compared with up to 200 rows, and the next one with the same ones

MAX_SHOWN = 200
"""Foreign text is cut to so many characters where it is shown; a 工事名 is shorter."""

# Longest first, since 特定建設工事共同企業体 contains 共同企業体.
LEGAL_FORMS = (
    "特定建設工事共同企業体",
    "設計共同企業体",
    "設計共同体",
    "経常建設共同企業体",
    "建設工事共同企業体",
    "建設共同企業体",
    "共同企業体",
    "特定非営利活動法人",
    "一般社団法人",
    "一般財団法人",
    "公益社団法人",
    "公益財団法人",
    "協同組合",
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
)
_SHORT_FORMS = (
    ("(株)", "株式会社"),
    ("(有)", "有限会社"),
    ("(合)", "合同会社"),
    ("(資)", "合資会社"),
    ("(名)", "合名会社"),
    ("(同)", "合同会社"),
)
_KANA_FORMS = ((LazyPattern(r"^カ\)|\(カ\)$|\(カ$"), "株式会社"), (LazyPattern(r"^ユ\)|\(ユ\)$|\(ユ$"), "有限会社"))


def clean(text: str, limit: int = MAX_SHOWN) -> str:
    """Foreign text made fit to show: one line, no controls or bidirectional tricks, radicals as kanji, at most `limit`.

    Runs of blanks become one; a full-width blank stays one, since names are written with it. A kana's mark joins its kana.
    """
    text = _MARK_APART.sub(r"\1", _SURROGATES.sub("\ufffd", text))
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).translate(_RADICAL_TABLE)
    text = _BLANKS.sub(lambda run: "\u3000" if "\u3000" in run.group() else " ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


_SHORT = 200  # no more characters of foreign text are remembered at a time


def fold(text: str) -> str:
    """NFKC, radicals and forms of one character to one, no blanks, dashes between digits to "-". Case is kept."""
    return _remembered(text) if len(text) <= _SHORT else _folded(text)


def _folded(text: str) -> str:
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_FOLD_TABLE)
    text = _BLANKS.sub("", _DASH_BETWEEN_DIGITS.sub("-", text))
    return unicodedata.normalize("NFC", text) if _COMBINING_MARK.search(text) else text


# Labels are sought character by character, and each line of a mail or a page is folded for many questions.
_remembered = lru_cache(maxsize=_REMEMBERED)(_folded)


def forms_apart(text: str) -> str:
    """The text with each old form as a character of its own, which `fold` leaves.

    Names that are equal when folded, and equal so as well, are written in the same forms.
    """
    return unicodedata.normalize("NFKC", text.translate(_RADICAL_TABLE)).translate(_APART_TABLE)


@lru_cache(maxsize=_REMEMBERED)
def fold_name(text: str) -> str:
    """`fold` without punctuation and case, kanji ordinals in digits.

    Two spellings of one work's name are equal, two works' names are not.
    """
    folded = _ORDINAL.sub(lambda found: str(_kanji_value(found.group())), fold(text))
    return _PUNCTUATION.sub("", folded.translate(_TO_HYPHEN)).casefold()


def spell_out_legal_form(name: str) -> str:
    """㈱, （株）, カ） and their like written out, where they stand: before and behind the name are different firms."""
    name = fold(name)
    for short, long in _SHORT_FORMS:
        name = name.replace(short, long)
    for pattern, long in _KANA_FORMS:
        name = pattern.sub(long, name)
    return name


@lru_cache(maxsize=_REMEMBERED)
def fold_contractor(name: str) -> str:
    """A firm's name for comparing, its legal form spelt out and in its place."""
    return fold_name(spell_out_legal_form(name))


@lru_cache(maxsize=_REMEMBERED)
def contractor_core(name: str) -> str:
    """A firm's name without its legal form: it may rank a candidate, never decide, since 株式会社A and A株式会社 are two firms."""
    core = fold_contractor(name)
    for form in LEGAL_FORMS:
        core = core.replace(form, "")
    return core


def normalise_number(text: str) -> str:
    """A 保証契約番号 in half-width characters with ASCII hyphens, without blanks: "０００００－０００００１" → "00000-000001"."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _BLANKS.sub("", text).translate(_TO_HYPHEN)


# 令和八年度, 令和8年, Ｒ８年度: the year stands before the number, written by turns with and without its words.
_YEAR = LazyPattern(r"(?:令和|r)([0-9]{1,20}|元|[〇一二三四五六七八九十]{1,20})(?:年度?)?")
_CALLED = LazyPattern(r"^(?:(?:調達)?案件|工事|施行|委託|業務|契約)?番号[:]?|^no[.:]?(?=[0-9])")
_BEFORE_NUMBER = LazyPattern(r"([0-9])?第(?=[0-9])")
_BEHIND_NUMBER = LazyPattern(r"(?<=[0-9])号([0-9])?")
_MARK = LazyPattern(r"[^0-9a-z\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


_LONE_DASH = LazyPattern(r"(?<![0-9])-|-(?![0-9])")
_LEADING_ZEROS = LazyPattern(r"(?<![0-9])0{1,40}(?=[0-9])")


@lru_cache(maxsize=_REMEMBERED)
def fold_works_number(text: str) -> str:
    """A 工事番号 for comparing: width, blanks, 第…号, leading zeros, the year's words and all marks but those between digits go.

    令和8年度 土木第012号 = Ｒ８土木１２ = R8-土木-12; 12-3 is not 123. "" when nothing is left.
    """
    folded = _CALLED.sub("", fold(text).casefold())
    folded = _YEAR.sub(lambda year: "r" + ("1" if year[1] == "元" else _in_digits(year[1])) + "/", folded)
    folded = _ORDINAL.sub(lambda found: str(_kanji_value(found.group())), folded)
    folded = _BEFORE_NUMBER.sub(lambda found: f"{found[1]}/" if found[1] else "", folded)
    folded = _BEHIND_NUMBER.sub(lambda found: f"/{found[1]}" if found[1] else "", folded)
    folded = _MARK.sub("-", folded.translate(_TO_HYPHEN))
    folded = _LONE_DASH.sub("", folded)
    return _LEADING_ZEROS.sub("", folded)


def _in_digits(number: str) -> str:
    return number if number.isdigit() and number.isascii() else str(_kanji_value(number))


def full_width_ascii_to_half(text: str) -> str:
    """Ａ → A and so on, U+FF01–FF5E only: the one change that a key may undergo."""
    return "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)


_NUMERALS = LazyPattern(r"[0-9]+")
_KANJI_NUMBERS = {c: str(n) for n, c in enumerate("〇一二三四五六七八九")}
# 第一, その三, 二工区: numbers of works in kanji. Elsewhere (五十嵐, 三和) they are names.
_ORDINAL = LazyPattern(
    r"(?:(?<=第)|(?<=その))[〇一二三四五六七八九十]{1,20}|[〇一二三四五六七八九十]{1,20}(?=工区|期|号|分割|次|回|丁目|$)"
)


@lru_cache(maxsize=_REMEMBERED)
def numerals(text: str) -> tuple[str, ...]:
    """Every number in a name, in order, kanji ordinals included: names that differ here are different works."""
    digits = _ORDINAL.sub(lambda found: f" {_kanji_value(found.group())} ", fold(text))
    return tuple(n.lstrip("0") or "0" for n in _NUMERALS.findall(digits))


def _kanji_value(text: str) -> int:
    tens, separator, ones = text.rpartition("十")
    if not separator:
        return int("".join(_KANJI_NUMBERS[c] for c in text))
    return (int(_KANJI_NUMBERS.get(tens[-1:], "1")) if tens else 1) * 10 + int(_KANJI_NUMBERS.get(ones[:1], "0"))
