"""Characters that a name lost on its way into a file: 外字 of an old system, what an encoding lacks, code points written out.

`mark_lost` is called by core/register with the cells of a register; `may_be` by core/register and core/verdict, where two names are
compared. A lost character is kept and shown as 〓, as printers have it. Pure, linear time, nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.text.lazy_pattern import LazyPattern

LOST = "〓"

# Private use on every plane: which character is meant only the system knows that wrote it.
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
# U+2363A, [U+2363A], \u2363a, &#144186; and &#x2333a; – but not &#39;, which is a sign.
_CODE = r"U[+＋][0-9A-Fa-f]{4,6}"
_LOST_ANYWHERE = LazyPattern(
    rf"[<＜〈\[［【{{(（]{_CODE}[>＞〉\]］】}})）]|{_CODE}|\\[uU]\{{?[0-9A-Fa-f]{{4,8}}\}}?"
    rf"|&#(?:[1-9][0-9]{{4,6}}|[xX]0{{0,3}}[2-9A-Fa-f][0-9A-Fa-f]{{3,5}});?|[{_PRIVATE}\ufffd\ud800-\udfff{LOST}]"
)
# What programs put in place of a character that they don't have. Elsewhere than in a name these are signs. A box before a blank is a bullet.
_LOST_IN_NAMES = LazyPattern(r"[?？]|□(?P<behind>[\s\u3000]?)")


def has_lost(text: str) -> bool:
    """Whether characters of any text were surely lost."""
    return _LOST_ANYWHERE.search(text) is not None


def mark_lost(name: str) -> str:
    """A work's or firm's name with 〓 for each character that was lost."""
    return _LOST_IN_NAMES.sub(_in_a_name, _LOST_ANYWHERE.sub(LOST, name))


def _in_a_name(found: re.Match[str]) -> str:
    return found[0] if found["behind"] else LOST


def may_be(name: str, other: str) -> bool:
    """Whether `other` may be the name of which some characters are lost; both folded. False where none or most are lost.

    Each 〓 stands for one character; of several in a row two may stand for one, as programs write one character of a higher plane.
    """
    lost = name.count(LOST)
    if not lost or lost * 2 > len(name) or not len(name) - lost // 2 <= len(other) <= len(name):
        return False
    parts = _RUN.split(name)
    runs = [len(run) for run in _RUN.findall(name)]
    return _fits(parts, runs, other)


_RUN = LazyPattern(f"{LOST}+")


def _fits(parts: list[str], runs: list[int], other: str) -> bool:
    """Whether the parts stand in `other` in order, each run of lost characters between them by half to the whole of its length."""
    ends = {len(parts[0])} if other.startswith(parts[0]) else set()
    for part, run in zip(parts[1:], runs, strict=True):
        begins = {end + gap for end in ends for gap in range((run + 1) // 2, run + 1)}
        ends = {begin + len(part) for begin in begins if other.startswith(part, begin)}
    return len(other) in ends
