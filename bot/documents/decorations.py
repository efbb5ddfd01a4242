"""Pictures too small to be a page: logos, signatures' ornaments, counting pixels. Told by the header, nothing is decoded.

Called by opening.py for every picture, in the reading process. Raises nothing.
"""

from __future__ import annotations

import io
import warnings
from types import MappingProxyType

from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

# Named, so that they are there before the doors are closed.
_FORMATS: MappingProxyType[str, str] = MappingProxyType(
    {
        "image/png": PngImagePlugin.PngImageFile.format or "",
        "image/jpeg": JpegImagePlugin.JpegImageFile.format or "",
        "image/gif": GifImagePlugin.GifImageFile.format or "",
        "image/bmp": BmpImagePlugin.BmpImageFile.format or "",
        "image/webp": WebPImagePlugin.WebPImageFile.format or "",
    },
)
# A page of 600 pixels has letters of 8: nobody reads a key there. Banners are wide and low.
_PAGE_PIXELS = 600
_LOW_PIXELS = 240


def is_ornament(content: bytes, media_type: str) -> bool:
    """Whether a picture can't be a page that anybody reads; False for what tells no size, and for scans (TIFF, HEIC)."""
    if media_type not in _FORMATS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[_FORMATS[media_type]]) as image:
                width, height = image.size
    except Exception:  # noqa: BLE001 - a library over hostile bytes: what it can't open, a person may
        return False
    return max(width, height) < _PAGE_PIXELS or min(width, height) < _LOW_PIXELS
