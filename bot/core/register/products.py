"""The words for a guarantee's product (商品、保証区分) in cells, in names of sheets and in settings.

Called by columns.py, values.py and bot/config/types.py. Pure, nothing is raised.
"""

from __future__ import annotations

from functools import cache

from bot.core.records.guarantee import Product
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold_name


def product_named(words: str) -> Product | None:
    """The product that these words name, whatever their width and blanks; None for others."""
    return _products().get(fold_name(_ADDED.sub("", words.strip())))


# What lists put before and behind: ①前払金保証, 契約保証（10％）.
_ADDED = LazyPattern(r"^[①-⑨]|[(（][0-9０-９.．]{1,5}[%％][)）]$")


# What only lists say.
_IN_LISTS = {
    Product.INTERIM_PAYMENT: ("中間",),
    Product.CONTRACT: ("契約保証金",),
    Product.OTHER: ("契約保証予約", "入札ボンド", "契約保証予約(入札ボンド)", "入札保証", Product.OTHER.words),
}


@cache
def _products() -> dict[str, Product]:
    return {fold_name(name): one for one in Product for name in (*one.names, *_IN_LISTS.get(one, ()))}
