"""A private PostgreSQL cluster that lives as long as the test run, as fixtures for every room (see tests/conftest.py)."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.peers import free_port


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _as_other_user() -> tuple[list[str], tuple[int, int] | None]:
    """PostgreSQL refuses root: the command's prefix, and who must own the folder."""
    if os.geteuid() != 0:
        return [], None
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no setpriv to become somebody else")
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    prefix = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return prefix, (user.pw_uid, user.pw_gid)


class Server:
    """A cluster of its own, which a test may stop, start and copy. `options`: the server's, as `-c` takes them."""

    def __init__(self, folder: Path, options: str, port: int = 5432) -> None:
        self._programs = _programs()
        if self._programs is None:
            pytest.skip("PostgreSQL's server programs are not installed")
        pytest.importorskip("asyncpg")
        self._prefix, self._owner = _as_other_user()
        self.folder, self._data = folder, folder / "data"
        self._options, self.port = options, port
        folder.chmod(0o700)
        if self._owner:
            os.chown(folder, *self._owner)

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs, as the user who owns the cluster."""
        command = [*self._prefix, str(self._programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)

    def make(self) -> None:
        """A new cluster."""
        self.run("initdb", "-D", str(self._data), "-U", "bot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def copy(self, primary: "Server") -> None:
        """A streaming replica."""
        source = f"host=127.0.0.1 port={primary.port} user=bot"
        self.run("pg_basebackup", "-D", str(self._data), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", source)

    def start(self, options: str = "") -> None:
        """Until it answers."""
        options = f"{self._options} {options} -c port={self.port} -c fsync=off -c log_min_messages=panic"
        self.run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Until it has gone."""
        self.run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def promote(self) -> None:
        """The replica is the primary from now on."""
        self.run("pg_ctl", "-D", str(self._data), "-w", "promote")


@contextmanager
def server(folder: Path, options: str, port: int = 5432) -> Iterator[Server]:
    """Made by the caller (`make`, or `copy` and `start`); whatever becomes of it, it is gone afterwards."""
    one = Server(folder, options, port)
    try:
        yield one
    finally:
        with suppress(subprocess.CalledProcessError):  # stopped already
            one.stop()


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A running server's socket folder, as the end of a URL."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path may have 107 bytes only: not pytest's tmp_path
    try:
        with server(folder, f"-c listen_addresses='' -c unix_socket_directories={folder}") as one:
            one.make()
            one.start()
            yield f"?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def loopback() -> Iterator[Callable[[], Server]]:
    """A maker of servers on 127.0.0.1 that are not running yet."""
    with ExitStack() as stack:

        def make() -> Server:
            folder = Path(tempfile.mkdtemp(prefix="pg"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
            return stack.enter_context(server(folder, options, free_port()))

        yield make


async def new_database(cluster: str) -> str:
    import asyncpg  # noqa: PLC0415 - the fixture above has skipped where it is absent

    name = f"store_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(f"postgres://bot@/postgres{cluster}")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"postgres://bot@/{name}{cluster}"


@pytest.fixture
async def new_postgresql(cluster: str) -> str:
    """An empty PostgreSQL database."""
    return await new_database(cluster)
