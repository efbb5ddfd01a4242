"""What the rules about machines look at: a mail's fields, its first words, the local parts of who wrote and who sent it.

Used by the rules beside it. Pure; nothing is raised; all that is looked at is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.mail.addresses import parse_addresses
from bot.core.mail.message import Mail
from bot.core.text.lazy_pattern import LazyPattern

START_OF_BODY = 4000  # characters; a system's text is at the start, a person's quotation later or after "Re:"
_COMMENT = LazyPattern(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Signs:
    """A mail as the rules see it."""

    mail: Mail
    mail_from: str
    own: frozenset[str]  # our own addresses, in lower case, by which our mail is recognised besides its header fields

    @property
    def body(self) -> str:
        """Its first words."""
        return self.mail.body[:START_OF_BODY]

    @property
    def own_words(self) -> str:
        """The start of the body without what it quotes."""
        text = self.body
        quoted = _QUOTATION.search(text)
        text = text[: quoted.start()] if quoted else text
        return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith((">", "＞")))

    def has(self, *names: str) -> bool:
        """Whether any of these headers is there and does not say "no"."""
        return any(says_yes(value) for name in names for value in self.mail.values(name))

    def keywords(self, *names: str) -> Iterator[str]:
        """The headers' values in lower case, without comments and parameters."""
        for name in names:
            for value in self.mail.values(name):
                yield _COMMENT.sub("", value).partition(";")[0].strip().lower()

    @property
    def author_locals(self) -> frozenset[str]:
        """Local parts of the authors in lower case; of a From without a plain address, whatever stands in its place."""
        plain = {address.addr_spec.rpartition("@")[0].lower() for address in self.mail.from_ if address.addr_spec}
        if plain:
            return frozenset(plain)
        return frozenset(
            local.lower() for value in self.mail.values("From") for local in _ODD_LOCAL.findall(value[:_FROM])
        )

    @property
    def sender_locals(self) -> frozenset[str]:
        """Local parts of those who sent it for the authors: Sender and the envelope."""
        senders = [address for value in self.mail.values("Sender") for address in parse_addresses(value, 10)]
        locals_ = {address.addr_spec.rpartition("@")[0].lower() for address in senders}
        return frozenset((locals_ | {self.mail_from.rpartition("@")[0].lower()}) - {""})


def says_yes(value: str) -> bool:
    """Whether a header's value does not say "no"."""
    return value.strip().lower() not in {"", "no", "none", "0", "false", "off"}


_FROM = 500
_ODD_LOCAL = LazyPattern(r"(?<![@\w.-])([^\s<>\"()@,;:]{1,64}+)(?=@|>|\s{0,9}(?:<>|\(|\Z))")
# Where mail programs begin to quote the mail that is answered.
_QUOTATION = LazyPattern(
    r"^[ \t]*(?:-{2,}.{0,20}(?:original message|forwarded message|元のメッセージ|転送).{0,20}-{2,}|_{10,}[ \t]*$|(?:差出人|from|送信者)\s*[:：]"
    r"|on .{5,100} wrote:|\d{4}[年/].{5,100}[:：][ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
