"""What a city may not have meant: settings that are right, and leave something off.

Said by `check-config`, by `status` and at the daemon's start. Raises nothing.
"""

from __future__ import annotations

from bot.config.settings import Config


def settings_notes(config: Config) -> tuple[str, ...]:
    """All of them."""
    return (*in_shadow(config), *unproven_senders(config))


def in_shadow(config: Config) -> tuple[str, ...]:
    """That the program answers nobody; () where it does."""
    told = "試験運用中です（outgoing.shadow）。受注者にも担当にも何も送らず、台帳にも書き込みません"
    return (told,) if config.outgoing.shadow else ()


def unproven_senders(config: Config) -> tuple[str, ...]:
    """What is off since nothing proves who wrote a mail; () where mail.authserv_id is set."""
    if config.mail.authserv_id:
        return ()
    notifies = config.issued.enabled or config.reminders.contractor_days > 0
    off = (
        "差出人を確認せずに返信します（差出人を偽ったメールにも、偽られた方へ返信します）",
        "差出人を偽ったメールが、その方の返信の上限を使い切ることがあります",
        *(
            ["台帳の番号とキーの両方に一致するもののほかは、D-Sureで確認済とするまで台帳に書き込みません"]
            if not config.matching.strangers_fill_rows
            else []
        ),
        *(["担当者の返信での処理と、メールでの手入力は使えません"] if config.answers.enabled else []),
        *(["「配信停止」のメールは自動で受け付けません"] if notifies and config.issued.stop_by_mail else []),
    )
    return tuple(f"mail.authserv_id が空のため、{one}" for one in off)
