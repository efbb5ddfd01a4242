"""A test mail by the real way: relay → the city's mail server → our own door. For `doctor --mail`.

It bears the marks of a machine's mail, so that nobody answers it; the daemon stores it, and that is what is waited for.
Raises ConfigError, StoreError, ToldError.
"""

from __future__ import annotations

import asyncio
import secrets

from bot.clock import utc_now
from bot.config.settings import Config
from bot.connecting import connections_of
from bot.core.health.finding_kinds import Finding, FindingKind
from bot.core.text.told import ToldError
from bot.outbound.own_test import mail_to_ourselves
from bot.outbound.smtp_relay import RelayOutcome
from storage.store import KeyFile, Store

WAIT_SECONDS = 180
_LOOK_SECONDS = 2.0
_TEXT = "doctor --mail による試験です。返信は不要です。\n"
_LISTED = 20
_LARGEST = 64 * 1024  # ours is a few lines


async def there_and_back(config: Config, seconds: float = WAIT_SECONDS) -> tuple[Finding, ...]:
    """Send it, and wait until it is among the stored mails."""
    if config.outgoing.shadow:  # it would come to the people who work in the inbox
        raise ToldError("試験運用（outgoing.shadow）では、試しのメールを送りません")
    address, token = config.mail.inboxes[0], secrets.token_hex(8)
    message_id = f"<doctor-{token}@{address.rpartition('@')[2]}>"
    relay = connections_of(config)[0]
    try:
        sent = await relay.deliver(mail_to_ourselves(address, message_id, _TEXT, utc_now(), mark=token))
    finally:
        await relay.close()
    if sent.outcome is not RelayOutcome.DELIVERED:
        return (FindingKind.TEST_MAIL_REFUSED.found("outgoing", words=sent.reply),)
    if await _is_back(config, token.encode(), seconds):
        return ()
    return (FindingKind.TEST_MAIL_LOST.found("mail.inboxes", seconds=round(seconds), address=address),)


async def _is_back(config: Config, token: bytes, seconds: float) -> bool:
    looked_at: set[int] = set()
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=utc_now) as store:
        for _ in range(max(round(seconds / _LOOK_SECONDS), 1)):
            rows = await store.incoming.list_(limit=_LISTED)
            for mail_id in {row.mail_id for row in rows if row.size_bytes < _LARGEST} - looked_at:
                looked_at.add(mail_id)
                if token in (await store.incoming.get(mail_id))[1]:
                    return True
            await asyncio.sleep(min(_LOOK_SECONDS, seconds))
    return False
