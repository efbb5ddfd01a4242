"""The sorter: takes each received mail from the store, has it read, judged and worded, and settles it in one transaction.

Run by bot/app.py; `inspect` uses `sort` for mails of its own throw-away store. Straight-line: it has no opinion on content.
A mail that fails three times is parked with its error and an alert; the others go on. Nothing is raised but cancellation.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta

from bot.clock import Clock
from bot.core.address import plain_sender
from bot.core.authentication import SenderProof, judge_sender
from bot.core.automatic import OwnIdentity, screen
from bot.core.bounces import bounced_letters
from bot.core.decision import Draft, MailFacts, Verdict, decide, set_aside, submission_of
from bot.core.envelope import ReceivedMail
from bot.core.incoming import Settled
from bot.core.judging import Judged, SenderFacts, judge_notice
from bot.core.letters import MailAlert
from bot.core.mail import Mail
from bot.core.outbox import OutgoingMail
from bot.core.policy import Policy
from bot.core.reading import ReadFailure, ReadMail
from bot.core.reasons import MailReason, wording
from bot.core.submission import Submission
from bot.core.understanding import Understood, understand
from bot.documents.reader import Reader
from bot.outbound.compose import Composer
from bot.outbound.message import Thread
from storage.errors import NotFound, StoreError, WrongState
from storage.store import Store

log = logging.getLogger("hosho.sorter")

LEASE = timedelta(seconds=60)
"""Longer than a mail can take (30 s of reading at most); after a crash the mail is due again when it runs out."""
TRIES = 3
"""A poisonous mail must not keep the others waiting (faults.md A1, Mailman's MAX_BAK_COUNT)."""
WAIT_BETWEEN_TRIES = timedelta(minutes=1)
_IDLE_SECONDS = 60.0  # how long to trust the wake-up before looking by itself


class UnreadableMailError(ValueError):
    """The reader gave up on the mail; says why, without anything of its content."""


class Sorter:
    """One mail after another. `wake` is set by the intake when there is a new one."""

    def __init__(self, store: Store, reader: Reader, composer: Composer, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._stopping = False
        self.wake = asyncio.Event()
        self.on_settled: Callable[[], None] = lambda: None  # the sender has work
        self._own = OwnIdentity(frozenset(policy.inboxes))

    def stop(self) -> None:
        """Let `run` return after the mail in hand."""
        self._stopping = True
        self.wake.set()

    async def run(self) -> None:
        """Sort until `stop`."""
        while not self._stopping:
            self.wake.clear()
            try:
                while not self._stopping and (mail := await self._store.claim_mail(lease=LEASE)):
                    await self.sort(mail)
                due = await self._store.next_mail_due()
            except Exception as error:  # noqa: BLE001 - the worker's top: it goes on
                log.error("the database can't be asked, trying again: %s", error)  # noqa: TRY400 - the cause is in the text
                due = None
            if self._stopping:
                return
            seconds = _IDLE_SECONDS if due is None else (due - self._clock()).total_seconds()
            try:
                async with asyncio.timeout(min(max(seconds, 0.1), _IDLE_SECONDS)):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def sort(self, mail: ReceivedMail) -> None:
        """Bring one claimed mail to its end, or to its next try."""
        try:
            await self._sort(mail)
        except StoreError as error:
            log.warning("mail %d waits, the database can't be written: %s", mail.mail_id, error)
        except Exception as error:  # noqa: BLE001 - the worker's top: whatever it is, this mail is parked and the others go on
            await self._postpone_or_park(mail, error)
        self.on_settled()

    async def _sort(self, mail: ReceivedMail) -> None:
        if mail.attempts > TRIES:  # it took the daemon down with it, or the database refuses what comes of it
            raise UnreadableMailError(f"gave no result in {TRIES} tries")
        read = await self._reader.read(mail.content)
        if isinstance(read, ReadFailure):
            raise UnreadableMailError(read.reason)
        verdict = await self._verdict(mail, read)
        settled = Settled(
            state=verdict.state,
            reason=verdict.reason,
            sender=verdict.sender,
            subject=verdict.subject,
            papers=verdict.papers,
            submissions=verdict.submissions,
            keys_received=verdict.keys_received,
            outgoing=tuple(self._composed(draft, read.mail) for draft in verdict.drafts),
            bounced=bounced_letters(mail.content, read.mail, self._screened(mail, read.mail)),
            no_reply=verdict.no_reply,
        )
        await self._store.settle(mail.mail_id, settled)
        log.info("mail %d: %s, %s, %d notices", mail.mail_id, verdict.state, verdict.reason, len(verdict.submissions))

    async def _verdict(self, mail: ReceivedMail, read: ReadMail) -> Verdict:
        facts = await self._facts(mail, read.mail)
        if verdict := set_aside(facts, read.documents, self._policy):
            return verdict
        understood = understand(read, self._policy.formats)
        return decide(facts, understood, await self._judged(facts, understood), self._policy)

    async def _facts(self, mail: ReceivedMail, parsed: Mail) -> MailFacts:
        address = plain_sender(parsed)
        automatic = self._screened(mail, parsed)
        proof = judge_sender(parsed, self._policy.authserv_id)
        sender = SenderFacts(
            address,
            is_proven=proof is SenderProof.PROVEN,
            is_unproven=proof in {SenderProof.FAILED, SenderProof.UNKNOWN},
            is_automatic=automatic is not None,
        )
        since = self._clock() - timedelta(days=1)
        today = await self._store.letters_since(address.addr_spec, since) if address and address.addr_spec else 0
        return MailFacts(mail.mail_id, mail.digest, mail.envelope, parsed, automatic, sender, today)

    def _screened(self, mail: ReceivedMail, parsed: Mail) -> MailReason | None:
        return screen(parsed, mail.envelope.mail_from, self._own)

    async def _judged(self, facts: MailFacts, understood: Understood) -> Sequence[Judged]:
        judged: list[Judged] = []
        siblings: list[Submission] = []
        for ordinal, notice in enumerate(understood.notices, 1):
            found = await self._store.look_up(notice.reading.fields)
            one = judge_notice(notice, found, facts.sender, self._policy, siblings)
            judged.append(one)
            siblings.append(submission_of(facts, one, ordinal))
        return judged

    def _composed(self, draft: Draft, mail: Mail | None) -> OutgoingMail:
        return self._composer.compose(
            draft.context,
            recipient=draft.recipient,
            dedupe_key=draft.dedupe_key,
            now=self._clock(),
            reply_to_mail=Thread.of(mail) if draft.answers and mail is not None else None,
            submission=draft.submission,
        )

    async def _postpone_or_park(self, mail: ReceivedMail, error: Exception) -> None:
        # Only the kind of error and its place: its text may hold what the mail held.
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = str(error) if isinstance(error, UnreadableMailError) else f"{type(error).__name__} ({place.name})"
        try:
            if mail.attempts < TRIES:
                log.warning("mail %d failed (try %d): %s", mail.mail_id, mail.attempts, told)
                until = self._clock() + WAIT_BETWEEN_TRIES * mail.attempts
                await self._store.postpone_mail(mail.mail_id, error=told, until=until)
            else:
                log.error("mail %d is parked: %s", mail.mail_id, told)
                await self._store.park_mail(mail.mail_id, error=told, outgoing=self._parked_alerts(mail))
        except (StoreError, NotFound, WrongState) as failure:  # out of reach, or settled by another process meanwhile
            log.warning("mail %d is left as it is: %s", mail.mail_id, failure)

    def _parked_alerts(self, mail: ReceivedMail) -> tuple[OutgoingMail, ...]:
        sender = mail.envelope.mail_from or "（不明）"
        return tuple(
            self._composed(
                Draft(
                    MailAlert(
                        self._policy.office,
                        desk.name,
                        mail.mail_id,
                        sender,
                        "",
                        mail.envelope.received_at,
                        wording(MailReason.READING_FAILED),
                        (),
                        "",
                        "差出人には返信していません",
                    ),
                    desk.address,
                    f"parked/{mail.digest}/{desk.address}",
                    answers=False,
                ),
                None,
            )
            for desk in self._policy.desks_for(None)
        )
