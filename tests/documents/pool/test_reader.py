"""The reader against real children: what it promises when they are bombed, killed, stopped or left alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
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
from bot.core.notice.read_mail import ReadFailure, TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.paper import PaperKind
from bot.core.records.secret import AuthKey
from bot.documents.contents import PDFS_OPENED
from bot.documents.pool.child import answers_to
from bot.documents.pool.confinement import ADDRESS_SPACE_BYTES
from bot.documents.pool.frames import OPENED, READ_MAIL, UNDERSTOOD, ReadRequest
from bot.documents.pool.reader import DEADLY_PAPERS, QUICK_CPU_SECONDS, Reader

MailWith = Callable[..., bytes]
PaperOf = Callable[[str], bytes]
CORPUS = Path(__file__).parents[3].parent / "shared" / "corpora" / "pdf.tar.gz"
GONE_SECONDS = 20
PAPERS_A_MAIL = PDFS_OPENED


FORMATS = Formats()
Result = UnderstoodMail | ReadFailure | TakesLong


def documents(read: Result) -> tuple[Document, ...]:
    assert isinstance(read, UnderstoodMail)
    return read.documents


def kinds(read: Result) -> list[PaperKind]:
    assert isinstance(read, UnderstoodMail)
    return [paper.kind for paper in read.understood.papers]


def read_here(content: bytes, formats: Formats = FORMATS) -> UnderstoodMail:
    """The same in this process, without any limit: only for what does no harm."""
    first, *papers, last = answers_to(content, ReadRequest(formats, mail_cpu=0, paper_cpu=0))
    read = READ_MAIL.validate_json(first)
    opened = tuple(document for paper in papers for document in OPENED.validate_json(paper).documents)
    return UnderstoodMail(read.mail, opened, UNDERSTOOD.validate_json(last), read.report)


def troubles(read: Result) -> list[OpenFailure | None]:
    return [document.trouble for document in documents(read)]


def is_gone(process: int) -> bool:
    """Wait until the process (given as a pidfd) has ended."""
    return bool(select.select([process], [], [], GONE_SECONDS)[0])


async def let_it_start(task: asyncio.Task[Result]) -> None:
    """Give the task turns enough to hand its mail to the child; the child is stopped, so none is too many."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()


@pytest.mark.parametrize("quick", [True, False])
async def test_a_mail_comes_back_with_its_papers_opened_and_understood(
    reader: Reader, mail_with: MailWith, paper: PaperOf, *, quick: bool
) -> None:
    mail = mail_with(paper("chromium-leaflet"), paper("scan"))
    read = await reader.read(mail, quick=quick)
    assert read == read_here(mail)
    assert (read.mail.subject, read.mail.body.strip()) == ("認証キー", "お世話になっております。")
    assert kinds(read) == [PaperKind.KEY_NOTICE, PaperKind.UNREADABLE]
    assert troubles(read) == [None, OpenFailure.NO_TEXT]


async def test_the_citys_own_formats_reach_the_child(reader: Reader) -> None:
    words = "保証契約番号：11111-111111\r\n認証キー：AB12 CD34 ef56\r\n"
    mail = f"From: a@example.jp\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}".encode()
    keys = []
    for formats in (FORMATS, Formats(keys=("[A-Z0-9]{8}",))):
        read = await reader.read(mail, formats)
        assert isinstance(read, UnderstoodMail)
        keys += [notice.reading.fields.auth_key for notice in read.understood.notices]
    assert keys == [AuthKey("AB12CD34ef56"), AuthKey("AB12CD34")]


async def test_a_mail_without_papers_has_none(reader: Reader) -> None:
    assert documents(await reader.read(b"From: a@example.jp\r\n\r\nhello\r\n")) == ()


def with_mail(words: str, fields: str = "") -> bytes:
    head = 'From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    own = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
    inner = (
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@example.jp\r\n{fields}Subject: x\r\n\r\nkey\r\n--b--\r\n"
    )
    return (head + own + inner).encode()


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
async def test_a_mail_that_is_nobodys_submission_stays_closed(reader: Reader, words: str, fields: str) -> None:
    assert troubles(await reader.read(with_mail(words, fields))) == [OpenFailure.ATTACHED_MAIL]


async def test_more_pdfs_than_the_limit_stay_closed(reader: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    read = await reader.read(mail_with(*[paper("reportlab-leaflet")] * (PDFS_OPENED + 2)))
    assert troubles(read) == [None] * PDFS_OPENED + [OpenFailure.LIMITS] * 2


async def test_after_two_bombs_the_other_papers_of_a_mail_stay_closed(
    reader: Reader, mail_with: MailWith, paper: PaperOf, self_recursive_pdf: bytes
) -> None:
    bombs = [self_recursive_pdf] * DEADLY_PAPERS
    notice = paper("reportlab-leaflet")
    read = await reader.read(mail_with(notice, *bombs, notice))
    assert troubles(read) == [None, *[OpenFailure.LIMITS] * DEADLY_PAPERS, OpenFailure.LIMITS]
    assert kinds(read)[0] == PaperKind.KEY_NOTICE


async def test_a_first_short_reading_leaves_a_bomb_for_later_and_costs_its_child_only(
    reader: Reader, mail_with: MailWith, paper: PaperOf, self_recursive_pdf: bytes
) -> None:
    assert await reader.read(mail_with(self_recursive_pdf), quick=True) == TakesLong()
    assert troubles(await reader.read(mail_with(paper("reportlab-leaflet")), quick=True)) == [None]


@pytest.mark.parametrize("bomb", ["self_recursive_pdf", "deflate_bomb_pdf"])
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


async def test_a_child_that_is_killed_over_a_mail_costs_a_retry_only(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, sees=False) as reader:
        await reader.warm()
        (child,) = reader.pids
        os.kill(child, signal.SIGSTOP)
        task = asyncio.create_task(reader.read(mail_with(paper("chromium-leaflet"))))
        await let_it_start(task)
        os.kill(child, signal.SIGKILL)
        assert troubles(await task) == [None]
        assert reader.pids != (child,)


async def test_a_child_that_was_killed_between_mails_is_replaced(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, sees=False) as reader:
        await reader.warm()
        (child,) = reader.pids
        process = os.pidfd_open(child)
        os.kill(child, signal.SIGKILL)
        assert is_gone(process)
        os.close(process)
        assert troubles(await reader.read(mail_with(paper("chromium-leaflet")))) == [None]


async def test_a_child_that_hangs_is_killed_and_the_mail_given_up(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, mail_seconds=0.5, sees=False) as reader:
        await reader.warm()
        (child,) = reader.pids
        process = os.pidfd_open(child)
        os.kill(child, signal.SIGSTOP)
        failure = await reader.read(mail_with(paper("chromium-leaflet")))
        assert failure == ReadFailure("the reading process died or ran out of time over the mail itself")
        assert is_gone(process)
        os.close(process)


async def test_a_cancelled_caller_leaves_no_child_out_of_step(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, sees=False) as reader:
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
        assert isinstance(read, UnderstoodMail)
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
    async with Reader(1, mails_a_child=2, sees=False) as reader:
        children = []
        for _ in range(5):
            await reader.warm()
            children += reader.pids
            await reader.read(mail_with())
        first, second, third, fourth, fifth = children
        assert (first, third) == (second, fourth)
        assert len({first, third, fifth}) == 3


async def test_a_child_is_replaced_while_nobody_waits_for_it(mail_with: MailWith) -> None:
    async with Reader(1, mails_a_child=2, sees=False) as reader:
        await reader.warm()
        (child,) = reader.pids
        for _ in range(2):
            await asyncio.gather(*(reader.read(mail_with()) for _ in range(2)))
        assert child not in reader.pids


async def test_where_others_wait_a_child_goes_on_until_twice_its_share(mail_with: MailWith) -> None:
    async with Reader(1, mails_a_child=2, sees=False) as reader:
        await reader.warm()
        (child,) = reader.pids
        seen: list[bool] = []

        async def read() -> None:
            await reader.read(mail_with())
            seen.append(child in reader.pids)

        await asyncio.gather(*(read() for _ in range(5)))
        assert seen[:3] == [True, True, True]
        assert seen[4] is False


def limits_of(child: int) -> dict[str, str]:
    limits = Path(f"/proc/{child}/limits").read_text("ascii")
    return dict(re.findall(r"^Max ([a-z ]+?) {2,}(\w+)", limits, re.MULTILINE))


def has_no_new_privileges(child: int) -> bool:
    return "\nNoNewPrivs:\t1\n" in Path(f"/proc/{child}/status").read_text("ascii")


def environment_of(child: int) -> bytes:
    return Path(f"/proc/{child}/environ").read_bytes()


def cpu_of(child: int) -> float:
    """Seconds of CPU time that the process has used."""
    fields = Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files_of(child: int) -> set[str]:
    return {str(entry.readlink()).partition(":")[0] for entry in Path(f"/proc/{child}/fd").iterdir()}


async def test_a_child_lives_within_its_limits(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, sees=False) as reader:
        await reader.read(mail_with(paper("chromium-leaflet")))
        (child,) = reader.pids
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
        assert os.getsid(child) == child


async def test_a_child_may_use_its_cpu_time_for_every_mail_anew(mail_with: MailWith) -> None:
    lines = "お世話になっております。認証キーは別途お送りします。\r\n" * 1500
    mail = f"From: a@example.jp\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{lines}".encode()
    async with Reader(1, sees=False) as reader:
        await reader.warm()
        children = reader.pids
        while cpu_of(*children) < 2 * QUICK_CPU_SECONDS:
            assert isinstance(await reader.read(mail, quick=True), UnderstoodMail)
        assert reader.pids == children


async def test_a_child_that_ran_out_of_cpu_time_is_not_tried_again(mail_with: MailWith) -> None:
    async with Reader(1, sees=False) as reader:
        await reader.warm()
        (child,) = reader.pids
        os.kill(child, signal.SIGSTOP)
        task = asyncio.create_task(reader.read(mail_with()))
        await let_it_start(task)
        os.kill(child, signal.SIGPROF)
        os.kill(child, signal.SIGCONT)
        assert isinstance(await task, ReadFailure)


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root may look into a child")
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
    reader = Reader(1, sees=False)
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
    reader = Reader(sees=False)
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
    # None of these is a bomb; a reader that gave up on some would pass everything else here.
    assert [document.digest for document in found if document.trouble == OpenFailure.LIMITS] == []


@pytest.mark.corpora
async def test_some_foreign_pdfs_are_survived(reader: Reader, mail_with: MailWith) -> None:
    await survive(reader, mail_with, foreign_pdfs(every=5))


@pytest.mark.corpora
@pytest.mark.slow
async def test_all_foreign_pdfs_are_survived(reader: Reader, mail_with: MailWith) -> None:
    await survive(reader, mail_with, foreign_pdfs(every=1))
