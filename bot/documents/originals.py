"""The papers of a mail as they came, for a clerk who asks for them: PDFs and pictures, also those packed or in a mail within the mail.

Called by documents/pool/child.py in the reading process: the mail is hostile input. Whatever else is attached (programs, pages, office
files) is named and not handed on. What is packed under a password is taken out where it is at hand; a locked PDF goes along as it came.
Nothing is read or drawn. Raises nothing else than MemoryError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.mail.parse import ParsedMail, parse_mail
from bot.core.notice.document import OpenFailure
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.paper import HandedPaper, KeptBack
from bot.documents.archives.unpack import SIGNED, container_type, unpack
from bot.documents.contents import CONTAINERS_DEEP, FILES_OPENED, MAILS_DEEP
from bot.documents.decorations import is_ornament
from bot.documents.opening import is_pdf, picture_type
from bot.documents.pdf.text import is_locked

_MAIL = "message/rfc822"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class _Found:
    """A file with the name that its Paper has. `content` None: it could not be taken out; `needs`: a password."""

    part: str
    name: str
    content: bytes | None
    needs: bool = False


def papers_in(
    content: bytes,
    limit: int,
    other_desks: Collection[str],
    shared: Collection[str],
    formats: Formats,
    passwords: Sequence[str] = (),
) -> tuple[tuple[HandedPaper, bytes], ...]:
    """Each file of the mail, with its bytes where it may go along: at most `limit` of them in all; b"" for the others.

    `other_desks`: the names of papers that are not for the clerk; `shared`: names of papers of which one is for him and one may not be.
    """
    named = [
        (mask_keys(one.name, formats) or f"添付{one.part}", one)
        for one in _files(parse_mail(content), "", "", passwords)
    ]
    often = Counter(name for name, _ in named)
    theirs = dict.fromkeys(other_desks, KeptBack.OTHER_DESK)
    theirs |= {name: KeptBack.UNSURE for name in shared if often[name] > 1}
    handed: list[tuple[HandedPaper, bytes]] = []
    room = limit
    for name, found in named:
        held = found.content or b""
        media_type = _PDF if is_pdf(held) else picture_type(held)
        if media_type != _PDF and is_ornament(held, media_type):
            continue
        paper = HandedPaper(name, media_type, len(held), is_locked=media_type == _PDF and is_locked(held))
        if len(handed) == FILES_OPENED:
            handed.append((replace(paper, kept_back=KeptBack.TOO_MANY), b""))
            break
        why = theirs.get(name) or _kept_back(paper, found, room)
        room -= 0 if why else len(held)
        handed.append((replace(paper, kept_back=why), b"" if why else held))
    return tuple(handed)


def _kept_back(paper: HandedPaper, found: _Found, room: int) -> KeptBack | None:
    if found.content is None:
        return KeptBack.LOCKED if found.needs else KeptBack.UNOPENED
    if not paper.media_type:
        return KeptBack.NO_PAPER
    return KeptBack.TOO_LARGE if paper.size_bytes > room else None


def _files(parsed: ParsedMail, above: str, within: str, passwords: Sequence[str], mails: int = 0) -> Iterator[_Found]:
    """The files of a mail, those in its containers and mails too. `above`, `within`: its place, and its name."""
    for part in parsed.mail.parts:
        if part.is_attachment:
            found = _Found(f"{above}{part.path}", _joined(within, part.file_name), parsed.contents[part.path])
            yield from _within(found, part.media_type, passwords, mails)


def _within(
    found: _Found, media_type: str, passwords: Sequence[str], mails: int, containers: int = 0
) -> Iterator[_Found]:
    content = found.content or b""
    if media_type == _MAIL and mails < MAILS_DEEP:
        yield from _files(parse_mail(content), f"{found.part}/", found.name, passwords, mails + 1)
        return
    kind = container_type(content)
    if not kind:
        yield found
        return
    unpacked = unpack(content, passwords) if containers < CONTAINERS_DEEP else OpenFailure.LIMITS
    if isinstance(unpacked, OpenFailure):
        yield replace(found, content=None, needs=unpacked is OpenFailure.ENCRYPTED)
    else:
        for number, item in enumerate(unpacked.items, 1):
            inner = _Found(f"{found.part}/{number}", _joined(found.name, item.name), item.content)
            is_mail = kind == SIGNED and not is_pdf(item.content)
            yield from _within(inner, _MAIL if is_mail else "", passwords, mails, containers + 1)
        for names, needs in ((unpacked.locked, True), (unpacked.left_out, False)):
            for name in names:
                yield _Found(found.part, _joined(found.name, name), None, needs)


def _joined(outer: str, name: str) -> str:
    return f"{outer}/{name}" if outer and name else outer or name
