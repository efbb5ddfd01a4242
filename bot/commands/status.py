"""`status`: how the machine stands, in a few lines; for a person in the morning and for a watchdog (cron, Nagios).

0 all is well · 1 something is not, and says what · 2 wrong call or wrong settings; `--nagios` has the codes of its own. Asks the database
and the lock only, so it works beside the daemon and without it. `--all` is several offices, a line each (shared/offices.py). Loads little
until it must: a watchdog asks each minute.
"""

from __future__ import annotations

from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.basics import EXIT_FAILED, EXIT_USAGE, config_option, echo_json, json_option, run
from bot.commands.shared.language import command, option
from bot.config.mistakes import ConfigError
from bot.core.text.control_characters import escaped
from bot.probing.glance import Glimpse, glimpse


@command()
@option(
    "--nagios",
    is_flag=True,
    ja="監視の仕組み（Nagios など）向けに1行で示します。終了コードは、0が正常、1が注意、2が異常、3が不明です。警報は、動いている hosho-bot が最後に確かめたもので、確かめられなくなっても6分間は変わりません。",
    en="One line with perfdata for Nagios and its kin; exit code 0 ok, 1 warning, 2 critical, 3 unknown. Its alarms are those that a running daemon last noted; where it can note none any more they stay for six minutes.",
)
@option(
    "--all",
    "places",
    multiple=True,
    metavar="FILES",
    ja="複数の課の設定ファイル（フォルダ、又は '/etc/hosho-bot/*.toml' のような形）を、1課1行で示します。何回でも指定できます。終了コードは、最も悪いものです。",
    en="Several offices, a line each: a folder of settings files, or a pattern for them; may be given several times. The exit code is the worst.",
)
@config_option
@json_option
@run
async def status(*, config_path: Path, as_json: bool, nagios: bool, places: tuple[str, ...]) -> None:
    """Print what database and lock tell, and what is wrong."""
    if places:
        await _tell_offices(places, as_json=as_json, nagios=nagios)
        return
    if nagios:
        code, line = await _for_nagios(config_path)
        click.echo(line)
        raise click.exceptions.Exit(code)
    from bot.commands.shared.standing_words import all_of, lines, plain  # noqa: PLC0415 - slow to load

    now = utc_now()
    stands = await all_of(config_path, now)
    if as_json:
        echo_json({"ok": stands.is_well, "at": now, **plain(stands)})
    else:
        for line in lines(stands):
            click.echo(line)
    if not stands.is_well:
        raise click.exceptions.Exit(EXIT_FAILED)


async def _tell_offices(places: tuple[str, ...], *, as_json: bool, nagios: bool) -> None:
    from bot.commands.shared.offices import settings_files, tell_all  # noqa: PLC0415 - slow to load
    from bot.commands.shared.standing_words import one_line  # noqa: PLC0415 - likewise

    files = settings_files(places)
    if nagios or not files:
        told = (
            f"{'、'.join(places)} に設定ファイルがありません" if not files else "--all と --nagios は、一緒に使えません"
        )
        click.echo(escaped(told), err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    if code := await tell_all(files, one_line, as_json=as_json):
        raise click.exceptions.Exit(code)


_OK, _WARNING, _CRITICAL, _UNKNOWN = range(4)
_NAMES = ("OK", "WARNING", "CRITICAL")


async def _for_nagios(config_path: Path) -> tuple[int, str]:
    """The plugin's exit code and its one line. What the daemon itself has noted lately is enough; else everything is looked at."""
    now = utc_now()
    if seen := await glimpse(config_path, now):
        return _line(seen, runs=True)
    from bot.commands.shared.standing_words import all_of, glimpse_of  # noqa: PLC0415 - slow to load

    try:
        stands = await all_of(config_path, now)
    except (ConfigError, OSError) as error:
        return _UNKNOWN, f"HOSHO UNKNOWN - {' '.join(escaped(str(error)).split()).replace('|', '/')}"
    return _line(glimpse_of(stands), runs=stands.is_running)


def _line(seen: Glimpse, *, runs: bool) -> tuple[int, str]:
    """With perfdata."""
    kinds = sorted(set(seen.alarms))
    can_wait = all(kind.words.can_wait for kind in kinds)
    code = _OK if runs and not kinds else _WARNING if runs and can_wait else _CRITICAL
    words = "、".join([*([] if runs else ["動いていません"]), *(kind.words.title for kind in kinds)]) or "正常"
    figures = {
        "mails_waiting": seen.mails_waiting,
        "letters_waiting": seen.letters_waiting,
        "open_work": seen.open_work,
        "alarms": len(seen.alarms),
        "free": f"{seen.free_bytes}B",
    }
    return code, f"HOSHO {_NAMES[code]} - {words} | {' '.join(f'{name}={value}' for name, value in figures.items())}"
