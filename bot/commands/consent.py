"""`consent list|stopped|proof|stop|resume`: who agreed to issuance-complete mails, who stopped them, and the proof for each that left.

Exit codes as in commands/shared/common.py; `proof` gives 1 when a letter left without consent on record.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from bot.commands.shared.basics import in_japan
from bot.commands.shared.common import (
    EXIT_FAILED,
    EXIT_USAGE,
    actor_option,
    config_option,
    echo_json,
    json_option,
    limit_option,
    run,
    show,
)
from bot.commands.shared.language import Group, argument, option
from bot.core.consent.grammar import RESUME_SUBJECT, STOP_SUBJECT
from bot.core.consent.rules import UNPROVEN, Proof, ProofState
from bot.core.mail.addresses import plain_addr_spec
from bot.core.policy.masking import shown
from bot.core.policy.policy import Formats
from bot.core.records.consent import Consent
from bot.office import command_context

_TITLES = {
    "id": "番号",
    "at": "日時",
    "address": "アドレス",
    "about": "対象",
    "given_text": "同意",
    "wording": "文言",
    "origin_text": "方法",
    "source": "出典",
    "actor": "した人",
}
_PROOF_TITLES = {
    "state_text": "同意の記録",
    "outgoing": "送信番号",
    "sent_at": "送信日時",
    "address": "宛先",
    "guarantee": "台帳",
    "consent": "同意の番号",
    "consent_at": "同意の日時",
    "wording": "文言",
    "source": "出典",
}


consent = Group("consent")


@consent.command(
    "list", ja="同意と停止の記録を、新しい順に示します。アドレスを付けると、そのアドレスの分だけを示します。"
)
@argument("address", required=False, default="")
@config_option
@json_option
@limit_option
@run
async def list_(*, address: str, config_path: Path, as_json: bool, limit: int) -> None:
    """List what was said about consent, newest first; with ADDRESS, only about that address."""
    async with command_context(config_path) as office:
        found = await office.store.consent.list_(address, limit=limit)
    show([_row(one) for one in found], as_json=as_json, titles=_TITLES)


@consent.command(ja="今、発行完了のお知らせを止めているアドレスと、止めた日時を示します。")
@config_option
@json_option
@run
async def stopped(*, config_path: Path, as_json: bool) -> None:
    """List the addresses that want no issuance-complete mails now, and since when."""
    async with command_context(config_path) as office:
        found = await office.store.consent.opted_out()
    show([_row(one) for one in found], as_json=as_json, titles=_TITLES)


@consent.command(
    ja="送った発行完了のお知らせと受注者へのお願いについて、送ってよい根拠を記録から確かめ直して示します。\n\n根拠のないものを先に示し、終了コードを1にします。同意を記録する前に送ったもの（移行前）は数えません。"
)
@option(
    "--since",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    ja="この日以後に送ったもの（日本時間）。",
    en="Sent on this day or after it (Japan's).",
)
@option(
    "--until",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    ja="この日以前に送ったもの。",
    en="Sent on this day or before it.",
)
@config_option
@json_option
@run
async def proof(*, since: datetime | None, until: datetime | None, config_path: Path, as_json: bool) -> None:
    """Show for each issuance-complete mail and each reminder that was sent what permitted it, reckoned anew from what is on record.

    What has no proof comes first, and makes the exit code 1.
    """
    begins, ends = in_japan(since, until)
    async with command_context(config_path) as office:
        found = await office.store.consent.proofs(since=begins, until=ends)
    ordered = sorted(found, key=lambda one: (one.state not in UNPROVEN, one.notice.outbox_id))
    if as_json:
        for one in ordered:
            echo_json(_proof_row(one))
    else:
        show([_proof_row(one) for one in ordered], as_json=False, titles=_PROOF_TITLES)
        counts = {state: sum(one.state is state for one in found) for state in ProofState}
        click.echo("、".join(f"{state.words}：{count}件" for state, count in counts.items()))
    if any(one.state in UNPROVEN for one in found):
        raise click.exceptions.Exit(EXIT_FAILED)


def _said(wording: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--wording, --source."""
    words = option(
        "--wording", default=wording, show_default=True, ja="申出の文言。", en="The words in which it was asked for."
    )
    source = option(
        "--source",
        default="コマンド",
        show_default=True,
        ja="申出の方法（電話、窓口など）。",
        en="How it was told (電話, 窓口 …).",
    )
    return lambda command: words(source(command))


@consent.command(ja="アドレスへの発行完了のお知らせを止めます。")
@argument("address")
@_said(STOP_SUBJECT)
@config_option
@actor_option
@run
async def stop(address: str, *, wording: str, source: str, config_path: Path, actor: str) -> None:
    """Send no more issuance-complete mails to ADDRESS."""
    _check(address)
    async with command_context(config_path) as office:
        await office.store.consent.opt_out(
            address, wording=_shown(wording, office.policy.formats), actor=actor, source=source
        )
    click.echo(f"{address}: 配信を停止しました")


@consent.command(ja="アドレスへの停止を解きます。台帳で希望している保証について、また送ります。")
@argument("address")
@_said(RESUME_SUBJECT)
@config_option
@actor_option
@run
async def resume(address: str, *, wording: str, source: str, config_path: Path, actor: str) -> None:
    """End the stop of ADDRESS: it gets what the register says that it wants."""
    _check(address)
    async with command_context(config_path) as office:
        await office.store.consent.opt_in(
            address, wording=_shown(wording, office.policy.formats), actor=actor, source=source
        )
    click.echo(f"{address}: 配信の停止を解きました。台帳で希望している保証について送ります")


def _shown(wording: str, formats: Formats) -> str:
    """A clerk's words as they are kept: whatever he has typed, no key."""
    return f"「{shown(wording, formats)}」"


def _check(address: str) -> None:
    if not plain_addr_spec(address):
        click.echo(f"{address}: メールアドレスではありません", err=True)
        raise click.exceptions.Exit(EXIT_USAGE)


def _row(one: Consent) -> dict[str, object]:
    word = one.word
    return {
        "id": one.event_id,
        "at": one.at,
        "address": word.address,
        "guarantee": word.guarantee_id,
        "about": "全て" if word.guarantee_id is None else f"台帳{word.guarantee_id}",
        "given": word.granted,
        "given_text": "あり" if word.granted else "停止",
        "wording": word.wording or "（記録なし）",
        "origin": word.origin.value,
        "origin_text": word.origin.words,
        "source": word.source,
        "actor": word.actor,
    }


def _proof_row(one: Proof) -> dict[str, object]:
    event = one.permitted_by
    return {
        "state": one.state.value,
        "state_text": one.state.words,
        "outgoing": one.notice.outbox_id,
        "sent_at": one.notice.sent_at,
        "checked_at": one.notice.checked_at,
        "address": one.notice.address,
        "guarantee": one.notice.guarantee_id,
        "consent": event.event_id if event else None,
        "consent_at": event.at if event else None,
        "wording": event.word.wording if event else None,
        "source": event.word.source if event else None,
        "origin": event.word.origin.value if event else None,
    }
