"""`personal-data export`: everything that is kept of one address, in a folder: data.json, and each of its mails as it came.

Keys are masked in data.json; a mail is as it came, and that it was exported has its line in the journal before anything is written.
Exit codes as in commands/shared/common.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from bot.commands.shared.common import actor_option, config_option, run
from bot.commands.shared.json_rows import JsonRow, guarantee_row, mail_row, outbox_row, submission_row
from bot.commands.shared.language import Group, argument, option
from bot.core.policy.masking import without_keys
from bot.files import Folder
from bot.office import command_context
from storage.store import Store

personal_data = Group("personal-data")

_EVERYTHING = 10**9


@personal_data.command(
    ja="1つのアドレスについて保存しているもの（メール、受付、送信、台帳、同意の記録）を、フォルダに書き出します。"
)
@argument("address")
@option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    ja="書き出すフォルダ（新しく作ります）。",
    en="The folder to write, a new one.",
)
@config_option
@actor_option
@run
async def export(address: str, *, folder: Path, config_path: Path, actor: str) -> None:
    """Write what is kept of ADDRESS: data.json with masked keys, its mails as .eml."""
    async with command_context(config_path) as office:
        formats = office.policy.formats
        rows, mails = await _rows(office.store, address, actor)
    text = json.dumps(without_keys(rows, formats), ensure_ascii=False, indent=1, default=str)
    with Folder.open(folder, make=True) as opened:
        opened.write_new("data.json", f"{text}\n".encode())
        for name, content in mails:
            opened.write_new(name, content)
    counts = "、".join(f"{title}{len(rows[name])}件" for name, title in _TITLES.items())
    click.echo(f"{folder} に書き出しました: {counts}（.eml {len(mails)}通）")


_TITLES = {
    "mails": "受信メール",
    "submissions": "受付",
    "letters": "送信メール",
    "register": "台帳",
    "consent": "同意の記録",
}


async def _rows(store: Store, address: str, actor: str) -> tuple[dict[str, list[JsonRow]], list[tuple[str, bytes]]]:
    found = await store.personal_data.of_address(address)
    await store.journal.note_keys_shown(
        [("mail", mail_id) for mail_id in found.mails], actor=actor, command="personal-data export"
    )
    kept = [await store.incoming.get(mail_id) for mail_id in found.mails]
    letters = [await store.outbox.get(letter) for letter in found.letters]
    dead = [one for one in await store.bounces.dead_addresses() if one.address == address.strip().casefold()]
    rows: dict[str, list[JsonRow]] = {
        "mails": [mail_row(row) for row, _, _ in kept],
        "submissions": [submission_row(await store.submissions.get(number)) for number in found.receipt_numbers],
        "letters": [outbox_row(row) | {"text": row.mail.text} for row in letters],
        "register": [guarantee_row(await store.register.guarantee(number)) for number in found.guarantees],
        "consent": [
            {
                "at": one.at,
                "given": one.word.granted,
                "wording": one.word.wording,
                "origin": str(one.word.origin),
                "source": one.word.source,
            }
            for one in await store.consent.list_(address, limit=_EVERYTHING)
        ],
        "withheld": [{"letter": letter} for letter in found.withheld],
        "undeliverable": [{"since": one.since, "why": one.why} for one in dead],
    }
    return rows, [(f"{row.mail_id:08d}.eml", content) for row, content, _ in kept if content]
