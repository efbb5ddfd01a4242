"""The command line: `hosho-bot COMMAND`, from a clone `./run COMMAND`. Each command lives in bot/commands.

A command's module is loaded when it is called, or for the list of all: `serve` must be able to refuse within a moment.
"""

from __future__ import annotations

import importlib
import os
from types import MappingProxyType

import click

# The command's name, and where its click command stands.
_COMMANDS = MappingProxyType(
    {
        "serve": "bot.commands.serve:serve",
        "demo": "bot.commands.demo:demo",
        "check-config": "bot.commands.serve:check_config",
        "inspect": "bot.commands.inspect:inspect",
        "register": "bot.commands.register:register",
        "mail": "bot.commands.mail:mail",
        "submissions": "bot.commands.submissions:submissions",
        "outbox": "bot.commands.outbox:outbox",
        "summary": "bot.commands.summary:summary",
        "reminders": "bot.commands.reminders:reminders",
        "letters": "bot.commands.letters:letters",
        "keys": "bot.commands.keys:keys",
        "journal": "bot.commands.journal:journal",
        "consent": "bot.commands.consent:consent",
        "mailbox": "bot.commands.mailbox:mailbox",
        "status": "bot.commands.status:status",
    }
)


class _Lazy(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hosho-bot", prog_name="hosho-bot", version="0.1.0")
def main() -> None:
    """Hosho-bot: reads the key notices of electronic guarantees (電子保証) that contractors mail to a city."""
    os.umask(0o077)  # whatever a command writes holds keys or personal data
