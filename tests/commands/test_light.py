"""What a command loads: a list needs no daemon, no reader of papers and no picture."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

_LOADED = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules)"
_OF_THE_DAEMON = frozenset({"aiosmtpd", "aioimaplib", "aiosmtplib", "apscheduler", "bot.app", "bot.wiring"})
_OF_PAPERS = frozenset({"pypdfium2", "pikepdf", "PIL", "pillow_heif", "py7zr", "pyzipper", "flufl.bounce"})
_OF_PICTURES = frozenset({"cv2", "numpy", "onnxruntime", "rapidocr", "tesserocr"})


def loaded(module: str) -> frozenset[str]:
    ran = subprocess.run([sys.executable, "-c", _LOADED, module], capture_output=True, text=True, check=True)
    return frozenset(ran.stdout.split())


@pytest.mark.parametrize("name", ["outbox", "mail", "shared.standing_words", "submissions", "register", "journal"])
def test_a_command_on_the_database_loads_no_daemon_and_no_reader(name: str) -> None:
    found = loaded(f"bot.commands.{name}")
    assert "storage.store" in found
    assert found & (_OF_THE_DAEMON | _OF_PAPERS | _OF_PICTURES) == frozenset()


def test_a_refused_daemon_has_not_loaded_the_store() -> None:
    assert loaded("bot.commands.serve") & (_OF_THE_DAEMON | _OF_PAPERS | {"storage.store"}) == frozenset()


def test_the_daemon_itself_reads_no_paper() -> None:
    assert loaded("bot.app") & (_OF_PAPERS | _OF_PICTURES) == frozenset()


def test_the_process_for_text_loads_nothing_of_the_recogniser() -> None:
    found = loaded("bot.documents.pool.fork_server")
    assert found & (_OF_THE_DAEMON | _OF_PICTURES | {"pillow_heif"}) == frozenset()
