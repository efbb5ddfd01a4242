"""Values that the tests of matching, judging and deciding begin with: one work, one notice of it, one mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.core.judging.judge import judge
from bot.core.judging.lookup import LookUp
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.mail.parse import parse_mail
from bot.core.notice.document import Document, text_page
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.key_notice import FoundNotice
from bot.core.notice.read_mail import ReadMail
from bot.core.policy.policy import Desk, Office, Policy
from bot.core.records.envelope import Envelope, Source, digest
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import RecentCounts
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.verdict.colleagues import with_a_word
from bot.core.verdict.decide import MailFacts, Verdict, decide, set_aside, submission_of
from bot.core.verdict.known_mail import known_mail
from tests.reading import understood

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # 0:30 of the 23rd in Japan
NUMBER = "10001-000001"
KEY = AuthKey("aB3dEf6hIj9k")
OTHER_KEY = AuthKey("zY8xWv5uTs2r")
WORK = "市道１号線舗装工事"
FIRM = "青葉台建設株式会社"
SENDER = "koji@kensetsu.example.jp"
INBOX = "hosho@city.example.jp"
POLICY = Policy(
    office=Office("見本市", "契約課", "", "", "", "電子保証受付システム"),
    inboxes=(INBOX,),
    desks=(Desk("契約課", "keiyaku@city.example.jp"),),
)


def guarantee(**changes: Any) -> Guarantee:
    """The register's row of the work."""
    row = Guarantee(WORK, FIRM, Product.ADVANCE_PAYMENT, number=NUMBER, guarantee_id=1)
    return replace(row, **changes)


def fields(**changes: Any) -> NoticeFields:
    """What the notice of the work says. `number` sets number_as_written too."""
    changes.setdefault("number_as_written", changes.get("number", NUMBER))
    said = NoticeFields(WORK, FIRM, Product.ADVANCE_PAYMENT, "前払金保証", NUMBER, NUMBER, KEY)
    return replace(said, **changes)


def notice(*doubts: SubmissionReason, **changes: Any) -> FoundNotice:
    """The notice, found in a PDF."""
    return FoundNotice(fields(**changes), "認証キー.pdf", ReadFrom.PDF_TEXT, doubts=doubts)


def look_up(*rows: Guarantee, earlier: Sequence[Submission] = (), number: str = NUMBER) -> LookUp:
    """What the store says about a notice with the number: the row that has it, or else all rows as candidates."""
    exact = next((row for row in rows if number and row.number == number), None)
    senders = {(s.guarantee_id, s.sender) for s in earlier if s.guarantee_id and s.state is SubmissionState.VERIFIED}
    return LookUp(exact, () if exact else rows, tuple(earlier), frozenset(senders))


def submission(state: SubmissionState = SubmissionState.HELD, **changes: Any) -> Submission:
    """An earlier submission of the notice."""
    taken = state in {SubmissionState.ACCEPTED, SubmissionState.VERIFIED}
    base = Submission(
        receipt_number="20261101-0001-1",
        state=state,
        reasons=(SubmissionReason.NUMBER_MATCHES if taken else SubmissionReason.NOT_IN_REGISTER,),
        fields=fields(),
        read_from=ReadFrom.PDF_TEXT,
        document_name="認証キー.pdf",
        evidence=(),
        guarantee_id=1 if taken else None,
        sender=SENDER,
        received_at=NOW,
    )
    return replace(base, **changes)


NOTICE_TEXT = f"""電子保証にかかる「認証キー」のお知らせ
記
工事名：{WORK}
受注者名：{FIRM}
商品（保証区分）：前払金保証
保証契約番号：{NUMBER}
認証キー：{KEY.reveal()}
"""


def paper(text: str = NOTICE_TEXT, name: str = "認証キー.pdf", **changes: Any) -> Document:
    """An opened PDF with the text."""
    opened = Document("2", name, "application/pdf", 1000, "0" * 64, (text_page(text),))
    return replace(opened, **changes)


def raw_mail(headers: str = "", body: str = "お世話になっております。", sender: str | None = SENDER) -> bytes:
    """A mail's bytes."""
    head = f"From: {sender}\n" if sender is not None else ""
    head += headers + "\n" if headers else ""
    return f"{head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}".encode()


def read_mail(
    *papers: Document, headers: str = "Subject: 認証キー", body: str = "お世話になっております。"
) -> ReadMail:
    """A mail with its papers, read."""
    return ReadMail(parse_mail(raw_mail(headers, body)).mail, papers)


def sort(
    content: bytes,
    *papers: Document,
    register: Callable[[NoticeFields], LookUp] = lambda said: look_up(number=said.number),
    policy: Policy = POLICY,
    mail_from: str | None = SENDER,
    lately: RecentCounts | None = None,
    mail_id: int = 7,
    sent_before: tuple[Submission, ...] = (),
    asked: tuple[int, ...] = (),
) -> Verdict:
    """What workers/sorter.py does between the reader and the store."""
    envelope = Envelope(Source.SMTP, mail_from, (INBOX,), NOW)
    known = known_mail(content, envelope, policy)
    read = understood(ReadMail(parse_mail(content).mail, papers), policy.formats, known.beforehand())
    automatic, lately = known.screened(read.words.automatic), lately or RecentCounts()
    sender = known.sender_facts(automatic, lately)
    head, words = known.head, read.words
    facts = MailFacts(
        mail_id, digest(content), envelope, head, automatic, sender, words, lately, asked=asked, sent_before=sent_before
    )
    verdict = set_aside(facts, papers, policy) or decide(facts, read, judge_all(facts, read, register, policy), policy)
    return with_a_word(facts, verdict, policy)


def judge_all(
    facts: MailFacts, understood: UnderstoodMail, register: Callable[[NoticeFields], LookUp], policy: Policy
) -> list[NoticeVerdict]:
    """Each notice, knowing those before it."""
    judged: list[NoticeVerdict] = []
    siblings: list[Submission] = []
    for ordinal, one in enumerate(understood.notices, 1):
        found, at = register(one.fields), facts.envelope.received_at
        judged.append(judge(one, found, facts.sender, policy, at, siblings))
        siblings.append(submission_of(facts, judged[-1], ordinal))
    return judged
