"""The text of an HTML body: all of it, as plain text would have it, and its author's own.

Called by parse.py and readings.py. `html_to_text`: every word, linear in the input's length. `shown_and_authored`: what plain text would say, with
marks at what is quoted, without what is surely hidden or struck out; notices and passwords are read from it. `authored_text`: without
what is quoted or not surely seen; orders are read from it. These two build the tree; their input is bounded. Nothing is raised;
nothing is fetched. The standard library's parser is not used: it takes quadratic time on broken markup (CVE-2025-6069).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from bot.core.mail.reply_text import UNSEEN
from bot.core.mail.visibility import Look, StyleSheet, look_of
from bot.core.text.lazy_pattern import LazyPattern

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_BLOCK_TAGS = frozenset(
    "address article aside blockquote caption center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li"  # noqa: SIM905 - names read better as a line
    " main nav ol p pre section table tbody tfoot thead tr ul".split(),
)
_CELL_TAGS = frozenset({"td", "th"})
_DROPPED = {
    tag: LazyPattern(rf"</{tag}(?![a-z0-9])", re.IGNORECASE)
    for tag in ("script", "style", "title", "template", "noscript", "svg")
}
_MARKUP = LazyPattern(r"<(?=[A-Za-z/!?])")  # not the "<" of "a < b"
_TAG_NAME = LazyPattern(r"/?([A-Za-z][A-Za-z0-9]*)")
_SPACE = LazyPattern(r"[ \t\r\n\f]+")
_HUGE_REFERENCE = LazyPattern(r"&#x?[0-9A-Fa-f]{9,};?")  # Python refuses numbers of more than 4,300 digits
_LINE, _BLOCK = "\x1e", "\x1f"  # while reading: a line break, and an edge of a block (several edges are one break)
_EDGES = LazyPattern(f"{_BLOCK}[ {_BLOCK}]*")


def html_to_text(source: str) -> str:
    """The text: a line for each block, table cells separated by a tab, entities resolved, without scripts and styles."""
    source = source.replace(_LINE, " ").replace(_BLOCK, " ")
    out: list[str] = []
    position, preformatted = 0, 0
    while markup := _MARKUP.search(source, position):
        opening = markup.start()
        out.append(_words(source[position:opening], keep=preformatted > 0))
        if source.startswith("<!--", opening):
            end = source.find("-->", opening + 4)
            position = end + 3 if end >= 0 else len(source)
            continue
        end = source.find(">", opening)
        position = end + 1 if end >= 0 else len(source)
        name = _TAG_NAME.match(source, opening + 1)
        if name:
            tag, is_end = name[1].lower(), name[0].startswith("/")
            out.append(_break(tag, is_end=is_end))
            if tag == "pre":
                preformatted = max(0, preformatted + (-1 if is_end else 1))
            if tag in _DROPPED and not is_end:
                close = _DROPPED[tag].search(source, position)
                position = close.start() if close else len(source)
    out.append(_words(source[position:], keep=preformatted > 0))
    return _tidy("".join(out))


def _words(text: str, *, keep: bool) -> str:
    plain = html.unescape(_HUGE_REFERENCE.sub("", text if keep else _SPACE.sub(" ", text)))
    return plain.replace("\xa0", " ")


def _break(tag: str, *, is_end: bool) -> str:
    if tag == "br":
        return _LINE
    if tag in _BLOCK_TAGS:
        return _BLOCK
    return "\t" if tag in _CELL_TAGS and is_end else ""


_BREAK = LazyPattern(f"{_LINE} ?")
_TAB = LazyPattern("\t +")


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, no more than one empty line."""
    broken = _BREAK.sub("\n", _EDGES.sub(_LINE, text))
    lines = [line.rstrip(" \t\r\f") for line in _TAB.sub("\t", broken).split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n").removeprefix(" ")


_TARGET = LazyPattern(r"""(?a:\b)href\s{0,9}=\s{0,9}["']?\s{0,9}(https?://[^\s"'<>]+)""", re.IGNORECASE)
_EARLIER = LazyPattern(
    r"<blockquote|gmail_quote|yahoo_quoted|moz-cite|divrplyfwdmsg|appendonsend|olk_src_body|-----\s?original|border-top:\s?solid #(?:e1e1e1|b5c4df)",
    re.IGNORECASE,
)
_MOST_TARGETS = 50


def link_targets(source: str) -> tuple[str, ...]:
    """Where the first links of an HTML body lead, up to where it begins to quote."""
    quoted = _EARLIER.search(source)
    own = source[: quoted.start()] if quoted else source
    found = islice(_TARGET.finditer(own), _MOST_TARGETS)
    return tuple(dict.fromkeys(html.unescape(one[1]) for one in found))


# ---------------------------------------------------------------- who wrote it

QUOTED = "> "
"""Stands in `authored_text` for what is quoted, on a line of its own."""
_REST_QUOTED = "-----Original Message-----"

MOST_HTML, _MOST_TAGS = 150_000, 8_000
"""Characters and elements of all of a mail's bodies. The parser takes quadratic time on what is never closed: here a second at most."""
_OPENING = LazyPattern(r"<[A-Za-z]")
_NO_TEXT = frozenset(
    "script style title head template noscript svg math iframe object embed audio video canvas noembed noframes -comment".split(),  # noqa: SIM905 - names read better as a line
)
_QUOTING_TAGS = frozenset({"blockquote", "q", "cite", "includetail"})

# How mail programs mark what they quote, in class, id, name or data-marker. Parts of names: Outlook on the web writes x_ before a
# foreign name, Yahoo a number, AOL aolmail_.
_QUOTING_NAMES = (
    "quote",  # gmail_quote, yahoo_quoted, protonmail_quote, tutanota_quote, front-blockquote, missive_quote, __QUOTED_TEXT__, name=quote
    "gmail_attr", "gmail_extra", "moz-cite", "moz-forward", "moz-email-headers", "reply-intro", "replyintro",
    "outlookmessageheader", "reference-message", "olk_src_body", "messagereplysection", "appleoriginalcontents", "zmail_extra",
    "bloop_original", "originalmessage", "original-message", "original_message", "forwarded", "isreplycontent", "isforwardcontent",
    "replymessage", "mailcontainer_cite", "quot_", "citation", "includetail", "includemail",
)  # fmt: skip
# Where all that follows is quoted.
_REST_QUOTING_NAMES = (
    "divrplyfwdmsg",
    "appendonsend",
    "stopspelling",
    "hmreplydivider",
    "zwchr",
    "__divider__",
    "reply-separator",
)
_NAMING = ("class", "id", "name", "data-marker", "type")


def warm_up() -> None:
    """Load the parser: a process that is locked in opens no file later."""
    authored_text("<p>x")


def authored_text(source: str, *, with_quotations: bool = False) -> str:
    """The text without what is quoted or not surely seen: QUOTED and UNSEEN stand in its place.

    Where that can't be told, UNSEEN alone. `with_quotations`: what is quoted and seen, too.
    """
    tree = _tree(source)
    return UNSEEN if tree is None else _authored_in(*tree, with_quotations=with_quotations)


def _authored_in(root: LexborNode, sheet: StyleSheet, *, with_quotations: bool = False) -> str:
    is_linked = any(
        "stylesheet" in (node.attributes.get("rel") or "").lower() for node in root.traverse() if node.tag == "link"
    )
    doubt = "" if sheet.is_told and not is_linked else f"{UNSEEN}{_BLOCK}"
    return _tidy(doubt + "".join(_walked(root, sheet, _Everything() if with_quotations else _Authored())))


def shown_and_authored(source: str) -> tuple[str, str]:
    """The text as a mail program writes it beside the HTML, and `authored_text`, from one tree.

    The first has quoted lines behind "> ", and not what is surely hidden or struck out; of more than is read at once all the text.
    """
    tree = _tree(source)
    return (html_to_text(source), UNSEEN) if tree is None else (_shown_in(*tree), _authored_in(*tree))


def _shown_in(root: LexborNode, sheet: StyleSheet) -> str:
    text = _tidy("".join(_walked(root, sheet, _Shown())))
    return "\n".join(_with_marks(text.split("\n"))) if _QUOTATION_BEGINS in text else text


def _tree(source: str) -> tuple[LexborNode, StyleSheet] | None:
    if len(source) > MOST_HTML or sum(1 for _ in _OPENING.finditer(source)) > _MOST_TAGS:
        return None
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - 30 ms of loading, for HTML alone

    root = LexborHTMLParser(_LONE_SEPARATOR.sub(" ", source.replace("\r\n", "\n"))).root
    if root is None:
        return None
    return root, StyleSheet("\n".join(node.text() for node in root.traverse() if node.tag == "style"))


# These end no line of a mail, and some of them are the marks here.
_LONE_SEPARATOR = LazyPattern("[\r\x0b\x1c-\x1f\x85\u2028\u2029]")
_QUOTATION_BEGINS, _QUOTATION_ENDS = "\x1c", "\x1d"


class _Authored:
    """What stands for a text, for a quotation (None: the text in it), round one, and where the rest is quoted, which may be the end."""

    quotation: str | None = f"{_BLOCK}{QUOTED}{_BLOCK}"
    marks = ("", "")
    rest, ends_at_rest = f"{_BLOCK}{_REST_QUOTED}", True
    moved = UNSEEN

    def text(self, text: str, look: Look) -> str:
        """The text of this look."""
        return text if look.is_seen else UNSEEN


class _Everything(_Authored):
    quotation = None
    rest, ends_at_rest = "", False


class _Shown(_Everything):
    marks = (f"{_BLOCK}{_QUOTATION_BEGINS}{_BLOCK}", f"{_BLOCK}{_QUOTATION_ENDS}{_BLOCK}")
    rest = f"{_BLOCK}{_QUOTATION_BEGINS}{_QUOTATION_ENDS}{_BLOCK}"
    moved = ""

    def text(self, text: str, look: Look) -> str:
        return "" if look.is_hidden else text


def _walked(root: LexborNode, sheet: StyleSheet, told: _Authored) -> Iterator[str]:
    pending: list[tuple[LexborNode | str, Look]] = [(root, Look())]
    while pending:
        node, look = pending.pop()
        if isinstance(node, str):
            yield node
            continue
        if (following := node.next) is not None:
            pending.append((following, look))
        tag, attributes = node.tag or "", node.attributes
        if tag == "-text":
            yield _spaced(node.text_content or "", look, told)
        if tag == "-text" or tag in _NO_TEXT:
            continue
        names = " ".join((attributes.get(one) or "") for one in _NAMING).lower()
        if _begins_rest(tag, names, attributes.get("style") or ""):
            yield told.rest
            if told.ends_at_rest:
                return
        is_quoted = tag in _QUOTING_TAGS or any(one in names for one in _QUOTING_NAMES)
        if is_quoted and told.quotation is not None:
            yield told.quotation
            continue
        opening, closing = told.marks if is_quoted and tag not in _INLINE else ("", "")
        own = look_of(tag, attributes, look, sheet)
        yield told.moved if own.is_moved and not look.is_moved else ""
        yield opening or _break(tag, is_end=False)
        pending.append((closing or (_break(tag, is_end=True) if tag != "br" else ""), look))
        if (first := node.first_child) is not None:
            pending.append((first, own))


_INLINE = frozenset({"q", "cite"})  # words that a sentence quotes


def _with_marks(lines: Iterable[str]) -> Iterator[str]:
    """The lines, those of quotations with their mark."""
    depth, may_begin_rest = 0, False
    for line in lines:
        depth += line.count(_QUOTATION_BEGINS) - line.count(_QUOTATION_ENDS)
        bare = line.replace(_QUOTATION_BEGINS, "").replace(_QUOTATION_ENDS, "")
        may_begin_rest = may_begin_rest or line == _QUOTATION_BEGINS + _QUOTATION_ENDS
        if may_begin_rest and bare.strip():
            may_begin_rest = False
            if _COPIED_HEADER.match(bare):
                yield _REST_QUOTED
        if bare or bare == line:
            yield f"{QUOTED}{bare}" if depth > 0 else bare


_EXCERPT = LazyPattern(r"<(/?)excerpt>", re.IGNORECASE)
_ENRICHED = LazyPattern(r"<param>[^<]{0,1000}</param>|</?[a-z0-9-]{1,60}>", re.IGNORECASE)
_LINE_OF_RICHTEXT = LazyPattern(r"<(?:nl|np)>", re.IGNORECASE)


def enriched_to_text(source: str) -> str:
    """The words of text/enriched (RFC 1896) or text/richtext: lines as they stand, an excerpt behind "> "."""
    text = _LONE_SEPARATOR.sub(" ", source.replace("\r\n", "\n")).replace("<<", _LINE)
    text = _EXCERPT.sub(lambda found: f"\n{_QUOTATION_ENDS if found[1] else _QUOTATION_BEGINS}\n", text)
    text = _ENRICHED.sub("", _LINE_OF_RICHTEXT.sub("\n", text)).replace(_LINE, "<")
    return "\n".join(_with_marks(text.split("\n")))


_COPIED_HEADER = LazyPattern(r"[\s*_]*(?:from|差出人|送信者|発信者)\s*[:：]", re.IGNORECASE)


def _begins_rest(tag: str, names: str, style: str) -> bool:
    """Whether what follows is quoted: after the line of Outlook, or an element that a program puts there."""
    if tag == "div" and "border-top:solid" in style.lower().replace(" ", ""):
        return True
    return any(one in names for one in _REST_QUOTING_NAMES)


def _spaced(text: str, look: Look, told: _Authored) -> str:
    text = _LONE_SEPARATOR.sub(" ", text).replace("\xa0", " ")
    if not text.strip():
        return text if look.keeps_lines else " "
    return told.text(text if look.keeps_lines else _SPACE.sub(" ", text), look)
