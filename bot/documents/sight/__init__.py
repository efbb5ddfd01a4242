"""Sight: what stands on pictures. Run inside the second, locked-in reading process; nothing here opens a file after start-up.

pictures_in.py    bytes of a TIFF, JPEG, PNG … → `Picture`s (Pillow, pillow-heif; no OCR package)
rendering.py      a page of a PDF → `Picture` (pdfium)
recognising.py    where text is, and which letters it has (onnxruntime with RapidOCR's models: their only home)
second_eye.py     another program's reading of one line (Tesseract: its only home)
engines.py        all of these loaded once: `load()`, None where the OCR extra is not installed
straightening.py  `upright`: a sheet out of a photo, shadows off, turned and deskewed (OpenCV)
page_reading.py   `read_picture`: a picture → `SeenPage`, lines of cells like a text layer's
second_reading.py `read_again`: other readings of one number or key
comparing.py      `shows`: whether a picture shows what a text layer says

Modules but pictures_in.py and rendering.py need the OCR extra to be imported.
"""

from __future__ import annotations

from importlib.util import find_spec


def is_installed() -> bool:
    """Whether the OCR extra's packages are there."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime", "cv2", "tesserocr"))
