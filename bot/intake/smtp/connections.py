"""Who is connected to a listener, and who has to go when it is full: slow clients must not keep the good one out.

Used by listener.py, which asks before it lets somebody in, and by the sessions, which sign on and off. A full house parts with the
client that has led to nothing for the longest time; one that waits for its mail to be stored is never chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

MIN_QUIET_SECONDS = 0.02
"""Who got somewhere within this time is not parted with: then it is the newcomer who has to come again."""

TOO_MANY = "421 4.7.0 too many connections, try again later"


class Client(Protocol):
    """What is asked of a session. `led_on_at`: loop time of its last step towards a mail. `is_storing`: past its dot."""

    ip: str
    led_on_at: float
    is_storing: bool

    def part(self, reply: str, *, patient: bool = True) -> None:
        """Say a last word and close; not patient: also when it is not read."""

    def close_soon(self) -> None:
        """Part with 421: at once when idle, after the reply when a mail is under way."""

    def abort(self) -> None:
        """Part now, whatever is under way."""


class Connections:
    """The clients of one listener. `on_empty` is called when the last one has gone."""

    def __init__(self, limit: int, limit_per_ip: int, *, on_empty: Callable[[], None] = lambda: None) -> None:
        self.clients: set[Client] = set()
        self._limit = limit
        self._limit_per_ip = limit_per_ip
        self._per_ip: Counter[str] = Counter()
        self._on_empty = on_empty

    def make_room(self, ip: str, now: float) -> bool:
        """Whether one more from this address may come in; parts with another client if that must be."""
        if self._per_ip[ip] >= self._limit_per_ip:
            crowd = [client for client in self.clients if client.ip == ip]
        elif len(self.clients) >= self._limit:
            crowd = list(self.clients)
        else:
            return True
        idlest = min((client for client in crowd if not client.is_storing), key=lambda c: c.led_on_at, default=None)
        if idlest is None or now - idlest.led_on_at < MIN_QUIET_SECONDS:
            return False
        self.leave(idlest)
        idlest.part(TOO_MANY, patient=False)
        return True

    def enter(self, client: Client) -> None:
        """Count a client in."""
        self.clients.add(client)
        self._per_ip[client.ip] += 1

    def leave(self, client: Client) -> None:
        """Count a client out. Twice is no error."""
        if client not in self.clients:
            return
        self.clients.remove(client)
        self._per_ip[client.ip] -= 1
        if not self._per_ip[client.ip]:
            del self._per_ip[client.ip]
        if not self.clients:
            self._on_empty()
