"""Import a lot in little time: without looks of the cycle collector, and without one look of Tortoise into its own source.

Used by the command line, the daemon and its children around their large imports. The collector finds no garbage among new classes,
yet takes a quarter of the time to look; what was imported is never looked through again.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def loading() -> Iterator[None]:
    """Import in here."""
    known = len(sys.modules)
    gc.disable()
    try:
        with _without_source_of_models():
            yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        gc.enable()


@contextmanager
def _without_source_of_models() -> Iterator[None]:
    """Tortoise reads the source of each model's class in search of comments on columns. Ours say that they have none
    (storage/database/models.py); its own base class can't say so, and has none either.
    """
    import linecache  # noqa: PLC0415 - the command line loads this module, and needs less
    from pathlib import Path  # noqa: PLC0415 - likewise

    tortoise = find_spec("tortoise")
    if tortoise is None or tortoise.origin is None:
        yield
        return
    models = str(Path(tortoise.origin).with_name("models.py"))
    linecache.cache[models] = (0, None, [], models)
    try:
        yield
    finally:
        linecache.cache.pop(models, None)
