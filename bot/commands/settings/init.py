"""`init`: ten questions, then the settings, the folders, the key file, the unit and what Postfix or Dovecot need.

It overwrites nothing. As root it gives what it makes to the service's user. Exit codes as in commands/shared/basics.py.
"""

from __future__ import annotations

import os
import pwd
import tomllib
from collections.abc import Mapping
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.settings.questions import IMAP_PASSWORD, QUESTIONS, RELAY_PASSWORD, Question, tables
from bot.commands.settings.snippets import snippets
from bot.commands.shared.basics import EXIT_FAILED, config_option, run
from bot.commands.shared.language import command, option
from bot.config.example import written
from bot.config.mistakes import ConfigError, Mistake
from bot.config.secrecy import password_file
from bot.config.settings import Config, check
from bot.core.health.diagnosis import judge
from bot.core.health.finding_kinds import MAY_PASS, Severity
from bot.core.text.control_characters import escaped
from bot.files import Folder
from bot.probing import machine
from storage.files import make_folder
from storage.keys.key_file import KeyFile

_USER = "hosho-bot"
_SETUP = "setup"
_HEAD = "# Hosho-bot の設定。./run init で作りました。\n# 確かめるには: ./run check-config と ./run doctor\n"


@command()
@option(
    "--answers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="質問の答えを書いた TOML ファイル。書くと、何もたずねません。",
    en="A TOML file with the answers; nothing is asked then.",
)
@config_option
@run
async def init(*, config_path: Path, answers: Path | None) -> None:
    """Ask, check all of it, then write."""
    for line in _init(config_path.absolute(), answers):  # noqa: ASYNC240 - nothing else runs
        click.echo(escaped(line))


def _init(file: Path, answers: Path | None) -> list[str]:
    """What was made, and what is left to do."""
    _refuse_to_overwrite(file, file.parent / _SETUP)
    told = _from_file(answers) if answers else _asked()
    text = written(_HEAD, tables(told))
    config = check(tomllib.loads(text), file.parent)
    _refuse_to_overwrite(config.key_file)
    found = judge(list(machine.look(config, runs=False)), utc_now())
    if wrong := [one for one in found if one.severity is Severity.FAULT and one.kind not in MAY_PASS]:
        raise ConfigError(tuple(Mistake(one.key, one.what, one.cure) for one in wrong))
    return _next(file, _write(config, file, text, told))


def _refuse_to_overwrite(*places: Path) -> None:
    for place in places:
        if place.exists() or place.is_symlink():
            click.echo(
                escaped(f"{place} は既にあります。init は何も書き換えません（--config で別の場所を指定できます）"),
                err=True,
            )
            raise click.exceptions.Exit(EXIT_FAILED)


# -- the answers


def _asked() -> dict[str, str]:
    click.echo("10の質問に答えてください。［ ］内は、そのまま Enter を押したときの答えです。やめるときは Ctrl-C です。")
    told: dict[str, str] = {}
    for question in QUESTIONS:
        if question.is_asked(told):
            told[question.key] = _answer(question, told)
        else:
            told[question.key] = ""
    return told


def _answer(question: Question, told: Mapping[str, str]) -> str:
    number = f"{question.number}. " if question.number else ""
    default = question.default(told) if question.default else None
    while True:
        shown = f"［{default}］" if default else ""
        text = click.prompt(
            f"{number}{question.words}{shown}",
            default="" if default is None else default,
            show_default=False,
            hide_input=question.is_secret,
        )
        try:
            return question.check(str(text).strip())
        except ValueError as error:
            click.echo(f"   → {error}")


def _from_file(file: Path) -> dict[str, str]:
    """The answers of a file. Raises ConfigError with all that is wrong with them."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            (Mistake(str(file), f"TOMLとして読めません（{error}）", "UTF-8 のTOMLにしてください"),)
        ) from None
    names = {question.key for question in QUESTIONS}
    wrong = [
        Mistake(name, "知らない項目です", f"使えるのは {'、'.join(sorted(names))} です") for name in data.keys() - names
    ]
    if any(question.is_secret and question.key in data for question in QUESTIONS):
        wrong += password_file(file, file.stat().st_mode, str(file))
    told: dict[str, str] = {}
    for question in QUESTIONS:
        given = data.get(question.key)
        if given is None and (not question.is_asked(told) or question.default):
            told[question.key] = question.default(told) if question.default and question.is_asked(told) else ""
            continue
        try:
            told[question.key] = question.check(str("" if given is None else given).strip())
        except ValueError as error:
            told[question.key] = ""
            wrong.append(Mistake(question.key, "この答えは使えません", str(error)))
    if wrong:
        raise ConfigError(tuple(wrong))
    return told


# -- the files


def _write(config: Config, file: Path, text: str, told: Mapping[str, str]) -> list[Path]:
    """Make everything; the settings last, since they say that all is there."""
    owner = _owner()
    for folder in (file.parent, config.data_folder, config.key_file.parent):
        if owner:  # who passes through them to his own
            folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        make_folder(folder)
    for folder in (config.data_folder, config.key_file.parent):
        _give(folder, owner)
    KeyFile(config.key_file).vault(may_create=True)
    _give(config.key_file, owner)
    made = [config.data_folder, config.key_file]
    with Folder.open(file.parent) as here:
        for name, secret in ((IMAP_PASSWORD, told["imap_password"]), (RELAY_PASSWORD, told["relay_password"])):
            if secret:
                here.write_new(name, f"{secret}\n".encode())
                _give(file.parent / name, owner)
                made.append(file.parent / name)
        with here.inside(_SETUP) as setup:
            for name, content in snippets(config, file).items():
                setup.write_new(name, content.encode())
                made.append(file.parent / _SETUP / name)
        here.write_new(file.name, text.encode())
    if owner:  # the service reads it, and does not change it
        os.chown(file, 0, owner.pw_gid)
        file.chmod(0o640)
        if file.parent.stat().st_mode & 0o077 == 0:
            os.chown(file.parent, 0, owner.pw_gid)
            file.parent.chmod(0o750)
    return [*made, file]


def _owner() -> pwd.struct_passwd | None:
    """The service's user, for root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        return None


def _give(place: Path, owner: pwd.struct_passwd | None) -> None:
    if owner:
        os.chown(place, owner.pw_uid, owner.pw_gid)


def _next(file: Path, made: list[Path]) -> list[str]:
    setup = file.parent / _SETUP
    return [
        "作りました。",
        *(f"  {place}" for place in made),
        "次にすること:",
        f"  ・鍵ファイルの控えを、別の場所に取る（失うと、メールは二度と読めません）: {made[1]}",
        f"  ・{setup} の hosho-bot.service などを /etc/systemd/system に、ほかは Postfix か Dovecot に加える",
        f"  ・./run check-config --config {file}",
        f"  ・./run doctor --config {file}",
    ]
