"""`upgrade BUNDLE`: put a version beside the one in use, switch to it, and go back by itself where it does not stay well.

Signature and files are looked at, the new version checks the settings of every office; only then daemons stop, SQLite files are backed
up and `current` is switched. A start that fails, or a `status` worse than before, switches back; a file whose schema has moved is
restored. 0 switched, or already there · 1 not, and all is as it was (said on standard error) · 2 wrong call or settings.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path

import click

from bot.commands.keeping.switching import OfficeUnit, Switch
from bot.commands.shared.common import EXIT_USAGE, actor_option, config_option, run
from bot.commands.shared.language import argument, command, option
from bot.commands.shared.offices import settings_files
from bot.config.settings import load
from bot.core.text.control_characters import escaped
from bot.core.text.told import ToldError
from bot.version import home
from storage.files import sqlite_file


@command()
@argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option(
    "--all",
    "places",
    multiple=True,
    metavar="FILES",
    ja="複数の課の設定ファイル（フォルダ、又は '/etc/hosho-bot/*.toml' のような形）。省略すると --config の1つです。",
    en="The settings of several offices: a folder, or a pattern; else the one of --config.",
)
@option(
    "--signers",
    type=click.Path(dir_okay=False, path_type=Path),
    default="/etc/hosho-bot/allowed_signers",
    show_default=True,
    ja="配布物の署名の公開鍵。",
    en="Who may have signed the bundle.",
)
@option(
    "--home",
    "place",
    type=click.Path(file_okay=False, path_type=Path),
    default=home,
    ja="版を並べて置くフォルダ。省略すると、このプログラムのある所です。",
    en="Where the versions lie [default: where this one does].",
)
@option("--python", default="python3", show_default=True, ja="新しい版の Python。", en="The new version's Python.")
@option(
    "--stop",
    default="systemctl stop {unit}",
    show_default=True,
    ja="止めるコマンド。",
    en="The command that stops a daemon.",
)
@option(
    "--start",
    default="systemctl start {unit}",
    show_default=True,
    ja="起動し、動き出すまで待つコマンド。",
    en="The command that starts a daemon and waits until it runs.",
)
@option(
    "--patience",
    type=click.FloatRange(0),
    default=90.0,
    show_default=True,
    metavar="SECONDS",
    ja="新しい警報がなくなるのを待つ秒数。",
    en="So many seconds a new alarm may last after the start.",
)
@config_option
@actor_option
@run
async def upgrade(  # noqa: PLR0913 - its options
    *,
    bundle: Path,
    places: tuple[str, ...],
    signers: Path,
    place: Path,
    python: str,
    stop: str,
    start: str,
    patience: float,
    config_path: Path,
    actor: str,
) -> None:
    """Install, check, stop, back up, switch, start, look; and back."""
    files = settings_files(places) if places else [config_path]
    if not files:
        click.echo(escaped(f"{'、'.join(places)} に設定ファイルがありません"), err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    files = [file.absolute() for file in files]
    if others := sorted({one for file in files for one in file.parent.glob("*.toml")} - set(files)):
        raise ToldError(
            f"ほかの課の設定があります（{'、'.join(map(str, others))}）。版は共通です。--all で全ての課を指定してください"
        )
    offices = [_office(file) for file in files]
    if not (place / "current").is_symlink():
        raise ToldError(f"{place} に、配布物で入れた版がありません。運用手引きの 1.6 のとおりに入れてください")
    old = (place / "current").readlink().name
    new = _install(bundle, place, signers, python)
    switch = Switch(place, old, new, stop, start, patience, actor)
    switch.may_be_called(offices)
    if new == old:
        switch.start_forgotten(offices)
        click.echo(f"{new} は、もう使われています")
        return
    switch.check(offices)
    await switch.switch_over(offices)
    click.echo(f"{old} から {new} に切り替えました")


def _office(file: Path) -> OfficeUnit:
    config = load(file)
    database = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
    unit = "hosho-bot" if file.stem == "config" else f"hosho-bot@{file.stem}"
    backups = config.backups or config.data_folder / "before-upgrade"
    return OfficeUnit(file, unit, config.data_folder, database, backups)


def _install(bundle: Path, place: Path, signers: Path, python: str) -> str:
    """Put the bundle's version beside the others, by our own `install`, which looks at the signature. Returns its number."""
    with tempfile.TemporaryDirectory(dir=place, prefix=".bundle-") as there:
        _unpack(bundle, Path(there))
        folders = list(Path(there).iterdir())
        if len(folders) != 1:
            raise ToldError(f"{bundle} は、配布物（deploy/bundle で作る tar）ではありません")
        places = ("--bundle", folders[0], "--home", place, "--signers", signers.absolute(), "--python", python)
        call = (home() / "deploy" / "install", *places, "--no-switch")
        if subprocess.run(call, cwd="/", check=False).returncode:  # noqa: S603 - our own
            raise ToldError("導入できないため、何も変えていません")
        about = (folders[0] / "VERSION").read_text("utf-8").splitlines()
    return next(line.removeprefix("version=") for line in about if line.startswith("version="))


def _unpack(bundle: Path, there: Path) -> None:
    """Files and folders of a plain tar, as nobody's. Raises ToldError for anything else: nobody has looked at the signature yet."""
    try:
        with tarfile.open(bundle, "r:") as archive:
            members = archive.getmembers()
            for one in members:
                if not (one.isreg() or one.isdir()) or one.name.startswith("/") or ".." in Path(one.name).parts:
                    raise ToldError(f"{bundle} は、配布物（deploy/bundle で作る tar）ではありません")
                one.uid, one.gid, one.uname, one.gname = 0, 0, "", ""
                one.mode = 0o755 if one.isdir() or one.mode & 0o100 else 0o644
            archive.extractall(there, members)  # noqa: S202 - looked at above; a filter needs Python 3.11.4
    except tarfile.TarError:
        raise ToldError(f"{bundle} を読めません。もう一度複写してください") from None
