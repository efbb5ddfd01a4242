"""What stands against the settings on this machine: folders, files, programs, ports; and who can't be reached.

Asked by `check-config`, as the user who runs it: `check` about settings that can't work here, `notes` about what may be a bad moment.
Nothing is changed, nothing is sent. `check` raises ConfigError.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bot.config.mistakes import ConfigError, Mistake
from bot.config.settings import Config
from bot.config.types import is_loopback
from storage.database.daemon_lock import is_running
from storage.errors import StoreError
from storage.files import DiskRoom, sqlite_file

_ANSWER_SECONDS = 5.0


def check(config: Config) -> None:
    """Raise ConfigError with all that can't work here."""
    if found := tuple(_faults(config)):
        raise ConfigError(found)


def _faults(config: Config) -> Iterator[Mistake]:
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
    yield from _folder(
        "storage.folder" if not config.storage.url else "storage.url", file.parent if file else config.data_folder
    )
    if not config.key_file.exists():
        yield from _folder("storage.key_file", config.key_file.parent)
    if config.outgoing.method == "maildir" and config.outgoing.maildir:
        yield from _folder("outgoing.maildir", config.maildir)
    watched = {"folder.path": config.folder.path, "register.watch_folder": config.register_.watch_folder}
    places = {key: config.path(path) for key, path in watched.items() if path}
    for key, place in places.items():
        yield from _folder(key, place)
    if len(set(places.values())) < len(places):
        yield Mistake("register.watch_folder", "folder.path と同じフォルダです", "別のフォルダにしてください")
    if config.outgoing.ca_file:
        yield from _certificates("outgoing.ca_file", config.path(config.outgoing.ca_file))
    for key, words in (("imap", config.imap.token_command), ("outgoing", config.outgoing.token_command)):
        if words and shutil.which(words[0]) is None:
            cure = "絶対パスで書き、実行できる権限を付けてください"
            yield Mistake(f"{key}.token_command", f"{words[0]} というプログラムがありません", cure)
    for name, door in (("smtp", config.smtp), ("lmtp", config.lmtp)):
        if door.enabled and (error := _cannot_listen(door.host, door.port)) and error.errno != errno.EADDRINUSE:
            yield from _door(name, door.host, door.port, error)


async def notes(config: Config, *, offline: bool) -> list[str]:
    """What may keep it from working just now."""
    said: list[str] = []
    is_ours = await _has_ports(config)
    for door in (config.smtp, config.lmtp):
        if not door.enabled:
            continue
        error = None if is_ours else _cannot_listen(door.host, door.port)
        if error is not None and error.errno == errno.EADDRINUSE:
            said.append(f"ポート {door.port} は、ほかのプログラムが使っています（ss -ltnp で確かめられます）")
        if not is_loopback(door.host):
            said.append(
                f"{door.host}:{door.port} は、ほかの機械からもつながります。市のメールサーバーだけがつながるようにしてください"
            )
    if not DiskRoom(_existing(config.data_folder), config.room_bytes)():
        said.append(f"ディスクの空きが {config.room_bytes >> 20} MiB より少ないため、メールを受け取りません")
    if not offline and config.imap.enabled:
        said += await _unreachable("受信箱のサーバー", config.imap.host, config.imap.port)
    return said


async def _has_ports(config: Config) -> bool:
    """Whether the daemon runs, and so has the ports itself; nothing is made where it has never run."""
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
    if file is not None and not file.with_name(f"{file.name}.daemon").exists():
        return False
    try:
        return await is_running(config.database_url)
    except StoreError:
        return False


def _existing(place: Path) -> Path:
    """The place, or the nearest folder above it that there is."""
    return next((path for path in (place, *place.parents) if path.exists()), Path("/"))


def _folder(key: str, place: Path) -> Iterator[Mistake]:
    """That the folder is one, or can be made, and we may read and write in it."""
    try:
        there = _existing(place)
        is_folder = there.is_dir()
    except OSError as error:  # a folder above that we may not look into
        yield Mistake(key, f"{place} を調べられません（{error.strerror}）", "その上のフォルダの権限を確かめてください")
        return
    if not is_folder:
        yield Mistake(key, f"{there} はフォルダではありません", "別の場所を書くか、そのファイルを移してください")
    elif not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        owner = f"chown hosho-bot {there}" if there == place else f"install -d -o hosho-bot -m 0700 {place}"
        what = "を読み書きできません" if there == place else f"を {there} の中に作れません"
        yield Mistake(key, f"{place} {what}", f"sudo {owner} を実行するか、hosho-bot が使える場所を書いてください")


def _certificates(key: str, file: Path) -> Iterator[Mistake]:
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        yield Mistake(
            key, f"{file} は、PEM形式の証明書ではありません", "認証局の証明書を、PEM形式のファイルにしてください"
        )
    except OSError as error:
        cure = "認証局の証明書のファイルの場所と権限を確かめてください"
        yield Mistake(key, f"{file} を読めません（{error.strerror}）", cure)


def _cannot_listen(host: str, port: int) -> OSError | None:
    """Why the port can't be opened; None: it can."""
    if not port:
        return None
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


def _door(name: str, host: str, port: int, error: OSError) -> Iterator[Mistake]:
    if error.errno in {errno.EACCES, errno.EPERM}:
        cure = "1024以上のポートにし、25番からは Postfix などで渡してください"
        yield Mistake(f"{name}.port", f"ポート {port} を開く権限がありません", cure)
    else:
        what = f"{host} では待ち受けられません（{error.strerror or error}）"
        yield Mistake(f"{name}.host", what, "この機械のアドレス（127.0.0.1 など）を書いてください")


async def _unreachable(what: str, host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except socket.gaierror:
        return [f"{what} {host} の名前を引けません。名前と、この機械のDNSの設定を確かめてください"]
    except TimeoutError:
        return [
            f"{what} {host}:{port} から{_ANSWER_SECONDS:.0f}秒間、応答がありません。途中の通信の許可を確かめてください"
        ]
    except OSError as error:
        return [f"{what} {host}:{port} につながりません（{error.strerror or type(error).__name__}）"]
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return []
