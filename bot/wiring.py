"""The daemon's edges, made from the settings: reading processes, connections for outgoing mail, the watched mailbox.

Called by app.py and by the commands that need one of them. Raises ConfigError for a secret that can't be read.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from bot.config.settings import Config, ConfigError
from bot.documents.pool.reader import Reader
from bot.intake.imap.credentials import Credential, CredentialError, printed_by
from bot.intake.imap.watcher import ImapSettings
from bot.outbound.maildir import MaildirDelivery
from bot.outbound.smtp_relay import Deliverer, SmtpRelay

_MIB = 1024 * 1024


def reader_of(config: Config) -> Reader:
    """The reading processes, from the settings."""
    return Reader(sees=None if config.pictures.recognise else False)


def connections_of(config: Config) -> tuple[Deliverer, ...]:
    """Where outgoing mail goes, as often as that may be used at a time. Raises ConfigError when the relay's password can't be read."""
    outgoing = config.outgoing
    if outgoing.method == "maildir":
        return (MaildirDelivery(config.maildir),)
    password = config.secret(outgoing.password_file).get_secret_value() if outgoing.password_file else ""
    return tuple(
        SmtpRelay(
            outgoing.host,
            outgoing.port,
            tls=outgoing.tls,
            username=outgoing.user,
            password=password,
            hostname=config.smtp.hostname,
            ca_file=str(config.path(outgoing.ca_file)) if outgoing.ca_file else "",
        )
        for _ in range(outgoing.connections)
    )


def imap_settings_of(config: Config) -> ImapSettings:
    """The mailbox to watch. Raises ConfigError when the password's file can't be read."""
    imap = config.imap
    if imap.password_file:
        config.secret(
            imap.password_file
        )  # at the start a wrong file is a wrong setting; later it is trouble that may pass
    return ImapSettings(
        host=imap.host,
        port=imap.port,
        tls=imap.tls,
        user=imap.user,
        credential=_from_file(config, imap.password_file)
        if imap.password_file
        else printed_by(imap.token_command, SecretStr),
        mailbox=imap.mailbox,
        poll_seconds=imap.poll_seconds,
        max_bytes=imap.max_message_mib * _MIB,
        recipients=config.addresses,
        auth=imap.auth,
        reconcile_days=imap.reconcile_days,
    )


def _from_file(config: Config, path: Path) -> Credential:
    async def credential() -> SecretStr:
        try:
            return config.secret(path)
        except ConfigError as error:
            raise CredentialError(str(error)) from None

    return credential
