"""How many letters may leave: windows by address, kind, notice, domain, desk and in all; and who is told when one is full."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.letters.to_contractors import Receipt, ReceiptAgain, ReceiptDiffers
from bot.core.policy.policy import Desk, Limits, Rate
from bot.core.records.guarantee import Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Addressee, Letter
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import LimitReason, MailReason, NoReplyReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import RecentCounts, SendCount, Withheld, canonical_mailbox
from bot.core.records.submission import SubmissionState as State
from bot.core.verdict.decide import Verdict
from bot.core.verdict.send_limits import ALERTS, REPLIES, counted_domain, withheld_alert, withheld_reply
from tests.core.verdict.cases import (
    NOW,
    OTHER_KEY,
    POLICY,
    SENDER,
    fields,
    guarantee,
    look_up,
    paper,
    raw_mail,
    sort,
    submission,
)

LIMITS = Limits()
DESK = POLICY.desks[0]


def to_sender(letter: Letter = Letter.RECEIPT, hour: int = 0, day: int = 0, address: str = SENDER) -> RecentCounts:
    return RecentCounts(to_address={canonical_mailbox(address): {letter: SendCount(hour, day)}})


def reached(lately: RecentCounts, letter: Letter = Letter.RECEIPT, address: str = SENDER) -> LimitReason | None:
    withheld = withheld_reply(letter, address, lately, LIMITS, frozenset())
    return withheld.limit if withheld else None


# -- the windows


@pytest.mark.parametrize(
    ("letter", "lately", "limit"),
    [
        (Letter.RECEIPT, RecentCounts(), None),
        (Letter.RECEIPT, to_sender(hour=19, day=59), None),
        (Letter.RECEIPT, to_sender(hour=20, day=20), LimitReason.ADDRESS),
        (Letter.RECEIPT, to_sender(hour=0, day=60), LimitReason.ADDRESS),
        (Letter.RECEIPT, to_sender(Letter.NOTICE_WANTED, 0, 60), LimitReason.ADDRESS),
        (Letter.RECEIPT, to_sender(Letter.VERIFIED, 500, 500), None),  # a clerk's words
        (Letter.NOTICE_WANTED, to_sender(hour=19, day=19), None),
        (Letter.NOTICE_WANTED, to_sender(Letter.NOTICE_WANTED, 0, 1), LimitReason.SAME_KIND),
        (Letter.RECEIPT_DIFFERS, to_sender(Letter.NOTICE_WANTED, 1, 1), None),
        (Letter.RECEIPT_DIFFERS, to_sender(Letter.RECEIPT_DIFFERS, 1, 1), LimitReason.SAME_KIND),
        (Letter.RECEIPT_AGAIN, to_sender(Letter.RECEIPT_AGAIN, 0, 1), LimitReason.SAME_KIND),
        (Letter.RECEIPT, RecentCounts(to_domain={Letter.RECEIPT: SendCount(60, 60)}), LimitReason.DOMAIN),
        (Letter.RECEIPT, RecentCounts(to_domain={Letter.RECEIPT: SendCount(0, 200)}), LimitReason.DOMAIN),
        (Letter.RECEIPT, RecentCounts(in_all={Letter.RECEIPT: SendCount(500, 500)}), LimitReason.IN_ALL),
        (Letter.RECEIPT, RecentCounts(in_all={Letter.RECEIPT: SendCount(0, 2000)}), LimitReason.IN_ALL),
        (
            Letter.RECEIPT,
            RecentCounts(in_all={Letter.RECEIPT: SendCount(0, 1999), Letter.NOTICE_WANTED: SendCount(0, 1)}),
            LimitReason.IN_ALL,
        ),
        (Letter.RECEIPT, RecentCounts(in_all={Letter.ISSUED: SendCount(9000, 9000)}), None),  # the city's own news
    ],
)
def test_each_window_holds(letter: Letter, lately: RecentCounts, limit: LimitReason | None):
    assert reached(lately, letter) is limit


def test_a_domain_where_strangers_share_has_no_limit_of_its_own():
    lately = RecentCounts(to_domain={Letter.RECEIPT: SendCount(999, 999)})
    assert reached(lately, address="a@docomo.ne.jp") is None
    assert reached(lately, address="a@mail.example.com") is LimitReason.DOMAIN
    city = frozenset({"example.com"})
    assert withheld_reply(Letter.RECEIPT, "a@mail.example.com", lately, LIMITS, city) is None


def test_a_desk_has_its_share_whatever_the_senders_got():
    for letter in ALERTS:
        full = to_sender(letter, 30, 30, DESK.address)
        assert withheld_alert(Letter.ALERT, DESK.name, DESK.address, full, LIMITS) == Withheld(
            Letter.ALERT, LimitReason.DESK, DESK.name
        )
    for letter in {*Letter} - ALERTS:
        full = to_sender(letter, 999, 999, DESK.address)
        assert withheld_alert(Letter.ALERT, DESK.name, DESK.address, full, LIMITS) is None
    assert all(letter.to is Addressee.CONTRACTOR for letter in REPLIES)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_one_letter_after_the_other_never_goes_over(per_hour: int, per_day: int, hour: int, day: int):
    rate, count = Rate(per_hour, per_day), SendCount(min(hour, day), day)
    while not rate.is_used_up(count):
        count += SendCount(1, 1)
        assert count.hour <= per_hour
        assert count.day <= per_day


# -- who is counted as whom


@pytest.mark.parametrize(
    ("address", "counted", "domain"),
    [
        ("Koji@Kensetsu.example.jp", "koji@kensetsu.example.jp", "example.jp"),
        ("koji+1@kensetsu.co.jp", "koji@kensetsu.co.jp", "kensetsu.co.jp"),
        ("+a@kensetsu.co.jp", "+a@kensetsu.co.jp", "kensetsu.co.jp"),
        ("k.o.j.i+x@gmail.com", "koji@gmail.com", "gmail.com"),
        ("koji@googlemail.com", "koji@gmail.com", "googlemail.com"),
        ("k.oji@kensetsu.co.jp", "k.oji@kensetsu.co.jp", "kensetsu.co.jp"),
        ("koji@a.b.c.kensetsu.co.jp", "koji@a.b.c.kensetsu.co.jp", "kensetsu.co.jp"),
    ],
)
def test_spellings_of_one_mailbox_are_counted_together(address: str, counted: str, domain: str):
    assert (canonical_mailbox(address), counted_domain(address)) == (counted, domain)


@given(st.text(max_size=30))
def test_any_text_is_counted_as_something(text: str):
    assert canonical_mailbox(canonical_mailbox(text)) == canonical_mailbox(text)
    assert isinstance(counted_domain(text), str)


# -- what a limit does to a mail

MAIL = raw_mail("Subject: 認証キー")
KNOWN = guarantee(email=SENDER, auth_key=OTHER_KEY)


def contexts(verdict: Verdict) -> list[type]:
    return [type(draft.context) for draft in verdict.drafts if draft.answers]


def test_a_mail_beyond_the_limit_is_taken_as_ever_and_only_the_letter_is_missing():
    usual = sort(MAIL, paper(), register=lambda _: look_up(guarantee()))
    beyond = sort(MAIL, paper(), register=lambda _: look_up(guarantee()), lately=to_sender(hour=20, day=20))
    assert beyond == replace(
        usual,
        drafts=(),
        no_reply=NoReplyReason.LIMIT_REACHED,
        withheld=(Withheld(Letter.RECEIPT, LimitReason.ADDRESS, SENDER),),
    )


def test_what_differs_is_told_once_a_day_and_the_next_notice_has_the_plain_receipt():
    first = sort(MAIL, paper(), register=lambda _: look_up(KNOWN))
    second = sort(MAIL, paper(), register=lambda _: look_up(KNOWN), lately=to_sender(Letter.RECEIPT_DIFFERS, 1, 1))
    assert (contexts(first), contexts(second)) == ([ReceiptDiffers], [Receipt])
    assert (second.no_reply, second.withheld) == (None, ())


def test_the_same_notice_is_answered_twice_a_day_and_no_more():
    before = submission(State.ACCEPTED, sender="Koji+1@kensetsu.example.jp", received_at=NOW - timedelta(hours=23))
    found = [look_up(guarantee(), earlier=[before] * times) for times in range(4)]
    verdicts = [sort(MAIL, paper(), register=lambda _, one=one: one) for one in found]
    assert [contexts(verdict) for verdict in verdicts] == [[Receipt], [Receipt], [], []]
    assert verdicts[2].withheld == (Withheld(Letter.RECEIPT, LimitReason.SAME_NOTICE, SENDER),)


@pytest.mark.parametrize("other", [{"sender": "other@kensetsu.example.jp"}, {"received_at": NOW - timedelta(hours=25)}])
def test_what_others_sent_or_long_ago_takes_nothing_from_a_sender(other):
    before = submission(State.HELD, guarantee_id=None, **other)
    verdict = sort(MAIL, paper(), register=lambda _: look_up(earlier=[before] * 9))
    assert contexts(verdict) == [Receipt]


def test_a_repeat_is_told_once_a_day_to_who_is_known():
    before = submission(State.ACCEPTED, received_at=NOW - timedelta(hours=1))
    once = sort(MAIL, paper(), register=lambda _: look_up(guarantee(email=SENDER), earlier=[before]))
    assert contexts(once) == [ReceiptAgain]


def test_two_letters_of_one_mail_count_both():
    half = paper().pages[0].text.replace("認証キー：aB3dEf6hIj9k", "")
    lately = to_sender(hour=19, day=19)
    verdict = sort(MAIL, paper(), paper(half.replace("10001-000001", "10001-000009")), lately=lately)
    assert contexts(verdict) == [Receipt]
    assert verdict.no_reply is None
    assert verdict.withheld == (Withheld(Letter.NOTICE_WANTED, LimitReason.ADDRESS, SENDER),)


def test_who_can_not_be_asked_any_more_today_is_shown_to_a_person():
    mail = raw_mail("Subject: 認証キー", "保証書を送ります。")
    certificate = paper("契約保証証書\n保証金額 1,000円\n保証期限 令和8年")
    usual = sort(mail, certificate)
    beyond = sort(mail, certificate, lately=to_sender(Letter.NOTICE_WANTED, 3, 3))
    assert (usual.reason, [draft.answers for draft in usual.drafts]) == (MailReason.NOTICE_WANTED, [True])
    assert (beyond.state, beyond.reason) == (MailState.PASSED_ON, MailReason.PAPER_WITHOUT_NOTICE)
    assert beyond.no_reply is NoReplyReason.LIMIT_REACHED
    assert [draft.recipient for draft in beyond.drafts] == [DESK.address]


DESKS = (Desk("契約課", "keiyaku@city.example.jp"), Desk("土木課", "doboku@city.example.jp"))


def test_only_the_desk_that_had_its_share_gets_no_more():
    policy = replace(POLICY, desks=DESKS)
    lately = to_sender(Letter.MAIL_ALERT, 30, 30, DESKS[0].address)
    verdict = sort(MAIL, paper(), policy=policy, lately=lately)
    assert [draft.recipient for draft in verdict.drafts] == [SENDER, DESKS[1].address]
    assert verdict.withheld == (Withheld(Letter.ALERT, LimitReason.DESK, "契約課"),)
    assert [one.state for one in verdict.submissions] == [State.HELD]


@pytest.mark.parametrize("address", [DESK.address, DESK.address.upper()])
def test_a_desk_that_answers_alerts_by_itself_gets_no_alert_for_that(address: str):
    words = raw_mail("Subject: お問い合わせありがとうございます", "担当より連絡します。", sender=address)
    first = sort(words)
    after = sort(words, lately=to_sender(Letter.MAIL_ALERT, 0, 1, DESK.address))
    assert [draft.recipient for draft in first.drafts] == [DESK.address]
    assert (after.state, after.no_reply, after.drafts) == (MailState.PASSED_ON, NoReplyReason.OWN_ADDRESS, ())


def test_nor_does_any_desk_when_it_is_one_of_the_staff_who_answers_an_alert():
    policy = replace(POLICY, desks=DESKS, staff_domains=frozenset({"city.example.jp"}))
    headers = f"Subject: Re: 認証キー\nIn-Reply-To: <{MESSAGE_ID_PREFIX}0123@city.example.jp>"
    verdict = sort(raw_mail(headers, "担当に回します。", sender="tantou@city.example.jp"), policy=policy)
    assert (verdict.state, verdict.drafts) == (MailState.PASSED_ON, ())


def test_a_paper_from_a_desk_is_told_whatever_was_written_to_it():
    certificate = paper("契約保証証書\n保証金額 1,000円\n保証期限 令和8年")
    lately = to_sender(Letter.MAIL_ALERT, 1, 1, DESK.address)
    verdict = sort(raw_mail("Subject: Fwd: 保証書", sender=DESK.address), certificate, lately=lately)
    assert [draft.recipient for draft in verdict.drafts] == [DESK.address]


# -- guessing


def guesses(*keys: str, hours: int = 1, **changes) -> list:
    return [
        submission(
            fields=fields(auth_key=AuthKey(key)),
            sender=f"{number}@stranger.example.com",
            received_at=NOW - timedelta(hours=hours),
            receipt_number=f"20261101-000{number}-1",
            **changes,
        )
        for number, key in enumerate(keys)
    ]


def reasons_of(verdict: Verdict) -> list[str]:
    return [reason.value for one in verdict.submissions for reason in one.reasons]


@pytest.mark.parametrize(
    ("row", "earlier", "is_guess"),
    [
        (guarantee(), guesses("aaaa1111bbbb", "cccc2222dddd"), True),
        (guarantee(), guesses("aaaa1111bbbb"), False),
        (guarantee(), guesses("aaaa1111bbbb", "aaaa1111bbbb"), False),  # the same key twice
        (guarantee(), guesses("aaaa1111bbbb", "cccc2222dddd", hours=8 * 24), False),
        (None, guesses("aaaa1111bbbb", "cccc2222dddd"), True),  # a number that the register does not know
        (
            guarantee(auth_key=OTHER_KEY),
            guesses("aaaa1111bbbb", OTHER_KEY.reveal()),
            False,
        ),  # the right one is no guess
        (guarantee(auth_key=fields().auth_key), guesses("aaaa1111bbbb", "cccc2222dddd"), False),  # nor is this one
        (guarantee(email=SENDER), guesses("aaaa1111bbbb", "cccc2222dddd"), False),  # who is known makes mistakes
        (guarantee(email="0@stranger.example.com"), guesses("aaaa1111bbbb", "cccc2222dddd"), False),
    ],
)
def test_three_keys_of_strangers_for_one_number_are_told_to_a_clerk(row, earlier, is_guess: bool):
    rows = (row,) if row else ()
    verdict = sort(MAIL, paper(), register=lambda _: look_up(*rows, earlier=earlier))
    assert ("keys_guessed" in reasons_of(verdict)) is is_guess
    if is_guess:
        (alert,) = [draft.context for draft in verdict.drafts if not draft.answers]
        assert alert.cases[0].reasons[0] == "この番号について異なる認証キーが何種類も届いています"


def test_further_guesses_of_the_day_are_counted_and_not_mailed():
    told = guesses("aaaa1111bbbb", "cccc2222dddd", reasons=(SubmissionReason.KEYS_GUESSED,))
    verdict = sort(MAIL, paper(), register=lambda _: look_up(guarantee(), earlier=told))
    assert "keys_guessed" in reasons_of(verdict)
    assert [draft.answers for draft in verdict.drafts] == [True]
    assert verdict.withheld == (Withheld(Letter.ALERT, LimitReason.GUESSES_TOLD, "10001-000001"),)
    next_day = guesses("aaaa1111bbbb", "cccc2222dddd", hours=25, reasons=(SubmissionReason.KEYS_GUESSED,))
    verdict = sort(MAIL, paper(), register=lambda _: look_up(guarantee(), earlier=next_day))
    assert [draft.answers for draft in verdict.drafts] == [True, False]


@pytest.mark.parametrize(
    ("named", "is_told", "is_mailed"), [(0, False, True), (18, False, True), (19, True, True), (20, True, False)]
)
def test_one_senders_many_unknown_numbers_are_told_once_a_day(named: int, is_told: bool, is_mailed: bool):
    lately = RecentCounts(unknown_numbers=frozenset(f"2000{n}-000000" for n in range(named)))
    verdict = sort(MAIL, paper(), lately=lately)
    assert ("numbers_guessed" in reasons_of(verdict)) is is_told
    assert ([draft.answers for draft in verdict.drafts] == [True, False]) is is_mailed
    known = sort(MAIL, paper(), lately=lately, register=lambda _: look_up(guarantee()))
    assert reasons_of(known) == ["number_matches"]


@given(st.integers(0, 40), st.sampled_from([*Product]))
def test_no_limit_shows_in_what_a_stranger_reads(named: int, product: Product):
    lately = RecentCounts(unknown_numbers=frozenset(f"2000{n}-000000" for n in range(named)))
    rows = (guarantee(product=product, auth_key=OTHER_KEY),)
    told = sort(MAIL, paper(), lately=lately, register=lambda _: look_up(*rows, earlier=guesses("a" * 12, "b" * 12)))
    plain = sort(MAIL, paper())
    assert [d for d in told.drafts if d.answers] == [d for d in plain.drafts if d.answers]
