"""Mails to the desks' own addresses, through the sorter: who is told what, and what stands in the summaries. And subjects that choose."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.policy.policy import Desk, Policy
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.outgoing_mail import Letter
from bot.core.records.submission import SubmissionState
from bot.core.summary.summarise import summarise
from bot.workers.sorter import LEASE, Sorter
from bot.workers.sweeps import rematch
from storage.store import Store
from tests.storage.samples import add
from tests.workers.conftest import INBOX
from tests.workers.test_oracle import PaperReader

WORK, FIRM = "市道第５号線改良工事", "株式会社みほん建設"
SENDER = "tanto@mihon.example.jp"
ROADS_INBOX, CONTRACTS_INBOX = "doro-hosho@city.example.jp", "keiyaku-hosho@city.example.jp"
PAYMENTS = frozenset({Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT})
ROADS = Desk("道路課", "doro@city.example.jp", PAYMENTS, inboxes=(ROADS_INBOX,))
CONTRACTS = Desk("契約課", "keiyaku@city.example.jp", frozenset({Product.CONTRACT}), inboxes=(CONTRACTS_INBOX,))
CONTRACT, ADVANCE = "契約保証", "前払金保証"
SENTENCE = (
    "契約保証のお知らせは、契約課あての書類でしたので、契約課で受け付けました。"
    "次回は keiyaku-hosho@city.example.jp へお送りください。"
)


Sorting = Callable[..., Awaitable[dict[tuple[str, Letter], str]]]


@pytest.fixture
def policy(policy: Policy) -> Policy:
    return replace(policy, inboxes=(INBOX, ROADS_INBOX, CONTRACTS_INBOX), desks=(CONTRACTS, ROADS))


def text_of(product: str, number: str, key: str = "aB3dEf6hIj9k") -> str:
    return (
        f"電子保証にかかる「認証キー」のお知らせ\n工事名：{WORK}\n受注者名：{FIRM}\n商品（保証区分）：{product}\n"
        f"保証契約番号：{number}\n認証キー：{key}\n"
    )


@pytest.fixture
def sorted_mails(store: Store, composer, policy, watch) -> Sorting:
    """Sorts a mail with these notices, and tells what left, by recipient and letter."""
    sorter = Sorter(store, PaperReader(), composer, policy, watch)

    async def sort(
        *notices: str,
        to: tuple[str, ...] = (ROADS_INBOX,),
        subject: str = "key",
        source: Source = Source.SMTP,
        header: str = "",
    ) -> dict[tuple[str, Letter], str]:
        before = len(await store.outbox.list_())
        shown = base64.b64encode(subject.encode()).decode()
        body = base64.encodebytes("\f".join(notices).encode()).decode()
        content = (
            f"From: {SENDER}\nTo: {header or ', '.join(to)}\nSubject: =?utf-8?b?{shown}?=\nMessage-ID: <{watch()}@a>\n"
            f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{body}"
        ).encode()
        await store.incoming.keep([Arrival(Envelope(source, SENDER, to, watch()), content)])
        while mail := await store.incoming.claim(lease=LEASE):
            await sorter.sort(mail)
        watch.turn(minutes=10)
        rows = sorted(await store.outbox.list_(), key=lambda row: row.outbox_id)[before:]
        return {(row.mail.recipient, row.mail.letter): row.mail.text.replace("\n", "") for row in rows}

    return sort


async def test_a_contract_guarantee_at_the_works_desk_goes_to_the_contract_desk_and_the_sender_is_told(
    store, sorted_mails, policy, watch
):
    begin = watch() - timedelta(minutes=1)
    told = await sorted_mails(text_of(CONTRACT, "11111-000001"))
    assert list(told) == [(SENDER, Letter.RECEIPT), (CONTRACTS.address, Letter.ALERT)]
    assert SENTENCE in told[SENDER, Letter.RECEIPT]
    (one,) = await store.submissions.list_()
    assert one.moved_from == ("道路課",)
    facts = await store.summary.facts(since=begin, until=watch())
    roads, contracts = (summarise(facts, desk, policy) for desk in (ROADS, CONTRACTS))
    moved = dict(roads.details)["他の担当へ"]
    assert [(line.name, line.note) for line in moved] == [(one.receipt_number, "契約課へ回しました")]
    assert roads.letter.done == (("他の担当へ", 1),)
    assert (roads.letter.held, contracts.letter.done) == ((), ())
    assert contracts.letter.held[0].note.endswith("、道路課のアドレスに届き、回したもの")
    later = await store.summary.facts(since=watch(), until=watch() + timedelta(days=1))
    assert summarise(later, ROADS, policy).letter.done == ()


async def test_the_sentence_is_the_same_whatever_the_register_knows(store, sorted_mails):
    """What differs would tell a stranger whether his number exists, and whose row it is."""
    row = Guarantee(WORK, FIRM, Product.CONTRACT)
    await store.register.change(
        add(
            replace(row, number="11111-000002"),
            replace(row, number="11111-000003", desk="道路課"),
            replace(row, number="11111-000004", project_name="別の工事"),
            replace(row, number="11111-000005", state=GuaranteeState.CANCELLED),
            replace(row, number="11111-000006", product=Product.ADVANCE_PAYMENT),
        ),
        actor="clerk",
        source="a.csv",
    )
    receipts = []
    for number in range(1, 7):
        told = await sorted_mails(text_of(CONTRACT, f"11111-00000{number}", key=f"aB3dEf6hIj{number}k"))
        receipts.append(told[SENDER, Letter.RECEIPT])
    assert [SENTENCE in receipt for receipt in receipts] == [True] * 6
    moved = {one.fields.number: one.moved_from for one in await store.submissions.list_()}
    assert moved["11111-000003"] == ()  # the register gives it to the desk where it is


@pytest.mark.parametrize(
    ("product", "to"),
    [
        (ADVANCE, (ROADS_INBOX,)),
        (CONTRACT, (CONTRACTS_INBOX,)),
        (CONTRACT, (INBOX,)),
        (CONTRACT, (ROADS_INBOX, CONTRACTS_INBOX)),
        ("契約保証予約", (ROADS_INBOX,)),
    ],
)
async def test_nothing_is_moved_that_came_to_the_right_desk_to_all_or_to_nobody(store, sorted_mails, product, to):
    told = await sorted_mails(text_of(product, "11111-000001"), to=to)
    assert "あての書類でしたので" not in told[SENDER, Letter.RECEIPT]
    assert [one.moved_from for one in await store.submissions.list_()] == [()]


async def test_a_mailbox_goes_by_the_header(store, sorted_mails):
    told = await sorted_mails(text_of(CONTRACT, "11111-000001"), to=(INBOX,), header=ROADS_INBOX, source=Source.IMAP)
    assert SENTENCE in told[SENDER, Letter.RECEIPT]


async def test_a_mail_with_both_kinds_goes_to_both_desks_each_seeing_its_part(store, sorted_mails):
    told = await sorted_mails(text_of(CONTRACT, "11111-000001"), text_of(ADVANCE, "11111-000002"))
    alerts = {address: text for (address, letter), text in told.items() if letter is Letter.ALERT}
    assert {address: ("11111-000001" in text, "11111-000002" in text) for address, text in alerts.items()} == {
        CONTRACTS.address: (True, False),
        ROADS.address: (False, True),
    }
    receipt = told[SENDER, Letter.RECEIPT]
    assert (receipt.count("11111-000001"), receipt.count("11111-000002"), receipt.count("次回は")) == (1, 1, 1)
    assert [one.moved_from for one in sorted(await store.submissions.list_(), key=lambda one: one.receipt_number)] == [
        ("道路課",),
        (),
    ]


async def test_a_question_at_a_desks_address_is_that_desks(store, sorted_mails, composer, policy, watch):
    content = f"From: {SENDER}\nTo: {ROADS_INBOX}\nSubject: q\nMessage-ID: <q@a>\n\nWhich desk, please?\n".encode()
    await store.incoming.keep([Arrival(Envelope(Source.SMTP, SENDER, (ROADS_INBOX,), watch()), content)])
    await Sorter(store, PaperReader(), composer, policy, watch).sort(await store.incoming.claim(lease=LEASE))
    assert [row.mail.recipient for row in await store.outbox.list_()] == [ROADS.address]


# -- subjects

TWINS = tuple(Guarantee(WORK, FIRM, Product.ADVANCE_PAYMENT, works_number=f"土木第{n}号") for n in (12, 13))


async def accepted_for(store: Store) -> dict[str, int | None]:
    return {
        one.fields.number: one.guarantee_id
        for one in await store.submissions.list_()
        if one.state is SubmissionState.ACCEPTED
    }


async def test_a_subjects_works_number_chooses_between_two_works_of_one_name(store, sorted_mails):
    await store.register.change(add(*TWINS), actor="clerk", source="a.csv")
    await sorted_mails(text_of(ADVANCE, "11111-000001"), subject="Re: 【電子保証】土木第１３号　市道第５号線改良工事")
    assert await accepted_for(store) == {"11111-000001": 2}


async def test_two_notices_of_one_kind_are_not_told_apart_by_one_subject(store, sorted_mails):
    await store.register.change(add(*TWINS), actor="clerk", source="a.csv")
    notices = (text_of(ADVANCE, "11111-000001"), text_of(ADVANCE, "11111-000002", key="zY8xWv5uTs2r"))
    await sorted_mails(*notices, subject="【電子保証】土木第13号 市道第5号線改良工事")
    assert await accepted_for(store) == {}


async def test_a_subject_chooses_still_when_the_register_comes_later(store, sorted_mails, policy):
    told = await sorted_mails(text_of(ADVANCE, "11111-000001"), subject="【電子保証】土木第13号")
    assert "件名の記載: 工事番号 土木第13号" in told[ROADS.address, Letter.ALERT]
    await store.register.change(add(*TWINS), actor="clerk", source="a.csv")
    assert await rematch(store, policy) == 1
    assert await accepted_for(store) == {"11111-000001": 2}


async def test_a_key_in_a_subject_stands_in_no_letter(store, sorted_mails):
    subject = "電子保証認証キー：工事 aB3dEf6hIj9k"
    told = await sorted_mails(text_of(ADVANCE, "11111-000001"), subject=subject)
    assert "件名の記載: 工事名 工事" in told[ROADS.address, Letter.ALERT]
    assert [key for key, text in told.items() if "aB3dEf6hIj9k" in text] == []
