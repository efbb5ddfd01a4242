"""The daemon's edges for what comes in, made from the settings: the watched mailbox.

Called by app.py and by the commands that need one of them. Raises ConfigError for a secret that can't be read.
"""

from __future__ import annotations

from bot.config.settings import Config
from bot.connecting import credential_of
from bot.intake.imap.watcher import ImapSettings

_MIB = 1024 * 1024


def imap_settings_of(config: Config) -> ImapSettings:
    """The mailbox to watch. Raises ConfigError when its secret can't be read."""
    imap = config.imap
    return ImapSettings(
        host=imap.host,
        port=imap.port,
        tls=imap.tls,
        user=imap.user,
        credential=credential_of(config, imap),
        mailbox=imap.mailbox,
        poll_seconds=imap.poll_seconds,
        max_bytes=imap.max_message_mib * _MIB,
        recipients=config.addresses,
        auth=imap.auth,
        reconcile_days=imap.reconcile_days,
    )
