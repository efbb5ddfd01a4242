"""The second look: scans are recognised, a paper that shows one thing and says another is found out, pictures are drawn."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageFont

from bot.core.notice.document import OpenFailure, TextSource
from bot.core.notice.evidence import View, evidence_of
from bot.core.notice.interpret import UnderstoodMail, read_paper
from bot.core.notice.key_notice import FoundNotice
from bot.core.notice.read_mail import NotNow, TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.paper import PaperKind
from bot.core.records.reasons import PaperReason, SubmissionReason
from bot.core.records.submission import Field, ReadFrom
from bot.documents.images.budget import LookBudget
from bot.documents.images.image_files import Picture
from bot.documents.images.sight import is_installed
from bot.documents.opening import open_document
from bot.documents.pool.reader import LOOK_CPU, Reader
from tests.core.verdict.cases import fields
from tests.documents.pool.test_reader import cpu_of, threads_of
from tests.faults.bombs import packed
from tests.faults.bombs import page as page_of

pytestmark = pytest.mark.skipif(not is_installed(), reason="the OCR extra is not installed")

PAPERS = Path(__file__).parents[2] / "corpus" / "papers"
FORMATS = Formats()
NOTICES = sorted(
    path.stem.removesuffix(".expected")
    for path in PAPERS.glob("*.expected.json")
    if json.loads(path.read_text("utf-8"))["kind"] == "key_notice" and not path.stem.startswith(("lying-", "type3-"))
)
# Of the paper with words for readers aloud, what is drawn is read.
LIES = sorted(path.stem for path in PAPERS.glob("lying-*.pdf") if path.stem != "lying-replaced-words")
MIB = 1024
A_MOMENT = 0.002
"""Between two looks at a process, which needs the processor itself."""

MailWith = Callable[..., bytes]
PaperOf = Callable[[str], bytes]


@pytest.fixture(scope="module")
def eyes():
    from bot.documents.images.engines import load  # noqa: PLC0415 - needs the OCR extra
    from bot.documents.images.visual_check import ImageReader  # noqa: PLC0415 - likewise

    return ImageReader(load())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeing() -> AsyncIterator[Reader]:
    async with Reader(1) as reader:
        yield reader


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAPERS / f"{name}.expected.json").read_text("utf-8"))
    return found


def understood(read: object) -> UnderstoodMail:
    assert isinstance(read, UnderstoodMail)
    return read


def rss_mib(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // MIB


def children_of(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()]


# -- what papers show


def test_no_honest_paper_is_taken_for_one_that_shows_otherwise(eyes: Any, figure: Callable[[str], None]) -> None:
    doubted: list[str] = []
    count = 0
    for name in NOTICES:
        content = (PAPERS / f"{name}.pdf").read_bytes()
        document = open_document("2", f"{name}.pdf", content)
        _, said = eyes.look(document, content, read_paper(document, FORMATS), FORMATS)
        count += len(said.notices)
        if any(SubmissionReason.SHOWS_OTHERWISE in reading.doubts for reading in said.notices):
            doubted.append(name)
    assert (doubted, count > 100) == ([], True)
    figure(f"notices with a text layer that are said to show otherwise: {len(doubted)} of {count}")


@pytest.mark.parametrize("name", LIES)
def test_a_paper_that_shows_another_number_or_key_than_its_text_says_is_for_a_person(name: str, eyes: Any) -> None:
    content = (PAPERS / f"{name}.pdf").read_bytes()
    document = open_document("2", f"{name}.pdf", content)
    _, said = eyes.look(document, content, read_paper(document, FORMATS), FORMATS)
    drawn, layer = expected(name)["drawn"], expected(name)["layer"]
    changed = [field for field in ("number", "auth_key") if drawn[field] != layer[field]]
    doubts = {doubt for reading in said.notices for doubt in reading.doubts}
    letters = sum(a.lower() != b.lower() for field in changed for a, b in zip(drawn[field], layer[field], strict=True))
    # One other letter of a key can't be told from a misreading: what is compared are words, not single letters.
    assert SubmissionReason.SHOWS_OTHERWISE in doubts or (changed == ["auth_key"] and letters < 3)


def test_a_paper_that_shows_black_boxes_where_its_text_has_letters_is_for_a_person(eyes: Any, paper: PaperOf) -> None:
    content = paper("type3-named")
    document = open_document("2", "type3-named.pdf", content)
    _, said = eyes.look(document, content, read_paper(document, FORMATS), FORMATS)
    assert [SubmissionReason.SHOWS_OTHERWISE in reading.doubts for reading in said.notices] == [True]


# -- through the locked-in child


@pytest.mark.asyncio(loop_scope="module")
async def test_a_scan_is_read_with_evidence_and_its_process_stays_small(
    seeing: Reader, mail_with: MailWith, paper: PaperOf, figure: Callable[[str], None]
) -> None:
    task = asyncio.create_task(seeing.read(mail_with(paper("scan"), paper("claim-drawn"))))
    size = 0
    while not task.done():
        for process in seeing.pids:
            with suppress(OSError, IndexError):  # it is gone already
                size = max(size, rss_mib(process))
        await asyncio.sleep(A_MOMENT)
    read = understood(await task)
    (notice,) = read.notices
    truth = expected("chromium-leaflet")["notices"][0]
    assert (notice.read_from, notice.fields.number, notice.part) == (ReadFrom.OCR, truth["number"], "2")
    evidence = notice.evidence_for(Field.KEY)
    assert evidence is not None
    assert (evidence.source, evidence.page, 0 < evidence.confidence <= 100) == (TextSource.IMAGE, 1, True)
    assert [one.kind for one in read.papers] == [PaperKind.KEY_NOTICE, PaperKind.CLAIM]
    assert 0 < size < 700
    figure(f"the process that recognises pictures: {size} MiB after a page of A4")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_scan_waits_for_its_turn_among_the_mails_that_take_long(
    seeing: Reader, mail_with: MailWith, paper: PaperOf
) -> None:
    assert await seeing.read(mail_with(paper("scan")), quick=True) == TakesLong()
    quickly = understood(await seeing.read(mail_with(paper("scan")), quick=True, worth_a_look=lambda _: False))
    assert quickly.documents[0].trouble is OpenFailure.NO_TEXT


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_runs_beside_the_fork_servers_in_their_processes(seeing: Reader) -> None:
    await seeing.warm()
    assert [threads_of(server) for server in seeing.server_pids] == [1, 1]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_cut_out_by_the_child_that_reads_is_compared(
    seeing: Reader, mail_with: MailWith, paper: PaperOf
) -> None:
    doubts: list[list[bool]] = []
    for names in (["chromium-leaflet", "reportlab-leaflet"], ["writer-leaflet", "lying-key-and-number"]):
        read = understood(await seeing.read(mail_with(*map(paper, names))))
        doubts.append([SubmissionReason.SHOWS_OTHERWISE in one.doubts for one in read.notices])
    assert doubts == [[False, False], [False, True]]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_look_that_is_killed_costs_a_retry_only(seeing: Reader, mail_with: MailWith, paper: PaperOf) -> None:
    await seeing.warm()
    task = asyncio.create_task(seeing.read(mail_with(paper("chromium-leaflet"))))
    while not (lookers := children_of(seeing.server_pids[1])):
        assert not task.done()
        await asyncio.sleep(A_MOMENT)
    os.kill(lookers[0], signal.SIGKILL)
    (notice,) = understood(await task).notices
    assert notice.doubts == ()


async def read_over_dead_lookers(reader: Reader, mail: bytes, how: signal.Signals) -> object:
    task = asyncio.create_task(reader.read(mail))
    while not task.done():
        for looker in children_of(reader.server_pids[1]):
            with suppress(ProcessLookupError):
                os.kill(looker, how)
        await asyncio.sleep(A_MOMENT)
    return await task


@pytest.mark.asyncio(loop_scope="module")
async def test_a_notice_is_for_a_person_when_nobody_could_look_at_it(
    seeing: Reader, mail_with: MailWith, paper: PaperOf
) -> None:
    await seeing.warm()
    mail = mail_with(paper("chromium-leaflet"), paper("scan"))
    # Killed from outside, as by a kernel without memory: that says nothing of the mail.
    assert await read_over_dead_lookers(seeing, mail, signal.SIGKILL) == NotNow(is_killed=True)
    read = understood(await read_over_dead_lookers(seeing, mail, signal.SIGABRT))
    (notice,) = read.notices
    assert notice.doubts == (SubmissionReason.NOT_SEEN,)
    assert [document.trouble for document in read.documents] == [None, OpenFailure.NO_TEXT]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_picture_shows_the_page_with_the_fields_boxed_and_number_and_key_large(
    seeing: Reader, mail_with: MailWith, paper: PaperOf
) -> None:
    mail = mail_with(paper("reportlab-leaflet"))
    (notice,) = understood(await seeing.read(mail)).notices
    boxes = tuple((one.field, one.box) for one in notice.evidence)
    shown, nothing = await seeing.draw(mail, [View(notice.part, 1, boxes), View("9", 1, boxes)])
    assert nothing == b""
    with Image.open(io.BytesIO(shown)) as picture:
        assert picture.format == "PNG"
        reds = [
            colour for _, colour in picture.convert("RGB").getcolors(65536) or [] if colour[0] > 150 > colour[1] + 80
        ]
        assert reds
    bare, _ = await seeing.draw(mail, [View(notice.part, 1, ()), View("9", 1, ())])
    assert len(bare) < len(shown)


async def test_pictures_are_drawn_without_a_recogniser_too(mail_with: MailWith, paper: PaperOf) -> None:
    async with Reader(1, sees=False) as reader:
        (picture,) = await reader.draw(mail_with(paper("reportlab-leaflet")), [View("2", 1, ())])
        assert picture.startswith(b"\x89PNG")
        assert len(reader.server_pids) == 1  # the one for text


@pytest.mark.parametrize("name", ["lying-key-permuted", "lying-key-and-number"])
def test_a_letter_in_another_font_elsewhere_on_the_page_excuses_nothing(name: str, eyes: Any, paper: PaperOf) -> None:
    with pikepdf.open(io.BytesIO(paper(name))) as pdf:
        page = pdf.pages[0]
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources.Font["/Other"] = pdf.make_indirect(font)
        page.contents_add(b"q BT 0 g /Other 9 Tf 300 30 Td (1) Tj ET Q")
        out = io.BytesIO()
        pdf.save(out)
    document = open_document("2", "x.pdf", out.getvalue())
    _, said = eyes.look(document, out.getvalue(), read_paper(document, FORMATS), FORMATS)
    assert [SubmissionReason.SHOWS_OTHERWISE in reading.doubts for reading in said.notices] == [True]


@pytest.mark.parametrize("ink", [0, 130, 170])
def test_a_faint_page_is_no_blank_page(ink: int, eyes: Any, paper: PaperOf) -> None:
    with pypdfium2.PdfDocument(paper("chromium-leaflet")) as pdf:
        page = pdf[0].render(scale=150 / 72).to_pil().convert("L")
    out = io.BytesIO()
    page.point(lambda grey: ink + grey * (255 - ink) // 255).save(out, "PNG", dpi=(150, 150))
    document = open_document("2", "x.png", out.getvalue())
    seen, said = eyes.look(document, out.getvalue(), read_paper(document, FORMATS), FORMATS)
    assert said.notices or seen.trouble is OpenFailure.NO_TEXT or seen.unread


def test_a_blank_back_page_is_no_unread_page(eyes: Any, paper: PaperOf) -> None:
    with pypdfium2.PdfDocument(paper("chromium-leaflet")) as pdf:
        page = pdf[0].render(scale=150 / 72).to_pil().convert("L")
    out = io.BytesIO()
    page.save(out, "TIFF", save_all=True, append_images=[Image.new("L", page.size, 245)], dpi=(150, 150))
    document = open_document("2", "x.tif", out.getvalue())
    seen, said = eyes.look(document, out.getvalue(), read_paper(document, FORMATS), FORMATS)
    assert (len(said.notices), seen.unread, said.besides) == (1, (), ())


def test_other_readings_of_a_number_are_numbers_so_that_no_key_beside_it_is_told(eyes: Any) -> None:
    from bot.documents.images.page_reader import read_picture  # noqa: PLC0415 - needs the OCR extra
    from bot.documents.images.visual_check import _with_alternatives  # noqa: PLC0415

    page = Image.new("L", (1240, 400), 255)
    pen = ImageDraw.Draw(page)
    pen.text((60, 150), "12345-678901 aB3dEf6hIj9k", fill=0, font=ImageFont.load_default(44))
    seen = read_picture(Picture(page, 150.0), 1, eyes.engines)
    cells = [cell for line in seen.page.lines for cell in line.cells]
    assert cells
    evidence = evidence_of(Field.NUMBER, 1, cells)
    assert evidence is not None
    reading = FoundNotice(fields(number="12345-678902"), evidence=(evidence,))
    again = eyes._again(seen, evidence, "number")
    told = _with_alternatives(reading, evidence, again, FORMATS).evidence[0].alternatives
    assert all(FORMATS.is_number(one.reveal()) for one in told)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_telephones_picture_is_read_by_the_locked_in_process(
    seeing: Reader, mail_with: MailWith, paper: PaperOf
) -> None:
    with pypdfium2.PdfDocument(paper("chromium-leaflet")) as pdf:
        page = pdf[0].render(scale=200 / 72).to_pil().convert("RGB")
    out = io.BytesIO()
    page.save(out, "HEIF", quality=60)
    (notice,) = understood(await seeing.read(mail_with(out.getvalue()))).notices
    assert notice.fields.number == expected("chromium-leaflet")["notices"][0]["number"]


@pytest.mark.parametrize(
    ("begins", "pages", "read"),
    [((True, False), 3, [1]), ((False, False, False, True, False, False), 1, [1]), ((False,), 3, [])],
    ids=["no CPU time after the first page", "no more pages", "no CPU time"],
)
def test_no_page_is_begun_beyond_what_a_mail_may_have(
    begins: tuple[bool, ...], pages: int, read: list[int], eyes: Any, paper: PaperOf
) -> None:
    with pypdfium2.PdfDocument(paper("chromium-leaflet")) as pdf:
        page = pdf[0].render(scale=150 / 72).to_pil().convert("L")
    out = io.BytesIO()
    page.save(out, "TIFF", save_all=True, append_images=[page, page], dpi=(150, 150))
    document = open_document("2", "x.tif", out.getvalue())
    budget = LookBudget(partial(next, iter(begins)), pages)
    seen, said = eyes.look(document, out.getvalue(), read_paper(document, FORMATS), FORMATS, (), budget)
    assert [one.number for one in seen.pages] == read
    assert [(one.page, one.trouble) for one in seen.unread] == [
        (page, OpenFailure.NOT_REACHED) for page in (1, 2, 3) if page not in read
    ]
    assert seen.trouble is (None if read else OpenFailure.NOT_REACHED)
    assert len(said.notices) == len(read)


def test_the_notice_at_the_end_of_a_bundle_is_read_before_other_pages(eyes: Any, paper: PaperOf) -> None:
    with pypdfium2.PdfDocument(paper("chromium-leaflet")) as pdf:
        notice = pdf[0].render(scale=150 / 72).to_pil().convert("L")
    other = Image.new("L", notice.size, 255)
    ImageDraw.Draw(other).text((150, 200), "CONTRACT No. 12345", fill=0, font=ImageFont.load_default(40))
    out = io.BytesIO()
    other.save(out, "TIFF", save_all=True, append_images=[other, notice], dpi=(150, 150))
    document = open_document("2", "x.tif", out.getvalue())
    seen, said = eyes.look(
        document, out.getvalue(), read_paper(document, FORMATS), FORMATS, (), LookBudget(pages=1, likely=0)
    )
    assert ([one.number for one in seen.pages], len(said.notices)) == ([3], 1)
    assert [(one.name, one.reason) for one in said.besides] == [("x.tif（1～2ページ）", PaperReason.NOT_REACHED)]


def many_large_pictures(count: int, side: int = 8000) -> bytes:
    """A page without words on which so many pictures of 8,000 × 8,000 dots are drawn."""
    picture = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 1" % (side, side)
    names = b"".join(b"/I%d %d 0 R" % (number, number + 5) for number in range(count))
    drawing = b" ".join(b"q 500 0 0 700 40 %d cm /I%d Do Q" % (number % 90, number) for number in range(count))
    pictures = [packed(bytes(side * side // 8), picture)] * count
    return page_of(packed(drawing), *pictures, resources=b"/XObject<<%s>>" % names)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_no_mail_has_the_picture_process_for_longer_than_its_cpu_time(
    mail_with: MailWith, paper: PaperOf, figure: Callable[[str], None]
) -> None:
    heavy = many_large_pictures(300)
    async with Reader(1) as reader:
        await reader.warm()
        before = cpu_of(reader.server_pids[1])
        read = understood(await reader.read(mail_with(paper("chromium-leaflet"), *[heavy] * 3)))
        used = cpu_of(reader.server_pids[1]) - before
        assert [one.doubts for one in read.notices] == [()]
        assert [document.trouble for document in read.documents] == [None, *[OpenFailure.NO_TEXT] * 3]
        assert isinstance(await reader.read(mail_with(paper("chromium-leaflet")), quick=True), UnderstoodMail)
    figure(f"looks at three pages of three hundred large pictures: {used:.1f} s of CPU, {LOOK_CPU:.0f} are allowed")
    assert used < LOOK_CPU + 1
