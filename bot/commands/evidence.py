"""`submissions evidence`: everything about one case in a file for the audit: mails, papers, decisions, letters, journal, history.

A zip that nobody else may read: the case in words, each mail as it came with its attachments beside it, each letter as it left, the
journal's lines with their hashes, the guarantee's versions, and a list of all files with their SHA-256. Mails show keys: that they were shown has its line
in the journal before anything is written.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from bot.commands.shared.json_rows import JsonRow, guarantee_row, submission_row
from bot.commands.shared.refusal_option import RefusedBecause, refused_because
from bot.core.mail.parse import parse_mail
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import Version, seen_words, version_name
from bot.core.records.journal import JournalLine
from bot.core.records.outgoing_mail import OutboxRow
from bot.core.records.submission import Submission, mail_of
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.sheet import Sheet, SheetCell, SheetColumn
from bot.files import write_private
from bot.spreadsheets.writing import csv_of
from storage.errors import NotFound
from storage.store import Store

_MADE_AT = (2000, 1, 1, 0, 0, 0)  # the same case gives the same file
_LINES = 10_000


async def write_evidence(store: Store, receipt_number: str, path: Path, *, actor: str) -> int:
    """Write the file; returns how many files are in it. Raises NotFound, StoreError, OSError."""
    submission = await store.submissions.get(receipt_number)
    guarantee = await store.register.guarantee(submission.guarantee_id) if submission.guarantee_id is not None else None
    letters = await store.outbox.of_submission(receipt_number)
    lines = [*await store.journal.lines(subject=("submission", receipt_number), limit=_LINES)]
    if guarantee is not None:
        lines += await store.journal.lines(subject=("guarantee", str(guarantee.guarantee_id)), limit=_LINES)
    mails = sorted(
        {
            mail_of(receipt_number),
            *(int(line.detail[name]) for line in lines for name in ("answer", "confirms") if name in line.detail),
        }
    )
    for mail_id in mails:
        lines += await store.journal.lines(subject=("mail", str(mail_id)), limit=_LINES)
    shown: list[tuple[str, str | int]] = [("submission", receipt_number), *(("mail", number) for number in mails)]
    await store.journal.note_keys_shown(shown, actor=actor, command="submissions evidence")
    because = await refused_because(store, submission)
    files = [("案件.txt", _in_words(submission, guarantee, letters, because).encode()), ("記録.csv", _journal(lines))]
    if guarantee is not None:
        versions = (await store.register.versions([guarantee.guarantee_id])).get(guarantee.guarantee_id, ())
        files.append(("履歴.csv", _history(versions)))
    for mail_id in mails:
        try:
            _, content, _ = await store.incoming.get(mail_id)
        except NotFound:  # a database that was restored
            continue
        files += _mail_files(mail_id, content) if content else ()  # else it was disposed of, as the journal tells
    files += [(f"送信/{row.outbox_id}-{row.mail.letter}.eml", row.mail.content) for row in letters]
    write_private(path, _zip(files))
    return len(files)


_UNSAFE = LazyPattern(r"[^0-9A-Za-z.]+")


def _mail_files(mail_id: int, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A mail and its attachments. No file is named by a sender: it has its part's number and its kind."""
    yield f"受信/{mail_id}.eml", content
    parsed = parse_mail(content)
    for part in parsed.mail.parts:
        if part.is_attachment and part.path in parsed.contents:
            kind = _UNSAFE.sub("-", part.media_type.rpartition("/")[2]) or "bin"
            yield f"受信/{mail_id}-添付{part.path}.{kind}", parsed.contents[part.path]


def _in_words(
    submission: Submission, guarantee: Guarantee | None, letters: Sequence[OutboxRow], because: RefusedBecause
) -> str:
    parts = [f"受付番号 {submission.receipt_number}", "", *_lines(submission_row(submission))]
    parts += _lines({"refusal": because.kind, "refused_because": because.words})
    if guarantee is not None:
        parts += ["", f"台帳 {guarantee.guarantee_id}", "", *_lines(guarantee_row(guarantee))]
    parts += ["", "送信したメール", ""]
    parts += [f"{row.outbox_id}: {row.mail.letter.words} {row.mail.recipient} {row.state.words}" for row in letters]
    return "\n".join(parts) + "\n"


def _lines(row: JsonRow) -> Iterator[str]:
    for name, value in row.items():
        if isinstance(value, list):
            yield from (f"{name}: {one}" for one in value)
        elif value not in {None, ""}:
            yield f"{name}: {value}"


_COLUMNS = tuple(
    SheetColumn(title, 20) for title in ("番号", "日時", "操作した人", "内容", "対象", "対象の番号", "詳細", "ハッシュ")
)


_HISTORY: MappingProxyType[str, Callable[[Version], SheetCell]] = MappingProxyType(
    {
        "No.": lambda one: one.place,
        "電子保証発行日時": lambda one: one.values.issued_at,
        "対象": lambda one: version_name(one.kind, one.revision),
        "証書": lambda one: "紙" if one.is_on_paper else "電子",
        "工事名": lambda one: one.values.project_name,
        "受注者名": lambda one: one.values.contractor,
        "JV名": lambda one: one.values.jv_name,
        "請負金額": lambda one: one.values.contract_amount_yen,
        "保証金額": lambda one: one.values.guarantee_amount_yen,
        "保証期限": lambda one: one.values.expires_on,
        "工期開始": lambda one: one.values.works_start_on,
        "工期終了": lambda one: one.values.works_end_on,
        "請負契約日": lambda one: one.values.contracted_on,
        "預託金融機関": lambda one: one.values.deposit_bank,
        "D-Sureでの確認": lambda one: "／".join(map(seen_words, one.seen)),
        "記録した日時": lambda one: one.learnt_at,
        "出典": lambda one: one.source,
        "取り込んだ人": lambda one: one.actor,
    }
)
"""The columns of 履歴.csv: what each says of a version."""


def _history(versions: Sequence[Version]) -> bytes:
    """The guarantee's versions, newest first as in D-Sure."""
    columns = tuple(SheetColumn(title, 20) for title in _HISTORY)
    rows = tuple(tuple(read(one) for read in _HISTORY.values()) for one in reversed(versions))
    return csv_of(Sheet("履歴", columns, rows))[0]


def _journal(lines: Sequence[JournalLine]) -> bytes:
    by_number = {line.number: line for line in lines}
    rows = tuple(
        (
            line.number,
            line.at,
            line.actor,
            line.event,
            line.subject_kind,
            line.subject_id,
            "、".join(f"{name}={value}" for name, value in line.detail.items()),
            line.hash,
        )
        for _, line in sorted(by_number.items())
    )
    return csv_of(Sheet("記録", _COLUMNS, rows))[0]


def _zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files)
        for name, content in [*files, ("SHA256SUMS.txt", sums.encode())]:
            archive.writestr(zipfile.ZipInfo(name, _MADE_AT), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
