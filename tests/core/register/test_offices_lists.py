"""Lists as offices keep them: their headings, a sheet for each product, a row for a work, and what stands around a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.secret import AuthKey
from bot.core.register.cells import Cell
from bot.core.register.changes import ChangeKind
from bot.core.register.columns import Column
from bot.core.register.headers import find_header, meanings
from bot.core.register.layout import Layout
from bot.core.register.plan import Plan, plan
from bot.core.register.rows import Parsed, parse_book
from bot.core.register.tables import Book, Table, TableRow

NAMES = ("工事名", "受注者名", "商品(保証区分)")
ROW = ("市道1号線舗装工事", "見本建設株式会社", "前払金保証")
GUARANTEE = Guarantee(ROW[0], ROW[1], Product.ADVANCE_PAYMENT)


def table(*rows: Sequence[Cell], name: str = "") -> Table:
    return Table(tuple(TableRow(line, tuple(cells)) for line, cells in enumerate(rows, 1)), name)


def parse(*rows: Sequence[Cell], layout: Layout | None = None, name: str = "") -> Parsed:
    return parse_book(Book((table(*rows, name=name),)), layout or Layout())


def planned(existing: Sequence[Guarantee], *rows: Sequence[Cell]) -> Plan:
    return plan(parse(*rows), existing)


# -- headings of lists that cities publish or keep

HEADINGS = {
    Column.CONTRACTOR: (
        "相手方名 契約相手方 業者名 商号又は名称 商号または名称 施工者 請負人 落札者 落札者名 落札業者名 契約相手方名称 契約の相手方の名称 契約業者 受託業者名 契約先"
    ),
    Column.PRODUCT: "保証の種別 種別 保証の種類 保証種別",
    Column.NUMBER: "電子保証番号 証書番号 保証書番号 保証証書番号 証券番号 保証番号（電子）",
    Column.WORKS_END_ON: "履行終了日 完了日 履行期限 工期（至） 完成期限 工期末日 完了予定日",
    Column.WORKS_START_ON: "履行開始日 着工年月日 工期（自） 工期開始日",
    Column.EXPIRES_ON: "保証終了日 保証期限 保証期間満了日 保証期間（至）",
    Column.PROJECT_NAME: "工事(業務)名 工事（業務）名 案件名 契約名称 調達案件名称 工事（委託）名 契約件名 工事又は業務名 工事・業務名 工事名（業務名）",
    Column.DESK: "所属名 主管部署 担当部署 主管課名 発注課名 課名",
    Column.CONTRACTED_ON: "契約締結年月日 契約締結日 契約年月日 当初契約日",
    Column.CONTRACT_AMOUNT: "契約金額（税込） 請負代金額（円） 契約金額（円）",
    Column.WORKS_PERIOD: "契約期間 履行期間 工期",
}


@pytest.mark.parametrize("column", HEADINGS)
def test_the_headings_of_real_lists_are_known(column: Column) -> None:
    known = HEADINGS[column].split()
    unknown = []
    for title in known:
        header = find_header(
            table((*(name for name in NAMES if name != column.value), title, "備考", "場所"), ROW), Layout()
        )
        if header is None or (column, title) not in {(one.column, one.title) for one in header.headings}:
            unknown.append(title)
    assert unknown == (
        [] if column is not Column.NUMBER else ["保証番号（電子）"]
    )  # a remark that may change its meaning


def test_the_surer_of_two_headings_is_read() -> None:
    parsed = parse(
        ("種別", "保証の種別", "案件名", "名称", "業者名", "落札者"), ("土木", "契約", ROW[0], "x", "y", ROW[1])
    )
    assert [row.guarantee for row in parsed.guarantees] == [replace(GUARANTEE, product=Product.CONTRACT)]
    assert [problem.column for problem in parsed.problems] == ["種別", "名称", "業者名"]


def test_a_citys_own_heading_stands_before_all() -> None:
    layout = Layout(columns=(("発注件名", "工事名"),))
    parsed = parse(("工事名", "発注件名", *NAMES[1:]), ("舗装", *ROW), layout=layout)
    assert [row.guarantee for row in parsed.guarantees] == [GUARANTEE]


# -- what stands around a firm's name in its cell


@pytest.mark.parametrize(
    "cell",
    [
        "見本建設株式会社\n代表取締役　見本太郎",
        "見本建設株式会社\r\n　代表取締役社長 見本 太郎",
        "見本建設株式会社　代表取締役　見本太郎",
        "見本建設株式会社 取締役 見本",
        "見本市中央１丁目２番３号\n見本建設株式会社\n代表取締役 見本太郎",
        "見本県見本市中央1-2-3\n見本建設株式会社\n支店長 見本太郎",
        "〒300-0000\n見本建設株式会社\nTEL 0297-00-0000",
        "見本建設株式会社\n（代表取締役 見本太郎）",
        "見本建設株式会社\n",
    ],
)
def test_who_signs_for_a_firm_and_where_it_is_are_no_part_of_its_name(cell: str) -> None:
    assert [row.guarantee.contractor for row in parse(NAMES, (ROW[0], cell, ROW[2])).guarantees] == ["見本建設株式会社"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (
            "見本・例示特定建設工事共同企業体\n代表者　見本建設株式会社",
            "見本・例示特定建設工事共同企業体 代表者\u3000見本建設株式会社",
        ),
        ("見本・例示共同企業体 代表構成員 見本建設㈱", "見本・例示共同企業体 代表構成員 見本建設㈱"),
        ("株式会社見本市場", "株式会社見本市場"),
        ("見本建設株式会社　中央支店", "見本建設株式会社\u3000中央支店"),
        ("株式会社社長工務店", "株式会社社長工務店"),
        ("見本町森林組合", "見本町森林組合"),
        ("代表取締役 見本太郎", "代表取締役 見本太郎"),  # nothing else is there
    ],
)
def test_what_belongs_to_a_firms_name_stays(cell: str, name: str) -> None:
    (row,) = parse(NAMES, (ROW[0], cell, ROW[2])).guarantees
    assert row.guarantee.contractor == name or cell.startswith("代表取締役")


# -- a sheet for each product, a group of columns for each guarantee

SHEET = (("工事名", "受注者名", "保証番号"), (ROW[0], ROW[1], "12345-000001"))


@pytest.mark.parametrize(
    ("name", "sheets", "product"),
    [
        ("前払金保証", (), Product.ADVANCE_PAYMENT),
        ("契 約 保 証", (), Product.CONTRACT),
        ("中間前払金", (), Product.INTERIM_PAYMENT),
        ("R8前払", (("Ｒ８前払", "前払金保証"),), Product.ADVANCE_PAYMENT),
        ("台帳", (), None),
    ],
)
def test_a_sheets_name_tells_the_product_of_its_rows(
    name: str, sheets: tuple[tuple[str, str], ...], product: Product | None
) -> None:
    parsed = parse(*SHEET, name=name, layout=Layout(sheets=sheets))
    assert [row.guarantee.product for row in parsed.guarantees] == ([] if product is None else [product])
    assert [problem.column for problem in parsed.problems] == ([] if product else [""])


def test_rows_of_several_sheets_are_one_register() -> None:
    all_ = table((*NAMES, "保証番号"), (*ROW, "12345-000001"), (ROW[0], ROW[1], "契約", "12345-000009"), name="全体")
    one = table((*SHEET[0], "保証期限"), (*SHEET[1], "R9.3.31"), name="前払金保証")
    other = table(SHEET[0], (ROW[0], ROW[1], "12345-000009"), (ROW[0], "", "12345-000003"), name="前払")
    parsed = parse_book(Book((all_, one, other), ("シート「表紙」",)), Layout())
    rows = [(row.sheet, row.line, row.guarantee.number, row.guarantee.expires_on) for row in parsed.guarantees]
    assert rows == [("全体", 2, "12345-000001", date(2027, 3, 31)), ("全体", 3, "12345-000009", None)]
    assert [(p.place, p.is_note, p.reason[:14]) for p in parsed.problems] == [
        ("ファイル全体", True, "シート「表紙」"),
        ("「前払」の2行目", False, "「全体」の3行目と同じ保証契"),
        ("「前払」の3行目", False, "必須の項目が空です。"),
    ]
    assert [change.sheet for change in plan(parsed, []).changes] == ["全体", "全体"]


GROUPS = Layout(
    columns=(
        ("履行保証No", "契約保証：保証契約番号"),
        ("履行保証の期限", "契約保証:保証期限"),
        ("前払No", "前払金保証：保証番号"),
        ("前払の額", "前払：保証金額"),
    )
)


def test_a_row_for_a_work_tells_of_its_guarantees_by_the_citys_mapping() -> None:
    titles = ("工事名", "受注者名", "契約金額", "履行保証No", "履行保証の期限", "前払No", "前払の額")
    parsed = parse(
        titles,
        (*ROW[:2], "1,000円", "12345-000001", "R9.3.31", "12345-000002", 400),
        ("二の工事", ROW[1], 5, "申請中", "", "", ""),
        ("三の工事", ROW[1], 5, "免除", "", "－", ""),
        ("四の工事", ROW[1], "五千円", "1.2E+11", "", "12345-000004", "x"),
        layout=GROUPS,
    )
    own = [(row.line, row.guarantee.product.value, row.guarantee.number) for row in parsed.guarantees]
    assert own == [
        (2, "contract", "12345-000001"),
        (2, "advance_payment", "12345-000002"),
        (3, "contract", ""),
        (5, "contract", ""),
        (5, "advance_payment", "12345-000004"),
    ]
    first, second = (row.guarantee for row in parsed.guarantees[:2])
    assert (first.expires_on, first.guarantee_amount_yen, first.contract_amount_yen) == (date(2027, 3, 31), None, 1000)
    assert (second.expires_on, second.guarantee_amount_yen, second.contract_amount_yen) == (None, 400, 1000)
    assert [(p.line, p.column) for p in parsed.problems] == [(5, "契約金額"), (5, "履行保証No"), (5, "前払の額")]


def test_a_header_in_two_rows_names_the_product_above_its_columns() -> None:
    parsed = parse(
        ("工事名", "受注者名", "契約保証", None, "前払金", None, "保証期間", None),
        (None, None, "証書番号", "期限", "番号", "認証キー", "自", "備考"),
        (*ROW[:2], "12345-000001", "R9.3.31", "12345-000002", "Ab3dEf6hIj9k", "", ""),
    )
    assert [(row.guarantee.product, row.guarantee.number, row.guarantee.auth_key) for row in parsed.guarantees] == [
        (Product.CONTRACT, "12345-000001", None),
        (Product.ADVANCE_PAYMENT, "12345-000002", AuthKey("Ab3dEf6hIj9k")),
    ]
    assert parsed.guarantees[0].guarantee.expires_on == date(2027, 3, 31)


def test_what_stands_above_a_group_of_columns_does_not_hide_them() -> None:
    parsed = parse(
        ("工事の内容", None, "契約", "工期", None, "保証区分"),
        ("件名", "場所", "業者名", "自", "至", None),
        (ROW[0], "見本市", ROW[1], "R8.4.1", "R9.3.31", ROW[2]),
    )
    (row,) = parsed.guarantees
    assert row.guarantee == replace(GUARANTEE, works_start_on=date(2026, 4, 1), works_end_on=date(2027, 3, 31))


def test_a_column_for_the_product_stands_before_titles_that_begin_with_one() -> None:
    parsed = parse((*NAMES, "保証番号", "前払金保証期限"), (*ROW[:2], "契約", "12345-000001", "R9.3.31"))
    assert [row.guarantee for row in parsed.guarantees] == [
        replace(GUARANTEE, product=Product.CONTRACT, number="12345-000001")
    ]
    assert parsed.ignored_columns == ("前払金保証期限",)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (Layout(columns=(("a", "契約保証：工事名"),)), "保証区分を付けられる列: 保証契約番号"),
        (Layout(columns=(("a", "工事：保証番号"),)), "「工事：保証番号」は台帳の列にありません"),
    ],
)
def test_a_mapping_that_points_nowhere_says_what_there_is(layout: Layout, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        meanings(layout)


# -- numbers that could not be taken, and values that say less than the register's


def test_a_row_whose_number_was_lost_is_the_guarantee_with_these_digits_and_no_other() -> None:
    known = replace(GUARANTEE, guarantee_id=7, number="00328-001568")
    names = (*NAMES, "保証番号", "担当課")
    for left in ("328001568", 328001568.0, "00328001568", "328-1568"):
        (change,) = planned([known], names, (*ROW, left, "契約課")).changes
        assert (change.kind, change.after) == (ChangeKind.UPDATE, replace(known, desk="契約課"))
    for other in ("328001569", "3.28E+08", date(2026, 4, 1)):
        told = planned([known], names, (*ROW, other, "契約課"))
        assert (told.changes, len(told.problems)) == ((), 1)
    (change,) = planned([], names, (*ROW, "328001568", "")).changes
    assert change.after == GUARANTEE


def test_a_works_number_that_is_shorter_than_those_with_zeros_is_told() -> None:
    rows = [(f"{n}の工事", ROW[1], ROW[2], number) for n, number in enumerate(("0061270", "61271", "1061272"))]
    parsed = parse((*NAMES, "工事番号"), *rows)
    assert [row.guarantee.works_number for row in parsed.guarantees] == ["0061270", "61271", "1061272"]
    assert [(p.line, p.value, p.is_note) for p in parsed.problems] == [(3, "61271", True)]


@pytest.mark.parametrize("written", ["2026/4/1 10:05", "2026/4/1", "2026/4/1 10:05:59"])
def test_a_moment_that_a_spreadsheet_made_less_exact_is_no_other_issue(written: str) -> None:
    known = replace(GUARANTEE, guarantee_id=7, issued_at=datetime(2026, 4, 1, 1, 5, 59, tzinfo=UTC))
    (change,) = planned([known], (*NAMES, "発行日時"), (*ROW, written)).changes
    assert change.after.issued_at == known.issued_at
    (other,) = planned([known], (*NAMES, "発行日時"), (*ROW, "2026/4/1 10:06")).changes
    assert other.changed_fields == ("issued_at", "state")


def test_the_right_name_takes_the_place_of_one_with_lost_characters() -> None:
    known = replace(GUARANTEE, guarantee_id=7, contractor="〓本建設株式会社")
    (change,) = planned([known], NAMES, ROW).changes
    assert (change.kind, change.after) == (ChangeKind.UPDATE, replace(known, contractor=ROW[1]))
    (same,) = planned([change.after], NAMES, (ROW[0], "?本建設株式会社", ROW[2])).changes
    assert same.kind is ChangeKind.UNCHANGED
    (other,) = planned([known], NAMES, (ROW[0], "見本工業株式会社", ROW[2])).changes
    assert other.kind is ChangeKind.ADD


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("U+2363A田建設", "〓田建設"),
        ("<U+2363A>田建設", "〓田建設"),
        ("&#144186;田建設", "〓田建設"),
        ("&#x2333A;田建設", "〓田建設"),
        ("\\u2363田建設", "〓田建設"),
        ("\ue001田建設", "〓田建設"),
        ("\U000f1234田建設", "〓田建設"),
        ("\U00101234田建設", "〓田建設"),
        ("?田建設", "〓田建設"),
        ("□田建設", "〓田建設"),
        ("青\ufffd台建設", "青〓台建設"),
        ("田中＆見本建設", "田中＆見本建設"),
        ("□ 田建設", "□ 田建設"),
        ("田&#39;建設", "田&#39;建設"),
    ],
)
def test_lost_characters_are_told_and_kept_as_geta(cell: str, name: str) -> None:
    parsed = parse(NAMES, (ROW[0], cell, ROW[2]))
    assert [row.guarantee.contractor for row in parsed.guarantees] == [name]
    assert [(p.column, p.value, p.is_taken) for p in parsed.problems] == (
        [("受注者名", name, True)] if "〓" in name else []
    )


def test_a_name_of_which_nothing_is_left_is_no_name() -> None:
    assert parse(NAMES, (ROW[0], "???", ROW[2])).guarantees == ()
