"""The verdict on a whole mail: one end, and who is told what. Above all: a stranger learns nothing by asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.judging.lookup import LookUp
from bot.core.letters.to_contractors import (
    Arrivals,
    Difference,
    NoticeWanted,
    OutsideConditions,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    Stage,
)
from bot.core.letters.to_desks import Alert, MailAlert
from bot.core.mail.addresses import plain_addr_spec
from bot.core.notice.document import OpenFailure
from bot.core.notice.missing_notice import Request
from bot.core.policy.conditions import Conditions, Outside
from bot.core.policy.policy import Desk, Formats
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.reply_token import TokenCase
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import RecentCounts, SendCount
from bot.core.records.submission import NoticeFields, Submission
from bot.core.records.submission import SubmissionState as State
from bot.core.text.normalise import clean
from bot.core.verdict.decide import Verdict
from bot.documents.mail_words import excerpt_of
from bot.outbound.compose import Composer
from bot.outbound.message import plain_address
from tests.core.verdict.cases import (
    FIRM,
    INBOX,
    KEY,
    NOTICE_TEXT,
    NOW,
    NUMBER,
    OTHER_KEY,
    POLICY,
    SENDER,
    WORK,
    fields,
    guarantee,
    look_up,
    paper,
    raw_mail,
    sort,
    submission,
)

MAIL = raw_mail("Subject: 認証キー")
COMPOSER = Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))
TYPED = f"保証契約番号：{NUMBER}\n認証キー：{KEY.reveal()}\n"


def register_of(*rows: Guarantee, earlier: tuple[Submission, ...] = ()):
    """A store with these rows and submissions."""

    def answer(said: NoticeFields) -> LookUp:
        same = [s for s in earlier if said.number and s.fields.number == said.number]
        return look_up(*rows, earlier=same, number=said.number)

    return answer


def replies(verdict: Verdict) -> list[type]:
    return [type(d.context) for d in verdict.drafts if d.answers]


def alerts(verdict: Verdict) -> list[type]:
    return [type(d.context) for d in verdict.drafts if not d.answers]


def end(verdict: Verdict) -> tuple[MailState, MailReason, NoReplyReason | None]:
    return verdict.state, verdict.reason, verdict.no_reply


def letters(verdict: Verdict) -> list[bytes]:
    """The answers to the sender to the byte."""
    return [COMPOSER.compose(d, now=NOW).content for d in verdict.drafts if d.answers]


# -- the ends


def test_a_matching_notice_is_sorted_and_answered():
    verdict = sort(MAIL, paper(), register=register_of(guarantee()))
    assert end(verdict) == (MailState.SORTED, MailReason.NOTICE_FOUND, None)
    assert (replies(verdict), alerts(verdict)) == ([Receipt], [])
    assert [(s.receipt_number, s.state, s.reasons) for s in verdict.submissions] == [
        ("20261123-0007-1", State.ACCEPTED, (Why.NUMBER_MATCHES,))
    ]
    assert verdict.keys_received == ()  # nobody proves senders here: its key is entered when a clerk has verified it
    assert (verdict.sender, verdict.subject, verdict.drafts[0].recipient) == (SENDER, "認証キー", SENDER)


def test_a_held_notice_is_answered_alike_and_alerted():
    verdict = sort(MAIL, paper())
    assert end(verdict) == (MailState.SORTED, MailReason.NOTICE_FOUND, None)
    assert (replies(verdict), alerts(verdict)) == ([Receipt], [Alert])
    assert verdict.keys_received == ()


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("ご連絡", "先日の件です。", (MailState.PASSED_ON, MailReason.NO_NOTICE, [], [MailAlert])),
        (
            "認証キー",
            "お知らせをお送りします。https://xgf.nu/a1b2",
            (MailState.PASSED_ON, MailReason.NOTICE_WANTED, [NoticeWanted], [MailAlert]),
        ),
        ("認証キー", "届いていますか。", (MailState.PASSED_ON, MailReason.ARRIVAL_ASKED, [], [MailAlert])),
        ("認証キー", "お知らせを添付します。", (MailState.ASKED, MailReason.NOTICE_WANTED, [NoticeWanted], [])),
    ],
)
def test_a_mail_without_a_notice_is_passed_on(subject, body, expected):
    verdict = sort(raw_mail(f"Subject: {subject}", body))
    assert (verdict.state, verdict.reason, replies(verdict), alerts(verdict)) == expected
    assert (verdict.submissions, verdict.desk) == ((), "契約課")


@pytest.mark.parametrize("body", ["ありがとうございました。", "承知しました。引き続きよろしくお願いいたします。"])
def test_who_only_thanks_makes_no_work(body):
    verdict = sort(raw_mail("Subject: Re: 認証キー", body))
    assert end(verdict) == (MailState.IGNORED, MailReason.THANKS, NoReplyReason.NO_NOTICE)
    assert verdict.drafts == ()
    assert alerts(sort(raw_mail("Subject: Re: 認証キー", f"{body}原本は必要ですか。"))) == [MailAlert]
    assert alerts(sort(raw_mail("Subject: Re: 認証キー", body), SCAN)) == [MailAlert]


def test_a_link_beside_a_notice_is_shown_to_a_person():
    words = "認証キーを添付します。図面は https://113.gigafile.nu/1207-ab12 にあります。"
    verdict = sort(raw_mail("Subject: 認証キー", words), paper(), register=register_of(guarantee()))
    assert end(verdict) == (MailState.BESIDES, MailReason.NOTICE_AND_UNREAD, None)
    (told,) = [d.context for d in verdict.drafts if isinstance(d.context, MailAlert)]
    assert "ギガファイル便（113.gigafile.nu）: ファイル転送サービス等のリンク（開いていません）" in told.papers


def test_a_question_beside_a_link_is_told_to_a_person_too():
    verdict = sort(
        raw_mail("Subject: 認証キー", "書類です。原本は必要ですか。"),
        paper(pages=(), trouble=OpenFailure.UNKNOWN_FORMAT),
    )
    assert (replies(verdict), alerts(verdict)) == ([NoticeWanted], [MailAlert])


# -- whether it arrived

MX = "mx.city.example.jp"
PROVING = replace(POLICY, authserv_id=MX)
PROVEN = f"Authentication-Results: {MX}; dmarc=pass header.from=kensetsu.example.jp"
ASKS = "昨日お送りした認証キーのお知らせは届いていますか。"


def asked(headers: str = PROVEN, body: str = ASKS, sent: tuple[Submission, ...] = (), **besides) -> Verdict:
    return sort(raw_mail(f"{headers}\nSubject: ご確認", body), policy=PROVING, sent_before=sent, **besides)


def test_a_proven_sender_is_told_what_came_from_him_and_how_far_it_is():
    sent = tuple(submission(state, receipt_number=f"20261101-000{n}-1") for n, state in enumerate(State, 1))
    verdict = asked(sent=sent)
    assert end(verdict) == (MailState.ANSWERED, MailReason.ARRIVAL_TOLD, None)
    (letter,) = [draft.context for draft in verdict.drafts]
    assert isinstance(letter, Arrivals)
    stages = {state: item.stage for state, item in zip(State, letter.arrived, strict=True)}
    assert len({stages[state] for state in (State.ACCEPTED, State.HELD, State.DUPLICATE, State.SUPERSEDED)}) == 1
    assert stages[State.VERIFIED] is Stage.VERIFIED
    text = COMPOSER.word(letter).text
    assert not any(word in text for word in (NUMBER, WORK, FIRM))


@pytest.mark.parametrize(
    ("headers", "body", "sent"),
    [
        (PROVEN.replace("pass", "fail"), ASKS, (submission(),)),
        ("", ASKS, (submission(),)),
        (PROVEN, ASKS, ()),
        (PROVEN, f"{ASKS}原本は必要ですか。", (submission(),)),
        (f"{PROVEN}\nAuto-Submitted: auto-replied", ASKS, (submission(),)),
    ],
)
def test_nobody_else_is(headers: str, body: str, sent: tuple[Submission, ...]):
    verdict = asked(headers, body, sent)
    assert replies(verdict) == []
    assert verdict.state in {MailState.PASSED_ON, MailState.IGNORED}


def test_he_is_told_once_a_day_and_a_person_the_next_time():
    lately = RecentCounts({SENDER: {Letter.ARRIVALS: SendCount(1, 1)}})
    verdict = asked(sent=(submission(),), lately=lately)
    assert (end(verdict)[1:], alerts(verdict)) == ((MailReason.ARRIVAL_ASKED, NoReplyReason.LIMIT_REACHED), [MailAlert])


OWN = [
    submission(state, sender=SENDER, sender_proven=True, guarantee_id=number)
    for state in State
    if state not in {State.REFUSED, State.VERIFIED}  # these he was told
    for number in (None, 1)
]


def test_a_second_copy_says_so_and_not_what_became_of_the_first():
    told = {
        tuple(
            letters(
                sort(
                    raw_mail(f"{PROVEN}\nSubject: 認証キー"),
                    paper(),
                    policy=PROVING,
                    register=register_of(*rows, earlier=(first,)),
                )
            )
        )
        for first in OWN
        for rows in ((), (guarantee(),), (guarantee(number=""),), (guarantee(auth_key=OTHER_KEY),))
    }
    assert len(told) == 1
    (reply,) = told.pop()
    assert b"receipt_again" not in reply


def test_the_second_copy_names_the_first_receipt():
    first = submission(sender=SENDER, sender_proven=True)
    verdict = sort(
        raw_mail(f"{PROVEN}\nSubject: 認証キー"), paper(), policy=PROVING, register=register_of(earlier=(first,))
    )
    (reply,) = [d.context for d in verdict.drafts if d.answers]
    assert isinstance(reply, ReceiptAgain)
    assert (reply.own, reply.first_receipts) == (True, (("20261123-0007-1", first.receipt_number),))


@pytest.mark.parametrize(
    ("body", "sent", "is_asked"),
    [
        ("認証キーを添付します。", 1, True),
        ("すみません、添付します。https://xgf.nu/a1b2", 2, True),
        ("認証キーを添付します。", 3, False),
    ],
)
def test_who_forgets_something_else_is_told_of_that_too(body: str, sent: int, is_asked: bool):
    lately = RecentCounts({SENDER: {Letter.NOTICE_WANTED: SendCount(1, sent)}})
    assert replies(asked(body=body, lately=lately)) == [NoticeWanted] * is_asked


# -- outside of the city's conditions

ONLY_CONTRACT = Conditions(products=frozenset({Product.CONTRACT}), instead="紙の証書をお持ちください。")
FROM_A_MILLION = Conditions(least_yen=1_000_000)


def outside(conditions: Conditions, row: Guarantee, *, proven: bool = True) -> Verdict:
    headers = PROVEN if proven else PROVEN.replace("pass", "fail")
    policy = replace(PROVING, conditions=conditions)
    return sort(raw_mail(f"{headers}\nSubject: 認証キー"), paper(), policy=policy, register=register_of(row))


def test_a_notice_outside_the_conditions_gets_its_own_letter_and_the_desk_a_line_in_its_summary():
    verdict = outside(ONLY_CONTRACT, guarantee())
    (letter,) = [draft.context for draft in verdict.drafts]
    assert isinstance(letter, OutsideConditions)
    assert (letter.instead, letter.outside[0].unmet) == ("紙の証書をお持ちください。", (Outside.PRODUCT,))
    assert [(s.state, s.reasons) for s in verdict.submissions] == [(State.HELD, (Why.OUTSIDE_CONDITIONS,))]


def test_where_nobody_could_be_told_the_desk_is():
    assert alerts(outside(ONLY_CONTRACT, guarantee(), proven=False)) == [Alert]


def test_what_only_the_register_says_is_told_to_whom_it_names_and_to_no_stranger():
    row = guarantee(contract_amount_yen=999_999)
    strangers = outside(FROM_A_MILLION, row)
    assert (letters(strangers), alerts(strangers)) == (letters(outside(FROM_A_MILLION, guarantee())), [Alert])
    assert strangers.submissions[0].reasons == (Why.OUTSIDE_CONDITIONS,)
    known = outside(FROM_A_MILLION, replace(row, email=SENDER))
    assert (replies(known), alerts(known)) == ([OutsideConditions], [])


def test_of_two_notices_the_one_within_gets_its_receipt():
    policy = replace(PROVING, conditions=ONLY_CONTRACT)
    second = NOTICE_TEXT.replace("前払金保証", "契約保証").replace(NUMBER, "20002-000002")
    verdict = sort(raw_mail(f"{PROVEN}\nSubject: 認証キー"), paper(), paper(second), policy=policy)
    assert replies(verdict) == [Receipt, OutsideConditions]


# -- whose contact a letter has

TWO = replace(
    POLICY,
    desks=(
        Desk("契約課", "keiyaku@city.example.jp", frozenset({Product.CONTRACT}), phone="0297-00-0002"),
        Desk("道路課", "doro@city.example.jp", frozenset({Product.ADVANCE_PAYMENT}), department="建設部 道路課"),
    ),
)
CONTRACT_NOTICE = NOTICE_TEXT.replace("前払金保証", "契約保証").replace(NUMBER, "20002-000002")


@pytest.mark.parametrize(
    ("papers", "body", "office"),
    [
        ((paper(),), "", ("建設部 道路課", "")),
        ((paper(CONTRACT_NOTICE),), "", ("契約課", "0297-00-0002")),
        ((paper(), paper(CONTRACT_NOTICE)), "", ("契約課", "")),
        ((), "認証キーを添付します。", ("契約課", "")),
    ],
)
@pytest.mark.parametrize("named", ["", "契約課"])
def test_a_letter_has_the_contact_of_the_one_desk_by_the_notice_alone(papers, body, office, named):
    rows = register_of(guarantee(desk=named))
    verdict = sort(raw_mail("Subject: 認証キー", body), *papers, policy=TWO, register=rows)
    (reply,) = [d.context for d in verdict.drafts if d.answers]
    assert (reply.office.department, reply.office.phone) == office
    assert reply.office.city == POLICY.office.city


def test_what_a_gateway_took_out_is_told_to_the_desk_and_nobody_is_asked():
    words = "認証キーのお知らせを添付いたします。"
    assert replies(sort(raw_mail("Subject: 認証キー", words))) == [NoticeWanted]
    verdict = sort(
        raw_mail("Subject: 認証キー", f"【添付ファイル削除】次の添付ファイルを削除しました。\n a.pdf\n----\n{words}")
    )
    assert end(verdict) == (MailState.PASSED_ON, MailReason.ATTACHMENT_TAKEN_OUT, NoReplyReason.TAKEN_OUT)
    assert (replies(verdict), alerts(verdict)) == ([], [MailAlert])
    beside = sort(
        raw_mail("Subject: 認証キー\nX-MAIL-SANITIZED: DEL_ATTACH", words), paper(), register=register_of(guarantee())
    )
    assert end(beside) == (MailState.BESIDES, MailReason.NOTICE_AND_UNREAD, None)
    assert (replies(beside), alerts(beside)) == ([Receipt], [MailAlert])


def test_a_gateways_own_notice_is_shown_to_the_desk_and_not_answered():
    body = "次のメールの添付ファイルを隔離しました。\n件名：認証キーの提出"
    verdict = sort(raw_mail("Subject: 【隔離通知】認証キーの提出", body, "votiro@city.example.jp"))
    assert end(verdict) == (MailState.PASSED_ON, MailReason.GATEWAY_NOTICE, NoReplyReason.AUTOMATIC)
    assert (replies(verdict), alerts(verdict)) == ([], [MailAlert])


@pytest.mark.parametrize(
    ("headers", "mail_from", "reason"),
    [
        ("", "", MailReason.NULL_SENDER),
        ("Return-Path: <>", None, MailReason.NULL_SENDER),
        ("Auto-Submitted: auto-replied", SENDER, MailReason.AUTOMATIC_REPLY),
        ("Subject: 【自動返信】お問い合わせありがとうございます", SENDER, MailReason.AUTOMATIC_REPLY),
        ("X-Failed-Recipients: a@x.example.jp", SENDER, MailReason.DELIVERY_REPORT),
        ("X-Hosho-Bot: receipt", SENDER, MailReason.OWN_MAIL),
    ],
)
def test_a_bounce_or_an_automatic_reply_is_not_understood(headers, mail_from, reason):
    attached_mail = paper(pages=(), trouble=OpenFailure.ATTACHED_MAIL, media_type="message/rfc822")
    register = register_of(guarantee())
    for papers in ((), (attached_mail,), (paper(),)):
        verdict = sort(raw_mail(headers, TYPED), *papers, mail_from=mail_from, register=register)
        assert (verdict.reason, verdict.no_reply) == (reason, NoReplyReason.AUTOMATIC)
        assert (verdict.submissions, verdict.keys_received, replies(verdict)) == ((), (), [])
        # A PDF of its own is shown to a person unread, but for a report: what that carries is sent back.
        is_shown = papers == (paper(),) and reason is not MailReason.DELIVERY_REPORT
        assert verdict.state is (MailState.PASSED_ON if is_shown else MailState.IGNORED)
        assert alerts(verdict) == ([MailAlert] if is_shown else [])


def test_a_key_in_the_name_of_an_unread_file_is_not_shown():
    verdict = sort(raw_mail(), paper(name=f"{KEY.reveal()}.pdf"), mail_from="")
    assert [p.name for p in verdict.papers] == ["＊＊＊＊＊＊.pdf"]


@pytest.mark.parametrize(
    "headers",
    ["Auto-Submitted: auto-generated", "Precedence: bulk", "X-Auto-Response-Suppress: All", "List-Id: <a.b.jp>"],
)
def test_a_notice_in_a_machines_mail_is_held_alerted_and_not_answered(headers):
    verdict = sort(raw_mail(headers), paper(), register=register_of(guarantee(auth_key=KEY)))
    assert (verdict.state, verdict.no_reply) == (MailState.SORTED, NoReplyReason.AUTOMATIC)
    assert [(s.state, s.reasons) for s in verdict.submissions] == [(State.HELD, (Why.SENDER_AUTOMATIC,))]
    assert (replies(verdict), alerts(verdict), verdict.keys_received) == ([], [Alert], ())


def test_so_is_one_from_an_address_that_takes_no_replies():
    verdict = sort(raw_mail(sender="no-reply@kensetsu.example.jp"), paper(), register=register_of(guarantee()))
    assert [s.reasons for s in verdict.submissions] == [(Why.SENDER_AUTOMATIC,)]
    assert (replies(verdict), alerts(verdict)) == ([], [Alert])


@pytest.mark.parametrize(
    ("headers", "papers", "expected"),
    [
        ("Precedence: bulk\nSubject: 秋の展示会", (), (MailState.IGNORED, [])),
        ("Precedence: bulk\nSubject: 認証キー", (), (MailState.PASSED_ON, [MailAlert])),
        ("Precedence: bulk\nSubject: scan", (paper("頁"),), (MailState.PASSED_ON, [MailAlert])),
        ("List-Id: <a.b.jp>\nSubject: 認証キー", (), (MailState.IGNORED, [])),
        ("X-Spam-Flag: YES\nSubject: 認証キー", (), (MailState.PASSED_ON, [])),
    ],
)
def test_a_machines_mail_without_a_notice_is_shown_to_a_person_only_when_it_may_matter(headers, papers, expected):
    verdict = sort(raw_mail(headers, ""), *papers)
    assert (verdict.state, alerts(verdict)) == expected
    assert (replies(verdict), verdict.no_reply) == ([], NoReplyReason.AUTOMATIC)


# -- who is answered

OURS = replace(POLICY, authserv_id="mx.city.example.jp", staff_domains=frozenset({"city.example.jp"}))
PROOF = "Authentication-Results: mx.city.example.jp; dmarc=pass header.from=kensetsu.example.jp"


@pytest.mark.parametrize(
    "sender",
    [
        None,
        "a@x.example.jp, b@x.example.jp",
        "undisclosed: a@x.example.jp;",
        "a@x.example.jp <b@y.example.jp>",
        "a@x.example.jp\nFrom: b@x.example.jp",
        "koji",
    ],
)
def test_only_one_plain_address_is_answered(sender):
    verdict = sort(raw_mail(sender=sender), paper(), register=register_of(guarantee()))
    assert verdict.no_reply is NoReplyReason.NO_PLAIN_ADDRESS
    assert (verdict.sender, replies(verdict)) == ("", [])
    is_repeated = sender is not None and "\n" in sender
    assert verdict.submissions[0].state is (State.HELD if is_repeated else State.ACCEPTED)


def test_the_answer_goes_to_the_author_and_nowhere_else():
    mail = raw_mail("Reply-To: victim@y.example.jp\nSender: victim@y.example.jp\nCc: victim@y.example.jp")
    verdict = sort(mail, paper(), mail_from="victim@y.example.jp")
    assert [d.recipient for d in verdict.drafts] == [SENDER, "keiyaku@city.example.jp"]


@pytest.mark.parametrize(
    ("headers", "is_proven"),
    [
        (PROOF, True),
        (f"{PROOF}\n{PROOF.replace('pass', 'fail')}", True),
        ("", False),
        (PROOF.replace("pass", "fail"), False),
        (PROOF.replace("mx.city", "mx.evil"), False),
        (PROOF.replace("kensetsu.example.jp", "evil.example.com"), False),
        (f"{PROOF.replace('pass', 'fail')}\n{PROOF}", False),
    ],
)
def test_where_our_server_looks_only_a_proven_sender_is_believed_and_answered(headers, is_proven):
    verdict = sort(raw_mail(headers), paper(), register=register_of(guarantee(auth_key=KEY)), policy=OURS)
    (one,) = verdict.submissions
    if is_proven:
        assert (one.state, one.sender_proven, verdict.no_reply) == (State.ACCEPTED, True, None)
        assert (replies(verdict), alerts(verdict)) == ([Receipt], [])
    else:
        assert (one.state, one.reasons) == (State.HELD, (Why.SENDER_UNPROVEN,))
        assert (one.sender_proven, verdict.no_reply) == (False, NoReplyReason.SENDER_UNPROVEN)
        assert (replies(verdict), alerts(verdict), verdict.keys_received) == ([], [Alert], ())


KEN = "taro@kensetsu.example.jp"
HERE = "Authentication-Results: mx.city.example.jp"
AT_US = "Received: from x by mx.city.example.jp"


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        # nobody proved it, or the proof is somebody else's
        ("", KEN),
        (f"{HERE}; dmarc=fail header.from=kensetsu.example.jp", KEN),
        (f"{HERE}; dmarc=none header.from=kensetsu.example.jp", KEN),
        (f"{HERE}; spf=none", KEN),
        (f"{HERE}; spf=softfail smtp.mailfrom=kensetsu.example.jp", KEN),
        (f"{HERE}; spf=pass smtp.mailfrom=evil.example.com", KEN),
        (f"{HERE}; spf=pass smtp.helo=kensetsu.example.jp", KEN),
        (f"{HERE}; dkim=pass header.d=evil.example.com", KEN),
        (f"{HERE}; dkim=pass header.d=kensetsu.example.jp.evil.example.com", KEN),
        (f"{HERE}; dkim=temperror header.d=kensetsu.example.jp", KEN),
        (f"{HERE}; dmarc=pass header.from=evil.example.com", KEN),
        (f"{HERE}; dkim=pass header.d=kensetsu.example.jp; dmarc=fail", KEN),
        (f"{HERE}; none", KEN),
        ("Authentication-Results: mx.evil.example.com; dmarc=pass header.from=kensetsu.example.jp", KEN),
        ("Authentication-Results: mx.city.example.jp.evil.example.com; dmarc=pass", KEN),
        ("Authentication-Results: evil (mx.city.example.jp); dmarc=pass", KEN),
        ("X-Authentication-Results: mx.city.example.jp; dmarc=pass", KEN),
        ("ARC-Authentication-Results: i=1; mx.city.example.jp; dmarc=pass", KEN),
        (f"{AT_US}\n{HERE}; dmarc=fail\n{HERE}; dmarc=pass header.from=kensetsu.example.jp", KEN),
        (f"{HERE}; spf=none\n{AT_US}\n{HERE}; dmarc=pass header.from=kensetsu.example.jp", KEN),
        (f"{HERE}; spf=none (dmarc=pass header.from=kensetsu.example.jp)", KEN),
        (f'{HERE}; spf=none reason="; dmarc=pass header.from=kensetsu.example.jp"', KEN),
        ("Received-SPF: pass", KEN),
        # whose mail is it?
        (PROOF, f"{KEN}\nFrom: mayor@city.example.jp"),
        (PROOF, f"mayor@city.example.jp\nFrom: {KEN}"),
        (PROOF, f"{KEN}, jiro@other.example.jp"),
        (PROOF, f"Kensetsu: {KEN};"),
        (PROOF, f'"jiro@other.example.jp" <{KEN}>'),
        (PROOF, f"jiro@other.example.jp <{KEN}>"),
        (PROOF, f"<{KEN}> jiro@other.example.jp"),
        (PROOF, f"<jiro@other.example.jp><{KEN}>"),
        (PROOF, "taro@ｋｅｎｓｅｔｓｕ.example.jp"),
        (PROOF, "taro@kensetsu.exаmple.jp"),  # a Cyrillic letter: another domain, which nobody proved
        (PROOF, "<@kensetsu.example.jp:taro@evil.example.com>"),
        (PROOF, "taro@[192.0.2.1]"),
        (PROOF, "taro"),
        (PROOF, None),
    ],
)
def test_a_forged_or_doubtful_sender_is_taken_shown_to_a_person_and_not_answered(headers: str, sender: str | None):
    verdict = sort(raw_mail(headers, sender=sender), paper(), register=register_of(guarantee()), policy=OURS)
    assert [s.state for s in verdict.submissions] == [State.HELD]
    assert (replies(verdict), alerts(verdict), verdict.keys_received) == ([], [Alert], ())
    assert verdict.no_reply in {NoReplyReason.SENDER_UNPROVEN, NoReplyReason.NO_PLAIN_ADDRESS}


ANSWER_TO_US = f"Subject: Re: 認証キーのお知らせ\nIn-Reply-To: <{MESSAGE_ID_PREFIX}0123@city.example.jp>"
JUST_WRITTEN = RecentCounts(to_address={SENDER: {Letter.VERIFIED: SendCount(1, 1)}})
WRITTEN_TODAY = RecentCounts(to_address={SENDER: {Letter.VERIFIED: SendCount(0, 1)}})
SENDS = "認証キーのお知らせをお送りします。"
SCAN = paper(pages=(), trouble=OpenFailure.NO_TEXT)
PICTURE = replace(SCAN, media_type="image/png", size_bytes=90_000)
CERTIFICATE = paper("契約保証証書\n保証金額 1,000円\n保証期限 令和8年")


@pytest.mark.parametrize(
    ("headers", "papers", "lately", "no_reply"),
    [
        ("Subject: 認証キー", (), RecentCounts(), None),
        # words that announce a notice are a person's: a responder has none of its own
        (ANSWER_TO_US, (), RecentCounts(), None),
        ("Subject: 認証キー", (), WRITTEN_TODAY, None),
        ("Subject: 認証キー", (PICTURE,), RecentCounts(), None),
        ("Subject: 認証キー", (PICTURE,), WRITTEN_TODAY, NoReplyReason.ANSWERED_TODAY),
        ("Subject: 認証キー", (SCAN,), JUST_WRITTEN, None),
        (ANSWER_TO_US, (SCAN,), JUST_WRITTEN, None),
        (ANSWER_TO_US, (PICTURE,), RecentCounts(), NoReplyReason.NO_PROOF),
        (ANSWER_TO_US, (CERTIFICATE,), JUST_WRITTEN, None),
        (ANSWER_TO_US, (paper(),), JUST_WRITTEN, None),
    ],
)
def test_what_may_be_a_responders_mail_is_answered_only_for_a_paper_that_we_know(headers, papers, lately, no_reply):
    parts = [f"--x\nContent-Type: {one.media_type}\nContent-Disposition: attachment\n\nx\n" for one in papers]
    said = "受信いたしました。" if PICTURE in papers else SENDS
    words = f"--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{said}\n"
    head = f"From: {SENDER}\n{headers}\nContent-Type: multipart/mixed; boundary=x\n\n"
    verdict = sort(f"{head}{words}{''.join(parts)}--x--".encode(), *papers, lately=lately)
    assert verdict.no_reply is no_reply
    assert len(replies(verdict)) == (no_reply is None)
    if no_reply:
        assert alerts(verdict) == [MailAlert]


def test_a_desk_is_not_answered():
    verdict = sort(raw_mail(sender="Keiyaku@city.example.jp"), paper(), register=register_of(guarantee()))
    assert (verdict.no_reply, verdict.submissions[0].state) == (NoReplyReason.OWN_ADDRESS, State.ACCEPTED)


@pytest.mark.parametrize(
    ("body", "is_question"),
    [
        ("お世話になっております。\nご確認のほどよろしくお願いいたします。", False),
        ("ご不明な点やご質問がございましたら、ご連絡ください。", False),
        ("添付のとおりお送りいたします。ご査収ください。\n> いつ届きますか？", False),
        ("認証キーのお知らせを送ります。https://kensetsu.example.jp/?a=1", False),
        ("いつもありがとうございますから始まる手紙です。", False),
        ("お送りします。なお、中間前払金の場合も同じ宛先でしょうか。", True),
        ("お送りします。原本も必要ですか", True),
        ("届いているか教えてください。", False),  # the receipt tells it
        ("先日お送りした契約保証の分は届いているでしょうか。", True),
        ("届きましたらご一報いただけますでしょうか。", False),
        ("先に送った分は取り消していただけますでしょうか。", True),
        ("Is the original needed too?", True),
        ("手続の方法をご教示いただけますと幸いです。", True),
    ],
)
def test_a_question_beside_a_good_notice_is_shown_to_a_person(body: str, is_question: bool):
    policy = replace(POLICY, reply_window=timedelta(days=30))
    verdict = sort(raw_mail("Subject: 認証キー", body), paper(), register=register_of(guarantee()), policy=policy)
    question = (MailState.BESIDES, MailReason.NOTICE_AND_QUESTION, None)
    assert end(verdict) == (question if is_question else (MailState.SORTED, MailReason.NOTICE_FOUND, None))
    assert (replies(verdict), alerts(verdict)) == ([Receipt], [MailAlert] if is_question else [])
    [receipt, *told] = verdict.drafts
    number = "20261123-0007-0" if is_question else ""
    assert receipt.context.question == number  # type: ignore[union-attr]
    assert verdict.submissions[0].state is State.ACCEPTED
    # The question is a case of its own, with a ticket; no answer to it touches the notice.
    assert [one.answerable and one.answerable.cases for one in told] == (
        [(TokenCase(1, "", mail_id=7),)] if is_question else []
    )


def test_a_question_beside_a_wish_of_ours_is_a_desks_and_waits_for_nobody_else():
    certificate = paper("契約保証証書\n保証金額 1,000円\n保証期限 令和8年")
    asked = sort(raw_mail("Subject: 認証キー", "保証書を送ります。"), certificate)
    assert (*end(asked), alerts(asked)) == (MailState.ASKED, MailReason.NOTICE_WANTED, None, [])
    asking = sort(raw_mail("Subject: 認証キー", "保証書を送ります。原本も必要でしょうか。"), certificate)
    assert (*end(asking), replies(asking)) == (
        MailState.PASSED_ON,
        MailReason.WANTED_AND_QUESTION,
        None,
        [NoticeWanted],
    )
    assert alerts(asking) == [MailAlert]


def waiting_for_him(mail_id: int, subject: str = "認証キーのお知らせ") -> MailRow:
    envelope = Envelope(Source.SMTP, "koji@kensetsu.example.jp", (INBOX,), NOW)
    asked_for = MailReason.NOTICE_WANTED
    return MailRow(mail_id, MailState.ASKED, asked_for, envelope, "", subject, 0, "", 1, "", (), None)


@pytest.mark.parametrize(
    ("subjects", "ended"),
    [
        (("認証キーの件", "Re: 認証キーの件", "添付を忘れました"), (1, 2, 3)),
        ((f"【電子保証】{WORK}", f"RE:{WORK}の件", f"保証契約番号 {NUMBER}"), (1, 2, 3)),
        (("市道第９９号線舗装工事の認証キー", "認証キーの件", f"【電子保証】{WORK}"), (2, 3)),
        (("第98号 河川改修工事", "保証契約番号 99999-000009", "下水道台帳作成業務委託"), ()),
        (("建設工事の認証キーのお知らせ", "電子保証（工事）", ""), (1, 2, 3)),  # such words name no work
    ],
)
def test_a_notice_ends_all_that_its_sender_was_asked_for_but_other_works(subjects, ended):
    asked = tuple(waiting_for_him(n, subject) for n, subject in enumerate(subjects, 1))
    assert sort(MAIL, paper(), register=register_of(guarantee()), asked=asked).answered == ended


def test_what_a_sender_was_asked_for_waits_until_a_whole_notice_comes_that_is_surely_his():
    asked = (waiting_for_him(9),)
    without_key = paper(NOTICE_TEXT.replace(f"認証キー：{KEY.reveal()}", ""))
    assert (
        sort(MAIL, without_key, register=register_of(guarantee()), asked=asked).answered == ()
    )  # he is asked once more
    assert sort(MAIL, paper(), policy=OURS, asked=asked).answered == ()


def test_an_unproven_senders_mail_without_a_notice_is_not_answered_either():
    verdict = sort(raw_mail("Subject: 認証キー", "添付します。"), policy=OURS)
    assert (verdict.no_reply, alerts(verdict)) == (NoReplyReason.SENDER_UNPROVEN, [MailAlert])


def test_staff_are_not_answered():
    verdict = sort(
        raw_mail(sender="tantou@city.example.jp"),
        paper(),
        policy=replace(OURS, authserv_id=""),
        register=register_of(guarantee()),
    )
    assert (verdict.no_reply, verdict.submissions[0].state) == (NoReplyReason.OWN_ADDRESS, State.ACCEPTED)


def test_replies_can_be_switched_off():
    verdict = sort(MAIL, paper(), policy=replace(POLICY, replies_enabled=False))
    assert (replies(verdict), alerts(verdict), verdict.no_reply) == ([], [Alert], NoReplyReason.DISABLED)
    nothing = sort(raw_mail("Subject: お礼"), policy=replace(POLICY, replies_enabled=False))
    assert nothing.no_reply is NoReplyReason.NO_NOTICE


@pytest.mark.parametrize(("sent", "is_answered"), [(0, True), (59, True), (60, False), (500, False)])
def test_an_address_gets_so_many_letters_a_day_and_the_notice_is_taken_all_the_same(sent: int, is_answered):
    lately = RecentCounts(to_address={SENDER: {Letter.RECEIPT: SendCount(0, sent)}})
    verdict = sort(MAIL, paper(), lately=lately, register=register_of(guarantee()))
    assert (verdict.no_reply is None, bool(replies(verdict))) == (is_answered, is_answered)
    assert verdict.submissions[0].state is State.ACCEPTED


# -- what is said

KNOWN = {"email": SENDER}


@pytest.mark.parametrize(
    ("row", "differences"),
    [
        ({"auth_key": OTHER_KEY}, (Difference.KEY,)),
        ({"project_name": "台帳の工事"}, (Difference.PROJECT_NAME,)),
        ({"contractor": "台帳の会社", "product": Product.CONTRACT}, (Difference.CONTRACTOR, Difference.PRODUCT)),
        ({"state": GuaranteeState.CANCELLED}, (Difference.CANCELLED,)),
        ({"number": "10001-000002"}, (Difference.NUMBER,)),
    ],
)
def test_a_known_sender_is_told_what_differs(row, differences):
    verdict = sort(MAIL, paper(), register=register_of(guarantee(**KNOWN, **row)))
    (reply,) = [d.context for d in verdict.drafts if d.answers]
    assert isinstance(reply, ReceiptDiffers)
    assert [one.differences for one in reply.differing] == [differences]


def test_a_known_sender_is_told_that_it_was_received_before():
    before = submission(State.ACCEPTED)
    verdict = sort(MAIL, paper(), register=register_of(guarantee(**KNOWN), earlier=(before,)))
    (reply,) = [d.context for d in verdict.drafts]
    assert isinstance(reply, ReceiptAgain)
    assert reply.first_receipts == (("20261123-0007-1", before.receipt_number),)


def test_of_several_notices_each_gets_its_own_word_in_one_letter():
    second = NOTICE_TEXT.replace(NUMBER, "20002-000002")
    rows = (guarantee(**KNOWN), guarantee(number="20002-000002", auth_key=OTHER_KEY, guarantee_id=2, **KNOWN))
    verdict = sort(MAIL, paper(), paper(second), register=register_of(*rows))
    (reply,) = [d.context for d in verdict.drafts if d.answers]
    assert isinstance(reply, ReceiptDiffers)
    assert [item.receipt_number for item in reply.items] == ["20261123-0007-1"]
    assert [one.item.receipt_number for one in reply.differing] == ["20261123-0007-2"]


def test_who_sent_half_a_notice_is_asked_for_a_whole_one():
    text = NOTICE_TEXT.replace(KEY.reveal(), "")
    verdict = sort(MAIL, paper(text), register=register_of(guarantee()))
    assert [s.reasons for s in verdict.submissions] == [(Why.KEY_MISSING,)]
    (reply,) = [d.context for d in verdict.drafts if d.answers]
    assert reply == NoticeWanted(POLICY.office, NOW, Request.COMPLETE_NOTICE)


@pytest.mark.parametrize(
    "words",
    [
        "https://x.example.jp/a",
        "bit.ly/abc",
        "ＥＶＩＬ．ＳＩＴＥ",
        "www.a",
        "a@b",
        "<a href='javascript://x'>",
        "evil.shop で検索",
    ],
)
def test_nobody_can_mail_a_link_through_us(words: str):
    text = NOTICE_TEXT.replace(WORK, words).replace(FIRM, words)
    verdict = sort(MAIL, paper(text))
    (reply,) = [d.context for d in verdict.drafts if d.answers]
    assert isinstance(reply, Receipt)
    assert {reply.items[0].project_name, reply.items[0].contractor} == {"（表示を省略しました）"}


@pytest.mark.parametrize("words", ["No.2ポンプ場改修工事", "ABC設備工業Co.,Ltd.", "市道1.5号線", "㈱A.B.C"])
def test_a_dot_in_a_name_is_no_link(words: str):
    (reply,) = [d.context for d in sort(MAIL, paper(NOTICE_TEXT.replace(WORK, words))).drafts if d.answers]
    assert isinstance(reply, Receipt)
    assert reply.items[0].project_name == words


# -- the oracle stays shut

OTHER_TEXT = st.sampled_from(["台帳だけの工事名", "台帳だけの受注者株式会社", WORK, FIRM, ""])
ROWS = st.builds(
    Guarantee,
    project_name=OTHER_TEXT,
    contractor=OTHER_TEXT,
    product=st.sampled_from(Product),
    number=st.sampled_from([NUMBER, "10001-000002", "20002-000002", ""]),
    jv_name=st.sampled_from(["", "青葉台・台帳だけ特定建設工事共同企業体"]),
    auth_key=st.sampled_from([None, KEY, OTHER_KEY]),
    email=st.sampled_from(["", "soumu@daichou.example.jp", "koji@sub.kensetsu.example.jp"]),
    desk=st.sampled_from(["", "契約課"]),
    state=st.sampled_from(GuaranteeState),
    guarantee_id=st.integers(1, 3),
)
EARLIER = st.builds(
    submission,
    st.sampled_from(State),
    fields=st.builds(fields, auth_key=st.sampled_from([KEY, OTHER_KEY]), project_name=OTHER_TEXT),
    sender=st.just("other@daichou.example.jp"),
    guarantee_id=st.integers(1, 3),
    receipt_number=st.just("20260101-0001-1"),
)
TO_A_STRANGER = letters(sort(MAIL, paper()))


@given(st.lists(ROWS, max_size=3), st.lists(EARLIER, max_size=2))
def test_a_stranger_gets_the_same_letter_whatever_the_register_holds(rows: list[Guarantee], earlier: list[Submission]):
    verdict = sort(MAIL, paper(), register=register_of(*rows, earlier=tuple(earlier)))
    assert letters(verdict) == TO_A_STRANGER
    assert [d.recipient for d in verdict.drafts if d.answers] == [SENDER]


@given(st.lists(ROWS, max_size=3), st.lists(EARLIER, max_size=2), st.booleans())
def test_no_mail_of_ours_holds_a_key_and_none_to_a_sender_what_he_did_not_send(rows, earlier, is_known: bool):
    rows = [replace(row, email=SENDER) for row in rows] if is_known else rows
    verdict = sort(MAIL, paper(), register=register_of(*rows, earlier=tuple(earlier)))
    for draft in verdict.drafts:
        mail = COMPOSER.compose(draft, now=NOW)
        everything = f"{mail.subject}{mail.text}{mail.content.decode()}{mail.dedupe_key}"
        assert KEY.reveal() not in everything
        assert OTHER_KEY.reveal() not in everything
        if draft.answers:
            assert "台帳だけ" not in everything
            assert "daichou" not in everything
            assert "0002-0" not in everything


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("工事名", f"市道１号線（{KEY.reveal()}）"),
        ("受注者名", f"青葉台建設株式会社\u3000{KEY.reveal()}"),
        ("商品（保証区分）", f"前払金保証 {KEY.reveal()}"),
        ("保証契約番号", f"{NUMBER}（キーは{KEY.reveal()}）"),
        ("保証契約番号", f"{NUMBER}/{KEY.reveal()}"),
        ("工事名", "市道１号線（ａＢ３ｄＥｆ６ｈＩｊ９ｋ）"),
        ("工事名", f"市道１号線 別の鍵{OTHER_KEY.reveal()}"),
    ],
)
def test_a_key_in_the_wrong_field_is_not_echoed(label: str, value: str):
    lines = [line if not line.startswith(label) else f"{label}：{value}" for line in NOTICE_TEXT.splitlines()]
    verdict = sort(MAIL, paper("\n".join(lines)), register=register_of(guarantee(project_name="別の工事")))
    assert [s.fields.auth_key for s in verdict.submissions] == [KEY]
    shown = "".join(COMPOSER.compose(d, now=NOW).text for d in verdict.drafts)
    shown += "".join(map(repr, verdict.submissions))
    for key in (KEY.reveal(), OTHER_KEY.reveal(), "ａＢ３ｄＥｆ６ｈＩｊ９ｋ"):
        assert key not in shown


TEXTS_OF_ANYBODY = st.text(st.one_of(st.characters(), st.sampled_from("工事名：{}%<>\r\n\u2028\u202e")), max_size=60)


@given(TEXTS_OF_ANYBODY, TEXTS_OF_ANYBODY, TEXTS_OF_ANYBODY)
def test_no_text_of_a_sender_keeps_his_mail_from_being_answered(work: str, firm: str, subject: str):
    text = NOTICE_TEXT.replace(WORK, work).replace(FIRM, firm)
    mail = raw_mail("Subject: " + "".join(subject.splitlines()).encode("utf-8", "replace").decode(), "本文")
    verdict = sort(mail, paper(text, name=clean(work)), register=register_of(guarantee(auth_key=OTHER_KEY)))
    for draft in verdict.drafts:
        COMPOSER.compose(draft, now=NOW)


@given(
    st.text("aZ09#$&'*+/=?^_{}~.-!%|`\" ", max_size=12),
    st.sampled_from(["docomo.ne.jp", "例え.jp", "a-.jp", "localhost"]),
)
def test_every_address_that_we_would_answer_can_be_written_to(local: str, domain: str):
    if address := plain_addr_spec(f"{local}@{domain}"):
        assert plain_address(address) == address


def test_the_notices_own_key_is_not_echoed_even_when_it_does_not_look_like_one():
    text = NOTICE_TEXT.replace(KEY.reveal(), "abcdefghijkl").replace(WORK, "市道ａｂｃｄｅｆｇｈｉｊｋｌ号線")
    (one,) = sort(MAIL, paper(text)).submissions
    assert one.fields.auth_key == AuthKey("abcdefghijkl")
    assert one.fields.project_name == "市道＊＊＊＊＊＊号線"


def test_a_key_in_the_subject_or_the_body_is_not_shown_to_the_desk():
    verdict = sort(raw_mail(f"Subject: 鍵 {KEY.reveal()}", f"番号は不明です。\n{KEY.reveal()}"))
    (alert,) = [d.context for d in verdict.drafts]
    assert isinstance(alert, MailAlert)
    assert (verdict.subject, alert.subject, alert.excerpt) == (
        "鍵 ＊＊＊＊＊＊",
        "鍵 ＊＊＊＊＊＊",
        "番号は不明です。\n＊＊＊＊＊＊",
    )


def test_an_excerpt_is_short_and_without_what_is_quoted():
    body = "\n".join(f"{n}行目" for n in range(100)) + "\n> 引用"
    assert excerpt_of(body, Formats()).splitlines() == [f"{n}行目" for n in range(15)]
    assert len(excerpt_of("長い文" * 1000, Formats())) <= 600


# -- the desks

DESKS = (
    Desk("契約課", "keiyaku@city.example.jp", frozenset({Product.CONTRACT})),
    Desk("土木課", "doboku@city.example.jp", frozenset({Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT})),
    Desk("課長", "kachou@city.example.jp"),
)


@pytest.mark.parametrize(
    ("rows", "text", "desks"),
    [
        ((), NOTICE_TEXT, ["doboku", "kachou"]),
        ((), NOTICE_TEXT.replace("前払金保証", "契約保証"), ["keiyaku", "kachou"]),
        ((), NOTICE_TEXT.replace("前払金保証", ""), ["kachou"]),
        ((guarantee(desk="契約課", auth_key=OTHER_KEY),), NOTICE_TEXT, ["keiyaku"]),
        ((guarantee(desk="廃止された課", auth_key=OTHER_KEY),), NOTICE_TEXT, ["doboku", "kachou"]),
    ],
)
def test_a_case_goes_to_the_desks_that_it_concerns(rows, text, desks):
    verdict = sort(MAIL, paper(text), policy=replace(POLICY, desks=DESKS), register=register_of(*rows))
    told = [d.recipient.partition("@")[0] for d in verdict.drafts if not d.answers]
    assert told == desks


def test_every_case_of_a_mail_comes_to_a_desk_in_one_alert():
    second = NOTICE_TEXT.replace(NUMBER, "20002-000002")
    verdict = sort(MAIL, paper(), paper(second))
    (alert,) = [d.context for d in verdict.drafts if not d.answers]
    assert isinstance(alert, Alert)
    assert [case.receipt_number for case in alert.cases] == ["20261123-0007-1", "20261123-0007-2"]


def test_an_alert_shows_both_sides_and_of_the_key_only_whether_it_is_the_same():
    row = guarantee(contractor="若葉建設株式会社", auth_key=AuthKey("aB3dEf6hIj9l"))
    verdict = sort(MAIL, paper(), register=register_of(row))
    (alert,) = [d.context for d in verdict.drafts if not d.answers]
    assert isinstance(alert, Alert)
    lines = [(line.label, line.read, line.registered) for line in alert.cases[0].fields]
    assert lines == [
        ("工事名", WORK, WORK),
        ("受注者名", FIRM, "若葉建設株式会社"),
        ("保証区分", "前払金保証", "前払金保証"),
        ("保証契約番号", NUMBER, NUMBER),
    ]
    assert alert.cases[0].key_state == "12文字を読み取りました（台帳のキーと不一致）"


# -- every mail has one end

HEADERS = st.sampled_from(
    ["", "Auto-Submitted: auto-generated", "Auto-Submitted: auto-replied", "List-Id: <a>", "X-Spam-Flag: YES", PROOF]
)
COLLEAGUE = "tantou@city.example.jp"
SENDERS = st.sampled_from([SENDER, None, "noreply@x.example.jp", INBOX, "a@x.jp, b@x.jp", COLLEAGUE])
TEXTS = st.sampled_from([NOTICE_TEXT, TYPED, NOTICE_TEXT.replace(KEY.reveal(), ""), "電子保証概要", "何か", "保証書"])

WITH_NOTICES = {MailState.SORTED, MailState.BESIDES}


@given(
    HEADERS,
    SENDERS,
    st.sampled_from([SENDER, "", None]),
    st.lists(TEXTS, max_size=2),
    st.text(max_size=40),
    st.booleans(),
)
def test_every_mail_has_one_end_and_nobody_is_answered_without_proof(headers, sender, mail_from, texts, body, is_asked):
    policy = OURS if is_asked else POLICY
    verdict = sort(raw_mail(headers, body, sender), *map(paper, texts), mail_from=mail_from, policy=policy)
    assert verdict.state in {*WITH_NOTICES, MailState.PASSED_ON, MailState.ASKED, MailState.IGNORED}
    assert (verdict.state in WITH_NOTICES) is bool(verdict.submissions)
    assert all(s.reasons for s in verdict.submissions)
    if replies(verdict):
        # The colleague's domain and the firm's are of one organisation, so the proof is of either (RFC 7489 §3.1, relaxed).
        assert verdict.sender in {SENDER, COLLEAGUE} or (verdict.sender == sender and not is_asked)
        assert headers == PROOF or (headers == "" and not is_asked)
        assert mail_from != ""
    else:
        assert verdict.no_reply is not None
    if verdict.state is MailState.IGNORED:
        assert (verdict.drafts, verdict.submissions) == ((), ())
    keys = [draft.dedupe_key for draft in verdict.drafts]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("before", [100, 108, 115, 119, 590])
def test_a_key_is_masked_before_a_text_is_cut(before: int):
    key = "aB3dE6gH9jK2"
    text = excerpt_of("あ" * before + key + "いう", Formats())
    assert not any(key[:length] in text for length in range(3, len(key) + 1))
