"""`mail replay --since DATE --dry-run`: stored mails by today's rules, settings and letters, and what would be decided otherwise now.

The mails are taken, in their order and at their times, through `inspect`'s office, with today's register: the entries that these
mails themselves made in it are taken out before. Both decisions are read from the journals. The city's database is only read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import click

from bot.commands.inspect import UNLIMITED, inspector
from bot.commands.shared.basics import echo_json
from bot.commands.shared.json_rows import JsonRow
from bot.config.settings import Config
from bot.core.records.decisions import Decision, decisions_of
from bot.core.records.envelope import Source
from bot.core.records.guarantee import Guarantee, GuaranteeState
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason
from bot.core.records.submission import SubmissionState
from bot.core.records.submission_search import Search
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.text.control_characters import escaped
from bot.core.verdict.known_mail import known_mail
from bot.documents.pool.reader import Reader
from bot.office import CommandContext
from bot.progress import Tell
from bot.workers.clerk_answers import Answers
from storage.store import Store
from storage.use_cases.journal import BOT

_EVERYTHING = 10**9
_REPORTS = frozenset({MailReason.DELIVERY_REPORT, MailReason.REPORT_UNCLEAR})
_OF_DOORS = frozenset({MailReason.BEFORE_FIRST_START, MailReason.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Compared:
    """One mail. `left_out`: why it was not replayed; "" = it was, and `now` is there."""

    mail: MailRow
    then: Decision | None
    now: Decision | None = None
    left_out: str = ""

    @property
    def differences(self) -> tuple[str, ...]:
        """In what the decisions differ."""
        return self.then.differences(self.now) if self.then is not None and self.now is not None else ()


async def compare(
    office: CommandContext, since: datetime, until: datetime | None, tell: Tell, reader: Reader | None = None
) -> list[Compared]:
    """Replay the mails that came in this time, oldest first. `reader`: None = one of its own."""
    store, rows = office.store, await office.store.incoming.list_(limit=_EVERYTHING)
    wanted = [
        row
        for row in reversed(rows)
        if since <= row.envelope.received_at and (until is None or row.envelope.received_at <= until)
    ]
    then = decisions_of(await store.journal.lines_since(since), BOT)
    notices = await store.submissions.find(Search(since=since), limit=None)
    register = await _register_before(store, since, frozenset(one.receipt_number for one in notices))
    found: list[Compared] = []
    numbers: dict[int, int] = {}  # of the replay's mails → of the city's
    folder = office.config.data_folder  # as private as the city's mails must be, and with room for them
    within = folder if await asyncio.to_thread(folder.is_dir) else None
    async with inspector(_unlimited(office.config), None, reader, within=within) as replayed:
        guarantees = await _fill(replayed.store, register)
        for place, row in enumerate(wanted):
            tell(place, len(wanted))
            _, content, _ = await store.incoming.get(row.mail_id)
            why = "処理の記録がない" if row.mail_id not in then else await _left_out(office, row, content)
            if not why:
                replayed.clock.skip(row.envelope.received_at - replayed.clock())
                seen = await replayed.take(row.envelope, content)
                numbers[seen.mail.mail_id] = row.mail_id
            found.append(Compared(row, then.get(row.mail_id), left_out=why))
        decided = decisions_of(await replayed.store.journal.lines_since(since), BOT)
    now = {numbers[mail]: _in_register(one, guarantees) for mail, one in decided.items() if mail in numbers}
    return [one if one.left_out else replace(one, now=now.get(one.mail.mail_id)) for one in found]


def _unlimited(config: Config) -> Config:
    """Without the limits on letters and the delay of answers: these mails came within weeks, not within this minute."""
    replies = config.replies.model_copy(update={name: getattr(UNLIMITED, name) for name in UNLIMITED.model_fields_set})
    return config.model_copy(update={"replies": replies})


async def _register_before(store: Store, since: datetime, receipts: frozenset[str]) -> tuple[Guarantee, ...]:
    """Today's register without the numbers, keys and states that these notices brought into it."""
    rows = {row.guarantee_id: row for row in await store.register.guarantees(limit=None)}
    for line in reversed(await store.journal.lines_since(since)):
        is_verified = line.event == "guarantee.verified"
        if is_verified or (line.event == "guarantee.key_received" and line.detail["receipt"] in receipts):
            row, changed = rows.get(int(line.subject_id)), set(line.detail.get("changed", ()))
            changed |= {"state"} if is_verified else set()
            if row is not None:
                is_open = row.state in {GuaranteeState.KEY_RECEIVED, GuaranteeState.VERIFIED}
                state = GuaranteeState(line.detail["from"]) if "state" in changed and is_open else row.state
                number = "" if "number" in changed else row.number
                key = None if "auth_key" in changed else row.auth_key
                rows[row.guarantee_id] = replace(row, state=state, number=number, auth_key=key)
    return tuple(rows.values())


async def _fill(store: Store, register: Sequence[Guarantee]) -> Mapping[int, int]:
    """Write the register; its row numbers there → those of the city's."""
    rows = [replace(row, guarantee_id=0) for row in register]
    changes = [RegisterChange(ChangeKind.ADD, line, None, row) for line, row in enumerate(rows, 1)]
    if changes:
        await store.register.change(changes, actor="replay", source="replay")
    there = await store.register.guarantees(limit=None)
    return {one.guarantee_id: row.guarantee_id for one, row in zip(there, register, strict=True)}


def _in_register(decision: Decision, guarantees: Mapping[int, int]) -> Decision:
    """The decision with the city's row numbers."""
    notices = (replace(one, guarantee_id=guarantees.get(one.guarantee_id or 0)) for one in decision.notices)
    return replace(decision, notices=tuple(notices))


async def _left_out(office: CommandContext, row: MailRow, content: bytes) -> str:
    """Why a mail can't be decided on apart from what else was there then; "" = it can."""
    if row.state is MailState.RECEIVED:
        return "まだ処理していない"
    is_told_by_us = row.reason is MailReason.ARRIVAL_TOLD
    if row.envelope.source is Source.HAND or (row.state is MailState.ANSWERED and not is_told_by_us):
        return "手入力、又は返信・申出"
    if row.reason in _OF_DOORS or row.size_bytes != len(content):
        return "原本がない"
    known = known_mail(content, row.envelope, office.policy)
    if row.reason in _REPORTS or await Answers(office.store, office.policy).letter(known) is not None:
        return "送ったメールへの返信か不達通知"
    return ""


# -- shown


def as_row(one: Compared) -> JsonRow:
    """One mail as the object that programs read."""
    mail = one.mail
    row: JsonRow = {"mail": mail.number, "id": mail.mail_id, "received_at": mail.envelope.received_at}
    if one.left_out:
        return row | {"left_out": one.left_out}
    return row | {"differs": list(one.differences), "then": _row(one.then), "now": _row(one.now)}


def _row(decision: Decision | None) -> JsonRow | None:
    if decision is None:
        return None
    notices = [
        {"state": one.state, "reasons": sorted(one.reasons), "guarantee": one.guarantee_id} for one in decision.notices
    ]
    return {"state": decision.state, "reason": decision.reason, "notices": notices, "letters": list(decision.letters)}


def show(found: Sequence[Compared], *, as_json: bool) -> None:
    """Counts, then each difference in a line; or an object for each mail."""
    if as_json:
        for one in found:
            echo_json(as_row(one))
        return
    replayed = [one for one in found if not one.left_out]
    different = [one for one in replayed if one.differences or one.now is None]
    click.echo(
        f"判定し直したメール {len(replayed)}通: 同じ {len(replayed) - len(different)}通、違う {len(different)}通"
    )
    for why, count in sorted(Counter(one.left_out for one in found if one.left_out).items()):
        click.echo(f"比べないもの（{why}） {count}通")
    for one in different:
        then, now = one.then, one.now
        shown = "今の判定がありません" if then is None or now is None else _told(then, now)
        click.echo(escaped(f"{one.mail.number} {shown}"))


def _told(then: Decision, now: Decision) -> str:
    """What differs, in a line."""
    parts = {
        "state": (f"状態 {MailState(then.state).words}", MailState(now.state).words),
        "reason": (f"理由 {MailReason(then.reason).words}", MailReason(now.reason).words),
        "notices": (f"お知らせ {_notices(then)}", _notices(now)),
        "letters": (f"送信 {_letters(then)}", _letters(now)),
    }
    return "、".join(f"{parts[name][0]} → {parts[name][1]}" for name in then.differences(now))


def _notices(decision: Decision) -> str:
    shown = (
        f"{SubmissionState(one.state).words}（台帳 {one.guarantee_id or 'なし'}、{'・'.join(sorted(one.reasons))}）"
        for one in decision.notices
    )
    return "、".join(shown) or "なし"


def _letters(decision: Decision) -> str:
    return "、".join(Letter(one).words for one in decision.letters) or "なし"
