"""What a person reads of a mail: the texts of its MIME tree, in the order in which mail programs show them (RFC 2046 §5.1, RFC 2387).

Called by parse.py. `mixed` gives all its children, `related` its root and what nothing refers to, `alternative` one child: the plain one
and the richest are read, and who looks for an order or a notice compares them. Nothing is raised; linear in the texts' length but for
the bounded trees of html.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot.core.mail.html import MOST_HTML, authored_text, shown_and_authored
from bot.core.mail.message import Flaw, Part
from bot.core.mail.multipart import Branch, Tree
from bot.core.mail.reply_text import SEAM, UNSEEN, compared, is_quoted
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

TEXT_CHARACTERS = 200_000  # of a part, and of all that is shown; a notice has some 500
ENRICHED = frozenset({"text/enriched", "text/richtext"})
_PLAIN, _HTML = "text/plain", "text/html"
_SHOWN = ENRICHED | {_PLAIN, _HTML}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with its content; of HTML that is a body its source, one character more than MOST_HTML at most."""

    part: Part
    content: bytes
    flaws: frozenset[Flaw]
    source: str = ""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """A mail's text as `Mail` has it: `body`, `marked` and `rich`."""

    body: str = ""
    marked: str = ""
    rich: str = ""


def readings(tree: Tree, leaves: Sequence[Leaf], *, is_answer: bool) -> Readings:
    """What the mail says. Only an answer's plain text is compared with the HTML that hides or strikes out some of it."""
    plain, rich = _Renderings(tree.branches, {leaf.part.path: leaf for leaf in leaves}).of("")
    if not plain:
        plain = rich = [one for one in leaves if _says_anything(one)]  # a calendar, a table
    plain, rich = _distinct(plain), _distinct(rich)
    if plain != rich and _is_stub(plain):
        plain = rich
    told = _as_they_stand(plain, [one for one in rich if one.source and one not in plain] if is_answer else [])
    if plain == rich or _words(rich) in _words(plain):
        return told
    other = _as_they_stand(rich, [])
    rich_said = other.marked or other.body
    if 2 * len(_words(plain)) <= len(_words(rich)):  # a shortened one
        return Readings(other.body, told.marked or told.body, rich_said)
    return Readings(told.body, told.marked, rich_said)


# ---------------------------------------------------------------- the tree

_Rendered = tuple[Sequence[Leaf], Sequence[Leaf]]


@dataclass(frozen=True, slots=True)
class _Renderings:
    """The texts of a tree, twice: with the plain children of its alternatives, and with the richest."""

    branches: Mapping[str, Branch]
    leaves: Mapping[str, Leaf]

    def of(self, path: str) -> _Rendered:
        """Those of the entity with this path; `take_apart` bounds the depth."""
        branch = self.branches.get(path)
        if branch is None:
            leaf = self.leaves.get(path or "1")
            found = [leaf] if leaf is not None and leaf.part.media_type in _SHOWN and _says_anything(leaf) else []
            return found, found
        found_at = {path: self.of(path) for path in branch.children}
        if branch.entity.media_type == "multipart/related":
            found_at = self._without_referred(branch, found_at)
        children = [found for found in found_at.values() if found[0]]
        if branch.entity.media_type == "multipart/alternative" and children:
            return _alternative(children)
        return [one for plain, _ in children for one in plain], [one for _, rich in children for one in rich]

    def _without_referred(self, branch: Branch, found_at: dict[str, _Rendered]) -> dict[str, _Rendered]:
        """Of a compound object the root, first, and what nothing can refer to: gateways append their footers so."""
        start = branch.entity.parameter("start").strip("<> ")
        root = next((path for path in found_at if start and self._id_of(path) == start), branch.children[0])
        if not found_at[root][0]:
            return found_at
        return {root: found_at[root], **{path: found for path, found in found_at.items() if not self._id_of(path)}}

    def _id_of(self, path: str) -> str:
        return self.leaves[path].content_id if path in self.leaves else ""


def _alternative(children: Sequence[_Rendered]) -> _Rendered:
    plain = next(
        (plain for plain, _ in children if all(one.part.media_type == _PLAIN for one in plain)), children[0][0]
    )
    rich = next((rich for _, rich in reversed(children) if any(one.source for one in rich)), children[-1][1])
    return plain, rich


def _says_anything(leaf: Leaf) -> bool:
    return bool(leaf.part.text and leaf.part.text.strip() and not leaf.part.is_attachment)


def _distinct(leaves: Sequence[Leaf]) -> list[Leaf]:
    """The leaves without those that say once more, in other markup, what another says: `mixed` where `alternative` was meant."""
    kinds = {one.part.media_type for one in leaves}
    plain = (
        {compared(one.part.text or "") for one in leaves if one.part.media_type == _PLAIN} if len(kinds) > 1 else set()
    )
    return [
        one
        for one in leaves
        if one.part.media_type == _PLAIN or not plain or compared(one.part.text or "") not in plain
    ]


def _words(leaves: Sequence[Leaf]) -> str:
    return compared("".join(one.part.text or "" for one in leaves)[:TEXT_CHARACTERS])


_STUB_LINES = 8
# What programs write where only the HTML says something.
_STUB = LazyPattern(
    r"html|リッチテキスト|ブラウザ|browser|view(?:er|this|online)|multi-?part|mime|表示(?:でき|され)(?:ない|ません)|https?://\S+$",
    re.IGNORECASE,
)


def _is_stub(leaves: Sequence[Leaf]) -> bool:
    """Whether a plain text says only that it says nothing."""
    lines = [
        fold(line) for one in leaves for line in (one.part.text or "")[: 100 * _STUB_LINES].split("\n") if line.strip()
    ]
    return len(lines) <= _STUB_LINES and all(map(_STUB.search, lines))


# ---------------------------------------------------------------- their words


def _as_they_stand(leaves: Sequence[Leaf], beside: Sequence[Leaf]) -> Readings:
    """`body` and `marked` of these. `beside`: the HTML in which lines of the plain ones may be struck out."""
    unseen = _unseen_lines(beside)
    if all(one.part.media_type == _PLAIN for one in leaves):
        body = _joined(one.part.text or "" for one in leaves)
        said = _without(body, unseen)
        return Readings(body, said if said != body else "")
    is_little = sum(len(one.source) for one in leaves) <= MOST_HTML
    told = [_told(one, unseen, is_little=is_little) for one in leaves]
    kinds = groupby(zip(leaves, told, strict=True), lambda pair: pair[0].part.media_type)
    marked = (_joined(said for _, (_, said) in pairs) for _, pairs in kinds)
    return Readings(_joined(shown for shown, _ in told), SEAM.join(marked))


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(texts)[:TEXT_CHARACTERS]


def _told(leaf: Leaf, unseen: frozenset[str], *, is_little: bool) -> tuple[str, str]:
    """A text, and who wrote it. Of markup that is not HTML, and of more than is read at once, that can't be told."""
    text = leaf.part.text or ""
    if leaf.part.media_type == _PLAIN:
        return text, _without(text, unseen)
    if not leaf.source or leaf.part.media_type != _HTML or not is_little:
        return text, UNSEEN
    shown, authored = shown_and_authored(leaf.source)
    return without_controls(shown), without_controls(authored)


def _unseen_lines(beside: Sequence[Leaf]) -> frozenset[str]:
    """The lines, folded, that are struck out or hidden in this HTML."""
    if not beside or sum(len(leaf.source) for leaf in beside) > MOST_HTML:
        return frozenset()
    seen = "\n".join(authored_text(leaf.source, with_quotations=True) for leaf in beside)
    if UNSEEN not in seen:
        return frozenset()
    lines = {fold(line) for leaf in beside for line in (leaf.part.text or "").split("\n")}
    return frozenset(lines - {fold(line) for line in seen.split("\n")})


def _without(text: str, unseen: frozenset[str]) -> str:
    """A plain text with UNSEEN for its lines that are unseen in the HTML beside it."""
    if not unseen:
        return text
    return "\n".join(UNSEEN if line and fold(line) in unseen else line for line in text.split("\n"))


_LINE_END = LazyPattern("[\r\x0b\x0c\x85\u2028\u2029]")
# Zero-width and bidi characters stay: in a number or a key they are evidence.
_CONTROLS = LazyPattern("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def without_controls(text: str) -> str:
    """The text without what is no character, and without the marks that stand in texts here."""
    return _CONTROLS.sub("", text)


def clean_text(text: str) -> str:
    """The text with its lines ended by LF alone. Within a quoted line only CR LF and LF end it: what follows is quoted as well."""
    text = text.replace("\r\n", "\n")
    if _LINE_END.search(text):
        lines = (_LINE_END.sub(" " if is_quoted(line) else "\n", line) for line in text.split("\n"))
        text = "\n".join(lines)
    return without_controls(text)


# ---------------------------------------------------------------- format=flowed (RFC 3676 §4)

_SIGNATURE = "-- "


def unflowed(text: str, *, is_word_cut: bool) -> str:
    """The paragraphs of a flowed text, each on one line. `is_word_cut`: the blank before a break is the break's (DelSp=yes).

    A break may stand within a number or a key. Quoted lines are joined with those of their depth, and keep their marks.
    """
    paragraphs: list[list[str]] = []
    open_depth = -1  # of the line above, where it goes on
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        goes_on = words.endswith(" ") and words != _SIGNATURE
        if depth == open_depth and words not in {"", _SIGNATURE}:
            paragraphs[-1].append(words)
        else:
            paragraphs.append([line])
        open_depth = depth if goes_on else -1
        if goes_on and is_word_cut:
            paragraphs[-1][-1] = paragraphs[-1][-1][:-1]
    return "\n".join("".join(pieces) for pieces in paragraphs)
