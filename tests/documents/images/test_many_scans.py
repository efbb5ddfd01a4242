"""Many scanned notices, read the whole way: how often number and key are right, and that no key is taken because a picture shows it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.judging.judge import judge
from bot.core.judging.lookup import LookUp
from bot.core.judging.sender_facts import SenderFacts
from bot.core.mail.message import Address
from bot.core.notice.evidence import confusable_places
from bot.core.notice.interpret import PaperContent, read_paper
from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.secret import AuthKey
from bot.core.records.submission import ReadFrom, SubmissionState
from bot.documents.images.sight import is_installed
from bot.documents.opening import open_document
from tests.core.verdict.cases import NOW, POLICY, SENDER
from tests.corpus.make.notices import Mint, Notice
from tests.corpus.make.pictured import LAYOUTS, NOTICES_ON, drawn, fonts
from tests.corpus.make.scanned import Harm, filed, harmed

pytestmark = pytest.mark.skipif(not is_installed(), reason="the OCR extra is not installed")

RESOLUTIONS = (150, 200, 300)
FORMATS = Formats()
PERSON = SenderFacts(Address("", SENDER), is_proven=True, is_unproven=False, is_automatic=False)
ALIKE = ("0OoQDCc", "1lIi|!jJLt", "5Ss", "2Zz", "8B", "uUvVyY", "9gq", "6bG")


@pytest.fixture(scope="module")
def eyes():
    from bot.documents.images.engines import load  # noqa: PLC0415 - needs the OCR extra
    from bot.documents.images.visual_check import ImageReader  # noqa: PLC0415 - likewise

    return ImageReader(load())


def scan(notices: list[Notice], layout: str, dpi: int, turn: int) -> bytes:
    """A page as an office's machine sends it: JPEG mostly, PNG, and black and white TIFF."""
    rng = random.Random(turn)
    faces = fonts()
    page = drawn(notices, layout, faces[turn % len(faces)], dpi, rng)
    kind = ("jpeg", "jpeg", "png", "jpeg", "tiff")[turn % 5]
    how = Harm(
        blur=rng.uniform(0.2, 0.9),
        skew=rng.uniform(-1.5, 1.5),
        noise=rng.uniform(2, 12),
        dirt=rng.choice((0, 0, 60)),
        bilevel=kind == "tiff",
        jpeg=rng.randrange(40, 76) if kind == "jpeg" else 0,
    )
    content, _ = filed(harmed(page, dpi, how, turn), dpi, how)
    return content


def read(eyes: Any, content: bytes) -> PaperContent:
    document = open_document("2", "scan", content)
    _, said = eyes.look(document, content, read_paper(document, FORMATS), FORMATS)
    return said


def state(reading: FoundNotice, notice: Notice, key: str) -> SubmissionState:
    """What is decided about a reading when the register knows the printed number with this key ("" = none yet)."""
    product = next(product for product in Product if product.words == notice.product)
    names = (notice.project_name, notice.contractor, Product(product))
    row = Guarantee(*names, number=notice.number, auth_key=AuthKey(key) if key else None, guarantee_id=1)
    by_number = row if reading.fields.number == notice.number else None
    found = LookUp(by_number, () if by_number else (row,), (), frozenset())
    read_from = ReadFrom.OCR if reading.is_from_image else ReadFrom.PDF_TEXT
    return judge(replace(reading, read_from=read_from), found, PERSON, POLICY, NOW).state


def other_key(key: str) -> str:
    """Another key: a letter that is none of the look-alikes is changed for another such."""
    place = next((n for n in range(len(key)) if n + 1 not in confusable_places(key)), 0)
    return key[:place] + next(letter for letter in "KxM4" if letter.lower() != key[place].lower()) + key[place + 1 :]


def alike(one: str, other: str) -> bool:
    """Whether two keys differ by letters only that look alike."""
    return len(one) == len(other) and all(
        a.lower() == b.lower() or any(a in group and b in group for group in ALIKE)
        for a, b in zip(one, other, strict=True)
    )


def of_notice(readings: tuple[FoundNotice, ...], notice: Notice, place: int, count: int) -> FoundNotice | None:
    """The reading of this notice: by its number, else by its place when none was lost."""
    by_number = next((one for one in readings if one.fields.number == notice.number), None)
    return by_number or (readings[place] if len(readings) == count else None)


def judged(reading: FoundNotice, notice: Notice) -> Counter[str]:
    """What is counted of one reading; "wrong" must stay 0."""
    key = reading.fields.auth_key.reveal() if reading.fields.auth_key else ""
    is_right = (reading.fields.number, key) == (notice.number, notice.auth_key)
    by_key = [state(reading, notice, known) for known in ("", notice.auth_key, other_key(notice.auth_key))]
    accepted = [one is SubmissionState.ACCEPTED for one in by_key]
    return Counter(
        read=1,
        number=reading.fields.number == notice.number,
        key=key == notice.auth_key,
        alike=alike(key, notice.auth_key),
        confirmed=accepted[1],
        wrong=accepted[0] + accepted[2] + (accepted[1] and not is_right),
        unheld=by_key[0] is not SubmissionState.HELD,
    )


def told(dpi: int, counts: Counter[str], seconds: list[float]) -> str:
    every = counts["keys"]
    parts = ", ".join(f"{counts[what]} ({100 * counts[what] / every:.1f} %) {words}" for what, words in WORDS.items())
    ordered = sorted(seconds)
    paces = f"{ordered[len(ordered) // 2]:.2f} s, p95 {ordered[-(-95 * (len(ordered) - 1) // 100)]:.2f} s"
    return (
        f"scans of {dpi} dpi: {every} keys on {len(seconds)} pages: {parts}; a page {paces}; wrongly taken {counts['wrong']}, "
        f"missed without a word {counts['lost']}, pages called incomplete that are not {counts['alarms']}"
    )


WORDS = {
    "number": "numbers exact",
    "key": "keys exact",
    "alike": "keys exact but for letters that look alike (such a key is held, never corrected)",
    "confirmed": "accepted where the register has the key",
    "read": "read at all",
}


@pytest.mark.timeout(20_000)
def test_no_key_is_taken_because_a_picture_shows_it(
    eyes: Any, count: Callable[[int, int], int], figure: Callable[[str], None], tmp_path: Path
) -> None:
    if not fonts():
        pytest.skip("no Japanese font of those that the pages are drawn with")
    keys = count(9, 2_000)
    mint, turn = Mint(4711), 0
    counts = {dpi: Counter[str]() for dpi in RESOLUTIONS}
    seconds: dict[int, list[float]] = {dpi: [] for dpi in RESOLUTIONS}
    while (made := sum(one["keys"] for one in counts.values())) < keys:
        dpi = min(RESOLUTIONS, key=lambda one: counts[one]["keys"])
        layout = LAYOUTS[turn % len(LAYOUTS)]
        notices = [mint() for _ in range(min(NOTICES_ON[layout], keys - made, max(keys // 3, 1)))]
        content = scan(notices, layout, dpi, turn)
        began = time.process_time()
        said = read(eyes, content)
        seconds[dpi].append(time.process_time() - began)
        counts[dpi]["keys"] += len(notices)
        for place, notice in enumerate(notices):
            reading = of_notice(said.notices, notice, place, len(notices))
            counts[dpi] += judged(reading, notice) if reading is not None else Counter(lost=not said.besides)
        counts[dpi]["alarms"] += bool(said.besides) and len(said.notices) == len(notices)
        turn += 1
        if turn % 20 == 0:  # a long count may be looked at before its end
            (tmp_path / "figures").write_text("\n".join(told(dpi, counts[dpi], seconds[dpi]) for dpi in RESOLUTIONS))
    for dpi in RESOLUTIONS:
        figure(told(dpi, counts[dpi], seconds[dpi]))
    assert [(counts[dpi]["wrong"], counts[dpi]["unheld"], counts[dpi]["lost"]) for dpi in RESOLUTIONS] == [
        (0, 0, 0)
    ] * 3
    assert all(counts[dpi]["confirmed"] for dpi in RESOLUTIONS)
    if keys > 100:
        assert all(counts[dpi]["number"] >= 0.995 * counts[dpi]["keys"] for dpi in RESOLUTIONS if dpi >= 200)
