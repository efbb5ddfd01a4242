"""All that reads pictures, loaded once. `load` and `quick` are called by sight.py, before the process is locked in.

Promises that whatever these load late is there afterwards: everything was used once. Raises FileNotFoundError for missing
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
    """Load everything, and use it once."""
    cv2.setNumThreads(0)
    engines = Engines(Recogniser(), SecondEye())
    line = _line()
    engines.recogniser.detect(line, side=160)
    engines.recogniser.recognise(line)
    engines.second_eye.read(line, 200)
    return engines


def quick(engines: Engines) -> Engines:
    """For a rehearsal of what stands around them: the same, but each line has the letters of one that is read now."""
    return replace(engines, recogniser=engines.recogniser.in_little_time(_line()))


def _line() -> Grey:
    line = np.full((64, 400), 255, np.uint8)
    cv2.putText(line, "12345-678901", (10, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 0, 3)
    return line
