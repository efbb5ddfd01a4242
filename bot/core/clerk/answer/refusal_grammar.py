"""Why a city sends a notice back, in a clerk's words: a kind of refusal (core/records/refusal.py), or his own words.

`kind_in` finds the kind at the beginning of a clerk's reason (「保証期限 3月31日まで必要です」); used by order_grammar.py, orders.py and the
command line. What the contractor reads stands in mail_templates/*/_refusals.j2, where the city may word it. Where it is not sure which
kind is meant, it is none: the clerk's own words go out as they are. Pure; nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.records.refusal import Refusal
from bot.core.text.lazy_pattern import LazyPattern


@dataclass(frozen=True, slots=True)
class RefusalSaid:
    """A kind as a clerk wrote it: `typed`, his word for it, and `own`, what he added for the contractor ("" = nothing)."""

    kind: Refusal
    typed: str
    own: str


def kind_in(words: str) -> RefusalSaid | None:
    """The kind at the beginning of a reason; None where none stands there alone, or where more may be meant than that."""
    text = _without_brackets(words.strip())
    found = _KINDS.match(_in_place(text))
    if found is None:
        return None
    end = found.start(2)
    own = text[end:].lstrip(_ENDS).rstrip()
    if _NAMES_ONE.match(_plain(own)) or _TAKES_IT_ON.search(_plain(own)):
        return None
    return RefusalSaid(_kind_of(found["name"]), text[:end].strip(_ENDS), own)


def denies_kind(words: str) -> bool:
    """Whether a reason begins with the word that a kind is not meant: 工期 ではありません."""
    return bool(_DENIED.match(_plain(words)))


def kind_named(name: str) -> Refusal | None:
    """The kind with exactly this name, in any width, or with this value (`expires_early`)."""
    if name in set(Refusal):
        return Refusal(name)
    said = kind_in(name)
    return said.kind if said is not None and not said.own else None


def refusal_note(kind: Refusal | None, words: str) -> str:
    """A refusal in one line for lists and the journal: 【保証期限】保証期限 3月31日まで必要です."""
    return words if kind is None else f"【{kind.words}】{words}"


def shown_note(kind: Refusal | None, note: str) -> str:
    """The same for the clerk himself, who may have written the kind's name: it stands there once."""
    words = note.removeprefix(f"【{kind.words}】") if kind is not None else note
    if kind is None or words.startswith(kind.words):
        return words
    return f"{kind.words}（{words}）" if words else kind.words


def refusal_lines() -> Iterator[str]:
    """Every kind for a clerk: its name and what it says."""
    return (f"{kind.words}：{kind.means}" for kind in Refusal)


# -- matching

_ENDS = " \u3000\n。．、，,:：・"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _bare(text: str) -> str:
    return "".join(_plain(text).split()).lower()


def _in_place(text: str) -> str:
    """In half width, each character where it was, so that what was matched can be cut off."""
    return "".join(plain if len(plain := _plain(character)) == 1 else character for character in text)


_BRACKETED = LazyPattern(r"[「『【]([^「」『』【】]{1,20})[」』】]")


def _without_brackets(text: str) -> str:
    return _BRACKETED.sub(r"\1 ", text, count=1) if _BRACKETED.match(text) else text


def _spelled(name: str) -> str:
    """The name with blanks wherever a clerk may put them."""
    return r" ?".join(map(re.escape, name))


def _names() -> dict[str, tuple[str, Refusal, bool]]:
    """Each name by itself: as it is written, its kind, and whether it is a field that may differ."""
    return {_bare(name): (name, kind, kind.differs) for kind in Refusal for name in (kind.words, *kind.others)}


_BY_NAME: dict[str, Refusal] = {bare: kind for bare, (_, kind, _) in _names().items()}
# In short words only: a whole polite sentence is the clerk's own, and goes out as he wrote it.
_DIFFERS = r" ?(?:が|の)? ?(?:相違(?:あり)?|不一致|異なる|違う|違い|一致しない)"
_HOW_IT_DIFFERS = LazyPattern(f"{_DIFFERS}$", re.IGNORECASE)


def _kind_of(matched: str) -> Refusal:
    """A name as it was matched: 受注者相違 is one by itself, 工期相違 is 工期."""
    return _BY_NAME.get(_bare(matched)) or _BY_NAME[_bare(_HOW_IT_DIFFERS.sub("", matched))]


_CLOSES = r"(?: ?(?:のため|です|につき))?"
# What must follow: the end, or a mark that parts the kind from the clerk's own words. Not ・ and と: they add another.
_PARTS = r"($|[\s\u3000。.:、,(])"


def _pattern(names: dict[str, tuple[str, Refusal, bool]]) -> str:
    ordered = sorted(names.values(), key=lambda one: -len(one[0]))
    return "|".join(
        f"{_spelled(_plain(name))}(?:{_DIFFERS})?" if differs else _spelled(_plain(name))
        for name, _, differs in ordered
    )


_KINDS = LazyPattern(rf"(?P<name>{_pattern(_names())}){_CLOSES}{_PARTS}", re.IGNORECASE)
# Another kind beside it: which of them, or both, is not for us to say.
_NAMES_ONE = LazyPattern(
    rf"(?:{_pattern(_names())})(?:$|[\s\u3000。.:、,・(]|と|も|及び|および|又は|または)", re.IGNORECASE
)
_DENIED = LazyPattern(rf"(?:{_pattern(_names())}) ?(?:では|じゃ|で)(?:ない|なく|ありませ)", re.IGNORECASE)
# Words by which the kind was no more than the beginning of a sentence, or is said to be in order.
_TAKES_IT_ON = LazyPattern(
    r"^(?:は|が|も|を|に|の|と|で|や|へ|か|まで|より|及び|および|並び|又は|または|以外|ほか|ではな|でな|じゃな)"
    r"|正しい(?:が|です|けど|けれど|の[でに]|$)|合って|一致して(?:い|お)り?ま|問題(?:は|が|も)?(?:あ?りません|ない|なし|無)|相違(?:は|が)?(?:ありません|ない|なし|無)|ではな[くい]|以外"
)
