"""Labels in a line: found whatever their spacing and width, and not where a sentence only speaks of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.notice.document import Line, PageCell
from bot.core.notice.labels import between, find_labels, whole_label
from bot.core.records.submission import Field


def line(*cells: str) -> Line:
    return Line(tuple(PageCell(text, 100.0 * n, 0.0, 100.0 * n + 10 * len(text), 10.0) for n, text in enumerate(cells)))


def labelled(*cells: str) -> list[tuple[Field, str]]:
    """The labels of a line with the text that belongs to each."""
    found = line(*cells)
    values = [(label, between(found, label.value_from, label.value_to)) for label in find_labels(found)]
    return [(label.field, value[0] if value else "") for label, value in values]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("工事名：市道舗装工事",), [(Field.PROJECT_NAME, "市道舗装工事")]),
        (("工 事 名", "市道舗装工事"), [(Field.PROJECT_NAME, "市道舗装工事")]),
        (("委託業務名：橋梁点検",), [(Field.PROJECT_NAME, "橋梁点検")]),
        (("受注者名（ＪＶの場合は代表者）：青葉",), [(Field.CONTRACTOR, "青葉")]),
        (("請負者　　：（株）青葉",), [(Field.CONTRACTOR, "（株）青葉")]),
        (("商品(保証区分)：契約保証",), [(Field.PRODUCT, "契約保証")]),
        (("・保証契約番号＝12345-123456",), [(Field.NUMBER, "12345-123456")]),
        (("（４）認証ｷｰ：aB3dEf6hIj9k",), [(Field.KEY, "aB3dEf6hIj9k")]),
        (("【認証キー】aB3dEf6hIj9k",), [(Field.KEY, "aB3dEf6hIj9k")]),
        (("認証キーaB3dEf6hIj9k",), [(Field.KEY, "aB3dEf6hIj9k")]),
        (("保証契約番号：12345-123456　認証キー：aB3d",), [(Field.NUMBER, "12345-123456"), (Field.KEY, "aB3d")]),
        (("工事名", "受注者名", "認証キー"), [(Field.PROJECT_NAME, ""), (Field.CONTRACTOR, ""), (Field.KEY, "")]),
        (("発注者名：見本市長",), [(Field.OTHER, "見本市長")]),
        (("工事番号：第12号",), [(Field.OTHER, "第12号")]),
    ],
)
def test_a_label_is_found_with_what_it_announces(cells, expected):
    assert labelled(*cells) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "「認証キー」のお知らせ",
        "上記の「保証契約番号」と「認証キー」をもって電子保証を閲覧ください。",
        "認証キーを添付します",
        "保証契約番号は別途お知らせします",
        "この工事名称変更について",
        "",
    ],
)
def test_a_sentence_that_names_a_label_has_none(sentence: str):
    assert labelled(sentence) == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("商品（保証区分）：", Field.PRODUCT),
        ("受 注 者 名 (JVの場合は代表者)", Field.CONTRACTOR),
        ("・認証キー", Field.KEY),
        ("保証金額", Field.OTHER),
        ("認証キー aB3dEf6hIj9k", None),
        ("工事", None),
    ],
)
def test_a_cell_is_a_label_only_as_a_whole(text: str, field: Field | None):
    assert whole_label(text) is field


@given(
    st.lists(
        st.text(st.sampled_from("工事名受注者保証契約番号認証キー：（）JV 　0aのを【】・"), max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_labels_come_in_order_and_their_values_do_not_overlap(cells: list[str]):
    found = find_labels(line(*cells))
    for label, following in pairwise(found):
        assert label.begins < following.begins
        assert label.value_to <= following.begins
