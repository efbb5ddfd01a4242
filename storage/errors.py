"""What may go wrong behind the only door. Raised by every method of `Store`; caught by workers, intake and commands.

The texts name states and numbers of rows, never values out of a mail or a key: they may be logged.
"""

from __future__ import annotations


class StoreError(OSError):
    """The database could not be asked just now; nothing was written. Temporary."""


class NotFound(LookupError):  # noqa: N818 - the word that callers read; an absent row is an answer, not an error
    """There is no such row."""


class WrongState(ValueError):  # noqa: N818 - likewise
    """The row is in a state from which this can't be done; names both states."""
