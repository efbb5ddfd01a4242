"""The text of an HTML body, as somebody would read it from the screen.

Called by mime.py. Linear in the input's length, nothing is raised, nothing is fetched. Not the standard library's parser:
that takes quadratic time on broken markup (CVE-2025-6069), and a mail's HTML is whatever a stranger wrote.
"""

from __future__ import annotations

import html
import re

_LINE_TAGS = frozenset(
    "address article aside blockquote br caption center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li"  # noqa: SIM905 - names read better as a line
    " main nav ol p pre section table tbody tfoot thead tr ul".split(),
)
_CELL_TAGS = frozenset({"td", "th"})
_DROPPED = {
    tag: re.compile(rf"</{tag}(?![a-z0-9])", re.IGNORECASE)
    for tag in ("script", "style", "title", "template", "noscript", "svg")
}
_TAG_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9]*)")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_HUGE_REFERENCE = re.compile(r"&#x?[0-9A-Fa-f]{9,}")  # Python refuses numbers of more than 4,300 digits


def html_to_text(source: str) -> str:
    """Blocks on lines of their own, table cells apart by a tab, entities resolved, scripts and styles left out."""
    out: list[str] = []
    position, preformatted = 0, 0
    while True:
        opening = source.find("<", position)
        out.append(_words(source[position : opening if opening >= 0 else len(source)], keep=preformatted > 0))
        if opening < 0:
            break
        if source.startswith("<!--", opening):
            end = source.find("-->", opening + 4)
            position = end + 3 if end >= 0 else len(source)
            continue
        name = _TAG_NAME.match(source, opening + 1)
        if not name and source[opening + 1 : opening + 2] not in {"!", "?"}:
            out.append("<")  # "a < b"
            position = opening + 1
            continue
        end = source.find(">", opening)
        position = end + 1 if end >= 0 else len(source)
        if name:
            tag, is_end = name[1].lower(), name[0].startswith("/")
            out.append(_break(tag, is_end=is_end))
            if tag == "pre":
                preformatted = max(0, preformatted + (-1 if is_end else 1))
            if tag in _DROPPED and not is_end:
                close = _DROPPED[tag].search(source, position)
                position = close.start() if close else len(source)
    return _tidy("".join(out))


def _words(text: str, *, keep: bool) -> str:
    plain = html.unescape(_HUGE_REFERENCE.sub("", text if keep else _SPACE.sub(" ", text)))
    return plain.replace("\xa0", " ")


def _break(tag: str, *, is_end: bool) -> str:
    if tag in _LINE_TAGS:
        return "\n"
    return "\t" if tag in _CELL_TAGS and is_end else ""


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, no more than one empty line."""
    lines = [line.strip(" \t\r\f") for line in text.split("\n")]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n")
