"""A private PostgreSQL cluster that lives as long as the test run, as fixtures for every room (see tests/conftest.py)."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


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


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A running server's socket folder, as the end of a URL."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    pytest.importorskip("asyncpg")
    prefix, owner = _as_other_user()
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path may have 107 bytes only: not pytest's tmp_path
    if owner:
        os.chown(folder, *owner)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [*prefix, str(programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)

    try:
        run("initdb", "-D", str(data), "-U", "bot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c log_min_messages=panic"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
