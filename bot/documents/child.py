"""The reading child: `python -m bot.documents.child PARENT_PID`, a process with nothing to lose and nothing to tell.

Started and killed by reader.py; speaks frames.py on stdin and stdout. It limits itself before it reads a mail.
It handles no failure: whatever goes wrong (memory, recursion, pdfium's abort) ends it, and the daemon sees that.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import BinaryIO

from bot.core.document import Document, Trouble
from bot.core.mime import parse_mail
from bot.core.reading import ReadMail
from bot.documents.frames import LENGTH_BYTES, OPENED, ORDER, READ_MAIL, READY, Opened, framed
from bot.documents.opening import is_pdf, open_document

# Measured: 1,380 odd PDFs take 86 MiB at most (text only, nothing is rendered), a mail of 25 MiB 220 MiB. Bombs ask for
# GiB, and the less they get the sooner they are over (2 s instead of 6 s at 1 GiB).
ADDRESS_SPACE_BYTES = 512 * 1024 * 1024
# Python's own few and what a codec needs while it is imported; no paper needs a file.
OPEN_FILES = 32
# CPU for the mail's own text, and for each paper: a notice takes milliseconds, the slowest honest PDF 1.1 s.
CPU_SECONDS = 5
# A mail with more PDFs than this was not written for a clerk (faults.md A3).
PDFS_OPENED = 10

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    """Limit ourselves, then read mail after mail until the daemon closes our stdin."""
    parent = int(sys.argv[1])
    requests, answers = _private_pipes()
    _limit(parent)
    _send(answers, READY)
    while order := _receive(requests):
        leave_closed = ORDER.validate_json(order).leave_closed
        _read(_receive(requests), frozenset(leave_closed), answers)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for ourselves: what a library prints must not end up between our frames."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)
    return requests, answers


def _limit(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_PDEATHSIG, signal.SIGKILL)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl {option}")
    if os.getppid() != parent:
        sys.exit("the daemon died before its death could be watched")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))


def _allow_cpu() -> None:
    """Move the soft limit ahead of what was used so far; the hard one stays open for the mails to come."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + 1 + CPU_SECONDS, resource.RLIM_INFINITY))


def _read(content: bytes, leave_closed: frozenset[int], answers: BinaryIO) -> None:
    _allow_cpu()
    parsed = parse_mail(content)
    attached = [part for part in parsed.mail.parts if part.is_attachment]
    # Until it is opened a paper counts as one that ran into our limits: that is what remains if we die over it.
    closed = tuple(
        Document(part.path, part.file_name, part.media_type, part.size_bytes, part.digest, trouble=Trouble.LIMITS)
        for part in attached
    )
    _send(answers, READ_MAIL.dump_json(ReadMail(parsed.mail, closed)))
    pdfs = 0
    for place, paper in enumerate(closed):
        paper_bytes = parsed.contents.get(paper.part)
        pdfs += paper_bytes is not None and is_pdf(paper_bytes)
        if place in leave_closed:
            continue
        document = paper
        if paper.media_type == "message/rfc822":
            document = Document(
                paper.part, paper.name, paper.media_type, paper.size_bytes, paper.digest, trouble=Trouble.ATTACHED_MAIL
            )
        elif paper_bytes is not None and pdfs <= PDFS_OPENED:
            _allow_cpu()
            document = open_document(paper.part, paper.name, paper_bytes)
        _send(answers, OPENED.dump_json(Opened(place, document)))


def _receive(requests: BinaryIO) -> bytes:
    """Read the next frame; b"" when the daemon has closed the pipe."""
    length = int.from_bytes(requests.read(LENGTH_BYTES), "big")
    return requests.read(length)


def _send(answers: BinaryIO, content: bytes) -> None:
    answers.write(framed(content))
    answers.flush()


if __name__ == "__main__":
    main()
