"""What a mail's own words say: signs of a machine, orders, questions, passwords, a returned letter, an excerpt for a clerk.

Called in the reading child (documents/pool/child.py), once for a mail, before any paper of it is opened. The daemon sees nothing of the text
but these values. Linear; nothing is raised.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bot.core.clerk.answer.assent import assent_in
from bot.core.clerk.answer.order_grammar import read_answer
from bot.core.clerk.answer.proposal import NOTHING, proposable_in
from bot.core.consent.grammar import said_in
from bot.core.contractor.matter import Matter, echoes_us, matter_of
from bot.core.mail.automatic.replies import has_file
from bot.core.mail.automatic.screen import is_content_void, screen_header
from bot.core.mail.delivery_status import returned_letter
from bot.core.mail.message import Mail
from bot.core.mail.passwords import candidates, speaks_of_password, without_passwords
from bot.core.mail.quoting import own_words
from bot.core.mail.subject_forms import NOTHING as NO_FIELDS
from bot.core.mail.subject_forms import Forms, every_form, read_subject
from bot.core.notice.paper_kinds import kind_of_text, speaks_of_keys
from bot.core.notice.read_mail import EXCERPT_CHARACTERS, Beforehand, MailWords, ReadMail
from bot.core.policy.masking import shown, shown_lines
from bot.core.policy.policy import Formats
from bot.core.records.clerk_orders import MOST_ORDERS, ParsedReply
from bot.core.records.paper import PaperKind
from bot.core.records.reply_token import without_marks
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import names_of

LOOKED_AT = 20_000
"""So many characters of a text are looked at: more than a person writes above a quotation."""
LONG_LINE = 2000
"""Of a subject, or a line of an excerpt: masked up to here, shown far less."""
_EXCERPT_LINES = 15


def words_of(read: ReadMail, known: Beforehand, formats: Formats) -> MailWords:
    """What the words of a mail say."""
    mail = read.mail
    body = mail.body[:LOOKED_AT]
    automatic = screen_header(mail, known.mail_from, known.own)
    is_void = automatic is not None and is_content_void(automatic)
    subject = without_marks(mail.subject[:LONG_LINE])
    without = without_passwords(subject)
    shown_subject = shown(without, formats)
    matter = matter_of(mail) if automatic is None else Matter()
    forms = Forms.of(formats.subject_profiles, formats.own_subjects)
    everything = f"{mail.body}\n{mail.rich}" if mail.rich else mail.body
    passwords, names_one = candidates(mail.subject, everything), speaks_of_password(mail.subject, everything)
    # Who gets an access to an insurer's system gets a password too, which opens no file.
    tells_one = names_one and bool(passwords) and _kind(mail.subject, body) is not PaperKind.INSURER_ACCESS
    return MailWords(
        subject=shown_subject,
        subject_tells_password=without != subject,
        subject_fields=NO_FIELDS if is_void else read_subject(shown_subject, forms),
        automatic=automatic,
        returned=returned_letter(read.report, mail, automatic, known.rcpt_tos),
        has_file=has_file(mail),
        asks=matter.asks,
        asks_arrival=matter.asks_arrival,
        asks_of_earlier=matter.is_of_earlier,
        announces=matter.sends,
        echoes_us=echoes_us(mail.body),
        only_thanks=matter.only_thanks,
        speaks_of_keys=automatic is not None and speaks_of_keys(mail.subject, own_words(body)),
        speaks_of_password=names_one,
        tells_password=tells_one,
        passwords=passwords,
        excerpt=excerpt_of(without_passwords(body), formats),
        ordered=None if known.letter is None else _ordered(mail, known.letter),
        opt_out=said_in(mail),
    )


def _ordered(mail: Mail, letter: str) -> ParsedReply:
    """The orders, and what is shown of the lines that are none. So many orders are nobody's: then nothing is done."""
    names = names_of(one.display_name for one in mail.from_)
    found = read_answer(mail.sayings, letter, names)
    unclear = found.unclear if len(found.orders) <= MOST_ORDERS else (*found.unclear, mail.said)
    asked = proposable_in(mail.sayings, letter, names) if unclear else NOTHING
    return ParsedReply(
        found.orders[:MOST_ORDERS],
        tuple(line[:LONG_LINE] for line in unclear[:MOST_ORDERS]),
        asked.orders[:MOST_ORDERS],
        tuple(line[:LONG_LINE] for line in asked.unread[:MOST_ORDERS]),
        None if found.orders else assent_in(mail.sayings, letter, names),
    )


def _kind(subject: str, body: str) -> PaperKind:
    return kind_of_text(f"{subject}\n{body}")[0]


def excerpt_of(body: str, formats: Formats) -> str:
    """The first lines of a body for a clerk, keys masked."""
    lines = [line[:LONG_LINE] for line in own_words(body).splitlines() if line.strip()][:_EXCERPT_LINES]
    return "\n".join(shown_lines("\n".join(lines), formats, 120))[:EXCERPT_CHARACTERS]  # masked before it is cut


def compile_patterns() -> Iterator[None]:
    """Compile one pattern of those that reading meets after the other: the fork server does it while it waits, for all its children."""
    modules = [
        module for name, module in sorted(sys.modules.items()) if name.startswith(("bot.core.", "bot.documents."))
    ]
    known = [value for module in modules for value in vars(module).values() if isinstance(value, LazyPattern)]
    for pattern in (*(template.pattern for template in every_form().templates), *known):
        if "compiled" not in vars(pattern):
            _ = pattern.compiled
            yield
