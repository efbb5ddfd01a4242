from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio

from bot.documents.pool.reader import Reader

PAPERS = Path(__file__).parents[1] / "corpus" / "papers"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"

MailWith = Callable[..., bytes]
PdfOf = Callable[..., bytes]


@pytest.fixture
def paper() -> Callable[[str], bytes]:
    """The bytes of a paper of the corpus, by its name."""
    return lambda name: (PAPERS / f"{name}.pdf").read_bytes()


@pytest.fixture
def mail_with() -> MailWith:
    """A mail with a line of text and the given contents attached as 1.pdf, 2.pdf, …"""

    def build(*contents: bytes, subject: str = "認証キー") -> bytes:
        message = EmailMessage()
        message["From"] = "koji@kensetsu.example.jp"
        message["To"] = "keiyaku@city.example.jp"
        message["Subject"] = subject
        message.set_content("お世話になっております。\n")
        for number, content in enumerate(contents, 1):
            message.add_attachment(content, maintype="application", subtype="pdf", filename=f"{number}.pdf")
        return message.as_bytes()

    return build


@pytest.fixture
def pdf_of() -> PdfOf:
    """A PDF of one page, by hand: its content stream, its resources, more entries of the page, more objects from 5 on."""

    def build(
        content: bytes, resources: bytes = b"<</Font<</F 5 0 R>>>>", page: bytes = b"", more: bytes = FONT
    ) -> bytes:
        packed = zlib.compress(content)
        objects = (
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources%s%s>>" % (resources, page),
            b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed),
            more,
        )
        body = b"".join(b"%d 0 obj%s endobj\n" % numbered for numbered in enumerate(objects, 1))
        return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>"

    return build


@pytest.fixture
def self_recursive_pdf(pdf_of: PdfOf) -> bytes:
    """A form that draws itself twice: some hundred bytes that take pdfium to its memory limit, where it aborts."""
    resources = b"<</XObject<</F 5 0 R>>>>"
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources%s/Length 11>>stream\n/F Do /F Do\nendstream"
    return pdf_of(b"/F Do", resources, more=form % resources)


@pytest.fixture
def deflate_bomb_pdf(pdf_of: PdfOf) -> bytes:
    """Some tens of kilobytes that unpack to a page of ten million letters."""
    return pdf_of(b"BT /F 9 Tf " + b"(AAAAAAAA)Tj " * 1_250_000 + b"ET")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    """One for a module's tests, in one loop."""
    async with Reader(sees=False) as reader:
        yield reader
