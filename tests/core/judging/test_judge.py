"""One notice's verdict: accepted, held or a duplicate; whose word counts; what a later import may accept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.judging.judge import judge
from bot.core.judging.lookup import LookUp
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.judging.rejudge import is_waiting_for_register, rejudge
from bot.core.judging.sender_facts import SenderFacts
from bot.core.judging.trust import is_known_sender
from bot.core.letters.to_contractors import Difference
from bot.core.mail.message import Address
from bot.core.mail.subject_forms import SubjectFields
from bot.core.policy.policy import Formats, Policy
from bot.core.records.guarantee import GuaranteeState, Product
from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState as State
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
    submission,
)

PERSON = SenderFacts(Address("", SENDER), is_proven=True, is_unproven=False, is_automatic=False)
UNPROVEN = SenderFacts(Address("", SENDER), is_proven=False, is_unproven=True, is_automatic=False)
MACHINE = SenderFacts(Address("", SENDER), is_proven=False, is_unproven=True, is_automatic=True)


def judged_of(
    found: LookUp, *doubts: Why, sender: SenderFacts = PERSON, policy: Policy = POLICY, **said
) -> NoticeVerdict:
    return judge(notice(*doubts, **said), found, sender, policy, NOW)


def outcome(judged: NoticeVerdict) -> tuple[State, tuple[Why, ...]]:
    return judged.state, judged.reasons


# -- what speaks for and against one notice


def test_a_notice_that_matches_is_accepted_and_its_key_entered():
    judged = judged_of(look_up(guarantee(email=SENDER)))
    assert outcome(judged) == (State.ACCEPTED, (Why.NUMBER_MATCHES,))
    assert judged.key_received == KeyReceived(1, NUMBER, KEY)
    assert judged.decided_guarantee_id == 1


def test_a_number_that_nobody_knows_is_held():
    judged = judged_of(look_up())
    assert outcome(judged) == (State.HELD, (Why.NOT_IN_REGISTER,))
    assert (judged.guarantee, judged.decided_guarantee_id, judged.key_received) == (None, None, None)


@pytest.mark.parametrize(
    "doubt",
    [
        Why.STRANGE_CHARACTERS,
        Why.READ_TWICE_DIFFERENTLY,
        Why.TYPED_IN_BODY,
        Why.NOT_THE_NOTICE_ITSELF,
        Why.KEY_MISSING,
    ],
)
def test_a_doubtful_reading_is_held_although_everything_matches(doubt):
    said = {"auth_key": None} if doubt is Why.KEY_MISSING else {}
    assert outcome(judged_of(look_up(guarantee()), doubt, **said)) == (State.HELD, (doubt,))


@pytest.mark.parametrize("product", [Product.OTHER, Product.CONTRACT])
def test_a_product_that_is_not_automatic_is_held(product):
    policy = replace(POLICY, automatic_products=frozenset({Product.ADVANCE_PAYMENT}))
    judged = judged_of(look_up(guarantee(product=product)), policy=policy, product=product)
    assert outcome(judged) == (State.HELD, (Why.PRODUCT_NOT_AUTOMATIC,))


@pytest.mark.parametrize(
    ("sender", "reason"),
    [(UNPROVEN, Why.SENDER_UNPROVEN), (MACHINE, Why.SENDER_AUTOMATIC)],
    ids=["unproven", "machine"],
)
def test_nobody_unproven_and_no_machine_is_believed(sender, reason):
    assert outcome(judged_of(look_up(guarantee(auth_key=KEY)), sender=sender)) == (State.HELD, (reason,))


@pytest.mark.parametrize(("key", "reasons"), [("shortkey", (Why.KEY_FORMAT,)), (KEY.reveal(), ())])
def test_a_key_of_unknown_form_is_held_unless_the_register_has_the_very_key(key, reasons):
    held = outcome(judged_of(look_up(guarantee()), auth_key=AuthKey(key)))
    assert held == ((State.HELD, reasons) if reasons else (State.ACCEPTED, (Why.NUMBER_MATCHES,)))
    known = look_up(guarantee(auth_key=AuthKey(key)))
    assert outcome(judged_of(known, auth_key=AuthKey(key))) == (State.ACCEPTED, (Why.NUMBER_AND_KEY_MATCH,))


def test_a_number_of_unknown_form_is_held_unless_the_register_has_it():
    policy = replace(POLICY, formats=Formats(numbers=("[A-Z]{3}",)))
    assert outcome(judged_of(look_up(guarantee()), policy=policy)) == (State.ACCEPTED, (Why.NUMBER_MATCHES,))
    assert outcome(judged_of(look_up(), policy=policy)) == (State.HELD, (Why.NOT_IN_REGISTER, Why.NUMBER_FORMAT))


# -- history

LATER = "20261122-0002-1"


@pytest.mark.parametrize("before", [State.ACCEPTED, State.VERIFIED, State.HELD])
def test_another_key_for_the_same_number_is_always_held(before):
    earlier = submission(before, fields=fields(auth_key=OTHER_KEY))
    judged = judged_of(look_up(guarantee(), earlier=[earlier]))
    assert outcome(judged) == (State.HELD, (Why.OTHER_KEY_BEFORE,))


@pytest.mark.parametrize("before", [State.REFUSED, State.SUPERSEDED, State.DUPLICATE])
def test_a_key_that_no_longer_stands_is_no_obstacle(before):
    earlier = submission(before, fields=fields(auth_key=OTHER_KEY))
    assert outcome(judged_of(look_up(guarantee(), earlier=[earlier]))) == (State.ACCEPTED, (Why.NUMBER_MATCHES,))


@pytest.mark.parametrize("before", [State.ACCEPTED, State.VERIFIED])
@pytest.mark.parametrize("sender", [PERSON, UNPROVEN, MACHINE])
def test_the_same_as_an_accepted_one_is_a_duplicate(before, sender):
    earlier = submission(before)
    judged = judged_of(look_up(guarantee(auth_key=KEY), earlier=[earlier]), sender=sender)
    assert outcome(judged) == (State.DUPLICATE, (Why.SAME_AS_ACCEPTED,))
    assert (judged.first, judged.decided_guarantee_id, judged.key_received) == (earlier, 1, None)


def test_the_same_as_a_waiting_one_is_a_duplicate_while_it_would_wait_too():
    earlier = submission(State.HELD)
    assert outcome(judged_of(look_up(earlier=[earlier]))) == (State.DUPLICATE, (Why.SAME_AS_WAITING,))


def test_the_same_as_a_waiting_one_is_accepted_once_everything_matches():
    judged = judged_of(look_up(guarantee(), earlier=[submission(State.HELD)]))
    assert outcome(judged) == (State.ACCEPTED, (Why.NUMBER_MATCHES,))


def test_the_same_as_a_refused_one_is_held():
    judged = judged_of(look_up(guarantee(), earlier=[submission(State.REFUSED)]))
    assert outcome(judged) == (State.HELD, (Why.REFUSED_BEFORE,))


def test_of_two_contested_keys_neither_gets_in_by_being_sent_again():
    first = submission(State.HELD)
    second = submission(State.HELD, fields=fields(auth_key=OTHER_KEY), receipt_number=LATER)
    found = look_up(guarantee(), earlier=[first, second])
    assert outcome(judged_of(found)) == (State.DUPLICATE, (Why.SAME_AS_WAITING,))
    assert outcome(judged_of(found, auth_key=OTHER_KEY)) == (State.DUPLICATE, (Why.SAME_AS_WAITING,))


def test_an_accepted_one_is_named_before_a_waiting_one():
    accepted = submission(State.ACCEPTED, receipt_number=LATER)
    assert judged_of(look_up(guarantee(), earlier=[submission(), accepted])).first == accepted


@pytest.mark.parametrize("doubt", [Why.STRANGE_CHARACTERS, Why.READ_TWICE_DIFFERENTLY, Why.TWO_KEYS_IN_MAIL])
def test_who_is_not_sure_of_the_letters_does_not_say_that_they_are_the_same(doubt):
    judged = judged_of(look_up(guarantee(), earlier=[submission(State.ACCEPTED)]), doubt)
    assert outcome(judged) == (State.HELD, (doubt,))


@pytest.mark.parametrize("missing", [{"number": ""}, {"auth_key": None}])
def test_half_a_notice_repeats_nothing(missing):
    doubt = Why.NUMBER_MISSING if "number" in missing else Why.KEY_MISSING
    judged = judged_of(look_up(guarantee(), earlier=[submission(State.ACCEPTED)]), doubt, **missing)
    assert judged.state is State.HELD
    assert judged.first is None


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_two_notices_of_one_mail_do_not_share_a_row_without_number(key):
    """The second one finds the row as the first one leaves it: with a number, and that is another one."""
    sibling = submission(State.ACCEPTED, fields=fields(number="20002-000002", auth_key=OTHER_KEY))
    judged = judge(notice(auth_key=key), look_up(guarantee(number="")), PERSON, POLICY, NOW, [sibling])
    assert outcome(judged) == (State.HELD, (Why.NUMBER_DIFFERS,))


def test_a_sibling_for_another_row_is_no_obstacle():
    sibling = submission(State.ACCEPTED, guarantee_id=2, fields=fields(number="20002-000002", auth_key=OTHER_KEY))
    judged = judge(notice(), look_up(guarantee(number="")), PERSON, POLICY, NOW, [sibling])
    assert outcome(judged) == (State.ACCEPTED, (Why.DETAILS_MATCH,))


# -- who is known, and what may be told


@pytest.mark.parametrize(
    ("registered", "sender", "is_known"),
    [
        (SENDER, SENDER, True),
        (SENDER.upper(), SENDER, True),
        ("soumu@kensetsu.example.jp", SENDER, True),
        ("soumu@kensetsu.example.jp", "koji@sub.kensetsu.example.jp", False),
        ("soumu@kensetsu.example.jp", "koji@kensetsu.example.com", False),
        ("soumu@kensetsu.example.jp", "koji@evilkensetsu.example.jp", False),
        ("aoba@gmail.com", "aoba@gmail.com", True),
        ("aoba@gmail.com", "akuba@gmail.com", False),
        ("aoba@mx1.ocn.ne.jp", "akuba@mx1.ocn.ne.jp", False),
        ("aoba@provider.example.jp", "akuba@provider.example.jp", False),
        ("", SENDER, False),
    ],
)
def test_a_sender_is_known_by_the_registers_address_or_its_firms_domain(registered, sender, is_known):
    row = guarantee(email=registered)
    address = Address("", sender)
    assert is_known_sender(address, row, look_up(row), frozenset({"provider.example.jp"})) is is_known


def test_a_sender_is_known_by_what_was_accepted_from_him_for_the_same_guarantee():
    address, row = Address("", SENDER), guarantee()
    known = LookUp(row, (), (), frozenset({(1, SENDER)}))
    assert is_known_sender(address, row, known, frozenset())
    assert not is_known_sender(address, row, LookUp(row, (), (), frozenset({(2, SENDER)})), frozenset())
    assert not is_known_sender(address, None, known, frozenset())
    assert not is_known_sender(None, row, known, frozenset())
    assert not is_known_sender(Address("x", ""), guarantee(email=""), known, frozenset())


@pytest.mark.parametrize(
    ("said", "row", "differences"),
    [
        ({"auth_key": OTHER_KEY}, {}, (Difference.KEY,)),
        ({"project_name": "別の工事"}, {}, (Difference.PROJECT_NAME,)),
        ({"contractor": "別の会社"}, {}, (Difference.CONTRACTOR,)),
        ({"product": Product.CONTRACT}, {}, (Difference.PRODUCT,)),
        ({}, {"state": GuaranteeState.CANCELLED}, (Difference.CANCELLED,)),
        ({}, {"state": GuaranteeState.ON_PAPER}, (Difference.ON_PAPER,)),
        ({}, {"state": GuaranteeState.EXPIRED}, (Difference.EXPIRED,)),
        ({"number": "99999-999999"}, {}, (Difference.NUMBER,)),
        ({}, {}, ()),
    ],
)
def test_what_differs_is_named_in_closed_words(said, row, differences):
    rows = look_up(guarantee(auth_key=KEY, **row), number=said.get("number", NUMBER))
    assert judged_of(rows, **said).differences == differences


# -- a register that comes later


def test_only_what_waits_for_the_register_is_waiting_for_it():
    assert is_waiting_for_register(submission(State.HELD, reasons=(Why.NOT_IN_REGISTER,)))
    assert is_waiting_for_register(submission(State.HELD, reasons=(Why.NUMBER_DIFFERS,)))
    assert not is_waiting_for_register(submission(State.HELD, reasons=(Why.NOT_IN_REGISTER, Why.SENDER_UNPROVEN)))
    assert not is_waiting_for_register(submission(State.HELD, reasons=(Why.KEY_DIFFERS,)))
    assert not is_waiting_for_register(submission(State.REFUSED, reasons=(Why.NOT_IN_REGISTER,)))


def test_a_waiting_notice_is_accepted_when_the_register_has_caught_up():
    waiting = submission()
    verdict = rejudge(waiting, look_up(guarantee(), earlier=[waiting]), POLICY)
    assert verdict is not None
    assert (verdict.guarantee, verdict.reason) == (guarantee(), Why.NUMBER_MATCHES)


@pytest.mark.parametrize(
    "other",
    [
        submission(State.ACCEPTED, receipt_number=LATER),
        submission(State.REFUSED, receipt_number=LATER),
        submission(State.HELD, fields=fields(auth_key=OTHER_KEY), receipt_number=LATER),
    ],
    ids=["accepted", "refused", "another key"],
)
def test_a_waiting_notice_goes_on_waiting_when_another_one_speaks_against_it(other):
    waiting = submission()
    assert rejudge(waiting, look_up(guarantee(), earlier=[waiting, other]), POLICY) is None


@pytest.mark.parametrize("row", [{"auth_key": OTHER_KEY}, {"project_name": "別の工事"}, {"product": Product.OTHER}])
def test_a_waiting_notice_goes_on_waiting_when_the_new_row_contradicts_it(row):
    waiting = submission()
    assert rejudge(waiting, look_up(guarantee(**row), earlier=[waiting]), POLICY) is None


def test_a_waiting_notice_with_other_names_is_not_the_same_one():
    waiting = submission(State.HELD, fields=fields(project_name="別の工事"))
    assert outcome(judged_of(look_up(earlier=[waiting]))) == (State.HELD, (Why.NOT_IN_REGISTER,))
    same = submission(State.HELD)
    assert outcome(judged_of(look_up(earlier=[same]))) == (State.DUPLICATE, (Why.SAME_AS_WAITING,))


def test_a_repeat_of_a_waiting_notice_still_tells_what_differs():
    waiting = submission(State.HELD)
    judged = judged_of(look_up(guarantee(auth_key=OTHER_KEY), earlier=[waiting]))
    assert judged.state is State.DUPLICATE
    assert not judged.repeats_accepted
    assert judged.differences == (Difference.KEY,)


def test_the_registers_own_key_is_no_difference_though_another_one_came_before():
    wrong = submission(State.HELD, fields=fields(auth_key=OTHER_KEY), sender="anybody@else.example.org")
    judged = judged_of(look_up(guarantee(auth_key=KEY), earlier=[wrong]))
    assert outcome(judged) == (State.HELD, (Why.OTHER_KEY_BEFORE,))
    assert judged.differences == ()


# -- what the mail's subject says

TWINS = tuple(guarantee(number="", works_number=f"土木第{n}号", guarantee_id=n) for n in (12, 13))
SUBJECT = SubjectFields(("土木第13号",), "中央通り舗装工事")


@pytest.mark.parametrize(
    ("sender", "is_its_own", "expected"),
    [
        (PERSON, True, (State.ACCEPTED, (Why.SUBJECT_CHOSE,))),
        (PERSON, False, (State.HELD, (Why.SEVERAL_CANDIDATES,))),
        (UNPROVEN, True, (State.HELD, (Why.SEVERAL_CANDIDATES, Why.SENDER_UNPROVEN))),
        (MACHINE, True, (State.HELD, (Why.SEVERAL_CANDIDATES, Why.SENDER_AUTOMATIC))),
    ],
)
def test_only_a_senders_own_words_about_the_one_notice_choose_between_rows(sender, is_its_own, expected):
    judged = judge(notice(), look_up(*TWINS), sender, POLICY, NOW, subject=SUBJECT, subject_is_its_own=is_its_own)
    assert outcome(judged) == expected
    assert judged.candidates[0] == TWINS[1]
    assert judged.works_numbers == (SUBJECT.works_numbers if is_its_own and sender is PERSON else ())


def test_a_clerk_reads_what_the_subject_says_where_no_number_of_the_register_does():
    held = judge(notice(), look_up(), PERSON, POLICY, NOW, subject=SUBJECT)
    assert held.evidence == ("件名の記載: 工事番号 土木第13号、工事名 中央通り舗装工事",)
    known = judge(notice(), look_up(guarantee()), PERSON, POLICY, NOW, subject=SUBJECT)
    assert [words for words in known.evidence if "件名" in words] == []


def test_a_subject_still_chooses_when_the_register_has_the_rows_later():
    waiting = submission(works_numbers=SUBJECT.works_numbers, fields=fields())
    found = rejudge(waiting, look_up(*TWINS, earlier=[waiting]), POLICY)
    assert found is not None
    assert found.guarantee == TWINS[1]
    assert rejudge(replace(waiting, works_numbers=()), look_up(*TWINS, earlier=[waiting]), POLICY) is None
