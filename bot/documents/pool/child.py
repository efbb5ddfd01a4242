"""What a reading child does: it reads one mail, tells what it says, and waits for its end.

fork_server.py forks it, locks it in and calls `read_one`, which speaks frames.py on the child's socket. In the role of sight it
can recognise and draw pictures as well, and has the memory for that.
It handles no failure: whatever goes wrong (memory, recursion, pdfium's abort) ends it, and the daemon sees that.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from bot.core.mail.parse import ParsedMail, parse_mail
from bot.core.mail.quoting import is_returning
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.entry_forms import entered_how
from bot.core.notice.interpret import UnderstoodMail, put_together, read_paper
from bot.core.notice.read_mail import MailWords, ReadMail
from bot.documents.contents import AttachmentReader
from bot.documents.delivery_reports import read_report
from bot.documents.images.budget import LookBudget
from bot.documents.images.sight import Sight
from bot.documents.mail_words import words_of
from bot.documents.originals import papers_in
from bot.documents.pdf.strips import strips_of
from bot.documents.pool.frames import (
    LENGTH_BYTES,
    PIECE_BYTES,
    Compared,
    Comparing,
    Drawing,
    Drawn,
    Handed,
    Handing,
    OpenedPaper,
    Order,
    ReadRequest,
    Ready,
    ToldMail,
    adapter,
    framed,
    order_adapter,
)
from bot.documents.strip import Strip, all_of


def read_one(talk: int, sight: Sight | None, unfiltered: str) -> None:
    """Say whether we are filtered, answer the one order that comes, and wait for our end: our CPU time is asked before."""
    with os.fdopen(talk, "rb", closefd=False) as orders, os.fdopen(talk, "wb", closefd=False) as answers:
        _send(answers, adapter(Ready).dump_json(Ready(unfiltered)))
        order = order_adapter().validate_json(_receive(orders))
        for answer in answers_to(_receive(orders), order, sight):
            _send(answers, answer)
        orders.read(1)


def _allow_cpu(order: Order, seconds: float) -> None:
    """Wind up the clock that ends us (SIGPROF) after so much CPU time from now, or when the order's is used up."""
    if order.cpu:
        signal.setitimer(signal.ITIMER_PROF, max(min(seconds, order.cpu - time.process_time()), 0.001))


def _begin_page(order: ReadRequest) -> bool:
    """Allow for one more page that is looked at, unless as much has been used already."""
    _allow_cpu(order, order.paper_cpu)
    return not order.cpu or time.process_time() < order.paper_cpu


def answers_to(content: bytes, order: Order, sight: Sight | None = None) -> Iterator[bytes]:
    """The frames for a mail, each as soon as it is known."""
    if isinstance(order, Comparing):
        _allow_cpu(order, order.cpu)
        agree = sight is not None and sight.agrees is not None and all(map(sight.agrees, order.strips))
        yield adapter(Compared).dump_json(Compared(agree))
        return
    if isinstance(order, Drawing):
        _allow_cpu(order, order.cpu)
        passwords = [password.reveal() for password in order.passwords]
        drawn = sight.draw(content, order.views, passwords) if sight is not None else ()
        yield adapter(Drawn).dump_json(Drawn(drawn))
        return
    if isinstance(order, Handing):
        _allow_cpu(order, order.cpu)
        passwords = [password.reveal() for password in order.passwords]
        handed = papers_in(content, order.limit, order.other_desks, order.shared, order.formats, passwords)
        yield adapter(Handed).dump_json(Handed(tuple(paper for paper, _ in handed)))
        for _, held in handed:
            yield from (held[start : start + PIECE_BYTES] for start in range(0, len(held), PIECE_BYTES))
        return
    _allow_cpu(order, order.paper_cpu)
    parsed = parse_mail(content)
    # Until it is opened a paper counts as one that ran into our limits: that is what remains if we die over it.
    closed = tuple(
        Document(part.path, part.file_name, part.media_type, part.size_bytes, part.digest, trouble=OpenFailure.LIMITS)
        for part in parsed.mail.parts
        if part.is_attachment
    )
    read = ReadMail(parsed.mail, closed, read_report(content, parsed))
    words = MailWords() if order.words_known else words_of(read, order.beforehand, order.formats)
    yield adapter(ToldMail).dump_json(ToldMail(words, closed))
    found = {opened.place: opened for opened in order.known}
    for opened in _opened(parsed, read, order, sight):
        found[opened.place] = opened
        yield adapter(OpenedPaper).dump_json(opened)
    _allow_cpu(order, order.paper_cpu)
    for place in order.leave_closed:
        found[place] = OpenedPaper(place, (closed[place],), (read_paper(closed[place], order.formats),))
    in_order = [found[place] for place in range(len(closed))]
    documents = tuple(document for opened in in_order for document in opened.documents)
    said = [one for opened in in_order for one in opened.said]
    told = put_together(replace(read, documents=documents), said, order.formats)
    # The daemon goes by the words and documents that it was told before.
    yield adapter(UnderstoodMail).dump_json(replace(told, documents=()))


def _opened(parsed: ParsedMail, read: ReadMail, order: ReadRequest, sight: Sight | None) -> Iterator[OpenedPaper]:
    """The papers that are to be opened and were not by an earlier child."""
    skipped = {opened.place for opened in order.known}.union(order.leave_closed)
    passwords = [password.reveal() for password in order.passwords]
    see = sight.look if sight is not None and order.look else None
    budget = LookBudget(partial(_begin_page, order))
    drawn: list[tuple[Strip, ...] | None] = []
    opener = AttachmentReader(
        order.formats,
        passwords,
        returns=is_returning(read.mail, read.report),
        entered_how=entered_how(read.mail.subject),
        show=(lambda document, notices, hand: drawn.append(strips_of(document, notices, hand)))
        if order.strips
        else None,
        look=(lambda document, content, said: see(document, content, said, order.formats, passwords, budget))
        if see
        else None,
    )
    for place, paper in enumerate(read.documents):
        if place in skipped:
            continue
        _allow_cpu(order, order.paper_cpu)
        drawn.clear()
        found = list(opener.open(paper.part, paper.name, parsed.contents[paper.part], paper.media_type))
        documents = tuple(replace(document, pages=()) for document, _ in found)
        yield OpenedPaper(place, documents, tuple(said for _, said in found), all_of(drawn) if order.strips else None)


def _receive(orders: BinaryIO) -> bytes:
    return orders.read(int.from_bytes(orders.read(LENGTH_BYTES), "big"))


def _send(answers: BinaryIO, content: bytes) -> None:
    answers.write(framed(content))
    answers.flush()
