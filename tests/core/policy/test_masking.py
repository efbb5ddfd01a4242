"""Keys are masked in whatever form they stand; numbers, dates, telephones and names of works stay as they are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.policy.masking import mask_keys, mask_this, mask_whole_keys, shown
from bot.core.policy.policy import Formats

HYPHENED = Formats(keys=("K[0-9][A-Z][0-9]-[A-Za-z]{4}-[a-z][0-9]{3}",))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("認証キーはZ28YUE4J3Buxです", "認証キーは＊＊＊＊＊＊です"),
        ("認証キー：Ｚ２８ＹＵＥ４Ｊ３Ｂｕｘ", "認証キー：＊＊＊＊＊＊"),
        ("Z28Y UE4J 3Bux です", "＊＊＊＊＊＊ です"),
        ("key=Z28YUE4J3BuxZ, ok", "key=＊＊＊＊＊＊, ok"),
        ("zDkWqbLmTxRa", "＊＊＊＊＊＊"),
        ("Z2\u200b8YU\u2060E4J\u00ad3Bux", "＊＊＊＊＊＊"),
        ("&#90;28YUE4J3Bux", "＊＊＊＊＊＊"),
        ("Z<b>28</b>YU<i>E4J3</i>Bux", "＊＊＊＊＊＊"),
        ("Z-2-8-Y-U-E-4-J-3-B-u-x", "＊＊＊＊＊＊"),
        ("番号は下記\n> Z28YUE\n> 4J3Bux\nです", "番号は下記\n> ＊＊＊＊＊＊\nです"),
        ("FWZ Y9Z mti 18c", "＊＊＊＊＊＊"),
        ("𝐙𝟐𝟖𝐘𝐔𝐄𝟒𝐉𝟑𝐁𝐮𝐱", "＊＊＊＊＊＊"),
        ("Ⓩ②⑧ⓎⓊⒺ④Ⓙ③Ⓑⓤⓧ", "＊＊＊＊＊＊"),
        ("認 証 キ ー\n Z28-YUE 4J3/Bux", "認 証 キ ー\n ＊＊＊＊＊＊"),
        ("認証ｷｰ：abc-123", "認証ｷｰ：＊＊＊＊＊＊"),
        ("アクセスキー「q1w2」", "アクセスキー「＊＊＊＊＊＊」"),
        ("access key: abcdefghijkl", "access key: ＊＊＊＊＊＊"),
        ("保証契約番号／認証キー：55555-123456／abcdEFGHijkl", "保証契約番号／認証キー：55555-123456／＊＊＊＊＊＊"),
        ("保証契約番号 認証キー\n55555-123456 Z28Y UE4J 3Bux", "保証契約番号 認証キー\n55555-123456 ＊＊＊＊＊＊"),
        ("市道第５号線の件、Z28YUE4…", "市道第５号線の件、＊＊＊＊＊＊…"),
    ],
)
def test_what_looks_like_a_key_or_is_called_one_is_made_unreadable(text: str, masked: str):
    assert mask_keys(text, Formats()) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "電話 0297-00-0000 constructions 20261122103000 Scan20261122",
        "koji@kensetsu.example.jp 市道0105号線 R8.11.22",
        "Please call us at 10 on 22 Nov 2026",
        "認証キーのお知らせを送付します。工期 R8.06.01-R9.03.31",
        "認証キー20261122_103000.pdf",
        "認証キーのお知らせ_R8市道0105号線.pdf",
        "認証キー：なし（A4 2枚）",
        "認証キー\nTEL 0297-00-0000 FAX 0297-00-0001",
        "Press any key to continue the announcement",
        "市道第５号線改良工事 L=1,200.5m W=4.0m t=5cm",
        "R8土木第012号 RC造3F 延床1,250.5m2 請負代金額 12,345,678円",
        "保証契約番号：55555-123456（前払金保証）",
        "4.4.1 smtp; 550 no",
        "Outlook or Outlook Web App / Undelivered Mail Returned to Sender",
        "令和8年11月22日(日) 10時30分 No.12 H30-12 B-1",
    ],
)
def test_what_honest_mails_hold_stays_as_it_is(text: str):
    assert mask_keys(text, Formats()) == text


@pytest.mark.parametrize(
    ("message_id", "told"),
    [  # as Thunderbird, Outlook, Microsoft 365, Gmail and s-nail make them
        ("<18c8542d-3cc8-4dc6-b639-2c998befff22@a.example.jp>", "<18c8542d-3cc8-4dc6-b639-＊＊＊＊＊＊@a.example.jp>"),
        ("<000001dc61a5$3d2f9b40$b78ed1c0$@example.jp>", "<＊＊＊＊＊＊$3d2f9b40$b78ed1c0$@example.jp>"),
        ("<OSZPR01MB8123F0A1B2C3D4E5F6A7B8@OSZPR01MB8123.example.jp>",) * 2,
        ("<CAJx=1Qb+Xk3v9ZsT_7dPq-LmN0aBcDeFgHiJkLmNoPqRsTuVw@mail.example.jp>",) * 2,
        ("<20261130225247.sAsV1%tanto@aobadai.example.jp>",) * 2,
        ("<Z28YUE4J3Bux@example.jp>", "<＊＊＊＊＊＊@example.jp>"),
    ],
)
def test_a_message_id_can_be_searched_for_and_shows_no_key(message_id: str, told: str):
    assert mask_whole_keys(message_id, Formats()) == told


def test_keys_of_another_form_are_masked_with_and_without_their_hyphens():
    for key in ("K1Z2-aBcD-e345", "K1Z2 aBcD e345", "K1\u200bZ2aBcDe345", "Ｋ１Ｚ２・ａＢｃＤ・ｅ３４５"):
        assert mask_keys(f"鍵は{key}です", HYPHENED) == "鍵は＊＊＊＊＊＊です"


def test_a_key_is_masked_before_the_text_is_cut():
    assert shown("市道 Z28YUE4J3Bux", Formats(), 10) == "市道 ＊＊＊＊＊＊"


def test_a_known_key_is_masked_however_it_is_spaced():
    assert mask_this("市道ａｂｃｄ－ｅｆ\u200bgh ijkl号線", "abcdefghijkl") == "市道＊＊＊＊＊＊号線"
    assert mask_this("市道", "") == "市道"


@given(st.text(max_size=200))
def test_masking_twice_masks_no_more_and_never_fails(text: str):
    once = mask_keys(text, Formats())
    assert mask_keys(once, Formats()) == once


@pytest.mark.parametrize(
    "piece",
    [
        "aB3 ",
        "認証キー：aB3 ",
        "キーa",
        "0297-00-0000 ",
        "1,111,",
        "R8.6.1 ",
        "&#65;",
        "<a ",
        "&amp;",
        "Z",
        "key:- ",
        "認-a",
        "a\u200b",
    ],
)
def test_hostile_text_costs_linear_work(piece: str):
    costs = [min(_seconds(piece * count) for _ in range(3)) for count in (500, 2000)]
    assert costs[1] < 12 * costs[0] + 0.01, costs  # four times the text; squares would take sixteen times


def _seconds(text: str) -> float:
    start = time.process_time()
    mask_keys(text, Formats())
    return time.process_time() - start
