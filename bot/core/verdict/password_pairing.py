"""Which mails may tell each other's passwords: a locked file and its password come from one address, or they never meet.

Called by workers/password_pairing.py, which has the mails read, and by decide.py. What opens a file proves itself; so an address and
a span of time are enough, and a thread only says what is tried first. Pure; nothing is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, zip_longest

from bot.core.mail.authentication_results import SenderProof
from bot.core.mail.message import Mail
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import MailWords
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, PaperReason
from bot.core.records.secret import Password
from bot.core.verdict.known_mail import KnownMail

# What is sent back, sent round or sent by ourselves is not its sender's word. A system that sends passwords is.
_NOBODYS_WORD = frozenset(
    {
        MailReason.NULL_SENDER,
        MailReason.DELIVERY_REPORT,
        MailReason.AUTOMATIC_REPLY,
        MailReason.OWN_MAIL,
        MailReason.MAILING_LIST,
        MailReason.GOES_ROUND,
        MailReason.FIELDS_REPEATED,
        MailReason.GATEWAY_NOTICE,
    }
)


def pairs_by_address(mail: KnownMail, automatic: MailReason | None) -> str:
    """The address under which the mail may be paired, folded; "" = with no other mail."""
    if mail.sender is None or automatic in _NOBODYS_WORD or mail.proof is SenderProof.FAILED:
        return ""
    return mail.sender.addr_spec.casefold()


def tells_passwords(automatic: MailReason | None) -> bool:
    """Whether the mail's own words may open its own files."""
    return automatic not in _NOBODYS_WORD


def in_one_thread(one: Mail, other: Mail) -> bool:
    """Whether one answers the other, or both answer a third."""
    return bool(_ids(one) & _ids(other))


def _ids(mail: Mail) -> frozenset[str]:
    return frozenset(filter(None, (mail.message_id, mail.in_reply_to, *mail.reference_ids)))


# -- what is locked, and what was opened


def locked(papers: Sequence[Paper]) -> tuple[str, ...]:
    """The names of the papers that only a password opens."""
    return tuple(paper.name for paper in papers if paper.reason is PaperReason.ENCRYPTED)


# A paper that was given up is not open either.
_CLOSED = frozenset({PaperReason.ENCRYPTED, PaperReason.LIMITS})


def opened(before: Sequence[Paper], after: Sequence[Paper]) -> bool:
    """Whether a paper that was locked is open now. The same mail's papers, read with other passwords."""
    closed = Counter(paper.name for paper in after if paper.reason in _CLOSED)
    return bool(Counter(locked(before)) - closed)


# -- what is tried, and in which order


TRIED_AT_ONCE = 8
"""So many in one reading: of a packed file no more are tried (documents/archives/unpack.py), since each may cost a quarter of a second."""


def in_turns(sources: Sequence[Sequence[Password]]) -> tuple[Password, ...]:
    """All that several mails tell, each once: of every mail its best one first, then the second best ones."""
    rounds = chain.from_iterable(zip_longest(*sources))
    return tuple(dict.fromkeys(one for one in rounds if one is not None))


def is_password_mail(words: MailWords, understood: UnderstoodMail) -> bool:
    """Whether a mail says a password and brings nothing else."""
    return words.tells_password and brings_nothing(words, understood)


_ORNAMENT = frozenset({PaperKind.OTHER, PaperKind.SIGNATURE})


def brings_nothing(words: MailWords, understood: UnderstoodMail) -> bool:
    """Whether the mail has no notice, no file and no paper but ornament."""
    is_bare = all(paper.kind in _ORNAMENT for paper in understood.papers)
    return not understood.notices and is_bare and not words.has_file
