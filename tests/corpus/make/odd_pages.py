"""Papers whose pages are turned, cropped, huge, small, two on a sheet, many, or of many kinds.

Used by odd_pdfs.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
from drawn import draw_lines, draw_sheet
from notices import Mint, Sheet
from odd_fonts import Made, read_as, saved
from odd_layers import HEIGHT, WIDTH, changed, picture_of, sheet, whole_page
from pikepdf import Array

_MANY, _AT, _THICK = 15, 12, 25


def odd_pages(mint: Mint) -> Made:
    """Make all of them."""
    return _turned(mint) | _sized(mint) | _together(mint) | _many(mint)


def _turned(mint: Mint) -> Made:
    left, right, over, sideways, first, second = (mint() for _ in range(6))
    drawn_sideways = draw_sheet(Sheet((sideways,), "gap", font="HeiseiMin-W3"), sideways=True)
    mixed = draw_sheet(Sheet((second,), "gap", font="HeiseiMin-W3"), sideways=True)
    return {
        "pages-turned-left": (_with_page(sheet(left), lambda page: page.rotate(270, relative=False)), read_as(left)),
        "pages-turned-right": (_with_page(sheet(right), lambda page: page.rotate(90, relative=False)), read_as(right)),
        "pages-turned-over": (_with_page(sheet(over), lambda page: page.rotate(180, relative=False)), read_as(over)),
        "pages-sideways-and-turned": (
            _with_page(drawn_sideways, lambda page: page.rotate(90, relative=False)),
            read_as(sideways),
        ),
        "pages-of-two-directions": (_joined(sheet(first), mixed), read_as(first, second)),
    }


def _with_page(content: bytes, change: Callable[[pikepdf.Page], object]) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        change(pdf.pages[0])
        return saved(pdf)


def _sized(mint: Mint) -> Made:
    cropped, unit, huge, small, shifted = (mint() for _ in range(5))
    return {
        "pages-cropped": (
            _with_page(sheet(cropped), lambda page: _set(page, "/CropBox", [40, 200, 560, 820])),
            read_as(cropped),
        ),
        "pages-user-unit": (
            _with_page(_scaled(sheet(unit), 0.5), lambda page: _set(page, "/UserUnit", 2)),
            read_as(unit),
        ),
        "pages-huge": (_scaled(sheet(huge), 4.0), read_as(huge)),
        "pages-small": (_scaled(sheet(small), 0.3), read_as(small)),
        "pages-shifted": (_shifted(sheet(shifted)), read_as(shifted)),
    }


def _set(page: pikepdf.Page, name: str, value: object) -> None:
    page.obj[name] = Array(value) if isinstance(value, list) else value


def _scaled(content: bytes, by: float) -> bytes:
    made = changed(content, lambda drawn: b"q %g 0 0 %g 0 0 cm\n%s\nQ\n" % (by, by, drawn))
    return _with_page(made, lambda page: _set(page, "/MediaBox", [0, 0, by * WIDTH, by * HEIGHT]))


def _shifted(content: bytes) -> bytes:
    """The page's corner is not at 0, 0."""
    made = changed(content, lambda drawn: b"q 1 0 0 1 -300 -421 cm\n%s\nQ\n" % drawn)
    return _with_page(made, lambda page: _set(page, "/MediaBox", [-300, -421, WIDTH - 300, HEIGHT - 421]))


def _together(mint: Mint) -> Made:
    first, second, single = mint(), mint(), mint()
    return {
        "pages-two-on-a-sheet": (_on_a_sheet(sheet(first), sheet(second)), read_as(first, second)),
        "pages-one-on-a-wide-sheet": (_on_a_sheet(sheet(single)), read_as(single)),
    }


def _on_a_sheet(*contents: bytes) -> bytes:
    """Put papers beside each other on a sheet turned sideways, each as a form of its own."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(HEIGHT, WIDTH))
        page.Resources.XObject = pikepdf.Dictionary()
        drawing = b""
        by = HEIGHT / 2 / WIDTH
        for place, content in enumerate(contents):
            with pikepdf.open(io.BytesIO(content)) as other:
                page.Resources.XObject[f"/P{place}"] = pdf.copy_foreign(
                    other.make_indirect(other.pages[0].as_form_xobject())
                )
            drawing += b"q %g 0 0 %g %g 0 cm /P%d Do Q\n" % (by, by, place * HEIGHT / 2, place)
        page.Contents = pdf.make_stream(drawing)
        return saved(pdf)


def _many(mint: Mint) -> Made:
    deep, front, mixed, thick, blank = mint(), mint(), mint(), mint(), mint()
    several = [mint() for _ in range(3)]
    attached = [_attached(number) for number in range(1, _THICK + 1)]
    scan = _scan(sheet(mint(), "IPAexMincho"))
    return {
        "pages-notice-behind-others": (
            _joined(*attached[: _AT - 1], sheet(deep), *attached[_AT - 1 : _MANY - 1]),
            read_as(deep) | {"unread": {}},
        ),
        "pages-several-notices": (
            _joined(*(paper for number, notice in enumerate(several) for paper in (sheet(notice), attached[number]))),
            read_as(*several),
        ),
        "pages-more-than-are-read": (
            _joined(sheet(thick), *attached[1:]),
            read_as(thick) | {"unread": {str(number): "limits" for number in range(21, _THICK + 1)}},
        ),
        "pages-notice-then-scan": (_joined(sheet(front), scan), read_as(front) | {"unread": {"2": "no_text"}}),
        "pages-scan-blank-notice": (
            _joined(scan, _blank_page(), sheet(mixed)),
            read_as(mixed) | {"unread": {"1": "no_text"}},
        ),
        "pages-blank-behind": (_joined(sheet(blank), _blank_page()), read_as(blank) | {"unread": {}}),
    }


def _attached(number: int) -> bytes:
    return draw_lines(
        [
            (60, 90, f"別紙{number}　数量内訳書"),
            (60, 130, "舗装版切断　As　120ｍ"),
            (60, 160, "表層工　再生密粒度As　350㎡"),
        ]
    )


def _blank_page() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(WIDTH, HEIGHT))
        return saved(pdf)


def _scan(content: bytes) -> bytes:
    return changed(content, lambda _: whole_page(), picture_of(content))


def _joined(*contents: bytes) -> bytes:
    with pikepdf.new() as pdf:
        for content in contents:
            with pikepdf.open(io.BytesIO(content)) as other:
                pdf.pages.extend(other.pages)
        return saved(pdf)
