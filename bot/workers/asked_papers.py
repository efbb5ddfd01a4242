"""The papers that a clerk asks for by 原本: taken out of the mail in a child, and put to the letter that waits for them.

Called by workers/alert_pictures.py for each such letter. core/clerk/originals.py says which papers go, and in which words. Raises
StoreError, NotFound and what the reader raises.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.clerk.originals import attached_name, keys_shown, of_other_desks, password_mails, with_papers
from bot.core.letters.drafts import Draft
from bot.core.letters.to_desks import Originals
from bot.core.policy.policy import Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import MailRow
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.paper import HandedPaper
from bot.core.records.secret import Password
from bot.core.records.submission import Submission
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.outbound.message import Attachment
from bot.workers.password_pairing import Pairing
from storage.store import Store


class AskedPapers:
    """Over the sorter's own store and reader."""

    def __init__(self, store: Store, reader: Reader, composer: Composer, policy: Policy) -> None:
        self._store = store
        self._reader = reader
        self._composer = composer
        self._policy = policy
        self._pairing = Pairing(store, reader, policy)

    async def letter(self, draft: Draft, made_at: datetime) -> OutgoingMail | None:
        """The letter with its papers; without any where the mail was not kept whole; None where they can't be taken out now."""
        context = draft.context
        row, content, submissions = await self._store.incoming.get(draft.papers_of)
        if not isinstance(context, Originals) or len(content) < row.size_bytes:
            return self._composer.compose(draft, now=made_at)
        rows = [(one, await self._row_of(one)) for one in submissions]
        handed = await self._handed(content, rows, context.desk)
        told_in: tuple[str, ...] = ()
        if handed is not None and any(paper.needs_password for paper, _ in handed):
            passwords, told_in = await self._passwords(row, content)
            handed = await self._handed(content, rows, context.desk, passwords) if passwords else handed
        if handed is None:
            return None
        papers = tuple(paper for paper, _ in handed)
        letter = with_papers(context, papers, self._policy.originals_bytes, self._policy, told_in)
        going = [(paper, held) for paper, held in handed if paper.kept_back is None]
        files = [
            Attachment(attached_name(n, paper), paper.media_type, held) for n, (paper, held) in enumerate(going, 1)
        ]
        mail = self._composer.compose(replace(draft, context=letter), now=made_at, attachments=files)
        return replace(mail, keys_of=keys_shown(submissions, papers))

    async def _handed(
        self,
        content: bytes,
        rows: list[tuple[Submission, Guarantee | None]],
        desk: str,
        passwords: tuple[Password, ...] = (),
    ) -> tuple[tuple[HandedPaper, bytes], ...] | None:
        others, shared = of_other_desks(rows, desk, self._policy.desks)
        return await self._reader.hand_out(
            content,
            self._policy.originals_bytes,
            other_desks=others,
            shared=shared,
            formats=self._policy.formats,
            passwords=passwords,
        )

    async def _passwords(self, row: MailRow, content: bytes) -> tuple[tuple[Password, ...], tuple[str, ...]]:
        passwords, mails, is_in_itself = await self._pairing.passwords_of(row, content)
        return passwords, password_mails(mails, is_in_itself=is_in_itself, policy=self._policy)

    async def _row_of(self, one: Submission) -> Guarantee | None:
        if one.guarantee_id is not None:
            return await self._store.register.guarantee(one.guarantee_id)
        return await self._store.register.by_number(one.fields.number)
