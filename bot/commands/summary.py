"""`summary --print|--send`: what the desks' next summary says, now. Exit codes as in commands/shared/common.py."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_USAGE, config_option, echo_json, json_option, run
from bot.commands.shared.language import command, option
from bot.composing import composer_of
from bot.config.to_policy import calendar_of, reminders_of
from bot.office import CommandContext, command_context
from bot.workers.sweeps import Sweeps


def sweeps_of(office: CommandContext) -> Sweeps:
    """The sweeps as a command runs them: the summaries and what is due, no news of issuance."""
    return Sweeps(
        office.store,
        composer_of(office.config, office.letter_secret),
        office.policy,
        calendar_of(office.config),
        utc_now,
        issued_enabled=False,
        reminders=reminders_of(office.config),
    )


@command()
@option("--print", "printed", is_flag=True, ja="画面に示します。送信はしません。", en="Print it; nothing is sent.")
@option(
    "--send",
    is_flag=True,
    ja="時刻にかかわらず、今すぐ担当へ送ります（常駐が行います）。",
    en="Send it to the desks now, whatever the hour (the running daemon does it).",
)
@config_option
@json_option
@run
async def summary(*, printed: bool, send: bool, config_path: Path, as_json: bool) -> None:
    """Print each desk's summary since the last one that was sent, or queue them."""
    if printed == send:
        click.echo("--print か --send のどちらかを指定してください", err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    async with command_context(config_path) as office:
        sweeps = sweeps_of(office)
        if send:
            office.check_may_send()
            click.echo(f"{await sweeps.send_summary()}件の定時報告を送信待ちに入れました")
            return
        since, until = await sweeps.last_span()
        for desk, content in await sweeps.summary(since=since, until=until):
            worded = composer_of(office.config, office.letter_secret).word(content)
            if as_json:
                echo_json(
                    {"to": desk.address, "subject": worded.subject, "text": worded.text, "facts": asdict(content)}
                )
            else:
                click.echo(f"宛先: {desk.name} <{desk.address}>\n件名: {worded.subject}\n\n{worded.text}")
