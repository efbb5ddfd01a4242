"""Damage, bombs and the locked process: out of a container comes what was packed, or nothing, and it costs little."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.notice.document import OpenFailure
from bot.documents.archives.limits import MAX_ENTRIES
from bot.documents.archives.unpack import Item, Unpacked, container_type, unpack
from tests.corpus.make import packed
from tests.corpus.make.packed import Entry, zip_of
from tests.documents.archives.test_unpack import EVERY, FILES, LOCKED, NOISE, PASSWORD, ROOT, WRONG, names

# ---------------------------------------------------------------- damage: what was packed, or nothing

CHECKED = [content for name, content in EVERY.items() if name.startswith(("zip", "7z"))]
# A Mac's own files come out when their names no longer say what they are.
CONTENTS = frozenset({*FILES.values(), packed.MAC_FOLDER_FILE, packed.MAC_FILE_FORK})


def only_what_was_packed(content: bytes) -> None:
    found = unpack(content, (PASSWORD,))
    if isinstance(found, Unpacked):
        assert {item.content for item in found.items} <= CONTENTS


@settings(suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_changed_byte_changes_no_content(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(CHECKED))
    place = data.draw(st.integers(0, len(content) - 1))
    changed = bytes((content[place] ^ data.draw(st.integers(1, 255)),))
    only_what_was_packed(content[:place] + changed + content[place + 1 :])


def test_no_changed_bit_of_a_small_zip_changes_its_content() -> None:
    for content in (
        zip_of([Entry(b"a", b"abcabcabcabc" * 3)]),
        packed.locked_zip({"a": b"abcabcabcabc" * 3}, b"p", aes=True),
        packed.locked_zip({"a": b"abcabcabcabc" * 3}, b"p"),
    ):
        for place in range(len(content)):
            for bit in range(8):
                changed = bytes((content[place] ^ 1 << bit,))
                found = unpack(content[:place] + changed + content[place + 1 :], ("p",))
                if isinstance(found, Unpacked):
                    assert {item.content for item in found.items} <= {b"abcabcabcabc" * 3}, (place, bit)


@settings(suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_cut_container_gives_only_what_was_packed(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(CHECKED))
    only_what_was_packed(content[: data.draw(st.integers(0, len(content)))])


@settings(suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_bytes_raise_anything(data: st.DataObject) -> None:
    content = data.draw(st.one_of(st.binary(max_size=300), st.sampled_from(list(EVERY.values()))))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content)))
        content = content[:place] + data.draw(st.binary(max_size=12)) + content[place + data.draw(st.integers(0, 12)) :]
    found = unpack(content, (PASSWORD,))
    assert isinstance(found, Unpacked | OpenFailure)
    if not container_type(content):
        assert found is OpenFailure.UNKNOWN_FORMAT


# ---------------------------------------------------------------- limits


def test_too_many_files_are_not_unpacked_at_all() -> None:
    fitting = [Entry(b"%d.txt" % n, b"x") for n in range(MAX_ENTRIES)]
    assert len(names(unpack(zip_of(fitting)))) == MAX_ENTRIES
    assert unpack(zip_of([*fitting, Entry(b"z", b"x")])) is OpenFailure.LIMITS
    assert unpack(packed.seven_zip({f"{n}.txt": b"x" for n in range(MAX_ENTRIES + 1)})) is OpenFailure.LIMITS


def test_one_file_that_is_too_large_is_named_and_the_others_come_out() -> None:
    zeros = packed.deflated_zeros(200)
    bomb = Entry(b"bomb.bin", packed=zeros, size=200 << 20)
    liar = Entry(b"liar.bin", packed=zeros, size=1000)
    found = unpack(zip_of([bomb, Entry(b"a.pdf", NOISE), liar]))
    assert found == Unpacked((Item("a.pdf", NOISE),), left_out=("bomb.bin", "liar.bin"))
    assert unpack(zip_of([bomb])) is OpenFailure.LIMITS


def test_a_7z_that_asks_for_too_much_is_not_begun() -> None:
    dictionary = packed.LZMA2_CODER + b"\x28"  # 4 GiB
    assert unpack(packed.seven_zip_by_hand("a", [dictionary], packed.lzma2_zeros(1), 1 << 20)) is OpenFailure.LIMITS
    rounds = b"\x24\x06\xf1\x07\x01\x02\x58\x00"  # 2^24
    assert unpack(packed.seven_zip_by_hand("a", [rounds], bytes(16), 16), ("x",)) is OpenFailure.LIMITS


def test_a_7z_without_a_sum_is_not_believed() -> None:
    coders = [packed.COPY_CODER]
    assert unpack(packed.seven_zip_by_hand("a", coders, b"abc", 3, zlib.crc32(b"abc"))) == Unpacked(
        (Item("a", b"abc"),)
    )
    assert unpack(packed.seven_zip_by_hand("a", coders, b"abc", 3, None)) is OpenFailure.DAMAGED


# What each bomb is made by, in a process of its own that tells what it took.
BOMBS = {
    "deflate, 10 GiB that say 4 GiB": "zip_of([Entry(b'a', packed=deflated_zeros(10240), size=0xFFFFFFFE)])",
    "deflate, 10 GiB that say 50 MiB": "zip_of([Entry(b'a', packed=deflated_zeros(10240), size=50 << 20)])",
    "50 files that lie": "zip_of([Entry(b'%d' % n, packed=deflated_zeros(600), size=55 << 20) for n in range(50)])",
    "overlapping entries": "overlapping_zip(50, 55)",
    "60,000 overlapping entries": "overlapping_zip(60_000, 1)",
    "100,000 entries": "zip_of([Entry(b'%d' % n, b'x') for n in range(100_000)])",
    "zips within a zip": "(lambda within: zip_of([Entry(b'%d.zip' % n, within) for n in range(16)]))"
    "(zip_of([Entry(b'a', packed=deflated_zeros(400), size=400 << 20)] * 16))",
    "old encryption": "zip_of([_zip_crypto(Entry(b'a', bytes(1 << 20), method=0), b'p')])",
    "7z, 10 GiB of zeros": "seven_zip_by_hand('a', [LZMA2_CODER + LZMA2_MEBIBYTE], lzma2_zeros(10240), 10 << 30)",
    "7z that says 50 MiB": "seven_zip_by_hand('a', [LZMA2_CODER + LZMA2_MEBIBYTE], lzma2_zeros(10240), 50 << 20)",
    "7z with a dictionary of 4 GiB": "seven_zip_by_hand('a', [LZMA2_CODER + bytes((40,))], lzma2_zeros(50), 50 << 20)",
    "7z with 100,000 files": "seven_zip_by_hand('a', [COPY_CODER], b'', 0, files=100_000)",
    "7z without an end": "seven_zip_by_hand('a', [COPY_CODER], b'abc', 1 << 20)",
    "gzip, 10 GiB of zeros": "gzip_zeros(10240)",
    "gzip of a million streams": "gzipped(b'') * 1_000_000",
    "winmail of a million attributes": "winmail({}) + tnef_attribute(1, 0x69008, b'') * 1_000_000",
    "winmail of 100,000 files": "winmail({str(n): b'' for n in range(100_000)})",
    "winmail of braces": r"winmail({}, rtf=b'{\\rtf1' + b'{' * 500_000)",
    "winmail of control words": r"winmail({}, rtf=b'{\\rtf1' + rb'\f0' * 170_000)",
    "winmail that unpacks": r"winmail({}, rtf=b'{\\rtf1' + b'a' * 1000, size=0xFFFFFFFF)",
    "winmail of empty properties": "winmail({}) + tnef_attribute(1, 0x69003, b'\\xff' * 4 + bytes((3, 0, 1, 0)) * 5_000_000)",
    "nested BER": r"bytes.fromhex('308006092a864886f70d010702a080') + b'\x30\x80' * 5_000_000",
    "BER in a million pieces": "opaque_signed(bytes(10 << 20), streamed=True)",
    "PGP signed a hundred thousand times": "pgp_signed('x').encode() * 100_000",
}
BOMB = """
import json, resource, time
from tests.corpus.make.packed import *
from tests.corpus.make.packed import _zip_crypto
from bot.documents.archives import unpack
content = {maker}
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
def memory(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
before, start = memory("VmRSS"), time.process_time()
found = unpack.unpack(content, ("p", "q"))
print(json.dumps([time.process_time() - start, (memory("VmHWM") - before) / 1024, len(content) / 2**20, str(found)[:60]]))
"""


@pytest.mark.process
@pytest.mark.timeout(120)
@pytest.mark.parametrize("maker", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_little(maker: str, figure: Callable[[str], None], request: pytest.FixtureRequest) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOMB.replace("{maker}", maker)],
        check=True, capture_output=True, cwd=ROOT, timeout=100, text=True,
    )  # fmt: skip
    cpu, mebibytes, size, found = json.loads(done.stdout)
    figure(f"{request.node.name}: {size:.1f} MiB took {cpu:.2f} s of CPU and {mebibytes:.0f} MiB: {found[:20]}")
    assert cpu < 3
    assert mebibytes < 200


# ---------------------------------------------------------------- behind closed doors

LOCKED_IN = """
import os, sys
from bot.documents.archives import unpack
from bot.documents.pool import confinement
cases = eval(sys.stdin.read())
unpack.warm_up()
import re2  # as the rehearsal of the fork server does
confinement.load_charsets()
reads, writes = os.pipe()
print(confinement.lock_in(confinement.rules_for(reads, 1)) or "filtered", flush=True)
for content, passwords in cases:
    os.write(1, repr(unpack.unpack(content, passwords)).encode() + b"\\n")
os._exit(0)
"""


@pytest.mark.process
def test_everything_is_unpacked_the_same_inside_the_locked_process(figure: Callable[[str], None]) -> None:
    passwords = (*WRONG, PASSWORD)
    cases = [(content, passwords) for content in EVERY.values()]
    cases += [(content, ()) for content in LOCKED.values()]
    cases += [(content[:-30], passwords) for content in EVERY.values()]
    cases += [(packed.winmail(FILES, "本文"), ()), (packed.winmail({}, html="<p>a&amp;b"), ())]
    cases += [(packed.pgp_signed("a").encode(), ()), (zip_of([Entry(b"a", packed=b"BZh", method=12)]), ())]
    done = subprocess.run(
        [sys.executable, "-c", LOCKED_IN], check=True, capture_output=True, cwd=ROOT, timeout=100, text=True,
        input=repr(cases),
    )  # fmt: skip
    first, *lines = done.stdout.splitlines()
    if first != "filtered":
        pytest.skip(first)
    assert lines == [repr(unpack(*case)) for case in cases]
    figure(f"containers unpacked alike inside and outside the locked process: {len(lines)} of {len(cases)}")
