"""Letters with English second: the Japanese stays whole and first, the English says the same in its own words."""

from __future__ import annotations

import email
import re
from dataclasses import fields, replace
from email import policy

import pytest
from jinja2 import meta

from bot.core.letters.contexts import CONTEXT_OF
from bot.core.letters.drafts import Draft
from bot.core.letters.to_contractors import Difference, ReceiptDiffers, SentBack
from bot.core.mail.parse import parse_mail
from bot.core.notice.interpret import understand
from bot.core.notice.missing_notice import Request
from bot.core.notice.read_mail import ReadMail
from bot.core.policy.policy import Formats
from bot.core.records.refusal import Refusal
from bot.outbound.templates import ENGLISH_RULE, IN_ENGLISH, SUBJECT_CHARACTERS, environment
from bot.outbound.text_layout import COLUMNS, width
from tests.core.verdict.cases import INBOX, raw_mail
from tests.letters import letter_cases
from tests.letters.letter_cases import (
    ADVANCE,
    CASES,
    ENGLISH_COMPOSER,
    HERE,
    NOW,
    OFFICE,
    RECEIVED,
    bilingual,
    japanese,
    shown,
)

TO_CONTRACTORS = sorted(name for name, context in CASES.items() if context.letter in IN_ENGLISH)


def english(name: str) -> str:
    """The English part alone."""
    return bilingual(name).text.partition(f"\n{ENGLISH_RULE}\n")[2]


@pytest.mark.parametrize("name", letter_cases.IN_ENGLISH)
def test_a_letter_reads_as_its_golden_text(name):
    golden = (HERE / "english" / f"{name}.txt").read_text(encoding="utf-8")
    assert shown(bilingual(name)) == golden


def test_there_is_a_golden_text_for_each_case_and_each_letter_to_a_contractor_has_one():
    assert {path.stem for path in (HERE / "english").glob("*.txt")} == set(letter_cases.IN_ENGLISH)
    assert {CASES[name].letter for name in letter_cases.IN_ENGLISH} == IN_ENGLISH


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_japanese_is_whole_and_first_and_clerks_get_no_english(name):
    plain, both = japanese(name), bilingual(name)
    assert both.subject.startswith(plain.subject)
    if name in TO_CONTRACTORS:
        assert both.text.startswith(f"{plain.text}\n{ENGLISH_RULE}\n")
    else:
        assert both == plain


@pytest.mark.parametrize("name", TO_CONTRACTORS)
def test_the_english_fits_and_tells_who_wrote_and_how_he_is_reached(name):
    context, worded, text = CASES[name], bilingual(name), english(name)
    assert width(worded.subject) <= COLUMNS
    assert len(worded.subject) < SUBJECT_CHARACTERS
    assert context.office.department in text
    assert context.office.phone in text
    assert context.office.email in text
    assert "for reference" in text
    assert not re.search(r"https?:|www\.", text)


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d{5}-\d{6}|\d{8}-\d{4,}-\d+", text))


@pytest.mark.parametrize("name", TO_CONTRACTORS)
def test_the_english_has_the_same_numbers_as_the_japanese(name):
    assert numbers_in(english(name)) == numbers_in(japanese(name).text)


@pytest.mark.parametrize("letter", sorted(IN_ENGLISH))
def test_a_template_uses_exactly_the_fields_of_its_context(letter):
    env = environment(language="en")
    source, _, _ = env.loader.get_source(env, f"{letter}.j2")
    context = CONTEXT_OF[letter]
    assert meta.find_undeclared_variables(env.parse(source)) == {field.name for field in fields(context)}


def test_every_wish_difference_and_refusal_has_english_of_its_own():
    wishes = {english(f"notice_wanted-{wanted}") for wanted in Request}
    refusals = {english(f"sent_back-{refusal}") for refusal in Refusal}
    differences = {english(f"receipt_differs-{difference}") for difference in Difference}
    assert (len(wishes), len(refusals), len(differences)) == (len(Request), len(Refusal), len(Difference))


def test_the_steps_and_what_needs_no_answer_are_the_same_in_both_languages():
    def lists(language: str) -> tuple[object, object]:
        module = environment(language=language).get_template("_refusals.j2").module
        return module.with_steps, module.nothing_to_do

    assert lists("ja") == lists("en")


def test_a_value_that_could_not_be_read_is_said_in_english():
    item = replace(ADVANCE, project_name="", number="")
    text = ENGLISH_COMPOSER.word(SentBack(OFFICE, item, "")).text.partition(ENGLISH_RULE)[2]
    assert text.count("(could not be read)") == 2
    assert "Please contact us." in text


def test_a_subject_without_room_stays_japanese():
    assert bilingual("verified").subject.endswith(" / Verified")
    plain = japanese("receipt-several").subject
    assert bilingual("receipt-several").subject == plain


def test_a_mail_says_in_which_languages_it_is():
    def made(name: str) -> email.message.EmailMessage:
        mail = ENGLISH_COMPOSER.compose(Draft(CASES[name], "tanto@mihon.example.jp", name), now=NOW)
        return email.message_from_bytes(mail.content, policy=policy.default)

    assert made("receipt")["Content-Language"] == "ja, en"
    assert made("receipt").get_content().replace("\r\n", "\n") == bilingual("receipt").text
    assert made("alert")["Content-Language"] == "ja"


@pytest.mark.parametrize("name", TO_CONTRACTORS)
def test_no_english_that_comes_back_quoted_without_marks_is_read_as_a_notice(name):
    body = f"Hello,\n\n{bilingual(name).text}"
    for text in (body, f"Hello,\n\n{english(name)}"):
        mail = parse_mail(raw_mail(f"Subject: RE: {INBOX}", text)).mail
        assert understand(ReadMail(mail, ()), Formats()).notices == ()


def test_several_notices_are_counted_in_english():
    context = ReceiptDiffers(OFFICE, RECEIVED, (ADVANCE, ADVANCE), CASES["receipt_differs-several"].differing)
    text = ENGLISH_COMPOSER.word(context).text.partition(ENGLISH_RULE)[2]
    assert [text.count(f"(no. {n})") for n in (1, 2, 3)] == [2, 2, 0]
