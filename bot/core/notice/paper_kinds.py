"""The kind of a paper: every attachment, and the mail's own text, is one of a closed list of kinds.

Called by core/notice/interpret.py for each document; the words that tell the kinds apart are data (core/issuers). `PaperKind`
says what each is called, and what a city does with it when its config says nothing; `PaperRules` what this city does. Text may be OCR's: characters that look alike are one here, and nowhere else. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from types import MappingProxyType

from bot.core.issuers import KNOWN, LOOK_ALIKES, SIGNS
from bot.core.notice.document import Document, OpenFailure
from bot.core.records.paper import PaperKind
from bot.core.records.reasons import PaperReason
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

# -- text in the form of the signs

# Applied to the signs as well as to the text.
_TO_ONE = str.maketrans({alike: row[0] for row in LOOK_ALIKES for alike in row[1:]})
_DASH_OF_WORD = LazyPattern("(?<=[ァ-ヶDEde力])[一―‐–—─-]")


def skeleton(text: str) -> str:
    """Folded text in which characters that OCR confuses are equal: for the kind of a paper only, never for a value."""
    return _DASH_OF_WORD.sub("ー", fold(text).translate(_TO_ONE))


def _compiled(pattern: str) -> LazyPattern[str]:
    return LazyPattern(pattern.translate(_TO_ONE), re.IGNORECASE)


# -- the kind

_TEXTS = 4  # a mail's own, which several questions are about, and its papers'
_SIGNED = 200
ENOUGH = 5
"""The least total weight of the signs of a kind."""

_START = 4000  # characters looked at: the kind is clear from the first page
_RAW_START = 20_000  # the same before blanks are removed
_TITLE_LINES = 15  # a title is within these; addresses, dates and the form's number are above it
_TITLE_CHARACTERS = 60
_TEXT_SIGNS = tuple((PaperKind(s.kind), s.weight, _compiled(s.pattern)) for s in SIGNS if s.where == "text")
_TITLE_SIGNS = tuple(
    (PaperKind(s.kind), s.weight, _compiled(s.pattern), _compiled(s.unless) if s.unless else None)
    for s in SIGNS
    if s.where == "title"
)


def _weights(text: str, kinds: Collection[PaperKind] = tuple(PaperKind)) -> dict[PaperKind, int]:
    """The total weight of the signs of each of these kinds, in the table's order."""
    weights = dict.fromkeys(kinds, 0)
    whole, first = _start_of(text[:_RAW_START])
    for kind, weight, sign in _TEXT_SIGNS:
        if kind in weights and sign.search(whole):
            weights[kind] += weight
    titles = [line for line in first if len(line) <= _TITLE_CHARACTERS]
    for kind, weight, sign, unless in _TITLE_SIGNS:
        if kind in weights and any(sign.search(line) and not (unless and unless.search(line)) for line in titles):
            weights[kind] += weight
    return weights


@lru_cache(maxsize=1)
def _start_of(text: str) -> tuple[str, list[str]]:
    """A text and its first lines in the form of the signs; remembered for the questions that follow about one text."""
    return skeleton(text)[:_START], _first_lines(text)


def _first_lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        bare = skeleton(line[: 4 * _TITLE_CHARACTERS])
        if bare:
            lines.append(bare)
        if len(lines) == _TITLE_LINES:
            break
    return lines


@lru_cache(maxsize=_TEXTS)
def kind_of_text(text: str) -> tuple[PaperKind, PaperReason]:
    """The kind of a readable text without a readable key. KEY_NOTICE: it has the title of a notice only."""
    if text[:_SIGNED].lstrip().startswith("-----BEGIN PGP SIGNATURE-----"):
        return PaperKind.SIGNATURE, PaperReason.SIGNATURE
    weights = _weights(text)
    kind = max(weights, key=lambda one: weights[one])  # of equals the first in the table
    if weights[kind] < ENOUGH:
        return PaperKind.OTHER, PaperReason.NO_SIGN
    return kind, PaperReason.TITLE_ONLY if kind is PaperKind.KEY_NOTICE else PaperReason.TEXT_OF_PAPER


def is_screen(text: str) -> bool:
    """Whether the text is a print of the contractor's own system, which shows the key too (保証契約一覧)."""
    return _weights(text, (PaperKind.NET_DESK_SCREEN,))[PaperKind.NET_DESK_SCREEN] >= ENOUGH


_ISSUERS = tuple((one.name, tuple((m.weight, _compiled(m.pattern)) for m in one.marks)) for one in KNOWN)


def issuer_of(text: str) -> str:
    """The issuer named on the paper, as in core/issuers; "" when none or more than one is named."""
    whole, _ = _start_of(text[:_RAW_START])
    weights = {name: sum(weight for weight, mark in marks if mark.search(whole)) for name, marks in _ISSUERS}
    most = max(weights.values())
    named = [name for name, weight in weights.items() if weight == most]
    return named[0] if most and len(named) == 1 else ""


_SUBJECT_SIGN = LazyPattern(r"認証キ[ー一―‐-]|電子保証|電子証[書券]|保証契約番号|D-?Sure", re.IGNORECASE)


def speaks_of_keys(*texts: str) -> bool:
    """Whether a subject, body or file name mentions a key notice."""
    return any(_SUBJECT_SIGN.search(fold(text)) for text in texts)


# -- documents without text

_SIGNATURE_NAME = LazyPattern(
    r"(?:^|/)(?:smime\.p7s|signature\.asc|openpgp.*signature.*|.*\.(?:p7s|sig|asc))$", re.IGNORECASE
)
_SIGNATURE_TYPES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_SIGNATURE_BYTES = 64 * 1024  # with all its certificates


def is_signature(document: Document) -> bool:
    """Whether it is a mail's electronic signature: by name and because it can't be opened, so no paper is hidden by its name."""
    if document.media_type in _SIGNATURE_TYPES:
        return True
    if document.trouble is not OpenFailure.UNKNOWN_FORMAT or document.size_bytes > _SIGNATURE_BYTES:
        return False
    return _SIGNATURE_NAME.search(document.name) is not None


_TROUBLES: MappingProxyType[OpenFailure, tuple[PaperKind, PaperReason]] = MappingProxyType(
    {
        OpenFailure.ENCRYPTED: (PaperKind.UNREADABLE, PaperReason.ENCRYPTED),
        OpenFailure.DAMAGED: (PaperKind.UNREADABLE, PaperReason.DAMAGED),
        OpenFailure.TOO_LARGE: (PaperKind.UNREADABLE, PaperReason.TOO_LARGE),
        OpenFailure.NO_TEXT: (PaperKind.UNREADABLE, PaperReason.NO_TEXT),
        OpenFailure.NOT_REACHED: (PaperKind.UNREADABLE, PaperReason.NOT_REACHED),
        OpenFailure.GARBLED: (PaperKind.UNREADABLE, PaperReason.GARBLED),
        OpenFailure.LIMITS: (PaperKind.UNREADABLE, PaperReason.LIMITS),
        OpenFailure.UNKNOWN_FORMAT: (PaperKind.OTHER, PaperReason.UNKNOWN_FORMAT),
        OpenFailure.ARCHIVE: (PaperKind.UNREADABLE, PaperReason.ARCHIVE),
        OpenFailure.ATTACHED_MAIL: (PaperKind.ATTACHED_MAIL, PaperReason.ATTACHED_MAIL),
        OpenFailure.ORNAMENT: (PaperKind.OTHER, PaperReason.ORNAMENT),
        OpenFailure.SCANNED_TEXT: (PaperKind.UNREADABLE, PaperReason.SCANNED_TEXT),
    },
)


def kind_of_trouble(trouble: OpenFailure) -> tuple[PaperKind, PaperReason]:
    """The kind and reason of a document that could not be opened."""
    return _TROUBLES[trouble]
