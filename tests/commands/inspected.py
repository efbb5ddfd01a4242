"""Mails as Japanese senders' programs make them, with papers of the corpus, for the tests of `inspect`."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.commands.inspect import as_row, inspector
from bot.config.settings import Config
from tests import warm
from tests.in_process_reader import InProcessReader

ROOT = Path(__file__).parents[2]
PAPERS = ROOT / "tests" / "corpus" / "papers"
SENDER = "koji@kensetsu.example.jp"
HELLO = "お世話になっております。認証キーのお知らせをお送りします。"

Part = tuple[str, bytes]  # its header lines, its content as sent


def pdf(name: str) -> bytes:
    """A paper of the corpus."""
    return (PAPERS / f"{name}.pdf").read_bytes()


def said(name: str, place: int = 0) -> dict[str, Any]:
    """What a notice of the corpus says."""
    notices: list[dict[str, Any]] = json.loads((PAPERS / f"{name}.expected.json").read_text())["notices"]
    return notices[place]


def attached(
    content: bytes,
    disposition: str | None = 'attachment; filename="n.pdf"',
    media_type: str = "application/pdf",
) -> Part:
    """A file in base64; `disposition` None = no such header."""
    head = f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64"
    return (head + (f"\r\nContent-Disposition: {disposition}" if disposition else ""), base64.encodebytes(content))


def paper(name: str, *more: Any) -> Part:
    """A paper of the corpus as an attachment."""
    return attached(pdf(name), *more)


def text(words: str = HELLO, charset: str = "utf-8", codec: str = "", subtype: str = "plain") -> Part:
    """A text part; `codec`: Python's name where the label is another one."""
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: 8bit"
    return head, words.encode(codec or charset)


def many(*parts: Part, subtype: str = "mixed") -> Part:
    """A multipart of the parts; every one has a boundary of its own."""
    boundary = f"=_{subtype}_{hashlib.sha256(repr(parts).encode()).hexdigest()[:20]}"
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"', body + f"--{boundary}--\r\n".encode()


def mail(part: Part, headers: str = "", subject: str = "認証キー", sender: str | None = SENDER) -> bytes:
    """A whole mail, its subject raw UTF-8."""
    head, body = part
    lines = [f"From: {sender}"] if sender else []
    lines += ["To: hosho@city.example.jp", f"Subject: {subject}", "MIME-Version: 1.0", *headers.splitlines(), head]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Run:
    """What a call gave: its exit code, its standard error, and for each mail's file name its object."""

    code: int
    errors: str
    rows: dict[str, dict[str, Any]]
    lines: list[str]


def inspect(folder: Path, *arguments: str | Path, before: Sequence[str] = ()) -> Run:
    """Call `inspect --json` in an empty working directory with an empty temp folder; both must be empty afterwards.

    `before`: words before the command, such as nice(1).
    """
    for name in ("cwd", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}
    words = ["inspect", "--json", *map(str, arguments)]
    if before:
        program = [*before, sys.executable, "-m", "bot", *words]
        done = subprocess.run(program, cwd=folder / "cwd", env=environment, capture_output=True, text=True, check=False)
    else:
        done = warm.call(words, folder=folder / "cwd", env=environment)
    left = [*(folder / "cwd").iterdir(), *(folder / "tmp").iterdir()]
    assert left == []
    lines = done.stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    return Run(done.returncode, done.stderr, {Path(row["file"]).stem: row for row in rows}, lines)


async def inspect_here(
    mails: Iterable[Path], config: Config, register: Path | None = None, *, reveal_keys: bool = False
) -> dict[str, dict[str, Any]]:
    """What `inspect` says of each mail, by its file's name, read in this process: of pictures it sees nothing."""
    async with inspector(config, register, InProcessReader()) as office:
        return {
            file.stem: as_row(file, await office.see(file.read_bytes(), None, ()), reveal_keys=reveal_keys)
            for file in mails
        }


def write(folder: Path, mails: Mapping[str, bytes]) -> Path:
    """A folder of mails."""
    folder.mkdir(parents=True)
    for name, content in mails.items():
        (folder / f"{name}.eml").write_bytes(content)
    return folder


PRODUCTS = {"advance_payment": "前払金保証", "interim_payment": "中間前払金保証", "contract": "契約保証"}
TITLES = ("保証契約番号", "商品（保証区分）", "工事名", "受注者名", "JV名", "認証キー", "メールアドレス")


def register_row(notice: Mapping[str, Any], **changes: str) -> list[str]:
    """A row of the register for a notice, without its key; `changes` by the titles' places: number, email, …"""
    row = {
        "number": notice["number"],
        "product": PRODUCTS[notice["product"]],
        "project_name": notice["project_name"],
        "contractor": notice["contractor"],
        "jv_name": "",
        "auth_key": "",
        "email": "",
    } | changes
    return list(row.values())


def csv(rows: Sequence[Sequence[str]]) -> str:
    """A register file's text."""
    return "".join(",".join(row) + "\r\n" for row in (TITLES, *rows))
