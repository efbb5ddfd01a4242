"""What an alert offers works, and what it does not offer is refused: for every reason for which a notice is held."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.clerk.facts import CaseFacts, MailCase
from bot.core.clerk.orders import apply_command
from bot.core.judging.judge import judge
from bot.core.judging.lookup import LookUp
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.judging.options import offer_accepted, offer_mail
from bot.core.judging.sender_facts import SenderFacts
from bot.core.letters.drafts import Letters
from bot.core.letters.reply_hints import hints
from bot.core.letters.to_desks import Alert
from bot.core.mail.message import Address
from bot.core.mail.parse import parse_mail
from bot.core.mail.reply_text import AnsweredWords
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.conditions import Conditions
from bot.core.policy.policy import KeyDelivery
from bot.core.records.clerk_orders import Command, CommandKind
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, PaperReason
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.reply_token import TokenCase
from bot.core.records.submission import ReadFrom, Submission
from bot.core.records.submission import SubmissionState as State
from bot.core.verdict.alerts import alert
from bot.core.verdict.mail_verdict import MailFacts
from tests.core.verdict.cases import (
    KEY,
    NOW,
    NUMBER,
    OTHER_KEY,
    POLICY,
    SENDER,
    fields,
    guarantee,
    look_up,
    notice,
    raw_mail,
    submission,
)

ANSWERED = replace(POLICY, reply_window=timedelta(days=30), originals_bytes=1)
PERSON = SenderFacts(Address("", SENDER), is_proven=True, is_unproven=False, is_automatic=False)
UNPROVEN = replace(PERSON, is_proven=False, is_unproven=True)
MACHINE = replace(UNPROVEN, is_automatic=True)
RECEIPT = "20261123-0007-1"
OTHER_NUMBER = "10001-000777"
NO_NUMBER = guarantee(number="", guarantee_id=2)
OTHERS_KEY = submission(State.HELD, fields=fields(auth_key=OTHER_KEY))
ACCEPTED_KEY = submission(State.ACCEPTED, fields=fields(auth_key=OTHER_KEY), guarantee_id=1)


@dataclass(frozen=True)
class Held:
    """A notice that is held, and what the store knows of it."""

    found: LookUp
    doubts: tuple[Why, ...] = ()
    said: dict[str, object] = field(default_factory=dict)
    sender: SenderFacts = PERSON
    policy: object = ANSWERED
    read_from: ReadFrom = ReadFrom.PDF_TEXT


def with_unverified(found: LookUp, *unverified: Submission) -> LookUp:
    return replace(found, unverified=unverified)


DOUBTS = (
    Why.NUMBER_FORMAT,
    Why.KEY_FORMAT,
    Why.STRANGE_CHARACTERS,
    Why.READ_TWICE_DIFFERENTLY,
    Why.TWO_KEYS_IN_MAIL,
    Why.SHOWS_OTHERWISE,
    Why.NOT_SEEN,
    Why.SENT_BACK,
    Why.PAPER_DAMAGED,
    Why.TYPED_IN_BODY,
    Why.NOT_THE_NOTICE_ITSELF,
)
HELD = {
    "not in the register": Held(look_up()),
    "rows, and none like it": Held(look_up(guarantee(number="", project_name="庁舎空調改修工事", contractor="別会社"))),
    "several fit": Held(look_up(NO_NUMBER, replace(NO_NUMBER, guarantee_id=3))),
    "several fit, one is taken": Held(
        with_unverified(
            look_up(NO_NUMBER, replace(NO_NUMBER, guarantee_id=3)),
            submission(State.ACCEPTED, guarantee_id=3, fields=fields(number=OTHER_NUMBER, auth_key=OTHER_KEY)),
        )
    ),
    "several fit, one is on paper": Held(
        look_up(NO_NUMBER, replace(NO_NUMBER, guarantee_id=3, state=GuaranteeState.ON_PAPER))
    ),
    "similar only": Held(look_up(guarantee(number="", project_name="市道１号線舗装補修工事"))),
    "similar, without a key": Held(
        look_up(guarantee(number="", project_name="市道１号線舗装補修工事")), (Why.KEY_MISSING,), {"auth_key": None}
    ),
    "another number": Held(look_up(guarantee(number=OTHER_NUMBER))),
    "a number with a slip": Held(look_up(guarantee(number="10001-000002"))),
    "another key": Held(look_up(guarantee(auth_key=OTHER_KEY))),
    "a row of the same names, with another key": Held(look_up(replace(NO_NUMBER, auth_key=OTHER_KEY))),
    "another key waits": Held(look_up(guarantee(), earlier=[OTHERS_KEY])),
    "another key was accepted and entered": Held(look_up(guarantee(auth_key=OTHER_KEY), earlier=[ACCEPTED_KEY])),
    "another key was accepted and not entered": Held(look_up(guarantee(), earlier=[ACCEPTED_KEY])),
    "another number was accepted for the row": Held(
        with_unverified(
            look_up(NO_NUMBER),
            submission(State.ACCEPTED, guarantee_id=2, fields=fields(number=OTHER_NUMBER, auth_key=OTHER_KEY)),
        )
    ),
    "the same was accepted, and letters are doubtful": Held(
        look_up(guarantee(auth_key=KEY), earlier=[submission(State.ACCEPTED)]), (Why.STRANGE_CHARACTERS,)
    ),
    "the same was sent back": Held(look_up(guarantee(), earlier=[submission(State.REFUSED)])),
    "another work": Held(look_up(guarantee(project_name="庁舎空調改修工事"))),
    "another firm": Held(look_up(guarantee(contractor="株式会社べつの組"))),
    "another product": Held(look_up(guarantee(product=Product.CONTRACT))),
    "no names": Held(look_up(guarantee()), (), {"project_name": "", "contractor": ""}),
    **{str(state): Held(look_up(guarantee(state=state))) for state in GuaranteeState if state.is_closed},
    "no number": Held(look_up(NO_NUMBER, number=""), (Why.NUMBER_MISSING,), {"number": ""}),
    "no key": Held(look_up(guarantee()), (Why.KEY_MISSING,), {"auth_key": None}),
    "typed in a mail": Held(look_up(guarantee()), (Why.TYPED_IN_BODY,), read_from=ReadFrom.BODY),
    "entered": Held(look_up(), read_from=ReadFrom.FORM),
    "papers are not sent": Held(look_up(), policy=replace(ANSWERED, originals_bytes=0)),
    "a picture": Held(look_up(guarantee()), read_from=ReadFrom.OCR),
    "a product for a person": Held(
        look_up(guarantee()), policy=replace(ANSWERED, automatic_products=frozenset({Product.CONTRACT}))
    ),
    "outside of the city's conditions": Held(
        look_up(guarantee()),
        policy=replace(ANSWERED, conditions=Conditions(products=frozenset({Product.CONTRACT}))),
    ),
    "nobody proved the sender": Held(look_up(guarantee()), sender=UNPROVEN),
    "nobody proved the sender, of a row without a number": Held(look_up(NO_NUMBER), sender=UNPROVEN),
    "a machine": Held(look_up(guarantee()), sender=MACHINE),
    "a stranger": Held(look_up(replace(NO_NUMBER, email="a@else.example.jp"))),
    "keys are guessed": Held(
        look_up(
            guarantee(),
            earlier=[
                submission(State.HELD, receipt_number=f"20261122-000{n}-1", sender=f"{n}@x{n}.example.jp", fields=said)
                for n, said in enumerate((fields(auth_key=type(KEY)(f"{n}Y8xWv5uTs2r")) for n in range(1, 5)), 1)
            ],
        ),
        sender=replace(PERSON, is_proven=False),
    ),
    "numbers are guessed": Held(
        look_up(), sender=replace(PERSON, unknown_numbers=frozenset(f"1-{n:06}" for n in range(30)))
    ),
    **{f"matches, but {doubt}": Held(look_up(guarantee()), (doubt,)) for doubt in DOUBTS},
    **{f"matches by names, but {doubt}": Held(look_up(NO_NUMBER), (doubt,)) for doubt in DOUBTS},
}


def judged(held: Held) -> NoticeVerdict:
    said = replace(notice(*held.doubts, **held.said), read_from=held.read_from)
    return judge(said, held.found, held.sender, held.policy, NOW)


def case_of(held: Held, verdict: NoticeVerdict, policy=ANSWERED) -> CaseFacts:
    """The case as it stands when the clerk's answer is read."""
    own = Submission(
        RECEIPT,
        State.HELD,
        verdict.reasons,
        verdict.notice.fields,
        verdict.notice.read_from,
        "",
        (),
        None,
        held.sender.address.addr_spec,
        NOW,
    )
    rows = {row.guarantee_id: row for row in (*held.found.candidates, *filter(None, (held.found.by_number,)))}
    ids = tuple(row.guarantee_id for row in verdict.candidates)
    found = replace(held.found, earlier=(*held.found.earlier, own))
    return CaseFacts(TokenCase(1, RECEIPT, ids), own, found, tuple(rows[one] for one in ids))


FILLED = {
    "差戻し 理由": "差戻し 工期が契約書と異なるため",
    "保留 メモ": "保留 契約書を待っています",
    "対応済 メモ": "対応済 電話で回答",
    "訂正 保証契約番号 00000-000000": f"訂正 保証契約番号 {OTHER_NUMBER}",
    "相違 内容": "相違 保証金額が異なります",
    "照会 番号又は工事名": f"照会 {NUMBER}",
}


@functools.cache
def order_of(written: str) -> Command:
    """The order that a hint teaches, with its words filled in, as the grammar reads it."""
    read = read_orders(AnsweredWords((FILLED.get(written, written),)))
    assert not read.unclear, written
    (order,) = read.orders
    return order


EVERY = (
    "承認",
    *(f"{place}番" for place in range(1, 10)),
    *FILLED,
    "差戻し 保証期限",
    "差戻し 一覧",
    "確認済",
    "なし",
    "キー",
    "再読取",
    "原本",
)
# They ask, and do nothing to a case.
ASKING = {"差戻し 一覧", "照会 番号又は工事名"}


def facts() -> MailFacts:
    mail = parse_mail(raw_mail()).mail
    return MailFacts(7, "0" * 64, Envelope(Source.SMTP, SENDER, (), NOW), mail, None, PERSON)


def told(*names: str) -> Alert:
    """The alert about these."""
    verdicts = [judged(HELD[name]) for name in names]
    draft, *_ = alert(
        facts(), UnderstoodMail(), verdicts, ANSWERED, MailReason.NOTICE_FOUND, Letters(), ANSWERED.desks[0]
    ).drafts
    assert isinstance(draft.context, Alert)
    return draft.context


def works(case: CaseFacts | MailCase, policy) -> Iterator[str]:
    """What of all that may be written does something about the case."""
    for written in EVERY:
        if written in ASKING or apply_command(case, order_of(written), facts(), policy).carried_out is not None:
            yield written


@pytest.mark.parametrize("name", HELD)
def test_an_alert_offers_what_works_on_its_case_and_nothing_else(name):
    held = HELD[name]
    verdict = judged(held)
    assert verdict.state is State.HELD, verdict.reasons
    offered = {hint.write for hint in hints((verdict.offer,))}
    possible = set(works(case_of(held, verdict), held.policy))
    if held.found.by_number is not None:  # its row's number says the same as 承認
        assert ("1番" in possible) == ("承認" in possible)
        possible -= {"1番"}
    assert offered == possible
    # Where the register has its number, the alert says why 承認 does nothing yet.
    assert bool(verdict.offer.why_not) == (held.found.by_number is not None and "承認" not in possible)


def test_every_reason_for_which_a_notice_is_held_is_among_them():
    seen = {reason for held in HELD.values() for reason in judged(held).reasons}
    names = [one.name for one in Why]
    held = {
        one for one in Why if names.index("NOT_IN_REGISTER") <= names.index(one.name) < names.index("CLERK_CORRECTED")
    }
    assert held - seen == set()


def test_of_several_cases_each_says_what_may_be_written_about_it():
    letter = told("not in the register", "several fit", "another key waits")
    assert [case.offers for case in letter.cases] == [
        ("差戻し", "保留", "訂正", "原本"),
        ("1番", "2番", "差戻し", "保留", "訂正", "原本"),
        ("承認", "差戻し", "保留", "訂正", "原本"),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("another key waits", "同じ保証契約番号で、異なる認証キーが届いています（11月23日 受付番号 20261101-0001-1）"),
        ("the same was sent back", "以前に差し戻したものと同じ内容です（11月23日 受付番号 20261101-0001-1）"),
        (
            "another number was accepted for the row",
            "台帳の同じ行に、D-Sureで未確認の別のお知らせを受け付けています（11月23日 受付番号 20261101-0001-1）",
        ),
    ],
)
def test_a_conflict_names_the_other_receipt_and_its_day(name, reason):
    assert reason in told(name).cases[0].reasons


def test_an_alert_about_a_second_key_says_what_to_do_first():
    said = [judged(held).offer.why_not for held in HELD.values()]
    assert any(one.endswith("を受け付けています。正しい方を確かめ、誤りの方を差し戻してください") for one in said)


PAPER = Paper("請求書.pdf", PaperKind.CLAIM, PaperReason.TEXT_OF_PAPER)


@pytest.mark.parametrize("state", [one for one in MailState if one.is_open])
@pytest.mark.parametrize("reason", [MailReason.NO_NOTICE, MailReason.TOO_LARGE, MailReason.NOT_FETCHED])
@pytest.mark.parametrize("papers", [(), (PAPER,)])
@pytest.mark.parametrize("originals_bytes", [0, 1])
def test_a_mail_is_offered_what_works_on_it(state, reason, papers, originals_bytes):
    policy = replace(ANSWERED, originals_bytes=originals_bytes)
    row = MailRow(7, state, reason, Envelope(Source.SMTP, SENDER, (), NOW), SENDER, "", 1, "", 1, "", papers, None)
    case = MailCase(TokenCase(1, "", mail_id=7), row)
    offered = {hint.write for hint in hints((offer_mail(state, reason, case.papers, policy),))}
    assert offered == set(works(case, policy)) - {"差戻し 一覧"}
    assert ("原本" in offered) == bool(
        originals_bytes and reason is MailReason.NO_NOTICE and (papers or state is MailState.PARKED)
    )


@pytest.mark.parametrize("keys", list(KeyDelivery))
@pytest.mark.parametrize("row", [guarantee(), guarantee(state=GuaranteeState.CANCELLED)])
def test_an_accepted_case_is_offered_what_works_on_it(keys: KeyDelivery, row: Guarantee):
    policy = replace(ANSWERED, keys=keys)
    own = submission(State.ACCEPTED, receipt_number=RECEIPT)
    case = CaseFacts(TokenCase(1, RECEIPT), own, look_up(row, earlier=[own]))
    offered = {hint.write for hint in hints((offer_accepted(own, row, policy),), keys)}
    possible = set(works(case, policy)) - {"差戻し 理由", "差戻し 保証期限", "保留 メモ"}  # 相違 says it better
    assert offered == possible
    assert {CommandKind.CONFIRMED.words in offered} == {not row.state.is_closed}
