"""Who gets a clerk's last word on a notice, and in whose name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.clerk.actions import Action, letter_drafts, refuse, verify
from bot.core.policy.policy import Desk, Policy
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.submission import SubmissionState
from tests.core.verdict.cases import NOW, POLICY, SENDER, guarantee, submission

FIRM = "honsha@kensetsu.example.jp"
TELLS_FIRM = replace(POLICY, final_letters_to_firm=True)
ACCEPTED = submission(SubmissionState.ACCEPTED)


def recipients(act: Any, row: Guarantee | None, policy: Policy) -> list[tuple[str, str, str]]:
    assert isinstance(act, Action)
    assert act.letter is not None
    drafts = letter_drafts(ACCEPTED, act.letter, row, policy)
    return [(one.recipient, one.dedupe_key, one.context.item.project_name) for one in drafts]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("policy", "row", "firm"),
    [
        (TELLS_FIRM, guarantee(email=FIRM, project_name="台帳の工事名"), [FIRM]),
        (POLICY, guarantee(email=FIRM), []),
        (TELLS_FIRM, guarantee(email=SENDER.upper()), []),
        (TELLS_FIRM, guarantee(), []),
        (TELLS_FIRM, guarantee(email=FIRM, guarantee_id=2), []),
        (TELLS_FIRM, None, []),
    ],
)
def test_the_registers_own_address_gets_it_too_where_the_city_wants_that(
    policy: Policy, row: Guarantee | None, firm: list[str]
) -> None:
    verified = recipients(verify(ACCEPTED, policy, NOW, row), row, policy)
    sent_back = recipients(refuse(ACCEPTED, "工期", policy), row, policy)
    receipt = ACCEPTED.receipt_number
    told = [(SENDER, f"verified/{receipt}", ACCEPTED.fields.project_name)]
    assert verified == told + [(one, f"verified/{receipt}/firm", "台帳の工事名") for one in firm]
    assert [one for one, _, _ in sent_back] == [SENDER, *firm]


def test_the_letter_has_the_contact_of_the_desk_whose_case_it_is() -> None:
    contract = Desk("契約課", "keiyaku@city.example.jp", frozenset({Product.CONTRACT}), phone="0297-00-0002")
    road = Desk("道路課", "doro@city.example.jp", frozenset({Product.ADVANCE_PAYMENT}), email="doro@city.example.jp")
    policy = replace(POLICY, desks=(contract, road))
    by_product, by_register = (
        verify(ACCEPTED, policy, NOW, guarantee(desk=name)).letter.office  # type: ignore[union-attr]
        for name in ("", "契約課")
    )
    assert (by_product.email, by_product.phone) == ("doro@city.example.jp", "")
    assert (by_register.email, by_register.phone) == ("", "0297-00-0002")
