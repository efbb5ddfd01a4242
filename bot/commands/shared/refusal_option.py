"""What commands need about refusals: the option that names a kind, and why a submission was sent back, from the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from bot.commands.shared.language import option
from bot.core.clerk.answer.refusal_grammar import kind_named
from bot.core.records.refusal import Refusal
from bot.core.records.submission import Submission, SubmissionState
from storage.store import Store

_LINES = 1000


def _kind(_context: click.Context, _option: click.Parameter, name: str) -> Refusal | None:
    if not name:
        return None
    if (kind := kind_named(name)) is None:
        raise click.BadParameter(f"「{name}」という種類はありません。種類は submissions refusals で確かめられます")
    return kind


def refusal_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--kind, by the name that clerks write or by its value."""
    return option(
        "--kind",
        default="",
        callback=_kind,
        ja="差戻しの種類（保証期限、工事名など。submissions refusals で確かめられます）。受注者にはその文面を送ります。",
        en="The kind (保証期限, 工事名, ...; submissions refusals lists all): the contractor gets its letter.",
    )(command)


@dataclass(frozen=True, slots=True)
class RefusedBecause:
    """Why a submission was sent back: the kind's value, and the clerk's words for lists; both "" where it was not."""

    kind: str = ""
    words: str = ""


async def refused_because(store: Store, submission: Submission) -> RefusedBecause:
    """As the journal tells it. Raises StoreError."""
    if submission.state is not SubmissionState.REFUSED:
        return RefusedBecause()
    lines = await store.journal.lines(subject=("submission", submission.receipt_number), limit=_LINES)
    detail = next((line.detail for line in lines if line.event == "submission.refused"), {})
    return RefusedBecause(str(detail.get("refusal", "")), str(detail.get("note", "")))
