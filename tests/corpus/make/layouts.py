"""Ways to set the five fields of a notice as a web page: lists, tables, grids; labels above, centred, spaced out, wrapped.

`layouts()` gives each as (producer, page, notices). They are what other systems and offices may print, so the reader must
not know one layout only.
"""

from __future__ import annotations

import html
from collections.abc import Callable

from notices import CLOSING, EAST, EAST_TITLE, LABELS, THREE_LINES, TWO_LINES, Mint, Notice
from printed import page_html

JV_TWO_MEMBERS = "水辺・稲穂特定建設工事共同企業体"


def _values(notice: Notice) -> tuple[str, ...]:
    texts = (notice.project_name, notice.contractor, notice.product, notice.number, notice.auth_key)
    return tuple(html.escape(text) for text in texts)


def _each(form: str) -> Callable[[Notice], str]:
    return lambda notice: "".join(
        form.format(label=label, spaced="　".join(label), value=value)
        for label, value in zip(LABELS, _values(notice), strict=True)
    )


def _table(cell: str = "", head: str = "", *, width: str = "auto", form: str = "") -> Callable[[Notice], str]:
    row = form or f'<tr><th style="{head}">{{label}}</th><td style="{cell}">{{value}}</td></tr>'
    rows = _each(row)
    return lambda notice: f'<table border="1" style="border-collapse:collapse;width:{width}">{rows(notice)}</table>'


def _heads(*notices: Notice) -> str:
    head = "".join(f"<th>{label}</th>" for label in LABELS)
    rows = "".join("<tr>" + "".join(f"<td>{v}</td>" for v in _values(notice)) + "</tr>" for notice in notices)
    return f'<table border="1" style="border-collapse:collapse;font-size:9pt;width:100%"><tr>{head}</tr>{rows}</table>'


def _pairs(notice: Notice) -> str:
    project, contractor, product, number, key = _values(notice)
    return (
        '<table border="1" style="border-collapse:collapse;width:100%">'
        f"<tr><th>工事名</th><td colspan=3>{project}</td></tr>"
        f"<tr><th>受注者名<br>（ＪＶの場合は代表者）</th><td>{contractor}</td><th>商品（保証区分）</th><td>{product}</td></tr>"
        f"<tr><th>保証契約番号</th><td>{number}</td><th>認証キー</th><td>{key}</td></tr></table>"
    )


_STYLES: dict[str, Callable[[Notice], str]] = {
    "list": lambda notice: f"<dl>{_each('<dt>{label}：</dt><dd>{value}</dd>')(notice)}</dl>",
    "colon-column": _table(form="<tr><td>{label}</td><td>：</td><td>{value}</td></tr>"),
    "labels-right": _table("padding-left:2em", "text-align:right;width:10em"),
    "labels-centred": _table("padding:8px", "width:12em;padding:8px"),
    "labels-wrapped": _table("padding:6px", "width:6em;padding:6px", width="300px"),
    "middle": _table("padding:2px", "vertical-align:middle;text-align:left;padding:2px", width="60%"),
    "top": _table("padding:2px;vertical-align:top", "vertical-align:top;text-align:left;padding:2px", width="60%"),
    "bottom": _table("padding:2px", "vertical-align:bottom;text-align:left;padding:2px", width="60%"),
    "justified": _table("padding-left:1.5em", "width:9em;text-align-last:justify"),
    "titled-columns": lambda notice: _table("padding:4px")(notice).replace(
        "<tr>", "<tr><th>項目</th><th>内容</th></tr><tr>", 1
    ),
    "pairs": _pairs,
    "heads": lambda notice: _heads(notice, Mint(9)()),
    "grid": lambda notice: (
        '<div style="display:grid;grid-template-columns:10em 1fr;row-gap:10px">'
        f"{_each('<div>{label}</div><div>{value}</div>')(notice)}</div>"
    ),
    "spaced": _each('<p><span style="letter-spacing:1em">{label}</span>　{value}</p>'),
    "blanks": _each("<p>{spaced}　：　{value}</p>"),
    "bracketed": _each("<p>【{label}】</p><p>{value}</p>"),
    "hanging": _each('<p style="padding-left:8em;text-indent:-8em">{label}：{value}</p>'),
    "underlined": _each("<p>{label}　<u>　{value}　</u></p>"),
}


def layouts() -> dict[str, tuple[str, str, tuple[Notice, ...]]]:
    """Name → (producer, page, notices on it). Names that wrap go to Chromium, short ones to Writer, by turns."""
    mint = Mint(8)
    made: dict[str, tuple[str, str, tuple[Notice, ...]]] = {}
    for turn, (name, style) in enumerate(_STYLES.items()):
        for producer, project in (("chromium", (TWO_LINES, THREE_LINES)[turn % 2]), ("writer", "")):
            notice = mint(project, JV_TWO_MEMBERS if project else "")
            notices = (notice, Mint(9)()) if name == "heads" else (notice,)
            closing = "".join(f"<p>{line}</p>" for line in (*CLOSING, EAST))
            body = f"<h1>{EAST_TITLE}</h1><p style='text-align:center'>記</p>{style(notice)}{closing}"
            made[f"layout-{name}-{producer}"] = (producer, page_html(body), notices)
    return made
