"""Reads the whole mail corpus with `inspect` once, and compares how each mail ended with what stands beside it.

`judge_all(rows)` gives a `Judged` for each mail; tests/whole/test_corpus.py asserts on them, table.py makes the table of
docs/reading.md from them. Wrong is what must never be: a foreign number or key accepted, a notice lost without a word.
Raises AssertionError when `inspect` leaves files behind.
"""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.commands.inspect import settings
from tests.commands.inspected import Run, inspect, inspect_here

CORPUS = Path(__file__).resolve().parent
MAILS, REGISTER, SETTINGS = CORPUS / "mails", CORPUS / "register.csv", CORPUS / "corpus.toml"
WITH_SIGHT = importlib.util.find_spec("rapidocr") is not None
FIELDS = ("project_name", "contractor", "product")
# Letters that ask the sender for something.
ASKING = "notice_wanted"
# A person always looks at a notice that was typed into a mail; its fields count as read.
TYPED = "typed_in_body"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """How a mail ended.

    `end`: read, person, asked, silent, misread (a name other than written was accepted) or wrong. `why`: what is wrong, or
    other than expected.
    """

    name: str
    kind: str
    expected: str
    end: str
    by_image: bool
    why: str = ""

    @property
    def as_expected(self) -> bool:
        """Whether it ended as it must, or with more care: a person was told, or the sender asked, instead of read."""
        if self.end == self.expected or (self.by_image and self.end == "read"):
            return True
        if self.kind.startswith("producer/"):
            return False
        return self.end in {"person", "asked"} and self.expected in {"read", "person", "asked"}


def cases() -> dict[str, dict[str, Any]]:
    """Name → expected result, of every mail of the corpus."""
    return {
        path.name.removesuffix(".expected.json"): json.loads(path.read_text("utf-8"))
        for path in sorted(MAILS.glob("*.expected.json"))
    }


def run(folder: Path, before: Sequence[str] = (), names: Collection[str] | None = None) -> Run:
    """Read mails of the corpus with `inspect`, None = all. `folder` is for temporary files; `before`: words before the command, such as nice(1)."""
    mails = [MAILS] if names is None else [MAILS / f"{name}.eml" for name in sorted(names)]
    return inspect(folder, *mails, "--register", REGISTER, "--config", SETTINGS, "--reveal-keys", before=before)


def read_here(names: Collection[str]) -> dict[str, dict[str, Any]]:
    """What `inspect` says of these mails where nobody looks at them: their words, read in this process."""
    mails = [MAILS / f"{name}.eml" for name in sorted(names)]
    return asyncio.run(inspect_here(mails, settings(SETTINGS, None, None), REGISTER, reveal_keys=True))


def to_look_at() -> set[str]:
    """The mails of which a run of the tests looks at the papers: of each kind the first, and every second whose key can only be seen."""
    of_kind: dict[str, list[str]] = {}
    for name, said in cases().items():
        of_kind.setdefault(f"{said['kind']} {said['by_image']}", []).append(name)
    return {name for kind, names in of_kind.items() for name in (names[::2] if kind.endswith("True") else names[:1])}


def verdict(row: Row) -> tuple[Any, ...]:
    """What `inspect` said of a mail, but for the letters' words."""
    kinds = [[letter["letter"] for letter in row[name]] for name in ("letters", "alerts")]
    shown = ("state", "reasons", "guarantee_number", "auth_key", "project_name", "contractor", "product", "read_from")
    notices = [[one[name] for name in shown] for one in row["submissions"]]
    return row["mail"]["state"], row["mail"]["reason"], row["papers"], notices, kinds


def judge_all(rows: Mapping[str, Row]) -> list[Judged]:
    """Compare what `inspect` said, by the mails' names."""
    known = registered()
    return [judge(name, said, rows.get(name), known) for name, said in cases().items()]


def judge(name: str, said: Row, row: Row | None, known: Mapping[str, str]) -> Judged:
    """Compare one mail; `known`: number → key of the register."""
    if row is None:
        return Judged(name, said["kind"], said["end"], "wrong", said["by_image"], "inspect gave no row")
    wrong = "; ".join(_wrong(said, row, known))
    end = "wrong" if wrong else _end(said, row)
    why = wrong or ("" if end == said["end"] else _seen(said, row))
    return Judged(name, said["kind"], said["end"], end, said["by_image"], why)


def registered() -> dict[str, str]:
    """Number → key, or "" where the register has none."""
    with REGISTER.open(encoding="utf-8", newline="") as file:
        return {row["保証契約番号"]: row["認証キー"] for row in csv.DictReader(file)}


def _wrong(said: Row, row: Row, known: Mapping[str, str]) -> Iterator[str]:
    accepted = [one for one in row["submissions"] if one["state"] == "accepted"]
    for one in accepted:
        yield from _wrongly_accepted(said, one["guarantee_number"], one["auth_key"], known)
    if said["end"] == "silent" and row["letters"]:
        yield "a letter to a returned or automatic mail"
    if (said["end"] == "silent" and row["submissions"]) or (said["kind"].startswith("returned/") and accepted):
        yield "a submission from a returned or automatic mail"
    if said["notices"] and said["end"] != "silent" and _lost(said, row):
        yield f"a notice is lost without a word ({row['mail']['state']}, {row['mail']['reason']})"


def _wrongly_accepted(said: Row, number: str, key: str, known: Mapping[str, str]) -> Iterator[str]:
    truth = {(one["number"], one["auth_key"]) for one in said["notices"]}
    if number not in {one for one, _ in truth}:
        yield f"accepted a number that is not in the mail: {number}"
    elif (number, key) not in truth:
        yield f"accepted another key for {number}"
    elif len({one for each, one in truth if each == number}) > 1:
        yield f"chose among two keys for {number}"
    if known.get(number) not in {None, "", key}:
        yield f"accepted another key than the register's for {number}"
    if number in _seen_only(said) and known.get(number) != key:
        yield f"accepted a key that was only seen, without the register's word: {number}"


def _seen_only(said: Row) -> list[str]:
    """The numbers whose key stands in a picture only."""
    if not said["by_image"]:
        return []
    return said.get("seen") or [one["number"] for one in said["notices"]]


def _asked(row: Row) -> bool:
    return any(letter["letter"] == ASKING for letter in row["letters"])


def _lost(said: Row, row: Row) -> bool:
    if row["alerts"] or _asked(row):
        return False
    found = {one["guarantee_number"] for one in row["submissions"]}
    return not {one["number"] for one in said["notices"]} <= found


def _end(said: Row, row: Row) -> str:
    if said["notices"] and not _missing(said, row):
        return "read"
    if _asked(row):
        return "asked"
    if row["alerts"]:
        return "person"
    if row["submissions"]:
        return "misread"
    return "silent"


def _missing(said: Row, row: Row) -> list[str]:
    """What keeps a mail from being read right: notices not found as they are, and submissions that should not be."""
    truth = {(one["number"], one["auth_key"]): one for one in said["notices"]}
    found = {(one["guarantee_number"], one["auth_key"]): one for one in row["submissions"]}
    missing = [
        f"{number or 'a text without number'} is no notice, or its key"
        for number, key in found
        if (number, key) not in truth
    ]
    for (number, key), notice in truth.items():
        one = found.get((number, key))
        if one is None:
            missing.append(f"{number} not found with its key")
            continue
        names = () if number in _seen_only(said) else FIELDS  # a recognised name may be amiss: the number decides
        other = [name for name in names if _plain(one[name]) != _plain(notice[name])]
        if other:
            missing.append(f"{number}: {', '.join(other)} other than written")
        elif not _held_rightly(said, number, one):
            missing.append(f"{number}: {one['state']} ({', '.join(one['reasons'])})")
    return missing


def _held_rightly(said: Row, number: str, one: Row) -> bool:
    """Whether the submission's state is what register and rules make of a notice that was read right."""
    if one["state"] == "held" and (TYPED in one["reasons"] or number in _seen_only(said)):
        return True
    return bool(one["state"] == ("accepted" if said["register"] in {"number", "key"} else "held"))


def _seen(said: Row, row: Row) -> str:
    papers = ", ".join(f"{paper['name']} {paper['kind']}/{paper['reason']}" for paper in row["papers"])
    letters = ", ".join(letter["letter"] for letter in row["letters"])
    told = f"{row['mail']['state']}/{row['mail']['reason']}; papers: {papers or '-'}; letters: {letters or '-'}"
    return f"{'; '.join(_missing(said, row)) or 'all found'} | {told}; alerts: {len(row['alerts'])}"


def _plain(text: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", text or "").split())
