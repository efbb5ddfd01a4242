"""A mail's own text: without quotations, with forwarded text; and whether the mail returns other mails.

Called by core/notice/interpret.py, and wherever only the sender's own text counts (alerts, passwords, questions). Pure; linear;
nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.mail.reply_text import SEAM, UNSEEN, is_quoted
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold
from bot.core.text.pgp_clearsign import clear_signed

_LOOKED_AT = 20_000
# FW:, Fwd:, 転送:, also behind a Re: that an answer within the office has added.
_FORWARDS = LazyPattern(r"^\s*(?:(?:re|回答)\s*[:：]\s*)?(?:fwd?|転送|i)\s*[:：]", re.IGNORECASE)
_QUOTE_MARK = LazyPattern(r"^(?:\s*[>＞])+ ?")
_QUOTE_BEGINS = LazyPattern(
    r"^\s*(?:-{2,}\s*(?:Original Message|元のメッセージ|Forwarded message|転送メッセージ).*|_{10,}|On .{5,80} wrote:|.{5,80}のメール:)\s*$",
    re.IGNORECASE,
)


def own_words(body: str) -> str:
    """A body without what it quotes of earlier mails."""
    return "\n".join(unquoted_lines(body))


def unquoted_lines(body: str) -> Iterator[str]:
    """The lines of a body without what it quotes of earlier mails."""
    for line in body.removesuffix("\n").split("\n"):
        if _QUOTE_BEGINS.match(line):
            return
        if not is_quoted(line):
            yield line


def submitted_words(mail: Mail) -> str:
    """The text that a mail submits: its own, and the text of a mail forwarded inline."""
    body = clear_signed(mail.body) or mail.body
    if not _FORWARDS.match(mail.subject) or _sends_back(mail):
        return own_words(body)
    return "\n".join(_QUOTE_MARK.sub("", line) for line in body.splitlines())


def surely_submitted(mail: Mail) -> tuple[str, ...]:
    """The same as its readers surely see it, in one way or two (Mail.sayings); of HTML that is passed on that can't be told."""
    body = clear_signed(mail.body) or mail.body
    if not _FORWARDS.match(mail.subject) or _sends_back(mail):
        told = (body if one == mail.body else one.replace(SEAM, "\n") for one in mail.sayings)
        return tuple("\n".join(map(_without_unseen_ends, unquoted_lines(one))) for one in told)
    return () if mail.marked else (submitted_words(mail),)


def _without_unseen_ends(line: str) -> str:
    """The line without what is not seen before its words or behind a value: they stand as if it were not there."""
    ends = line.rstrip(UNSEEN + " ")
    return (ends if ends[-1:].isalnum() else line).lstrip(UNSEEN)


# What people write over a mail that was not meant for them; such a mail is nobody's submission. A contractor's own words for
# a repeat (再送, 届いていないようなので, エラーで戻ったため) and for papers put right (修正のうえ返送) are none of these.
_MISDELIVERED = LazyPattern(
    r"宛先(?:違い|誤り|を?間違|を?誤|が違|が誤)|誤って(?:届|受信|配信|送られ)|間違って(?:届|送られ)|誤配信|誤送信(?:と思|のよう|ではない)"
    r"|(?:当社|弊社|当方|当課|当市|私)(?:宛て?|あて)(?:の(?:もの|メール))?で(?:は|ない)|心当たりの?が?(?:なく|ない|ありません|ございません|無)"
)
_RETURNED_SUBJECT = LazyPattern(r"^\W{0,3}(?:返送|返戻|誤配信)(?:[】\])）:：]|$)")


def is_returning(mail: Mail, report: Report) -> bool:
    """Whether a mail returns other mails: as a bounce report, or by a person's words."""
    return bool(report.actions or report.failed or report.delayed) or _sends_back(mail)


def _sends_back(mail: Mail) -> bool:
    words = fold(own_words(mail.body[:_LOOKED_AT]))
    return _MISDELIVERED.search(words) is not None or _RETURNED_SUBJECT.match(fold(mail.subject)) is not None
