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

from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import NotNow, ReadFailure, TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.paper import KeptBack, PaperKind
from bot.core.records.secret import AuthKey
from bot.documents.contents import PDFS_OPENED
from bot.documents.pool.child import answers_to
from bot.documents.pool.confinement import ADDRESS_SPACE_BYTES
from bot.documents.pool.frames import OpenedPaper, ReadRequest, ToldMail, told
from bot.documents.pool.process import STILL_SECONDS, ForkServer, NotNowError
from bot.documents.pool.progress import Progress
from bot.documents.pool.reader import DEADLY_PAPERS, QUICK_CPU, Reader
from tests.commands.inspected import attached, mail, many, text
from tests.patience import PATIENCE_SECONDS

MailWith = Callable[..., bytes]
PaperOf = Callable[[str], bytes]
CORPUS = Path(__file__).parents[3].parent / "shared" / "corpora" / "pdf.tar.gz"

PAPERS_A_MAIL = PDFS_OPENED


FORMATS = Formats()
Result = UnderstoodMail | ReadFailure | TakesLong | NotNow


def documents(read: Result) -> tuple[Document, ...]:
    assert isinstance(read, UnderstoodMail)
    return read.documents


def kinds(read: Result) -> list[PaperKind]:
    assert isinstance(read, UnderstoodMail)
    return [paper.kind for paper in read.papers]


def read_here(content: bytes, formats: Formats = FORMATS) -> UnderstoodMail:
    """The same in this process, without any limit: only for what does no harm."""
    first, *papers, last = answers_to(content, ReadRequest(formats))
    progress = Progress(understood=told(UnderstoodMail, last))
    progress.note_told(told(ToldMail, first))
    progress.opened = {one.place: one for one in (told(OpenedPaper, paper) for paper in papers)}
    read = progress.result()
    assert isinstance(read, UnderstoodMail)
    return read


def troubles(read: Result) -> list[OpenFailure | None]:
    return [document.trouble for document in documents(read)]


def is_gone(process: int) -> bool:
    """Wait until the process (given as a pidfd) has ended."""
    return bool(select.select([process], [], [], PATIENCE_SECONDS)[0])


async def at_last(reader: Reader, mail: bytes, *, quick: bool = False) -> Result:
    """What a mail says, once the machine lets it be read."""
    while isinstance(read := await reader.read(mail, quick=quick), NotNow):
        pass
    return read


async def at_work(reader: Reader, task: asyncio.Task[Result], besides: int = 0) -> int:
    """Stop the child that reads the task's mail, and give its process id. `besides`: another one that does not count."""
    while not (found := [pid for pid in reader.pids if pid != besides]):
        assert not task.done()
        await asyncio.sleep(0)
    os.kill(found[0], signal.SIGSTOP)
    return found[0]


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_comes_back_with_its_papers_opened_and_understood(
    reader: Reader, mail_with: MailWith, paper: PaperOf, *, quick: bool
) -> None:
    mail = mail_with(paper("chromium-leaflet"), paper("scan"))
    read = await reader.read(mail, quick=quick)
    assert read == read_here(mail)
    assert (read.words.subject, read.words.excerpt) == ("認証キー", "お世話になっております。")
    assert kinds(read) == [PaperKind.KEY_NOTICE, PaperKind.UNREADABLE]
    assert troubles(read) == [None, OpenFailure.NO_TEXT]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_citys_own_formats_reach_the_child(reader: Reader) -> None:
    words = "保証契約番号：11111-111111\r\n認証キー：AB12 CD34 ef56\r\n"
    mail = f"From: a@example.jp\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}".encode()
    keys = []
    for formats in (FORMATS, Formats(keys=("[A-Z0-9]{8}",))):
        read = await reader.read(mail, formats)
        assert isinstance(read, UnderstoodMail)
        keys += [notice.fields.auth_key for notice in read.notices]
    assert keys == [AuthKey("AB12CD34ef56"), AuthKey("AB12CD34")]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_without_papers_has_none(reader: Reader) -> None:
    assert documents(await reader.read(b"From: a@example.jp\r\n\r\nhello\r\n")) == ()


def with_mail(words: str, fields: str = "") -> bytes:
    head = 'From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    own = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    inner = (
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@example.jp\r\n{fields}Subject: x\r\n\r\nkey\r\n--b--\r\n"
    )
    return (head + own + inner).encode()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_within_the_mail_is_looked_into(reader: Reader) -> None:
    read = await reader.read(with_mail("転送します。"))
    assert (troubles(read), kinds(read)) == ([None], [PaperKind.ATTACHED_MAIL])


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("宛先違いのため返送いたします。", ""),
        ("転送します。", "X-Hosho-Bot: 1\r\n"),
        ("転送します。", "Auto-Submitted: auto-replied\r\n"),
    ],
    ids=["sent back by a person", "ours", "an automatic reply"],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_that_is_nobodys_submission_stays_closed(reader: Reader, words: str, fields: str) -> None:
    assert troubles(await reader.read(with_mail(words, fields))) == [OpenFailure.ATTACHED_MAIL]


@pytest.mark.asyncio(loop_scope="module")
async def test_more_pdfs_than_the_limit_stay_closed(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    read = await reader.read(mail_with(*[paper("reportlab-leaflet")] * (PDFS_OPENED + 2)))
    assert troubles(read) == [None] * PDFS_OPENED + [OpenFailure.LIMITS] * 2


@pytest.mark.asyncio(loop_scope="module")
async def test_after_two_bombs_the_other_papers_of_a_mail_stay_closed(
    reader: Reader, mail_with: MailWith, paper: PaperOf, self_recursive_pdf: bytes
) -> None:
    bombs = [self_recursive_pdf] * DEADLY_PAPERS
    notice = paper("reportlab-leaflet")
    read = await reader.read(mail_with(notice, *bombs, notice))
    assert troubles(read) == [None, *[OpenFailure.LIMITS] * DEADLY_PAPERS, OpenFailure.LIMITS]
    assert kinds(read)[0] == PaperKind.KEY_NOTICE


@pytest.mark.asyncio(loop_scope="module")
async def test_a_first_short_reading_leaves_a_bomb_for_later_and_costs_its_child_only(
    reader: Reader, mail_with: MailWith, paper: PaperOf, self_recursive_pdf: bytes
) -> None:
    assert await reader.read(mail_with(self_recursive_pdf), quick=True) == TakesLong()
    assert troubles(await reader.read(mail_with(paper("reportlab-leaflet")), quick=True)) == [None]


@pytest.mark.parametrize("bomb", ["self_recursive_pdf", "deflate_bomb_pdf"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_bomb_stays_closed_and_harms_neither_its_neighbours_nor_the_next_mail(
    bomb: str, reader: Reader, mail_with: MailWith, paper: PaperOf, request: pytest.FixtureRequest
) -> None:
    content = request.getfixturevalue(bomb)
    notice = paper("reportlab-leaflet")
    read = await reader.read(mail_with(notice, content, notice))
    _, bombed, _ = documents(read)
    size, digest = len(content), hashlib.sha256(content).hexdigest()
    assert bombed == Document("3", "2.pdf", "application/pdf", size, digest, trouble=OpenFailure.LIMITS)
    assert troubles(read) == [None, OpenFailure.LIMITS, None]
    assert kinds(read) == [PaperKind.KEY_NOTICE, PaperKind.UNREADABLE, PaperKind.KEY_NOTICE]
    assert troubles(await reader.read(mail_with(notice))) == [None]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_child_that_is_killed_over_a_mail_costs_a_retry_only(
    reader: Reader, mail_with: MailWith, paper: PaperOf
) -> None:
    task = asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet"))))
    child = await at_work(reader, task)
    os.kill(child, signal.SIGKILL)
    await at_work(reader, task, besides=child)
    os.kill(*reader.pids, signal.SIGCONT)
    assert troubles(await task) == [None]


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_whose_children_are_killed_from_outside_is_read_later(
    reader: Reader, mail_with: MailWith, paper: PaperOf, *, quick: bool
) -> None:
    mail = mail_with(paper("chromium-leaflet"))
    task, child = asyncio.create_task(reader.read(mail, quick=quick)), 0
    while not task.done():
        if found := [pid for pid in reader.pids if pid != child]:
            child = found[0]
            os.kill(child, signal.SIGKILL)
        await asyncio.sleep(0)
    assert await task == (TakesLong() if quick else NotNow(is_killed=True))
    assert troubles(await reader.read(mail)) == [None]


async def test_a_fork_server_that_was_killed_is_started_again(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, sees=False) as reader:
        await reader.warm()
        (server,) = reader.server_pids
        process = os.pidfd_open(server)
        os.kill(server, signal.SIGKILL)
        assert is_gone(process)
        os.close(process)
        assert troubles(await reader.read(mail_with(paper("chromium-leaflet")))) == [None]
        assert server not in reader.server_pids


async def test_a_fork_server_that_is_killed_over_a_mail_costs_a_retry_only(slow_mail: bytes) -> None:
    async with Reader(1, sees=False) as reader:
        task = asyncio.create_task(reader.read(slow_mail))
        child = os.pidfd_open(await locked_in(reader, task))
        os.kill(*reader.server_pids, signal.SIGKILL)
        assert is_gone(child)
        os.close(child)
        assert troubles(await task) == [None] * PDFS_OPENED


async def test_a_fork_server_that_hangs_is_killed_and_another_one_started(mail_with: MailWith) -> None:
    async with Reader(1, still_seconds=0.5, sees=False) as reader:
        await reader.warm()
        (server,) = reader.server_pids
        os.kill(server, signal.SIGSTOP)
        assert isinstance(await reader.read(mail_with()), UnderstoodMail)
        assert server not in reader.server_pids


@pytest.mark.parametrize("quick", [True, False])
async def test_a_child_that_hangs_is_killed_and_its_mail_read_later(
    mail_with: MailWith, paper: PaperOf, *, quick: bool
) -> None:
    mail = mail_with(paper("chromium-leaflet"))
    async with Reader(1, still_seconds=0.5, sees=False) as reader:
        await reader.warm()
        task = asyncio.create_task(reader.read(mail, quick=quick))
        process = os.pidfd_open(await at_work(reader, task))
        assert await task == NotNow()
        assert is_gone(process)
        os.close(process)
        assert await at_last(reader, mail, quick=quick) == read_here(mail)


async def test_a_child_that_works_is_waited_for_however_long_it_takes(slow_mail: bytes) -> None:
    """The clock by which a process may be still runs fifty times as fast."""
    async with Reader(1, still_seconds=STILL_SECONDS / 50, sees=False) as reader:
        assert await at_last(reader, slow_mail) == read_here(slow_mail)


async def test_a_mail_that_no_process_can_be_had_for_is_read_later(mail_with: MailWith) -> None:
    nothing = ForkServer.start("no.such.module")
    with pytest.raises(NotNowError, match="does not start"):
        await nothing
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with Reader(1, sees=False) as reader:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, before[1]))
        try:
            assert await reader.read(mail_with()) == NotNow()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert isinstance(await reader.read(mail_with()), UnderstoodMail)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cancelled_caller_leaves_no_child(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    task = asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet"), subject="the first")))
    process = os.pidfd_open(await at_work(reader, task))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (is_gone(process), reader.pids) == (True, ())
    os.close(process)
    read = await reader.read(mail_with(paper("chromium-table"), subject="the second"))
    assert isinstance(read, UnderstoodMail)
    assert (read.words.subject, troubles(read)) == ("the second", [None])


@pytest.mark.asyncio(loop_scope="module")
async def test_fifty_callers_each_get_their_own_mail(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    notice = paper("reportlab-leaflet")
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(reader.read(mail_with(notice + b"%" * number, subject=f"number {number}")))
            for number in range(50)
        ]
    found = [(read.words.subject, read.documents[0].size_bytes) for task in tasks if (read := task.result())]
    assert found == [(f"number {number}", len(notice) + number) for number in range(50)]
    assert (reader.pids, len(reader.server_pids)) == ((), 1)


@pytest.mark.asyncio(loop_scope="module")
async def test_no_two_mails_are_read_by_one_process(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    children: set[int] = set()
    for round_ in range(5):
        tasks = [asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet")))) for _ in range(2)]
        await at_work(reader, tasks[0])
        await at_work(reader, tasks[1], besides=reader.pids[0])
        found = set(reader.pids)
        assert (len(found), found & children) == (2, set()), round_
        children |= found
        for child in found:
            os.kill(child, signal.SIGCONT)
        assert [troubles(read) for read in await asyncio.gather(*tasks)] == [[None], [None]]


def limits_of(child: int) -> dict[str, str]:
    limits = Path(f"/proc/{child}/limits").read_text("ascii")
    return dict(re.findall(r"^Max ([a-z ]+?) {2,}(\w+)", limits, re.MULTILINE))


def has_no_new_privileges(child: int) -> bool:
    return "\nNoNewPrivs:\t1\n" in Path(f"/proc/{child}/status").read_text("ascii")


def threads_of(process: int) -> int:
    return len(list(Path(f"/proc/{process}/task").iterdir()))


def environment_of(child: int) -> bytes:
    return Path(f"/proc/{child}/environ").read_bytes()


def cpu_of(child: int) -> float:
    """Seconds of CPU time that the process has used, and its children that have ended."""
    fields = Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def open_files_of(child: int) -> set[str]:
    return {str(entry.readlink()).partition(":")[0] for entry in Path(f"/proc/{child}/fd").iterdir()}


@pytest.fixture
def slow_mail(mail_with: MailWith, paper: PaperOf) -> bytes:
    """Ten papers, so that there is time to look at the child."""
    return mail_with(*[paper("chromium-leaflet")] * PDFS_OPENED)


async def locked_in(reader: Reader, task: asyncio.Task[Result]) -> int:
    """The process id of the child that reads, once nothing is open to it any more."""
    while not (reader.pids and limits_of(reader.pids[0])["address space"] == str(ADDRESS_SPACE_BYTES)):
        assert not task.done()
        await asyncio.sleep(0)
    return reader.pids[0]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_child_lives_within_its_limits(reader: Reader, slow_mail: bytes) -> None:
    task = asyncio.create_task(reader.read(slow_mail))
    child = await locked_in(reader, task)
    limits = limits_of(child)
    assert {
        name: limits[name] for name in ("address space", "core file size", "file size", "open files", "processes")
    } == {
        "address space": str(ADDRESS_SPACE_BYTES),
        "core file size": "0",
        "file size": "0",
        "open files": "0",
        "processes": "0",
    }
    assert has_no_new_privileges(child)
    assert (os.getsid(child), os.getsid(child) == os.getsid(0)) == (reader.server_pids[0], False)
    await task


@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_may_use_its_cpu_time_whatever_others_used(reader: Reader, mail_with: MailWith) -> None:
    lines = "お世話になっております。認証キーは別途お送りします。\r\n" * 300
    mail = f"From: a@example.jp\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{lines}".encode()
    await reader.warm()
    before = cpu_of(*reader.server_pids)
    while cpu_of(*reader.server_pids) - before < 2 * QUICK_CPU:
        assert isinstance(await reader.read(mail, quick=True), UnderstoodMail)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_child_that_ran_out_of_cpu_time_is_not_tried_again(reader: Reader, mail_with: MailWith) -> None:
    task = asyncio.create_task(reader.read(mail_with()))
    child = await at_work(reader, task)
    os.kill(child, signal.SIGPROF)
    os.kill(child, signal.SIGCONT)
    assert isinstance(await task, ReadFailure)


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root may look into a child")
async def test_no_secret_of_the_environment_and_no_open_file_reaches_a_child(
    slow_mail: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOSHO_SMTP__PASSWORD", "canary-of-the-environment")
    async with Reader(1, sees=False) as reader:
        with (tmp_path / "bot.db").open("wb"):
            task = asyncio.create_task(reader.read(slow_mail))
            await locked_in(reader, task)
            processes = (*reader.server_pids, *reader.pids)
            assert [b"canary" in environment_of(process) for process in processes] == [False, False]
            assert [open_files_of(process) for process in processes] == [
                {"/dev/null", "/dev/urandom", "socket", "anon_inode"},  # random numbers: repair.warm_up
                {"/dev/null", "socket"},
            ]
            await task


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_runs_beside_a_fork_server_in_its_process(reader: Reader) -> None:
    await reader.warm()
    (server,) = reader.server_pids
    assert threads_of(server) == 1


async def test_warm_starts_the_fork_server() -> None:
    async with Reader(sees=False) as reader:
        assert reader.server_pids == ()
        await reader.warm()
        assert len(reader.server_pids) == 1


async def test_close_ends_the_children_after_the_work_at_hand(mail_with: MailWith, paper: PaperOf) -> None:
    reader = Reader(1, sees=False)
    await reader.warm()
    process = os.pidfd_open(*reader.server_pids)
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
import asyncio, os, signal, sys
from bot.documents.pool.reader import Reader
from tests.documents.pool.test_reader import locked_in
async def main():
    reader = Reader(sees=False)
    await locked_in(reader, asyncio.create_task(reader.read(sys.stdin.buffer.read())))
    processes = (*reader.server_pids, *reader.pids)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    print(*processes, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_children_die_with_a_daemon_that_is_killed_even_those_that_do_not_listen(slow_mail: bytes) -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        daemon.stdin.write(slow_mail)
        daemon.stdin.close()
        processes = [os.pidfd_open(int(pid)) for pid in daemon.stdout.readline().split()]
        daemon.kill()
    assert [is_gone(process) for process in processes] == [True, True]
    for process in processes:
        os.close(process)


def foreign_pdfs(every: int) -> list[bytes]:
    if not CORPUS.exists():
        pytest.skip("no ../shared/corpora")
    with tarfile.open(CORPUS) as archive:
        members = sorted((member for member in archive if member.isfile()), key=lambda member: member.name)
        return [file.read() for member in members[::every] if (file := archive.extractfile(member))]


async def test_a_mails_papers_are_handed_out_as_they_came(reader: Reader) -> None:
    large, small = b"%PDF-1.7 " + os.urandom(9 * 1024 * 1024), b"%PDF-1.7 small"
    content = mail(many(text(), attached(large), attached(b"MZ program"), attached(small)))
    handed = await reader.hand_out(content, 20 * 1024 * 1024)
    assert handed is not None
    assert [(one.kept_back, held) for one, held in handed] == [
        (None, large),
        (KeptBack.NO_PAPER, b""),
        (None, small),
    ]


async def survive(reader: Reader, mail_with: MailWith, contents: list[bytes]) -> None:
    mails = [mail_with(*contents[start : start + PDFS_OPENED]) for start in range(0, len(contents), PDFS_OPENED)]
    reads = await asyncio.gather(*(reader.read(mail) for mail in mails))
    found = [document for read in reads for document in documents(read)]
    assert [document.digest for document in found] == [hashlib.sha256(content).hexdigest() for content in contents]
    # None of these is a bomb; a reader that gave up on some would pass everything else here.
    assert [document.digest for document in found if document.trouble == OpenFailure.LIMITS] == []


@pytest.mark.corpora
@pytest.mark.asyncio(loop_scope="module")
async def test_some_foreign_pdfs_are_survived(reader: Reader, mail_with: MailWith) -> None:
    await survive(reader, mail_with, foreign_pdfs(every=5))


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_all_foreign_pdfs_are_survived(reader: Reader, mail_with: MailWith) -> None:
    await survive(reader, mail_with, foreign_pdfs(every=1))
