from __future__ import annotations

import asyncio
import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.intake.smtp.spool import MEMORY_BYTES, Spool, SpooledMail
from tests.intake.keepers import NOW
from tests.patience import PATIENCE_SECONDS


def files_in(folder: Path) -> list[Path]:
    """This process's open files that lie in the folder, named or not, as names under /proc."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            if str(link.readlink()).startswith(str(folder)):
                found.append(link)
    return found


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"", b"small", b""],
        [b"x" * MEMORY_BYTES],
        [b"x" * (MEMORY_BYTES + 1)],
        [b"%07d" % n * 9_000 for n in range(20)],
        [bytes(MEMORY_BYTES), b"y" * (2 * MEMORY_BYTES), b"tail"],
    ],
    ids=["nothing", "small", "all that memory takes", "one more", "many", "a tail"],
)
async def test_what_is_written_is_read_and_no_file_is_ever_seen(tmp_path, pieces):
    spool = Spool(tmp_path, lambda: True)
    for piece in pieces:
        await spool.write(piece)
        assert list(tmp_path.iterdir()) == []
    content = b"".join(pieces)
    envelope = Envelope(Source.SMTP, "", ("hosho@city.example.jp",), NOW)
    mail = SpooledMail(envelope, spool)
    assert mail.size_bytes == len(content)
    assert await mail.unpack() == Arrival(envelope, content)
    open_files = files_in(tmp_path)
    assert len(open_files) == (len(content) > MEMORY_BYTES)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in open_files)
    mail.close()
    mail.close()
    assert files_in(tmp_path) == []


async def test_what_lies_on_the_disk_can_not_be_read(tmp_path):
    spool = Spool(tmp_path, lambda: True)
    await spool.write("認証キー Z28Y4x8T3Bux\r\n".encode() * 20_000)
    (file,) = files_in(tmp_path)
    on_disk = file.read_bytes()
    assert len(on_disk) > MEMORY_BYTES
    assert b"Z28Y4x8T3Bux" not in on_disk
    assert len(set(on_disk[:4096])) > 200
    spool.close()


async def test_without_room_nothing_goes_to_the_disk(tmp_path):
    spool = Spool(tmp_path, lambda: False)
    await spool.write(bytes(MEMORY_BYTES))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as raised:
        await spool.write(b"x")
    assert raised.value.errno == errno.ENOSPC
    spool.close()


async def test_a_write_that_is_cancelled_ends_before_its_file_is_closed(tmp_path):
    for _ in range(50):
        spool = Spool(tmp_path, lambda: True)
        writing = asyncio.create_task(spool.write(bytes(8 * MEMORY_BYTES)))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
        spool.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while files_in(tmp_path):  # noqa: ASYNC110 - threads of nobody's any more
            await asyncio.sleep(0.01)
    with pytest.raises(ValueError, match="closed"):
        await spool.write(bytes(8 * MEMORY_BYTES))
