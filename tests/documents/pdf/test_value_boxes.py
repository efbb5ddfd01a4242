"""The box of a number and a key is exactly where it is drawn, also where its label, another field or a gap stands on the same line."""

from __future__ import annotations

import io

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from bot.core.notice.key_notice import read_notices
from bot.core.policy.policy import Formats
from bot.core.records.submission import Field
from bot.documents.opening import open_document

NUMBER, KEY = "12345-678901", "iiillWWMM123"  # letters of very different widths
JAPANESE, LATIN = "HeiseiKakuGo-W5", "Helvetica"
pdfmetrics.registerFont(UnicodeCIDFont(JAPANESE))


def drawn(pieces: tuple[tuple[str, str], ...], size: float) -> tuple[bytes, dict[str, tuple[float, float]]]:
    """A notice whose number and key stand in one line of pieces (font, text), and where each begins and ends."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setFont(JAPANESE, 12)
    for place, line in enumerate(
        ("電子保証にかかる「認証キー」のお知らせ", "工事名　市道第5号線改良工事", "受注者名　株式会社みほん")
    ):
        canvas.drawString(60, 780 - 30 * place, line)
    x, where = 60.0, {}
    for font, text in pieces:
        canvas.setFont(font, size)
        canvas.drawString(x, 640, text)
        before, found, _ = text.partition(NUMBER if NUMBER in text else KEY)
        if found:
            begin = x + pdfmetrics.stringWidth(before, font, size)
            where[found] = (begin, begin + pdfmetrics.stringWidth(found, font, size))
        x += pdfmetrics.stringWidth(text, font, size)
    canvas.save()
    return out.getvalue(), where


@pytest.mark.parametrize("size", [9, 14])
@pytest.mark.parametrize(
    "pieces",
    [
        ((JAPANESE, f"保証契約番号：{NUMBER}　"), (JAPANESE, f"認証キー：{KEY}")),
        ((JAPANESE, "保証契約番号 "), (LATIN, NUMBER), (JAPANESE, "　　認証キー "), (LATIN, KEY)),
        ((JAPANESE, "保証契約番号："), (LATIN, NUMBER), (JAPANESE, "　認証キー："), (LATIN, f"{KEY} ")),
        ((JAPANESE, f"保証契約番号　{NUMBER}　　　"), (JAPANESE, "認証キー　"), (LATIN, KEY)),
        ((JAPANESE, f"（4）保証契約番号：{NUMBER}　（5）認証キー："), (LATIN, KEY)),
    ],
)
def test_a_box_is_where_the_value_is_drawn(pieces: tuple[tuple[str, str], ...], size: float) -> None:
    content, where = drawn(pieces, size)
    (reading,) = read_notices(open_document("2", "a.pdf", content).pages, Formats())
    for field, value in ((Field.NUMBER, NUMBER), (Field.KEY, KEY)):
        evidence = reading.evidence_for(field)
        assert evidence is not None
        begin, end = where[value]
        assert evidence.box.x0 == pytest.approx(begin, abs=0.15 * size), field
        # A font that is not in the file is drawn by another, whose last letter may be wider.
        assert evidence.box.x1 == pytest.approx(end, abs=0.35 * size), field
        assert 842 - 640 - size <= evidence.box.top < evidence.box.bottom <= 842 - 640 + 0.3 * size
