"""Correct one or two wrong letters in labels read by OCR: 认证キ一： → 認証キー：.

`repair_label` is called for each OCR cell. It changes only the beginning of the cell, only into a label of a notice, and only
when all but one or two letters agree; the value after the label is never changed. `repair_spaced_label` corrects a
letter-spaced label whose letters are separate cells. The labels are data (core/issuers). Pure; nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from bot.core.issuers import PRINTED_LABELS, PRINTED_TITLES
from bot.core.text.lazy_pattern import LazyPattern

# Letters that the OCR engine confuses, and other countries' forms of the same kanji.
_LOOKS = str.maketrans(
    "证証认認号號约約区區発發业業务務称稱负負请請对對贵貴名名商商知知电電书書阅閲览覧览",
    "証証認認号号約約区区発発業業務務称称負負請請対対貴貴名名商商知知電電書書閲閲覧覧覧",
)
_DASHES = LazyPattern(r"[一ー―‐\-—–─－ｰ_]")
_BLANKS = LazyPattern(r"[\s\u3000]")
# After these characters a near match is another word and no label.
_HAS_MORE = LazyPattern(r"[^:：\s(（\[0-9A-Za-z※*]")
_BULLET = LazyPattern(r"^(?:[(（]?[0-9①-⑳ア-オ][)）.．、]|[・■●○◆◇□▪※【〔*])?")
_DIRT = LazyPattern(r"^[.,'`´‘’“”゛゜、。・:;~^-]+(?=[^.])")  # specks before a label that fills its cell
# (letters of a title or label, wrong letters allowed), longest first.
_WRONG_LETTERS = ((12, 4), (8, 2), (5, 1), (1, 0))
_KEY_WITHOUT_DASH = LazyPattern(r"([認認]\s{0,9}証\s{0,9}キ)(?=$|[:：])")
_NOTE_MARK = LazyPattern(r"[0-9]$")  # the 1 of a small ※1 whose ※ was not recognised


def repair_label(text: str) -> str:
    """The cell's text with its label corrected; unchanged when no label is near."""
    if (clean := _DIRT.sub("", text)) != text and (repaired := repair_label(clean)) in PRINTED_LABELS:
        return repaired
    start = _BULLET.match(text)
    begin = start.end() if start else 0
    if cut_off := _KEY_WITHOUT_DASH.match(text, begin):
        return text[: cut_off.end()] + "ー" + text[cut_off.end() :]
    beginning = _plain(text[begin:])
    if any(label.startswith(beginning) and label != beginning for label in _plain_labels()):
        return text  # the label continues in the next line
    exact = [label for label in _plain_labels() if beginning.startswith(label)]
    for label in PRINTED_LABELS if exact else (*PRINTED_TITLES, *PRINTED_LABELS):
        if exact and _plain(label) != max(exact, key=len):
            continue
        end = _label_end(text, begin, label)
        if end is not None:
            mark = "※" if _NOTE_MARK.fullmatch(text[end:]) else ""
            return text[:begin] + label + mark + text[end:]
    return text


# After a label's words these begin no value: they continue a sentence or end the label.
_NO_VALUE = frozenset("のとをはがにでもや等及又、。，．・:：=→⇒」』】〕)）(（[※*/／ 　")


def label_letters(text: str) -> int:
    """The length of the label at the beginning when its value follows without blank or colon; else 0."""
    start = _BULLET.match(text)
    begin = start.end() if start else 0
    ends = [end for label in PRINTED_LABELS if (end := _label_end(text, begin, label)) is not None]
    end = max(ends, default=0)
    has_value = end < len(text) and text[end] not in _NO_VALUE and not _NOTE_MARK.fullmatch(text[end:])
    return end if has_value else 0


def label_behind(text: str) -> int:
    """The index of a label at the end of the text, after a value; 0 when there is none."""
    found = _LABEL_AT_END.search(text)
    return found.start(1) if found else 0


_KEY_LETTERS, _KEY_DASH = "認証キ", "ー"


def repair_spaced_label(cells: Sequence[str]) -> list[str]:
    """The cells' texts of a line, with the ー of a letter-spaced 認 証 キ ー restored when OCR misread or missed it."""
    texts = list(cells)
    for place in range(len(texts)):
        label = ""
        for last in range(place, min(place + len(_KEY_LETTERS), len(texts))):
            label += _plain(texts[last])
            if label != _KEY_LETTERS:
                continue
            following = texts[last + 1] if last + 1 < len(texts) else ""
            if _plain(following).startswith(_KEY_DASH):
                texts[last + 1] = _KEY_DASH + following.lstrip()[1:]
            else:
                texts[last] += _KEY_DASH
            return texts
    return texts


def _label_end(text: str, begin: int, label: str) -> int | None:
    """The end of the label in the text, None when it is not there. Blanks between its letters are allowed."""
    wanted = _plain(label)
    end, seen = begin, 0
    while end < len(text) and seen < len(wanted):
        seen += len(_plain(text[end]))
        end += 1
    if seen != len(wanted):
        return None  # another length: another word, or a label that continues in the next line
    wrong = sum(one != other for one, other in zip(_plain(text[begin:end]), wanted, strict=True))
    allowed = 1 if label == "認証キー" else next(most for letters, most in _WRONG_LETTERS if len(wanted) >= letters)
    if wrong > allowed or (wrong and _HAS_MORE.match(text, end)):
        return None
    return end


def _plain(text: str) -> str:
    text = "".join(unicodedata.normalize("NFKC", text).split()).translate(_LOOKS)
    return _DASHES.sub("ー", text)


_LABEL_AT_END = LazyPattern(
    rf"[^\s「『【（(]\s*({'|'.join(map(re.escape, sorted(PRINTED_LABELS, key=len, reverse=True)))})[:：]?$"
)


@cache
def _plain_labels() -> tuple[str, ...]:
    return tuple(map(_plain, PRINTED_LABELS))
