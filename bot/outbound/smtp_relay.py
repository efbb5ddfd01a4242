"""Send outgoing mails to the city's relay by SMTP.

Called by workers/sender.py, which has registered the attempt before. `deliver` returns a Delivery for every behaviour of relay
and network; it raises ValueError only for an address that is not ASCII. One mail has exactly one recipient. No content of a
mail is logged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, Protocol

import aiosmtplib

from bot.core.health.relay_replies import Stage, reason_of
from bot.core.mail.delivery_status import says_no_such_address
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.core.text.lazy_pattern import LazyPattern
from bot.credentials import Credential, CredentialError

Tls = Literal["starttls", "implicit", "none"]

REPLY_CHARACTERS = 300
# After these no mail goes: the relay closes the connection (RFC 5321 §3.8), or wants a login or TLS (RFC 4954 §6, RFC 3207).
_FOR_EVERY_MAIL = frozenset({421, 530, 534, 535, 538})
_ENDS = frozenset({OutboxReason.RELAY_REFUSED, OutboxReason.LETTER_REFUSED})
# RFC 5321 §4.5.3.2: ten minutes for the reply to the final dot where five are given to other commands.
_DOT_FACTOR = 2
BEFORE_CONTENT_SECONDS = 150.0
"""The limit from the connection to the 354. With the two minutes for the reply to the end of data it stays below the five
minutes after which a mail is due again, so that no other process sends the mail at the same time."""


class RelayOutcome(StrEnum):
    """The outcome of an attempt."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # not accepted now: try again, or wait until a trouble of ours is over
    BOUNCED = "bounced"  # permanently refused, for its recipient or its content
    UNKNOWN = "unknown"  # all was sent, no reply came: it may have been accepted


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one attempt."""

    outcome: RelayOutcome
    reason: OutboxReason
    reply: str  # the relay's reply, or our own error in Japanese; one line, cut
    is_relays: bool = False  # the failure is the relay's, so every other mail would fail now
    address_is_dead: bool = False  # permanently refused because the recipient's address does not exist


class Deliverer(Protocol):
    """A way to deliver mails: SMTP relay or Maildir."""

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        """Make one attempt."""
        ...

    async def ready(self) -> Delivery | None:
        """Test without a mail: None when a mail could be delivered now, else the failure."""
        ...

    async def close(self) -> None:
        """End a batch and close its connections. The next `deliver` opens new ones."""
        ...


class _ConnectionStale(Exception):  # noqa: N818 - no error, a reason to connect again
    """The relay closed the kept connection before it accepted this mail's first command."""


@dataclass(frozen=True, slots=True)
class Login:
    """`credential`: the password, or the token when `auth` is xoauth2; asked for at each login."""

    user: str
    credential: Credential
    auth: Literal["password", "xoauth2"] = "password"


class SmtpRelay:
    """One connection to one relay, kept for a batch. Calls queue up; use several relays for several connections.

    `tls`: "none" only to a loopback host (ValueError otherwise): a password and people's names don't travel in the clear.
    `hostname`: our name in EHLO. `answers_from`: the reverse-path instead of the null one, for a relay that refuses that.
    `timeout_s`: for each reply. `ca_file`: a PEM bundle for a private CA, "" = the system's.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Tls,
        hostname: str,
        login: Login | None = None,
        answers_from: str = "",
        timeout_s: float = 60.0,
        ca_file: str = "",
    ) -> None:
        if tls == "none" and not _is_loopback(host):
            raise ValueError("a relay without TLS must be on this machine (loopback)")
        self._host = host
        self._port = port
        self._tls = tls
        self._hostname = hostname
        self._login = login
        self._answers_from = answers_from
        self._timeout_s = timeout_s
        self._ca_file = ca_file
        self._client: aiosmtplib.SMTP | None = None
        self._lock = asyncio.Lock()

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        """Make one attempt; repeat it on a new connection only if the kept one was closed before the mail's first command."""
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
                self._drop()  # cancelled within the dialogue: the next reply would belong to this mail
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
        """The result of an error before the content was sent; it is the relay's when there was no connection yet."""
        is_relays = self._client is None
        self._drop()
        return _not_taken(trouble, f"{self._host}:{self._port}", is_relays=is_relays)

    async def close(self) -> None:
        """QUIT, if there is a connection."""
        async with self._lock:
            client, self._client = self._client, None
            if client is not None and client.is_connected:
                try:
                    await client.quit(timeout=self._timeout_s)
                except (aiosmtplib.SMTPException, OSError):
                    client.close()  # closed in any case

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> tuple[aiosmtplib.SMTP, bool]:
        """The batch's connection, and whether it existed before."""
        if self._client is not None and self._client.is_connected:
            return self._client, True
        login = self._login
        secret = (await login.credential()).get_secret_value() if login else ""

        async def token() -> str:
            return secret

        by_token = login is not None and login.auth == "xoauth2"
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=login.user if login else None,
            password=None if by_token else secret or None,
            oauth_token_generator=token if by_token else None,
            local_hostname=self._hostname,
            timeout=self._timeout_s,
            use_tls=self._tls == "implicit",
            start_tls=self._tls
            == "starttls",  # True raises where STARTTLS is missing; the default would continue in plaintext
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
        """All commands up to DATA: the relay's refusal, or None after its 354."""
        client, kept = await self._connected()
        try:
            await self._mail_from(client, mail, kept=kept)
            await client.rcpt(mail.recipient)
            start = await client.execute_command(b"DATA")
        except aiosmtplib.SMTPSenderRefused as refused:
            await self._reset(client)
            return _refused(Stage.MAIL, refused.code, refused.message)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self._reset(client)
            delivery = _refused(Stage.RCPT, refused.code, refused.message)
            is_final = delivery.reason is OutboxReason.RELAY_REFUSED
            return replace(delivery, address_is_dead=is_final and _is_no_address(refused.message))
        if start.code != 354:
            await self._reset(client)
            return _refused(Stage.DATA, start.code, start.message)
        return None

    async def _mail_from(self, client: aiosmtplib.SMTP, mail: OutgoingMail, *, kept: bool) -> None:
        """MAIL FROM. On a kept connection raises _ConnectionStale when the relay has closed it."""
        options = [f"SIZE={len(mail.content)}"] if client.supports_extension("size") else []
        try:
            await client.mail(
                mail.reverse_path or self._answers_from, options=options
            )  # "" becomes <>, the null reverse-path
        except (aiosmtplib.SMTPServerDisconnected, ConnectionError) as gone:
            if kept:
                raise _ConnectionStale from gone
            raise
        except aiosmtplib.SMTPSenderRefused as refused:
            if kept and refused.code == 421:
                raise _ConnectionStale from refused
            raise

    async def _content(self, content: bytes) -> Delivery:
        """Send the content and the end of data, and read the reply. Any error from here on leaves the outcome UNKNOWN."""
        client = self._client
        protocol = client.protocol if client is not None else None
        if client is None or protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        try:
            # No await between the two, so the reply can't come before it is waited for.
            protocol.write(_dot_stuffed(content))
            reply = await protocol.read_response(timeout=self._timeout_s * _DOT_FACTOR)
        except (aiosmtplib.SMTPException, OSError) as trouble:
            self._drop()
            return Delivery(RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, _line(str(trouble)))
        if 200 <= reply.code < 300:
            return Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, _line(f"{reply.code} {reply.message}"))
        if 400 <= reply.code < 600:
            await self._reset(client)
            return _refused(Stage.CONTENT, reply.code, reply.message)
        self._drop()  # an invalid reply to the end of data: the dialogue is out of step
        return Delivery(RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, _line(f"{reply.code} {reply.message}"))

    async def _reset(self, client: aiosmtplib.SMTP) -> None:
        """RSET, so that the batch's next mail can use the connection; on failure drop it."""
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


_DOT = LazyPattern(rb"(?m)^\.")


def _dot_stuffed(content: bytes) -> bytes:
    """The content with stuffed dots and the end of data (RFC 5321 §4.5.2). All its line ends are CRLF already."""
    stuffed = _DOT.sub(b"..", content)
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _refused(stage: Stage, code: int, message: str) -> Delivery:
    """The relay's refusal."""
    reason = reason_of(stage, code, message)
    outcome = RelayOutcome.BOUNCED if reason in _ENDS else RelayOutcome.DEFERRED
    return Delivery(outcome, reason, _line(f"{code} {message}"), is_relays=code in _FOR_EVERY_MAIL)


_STATUS = LazyPattern(r"\s*(5\.\d{1,3}\.\d{1,3})(?:\W|\Z)")


def _is_no_address(message: str) -> bool:
    status = _STATUS.match(message)
    return says_no_such_address(status[1] if status else "", message)


_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError)  # a relay that stops or starts, no wrong setting
_STAGES = {
    aiosmtplib.SMTPConnectResponseError: Stage.CONNECT,
    aiosmtplib.SMTPHeloError: Stage.EHLO,
    aiosmtplib.SMTPAuthenticationError: Stage.AUTH,
}
_LOGIN_CURE = "outgoing.auth、outgoing.user と、パスワード又はトークンの設定を確かめてください"
_NO_LOGIN = LazyPattern(r"SMTP AUTH extension|authentication method|support XOAUTH2")


def _not_taken(trouble: aiosmtplib.SMTPException | OSError, relay: str, *, is_relays: bool) -> Delivery:
    """An error before the mail was sent; it never refuses the mail."""
    words = str(trouble) or type(trouble).__name__
    certificate = next((cause for cause in causes(trouble) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        reason = OutboxReason.RELAY_INSECURE
        words = f"{relay} の証明書を信頼できません（{certificate.verify_message}）。outgoing.host と outgoing.ca_file を確かめてください"
    elif any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _HUNG_UP) for cause in causes(trouble)):
        reason = OutboxReason.RELAY_INSECURE
        words = f"{relay} と暗号化通信を始められません（{words}）。outgoing.tls と outgoing.port を確かめてください"
    elif "STARTTLS extension" in words:
        reason = OutboxReason.RELAY_INSECURE
        words = f"{relay} は STARTTLS に対応していません。outgoing.tls と outgoing.port を確かめてください"
    elif isinstance(trouble, CredentialError):
        reason = OutboxReason.RELAY_LOGIN
        words = f"{relay} のためのパスワード又はトークンを得られません（{words}）"
    elif isinstance(trouble, aiosmtplib.SMTPResponseException):
        stage = next((stage for kind, stage in _STAGES.items() if isinstance(trouble, kind)), Stage.STARTTLS)
        reason, words = reason_of(stage, trouble.code, trouble.message), f"{trouble.code} {trouble.message}"
        if reason is OutboxReason.RELAY_LOGIN:
            words = f"{relay} の認証に失敗しました（{words}）。{_LOGIN_CURE}"
    elif isinstance(trouble, aiosmtplib.SMTPException) and _NO_LOGIN.search(words):
        reason = OutboxReason.RELAY_LOGIN
        words = f"{relay} は、この方法の認証に対応していません（{words}）。{_LOGIN_CURE}"
    elif is_relays:
        reason = OutboxReason.RELAY_UNREACHABLE
        words = f"{relay} につながりません（{words}）"
    else:
        reason = OutboxReason.RELAY_UNREACHABLE
        words = f"{relay} との通信が途中で切れました（{words}）"
    return Delivery(RelayOutcome.DEFERRED, reason, _line(words), is_relays=is_relays)


def causes(trouble: BaseException) -> Iterator[BaseException]:
    """The exception and the chain of its causes."""
    cause: BaseException | None = trouble
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _line(text: str) -> str:
    """A reply in one printable line."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:REPLY_CHARACTERS]
