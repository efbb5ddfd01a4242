"""Cases: what a person sees differs from what a program may find: hidden texts, foreign letters, old and new keys."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import mails
import pikepdf
from case import Bench, Case, paper, typed
from cases_images import other_values
from drawn import register
from mails import HELLO, file, many
from notices import Notice
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

FONT = "HeiseiMin-W3"
Hide = Callable[[Canvas, Notice], None]


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _in_pdfs()
    yield from _in_bodies()


def _lines(canvas: Canvas, one: Notice, y: float, size: float = 11) -> None:
    canvas.setFont(FONT, size)
    for turn, line in enumerate(typed(one).split("\r\n")):
        canvas.drawString(60, y - turn * size * 1.5, line)


def _white(canvas: Canvas, other: Notice) -> None:
    canvas.setFillGray(1)
    _lines(canvas, other, 260)


def _off_page(canvas: Canvas, other: Notice) -> None:
    _lines(canvas, other, -40)


def _tiny(canvas: Canvas, other: Notice) -> None:
    _lines(canvas, other, 30, 0.6)


def _unpainted(canvas: Canvas, other: Notice) -> None:
    canvas.setFont(FONT, 11)
    for turn, line in enumerate(typed(other).split("\r\n")):
        words = canvas.beginText(60, 260 - turn * 16)
        words.setTextRenderMode(3)
        words.textLine(line)
        canvas.drawText(words)


def _covered(canvas: Canvas, other: Notice) -> None:
    _lines(canvas, other, 260)
    canvas.setFillGray(1)
    canvas.rect(50, 150, 500, 125, stroke=0, fill=1)


_HIDDEN: dict[str, Hide] = {
    "white": _white,
    "off-page": _off_page,
    "tiny": _tiny,
    "unpainted": _unpainted,
    "covered": _covered,
}


def _over(content: bytes, hide: Hide, other: Notice) -> bytes:
    register(FONT)
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pagesize=A4, invariant=1)
    canvas.setFont(FONT, 11)
    hide(canvas, other)
    canvas.save()
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf, pikepdf.open(drawn) as layer:
        page = pdf.pages[0]
        form = pdf.copy_foreign(layer.pages[0].as_form_xobject())
        page.add_resource(form, pikepdf.Name.XObject, pikepdf.Name.Hidden)
        page.contents_add(b"q", prepend=True)
        page.contents_add(b"Q q /Hidden Do Q")
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _in_pdfs() -> Iterator[Case]:
    for name, hide in _HIDDEN.items():
        for what in ("key", "number"):
            bench = Bench(f"hidden-{name}-{what}", register="number")
            one = bench.notice()
            content = _over(paper(one), hide, other_values(one, what))
            mail = bench.mail(many(mails.text(), file(content)))
            note = f"a text that nobody sees says another {what}"
            yield Case(bench.name, "hidden/in the PDF", "read", mail, (one,), register="number", note=note)
    bench = Bench("hidden-old-and-new")
    one = bench.notice()
    old = replace(one, auth_key=one.auth_key[::-1])
    words = typed(one).replace("認証キー：", f"認証キー（旧）：{old.auth_key}\r\n認証キー（新）：")
    mail = bench.mail(mails.text(HELLO + words))
    yield Case(
        bench.name,
        "hidden/two keys",
        "person",
        mail,
        (one, old),
        register=bench.register,
        note="an old key and a new one",
    )


def _in_bodies() -> Iterator[Case]:
    kind = "hidden/in the body"
    bench = Bench("hidden-alternative-differs", register="number")
    one = bench.notice()
    other = other_values(one, "key")
    page = "<html><body>" + typed(other).replace("\r\n", "<br>") + "</body></html>"
    part = many(mails.text(HELLO + typed(one)), mails.text(page, subtype="html"), subtype="alternative")
    yield Case(
        bench.name,
        kind,
        "read",
        bench.mail(part),
        (one, other),
        register="number",
        note="plain text and HTML differ: both held",
    )
    bench = Bench("hidden-html-not-shown", register="number")
    one = bench.notice()
    hidden = f'<div style="display:none">{typed(other_values(one, "key"))}</div>'
    page = f"<html><body>{typed(one)}{hidden}</body></html>".replace("\r\n", "<br>")
    mail = bench.mail(mails.text(page, subtype="html"))
    yield Case(bench.name, kind, "read", mail, (one,), register="number", note="a block that is not shown")
    bench = Bench("hidden-html-comment", register="number")
    one = bench.notice()
    page = f"<html><body><!-- {typed(other_values(one, 'key'))} -->{typed(one)}</body></html>".replace("\r\n", "<br>")
    yield Case(bench.name, kind, "read", bench.mail(mails.text(page, subtype="html")), (one,), register="number")
    bench = Bench("hidden-zero-width", register="number")
    one = bench.notice()
    words = typed(one).replace(one.auth_key, one.auth_key[:5] + "\u200b" + one.auth_key[5:])
    yield Case(bench.name, kind, "person", bench.mail(mails.text(HELLO + words)), (one,), register="number")
    for name, mark in (("2010", "\u2010"), ("2212", "\u2212"), ("cho-on", "ー"), ("2500", "─")):
        bench = Bench(f"hidden-hyphen-{name}", register="number")
        one = bench.notice()
        words = typed(one).replace(one.number, one.number.replace("-", mark))
        yield Case(bench.name, kind, "read", bench.mail(mails.text(HELLO + words)), (one,), register="number")
    bench = Bench("hidden-cyrillic", register="number")
    one = bench.notice()
    one = replace(one, auth_key="A" + one.auth_key[1:])
    words = typed(one).replace(one.auth_key, "\u0410" + one.auth_key[1:])
    note = "the key's first letter is Cyrillic: nobody may take it for the Latin one"
    yield Case(bench.name, kind, "person", bench.mail(mails.text(HELLO + words)), (one,), register="number", note=note)
