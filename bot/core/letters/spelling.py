"""The spelling of official documents (公用文): what we don't write, and what we write instead.

Called by outbound/template_check.py for a city's letters, and by a test for all that this program says. It is for words of our
own: what others wrote is never looked at. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bot.core.text.lazy_pattern import LazyPattern

# Wrong stem, right stem, and what follows it.
_STEMS = (
    ("受付し", "受け付け", "ま て た"),
    ("支払い", "支払", "期 日 先 方"),
    ("取消", "取り消", "しまし します しませ した して され"),
    ("差戻", "差し戻", "しまし します しませ した して され"),
    ("頂", "いただ", "きま きた き、 く ける けま けな けれ いた いて"),
    ("出来", "でき", "ま る な ず"),
    ("わか", "分か", "りま る らな った"),
    ("行な", "行", "いま う って った われ わな"),
)
WORDS = {
    "手続き": "手続",
    "届け出": "届出",
    "受付いたしま": "受け付けま",
    "受付でき": "受け付けられ",
    "受付され": "受け付けられ",
    "問い合わせ先": "問合せ先",
    "見積もり": "見積り",
    "すでに": "既に",
    "すべて": "全て",
    "または": "又は",
    "および": "及び",
    "ならびに": "並びに",
    "もしくは": "若しくは",
    "下さい": "ください",
    "次の通り": "次のとおり",
    "下記の通り": "下記のとおり",
    "以下の通り": "以下のとおり",
    "上記の通り": "上記のとおり",
    "従来通り": "従来どおり",
    "予定通り": "予定どおり",
    "有難う": "ありがとう",
    "有り難う": "ありがとう",
    "宜しく": "よろしく",
    "但し": "ただし",
    "たとえば": "例えば",
    "かならず": "必ず",
    "ふたたび": "再び",
    "あらためて": "改めて",
    "予め": "あらかじめ",
    "御座い": "ござい",
    **{f"{wrong}{end}": f"{right}{end}" for wrong, right, ends in _STEMS for end in ends.split()},
}
"""Wrong → right, wherever it stands."""

NOUNS = {
    "支払い": "支払",
    "申し込み": "申込み",
    "取り扱い": "取扱い",
    "読み取り": "読取り",
    "取り消し": "取消し",
    "取り込み": "取込み",
    "取り下げ": "取下げ",
    "差し戻し": "差戻し",
    "差し込み": "差込み",
    "差し替え": "差替え",
    "受け取り": "受取",
    "受け付け": "受付",
    "受け渡し": "受渡し",
    "問い合わせ": "問合せ",
    "申し出": "申出",
    "打ち合わせ": "打合せ",
    "組み合わせ": "組合せ",
    "切り替え": "切替え",
    "引き渡し": "引渡し",
    "引き継ぎ": "引継ぎ",
    "書き換え": "書換え",
    "書き込み": "書込み",
    "入れ替え": "入替え",
    "貼り付け": "貼付け",
    "繰り返し": "繰返し",
    "割り当て": "割当て",
    "払い込み": "払込み",
    "振り込み": "振込み",
    "締め切り": "締切り",
    "取消": "取消し",
    "差戻": "差戻し",
    "申込": "申込み",
}
"""Wrong → right as a noun; as a verb (読み取ります、申し込みください) it is spelled so. A noun has a particle behind it."""

HELPERS = {"致しま": "いたしま", "致しか": "いたしか"}
"""Wrong → right behind another word; 一致します and its like are words of their own."""

_NOUN_ENDS = "の|を|が|は|へ|について|により|による|に関"
_WRONG = LazyPattern(
    f"({'|'.join(sorted(WORDS, key=len, reverse=True))})|({'|'.join(NOUNS)})(?:{_NOUN_ENDS})|[^一合招誘極筆]({'|'.join(HELPERS)})"
)
_IS_ADVERB = LazyPattern("さらに[^、]")  # as a conjunction it stays: さらに、
_CITED = LazyPattern("「[^「」。]{1,40}」|『[^『』。]{1,40}』")


def misspelt(text: str, names: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Each wrong spelling and the right one, in their order. `names`: proper names, which are spelled as they are."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, "")
    for found in _WRONG.finditer(text):
        for place, right in enumerate((WORDS, NOUNS, HELPERS), 1):
            if wrong := found.group(place):
                yield wrong, right[wrong]
    if _IS_ADVERB.search(text):
        yield "さらに", "更に"


def without_citations(text: str) -> str:
    """The text without what stands in quotation marks: the words of a button, a title or a person are as they are."""
    return _CITED.sub("「」", text)
