"""One cell of a register file → one value of a Guarantee, or the reason why not, in Japanese.

Called by core/register/rows.py with cells that are not empty. Nothing is guessed: 千円, a key that a spreadsheet made a
number, a negative amount, an unknown product are refused. Raises CellError (a ValueError), nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from bot.core.records.guarantee import GuaranteeState, Product
from bot.core.records.guarantee_version import VersionKind
from bot.core.register.cells import Cell, CellError, RowError, ShownNumber, as_text, is_fault
from bot.core.register.columns import Column
from bot.core.register.headers import Heading
from bot.core.register.layout import Layout
from bot.core.register.names import firm, name, text
from bot.core.register.numbers import auth_key, number, works_number
from bot.core.register.products import product_named
from bot.core.text.dates import DateError, moment_of, read_date, read_moment, read_period
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean, fold_name, full_width_ascii_to_half

_Date = TypeVar("_Date", date, datetime, tuple[date | None, date | None])

# 1 兆円: a larger amount of a city's works contract is mistyped.
_MAX_YEN = 10**12
_MAX_REVISION = 99
# The first serial and the last that would be 2000–2099 in a cell formatted as a number.
_EXCEL_SERIALS = range(36526, 73051)
_EXCEL_EPOCH = date(1899, 12, 30)

_DASHES = "ー－‐‑‒–—―−─"
_AMOUNT = LazyPattern(r"^(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?$")
# 金1,234,567円也, ¥1,234,567-, and \\1,234,567, which is ¥ in Shift_JIS.
_AMOUNT_FRAME = LazyPattern(r"^金?(?:[¥\\](.*?)-?|(.*?))円?也?$")
_BIG_UNIT = LazyPattern(r"[千万億]円?$")
# Words of a guarantee for which no notice is awaited any more, however its city calls that.
_ENDS = LazyPattern(r"取り?消|解約|解除|失効|期限切|満了|終了|無効|中止|廃止|辞退|紙|書面")
_REVISION = LazyPattern(r"^(?:第?([0-9]{1,3})(?:回|号)?(?:変更)?|変更[一-]?\(?第?([0-9]{1,3})\)?(?:回目|回|号)?)$")
_KANJI_REVISION = LazyPattern(r"^(?:第([一二三四五六七八九])回(?:変更)?|変更第?([一二三四五六七八九])(?:回目|回|号)?)$")
# RFC 5321's Mailbox without quoted strings and address literals, and its lengths: what a surety's form takes as well.
_LONGEST_ADDRESS, _LONGEST_LOCAL = 254, 64
_EMAIL = LazyPattern(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$",
)


# The first four are set by this program only: 受領済 or 確認済 in a file means 電子.
@cache
def _states() -> dict[str, GuaranteeState]:
    return {
        fold_name(name): state
        for state, names in {
            GuaranteeState.EXPECTED: (
                *("電子", "電子保証", "電子保証(認証キーを含む)", "電子証書", "有効"),
                *("発行待ち", "発行済", "受領済", "確認済"),
            ),
            GuaranteeState.ON_PAPER: ("紙", "証書(紙)", "紙証書", "書面", "紙の証書", "紙保証"),
            GuaranteeState.CANCELLED: ("取消", "取消し", "取り消し", "解約", "解除", "取消済"),
            GuaranteeState.EXPIRED: ("期限切れ", "失効", "満了", "終了"),
        }.items()
        for name in names
    }


# 対象 beside 新規 and the changes, which tell a number.
@cache
def _kinds() -> dict[str, VersionKind]:
    return {
        fold_name(name): kind
        for kind, names in {
            VersionKind.CHANGE: ("変更",),
            VersionKind.CORRECTION: ("訂正",),
            VersionKind.CANCELLATION: ("取消", "取消し", "取り消し", "解約", "解除"),
            VersionKind.REISSUE: ("再発行",),
        }.items()
        for name in names
    }


_KIND_OF_REVISION = LazyPattern(r"^([^()]+)\(([^()]+)\)$")

_YES = frozenset("希望する 希望 有 有り あり ○ 〇 ◯ 要 はい true yes y 1 1.0 する レ ✓ ✔".split())  # noqa: SIM905 (likewise)
_NO = frozenset("希望しない 無 無し なし × ✕ ✗ x 不要 いいえ false no n 0 0.0 しない 希望無し 希望なし".split())  # noqa: SIM905 (likewise)


_BLANKS = LazyPattern(r"\s+")


def revision(cell: Cell) -> int:
    """変更番号: 新規 is 0; 変更－1, 第1回変更, １ are 1."""
    value = _BLANKS.sub("", unicodedata.normalize("NFKC", as_text(cell)))
    value = value.translate(dict.fromkeys(map(ord, _DASHES), "-"))
    if any(word in value for word in ("訂正", "取消", "取り消")):
        raise CellError(
            "訂正・取消しは変更番号ではありません。取消しのときは、「状態」の列に「取消し」と入力し、"
            "訂正のときは訂正後の内容で変更番号を元のままにしてください。",
        )
    if value == "新規":
        return 0
    found = _REVISION.match(value)
    if found is not None:
        result = int(found[1] or found[2])
    elif (found := _KANJI_REVISION.match(value)) is not None:
        result = "一二三四五六七八九".index(found[1] or found[2]) + 1
    else:
        raise CellError("変更番号として読み取れません。「新規」又は「1」のように入力してください。")
    if result > _MAX_REVISION:
        raise CellError("変更番号が大きすぎます。")
    return result


def kind(cell: Cell) -> tuple[VersionKind, int | None]:
    """変更区分 (対象): 新規, 変更－1, 訂正, 取消し, 再発行, 訂正（変更－1）; with the 変更番号 that it tells, if any."""
    value = _BLANKS.sub("", unicodedata.normalize("NFKC", as_text(cell)))
    if fold_name(value) in {"変更取消", "変更の取消", "変更取消し"}:
        raise CellError(
            "変更の取消しは、この列では取り込めません。変更番号を空にして、取り消した後の内容（金額、期限等）を入力してください。"
        )
    named = _KIND_OF_REVISION.match(value)
    if named is not None and (found := _kinds().get(fold_name(named[1]))) is not None:
        return found, revision(named[2])
    if (found := _kinds().get(fold_name(value))) is not None:
        return found, None
    try:
        number = revision(value)
    except CellError:
        raise CellError(
            "変更区分が分かりません。新規・変更－1・訂正・取消し・再発行のように入力してください。"
        ) from None
    return (VersionKind.CHANGE if number else VersionKind.NEW), number


def product(cell: Cell) -> Product:
    """商品（保証区分）."""
    found = product_named(text(cell))
    if found is None:
        raise CellError("保証区分が分かりません。前払金保証・中間前払金保証・契約保証のいずれかを入力してください。")
    return found


_NEGATIVE = LazyPattern(r"^(?:[-△▲]|\()")


def yen(cell: Cell, unit: str = "") -> int:
    """An amount in yen. `unit`: the header's (千, 百万): refused, since a ledger mixes both and one is a thousandfold."""
    if isinstance(cell, (bool, date, time, timedelta)):
        raise CellError("金額ではありません。セルの書式を数値にして入力し直してください。")
    if isinstance(cell, (int, float)):
        value = as_text(float(cell) if isinstance(cell, ShownNumber) else cell)
    else:
        value = _BLANKS.sub("", unicodedata.normalize("NFKC", clean(cell or "")))
        value = value.translate(dict.fromkeys(map(ord, _DASHES), "-"))
        value = _AMOUNT_FRAME.sub(r"\1\2", value)
    if unit or _BIG_UNIT.search(value):
        raise CellError("千円などの単位では取り込めません。円単位の金額を入力してください。")
    if _NEGATIVE.match(value):
        raise CellError("金額が負の数になっています。")
    if not _AMOUNT.match(value):
        raise CellError(
            "金額として読み取れません。「1234567」又は「1,234,567円」の形で、円未満なしで入力してください。"
        )
    result = int(value.replace(",", "").partition(".")[0])
    if result > _MAX_YEN:
        raise CellError("金額が大きすぎます。桁を確かめてください。")
    return result


def day(cell: Cell) -> date:
    """A date: of a date cell, or as text in any usual writing."""
    match cell:
        case datetime():
            return _plain_day(cell.date())
        case date():
            return _plain_day(cell)
        case bool() | time() | timedelta():
            raise CellError("日付ではありません。")
        case int() | float() if _EXCEL_SERIALS.start <= cell < _EXCEL_SERIALS.stop:
            seen = _EXCEL_EPOCH + timedelta(days=int(cell))
            raise CellError(
                f"日付の番号（{seen:%Y/%m/%d}のことと思われます）になっています。セルの書式を日付にしてください。",
            )
        case _:
            return _dated(read_date, as_text(cell))


def period(cell: Cell) -> tuple[date | None, date | None]:
    """工期 in one cell."""
    if not isinstance(cell, str):
        raise CellError("工期の始まりと終わりの2つの日付が読み取れません。")
    return _dated(read_period, cell)


def moment(cell: Cell) -> datetime:
    """発行日時, Japan's clock in the file, UTC as the result; a spreadsheet's rounding error below a second is undone."""
    if isinstance(cell, datetime):
        _plain_day(cell.date())
        return moment_of((cell.replace(tzinfo=None) + timedelta(microseconds=500_000)).replace(microsecond=0))
    if isinstance(cell, date):
        return moment_of(datetime.combine(_plain_day(cell), time()))
    if isinstance(cell, (bool, int, float, time, timedelta)):
        raise CellError("日時ではありません。セルの書式を日付にするか、「2026/4/1 10:05」の形で入力してください。")
    return _dated(read_moment, cell or "")


def wish(cell: Cell) -> bool:
    """電子保証発行完了のお知らせ: 希望する or 希望しない."""
    value = _BLANKS.sub("", unicodedata.normalize("NFKC", as_text(cell))).lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise CellError("「希望する」又は「希望しない」を入力してください。")


def email(cell: Cell) -> str:
    """One plain addr-spec, its domain in lower case."""
    value = full_width_ascii_to_half(as_text(cell)).strip()
    local, _, domain = value.rpartition("@")
    if len(value) > _LONGEST_ADDRESS or len(local) > _LONGEST_LOCAL or not _EMAIL.match(value):
        raise CellError("メールアドレスとして正しくありません。アドレスを1つだけ、半角で入力してください。")
    return f"{local}@{domain.lower()}"


def state(cell: Cell) -> GuaranteeState:
    """状態／証書の形式: 紙, 取消し, 期限切れ, or EXPECTED for 電子 in whatever state the program has it."""
    found = _states().get(fold_name(text(cell)))
    if found is None:
        raise CellError("状態が分かりません。電子・紙・取消し・期限切れのいずれかを入力してください。")
    return found


READERS: MappingProxyType[Column, Callable[[Cell], object]] = MappingProxyType(
    {
        Column.REVISION: revision,
        Column.PRODUCT: product,
        Column.WORKS_NUMBER: works_number,
        Column.PROJECT_NAME: name,
        Column.CONTRACTOR: firm,
        Column.JV_NAME: firm,
        Column.ORDERER: text,
        Column.EXPIRES_ON: day,
        Column.WORKS_START_ON: day,
        Column.WORKS_END_ON: day,
        Column.CONTRACTED_ON: day,
        Column.DEPOSIT_BANK: text,
        Column.ISSUED_AT: moment,
        Column.WANTS_ISSUED_MAIL: wish,
        Column.EMAIL: email,
        Column.DESK: text,
        Column.STATE: state,
    },
)
"""How a column's cells are read by themselves; what needs the header's unit or the city's forms, and columns of more than one field,
stand in `read_cell`."""


SAID = "said"
"""The one name that `read_cell` gives besides Guarantee's: what the file calls the version."""

# What these say may be that the guarantee is no more: then a row whose cell can't be read is no row.
_OF_ITS_END = frozenset({Column.STATE, Column.KIND, Column.REVISION})


def read_cell(heading: Heading, cell: Cell, layout: Layout) -> dict[str, object]:
    """The fields of Guarantee that a cell which is not empty gives, by their names, and SAID. Raises CellError, RowError."""
    if is_fault(cell):
        raise CellError("数式のエラーです。値を入力し直してください。")
    try:
        return _read(heading, cell, layout)
    except CellError as error:
        if heading.column in _OF_ITS_END and _ENDS.search(as_text(cell)):
            raise RowError(str(error)) from None
        raise


def _read(heading: Heading, cell: Cell, layout: Layout) -> dict[str, object]:
    match heading.column:
        case Column.KIND:
            said, number_of_change = kind(cell)
            told: dict[str, object] = {SAID: said}
            if said is VersionKind.CANCELLATION:
                told["state"] = GuaranteeState.CANCELLED
            return told if number_of_change is None else told | {"revision": number_of_change}
        case Column.CONTRACT_AMOUNT | Column.GUARANTEE_AMOUNT as column:
            return {column.field: yen(cell, heading.unit)}
        case Column.NUMBER | Column.AUTH_KEY as column:
            return {column.field: (number if column is Column.NUMBER else auth_key)(cell, layout)}
        case Column.WORKS_PERIOD:
            begin, end = period(cell)
            fields: dict[str, object] = {"works_start_on": begin, "works_end_on": end}
            return {field: value for field, value in fields.items() if value is not None}
        case column:
            return {column.field: READERS[column](cell)}


def _plain_day(found: date) -> date:
    # The same limits as for text: 1900/1/0 is a formula's empty date.
    return _dated(read_date, found.isoformat())


def _dated(read: Callable[[str], _Date], written: str) -> _Date:
    try:
        return read(written)
    except DateError as error:
        raise CellError(str(error)) from None
