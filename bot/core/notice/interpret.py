"""The content of a mail: its papers by kind, the key notices on them, and the request to its sender if there is none.

Called by bot/documents in the reading process, where a hostile page does not block the daemon. Facts only: core/verdict
judges them. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.core.contractor.links import file_links
from bot.core.mail.gateways import is_note_name, is_told_by_header, says_locked, says_taken_out
from bot.core.mail.message import Mail, Part
from bot.core.mail.passwords import without_passwords
from bot.core.mail.quoting import hands_back, is_returning, own_words, submitted_words, surely_submitted
from bot.core.notice.document import WEB_PAGE, Document, Page, TextSource, text_page
from bot.core.notice.entry_forms import EntryTable, entered_how, forms_in_words
from bot.core.notice.evidence import look_alike
from bot.core.notice.key_notice import FoundNotice, holds_more, read_notices, with_doubts
from bot.core.notice.lines import is_title
from bot.core.notice.missing_notice import Request, request_to_sender
from bot.core.notice.paper_kinds import is_screen, is_signature, issuer_of, kind_of_text, kind_of_trouble
from bot.core.notice.read_mail import MailWords, ReadMail
from bot.core.notice.sentences import read_sentences
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.paper import Paper, PaperKind, PaperRule
from bot.core.records.reasons import PaperReason, SubmissionReason
from bot.core.records.submission import ReadFrom


@dataclass(frozen=True, slots=True)
class PaperContent:
    """What one opened paper says: its kind, and the notices on it."""

    paper: Paper
    notices: tuple[FoundNotice, ...]
    besides: tuple[Paper, ...] = ()  # its pages that could not be read, as papers of their own
    filled: EntryTable | None = None  # what it gives as a form; None where nobody asked for that


@dataclass(frozen=True, slots=True)
class UnderstoodMail:
    """A mail that was read to its end: what its words say, and what it brings."""

    words: MailWords = field(default_factory=MailWords)
    documents: tuple[Document, ...] = ()  # without their pages: what they say stands in the papers and notices
    papers: tuple[Paper, ...] = ()  # by kind: its files, and its words where they hold a notice
    notices: tuple[FoundNotice, ...] = ()  # each once
    request: Request | None = None  # what to ask for when there is no notice; None = nothing says that one was meant
    filled: tuple[EntryTable, ...] = ()  # forms in which somebody enters notices, where the subject says that he does


BODY_NAME = "メール本文"
MOST_NOTICES = 100
"""A mail with more is no real submission; it would delay others and be answered with a letter of megabytes."""


def understand(read: ReadMail, formats: Formats) -> UnderstoodMail:
    """Sort a read mail's papers and collect its notices; the same number and key is one notice, the paper before the body."""
    return put_together(read, [read_paper(document, formats) for document in read.documents], formats)


def read_paper(document: Document, formats: Formats) -> PaperContent:
    """What an opened document says, or what its trouble means. Of too many notices the first that are too many."""
    paper, notices = _paper(document, formats)
    if not notices and _is_picture(document):
        paper = replace(paper, reason=_ON_PICTURES.get(paper.reason, paper.reason))
    besides = (*_unread_pages(paper.name, document), *_pages_with_more(paper.name, document, notices, formats))
    return PaperContent(paper, notices[: MOST_NOTICES + 1], besides)


def _pages_with_more(
    name: str, document: Document, notices: Sequence[FoundNotice], formats: Formats
) -> Iterator[Paper]:
    """The recognised pages of a paper with notices that may hold one more: its labels may have been misrecognised."""
    told = {one.page for notice in notices for one in notice.evidence}
    for page in filter(_is_recognised, document.pages if notices else ()):
        shown = f"{name}（{page.number}ページ）"
        if page.number not in told:
            kind, reason = kind_of_text(page.text)
            yield Paper(shown, kind, _ON_PICTURES.get(reason, reason))
        elif holds_more(page, notices, formats):
            yield Paper(shown, PaperKind.OTHER, PaperReason.MORE_ON_PICTURE)


# OCR may be wrong, so a person looks at an OCR page without a notice.
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
    """The unread pages of an opened document, one Paper for each cause."""
    if document.trouble is not None:
        return
    for trouble in dict.fromkeys(unread.trouble for unread in document.unread):
        pages = [unread.page for unread in document.unread if unread.trouble is trouble]
        yield Paper(f"{name}（{_runs(pages)}ページ）", *kind_of_trouble(trouble))


def _runs(pages: Sequence[int]) -> str:
    """Numbers of pages in order, neighbours as a run: 2・4～9."""
    starts = [one for one in pages if one - 1 not in pages]
    ends = [one for one in pages if one + 1 not in pages]
    return "・".join(f"{start}" if start == end else f"{start}～{end}" for start, end in zip(starts, ends, strict=True))


def read_attached_mail(name: str, mail: Mail, formats: Formats) -> PaperContent:
    """The content of an attached mail's text: a notice in it counts like one typed by the forwarder."""
    shown = without_passwords(mask_keys(name, formats)) or "添付されたメール"
    typed = typed_notices(mail, formats)
    if typed:
        return PaperContent(Paper(shown, PaperKind.KEY_IN_BODY, PaperReason.TYPED_IN_BODY), typed)
    kind, reason = kind_of_text(f"{mail.subject}\n{mail.body}")
    if kind is PaperKind.OTHER:
        return PaperContent(Paper(shown, PaperKind.ATTACHED_MAIL, PaperReason.OPENED), ())
    return PaperContent(Paper(shown, kind, reason), ())


def _read_from(document: Document, notice: FoundNotice) -> ReadFrom:
    if notice.is_from_image:
        return ReadFrom.OCR
    return ReadFrom.BODY if document.media_type == "message/rfc822" else ReadFrom.PDF_TEXT


def put_together(read: ReadMail, said: Sequence[PaperContent], formats: Formats) -> UnderstoodMail:
    """What the mail and its papers bring, one for each of `read.documents` (their pages are not looked at); `words` are not read here."""
    papers: list[Paper] = []
    notices: list[FoundNotice] = []
    parts = {part.path: part for part in read.mail.parts}
    for document, one in zip(read.documents, said, strict=True):
        papers += [_or_a_note(document, one, parts.get(document.part)), *one.besides]
        notices += [
            replace(n, document_name=one.paper.name, read_from=_read_from(document, n), part=document.part)
            for n in one.notices
        ]
    typed = typed_notices(read.mail, formats)
    if typed:
        papers.append(Paper(BODY_NAME, PaperKind.KEY_IN_BODY, PaperReason.TYPED_IN_BODY))
        notices += [replace(one, document_name=BODY_NAME, read_from=ReadFrom.BODY) for one in typed]
    papers += _told_in_mail(read.mail, papers, has_notices=bool(notices))
    links = file_links(read.mail, has_notice=bool(notices))
    papers += (Paper(one.words, PaperKind.TRANSFER_LINK, PaperReason.NOT_OPENED) for one in links)
    filled = (*(one.filled for one in said if one.filled is not None), *_filled_in_words(read.mail, formats))
    told = UnderstoodMail(documents=read.documents, papers=tuple(papers), filled=filled)
    if len(notices) > MOST_NOTICES:
        return replace(told, papers=tuple(_left_to_a_person(papers)))
    distinct = _contradictions_marked(_distinct(notices))
    if is_returning(read.mail, read.report):
        distinct = tuple(_sent_back(read, distinct))
    request = None if distinct or is_taken_out(told) else request_to_sender(read, papers, formats.papers)
    return replace(told, notices=distinct, request=request)


def _or_a_note(document: Document, one: PaperContent, part: Part | None) -> Paper:
    """The paper, or what a gateway has put in its place."""
    is_note = is_note_name(document.name) or (part is not None and part.text is not None and says_taken_out(part.text))
    if one.notices or not is_note:
        return one.paper
    return replace(one.paper, kind=PaperKind.UNREADABLE, reason=PaperReason.TAKEN_OUT)


def _told_in_mail(mail: Mail, papers: Sequence[Paper], *, has_notices: bool) -> Iterator[Paper]:
    """That something was taken out, where the mail itself says so. Beside a notice its words alone are no sign."""
    if any(paper.reason is PaperReason.TAKEN_OUT for paper in papers):
        return
    if is_told_by_header(mail) or (not has_notices and says_taken_out(own_words(mail.body))):
        yield Paper(BODY_NAME, PaperKind.UNREADABLE, PaperReason.TAKEN_OUT)


def is_taken_out(understood: UnderstoodMail) -> bool:
    """Whether a gateway has taken something out of the mail."""
    return any(paper.reason is PaperReason.TAKEN_OUT for paper in understood.papers)


def _sent_back(read: ReadMail, notices: Sequence[FoundNotice]) -> Iterator[FoundNotice]:
    """The notices of a mail that returns others: those within mails are what it returns, as is the text below a report; its own only
    where a person hands it on.
    """
    is_report = bool(read.report.actions or read.report.failed or read.report.delayed)
    mails = tuple(one.part for one in read.documents if one.media_type == "message/rfc822")
    is_handed_on = hands_back(read.mail)
    for one in notices:
        is_within = any(one.part == part or one.part.startswith(f"{part}/") for part in mails)
        is_returned = is_within or is_handed_on or (is_report and one.document_name == BODY_NAME)
        yield with_doubts(one, SubmissionReason.SENT_BACK) if is_returned else one


def _filled_in_words(mail: Mail, formats: Formats) -> tuple[EntryTable, ...]:
    how = entered_how(mail.subject)
    found = forms_in_words(mail, how, formats, BODY_NAME) if how is not None else None
    return (found,) if found is not None else ()


# -- papers


def _left_to_a_person(papers: Sequence[Paper]) -> Iterator[Paper]:
    """The papers of a mail with too many notices."""
    for paper in papers:
        yield paper if paper.kind in _NEVER_WITH_A_KEY else replace(paper, reason=PaperReason.LIMITS)


_NEVER_WITH_A_KEY = frozenset({PaperKind.SIGNATURE, PaperKind.OTHER, PaperKind.UNREADABLE, PaperKind.ATTACHED_MAIL})


def _paper(document: Document, formats: Formats) -> tuple[Paper, tuple[FoundNotice, ...]]:
    name = mask_keys(document.name, formats) or f"添付{document.part}"
    if is_signature(document):
        return Paper(name, PaperKind.SIGNATURE, PaperReason.SIGNATURE), ()
    if document.trouble is not None:
        return Paper(name, *kind_of_trouble(document.trouble)), ()
    found = _opened_paper(name, document, formats)
    return _of_page(*found, document.text) if document.media_type == WEB_PAGE else found


def _of_page(paper: Paper, notices: tuple[FoundNotice, ...], text: str) -> tuple[Paper, tuple[FoundNotice, ...]]:
    """An attached web page. No two programs show one alike: its notices are for a person, and without a sign it counts as not read."""
    if notices:
        return paper, tuple(with_doubts(one, SubmissionReason.NOT_THE_NOTICE_ITSELF) for one in notices)
    if says_locked(text):
        return replace(paper, kind=PaperKind.UNREADABLE, reason=PaperReason.TAKEN_OUT), ()
    if paper.reason in {PaperReason.NO_SIGN, PaperReason.TITLE_ONLY}:
        return replace(paper, kind=PaperKind.OTHER, reason=PaperReason.UNKNOWN_FORMAT), ()
    return paper, ()


def _opened_paper(name: str, document: Document, formats: Formats) -> tuple[Paper, tuple[FoundNotice, ...]]:
    text = document.text
    notices, issuer = read_notices(document.pages, formats), issuer_of(text)
    titled = any(is_title(line.text) for page in document.pages for line in page.lines)
    if notices and is_screen(text):
        return _not_the_notice(
            Paper(name, PaperKind.NET_DESK_SCREEN, PaperReason.TEXT_OF_PAPER, issuer), notices, formats
        )
    if notices and titled:
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE, issuer), notices
    kind, reason = kind_of_text(text)
    if notices and kind not in _NO_PAPER_BY_TEXT:
        return _not_the_notice(Paper(name, kind, reason, issuer), notices, formats)
    if notices:
        complete = tuple(n if _has_all(n) else with_doubts(n, SubmissionReason.NOT_THE_NOTICE_ITSELF) for n in notices)
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.LABELS_ONLY, issuer), complete
    if titled and (kind, reason) == (PaperKind.OTHER, PaperReason.NO_SIGN):
        return Paper(name, PaperKind.KEY_NOTICE, PaperReason.TITLE_ONLY, issuer), ()
    if kind is PaperKind.OTHER and says_taken_out(text):
        return Paper(name, PaperKind.UNREADABLE, PaperReason.TAKEN_OUT), ()
    return Paper(name, kind, reason, issuer), ()


_NO_PAPER_BY_TEXT = frozenset({PaperKind.KEY_NOTICE, PaperKind.OTHER, PaperKind.SIGNATURE})


def _not_the_notice(
    paper: Paper, notices: tuple[FoundNotice, ...], formats: Formats
) -> tuple[Paper, tuple[FoundNotice, ...]]:
    """Another paper on which a number stands beside a key: for a person, unless the city takes it. Without a key it says nothing."""
    with_key = tuple(one for one in notices if one.fields.auth_key is not None)
    if formats.papers.of(paper.kind) is PaperRule.ACCEPT and paper.kind in _MAY_STAND_FOR_THE_NOTICE:
        return paper, with_key
    return paper, tuple(with_doubts(one, SubmissionReason.NOT_THE_NOTICE_ITSELF) for one in with_key)


# Made by the issuer's or D-Sure's system, not by the contractor.
_MAY_STAND_FOR_THE_NOTICE = frozenset({PaperKind.NET_DESK_SCREEN, PaperKind.VIEWING_SCREEN, PaperKind.CERTIFICATE})


def _has_all(notice: FoundNotice) -> bool:
    fields = notice.fields
    return bool(fields.project_name and fields.contractor and fields.product and fields.number and fields.auth_key)


# -- the mail's own text


def typed_notices(mail: Mail, formats: Formats) -> tuple[FoundNotice, ...]:
    """The notices in the words that a mail submits: as its readers surely see them, or else as they stand.

    Where a plain text and the HTML beside it give different ones, nobody knows which was meant.
    """
    found = [some for one in surely_submitted(mail) if (some := _typed(one, formats))]
    if not found:
        unsure = () if mail.body == mail.said else _typed(submitted_words(mail), formats)
        return tuple(with_doubts(one, SubmissionReason.TYPED_IN_BODY) for one in unsure)
    notices = tuple(_distinct([notice for some in found for notice in some]))
    if not all(_holds(found[0], some) or _holds(some, found[0]) for some in found):
        notices = tuple(with_doubts(one, SubmissionReason.READ_TWICE_DIFFERENTLY) for one in notices)
    if formats.papers.of(PaperKind.KEY_IN_BODY) is PaperRule.ACCEPT:
        return notices
    return tuple(with_doubts(one, SubmissionReason.TYPED_IN_BODY) for one in notices)


def _typed(words: str, formats: Formats) -> tuple[FoundNotice, ...]:
    labelled = (
        one
        for one in read_notices([text_page(words)], formats)
        if one.fields.number and one.fields.auth_key is not None
    )
    return tuple(labelled) or read_sentences(words, formats)


def _holds(some: Sequence[FoundNotice], others: Sequence[FoundNotice]) -> bool:
    return all(any(_is_one(one, other) for one in some) for other in others)


def _is_one(one: FoundNotice, other: FoundNotice) -> bool:
    """Whether number and key are the same."""
    first, second = one.fields, other.fields
    if first.auth_key is None or second.auth_key is None:
        return first.auth_key is second.auth_key and first.number == second.number
    return first.number == second.number and first.auth_key.same_as(second.auth_key)


# -- several notices


def _distinct(notices: Sequence[FoundNotice]) -> tuple[FoundNotice, ...]:
    """Each notice once, in the mail's order; of several readings of one notice the least doubtful: text before a picture, the notice
    before a screen.
    """
    kept: list[FoundNotice] = []
    for notice in notices:
        place = next((n for n, other in enumerate(kept) if _same(notice, other)), None)
        if place is None:
            kept.append(notice)
        elif _doubtfulness(notice) < _doubtfulness(kept[place]):
            kept[place] = notice
    return tuple(kept)


def _same(a: FoundNotice, b: FoundNotice) -> bool:
    first, second = a.fields, b.fields
    if first.auth_key is None or second.auth_key is None or not first.number:
        return first == second
    if first.number != second.number:
        return False
    is_picture = a.is_from_image or b.is_from_image
    return first.auth_key.same_as(second.auth_key) or (is_picture and look_alike(first.auth_key, second.auth_key))


def _doubtfulness(notice: FoundNotice) -> tuple[bool, int]:
    return notice.is_from_image, len(notice.doubts)


def _contradictions_marked(notices: tuple[FoundNotice, ...]) -> tuple[FoundNotice, ...]:
    """One mail, one number, two keys: neither is taken without a person, unless the register has the very key."""
    numbers = [one.fields.number for one in notices if one.fields.number]
    twice = {number for number in numbers if numbers.count(number) > 1}
    return tuple(
        with_doubts(notice, SubmissionReason.TWO_KEYS_IN_MAIL) if notice.fields.number in twice else notice
        for notice in notices
    )
