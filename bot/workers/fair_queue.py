"""The sorter's lanes: so many mails at a time, nobody in two of them, whoever was served lately behind the others.

Used by sorter.py, which asks whose `turn` it may be and says what it took. A sender's mails are sorted one after the
other, in the order in which they came. Mails that took long at their first try share one lane, so that another is always
free for new ones: twenty bombs delay a good mail by twenty first tries, not by twenty readings. Raises nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.core.records.envelope import ReceivedMail
from bot.core.records.incoming_mail import ClaimFilter

# So many senders are remembered as served lately: more than ever wait at the same time, unless somebody invents them.
_REMEMBERED = 64


class FairQueue:
    """`count`: how many mails at a time; `on_free` is called whenever one is done."""

    def __init__(self, count: int, on_free: Callable[[], None]) -> None:
        self._count = count
        self._on_free = on_free
        self._working: dict[asyncio.Task[None], ReceivedMail] = {}
        self._served: dict[str, None] = {}  # longest ago first

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sorted."""
        return not self._working

    def turn(self) -> ClaimFilter | None:
        """Whose mail may be claimed now; None while all lanes are taken."""
        if len(self._working) >= self._count:
            return None
        busy = tuple({mail.shares_as for mail in self._working.values()})
        again = sum(mail.attempts > 1 for mail in self._working.values())
        return ClaimFilter(busy, tuple(self._served), first_tries_only=again >= max(self._count - 1, 1))

    def take(self, mail: ReceivedMail, task: asyncio.Task[None]) -> None:
        """Note that the task sorts the mail."""
        self._served.pop(mail.shares_as, None)
        self._served[mail.shares_as] = None
        if len(self._served) > _REMEMBERED:
            self._served.pop(next(iter(self._served)))
        self._working[task] = mail
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._working[task]
        self._on_free()
