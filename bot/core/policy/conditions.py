"""利用条件: for which products, kinds of contract, amounts and contract dates the city accepts electronic guarantees, and from which day on.

Asked by core/judging/judge.py for a notice, and for the register's rows by what writes to contractors unasked. Whatever is not known
speaks against nothing. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.submission import NoticeFields
from bot.core.text.closed_list import ClosedList
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold


class Outside(ClosedList):
    """A condition that is not met."""

    words: str  # for a clerk

    NOT_YET = "not_yet", "電子保証の受付を始める日より前に届きました"
    PRODUCT = "product", "電子保証の対象でない保証区分です"
    KIND = "kind", "電子保証の対象でない契約の種類です"
    AMOUNT = "amount", "請負金額が、電子保証の対象の範囲にありません"
    CONTRACT_DATE = "contract_date", "請負契約日が、電子保証の対象の期間にありません"


KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("工事", ("工事",)),
    ("業務委託", ("委託", "業務", "測量", "設計", "調査", "点検", "監理", "管理", "清掃", "警備")),
    ("物品", ("購入", "買入れ", "物品", "納入", "製造")),
    ("賃貸借", ("賃貸借", "リース", "借上げ", "借入れ")),
)
"""Kinds of contract, and the words by which a name tells its own: the last of them does."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The city's. Empty and None = no condition."""

    begins_on: date | None = None  # the first day on which notices are accepted
    products: frozenset[Product] = frozenset()
    kinds: frozenset[str] = frozenset()
    kind_words: tuple[tuple[str, tuple[str, ...]], ...] = KINDS
    least_yen: int | None = None  # of the contract
    most_yen: int | None = None
    contracted_from: date | None = None
    contracted_until: date | None = None
    instead: str = ""  # what a contractor is to send instead, in the city's words

    def kind_of(self, name: str) -> str:
        """The kind of contract that a work's name tells; "" = none of the known ones."""
        bare = fold(name)
        return self._last_in(_BRACKETED.sub("", bare)) or self._last_in(bare)

    def _last_in(self, name: str) -> str:
        places = (
            (name.rfind(word) + len(word), kind) for kind, words in self.kind_words for word in words if word in name
        )
        return max(places, default=(0, ""))[1]


_BRACKETED = LazyPattern(r"\([^()]*\)")


def outside_by_notice(said: NoticeFields, conditions: Conditions, day: date) -> tuple[Outside, ...]:
    """What the notice itself says against the conditions; `day`: of its arrival, in Japan. Its sender may be told, whoever he is."""
    return tuple(_outside(said.product, said.project_name, conditions, day))


def outside_by_row(row: Guarantee, conditions: Conditions, day: date) -> tuple[Outside, ...]:
    """What the register says against them."""
    found = list(_outside(row.product, row.project_name, conditions, day))
    amount, contracted = row.contract_amount_yen, row.contracted_on
    if amount is not None and not (conditions.least_yen or 0) <= amount <= (conditions.most_yen or amount):
        found.append(Outside.AMOUNT)
    if contracted is not None and not (conditions.contracted_from or contracted) <= contracted <= (
        conditions.contracted_until or contracted
    ):
        found.append(Outside.CONTRACT_DATE)
    return tuple(found)


def _outside(product: Product | None, name: str, conditions: Conditions, day: date) -> Iterator[Outside]:
    if conditions.begins_on is not None and day < conditions.begins_on:
        yield Outside.NOT_YET
    if conditions.products and product is not None and product not in conditions.products:
        yield Outside.PRODUCT
    kind = conditions.kind_of(name) if conditions.kinds else ""
    if kind and kind not in conditions.kinds:
        yield Outside.KIND
