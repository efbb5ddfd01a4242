"""A mail's attachment → its documents: itself; of a container all that is packed into it; of a mail within the mail its words and papers.

Called by documents/pool/child.py for each attachment. Containers open once more within themselves (a zip in a zip), mails within mails a few
times (a forwarded forward); deeper, and beyond the limits, a document says so by its trouble. A mail that reports or returns
is never looked into. Raises nothing else than MemoryError.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.core.mail.automatic.screen import is_void_within
from bot.core.mail.parse import ParsedMail, parse_mail
from bot.core.mail.quoting import is_returning
from bot.core.notice.document import Document, OpenFailure, TextSource, text_page
from bot.core.notice.interpret import PaperContent, read_attached_mail, read_paper
from bot.core.notice.key_notice import FoundNotice, with_doubts
from bot.core.policy.policy import Formats
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Field
from bot.documents.archives.unpack import Unpacked, container_type, unpack
from bot.documents.delivery_reports import read_report
from bot.documents.entry_tables import read_entry_table
from bot.documents.opening import is_pdf, open_document
from bot.documents.pdf.appearance import WrittenValue, unseen
from bot.documents.pdf.text import PdfInHand, is_changed_pdf

# A container and one more inside it: deeper than this nobody packs what he wants read.
CONTAINERS_DEEP = 2
# A forward of a forward of a forward.
MAILS_DEEP = 4
# A mail with more PDFs than this was not written for a clerk.
PDFS_OPENED = 10
FILES_OPENED = 60
_DAMAGED = SubmissionReason.PAPER_DAMAGED
_MAIL = "message/rfc822"
_SIGNED = "application/pkcs7-mime"

LookAt = Callable[[Document, bytes, PaperContent], tuple[Document, PaperContent]]
"""A second look at an opened document and what it says: pictures recognised, text compared with what is drawn."""
ShowIt = Callable[[Document, Sequence[FoundNotice], PdfInHand], None]


@dataclass(slots=True)
class OpenBudget:
    """How much one attachment, or one mail, may still have opened."""

    files: int = FILES_OPENED
    pdfs: int = PDFS_OPENED

    def takes(self, content: bytes) -> bool:
        """Count a file in; False when it is one too many."""
        self.files -= 1
        self.pdfs -= is_pdf(content)
        return self.files >= 0 and self.pdfs >= 0


@dataclass(frozen=True, slots=True)
class _File:
    """A file with its way: `part` and `name` as Document has them; how deep in containers and in mails it lies."""

    part: str
    name: str
    content: bytes
    media_type: str = ""
    containers: int = 0
    mails: int = 0

    def within(self, place: str, name: str, content: bytes, **changes: int | str) -> _File:
        """A file that was found in this one."""
        inner = replace(self, part=f"{self.part}/{place}", content=content, media_type="")
        shown = f"{self.name}/{name}" if self.name and name else self.name or name
        return replace(inner, name=shown, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class AttachmentReader:
    """How to open a mail's attachments. `returns`: the mail reports or returns others, whose words are nobody's submission.

    `look`: None = nobody looks. `show`: is handed each PDF with notices while it is open. `entered_how`: the mail enters notices that came so, and its tables are forms; None = it doesn't.
    """

    formats: Formats
    passwords: Sequence[str] = ()
    returns: bool = False
    look: LookAt | None = None
    entered_how: str | None = None
    show: ShowIt | None = None
    room: OpenBudget = field(default_factory=OpenBudget)

    def open(self, part: str, name: str, content: bytes, media_type: str) -> Iterator[tuple[Document, PaperContent]]:
        """All documents of an attachment, each with what it says. `media_type`: what the mail calls it."""
        yield from self._open(_File(part, name, content, media_type))

    def _open(self, file: _File) -> Iterator[tuple[Document, PaperContent]]:
        if file.media_type == _MAIL:
            yield from self._open_mail(file)
            return
        if not self.room.takes(file.content):
            yield self._told(_closed(file, OpenFailure.LIMITS))
            return
        if media_type := container_type(file.content):
            yield from self._open_container(replace(file, media_type=media_type))
            return
        with PdfInHand() as hand:
            document = open_document(file.part, file.name, file.content, self.passwords, hand)
            document, said = self._looked_at(document, file, hand)
        if document.trouble is OpenFailure.ATTACHED_MAIL:  # a saved mail (.eml) says so by its own header fields
            yield from self._open_mail(file)
            return
        yield document, said

    def _looked_at(self, document: Document, file: _File, hand: PdfInHand) -> tuple[Document, PaperContent]:
        document, said = self._told(document)
        if document.trouble is OpenFailure.ATTACHED_MAIL:
            return document, said
        if self.look is not None:
            document, said = self.look(document, file.content, said)
        if self.entered_how is not None and not file.mails:
            said = replace(
                said, filled=read_entry_table(said.paper.name, document, file.content, self.entered_how, self.formats)
            )
        if said.notices and is_pdf(file.content):
            if self.show is not None:
                self.show(document, said.notices, hand)
            said = replace(said, notices=self._compared(said.notices, file.content, hand))
        return document, said

    def _compared(self, notices: tuple[FoundNotice, ...], content: bytes, hand: PdfInHand) -> tuple[FoundNotice, ...]:
        """A PDF's notices with the doubts that its appearance and its checksums raise."""
        values = [tuple(_written_values(notice)) for notice in notices]
        hidden = unseen(content, [value for some in values for value in some], self.passwords, hand)
        notices = tuple(
            with_doubts(one, SubmissionReason.SHOWS_OTHERWISE) if hidden.intersection(some) else one
            for one, some in zip(notices, values, strict=True)
        )
        if is_changed_pdf(content, self.passwords):
            notices = tuple(with_doubts(one, _DAMAGED) for one in notices)
        return notices

    def _open_container(self, file: _File) -> Iterator[tuple[Document, PaperContent]]:
        if file.containers >= CONTAINERS_DEEP:
            yield self._told(_closed(file, OpenFailure.LIMITS))
            return
        found = unpack(file.content, self.passwords)
        if isinstance(found, OpenFailure):
            yield self._told(_closed(file, found))
            return
        for number, item in enumerate(found.items, 1):
            inner = file.within(str(number), item.name, item.content, containers=file.containers + 1)
            # What was signed is a mail's own body and papers (RFC 8551 §3.5), or a file that somebody signed.
            is_mail = file.media_type == _SIGNED and not is_pdf(item.content)
            yield from self._open(replace(inner, media_type=_MAIL if is_mail else ""))
        number = len(found.items)
        if not (found.items or found.locked or found.left_out):
            yield self._told(_closed(file, OpenFailure.ARCHIVE))
        for names, trouble in ((found.locked, OpenFailure.ENCRYPTED), (found.left_out, OpenFailure.ARCHIVE)):
            for name in names:
                number += 1
                yield self._told(_closed(file.within(str(number), name, b""), trouble))

    def _open_mail(self, file: _File) -> Iterator[tuple[Document, PaperContent]]:
        closed = _closed(replace(file, media_type=_MAIL), OpenFailure.ATTACHED_MAIL)
        if self.returns or file.mails >= MAILS_DEEP:
            yield self._told(closed)
            return
        parsed = parse_mail(file.content)
        if not _is_submitted(file.content, parsed):
            yield self._told(closed)
            return
        yield (
            replace(closed, trouble=None, pages=(text_page(parsed.mail.body),)),
            read_attached_mail(closed.name or parsed.mail.subject, parsed.mail, self.formats),
        )
        yield from self._open_parts(file, parsed)

    def _open_parts(self, file: _File, parsed: ParsedMail) -> Iterator[tuple[Document, PaperContent]]:
        for part in parsed.mail.parts:
            if part.is_attachment:
                inner = file.within(part.path, part.file_name, parsed.contents[part.path], mails=file.mails + 1)
                yield from self._open(replace(inner, media_type=part.media_type))

    def _told(self, document: Document) -> tuple[Document, PaperContent]:
        return document, read_paper(document, self.formats)


def _written_values(notice: FoundNotice) -> Iterator[WrittenValue]:
    """The notice's number and key as they were read from text, form fields or notes."""
    fields = notice.fields
    letters = {Field.NUMBER: fields.number, Field.KEY: fields.auth_key.reveal() if fields.auth_key is not None else ""}
    for one in notice.evidence:
        if one.field in letters and one.source is not TextSource.IMAGE:
            yield WrittenValue(letters[one.field], one.page, one.box, one.source)


def find_file(parsed: ParsedMail, part: str, passwords: Sequence[str] = ()) -> bytes | None:
    """The bytes of the document with this `part`, found again by its way; None when it leads nowhere."""
    path, _, rest = part.partition("/")
    content = parsed.contents.get(path)
    while content is not None and rest:
        path, _, rest = rest.partition("/")
        media_type = container_type(content)
        found = unpack(content, passwords) if media_type else None
        if isinstance(found, Unpacked):
            place = int(path) if path.isdigit() else 0
            content = found.items[place - 1].content if 0 < place <= len(found.items) else None
        else:
            content = parse_mail(content).contents.get(path)
    return content


def _is_submitted(content: bytes, parsed: ParsedMail) -> bool:
    """Whether a mail within a mail may be somebody's submission: no machine's answer, none of ours, nothing that came back."""
    if is_void_within(parsed.mail) or not parsed.mail.headers:
        return False
    return not is_returning(parsed.mail, read_report(content, parsed))


def _closed(file: _File, trouble: OpenFailure) -> Document:
    digest = hashlib.sha256(file.content).hexdigest()
    media_type = file.media_type or "application/octet-stream"
    return Document(file.part, file.name, media_type, len(file.content), digest, trouble=trouble)
