"""Which of our own letters a delivery report (RFC 3464) says did not arrive.

Called by the sorter for mails that are reports. Our Message-IDs are looked for behind the header block, where a report
returns the letter or its headers; an answer to a letter names it in its own header only. Pure; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.mail import Mail
from bot.core.outbox import MESSAGE_ID_PREFIX
from bot.core.reasons import MailReason

_LOOKED_AT_BYTES = 1024 * 1024  # a report is short; what it returns begins with the headers
_OURS = re.compile(rb"<" + re.escape(MESSAGE_ID_PREFIX.encode()) + rb"[0-9a-f]{32}@[A-Za-z0-9.-]{1,253}>")
# RFC 3464 §2.3.3: a report may also say that a mail is late, or has arrived.
_ACTION = re.compile(rb"^Action:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)


def bounced_letters(content: bytes, mail: Mail, automatic: MailReason | None) -> tuple[str, ...]:
    """The Message-IDs, with brackets, of our letters that a report returns as failed; () for every other mail."""
    is_report = mail.media_type == "multipart/report" or automatic is MailReason.DELIVERY_REPORT
    if automatic not in {MailReason.DELIVERY_REPORT, MailReason.NULL_SENDER} or not is_report:
        return ()
    body = re.split(rb"\r?\n\r?\n", content[:_LOOKED_AT_BYTES], maxsplit=1)[-1]
    actions = {action.lower() for action in _ACTION.findall(body)}
    if actions and b"failed" not in actions:
        return ()
    return tuple(dict.fromkeys(found.decode("ascii") for found in _OURS.findall(body)))
