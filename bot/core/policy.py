"""The office's rules for deciding, as plain values: what of the config the core needs.

Built by bot/app.py from the config (bot/config.py); the core itself reads no file. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.core.guarantee import Guarantee, Product
from bot.core.guessing import GuessRules
from bot.core.key_notice import Formats
from bot.core.letters import Office
from bot.core.limits import Limits
from bot.core.matching import Rules
from bot.core.paper import PaperKind, PaperRule
from bot.core.subjects import EVERY_FORM, Forms


class KeysShown(StrEnum):
    """How a desk gets the keys that it looks up in D-Sure."""

    MASKED = "masked"  # not by mail
    IN_LIST = "in_list"  # in the mails that list what to look up
    SEPARATE = "separate"  # in a mail of their own, with the receipt numbers alone


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk (担当) that gets alerts and summaries. `products` empty = all. `staff`: who else may answer for it, lower case.

    `deputy`, `head`: whom cases go to that the desk leaves waiting, "" = nobody; they may answer for it too.
    `keys_address`: where keys go that have a mail of their own, "" = to the desk's address.
    `inboxes`: addresses of ours at which contractors write to this desk, lower case.
    """

    name: str
    address: str
    products: frozenset[Product] = frozenset()
    staff: frozenset[str] = frozenset()
    deputy: str = ""
    head: str = ""
    keys_address: str = ""
    inboxes: tuple[str, ...] = ()

    def takes(self, product: Product | None) -> bool:
        """Whether the desk is concerned with the product; an unknown one concerns those who take all."""
        return not self.products or product in self.products

    def is_of(self, address: str) -> bool:
        """Whether mail from this address may speak for the desk."""
        own = {one.casefold() for one in (self.address, self.deputy, self.head) if one}
        return address.casefold() in own | self.staff


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings that a verdict depends on. Addresses and domains in lower case.

    `inboxes`: where notices are mailed to, the common ones first, then the desks' own. `own_hops`: how many Received fields the city's own servers add, the topmost ones. `reply_delay`: from a mail's arrival to
    its answer, so that nothing can be told from how long the work took. `keep_subjects`: proven senders are answered under theirs.
    `pictures`: whether alerts bring pictures of the papers, on which keys can be seen.
    `password_window`: so far apart a locked file and its password may come; zero = passwords are not looked for.
    `takes_wishes`: whether proven senders stop and resume the issuance-complete mails by mail.
    `answers_for`: so long a letter to a desk can be answered; zero = clerks don't answer by mail. `keys`: how a
    desk gets the keys for D-Sure. `workbooks`: whether a summary has one beside it.
    `subjects`: the forms in which contractors write subjects.
    """

    office: Office
    inboxes: tuple[str, ...]
    desks: tuple[Desk, ...]
    formats: Formats = field(default_factory=Formats)
    rules: Rules = field(default_factory=Rules)
    automatic_products: frozenset[Product] = frozenset(
        {Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT, Product.CONTRACT},
    )
    authserv_id: str = ""
    own_hops: int = 1
    staff_domains: frozenset[str] = frozenset()
    free_mail_domains: frozenset[str] = frozenset()
    replies_enabled: bool = True
    reply_delay: timedelta = timedelta()
    keep_subjects: bool = True
    limits: Limits = field(default_factory=Limits)
    guesses: GuessRules = field(default_factory=GuessRules)
    password_window: timedelta = timedelta(hours=72)
    pictures: bool = False
    answers_for: timedelta = timedelta()
    keys: KeysShown = KeysShown.MASKED
    workbooks: bool = True
    takes_wishes: bool = False
    subjects: Forms = EVERY_FORM

    @property
    def papers(self) -> Mapping[PaperKind, PaperRule]:
        """What is done with each kind of paper; it travels to the reading child within `formats`."""
        return MappingProxyType({kind: self.formats.papers.of(kind) for kind in PaperKind})

    def desks_for(self, product: Product | None, named: str = "") -> tuple[Desk, ...]:
        """The desks of a case: the one that the register names, else those of the product, else all."""
        by_name = tuple(desk for desk in self.desks if named and desk.name == named)
        return by_name or tuple(desk for desk in self.desks if desk.takes(product)) or self.desks

    def is_for(self, desk: Desk, product: Product | None, row: Guarantee | None = None) -> bool:
        """Whether a case is the desk's. `row`: of the register, whose word counts before the notice's `product`."""
        return desk in self.desks_for(row.product if row is not None else product, row.desk if row is not None else "")
