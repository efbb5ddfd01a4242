"""The reading child: `python -m bot.documents.pool.child PARENT_PID ROLE`, a process with nothing to lose and nothing to tell.

Started and killed by reader.py; speaks frames.py on stdin and stdout. It locks itself in before it reads a mail. In the role
of sight it can recognise and draw pictures as well, and has the memory for that.
It handles no failure: whatever goes wrong (memory, recursion, pdfium's abort) ends it, and the daemon sees that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from bot.core.mail import html
from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.mail.parse import ParsedMail, parse_mail
from bot.core.mail.quoting import is_returning
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.entry_forms import entered_how
from bot.core.notice.interpret import UnderstoodMail, put_together, read_paper
from bot.core.notice.read_mail import ReadMail
from bot.documents import delivery_reports
from bot.documents.archives import unpack
from bot.documents.contents import AttachmentReader
from bot.documents.delivery_reports import read_report
from bot.documents.images.sight import Sight, load_sight
from bot.documents.pool import confinement
from bot.documents.pool.frames import (
    LENGTH_BYTES,
    SIGHT,
    Drawing,
    Drawn,
    OpenedPaper,
    ReadRequest,
    Ready,
    adapter,
    framed,
    order_adapter,
)
from bot.spreadsheets import reading

# A mail read before the doors close, so that whatever reading loads late is there: a page in HTML, kanji, a PDF with and
# without a font of its own.
_REHEARSAL = (
    b'From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: text/html; charset=iso-2022-jp\r\n\r\n<p>\x1b$B7z@_\x1b(B&amp;\x1b$(D0!\x1b(B</p>\r\n--b\r\n"
    b"Content-Type: application/pdf\r\n\r\n%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>> endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
    b"/Contents 4 0 R/Resources<</Font<</F 5 0 R/G 6 0 R>>>>>> endobj\n4 0 obj<</Length 112>>stream\n"
    b"BT /F 11 Tf 72 700 Td (12345-678901) Tj /G 11 Tf 0 -20 Td <8f7a8c6a88cc8ed8> Tj 0 -20 Td <0041> Tj ET            "
    b"          \nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
    b"6 0 obj<</Type/Font/Subtype/Type0/BaseFont/MS-Mincho/Encoding/90ms-RKSJ-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType2/BaseFont/MS-Mincho/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>>>]>> endobj\n"
    b"trailer<</Root 1 0 R>>\r\n--b--\r\n"
)


def main() -> None:
    """Lock ourselves in, then read mail after mail until the daemon closes our stdin."""
    parent, role = int(sys.argv[1]), sys.argv[2]
    confinement.watch_parent(parent)
    requests, answers = _private_pipes()
    confinement.load_charsets()
    html.warm_up()
    delivery_reports.warm_up()
    unpack.warm_up()
    reading.warm_up()
    sight = load_sight() if role == SIGHT else None
    for order in (ReadRequest(), ReadRequest(look=True)):
        list(answers_to(_REHEARSAL, order_adapter().validate_json(order_adapter().dump_json(order)), sight))
    _allow_cpu(0)
    pipes, is_sight = (requests.fileno(), answers.fileno()), role == SIGHT
    room = confinement.SIGHT_ADDRESS_SPACE_BYTES if is_sight else confinement.ADDRESS_SPACE_BYTES
    unfiltered = confinement.lock_in(*pipes, room, threads=is_sight)
    _send(answers, adapter(Ready).dump_json(Ready(unfiltered)))
    while order_frame := _receive(requests):
        for answer in answers_to(_receive(requests), order_adapter().validate_json(order_frame), sight):
            _send(answers, answer)
        _allow_cpu(0)
    os._exit(0)  # nothing to tidy up, and hardly a system call left to do it with


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for ourselves: what a library prints must not end up between our frames."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)
    return requests, answers


def _allow_cpu(seconds: float) -> None:
    """Wind up the clock that ends us (SIGPROF) after so much CPU time from now; 0 stops it."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def answers_to(content: bytes, order: ReadRequest | Drawing, sight: Sight | None = None) -> Iterator[bytes]:
    """The frames for a mail, each as soon as it is known."""
    if isinstance(order, Drawing):
        _allow_cpu(order.cpu)
        passwords = [password.reveal() for password in order.passwords]
        drawn = sight.draw(content, order.views, passwords) if sight is not None else ()
        yield adapter(Drawn).dump_json(Drawn(drawn))
        return
    _allow_cpu(order.mail_cpu)
    parsed = parse_mail(content)
    # Until it is opened a paper counts as one that ran into our limits: that is what remains if we die over it.
    closed = tuple(
        Document(part.path, part.file_name, part.media_type, part.size_bytes, part.digest, trouble=OpenFailure.LIMITS)
        for part in parsed.mail.parts
        if part.is_attachment
    )
    read = ReadMail(parsed.mail, closed, read_report(content, parsed))
    yield adapter(ReadMail).dump_json(read)
    found = {opened.place: opened for opened in order.known}
    for opened in _opened(parsed, read, order, sight):
        found[opened.place] = opened
        yield adapter(OpenedPaper).dump_json(opened)
    if order.paper_cpu:
        _allow_cpu(order.mail_cpu)
    for place in order.leave_closed:
        found[place] = OpenedPaper(place, (closed[place],), (read_paper(closed[place], order.formats),))
    in_order = [found[place] for place in range(len(closed))]
    documents = tuple(document for opened in in_order for document in opened.documents)
    said = [one for opened in in_order for one in opened.said]
    told = put_together(replace(read, documents=documents), said, order.formats)
    # The daemon goes by the mail that it was given before any paper was opened.
    yield adapter(UnderstoodMail).dump_json(replace(told, mail=Mail(), documents=(), report=Report()))


def _opened(parsed: ParsedMail, read: ReadMail, order: ReadRequest, sight: Sight | None) -> Iterator[OpenedPaper]:
    """The papers that are to be opened and were not by an earlier child."""
    skipped = {opened.place for opened in order.known}.union(order.leave_closed)
    passwords = [password.reveal() for password in order.passwords]
    see = sight.look if sight is not None and order.look else None
    opener = AttachmentReader(
        order.formats,
        passwords,
        returns=is_returning(read.mail, read.report),
        entered_how=entered_how(read.mail.subject),
        look=(lambda document, content, said: see(document, content, said, order.formats, passwords)) if see else None,
    )
    for place, paper in enumerate(read.documents):
        if place in skipped:
            continue
        if order.paper_cpu:
            _allow_cpu(order.paper_cpu)
        found = list(opener.open(paper.part, paper.name, parsed.contents[paper.part], paper.media_type))
        documents = tuple(replace(document, pages=()) for document, _ in found)
        yield OpenedPaper(place, documents, tuple(said for _, said in found))


def _receive(requests: BinaryIO) -> bytes:
    """Read the next frame; b"" when the daemon has closed the pipe."""
    length = int.from_bytes(requests.read(LENGTH_BYTES), "big")
    return requests.read(length)


def _send(answers: BinaryIO, content: bytes) -> None:
    answers.write(framed(content))
    answers.flush()


if __name__ == "__main__":
    main()
