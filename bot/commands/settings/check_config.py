"""`check-config`: the settings without the daemon, and what of them can't work on this machine. Exit codes as in commands/shared/common.py.

With `--probe` it is `doctor`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.basics import EXIT_USAGE, config_option, echo_json, json_option, run
from bot.commands.shared.language import command, option
from bot.commands.shared.secrets import read_secrets
from bot.config.mistakes import ConfigError, Mistake
from bot.config.notes import settings_notes
from bot.config.secrecy import without_user
from bot.config.settings import Config, load
from bot.core.deadlines.rules import DeadlineKind
from bot.core.health.diagnosis import judge
from bot.core.health.finding_kinds import MAY_PASS, FindingKind, Severity
from bot.core.health.probe_facts import Fact
from bot.probing import machine
from storage.files import sqlite_file

_ANSWER_SECONDS = 5.0


@command("check-config")
@option(
    "--offline",
    is_flag=True,
    ja="メールサーバーを試しません。",
    en="Do not try the mail servers.",
)
@option(
    "--probe",
    is_flag=True,
    ja="メールサーバー、データベース、時計なども調べます（doctor と同じです）。",
    en="Look at mail servers, database, clock and so on, as doctor does.",
)
@config_option
@json_option
@run
async def check_config(*, config_path: Path, as_json: bool, offline: bool, probe: bool) -> None:
    """Print every mistake in the settings, and what can't work on this machine; else their digest, and what may be trouble just now
    (ports, servers, the relay's refusals), which is no wrong setting: 0.
    """
    if probe:
        from bot.commands.settings.doctor import report  # noqa: PLC0415 - the daemon's reload calls this, and need not wait for it

        await report(config_path, as_json=as_json, offline=offline)
        return
    try:
        config = load(config_path)
        read_secrets(config)
        _check_letters(config)
        notes = await _notes(config, offline=offline)
        refusals = () if offline else await _relays_refusals(config)
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
    if config.outgoing.method != "smtp":
        return ()
    from bot.probing import servers  # noqa: PLC0415 - as above

    return await servers.relays_refusals(config, servers.people_of(config))


def _check_letters(config: Config) -> None:
    """Word every letter once where the city has words of its own. Raises ConfigError with all that is wrong with them."""
    if config.letters.folder is not None:
        from bot.composing import check_own_letters  # noqa: PLC0415 - as above

        check_own_letters(config)


async def _notes(config: Config, *, offline: bool) -> list[str]:
    """What may keep it from working just now. Raises ConfigError with all that can't work here."""
    facts: list[Fact] = list(machine.look(config, runs=await machine.has_daemon(config)))
    if not offline and config.imap.enabled:
        from bot.probing import servers  # noqa: PLC0415 - as above

        facts.append(await servers.reach("imap", config.imap.host, config.imap.port, _ANSWER_SECONDS))
    found = judge(facts, utc_now())
    wrong = [one for one in found if one.severity is Severity.FAULT and one.kind not in MAY_PASS]
    if wrong:
        raise ConfigError(tuple(Mistake(one.key, one.what, one.cure) for one in wrong))
    return [f"{one.what}（{one.cure}）" for one in found if one.kind is not FindingKind.FOLDER_MISSING]


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
    lines += [f"  注意: {note}" for note in settings_notes(config)]
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
