import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import bot.core
from bot.core.text.lazy_pattern import LazyPattern

_MODULES = [found.name for found in pkgutil.walk_packages(bot.core.__path__, "bot.core.")]
_COMPILED = f"""
import importlib, re
from bot.core.text.lazy_pattern import LazyPattern
for module in {_MODULES}:
    for name, value in vars(importlib.import_module(module)).items():
        if isinstance(value, re.Pattern) or isinstance(value, LazyPattern) and "compiled" in vars(value):
            print(module, name)
"""


@pytest.mark.process
def test_importing_core_compiles_no_pattern():
    ran = subprocess.run([sys.executable, "-c", _COMPILED], capture_output=True, text=True, check=True)
    assert ran.stdout == ""


@pytest.mark.parametrize("module", _MODULES)
def test_every_pattern_of_core_can_be_compiled(module):
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, LazyPattern):
            _ = value.compiled


def test_it_does_what_re_does():
    pattern = LazyPattern(r"([a-z])(\d)", re.IGNORECASE)
    text = "x A1 b2"
    assert pattern.search(text)[0] == "A1"
    assert pattern.match(text, 2)[0] == "A1"
    assert pattern.fullmatch(text, 2, 4)[0] == "A1"
    assert pattern.findall(text) == [("A", "1"), ("b", "2")]
    assert [found[0] for found in pattern.finditer(text)] == ["A1", "b2"]
    assert pattern.sub(r"\2", text, count=1) == "x 1 b2"
    assert pattern.split(text, maxsplit=1) == ["x ", "A", "1", " b2"]
