"""Makes the mail corpus: `python tests/corpus/make/all_mails.py [WORDS…]` (WORDS: only the cases_WORD.py of these names).

Writes tests/corpus/mails/NAME.eml, NAME.expected.json and tests/corpus/register.csv. What it needs stands in
tests/corpus/README.md; the tests read what is committed. Raises SystemExit where a program is missing.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from case import Case

CORPUS = Path(__file__).resolve().parents[1]
MAILS = CORPUS / "mails"
FAMILIES = ("producers", "mime", "structure", "forwarded", "packed", "papers", "images", "photos", "hidden")
TITLES = ("保証契約番号", "商品（保証区分）", "工事名", "受注者名", "JV名", "認証キー", "メールアドレス")
OTHER_KEY = "AbcdEfgh2345"


def main() -> None:
    """Make the mails of the families named, all of them without names, and the register."""
    MAILS.mkdir(exist_ok=True)
    chosen = sys.argv[1:] or FAMILIES
    known = {case.name: case for family in chosen for case in _cases(family)}
    if not sys.argv[1:]:
        for old in MAILS.iterdir():
            if old.name.split(".")[0] not in known:
                old.unlink()
    for case in known.values():
        (MAILS / f"{case.name}.eml").write_bytes(case.mail)
        (MAILS / f"{case.name}.expected.json").write_text(expected(case), "utf-8")
    (CORPUS / "register.csv").write_text(register(), "utf-8", newline="")


def _cases(family: str) -> Iterator[Case]:
    found = importlib.import_module(f"cases_{family}").cases()
    yield from found


def expected(case: Case) -> str:
    """The case's expected result as JSON."""
    values = {
        "kind": case.kind,
        "producer": case.producer,
        "end": case.end,
        "notices": [notice.expected() for notice in case.notices],
        "by_image": case.by_image,
        **({"seen": list(case.seen)} if case.seen else {}),
        "register": case.register,
        "note": case.note,
    }
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def register() -> str:
    """The register: a row for each notice of the mails there that it is to know, by what the expected results say."""
    printed = {"advance_payment": "前払金保証", "interim_payment": "中間前払金保証", "contract": "契約保証"}
    rows: dict[str, tuple[str, ...]] = {}
    for path in sorted(MAILS.glob("*.expected.json")):
        said = json.loads(path.read_text("utf-8"))
        keys = {"number": lambda _: "", "key": lambda key: key, "other_key": lambda _: OTHER_KEY}
        if said["register"] not in keys:
            continue
        for one in said["notices"]:
            key = keys[said["register"]](one["auth_key"])
            row = (one["number"], printed[one["product"]], one["project_name"], one["contractor"], "", key, "")
            rows.setdefault(one["number"], row)
    return "".join(",".join(row) + "\r\n" for row in (TITLES, *rows.values()))


if __name__ == "__main__":
    main()
