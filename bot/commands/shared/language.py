"""The language of the command line: Japanese, or English where `--lang en` or the locale asks for it.

Used by bot/cli.py and every command: their groups, commands, options and arguments are made here, and so are click's own
words. Each help text stands once a language, side by side. What a command prints beyond its help is Japanese. Raises nothing.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any

import click
from click.types import StringParamType

from bot.core.text.lazy_pattern import LazyPattern
from bot.surroundings import as_typed

_ENGLISH = LazyPattern(r"en(?:[._@-]|$)")

_is_english = ContextVar("is_english", default=False)


def choose(asked: str | None) -> None:
    """Speak the language asked for ("ja", "en"); else English in an English locale, and Japanese in every other."""
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    _is_english.set(asked == "en" if asked in {"ja", "en"} else bool(_ENGLISH.match(locale)))


def say(japanese: str, english: str) -> str:
    """Give the one that is spoken now."""
    return english if _is_english.get() else japanese


OF_CLICK = MappingProxyType(
    {
        "Usage:": "使い方:",
        "Options": "オプション",
        "Commands": "コマンド",
        "Show this message and exit.": "この説明を表示します。",
        "default: {default}": "既定値: {default}",
        "env var: {var}": "環境変数: {var}",
        "required": "必須",
        "(dynamic)": "実行時に決まります",
        "Error: {message}": "エラー: {message}",
        "Try '{command} {option}' for help.": "使い方は {command} {option} で確かめられます。",
        "Did you mean {possibility}?": "{possibility} ではありませんか。",
        "(Did you mean one of: {possibilities}?)": "次のどれかではありませんか: {possibilities}",
        "Missing command.": "コマンドを指定してください。",
        "No such command {name!r}.": "{name!r} というコマンドはありません。",
        "No such option {name!r}.": "{name!r} というオプションはありません。",
        "Missing argument": "引数を指定してください:",
        "Missing option": "オプションを指定してください:",
        "Missing parameter": "値を指定してください:",
        "Missing {param_type}": "値を指定してください（{param_type}）:",
        "Missing parameter: {param_name}": "値を指定してください: {param_name}",
        "Choose from:\n\t{choices}": "次から選んでください:\n\t{choices}",
        "Got unexpected extra argument ({args})": "余分な引数があります（{args}）",
        "Got unexpected extra arguments ({args})": "余分な引数があります（{args}）",
        "Option {name!r} requires an argument.": "オプション {name!r} には値が必要です。",
        "Option {name!r} requires {nargs} arguments.": "オプション {name!r} には{nargs}個の値が必要です。",
        "Option {name!r} does not take a value.": "オプション {name!r} に値は付けられません。",
        "Argument {name!r} takes {nargs} values.": "引数 {name!r} には{nargs}個の値が必要です。",
        "Invalid value: {message}": "値が正しくありません: {message}",
        "Invalid value for {param_hint}: {message}": "{param_hint} の値が正しくありません: {message}",
        "{value!r} is not {choice}.": "{value!r} は使えません。使えるのは {choice} です。",
        "{value!r} is not one of {choices}.": "{value!r} は使えません。次から選んでください: {choices}",
        "{value!r} does not match the format {format}.": "{value!r} は日付の形（2026-11-30 など）になっていません。",
        "{value!r} does not match the formats {formats}.": "{value!r} は {formats} の形になっていません。",
        "{value!r} is not a valid {number_type}.": "{value!r} は数ではありません。",
        "{value} is not in the range {range}.": "{value} は範囲（{range}）の外です。",
        "{value!r} is not a valid boolean. Recognized values: {states}": "{value!r} は使えません。使えるのは {states} です。",
        "{name} {filename!r} does not exist.": "{filename!r} がありません。",
        "{name} {filename!r} is a file.": "{filename!r} はフォルダではなく、ファイルです。",
        "{name} {filename!r} is a directory.": "{filename!r} はファイルではなく、フォルダです。",
        "{name} {filename!r} is not readable.": "{filename!r} を読む権限がありません。",
        "{name} {filename!r} is not writable.": "{filename!r} に書く権限がありません。",
        "{name} {filename!r} is not executable.": "{filename!r} を実行する権限がありません。",
        "Could not open file {filename!r}: {message}": "{filename!r} を開けません: {message}",
        "unknown error": "原因不明",
        "Repeat for confirmation": "確認のため、もう一度",
        "Error: The two entered values do not match.": "エラー: 2回の入力が一致しません。",
        "Error: invalid input": "エラー: y か n で答えてください",
        "Aborted!": "中止しました。",
    }
)
"""click's messages."""

_PLACEHOLDERS = MappingProxyType(
    {
        "OPTIONS": "オプション",
        "COMMAND": "コマンド",
        "ARGS": "引数",
        "TEXT": "文字列",
        "INTEGER": "整数",
        "FILE": "ファイル",
        "DIRECTORY": "フォルダ",
        "PATH": "パス",
        "ADDRESS": "アドレス",
        "ABOUT": "対象",
        "GUARANTEE": "保証",
        "MAIL_ID": "メール番号",
        "MAILS": "メール",
        "OUTBOX_ID": "送信番号",
        "RECEIPT_NUMBER": "受付番号",
        "KIND/ID": "種類/番号",
        "NUMBER:HASH": "番号:ハッシュ",
        "%Y-%m-%d": "年-月-日",
    }
)
"""What stands for a value in a usage line."""
_PLACEHOLDER = LazyPattern("|".join(sorted(_PLACEHOLDERS, key=len, reverse=True)))


def of_click(message: str) -> str:
    """A message of click's in the language spoken."""
    return say(OF_CLICK.get(message, message), message)


def _of_click(singular: str, plural: str, count: int) -> str:
    return of_click(singular if count == 1 else plural)


# click takes gettext's functions when it is loaded, and these read compiled catalogues only.
for _module in (click.core, click.exceptions, click.formatting, click.parser, click.termui, click.types):
    vars(_module).update(_=of_click, ngettext=_of_click)


def _placed(metavar: str) -> str:
    return say(_PLACEHOLDER.sub(lambda found: _PLACEHOLDERS[found[0]], metavar), metavar)


class _Formatter(click.HelpFormatter):
    """Breaks Japanese by columns, of which a character takes two; click counts characters and breaks at blanks."""

    def write_text(self, text: str) -> None:
        if _is_english.get():
            return super().write_text(text)
        for line in _folded(text, self.width - self.current_indent):
            self.write(f"{'':{self.current_indent}}{line}".rstrip() + "\n")
        return None

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        column = min(max(_columns(first) for first, _ in rows), col_max) + col_spacing
        for first, second in rows:
            lines = _folded(second, self.width - self.current_indent - column)
            gap = column - _columns(first)
            begins = [f"{first}{'':{gap}}{lines.pop(0)}"] if gap >= col_spacing else [first]
            for line in (*begins, *(f"{'':{column}}{line}" for line in lines)):
                self.write(f"{'':{self.current_indent}}{line}".rstrip() + "\n")


# A word or a character, with the brackets and marks that do not part from it.
_UNIT = LazyPattern(r"[（「『]*(?:[!-~]+|.)[、。，．：）」』ーっゃゅょッャュョ]*")


def _folded(text: str, columns: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.append("")
        for unit in _UNIT.findall(paragraph):
            if lines[-1] and _columns(lines[-1] + unit.rstrip()) > columns:
                lines.append("")
            lines[-1] = (lines[-1] + unit).lstrip()
    return lines


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


class _Context(click.Context):
    formatter_class = _Formatter


class _InBoth:
    """A help text in both languages: `ja`, and `en`, which is the docstring where nothing else is said."""

    def __init__(self, *args: Any, ja: str = "", en: str | None = None, **attributes: Any) -> None:
        self.ja = ja
        if en is not None:
            attributes["help"] = en
        super().__init__(*args, **attributes)

    @property
    def help(self) -> str | None:
        """The one that is spoken."""
        return self.en if _is_english.get() else self.ja

    @help.setter  # noqa: A003 - click names it
    def help(self, english: str | None) -> None:
        self.en = english


class _Typed(click.Parameter):
    """A parameter whose text is what was typed, also in a terminal of another encoding than UTF-8."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert it. Raises BadParameter for text in no known encoding."""
        if isinstance(self.type, StringParamType) and isinstance(value, str):
            typed = as_typed(value)
            if typed is None:
                raise click.BadParameter(
                    say("UTF-8 の文字で指定してください。", "is not in UTF-8."), ctx=ctx, param=self
                )
            value = typed
        return super().type_cast_value(ctx, value)


class Option(_Typed, _InBoth, click.Option):
    """An option."""

    def make_metavar(self, ctx: click.Context) -> str:
        """What stands for its value."""
        return _placed(super().make_metavar(ctx))


class Argument(_Typed, click.Argument):
    """An argument."""

    def make_metavar(self, ctx: click.Context) -> str:
        """What stands for it in the usage line."""
        return _placed(super().make_metavar(ctx))


class Command(_InBoth, click.Command):
    """A command."""

    context_class = _Context

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage line behind the command's name."""
        return [_placed(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """--help, which keeps the words of its first use."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = of_click("Show this message and exit.")
        return option

    def get_short_help_str(self, limit: int = 45) -> str:
        """One sentence for the list of commands."""
        return super().get_short_help_str(limit) if _is_english.get() else self.ja.partition("。")[0]


class Group(Command, click.Group):
    """A group of commands. Each takes --lang, and has chosen the language before anything is said."""

    command_class = Command

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params.append(
            Option(
                ["--lang"],
                type=click.Choice(["ja", "en"]),
                is_eager=True,
                expose_value=False,
                ja="説明の言語。省略すると、LANG が英語のときだけ英語です。",
                en="The language of help; when left out, English only where LANG is.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Choose the language first, whatever comes before --lang or is wrong."""
        ctx.resilient_parsing, as_it_was = True, ctx.resilient_parsing
        asked = self.make_parser(ctx).parse_args(list(args))[0].get("lang")
        ctx.resilient_parsing = as_it_was
        if asked or ctx.parent is None:
            choose(asked)
        return super().parse_args(ctx, args)


option = partial(click.option, cls=Option)
argument = partial(click.argument, cls=Argument)
command = partial(click.command, cls=Command)
