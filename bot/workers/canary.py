"""The canary: sends a test mail to our own inbox when one is due; what comes back is noted by the store as it is kept.

Run by bot/crew.py in the daemon that leads, as a task of its own: a relay that is slow holds up no sweep. Each is registered before the
network is touched, and sent once. That one is lost is told by workers/alarms.py. Raises nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass

from bot.clock import Clock
from bot.core.health.canary import MAY_COME, NAME_BYTES, SIGNED_AS, CanaryRules, is_due, message_id, name_of
from bot.core.health.workers import Worker
from bot.log import error_words
from bot.outbound.own_test import mail_to_ourselves
from bot.outbound.smtp_relay import Deliverer
from bot.successes import Successes
from storage.store import Store

log = logging.getLogger("hosho.canary")

_TEXT = (
    "このメールは、メールが届くことを確かめるために、電子保証受付システムが自動で送ったものです。ご対応は不要です。\n"
)


@dataclass(frozen=True, slots=True)
class CanarySender:
    """`address`: our inbox, to which they go. `relay`: a connection that nobody else uses."""

    store: Store
    clock: Clock
    relay: Deliverer
    address: str
    rules: CanaryRules
    successes: Successes

    async def run(self, seconds: float) -> None:
        """Look every so many seconds whether one is due, for ever."""
        while True:
            try:
                with self.successes.during(Worker.CANARY):
                    await self.look()
            except Exception as error:  # noqa: BLE001 - the worker's top: it goes on
                log.warning("the canary waits: %s", error_words(error))
            await asyncio.sleep(seconds)

    async def look(self) -> bool:
        """Send one if it is due; whether it was. Raises StoreError."""
        now = self.clock()
        if not is_due(await self.store.canaries.known(), self.rules, now):
            return False
        name = name_of(secrets.token_bytes(NAME_BYTES), now)
        await self.store.canaries.begin(name)
        its_id = message_id(name, self.address.rpartition("@")[2], self.store.derived_secret(SIGNED_AS))
        try:
            sent = await self.relay.deliver(mail_to_ourselves(self.address, its_id, _TEXT, now))
        finally:
            await self.relay.close()
        if sent.reason not in MAY_COME:
            log.warning("the relay did not take the canary: %s", sent.reply)
        await self.store.canaries.sent(name, sent.reason, sent.reply)
        return True
