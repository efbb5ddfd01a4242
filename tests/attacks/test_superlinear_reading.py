"""A stranger's mail that takes hours to read: every function that a mail meets, with texts of n and 2n characters.

The work is CPU time, the least of several measurements; twice the text may take two and a half times the work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.core.clerk.answer.line_form import in_plain_numbers
from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.consent.grammar import said_in
from bot.core.mail.addresses import parse_addresses
from bot.core.mail.authentication_results import judge_sender
from bot.core.mail.automatic.screen import screen
from bot.core.mail.delivery_status import find_report
from bot.core.mail.gateways import is_note_name, says_locked, says_taken_out
from bot.core.mail.header_values import decode_file_name, decode_header_value, parameters
from bot.core.mail.html import enriched_to_text, html_to_text
from bot.core.mail.parse import parse_mail
from bot.core.mail.passwords import candidates, without_passwords
from bot.core.mail.quoting import own_words
from bot.core.mail.reply_text import answered_words
from bot.core.mail.subject_forms import every_form, read_subject
from bot.core.mail.trace_headers import trace_envelope
from bot.core.notice.document import text_page
from bot.core.notice.entry_forms import entered_how, forms_in_words
from bot.core.notice.interpret import typed_notices
from bot.core.notice.key_notice import read_notices
from bot.core.notice.paper_kinds import kind_of_text, speaks_of_keys
from bot.core.notice.read_mail import Beforehand, ReadMail
from bot.core.notice.sentences import read_sentences
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.text.courtesies import is_small_talk
from bot.core.text.normalise import clean, fold, fold_name, fold_works_number, numerals
from bot.documents.mail_words import words_of
from tests.attacks.test_superlinear_patterns import is_steep

FORMATS = Formats()
HANG = Path(__file__).resolve().parents[3] / "shared" / "cases" / "hang.eml"
SIZE = 2_000
TEXTS = {
    "addresses": "@.",
    "blanks": " ",
    "wide blanks": "　",
    "lines": "\n",
    "quotations": "> ",
    "bars": "|  ",
    "a table": "| a | b |\n",
    "brackets": "((",
    "tags": "<b",
    "entities": "&#x1",
    "comments": "<!--",
    "encoded words": "=?utf-8?q?",
    "parameters": "; a=b",
    "quotes": '"\\',
    "rules": "----- ",
    "openings and cases": "取り急ぎ 全て ",
    "cases and openings": "1件目 全て 取り急ぎ ",
    "remarks, commas and cases": "よって、全て、確認しました、",
    "digits": "1",
    "kanji digits": "一",
    "dashes": "1 - ",
    "labels": "認証キー：",
    "notices": "保証契約番号：12345-678901\n認証キー：Abcd1234Efgh\n",
    "letter-spaced": "A b 1 2 ",
    "passwords": "パスワード：x\n",
    "orders": "承認 1件目、",
    "circled cases": "①～",
    "told in open words": "台帳の方が間違っていますが、",
    "lines of orders": "照会 道路\n",
    "courtesies": "よろしくお願いします、",
    "telephones": "電話 0297-",
    "boundaries": "--x\n",
    "header fields": "X-A: b\n",
    "separators": "\u2028",
    "hidden": "\u200b",
    "combining": "か\u3099\u0301",
}


def mail_of(text: str) -> bytes:
    return (
        b"From: a@example.jp\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
        + text.encode()
    )


def parsed(text: str):
    return parse_mail(mail_of(text))


def headed(name: str) -> Callable[[str], object]:
    return lambda text: parse_mail(f"From: a@example.jp\n{name}: {text}\n\nx".encode())


_ALTERNATIVE = "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nx\n--x\nContent-Type: text/html; charset=utf-8\n\n{}\n--x--\n"
READERS: dict[str, Callable[[str], object]] = {
    "parse_mail": parsed,
    "html mail": lambda text: parse_mail(b"Content-Type: text/html; charset=utf-8\n\n" + text.encode()),
    "multipart": lambda text: parse_mail(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\n" + text.encode()),
    **{f"header {name}": headed(name) for name in ("From", "Subject", "Content-Type", "References", "Received")},
    "screen": lambda text: screen(parsed(text).mail, "a@example.jp", frozenset()),
    "judge_sender": lambda text: judge_sender(
        parse_mail(f"Authentication-Results: mx; {text}\nFrom: a@example.jp\n\nx".encode()).mail, "mx"
    ),
    "find_report": lambda text: find_report(mail_of(text), parsed(text)),
    "trace_envelope": lambda text: trace_envelope(f"Received: {text}\nDelivered-To: {text}\n\nx".encode()),
    "parse_addresses": lambda text: parse_addresses(text, 100),
    "parameters": lambda text: parameters(f"a/b; {text}"),
    "decode_header_value": lambda text: decode_header_value(text.encode()),
    "decode_file_name": lambda text: decode_file_name(f"attachment; filename={text}".encode()),
    "html_to_text": html_to_text,
    "enriched_to_text": enriched_to_text,
    "says_taken_out": says_taken_out,
    "is_note_name": is_note_name,
    "says_locked": says_locked,
    "alternative": lambda text: parse_mail(_ALTERNATIVE.format(text).encode()),
    "typed_notices": lambda text: typed_notices(parsed(text).mail, FORMATS),
    "said_in": lambda text: said_in(parsed(text).mail),
    "words_of": lambda text: words_of(ReadMail(parsed(text).mail, ()), Beforehand(letter=text), FORMATS),
    "is_small_talk": is_small_talk,
    "read_orders": lambda text: read_orders(answered_words(text)),
    "answered_words": answered_words,
    "in_plain_numbers": in_plain_numbers,
    "own_words": own_words,
    "candidates": lambda text: candidates(text, text),
    "without_passwords": without_passwords,
    "read_subject": lambda text: read_subject(text, every_form()),
    "entered_how": entered_how,
    "forms_in_words": lambda text: forms_in_words(parsed(text).mail, "x", FORMATS, "x"),
    "read_notices": lambda text: read_notices([text_page(text)], FORMATS),
    "read_sentences": lambda text: read_sentences(text, FORMATS),
    "mask_keys": lambda text: mask_keys(text, FORMATS),
    "kind_of_text": kind_of_text,
    "speaks_of_keys": speaks_of_keys,
    "clean": clean,
    "fold": fold,
    "fold_name": fold_name,
    "fold_works_number": fold_works_number,
    "numerals": numerals,
}


@cache
def remembering() -> list[Any]:
    """Every function of core that remembers some of its answers."""
    core = [vars(module).values() for name, module in sys.modules.items() if name.startswith("bot.core.")]
    caches = {id(one): one for values in core for one in values if hasattr(one, "cache_parameters")}
    return [one for one in caches.values() if one.cache_parameters()["maxsize"] is not None]


def unprepared(read: Callable[[str], object]) -> Callable[[str], object]:
    """The reading of a mail by a process that has read no other: what was remembered would make the second measurement free."""

    def forgetful(text: str) -> object:
        for one in remembering():
            one.cache_clear()
        return read(text)

    return forgetful


@pytest.mark.parametrize("name", READERS)
def test_twice_the_mail_is_twice_the_work(name: str, request: pytest.FixtureRequest) -> None:
    read = unprepared(READERS[name])
    size = 20 * SIZE if request.config.getoption("--slow") else SIZE
    steep = [
        what
        for what, piece in TEXTS.items()
        if is_steep(read, piece * (size // len(piece)) + " ", piece * (2 * size // len(piece)) + " ")
    ]
    assert not steep


def test_the_mail_that_hung_the_daemon_is_read_at_once() -> None:
    if not HANG.exists():
        pytest.skip(f"it is not here: {HANG}")
    mail = parse_mail(HANG.read_bytes()).mail
    assert said_in(mail) is None
    assert not any(is_small_talk(line) for line in mail.body.splitlines())
