"""`serve` and `check-config`: the daemon, and its settings without it. Exit codes as in commands/shared/common.py.

`serve` takes the daemon's lock before it loads what is slow to load: a second one refuses within two seconds.
"""

from __future__ import annotations

import hashlib
import resource
from dataclasses import asdict
from pathlib import Path

import click

from bot import log
from bot.commands.shared.basics import EXIT_FAILED, EXIT_USAGE, config_option, echo_json, json_option, run
from bot.commands.shared.language import command, option
from bot.config.mistakes import ConfigError, Mistake
from bot.config.notes import unproven_senders
from bot.config.secrecy import without_user
from bot.config.settings import Config, load
from bot.core.deadlines.rules import DeadlineKind
from bot.core.policy.policy import Formats
from bot.loading import loading
from storage.database.daemon_lock import DaemonLock
from storage.errors import StoreError
from storage.files import sqlite_file


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
        async with await DaemonLock.take(config.database_url, beside=True, told=decides_by(config)) as lock:
            with loading():
                from bot import app, composing  # noqa: PLC0415 - a second of loading, which a refused daemon need not wait for

            log.quieten()  # those that came with it

            def reread() -> Config:
                read = load(config_path)
                _read_secrets(read)
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


@command("check-config")
@option(
    "--offline",
    is_flag=True,
    ja="中継サーバーを試しません。",
    en="Do not try the relay.",
)
@config_option
@json_option
@run
async def check_config(*, config_path: Path, as_json: bool, offline: bool) -> None:
    """Print every mistake in the settings, and what can't work on this machine; else their digest, and what may be trouble just now
    (ports, servers, the relay's refusals), which is no wrong setting: 0.
    """
    from bot.commands.shared import world  # noqa: PLC0415 - as below

    try:
        config = load(config_path)
        _read_secrets(config)
        _check_letters(config)
        world.check(config)
        notes = await world.notes(config, offline=offline)
        refusals = await _relays_refusals(config) if config.outgoing.method == "smtp" and not offline else ()
    except ConfigError as error:
        if not as_json:
            raise
        echo_json({"ok": False, "mistakes": [asdict(mistake) for mistake in error.mistakes]})
        raise click.exceptions.Exit(EXIT_USAGE) from None
    if as_json:
        echo_json({"ok": True, "mistakes": [], "relay": refusals} | ({"notes": notes} if notes else {}))
        return
    for line in (*digest(config), *(f"  注意: {note}" for note in (*notes, *refusals))):
        click.echo(line)


async def _relays_refusals(config: Config) -> tuple[str, ...]:
    from bot.connecting import relays_refusals  # noqa: PLC0415 - as below

    return await relays_refusals(config)


def decides_by(config: Config) -> str:
    """Eight letters that stand for the settings in which daemons of one database must agree: all but doors and places of files."""
    settings = config.model_dump_json(exclude={"smtp", "lmtp", "log", "storage"})
    return hashlib.sha256(settings.encode()).hexdigest()[:8]


def _read_secrets(config: Config) -> None:
    """Try every password file, and the key file if there is one yet. Raises ConfigError with all that can't be used."""
    from storage.keys.key_file import KeyFile  # noqa: PLC0415 - ciphers, which a refused daemon need not wait for

    mistakes: list[Mistake] = []
    try:
        if config.key_file.exists():
            KeyFile(config.key_file).vault()
    except StoreError as error:
        mistakes.append(Mistake("storage.key_file", str(error), ""))
    imap = config.imap.password_file if config.imap.enabled else None
    for secret in (imap, config.outgoing.password_file, config.oauth.secret_file):
        try:
            if secret is not None:
                config.secret(secret)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(tuple(mistakes))


def _check_letters(config: Config) -> None:
    """Word every letter once where the city has words of its own. Raises ConfigError with all that is wrong with them."""
    if config.letters.folder is not None:
        from bot.composing import check_own_letters  # noqa: PLC0415 - as above

        check_own_letters(config)


def _key_note(config: Config) -> str:
    if config.key_file.exists():
        return ""
    file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite") else None
    if file is not None and file.exists():
        return "（ありません。データベースがあるので、控えから元に戻してください）"
    return "（まだありません。最初の起動で作ります）"


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
    lines = [
        "設定に誤りはありません。",
        f"  受付アドレス: {'、'.join(config.inboxes)}",
        f"  受信: {'、'.join(doors)}",
        f"  送信: {leaves}",
        f"  担当: {'、'.join(f'{desk.name} <{desk.address}>' for desk in config.desks)}",
        f"  データベース: {without_user(config.database_url)}",
        f"  鍵ファイル: {config.key_file}{_key_note(config)}",
    ]
    if config.data_folder in config.key_file.parents:
        lines.append("  注意: 鍵ファイルがデータのフォルダの中にあります。別の場所に置いてください（storage.key_file）")
    lines += [f"  注意: {note}" for note in unproven_senders(config)]
    if not config.issued.enabled:
        lines.append("  注意: issued.enabled = false のため、発行完了のお知らせは送りません")
    return lines + _watched(config)


def _watched(config: Config) -> list[str]:
    """Which deadlines are watched."""
    from bot.config.to_policy import reminders_of  # noqa: PLC0415 - as above

    lines: list[str] = []
    watched = reminders_of(config)
    if watched.is_on:
        titles = [kind.heading for kind in DeadlineKind if watched.of(kind)]
        lines.append(
            f"  期限の見張り: {' / '.join(titles) or '（担当への分はなし）'}{' / 受注者へのお願い' if watched.contractor else ''}"
        )
        without = [desk.name for desk in config.desks if not desk.deputy and not desk.head]
        if watched.of(DeadlineKind.HELD_TOO_LONG) and without:
            lines.append(
                f"  注意: {'、'.join(without)} には deputy も head もなく、待っているものは定時報告だけに載ります"
            )
    return lines
