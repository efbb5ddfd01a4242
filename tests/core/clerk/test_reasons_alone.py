"""What a contractor is sent as the reason is the reason alone: what else a clerk writes behind it is read as its own order, or asked about."""

from __future__ import annotations

import unicodedata
from itertools import cycle, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.clerk.answer.understanding import LetterKind, Understood, understand

WHY = "印刷した証書を撮影したものは不可です"
OPENED = ("（", "(", "　", "：", "、", "。", "\n", "（理由：", "【", "「", " 「", "（「", "\n理由は「", "(\n")
CLOSED = ("）", ")", "", "】", "」", "」）", "））", "）」", "\n）", "です）", "。）")
JOINED = ("、", "。", "", "\n", "　", "，", "；", "／", "）、", "。\n\n", "で、", "（", "」")
MORE = (
    "残りの2件は承認でお願いします。",
    "残りは承認",
    "他は承認です",
    "ほかの2件は承認願います",
    "1件目と3件目は承認",
    "1・3件目 承認",
    "他の2件は問題ありません",
    "3件目も同じです",
    "あとは承認で",
    "それ以外は確認済",
    "その他は保留",
    "もう1件は差戻しで",
    "（残りの2件は承認）",
    "「1件目は承認」",
)
BESIDE = ("承認", "残り", "件目", "ほか", "他", "あと", "それ以外", "確認済", "保留", "もう", "）、", ")、")


def read(text: str) -> Understood:
    return understand(read_answer((text,)), LetterKind.ALERT)


def sends_more(text: str, reason: str = "") -> bool:
    """Whether the contractor would read more than the reason. `reason`: what may look like more and belongs to it."""
    found = read(text)
    more = [word for word in BESIDE if word not in unicodedata.normalize("NFKC", reason)]
    return found.acts and any(
        order.order == "差戻し" and any(word in order.words for word in more) for order in found.orders
    )


def test_what_stands_behind_a_reason_is_never_sent_with_it() -> None:
    rounds = zip(product(OPENED, CLOSED), cycle(JOINED), cycle(MORE), strict=False)
    every = [f"2件目は差戻し{opened}{WHY}{closed}{joined}{more}" for (opened, closed), joined, more in rounds]
    assert [text for text in every if sends_more(text)] == []


@given(
    st.sampled_from(("2件目は差戻し", "差戻し", "2件目 差戻し", "2. 差戻しでお願いします", "2件目は相違")),
    st.sampled_from(OPENED),
    st.text(alphabet="工期が違います（）()「」【】、。\n", max_size=12),
    st.sampled_from(CLOSED),
    st.sampled_from(JOINED),
    st.sampled_from(MORE),
)
def test_however_it_is_bracketed(order: str, opened: str, why: str, closed: str, joined: str, more: str) -> None:
    assert not sends_more(f"{order}{opened}{WHY}{why}{closed}{joined}{more}", why)


@pytest.mark.parametrize(
    "text",
    [
        f"2件目は差戻し（{WHY}）、残りの2件は承認でお願いします。",
        f"2件目は差戻し（{WHY}）。残りの2件は承認でお願いします。",
        f"2件目は差戻し（{WHY}）\n残りの2件は承認でお願いします。",
        f"2件目は差戻し({WHY})、ほかの2件は承認",
    ],
)
def test_the_others_are_split_from_the_reason(text: str) -> None:
    found = read(text)
    assert found.acts
    assert [(one.order, one.cases, one.words) for one in found.orders] == [
        ("差戻し", ("2件目",), WHY),
        ("承認", ("残り",), ""),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("差戻し（工期（着工日）が違います）", "工期(着工日)が違います"),
        ("差戻し（工期が\n違います）", "工期が\n違います"),
        ("差戻し　他の工事の通知です", "他の工事の通知です"),
        ("差戻し　「北浦小学校」の工事ではありません", "「北浦小学校」の工事ではありません"),
        ("差戻し　（仮称）北浦小学校の番号です", "(仮称)北浦小学校の番号です"),
        ("差戻し　発注者の承認印がありません", "発注者の承認印がありません"),
    ],
)
def test_a_reason_keeps_its_own_brackets_and_words(text: str, words: str) -> None:
    found = read(text)
    assert (found.acts, [one.words for one in found.orders]) == (True, [words])


@pytest.mark.parametrize(
    "words",
    [
        "同上です",
        "前と同じ理由",
        "理由は前回と同様です",
        "理由：1件目と同じ",
        "上記と同じ理由による",
        "〃",
        "いつもと同じです",
    ],
)
def test_a_reason_that_the_contractor_can_not_read_is_asked_for(words: str) -> None:
    assert not read(f"2件目は差戻し。{words}").acts
    assert not read(f"差戻し {words}").acts


@pytest.mark.parametrize("words", ["先日お送りいただいたものと同じです", "上記の工事名が違います"])
def test_what_is_the_same_may_be_a_reason(words: str) -> None:
    assert read(f"差戻し {words}").acts


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (
            "番号が古いものです。新しいお知らせを送るよう伝えてください。",
            "番号が古いものです。新しいお知らせを送るようお願いします",
        ),
        ("契約日より前なので、作り直してもらってください", "契約日より前なので、作り直してください"),
        ("工期が違います。訂正するように連絡してください", "工期が違います。訂正するようお願いします"),
        (
            "工期が違います。訂正していただいてください",
            "工期が違います。訂正してください",
        ),
    ],
)
def test_what_he_is_to_be_asked_for_is_asked_of_him(written: str, sent: str) -> None:
    (order,) = read(f"差戻し\n{written}").orders
    assert unicodedata.normalize("NFKC", order.words) == unicodedata.normalize("NFKC", sent)
