"""The blank form for Excel in which a clerk enters notices: a row for each, and a sheet that tells how to fill it in.

Written by `submissions form`, read again by core/notice/entry_forms.py: its titles are the register's. Its cells are text, so that a
spreadsheet program makes no number of a key. Pure; nothing is raised.
"""

from __future__ import annotations

from bot.core.records.guarantee import PRODUCT_NAMES, Product
from bot.core.text.sheet import Sheet, SheetColumn

_PRODUCTS = tuple(name for product, name in PRODUCT_NAMES.items() if product is not Product.OTHER)
# Title, width, example, what to write.
_FIELDS = (
    ("保証契約番号", 20, "12345-678901", "お知らせのとおりに。省略できません"),
    (
        "認証キー",
        24,
        "（お知らせのとおり）",
        "大文字と小文字を区別します。できるだけ、書き写さずに貼り付けてください。省略できません",
    ),
    ("工事名", 44, "市道3号線舗装工事", "お知らせのとおりに。省略できません"),
    ("受注者名", 32, "株式会社みほん建設", "お知らせのとおりに（共同企業体では代表者）。省略できません"),
    ("保証区分", 18, _PRODUCTS[0], "一覧から選んでください。省略できません"),
    (
        "差出人",
        36,
        "tanto@kensetsu.example.jp",
        "受注者のメールアドレス。書くと、受付のお知らせを送ります。なければ空欄にします",
    ),
)


def entry_workbook() -> tuple[Sheet, ...]:
    """The form and its explanation."""
    columns = tuple(
        SheetColumn(title, width, _PRODUCTS if title == "保証区分" else ()) for title, width, _, _ in _FIELDS
    )
    explained = tuple((title, example, words) for title, _, example, words in _FIELDS)
    sending = (
        ("送り方", "手入力 FAX", "件名は「手入力」で始め、どう届いたか（FAX、窓口など）を続けます"),
        ("", "", "このファイルを添付し、担当の職員のアドレスから、受付のアドレスへ送ります"),
        ("", "", "「手入力」のシートの1行に1件、1通に100件までです"),
        ("送った後", "", "返信を確かめてから、認証キーの入ったファイルとメールを削除してください"),
    )
    return (
        Sheet("手入力", columns, (), is_form=True),
        Sheet(
            "書き方",
            (SheetColumn("項目", 16), SheetColumn("例", 28), SheetColumn("書き方", 90)),
            (*explained, *sending),
        ),
    )
