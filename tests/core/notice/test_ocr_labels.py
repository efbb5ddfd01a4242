"""Labels with a letter or two that the recogniser took for another, and what must never change."""

from __future__ import annotations

import pytest

from bot.core.issuers import PRINTED_LABELS
from bot.core.notice.ocr_labels import label_behind, label_letters, repair_label, repair_spaced_label


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
        (".受注者名", "受注者名"),
        ("’認证キ一", "認証キー"),
        ("電子保証にかかる「認証キ一」のお知ら世", "電子保証にかかる「認証キー」のお知らせ"),
    ],
)
def test_a_label_with_wrong_letters_is_put_right(seen, printed):
    assert repair_label(seen) == printed


@pytest.mark.parametrize("label", PRINTED_LABELS)
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
        ".青葉台建設株式会社",
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


@pytest.mark.parametrize(
    ("cells", "repaired"),
    [
        (["認", "証", "キ", "aB3dE5gH7jK9"], ["認", "証", "キー", "aB3dE5gH7jK9"]),
        (["認証", "キ"], ["認証", "キー"]),
        (["認", "証", "キ", "ー", "aB3dE5gH7jK9"], ["認", "証", "キ", "ー", "aB3dE5gH7jK9"]),
        (["認", "証", "キ", "一：", "aB3dE5gH7jK9"], ["認", "証", "キ", "ー：", "aB3dE5gH7jK9"]),
        (["工", "事", "名", "認証局キ"], ["工", "事", "名", "認証局キ"]),
        ([], []),
    ],
)
def test_a_spaced_out_label_gets_its_lost_stroke_back(cells, repaired):
    assert repair_spaced_label(cells) == repaired


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("工事名東口Ａ街区築造工事", 3),
        ("受注者名青葉台建設株式会社", 4),
        ("認证キ一aB3dE5gH7jK9", 4),
        ("認証キー：aB3dE5gH7jK9", 0),
        ("工事名の変更", 0),
        ("保証契約番号2", 0),  # a note's mark
        ("認証キー", 0),
        ("東口Ａ街区築造工事", 0),
    ],
)
def test_a_label_is_told_from_the_value_that_touches_it(text, letters):
    assert label_letters(text) == letters


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("青葉台建設株式会社 商品（保証区分）", 10),
        ("12345-678901認証キー：", 12),
        ("認証キー", 0),
        ("「認証キー", 0),
        ("青葉台建設株式会社", 0),
    ],
)
def test_a_label_is_told_from_the_value_before_it(text, begin):
    assert label_behind(text) == begin
