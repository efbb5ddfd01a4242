"""What is wrong with an installation: what the probes saw → findings, each with its cure. One function for each kind of fact.

Called by `doctor` and `check-config`. Pure; nothing is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.finding_kinds import Finding, FindingKind
from bot.core.health.own_domain import OwnDomain, judged
from bot.core.health.probe_facts import (
    Addresses,
    Alarms,
    Bind,
    CaFile,
    DatabaseFact,
    DatabaseState,
    Days,
    Disk,
    Door,
    Fact,
    KeyCopy,
    KeyFileFact,
    LastMails,
    Mailbox,
    MailSeen,
    NoProgram,
    Ocr,
    Place,
    Reach,
    Server,
    Twin,
    Use,
)
from bot.core.health.server_diagnosis import minute, of_mailbox, of_server
from bot.core.text.dates import JAPAN

CLOCK_MAY_DIFFER = timedelta(minutes=5)
MAILS_NEEDED = 3
"""So many mails must say it before a setting is called wrong."""
_AGREE = 0.8  # of them
_NEARLY = 3  # times what must be free
_LEAST_HOLIDAYS = 10  # a year has sixteen; fewer, and the calendar ends
_CALENDAR_MONTH = 11  # from then on the next year's days are known
_NETWORKS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "glusterfs", "gfs2", "ocfs2", "davfs"}
)


def judge(facts: Sequence[Fact], now: datetime) -> tuple[Finding, ...]:
    """All that is wrong, in the order of the facts."""
    return tuple(finding for fact in facts for finding in _JUDGES[type(fact)](fact, now))


def file_system_of(path: str, mounts: str) -> str:
    """The type of the file system that the path lies on, by the text of /proc/self/mountinfo; "" where it does not say."""
    found, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split()
        if len(words) < 5 or not after:
            continue
        point = words[4].replace("\\040", " ")
        if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= longest:
            found, longest = after.split()[0], len(point)
    return found


def is_network(file_system: str) -> bool:
    """Whether another machine keeps the files, so that locks and shared memory can't be relied on."""
    return file_system.removeprefix("fuse.") in _NETWORKS or file_system.startswith(
        ("fuse.ssh", "fuse.rclone", "fuse.s3")
    )


# -- this machine


def _place(fact: Place, _now: datetime) -> Iterator[Finding]:
    values = {"place": fact.path, "mode": f"{fact.mode:04o}", "above": fact.nearest, "right": "700"}
    is_there = fact.nearest == fact.path
    if fact.why:
        yield FindingKind.FOLDER_HIDDEN.found(fact.key, why=fact.why, **values)
    elif not fact.is_folder:
        yield FindingKind.FOLDER_IS_FILE.found(fact.key, **values | {"place": fact.nearest})
    elif not fact.is_usable:
        kind = FindingKind.FOLDER_UNUSABLE if is_there else FindingKind.FOLDER_UNMAKEABLE
        yield kind.found(fact.key, **values)
    elif not is_there:
        yield FindingKind.FOLDER_MISSING.found(fact.key, **values)
    elif (fact.use is Use.PRIVATE and fact.mode & 0o077) or (fact.use is Use.OURS and fact.mode & 0o007):
        yield FindingKind.FOLDER_OPEN.found(fact.key, **values)
    elif fact.use is Use.SHARED and fact.mode & 0o002:
        yield FindingKind.FOLDER_FOR_ALL.found(fact.key, **values)


def _twin(fact: Twin, _now: datetime) -> Iterator[Finding]:
    yield FindingKind.FOLDERS_SAME.found(fact.key)


def _ca_file(fact: CaFile, _now: datetime) -> Iterator[Finding]:
    kind = FindingKind.CERTIFICATES_UNREADABLE if fact.why else FindingKind.CERTIFICATES_NO_PEM
    yield kind.found(fact.key, place=fact.path, why=fact.why)


def _program(fact: NoProgram, _now: datetime) -> Iterator[Finding]:
    yield FindingKind.PROGRAM_MISSING.found(fact.key, program=fact.program)


_BINDS = MappingProxyType(
    {
        Bind.TAKEN: (FindingKind.PORT_TAKEN, "port"),
        Bind.FORBIDDEN: (FindingKind.PORT_PRIVILEGED, "port"),
        Bind.NOT_HERE: (FindingKind.HOST_NOT_OURS, "host"),
    }
)


def _door(fact: Door, _now: datetime) -> Iterator[Finding]:
    values = {"host": fact.host, "port": fact.port, "why": fact.why}
    if fact.bind in _BINDS:
        kind, key = _BINDS[fact.bind]
        yield kind.found(f"{fact.section}.{'listen' if fact.section == 'monitoring' else key}", **values)
    if fact.bind is not Bind.NOT_HERE and fact.reach is not Reach.LOOPBACK:
        kind = FindingKind.DOOR_OPEN if fact.reach is Reach.WORLD else FindingKind.DOOR_BEYOND
        yield kind.found(f"{fact.section}.host", **values)


def _disk(fact: Disk, _now: datetime) -> Iterator[Finding]:
    if fact.free < fact.need * _NEARLY:
        kind = FindingKind.DISK_FULL if fact.free < fact.need else FindingKind.DISK_NEARLY_FULL
        yield kind.found(fact.key, free=fact.free >> 20, need=fact.need >> 20)


def _key_file(fact: KeyFileFact, _now: datetime) -> Iterator[Finding]:
    key = "storage.key_file"
    if not fact.exists:
        if fact.is_needed:
            yield FindingKind.KEY_FILE_GONE.found(key, place=fact.path)
        return
    if fact.trouble:
        yield FindingKind.KEY_FILE_WRONG.found(key, **_split(fact.trouble, _KEY_CURE))
        return
    if fact.is_with_data:
        yield FindingKind.KEY_FILE_WITH_DATA.found(key)
    if fact.copy is None:
        yield FindingKind.KEY_COPY_UNTOLD.found("storage.key_copy")
    else:
        yield from _key_copy(fact.copy, fact.path)


_KEY_CURE = "控えから元に戻し、./run keys check で確かめてください"


def _split(words: str, cure: str) -> dict[str, str]:
    """The storage's words: what is wrong, then the cure."""
    what, _, said = words.partition("。")
    return {"what": what, "cure": said.rstrip("。") or cure}


def _key_copy(copy: KeyCopy, file: str) -> Iterator[Finding]:
    values = {"place": copy.path, "file": file, "why": copy.why, "mode": f"{copy.mode:04o}"}
    if not copy.exists:
        kind = FindingKind.KEY_COPY_MISSING
    elif copy.why:
        kind = FindingKind.KEY_COPY_UNREADABLE
    elif copy.mode & 0o077:
        kind = FindingKind.KEY_COPY_OPEN
    elif not copy.has_key:
        kind = FindingKind.KEY_COPY_DIFFERS
    else:
        return
    yield kind.found("storage.key_copy", **values)


_DATABASES = MappingProxyType(
    {
        DatabaseState.UNUSABLE: FindingKind.DATABASE_UNUSABLE,
        DatabaseState.GONE: FindingKind.DATABASE_GONE,
        DatabaseState.UNFIT: FindingKind.SCHEMA_UNFIT,
        DatabaseState.KEYS: FindingKind.KEY_FILE_WRONG,
        DatabaseState.OPEN: FindingKind.DATABASE_OPEN,
    }
)


def _database(fact: DatabaseFact, _now: datetime) -> Iterator[Finding]:
    if is_network(fact.file_system):
        yield FindingKind.DATABASE_ON_NETWORK.found("storage.url", place=fact.path, type=fact.file_system)
    if fact.state in _DATABASES:
        key = "storage.key_file" if fact.state is DatabaseState.KEYS else "storage.url"
        yield _DATABASES[fact.state].found(key, **_split(fact.words, _KEY_CURE))
    if fact.pending:
        yield FindingKind.SCHEMA_BEHIND.found("storage.url", names="、".join(fact.pending))


def _ocr(fact: Ocr, _now: datetime) -> Iterator[Finding]:
    if fact.packages:
        yield FindingKind.OCR_MISSING.found("pictures.recognise", names="、".join(fact.packages))
    elif fact.data:
        yield FindingKind.OCR_DATA_MISSING.found("pictures.recognise", names="、".join(fact.data))


def _days(fact: Days, now: datetime) -> Iterator[Finding]:
    today = now.astimezone(JAPAN)
    if fact.holidays < _LEAST_HOLIDAYS:
        yield FindingKind.HOLIDAYS_UNKNOWN.found("summary.closed_days", year=today.year + 1)
    due = today.year + 1 if today.month >= _CALENDAR_MONTH else today.year
    if fact.closed and max(fact.closed) < due:
        yield FindingKind.CLOSED_DAYS_OLD.found("summary.closed_days", year=due)


def _addresses(fact: Addresses, _now: datetime) -> Iterator[Finding]:
    for one in fact.addresses:
        domain = one.address.rpartition("@")[2].lower()
        if one.is_ours:
            yield FindingKind.TO_OURSELVES.found(one.key, address=one.address)
        elif not any(domain == known or domain.endswith(f".{known}") for known in fact.domains):
            yield FindingKind.STAFF_OUTSIDE.found(one.key, address=one.address, domains="、".join(fact.domains))


# -- what was received, and what the alarms see


def _last_mails(fact: LastMails, now: datetime) -> Iterator[Finding]:
    mails = fact.mails
    if mails and mails[0].received_at - now > CLOCK_MAY_DIFFER:
        yield FindingKind.MAIL_FROM_FUTURE.found("mail", at=minute(mails[0].received_at))
    behind = [mail.stamped_at - mail.received_at for mail in mails if mail.stamped_at is not None]
    if len(behind) >= MAILS_NEEDED and min(behind) > CLOCK_MAY_DIFFER:
        yield FindingKind.CLOCK_OFF.found("mail", minutes=min(behind) // timedelta(minutes=1))
    if len(mails) >= MAILS_NEEDED:
        yield from _authserv(fact)


def _authserv(fact: LastMails) -> Iterator[Finding]:
    ours, count = fact.authserv_id.rstrip(".").lower(), len(fact.mails)
    name = _most_common([mail.proofs[0][0] for mail in fact.mails if mail.proofs], of=count)
    is_own = any(name == domain or name.endswith(f".{domain}") for domain in fact.own_domains)
    proposed = name if is_own else ""
    hops = _hops(fact.mails, ours or proposed)
    if not ours:
        if proposed:
            values = {"name": proposed, "count": count, "hops": hops or fact.own_hops}
            yield FindingKind.AUTHSERV_UNSET.found("mail.authserv_id", **values)
        return
    without = sum(all(one != ours for one, _ in mail.proofs) for mail in fact.mails)
    if without == count:
        cure = (
            f'mail.authserv_id = "{proposed}" としてください（最近のメールの一番上にある名前です）'
            if proposed
            else "市のMXが書く名前を mail.authserv_id に書くか、書かないMXなら空にしてください"
        )
        yield FindingKind.AUTHSERV_WRONG.found("mail.authserv_id", count=count, ours=ours, proposal=cure)
    elif without:
        values = {"count": count, "without": without, "ours": ours}
        yield FindingKind.AUTHSERV_SOMETIMES.found("mail.authserv_id", **values)
    elif hops and hops != fact.own_hops:
        yield FindingKind.HOPS_WRONG.found("mail.own_hops", ours=fact.own_hops, count=count, hops=hops)


def _hops(mails: Sequence[MailSeen], name: str) -> int:
    """How many Received the city's servers put in front: by the hosts in them and by where the proof stands; 0 = they disagree."""
    told: list[int] = []
    for mail in mails:
        above = next((above for one, above in mail.proofs if one == name), None)
        if above is not None and mail.own in {above, above + 1}:  # it may stand above its server's Received, or below
            told.append(mail.own)
    return _most_common(told, of=len(mails)) or 0


def _most_common(values: Sequence[Any], *, of: int) -> Any:
    """The value that nearly all have; else "" or 0."""
    [(value, count)] = Counter(values).most_common(1) or [("", 0)]
    return value if count >= of * _AGREE else ""


_SEEN_ANEW = frozenset(
    {AlarmKind.DISK_LOW, AlarmKind.CERTIFICATE_ENDS, AlarmKind.MAILBOX_UNREADABLE, AlarmKind.LOGIN_REFUSED}
)
"""The probes have just looked themselves."""


def _alarms(fact: Alarms, _now: datetime) -> Iterator[Finding]:
    for alarm in fact.alarms:
        if alarm.kind not in _SEEN_ANEW:
            kind = FindingKind.ALARM_CAN_WAIT if alarm.kind.words.can_wait else FindingKind.ALARM
            words = alarm.kind.words
            about = f"（{alarm.subject}）" if alarm.subject else ""
            what = f"{words.title}{about}：{alarm.detail}".rstrip("。")
            yield kind.found(alarm.kind.value, what=what, cure="".join(words.advice).rstrip("。"))


_JUDGES: MappingProxyType[type[Any], Callable[[Any, datetime], Iterator[Finding]]] = MappingProxyType(
    {
        Place: _place,
        Twin: _twin,
        CaFile: _ca_file,
        NoProgram: _program,
        Door: _door,
        Server: of_server,
        Mailbox: of_mailbox,
        Disk: _disk,
        KeyFileFact: _key_file,
        DatabaseFact: _database,
        Ocr: _ocr,
        Days: _days,
        Addresses: _addresses,
        LastMails: _last_mails,
        OwnDomain: judged,
        Alarms: _alarms,
    }
)
