"""The exceptions of `Store`. Any of its methods may raise them; workers, intake and commands catch them.

The texts name states and ids of rows, never a mail's content or a key: they may be logged.
"""

from __future__ import annotations


class StoreError(OSError):
    """The database failed; nothing was written. Temporary."""


class Overtaken(StoreError):  # noqa: N818 - the word that callers read
    """A row that the verdict is based on was changed by another writer: decide again, at once."""


class ActRefused(Overtaken):
    """The rows do not allow one action of a clerk's answer: decide again without it. `place`: its case; `why`: Japanese."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(f"case {place} of an answer can't be done")
        self.place = place
        self.why = why


class Unstorable(StoreError):  # noqa: N818 - the word that callers read
    """The database takes no such values, now or later: what they come from is at fault, not the database."""


class DaemonRunning(StoreError):  # noqa: N818 - the word that callers read
    """Another process runs as this database's daemon. The text, in Japanese, says what to do."""


class DatabaseGone(StoreError):  # noqa: N818 - likewise
    """The database's file is missing; it may come back. The text, in Japanese, says what to do."""


class DatabaseReplaced(StoreError):  # noqa: N818 - likewise
    """Another file has the database's path; nothing may be written until the database is reopened. Text as above."""


class NotPrivate(StoreError):  # noqa: N818 - likewise
    """Another user may read or owns a file that holds keys. Text as above."""


class Unreadable(StoreError):  # noqa: N818 - likewise
    """One value can't be decrypted with the right keys: it was changed or damaged. Text as above."""


class KeysUnfit(StoreError):  # noqa: N818 - likewise
    """The key file is missing, unreadable, or another database's. The text, in Japanese, says what to do."""


class SchemaUnfit(StoreError):  # noqa: N818 - likewise
    """The database was not made by the migrations of this program. The text, in Japanese, says what to do."""


class NotFound(LookupError):  # noqa: N818 - the word that callers read; an absent row is an answer, not an error
    """The row does not exist; `what` names it: "mail 42"."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no {what}")
        self.what = what


class WrongState(ValueError):  # noqa: N818 - likewise
    """The row's state does not allow this; the text names both states."""

    move: tuple[str, str, str] | None = None  # the row ("mail 42"), its state, the wanted state
    why: str = ""  # Japanese; "" when the states say enough
