"""Pictures of papers: what copiers, fax machines, telephones and screens make of a notice. All noise comes from a seed.

A sheet is drawn with embedded fonts, rendered, damaged and packed as PDF, TIFF, JPEG, PNG or HEIC. Raises nothing of its own.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
import pillow_heif
import pypdfium2
from drawn import draw_sheet, pdf_of_objects
from notices import Sheet
from PIL import Image, ImageDraw, ImageFilter, ImageFont

GOTHIC = "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"


def drawn(sheet: Sheet, dpi: int = 200, page: int = 0) -> Image.Image:
    """A page of the sheet in grey."""
    return rendered(draw_sheet(sheet), dpi, page)


def rendered(content: bytes, dpi: int = 200, page: int = 0) -> Image.Image:
    """A page of a PDF in grey."""
    pdf = pypdfium2.PdfDocument(content)
    made = pdf[page].render(scale=dpi / 72).to_pil().convert("L")
    pdf.close()
    return made


def scanned(image: Image.Image, seed: int, *, skew: float = 0.0, noise: float = 3.0, faint: float = 0.0) -> Image.Image:
    """What a copier's glass makes of a page: a little turned, soft, grey, speckled."""
    turned = image.rotate(skew, resample=Image.Resampling.BICUBIC, expand=False, fillcolor=255)
    soft = turned.filter(ImageFilter.GaussianBlur(0.5))
    values = np.asarray(soft, dtype=np.float32) * (1 - faint) + 250 * faint - 4
    grain = np.random.default_rng(seed).normal(0, noise, values.shape)
    return Image.fromarray(np.clip(values + grain, 0, 255).astype(np.uint8))


def bilevel(image: Image.Image, threshold: int = 150) -> Image.Image:
    """Black and white."""
    return image.point(lambda value: 255 if value > threshold else 0).convert("1")


def faxed(image: Image.Image, seed: int, *, coarse: bool = False, dirty: bool = False) -> Image.Image:
    """A page as a fax gets it: 1728 dots wide, 204 × 196 or 204 × 98 to the inch, a header line, lost lines."""
    size = (1728, 1145 if coarse else 2290)
    page = image.resize(size, Image.Resampling.LANCZOS)
    head = ImageDraw.Draw(page)
    font = ImageFont.truetype(GOTHIC, 14 if coarse else 24)
    head.text((60, 6), "2026年06月03日 10:15  見本建設(株)  FAX 029-000-0000        P. 001/001", fill=0, font=font)
    made = np.asarray(bilevel(page, 160)).copy()
    if dirty:
        generator = np.random.default_rng(seed)
        for row in generator.integers(0, made.shape[0], 14):
            made[row] = generator.random(made.shape[1]) > 0.1
        made &= generator.random(made.shape) > 0.002
    return Image.fromarray(made)


def photographed(
    image: Image.Image, seed: int, *, width: int = 1500, tilt: float = 0.05, dark: float = 0.45, blur: float = 0.8
) -> Image.Image:
    """A telephone's photo of a sheet on a desk: from aside, with a shadow over it and the grain of the sensor."""
    generator = np.random.default_rng(seed)
    page = cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2BGR)
    high, wide = page.shape[:2]
    height = int(width * 1.35)
    edge = width * 0.06
    corners = np.array([[edge, edge], [width - edge, edge], [width - edge, height - edge], [edge, height - edge]])
    corners += generator.uniform(-tilt, tilt, (4, 2)) * width
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    desk = np.full((height, width, 3), (70, 95, 120), dtype=np.uint8)
    paper = cv2.warpPerspective(
        page, matrix, (width, height), dst=desk, borderMode=cv2.BORDER_TRANSPARENT, flags=cv2.INTER_AREA
    )
    y, x = np.mgrid[0:height, 0:width]
    shadow = 1 - dark / (1 + np.exp(-(x * 0.8 + y * 0.5 - width * 0.8) / (width * 0.08)))
    light = paper.astype(np.float32) * shadow[..., None] * np.array([0.86, 0.94, 1.0])
    soft = cv2.GaussianBlur(light, (0, 0), blur) if blur else light
    grain = generator.normal(0, 4, soft.shape)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8)[..., ::-1])


def stamped(image: Image.Image, words: str = "受領印") -> Image.Image:
    """A round stamp over the middle of the page."""
    made = image.copy()
    pen = ImageDraw.Draw(made)
    wide, high = made.size
    centre, radius = (int(wide * 0.55), int(high * 0.52)), int(wide * 0.06)
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    pen.ellipse(box, outline=110, width=4)
    pen.text(
        (box[0] + radius // 3, centre[1] - radius // 4), words, fill=110, font=ImageFont.truetype(GOTHIC, radius // 2)
    )
    return made


def as_pdf(images: Sequence[Image.Image], dpi: int, *, quality: int = 45, text: bytes = b"") -> bytes:
    """Pages that are one picture each: JPEG for grey, G4 for black and white; `text`: content drawn after the picture."""
    if text:
        return _with_text(images[0], dpi, quality, text)
    out = io.BytesIO()
    first, *others = images
    how = {} if first.mode == "1" else {"quality": quality}
    first.save(out, "PDF", resolution=dpi, save_all=True, append_images=others, **how)
    return out.getvalue()


def _with_text(image: Image.Image, dpi: int, quality: int, text: bytes) -> bytes:
    picture = jpeg(image, quality)
    wide, high = (round(side * 72 / dpi, 2) for side in image.size)
    content = b"q %g 0 0 %g 0 0 cm /I Do Q\n%s" % (wide, high, text)
    font = b"/BaseFont /MS-Mincho"
    return pdf_of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R /Resources"
        b" << /XObject << /I 5 0 R >> /Font << /F1 6 0 R >> >> >>" % (wide, high),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter"
        b" /DCTDecode /Length %d >>\nstream\n%s\nendstream" % (*image.size, len(picture), picture),
        b"<< /Type /Font /Subtype /Type0 %s /Encoding /90ms-RKSJ-H /DescendantFonts [7 0 R] >>" % font,
        b"<< /Type /Font /Subtype /CIDFontType2 %s /DW 1000 /W [1 [500] 2 632 500] /FontDescriptor 8 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>" % font,
        b"<< /Type /FontDescriptor /FontName /MS-Mincho /Flags 4 /FontBBox [0 -137 1000 859] /ItalicAngle 0 /Ascent 859"
        b" /Descent -140 /CapHeight 769 /StemV 78 >>",
    )


def invisible(texts: Sequence[tuple[float, float, float, str, float]]) -> bytes:
    """The text layer that a scanner's own recognition lays over a picture: placed, never painted."""
    lines = [
        b"BT 3 Tr /F1 %g Tf %g %g Td <%s> Tj ET" % (size, x, y, text.encode("cp932").hex().upper().encode())
        for x, y, size, text, _ in texts
    ]
    return b"\n".join(lines)


def jpeg(image: Image.Image, quality: int = 50, *, orientation: int = 0) -> bytes:
    """A JPEG; `orientation`: EXIF's, as telephones write it."""
    out = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    image.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def png(image: Image.Image, *, colours: int = 0) -> bytes:
    """A PNG, with few colours if asked."""
    out = io.BytesIO()
    (image.quantize(colours) if colours else image).save(out, "PNG", optimize=True)
    return out.getvalue()


def tiff(images: Sequence[Image.Image], *, compression: str = "group4", dpi: tuple[int, int] = (204, 196)) -> bytes:
    """A TIFF of one page or more."""
    out = io.BytesIO()
    first, *others = images
    first.save(out, "TIFF", compression=compression, dpi=dpi, save_all=True, append_images=others)
    return out.getvalue()


def heic(image: Image.Image, quality: int = 45) -> bytes:
    """A HEIC, as an iPhone keeps its photos."""
    out = io.BytesIO()
    pillow_heif.register_heif_opener()
    image.save(out, "HEIF", quality=quality)
    return out.getvalue()


def flat_pdf(image: Image.Image, dpi: int) -> bytes:
    """A page as a gateway that makes papers harmless gives it: one picture, losslessly packed, no text."""
    wide, high = (round(side * 72 / dpi, 2) for side in image.size)
    packed = zlib.compress(image.tobytes(), 9)
    content = b"q %g 0 0 %g 0 0 cm /I Do Q" % (wide, high)
    return pdf_of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>"
        % (wide, high),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter"
        b" /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (*image.size, len(packed), packed),
    )
