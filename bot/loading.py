"""Import a lot in little time: no looks of the cycle collector, no source of Tortoise, no plugin of pydantic.

Used by the command line, the daemon and its children around their large imports. The collector finds no garbage among new classes,
yet takes a quarter of the time to look; what was imported is never looked through again.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader, find_spec
from types import ModuleType


@contextmanager
def loading() -> Iterator[None]:
    """Import in here."""
    # What is installed is searched for plugins otherwise; none of ours is one.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
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
def when_used() -> Iterator[None]:
    """Import whole modules in here (`from package import module`): each is loaded when something of it is first used."""
    sys.meta_path.insert(0, _Late())
    try:
        yield
    finally:
        del sys.meta_path[0]


class _Late:
    """Finds what Python finds on its path, and loads none of it yet."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and found.loader is not None:
            found.loader = LazyLoader(found.loader)
        return found


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
