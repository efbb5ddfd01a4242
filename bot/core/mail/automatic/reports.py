"""Signs of a report that some mail did or did not arrive (RFC 3464, 3798, 5965, and systems that write in words alone).

Called by screen.py. Pure; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.mail.automatic.machines import SYSTEM_LOCAL
from bot.core.mail.automatic.signs import Signs
from bot.core.text.lazy_pattern import LazyPattern

_REPORT_TYPES = frozenset(
    {
        "multipart/report",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "message/tracking-status",
        "text/rfc822-headers",
        "text/x-rfc822-headers",
    },
)
_DAEMON = LazyPattern(
    r"(?:.*[-_.+])?(?:mailer[-_.]?daemon|mail[-_.]?daemon|maildaemon|mdaemon|mail[-_.]?delivery[-_.]?(?:subsystem|system)|bouncenotice"
    r"|microsoftexchange[0-9a-f]{8,})(?:[-_.+].*)?"
    r"|(?:bounces?|undeliverable|mail[-_.]?dsn|feedback[-_.]?loop|(?:staff-?)?fbl|scomp|arf)(?:[-_.+].*)?",
)
_POSTMASTER = LazyPattern(
    r"post[-_.]?master|postmast|mail[-_.]?admin|mailmaster|hostmaster|root|mta|daemon|mailsystem|(?:.+[-_.])?postmaster"
)


def is_report(signs: Signs) -> bool:
    """The media types of reports."""
    types = {signs.mail.media_type, *(part.media_type for part in signs.mail.parts)}
    return bool(types & _REPORT_TYPES)


def has_report_headers(signs: Signs) -> bool:
    """Header fields of reports."""
    return signs.has("X-Failed-Recipients", "X-Feedback-Type", "X-Bounce-Reason", "X-HmXmrOriginalRecipient")


def is_from_daemon(signs: Signs) -> bool:
    """The addresses from which servers report."""
    envelope_local = signs.mail_from.rpartition("@")[0].lower()
    return any(_DAEMON.fullmatch(local) for local in signs.author_locals) or envelope_local == "mailer-daemon"


# How mail systems begin the subject of a report. A person's "Re:" or "Fwd:" before it breaks the match.
_REPORT_SUBJECT = LazyPattern(
    r"[\s\[【(（<*!]*(?:"
    r"undeliver(?:ed|able)(?:\W|\Z)|(?:mail |message )?delivery (?:status )?(?:notification|failed|failure|has failed|problem|report|error|status)"
    r"|(?:mail |message |email |system )*(?:delivery |transport )?(?:failure|error) (?:notice|notification|report)|failure notice"
    r"|failed (?:mail|delivery)|return(?:ed|ing) (?:mail|to sender|message)|return receipt"
    r"|mail (?:could not|delivery|system error|failure|error|returned)|mailsystem|delivery (?:unsuccessful|delayed)"
    r"|message (?:delivery|status|undeliverable|could not)|non[- ]?(?:delivery|remise|deliverable)|warning: (?:message|could not|return)"
    r"|(?:dsn|ndr|ndn)(?:\W|\Z)|your message (?:to|could)|could ?not (?:be )?(?:deliver|send)|unzustellbar|abuse report|user unknown"
    r"|(?:email )?feedback report|complaint about message|postmaster notify|loop alert|aws notification message\Z"
    r")|.*(?:: non remis(?:\W|\Z)|\(delivery failed\)\s*\Z)",
    re.IGNORECASE,
)
# The same in Japanese: people write these words too ("送信エラーの件"), so they need a system's address beside them.
_JAPANESE_REPORT_SUBJECT = LazyPattern(
    r"[\s\[【(（<]*(?:メール)?(?:配信|配送|送信|転送)?(?:メール)?(?:不能|不可|エラー|失敗|遅延|不達|できません|されません|状態(?:の)?通知)|宛先不明",
)
# What mail systems write about a mail that did not arrive.
_REPORT_BODY = LazyPattern(
    r"could\s+not\s+be\s+(?:delivered|sent)|couldn't be delivered|unable to (?:deliver|relay)|(?:was|were|not) not (?:be )?delivered|undeliverable"
    r"|not be delivered|cannot be delivered|can't be delivered|fatal errors|permanent (?:error|failure)"
    r"|delivery (?:to the following|failed|attempt|has failed)|following (?:address|recipient|error)|mail system at host|qmail-send program"
    r"|final-recipient:|diagnostic|user unknown|unknown user|no such user|mailbox (?:unavailable|full|is full|not found)|over quota"
    r"|recipient(?:'s)? (?:address|rejected|unknown)|does not exist|(?:\A|\W)(?:55[0-9][ -]|5\.[0-9]\.[0-9]{1,2}(?:\W|\Z))|returned (?:to|message|mail)"
    r"|transcript of session|feedback-type:|abuse report|error delivering|original mail as follows"
    r"|配信できません|配信されません|配信不能|送信できません|届けることができません|お届けできません|配送できません|存在しません",
    re.IGNORECASE,
)


def is_report_in_words(signs: Signs) -> bool:
    """Two of three: a system's subject, a system's sender, a system's words."""
    sender = any(_POSTMASTER.fullmatch(local) or SYSTEM_LOCAL.fullmatch(local) for local in signs.author_locals)
    body = bool(_REPORT_BODY.search(signs.body))
    if _REPORT_SUBJECT.match(signs.mail.subject):
        return sender or body
    if _JAPANESE_REPORT_SUBJECT.match(signs.mail.subject):
        return sender
    return body and any(_POSTMASTER.fullmatch(local) for local in signs.author_locals)
