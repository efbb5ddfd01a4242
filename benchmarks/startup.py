"""What starting costs: commands, the daemon, its processes for text and for pictures, the demo, one mail. `python -m benchmarks.startup`.

Each is started several times as a process of its own, with bytecode files; the table has the medians of the wall clock and of
the CPU time, children's included. On a machine that does other work only the CPU time says something. Raises RuntimeError
when something does not start.
"""

from __future__ import annotations

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path
from types import MappingProxyType

from bot.documents.pool.frames import SIGHT
from bot.documents.pool.process import FORK_SERVER

REPEATS = 5
_ROOT = Path(__file__).resolve().parents[1]
_PATIENCE_SECONDS = 120.0
_ENVIRONMENT = MappingProxyType({k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"})

Start = Callable[[], None]


def starts(folder: Path) -> Mapping[str, Start]:
    """What is started, by its name in the table; the demo comes first and leaves settings and a database in the folder."""
    config = folder / "config.toml"
    return {
        "`demo --brief`": lambda: _command("demo", "--brief", "--folder", str(folder)),
        "`--help`": lambda: _command("--help"),
        "`outbox list`": lambda: _command("outbox", "list", "--config", str(config)),
        "`serve`, listening": lambda: _serve(config),
        "the process for text, ready": _fork_server,
        "the same, then the one for pictures": lambda: _fork_server(for_pictures=True),
        "`inspect` of one mail": lambda: _command("inspect", str(_mail(folder))),
    }


def _mail(folder: Path) -> Path:
    """A mail with one of the demo's notices."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@kensetsu.example.jp", "hosho@city.example.jp", "認証キーのお知らせ"
    mail.set_content("お世話になっております。認証キーのお知らせをお送りします。")
    notice = (_ROOT / "bot/commands/sample/notice.pdf").read_bytes()
    mail.add_attachment(notice, maintype="application", subtype="pdf", filename="notice.pdf")
    file = folder.parent / "notice.eml"
    file.write_bytes(mail.as_bytes())
    return file


def _command(*arguments: str) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "bot", *arguments), env=_ENVIRONMENT, cwd=_ROOT, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}")


def _serve(config: Path) -> None:
    """Until the door greets; what its processes begin behind the open door is cut short."""
    port = tomllib.loads(config.read_text("utf-8"))["smtp"]["port"]
    command = (sys.executable, "-m", "bot", "serve", "--config", str(config))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with subprocess.Popen(command, env=_ENVIRONMENT, cwd=_ROOT, stderr=subprocess.DEVNULL) as process:
        while not _greets(port):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError("the daemon did not start")
            time.sleep(0.02)
        process.kill()


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


def _fork_server(*, for_pictures: bool = False) -> None:
    """Until it says that a mail could be read, or until the one that it makes for pictures says so."""
    command = (sys.executable, "-E", "-s", "-m", FORK_SERVER, str(os.getpid()))
    environment = {
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }
    control, its_own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with (
        control,
        its_own,
        subprocess.Popen(
            command, env=environment, cwd=_ROOT, stdin=its_own.fileno(), stderr=subprocess.DEVNULL
        ) as process,
    ):
        its_own.close()
        said = control.recv(1)
        if said and for_pictures:
            said = _made(control).recv(1)
        control.close()
        process.wait()
    if not said:
        raise RuntimeError("a process that reads did not start")


def _made(control: socket.socket) -> socket.socket:
    """What a fork server for pictures talks on, which this one makes; it ends when that is closed."""
    talk, its_talk = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fate, its_fate = socket.socketpair()
    with fate, its_talk, its_fate:
        socket.send_fds(control, [SIGHT], [its_talk.fileno(), its_fate.fileno()])
    return talk


def measured(start: Start, repeats: int = REPEATS) -> tuple[float, float]:
    """The medians of seconds by the wall and of CPU seconds, after one start that warms the disk's cache."""
    start()
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), _cpu_of_children()
        start()
        walls.append(time.perf_counter() - wall)
        cpus.append(_cpu_of_children() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def _cpu_of_children() -> float:
    """CPU seconds of all processes that were started here and have ended, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    print(f"{len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}\n")
    print("| start | wall s | CPU s |\n|---|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="hosho-startup-") as folder:
        for name, start in starts(Path(folder) / "demo").items():
            wall, cpu = measured(start)
            print(f"| {name} | {wall:.2f} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
