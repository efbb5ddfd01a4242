"""A contractor's paragraphs as sentences: folded, in lower case, without links, faces and boxes that are not ticked.

Called by matter.py, for sentences.py to read. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

_FACES = LazyPattern(r"m?\([_^;・-]{1,9}\)m?|[~〜ー-]+[!。]?$|[♪☆★]")
_MOST = 200
_CHARACTERS = 300
_ENDS = LazyPattern(r"[。!]|(?<=[?])")
_GOES_ON = (
    "、",
    ",",
    "が",
    "の",
    "を",
    "に",
    "へ",
    "と",
    "は",
    "も",
    "で",
    "て",
    "ので",
    "ため",
    "から",
    "および",
    "及び",
    "・",
)
_BLANK = "、, ~〜"
_WRAPPED = 24
"""A line of so many characters without an end may go on in the next one: programs wrap them."""
_FINITE = LazyPattern(r"(?:す|た|さい|ない|か|ませ|せん|う|る|ね|よ|中|様|[?!。:)」】]|[a-z][.!])$")


def sentences(lines: Iterable[str]) -> Iterator[str]:
    """The sentences of a paragraph, folded and in lower case; what a program wrapped is joined."""
    joined, kept = "", []
    for line in lines:
        folded = _FACES.sub("", _ticked(fold(_LINK.sub("", line.lower())))).strip("・■●◆○◇-―*>")
        if not folded:
            continue
        joined += folded
        goes_on = folded.endswith(_GOES_ON) or (len(folded) >= _WRAPPED and not _FINITE.search(folded))
        if not goes_on or len(joined) > _CHARACTERS:
            kept.append(joined)
            joined = ""
    for text in (*kept, joined):
        yield from (one.strip(_BLANK) for one in islice(_ENDS.split(text[:_CHARACTERS]), _MOST) if one.strip(_BLANK))


def _ticked(line: str) -> str:
    """A cover sheet's line without its boxes that are not ticked; one box alone may be a list's dot."""
    boxes = len(_BOX.findall(line))
    return _UNTICKED.sub("", line) if boxes > 1 or (boxes and _LABEL.fullmatch(line)) else line


_LINK = LazyPattern(r"https?://[!-~]+")
_BOX = LazyPattern(r"[□☐■☑✓✔]")
_UNTICKED = LazyPattern(r"[□☐][^□☐■☑✓✔]{0,40}")
_LABEL = LazyPattern(r"[□☐](?:要|ご?至急|ご?返信|ご?回答|ご?確認|ご?検討|ご?査収|ください|[一-龥]){1,6}")
