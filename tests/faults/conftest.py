"""The whole-daemon fixtures for fault tests: `daemon` (a maker; the invariants are checked after each test) and `relay`."""

from __future__ import annotations

from tests.whole.conftest import daemon, relay

__all__ = ["daemon", "relay"]
