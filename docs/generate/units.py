"""Makes deploy/*@.service and *@.timer, the units of one office among several on a machine, from those of the only office.

`python -m docs.generate.units`; a test compares. What an office has of its own bears its name (%i): settings, user, folders, key file,
where failures are told. All else, the hardening before all, is that of the unit it is made from.
"""

from __future__ import annotations

from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = ("hosho-bot.service", "hosho-bot-failed.service", "hosho-bot-backup.service", "hosho-bot-backup.timer")

_HEAD = "# Made from {name} by `python -m docs.generate.units`: change that one. %i is the office (docs/operations.ja.md, 1.5).\n"
_OWN = (
    ("Description=Hosho-bot", "Description=Hosho-bot (%i)"),
    ("OnFailure=hosho-bot-failed.service", "OnFailure=hosho-bot-failed@%i.service"),
    ("User=hosho-bot", "User=hosho-bot-%i"),
    ("Group=hosho-bot", "Group=hosho-bot-%i"),
    ("/var/lib/hosho-bot", "/var/lib/hosho-bot-%i"),
    ("StateDirectory=hosho-bot", "StateDirectory=hosho-bot-%i"),
    ("RuntimeDirectory=hosho-bot", "RuntimeDirectory=hosho-bot-%i"),
    ("/run/hosho-bot/", "/run/hosho-bot-%i/"),
    ("/etc/hosho-bot/config.toml", "/etc/hosho-bot/%i.toml"),
    ("/etc/hosho-bot/keys", "/etc/hosho-bot/%i.keys"),
    ("/etc/hosho-bot/failed.env", "/etc/hosho-bot/%i.failed.env"),
    ("/srv/hosho\n", "/srv/hosho/%i\n"),
    ("/srv/backup/hosho-bot", "/srv/backup/hosho-bot-%i"),
    ("deploy/tell failed", "deploy/tell failed %i"),
    ("deploy/tell started", "deploy/tell started %i"),
)


def instance_name(name: str) -> str:
    """`hosho-bot.service` → `hosho-bot@.service`."""
    return name.replace(".", "@.")


def instance(name: str) -> str:
    """The text of the unit for one office among several."""
    text = (DEPLOY / name).read_text("utf-8")
    body = text[text.index("[Unit]") :]
    for old, new in _OWN:
        body = body.replace(old, new)
    return _HEAD.format(name=name) + body


if __name__ == "__main__":
    for unit in UNITS:
        (DEPLOY / instance_name(unit)).write_text(instance(unit), encoding="utf-8")
