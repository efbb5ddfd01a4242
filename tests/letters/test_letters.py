"""The letters as people read them: golden texts, whole golden mails, and what every letter must keep to."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from email import policy
from typing import Any
from urllib.parse import unquote

import pytest
from jinja2 import meta

from bot.core.consent.grammar import said_in
from bot.core.letters.contexts import CONTEXT_OF
from bot.core.letters.samples import SAMPLES
from bot.core.letters.to_contractors import Difference, Receipt, Stage
from bot.core.mail.parse import parse_mail
from bot.core.notice.interpret import understand
from bot.core.notice.missing_notice import Request
from bot.core.notice.read_mail import ReadMail
from bot.core.policy.conditions import Outside
from bot.core.policy.policy import Formats, Office
from bot.core.records.consent import OptOutStatement
from bot.core.records.outgoing_mail import Addressee, Letter
from bot.core.records.refusal import Refusal
from bot.outbound.templates import environment
from bot.outbound.text_layout import COLUMNS, width
from docs.generate.template_docs import README, readme
from tests.core.verdict.cases import INBOX, raw_mail
from tests.letters.letter_cases import ADVANCE, CASES, COMPOSER, HERE, OFFICE, RECEIVED, WHOLE, japanese, shown, whole

TO_CONTRACTORS = sorted(name for name, context in CASES.items() if context.letter.to is Addressee.CONTRACTOR)
# Words that are names, units or file types, and stand in Japanese letters as they are.
PROPER_WORDS = {"D-Sure", "PDF", "Net", "Desk", "e-Net", "Word", "Excel"}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_letter_reads_as_its_golden_text(name):
    assert shown(japanese(name)) == (HERE / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WHOLE)
def test_a_mail_is_its_golden_mail_to_the_byte(name):
    assert whole(name) == (HERE / f"{name}.eml").read_bytes()


@pytest.mark.parametrize("name", WHOLE)
def test_a_mail_program_reads_what_was_written(name):
    worded = japanese(name)
    mail = email.message_from_bytes(whole(name), policy=policy.default)
    assert mail["Subject"] == worded.subject
    assert mail["From"] == "取手市 電子保証受付システム <denshi-hosho@city.example.jp>"
    assert mail.get_body(("plain",)).get_content() == worded.text.replace("\n", "\r\n")
    pages = ["multipart/alternative", "text/plain", "text/html"] if name == "summary" else ["text/plain"]
    assert [part.get_content_type() for part in mail.walk()] == pages
    assert mail.defects == []


def test_there_is_a_golden_file_for_every_case_and_no_other():
    expected = {f"{name}.txt" for name in CASES} | {f"{name}.eml" for name in WHOLE}
    assert {path.name for path in (*HERE.glob("*.txt"), *HERE.glob("*.eml"))} == expected


def test_every_letter_has_a_context_a_sample_a_golden_text_and_a_golden_mail():
    assert set(CONTEXT_OF) == set(Letter)
    assert set(SAMPLES) == set(Letter)
    assert {context.letter for context in CASES.values()} == set(Letter)
    assert {CASES[name].letter for name in WHOLE} == set(Letter)


@pytest.mark.parametrize("letter", list(Letter))
def test_what_a_letter_needs_are_fields_of_its_context(letter):
    assert set(letter.needs) <= {field.name for field in fields(CONTEXT_OF[letter])}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_has_its_words_in_both_languages(refusal, language):
    part = environment(language=language).get_template("_refusals.j2").module
    assert part.causes[refusal]
    assert part.requests[refusal]
    assert language == "en" or part.topics[refusal]


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_subject_is_wider_than_35_full_width_characters(name):
    worded = japanese(name)
    assert width(worded.subject) <= COLUMNS


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_line_starts_with_a_closing_mark_or_ends_with_an_opening_one_or_with_a_blank(name):
    for line in japanese(name).text.split("\n"):
        assert not re.match(r"\s*[、。）」』】・]$|\s*[、。）」』】]", line)
        assert not re.search(r"[（「『\s]$", line)


@pytest.mark.parametrize("name", TO_CONTRACTORS)
def test_a_letter_to_a_contractor_holds_no_foreign_word(name):
    worded = japanese(name)
    addresses = r"\S*@\S*"
    words = set(re.findall(r"[A-Za-z][A-Za-z-]*", re.sub(addresses, "", f"{worded.subject} {worded.text}")))
    assert words <= PROPER_WORDS


@pytest.mark.parametrize("name", TO_CONTRACTORS)
def test_a_letter_to_a_contractor_says_who_wrote_it_and_that_it_is_automatic(name):
    text = japanese(name).text
    assert "取手市 財政部 契約課" in text
    assert "このメールは、電子保証受付システムが自動で送信しています。" in text


@pytest.mark.parametrize("letter", list(Letter))
def test_a_template_uses_exactly_the_fields_of_its_context(letter):
    env = environment()
    source, _, _ = env.loader.get_source(env, f"{letter}.j2")
    context = CONTEXT_OF[letter]
    assert meta.find_undeclared_variables(env.parse(source)) == {field.name for field in fields(context)}


def test_the_shared_parts_use_nothing_but_their_arguments():
    env = environment()
    source, _, _ = env.loader.get_source(env, "_parts.j2")
    assert meta.find_undeclared_variables(env.parse(source)) == set()


def values_changed(value: Any) -> Iterator[tuple[str, Any]]:
    """Every value in a context, however deep, changed by itself: (where, the context with that change)."""
    if isinstance(value, (Request, Difference, Stage, Outside)):
        members = list(type(value))
        yield "", members[(members.index(value) + (1 if len(members) == 3 else 3)) % len(members)]
    elif isinstance(value, str):
        yield "", "見違える値"
    elif isinstance(value, date):  # or a datetime
        yield "", value + timedelta(days=400)
    elif isinstance(value, bool):
        yield "", not value
    elif isinstance(value, int):
        yield "", value + 1000
    elif isinstance(value, tuple):
        for place, part in enumerate(value):
            for where, changed in values_changed(part):
                yield f"[{place}]{where}", (*value[:place], changed, *value[place + 1 :])
    elif is_dataclass(value):
        for field in fields(value):
            for where, changed in values_changed(getattr(value, field.name)):
                yield f".{field.name}{where}", replace(value, **{field.name: changed})


@pytest.mark.parametrize("name", WHOLE)
def test_every_value_of_a_context_shows_in_its_letter(name):
    before = shown(japanese(name))
    hidden = [where for where, changed in values_changed(CASES[name]) if shown(COMPOSER.word(changed)) == before]
    # To colleagues, the department's own name and telephone say nothing.
    known = {".office.department", ".office.phone", ".office.email", ".office.hours"}
    assert set(hidden) == (known if CASES[name].letter.to is not Addressee.CONTRACTOR else set())


def test_every_wish_and_every_difference_has_words_of_its_own():
    wishes = {japanese(f"notice_wanted-{wanted}").text for wanted in Request}
    differences = {japanese(f"receipt_differs-{difference}").text for difference in Difference}
    assert (len(wishes), len(differences)) == (len(Request), len(Difference))


def test_a_receipt_says_that_nothing_is_verified_yet_and_that_no_call_is_needed():
    text = japanese("receipt").text
    assert "このメールは受領のお知らせであり、内容の確認が完了したことを示すものではありません。" in text
    assert "・到着確認のお電話は不要です。" in text


def test_two_receipts_differ_in_the_senders_own_words_only():
    other = replace(ADVANCE, number="99999-999999")
    first, second = (COMPOSER.word(Receipt(OFFICE, RECEIVED, (item,))).text for item in (ADVANCE, other))
    assert first.replace("12345-678901", "99999-999999") == second


def test_an_issued_letter_says_that_it_is_the_citys():
    worded = japanese("issued")
    assert worded.subject.startswith("【取手市】")
    assert "保証会社が送信する発行完了のメールとは別のものです。" in worded.text.replace("\n", "")
    assert "配信を希望されない場合は、件名を「配信停止」として、" in worded.text.replace("\n", "")
    bare = japanese("issued-bare").text.replace("\n", "")
    assert "配信を希望されない場合は、下記の担当までご連絡ください。" in bare


def test_an_empty_summary_tells_every_section_with_nought():
    text = japanese("summary-empty").text
    assert len(re.findall(r"：0件$", text, re.MULTILINE)) == 5


def test_a_summarys_doors_add_up_to_the_mails_received_and_so_does_each_door():
    text = japanese("summary").text
    block = text[text.index("　受信したメール：7件") : text.index("　受信箱の最終確認")]
    doors = re.findall(r"：(\d+)件（(.*)）", block)
    assert sum(int(count) for count, _ in doors) == 7
    assert [int(count) for count, _ in doors] == [sum(map(int, re.findall(r"\d+", ends))) for _, ends in doors]


def test_the_office_may_tell_as_little_as_it_likes():
    bare = Office("取手市", "契約課", "", "", "", "電子保証受付システム")
    text = COMPOSER.word(Receipt(bare, RECEIVED, (ADVANCE,))).text
    assert text.endswith(
        "----------------------------------------\n取手市 契約課\n"
        "----------------------------------------\nこのメールは、電子保証受付システムが自動で送信しています。\n",
    )
    only_hours = replace(bare, hours="平日 9時～17時")
    assert "\n受付時間：平日 9時～17時\n" in COMPOSER.word(Receipt(only_hours, RECEIVED, (ADVANCE,))).text


def test_the_readme_for_the_staff_tells_the_present_templates():
    assert README.read_text(encoding="utf-8") == readme()


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_letter_that_comes_back_quoted_without_marks_is_read_as_a_notice(name):
    text = japanese(name).text
    body = (
        f"お世話になっております。\n\n差出人: 取手市 <{INBOX}>\n送信日時: 2026年11月27日 9:00\n件名: 電子保証\n\n{text}"
    )
    mail = parse_mail(raw_mail("Subject: RE: 電子保証", body)).mail
    assert understand(ReadMail(mail, ()), Formats()).notices == ()


@pytest.mark.parametrize("name", ["issued", "issued-bare", "consent", "consent-given"])
def test_no_line_of_a_letter_that_comes_back_stops_or_resumes_anything(name):
    worded = japanese(name)
    for line in (worded.subject, *worded.text.splitlines()):
        assert said_in(parse_mail(f"Content-Type: text/plain; charset=utf-8\n\n{line}".encode()).mail) is None


def test_an_issued_letter_asks_programs_to_stop_it_by_a_mail_that_is_understood():
    field = email.message_from_bytes(whole("issued"), policy=policy.default)["List-Unsubscribe"]
    found = re.fullmatch(r"<mailto:denshi-hosho@city\.example\.jp\?subject=([%0-9A-F]+)>", field)
    assert found is not None
    assert said_in(parse_mail(f"Subject: {unquote(found[1])}\n\n".encode()).mail) == OptOutStatement(
        granted=False, wording="件名「配信停止」"
    )
    assert b"List-Unsubscribe-Post" not in whole("issued")
