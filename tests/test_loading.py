import gc
import inspect
import subprocess
import sys

import pytest
from tortoise.models import Model

from bot.loading import loading


def test_the_collector_and_the_sources_come_back():
    with loading():
        assert not gc.isenabled()
        with pytest.raises(OSError, match="source"):
            inspect.getsource(Model)
    assert gc.isenabled()
    assert inspect.getsource(Model).startswith("class Model")


@pytest.mark.process
def test_a_module_is_loaded_when_something_of_it_is_used():
    code = """
import sys
from bot.loading import loading, when_used
with loading(), when_used():
    from storage.use_cases import bounces
print("storage.use_cases.journal" in sys.modules, bounces.Bounces.__name__, "storage.use_cases.journal" in sys.modules)
"""
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout == "False Bounces True\n"
