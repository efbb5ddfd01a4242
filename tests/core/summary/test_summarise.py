"""The summary: what stands first, what has which number, what is only counted; a flood of mails has one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.deadlines.facts import DueItem
from bot.core.deadlines.reminders import Route
from bot.core.deadlines.rules import DeadlineKind
from bot.core.letters.lists import Summary, SummaryLine
from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.clerk_orders import MOST_CASES, CommandKind
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import CertificateValues, Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import Version, VersionKind
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason, MailReason, NoReplyReason, SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.core.summary.facts import SummaryFacts, WithheldLetters
from bot.core.summary.summarise import summarise
from bot.core.text.dates import JAPAN
from bot.outbound.compose import Composer
from tests.core.verdict.cases import INBOX, NOW, POLICY, SENDER, fields, guarantee, submission

COMPOSER = Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))


def passed_on(number: int, sender: str = SENDER, no_reply: NoReplyReason = NoReplyReason.LIMIT_REACHED) -> MailRow:
    envelope = Envelope(Source.SMTP, sender, (INBOX,), NOW)
    return MailRow(
        mail_id=number,
        state=MailState.PASSED_ON,
        reason=MailReason.NO_NOTICE,
        envelope=envelope,
        sender=sender,
        subject="質問",
        size_bytes=100,
        digest="0" * 64,
        attempts=1,
        error="",
        papers=(),
        no_reply=no_reply,
    )


def facts_of(*mails: MailRow, withheld: tuple[WithheldLetters, ...] = ()) -> SummaryFacts:
    nothing = dict.fromkeys(("accepted", "held", "refused", "duplicates", "verified", "parked", "undelivered"), ())
    return SummaryFacts(
        since=NOW - timedelta(days=1),
        until=NOW,
        mails=((MailState.PASSED_ON, len(mails)),),
        passed_on=mails,
        issued_without_notice=(),
        withheld=withheld,
        looked_at=None,
        **nothing,
    )


def withheld_lines_of(*rows: WithheldLetters) -> tuple[SummaryLine, ...]:
    """They are counted in the letter, and stand in the workbook."""
    made = summarise(facts_of(withheld=rows), POLICY.desks[0], POLICY)
    assert ("上限により送信なし", sum(row.count for row in rows)) in made.letter.done
    return dict(made.details)["上限により送信なし"]


def summary_of(*mails: MailRow, withheld: tuple[WithheldLetters, ...] = ()) -> Summary:
    return summarise(facts_of(*mails, withheld=withheld), POLICY.desks[0], replace(POLICY, workbooks=False)).letter


@pytest.mark.parametrize(("mails", "lines"), [(1, 1), (5, 5), (6, 1), (1000, 1)])
def test_a_senders_flood_is_one_line_and_the_count_stays(mails: int, lines: int):
    others = [passed_on(10_000, "other@x.example.jp"), passed_on(10_001, no_reply=NoReplyReason.NO_NOTICE)]
    summary = summary_of(*(passed_on(n) for n in range(1, mails + 1)), *others)
    assert len(summary.passed_on) == lines + 2
    assert sum(line.count for line in summary.passed_on) == mails + 2
    text = COMPOSER.word(summary).text
    assert f"　確認待ち：{mails + 2}件" in text
    assert f"■ 確認待ち：{mails + 2}件" in text


def test_mails_without_a_sender_are_not_one_flood():
    mails = tuple(passed_on(n, "") for n in range(1, 6))
    assert len(summary_of(*mails).passed_on) == 5


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            WithheldLetters(LimitReason.ADDRESS, SENDER, Letter.RECEIPT, 40),
            SummaryLine(SENDER, "受付のお知らせ", "上限に達したため、40件に返信していません", 40),
        ),
        (
            WithheldLetters(LimitReason.IN_ALL, "", Letter.RECEIPT, 3),
            SummaryLine("全ての宛先", "受付のお知らせ", "上限に達したため、3件に返信していません", 3),
        ),
    ],
)
def test_a_limit_is_told_in_one_line(row: WithheldLetters, line: SummaryLine):
    assert withheld_lines_of(row) == (line,)


@pytest.mark.parametrize("limit", [*LimitReason])
@pytest.mark.parametrize("letter", [Letter.RECEIPT, Letter.ALERT])
def test_every_limit_has_words_and_its_number(limit: LimitReason, letter: Letter):
    (line,) = withheld_lines_of(WithheldLetters(limit, "相手", letter, 17))
    assert "相手" in line.name
    assert line.about == letter.words
    assert "17件" in line.note
    assert limit.words


def test_a_flood_of_addresses_does_not_fill_the_summary():
    rows = tuple(WithheldLetters(LimitReason.ADDRESS, f"{n}@x.example.jp", Letter.RECEIPT, n) for n in range(1, 1001))
    lines = withheld_lines_of(*rows)
    assert len(lines) == 31
    assert sum(line.count for line in lines) == sum(range(1001))
    assert lines[0].name == "1000@x.example.jp"


def test_a_case_stands_with_the_desk_that_is_told_of_it():
    """By the register's row where it names a desk of ours, else by the product: as alerts go."""
    contracts, works = Desk("契約課", "k@x", frozenset({Product.CONTRACT})), Desk("土木課", "d@x", frozenset())
    policy = replace(POLICY, desks=(contracts, works), reply_window=timedelta(days=30))
    row = guarantee(desk="土木課", product=Product.CONTRACT)
    held = submission(SubmissionState.HELD, fields=fields(number=row.number, product=Product.CONTRACT))
    nobodys = replace(row, guarantee_id=2, desk="廃止された課")
    accepted = submission(SubmissionState.ACCEPTED, receipt_number="20261122-0002-1", guarantee_id=2)
    facts = replace(facts_of(), held=(held,), named=(row,), to_verify=((accepted, nobodys),))
    of_contracts, of_works = (summarise(facts, desk, policy) for desk in policy.desks)
    assert [line.name for line in of_works.letter.held] == [held.receipt_number]
    assert of_contracts.letter.held == ()
    assert [one.receipt_number for one in of_contracts.for_dsure] == [accepted.receipt_number]
    assert of_contracts.answerable is not None
    assert [case.receipt_number for case in of_contracts.answerable.cases] == [accepted.receipt_number]


# -- read in a minute

DESK = POLICY.desks[0]
ANSWERED = replace(POLICY, reply_window=timedelta(days=30))


def taken(n: int, **changes: object) -> tuple[Submission, Guarantee]:
    """A notice that waits for D-Sure since `n` days, and its row."""
    row = guarantee(
        guarantee_id=n, number=f"10001-{n:06}", guarantee_amount_yen=4_900_000, expires_on=date(2027, 3, 31)
    )
    at = NOW - timedelta(days=n)
    one = submission(
        SubmissionState.ACCEPTED,
        receipt_number=f"20261122-{n:04}-1",
        guarantee_id=n,
        received_at=at,
        fields=fields(number=row.number, project_name=row.project_name),
    )
    return replace(one, **changes), row


def waiting(n: int, **changes: object) -> Submission:
    at = NOW - timedelta(days=n)
    return replace(submission(SubmissionState.HELD, receipt_number=f"20261122-{n:04}-2", received_at=at), **changes)


def full_facts(held: int, verify: int) -> SummaryFacts:
    return replace(
        facts_of(),
        held=tuple(waiting(n) for n in range(held, 0, -1)),
        to_verify=tuple(taken(n) for n in range(verify, 0, -1)),
    )


def worded(facts: SummaryFacts, policy: Policy = ANSWERED, due: Sequence[Route] | None = ()) -> str:
    return COMPOSER.word(summarise(facts, DESK, policy, due=due).letter).text


def test_first_come_three_numbers_then_three_lines_then_the_deadlines_before_d_sure():
    text = worded(full_facts(3, 12))
    head, *heads = re.findall(r"^■ [^：（\n]+", text, re.MULTILINE)
    assert head == "■ 急ぐもの"
    assert heads == ["■ 確認待ち", "■ 期限", "■ D-Sureで確認するもの", "■ 返信のしかた", "■ 期間中の処理"]
    assert re.findall(r"^　(\S+?)　*：(\d+)件$", text.partition("■")[0], re.MULTILINE) == [
        ("確認待ち", "3"),
        ("D-Sure", "12"),
        ("期限", "0"),
    ]
    urgent = text.partition("■ 急ぐもの\n")[2].partition("\n\n")[0].splitlines()
    assert [re.match(r"　(\d+)件目　(\S+?)（待ち(\d+)日）", line).groups() for line in urgent] == [
        ("4", "D-Sure", "12"),
        ("5", "D-Sure", "11"),
        ("6", "D-Sure", "10"),
    ]


@pytest.mark.parametrize(
    ("due", "held", "first"),
    [
        (0, 0, "支払期限 11月23日（本日）"),
        (3, 9, "確認待ち（待ち9日）"),
        (3, 0, "支払期限 11月26日（あと3日）"),
        (30, 1, "確認待ち（待ち1日）"),
    ],
)
def test_what_ends_soon_and_what_waits_long_are_urgent_alike(due: int, held: int, first: str):
    ends = (NOW.astimezone(JAPAN) + timedelta(days=due)).date()
    words = (
        f"支払期限 {ends.month}月{ends.day}日（{f'あと{due}日' if due else '本日'}）。11月13日に届いた請求書によります"
    )
    item = DueItem(
        DeadlineKind.PAYMENT_DUE,
        "submission/x",
        (DESK.name,),
        ends,
        ends,
        ends,
        "受付番号 x",
        "市道／見本／前払金保証",
        words,
    )
    facts = replace(facts_of(), held=(waiting(held),))
    letter = summarise(facts, DESK, ANSWERED, due=(Route(item, DESK, DESK.address),)).letter
    assert letter.urgent[0].why == first


@pytest.mark.parametrize(("held", "verify"), [(0, 0), (1, 1), (4, 9), (12, 60), (200, 400)])
def test_it_has_at_most_ninety_lines_whatever_waits_and_a_number_for_each_line(held: int, verify: int):
    made = summarise(full_facts(held, verify), DESK, ANSWERED, due=())
    text = COMPOSER.word(made.letter).text
    assert len(text.splitlines()) <= 90
    assert f"　確認待ち：{held}件\n　D-Sure　：{verify}件" in text
    cases = made.answerable.cases if made.answerable is not None else ()
    assert [case.place for case in cases] == [*range(1, 1 + min(held + verify, MOST_CASES))]
    numbered = [int(place) for place in re.findall(r"^　(\d+)件目", text.partition("■ 確認待ち")[2], re.MULTILINE)]
    assert numbered == [*range(1, 1 + min(held, 6) + min(verify, 12 - min(held, 6)))]


def test_without_a_workbook_more_is_listed_and_nothing_else_has_a_number():
    made = summarise(full_facts(40, 40), DESK, replace(ANSWERED, workbooks=False))
    text = COMPOSER.word(made.letter).text
    assert (len(made.letter.held), len(made.letter.to_verify)) == (20, 30)
    assert made.answerable is not None
    assert len(made.answerable.cases) == 50
    assert text.count("は、上のものを処理した後に載せます。") == 2


LONG_NAME = "令和8年度 社会資本整備総合交付金事業 都市計画道路3・4・3号上新町環状線ほか2路線 道路改良舗装工事（その2）"
LONG_FIRM = "ひたちの・とねがわ・こかいがわ特定建設工事共同企業体 代表者 株式会社ひたちの土木ホールディングス"


def test_d_sure_has_two_lines_a_case_and_the_rest_only_of_what_was_changed():
    one, row = taken(12)
    row = replace(row, project_name=LONG_NAME, contractor=LONG_FIRM, contract_amount_yen=123_456_000)
    text = worded(replace(facts_of(), to_verify=((one, row),)))
    block = text.partition("■ D-Sureで確認するもの：1件\n")[2].partition("\n\n")[0].splitlines()[2:]
    assert block == [
        "　1件目　10001-000012　前払　4,900,000円　令和9年3月31日（12日）",
        "　　令和8年度 社会資本整…／ひたちの・とねがわ・…／20261122-0012-1",
    ]
    changed = replace(one, reasons=(*one.reasons, SubmissionReason.GUARANTEE_CHANGED))
    text = worded(replace(facts_of(), to_verify=((changed, row),)))
    assert "　　【変更：D-Sureで改めて確認】\n　　・請負金額：123,456,000円\n" in text
    accepted = replace(
        one, reasons=(SubmissionReason.CLERK_ACCEPTED,), fields=replace(one.fields, contractor="別の建設")
    )
    text = worded(replace(facts_of(), to_verify=((accepted, replace(row, contractor="見本建設株式会社")),)))
    assert "　　・受注者名：見本建設株式会社（お知らせでは 別の建設）\n" in text


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        (KeyDelivery.MASKED, "　認証キーは、お知らせのPDFでご確認ください。\n"),
        (KeyDelivery.SEPARATE, "　認証キーは、別のメールでお送りします。\n"),
        (KeyDelivery.IN_LIST, "　　キー 12文字　"),
    ],
)
def test_where_the_keys_are_is_told_once(keys: KeyDelivery, where: str):
    text = worded(full_facts(0, 3), replace(ANSWERED, keys=keys))
    assert where in text
    assert text.count("PDF") + text.count("別のメール") + text.count("キー 12文字") == (
        3 if keys is KeyDelivery.IN_LIST else 1
    )


def test_what_a_workbook_alone_lists_is_not_shown_with_its_key():
    made = summarise(full_facts(0, 20), DESK, replace(ANSWERED, keys=KeyDelivery.IN_LIST))
    assert made.answerable is not None
    assert [receipt for receipt, _ in made.answerable.keys] == [case.receipt_number for case in made.letter.to_verify]
    assert len(made.for_dsure) == 20


def test_how_to_answer_takes_five_lines_of_orders_that_are_understood():
    facts = replace(full_facts(1, 1), passed_on=(passed_on(7),))
    section = worded(facts).partition("■ 返信のしかた")[2].partition("\n\n")[0].splitlines()
    assert len(section) == 5
    for hint in summarise(facts, DESK, ANSWERED).letter.hints:
        for write in hint.write.split("／"):
            (order,) = read_answer(
                [f"1件目 {write.replace('内容', '保証金額が異なる').replace('理由', '工期が異なる')}\n"]
            ).orders
            assert order.verb is not CommandKind.HELP
    assert read_answer(["ヘルプ\n"]).orders[0].verb is CommandKind.HELP


def test_what_was_looked_at_before_waits_since_its_guarantee_was_changed():
    one, row = taken(12)
    changed = replace(one, reasons=(*one.reasons, SubmissionReason.GUARANTEE_CHANGED))
    version = Version(2, 1, VersionKind.CHANGE, False, CertificateValues.of(row), NOW - timedelta(days=2), "", "")
    letter = summarise(replace(facts_of(), to_verify=((changed, row),), series={12: (version,)}), DESK, ANSWERED).letter
    assert letter.to_verify[0].waits == 2
    assert letter.to_verify[0].state == "変更－1：D-Sureで改めて確認"


def read_again(reason: MailReason = MailReason.NO_NOTICE, state: MailState = MailState.PASSED_ON) -> MailRow:
    return replace(passed_on(7), reason=reason, state=state)


IN_REGISTER = guarantee()
KNOWN = waiting(1, fields=fields(number=IN_REGISTER.number))
CLOSED = replace(IN_REGISTER, state=GuaranteeState.CANCELLED)


@pytest.mark.parametrize(
    ("held", "named", "mails", "orders"),
    [
        ((KNOWN,), (IN_REGISTER,), (), ["確認待ち：承認／差戻し 理由／保留 メモ"]),
        ((KNOWN,), (), (), ["確認待ち：差戻し 理由／保留 メモ"]),
        ((KNOWN,), (CLOSED,), (), ["確認待ち：差戻し 理由／保留 メモ"]),
        ((), (), (read_again(),), ["メール：対応済 メモ／再読取"]),
        ((), (), (read_again(MailReason.NOTICE_AND_QUESTION, MailState.BESIDES),), ["メール：対応済 メモ"]),
        ((), (), (read_again(MailReason.TOO_LARGE),), ["メール：対応済 メモ"]),
        ((), (), tuple(passed_on(n) for n in range(1, 9)), ["メール：対応済 メモ"]),  # in one line
    ],
)
def test_it_offers_what_works_on_one_of_its_cases_at_least(held, named, mails, orders):
    text = worded(replace(facts_of(*mails), held=held, named=named))
    section = text.partition("■ 返信のしかた")[2].partition("\n\n")[0].splitlines()[1:-1]
    assert [line.strip() for line in section] == orders


def test_a_question_beside_a_notice_is_found_by_the_notices_work():
    beside = submission(SubmissionState.VERIFIED, receipt_number="20261122-0007-1")
    mail = read_again(MailReason.NOTICE_AND_QUESTION, MailState.BESIDES)
    (line,) = summarise(replace(facts_of(mail), beside=(beside,)), DESK, ANSWERED).letter.passed_on
    assert line.about == f"{beside.fields.project_name}／{SENDER}「質問」"
