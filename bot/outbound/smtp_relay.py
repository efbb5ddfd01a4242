"""Hands an outgoing mail to the city's relay by SMTP, and says what became of it.

Called by workers/sender.py, which has registered the attempt before. `deliver` answers with a Delivery and doesn't raise
for anything that the relay or the network does; only a mail that is not ours to send (an address that is not ASCII)
raises ValueError. One mail has exactly one recipient. Nothing of a mail's content is logged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, Protocol

import aiosmtplib

from bot.core.mail.delivery_status import says_no_such_address
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason

Tls = Literal["starttls", "implicit", "none"]

REPLY_CHARACTERS = 300
# Authentication or TLS asked for: our own configuration is wrong, which is not the mail's fault (RFC 4954 §6, RFC 3207).
_OUR_OWN_TROUBLE = frozenset({530, 534, 535, 538})
# RFC 5321 §4.5.3.2: ten minutes for the reply to the final dot where five are given to other commands.
_DOT_FACTOR = 2
BEFORE_CONTENT_SECONDS = 150.0
"""For everything from the connection to the 354, however slowly each reply comes: with the two minutes for the reply to the dot it
stays below the five minutes after which a mail is due again, so that no other process sends it meanwhile."""


class RelayOutcome(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # not taken now: try again
    BOUNCED = "bounced"  # refused for good
    UNKNOWN = "unknown"  # all was sent, no answer came: it may have arrived


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one attempt. `reply`: the relay's words, or our own trouble in Japanese, in one line, cut.

    `is_relays`: the trouble is the relay's, and every other mail would meet it now. `address_is_dead`: the recipient was refused
    for good because there is no such address.
    """

    outcome: RelayOutcome
    reason: OutboxReason
    reply: str
    is_relays: bool = False
    address_is_dead: bool = False


class Deliverer(Protocol):
    """Whoever takes mails out of the house."""

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        """Try once."""
        ...

    async def ready(self) -> Delivery | None:
        """None when a mail could go now, else the trouble that it would meet; no mail is needed to find out."""
        ...

    async def close(self) -> None:
        """End a batch: connections are given back. The next `deliver` opens what it needs."""
        ...


class _ConnectionStale(Exception):  # noqa: N818 - no error, a reason to connect again
    """The relay had closed the connection of the batch before it took this mail's first command."""


class SmtpRelay:
    """One connection to one relay, kept for a batch. Calls queue up; use several relays for several connections.

    `tls`: "none" only to a loopback host (ValueError otherwise): a password and people's names don't travel in the clear.
    `hostname`: our name in EHLO. `timeout_s`: for each reply. `ca_file`: a PEM bundle for a private CA, "" = the system's.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Tls,
        hostname: str,
        username: str = "",
        password: str = "",
        timeout_s: float = 60.0,
        ca_file: str = "",
    ) -> None:
        if tls == "none" and not _is_loopback(host):
            raise ValueError("a relay without TLS must be on this machine (loopback)")
        self._host = host
        self._port = port
        self._tls = tls
        self._hostname = hostname
        self._username = username
        self._password = password
        self._timeout_s = timeout_s
        self._ca_file = ca_file
        self._client: aiosmtplib.SMTP | None = None
        self._lock = asyncio.Lock()

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        """Try once; again on a new connection only if the kept one turns out dead before the mail's first command."""
        async with self._lock:
            try:
                async with asyncio.timeout(BEFORE_CONTENT_SECONDS):
                    try:
                        refused = await self._attempt(mail)
                    except _ConnectionStale:
                        self._drop()
                        refused = await self._attempt(mail)
                return refused or await self._content(mail.content)
            except (aiosmtplib.SMTPException, OSError) as trouble:  # TimeoutError and ssl.SSLError are OSErrors
                return self._trouble(trouble)
            except BaseException:
                self._drop()  # cancelled in the middle of a dialogue: the next reply would belong to this mail
                raise

    async def ready(self) -> Delivery | None:
        """Connect, if there is no connection."""
        async with self._lock:
            try:
                async with asyncio.timeout(BEFORE_CONTENT_SECONDS):
                    await self._connected()
            except (aiosmtplib.SMTPException, OSError) as trouble:
                return self._trouble(trouble)
            return None

    def _trouble(self, trouble: aiosmtplib.SMTPException | OSError) -> Delivery:
        """Trouble before the content was sent: the relay's own, where there was no connection yet."""
        is_relays = self._client is None
        self._drop()
        return _not_taken(trouble, f"{self._host}:{self._port}", is_relays=is_relays)

    async def close(self) -> None:
        """Say QUIT, if there is a connection."""
        async with self._lock:
            client, self._client = self._client, None
            if client is not None and client.is_connected:
                try:
                    await client.quit(timeout=self._timeout_s)
                except (aiosmtplib.SMTPException, OSError):
                    client.close()  # it is over in any case

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> tuple[aiosmtplib.SMTP, bool]:
        """The batch's connection, and whether it was there before."""
        if self._client is not None and self._client.is_connected:
            return self._client, True
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username or None,
            password=self._password or None,
            local_hostname=self._hostname,
            timeout=self._timeout_s,
            use_tls=self._tls == "implicit",
            start_tls=self._tls
            == "starttls",  # True raises where STARTTLS is missing; the default would go on in the clear
            cert_bundle=self._ca_file or None,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except BaseException:
            client.close()
            raise
        self._client = client
        return client, False

    async def _attempt(self, mail: OutgoingMail) -> Delivery | None:
        """Everything up to DATA: the relay's refusal, or None when it waits for the content."""
        client, kept = await self._connected()
        try:
            await self._mail_from(client, mail, kept=kept)
            await client.rcpt(mail.recipient)
            start = await client.execute_command(b"DATA")
        except aiosmtplib.SMTPSenderRefused as refused:
            await self._reset(client)
            return _refused(refused.code, refused.message)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self._reset(client)
            delivery = _refused(refused.code, refused.message)
            is_final = delivery.outcome is RelayOutcome.BOUNCED
            return replace(delivery, address_is_dead=is_final and _is_no_address(refused.message))
        if start.code != 354:
            await self._reset(client)
            return _refused(start.code, start.message)
        return None

    async def _mail_from(self, client: aiosmtplib.SMTP, mail: OutgoingMail, *, kept: bool) -> None:
        """The first command of a mail; on a kept connection it may find out that the relay has left meanwhile."""
        options = [f"SIZE={len(mail.content)}"] if client.supports_extension("size") else []
        try:
            await client.mail(mail.reverse_path, options=options)  # "" becomes <>, the null reverse-path
        except (aiosmtplib.SMTPServerDisconnected, ConnectionError) as gone:
            if kept:
                raise _ConnectionStale from gone
            raise
        except aiosmtplib.SMTPSenderRefused as refused:
            if kept and refused.code == 421:
                raise _ConnectionStale from refused
            raise

    async def _content(self, content: bytes) -> Delivery:
        """Everything up to the final dot, and the relay's word. Whatever goes wrong from here on leaves the outcome open."""
        client = self._client
        protocol = client.protocol if client is not None else None
        if client is None or protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        try:
            # No await between the two: the reply can't come before somebody waits for it.
            protocol.write(_dot_stuffed(content))
            reply = await protocol.read_response(timeout=self._timeout_s * _DOT_FACTOR)
        except (aiosmtplib.SMTPException, OSError) as trouble:
            self._drop()
            return Delivery(RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, _line(str(trouble)))
        if 200 <= reply.code < 300:
            return Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, _line(f"{reply.code} {reply.message}"))
        if 400 <= reply.code < 600:
            await self._reset(client)
            return _refused(reply.code, reply.message)
        self._drop()  # no such reply exists here: the dialogue is out of step
        return Delivery(RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, _line(f"{reply.code} {reply.message}"))

    async def _reset(self, client: aiosmtplib.SMTP) -> None:
        """Make the connection fit for the batch's next mail, or give it up."""
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._drop()


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _dot_stuffed(content: bytes) -> bytes:
    """The content as DATA wants it (RFC 5321 §4.5.2), with the final dot. Ours has CRLF line ends throughout."""
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _refused(code: int, message: str) -> Delivery:
    """The relay's refusal of this mail: 5yz for good, everything else for now."""
    reply = _line(f"{code} {message}")
    if 500 <= code < 600 and code not in _OUR_OWN_TROUBLE:
        return Delivery(RelayOutcome.BOUNCED, OutboxReason.RELAY_REFUSED, reply)
    # RFC 5321 §3.8: with 421 the relay takes its leave, whatever the command was.
    is_relays = code == _CLOSING or code in _OUR_OWN_TROUBLE
    return Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_DEFERRED, reply, is_relays=is_relays)


_CLOSING = 421
_STATUS = re.compile(r"\s*(5\.\d{1,3}\.\d{1,3})\b")


def _is_no_address(message: str) -> bool:
    status = _STATUS.match(message)
    return says_no_such_address(status[1] if status else "", message)


def _not_taken(trouble: aiosmtplib.SMTPException | OSError, relay: str, *, is_relays: bool) -> Delivery:
    """Trouble before the mail was sent. Even a 5yz to a greeting, EHLO, STARTTLS or AUTH says nothing about the mail."""
    words = str(trouble) or type(trouble).__name__
    certificate = next((cause for cause in _causes(trouble) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        reason = OutboxReason.RELAY_INSECURE
        words = f"{relay} の証明書を信頼できません（{certificate.verify_message}）。outgoing.host と outgoing.ca_file を確かめてください"
    elif any(isinstance(cause, ssl.SSLError) for cause in _causes(trouble)):
        reason = OutboxReason.RELAY_INSECURE
        words = f"{relay} と暗号化通信を始められません（{words}）。outgoing.tls と outgoing.port を確かめてください"
    elif "STARTTLS" in words:
        reason = OutboxReason.RELAY_INSECURE
        words = f"{relay} は STARTTLS に対応していません。outgoing.tls と outgoing.port を確かめてください"
    elif isinstance(trouble, aiosmtplib.SMTPAuthenticationError):
        reason = OutboxReason.RELAY_LOGIN
        words = f"{relay} の認証に失敗しました（{trouble.code} {trouble.message}）。outgoing.user と outgoing.password_file を確かめてください"
    elif isinstance(trouble, aiosmtplib.SMTPResponseException):
        reason, words = OutboxReason.RELAY_DEFERRED, f"{trouble.code} {trouble.message}"
    elif is_relays:
        reason = OutboxReason.RELAY_UNREACHABLE
        words = f"{relay} につながりません（{words}）"
    else:
        reason = OutboxReason.RELAY_UNREACHABLE
        words = f"{relay} との通信が途中で切れました（{words}）"
    return Delivery(RelayOutcome.DEFERRED, reason, _line(words), is_relays=is_relays)


def _causes(trouble: BaseException) -> Iterator[BaseException]:
    """The exception, and what it came from."""
    cause: BaseException | None = trouble
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _line(text: str) -> str:
    """A reply in one printable line."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:REPLY_CHARACTERS]
