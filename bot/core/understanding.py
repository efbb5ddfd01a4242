"""What a mail brings: its papers by kind, the key notices on them, and what its sender should be asked for.

Called by bot/documents in the reading child: a hostile page costs its process time, not the daemon's. Facts only: whether
a notice is good is matching's and decision's business. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.core.bounces import Report
from bot.core.document import Document, text_page
from bot.core.key_notice import Formats, Reading, mask_keys, read_notices, with_doubts
from bot.core.letters import Wanted
from bot.core.mail import Mail
from bot.core.page_rows import is_title
from bot.core.papers import Paper, PaperKind, is_screen, kind_of_text, kind_of_trouble, speaks_of_keys
from bot.core.reading import ReadMail
from bot.core.reasons import PaperReason, SubmissionReason
from bot.core.submission import ReadFrom
from bot.core.text import fold
from bot.core.typed_keys import read_sentences


@dataclass(frozen=True, slots=True)
class FoundNotice:
    """A notice and where it was found. `document_name`: the file's cleaned name, or 「メール本文」."""

    reading: Reading
    document_name: str
    read_from: ReadFrom


@dataclass(frozen=True, slots=True)
class Understood:
    """`wanted`: the one thing to ask for when there is no notice; None when nothing says that one was meant."""

    papers: tuple[Paper, ...]
    notices: tuple[FoundNotice, ...]
    wanted: Wanted | None


@dataclass(frozen=True, slots=True)
class Said:
    """What one opened paper says: its kind, and the notices on it."""

    paper: Paper
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class UnderstoodMail:
    """A mail that was read to its end. `documents` without their pages: what they say stands in `understood`.

    `report`: what it says about the delivery of other mails.
    """

    mail: Mail
    documents: tuple[Document, ...]
    understood: Understood
    report: Report


BODY_NAME = "メール本文"
MOST_NOTICES = 100
"""More in one mail is nobody's submission: it would hold up the others and be answered with a letter of megabytes."""


def understand(read: ReadMail, formats: Formats) -> Understood:
    """Sort a read mail's papers and collect its notices; the same number and key is one notice, the paper before the body."""
    return put_together(read, [read_paper(document, formats) for document in read.documents], formats)


def read_paper(document: Document, formats: Formats) -> Said:
    """What an opened document says, or what its trouble means. Of too many notices the first that are too many."""
    paper, readings = _paper(document, formats)
    return Said(paper, readings[: MOST_NOTICES + 1])


def put_together(read: ReadMail, said: Sequence[Said], formats: Formats) -> Understood:
    """The mail's own words and what its papers say, one for each of `read.documents` (their pages are not looked at)."""
    papers: list[Paper] = []
    notices: list[FoundNotice] = []
    for one in said:
        papers.append(one.paper)
        notices += [FoundNotice(reading, one.paper.name, ReadFrom.PDF_TEXT) for reading in one.readings]
    typed = _typed_in_body(read.mail, formats)
    if typed:
        papers.append(Paper(BODY_NAME, PaperKind.KEY_IN_BODY, PaperReason.TYPED_IN_BODY))
        notices += [FoundNotice(reading, BODY_NAME, ReadFrom.BODY) for reading in typed]
    if len(notices) > MOST_NOTICES:
        return Understood(tuple(_left_to_a_person(papers)), (), None)
    distinct = _contradictions_marked(_distinct(notices))
    return Understood(tuple(papers), distinct, None if distinct else _wanted(read, papers))


# -- papers


def _left_to_a_person(papers: Sequence[Paper]) -> Iterator[Paper]:
    """The papers of a mail that holds too many notices."""
    for paper in papers:
        is_source = paper.kind in {PaperKind.KEY_NOTICE, PaperKind.NET_DESK_SCREEN, PaperKind.KEY_IN_BODY}
        yield replace(paper, reason=PaperReason.LIMITS) if is_source else paper


def _paper(document: Document, formats: Formats) -> tuple[Paper, tuple[Reading, ...]]:
    name = mask_keys(document.name, formats) or f"添付{document.part}"
    if _is_logo(document):
        return Paper(name, PaperKind.OTHER, PaperReason.NO_SIGN), ()
    if document.trouble is not None:
        return Paper(name, *kind_of_trouble(document.trouble)), ()
    text = document.text
    readings = read_notices(document.pages, formats)
    if readings and is_screen(text):
        paper = Paper(name, PaperKind.NET_DESK_SCREEN, PaperReason.TEXT_OF_PAPER)
        return paper, tuple(with_doubts(r, SubmissionReason.NOT_THE_NOTICE_ITSELF) for r in readings)
    titled = any(is_title(line.text) for page in document.pages for line in page.lines)
    if readings and titled:
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE), readings
    if readings:
        complete = tuple(r if _has_all(r) else with_doubts(r, SubmissionReason.NOT_THE_NOTICE_ITSELF) for r in readings)
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.LABELS_ONLY), complete
    kind, reason = kind_of_text(text)
    if titled and kind is PaperKind.OTHER:
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.TITLE_ONLY), ()
    return Paper(name, kind, reason), ()


_LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/gif"})
_LOGO_BYTES = (
    30_000  # a picture below this is a signature's ornament; a photo or scan of a page is several times as large
)


def _is_logo(document: Document) -> bool:
    return document.media_type in _LOGO_TYPES and document.size_bytes < _LOGO_BYTES


def _has_all(reading: Reading) -> bool:
    fields = reading.fields
    return bool(fields.project_name and fields.contractor and fields.product and fields.number and fields.auth_key)


# -- the mail's own text

_QUOTED_LINE = re.compile(r"^\s*(?:[>＞]|[|｜](?!.*[|｜]\s*$))")  # | 認証キー | … | is a row of a table
_QUOTE_BEGINS = re.compile(
    r"^\s*(?:-{2,}\s*(?:Original Message|元のメッセージ|Forwarded message|転送メッセージ).*|_{10,}|On .{5,80} wrote:|.{5,80}のメール:)\s*$",
    re.IGNORECASE,
)


def own_words(body: str) -> str:
    """A body without what it quotes of earlier mails."""
    lines: list[str] = []
    for line in body.splitlines():
        if _QUOTE_BEGINS.match(line):
            break
        if not _QUOTED_LINE.match(line):
            lines.append(line)
    return "\n".join(lines)


def _typed_in_body(mail: Mail, formats: Formats) -> tuple[Reading, ...]:
    words = own_words(mail.body)
    labelled = (
        r for r in read_notices([text_page(words)], formats) if r.fields.number and r.fields.auth_key is not None
    )
    readings = tuple(labelled) or read_sentences(words, formats)
    return tuple(with_doubts(reading, SubmissionReason.TYPED_IN_BODY) for reading in readings)


# -- several notices


def _distinct(notices: Sequence[FoundNotice]) -> tuple[FoundNotice, ...]:
    """Each notice once, in the mail's order; of several readings of one the least doubtful: the notice before a screen."""
    kept: list[FoundNotice] = []
    for notice in notices:
        place = next((n for n, other in enumerate(kept) if _same(notice, other)), None)
        if place is None:
            kept.append(notice)
        elif len(notice.reading.doubts) < len(kept[place].reading.doubts):
            kept[place] = notice
    return tuple(kept)


def _same(a: FoundNotice, b: FoundNotice) -> bool:
    first, second = a.reading.fields, b.reading.fields
    if first.auth_key is None or second.auth_key is None or not first.number:
        return first == second
    return first.number == second.number and first.auth_key.same_as(second.auth_key)


def _contradictions_marked(notices: tuple[FoundNotice, ...]) -> tuple[FoundNotice, ...]:
    """One mail, one number, two keys: neither is taken without a person."""
    numbers = [n.reading.fields.number for n in notices if n.reading.fields.number]
    twice = {number for number in numbers if numbers.count(number) > 1}
    return tuple(
        FoundNotice(
            with_doubts(notice.reading, SubmissionReason.READ_TWICE_DIFFERENTLY)
            if notice.reading.fields.number in twice
            else notice.reading,
            notice.document_name,
            notice.read_from,
        )
        for notice in notices
    )


# -- what to ask for

_WANTED_BY_REASON: MappingProxyType[PaperReason, Wanted] = MappingProxyType(
    {
        PaperReason.ENCRYPTED: Wanted.WITHOUT_PASSWORD,
        PaperReason.ARCHIVE: Wanted.UNPACKED,
        PaperReason.NO_TEXT: Wanted.ORIGINAL_PDF,
        PaperReason.TITLE_ONLY: Wanted.ORIGINAL_PDF,
        PaperReason.DAMAGED: Wanted.READABLE_FILE,
        PaperReason.GARBLED: Wanted.READABLE_FILE,
        PaperReason.LIMITS: Wanted.READABLE_FILE,
        PaperReason.TOO_LARGE: Wanted.READABLE_FILE,
    },
)
_WANTED_BY_KIND: MappingProxyType[PaperKind, Wanted] = MappingProxyType(
    {
        PaperKind.COMPLETION_MAIL: Wanted.NOTICE_INSTEAD_OF_COMPLETION_MAIL,
        PaperKind.NET_DESK_SCREEN: Wanted.NOTICE_INSTEAD_OF_SCREEN,
        PaperKind.CERTIFICATE: Wanted.NOTICE_INSTEAD_OF_CERTIFICATE,
    },
)
_SENDS = re.compile(r"添付|お送り|送付|提出し|提出いた|送信し|送信いた|ご査収|ご確認(?:ください|の程|のほど|をお願い)")
_ASKS = re.compile(r"[?？]|ですか|でしょうか|ますか|教えて|ご教示")


def _wanted(read: ReadMail, papers: Sequence[Paper]) -> Wanted | None:
    mail = read.mail
    words = own_words(mail.body)
    meant = speaks_of_keys(mail.subject, words, *(document.name for document in read.documents))
    for paper in papers:
        if paper.kind in _WANTED_BY_KIND:
            return _WANTED_BY_KIND[paper.kind]
    for paper in papers:
        if paper.reason in _WANTED_BY_REASON and (meant or paper.reason is PaperReason.TITLE_ONLY):
            return _WANTED_BY_REASON[paper.reason]
    if papers and any(paper.kind is not PaperKind.OTHER for paper in papers):
        return None
    kind, _ = kind_of_text(f"{mail.subject}\n{mail.body}")
    if kind is PaperKind.COMPLETION_MAIL and not read.documents:
        return Wanted.NOTICE_INSTEAD_OF_COMPLETION_MAIL
    if meant and not read.documents and _SENDS.search(fold(words)) and not _ASKS.search(fold(words)):
        return Wanted.NOTICE_MISSING
    return None
