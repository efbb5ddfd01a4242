"""`serve` and `check-config`: the daemon, and its settings without it. Exit codes as in common.py."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bot import app, log
from bot.commands.common import EXIT_FAILED, EXIT_USAGE, config_option, echo_json, json_option, run
from bot.config import Config, ConfigError, Mistake, load


@click.command()
@config_option
@run
async def serve(*, config_path: Path) -> None:
    """Run the daemon until it is told to stop (SIGTERM, Ctrl-C)."""
    config = load(config_path)
    log.configure(config.log.level, config.log.format)
    try:
        await app.serve(config)
    except* OSError as group:
        for error in group.exceptions:
            click.echo(f"起動できません: {error}", err=True)
        raise click.exceptions.Exit(EXIT_FAILED) from None


@click.command("check-config")
@config_option
@json_option
@run
async def check_config(*, config_path: Path, as_json: bool) -> None:
    """Check the settings without starting; say what they amount to."""
    try:
        config = load(config_path)
        _read_secrets(config)
    except ConfigError as error:
        if not as_json:
            raise
        echo_json({"ok": False, "mistakes": [asdict(mistake) for mistake in error.mistakes]})
        raise click.exceptions.Exit(EXIT_USAGE) from None
    if as_json:
        echo_json({"ok": True, "mistakes": []})
        return
    for line in digest(config):
        click.echo(line)


def _read_secrets(config: Config) -> None:
    """Try every password file. Raises ConfigError with all that can't be used."""
    mistakes: list[Mistake] = []
    for secret in (config.imap.password_file if config.imap.enabled else None, config.outgoing.password_file):
        try:
            if secret is not None:
                config.secret(secret)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(tuple(mistakes))


def digest(config: Config) -> list[str]:
    """The settings in a few lines, with what the operator may not have meant."""
    doors = [
        *([f"SMTP {config.smtp.host}:{config.smtp.port}"] if config.smtp.enabled else []),
        *([f"LMTP {config.lmtp.host}:{config.lmtp.port}"] if config.lmtp.enabled else []),
        *([f"IMAP {config.imap.user}@{config.imap.host}:{config.imap.port}"] if config.imap.enabled else []),
        *([f"フォルダ {config.folder.path}"] if config.folder.path else []),
    ]
    outgoing = config.outgoing
    leaves = (
        f"SMTP {outgoing.host}:{outgoing.port}"
        if outgoing.method == "smtp"
        else f"Maildir {config.maildir}（外へは出ません）"
    )
    url = config.database_url
    lines = [
        "設定に誤りはありません。",
        f"  受付アドレス: {'、'.join(config.mail.inboxes)}",
        f"  受信: {'、'.join(doors)}",
        f"  送信: {leaves}",
        f"  担当: {'、'.join(f'{desk.name} <{desk.address}>' for desk in config.desks)}",
        f"  データベース: {url.partition('@')[2] or url}",
    ]
    if not config.mail.authserv_id:
        lines.append("  注意: mail.authserv_id が空のため、差出人を確認せずに返信します")
    if not config.issued.enabled:
        lines.append("  注意: issued.enabled = false のため、発行完了のお知らせは送りません")
    return lines
