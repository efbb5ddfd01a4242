"""The request to the sender of a mail without a notice; None when the mail shows no intent to send one.

Called by core/notice/interpret.py with the mail's papers and the city's rules for them. core/verdict/reply.py decides on the
letter, and whether it may be sent. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from types import MappingProxyType

from bot.core.contractor.links import file_links
from bot.core.contractor.matter import matter_of, names_notice, names_only_other_papers
from bot.core.mail.quoting import meant_words
from bot.core.notice.paper_kinds import kind_of_text
from bot.core.notice.read_mail import ReadMail
from bot.core.records.paper import Paper, PaperKind, PaperRule, PaperRules, is_file
from bot.core.records.reasons import PaperReason


class Request(StrEnum):
    """The next step that the letter `notice_wanted` asks a sender for."""

    NOTICE_INSTEAD_OF_CERTIFICATE = "notice_instead_of_certificate"
    NOTICE_INSTEAD_OF_COMPLETION_MAIL = "notice_instead_of_completion_mail"
    NOTICE_INSTEAD_OF_SCREEN = "notice_instead_of_screen"
    NOTICE_INSTEAD_OF_VIEWING_SCREEN = "notice_instead_of_viewing_screen"  # a print of D-Sure
    NOTICE_WITH_CLAIM = "notice_with_claim"  # the claim came, no notice with it
    NOTICE_WITH_CONTRACT = "notice_with_contract"
    INSURER_ACCESS = "insurer_access"  # URL and password of an insurer's system, which are not accepted here
    INSURER_SECURITY = "insurer_security"
    BANK_GUARANTEE = "bank_guarantee"  # its original
    NOTICE_MISSING = "notice_missing"  # says 認証キー, but nothing is attached
    WITHOUT_PASSWORD = "without_password"  # noqa: S105 - what is asked for, no secret
    UNLOCKED = "unlocked"  # the same when password mails are not used
    UNPACKED = "unpacked"  # an archive that is not opened or exceeds the limits
    ORIGINAL_PDF = "original_pdf"  # a scan or picture: the PDF itself, as downloaded
    READABLE_FILE = "readable_file"  # damaged, garbled, not opened
    FILE_ITSELF = "file_itself"  # a link to a service that hands over files: the file itself
    READ_FORMAT = "read_format"  # an office program's file: a PDF
    COMPLETE_NOTICE = "complete_notice"  # number or key not readable on it


_WANTED_BY_REASON: MappingProxyType[PaperReason, Request] = MappingProxyType(
    {
        PaperReason.ENCRYPTED: Request.WITHOUT_PASSWORD,
        PaperReason.ARCHIVE: Request.UNPACKED,
        PaperReason.NO_TEXT: Request.ORIGINAL_PDF,
        PaperReason.NOT_REACHED: Request.ORIGINAL_PDF,
        PaperReason.SCANNED_TEXT: Request.ORIGINAL_PDF,
        PaperReason.NO_SIGN_ON_PICTURE: Request.ORIGINAL_PDF,
        PaperReason.TITLE_ONLY: Request.ORIGINAL_PDF,
        PaperReason.DAMAGED: Request.READABLE_FILE,
        PaperReason.GARBLED: Request.READABLE_FILE,
        PaperReason.LIMITS: Request.READABLE_FILE,
        PaperReason.TOO_LARGE: Request.READABLE_FILE,
        PaperReason.UNKNOWN_FORMAT: Request.READ_FORMAT,
    },
)
_WANTED_BY_KIND: MappingProxyType[PaperKind, Request] = MappingProxyType(
    {
        PaperKind.COMPLETION_MAIL: Request.NOTICE_INSTEAD_OF_COMPLETION_MAIL,
        PaperKind.NET_DESK_SCREEN: Request.NOTICE_INSTEAD_OF_SCREEN,
        PaperKind.CERTIFICATE: Request.NOTICE_INSTEAD_OF_CERTIFICATE,
        PaperKind.VIEWING_SCREEN: Request.NOTICE_INSTEAD_OF_VIEWING_SCREEN,
    },
)
# The request for these papers, in this order, when no other paper of the mail may be the notice.
_WANTED_WITH_KIND: MappingProxyType[PaperKind, Request] = MappingProxyType(
    {
        PaperKind.INSURER_ACCESS: Request.INSURER_ACCESS,
        PaperKind.INSURER_SECURITY: Request.INSURER_SECURITY,
        PaperKind.BANK_GUARANTEE: Request.BANK_GUARANTEE,
        PaperKind.CLAIM: Request.NOTICE_WITH_CLAIM,
        PaperKind.WORKS_CONTRACT: Request.NOTICE_WITH_CONTRACT,
    },
)
# Mails that others wrote to the contractor, forwarded.
_WANTED_BY_WORDS: MappingProxyType[PaperKind, Request] = MappingProxyType(
    {
        PaperKind.COMPLETION_MAIL: Request.NOTICE_INSTEAD_OF_COMPLETION_MAIL,
        PaperKind.INSURER_ACCESS: Request.INSURER_ACCESS,
    },
)
_OF_PICTURES = frozenset(
    {PaperReason.NO_TEXT, PaperReason.NOT_REACHED, PaperReason.SCANNED_TEXT, PaperReason.NO_SIGN_ON_PICTURE}
)


def request_to_sender(read: ReadMail, papers: Sequence[Paper], rules: PaperRules) -> Request | None:
    """The request for a mail without a notice. `papers`: all of the mail's; `rules`: the city's."""
    mail = read.mail
    words = meant_words(mail.body)
    named = (mail.subject, words, *(document.name for document in read.documents))
    matter = matter_of(mail)
    # To this address contractors send notices: what they announce is one, unless they name another paper.
    meant = names_notice(*named) or (matter.sends and not names_only_other_papers(*named))
    files = [paper for paper in papers if is_file(paper)]
    kinds = {paper.kind for paper in files}
    asked = {kind for kind in kinds if rules.of(kind) is PaperRule.ASK}
    for paper in files:
        if paper.kind in _WANTED_BY_KIND and paper.kind in asked:
            return _WANTED_BY_KIND[paper.kind]
    for paper in files:
        if paper.reason in _OF_PICTURES and rules.of(PaperKind.IMAGE_NOTICE) is not PaperRule.ASK:
            continue
        if paper.reason in _WANTED_BY_REASON and (meant or paper.reason is PaperReason.TITLE_ONLY):
            return _WANTED_BY_REASON[paper.reason]
    kind, _ = kind_of_text(f"{mail.subject}\n{mail.body}")
    is_linked = any(link.service or meant for link in file_links(mail))
    if is_linked and not kinds & _MAY_BE_THE_NOTICE and kind not in _WANTED_BY_WORDS:
        return Request.FILE_ITSELF
    if not kinds & _MAY_BE_THE_NOTICE and (also := [w for kind, w in _WANTED_WITH_KIND.items() if kind in asked]):
        return also[0]
    if files:
        return None
    if kind in _WANTED_BY_WORDS:
        return _WANTED_BY_WORDS[kind] if rules.of(kind) is PaperRule.ASK else None
    return Request.NOTICE_MISSING if matter.sends and meant else None


_MAY_BE_THE_NOTICE = frozenset({PaperKind.KEY_NOTICE, PaperKind.UNREADABLE, PaperKind.ATTACHED_MAIL})
