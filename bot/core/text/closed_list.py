"""Closed lists whose members stand once, with all that belongs to them: `RECEIVED = "received", "受信"`.

The way in which every closed list of the program is kept. A list's annotated attributes are its properties; a member is its value
(which is stored, and must not change) and then a value for each property, in their order. A member that lacks one or has one too
many is a TypeError as its module is loaded.
"""

from __future__ import annotations

from enum import StrEnum
from inspect import get_annotations
from typing import Self


class ClosedList(StrEnum):
    """A list of words with properties; compares, sorts and is written as its values."""

    def __new__(cls, value: str, *properties: object) -> Self:
        """A member: its value, then its properties."""
        names = tuple(get_annotations(cls))
        if len(names) != len(properties):
            raise TypeError(f"{cls.__name__}: {value} must have {', '.join(names)}")
        member = str.__new__(cls, value)
        member._value_ = value
        for name, property_ in zip(names, properties, strict=True):
            setattr(member, name, property_)
        return member
