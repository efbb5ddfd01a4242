"""The spelling of official documents: wrong words are named with the right ones, verbs and proper names are left alone."""

from __future__ import annotations

import pytest

from bot.core.letters.spelling import NOUNS, WORDS, misspelt, without_citations


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("お手続きは、すでに済みました。", [("手続き", "手続"), ("すでに", "既に")]),
        ("受付しました。受付できません。", [("受付しま", "受け付けま"), ("受付でき", "受け付けられ")]),
        ("読み取りの誤り", [("読み取り", "読取り")]),
        ("支払いの手続", [("支払い", "支払")]),
        ("取消について", [("取消", "取消し")]),
        ("取り消しを希望", [("取り消し", "取消し")]),
        ("お問い合わせの際は", [("問い合わせ", "問合せ")]),
        ("お願い致します", [("致しま", "いたしま")]),
        ("さらに日数がたったもの", [("さらに", "更に")]),
        ("下記の通りお送り頂きました", [("下記の通り", "下記のとおり"), ("頂きま", "いただきま")]),
    ],
)
def test_a_wrong_spelling_is_told_with_the_right_one(text: str, found: list[tuple[str, str]]) -> None:
    assert list(misspelt(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "手続が済みましたら、受け付けました。既に読取りの誤りを直し、支払の手続を行いました。取消しの届出",
        "読み取ります。読み取り、照合します。お申し込みください。下記の担当までお問い合わせください。",
        "代金を支払います。差し戻します。差戻しは不要です", "取り消しました。取消線のある文字。取消処分。差戻し、取消し",
        "さらに、次のものが必要です。番号が一致しました。再読取はできません。", "中央通り、銀行ないし保険会社、山頂いこいの広場、出来高、出来形、受付番号、受付済",
    ],
)  # fmt: skip
def test_what_is_right_is_left_alone(text: str) -> None:
    assert list(misspelt(text)) == []


def test_a_proper_name_and_a_citation_are_spelled_as_they_are() -> None:
    assert list(misspelt("市民手続き課の受付", {"市民手続き課", ""})) == []
    assert list(misspelt(without_citations("「お申し込み手続き」と『すべての手続き』を開きます"))) == []
    assert list(misspelt(without_citations("「認証キー」のお手続き"))) == [("手続き", "手続")]


@pytest.mark.parametrize("right", [*WORDS.values(), *(f"{noun}の" for noun in NOUNS.values())])
def test_no_right_spelling_is_itself_called_wrong(right: str) -> None:
    assert list(misspelt(right)) == []
