"""Ways of Exchange, Domino, Gmail and others that no Debian package has, after public reports of other programs' users."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage

import pytest

from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason
from bot.intake.imap.fetch_response import is_fetch, items_of
from bot.intake.imap.fetching import HEADER_AFTER
from bot.intake.imap.stand_in import is_stand_in
from bot.intake.imap.watcher import NEWEST, ImapWatcher
from bot.intake.imap.wire import ImapError
from storage.store import Store
from tests.intake.imap.scripted_imap import Peer, ScriptedImap
from tests.intake.imap.test_watcher import NAME, arrival, cursor, mail, seen_before, settings, watching
from tests.intake.keepers import NOW, Cursors, ListKeeper, Today, clock
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
async def keeper():
    return ListKeeper()


@pytest.fixture
async def receiver(receiver_over, keeper):
    return await receiver_over(keeper)


@pytest.fixture
async def store():
    async with await Store.open("sqlite://:memory:", clock=clock) as opened:
        yield opened


# -- Exchange: a text in place of the mail, the mail itself later


def in_place_of(subject: str, text: str, sender: str = "Microsoft Exchange Server 2016", **more: str) -> bytes:
    made = EmailMessage()
    made.set_content(text)
    lines = [f"From: {sender}", "To: hosho@city.example.jp", *(f"{name}: {value}" for name, value in more.items())]
    made["Subject"] = subject
    return "\r\n".join(lines).encode() + b"\r\n" + made.as_bytes().replace(b"\n", b"\r\n")


QUOTED = '\n\n{}: "電子保証の件"\n{}: "あおば" ("keiri@aoba.example.jp")\n\n'
STAND_INS = {
    "English": in_place_of(
        "Retrieval using the IMAP4 protocol failed for the following message: 1",
        "The server couldn't retrieve the following message:" + QUOTED.format("Subject", "From"),
    ),
    "Japanese": in_place_of(
        "IMAP4 プロトコルを使用した次のメッセージの取得に失敗しました: 1",
        "サーバーは次のメッセージを取得できませんでした:"
        + QUOTED.format("件名", "差出人")
        + "Outlook で表示できます。",
    ),
    "German": in_place_of(
        "Fehler beim Abrufen der folgenden Nachricht mithilfe des IMAP4-Protokolls: 1",
        "Der Server konnte die folgende Nachricht nicht abrufen:" + QUOTED.format("Betreff", "Von"),
        sender='"Microsoft Exchange Server" <.MISSING-HOST-NAME.>',
    ),
    "with a date": in_place_of(
        "Retrieval using the IMAP4 protocol failed for the following message: 1",
        "The server could not retrieve the following message:",
        Date="Tue, 24 Nov 2026 10:00:00 +0900",
    ),
    "another number": in_place_of("L'extraction à l'aide du protocole IMAP4 a échoué : 752", "Le serveur …"),
}
NO_STAND_INS = {
    "forwarded": b"Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0900\r\n" + STAND_INS["English"],
    "a person's": in_place_of(
        "Retrieval using the IMAP4 protocol failed for the following message: 1",
        "I got this",
        sender="<tanto@aoba.example.jp>",
        **{"Message-ID": "<1@aoba.example.jp>"},
    ),
    "another of Exchange": in_place_of("Undeliverable: 1 mail", "Your message", **{"Message-ID": "<1@b.example.jp>"}),
    "without a header": b"\r\nIMAP4: 1\r\n",
    "empty": b"",
}


@pytest.mark.parametrize(("name", "content"), [*STAND_INS.items(), *NO_STAND_INS.items()])
def test_what_exchange_gives_in_place_of_a_mail_is_known_by_its_shape(name, content):
    assert is_stand_in(content, 1) is (name in STAND_INS)


class Exchange(ScriptedImap):
    """`given[uid]`: what a FETCH gets instead of the mail; b"" is nothing at all, as Exchange 2010 does to BODY.PEEK[]."""

    def __init__(self, mails: dict[int, bytes], given: dict[int, bytes], *, lists_them: bool) -> None:
        super().__init__(mails)
        self.given, self.lists_them = given, lists_them

    def listed(self, uid: int) -> bytes:
        given = self.given.get(uid)
        if given is None or self.lists_them:
            return super().listed(uid)
        there, self.mails[uid] = self.mails[uid], given
        try:
            return super().listed(uid) if given else b""
        finally:
            self.mails[uid] = there

    def content(self, uid: int, *, whole: bool) -> bytes:
        given = self.given.get(uid)
        if given is None:
            return super().content(uid, whole=whole)
        return b"* %d FETCH (BODY[] {%d}\r\n%b UID %d)\r\n" % (uid, len(given), given, uid) if given else b""


@pytest.mark.parametrize("lists_them", [True, False])
@pytest.mark.parametrize("given", [*STAND_INS.values(), b""], ids=[*STAND_INS, "nothing"])
async def test_a_mail_that_exchange_gives_later_comes_in_then_and_those_behind_it_at_once(
    keeper, receiver, given, lists_them
):
    server, cursors = Exchange({1: mail(1), 2: mail(2)}, {1: given}, lists_them=lists_them), Cursors(keeper)
    await cursors.remember(cursor(0).memory)
    async with server.serving() as port, watching(receiver, cursors, settings(port, poll_seconds=0.02)):
        await keeper.holds(1)
        await server.idles(4)
        assert keeper.mails == [arrival(mail(2))]
        server.given.clear()
        await keeper.holds(2)
    assert keeper.mails == [arrival(mail(2)), arrival(mail(1))]
    assert server.connections == 1


async def empty_literal(peer: Peer, tag: str) -> None:
    await peer.send(f"* 1 FETCH (UID 1 BODY[] {{0}}\r\n)\r\n{tag} OK done\r\n".encode())


async def nil(peer: Peer, tag: str) -> None:
    await peer.send(f"* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK done\r\n".encode())


async def unavailable(peer: Peer, tag: str) -> None:
    await peer.send(f"{tag} NO [UNAVAILABLE] try again later\r\n".encode())


@pytest.mark.parametrize("fault", [empty_literal, nil, unavailable])
async def test_nothing_in_place_of_a_mail_is_no_mail(keeper, receiver, fault):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), Cursors(keeper)
    await cursors.remember(cursor(0).memory)
    server.faults["UID FETCH"] = [None, fault]
    async with server.serving() as port, watching(receiver, cursors, settings(port, poll_seconds=0.02)):
        await keeper.holds(2)
    assert keeper.mails == [arrival(mail(2)), arrival(mail(1))]


async def silent(peer: Peer, tag: str) -> None:
    await peer.send(f"{tag} OK done\r\n".encode())


@pytest.mark.parametrize("answer", [empty_literal, nil, silent])
async def test_a_mail_that_goes_between_its_listing_and_its_fetch_is_no_mail(keeper, receiver, answer):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), Cursors(keeper)
    await cursors.remember(cursor(0).memory)

    async def expunged(peer: Peer, tag: str) -> None:
        del server.mails[1]
        await answer(peer, tag)

    server.faults["UID FETCH"] = [None, expunged]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(2))]


async def test_one_mail_whose_header_cannot_be_read_does_not_hide_the_others(keeper, receiver):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), await seen_before()
    server.faults["UID FETCH"] = [unavailable]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await keeper.holds(2)
    assert (keeper.mails, server.connections) == ([arrival(mail(1)), arrival(mail(2))], 1)


@pytest.mark.parametrize("given", [STAND_INS["Japanese"], b""], ids=["a text", "nothing"])
async def test_after_a_day_also_over_restarts_a_person_is_told_where_the_mail_is(receiver_over, store, given):
    today, chosen = Today(), {"poll_seconds": 0.02, "reconcile_days": 7}
    server = Exchange({1: mail(1), 2: mail(2)}, {1: given}, lists_them=False)
    await store.mailboxes.remember(cursor(0).memory)
    receiver = await receiver_over(store.incoming)

    @asynccontextmanager
    async def running(port):
        task = asyncio.create_task(ImapWatcher(receiver, store.mailboxes, settings(port, **chosen), today).run())
        yield
        task.cancel()
        await asyncio.wait([task])

    async with server.serving() as port:
        async with running(port):
            await server.idles(3)
        today.now += timedelta(hours=23)
        async with running(port):
            await server.idles(6)
        assert [row.state for row in await store.incoming.list_()] == [MailState.RECEIVED]
        check = await store.mailboxes.last_check(NAME)
        assert (check.on_server, check.missing, check.recovered) == (2, 1, 0)
        today.now += timedelta(hours=1)
        async with running(port):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(await store.incoming.list_()) < 2:  # noqa: ASYNC110  # the store tells nobody
                    await asyncio.sleep(0.02)
            await server.idles(9)
        row = (await store.incoming.list_())[0]
        _, content, _ = await store.incoming.get(row.mail_id)
        assert (row.state, row.reason) == (MailState.RECEIVED, MailReason.NOT_FETCHED)
        assert row.subject.startswith("受信箱から取り出せないメール（UID 1")
        assert ("電子保証の件" in row.subject) is bool(given)
        assert "受信箱「INBOX」に残っています" in content.decode()
        server.given.clear()  # and if the mail comes after all, it is taken
        async with running(port), asyncio.timeout(PATIENCE_SECONDS):
            while [row.state for row in await store.incoming.list_()].count(MailState.RECEIVED) < 3:  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("given", [STAND_INS["English"], b""], ids=["a text", "nothing"])
async def test_what_lay_there_before_the_first_look_is_old_when_it_comes_later(keeper, receiver, given):
    server, cursors = Exchange({1: mail(1), 2: mail(2)}, {1: given}, lists_them=False), Cursors(keeper)
    async with server.serving() as port, watching(receiver, cursors, settings(port, poll_seconds=0.02)):
        await server.idles(3)
        server.given.clear()
        await keeper.holds(2)
    assert keeper.mails == [arrival(mail(2), old=True), arrival(mail(1), old=True)]


async def test_a_server_that_refuses_one_mail_after_the_other_is_left_for_a_while_and_loses_none(keeper, receiver):
    server = Exchange({uid: mail(uid) for uid in range(1, 60)}, dict.fromkeys(range(1, 60), b""), lists_them=True)
    cursors = Cursors(keeper)
    await cursors.remember(cursor(0).memory)
    async with server.serving() as port, watching(receiver, cursors, settings(port, poll_seconds=0.02)):
        await cursors.until(lambda: cursors.saved[-1].last_uid == 59)
        server.given.clear()
        await keeper.holds(59)
    assert server.connections > 1


# -- Domino: literals that are announced too short

MAIL = b"Message-ID: <1@b.example.jp>\r\nSubject: x\r\n\r\nfirst words\r\nlast words"
CUTS = {
    "amid the last line": (len(MAIL) - 5, MAIL),
    "before the last line": (len(MAIL) - 10, MAIL),
    "before its line end": (len(MAIL) - 12, MAIL),
    "a space follows": (len(MAIL) - 6, MAIL),
    "what follows looks like the end": (len(MAIL), MAIL + b")\r\n"),
    "like a response": (len(MAIL), MAIL + b")\r\n* words"),
    "like going on": (len(MAIL), MAIL + b")\r\n+ 1"),
    "like an item": (len(MAIL), MAIL + b" UID 1"),
    "like an unknown item": (len(MAIL), MAIL + b" words and"),
    "like the whole end": (len(MAIL), MAIL + b" UID 1)\r\n"),
}


@pytest.mark.parametrize(("size", "sent"), [*CUTS.values()], ids=[*CUTS])
async def test_a_mail_that_is_longer_than_was_announced_is_not_taken_in_part(keeper, receiver, caplog, size, sent):
    async def uid_last(peer: Peer, tag: str) -> None:
        await peer.send(b"* 1 FETCH (BODY[] {%d}\r\n%b UID 1)\r\n%b OK done\r\n" % (size, sent, tag.encode()))

    async def uid_first(peer: Peer, tag: str) -> None:
        await peer.send(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n%b OK done\r\n" % (size, sent, tag.encode()))

    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), await seen_before()
    server.faults["UID FETCH"] = [None, uid_last, None, uid_first, None, uid_last]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await keeper.holds(2)
    header = mail(1)[: mail(1).index(b"\r\n\r\n") + 4]
    assert keeper.mails == [arrival(header, too_large=len(mail(1)), not_fetched=True), arrival(mail(2))]
    assert server.connections == 1 + HEADER_AFTER
    assert "words" not in caplog.text  # a mail's words, and keys, stay out of the log


async def test_header_fields_that_are_longer_than_was_announced_are_done_without(keeper, receiver):
    class Short(ScriptedImap):
        def listed(self, uid: int) -> bytes:
            told = super().listed(uid)
            return told.replace(b"\r\n)\r\n", b"\r\nrest)\r\n") if b"HEADER" in self.commands[-1].encode() else told

    server, cursors = Short({1: mail(1), 2: mail(2)}), await seen_before()
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await keeper.holds(2)
    assert (keeper.mails, server.connections) == ([arrival(mail(1)), arrival(mail(2))], 2)


RIGHT = [
    ((b"5 FETCH (BODY[] ", b"abc", b" UID 71)"), {b"BODY[]": b"abc", b"UID": b"71"}),
    ((b'5 FETCH (UID 71 BODY[HEADER]<0> "a \\"b")',), {b"UID": b"71", b"BODY[]": b'a "b'}),
    ((b"5 fetch (uid 71 body[] NIL FLAGS () )",), {b"UID": b"71", b"BODY[]": None, b"FLAGS": None}),
    ((b'5 FETCH (X-GM-LABELS ("\\\\Important" a) MODSEQ (12) UID 3)',), None),
    ((b'5 FETCH (UID 1 BODY[HEADER.FIELDS ("DATE" "FROM")] ', b"x", b' INTERNALDATE "1")'), None),
    ((b"5 FETCH ()",), {}),
    # Flags that people made in other programs, and InterMail's.
    (
        (b"5 FETCH (UID 1 FLAGS (\\Seen [a b] x] \x8f) BODY[] ", b"x", b")"),
        {b"UID": b"1", b"FLAGS": None, b"BODY[]": b"x"},
    ),
    ((b'5 FETCH (FLAGS ("\\\\Deleted" [) UID 1 )',), {b"FLAGS": None, b"UID": b"1"}),
]
WRONG = [
    (b"5 FETCH (BODY[] ", b"abc", b""),
    (b"5 FETCH (BODY[] ", b"abc", b" UID 71"),
    (b"5 FETCH (BODY[] ", b"abc", b")x"),
    (b"5 FETCH (UID 1 BODY[] ", b"abc", b" BODY[] ", b"de", b")"),
    (b"5 FETCH (UID 1 BODY[] ", b"abc", b" UID 1)"),
    (b"5 FETCH (BODY[]",),
    (b"5 FETCH x",),
    (b"5 FETCH (UID)",),
    (b"5 FETCH (UID 1) (UID 2)",),
    (b"5 FETCH (FLAGS " + b"(" * 3_000 + b")" * 3_001,),
]


def test_only_what_the_grammar_has_is_a_fetch_response():
    for response, items in RIGHT:
        assert is_fetch(response)
        assert items_of(response) == (items if items is not None else items_of(response))
    for response in WRONG:
        with pytest.raises(ImapError):
            items_of(response)


# -- UIDs that are given again


async def test_another_mail_under_a_uid_that_was_seen_comes_in(keeper, receiver, caplog):
    """Courier-IMAP in EXAMINE; GNU mailutils, which gives the lowest free number."""
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2), 3: mail(3)}), Cursors(keeper)
    async with server.serving() as port:
        async with watching(receiver, cursors, settings(port)):
            await server.idles(1)
        server.mails = {1: mail(1), 2: mail(3), 3: mail(4)}
        async with watching(receiver, cursors, settings(port, reconcile_days=7)):
            await keeper.holds(4)
            await cursors.until(lambda: bool(cursors.checks))
    assert keeper.mails[3:] == [arrival(mail(4), 3)]
    assert (cursors.checks[-1].on_server, cursors.checks[-1].missing) == (3, 0)
    assert "1 mails have UIDs that others had before" in caplog.text


async def test_only_the_date_tells_two_mails_apart(keeper, receiver):
    server, cursors = ScriptedImap({1: b"Subject: x\r\n\r\nbody 1\r\n"}), Cursors(keeper)
    await cursors.remember(cursor(0).memory)
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await keeper.holds(1)
        await server.idles(1)
        server.dates[1] = "24-Nov-2026 01:02:04 +0000"
        await server.deliver(1, b"Subject: x\r\n\r\nbody 2\r\n")
        await keeper.holds(2)


async def test_a_mailbox_made_anew_with_the_uidvalidity_it_had_is_read_anew(keeper, receiver):
    server, cursors = ScriptedImap({599: mail(599)}), Cursors(keeper)
    async with server.serving() as port:
        async with watching(receiver, cursors, settings(port)):
            await server.idles(1)
        server.mails = {uid: mail(1_000 + uid) for uid in range(1, NEWEST + 11)}
        server.uidnext = 600
        async with watching(receiver, cursors, settings(port)):
            await keeper.holds(1 + NEWEST + 10)
    assert [one.before_first_start for one in keeper.mails] == [True] + [False] * (NEWEST + 10)


async def test_a_first_look_that_is_renumbered_before_its_end_makes_no_old_mail_new(keeper, receiver):
    server, cursors = ScriptedImap({uid: mail(uid) for uid in (1, 2, 3)}), Cursors(keeper)

    async def renumber(peer: Peer, _: str) -> None:
        server.uidvalidity += 1
        peer.drop()

    server.faults["UID FETCH"] = [None, None, renumber]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
        await server.deliver(4, mail(4))
        await keeper.holds(4)
    assert [one.before_first_start for one in keeper.mails] == [True, True, True, False]


async def test_changes_of_others_between_the_answers_are_not_taken_for_answers(keeper, receiver):
    """Proton's bridge and Gmail send them amid a FETCH."""

    async def amid(peer: Peer, tag: str) -> None:
        others = b"* 7 FETCH (FLAGS (NonJunk) UID 51833)\r\n* OK [UNSEEN 2] x\r\n* 2 EXISTS\r\n* 7 FETCH (FLAGS (\\Seen))\r\n"
        await peer.send(others + server.listed(1) + others + server.listed(2) + f"{tag} OK done\r\n".encode())

    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), await seen_before()
    server.faults["UID FETCH"] = [amid]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await keeper.holds(2)
    assert (keeper.mails, server.connections) == ([arrival(mail(1)), arrival(mail(2))], 1)
    assert cursors.saved[-1].looked_at == NOW
