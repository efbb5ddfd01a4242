"""The command line: `hosho-bot COMMAND`, from a clone `./run COMMAND`. Each command lives in bot/commands.

A command's module is loaded when the command is called, and never for the list of all: `serve` must be able to refuse within
a moment, and the list must be there at once. So what the list says of each command stands here, and is its help, too.
"""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import click

from bot.commands.shared.language import Command, Group, Option, of_click, say
from bot.core.text.control_characters import escaped
from bot.loading import loading
from bot.surroundings import let_go_of_streams, prepare_streams

# The command's name; where it stands; what it is for.
_COMMANDS = MappingProxyType(
    {
        "answers": (
            "bot.commands.answers:answers",
            "担当者の返信の読取り。",
            "What is understood of clerks' answers (担当者の返信).",
        ),
        "backup": (
            "bot.commands.keeping.backup:backup",
            "バックアップと復元。",
            "Copies of the database (バックアップ).",
        ),
        "check-config": (
            "bot.commands.settings.check_config:check_config",
            "起動せずに設定を確かめ、その内容を示します。",
            "Check the settings without starting, and say what they amount to.",
        ),
        "consent": (
            "bot.commands.consent:consent",
            "発行完了のお知らせを送ることへの同意。",
            "Consent to issuance-complete mails (発行完了のお知らせの同意).",
        ),
        "demo": (
            "bot.commands.demo:demo",
            "見本のメールで受信から返信までを動かし、結果を示します。外へは何も送りません。",
            "Run the whole path on sample mails and show what comes out; nothing leaves the machine.",
        ),
        "disposal": (
            "bot.commands.keeping.disposal:disposal",
            "保存期間を過ぎたものの廃棄。",
            "Disposal of what was kept long enough (廃棄).",
        ),
        "doctor": (
            "bot.commands.settings.doctor:doctor",
            "フォルダ、ポート、メールサーバー、鍵、データベース、時計などを調べ、直し方を示します。何も変えません。",
            "Look at folders, ports, mail servers, keys, database, clock and more, and name each cure; nothing is changed.",
        ),
        "init": (
            "bot.commands.settings.init:init",
            "10の質問に答えると、設定ファイル、フォルダ、鍵ファイルなどを作ります。",
            "Ask ten questions, and make settings, folders, key file, unit and snippets.",
        ),
        "inspect": (
            "bot.commands.inspect:inspect",
            "メール（.eml ファイルか、そのフォルダ）がどう処理されるかを示します。送信も保存もしません。",
            "Show what the daemon would do with MAILS (.eml files or folders of them); nothing is sent or kept.",
        ),
        "journal": ("bot.commands.journal:journal", "操作の記録。", "The journal (操作の記録)."),
        "keys": ("bot.commands.keys:keys", "データベースの鍵。", "The keys of the database (鍵ファイル)."),
        "letters": ("bot.commands.letters:letters", "送るメールの文面。", "The letters (文面)."),
        "mail": ("bot.commands.mail:mail", "受信メール。", "Incoming mail (受信メール)."),
        "mailbox": (
            "bot.commands.mailbox:mailbox",
            "IMAP で見ている受信箱。",
            "The mailbox that is watched by IMAP (受信箱).",
        ),
        "outbox": ("bot.commands.outbox:outbox", "送信メール。", "Outgoing mail (送信メール)."),
        "personal-data": (
            "bot.commands.keeping.personal_data:personal_data",
            "1つのアドレスについて保存しているもの。",
            "What is kept of one address (個人情報の開示).",
        ),
        "register": ("bot.commands.register:register", "保証の台帳。", "The register of guarantees (台帳)."),
        "reminders": (
            "bot.commands.reminders:reminders",
            "期限と、それを知らせる相手。",
            "Deadlines: what is due, and who is told of it.",
        ),
        "serve": (
            "bot.commands.serve:serve",
            "常駐します。SIGTERM か Ctrl-C で止まります。",
            "Run the daemon until it is told to stop (SIGTERM, Ctrl-C).",
        ),
        "shadow": (
            "bot.commands.comparing.shadow:shadow",
            "試験運用（人と並べて動かす）の結果。",
            "Shadow mode: how often the program and the people agreed (試験運用).",
        ),
        "status": (
            "bot.commands.status:status",
            "今の状態を示します。異常があれば、終了コードが1になります。",
            "Show how the machine stands; exit code 1 when something is wrong.",
        ),
        "storage": ("bot.commands.keeping.moving:storage", "データベース。", "The database."),
        "submissions": (
            "bot.commands.submissions:submissions",
            "提出された認証キーのお知らせ（受付）。",
            "Submitted key notices (受付).",
        ),
        "summary": (
            "bot.commands.summary:summary",
            "前回のあとの分について、いま担当に届くはずの定時報告。",
            "The summary that the desks would get now: since the last one that was sent.",
        ),
        "upgrade": (
            "bot.commands.keeping.upgrade:upgrade",
            "配布物の版に切り替え、うまくいかなければ元の版に戻します。",
            "Switch to the version of a bundle, and back by itself where that fails.",
        ),
    }
)


class _Lazy(Group):
    """A group that imports a command when it is asked for, and says in one line why nothing can be written."""

    def main(self, *args: Any, **extra: Any) -> Any:
        prepare_streams()
        try:
            return super().main(*args, **extra)
        except OSError as error:  # but a closed pipe, which is click's: a full disk behind a redirection
            with suppress(OSError):
                click.echo(escaped(f"出力できません: {error.strerror or error}"), err=True)
            raise SystemExit(1) from None
        finally:
            let_go_of_streams()

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        place, japanese, english = _COMMANDS[name]
        module, _, attribute = place.partition(":")
        with loading():
            command: Command = getattr(importlib.import_module(module), attribute)
        command.ja, command.en = japanese, english
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(of_click("Commands")):
            formatter.write_dl([(name, say(*words)) for name, (_, *words) in _COMMANDS.items()])


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's order
    if wanted and not context.resilient_parsing:
        from bot.version import version  # noqa: PLC0415 - other commands need not load it

        click.echo(f"hosho-bot {version()}")
        context.exit()


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    ja="公共工事の電子保証について、受注者がメールで提出する認証キーのお知らせを読み取ります。",
    en="Hosho-bot: reads the key notices of electronic guarantees (電子保証) that contractors mail to a city.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    cls=Option,
    ja="版と、分かるときはコミット、データベースの形の番号を表示します。",
    en="Show the version, its commit where known and the number of the database's schema, and exit.",
)
def main() -> None:
    """Begin every command: whatever it writes holds keys or personal data."""
    os.umask(0o077)
