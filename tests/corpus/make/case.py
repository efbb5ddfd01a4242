"""What a case of the mail corpus is, and the bench that mints its notices and its mail; used by every cases_*.py.

A case's notices, addresses and register rows come from its name alone, so a new case changes no other. Raises nothing.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mails
from drawn import draw_sheet, write_shift_jis
from mails import Letter, Part
from notices import PROJECTS, Mint, Notice, Sheet

KEPT = Path(tempfile.gettempdir()) / "hosho-corpus-made"
REGISTERED = ("number", "number", "number", "key", "absent")
SEEN_REGISTERED = ("key", "key", "number", "other_key", "absent")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True)
class Case:
    """A mail, and how its reading must end.

    `kind`: family/damage. `end`: read, person, asked or silent. `register`: what the register knows of the notices:
    number, key, other_key or absent. `by_image`: a key in it can be seen only; `seen`: of these numbers, all without any.
    """

    name: str
    kind: str
    end: str
    mail: bytes
    notices: tuple[Notice, ...] = ()
    producer: str = ""
    by_image: bool = False
    register: str = "number"
    note: str = ""
    seen: tuple[str, ...] = ()


class Bench:
    """The place where one case is made."""

    def __init__(self, name: str, *, by_image: bool = False, register: str = "") -> None:
        self.name = name
        self.seed = zlib.crc32(name.encode())
        self._mint = Mint(self.seed)
        self._turn = 0
        choice = SEEN_REGISTERED if by_image else REGISTERED
        self.register = register or choice[self.seed % len(choice)]

    def notice(self, project: str = "", contractor: str = "", product: str = "") -> Notice:
        """Make a notice whose work no other case has."""
        self._turn += 1
        made = self._mint("", contractor, product)
        works = str((self.seed + self._turn * 7919) % 9973 + 10).translate(WIDE)
        base = project or PROJECTS[(self.seed + self._turn) % len(PROJECTS)]
        return Notice(f"{base}（第{works}号）", made.contractor, made.product, made.number, made.auth_key)

    @property
    def address(self) -> str:
        """A sender of the case's own."""
        return f"koji@{self.name}.example.jp"

    def letter(self, subject: bytes | str = "電子保証の認証キーについて", **more: object) -> Letter:
        """The head of the case's mail; a str subject goes out as encoded words in UTF-8."""
        raw = mails.words(subject, "utf-8") if isinstance(subject, str) else subject
        known: dict[str, object] = {
            "sender": self.address.encode(),
            "subject": raw,
            "message_id": f"<{hashlib.sha256(self.name.encode()).hexdigest()[:20]}@mail.example.jp>".encode(),
        }
        return Letter(**(known | more))  # type: ignore[arg-type]

    def mail(self, part: Part, subject: bytes | str = "電子保証の認証キーについて", **more: object) -> bytes:
        """The case's mail with this body."""
        return mails.mail(self.letter(subject, **more), part)


def paper(*notices: Notice, **sheet: object) -> bytes:
    """A small notice PDF by reportlab, its font not embedded."""
    return draw_sheet(Sheet(notices, **({"font": "HeiseiMin-W3"} | sheet)))  # type: ignore[arg-type]


def rksj_paper(notice: Notice) -> bytes:
    """A small notice PDF by the bare Shift_JIS writer."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(work, "n.pdf")
        write_shift_jis(Sheet((notice,)), path)
        return path.read_bytes()


def typed(*notices: Notice) -> str:
    """Notices written into a mail's body."""
    return "\r\n".join(
        f"工事名：{n.project_name}\r\n受注者名：{n.contractor}\r\n商品（保証区分）：{n.product}\r\n"
        f"保証契約番号：{n.number}\r\n認証キー：{n.auth_key}\r\n"
        for n in notices
    )


def kept(key: object, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, kept from run to run (some programs are slow, and write another date each time)."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / hashlib.sha256(repr(key).encode()).hexdigest()
    if not path.exists():
        made = io.BytesIO(make()).getvalue()
        path.write_bytes(made)
    return path.read_bytes()
