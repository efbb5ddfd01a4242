"""Sentences in open words beside 承認, read by their words: what each says, and that no contradiction in known words acts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.clerk.answer.understanding import LetterKind, understand
from bot.core.clerk.sentence.clause_sense import Sense
from bot.core.clerk.sentence.sentences import sense_of
from bot.core.clerk.sentence.words import MOST_CHARACTERS, vocabulary, words_in

SAYS = {
    Sense.WELL: """
        同じ会社です
        契約書と一致しています
        違いはありませんでした
        係長に確認したところ、間違いないとのことでした
        前株・後株は業者が古いひな形を使っていたためで、同一の会社です
        体育館の屋根の工事は当課の発注で、落札者もこの会社に間違いありません
        """,
    Sense.OURS: """
        台帳の入力漏れでした
        変更契約が台帳に反映されていません
        金額が違いますが、台帳の更新漏れです
        違うのは台帳の打ち間違いだと思います
        10月に社名変更をしており、台帳は旧社名のままでした
        """,
    Sense.SMALL: """
        表記の違いだけです
        「株式会社」が前か後ろかの違いでした
        支店名が付いているだけです
        変更届も受理しています
        社名が違いますが、同じ会社です
        """,
    Sense.TOLD: """
        台帳は帰庁後に直します
        業者には私から伝えます
        次回からは工事番号を件名に入れるよう、業者にはこちらから話しておきます
        昨日は画面に出ませんでしたが、今朝は表示されました
        課長まで供覧済みです
        """,
    Sense.DIFFERS: """
        金額が違います
        台帳の更新漏れですが、金額が違います
        """,
    Sense.UNCLEAR: """
        台帳が正しいです
        一致しません
        当課の工事ではありません
        合っていると思います
        業者に確認します
        契約は流れました
        """,
}
"""Each a line."""


def lines(text: str) -> list[str]:
    return [one.strip() for one in text.splitlines() if one.strip()]


@pytest.mark.parametrize("sense", SAYS)
def test_a_sentence_says_what_its_words_say(sense: Sense) -> None:
    told = {one: sense_of(one) for one in lines(SAYS[sense])}
    assert told == dict.fromkeys(told, sense)


BESIDE = ("承認します。{}。", "承認\n{}", "{}。承認", "{}が、承認します。", "{}ので承認します。", "確認済。{}")


def test_no_contradiction_in_words_of_the_office_acts() -> None:
    every = [form.format(one) for one in lines(CONTRADICTIONS) for form in BESIDE]
    assert [text for text in every if understand(read_answer((text,)), LetterKind.ALERT).acts] == []


def test_a_differently_spelled_word_is_the_same_word() -> None:
    spellings = (("ひな形", "雛形"), ("問い合わせ", "問合せ"), ("差し替え", "差替え"))
    assert [words_in(one)[0].classes == words_in(other)[0].classes for one, other in spellings] == [True] * 3


def test_every_word_of_the_vocabulary_is_known_by_its_classes() -> None:
    assert len(vocabulary()) > 5000
    assert words_in("台帳")[0].classes == {"register"}
    assert words_in("あ" * (MOST_CHARACTERS + 1)) == ()


@given(st.text(st.sampled_from("承認台帳が違は古い、。です「」(同じ会社ません誤り12かので"), max_size=60))
def test_no_text_raises(text: str) -> None:
    assert sense_of(text) in Sense
    read_answer((text,))


@pytest.mark.process
def test_the_dictionary_is_loaded_when_a_sentence_is_read() -> None:
    code = """
import sys
from bot.core.clerk.answer import order_grammar
print("sudachipy" in sys.modules)
order_grammar.read_answer(("承認します。台帳の入力漏れでした。",))
print("sudachipy" in sys.modules)
"""
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


CONTRADICTIONS = """
    台帳が正しいです
    台帳の方が正しいです
    台帳のとおりではありません
    証書の金額が違います
    証書の金額は台帳と違います
    証書の番号が誤っています
    お知らせの工期が間違っています
    お知らせは変更前の金額です
    証書は変更前の工期のままです
    証書は旧社名のままです
    会社が違います
    会社名が違います
    業者が違います
    受注者が違います
    工事が違います
    工事名が違います
    金額が足りません
    保証金額が足りていません
    保証期限が工期より短いです
    期限が古いです
    契約書と一致しません
    契約書とは一致していません
    台帳と合っていません
    D-Sureと一致しませんでした
    確認していません
    証書を見ていません
    契約書は見ていません
    内容は確認できませんでした
    契約は締結していません
    契約書に押印がありません
    変更契約は締結していません
    変更届は出ていません
    変更届は受理していません
    課長の決裁をもらっていません
    係長は了承していません
    監督員は確認していません
    業者に電話しましたが、出ませんでした
    業者に確認します
    保証会社に問い合わせています
    課長に相談しています
    工事担当に聞いています
    証書を確認してから判断します
    金額を確認してから処理します
    台帳を直してから承認します
    業者に証書を直してもらいます
    証書を直してもらいました
    証書を書き直してもらいます
    金額を修正しました
    契約書を訂正しました
    番号を変更しました
    業者が訂正します
    業者が修正します
    同じ会社ではありません
    同じ工事ではありません
    同一の契約ではありません
    正しい番号ではありません
    当課の工事ではありません
    当課の契約ではないです
    当市の契約ではありません
    台帳の誤りではありません
    台帳の漏れではありません
    表記の違いではありません
    表記だけの違いではありません
    単なる書き間違いではありません
    一致しているのは会社名だけです
    合っているのは番号だけです
    正しいのは番号のみです
    番号は合っていますが、金額が違います
    会社名は同じですが、工事が違います
    契約書と一致していますが、工期が違います
    台帳の更新漏れですが、金額も違います
    台帳は古いですが、番号が誤っています
    表記の違いですが、会社が違います
    番号は一致、金額は不一致です
    会社名は一致、工期は相違です
    契約金額は正しくは500万円です
    正しい番号は12-3456です
    正しい工期は3月31日までです
    番号が正しければよいです
    金額が合えばよいです
    同じ会社なら問題ありません
    同じ会社でしょうか
    同じ会社ですか
    違いはありませんか
    合っていますよね
    合っているといいです
    合っていると思います
    一致していると思われます
    正しいようです
    同じ会社らしいです
    同じ会社のはずです
    同じ会社かもしれません
    一致したいです
    確認してください
    契約書を見てください
    台帳を直してください
    業者に連絡してください
    証書は現金に変わりました
    受注者が変わりました
    業者が変わりました
    工期が変わりました
    契約金額が変わりました
    契約は変更になります
    変更契約をします
    来月変更契約をします
    社名を変更します
    合併します
    1件目と同じです
    2件目は違います
    別の工事です
    別会社です
    前回の証書です
    昨年度の契約です
    契約は解除しました
    契約は中止になりました
    落札者は辞退しました
    会社は倒産しました
    証書は失効しています
    期限が切れています
    期限を過ぎています
    証書は無効です
    証書は偽物です
    重複しています
    二重に届いています
    承認はまだです
    決裁はまだです
    決裁待ちです
    保留です
    待っています
    ただし、金額は違います
    しかし、会社が違います
    金額の桁が違います
    金額が一桁違います
    保証金額は半額です
    差は10万円です
    消費税の差で100万円です
    証書の会社は台帳の会社と違います
    お知らせの会社は別の会社です
    印がありません
    印影が違います
    代表者が違います
    住所が違います
    支店が違います
    台帳にありません
    契約がありません
    該当がありません
    証書がありません
    契約書がありません
    担当が違います
    課が違います
    うちの工事と違います
    当課の台帳と違います
    当課の契約とは金額が違います
    台帳の金額と違います
    業者の書き間違いです
    業者の誤りです
    業者のミスです
    保証会社の誤りです
    証書の誤記です
    通知の誤りです
    押印漏れです
    記載漏れです
    金額の記載漏れです
    期限の入力漏れが証書にあります
    証書に漏れがあります
    証書に不備があります
    内容に不備があります
    金額に疑義があります
    問題があります
    支障があります
    いつも間違える業者です
    間違いの多い業者です
    社名変更前の会社です
    合併前の会社です
    合併後の会社とは違います
    旧番号の証書です
    旧契約の証書です
    当初契約の金額です
    変更前の契約の保証です
    工期延長前の期限です
    増額前の金額です
    変更契約の分は入っていません
    増額分は含まれていません
    延長後の工期に足りていません
"""
"""Written with words of vocabulary.toml alone, and with those that it calls against."""
