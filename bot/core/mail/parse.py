"""Parse raw bytes into a `Mail`.

Called by the reading process and by `inspect`. Nothing is raised on any bytes; linear time; texts and header fields are
bounded (limits here and in multipart.py); cut or guessed content is reported in `Mail.flaws`.
The digests and sizes of parts are those of the decoded bytes.
"""

from __future__ import annotations

import binascii
import email.utils
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

from bot.core.mail.addresses import parse_addresses
from bot.core.mail.charset import decode
from bot.core.mail.header_values import (
    decode_file_name,
    decode_header_value,
    decode_structured_value,
    from_base64,
    undeclared_file,
    unfold,
)
from bot.core.mail.html import MOST_HTML, enriched_to_text, html_to_text, link_targets
from bot.core.mail.message import Address, Flaw, Header, Mail, Part
from bot.core.mail.multipart import Entity, HeaderField, Tree, take_apart
from bot.core.mail.readings import ENRICHED, TEXT_CHARACTERS, Leaf, clean_text, readings, unflowed
from bot.core.records.envelope import digest
from bot.core.text.lazy_pattern import LazyPattern

ALL_TEXT_CHARACTERS = 2 * TEXT_CHARACTERS  # of all parts together, beside the body
_TEXT_BYTES = 4 * TEXT_CHARACTERS
_HTML_BYTES = 1024 * 1024  # Outlook wraps one line of text in kilobytes of style
_ADDRESSES = 100
_REFERENCES = 100
# Structured fields: encoded words are decoded after parsing, because they could change the syntax.
_STRUCTURED = LazyPattern(
    r"from|to|cc|bcc|sender|reply-to|return-path|received.*|resent-.*|authentication-results|arc-.*|dkim-.*|domainkey-.*|.*message-id"
    r"|references|in-reply-to|content-.*|list-.*|auto-submitted|precedence|date|mime-version|delivered-to",
    re.IGNORECASE,
)
_WORDS = "content-description"  # the one field of content- that is no structure
_MESSAGE_ID = LazyPattern(r"<[^<>\s]{1,996}+>")


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """The mail, and the decoded bytes of each of its parts by `Part.path`."""

    mail: Mail
    contents: Mapping[str, bytes]


def parse_mail(content: bytes) -> ParsedMail:
    """Parse a mail. Attached mails (message/*) are not opened: they are attachments with their bytes in `contents`."""
    tree = take_apart(content)
    branches = tree.branches.values()
    ways = {path for one in branches if one.entity.media_type == "multipart/alternative" for path in one.children}
    leaves = [leaf for entity in tree.leaves for leaf in _with_uuencoded(_leaf(entity, is_one_way=entity.path in ways))]
    contents = {leaf.part.path: leaf.content for leaf in leaves}
    mail = replace(_mail(tree, leaves), has_one_header=tree.has_one_header)
    return ParsedMail(mail, MappingProxyType(contents))


def _mail(tree: Tree, leaves: list[Leaf]) -> Mail:
    root = tree.root
    told = readings(tree, leaves, is_answer=bool(root.raw("in-reply-to") or root.raw("references")))
    parts = tuple(leaf.part for leaf in leaves)
    head = mail_head(root.fields)
    mail = replace(
        head,
        media_type=root.media_type,
        body=told.body,
        marked=told.marked,
        rich=told.rich,
        targets=tuple(target for leaf in leaves if leaf.source for target in link_targets(leaf.source)),
        parts=parts,
    )
    return _with_flaws(mail, tree, leaves)


def mail_head(fields: Sequence[HeaderField]) -> Mail:
    """A mail's header fields and what they say, without its content."""
    head = Mail(tuple(_header(one.name, one.raw) for one in fields))
    return replace(
        head,
        from_=_mailboxes(head, "from"),
        to=_mailboxes(head, "to"),
        cc=_mailboxes(head, "cc"),
        subject=decode_header_value(next((one.raw for one in fields if one.name.lower() == "subject"), b"")),
        message_id=next(iter(_message_ids(head, "message-id")), ""),
        in_reply_to=next(iter(_message_ids(head, "in-reply-to")), ""),
        reference_ids=_message_ids(head, "references")[-_REFERENCES:],
        date=_date(head.value("date")),
    )


def _with_flaws(mail: Mail, tree: Tree, leaves: list[Leaf]) -> Mail:
    found = set(tree.flaws).union(*(leaf.flaws for leaf in leaves))
    subject = decode(unfold(tree.root.raw("subject")), None)
    if subject.guessed:
        found.add(Flaw.CHARSET_GUESSED)
    if "\ufffd" in mail.subject:
        found.add(Flaw.CHARACTERS_LOST)
    if not mail.headers:
        found.add(Flaw.NO_HEADERS)
    parts = tuple(_bounded(mail.parts))
    if parts != mail.parts:
        found.add(Flaw.TEXT_CUT)
    return replace(mail, parts=parts, flaws=tuple(flaw for flaw in Flaw if flaw in found))


def _bounded(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, their texts cut to ALL_TEXT_CHARACTERS in all."""
    room = ALL_TEXT_CHARACTERS
    for part in parts:
        text = part.text and part.text[:room]
        room -= len(text or "")
        yield replace(part, text=text)


# ---------------------------------------------------------------- headers


def _is_structured(name: str) -> bool:
    return name.lower() != _WORDS and _STRUCTURED.fullmatch(name) is not None


def _header(name: str, raw: bytes) -> Header:
    return Header(name, decode_structured_value(raw) if _is_structured(name) else decode_header_value(raw))


def _mailboxes(head: Mail, name: str) -> tuple[Address, ...]:
    found: list[Address] = []
    for value in head.values(name):
        found += parse_addresses(value, _ADDRESSES - len(found))
    return tuple(found)


def _message_ids(head: Mail, name: str) -> tuple[str, ...]:
    """Ids with their angle brackets."""
    return tuple(one for value in head.values(name) for one in _MESSAGE_ID.findall(value))


def _date(value: str) -> datetime | None:
    """RFC 5322's date in UTC (a date without a zone is taken for UTC); None when it is absent or impossible."""
    try:
        parsed = email.utils.parsedate_tz(value[:100])
        if parsed is None:
            return None
        zone = timezone(timedelta(seconds=parsed[9] or 0))
        return datetime(*parsed[:6], tzinfo=zone).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# ---------------------------------------------------------------- parts


def _leaf(entity: Entity, *, is_one_way: bool) -> Leaf:
    """A part. `is_one_way`: to say the same as others, which is no attachment whatever it is called."""
    content = _decoded_body(entity)
    media_type = entity.media_type
    if (
        media_type.startswith("multipart/") and not entity.is_unopened
    ):  # no boundary in it: whatever it holds is read as it stands
        media_type = "text/plain"
    disposition = entity.raw("content-disposition")
    file_name = decode_file_name(disposition, entity.raw("content-type"))
    if media_type == "text/plain" and not file_name and _PAGE.match(content[:_TEXT_SNIFFED]):
        media_type = "text/html"  # what programs send without saying so
    is_text = media_type.startswith("text/")
    is_put_aside = unfold(disposition)[:10].lower() == b"attachment"
    is_named = bool(file_name) and not is_one_way and media_type != "text/html"  # a named page in line is shown
    is_attachment = not is_text or is_named or is_put_aside
    if is_text and _NAMED_BODY.fullmatch(file_name):
        is_attachment = False
    text, source, flaws = (
        _text(content, media_type, entity.parameter("charset")) if is_text else (None, "", frozenset[Flaw]())
    )
    if text and media_type == "text/plain" and entity.parameter("format").lower() == "flowed":
        text = unflowed(text, is_word_cut=entity.parameter("delsp").lower() == "yes")
    part = Part(
        path=entity.path or "1",
        media_type=media_type,
        file_name=file_name,
        size_bytes=len(content),
        digest=digest(content),
        is_attachment=is_attachment,
        text=text,
    )
    content_id = unfold(entity.raw("content-id")).decode("latin-1").strip(" <").partition(">")[0]
    return Leaf(part, content, flaws, "" if is_attachment else source[: MOST_HTML + 1], content_id)


_PAGE = LazyPattern(rb"\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_TEXT_SNIFFED = 200


# What Exchange calls the second text of a mail that has one before and one behind a file.
_NAMED_BODY = LazyPattern(r"ATT\d{5}\.(?:txt|html?)", re.IGNORECASE)


def _text(content: bytes, media_type: str, label: str) -> tuple[str, str, frozenset[Flaw]]:
    """The text, HTML's source, and what is wrong with it."""
    limit = _HTML_BYTES if media_type == "text/html" else _TEXT_BYTES
    decoded = decode(content[:limit], label or None)
    text = html_to_text(decoded.text) if media_type == "text/html" else decoded.text
    text = enriched_to_text(text) if media_type in ENRICHED else text
    text = clean_text(text)
    flaws: set[Flaw] = set()
    if decoded.guessed:
        flaws.add(Flaw.CHARSET_GUESSED)
    if decoded.lost:
        flaws.add(Flaw.CHARACTERS_LOST)
    if len(content) > limit or len(text) > TEXT_CHARACTERS:
        flaws.add(Flaw.TEXT_CUT)
    return text[:TEXT_CHARACTERS], decoded.text if media_type == "text/html" else "", frozenset(flaws)


# ---------------------------------------------------------------- transfer encodings (RFC 2045 §6)


def _decoded_body(entity: Entity) -> bytes:
    encoding = entity.transfer_encoding
    if encoding == "base64":
        if _NOT_BASE64.search(entity.body.lstrip()[:_HEADING].partition(b"\n")[0]):
            return entity.body
        decoded = from_base64(entity.body, url_safe=False)
        return undeclared_file(decoded) or decoded  # some programs encode a file twice
    if encoding == "quotedprintable":
        return binascii.a2b_qp(entity.body)
    if encoding in {"xuuencode", "uuencode", "uue", "xuue"}:
        return _from_uuencode(entity.body)
    return undeclared_file(entity.body) or entity.body


# What Japanese text has that was never encoded, whatever its header says. Behind the first line it may be a gateway's footer.
_NOT_BASE64 = LazyPattern(rb"[\x1b\x80-\xff]")
_HEADING = 64


# A uuencoded file within the text, from before MIME; some programs still send it.
_UUENCODE_BEGINS = LazyPattern(rb"begin[ \t]+[0-7]{3,4}[ \t]+(\S.{0,200})")
_UUENCODED_FILES = 20


def _with_uuencoded(leaf: Leaf) -> Iterator[Leaf]:
    """A text part, and the files that are written in it."""
    part = leaf.part
    files, rest = _uuencoded_files(leaf.content) if part.text and not part.is_attachment else ([], b"")
    if not files:
        yield leaf
        return
    text = clean_text(decode(rest[:_TEXT_BYTES], None).text)[:TEXT_CHARACTERS]
    yield replace(leaf, part=replace(part, text=text))
    for number, (name, content) in enumerate(files, 1):
        yield Leaf(
            Part(
                path=f"{part.path}.u{number}",
                media_type="application/octet-stream",
                file_name=decode_file_name(b'attachment; filename="%s"' % name.replace(b'"', b"")),
                size_bytes=len(content),
                digest=digest(content),
                is_attachment=True,
            ),
            content,
            frozenset(),
        )


def _uuencoded_files(content: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Names and contents of the files, and the text without them; a file without its end is text."""
    if b"begin " not in content:
        return [], content
    files: list[tuple[bytes, bytes]] = []
    words: list[bytes] = []
    block: list[bytes] = []
    name = b""
    for line in content.splitlines(keepends=True):
        begins = _UUENCODE_BEGINS.match(line.rstrip()) if not block else None
        if begins and len(files) < _UUENCODED_FILES:
            name = begins[1]
            block = [line]
        elif not block:
            words.append(line)
        else:
            block.append(line)
            if line.strip() == b"end":
                files.append((name, _from_uuencode(b"".join(block))))
                block = []
    return files, b"".join([*words, *block])


def _from_uuencode(data: bytes) -> bytes:
    out: list[bytes] = []
    is_inside = False
    for line in data.splitlines():
        if not is_inside:
            is_inside = line.startswith(b"begin ")
        elif line.strip() == b"end":
            break
        else:
            out.append(_uuencoded_line(line))
    return b"".join(out) if is_inside else data


def _uuencoded_line(line: bytes) -> bytes:
    if not line.strip():
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Lines whose length lies: take as many letters as the length asks for, as other readers do.
        letters = ((line[0] - 32 & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:letters])
        except binascii.Error:
            return b""
