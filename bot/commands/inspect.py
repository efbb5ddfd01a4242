"""`inspect`: what the daemon would do with mails, and none of it. The daemon's own code on a throw-away, empty store.

Mails are taken in the order given (a folder's by name), as if they had arrived so at an empty office whose register is
--register. Nothing leaves: the outbox is read instead of sent. Exit codes as in commands/shared/common.py.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bot import log
from bot.commands.shared.common import EXIT_FAILED, echo_json, json_option, run
from bot.commands.shared.json_rows import JsonRow, mail_row, paper_row, submission_row
from bot.commands.shared.language import argument, command, option
from bot.commands.shared.long_work import Work, long_work
from bot.composing import composer_of
from bot.config.doors import MailSection
from bot.config.office import DeskSection, OfficeSection, RepliesSection
from bot.config.settings import Config, load
from bot.config.to_policy import policy_of
from bot.core.mail.own_head import own_head
from bot.core.mail.trace_headers import is_ours, trace_envelope
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Addressee, OutboxState, OutgoingMail
from bot.core.records.reasons import MailReason, OutboxReason
from bot.core.records.submission import Submission
from bot.core.text.control_characters import escaped
from bot.documents.pool.reader import Reader
from bot.register.importing import import_file
from bot.workers.password_pairing import MOST_MAILS
from bot.workers.sorter import LEASE, NOT_NOW, NOT_STORED, TRIES, WAIT_BETWEEN_TRIES, Sorter
from storage.store import Store

DEFAULT_INBOX = "hosho@city.example.jp"
TEMPORARY = "hosho-inspect-"
"""How the name of its folder begins."""
_NO_LIMIT = 1_000_000
_SECRET = bytes(16)  # nothing is sent: the same mail shall give the same output on every machine
UNLIMITED = RepliesSection(
    delay_seconds=0,
    per_address_per_hour=_NO_LIMIT,
    per_address_per_day=_NO_LIMIT,
    kind_per_day=_NO_LIMIT,
    notice_per_day=_NO_LIMIT,
    words_per_day=_NO_LIMIT,
    per_domain_per_hour=_NO_LIMIT,
    per_domain_per_day=_NO_LIMIT,
    in_all_per_hour=_NO_LIMIT,
    in_all_per_day=_NO_LIMIT,
    alerts_per_desk_per_hour=_NO_LIMIT,
    alerts_per_desk_per_day=_NO_LIMIT,
)


class SteppingClock:
    """The wall clock with a push: a mail that is to be tried again later is tried again now."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Now, UTC."""
        return datetime.now(UTC) + self._ahead

    def skip(self, span: timedelta) -> None:
        """Let the time pass."""
        self._ahead += span


@dataclass(frozen=True, slots=True)
class InspectedMail:
    """What became of one mail: its row, its submissions and those of mails that it opened, the mails that would go out."""

    mail: MailRow
    is_new: bool
    submissions: tuple[Submission, ...]
    outgoing: tuple[OutgoingMail, ...]


@dataclass(frozen=True, slots=True)
class Inspector:
    """An office that exists for one call. `pause_seconds`: before a mail is tried again for which there was no process."""

    store: Store
    sorter: Sorter
    clock: SteppingClock
    inboxes: tuple[str, ...]
    pause_seconds: float = 1.0

    async def see(self, content: bytes, mail_from: str | None, rcpt_tos: Sequence[str]) -> InspectedMail:
        """Receive a mail, sort it, and take what it made out of the outbox."""
        return await self.take(self._envelope(content, mail_from, rcpt_tos), content)

    async def take(self, envelope: Envelope, content: bytes) -> InspectedMail:
        """`see` for a mail that came in this envelope."""
        (kept,) = await self.store.incoming.keep([Arrival(envelope, content)])
        row, submissions = await self._sorted(kept.mail_id)
        submissions = (*submissions, *await self._opened()) if kept.is_new else ()
        return InspectedMail(row, kept.is_new, submissions, await self._outgoing())

    async def _sorted(self, mail_id: int) -> tuple[MailRow, tuple[Submission, ...]]:
        """Sort what is due until this mail has its end, however often it must be tried: a busy machine is waited for."""
        row, _, submissions = await self.store.incoming.get(mail_id)
        while row.state is MailState.RECEIVED:
            if mail := await self.store.incoming.claim(lease=LEASE):
                await self.sorter.sort(mail)
            self.clock.skip(timedelta(seconds=1))
            row, _, submissions = await self.store.incoming.get(mail_id)
            if row.state is MailState.RECEIVED:
                self.clock.skip(LEASE + TRIES * WAIT_BETWEEN_TRIES)
                if row.error in {NOT_NOW, NOT_STORED}:
                    click.echo("読取りのプロセスかデータベースが動かないため、待っています", err=True)
                    await asyncio.sleep(self.pause_seconds)
        return row, submissions

    async def _opened(self) -> tuple[Submission, ...]:
        """Sort the mails that came before and were opened by this one's password; their submissions."""
        opened = await self.store.incoming.list_(states=(MailState.RECEIVED,), limit=MOST_MAILS)
        sorted_ = [await self._sorted(row.mail_id) for row in reversed(opened)]
        return tuple(submission for _, submissions in sorted_ for submission in submissions)

    def _envelope(self, content: bytes, mail_from: str | None, rcpt_tos: Sequence[str]) -> Envelope:
        traced_from, delivered_to = trace_envelope(content)
        if traced_from is None:
            traced_from = mail_from if mail_from is not None else _from(content)
        ours = tuple(address for address in delivered_to if is_ours(address, self.inboxes))
        return Envelope(Source.FOLDER, traced_from, ours or tuple(rcpt_tos) or self.inboxes[:1], self.clock())

    async def _outgoing(self) -> tuple[OutgoingMail, ...]:
        mails: list[OutgoingMail] = []
        while claimed := await self.store.outbox.claim():
            for one in claimed:
                mails.append(one.mail)
                await self.store.outbox.note_delivery(
                    one.outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply=""
                )
        return tuple(mails)


def _from(content: bytes) -> str | None:
    addresses = own_head(content).from_
    return next((address.addr_spec for address in addresses if address.addr_spec), None)


@asynccontextmanager
async def _warming(reader: Reader) -> AsyncIterator[Reader]:
    """The reader; its processes start now, while the rest is made ready."""
    async with reader:
        warming = asyncio.create_task(reader.warm())
        try:
            yield reader
        finally:
            warming.cancel()


@asynccontextmanager
async def inspector(
    config: Config, register: Path | None, reader: Reader | None = None, *, within: Path | None = None
) -> AsyncIterator[Inspector]:
    """Open the office. `reader`: None = one of its own; `within`: where its files lie, None = where temporary files do. Raises TableError for
    a register that can't be read.
    """
    clock = SteppingClock()
    # Nobody waits for its answers, or looks at pictures.
    policy = replace(policy_of(config), reply_delay=timedelta(), pictures=False)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=within) as folder:
        url = f"sqlite:///{folder}/inspect.db"  # four slashes: absolute
        async with (
            _warming(reader or Reader(sees=config.pictures.sees)) as reading,
            await Store.open(url, clock=clock, durable=False) as store,
        ):
            if register is not None:
                layout = policy.formats
                result = await import_file(store.register, register, layout=layout, actor="inspect")
                for problem in result.problems:
                    if not problem.is_note or not problem.line:
                        told = f"台帳 {problem.place} {problem.column}: {problem.reason}"
                        click.echo(escaped(told), err=True)
            sorter = Sorter(store, reading, composer_of(config, _SECRET), policy, clock)
            yield Inspector(store, sorter, clock, policy.inboxes)


def embedded(inbox: str, authserv_id: str) -> Config:
    """The settings of an office that has none. No limits and no delay: the mails of a year may come in one call."""
    domain = inbox.rpartition("@")[2]
    return Config(
        office=OfficeSection(city="○○市", department="契約担当"),
        mail=MailSection(inboxes=(inbox,), authserv_id=authserv_id),
        desks=(DeskSection(name="契約担当", address=f"clerk@{domain}"),),
        replies=UNLIMITED,
    )


def settings(config_path: Path | None, inbox: str | None, authserv_id: str | None) -> Config:
    """The file's settings, or embedded ones, with the two that the call may set. Raises ConfigError."""
    if config_path is None:
        return embedded(inbox or DEFAULT_INBOX, authserv_id or "")
    config = load(config_path)
    changes: dict[str, object] = {}
    if inbox is not None:
        changes["inboxes"] = (inbox, *(i for i in config.mail.inboxes if i.lower() != inbox.lower()))
    if authserv_id is not None:
        changes["authserv_id"] = authserv_id
    return config.model_copy(update={"mail": config.mail.model_copy(update=changes)})


def mails_of(paths: Sequence[Path]) -> list[Path]:
    """The files meant: a folder stands for its .eml files by name."""
    files: list[Path] = []
    for path in paths:
        files += sorted(f for f in path.iterdir() if f.suffix.lower() == ".eml") if path.is_dir() else [path]
    return files


@command()
@argument("mails", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@option(
    "--config",
    "config_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="設定ファイル。省略すると、決まった設定で処理します。",
    en="The settings file; settings of its own when left out.",
)
@option(
    "--inbox",
    ja=f"受付のアドレス。省略すると {DEFAULT_INBOX} です。",
    en=f"The office's address [default: {DEFAULT_INBOX}].",
)
@option(
    "--authserv-id",
    ja="市のメールサーバーが Authentication-Results に書く名前。",
    en="The name under which the office's own MX writes Authentication-Results.",
)
@option(
    "--register",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="台帳（CSV か XLSX）。",
    en="The register (CSV or XLSX).",
)
@option(
    "--mail-from",
    ja="Return-Path のないメールのエンベロープ差出人（'' は空の差出人）。",
    en="Envelope sender of mails without Return-Path ('' = null).",
)
@option(
    "--rcpt-to",
    "rcpt_tos",
    multiple=True,
    ja="Delivered-To のないメールの宛先。",
    en="Envelope recipient of mails without Delivered-To.",
)
@option("--reveal-keys", is_flag=True, ja="認証キーを全て示します。", en="Show access keys in full.")
@json_option
@run
async def inspect(
    mails: tuple[Path, ...],
    *,
    config_path: Path | None,
    inbox: str | None,
    authserv_id: str | None,
    register: Path | None,
    mail_from: str | None,
    rcpt_tos: tuple[str, ...],
    reveal_keys: bool,
    as_json: bool,
) -> None:
    """Take the mails one by one through an office of their own, and print what became of each."""
    log.configure("error", "text")
    config = settings(config_path, inbox, authserv_id)
    files, failed = mails_of(mails), False

    async def work(told: Work) -> None:
        nonlocal failed
        async with inspector(config, register) as office:
            for place, file in enumerate(files):
                told.tell(place, len(files))
                try:
                    content = file.read_bytes()
                except OSError as error:
                    click.echo(f"{file}: {error.strerror}", err=True)
                    failed = True
                    continue
                seen = await office.see(content, mail_from, rcpt_tos)
                row = as_row(file, seen, reveal_keys=reveal_keys)
                with told.aside():
                    if as_json:
                        echo_json(row)
                    else:
                        show_for_people(file, seen, row)

    stopped = (
        "途中で止めました。ここまでに示したメールのほかは、見ていません。何も残していないので、もう一度実行できます"
    )
    await long_work("メールを見ています", work, when_stopped=stopped, shown=not as_json, may_be_cut=True)
    if failed:
        raise click.exceptions.Exit(EXIT_FAILED)


def as_row(file: Path, seen: InspectedMail, *, reveal_keys: bool) -> JsonRow:
    """One mail as the object that programs read."""
    mail = mail_row(seen.mail)
    state, reason = seen.mail.state, mail["reason"]
    if not seen.is_new:
        state, reason = MailState.IGNORED, MailReason.ALREADY_RECEIVED.value
    waits_for = "desk" if state.is_work else "sender" if state.is_open else ""
    to_clerks = [m for m in seen.outgoing if m.letter.to is not Addressee.CONTRACTOR]
    return {
        "file": str(file),
        "mail": {
            "state": state.outcome.value,
            "reason": reason,
            "waits_for": waits_for,
            "from": mail["from"],
            "subject": mail["subject"],
            "no_reply": mail["no_reply"] if seen.is_new else "",
            "error": mail["error"],
        },
        "papers": [paper_row(paper) for paper in seen.mail.papers] if seen.is_new else [],
        "submissions": [submission_row(s, reveal_keys=reveal_keys) for s in seen.submissions],
        "letters": [_letter(m) for m in seen.outgoing if m.letter.to is Addressee.CONTRACTOR],
        "alerts": [_letter(m) for m in to_clerks],
    }


def _letter(mail: OutgoingMail) -> JsonRow:
    return {"to": mail.recipient, "letter": mail.letter.value, "subject": mail.subject, "text": mail.text}


def show_for_people(file: Path, seen: InspectedMail, row: JsonRow) -> None:
    """One mail as a person reads it."""
    reason = MailReason.ALREADY_RECEIVED if not seen.is_new else seen.mail.reason
    click.secho(escaped(str(file)), bold=True)
    click.echo(escaped(f"  差出人 {seen.mail.sender}「{seen.mail.subject}」"))
    mail = row["mail"]
    state = mail["state"] if isinstance(mail, dict) else ""
    click.echo(escaped(f"  状態   {state}（{reason.words if reason else ''}）"))
    for paper in seen.mail.papers if seen.is_new else ():
        click.echo(escaped(f"  書類   {paper.name}: {paper.kind}（{paper.reason.words}）"))
    for submission in seen.submissions:
        fields = submission.fields
        click.echo(
            escaped(f"  受付   {submission.receipt_number} {submission.state}: {fields.number} {fields.project_name}")
        )
        for why in submission.reasons:
            click.echo(escaped(f"           {why.words}"))
        for evidence in submission.evidence:
            click.echo(escaped(f"           ・{evidence}"))
    for outgoing in seen.outgoing:
        click.echo(escaped(f"  送信   {outgoing.recipient}「{outgoing.subject}」"))
