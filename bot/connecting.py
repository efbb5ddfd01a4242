"""Who logs in to the city's mail servers, and where outgoing mail goes: credentials and connections, made from the settings.

Called by app.py, wiring.py and `check-config`. Raises ConfigError for a secret that can't be read.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from bot.config.doors import ImapSection, OutgoingSection
from bot.config.settings import Config, ConfigError, Mistake, is_loopback
from bot.credentials import ClientCredentials, Credential, CredentialError, is_half_a_certificate, printed_by
from bot.outbound.maildir import MaildirDelivery
from bot.outbound.smtp_relay import Deliverer, Login, SmtpRelay, Tls


def connections_of(config: Config) -> tuple[Deliverer, ...]:
    """Where outgoing mail goes, as often as that may be used at a time. Raises ConfigError when the relay's secret can't be read."""
    outgoing = config.outgoing
    if outgoing.method == "maildir":
        return (MaildirDelivery(config.maildir),)
    login = Login(outgoing.user, credential_of(config, outgoing), outgoing.auth) if outgoing.user else None
    return tuple(
        SmtpRelay(
            outgoing.host,
            outgoing.port,
            tls=outgoing.tls,
            login=login,
            answers_from="" if outgoing.null_sender else bounces_to(config),
            hostname=config.smtp.hostname,
            ca_file=str(config.path(outgoing.ca_file)) if outgoing.ca_file else "",
        )
        for _ in range(outgoing.connections)
    )


def way_aside(config: Config) -> Deliverer | None:
    """The other way by which it is told that the usual one fails; None: there is no other."""
    section = config.canary
    if not (section.every_minutes and section.tell_host):
        return None
    tls: Tls = "none" if is_loopback(section.tell_host) else "starttls"
    return SmtpRelay(section.tell_host, section.tell_port, tls=tls, hostname=config.smtp.hostname)


def bounces_to(config: Config) -> str:
    """The reverse-path of what may come back."""
    return config.mail.bounce_address or config.mail.inboxes[0]


def credential_of(config: Config, login: ImapSection | OutgoingSection) -> Credential:
    """What logs in there: the file's word, the command's, or a token of [oauth]. Raises ConfigError when the secret can't be read."""
    if login.token_command:
        return printed_by(login.token_command, SecretStr)
    if login.password_file:
        return _from_file(config, login.password_file)
    oauth = config.oauth
    if oauth.secret_file is None:  # checked with the settings
        raise ConfigError((Mistake("oauth.secret_file", "必要な項目がありません", "secret_file を書いてください"),))
    secret = _from_file(config, oauth.secret_file)
    if is_half_a_certificate(config.secret(oauth.secret_file).get_secret_value()):
        cure = (
            "証明書（BEGIN CERTIFICATE）と、暗号化していない秘密鍵（BEGIN PRIVATE KEY）を1つのファイルに書いてください"
        )
        raise ConfigError((Mistake("oauth.secret_file", "証明書か秘密鍵がありません", cure),))
    return ClientCredentials(f"{oauth.authority}/{oauth.tenant}", oauth.client_id, secret, oauth.scope, SecretStr)


def _from_file(config: Config, path: Path) -> Credential:
    config.secret(path)  # at the start a wrong file is a wrong setting; later it is trouble that may pass

    async def credential() -> SecretStr:
        try:
            return config.secret(path)
        except ConfigError as error:
            raise CredentialError(str(error)) from None

    return credential
