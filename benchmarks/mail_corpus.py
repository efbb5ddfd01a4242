"""The corpus of mails read as the daemon reads them: seconds a mail, by what it holds, and the memory of all processes.

`python -m benchmarks.mail_corpus` reads tests/corpus/mails one after the other through the Reader, text and second look, and
prints a row for each kind with median, p95 and worst. Needs the OCR extra for the rows of pictures. Raises nothing of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from bot.core.notice.interpret import UnderstoodMail
from bot.documents.pool.reader import Reader

MAILS = Path(__file__).resolve().parents[1] / "tests" / "corpus" / "mails"
TEXT, PICTURE, OTHER = "notices with a text layer", "scans, faxes, photos", "everything else"
_MIB = 1024


def kind_of(expected: dict[str, object]) -> str:
    """Which row a mail belongs to."""
    if expected["by_image"]:
        return PICTURE
    return TEXT if expected["end"] == "read" else OTHER


def percentile(values: Iterable[float], part: float) -> float:
    """The value below which so much of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def resident_mib(process: int | str) -> float:
    """The resident memory of a process."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / _MIB


async def measure() -> tuple[dict[str, list[float]], float]:
    """Seconds of each mail by kind, and the most memory that this process and its children had together, in MiB."""
    seconds: dict[str, list[float]] = {TEXT: [], PICTURE: [], OTHER: []}
    most = 0.0
    async with Reader() as reader:
        await reader.warm()
        for path in sorted(MAILS.glob("*.eml")):
            expected = json.loads(path.with_suffix(".expected.json").read_text("utf-8"))
            content = path.read_bytes()
            start = time.perf_counter()
            read = await reader.read(content)
            if isinstance(read, UnderstoodMail):
                seconds[kind_of(expected)].append(time.perf_counter() - start)
            most = max(most, resident_mib("self") + sum(resident_mib(pid) for pid in reader.server_pids))
    return seconds, most


def main() -> None:
    """Print the table."""
    seconds, most = asyncio.run(measure())
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    print("| mails | number | median s | p95 s | worst s |\n|---|--:|--:|--:|--:|")
    for kind, values in seconds.items():
        if values:
            middle, high = percentile(values, 0.5), percentile(values, 0.95)
            print(f"| {kind} | {len(values)} | {middle:.3f} | {high:.3f} | {max(values):.3f} |")
    print(f"this process and its children together: {most:.0f} MiB at most")


if __name__ == "__main__":
    main()
