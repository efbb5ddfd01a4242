"""Papers that were filled in or written upon: form fields with and without their pictures, notes, comments, XFA.

Used by odd_pdfs.py.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf
from notices import Mint, Notice
from odd_fonts import Made, closed, read_as, saved
from odd_layers import changed, sheet, text
from pikepdf import Array, Dictionary, Name, String

_ROWS = {"project_name": 520, "contractor": 494, "product": 453, "number": 427, "auth_key": 401}
_HIDDEN, _NO_VIEW, _PRINT = 2, 32, 4
_DA = String("/Helv 11 Tf 0 g")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field or a note: its value, its baseline, and more entries of its annotation."""

    value: str
    y: float
    entries: dict[str, object]


def odd_forms(mint: Mint) -> Made:
    """Make all of them."""
    return _forms(mint) | _notes(mint) | _xfa()


def _forms(mint: Mint) -> Made:
    plain, pictured, kept, chosen, hidden, other = (mint() for _ in range(6))
    form = _blank(plain)
    codes = Array([Array([String("1"), String(chosen.product)]), Array([String("2"), String("別の商品")])])
    choice: dict[str, object] = {"/FT": Name.Ch, "/Ff": 1 << 17, "/Opt": codes, "/V": String("1")}
    unseen = [_Field(other.auth_key, 375, {"/F": _HIDDEN}), _Field(other.number, 360, {"/F": _NO_VIEW})]
    return {
        "form-without-pictures": (_with_form(form, _fields(plain), needed=True), read_as(plain)),
        "form-with-pictures": (_with_form(form, _fields(pictured), pictured=True), read_as(pictured)),
        "form-flattened-kept": (_with_form(sheet(kept), _fields(kept)), read_as(kept)),
        "form-choice": (
            _with_form(form, [*_fields(chosen, "product"), _Field("1", _ROWS["product"], choice)], needed=True),
            read_as(chosen),
        ),
        "form-hidden-fields": (_with_form(sheet(hidden), unseen), read_as(hidden)),
    }


def _blank(notice: Notice) -> bytes:
    """The labels alone."""
    return changed(sheet(notice), _without_values)


def _without_values(content: bytes) -> bytes:
    return b"\n".join(line for line in content.split(b"\n") if not line.startswith(b"BT 1 0 0 1 190 "))


def _fields(notice: Notice, but: str = "") -> list[_Field]:
    values = {
        "project_name": notice.project_name,
        "contractor": notice.contractor,
        "product": notice.product,
        "number": notice.number,
        "auth_key": notice.auth_key,
    }
    return [_Field(value, _ROWS[name], {}) for name, value in values.items() if name != but]


def _with_form(content: bytes, fields: Sequence[_Field], *, needed: bool = False, pictured: bool = False) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        widgets = []
        for number, field in enumerate(fields):
            entries = {
                "/Type": Name.Annot,
                "/Subtype": Name.Widget,
                "/FT": Name.Tx,
                "/T": String(f"field{number}"),
                "/V": String(field.value),
                "/DA": _DA,
                "/F": _PRINT,
                "/Rect": Array([188, field.y - 5, 520, field.y + 14]),
            } | field.entries
            if pictured:
                entries["/AP"] = Dictionary(N=_picture(pdf, field.value))
            widgets.append(pdf.make_indirect(Dictionary(entries)))
        helvetica = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.Root.AcroForm = Dictionary(
            Fields=Array(widgets), DA=_DA, DR=Dictionary(Font=Dictionary(Helv=helvetica)), NeedAppearances=needed
        )
        pdf.pages[0].Annots = Array(widgets)
        return saved(pdf)


def _picture(pdf: pikepdf.Pdf, value: str) -> pikepdf.Stream:
    """What a viewer shows of the field; only Latin letters, since its font has no others."""
    shown = value.encode("ascii", "ignore") or b"-"
    helvetica = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    return pdf.make_stream(
        b"/Tx BMC q BT /Helv 11 Tf 2 5 Td (%s) Tj ET Q EMC" % shown,
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 332, 19]),
        Resources=Dictionary(Font=Dictionary(Helv=helvetica)),
    )


def _notes(mint: Mint) -> Made:
    written, stamped, commented, other = (mint() for _ in range(4))
    blank = _blank(written)
    letters = _fields(written)
    free: dict[str, object] = {"/Subtype": Name.FreeText}
    comment: dict[str, object] = {"/Subtype": Name.Text}
    popup: dict[str, object] = {"/Subtype": Name.Popup}
    away: dict[str, object] = {"/Subtype": Name.FreeText, "/F": _HIDDEN}
    words = f"認証キー：{other.auth_key}"
    return {
        "notes-written-over": (
            _with_notes(blank, [_Field(field.value, field.y, free) for field in letters]),
            read_as(written),
        ),
        "notes-stamp": (
            _with_notes(sheet(stamped), [_Field("受付 2026.6.3 契約課", 700, {"/Subtype": Name.Stamp})]),
            read_as(stamped),
        ),
        "notes-comments": (
            _with_notes(
                sheet(commented),
                [_Field(words, 380, comment), _Field(words, 360, popup), _Field(words, 340, away)],
            ),
            read_as(commented),
        ),
    }


def _with_notes(content: bytes, notes: Sequence[_Field]) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.pages[0].Annots = Array(
            [
                pdf.make_indirect(
                    Dictionary(
                        {
                            "/Type": Name.Annot,
                            "/Contents": String(note.value),
                            "/DA": _DA,
                            "/F": _PRINT,
                            "/Rect": Array([188, note.y - 5, 520, note.y + 14]),
                        }
                        | note.entries
                    )
                )
                for note in notes
            ]
        )
        return saved(pdf)


def _xfa() -> Made:
    """A form that only Adobe's program shows; others see its excuse."""
    excuse = text(72, 700, 12, "Please wait...") + text(
        72,
        680,
        10,
        "If this message is not eventually replaced by the proper contents of the document, your PDF viewer",
    )
    with pikepdf.open(io.BytesIO(changed(sheet(Mint(1)()), lambda _: excuse))) as pdf:
        template = pdf.make_stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><template/></xdp:xdp>")
        pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=template)
        pdf.Root.NeedsRendering = True
        return {"form-xfa": (saved(pdf), closed("no_text"))}
