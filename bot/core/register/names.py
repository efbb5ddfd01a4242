"""Cells of names → text: a work's name, a firm's, and what is only shown.

Called by values.py. A firm's name is what stands in its cell without the address, the telephone and the person who signs. A name
whose characters were lost is taken with 〓 in their places; rows.py reports it. Raises CellError.
"""

from __future__ import annotations

from datetime import date, time, timedelta

from bot.core.register.cells import BLANK_MARKS, DITTO_MARKS, MAX_TEXT, Cell, CellError, as_text
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.lost_characters import LOST, has_lost, mark_lost
from bot.core.text.normalise import clean, fold_name

_LINES = LazyPattern(r"[\r\n\v\f\u2028\u2029]+")
# Who signs for a firm. 代表者 and 代表構成員 stand before a joint venture's representative, and are no such person.
_SIGNER = r"(?:代表)?取締役|代表執行役|執行役員?|代表社員|業務執行社員|代表理事|理事長|支店長|支社長|支配人|営業所長|出張所長|事業所長|事務所長|所長|社長|会長"
_SIGNER_LINE = LazyPattern(rf"^[(（\s\u3000]*(?:{_SIGNER})")
_SIGNER_BEHIND = LazyPattern(rf"[\s\u3000]+[(（]?(?:{_SIGNER}).*$")
_ADDRESS_LINE = LazyPattern(
    r"^[\s\u3000]*(?:〒|住所|所在地|(?:TEL|Tel|ＴＥＬ|電話|FAX|ＦＡＸ)[\s\u3000:：(（0-9０-９]"
    r"|(?:北海道|東京都|(?:京都|大阪)府|.{2,3}県)?[^\s\u3000]{1,12}[市区町村郡][^\s\u3000]{0,40}(?:[0-9０-９]|丁目|番地))"
)
_LEGAL_FORM = LazyPattern(r"株式会社|有限会社|合同会社|合資会社|合名会社|協同組合|共同企業体|[㈱㈲]|[(（][株有同][)）]")


def text(cell: Cell) -> str:
    """What is only shown, as written but for blanks and controls."""
    value = _written(cell)
    if has_lost(value):
        raise CellError("表せなかった文字（外字、〓など）が入っています。正しい文字を入力してください。")
    return value


def name(cell: Cell) -> str:
    """A work's name or a joint venture's: text in which something is left to compare."""
    return _name(_written(cell))


def firm(cell: Cell) -> str:
    """A firm's name, without what stands around it in its cell."""
    if not isinstance(cell, str) or not any(map(str.isspace, cell.strip())):
        return name(cell)
    lines = [line for line in _LINES.split(cell) if line.strip()]
    kept = [line for line in lines if not _is_beside_a_firm(line)]
    return _name(_written(_SIGNER_BEHIND.sub("", clean("\n".join(kept or lines), limit=MAX_TEXT * 2))))


def _is_beside_a_firm(line: str) -> bool:
    if _SIGNER_LINE.match(line):
        return True
    return _ADDRESS_LINE.match(line) is not None and not _LEGAL_FORM.search(line)


def _written(cell: Cell) -> str:
    if isinstance(cell, (date, time, timedelta)):
        raise CellError("日付や時刻になっています。セルの書式を文字列にして入力し直してください。")
    value = clean(cell, limit=MAX_TEXT + 1) if isinstance(cell, str) else as_text(cell)
    if len(value) > MAX_TEXT:
        raise CellError(f"{MAX_TEXT}文字を超えています。")
    return value


def _name(written: str) -> str:
    value = mark_lost(written)
    if not fold_name(value.replace(LOST, "")) or value in BLANK_MARKS or value in DITTO_MARKS:
        raise CellError("名称として読み取れません。")
    return value
