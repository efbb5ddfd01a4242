"""A notice at another desk's address: whose addresses count, and when it is sure enough to be said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.letters.to_contractors import Moved
from bot.core.mail.parse import parse_mail
from bot.core.policy.policy import Desk
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import Product
from bot.core.verdict.misdirected import arrived_at, moves, right_desk
from tests.core.verdict.cases import INBOX, NOW, POLICY, raw_mail

ROADS_INBOX, CONTRACTS_INBOX = "doro-hosho@city.example.jp", "keiyaku-hosho@city.example.jp"
PAYMENTS = frozenset({Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT})
ROADS = Desk("道路課", "doro@city.example.jp", PAYMENTS, inboxes=(ROADS_INBOX,))
CONTRACTS = Desk(
    "契約課", "keiyaku@city.example.jp", frozenset({Product.CONTRACT}), inboxes=(CONTRACTS_INBOX, "k@city.example.jp")
)
TWO = replace(POLICY, inboxes=(INBOX, ROADS_INBOX, *CONTRACTS.inboxes), desks=(CONTRACTS, ROADS))


def arrived(source: Source, rcpt_tos: tuple[str, ...], headers: str = "") -> list[str]:
    mail = parse_mail(raw_mail(headers)).mail
    return [desk.name for desk in arrived_at(Envelope(source, "", rcpt_tos, NOW), mail, TWO.desks, TWO.inboxes)]


@pytest.mark.parametrize("source", [Source.SMTP, Source.LMTP])
@pytest.mark.parametrize(
    ("rcpt_tos", "headers", "desks"),
    [
        ((ROADS_INBOX,), "", ["道路課"]),
        (("doro-hosho+r8@city.example.jp",), "", ["道路課"]),
        ((ROADS_INBOX,), "To: 道路課 <DORO-HOSHO@city.example.jp>\nCc: a@example.jp", ["道路課"]),
        ((INBOX,), "", []),
        ((ROADS_INBOX, INBOX), "", []),
        ((ROADS_INBOX, CONTRACTS_INBOX), "", ["契約課", "道路課"]),
        ((ROADS_INBOX,), f"To: {ROADS_INBOX}\nCc: {CONTRACTS_INBOX}", ["契約課", "道路課"]),
        ((ROADS_INBOX,), f"To: {INBOX}", []),
        ((ROADS_INBOX,), "To: somebody@example.jp", ["道路課"]),
    ],
)
def test_the_envelope_and_the_header_say_to_which_desks_a_mail_went(source, rcpt_tos, headers, desks):
    assert arrived(source, rcpt_tos, headers) == desks


@pytest.mark.parametrize("source", [Source.IMAP, Source.FOLDER])
def test_a_mailbox_has_the_header_alone_and_else_what_the_server_noted(source):
    assert arrived(source, (INBOX,), f"To: {ROADS_INBOX}") == ["道路課"]
    assert arrived(source, (ROADS_INBOX,), "To: undisclosed-recipients:;") == ["道路課"]
    assert arrived(source, (INBOX,), "") == []
    assert arrived(source, (INBOX,), f"To: {ROADS_INBOX}, {INBOX}") == []


def test_what_a_clerk_enters_by_hand_came_to_no_desk():
    assert arrived(Source.HAND, (ROADS_INBOX,), f"To: {ROADS_INBOX}") == []


@pytest.mark.parametrize(
    ("product", "at", "right"),
    [
        (Product.CONTRACT, (ROADS,), CONTRACTS),
        (Product.ADVANCE_PAYMENT, (CONTRACTS,), ROADS),
        (Product.INTERIM_PAYMENT, (ROADS,), None),
        (Product.CONTRACT, (CONTRACTS, ROADS), None),
        (Product.CONTRACT, (), None),
        (Product.OTHER, (ROADS,), None),  # nobody's by its product
        (None, (ROADS,), None),
    ],
)
def test_a_notice_is_moved_only_from_desks_that_do_not_take_its_product(product, at, right):
    assert right_desk(product, at, TWO.desks) == right


def test_where_two_desks_take_a_product_or_one_takes_all_nothing_is_sure():
    twice = replace(TWO, desks=(CONTRACTS, replace(CONTRACTS, name="第二契約課"), ROADS))
    assert right_desk(Product.CONTRACT, (ROADS,), twice.desks) is None
    general = Desk("財政課", "zaisei@city.example.jp")
    assert right_desk(Product.CONTRACT, (ROADS,), (CONTRACTS, general, ROADS)) is None
    assert right_desk(Product.CONTRACT, (general,), (CONTRACTS, general)) is None


def test_the_sender_is_told_once_for_each_product_and_an_address_that_is_taken_in():
    products = [Product.CONTRACT, Product.CONTRACT, Product.ADVANCE_PAYMENT, None]
    assert moves(products, (ROADS,), TWO.desks, TWO.inboxes) == (Moved("契約保証", "契約課", CONTRACTS_INBOX),)
    without = replace(TWO, desks=(replace(CONTRACTS, inboxes=()), ROADS))
    assert moves(products, (ROADS,), without.desks, without.inboxes) == (Moved("契約保証", "契約課", INBOX),)
