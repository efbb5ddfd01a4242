"""All that reads pictures, loaded once. `load` and `quick` are called by sight.py, before the process is locked in.

What these load late is there once a rehearsal with `quick` has used everything. Raises FileNotFoundError for missing
data, MemoryError; importing this raises ImportError where the OCR extra is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from bot.documents.images.second_engine import SecondEye
from bot.documents.images.text_detection import Grey, Recogniser


@dataclass(frozen=True, slots=True)
class Engines:
    """What reads: the first eye, and the second one for numbers and keys."""

    recogniser: Recogniser
    second_eye: SecondEye


def load() -> Engines:
    """Load everything."""
    cv2.setNumThreads(0)
    engines = Engines(Recogniser(), SecondEye())
    engines.second_eye.read(_line(), 200)
    return engines


def quick(engines: Engines) -> Engines:
    """For a rehearsal of all that they do: the same, but each line has the letters of a short one that is read now."""
    return replace(engines, recogniser=engines.recogniser.in_little_time(_line()))


def _line() -> Grey:
    line = np.full((48, 160), 255, np.uint8)
    cv2.putText(line, "12345-678901", (4, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.65, 0, 2)
    return line
