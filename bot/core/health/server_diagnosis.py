"""What is wrong with the mail servers: what they said to a probe → findings. One function for the relay, one for the mailbox.

Called by diagnosis.py. What a relay's refusal means is read by relay_replies.py, as when a letter is sent. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.core.health.alarms import CERTIFICATE_DAYS
from bot.core.health.finding_kinds import Finding, FindingKind
from bot.core.health.probe_facts import Error, Mailbox, Refusal, Server
from bot.core.health.relay_replies import Stage, reason_of
from bot.core.records.reasons import OutboxReason
from bot.core.text.dates import JAPAN

# OpenSSL's X509_V_ERR_…; what is not here is a chain that does not end at a known authority.
_VERIFY = MappingProxyType(
    {
        9: FindingKind.CERTIFICATE_NOT_YET,
        10: FindingKind.CERTIFICATE_EXPIRED,
        62: FindingKind.CERTIFICATE_NAME,
        64: FindingKind.CERTIFICATE_NAME,
    }
)
_ERRORS = MappingProxyType(
    {
        Error.NAME: FindingKind.SERVER_NAME,
        Error.NETWORK: FindingKind.SERVER_UNREACHABLE,
        Error.SILENCE: FindingKind.SERVER_SILENT,
        Error.TLS: FindingKind.TLS_FAILED,
        Error.CREDENTIAL: FindingKind.NO_CREDENTIAL,
    }
)
_ANSWERS = MappingProxyType(
    {
        Stage.CONNECT: FindingKind.SERVER_GREETING,
        Stage.EHLO: FindingKind.SERVER_GREETING,
        Stage.STARTTLS: FindingKind.TLS_FAILED,
        Stage.AUTH: FindingKind.LOGIN_REFUSED,
    }
)
_KEYS = MappingProxyType(
    {
        FindingKind.LOGIN_REFUSED: "user",
        FindingKind.LOGIN_WANTED: "user",
        FindingKind.LOGIN_NOT_OFFERED: "auth",
        FindingKind.NO_CREDENTIAL: "auth",
        FindingKind.NO_STARTTLS: "tls",
        FindingKind.TLS_FAILED: "tls",
        FindingKind.NULL_SENDER_REFUSED: "null_sender",
    }
)
_CA = MappingProxyType(
    {
        "outgoing": "outgoing.ca_file に指定",
        "imap": "、この機械に登録（/usr/local/share/ca-certificates に置いて update-ca-certificates）",
    }
)


def _kind_of(refusal: Refusal) -> FindingKind:
    if refusal.error is Error.CERTIFICATE:
        return _VERIFY.get(refusal.verify_code, FindingKind.CERTIFICATE_UNKNOWN_CA)
    if refusal.error is Error.NOT_OFFERED:
        return FindingKind.NO_STARTTLS if refusal.stage is Stage.STARTTLS else FindingKind.LOGIN_NOT_OFFERED
    if refusal.error is not Error.ANSWER:
        return _ERRORS[refusal.error]
    if refusal.stage in _REASONED:
        code, _, message = refusal.words.partition(" ")
        kind = _REASONS.get(reason_of(refusal.stage, int(code) if code.isdecimal() else 0, message))
        if kind is not FindingKind.SENDER_REFUSED and refusal.stage is Stage.RCPT:
            kind = kind or FindingKind.RECIPIENT_REFUSED
        elif not refusal.sender and kind in {None, FindingKind.SENDER_REFUSED}:
            return FindingKind.NULL_SENDER_REFUSED
        return kind or FindingKind.SENDER_REFUSED
    if refusal.words.startswith("4") and refusal.stage is not Stage.AUTH:  # a bad moment
        return FindingKind.SERVER_REFUSES
    return _ANSWERS.get(refusal.stage, FindingKind.SERVER_REFUSES)


_REASONED = frozenset({Stage.MAIL, Stage.RCPT})
_REASONS = MappingProxyType(
    {
        OutboxReason.RELAY_LOGIN: FindingKind.LOGIN_WANTED,
        OutboxReason.RELAY_SENDER: FindingKind.SENDER_REFUSED,
        OutboxReason.RELAY_DEFERRED: FindingKind.SERVER_REFUSES,
    }
)


def _told(refusals: Sequence[Refusal]) -> Iterator[tuple[FindingKind, Refusal]]:
    """Each thing once. A relay may refuse a sender only at RCPT (Postfix: smtpd_delay_reject), for every recipient."""
    with_sender = {one.recipient for one in refusals if one.stage is Stage.RCPT and one.sender}
    said: set[FindingKind] = set()
    for refusal in refusals:
        kind = _kind_of(refusal)
        if refusal.stage is Stage.RCPT and not refusal.sender:
            if refusal.recipient in with_sender:
                continue  # it is not the null sender's fault
            kind = FindingKind.NULL_SENDER_REFUSED if kind is FindingKind.RECIPIENT_REFUSED else kind
        if kind is FindingKind.RECIPIENT_REFUSED or kind not in said:
            said.add(kind)
            yield kind, refusal


def of_server(fact: Server, now: datetime) -> Iterator[Finding]:
    """What the relay or the IMAP server refused, and a certificate that ends."""
    for kind, refusal in _told(fact.refusals):
        key = (
            "mail.bounce_address" if kind is FindingKind.SENDER_REFUSED else f"{fact.section}.{_KEYS.get(kind, 'host')}"
        )
        named = {"sender": refusal.sender, "recipient": refusal.recipient}
        yield kind.found(key, server=fact.name, words=refusal.words, where=_CA[fact.section], **named)
    ends_at = fact.certificate_ends_at
    if ends_at is not None and ends_at - now < timedelta(days=CERTIFICATE_DAYS):
        yield FindingKind.CERTIFICATE_ENDS.found(f"{fact.section}.host", server=fact.name, day=minute(ends_at))


def of_mailbox(fact: Mailbox, _now: datetime) -> Iterator[Finding]:
    """What the watched mailbox lacks, and UIDs that are not those of before."""
    key = "imap.mailbox"
    if fact.trouble:
        yield FindingKind.MAILBOX_MISSING.found(key, mailbox=fact.name, words=fact.trouble)
        return
    if not fact.idles:
        yield FindingKind.NO_IDLE.found("imap.poll_seconds", server=fact.server)
    if fact.uidvalidity is None:
        yield FindingKind.NO_UIDVALIDITY.found(key, server=fact.server)
    elif fact.before is not None:
        uidvalidity, last = fact.before
        if uidvalidity != fact.uidvalidity:
            yield FindingKind.UIDVALIDITY_CHANGED.found(key, before=uidvalidity, now=fact.uidvalidity)
        elif fact.uidnext is not None and fact.uidnext <= last:
            yield FindingKind.UIDS_GO_BACK.found(key, next=fact.uidnext, last=last)


def minute(at: datetime) -> str:
    """As the operator's words tell a time."""
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}"
