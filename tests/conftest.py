"""The real peers as fixtures, started when a test asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers import Dovecot, Postfix, missing
from tests.postgresql import cluster, new_postgresql

__all__ = ["cluster", "new_postgresql"]  # fixtures of their own file


@pytest.fixture
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """A Dovecot with an empty mailbox. Mark the test `dovecot`."""
    if reason := missing("dovecot", "openssl"):
        pytest.skip(f"Dovecot: {reason}")
    server = Dovecot(tmp_path_factory.mktemp("dovecot"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    """A Postfix relay; one a module, so point it with `deliver_to` first. Mark the test `postfix`."""
    if reason := missing("postfix", "postconf", "postqueue"):
        pytest.skip(f"Postfix: {reason}")
    server = Postfix(tmp_path_factory.mktemp("postfix"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
