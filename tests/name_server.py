"""A DNS server on loopback that answers from a table, by UDP; and what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "silent"
"""In place of a name's records: no answer at all."""


@dataclass
class Zone:
    """`records`: by name and type, as in a zone file. A name below or above a known one exists; all others don't."""

    records: Mapping[tuple[str, str], Sequence[str]]
    rcode: int = dns.rcode.NOERROR
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, question: dns.message.Message) -> dns.message.Message | None:
        [asked] = question.question
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        found = self.records.get((name, kind), ())
        if found == SILENT:
            return None
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        answer.set_rcode(self.rcode)
        if found:
            answer.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", kind, found))
        elif not self.rcode and not any(
            f".{known}".endswith(f".{name}") for (known, _), there in self.records.items() if there
        ):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if answer := self.zone.answer(dns.message.from_wire(data)):
            self.transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def name_server(zone: Zone) -> AsyncIterator[str]:
    """Its address with its port, as in the settings."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(zone), local_addr=("127.0.0.1", 0))
    try:
        yield "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
