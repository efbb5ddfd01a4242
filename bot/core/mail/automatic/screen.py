"""Why a mail must not be answered automatically: the signs of RFC 3834, of vendors, and of systems without such fields.

Called in the reading child, and by the daemon for what the header alone says (`screen_head`). Pure; nothing is raised; every rule reads bounded text. The order is
envelope, header fields, sender. Words in a subject or body count only with a second sign: a system's fixed form at the
beginning of the subject and no attachment, or two of subject, sender and body. A person's reply to or forwarding of automatic
mail ("Re: 【自動返信】…") is a person's mail. Two things are no signs: none of our addresses in To or Cc (Bcc, a forwarder, an
alias), and Feedback-ID (relays add it to mail by people).
"""

from __future__ import annotations

from collections.abc import Callable

from bot.core.mail.addresses import is_ambiguous
from bot.core.mail.automatic.machines import goes_round, is_list, is_machine, is_spam, is_system_address
from bot.core.mail.automatic.replies import (
    has_reply_headers,
    is_auto_replied,
    is_calendar_answer,
    is_like_a_responders,
    is_reply_in_words,
    replies_once,
)
from bot.core.mail.automatic.reports import has_report_headers, is_from_daemon, is_report, is_report_in_words
from bot.core.mail.automatic.signs import Signs
from bot.core.mail.gateways import is_gateways_notice
from bot.core.mail.message import Mail
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import MailReason

OWN_HEADER = "X-Hosho-Bot"


# Mail whose content is another mail sent back, or our own: it holds no submission.
_UNREADABLE = frozenset(
    {MailReason.NULL_SENDER, MailReason.DELIVERY_REPORT, MailReason.AUTOMATIC_REPLY, MailReason.OWN_MAIL},
)


def is_content_void(reason: MailReason) -> bool:
    """Whether the content of a mail with this reason must not be read: it may be a returned copy of a real notice."""
    return reason in _UNREADABLE


def screen(mail: Mail, mail_from: str | None, own: frozenset[str]) -> MailReason | None:
    """Why this mail must not be answered automatically; None when there is no sign against a person as its sender.

    `mail_from`: the reverse-path, "" for `<>`, None when unknown. None as a result is no permission: an answer also needs a
    positive sender proof.
    """
    reason = _screened(mail, mail_from, own)
    if reason is MailReason.AUTOMATIC_REPLY and replies_once(Signs(mail, mail_from or "", own)):
        return MailReason.AUTOMATIC_MAIL  # what it brings is looked into
    return reason


def is_void_within(mail: Mail) -> bool:
    """Whether a mail that is attached to another must not be read, whatever it brings: nobody sees there that a machine wrote it."""
    reason = _screened(mail, None, frozenset())  # ours are known by what stands in them
    return reason is not None and is_content_void(reason)


def _screened(mail: Mail, mail_from: str | None, own: frozenset[str]) -> MailReason | None:
    if reason := _certain(mail, mail_from, own):
        return reason
    signs = Signs(mail, mail_from or "", own)
    return next((reason for rule, reason in _RULES if rule(signs)), None)


def _certain(mail: Mail, mail_from: str | None, own: frozenset[str]) -> MailReason | None:
    if mail_from in {"", "<>"} or any(not value.strip("<> ") and value for value in mail.values("Return-Path")):
        return MailReason.GATEWAY_NOTICE if _is_gateways(Signs(mail, "", own)) else MailReason.NULL_SENDER
    return MailReason.OWN_MAIL if _is_own(mail, own) else None


def screen_header(mail: Mail, mail_from: str | None, own: frozenset[str]) -> MailReason | None:
    """`screen`, and before what only forbids an answer: a header that two programs read differently gives nobody's word."""
    reason = screen(mail, mail_from, own)
    return MailReason.FIELDS_REPEATED if is_ambiguous(mail) and _weight(reason) < _VOID else reason


def screen_head(head: Mail, mail_from: str | None, own: frozenset[str]) -> MailReason | None:
    """`screen_header` by the header fields that the daemon reads by itself: signs that no child can hide.

    Whether an automatic reply brings a file, and is read, can't be told here: it is a machine's mail at least.
    """
    if (reason := _certain(head, mail_from, own)) is None:
        signs = Signs(head, mail_from or "", own)
        reason = next((reason for rule, reason in _RULES if rule in _OF_THE_HEAD and rule(signs)), None)
    reason = MailReason.AUTOMATIC_MAIL if reason is MailReason.AUTOMATIC_REPLY else reason
    return MailReason.FIELDS_REPEATED if is_ambiguous(head) and _weight(reason) < _VOID else reason


def stricter(told: MailReason | None, own: MailReason | None) -> MailReason | None:
    """What a child told of the whole mail, unless the header by itself (`screen_head`) forbids more.

    A gateway's notice without a sender is one by its words; it is never answered either.
    """
    is_gateways = told is MailReason.GATEWAY_NOTICE and own is MailReason.NULL_SENDER
    return told if is_gateways or _weight(told) >= _weight(own) else own


_VOID = 3


def _weight(reason: MailReason | None) -> int:
    if reason is None:
        return 0
    return _VOID if is_content_void(reason) else 1 + (reason is MailReason.FIELDS_REPEATED)


def _is_own(mail: Mail, own: frozenset[str]) -> bool:
    return (
        bool(mail.values(OWN_HEADER))
        or mail.message_id.startswith(f"<{MESSAGE_ID_PREFIX}")
        or any(address.addr_spec.lower() in own for address in mail.from_ if address.addr_spec)
    )


def _is_gateways(signs: Signs) -> bool:
    return is_gateways_notice(signs.mail, frozenset(one.rpartition("@")[2] for one in signs.own))


# In order: first what forbids to look into the content, then what only forbids an answer.
_RULES: tuple[tuple[Callable[[Signs], bool], MailReason], ...] = (
    (is_report, MailReason.DELIVERY_REPORT),
    (has_report_headers, MailReason.DELIVERY_REPORT),
    (is_from_daemon, MailReason.DELIVERY_REPORT),
    (is_auto_replied, MailReason.AUTOMATIC_REPLY),
    (has_reply_headers, MailReason.AUTOMATIC_REPLY),
    (is_report_in_words, MailReason.DELIVERY_REPORT),
    (is_reply_in_words, MailReason.AUTOMATIC_REPLY),
    (is_calendar_answer, MailReason.AUTOMATIC_REPLY),
    (goes_round, MailReason.GOES_ROUND),
    (_is_gateways, MailReason.GATEWAY_NOTICE),
    (is_list, MailReason.MAILING_LIST),
    (is_machine, MailReason.AUTOMATIC_MAIL),
    (is_like_a_responders, MailReason.AUTOMATIC_MAIL),
    (is_system_address, MailReason.SYSTEM_ADDRESS),
    (is_spam, MailReason.SPAM),
)
# Those that ask who sent it and what few fields say: more fields, a subject's words and files give them no less.
_OF_THE_HEAD = frozenset(
    {is_from_daemon, is_auto_replied, has_reply_headers, goes_round, is_machine, is_system_address}
)
