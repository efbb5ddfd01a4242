"""Stores on both databases: an SQLite file, and a private PostgreSQL cluster that lives as long as the test run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.files import sqlite_file
from storage.store import Store, Vault
from tests import databases
from tests.postgresql import new_database
from tests.storage.samples import Opener, Watch


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/private/store.db"
    return await new_database(request.getfixturevalue("cluster"))


@pytest.fixture
async def open_store(url: str, watch: Watch) -> AsyncIterator[Opener]:
    """Opens one more Store on the same database; all are closed after the test."""
    stores: list[Store] = []

    async def opened() -> Store:
        stores.append(await Store.open(url, vault=Vault.throwaway(), clock=watch))
        return stores[-1]

    yield opened
    await asyncio.gather(*(store.close() for store in stores))


@pytest.fixture
async def store(url: str, open_store: Opener) -> Store:
    if url.startswith("sqlite") and (file := sqlite_file(url)):
        await databases.give(file)
    return await open_store()
