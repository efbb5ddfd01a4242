"""A healthy installation in a folder, for the tests of `doctor` and `init`: settings, folders, keys, an empty database."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.clock import utc_now
from bot.config.mistakes import toml_value
from bot.config.settings import Config, load
from storage.store import KeyFile, Store
from tests import databases
from tests.peers import free_port

HEALTHY = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
authserv_id = "mx.city.example.jp"
check_dns = false
staff_domains = ["city.example.jp"]
[storage]
folder = "data"
key_file = "keys/hosho.key"
key_copy = "safe/hosho.key"
free_mib = 1
[lmtp]
enabled = true
max_message_mib = 1
[smtp]
max_message_mib = 1
[imap]
max_message_mib = 1
[operator]
address = "joho@city.example.jp"
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


def write(folder: Path, changes: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
    """The settings with these changes to their tables."""
    data = tomllib.loads(HEALTHY)
    data["lmtp"]["port"] = free_port()
    for table, values in (changes or {}).items():
        if table == "desks":
            data["desks"][0] |= values
        else:
            data[table] = {**data.get(table, {}), **values}
    lines = [
        line
        for table, values in data.items()
        for line in (
            f"[[{table}]]" if isinstance(values, list) else f"[{table}]",
            *(
                f"{key} = {toml_value(value)}"
                for key, value in (values[0] if isinstance(values, list) else values).items()
            ),
        )
    ]
    file = folder / "config.toml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


async def install(folder: Path) -> Config:
    """All that a first start makes, and the key file's copy."""
    config = load(write(folder))
    await databases.give(config.data_folder / "hosho.db")
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=utc_now):
        pass
    copy = folder / "safe/hosho.key"
    copy.parent.mkdir(0o700)
    copy.touch(0o600)
    copy.write_bytes(config.key_file.read_bytes())
    return config


def secret(folder: Path, word: str = "right") -> str:
    """A password's file; its name."""
    file = folder / "password"
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    file.write_text(word)
    return str(file)
