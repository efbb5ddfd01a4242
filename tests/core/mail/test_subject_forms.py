"""Subjects in the forms that cities ask for: what is read from them, and that nothing makes the reading fail or hang."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.subject_forms import (
    MAX_SUBJECT,
    NOTHING,
    PROFILES,
    Forms,
    SubjectFields,
    SubjectPart,
    every_form,
    read_subject,
    template_of,
    without_prefixes,
)
from bot.core.records.guarantee import Product
from tests.core.verdict.cases import guarantee

ADVANCE, INTERIM, CONTRACT = Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT, Product.CONTRACT
NAME = "中央通り舗装修繕工事"


def said(
    *numbers: str, name: str = "", product: Product | None = None, firm: str = ""
) -> tuple[tuple[str, ...], str, Product | None, str]:
    return numbers, name, product, firm


# By the profile's name: a subject, and what it says. Widths, missing parts, other separators and brackets.
READ = {
    "bracketed_number_name": [
        ("【電子保証】第12-3号 中央通り舗装修繕工事", said("第12-3号", name=NAME)),
        ("［電子保証］Ｒ８－１２　中央通り舗装修繕工事", said("R8-12", name=NAME)),
        ("【電子保証】令和8年度 土木第12号_中央通り舗装修繕工事", said("令和8年度 土木第12号", name=NAME)),
        ("【電子保証】　市道1234号線　舗装修繕工事", said(name="市道1234号線 舗装修繕工事")),
        ("【電子保証】市道1234号線舗装修繕工事", said(name="市道1234号線舗装修繕工事")),
    ],
    "bracketed_number": [
        ("【電子保証】50412345", said("50412345")),
        ("【 電子保証 】５０４－１２３４５", said("504-12345")),
        ("〔電子保証〕 504-00123-1 ", said("504-00123-1")),
    ],
    "bracketed_product_number": [
        ("【電子保証(契約)】土工第5号", said("土工第5号", product=CONTRACT)),
        ("【電子保証（前払金）】土工第 ５ 号", said("土工第 5 号", product=ADVANCE)),
        ("【電子保証（中間前払金）】委第12号 中央通り舗装修繕工事", said("委第12号", name=NAME, product=INTERIM)),
        ("[電子保証(前払)]中央通り舗装修繕工事", said(name=NAME, product=ADVANCE)),
    ],
    "bracketed_product_name": [
        ("【契約保証】中央通り舗装修繕工事", said(name=NAME, product=CONTRACT)),
        ("【前払保証】　中央通り舗装修繕工事", said(name=NAME, product=ADVANCE)),
        ("【中間前払金保証】R8-12/中央通り舗装修繕工事", said("R8-12", name=NAME, product=INTERIM)),
        ("［契約保証］R8-12", said("R8-12", product=CONTRACT)),
    ],
    "contract_papers_two_numbers": [
        ("【工事・契約関係書類】2026000123+土木第45号", said("2026000123", "土木第45号")),
        ("【工事･契約関係書類】２０２６０００１２３　土木第４５号", said("2026000123", "土木第45号")),
        (
            "【工事・契約関係書類】2026000123_土木第45号_中央通り舗装修繕工事",
            said("2026000123", "土木第45号", name=NAME),
        ),
        ("【工事・契約関係書類】土木第45号", said("土木第45号")),
    ],
    "contract_papers_number_name": [
        ("【契約関係書類】2026-0123 中央通り舗装修繕工事", said("2026-0123", name=NAME)),
        ("【契約関係書類】２０２６－０１２３＋中央通り舗装修繕工事", said("2026-0123", name=NAME)),
        ("【契約関係書類】中央通り舗装修繕工事", said(name=NAME)),
        ("【契約関係書類】2026-0123", said("2026-0123")),
    ],
    "advance_papers_number": [
        ("【前払金書類】委第8号", said("委第8号")),
        ("【前払金書類】　土木第４５号", said("土木第45号")),
        ("(前払金書類)R8-45", said("R8-45")),
    ],
    "advance_papers_number_name": [
        ("【前払金書類】2026-0123 中央通り舗装修繕工事", said("2026-0123", name=NAME)),
        ("【前払金書類】２０２６－０１２３・中央通り舗装修繕工事", said("2026-0123", name=NAME)),
        ("【前払金書類】中央通り舗装修繕工事", said(name=NAME)),
    ],
    "claim_papers_number_name": [
        ("【請求関係書類】第12-3号 中央通り舗装修繕工事", said("第12-3号", name=NAME)),
        ("【請求関係書類】第１２－３号", said("第12-3号")),
        ("【請求関係書類】 中央通り舗装修繕工事", said(name=NAME)),
    ],
    "product_number_contractor": [
        ("契約保証 公共維第1号 見本建設株式会社", said("公共維第1号", product=CONTRACT, firm="見本建設株式会社")),
        ("前払金保証＋公共維第１号＋（株）見本建設", said("公共維第1号", product=ADVANCE, firm="(株)見本建設")),
        ("中間前払金保証_R8-12_㈱見本建設", said("R8-12", product=INTERIM, firm="(株)見本建設")),
        ("契約保証　公共維第1号", said("公共維第1号", product=CONTRACT)),
        ("契約保証 公共維第1号 中央通り舗装修繕工事", said("公共維第1号", product=CONTRACT, name=NAME)),
    ],
    "contractor_product_key": [
        (
            "見本株式会社契約保証証書認証キー_4月1日入札_5071000001",
            said("5071000001", product=CONTRACT, firm="見本株式会社"),
        ),
        (
            "（株）見本建設前払金保証証書認証キー＿４月１日入札＿５０７１０００００１",
            said("5071000001", product=ADVANCE, firm="(株)見本建設"),
        ),
        ("見本株式会社契約保証証書認証キー_5071000001", said("5071000001", product=CONTRACT, firm="見本株式会社")),
        ("見本株式会社契約保証証書認証キー", said(product=CONTRACT, firm="見本株式会社")),
    ],
    "key_colon_name": [
        ("電子保証認証キー：中央通り舗装修繕工事", said(name=NAME)),
        ("電子保証認証ｷｰ: 中央通り舗装修繕工事", said(name=NAME)),
        ("電子保証認証キー：　市道1号線 舗装修繕工事（その２）", said(name="市道1号線 舗装修繕工事(その2)")),
    ],
    "key_in_brackets": [
        ("電子保証（認証キー）中央通り舗装修繕工事", said(name=NAME)),
        ("電子保証(認証キー) R8-12 中央通り舗装修繕工事", said("R8-12", name=NAME)),
        ("電子保証【認証キー】土木第12号", said("土木第12号")),
    ],
}


def test_each_profile_has_a_table_of_its_own_and_no_name_is_twice() -> None:
    assert list(READ) == [profile.name for profile in PROFILES]
    assert len(READ) == len(set(READ)) >= 12
    assert min(map(len, READ.values())) >= 3


@pytest.mark.parametrize(("name", "subject", "expected"), [(n, *case) for n, cases in READ.items() for case in cases])
def test_a_profile_reads_its_subjects(name: str, subject: str, expected: tuple[object, ...]) -> None:
    for forms in (Forms.of([name]), every_form()):
        found = read_subject(subject, forms)
        assert (found.works_numbers, found.project_name, found.product, found.contractor) == expected


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "前払金の請求について",
        "認証キーのお知らせの送付",
        "電子保証（認証キー）",
        "電子保証認証キー：",
        "【電子保証】",
        "【電子保証】―――",
        "Re:",
        "Re: Re: 転送:",
    ],
)
def test_nothing_is_read_where_nothing_is_said(subject: str) -> None:
    assert read_subject(subject, every_form()) == NOTHING
    assert NOTHING.words == ""


@pytest.mark.parametrize(
    "before",
    [
        "Re: ",
        "RE:",
        "ＲＥ：",
        "Re[2]: ",
        "FW: ",
        "Fwd:",
        "転送：",
        "返信: ",
        "[外部] ",
        "【再送】",
        "Re: 【お願い】Re: ",
        "【確認のお願い】",
        "[SPAM] Re: Fw: ",
    ],
)
def test_what_mail_programs_and_gateways_put_before_a_subject_is_left_out(before: str) -> None:
    assert read_subject(before + "【電子保証】R8-12 中央通り舗装修繕工事", every_form()).words == (
        "工事番号 R8-12、工事名 中央通り舗装修繕工事"
    )


def test_a_profile_that_is_not_named_is_not_tried() -> None:
    subject = "【電子保証】R8-12 中央通り舗装修繕工事"
    assert read_subject(subject, Forms.of(["key_colon_name"])) == NOTHING
    assert read_subject(subject, Forms.of([])) == NOTHING


def test_a_citys_own_form_is_tried_first() -> None:
    forms = Forms.of(own=["【電子保証】{受注者} {工事番号}", "保証書類({保証区分})・{工事番号}/{その他}"])
    found = read_subject("【電子保証】見本建設　Ｒ８－１２", forms)
    assert found == SubjectFields(("R8-12",), contractor="見本建設", form="own")
    other = read_subject("保証書類〔中間〕・道改第3号／令和8年度分", forms)
    assert (other, read_subject("保証書類〔前払〕・道改第3号／令和8年度分", forms).words) == (
        NOTHING,
        "工事番号 道改第3号、保証区分 前払金保証",
    )
    assert read_subject("【前払保証】R8-12", forms).form == "bracketed_product_name"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("【電子保証】", "読み取る部分"),
        ("【電子保証】{その他}", "読み取る部分"),
        ("{案件名}", "{案件名} は知らない部分です"),
        ("{}", "{} は知らない部分です"),
        ("{工事名}{受注者}", "区切りを書いてください"),
        ("{工事名} {工事名}", "2回あります"),
        ("{工事番号} {工事番号} {工事名} {受注者} {その他}", "4つまで"),
        ("{工事名", "組になっていません"),
        ("工事名}{工事番号}", "組になっていません"),
        ("あ" * 101 + "{工事名}", "100文字を超えています"),
        ("(?P<works_number>(a+)+)$", "正規表現ではなく"),
    ],
)
def test_a_template_that_can_not_be_used_is_told_in_japanese(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        template_of(text)


def test_what_looks_like_a_regular_expression_is_taken_to_the_letter() -> None:
    forms = Forms.of([], ["a.*+?^$|\\d[{工事番号}]"])
    assert read_subject("a.*+?^$|\\d[R8-12]", forms).works_numbers == ("R8-12",)
    assert read_subject("abc123[R8-12]", forms) == NOTHING


def test_a_row_is_named_by_any_of_its_subjects_numbers_however_it_is_written() -> None:
    subject = read_subject("【工事・契約関係書類】2026000123+土木第045号", every_form())
    assert subject.names(guarantee(works_number="土木　４５"))
    assert subject.names(guarantee(works_number="2026000123"))
    assert not subject.names(guarantee(works_number="土木第46号"))
    assert not subject.names(guarantee())
    assert not NOTHING.names(guarantee())


# -- whatever is mailed

PIECES = st.sampled_from(
    [
        *("【電子保証】", "契約", "前払", "保証", "認証キー", "第", "号", "1", "-", "令和8年度", " ", "　", "_", "・", "あ", "工事"),
        *("Re:", "【", "】", "(", ")", "：", "\u200b", "\x00", "\ud800", "㈱", "+", "元", "Ⅳ"),
    ]
)  # fmt: skip
SUBJECTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=300).map("".join))
PARTS = st.lists(
    st.sampled_from(["{工事番号}", "{工事名}", "{受注者}", "{その他}", "{保証区分}", " ", "・", "(", ")", "号"]),
    max_size=9,
)


@given(SUBJECTS)
def test_no_subject_makes_the_reading_fail(subject: str) -> None:
    found = read_subject(subject, every_form())
    assert all(found.works_numbers)
    assert len(without_prefixes(subject)) <= MAX_SUBJECT
    assert found.words == "" or any(f"{part} " in found.words for part in SubjectPart)


@given(PARTS.map("".join), SUBJECTS)
def test_a_template_is_refused_or_reads_whatever_comes(text: str, subject: str) -> None:
    try:
        template_of(text)
    except ValueError:
        return
    read_subject(subject, Forms.of([], [text]))


@pytest.mark.parametrize("text", ["{その他}-{工事名}-{受注者}-{工事番号}", "{その他} {工事番号} {工事番号} {工事名}!"])
@pytest.mark.parametrize("piece", ["a", "1-", "_", "- ", "第1号 ", "( ", "令和1年度 ", "・"])
@pytest.mark.timeout(60)  # with backtracking it would take longer than the world has
def test_the_worst_that_can_be_mailed_is_read_to_its_end(text: str, piece: str) -> None:
    read_subject(piece * 1000 + "?", Forms.of([], [text]))
