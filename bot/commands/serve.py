"""`serve`: the daemon. Exit codes as in commands/shared/common.py.

It takes the daemon's lock before it loads what is slow to load: a second one refuses within two seconds.
"""

from __future__ import annotations

import hashlib
import resource
from pathlib import Path

import click

from bot import log
from bot.commands.shared.basics import EXIT_FAILED, config_option, run
from bot.commands.shared.language import command, option
from bot.commands.shared.secrets import read_secrets
from bot.config.settings import Config, load
from bot.core.policy.policy import Formats
from bot.loading import loading
from storage.database.daemon_lock import DaemonLock


@command()
@option(
    "--new-database",
    is_flag=True,
    ja="前にデータベースがあっても、空のものから始めます。作り直すときだけ使ってください。",
    en="Begin with an empty database although there has been one; only to make it anew.",
)
@config_option
@run
async def serve(*, config_path: Path, new_database: bool) -> None:
    """Take the daemon's lock, then load what is slow to load."""
    config = load(config_path)
    log.configure(
        config.log.level, config.log.format, Formats(config.reading.number_patterns, config.reading.key_patterns)
    )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what is in memory holds keys
    try:
        taking = DaemonLock.take(
            config.database_url, beside=True, told=decides_by(config), in_shadow=config.outgoing.shadow
        )
        async with await taking as lock:
            with loading():
                from bot import app, composing  # noqa: PLC0415 - a second of loading, which a refused daemon need not wait for

            log.quieten()  # those that came with it

            def reread() -> Config:
                read = load(config_path)
                read_secrets(read)
                composing.check_own_letters(read)
                masks = Formats(read.reading.number_patterns, read.reading.key_patterns)
                log.configure(config.log.level, config.log.format, masks)
                return read

            composing.check_own_letters(config)
            ended_as_told = await app.serve(config, lock, new_database=new_database, reread=reread)
    except* OSError as group:
        for error in group.exceptions:
            click.echo(f"起動できません: {error}", err=True)
        raise click.exceptions.Exit(EXIT_FAILED) from None
    if not ended_as_told:
        raise click.exceptions.Exit(EXIT_FAILED)


def decides_by(config: Config) -> str:
    """Eight letters that stand for the settings in which daemons of one database must agree: all but doors and places of files."""
    settings = config.model_dump_json(exclude={"smtp", "lmtp", "log", "storage", "monitoring", "backup"})
    return hashlib.sha256(settings.encode()).hexdigest()[:8]
