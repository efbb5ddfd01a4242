"""Cases: scans, faxes and searchable scans. What is only seen is never accepted by itself, so a person gets them all."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import images
import mails
import pikepdf
from case import Bench, Case, kept, paper
from mails import Part, file, many
from notices import Notice, Sheet
from PIL import Image
from placed import Text, texts

COPIER = "複合機からの送信です。\r\n"
Made = Callable[[Sheet, int], bytes]
MINCHO, GOTHIC = "IPAexMincho", "IPAexGothic"


def _scan(dpi: int, quality: int = 45, **damage: float) -> Made:
    return lambda sheet, seed: images.as_pdf(
        [images.scanned(images.drawn(sheet, dpi), seed, **damage)], dpi, quality=quality
    )


def _black(dpi: int, threshold: int = 150) -> Made:
    return lambda sheet, seed: images.as_pdf(
        [images.bilevel(images.scanned(images.drawn(sheet, dpi), seed), threshold)], dpi
    )


def _turned(degrees: int) -> Made:
    return lambda sheet, seed: images.as_pdf(
        [images.scanned(images.drawn(sheet, 200), seed).rotate(degrees, expand=True)], 200, quality=45
    )


def _pages(sheet: Sheet, seed: int) -> bytes:
    made = [
        images.bilevel(images.scanned(images.drawn(sheet, 200, page), seed + page))
        for page in range(len(sheet.notices))
    ]
    return images.as_pdf(made, 200)


def _fax(*, coarse: bool = False, dirty: bool = False, pdf: bool = False) -> Made:
    def made(sheet: Sheet, seed: int) -> bytes:
        page = images.faxed(images.drawn(sheet, 200), seed, coarse=coarse, dirty=dirty)
        return images.as_pdf([page], 204) if pdf else images.tiff([page], dpi=(204, 98 if coarse else 196))

    return made


def _fax_with_cover(sheet: Sheet, seed: int) -> bytes:
    cover = Image.new("L", (1654, 2339), 255)
    pages = [images.faxed(page, seed) for page in (cover, images.drawn(sheet, 200))]
    return images.tiff(pages)


# (name, layout, font, media type, file name, how it is made)
_SCANS: tuple[tuple[str, str, str, str, str, Made], ...] = (
    ("grey-200", "lines", MINCHO, "application/pdf", "SCAN0001.pdf", _scan(200)),
    ("grey-200-gothic", "table", GOTHIC, "application/pdf", "SCAN0002.pdf", _scan(200)),
    ("grey-200-gap", "gap", MINCHO, "application/pdf", "SCAN0003.pdf", _scan(200, 55)),
    ("grey-200-below", "below", GOTHIC, "application/pdf", "SCAN0004.pdf", _scan(200)),
    ("grey-300", "lines", MINCHO, "application/pdf", "SCAN0005.pdf", _scan(300, 40, noise=2.0)),
    ("grey-300-gothic", "gap", GOTHIC, "application/pdf", "SCAN0006.pdf", _scan(300, 40, noise=2.0)),
    ("grey-150", "lines", MINCHO, "application/pdf", "SCAN0007.pdf", _scan(150, 50)),
    ("grey-150-table", "table", GOTHIC, "application/pdf", "SCAN0008.pdf", _scan(150, 50)),
    ("grey-100", "lines", MINCHO, "application/pdf", "SCAN0009.pdf", _scan(100, 50)),
    ("black-200", "lines", MINCHO, "application/pdf", "20260603101500.pdf", _black(200)),
    ("black-300", "table", GOTHIC, "application/pdf", "20260603101501.pdf", _black(300)),
    ("black-400", "gap", MINCHO, "application/pdf", "20260603101502.pdf", _black(400)),
    ("black-200-thin", "lines", MINCHO, "application/pdf", "20260603101503.pdf", _black(200, 90)),
    ("black-200-fat", "lines", GOTHIC, "application/pdf", "20260603101504.pdf", _black(200, 225)),
    ("skewed", "lines", MINCHO, "application/pdf", "scan.pdf", _scan(200, skew=1.6)),
    ("skewed-more", "table", GOTHIC, "application/pdf", "scan.pdf", _scan(200, skew=-3.5)),
    ("faint", "lines", MINCHO, "application/pdf", "scan.pdf", _scan(200, faint=0.6)),
    ("noisy", "lines", GOTHIC, "application/pdf", "scan.pdf", _scan(150, 40, noise=14.0)),
    ("upside-down", "lines", MINCHO, "application/pdf", "scan.pdf", _turned(180)),
    ("sideways", "gap", GOTHIC, "application/pdf", "scan.pdf", _turned(90)),
    ("stamped", "table", MINCHO, "application/pdf", "scan.pdf", lambda s, n: images.as_pdf(
        [images.scanned(images.stamped(images.drawn(s, 200)), n)], 200)),
    ("three-pages", "pages", MINCHO, "application/pdf", "scan.pdf", _pages),
    ("no-name", "lines", GOTHIC, "application/octet-stream", "", _black(200)),
    ("tiff-grey", "lines", MINCHO, "image/tiff", "scan.tif", lambda s, n: images.tiff(
        [images.scanned(images.drawn(s, 150), n, noise=1.0)], compression="jpeg", dpi=(150, 150))),
    ("sanitised", "lines", MINCHO, "application/pdf", "sanitized_n.pdf", lambda s, n: images.flat_pdf(images.drawn(s, 150), 150)),
    ("sanitised-jpeg", "table", GOTHIC, "application/pdf", "sanitized_n.pdf", lambda s, n: images.as_pdf([images.drawn(s, 144)], 144)),
)  # fmt: skip

_FAXES: tuple[tuple[str, str, str, str, str, Made], ...] = (
    ("fine", "lines", MINCHO, "image/tiff", "FAX20260603.tif", _fax()),
    ("fine-gothic", "table", GOTHIC, "image/tiff", "FAX20260603.tif", _fax()),
    ("coarse", "lines", MINCHO, "image/tiff", "FAX20260603.tif", _fax(coarse=True)),
    ("coarse-gothic", "gap", GOTHIC, "image/tiff", "FAX20260603.tif", _fax(coarse=True)),
    ("dirty", "lines", GOTHIC, "image/tiff", "FAX20260603.tif", _fax(dirty=True)),
    ("pdf", "gap", MINCHO, "application/pdf", "FAX20260603.pdf", _fax(pdf=True)),
    ("with-cover", "lines", MINCHO, "image/tiff", "FAX20260603.tif", _fax_with_cover),
)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _pictures("scan", "scan/copier", _SCANS)
    yield from _pictures("fax", "fax/gateway", _FAXES)
    yield from _searchable()
    yield from _mixed()


def seen_sheet(bench: Bench, layout: str, font: str) -> Sheet:
    """A sheet that will be seen only."""
    count = 3 if layout == "pages" else 1
    found = tuple(bench.notice() for _ in range(count))
    shape = "lines" if layout == "pages" else layout
    colon = "" if shape in {"table", "gap"} else "："
    return Sheet(found, shape, colon=colon, font=font, jv_note="none", page_each=count > 1)


def _pictures(prefix: str, kind: str, rows: tuple[tuple[str, str, str, str, str, Made], ...]) -> Iterator[Case]:
    for name, layout, font, media_type, shown, made in rows:
        bench = Bench(f"{prefix}-{name}", by_image=True)
        sheet = seen_sheet(bench, layout, font)
        content = kept((bench.name, sheet), lambda made=made, sheet=sheet, bench=bench: made(sheet, bench.seed))  # type: ignore[misc]
        sender = f"copier@{bench.name}.example.jp".encode()
        words = (
            mails.text(COPIER) if prefix == "scan" else mails.text("FAX受信のお知らせ\r\n", "iso-2022-jp", how="7bit")
        )
        mail = bench.mail(many(words, file(content, shown or None, media_type)), b"", sender=sender)
        yield Case(bench.name, kind, "person", mail, sheet.notices, "copier", True, bench.register, layout)


def other_values(one: Notice, what: str) -> Notice:
    """The notice as a bad recognition would have it: another letter in the key, another digit in the number."""
    letters = {
        "0": "O",
        "O": "0",
        "1": "l",
        "l": "1",
        "I": "1",
        "5": "S",
        "S": "5",
        "8": "B",
        "B": "8",
        "2": "Z",
        "Z": "2",
    }
    key = one.auth_key
    if what == "key":
        place = next((i for i, letter in enumerate(key) if letter in letters), 0)
        key = key[:place] + letters.get(key[place], "x") + key[place + 1 :]
    number = one.number[:-1] + str((int(one.number[-1]) + 5) % 10) if what == "number" else one.number
    return replace(one, auth_key=key, number=number)


def _searchable() -> Iterator[Case]:
    for name in ("key", "number", "right", "key-of-register"):
        bench = Bench(f"searchable-{name}", by_image=True, register="key" if name == "key-of-register" else "number")
        sheet = seen_sheet(bench, "gap", MINCHO)
        layer = replace(sheet, notices=tuple(other_values(one, name.split("-")[0]) for one in sheet.notices))

        def made(sheet: Sheet = sheet, layer: Sheet = layer, bench: Bench = bench) -> bytes:
            picture = images.scanned(images.drawn(sheet, 200), bench.seed)
            return images.as_pdf([picture], 200, text=images.invisible(texts(layer)[0]))

        content = kept((bench.name, sheet), made)
        mail = bench.mail(many(mails.text(COPIER), file(content, "20260603.pdf")))
        note = f"invisible text over the picture; wrong in it: {name}"
        yield Case(bench.name, "searchable/scan", "person", mail, sheet.notices, "copier", True, bench.register, note)
    for name in ("key", "number"):
        bench = Bench(f"painted-over-{name}", by_image=True, register="number")
        sheet = seen_sheet(bench, "gap", MINCHO)
        layer = replace(sheet, notices=tuple(other_values(one, name) for one in sheet.notices))

        def hidden(sheet: Sheet = sheet, layer: Sheet = layer) -> bytes:
            return _below(images.drawn(sheet, 150), texts(layer)[0])

        content = kept((bench.name, sheet), hidden)
        mail = bench.mail(many(mails.text(), file(content, "n.pdf")))
        note = f"a picture painted over a text that says another {name}"
        yield Case(
            bench.name, "searchable/painted over", "person", mail, sheet.notices, "gateway", True, bench.register, note
        )


def _below(image: Image.Image, texts: list[Text]) -> bytes:
    """Black text first, the whole page's picture over it."""
    words = images.invisible(texts).replace(b"3 Tr", b"0 Tr")
    whole = images.as_pdf([image], 150, text=b"\n")
    start = whole.index(b"q ")
    picture_end = whole.index(b" Do Q\n", start) + 6
    command = whole[start:picture_end]
    old = whole[whole.rindex(b"<< /Length", 0, start) : whole.index(b"endstream", start)]
    content = words + b"\n" + command
    new = b"<< /Length %d >>\nstream\n%s\n" % (len(content), content)
    return whole.replace(old, new, 1)


def _mixed() -> Iterator[Case]:
    for name in ("two-files", "one-file"):
        bench = Bench(f"mixed-{name}", register="number")
        written = bench.notice()
        sheet = Sheet((bench.notice(),), "gap", colon="", font=GOTHIC, jv_note="none")

        def made(sheet: Sheet = sheet, bench: Bench = bench) -> bytes:
            return images.as_pdf([images.bilevel(images.scanned(images.drawn(sheet, 200), bench.seed))], 200)

        scan = kept((bench.name, sheet), made)
        parts: tuple[Part, ...] = (file(paper(written), "n1.pdf"), file(scan, "scan.pdf"))
        if name == "one-file":
            parts = (file(joined(paper(written), scan), "n.pdf"),)
        mail = bench.mail(many(mails.text(), *parts), "認証キー２件の送付")
        found = (written, *sheet.notices)
        note = "the first has a text layer, the second is a scan"
        yield Case(bench.name, "mixed/text and scan", "person", mail, found, "", True, "number", note,
                   (sheet.notices[0].number,))  # fmt: skip


def joined(*files: bytes) -> bytes:
    """PDFs as one."""
    out = io.BytesIO()
    with pikepdf.new() as whole:
        for content in files:
            with pikepdf.open(io.BytesIO(content)) as pdf:
                whole.pages.extend(pdf.pages)
        whole.save(out, deterministic_id=True)
    return out.getvalue()
