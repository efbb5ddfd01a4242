"""What the store knows about a mail when it is decided on, and about each of its notices.

Asked by the sorter under its lock, so that no other mail's verdict comes between. Decides nothing. Raises StoreError.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.clock import Clock
from bot.core.judging.judge import judge
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.mail.addresses import is_free_mail
from bot.core.mail.authentication_results import SenderProof
from bot.core.mail.message import Address
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import MailWords
from bot.core.policy.policy import Policy
from bot.core.records.envelope import ReceivedMail
from bot.core.records.send_counts import Named, RecentCounts, counted_name
from bot.core.records.submission import Submission
from bot.core.verdict.arrivals import LOOKED_BACK, MOST
from bot.core.verdict.colleagues import person_share
from bot.core.verdict.decide import submission_of
from bot.core.verdict.known_mail import KnownMail
from bot.core.verdict.mail_verdict import MailFacts
from bot.core.verdict.misdirected import arrived_at
from bot.core.verdict.send_limits import KEY_ALARMS, own_share
from bot.workers.password_pairing import Paired
from storage.store import Store

_FEW = 5
"""So many rows are compared, for so many notices, in less time than a thread takes to begin."""
LAST_RECEIPTS = 3
"""So many of a sender's last receipts stand in an alert about his mail."""


class FactsFinder:
    """Looks up what deciding on a mail needs."""

    def __init__(self, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def of(self, mail: ReceivedMail, known: KnownMail, paired: Paired) -> MailFacts:
        """All that is known about it."""
        sender = known.sender.addr_spec if known.sender else ""
        lately = await self.lately(known.sender)
        if known.is_disproved:
            lately = replace(lately, named=Named.NOT)
        opened_by = tuple(sorted(paired.told)) if paired.passwords and paired.told else ()
        answers = sender and paired.read.notices and not opened_by
        return MailFacts(
            mail.mail_id,
            mail.digest,
            mail.envelope,
            known.head,
            automatic := known.screened(paired.read.words.automatic),
            known.sender_facts(automatic, lately),
            paired.read.words,
            lately,
            opens=paired.opens,
            looks_for_files=paired.waiting is not None,
            sent_before=await self._sent_before(known, paired.read.words),
            arrived_at=arrived_at(mail.envelope, known.head, self._policy.desks, self._policy.inboxes),
            opened_by=opened_by,
            # What a password opens was asked for itself, and is nobody's answer to another wish.
            asked=await self._store.incoming.asked_of(sender) if answers else (),
            rows_of_sender=await self._store.register.rows_of_sender(sender) if not paired.read.notices else (),
            receipts=await self._store.submissions.last_from(sender, limit=LAST_RECEIPTS, besides=mail.mail_id),
        )

    async def _sent_before(self, known: KnownMail, words: MailWords) -> tuple[Submission, ...]:
        """What came from the sender, proven then and now; asked for only where his mail asks for it."""
        if not words.asks_arrival or known.sender is None or known.proof is not SenderProof.PROVEN:
            return ()
        since = self._clock() - LOOKED_BACK
        return await self._store.submissions.sent_by(known.sender.addr_spec, since=since, limit=MOST)

    async def lately(self, address: Address | None) -> RecentCounts:
        """How many letters left lately: to the sender, and from the desks' shares."""
        sender, free_mail = address.addr_spec if address is not None else "", self._policy.free_mail_domains
        shares = ("", KEY_ALARMS, *([own_share(sender, free_mail)] if sender else []))
        names = [counted_name(desk.address, share) for desk in self._policy.desks for share in shares]
        if address is not None and (share := person_share(address, self._policy.desks)):
            names.append(counted_name(sender, share))
        is_shared = is_free_mail(sender.rpartition("@")[2], free_mail)
        return await self._store.send_counts.lately(sender, names, is_domain_shared=is_shared)

    async def judged(self, facts: MailFacts, understood: UnderstoodMail) -> Sequence[NoticeVerdict]:
        """The verdicts on its notices, each by what the register knows of it."""
        judged: list[NoticeVerdict] = []
        siblings: list[Submission] = []
        subject = facts.words.subject_fields
        products = Counter(notice.fields.product for notice in understood.notices)
        for ordinal, notice in enumerate(understood.notices, 1):
            fields = notice.fields
            taken = [one.guarantee_id for one in siblings if one.guarantee_id is not None]
            found = await self._store.register.look_up(fields, subject.works_numbers, besides=taken)
            # Of two notices of one kind nobody knows which the subject means.
            is_its_own = products[fields.product] == 1
            judge_this = partial(judge, subject=subject, subject_is_its_own=is_its_own)
            known = (found, facts.sender, self._policy, facts.envelope.received_at, tuple(siblings))
            # Up to 200 rows are compared for each of 100 notices: the doors answer meanwhile.
            is_long = len(found.candidates) > _FEW or len(understood.notices) > _FEW
            one = await asyncio.to_thread(judge_this, notice, *known) if is_long else judge_this(notice, *known)
            judged.append(one)
            siblings.append(submission_of(facts, one, ordinal))
        return judged
