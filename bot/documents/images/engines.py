"""All that reads pictures, loaded once. `load()` is called at start-up by the reading process, before it is locked in.

Promises None where the OCR extra is not installed (no rapidocr, onnxruntime, OpenCV or tesserocr, or no data for them), and
that whatever these load late is there afterwards: everything was used once. Raises MemoryError.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.documents.images.second_engine import SecondEye
    from bot.documents.images.text_detection import Recogniser


@dataclass(frozen=True, slots=True)
class Engines:
    """What reads: the first eye, and the second one for numbers and keys."""

    recogniser: Recogniser
    second_eye: SecondEye


def is_installed() -> bool:
    """Whether the OCR extra's packages are there."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime", "cv2", "tesserocr"))


def load() -> Engines | None:
    """Load everything, and use it once."""
    try:
        cv2 = importlib.import_module("cv2")
        np = importlib.import_module("numpy")
        recognising = importlib.import_module("bot.documents.images.text_detection")
        second_eye = importlib.import_module("bot.documents.images.second_engine")
        cv2.setNumThreads(0)
        engines = Engines(recognising.Recogniser(), second_eye.SecondEye())
    except (ImportError, FileNotFoundError):
        return None
    line = np.full((64, 400), 255, np.uint8)
    cv2.putText(line, "12345-678901", (10, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 0, 3)
    engines.recogniser.detect(line)
    engines.recogniser.recognise(line)
    engines.second_eye.read(line, 200)
    return engines
