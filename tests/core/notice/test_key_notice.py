"""Key notices read from text: the leaflet's layout and what mail programs and printers make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.notice.document import Line, Page, PageCell, text_page
from bot.core.notice.key_notice import read_notices
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import Product
from bot.core.records.reasons import SubmissionReason

FORMATS = Formats()

LEAFLET = """電子保証にかかる「認証キー」のお知らせ
電子保証を「保証確認サービス (D-Sure)」に掲載しましたので、お知らせします。
つきましては、お客様にて下記内容をご確認いただき、次のいずれかの方法でこのPDFファイルを発注者様にご提出ください。
①電子契約システムへのアップロード
又は
②電子メールに添付して送信
電子保証のご利用にあたっては、発注者様への「保証契約番号」と「認証キー」のご提出をもって、前払金請求手続 (前払金保証)、又は請負契約締結手続 (契約保証) が完了いたします。
記
工事名: ●●●●●工事
受注者名: ○○建設株式会社
(J Vの場合は代表者)
商品 (保証区分): 前払金保証
保証契約番号: 00000-000000
認証キー: Z28Y1E4J3Bux
【発注者様へのお断り】
「保証確認サービス (D-Sure)」にログインし、上記の「保証契約番号」と「認証キー」をもって電子保証を閲覧ください。
東日本建設業保証株式会社"""


def read(text: str) -> list[tuple[str, str, Product | None, str, str | None]]:
    """What is read from a text, as plain values."""
    return [
        (
            r.fields.project_name,
            r.fields.contractor,
            r.fields.product,
            r.fields.number,
            r.fields.auth_key.reveal() if r.fields.auth_key else None,
        )
        for r in read_notices([text_page(text)], FORMATS)
    ]


def test_the_leaflets_own_notice_is_read():
    expected = ("●●●●●工事", "○○建設株式会社", Product.ADVANCE_PAYMENT, "00000-000000", "Z28Y1E4J3Bux")
    assert read(LEAFLET) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "保証契約番号：12345-123456\n認証キー：abcdEFGH1234",
        "保証契約番号 12345-123456\n認証キー abcdEFGH1234",
        "保証契約番号12345-123456\n認証キーabcdEFGH1234",
        "保 証 契 約 番 号　１２３４５－１２３４５６\n認 証 キ ー　ａｂｃｄＥＦＧＨ１２３４",
        "保証契約番号\n　12345-123456\n認証キー\n　abcdEFGH1234",
        "・保証契約番号＝12345ー123456\n・認証ｷｰ→abcdEFGH1234",
        "保証契約番号：第12345-123456号、認証キー：abcdEFGH1234です。",
        "保証契約番号：12345－123456（変更一）\n認証キー：「abcdEFGH1234」",
        "認証キー： a b c d E F G H 1 2 3 4\n保証契約番号： 1 2 3 4 5 - 1 2 3 4 5 6",
        "1. 保証契約番号: 12345‐123456\n2. 認証キー: abcdEFGH1234 （大文字と小文字にご注意ください）",
        "【保証契約番号】12345-123456\n【認証キー】abcdEFGH1234",
    ],
)
def test_number_and_key_are_read_however_they_are_set(text: str):
    assert read(text) == [("", "", None, "12345-123456", "abcdEFGH1234")]


@pytest.mark.parametrize(
    "text",
    [
        "保証契約番号と認証キーをお送りします。",
        "「認証キー」のお知らせを添付しますので、保証契約番号をご確認ください。",
        "認証キーのダウンロード方法を教えてください。",
        "保証契約番号は12345-123456です。",
        "",
    ],
)
def test_a_sentence_that_speaks_of_number_and_key_is_no_notice(text: str):
    assert read(text) == []


@pytest.mark.parametrize(
    ("key", "is_strange"),
    [("Z28YUE4J3Bux", False), ("Z28YUЕ4J3Bux", True), ("Z28Y\u200bUE4J3Bux", True), ("Ζ28YUE4J3Bux", True)],
)
def test_a_key_with_a_look_alike_or_hidden_character_is_left_to_a_person(key: str, is_strange: bool):
    (reading,) = read_notices([text_page(f"保証契約番号：12345-123456\n認証キー：{key}")], FORMATS)
    assert (SubmissionReason.STRANGE_CHARACTERS in reading.doubts) is is_strange
    assert reading.fields.auth_key is not None
    assert reading.fields.auth_key.reveal() == key


def test_works_and_contractor_above_several_numbers_hold_for_each():
    text = """認証キーのお知らせ
工事名：市道改良工事
受注者名：（株）みのり造園
商品（保証区分）：契約保証
保証契約番号：11111-111111
認証キー：aaaaaaaaaaa1
商品（保証区分）：前払金保証
保証契約番号：22222-222222
認証キー：bbbbbbbbbbb2"""
    assert read(text) == [
        ("市道改良工事", "（株）みのり造園", Product.CONTRACT, "11111-111111", "aaaaaaaaaaa1"),
        ("市道改良工事", "（株）みのり造園", Product.ADVANCE_PAYMENT, "22222-222222", "bbbbbbbbbbb2"),
    ]


def test_a_second_key_for_one_number_is_a_doubt_and_not_a_second_notice():
    text = "保証契約番号：11111-111111\n認証キー：aaaaaaaaaaa1\n認証キー：bbbbbbbbbbb2"
    (reading,) = read_notices([text_page(text)], FORMATS)
    assert SubmissionReason.READ_TWICE_DIFFERENTLY in reading.doubts


def test_a_table_with_its_labels_on_top_gives_a_notice_a_row():
    def line(row: int, *cells: str) -> Line:
        return Line(
            tuple(
                PageCell(t, 100.0 * n, 20.0 * row, 100.0 * n + 8 * len(t), 20.0 * row + 10) for n, t in enumerate(cells)
            )
        )

    page = Page(
        1,
        600,
        800,
        (
            line(0, "認証キーのお知らせ"),
            line(1, "工事名", "受注者名", "保証区分", "保証契約番号", "認証キー"),
            line(2, "第１工区工事", "みのり造園", "契約保証", "11111-111111", "aaaaaaaaaaa1"),
            line(3, "第２工区工事", "みのり造園", "前払金保証", "22222-222222", "bbbbbbbbbbb2"),
        ),
    )
    numbers = [(r.fields.project_name, r.fields.number, r.fields.product) for r in read_notices([page], FORMATS)]
    assert numbers == [
        ("第１工区工事", "11111-111111", Product.CONTRACT),
        ("第２工区工事", "22222-222222", Product.ADVANCE_PAYMENT),
    ]


KEYS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=12)


@given(key=KEYS, number=st.from_regex(r"[0-9]{5}-[0-9]{6}", fullmatch=True))
def test_any_key_is_taken_to_the_letter(key: str, number: str):
    assert read(f"保証契約番号：{number}\n認証キー：{key}") == [("", "", None, number, key)]


@given(
    st.text(
        alphabet=st.one_of(st.characters(), st.sampled_from("工事名受注者保証契約番号認証キー：:（）\n　 0-9aZ")),
        max_size=300,
    )
)
def test_no_text_makes_the_reader_fail(text: str):
    for reading in read_notices([text_page(text)], FORMATS):
        assert "\n" not in reading.fields.project_name


@pytest.mark.timeout(20)  # unbounded, each of these took minutes to hours
@pytest.mark.parametrize(
    "text",
    [
        "受注者名\n" * 50_000,
        "契約者:" * 50_000,
        "認証キー：aaaaaaaaaaa1\n保証契約番号：" + "1 " * 100_000,
        "工事名　　値\n" * 20_000,
    ],
    ids=["labels", "labels in a line", "spaced out", "pairs"],
)
def test_a_text_made_to_cost_time_costs_none(text: str):
    assert len(read_notices([text_page(text)], FORMATS)) <= 1
