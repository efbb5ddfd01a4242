"""The reader against real children: what it promises when they are bombed, killed, stopped or left alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import resource
import select
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.document import Document, Trouble
from bot.core.reading import ReadFailure, ReadMail
from bot.documents.child import ADDRESS_SPACE_BYTES, CPU_SECONDS, OPEN_FILES, PDFS_OPENED
from bot.documents.opening import open_document
from bot.documents.reader import Reader

MailWith = Callable[..., bytes]
PaperOf = Callable[[str], bytes]
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "pdf.tar.gz"
GONE_SECONDS = 20


def documents(read: ReadMail | ReadFailure) -> tuple[Document, ...]:
    assert isinstance(read, ReadMail)
    return read.documents


def troubles(read: ReadMail | ReadFailure) -> list[Trouble | None]:
    return [document.trouble for document in documents(read)]


def is_gone(process: int) -> bool:
    """Wait until the process (given as a pidfd) has ended."""
    return bool(select.select([process], [], [], GONE_SECONDS)[0])


async def let_it_start(task: asyncio.Task[ReadMail | ReadFailure]) -> None:
    """Give the task turns enough to hand its mail to the child; the child is stopped, so none is too many."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()


async def test_a_mail_comes_back_with_its_papers_opened(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    notice, scan = paper("chromium-leaflet"), paper("scan")
    read = await reader.read(mail_with(notice, scan))
    assert isinstance(read, ReadMail)
    assert (read.mail.subject, read.mail.body.strip()) == ("認証キー", "お世話になっております。")
    assert read.documents == (open_document("2", "1.pdf", notice), open_document("3", "2.pdf", scan))


async def test_a_mail_without_papers_has_none(reader: Reader) -> None:
    assert documents(await reader.read(b"From: a@example.jp\r\n\r\nhello\r\n")) == ()


async def test_an_attached_mail_stays_closed(reader: Reader) -> None:
    mail = (
        b'From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@example.jp\r\nSubject: x\r\n\r\nkey\r\n--b--\r\n"
    )
    assert troubles(await reader.read(mail)) == [Trouble.ATTACHED_MAIL]


async def test_more_pdfs_than_the_limit_stay_closed(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    read = await reader.read(mail_with(*[paper("reportlab-leaflet")] * (PDFS_OPENED + 2)))
    assert troubles(read) == [None] * PDFS_OPENED + [Trouble.LIMITS] * 2


@pytest.mark.parametrize("bomb", ["self_recursive_pdf", "deflate_bomb_pdf"])
async def test_a_bomb_stays_closed_and_harms_neither_its_neighbours_nor_the_next_mail(
    bomb: str, reader: Reader, mail_with: MailWith, paper: PaperOf, request: pytest.FixtureRequest
) -> None:
    content = request.getfixturevalue(bomb)
    notice = paper("reportlab-leaflet")
    before, bombed, after = documents(await reader.read(mail_with(notice, content, notice)))
    size, digest = len(content), hashlib.sha256(content).hexdigest()
    assert bombed == Document("3", "2.pdf", "application/pdf", size, digest, trouble=Trouble.LIMITS)
    assert before.pages == after.pages == open_document("", "", notice).pages
    assert troubles(await reader.read(mail_with(notice))) == [None]


async def test_a_child_that_is_killed_over_a_mail_costs_a_retry_only(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1) as reader:
        await reader.warm()
        (child,) = reader.pids
        os.kill(child, signal.SIGSTOP)
        task = asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet"))))
        await let_it_start(task)
        os.kill(child, signal.SIGKILL)
        assert troubles(await task) == [None]
        assert reader.pids != (child,)


async def test_a_child_that_was_killed_between_mails_is_replaced(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1) as reader:
        await reader.warm()
        (child,) = reader.pids
        process = os.pidfd_open(child)
        os.kill(child, signal.SIGKILL)
        assert is_gone(process)
        os.close(process)
        assert troubles(await reader.read(mail_with(paper("chromium-leaflet")))) == [None]


async def test_a_child_that_hangs_is_killed_and_the_mail_given_up(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, mail_seconds=0.5) as reader:
        await reader.warm()
        (child,) = reader.pids
        process = os.pidfd_open(child)
        os.kill(child, signal.SIGSTOP)
        failure = await reader.read(mail_with(paper("chromium-leaflet")))
        assert failure == ReadFailure("the reading process died or ran out of time over the mail itself")
        assert is_gone(process)
        os.close(process)


async def test_a_cancelled_caller_leaves_no_child_out_of_step(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1) as reader:
        await reader.warm()
        (child,) = reader.pids
        process = os.pidfd_open(child)
        os.kill(child, signal.SIGSTOP)
        task = asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet"), subject="the first")))
        await let_it_start(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert is_gone(process)
        os.close(process)
        read = await reader.read(mail_with(paper("chromium-table"), subject="the second"))
        assert isinstance(read, ReadMail)
        assert (read.mail.subject, troubles(read)) == ("the second", [None])


async def test_fifty_callers_each_get_their_own_mail(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    notice = paper("reportlab-leaflet")
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(reader.read(mail_with(notice + b"%" * number, subject=f"number {number}")))
            for number in range(50)
        ]
    found = [(read.mail.subject, read.documents[0].size_bytes) for task in tasks if (read := task.result())]
    assert found == [(f"number {number}", len(notice) + number) for number in range(50)]
    assert len(reader.pids) == 2


async def test_a_child_is_replaced_after_its_share_of_mails(mail_with: MailWith) -> None:
    async with Reader(1, mails_a_child=2) as reader:
        children = []
        for _ in range(5):
            await reader.read(mail_with())
            children += reader.pids
        first, second, third, fourth, fifth = children
        assert (first, third) == (second, fourth)
        assert len({first, third, fifth}) == 3


def limits_of(child: int) -> dict[str, str]:
    limits = Path(f"/proc/{child}/limits").read_text("ascii")
    return dict(re.findall(r"^Max ([a-z ]+?) {2,}(\w+)", limits, re.MULTILINE))


def has_no_new_privileges(child: int) -> bool:
    return "\nNoNewPrivs:\t1\n" in Path(f"/proc/{child}/status").read_text("ascii")


def environment_of(child: int) -> bytes:
    return Path(f"/proc/{child}/environ").read_bytes()


def open_files_of(child: int) -> set[str]:
    return {str(entry.readlink()).partition(":")[0] for entry in Path(f"/proc/{child}/fd").iterdir()}


async def test_a_child_lives_within_its_limits(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1) as reader:
        await reader.read(mail_with(paper("chromium-leaflet")))
        (child,) = reader.pids
        limits = limits_of(child)
        assert {name: limits[name] for name in ("address space", "core file size", "file size", "open files")} == {
            "address space": str(ADDRESS_SPACE_BYTES),
            "core file size": "0",
            "file size": "0",
            "open files": str(OPEN_FILES),
        }
        assert CPU_SECONDS < int(limits["cpu time"]) <= 3 * CPU_SECONDS
        assert has_no_new_privileges(child)
        assert os.getsid(child) == child


async def test_a_child_may_use_its_cpu_time_for_every_mail_anew(mail_with: MailWith) -> None:
    async with Reader(1) as reader:
        await reader.read(mail_with())
        (child,) = reader.pids
        resource.prlimit(child, resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
        await reader.read(mail_with())
        assert int(limits_of(child)["cpu time"]) > CPU_SECONDS


async def test_a_child_that_ran_out_of_cpu_time_is_not_tried_again(mail_with: MailWith) -> None:
    async with Reader(1) as reader:
        await reader.warm()
        (child,) = reader.pids
        os.kill(child, signal.SIGSTOP)
        task = asyncio.create_task(reader.read(mail_with()))
        await let_it_start(task)
        os.kill(child, signal.SIGXCPU)
        os.kill(child, signal.SIGCONT)
        assert isinstance(await task, ReadFailure)


async def test_no_secret_of_the_environment_and_no_open_file_reaches_a_child(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOSHO_SMTP__PASSWORD", "canary-of-the-environment")
    with (tmp_path / "bot.db").open("wb"):
        await reader.warm()
        assert [b"canary" in environment_of(child) for child in reader.pids] == [False, False]
        assert set().union(*(open_files_of(child) for child in reader.pids)) <= {"/dev/null", "pipe", "socket"}


async def test_warm_starts_every_child(reader: Reader) -> None:
    assert reader.pids == ()
    await reader.warm()
    assert len(reader.pids) == 2


async def test_close_ends_the_children_after_the_work_at_hand(mail_with: MailWith, paper: PaperOf) -> None:
    reader = Reader(1)
    await reader.warm()
    (child,) = reader.pids
    process = os.pidfd_open(child)
    task = asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet"))))
    await asyncio.sleep(0)
    await reader.close()
    assert troubles(await task) == [None]
    assert is_gone(process)
    os.close(process)
    await reader.close()
    with pytest.raises(RuntimeError, match="closed"):
        await reader.read(mail_with())


ORPHAN = """
import asyncio
from bot.documents.reader import Reader
async def main():
    reader = Reader()
    await reader.warm()
    print(*reader.pids, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_children_die_with_a_daemon_that_is_killed_even_those_that_do_not_listen() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        pids = [int(pid) for pid in daemon.stdout.readline().split()]
        children = [os.pidfd_open(pid) for pid in pids]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        daemon.kill()
    assert [is_gone(child) for child in children] == [True, True]
    for child in children:
        os.close(child)


def foreign_pdfs(every: int) -> list[bytes]:
    if not CORPUS.exists():
        pytest.skip("no ../shared/corpora")
    with tarfile.open(CORPUS) as archive:
        members = sorted((member for member in archive if member.isfile()), key=lambda member: member.name)
        return [file.read() for member in members[::every] if (file := archive.extractfile(member))]


async def survive(reader: Reader, mail_with: MailWith, contents: list[bytes]) -> None:
    mails = [mail_with(*contents[start : start + PDFS_OPENED]) for start in range(0, len(contents), PDFS_OPENED)]
    reads = await asyncio.gather(*(reader.read(mail) for mail in mails))
    found = [document for read in reads for document in documents(read)]
    assert [document.digest for document in found] == [hashlib.sha256(content).hexdigest() for content in contents]
    assert all((document.trouble is None) == bool(document.pages) for document in found)
    # None of these is a bomb; a reader that gave up on some would pass everything else here.
    assert [document.digest for document in found if document.trouble == Trouble.LIMITS] == []


@pytest.mark.corpora
async def test_some_foreign_pdfs_are_survived(reader: Reader, mail_with: MailWith) -> None:
    await survive(reader, mail_with, foreign_pdfs(every=5))


@pytest.mark.corpora
@pytest.mark.slow
async def test_all_foreign_pdfs_are_survived(reader: Reader, mail_with: MailWith) -> None:
    await survive(reader, mail_with, foreign_pdfs(every=1))
