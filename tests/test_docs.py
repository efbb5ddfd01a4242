"""The documents say what the program does: generated files are up to date, named commands and words exist."""

from __future__ import annotations

import importlib
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot.cli import main
from bot.config.example import sections
from bot.config.settings import load
from bot.core.records import guarantee, incoming_mail, outgoing_mail, submission
from docs.generate import config_docs, state_docs, subject_docs

ROOT = Path(__file__).resolve().parents[1]
WITH_COMMANDS = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/operations.ja.md", "docs/overview.md", "docs/limits.md",
    "docs/testing.md", "deploy/postfix.md", "config.example.toml", "docs/configuration.md",
)  # fmt: skip
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for folder in (".", "docs", "deploy", "mail_templates")
    for path in (ROOT / folder).glob("*.md")
)
NEWCOMERS = ("docs/overview.md", "docs/promises.md", "docs/limits.md", "docs/testing.md")
OVERVIEW_LINES = 150
"""What a newcomer reads in ten minutes."""


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


# -- generated


def test_the_example_is_what_the_settings_say():
    assert text("config.example.toml") == config_docs.example()


def test_the_reference_is_what_the_settings_say():
    assert text("docs/configuration.md") == config_docs.reference()


def test_the_forms_of_subjects_are_what_the_table_says():
    assert text("docs/subjects.md") == subject_docs.subjects()


def test_the_diagrams_are_what_the_tables_say():
    assert text("docs/states.md") == state_docs.states()


@pytest.mark.parametrize(
    "table", [incoming_mail.TRANSITIONS, submission.TRANSITIONS, guarantee.TRANSITIONS, outgoing_mail.TRANSITIONS]
)
def test_every_move_of_a_table_is_an_arrow_of_the_diagrams(table):
    arrows = re.findall(r"^    (\w+) --> (\w+)$", state_docs.diagram(table, ()), re.MULTILINE)
    assert set(arrows) == {(str(old), str(new)) for old, following in table.items() for new in following}


def test_the_example_names_every_key_once_in_its_table():
    tables = re.split(r"^#?\[+(\w+)\]+$", text("config.example.toml"), flags=re.MULTILINE)[1:]
    named = {
        name: re.findall(r"^#?(\w+) = ", body, re.MULTILINE)
        for name, body in zip(tables[::2], tables[1::2], strict=True)
    }
    assert named == {name: list(model.model_fields) for name, model, _ in sections()}


def test_what_the_example_leaves_out_is_the_default_or_an_example_that_passes(tmp_path):
    """With every key written out, the file is still good TOML and good settings."""
    uncommented = re.sub(r"^#(?=\w+ = |\[\[)", "", text("config.example.toml"), flags=re.MULTILINE)
    path = tmp_path / "config.toml"
    path.write_text(uncommented, "utf-8")
    config = load(path)
    assert config.mail.authserv_id == "mx.city.example.jp"
    assert config.register_.columns == {"契約の名称": "工事名", "履行保証No": "契約保証：保証契約番号"}
    assert config.register_.sheets == {"R8前払": "前払金保証"}


# -- commands


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
# What the script `run` does by itself; their options are pytest's or the benchmarks'.
OF_THE_SCRIPT = {
    name for line in re.findall(r"^([a-z |]+)\)$", text("run"), re.MULTILINE) for name in line.split(" | ")
}
CALL = re.compile(r"(?:^|[\s`(/])(?:\./run|hosho-bot/run|hosho) ((?:[a-z][a-z-]*)(?: [^`\n|（）]*)?)", re.MULTILINE)


def calls(document: str) -> list[list[str]]:
    """The words behind every `./run` of a document, without comments."""
    return [shlex.split(call, comments=True) for call in CALL.findall(text(document))]


def command_of(words: list[str]) -> click.Command | None:
    for length in (2, 1):
        found = COMMANDS.get(tuple(words[:length]))
        if found is not None:
            return found
    return None


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_every_command_that_a_document_names_exists_with_its_options(document):
    for words in calls(document):
        if words[0] in OF_THE_SCRIPT:
            continue
        command = command_of(words)
        assert command is not None, words
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_the_documents_do_name_commands():
    assert [document for document in WITH_COMMANDS if len(calls(document)) == 0] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_stands_in_the_manual(path):
    assert f"| `./run {' '.join(path)}` |" in text("docs/operations.ja.md")


GROUPS = {path[0] for path in COMMANDS if len(path) > 1}


@pytest.mark.parametrize("document", NEWCOMERS)
def test_every_command_that_is_named_without_run_exists_too(document):
    named = [quoted.split() for quoted in re.findall(r"`([a-z]+ [a-z -]+)`", text(document))]
    mine = [tuple(words[:2]) for words in named if words[0] in GROUPS]
    assert [words for words in mine if words not in COMMANDS] == []


def test_the_service_runs_commands_that_exist():
    started = re.findall(
        r"^Exec\w*=/opt/hosho-bot/run (\S+)(?: --offline)?$", text("deploy/hosho-bot.service"), re.MULTILINE
    )
    assert [(name,) in COMMANDS for name in started] == [True, True]


# -- blocks of commands

OPERATORS = frozenset("|&;(){}<>")
OURS = re.compile(r"(?:sudo (?:-u \S+ )?)?(?:env )?(?:[A-Z_]+=\S+ )*(?:\S*/run|hosho|hosho-bot) (?!\$@)(.+)")
"""With another's rights or in an environment of its own."""


def typed(document: str) -> Iterator[str]:
    """What stands behind our program's name in each command of a document's blocks for a shell."""
    for _, block in re.findall(r"(?ms)^( *)```sh\n(.*?)^\1```$", text(document)):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.shlex(line, posix=True, punctuation_chars=True)
            words.whitespace_split = True
            for is_operator, some in itertools.groupby(words, OPERATORS.issuperset):
                ours = None if is_operator else OURS.fullmatch(" ".join(word.replace(" ", "_") for word in some))
                if ours and ours[1].split()[0] not in OF_THE_SCRIPT | {"--version"}:
                    yield ours[1]


TYPED = [(document, call) for document in DOCUMENTS for call in typed(document)]


def test_there_are_blocks_of_commands():
    assert len(TYPED) > 80


@pytest.mark.parametrize(("document", "call"), TYPED)
def test_the_program_takes_a_command_of_a_block_as_it_stands(document, call):
    """All but what a value means: files and numbers are the reader's."""
    command, words = main, call.split()
    context = click.Context(main)
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        context = click.Context(command, info_name=name, parent=context)
    values, rest, _ = command.make_parser(context).parse_args(words)
    assert rest == []
    for one in command.params:
        value = values.get(one.name)
        given = [value] if isinstance(value, str) else [*value] if isinstance(value, list | tuple) else []
        assert given or not one.required, one.name
        assert not isinstance(one.type, click.Choice) or set(given) <= set(one.type.choices), one.name


# -- files and tests


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_to_one(document):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", text(document))
    assert [target for target in targets if not (ROOT / document).parent.joinpath(target).exists()] == []


def test_every_document_that_is_named_anywhere_is_in_the_repository():
    folders = ("bot", "storage", "mail_templates", "tests", "benchmarks", "docs", "deploy")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".j2", ".sql"}
    ]
    names = {path.name for path in [*files, *ROOT.glob("*.md")]}
    named = {(str(path), name) for path in files for name in re.findall(r"\b\w[\w.-]*\.md\b", path.read_text("utf-8"))}
    assert {(path, name) for path, name in named if name not in names} == set()


def files_named_in(document: str) -> list[str]:
    """The paths with a folder in backquotes, and the modules that a command runs, as paths."""
    quoted = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text(document))
    return quoted + [f"{name.replace('.', '/')}.py" for name in re.findall(r"python -m ([\w.]+)", text(document))]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", *NEWCOMERS])
def test_every_file_that_a_document_names_exists(document):
    """From the root, or, as in the overview, from bot/."""
    missing = [
        one for one in files_named_in(document) if not any((ROOT / below / one).exists() for below in ("", "bot"))
    ]
    assert missing == []


def test_the_overview_names_every_room():
    named = set(re.findall(r"\w+", text("docs/overview.md")))
    rooms = {path.parent.name for folder in ("bot", "bot/core") for path in (ROOT / folder).glob("*/__init__.py")}
    assert rooms - named == set()


def test_every_test_that_proves_a_promise_exists():
    named = re.findall(r"`(test_\w+)`", text("docs/promises.md"))
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 80
    assert set(named) - set(re.findall(r"def (test_\w+)\(", tests)) == set()


def test_every_promise_has_files_and_tests():
    promises = re.split(r"^- (?=\*\*)", text("docs/promises.md"), flags=re.MULTILINE)[1:]
    assert [one for one in promises if "*Kept by* `" not in one or "*Proven by* `test_" not in one] == []


def test_the_overview_stays_short():
    assert len(text("docs/overview.md").splitlines()) <= OVERVIEW_LINES


# -- words


def words_in_code() -> list[str]:
    rows = [line for line in text("docs/glossary.md").splitlines() if line.startswith("| ") and "`" in line]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.rsplit("|", 2)[1])]


def find(name: str) -> object:
    """The thing with this dotted name; a module as deep as there is one, then attributes."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", words_in_code())
def test_every_word_of_the_glossary_is_in_the_code(name):
    find(name)


def test_no_word_of_the_glossary_stands_twice():
    rows = [line.split("|") for line in text("docs/glossary.md").splitlines() if line.startswith("| ") and "`" in line]
    words = [row[2].strip() for row in rows]
    assert (len(words) > 60, sorted({word for word in words if words.count(word) > 1})) == (True, [])
