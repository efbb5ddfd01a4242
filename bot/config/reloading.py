"""Which settings a running daemon takes up, and which wait for its next start.

Called by bot/app.py when it reads the settings anew. Pure; nothing is raised.
"""

from __future__ import annotations

from bot.config.settings import Config

_AT_A_START = ("storage", "smtp", "lmtp", "imap", "folder", "oauth", "pictures", "monitoring", "log")
"""The sections that doors, store, reading processes and log are made from; all others are the workers'."""


def reloaded(running: Config, read: Config) -> tuple[Config, tuple[str, ...]]:
    """The settings to go on with, and the names of changed ones that wait for a start."""
    waiting: list[str] = []
    kept: dict[str, object] = {"base": running.base}
    for name in _AT_A_START:
        before, after = getattr(running, name), getattr(read, name)
        kept[name] = before
        waiting += [f"{name}.{key}" for key in type(before).model_fields if getattr(before, key) != getattr(after, key)]
    if running.addresses != read.addresses:
        own = {name: getattr(running.mail, name) for name in ("inboxes", "bounce_address")}
        inboxes = {desk.name: desk.inboxes for desk in running.desks}
        kept["mail"] = read.mail.model_copy(update=own)
        kept["desks"] = tuple(desk.model_copy(update={"inboxes": inboxes.get(desk.name, ())}) for desk in read.desks)
        waiting.append("mail.inboxes、mail.bounce_address、desks.inboxes")
    if running.outgoing.shadow != read.outgoing.shadow:  # the store's; what checks.py asks for beside it stays with it
        kept |= {"outgoing": running.outgoing, "operator": running.operator, "canary": running.canary}
        waiting.append("outgoing.shadow")
        waiting += [name for name in ("operator", "canary") if getattr(running, name) != getattr(read, name)]
    return read.model_copy(update=kept), tuple(waiting)
