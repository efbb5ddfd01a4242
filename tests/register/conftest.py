"""What the tests of the register's files share: a real store, empty or with guarantees that files could mangle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.secret import AuthKey
from bot.core.register.changes import ChangeKind, RegisterChange
from storage.store import Store
from tests import databases


@pytest.fixture
async def register(tmp_path: Path) -> AsyncIterator[Store]:
    await databases.give(tmp_path / "register.db")
    async with await Store.open(f"sqlite:///{tmp_path}/register.db", durable=False) as store:
        yield store


@pytest.fixture
async def other_register(tmp_path: Path) -> AsyncIterator[Store]:
    await databases.give(tmp_path / "other.db")
    async with await Store.open(f"sqlite:///{tmp_path}/other.db", durable=False) as store:
        yield store


@pytest.fixture
async def full_register(register: Store) -> Store:
    """Every state and product, names that files mangle, one row full and one empty."""
    full = Guarantee(
        project_name="=市道1号線, 舗装工事〜「その1」",
        contractor="髙﨑建設㈱",
        product=Product.ADVANCE_PAYMENT,
        number="00123-000456",
        revision=1,
        jv_name="見本・例示特定建設工事共同企業体",
        orderer="見本市長",
        contract_amount_yen=50_000_000,
        guarantee_amount_yen=20_000_000,
        expires_on=date(2027, 3, 31),
        works_start_on=date(2026, 4, 1),
        works_end_on=date(2027, 3, 15),
        contracted_on=date(2026, 3, 30),
        deposit_bank="見本銀行 本店",
        auth_key=AuthKey("=b3dEf6hIj9k"),
        issued_at=datetime(2026, 4, 1, 1, 5, 59, tzinfo=UTC),
        wants_issued_mail=True,
        email="+tag@example.jp",
        desk="契約課",
        works_number="０12‐3",
        state=GuaranteeState.KEY_RECEIVED,
        guarantee_id=1,
    )
    rows = [full]
    for state in GuaranteeState:
        for product in Product:
            rows.append(
                Guarantee(
                    f"'-{state} の工事\u301c",
                    "＠見本建設株式会社",
                    product,
                    state=state,
                    guarantee_id=len(rows) + 1,
                    issued_at=datetime(2026, 4, 1, 1, 5, 59, 123456, tzinfo=UTC)
                    if state is GuaranteeState.ISSUED
                    else None,
                ),
            )
    changes = [RegisterChange(ChangeKind.ADD, row.guarantee_id, None, row) for row in rows]
    await register.register.change(changes, actor="test", source="fixture")
    assert await register.register.guarantees(limit=None) == tuple(rows)
    return register
