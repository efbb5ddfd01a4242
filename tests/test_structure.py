"""The house's shape: how many modules a room has, and how deep its imports go. The order of the rooms is import-linter's business."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bot", "storage")
MODULES = 20
"""A room with more is two rooms."""

ROOMS = sorted(
    folder.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for folder in (ROOT / package, *(ROOT / package).rglob("*"))
    if folder.is_dir() and any(folder.glob("*.py"))
)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_no_more_modules_than_a_person_can_name(room: str) -> None:
    modules = [file.stem for file in (ROOT / room).glob("*.py") if file.stem not in {"__init__", "__main__"}]
    assert len(modules) <= MODULES, sorted(modules)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_way_of_others(package: str, figure: Callable[[str], None]) -> None:
    """A module stands one level above the highest of the package that it imports; in a cycle there is no highest."""
    graph = grimp.build_graph(package)
    imported = {module: graph.find_modules_directly_imported_by(module) - {module} for module in graph.modules}
    counts: list[int] = []
    placed: set[str] = set()
    while left := imported.keys() - placed:
        level = {module for module in left if imported[module] <= placed}
        assert level, f"an import cycle among {sorted(left)}"
        counts.append(len(level))
        placed |= level
    told = ", ".join(map(str, counts))
    figure(
        f"{package}: {len(placed)} modules on {len(counts)} levels of imports; of them on each, lowest first: {told}"
    )


PATTERN_FUNCTIONS = frozenset(
    {"compile", "match", "fullmatch", "search", "findall", "finditer", "split", "sub", "subn"}
)
ENGINES = frozenset({"bot/core/text/re2_language.py", "bot/core/text/regex_engines.py"})
LOADING = "bot/loading.py"  # which puts off a pattern of Tortoise's


@pytest.mark.parametrize("package", PACKAGES)
def test_every_regular_expression_gets_an_engine_that_no_text_makes_slow(package: str) -> None:
    """LazyPattern stands for all of them: re's own functions may take hours over a stranger's text."""
    bare = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in (ROOT / package).rglob("*.py")
        if file.relative_to(ROOT).as_posix() not in {*ENGINES, LOADING}
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if _is_bare(node)
    ]
    assert not bare


def _is_bare(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "re" and bool(PATTERN_FUNCTIONS & {one.name for one in node.names})
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in {"re", "re2", "regex"}
        and node.attr in PATTERN_FUNCTIONS
    )


# What reads a mail's text or papers, and what of it the daemon may use: values, words of our own, and what reads the one header block
# that it reads by itself (core/mail/own_head.py), a relay's reply, a setting, or a clerk's reason of bounded length.
READERS: dict[str, frozenset[str]] = {
    "bot.core.mail.automatic.machines": frozenset(),
    "bot.core.mail.automatic.replies": frozenset(),
    "bot.core.mail.automatic.reports": frozenset(),
    "bot.core.mail.automatic.screen": frozenset({"OWN_HEADER", "is_content_void", "screen_head", "stricter"}),
    "bot.core.mail.automatic.signs": frozenset(),
    "bot.core.mail.css": frozenset(),
    "bot.core.mail.delivery_status": frozenset({"Report", "needs_a_person", "says_no_such_address"}),
    "bot.core.mail.gateways": frozenset(),
    "bot.core.mail.html": frozenset(),
    "bot.core.mail.parse": frozenset({"mail_head"}),
    "bot.core.mail.passwords": frozenset({"without_passwords"}),
    "bot.core.mail.quoting": frozenset(),
    "bot.core.mail.readings": frozenset(),
    "bot.core.mail.reply_text": frozenset({"REPLY_LINE"}),
    "bot.core.mail.subject_forms": frozenset(
        {"MAX_SUBJECT", "NOTHING", "PROFILE_NAMES", "SubjectFields", "template_of"}
    ),
    "bot.core.mail.visibility": frozenset(),
    "bot.core.clerk.answer.order_grammar": frozenset(),
    "bot.core.clerk.answer.reading": frozenset(),
    "bot.core.clerk.answer.asides": frozenset(),
    "bot.core.clerk.answer.case_lines": frozenset(),
    "bot.core.clerk.answer.clauses": frozenset(),
    "bot.core.clerk.sentence.clause_sense": frozenset(),
    "bot.core.clerk.answer.proposal": frozenset(),
    "bot.core.clerk.answer.assent": frozenset(),
    "bot.core.clerk.answer.fitting": frozenset(),
    "bot.core.clerk.answer.line_form": frozenset(),
    "bot.core.clerk.answer.one_order": frozenset(),
    "bot.core.clerk.answer.order_words": frozenset(),
    "bot.core.clerk.sentence.phrases": frozenset(),
    "bot.core.clerk.answer.pleasantries": frozenset(),
    "bot.core.clerk.answer.reasons": frozenset(),
    "bot.core.clerk.answer.remarks": frozenset(),
    "bot.core.clerk.sentence.sentences": frozenset(),
    "bot.core.clerk.answer.signatures": frozenset(),
    "bot.core.clerk.answer.statements": frozenset(),
    "bot.core.clerk.sentence.words": frozenset(),
    "bot.core.clerk.answer.refusal_grammar": frozenset({"kind_in", "refusal_lines", "refusal_note", "shown_note"}),
    "bot.core.consent.grammar": frozenset({"STOP_SUBJECT"}),
    "bot.core.contractor.links": frozenset(),
    "bot.core.contractor.arrival": frozenset(),
    "bot.core.contractor.matter": frozenset(),
    "bot.core.contractor.sentences": frozenset(),
    "bot.core.contractor.splitting": frozenset(),
    "bot.core.contractor.settled": frozenset(),
    "bot.core.notice.entry_forms": frozenset(
        {"MOST_FORMS", "EntryForm", "EntryTable", "entered_how", "entry_table", "form_text"}
    ),
    "bot.core.notice.interpret": frozenset({"UnderstoodMail", "is_taken_out"}),
    "bot.core.notice.key_notice": frozenset({"FoundNotice"}),
    "bot.core.notice.missing_notice": frozenset({"Request"}),
    "bot.core.notice.paper_kinds": frozenset(),
    "bot.core.notice.sentences": frozenset(),
}
EXCHANGES_OWN_TEXT = ("bot.intake.imap.stand_in", "parse_mail")
"""What Exchange gives for a day in place of a mail is shown to a person: 32 KiB at most, told by its head."""
POOL = frozenset({"bot.documents.pool.progress", "bot.documents.pool.reader"})
READING_ROOMS = ("bot.core.mail.", "bot.core.notice.", *READERS)
"""They read for each other, and are called in the child; the daemon's own head is the one that is called outside."""
NO_DAEMON = ("bot.documents.", "bot.commands.", "bot.probing.", "bot.cli")


@cache
def _imports() -> list[tuple[str, str, str]]:
    """Who imports what from where; a whole module as its own name."""
    found: list[tuple[str, str, str]] = []
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            importer = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    found += [(importer, node.module or "", one.name) for one in node.names]
                elif isinstance(node, ast.Import):
                    found += [(importer, one.name, one.name) for one in node.names]
    return found


def test_a_repetition_in_an_f_string_is_one() -> None:
    """rf"a{0,9}" is the text a(0, 9): a pattern with it matches nothing, and no other test sees that."""
    wrong = [
        f"{file.relative_to(ROOT)}:{part.lineno}"
        for package in ("bot", "storage")
        for file in (ROOT / package).rglob("*.py")
        for text in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr)
        for part in text.values
        if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Tuple)
    ]
    assert wrong == []


def test_the_daemon_reads_no_mail() -> None:
    """Whatever reads a mail's content is called in the reading child alone; the daemon decides on values."""
    reaching = [
        f"{importer}: {module}.{name}"
        for importer, module, name in _imports()
        if importer == "bot.core.mail.own_head" or not importer.startswith((*NO_DAEMON, *READING_ROOMS))
        if name not in READERS.get(module, {name})
        if (importer, name) != EXCHANGES_OWN_TEXT
    ]
    assert not reaching


def test_what_reads_mails_is_there() -> None:
    assert not [one for one in READERS if not (ROOT / one.replace(".", "/")).with_suffix(".py").exists()]
    unused = [
        f"{module}.{name}"
        for module, names in READERS.items()
        for name in names
        if not any((module, name) == one[1:] for one in _imports() if not one[0].startswith(NO_DAEMON))
    ]
    assert not unused


def test_the_daemon_asks_its_children_through_the_pool_alone() -> None:
    """Of what stands below documents/ the daemon imports the pool's door, which starts children."""
    reaching = [
        f"{importer}: {module}"
        for importer, module, _ in _imports()
        if not importer.startswith(NO_DAEMON)
        if module.startswith("bot.documents") and module not in POOL
    ]
    assert not reaching


def test_no_wait_of_a_test_rests_on_how_fast_the_machine_is() -> None:
    """What a test waits for has tests.patience's time to come."""
    bounded = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if "asyncio.timeout(" in line and line.partition("asyncio.timeout(")[2][:1].isdigit()
    ]
    assert bounded == []
