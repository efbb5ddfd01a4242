import gc
import inspect

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
