"""What a mail brings: its papers by kind, the key notices on them, and what its sender should be asked for.

Called by bot/documents in the reading child: a hostile page costs its process time, not the daemon's. Facts only: whether
a notice is good is matching's and decision's business. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.mail.passwords import without_passwords
from bot.core.mail.quoting import is_returning, submitted_words
from bot.core.notice.document import Document, Page, TextSource, text_page
from bot.core.notice.entry_forms import EntryTable, entered_how, forms_in_words
from bot.core.notice.evidence import look_alike
from bot.core.notice.key_notice import Reading, holds_more, mask_keys, read_notices, with_doubts
from bot.core.notice.lines import is_title
from bot.core.notice.missing_notice import Request, request_to_sender
from bot.core.notice.paper_kinds import is_screen, is_signature, issuer_of, kind_of_text, kind_of_trouble
from bot.core.notice.read_mail import ReadMail
from bot.core.notice.sentences import read_sentences
from bot.core.policy.policy import Formats
from bot.core.records.paper import Paper, PaperKind, PaperRule
from bot.core.records.reasons import PaperReason, SubmissionReason
from bot.core.records.submission import ReadFrom


@dataclass(frozen=True, slots=True)
class FoundNotice:
    """A notice and where it was found. `document_name`: the file's cleaned name, or 「メール本文」; `part`: the document's, "" = the body."""

    reading: Reading
    document_name: str
    read_from: ReadFrom
    part: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """`request`: the one thing to ask for when there is no notice; None when nothing says that one was meant.

    `filled`: the forms in which somebody enters notices, where the subject says that he does.
    """

    papers: tuple[Paper, ...]
    notices: tuple[FoundNotice, ...]
    request: Request | None
    filled: tuple[EntryTable, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperContent:
    """What one opened paper says: its kind, and the notices on it. `besides`: its pages that could not be read, as papers of their own.

    `filled`: what it gives as a form; None where nobody asked for that.
    """

    paper: Paper
    readings: tuple[Reading, ...]
    besides: tuple[Paper, ...] = ()
    filled: EntryTable | None = None


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


def read_paper(document: Document, formats: Formats) -> PaperContent:
    """What an opened document says, or what its trouble means. Of too many notices the first that are too many."""
    paper, readings = _paper(document, formats)
    if not readings and _is_picture(document):
        paper = replace(paper, reason=_ON_PICTURES.get(paper.reason, paper.reason))
    besides = (*_unread_pages(paper.name, document), *_pages_with_more(paper.name, document, readings, formats))
    return PaperContent(paper, readings[: MOST_NOTICES + 1], besides)


def _pages_with_more(name: str, document: Document, readings: Sequence[Reading], formats: Formats) -> Iterator[Paper]:
    """The recognised pages of a paper with notices that may hold one more: its labels may have been misrecognised."""
    told = {one.page for reading in readings for one in reading.evidence}
    for page in filter(_is_recognised, document.pages if readings else ()):
        shown = f"{name}（{page.number}ページ）"
        if page.number not in told:
            kind, reason = kind_of_text(page.text)
            yield Paper(shown, kind, _ON_PICTURES.get(reason, reason))
        elif holds_more(page, readings, formats):
            yield Paper(shown, PaperKind.OTHER, PaperReason.MORE_ON_PICTURE)


# What was recognised may have been misrecognised: a person looks at what no notice was found on.
_ON_PICTURES: MappingProxyType[PaperReason, PaperReason] = MappingProxyType(
    {
        PaperReason.TEXT_OF_PAPER: PaperReason.TEXT_OF_PICTURE,
        PaperReason.NO_SIGN: PaperReason.NO_SIGN_ON_PICTURE,
    }
)


def _is_picture(document: Document) -> bool:
    return any(map(_is_recognised, document.pages))


def _is_recognised(page: Page) -> bool:
    return any(cell.source is TextSource.IMAGE for line in page.lines for cell in line.cells)


def _unread_pages(name: str, document: Document) -> Iterator[Paper]:
    """The pages of an opened document that stayed closed, a line for each cause."""
    if document.trouble is not None:
        return
    for trouble in dict.fromkeys(unread.trouble for unread in document.unread):
        pages = [unread.page for unread in document.unread if unread.trouble is trouble]
        shown = f"{pages[0]}ページ" if len(pages) == 1 else f"{pages[0]}ページほか計{len(pages)}ページ"
        yield Paper(f"{name}（{shown}）", *kind_of_trouble(trouble))


def read_attached_mail(name: str, mail: Mail, formats: Formats) -> PaperContent:
    """What the words of a mail within the mail say: a forwarded notice counts like one that its forwarder typed."""
    shown = without_passwords(mask_keys(name, formats)) or "添付されたメール"
    typed = typed_notices(mail, formats)
    if typed:
        return PaperContent(Paper(shown, PaperKind.KEY_IN_BODY, PaperReason.TYPED_IN_BODY), typed)
    kind, reason = kind_of_text(f"{mail.subject}\n{mail.body}")
    if kind is PaperKind.OTHER:
        return PaperContent(Paper(shown, PaperKind.ATTACHED_MAIL, PaperReason.OPENED), ())
    return PaperContent(Paper(shown, kind, reason), ())


def _read_from(document: Document, reading: Reading) -> ReadFrom:
    if reading.is_from_image:
        return ReadFrom.OCR
    return ReadFrom.BODY if document.media_type == "message/rfc822" else ReadFrom.PDF_TEXT


def put_together(read: ReadMail, said: Sequence[PaperContent], formats: Formats) -> Understood:
    """The mail's own words and what its papers say, one for each of `read.documents` (their pages are not looked at)."""
    papers: list[Paper] = []
    notices: list[FoundNotice] = []
    for document, one in zip(read.documents, said, strict=True):
        papers += [one.paper, *one.besides]
        notices += [FoundNotice(r, one.paper.name, _read_from(document, r), document.part) for r in one.readings]
    typed = typed_notices(read.mail, formats)
    if typed:
        papers.append(Paper(BODY_NAME, PaperKind.KEY_IN_BODY, PaperReason.TYPED_IN_BODY))
        notices += [FoundNotice(reading, BODY_NAME, ReadFrom.BODY) for reading in typed]
    filled = (*(one.filled for one in said if one.filled is not None), *_filled_in_words(read.mail, formats))
    if len(notices) > MOST_NOTICES:
        return Understood(tuple(_left_to_a_person(papers)), (), None, filled)
    distinct = _contradictions_marked(_distinct(notices))
    if is_returning(read.mail, read.report):
        distinct = tuple(replace(one, reading=with_doubts(one.reading, SubmissionReason.SENT_BACK)) for one in distinct)
    return Understood(
        tuple(papers), distinct, None if distinct else request_to_sender(read, papers, formats.papers), filled
    )


def _filled_in_words(mail: Mail, formats: Formats) -> tuple[EntryTable, ...]:
    how = entered_how(mail.subject)
    found = forms_in_words(mail, how, formats, BODY_NAME) if how is not None else None
    return (found,) if found is not None else ()


# -- papers


def _left_to_a_person(papers: Sequence[Paper]) -> Iterator[Paper]:
    """The papers of a mail that holds too many notices."""
    for paper in papers:
        yield paper if paper.kind in _NEVER_WITH_A_KEY else replace(paper, reason=PaperReason.LIMITS)


_NEVER_WITH_A_KEY = frozenset({PaperKind.SIGNATURE, PaperKind.OTHER, PaperKind.UNREADABLE, PaperKind.ATTACHED_MAIL})


def _paper(document: Document, formats: Formats) -> tuple[Paper, tuple[Reading, ...]]:
    name = mask_keys(document.name, formats) or f"添付{document.part}"
    if is_signature(document):
        return Paper(name, PaperKind.SIGNATURE, PaperReason.SIGNATURE), ()
    if document.trouble is not None:
        return Paper(name, *kind_of_trouble(document.trouble)), ()
    return _opened_paper(name, document, formats)


def _opened_paper(name: str, document: Document, formats: Formats) -> tuple[Paper, tuple[Reading, ...]]:
    text = document.text
    readings, issuer = read_notices(document.pages, formats), issuer_of(text)
    titled = any(is_title(line.text) for page in document.pages for line in page.lines)
    if readings and is_screen(text):
        return _not_the_notice(
            Paper(name, PaperKind.NET_DESK_SCREEN, PaperReason.TEXT_OF_PAPER, issuer), readings, formats
        )
    if readings and titled:
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE, issuer), readings
    kind, reason = kind_of_text(text)
    if readings and kind not in _NO_PAPER_BY_TEXT:
        return _not_the_notice(Paper(name, kind, reason, issuer), readings, formats)
    if readings:
        complete = tuple(r if _has_all(r) else with_doubts(r, SubmissionReason.NOT_THE_NOTICE_ITSELF) for r in readings)
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.LABELS_ONLY, issuer), complete
    if titled and (kind, reason) == (PaperKind.OTHER, PaperReason.NO_SIGN):
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.TITLE_ONLY, issuer), ()
    return Paper(name, kind, reason, issuer), ()


_NO_PAPER_BY_TEXT = frozenset({PaperKind.KEY_NOTICE, PaperKind.OTHER, PaperKind.SIGNATURE})


def _not_the_notice(paper: Paper, readings: tuple[Reading, ...], formats: Formats) -> tuple[Paper, tuple[Reading, ...]]:
    """Another paper on which a number stands beside a key: for a person, unless the city takes it. Without a key it says nothing."""
    with_key = tuple(reading for reading in readings if reading.fields.auth_key is not None)
    if formats.papers.of(paper.kind) is PaperRule.ACCEPT and paper.kind in _MAY_STAND_FOR_THE_NOTICE:
        return paper, with_key
    return paper, tuple(with_doubts(r, SubmissionReason.NOT_THE_NOTICE_ITSELF) for r in with_key)


# Made by the issuer's or D-Sure's system; what a contractor wrote himself is not, whatever the city does with it.
_MAY_STAND_FOR_THE_NOTICE = frozenset({PaperKind.NET_DESK_SCREEN, PaperKind.VIEWING_SCREEN, PaperKind.CERTIFICATE})


def _has_all(reading: Reading) -> bool:
    fields = reading.fields
    return bool(fields.project_name and fields.contractor and fields.product and fields.number and fields.auth_key)


# -- the mail's own text


def typed_notices(mail: Mail, formats: Formats) -> tuple[Reading, ...]:
    """The notices in the words that a mail submits."""
    words = submitted_words(mail)
    labelled = (
        r for r in read_notices([text_page(words)], formats) if r.fields.number and r.fields.auth_key is not None
    )
    readings = tuple(labelled) or read_sentences(words, formats)
    if formats.papers.of(PaperKind.KEY_IN_BODY) is PaperRule.ACCEPT:
        return readings
    return tuple(with_doubts(reading, SubmissionReason.TYPED_IN_BODY) for reading in readings)


# -- several notices


def _distinct(notices: Sequence[FoundNotice]) -> tuple[FoundNotice, ...]:
    """Each notice once, in the mail's order; of several readings of one the least doubtful: text before a picture, the notice
    before a screen.
    """  # noqa: D205 - one promise, not a headline and its text
    kept: list[FoundNotice] = []
    for notice in notices:
        place = next((n for n, other in enumerate(kept) if _same(notice, other)), None)
        if place is None:
            kept.append(notice)
        elif _doubtfulness(notice) < _doubtfulness(kept[place]):
            kept[place] = notice
    return tuple(kept)


def _same(a: FoundNotice, b: FoundNotice) -> bool:
    first, second = a.reading.fields, b.reading.fields
    if first.auth_key is None or second.auth_key is None or not first.number:
        return first == second
    if first.number != second.number:
        return False
    is_picture = a.reading.is_from_image or b.reading.is_from_image
    return first.auth_key.same_as(second.auth_key) or (is_picture and look_alike(first.auth_key, second.auth_key))


def _doubtfulness(notice: FoundNotice) -> tuple[bool, int]:
    return notice.reading.is_from_image, len(notice.reading.doubts)


def _contradictions_marked(notices: tuple[FoundNotice, ...]) -> tuple[FoundNotice, ...]:
    """One mail, one number, two keys: neither is taken without a person."""
    numbers = [n.reading.fields.number for n in notices if n.reading.fields.number]
    twice = {number for number in numbers if numbers.count(number) > 1}
    return tuple(
        replace(notice, reading=with_doubts(notice.reading, SubmissionReason.READ_TWICE_DIFFERENTLY))
        if notice.reading.fields.number in twice
        else notice
        for notice in notices
    )
