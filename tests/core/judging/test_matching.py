"""The right guarantee or none: numbers decide, without one the work, its contractor and the product together."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.judging.lookup import FoldedRow, LookUp
from bot.core.judging.matching import (
    Ambiguous,
    Conflicting,
    Match,
    Matched,
    Unmatched,
    is_near_number,
    match,
    may_score,
    name_score,
    same_contractor,
    same_work,
    score,
)
from bot.core.mail.subject_forms import SubjectFields
from bot.core.policy.policy import Rules
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields
from bot.core.text.normalise import contractor_core, fold_contractor, fold_name
from tests.core.verdict.cases import FIRM, KEY, NUMBER, OTHER_KEY, WORK, fields, guarantee, look_up

RULES = Rules()
NUMBERLESS = guarantee(number="")


def verdict(said: NoticeFields, *rows: Guarantee) -> Match:
    return match(said, look_up(*rows, number=said.number), RULES)


# -- the number is in the register


def test_the_number_alone_decides_where_the_register_has_no_key():
    row = guarantee()
    expected = (
        f"保証契約番号 {NUMBER} が台帳と一致",
        "工事名が台帳と一致",
        "受注者名が台帳と一致",
        "保証区分が台帳と一致（前払金保証）",
    )
    assert verdict(fields(), row) == Matched(row, Why.NUMBER_MATCHES, expected)


def test_the_key_is_compared_where_the_register_has_one():
    found = verdict(fields(), guarantee(auth_key=KEY))
    assert isinstance(found, Matched)
    assert (found.reason, found.evidence[1]) == (Why.NUMBER_AND_KEY_MATCH, "認証キーが台帳と一致")


@pytest.mark.parametrize("letters", [KEY.reveal().swapcase(), KEY.reveal()[:-1], KEY.reveal() + "k", "aB3dEf6hIj9l"])
def test_a_key_that_differs_in_one_letter_or_in_case_is_another_key(letters: str):
    found = verdict(fields(auth_key=AuthKey(letters)), guarantee(auth_key=KEY))
    assert isinstance(found, Conflicting)
    assert found.reasons == (Why.KEY_DIFFERS,)
    assert letters not in "".join(found.evidence)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"project_name": "市道２号線舗装工事"}, (Why.PROJECT_NAME_DIFFERS,)),
        ({"contractor": "若葉建設株式会社"}, (Why.CONTRACTOR_DIFFERS,)),
        ({"contractor": "株式会社青葉台建設"}, (Why.CONTRACTOR_DIFFERS,)),
        ({"contractor": "青葉台建設有限会社"}, (Why.CONTRACTOR_DIFFERS,)),
        ({"product": Product.CONTRACT}, (Why.PRODUCT_DIFFERS,)),
        ({"product": Product.INTERIM_PAYMENT}, (Why.PRODUCT_DIFFERS,)),
        ({"product": Product.OTHER}, (Why.PRODUCT_DIFFERS,)),
        (
            {"project_name": "別の工事", "contractor": "別の会社", "product": Product.CONTRACT, "auth_key": OTHER_KEY},
            (Why.KEY_DIFFERS, Why.PROJECT_NAME_DIFFERS, Why.CONTRACTOR_DIFFERS, Why.PRODUCT_DIFFERS),
        ),
    ],
)
def test_what_contradicts_holds_the_notice_although_its_number_is_right(changes, reasons):
    row = guarantee(auth_key=KEY)
    found = verdict(fields(**changes), row)
    assert isinstance(found, Conflicting)
    assert (found.guarantee, found.reasons) == (row, reasons)


@pytest.mark.parametrize(
    "said", [{"project_name": ""}, {"contractor": ""}, {"product": None, "product_as_written": ""}, {"auth_key": None}]
)
def test_what_the_notice_does_not_say_contradicts_nothing(said):
    assert isinstance(verdict(fields(**said), guarantee(auth_key=KEY)), Matched)


@pytest.mark.parametrize("known", [{"project_name": ""}, {"contractor": ""}, {"auth_key": None}])
def test_what_the_register_does_not_know_contradicts_nothing(known):
    assert isinstance(verdict(fields(), guarantee(**known)), Matched)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (GuaranteeState.ON_PAPER, Why.GUARANTEE_ON_PAPER),
        (GuaranteeState.CANCELLED, Why.GUARANTEE_CANCELLED),
        (GuaranteeState.EXPIRED, Why.GUARANTEE_EXPIRED),
    ],
)
@pytest.mark.parametrize("number", [NUMBER, ""])
def test_a_guarantee_for_which_no_notice_is_awaited_is_left_to_a_person(state, reason, number):
    found = verdict(fields(), guarantee(state=state, number=number))
    assert isinstance(found, Conflicting)
    assert found.reasons == (reason,)


@pytest.mark.parametrize("state", [s for s in GuaranteeState if s not in {"on_paper", "cancelled", "expired"}])
def test_every_other_state_is_matched(state):
    assert isinstance(verdict(fields(), guarantee(state=state)), Matched)


# -- one work's name, two works' names

SAME_WORKS = [
    ("市道１号線舗装工事", "市道1号線 舗装工事"),
    ("（仮称）中央①街区新築工事", "(仮称)中央1街区新築工事"),
    ("ﾎﾟﾝﾌﾟ場改修工事", "ポンプ場改修工事"),
    ("ﾎﾟ ﾝﾌﾟ場改修工事", "ポンプ場改修工事"),
    ("ﾎ ﾟﾝﾌ\u3000ﾟ場改修工事", "ポンプ場改修工事"),
    ("ホ゜ンフ ゜場改修工事", "ポンプ場改修工事"),
    ("⽔道管布設⼯事", "水道管布設工事"),
    ("⽔⼾神社⾨補修工事", "水戸神社門補修工事"),
    ("市道１－２号線工事", "市道1‐2号線工事"),
    ("【債務】庁舎Ⅱ期工事", "「債務」庁舎II期工事"),
    ("市道１号線\u3000舗装工事", "市道１号線舗装工事"),
]
# Each pair stands for a kind of difference by which cities tell their works apart.
OTHER_WORKS = [
    ("市道１号線舗装工事", "市道２号線舗装工事"),
    ("市道１号線舗装工事", "市道１１号線舗装工事"),
    ("市道１－１号線舗装工事", "市道１１号線舗装工事"),
    ("市道１．５号線舗装工事", "市道１５号線舗装工事"),
    ("下水道工事（第１工区）", "下水道工事（第２工区）"),
    ("下水道工事第一工区", "下水道工事第二工区"),
    ("第一小学校改修工事", "第二小学校改修工事"),
    ("水路改修工事その１", "水路改修工事その２"),
    ("水路改修工事", "水路改修工事（その２）"),
    ("水路改修工事その二", "水路改修工事その三"),
    ("令和７年度橋梁点検業務委託", "令和８年度橋梁点検業務委託"),
    ("令和８年度橋梁点検業務委託", "橋梁点検業務委託"),
    ("歩道整備工事（東側）", "歩道整備工事（西側）"),
    ("歩道整備工事（上り）", "歩道整備工事（下り）"),
    ("庁舎Ａ棟改修工事", "庁舎Ｂ棟改修工事"),
    ("庁舎Ⅱ期工事", "庁舎Ⅲ期工事"),
    ("北消防署改修工事", "消防署改修工事"),
    ("市道１号線舗装工事", "市道１号線舗装設計"),
    ("市道１号線改良舗装工事", "市道１号線舗装改良工事"),
]


@pytest.mark.parametrize(("a", "b"), SAME_WORKS)
def test_spelling_makes_no_other_work(a: str, b: str):
    assert same_work(a, b)
    assert name_score(a, b) == 100
    row = guarantee(number="", project_name=a)
    found = verdict(fields(project_name=b), row)
    assert isinstance(found, Matched)
    assert (found.guarantee, found.reason) == (row, Why.DETAILS_MATCH)


@pytest.mark.parametrize(("a", "b"), [*OTHER_WORKS, *((b, a) for a, b in OTHER_WORKS)])
def test_another_work_is_never_taken_for_this_one(a: str, b: str):
    assert not same_work(a, b)
    asked, other = guarantee(number="", project_name=a), guarantee(number="", project_name=b, guarantee_id=2)
    said = fields(project_name=a)
    found = verdict(said, other)
    assert isinstance(found, Unmatched)
    assert found.reason is Why.SIMILAR_ONLY
    found = verdict(said, other, asked)
    assert isinstance(found, Matched)
    assert found.guarantee == asked
    assert isinstance(verdict(replace(said, number=NUMBER), replace(other, number=NUMBER)), Conflicting)


# Names of works and firms that differ in nothing but old and new forms of characters.
OTHER_FORMS = [
    ("髙﨑橋補修工事", "高崎橋補修工事", "㈱髙﨑組", "株式会社高崎組"),
    ("水戶線舗裝工事", "水戸線舗装工事", "渡邊建設株式會社", "渡辺建設株式会社"),
    ("國道澤田橋補修工事", "国道沢田橋補修工事", "齋藤土木株式会社", "斎藤土木株式会社"),
    ("廣瀨川改修工事", "広瀬川改修工事", "青葉台・髙梨特定建設工事共同企業体", "青葉台・高梨ＪＶ"),
    ("靑柳學校改修工事", "青柳学校改修工事", "𠮷田・栁特定建設工事共同企業体", "吉田・柳特定建設工事共同企業体"),
]


@pytest.mark.parametrize(("work", "work_now", "firm", "firm_now"), OTHER_FORMS)
def test_old_and_new_forms_are_equal_beside_number_and_key_and_decide_nothing_else(work, work_now, firm, firm_now):
    for written, registered in (((work, firm), (work_now, firm_now)), ((work_now, firm_now), (work, firm))):
        said = fields(project_name=written[0], contractor=written[1])
        row = guarantee(project_name=registered[0], contractor=registered[1])
        # The number and the very key: accepted, and a clerk sees the forms.
        found = verdict(said, replace(row, auth_key=KEY))
        assert isinstance(found, Matched)
        assert found.reason is Why.NUMBER_AND_KEY_MATCH
        assert "工事名が台帳と一致（新旧の字体の違いあり）" in found.evidence
        assert "受注者名が台帳と一致（新旧の字体の違いあり）" in found.evidence
        # The number alone: no contradiction, but another name must show that the paper is about this work.
        found = verdict(said, row)
        assert isinstance(found, Conflicting)
        assert found.reasons == (Why.NAMES_MISSING,)
        assert isinstance(verdict(replace(said, project_name=registered[0]), row), Matched)
        assert isinstance(verdict(replace(said, contractor=registered[1]), row), Matched)
        # No number: it is the best of what a person sees, and not taken.
        numberless, other = replace(row, number=""), guarantee(number="", guarantee_id=2)
        for one in (said, replace(said, project_name=registered[0]), replace(said, contractor=registered[1])):
            found = verdict(one, other, numberless)
            assert isinstance(found, Unmatched)
            assert (found.reason, found.similar[0]) == (Why.SIMILAR_ONLY, numberless)
            assert "の字体" in found.evidence[0]
        exact = replace(numberless, project_name=written[0], contractor=written[1], guarantee_id=3)
        assert isinstance(verdict(said, numberless, exact), Ambiguous)


@pytest.mark.parametrize("nothing", ["・", "（　）", "－", "ー"])
def test_a_name_of_nothing_but_signs_is_no_name(nothing: str):
    assert not isinstance(verdict(fields(project_name=nothing), guarantee(number="", project_name="")), Matched)
    assert not isinstance(verdict(fields(contractor=nothing), guarantee(number="", contractor="")), Matched)
    assert not same_contractor(nothing, guarantee(contractor="／"))


LETTERS = st.sampled_from("東西南北上下左右第一二三四五市道号線舗装工事区橋小学校改良アイウＡＢＣ０１２３４５６７８９")

NUMERALS = str.maketrans("一二三四五", "１２３４５")  # 第一 and 第１ are spellings of one name


@st.composite
def one_slip(draw: st.DrawFn) -> tuple[str, str]:
    """A work's name and another one: a character replaced, put in, left out, or two swapped."""
    name = draw(st.text(LETTERS, min_size=2, max_size=25))
    place = draw(st.integers(0, len(name) - 1))
    head, one, tail = name[:place], name[place], name[place + 1 :]
    other = draw(
        st.sampled_from(
            [
                head + draw(LETTERS) + tail,
                head + draw(LETTERS) + one + tail,
                head + tail,
                head + tail[:1] + one + tail[1:],
            ]
        )
    )
    assume(other.translate(NUMERALS) != name.translate(NUMERALS))
    return name, other


@given(one_slip())
def test_a_work_whose_name_differs_in_one_character_is_never_taken(names: tuple[str, str]):
    asked, other = names
    rows = (guarantee(number="", project_name=asked), guarantee(number="", project_name=other, guarantee_id=2))
    assert not isinstance(verdict(fields(project_name=asked), rows[1]), Matched)
    for order in permutations(rows):
        found = verdict(fields(project_name=asked), *order)
        assert isinstance(found, Matched)
        assert found.guarantee == rows[0]


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
def test_no_text_makes_matching_fail_or_be_surer_than_sure(work: str, other: str, firm: str, number: str):
    said = fields(project_name=work, contractor=firm, number=number)
    for row in (guarantee(project_name=other, contractor=firm), guarantee(number="", jv_name=other)):
        assert 0 <= score(said, row) <= 100
        verdict(said, row)


# -- contractors


@pytest.mark.parametrize(
    ("written", "registered"),
    [
        ("青葉台建設株式会社", "青葉台建設㈱"),
        ("青葉台建設株式会社", "青葉台建設（株）"),
        ("青葉台建設株式会社", "青葉台建設 (株)"),
        ("（株）みのり造園", "株式会社みのり造園"),
        ("株式会社\u3000みのり造園", "株式会社みのり造園"),
        ("(有)ひばり工務店", "有限会社ひばり工務店"),
        ("ＡＢＣ設備工業株式会社", "ABC設備工業株式会社"),
    ],
)
def test_a_legal_form_may_be_written_short(written: str, registered: str):
    row = guarantee(number="", contractor=registered)
    assert isinstance(verdict(fields(contractor=written), row), Matched)
    assert isinstance(verdict(fields(contractor=written), replace(row, number=NUMBER)), Matched)


OTHER_FIRMS = [
    ("株式会社アシスト", "アシスト株式会社"),
    ("（株）アシスト", "アシスト（株）"),
    ("株式会社アシスト", "有限会社アシスト"),
    ("株式会社アシスト", "合同会社アシスト"),
    ("第一建設株式会社", "第二建設株式会社"),
    ("青葉台建設株式会社", "青葉台土木株式会社"),
    ("青葉台建設株式会社", "青葉台建設工業株式会社"),
    ("株式会社アシスト水戸", "株式会社アシスト土浦"),
]


@pytest.mark.parametrize(("a", "b"), [*OTHER_FIRMS, *((b, a) for a, b in OTHER_FIRMS)])
def test_another_firm_is_never_taken_for_this_one(a: str, b: str):
    asked, other = guarantee(number="", contractor=a), guarantee(number="", contractor=b, guarantee_id=2)
    said = fields(contractor=a)
    assert not isinstance(verdict(said, other), Matched)
    found = verdict(said, other, asked)
    assert isinstance(found, Matched)
    assert found.guarantee == asked
    found = verdict(said, replace(other, number=NUMBER))
    assert isinstance(found, Conflicting)
    assert found.reasons == (Why.CONTRACTOR_DIFFERS,)


def test_a_missing_legal_form_is_no_contradiction_but_decides_nothing():
    assert isinstance(verdict(fields(contractor="青葉台建設"), guarantee()), Matched)
    assert isinstance(verdict(fields(contractor="青葉台建設"), NUMBERLESS), Unmatched)


JV = "青葉台・髙梨特定建設工事共同企業体"


@pytest.mark.parametrize(
    ("written", "contractor", "jv_name"),
    [
        (FIRM, FIRM, JV),
        (FIRM, JV, ""),
        (FIRM, "", JV),
        (JV, JV, ""),
        (JV, FIRM, JV),
        (JV, FIRM, "青葉台・髙梨ＪＶ"),
        (f"{JV}\u3000代表者\u3000{FIRM}", JV, ""),
        (f"{JV}\u3000代表者\u3000{FIRM}", FIRM, JV),
        (f"{JV}\u3000代表者\u3000{FIRM}", FIRM, ""),
        (f"{JV}（代表構成員：{FIRM}）", FIRM, ""),
    ],
)
def test_a_joint_venture_is_known_by_its_name_or_its_representative(written, contractor, jv_name):
    row = guarantee(number="", contractor=contractor, jv_name=jv_name)
    assert isinstance(verdict(fields(contractor=written), row), Matched)
    assert isinstance(verdict(fields(contractor=written), replace(row, number=NUMBER)), Matched)


@pytest.mark.parametrize(
    ("written", "contractor", "jv_name"),
    [
        ("青葉台・若葉特定建設工事共同企業体", JV, ""),
        ("青葉台・若葉特定建設工事共同企業体", "", JV),
        (f"青葉台・若葉特定建設工事共同企業体\u3000代表者\u3000{FIRM}", JV, ""),
        ("青葉台土木株式会社", FIRM, JV),
        ("髙梨土木株式会社", FIRM, JV),
        ("若葉建設株式会社", JV, ""),
        (JV, "青葉台土木株式会社", ""),
    ],
)
def test_another_joint_venture_or_another_firm_than_its_representative_is_not_it(written, contractor, jv_name):
    row = guarantee(number="", contractor=contractor, jv_name=jv_name)
    assert not isinstance(verdict(fields(contractor=written), row), Matched)
    found = verdict(fields(contractor=written), replace(row, number=NUMBER))
    assert isinstance(found, Conflicting)
    assert found.reasons == (Why.CONTRACTOR_DIFFERS,)


# -- without a number in the register


def test_a_row_without_number_is_taken_when_all_three_say_the_same():
    found = verdict(fields(), NUMBERLESS)
    expected = ("番号のない台帳の行と、工事名・受注者・保証区分が一致", "点数 100（次点 0）")
    assert found == Matched(NUMBERLESS, Why.DETAILS_MATCH, expected)


@pytest.mark.parametrize(
    "said",
    [
        {"project_name": ""},
        {"contractor": ""},
        {"product": None},
        {"product": Product.CONTRACT},
        {"project_name": "市道１号線舗装工事（その２）"},
        {"contractor": "若葉建設株式会社"},
    ],
)
def test_a_row_without_number_is_not_taken_when_one_of_three_is_missing_or_differs(said):
    assert isinstance(verdict(fields(**said), NUMBERLESS), Unmatched)


def test_a_row_with_another_number_is_never_taken_by_its_details():
    found = verdict(fields(number="99999-999999"), guarantee())
    assert isinstance(found, Unmatched)
    assert (found.reason, found.similar) == (Why.NUMBER_DIFFERS, (guarantee(),))


@pytest.mark.parametrize("other", [{"number": ""}, {"number": "20002-000002"}, {"state": GuaranteeState.ON_PAPER}])
def test_a_second_row_with_the_same_details_leaves_the_choice_to_a_person(other):
    second = replace(NUMBERLESS, guarantee_id=2, **other)
    found = verdict(fields(number="30003-000003"), NUMBERLESS, second)
    assert isinstance(found, Ambiguous)
    assert found.candidates == (NUMBERLESS, second)


def test_not_even_a_setting_makes_the_machine_choose_between_two():
    second = replace(NUMBERLESS, guarantee_id=2)
    found = match(fields(), look_up(NUMBERLESS, second), Rules(margin=0))
    assert isinstance(found, Ambiguous)


def test_the_products_of_one_work_are_told_apart():
    rows = [replace(NUMBERLESS, product=product, guarantee_id=n) for n, product in enumerate(Product, 1)]
    for row in rows:
        found = verdict(fields(product=row.product), *rows)
        assert isinstance(found, Matched)
        assert found.guarantee == row


def test_a_key_that_the_row_without_number_has_must_be_the_same():
    found = verdict(fields(), replace(NUMBERLESS, auth_key=OTHER_KEY))
    assert isinstance(found, Conflicting)
    assert found.reasons == (Why.KEY_DIFFERS,)
    assert isinstance(verdict(fields(), replace(NUMBERLESS, auth_key=KEY)), Matched)


def test_without_anything_alike_the_notice_is_not_in_the_register():
    expected = Unmatched(Why.NOT_IN_REGISTER, (), ())
    assert verdict(fields()) == expected
    assert verdict(fields(), guarantee(number="", project_name="図書館清掃業務", contractor="見本清掃")) == expected
    assert match(fields(), LookUp(None, (), (), frozenset()), RULES) == expected


def test_a_person_is_shown_at_most_three_candidates_best_first():
    rows = [guarantee(number="", project_name=f"市道{n}号線舗装工事", guarantee_id=n) for n in range(2, 9)]
    best = guarantee(number="", project_name=WORK, contractor="若葉建設株式会社", guarantee_id=99)
    found = verdict(fields(contractor="若葉建設"), *rows, best)
    assert isinstance(found, Unmatched)
    assert found.similar[0] == best
    assert len(found.similar) == len(found.evidence) == 3


@pytest.mark.parametrize(
    ("written", "registered", "is_near"),
    [
        ("10001-000001", "10001-000001", True),
        ("10001000001", "10001-000001", True),
        ("10001-000002", "10001-000001", True),
        ("10001-00001", "10001-000001", True),
        ("01001-000001", "10001-000001", True),
        ("10002-000002", "10001-000001", False),
        ("", "10001-000001", False),
        ("10001-000001", "", False),
        ("1234", "1235", False),
    ],
)
def test_a_number_one_slip_away_is_shown_to_a_person(written: str, registered: str, is_near):
    assert is_near_number(written, registered) is is_near


def test_a_slip_in_the_number_is_never_mended():
    row = guarantee()
    found = verdict(fields(number="10001-000010"), row)
    assert isinstance(found, Unmatched)
    assert (found.reason, found.similar) == (Why.NUMBER_DIFFERS, (row,))


# -- what the mail's subject says


def said_in_subject(*numbers: str) -> SubjectFields:
    return SubjectFields(numbers)


def with_subject(said: NoticeFields, subject: SubjectFields, *rows: Guarantee, decides: bool = True) -> Match:
    return match(said, look_up(*rows, number=said.number), RULES, subject=subject, subject_decides=decides)


TWINS = tuple(replace(NUMBERLESS, works_number=f"土木第{n}号", guarantee_id=n) for n in (12, 13))
NEW = fields(number="30003-000003")


def test_a_works_number_in_the_subject_chooses_between_rows_that_fit_equally():
    assert isinstance(verdict(NEW, *TWINS), Ambiguous)
    for row in TWINS:
        found = with_subject(NEW, said_in_subject(f"土木{row.guarantee_id}"), *TWINS)
        assert isinstance(found, Matched)
        assert (found.guarantee, found.reason) == (row, Why.SUBJECT_CHOSE)
        assert found.evidence[1:] == (
            "同じように合う台帳の行が2件あり、件名の工事番号で1件に決定",
            f"件名の工事番号 土木{row.guarantee_id} が台帳と一致",
        )


def test_a_row_that_has_another_number_does_not_keep_the_subject_from_choosing():
    taken = replace(TWINS[0], number="20002-000002")
    found = with_subject(NEW, said_in_subject("土木第13号"), taken, TWINS[1])
    assert isinstance(found, Matched)
    assert found.guarantee == TWINS[1]
    assert isinstance(with_subject(NEW, said_in_subject("土木第12号"), taken, TWINS[1]), Ambiguous)


@pytest.mark.parametrize(
    "subject", [said_in_subject(), said_in_subject("土木第14号"), said_in_subject("土木第12号", "土木第13号")]
)
def test_a_subject_that_names_none_or_both_leaves_the_choice_to_a_person(subject):
    found = with_subject(NEW, subject, *TWINS)
    assert isinstance(found, Ambiguous)
    assert found.candidates == TWINS


def test_a_subject_that_may_not_choose_ranks_the_candidates():
    found = with_subject(NEW, said_in_subject("土木第13号"), *TWINS, decides=False)
    assert isinstance(found, Ambiguous)
    assert found.candidates == TWINS[::-1]
    assert found.evidence[0].startswith("候補1: 番号なし 土木第13号 市道")
    assert "、件名の工事番号と一致）" in found.evidence[0]
    assert "件名の工事番号" not in found.evidence[1]


@pytest.mark.parametrize(
    "said", [{"project_name": ""}, {"contractor": ""}, {"product": None}, {"contractor": "若葉建設"}]
)
def test_a_subject_never_makes_a_row_fit(said):
    found = with_subject(fields(number="30003-000003", **said), said_in_subject("土木第12号"), *TWINS)
    assert isinstance(found, Unmatched)
    assert found.similar[0] == TWINS[0]


def test_what_the_subject_names_is_chosen_like_any_other_row_and_what_speaks_against_it_counts():
    cancelled = replace(TWINS[0], state=GuaranteeState.CANCELLED)
    found = with_subject(NEW, said_in_subject("土木第12号"), cancelled, TWINS[1])
    assert isinstance(found, Conflicting)
    keyed = replace(TWINS[0], auth_key=OTHER_KEY)
    other = with_subject(NEW, said_in_subject("土木第12号"), keyed, TWINS[1])
    assert isinstance(other, Conflicting)
    assert other.reasons == (Why.KEY_DIFFERS,)


def test_beside_a_number_that_decides_the_subject_is_evidence_only():
    row = guarantee(works_number="土木第12号")
    agrees, differs = (with_subject(fields(), said_in_subject(n), row) for n in ("土木１２", "土木第13号"))
    assert isinstance(agrees, Matched)
    assert isinstance(differs, Matched)
    assert agrees.evidence[1] == "件名の工事番号 土木１２ が台帳と一致"
    assert differs.evidence[1] == "参考: 件名の工事番号は「土木第13号」、台帳は「土木第12号」"
    without = with_subject(fields(), said_in_subject("土木第13号"), guarantee())
    assert without == verdict(fields(), guarantee())


def test_a_row_that_only_the_subject_names_is_shown_to_the_clerk():
    row = guarantee(number="", project_name="図書館清掃業務", contractor="見本清掃", works_number="土木第12号")
    found = with_subject(NEW, said_in_subject("土木12"), row)
    assert isinstance(found, Unmatched)
    assert (found.reason, found.similar) == (Why.NOT_IN_REGISTER, (row,))
    assert found.evidence[0].startswith("候補1: ")


def test_a_subject_does_not_change_whom_a_differing_number_is_told():
    """Who is known for the first row is told what differs: the subject must not put his own row there."""
    near = replace(guarantee(number="10001-000002"), guarantee_id=1)
    own = replace(NUMBERLESS, contractor="若葉建設株式会社", works_number="土木第12号", guarantee_id=2)
    plain, named = (
        with_subject(fields(), subject, near, own) for subject in (SubjectFields(), said_in_subject("土木12"))
    )
    assert isinstance(plain, Unmatched)
    assert isinstance(named, Unmatched)
    assert named.reason is plain.reason is Why.NUMBER_DIFFERS
    assert named.similar[0] == plain.similar[0] == near


@given(st.lists(st.sampled_from(["", "土木12", "土木13", "9"]), max_size=3), st.booleans(), st.permutations(TWINS))
def test_a_subject_makes_no_match_of_rows_that_do_not_fit_by_themselves(numbers, decides, rows):
    for said in (fields(project_name="別の工事", number="9"), fields(contractor="別の会社", number="9")):
        found = with_subject(said, SubjectFields(tuple(numbers)), *rows, decides=decides)
        assert isinstance(found, Unmatched)


# -- characters that the register lost

LOST_WORDS = "（台帳の〓は、表せなかった文字）"


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"contractor": f"〓{FIRM[1:]}"}, f"受注者名が台帳と一致{LOST_WORDS}"),
        ({"contractor": f"〓〓{FIRM[1:]}"}, f"受注者名が台帳と一致{LOST_WORDS}"),  # one of a higher plane, lost as two
        ({"project_name": f"{WORK[:1]}〓{WORK[2:]}"}, f"工事名が台帳と一致{LOST_WORDS}"),
        ({"project_name": f"〓{WORK[1:]}"}, f"工事名が台帳と一致{LOST_WORDS}"),
    ],
)
def test_a_lost_character_stands_for_any_one_and_decides_nothing_by_itself(known: dict[str, str], words: str):
    row = guarantee(**known)
    found = verdict(fields(), row)
    assert isinstance(found, Matched)
    assert words in found.evidence
    both = verdict(fields(), guarantee(contractor=f"〓{FIRM[1:]}", project_name=f"{WORK[:1]}〓{WORK[2:]}"))
    assert isinstance(both, Conflicting)
    assert both.reasons == (Why.NAMES_MISSING,)
    numberless = verdict(fields(), replace(row, number=""))
    assert isinstance(numberless, Unmatched)
    assert numberless.similar == (replace(row, number=""),)


@pytest.mark.parametrize("contractor", [f"〓{FIRM}", f"〓〓{FIRM[3:]}x", "〓〓〓〓〓株式会社", f"〓{FIRM[1:-1]}x"])
def test_more_than_the_lost_characters_is_another_firm(contractor: str):
    found = verdict(fields(), guarantee(contractor=contractor))
    assert isinstance(found, Conflicting)
    assert found.reasons == (Why.CONTRACTOR_DIFFERS,)


def test_a_lost_mark_that_folding_takes_away_is_a_lost_character_too():
    found = verdict(fields(project_name="市道１号〜２号線舗装工事"), guarantee(project_name="市道１号〓２号線舗装工事"))
    assert isinstance(found, Matched)
    assert f"工事名が台帳と一致{LOST_WORDS}" in found.evidence


# -- the sieve before the comparison

_WORKS = (
    WORK,
    f"{WORK}その２",
    "市道第４号線舗装修繕工事",
    "庁舎改修工事",
    "廳舎改修工事",
    "第一小学校体育館新築工事",
    "",
)
_FIRMS = (
    *(FIRM, "見本建設㈱", "(有)見本建設", "渡邊組", "株式会社渡辺組", "株〓会社見本建設", "見〓建設株式会社", ""),
    *(
        "見本・例特定建設工事共同企業体",
        "見本・例JV 代表者 見本建設株式会社",
        "代表者 例土木株式会社",
        "例土木株式会社",
    ),
)


@given(
    st.sampled_from(_WORKS),
    st.sampled_from(_FIRMS),
    st.sampled_from([NUMBER, NUMBER[:-1], "", "99999-999999"]),
    st.sampled_from(_WORKS),
    st.sampled_from(_FIRMS),
    st.sampled_from(["", "見本・例特定建設工事共同企業体"]),
)
def test_the_sieve_lets_every_similar_row_through(work, firm, number, other_work, other_firm, jv_name):
    said = fields(project_name=work, contractor=firm, number=number)
    row = guarantee(project_name=other_work, contractor=other_firm, jv_name=jv_name)
    folded = FoldedRow(
        row.number, fold_name(other_work), fold_contractor(other_firm), contractor_core(other_firm), fold_name(jv_name)
    )
    assert may_score(said, folded) or (score(said, row) < 60 and not is_near_number(number, row.number))


def test_the_sieve_holds_back_what_has_nothing_in_common():
    row = FoldedRow("", fold_name("水路改修工事"), fold_contractor("例土木有限会社"), "例土木", "")
    assert not may_score(fields(), row)
