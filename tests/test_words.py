"""All that the program says in Japanese is spelled as official documents spell it (bot/core/letters/spelling.py)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.letters.spelling import misspelt
from bot.core.text.lazy_pattern import LazyPattern

ROOT = Path(__file__).resolve().parents[1]
READS = frozenset(
    f"bot/core/{name}.py"
    for name in ("contractor/sentences", "contractor/splitting", "letters/spelling", "register/columns")
)
"""Modules with lists of words that others write: they are not ours. Nor are those in patterns."""
_IS_PATTERN = LazyPattern(r"\(\?|\||\[.\]|\\s")
_CODE = LazyPattern(r"(?s)```.*?```|`[^`\n]*`|\{#.*?#\}")
WRITTEN = sorted(
    path
    for pattern in (
        "*.md",
        "docs/*.md",
        "deploy/*.md",
        "mail_templates/**/*",
        "config.example.toml",
        "storage/**/*.sql",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and path.suffix in {".md", ".j2", ".toml", ".sql"} and path.name != "reading.md"
)


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts of a module, without its docstrings and patterns."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "LazyPattern":
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _IS_PATTERN.search(node.value):
            yield node.lineno, node.value
        yield from strings(node)


def wrong(text: str) -> list[str]:
    return [f"{wrong} → {right}" for wrong, right in misspelt(text)]


@pytest.mark.parametrize("package", ["bot", "storage"])
def test_what_the_code_says_is_spelled_as_in_official_documents(package: str) -> None:
    found = [
        f"{name}:{line}: {one}"
        for file in (ROOT / package).rglob("*.py")
        if (name := file.relative_to(ROOT).as_posix()) not in READS
        for line, text in strings(ast.parse(file.read_text("utf-8")))
        if not text.isascii()
        for one in wrong(text)
    ]
    assert found == []


def test_letters_documents_and_settings_are_spelled_so_too() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {one}" for path in WRITTEN for one in wrong(_CODE.sub("", path.read_text("utf-8")))
    ]
    assert found == []
