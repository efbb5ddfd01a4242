"""A desk's workbook: what waits, what came, its rows and the days, in cells that a spreadsheet program takes for what they are."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from python_calamine import CalamineWorkbook

from bot.core.letters.period_counts import DAYS, by_day, by_week
from bot.core.policy.policy import Desk, Policy
from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import SubmissionState
from bot.core.summary.workbook import BookFacts, desk_book
from bot.spreadsheets.writing import workbook
from tests.core.verdict.cases import KEY, NOW, POLICY, fields, guarantee, submission

DESK = Desk("契約課", "keiyaku@city.example.jp")
ROW = guarantee(
    guarantee_amount_yen=4_900_000,
    expires_on=date(2027, 3, 31),
    auth_key=KEY,
    works_number="土木第12号",
    issued_at=datetime(2026, 11, 20, 0, 5, 1, 123, tzinfo=UTC),
)


def case(number: int, state: SubmissionState, days_ago: int = 0, **changes: object):
    receipt = f"20261122-{number:04}-1"
    return submission(state, receipt_number=receipt, received_at=NOW - timedelta(days=days_ago), **changes)


FACTS = BookFacts(
    NOW,
    (
        case(1, SubmissionState.VERIFIED, 9, reasons=(SubmissionReason.NUMBER_MATCHES,)),
        case(2, SubmissionState.ACCEPTED, 3, reasons=(SubmissionReason.CLERK_ACCEPTED,)),
        case(3, SubmissionState.HELD, 2),
        case(4, SubmissionState.REFUSED, 2, reasons=(SubmissionReason.CLERK_REFUSED,)),
    ),
    (ROW,),
)


def policy_of(*desks: Desk) -> Policy:
    return replace(POLICY, desks=desks)


def opened(facts: BookFacts = FACTS, desk: Desk = DESK) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook(desk_book(facts, desk, policy_of(desk).desks))))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_what_waits_stands_first_then_all_then_the_register_then_the_days():
    book = opened()
    assert list(book) == ["対応が必要なもの", "受付", "台帳", "件数の推移"]
    assert [row[1] for row in book["対応が必要なもの"][1:]] == ["20261122-0003-1", "20261122-0002-1"]
    assert [row[0] for row in book["対応が必要なもの"][1:]] == ["確認待ち", "受付済（D-Sure未確認）"]
    assert [row[3] for row in book["対応が必要なもの"][1:]] == [2, 3]  # days of waiting
    assert [row[1][-6:-2] for row in book["受付"][1:]] == ["0004", "0003", "0002", "0001"]
    assert len(book["件数の推移"]) == 1 + DAYS


def test_cells_are_text_numbers_days_and_moments_in_japans_time():
    (row,) = opened()["台帳"][1:]
    assert row[1] == "10001-000001"
    assert row[4] == "土木第12号"
    assert row[9] == 4_900_000
    assert row[10] == date(2027, 3, 31)
    assert row[14] == datetime.fromisoformat("2026-11-20T09:05:01")
    assert opened()["対応が必要なもの"][2][2] == datetime.fromisoformat("2026-11-20T00:30")


def test_no_key_and_no_formula_ever_stands_in_it():
    evil = case(9, SubmissionState.HELD, fields=fields(project_name='=HYPERLINK("http://x")', contractor="+1"))
    content = workbook(desk_book(replace(FACTS, submissions=(*FACTS.submissions, evil)), DESK, policy_of(DESK).desks))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        every = b"".join(book.read(name) for name in book.namelist())
    assert KEY.reveal().encode() not in every
    assert b"<f>" not in every.replace(b"<c:f>", b"")
    assert b"=HYPERLINK" in every


def test_the_heads_stay_in_sight_and_filter_and_the_same_facts_give_the_same_file():
    content = workbook(desk_book(FACTS, DESK, policy_of(DESK).desks))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml") for number in (1, 2, 3, 4)]
        assert any("charts/chart" in name for name in book.namelist())
    assert all(b'state="frozen"' in sheet and b"<autoFilter" in sheet for sheet in sheets)
    assert content == workbook(desk_book(FACTS, DESK, policy_of(DESK).desks))


def test_each_desk_sees_its_own_and_what_names_no_desk_of_ours_goes_by_its_product():
    contract = case(5, SubmissionState.HELD, fields=fields(product=Product.CONTRACT))
    lost = replace(ROW, guarantee_id=9, number="10001-000009", desk="廃止された課")
    taken = case(6, SubmissionState.ACCEPTED, guarantee_id=9)
    facts = replace(FACTS, submissions=(*FACTS.submissions, contract, taken), guarantees=(ROW, lost))
    policy = policy_of(
        Desk("土木課", "d@x", frozenset({Product.ADVANCE_PAYMENT})),
        Desk("契約課", "k@x", frozenset({Product.CONTRACT})),
    )

    def book(desk: Desk) -> dict[str, list[list[object]]]:
        read = CalamineWorkbook.from_filelike(io.BytesIO(workbook(desk_book(facts, desk, policy.desks))))
        return {name: read.get_sheet_by_name(name).to_python() for name in read.sheet_names}

    works, other = map(book, policy.desks)
    assert "20261122-0005-1" not in {row[1] for row in works["受付"][1:]}
    assert "20261122-0006-1" in {row[1] for row in works["受付"][1:]}
    assert [row[1] for row in works["台帳"][1:]] == ["10001-000001", "10001-000009"]
    assert [row[1] for row in other["対応が必要なもの"][1:]] == ["20261122-0005-1"]
    assert other["台帳"][1:] == []


def test_the_counts_add_up_by_day_and_by_week():
    days = by_day(FACTS.submissions, NOW)
    weeks = by_week(days)
    assert (len(days), len(weeks)) == (35, 5)
    assert (days[-1].first, weeks[-1].last) == (date(2026, 11, 23), date(2026, 11, 23))
    for counted in (days, weeks):
        assert sum(one.received for one in counted) == 4
        assert sum(one.automatic for one in counted) == 1
        assert sum(one.by_hand for one in counted) == 2


def test_an_empty_book_opens():
    assert opened(BookFacts(NOW, (), ()))["台帳"][0][1] == "保証契約番号"
