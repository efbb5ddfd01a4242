"""The language of the command line: Japanese by default, English where it is asked for, and never one within the other."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.commands.shared.language import OF_CLICK, Group, argument, command, option

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
ENGLISH = re.compile(
    r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}"
)  # three words in a row: what no name of an option or a file is


def commands(group: click.Group = main, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


COMMANDS = {(): main, **dict(commands())}


def call(*words: str, locale: str | None = None) -> Result:
    return CliRunner(env={"LC_ALL": None, "LC_MESSAGES": None, "LANG": locale}).invoke(main, words, prog_name="hosho")


def has_english(said: str) -> bool:
    """Whether there is English in what was said, apart from the command's own name."""
    return bool(ENGLISH.search(re.sub(r"\bhosho( [a-z-]+)*", "", said)))


# -- which language


@pytest.mark.parametrize(
    ("environment", "words", "is_english"),
    [
        ({}, (), False),
        ({"LANG": "C"}, (), False),
        ({"LANG": "C.UTF-8"}, (), False),
        ({"LANG": "POSIX"}, (), False),
        ({"LANG": "ja_JP.UTF-8"}, (), False),
        ({"LANG": "fr_FR.UTF-8"}, (), False),
        ({"LANG": "eno"}, (), False),
        ({"LANG": "en"}, (), True),
        ({"LANG": "en_US.UTF-8"}, (), True),
        ({"LANG": "en.UTF-8"}, (), True),
        ({"LC_MESSAGES": "en_GB", "LANG": "ja_JP.UTF-8"}, (), True),
        ({"LC_ALL": "C.UTF-8", "LANG": "en_US.UTF-8"}, (), False),
        ({"LC_ALL": "", "LANG": "en_US.UTF-8"}, (), True),
        ({"LANG": "en_US.UTF-8"}, ("--lang", "ja"), False),
        ({}, ("--lang", "en"), True),
        ({}, ("--lang=en",), True),
    ],
)
def test_it_is_japanese_unless_the_locale_or_the_call_asks_for_english(environment, words, is_english):
    runner = CliRunner(env={"LC_ALL": None, "LC_MESSAGES": None, "LANG": None} | environment)
    for last in (("--help",), ("outbox", "list", "--help"), ("nonsense",)):
        said = runner.invoke(main, [*words, *last]).output
        assert ("Usage:" in said, "使い方:" in said) == (is_english, not is_english)


@pytest.mark.parametrize(
    "words",
    [
        ("--help", "--lang", "en"),
        ("outbox", "--lang", "en", "list", "--help"),
        ("outbox", "--help", "--lang", "en"),
        ("--lang", "ja", "outbox", "--lang", "en", "nonsense"),
        ("--lang", "en", "--nonsense"),
    ],
)
def test_it_may_be_asked_for_at_every_group(words):
    assert "Usage:" in call(*words).output
    assert "使い方:" in call("--help").output  # and only for that call


# -- the help


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_told_in_both_languages(path):
    found = COMMANDS[path]
    texts = [found, *(one for one in found.params if isinstance(one, click.Option))]
    for one in texts:
        assert JAPANESE.search(one.ja), one.name
        assert not ENGLISH.search(one.ja), one.name
        assert re.search(r"[A-Za-z]{3,}", one.en or ""), one.name
        assert "。" not in one.en


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_language_is_shown_without_the_other(path):
    japanese, english = call(*path, "--help"), call("--lang", "en", *path, "--help")
    assert (japanese.exit_code, english.exit_code) == (0, 0)
    assert not has_english(japanese.output)
    assert not re.search(r"\b(TEXT|FILE|INTEGER|OPTIONS|COMMAND|ARGS|PATH)\b", japanese.output)
    assert "使い方" not in english.output
    assert "この説明を表示します" not in english.output
    assert english.output.startswith(f"Usage: {' '.join(('hosho', *path))} [OPTIONS]")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_japanese_help_fits_a_terminal_of_eighty_columns(path):
    for line in call(*path, "--help").output.splitlines():
        assert sum(2 if JAPANESE.match(one) or one in "（）「」、。：" else 1 for one in line) <= 80 or "[" in line


@pytest.mark.process
def test_the_list_of_commands_loads_none_of_them():
    script = (
        "import sys, bot.cli\ntry: bot.cli.main(['--help'])\nexcept SystemExit: pass\nprint('|', *sorted(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = out.rpartition("|")[2].split()
    assert [name for name in loaded if name.startswith("bot.")] == [
        "bot.cli",
        "bot.commands",
        "bot.commands.shared",
        "bot.commands.shared.language",
        "bot.core",
        "bot.core.text",
        "bot.core.text.control_characters",
        "bot.core.text.lazy_pattern",
        "bot.core.text.re2_language",
        "bot.core.text.regex_cost",
        "bot.core.text.regex_engines",
        "bot.loading",
        "bot.surroundings",
    ]
    assert {"rich", "pydantic", "asyncio", "storage"}.isdisjoint(loaded)


# -- click's own words


WRONG = [
    (),
    ("nonsense",),
    ("outbx",),
    ("--nonsense",),
    ("--lang",),
    ("--lang", "fr"),
    ("outbox",),
    ("outbox", "nonsense"),
    ("outbox", "lst"),
    ("outbox", "relase"),
    ("outbox", "list", "--nonsense"),
    ("outbox", "list", "--limi"),
    ("outbox", "list", "--limit"),
    ("outbox", "list", "--limit", "many"),
    ("outbox", "list", "--json=1"),
    ("outbox", "list", "--state", "nonsense"),
    ("outbox", "show"),
    ("outbox", "show", "first"),
    ("outbox", "dead", "one"),
    ("outbox", "dead", "one", "two"),
    ("mail", "release", "1"),
    ("mail", "export", "--to", __file__),
    ("letters", "preview"),
    ("letters", "preview", "nonsense"),
    ("inspect",),
    ("inspect", "/no/such/file"),
    ("register", "import", "/"),
    ("register", "import", "/no/such/file"),
    ("consent", "proof", "--since", "yesterday"),
    ("journal", "list", "--subject", "nonsense"),
    ("submissions", "refuse", "1", "--kind", "nonsense"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_call_is_told_in_the_language_asked_for(words):
    japanese, english = call(*words), call(*words, locale="en_US.UTF-8")
    assert (japanese.exit_code, english.exit_code) == (2, 2)
    assert not has_english(japanese.output)
    assert "エラー" in japanese.output or "コマンド:" in japanese.output
    assert "Error: " in english.output or "Commands:" in english.output
    assert "エラー" not in english.output


@click.group(cls=Group, ja="見本。", en="A sample.")
def sample() -> None:
    pass


@sample.command(ja="尋ねます。")
@argument("file")
@option("--in", "within", type=click.IntRange(1, 3), required=True, show_default=True, ja="範囲。", en="A range.")
def ask(file: str, within: int) -> None:
    """Ask."""
    click.prompt(file, hide_input=True, confirmation_prompt=True)
    click.confirm(str(within), abort=True)


@command(ja="ひとりで動きます。")
def alone() -> None:
    """Run alone."""


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("ask", "x", "--in", "9"), "", "'--in' の値が正しくありません: 9 は範囲（1<=x<=3）の外です。"),
        (("ask", "x", "--in", "1"), "a\nb\na\na\ny\n", "エラー: 2回の入力が一致しません。"),
        (("ask", "x", "--in", "1"), "a\na\nmaybe\nn\n", "エラー: y か n で答えてください\n1 [y/N]: n\n中止しました。"),
        (("ask", "--in", "1"), "", "エラー: 引数を指定してください: 'ファイル'."),
        (("ask", "--help"), "", "[1<=x<=3; 必須]"),
        (("alone",), "", "オプション"),
    ],
)
def test_prompts_and_ranges_are_told_in_japanese(words, typed, said):
    sample.add_command(alone)
    runner = CliRunner(env={"LC_ALL": None, "LC_MESSAGES": None, "LANG": None})
    last = ("--help",) if words == ("alone",) else ()
    assert said in runner.invoke(sample, [*words, *last], input=typed).output


# Programs read the first; the others are said to programmers, or need what no command of ours has.
NOT_SAID = re.compile(
    r"%\(prog\)s|deprecated|Deprecation|Windows|got|defined twice|Could not determine|No options defined"
    r"|Boolean option|UUID|iterable|values but|values are required|Choice\(|start character|colour|any key"
    r"|Positional arguments|want to continue|without prompting|Show the version|^file$|^directory$|^path$"
)


def test_every_message_of_clicks_that_can_be_said_has_its_japanese():
    messages = set()
    for module in (
        click.core,
        click.decorators,
        click.exceptions,
        click.formatting,
        click.parser,
        click.termui,
        click.types,
    ):
        for node in ast.walk(ast.parse(Path(inspect.getfile(module)).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"}:
                messages |= {one.value for one in node.args if isinstance(one, ast.Constant)}
    assert {one for one in messages - set(OF_CLICK) if not NOT_SAID.search(one)} == set()
    assert set(OF_CLICK) - messages <= {"required"}  # "required" comes by a variable


def test_translations_fill_in_what_the_message_fills_in():
    names = re.compile(r"\{(\w+)")
    for message, japanese in OF_CLICK.items():
        assert set(names.findall(japanese)) <= set(names.findall(message)), message
