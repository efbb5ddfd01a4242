"""Where the recogniser's packages keep their data, and what of both is missing.

Asked by the engines as they load, by sight.py and, without loading any of them, by `doctor`. Raises nothing.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("rapidocr", "onnxruntime", "cv2", "tesserocr")
DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"
LANGUAGE = "jpn"


def models() -> Path | None:
    """The folder of RapidOCR's models; None where it is not installed."""
    found = find_spec("rapidocr")
    places = found.submodule_search_locations if found is not None else None
    return Path(next(iter(places))) / "models" if places else None


def tessdata() -> Path:
    """The folder of Tesseract's data."""
    return Path(sys.prefix) / "share" / "tessdata"


def missing_packages() -> tuple[str, ...]:
    """The packages of the OCR extra that are not installed."""
    return tuple(name for name in PACKAGES if find_spec(name) is None)


def missing_data() -> tuple[str, ...]:
    """The files that the packages that are there lack."""
    folder = models()
    files = [folder / name for name in (DETECTOR, RECOGNISER)] if folder else []
    return tuple(file.name for file in (*files, tessdata() / f"{LANGUAGE}.traineddata") if not file.is_file())
