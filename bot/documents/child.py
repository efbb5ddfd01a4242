"""The reading child: `python -m bot.documents.child PARENT_PID`, a process with nothing to lose and nothing to tell.

Started and killed by reader.py; speaks frames.py on stdin and stdout. It locks itself in before it reads a mail.
It handles no failure: whatever goes wrong (memory, recursion, pdfium's abort) ends it, and the daemon sees that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from bot.core.document import Document, Trouble
from bot.core.mime import ParsedMail, parse_mail
from bot.core.reading import ReadMail
from bot.core.understanding import put_together, read_paper
from bot.documents import confinement
from bot.documents.delivery_reports import read_report, warm_up
from bot.documents.frames import (
    LENGTH_BYTES,
    OPENED,
    ORDER,
    READ_MAIL,
    READY,
    UNDERSTOOD,
    Opened,
    Order,
    Ready,
    framed,
)
from bot.documents.opening import is_pdf, open_document

# A mail with more PDFs than this was not written for a clerk (faults.md A3).
PDFS_OPENED = 10
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
    confinement.watch_parent(int(sys.argv[1]))
    requests, answers = _private_pipes()
    confinement.load_charsets()
    warm_up()
    list(answers_to(_REHEARSAL, Order()))
    _allow_cpu(0)
    unfiltered = confinement.lock_in(requests.fileno(), answers.fileno())
    _send(answers, READY.dump_json(Ready(unfiltered)))
    while order := _receive(requests):
        for answer in answers_to(_receive(requests), ORDER.validate_json(order)):
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


def answers_to(content: bytes, order: Order) -> Iterator[bytes]:
    """The frames for a mail, each as soon as it is known."""
    _allow_cpu(order.mail_cpu)
    parsed = parse_mail(content)
    # Until it is opened a paper counts as one that ran into our limits: that is what remains if we die over it.
    closed = tuple(
        Document(part.path, part.file_name, part.media_type, part.size_bytes, part.digest, trouble=Trouble.LIMITS)
        for part in parsed.mail.parts
        if part.is_attachment
    )
    read = ReadMail(parsed.mail, closed, read_report(content, parsed))
    yield READ_MAIL.dump_json(read)
    said = {opened.place: opened.said for opened in order.known}
    for opened in _opened(parsed, closed, order):
        said[opened.place] = opened.said
        yield OPENED.dump_json(opened)
    if order.paper_cpu:
        _allow_cpu(order.mail_cpu)
    for place in order.leave_closed:
        said[place] = read_paper(closed[place], order.formats)
    understood = put_together(read, [said[place] for place in range(len(closed))], order.formats)
    yield UNDERSTOOD.dump_json(understood)


def _opened(parsed: ParsedMail, closed: tuple[Document, ...], order: Order) -> Iterator[Opened]:
    """The papers that are to be opened and were not by an earlier child."""
    skipped = {opened.place for opened in order.known}.union(order.leave_closed)
    pdfs = 0
    for place, paper in enumerate(closed):
        content = parsed.contents[paper.part]
        pdfs += is_pdf(content)
        if place in skipped:
            continue
        document = paper
        if paper.media_type == "message/rfc822":
            document = replace(paper, trouble=Trouble.ATTACHED_MAIL)
        elif pdfs <= PDFS_OPENED:
            if order.paper_cpu:
                _allow_cpu(order.paper_cpu)
            document = open_document(paper.part, paper.name, content)
        said = read_paper(document, order.formats)
        yield Opened(place, replace(document, pages=()), said)


def _receive(requests: BinaryIO) -> bytes:
    """Read the next frame; b"" when the daemon has closed the pipe."""
    length = int.from_bytes(requests.read(LENGTH_BYTES), "big")
    return requests.read(length)


def _send(answers: BinaryIO, content: bytes) -> None:
    answers.write(framed(content))
    answers.flush()


if __name__ == "__main__":
    main()
