"""The fork servers: `python -m bot.documents.pool PARENT_PID`, from which each mail gets a process of its own.

Started and ended by process.py, on a socket as its stdin. It has imported and used all that reading needs, and never reads a
mail. A request is one byte with two descriptors: the socket on which a new process talks, and one on which this server tells its
process id and handle, and at last its exit code and CPU time. The process is a child (child.py), for ANSWER one that loads the dictionary of
a clerk's answer first, or, for SIGHT, a second fork server, which loads what looks at pictures besides. A server ends, after its children, when the daemon closes its socket, and dies
with who made it; its children die with it. Raises nothing that anybody would see: the daemon sees that it ended.
"""

from __future__ import annotations

import gc
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from bot.core.clerk.sentence.words import load as load_words
from bot.core.mail import html
from bot.core.records.secret import AuthKey
from bot.core.text.regex_engines import learn_words
from bot.documents import delivery_reports
from bot.documents.archives import unpack
from bot.documents.images.sight import Sight, load_sight
from bot.documents.mail_words import compile_patterns
from bot.documents.pdf import repair
from bot.documents.pool import confinement, memory
from bot.documents.pool.child import answers_to, read_one
from bot.documents.pool.frames import (
    ANSWER,
    END,
    PID_BYTES,
    SIGHT,
    Comparing,
    ReadRequest,
    Ready,
    adapter,
    order_adapter,
)
from bot.documents.pool.rehearsal import FORM, NOTICE, WORDS, letters, mail_with
from bot.documents.strip import Piece, Strip
from bot.spreadsheets import reading

IDLE_SECONDS = 5.0
"""Without a request for so long a server prepares for later mails: what is ended before, as a command's, does nothing in vain."""
_MANY = 8  # after so many requests it prepares in every moment without one
TALK = 3
"""A child's socket, the only descriptor that it has besides /dev/null. A server's is its stdin."""


def main() -> None:
    """Get ready, say so, and fork children until the daemon closes our socket."""
    confinement.watch_parent(int(sys.argv[1]))
    gc.disable()
    _warm_up()
    _out_of_sight()
    live = _locked_in(None)
    serve(live, partial(_see, os.getpid()), _prepared(), partial(_answered, live))


def _answered(live: Callable[[], None]) -> None:
    """What a child does that reads a clerk's answer: answers are few, so nobody else has the dictionary."""
    load_words()
    live()


def _see(parent: int) -> None:
    """Become the server for pictures: what reads text is there already."""
    confinement.watch_parent(parent)
    gc.disable()
    sight = load_sight(_rehearse_sight)
    _out_of_sight()
    serve(_locked_in(sight), idle=_settled())


def _out_of_sight() -> None:
    """Have the cycle collector pass over what is here: its walks in a child would copy every page."""
    gc.freeze()
    gc.enable()


def _locked_in(sight: Sight | None) -> Callable[[], None]:
    """What a child does."""
    threads, server = sight is not None, os.getpid()
    rules = confinement.rules_for(TALK, TALK, threads=threads)
    room = confinement.SIGHT_ADDRESS_SPACE_BYTES if threads else confinement.ADDRESS_SPACE_BYTES

    def live() -> None:
        confinement.watch_parent(server)
        read_one(TALK, sight, confinement.lock_in(rules, room, threads=threads))

    return live


def _warm_up() -> None:
    """Load what loads late: a locked-in child can open no file. A forked one finds it done."""
    confinement.load_charsets()
    html.warm_up()
    repair.warm_up()
    delivery_reports.warm_up()
    unpack.warm_up()
    reading.warm_up()
    _rehearse(NOTICE, ReadRequest(strips=True))
    adapter(Ready)


def _rehearse(lines: Sequence[str], order: ReadRequest | Comparing, sight: Sight | None = None) -> None:
    list(answers_to(mail_with(lines), order_adapter().validate_json(order_adapter().dump_json(order)), sight))


def _rehearse_sight(sight: Sight) -> None:
    _rehearse(NOTICE, ReadRequest(words_known=True, look=True), sight)
    strip = Strip(AuthKey("0"), is_number=True, pieces=(Piece(bytes([255, 255, 0]) * 200, 30, (5.0, 5.0, 25.0, 15.0)),))
    _rehearse(NOTICE, Comparing((strip,)), sight)


def _prepared() -> Iterator[None]:
    yield from compile_patterns()
    yield from learn_words()
    for lines in (FORM, WORDS, tuple(letters()), WORDS[::-1], FORM):
        _rehearse(lines, ReadRequest())
        yield
    yield from _settled()


def _settled() -> Iterator[None]:
    memory.settle()
    yield


def serve(
    live: Callable[[], None],
    see: Callable[[], None] | None = None,
    idle: Iterator[None] | None = None,
    answer: Callable[[], None] | None = None,
) -> None:
    """Say that we are ready, and fork children that do this, until the daemon closes our socket and all of them are gone.

    `answer`: what one does for a clerk's answer, None = the same; `see`: what a fork server for pictures does, None = there will be none. `idle`: work in short steps that later children find done; it is done while nobody asks anything of us, and once many
    have asked, whenever there is a moment: under load each child would do it anew.
    """
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what a library prints must not end up in our talk
        os.dup2(null, number)
    os.close(null)
    control.send(b"r")
    children: dict[int, tuple[int, int]] = {}  # handle → process id, where its end is told
    is_open, requests = True, 0
    wait = None if idle is None else IDLE_SECONDS
    while is_open or children:
        asked = select.select([control.fileno()] * is_open + list(children), [], [], wait)[0]
        if not asked and idle is not None:
            wait = 0.0 if next(idle, idle) is None else None
        elif wait is not None:
            wait = IDLE_SECONDS if requests < _MANY else 0.0
        for ready in asked:
            if ready == control.fileno():
                request, descriptors, _, _ = socket.recv_fds(control, 1, 2)
                is_open, requests = bool(request), requests + 1
                if len(descriptors) == 2:
                    talk, fate = descriptors
                    child = answer if request == ANSWER and answer is not None else live
                    does, place = (see, 0) if request == SIGHT and see is not None else (child, TALK)
                    children |= _forked(talk, fate, does, place)
            else:
                pid, fate = children.pop(ready)
                _, status, used = os.wait4(pid, 0)
                milliseconds = round(1000 * (used.ru_utime + used.ru_stime))
                with suppress(OSError):  # a daemon that is done with the child waits for no word
                    os.write(fate, END.pack(os.waitstatus_to_exitcode(status), milliseconds))
                os.close(ready)
                os.close(fate)


def _forked(talk: int, fate: int, does: Callable[[], None], place: int) -> dict[int, tuple[int, int]]:
    """A new process that does this, with its socket at this place; none where the machine has no room for one, which closes
    what the daemon listens to.
    """
    try:
        pid = os.fork()
    except OSError:
        os.close(talk)
        os.close(fate)
        return {}
    if not pid:
        try:
            os.dup2(talk, place)
            os.closerange(max(place, 2) + 1, os.sysconf("SC_OPEN_MAX"))
            does()
        except BaseException:  # noqa: BLE001 - nobody would see it, and no code of the server may run in a child
            os._exit(1)
        os._exit(0)
    os.close(talk)
    handle = os.pidfd_open(pid)  # it is not waited for yet, so the number can't be another's
    with socket.socket(fileno=os.dup(fate)) as told, suppress(OSError):
        socket.send_fds(told, [pid.to_bytes(PID_BYTES, "big")], [handle])
    return {handle: (pid, fate)}
