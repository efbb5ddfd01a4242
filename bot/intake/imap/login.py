"""A connection to the city's IMAP server, logged in as the settings say.

Used by watcher.py, and by the probes of `doctor`. Raises OSError; ssl.SSLError, ImapError and CredentialError are subclasses of it.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime

from bot.core.records.envelope import HEADER_BLOCK_BYTES
from bot.intake.imap.protocol import ImapProtocol, connect
from bot.intake.imap.settings import ImapSettings
from bot.intake.imap.wire import LoginRefusedError


async def logged_in(settings: ImapSettings) -> ImapProtocol:
    """Connect, by TLS where the settings say so, and log in."""
    context = None
    if settings.tls != "none":
        context = settings.ssl_context or ssl.create_default_context()
    secret = await settings.credential()  # before connecting: servers close a connection without login soon
    imap = await connect(
        settings.host,
        settings.port,
        context=context if settings.tls == "implicit" else None,
        max_literal_bytes=2 * settings.max_bytes + HEADER_BLOCK_BYTES,  # servers count sizes differently
        reply_seconds=settings.reply_seconds,
    )
    try:
        if context is not None and settings.tls == "starttls":
            await imap.start_tls(context, settings.host)
        if context is None and not _is_loopback(imap):
            raise LoginRefusedError("a password is not sent in plain to another machine; set tls")  # noqa: TRY301
        log_in = imap.log_in_by_token if settings.auth == "xoauth2" else imap.log_in
        await log_in(settings.user, secret.get_secret_value())
    except BaseException:
        imap.abort()
        raise
    return imap


def _is_loopback(imap: ImapProtocol) -> bool:
    """Whether the server is on this machine, judged by the connected address, not by its name."""
    address = str(imap.transport.get_extra_info("peername")[0])
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def certificate_end(imap: ImapProtocol) -> datetime | None:
    """The end of the server certificate's validity; None without TLS."""
    certificate = imap.transport.get_extra_info("peercert")
    ends = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
