"""Our own domain in the DNS: each fault is seeded into a healthy zone, asked for over real UDP, and is the only thing found."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dns.rcode
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import utc_now
from bot.commands.settings.doctor import examine
from bot.config.settings import check
from bot.core.health.diagnosis import judge
from bot.core.health.finding_kinds import FindingKind as K
from bot.core.health.finding_kinds import Severity
from bot.core.health.own_domain import tags
from bot.probing import domain
from bot.probing.stored import dkim_selectors
from storage.store import Store
from tests.commands.installation import install, write
from tests.core.health.test_diagnosis import OF_THE_DNS
from tests.name_server import SILENT, Zone, name_server
from tests.peers import free_port
from tests.storage.samples import arrival

OURS = "city.example.jp"
SPF = (OURS, "TXT")
DMARC = (f"_dmarc.{OURS}", "TXT")
DKIM = (f"s1._domainkey.{OURS}", "TXT")


def published(bits: int) -> str:
    key = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def weak() -> str:
    key = rsa.RSAPublicNumbers(65537, 2**767 + 12345).public_key()  # none so short can be generated
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def quoted(text: str) -> str:
    """A TXT record in strings of 255 octets."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


LONG, SHORT = published(2048), published(1024)
ED25519 = base64.b64encode(
    ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
).decode()
HEALTHY: Mapping[tuple[str, str], object] = {
    (OURS, "SOA"): ["ns.example.jp. root.example.jp. 1 3600 600 86400 60"],
    (OURS, "MX"): ["10 mx1.example.jp.", "20 mx2.example.jp."],
    ("mx1.example.jp", "A"): ["192.0.2.1"],
    ("mx2.example.jp", "AAAA"): ["2001:db8::1"],
    SPF: ['"v=spf1 ip4:192.0.2.0/24 include:spf.example.jp -all"', '"google-site-verification=x"'],
    ("spf.example.jp", "TXT"): ['"v=spf1 a:mx1.example.jp/28 mx -all"'],
    DMARC: ['"v=DMARC1; p=quarantine; rua=mailto:d@city.example.jp"'],
    DKIM: [quoted(f"v=DKIM1; k=rsa; p={LONG}")],
}
MANY = " ".join(f"include:s{number}.example.jp" for number in range(9))
SEEDS = {
    "all is well": ({}, []),
    "no such domain": (dict.fromkeys(HEALTHY, ()), [K.DOMAIN_UNKNOWN]),
    "no MX and no address": ({(OURS, "MX"): ()}, [K.MX_MISSING]),
    "no MX but an address": ({(OURS, "MX"): (), (OURS, "A"): ["192.0.2.9"]}, [K.MX_BY_ADDRESS]),
    "the null MX": ({(OURS, "MX"): ["0 ."]}, [K.MX_NULL]),
    "an MX without an address": ({("mx1.example.jp", "A"): ()}, [K.MX_HOST_LOST]),
    "no SPF": ({SPF: ['"x"']}, [K.SPF_MISSING]),
    "what only looks like SPF": ({SPF: ['"v=spf10 -all"']}, [K.SPF_MISSING]),
    "two of SPF": ({SPF: ['"v=spf1 -all"', '"V=SPF1 ~all"']}, [K.SPF_TWICE]),
    "SPF for all": ({SPF: ['"v=spf1 +all"']}, [K.SPF_FOR_ALL]),
    "SPF without an end": ({SPF: ['"v=spf1 ip4:192.0.2.1"']}, [K.SPF_OPEN_END]),
    "SPF with a neutral end": ({SPF: ['"v=spf1 ip4:192.0.2.1 ?all"']}, [K.SPF_OPEN_END]),
    "SPF that goes on elsewhere": ({SPF: ['"v=spf1 redirect=spf.example.jp"']}, []),
    "SPF that includes nothing": ({SPF: ['"v=spf1 include:no.example.jp -all"']}, [K.SPF_INCLUDE_LOST]),
    "SPF that costs eleven questions": (
        {SPF: [f'"v=spf1 {MANY} mx a -all"'], **{(f"s{n}.example.jp", "TXT"): ['"v=spf1 -all"'] for n in range(9)}},
        [K.SPF_TOO_LONG],
    ),
    "SPF that includes itself": ({SPF: ['"v=spf1 include:city.example.jp -all"']}, []),
    "no key of DKIM": ({DKIM: ()}, [K.DKIM_MISSING]),
    "two keys of DKIM": ({DKIM: [quoted(f"p={SHORT}"), quoted(f"p={LONG}")]}, [K.DKIM_TWICE]),
    "a revoked key": ({DKIM: ['"v=DKIM1; p="']}, [K.DKIM_REVOKED]),
    "half a key": ({DKIM: [quoted(f"p={LONG[:200]}")]}, [K.DKIM_UNREADABLE]),
    "no key at all": ({DKIM: ['"p=%%%"']}, [K.DKIM_UNREADABLE]),
    "a short key": ({DKIM: [quoted(f"v=DKIM1; p={weak()}")]}, [K.DKIM_WEAK]),
    "a key that is long enough": ({DKIM: [quoted(f"v=DKIM1; p={SHORT}")]}, []),
    "a key of Ed25519": ({DKIM: [f'"v=DKIM1; k=ed25519; p={ED25519}"']}, []),
    "a key on trial": ({DKIM: [quoted(f"v=DKIM1; t=s:y; p={LONG}")]}, [K.DKIM_TESTS]),
    "no DMARC": ({DMARC: ()}, [K.DMARC_MISSING]),
    "DMARC of the organisation": ({DMARC: (), ("_dmarc.example.jp", "TXT"): ['"v=DMARC1;p=reject"']}, []),
    "which spares those below": (
        {DMARC: (), ("_dmarc.example.jp", "TXT"): ['"v=DMARC1;p=reject;sp=none"']},
        [K.DMARC_LOOKS_ON],
    ),
    "two of DMARC": ({DMARC: ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']}, [K.DMARC_TWICE]),
    "DMARC without a policy": ({DMARC: ['"v=DMARC1; rua=mailto:d@city.example.jp"']}, [K.DMARC_WRONG]),
    "DMARC that looks on": ({DMARC: ['"v=DMARC1; p=none"']}, [K.DMARC_LOOKS_ON]),
    "no answer about one thing": ({DMARC: SILENT, SPF: SILENT}, []),
}


def settings(server: str, **mail: object):
    mail = {"inboxes": [f"hosho@{OURS}"], "dns_servers": [server], "dkim_selectors": ["s1"]} | mail
    desk = {"name": "契約課", "address": f"keiyaku@{OURS}"}
    data = {"office": {"city": "見本市"}, "mail": mail, "smtp": {"enabled": True}, "desks": [desk]}
    return check(data, Path("/srv/hosho"))


@pytest.mark.parametrize("seed", SEEDS)
async def test_each_fault_of_our_domain_is_named_alone_with_its_cure(seed):
    changes, expected = SEEDS[seed]
    async with name_server(Zone({**HEALTHY, **changes})) as server:
        found = judge(await domain.look(settings(server), (), seconds=1), utc_now())
    assert [one.kind for one in found] == expected
    assert all(one.cure and "example.jp" in one.what for one in found)


def test_every_kind_has_its_seed():
    seeded = {kind for _, expected in SEEDS.values() for kind in expected} | {K.DNS_NOT_ASKED, K.DKIM_UNKNOWN}
    assert seeded == {kind for kind in K if kind.value.startswith(OF_THE_DNS)}


async def test_where_nobody_answers_it_is_not_looked_at_and_that_is_no_fault():
    refused = f"127.0.0.1:{free_port()}"
    async with (
        name_server(Zone(dict.fromkeys(HEALTHY, SILENT))) as silent,
        name_server(Zone({}, dns.rcode.SERVFAIL)) as broken,
    ):
        for server in (refused, silent, broken):
            [found] = judge(await domain.look(settings(server), (), seconds=0.2), utc_now())
            assert (found.kind, found.severity) == (K.DNS_NOT_ASKED, Severity.NOTE)


async def test_each_domain_is_asked_for_what_it_is_used_for():
    zone = Zone(
        {
            **HEALTHY,
            ("bounces.example.jp", "SOA"): HEALTHY[OURS, "SOA"],
            ("bounces.example.jp", "TXT"): ['"v=spf1 -all"'],
        }
    )
    async with name_server(zone) as server:
        config = settings(server, bounce_address="b@bounces.example.jp")
        found = judge(await domain.look(config, ()), utc_now())
    assert found == ()
    assert {kind for name, kind in zone.asked if name == "bounces.example.jp"} == {"SOA", "TXT"}
    assert SPF not in zone.asked


async def test_without_a_selector_that_is_told_and_those_of_stored_mails_are_taken():
    async with name_server(Zone(HEALTHY)) as server:
        config = settings(server, dkim_selectors=[])
        [note] = judge(await domain.look(config, ()), utc_now())
        assert (note.kind, note.severity) == (K.DKIM_UNKNOWN, Severity.NOTE)
        assert judge(await domain.look(config, {"s1"}), utc_now()) == ()


async def test_a_selector_is_learnt_from_stored_mails_of_our_own_domain_alone():
    signed = "From: a@{at}\r\nDKIM-Signature: v=1; a=rsa-sha256; d={by};\r\n s={selector}; b=x\r\n\r\n{selector}"
    mails = [
        signed.format(at=OURS, by=OURS, selector="S1"),
        signed.format(at=OURS, by="relay.example.jp", selector="s2"),
        signed.format(at="kensetsu.example.jp", by=OURS, selector="s3"),
        signed.format(at=OURS, by=OURS, selector="s4%"),
    ]
    async with await Store.open("sqlite://:memory:") as store:
        nobody = replace(arrival().envelope, mail_from="")  # then the From field names the sender before it is read
        await store.incoming.keep([replace(arrival(), content=one.encode(), envelope=nobody) for one in mails])
        assert await dkim_selectors(store, OURS) == {"s1"}


async def test_doctor_asks_for_it_unless_it_is_told_not_to(tmp_path):
    await install(tmp_path)
    async with name_server(Zone({**HEALTHY, SPF: ()})) as server:
        mail = {"check_dns": True, "dns_servers": [server], "dkim_selectors": ["S1"]}
        found = await examine(write(tmp_path, {"mail": mail}))
        assert [one.kind for one in found] == [K.SPF_MISSING]
        assert await examine(write(tmp_path, {"mail": mail | {"check_dns": False}})) == ()
        assert await examine(write(tmp_path, {"mail": mail}), offline=True) == ()


@given(st.text())
def test_no_record_raises(text):
    assert all(tags(text))


@given(st.dictionaries(st.sampled_from("abcdpt"), st.text("ABCabc019+/=", min_size=1).filter(lambda one: one.strip())))
def test_tags_are_read_as_they_are_written(said):
    assert tags("; ".join(f"{name} = {value}" for name, value in said.items())) == said
