"""Papers whose fields stand beside, between or under other things: remarks, addresses, prose, heads, a second notice."""

from __future__ import annotations

from collections.abc import Callable

from notices import CLOSING, EAST, EAST_TITLE, INTRODUCTION, LABELS, TWO_LINES, Mint, Notice
from printed import page_html

_ENGLISH = ("Project", "Contractor", "Product", "Bond No.", "Access Key")
_OTHERS = ("業務名", "受託者名※1", "保証の種類", "保証契約番号※2", "認証キー（閲覧用）")
_REMARKS = ("契約書記載のとおり", "ＪＶの場合は代表者", "", "半角", "半角")
_OFFICE = (
    "お問い合わせ先",
    "水辺支店　営業課",
    "〒310-0000 水辺市見本町1-2-3",
    "TEL 029-000-0000",
    "FAX 029-000-0001",
    "担当：保証 次郎",
)
_BORDERS = '<table border="1" style="border-collapse:collapse;width:165mm">'
# Names that begin like a word of the sentences around labels, or like a line of the address below.
_LIKE_A_PARTICLE, _LIKE_AN_ADDRESS = "と場跡地解体工事", "電話交換機設備更新工事"


def _values(notice: Notice) -> tuple[str, ...]:
    return notice.project_name, notice.contractor, notice.product, notice.number, notice.auth_key


def _rows(row: str, notice: Notice, labels: tuple[str, ...] = LABELS, more: tuple[str, ...] = _REMARKS) -> str:
    return "".join(
        row.format(number=number, label=label, value=value, more=text)
        for number, (label, value, text) in enumerate(zip(labels, _values(notice), more, strict=True), 1)
    )


def _cells(texts: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{text}</td>" for text in texts) + "</tr>"


def _remarks(notice: Notice, _: Notice) -> str:
    head = _cells(("項目", "内容", "備考"))
    row = '<tr><td style="width:35mm">{label}</td><td style="width:85mm">{value}</td><td>{more}</td></tr>'
    return f"{_BORDERS}{head}{_rows(row, notice)}</table>"


def _address_beside(notice: Notice, _: Notice) -> str:
    box = "<br>".join(_OFFICE)
    return (
        f'<div style="float:right;width:52mm;font-size:8pt;border:1px solid">{box}</div>'
        f'<div style="width:105mm">{_rows("<p>{label}：{value}</p>", notice)}</div>'
    )


def _side_by_side(notice: Notice, other: Notice) -> str:
    cell = '<td style="width:80mm;font-size:8pt;vertical-align:top">'
    both = "".join(f"{cell}{_rows('<p>{label}：{value}</p>', one)}</td>" for one in (notice, other))
    return f"<table><tr>{both}</tr></table>"


def _two_heads(notice: Notice, _: Notice) -> str:
    names, codes = (*LABELS[:3],), (*LABELS[3:], "発行日")
    values = _values(notice)
    rows = (_cells(names), _cells(values[:3]), _cells(codes), _cells((*values[3:], "令和８年６月３日")))
    return f"{_BORDERS}{''.join(rows)}</table>"


def _head_then_table(notice: Notice, _: Notice) -> str:
    values = _values(notice)
    head = f"{_BORDERS}{_cells(LABELS[3:])}{_cells(values[3:])}</table><br>"
    below = "".join(_cells(pair) for pair in zip(LABELS[:3], values[:3], strict=True))
    return f"{head}{_BORDERS}{below}</table>"


def _counted_head(notice: Notice, other: Notice) -> str:
    rows = "".join(_cells((str(number), *_values(one))) for number, one in enumerate((notice, other), 1))
    style = "<style>td:nth-child(n+4) { white-space: nowrap }</style>"
    return f'{style}<div style="font-size:8pt">{_BORDERS}{_cells(("No.", *LABELS))}{rows}</table></div>'


def _counted_rows(notice: Notice, _: Notice) -> str:
    row = '<tr><td>{number}</td><td style="width:38mm">{label}</td><td>{value}</td></tr>'
    return f"{_BORDERS}{_rows(row, notice)}</table>"


def _prose_beside(notice: Notice, _: Notice) -> str:
    prose = "".join(f"<p>{line}</p>" for line in INTRODUCTION)
    fields = _rows("<p>{label}：{value}</p>", notice)
    cell = '<td style="width:80mm;font-size:8pt;vertical-align:top">'
    return f"<table><tr>{cell}{prose}</td>{cell}{fields}</td></tr></table>"


_Style = Callable[[Notice, Notice], str]
_STYLES: dict[str, tuple[str, str, int, _Style]] = {  # producer, work's name, notices on it
    "remarks": ("chromium", TWO_LINES, 1, _remarks),
    "address-beside": ("chromium", TWO_LINES, 1, _address_beside),
    "side-by-side": ("chromium", TWO_LINES, 2, _side_by_side),
    "two-heads": ("writer", "", 1, _two_heads),
    "head-then-table": ("chromium", TWO_LINES, 1, _head_then_table),
    "counted-head": ("chromium", TWO_LINES, 2, _counted_head),
    "counted-rows": ("chromium", _LIKE_AN_ADDRESS, 1, _counted_rows),
    "prose-beside": ("chromium", "", 1, _prose_beside),
    "quoted": ("writer", "", 1, lambda notice, _: _rows("<p>{label}「{value}」</p>", notice)),
    "leaders": ("writer", _LIKE_AN_ADDRESS, 1, lambda notice, _: _rows("<p>{label}・・・・・・{value}</p>", notice)),
    "english": ("writer", "", 1, lambda notice, _: _rows("<p>{label} / {more}：{value}</p>", notice, more=_ENGLISH)),
    "marks": ("chromium", _LIKE_A_PARTICLE, 1, lambda notice, _: _rows("<p>{label}　　{value}</p>", notice, _OTHERS)),
}


def varied() -> dict[str, tuple[str, str, tuple[Notice, ...]]]:
    """Name → (producer, page, notices on it)."""
    mint = Mint(11)
    made: dict[str, tuple[str, str, tuple[Notice, ...]]] = {}
    for name, (producer, project, count, style) in _STYLES.items():
        notices = (mint(project), mint())
        closing = "".join(f"<p>{line}</p>" for line in (*CLOSING, EAST))
        body = f"<h1>{EAST_TITLE}</h1><p style='text-align:center'>記</p>{style(*notices)}<div style='clear:both'>{closing}</div>"
        made[f"varied-{name}"] = (producer, page_html(body), notices[:count])
    return made
