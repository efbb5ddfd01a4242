"""What the DNS says of the domains that our mail comes to and goes from: MX, SPF, DKIM, DMARC.

Called by `doctor`. Asks the servers of the settings, or the machine's. Ends in bounded time; nothing is raised: what gets no answer is
not known.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bot.config.settings import Config
from bot.connecting import bounces_to
from bot.core.health.own_domain import SPF_LOOKUPS, DkimKey, OwnDomain, Records, tags
from bot.core.mail.addresses import organizational_domain

ANSWER_SECONDS = 5.0
"""So long one question may take, over all servers."""
ALL_SECONDS = 40.0
_ED25519_BYTES, _ED25519_BITS = 32, 256
_MOST_SELECTORS = 5
_SPF, _DMARC = "v=spf1", "v=dmarc1"


async def look(config: Config, selectors: Collection[str], seconds: float = ANSWER_SECONDS) -> tuple[OwnDomain, ...]:
    """Each of our domains. `selectors`: of DKIM, as stored mails have them; the settings' own go before."""
    inboxes = {address.rpartition("@")[2] for address in config.inboxes}
    sender = config.mail.inboxes[0].rpartition("@")[2].lower()
    returns = bounces_to(config).rpartition("@")[2].lower()
    domains = sorted({*inboxes, sender, returns})
    try:
        asked = _Asked(_resolver(config, seconds))
    except (dns.exception.DNSException, OSError):  # there is no /etc/resolv.conf
        return tuple(OwnDomain(domain, exists=None) for domain in domains)
    chosen = tuple(config.mail.dkim_selectors or sorted(selectors)[:_MOST_SELECTORS])
    try:
        async with asyncio.timeout(ALL_SECONDS):
            return tuple(
                await asyncio.gather(
                    *(
                        _domain(
                            asked,
                            domain,
                            is_inbox=domain in inboxes,
                            returns=domain == returns,
                            sends=domain == sender,
                            selectors=chosen,
                        )
                        for domain in domains
                    )
                )
            )
    except TimeoutError:
        return tuple(OwnDomain(domain, exists=None) for domain in domains)


def _resolver(config: Config, seconds: float) -> dns.asyncresolver.Resolver:
    servers = [_place(one) for one in config.mail.dns_servers]
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [address for address, _ in servers]
        resolver.nameserver_ports = dict(servers)
    resolver.lifetime = seconds
    resolver.timeout = seconds / 2
    return resolver


def _place(server: str) -> tuple[str, int]:
    """192.0.2.53, 192.0.2.53:5353, 2001:db8::53, [2001:db8::53]:5353."""
    try:
        return str(ipaddress.ip_address(server.strip("[]"))), 53
    except ValueError:
        host, _, port = server.rpartition(":")
        return host.strip("[]"), int(port)


class _Asked:
    """Questions, and what came of them: () = there is nothing, None = no answer."""

    def __init__(self, resolver: dns.asyncresolver.Resolver) -> None:
        self._resolver = resolver

    async def _records(self, name: str, kind: str) -> list[dns.rdata.Rdata] | None:
        try:
            answer = await self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return []
        except (dns.exception.DNSException, OSError):
            return None
        return list(answer.rrset or ())

    async def exists(self, name: str) -> bool | None:
        """Whether there is such a name. None: no answer."""
        try:
            await self._resolver.resolve(name, "SOA", raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return False
        except (dns.exception.DNSException, OSError):
            return None
        return True

    async def texts(self, name: str, begin: str) -> Records:
        """The TXT records that begin so, whatever the case; "" = all."""
        found = await self._records(name, "TXT")
        if found is None:
            return None
        texts = (b"".join(one.strings).decode("utf-8", "replace") for one in found)  # type: ignore[attr-defined]
        return tuple(sorted(one for one in texts if _begins(one, begin)))

    async def hosts(self, name: str) -> Records:
        """The hosts of the MX records."""
        found = await self._records(name, "MX")
        if found is None:
            return None
        return tuple(sorted({one.exchange.to_text().rstrip(".").lower() or "." for one in found}))  # type: ignore[attr-defined]

    async def has_address(self, name: str) -> bool | None:
        """Whether it has an A or AAAA record. None: no answer."""
        told = [await self._records(name, kind) for kind in ("A", "AAAA")]
        return True if any(told) else None if None in told else False


def _begins(text: str, begin: str) -> bool:
    """RFC 7208 §4.5: v=spf1 and a blank, or nothing more; RFC 7489 §6.4: v=DMARC1 and what may follow it."""
    folded = "".join(text.split()) if begin == _DMARC else text
    rest = folded.lower().removeprefix(begin)
    return not begin or (len(rest) < len(folded) and (not rest or rest[0] in " ;"))


async def _domain(
    asked: _Asked, domain: str, *, is_inbox: bool, returns: bool, sends: bool, selectors: tuple[str, ...]
) -> OwnDomain:
    exists = await asked.exists(domain)
    fact = OwnDomain(domain, exists)
    if not exists:
        return fact
    if is_inbox:
        has_address = await asked.has_address(domain) is not False  # without an answer nothing is said against it
        fact = replace(fact, mx=await asked.hosts(domain), has_address=has_address)
        named = [host for host in fact.mx or () if host != "."]
        fact = replace(fact, hosts_lost=tuple([host for host in named if await asked.has_address(host) is False]))
    if returns:
        fact = replace(fact, spf=await asked.texts(domain, _SPF))
        if fact.spf and len(fact.spf) == 1:
            lookups, lost = await _spf_cost(asked, domain, fact.spf[0])
            fact = replace(fact, spf_lookups=lookups, spf_lost=lost)
    if sends:
        keys = await asyncio.gather(*(_dkim_key(asked, selector, domain) for selector in selectors))
        places = dict.fromkeys([f"_dmarc.{domain}", f"_dmarc.{organizational_domain(domain)}"])
        for place in places:
            fact = replace(fact, dmarc=await asked.texts(place, _DMARC), dmarc_at=place)
            if fact.dmarc != ():
                break
        fact = replace(fact, dkim=tuple(keys) if selectors else None)
    return fact


def _spf_terms(record: str) -> Iterator[tuple[str, str]]:
    """Mechanism or modifier, and the domain in it, of those that cost a question (RFC 7208 §4.6.4)."""
    terms = record.lower().split()[1:]
    ends = [place for place, term in enumerate(terms) if term.lstrip("+-~?") == "all"]
    for term in terms[
        : ends[0] if ends else None
    ]:  # what stands behind it is not looked at (§5.1), nor is redirect (§6.1)
        if term.startswith("redirect="):
            if not ends:
                yield "redirect", term.partition("=")[2]
            continue
        mechanism, _, rest = term.lstrip("+-~?").partition(":")
        if (name := mechanism.partition("/")[0]) in {"include", "a", "mx", "ptr", "exists"}:
            yield name, rest.partition("/")[0]


async def _spf_cost(asked: _Asked, domain: str, record: str) -> tuple[int, tuple[str, ...]]:
    """How many questions it costs, counted until there are too many; and the domains that it refers to in vain."""
    cost, lost, waiting, seen = 0, [], [record], {domain}
    while waiting and cost <= SPF_LOOKUPS:
        for name, value in _spf_terms(waiting.pop()):
            cost += 1
            if name not in {"include", "redirect"} or "%" in value or value in seen or cost > SPF_LOOKUPS:
                continue
            seen.add(value)
            found = await asked.texts(value, _SPF)
            if found == ():
                lost.append(value)
            waiting += found or ()
    return cost, tuple(lost)


async def _dkim_key(asked: _Asked, selector: str, domain: str) -> DkimKey:
    records = await asked.texts(f"{selector}._domainkey.{domain}", "")
    bits = _bits(tags(records[0])) if records and len(records) == 1 else 0
    return DkimKey(selector, records, bits)


def _bits(said: Mapping[str, str]) -> int:
    """The length of a DKIM key; 0: it can't be read."""
    try:
        data = base64.b64decode(said.get("p", ""), validate=True)
        if said.get("k", "rsa") == "ed25519":
            return _ED25519_BITS if len(data) == _ED25519_BYTES else 0
        key = load_der_public_key(data)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0
