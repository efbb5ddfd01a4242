"""A guarantee (保証契約) as the city's register knows it, and its states.

Read from the city's files by bot/register, kept by storage, compared by core/verdict/matching.py. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.records.secret import AuthKey


class Product(StrEnum):
    """商品（保証区分）."""

    ADVANCE_PAYMENT = "advance_payment"  # 前払金保証
    INTERIM_PAYMENT = "interim_payment"  # 中間前払金保証
    CONTRACT = "contract"  # 契約保証
    OTHER = "other"  # 契約保証予約 (入札ボンド) and whatever comes


PRODUCT_NAMES: MappingProxyType[Product, str] = MappingProxyType(
    {
        Product.ADVANCE_PAYMENT: "前払金保証",
        Product.INTERIM_PAYMENT: "中間前払金保証",
        Product.CONTRACT: "契約保証",
        Product.OTHER: "その他",
    },
)


class GuaranteeState(StrEnum):
    """`expected → issued → key_received → verified`, and the three ends in which no notice is awaited."""

    EXPECTED = "expected"
    ISSUED = "issued"
    KEY_RECEIVED = "key_received"
    VERIFIED = "verified"
    ON_PAPER = "on_paper"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Guarantee:
    """One row of the register. Text that the city does not know is "", a date or amount None.

    `number` is normalised (half-width digits, ASCII hyphen) or "" while unknown; `revision` is 変更番号 (0 = 新規).
    Amounts in yen. `issued_at` = 電子保証発行日時, UTC. `wants_issued_mail` = 電子保証発行完了のお知らせ 希望する.
    `works_number`: 工事番号, as written. `desk`: the name of the desk in the config, "" = by product. `guarantee_id` is 0 before the store has given one.
    """

    project_name: str
    contractor: str
    product: Product
    number: str = ""
    revision: int = 0
    jv_name: str = ""
    orderer: str = ""
    contract_amount_yen: int | None = None
    guarantee_amount_yen: int | None = None
    expires_on: date | None = None
    works_start_on: date | None = None
    works_end_on: date | None = None
    contracted_on: date | None = None
    deposit_bank: str = ""
    auth_key: AuthKey | None = None
    issued_at: datetime | None = None
    wants_issued_mail: bool = False
    email: str = ""
    desk: str = ""
    works_number: str = ""
    state: GuaranteeState = GuaranteeState.EXPECTED
    guarantee_id: int = 0


# Every move that the program may make; `register import` may set on_paper, cancelled and expired from any state and back.
TRANSITIONS: MappingProxyType[GuaranteeState, frozenset[GuaranteeState]] = MappingProxyType(
    {
        # verified at once: a clerk has opened it in D-Sure, so its key was there
        GuaranteeState.EXPECTED: frozenset(
            {GuaranteeState.ISSUED, GuaranteeState.KEY_RECEIVED, GuaranteeState.VERIFIED},
        ),
        GuaranteeState.ISSUED: frozenset({GuaranteeState.KEY_RECEIVED, GuaranteeState.VERIFIED}),
        # back when the notice is sent back after all
        GuaranteeState.KEY_RECEIVED: frozenset(
            {GuaranteeState.VERIFIED, GuaranteeState.ISSUED, GuaranteeState.EXPECTED},
        ),
        GuaranteeState.VERIFIED: frozenset({GuaranteeState.KEY_RECEIVED}),
        GuaranteeState.ON_PAPER: frozenset(),
        GuaranteeState.CANCELLED: frozenset(),
        GuaranteeState.EXPIRED: frozenset(),
    },
)
