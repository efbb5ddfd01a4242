"""Shadow mode on both databases: nothing but alarms is queued or claimed, whoever queued it, and no notice changes the register."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import OutboxReason
from bot.core.records.reply_token import NewTicket, TokenCase
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from storage.store import Store, Vault, WrongState
from tests.storage.samples import GUARANTEE, NUMBER, START, Watch, accepted, add, arrival, letter, settled

KEPT_BACK = (OutboxState.CANCELLED, OutboxReason.IN_SHADOW)
TICKET = NewTicket("ABCDEFGHIJ23", "契約課", START + timedelta(days=99), (TokenCase(1, "", (2, 3), mail_id=1),))


async def test_only_alarms_leave_and_what_was_kept_back_stays_when_the_mode_ends(
    url: str, store: Store, watch: Watch
) -> None:
    await store.outbox.enqueue([letter("before")])
    async with await Store.open(url, vault=Vault.throwaway(), clock=watch, in_shadow=True) as shadow:
        mails = [letter(f"{kind.value}/1", letter=kind, ticket=TICKET) for kind in Letter if kind is not Letter.ALARM]
        assert await shadow.outbox.enqueue([replace(one, submission="") for one in mails]) == 0
        assert await shadow.outbox.enqueue([letter("alarm", letter=Letter.ALARM)]) == 1
        (claimed,) = await shadow.outbox.claim(tries_ours=True)
        assert claimed.mail.letter is Letter.ALARM
        assert await shadow.tickets.find(TICKET.token) is None
        await store.outbox.enqueue([letter("beside")])  # by a process without the mode
        assert await shadow.outbox.claim() == ()
    rows = [row for row in await store.outbox.list_(limit=99) if row.mail.letter is not Letter.ALARM]
    assert {(row.state, row.reason, row.done_at) for row in rows} == {(*KEPT_BACK, START)}
    assert len(rows) == len(mails) - 1 + 2  # not the issued one, without consent; two from beside
    watch.turn(days=99)
    assert [one.mail.letter for one in await store.outbox.claim()] == [Letter.ALARM]
    with pytest.raises(WrongState):
        await store.outbox.retry(rows[0].outbox_id, actor="x")


async def test_an_acceptance_is_kept_and_the_register_is_the_peoples(url: str, store: Store, watch: Watch) -> None:
    await store.register.change(add(replace(GUARANTEE, number="")), actor="x", source="x")
    before = await store.register.guarantees()
    async with await Store.open(url, vault=Vault.throwaway(), clock=watch, in_shadow=True) as shadow:
        (kept,) = await shadow.incoming.keep([arrival()])
        await shadow.submissions.settle(
            kept.mail_id,
            settled(accepted(1), keys_received=(KeyReceived(1, NUMBER, AuthKey("Kanar1aVog3l")),)),
            outgoing=[letter()],
        )
        (submission,) = await shadow.submissions.list_()
    assert (submission.state, submission.guarantee_id) == (SubmissionState.ACCEPTED, 1)
    assert await store.register.guarantees() == before
    assert (await store.send_counts.lately("tanto@kensetsu.example.jp")).in_all == {}  # no limit is used up
