"""The picture for a clerk: number and key named in Japanese, and boxed exactly where they are drawn."""

from __future__ import annotations

import io
from email.message import EmailMessage

import pytest
from PIL import Image

from bot.core.notice.evidence import View
from bot.core.notice.key_notice import read_notices
from bot.core.policy.policy import Formats
from bot.core.records.submission import Field
from bot.documents.images.annotated_pages import PAGE_WIDTH, draw
from bot.documents.images.sight import is_installed
from bot.documents.opening import open_document
from tests.documents.pdf.test_value_boxes import JAPANESE, KEY, LATIN, NUMBER, drawn

pytestmark = pytest.mark.skipif(not is_installed(), reason="the OCR extra is not installed")


def test_number_and_key_on_one_line_are_boxed_each_and_named_in_japanese() -> None:
    content, where = drawn(
        ((JAPANESE, "保証契約番号："), (LATIN, NUMBER), (JAPANESE, "　認証キー："), (LATIN, KEY)), 14
    )
    mail = EmailMessage()
    mail.set_content("x")
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="a.pdf")
    (reading,) = read_notices(open_document("2", "a.pdf", content).pages, Formats())
    boxes = tuple((one.field, one.box) for one in reading.evidence if one.field in {Field.NUMBER, Field.KEY})
    (png,) = draw(mail.as_bytes(), [View("2", 1, boxes)])
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    scale = PAGE_WIDTH / 595.28
    reds = [[x for x in range(PAGE_WIDTH) if _is_red(picture.getpixel((x, y)))] for y in range(picture.height)]
    middle = max(y for y, row in enumerate(reds) if row) - 12  # through the boxes: their upright edges alone
    edges = [x for x in reds[middle] if x - 1 not in reds[middle]]
    expected = [edge * scale for value in (NUMBER, KEY) for edge in where[value]]
    assert edges == pytest.approx(expected, abs=8)
    names = [row for row in reds[: middle - 200] if row]
    assert len(names) >= 40  # 番号 and キー, each some 28 pixels high
    assert max(map(max, names)) < 80


def _is_red(colour: object) -> bool:
    red, green, _ = colour  # type: ignore[misc]
    return bool(red > 150 > green + 80)
