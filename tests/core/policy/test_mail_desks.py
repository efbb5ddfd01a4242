"""A mail without a notice is one desk's: by the city's rules, the address that it came to, the register, or the default."""

from __future__ import annotations

import pytest

from bot.core.policy.mail_desks import default_desk, desk_named, desk_of_mail
from bot.core.policy.policy import Desk, DeskRule
from bot.core.records.guarantee import Guarantee, Product

CONTRACTS = Desk("契約課", "keiyaku@city.example.jp", frozenset({Product.CONTRACT}))
ROADS = Desk(
    "道路課", "doro@city.example.jp", frozenset({Product.ADVANCE_PAYMENT}), inboxes=("doro-hosho@city.example.jp",)
)
ALL = Desk("財政課", "zaisei@city.example.jp")
DESKS = (CONTRACTS, ROADS, ALL)
RULES = (
    DeskRule("なくなった課", words=("請求",)),
    DeskRule("道路課", senders=("kensetsu.example.jp",), words=("前払金", "中間")),
    DeskRule("契約課", recipients=("keiyaku-hosho@city.example.jp",)),
    DeskRule("契約課", senders=("sato@reiji.example.jp",)),
    DeskRule("契約課", words=("Ｃｏｎｔｒａｃｔ",)),
)
COMMON = "hosho@city.example.jp"


def row(product: Product, desk: str = "") -> Guarantee:
    return Guarantee("市道１号線", "見本建設", product, number="1", desk=desk, guarantee_id=1)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, "財政課"),
        ({"subject": "前払金の請求について"}, "財政課"),  # both conditions of a rule must hold
        ({"sender": "a@kensetsu.example.jp"}, "財政課"),
        ({"sender": "A@Kensetsu.example.jp", "subject": "中間前払"}, "道路課"),
        ({"sender": "a@honsha.kensetsu.example.jp", "subject": "前 払 金"}, "道路課"),
        ({"sender": "a@notkensetsu.example.jp", "subject": "前払金"}, "財政課"),
        ({"recipients": (COMMON, "Keiyaku-hosho+tag@city.example.jp")}, "契約課"),
        ({"sender": "sato@reiji.example.jp"}, "契約課"),
        ({"sender": "ito@reiji.example.jp"}, "財政課"),
        ({"subject": "about the CONTRACT"}, "契約課"),
        ({"arrived_at": (ROADS,)}, "道路課"),
        ({"arrived_at": (ROADS,), "sender": "sato@reiji.example.jp"}, "契約課"),  # the city's own rules come first
        # The sender's guarantees: the newest of which one desk alone is told.
        ({"rows": (row(Product.ADVANCE_PAYMENT, "契約課"),)}, "契約課"),
        ({"rows": (row(Product.ADVANCE_PAYMENT),)}, "財政課"),  # it would be two desks'
        ({"rows": (row(Product.CONTRACT), row(Product.ADVANCE_PAYMENT, "道路課"))}, "道路課"),
        ({"rows": (row(Product.CONTRACT, "契約課"),), "arrived_at": (ROADS,)}, "道路課"),
        # What its papers are about, where one desk alone takes that.
        ({"product": Product.CONTRACT}, "財政課"),
        ({"product": Product.ADVANCE_PAYMENT, "rows": (row(Product.CONTRACT, "契約課"),)}, "契約課"),
    ],
)
def test_a_mail_is_one_desks(known, expected):
    said = {"recipients": (COMMON,), "sender": "x@example.com", "subject": "お尋ね"} | known
    assert desk_of_mail(DESKS, RULES, **said).name == expected


def test_a_claim_is_the_one_desks_that_takes_its_product():
    said = {"recipients": (COMMON,), "sender": "x@example.com", "subject": "請求書", "product": Product.ADVANCE_PAYMENT}
    assert desk_of_mail((CONTRACTS, ROADS), (), **said) is ROADS


@pytest.mark.parametrize(
    ("desks", "expected"),
    [
        (DESKS, "財政課"),
        ((CONTRACTS, ROADS), "契約課"),
        ((CONTRACTS, Desk("道路課", "doro@city.example.jp", frozenset({Product.CONTRACT}), is_default=True)), "道路課"),
        ((ALL, Desk("管財課", "kanzai@city.example.jp", is_default=True)), "管財課"),
    ],
)
def test_the_rest_is_the_default_desks(desks, expected):
    assert default_desk(desks).name == expected
    # A mail that ended at the door has no desk, and a desk may be gone from the settings.
    assert {desk_named(name, desks).name for name in ("", "なくなった課")} == {expected}
    assert desk_named(desks[0].name, desks) is desks[0]
