"""What may go wrong behind the only door. Raised by every method of `Store`; caught by workers, intake and commands.

The texts name states and numbers of rows, never values out of a mail or a key: they may be logged.
"""

from __future__ import annotations


class StoreError(OSError):
    """The database could not be asked just now; nothing was written. Temporary."""


class Overtaken(StoreError):  # noqa: N818 - the word that callers read
    """What the verdict was built upon was changed by another writer meanwhile: decide anew, at once."""


class ActRefused(Overtaken):
    """One act of a clerk's answer can't be done as the rows stand: decide anew without it. `place`: its case; `why`: in Japanese."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(f"case {place} of an answer can't be done")
        self.place = place
        self.why = why


class DaemonRunning(StoreError):  # noqa: N818 - the word that callers read
    """Another process is this database's daemon; the text, in Japanese, says what to do."""


class DatabaseGone(StoreError):  # noqa: N818 - likewise
    """The database's file is not at its place; it may come back. The text, in Japanese, says what to do."""


class DatabaseReplaced(StoreError):  # noqa: N818 - likewise
    """Another file lies where the database was opened: nothing may be written until it is opened anew. Likewise."""


class NotPrivate(StoreError):  # noqa: N818 - likewise
    """Others may read, or own, a file that holds keys. Likewise."""


class Unreadable(StoreError):  # noqa: N818 - likewise
    """One value can't be unsealed, although the keys are right: it was changed, or the disk has lost it. Likewise."""


class KeysUnfit(StoreError):  # noqa: N818 - likewise
    """The key file is missing, unreadable, or another database's. The text, in Japanese, says what to do."""


class NotFound(LookupError):  # noqa: N818 - the word that callers read; an absent row is an answer, not an error
    """There is no such row; `what` names it: "mail 42"."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no {what}")
        self.what = what


class WrongState(ValueError):  # noqa: N818 - likewise
    """The row is in a state from which this can't be done; names both states.

    `move`: the row ("mail 42"), its state and the wanted one. `why`, in Japanese, where the states alone don't say it.
    """

    move: tuple[str, str, str] | None = None
    why: str = ""
