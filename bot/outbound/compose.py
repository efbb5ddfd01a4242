"""Render a letter's context by its template and make the complete mail.

Called by workers and commands; `inspect` uses `word` only. The same inputs give the same bytes. The mail contains only the
template's text, masked, cleaned and cut values of the context and, if the caller passes it, a proven sender's own subject (Gmail keeps
a conversation together only under one subject). Raises ValueError for an address that is not one plain address, and
jinja2.TemplateError for a broken template or an unknown value in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from jinja2 import (
    Template,
)

from bot.core.letters.contexts import AnswerableLetter, Context
from bot.core.letters.drafts import Draft
from bot.core.letters.lists import Summary
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX, TOKEN_CHARACTERS
from bot.core.records.reply_token import TOKEN_CHARACTERS as TICKET_CHARACTERS
from bot.core.records.reply_token import NewTicket, ticket_mark
from bot.core.text.dates import JAPAN
from bot.core.text.lazy_pattern import LazyPattern
from bot.outbound import text_layout
from bot.outbound.cleaning import VALUE_CHARACTERS, clean_context, with_keys, with_own_keys
from bot.outbound.message import (
    Attachment,
    Thread,
    mailbox,
    mailto,
    message,
    message_ids,
    plain_address,
    unstructured,
)
from bot.outbound.templates import IN_ENGLISH, PAGE, Worded, add_english, environment, has_page, pages, values_of, word

_MESSAGE_ID_HEX = 32  # 128 bits of the key's hash: no collisions, and the field fits in one line
SECRET_BYTES = 16
"""The minimum length of a composer's secret."""


class Composer:
    """Makes letters.

    `sender`: our From address, best the inbox itself, so that a reply with a PDF is read.
    `secret`: for Message-IDs, VERP tokens and reply tokens that only a letter's recipient knows. It must never change, or a
    letter made twice is not recognised as the same.
    `bounces`: the reverse-path of notifications. `delimiter`: between it and the VERP token (bounces+TOKEN@), "" = no token.
    `unsubscribe`: address for List-Unsubscribe of unrequested mails, "" = none, and the subject of the mail to it, "" = any.
    `html`: a summary has an HTML page beside its text. `english`: letters to contractors have an English part.
    `reply_to`: the address for replies, "" = the sender. `templates_dir`: the city's templates, None = ours.
    `formats`: what keys look like here; they are masked in every value of a letter.
    """

    def __init__(  # noqa: PLR0913 - all that letters have in common
        self,
        *,
        sender: str,
        bounces: str,
        secret: bytes,
        delimiter: str = "",
        unsubscribe: str = "",
        unsubscribe_subject: str = "",
        reply_to: str = "",
        templates_dir: Path | None = None,
        html: bool = True,
        english: bool = False,
        formats: Formats | None = None,
    ) -> None:
        self._sender = plain_address(sender)
        self._bounces = plain_address(bounces)
        if len(secret) < SECRET_BYTES:
            raise ValueError("the secret of Message-IDs is too short")
        self._secret = secret
        self._delimiter = delimiter
        self._formats = formats or Formats()
        self._unsubscribe = mailto(plain_address(unsubscribe), unsubscribe_subject) if unsubscribe else ""
        self._reply_to = plain_address(reply_to) if reply_to else ""
        self._pages = pages(templates_dir) if html and has_page(templates_dir) else None
        self._environments = {"ja": environment(templates_dir), "en": environment(templates_dir, language="en")}
        self._in_english = IN_ENGLISH if english else frozenset()

    def load(self) -> None:
        """Compile all templates (0.3 s), or each is at its first use, and kept. Raises jinja2.TemplateError."""
        for letter in Letter:
            self._template(letter, "ja")
        for letter in self._in_english:
            self._template(letter, "en")
        if self._pages is not None:
            self._pages.get_template(PAGE)

    def _template(self, letter: Letter, language: str) -> Template:
        return self._environments[language].get_template(f"{letter}.j2")

    def word(self, context: Context) -> Worded:
        """The letter in words."""
        return self._word(clean_context(context, self._formats))

    def page(self, context: Context) -> str:
        """The letter as an HTML page; "" for one with text only."""
        return self._page(clean_context(context, self._formats))

    def _word(self, cleaned: Context) -> Worded:
        letter = cleaned.letter
        worded = word(self._template(letter, "ja"), cleaned)
        if letter not in self._in_english:
            return worded
        return add_english(worded, self._template(letter, "en"), cleaned)

    def _page(self, cleaned: Context) -> str:
        if not isinstance(cleaned, Summary) or self._pages is None:
            return ""
        return self._pages.get_template(PAGE).render(values_of(cleaned))

    def compose(
        self,
        draft: Draft,
        *,
        now: datetime,
        reply_to_mail: Thread | None = None,
        attachments: Sequence[Attachment] = (),
    ) -> OutgoingMail:
        """The mail to one recipient. The Message-ID is made from the dedupe key, the reverse-path depends on the letter.

        The access keys of the cases that clerks may answer by it, and those of a KEYS letter, are in the mail's bytes only, never
        in `OutgoingMail.text`.
        """
        context, answerable = draft.context, draft.answerable
        ticket: NewTicket | None = None
        if answerable is not None and isinstance(context, AnswerableLetter):
            token = self.ticket_token(draft.dedupe_key)
            ticket = NewTicket(token, answerable.desk, answerable.until, answerable.cases, answerable.proposal)
            context = replace(context, ticket=ticket_mark(token))
        cleaned = clean_context(context, self._formats)
        worded = self._word(cleaned)
        listed = answerable.keys if answerable is not None else ()
        shown = (
            with_keys(cleaned, answerable) if answerable is not None and listed else with_own_keys(cleaned, draft.keys)
        )
        keys_of = tuple(receipt for receipt, _ in (*listed, *draft.keys))
        text = self._word(shown).text if keys_of else worded.text
        to = plain_address(draft.recipient)
        message_id = self.message_id(draft.dedupe_key)
        theirs = mask_keys(reply_to_mail.subject, self._formats) if reply_to_mail is not None else ""
        subject = _kept(text_layout.clean(theirs, VALUE_CHARACTERS), worded) or worded.subject
        office = text_layout.clean(f"{context.office.city} {context.office.system_name}", VALUE_CHARACTERS)
        head = [
            mailbox("From", office, self._sender),
            mailbox("To", "", to),
            unstructured("Subject", subject),
            f"Date: {format_datetime(now.astimezone(JAPAN))}",
            message_ids("Message-ID", (message_id,)),
            *self._further_fields(worded.letter, reply_to_mail, is_answerable=ticket is not None),
        ]
        languages = "ja, en" if worded.letter in self._in_english else "ja"
        return OutgoingMail(
            dedupe_key=draft.dedupe_key,
            letter=worded.letter,
            recipient=to,
            reverse_path="" if draft.answers else self.reverse_path(draft.dedupe_key),
            subject=subject,
            text=worded.text,
            message_id=message_id,
            content=message(head, text, attachments, self._page(shown), languages=languages),
            submission=draft.submission,
            guarantee_id=draft.guarantee_id,
            is_secret=bool(attachments) or bool(keys_of),  # pictures of notices, keys
            ticket=ticket,
            keys_of=keys_of,
            share=draft.share,
        )

    def _further_fields(self, letter: Letter, parent: Thread | None, *, is_answerable: bool) -> Iterator[str]:
        """The header fields besides the usual five."""
        if self._reply_to and not is_answerable:  # a clerk's answer must come to our own address
            yield mailbox("Reply-To", "", self._reply_to)
        if parent is not None and parent.parent:
            yield message_ids("In-Reply-To", (parent.parent,))
            yield message_ids("References", parent.references)
        # RFC 3834 §3.1.7, and Microsoft's own field. No Precedence: §3.1.8 does not recommend it, and filters take
        # `bulk` for advertising; the null reverse-path and these two are what responders look at.
        yield f"Auto-Submitted: {'auto-replied' if letter.answers else 'auto-generated'}"
        yield "X-Auto-Response-Suppress: All"
        yield "X-Hosho-Bot: 1"
        if letter in {Letter.ISSUED, Letter.NOTICE_REMINDER} and self._unsubscribe:
            yield f"List-Unsubscribe: <{self._unsubscribe}>"  # in one line: some programs want it so

    def ticket_token(self, dedupe_key: str) -> str:
        """The reply token of the letter with this dedupe key: constant, and made from the secret."""
        digest = bytes.fromhex(self._derived("ticket", dedupe_key))
        return base64.b32encode(digest).decode("ascii")[:TICKET_CHARACTERS]

    def message_id(self, dedupe_key: str) -> str:
        """The Message-ID, with brackets, of the mail with this dedupe key: constant, at the sender's domain."""
        local = self._derived("message id", dedupe_key)[:_MESSAGE_ID_HEX]
        return f"<{MESSAGE_ID_PREFIX}{local}@{self._sender.rpartition('@')[2].lower()}>"

    def reverse_path(self, dedupe_key: str) -> str:
        """The reverse-path of a notification with this dedupe key, with its VERP token (core/records/own_identifiers.py) if there
        is a delimiter; in lower case then, because servers may change the case.
        """
        if not self._delimiter:
            return self._bounces
        local, _, domain = self._bounces.lower().rpartition("@")
        token = self._derived("reverse path", dedupe_key)[:TOKEN_CHARACTERS]
        return plain_address(f"{local}{self._delimiter}{token}@{domain}")

    def _derived(self, label: str, dedupe_key: str) -> str:
        text = f"{label}\0{dedupe_key}".encode(errors="surrogatepass")
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


_MARK = LazyPattern(r"【[^】]{1,20}】")
_ASKING = frozenset({Letter.NOTICE_WANTED, Letter.RECEIPT_DIFFERS, Letter.OUTSIDE})


def _kept(theirs: str, worded: Worded) -> str:
    """The sender's own subject; that he is asked for something stays visible in front of it."""
    mark = _MARK.match(worded.subject) if theirs and worded.letter in _ASKING else None
    return theirs if mark is None or mark[0] in theirs else f"{mark[0]}{theirs}"
