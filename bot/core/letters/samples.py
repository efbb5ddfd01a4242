"""Sample contexts for every letter: invented firms, works and numbers, for previews, for checking the city's own words, for tests.

Used by `letters preview|check`, by bot/outbound/template_check.py and by tests/letters. The samples stand beside this file, by whom
the letter goes to. Values only: nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from bot.core.letters.contexts import Context, OperatorAlarm
from bot.core.letters.sample_values import NOW, OFFICE
from bot.core.letters.samples_of_lists import DISPOSAL_NOTE, LISTS
from bot.core.letters.samples_to_contractors import TO_CONTRACTORS
from bot.core.letters.samples_to_desks import TO_DESKS
from bot.core.records.outgoing_mail import Letter

ALARM = OperatorAlarm(
    office=OFFICE,
    title="受信箱へのログインが断られています",
    about="hosho@imap.city.example.jp/INBOX",
    since=datetime(2026, 11, 22, 1, 5, tzinfo=UTC),
    over_at=None,
    detail="3回続けて断られました。サーバーの答え：LOGIN: NO [AUTHENTICATIONFAILED]",
    daily=True,
    advice=(
        "設定 [imap] の利用者名と、パスワード又はトークンのファイルを確かめてください。",
        "パスワードの期限切れやアカウントの停止がないか、メールサーバーの担当に確かめてください。",
    ),
)

SAMPLES: Mapping[Letter, tuple[Context, ...]] = MappingProxyType(
    {
        **TO_CONTRACTORS,
        **TO_DESKS,
        **LISTS,
        Letter.DISPOSAL_NOTE: (DISPOSAL_NOTE,),
        Letter.ALARM: (ALARM, replace(ALARM, about="", over_at=NOW)),
    }
)
"""The first of each is what a preview shows; all are what a check words."""
