"""RE2 finds in every text what Python's engine finds, and no pattern gets an engine that it could make slow."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from re import _parser as parser

import pytest
from hypothesis import settings

from bot.core.mail.parse import parse_mail
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.re2_language import SlowPatternError
from bot.core.text.regex_cost import needed_words
from tests.patterns import as_text, atoms, by_python, every_pattern

MAILS = Path(__file__).resolve().parents[2] / "corpus" / "mails"
COMMON = ["あ", "工事", "第1号", "1", "12", "ab", "A", " ", "\u3000", "、", "。", "-", "ー", "@", "."]


@cache
def by_re2():
    """Each with the words that it needs, as in a reading child."""
    found = [one for one in every_pattern().values() if not isinstance(one.compiled, re.Pattern)]
    for one in found:
        one.compiled.learn(one.flags)
    return found


def spans(found):
    return None if found is None else [found.span(group) for group in range(len(found.groups()) + 1)]


def all_found(pattern, text):
    return (
        [spans(one) for one in pattern.finditer(text)],
        pattern.findall(text),
        pattern.split(text),
        pattern.sub(lambda found: found[0] + found[0], text),
        spans(pattern.match(text)),
        spans(pattern.fullmatch(text)),
        spans(pattern.search(text)),
        *([spans(pattern.search(text, place)), spans(pattern.match(text, place))] for place in (3, 1, len(text))),
    )


def test_most_patterns_of_a_line_stay_with_the_faster_engine(figure):
    every = len(every_pattern())
    figure(f"{every} patterns: {len(by_re2())} run by RE2, the others by Python's engine in bounded steps")
    assert 300 < len(by_re2()) < every - 300


def test_re2_finds_what_python_finds():
    """Random texts, not a property for each pattern: for 5 examples Hypothesis itself would take ten times what they take."""
    chance = random.Random()
    for pattern in by_re2():
        pieces = [*atoms(pattern), *COMMON]
        python = by_python(pattern)
        for _ in range(settings.default.max_examples // 5):
            # "$" is the end of the text, for Python also before a last line end.
            drawn = "".join(chance.choices(pieces, k=chance.randrange(13))).rstrip()
            text = as_text(pattern, drawn)
            assert all_found(pattern.compiled, text) == all_found(python, text), f"{pattern.pattern!r} in {text!r}"


def test_re2_finds_what_python_finds_in_mails(request):
    every = 1 if request.config.getoption("--slow") else 20
    lines = set()
    for file in sorted(MAILS.glob("*.eml"))[::every]:
        mail = parse_mail(file.read_bytes()).mail
        lines |= {line[:24].rstrip() for line in (mail.subject, *mail.body.splitlines())}
    chosen = sorted(lines)
    assert len(chosen) > 20
    for pattern in by_re2():
        python = by_python(pattern)
        for line in chosen:
            text = as_text(pattern, line)
            assert all_found(pattern.compiled, text) == all_found(python, text), pattern.pattern


# What Python and RE2 write in two ways; each is run by RE2, since a piece of it may repeat without end.
TWO_WAYS = [
    *(
        r"[]a]+x",
        r"[^]a]+x",
        r"[a[:]+x",
        r"[\w.-]+x",
        r"[-\s]+x",
        r"[\W]+x",
        r"[^\W]+x",
        r"[\Wab]+x",
        r"[\S,]+x",
        r"[^\d]+x",
    ),
    *(
        r"\s+x",
        r"\S+x",
        r"\d+x",
        r"\D+x",
        r"\w+x",
        r"\W+x",
        r"[\b]+x",
        r"[a\-z\]\\]+x",
        r"[\u3041-\u3093]+x",
        r"\u3042+x",
    ),
    *(
        r"a+b{,2}x",
        r"a+b{,}x",
        r"a+{,b",
        r"a+{x}",
        r"a+\{,2}x",
        r"\x61+\0?x",
        r"\U00003042+x",
        r"a+\_x",
        r"a+\、x",
        r"\[a+\]",
    ),
    *(
        r"(?i)A+x",
        r"(?i:A)+x",
        r"(?s).+x",
        r"(?m)^a+x$",
        r"(?P<one>a)+x",
        r"a+x\Z",
        r"\Aa+x",
        r"(?a:\b)a+x",
        r"a+x$",
        r".*工x",
    ),
]
PARTS = [
    "a",
    "A",
    "b",
    "bb",
    "x",
    "{,2}",
    "{x}",
    "{",
    ",",
    "[",
    "]",
    ":",
    "-",
    "\\",
    " ",
    "\u3000",
    "1",
    "１",
    "_",
    "あ",
    "、",
    "\n",
    "\x08",
    "工",
]


def test_what_python_and_re2_write_in_two_ways_means_the_same_to_both():
    chance = random.Random(1)
    texts = [
        "".join(chance.choices(PARTS, k=chance.randrange(9))).rstrip() + end for end in ("", "x") for _ in range(60)
    ]
    for written in TWO_WAYS:
        pattern = LazyPattern(written)
        assert not isinstance(pattern.compiled, re.Pattern), written
        python = by_python(pattern)
        for text in texts:
            assert all_found(pattern.compiled, text) == all_found(python, text), f"{written!r} in {text!r}"


def test_blanks_and_comments_of_a_verbose_pattern_are_no_part_of_it():
    pattern = LazyPattern("a+  # letters\n [ #]+  x", re.VERBOSE)
    assert not isinstance(pattern.compiled, re.Pattern)
    assert pattern.search("baa # x")[0] == "aa # x"


@pytest.mark.parametrize(
    "slow",
    [
        *(
            r"(a|b)*(?=c)",
            r"(.)\1",
            r"\s*+x",
            r"(?<!a)b+c",
            r"(\w+\s)*\b",
            r"(?>a+)b+c",
            r"a+[^\Wb]c",
            "[\ud800]+x",
            r"(?#a)b+c",
        ),
        *(
            r"a+(?P<one>b)(?P=one)",
            r"(a)?b+(?(1)c|d)",
            r"(?a:\w)+x",
            rb"(?P<one>a)+x",
            r"a+\N{DIGIT ONE}",
            "(?=a)" + "b" * 1000,
        ),
    ],
)
def test_what_no_engine_holds_to_linear_time_is_refused(slow):
    with pytest.raises(SlowPatternError):
        _ = LazyPattern(slow).compiled


@pytest.mark.parametrize(
    "bounded", [r"(?<=[0-9])-(?=[0-9])", r"[a-z]{1,9}(?![0-9])", r"[ \t]+", r"^\s*x", r"\bvacation\b"]
)
def test_what_takes_few_steps_at_each_place_runs_in_pythons_engine(bounded):
    assert isinstance(LazyPattern(bounded).compiled, re.Pattern)


@pytest.mark.parametrize(
    "long", [r"\s*x", r"(?m)^\s*x", r"(ab)+c", r"[a-z]+[0-9]+", r".*x", r"a{1,50}b{1,50}c{1,50}", r"x+y"]
)
def test_what_takes_many_steps_runs_in_re2(long):
    assert not isinstance(LazyPattern(long).compiled, re.Pattern)


def test_replacing_knows_groups_and_japanese():
    pattern = LazyPattern(r"(a+)(b)?c")
    assert pattern.sub(r"〔\2\1〕", "xaabcac") == "x〔baa〕〔a〕"
    assert pattern.sub("キー", "aac工") == "キー工"
    assert LazyPattern(rb"(a+)c").sub(rb"\1\1", b"aac\xff") == b"aaaa\xff"


def test_half_a_surrogate_pair_is_no_trouble():
    pattern = LazyPattern(r"\s*(x+)y")
    assert pattern.search("\ud83d  xxy")[1] == "xx"
    assert LazyPattern(r"\s*([^ ]+)y").search("x\udc00y")[1] == "x\udc00"
    assert pattern.sub("z", "\udc00xy\ud800") == "\udc00z\ud800"


@pytest.mark.parametrize(
    ("pattern", "flags", "words"),
    [
        ("添付.{0,60}(?:削除|除去)(?:し|され)", 0, (("添付",), ("削除", "除去"), ("し", "され"))),
        ("(?:前払金|契約)?保証(?:証)?書", 0, (("保証",), ("書",))),
        ("(?:年月日)+|日付", 0, (("年月日", "日付"),)),
        ("^.*届$|.*", 0, ()),
        ("[ab]c{2,3}d{0,1}", 0, (("c",),)),
        ("no.1", re.IGNORECASE, (("1",),)),
        ("(?i:no)の.*(?:x(?-i:yz)|w)", 0, (("の",), ("yz", "w"))),
        ("(?<=番)号(?!外)|第", 0, (("号", "第"),)),
        ("|".join("あいうえおかきくけこさしす"), 0, ()),
        ("|".join(f"{letter}1" for letter in "あいうえおかきくけこさしす"), 0, ()),
        ("行\ufffd", 0, (("行",),)),
    ],
)
def test_a_match_needs_words_of_its_pattern(pattern, flags, words):
    tree = parser.parse(pattern, flags)
    assert needed_words(tree, tree.state.flags) == words


def test_a_text_without_a_patterns_words_is_not_searched():
    pattern = LazyPattern(r"(?:添付|別添).{0,60}削除.*され")
    pattern.compiled.learn(pattern.flags)
    assert pattern.search("添付を削除され")[0] == "添付を削除され"
    assert [one[0] for one in pattern.finditer("別添は削除された")] == ["別添は削除され"]
    assert (pattern.search("添付を除去され"), list(pattern.finditer("添付"))) == (None, [])
    assert (pattern.sub("", "添付"), pattern.split("添付")) == ("添付", ["添付"])
