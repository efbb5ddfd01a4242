"""1,212 mails of other projects' test data: each is read, and every automatic one among them is known as such.

The mails are read from the archive and go nowhere.
"""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.mail.automatic.screen import is_content_void, screen
from bot.core.mail.message import Mail
from bot.core.mail.multipart import MAX_PARTS
from bot.core.mail.parse import TEXT_CHARACTERS, parse_mail
from bot.core.records.reasons import MailReason

ARCHIVE = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "mail.tar.gz"
OWN = frozenset({"key@city.example.jp"})
BOUNCES = ("sisimai+set-of-emails", "flufl.bounce", "cfortune+PHP-Bounce-Handler")

# In the bounce sets, and yet nothing that a machine sent.
NO_BOUNCES = frozenset(
    {
        "mail/sisimai+set-of-emails/maildir/not/is-not-bounce-01.eml",  # the set's own proof that a person's mail passes
        "mail/sisimai+set-of-emails/mailbox/size-0",  # 0, 1 and 2 bytes
        "mail/sisimai+set-of-emails/mailbox/size-1",
        "mail/sisimai+set-of-emails/mailbox/size-2",
        "mail/flufl.bounce/groupwise_03.txt",  # a hotel clerk's reply with two attachments
    },
)
# By eye: each of the ordinary mails below is from a list, a system, a spammer, or is a bounce among other sets.
LARGEST_SHARE_OF_AUTOMATIC_MAIL_ELSEWHERE = 0.13

pytestmark = [pytest.mark.corpora, pytest.mark.timeout(120)]


def archived_mails() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                yield member.name, content.read()


@pytest.fixture(scope="module")
def mails() -> dict[str, Mail]:
    if not ARCHIVE.exists():
        pytest.skip(f"the third-party mails are not here: {ARCHIVE}")
    return {name: parse_mail(content).mail for name, content in archived_mails()}


def set_of(name: str) -> str:
    return name.split("/")[1]


def test_every_mail_is_read_within_the_limits(mails: dict[str, Mail]) -> None:
    assert len(mails) == 1212
    for name, mail in mails.items():
        assert 1 <= len(mail.parts) <= MAX_PARTS, name
        assert all(len(part.text or "") <= TEXT_CHARACTERS for part in mail.parts), name


def test_every_bounce_report_and_automatic_reply_is_recognised(mails: dict[str, Mail]) -> None:
    reasons = {name: screen(mail, None, OWN) for name, mail in mails.items() if set_of(name) in BOUNCES}
    print(Counter(reasons.values()))
    assert len(reasons) == 507
    assert {name for name, reason in reasons.items() if reason is None} == NO_BOUNCES
    assert {name for name, reason in reasons.items() if reason and not is_content_void(reason)} == set()


def test_bounces_are_recognised_without_their_null_sender_too(mails: dict[str, Mail]) -> None:
    without = {
        name: replace(mail, headers=tuple(one for one in mail.headers if one.name.lower() != "return-path"))
        for name, mail in mails.items()
        if set_of(name) in BOUNCES
    }
    assert {name for name, mail in without.items() if screen(mail, None, OWN) is None} == NO_BOUNCES


def test_ordinary_mails_raise_few_alarms(mails: dict[str, Mail]) -> None:
    others = {name: screen(mail, None, OWN) for name, mail in mails.items() if set_of(name) not in BOUNCES}
    print(Counter(others.values()))
    automatic = sum(reason is not None for reason in others.values())
    assert automatic / len(others) < LARGEST_SHARE_OF_AUTOMATIC_MAIL_ELSEWHERE
    words_only = {name for name, reason in others.items() if reason is MailReason.AUTOMATIC_REPLY}
    assert words_only == set()


def test_japanese_subjects_come_out_in_right_characters(mails: dict[str, Mail]) -> None:
    expected = {
        "mail/sisimai+set-of-emails/maildir/bsd/lhost-kddi-01.eml": "メールエラー通知",
        "mail/sisimai+set-of-emails/maildir/not/is-not-bounce-01.eml": "にゃんこ",
    }
    assert {name: mails[name].subject for name in expected} == expected
