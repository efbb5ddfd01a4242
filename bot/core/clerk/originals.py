"""The papers that came (原本), for the clerk who asks for them by 原本: whose they are, and the letter that brings them.

They show keys. So they go to the proven clerk who asks alone, never to an address from a mail or a paper; only where the case is his
desk's; and no paper that brings another desk's notice. decide.py and replies.py ask for the letter; workers/asked_papers.py has the papers
taken out of the mail, in a child, and completes it. Until then its words say that nothing could be taken out. A paper under a password goes along as it came; no
password is in the letter, which names the mails that tell it. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.clerk.facts import CaseFacts, MailCase
from bot.core.letters.drafts import Draft
from bot.core.letters.to_desks import Originals
from bot.core.policy.masking import shown
from bot.core.policy.policy import Desk, Policy, desks_for, is_for
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import MailRow
from bot.core.records.outgoing_mail import OutboxRow
from bot.core.records.paper import HandedPaper
from bot.core.records.reasons import MailReason
from bot.core.records.submission import Submission
from bot.core.text.dates import JAPAN

MOST_ORIGINALS = 5
"""From so many mails one answer gets papers: more is a copy of the mailbox."""
TOO_MANY = f"原本は、1通の返信で{MOST_ORIGINALS}通分までです。残りは、改めて返信してください"


def whose_papers(case: CaseFacts | MailCase, desk: Desk | None, desks: tuple[Desk, ...]) -> str:
    """Why the papers of a case don't go to this desk; "" = they are its own."""
    if isinstance(case, MailCase):
        other = case.row.desk if desk is None or case.row.desk not in {"", desk.name} else ""
        return _of(other) if other else ""
    row, product = case.found.by_number, case.submission.fields.product
    if desk is not None and is_for(desk, desks, product, row):
        return ""
    theirs = desks_for(desks, row.product if row is not None else product, row.desk if row is not None else "")
    return _of("、".join(one.name for one in theirs))


def _of(names: str) -> str:
    return f"この件は、{names}の担当になっているため、書類を送れません。{names}へお尋ねください"


def originals_draft(
    mail: MailRow, receipt: str, actor: str, desk: str, asked_at: datetime, occasion: str, policy: Policy
) -> Draft:
    """The letter to the clerk, still without papers. `receipt`: of the case, "" = the mail itself; `occasion`: makes the dedupe key."""
    inbox = next((one for one in mail.envelope.rcpt_tos if one.casefold() in policy.inboxes), policy.inboxes[0])
    letter = Originals(
        policy.office,
        desk,
        asked_at,
        mail.mail_id,
        mail.sender,
        mail.subject,
        mail.envelope.received_at,
        inbox,
        (),
        ("全ての書類：取り出せませんでした",),
    )
    key = f"originals/{occasion}/{mail.mail_id}/{desk}"
    return Draft(letter, actor, key, submission=receipt, papers_of=mail.mail_id)


def asked_again(waiting: OutboxRow, mail: MailRow, policy: Policy) -> Draft:
    """The draft of a letter that is queued and still waits for its papers."""
    _, occasion, _, desk = waiting.mail.dedupe_key.split("/", 3)
    to, receipt = waiting.mail.recipient, waiting.mail.submission
    return originals_draft(mail, receipt, to, desk, waiting.created_at, occasion, policy)


def mail_of_letter(waiting: OutboxRow) -> int:
    """The mail whose papers such a letter waits for."""
    return int(waiting.mail.dedupe_key.split("/", 3)[2])


def of_other_desks(
    submissions: Iterable[tuple[Submission, Guarantee | None]], desk: str, desks: tuple[Desk, ...]
) -> tuple[frozenset[str], frozenset[str]]:
    """The names of papers that bring notices: those with none for this desk, and those with some for it and some for another.

    With each submission its row of the register, if known.
    """
    mine, others = set[str](), set[str]()
    asking = next((one for one in desks if one.name == desk), None)
    for one, row in submissions:
        is_mine = asking is not None and is_for(asking, desks, one.fields.product, row)
        (mine if is_mine else others).add(one.document_name)
    return frozenset(others - mine), frozenset(others & mine)


def with_papers(
    letter: Originals, papers: Sequence[HandedPaper], limit: int, policy: Policy, told_in: Sequence[str] = ()
) -> Originals:
    """The letter with what was taken out of the mail: those that go along, in the order of the attachments, and those that don't.

    `told_in`: where the passwords of locked papers stand.
    """
    names = [shown(one.name, policy.formats) for one in papers]
    sent = [(name, one) for name, one in zip(names, papers, strict=True) if one.kept_back is None]
    files = tuple(
        f"{attached_name(place, one)}：{name}（{_size(one.size_bytes)}{_LOCKED if one.is_locked else ''}）"
        for place, (name, one) in enumerate(sent, 1)
    )
    left = tuple(
        f"{name}：{one.kept_back.words.format(size=_size(one.size_bytes), limit=_size(limit))}"
        for name, one in zip(names, papers, strict=True)
        if one.kept_back is not None
    )
    is_locked = any(one.needs_password for one in papers)
    return replace(letter, files=files, left=left, is_locked=is_locked, told_in=tuple(told_in) if is_locked else ())


_LOCKED = "。開くにはパスワードが必要です"
_MOST_TOLD = 3
_PASSWORD_MAILS = frozenset({MailReason.PASSWORD_MAIL, MailReason.PASSWORD_UNUSED})


def password_mails(rows: Iterable[MailRow], *, is_in_itself: bool, policy: Policy) -> tuple[str, ...]:
    """Where a clerk finds a sender's passwords, a line each. `rows`: his other mails, nearest first; `is_in_itself`: the mail tells one."""
    told = [row for row in rows if row.reason in _PASSWORD_MAILS]
    lines = (
        f"メール番号{row.mail_id}：{_received(row.envelope.received_at)}「{shown(row.subject, policy.formats) or '件名なし'}」"
        for row in told[:_MOST_TOLD]
    )
    return (*(("書類の届いたメールの本文",) if is_in_itself else ()), *lines)


def _received(at: datetime) -> str:
    local = at.astimezone(JAPAN)
    return f"{local.month}月{local.day}日 {local.hour}時{local.minute:02}分受信"


def attached_name(place: int, paper: HandedPaper) -> str:
    """The attachment's name: in letters that every mail program shows."""
    return f"original-{place}.{paper.media_type.rpartition('/')[2]}"


def keys_shown(submissions: Sequence[Submission], papers: Sequence[HandedPaper]) -> tuple[str, ...]:
    """The receipt numbers whose keys stand on the papers that go along, for the journal."""
    sent = {one.name for one in papers if one.kept_back is None}
    return tuple(
        one.receipt_number for one in submissions if one.fields.auth_key is not None and one.document_name in sent
    )


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f}MB" if count >= 1024 * 1024 else f"{max(count // 1024, 1)}KB"
