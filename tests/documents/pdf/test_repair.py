"""A copy without what a file says of its letters: no name that the file makes up hides a font or a layer from it."""

from __future__ import annotations

import io

import pikepdf
import pytest

from bot.documents.pdf.repair import without_claims

NAMES = ("/F1", "/P", "/A", "/B", "/Kids", "/Contents", "/Parent", "/Widths", "/Font", "/BaseFont")
"""What a file may call its fonts, forms, layers and states: among them words that have a meaning elsewhere."""


def saying(file: pikepdf.Pdf) -> pikepdf.Object:
    """A font that is not embedded, and says of its letters what it likes."""
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    font.ToUnicode = file.make_stream(b"x")
    return file.make_indirect(font)


def form(file: pikepdf.Pdf, name: str) -> pikepdf.Object:
    """A form that draws with it."""
    drawn = file.make_stream(b"BT (1) Tj ET")
    drawn.Subtype = pikepdf.Name.Form
    drawn.Resources = pikepdf.Dictionary({"/Font": pikepdf.Dictionary({name: saying(file)})})
    return drawn


def with_font(where: str, name: str) -> bytes:
    """A page on which such a font is at a place, under a name."""
    file = pikepdf.new()
    file.add_blank_page()
    page = file.pages[0].obj
    fonts = pikepdf.Dictionary({"/Font": pikepdf.Dictionary({name: saying(file)})})
    if where == "page":
        page.Resources = fonts
    elif where == "pages":
        if "/Resources" in page:
            del page.Resources
        file.Root.Pages.Resources = fonts
    elif where == "form":
        page.Resources = pikepdf.Dictionary({"/XObject": pikepdf.Dictionary({name: form(file, name)})})
    else:
        states = pikepdf.Dictionary({"/N": pikepdf.Dictionary({name: form(file, name)})})
        page.Annots = pikepdf.Array([pikepdf.Dictionary(Type=pikepdf.Name.Annot, AP=states)])
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", ["page", "pages", "form", "state"])
def test_a_font_is_bared_whatever_it_is_called(where: str, name: str) -> None:
    plain = without_claims(with_font(where, name), {1}, {"Helvetica"})
    assert plain is not None
    with pikepdf.open(io.BytesIO(plain.content)) as file:
        assert [one for one in file.objects if isinstance(one, pikepdf.Dictionary) and "/ToUnicode" in one] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_is_switched_on_whatever_it_is_called(name: str) -> None:
    file = pikepdf.new()
    file.add_blank_page()
    layer = file.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Usage=pikepdf.Dictionary()))
    file.pages[0].obj.Resources = pikepdf.Dictionary({"/Properties": pikepdf.Dictionary({name: layer})})
    out = io.BytesIO()
    file.save(out)
    plain = without_claims(out.getvalue(), {1}, set())
    assert plain is not None
    assert (plain.had_layers, b"/Usage" in plain.content) == (True, False)


def test_a_file_that_claims_nothing_has_no_copy() -> None:
    assert without_claims(with_font("page", "/F1"), {1}, {"Courier"}) is None
