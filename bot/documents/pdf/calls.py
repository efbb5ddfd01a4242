"""pdfium's functions that are called for each letter and each object of a page, without what makes a call slow.

Used by characters.py, painted.py and text_objects.py; `direct` binds a function of pypdfium2.raw anew. Handles are plain
numbers, None or 0 for none, and whatever pdfium writes to goes by its address. The interpreter's lock is kept during a call: it takes
less time than giving the lock away. Raises nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium

_POINTER = type(ctypes.POINTER(ctypes.c_int))


def direct(function: Any) -> Callable[..., Any]:
    """The function, with numbers and addresses for pointers."""
    kind = ctypes.PYFUNCTYPE(_plain(function.restype), *map(_plain, function.argtypes))
    return kind(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _plain(kind: Any) -> Any:
    return ctypes.c_void_p if isinstance(kind, _POINTER) else kind


def handle_of(page: Any) -> int:
    """The handle of a page or a text page of pypdfium2."""
    return ctypes.cast(page.raw, ctypes.c_void_p).value or 0


type_of = direct(pdfium.FPDFPageObj_GetType)
has_transparency = direct(pdfium.FPDFPageObj_HasTransparency)
mode_of = direct(pdfium.FPDFTextObj_GetTextRenderMode)
set_mode = direct(pdfium.FPDFTextObj_SetTextRenderMode)
fill_colour = direct(pdfium.FPDFPageObj_GetFillColor)
stroke_colour = direct(pdfium.FPDFPageObj_GetStrokeColor)
