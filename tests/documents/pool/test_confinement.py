"""A locked-in process tries what a taken-over child would try; and no honest paper notices that it was locked in."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.core.notice.interpret import UnderstoodMail
from bot.documents.pool.reader import Reader
from tests.documents.pool.test_reader import PAPERS_A_MAIL, read_here

SHARED = Path(__file__).parents[3].parent / "shared" / "corpora"
PAPERS = Path(__file__).parents[2] / "corpus" / "papers"

# What a child does before its first mail, and then one attempt. `{attempt}` may use what stands above it.
LOCKED_IN = """
import ctypes, mmap, os, signal, socket, subprocess, sys, threading, time
from bot.documents.pool import confinement, fork_server
libc = ctypes.CDLL(None, use_errno=True)
reads, writes = os.pipe()
confinement.load_charsets()
print(confinement.lock_in(confinement.rules_for(reads, 1)) or "filtered", flush=True)
try:
    {attempt}
except OSError as error:
    answer = type(error).__name__
else:
    answer = "done"
os.write(1, answer.encode())
os._exit(0)
"""

DEADLY = {
    "talk to the network": "socket.socket()",
    "start a process": "os.fork()",
    "start a program": "os.execv('/bin/true', ['true'])",
    "start a thread": "threading.Thread(target=print).start()",
    "signal to the daemon": "os.kill(os.getppid(), signal.SIGTERM)",
    "signal to everybody": "os.kill(-1, 0)",
    "look into another process": "libc.ptrace(16, os.getppid(), 0, 0)",
    "delete a file": "os.unlink('/nothing/here')",
    "make a folder": "os.mkdir('/tmp/nothing-here')",
    "make a file in memory": "os.memfd_create('x')",
}
REFUSED = {
    "read a file": "open('/etc/passwd')",
    "read its own memory as a file": "open('/proc/self/mem', 'rb')",
    "write a file": "open('/tmp/nothing-here', 'w')",
    "look at a folder": "os.listdir('/')",
    "ask whether a file is there": "os.stat('/')",
    "write elsewhere than to its pipe": "os.write(2, b'x')",
    "read elsewhere than from its pipe": "os.read(0, 1)",
    "copy a pipe": "os.dup(1)",
    "signal to a thread": "signal.pthread_kill(threading.get_ident(), signal.SIGTERM)",
    "run what it wrote": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
}


def locked_in(attempt: str, script: str = LOCKED_IN) -> tuple[int, list[str]]:
    """The exit code, negative for a signal, and what was said."""
    done = subprocess.run(
        [sys.executable, "-c", script.replace("{attempt}", attempt)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    if lines and lines[0] != "filtered":
        pytest.skip(lines[0])
    return done.returncode, lines[1:]


def test_a_process_that_is_locked_in_still_computes_and_tells() -> None:
    assert locked_in("b'x'.decode('iso2022_jp_3'), bytearray(1 << 20), time.monotonic()") == (0, ["done"])


@pytest.mark.parametrize("attempt", DEADLY.values(), ids=DEADLY.keys())
def test_what_only_an_attacker_would_do_is_death(attempt: str) -> None:
    assert locked_in(attempt) == (-signal.SIGSYS, [])


WITH_THREADS = LOCKED_IN.replace("rules_for(reads, 1))", "rules_for(reads, 1, threads=True), threads=True)")


def test_the_process_that_looks_at_pictures_may_start_threads() -> None:
    assert locked_in("thread = threading.Thread(target=print); thread.start(); thread.join()", WITH_THREADS) == (
        0,
        ["", "done"],
    )


@pytest.mark.parametrize("attempt", [attempt for name, attempt in DEADLY.items() if name != "start a thread"])
def test_and_nothing_else_that_others_may_not(attempt: str) -> None:
    assert locked_in(attempt, WITH_THREADS) == (-signal.SIGSYS, [])


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED.keys())
def test_what_a_library_might_try_is_refused(attempt: str) -> None:
    assert locked_in(attempt) == (0, ["PermissionError"])


def test_a_library_that_gives_up_ends_the_process() -> None:
    """As pdfium does over some bombs."""
    code, said = locked_in("os.abort()")
    assert (code < 0, said) == (True, [])


def test_without_a_filter_nothing_can_be_opened_all_the_same() -> None:
    script = LOCKED_IN.replace(
        "confinement.load_charsets()", "confinement.load_charsets(); sys.modules['pyseccomp'] = None"
    )
    for attempt in ("open('/etc/passwd')", "socket.socket()", "os.dup(1)"):
        done = subprocess.run(
            [sys.executable, "-c", script.replace("{attempt}", attempt)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.splitlines() == ["libseccomp is not installed", "OSError"]


async def test_a_reader_tells_whether_its_children_are_filtered(
    reader: Reader, mail_with: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "hosho.reader"):
        await reader.read(mail_with())
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == bool(reader.unfiltered)
    assert locked_in("None")[1] == ["done"]  # skips where there is no filter
    assert reader.unfiltered == ""


# ---------------------------------------------------------------- honest papers and mails


def members(archive: str, every: int) -> Iterator[bytes]:
    if not (SHARED / archive).exists():
        pytest.skip("no ../shared/corpora")
    with tarfile.open(SHARED / archive) as files:
        chosen = sorted((member for member in files if member.isfile()), key=lambda member: member.name)[::every]
        for member in chosen:
            if (file := files.extractfile(member)) is not None:
                yield file.read()


def mails_with(papers: list[bytes]) -> Iterator[bytes]:
    for start in range(0, len(papers), PAPERS_A_MAIL):
        message = EmailMessage()
        message["From"], message["Subject"] = "koji@kensetsu.example.jp", "認証キー"
        message.set_content("お世話になっております。\n")
        for paper in papers[start : start + PAPERS_A_MAIL]:
            message.add_attachment(paper, maintype="application", subtype="pdf", filename="paper.pdf")
        yield message.as_bytes()


async def differences(reader: Reader, mails: list[bytes]) -> list[int]:
    """Which mails a locked-in child reads otherwise than this process, which is free."""
    reads = await asyncio.gather(*(reader.read(mail) for mail in mails))
    return [place for place, (mail, read) in enumerate(zip(mails, reads, strict=True)) if read != read_here(mail)]


async def test_our_own_papers_are_read_the_same_inside_and_outside(
    reader: Reader, figure: Callable[[str], None]
) -> None:
    papers = [path.read_bytes() for path in sorted(PAPERS.glob("*.pdf"))]
    assert await differences(reader, list(mails_with(papers))) == []
    figure(f"papers of ours read alike inside and outside the child: {len(papers)} of {len(papers)}")


@pytest.mark.corpora
@pytest.mark.timeout(600)
async def test_foreign_papers_are_read_the_same_inside_and_outside(
    reader: Reader, count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    papers = list(members("pdf.tar.gz", every=count(12, 1)))
    mails = list(mails_with(papers))
    assert await differences(reader, mails) == []
    reads = [await reader.read(mail) for mail in mails[:1]]
    assert all(isinstance(read, UnderstoodMail) and len(read.documents) for read in reads)
    figure(f"foreign PDFs read alike inside and outside the child, none without an end: {len(papers)} of {len(papers)}")


@pytest.mark.corpora
@pytest.mark.timeout(600)
async def test_foreign_mails_are_read_the_same_inside_and_outside(
    reader: Reader, count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    mails = list(members("mail.tar.gz", every=count(4, 1)))
    assert await differences(reader, mails) == []
    figure(f"foreign mails read alike inside and outside the child: {len(mails)} of {len(mails)}")
