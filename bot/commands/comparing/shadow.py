"""`shadow report`: how often the program, which answers nobody (outgoing.shadow), decided as the people did.

The register's imports and the clerks' decisions tell what the people did (core/judging/agreement.py). The database is only read, no
key is shown. Exit codes as in commands/shared/common.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.commands.shared.basics import in_japan
from bot.commands.shared.common import config_option, echo_json, json_option, run
from bot.commands.shared.json_rows import JsonRow
from bot.commands.shared.language import Group, option
from bot.core.judging.agreement import Agreement, ComparedNotice, PeoplesWord, compare, told_by
from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import SubmissionState
from bot.core.records.submission_search import Search
from bot.core.text.control_characters import escaped
from bot.office import command_context
from storage.use_cases.journal import BOT

_FROM_THE_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_EVERYTHING = 10**9

shadow = Group("shadow")


@shadow.command(
    ja="試験運用で、プログラムの判定と、人の処理（台帳の取込み、担当者の判断）が一致した割合と、違ったものを示します。"
)
@option(
    "--since",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    ja="この日以後に受け取ったもの（日本時間）。",
    en="Received on this day or after it (Japan's).",
)
@config_option
@json_option
@run
async def report(*, since: datetime | None, config_path: Path, as_json: bool) -> None:
    """Show how often the program's verdicts agreed with what the people did (the register's imports, clerks' decisions), and where not."""
    begins = in_japan(since, None)[0] or _FROM_THE_FIRST
    async with command_context(config_path) as office:
        store = office.store
        submissions = await store.submissions.find(Search(since=begins), limit=None)
        register = await store.register.guarantees(limit=None)
        mails = await store.incoming.list_(limit=_EVERYTHING)
        told = told_by(await store.journal.lines_since(begins), BOT)
    found = compare(tuple(reversed(submissions)), register, told)
    states = Counter(mail.state for mail in mails if mail.envelope.received_at >= begins)
    if as_json:
        echo_json(_row(found, states))
        return
    for line in _lines(found, states):
        click.echo(escaped(line))


def _row(found: tuple[ComparedNotice, ...], mails: Counter[MailState]) -> JsonRow:
    agreed = Counter(one.agreement for one in found)
    decided = Counter(one.decided for one in found)
    return {
        "mails": {state.value: mails[state] for state in MailState},
        "notices": len(found),
        "program": {state.value: decided[state] for state in SubmissionState},
        **{kind.value: agreed[kind] for kind in Agreement},
        "cases": [_case(one) for one in found],
    }


def _case(one: ComparedNotice) -> JsonRow:
    return {
        "receipt_number": one.submission.receipt_number,
        "guarantee_number": one.submission.fields.number,
        "program": one.decided.value,
        "guarantee": one.guarantee_id,
        "people": one.people.value,
        "people_guarantee": one.row,
        "agreement": one.agreement.value,
    }


def _lines(found: tuple[ComparedNotice, ...], mails: Counter[MailState]) -> Iterator[str]:
    """For a person."""
    decided, agreed = Counter(one.decided for one in found), Counter(one.agreement for one in found)
    yield f"受信メール: {sum(mails.values())}通（{_counts((state.words, mails[state]) for state in MailState)}）"
    yield f"認証キーのお知らせ: {len(found)}件（{_counts((state.words, decided[state]) for state in SubmissionState)}）"
    compared = agreed[Agreement.AGREED] + agreed[Agreement.DIFFERS]
    share = f"（{100 * agreed[Agreement.AGREED] / compared:.1f}％）" if compared else ""
    yield f"プログラムが受け付け、人の処理も分かるもの {compared}件のうち、一致 {agreed[Agreement.AGREED]}件{share}"
    for kind in (Agreement.DIFFERS, Agreement.LEFT, Agreement.REPEATED, Agreement.OPEN):
        yield f"{kind.words}: {agreed[kind]}件"
        if kind in {Agreement.DIFFERS, Agreement.OPEN}:
            yield from (f"  {_told(one)}" for one in found if one.agreement is kind)


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return "、".join(f"{words}{count}" for words, count in counts if count) or "なし"


def _told(one: ComparedNotice) -> str:
    program = f"{one.decided.words}（台帳 {one.guarantee_id or 'なし'}）"
    people = (
        one.people.words if one.people is PeoplesWord.NOTHING else f"{one.people.words}（台帳 {one.row or 'なし'}）"
    )
    return f"{one.submission.receipt_number} {one.submission.fields.number} プログラム: {program}、人: {people}"
