"""Labels with a letter or two that the recogniser took for another, and what must never change."""

from __future__ import annotations

import pytest

from bot.core.seen_labels import LABELS, repair_label


@pytest.mark.parametrize(
    ("seen", "printed"),
    [
        ("认证キ一", "認証キー"),
        ("認証キ-：aB3dE5gH7jK9", "認証キー：aB3dE5gH7jK9"),
        ("認証キ", "認証キー"),
        ("保証契約番另：12345-678901", "保証契約番号：12345-678901"),
        ("保证契约番号", "保証契約番号"),
        ("商品(保証区分)", "商品（保証区分）"),
        ("保証契約番号2", "保証契約番号※2"),
        ("電子保証にかかる「認証キ一」のお知ら世", "電子保証にかかる「認証キー」のお知らせ"),
    ],
)
def test_a_label_with_wrong_letters_is_put_right(seen, printed):
    assert repair_label(seen) == printed


@pytest.mark.parametrize("label", LABELS)
def test_a_right_label_stays(label):
    assert repair_label(label) == label


@pytest.mark.parametrize(
    "text",
    [
        "",
        "保証契約番",
        "（保証区分）",
        "号",
        "12345-678901",
        "認証局のお知らせ",
        "市道０１０５号線舗装補修工事",
        "工事請負契約書",
        "受注工事一覧",
    ],
)
def test_what_is_no_label_stays(text):
    assert repair_label(text) == text


def test_what_stands_behind_a_label_stays_to_the_letter():
    value = "0Oo1lI|-ー一"
    assert repair_label("认証キー：" + value).endswith("：" + value)
