"""The key file: one Fernet key a line, the newest first, apart from the database, mode 0600.

Made by the commands from the settings and given to `Store.open`, which reads it, or makes it for a database that holds nothing
sealed yet; `keys rotate` puts a new key in front and takes the old ones away. Promises that a file is written whole or not at
all, and that no key is ever made in place of one that is missing. Raises KeysUnfit and NotPrivate, in Japanese with the cure.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from storage.errors import KeysUnfit
from storage.files import check_private, make_folder, sync_folder
from storage.keys.vault import Vault, new_key

log = logging.getLogger("hosho.keys")

_HEADER = "# hosho-bot: データベースの鍵。データベースとは別の場所に控えを取り、ほかの人に見せないこと。\n"


class KeyFile:
    """A path at which a key file is, or shall be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"KeyFile({str(self.path)!r})"

    def vault(self, *, may_create: bool = False) -> Vault:
        """The keys that it holds. `may_create`: nothing is sealed yet, so a file that is missing is made."""
        lines = self._lines()
        if lines is None and may_create:
            self._create()
            lines = self._lines()
        if lines is None:
            raise KeysUnfit(
                f"鍵ファイル {self.path} がありません。控えから元に戻してください（場所は設定の storage.key_file）。"
                "この鍵がなければ、データベースの認証キーとメールは読めません"
            )
        return self._vault_of(lines)

    def begin_rotation(self) -> Vault:
        """Put a new key in front, unless a rotation that was not finished has done so; the vault of all keys."""
        lines = self._lines() or []
        self._vault_of(lines)
        if len(lines) == 1:
            lines = [new_key(), *lines]
            self._replace(lines)
        return self._vault_of(lines)

    def end_rotation(self) -> Vault:
        """Leave only the first key."""
        lines = (self._lines() or [])[:1]
        vault = self._vault_of(lines)
        self._replace(lines)
        return vault

    def _lines(self) -> list[str] | None:
        """The keys, not checked yet; None when there is no file."""
        check_private([self.path])
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "文字コードがUTF-8ではありません"
            raise KeysUnfit(f"鍵ファイル {self.path} を読めません（{why}）。持ち主と権限を確かめてください") from None
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]

    def _vault_of(self, lines: list[str]) -> Vault:
        try:
            return Vault(lines)
        except ValueError:  # its text might repeat a key
            raise KeysUnfit(
                f"鍵ファイル {self.path} の中身が鍵ではありません（1行に1つの鍵）。控えから元に戻してください"
            ) from None

    def _create(self) -> None:
        try:
            make_folder(self.path.parent)
            written = _written([new_key()], self.path)
            try:
                os.link(written, self.path)  # unlike a rename, this never takes the place of a file
            except FileExistsError:
                return  # another process was faster: its file is as good
            finally:
                written.unlink()
            sync_folder(self.path.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        log.warning(
            "鍵ファイル %s を作りました。データベースとは別の場所に、必ず控えを取ってください（失うと、認証キーとメールは二度と読めません）",
            self.path,
        )

    def _replace(self, lines: list[str]) -> None:
        target = self.path.resolve()
        try:
            written = _written(lines, target)
            try:
                written.replace(target)
            except OSError:
                written.unlink()
                raise
            sync_folder(target.parent)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> KeysUnfit:
        return KeysUnfit(
            f"鍵ファイル {self.path} を書けません（{error.strerror}）。実行する利用者が書けるフォルダを storage.key_file に"
            "書いてください"
        )


def _written(lines: list[str], target: Path) -> Path:
    """A file beside the target, mode 0600, with these keys, on the disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_HEADER + "".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
