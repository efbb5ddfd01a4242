"""Closed lists whose members stand with their words: `RECEIVED = "received", "受信"`.

The way in which every closed list of the program is kept: the value first (it is stored and must not change), then what belongs
to the member. A list with more than words has its own `__new__`, such as Letter. A member without words is a TypeError as its
module is loaded.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Worded(StrEnum):
    """A closed list with the words that people read."""

    words: str

    def __new__(cls, value: str, words: str = "") -> Self:
        """A member: its value, then its words. Type checkers take `Cls("value")` for this call, so the words have a default."""
        if not words:
            raise TypeError(f"{cls.__name__}: {value} has no words")
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member
