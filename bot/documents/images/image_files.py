"""Pictures out of files: TIFF (fax, scan), JPEG, PNG, GIF, BMP, WebP, HEIC, AVIF; the only module that knows pillow-heif.

Called in the reading process for each attachment that is a picture, page by page. Promises grey, upright by EXIF, square
pixels, and a resolution that makes a page of paper's size. Sizes are judged before anything is decoded. Raises nothing but MemoryError; hostile files may end the process.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace
from types import MappingProxyType

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageFile, ImageOps, UnidentifiedImageError

from bot.core.notice.document import OpenFailure

PIXELS_A_PAGE = 40_000_000
"""A3 at 400 dpi has 31 million; telephones make 12 or 24."""
DRAFTED_PIXELS = 120_000_000
"""JPEGs up to here are decoded at half their size."""

# One picture at a time; the decoder below starts threads all the same (documents/pool/confinement.py lets it).
pillow_heif.options.DECODE_THREADS = 0
pillow_heif.options.THUMBNAILS = False
pillow_heif.register_heif_opener()
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
Image.init()
Image.MAX_IMAGE_PIXELS = DRAFTED_PIXELS  # twice as many are an error, more than these a warning

_FORMATS: MappingProxyType[str, str] = MappingProxyType(
    {
        "image/tiff": "TIFF",
        "image/jpeg": "JPEG",
        "image/png": "PNG",
        "image/gif": "GIF",
        "image/bmp": "BMP",
        "image/webp": "WEBP",
        "image/heic": "HEIF",
        "image/heif": "HEIF",
        "image/avif": "AVIF",
    },
)
MEDIA_TYPES = frozenset(_FORMATS)
"""What can be opened here."""

# A page of this size in inches, by its longer side, is paper; else the file tells nothing about it (photos say 72 dpi).
_PAPER_INCHES = (5.0, 18.0)
_A4_INCHES = 11.69
# Of Pillow on damaged files: it has no class of its own for them.
_DAMAGED = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, RuntimeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a picture: `grey` has mode "L", pixels are square. `dpi`: pixels an inch, guessed where nothing told it.

    `is_cut`: the file's end is missing, and with it some of the page.
    """

    grey: Image.Image
    dpi: float
    is_cut: bool = False


def count_pages(content: bytes, media_type: str) -> int | OpenFailure:
    """How many pictures the file holds; 1 for anything but TIFF and for animations, whose first picture is the page."""
    image = _opened(content, media_type)
    if isinstance(image, OpenFailure):
        return image
    try:
        with image:
            return max(int(getattr(image, "n_frames", 1)), 1) if image.format in {"TIFF", "HEIF"} else 1
    except _DAMAGED:
        return OpenFailure.DAMAGED


def open_picture(content: bytes, media_type: str, page_number: int) -> Picture | OpenFailure:
    """One page of the file; `page_number` counts from 1."""
    whole = _page(content, media_type, page_number)
    if not isinstance(whole, OSError):
        return whole
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # what is missing is grey, as viewers show it
    try:
        found = _page(content, media_type, page_number)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return replace(found, is_cut=True) if isinstance(found, Picture) else OpenFailure.DAMAGED


def _page(content: bytes, media_type: str, page_number: int) -> Picture | OpenFailure | OSError:
    """The page, or the error of a file whose last bytes are missing."""
    image = _opened(content, media_type)
    if isinstance(image, OpenFailure):
        return image
    try:
        with image, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about a file is nobody's news
            if page_number > 1:
                image.seek(page_number - 1)
            return _picture(image)
    except Image.DecompressionBombError:
        return OpenFailure.LIMITS
    except _DAMAGED as error:
        return error if isinstance(error, OSError) and "truncated" in str(error) else OpenFailure.DAMAGED


def likely_dpi(width: int, height: int, told: float = 0.0) -> float:
    """The resolution that a file tells when it makes a sheet of paper, else that of an A4 page of so many pixels."""
    longer = max(width, height)
    if told > 0 and _PAPER_INCHES[0] <= longer / told <= _PAPER_INCHES[1]:
        return told
    return max(longer / _A4_INCHES, 1.0)


def _opened(content: bytes, media_type: str) -> Image.Image | OpenFailure:
    kind = _FORMATS.get(media_type)
    if kind is None:
        return OpenFailure.UNKNOWN_FORMAT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(content), formats=[kind])
    except Image.DecompressionBombError:
        return OpenFailure.LIMITS
    except (UnidentifiedImageError, *_DAMAGED):
        return OpenFailure.DAMAGED


def _picture(image: Image.Image) -> Picture | OpenFailure:
    across, down = _told_dpi(image)
    before = image.width
    if image.format in {"JPEG", "MPO"} and image.width * image.height > PIXELS_A_PAGE:
        image.draft("L", (image.width // 2, image.height // 2))
    if image.width * image.height > PIXELS_A_PAGE:
        return OpenFailure.LIMITS
    across, down = across * image.width / before, down * image.width / before
    grey = _on_white(ImageOps.exif_transpose(image))
    if across and down and not 0.9 < across / down < 1.1:
        grey = _squared(grey, across, down)
        across = max(across, down)
    if grey.width * grey.height > PIXELS_A_PAGE:
        return OpenFailure.LIMITS
    return Picture(grey, likely_dpi(grey.width, grey.height, across))


def _told_dpi(image: Image.Image) -> tuple[float, float]:
    """What the file says, across and down; 0 for nothing."""
    try:
        across, down = (float(value) for value in image.info.get("dpi", (0, 0)))
    except _DAMAGED:
        return 0.0, 0.0
    return (across, down) if 0 < across < 10_000 and 0 < down < 10_000 else (0.0, 0.0)


def _on_white(image: Image.Image) -> Image.Image:
    """Grey, what is transparent on white paper."""
    if image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info:
        seen = image.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        paper.alpha_composite(seen)
        return paper.convert("L")
    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits a pixel; Pillow would cut, not scale
        low, high = image.getextrema()
        scale = 255 / max(float(high), 255.0)  # type: ignore[arg-type]
        return image.point(lambda value: value * scale).convert("L") if float(low) >= 0 else image.convert("L")  # type: ignore[arg-type]
    return image.convert("L")


def _squared(grey: Image.Image, across: float, down: float) -> Image.Image:
    """Fax pixels (204 × 98 dpi) made square by drawing the coarser direction finer."""
    finer = max(across, down)
    size = (round(grey.width * finer / across), round(grey.height * finer / down))
    return grey if size[0] * size[1] > 2 * PIXELS_A_PAGE else grey.resize(size, Image.Resampling.BICUBIC)
