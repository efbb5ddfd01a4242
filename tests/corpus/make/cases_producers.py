"""Cases: a good notice with a text layer by each producer in several layouts; every one of them must be read right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import notices as said
from case import Bench, Case, kept
from manners import MANNERS, NAME
from notices import PRODUCTS, Notice, Sheet
from producers import PRODUCERS, distilled_chromium

PAPERS = Path(__file__).resolve().parents[1] / "papers"
# The committed papers of the first five producers.
COMMITTED = {
    "chromium": ("chromium-leaflet", "chromium-justified-labels", "layout-pairs-chromium"),
    "writer": ("writer-letter-spaced", "writer-two-lines", "layout-grid-writer"),
    "reportlab-cid": ("reportlab-leaflet", "reportlab-values-first", "reportlab-jv"),
    "reportlab-ttf": ("reportlab-embedded-table", "reportlab-drawn-twice", "reportlab-sideways"),
    "bare-rksj": ("shift-jis-leaflet", "shift-jis-special-letters", "shift-jis-full-width"),
}
LAYOUTS = ("lines", "table", "spaced", "below", "jv", "wide", "long", "several", "pages")
EACH = 5


def sheet(layout: str, bench: Bench) -> Sheet:
    """A sheet in one of the layouts, with notices of its own."""
    match layout:
        case "table":
            return Sheet((bench.notice(said.TWO_LINES),), "table", colon="")
        case "spaced":
            # Short, or it would run off the page.
            return Sheet(
                (bench.notice("若葉ポンプ場更新工事"),), "gap", jv_note="none", css=".val { letter-spacing: 4pt }"
            )
        case "below":
            return Sheet((bench.notice(),), "below", jv_note="none")
        case "jv":
            return Sheet((bench.notice("", said.JV),), "gap", colon="")
        case "wide":
            return Sheet((bench.notice().full_width(),), colon="：", title=said.WEST_TITLE, company=said.WEST)
        case "long":
            return Sheet((bench.notice(said.THREE_LINES),), "gap", colon="", jv_note="none")
        case "several" | "pages":
            return _several(layout, bench)
        case _:
            return Sheet((bench.notice(),), colon=":", jv_note="inline")


def _several(layout: str, bench: Bench) -> Sheet:
    if layout == "several":
        return Sheet((bench.notice(), bench.notice()), "gap", jv_note="none", css="p { line-height: 1.2 }")
    return Sheet((bench.notice(), bench.notice(), bench.notice()), jv_note="none", page_each=True)


def cases() -> Iterator[Case]:
    """Every producer in five layouts at least, each mail in another program's manner."""
    names = tuple(MANNERS)
    for turn, (producer, make) in enumerate(PRODUCERS.items()):
        chosen = [*LAYOUTS[:3], *(LAYOUTS[3 + (turn * 2 + more) % 6] for more in range(EACH - 3))]
        for place, layout in enumerate(chosen):
            bench = Bench(f"producer-{producer}-{layout}")
            made = sheet(layout, bench)
            content = kept((producer, made), lambda make=make, made=made: make(made))  # type: ignore[misc]
            manner = names[(turn * EACH + place) % len(names)]
            mail = MANNERS[manner](bench, [(NAME, content)])
            kind = f"producer/{producer}"
            note = f"{layout}, {manner}"
            yield Case(bench.name, kind, "read", mail, made.notices, producer, register=bench.register, note=note)
    yield from _committed()
    for layout in ("lines", "table", "jv"):
        bench = Bench(f"producer-garbled-{layout}", by_image=True)
        made = sheet(layout, bench)
        content = kept(("distilled_chromium", made), lambda made=made: distilled_chromium(made))  # type: ignore[misc]
        mail = MANNERS["outlook"](bench, [(NAME, content)])
        note = "printed by Chromium, distilled by Ghostscript: the text layer is garbled, the picture right"
        yield Case(
            bench.name, "garbled/ghostscript", "person", mail, made.notices, "ghostscript", True, bench.register, note
        )


def _committed() -> Iterator[Case]:
    names = tuple(MANNERS)
    for turn, (producer, papers) in enumerate(COMMITTED.items()):
        for place, paper in enumerate(papers):
            bench = Bench(f"producer-{paper}", register="number")
            expected = json.loads((PAPERS / f"{paper}.expected.json").read_text("utf-8"))
            found = tuple(as_notice(one) for one in expected["notices"])
            manner = names[(turn + place) % len(names)]
            mail = MANNERS[manner](bench, [(NAME, (PAPERS / f"{paper}.pdf").read_bytes())])
            yield Case(bench.name, f"producer/{producer}", "read", mail, found, producer, note=f"{paper}, {manner}")


def as_notice(said_there: dict[str, str]) -> Notice:
    """A notice as the paper corpus writes it down."""
    printed = {value: key for key, value in PRODUCTS.items()}
    values = said_there | {"product": printed[said_there["product"]]}
    return Notice(**values)
