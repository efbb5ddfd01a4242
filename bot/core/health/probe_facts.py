"""What the probes of `doctor` see of an installation: plain values, nothing judged yet.

Made by bot/probing, judged by core/health/diagnosis.py. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.health.alarms import Alarm
from bot.core.health.own_domain import OwnDomain
from bot.core.health.relay_replies import Stage


class Use(StrEnum):
    """Who uses a folder."""

    PRIVATE = "private"  # we alone: the database refuses anything else
    OURS = "ours"  # we alone should
    SHARED = "shared"  # others may read it, or a group put files there


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the settings. `nearest`: itself, or the nearest one above it that is there. `why`: why it can't be looked at, "" = it can."""

    key: str
    path: str
    use: Use
    nearest: str = ""
    why: str = ""
    is_folder: bool = True
    is_usable: bool = True
    mode: int = 0o700


@dataclass(frozen=True, slots=True)
class Twin:
    """Two settings that name one folder."""

    key: str


@dataclass(frozen=True, slots=True)
class CaFile:
    """A file of certificates that can't be used. `why`: why it can't be read; "" = it is no PEM."""

    key: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class NoProgram:
    """A command that is not there."""

    key: str
    program: str


class Reach(StrEnum):
    """From where a door's address can be reached."""

    LOOPBACK = "loopback"
    INSIDE = "inside"  # one private address
    WORLD = "world"  # every address, or a public one


class Bind(StrEnum):
    """Whether a door can be opened."""

    OPENS = "opens"
    TAKEN = "taken"
    FORBIDDEN = "forbidden"
    NOT_HERE = "not_here"


@dataclass(frozen=True, slots=True)
class Door:
    """Where we listen for mail. A port that our own daemon has counts as one that opens."""

    section: str
    host: str
    port: int
    reach: Reach
    bind: Bind
    why: str = ""


class Error(StrEnum):
    """How a conversation ended."""

    NAME = "name"  # of the host can't be resolved
    NETWORK = "network"
    SILENCE = "silence"
    TLS = "tls"
    CERTIFICATE = "certificate"
    CREDENTIAL = "credential"  # ours can't be had
    NOT_OFFERED = "not_offered"  # what we need: STARTTLS, a way to log in
    ANSWER = "answer"  # the server said no


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server took amiss. `verify_code`: OpenSSL's, of a certificate. `sender`, `recipient`: of MAIL and RCPT; "" = the null one."""

    stage: Stage
    error: Error
    words: str = ""
    verify_code: int = 0
    sender: str = ""
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A talk with one of the city's mail servers. `section`: "outgoing" or "imap"."""

    section: str
    name: str  # for people: 中継サーバー relay.example.jp:587
    refusals: tuple[Refusal, ...] = ()
    certificate_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The watched mailbox, after the login. `before`: UIDVALIDITY and last UID as remembered; None: never looked.

    `trouble`: why it does not open; "" = it does. `uidvalidity` None: the server tells none.
    """

    name: str
    server: str
    trouble: str = ""
    uidvalidity: int | None = None
    uidnext: int | None = None
    idles: bool = True
    before: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes."""

    key: str
    free: int
    need: int


@dataclass(frozen=True, slots=True)
class KeyFileFact:
    """`trouble`: why the keys can't be used, "" = they can, or there are none yet. `copy`: what is seen of the copy."""

    path: str
    exists: bool
    is_needed: bool  # there is a database
    is_with_data: bool
    trouble: str = ""
    copy: KeyCopy | None = None


@dataclass(frozen=True, slots=True)
class KeyCopy:
    """The key file's copy. `has_key`: it holds the newest key."""

    path: str
    exists: bool = True
    why: str = ""
    mode: int = 0o400
    has_key: bool = True


class DatabaseState(StrEnum):
    """How the database answers. Words of the storage come along."""

    FINE = "fine"
    UNUSABLE = "unusable"
    GONE = "gone"
    UNFIT = "unfit"
    KEYS = "keys"
    OPEN = "open"  # to other users


@dataclass(frozen=True, slots=True)
class DatabaseFact:
    """`file_system`: the type of the SQLite file's, "" = none is known. `pending`: migrations that the next start makes."""

    path: str
    state: DatabaseState = DatabaseState.FINE
    words: str = ""
    file_system: str = ""
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ocr:
    """What the recogniser lacks."""

    packages: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Days:
    """The calendar. `holidays`: how many national ones are known of the next year; `closed`: the years of the city's own."""

    holidays: int
    closed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Address:
    """An address that letters go to, or that may give orders. `is_ours`: it comes in by our own doors."""

    key: str
    address: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Addresses:
    """All of them, and the city's domains in lower case."""

    addresses: tuple[Address, ...]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailSeen:
    """The head of a stored mail. `proofs`: who wrote each Authentication-Results, and how many Received stand above it, topmost first.

    `own`: how many Received, from the top, are by hosts of the city's domains. `stamped_at`: the topmost one's date.
    """

    received_at: datetime
    stamped_at: datetime | None = None
    own: int = 0
    proofs: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LastMails:
    """The last mails that came from outside, newest first, and the settings about them."""

    mails: tuple[MailSeen, ...]
    authserv_id: str
    own_hops: int
    own_domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarms:
    """What the alarms see now."""

    alarms: tuple[Alarm, ...] = ()


Fact = (
    Place
    | Twin
    | CaFile
    | NoProgram
    | Door
    | Server
    | Mailbox
    | Disk
    | KeyFileFact
    | DatabaseFact
    | Ocr
    | Days
    | Addresses
    | LastMails
    | OwnDomain
    | Alarms
)
