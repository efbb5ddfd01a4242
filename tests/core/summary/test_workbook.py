"""A desk's workbook: what waits, what came, its rows and the days, in cells that a spreadsheet program takes for what they are."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from python_calamine import CalamineWorkbook

from bot.core.policy.policy import Desk, Policy
from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import SubmissionState
from bot.core.summary.summarise import summarise
from bot.core.summary.workbook import DAYS, BookFacts, by_day, desk_book
from bot.core.text.sheet import Sheet
from bot.spreadsheets.writing import workbook
from tests.core.summary.test_summarise import facts_of, passed_on
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


def summarised(facts: BookFacts, desk: Desk, policy: Policy) -> tuple[Sheet, ...]:
    """The book beside the summary of the same facts."""
    rows = {row.guarantee_id: row for row in facts.guarantees}
    waiting = {
        state: tuple(one for one in facts.submissions if one.state is state)
        for state in (SubmissionState.HELD, SubmissionState.ACCEPTED)
    }
    seen = replace(
        facts_of(passed_on(77)),
        held=waiting[SubmissionState.HELD],
        to_verify=tuple((one, rows.get(one.guarantee_id or 0)) for one in waiting[SubmissionState.ACCEPTED]),
        duplicates=(case(8, SubmissionState.DUPLICATE),),
    )
    made = summarise(seen, desk, replace(policy, reply_window=timedelta(days=30)))
    return desk_book(facts, desk, policy.desks, made.work, made.dues, made.details)


def opened(facts: BookFacts = FACTS, desk: Desk = DESK) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook(summarised(facts, desk, policy_of(desk)))))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_what_waits_stands_first_then_all_then_the_register_then_the_days():
    book = opened()
    assert list(book) == [
        "対応が必要なもの",
        "D-Sureで確認するもの",
        "期限",
        "差出人の返信待ち",
        "受付",
        "期間中の処理",
        "台帳",
        "件数の推移",
    ]
    head, *rows = book["対応が必要なもの"]
    assert head[:5] == ["件目", "状態", "受付番号", "受信日時", "待ち日数"]
    assert [row[:3] for row in rows] == [
        [1, "確認待ち", "20261122-0003-1"],
        [2, "要確認", "20261123-0077-0"],
        [3, "受付済（D-Sure未確認）", "20261122-0002-1"],
    ]
    assert [row[4] for row in rows] == [2, 0, 3]  # days of waiting
    assert [row[1][-6:-2] for row in book["受付"][1:]] == ["0004", "0003", "0002", "0001"]
    assert book["期間中の処理"][1][:2] == ["重複", "20261122-0008-1／10001-000001"]
    assert len(book["件数の推移"]) == 1 + DAYS


def test_every_line_of_what_waits_has_its_number_though_the_letter_lists_a_few():
    many = tuple(case(n, SubmissionState.ACCEPTED, guarantee_id=1) for n in range(1, 51))
    rows = opened(replace(FACTS, submissions=many))["対応が必要なもの"][1:]
    assert sorted(row[0] for row in rows) == [*range(1, 52)]
    assert [row[0] for row in opened(replace(FACTS, submissions=many))["D-Sureで確認するもの"][1:]] == [*range(2, 52)]


def test_each_sheet_prints_on_a4_across_as_wide_as_the_page_with_its_head_on_every_page():
    with zipfile.ZipFile(io.BytesIO(workbook(summarised(FACTS, DESK, policy_of(DESK))))) as book:
        names = book.read("xl/workbook.xml").decode()
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in range(1, 9)]
    assert names.count("_xlnm.Print_Titles") == len(sheets)
    for sheet in sheets:
        assert re.search(r'<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"', sheet)
        assert '<pageSetUpPr fitToPage="1"/>' in sheet
    # At this width of all columns a page shows letters of some 8 points.
    assert sum(float(width) for width in re.findall(r'<col [^>]*width="([0-9.]+)"', sheets[0])) < 210


def test_cells_are_text_numbers_days_and_moments_in_japans_time():
    (row,) = opened()["台帳"][1:]
    assert row[1] == "10001-000001"
    assert row[4] == "土木第12号"
    assert row[9] == 4_900_000
    assert row[10] == date(2027, 3, 31)
    assert row[14] == datetime.fromisoformat("2026-11-20T09:05:01")
    assert opened()["対応が必要なもの"][3][3] == datetime.fromisoformat("2026-11-20T00:30")


def test_no_key_and_no_formula_ever_stands_in_it():
    evil = case(9, SubmissionState.HELD, fields=fields(project_name='=HYPERLINK("http://x")', contractor="+1"))
    content = workbook(summarised(replace(FACTS, submissions=(*FACTS.submissions, evil)), DESK, policy_of(DESK)))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        every = b"".join(book.read(name) for name in book.namelist())
    assert KEY.reveal().encode() not in every
    assert b"<f>" not in every.replace(b"<c:f>", b"")
    assert b"=HYPERLINK" in every


def test_the_heads_stay_in_sight_and_filter_and_the_same_facts_give_the_same_file():
    content = workbook(summarised(FACTS, DESK, policy_of(DESK)))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml") for number in range(1, 9)]
        assert any("charts/chart" in name for name in book.namelist())
    assert all(b'state="frozen"' in sheet and b"<autoFilter" in sheet for sheet in sheets)
    assert content == workbook(summarised(FACTS, DESK, policy_of(DESK)))


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
        read = CalamineWorkbook.from_filelike(io.BytesIO(workbook(summarised(facts, desk, policy))))
        return {name: read.get_sheet_by_name(name).to_python() for name in read.sheet_names}

    works, other = map(book, policy.desks)
    assert "20261122-0005-1" not in {row[1] for row in works["受付"][1:]}
    assert "20261122-0006-1" in {row[1] for row in works["受付"][1:]}
    assert [row[1] for row in works["台帳"][1:]] == ["10001-000001", "10001-000009"]
    assert [row[2] for row in other["対応が必要なもの"][1:]] == ["20261122-0005-1"]
    assert other["台帳"][1:] == []


def test_the_counts_of_the_days_add_up():
    days = by_day(FACTS.submissions, NOW)
    assert (len(days), days[-1].day) == (35, date(2026, 11, 23))
    assert [
        sum(counts) for counts in zip(*((one.received, one.automatic, one.by_hand) for one in days), strict=True)
    ] == [4, 1, 2]


def test_an_empty_book_opens():
    assert opened(BookFacts(NOW, (), ()))["台帳"][0][1] == "保証契約番号"
