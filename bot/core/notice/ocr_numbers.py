"""A number that was recognised from a picture and has no known form, settled by further readings of the same place.

`settled_number` is called for each number of a picture, with what a second look made of it. Promises the first reading where
that has a known form, and else another one only when two readings agree on it and none speaks for a third. Letters become
digits only where all known forms have digits alone; nothing like it is ever done to a key. Pure; nothing is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.core.policy.policy import Formats
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import normalise_number

_AGREEING = 2
_DIGITS = str.maketrans("OoQDlI|!iSsZzBg", "000011111552289")
# A form of digits and hyphens alone, as [0-9]{5}-[0-9]{6}.
_DIGITS_ONLY = LazyPattern(r"(?:\[0-9\]|\\d|\{[0-9]+(?:,[0-9]*)?\}|[0-9-])+")


def settled_number(first: str, again: Sequence[str], formats: Formats) -> str:
    """The number, normalised: `first` (as read at first) where it fits or nothing better is sure. `again`: other readings."""
    if formats.is_number(first):
        return first
    counts = Counter(fitting for reading in (first, *again) if (fitting := _fitting(reading, formats)))
    if len(counts) != 1:
        return first
    ((number, agreeing),) = counts.items()
    return number if agreeing >= _AGREEING else first


def _fitting(reading: str, formats: Formats) -> str:
    """The reading as a number of a known form; "" where it can't be made one."""
    number = normalise_number(reading)
    if formats.is_number(number):
        return number
    has_digits_only = all(_DIGITS_ONLY.fullmatch(form) for form in formats.numbers)
    as_digits = number.translate(_DIGITS) if has_digits_only else ""
    return as_digits if formats.is_number(as_digits) else ""
