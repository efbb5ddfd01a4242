"""The files of the settings that hold secrets, tried once: a password's, the key file.

Called by `serve` at its start and at each reload, and by `check-config` and `doctor`. Raises ConfigError.
"""

from __future__ import annotations

from bot.config.mistakes import ConfigError, Mistake
from bot.config.settings import Config
from storage.errors import StoreError


def read_secrets(config: Config) -> None:
    """Try every password file, and the key file if there is one yet. Raises ConfigError with all that can't be used."""
    from storage.keys.key_file import KeyFile  # noqa: PLC0415 - ciphers, which a refused daemon need not wait for

    mistakes = unusable_secrets(config)
    try:
        if config.key_file.exists():
            KeyFile(config.key_file).vault()
    except StoreError as error:
        mistakes.insert(0, Mistake("storage.key_file", str(error), ""))
    if mistakes:
        raise ConfigError(tuple(mistakes))


def unusable_secrets(config: Config) -> list[Mistake]:
    """What is wrong with the files of passwords."""
    mistakes: list[Mistake] = []
    imap = config.imap.password_file if config.imap.enabled else None
    for secret in (imap, config.outgoing.password_file, config.oauth.secret_file):
        try:
            if secret is not None:
                config.secret(secret)
        except ConfigError as error:
            mistakes += error.mistakes
    return mistakes
