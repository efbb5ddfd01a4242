"""What the process for pictures can do, without loading it: draw pages, and look at papers where the OCR extra is installed.

`is_installed` is asked by documents/pool/reader.py in the daemon, `load_sight` is called by documents/pool/child.py before it
locks itself in: only then numpy, OpenCV, onnxruntime, Tesseract and Pillow's decoders are imported. Raises MemoryError only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.core.notice.document import Document
from bot.core.notice.evidence import View
from bot.core.notice.interpret import PaperContent
from bot.core.policy.policy import Formats
from bot.documents.images.budget import LookBudget
from bot.documents.images.data_files import missing_packages
from bot.documents.strip import Strip

Look = Callable[[Document, bytes, PaperContent, Formats, Sequence[str], LookBudget], tuple[Document, PaperContent]]


@dataclass(frozen=True, slots=True)
class Sight:
    """`draw`: a mail, its views and passwords → a PNG each. `look` and `agrees`: see visual_check.py; None = nothing is recognised."""

    draw: Callable[[bytes, Sequence[View], Sequence[str]], tuple[bytes, ...]]
    look: Look | None = None
    agrees: Callable[[Strip], bool] | None = None


def is_installed() -> bool:
    """Whether the OCR extra's packages are there."""
    return not missing_packages()


def load_sight(rehearse: Callable[[Sight], None]) -> Sight:
    """Load everything, and use it once, so that nothing is loaded late. `rehearse`: reads a paper, with what it is given."""
    from bot.documents.images.annotated_pages import draw  # noqa: PLC0415 - the process that reads text has no need of it

    try:
        from bot.documents.images.engines import load, quick  # noqa: PLC0415 - likewise
        from bot.documents.images.visual_check import ImageReader  # noqa: PLC0415 - likewise

        engines = load()
    except (ImportError, FileNotFoundError):
        sight = Sight(draw)
        rehearse(sight)
        return sight
    for_rehearsal = ImageReader(quick(engines))
    for_rehearsal.rehearse()
    rehearse(Sight(draw, for_rehearsal.look, for_rehearsal.agrees))
    reader = ImageReader(engines)
    return Sight(partial(draw, straighten=reader.straighten), reader.look, reader.agrees)
