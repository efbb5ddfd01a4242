"""The sweeps: work that is due by time or by a change of the register, queried from the database at each tick.

Summaries and reminders on opening days, issuance-complete mails, held submissions whose guarantee is in the register now. Called
at the ticker's ticks and by commands. A second run has no effect, because of dedupe keys and states.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.clerk.entry_results import result_letter, result_line, told_words, unread_line
from bot.core.clerk.key_letters import keys_address, keys_draft, still_at_hand
from bot.core.deadlines.rules import ReminderRules
from bot.core.health.workers import Worker
from bot.core.judging.history import first_of_same, reasons_in_words
from bot.core.judging.rejudge import is_waiting_for_register, rejudge
from bot.core.letters.drafts import Draft
from bot.core.letters.lists import Summary
from bot.core.letters.to_contractors import issued_letter
from bot.core.letters.to_desks import ResultLine
from bot.core.policy.conditions import outside_by_row
from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.incoming_mail import ClerkDecision, MailRow
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.submission import Submission, SubmissionState
from bot.core.records.submission_search import Search
from bot.core.summary.facts import SummaryFacts
from bot.core.summary.summarise import DeskSummary, summarise
from bot.core.summary.workbook import BookFacts, desk_book
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from bot.core.verdict.known_mail import known_mail
from bot.outbound.compose import Composer
from bot.outbound.message import Attachment, Thread
from bot.spreadsheets.writing import XLSX, workbook
from bot.workers.reminders import Reminders
from storage.errors import Overtaken, WrongState
from storage.store import Store

log = logging.getLogger("hosho.sweeps")

_FIRST_SPAN = timedelta(days=1)  # the span of the first summary


class Sweeps:
    """The sweeps; each method queries the due work and does it."""

    def __init__(
        self,
        store: Store,
        composer: Composer,
        policy: Policy,
        calendar: Calendar,
        clock: Clock,
        *,
        issued_enabled: bool,
        reminders: ReminderRules | None = None,
    ) -> None:
        self._store = store
        self._composer = composer
        self._policy = policy
        self._calendar = calendar
        self._clock = clock
        self._issued_enabled = issued_enabled
        self._reminders = Reminders(store, composer, policy, calendar, clock, reminders or ReminderRules())
        self._started_at = clock()
        self._imported = -1

    @property
    def each(self) -> tuple[tuple[Worker, Callable[[], Awaitable[int]]], ...]:
        """Every sweep; one that fails is no reason to leave out the others."""
        return (
            (Worker.CLOCK, self._set_times_right),
            (Worker.REMATCHING, self._rematch_after_imports),
            (Worker.ISSUED, self.issued),
            (Worker.SUMMARIES, self.summaries),
            (Worker.REMINDERS, self.reminders),
            (Worker.ENTRY_RESULTS, self.entry_results),
        )

    async def all(self) -> int:
        """Every sweep; returns how many mails were queued."""
        return sum([await sweep() for _, sweep in self.each])

    async def _set_times_right(self) -> int:
        if changed := await self._store.recovery.set_times_right():
            log.error("the clock was ahead: %d stored times that lie in the future are set to now", changed)
        return 0

    async def _rematch_after_imports(self) -> int:
        imported = await self._store.register.last_import()
        if imported != self._imported:  # what waits for the register need not be asked again before it changes
            await self.rematch()
            self._imported = imported
        return 0

    async def issued(self) -> int:
        """Queue the issuance-complete mails that are due: consented to, issued, not told yet."""
        if not self._issued_enabled:
            return 0
        mails: list[OutgoingMail] = []
        for guarantee in await self._store.outbox.due_issued():
            day = self._clock().astimezone(JAPAN).date()
            if guarantee.issued_at is None or outside_by_row(guarantee, self._policy.conditions, day):
                continue
            mails.append(
                self._composer.compose(
                    Draft(
                        issued_letter(guarantee, guarantee.issued_at, self._policy),
                        guarantee.email,
                        f"issued/{guarantee.guarantee_id}/{guarantee.revision}",
                        guarantee_id=guarantee.guarantee_id,
                    ),
                    now=self._clock(),
                ),
            )
        return await self._store.outbox.enqueue(mails) if mails else 0

    async def entry_results(self) -> int:
        """Tell clerks what became of the notices that they entered by mail, once all of a mail have been read."""
        if not self._policy.reply_window:
            return 0
        entered = await self._store.incoming.entered()
        return await self._store.outbox.enqueue([await self._entry_result(mail_id) for mail_id in entered])

    async def _entry_result(self, mail_id: int) -> OutgoingMail:
        entry, content, _ = await self._store.incoming.get(mail_id)
        items: list[ResultLine] = []
        for number in await self._store.incoming.entered_by(mail_id):
            row, _, submissions = await self._store.incoming.get(number)
            items += [await self._result_line(one, row) for one in submissions] or [unread_line(row)]
        thread = Thread.of(known_mail(content, entry.envelope, self._policy).head)
        letter = result_letter(entry, items, self._policy)
        return self._composer.compose(letter, now=self._clock(), reply_to_mail=thread)

    async def _result_line(self, one: Submission, row: MailRow) -> ResultLine:
        found = await self._store.register.look_up(one.fields, one.works_numbers)
        decided = await self._store.register.guarantee(one.guarantee_id) if one.guarantee_id is not None else None
        meant = decided or found.by_number
        earlier = [other for other in found.earlier if other.receipt_number != one.receipt_number]
        reasons = reasons_in_words(one.reasons, one.fields, meant, earlier)
        first = first_of_same(one.fields, earlier)
        return result_line(one, meant, reasons, self._policy.desks, told_words(one, row), first)

    async def reminders(self) -> int:
        """Queue the reminders of the day to those who get no summary; what is due stands in the desks' summaries."""
        return await self._reminders.send()

    async def summaries(self) -> int:
        """Queue the summary of the latest due time without one; it also covers missed earlier ones."""
        now = self._clock()
        due = self._calendar.last_due(now)
        covered, since = await self._covered(now)
        if due is None or covered >= due:
            return 0
        # With `since` in the key, a summary that a wrong clock sent before its time is no reason to leave out the right one.
        return await self._queue_summaries(f"{due:%Y%m%dT%H%M}/{since:%Y%m%dT%H%M}", since, now)

    async def _covered(self, now: datetime) -> tuple[datetime, datetime]:
        """Up to when there is nothing left to tell, and since when the next summary tells: the last one's time; before the
        first, when everything began, and that or a day ago.
        """
        last = await self._store.summary.last_at()
        if last is not None:
            return last, last
        began = min(self._started_at, now, await self._store.summary.began_at() or now)
        return began, min(began - timedelta(seconds=1), now - _FIRST_SPAN)  # a span is without its beginning

    async def send_summary(self) -> int:
        """Queue a summary now, whatever the hour; returns how many mails."""
        since, until = await self.last_span()
        return await self._queue_summaries(f"{until:%Y%m%dT%H%M%S}", since, until)

    async def _queue_summaries(self, slot: str, since: datetime, until: datetime) -> int:
        facts = await self._store.summary.facts(since=since, until=until)
        book = await self._store.summary.book_facts(until=until)
        due = await self._reminders.due(until)
        made = [(desk, summarise(facts, desk, self._policy, due)) for desk in self._policy.desks]
        mails = [await self._summary_mail(desk, one, book, slot, until) for desk, one in made]
        keys = await self._keys_mails(made, facts, slot)
        queued = await self._store.outbox.enqueue([*mails, *keys], at=until)  # the next one begins where this one ends
        return max(queued - len(keys), 0)  # shadow mode queues none

    async def _keys_mails(
        self, made: Sequence[tuple[Desk, DeskSummary]], facts: SummaryFacts, slot: str
    ) -> list[OutgoingMail]:
        """The keys of what the summaries list, for those desks that get them by a mail of their own and have not got them yet."""
        if self._policy.keys is not KeyDelivery.SEPARATE:
            return []
        versions = {
            one.receipt_number: facts.series.get(row.guarantee_id, ())
            for one, row in facts.to_verify
            if row is not None
        }
        mails: list[OutgoingMail] = []
        told: set[tuple[str, str]] = set()  # desks may share an address
        for desk, summary in made:
            address = keys_address(desk)
            receipts = [one.receipt_number for one in summary.for_dsure]
            mailed = still_at_hand(await self._store.outbox.keys_mailed(receipts, address), versions)
            mailed |= {receipt for receipt, to in told if to == address.casefold()}
            draft = keys_draft(summary.for_dsure, desk, self._policy, slot, mailed)
            if draft is None:
                continue
            told |= {(receipt, address.casefold()) for receipt, _ in draft.keys}
            mails.append(self._composer.compose(draft, now=facts.until))
        return mails

    async def _summary_mail(
        self, desk: Desk, summary: DeskSummary, book: BookFacts, slot: str, until: datetime
    ) -> OutgoingMail:
        files: tuple[Attachment, ...] = ()
        if self._policy.workbooks:
            # Thousands of rows take a second or two: the doors answer meanwhile.
            sheets = desk_book(book, desk, self._policy.desks, summary.work, summary.dues, summary.details)
            content = await asyncio.to_thread(workbook, sheets)
            files = (Attachment(f"hosho-{until.astimezone(JAPAN):%Y%m%d}.xlsx", XLSX, content),)
        key = f"summary/{slot}/{desk.name}/{desk.address}"
        draft = Draft(summary.letter, desk.address, key, answerable=summary.answerable)
        return self._composer.compose(draft, now=until, attachments=files)

    async def summary(self, *, since: datetime, until: datetime) -> tuple[tuple[Desk, Summary], ...]:
        """Each desk's summary of the span."""
        facts = await self._store.summary.facts(since=since, until=until)
        due = await self._reminders.due(until)
        return tuple((desk, summarise(facts, desk, self._policy, due).letter) for desk in self._policy.desks)

    async def last_span(self) -> tuple[datetime, datetime]:
        """The span that the next summary would cover."""
        now = self._clock()
        return (await self._covered(now))[1], now

    async def rematch(self) -> int:
        """Accept what was held only because the register did not know it; returns how many."""
        return await rematch(self._store, self._policy)


async def rematch(store: Store, policy: Policy) -> int:
    """Accept what was held only because the register did not know it; returns how many. Also run after each import."""
    accepted = 0
    for submission in await store.submissions.find(Search(states=(SubmissionState.HELD,)), limit=None):
        if not is_waiting_for_register(submission) or submission.fields.auth_key is None:
            continue
        verdict = rejudge(submission, await store.register.look_up(submission.fields, submission.works_numbers), policy)
        if verdict is None:
            continue
        try:
            judgement = ClerkDecision(
                submission.receipt_number,
                SubmissionState.ACCEPTED,
                verdict.reason,
                guarantee_id=verdict.guarantee.guarantee_id,
                key_received=verdict.key_received,
                replaces=tuple(one.receipt_number for one in verdict.replaces),
            )
            await store.submissions.judge(judgement, actor="register")
        except (WrongState, Overtaken) as error:  # a clerk or another process was quicker
            log.info("submission %s: %s", submission.receipt_number, error)
            continue
        accepted += 1
    return accepted
