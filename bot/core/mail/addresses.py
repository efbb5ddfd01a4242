"""Mailboxes of a header field, the one sender of a mail, and organisational domains.

Called by parse.py (fields to addresses), core/verdict/decide.py (who may be answered) and authentication_results.py
(organisational domains). Linear time; nothing is raised. An address is one plain addr-spec or none: one that two programs
could parse differently (CVE-2023-27043 and the like) has the addr_spec "" and is never answered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from bot.core.mail.header_values import decode_words, one_line, repeated_fields
from bot.core.mail.message import Address, Mail
from bot.core.text.lazy_pattern import LazyPattern

# ---------------------------------------------------------------- one addr-spec

# Dots may stand anywhere: Japanese carriers issued "a..b." for years. No routing letters (% !), no leading hyphen.
_LOCAL = LazyPattern(r"[A-Za-z0-9#$&'*+/=?^_{}~.][A-Za-z0-9#$&'*+/=?^_{}~.-]{0,63}")
_DOMAIN = LazyPattern(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS_OCTETS = 254  # RFC 5321 §4.5.3.1, erratum 1690
_DISPLAY_NAME = 200


def plain_addr_spec(text: str) -> str:
    """The text as one addr-spec, its domain in lower-case ASCII (IDNA) and its local part unquoted; "" when it is none."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > _ADDRESS_OCTETS or "=?" in local:  # an encoded word: programs show another name
        return ""
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = local[1:-1]
    domain = _ascii_domain(domain.lower())
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(local) + len(domain) >= _ADDRESS_OCTETS:
        return ""
    return f"{local}@{domain}"


def _ascii_domain(domain: str) -> str:
    """The domain in ASCII (IDNA); "" for one that does not round-trip: ｅｘａｍｐｌｅ.jp, straße.example.jp.

    Programs convert those differently (IDNA 2003, IDNA 2008, not at all), so a reply could go to another domain. A domain that
    only looks like another one is valid and is shown as xn--….
    """
    if domain.isascii():
        return domain
    try:
        plain = domain.encode("idna")
        return plain.decode("ascii") if plain.decode("idna") == domain else ""
    except UnicodeError:
        return ""


# ---------------------------------------------------------------- a field's mailboxes


@dataclass(slots=True)
class _Mailbox:
    """The tokens between two commas, by kind."""

    words: list[str] = field(default_factory=list)  # outside quotes, comments and angle brackets
    quoted: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)
    in_order: list[str] = field(default_factory=list)  # words and quoted strings as written: a quoted local part
    is_odd: bool = False  # something unbalanced, or text behind the angle bracket
    is_interrupted: bool = False  # a comment amid the text: `u(c)@h`

    @property
    def is_empty(self) -> bool:
        return not (self.angles or self.quoted or "".join(self.words).strip() or self.is_odd)

    def address(self) -> Address:
        text = "".join(self.in_order).strip()
        if self.angles:
            name, addr_spec = " ".join(text.replace('"', "").split()), self.angles[0].strip()
        else:
            name, addr_spec = " ".join(self.comments), text
        addr_spec = "" if self._is_doubtful else plain_addr_spec(_JOINTS.sub(r"\1", addr_spec))
        shown = name if addr_spec or self.angles else text
        return Address(one_line(decode_words(shown or " ".join(self.comments)))[:_DISPLAY_NAME], addr_spec)

    @property
    def _is_doubtful(self) -> bool:
        """Whether programs could parse different addresses: `a@x <b@y>` and the like."""
        words = " ".join(self.words).strip()
        return (
            self.is_odd
            or len(self.angles) > 1
            or (self.is_interrupted and not self.angles)
            or (bool(self.angles) and "@" in words and words.lower() != self.angles[0].strip().lower())
        )


# RFC 5322 §3.4.1 and §4.4: blanks may stand round the "@" and the dots.
_JOINTS = LazyPattern(r"[ \t]{0,20}([@.])[ \t]{0,20}")


@dataclass(frozen=True, slots=True)
class _Field:
    mailboxes: tuple[Address, ...]
    has_group: bool


_TOKEN = LazyPattern(r'"(?:[^"\\]|\\.)*("?)|<([^<>]*)(>?)|[()]|[,;:>]|\\.?|[^"<>(),;:\\]+', re.DOTALL)


def _read(value: str, limit: int) -> _Field:
    found: list[Address] = []
    has_group = False
    mailbox = _Mailbox()
    for kind, text, is_closed in _tokens(value):
        if len(found) >= limit:
            return _Field(tuple(found), has_group)
        if kind == "separator":
            if text == ":":
                has_group, mailbox = True, _Mailbox()  # the group's name is no mailbox
                continue
            if not mailbox.is_empty:
                found.append(mailbox.address())
            mailbox = _Mailbox()
        else:
            _add(mailbox, kind, text, is_closed=is_closed)
    if not mailbox.is_empty and len(found) < limit:
        found.append(mailbox.address())
    return _Field(tuple(found), has_group)


def _add(mailbox: _Mailbox, kind: str, text: str, *, is_closed: bool) -> None:
    if not is_closed:
        mailbox.is_odd = True
    if kind == "comment":
        mailbox.comments.append(text)
    elif kind == "angle":
        mailbox.angles.append(text)
    else:
        if mailbox.angles and text.strip():
            mailbox.is_odd = True
        if mailbox.comments and text.strip() and "".join(mailbox.in_order).strip():
            mailbox.is_interrupted = True
        (mailbox.quoted if kind == "quoted" else mailbox.words).append(text)
        mailbox.in_order.append(text)


_QUOTED_PAIR = LazyPattern(r"\\(.)")


def _tokens(value: str) -> Iterator[tuple[str, str, bool]]:
    """Kind (separator, comment, angle, quoted, word), text, and whether it was closed."""
    depth = 0
    comment: list[str] = []
    for match in _TOKEN.finditer(value):
        piece = match[0]
        if piece == "(":
            depth += 1
            continue
        if piece == ")" and depth:
            depth -= 1
            if not depth:
                yield "comment", " ".join("".join(comment).split()), True
                comment = []
            continue
        if depth:
            comment.append(piece)
        elif piece in {",", ";", ":"}:
            yield "separator", piece, True
        elif piece[0] == "<":
            yield "angle", match[2], bool(match[3])
        elif piece[0] == '"':
            yield "quoted", _QUOTED_PAIR.sub(r"\1", piece) if match[1] else piece, bool(match[1])
        else:
            yield "word", piece, piece[0] not in ")>\\"
    if depth:
        yield "comment", "".join(comment), False


def parse_addresses(value: str, limit: int) -> tuple[Address, ...]:
    """The mailboxes of an address field's value, at most `limit`, groups' members among them.

    `value` is unfolded and its encoded words are not decoded yet: decoded, a name could turn into an address.
    """
    return _read(value, limit).mailboxes


def is_ambiguous(mail: Mail) -> bool:
    """Whether a field that may stand once stands twice, or may: then nobody knows who says what."""
    return not mail.has_one_header or bool(repeated_fields((one.name, one.value) for one in mail.headers))


def plain_sender(mail: Mail) -> Address | None:
    """The one mailbox that the mail is from: exactly one From field with exactly one plain mailbox, else None.

    Also None when its display name is another address, which a person would take for the sender.
    """
    fields = mail.values("From")
    if len(fields) != 1 or len(mail.from_) != 1 or not mail.from_[0].addr_spec or _read(fields[0], 2).has_group:
        return None
    (sender,) = mail.from_
    shown = _SHOWN_ADDRESS.findall(unicodedata.normalize("NFKC", sender.display_name).casefold())
    return None if any(one.rstrip(".") != sender.addr_spec.casefold() for one in shown) else sender


# What a person reads as an address: dots in the domain, whatever the script.
_SHOWN_ADDRESS = LazyPattern(
    r"[^\s@<>()\[\]{}\"',;:]{1,64}@[^\s@<>()\[\]{}\"',;:.]{1,63}(?:\.[^\s@<>()\[\]{}\"',;:.]{1,63})+"
)


# ---------------------------------------------------------------- domains


@cache
def _suffixes(*, encoded: bool) -> PublicSuffixList:
    """The list that comes with the package: nothing is fetched. `encoded`: with those of other scripts as DNS has them, which takes long."""
    return PublicSuffixList(accept_encoded_idn=encoded)


@lru_cache(maxsize=1024)
def _organizational_domain(domain: str) -> str:
    return _suffixes(encoded="xn--" in domain).privatesuffix(domain) or domain


def organizational_domain(domain: str) -> str:
    """RFC 7489 §3.2: "mail.takusen.co.jp" and "takusen.co.jp" belong to "takusen.co.jp"; a bare suffix stays itself."""
    plain = domain.strip().rstrip(".").lower()
    return _organizational_domain(plain) if _DOMAIN.fullmatch(plain) and len(plain) <= _ADDRESS_OCTETS else plain


# Domains where anyone can get an address: free mail, carriers, providers; including their subdomains (x.ocn.ad.jp).
# Under ne.jp the registry (JPRS) takes services for an unspecified public alone: providers, carriers, hosting.
FREE_MAIL_DOMAINS = frozenset(
    """
    ne.jp gmail.com googlemail.com yahoo.co.jp ymail.com rocketmail.com outlook.jp icloud.com me.com mac.com aol.com
    aol.jp gmx.com gmx.net mail.com zoho.com proton.me protonmail.com pm.me yandex.com mail.ru qq.com 163.com 126.com
    naver.com goo.jp excite.co.jp infoseek.jp livedoor.com inter7.jp mopera.net ahamo.com au.com uqmobile.jp
    i.softbank.jp willcom.com rakumail.jp rakuten.jp nifty.com so-net.jp plala.or.jp odn.ad.jp auone-net.jp
    asahi-net.or.jp zaq.jp commufa.jp bbiq.jp wakwak.com dti.jp interlink.or.jp interq.or.jp iij4u.or.jp itscom.net
    itscom.jp cnc.jp coralnet.or.jp kcn.jp lolipop.jp xsrv.jp freett.com
    """.split(),  # noqa: SIM905 - a hundred names read better as a paragraph
)
# Providers with many top-level domains: hotmail.co.jp, live.jp, yahoo.com.tw.
_FREE_MAIL_HOUSES = frozenset({"hotmail", "outlook", "live", "msn", "yahoo", "gmx", "yandex", "aol"})


def is_free_mail(domain: str, extra: frozenset[str] = frozenset()) -> bool:
    """Whether the domain belongs to no firm, so that sharing it proves no relation. `extra`: the city's additions."""
    labels = domain.strip().rstrip(".").lower().split(".")
    above = {".".join(labels[start:]) for start in range(max(0, len(labels) - 6), len(labels))}
    if above & FREE_MAIL_DOMAINS or above & extra:
        return True
    return organizational_domain(domain).partition(".")[0] in _FREE_MAIL_HOUSES
