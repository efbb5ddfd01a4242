"""What may be asked about of an unclear answer, and which answers are a bare はい: nothing is asked that a sentence beside may turn round."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clerk.answer.assent import assent_in
from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.clerk.answer.proposal import NOTHING, proposable_in
from bot.core.mail.parse import parse_mail
from bot.core.records.clerk_orders import Assent, Command
from bot.core.text.persons import names_of
from tests.core.clerk.test_written_answers import SETS
from tests.mail_programs import PROGRAMS, answer

ODD = "業者が倒産しました。"
"""Nothing that may stand beside 承認, whatever the grammar learns."""
PRAISE = "金額は一致しています。"
"""Nor this beside 差戻し."""
REASON = "工期が契約書と異なるため"

ASKED = [
    (f"承認します。{ODD}", ["承認"], [ODD]),
    (f"{ODD}承認します。", ["承認"], [ODD]),
    (f"承認します。\n{ODD}", ["承認"], [ODD]),
    (f"お疲れ様です。契約課の山田です。\n承認します。{ODD}\nよろしくお願いします。", ["承認"], [ODD]),
    (f"承認でお願いします。{ODD}\n\n-- \n契約課 山田太郎\n内線 1234", ["承認"], [ODD]),
    (f"確認しました。承認します。{ODD}よろしくお願いします。", ["承認"], [ODD]),
    (f"2番で承認します。{ODD}", ["2番"], [ODD]),
    (f"1件目は承認です。{ODD}", ["1件目 承認"], [ODD]),
    (f"1件目は承認します。{ODD}\n2件目は差戻し {REASON}", ["1件目 承認", f"2件目 差戻し {REASON}"], [ODD]),
    (f"{PRAISE}\n差戻し {REASON}", [f"差戻し {REASON}"], [PRAISE]),
    (f"1件目 承認\n{ODD}\n2件目 承認", ["1件目 承認", "2件目 承認"], [ODD]),
    (f"2件とも承認します。{ODD}", ["全件 承認"], [ODD]),
    (f"確認済です。{ODD}", ["確認済"], [ODD]),
    (f"なし。{ODD}", ["なし"], [ODD]),
    ("電話がつながりません。対応済", ["対応済"], ["電話がつながりません。"]),
    (f"訂正 保証契約番号 41207-330918\n\n{ODD}", ["訂正 41207-330918"], [ODD]),
    (f"20261122-0042-1 承認\n{ODD}", ["20261122-0042-1 承認"], [ODD]),
    # what contradicts is a person's to weigh: the letter quotes it
    ("承認します。契約は流れました。", ["承認"], ["契約は流れました。"]),
    ("承認\n工期が変わりました", ["承認"], ["工期が変わりました"]),
    ("金額が違います。承認", ["承認"], ["金額が違います。"]),
    ("確認済。証書は一致していましたが期限は切れています。", ["確認済"], ["証書は一致していましたが期限は切れています。"]),
    ("2番です。2番は去年の工事です", ["2番"], ["2番は去年の工事です"]),
    ("1件目 承認\n2件目は後で", ["1件目 承認"], ["2件目は後で"]),
    ("1件目　承認\n2件目　確認しました\n3件目　承認", ["1件目 承認", "3件目 承認"], ["2件目　確認しました"]),
    ("承認します。業者は「倒産。閉店です」と申しております。", ["承認"], ["業者は「倒産。閉店です」と申しております。"]),
]  # fmt: skip

NOTHING_ASKED = [
    # clear, or nothing at all
    "承認します。",
    "",
    "よろしくお願いします。",
    ODD,
    f"{ODD}{ODD}",
    # the order itself is denied, asked about or set under a condition
    "承認しないでください。",
    "承認してよいでしょうか。",
    "承認してもよろしいですか",
    "課長が戻ったら承認します。",
    "問題なければ承認でお願いします。",
    "承認はまだできません。",
    "承認の方向で検討します。",
    "承認でよいと思います。",
    "承認かと思います。",
    f"承認してよいでしょうか。{ODD}",
    f"課長が戻ったら承認します。{ODD}",
    f"確認できませんので承認します。{ODD}",
    # a sentence beside it denies, asks, sets a condition, takes back or puts off
    "承認します。ただし、金額は来週確認します。",
    "承認します。やっぱり保留で。",
    "承認します。いえ、待ってください。",
    "承認\n撤回します",
    "承認\n上の承認は取り消します",
    "承認します。これでよいでしょうか。",
    "承認します。これで合っていますか？",
    "承認します。課長の了解が取れたら。",
    "承認します。議会で可決された場合です。",
    "承認します。変更契約の締結後に。",
    "承認\n変更届を確認の上",
    "承認します。勘違いでした。",
    "承認\n間違えて送りました",
    "承認します。別のメールへの返信です。",
    "承認します。まだ契約書を見ていません。",
    "承認します。課内で確認中です。",
    "承認します。明日改めて回答します。",
    "承認します。課長がだめと言っています。",
    "承認\n課長：×",
    "承認\n契約課\n再考",
    "承認でお願いします。と課長が言っていました。",
    "承認でお願いします。と言いたいところですが、工期がずれています。",
    "承認\n失礼しました",
    "承認\nすみません",
    "承認。ほぼ合っている気がします。",
    "承認します。自信はありません。",
    "承認\n1件目以外です",
    "承認\n差戻しの練習です",
    # two orders for a case, an order that lacks its reason, or a reason with something unclear in it
    f"承認します。差戻しです。{ODD}",
    f"差戻し\n{ODD}",
    f"差戻し。{ODD}",
    f"1件目 差戻し\n2件目 承認\n{ODD}",
    f"差戻し {REASON}\n承認でも構いません",
    f"私の計算違いでした。\n差戻し {REASON}",
    "承認します。出し直しを待つことになりました。",
    f"差戻し {REASON}\n（理由は仮です）",
    f"差戻し 工期が違うような気がします。{ODD}",
    "訂正 工事名 市道第6号線改良工事\n（その2、変更後）",
    f"訂正 工事名 市道第6号線改良工事。{ODD}",
    # all of them, beside what may be an exception; a stop, and what only tells
    f"全件承認します。{ODD}",
    f"残りは承認です。{ODD}",
    f"停止\n{ODD}",
    f"キー\n{ODD}",
    f"照会 市道\n{ODD}",
    # below a signature, or in text that nobody surely sees
    f"承認します。{ODD}\n--\n承認は取り消します",
    f"承認します。{ODD}\n\ufffc",
]  # fmt: skip


def shown(order: Command) -> str:
    cases = "全件" if order.is_for_all else "・".join(f"{place}件目" for place in order.cases) or order.receipt
    word = f"{order.candidate}番" if order.candidate else order.verb.words
    return " ".join(filter(None, (cases, word, order.words)))


@pytest.mark.parametrize(("text", "orders", "unread"), ASKED)
def test_a_plain_order_beside_what_is_not_understood_is_asked_about(
    text: str, orders: list[str], unread: list[str]
) -> None:
    assert read_answer((text,)).unclear != ()
    found = proposable_in((text,))
    assert [shown(one) for one in found.orders] == orders
    assert list(found.unread) == unread


@pytest.mark.parametrize("text", NOTHING_ASKED)
def test_what_may_be_turned_round_is_not_asked_about(text: str) -> None:
    found = proposable_in((text,))
    assert found == NOTHING or not read_answer((text,)).unclear


def test_of_unclear_answers_hardly_any_is_asked_about() -> None:
    """By those who had not seen the grammar; what is asked about contradicts itself, and the letter quotes it."""
    texts = [row["text"] for name in ("unclear, looked at", "unclear, kept back") for row in SETS[name]()]
    asked = [text for text in texts if proposable_in((text,)).orders and read_answer((text,)).unclear]
    assert len(asked) <= 0.06 * len(texts)


def test_two_ways_of_one_mail_must_agree() -> None:
    one, other = f"承認します。{ODD}", f"確認済。{ODD}"
    assert proposable_in((one, one)).orders != ()
    assert proposable_in((one, "")).orders != ()
    assert proposable_in((one, other)) == NOTHING
    assert assent_in(("はい", "はい。")) is Assent.YES
    assert assent_in(("はい", "いいえ")) is None
    assert assent_in(("はい", "承認")) is None
    assert assent_in(("はい", "")) is Assent.YES


PIECES = (
    "承認します。",
    "差戻し 工期が違います。",
    "1件目",
    "2件目 承認",
    ODD,
    "取り消します。",
    "ただし、",
    "か",
    "？",
    "\n",
    "はい。",
    "全件",
)


@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_nothing_is_asked_about_but_what_is_read_without_the_rest(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = proposable_in((text,))
    assert bool(found.orders) == bool(found.unread)
    for sentence in found.unread:
        assert sentence in text
    assert found == NOTHING or not any(
        word in "".join(found.unread) for word in ("承認", "差戻", "取り消", "？", "ただし")
    )


YES = [
    "はい",
    "はい。",
    "はい！",
    "ハイ",
    "ﾊｲ",
    "「はい」",
    "はいです。",
    "はい。よろしくお願いします。",
    "はい、お願いします",
    "はい、お願いいたします。",
    "はい、よろしくお願いいたします",
    "はい、それでお願いします。",
    "はい、その内容でお願いします",
    "はい、上記のとおりお願いします。",
    "はい、そのとおりです。",
    "はい、間違いありません。",
    "はい、大丈夫です。",
    "はい、それで結構です。",
    "はい、処理をお願いします。",
    "お疲れ様です。契約課の山田です。\nはい。\nよろしくお願いいたします。",
    "お世話になっております。はい、お願いします。",
    "はい\n\n契約課 山田",
    "はい。\n\n契約課 契約係 山田 太郎\nTEL 0297-00-0000（内線 1234）\nyamada@city.example.jp",
    "はい\n-- \n契約課 山田太郎",
    "はい\n\n小鳥遊",
    "お疲れ様です。\n\nはい\n――― 返信はこの行より上に書いてください ―――\n\n契約課 ご担当者様",
]
NO = [
    "いいえ",
    "いいえ。",
    "いえ、違います",
    "いいえ、違います。",
    "違います。",
    "お疲れ様です。\nいいえ。\n契約課 山田",
]
NEITHER = [
    "",
    "はい？",
    "はい…",
    "はい・・・",
    "はい、ただし2件目は保留",
    "はい、でも",
    "はい、お願いできますか",
    "はい、結構です",
    "はいではありません",
    "はいはい",
    "はい、承認します",
    "はい\n承認",
    "はい\n1件目だけ",
    "はい、1件目",
    "はい。やっぱり差戻し",
    "はい。ただし、明日にしてください。",
    "はい。いいえ。",
    "はい\nはい",
    "はい\n--\n承認は取り消します",
    "はい\n\ufffc",
    "了解しました",
    "承知しました。",
    "はい。承知しました。",
    "はい。了解です。",
    "はい\n\n契約課 山田\n------\n※2件目を除く",
    "はい\n-- \n山田\nいいえ",
    "OK",
    "OKです",
    "大丈夫です",
    "お願いします",
    "それでお願いします",
    "問題ありません",
    "よろしくお願いします。",
    "確認しました",
    "はい。確認中です",
    "はいと返信すればよいのでしょうか",
    "「はい」とだけ返信してください",
    "承認",
    "> はい",
    "自動応答: はい、受け取りました",
]


@pytest.mark.parametrize(
    ("text", "says"),
    [(one, Assent.YES) for one in YES] + [(one, Assent.NO) for one in NO] + [(one, None) for one in NEITHER],
)
def test_a_bare_yes_or_no_is_one_of_few_forms(text: str, says: Assent | None) -> None:
    assert assent_in((text,), own=names_of(("小鳥遊",))) is says


ASKING = (Path(__file__).parents[2] / "letters" / "desk_help-asks.txt").read_text("utf-8").split("\n\n", 1)[1]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("words", "says"),
    [("はい", Assent.YES), ("お疲れ様です。\nはい、お願いします。", Assent.YES), ("承認します", None)],
)
def test_a_yes_is_read_from_each_mail_program(program: str, words: str, says: Assent | None) -> None:
    sent = answer("確認", ASKING, "<a@x.jp>", words, program=program, sender="a@x.jp", inbox="b@x.jp", count=1, mx="mx")
    mail = parse_mail(sent.as_bytes()).mail
    for letter in (ASKING, ""):
        assert assent_in(mail.sayings, letter) is says


def test_a_quotation_says_nothing_and_a_yes_within_it_is_for_what_stands_above() -> None:
    letter = "――― 返信はこの行より上に書いてください ―――\n\n　1件目（受付番号 20261122-0042-1）：承認\n　2件目（受付番号 20261122-0042-2）：承認\n「はい」とだけ返信してください。"
    quoted = "\n".join(f"> {line}" for line in letter.splitlines())
    assert assent_in((f"はい\n\n2026年11月24日(火) 10:00 受付 <a@city.example.jp>:\n{quoted}\n",), letter) is Assent.YES
    assert assent_in((quoted,), letter) is None
    above, below = quoted.split("\n> 　2件目")
    assert assent_in((f"{above}\nはい\n> 　2件目{below}",), letter) is None
