"""A Reader whose work is done by the child's code without a child: for tests that need what is read, not how it is confined.

The frames are the child's own, checked as the pool checks them. There is no limit of time or memory: what would end a child is
raised in the test. tests/documents/pool proves what real children do.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence

from bot.core.notice.evidence import View
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import Beforehand, ReadFailure, TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.paper import HandedPaper
from bot.core.records.reasons import MailReason
from bot.core.records.secret import Password
from bot.documents.images import annotated_pages
from bot.documents.images.sight import Sight
from bot.documents.pool.child import answers_to
from bot.documents.pool.frames import (
    Drawing,
    Drawn,
    Handed,
    Handing,
    OpenedPaper,
    ReadRequest,
    ToldMail,
    adapter,
    order_adapter,
    told,
)
from bot.documents.pool.progress import CpuBudget, Progress, ReadJob
from bot.documents.pool.reader import Reader


class InProcessReader(Reader):
    """It never looks at pictures. `children`: how many mails a sorter takes at a time."""

    def __init__(self, children: int = 1) -> None:
        super().__init__(children, sees=False)

    async def read(
        self,
        content: bytes,
        formats: Formats | None = None,
        *,
        beforehand: Beforehand | None = None,
        quick: bool = False,
        passwords: Sequence[Password] = (),
        worth_a_look: Callable[[MailReason | None], bool] = bool,
        budget: CpuBudget | None = None,
    ) -> UnderstoodMail | ReadFailure | TakesLong:
        progress = Progress()
        order = progress.order(ReadJob(content, formats or Formats(), beforehand or Beforehand(), passwords=passwords))
        mail, *papers, understood = _frames(content, order)
        progress.note_told(told(ToldMail, mail))
        progress.opened = {one.place: one for one in (told(OpenedPaper, paper) for paper in papers)}
        progress.understood = told(UnderstoodMail, understood)
        return progress.result()

    async def draw(
        self, content: bytes, views: Sequence[View], passwords: Sequence[Password] = ()
    ) -> tuple[bytes, ...] | None:
        order = Drawing(tuple(views), passwords=tuple(passwords))
        (drawn,) = _frames(content, order, Sight(annotated_pages.draw, None))
        return adapter(Drawn).validate_json(drawn).pictures

    async def hand_out(
        self,
        content: bytes,
        limit: int,
        *,
        other_desks: Collection[str] = (),
        shared: Collection[str] = (),
        formats: Formats | None = None,
        passwords: Sequence[Password] = (),
    ) -> tuple[tuple[HandedPaper, bytes], ...] | None:
        order = Handing(limit, tuple(other_desks), tuple(shared), formats or Formats(), passwords=tuple(passwords))
        handed, *pieces = _frames(content, order)
        papers, held = told(Handed, handed).papers, b"".join(pieces)
        sizes = [one.size_bytes if one.kept_back is None else 0 for one in papers]
        ends = list(itertools.accumulate(sizes))
        return tuple((one, held[end - size : end]) for one, size, end in zip(papers, sizes, ends, strict=True))


def _frames(content: bytes, order: ReadRequest | Drawing | Handing, sight: Sight | None = None) -> list[bytes]:
    """The child's answers to the order, as it comes out of the pipe. No time of its own: that would be this process's."""
    return list(answers_to(content, order_adapter().validate_json(order_adapter().dump_json(order)), sight))
