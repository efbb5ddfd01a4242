"""What the probes share: the mails, filled databases to copy from, the settings of an office, the sink.

Made once by __main__.py. A probe works on a fresh copy of a database (synchronous=FULL, as the daemon has it) whose making
is not timed. Raises StoreError, OSError.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.material import Sample, fill, register
from benchmarks.naive import Ledger
from benchmarks.sink import Sink
from bot.core.records.guarantee import Guarantee
from storage.store import KeyFile, Store


@dataclass(frozen=True, slots=True)
class Desk:
    """`samples`: mails that are answered with one receipt each, as those of `warming`, with which a house begins.

    `databases`: a filled SQLite file by size of register.
    """

    folder: Path
    samples: tuple[Sample, ...]
    warming: tuple[Sample, ...]
    registers: dict[int, tuple[Guarantee, ...]]
    databases: dict[int, Path]
    sink: Sink

    @property
    def keys(self) -> KeyFile:
        """Of every database here."""
        return KeyFile(self.folder / "hosho.key")

    @property
    def smallest(self) -> int:
        """The size of the register with which a mail's way is measured."""
        return min(self.databases)

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A folder of one's own, and in it `hosho.db` with the smallest register, and its key beside it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            shutil.copy(self.databases[self.smallest], Path(name) / "hosho.db")
            shutil.copy(self.keys.path, Path(name) / "hosho.key")
            yield Path(name)

    @asynccontextmanager
    async def store(self, size: int | None = None) -> AsyncIterator[Store]:
        """A store of one's own, with the register of that size or the smallest."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            file = Path(name) / "hosho.db"
            shutil.copy(self.databases[size or self.smallest], file)
            async with await Store.open(f"sqlite:///{file}", vault=self.keys) as store:
                yield store

    @contextmanager
    def ledger(self, size: int | None = None) -> Iterator[Ledger]:
        """The same for the naive script."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            ledger = Ledger(Path(name) / "ledger.db", self.registers[size or self.smallest])
            yield ledger
            ledger.close()


async def desk(
    folder: Path, samples: tuple[Sample, ...], warming: tuple[Sample, ...], sizes: Sequence[int], sink: Sink
) -> Desk:
    """Fill the databases."""
    registers = {size: register(size, (*samples, *warming)) for size in sizes}
    databases = {size: folder / f"register-{size}.db" for size in sizes}
    made = Desk(folder, samples, warming, registers, databases, sink)
    for size, file in databases.items():
        async with await Store.open(f"sqlite:///{file}", vault=made.keys) as store:
            await fill(store, registers[size])
    return made
