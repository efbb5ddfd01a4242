"""A letter's values made fit to stand in it: cleaned and masked; and the keys put in where the city wants them.

Called by compose.py at the last moment before a letter is worded. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from bot.core.letters.contexts import Context
from bot.core.letters.drafts import Answerable
from bot.core.letters.lists import DsureCase, Summary
from bot.core.letters.to_desks import DeskHelp, DeskReply, Keys, OpenCase
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.secret import AuthKey
from bot.outbound import text_layout

VALUE_CHARACTERS = 200  # longer than any real name
LINES_OF_A_TEXT = 40

_TEXTS = frozenset({"clerk_reason", "excerpt"})  # values that keep their line breaks


# Never a sender's words: an access key where the city wants it, and what looks like one.
_OURS = frozenset({"office", "key", "ticket", "journal", "receipt_number"})


def clean_context(context: Context, formats: Formats) -> Context:
    """The context with all texts in it masked, cleaned and cut: what a template gets."""
    return cast("Context", _cleaned(context, formats))


_Case = TypeVar("_Case", OpenCase, DsureCase)


def with_keys(context: Context, answerable: Answerable) -> Context:
    """The context with the access keys of its cases filled in."""
    by_receipt = dict(answerable.keys)
    receipts = {case.place: case.receipt_number for case in answerable.cases}

    def shown(cases: tuple[_Case, ...]) -> tuple[_Case, ...]:
        keys = {place: _revealed(by_receipt[receipt]) for place, receipt in receipts.items() if receipt in by_receipt}
        return tuple(replace(case, key=keys.get(case.place, case.key)) if case.key else case for case in cases)

    if isinstance(context, Summary):
        return replace(context, to_verify=shown(context.to_verify))
    return replace(context, cases=shown(context.cases)) if isinstance(context, DeskReply | DeskHelp) else context


def with_own_keys(context: Context, keys: Sequence[tuple[str, AuthKey]]) -> Context:
    """A KEYS letter's context with the access keys filled in."""
    if not isinstance(context, Keys):
        return context
    by_receipt = {receipt: _revealed(key) for receipt, key in keys}
    lines = (replace(line, key=by_receipt.get(line.receipt_number, line.key)) for line in context.keys)
    return replace(context, keys=tuple(lines))


def _revealed(key: AuthKey) -> str:
    return text_layout.clean(key.reveal(), VALUE_CHARACTERS)


def _cleaned(value: Any, formats: Formats, name: str = "") -> Any:
    """The value with all texts in it masked, cleaned and cut; times and numbers unchanged."""
    if isinstance(value, str):
        if type(value) is not str:
            return value  # an enum member is not cut: templates compare it
        shown = value if name in _OURS else mask_keys(value, formats)
        if name in _TEXTS:
            return text_layout.clean_lines(shown, VALUE_CHARACTERS, LINES_OF_A_TEXT)
        return text_layout.clean(shown, VALUE_CHARACTERS)
    if isinstance(value, tuple):
        return tuple(_cleaned(part, formats, name) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _cleaned(getattr(value, field.name), formats, name if name in _OURS else field.name)
            for field in fields(value)
        }
        return replace(value, **changed)
    return value
