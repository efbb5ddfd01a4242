"""Which settings are secret, and whether their files are kept from other users.

Called by settings.py for the settings' file and for each password's, and by `check-config` to show a database's address without its
password. Yields mistakes; raises nothing.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bot.config.mistakes import Mistake
from bot.core.text.lazy_pattern import LazyPattern

_OTHERS_READ = stat.S_IROTH | stat.S_IXOTH
_SECRET = LazyPattern(r"--?[\w-]*(?:secret|passw(?:or)?d|refresh[-_]?token)(?:=(.+))?", re.IGNORECASE)
_NOT_OURS = stat.S_IRWXG | stat.S_IRWXO


def unreadable_cure(
    file: Path, error: OSError, *, made: str = "config.example.toml を写して作り、--config で場所を指定してください"
) -> str:
    """What to do about a file that can't be read. `made`: where there is none."""
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{_who()} が読めるように、{file} とその上のフォルダの持ち主と権限を直すか、sudo -u hosho-bot を付けて実行してください"
    if error.errno == errno.EISDIR:
        return f"{file} はフォルダです。その中のファイルの名前まで書いてください"
    return made


def _who() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"利用者{os.geteuid()}"


def holds_password(url: str) -> bool:
    """Whether a database's address has a password in it."""
    try:
        parts = urlsplit(url)
        return bool(parts.password) or bool(parse_qs(parts.query).get("password"))
    except ValueError:  # brackets that are no IPv6 address; a part of it may be a password all the same
        return "@" in url


def without_user(url: str) -> str:
    """A database's address as it may be shown: without user, password and parameters."""
    scheme, _, rest = url.partition("://")
    return url if scheme == "sqlite" else rest.rpartition("@")[2].partition("?")[0]


def _is_told(words: Sequence[str]) -> bool:
    """Whether a command's arguments say a secret, as `--client-secret WORD` or `--password=WORD` do; a path says where it is."""
    following = (*words[1:], "/")
    said = ((match, then) for word, then in zip(words, following, strict=True) if (match := _SECRET.fullmatch(word)))
    return any(not (match[1] or then).startswith(("/", ".", "-")) for match, then in said)


def settings_file(file: Path, mode: int, data: Mapping[str, object]) -> Iterator[Mistake]:
    """What is wrong with the mode of the settings' file. Its group may read it: the daemon's user is in it.

    `data`: what stands in it, not checked yet.
    """
    if mode & stat.S_IWOTH:  # a token_command is run
        yield Mistake(str(file), "ほかの利用者が書き換えられる権限です", f"chmod o-w {file} を実行してください")
    url = _value(data, "storage", "url")
    commands = {f"{name}.token_command": _value(data, name, "token_command") for name in ("imap", "outgoing")}
    secrets = (
        *(["storage.url"] if isinstance(url, str) and holds_password(url) else ()),
        *(
            name
            for name, words in commands.items()
            if isinstance(words, list) and _is_told([str(word) for word in words])
        ),
    )
    if secrets and mode & _OTHERS_READ:
        what = f"{'、'.join(secrets)} にパスワードがあるのに、ほかの利用者も読める権限です"
        yield Mistake(str(file), what, f"chmod 600 {file} を実行してください（グループで読む場合は chmod 640）")


def _value(data: Mapping[str, object], section: str, key: str) -> object:
    table = data.get(section)
    return table.get(key) if isinstance(table, Mapping) else None


def password_file(file: Path, mode: int, name: str) -> Iterator[Mistake]:
    """What is wrong with the mode of a password's file, which is written `name` in the settings."""
    if mode & _NOT_OURS:
        yield Mistake(name, "ほかの利用者も読める権限です", f"chmod 600 {file} を実行してください")
