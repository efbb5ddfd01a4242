"""Kinds of refusals: every name means one kind, and what a clerk wrote is a kind only where nothing else can be meant."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clerk.actions import Action, refuse
from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.clerk.answer.refusal_grammar import kind_in, kind_named, refusal_lines, refusal_note
from bot.core.letters.to_contractors import SentBack
from bot.core.mail.reply_text import answered_words
from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import SubmissionState
from tests.core.verdict.cases import POLICY, submission

NAMES = [(name, kind) for kind in Refusal for name in (kind.words, *kind.others)]


def test_every_kind_has_words_for_clerks_and_there_are_more_than_twenty():
    assert len(Refusal) >= 22
    assert len(list(refusal_lines())) == len(Refusal)
    assert len({kind.means for kind in Refusal}) == len(Refusal)


def test_no_name_stands_for_two_kinds():
    folded = ["".join(unicodedata.normalize("NFKC", name).lower().split()) for name, _ in NAMES]
    assert sorted(set(folded)) == sorted(folded)


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_each_name_is_its_own_kind_alone_and_with_words(name, kind):
    alone = kind_in(name)
    assert alone is not None
    assert (alone.kind, alone.typed, alone.own) == (kind, name, "")
    for joint in (" ", "　", "、", "：", "\n", "。"):
        said = kind_in(f"{name}{joint}11月27日までにお願いします")
        assert said is not None
        assert (said.kind, said.own) == (kind, "11月27日までにお願いします")
    assert kind_named(name) is kind


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_each_name_can_be_written_in_an_answer(name, kind):
    (order,) = read_orders(answered_words(f"差戻し {name}\n\n契約課 山田")).orders
    act = refuse(submission(SubmissionState.HELD), order.words, POLICY)
    assert isinstance(act, Action)
    assert act.judgement.refusal is kind


@pytest.mark.parametrize("kind", list(Refusal))
def test_a_kind_is_also_named_by_its_value(kind):
    assert kind_named(kind.value) is kind


@pytest.mark.parametrize(
    "words",
    [
        "工期が契約書と異なります",  # a whole sentence goes out as the clerk wrote it
        "工期の終わりが契約書と合いません",
        "保証期限と工事名",
        "工事名、受注者名",
        "工事名・受注者名",
        "工事名 受注者名とも異なる",
        "工期 は正しいのですが、金額が違います",
        "工期 問題ありません",
        "工期以外",
        "保証契約番号の最後の桁",
        "別の市道の工事",
        "対象外国人",
        "金額",  # of which of two
        "番号",
        "",
        "　",
        "理由",
    ],
)
def test_what_may_mean_more_is_no_kind(words):
    assert kind_in(words) is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("保証期限切れ", Refusal.EXPIRED),
        ("保証期限不足", Refusal.EXPIRES_EARLY),
        ("保証金額不足", Refusal.AMOUNT_SHORT),
        ("保証金額 相違", Refusal.AMOUNT),
        ("別の認証キー", Refusal.OTHER_KEY),
        ("変更前の内容", Refusal.BEFORE_CHANGE),
        ("ｊｖ名", Refusal.JOINT_VENTURE),
        ("「保証期限」", Refusal.EXPIRES_EARLY),
        ("【工期】3月31日まで", Refusal.WORKS_PERIOD),
        ("請求書 なし", Refusal.NO_CLAIM),
        ("工期違いのため", Refusal.WORKS_PERIOD),
    ],
)
def test_the_longest_name_counts_in_any_width(words, kind):
    assert kind_named(words.split("3")[0].rstrip()) is kind
    said = kind_in(words)
    assert said is not None
    assert said.kind is kind


def test_a_name_that_nobody_knows_is_none():
    assert kind_named("気に入らない") is None
    assert kind_named("保証期限 3月31日まで") is None


WORDS = st.text(
    st.one_of(
        st.sampled_from("工期保証限金額番号のがは、。 　\n「」【】()・：3月日までＪＶjv異なる違い不足㈱①"),
        st.characters(),
    ),
    max_size=60,
)
REASONS = st.one_of(
    WORDS,
    st.builds(
        lambda one, joint, rest: f"{one[0]}{joint}{rest}", st.sampled_from(NAMES), st.sampled_from(" 　、：\n("), WORDS
    ),
)


@given(REASONS)
def test_no_word_of_a_reason_is_lost(reason):
    said = kind_in(reason)
    if said is not None:
        kept = {one for one in f"{said.typed}{said.own}" if one.isalnum()}
        assert {one for one in reason if one.isalnum()} == kept
        assert said.own in reason
    assert reason in refusal_note(said.kind if said else None, reason)


@given(REASONS)
def test_whatever_a_clerk_writes_goes_to_the_contractor_and_into_the_journal(reason):
    act = refuse(submission(SubmissionState.HELD), reason, POLICY, SubmissionReason.DSURE_DIFFERS)
    if not isinstance(act, Action) or not isinstance(act.letter, SentBack):
        return
    said, letter = kind_in(act.judgement.note.partition("】")[2]), act.letter
    if letter.refusal is None:
        assert letter.clerk_reason.removesuffix("。") == act.judgement.note.removesuffix("。")
    else:
        assert act.judgement.note.startswith(f"【{letter.refusal.words}】")
        assert said is not None
        assert letter.clerk_reason.removesuffix("。") == said.own.removesuffix("。")
