"""Do the books balance: when it is asked, and when a ledger is right."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot.core.health.reconciliation import DoorCount, Ledger, first_day, is_due
from bot.core.records.envelope import Source
from bot.core.records.incoming_mail import MailState

NOW = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)  # half past midnight of the 25th in Japan


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, True),
        (datetime(2026, 11, 24, 14, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 24, 15, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 26, 15, 0, tzinfo=UTC), True),  # a clock that was put back: never again would be worse
    ],
)
def test_once_on_each_day_in_japan(last, due):
    assert is_due(last, NOW) is due


def test_a_day_more_is_asked_for_because_of_zones():
    assert first_day(NOW, 7) == date(2026, 11, 17)


def test_a_ledger_balances_when_each_mail_has_one_end_and_a_reason():
    door = DoorCount(Source.SMTP, 3, ((MailState.SORTED, 2), (MailState.IGNORED, 1)))
    assert Ledger((door,), 0).balances
    assert not Ledger((door,), 1).balances
    assert not Ledger((DoorCount(Source.SMTP, 4, door.ends), door), 0).balances
    assert Ledger((), 0).balances
