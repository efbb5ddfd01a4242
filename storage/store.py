"""The only door to the database: a method is a transaction is a use case; core values in and out.

Called by workers, intake and commands; nothing outside this package sees a row or SQL. Every method runs to its end in a
task of its own even if its caller is cancelled (a cancelled Tortoise transaction would lock the database for ever).
Raises StoreError (temporary: retry), NotFound, WrongState.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from bot.clock import Clock, utc_now
from bot.core.alarms import Alarm, StoreFacts
from bot.core.consent import Consent, Origin, Proof, Word
from bot.core.deadline_facts import DeadlineFacts
from bot.core.deadlines import DeadlineKind
from bot.core.desk_book import BookFacts
from bot.core.envelope import Arrival, Kept, Place, ReceivedMail
from bot.core.guarantee import Guarantee, GuaranteeState
from bot.core.incoming import Judgement, MailboxCursor, MailRow, MailState, Settled, Turn
from bot.core.journal import JournalCheck, JournalHead, JournalLine
from bot.core.limits import Lately, Withheld
from bot.core.outbox import ClaimedMail, DeadAddress, OutboxRow, OutboxState, OutgoingMail, Placed, Returned
from bot.core.reasons import OutboxReason
from bot.core.reconciling import Ledger, MailboxCheck
from bot.core.register import LookUp, RegisterChange
from bot.core.reminding import Told
from bot.core.search import Search
from bot.core.status import Backlog
from bot.core.submission import NoticeFields, Submission, SubmissionState
from bot.core.summary import SummaryFacts
from bot.core.ticket import Ticket
from bot.core.versions import Series
from storage.database.connection import Database
from storage.errors import NotFound, StoreError, WrongState
from storage.keys.key_file import KeyFile
from storage.keys.vault import Vault, derived
from storage.opening import open_database
from storage.use_cases import (
    bounces,
    consent,
    health,
    incoming,
    journal,
    key_rotation,
    mailboxes,
    outbox,
    password_pairing,
    recovery,
    register,
    reminders,
    send_counts,
    summary,
    tickets,
    versions,
)
from storage.use_cases import settle as settling
from storage.use_cases.key_rotation import KeysCheck, Sealed

__all__ = ["KeyFile", "KeysCheck", "NotFound", "Store", "StoreError", "Vault", "WrongState"]


class Store:
    """`async with await Store.open(url) as store`. One per process is enough; several, of either dialect, do no harm.

    Its methods may be called from any task of the event loop in which it was opened.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        vault: KeyFile | Vault | None = None,
        clock: Clock = utc_now,
        durable: bool = True,
        new_database: bool = False,
    ) -> Self:
        """Open, and bring the schema up to date. `url`: sqlite:///relative, sqlite:////absolute, sqlite://:memory:, postgres://… .

        An SQLite file is made with mode 0600, its folder with 0700; before a migration changes an existing one, it is copied to
        `<file>.before-NNNN`. `durable` False: no sync to the disk, for a throw-away SQLite database only. `new_database`: begin
        anew where one is known to have been. `vault`: what seals keys and mails; a key file that is missing is made while
        nothing is sealed. Only a database that is thrown away may do without: it gets Vault.throwaway().
        Raises StoreError, and its kin: KeysUnfit, NotPrivate, DatabaseGone, DatabaseReplaced.
        """
        if vault is None:
            if durable and url != "sqlite://:memory:":
                raise TypeError("a database that is kept needs a vault")
            vault = Vault.throwaway()
        return cls(await open_database(url, keys=vault, clock=clock, durable=durable, new_database=new_database))

    async def close(self) -> None:
        """Let what runs finish, then disconnect; without it the driver's thread keeps the process alive. Twice is no error."""
        await self._database.close()

    def derived_secret(self, label: str) -> bytes:
        """32 bytes that only this database's keys can give, others for each label; a rotation of the keys changes nothing."""
        return derived(self._database.secret, label.encode("utf-8"))

    def check_files(self) -> None:
        """Raise DatabaseGone or DatabaseReplaced when the SQLite file is not the one that was opened; every method does so too."""
        self._database.check_files()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    # -- after a crash
    async def recover(self) -> tuple[int, int]:
        """Make due at once what a daemon that died had in hand: received mails that were tried before, and letters whose last
        attempt has no result (reason outcome_unknown: they may arrive twice). Returns how many of each. Only for the holder of
        the daemon's lock (database/daemon_lock.py), before it claims anything.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(recovery.recover)

    # -- intake (T1)
    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Make mails durable in one transaction, in order. The same mail (core.envelope.identity) again gives is_new=False,
        also within one call. `before_first_start` → state ignored / before_first_start at once;
        `too_large_bytes` → passed_on / too_large at once (size_bytes = what the server told). All else: received, due now.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(incoming.keep, arrivals)

    async def enter(self, arrivals: Sequence[Arrival], *, actor: str) -> tuple[Kept, ...]:
        """The same for forms that a clerk has entered, with a line of the journal for each in his name."""
        return await self._database.run(incoming.keep, arrivals, actor)

    async def mailbox_cursor(self, mailbox: str) -> MailboxCursor | None:
        """How far this mailbox was read; None before the first look."""
        return await self._database.run(mailboxes.cursor, mailbox)

    async def mailbox_cursors(self) -> tuple[MailboxCursor, ...]:
        """How far each mailbox was read, by name."""
        return await self._database.run(mailboxes.cursors)

    async def save_cursor(self, cursor: MailboxCursor) -> None:
        """Remember how far a mailbox was read, in place of what was known."""
        await self._database.run(mailboxes.save_cursor, cursor)

    async def note_gone(self, places: Sequence[Place]) -> None:
        """Mails that were gone from their server before they could be fetched; what is known of a place stays."""
        await self._database.run(mailboxes.note_gone, places)

    async def known_uids(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
        """Those of the UIDs whose mails were kept (`keep` notes each Arrival's place, of a known mail too)."""
        return await self._database.run(mailboxes.known_uids, mailbox, uidvalidity, uids)

    async def note_check(self, check: MailboxCheck) -> None:
        """Remember what a comparison of a mailbox with the server found, in place of the last one, and in the journal."""
        await self._database.run(mailboxes.note_check, check)

    async def last_check(self, mailbox: str) -> MailboxCheck | None:
        """The last comparison of this mailbox; None before the first."""
        return await self._database.run(mailboxes.last_check, mailbox)

    async def mailbox_checks(self) -> tuple[MailboxCheck, ...]:
        """The last comparison of each mailbox, by name."""
        return await self._database.run(mailboxes.checks)

    # -- sorting (T2)
    async def claim_mail(self, *, lease: timedelta, turn: Turn | None = None) -> ReceivedMail | None:
        """The next received mail that is due; attempts+1 and next_attempt_at = now+lease are committed before this returns.

        Of each sender the oldest. Of these, mails never tried before the others (unless those have waited for a minute),
        then who has had no turn lately (`turn`; None = nobody had), then the oldest.
        """
        return await self._database.run(incoming.claim, lease, turn or Turn())

    async def next_mail_due(self) -> datetime | None:
        """When the next received mail is due (it may be past), UTC; None when none waits."""
        return await self._database.run(incoming.next_due)

    async def look_up(self, fields: NoticeFields, works_numbers: Sequence[str] = ()) -> LookUp:
        """What the store knows that may have to do with this notice. At most 200 candidates, in the order of their ids.

        `works_numbers`: those that its mail's subject gives; rows that have one of them are candidates too.
        """
        return await self._database.run(register.look_up, fields, works_numbers)

    async def letters_lately(self, sender: str, others: Sequence[str] = ()) -> Lately:
        """What was queued in the last hour and the last 24, cancelled letters left out: to the sender ("" = nobody) and to the
        other addresses, to the sender's domain, and in all; and the unknown numbers that he named (core/limits.py).
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(send_counts.letters_lately, sender, others)

    async def mails_near(
        self, sender: str, *, at: datetime, window: timedelta, besides: int, limit: int = 10
    ) -> tuple[MailRow, ...]:
        """The mails from this address (case-insensitive) that came within `window` of `at` and are sorted, whatever their end,
        nearest first; without the mail `besides`.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(password_pairing.told_near, sender, at, window, besides, limit)

    async def locked_mails_near(
        self, sender: str, *, at: datetime, window: timedelta, besides: int, limit: int = 10
    ) -> tuple[MailRow, ...]:
        """Of `mails_near` those that were passed on with a file that only a password opens."""
        return await self._database.run(password_pairing.locked_near, sender, at, window, besides, limit)

    async def settle(self, mail_id: int, settled: Settled) -> None:
        """Write everything of `settled` in one transaction, with its journal entries. Outgoing mails whose dedupe key exists are
        left out; the mails of `reopened` are received again and due now; what a clerk's answer orders is carried out. Raises WrongState when the mail is not `received` any more, or a notice of it read before is no longer held;
        Overtaken when another process took the same guarantee meanwhile (unique index: one accepted-or-verified submission
        per guarantee), the register changed, or a mail to reopen is not passed on any more: decide anew; StoreError.
        """  # noqa: D205 - one promise, not a headline and its text
        await self._database.run(settling.settle, mail_id, settled)

    async def postpone_mail(self, mail_id: int, *, error: str, until: datetime) -> None:
        """A received mail could not be sorted now: due again at `until`. Raises NotFound, WrongState."""
        await self._database.run(incoming.postpone, mail_id, error, until)

    async def park_mail(
        self, mail_id: int, *, error: str, outgoing: Sequence[OutgoingMail] = (), withheld: Sequence[Withheld] = ()
    ) -> None:
        """A received mail can't be sorted: parked / processing_failed, and a person is told. Raises NotFound, WrongState."""
        await self._database.run(incoming.park, mail_id, error, outgoing, withheld)

    async def replay_mail(self, mail_id: int, *, actor: str) -> None:
        """Parked, passed on, ignored or released → received, attempts 0, due now: it is read again, and nobody gets a letter twice.

        Raises NotFound; WrongState also when only the header was kept.
        """
        await self._database.run(incoming.replay, mail_id, actor)

    async def release_mail(self, mail_id: int, *, actor: str, note: str) -> None:
        """Parked or passed on → released: a person has dealt with it, as the note in the journal says. Raises NotFound, WrongState."""
        await self._database.run(incoming.release, mail_id, actor, note)

    # -- what clerks and the operator ask
    async def mails(self, *, states: Sequence[MailState] = (), limit: int = 100) -> tuple[MailRow, ...]:
        """Newest first; no states = all."""
        return await self._database.run(incoming.listed, states, limit)

    async def mail(self, mail_id: int) -> tuple[MailRow, bytes, tuple[Submission, ...]]:
        """A mail, its bytes, and its submissions in the order of the notices. Raises NotFound."""
        return await self._database.run(incoming.one, mail_id)

    async def submissions(self, *, states: Sequence[SubmissionState] = (), limit: int = 100) -> tuple[Submission, ...]:
        """Newest first; no states = all."""
        return await self._database.run(register.submissions, states, limit)

    async def find_submissions(self, search: Search, *, limit: int | None = 100) -> tuple[Submission, ...]:
        """Those that a clerk looks for (core/search.py), newest first; no limit: all."""
        return await self._database.run(register.find, search, limit)

    async def submission(self, receipt_number: str) -> Submission:
        """The submission with this 受付番号. Raises NotFound."""
        return await self._database.run(register.submission, receipt_number)

    async def judge(self, judgement: Judgement, *, actor: str, outgoing: Sequence[OutgoingMail] = ()) -> Submission:
        """A clerk's word: accept, refuse, verify; one transaction with journal and letters. The reason is appended to the
        submission's reasons; verify also moves the guarantee to verified. Raises NotFound, WrongState.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(settling.judge, judgement, actor, outgoing)

    async def ticket(self, token: str, message_ids: Sequence[str] = ()) -> Ticket | None:
        """The ticket with this token; where there is none, the one of the newest letter with one of the Message-IDs."""
        return await self._database.run(tickets.find, token, message_ids)

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

    async def versions(self, guarantee_ids: Collection[int]) -> Series:
        """The versions of these guarantees by guarantee_id, oldest first, with what was seen of each in D-Sure."""
        return await self._database.run(versions.of, guarantee_ids)

    async def known_revisions(self) -> Mapping[int, frozenset[int]]:
        """By guarantee_id, the 変更番号 of which there is a version."""
        return await self._database.run(versions.revisions)

    async def change_register(self, changes: Sequence[RegisterChange], *, actor: str, source: str) -> None:
        """Write ADD and UPDATE in one transaction, one journal entry each and one for the file.

        Of an UPDATE only `changed_fields` are written: a key that came meanwhile stays. What makes a new version of a guarantee
        (core/versions.py) is written as one; what was verified for it is accepted then, to be seen anew, and what was taken for a
        guarantee that is cancelled or on paper now is superseded. Raises NotFound, WrongState; StoreError when a state that the
        file changes is not the planned one any more, or a number is taken: plan anew.
        """
        await self._database.run(register.change, changes, actor, source)

    # -- outbox (T3, T4)
    async def enqueue(
        self, mails: Sequence[OutgoingMail], *, at: datetime | None = None, actor: str = journal.BOT
    ) -> int:
        """Queue mails whose dedupe key is new, due now; returns how many were. `at`: when they were made, None = now."""
        return await self._database.run(outbox.enqueue, mails, at, actor)

    async def keys_mailed(self, receipt_numbers: Sequence[str], address: str) -> dict[str, datetime]:
        """Of the submissions those whose keys a KEYS letter to this address shows, whatever became of it; when the last was made, UTC."""
        return await self._database.run(outbox.keys_mailed, receipt_numbers, address)

    async def claim_outgoing(
        self, *, limit: int = 20, in_flight: Collection[str] | None = None
    ) -> tuple[ClaimedMail, ...]:
        """Queued and due, oldest due first; attempts+1 and next_attempt_at = now + wait_after(attempts) are committed before
        this returns. A contractor's letter to a dead address is cancelled here instead (dead_address), an `issued` letter whose
        recipient has opted out, or whose guarantee no longer wants it or is cancelled, too (opted_out, no_longer_true).
        `in_flight`: addresses to which nothing is claimed now; when given, not even empty, each address gets one mail at most.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(outbox.claim, limit, in_flight)

    async def next_outgoing_due(self) -> datetime | None:
        """When the next queued mail is due (it may be past), UTC; None when none waits."""
        return await self._database.run(outbox.next_due)

    async def note_delivery(
        self,
        outbox_id: int,
        *,
        state: OutboxState,
        reason: OutboxReason,
        reply: str,
        outcome_known: bool = True,
        address_is_dead: bool = False,
    ) -> None:
        """The result of an attempt; state queued keeps the time that the claim had set. `reply`: the relay's words, cut.

        `outcome_known` False: the relay may have taken the mail; what is delivered after such an attempt, or after one whose
        result was never noted, becomes relay_accepted_again. `address_is_dead`: no more letters of contractors' go there.
        Raises NotFound, WrongState (a clerk cancelled it meanwhile).
        """
        await self._database.run(
            outbox.note_delivery,
            outbox_id,
            state,
            reason,
            reply,
            outcome_known=outcome_known,
            address_is_dead=address_is_dead,
        )

    async def outgoing(self, *, states: Sequence[OutboxState] = (), limit: int = 100) -> tuple[OutboxRow, ...]:
        """Newest first; no states = all."""
        return await self._database.run(outbox.listed, states, limit)

    async def outgoing_mail(self, outbox_id: int) -> OutboxRow:
        """One outgoing mail. Raises NotFound."""
        return await self._database.run(outbox.one, outbox_id)

    async def retry_outgoing(self, outbox_id: int, *, actor: str) -> None:
        """Hold, bounced, expired or kept back from a dead address → queued, attempts 0, due now, five days anew, byte for byte
        the same. Its address is not dead any more. Raises NotFound, WrongState.
        """  # noqa: D205 - one promise, not a headline and its text
        await self._database.run(outbox.retry, outbox_id, actor)

    async def cancel_outgoing(self, outbox_id: int, *, actor: str) -> None:
        """Queued or hold → cancelled / clerk_cancelled. Raises NotFound, WrongState."""
        await self._database.run(outbox.cancel, outbox_id, actor)

    async def hold_outgoing(self, outbox_id: int, *, actor: str) -> None:
        """Queued → hold / clerk_held; an attempt that is under way may still deliver it. Raises NotFound, WrongState."""
        await self._database.run(outbox.hold, outbox_id, actor)

    async def release_outgoing(self, outbox_id: int, *, actor: str) -> None:
        """Hold → queued, due now; its attempts and its five days go on. Raises NotFound, WrongState."""
        await self._database.run(outbox.release, outbox_id, actor)

    async def outgoing_of(self, receipt_number: str) -> tuple[OutboxRow, ...]:
        """The letters that speak of this 受付番号, oldest first; none is no error."""
        return await self._database.run(outbox.of_submission, receipt_number)

    # -- what comes back
    async def place_report(self, returned: Returned) -> Placed:
        """Which letters a report is about: those that it names by what only their recipients know; else how many went to the
        addresses that it names in the last days. `settle` writes it down.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(bounces.place, returned)

    async def dead_addresses(self) -> tuple[DeadAddress, ...]:
        """The addresses to which contractors' letters are not sent, oldest first."""
        return await self._database.run(bounces.dead)

    async def revive_address(self, address: str, *, actor: str) -> None:
        """Letters to this address (case-insensitive) are sent again. Raises NotFound when it is not dead."""
        await self._database.run(bounces.revive_by_hand, address, actor)

    async def bounced_to_desks(self, since: datetime) -> tuple[tuple[str, int, datetime], ...]:
        """(address, number of the outgoing mail, when UTC) of each mail to a desk that bounced after `since`, oldest first."""
        return await self._database.run(bounces.bounced_to_desks, since)

    # -- issuance-complete mails
    async def due_issued(self) -> tuple[Guarantee, ...]:
        """Issued (issued_at set, state issued), wants_issued_mail, an address, consent of that address, and no `issued/<guarantee_id>/<revision>` yet."""
        return await self._database.run(outbox.due_issued)

    async def opt_out(self, address: str, *, wording: str, actor: str, source: str) -> None:
        """Record that this address (case-insensitive) wants no issued mail from now on; `wording`: the very words, "" = not known."""
        word = Word(address, given=False, wording=wording, origin=Origin.COMMAND, source=source, actor=actor)
        await self._database.run(consent.say, word)

    async def opt_in(self, address: str, *, wording: str, actor: str, source: str) -> None:
        """Record that this address takes its opt-out back: what the register wishes for it counts again."""
        word = Word(address, given=True, wording=wording, origin=Origin.COMMAND, source=source, actor=actor)
        await self._database.run(consent.say, word)

    async def opted_out(self) -> tuple[Consent, ...]:
        """Of every address that wants no issued mail now, the event since which this is so, oldest first."""
        return await self._database.run(consent.standing_stops)

    async def consents(self, address: str = "", *, limit: int = 100) -> tuple[Consent, ...]:
        """The events of consent, of one address (case-insensitive) or of all, newest first."""
        return await self._database.run(consent.listed, address, limit)

    async def consent_proofs(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Proof, ...]:
        """For each issued mail that left, or may have, between these (both inclusive): what permitted it, reckoned anew; oldest first."""
        return await self._database.run(consent.proofs, since, until)

    # -- deadlines
    async def deadline_facts(self, *, since: datetime) -> DeadlineFacts:
        """All that may be due (core/due.py), without keys: what waits, whenever it came, and of what has ended, or only
        brought a 請求書, the notices and mails after `since`.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(reminders.facts, since)

    async def reminded(self) -> tuple[Told, ...]:
        """What was told to whom, each due's last time."""
        return await self._database.run(reminders.told)

    async def remind(self, mails: Sequence[tuple[OutgoingMail, Sequence[Told]]]) -> int:
        """One transaction: queue each mail whose dedupe key is new, and remember what it tells; of the others nothing is remembered.
        Returns how many were queued.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(reminders.remind, mails)

    async def end_reminder(self, kind: DeadlineKind, about: str, *, actor: str, note: str) -> None:
        """A clerk has dealt with this due: it is told no more. Again is no error and changes nothing. `note`: for the journal."""
        await self._database.run(reminders.end, kind, about, actor, note)

    async def resume_reminder(self, kind: DeadlineKind, about: str, *, actor: str) -> None:
        """Take that back. Raises NotFound where nobody has said so."""
        await self._database.run(reminders.resume, kind, about, actor)

    # -- the books, and the operator's alarms
    async def ledger(self, *, since: datetime | None = None, until: datetime | None = None) -> Ledger:
        """The mails received after `since` up to `until` (None: ever), counted by door and state; the states' counts of a door add
        up to what it received, and none that has an end is without a reason.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(health.ledger, since, until)

    async def backlog(self) -> Backlog:
        """How many mails and letters are in which state, and since when the oldest of those that wait."""
        return await self._database.run(health.backlog)

    async def alarm_facts(self) -> StoreFacts:
        """What is late or wrong now, as far as the database knows it."""
        return await self._database.run(health.facts)

    async def open_alarms(self) -> tuple[Alarm, ...]:
        """Oldest first."""
        return await self._database.run(health.open_alarms)

    async def note_alarms(
        self,
        *,
        told: Sequence[Alarm],
        still: Sequence[Alarm],
        over: Sequence[Alarm],
        outgoing: Sequence[OutgoingMail] = (),
    ) -> int:
        """One transaction: `still` are the open ones (those told now included), `over` are closed, the mails queued whose dedupe
        key is new; told and over are in the journal. Returns how many mails were queued.
        """  # noqa: D205 - one promise, not a headline and its text
        return await self._database.run(health.note_alarms, told, still, over, outgoing)

    # -- summary
    async def summary_facts(self, *, since: datetime, until: datetime) -> SummaryFacts:
        """The facts of the span, `since` exclusive, `until` inclusive, and what stands open now (core/summary.py).

        Accepted, refused, duplicate and verified submissions: those that came into this state in the span and are in it still.
        """
        return await self._database.run(summary.facts, since, until)

    async def book_facts(self, *, until: datetime) -> BookFacts:
        """What the desks' workbooks are made of: the submissions of the last weeks and all that wait, the register's newest rows."""
        return await self._database.run(summary.book_facts, until)

    async def last_import(self) -> int:
        """A number that grows with every import of the register; 0 before the first."""
        return await self._database.run(register.last_import)

    # -- journal
    async def journal_head(self) -> JournalHead:
        """The last line's number and hash; (0, zeros) before the first."""
        return await self._database.run(journal.head)

    async def journal_lines(
        self, *, subject: tuple[str, str] | None = None, limit: int = 100
    ) -> tuple[JournalLine, ...]:
        """Newest first; `subject`: only what is about this row, e.g. ("guarantee", "12")."""
        return await self._database.run(journal.listed, subject, limit)

    async def verify_journal(self, expected: JournalHead | None = None) -> JournalCheck:
        """Read the whole journal and compute its chain anew, in batches: memory does not grow with it.

        `expected`: a head that an old summary shows; the journal must still have that line, as it was.
        """
        return await self._database.run(journal.verify, expected)

    # -- keys
    async def note_keys_shown(self, shown: Sequence[tuple[str, str | int]], *, actor: str, command: str) -> None:
        """A line for each row whose key a person is about to see; call it before, and show nothing when it raises.

        `shown`: (kind, id) as the journal names rows: ("guarantee", 12), ("submission", receipt number), ("mail", 3).
        """
        await self._database.run(journal.show_keys, shown, actor, command)

    async def check_keys(self) -> KeysCheck:
        """Count what each key has sealed, and unseal every access key. Mails are counted by what they say they are sealed with."""
        return await self._database.run(key_rotation.check)

    async def rotate_keys(self, keys: KeyFile, *, actor: str) -> Sealed:
        """Put a new key in front of the file, seal everything by it, take the old keys out of the file; or go on with that.

        `keys`: the file with which this store was opened. No daemon may run (database/daemon_lock.py). Cut off anywhere, nothing is
        lost: the file holds the old keys until everything is sealed anew. Raises StoreError.
        """
        return await self._database.run(key_rotation.rotate, keys, actor)

    async def last_summary_at(self) -> datetime | None:
        """When the last summary was queued; None before the first."""
        return await self._database.run(summary.last_at)
