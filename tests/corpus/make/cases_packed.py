"""Cases: archives, protected files, winmail.dat, signed mails; all with a good notice inside."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path

import mails
import py7zr
import pyzipper
from case import Bench, Case, kept, paper, rksj_paper, typed
from drawn import draw_sheet
from mails import HELLO, Part, file, many
from notices import Notice, Sheet

PDF_NAME = "電子保証にかかる「認証キー」のお知らせ.pdf"
PASSWORD = "Kensetsu2026"  # the password of test archives
DATE = (2026, 6, 3, 10, 0, 0)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _zips()
    yield from _protected()
    yield from _other_archives()
    yield from _winmail()
    yield from _signed()


def zipped(files: list[tuple[bytes, bytes]], *, stored: bool = False, utf8: bool = False) -> bytes:
    """A zip written by hand: names as raw bytes, with or without the flag that says UTF-8."""
    out, central = bytearray(), bytearray()
    for name, content in files:
        packed = content if stored else zlib.compress(content, 9)[2:-4]
        head = struct.pack("<HHHHHIIIHH", 20, 0x800 if utf8 else 0, 0 if stored else 8, 0x5000, 0x5CC3,
                           zlib.crc32(content), len(packed), len(content), len(name), 0)  # fmt: skip
        place = len(out)
        out += b"PK\x03\x04" + head + name + packed
        central += b"PK\x01\x02\x14\x00" + head + struct.pack("<HHHII", 0, 0, 0, 0x20, place) + name
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(central), len(out), 0)
    return bytes(out + central + b"PK\x05\x06" + end)


def locked_zip(content: bytes, name: str, password: str, *, aes: bool) -> bytes:
    """A zip with a password: the old cipher (by 7-Zip), or AES."""
    if aes:
        out = io.BytesIO()
        with pyzipper.AESZipFile(out, "w", pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(password.encode())
            archive.writestr(name, content)
        return out.getvalue()
    with tempfile.TemporaryDirectory() as work:
        Path(work, "n.pdf").write_bytes(content)
        _ran(["zip", "-q", "-P", password, "n.zip", "n.pdf"], work)
        return Path(work, "n.zip").read_bytes()


def seven(files: list[tuple[str, bytes]], password: str = "") -> bytes:
    """A 7z archive."""
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password or None) as archive:
        for name, content in files:
            archive.writestr(content, name)
    return out.getvalue()


def _ran(command: list[str], folder: str, given: bytes = b"") -> bytes:
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is needed to make these mails; the committed ones need nothing")
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, input=given, timeout=120).stdout


def _sent(bench: Bench, archive: bytes, name: str, words: str = HELLO, media_type: str = "application/zip") -> bytes:
    shown = mails.word(name, "iso-2022-jp", "jis")
    return bench.mail(many(mails.text(words), file(archive, shown, media_type)), "認証キーの送付")


def _zips() -> Iterator[Case]:
    kind = "packed/zip"
    raw = {
        "cp932": (PDF_NAME.encode("cp932"), False),
        "utf8-flag": (PDF_NAME.encode(), True),
        "utf8-no-flag": (PDF_NAME.encode(), False),
        "nfd": (unicodedata.normalize("NFD", "プロジェクト「認証キー」.pdf").encode(), True),
        "folder": ("工事書類/前払/".encode("cp932") + PDF_NAME.encode("cp932"), False),
        "backslash": (b"docs\\notice.pdf", False),
        "no-suffix": (b"notice", False),
    }
    for turn, (name, (inside, utf8)) in enumerate(raw.items()):
        bench = Bench(f"zip-{name}")
        one = bench.notice()
        archive = zipped([(inside, (paper, rksj_paper)[turn % 2](one))], stored=bool(turn % 2), utf8=utf8)
        yield Case(bench.name, kind, "read", _sent(bench, archive, "書類.zip"), (one,), register=bench.register)
    for name in ("in-zip", "three", "with-claim", "as-octets", "with-mac-junk", "nested-twice", "eml-inside"):
        bench = Bench(f"zip-{name}")
        found, archive, end = _special(bench, name)
        media_type = "application/octet-stream" if name == "as-octets" else "application/x-zip-compressed"
        mail = _sent(bench, archive, "data.bin" if name == "as-octets" else "書類.zip", media_type=media_type)
        yield Case(bench.name, kind, end, mail, found, register=bench.register)


def _special(bench: Bench, name: str) -> tuple[tuple[Notice, ...], bytes, str]:
    one = bench.notice()
    inside = (b"notice.pdf", paper(one))
    end = "read"
    found: tuple[Notice, ...] = (one,)
    match name:
        case "in-zip":
            archive = zipped([(b"inner.zip", zipped([inside]))])
        case "nested-twice":
            archive, end = zipped([(b"a.zip", zipped([(b"b.zip", zipped([inside]))]))]), "person"
        case "three":
            found = (one, bench.notice(), bench.notice())
            archive = zipped([(b"%d.pdf" % number, paper(each)) for number, each in enumerate(found)])
        case "with-claim":
            claim = (Path(__file__).resolve().parents[1] / "papers" / "claim-drawn.pdf").read_bytes()
            archive = zipped([("前払金請求書.pdf".encode("cp932"), claim), inside])
        case "with-mac-junk":
            archive = zipped(
                [inside, (b"__MACOSX/._notice.pdf", b"\x00\x05\x16\x07" + b"\0" * 78), (b".DS_Store", b"\0" * 64)]
            )
        case "eml-inside":
            archive = zipped([(b"mail.eml", bench.mail(many(mails.text(), file(inside[1])), "認証キー"))])
        case _:
            archive = zipped([inside])
    return found, archive, end


_SAID = "お世話になっております。添付ファイルのパスワードは下記のとおりです。\r\n\r\nパスワード：{}\r\n\r\nよろしくお願いいたします。\r\n"


def _protected() -> Iterator[Case]:
    kind = "packed/protected"
    for name in ("zip-old", "zip-aes", "7z", "pdf"):
        bench = Bench(f"password-{name}")
        one = bench.notice()
        content = paper(one)
        said = name in {"zip-old", "zip-aes", "pdf", "7z"}

        def made(name: str = name, content: bytes = content, one: Notice = one) -> bytes:
            if name == "7z":
                return seven([("notice.pdf", content)], PASSWORD)
            if name == "pdf":
                return draw_sheet(Sheet((one,), font="HeiseiMin-W3"), password=PASSWORD)
            return locked_zip(content, "notice.pdf", PASSWORD, aes=name == "zip-aes")

        archive = kept((name, one), made)
        shown = {"7z": "書類.7z", "pdf": PDF_NAME}.get(name, "書類.zip")
        media_type = "application/pdf" if name == "pdf" else "application/octet-stream"
        for place in ("said", "unsaid"):
            words = _SAID.format(PASSWORD) if place == "said" else HELLO
            each = Bench(f"{bench.name}-{place}", register=bench.register)
            end = "read" if said and place == "said" else "asked"
            mail = _sent(each, archive, shown, words, media_type)
            yield Case(each.name, kind, end, mail, (one,), register=each.register, note=f"password {place}")


def _other_archives() -> Iterator[Case]:
    kind = "packed/other archive"
    for name in ("7z", "7z-three"):
        bench = Bench(f"archive-{name}")
        found = tuple(bench.notice() for _ in range(3 if "three" in name else 1))
        archive = kept(found, lambda found=found: seven([(f"{i}.pdf", paper(n)) for i, n in enumerate(found)]))  # type: ignore[misc]
        mail = _sent(bench, archive, "書類.7z", media_type="application/x-7z-compressed")
        yield Case(bench.name, kind, "read", mail, found, register=bench.register)
    heads = {"rar": b"Rar!\x1a\x07\x01\x00" + b"\x33\x92\xb5\xe5" * 300, "lzh": b"\x24\x7e-lh5-" + b"\x90\x12" * 700,
             "cab": b"MSCF\0\0\0\0" + b"\x11" * 900}  # fmt: skip
    for name, content in heads.items():
        bench = Bench(f"archive-{name}")
        mail = _sent(bench, content, f"書類.{name}", media_type="application/octet-stream")
        note = "only its beginning is real: no notice can be found, the sender is to send the PDF itself"
        yield Case(bench.name, kind, "asked", mail, register="absent", note=note)


def _tnef(files: list[tuple[str, bytes]]) -> bytes:
    """winmail.dat as Exchange makes it for rich text: attAttachTitle, attAttachData."""

    def attribute(level: int, number: int, value: bytes) -> bytes:
        return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)

    out = struct.pack("<IH", 0x223E9F78, 1)
    out += attribute(1, 0x00089006, struct.pack("<I", 0x00010000)) + attribute(
        1, 0x00069007, struct.pack("<II", 932, 0)
    )
    out += attribute(1, 0x00078008, b"IPM.Microsoft Mail.Note\0")
    for name, content in files:
        out += attribute(2, 0x00069002, struct.pack("<HIIIH", 1, 0xFFFFFFFF, 0, 0, 0)[:14])
        out += attribute(2, 0x00018010, name.encode("cp932") + b"\0") + attribute(2, 0x0006800F, content)
    return out


def _winmail() -> Iterator[Case]:
    kind = "packed/winmail.dat"
    for name, count in (("one", 1), ("two", 2)):
        bench = Bench(f"winmail-{name}")
        found = tuple(bench.notice() for _ in range(count))
        content = _tnef([(f"{i}「認証キー」.pdf", paper(n)) for i, n in enumerate(found)])
        mail = bench.mail(many(mails.text(), file(content, "winmail.dat", "application/ms-tnef")))
        yield Case(bench.name, kind, "read", mail, found, register=bench.register)
    bench = Bench("winmail-octets")
    one = bench.notice()
    mail = bench.mail(
        many(mails.text(), file(_tnef([("n.pdf", rksj_paper(one))]), "ATT00001.dat", "application/octet-stream"))
    )
    yield Case(bench.name, kind, "read", mail, (one,), register=bench.register)


def _entity(part: Part) -> bytes:
    return part.head + b"\r\n\r\n" + part.content


def _signed() -> Iterator[Case]:
    kind = "packed/signed"
    for name in ("detached", "opaque", "opaque-x", "pgp-mime", "pgp-clear", "smime-encrypted", "pgp-encrypted"):
        bench = Bench(f"signed-{name}")
        one = bench.notice()
        inner = many(mails.text(), file(paper(one)))
        part = kept((name, one), lambda name=name, inner=inner: _entity(_sealed(name, inner, one)))  # type: ignore[misc] # noqa: B023
        head, _, content = part.partition(b"\r\n\r\n")
        end = "asked" if name.endswith("encrypted") else "read"
        mail = bench.mail(Part(head, content), "認証キーの送付")
        yield Case(bench.name, kind, end, mail, (one,), register=bench.register)


def _sealed(name: str, inner: Part, one: Notice) -> Part:
    match name:
        case "detached":
            signature = file(
                _smime(_entity(inner), "-sign", "-outform", "DER"), "smime.p7s", "application/pkcs7-signature"
            )
            parameters = b'; protocol="application/pkcs7-signature"; micalg=sha-256'
            return many(inner, signature, subtype="signed", parameters=parameters)
        case "opaque" | "opaque-x":
            whole = _smime(_entity(inner), "-sign", "-nodetach", "-outform", "DER")
            prefix = "x-" if name == "opaque-x" else ""
            return file(whole, "smime.p7m", f"application/{prefix}pkcs7-mime; smime-type=signed-data")
        case "smime-encrypted":
            whole = _smime(_entity(inner), "-encrypt", "-aes256", "-outform", "DER")
            return file(whole, "smime.p7m", "application/pkcs7-mime; smime-type=enveloped-data")
        case "pgp-mime":
            signature = Part(b'Content-Type: application/pgp-signature; name="signature.asc"', _ARMOUR)
            parameters = b'; protocol="application/pgp-signature"; micalg=pgp-sha256'
            return many(inner, signature, subtype="signed", parameters=parameters)
        case "pgp-encrypted":
            control = Part(b"Content-Type: application/pgp-encrypted", b"Version: 1\r\n")
            data = Part(
                b'Content-Type: application/octet-stream; name="encrypted.asc"',
                _ARMOUR.replace(b"SIGNATURE", b"MESSAGE"),
            )
            return many(control, data, subtype="encrypted", parameters=b'; protocol="application/pgp-encrypted"')
        case _:
            words = f"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n{HELLO}{typed(one)}"
            return mails.text(words + _ARMOUR.decode())


_ARMOUR = b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEEq3H5c0Rk0m5oX2VwZ3RlYXRlc3Q=\r\n=Ab1d\r\n-----END PGP SIGNATURE-----\r\n"


def _smime(entity: bytes, *how: str) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        subject = "/C=JP/O=Mihon Kensetsu/CN=koji@kensetsu.example.jp"
        _ran(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-days", "3650",
              "-subj", subject], work)  # fmt: skip
        Path(work, "m").write_bytes(entity)
        signer = ["-signer", "c.pem", "-inkey", "k.pem"] if "-sign" in how else []
        recipient = [] if "-sign" in how else ["c.pem"]
        _ran(["openssl", "cms", *how, "-binary", "-in", "m", "-out", "o", *signer, *recipient], work)
        return Path(work, "o").read_bytes()
