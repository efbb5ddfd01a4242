"""The canary: a test mail to our own inbox, known again by its Message-ID, which nobody else can make; when one is due, when it is lost.

Sent by workers/canary.py; storage notes that one came back, once for each name, as it keeps what comes in. The Message-ID begins as all
of ours do: what is forged, comes twice or comes too late is our own mail to the screen, and answered to nobody. Pure; nothing is raised.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import parseaddr
from hashlib import sha256

from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import OutboxReason
from bot.core.text.lazy_pattern import LazyPattern

AGAIN_AFTER = timedelta(minutes=5)
"""So long after one that the relay did not take the next is sent."""
KNOWN_FOR = timedelta(days=1)
"""One that comes later is no canary any more."""
SIGNED_AS = "canary"
"""The label of the secret that signs, which is derived from the database's."""
NAME_BYTES = 8
MOST_BYTES = 64 * 1024
"""Of a canary as it comes back, with what servers on the way add."""
MAY_COME = frozenset({OutboxReason.RELAY_ACCEPTED, OutboxReason.OUTCOME_UNKNOWN})
"""What is known of the sending of one that may be under way; with every other reason the relay does not have it."""
_MAC_DIGITS = 32
_MESSAGE_ID = LazyPattern(
    rf"<hosho-bot\.canary\.([0-9a-f]{{{2 * NAME_BYTES}}}-[0-9]{{1,12}})\.([0-9a-f]{{{_MAC_DIGITS}}})@[^\s<>@]{{1,255}}>"
)


def name_of(random: bytes, at: datetime) -> str:
    """A canary's name: which one it is, and when it was sent."""
    return f"{random.hex()}-{int(at.timestamp())}"


def message_id(name: str, domain: str, secret: bytes) -> str:
    """Its Message-ID, with brackets."""
    return f"<{MESSAGE_ID_PREFIX}canary.{name}.{_mac(name, secret)}@{domain}>"


def recognised(message_id: str, secret: bytes) -> str:
    """The name of the canary with this Message-ID; "" where it is none of ours."""
    found = _MESSAGE_ID.fullmatch(message_id)
    return found[1] if found and hmac.compare_digest(found[2], _mac(found[1], secret)) else ""


def is_plain(content: bytes) -> bool:
    """Whether a mail with a canary's Message-ID can be one: words alone, few, from an address to itself. All else is kept as a mail."""
    if len(content) > MOST_BYTES:
        return False
    mail = message_from_bytes(content)
    sender, recipient = (parseaddr(str(mail.get(name, "")))[1].lower() for name in ("From", "To"))
    parts = [part for part in mail.walk() if not part.is_multipart()]
    is_words = all(part.get_content_maintype() == "text" and part.get_filename() is None for part in parts)
    return is_words and sender != "" and sender == recipient


def _mac(name: str, secret: bytes) -> str:
    return hmac.new(secret, name.encode("ascii"), sha256).hexdigest()[:_MAC_DIGITS]


@dataclass(frozen=True, slots=True)
class CanaryRules:
    """How often one is sent, and how long it may take."""

    every: timedelta
    within: timedelta


@dataclass(frozen=True, slots=True)
class Canaries:
    """What is known of those of the last day. `sent_at`: of the last one; `is_back`: it is; `reason`, `reply`: how its sending
    ended, and the relay's words. `back_at`, `took`: when the last one that came back did so, and how long it took. `missing_since`: when the
    first was sent of those that are not back, and were sent after that one.
    """

    sent_at: datetime
    is_back: bool
    reason: OutboxReason = OutboxReason.RELAY_ACCEPTED
    reply: str = ""
    back_at: datetime | None = None
    took: timedelta = timedelta(0)
    missing_since: datetime | None = None


def is_due(known: Canaries | None, rules: CanaryRules, now: datetime) -> bool:
    """Whether one is to be sent now: by the hour, sooner after one that was refused or is lost. A time ahead counts as past."""
    if known is None:
        return True
    waits = (
        rules.every if known.is_back else min(rules.every, rules.within if known.reason in MAY_COME else AGAIN_AFTER)
    )
    return abs(now - known.sent_at) >= waits


def lost_since(
    known: Canaries | None, rules: CanaryRules, began: datetime, now: datetime, *, was_lost: bool = False
) -> datetime | None:
    """Since when canaries are lost; None: they are not. One that came back too late is lost as well, or the next would end it each time.

    `began`: the daemon's start, before which nobody took in what came back. `was_lost`: they were, before that start; a start ends nothing.
    """
    since = known.missing_since if known else None
    if known and known.back_at and known.took > rules.within and (sent_at := known.back_at - known.took) >= began:
        since = min(since or sent_at, sent_at)
    if since is None or abs(now - since) < rules.within:
        return None
    return since if was_lost or abs(now - began) >= rules.within else None
