"""The maker of letters from the settings, and the check of the letters that the city words itself.

Called by the daemon and by the commands that make letters; the others need not load what this loads (Jinja). Raises ConfigError
for letters that are not in order.
"""

from __future__ import annotations

from pathlib import Path

from bot.config.settings import Config, ConfigError, Mistake
from bot.config.to_policy import accepts_opt_out, policy_of
from bot.core.consent.grammar import STOP_SUBJECT
from bot.outbound.compose import Composer
from bot.outbound.template_check import check_letters


def letters_folder(config: Config) -> Path | None:
    """Where the city keeps the letters that it words itself."""
    return config.path(config.letters.folder) if config.letters.folder else None


def check_own_letters(config: Config) -> None:
    """Raise ConfigError where the city's own letters are not in order, so that it shows at the start and not at the first mail."""
    folder = letters_folder(config)
    if folder is None:
        return
    if not folder.is_dir():
        raise ConfigError(
            (Mistake("letters.folder", f"{folder} というフォルダがありません", "作るか、行を削除してください"),)
        )
    faults = check_letters(folder, policy_of(config).formats)
    if faults:
        cure = "直してから ./run letters check で確かめてください"
        raise ConfigError(tuple(Mistake(f"letters.folder（{fault.file}）", fault.words, cure) for fault in faults))


def composer_of(config: Config, secret: bytes) -> Composer:
    """The maker of letters, from the settings. `secret`: see Composer; Store.derived_secret has it."""
    sender = config.mail.inboxes[0]
    return Composer(
        sender=sender,
        bounces=config.mail.bounce_address or sender,
        secret=secret,
        delimiter=config.mail.bounce_delimiter,
        unsubscribe=sender if accepts_opt_out(config) else config.outgoing.unsubscribe,
        unsubscribe_subject=STOP_SUBJECT if accepts_opt_out(config) else "",
        reply_to=config.outgoing.reply_to,
        html=config.summary.html,
        templates_dir=letters_folder(config),
        english=config.letters.english,
        formats=policy_of(config).formats,
    )
