"""The house's shape: how many modules a room has, and how deep its imports go. The order of the rooms is import-linter's business."""

from __future__ import annotations

import ast
from collections.abc import Callable
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
ENGINES = frozenset({"bot/core/text/regex_engines.py"})


@pytest.mark.parametrize("package", PACKAGES)
def test_every_regular_expression_gets_an_engine_that_no_text_makes_slow(package: str) -> None:
    """LazyPattern stands for all of them: re's own functions may take hours over a stranger's text."""
    bare = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in (ROOT / package).rglob("*.py")
        if file.relative_to(ROOT).as_posix() not in ENGINES
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
