"""The office's rules for deciding, as plain values: what of the config the core needs.

Built by bot/app.py from the config (bot/config/settings.py); the core itself reads no file. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core.mail.subject_forms import PROFILE_NAMES
from bot.core.policy.conditions import Conditions
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.paper import PaperRules
from bot.core.records.send_counts import SendCount
from bot.core.register.layout import Layout
from bot.core.text.closed_list import ClosedList
from bot.core.text.lazy_pattern import LazyPattern, form


@dataclass(frozen=True, slots=True)
class Office:
    """The city's own words about itself, from the config's [office]."""

    city: str  # 取手市
    department: str  # 財政部 契約課
    phone: str  # "" = not told
    email: str  # where a person answers; "" = not told
    hours: str  # 平日 8時30分〜17時15分; "" = not told
    system_name: str  # 電子保証受付システム


def within(pattern: str) -> LazyPattern[str]:
    """A form of a number or a key that stands by itself in a text. A setting's form must fit in (bot/config/types.py)."""
    return form(rf"(?<![0-9A-Za-z@._-])(?:{pattern})(?![0-9A-Za-z@_-])")


@dataclass(frozen=True, slots=True)
class Formats(Layout):
    """What reading goes by: how numbers and keys look, what the city calls its columns; what it takes for a notice, too."""

    papers: PaperRules = field(default_factory=PaperRules)  # the config's [papers]: what this city takes for a notice
    # the config's [subjects]: the forms in which contractors write subjects
    subject_profiles: tuple[str, ...] = PROFILE_NAMES
    own_subjects: tuple[str, ...] = ()


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
    """The office's limits on what leaves because of incoming mail."""

    address: Rate = Rate(20, 60)  # answers to one address
    domain: Rate = Rate(60, 200)  # answers to one domain; it doesn't hold for free mail, where strangers share one
    in_all: Rate = Rate(500, 2000)  # answers to anybody
    desk: Rate = Rate(30, 100)  # alerts to one desk
    kind_per_day: int = 1  # of each kind of answer but what confirms (receipt, consent), to one address
    notice_per_day: int = 2  # answers to one notice sent again by one address; the first answer may have been lost
    words_per_day: int = 1  # when so many letters of any kind went to an address, mere words from it are not answered


@dataclass(frozen=True, slots=True)
class Rules:
    """The config's [matching]. Scores 0–100; see `score`."""

    name_score: int = 100
    margin: int = 5
    # whether anybody's notice is entered in the register before a clerk has verified it
    strangers_fill_rows: bool = False


@dataclass(frozen=True, slots=True)
class GuessRules:
    """From what on somebody is taken to be guessing."""

    keys: int = 3  # so many different keys for one number
    days: int = 7  # within so many days
    unknown_numbers: int = 20  # so many unknown numbers of one sender within a day


class KeyDelivery(ClosedList):
    """How a desk gets the keys that it looks up in D-Sure."""

    told: str  # where they are, below a list of what to look up; "" = in it

    MASKED = "masked", "認証キーは、お知らせのPDFでご確認ください。"  # not by mail
    IN_LIST = "in_list", ""  # in the mails that list what to look up
    SEPARATE = (
        "separate",
        "認証キーは、別のメールでお送りします。",
    )  # in a mail of their own, with the receipt numbers alone


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk (担当) that gets alerts and summaries."""

    name: str
    address: str  # where its letters go
    products: frozenset[Product] = frozenset()  # those that it takes; empty = all
    staff: frozenset[str] = frozenset()  # who else may answer for it, lower case
    deputy: str = ""  # to whom cases go that the desk leaves waiting; may answer for it too; "" = nobody
    head: str = ""  # the same, later
    keys_address: str = ""  # where keys go that have a mail of their own; "" = to the desk's address
    inboxes: tuple[str, ...] = ()  # addresses of ours at which contractors write to this desk, lower case
    is_default: bool = False  # it reads the mails without a notice that nothing gives to another desk
    # how contractors reach it, where that differs from the office's; "" = as the office
    department: str = ""
    phone: str = ""
    email: str = ""
    hours: str = ""

    def takes(self, product: Product | None) -> bool:
        """Whether the desk is concerned with the product; an unknown one concerns those who take all."""
        return not self.products or product in self.products

    def is_of(self, address: str) -> bool:
        """Whether mail from this address may speak for the desk."""
        own = {one.casefold() for one in (self.address, self.deputy, self.head) if one}
        return address.casefold() in own | self.staff


def desks_for(desks: tuple[Desk, ...], product: Product | None, named: str = "") -> tuple[Desk, ...]:
    """Of the city's desks those of a case: the one that the register names, else those of the product, else all."""
    by_name = tuple(desk for desk in desks if named and desk.name == named)
    return by_name or tuple(desk for desk in desks if desk.takes(product)) or desks


def is_for(desk: Desk, desks: tuple[Desk, ...], product: Product | None, row: Guarantee | None = None) -> bool:
    """Whether a case is the desk's. `row`: of the register, whose word counts before the notice's `product`."""
    return desk in desks_for(desks, row.product if row is not None else product, row.desk if row is not None else "")


_CONTACT = ("department", "phone", "email", "hours")


@dataclass(frozen=True, slots=True)
class DeskRule:
    """Which mails without a notice are a desk's: those that fit each of these that is not empty."""

    desk: str  # its name
    recipients: tuple[str, ...] = ()  # addresses of ours, lower case
    senders: tuple[str, ...] = ()  # addresses, or domains with all below them, lower case
    words: tuple[str, ...] = ()  # in the subject


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings that a verdict depends on, held by the edges; functions take the parts that they read."""

    office: Office
    inboxes: tuple[str, ...]  # where notices are mailed to, lower case: the common ones first, then the desks' own
    desks: tuple[Desk, ...]
    desk_rules: tuple[DeskRule, ...] = ()  # the first that fits counts
    formats: Formats = field(default_factory=Formats)
    conditions: Conditions = field(default_factory=Conditions)  # 利用条件
    rules: Rules = field(default_factory=Rules)
    automatic_products: frozenset[Product] = frozenset(
        {Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT, Product.CONTRACT},
    )
    authserv_id: str = ""  # the city's own MX in Authentication-Results (RFC 8601); "" = nobody proves senders
    own_hops: int = 1  # how many Received fields the city's own servers add, the topmost ones
    staff_domains: frozenset[str] = frozenset()  # mail from these is the city's own, lower case
    free_mail_domains: frozenset[str] = frozenset()  # besides the known ones, lower case
    replies_enabled: bool = True  # whether senders are answered at all
    # from a mail's arrival to its answer, so that nothing can be told from how long the work took
    reply_delay: timedelta = timedelta()
    keep_subjects: bool = True  # proven senders are answered under their own subject
    limits: Limits = field(default_factory=Limits)
    guesses: GuessRules = field(default_factory=GuessRules)
    # so far apart a locked file and its password may come; zero = passwords are not looked for
    password_window: timedelta = timedelta(hours=72)
    pictures: bool = False  # whether alerts bring pictures of the papers, on which keys can be seen
    # so long a letter to a desk can be answered; zero = clerks don't answer by mail
    reply_window: timedelta = timedelta()
    keys: KeyDelivery = KeyDelivery.MASKED  # how a desk gets the keys for D-Sure
    # so much of a mail's papers is sent to the clerk who asks for them; 0 = nothing
    originals_bytes: int = 0
    workbooks: bool = True  # whether a summary has one beside it
    final_letters_to_firm: bool = (
        False  # whether the register's own address gets them too, where somebody else sent the notice
    )
    disposal_approver: str = ""  # who approves disposals by mail; "" = nobody
    accepts_opt_out: bool = False  # whether proven senders stop and resume the issuance-complete mails by mail

    def contact(self, desks: Collection[Desk]) -> Office:
        """The office as a letter about these desks' case names it: the one desk's own contact, where there is one."""
        if len(desks) != 1:
            return self.office
        (desk,) = desks
        own = {name: getattr(desk, name) or getattr(self.office, name) for name in _CONTACT}
        return replace(self.office, **own)

    def contact_for(self, products: Iterable[Product | None], named: str = "") -> Office:
        """The same for a case's products, by the notice alone unless a register's row names a desk (`named`)."""
        return self.contact({desk for product in products for desk in desks_for(self.desks, product, named)})
