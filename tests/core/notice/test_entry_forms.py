"""What a clerk's form says: labelled lines in every manner of a mail program, the subject's words, and what is wrong in them."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.parse import parse_mail
from bot.core.notice.entry_forms import HOW, EntryForm, EntryTable, entered_how, form_text, forms_in_words
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import PRODUCT_NAMES, Product
from bot.core.records.secret import AuthKey

KEY, NUMBER = "aB3dEf6hIj9k", "10001-000001"
WORK, FIRM = "市道第５号線改良工事", "株式会社みほん建設"
FORM = f"工事名：{WORK}\n受注者名：{FIRM}\n保証区分：前払金保証\n保証契約番号：{NUMBER}\n認証キー：{KEY}\n"
SECOND = FORM.replace(NUMBER, "10001-000002").replace(KEY, "zY8xWv5uTs2r")


def words(body: str, formats: Formats | None = None) -> EntryTable:
    message = EmailMessage()
    message.set_content(body)
    found = forms_in_words(parse_mail(message.as_bytes()).mail, "FAX", formats or Formats(), "メール本文")
    return found or EntryTable("")


def entered(**changes: str) -> EntryForm:
    fields = {"number": NUMBER, "key": KEY, "sender": "", "how": "FAX", "work": WORK, "firm": FIRM} | changes
    key = AuthKey(fields["key"])
    return EntryForm(
        fields["number"], key, fields["work"], fields["firm"], Product.ADVANCE_PAYMENT, fields["sender"], fields["how"]
    )


@pytest.mark.parametrize(
    ("subject", "how"),
    [
        ("手入力", HOW),
        ("手入力 FAX", "FAX"),
        ("手入力　ＦＡＸ", "FAX"),
        ("【手入力】窓口", "窓口"),
        ("手入力（電子契約）", "電子契約"),
        ("手入力：FAX", "FAX"),
        ("手 入力", HOW),
        ("Re: 手入力 FAX", None),
        ("FAXの手入力について", None),
        ("手入力できません", None),
        ("手入力の方法を教えてください", None),
        ("手入力FAX", "FAX"),
        ("認証キー", None),
        ("", None),
    ],
)
def test_the_subject_says_that_notices_are_entered_and_how_they_came(subject: str, how: str | None) -> None:
    assert entered_how(subject) == how


def test_a_form_is_read_to_the_letter() -> None:
    assert words(
        f"お疲れ様です。\n\n{FORM}差出人：koji@kensetsu.example.jp\n受付方法：窓口\n\n契約課 山田\n"
    ) == EntryTable("メール本文", (entered(sender="koji@kensetsu.example.jp", how="窓口"),))


@pytest.mark.parametrize("between", ["\n", "---\n", "\n------------\n\n", "\n＊＊＊＊＊＊\n", "====\n"])
def test_several_stand_below_each_other(between: str) -> None:
    found = words(FORM + between + SECOND)
    assert found.forms == (entered(), entered(number="10001-000002", key="zY8xWv5uTs2r"))
    assert found.wrong == ()


@pytest.mark.parametrize(
    "body",
    [
        FORM.replace("\n", "\n\n"),  # double-spaced
        FORM.replace("：", ": "),
        "".join(f"　・{line}\n" for line in FORM.splitlines()),
        FORM.replace("工事名", "件名")
        .replace("保証区分", "商品（保証区分）")
        .replace("受注者名", "受注者名（ＪＶの場合は代表者）"),
        FORM.replace(NUMBER, "１０００１－０００００１"),
        FORM + "\n-- \n契約課 山田\nMail: yamada@city.example.jp\nTEL: 0297-00-0000\n",
        FORM.replace("第５号線", "\n第５号線"),  # a line that a mail program has broken
        "> 工事名：前の工事\n" + FORM,
    ],
)
def test_however_it_is_laid_out(body: str) -> None:
    assert words(body) == EntryTable("メール本文", (entered(),))


def test_own_words_for_columns_count_here_too() -> None:
    formats = Formats(columns=(("契約の名称", "工事名"),))
    assert words(FORM.replace("工事名", "契約の名称"), formats).forms == (entered(),)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((KEY, ""), "1件目: 保証契約番号か認証キーがありません"),
        ((f"保証契約番号：{NUMBER}\n", ""), "1件目: 保証契約番号か認証キーがありません"),
        ((f"受注者名：{FIRM}\n", ""), "1件目 受注者名: 必須の項目が空です。"),
        ((KEY, "1.2E+11"), "1件目 認証キー: 認証キーがExcelにより数値に変わっています。"),
        ((KEY, "************"), "1件目 認証キー: 伏せ字の認証キーは取り込めません。"),
        ((KEY, f"{KEY} です"), "1件目 認証キー: 認証キーに半角英数字・記号以外の文字"),
        ((NUMBER, "第五号"), "1件目 保証契約番号: 保証契約番号として読み取れません。"),
        (("前払金保証", "入札"), "1件目 保証区分: 保証区分が分かりません。"),
        ((f"認証キー：{KEY}\n", f"認証キー：{KEY}\n認証キー：zY8xWv5uTs2r\n"), "1件目: 「認証キー」が2つあります"),
        ((f"認証キー：{KEY}\n", f"認証キー：{KEY}\n差出人：koji\n"), "1件目 差出人: メールアドレスとして"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_taken(change: tuple[str, str], told: str) -> None:
    found = words(FORM.replace(*change) + "\n" + SECOND)
    assert [one.number for one in found.forms] == ["10001-000002"]
    (wrong,) = found.wrong
    assert wrong.startswith(told)
    assert KEY not in wrong


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["・" + " " * 100_000 + "x", "x" * 100_000, "・" * 100_000, "工事名" + " " * 100_000])
def test_no_line_is_too_long_to_be_looked_at(line: str) -> None:
    assert words(f"{line}\n\n{FORM}").forms == (entered(),)


def test_two_that_contradict_each_other_are_not_both_taken() -> None:
    found = words(FORM + "\n" + FORM.replace(KEY, "zY8xWv5uTs2r"))
    assert found.forms == (entered(),)
    assert "内容が異なります" in found.wrong[0]


def test_more_than_a_mail_may_bring_is_not_taken_at_all() -> None:
    found = words("\n".join(FORM.replace(NUMBER, f"10001-{n:06}") for n in range(101)))
    assert found.forms == ()
    assert found.wrong == ("101件あります。1通のメールで受け付けるのは100件までです。分けて送ってください",)


@pytest.mark.parametrize(
    "body",
    ["", "明日FAXで届くお知らせを入力します。\n", "契約課 山田\nメールアドレス：y@city.example.jp\n受付方法：FAX\n"],
)
def test_what_is_no_form_is_none(body: str) -> None:
    assert words(body) == EntryTable("")


KEYS = st.from_regex(r"[0-9A-Za-z!#-+\--/;-@^_{}~]{4,64}", fullmatch=True).filter(lambda key: "***" not in key)
NAMES = st.text("市道線改良工事建設株式会社０１２ABcd（）・", min_size=4, max_size=40).filter(
    lambda name: name == name.strip("・（）")
)


@given(KEYS, NAMES, NAMES, st.sampled_from([one for one in PRODUCT_NAMES if one is not Product.OTHER]))
def test_what_is_written_is_read_again(key: str, work: str, firm: str, product: Product) -> None:
    form = EntryForm(NUMBER, AuthKey(key), work, firm, product, how="FAX")
    found = words(form_text(form) + "\n")
    assert found.forms == (form,) or found.wrong  # 12E3 is what a spreadsheet makes, and is refused


@given(st.text(max_size=300))
def test_any_words_are_read_without_trouble(body: str) -> None:
    words(body.encode("utf-8", "replace").decode())
