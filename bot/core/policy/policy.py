"""The office's rules for deciding, as plain values: what of the config the core needs.

Built by bot/app.py from the config (bot/config/settings.py); the core itself reads no file. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.core.issuers import KEY_PATTERNS, NUMBER_PATTERNS
from bot.core.mail.subject_forms import EVERY_FORM, Forms
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.paper import PaperKind, PaperRule, PaperRules
from bot.core.records.send_counts import SendCount


@dataclass(frozen=True, slots=True)
class Office:
    """The city's own words about itself, from the config's [office]."""

    city: str  # 取手市
    department: str  # 財政部 契約課
    phone: str  # "" = not told
    email: str  # where a person answers; "" = not told
    hours: str  # 平日 8時30分〜17時15分; "" = not told
    system_name: str  # 電子保証受付システム


@dataclass(frozen=True, slots=True)
class Formats:
    """What reading goes by. The config's [reading]: what a number and a key look like, as regular expressions for the whole
    value (the defaults are the known issuers'); its [papers]: what this city takes for a notice; its [register]: the
    city's own titles of columns, and what each means.
    """  # noqa: D205 - one promise, not a headline and its text

    numbers: tuple[str, ...] = NUMBER_PATTERNS
    keys: tuple[str, ...] = KEY_PATTERNS
    papers: PaperRules = field(default_factory=PaperRules)
    columns: tuple[tuple[str, str], ...] = ()

    def is_number(self, text: str) -> bool:
        """Whether the normalised number has one of the known forms."""
        return any(re.fullmatch(pattern, text) for pattern in self.numbers)

    def is_key(self, letters: str) -> bool:
        """Whether the key has one of the known forms."""
        return any(re.fullmatch(pattern, letters) for pattern in self.keys)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many in any 60 minutes, and in any 24 hours."""

    per_hour: int
    per_day: int

    def is_used_up(self, count: SendCount, besides: int = 0) -> bool:
        """Whether nothing is left. `besides`: letters of the same mail that are not counted yet."""
        return count.hour + besides >= self.per_hour or count.day + besides >= self.per_day


@dataclass(frozen=True, slots=True)
class Limits:
    """The office's limits. `kind_per_day`: of each kind of answer but what confirms (receipt, consent), to one address.

    `notice_per_day`: answers to one notice sent again by one address; the first answer may have been lost. `words_per_day`: when
    so many letters of any kind went to an address, mere words from it are not answered. `domain` does not hold for free mail,
    where strangers share one.
    """

    address: Rate = Rate(20, 60)
    domain: Rate = Rate(60, 200)
    in_all: Rate = Rate(500, 2000)
    desk: Rate = Rate(30, 100)
    kind_per_day: int = 1
    notice_per_day: int = 2
    words_per_day: int = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """The config's [matching]. Scores 0–100; see `score`."""

    name_score: int = 100
    margin: int = 5


@dataclass(frozen=True, slots=True)
class GuessRules:
    """From how many different keys for one number within so many days, and unknown numbers of one sender a day, it is guessing."""

    keys: int = 3
    days: int = 7
    unknown_numbers: int = 20


class KeyDelivery(StrEnum):
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
    `accepts_opt_out`: whether proven senders stop and resume the issuance-complete mails by mail.
    `reply_window`: so long a letter to a desk can be answered; zero = clerks don't answer by mail. `keys`: how a
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
    reply_window: timedelta = timedelta()
    keys: KeyDelivery = KeyDelivery.MASKED
    workbooks: bool = True
    accepts_opt_out: bool = False
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
