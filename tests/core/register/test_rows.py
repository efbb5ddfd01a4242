"""A city's table → guarantees and problems → changes of the register."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import VersionKind
from bot.core.records.secret import AuthKey
from bot.core.register.cells import Cell, ShownNumber
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.register.columns import Column
from bot.core.register.headers import find_header, meanings
from bot.core.register.layout import Layout
from bot.core.register.plan import Plan, plan
from bot.core.register.rows import Parsed, ParsedRow, RowProblem, parse_book
from bot.core.register.tables import Book, Table, TableRow

NAMES = ("工事名", "受注者名", "商品(保証区分)")
ROW: tuple[Cell, ...] = ("市道1号線舗装工事", "見本建設株式会社", "前払金保証")
GUARANTEE = Guarantee("市道1号線舗装工事", "見本建設株式会社", Product.ADVANCE_PAYMENT)
GIVEN = frozenset({"project_name", "contractor", "product"})
KEY = AuthKey("Ab3dEf6hIj9k")


def table(*rows: Sequence[Cell]) -> Table:
    return Table(tuple(TableRow(line, tuple(cells)) for line, cells in enumerate(rows, 1)))


def parse(*rows: Sequence[Cell], extra: Mapping[str, str] | None = None) -> Parsed:
    return parse_book(Book((table(*rows),)), Layout(columns=tuple((extra or {}).items())))


def with_column(column: str, cell: Cell) -> Parsed:
    return parse((*NAMES, column), (*ROW, cell))


def plan_of(existing: Sequence[Guarantee], *rows: Sequence[Cell]) -> Plan:
    parsed = parse(*rows)
    assert parsed.problems == ()
    return plan(parsed, existing)


# -- the header


def test_the_needed_columns_alone_make_a_register() -> None:
    assert parse(NAMES, ROW) == Parsed((ParsedRow(2, GUARANTEE, GIVEN),), (), ())


@pytest.mark.parametrize(
    "names",
    [
        ("件名", "受注者", "保証区分"),
        ("業務名", "請負者", "保証種類"),
        ("委託名", "請負契約者", "商品名"),
        ("工事件名", "保証契約者", "商品"),
        ("工　事　名", "契約者", "商品（保証区分）"),
        ("【工事名】", "受注者名（ＪＶの場合は代表者）", "「商品（保証区分）」"),
        ("工事名※", "受注者名(必須)", " 商品 [保証区分] "),
        ("工事\n名", "受注者名:", "商品／保証区分"),
    ],
)
def test_headers_are_known_by_their_synonyms_whatever_their_width_blanks_and_brackets(names: tuple[str, ...]) -> None:
    assert parse(names, ROW).guarantees == (ParsedRow(2, GUARANTEE, GIVEN),)


def test_every_synonym_names_one_column_only() -> None:
    known = {title: meaning.column for title, meaning in meanings(Layout()).items()}
    assert set(known.values()) == set(Column)
    assert known["eメール".casefold()] is known["email"] is Column.EMAIL
    assert known["担当部署"] is Column.DESK
    assert known["証書の形式"] is Column.STATE
    names = [name for column in Column for name in (column.value, *column.synonyms)]
    assert len(names) == len(set(names))


def test_a_citys_own_header_is_taken_by_config() -> None:
    parsed = parse(
        ("名称", "業者", "保証"), ROW, extra={"名 称": "工事名", "業者": "受注者", "保証": "商品（保証区分）"}
    )
    assert parsed.guarantees == (ParsedRow(2, GUARANTEE, GIVEN),)


def test_a_config_that_points_nowhere_is_an_error_that_names_the_columns() -> None:
    with pytest.raises(ValueError, match=r"「業者 → 会社」.*受注者名"):
        parse(NAMES, ROW, extra={"業者": "会社"})


def test_titles_above_the_header_and_columns_of_no_meaning_are_passed_over() -> None:
    parsed = parse(
        ("令和8年度　工事契約　保証台帳",), (), ("", "財政部契約課", 46113.0), ("No.", *NAMES, "備考"), (1, *ROW, "x")
    )
    assert parsed == Parsed((ParsedRow(5, GUARANTEE, GIVEN),), (), ("No.", "備考"))


def test_a_header_in_two_rows_is_joined() -> None:
    parsed = parse(
        (*NAMES, "工期", None, "請負"),
        (None, None, None, "自", "至", "金額"),
        (*ROW, "R8.4.1", "R9.3.31", 5),
    )
    expected = replace(
        GUARANTEE,
        works_start_on=date(2026, 4, 1),
        works_end_on=date(2027, 3, 31),
        contract_amount_yen=5,
    )
    assert [row.guarantee for row in parsed.guarantees] == [expected]


def test_a_header_in_three_rows_is_joined() -> None:
    parsed = parse(
        ("工事番号", *NAMES[:2], "保証", None, None),
        ("工事番号", *NAMES[:2], "区分", "証書", None),
        ("工事番号", *NAMES[:2], "区分", "保証契約番号", "保証期限"),
        ("第１号", *ROW, "12345-678901", "R9.3.31"),
    )
    expected = replace(GUARANTEE, works_number="第１号", number="12345-678901", expires_on=date(2027, 3, 31))
    assert ([row.guarantee for row in parsed.guarantees], parsed.problems) == ([expected], ())


@pytest.mark.parametrize("above", ["単位：千円", "（単位:百万円）", "(千円)", "金額の単位　千円"])
@pytest.mark.parametrize("title", ["保証金額", "保証金額（円）"])
def test_a_unit_above_the_header_counts_where_a_column_tells_none(above: str, title: str) -> None:
    parsed = parse(("令和8年度台帳", None, None, above), (), (*NAMES, title), (*ROW, 1200))
    assert parsed.guarantees[0].guarantee.guarantee_amount_yen == (1200 if "円" in title else None)
    assert ["千円" in one.reason for one in parsed.problems] == ([] if "円" in title else [True])


def test_a_remark_that_changes_a_columns_meaning_makes_it_another_column() -> None:
    parsed = parse((*NAMES, "受注者名(住所)", "保証金額（変更後）"), (*ROW, "見本市", "5"))
    assert parsed == Parsed((ParsedRow(2, GUARANTEE, GIVEN),), (), ("受注者名(住所)", "保証金額（変更後）"))


def test_of_two_columns_with_one_meaning_our_own_name_stands() -> None:
    parsed = parse((*NAMES, "契約金額", "請負金額"), (*ROW, 1, 2))
    assert parsed.guarantees[0].guarantee.contract_amount_yen == 2
    reason = "「請負金額」と同じ意味の列です。「請負金額」の方を取り込みます。"
    assert parsed.problems == (RowProblem(1, "契約金額", "", reason, is_note=True),)


def test_a_table_without_header_or_needed_column_is_one_problem() -> None:
    assert [problem.line for problem in parse(ROW, ROW).problems] == [0]
    missing = parse(("保証契約番号", "工事名", "受注者名"), ("12345-000001", "a", "b"))
    assert (missing.guarantees, [problem.line for problem in missing.problems]) == ((), [1])
    assert "商品(保証区分)" in missing.problems[0].reason


def test_the_header_with_every_needed_column_stands_before_a_legend_above_it() -> None:
    header = find_header(table(("保証金額", "保証期限", "発注者"), NAMES, ROW), Layout())
    assert header is not None
    assert header.last_line == 2


# -- rows


def test_empty_rows_and_repeated_headers_are_skipped_and_totals_noted() -> None:
    parsed = parse(
        (*NAMES, "請負金額"),
        (*ROW, 1),
        (None, "", "　", None),
        (*NAMES, "請負金額"),
        ("小　計", None, None, 1),
        (None, "合計", None, 1),
        ("※ 税込",),
    )
    assert [row.line for row in parsed.guarantees] == [2]
    assert [(problem.line, problem.value, problem.is_note) for problem in parsed.problems] == [
        (5, "小　計", True),
        (6, "合計", True),
        (7, "※ 税込", True),
    ]


@pytest.mark.parametrize("cell", ["【土木課】", "凡例：○は確認済", "以下余白", "担当：契約課　内線12"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_single_cell_that_is_no_name_is_a_remark(cell: str, place: int) -> None:
    parsed = parse((*NAMES, "備考"), (*(None,) * place, cell), ROW)
    assert [(one.value, one.is_note) for one in parsed.problems] == [(cell, True)]
    assert len(parsed.guarantees) == 1


def test_a_single_name_or_number_is_a_row_that_lacks_the_rest() -> None:
    parsed = parse((*NAMES, "保証契約番号"), ("橋梁補修工事",), (None, None, None, "12345-678901"))
    assert {(one.line, one.is_note) for one in parsed.problems} == {(2, False), (3, False)}


@pytest.mark.parametrize("mark", ["〃", "々", "同上", "同　上", ' "', "″"])
def test_a_ditto_mark_says_what_stands_above_it(mark: str) -> None:
    names = (*NAMES, "保証契約番号", "保証期限")
    parsed = parse(
        names,
        (*ROW, "12345-678901", "R9.3.31"),
        (mark, mark, "契約保証", "12345-678902", mark),
        (mark, mark, mark, mark),
    )
    first, second, third = (row.guarantee for row in parsed.guarantees)
    assert second == replace(first, product=Product.CONTRACT, number="12345-678902")
    assert (third.product, third.number) == (Product.CONTRACT, "")
    assert [(one.line, one.column) for one in parsed.problems] == [(4, "保証契約番号")]


def test_a_ditto_mark_below_the_header_says_nothing() -> None:
    parsed = parse(NAMES, ("〃", *ROW[1:]))
    assert (parsed.guarantees, [one.column for one in parsed.problems]) == ((), ["工事名"])


def test_a_row_that_can_not_be_taken_tells_every_reason_and_holds_up_no_other() -> None:
    parsed = parse(
        (*NAMES, "請負金額(円)", "保証期限"),
        ("中学校改築工事", *ROW[1:], "50千円", "8.4.1"),
        ("", "見本建設株式会社", "履行ボンド"),
        (*ROW, 1, "R8.4.1"),
    )
    assert [row.line for row in parsed.guarantees] == [2, 4]
    assert [(p.line, p.column, p.value, p.is_taken) for p in parsed.problems] == [
        (2, "請負金額(円)", "50千円", True),
        (2, "保証期限", "8.4.1", True),
        (3, "工事名", "", False),
        (3, "商品(保証区分)", "履行ボンド", False),
    ]
    assert [p.reason[:8] for p in parsed.problems] == [
        "千円などの単位で",
        "年が分かりません",
        "必須の項目が空で",
        "保証区分が分かり",
    ]


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("保証契約番号", "１２３４５－６７８９０１", "number", "12345-678901"),
        ("保証番号", "12345ー678901", "number", "12345-678901"),
        ("保証契約番号", "12345─678901", "number", "12345-678901"),
        ("保証契約番号", "12345\u2212678901", "number", "12345-678901"),
        ("保証契約番号", " 第 12345-678901 号 ", "number", "12345-678901"),
        ("保証契約番号", ShownNumber(12345678901, "12345-678901"), "number", "12345-678901"),
        ("保証契約番号", ShownNumber(328751568, "第00328-751568号"), "number", "00328-751568"),
        ("証書番号", "A12/34-5", "number", "A12/34-5"),  # of another surety
        ("変更番号", "新規", "revision", 0),
        ("変更番号", 0, "revision", 0),
        ("変更番号", "変更一", "revision", 1),
        ("変更番号", "変更-1", "revision", 1),
        ("変更番号", "変更－１", "revision", 1),
        ("変更番号", "変更一2", "revision", 2),
        ("変更番号", "第二回変更", "revision", 2),
        ("変更番号", "第2回変更", "revision", 2),
        ("変更番号", "変更（３）", "revision", 3),
        ("変更番号", 1.0, "revision", 1),
        ("変更番号", "１", "revision", 1),
        ("JV名", "見本・例示特定建設工事共同企業体", "jv_name", "見本・例示特定建設工事共同企業体"),
        ("発注者", "見本市長", "orderer", "見本市長"),
        ("契約金額", "1,234,567円", "contract_amount_yen", 1234567),
        ("請負金額", "￥１，２３４，５６７－", "contract_amount_yen", 1234567),
        ("請負金額", "金1,234,567円也", "contract_amount_yen", 1234567),
        ("請負金額", "\\1,234,567", "contract_amount_yen", 1234567),
        ("請負金額", 1234567.0, "contract_amount_yen", 1234567),
        ("保証金額（円）", "1234567.0", "guarantee_amount_yen", 1234567),
        ("保証金額", 0, "guarantee_amount_yen", 0),
        ("保証期限", "令和9年3月31日", "expires_on", date(2027, 3, 31)),
        ("保証期限", date(2027, 3, 31), "expires_on", date(2027, 3, 31)),
        ("保証期限", datetime(2027, 3, 31, 10), "expires_on", date(2027, 3, 31)),  # noqa: DTZ001 (a spreadsheet's cell)
        ("保証期限", 20270331, "expires_on", date(2027, 3, 31)),
        ("工期(自)", "R8.4.1", "works_start_on", date(2026, 4, 1)),
        ("工期（至）", "R9.3.31", "works_end_on", date(2027, 3, 31)),
        ("契約日", "2026/4/1", "contracted_on", date(2026, 4, 1)),
        ("預託先", "見本銀行 本店", "deposit_bank", "見本銀行 本店"),
        ("認証キー", " Ab3dEf6hIj9k　", "auth_key", KEY),
        ("認証キー", "Ａｂ３ｄＥｆ６ｈＩｊ９ｋ", "auth_key", KEY),
        ("「認証キー」", "123456789012", "auth_key", AuthKey("123456789012")),
        ("認証キー", "7E1025830416", "auth_key", AuthKey("7E1025830416")),
        ("認証キー", "0123456789E5", "auth_key", AuthKey("0123456789E5")),
        ("認証キー", "７Ｅ１０２５８３０４１６", "auth_key", AuthKey("7E1025830416")),
        ("認証キー", "Ab3d-Ef6h", "auth_key", AuthKey("Ab3d-Ef6h")),  # another surety's form
        ("発行日時", "2026/4/1 10:05", "issued_at", datetime(2026, 4, 1, 1, 5, tzinfo=UTC)),
        (
            "電子保証発行日時",
            datetime(2026, 4, 1, 10, 4, 59, 999_600),  # noqa: DTZ001 (likewise)
            "issued_at",
            datetime(2026, 4, 1, 1, 5, tzinfo=UTC),
        ),
        ("電子保証発行日時", date(2026, 4, 1), "issued_at", datetime(2026, 3, 31, 15, tzinfo=UTC)),
        ("E-mail", "Taro@Example.JP", "email", "Taro@example.jp"),
        ("メールアドレス", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "email", "taro@example.jp"),
        ("担当部署", "契約課", "desk", "契約課"),
        ("状態", "紙", "state", GuaranteeState.ON_PAPER),
        ("証書の形式", "証書(紙)", "state", GuaranteeState.ON_PAPER),
        ("証書の形式", "電子保証（認証キーを含む）", "state", GuaranteeState.EXPECTED),
        ("状態", "取消し", "state", GuaranteeState.CANCELLED),
        ("状態", "期限切れ", "state", GuaranteeState.EXPIRED),
        ("状態", "確認済", "state", GuaranteeState.EXPECTED),
    ],
)
def test_a_cell_becomes_a_value(column: str, cell: Cell, field: str, value: object) -> None:
    expected = replace(GUARANTEE, **{field: value})
    assert with_column(column, cell) == Parsed((ParsedRow(2, expected, GIVEN | {field}),), (), ())


@pytest.mark.parametrize(
    ("word", "product"),
    [
        ("前払金保証", Product.ADVANCE_PAYMENT),
        ("前払", Product.ADVANCE_PAYMENT),
        ("前　払　金", Product.ADVANCE_PAYMENT),
        ("中間前払金保証", Product.INTERIM_PAYMENT),
        ("中間", Product.INTERIM_PAYMENT),
        ("契約保証", Product.CONTRACT),
        ("契約", Product.CONTRACT),
        ("①前払金保証", Product.ADVANCE_PAYMENT),
        ("契約保証（10％）", Product.CONTRACT),
        ("契約保証予約", Product.OTHER),
        ("契約保証予約（入札ボンド）", Product.OTHER),
        ("入札ボンド", Product.OTHER),
    ],
)
def test_products_are_known_by_their_short_names(word: str, product: Product) -> None:
    assert [row.guarantee.product for row in parse(NAMES, (*ROW[:2], word)).guarantees] == [product]


@pytest.mark.parametrize("yes", ["希望する", "有", "○", "〇", "はい", "TRUE", True, "1", 1, 1.0, "Ｙｅｓ"])
def test_a_wish_with_an_address_is_taken(yes: Cell) -> None:
    parsed = parse((*NAMES, "お知らせ希望", "メール"), (*ROW, yes, "a@example.jp"))
    expected = replace(GUARANTEE, wants_issued_mail=True, email="a@example.jp")
    assert [row.guarantee for row in parsed.guarantees] == [expected]


@pytest.mark.parametrize("no", ["希望しない", "無", "なし", "×", "いいえ", "FALSE", False, "0", 0])
def test_no_wish_needs_no_address(no: Cell) -> None:
    parsed = with_column("電子保証発行完了のお知らせ", no)
    assert parsed.guarantees == (ParsedRow(2, GUARANTEE, GIVEN | {"wants_issued_mail"}),)


@pytest.mark.parametrize(
    "address", ["", "-", "a@", "a@b", "a b@example.jp", "a@example.jp, b@example.jp", "山@example.jp"]
)
def test_a_wish_without_a_usable_address_is_told_and_nothing_is_sent(address: str) -> None:
    parsed = parse((*NAMES, "お知らせ希望", "メール"), (*ROW, "希望する", address))
    assert parsed.guarantees == (ParsedRow(2, GUARANTEE, GIVEN),)
    assert parsed.problems[-1].column == "お知らせ希望"
    assert all(problem.is_taken for problem in parsed.problems)


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("保証契約番号", 1.2e11 + 0.5, "数値に変わっています"),
        ("保証契約番号", "1.23457E+11", "数値に変わっています"),
        ("保証契約番号", date(2026, 4, 1), "日付などに変わっています"),
        ("保証契約番号", "第号", "読み取れません"),
        ("保証契約番号", "契約書のとおり", "読み取れません"),
        ("保証契約番号", "49965719830", "失われている"),
        ("保証契約番号", 49965719830.0, "失われている"),
        ("保証契約番号", 328751568, "失われている"),
        ("保証契約番号", ShownNumber(328751568, "328-751568"), "失われている"),
        ("保証契約番号", "328-1568", "失われている"),
        ("保証契約番号", "2026/6/1", "日付に変わっています"),
        ("保証契約番号", "Jun-01", "日付に変わっています"),
        ("保証契約番号", "#N/A", "数式のエラー"),
        ("工事番号", "6月1日", "日付に変わっています"),
        ("工事番号", "令和8年6月1日", "日付に変わっています"),
        ("工事番号", "６月１日", "日付に変わっています"),
        ("工事番号", "Jun-01", "日付に変わっています"),
        ("工事番号", "1-Jun", "日付に変わっています"),
        ("工事番号", "2026/6/1 0:00", "日付に変わっています"),
        ("工事番号", "8:12", "日付に変わっています"),
        ("工事番号", "1.2E+10", "数値に変わっています"),
        ("工事番号", "\ue0005号", "外字"),
        ("変更番号", "訂正", "「状態」の列に「取消し」"),
        ("変更番号", "変更－", "読み取れません"),
        ("変更番号", 1.5, "読み取れません"),
        ("変更番号", 100, "大きすぎます"),
        ("請負金額", "1,234千円", "千円などの単位"),
        ("請負金額", "五百万円", "千円などの単位"),
        ("請負金額(千円)", "1,234", "千円などの単位"),
        ("請負金額（単位：百万円）", 5, "千円などの単位"),
        ("請負金額", "-5", "負の数"),
        ("請負金額", "△5", "負の数"),
        ("請負金額", "(5)", "負の数"),
        ("請負金額", -5.0, "負の数"),
        ("請負金額", 0.5, "円未満なし"),
        ("請負金額", "1,23,4", "読み取れません"),
        ("請負金額", "約5円", "読み取れません"),
        ("請負金額", True, "金額ではありません"),
        ("請負金額", float("inf"), "読み取れません"),
        ("請負金額", "9" * 14, "大きすぎます"),
        ("保証期限", 46113.0, "2026/04/01のこと"),
        ("保証期限", date(1900, 1, 1), "1900年"),
        ("保証期限", time(10, 5), "日付ではありません"),
        ("保証期限", "2026/2/30", "暦にない日付"),
        ("工期", "令和9年3月31日", "2つの日付"),
        ("発行日時", 46113.4, "日時ではありません"),
        ("発行日時", datetime(1, 1, 1), "1年"),  # noqa: DTZ001 (a spreadsheet's cell)
        ("お知らせ希望", "検討中", "「希望する」又は"),
        ("メールアドレス", "受注者に確認", "正しくありません"),
        ("状態", "保留", "状態が分かりません"),
        ("発注者名", "あ" * 201, "200文字"),
        ("発注者名", "#REF!", "数式のエラー"),
        ("発注者名", "####", "数式のエラー"),
        ("保証期限", "#VALUE!", "数式のエラー"),
        ("発注者名", "渡〓市長", "表せなかった文字"),
        ("発注者名", date(2026, 4, 1), "日付や時刻"),
    ],
)
def test_what_can_not_be_taken_says_why(column: str, cell: Cell, words: str) -> None:
    parsed = with_column(column, cell)
    assert [(row.guarantee, row.given) for row in parsed.guarantees] == [(GUARANTEE, GIVEN)]
    assert [(problem.line, problem.column, problem.is_taken) for problem in parsed.problems] == [(2, column, True)]
    assert words in parsed.problems[0].reason


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("変更番号", "変更取消"),
        ("対象", "変更取消"),
        ("対象", "解約済（変更）"),
        ("状態", "解約済み"),
        ("状態", "紙（窓口）"),
        ("状態", "中止"),
    ]
    + [(column, "#REF!") for column in NAMES],
)
def test_what_may_end_the_guarantee_or_names_it_costs_the_row(column: str, cell: str) -> None:
    names = NAMES if column in NAMES else (*NAMES, column)
    cells = {**dict(zip(NAMES, ROW, strict=True)), column: cell}
    parsed = parse(names, [cells[name] for name in names])
    assert parsed.guarantees == ()
    assert [(problem.line, problem.column, problem.is_taken) for problem in parsed.problems] == [(2, column, False)]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (123456789012, "数値又は日付"),
        (1.2e11, "数値又は日付"),
        (date(2026, 4, 1), "数値又は日付"),
        ("1.2E+11", "数値に変わって"),
        ("7.03E+15", "数値に変わって"),
        ("7.03e+15", "数値に変わって"),
        ("7E+15", "数値に変わって"),
        ("2583041600", "先頭の0"),
        ("2026/06/01", "日付に変わって"),
        ("Jun-01", "日付に変わって"),
        ("Ab3d\u200bEf6hIj9k", "半角英数字"),
        ("Аb3dEf6hIj9k", "半角英数字"),  # its first letter is Cyrillic
        ("Ab3d Ef6hIj9k", "半角英数字"),
        ("Ab3", "文字数"),
    ],
)
def test_a_key_that_may_not_be_the_papers_is_refused_and_never_shown(cell: Cell, words: str) -> None:
    parsed = with_column("認証キー", cell)
    assert parsed.guarantees == (ParsedRow(2, GUARANTEE, GIVEN),)
    assert words in parsed.problems[0].reason
    assert str(cell)[:4] not in repr(parsed).replace("*", "")


@pytest.mark.parametrize("mask", ["************(12)", "Z28Y****3Bux", "＊＊＊＊＊＊（12）", "●●●●●●●●"])
def test_a_masked_key_means_as_it_is(mask: str) -> None:
    (row,) = with_column("認証キー", mask).guarantees
    assert row == ParsedRow(2, GUARANTEE, GIVEN, key_as_it_is="認証キー")
    known = replace(GUARANTEE, guarantee_id=7, auth_key=KEY)
    planned = plan_of([known], (*NAMES, "認証キー", "担当課"), (*ROW, mask, "契約課"))
    assert ([c.after for c in planned.changes], planned.problems) == ([replace(known, desk="契約課")], ())
    for existing in ([], [replace(known, auth_key=None)]):
        told = plan_of(existing, (*NAMES, "認証キー"), (*ROW, mask)).problems
        assert [(problem.column, problem.is_taken) for problem in told] == [("認証キー", True)]


def test_a_key_keeps_its_case() -> None:
    lower = with_column("認証キー", "ab3def6hij9k").guarantees[0].guarantee
    upper = with_column("認証キー", "AB3DEF6HIJ9K").guarantees[0].guarantee
    assert (lower.auth_key, upper.auth_key) == (AuthKey("ab3def6hij9k"), AuthKey("AB3DEF6HIJ9K"))


@pytest.mark.parametrize("mark", ["", "-", "－", "―", "未定", "申請中", None, "　"])
def test_what_stands_for_nothing_yet_is_not_given(mark: Cell) -> None:
    cells = (mark,) * 5
    parsed = parse((*NAMES, "保証契約番号", "認証キー", "保証期限", "保証金額", "変更番号"), (*ROW, *cells))
    assert parsed == Parsed((ParsedRow(2, GUARANTEE, GIVEN),), (), ())


def test_a_period_in_one_cell_gives_both_dates_and_a_column_of_its_own_stands_before_it() -> None:
    both = {"works_start_on": date(2026, 4, 1), "works_end_on": date(2027, 3, 31)}
    one = with_column("工期", "令和8年4月1日～令和9年3月31日")
    assert one.guarantees == (ParsedRow(2, replace(GUARANTEE, **both), GIVEN | set(both)),)
    two = parse((*NAMES, "工期", "工期終了"), (*ROW, "令和8年4月1日～令和9年2月1日", "R9.3.31"))
    assert two.guarantees == one.guarantees


def test_a_period_that_ends_before_it_begins_is_a_problem() -> None:
    parsed = parse((*NAMES, "工期開始", "工期終了"), (*ROW, "R9.4.1", "R9.3.31"))
    assert [(p.column, p.value, p.is_taken) for p in parsed.problems] == [("工期終了", "2027/03/31", True)]
    assert parsed.guarantees == (ParsedRow(2, GUARANTEE, GIVEN),)


def test_controls_and_bidirectional_marks_do_not_get_into_names() -> None:
    parsed = parse(NAMES, ("市道\u202e1号線\x00\n舗装工事", *ROW[1:]))
    assert parsed.guarantees[0].guarantee.project_name == "市道1号線 舗装工事"


# -- two rows for one guarantee


def test_the_same_row_again_is_skipped_and_another_one_for_the_guarantee_is_a_problem() -> None:
    parsed = parse((*NAMES, "請負金額"), (*ROW, 1), (*ROW, "1円"), ("市道１号線　舗装工事", *ROW[1:], 2))
    assert [row.line for row in parsed.guarantees] == [2]
    assert [problem.line for problem in parsed.problems] == [4]
    assert "2行目と同じ保証契約" in parsed.problems[0].reason


def test_of_two_versions_of_one_number_the_higher_stands() -> None:
    names = (*NAMES, "保証契約番号", "変更番号", "保証金額")
    for rows in (
        ((*ROW, "12345-000001", 1, 9), (*ROW, "12345-000001", "新規", 8)),
        ((*ROW, "12345-000001", "新規", 8), (*ROW, "12345-000001", 1, 9)),
    ):
        parsed = parse(names, *rows)
        assert [row.guarantee.guarantee_amount_yen for row in parsed.guarantees] == [9]
        assert [problem.is_note for problem in parsed.problems] == [True]


def test_the_same_firm_before_and_behind_its_name_is_two_firms() -> None:
    parsed = parse(
        (*NAMES, "請負金額"), (*ROW, 1), (ROW[0], "株式会社見本建設", ROW[2], 2), (ROW[0], "見本建設㈱", ROW[2], 1)
    )
    assert [row.line for row in parsed.guarantees] == [2, 3]
    assert [problem.line for problem in parsed.problems] == [4]


def test_rows_that_tell_of_earlier_versions_stand_with_the_newest() -> None:
    names = (*NAMES, "保証契約番号", "対象", "保証金額")
    rows = [
        (*ROW, "12345-000001", kind, yen)
        for kind, yen in (("再発行", 9), ("変更－1", 7), ("新規", 5), ("訂正（変更－1）", 8))
    ]
    rows[0] = (*ROW, "12345-000001", "再発行（変更－1）", 9)
    (row,) = parse(names, *rows).guarantees
    assert (row.said, row.guarantee.guarantee_amount_yen) == (VersionKind.REISSUE, 9)
    told = [(one.said, one.guarantee.revision, one.guarantee.guarantee_amount_yen) for one in row.older]
    assert told == [(VersionKind.NEW, 0, 5), (VersionKind.CHANGE, 1, 7), (VersionKind.CORRECTION, 1, 8)]


def test_two_contents_of_one_version_are_still_for_a_person() -> None:
    names = (*NAMES, "保証契約番号", "対象", "保証金額")
    parsed = parse(
        names,
        (*ROW, "12345-000001", "変更－1", 7),
        (*ROW, "12345-000001", "新規", 5),
        (*ROW, "12345-000001", "変更－1", 8),
    )
    assert [row.guarantee.guarantee_amount_yen for row in parsed.guarantees] == [7]
    assert [(problem.line, problem.is_note) for problem in parsed.problems] == [(3, True), (4, False)]


@pytest.mark.parametrize(
    ("cell", "said", "revision", "state"),
    [
        ("新規", VersionKind.NEW, 0, GuaranteeState.EXPECTED),
        ("変更一", VersionKind.CHANGE, 1, GuaranteeState.EXPECTED),
        ("変更－２", VersionKind.CHANGE, 2, GuaranteeState.EXPECTED),
        (3, VersionKind.CHANGE, 3, GuaranteeState.EXPECTED),
        ("変更", VersionKind.CHANGE, None, GuaranteeState.EXPECTED),
        (" 訂 正 ", VersionKind.CORRECTION, None, GuaranteeState.EXPECTED),
        ("訂正（変更－１）", VersionKind.CORRECTION, 1, GuaranteeState.EXPECTED),
        ("再発行（新規）", VersionKind.REISSUE, 0, GuaranteeState.EXPECTED),
        ("取消し", VersionKind.CANCELLATION, None, GuaranteeState.CANCELLED),
    ],
)
@pytest.mark.parametrize("column", ["対象", "変更区分"])
def test_what_a_row_calls_its_version(
    column: str, cell: Cell, said: VersionKind, revision: int | None, state: GuaranteeState
) -> None:
    (row,) = with_column(column, cell).guarantees
    assert (row.said, row.guarantee.revision, row.guarantee.state) == (said, revision or 0, state)
    assert ("revision" in row.given) is (revision is not None)


def test_the_number_of_a_change_stands_in_its_own_column_first() -> None:
    parsed = parse((*NAMES, "変更区分", "変更番号"), (*ROW, "訂正", 2))
    assert [(row.said, row.guarantee.revision) for row in parsed.guarantees] == [(VersionKind.CORRECTION, 2)]


@pytest.mark.parametrize(
    ("cell", "words"),
    [("変更取消", "変更の取消しは"), ("○", "変更区分が分かりません"), ("訂正（？）", "読み取れません")],
)
def test_a_word_that_names_no_version_is_a_problem(cell: str, words: str) -> None:
    (problem,) = with_column("対象", cell).problems
    assert words in problem.reason
    assert problem.is_taken is ("取消" not in cell)


# -- the plan


def test_versions_that_the_register_does_not_know_are_its_history() -> None:
    known = replace(GUARANTEE, guarantee_id=7, number="12345-000001", revision=1)
    names = (*NAMES, "保証契約番号", "変更番号", "保証金額")
    parsed = parse(names, (*ROW, "12345-000001", 0, 5), (*ROW, "12345-000001", 2, 9), (*ROW, "12345-000001", 1, 7))
    (change,) = plan(parsed, [known], {7: frozenset({1})}).changes
    assert (change.kind, change.after.revision) == (ChangeKind.UPDATE, 2)
    assert [(one.revision, one.kind, one.values.guarantee_amount_yen) for one in change.older] == [
        (0, VersionKind.NEW, 5),
    ]
    older = parse(names, (*ROW, "12345-000001", 0, 5))
    (late,) = plan(older, [known], {7: frozenset({1})}).changes
    assert (late.kind, late.is_effective) == (ChangeKind.UNCHANGED, True)
    (again,) = plan(older, [known], {7: frozenset({0, 1})}).changes
    assert not again.is_effective


def test_an_issue_anew_brings_back_what_was_cancelled_and_nothing_else() -> None:
    names = (*NAMES, "対象")
    states = [GuaranteeState.CANCELLED, GuaranteeState.ON_PAPER, GuaranteeState.VERIFIED]
    known = [replace(GUARANTEE, guarantee_id=7, state=state) for state in states]
    after = [plan_of([one], names, (*ROW, "再発行")).changes[0].after.state for one in known]
    assert after == [GuaranteeState.EXPECTED, GuaranteeState.ON_PAPER, GuaranteeState.VERIFIED]


def test_an_unknown_guarantee_is_added_and_a_known_one_updated_or_left() -> None:
    known = replace(GUARANTEE, guarantee_id=7, contract_amount_yen=1)
    rows = ((*NAMES, "請負金額"), (*ROW, 2), ("別の工事", *ROW[1:], None))
    new = replace(GUARANTEE, project_name="別の工事")
    after = replace(known, contract_amount_yen=2)
    assert plan_of([known], *rows) == Plan(
        (
            RegisterChange(ChangeKind.UPDATE, 2, known, after, ("contract_amount_yen",)),
            RegisterChange(ChangeKind.ADD, 3, None, new),
        ),
        (),
    )
    again = plan_of([after, replace(new, guarantee_id=8)], *rows)
    assert [change.kind for change in again.changes] == [ChangeKind.UNCHANGED] * 2


def test_the_number_decides_when_the_names_differ() -> None:
    known = replace(GUARANTEE, guarantee_id=7, number="12345-000001", project_name="市道１号線改良工事")
    planned = plan_of([known], (*NAMES, "保証契約番号"), (*ROW, "１２３４５－０００００１"))
    assert [(c.kind, c.after.guarantee_id, c.changed_fields) for c in planned.changes] == [
        (ChangeKind.UPDATE, 7, ("project_name",)),
    ]


def test_a_number_that_belongs_to_another_work_of_another_firm_is_a_problem() -> None:
    known = replace(
        GUARANTEE, guarantee_id=7, number="12345-000001", project_name="中学校改築工事", contractor="例示工業有限会社"
    )
    planned = plan_of([known], (*NAMES, "保証契約番号"), (*ROW, "12345-000001"))
    assert (planned.changes, len(planned.problems)) == ((), 1)


def test_a_new_number_is_filled_into_the_one_row_that_waits_for_it() -> None:
    known = replace(GUARANTEE, guarantee_id=7)
    planned = plan_of([known], (*NAMES, "保証契約番号"), ("市道1号線 舗装工事", "見本建設㈱", "前払", "12345-000001"))
    assert planned.changes[0].kind is ChangeKind.UPDATE
    assert (planned.changes[0].after.guarantee_id, planned.changes[0].after.number) == (7, "12345-000001")


def test_a_new_number_is_a_new_guarantee_when_the_known_one_has_another() -> None:
    known = replace(GUARANTEE, guarantee_id=7, number="12345-000001")
    planned = plan_of([known], (*NAMES, "保証契約番号"), (*ROW, "12345-000002"))
    assert [change.kind for change in planned.changes] == [ChangeKind.ADD]


def test_a_work_with_a_second_guarantee_of_the_kind_keeps_both() -> None:
    rows = ((*NAMES, "保証契約番号", "保証金額"), (*ROW, "12345-000001", 10), (*ROW, "", 20))
    first = plan_of([], *rows)
    assert [change.kind for change in first.changes] == [ChangeKind.ADD] * 2
    known = [replace(change.after, guarantee_id=id_) for id_, change in enumerate(first.changes, 1)]
    assert {change.kind for change in plan_of(known, *rows).changes} == {ChangeKind.UNCHANGED}
    filled = [known[0], replace(known[1], number="12345-000002", state=GuaranteeState.KEY_RECEIVED, auth_key=KEY)]
    assert {change.kind for change in plan_of(filled, *rows).changes} == {ChangeKind.UNCHANGED}


def test_a_row_that_says_the_same_without_the_number_is_not_added_twice() -> None:
    parsed = parse((*NAMES, "保証契約番号"), (*ROW, ""), (*ROW, "12345-000001"))
    planned = plan(parsed, [])
    assert [(change.kind, change.line) for change in planned.changes] == [(ChangeKind.ADD, 3)]
    assert [problem.line for problem in planned.problems] == [2]


def test_what_can_not_be_told_apart_is_left_to_a_person() -> None:
    two = [replace(GUARANTEE, guarantee_id=1), replace(GUARANTEE, guarantee_id=2)]
    assert len(plan_of(two, NAMES, ROW).problems) == 1
    rows = ((*NAMES, "保証契約番号"), (*ROW, "12345-000001"), (*ROW, "12345-000002"))
    claimed = plan_of(two[:1], *rows)
    assert (claimed.changes, [problem.line for problem in claimed.problems]) == ((), [2, 3])


def test_missing_columns_and_empty_cells_erase_nothing() -> None:
    known = Guarantee(
        *(GUARANTEE.project_name, GUARANTEE.contractor, GUARANTEE.product, "12345-000001", 2, "市長", KEY),
        *(True, "a@example.jp", "契約課"),
        state=GuaranteeState.VERIFIED,
        guarantee_id=7,
        jv_name="JV",
        contract_amount_yen=1,
        guarantee_amount_yen=2,
        expires_on=date(2027, 3, 31),
        works_start_on=date(2026, 4, 1),
        works_end_on=date(2027, 2, 1),
        contracted_on=date(2026, 3, 30),
        deposit_bank="銀行",
        issued_at=datetime(2026, 4, 1, tzinfo=UTC),
    )
    everything = (*NAMES, *(column for column in Column if column not in NAMES))
    empty = (*ROW, *[""] * (len(everything) - 3))
    for rows in ((NAMES, ROW), (everything, empty)):
        assert plan_of([known], *rows) == Plan((RegisterChange(ChangeKind.UNCHANGED, 2, known, known),), ())


def test_an_older_version_changes_nothing_and_a_newer_one_does() -> None:
    known = replace(GUARANTEE, guarantee_id=7, number="12345-000001", revision=1, guarantee_amount_yen=5)
    names = (*NAMES, "保証契約番号", "変更番号", "保証金額")
    kinds = [
        plan_of([known], names, (*ROW, "12345-000001", revision, 6)).changes[0].kind
        for revision in ("新規", "1", "2", "")
    ]
    assert kinds == [ChangeKind.UNCHANGED, ChangeKind.UPDATE, ChangeKind.UPDATE, ChangeKind.UPDATE]


def test_another_key_than_the_registers_is_left_to_a_person() -> None:
    known = replace(GUARANTEE, guarantee_id=7, number="12345-000001", auth_key=KEY, state=GuaranteeState.KEY_RECEIVED)
    names = (*NAMES, "保証契約番号", "認証キー", "請負金額")
    other = plan_of([known], names, (*ROW, "12345-000001", "ab3dEf6hIj9k", 5))
    assert (other.changes, [problem.value for problem in other.problems]) == ((), ["12345-000001"])
    same = plan_of([known], names, (*ROW, "12345-000001", "Ab3dEf6hIj9k", None))
    assert [change.kind for change in same.changes] == [ChangeKind.UNCHANGED]
    first = plan_of([replace(known, auth_key=None)], names, (*ROW, "12345-000001", "Ab3dEf6hIj9k", None))
    assert first.changes[0].changed_fields == ("auth_key",)


S = GuaranteeState


@pytest.mark.parametrize(
    ("before", "issued", "word", "after"),
    [
        (S.EXPECTED, "2026/4/1 10:05", "", S.ISSUED),
        (S.EXPECTED, "2026/4/1 10:05", "電子", S.ISSUED),
        (S.EXPECTED, "", "電子", S.EXPECTED),
        (S.ISSUED, "2026/4/1 10:05", "", S.ISSUED),
        (S.KEY_RECEIVED, "2026/4/1 10:05", "電子", S.KEY_RECEIVED),
        (S.VERIFIED, "2026/4/1 10:05", "発行済", S.VERIFIED),
        (S.VERIFIED, "", "取消", S.CANCELLED),
        (S.EXPECTED, "2026/4/1 10:05", "紙", S.ON_PAPER),
        (S.ISSUED, "", "期限切れ", S.EXPIRED),
        (S.ON_PAPER, "", "", S.ON_PAPER),
        (S.ON_PAPER, "", "電子", S.EXPECTED),
        (S.CANCELLED, "2026/4/1 10:05", "電子", S.ISSUED),
        (S.CANCELLED, "2026/4/1 10:05", "", S.CANCELLED),
    ],
)
def test_a_state_moves_only_by_the_rules(before: S, issued: str, word: str, after: S) -> None:
    known = replace(GUARANTEE, guarantee_id=7, state=before)
    planned = plan_of([known], (*NAMES, "発行日時", "状態"), (*ROW, issued, word))
    assert planned.changes[0].after.state is after


def test_a_new_guarantee_with_a_time_of_issue_is_issued() -> None:
    planned = plan_of([], (*NAMES, "発行日時"), (*ROW, "2026/4/1 10:05"))
    assert planned.changes[0].after.state is GuaranteeState.ISSUED


def test_a_file_without_numbers_changes_nothing_after_the_notice_has_brought_them() -> None:
    rows = (NAMES, ROW, ("別の工事", *ROW[1:]))
    known = [replace(change.after, guarantee_id=id_) for id_, change in enumerate(plan_of([], *rows).changes, 1)]
    known[0] = replace(known[0], number="12345-000001", auth_key=KEY, state=GuaranteeState.KEY_RECEIVED)
    assert [change.kind for change in plan_of(known, *rows).changes] == [ChangeKind.UNCHANGED] * 2


# -- any table

WORDS = st.sampled_from(
    [*Column, *NAMES, *ROW, "自", "至", "合計", "12345-000001", "12345-000002", "R8.4.1", "紙", "取消", "千円", "-"]
)
CELLS = st.one_of(
    st.none(),
    WORDS,
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)
TABLES = st.lists(st.lists(CELLS, max_size=8), max_size=8)


@given(TABLES, st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=5))
def test_any_table_is_read_and_the_second_import_changes_nothing(
    above: list[list[Cell]], rows: list[list[Cell]]
) -> None:
    names = (*NAMES, "保証契約番号", "変更番号", "認証キー", "発行日時", "状態")
    parsed = parse(*above, names, *rows)
    first = plan(parsed, [])
    register = [replace(change.after, guarantee_id=id_) for id_, change in enumerate(first.changes, 1)]
    second = plan(parsed, register)
    assert {change.kind for change in second.changes} <= {ChangeKind.UNCHANGED}
    assert second.problems == first.problems


FIVE, SIX = (st.text("0123456789", min_size=size, max_size=size) for size in (5, 6))


@given(FIVE, SIX, st.sampled_from("-‐‑‒–—―−ー─－"), st.booleans())
def test_a_number_comes_out_the_same_whatever_its_hyphen_and_width(
    left: str, right: str, hyphen: str, wide: bool
) -> None:
    written = f"{left}{hyphen}{right}"
    if wide:
        written = written.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    assert [row.guarantee.number for row in with_column("保証契約番号", written).guarantees] == [f"{left}-{right}"]


@given(st.integers(min_value=0, max_value=10**12))
def test_an_amount_comes_out_the_same_in_every_writing(amount: int) -> None:
    wide = f"￥{amount:,}".translate({ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789,"})
    for written in (amount, float(amount), f"{amount}", f"{amount:,}円", wide):
        assert with_column("保証金額", written).guarantees[0].guarantee.guarantee_amount_yen == amount


def test_thousands_of_rows_are_planned_twice(count: Callable[[int, int], int]) -> None:
    many = count(1000, 10_000)
    names = (*NAMES, "保証契約番号", "工期", "請負金額")
    rows = [
        (
            f"市道{number}号線舗装工事",
            "見本建設株式会社",
            "契約",
            f"12345-{number:06}",
            "R8.4.1～R9.3.31",
            number * 1000,
        )
        for number in range(many)
    ]
    parsed = parse(names, *rows)
    first = plan(parsed, [])
    second = plan(parsed, [replace(change.after, guarantee_id=id_) for id_, change in enumerate(first.changes, 1)])
    assert (len(first.changes), parsed.problems) == (many, ())
    assert {change.kind for change in second.changes} == {ChangeKind.UNCHANGED}


def test_a_duration_in_a_column_of_dates_is_no_date() -> None:
    parsed = with_column("保証期限", timedelta(days=3))
    assert (parsed.guarantees, len(parsed.problems)) == ((ParsedRow(2, GUARANTEE, GIVEN),), 1)


# -- 工事番号


@pytest.mark.parametrize(
    "title",
    [
        "工事番号",
        "案件番号",
        "調達案件番号",
        "施行番号",
        "工事(委託)番号",
        "工事（委託）番号",
        "工事Ｎｏ．",
        "業務番号",
    ],
)
def test_the_works_number_is_known_by_what_cities_call_it(title: str) -> None:
    (row,) = with_column(title, "道改 第１２号").guarantees
    assert row.guarantee.works_number == "道改 第１２号"


def test_a_contract_number_is_the_works_only_beside_the_guarantees_own() -> None:
    alone = with_column("契約番号", "2026-15")
    assert (alone.guarantees[0].guarantee, alone.ignored_columns) == (GUARANTEE, ("契約番号",))
    beside = parse((*NAMES, "契約番号", "保証契約番号"), (*ROW, "2026-15", "00123-000456"))
    assert beside.guarantees[0].guarantee == replace(GUARANTEE, works_number="2026-15", number="00123-000456")
    third = parse((*NAMES, "契約番号", "保証契約番号", "工事番号"), (*ROW, "2026-15", "00123-000456", "土12"))
    assert (third.guarantees[0].guarantee.works_number, third.ignored_columns) == ("土12", ("契約番号",))
    own = parse((*NAMES, "契約番号", "保証番号"), (*ROW, "00123-000456", ""), extra={"契約番号": "保証契約番号"})
    assert own.guarantees[0].guarantee.number == "00123-000456"


@pytest.mark.parametrize("cell", [date(2026, 8, 12), 8.12, "1.2E+10", "－", "・・"])
def test_what_is_no_works_number_is_never_taken_for_one(cell: Cell) -> None:
    parsed = with_column("工事番号", cell)
    assert [row.guarantee.works_number for row in parsed.guarantees] == [""]
    assert len(parsed.problems) == (cell != "－")


def test_a_number_of_a_spreadsheet_is_written_as_it_is_seen() -> None:
    assert with_column("工事番号", 5071000001.0).guarantees[0].guarantee.works_number == "5071000001"


NUMBERED = (*NAMES, "工事番号")


def test_two_works_of_one_name_are_two_when_their_numbers_say_so() -> None:
    parsed = parse(NUMBERED, (*ROW, "土木第12号"), (*ROW, "土木第13号"), (*ROW, "土木１２号"))
    assert [row.guarantee.works_number for row in parsed.guarantees] == ["土木第12号", "土木第13号"]
    assert [problem.line for problem in parsed.problems] == [4]
    first = plan(Parsed(parsed.guarantees, ()), [])
    assert [change.kind for change in first.changes] == [ChangeKind.ADD] * 2
    register = [replace(change.after, guarantee_id=n) for n, change in enumerate(first.changes, 1)]
    second = plan(Parsed(parsed.guarantees, ()), register)
    assert [(change.kind, change.after.guarantee_id) for change in second.changes] == [
        (ChangeKind.UNCHANGED, 1),
        (ChangeKind.UNCHANGED, 2),
    ]


def test_one_with_a_works_number_beside_one_without_is_a_problem_as_before() -> None:
    parsed = parse(NUMBERED, (*ROW, "土木第12号"), (*ROW, ""))
    assert (len(parsed.guarantees), [problem.line for problem in parsed.problems]) == (1, [3])


def test_a_works_number_that_comes_later_is_added_to_its_row() -> None:
    planned = plan_of([replace(GUARANTEE, guarantee_id=7)], NUMBERED, (*ROW, "土木第12号"))
    (change,) = planned.changes
    assert (change.after.guarantee_id, change.changed_fields) == (7, ("works_number",))


def test_two_works_do_not_both_take_the_row_that_tells_no_works_number() -> None:
    planned = plan_of([replace(GUARANTEE, guarantee_id=7)], NUMBERED, (*ROW, "土木第12号"), (*ROW, "土木第13号"))
    assert (planned.changes, [problem.line for problem in planned.problems]) == ((), [2, 3])


def test_a_new_number_goes_to_the_row_with_the_same_works_number() -> None:
    rows = [replace(GUARANTEE, works_number=f"土木第{n}号", guarantee_id=n) for n in (12, 13)]
    planned = plan_of(rows, (*NUMBERED, "保証契約番号"), (*ROW, "土木13", "00123-000456"))
    assert [change.after.guarantee_id for change in planned.changes] == [13]
