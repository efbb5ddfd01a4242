"""A stranger can't tell from a receipt's time, size or form whether the register knows his number, however slow a step is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.records.outgoing_mail import Letter
from bot.core.verdict.reply import answer_due
from bot.workers.alert_pictures import HELD_FOR, TRIES
from tests.attacks.strangers import KEY, NUMBER, PaperReader, city, head_of, row
from tests.workers.conftest import DESK, Watch

STRANGER = "mallory@evil.example.com"


class SlowWatch(Watch):
    """A clock that goes on by `step` each time that it is read: whatever is done takes its time."""

    step = timedelta()

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


async def receipt(folder, *, is_known: bool, reading: float, step: float):
    """A stranger's receipt: its header, its size, its delay. `reading`: how long that takes; `step`: whatever comes after it."""
    watch = SlowWatch()

    def read() -> None:
        watch.turn(seconds=reading)
        watch.step = timedelta(seconds=step)

    async with city(
        folder, watch=watch, reader=PaperReader(read, lambda: watch.turn(seconds=25)), pictures=True
    ) as office:
        if is_known:
            await office.register(row(NUMBER))
        arrived = watch()
        await office.gets(STRANGER, NUMBER, KEY)
        await office.sorter.pictures.draw_all()
        (answer,) = await office.letters(STRANGER)
        (state,) = {one.state for one in await office.store.submissions.list_()}
        return state, (head_of(answer), len(answer.mail.content), answer.next_attempt_at - arrived)


@pytest.mark.parametrize("reading", [0, 3.5, 6, 80])
@pytest.mark.parametrize("step", [0, 0.4, 7, 45])
async def test_no_step_after_the_reading_shows_in_a_receipt(tmp_path, reading, step):
    held, unknown = await receipt(tmp_path / "unknown", is_known=False, reading=reading, step=step)
    accepted, known = await receipt(tmp_path / "known", is_known=True, reading=reading, step=step)
    assert (held, accepted) == ("held", "accepted")
    assert known == unknown


BEGIN = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECONDS = st.floats(0, 10_000)


@given(SECONDS, st.floats(1, 600))
def test_an_answer_is_due_a_whole_number_of_minutes_after_its_delay_and_never_before_it_is_there(reading, delay):
    read_at, wait = BEGIN + timedelta(seconds=reading), timedelta(seconds=delay)
    due = answer_due(BEGIN, read_at, wait)
    assert due > read_at
    assert (due - BEGIN - wait) % timedelta(minutes=1) == timedelta()
    assert due - read_at <= max(wait, timedelta(minutes=1, seconds=1))


async def test_an_alert_waits_in_the_database_for_its_pictures_and_leaves_with_them(tmp_path):
    async with city(tmp_path, pictures=True) as office:
        await office.gets(STRANGER)
        (waiting,) = await office.letters(DESK, Letter.ALERT)
        assert waiting.next_attempt_at == office.watch() + HELD_FOR
        office.watch.turn(seconds=20)
        await office.sorter.pictures.draw_all()
        (there,) = await office.letters(DESK, Letter.ALERT)
        assert there.next_attempt_at == office.watch()
        assert ("添付の画像" in there.mail.text, "添付の画像" in waiting.mail.text) == (True, False)
        assert (there.mail.message_id, there.mail.subject) == (waiting.mail.message_id, waiting.mail.subject)
        assert await office.store.outbox.claim() != ()


async def test_a_daemon_that_dies_before_the_pictures_are_there_loses_no_alert(tmp_path):
    async with city(tmp_path, pictures=True) as office:
        await office.gets(STRANGER)
    async with city(tmp_path, pictures=True) as later:
        await later.store.recovery.recover()
        later.watch.turn(minutes=4)
        assert [one.mail.recipient for one in await later.store.outbox.claim()] == [STRANGER]
        await later.sorter.pictures.recover()
        assert [one.mail.recipient for one in await later.store.outbox.claim()] == [DESK]


async def test_pictures_that_come_too_late_change_no_alert_that_has_left(tmp_path):
    async with city(tmp_path, pictures=True) as office:
        await office.gets(STRANGER)
        office.watch.turn(minutes=4)
        await office.sorter.pictures.recover()  # as the next daemon does
        left = {one.outbox_id: one.mail.content for one in await office.store.outbox.claim()}
        await office.sorter.pictures.draw_all()
        assert {one.outbox_id: one.mail.content for one in await office.store.outbox.list_()} == left


class BrokenReader(PaperReader):
    """Its drawing fails."""

    async def draw(self, content, views, passwords=()):
        """Fail."""
        raise OSError


async def test_an_alert_whose_pictures_fail_leaves_without_them(tmp_path):
    async with city(tmp_path, reader=BrokenReader(), pictures=True) as office:
        await office.gets(STRANGER)
        for _ in range(TRIES):
            assert DESK not in [one.mail.recipient for one in await office.store.outbox.claim()]
            await office.sorter.pictures.draw_all()
        assert DESK in [one.mail.recipient for one in await office.store.outbox.claim()]
