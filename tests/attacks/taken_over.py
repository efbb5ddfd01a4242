"""A fork server whose children do what their mail says: `python -m tests.attacks.taken_over PARENT_PID ROLE`, in place of ours.

They are locked in like ours, and were taken over by the mail in their hands: its subject names what they try.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.core.mail.message import Address, Header
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import ReadMail
from bot.documents.pool import confinement
from bot.documents.pool.child import answers_to
from bot.documents.pool.fork_server import TALK, serve
from bot.documents.pool.frames import LENGTH_BYTES, Ready, adapter, framed, order_adapter

_SUBJECT = re.compile(rb"^Subject: ([a-z]+)", re.MULTILINE)
_KEPT: list[str] = []
"""What a child keeps of its mail for the next one."""


def _with_sender(read: ReadMail) -> ReadMail:
    """Another sender, with the proof of the city's server and a subject and ids that answer a letter."""
    address = Address("", "chosen@city.example.jp")
    headers = (
        Header("From", address.addr_spec),
        Header("Authentication-Results", "mx.city.example.jp; dmarc=pass header.from=city.example.jp"),
        Header("Received", "from nowhere"),
        Header("X-Extra", "1"),
    )
    mail = replace(
        read.mail,
        headers=headers,
        from_=(address,),
        to=(address,),
        subject="Re: [K-AAAA]",
        message_id="<a@b>",
        in_reply_to="<c@d>",
        reference_ids=("<c@d>",),
    )
    return replace(read, mail=mail)


def _with_kept(read: ReadMail) -> ReadMail:
    said, kept = read.mail.body, "".join(_KEPT)
    _KEPT.append(said)
    return replace(read, mail=replace(read.mail, body=f"kept: {kept}"))


def _with_too_much(read: ReadMail) -> ReadMail:
    return replace(read, mail=replace(read.mail, body="x" * 7_000_000))


def _with_too_many(read: ReadMail) -> ReadMail:
    return replace(read, mail=replace(read.mail, headers=tuple(Header("X", str(n)) for n in range(50_000))))


LIES: dict[bytes, Callable[[ReadMail], ReadMail]] = {
    b"sender": _with_sender,
    b"keep": _with_kept,
    b"length": _with_too_much,
    b"count": _with_too_many,
}


def _answers(content: bytes, order: bytes) -> Iterator[bytes]:
    first, *others = answers_to(content, order_adapter().validate_json(order))
    subject = _SUBJECT.search(content)
    lie = LIES.get(subject[1]) if subject else None
    if subject and subject[1] == b"spin":
        signal.setitimer(signal.ITIMER_PROF, 0)
        while True:
            pass
    read = adapter(ReadMail).validate_json(first)
    yield adapter(ReadMail).dump_json(lie(read) if lie else read)
    yield from others[:-1]
    understood = adapter(UnderstoodMail).validate_json(others[-1])
    if subject and subject[1] == b"notices":
        understood = replace(understood, notices=understood.notices * 1000)
    yield adapter(UnderstoodMail).dump_json(understood)


def main() -> None:
    """Fork children as our own server does."""
    confinement.watch_parent(int(sys.argv[1]))
    confinement.load_charsets()
    list(_answers(b"Subject: x\r\n\r\nx\r\n", b'{"kind": "read"}'))
    rules, server = confinement.rules_for(TALK, TALK), os.getpid()

    def live() -> None:
        confinement.watch_parent(server)
        unfiltered = confinement.lock_in(rules)
        with os.fdopen(TALK, "rb", closefd=False) as orders, os.fdopen(TALK, "wb", closefd=False) as answers:
            order, content = (orders.read(int.from_bytes(orders.read(LENGTH_BYTES), "big")) for _ in range(2))
            answers.write(framed(adapter(Ready).dump_json(Ready(unfiltered))))
            for answer in _answers(content, order):
                answers.write(framed(answer))
                answers.flush()

    serve(live)


if __name__ == "__main__":
    main()
