"""Passwords as contractors and their systems write them; all mails are invented."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.passwords import MOST_CANDIDATES, candidates, speaks_of_password, without_passwords
from bot.core.records.secret import Password

RULE = "-" * 40
# What the mail says, and the password; it must be among the first few.
FORMS: dict[str, tuple[str, str]] = {
    "colon": ("パスワード：Himitsu7", "Himitsu7"),
    "half colon": ("パスワード: Himitsu7", "Himitsu7"),
    "blanks around": ("パスワード　：　Himitsu7　", "Himitsu7"),
    "half-width kana": ("ﾊﾟｽﾜｰﾄﾞ:Himitsu7", "Himitsu7"),
    "full-width value": ("パスワード：Ｈｉｍｉｔｓｕ７", "Himitsu7"),
    "full-width label": ("ＰＷ：Himitsu7", "Himitsu7"),
    "is wrapped": ("パスワードは「Himitsu7」です。", "Himitsu7"),
    "wrapped twice": ("パスワードは『 Himitsu7 』となります。", "Himitsu7"),
    "in a sentence": ("添付ファイルのパスワードは Himitsu7 です。よろしくお願いいたします。", "Himitsu7"),
    "in a sentence without blanks": ("解凍パスワードはHimitsu7です。", "Himitsu7"),
    "comma": ("パスワードは、Himitsu7 になります。", "Himitsu7"),
    "black brackets": ("【パスワード】Himitsu7", "Himitsu7"),
    "black brackets, next line": ("【パスワード】\nHimitsu7\n", "Himitsu7"),
    "square": ("■パスワード\n　Himitsu7\n", "Himitsu7"),
    "between rules": (f"パスワードは以下のとおりです。\n{RULE}\nHimitsu7\n{RULE}\n", "Himitsu7"),
    "between rules with blanks": (
        f"下記が解凍パスワードとなります。\n\n{RULE}\n\n    Himitsu7\n\n{RULE}\n",
        "Himitsu7",
    ),
    "double rules": ("パスワードをお知らせいたします。\n＝＝＝＝＝＝＝＝\nHimitsu7\n＝＝＝＝＝＝＝＝", "Himitsu7"),
    "pw": ("PW:Himitsu7", "Himitsu7"),
    "p/w": ("P/W　Himitsu7", "Himitsu7"),
    "pass": ("解凍PASS： Himitsu7", "Himitsu7"),
    "pwd": ("pwd = Himitsu7", "Himitsu7"),
    "arrow": ("パスワード→Himitsu7", "Himitsu7"),
    "arrow below": ("パスワードはこちらです↓\nHimitsu7", "Himitsu7"),
    "english": ("The password is: Himitsu7", "Himitsu7"),
    "english sentence": ("PASSWORD is Himitsu7.", "Himitsu7"),
    "english for a file": ("Password for the attached file: Himitsu7", "Himitsu7"),
    "english quoted": ('Your passcode is "Himitsu7".', "Himitsu7"),
    "pin": ("暗証番号：4649", "4649"),
    "key to decipher": ("復号キー：Himitsu7", "Himitsu7"),
    "deciphering": ("復号化パスワード\n\n    Himitsu7", "Himitsu7"),
    "with a remark": ("パスワード（半角英数字8桁）：Himitsu7", "Himitsu7"),
    "symbols": ("パスワード：aB3$%x!-_#", "aB3$%x!-_#"),
    "at sign": ("パスワード: P@ssw0rd2026", "P@ssw0rd2026"),
    "ends with a mark": ("パスワード：Himitsu7!", "Himitsu7!"),
    "ends with a full stop": ("Password: Himitsu7.", "Himitsu7"),
    "japanese full stop": ("パスワード：Himitsu7。", "Himitsu7"),
    "begins with a mark": ("パスワード：#Himitsu7", "#Himitsu7"),
    "table": ("| ファイル名 | kagi.zip |\n| パスワード | Himitsu7 |", "Himitsu7"),
    "tab": ("ファイル名\tkagi.zip\nパスワード\tHimitsu7", "Himitsu7"),
    "list": ("ファイル名：認証キー.zip\n解凍パスワード：Himitsu7\n有効期限：2026年12月31日", "Himitsu7"),
    "english brackets": ("パスワード [ Himitsu7 ]", "Himitsu7"),
    "angle brackets": ("パスワード <Himitsu7>", "Himitsu7"),
    "curly quotes": ("パスワードは“Himitsu7”です", "Himitsu7"),
    "phrase": ("Password: correct horse battery", "correct horse battery"),
    "two files": ("1.zipのパスワード：Himitsu7\n2.zipのパスワード：Naisho88", "Naisho88"),
    "announced above": (
        "先ほどお送りしたファイルのパスワードです。\n\nHimitsu7\n\n以上、よろしくお願いします。",
        "Himitsu7",
    ),
    "far below": (
        "先ほどのメールのパスワードを送ります。\nお手数ですがご確認のほどお願い申し上げます。\nご不明な点はお電話ください。\n\n　Himitsu7\n",
        "Himitsu7",
    ),
    "quoted": ("お世話になります。再送します。\n\n> パスワード：Himitsu7\n", "Himitsu7"),
    "forwarded": (
        "転送します。\n\n-----Original Message-----\nFrom: a@b.example.jp\nパスワード：Himitsu7\n",
        "Himitsu7",
    ),
    "system": (
        f"送信済みの添付ファイルの開封パスワードをご連絡します。\n{RULE}\n件名　: お知らせ\n添付　: 認証キー.zip\nパスワード: Himitsu7\n{RULE}",
        "Himitsu7",
    ),
    "system in two columns": (
        "◆送信日時　　　　　2026/11/24 10:05\n◆解凍パスワード　　Himitsu7\n◆ファイル　　　　　1件",
        "Himitsu7",
    ),
    "star": ("★★パスワード★★\n★Himitsu7★", "Himitsu7"),
    "temporary": ("解凍用パスは「Himitsu7」になります", "Himitsu7"),
    "before the word": ("「Himitsu7」が解凍パスワードになります。", "Himitsu7"),
    "before the word, in a sentence": ("Himitsu7 です。パスワードを失念しておりました。", "Himitsu7"),
    "only the word and です": ("お世話になります。\nHimitsu7 です。", "Himitsu7"),
    "only the word": ("Himitsu7", "Himitsu7"),
}


@pytest.mark.parametrize(("body", "password"), FORMS.values(), ids=FORMS.keys())
def test_the_password_is_found_near_the_front(body, password):
    found = [one.reveal() for one in candidates("", body)]
    assert password in found[:6], found


def test_a_subject_may_hold_it():
    assert Password("Himitsu7") in candidates("【PW：Himitsu7】認証キーについて", "別メールのとおりです。")


def test_what_is_called_a_password_stands_before_what_is_quoted_and_that_before_lone_words():
    body = "ABCDEF-1\n\nパスワード：Himitsu7\n\n> パスワード：Naisho88\n"
    found = [one.reveal() for one in candidates("", body)]
    assert found.index("Himitsu7") < found.index("Naisho88") < found.index("ABCDEF-1")


def test_a_value_in_full_width_is_tried_as_written_too():
    assert [one.reveal() for one in candidates("", "パスワード：Ａｂｃ１２")][:2] == ["Abc12", "Ａｂｃ１２"]


NONE_HERE = [
    "パスワードは別途お送りいたします。",
    "お世話になっております。認証キーのお知らせを添付します。",
    "パスワードは弊社の電話番号下四桁です。",
    "株式会社みほん建設\nTEL:0297-00-0000\ntanto@kensetsu.example.jp\nhttps://kensetsu.example.jp/\n2026/11/24\nkagi.zip",
    "",
]


@pytest.mark.parametrize("body", NONE_HERE, ids=range(len(NONE_HERE)))
def test_words_without_a_password_give_none(body):
    assert candidates("", body) == ()


SPEAKING = ["パスワードをお送りします", "PWのご連絡", "ﾊﾟｽﾜｰﾄﾞ送付", "Your password", "解凍キーの件", "ＰＡＳＳＷＯＲＤ"]
SILENT = ["認証キーのお知らせ", "pwr-100の納入", "compass", "ご確認ください", "通行の件"]


@pytest.mark.parametrize("words", SPEAKING)
def test_it_is_known_when_a_mail_speaks_of_a_password(words):
    assert speaks_of_password(words, "")
    assert speaks_of_password("", f"お世話になります。\n{words}")


@pytest.mark.parametrize("words", SILENT)
def test_other_words_are_no_password(words):
    assert not speaks_of_password(words, words)


def test_our_own_letter_quoted_in_an_answer_does_not_speak():
    assert not speaks_of_password("Re: お願い", "承知しました。\n\n> パスワードをかけていないPDFをお送りください。")


def test_a_shown_text_covers_what_it_calls_a_password():
    shown = without_passwords("お世話になります。\nパスワード：Himitsu7\n\n■解凍PW\nNaisho88\n工事 R8-12")
    assert "Himitsu7" not in shown
    assert "Naisho88" not in shown
    assert shown.endswith("工事 R8-12")


def test_a_text_without_the_word_is_shown_as_it_is():
    assert without_passwords("保証契約番号：00123-456789") == "保証契約番号：00123-456789"


def test_a_password_shows_itself_nowhere():
    (first, *_) = candidates("", "パスワード：Himitsu7")
    assert "Himitsu7" not in f"{first} {first!r} {candidates('', 'パスワード：Himitsu7')}"


_PIECES = st.sampled_from(
    [
        *'：:=→は「」『』【】"“”[]<>()-> \n\t　.。,',
        "パスワード",
        "PW",
        "password is",
        "Himitsu7",
        "https://a.example.jp",
        "です",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=60).map("".join), st.text(max_size=80))
def test_any_mail_gives_a_few_distinct_candidates(body, subject):
    found = candidates(subject, body)
    assert len(found) <= MOST_CANDIDATES
    assert len(set(found)) == len(found)
    without_passwords(body)
    speaks_of_password(subject, body)


HEAVY = {
    "labels": "パスワード" * 200_000,
    "one line": "パスワード：" + "a" * 1_000_000,
    "open brackets": "パスワード「" * 150_000,
    "lines": "パスワード\n" * 200_000,
    "quotes": "> " * 400_000,
    "blanks": " " * 1_000_000,
    "lone": "".join(f"Abc{n:07}\n" for n in range(90_000)),
    "signs": "pw:=->" * 150_000,
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY.keys())
def test_a_huge_mail_takes_no_time(body):
    began = time.process_time()
    candidates("", body)
    without_passwords(body[:20_000])
    speaks_of_password("", body)
    assert time.process_time() - began < 1.0
