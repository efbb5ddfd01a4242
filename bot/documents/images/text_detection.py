"""Where text is on a picture, and which letters a line has: PP-OCRv6 by onnxruntime, with the models of RapidOCR's wheel.

The only home of onnxruntime; `Recogniser` is made once, by engines.py, before the process is locked in, and loads all it needs
then. Promises: one thread, the same answer for the same picture.
Raises ImportError or FileNotFoundError when it is made without the OCR extra, nothing afterwards but MemoryError.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bot.documents.images.data_files import DETECTOR, RECOGNISER, models

Grey: TypeAlias = NDArray[np.uint8]
Quads: TypeAlias = NDArray[np.float32]

DETECTED_SIDE = 960
"""The longer side of the picture in which text is sought; 1280 takes twice as long and finds no more."""
_QUICK_SIDE = 128  # the same in a rehearsal
_GRID = 32  # the detector's picture has a multiple of this in either direction
# Of the detector's map: from here on a pixel is text, a region's mean from there on makes it a line (RapidOCR's settings).
_TEXT_PIXEL = 0.3
_TEXT_REGION = 0.5
_UNCLIP = 1.6  # the map shows lines shrunk; so much they are grown again
_LEAST_SIDE = 3
_MOST_REGIONS = 1000

_LINE_HEIGHT = 48  # of the recogniser's picture
_LEAST_WIDTH, _MOST_WIDTH = 160, 3200
# Forms that no Japanese paper of today has, but the model, trained on Chinese too, likes to see: 舗装 as 舖裝.
_OLD_FORMS = frozenset("舖裝穗總縣區假變營價實寫對廳據擴數條樓檢殘濟燒發稱經聲號處讀轉辨隱雙靈體鹽點黨齒產內黃亞乘亂佛")
_ASCII = string.digits + string.ascii_letters + "-"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line's letters; for each its place from left to right (0–1 of the picture's width) and its confidence (0–1)."""

    text: str
    places: tuple[float, ...]
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """How sure it is on the whole, 0–1."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


class Recogniser:
    """Both networks, loaded."""

    def __init__(self) -> None:
        folder = models()
        if folder is None:
            raise ImportError("rapidocr is not installed")
        self._detector = _session(folder / DETECTOR)
        self._recogniser = _session(folder / RECOGNISER)
        letters = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._letters = ("", *letters, " ")
        self._japanese = np.array(_japanese_among(self._letters))
        self._ascii = np.array([0, *(self._letters.index(letter) for letter in _ASCII)])
        self._answer: tuple[NDArray[np.float32], float] | None = None  # to every line; None = what the network says
        self._most_side = DETECTED_SIDE

    def in_little_time(self, line: Grey) -> Recogniser:
        """One that seeks text on pictures of few pixels, and answers for every line what this one has for the given one."""
        other = copy(self)
        other._answer = self._scores(line)  # noqa: SLF001 - it is one of us
        other._most_side = _QUICK_SIDE  # noqa: SLF001 - likewise
        return other

    def detect(self, grey: Grey, side: int = DETECTED_SIDE) -> Quads:
        """Lines of text: N × 4 corners (x, y) in the picture's pixels, as turned rectangles around each."""
        height, width = grey.shape
        scale = min(min(side, self._most_side) / max(height, width), 2.0)
        size = [max(round(length * scale / _GRID), 1) * _GRID for length in (width, height)]
        seen = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        score = self._detector.run(None, {"x": _planes(np.asarray(seen, np.uint8))})[0][0, 0]
        mask = cv2.dilate((score > _TEXT_PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        factor = np.array([width / size[0], height / size[1]], np.float32)
        quads = [quad * factor for contour in contours[:_MOST_REGIONS] if (quad := _region(contour, score)) is not None]
        return np.array(quads, np.float32).reshape(-1, 4, 2)

    def recognise(self, line: Grey) -> Recognised:
        """The letters of a picture of one line, upright, dark on light."""
        scores, used = self._scores(line)
        return self._decoded(scores[:, self._japanese], self._japanese, used)

    def recognise_ascii(self, line: Grey) -> Recognised:
        """The same, when there can be only digits, Latin letters and hyphens."""
        scores, used = self._scores(line)
        return self._decoded(scores[:, self._ascii], self._ascii, used)

    def _scores(self, line: Grey) -> tuple[NDArray[np.float32], float]:
        """The network's answer, and which part of its width the line takes."""
        if self._answer is not None:
            return self._answer
        height, width = line.shape
        fitted = min(max(round(width * _LINE_HEIGHT / height), 8), _MOST_WIDTH)
        small = cv2.resize(
            line, (fitted, _LINE_HEIGHT), interpolation=cv2.INTER_AREA if height > _LINE_HEIGHT else cv2.INTER_CUBIC
        )
        whole = max(fitted, _LEAST_WIDTH)
        planes = np.zeros((1, 3, _LINE_HEIGHT, whole), np.float32)
        planes[:, :, :, :fitted] = _planes(np.asarray(small, np.uint8))
        return self._recogniser.run(None, {"x": planes})[0][0], fitted / whole

    def _decoded(self, scores: NDArray[np.float32], columns: NDArray[np.int64], used: float) -> Recognised:
        best = scores.argmax(axis=1)
        sure = scores.max(axis=1)
        text: list[str] = []
        places: list[float] = []
        confidences: list[float] = []
        before = 0
        for step, column in enumerate(best):
            if column and column != before:
                text.append(self._letters[columns[column]])
                places.append(min((step + 0.5) / len(best) / used, 1.0))
                confidences.append(float(sure[step]))
            before = column
        return Recognised("".join(text), tuple(places), tuple(confidences))


def _japanese_among(letters: Sequence[str]) -> list[int]:
    """The places of those that Japanese office papers have: they are in Microsoft's table."""
    known = "\n".join(letters).encode("cp932", "ignore").decode("cp932").split("\n")
    return [
        place
        for place, (letter, left) in enumerate(zip(letters, known, strict=True))
        if len(letter) == len(left) and letter not in _OLD_FORMS
    ]


def _session(model: Path) -> Any:
    if not model.is_file():
        raise FileNotFoundError(model.name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = (
        False  # each line has another width; memory is kept between calls, for a child ends with its mail
    )
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _planes(grey: Grey) -> NDArray[np.float32]:
    """A picture as the networks take it: three equal planes from -1 to 1."""
    plane = grey.astype(np.float32) / 127.5 - 1
    return np.repeat(plane[None, None], 3, axis=1)


def _region(contour: Any, score: NDArray[np.float32]) -> Quads | None:
    (x, y), (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < _LEAST_SIDE or _mean(score, contour) < _TEXT_REGION:
        return None
    grown = 2 * _UNCLIP * width * height / (2 * (width + height))
    return np.asarray(cv2.boxPoints(((x, y), (width + grown, height + grown), angle)), np.float32)


def _mean(score: NDArray[np.float32], contour: Any) -> float:
    x, y, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - np.array([[[x, y]]])], 1)
    return float(cv2.mean(score[y : y + height, x : x + width], mask)[0])
