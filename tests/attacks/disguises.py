"""Ways to write an access key so that a person still reads it, and a program that looks for its letters does not.

`disguises` gives each by its name; the parts of a mail that can carry one are in test_hidden_keys.py. `bare` undoes them all, by
its own means: nothing here is taken from the masking.
"""

from __future__ import annotations

import html
import random
import re
import string
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise

from bot.core.issuers import KNOWN

HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202d\u2060\u2061"
    "\u2063\u2064\u2066\u2069\u206f\u3164\ufe00\ufe0f\ufeff\uffa0\ufff9\U000e0001\U000e0020\U000e0100"
)
COMBINING = "\u0301\u0307\u0332\u0336\u0338\u20d0\u20dd\u20e3\u3099"
SEPARATORS = (
    *(
        " ",
        "  ",
        "\t",
        "\u00a0",
        "\u3000",
        "\u2009",
        "\u202f",
        "\u205f",
        "-",
        "\u2010",
        "\u2013",
        "\u2212",
        "\uff0d",
        "ー",
        " - ",
    ),
    *(
        "・",
        "·",
        "･",
        "•",
        "/",
        "／",
        ".",
        "．",
        "_",
        "＿",
        ",",
        "、",
        "|",
        "｜",
        "~",
        "〜",
        "→",
        "+",
        "=",
        ":",
        "*",
        "\U0001f511",
    ),
    *("\n", "\r\n", "\n\n", "\n> ", " \n ", "\u2028", "\u0085", "\v", "=\n"),
)
SPLITS = ((4, 4, 4), (6, 6), (3, 3, 3, 3), (5, 7), (2,) * 6, (1,) * 12)
# The first letters of capitals, small letters and digits; 0 = the style has none.
STYLES = {
    "full width": (0xFF21, 0xFF41, 0xFF10),
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "bold italic": (0x1D468, 0x1D482, 0),
    "bold script": (0x1D4D0, 0x1D4EA, 0),
    "bold fraktur": (0x1D56C, 0x1D586, 0),
    "sans": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "sans bold": (0x1D5D4, 0x1D5EE, 0x1D7EC),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6),
    "circled": (0x24B6, 0x24D0, 0),
    "negative circled": (0x1F150, 0, 0),
    "squared": (0x1F130, 0, 0),
    "negative squared": (0x1F170, 0, 0),
    "regional": (0x1F1E6, 0, 0),
    "arabic digits": (0, 0, 0x0660),
    "nagari digits": (0, 0, 0x0966),
}
_BLOCKS = ((0x1F150, 0x41), (0x1F170, 0x41), (0x1F1E6, 0x41))
_STRANGE = {first + n: chr(plain + n) for first, plain in _BLOCKS for n in range(26)}
_ALPHABETS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


def keys(seed: int) -> Iterator[str]:
    """Keys of the issuers' forms, which are all that is known of them: so and so many letters and digits."""
    chance = random.Random(seed)
    forms = [re.fullmatch(r"\[A-Za-z0-9\]\{(\d+)\}", one) for issuer in KNOWN for one in issuer.key_patterns]
    lengths = [int(form[1]) for form in forms if form]
    assert len(lengths) == len(forms), "an issuer's keys have another form: make some here"
    while True:
        for length in lengths:
            letters = "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(length))
            kinds = [next(one for one in _ALPHABETS if c in one) for c in letters]
            if sum(a != b for a, b in pairwise(kinds)) >= 5:
                yield letters


def disguises() -> dict[str, Callable[[str], str]]:
    """By name: a key → how it is written in text."""
    found: dict[str, Callable[[str], str]] = {"plain": str}
    for one in HIDDEN:
        name = f"U+{ord(one):04X}"
        found[f"{name} everywhere"] = lambda key, one=one: one.join(key)
        found[f"{name} in the middle"] = lambda key, one=one: key[:5] + one + key[5:]
    for one in COMBINING:
        found[f"U+{ord(one):04X} on each"] = lambda key, one=one: "".join(letter + one for letter in key)
        found[f"U+{ord(one):04X} on one"] = lambda key, one=one: key[:7] + one + key[7:]
    for name, firsts in STYLES.items():
        found[name] = lambda key, firsts=firsts: "".join(_styled(letter, firsts) for letter in key)
        found[f"{name}, every second"] = lambda key, firsts=firsts: "".join(
            letter if place % 2 else _styled(letter, firsts) for place, letter in enumerate(key)
        )
    for place, separator in enumerate(SEPARATORS):
        for split in (SPLITS[place % len(SPLITS)], SPLITS[(place + 1) % len(SPLITS)], SPLITS[0]):
            name = f"{'+'.join(map(str, split))} by {separator!r}"
            found[name] = lambda key, split=split, separator=separator: separator.join(_pieces(key, split))
    found |= {
        "decimal entities": lambda key: "".join(f"&#{ord(letter)};" for letter in key),
        "hex entities": lambda key: "".join(f"&#x{ord(letter):X};" for letter in key),
        "one entity": lambda key: f"{key[:3]}&#{ord(key[3])};{key[4:]}",
        "entities without semicolon": lambda key: " ".join(f"&#{ord(letter)}" for letter in key),
        "double entities": lambda key: "".join(f"&amp;#{ord(letter)};" for letter in key),
        "&shy;": "&shy;".join,
        "&ZeroWidthSpace;": "&ZeroWidthSpace;".join,
        "&zwnj;": lambda key: f"{key[:6]}&zwnj;{key[6:]}",
        "&nbsp;": lambda key: "&nbsp;".join(_pieces(key, SPLITS[0])),
        "tags": lambda key: f"{key[:4]}<b>{key[4:8]}</b>{key[8:]}",
        "a comment": lambda key: f"{key[:5]}<!-- -->{key[5:]}",
        "percent": lambda key: "".join(f"%{ord(letter):02X}" for letter in key),
        "soft line break": lambda key: f"{key[:6]}=\r\n{key[6:]}",
    }
    return found


def _styled(letter: str, firsts: tuple[int, int, int]) -> str:
    for first, alphabet in zip(firsts, _ALPHABETS, strict=True):
        if first and letter in alphabet:
            return chr(first + alphabet.index(letter))
    return letter


def _pieces(key: str, split: tuple[int, ...]) -> list[str]:
    ends = [sum(split[: n + 1]) for n in range(len(split))]
    return [key[end - size : end] for size, end in zip(split, ends, strict=True)]


def bare(text: str) -> str:
    """The letters and digits of a text and nothing else, whatever they wore."""
    text = re.sub(r"=\r?\n", "", text)
    text = re.sub(r"%([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), text)
    text = re.sub(r"<[^<>]{0,40}>", "", html.unescape(html.unescape(html.unescape(text))))
    plain = unicodedata.normalize("NFKD", text.translate(_STRANGE))
    if not plain.isascii():
        plain = "".join(str(unicodedata.digit(c)) if unicodedata.digit(c, None) is not None else c for c in plain)
    return re.sub(r"[^0-9A-Za-z]", "", plain)
