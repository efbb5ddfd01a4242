"""An alert about a held notice brings its picture; the picture is sealed at rest and no text tells the key."""

from __future__ import annotations

import asyncio
import email
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email import policy as mail_policy
from pathlib import Path

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.outgoing_mail import Letter
from bot.core.records.submission import SubmissionState
from bot.workers.sorter import LEASE, Sorter
from tests.commands.inspected import mail, many, paper, text
from tests.in_process_reader import InProcessReader
from tests.patience import PATIENCE_SECONDS
from tests.workers.conftest import DESK, INBOX

EXPECTED = Path(__file__).parents[1] / "corpus" / "papers" / "reportlab-leaflet.expected.json"


async def alert_about(store, composer, policy, watch):
    """Sort a notice that the register does not know; the mail to the desk."""
    envelope = Envelope(Source.SMTP, "koji@kensetsu.example.jp", (INBOX,), watch())
    await store.incoming.keep([Arrival(envelope, mail(many(text(), paper("reportlab-leaflet"))))])
    async with InProcessReader() as reader:
        sorter = Sorter(store, reader, composer, policy, watch)
        await sorter.sort(await store.incoming.claim(lease=LEASE))
        await sorter.pictures.draw_all()
    (submission,) = await store.submissions.list_()
    assert submission.state is SubmissionState.HELD
    watch.turn(minutes=1)
    return next(c.mail for c in await store.outbox.claim() if c.mail.letter is Letter.ALERT)


async def test_the_alert_brings_the_page_and_says_so(store, composer, policy, watch):
    alert = await alert_about(store, composer, replace(policy, pictures=True), watch)
    read = email.message_from_bytes(alert.content, policy=mail_policy.default)
    words, picture = read.iter_parts()
    assert (picture.get_content_type(), picture.get_content()[:4]) == ("image/png", b"\x89PNG")
    assert "添付の画像（1枚）" in words.get_content()
    key = json.loads(EXPECTED.read_text("utf-8"))["notices"][0]["auth_key"]
    assert key not in words.get_content()
    assert (alert.recipient, alert.is_secret) == (DESK, True)


class Meanwhile(InProcessReader):
    """Something else happens while the first picture is drawn."""

    happens: Callable[[], Awaitable[None]] | None = None

    async def draw(self, *args, **kwargs):
        happens, self.happens = self.happens, None
        if happens is not None:
            await happens()
        return await super().draw(*args, **kwargs)


async def test_what_is_noted_while_another_picture_is_drawn_comes_next(store, composer, policy, watch):
    """It is no second try, which would wait half a minute."""
    both = asyncio.Event()
    async with Meanwhile() as reader:
        sorter = Sorter(store, reader, composer, replace(policy, pictures=True), watch)
        left = []

        async def sort(name: str) -> None:
            envelope = Envelope(Source.SMTP, "koji@kensetsu.example.jp", (INBOX,), watch())
            await store.incoming.keep([Arrival(envelope, mail(many(text(), paper(name))))])
            await sorter.sort(await store.incoming.claim(lease=LEASE))

        def note() -> None:
            left.append(1)
            if len(left) == 2:
                both.set()

        reader.happens = lambda: sort("chromium-west")
        sorter.pictures.on_done = note
        await sort("reportlab-leaflet")
        drawing = asyncio.create_task(sorter.pictures.run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await both.wait()
        drawing.cancel()


async def test_the_picture_is_sealed_in_the_database(store, composer, policy, watch, tmp_path):
    alert = await alert_about(store, composer, replace(policy, pictures=True), watch)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    _, _, picture = alert.content.partition(b"image/png")
    lines = [line for line in picture.splitlines() if len(line) > 60]
    assert lines
    assert [line for line in lines if line in stored] == []


async def test_no_picture_is_drawn_where_the_city_wants_none(store, composer, policy, watch):
    alert = await alert_about(store, composer, policy, watch)
    assert not email.message_from_bytes(alert.content).is_multipart()
    assert "添付の画像" not in alert.text
    assert not alert.is_secret
