"""How a letter can be answered, as it says itself: what to write, and what it does.

Used by core/verdict/alerts.py, core/clerk/replies.py and core/summary/summarise.py. What a case allows is told by core/judging/options.py,
which also decides on the orders. The words are those that core/clerk/answer/order_grammar.py reads; a test holds them equal. Pure; nothing is
raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.letters.to_desks import Hint
from bot.core.policy.policy import KeyDelivery
from bot.core.records.incoming_mail import TRANSITIONS, MailState
from bot.core.records.submission import SubmissionState


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of the register for which a notice can be accepted, by the number that its letter gives it."""

    place: int
    guarantee_id: int
    project_name: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What an answer can do about one case in this state."""

    state: SubmissionState | MailState
    is_acceptable: bool = False  # 承認 is enough: the register has its number
    why_not: str = ""  # why not, and what to do first, where the register has its number; "" = its reasons tell
    choices: tuple[Choice, ...] = ()  # else by the number of a row
    is_verifiable: bool = True  # of an accepted one: its row still awaits a certificate
    tells_sender: bool = True  # whether its sender hears of what is decided
    is_reread: bool = True  # of a mail: it can be read again
    sends_originals: bool = False  # whether the papers that came can be sent to the clerk


def hints(offers: Iterable[Offer], keys: KeyDelivery = KeyDelivery.MASKED) -> tuple[Hint, ...]:
    """How to answer a letter about cases of which these are offered. `keys`: how the desk gets them.

    With several cases, it tells what can be done about one of them at least.
    """
    each = tuple(offers)
    held, accepted, mails = _by_kind(each)
    told = (
        *(_held(held, names_rows=len(each) == 1) if held else ()),
        *(_accepted(accepted, keys) if accepted else ()),
        *((_REFUSALS,) if held or accepted else ()),
        *(_mails(mails) if mails else ()),
        *((_ORIGINALS,) if any(one.sends_originals for one in each) else ()),
    )
    return (*told, _LOOK_UP) if told else ()


BETWEEN_ORDERS = "／"


def hints_by_kind(offers: Iterable[Offer]) -> tuple[Hint, ...]:
    """The usual orders in a line for each kind of case, for a letter of many cases; ヘルプ tells all."""
    held, accepted, mails = _by_kind(tuple(offers))
    accepts = ["承認"] if any(one.is_acceptable for one in held) else []
    kinds = (
        ("D-Sureの確認", [one.write for one in _accepted(accepted, KeyDelivery.MASKED)] if accepted else []),
        ("確認待ち", [*accepts, "差戻し 理由", "保留 メモ"] if held else []),
        ("メール", [one.write for one in _mails(mails)] if mails else []),
    )
    return tuple(Hint(BETWEEN_ORDERS.join(orders), kind) for kind, orders in kinds if orders)


def _by_kind(offers: Sequence[Offer]) -> tuple[list[Offer], list[Offer], list[Offer]]:
    """Those about notices that wait, about accepted ones, about mails that are open."""
    return (
        [one for one in offers if one.state is SubmissionState.HELD],
        [one for one in offers if one.state is SubmissionState.ACCEPTED],
        [one for one in offers if isinstance(one.state, MailState) and one.state.is_open],
    )


def is_reread(state: SubmissionState | MailState) -> bool:
    """Whether a mail in this state may be read again: not where a notice was taken from it."""
    return isinstance(state, MailState) and MailState.RECEIVED in TRANSITIONS[state]


def orders(hints: Iterable[Hint]) -> tuple[str, ...]:
    """The orders in them that do something about a case, without the words that they take."""
    return tuple(dict.fromkeys(one.write.split(" ")[0] for one in hints if one not in {_REFUSALS, _LOOK_UP}))


def _held(offers: Sequence[Offer], *, names_rows: bool) -> Iterator[Hint]:
    if any(one.is_acceptable for one in offers):
        yield Hint("承認", "受け付けます（台帳の、番号が同じ行）")
    for choice in sorted({one.place: one for offer in offers for one in offer.choices}.values(), key=_place):
        row = f"台帳{choice.guarantee_id}「{choice.project_name}」"
        yield Hint(f"{choice.place}番", f"{row if names_rows else f'候補{choice.place}'}として受け付けます")
    yield Hint("差戻し 理由", _sends_back(offers))
    yield Hint("差戻し 保証期限", "理由に応じた文面で差し戻します")
    yield Hint("保留 メモ", "確認待ちのまま、メモを記録します")
    yield Hint("訂正 保証契約番号 00000-000000", "読取りの誤りを直します")


def _place(choice: Choice) -> int:
    return choice.place


def _sends_back(offers: Sequence[Offer]) -> str:
    if all(one.tells_sender for one in offers):
        return "差出人に理由を添えて差し戻します"
    return (
        "差し戻します（差出人へは知らせません）"
        if len(offers) == 1
        else "差し戻します（返信できない差出人へは知らせません）"
    )


def _accepted(offers: Sequence[Offer], keys: KeyDelivery) -> Iterator[Hint]:
    told = "（差出人に知らせます）" if all(one.tells_sender for one in offers) else ""
    if any(one.is_verifiable for one in offers):
        yield Hint("確認済", f"D-Sureで内容が一致{told}")
    yield Hint("相違 内容", "D-Sureの内容が相違（差し戻します）")
    yield Hint("なし", "D-Sureで閲覧できない（差し戻します）")
    if keys is KeyDelivery.SEPARATE:
        yield Hint("キー", "認証キーのメールをもう一度送ります")


def _mails(offers: Sequence[Offer]) -> Iterator[Hint]:
    yield Hint("対応済 メモ", "人が対応し終えたと記録します")
    if any(one.is_reread for one in offers):
        yield Hint("再読取", "メールをもう一度読み取ります")


_REFUSALS = Hint("差戻し 一覧", "理由の種類（保証期限、工事名など）を返信します")
_ORIGINALS = Hint("原本", "届いた書類を、返信した方に送ります")
_LOOK_UP = Hint("照会 番号又は工事名", "台帳と受付を調べて返信します")
