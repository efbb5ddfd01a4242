"""A locked-in process tries what a taken-over child would try; and no honest paper notices that it was locked in."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.core.notice.interpret import UnderstoodMail
from bot.documents.pool.reader import Reader
from tests.documents.pool.test_reader import PAPERS_A_MAIL, read_here
from tests.patience import PATIENCE_SECONDS

SHARED = Path(__file__).parents[3].parent / "shared" / "corpora"
PAPERS = Path(__file__).parents[2] / "corpus" / "papers"

# What a child does before its first mail, and then one attempt; each in a process of its own, forked from one that has imported all.
LOCKED_IN = """
import ctypes, json, mmap, os, signal, socket, subprocess, sys, threading, time
from bot.documents.pool import confinement, fork_server
libc = ctypes.CDLL(None, use_errno=True)
reads, writes = os.pipe()
confinement.load_charsets()

def live(attempt):
    print(confinement.lock_in(confinement.rules_for(reads, 1)) or "filtered", flush=True)
    try:
        exec(attempt)
    except OSError as error:
        answer = type(error).__name__
    else:
        answer = "done"
    os.write(1, answer.encode())
    os._exit(0)

ends = []
for attempt in json.load(sys.stdin):
    its_words, it_says = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(it_says, 1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.closerange(writes + 1, it_says + 1)
        live(attempt)
    os.close(it_says)
    with open(its_words) as words:
        said = words.read().splitlines()
    ends.append((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said))
json.dump(ends, sys.stdout)
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


Ends = dict[str, tuple[int, list[str]]]


def ends_of(attempts: Mapping[str, str], script: str = LOCKED_IN) -> Ends:
    """Name → the exit code, negative for a signal, and what was said."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([*attempts.values()]),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return {name: (code, said) for name, (code, said) in zip(attempts, json.loads(done.stdout), strict=True)}


def locked_in(attempts: Mapping[str, str], script: str = LOCKED_IN) -> Ends:
    """The same, and that there was a filter."""
    ends = ends_of(attempts, script)
    if without := next((said[0] for _, said in ends.values() if said and said[0] != "filtered"), ""):
        pytest.skip(without)
    return {name: (code, said[1:]) for name, (code, said) in ends.items()}


def all_are(end: tuple[int, list[str]], attempts: Mapping[str, str]) -> Ends:
    return dict.fromkeys(attempts, end)


WORK = {"computes": "b'x'.decode('iso2022_jp_3'), bytearray(1 << 20), time.monotonic()"}


def test_a_process_that_is_locked_in_still_computes_and_tells() -> None:
    assert locked_in(WORK) == all_are((0, ["done"]), WORK)


def test_what_only_an_attacker_would_do_is_death() -> None:
    assert locked_in(DEADLY) == all_are((-signal.SIGSYS, []), DEADLY)


def test_the_process_that_looks_at_pictures_may_start_threads_and_nothing_else_that_others_may_not() -> None:
    with_threads = LOCKED_IN.replace("rules_for(reads, 1))", "rules_for(reads, 1, threads=True), threads=True)")
    others = {name: attempt for name, attempt in DEADLY.items() if name != "start a thread"}
    threads = {"threads": "thread = threading.Thread(target=print); thread.start(); thread.join()"}
    expected = all_are((-signal.SIGSYS, []), others) | all_are((0, ["", "done"]), threads)
    assert locked_in(others | threads, with_threads) == expected


def test_what_a_library_might_try_is_refused() -> None:
    assert locked_in(REFUSED) == all_are((0, ["PermissionError"]), REFUSED)


def test_a_library_that_gives_up_ends_the_process() -> None:
    """As pdfium does over some bombs."""
    ((code, said),) = locked_in({"gives up": "os.abort()"}).values()
    assert (code < 0, said) == (True, [])


def test_without_a_filter_nothing_can_be_opened_all_the_same() -> None:
    script = LOCKED_IN.replace(
        "confinement.load_charsets()", "confinement.load_charsets(); sys.modules['pyseccomp'] = None"
    )
    attempts = {name: name for name in ("open('/etc/passwd')", "socket.socket()", "os.dup(1)")}
    assert ends_of(attempts, script) == all_are((0, ["libseccomp is not installed", "OSError"]), attempts)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reader_tells_whether_its_children_are_filtered(
    reader: Reader, mail_with: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "hosho.reader"):
        await reader.read(mail_with())
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == bool(reader.unfiltered)
    assert locked_in(WORK) == all_are((0, ["done"]), WORK)  # skips where there is no filter
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


@pytest.mark.asyncio(loop_scope="module")
async def test_our_own_papers_are_read_the_same_inside_and_outside(
    reader: Reader, figure: Callable[[str], None]
) -> None:
    papers = [path.read_bytes() for path in sorted(PAPERS.glob("*.pdf"))]
    assert await differences(reader, list(mails_with(papers))) == []
    figure(f"papers of ours read alike inside and outside the child: {len(papers)} of {len(papers)}")


@pytest.mark.corpora
@pytest.mark.timeout(600)
@pytest.mark.asyncio(loop_scope="module")
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
@pytest.mark.asyncio(loop_scope="module")
async def test_foreign_mails_are_read_the_same_inside_and_outside(
    reader: Reader, count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    mails = list(members("mail.tar.gz", every=count(12, 1)))
    assert await differences(reader, mails) == []
    figure(f"foreign mails read alike inside and outside the child: {len(mails)} of {len(mails)}")
