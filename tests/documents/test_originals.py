"""The papers of a mail as they came: which of them a clerk gets, and why not the others."""

from __future__ import annotations

import pytest

from bot.core.policy.policy import Formats
from bot.core.records.paper import KeptBack
from bot.documents.originals import papers_in
from tests.commands.inspected import attached, mail, many, text
from tests.corpus.make.packed import locked_zip, seven_zip, windows_zip

PDF = b"%PDF-1.7 a notice"
SCAN = b"II*\x00 a scan"
EXE = b"MZ\x90\x00 a program"
PAGE = b"<html><script>location='//evil.example'</script></html>"
BIG = b"%PDF-1.7 " + bytes(3000)
LIMIT = 2000


def file(content: bytes, name: str, media_type: str = "application/octet-stream"):
    return attached(content, f'attachment; filename="{name}"', media_type)


def within(*parts) -> tuple[str, bytes]:
    return "Content-Type: message/rfc822", mail(many(text(), *parts))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([file(PDF, "a.pdf"), file(SCAN, "b.tif")], [("a.pdf", "application/pdf", None), ("b.tif", "image/tiff", None)]),
        ([file(PDF, "a.exe")], [("a.exe", "application/pdf", None)]),  # by its own marks, never by its name
        ([file(EXE, "a.pdf", "application/pdf")], [("a.pdf", "", KeptBack.NO_PAPER)]),
        ([file(PAGE, "a.html", "text/html")], [("a.html", "", KeptBack.NO_PAPER)]),
        ([file(BIG, "a.pdf"), file(PDF, "b.pdf")], [("a.pdf", "application/pdf", KeptBack.TOO_LARGE), ("b.pdf", "application/pdf", None)]),
        ([file(windows_zip({"n.pdf": PDF, "x.exe": EXE}), "a.zip")], [("a.zip/n.pdf", "application/pdf", None), ("a.zip/x.exe", "", KeptBack.NO_PAPER)]),
        ([file(windows_zip({"b.zip": windows_zip({"n.pdf": PDF})}), "a.zip")], [("a.zip/b.zip/n.pdf", "application/pdf", None)]),
        ([file(locked_zip({"n.pdf": PDF}, b"1234"), "a.zip")], [("a.zip", "", KeptBack.LOCKED)]),
        ([file(seven_zip({"n.pdf": PDF}, "1234", hide_names=True), "a.7z")], [("a.7z", "", KeptBack.LOCKED)]),
        ([within(file(PDF, "a.pdf"))], [("a.pdf", "application/pdf", None)]),
        ([within(within(file(PDF, "a.pdf")))], [("a.pdf", "application/pdf", None)]),
        ([file(PDF, "theirs.pdf"), file(PDF, "a.pdf")], [("theirs.pdf", "application/pdf", KeptBack.OTHER_DESK), ("a.pdf", "application/pdf", None)]),
        ([file(PDF, "認証キー：aB3dEf6hIj9k.pdf")], [("認証キー：＊＊＊＊＊＊.pdf", "application/pdf", None)]),
        ([file(PDF, "both.pdf")], [("both.pdf", "application/pdf", None)]),
        ([file(PDF, "both.pdf"), file(PDF, "both.pdf")], [("both.pdf", "application/pdf", KeptBack.UNSURE)] * 2),
        ([], []),
    ],
)  # fmt: skip
def test_pdfs_and_pictures_go_along_and_the_rest_is_named(parts, expected):
    handed = papers_in(mail(many(text(), *parts)), LIMIT, {"theirs.pdf"}, {"both.pdf"}, Formats())
    assert [(one.name, one.media_type, one.kept_back) for one, _ in handed] == expected
    for paper, held in handed:
        assert held == (b"" if paper.kept_back else SCAN if paper.media_type == "image/tiff" else PDF)


def test_all_that_goes_along_stays_within_the_limit():
    files = [file(PDF + bytes(900), f"{number}.pdf") for number in range(4)]
    handed = papers_in(mail(many(text(), *files)), LIMIT, (), (), Formats())
    assert [one.kept_back for one, _ in handed] == [None, None, KeptBack.TOO_LARGE, KeptBack.TOO_LARGE]
    assert sum(len(held) for _, held in handed) <= LIMIT


def test_of_a_flood_of_files_some_go_along_and_one_line_tells_of_the_rest():
    handed = papers_in(mail(many(text(), *[file(PDF, f"{n}.pdf") for n in range(80)])), 10**6, (), (), Formats())
    assert (len(handed), handed[-1][0].kept_back) == (61, KeptBack.TOO_MANY)
