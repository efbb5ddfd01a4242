"""The only door to the database: a method is a transaction is a use case; core values in and out.

Called by workers, intake and commands; nothing outside this package sees a row or SQL. Every method runs to its end in a
task of its own even if its caller is cancelled (a cancelled Tortoise transaction would lock the database for ever).
Raises StoreError (temporary: retry), NotFound, WrongState.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from bot.clock import Clock, utc_now
from bot.core.envelope import Arrival, Kept, ReceivedMail
from bot.core.guarantee import Guarantee, GuaranteeState
from bot.core.incoming import KeyReceived, MailboxCursor, MailRow, MailState, Settled
from bot.core.outbox import ClaimedMail, OutboxRow, OutboxState, OutgoingMail
from bot.core.reasons import OutboxReason, SubmissionReason
from bot.core.register import LookUp, RegisterChange
from bot.core.submission import NoticeFields, Submission, SubmissionState
from bot.core.summary import SummaryFacts
from storage import letters, mails, register, settling, summary
from storage.database import Database
from storage.errors import NotFound, StoreError, WrongState

__all__ = ["NotFound", "Store", "StoreError", "WrongState"]


class Store:
    """`async with await Store.open(url) as store`. One per process is enough; several, of either dialect, do no harm.

    Its methods may be called from any task of the event loop in which it was opened.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, url: str, *, clock: Clock = utc_now, durable: bool = True) -> Self:
        """Open, and bring the schema up to date. `url`: sqlite:///relative, sqlite:////absolute, sqlite://:memory:, postgres://… .

        An SQLite file is made with mode 0600, its folder with 0700; before a migration changes an existing one, it is copied to
        `<file>.before-NNNN`. `durable` False: no sync to the disk, for a throw-away SQLite database only. Raises StoreError.
        """
        return cls(await Database.open(url, clock=clock, durable=durable))

    async def close(self) -> None:
        """Let what runs finish, then disconnect; without it the driver's thread keeps the process alive. Twice is no error."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    # -- intake (T1)
    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Make mails durable in one transaction, in order. The same mail (core.envelope.identity) again gives is_new=False,
        also within one call. `before_first_start` → state ignored / before_first_start at once;
        `too_large_bytes` → passed_on / too_large at once (size_bytes = what the server told). All else: received, due now.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(mails.keep, arrivals)

    async def mailbox_cursor(self, mailbox: str) -> MailboxCursor | None:
        """How far this mailbox was read; None before the first look."""
        return await self._database.run(mails.mailbox_cursor, mailbox)

    async def save_cursor(self, cursor: MailboxCursor) -> None:
        """Remember how far a mailbox was read, in place of what was known."""
        await self._database.run(mails.save_cursor, cursor)

    # -- sorting (T2)
    async def claim_mail(self, *, lease: timedelta) -> ReceivedMail | None:
        """The oldest received mail that is due; attempts+1 and next_attempt_at = now+lease are committed before this returns."""
        return await self._database.run(mails.claim, lease)

    async def next_mail_due(self) -> datetime | None:
        """When the next received mail is due (it may be past), UTC; None when none waits."""
        return await self._database.run(mails.next_due)

    async def look_up(self, fields: NoticeFields) -> LookUp:
        """What the store knows that may have to do with this notice. At most 200 candidates, in the order of their ids."""
        return await self._database.run(register.look_up, fields)

    async def letters_since(self, recipient: str, since: datetime) -> int:
        """How many mails were queued to this address (case-insensitive) at or after `since`, cancelled ones left out."""
        return await self._database.run(letters.letters_since, recipient, since)

    async def settle(self, mail_id: int, settled: Settled) -> None:
        """Write everything of `settled` in one transaction, with its journal entries. Outgoing mails whose dedupe key exists are
        left out. Raises WrongState when the mail is not `received` any more, or a notice of it read before is no longer held;
        StoreError when another process took the same guarantee meanwhile (unique index: one accepted-or-verified submission
        per guarantee), or the register changed: decide anew.
        """  # noqa: D205 - one promise, not a headline and its text
        await self._database.run(settling.settle, mail_id, settled)

    async def postpone_mail(self, mail_id: int, *, error: str, until: datetime) -> None:
        """A received mail could not be sorted now: due again at `until`. Raises NotFound, WrongState."""
        await self._database.run(mails.postpone, mail_id, error, until)

    async def park_mail(self, mail_id: int, *, error: str, outgoing: Sequence[OutgoingMail] = ()) -> None:
        """A received mail can't be sorted: parked / processing_failed, and a person is told. Raises NotFound, WrongState."""
        await self._database.run(mails.park, mail_id, error, outgoing)

    async def replay_mail(self, mail_id: int, *, actor: str) -> None:
        """Parked or ignored → received, attempts 0, due now. Raises NotFound, WrongState."""
        await self._database.run(mails.replay, mail_id, actor)

    # -- what clerks and the operator ask
    async def mails(self, *, states: Sequence[MailState] = (), limit: int = 100) -> tuple[MailRow, ...]:
        """Newest first; no states = all."""
        return await self._database.run(mails.listed, states, limit)

    async def mail(self, mail_id: int) -> tuple[MailRow, bytes, tuple[Submission, ...]]:
        """A mail, its bytes, and its submissions in the order of the notices. Raises NotFound."""
        return await self._database.run(mails.one, mail_id)

    async def submissions(self, *, states: Sequence[SubmissionState] = (), limit: int = 100) -> tuple[Submission, ...]:
        """Newest first; no states = all."""
        return await self._database.run(register.submissions, states, limit)

    async def submission(self, receipt_number: str) -> Submission:
        """The submission with this 受付番号. Raises NotFound."""
        return await self._database.run(register.submission, receipt_number)

    async def judge(
        self,
        receipt_number: str,
        *,
        state: SubmissionState,
        reason: SubmissionReason,
        actor: str,
        note: str = "",
        guarantee_id: int | None = None,
        key_received: KeyReceived | None = None,
        outgoing: Sequence[OutgoingMail] = (),
    ) -> Submission:
        """A clerk's word: accept, refuse, verify; one transaction with journal and letters. `reason` is appended to the
        submission's reasons; verify also moves the guarantee to verified. Raises NotFound, WrongState.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(
            settling.judge,
            receipt_number,
            state=state,
            reason=reason,
            actor=actor,
            note=note,
            guarantee_id=guarantee_id,
            key_received=key_received,
            outgoing=outgoing,
        )

    # -- register
    async def guarantees(
        self, *, states: Sequence[GuaranteeState] = (), text: str = "", limit: int | None = 100
    ) -> tuple[Guarantee, ...]:
        """In the order of their ids. `text`: part of number, project name or contractor, folded as the names are."""
        return await self._database.run(register.guarantees, states, text, limit)

    async def guarantee(self, guarantee_id: int) -> Guarantee:
        """One row of the register. Raises NotFound."""
        return await self._database.run(register.guarantee, guarantee_id)

    async def guarantee_by_number(self, number: str) -> Guarantee | None:
        """The guarantee with exactly this normalised number; None for "" too."""
        return await self._database.run(register.by_exact_number, number)

    async def change_register(self, changes: Sequence[RegisterChange], *, actor: str, source: str) -> None:
        """Write ADD and UPDATE in one transaction, one journal entry each and one for the file.

        Of an UPDATE only `changed_fields` are written: a key that came meanwhile stays. A new revision supersedes what was
        accepted or verified for the guarantee. Raises NotFound, WrongState; StoreError when a state that the file changes
        is not the planned one any more, or a number is taken: plan anew.
        """
        await self._database.run(register.change, changes, actor, source)

    # -- outbox (T3, T4)
    async def enqueue(self, mails: Sequence[OutgoingMail], *, at: datetime | None = None) -> int:
        """Queue mails whose dedupe key is new, due now; returns how many were. `at`: when they were made, None = now."""
        return await self._database.run(letters.enqueue, mails, at)

    async def claim_outgoing(self, *, limit: int = 20) -> tuple[ClaimedMail, ...]:
        """Queued and due, oldest due first; attempts+1 and next_attempt_at = now + wait_after(attempts) are committed before
        this returns. An `issued` letter whose recipient has opted out, or whose guarantee no longer wants it or is
        cancelled, is cancelled here instead (opted_out, no_longer_true).
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(letters.claim, limit)

    async def next_outgoing_due(self) -> datetime | None:
        """When the next queued mail is due (it may be past), UTC; None when none waits."""
        return await self._database.run(letters.next_due)

    async def note_delivery(self, outbox_id: int, *, state: OutboxState, reason: OutboxReason, reply: str) -> None:
        """The result of an attempt; state queued keeps the time that the claim had set. `reply`: the relay's words, cut.

        Raises NotFound, WrongState (a clerk cancelled it meanwhile).
        """
        await self._database.run(letters.note_delivery, outbox_id, state, reason, reply)

    async def outgoing(self, *, states: Sequence[OutboxState] = (), limit: int = 100) -> tuple[OutboxRow, ...]:
        """Newest first; no states = all."""
        return await self._database.run(letters.listed, states, limit)

    async def outgoing_mail(self, outbox_id: int) -> OutboxRow:
        """One outgoing mail. Raises NotFound."""
        return await self._database.run(letters.one, outbox_id)

    async def retry_outgoing(self, outbox_id: int, *, actor: str) -> None:
        """Hold, bounced or expired → queued, attempts 0, due now, five days anew. Raises NotFound, WrongState."""
        await self._database.run(letters.retry, outbox_id, actor)

    async def cancel_outgoing(self, outbox_id: int, *, actor: str) -> None:
        """Queued or hold → cancelled / clerk_cancelled. Raises NotFound, WrongState."""
        await self._database.run(letters.cancel, outbox_id, actor)

    # -- issuance-complete mails
    async def due_issued(self) -> tuple[Guarantee, ...]:
        """Issued (issued_at set, state issued), wants_issued_mail, an address, not opted out, and no `issued/<guarantee_id>/<revision>` yet."""
        return await self._database.run(letters.due_issued)

    async def opt_out(self, address: str, *, actor: str, source: str) -> None:
        """No issued mail to this address (case-insensitive) from now on; again is no error and changes nothing."""
        await self._database.run(letters.opt_out, address, actor, source)

    async def opt_in(self, address: str, *, actor: str, source: str) -> None:
        """Take the opt-out of this address back; none is no error."""
        await self._database.run(letters.opt_in, address, actor, source)

    async def opted_out(self) -> tuple[tuple[str, datetime, str], ...]:
        """(address in lower case, since when UTC, source) of every opt-out, oldest first."""
        return await self._database.run(letters.opted_out)

    # -- summary
    async def summary_facts(self, *, since: datetime, until: datetime) -> SummaryFacts:
        """The facts of the span, `since` exclusive, `until` inclusive, and what stands open now (core/summary.py).

        Accepted, refused, duplicate and verified submissions: those that came into this state in the span and are in it still.
        """
        return await self._database.run(summary.facts, since, until)

    async def last_import(self) -> int:
        """A number that grows with every import of the register; 0 before the first."""
        return await self._database.run(register.last_import)

    async def last_summary_at(self) -> datetime | None:
        """When the last summary was queued; None before the first."""
        return await self._database.run(summary.last_at)
