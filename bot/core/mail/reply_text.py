"""A clerk's own text in the answer to a letter of ours: without the quotation and the signature.

Called by the users of core/clerk/answer/order_grammar.py. Stricter than quoting.own_words, because a quoted word taken for the
clerk's could decide a case. Letters that can be answered begin with REPLY_LINE, by which even a quotation without marks is
recognised. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bot.core.text.boilerplate import RULE, lines_about_mails
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

REPLY_LINE = "――― 返信はこの行より上に書いてください ―――"
"""The first line of every letter that can be answered; the text below it is ours."""

UNSEEN = "\ufffc"
"""Stands in `Mail.said` for text that a person doesn't surely see, and for text that is struck out."""

SEAM = "\x1f"
"""Stands in `Mail.said` between parts of different kinds: what a person wrote, and what a gateway has put before or after it."""

_LOOKED_AT = 20_000
_LINES = 400
_BLANKS = " \t\u3000\r\xa0"
_REPLY_LINE = "返信はこの行より上に書いてください"  # as `fold` gives it
_NAMED_SIGN = LazyPattern(r"[A-Za-z][A-Za-z0-9._-]{0,15}[>＞](?: |　|$)")
_QUOTE_SIGNS, _BARS = (">", "＞", "»"), ("|", "｜")

# A line above a quotation, folded (half width, no blanks). A long one may be broken in two.
_ATTRIBUTION = LazyPattern(
    r"^(?:"
    r"on.{5,200}wrote:"
    r"|.{5,200}(?:のメール|さんは書きました|が書きました|さんのメール|は書きました|wrote|writes|(?:さんは|が).{5,60}に書きました|wrote\(.{5,40}\)):"
    r"|(?:19|20)\d\d[年/.-]\d{1,2}[月/.-]\d{1,2}日?.{0,200}<[^<>]*@[^<>]*>:"
    r"|\d{1,2}[月/]\d{1,2}日?(?:\(?[月火水木金土日](?:曜日?)?\)?)?\d{1,2}[:時]\d{2}分?[^はをがのに。、]{0,24}<[^<>]*@[^<>]*>:"
    r"|le.{5,200}aécrit:|am.{5,200}schrieb.{0,100}:"
    r")$",
    re.IGNORECASE,
)
_MAY_BEGIN_ONE = LazyPattern(r"(?:19|20)\d\d|^\d{1,2}[月/]|[<@]|^on", re.IGNORECASE)
# What begins a quotation without marks: a rule with words, Outlook's long line, the first field of a copied header.
_BEGINS = LazyPattern(
    r"^(?:-{2,}(?:originalmessage|元のメッセージ|forwardedmessage|転送(?:された)?メッセージ|以下元のメッセージ|返信元メール).{0,40}"
    r"|[_＿]{10,}"
    r"|begin(?:forwarded)?message:?)$",
    re.IGNORECASE,
)
_HEADER = LazyPattern(
    r"^[*_■▼・]{0,2}(?:from|差出人|送信者|発信者|送信元|sent|date|送信日時?|受信日時?|送信済み|日時|日付|to|宛先|送信先|cc|reply-to|subject|件名|タイトル|重要度|importance|添付(?:ファイル)?|attachments?)[*_]{0,2}(?::|[\"<「【0-9])",
    re.IGNORECASE,
)
# The lines right above a quotation by which a program tells of whom and when it is, folded.
_DATED = r"(?:(?:19|20)\d\d[年/.-]?\d{0,2}|令和\d+年|\d{1,2}[:時]\d{2}|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,|[月火水木金土日]曜|[月火水木金土日],)"
_DECORATION = r"[\W_]*"
_A_MAIL = r"(?:メッセージ|メール|引用(?:文|元)?|原文|本文|通知|お知らせ|文面|発言|投稿|message|mail|text)"
_TOLD_OF = r"(?:書きました|書いています|wrote|writes|送信しました|送りました|の?(?:発言|メッセージ|投稿|メール)(?:です)?|(?:への|に対する)返信(?:です)?|からの引用|(?:より|から)(?:受信|返信))"
_HEAD_LINES = (
    LazyPattern(
        rf"^{_DECORATION}(?:元の?|以下の?|以下、?|以下は|下記の?|前の?|直前の?|受信(?:した)?|送信(?:した)?|お?届いた|引用|転送(?:された|元の?)?|返信元の?|original|forwarded|begin|previous|quoted|reply|の)*{_A_MAIL}(?:を?引用|の?(?:内容|引用|始まり|開始|履歴)|(?:は|を)?ここから|history)?(?:です)?{_DECORATION}$",
        re.IGNORECASE,
    ),
    LazyPattern(
        rf"^{_DECORATION}(?:.{{0,120}}{_DATED}.{{0,120}}|.{{1,120}}@.{{1,120}}|.{{1,80}}(?:さん|様|殿|氏|各位).{{0,80}}){_TOLD_OF}{_DECORATION}$",
        re.IGNORECASE,
    ),
    LazyPattern(rf"^{_DECORATION}.{{1,80}}(?:さん|様|殿|氏|>)(?:の|から|より|からの){_DECORATION}$"),
    LazyPattern(
        rf"^{_DECORATION}(?:on|at)?[0-9/:年月日時分秒().,+-]{{8,40}}(?:jst)?(?:、|,)?{_DECORATION}$", re.IGNORECASE
    ),
    LazyPattern(r"^[<〈(【\[≪《].{1,60}(?:から|の)(?:の)?(?:メール|メッセージ|通知|お知らせ)[>〉)】\]≫》]$"),
    LazyPattern(rf"^{_DECORATION}無害化(?:済み?|処理済み?)?{_DECORATION}$"),
    LazyPattern(rf"^{_DECORATION}(?:返信元|転送元|引用元){_DECORATION}$"),
    LazyPattern(r"^(?:re|fwd?):.{1,200}$", re.IGNORECASE),
    LazyPattern(rf"^{_DECORATION}「.{{1,150}}」(?:への|に対する)返信(?:です)?{_DECORATION}$"),
    LazyPattern(rf"^{_DECORATION}.{{0,60}}(?:が|さんが)転送.{{0,40}}$"),
    LazyPattern(rf"^{_DECORATION}(?:on|at){_DATED}.{{0,60}}$", re.IGNORECASE),
    _HEADER,
)
_LABEL = LazyPattern(r"^(?:差出人|送信者|送信元|送信日時|受信日時|日時|日付|宛先|件名|タイトル)[ \t　]+[^ \t　]")
_LINES_OF_A_HEAD = 10
# A line of the author's own that looks like one.
_SPEAKS = LazyPattern(r"承認|差し?戻|保留|取り?消|間違|誤|違|やめ|止め|待っ|ません|ない|確認済|対応済|停止|別件|件目")
_HEADERS_OF_A_QUOTATION = 2  # of the next four lines
_FOUR_ALIKE = "|".join(f"{re.escape(sign)}{{4,}}" for sign in "-=*_~#+・ー─━―＝…◆◇■□●○★☆※°^")
_SIGNATURE_RULE = LazyPattern(
    rf"^(?:--|[-=*_~#+・ー─━―＝◆◇■□●○★☆※]{{6,}}|(?:{_FOUR_ALIKE}).{{0,40}}|[┌┏╔+].{{3,}}|(?:[-=*_~+・─━]{{2}}){{2,}})$"
)
_DEVICE = LazyPattern(
    r"^(?:(?:私の)?(?:.{0,16}メール.{0,6})?(?:.{0,12}(?:の)?)?(?:iphone|ipad|android|galaxy|xperia|pixel|aquos|スマートフォン|スマホ|モバイル|携帯|外出先|gmail|thunderbird|端末).{0,12}から(?:の?送信|送って).{0,10}|(?:thunderbird|outlook|becky!?|gmail)から|sentfrom(?:my)?.{2,40}"
    r"|getoutlookfor.{2,20}|(?:android|ios|iphone)版?outlookを入手|(?:outlookforios|outlookforandroid)(?:を入手)?.{0,60}|(?:outlookを入手).{0,60})$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AnsweredWords:
    """The lines of the answer, including blank ones, and the signature below them; stripped.

    `beneath`: those of them that stand right below a quoted line, where the letter that is quoted is not at hand: a program may have
    broken that line. An order there is nobody's. `above`: the last of them, where it stands apart right above our own reply line: a
    program may have put it there, as the head of its quotation.
    """

    lines: tuple[str, ...]
    signature: tuple[str, ...] = ()
    beneath: tuple[str, ...] = ()
    above: str = ""


def is_quoted(line: str) -> bool:
    """Whether a line has the mark of a quotation at its beginning."""
    bare = line.strip()
    is_row = len(bare) > 1 and bare.endswith(_BARS)  # | 認証キー | … | is a row of a table
    return bare.startswith(_QUOTE_SIGNS) or (bare.startswith(_BARS) and not is_row) or bool(_NAMED_SIGN.match(bare))


def answered_words(body: str, letter: str = "", speaks: Callable[[str], bool] | None = None) -> AnsweredWords:
    """The answer in a body. The quotation may be above, below or between its lines, with marks or without.

    `letter`: the text that is answered, where it is known: what stands in it is not the answer's. `speaks`: whether a line is what
    is looked for. Of several parts of different kinds the first with such a line is the answer, and the others are like a signature.
    """
    parts = [_answered(part, letter) for part in body[:_LOOKED_AT].split(SEAM)]
    if len(parts) == 1:
        return parts[0]
    spoken = (one for one in parts if speaks is not None and any(map(speaks, one.lines)))
    told = next(spoken, None) or next((one for one in parts if one.lines), parts[0])
    others = (line for one in parts if one is not told for line in (*one.lines, *one.signature) if line)
    return replace(told, signature=(*told.signature, *others))


def _answered(body: str, letter: str) -> AnsweredWords:
    parts = _parts_of(body, letter, _LINES)
    own, beneath = list(_with_places(parts, compared(letter))), _beneath(parts, letter)
    own, apart = _without_disclaimers(own)
    for place, line in enumerate(own):
        folded = fold(line)
        if line == "--" or _SIGNATURE_RULE.match(folded) or _DEVICE.match(folded):
            signature = tuple(one for one in own[place + 1 :] if one)
            return AnsweredWords(_trimmed(own[:place]), (*signature, *apart), beneath)
    return AnsweredWords(_trimmed(own), tuple(apart), beneath, _apart_above_ours(body))


def _apart_above_ours(body: str) -> str:
    """The line right above our own reply line, with a blank line above it; "" for none."""
    lines = [line.strip(_BLANKS) for line in body.split("\n")[:_LINES]]
    ours = next((place for place, line in enumerate(lines) if _REPLY_LINE in fold(line)), 0)
    return lines[ours - 1] if ours > 1 and not lines[ours - 2] else ""


def _without_disclaimers(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines without disclaimers and what servers write, and these; where one speaks of a case, all lines."""
    places = lines_about_mails(lines)
    if any(_OF_A_CASE.search(fold(lines[place])) or UNSEEN in lines[place] for place in places):
        return lines, []
    start = next((place for place, line in enumerate(lines) if place not in places and not _is_ornament(line)), 0)
    above = range(start if places and min(places) < start else 0)  # a banner, with its rules
    own = [line for place, line in enumerate(lines) if place not in places and place not in above]
    return own, [lines[place] for place in sorted(places)]


def _is_ornament(line: str) -> bool:
    return not line or RULE.match(fold(line)) is not None


_OF_A_CASE = LazyPattern(
    r"承認|差し?戻|保留|却下|相違|訂正|取り?消|金額|期限|認証キー|工事名|受付番号|契約番号|停止|再開"
)


def own_lines(body: str, letter: str = "", limit: int | None = None) -> tuple[list[str], tuple[str, ...]]:
    """The lines of a body that are its author's, stripped, and those of them that stand right below a quoted line."""
    parts = _parts_of(body, letter, limit)
    return [part.line for part in parts if not part.is_quoted], _beneath(parts, letter)


def _parts_of(body: str, letter: str, limit: int | None) -> list[_Part]:
    lines = [line.strip(_BLANKS) for line in body.replace(SEAM, "\n\n").split("\n")[:limit]]
    parts = list(_parts(lines))
    return list(_not_of_the_letter(parts, compared(letter))) if letter else parts


def _beneath(parts: list[_Part], letter: str) -> tuple[str, ...]:
    return () if letter else tuple(part.line for part in parts if part.is_beneath and not part.is_quoted)


def _with_places(parts: list[_Part], letter: str) -> Iterator[str]:
    """The author's lines, and where he writes between the lines of the quotation, PLACED and the one case that is quoted right above.

    A quoted line that names a case otherwise than the letter's own heads of cases, as a colleague's answer, makes it no case at all.
    """
    places: list[str] = []
    is_certain = True
    for part in parts:
        if part.is_quoted:
            found = _PLACE.match(part.line)
            bare = compared(part.line)
            is_ours = bare in letter if letter else not _SAYS_MORE.search(bare)
            is_place = _NAMES_A_PLACE.search(bare) is not None
            is_certain = is_certain and is_ours and (found is not None or not is_place)
            places += [found[1] if found is not None else ""] if is_place else []
            continue
        if part.line and places:
            yield PLACED + (places[0] if len(places) == 1 and is_certain else "")
        if part.line:
            places, is_certain = [], True
        yield part.line


PLACED = "\x1e"
"""Stands in `AnsweredWords.lines` before the number of the case that is quoted above the next lines; before nothing where several are."""
_PLACE = LazyPattern(
    r"^[>＞»|｜] ?[ \u3000]?[■◆●□・*_-]{0,3}[ \u3000]?([0-9０-９]{1,2})件目(?:[ \u3000■:：]|受付番号|$)"
)
_NAMES_A_PLACE = LazyPattern(r"[0-9]件目")
_SAYS_MORE = LazyPattern(r"承認|差し?戻|保留|却下|確認済|対応済|相違|お願い|ください|昨日|先日|前回|先週|以前")
"""What a line of our own letters about a case does not say."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A line with who wrote it. `is_beneath`: a quoted line stands above it that may have been broken, with no blank line between."""

    line: str
    is_quoted: bool = False
    is_beneath: bool = False


def _parts(lines: list[str]) -> Iterator[_Part]:
    """The lines down to where an unmarked quotation begins; that place is a quoted line."""
    place, is_beneath = 0, False
    heads = _heads(lines)
    while place < len(lines):
        line = lines[place]
        folded = fold(line)
        if place in heads:
            yield _Part("", is_quoted=True)
            place += 1
            continue
        length = 0 if is_quoted(line) else _attribution(lines, place)
        if is_quoted(line):
            length, is_beneath = 1, _columns(line) >= _SHORTEST_BROKEN
            yield _Part(line, is_quoted=True)
        elif length:
            yield _Part("", is_quoted=True)
            if not _is_quoted_next(lines, place + length):
                return  # unmarked: all below is the quotation
        elif _REPLY_LINE in folded or _BEGINS.match(folded) or _is_copied_header(lines, place):
            yield _Part("", is_quoted=True)
            return
        else:
            length, is_beneath = 1, is_beneath and bool(line)
            yield _Part(line, is_beneath=is_beneath)
        place += length


def _heads(lines: list[str]) -> range:
    """The places of the lines right above the first sign of a quotation that tell whose it is. One blank line may stand below them."""
    sign = next((place for place, line in enumerate(lines) if _is_sign(lines, place)), None)
    if sign is None:
        return range(0)
    start = end = sign
    while start > max(0, sign - _LINES_OF_A_HEAD):
        line = lines[start - 1]
        if (
            (not line and end - start < 1 + (end == sign) and _is_head(fold(lines[start - 2]) if start > 1 else ""))
            or _is_head(fold(line))
            or _LABEL.match(line)
        ):
            start -= 1
        else:
            break
    return range(start, sign)


def _is_sign(lines: list[str], place: int) -> bool:
    folded = fold(lines[place])
    begins = _REPLY_LINE in folded or _BEGINS.match(folded) is not None
    return begins or is_quoted(lines[place]) or _is_copied_header(lines, place)


def _is_head(folded: str) -> bool:
    if not folded or (not _HEADER.match(folded) and _SPEAKS.search(folded)):
        return False
    return any(pattern.match(folded) for pattern in _HEAD_LINES)


_SHORTEST_BROKEN = 30
"""No program breaks a quoted line of fewer columns."""


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in line)


_COMPARED_LINE = 10
"""So many characters in a line that stands in the letter, and it is the letter's; fewer may be an order that it teaches."""
_JOINT, _SHORT_JOINT = 16, 6
"""So many characters before a line tell whether the letter goes on with it; the last of them where a program changed the others."""


def _not_of_the_letter(parts: list[_Part], letter: str) -> Iterator[_Part]:
    """The same, with the letter's lines as quoted: those that lost their mark, or were broken out of a quoted line.

    Lines above the first sign of a quotation are the author's, whatever they say.
    """
    above = next((place for place, part in enumerate(parts) if part.is_quoted), 0)
    before = ""  # the end of the quotation so far
    for place, part in enumerate(parts):
        line = compared(part.line)
        if part.is_quoted:
            before = (before + line)[-_JOINT:] if len(line) < _JOINT else line[-_JOINT:]
            yield part
        elif place < above or not any(map(str.isalnum, line)):
            yield part
        elif (len(line) >= _COMPARED_LINE and line in letter) or _goes_on(
            before, line, parts[place + 1 : place + 1 + _LINES_OF_A_JOINT], letter
        ):
            before = (before + line)[-_JOINT:]
            yield replace(part, is_quoted=True)
        else:
            yield part


def _goes_on(before: str, line: str, following: list[_Part], letter: str) -> bool:
    """Whether the letter goes on with this line after what is quoted above, and not with the quoted line below."""
    before = before if before in letter else before[-_SHORT_JOINT:]
    if not before or before + line not in letter:
        return False
    quoted = next((one for part in following if part.is_quoted and (one := compared(part.line))), "")
    return not quoted or before + quoted[:_COMPARED_LINE] not in letter


_LINES_OF_A_JOINT = 10


def compared(text: str) -> str:
    """A text for looking up in another: folded, without the marks of quotations."""
    return fold(text).translate(_MARKS)


_MARKS = {ord(one): None for one in ">»|"}


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
    return is_quoted(next((lines[at] for at in range(place, len(lines)) if lines[at]), ""))


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
