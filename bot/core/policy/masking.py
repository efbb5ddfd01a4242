"""Access keys made unreadable in text that quotes a sender: `mask_keys`, and `shown`, which also makes the text fit to show.

Called by whatever shows or stores foreign words: readers, verdicts, letters, the database's columns, the log. Keys are looked
for in a plain form of the text (NFKC, hidden and combining characters out, codes read as characters) and masked in the
original. Masked are runs and groups of a key's form that look random, and what a key's label announces, whatever its form.
Linear in the text. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from bot.core.issuers import KEY_WORDS, KEY_WORDS_IN_LATIN
from bot.core.policy.policy import Formats
from bot.core.text.lazy_pattern import LazyPattern, form
from bot.core.text.normalise import MAX_SHOWN, clean
from bot.core.text.plain_form import PlainForm, decoded_form, plain_form

MASK = "＊" * 6
_MASK_IN_PLAIN = "*" * 6

# Changes between capitals, small letters and digits: one key in 250 has fewer; Scan20261122 and words have one or two.
_KIND_CHANGES = 3
_LEAST_CALLED = 4  # letters behind a label and a colon that are taken for a key
_LEAST_NAMED = 6  # the same without a colon
_MOST_BETWEEN = 5  # marks between two groups of one key; blanks and line ends don't count
_MOST_LEFT = 12  # letters of a key before a cut
_LEAST_PIECES = 5  # of a key that is written almost letter by letter

# Anything but blanks, marks, kana and kanji; most names have none, and are not looked through.
_MAY_BE_OF_A_KEY = LazyPattern(r"[^\s!-/:-@\[-`{-~\u3000-\u30ff\u3400-\u9fff]")
_GROUP = LazyPattern(r"[0-9A-Za-z]+")
_WORD = LazyPattern(r"[!-~]+")
_GAP = LazyPattern(rf"\s*(?:(?:[^\w\s]|[_ー])\s*){{0,{_MOST_BETWEEN}}}")
# What has digits and letters in honest mails: R8.11.22, 2026-11-22 10:30, L=120.5m, telephones, a server's smtp; 550 (RFC 3464), 1,200,000.
_HONEST = LazyPattern(
    r"(?<![0-9A-Za-z])(?:[RrHhSs]?+[0-9]{1,4}+[./-][0-9]{1,2}+(?:[./-][0-9]{1,2}+)?(?![0-9A-Za-z])(?:[ T]?[0-9]{1,2}+:[0-9]{2}(?::[0-9]{2})?)?"
    r"|(?<!=)[A-Za-z]{1,2}+ ?+= ?+[0-9]{1,9}+(?:[.,][0-9]{1,9}+){0,3}(?:[cmk]?m[23]?|t|ha|kg|kN)?(?![0-9A-Za-z=])"
    r"|(?:[(]?+0[0-9]{1,4}[)]?+[ -]?+)[0-9]{1,4}-[0-9]{3,4}(?![0-9A-Za-z])"
    r"|smtp; ?[245][0-9]{2}(?![0-9A-Za-z])|[0-9]{1,3}(?:,[0-9]{3}){1,5}(?![0-9A-Za-z])|[0-9]{4}年)"
    r"|(?<![0-9])(?:19|20)[0-9]{6}(?:[_-]?[0-9]{4}(?:[0-9]{2})?)?(?![0-9])"
)
_CALLED = LazyPattern(KEY_WORDS)
_CALLED_IN_LATIN = LazyPattern(KEY_WORDS_IN_LATIN, re.IGNORECASE)
# Between a label and its value, as the plain form has it: marks, blanks, line ends, and words that lead on to it.
_LEADS_ON = LazyPattern(
    r"[\W_ー]+|は|か|を|番号|値|コート|の(?=[値\W])|(?:次|下記|以下)の?(?:とおり|とうり|通り|よう)|に?なります|て?す|(?:is|are)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_SAYS_VALUE = LazyPattern(r"[:=>→⇒「『【]")


def shown(text: str, formats: Formats, limit: int = MAX_SHOWN) -> str:
    """A sender's words fit to show: masked before they are cut, then `clean`."""
    return clean(mask_keys(text, formats), limit)


def shown_lines(text: str, formats: Formats, limit: int = MAX_SHOWN) -> tuple[str, ...]:
    """`shown` for text of several lines: a key may go on in the next line."""
    return tuple(clean(line, limit) for line in mask_keys(text, formats).splitlines())


def mask_keys(text: str, formats: Formats) -> str:
    """The text with each key replaced by MASK."""
    if len(_MAY_BE_OF_A_KEY.findall(text)) < _LEAST_CALLED:
        return text
    if decoded := decoded_form(text):
        text = _masked(text, decoded, formats)
    return _masked(text, plain_form(text), formats)


def mask_whole_keys(message_id: str, formats: Formats) -> str:
    """A Message-ID with only what is a key by itself masked.

    Programs make them at random (RFC 5322 §3.6.4), so `mask_keys` would leave nothing to search a sender's log for.
    """
    for pattern in formats.keys:
        whole = form(rf"(?<![0-9A-Za-z])(?:{pattern})(?![0-9A-Za-z])")
        message_id = whole.sub(lambda found: MASK if looks_random(found.group()) else found.group(), message_id)
    return message_id


def without_keys(value: Any, formats: Formats) -> Any:
    """A value of JSON with the keys masked in all its texts."""
    if type(value) is str:
        return mask_keys(value, formats)
    if isinstance(value, dict):
        return {name: without_keys(inner, formats) for name, inner in value.items()}
    return [without_keys(inner, formats) for inner in value] if isinstance(value, list | tuple) else value


def mask_this(text: str, letters: str) -> str:
    """The text with these letters masked, however they are spaced or spelt."""
    wanted = "".join(_GROUP.findall(plain_form(letters).letters))
    form = plain_form(text)
    places = [place for place, letter in enumerate(form.letters) if letter.isalnum()]
    run = "".join(form.letters[place] for place in places)
    spans: list[tuple[int, int]] = []
    start = run.find(wanted) if wanted else -1
    while start >= 0:
        spans.append((places[start], places[start + len(wanted) - 1] + 1))
        start = run.find(wanted, start + len(wanted))
    return _replaced(text, form, spans)


# -- where keys stand in it


@dataclass(frozen=True, slots=True)
class _Group:
    """Letters and digits that stand together. `chain`: its groups may be pieces of one key."""

    letters: str
    start: int
    end: int
    chain: int
    is_honest: bool


def _masked(text: str, form: PlainForm, formats: Formats) -> str:
    letters = form.letters
    labels = [found.span() for found in _CALLED_IN_LATIN.finditer(letters)]
    ends = sorted({*_japanese_labels(letters), *(end for _, end in labels)})
    # Its groups all joined change as often as any of them: most names and numbers are done here.
    if not (ends or text.endswith("…") or looks_random(letters.encode("ascii", "ignore").decode())):
        return text
    groups = _groups(letters, formats, labels)
    if sum(len(group.letters) for group in groups) < _LEAST_CALLED:
        return text
    windows = tuple(_windows(groups, formats))
    solid = list(_solid(letters, formats))
    spans = [*solid, *_joined(groups, windows, solid), *_called(letters, groups, windows, ends)]
    if text.endswith("…"):
        spans += _cut(letters, groups)
    return _replaced(text, form, spans)


def _replaced(text: str, form: PlainForm, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    parts: list[str] = []
    place = 0
    for start, end in _union(spans):
        parts += [text[place : form.begins[start]], MASK]
        place = form.ends[end - 1]
    return "".join([*parts, text[place:]])


def _union(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    ordered = sorted(spans)
    begin, until = ordered[0]
    for start, end in ordered[1:]:
        if start > until:
            yield begin, until
            begin = start
        until = max(until, end)
    yield begin, until


def _groups(letters: str, formats: Formats, labels: Sequence[tuple[int, int]]) -> list[_Group]:
    parting, honest = _honest(letters, formats)
    spans = sorted({*parting, *honest, *labels})
    apart, no_value = {*parting, *labels}, {*parting, *honest}
    groups: list[_Group] = []
    chain = ended = place = 0
    parts = False
    for found in _GROUP.finditer(letters):
        while place < len(spans) and spans[place][1] <= found.start():
            place += 1
        span = spans[place] if place < len(spans) and spans[place][0] < found.end() else None
        if span in apart or parts or not _GAP.fullmatch(letters[ended : found.start()]):
            chain += 1
        groups.append(_Group(found.group(), *found.span(), chain, span in no_value))
        ended, parts = found.end(), span in apart
    return groups


def _honest(letters: str, formats: Formats) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What is no part of a key, and what is no value of one: numbers, dates and measures; telephones and amounts."""
    numbers = [form(rf"(?<![0-9A-Za-z-])(?:{number})(?![0-9A-Za-z-])") for number in formats.numbers]
    honest = [found.span() for found in _HONEST.finditer(letters)]
    parting = [found.span() for number in numbers for found in number.finditer(letters)]
    return parting + [span for span in honest if _LETTER.search(letters, *span)], honest


_LETTER = LazyPattern("[A-Za-z]")


def _solid(letters: str, formats: Formats) -> Iterator[tuple[int, int]]:
    """Words that hold a key to the letter."""
    for word in _WORD.finditer(letters):
        for pattern in formats.keys:
            for found in form(rf"(?:{pattern})[0-9A-Za-z]*").finditer(word.group()):
                if looks_random(found.group()):
                    yield word.start() + found.start(), word.start() + found.end()


@dataclass(frozen=True, slots=True)
class _Window:
    """Groups from `first` to `last` that begin with a key's form. `is_exact`: and are nothing more."""

    first: int
    last: int
    is_exact: bool


def _windows(groups: list[_Group], formats: Formats) -> Iterator[_Window]:
    """What has a key's form, whatever stands between the groups of a chain."""
    first = 0
    while first < len(groups):
        until = first
        while until < len(groups) and groups[until].chain == groups[first].chain:
            until += 1
        ends = list(accumulate(len(group.letters) for group in groups[first:until]))
        joined = "".join(group.letters for group in groups[first:until])
        for place, end_of_group in enumerate(ends):
            start = end_of_group - len(groups[first + place].letters)
            found = (key.match(joined, start) for key in _key_patterns(formats.keys))
            end = max((match.end() for match in found if match), default=start)
            if end > start:
                last = bisect_left(ends, end)
                yield _Window(first + place, first + last, is_exact=ends[last] == end)
        first = until


_HYPHEN = LazyPattern(r"\\?-(?![^\[]{0,99}\])")  # none of a class


def _key_patterns(keys: tuple[str, ...]) -> tuple[LazyPattern[str], ...]:
    """The forms of a key without the hyphens in it."""
    return tuple(form(_HYPHEN.sub("", key)) for key in keys)


def _joined(
    groups: list[_Group], windows: Sequence[_Window], solid: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Groups that make a key, alone or joined; what only begins like one, where no other stands."""
    random = [one for one in windows if _is_random(groups[one.first : one.last + 1], one)]
    taken = {place for one in random if one.is_exact for place in range(one.first, one.last + 1)}
    taken |= set(_within(groups, solid))
    for one in random:
        if one.is_exact or taken.isdisjoint(range(one.first, one.last + 1)):
            yield groups[one.first].start, groups[one.last].end


def _within(groups: list[_Group], spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The places of the groups that end within these spans."""
    ends = [group.end for group in groups]
    for start, end in spans:
        yield from range(bisect_right(ends, start), bisect_right(ends, end))


def _is_random(groups: list[_Group], window: _Window) -> bool:
    pieces = [group.letters for group in groups]
    joined = "".join(pieces)
    if len(pieces) == 1:
        return looks_random(joined)
    changes = _changes(joined)
    singles = sum(len(piece) == 1 for piece in pieces)
    if not window.is_exact:  # it may begin or end with words that stand beside the key
        has_digit = _DIGIT.search(joined) is not None
        inside = sum(0 if _WORDS.fullmatch(piece) else _changes(piece) for piece in pieces)
        return has_digit and changes > _KIND_CHANGES and (inside > _KIND_CHANGES or 4 * singles >= 3 * len(pieces))
    inside = sum(map(_changes_inside, pieces))
    is_even = len({*map(len, pieces[:-1])}) == 1 and len(pieces[-1]) <= len(pieces[0])
    if inside >= _KIND_CHANGES or (is_even and inside and changes > _KIND_CHANGES and len(pieces) > 2):
        return True
    if len(pieces) < _LEAST_PIECES:
        return False
    return changes >= (_KIND_CHANGES if is_even or 2 * singles >= len(pieces) else 2 * _KIND_CHANGES)


def _changes_inside(piece: str) -> int:
    """The changes in a piece that a word with its capital would not have."""
    return _changes(piece) - (piece.isalpha() and piece.istitle())


# A word, or several in a row as programmers write them.
_WORDS = LazyPattern(r"(?:[A-Z]?[a-z]+|[A-Z]+)(?:[A-Z][a-z]{2,})*")


def looks_random(letters: str) -> bool:
    """Whether a run of a key's form is more than a word with a number."""
    return _changes(letters) >= _KIND_CHANGES


_KINDS = {
    ord(c): "A" if c.isupper() else "a" if c.islower() else "0" if c.isalnum() else None for c in map(chr, range(128))
}
_OF_TWO_KINDS = ("Aa", "aA", "A0", "0A", "a0", "0a")


def _changes(letters: str) -> int:
    if letters.isascii():  # as keys are
        kinds = letters.translate(_KINDS)
        return sum(map(kinds.count, _OF_TWO_KINDS))
    each = ["A" if c.isupper() else "a" if c.islower() else "0" for c in letters if c.isalnum()]
    return sum(a != b for a, b in pairwise(each))


def _called(
    letters: str, groups: list[_Group], windows: Sequence[_Window], ends: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """What a label that ends there announces: the rest of its line, or the next line when nothing stands there."""
    at = {group.start: place for place, group in enumerate(groups)} if ends else {}
    known = {one.first: one for one in windows} if ends else {}
    for end in ends:
        value = _lead_end(letters, end)
        while (place := at.get(value)) is not None and groups[place].is_honest:
            value = _lead_end(letters, groups[place].end)
        if place is not None and _MASK_IN_PLAIN not in letters[end:value]:
            says_value = _SAYS_VALUE.search(letters, end, value) is not None
            yield from _value(letters, groups, place, known.get(place), says_value=says_value)


def _cut(letters: str, groups: list[_Group]) -> Iterator[tuple[int, int]]:
    """What is left of a key where the text was cut."""
    if not _GAP.fullmatch(letters[groups[-1].end :]):
        return
    first, length = len(groups), 0
    while first and groups[first - 1].chain == groups[-1].chain and length < _MOST_LEFT:
        first -= 1
        length += len(groups[first].letters)
    left = groups[first:]
    changes = sum(_changes_inside(group.letters) for group in left)
    if length >= _LEAST_CALLED and changes > 1 and not any(group.is_honest for group in left):
        yield left[0].start, left[-1].end


def _japanese_labels(letters: str) -> Iterator[int]:
    """Where each Japanese label ends, whatever stands between its letters."""
    if letters.isascii():
        return
    places = [place for place, letter in enumerate(letters) if letter.isalnum()]
    for found in _CALLED.finditer("".join(letters[place] for place in places)):
        yield places[found.end() - 1] + 1


def _lead_end(letters: str, start: int) -> int:
    while found := _LEADS_ON.match(letters, start):
        start = found.end()
    return start


def _value(
    letters: str, groups: list[_Group], first: int, window: _Window | None, *, says_value: bool
) -> Iterator[tuple[int, int]]:
    """The announced value that begins with this group."""
    if window is not None and (window.is_exact or window.last == first):
        joined = "".join(group.letters for group in groups[first : window.last + 1])
        if says_value or _changes(joined):
            yield groups[first].start, groups[window.last].end
            return
    last = first
    while last + 1 < len(groups) and groups[last + 1].chain == groups[first].chain:
        if "\n" in letters[groups[last].end : groups[last + 1].start]:
            break
        last += 1
    pieces = [group.letters for group in groups[first : last + 1]]
    length, changes = sum(map(len, pieces)), sum(map(_changes_inside, pieces))
    if (
        length >= _LEAST_CALLED
        if says_value and (changes or _DIGIT.search("".join(pieces)))
        else length >= _LEAST_NAMED and changes > 1
    ):
        yield groups[first].start, groups[last].end


_DIGIT = LazyPattern("[0-9]")
