"""Mails that are not what they stand for: what Exchange gives in place of a mail, and what we keep when a mail never comes.

Called by bot/intake/imap/fetching.py. Exchange and Microsoft 365 sometimes answer a FETCH with a text of their own, and give the
mail itself under the same UID later. The text is in the mailbox's language, so it is known by its shape. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from email.header import Header

from bot.core.mail.message import Mail
from bot.core.mail.own_head import own_head
from bot.core.mail.parse import parse_mail
from bot.core.text.lazy_pattern import LazyPattern

MAX_BYTES = 32 * 1024
"""Exchange's text is below a kilobyte; it quotes a subject and a sender."""

_SIGNS = 3  # of the four below

_LAST_NUMBER = LazyPattern(r"([0-9]+)\W*\Z", re.ASCII)
_QUOTED_SUBJECT = LazyPattern(r'(?m)^[^"\r\n]{1,40}[:：] *"([^\r\n]{1,300})" *\r?$')


def is_stand_in(content: bytes, uid: int) -> bool:
    """Whether Exchange gave its own text in place of the mail with this UID.

    A mail that went through any server has a Received field, a stand-in has none. Of these at least three are true: it comes from
    "Microsoft Exchange Server", its subject names IMAP4, its subject ends in the UID, it has neither Message-ID nor Date.
    """
    if len(content) > MAX_BYTES:
        return False
    mail = own_head(content)
    media_type = mail.value("content-type").lower()
    if mail.values("received") or (media_type and not media_type.startswith("text/")):
        return False
    last = _LAST_NUMBER.search(mail.subject)
    signs = (
        "microsoft exchange" in mail.value("from").lower(),
        "imap4" in mail.subject.lower(),
        last is not None and last[1] == str(uid),
        not mail.values("message-id") and not mail.values("date"),
    )
    return sum(map(bool, signs)) >= _SIGNS


def in_place_of(uidvalidity: int, uid: int, mailbox: str, given: bytes = b"") -> bytes:
    """A mail that tells a person where the mail lies that the server does not give. `given`: the server's own text."""
    mail = parse_mail(given).mail if given else Mail()
    quoted = _QUOTED_SUBJECT.search(mail.body)
    named = f"、件名「{quoted[1]}」" if quoted else ""
    subject = f"受信箱から取り出せないメール（UID {uid}{named}）"
    words = [
        "メールサーバーが1日たってもこのメールの中身を渡さないため、取り込めませんでした。",
        f"メールは、メールサーバーの受信箱「{mailbox}」に残っています。Outlook などのメールソフトで受信箱を開き、内容をご確認ください。",
        *(["", "メールサーバーの説明:", *mail.body.splitlines()] if given else []),
    ]
    head = (
        f"X-Hosho-Place: {uidvalidity}/{uid}",
        f"Subject: {Header(subject, 'utf-8').encode(linesep=chr(13) + chr(10))}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    )
    return "\r\n".join((*head, "", *words, "")).encode("utf-8", "replace")
