"""The sorter: claims each received mail, has it read and judged, composes its letters, and settles it in one transaction.

Run by bot/app.py; `inspect` uses `sort` for mails of a temporary store. fair_queue.py decides on the order; a mail that takes
long at its first try is read again after the others; one that can't be read now for no fault of its own, later, as often as it takes. What a sender is told, and when, is fixed before alerts get their
pictures. The sorter makes no decisions on content. A mail that fails three times is parked with its error and an alert. Raises
nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.clock import Clock
from bot.core.clerk.entry_mail import as_form, decide_entry
from bot.core.clerk.entry_results import answer_colleague
from bot.core.consent.decide import consent_verdict
from bot.core.health.workers import Worker
from bot.core.letters.to_desks import DeskHelp, DeskNote, DeskReply, EntryReply, EntryResult
from bot.core.mail.delivery_status import needs_a_person
from bot.core.mail.passwords import without_passwords
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import MailWords, NotNow, ReadFailure, TakesLong
from bot.core.policy.masking import shown
from bot.core.policy.policy import Desk, Policy
from bot.core.records.envelope import ReceivedMail
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.reply_token import without_marks
from bot.core.records.secret import Password
from bot.core.verdict.alerts import within_desk_limits
from bot.core.verdict.colleagues import with_a_word
from bot.core.verdict.decide import Draft, MailFacts, Verdict, decide, not_whole, set_aside
from bot.core.verdict.known_mail import KnownMail, known_mail
from bot.core.verdict.parked import desk_of_parked, note_of_parked, parked_alert
from bot.core.verdict.reply import answer_due, reply_subject
from bot.crash_points import crash_point
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.outbound.message import Thread
from bot.successes import Successes
from bot.workers.alert_pictures import HELD_FOR, AlertPictures, alert_with
from bot.workers.clerk_answers import Answers
from bot.workers.fair_queue import FairQueue
from bot.workers.hand_entry import arrivals
from bot.workers.mail_facts import FactsFinder
from bot.workers.password_pairing import Paired, Pairing
from storage.errors import ActRefused, NotFound, Overtaken, StoreError, Unstorable, WrongState
from storage.store import Store

log = logging.getLogger("hosho.sorter")

LEASE = timedelta(minutes=15)
"""Longer than a mail takes on an idle machine. Where it takes longer, its lane is not given away all the same: its sender has a
mail in work. After a crash the mail is due at the next start, at the latest when the lease ends."""
TRIES = 3
"""A mail that always fails must not keep the others waiting; Mailman gives up after three as well (MAX_BAK_COUNT)."""
WAIT_BETWEEN_TRIES = timedelta(minutes=1)
NOT_NOW = "can't be read now"
"""The error of a mail that waits for the machine, see its row."""
NOT_STORED = "the database failed"
"""Likewise of one that waits for the database."""
NOT_NOW_WAITS = (timedelta(seconds=30), timedelta(minutes=10))
"""Such a mail is tried again in half of the time that it has waited, within these."""
KILLED_FOR = timedelta(hours=6)
"""For so long tries do not count whose processes were killed from outside; then three more do, and a person looks at the mail."""
DECISIONS = 5
"""How often a verdict is made again after Overtaken, before the mail waits for its next try."""
_AFTER_ERROR_SECONDS = 5.0
_OTHERS_SECONDS = 2.0  # how long to leave alone what another daemon has in hand
_IDLE_SECONDS = 60.0  # how long to trust the wake-up before looking by itself


class UnreadableMailError(ValueError):
    """The mail can't be read; the text says why, without the mail's content."""


class Sorter:
    """Sorts one mail more at a time than the reader has child processes. The intake sets `wake` for a new mail."""

    def __init__(self, store: Store, reader: Reader, composer: Composer, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._stopping = False
        self.wake = asyncio.Event()
        self.on_settled: Callable[[], None] = lambda: None  # the sender has work
        self.successes = Successes(clock)
        self._pairing = Pairing(store, reader, policy)
        self._answers = Answers(store, policy)
        self._facts = FactsFinder(store, policy, clock)
        self.pictures = AlertPictures(store, reader, composer, policy)
        self.pictures.on_done = self._wake_sender
        self._lost_track = False  # the database may name mails as ours that are not in hand
        self._no_tries: Counter[int] = Counter()  # tries that the database counted, and failed itself

    def _wake_sender(self) -> None:
        self.on_settled()

    def stop(self) -> None:
        """Let `run` return after the current mails."""
        self._stopping = True
        self.wake.set()

    async def see_to_files(self) -> None:
        """See to the letters for which a daemon that died had still to make pictures or papers."""
        await self.pictures.recover()

    async def run(self) -> None:
        """Sort until `stop`."""
        # One more than can be read: the next mail begins its reading while another one is decided and stored.
        lanes = FairQueue(self._reader.children + 1, max(self._reader.children - 1, 1), self.wake.set)
        is_recovered = False
        async with asyncio.TaskGroup() as group:
            drawing = group.create_task(self.pictures.run(), name="pictures")
            while not self._stopping:
                self.wake.clear()
                try:
                    if not is_recovered:
                        await self.pictures.recover()
                        is_recovered = True
                    seconds = await self._fill(lanes, group)
                except Exception as error:  # noqa: BLE001 - the worker's top: it goes on
                    log.error("the database can't be asked, trying again: %s", error)  # noqa: TRY400 - the cause is in the text
                    seconds, self._lost_track = _AFTER_ERROR_SECONDS, True
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self.wake.wait()
            drawing.cancel()  # the next daemon sees to what it has not made

    async def _fill(self, lanes: FairQueue, group: asyncio.TaskGroup) -> float:
        """Start what may be started. How long to wait for the next mail to be due, in seconds."""
        if self._lost_track:
            await self._store.incoming.give_back(lanes.in_hand)
            self._lost_track = False
        while not self._stopping and (turn := lanes.turn()) is not None:
            mail = await self._store.incoming.claim(lease=LEASE, turn=turn)
            if mail is None:
                break
            lanes.take(mail, group.create_task(self.sort(mail, quick=mail.attempts == 1)))
        if not lanes.is_idle:  # whatever is due waits for a lane, which wakes us
            return _IDLE_SECONDS
        due = await self._store.incoming.next_due()
        seconds = _IDLE_SECONDS if due is None else (due - self._clock()).total_seconds()
        if seconds < 0:  # it was not to be had: another daemon's, or behind what that one has in hand
            return _OTHERS_SECONDS
        return min(max(seconds, 0.1), _IDLE_SECONDS)

    async def sort(self, mail: ReceivedMail, *, quick: bool = False) -> None:
        """Sort one claimed mail: settle, postpone or park it. `quick`: postpone it when its reading takes long."""
        mail = replace(mail, attempts=mail.attempts - self._no_tries[mail.mail_id])
        try:
            await self._sort(mail, quick=quick)
        except asyncio.CancelledError:  # the daemon stops: that is no try
            await self._give_back(mail)
            raise
        except (
            Unstorable,
            Overtaken,
        ) as error:  # what is never taken is its own fault; a race is over before its next try
            await self._postpone_or_park(mail, error)
        except StoreError as error:
            await self._wait_for_database(mail, error)
            return
        except Exception as error:  # noqa: BLE001 - the worker's top: whatever it is, this mail is parked and the others go on
            await self._postpone_or_park(mail, error)
        del self._no_tries[mail.mail_id]
        self.on_settled()

    async def _sort(self, mail: ReceivedMail, *, quick: bool) -> None:
        crash_point("sorter.claimed")
        if mail.attempts > TRIES:  # it took the daemon down with it
            raise UnreadableMailError(f"gave no result in {TRIES} tries")
        known = known_mail(mail.content, mail.envelope, self._policy)
        if mail.lacks is not None:
            await self._pass_on(mail, known, mail.lacks)
            return
        letter = await self._answers.letter(known)
        read_it = partial(self._read, mail, known, letter, quick=quick)
        read = await read_it()
        crash_point("sorter.read")
        if isinstance(read, NotNow):
            self.successes.failed(Worker.READING, NOT_NOW, str(mail.mail_id))
        elif isinstance(read, ReadFailure):
            raise UnreadableMailError(read.reason)
        if isinstance(read, TakesLong | NotNow):
            await self._put_behind(mail, read)
            return
        self.successes.done(Worker.READING)
        due: datetime | None = None
        for _ in range(DECISIONS):
            paired = await self._pairing.pair(mail, known, read, read_it, quick=quick)
            if isinstance(paired, TakesLong | NotNow):
                await self._put_behind(mail, paired)
                return
            # Fixed before the register is asked: no later step moves it.
            due = due or answer_due(mail.envelope.received_at, self._clock(), self._policy.reply_delay)
            if await self._decide(mail, known, paired, due):
                return
            log.info("mail %d is decided anew", mail.mail_id)
        raise Overtaken("others were faster again and again")

    async def _pass_on(self, mail: ReceivedMail, known: KnownMail, why: MailReason) -> None:
        """Settle what the door did not take whole: by its header it has a desk, and a colleague is told."""
        subject = shown(without_passwords(without_marks(known.head.subject)), self._policy.formats)
        paired = Paired(UnderstoodMail(MailWords(subject)))
        async with self._store.turn():
            facts = await self._facts.of(mail, known, paired)
            verdict = with_a_word(facts, not_whole(facts, why, self._policy), self._policy)
            await self._settle(facts, paired, verdict, self._clock())

    async def _read(
        self,
        mail: ReceivedMail,
        known: KnownMail,
        letter: str | None,
        passwords: Sequence[Password] = (),
        *,
        quick: bool,
    ) -> UnderstoodMail | ReadFailure | TakesLong | NotNow:
        return await self._reader.read(
            mail.content,
            self._policy.formats,
            beforehand=known.beforehand(letter),
            quick=quick,
            passwords=passwords,
            worth_a_look=known.is_worth_a_look,
        )

    async def _put_behind(self, mail: ReceivedMail, why: TakesLong | NotNow) -> None:
        """Leave it for the lane of those that take long. It is never parked for what is not its own fault."""
        now, postpone = self._clock(), self._store.incoming.postpone
        if isinstance(why, TakesLong):
            log.info("mail %d takes long, and waits for its turn among such", mail.mail_id)
            await postpone(mail.mail_id, error="takes long to read", until=now)
            return
        wait = self._pause(mail)
        log.warning("mail %d can't be read now, and waits for %d seconds", mail.mail_id, wait.total_seconds())
        is_over = why.is_killed and abs(now - mail.envelope.received_at) > KILLED_FOR
        counted = mail.attempts if is_over else max(mail.attempts - 1, 1)
        await postpone(mail.mail_id, error=NOT_NOW, until=now + wait, attempts=counted)

    async def _wait_for_database(self, mail: ReceivedMail, error: StoreError) -> None:
        """The database failed: that is no try of the mail's."""
        log.warning("mail %d waits, the database can't be written: %s", mail.mail_id, error)
        until = self._clock() + self._pause(mail)
        try:
            await self._store.incoming.postpone(mail.mail_id, error=NOT_STORED, until=until, attempts=mail.attempts - 1)
        except (StoreError, NotFound, WrongState):  # its lease ends by itself; the try that was counted is remembered
            self._no_tries[mail.mail_id] += 1
            self._lost_track = True
        else:
            del self._no_tries[mail.mail_id]

    def _pause(self, mail: ReceivedMail) -> timedelta:
        """How long a mail waits that could not be sorted for no fault of its own."""
        least, most = NOT_NOW_WAITS
        return min(max((self._clock() - mail.envelope.received_at) / 2, least), most)

    async def _give_back(self, mail: ReceivedMail) -> None:
        with suppress(StoreError, NotFound, WrongState):  # its lease ends by itself
            await self._store.incoming.postpone(mail.mail_id, error="", until=self._clock(), attempts=mail.attempts - 1)

    async def _decide(self, mail: ReceivedMail, known: KnownMail, paired: Paired, due: datetime) -> bool:
        """Decide and settle. False: another mail of the sender was decided meanwhile, or somebody else was faster."""
        # What one mail's verdict rests on is not changed by another's: they are read side by side, decided one by one.
        async with self._store.turn() as check_turn:
            if not await self._pairing.holds(mail, paired):
                return False
            try:
                facts = await self._facts.of(mail, known, paired)
                verdict = with_a_word(facts, await self._verdict(facts, paired.read), self._policy)
                check_turn()
                await self._settle(facts, paired, verdict, due)
            except ActRefused as error:
                self._answers.refuse(mail.mail_id, error.place, error.why)
                return False
            except Overtaken:  # by a clerk's command, or another process
                return False
        self._answers.forget(mail.mail_id)
        return True

    async def _settle(self, facts: MailFacts, paired: Paired, verdict: Verdict, due: datetime) -> None:
        now = self._clock()
        outgoing = [
            self._answer(one, facts, due) if one.answers else self._notification(one, now) for one in verdict.drafts
        ]
        await self._store.submissions.settle(
            facts.mail_id,
            verdict,
            outgoing=outgoing,
            entered=tuple(arrivals(verdict.entered, self._policy.inboxes[0], self._clock(), facts.digest[:32])),
            returned=facts.returned,
            is_alive=facts.automatic is None and verdict.no_reply is not NoReplyReason.SENDER_UNPROVEN,
        )
        log.info("mail %d: %s, %s, %d notices", facts.mail_id, verdict.state, verdict.reason, len(verdict.submissions))
        self.pictures.later(facts.mail_id, verdict.drafts, paired.passwords, now)

    async def _verdict(self, facts: MailFacts, read: UnderstoodMail) -> Verdict:
        if facts.returned:
            placed = await self._store.bounces.match_bounce(facts.returned)
            facts = replace(facts, is_unclear_report=needs_a_person(facts.returned, placed))
        if verdict := set_aside(facts, read.documents, self._policy):
            return verdict
        if verdict := await self._answers.verdict(facts, read):
            return verdict
        if verdict := decide_entry(facts, read, self._policy):
            return verdict
        if verdict := consent_verdict(facts, read, self._policy):
            return verdict
        understood = as_form(read) if facts.sender.is_clerk else read
        judged = await self._facts.judged(facts, understood)
        colleague = answer_colleague(facts, understood, judged, self._policy)
        return decide(facts, understood, judged, self._policy, colleague)

    def _answer(self, draft: Draft, facts: MailFacts, due: datetime) -> OutgoingMail:
        """Compose an answer to a mail: dated, and to leave, when it is due."""
        composed = self._composer.compose(draft, now=due, reply_to_mail=self._thread(facts, draft))
        return replace(composed, not_before=due)

    def _notification(self, draft: Draft, now: datetime) -> OutgoingMail:
        """Compose a letter that answers no mail. It is due at once, or with its pictures, which are not drawn yet."""
        composed = alert_with(self._composer, draft, now)
        return replace(composed, not_before=now + HELD_FOR) if draft.views or draft.papers_of else composed

    def _thread(self, facts: MailFacts, draft: Draft) -> Thread:
        """What keeps the answer beside the mail; under its own subject only where nobody else can get that from us.

        A clerk's answer bears the ticket that it spends: ours goes under its own subject, with the next one.
        """
        if isinstance(draft.context, DeskReply | DeskHelp | DeskNote | EntryReply | EntryResult):
            return Thread.of(facts.mail, "")
        is_his = facts.sender.is_proven and self._policy.keep_subjects and not facts.words.subject_tells_password
        return Thread.of(facts.mail, reply_subject(facts.mail, self._policy.formats) if is_his else "")

    async def _postpone_or_park(self, mail: ReceivedMail, error: Exception) -> None:
        # Only the kind of error and its place: its text may hold what the mail held.
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = str(error) if isinstance(error, UnreadableMailError) else f"{type(error).__name__} ({place.name})"
        self.successes.failed(Worker.READING, told, str(mail.mail_id))
        try:
            if mail.attempts < TRIES:
                log.warning("mail %d failed (try %d): %s", mail.mail_id, mail.attempts, told)
                until = self._clock() + WAIT_BETWEEN_TRIES * mail.attempts
                await self._store.incoming.postpone(mail.mail_id, error=told, until=until)
            else:
                log.error("mail %d is parked: %s", mail.mail_id, told)
                async with self._store.turn():
                    await self._park(mail, told)
        except (StoreError, NotFound, WrongState) as failure:  # out of reach, or settled by another process meanwhile
            log.warning("mail %d is left as it is: %s", mail.mail_id, failure)

    async def _park(self, mail: ReceivedMail, told: str) -> None:
        desk, lately = desk_of_parked(mail, self._policy), await self._facts.lately(None)
        drafts = (parked_alert(mail, desk, self._clock(), self._policy),)
        alerts = within_desk_limits(drafts, self._policy.desks, self._policy.limits, lately)
        outgoing = [self._notification(draft, self._clock()) for draft in alerts.drafts]
        outgoing += await self._note_of_parked(mail, desk)
        await self._store.incoming.park(
            mail.mail_id, error=told, desk=desk.name, outgoing=outgoing, withheld=alerts.withheld
        )

    async def _note_of_parked(self, mail: ReceivedMail, desk: Desk) -> list[OutgoingMail]:
        known = known_mail(mail.content, mail.envelope, self._policy)
        draft = note_of_parked(mail, known, desk, await self._facts.lately(known.sender), self._policy)
        thread = Thread.of(known.head, "")
        return [self._composer.compose(draft, now=self._clock(), reply_to_mail=thread)] if draft else []
