"""`reminders list|done`: what is due and who would be told; and that something is dealt with, where nothing else says so.

Nothing is sent here. Exit codes as in commands/shared/common.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_USAGE, actor_option, config_option, echo_json, json_option, run, show
from bot.commands.shared.json_rows import JsonRow
from bot.commands.shared.language import Group, argument, option
from bot.composing import composer_of
from bot.config.to_policy import calendar_of, reminders_of
from bot.core.deadlines.facts import DueItem
from bot.core.deadlines.rules import DeadlineKind
from bot.core.text.dates import JAPAN
from bot.core.text.lazy_pattern import LazyPattern
from bot.office import CommandContext, command_context
from bot.workers.reminders import Found, Reminders

_ABOUT = LazyPattern(r"guarantee/[0-9]+/[0-9]+|submission/[0-9]{8}-[0-9]+-[0-9]+|mail/[0-9]+")


reminders = Group("reminders")


@reminders.command("list", ja="その日に期限を知らせるものと、送るはずのメールを示します。送信はしません。")
@option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    ja="見る日。省略すると、今日です。",
    en="The day to look at, today when left out.",
)
@config_option
@json_option
@run
async def list_(*, day: datetime | None, config_path: Path, as_json: bool) -> None:
    """List what is due on the day, and the mails that would go out; nothing is sent."""
    async with command_context(config_path) as office:
        calendar = calendar_of(office.config)
        now = utc_now()
        if day is not None:
            now = datetime.combine(day.date(), calendar.opens_at, JAPAN)
        found = await _reminders(office).found(now)
        is_on = _reminders(office).is_on
    rows = [_row(route.due, route.address, route.absent, found) for route in found.routes]
    rows += [_row(due, due.guarantee.email, (), found) for due in found.of_contractors if due.guarantee is not None]
    if as_json:
        for row in rows:
            echo_json(row)
        return
    if not is_on:
        click.echo("期限を見張る設定がありません（設定の [reminders] に日数を書いてください）")
        return
    today = now.astimezone(JAPAN).date()
    click.echo(f"{today:%Y-%m-%d}（{'開庁日' if calendar.is_open(today) else '閉庁日のため、メールは送りません'}）")
    titles = {
        "kind_text": "種類",
        "name": "対象",
        "what": "内容",
        "note": "期限",
        "to": "知らせる先",
        "told_on": "前回",
        "about": "番号",
    }
    show(rows, as_json=False, titles=titles)
    if calendar.is_open(today):
        for line in _mails(found):
            click.echo(line)


def _reminders(office: CommandContext) -> Reminders:
    return Reminders(
        office.store,
        composer_of(office.config, office.letter_secret),
        office.policy,
        calendar_of(office.config),
        utc_now,
        reminders_of(office.config),
    )


def _row(due: DueItem, to: str, absent: tuple[str, ...], found: Found) -> JsonRow:
    """`told_on`: when a mail told it last; desks read it in each summary."""
    key = (due.kind, due.about, to.strip().casefold())
    return {
        "kind": due.kind.value,
        "kind_text": due.kind.heading,
        "about": due.about,
        "name": due.name,
        "what": due.what,
        "note": due.note,
        "since": due.since,
        "due_on": due.due_on,
        "deadline": due.deadline,
        "level": due.level,
        "desks": list(due.desks),
        "to": to,
        "absent": list(absent),
        "told_on": next((one.told_on for one in found.told if one.key == key), None),
    }


def _mails(found: Found) -> Iterator[str]:
    """The mails of the day in a line each; desks read theirs in their summaries."""
    for draft in found.drafts:
        letter = draft.draft.context.letter.words
        yield f"送るメール: {draft.draft.recipient} へ「{letter}」（{len(draft.told)}件）"


@reminders.command(ja="対象（reminders list の「番号」）に対応したことを記録し、知らせるのをやめます。")
@argument("kind", type=click.Choice([kind.value for kind in DeadlineKind]))
@argument("about")
@option("--note", default="", ja="どう対応したか（記録に残します）。", en="How it was dealt with; for the journal.")
@option("--remove", is_flag=True, ja="取り消して、また知らせます。", en="Take it back: tell it again.")
@config_option
@actor_option
@run
async def done(kind: str, about: str, *, note: str, remove: bool, config_path: Path, actor: str) -> None:
    """Say that ABOUT (as `reminders list` numbers it) is dealt with, and is to be told no more."""
    if not _ABOUT.fullmatch(about):
        click.echo(f"{about}: reminders list の「番号」の形（submission/… など）で書いてください", err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    async with command_context(config_path) as office:
        if remove:
            await office.store.deadlines.resume(DeadlineKind(kind), about, actor=actor)
        else:
            await office.store.deadlines.end(DeadlineKind(kind), about, actor=actor, note=note)
    click.echo(f"{about}: {'また知らせます' if remove else '今後は知らせません'}")
