"""How a city's files look: what it calls its columns and sheets, and the forms of its numbers and keys.

What reading a mail goes by has all of it (Formats, bot/core/policy/policy.py). Handed to all that reads a register's file. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.issuers import KEY_PATTERNS, NUMBER_PATTERNS
from bot.core.text.lazy_pattern import form

_MOST_ZEROS = 12
"""More leading zeros than these no number or key has."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The settings that a register's file is read by."""

    numbers: tuple[str, ...] = NUMBER_PATTERNS  # the config's [reading]: forms of a whole number; the known issuers'
    keys: tuple[str, ...] = KEY_PATTERNS  # the same for a whole key
    # the config's [register] columns: the city's own title → our column, or 保証区分:column where a row tells of several guarantees
    columns: tuple[tuple[str, str], ...] = ()
    sheets: tuple[tuple[str, str], ...] = ()  # the name of a sheet without a column for it → its 保証区分

    def is_number(self, text: str) -> bool:
        """Whether the normalised number has one of the known forms."""
        return any(form(pattern).fullmatch(text) for pattern in self.numbers)

    def is_key(self, letters: str) -> bool:
        """Whether the key has one of the known forms."""
        return any(form(pattern).fullmatch(letters) for pattern in self.keys)

    def lacks_zeros(self, number: str) -> bool:
        """Whether a known form comes out when zeros are put before the number or its parts, so that it may have lost some."""
        first, hyphen, rest = number.partition("-")
        if not (first.isdecimal() and rest.replace("-", "").isdecimal() if hyphen else first.isdecimal()):
            return False
        zeros = ["0" * count for count in range(_MOST_ZEROS)]
        behind = zeros if hyphen else zeros[:1]
        found = (f"{a}{first}{hyphen}{b}{rest}" for a in zeros for b in behind)
        return any(self.is_number(one) for one in found if one != number)

    def key_lacks_zeros(self, letters: str) -> bool:
        """The same for a key of digits alone."""
        return letters.isdecimal() and any(self.is_key("0" * count + letters) for count in range(1, _MOST_ZEROS))
