"""`demo`: the main job on a folder of its own: a daemon is started, mails go in by SMTP, and what comes out is shown.

Nothing can leave: outgoing mail is written into a Maildir. Everything shown was made by the daemon as `serve` runs it, in a
process of its own, from the sample register and papers in bot/commands/sample. Exit code 1 when something did not come out.
"""

from __future__ import annotations

import asyncio
import io
import mailbox
import os
import shutil
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.utils import format_datetime
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from time import monotonic, sleep

import click
from rich.console import Console
from rich.panel import Panel
from rich.table import Column, Table

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_FAILED
from bot.commands.shared.language import command, option
from bot.config.settings import Config, load
from bot.core.mail.parse import parse_mail
from bot.core.records.envelope import digest
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Addressee, OutboxRow, OutboxState
from bot.core.text.dates import JAPAN
from bot.loading import loading
from storage.store import KeyFile, Store

_MARK = ".hosho-bot-demo"  # only a folder that we made is ever cleared
_INBOX = "hosho@city.example.jp"
_CLERKS = ("keiyaku@city.example.jp", "doboku@city.example.jp")
_PATIENCE_SECONDS = 60.0

_CONFIG = """# 体験用の設定（demo が作成）。送信メールはフォルダに書かれるだけで、外へは出ません。
[office]
city = "見本市"
department = "総務部 契約課"
phone = "000-000-0000"
email = "keiyaku@city.example.jp"
hours = "平日 8時30分～17時15分"

[mail]
inboxes = ["{inbox}"]

[storage]
folder = "."

[smtp]
enabled = true
port = {port}

[issued]
enabled = true

[replies]
delay_seconds = 0

[log]
level = "warning"

[[desks]]
name = "契約課"
address = "{clerks[0]}"
products = ["contract", "other"]

[[desks]]
name = "道路課"
address = "{clerks[1]}"
products = ["advance_payment", "interim_payment"]
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail of the demo: who sends what. `papers`: files of the sample folder."""

    title: str
    sender: str
    subject: str
    body: str
    papers: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


_HELLO = "お世話になっております。\n電子保証の認証キーのお知らせを添付いたします。\nよろしくお願いいたします。\n"
SAMPLES = (
    Sample(
        "番号が台帳にあるお知らせ",
        "tanto@aobadai.example.jp",
        "【電子保証】市道０１０５号線舗装補修工事",
        _HELLO,
        ("notice.pdf",),
    ),
    Sample(
        "番号のない台帳の行に合うJVのお知らせ",
        "jv@aobadai.example.jp",
        "認証キーのお知らせの送付",
        _HELLO,
        ("notice-jv.pdf",),
    ),
    Sample(
        "2件のお知らせ（1件はキーが台帳と相違）",
        "jimu@takanashi.example.jp",
        "電子保証2件",
        _HELLO,
        ("two-notices.pdf",),
    ),
    Sample("同じお知らせの再送", "tanto@aobadai.example.jp", "再送：認証キーのお知らせ", _HELLO, ("notice.pdf",)),
    Sample("台帳にない番号のお知らせ", "info@minori.example.jp", "認証キーのお知らせ", _HELLO, ("notice-unknown.pdf",)),
    Sample("お知らせではなく保証書のPDF", "eigyo@tsubame.example.jp", "電子保証の送付", _HELLO, ("certificate.pdf",)),
    Sample("質問のメール", "soumu@reiji.example.jp", "お尋ね", "前払金の請求書はどちらの課に送ればよいでしょうか。\n"),
    Sample(
        "不在の自動返信",
        "yasumi@reiji.example.jp",
        "自動返信: 不在にしております",
        "休暇中です。\n",
        (),
        (("Auto-Submitted", "auto-replied"),),
    ),
)


@command()
@option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="demo",
    show_default=True,
    ja="作業用のフォルダ。",
    en="Where it all lies.",
)
@option(
    "--brief",
    is_flag=True,
    ja="メールの本文を示さず、表だけにします。",
    en="Do not print the letters, only the tables.",
)
def demo(folder: Path, *, brief: bool) -> None:
    """Start a daemon, send it the samples, and print what came out."""
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 110)
    folder = folder.absolute()
    config = _prepare(folder)
    console.rule("1. 受付の仕組み（デーモン）を起動します")
    with _daemon(folder, config) as ready_seconds:
        console.print(f"SMTP 127.0.0.1:{config.smtp.port} で待ち受けています（起動 {ready_seconds:.1f}秒）")
        console.rule("2. 台帳を取り込みます（CSV）")
        console.print(_run(folder, "register", "import", str(folder / "register.csv")))
        console.rule("3. 受注者のメールをSMTPで送ります")
        digests = {_send(config, sample, number): sample for number, sample in enumerate(SAMPLES, 1)}
        for sample in SAMPLES:
            console.print(f"  → {sample.sender}「{sample.subject}」{'・'.join(sample.papers)}")
        asyncio.run(_until_done(config, expected=len(SAMPLES)))
        console.rule("4. 担当者へ定時報告を送ります（通常は開庁日の決まった時刻）")
        console.print(_run(folder, "summary", "--send"))
        rows = asyncio.run(_until_done(config, expected=len(SAMPLES)))
    if not brief:
        console.rule("5. 送られたメール")
        for row in _worth_showing(rows):
            told = f"宛先: {row.mail.recipient}\n件名: {row.mail.subject}\n\n{row.mail.text.rstrip()}"
            console.print(Panel(told, title=row.mail.letter.value, title_align="left"))
    console.rule("結果")
    fine = asyncio.run(_tell(console, config, digests, rows))
    _where(console, folder, config)
    if not fine:
        raise click.exceptions.Exit(EXIT_FAILED)


def _prepare(folder: Path) -> Config:
    """Make the folder anew, with its settings and the sample register."""
    if folder.is_symlink() or folder.exists():
        if folder.is_symlink() or (not (folder / _MARK).exists() and any(folder.iterdir())):
            raise click.UsageError(
                f"{folder} は demo のフォルダではありません。--folder で別のフォルダを指定してください"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)
    (folder / _MARK).touch()
    shutil.copy(str(files("bot.commands") / "sample" / "register.csv"), folder / "register.csv")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = _CONFIG.format(inbox=_INBOX, port=port, clerks=_CLERKS)
    (folder / "config.toml").write_text(text, "utf-8")
    return load(folder / "config.toml")


@contextmanager
def _daemon(folder: Path, config: Config) -> Iterator[float]:
    """Run `serve` in a process of its own while the block lasts; gives the seconds until it answered."""
    began = monotonic()
    environment = os.environ | {"HOSHO_TICK_SECONDS": "1"}
    command = [sys.executable, "-m", "bot", "serve", "--config", str(folder / "config.toml")]
    with (folder / "daemon.log").open("wb") as log, subprocess.Popen(command, stderr=log, env=environment) as process:  # noqa: S603 - our own program
        try:
            with loading():  # while the daemon does the same
                for named in ("register", "summary"):
                    _command(named)
            while not _answers(config.smtp.port):
                if process.poll() is not None or monotonic() - began > _PATIENCE_SECONDS:
                    raise click.ClickException(f"the daemon did not start; see {folder / 'daemon.log'}")
                sleep(0.02)
            yield monotonic() - began
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


def _command(named: str) -> click.Command:
    """A command of ours by its name; its module is loaded now."""
    found: click.Command = getattr(import_module(f"bot.commands.{named}"), named)
    return found


def _run(folder: Path, named: str, *arguments: str) -> str:
    """A command of ours, as the operator would call it; returns what it printed. In this process, which has loaded most of it."""
    command, printed = _command(named), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        command.main([*arguments, "--config", str(folder / "config.toml")], named, standalone_mode=False)
    return printed.getvalue().strip()


def _send(config: Config, sample: Sample, number: int) -> str:
    """Mail a sample to the daemon; returns the digest by which the store knows it."""
    mail = EmailMessage()
    mail["From"] = sample.sender
    mail["To"] = _INBOX
    mail["Subject"] = sample.subject
    mail["Date"] = format_datetime(utc_now().astimezone(JAPAN))
    mail["Message-ID"] = f"<demo-{number}@{sample.sender.partition('@')[2]}>"
    for name, value in sample.headers:
        mail[name] = value
    mail.set_content(sample.body)
    for paper in sample.papers:
        content = (files("bot.commands") / "sample" / paper).read_bytes()
        mail.add_attachment(content, maintype="application", subtype="pdf", filename="認証キーのお知らせ.pdf")
    content = mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    with smtplib.SMTP("127.0.0.1", config.smtp.port) as client:
        client.sendmail(sample.sender, [_INBOX], content)
    return digest(content)


async def _until_done(config: Config, *, expected: int) -> tuple[OutboxRow, ...]:
    """Wait until every mail is sorted and every letter has left; returns the letters, oldest first."""
    deadline = monotonic() + _PATIENCE_SECONDS
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file)) as store:
        while True:
            mails = await store.incoming.list_(limit=1000)
            letters = await store.outbox.list_(limit=1000)
            waiting = [m for m in mails if m.state is MailState.RECEIVED]
            leaving = [row for row in letters if row.state is OutboxState.QUEUED]
            if (len(mails) >= expected and not waiting and not leaving and letters) or monotonic() > deadline:
                return tuple(reversed(letters))
            await asyncio.sleep(0.1)


def _worth_showing(rows: tuple[OutboxRow, ...]) -> list[OutboxRow]:
    """One letter of each kind."""
    kinds: dict[str, OutboxRow] = {}
    for row in rows:
        kinds.setdefault(row.mail.letter.value, row)
    return list(kinds.values())


async def _tell(console: Console, config: Config, digests: dict[str, Sample], rows: tuple[OutboxRow, ...]) -> bool:
    """The table of what happened; False when a mail is not accounted for or a letter did not arrive."""
    table = Table(
        *(Column(title, overflow="fold") for title in ("届いたメール", "結果", "差出人へ", "担当者へ")), show_lines=True
    )
    found = 0
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file)) as store:
        for mail in reversed(await store.incoming.list_(limit=1000)):
            row, content, submissions = await store.incoming.get(mail.mail_id)
            sample = digests.get(row.digest)
            found += sample is not None
            outcome = [
                f"{s.receipt_number} {s.state.words}: {'、'.join(reason.words for reason in s.reasons)}"
                for s in submissions
            ]
            result = "\n".join(outcome) or (row.reason.words if row.reason else row.state.value)
            message_id = parse_mail(content).mail.message_id
            answers = [r for r in rows if message_id and message_id.encode() in r.mail.content]
            alerts = [
                r for r in rows if row.digest in r.mail.dedupe_key and r.mail.letter.to is not Addressee.CONTRACTOR
            ]
            table.add_row(
                sample.title if sample else row.subject,
                result,
                "\n".join(r.mail.subject for r in answers) or "（返信なし）",
                "\n".join(r.mail.recipient for r in alerts) or "（なし）",
            )
    console.print(table)
    others = [r for r in rows if r.mail.letter.value in {"issued", "summary"}]
    for letter in others:
        console.print(f"  {letter.mail.recipient}「{letter.mail.subject}」")
    arrived = {str(message["Message-ID"]) for message in _maildir(config)}
    missing = [letter for letter in rows if letter.mail.message_id not in arrived]
    console.print(f"受信 {found}通、送信 {len(rows)}通（Maildirで確認 {len(rows) - len(missing)}通）")
    return found == len(digests) and not missing and bool(rows)


def _maildir(config: Config) -> list[Message]:
    return list(mailbox.Maildir(config.maildir, create=False))


def _where(console: Console, folder: Path, config: Config) -> None:
    table = Table("ファイル", "場所")
    table.add_row("設定", str(folder / "config.toml"))
    table.add_row("台帳（取り込めない行の一覧）", str(folder / "register.csv.problems.csv"))
    table.add_row("データベース", str(folder / "hosho.db"))
    table.add_row("送信メール（Maildir）", str(config.maildir))
    console.print(table)
    settings = os.path.relpath(folder / "config.toml")
    console.print(f"続けて見るには: ./run submissions list --config {settings}")
