"""The whole daemon when its ground is taken away: a second one, files gone or replaced, a full disk, signals, and its log."""

from __future__ import annotations

import resource
import shutil
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS, within
from tests.whole.conftest import INBOX, mail_with, notice, register_of
from tests.whole.world import Daemon, answers, wait_until

REGISTER = "工事名,受注者名,保証区分\n見本工事,見本建設,契約\n"
LEAFLET = "chromium-leaflet"
ENDS_SECONDS = 10.0
FILES = ("hosho.db", "hosho.db-wal", "hosho.db-shm")
PLAIN = b"From: tanto@kensetsu.example.jp\r\nTo: hosho@city.example.jp\r\nSubject: shitsumon\r\nMessage-ID: <%d@x.example.jp>\r\n\r\n?\r\n"


def serve(bot: Daemon, *arguments: str) -> tuple[subprocess.CompletedProcess[str], float, float]:
    """A `serve` that is expected to end by itself; how it ended, its seconds, and those of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bot", "serve", *arguments, "--config", str(bot.config)],
        capture_output=True,
        text=True,
        check=False,
        cwd=bot.folder,
        timeout=PATIENCE_SECONDS,
    )
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def reply_to(bot: Daemon, number: int) -> int:
    """Send a plain mail; the code of the first reply that is not the usual one, or of the last."""
    content = PLAIN % number
    try:
        bot.send(content, mail_from="tanto@kensetsu.example.jp")
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    return 250


def lines(bot: Daemon, level: str) -> list[str]:
    return [line for line in bot.log().splitlines() if f"[{level:9}]" in line]


# -- one daemon per SQLite file


def test_a_second_daemon_refuses_at_once_and_the_next_starts_after_kill_9(daemon, figure):
    bot = daemon()
    walls, works = [], []
    for _ in range(3):
        done, wall, work = serve(bot)
        walls.append(wall)
        works.append(work)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("起動できません: このデータベース（")
        assert line.endswith("先にそれを止めてください")
    assert min(works) < 2  # the promise is about a machine that does nothing else
    figure(f"a second daemon on SQLite refuses in {min(walls):.2f} s, {min(works):.2f} s of them its own (limit 2 s)")
    assert bot.rows("mail", "list") == []  # commands work beside it
    bot.kill()
    bot.start()
    bot.send(PLAIN % 1, mail_from="tanto@kensetsu.example.jp")


# -- files


def test_a_database_moved_away_is_refused_for_now_and_works_again_when_it_is_back(daemon, figure):
    bot = daemon()
    assert reply_to(bot, 1) == 250
    data, aside = bot.folder / "data", bot.folder / "aside"
    aside.mkdir()
    for name in FILES:
        (data / name).rename(aside / name)
    wait_until(lambda: lines(bot, "error"))
    assert [reply_to(bot, number) for number in range(2, 22)] == [451] * 20
    assert not (data / "hosho.db").exists()
    for name in FILES:
        (aside / name).rename(data / name)
    began = time.monotonic()
    assert reply_to(bot, 2) == 250
    figure(f"a database moved away: 20 of 20 mails refused for now, {len(lines(bot, 'error'))} lines in the log, "
           f"well {time.monotonic() - began:.1f} s after it was back")  # fmt: skip
    told = lines(bot, "error")
    assert "hosho.db が、動いている間になくなりました" in told[0]
    assert len(told) <= 6  # one from each room that met it, not one a mail
    assert bot.is_running


def test_a_backup_restored_under_the_daemon_stops_it_and_the_old_wal_is_not_laid_over_it(daemon):
    bot = daemon()
    data = bot.folder / "data"
    bot.send(PLAIN % 1, mail_from="tanto@kensetsu.example.jp")
    wait_until(lambda: {row["state"] for row in bot.rows("outbox", "list")} == {"delivered"})
    assert bot.stop() == 0
    shutil.copy(data / "hosho.db", data / "copy")
    bot.start()
    assert reply_to(bot, 2) == 250
    del bot.acknowledged[1:]  # the operator takes it back
    (data / "copy").replace(data / "hosho.db")
    with suppress(OSError, smtplib.SMTPException):
        assert reply_to(bot, 3) == 451
    assert bot.process.wait(PATIENCE_SECONDS) == 1
    assert "入れ替えられたか、なくなりました。停止します" in bot.log()
    if (data / "hosho.db-wal").exists():
        done, _, _ = serve(bot)
        assert done.returncode == 1
        assert "hosho.db-wal と hosho.db-shm を別のフォルダへ移してください" in done.stderr
        for name in FILES[1:]:
            (data / name).rename(bot.folder / name)
    bot.start()
    assert len(bot.rows("mail", "list")) == 1


def test_an_empty_database_is_begun_where_there_was_one_only_when_told_so(daemon):
    bot = daemon()
    bot.send(PLAIN % 1, mail_from="tanto@kensetsu.example.jp")
    assert bot.stop() == 0
    (bot.folder / "data" / "hosho.db").rename(bot.folder / "lost.db")
    for command in (["serve"], ["mail", "list"]):
        assert "serve --new-database" in bot.command(*command, code=1)
    assert not (bot.folder / "data" / "hosho.db").exists()
    (bot.folder / "lost.db").rename(bot.folder / "data" / "hosho.db")


def test_others_may_not_read_the_data_or_nothing_starts(daemon):
    bot = daemon(start=False, register=REGISTER)  # the import makes the database
    for path, mode in ((bot.folder / "data" / "hosho.db", 0o600), (bot.folder / "data", 0o700)):
        path.chmod(mode | 0o055)
        for command in (["serve"], ["mail", "list"]):
            assert f"chmod {mode:o} {path} を実行してください" in bot.command(*command, code=1)
        path.chmod(mode)
    assert bot.rows("mail", "list") == []


def test_no_core_is_dumped(daemon):
    bot = daemon()
    limits = Path(f"/proc/{bot.process.pid}/limits").read_text("ascii")
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]


# -- the disk


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Iterator[None]:
    place.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_runs_full_refuses_before_it_promises_and_takes_again_when_there_is_room(daemon, tmp_path, figure):
    with small_disk(tmp_path / "data", 80):
        bot = daemon(storage="free_mib = 1")  # then it is 1.5 mails of 25 MiB
        assert reply_to(bot, 1) == 250
        ballast = tmp_path / "data" / "ballast"
        ballast.write_bytes(bytes(60 * 2**20))
        assert [reply_to(bot, number) for number in range(2, 12)] == [452] * 10
        ballast.unlink()
        began = time.monotonic()
        assert reply_to(bot, 2) == 250
        figure(f"disk full: 10 of 10 mails refused with 452, the next one taken {time.monotonic() - began:.1f} s after")
        wait_until(lambda: "there is room again" in bot.log())
        assert [line for line in lines(bot, "error") if "too little room" in line] == lines(bot, "error")
        assert bot.log().count("too little room on the disk") == bot.log().count("there is room again") == 1
        assert bot.stop() == 0
        bot.unchecked = "its disk goes with the test"


# -- signals


def in_data(bot: Daemon) -> socket.socket:
    """A client in the middle of its mail."""
    client = socket.create_connection(("127.0.0.1", bot.smtp_port), PATIENCE_SECONDS)
    for line in (
        b"",
        b"EHLO x.example.jp\r\n",
        b"MAIL FROM:<a@x.example.jp>\r\n",
        b"RCPT TO:<%s>\r\n" % INBOX.encode(),
        b"DATA\r\n",
    ):
        client.sendall(line)
        client.recv(4096)
    client.sendall(b"Subject: half\r\n")
    return client


def at_work(bot: Daemon) -> None:
    """Mails that keep the reading processes busy."""
    for number in range(6):
        bot.send(mail_with(*[LEAFLET] * 5, message_id=f"{number}@x.example.jp"))


STATES: dict[str, Callable[[Daemon], object]] = {
    "idle": lambda bot: None,
    "a client in the middle of its mail": in_data,
    "mails in work": at_work,
}


@pytest.mark.parametrize("state", STATES)
def test_sigterm_ends_it_in_any_state_within_ten_seconds(daemon, state, figure, count):
    bot = daemon()
    longest = 0.0
    for number in range(count(1, 20)):
        if number:
            bot.start()
        kept = STATES[state](bot)
        began = time.monotonic()
        for _ in range(2 - number % 2):  # twice is no error
            bot.process.terminate()
        code = bot.process.wait(PATIENCE_SECONDS)
        longest = max(longest, time.monotonic() - began)
        assert code == 0, bot.log()
        if isinstance(kept, socket.socket):
            kept.close()
    assert longest < within(ENDS_SECONDS)
    figure(f"SIGTERM, {state}: ended after {longest:.1f} s at most (limit 10 s)")


def test_sigterm_while_it_starts_ends_it(daemon, count):
    bot = daemon(start=False, register=REGISTER)  # the import makes the database
    for number in range(count(3, 100)):
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve", "--config", str(bot.config)],
            stderr=subprocess.DEVNULL,
            cwd=bot.folder,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.3 + number % 10 * 0.25)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) in (0, -15)


def test_a_daemon_whose_database_is_locked_by_another_process_still_ends(daemon, figure):
    bot = daemon()
    import sqlite3  # noqa: PLC0415 - only here

    other = sqlite3.connect(bot.folder / "data" / "hosho.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    replies: list[object] = []

    def send() -> None:
        try:
            replies.append(reply_to(bot, 1))
        except OSError as error:
            replies.append(error)

    client = threading.Thread(target=send)
    client.start()
    time.sleep(0.5)  # the mail is with the committer by now, or it comes too late: it is not taken in either case
    began = time.monotonic()
    bot.process.terminate()
    bot.process.wait(PATIENCE_SECONDS)
    seconds = time.monotonic() - began
    client.join(PATIENCE_SECONDS)
    other.close()
    assert seconds < within(ENDS_SECONDS)
    assert replies != [250]
    figure(f"SIGTERM while another process locks the database: ended after {seconds:.1f} s (limit 10 s)")


# -- few of everything


def test_with_few_file_descriptors_it_refuses_for_a_while_and_recovers(daemon, tmp_path):
    bot = daemon()
    resource.prlimit(bot.process.pid, resource.RLIMIT_NOFILE, (bot.descriptors() + 8, 64))
    clients: list[socket.socket] = []
    for _ in range(30):
        client = socket.create_connection(("127.0.0.1", bot.smtp_port), PATIENCE_SECONDS)
        clients.append(client)
    for client in clients:
        client.close()
    wait_until(lambda: answers(bot.smtp_port))
    assert reply_to(bot, 1) == 250
    assert bot.is_running


def test_a_reading_process_that_can_not_start_costs_time_and_no_mail(daemon, relay):
    bot = daemon(register=register_of(LEAFLET))
    usual = resource.prlimit(bot.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(bot.process.pid, resource.RLIMIT_NOFILE, (bot.descriptors() + 2, usual[1]))  # no pipes for a child
    for child in Path(f"/proc/{bot.process.pid}/task/{bot.process.pid}/children").read_text().split():
        subprocess.run(["kill", "-9", child], check=True)
    bot.send(mail_with(LEAFLET))
    time.sleep(1)
    resource.prlimit(bot.process.pid, resource.RLIMIT_NOFILE, usual)
    (letter,) = relay.take(1)
    assert letter.recipient == "tanto@kensetsu.example.jp"


# -- the log


def forms_of(key: str) -> list[str]:
    """A key as it may stand in a log: as it is, or in the codings of mail."""
    import base64  # noqa: PLC0415 - only here

    whole = [base64.b64encode((" " * shift + key).encode()).decode()[4:-4] for shift in range(3)]
    return [key, *whole, key.encode().hex()]


@pytest.mark.parametrize("form", ["text", pytest.param("json", marks=pytest.mark.slow)])
def test_no_key_reaches_the_log_at_any_level(daemon, relay, form, figure):
    typed = "Kq7Vw2Xm9Zb4"
    bot = daemon(extra=f'[log]\nlevel = "debug"\nformat = "{form}"\n', register=register_of(LEAFLET))
    bot.send(mail_with(LEAFLET))
    text = mail_with(message_id="typed@x.example.jp")
    text.set_content(f"保証契約番号：00000-000000\n認証キー：{typed}\n", cte="8bit")
    bot.send(text)
    forged = f"Subject: x\x1b[31m\r\n forged {typed}\r\nMessage-ID: <\n{typed}@x>\r\n\r\n{typed}\r\n".encode()
    bot.send(forged, mail_from=f"{typed}@kensetsu.example.jp")
    bot.not_secret.add(typed)  # it is somebody's address now
    wait_until(lambda: not bot.rows("mail", "list", "--state", "received"))
    (bot.folder / "data" / "hosho.db").rename(bot.folder / "gone.db")  # and with the errors of every room
    reply_to(bot, 9)
    wait_until(lambda: lines(bot, "error") or '"level": "error"' in bot.log())
    (bot.folder / "gone.db").rename(bot.folder / "data" / "hosho.db")
    assert bot.stop() == 0
    log = bot.log()
    for key in (typed, notice(LEAFLET)["auth_key"]):
        for shape in forms_of(key):
            assert shape not in log
    assert "\x1b" not in log
    figure(f"log at level debug ({form}): {len(log.splitlines())} lines, 0 keys")
