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
from bot.core.records.secret import AuthKey
from bot.core.register.columns import Cell, Column, Heading
from bot.core.text.dates import DateError, moment_of, read_date, read_moment, read_period
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean, fold_name, fold_works_number, full_width_ascii_to_half, normalise_number

_Date = TypeVar("_Date", date, datetime, tuple[date | None, date | None])


class CellError(ValueError):
    """The cell can't be taken; the message tells the clerk why and what to do."""


# Placeholders for an unknown value. In a needed column they are a fault.
BLANK_MARKS = frozenset("- ― ー － ‐ – — − ─ . … 未定 未 未発行 申請中 手続中 未着 不明 該当なし なし".split())  # noqa: SIM905 (words read better as words)
# A longer text is no name. It is refused, not cut, because names are compared.
_MAX_TEXT = 200
# 1 兆円: a larger amount of a city's works contract is mistyped.
_MAX_YEN = 10**12
_MAX_REVISION = 99
_NUMBER_LENGTHS = range(3, 41)
_KEY_LENGTHS = range(4, 65)
# The first serial and the last that would be 2000–2099 in a cell formatted as a number.
_EXCEL_SERIALS = range(36526, 73051)
_EXCEL_EPOCH = date(1899, 12, 30)

# Replacement characters of exports in old encodings; imported, they would overwrite the right ones.
_LOST = frozenset("〓\ufffd")
_DASHES = "ー－‐‑‒–—―−─"
_SCIENTIFIC = LazyPattern(r"^[0-9]+(?:\.[0-9]+)?[Ee]\+?[0-9]+$")
_EXCEL_FAULT = LazyPattern(r"^#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|[#]+)$")
_NUMBER = LazyPattern(r"^[0-9A-Za-z][0-9A-Za-z()/.-]*$")
_AMOUNT = LazyPattern(r"^(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?$")
# 金1,234,567円也, ¥1,234,567-, and \\1,234,567, which is ¥ in Shift_JIS.
_AMOUNT_FRAME = LazyPattern(r"^金?(?:[¥\\](.*?)-?|(.*?))円?也?$")
_BIG_UNIT = LazyPattern(r"[千万億]円?$")
_MASK = LazyPattern(r"\*{3,}")
_KEY = LazyPattern(r"^[!-~]+$")
_REVISION = LazyPattern(r"^(?:第?([0-9]{1,3})(?:回|号)?(?:変更)?|変更[一-]?\(?第?([0-9]{1,3})\)?(?:回目|回|号)?)$")
_KANJI_REVISION = LazyPattern(r"^(?:第([一二三四五六七八九])回(?:変更)?|変更第?([一二三四五六七八九])(?:回目|回|号)?)$")
# RFC 5321's Mailbox without quoted strings and address literals, and its lengths: what a surety's form takes as well.
_LONGEST_ADDRESS, _LONGEST_LOCAL = 254, 64
_EMAIL = LazyPattern(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$",
)


@cache
def _products() -> dict[str, Product]:
    return {
        fold_name(name): product
        for product, names in {
            Product.ADVANCE_PAYMENT: ("前払金保証", "前払", "前払金", "前払保証", "前金払", "前金払保証"),
            Product.INTERIM_PAYMENT: (
                *("中間前払金保証", "中間前払金", "中間前払", "中間", "中間前払保証", "中間前金払", "中間前金払保証"),
            ),
            Product.CONTRACT: ("契約保証", "契約", "契約保証金"),
            Product.OTHER: (
                "契約保証予約",
                "入札ボンド",
                "契約保証予約(入札ボンド)",
                "入札保証",
                Product.OTHER.words,
            ),
        }.items()
        for name in names
    }


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


def as_text(cell: Cell) -> str:
    """A cell as a clerk sees it in the spreadsheet, on one line."""
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 10**15:
            return str(int(cell))
        case datetime():
            return f"{cell:%Y/%m/%d %H:%M:%S}"
        case date():
            return f"{cell:%Y/%m/%d}"
        case _:
            return clean(str(cell), limit=_MAX_TEXT)


def text(cell: Cell) -> str:
    """A name, as written but for blanks and controls."""
    if isinstance(cell, (date, time, timedelta)):
        raise CellError("日付や時刻になっています。セルの書式を文字列にして入力し直してください。")
    value = clean(cell, limit=_MAX_TEXT + 1) if isinstance(cell, str) else as_text(cell)
    if len(value) > _MAX_TEXT:
        raise CellError(f"{_MAX_TEXT}文字を超えています。")
    if _EXCEL_FAULT.match(value):
        raise CellError("数式のエラーです。値を入力し直してください。")
    if _LOST & set(value):
        raise CellError("表せなかった文字（〓など）が入っています。正しい文字を入力してください。")
    return value


def name(cell: Cell) -> str:
    """A work's or firm's name: text in which something is left to compare."""
    value = text(cell)
    if not fold_name(value) or value in BLANK_MARKS:
        raise CellError("名称として読み取れません。")
    return value


def number(cell: Cell) -> str:
    """保証契約番号 in half-width characters with ASCII hyphens; what a spreadsheet made of it is refused."""
    if isinstance(cell, (bool, date, time, timedelta)):
        raise CellError("番号が日付などに変わっています。セルの書式を文字列にして入力し直してください。")
    value = normalise_number(as_text(cell)).removeprefix("第").removesuffix("号")
    if (isinstance(cell, float) and not cell.is_integer()) or _SCIENTIFIC.match(value):
        raise CellError("番号がExcelにより数値に変わっています。セルの書式を文字列にして入力し直してください。")
    if len(value) not in _NUMBER_LENGTHS or not _NUMBER.match(value) or not any(map(str.isdigit, value)):
        raise CellError("保証契約番号として読み取れません。「00000-000000」の形で入力してください。")
    return value


def works_number(cell: Cell) -> str:
    """工事番号 as written; what a spreadsheet made of it is refused."""
    if isinstance(cell, (bool, date, time, timedelta)):
        raise CellError("工事番号が日付などに変わっています。セルの書式を文字列にして入力し直してください。")
    value = text(cell)
    if (isinstance(cell, float) and not cell.is_integer()) or _SCIENTIFIC.match(value):
        raise CellError("工事番号がExcelにより数値に変わっています。セルの書式を文字列にして入力し直してください。")
    if not fold_works_number(value):
        raise CellError("工事番号として読み取れません。")
    return value


_BLANKS = LazyPattern(r"\s+")


def revision(cell: Cell) -> int:
    """変更番号: 新規 is 0; 変更－1, 第1回変更, １ are 1."""
    value = _BLANKS.sub("", unicodedata.normalize("NFKC", as_text(cell)))
    value = value.translate(dict.fromkeys(map(ord, _DASHES), "-"))
    if any(word in value for word in ("訂正", "取消", "取り消")):
        raise CellError(
            "訂正・取消は変更番号ではありません。取消のときは「状態」の列に「取消」と入力し、"
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
    """変更区分 (対象): 新規, 変更－1, 訂正, 取消, 再発行, 訂正（変更－1）; with the 変更番号 that it tells, if any."""
    value = _BLANKS.sub("", unicodedata.normalize("NFKC", as_text(cell)))
    if fold_name(value) in {"変更取消", "変更の取消", "変更取消し"}:
        raise CellError(
            "変更の取消は、この列では取り込めません。変更番号を空にして、取り消した後の内容（金額、期限等）を入力してください。"
        )
    named = _KIND_OF_REVISION.match(value)
    if named is not None and (found := _kinds().get(fold_name(named[1]))) is not None:
        return found, revision(named[2])
    if (found := _kinds().get(fold_name(value))) is not None:
        return found, None
    try:
        number = revision(value)
    except CellError:
        raise CellError("変更区分が分かりません。新規・変更－1・訂正・取消・再発行のように入力してください。") from None
    return (VersionKind.CHANGE if number else VersionKind.NEW), number


def product(cell: Cell) -> Product:
    """商品（保証区分）."""
    found = _products().get(fold_name(text(cell)))
    if found is None:
        raise CellError("保証区分が分かりません。前払金保証・中間前払金保証・契約保証のいずれかを入力してください。")
    return found


_NEGATIVE = LazyPattern(r"^(?:[-△▲]|\()")


def yen(cell: Cell, unit: str = "") -> int:
    """An amount in yen. `unit`: the header's (千, 百万): refused, since a ledger mixes both and one is a thousandfold."""
    if isinstance(cell, (bool, date, time, timedelta)):
        raise CellError("金額ではありません。セルの書式を数値にして入力し直してください。")
    if isinstance(cell, (int, float)):
        value = as_text(cell)
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


def auth_key(cell: Cell) -> AuthKey:
    """認証キー to the letter: blanks around it go, full-width letters become half-width, nothing else changes."""
    if isinstance(cell, (bool, int, float, date, time, timedelta)):
        raise CellError(
            "認証キーがExcelにより数値又は日付に変わっています。セルの書式を文字列にして、お知らせのとおりに入力し直してください。",
        )
    letters = full_width_ascii_to_half((cell or "").strip())
    if _MASK.search(letters):
        raise CellError(
            "伏せ字の認証キーは取り込めません。認証キーの列を空にするか、お知らせのとおりに入力してください。",
        )
    if _SCIENTIFIC.match(letters):
        raise CellError(
            "認証キーがExcelにより数値に変わっています。セルの書式を文字列にして、お知らせのとおりに入力し直してください。",
        )
    if not _KEY.match(letters):
        raise CellError("認証キーに半角英数字・記号以外の文字が入っています。お知らせのとおりに入力してください。")
    if len(letters) not in _KEY_LENGTHS:
        raise CellError("認証キーの文字数がおかしくないか確かめてください。")
    return AuthKey(letters)


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
    """状態／証書の形式: 紙, 取消, 期限切れ, or EXPECTED for 電子 in whatever state the program has it."""
    found = _states().get(fold_name(text(cell)))
    if found is None:
        raise CellError("状態が分かりません。電子・紙・取消・期限切れのいずれかを入力してください。")
    return found


READERS: MappingProxyType[Column, Callable[[Cell], object]] = MappingProxyType(
    {
        Column.NUMBER: number,
        Column.REVISION: revision,
        Column.PRODUCT: product,
        Column.WORKS_NUMBER: works_number,
        Column.PROJECT_NAME: name,
        Column.CONTRACTOR: name,
        Column.JV_NAME: text,
        Column.ORDERER: text,
        Column.EXPIRES_ON: day,
        Column.WORKS_START_ON: day,
        Column.WORKS_END_ON: day,
        Column.CONTRACTED_ON: day,
        Column.DEPOSIT_BANK: text,
        Column.AUTH_KEY: auth_key,
        Column.ISSUED_AT: moment,
        Column.WANTS_ISSUED_MAIL: wish,
        Column.EMAIL: email,
        Column.DESK: text,
        Column.STATE: state,
    },
)
"""How a column's cells are read; amounts, which have units, and columns of more than one field stand in `read_cell`."""


SAID = "said"
"""The one name that `read_cell` gives besides Guarantee's: what the file calls the version."""


def read_cell(heading: Heading, cell: Cell) -> dict[str, object]:
    """The fields of Guarantee that a cell which is not empty gives, by their names, and SAID. Raises CellError."""
    match heading.column:
        case Column.KIND:
            said, number_of_change = kind(cell)
            told: dict[str, object] = {SAID: said}
            if said is VersionKind.CANCELLATION:
                told["state"] = GuaranteeState.CANCELLED
            return told if number_of_change is None else told | {"revision": number_of_change}
        case Column.CONTRACT_AMOUNT | Column.GUARANTEE_AMOUNT as column:
            return {column.field: yen(cell, heading.unit)}
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
