"""`storage move`: SQLite to PostgreSQL and back, and when it refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from storage.database.daemon_lock import DaemonLock
from tests.commands.test_backup import call, config, keep

__all__ = ["config"]  # a fixture of its own file


@pytest.mark.postgresql
def test_a_database_is_moved_there_and_back_and_the_settings_are_named(config: Path, new_postgresql: str) -> None:
    keep(config, 3)
    moved = call(config, "storage", "move", "--to", new_postgresql)
    assert (moved.exit_code, "行を写し、全て照合しました" in moved.stdout) == (0, True), moved.output
    assert "storage.url を移した先" in moved.stdout
    again = call(config, "storage", "move", "--to", new_postgresql)
    assert (again.exit_code, "空ではありません" in again.stderr) == (1, True)

    config.write_text(config.read_text("utf-8").replace("[storage]", f'[storage]\nurl = "{new_postgresql}"'), "utf-8")
    listed = call(config, "mail", "list", "--json")
    assert len(listed.stdout.splitlines()) == 3
    back = f"sqlite:///{config.parent}/back.db"

    async def beside_a_daemon() -> int:
        async with await DaemonLock.take(new_postgresql, beside=True):
            return await asyncio.to_thread(lambda: call(config, "storage", "move", "--to", back).exit_code)

    assert asyncio.run(beside_a_daemon()) == 1
    assert not Path(config.parent, "back.db").exists()
    assert call(config, "storage", "move", "--to", back).exit_code == 0
    assert call(config, "journal", "verify").exit_code == 0


def test_the_same_place_and_what_is_no_url_are_wrong_calls(config: Path) -> None:
    keep(config, 1)
    for place in ("sqlite:///var/x.db", f"sqlite:///{config.parent}/data/hosho.db", "mysql://x"):
        assert call(config, "storage", "move", "--to", place).exit_code == 2
