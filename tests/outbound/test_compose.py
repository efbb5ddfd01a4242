"""From a context to the complete mail: fields, envelope, and that no value of a context can change its form."""

from __future__ import annotations

import email
import re
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from email import policy
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError

from bot.core.letters.drafts import Draft
from bot.core.letters.to_contractors import Receipt
from bot.core.mail.trace_headers import is_ours
from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.outbound.compose import Composer
from bot.outbound.message import Thread
from bot.outbound.text_layout import LONGEST_LINE
from tests.letters.letter_cases import ADVANCE, CASES, COMPOSER, NOW, OFFICE, RECEIVED, WHOLE

SECRET = b"0123456789abcdef"
RECIPIENT = "tanto@mihon.example.jp"
ANSWERS = {
    Letter.RECEIPT,
    Letter.RECEIPT_AGAIN,
    Letter.RECEIPT_DIFFERS,
    Letter.NOTICE_WANTED,
    Letter.ARRIVALS,
    Letter.OUTSIDE,
    Letter.CONSENT,
    Letter.DESK_REPLY,
    Letter.DESK_HELP,
    Letter.DESK_NOTE,
    Letter.ENTRY_REPLY,
    Letter.ENTRY_RESULT,
}
FIELDS_OF_ALL = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Hosho-Bot",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Language",
]


def composed(name: str, **changes: Any) -> OutgoingMail:
    beside = {one: changes.pop(one) for one in ("now", "reply_to_mail", "attachments") if one in changes}
    draft = Draft(CASES[name], "tanto@mihon.example.jp", "receipt/abc/tanto@mihon.example.jp")
    return COMPOSER.compose(replace(draft, **changes), **({"now": NOW} | beside))


def parsed(mail: OutgoingMail) -> email.message.EmailMessage:
    return email.message_from_bytes(mail.content, policy=policy.default)


def test_a_mail_is_made_with_everything_that_the_store_keeps():
    mail = composed("receipt", submission="20261122-0042-1", guarantee_id=7)
    assert replace(mail, content=b"", text="") == OutgoingMail(
        dedupe_key="receipt/abc/tanto@mihon.example.jp",
        letter=Letter.RECEIPT,
        recipient="tanto@mihon.example.jp",
        reverse_path="",
        subject="【受付】電子保証の認証キーを受け取りました（20261122-0042-1）",
        text="",
        message_id="<hosho-bot.b88692dd9e649bcf3ad7cc49496533f0@city.example.jp>",
        content=b"",
        submission="20261122-0042-1",
        guarantee_id=7,
    )
    assert mail.text == COMPOSER.word(CASES["receipt"]).text


@pytest.mark.parametrize("name", WHOLE)
def test_answers_have_the_null_reverse_path_and_notifications_one_that_bounces_reach(name):
    answer = CASES[name].letter in ANSWERS
    mail = composed(name)
    assert (mail.reverse_path, parsed(mail)["Auto-Submitted"]) == (
        ("", "auto-replied") if answer else ("denshi-hosho-bounces@city.example.jp", "auto-generated")
    )


def fields_of(name: str) -> list[str]:
    """A summary has a page beside its text, so that these two fields stand in its parts."""
    of_a_text = {"Content-Transfer-Encoding", "Content-Language"}
    return [field for field in FIELDS_OF_ALL if field not in of_a_text or name != "summary"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_mail_has_exactly_these_header_fields(name):
    extra = ["List-Unsubscribe"] if name in {"issued", "notice_reminder"} else []
    assert sorted(parsed(composed(name)).keys()) == sorted(fields_of(name) + extra)


@pytest.mark.parametrize(
    ("address", "subject", "url"),
    [
        ("stop@city.example.jp", "", "mailto:stop@city.example.jp"),
        ("a+b@city.example.jp", "配信停止", "mailto:a+b@city.example.jp?subject=%E9%85%8D%E4%BF%A1%E5%81%9C%E6%AD%A2"),
        ("a?b&c%d@city.example.jp", "a b&c=d", "mailto:a%3Fb%26c%25d@city.example.jp?subject=a%20b%26c%3Dd"),
    ],
)
def test_an_issued_letter_names_the_mail_that_stops_it(address, subject, url):
    composer = Composer(
        sender="a@city.example.jp",
        bounces="b@city.example.jp",
        secret=SECRET,
        unsubscribe=address,
        unsubscribe_subject=subject,
    )
    mail = composer.compose(Draft(CASES["issued"], "x@example.jp", "k"), now=NOW)
    assert parsed(mail)["List-Unsubscribe"] == f"<{url}>"
    other = composer.compose(Draft(CASES["verified"], "x@example.jp", "k"), now=NOW)
    assert parsed(other)["List-Unsubscribe"] is None


def test_replies_may_be_sent_elsewhere():
    composer = Composer(
        sender="a@city.example.jp", bounces="b@city.example.jp", secret=SECRET, reply_to="c@city.example.jp"
    )
    mail = composer.compose(Draft(CASES["issued"], "x@example.jp", "k"), now=NOW)
    assert (parsed(mail)["Reply-To"], parsed(mail)["List-Unsubscribe"]) == ("c@city.example.jp", None)


def test_an_answer_continues_the_thread_with_ids_as_long_as_microsofts():
    parent = f"<{'TYAPR01MB' * 9}@TYAPR01MB0123.jpnprd01.prod.outlook.example.jp>"
    mail = composed("receipt", reply_to_mail=Thread(parent, ("<first@example.jp>",)))
    assert f"\r\nIn-Reply-To: {parent}\r\n".encode() in mail.content
    assert f"\r\nReferences: <first@example.jp>\r\n {parent}\r\n".encode() in mail.content


def test_an_answer_to_a_mail_without_an_id_starts_a_thread_of_its_own():
    assert composed("receipt", reply_to_mail=Thread("")) == composed("receipt")


def test_who_does_not_know_the_secret_can_not_tell_the_id_or_the_path_of_a_letter():
    def made(secret: bytes) -> OutgoingMail:
        composer = Composer(sender=RECIPIENT, bounces="B@city.example.jp", secret=secret, delimiter="+")
        return composer.compose(Draft(CASES["issued"], RECIPIENT, "issued/1/0"), now=NOW)

    one, same, other = made(SECRET), made(SECRET), made(SECRET[::-1])
    assert one == same
    assert one.message_id != other.message_id
    assert one.reverse_path != other.reverse_path
    token = one.reverse_path.removeprefix("b+").removesuffix("@city.example.jp")
    assert is_ours(one.reverse_path.upper(), {"b@city.example.jp"})
    assert len(token) == 24
    assert token not in one.message_id


def test_a_secret_that_could_be_guessed_is_refused():
    with pytest.raises(ValueError, match="too short"):
        Composer(sender=RECIPIENT, bounces=RECIPIENT, secret=b"x" * 15)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("delimiter", ["", "+", "-"])
def test_each_notification_bounces_to_an_address_of_its_own_if_the_city_can_take_it(name, delimiter):
    composer = Composer(sender=RECIPIENT, bounces="b@city.example.jp", secret=SECRET, delimiter=delimiter)
    paths = {composer.compose(Draft(CASES[name], RECIPIENT, key), now=NOW).reverse_path for key in "ab"}
    if CASES[name].letter in ANSWERS:
        assert paths == {""}
    elif delimiter:
        assert len(paths) == 2
        assert all(re.fullmatch(rf"b[{delimiter}][0-9a-f]{{24}}@city\.example\.jp", path) for path in paths)
    else:
        assert paths == {"b@city.example.jp"}


def test_an_answer_may_have_the_subject_of_the_mail_that_it_answers():
    thread = Thread("<a@x>", subject="Re: 認証キーのお知らせの送付")
    mail = composed("receipt", reply_to_mail=thread)
    assert (mail.subject, parsed(mail)["Subject"]) == (thread.subject, thread.subject)
    assert mail.text == composed("receipt").text


@pytest.mark.parametrize(
    ("name", "theirs", "subject"),
    [
        ("notice_wanted-notice_missing", "Re: 前払金保証の件", "【お願い】Re: 前払金保証の件"),
        ("receipt_differs-number", "Re: 前払金保証の件", "【確認のお願い】Re: 前払金保証の件"),
        ("notice_wanted-notice_missing", "Re: 【お願い】Re: 前払金保証の件", "Re: 【お願い】Re: 前払金保証の件"),
        ("receipt", "Re: 前払金保証の件", "Re: 前払金保証の件"),
    ],
)
def test_that_something_is_asked_stays_visible_before_a_kept_subject(name: str, theirs: str, subject: str):
    assert composed(name, reply_to_mail=Thread("<a@x>", subject=theirs)).subject == subject


def test_the_same_inputs_give_the_same_bytes_and_another_key_another_id():
    assert composed("receipt") == composed("receipt")
    assert composed("receipt").message_id != composed("receipt", dedupe_key="receipt/abd").message_id
    assert composed("receipt").message_id == composed("verified", now=NOW + timedelta(days=1)).message_id


def test_the_date_is_japans():
    assert (
        parsed(composed("receipt", now=datetime(2026, 12, 31, 15, 0, tzinfo=UTC)))["Date"]
        == "Fri, 01 Jan 2027 00:00:00 +0900"
    )


@pytest.mark.parametrize(
    "recipient", ["", "a@example.jp, b@example.jp", "a@example.jp\r\nBcc: b@example.jp", "見本 <a@example.jp>"]
)
def test_a_recipient_that_is_not_one_plain_address_is_refused(recipient):
    with pytest.raises(ValueError, match="not one plain e-mail address"):
        composed("receipt", recipient=recipient)


def test_a_template_of_the_citys_own_is_used_instead_of_ours(tmp_path):
    for letter in Letter:
        (tmp_path / f"{letter}.j2").write_text("件名: 独自\n\n{{ office.city }}\n", encoding="utf-8")
    worded = Composer(sender="a@b.example.jp", bounces="a@b.example.jp", secret=SECRET, templates_dir=tmp_path).word(
        CASES["receipt"]
    )
    assert (worded.subject, worded.text) == ("独自", "取手市\n")


@pytest.mark.parametrize(
    "source",
    ["件名: x\n\n{{ no_such_field }}\n", "件名: x\n\n{{ office.no_such }}\n", "本文だけ\n\n{{ office.city }}\n"],
)
def test_a_template_that_asks_for_what_is_not_there_fails_when_it_is_worded(tmp_path, source):
    for letter in Letter:
        (tmp_path / f"{letter}.j2").write_text(source, encoding="utf-8")
    composer = Composer(sender="a@b.example.jp", bounces="a@b.example.jp", secret=SECRET, templates_dir=tmp_path)
    with pytest.raises(TemplateError):
        composer.word(CASES["receipt"])


def test_a_broken_template_fails_at_the_start(tmp_path):
    for letter in Letter:
        (tmp_path / f"{letter}.j2").write_text("件名: x\n\n{% if %}\n", encoding="utf-8")
    composer = Composer(sender="a@b.example.jp", bounces="a@b.example.jp", secret=SECRET, templates_dir=tmp_path)
    with pytest.raises(TemplateError):
        composer.load()


def test_what_looks_like_a_template_in_a_value_is_text():
    item = replace(ADVANCE, project_name="{{ 7 * 7 }}{% raw %}<script>&amp;")
    assert (
        "　工事名　　　：{{ 7 * 7 }}{% raw %}<script>&amp;\n" in COMPOSER.word(Receipt(OFFICE, RECEIVED, (item,))).text
    )


def test_a_huge_value_is_cut():
    item = replace(ADVANCE, project_name="工" * 10_000_000)
    assert COMPOSER.word(Receipt(OFFICE, RECEIVED, (item,))).text.count("工") == 200 - 1 + "工事名".count("工")


def with_texts(value: Any, text: str) -> Any:
    """The value with `text` in the place of every text."""
    if isinstance(value, str):
        return value if isinstance(value, StrEnum) else text
    if isinstance(value, tuple):
        return tuple(with_texts(part, text) for part in value)
    if is_dataclass(value):
        return replace(value, **{field.name: with_texts(getattr(value, field.name), text) for field in fields(value)})
    return value


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "\r\nBcc: victim@example.jp\r\n\r\nx",
            "\n\n件名: 偽の件名\n\n",
            "\x00\x0b\x0c\x1c\x85\u2028\u2029",
            "=?utf-8?q?=0D=0ABcc:_x?=",
            "\u202e\u2066",
            "\ud800",
            "あ" * 5000,
            "a" * 5000,
            "ー" * 5000,
            "\n.\n",
        ],
    ),
)


@pytest.mark.parametrize("name", [*WHOLE, "receipt-several", "receipt_differs-several", "alert-several"])
@settings(max_examples=min(25, settings.default.max_examples))
@given(text=HOSTILE)
def test_no_text_in_any_field_makes_a_new_header_or_a_long_line_or_an_exception(name, text):
    thread = Thread("<a@x>", (text, f"<{text}@x>"), text, text)
    context = with_texts(CASES[name], text)
    mail = COMPOSER.compose(Draft(context, "x@example.jp", text), now=NOW, reply_to_mail=thread)
    head, _, _ = mail.content.partition(b"\r\n\r\n")
    extra = [*(["List-Unsubscribe"] if name in {"issued", "notice_reminder"} else []), "In-Reply-To", "References"]
    every = fields_of(name) + extra
    assert mail.content.isascii()
    assert max(len(line) for line in mail.content.split(b"\r\n") if not line.startswith((b" <", b"List-Unsub"))) <= 78
    assert sorted(email.message_from_bytes(mail.content).keys()) == sorted(every)
    assert len([line for line in head.split(b"\r\n") if not line.startswith(b" ")]) == len(every)
    assert parsed(mail).get_body(("plain",)).get_content() == mail.text.replace("\n", "\r\n")
    assert "\n" not in mail.subject
    assert max(map(len, mail.text.split("\n"))) <= LONGEST_LINE
