"""What the DNS says of the city's own domain, and what is wrong with it: MX, SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489).

The facts are gathered by bot/probing/domain.py; `judged` is called by core/health/diagnosis.py. Whether SPF permits the relay's
address is not known here. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.health.finding_kinds import Finding, FindingKind

Records = tuple[str, ...] | None
"""What was found; () = there is none, None = the DNS gave no answer, or was not asked."""

SPF_LOOKUPS = 10
"""The most that an SPF record may cost who checks it (RFC 7208 §4.6.4)."""
WEAK_BITS = 1024
"""Of an RSA key; receivers take no shorter one (RFC 8301 §3.2)."""
_POLICIES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True)
class DkimKey:
    """What is published under a selector. `bits`: of the key; 0 = it can't be read."""

    selector: str
    records: Records
    bits: int = 0


@dataclass(frozen=True, slots=True)
class OwnDomain:
    """A domain of ours. `exists`: None = the DNS could not be asked. `mx`: its hosts, "." = it takes no mail.

    `hosts_lost`: those of them without an address. `spf_lookups`: what its record costs; `spf_lost`: domains that it includes and that
    have none. `dmarc_at`: where it was looked for last: the organisation's domain speaks for those below it. `dkim` None: no selector is
    known. A record that is not asked of this domain is None.
    """

    domain: str
    exists: bool | None = True
    mx: Records = None
    has_address: bool = False
    hosts_lost: tuple[str, ...] = ()
    spf: Records = None
    spf_lookups: int = 0
    spf_lost: tuple[str, ...] = ()
    dmarc: Records = None
    dmarc_at: str = ""
    dkim: tuple[DkimKey, ...] | None = ()


def tags(record: str) -> Mapping[str, str]:
    """The tags of a DKIM or DMARC record."""
    pairs = (one.partition("=") for one in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def judged(fact: OwnDomain, _now: datetime) -> Iterator[Finding]:
    """What is wrong with it."""
    if fact.exists is None:
        yield FindingKind.DNS_NOT_ASKED.found("mail.dns_servers", domain=fact.domain)
        return
    if not fact.exists:
        yield FindingKind.DOMAIN_UNKNOWN.found("mail.inboxes", domain=fact.domain)
        return
    yield from _mx(fact)
    yield from _spf(fact)
    yield from _dkim(fact)
    yield from _dmarc(fact)


def _mx(fact: OwnDomain) -> Iterator[Finding]:
    key = "mail.inboxes"
    if fact.mx is None:
        return
    if not fact.mx:
        kind = FindingKind.MX_MISSING if not fact.has_address else FindingKind.MX_BY_ADDRESS
        yield kind.found(key, domain=fact.domain)
    elif fact.mx == (".",):
        yield FindingKind.MX_NULL.found(key, domain=fact.domain)
    for host in fact.hosts_lost:
        yield FindingKind.MX_HOST_LOST.found(key, domain=fact.domain, host=host)


def _spf(fact: OwnDomain) -> Iterator[Finding]:
    key = "mail.bounce_address"
    if fact.spf is None:
        return
    if not fact.spf:
        yield FindingKind.SPF_MISSING.found(key, domain=fact.domain)
        return
    if len(fact.spf) > 1:
        yield FindingKind.SPF_TWICE.found(key, domain=fact.domain, count=len(fact.spf))
        return
    terms = fact.spf[0].lower().split()[1:]
    if {"+all", "all"} & set(terms):
        yield FindingKind.SPF_FOR_ALL.found(key, domain=fact.domain)
    elif "?all" in terms or not any(term in {"-all", "~all"} or term.startswith("redirect=") for term in terms):
        yield FindingKind.SPF_OPEN_END.found(key, domain=fact.domain)
    if fact.spf_lookups > SPF_LOOKUPS:
        yield FindingKind.SPF_TOO_LONG.found(key, domain=fact.domain, most=SPF_LOOKUPS)
    for lost in fact.spf_lost:
        yield FindingKind.SPF_INCLUDE_LOST.found(key, domain=fact.domain, lost=lost)


def _dkim(fact: OwnDomain) -> Iterator[Finding]:
    key = "mail.dkim_selectors"
    if fact.dkim is None:
        yield FindingKind.DKIM_UNKNOWN.found(key, domain=fact.domain)
    for one in fact.dkim or ():
        place = f"{one.selector}._domainkey.{fact.domain}"
        if one.records is None:
            continue
        if not one.records:
            yield FindingKind.DKIM_MISSING.found(key, place=place)
        elif len(one.records) > 1:
            yield FindingKind.DKIM_TWICE.found(key, place=place)
        elif not (said := tags(one.records[0])).get("p"):
            yield FindingKind.DKIM_REVOKED.found(key, place=place)
        elif not one.bits:
            yield FindingKind.DKIM_UNREADABLE.found(key, place=place)
        elif said.get("k", "rsa") == "rsa" and one.bits < WEAK_BITS:
            yield FindingKind.DKIM_WEAK.found(key, place=place, bits=one.bits)
        elif "y" in said.get("t", "").split(":"):
            yield FindingKind.DKIM_TESTS.found(key, place=place)


def _dmarc(fact: OwnDomain) -> Iterator[Finding]:
    key, place, own = "mail.inboxes", fact.dmarc_at, f"_dmarc.{fact.domain}"
    if fact.dmarc is None:
        return
    if not fact.dmarc:
        yield FindingKind.DMARC_MISSING.found(key, place=own)
    elif len(fact.dmarc) > 1:
        yield FindingKind.DMARC_TWICE.found(key, place=place, count=len(fact.dmarc))
    elif (said := tags(fact.dmarc[0])).get("p", "").lower() not in _POLICIES:
        yield FindingKind.DMARC_WRONG.found(key, place=place)
    elif (said.get("sp") or said["p"] if place != own else said["p"]).lower() == "none":
        yield FindingKind.DMARC_LOOKS_ON.found(key, place=place)
