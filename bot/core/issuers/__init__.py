"""What is known of those who issue guarantees, as data: labels, titles, signs of their papers, forms of numbers and keys.

One TOML file an issuer, common.toml for what all share; read once, at import (so before a reading child is locked in), and
never again: all of bot/core that needs words takes them from here. A file that is wrong raises KeyError, ValueError or
re.error at import, held by the tests; nothing is raised later.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

ISSUERS = ("east", "west", "hokkaido", "insurers")
"""The files, in the order in which their forms are tried."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Words that speak for a kind of paper. `kind`: a PaperKind's value; `pattern`: a regular expression for skeleton text.

    `where`: "title" = one of the first lines, by itself; "text" = anywhere in the beginning. `weight`: 5 is enough alone.
    """

    kind: str
    where: Literal["title", "text"]
    weight: int
    pattern: str
    unless: str = ""  # words beside which it says nothing; "" = none


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that speak for an issuer, and how strongly."""

    weight: int
    pattern: str


@dataclass(frozen=True, slots=True)
class Issuer:
    """One of those who issue guarantees. `title`: of its key notice, as printed, "" = it sends none.

    `number_patterns`/`key_patterns`: forms of the whole value, empty = not known.
    """

    name: str
    title: str
    number_patterns: tuple[str, ...]
    key_patterns: tuple[str, ...]
    marks: tuple[Mark, ...]


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))


def _signs(table: Mapping[str, Any]) -> Iterator[Sign]:
    for sign in table.get("signs", ()):
        if sign["where"] not in {"title", "text"}:
            raise ValueError(f"where is {sign['where']}")
        yield Sign(sign["kind"], sign["where"], sign["weight"], sign["pattern"], sign.get("unless", ""))


def _issuer(table: Mapping[str, Any]) -> Issuer:
    marks = tuple(Mark(mark["weight"], mark["pattern"]) for mark in table["marks"])
    return Issuer(
        table["name"], table.get("title", ""), tuple(table["number_patterns"]), tuple(table["key_patterns"]), marks
    )


_COMMON = _table("common")
_TABLES = tuple(_table(name) for name in ISSUERS)

LOOK_ALIKES: tuple[str, ...] = tuple(_COMMON["look_alikes"])
"""Rows of characters that OCR takes for one another."""

LABELS: MappingProxyType[str, str] = MappingProxyType(_COMMON["labels"])
"""A Field's value → what announces it, in the file's order; on folded text."""

PRINTED_LABELS: tuple[str, ...] = tuple(_COMMON["page"]["printed_labels"])
"""The labels to the letter, as notices print them: what a label that was misread from a picture may be put right into."""

TITLE: str = _COMMON["page"]["title"]
"""What titles a key notice, whoever issued it; on folded text."""

PROSE: str = _COMMON["page"]["prose"]
"""Lines that belong to no field; on folded text."""

KEY_WORDS: str = _COMMON["page"]["key_words"]
"""What announces a key, for masking; on the plain form of bot/core/policy/masking.py, without blanks and marks."""

KEY_WORDS_IN_LATIN: str = _COMMON["page"]["key_words_in_latin"]
"""The same in Latin letters; on the plain form."""

SIGNS: tuple[Sign, ...] = tuple(sign for table in (_COMMON, *_TABLES) for sign in _signs(table))
"""All signs of all files."""

KNOWN: tuple[Issuer, ...] = tuple(_issuer(table) for table in _TABLES)
"""The issuers, in the order of ISSUERS."""

PRINTED_TITLES: tuple[str, ...] = tuple(issuer.title for issuer in KNOWN if issuer.title)
"""The titles of the issuers' notices to the letter, as PRINTED_LABELS has the labels."""

NUMBER_PATTERNS: tuple[str, ...] = tuple(dict.fromkeys(p for issuer in KNOWN for p in issuer.number_patterns))
"""The known forms of a 保証契約番号; the config's [reading] takes their place."""

KEY_PATTERNS: tuple[str, ...] = tuple(dict.fromkeys(p for issuer in KNOWN for p in issuer.key_patterns))
"""The known forms of a key; likewise."""
