"""Signs of an automatic reply: responders, vacations, read receipts, calendars (RFC 3834, 8098, 5546).

Called by screen.py; `has_file` also by what reads a mail's words. Pure; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.mail.automatic.signs import START_OF_BODY, Signs, says_yes
from bot.core.mail.message import Header, Mail
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.responders_words import AWAY_SUBJECT, SUBJECT_LIKE_A_RESPONDERS, SUBJECT_OF_RESPONDER, says_automatic

# By what the name speaks of, since each vendor has his own; what asks others for no reply (X-Auto-Response-Suppress) is none.
_AUTO_REPLY_HEADER = LazyPattern(
    r"(?:x-)?(?:[a-z0-9]{1,30}-){0,4}(?:auto-?(?:repl(?:y|ied)|respon[ds](?:e|er|ded)?|answer(?:ed)?)|vacation|out-?of-?office|ooo|oof|away|absence)"
    r"(?:-[a-z0-9]{1,30}){0,4}|x-ms-exchange-inbox-rules-loop",
    re.IGNORECASE,
)
_NO_REPLY_HEADER = LazyPattern(
    r".*(?:suppress|subject|request|allow|ignore|prevent|no-?auto|status|score).*", re.IGNORECASE
)
_AUTO_REPLY_LOCAL = LazyPattern(
    r"(?:.*[-_.+])?(?:auto[-_.]?(?:reply|responder|respond|response|answer)|vacation)(?:[-_.+].*)?"
)


def is_auto_replied(signs: Signs) -> bool:
    """The header fields of RFC 3834, and the older Precedence."""
    return any(value.startswith("auto-replied") for value in signs.keywords("Auto-Submitted")) or any(
        value in {"auto_reply", "auto-reply", "autoreply"}
        for value in signs.keywords("Precedence", "X-Precedence", "Preference")
    )


def has_reply_headers(signs: Signs) -> bool:
    """Header fields and names of responders."""
    return (
        any(_is_reply_header(one) for one in signs.mail.headers)
        or any(_RESPONDERS_NAME.search(value) for value in signs.keywords("X-Mailer", "User-Agent", "Delivered-To"))
        or "autorespond" in signs.mail.value("X-POST-MessageClass").lower()
        or any(value == "mailbox rules agent" for value in signs.keywords("X-MS-Exchange-Generated-Message-Source"))
        or any(_AUTO_REPLY_LOCAL.fullmatch(local) for local in signs.author_locals)
    )


def _is_reply_header(header: Header) -> bool:
    name = header.name
    is_named = _AUTO_REPLY_HEADER.fullmatch(name) is not None and not _NO_REPLY_HEADER.fullmatch(name)
    return is_named and says_yes(header.value)


_RESPONDERS_NAME = LazyPattern(r"autorespond|auto-?reply|\bvacation\b")


def is_reply_in_words(signs: Signs) -> bool:
    """What a responder, a vacation or a read receipt says in subject and body."""
    subject = signs.mail.subject
    if SUBJECT_OF_RESPONDER.match(subject):
        return True
    if _SUBJECT_OF_READ_RECEIPT.match(subject):
        return not has_file(signs.mail) and bool(_READ_BODY.search(signs.body))
    if _PERSONS_PREFIX.match(subject):  # what follows are the words of the mail that a person answers or passes on
        return False
    return bool(AWAY_SUBJECT.search(subject)) and says_automatic(signs.own_words)


def is_like_a_responders(signs: Signs) -> bool:
    """Whether a mail that brings a file has a subject like a responder's: a person may have written it, so it is read all the same."""
    return has_file(signs.mail) and SUBJECT_LIKE_A_RESPONDERS.match(signs.mail.subject) is not None


def replies_once(signs: Signs) -> bool:
    """Whether a single sign makes a mail that brings a file an automatic reply: responders attach nothing."""
    subject = signs.mail.subject
    found = (
        is_auto_replied(signs),
        has_reply_headers(signs),
        bool(SUBJECT_OF_RESPONDER.match(subject) or AWAY_SUBJECT.search(subject)),
        says_automatic(signs.own_words),
    )
    return has_file(signs.mail) and sum(found) == 1


def has_file(mail: Mail) -> bool:
    """Whether something is attached that a responder does not attach; pictures are ornament, signatures its program's."""
    return any(part.is_attachment and not part.media_type.startswith(_BY_PROGRAMS) for part in mail.parts)


_BY_PROGRAMS = (
    "image/",
    "text/",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
)


# 開封確認 (RFC 8098) from programs that write it as plain text.
_SUBJECT_OF_READ_RECEIPT = LazyPattern(
    r"\s*[\[【(（]?\s*(?:開封(?:済み?|確認|通知)|既読|(?:not )?read|read receipt)\s*[\]】)）:：]", re.IGNORECASE
)
_READ_BODY = LazyPattern(
    r"(?:開封|表示|既読に)(?:さ|し)れ?ま|was (?:read|displayed|deleted without being read)|has been (?:read|displayed)"
    r"|return receipt|受信者の(?:画面|コンピューター)",
    re.IGNORECASE,
)
# RFC 5546: what a calendar answers by itself or at a button's press; an invitation is a person's mail.
_CALENDAR_ANSWER = LazyPattern(
    r"^METHOD:(?:REPLY|COUNTER|DECLINECOUNTER|REFRESH)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)


def is_calendar_answer(signs: Signs) -> bool:
    """A calendar's answer."""
    return any(
        part.media_type == "text/calendar" and _CALENDAR_ANSWER.search((part.text or "")[:START_OF_BODY])
        for part in signs.mail.parts
    )


_PERSONS_PREFIX = LazyPattern(r"\s*(?:re|fw|fwd|転送|返信)\s*(?:\[\d+\]|\^\d+)?\s*[:：]", re.IGNORECASE)
