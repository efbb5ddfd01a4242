"""Tesseract's reading of one line: a second eye that errs in other places than the first. The only home of tesserocr.

`SecondEye` is made once, by engines.py, before the process is locked in; it loads its data then. One thread.
Raises ImportError or FileNotFoundError when it is made without the OCR extra, nothing afterwards but MemoryError.
"""

from __future__ import annotations

import os

from PIL import Image

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # read when the library is loaded

import tesserocr

from bot.documents.images.data_files import LANGUAGE, tessdata
from bot.documents.images.text_detection import Grey


class SecondEye:
    """Tesseract with its Japanese data, ready for lines."""

    def __init__(self) -> None:
        data = tessdata()
        if not (data / f"{LANGUAGE}.traineddata").is_file():
            raise FileNotFoundError(LANGUAGE)
        self._api = tesserocr.PyTessBaseAPI(path=str(data), lang=LANGUAGE, psm=tesserocr.PSM.SINGLE_LINE)

    def read(self, line: Grey, dpi: float) -> str:
        """The letters of a picture of one line, without blanks; "" for none."""
        self._api.SetImage(Image.fromarray(line))
        self._api.SetSourceResolution(max(round(dpi), 70))
        text = str(self._api.GetUTF8Text())
        self._api.Clear()
        return "".join(text.split())
