"""Odd PDFs: `python tests/corpus/make/odd_pdfs.py` writes those of tests/corpus/papers that programs and people spoil.

Pages without text among others, pictures with somebody's text on them, forms, damage, passwords, fonts, turned pages. Only
its own papers are written. An expected.json may say more than what is read: `trouble`, `unread` (page: trouble), and for
layers that lie `drawn` and `layer`.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pikepdf
from drawn import draw_sheet
from notices import Mint, Sheet
from odd_fonts import Made, odd_fonts
from odd_forms import odd_forms
from odd_layers import odd_layers
from odd_pages import odd_pages

PAPERS = Path(__file__).resolve().parents[1] / "papers"
HALF = 2


def main() -> None:
    """Write all of them."""
    made = odd_fonts(Mint(71)) | odd_layers(Mint(72)) | odd_forms(Mint(73)) | odd_pages(Mint(74))
    made |= _damaged(Mint(75)) | _locked(Mint(76))
    for name, (content, expected) in made.items():
        (PAPERS / f"{name}.pdf").write_bytes(content)
        text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
        (PAPERS / f"{name}.expected.json").write_text(text, "utf-8")


def _damaged(mint: Mint) -> Made:
    """What transfers, gateways and mail programs do to a file."""
    notice, second = mint(), mint()
    whole = draw_sheet(Sheet((notice,), "gap", font="HeiseiMin-W3"))
    other = draw_sheet(Sheet((second,), "gap", font="HeiseiMin-W3"))
    embedded = draw_sheet(Sheet((notice,), "gap", font="IPAexMincho"))
    read = {"kind": "key_notice", "notices": [notice.expected()]}
    both = {"kind": "key_notice", "notices": [notice.expected(), second.expected()]}
    end = whole.index(b"xref")
    wrong_places = whole[:end] + whole[end:].replace(b"00000 n", b"00000 n").replace(b"\n0000000", b"\n0009999")
    closed = {"kind": "unreadable", "notices": []}
    return {
        "damaged-cut-tail": (whole[:end], read),
        "damaged-cut-within-trailer": (whole[: whole.index(b"trailer") + 12], read),
        "damaged-wrong-places": (wrong_places, read),
        "damaged-no-catalog-in-trailer": (whole.replace(b"/Root", b"/Rott"), closed | {"trouble": "damaged"}),
        "damaged-junk-before": (b"\r\n".join([b"--gateway--"] * 20) + b"\r\n" + whole, read),
        "damaged-junk-behind": (whole + b"\r\n" + b"\x00\xff-- \r\nscanned by gateway\r\n" * 200, read),
        "damaged-glued": (whole + b"\r\n" + other, both),
        "damaged-line-ends": (embedded.replace(b"\n", b"\r\n"), read),
        "damaged-line-ends-packed": (_packed(embedded).replace(b"\n", b"\r\n"), read),
        "damaged-content-lost": (
            _with_lost_content(whole),
            closed | {"trouble": "damaged", "unread": {"1": "damaged"}},
        ),
        "damaged-cut-in-half": (embedded[: len(embedded) // HALF], closed | {"trouble": "damaged"}),
    }


def _packed(content: bytes) -> bytes:
    """Pack everything, as new programs do."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(
            out,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=True,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        )
    return out.getvalue()


def _with_lost_content(content: bytes) -> bytes:
    """The page is there; what should be on it can't be unpacked."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.pages[0].Contents = pdf.make_stream(b"\x13\x37" * 400, Filter=pikepdf.Name.FlateDecode)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        return out.getvalue()


def _locked(mint: Mint) -> Made:
    """Papers that nobody may change but all may read, and papers that open with a password only."""
    ways = {
        "rc4-40": pikepdf.Encryption(owner="himitsu", user="", R=2, aes=False, metadata=False),
        "rc4-128": pikepdf.Encryption(owner="himitsu", user="", R=3, aes=False, metadata=False),
        "aes-128": pikepdf.Encryption(owner="himitsu", user="", R=4),
        "aes-256": pikepdf.Encryption(owner="himitsu", user="", R=6),
    }
    made: Made = {}
    for name, encryption in ways.items():
        notice = mint()
        content = draw_sheet(Sheet((notice,), "gap", font="HeiseiMin-W3"))
        made[f"owner-{name}"] = (_lock(content, encryption), {"kind": "key_notice", "notices": [notice.expected()]})
    for name, revision in (("rc4-128", 3), ("aes-256", 6)):
        encryption = pikepdf.Encryption(
            owner="oya", user="kagi-2026", R=revision, aes=revision > 3, metadata=revision > 3
        )
        content = draw_sheet(Sheet((mint(),), "gap", font="HeiseiMin-W3"))
        made[f"password-{name}"] = (
            _lock(content, encryption),
            {"kind": "unreadable", "notices": [], "trouble": "encrypted", "password": "kagi-2026"},
        )
    return made


def _lock(content: bytes, encryption: pikepdf.Encryption) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(out, encryption=encryption, static_id=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
