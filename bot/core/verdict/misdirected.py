"""A notice that arrived at one desk's address and is another desk's: it goes to the right one, and its sender is told where to write.

Called by decide.py, reply.py and, for the addresses, the sorter. Only the notice's own product says whose it is, never the
register's row: else a stranger could learn from his receipt whether the register knows his number. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.letters.to_contractors import Moved
from bot.core.mail.message import Mail
from bot.core.mail.trace_headers import is_ours
from bot.core.policy.policy import Desk
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import Product

_KNOW_THE_ENVELOPE = frozenset({Source.SMTP, Source.LMTP})


def arrived_at(envelope: Envelope, mail: Mail, desks: Sequence[Desk], inboxes: Sequence[str]) -> tuple[Desk, ...]:
    """The desks to whose own addresses, and to no other of ours, the mail was sent; () when any of the common ones is among them.

    SMTP and LMTP know the envelope's recipients; a relay may bring a mail to two of ours as two, so its To and Cc count as well. A
    mailbox or a folder has these alone, and what a server noted where they don't name us.
    """
    if envelope.source is Source.HAND:
        return ()
    written = {one.addr_spec.lower() for one in (*mail.to, *mail.cc) if is_ours(one.addr_spec, inboxes)}
    if envelope.source in _KNOW_THE_ENVELOPE or not written:
        written.update(envelope.rcpt_tos)
    owners = [tuple(desk for desk in desks if is_ours(address, desk.inboxes)) for address in written]
    if not all(owners):
        return ()
    addressed = {desk.name for one in owners for desk in one}
    return tuple(desk for desk in desks if desk.name in addressed)


def right_desk(product: Product | None, arrived: Iterable[Desk], desks: Sequence[Desk]) -> Desk | None:
    """The one desk that takes the product, where the mail went to others alone; None when it is not surely one, or nothing is wrong."""
    arrived = tuple(arrived)
    taking = [desk for desk in desks if desk.takes(product)]
    if product is None or not arrived or len(taking) != 1 or taking[0] in arrived:
        return None
    return taking[0]


def moves(
    products: Iterable[Product | None], arrived: Iterable[Desk], desks: Sequence[Desk], inboxes: Sequence[str]
) -> tuple[Moved, ...]:
    """What the sender is told, once for each product."""
    arrived = tuple(arrived)
    found = ((product, right_desk(product, arrived, desks)) for product in dict.fromkeys(products))
    return tuple(
        Moved(product.words, desk.name, (*desk.inboxes, *inboxes)[0])
        for product, desk in found
        if product is not None and desk is not None
    )
