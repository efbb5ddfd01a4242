"""Labels that were recognised from a picture with a wrong letter or two, put right: 认证キ一： → 認証キー：.

`repair_label` is called for each cell that was read from a picture. It changes only a cell's beginning, and only into a label
that a notice really has, when all but a letter or two agree; what stands behind the label stays to the letter.
Pure; nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata

TITLES = (
    "電子保証にかかる「認証キー」のお知らせ",
    "電子証書閲覧用「認証キー」等のお知らせ",
    "電子証書にかかる「認証キー」のお知らせ",
)
LABELS = (
    "商品（保証区分）",
    "保証契約番号",
    "保証証書番号",
    "受注者名",
    "受注者",
    "受託者名",
    "請負者名",
    "保証契約者",
    "契約者名",
    "工事名",
    "業務名",
    "工事名称",
    "業務名称",
    "件名",
    "契約件名",
    "保証区分",
    "認証キー",
    "発注者名",
    "（ＪＶの場合は代表者）",
)
# Letters that the recogniser takes for each other, and other countries' forms of the same kanji.
_LOOKS = str.maketrans(
    "证証认認号號约約区區発發业業务務称稱负負请請对對贵貴名名商商知知电電书書阅閲览覧览",
    "証証認認号号約約区区発発業業務務称称負負請請対対貴貴名名商商知知電電書書閲閲覧覧覧",
)
_DASHES = re.compile(r"[一ー―‐\-—–─－ｰ_]")
_BLANKS = re.compile(r"[\s\u3000]")
# What may not stand behind a label with wrong letters: it is another word then.
_HAS_MORE = re.compile(r"[^:：\s(（\[0-9A-Za-z※*]")
_BULLET = re.compile(r"^(?:[(（]?[0-9①-⑳ア-オ][)）.．、]|[・■●○◆◇□▪※【〔*])?")
# A title or label of so many letters may have so many wrong ones.
_WRONG_LETTERS = ((12, 4), (8, 2), (5, 1), (1, 0))
_KEY_WITHOUT_DASH = re.compile(r"([認認]\s*証\s*キ)(?=$|[:：])")
_NOTE_MARK = re.compile(r"[0-9]$")  # ※1, set small, whose ※ was not seen


def repair_label(text: str) -> str:
    """The cell's text, its label as it is printed on notices; the same text where none is near."""
    start = _BULLET.match(text)
    begin = start.end() if start else 0
    if cut_off := _KEY_WITHOUT_DASH.match(text, begin):
        return text[: cut_off.end()] + "ー" + text[cut_off.end() :]
    beginning = _plain(text[begin:])
    if any(label.startswith(beginning) and label != beginning for label in _PLAIN_LABELS):
        return text  # it goes on in the next line
    exact = [label for label in _PLAIN_LABELS if beginning.startswith(label)]
    for label in LABELS if exact else (*TITLES, *LABELS):
        if exact and _plain(label) != max(exact, key=len):
            continue
        end = _label_end(text, begin, label)
        if end is not None:
            mark = "※" if _NOTE_MARK.fullmatch(text[end:]) else ""
            return text[:begin] + label + mark + text[end:]
    return text


def _label_end(text: str, begin: int, label: str) -> int | None:
    """Where the label ends in the text, None when it does not stand there. Blanks may part its letters."""
    wanted = _plain(label)
    end, seen = begin, 0
    while end < len(text) and seen < len(wanted):
        seen += len(_plain(text[end]))
        end += 1
    if seen != len(wanted):
        return None  # a letter more or less is another word, or a label that goes on in the next line
    wrong = sum(one != other for one, other in zip(_plain(text[begin:end]), wanted, strict=True))
    allowed = 1 if label == "認証キー" else next(most for letters, most in _WRONG_LETTERS if len(wanted) >= letters)
    if wrong > allowed or (wrong and _HAS_MORE.match(text, end)):
        return None
    return end


def _plain(text: str) -> str:
    text = _BLANKS.sub("", unicodedata.normalize("NFKC", text)).translate(_LOOKS)
    return _DASHES.sub("ー", text)


_PLAIN_LABELS = tuple(map(_plain, LABELS))
