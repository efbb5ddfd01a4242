"""Choose between several OCR readings of a number when the first one has no known form.

`settled_number` is called for each OCR number with the readings of a second look. It returns the first reading when that has
a known form, and another one only when two readings agree on it and no third one has a known form. Letters are turned into
digits only when all known forms have digits only. Keys are never changed like this. Pure; nothing is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.core.policy.policy import Formats
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import normalise_number

_AGREEING = 2
_DIGITS = str.maketrans("OoQDlI|!iSsZzBg", "000011111552289")
# A pattern that matches digits and hyphens only, as [0-9]{5}-[0-9]{6}.
_DIGITS_ONLY = LazyPattern(r"(?:\[0-9\]|\\d|\{[0-9]+(?:,[0-9]*)?\}|[0-9-])+")


def settled_number(first: str, again: Sequence[str], formats: Formats) -> str:
    """The normalised number: `first` when it has a known form or no other reading is certain. `again`: the other readings."""
    if formats.is_number(first):
        return first
    counts = Counter(fitting for reading in (first, *again) if (fitting := _fitting(reading, formats)))
    if len(counts) != 1:
        return first
    ((number, agreeing),) = counts.items()
    return number if agreeing >= _AGREEING else first


def _fitting(reading: str, formats: Formats) -> str:
    """The reading as a number of a known form; "" when it has none."""
    number = normalise_number(reading)
    if formats.is_number(number):
        return number
    has_digits_only = all(_DIGITS_ONLY.fullmatch(form) for form in formats.numbers)
    as_digits = number.translate(_DIGITS) if has_digits_only else ""
    return as_digits if formats.is_number(as_digits) else ""
