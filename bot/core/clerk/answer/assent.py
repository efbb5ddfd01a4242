"""Whether an answer is a bare はい or いいえ, to a letter that asks whether something is so meant.

Called in the reading child beside order_grammar.py. One sentence says it, in a closed class of forms; all others greet, thank, name or reach the
writer. 了解, 承知 and OK are no はい: offices write them to say that a mail has come, and mail programs offer them as answers at one touch.
Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.core.clerk.answer.case_lines import holds_order
from bot.core.clerk.answer.order_words import PLEASE
from bot.core.clerk.answer.reasons import takes_back
from bot.core.clerk.answer.remarks import Remark, remark
from bot.core.clerk.answer.signatures import is_ornament, may_stand_below
from bot.core.mail.reply_text import PLACED, UNSEEN, AnsweredWords, answered_words
from bot.core.records.clerk_orders import Assent
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

_SO = r"(?:(?:それ|これ|(?:こ|そ|上記)の内容|上記)で|そのように|(?:その|上記の|記載の|お?書きの)(?:とおり|通り)(?:で|に)?)"
_RIGHT = r"(?:大丈夫です|間違いないです|間違い(?:あり|ござい)ません)"
_YES = LazyPattern(
    rf"(?:はい|ハイ|はーい)(?:です|、?(?:{_SO}[、 ]?)?(?:(?:処理(?:を)?)?{PLEASE}|{_RIGHT})|、?{_SO}(?:結構)?です)?"
)
"""はい、結構です alone declines as often as it agrees."""
_NO = LazyPattern(r"(?:いいえ|イイエ|いえ)(?:です)?(?:、?(?:違|ちが)います)?|(?:違|ちが)います")


def assent_in(sayings: Sequence[str], letter: str = "", own: frozenset[str] = frozenset()) -> Assent | None:
    """What the answer says to the question, if it says nothing else. Its ways of saying it must agree."""
    words = [answered_words(one, letter, holds_order) for one in sayings]
    told = {_assent(one, own) for one in words if any(one.lines)}
    return told.pop() if len(told) == 1 else None


def _assent(words: AnsweredWords, own: frozenset[str]) -> Assent | None:
    """The same of one way. Between quoted lines it may be meant for what is quoted right above alone."""
    said: Assent | None = None
    is_signed = False
    for line in filter(None, words.lines):
        if line.startswith(PLACED) or UNSEEN in line or _TRAILS_OFF.search(fold(line)):
            return None
        if is_signed and may_stand_below(plain(line)):
            continue
        for sentence in _sentences(line):
            if _ACKNOWLEDGES.search(sentence):
                return None
            found = Assent.YES if _YES.fullmatch(sentence) else Assent.NO if _NO.fullmatch(sentence) else None
            beside = None if found is not None else remark(sentence, own)
            is_more = beside not in _BESIDE and not (said is not None and is_ornament(line))
            if (found is not None and said is not None) or (found is None and is_more):
                return None
            said = found or said
            is_signed = is_signed or (said is not None and beside in _SIGNING)
    return None if any(_restricts(line) for line in words.signature) else said


def _restricts(line: str) -> bool:
    """Whether a line of the signature may take back what is said above it, or except a case: ※2件目を除く."""
    text = plain(line)
    return holds_order(line) or takes_back(text) or _NO.fullmatch(text) is not None or _EXCEPTS.search(text) is not None


_EXCEPTS = LazyPattern(r"[0-9一二三四五六七八九] ?(?:件|番)目?|除[いくき]|以外|のみ|だけ|ただし|但し|保留|いいえ")
_ACKNOWLEDGES = LazyPattern(r"承知|了解|かしこまり|拝承|\b[oO][kK]\b")
"""That a mail has come, which is no はい, and beside one leaves open which is meant."""


def _sentences(line: str) -> Iterator[str]:
    yield from filter(None, (plain(part) for part in _ENDS.split(line)))


_ENDS = LazyPattern(r"[。．!！]")
_TRAILS_OFF = LazyPattern(r"…|・・|\.\.")
"""はい… may be a doubt."""
_SIGNING = frozenset({Remark.PERSON, Remark.CONTACT})
_BESIDE = _SIGNING | {Remark.COURTESY}
