"""Japanese text in one form: what is only spelling becomes equal, what is another name stays another name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.kanji_forms import OLD_FORMS
from bot.core.text.normalise import (
    clean,
    contractor_core,
    fold,
    fold_contractor,
    fold_name,
    fold_works_number,
    forms_apart,
    full_width_ascii_to_half,
    normalise_number,
    numerals,
    spell_out_legal_form,
)

TEXT = st.text(max_size=60)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＡＢＣ１２３", "ABC123"),
        ("ﾎﾟﾝﾌﾟ", "ポンプ"),
        ("㈱髙﨑濵組", "(株)高崎浜組"),
        ("Ⅱ期①街区", "II期1街区"),
        ("⼯事⻘葉⻑", "工事青葉長"),
        ("市 道\u3000１ 号\u00a0線", "市道1号線"),
        ("１－２‐３ー４―５−６", "1-2-3-4-5-6"),
        ("センター", "センター"),
        ("㍿", "株式会社"),
        ("a\u200bb\u202ec\ufeffd", "abcd"),
        ("舗\ufe00装", "舗装"),
        ("渡邊・渡邉", "渡辺・渡辺"),
        ("ﾎﾟ ﾝﾌﾟ ﾎ ﾟ ﾝ\nﾌ ﾟ", "ポンプポンプ"),
        ("は ゛ハ゛か\u3099", "ばバが"),
        ("⼾⿈⾭⿊", "戸黄青黒"),
        ("神\ufa19福\ufa1b", "神神福福"),
    ],
)
def test_folding_makes_spellings_equal(written: str, folded: str):
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("（仮称）中央街区", "(仮称) 中央街区"),
        ("「A」街区", "【a】街区"),
        ("防災・安全", "防災･安全"),
        ("高欄取替え、舗装", "高欄取替え，舗装"),
        ("水戸〜土浦", "水戸～土浦"),
    ],
)
def test_punctuation_and_case_make_no_other_name(a: str, b: str):
    assert fold_name(a) == fold_name(b)


@pytest.mark.parametrize(
    ("a", "b"), [("東側", "西側"), ("第一", "第二"), ("一号", "二号"), ("工事", "エ事"), ("二丁目", "ニ丁目")]
)
def test_other_characters_make_another_name(a: str, b: str):
    assert fold_name(a) != fold_name(b)


@given(TEXT)
def test_folding_twice_changes_nothing_more_and_leaves_no_blank(text: str):
    folded = fold(text)
    assert fold(folded) == fold(fold(folded))
    assert not any(character.isspace() for character in folded)


@pytest.mark.parametrize("prefix", ["CJK RADICAL", "KANGXI RADICAL"])
def test_every_radical_becomes_a_character_that_people_write(prefix: str):
    radicals = [chr(n) for n in range(0x2E80, 0x2FD6) if unicodedata.name(chr(n), "").startswith(prefix)]
    assert len(radicals) > 100
    for way in (fold, clean, forms_apart):
        assert {c for c in radicals if 0x2E80 <= ord(way(c)) <= 0x2FD5} <= {"⺀"}  # stands for nothing


def test_only_where_japanese_means_another_character_a_radical_is_not_what_nfkc_says():
    radicals = [chr(n) for n in range(0x2F00, 0x2FD6)]
    assert {c: clean(c) for c in radicals if clean(c) != unicodedata.normalize("NFKC", c)} == {"⼾": "戸"}


def test_every_other_form_leads_to_one_that_people_write_today():
    assert len(OLD_FORMS) > 1000
    for old, new in OLD_FORMS.items():
        assert len(new.encode("euc_jp")) == 2, new  # JIS X 0208
        assert new not in OLD_FORMS
        for form in (old, new):
            assert unicodedata.normalize("NFKC", form) == form
            assert fold(form) == new
        assert fold(forms_apart(old)) != fold(forms_apart(new))
    # Two works' names never become one: what tells works apart is no form of anything.
    assert not set("一二三四五六七八九十〇東西南北上下左右中新旧本支線工区期号") & set(OLD_FORMS)
    assert len({forms_apart(old) for old in OLD_FORMS}) == len(OLD_FORMS)


@pytest.mark.parametrize(
    ("radical", "character"),
    [
        "⻑長",
        "⻘青",
        "⻝食",
        "⻨麦",
        "⻩黄",
        "⻫斉",
        "⻭歯",
        "⻯竜",
        "⻲亀",
        "⺠民",
        "⺟母",
        "⻄西",
        "⾼高",
        "⽔水",
        "⼯工",
        "⼾戸",
        "⻏邑",
    ],
)
def test_radicals_that_pdf_fonts_produce_become_their_kanji(radical: str, character: str):
    assert (fold(radical), clean(radical)) == (character, character)


# -- shown text


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("一\n二\r\n三\t四", "一 二 三 四"),
        ("a\x00b\x1b[31mc\x7fd\x9fe", "ab[31mcde"),
        ("工事\u202e名\u2066前\u200b", "工事名前"),
        ("青葉台\u3000建設", "青葉台\u3000建設"),
        ("  a \u3000 b  ", "a\u3000b"),
        ("㈱髙﨑組①Ⅱ期ＡＢＣ", "㈱髙﨑組①Ⅱ期ＡＢＣ"),
        ("ﾎ ﾟﾝﾌ\u3000ﾟ場　Ａ゛", "ﾎﾟﾝﾌﾟ場\u3000Ａ゛"),
        ("a\u2028b\u2029c\x85d", "a b cd"),
    ],
)
def test_foreign_text_is_shown_in_one_harmless_line_as_it_was_written(foreign: str, shown: str):
    assert clean(foreign) == shown


@given(st.text(max_size=500), st.integers(1, 300))
def test_no_shown_text_is_longer_than_its_limit_or_breaks_a_line(text: str, limit: int):
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set("\x00\x1b\u200b\u202e\u2066\ufeff")


# -- firms


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("㈱青葉", "株式会社青葉"),
        ("青葉（株）", "青葉株式会社"),
        ("カ）青葉", "株式会社青葉"),
        ("青葉（カ", "青葉株式会社"),
        ("㈲青葉", "有限会社青葉"),
        ("青葉 ( 有 )", "青葉有限会社"),
        ("水戸㈱青葉支店", "水戸株式会社青葉支店"),
        ("青葉建設", "青葉建設"),
    ],
)
def test_a_legal_form_is_spelt_out_where_it_stands(written: str, folded: str):
    assert spell_out_legal_form(written) == folded


def test_the_legal_forms_place_is_part_of_the_name_and_its_core_is_not():
    assert fold_contractor("㈱青葉") != fold_contractor("青葉㈱")
    assert contractor_core("㈱青葉") == contractor_core("青葉㈱") == contractor_core("有限会社 青葉") == "青葉"
    assert contractor_core("青葉・若葉特定建設工事共同企業体") == "青葉若葉"


# -- numbers


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("０００００－０００００１", "00000-000001"),
        ("00000ー000001", "00000-000001"),
        ("00000 ‐ 000001", "00000-000001"),
        ("00000\u2212000001\u200b", "00000-000001"),
        ("", ""),
    ],
)
def test_a_number_has_one_form(written: str, number: str):
    assert normalise_number(written) == number


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("令和８年度市道０１０５号線（その２）", ("8", "105", "2")),
        ("下水道第三工区", ("3",)),
        ("下水道その二", ("2",)),
        ("二十三丁目", ("23",)),
        ("十号", ("10",)),
        ("一〇一号", ("101",)),
        ("市道１－２号線", ("1", "2")),
        ("一般管理業務", ()),
        ("市道０号線", ("0",)),
        ("Ⅱ期", ()),
    ],
)
def test_the_numbers_of_a_name(name: str, found: tuple[str, ...]):
    assert numerals(name) == found


@given(
    st.one_of(TEXT, st.text("〇一二三四五六七八九十その第工区期号", max_size=20), st.text("0123456789", min_size=5000))
)
def test_no_text_makes_the_numbers_fail(text: str):
    assert all(number.isdecimal() for number in numerals(text))


@given(TEXT)
def test_full_width_ascii_alone_becomes_half_width_character_by_character(text: str):
    half = full_width_ascii_to_half(text)
    assert len(half) == len(text)
    assert all(
        a == b or (0xFF01 <= ord(a) <= 0xFF5E and ord(a) - ord(b) == 0xFEE0) for a, b in zip(text, half, strict=True)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("令和8年度 土木第12号", "Ｒ８土木１２"),
        ("R8-土木-12", "令和八年度土木第十二号"),
        ("第０１２－３号", "12-3"),
        ("道改　第 5 号", "道改第5号"),
        ("工事番号：5071000001", "５０７１０００００１"),
        ("No.504-00123", "504‐123"),
        ("R8-DO-012", "r8－do－12"),
        ("令和元年度第3号", "R1-3"),
        ("第12号の3", "１２の３"),
    ],
)
def test_spellings_of_one_works_number_are_equal(one: str, other: str):
    assert fold_works_number(one) == fold_works_number(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12-3", "123"),
        ("12-3", "1-23"),
        ("第12号3", "第123号"),
        ("令和8年度第12号", "令和8年度第21号"),
        ("令和8年度第12号", "令和81年度第2号"),
        ("土木第12号", "建築第12号"),
        ("R8-12", "R9-12"),
        ("100", "1"),
    ],
)
def test_other_works_numbers_stay_others(one: str, other: str):
    assert fold_works_number(one) != fold_works_number(other)


@given(TEXT)
def test_no_text_makes_a_works_number_fail_and_folding_twice_changes_nothing(text: str):
    folded = fold_works_number(text)
    assert fold_works_number(folded) == folded
