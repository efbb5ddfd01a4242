"""A guarantee (保証契約) as the city's register knows it, and its states.

Read from the city's files by bot/register, kept by storage, compared by core/judging/matching.py. Values only.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from datetime import date, datetime
from types import MappingProxyType

from bot.core.records.secret import AuthKey
from bot.core.text.closed_list import ClosedList

_ADVANCE = ("前払金保証", "前払保証", "前金払保証", "前払金", "前金払", "前払")


class Product(ClosedList):
    """商品（保証区分）."""

    words: str
    short: str  # in a narrow line
    names: tuple[str, ...]  # what subjects and lists call it

    ADVANCE_PAYMENT = "advance_payment", "前払金保証", "前払", _ADVANCE
    INTERIM_PAYMENT = "interim_payment", "中間前払金保証", "中間前払", tuple(f"中間{name}" for name in _ADVANCE)
    CONTRACT = "contract", "契約保証", "契約", ("契約保証", "契約")
    OTHER = "other", "その他", "その他", ()  # 契約保証予約 (入札ボンド) and whatever comes


class GuaranteeState(ClosedList):
    """`expected → issued → key_received → verified`, and the three ends in which no notice is awaited."""

    words: str  # in a list, and in an exported register
    ended_as: str  # why nothing can be accepted for it, "" = a notice is awaited or there

    EXPECTED = "expected", "発行待ち", ""
    ISSUED = "issued", "発行済", ""
    KEY_RECEIVED = "key_received", "受領済", ""
    VERIFIED = "verified", "確認済", ""
    ON_PAPER = "on_paper", "紙", "紙の保証証書"
    CANCELLED = "cancelled", "取消し", "取消し"
    EXPIRED = "expired", "期限切れ", "期限切れ"

    @property
    def is_closed(self) -> bool:
        """Whether no notice is awaited: a file may set these from any state, and back."""
        return bool(self.ended_as)


@dataclass(frozen=True, slots=True)
class CertificateValues:
    """What a certificate says. Text that the city does not know is "", a date or amount None; amounts in yen."""

    project_name: str
    contractor: str
    _: KW_ONLY
    jv_name: str = ""
    contract_amount_yen: int | None = None  # 請負金額
    guarantee_amount_yen: int | None = None  # 保証金額
    expires_on: date | None = None  # 保証期限
    works_start_on: date | None = None  # 工期の始まり
    works_end_on: date | None = None  # 工期の終わり
    contracted_on: date | None = None  # 請負契約日
    deposit_bank: str = ""  # 預託金融機関
    issued_at: datetime | None = None  # 電子保証発行日時, UTC

    @property
    def firms(self) -> str:
        """The contractor and the joint venture, in one line."""
        return "／".join(name for name in (self.contractor, self.jv_name) if name)

    @staticmethod
    def of(source: object) -> CertificateValues:
        """The values of whatever has them: a guarantee, a row of the database."""
        return CertificateValues(**{name: getattr(source, name) for name in VALUE_NAMES})


VALUE_NAMES = tuple(field.name for field in fields(CertificateValues))


@dataclass(frozen=True, slots=True)
class Guarantee(CertificateValues):
    """One row of the register: the values of its newest certificate, and what the city keeps about it."""

    product: Product
    number: str = ""  # normalised: half-width digits, ASCII hyphen; "" = not known yet
    revision: int = 0  # 変更番号; 0 = 新規
    orderer: str = ""
    auth_key: AuthKey | None = None
    wants_issued_mail: bool = False  # 電子保証発行完了のお知らせ 希望する
    email: str = ""
    desk: str = ""  # the name of the desk in the config; "" = by product
    works_number: str = ""  # 工事番号, as written
    state: GuaranteeState = GuaranteeState.EXPECTED
    guarantee_id: int = 0  # 0 = the store has given none yet


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
