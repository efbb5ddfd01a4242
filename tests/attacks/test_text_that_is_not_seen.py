"""A text layer that says one number and key while people see others, or none: held without any recogniser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pikepdf
import pytest
from _pytest.mark import ParameterSet
from pikepdf import Array, Dictionary, Name, Object, Stream, String
from PIL import Image, ImageDraw, ImageFont

from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.policy import Formats
from bot.documents.contents import AttachmentReader

PAPERS = Path(__file__).parents[1] / "corpus" / "papers"
SAID = ("12345-678901", "Z28YUE4J3Bux")
SHOWN = ("55555-123456", "QmWn7TrKs9Pd")
_LABELS = {
    760: "電子保証にかかる「認証キー」のお知らせ",
    700: "工事名：河川改修工事その2",
    664: "受注者名：見本建設株式会社",
    628: "商品（保証区分）：前払金保証",
    592: "保証契約番号：",
    556: "認証キー：",
}


@dataclass(frozen=True)
class Sheet:
    """A notice: what is drawn before the values, and each value's operators with its place and letters."""

    head: bytes
    values: tuple[bytes, bytes]
    letters: tuple[str, str]
    places: tuple[tuple[float, float], tuple[float, float]]
    font: bytes  # its name in the resources
    encode: Callable[[str], bytes]
    make: Callable[[], pikepdf.Pdf]

    @property
    def boxes(self) -> list[bytes]:
        return [b"%g %g 110 16" % (x - 2, y - 4) for x, y in self.places]

    def in_font(self, letters: str, x: float, y: float, size: float = 12) -> bytes:
        return b"BT /%s %g Tf 1 0 0 1 %g %g Tm <%s> Tj ET\n" % (
            self.font,
            size,
            x,
            y,
            self.encode(letters).hex().encode(),
        )


def japanese() -> Dictionary:
    cid = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType0,
        BaseFont=Name("/HeiseiMin-W3"),
        CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Japan1"), Supplement=2),
        DW=1000,
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/HeiseiMin-W3"),
        Encoding=Name("/UniJIS-UCS2-H"),
        DescendantFonts=Array([cid]),
    )


def helvetica() -> Dictionary:
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)


def arial() -> Dictionary:
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/ArialMT"),
        Flags=32,
        FontBBox=Array([-665, -325, 2000, 1006]),
        ItalicAngle=0,
        Ascent=905,
        Descent=-212,
        CapHeight=716,
        StemV=80,
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.TrueType,
        BaseFont=Name("/ArialMT"),
        Encoding=Name.WinAnsiEncoding,
        FirstChar=32,
        LastChar=126,
        Widths=Array([556] * 95),
        FontDescriptor=descriptor,
    )


def mincho() -> Dictionary:
    font = japanese()
    font.BaseFont = Name("/MS-Mincho")
    font.Encoding = Name("/90ms-RKSJ-H")
    font.DescendantFonts[0].BaseFont = Name("/MS-Mincho")
    font.DescendantFonts[0].Subtype = Name.CIDFontType2
    font.DescendantFonts[0].W = Array([231, 632, 500])
    return font


FONTS: dict[str, tuple[Callable[[], Dictionary], Callable[[str], bytes]]] = {
    "helvetica": (helvetica, str.encode),
    "arial": (arial, str.encode),
    "mincho": (mincho, lambda text: text.encode("cp932")),
}


def typed_sheet(name: str) -> Sheet:
    """A notice whose values are set in a font that is not embedded."""
    font, encode = FONTS[name]

    def make() -> pikepdf.Pdf:
        pdf = pikepdf.new()
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[0].Resources = Dictionary(Font=Dictionary(J=japanese(), V=font()))
        return pdf

    head = b"".join(
        b"BT /J 12 Tf 80 %d Td <%s> Tj ET\n" % (y, text.encode("utf-16-be").hex().encode())
        for y, text in _LABELS.items()
    )
    plain = Sheet(head, (b"", b""), SAID, ((220, 592), (220, 556)), b"V", encode, make)
    values = [plain.in_font(text, *place) for text, place in zip(SAID, plain.places, strict=True)]
    return replace(plain, values=(values[0], values[1]))


def embedded_sheet() -> Sheet:
    """A notice of the corpus, whose font is embedded."""
    content = (PAPERS / "reportlab-embedded-table.pdf").read_bytes()
    letters = ("17087-922400", "280TZmv0v6ZS")

    def make() -> pikepdf.Pdf:
        return pikepdf.open(io.BytesIO(content))

    with make() as pdf:
        pdf.pages[0].contents_coalesce()
        lines = pdf.pages[0].Contents.read_bytes().splitlines(keepends=True)
    found = [next(line for line in lines if b"(%s) Tj" % text.encode() in line) for text in letters]
    places = []
    for line in found:
        place = re.search(rb"1 0 0 1 ([\d.]+) ([\d.]+) Tm", line)
        assert place is not None
        places.append((float(place[1]), float(place[2])))
    head = b"".join(line for line in lines if line not in found)
    font = re.search(rb"/(F\S+) [\d.]+ Tf", found[0])
    assert font is not None
    return Sheet(head, (found[0], found[1]), letters, (places[0], places[1]), font[1], lambda text: text.encode(), make)


SHEETS: dict[str, Callable[[], Sheet]] = {
    "helvetica": lambda: typed_sheet("helvetica"),
    "arial": lambda: typed_sheet("arial"),
    "mincho": lambda: typed_sheet("mincho"),
    "embedded": embedded_sheet,
}


def paper(sheet: Sheet, content: bytes, change: Callable[[pikepdf.Pdf, Object], None] | None = None) -> bytes:
    with sheet.make() as pdf:
        page = pdf.pages[0]
        page.Contents = pdf.make_stream(content)
        page.Resources.XObject = Dictionary(
            Shown0=picture(pdf, SHOWN[0]), Shown1=picture(pdf, SHOWN[1]), White=white(pdf)
        )
        if change is not None:
            change(pdf, page.obj)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


@cache
def pixels(text: str) -> tuple[int, int, bytes]:
    image = Image.new("L", (330, 48), 255)
    ImageDraw.Draw(image).text((4, 2), text, fill=0, font=ImageFont.load_default(36))
    return image.width, image.height, image.tobytes()


def picture(pdf: pikepdf.Pdf, text: str) -> Stream:
    width, height, content = pixels(text)
    return image_of(pdf, width, height, content)


def white(pdf: pikepdf.Pdf) -> Stream:
    return image_of(pdf, 1, 1, b"\xff")


def image_of(pdf: pikepdf.Pdf, width: int, height: int, content: bytes) -> Stream:
    return pdf.make_stream(
        content,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=width,
        Height=height,
        ColorSpace=Name.DeviceGray,
        BitsPerComponent=8,
    )


def pictures(sheet: Sheet) -> bytes:
    """The other number and key as pictures in the values' places."""
    return b"".join(
        b"q 110 0 0 16 %g %g cm /Shown%d Do Q\n" % (x - 2, y - 4, n) for n, (x, y) in enumerate(sheet.places)
    )


def segments(sheet: Sheet) -> bytes:
    """Other digits, drawn as strokes like a pocket calculator's."""
    lines = []
    for x, y in sheet.places:
        for place in range(12):
            left = x + place * 6.6
            lines.append(b"%g %g m %g %g l %g %g l %g %g l %g %g l %g %g l" % (
                *(left + 4, y + 8), *(left, y + 8), *(left, y + 4), *(left + 4, y + 4), *(left + 4, y), *(left, y)
            ))  # fmt: skip
    return b"q 1 w 0 G " + b" ".join(lines) + b" S Q\n"


def whole(sheet: Sheet) -> bytes:
    return sheet.head + b"".join(sheet.values)


def wrapped(
    before: bytes, after: bytes = b"Q\n", behind: Callable[[Sheet], bytes] = pictures
) -> Callable[[Sheet], bytes]:
    """The values between these operators, then something else in their place."""

    def content(sheet: Sheet) -> bytes:
        return sheet.head + b"q " + before + b" " + b"".join(sheet.values) + after + behind(sheet)

    return content


def nothing(_: Sheet) -> bytes:
    return b""


def covered(shape: str, paint: bytes = b"1 g", then: Callable[[Sheet], bytes] = pictures) -> Callable[[Sheet], bytes]:
    def content(sheet: Sheet) -> bytes:
        shapes = b""
        for x, y in sheet.places:
            left, low, right, high = x - 3, y - 4, x + 110, y + 13
            shapes += {
                "rectangle": b"%g %g %g %g re f\n" % (left, low, right - left, high - low),
                "hexagon": b"%g %g m %g %g l %g %g l %g %g l %g %g l %g %g l h f\n"
                % (
                    left,
                    low,
                    (left + right) / 2,
                    low - 1,
                    right,
                    low,
                    right,
                    high,
                    (left + right) / 2,
                    high + 1,
                    left,
                    high,
                ),
                "curves": b"%g %g m %g %g %g %g %g %g c %g %g l %g %g l h f\n"
                % (left, low, left, low - 1, right, low - 1, right, low, right, high, left, high),
                "stroke": b"20 w %g %g m %g %g l S\n" % (left, (low + high) / 2, right, (low + high) / 2),
                "image": b"q %g 0 0 %g %g %g cm /White Do Q\n" % (right - left, high - low, left, low),
                "strips": b"".join(b"%g %g %g 1.2 re f\n" % (left, low + step, right - left) for step in range(17)),
            }[shape]
        return whole(sheet) + b"q " + paint + b" 1 G " + shapes + b"Q\n" + then(sheet)

    return content


def clipped(clip: str) -> Callable[[Sheet], bytes]:
    def content(sheet: Sheet) -> bytes:
        paths = {
            "thin": b" ".join(b"%g %g 200 1 re" % (x - 5, y - 6) for x, y in sheet.places),
            "away": b"0 0 10 10 re",
            "half": b" ".join(b"%g %g 200 8 re" % (x - 5, y - 4) for x, y in sheet.places),
            "empty": b"0 0 0 0 re",
        }
        return wrapped(paths[clip] + b" W n")(sheet)

    return content


def resized(matrix: bytes, size: float = 12) -> Callable[[Sheet], bytes]:
    """Each value scaled by a matrix around its place."""

    def content(sheet: Sheet) -> bytes:
        small = b"".join(
            b"q " + matrix % (x, y) + b" cm " + sheet.in_font(text, 0, 0, size) + b"Q\n"
            for text, (x, y) in zip(sheet.letters, sheet.places, strict=True)
        )
        return sheet.head + small + pictures(sheet)

    return content


def inline_images(sheet: Sheet) -> bytes:
    found = whole(sheet)
    for text, (x, y) in zip(SHOWN, sheet.places, strict=True):
        width, height, content = pixels(text)
        found += b"q 110 0 0 16 %g %g cm BI /W %d /H %d /CS /G /BPC 8 /F /AHx ID %s> EI Q\n" % (
            *(x - 2, y - 4, width, height),
            content.hex().encode(),
        )
    return found


def appended(sheet: Sheet) -> bytes:
    """One more digit behind each value, as a picture."""
    return whole(sheet) + b"".join(
        b"q 7 0 0 9 %g %g cm /Shown0 Do Q\n" % (x + 6.8 * len(text), y)
        for text, (x, y) in zip(sheet.letters, sheet.places, strict=True)
    )


def one_letter_covered(sheet: Sheet) -> bytes:
    return whole(sheet) + b"".join(b"q 1 g %g %g 7 5 re f Q\n" % (x, y - 1) for x, y in sheet.places)


CONTENTS: dict[str, Callable[[Sheet], bytes]] = {
    "a picture over it": lambda sheet: whole(sheet) + pictures(sheet),
    "a picture under it": lambda sheet: sheet.head + pictures(sheet) + b"".join(sheet.values),
    "strokes over it": lambda sheet: whole(sheet) + segments(sheet),
    "inline pictures over it": inline_images,
    "a white rectangle and a picture": covered("rectangle"),
    "a white hexagon and a picture": covered("hexagon"),
    "a white shape of curves and a picture": covered("curves"),
    "a broad white stroke and a picture": covered("stroke"),
    "a white picture and strokes": covered("image", then=segments),
    "white strips and strokes": covered("strips", then=segments),
    "a white rectangle alone": covered("rectangle", then=nothing),
    "a white hexagon alone": covered("hexagon", then=nothing),
    "a white picture alone": covered("image", then=nothing),
    "a black hexagon": covered("hexagon", b"0 g", nothing),
    "half a letter covered": one_letter_covered,
    "white": wrapped(b"1 g"),
    "white, and nothing else": wrapped(b"1 g", behind=nothing),
    "pale grey": wrapped(b"0.93 g"),
    "grey": wrapped(b"0.8 g"),
    "grey, and nothing else": wrapped(b"0.75 g", behind=nothing),
    "yellow": wrapped(b"1 1 0 rg", behind=nothing),
    "a colour close to its field's": lambda sheet: (
        sheet.head
        + b"q 0.2 0.3 0.5 rg 200 540 300 80 re f 40 380 500 70 re f 0.25 0.35 0.55 rg "
        + b"".join(sheet.values)
        + b"Q\n"
    ),
    "invisible (mode 3)": wrapped(b"3 Tr"),
    "invisible, and nothing else": wrapped(b"3 Tr", behind=nothing),
    "as a clip (mode 7)": wrapped(b"7 Tr"),
    "a hairline outline": wrapped(b"1 Tr 0 w"),
    "a white outline": wrapped(b"1 Tr 1 G"),
    "white with a white outline": wrapped(b"2 Tr 1 g 1 G"),
    "clipped to a strip": clipped("thin"),
    "clipped away": clipped("away"),
    "clipped to its lower half": clipped("half"),
    "clipped to nothing": clipped("empty"),
    "transparent": wrapped(b"/Clear gs"),
    "almost transparent": wrapped(b"/Faint gs"),
    "under a soft mask": wrapped(b"/Masked gs"),
    "under a soft mask, and nothing else": wrapped(b"/Masked gs", behind=nothing),
    "blended away": wrapped(b"/Screen gs 0 g 1 1 1 rg"),
    "lightened on white": wrapped(b"/Lighten gs", behind=nothing),
    "in a white pattern": wrapped(b"/Pattern cs /Tiles scn"),
    "in a pattern that shows little": wrapped(b"/Pattern cs /Dots scn", behind=nothing),
    "in a shading to white": wrapped(b"/Pattern cs /Shade scn"),
    "shaded over": lambda sheet: (
        whole(sheet) + b"".join(b"q %s re W n /Sh sh Q\n" % box for box in sheet.boxes) + pictures(sheet)
    ),
    "a pattern over it": lambda sheet: (
        whole(sheet)
        + b"q /Pattern cs /Tiles scn "
        + b"".join(b"%s re f\n" % box for box in sheet.boxes)
        + b"Q\n"
        + pictures(sheet)
    ),
    "two points high": resized(b"1 0 0 1 %g %g", 2),
    "scaled to two points": resized(b"0.16 0 0 0.16 %g %g"),
    "squeezed to a line": resized(b"0.02 0 0 1 %g %g"),
    "flat as a line": resized(b"1 0 0 0.02 %g %g"),
    "with a digit more": appended,
}


def with_states(pdf: pikepdf.Pdf, page: Object) -> None:
    resources = page.Resources
    black = pdf.make_stream(
        b"0 g 0 0 595 842 re f",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 595, 842]),
        Group=Dictionary(S=Name.Transparency, CS=Name.DeviceGray),
    )
    resources.ExtGState = Dictionary(
        Clear=Dictionary(ca=0, CA=0),
        Faint=Dictionary(ca=0.15, CA=0.15),
        Masked=Dictionary(SMask=Dictionary(S=Name.Luminosity, G=black)),
        Screen=Dictionary(BM=Name.Screen),
        Lighten=Dictionary(BM=Name.Lighten),
    )
    fade = Dictionary(FunctionType=2, Domain=Array([0, 1]), C0=Array([1, 1, 1]), C1=Array([0.98, 0.98, 0.98]), N=1)
    shading = Dictionary(
        ShadingType=2,
        ColorSpace=Name.DeviceRGB,
        Coords=Array([0, 0, 595, 0]),
        Function=fade,
        Extend=Array([True, True]),
    )
    resources.Shading = Dictionary(Sh=shading)
    resources.Pattern = Dictionary(
        Shade=Dictionary(Type=Name.Pattern, PatternType=2, Shading=shading),
        Tiles=tiles(pdf, b"1 g 0 0 8 8 re f"),
        Dots=tiles(pdf, b"0 g 0 0 1 1 re f"),
    )


def tiles(pdf: pikepdf.Pdf, content: bytes) -> Stream:
    return pdf.make_stream(
        content,
        Type=Name.Pattern,
        PatternType=1,
        PaintType=1,
        TilingType=1,
        BBox=Array([0, 0, 8, 8]),
        XStep=8,
        YStep=8,
        Resources=Dictionary(),
    )


# ---------------------------------------------------------------- layers, forms, notes, boxes: what the file says of its page


Change = Callable[[Sheet, pikepdf.Pdf, Object], None]


def form(pdf: pikepdf.Pdf, page: Object, content: bytes, **entries: object) -> Stream:
    return pdf.make_stream(
        content,
        Type=Name.XObject,
        Subtype=Name.Form,
        Resources=page.Resources,
        **{"BBox": Array([0, 0, 595, 842]), **entries},
    )


def content_of(pdf: pikepdf.Pdf, page: Object, content: bytes) -> None:
    page.Contents = pdf.make_stream(content)


def in_form(**entries: object) -> Change:
    """The values within a form within a form."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        page.Resources.XObject.Inner = form(pdf, page, b"".join(sheet.values))
        page.Resources.XObject.Outer = form(pdf, page, b"/Inner Do", **entries)
        content_of(pdf, page, sheet.head + b"q /Outer Do Q\n" + pictures(sheet) * ("BBox" in entries))

    return change


def cover_in_forms(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    page.Resources.XObject.Inner = form(pdf, page, covered("hexagon")(sheet)[len(whole(sheet)) :])
    page.Resources.XObject.Outer = form(pdf, page, b"q 1 0 0 1 0 0 cm /Inner Do Q")
    content_of(pdf, page, whole(sheet) + b"/Outer Do\n")


def values_in_faint_form(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    group = Dictionary(S=Name.Transparency, I=True)
    page.Resources.XObject.Inner = form(pdf, page, b"".join(sheet.values), Group=group)
    content_of(pdf, page, sheet.head + b"q /Faint gs /Inner Do Q\n" + pictures(sheet))


def values_in_masked_form(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    group = Dictionary(S=Name.Transparency, I=True)
    page.Resources.XObject.Inner = form(pdf, page, b"".join(sheet.values), Group=group)
    content_of(pdf, page, sheet.head + b"q /Masked gs /Inner Do Q\n")


def layer(pdf: pikepdf.Pdf, *, view: str = "", printed: str = "", off: bool = False, base: str = "") -> Object:
    usage = Dictionary()
    if view:
        usage.View = Dictionary(ViewState=Name(f"/{view}"))
    if printed:
        usage.Print = Dictionary(PrintState=Name(f"/{printed}"))
    group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("x"), Usage=usage))
    config = Dictionary(Order=Array([group]))
    if off:
        config.OFF = Array([group])
    if base:
        config.BaseState = Name(f"/{base}")
    uses = [(Name.View, view), (Name.Print, printed)]
    config.AS = Array(
        [Dictionary(Event=event, OCGs=Array([group]), Category=Array([event])) for event, state in uses if state]
    )
    pdf.Root.OCProperties = Dictionary(OCGs=Array([group]), D=config)
    return group


def on_layer(**state: object) -> Change:
    """The values on a layer that is off somewhere."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        page.Resources.Properties = Dictionary(L=layer(pdf, **state))  # type: ignore[arg-type]
        content_of(pdf, page, sheet.head + b"/OC /L BDC " + b"".join(sheet.values) + b" EMC\n")

    return change


def on_layers_of(policy: str) -> Change:
    """The values on a layer whose visibility follows from another's."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        members = Dictionary(Type=Name.OCMD, OCGs=layer(pdf), P=Name(f"/{policy}"))
        page.Resources.Properties = Dictionary(L=pdf.make_indirect(members))
        content_of(pdf, page, sheet.head + b"/OC /L BDC " + b"".join(sheet.values) + b" EMC\n")

    return change


def form_on_layer(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    page.Resources.XObject.Inner = form(pdf, page, b"".join(sheet.values), OC=layer(pdf, off=True))
    content_of(pdf, page, sheet.head + b"/Inner Do\n")


def cover_on_layer(**state: object) -> Change:
    """Another number and key on a layer that is on only somewhere."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        page.Resources.Properties = Dictionary(L=layer(pdf, **state))  # type: ignore[arg-type]
        content_of(pdf, page, whole(sheet) + b"/OC /L BDC " + pictures(sheet) + b" EMC\n")

    return change


def over_values(kind: str, *, pictured: bool, **entries: object) -> Change:
    """Notes of a kind over the values, with or without a picture of the other number and key."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        content_of(pdf, page, whole(sheet))
        notes = []
        for number, (x, y) in enumerate(sheet.places):
            note = Dictionary(
                {"/Type": Name.Annot, "/Subtype": Name(f"/{kind}"), "/Rect": Array([x - 2, y - 4, x + 108, y + 12])}
                | {"/F": 4, "/Contents": String(SHOWN[number]), "/DA": String("/Helv 12 Tf 0 g")}
                | {f"/{key}": value for key, value in entries.items()}
            )
            if pictured:
                note.AP = Dictionary(
                    N=form(pdf, page, b"110 0 0 16 0 0 cm /Shown%d Do" % number, BBox=Array([0, 0, 110, 16]))
                )
            notes.append(pdf.make_indirect(note))
        page.Annots = Array(notes)
        if kind == "Widget":
            as_fields(pdf, notes)

    return change


def as_fields(pdf: pikepdf.Pdf, notes: list[Object], *, needed: bool = False) -> None:
    for number, note in enumerate(notes):
        note.FT, note.T = Name.Tx, String(f"field{number}")
        if "/V" not in note:
            note.V = note.Contents
    fonts = Dictionary(Font=Dictionary(Helv=helvetica()))
    pdf.Root.AcroForm = Dictionary(Fields=Array(notes), DR=fonts, DA=String("/Helv 12 Tf 0 g"), NeedAppearances=needed)


def filled(
    kind: str, shown: tuple[str, str] | None, *, needed: bool = False, draw: bytes = b"", **entries: object
) -> Change:
    """The values in fields or notes whose picture shows something else."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        page.Resources.Font.Helv = helvetica()
        content_of(pdf, page, sheet.head)
        notes = []
        for number, (x, y) in enumerate(sheet.places):
            note = Dictionary(
                {"/Type": Name.Annot, "/Subtype": Name(f"/{kind}"), "/Rect": Array([x - 2, y - 4, x + 148, y + 14])}
                | {"/F": 4, "/Contents": String(SAID[number]), "/DA": String("/Helv 12 Tf 0 g")}
                | {f"/{key}": value for key, value in entries.items()}
            )
            if shown is not None:
                text = draw or b"BT /Helv 12 Tf 2 4 Td (%s) Tj ET" % shown[number].encode()
                note.AP = Dictionary(N=form(pdf, page, text, BBox=Array([0, 0, 150, 18])))
            notes.append(pdf.make_indirect(note))
        page.Annots = Array(notes)
        if kind == "Widget":
            as_fields(pdf, notes, needed=needed)

    return change


def actual_text(*, in_resources: bool) -> Change:
    """Letters that are drawn, marked to stand for others."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        marked = sheet.head
        page.Resources.Properties = Dictionary()
        for number, (operators, words) in enumerate(zip(sheet.values, SHOWN, strict=True)):
            page.Resources.Properties[f"/W{number}"] = Dictionary(ActualText=String(words))
            words_of = b"/W%d" % number if in_resources else b"<</ActualText (%s)>>" % words.encode()
            marked += b"/Span " + words_of + b" BDC " + operators + b" EMC\n"
        content_of(pdf, page, marked)

    return change


def cropped(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    content_of(pdf, page, whole(sheet))
    page.CropBox = Array([0, min(y for _, y in sheet.places) + 6, 595, 842])


def turned_and_covered(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    content_of(pdf, page, covered("hexagon")(sheet))
    page.Rotate = 90


def in_page_group(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    content_of(pdf, page, CONTENTS["almost transparent"](sheet))
    page.Group = Dictionary(S=Name.Transparency, CS=Name.DeviceRGB, I=True, K=True)


CHANGES: dict[str, Change] = {
    "a cover within forms": cover_in_forms,
    "a form that clips its values": in_form(BBox=Array([0, 0, 100, 100])),
    "a form that squeezes its values": in_form(Matrix=Array([1, 0, 0, 0.02, 0, 580])),
    "a faint group": values_in_faint_form,
    "a masked group": values_in_masked_form,
    "a layer that is off": on_layer(off=True),
    "a layer that is off for viewing": on_layer(view="OFF"),
    "a layer that is off on paper": on_layer(printed="OFF"),
    "a layer that is off unless told otherwise": on_layer(base="OFF"),
    "a layer that is on while others are off": on_layers_of("AllOff"),
    "a form on a layer that is off": form_on_layer,
    "a cover on a layer that is on": cover_on_layer(),
    "a cover on a layer that is off": cover_on_layer(off=True),
    "a cover on a layer that is off for viewing": cover_on_layer(view="OFF"),
    "a cover on a layer that is on for printing": cover_on_layer(off=True, printed="ON"),
    "a stamp over it": over_values("Stamp", pictured=True),
    "typed text over it": over_values("FreeText", pictured=True),
    "typed text without a picture over it": over_values("FreeText", pictured=False),
    "a field over it": over_values("Widget", pictured=True),
    "a field without a picture over it": over_values("Widget", pictured=False),
    "a filled square over it": over_values("Square", pictured=False, IC=Array([1, 1, 1]), C=Array([1, 1, 1])),
    "a pictured square over it": over_values("Square", pictured=True),
    "a polygon without a picture over it": over_values(
        "Polygon", pictured=False, IC=Array([1, 1, 1]), Vertices=Array([0, 0, 1, 1, 2, 2])
    ),
    "a redaction over it": over_values("Redact", pictured=False, IC=Array([0, 0, 0])),
    "a stamp over it that is seen on paper only": over_values("Stamp", pictured=True, F=4 | 32),
    "typed text that shows another": filled("FreeText", SHOWN),
    "typed text that shows nothing": filled("FreeText", SHOWN, draw=b"q Q"),
    "typed text that shows a picture": filled("FreeText", SHOWN, draw=b"q 110 0 0 16 0 0 cm /Shown0 Do Q"),
    "typed text in white": filled("FreeText", None, DA=String("/Helv 12 Tf 1 g")),
    "a stamp's comment": filled("Stamp", None),
    "a stamp's comment beside its picture": filled("Stamp", SHOWN),
    "a field that shows another": filled("Widget", SHOWN),
    "a field that shows another until it is drawn anew": filled("Widget", SHOWN, needed=True),
    "a field that shows a picture": filled("Widget", SHOWN, draw=b"q 110 0 0 16 0 0 cm /Shown0 Do Q"),
    "a field in white": filled("Widget", SAID, draw=b"1 g BT /Helv 12 Tf 2 4 Td (12345-678901) Tj ET"),
    "words for readers aloud": actual_text(in_resources=False),
    "words for readers aloud among the resources": actual_text(in_resources=True),
    "outside of what is shown of the page": cropped,
    "a cover on a turned page": turned_and_covered,
    "transparent in a page's group": in_page_group,
}


# ---------------------------------------------------------------- fonts that are not embedded, and name their letters otherwise


def to_unicode(pdf: pikepdf.Pdf, pairs: dict[bytes, str]) -> Stream:
    width = len(next(iter(pairs)))
    rows = b"".join(
        b"<%s> <%s>\n" % (code.hex().encode(), text.encode("utf-16-be").hex().encode()) for code, text in pairs.items()
    )
    return pdf.make_stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <%s> <%s> endcodespacerange\n%d beginbfchar\n%sendbfchar\nendcmap end end"
        % (b"00" * width, b"ff" * width, len(pairs), rows)
    )


def renamed(sheet: Sheet) -> dict[bytes, str]:
    """Codes of the letters that are drawn (SHOWN), and the letters that they are said to be (SAID)."""
    pairs: dict[bytes, str] = {}
    for drawn, said in zip(SHOWN, ("12345-678901", "Z28YUE4J3Bux"), strict=True):
        pairs |= dict(zip(map(sheet.encode, drawn), said, strict=True))
    return pairs


def other_codes(sheet: Sheet) -> bytes:
    return sheet.head + b"".join(
        sheet.in_font(text, *place) for text, place in zip(("98765-432109", "QmWn7TrKs9Pd"), sheet.places, strict=True)
    )


_TURNED = str.maketrans("9876543210", "1234567890")


def lie_by_to_unicode(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    content_of(pdf, page, other_codes(sheet))
    letters = "98765432-10QmWn7TrKsPd"
    page.Resources.Font.V.ToUnicode = to_unicode(
        pdf, {sheet.encode(letter): letter.translate(_TURNED) for letter in letters}
    )


def lie_by_differences(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    """Names for codes that a viewer ignores where the font is symbolic."""
    content_of(pdf, page, other_codes(sheet))
    names = ["zero", "nine", "eight", "seven", "six", "five", "four", "three", "two", "one"]
    page.Resources.Font.V.Encoding = Dictionary(
        BaseEncoding=Name.WinAnsiEncoding, Differences=Array([48, *(Name(f"/{name}") for name in names)])
    )


def lie_by_broken_file(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    """A font file that nobody can use embeds nothing."""
    lie_by_to_unicode(sheet, pdf, page)
    font = page.Resources.Font.V
    font = font.DescendantFonts[0] if "/DescendantFonts" in font else font
    if "/FontDescriptor" not in font:
        font.FontDescriptor = Dictionary(Type=Name.FontDescriptor, FontName=font.BaseFont, Flags=32)
    font.FontDescriptor.FontFile2 = pdf.make_stream(b"no font")


def lie_by_identity(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    """Glyph numbers of a font that is not there."""
    letters = sorted({letter for text in SAID for letter in text})
    codes = {letter: bytes([0, place + 3]) for place, letter in enumerate(letters)}
    font = mincho()
    font.Encoding = Name("/Identity-H")
    font.DescendantFonts[0].CIDSystemInfo.Ordering = String("Identity")
    font.ToUnicode = to_unicode(pdf, {code: letter for letter, code in codes.items()})
    page.Resources.Font.V = font
    lines = [
        b"BT /V 12 Tf 1 0 0 1 %g %g Tm <%s> Tj ET\n"
        % (*place, b"".join(codes[letter] for letter in text).hex().encode())
        for text, place in zip(SAID, sheet.places, strict=True)
    ]
    content_of(pdf, page, sheet.head + b"".join(lines))


LIES: dict[str, Change] = {
    "other names (ToUnicode)": lie_by_to_unicode,
    "other names beside a broken font file": lie_by_broken_file,
    "glyph numbers of an absent font": lie_by_identity,
}


# ---------------------------------------------------------------- honest papers


def honest_layer(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    page.Resources.Properties = Dictionary(L=layer(pdf))
    content_of(pdf, page, sheet.head + b"/OC /L BDC " + b"".join(sheet.values) + b" EMC\n")


def layer_off_elsewhere(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    page.Resources.Properties = Dictionary(L=layer(pdf, off=True))
    content_of(pdf, page, whole(sheet) + b"/OC /L BDC 0 0 200 100 re f EMC\n")


def honest_words(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
    marked = sheet.head
    for operators, words in zip(sheet.values, sheet.letters, strict=True):
        marked += b"/Span <</ActualText (%s)>> BDC " % words.encode() + operators + b" EMC\n"
    content_of(pdf, page, marked)


def drawn(before: bytes, around: Callable[[float, float], bytes] | None = None, after: bytes = b"") -> Change:
    """The values with something around each of them, below it."""

    def change(sheet: Sheet, pdf: pikepdf.Pdf, page: Object) -> None:
        below = b"".join(b"q " + around(x, y) + b" Q\n" for x, y in sheet.places) if around else b""
        content_of(pdf, page, sheet.head + below + b"q " + before + b" " + b"".join(sheet.values) + b"Q\n" + after)

    return change


def box(x: float, y: float) -> bytes:
    return b"0.5 w %g %g 240 20 re S" % (x - 4, y - 5)


def seal(_x: float, _y: float) -> bytes:
    return b"1 0 0 RG 2 w 440 540 60 60 re S"


HONEST: dict[str, Change] = {
    "a layer that is on": honest_layer,
    "a layer that is off elsewhere": layer_off_elsewhere,
    "the same words for readers aloud": honest_words,
    "forms": in_form(),
    "boxes": drawn(b"", box),
    "underlined": drawn(b"", lambda x, y: b"0.7 w %g %g m %g %g l S" % (x, y - 2.5, x + 120, y - 2.5)),
    "ruled above and below": drawn(
        b"", lambda x, y: b"%g %g m %g %g l %g %g m %g %g l S" % (60, y - 5, 500, y - 5, 60, y + 13, 500, y + 13)
    ),
    "a box for each letter": drawn(
        b"",
        lambda x, y: (
            b"0.3 w "
            + b" ".join(b"%g %g m %g %g l" % (x - 4 + 150 * n, y - 9, x - 4 + 150 * n, y + 17) for n in range(2))
            + b" S"
        ),
    ),
    "coloured cells": drawn(b"", lambda x, y: b"0.8 0.9 1 rg %g %g 240 20 re f" % (x - 4, y - 5)),
    "a dark cell": drawn(b"1 g", lambda x, y: b"0 0 0.4 rg %g %g 240 20 re f" % (x - 4, y - 5)),
    "highlighted": drawn(b"", lambda x, y: b"1 1 0 rg %g %g 130 18 re f" % (x - 4, y - 4)),
    "blue letters": drawn(b"0 0 0.8 rg"),
    "red letters": drawn(b"0.8 0 0 rg"),
    "dark grey letters": drawn(b"0.4 g"),
    "letters of 87 %": drawn(b"/Most gs"),
    "bold by an outline": drawn(b"2 Tr 0.3 w"),
    "a seal in the margin": drawn(b"", seal),
    "clipped to a cell": drawn(b"55 400 440 300 re W n"),
    "a pale watermark": drawn(b"", lambda x, y: b"0.92 g %g %g 40 30 re f" % (x + 20, y - 8)),
    "typed text with its picture": filled("FreeText", SAID),
    "typed text without a picture": filled("FreeText", None),
    "a field with its picture": filled("Widget", SAID),
    "a field to be drawn": filled("Widget", None, needed=True),
}


def more_states(pdf: pikepdf.Pdf, page: Object) -> None:
    with_states(pdf, page)
    page.Resources.ExtGState.Most = Dictionary(ca=0.87)


def changed(sheet: Sheet, change: Change) -> bytes:
    def both(pdf: pikepdf.Pdf, page: Object) -> None:
        more_states(pdf, page)
        change(sheet, pdf, page)

    return paper(sheet, b"", both)


def each_with_a_font(tricks: Iterable[str]) -> list[ParameterSet]:
    """Each trick with one of the fonts; with `--slow` all with all."""
    return [
        pytest.param(trick, name, marks=() if place % len(SHEETS) == number else pytest.mark.slow)
        for place, trick in enumerate(tricks)
        for number, name in enumerate(SHEETS)
    ]


def read(content: bytes) -> list[FoundNotice]:
    opener = AttachmentReader(Formats())
    found = list(opener.open("2", "notice.pdf", content, "application/pdf"))
    return [notice for _, said in found for notice in said.notices]


def assert_held(content: bytes) -> None:
    assert [notice.fields for notice in read(content) if not notice.doubts] == []


@pytest.mark.parametrize("name", SHEETS)
def test_the_plain_notice_is_taken(name: str) -> None:
    sheet = SHEETS[name]()
    (notice,) = read(paper(sheet, whole(sheet), with_states))
    assert (notice.fields.number, notice.fields.auth_key.reveal(), notice.doubts) == (*sheet.letters, ())  # type: ignore[union-attr]


@pytest.mark.parametrize(("trick", "name"), each_with_a_font(CONTENTS))
def test_a_value_that_is_not_seen_as_it_is_read_is_held(trick: str, name: str) -> None:
    sheet = SHEETS[name]()
    assert_held(paper(sheet, CONTENTS[trick](sheet), with_states))


@pytest.mark.parametrize(("trick", "name"), each_with_a_font(CHANGES))
def test_a_value_that_its_file_hides_or_shows_otherwise_is_held(trick: str, name: str) -> None:
    assert_held(changed(SHEETS[name](), CHANGES[trick]))


@pytest.mark.parametrize("name", FONTS)
@pytest.mark.parametrize("trick", LIES)
def test_letters_of_an_absent_font_with_other_names_than_their_codes_are_held(trick: str, name: str) -> None:
    assert_held(changed(typed_sheet(name), LIES[trick]))


@pytest.mark.parametrize("name", ["helvetica", "arial"])
def test_letters_of_an_absent_font_with_another_encoding_are_held(name: str) -> None:
    assert_held(changed(typed_sheet(name), lie_by_differences))


@pytest.mark.parametrize(("manner", "name"), each_with_a_font(HONEST))
def test_an_honest_value_is_taken(manner: str, name: str) -> None:
    sheet = SHEETS[name]()
    (notice,) = read(changed(sheet, HONEST[manner]))
    assert notice.doubts == ()
