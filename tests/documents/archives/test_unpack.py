"""Containers give exactly what was packed, or the reason; bombs, wrong passwords and damage give nothing that was not packed."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.notice.document import OpenFailure
from bot.documents.archives.limits import clean_name
from bot.documents.archives.rtf import rtf_text
from bot.documents.archives.unpack import BODY_NAME, Item, Unpacked, container_type, unpack
from tests.corpus.make import packed
from tests.corpus.make.packed import Entry, zip_of
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
FILES = {
    "認証キーのお知らせ.pdf": b"%PDF-1.4 " + bytes(range(256)) * 20,
    "予定表①.txt": "水辺橋架替工事\r\n".encode("cp932") * 30,
    "写真/ソ能表十.jpg": b"\xff\xd8\xff\xe0" + random.Random(7).randbytes(3000),
}
ITEMS = tuple(Item(name.rpartition("/")[2], content) for name, content in FILES.items())
PASSWORD = "水辺2026"
WRONG = ("password", "水辺2025")
NOISE = random.Random(1).randbytes(40_000)
ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "認証キー\r\n".encode() * 200

OPEN: dict[str, bytes] = {
    "zip of Windows": packed.windows_zip(FILES),
    "zip of a Mac": packed.mac_zip(FILES),
    "7z": packed.seven_zip(FILES),
    "winmail.dat": packed.winmail(FILES),
}
LOCKED: dict[str, bytes] = {
    "zip with the old encryption": packed.locked_zip(FILES, PASSWORD.encode("cp932")),
    "zip with AES": packed.locked_zip(FILES, PASSWORD.encode(), aes=True),
    "7z with a password": packed.seven_zip(FILES, PASSWORD),
    "7z whose names are hidden": packed.seven_zip(FILES, PASSWORD, hide_names=True),
}
EVERY = {**OPEN, **LOCKED, "signed": packed.opaque_signed(ENTITY, streamed=True), "gzip": packed.gzipped(NOISE)}
TYPES = {
    "zip": "application/zip",
    "7z": "application/x-7z-compressed",
    "win": "application/ms-tnef",
}


def names(found: Unpacked | OpenFailure) -> list[str]:
    assert isinstance(found, Unpacked)
    return [item.name for item in found.items]


# ---------------------------------------------------------------- what is packed honestly


@pytest.mark.parametrize("content", OPEN.values(), ids=OPEN.keys())
def test_all_files_come_out_as_they_were_packed_with_their_names(content: bytes) -> None:
    assert unpack(content) == Unpacked(ITEMS)
    assert unpack(content, WRONG) == Unpacked(ITEMS)


@pytest.mark.parametrize("content", LOCKED.values(), ids=LOCKED.keys())
def test_the_password_that_fits_is_found_among_others(content: bytes) -> None:
    assert unpack(content, (*WRONG, PASSWORD, "x")) == Unpacked(ITEMS)


@pytest.mark.parametrize("content", LOCKED.values(), ids=LOCKED.keys())
def test_without_the_password_nothing_comes_out(content: bytes) -> None:
    assert unpack(content) is OpenFailure.ENCRYPTED
    assert unpack(content, WRONG) is OpenFailure.ENCRYPTED
    assert unpack(content, ("",)) is OpenFailure.ENCRYPTED


@pytest.mark.parametrize(("name", "content"), [*OPEN.items(), *LOCKED.items()], ids=[*OPEN.keys(), *LOCKED.keys()])
def test_a_container_is_known_by_its_bytes(name: str, content: bytes) -> None:
    assert container_type(content) == TYPES[name[:3].strip()]


def test_a_password_typed_in_utf8_opens_as_well() -> None:
    assert unpack(packed.locked_zip(FILES, PASSWORD.encode()), (PASSWORD,)) == Unpacked(ITEMS)


def test_a_wrong_password_that_passes_the_old_encryptions_one_byte_gives_nothing() -> None:
    content = packed.locked_zip({"a.bin": NOISE[:300]}, b"right")
    stored = zip_of([packed._zip_crypto(Entry(b"a.bin", NOISE[:300], method=0), b"right")])
    for tried in range(0, 3000, 8):  # one in 256 passes
        passwords = [f"wrong{tried + n}" for n in range(8)]
        assert unpack(content, passwords) is OpenFailure.ENCRYPTED
        assert unpack(stored, passwords) is OpenFailure.ENCRYPTED


def test_what_needs_no_password_comes_out_beside_what_does() -> None:
    content = packed.half_locked_zip({"案内.txt": b"x"}, {"通知.pdf": b"y"}, b"pw")
    assert unpack(content) == Unpacked((Item("案内.txt", b"x"),), locked=("通知.pdf",))
    assert unpack(content, ("pw",)) == Unpacked((Item("案内.txt", b"x"), Item("通知.pdf", b"y")))


def test_a_zip_that_was_streamed_or_is_of_the_64_bit_kind_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive, archive.open("a.pdf", "w", force_zip64=True) as file:
        file.write(NOISE)
    assert unpack(out.getvalue()) == Unpacked((Item("a.pdf", NOISE),))


def test_an_empty_zip_is_empty() -> None:
    assert unpack(zip_of([])) == Unpacked(())


def test_blanks_before_and_anything_behind_a_zip_do_not_matter() -> None:
    entries = [Entry(b"a.pdf", NOISE)]
    assert unpack(zip_of(entries, before=b"\r\n\r\n")) == Unpacked((Item("a.pdf", NOISE),))
    assert unpack(zip_of(entries, behind=b"\r\n" + bytes(500))) == Unpacked((Item("a.pdf", NOISE),))


def test_a_gzip_has_its_name_from_its_header() -> None:
    assert unpack(packed.gzipped(NOISE, "予定表.pdf".encode("cp932"))) == Unpacked((Item("予定表.pdf", NOISE),))
    assert unpack(packed.gzipped(NOISE[:9]) + packed.gzipped(NOISE[9:])) == Unpacked((Item("", NOISE),))
    assert unpack(packed.gzipped(NOISE)[:-1]) is OpenFailure.DAMAGED


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (Entry("予定表.pdf".encode("cp932")), "予定表.pdf"),
        (Entry("予定表.pdf".encode()), "予定表.pdf"),
        (Entry("予定表.pdf".encode(), flags=0x800), "予定表.pdf"),
        (Entry("か\u3099き\u3099.pdf".encode()), "がぎ.pdf"),
        (Entry("書類\\表\\ソ.pdf".encode("cp932")), "ソ.pdf"),
        (Entry(b"../../etc/passwd"), "passwd"),
        (Entry("\u202efdp.exe".encode()), "fdp.exe"),
        (Entry(b"a\x00b\x1b[31m.pdf"), "ab[31m.pdf"),
        (Entry(b"x" * 300 + b".pdf"), "x" * 96 + ".pdf"),
        (Entry(b"..", b"x"), ""),
        (Entry(b"a\x81\xff.pdf", b"x"), "a\ufffd\uf8f3.pdf"),
    ],
)
def test_a_name_is_shown_as_its_sender_saw_it_without_folders_or_tricks(entry: Entry, name: str) -> None:
    assert names(unpack(zip_of([entry]))) == [name]


def test_a_unicode_path_field_that_belongs_to_the_name_is_believed() -> None:
    def extra(of: bytes) -> bytes:
        body = b"\x01" + zlib.crc32(of).to_bytes(4, "little") + "通知.pdf".encode()
        return b"\x75\x70" + len(body).to_bytes(2, "little") + body

    assert names(unpack(zip_of([Entry(b"__.pdf", extra=extra(b"__.pdf"))]))) == ["通知.pdf"]
    assert names(unpack(zip_of([Entry(b"__.pdf", extra=extra(b"other"))]))) == ["__.pdf"]


@given(st.text())
def test_no_cleaned_name_is_long_or_has_a_folder(name: str) -> None:
    shown = clean_name(name)
    assert len(shown) <= 100
    assert not {"/", "\\", "\n", "\u202e"} & set(shown)


def test_system_files_and_folders_are_left_away_but_nothing_else() -> None:
    entries = [
        Entry(b"folder/", method=0),
        Entry(b"folder/Thumbs.db", b"x"),
        Entry(b"desktop.ini", b"x"),
        Entry(b"__MACOSX/notice.pdf", b"real"),
        Entry(b"odd/", b"a file that looks like a folder"),
    ]
    assert names(unpack(zip_of(entries))) == ["notice.pdf", "odd"]


# ---------------------------------------------------------------- what is no container, or none of ours


def test_office_papers_pdfs_and_texts_are_no_containers() -> None:
    docx, odt = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(docx, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    with zipfile.ZipFile(odt, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    pdf = next((ROOT / "tests" / "corpus" / "papers").glob("*.pdf")).read_bytes()
    for content in (docx.getvalue(), odt.getvalue(), pdf, b"", b"P", b"text", packed.detached_signature(), ENTITY):
        assert container_type(content) == ""
        assert unpack(content) is OpenFailure.UNKNOWN_FORMAT
    within = zip_of([Entry("書類.docx".encode("cp932"), docx.getvalue(), method=0)])
    assert names(unpack(within)) == ["書類.docx"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"Rar!\x1a\x07\x01\x00" + NOISE[:50], "application/vnd.rar"),
        (b"MSCF" + NOISE[:50], "application/vnd.ms-cab-compressed"),
        (b"\x1a\x00-lh5-" + NOISE[:50], "application/x-lha"),
        (bytes(257) + b"ustar\x00" + bytes(250), "application/x-tar"),
        (b"\xfd7zXZ\x00" + NOISE[:50], "application/x-xz"),
    ],
)
def test_packings_that_we_know_but_do_not_open_are_told(content: bytes, media_type: str) -> None:
    assert container_type(content) == media_type
    assert unpack(content) is OpenFailure.ARCHIVE


def test_a_member_packed_in_an_unknown_way_is_named_beside_the_others() -> None:
    content = zip_of([Entry(b"a.pdf", NOISE), Entry(b"b.pdf", NOISE, method=9)])
    assert unpack(content) == Unpacked((Item("a.pdf", NOISE),), left_out=("b.pdf",))
    assert unpack(zip_of([Entry(b"b.pdf", NOISE, method=9)])) is OpenFailure.ARCHIVE
    ppmd = packed.seven_zip_by_hand("a", [b"\x23\x03\x04\x01\x05\x06\x00\x00\x10\x00"], b"x", 1)
    assert unpack(ppmd) is OpenFailure.ARCHIVE


# ---------------------------------------------------------------- winmail.dat


def test_a_winmail_gives_the_messages_text_and_its_files() -> None:
    found = unpack(packed.winmail(FILES, "髙橋です。①\r\n"))
    assert found == Unpacked((Item(BODY_NAME, "髙橋です。①\r\n".encode()), *ITEMS))
    found = unpack(packed.winmail({}, html="<p>認証<b>キー</b></p><p>です</p>"))
    assert isinstance(found, Unpacked)
    assert found.items[0].content.decode().split() == ["認証キー", "です"]


def test_a_winmails_rich_text_is_read_whatever_code_page_its_letters_have() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fnil\fcharset128 MS Mincho;}}"
        rb"\f1 \'94\'46\'8f\'d8\'83\'4c\'81\'5b\f0\par\uc1 abc-\u30027?\u12288?\{1\}\par{\*\htmltag64 <p>}{\pict 00ff}end}"
    )
    found = unpack(packed.winmail({}, rtf=rtf))
    assert isinstance(found, Unpacked)
    assert found.items == (Item(BODY_NAME, "認証キー\nabc-畋\u3000{1}\nend".encode()),)


def test_a_compressed_rich_text_is_unpacked() -> None:
    compressed = bytes.fromhex(  # the example of MS-OXRTFCP 4.1.1
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf_text(compressed) == "hello world"
    assert rtf_text(compressed[:30]) is None
    assert rtf_text(b"") is None


def test_a_winmail_that_was_changed_is_damaged() -> None:
    content = packed.winmail(FILES, "本文")
    assert unpack(content[:-20]) is OpenFailure.DAMAGED
    place = content.index(FILES["写真/ソ能表十.jpg"]) + 5
    assert unpack(content[:place] + bytes((content[place] ^ 1,)) + content[place + 1 :]) is OpenFailure.DAMAGED


# ---------------------------------------------------------------- signed


def test_an_opaque_signed_mail_gives_the_mail_that_was_signed() -> None:
    for streamed in (False, True):
        content = packed.opaque_signed(ENTITY, streamed=streamed)
        assert container_type(content) == "application/pkcs7-mime"
        assert unpack(content) == Unpacked((Item("", ENTITY),))
    assert container_type(packed.enveloped()) == "application/pkcs7-mime"
    assert unpack(packed.enveloped()) is OpenFailure.ENCRYPTED


@pytest.mark.process
def test_what_openssl_signs_and_seals_is_told_apart(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("no openssl")

    def openssl(*arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            ["openssl", *arguments],
            input=given,
            check=True,
            capture_output=True,
            cwd=tmp_path,
            timeout=PATIENCE_SECONDS,
        ).stdout

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-subj", "/CN=example"
    )
    sign = ("cms", "-sign", "-binary", "-signer", "c.pem", "-inkey", "k.pem")
    for form in ("DER", "PEM"):
        for streaming in ("-stream", "-nodetach"):
            content = openssl(*sign, "-nodetach", "-outform", form, streaming, given=ENTITY)
            assert unpack(content) == Unpacked((Item("", ENTITY),))
        assert container_type(openssl(*sign, "-outform", form, given=ENTITY)) == ""
        sealed = openssl("cms", "-encrypt", "-aes256", "-outform", form, "c.pem", given=ENTITY)
        assert unpack(sealed) is OpenFailure.ENCRYPTED


def test_pgp_signed_text_is_read_and_pgp_encrypted_text_is_locked() -> None:
    text = "お世話になっております。\n- 認証キーは別便です。\n"
    assert unpack(packed.pgp_signed(text).encode()) == Unpacked((Item("", (text + "\n").encode()),))
    assert unpack(b"-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n") is OpenFailure.ENCRYPTED
