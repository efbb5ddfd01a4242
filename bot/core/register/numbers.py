"""Cells of 保証契約番号, 工事番号 and 認証キー: taken where they are surely what was written, else refused with the reason.

Called by values.py. A spreadsheet takes hyphens and leading zeros from numbers, and makes dates and powers of ten of them; what its
cell's format still shows is taken. A key is never corrected. Raises CellError; no message holds a key.
"""

from __future__ import annotations

from datetime import date, time, timedelta

from bot.core.records.secret import AuthKey
from bot.core.register.cells import Cell, CellError, ShownNumber, as_text, is_calculated, is_dated
from bot.core.register.layout import Layout
from bot.core.register.names import text
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold_works_number, full_width_ascii_to_half, normalise_number

_NUMBER_LENGTHS = range(3, 41)
_KEY_LENGTHS = range(4, 65)
_NUMBER = LazyPattern(r"^[0-9A-Za-z][0-9A-Za-z()/.-]*$")
_MASK = LazyPattern(r"[*＊]{3,}|[●•]{4,}")
_KEY = LazyPattern(r"^[!-~]+$")
_AS_TEXT = "セルの書式を文字列にして入力し直してください。"
_AS_ON_THE_PAPER = "セルの書式を文字列にして、お知らせのとおりに入力し直してください。"


def number(cell: Cell, layout: Layout) -> str:
    """保証契約番号 in half-width characters with ASCII hyphens, held against the known forms."""
    if isinstance(cell, (bool, date, time, timedelta)):
        raise CellError(f"番号が日付などに変わっています。{_AS_TEXT}")
    value = _number(cell)
    if layout.is_number(value) and not (_is_bare(cell) and layout.lacks_zeros(value)):
        return value
    if is_dated(as_text(cell)):
        raise CellError(f"番号が日付に変わっています。{_AS_TEXT}")
    if (isinstance(cell, float) and not cell.is_integer()) or is_calculated(value):
        raise CellError(f"番号がExcelにより数値に変わっています。{_AS_TEXT}")
    if len(value) not in _NUMBER_LENGTHS or not _NUMBER.match(value) or not any(map(str.isdigit, value)):
        raise CellError("保証契約番号として読み取れません。「00000-000000」の形で入力してください。")
    if value.isdecimal() or layout.lacks_zeros(value):
        raise CellError(
            "番号の先頭の0やハイフンが失われているおそれがあります。"
            f"{_AS_TEXT}正しい番号であれば、その形を設定の reading.number_patterns に加えてください。"
        )
    return value


def _number(cell: Cell) -> str:
    return normalise_number(as_text(cell)).removeprefix("第").removesuffix("号")


def _is_bare(cell: Cell) -> bool:
    """Whether a cell is a number that is shown as it is, so that its leading zeros can't be seen."""
    return isinstance(cell, (int, float)) and not isinstance(cell, ShownNumber)


def unread_number(cell: Cell) -> str:
    """What is left of a number that can't be taken, "" = nothing to compare."""
    value = "" if isinstance(cell, (bool, date, time, timedelta)) else _number(cell)
    return "" if is_calculated(value) or is_dated(value) or not value.replace("-", "").isdecimal() else value


def differs_by_zeros(unread: str, number: str) -> bool:
    """Whether what is left of a number may be this one, without its hyphens or leading zeros."""
    if unread.replace("-", "").lstrip("0") == number.replace("-", "").lstrip("0"):
        return True
    return [part.lstrip("0") for part in unread.split("-")] == [part.lstrip("0") for part in number.split("-")]


def works_number(cell: Cell) -> str:
    """工事番号 as written or shown; what a spreadsheet made of it is refused."""
    if isinstance(cell, (bool, date, time, timedelta)):
        raise CellError(f"工事番号が日付などに変わっています。{_AS_TEXT}")
    value = text(cell)
    if is_dated(value):
        raise CellError(f"工事番号が日付に変わっています。{_AS_TEXT}")
    if (isinstance(cell, float) and not cell.is_integer()) or is_calculated(value):
        raise CellError(f"工事番号がExcelにより数値に変わっています。{_AS_TEXT}")
    if not fold_works_number(value):
        raise CellError("工事番号として読み取れません。")
    return value


def is_mask(cell: Cell) -> bool:
    """Whether a cell holds a masked key, as an export and the letters write it: it says nothing of the key."""
    return isinstance(cell, str) and _MASK.search(cell) is not None


def auth_key(cell: Cell, layout: Layout) -> AuthKey:
    """認証キー to the letter: blanks around it go, full-width letters become half-width, nothing else changes."""
    if isinstance(cell, (bool, int, float, date, time, timedelta)):
        raise CellError(f"認証キーがExcelにより数値又は日付に変わっています。{_AS_ON_THE_PAPER}")
    letters = full_width_ascii_to_half((cell or "").strip())
    if layout.is_key(letters):
        return AuthKey(letters)
    if is_calculated(letters):
        raise CellError(f"認証キーがExcelにより数値に変わっています。{_AS_ON_THE_PAPER}")
    if is_dated(letters):
        raise CellError(f"認証キーがExcelにより日付に変わっています。{_AS_ON_THE_PAPER}")
    if not _KEY.match(letters):
        raise CellError("認証キーに半角英数字・記号以外の文字が入っています。お知らせのとおりに入力してください。")
    if layout.key_lacks_zeros(letters):
        raise CellError(f"認証キーの先頭の0が失われています。{_AS_ON_THE_PAPER}")
    if len(letters) not in _KEY_LENGTHS:
        raise CellError("認証キーの文字数がおかしくないか確かめてください。")
    return AuthKey(letters)
