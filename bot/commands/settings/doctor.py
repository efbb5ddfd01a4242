"""`doctor`: what stands against this installation, each thing with its cure; and a test mail there and back.

0 nothing to do · 1 a person should look · 2 something does not work. It changes nothing, and works beside the daemon and without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from bot import log
from bot.clock import utc_now
from bot.commands.settings.trial_mail import there_and_back
from bot.commands.shared.basics import config_option, echo_json, json_option, run
from bot.commands.shared.language import command, option
from bot.commands.shared.secrets import unusable_secrets
from bot.composing import check_own_letters
from bot.config.mistakes import ConfigError, Mistake
from bot.config.settings import Config, load
from bot.config.to_policy import policy_of
from bot.core.health.diagnosis import judge
from bot.core.health.finding_kinds import Finding, FindingKind, Severity
from bot.core.health.probe_facts import Alarms, Fact
from bot.core.text.control_characters import escaped
from bot.intake.imap.cursor import MailboxCursor
from bot.probing import machine, servers, stored
from bot.probing.alarms import alarms_seen
from bot.wiring import imap_settings_of
from storage.errors import StoreError
from storage.store import KeyFile, Store


@command()
@option("--offline", is_flag=True, ja="メールサーバーを試しません。", en="Do not try the mail servers.")
@option(
    "--mail",
    is_flag=True,
    ja="受付のアドレスへ試しのメールを1通送り、戻るまで待ちます（常駐しているときだけ）。返信はされません。",
    en="Send a test mail to our own inbox and wait until it is back; the daemon must run.",
)
@config_option
@json_option
@run
async def doctor(*, config_path: Path, as_json: bool, offline: bool, mail: bool) -> None:
    """Look at everything that the settings name."""
    await report(config_path, as_json=as_json, offline=offline, mail=mail)


async def report(config_path: Path, *, as_json: bool, offline: bool, mail: bool = False) -> None:
    """Print all findings; the worst one gives the exit code."""
    found = await examine(config_path, offline=offline, mail=mail)
    code = max((one.severity.exit_code for one in found), default=0)
    if as_json:
        echo_json({"ok": code == 0, "findings": [_plain(one) for one in found]})
    else:
        for line in _lines(found):
            click.echo(escaped(line))
    if code:
        raise click.exceptions.Exit(code)


def _plain(one: Finding) -> dict[str, str]:
    return {
        "kind": one.kind.value,
        "severity": one.severity.value,
        "key": one.key,
        "what": one.what,
        "cure": one.cure,
    }


def _lines(found: Sequence[Finding]) -> list[str]:
    lines = [
        line
        for severity in Severity
        for one in found
        if one.severity is severity
        for line in (f"{severity.word} {one.key}: {one.what}。", f"    → {one.cure}。")
    ]
    counts = "、".join(f"{one.word}{sum(each.severity is one for each in found)}件" for one in Severity)
    return [*lines, f"{counts}です。" if found else "異常は見つかりませんでした。"]


async def examine(config_path: Path, *, offline: bool = False, mail: bool = False) -> tuple[Finding, ...]:
    """All that is found."""
    try:
        config = load(config_path)
    except ConfigError as error:
        return _of_mistakes(FindingKind.SETTING_WRONG, error.mistakes)
    log.configure("error", config.log.format, policy_of(config).formats)
    wrong = unusable_secrets(config)
    found = [*_of_mistakes(FindingKind.SETTING_WRONG, wrong), *_of_letters(config)]
    seen = await _of_machine(config)
    facts = seen.facts
    if not offline and not wrong:
        facts += await _of_servers(config, seen)
    found += judge(facts, utc_now())
    if mail and not any(one.severity is Severity.FAULT for one in found):
        found += await there_and_back(config)
    return tuple(found)


def _of_mistakes(kind: FindingKind, mistakes: Sequence[Mistake]) -> tuple[Finding, ...]:
    return tuple(kind.found(one.key, what=one.what, cure=one.cure) for one in mistakes)


def _of_letters(config: Config) -> tuple[Finding, ...]:
    try:
        check_own_letters(config)
    except ConfigError as error:
        return _of_mistakes(FindingKind.LETTERS_WRONG, error.mistakes)
    return ()


@dataclass(slots=True)
class _Seen:
    """What is seen without the mail servers. `cursor`: how far the mailbox was read. `selectors`: of stored mails' DKIM."""

    facts: list[Fact] = field(default_factory=list)
    cursor: MailboxCursor | None = None
    selectors: frozenset[str] = frozenset()


async def _of_machine(config: Config) -> _Seen:
    runs, now = await machine.has_daemon(config), utc_now()
    seen = _Seen([*machine.look(config, runs=runs), *machine.look_further(config, now)])
    is_fit = not any(
        one.severity is Severity.FAULT and one.key.startswith("storage.") for one in judge(seen.facts, now)
    )
    fact, may_open = await stored.database(config)
    seen.facts.append(fact)
    if not (may_open and is_fit and config.key_file.exists()):
        return seen
    try:
        async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=utc_now) as store:
            seen.facts.append(await stored.last_mails(config, store))
            seen.selectors = await stored.dkim_selectors(store, config.inboxes[0].rpartition("@")[2])
            seen.facts.append(Alarms(await alarms_seen(config, store, now, runs=runs)))
            if config.imap.enabled:
                memory = await store.mailboxes.memory(imap_settings_of(config).name)
                with suppress(KeyError, ValueError):
                    seen.cursor = MailboxCursor.of(memory) if memory else None
    except StoreError as error:
        seen.facts.append(stored.trouble(config, error))
    return seen


async def _of_servers(config: Config, seen: _Seen) -> list[Fact]:
    async def relay() -> list[Fact]:
        return [await servers.relay(config, servers.people_of(config))] if config.outgoing.method == "smtp" else []

    async def mailbox() -> list[Fact]:
        if not config.imap.enabled:
            return []
        server, box = await servers.mailbox(config, seen.cursor)
        return [server, *([box] if box else [])]

    async def own_domains() -> list[Fact]:
        if not config.mail.check_dns:
            return []
        from bot.probing import domain  # noqa: PLC0415 - a library that nothing else needs

        return [*await domain.look(config, seen.selectors)]

    return [fact for facts in await asyncio.gather(relay(), mailbox(), own_domains()) for fact in facts]
