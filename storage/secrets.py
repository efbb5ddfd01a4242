"""Access keys at rest: the one file that decides what a key looks like in the database.

Called by mapping.py alone, for the columns `auth_key` (seal, unseal) and `key_mark` (mark). The letters stand there as they
are, under the file mode 0600 or PostgreSQL's rights; encrypting them needs this file and a migration, nothing else.
Raises nothing.
"""

from __future__ import annotations

import hashlib

from bot.core.secret import AuthKey


def seal(key: AuthKey | None) -> str | None:
    """The key as its column holds it; None for no key."""
    return None if key is None else key.reveal()


def unseal(column: str | None) -> AuthKey | None:
    """The key out of its column."""
    return None if column is None else AuthKey(column)


def mark(key: AuthKey | None) -> str:
    """What equal keys have in common, for looking a key up by its index: 64 hexadecimal characters, "" for no key."""
    return "" if key is None else hashlib.sha256(key.reveal().encode("utf-8", "surrogatepass")).hexdigest()
