"""What a spreadsheet shows of a whole number in a format of digits and signs: 328751568 in 00000-000000 is 00328-751568.

Called by xlsx_cells.py and spreadsheet_ml.py. Only formats whose result is certain are known (ECMA-376 §18.8.31): no dates, fractions,
conditions, thousands or decimals. Pure; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.text.lazy_pattern import LazyPattern

_TOKEN = LazyPattern(
    # 1 a digit; 2 quoted, 3 escaped, 4 a currency's and 5 a plain sign.
    r'([0#?])|"([^"]*)"|\\(.)|[_*].|\[\$([^\]-]*)(?:-[0-9A-Fa-f,]*)?\]'
    r"|\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color ?[0-9]{1,2}|[黒青水緑紫赤白黄]|色[0-9]{1,2})\]"
    r"|([-+() \u00a0:']|[^\x00-\x7f])"
)
_LONGEST = 100
_MOST = 10**15
"""From here on a spreadsheet's numbers have no exact digits."""


@dataclass(frozen=True, slots=True)
class DigitFormat:
    """A format's parts in order: "0", "#" and "?" are digits, the others stand as they are."""

    parts: tuple[tuple[bool, str], ...]  # whether it is a digit, and its sign

    def shown(self, value: float) -> str | None:
        """What the cell shows; None for what is no whole number without a sign."""
        if not 0 <= value < _MOST or not float(value).is_integer():
            return None
        left = list(str(int(value))) if value else []
        first = next(place for place, (is_digit, _) in enumerate(self.parts) if is_digit)
        shown: list[str] = []
        for place in range(len(self.parts) - 1, -1, -1):
            is_digit, sign = self.parts[place]
            if not is_digit:
                shown.append(sign)
            elif place == first and left:
                shown.append("".join(left))
            else:
                shown.append(left.pop() if left else {"0": "0", "#": ""}.get(sign, " "))
        return "".join(reversed(shown))


def digit_format(code: str) -> DigitFormat | None:
    """The format, when it shows more than a number's plain digits in a way that is certain; else None."""
    if len(code) > _LONGEST:
        return None
    parts: list[tuple[bool, str]] = []
    place = 0
    while place < len(code) and code[place] != ";":  # behind it the negative numbers' format
        token = _TOKEN.match(code, place)
        if token is None:
            return None
        place = token.end()
        is_digit = token[1] is not None
        sign = next((token[group] for group in range(1, 6) if token[group] is not None), "")
        if sign:
            parts.append((is_digit, sign))
    digits = sum(is_digit for is_digit, _ in parts)
    return DigitFormat(tuple(parts)) if digits and len(parts) > 1 else None
