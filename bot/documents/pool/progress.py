"""What is known of a mail over the lives of several reading children, and what each death costs.

Kept by reader.py for one mail at a time; the deaths' arithmetic stands here, no process does. Raises nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import Beforehand, ReadFailure
from bot.core.notice.visual_check import VisualCheck, mark_unchecked, visual_check_for
from bot.core.policy.policy import Formats
from bot.core.records.secret import Password
from bot.documents.pool.frames import OpenedPaper, ReadRequest, ToldMail
from bot.documents.strip import Strip, all_of

TRIES = 2
"""A child's death costs one retry in a fresh one; what kills two is to blame."""

_LEAST_CPU = 0.2
_MAIL = -1  # the place of the mail itself, before its papers'


@dataclass(slots=True)
class CpuBudget:
    """Seconds of CPU time that several children share; 0 = they have no limit. `used`: by those that have ended."""

    seconds: float = 0.0
    used: float = 0.0

    @property
    def left(self) -> float:
        """What the next child may use; 0 when it could not even begin."""
        left = self.seconds - self.used
        return left if left >= _LEAST_CPU else 0.0


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A mail and how to read it. `paper_cpu`: seconds for its own text, and for each paper, within the budget; 0 = no limit."""

    content: bytes
    formats: Formats
    beforehand: Beforehand = field(default_factory=Beforehand)
    budget: CpuBudget = field(default_factory=CpuBudget)
    paper_cpu: float = 0.0
    passwords: Sequence[Password] = ()
    look: bool = False
    strips: bool = False


@dataclass(slots=True)
class Progress:
    """What is known of a mail."""

    told: ToldMail | None = None
    opened: dict[int, OpenedPaper] = field(default_factory=dict)
    understood: UnderstoodMail | None = None  # as its frame has it: without words and documents
    deaths: Counter[int] = field(default_factory=Counter)

    def note_told(self, mail: ToldMail) -> None:
        """The mail as a child told it. The first one's word on what it says stands: it had opened no paper."""
        self.told = mail if self.told is None else replace(mail, words=self.told.words)

    def note_death(self, tries: int) -> None:
        """A child died over what it had in hand: so many of its tries are used up."""
        self.deaths[self.place] += tries

    def leave_the_rest_closed(self) -> None:
        """Give up every paper that is not opened yet."""
        if self.told is not None:
            self.deaths.update(dict.fromkeys(set(range(len(self.told.documents))) - self.opened.keys(), TRIES))

    @property
    def place(self) -> int:
        """The first paper that is neither opened nor given up; behind the last one: what all of them say."""
        if self.told is None:
            return _MAIL
        count = len(self.told.documents)
        return next((n for n in range(count) if n not in self.opened and n not in self.given_up), count)

    @property
    def given_up(self) -> frozenset[int]:
        """The places over which children died."""
        return frozenset(place for place, deaths in self.deaths.items() if deaths >= TRIES)

    @property
    def is_hopeless(self) -> bool:
        """Whether the next thing to do has killed its children."""
        return self.place in self.given_up

    def order(self, task: ReadJob) -> ReadRequest:
        """What is left to do."""
        return ReadRequest(
            task.formats,
            task.beforehand,
            tuple(self.opened[place] for place in sorted(self.opened)),
            tuple(sorted(self.given_up - {_MAIL})),
            self.told is not None,
            # A mail that has used up its time is still read to its end, with its papers closed.
            task.budget.left if task.look else max(task.budget.left, task.paper_cpu),
            task.paper_cpu,
            tuple(task.passwords),
            task.look,
            task.strips,
        )

    def result(self) -> UnderstoodMail | ReadFailure:
        """The mail as far as it was read."""
        if self.told is None or self.understood is None:
            return ReadFailure("the reading process died or used up its CPU time over the mail itself")
        documents = tuple(
            document
            for place, paper in enumerate(self.told.documents)
            for document in (self.opened[place].documents if place in self.opened else (paper,))
        )
        return replace(self.understood, words=self.told.words, documents=documents)

    # -- the second look

    @property
    def look(self) -> VisualCheck:
        """What of it, read as text, is worth a second look."""
        found = {visual_check_for(opened.documents, opened.said) for opened in self.opened.values()}
        return max(found, key=list(VisualCheck).index, default=VisualCheck.NONE)

    @property
    def strips(self) -> tuple[Strip, ...] | None:
        """All that a look would compare, as it is drawn; None when the look must see a paper itself."""
        return all_of(
            one.strips
            for one in self.opened.values()
            if visual_check_for(one.documents, one.said) is not VisualCheck.NONE
        )

    def for_sight(self) -> Progress:
        """The same mail before the second look: only what needs none is known."""
        known = {n: o for n, o in self.opened.items() if visual_check_for(o.documents, o.said) is VisualCheck.NONE}
        given_up = Counter(dict.fromkeys(self.given_up, TRIES))
        return Progress(self.told, known, deaths=given_up)

    def with_unseen(self, seen: Progress) -> Progress:
        """What was seen, as far as that came; of the rest what its text says, each of its notices with that doubt."""
        opened = dict(self.opened)
        for place, one in self.opened.items():
            opened[place] = seen.opened.get(place) or replace(one, said=tuple(map(mark_unchecked, one.said)))
        return Progress(self.told, opened, deaths=Counter(dict.fromkeys(self.given_up, TRIES)))
