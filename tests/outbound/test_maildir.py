"""Outgoing mails in a Maildir."""

from __future__ import annotations

import mailbox
import os
import stat
from email import policy
from pathlib import Path

from bot.core.letters.drafts import Draft
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.outbound.maildir import MaildirDelivery
from bot.outbound.smtp_relay import RelayOutcome
from tests.letters.letter_cases import CASES, COMPOSER, NOW


def a_mail(name: str = "receipt", key: str = "k") -> OutgoingMail:
    return COMPOSER.compose(Draft(CASES[name], "tanto@mihon.example.jp", key), now=NOW)


def files(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path).parent) for file in path.rglob("*") if file.is_file())


async def test_a_mail_stands_in_new_with_its_envelope_before_it(tmp_path):
    mail = a_mail("issued")
    delivery = await MaildirDelivery(tmp_path / "out").deliver(mail)
    assert (delivery.outcome, delivery.reason) == (RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED)
    assert (tmp_path / "out" / "new" / delivery.reply).read_bytes() == (
        b"Return-Path: <denshi-hosho-bounces@city.example.jp>\r\nDelivered-To: tanto@mihon.example.jp\r\n"
        + mail.content
    )
    assert files(tmp_path / "out") == ["new"]


async def test_the_standard_library_reads_it(tmp_path):
    await MaildirDelivery(tmp_path).deliver(a_mail())
    (read,) = mailbox.Maildir(
        tmp_path, factory=lambda file: __import__("email").message_from_binary_file(file, policy=policy.default)
    )
    assert (read["Return-Path"], read["Delivered-To"]) == ("<>", "tanto@mihon.example.jp")
    assert read["Subject"] == a_mail().subject


async def test_another_attempt_does_not_make_another_copy_even_after_it_was_read(tmp_path):
    delivery = MaildirDelivery(tmp_path)
    first = await delivery.deliver(a_mail())
    assert await delivery.deliver(a_mail()) == first
    assert files(tmp_path) == ["new"]
    (tmp_path / "new" / first.reply).rename(tmp_path / "cur" / f"{first.reply}:2,S")
    assert await delivery.deliver(a_mail()) == first
    assert files(tmp_path) == ["cur"]
    await delivery.deliver(a_mail(key="other"))
    assert files(tmp_path) == ["cur", "new"]


async def test_a_half_written_file_of_a_crash_is_written_anew(tmp_path):
    delivery = MaildirDelivery(tmp_path)
    name = (await delivery.deliver(a_mail())).reply
    whole = (tmp_path / "new" / name).read_bytes()
    (tmp_path / "new" / name).unlink()
    (tmp_path / "tmp" / name).write_bytes(whole[:100] + b"x" * 10_000)
    await delivery.deliver(a_mail())
    assert (tmp_path / "new" / name).read_bytes() == whole
    assert files(tmp_path) == ["new"]


async def test_only_the_owner_may_read(tmp_path):
    name = (await MaildirDelivery(tmp_path / "out").deliver(a_mail())).reply
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out" / "new" / name).stat().st_mode) == 0o600


async def test_trouble_with_the_disk_is_a_deferral(tmp_path):
    (tmp_path / "out").write_bytes(b"a file where the folder should be")
    delivery = await MaildirDelivery(tmp_path / "out").deliver(a_mail())
    assert (delivery.outcome, delivery.reason) == (RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE)
    assert delivery.reply in {f"{tmp_path / 'out'} に書けません（{os.strerror(n)}）" for n in (17, 20)}
    assert delivery.is_relays
