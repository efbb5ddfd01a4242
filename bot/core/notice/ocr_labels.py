"""Labels that were recognised from a picture with a wrong letter or two, put right: 认证キ一： → 認証キー：.

`repair_label` is called for each cell that was read from a picture. It changes only a cell's beginning, and only into a label
that a notice really has, when all but a letter or two agree; what stands behind the label stays to the letter.
`repair_spaced_label` does so for a label whose letters fill cells of their own. The labels are data (core/issuers). Pure;
nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from bot.core.issuers import PRINTED_LABELS, PRINTED_TITLES
from bot.core.text.lazy_pattern import LazyPattern

# Letters that the recogniser takes for each other, and other countries' forms of the same kanji.
_LOOKS = str.maketrans(
    "证証认認号號约約区區発發业業务務称稱负負请請对對贵貴名名商商知知电電书書阅閲览覧览",
    "証証認認号号約約区区発発業業務務称称負負請請対対貴貴名名商商知知電電書書閲閲覧覧覧",
)
_DASHES = LazyPattern(r"[一ー―‐\-—–─－ｰ_]")
# What may not stand behind a label with wrong letters: it is another word then.
_HAS_MORE = LazyPattern(r"[^:：\s(（\[0-9A-Za-z※*]")
_BULLET = LazyPattern(r"^(?:[(（]?[0-9①-⑳ア-オ][)）.．、]|[・■●○◆◇□▪※【〔*])?")
_DIRT = LazyPattern(r"^[.,'`´‘’“”゛゜、。・:;~^-]+(?=[^.])")  # specks before a label that fills its cell
# A title or label of so many letters may have so many wrong ones.
_WRONG_LETTERS = ((12, 4), (8, 2), (5, 1), (1, 0))
_KEY_WITHOUT_DASH = LazyPattern(r"([認認]\s*証\s*キ)(?=$|[:：])")
_NOTE_MARK = LazyPattern(r"[0-9]$")  # ※1, set small, whose ※ was not seen


def repair_label(text: str) -> str:
    """The cell's text, its label as it is printed on notices; the same text where none is near."""
    if (clean := _DIRT.sub("", text)) != text and (repaired := repair_label(clean)) in PRINTED_LABELS:
        return repaired
    start = _BULLET.match(text)
    begin = start.end() if start else 0
    if cut_off := _KEY_WITHOUT_DASH.match(text, begin):
        return text[: cut_off.end()] + "ー" + text[cut_off.end() :]
    beginning = _plain(text[begin:])
    if any(label.startswith(beginning) and label != beginning for label in _plain_labels()):
        return text  # it goes on in the next line
    exact = [label for label in _plain_labels() if beginning.startswith(label)]
    for label in PRINTED_LABELS if exact else (*PRINTED_TITLES, *PRINTED_LABELS):
        if exact and _plain(label) != max(exact, key=len):
            continue
        end = _label_end(text, begin, label)
        if end is not None:
            mark = "※" if _NOTE_MARK.fullmatch(text[end:]) else ""
            return text[:begin] + label + mark + text[end:]
    return text


# Behind a label's words these make a sentence of it, or end it without a gap.
_NO_VALUE = frozenset("のとをはがにでもや等及又、。，．・:：=→⇒」』】〕)）(（[※*/／ 　")


def label_letters(text: str) -> int:
    """How many letters of the text are a label with its value right behind it, without blank or colon; 0 where none is so."""
    start = _BULLET.match(text)
    begin = start.end() if start else 0
    ends = [end for label in PRINTED_LABELS if (end := _label_end(text, begin, label)) is not None]
    end = max(ends, default=0)
    has_value = end < len(text) and text[end] not in _NO_VALUE and not _NOTE_MARK.fullmatch(text[end:])
    return end if has_value else 0


def label_behind(text: str) -> int:
    """Where a label begins with which the text ends, a value before it; 0 where none is so."""
    found = _LABEL_AT_END.search(text)
    return found.start(1) if found else 0


_KEY_LETTERS, _KEY_DASH = "認証キ", "ー"


def repair_spaced_label(cells: Sequence[str]) -> list[str]:
    """The texts of a line's cells, with the ー of a spaced out 認 証 キ ー when it was seen as another stroke, or, thin as it is, not at all."""
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
    text = "".join(unicodedata.normalize("NFKC", text).split()).translate(_LOOKS)
    return _DASHES.sub("ー", text)


_LABEL_AT_END = LazyPattern(
    rf"[^\s「『【（(]\s*({'|'.join(map(re.escape, sorted(PRINTED_LABELS, key=len, reverse=True)))})[:：]?$"
)


@cache
def _plain_labels() -> tuple[str, ...]:
    return tuple(map(_plain, PRINTED_LABELS))
