"""A talk with the city's mail servers, without a mail: how far it gets, and what is refused.

Called by `doctor` and `check-config`; `relays_refusals` also at the daemon's start. Each ends within `seconds`, whatever the server does. Raises nothing; ConfigError
for a secret that can't be read.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import aiosmtplib

from bot.clock import utc_now
from bot.config.settings import Config
from bot.connecting import bounces_to, credential_of
from bot.core.health.diagnosis import judge
from bot.core.health.probe_facts import Error, Mailbox, Refusal, Server
from bot.core.health.relay_replies import Stage
from bot.core.text.lazy_pattern import LazyPattern
from bot.credentials import CredentialError
from bot.intake.imap.cursor import MailboxCursor
from bot.intake.imap.login import certificate_end, logged_in
from bot.intake.imap.mailbox import OpenMailbox
from bot.intake.imap.wire import ImapError, ImapLostError, ImapRefusedError, LoginRefusedError
from bot.outbound.smtp_relay import causes
from bot.wiring import imap_settings_of

TRIAL_SECONDS = 30.0
_UNWELCOME = LazyPattern("^the server (?:greets with|said goodbye)")
_WORDS = 200  # of a server's answer
_NAMES = {"outgoing": "中継サーバー", "imap": "受信箱のサーバー"}


@dataclass(slots=True)
class _Talk:
    """How far it got, and what was refused on the way."""

    stage: Stage = Stage.CONNECT
    refused: list[Refusal] = field(default_factory=list)
    certificate_ends_at: datetime | None = None

    def of(self, section: str, name: str) -> Server:
        return Server(section, name, tuple(self.refused), self.certificate_ends_at)


@asynccontextmanager
async def _talk(seconds: float) -> AsyncIterator[_Talk]:
    """A talk that ends in time; what ends it early becomes a refusal at its stage."""
    talk = _Talk()
    try:
        async with asyncio.timeout(seconds):
            yield talk
    except (
        OSError,
        aiosmtplib.SMTPException,
    ) as error:  # TimeoutError, ssl.SSLError, ImapError, CredentialError are OSErrors
        talk.refused.append(_refusal(talk.stage, error))


def _refusal(stage: Stage, error: Exception) -> Refusal:
    chain = list(causes(error))
    told = (_of_security(cause) or _of_imap(stage, cause) or _of_smtp(stage, cause) for cause in chain)
    if first := next(filter(None, told), None):
        return first
    if any(isinstance(cause, TimeoutError) for cause in chain):
        return Refusal(stage, Error.SILENCE)
    return Refusal(stage, Error.NETWORK, _line(getattr(chain[-1], "strerror", "") or str(error)))


def _of_security(cause: BaseException) -> Refusal | None:
    match cause:
        case CredentialError():
            return Refusal(Stage.AUTH, Error.CREDENTIAL, _line(str(cause)))
        case ssl.SSLCertVerificationError():
            return Refusal(Stage.STARTTLS, Error.CERTIFICATE, _line(cause.verify_message), cause.verify_code)
        case ssl.SSLError():
            return Refusal(Stage.STARTTLS, Error.TLS, _line(cause.reason or str(cause)))
        case socket.gaierror():
            return Refusal(Stage.CONNECT, Error.NAME)
    return None


def _of_imap(stage: Stage, cause: BaseException) -> Refusal | None:
    words = _line(str(cause))
    match cause:
        case LoginRefusedError():
            was_tried = words.startswith(("LOGIN:", "AUTHENTICATE:"))
            return Refusal(Stage.AUTH, Error.ANSWER if was_tried else Error.NOT_OFFERED, words)
        case ImapRefusedError() if words.startswith("STARTTLS:"):
            return Refusal(Stage.STARTTLS, Error.NOT_OFFERED, words)
        case ImapError() if not isinstance(cause, ImapLostError) or _UNWELCOME.search(words):
            return Refusal(stage, Error.ANSWER, words)
    return None


def _of_smtp(stage: Stage, cause: BaseException) -> Refusal | None:
    if isinstance(cause, aiosmtplib.SMTPResponseException):  # also a greeting that is none of SMTP's
        return Refusal(stage, Error.ANSWER, _line(f"{max(cause.code, 0) or ''} {cause.message}"))
    if type(cause) is aiosmtplib.SMTPException and stage in {Stage.STARTTLS, Stage.AUTH}:  # it knows no such command
        return Refusal(stage, Error.NOT_OFFERED, _line(str(cause)))
    return None


def _line(text: str) -> str:
    return " ".join(text.split())[:_WORDS]


async def reach(section: str, host: str, port: int, seconds: float) -> Server:
    """Whether anything listens there."""
    async with _talk(seconds) as talk:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return talk.of(section, f"{_NAMES[section]} {host}:{port}")


# -- the relay


async def relay(config: Config, recipients: Sequence[str], seconds: float = TRIAL_SECONDS) -> Server:
    """Log in to the relay, name both our reverse-paths and the recipients, and take all back: no mail is sent."""
    outgoing = config.outgoing
    name = f"{_NAMES['outgoing']} {outgoing.host}:{outgoing.port}"
    client = aiosmtplib.SMTP(
        hostname=outgoing.host,
        port=outgoing.port,
        local_hostname=config.smtp.hostname,
        timeout=2 * seconds,
        use_tls=outgoing.tls == "implicit",
        start_tls=False,
        cert_bundle=str(config.path(outgoing.ca_file)) if outgoing.ca_file else None,
    )
    try:
        async with _talk(seconds) as talk:
            await _greeted(client, talk, config)
            await _logged_in(client, talk, config)
            await _named(client, talk, config, recipients)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
    finally:
        client.close()
    return talk.of("outgoing", name)


async def _greeted(client: aiosmtplib.SMTP, talk: _Talk, config: Config) -> None:
    await client.connect()
    talk.stage = Stage.EHLO
    await client.ehlo()
    if config.outgoing.tls == "starttls":
        talk.stage = Stage.STARTTLS
        await client.starttls()
        await client.ehlo()
    certificate = client.get_transport_info("peercert")
    if certificate and "notAfter" in certificate:
        talk.certificate_ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


async def _logged_in(client: aiosmtplib.SMTP, talk: _Talk, config: Config) -> None:
    outgoing = config.outgoing
    if not outgoing.user:
        return
    talk.stage = Stage.AUTH
    secret = (await credential_of(config, outgoing)()).get_secret_value()
    if outgoing.auth == "xoauth2":
        if "xoauth2" not in client.server_auth_methods:
            raise aiosmtplib.SMTPException("no XOAUTH2")
        await client.auth_xoauth2(outgoing.user, secret)
    else:
        await client.login(outgoing.user, secret)


async def _named(client: aiosmtplib.SMTP, talk: _Talk, config: Config, recipients: Sequence[str]) -> None:
    """Each of our reverse-paths, with recipients: a relay may say only then that it refuses the sender."""
    if config.outgoing.null_sender:
        await _transaction(client, talk, "", recipients[:1])
    await _transaction(client, talk, bounces_to(config), recipients)


async def _transaction(client: aiosmtplib.SMTP, talk: _Talk, sender: str, recipients: Sequence[str]) -> None:
    """MAIL, RCPTs, and RSET: no mail."""

    def refused(error: aiosmtplib.SMTPException, recipient: str = "") -> None:
        talk.refused.append(replace(_refusal(talk.stage, error), sender=sender, recipient=recipient))

    talk.stage = Stage.MAIL
    await client.rset()
    try:
        await client.mail(sender)
    except aiosmtplib.SMTPSenderRefused as error:
        refused(error)
        return
    talk.stage = Stage.RCPT
    for recipient in recipients:
        try:
            await client.rcpt(recipient)
        except aiosmtplib.SMTPRecipientRefused as error:
            refused(error, recipient)
    await client.rset()


def people_of(config: Config) -> tuple[str, ...]:
    """Whom our letters to the city go to."""
    addresses = (*(desk.address for desk in config.desks), config.operator.address)
    return tuple(dict.fromkeys(address for address in addresses if address))


async def relays_refusals(config: Config, recipients: Sequence[str] = ()) -> tuple[str, ...]:
    """What `relay` finds, in sentences; () where letters don't go by one. Raises ConfigError for a secret that can't be read."""
    if config.outgoing.method != "smtp":
        return ()
    found = judge([await relay(config, recipients)], utc_now())
    return tuple(f"{one.what}（{one.cure}）" for one in found)


# -- the mailbox


async def mailbox(
    config: Config, cursor: MailboxCursor | None, seconds: float = TRIAL_SECONDS
) -> tuple[Server, Mailbox | None]:
    """Log in and open the mailbox as the daemon does. `cursor`: what was remembered. The mailbox is None where there is no login."""
    settings = replace(imap_settings_of(config), reply_seconds=2 * seconds)
    name, seen = f"{_NAMES['imap']} {settings.host}:{settings.port}", None
    before = (cursor.uidvalidity, cursor.last_uid) if cursor else None
    async with _talk(seconds) as talk:
        imap = await logged_in(settings)
        try:
            talk.certificate_ends_at = certificate_end(imap)
            seen = Mailbox(settings.mailbox, name, idles="IDLE" in imap.capabilities, before=before)
            try:
                box = await OpenMailbox.open(imap, settings.mailbox, settings.reply_seconds)
            except ImapRefusedError as error:
                seen = replace(seen, trouble=_line(str(error)))
            except ImapLostError:
                raise
            except ImapError:  # no UIDVALIDITY
                pass
            else:
                seen = replace(seen, uidvalidity=box.uidvalidity, uidnext=box.uidnext)
        finally:
            imap.abort()
    return talk.of("imap", name), None if talk.refused else seen
