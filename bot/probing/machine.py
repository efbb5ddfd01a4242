"""What this machine has for the settings: folders, files, programs, ports, disk, keys, recogniser, calendar, addresses.

Called by `doctor` and `check-config`, as the user who runs them. Nothing is changed, nothing is sent; nothing is raised.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import jpholiday

from bot.config.settings import Config
from bot.config.types import is_loopback
from bot.core.health.probe_facts import (
    Address,
    Addresses,
    Bind,
    CaFile,
    Days,
    Disk,
    Door,
    Fact,
    KeyCopy,
    KeyFileFact,
    NoProgram,
    Ocr,
    Place,
    Reach,
    Twin,
    Use,
)
from bot.core.mail.trace_headers import is_ours
from bot.core.text.dates import JAPAN
from bot.documents.images.data_files import missing_data, missing_packages
from storage.database.daemon_lock import is_running
from storage.errors import StoreError
from storage.files import sqlite_file


def database_file(config: Config) -> Path | None:
    """The SQLite file of the settings; None for PostgreSQL."""
    return sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None


async def has_daemon(config: Config) -> bool:
    """Whether the daemon runs; nothing is made where it has never run."""
    file = database_file(config)
    if file is not None and not file.with_name(f"{file.name}.daemon").exists():
        return False
    try:
        return await is_running(config.database_url)
    except StoreError:
        return False


def look(config: Config, *, runs: bool) -> Iterator[Fact]:
    """What can't work here, by the settings alone. `runs`: our daemon does, and has its ports."""
    yield from _places(config)
    if config.outgoing.ca_file and (unfit := _ca_file(config.path(config.outgoing.ca_file))):
        yield unfit
    for key, words in (("imap", config.imap.token_command), ("outgoing", config.outgoing.token_command)):
        if words and shutil.which(words[0]) is None:
            yield NoProgram(f"{key}.token_command", words[0])
    for name, door in (("smtp", config.smtp), ("lmtp", config.lmtp)):
        if door.enabled:
            yield _door(name, door.host, door.port, runs=runs)
    host, _, port = config.monitoring.listen.rpartition(":")
    if port.isdecimal():
        yield _door("monitoring", host.strip("[]"), int(port), runs=runs)
    free = shutil.disk_usage(_nearest(config.data_folder)).free
    yield Disk("storage.folder", free, config.room_bytes)


def look_further(config: Config, now: datetime) -> Iterator[Fact]:
    """What `doctor` looks at besides."""
    yield _key_file(config)
    if config.pictures.recognise:
        yield Ocr(missing_packages(), missing_data())
    next_year = now.astimezone(JAPAN).year + 1
    closed = frozenset(day.year for day in config.summary.closed_days)
    yield Days(len(jpholiday.year_holidays(next_year)), closed)
    yield _addresses(config)


# -- folders and files


def _places(config: Config) -> Iterator[Fact]:
    file = database_file(config)
    if file is not None:
        yield _place("storage.url" if config.storage.url else "storage.folder", file.parent, Use.PRIVATE)
    if file is None or file.parent != config.data_folder:
        yield _place("storage.folder", config.data_folder, Use.OURS)
    if not config.key_file.exists():
        yield _place("storage.key_file", config.key_file.parent, Use.SHARED)  # the file itself is private
    if config.outgoing.method == "maildir" and config.outgoing.maildir:
        yield _place("outgoing.maildir", config.maildir, Use.OURS)
    if config.backup.folder:
        yield _place("backup.folder", config.path(config.backup.folder), Use.OURS)
    shared = {"folder.path": config.folder.path, "register.watch_folder": config.register_.watch_folder}
    places = {key: config.path(path) for key, path in shared.items() if path}
    for key, place in places.items():
        yield _place(key, place, Use.SHARED)
    if len(set(places.values())) < len(places):
        yield Twin("register.watch_folder")


def _nearest(place: Path) -> Path:
    """The place, or the nearest folder above it that there is. Raises OSError where we may not look."""
    return next((path for path in (place, *place.parents) if path.exists()), Path("/"))


def _place(key: str, place: Path, use: Use) -> Place:
    fact = partial(Place, key, str(place), use)
    try:
        there = _nearest(place)
        mode = there.stat().st_mode
    except OSError as error:  # a folder above that we may not look into
        return fact(why=error.strerror or type(error).__name__)
    return fact(str(there), "", there.is_dir(), os.access(there, os.R_OK | os.W_OK | os.X_OK), mode & 0o7777)


def _ca_file(file: Path) -> CaFile | None:
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        return CaFile("outgoing.ca_file", str(file), "")
    except OSError as error:
        return CaFile("outgoing.ca_file", str(file), error.strerror or type(error).__name__)
    return None


def _key_file(config: Config) -> KeyFileFact:
    from storage.keys.key_file import KeyFile  # noqa: PLC0415 - ciphers, which `check-config` need not wait for

    file, database = config.key_file, database_file(config)
    trouble, newest = "", ""
    if exists := file.exists():
        try:
            newest = KeyFile(file).vault().key_ids[0]
        except StoreError as error:
            trouble = str(error)
    copy = config.storage.key_copy
    return KeyFileFact(
        str(file),
        exists,
        database is not None and database.exists(),
        config.data_folder in file.parents,
        trouble,
        _key_copy(config.path(copy), newest) if copy else None,
    )


def _key_copy(place: Path, newest: str) -> KeyCopy:
    """The copy may be another user's; it is never used."""
    from storage.keys.vault import Vault  # noqa: PLC0415 - as above

    try:
        mode = place.stat().st_mode & 0o7777
        lines = [line.strip() for line in place.read_text("utf-8").splitlines()]
    except FileNotFoundError:
        return KeyCopy(str(place), exists=False)
    except (OSError, UnicodeDecodeError) as error:
        return KeyCopy(str(place), why=getattr(error, "strerror", "") or "鍵ファイルではありません")
    try:
        ids = Vault([line for line in lines if line and not line.startswith("#")]).key_ids
    except ValueError:
        ids = ()
    return KeyCopy(str(place), mode=mode, has_key=newest in ids)


# -- ports


def _door(section: str, host: str, port: int, *, runs: bool) -> Door:
    error = None if runs else _cannot_listen(host, port)
    if error is None:
        bind = Bind.OPENS
    elif error.errno == errno.EADDRINUSE:
        bind = Bind.TAKEN
    else:
        bind = Bind.FORBIDDEN if error.errno in {errno.EACCES, errno.EPERM} else Bind.NOT_HERE
    return Door(section, host, port, _reach(host), bind, str(error.strerror or error) if error else "")


def _reach(host: str) -> Reach:
    if is_loopback(host):
        return Reach.LOOPBACK
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name, of an address of this machine
        return Reach.INSIDE
    return Reach.INSIDE if address.is_private and not address.is_unspecified else Reach.WORLD


def _cannot_listen(host: str, port: int) -> OSError | None:
    """Why the port can't be opened; None: it can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen(1)
    except OSError as error:
        return error
    return None


# -- addresses


def _addresses(config: Config) -> Addresses:
    user = config.imap.user.lower() if config.imap.enabled and "@" in config.imap.user else ""
    ours = (*config.addresses, *([user] if user else ()))
    given = [("operator.address", config.operator.address)]
    for place, desk in enumerate(config.desks, 1):
        named = {"address": desk.address, "deputy": desk.deputy, "head": desk.head, "keys_address": desk.keys_address}
        given += [(f"desks（{place}番目）.{key}", address) for key, address in named.items()]
        given += [(f"desks（{place}番目）.staff", address) for address in desk.staff]
    found = tuple(Address(key, address, is_ours(address, ours)) for key, address in given if address)
    return Addresses(found, own_domains(config))


def own_domains(config: Config) -> tuple[str, ...]:
    """The city's, in lower case: those of its staff and of its inboxes."""
    of_inboxes = (address.rpartition("@")[2] for address in config.inboxes)
    return tuple(dict.fromkeys([*map(str.lower, config.mail.staff_domains), *of_inboxes]))
