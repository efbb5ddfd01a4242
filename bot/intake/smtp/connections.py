"""A listener's connected clients, and which one is closed when the limit is reached: slow clients must not block others.

listener.py calls `make_room` before it accepts a client; the sessions call `enter` and `leave`. At the limit, the client
with the longest time since its last step towards a mail is closed; one whose mail is being stored never is. Raises nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

MIN_QUIET_SECONDS = 0.02
"""A client that made a step within this time is not closed; then the new one is refused."""

TOO_MANY = "421 4.7.0 too many connections, try again later"


class Client(Protocol):
    """What Connections needs of a session."""

    ip: str
    led_on_at: float  # loop time, in seconds, of the last step towards a mail
    is_storing: bool  # the end of data has come, the reply has not been sent

    def part(self, reply: str, *, patient: bool = True) -> None:
        """Send a last reply and close. `patient`: give the client time to read it."""

    def close_soon(self) -> None:
        """Close with 421: at once when idle, after the reply when a mail is being received."""

    def abort(self) -> None:
        """Close now, also within a mail."""


class Connections:
    """The clients of one listener. `on_empty` is called when the last one has left."""

    def __init__(self, limit: int, limit_per_ip: int, *, on_empty: Callable[[], None] = lambda: None) -> None:
        self.clients: set[Client] = set()
        self._limit = limit
        self._limit_per_ip = limit_per_ip
        self._per_ip: Counter[str] = Counter()
        self._on_empty = on_empty

    def make_room(self, ip: str, now: float) -> bool:
        """Whether one more client from this address may enter; closes another one if necessary. `now`: loop time."""
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
        """Add a client."""
        self.clients.add(client)
        self._per_ip[client.ip] += 1

    def leave(self, client: Client) -> None:
        """Remove a client. Twice is no error."""
        if client not in self.clients:
            return
        self.clients.remove(client)
        self._per_ip[client.ip] -= 1
        if not self._per_ip[client.ip]:
            del self._per_ip[client.ip]
        if not self.clients:
            self._on_empty()
