"""The access key (認証キー), and a file's password, as values that can't be shown by accident.

Used wherever a key travels inside the program. `str`, `repr`, f-strings and logs show a mask; only `reveal()` gives the
letters, and its callers are the few places that must have them (the store, a clerk's explicit request). Raises nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class AuthKey:
    """A key to the letter: never corrected, never case-folded: it is a password, and may hold both cases."""

    letters: str

    def reveal(self) -> str:
        """The letters themselves."""
        return self.letters

    def same_as(self, other: AuthKey) -> bool:
        """Compare in constant time, so that an answer's pace says nothing about how much was right."""
        return hmac.compare_digest(self.letters.encode(), other.letters.encode())

    @property
    def masked(self) -> str:
        """Length only: even the ends of a key narrow a guess."""
        return f"{'*' * len(self.letters)}({len(self.letters)})"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"AuthKey({self.masked})"

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)


@dataclass(frozen=True, slots=True, repr=False)
class Password:
    """What may open a locked file; kept nowhere but in the mail that told it."""

    letters: str

    def reveal(self) -> str:
        """The letters themselves."""
        return self.letters

    def __str__(self) -> str:
        return "******"

    def __repr__(self) -> str:
        return "Password(******)"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)
