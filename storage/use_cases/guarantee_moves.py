"""Changes of a guarantee by its notice: the key is entered, taken back, verified.

Steps of settling and judging (settle.py); each locks the row and returns the journal entries, which the caller writes.
Raises NotFound, and WrongState for a transition that the table lacks.
"""

from __future__ import annotations

from typing import Any

from bot.core.records.guarantee import TRANSITIONS, GuaranteeState
from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.submission import NoticeFields
from storage.database import models
from storage.database.connection import Database
from storage.database.rows import change, check_move, read, wrong_state
from storage.errors import NotFound, WrongState
from storage.use_cases.journal import Entry


async def receive_key(database: Database, key: KeyReceived, receipt: str, *, actor: str) -> list[Entry]:
    """Enter number and key where the register has none, and move the guarantee to key_received.

    `receipt`: the submission that brought them; take_key_back compares it. Raises WrongState when the register has another
    number or key by now.
    """
    row = await locked_guarantee(database, key.guarantee_id)
    state = GuaranteeState(row.state)
    if state.is_closed:
        raise wrong_state(f"guarantee {row.id}", state, GuaranteeState.KEY_RECEIVED)
    known = row.auth_key and database.vault.unseal(row.auth_key)
    if (row.number and key.number and row.number != key.number) or (known and not known.same_as(key.auth_key)):
        raise WrongState(f"台帳{row.id}には、既に別の保証契約番号又は認証キーが入っています")
    changes: dict[str, Any] = {}
    if not row.number and key.number:
        changes["number"] = key.number
    if row.auth_key is None:
        changes["auth_key"] = database.vault.seal(key.auth_key)
    if state in {GuaranteeState.EXPECTED, GuaranteeState.ISSUED}:
        check_move(f"guarantee {row.id}", TRANSITIONS, state, GuaranteeState.KEY_RECEIVED)
        changes["state"] = GuaranteeState.KEY_RECEIVED.value
    if not changes:
        return []
    await change(database, database.models.guarantee, changes, "id = ?", [row.id])
    detail = {"from": state.value, "changed": sorted(changes), "receipt": receipt}
    return [Entry("guarantee.key_received", "guarantee", row.id, detail, actor)]


async def take_key_back(
    database: Database, guarantee_id: int, receipt: str, *, actor: str, is_proven: bool
) -> list[Entry]:
    """Undo the entries of a notice's acceptance when the notice is sent back; the journal lists these entries.

    `is_proven`: number and key have opened an earlier version of the guarantee in D-Sure; they stay.
    """
    row = await locked_guarantee(database, guarantee_id)
    entered = await (
        database.models.journal.filter(
            subject_kind="guarantee", subject_id=str(guarantee_id), event="guarantee.key_received"
        )
        .order_by("-id")
        .first()
    )
    if entered is None or entered.detail.get("receipt") != receipt or row.state != GuaranteeState.KEY_RECEIVED.value:
        return []
    changed = set(entered.detail["changed"])
    changes: dict[str, Any] = {name: None for name in ("number", "auth_key") if name in changed and not is_proven}
    if "state" in changed and not is_proven:  # a proven key is still here, so key_received stays
        back = GuaranteeState.ISSUED if row.issued_at else GuaranteeState.EXPECTED
        check_move(f"guarantee {row.id}", TRANSITIONS, GuaranteeState(row.state), back)
        changes["state"] = back.value
    if not changes:
        return []
    await database.models.guarantee.filter(id=row.id).update(**changes)
    return [Entry("guarantee.key_taken_back", "guarantee", row.id, {"changed": sorted(changes)}, actor)]


async def verify_guarantee(database: Database, guarantee_id: int, fields: NoticeFields, *, actor: str) -> list[Entry]:
    """Move the guarantee to verified: a clerk has opened it in D-Sure. What the register lacks of number and key is entered."""
    row = await locked_guarantee(database, guarantee_id)
    state = GuaranteeState(row.state)
    changes: dict[str, Any] = {}
    if not row.number and fields.number:
        changes["number"] = fields.number
    if row.auth_key is None and fields.auth_key is not None and row.number in {None, fields.number}:
        changes["auth_key"] = database.vault.seal(fields.auth_key)
    if state is not GuaranteeState.VERIFIED:
        check_move(f"guarantee {row.id}", TRANSITIONS, state, GuaranteeState.VERIFIED)
        changes["state"] = GuaranteeState.VERIFIED.value
    if not changes:
        return []
    await database.models.guarantee.filter(id=row.id).update(**changes)
    entered = sorted(changes.keys() - {"state"})
    detail = {"from": state.value, **({"changed": entered} if entered else {})}
    return [Entry("guarantee.verified", "guarantee", row.id, detail, actor)]


async def locked_guarantee(database: Database, guarantee_id: int) -> models.GuaranteeRecord:
    """The row, locked until the transaction ends. Raises NotFound."""
    rows = await read(database, database.models.guarantee, "WHERE id = ?", [guarantee_id], lock=True)
    if not rows:
        raise NotFound(f"guarantee {guarantee_id}")
    return rows[0]
