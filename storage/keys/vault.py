"""Encryption at rest: a `Vault` seals and unseals access keys, mails, and texts that quote a sender.

Made once for each open database (key_file.py) and used by the modules behind `Store`. Keys are short and sealed by
MultiFernet; mails by AES-256-GCM as one message (for 25 MiB, Fernet takes 190 MiB more memory and ten times as long). A
sealed value begins with its key's id, so that SQL can find the values of an older key. Raises Unreadable for a value that
can't be unsealed.

    text   sealed1:<key id>:<Fernet token>
    bytes  NUL hosho-sealed1 NUL | key id, 4 bytes | nonce, 12 bytes | ciphertext | tag, 16 bytes
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from io import BytesIO

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.core.records.secret import AuthKey
from storage.errors import Unreadable

DERIVED_BYTES = 32
_TEXT_MARK = "sealed1"
_BYTES_MARK = b"\x00hosho-sealed1\x00"  # no mail begins with NUL
_ID_BYTES = 4  # enough for the few keys of one file; derived, so it reveals nothing about the key
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2; random, so for far fewer than 2^32 mails with one key
_TAG_BYTES = 16
# The cipher holds the interpreter lock for a piece: the loop's pause was 4 ms, against 17 ms for 25 MiB at once.
_PIECE = 256 * 1024
# Sealing up to this size takes 0.3 ms, so a thread is not worth it.
_SMALL_BYTES = 512 * 1024


def new_key() -> str:
    """A new key, as a line of the key file."""
    return Fernet.generate_key().decode("ascii")


def derived(secret: bytes, label: bytes) -> bytes:
    """32 bytes derived from the secret, different for each label (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), DERIVED_BYTES, salt=None, info=b"hosho-bot " + label).derive(secret)


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """One line of the key file and the keys derived from it."""

    line: str  # used by Fernet only
    id: str  # 8 hexadecimal characters
    content_key: bytes  # for AES-256-GCM
    mark_key: bytes  # for HMAC-SHA256


def _key_of(line: str) -> _Key:
    secret = line.encode("ascii")
    identity = derived(secret, b"key id")[:_ID_BYTES].hex()
    return _Key(line, identity, derived(secret, b"mail content"), derived(secret, b"key mark"))


class Vault:
    """Seals with the first key, unseals with any. Its repr shows no key."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: lines of the key file, the newest first. Raises ValueError for an invalid one, without repeating it."""
        if not keys:
            raise ValueError("no key")
        self._fernet = MultiFernet([Fernet(key.encode("ascii")) for key in keys])
        self._keys = tuple(_key_of(key) for key in keys)
        self._by_id = {key.id: key for key in self._keys}

    @staticmethod
    @cache
    def throwaway() -> Vault:
        """The vault of this process for temporary databases; its key exists in memory only."""
        return Vault((new_key(),))

    def __repr__(self) -> str:
        return "Vault(…)"

    def __reduce__(self) -> str:
        raise TypeError("a vault stays in its process")

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys, the sealing one first: 8 hexadecimal characters each."""
        return tuple(key.id for key in self._keys)

    # -- access keys, and other short secrets
    def seal(self, key: AuthKey | None) -> str | None:
        """The column's value for an access key; None for None."""
        return None if key is None else self.seal_text(key.reveal().encode("utf-8", "surrogatepass"))

    def unseal(self, column: str | None) -> AuthKey | None:
        """The access key of a column's value; None for None. Raises Unreadable."""
        return None if column is None else AuthKey(self.unseal_text(column).decode("utf-8", "surrogatepass"))

    def seal_text(self, secret: bytes) -> str:
        """Seal a short secret as text: sealed1:<key id>:<Fernet token>."""
        return text_prefix(self.key_ids[0]) + self._fernet.encrypt(secret).decode("ascii")

    def unseal_text(self, sealed: str) -> bytes:
        """Unseal a short secret. Raises Unreadable."""
        mark, _, rest = sealed.partition(":")
        if mark != _TEXT_MARK:
            raise Unreadable(
                "データベースに、暗号化されていない認証キーがあります。./run keys check で確かめてください"
            )
        try:
            return self._fernet.decrypt(rest.partition(":")[2].encode("ascii", "replace"))
        except InvalidToken as error:
            raise _unreadable() from error

    # -- looking a key up
    def mark(self, key: AuthKey | None) -> str:
        """A keyed hash for finding equal access keys: HMAC-SHA256, 64 hexadecimal characters; "" for None."""
        return "" if key is None else self.marks(key)[0]

    def marks(self, key: AuthKey | None) -> tuple[str, ...]:
        """The marks by all keys of the vault: during a rotation rows have either mark. Empty for None."""
        if key is None:
            return ()
        letters = key.reveal().encode("utf-8", "surrogatepass")
        return tuple(hmac.new(each.mark_key, letters, "sha256").hexdigest() for each in self._keys)

    def places(self, pieces: Iterable[str], *, below: int) -> tuple[frozenset[int], ...]:
        """For each key, the numbers that stand for these pieces of text: which for which, only the key tells."""
        encoded = [piece.encode("utf-8", "surrogatepass") for piece in pieces]
        return tuple(
            frozenset(
                int.from_bytes(blake2b(piece, digest_size=8, key=each.mark_key, person=b"words").digest()) % below
                for piece in encoded
            )
            for each in self._keys
        )

    # -- mails
    def seal_bytes(self, content: bytes) -> bytes:
        """Seal a mail; the result is 47 bytes longer."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = Cipher(AES(self._keys[0].content_key), GCM(nonce)).encryptor()
        sealed = BytesIO()  # unlike a list and join, it never holds the content twice
        sealed.write(bytes_prefix(self.key_ids[0]) + nonce)
        for piece in _pieces(content):
            sealed.write(cipher.update(piece))
        cipher.finalize()
        sealed.write(cipher.tag)
        return sealed.getvalue()

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Unseal a mail. Raises Unreadable, also when it was changed (the tag does not match)."""
        head = len(_BYTES_MARK) + _ID_BYTES
        if not sealed.startswith(_BYTES_MARK) or len(sealed) < head + _NONCE_BYTES + _TAG_BYTES:
            raise Unreadable("データベースに、暗号化されていないメールがあります。./run keys check で確かめてください")
        key = self._by_id.get(sealed[len(_BYTES_MARK) : head].hex())
        if key is None:
            raise _unreadable()
        body = memoryview(sealed)
        nonce, tag = body[head : head + _NONCE_BYTES], body[-_TAG_BYTES:]
        cipher = Cipher(AES(key.content_key), GCM(bytes(nonce), bytes(tag))).decryptor()
        content = BytesIO()
        for piece in _pieces(body[head + _NONCE_BYTES : -_TAG_BYTES]):
            content.write(cipher.update(piece))
        try:
            cipher.finalize()
        except InvalidTag as error:
            raise _unreadable() from error
        return content.getvalue()

    async def seal_mail(self, content: bytes) -> bytes:
        """`seal_bytes`; a large mail in a thread, so that it does not block the loop."""
        small = len(content) <= _SMALL_BYTES
        return self.seal_bytes(content) if small else await asyncio.to_thread(self.seal_bytes, content)

    async def unseal_mail(self, sealed: bytes) -> bytes:
        """`unseal_bytes`, a large mail in a thread."""
        small = len(sealed) <= _SMALL_BYTES
        return self.unseal_bytes(sealed) if small else await asyncio.to_thread(self.unseal_bytes, sealed)


def text_prefix(key_id: str) -> str:
    """The prefix of all short secrets sealed by this key."""
    return f"{_TEXT_MARK}:{key_id}:"


def bytes_prefix(key_id: str) -> bytes:
    """The prefix of all mails sealed by this key."""
    return _BYTES_MARK + bytes.fromhex(key_id)


def key_id_of(sealed: str | bytes) -> str:
    """The id of the key that sealed this value; "" when it is not sealed. The prefix of a mail is enough."""
    if isinstance(sealed, bytes):
        head = len(_BYTES_MARK)
        return sealed[head : head + _ID_BYTES].hex() if sealed.startswith(_BYTES_MARK) else ""
    mark, _, rest = sealed.partition(":")
    return rest.partition(":")[0] if mark == _TEXT_MARK else ""


def _pieces(content: bytes | memoryview) -> list[memoryview]:
    view = memoryview(content)
    return [view[start : start + _PIECE] for start in range(0, len(view), _PIECE)]


def _unreadable() -> Unreadable:
    return Unreadable(
        "データベースの値を復号できません（別の鍵で暗号化されたか、書き換えられています）。./run keys check で確かめてください"
    )
