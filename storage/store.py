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


class StoreError(OSError):
    """The database could not be asked just now; nothing was written. Temporary."""


class NotFound(LookupError):
    """There is no such row."""


class WrongState(ValueError):
    """The row is in a state from which this can't be done; names both states."""


class Store:
    """`async with await Store.open(url) as store`. One per process."""

    @classmethod
    async def open(cls, url: str, *, clock: Clock = utc_now) -> Self:
        """Open, and bring the schema up to date. `url`: sqlite:///relative, sqlite:////absolute, sqlite://:memory: or postgres://…"""
        raise NotImplementedError

    async def close(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc_info: object) -> None: ...

    # -- intake (T1)
    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Make mails durable in one transaction, in order. The same mail (core.envelope.identity) again gives is_new=False,
        also within one call. `before_first_start` → state ignored / before_first_start at once;
        `too_large_bytes` → passed_on / too_large at once (size_bytes = what the server told). All else: received, due now."""
        raise NotImplementedError

    async def mailbox_cursor(self, mailbox: str) -> MailboxCursor | None: ...
    async def save_cursor(self, cursor: MailboxCursor) -> None: ...

    # -- sorting (T2)
    async def claim_mail(self, *, lease: timedelta) -> ReceivedMail | None:
        """The oldest received mail that is due; attempts+1 and next_attempt_at = now+lease are committed before this returns."""
        raise NotImplementedError

    async def next_mail_due(self) -> datetime | None: ...
    async def look_up(self, fields: NoticeFields) -> LookUp: ...
    async def letters_since(self, recipient: str, since: datetime) -> int:
        """How many mails were queued to this address (case-insensitive) at or after `since`, cancelled ones left out."""
        raise NotImplementedError

    async def settle(self, mail_id: int, settled: Settled) -> None:
        """Write everything of `settled` in one transaction, with its journal entries. Outgoing mails whose dedupe key exists are
        left out. Raises WrongState when the mail is not `received` any more; StoreError when another process took
        the same guarantee meanwhile (unique index: one accepted-or-verified submission per guarantee): decide anew."""
        raise NotImplementedError

    async def postpone_mail(self, mail_id: int, *, error: str, until: datetime) -> None: ...
    async def park_mail(self, mail_id: int, *, error: str, outgoing: Sequence[OutgoingMail] = ()) -> None: ...
    async def replay_mail(self, mail_id: int, *, actor: str) -> None:
        """parked or ignored → received, attempts 0, due now. Raises NotFound, WrongState."""
        raise NotImplementedError

    # -- what clerks and the operator ask
    async def mails(self, *, states: Sequence[MailState] = (), limit: int = 100) -> tuple[MailRow, ...]:
        """Newest first; no states = all."""
        raise NotImplementedError

    async def mail(self, mail_id: int) -> tuple[MailRow, bytes, tuple[Submission, ...]]: ...
    async def submissions(
        self, *, states: Sequence[SubmissionState] = (), limit: int = 100
    ) -> tuple[Submission, ...]: ...
    async def submission(self, receipt_number: str) -> Submission: ...
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
        submission's reasons; verify also moves the guarantee to verified. Raises NotFound, WrongState."""
        raise NotImplementedError

    # -- register
    async def guarantees(
        self, *, states: Sequence[GuaranteeState] = (), text: str = "", limit: int | None = 100
    ) -> tuple[Guarantee, ...]:
        """In the order of their ids. `text`: part of number, project name or contractor, folded as the names are."""
        raise NotImplementedError

    async def guarantee(self, guarantee_id: int) -> Guarantee: ...
    async def guarantee_by_number(self, number: str) -> Guarantee | None: ...
    async def change_register(self, changes: Sequence[RegisterChange], *, actor: str, source: str) -> None:
        """Write ADD and UPDATE in one transaction, one journal entry each and one for the file."""
        raise NotImplementedError

    # -- outbox (T3, T4)
    async def enqueue(self, mails: Sequence[OutgoingMail]) -> int:
        """Queue mails whose dedupe key is new, due now; returns how many were."""
        raise NotImplementedError

    async def claim_outgoing(self, *, limit: int = 20) -> tuple[ClaimedMail, ...]:
        """Queued and due, oldest due first; attempts+1 and next_attempt_at = now + wait_after(attempts) are committed before
        this returns. An `issued` letter whose recipient has opted out, or whose guarantee no longer wants it or is
        cancelled, is cancelled here instead (opted_out, no_longer_true)."""
        raise NotImplementedError

    async def next_outgoing_due(self) -> datetime | None: ...
    async def note_delivery(
        self, outbox_id: int, *, state: OutboxState, reason: OutboxReason, reply: str
    ) -> None:
        """The result of an attempt; state queued keeps the time that the claim had set. `reply`: the relay's words, cut."""
        raise NotImplementedError

    async def outgoing(self, *, states: Sequence[OutboxState] = (), limit: int = 100) -> tuple[OutboxRow, ...]: ...
    async def outgoing_mail(self, outbox_id: int) -> OutboxRow: ...
    async def retry_outgoing(self, outbox_id: int, *, actor: str) -> None: ...
    async def cancel_outgoing(self, outbox_id: int, *, actor: str) -> None: ...

    # -- issuance-complete mails
    async def due_issued(self) -> tuple[Guarantee, ...]:
        """Issued (issued_at set, state issued), wants_issued_mail, an address, not opted out, and no `issued/<number>/<revision>` yet."""
        raise NotImplementedError

    async def opt_out(self, address: str, *, actor: str, source: str) -> None: ...
    async def opt_in(self, address: str, *, actor: str, source: str) -> None: ...
    async def opted_out(self) -> tuple[tuple[str, datetime, str], ...]: ...

    # -- summary
    async def summary_facts(self, *, since: datetime, until: datetime) -> SummaryFacts: ...
    async def last_summary_at(self) -> datetime | None:
        """When the last summary was queued; None before the first."""
        raise NotImplementedError
