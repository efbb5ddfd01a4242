"""Candidates for passwords in a mail's text: the second mail of PPAP, or a sentence in the mail with the encrypted file.

Called by workers/password_pairing.py for mails with encrypted files and their possible password mails, and by
core/verdict/decide.py to mask passwords in letters and lists. Linear time; at most MOST_CANDIDATES, best first, without
duplicates. Candidates are tried on the file, so a wrong one costs only time. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from bot.core.mail.quoting import meant_words, unquoted_lines
from bot.core.records.secret import Password
from bot.core.text.lazy_pattern import LazyPattern

MOST_CANDIDATES = 20
"""The most candidates of one mail; a real password mail has one to three."""
_LINES = 400
_LINE = 400  # characters
_SHORTEST, _LONGEST = 3, 64
_LONE_SHORTEST, _LONE_LONGEST = 6, 40
_LABELS_A_LINE = 3
_RUNS_BEHIND_A_LABEL = 3

# Full-width ASCII to half-width, character by character: places stay the same, so that the words as written can be had too.
_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20, 0x2212: 0x2D}

_LABEL = LazyPattern(
    r"パスワ[ーｰ―‐-]ド|ﾊﾟｽﾜ[ｰー-]ﾄﾞ|パスコ[ーｰ]ド|パスフレ[ーｰ]ズ|合言葉"
    r"|(?:暗証|解凍|復号化?|開封|展開)(?:用)?(?:の)?(?:番号|キ[ーｰ]|鍵|コ[ーｰ]ド|パス)"
    r"|(?<![A-Za-z])(?:pass[ _-]?(?:word|code|phrase|wd)?|p/?w(?:d)?|pwd)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_RUN = LazyPattern(r"[!-~]+")
_WRAPPED = LazyPattern(
    r"「([^「」]{1,80})」|『([^『』]{1,80})』|【([^【】]{1,80})】|“([^“”]{1,80})”|”([^”]{1,80})”|‘([^‘’]{1,80})’"
    r"|《([^《》]{1,80})》|〈([^〈〉]{1,80})〉|〔([^〔〕]{1,80})〕|［([^［］]{1,80})］"
    r'|"([^"]{1,80})"|\[([^\[\]]{1,80})\]|<([^<>]{1,80})>'
)
# Between a label and its value; the words before it belong to the label: パスワード（半角英数字8桁）：…
_SEPARATOR = LazyPattern(r"[:=→⇒➡▶]|-{1,9}>|={1,9}>|は[、,]?|(?<![A-Za-z])(?:is|are)(?![A-Za-z])", re.IGNORECASE)
_ENGLISH = frozenset(
    """
    a an and are as attached attachment below be file files follow following follows for in is it mail message of passcode
    password pass pdf please pw pwd sent the this to txt will with you your zip
    """.split(),  # noqa: SIM905 - words read better as a paragraph
)
# What stands on a line of its own and is none: addresses, links, telephones, dates, names of files, greetings' ends.
_NO_LONE = LazyPattern(
    r"(?:https?:|ftp:|www\.).*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+?[\d()-]*\d{2,5}-\d{1,4}-\d{3,4}|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}"
    r"|(?:tel|fax|mail|e-?mail|url|http|from|to|cc|date|subject|sent)[:.].*|.*\.(?:zip|pdf|7z|lzh|docx?|xlsx?|exe|jpe?g|tiff?)"
    r"|(?:regards|thanks|sincerely|co|ltd|inc)[.,]*",
    re.IGNORECASE,
)
_QUOTE_MARK = LazyPattern(r"[ \t　]*(?:[>＞|｜][ \t　]*)+")
_ENDS = ".,;:!?)]}>'\"*"
_STARTS = ":=>*'\"([{<-"


def candidates(subject: str, body: str) -> tuple[Password, ...]:
    """The candidates, best first: after a label, below one, in quotation marks, alone on a line."""
    own = tuple(_lines(unquoted_lines(body)))
    everything = tuple(_lines(body.splitlines(), quoted=True))
    found = _in_order(own, subject, everything)
    return tuple(Password(letters) for letters in islice(dict.fromkeys(found), MOST_CANDIDATES))


def speaks_of_password(subject: str, body: str) -> bool:
    """Whether the subject or the mail's own words name a password; boilerplate about passwords only where it tells one."""
    meant = _lines(meant_words(body).splitlines())
    if any(_LABEL.search(line.translate(_HALF)) for line in (subject[:_LINE], *meant)):
        return True
    halves = (line.translate(_HALF) for line in _lines(unquoted_lines(body)))
    return any(
        _TOLD.match(half, label.end()) for half in halves for label in islice(_LABEL.finditer(half), _LABELS_A_LINE)
    )


_TOLD = LazyPattern(r"[^:=は]{0,20}(?:[:=]|は)[ \t]*[「『\"]?[!-~]{4,64}[」』\"]?[ \t]*(?:です|$)")


_MASK = "******"
_MOST_COVERED = 200


def without_passwords(text: str) -> str:
    """The text with all candidates masked, if it mentions a password."""
    lines = tuple(_lines(text.splitlines()))
    if not any(_LABEL.search(line.translate(_HALF)) for line in lines):
        return text
    unquoted = tuple(_lines(text.splitlines(), quoted=True))
    shown = sorted({*_labelled(lines), *_labelled(unquoted), *_lone(lines), *_lone(unquoted)}, key=len, reverse=True)
    for one in shown[:_MOST_COVERED]:
        text = text.replace(one, _MASK)
    return text


# -- where to look


def _lines(lines: Iterable[str], *, quoted: bool = False) -> Iterator[str]:
    """The lines that are looked at, as written; `quoted`: those of earlier mails too, without the quotation's marks."""
    for line in islice(lines, _LINES):
        cut = line[:_LINE]
        yield _QUOTE_MARK.sub("", cut, count=1) if quoted and _QUOTE_MARK.match(cut) else cut


def _in_order(own: tuple[str, ...], subject: str, everything: tuple[str, ...]) -> Iterator[str]:
    yield from _labelled(own)
    yield from _labelled((subject[:_LINE],))
    yield from _labelled(everything)
    yield from _lone(own)
    yield from _lone(everything)


def _labelled(lines: tuple[str, ...]) -> Iterator[str]:
    """First all that stands on a label's own line, then what stands below a label that has nothing beside it."""
    bare: list[tuple[int, int]] = []
    for place, line in enumerate(lines):
        half = line.translate(_HALF)
        labels = tuple(islice(_LABEL.finditer(half), _LABELS_A_LINE))
        beside = tuple(value for label in labels for value in _beside(line, half, label.end()))
        yield from beside
        if labels and not beside:
            bare.append((place, labels[0].start()))
    for place, label in bare:
        yield from _below(lines, place + 1)
        yield from _before(lines[place], label)


def _beside(line: str, half: str, start: int) -> Iterator[str]:
    """The values behind a label: what is wrapped, what follows a separator, else what follows at all."""
    if half[start : start + 1] in {"】", "]", "』", "」", "》", "〉", ")"}:
        start += 1
    separator = _SEPARATOR.search(half, start)
    begin = separator.end() if separator else start
    for wrapped in islice(_WRAPPED.finditer(half, start), _RUNS_BEHIND_A_LABEL):
        inner = next(place for place in range(1, (wrapped.lastindex or 0) + 1) if wrapped.group(place) is not None)
        yield from _values(line, half, *wrapped.span(inner))
    for run in islice(_RUN.finditer(half, begin), _RUNS_BEHIND_A_LABEL):
        yield from _values(line, half, *run.span())
    rest = half[begin:].strip()
    if " " in rest and rest.isascii() and len(rest.split()) <= 6:  # a phrase, not a sentence
        yield from _fit(rest)


def _before(line: str, label: int) -> Iterator[str]:
    """「…」がパスワードです: the last values in front of the word."""
    half = line[:label].translate(_HALF)
    for run in tuple(_RUN.finditer(half))[-_RUNS_BEHIND_A_LABEL:]:
        if not _NO_LONE.fullmatch(run.group()):
            yield from _values(line, half, *run.span())


_LOOK_BELOW = 2


_WORD = LazyPattern(r"\w")
_JAPANESE = LazyPattern(r"[^\s!-~「」『』【】・■□◆◇●○★☆※⇒→▼▽。、]")


def _below(lines: tuple[str, ...], start: int) -> Iterator[str]:
    """What stands on the next lines that say anything: a value, or a value between words."""
    seen = 0
    for line in lines[start : start + 8]:
        half = line.translate(_HALF)
        if not _WORD.search(half):
            continue  # blank, or a rule
        runs = tuple(_RUN.finditer(half))
        words = len(_JAPANESE.findall(half))
        if len(runs) <= _RUNS_BEHIND_A_LABEL and words <= 12:  # 仮パスは … になります; not a sentence
            for run in runs:
                yield from _values(line, half, *run.span())
        seen += 1
        if seen == _LOOK_BELOW or (runs and not words):
            return


_SENTENCE_END = LazyPattern(r"[」』】 ]?(?:です|でございます|で御座います|になります|となります)?。?[ \t]*$")
_ORNAMENT = " \t「」『』【】■◆●★※・。"


def _lone(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        half = _SENTENCE_END.sub("", line.translate(_HALF)).strip(_ORNAMENT)
        if _RUN.fullmatch(half) and _LONE_SHORTEST <= len(half) <= _LONE_LONGEST and _says_something(half):
            yield from _fit(half)


_LETTER = LazyPattern("[0-9A-Za-z]")


def _says_something(run: str) -> bool:
    return bool(_LETTER.search(run)) and not _NO_LONE.fullmatch(run)


# -- one value


_VISIBLE = LazyPattern("[0-9A-Za-z!-~]")


def _values(line: str, half: str, start: int, end: int) -> Iterator[str]:
    """The forms in which a run may be meant: without a sentence's marks, as it stands, in the width in which it was written."""
    written = half[start:end].strip()
    if not _VISIBLE.search(written) or written.lower().strip(_ENDS + _STARTS) in _ENGLISH or not written.isascii():
        return
    bare = written.lstrip(_STARTS)
    yield from _fit(bare.rstrip(_ENDS))
    yield from _fit(bare)
    yield from _fit(written)
    as_written = line[start:end].strip()
    if as_written != written:
        yield from _fit(as_written)


def _fit(value: str) -> Iterator[str]:
    if (
        _SHORTEST <= len(value) <= _LONGEST
        and _WORD.search(value)
        and not value.lower().startswith(("http:", "https:"))
    ):
        yield value
