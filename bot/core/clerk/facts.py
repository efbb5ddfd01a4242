"""What the verdict on a clerk's answer is made from: the ticket, and each of its cases as it stands.

Gathered by workers/clerk_answers.py, judged by decide.py and what it calls. Values only, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bot.core.judging.lookup import LookUp
from bot.core.policy.policy import Desk
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import NO_SERIES, Series, Version
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.paper import Paper, is_file
from bot.core.records.reply_token import Proposal, ReplyToken, TokenCase
from bot.core.records.submission import Submission, SubmissionState


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as it stands. `found`: what the store knows of its fields; `candidates`: the rows that its letter numbered.

    `corrected`: what the store knows of the fields as the answer puts them right, None = it doesn't. `series`: the versions of the
    rows that it may be about; `told_at`: when the letter that is answered was written. `mail`: that brought it, where its
    papers are asked for.
    """

    case: TokenCase
    submission: Submission
    found: LookUp
    candidates: tuple[Guarantee, ...] = ()
    corrected: LookUp | None = None
    series: Series = field(default_factory=lambda: NO_SERIES)
    told_at: datetime | None = None
    mail: MailRow | None = None

    def versions(self, row: Guarantee | None) -> tuple[Version, ...]:
        """The versions of a row, oldest first."""
        return self.series.get(row.guarantee_id, ()) if row is not None else ()

    @property
    def own_versions(self) -> tuple[Version, ...]:
        """The versions of the row that the submission was taken for."""
        return self.series.get(self.submission.guarantee_id or 0, ())


@dataclass(frozen=True, slots=True)
class MailCase:
    """A mail that a person must read, as it stands."""

    case: TokenCase
    row: MailRow

    @property
    def papers(self) -> tuple[Paper, ...] | None:
        """What it brought; None = nobody could read it."""
        return None if self.row.state is MailState.PARKED else self.row.papers


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What is known about an answer. `desk`: the ticket's, None when the settings have no such desk any more.

    `is_named`: the subject bears the ticket; `is_in_thread`: the mail answers the ticket's letter. `found`: what 照会 found, lines.
    `refused`: what the store could not do at the last try, by place. `papers`: what it brings.
    `keys_mailed`: receipt numbers whose keys went to the desk by a mail of their own. `confirms`: what the letter asked, where the answer is a bare はい;
    `is_overtaken`: somebody has answered about one of its cases since that letter was written.
    """

    ticket: ReplyToken
    desk: Desk | None
    is_named: bool
    is_in_thread: bool
    cases: tuple[CaseFacts | MailCase, ...]
    found: tuple[str, ...] = ()
    refused: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    papers: tuple[Paper, ...] = ()
    keys_mailed: frozenset[str] = frozenset()
    confirms: Proposal | None = None
    is_overtaken: bool = False

    @property
    def has_files(self) -> bool:
        """Whether something is attached that is no ornament and no signature."""
        return any(is_file(paper) for paper in self.papers)


def state_of(one: CaseFacts | MailCase) -> SubmissionState | MailState:
    """Where the case stands."""
    return one.row.state if isinstance(one, MailCase) else one.submission.state
