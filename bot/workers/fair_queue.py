"""The sorter's lanes: a limited number of mails at a time, at most one of each sender, recently served senders last.

Used by sorter.py: `turn` gives the filter for the next claim, `take` records a claimed mail. A sender's mails are sorted one
after the other, in order of arrival. Slow mails, which took long at their first try, use one separate lane, so that a lane is
always free for new ones: twenty hostile mails delay a good one by twenty short first tries, not by twenty full readings.
Raises nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.core.records.envelope import ReceivedMail
from bot.core.records.incoming_mail import ClaimFilter

# Senders remembered as recently served: more than wait at the same time, except under attack.
_REMEMBERED = 64


class FairQueue:
    """`count`: the number of lanes; `slow`: how many of them slow mails may use; `on_free` is called when a mail is done."""

    def __init__(self, count: int, slow: int, on_free: Callable[[], None]) -> None:
        self._count = count
        self._slow = slow
        self._on_free = on_free
        self._working: dict[asyncio.Task[None], ReceivedMail] = {}
        self._served: dict[str, None] = {}  # longest ago first

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sorted."""
        return not self._working

    @property
    def in_hand(self) -> tuple[int, ...]:
        """The mails that are being sorted."""
        return tuple(mail.mail_id for mail in self._working.values())

    def turn(self) -> ClaimFilter | None:
        """The filter for the next claim; None while all lanes are busy."""
        if len(self._working) >= self._count:
            return None
        busy = tuple({mail.shares_as for mail in self._working.values()})
        again = sum(mail.attempts > 1 for mail in self._working.values())
        return ClaimFilter(busy, tuple(self._served), first_tries_only=again >= self._slow)

    def take(self, mail: ReceivedMail, task: asyncio.Task[None]) -> None:
        """Record that the task sorts the mail."""
        self._served.pop(mail.shares_as, None)
        self._served[mail.shares_as] = None
        if len(self._served) > _REMEMBERED:
            self._served.pop(next(iter(self._served)))
        self._working[task] = mail
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._working[task]
        self._on_free()
