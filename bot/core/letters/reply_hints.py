"""How a letter can be answered, as it says itself: what to write, and what it does.

Used by core/verdict/alerts.py, core/clerk/replies.py and core/summary/summarise.py. The words are those that core/clerk/order_grammar.py reads; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.letters.contexts import Hint
from bot.core.policy.policy import KeyDelivery
from bot.core.records.incoming_mail import TRANSITIONS, MailState
from bot.core.records.submission import SubmissionState

_CHOICE = Hint("2番", "候補の2番として受け付けます")
_HELD_HINTS = (
    Hint("承認", "受け付けます（台帳に同じ番号があるとき）"),
    _CHOICE,
    Hint("差戻し 理由", "差出人に理由を添えて差し戻します"),
    Hint("差戻し 保証期限", "理由に応じた文面で差し戻します"),
    Hint("保留 メモ", "確認待ちのまま、メモを記録します"),
    Hint("訂正 保証契約番号 00000-000000", "読取りの誤りを直します"),
)
_ACCEPTED_HINTS = (
    Hint("確認済", "D-Sureで内容が一致（差出人に知らせます）"),
    Hint("相違 内容", "D-Sureの内容が相違（差し戻します）"),
    Hint("なし", "D-Sureで閲覧できない（差し戻します）"),
)
_REFUSAL_HINTS = (Hint("差戻し 一覧", "理由の種類（保証期限、工事名など）を返信します"),)
_KEYS_HINTS = (Hint("キー", "認証キーのメールをもう一度送ります"),)
_ANY_HINTS = (Hint("照会 番号又は工事名", "台帳と受付を調べて返信します"),)


_MAIL_HINTS = (Hint("対応済 メモ", "人が対応し終えたと記録します"),)
_REREAD_HINTS = (Hint("再読取", "メールをもう一度読み取ります"),)
_OPEN_MAILS = frozenset(state for state in MailState if state.is_open)
_REREADABLE = frozenset(state for state in _OPEN_MAILS if MailState.RECEIVED in TRANSITIONS[state])


def hints(
    states: Iterable[SubmissionState | MailState], keys: KeyDelivery = KeyDelivery.MASKED, *, has_choices: bool = True
) -> tuple[Hint, ...]:
    """How to answer about cases in these states. `keys`: how the desk gets them; `has_choices`: whether the letter numbers the
    register's rows to choose from.
    """
    found = set(states)
    of_held = tuple(hint for hint in _HELD_HINTS if has_choices or hint is not _CHOICE)
    held = of_held if SubmissionState.HELD in found else ()
    accepted = (*_ACCEPTED_HINTS, *(_KEYS_HINTS if keys is KeyDelivery.SEPARATE else ()))
    accepted = accepted if SubmissionState.ACCEPTED in found else ()
    mails = (*(_MAIL_HINTS if found & _OPEN_MAILS else ()), *(_REREAD_HINTS if found & _REREADABLE else ()))
    refusals = _REFUSAL_HINTS if held or accepted else ()
    return (*held, *accepted, *refusals, *mails, *_ANY_HINTS) if held or accepted or mails else ()


BETWEEN_ORDERS = "／"


def hints_by_kind(states: Iterable[SubmissionState | MailState]) -> tuple[Hint, ...]:
    """The usual orders in a line for each kind of case, for a letter of many cases; ヘルプ tells all."""
    found = set(states)
    kinds = (
        (found & {SubmissionState.ACCEPTED}, "D-Sureの確認", _ACCEPTED_HINTS),
        (found & {SubmissionState.HELD}, "確認待ち", (_HELD_HINTS[0], _HELD_HINTS[2], _HELD_HINTS[4])),
        (found & _OPEN_MAILS, "メール", (*_MAIL_HINTS, *(_REREAD_HINTS if found & _REREADABLE else ()))),
    )
    return tuple(
        Hint(BETWEEN_ORDERS.join(hint.write for hint in orders), kind) for are_there, kind, orders in kinds if are_there
    )
