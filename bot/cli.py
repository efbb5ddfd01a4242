"""The command line: `hosho-bot COMMAND`, from a clone `./run COMMAND`. Each command lives in bot/commands."""

from __future__ import annotations

import click

from bot.commands.demo import demo
from bot.commands.inspect import inspect
from bot.commands.mail import mail
from bot.commands.outbox import optout, outbox
from bot.commands.register import register
from bot.commands.serve import check_config, serve
from bot.commands.submissions import submissions
from bot.commands.summary import summary


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hosho-bot", prog_name="hosho-bot", version="0.1.0")
def main() -> None:
    """Hosho-bot: reads the key notices of electronic guarantees (電子保証) that contractors mail to a city."""


for command in (serve, demo, check_config, inspect, register, mail, submissions, outbox, summary, optout):
    main.add_command(command)
