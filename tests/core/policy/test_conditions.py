"""利用条件: what a notice and a row say against them, and that what is not known says nothing."""

from __future__ import annotations

from datetime import date

import pytest

from bot.core.policy.conditions import Conditions, Outside, outside_by_notice, outside_by_row
from bot.core.records.guarantee import Product
from tests.core.verdict.cases import fields, guarantee

DAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("市道１号線舗装工事", "工事"),
        ("橋梁補修設計業務委託", "業務委託"),
        ("○○工事監理業務", "業務委託"),
        ("浄水場管理棟新築工事", "工事"),
        ("市道１号線舗装工事（その２　設計変更分）", "工事"),
        ("公用車賃貸借", "賃貸借"),
        ("庁舎修繕", ""),
        ("", ""),
    ],
)
def test_the_last_word_of_a_name_tells_its_kind(name: str, kind: str) -> None:
    assert Conditions().kind_of(name) == kind


@pytest.mark.parametrize(
    ("conditions", "changes", "unmet"),
    [
        (Conditions(), {}, ()),
        (Conditions(begins_on=date(2026, 12, 2)), {}, (Outside.NOT_YET,)),
        (Conditions(begins_on=DAY), {}, ()),
        (Conditions(products=frozenset({Product.CONTRACT})), {}, (Outside.PRODUCT,)),
        (Conditions(products=frozenset({Product.CONTRACT})), {"product": None}, ()),
        (Conditions(kinds=frozenset({"業務委託"})), {}, (Outside.KIND,)),
        (Conditions(kinds=frozenset({"業務委託"})), {"project_name": "庁舎修繕"}, ()),
        (Conditions(kinds=frozenset({"工事"}), kind_words=(("工事", ("工事", "修繕")),)), {"project_name": "庁舎修繕"}, ()),
        (Conditions(least_yen=10), {}, ()),
    ],
)  # fmt: skip
def test_what_a_notice_says_against_them(conditions: Conditions, changes: dict, unmet: tuple[Outside, ...]) -> None:
    assert outside_by_notice(fields(**changes), conditions, DAY) == unmet


@pytest.mark.parametrize(
    ("conditions", "changes", "unmet"),
    [
        (Conditions(least_yen=10, most_yen=20), {"contract_amount_yen": 9}, (Outside.AMOUNT,)),
        (Conditions(least_yen=10, most_yen=20), {"contract_amount_yen": 21}, (Outside.AMOUNT,)),
        (Conditions(least_yen=10, most_yen=20), {"contract_amount_yen": 20}, ()),
        (Conditions(least_yen=10), {}, ()),
        (Conditions(contracted_from=DAY), {"contracted_on": date(2026, 11, 30)}, (Outside.CONTRACT_DATE,)),
        (Conditions(contracted_until=DAY), {"contracted_on": date(2026, 12, 2)}, (Outside.CONTRACT_DATE,)),
        (Conditions(contracted_from=DAY, contracted_until=DAY), {"contracted_on": DAY}, ()),
        (Conditions(contracted_from=DAY), {}, ()),
    ],
)
def test_what_the_register_says_against_them(conditions: Conditions, changes: dict, unmet: tuple[Outside, ...]) -> None:
    assert outside_by_row(guarantee(**changes), conditions, DAY) == unmet
