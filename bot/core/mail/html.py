"""The text of an HTML body as a browser shows it.

Called by parse.py. Linear in the input's length; nothing is raised; nothing is fetched. The standard library's parser is not
used: it takes quadratic time on broken markup (CVE-2025-6069).
"""

from __future__ import annotations

import html
import re

from bot.core.text.lazy_pattern import LazyPattern

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


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, no more than one empty line."""
    broken = re.sub(f"{_LINE} ?", "\n", _EDGES.sub(_LINE, text))
    lines = [line.rstrip(" \t\r\f") for line in re.sub("\t +", "\t", broken).split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n").removeprefix(" ")
