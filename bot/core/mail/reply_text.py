"""A clerk's own text in the answer to a letter of ours: without the quotation and the signature.

Called by the users of core/clerk/order_grammar.py. Stricter than quoting.own_words, because a quoted word taken for the
clerk's could decide a case. Letters that can be answered begin with REPLY_LINE, by which even a quotation without marks is
recognised. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

REPLY_LINE = "――― 返信はこの行より上に書いてください ―――"
"""The first line of every letter that can be answered; the text below it is ours."""

_LOOKED_AT = 20_000
_LINES = 400
_REPLY_LINE = "返信はこの行より上に書いてください"  # as `fold` gives it
_QUOTED = LazyPattern(r"^[\s\u3000]*(?:[>＞»]|[|｜](?!.*[|｜]\s*$))")

# A line above a quotation, folded (half width, no blanks). A long one may be broken in two.
_ATTRIBUTION = LazyPattern(
    r"^(?:"
    r"on.{5,200}wrote:"
    r"|.{5,200}(?:のメール|さんは書きました|が書きました|さんのメール|は書きました|wrote|writes|(?:さんは|が).{5,60}に書きました|wrote\(.{5,40}\)):"
    r"|(?:19|20)\d\d[年/.-]\d{1,2}[月/.-]\d{1,2}日?.{0,200}<[^<>]*@[^<>]*>:"
    r"|le.{5,200}aécrit:|am.{5,200}schrieb.{0,100}:"
    r")$",
    re.IGNORECASE,
)
_MAY_BEGIN_ONE = LazyPattern(r"(?:19|20)\d\d|[<@]|^on", re.IGNORECASE)
# What begins a quotation without marks: a rule with words, Outlook's long line, the first field of a copied header.
_BEGINS = LazyPattern(
    r"^(?:-{2,}(?:originalmessage|元のメッセージ|forwardedmessage|転送(?:された)?メッセージ|以下元のメッセージ|返信元メール).{0,40}"
    r"|[_＿]{10,}"
    r"|begin(?:forwarded)?message:?)$",
    re.IGNORECASE,
)
_HEADER = LazyPattern(
    r"^[*_]{0,2}(?:from|差出人|送信者|発信者|sent|date|送信日時|日時|日付|to|宛先|cc|subject|件名)[*_]{0,2}:[*_]{0,2}",
    re.IGNORECASE,
)
_HEADERS_OF_A_QUOTATION = 2  # of the next four lines
_SIGNATURE_RULE = LazyPattern(
    r"^(?:--|[-=*_~#+・ー─━―＝◆◇■□●○★☆※]{6,}|([-=*_~#+・ー─━―＝…◆◇■□●○★☆※°^])\1{3,}.{0,40}|[┌┏╔+].{3,}|(?:[-=*_~+・─━]{2}){2,})$"
)
_DEVICE = LazyPattern(
    r"^(?:(?:私の)?(?:iphone|ipad|android|galaxy|xperia|スマートフォン|モバイル|携帯).{0,12}から送信.{0,10}|sentfrom(?:my)?.{2,40}"
    r"|(?:outlookforios|outlookforandroid)(?:を入手)?.{0,60}|(?:outlookを入手).{0,60})$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AnsweredWords:
    """The lines of the answer, including blank ones, and the signature below them; stripped."""

    lines: tuple[str, ...]
    signature: tuple[str, ...] = ()


def answered_words(body: str) -> AnsweredWords:
    """The answer in a body. The quotation may be above, below or between its lines, with marks or without."""
    lines = [line.strip(" \t\u3000\r\xa0") for line in body[:_LOOKED_AT].splitlines()[:_LINES]]
    own = list(_without_quotations(lines))
    for place, line in enumerate(own):
        folded = fold(line)
        if line == "--" or _SIGNATURE_RULE.match(folded) or _DEVICE.match(folded):
            return AnsweredWords(_trimmed(own[:place]), tuple(one for one in own[place + 1 :] if one))
    return AnsweredWords(_trimmed(own))


def _without_quotations(lines: list[str]) -> list[str]:
    kept: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        folded = fold(line)
        if _QUOTED.match(line):
            place += 1
            continue
        if length := _attribution(lines, place):
            place += length
            if not _is_quoted_next(lines, place):
                break  # unmarked: all below is the quotation
            continue
        if _REPLY_LINE in folded or _BEGINS.match(folded) or _is_copied_header(lines, place):
            break
        kept.append(line)
        place += 1
    return kept


def _attribution(lines: list[str], place: int) -> int:
    """The number of lines (0 to 3) of the attribution of the quotation below."""
    text = ""
    for length in (1, 2, 3):
        if place + length > len(lines) or not lines[place + length - 1]:
            return 0
        text += fold(lines[place + length - 1])
        if length > 1 and not _MAY_BEGIN_ONE.search(fold(lines[place])):
            return 0  # an answer may stand right above
        if _ATTRIBUTION.match(text):
            return length
    return 0


def _is_quoted_next(lines: list[str], place: int) -> bool:
    following = next((line for line in lines[place:] if line), "")
    return bool(_QUOTED.match(following))


def _is_copied_header(lines: list[str], place: int) -> bool:
    """Whether a mail's header was copied here as text: Outlook's way to quote."""
    if not _HEADER.match(fold(lines[place])):
        return False
    following = [line for line in lines[place + 1 : place + 5] if line]
    return sum(bool(_HEADER.match(fold(line))) for line in following) >= _HEADERS_OF_A_QUOTATION


def _trimmed(lines: list[str]) -> tuple[str, ...]:
    """Without blank lines at both ends."""
    found = [place for place, line in enumerate(lines) if line]
    return tuple(lines[found[0] : found[-1] + 1]) if found else ()
