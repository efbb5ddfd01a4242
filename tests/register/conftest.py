"""What the tests of the register's files share: a few guarantees and a register kept in a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.core.guarantee import Guarantee, GuaranteeState, Product
from bot.core.register import ChangeKind, RegisterChange
from bot.core.secret import AuthKey


class ListRegister:
    """The register's part of a store, kept in memory: it writes what storage/store.py promises to write."""

    def __init__(self, rows: Sequence[Guarantee] = ()) -> None:
        self.rows = {row.guarantee_id: row for row in rows}
        self.journal: list[tuple[str, str, int]] = []

    async def guarantees(self, *, limit: int | None = None) -> tuple[Guarantee, ...]:
        return tuple(self.rows.values())[:limit]

    async def change_register(self, changes: Sequence[RegisterChange], *, actor: str, source: str) -> None:
        self.journal.append((actor, source, len(changes)))
        for change in changes:
            assert change.kind is not ChangeKind.UNCHANGED
            guarantee_id = change.after.guarantee_id or len(self.rows) + 1
            self.rows[guarantee_id] = replace(change.after, guarantee_id=guarantee_id)


@pytest.fixture
def register() -> ListRegister:
    return ListRegister()


@pytest.fixture
def full_register() -> ListRegister:
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
    return ListRegister(rows)
