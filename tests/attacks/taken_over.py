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

from bot.core.notice.interpret import UnderstoodMail
from bot.core.records.clerk_orders import Command, CommandKind, ParsedReply
from bot.core.records.paper import HandedPaper
from bot.core.records.reasons import MailReason
from bot.core.records.secret import Password
from bot.documents.pool import confinement
from bot.documents.pool.child import answers_to
from bot.documents.pool.fork_server import TALK, serve
from bot.documents.pool.frames import LENGTH_BYTES, Handed, Handing, Ready, ToldMail, adapter, framed, order_adapter

_SUBJECT = re.compile(rb"^Subject: ([a-z]+)", re.MULTILINE)
_KEPT: list[str] = []
"""What a child keeps of its mail for the next one."""


def _as_a_persons(mail: ToldMail) -> ToldMail:
    """A clerk's word, by no machine, that accepts everything."""
    ordered = ParsedReply((Command(CommandKind.ACCEPT, is_for_all=True),))
    return replace(mail, words=replace(mail.words, automatic=None, ordered=ordered))


def _as_spam(mail: ToldMail) -> ToldMail:
    return replace(mail, words=replace(mail.words, automatic=MailReason.SPAM))


def _with_kept(mail: ToldMail) -> ToldMail:
    said, kept = mail.words.excerpt, "".join(_KEPT)
    _KEPT.append(said)
    return replace(mail, words=replace(mail.words, excerpt=f"kept: {kept}"))


def _with(**lie: object) -> Callable[[ToldMail], ToldMail]:
    return lambda mail: replace(mail, words=replace(mail.words, **lie))  # type: ignore[arg-type]


def _ordering(command: Command, times: int = 1) -> Callable[[ToldMail], ToldMail]:
    return _with(ordered=ParsedReply((command,) * times))


LIES: dict[bytes, Callable[[ToldMail], ToldMail]] = {
    b"person": _as_a_persons,
    b"spam": _as_spam,
    b"keep": _with_kept,
    b"length": _with(subject="x" * 7_000_000),
    b"excerpt": _with(excerpt="x" * 5_000),
    b"place": _ordering(Command(CommandKind.ACCEPT, (-3,))),
    b"candidate": _ordering(Command(CommandKind.ACCEPT, candidate=-3)),
    b"words": _ordering(Command(CommandKind.REFUSE, words="x" * 5_000)),
    b"orders": _ordering(Command(CommandKind.HELP), 50_000),
    b"count": _with(passwords=(Password("x"),) * 50_000),
}


def _answers(content: bytes, order: bytes) -> Iterator[bytes]:
    asked = order_adapter().validate_json(order)
    if isinstance(asked, Handing):
        yield adapter(Handed).dump_json(Handed((HandedPaper("x.pdf", "application/pdf", asked.limit + 1),)))
        return
    first, *others = answers_to(content, asked)
    subject = _SUBJECT.search(content)
    lie = LIES.get(subject[1]) if subject else None
    if subject and subject[1] == b"spin":
        signal.setitimer(signal.ITIMER_PROF, 0)
        while True:
            pass
    mail = adapter(ToldMail).validate_json(first)
    yield adapter(ToldMail).dump_json(lie(mail) if lie else mail)
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
