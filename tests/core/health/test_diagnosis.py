"""What `doctor` says of each thing that the probes can see: exactly one finding, with its cure; nothing of what is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.diagnosis import file_system_of, is_network, judge
from bot.core.health.finding_kinds import FindingKind, Severity
from bot.core.health.probe_facts import (
    Address,
    Addresses,
    Alarms,
    Bind,
    CaFile,
    DatabaseFact,
    DatabaseState,
    Days,
    Disk,
    Door,
    Error,
    KeyCopy,
    KeyFileFact,
    LastMails,
    Mailbox,
    MailSeen,
    NoProgram,
    Ocr,
    Place,
    Reach,
    Refusal,
    Server,
    Twin,
    Use,
)
from bot.core.health.relay_replies import Stage

K = FindingKind
OF_THE_DNS = ("dns_", "domain_", "mx_", "spf_", "dkim_", "dmarc_")
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
LATER, EARLIER = timedelta(minutes=9), timedelta(minutes=-9)
PLACE = Place("storage.folder", "/data", Use.PRIVATE, "/data")
SHARED = replace(PLACE, key="folder.path", use=Use.SHARED, mode=0o2770)
DOOR = Door("smtp", "127.0.0.1", 2525, Reach.LOOPBACK, Bind.OPENS)
KEY = KeyFileFact("/keys/hosho.key", True, True, False, copy=KeyCopy("/safe/hosho.key"))
DATABASE = DatabaseFact("/data/hosho.db", file_system="ext4")
BOX = Mailbox("INBOX", "受信箱のサーバー", uidvalidity=7, uidnext=10, before=(7, 9))
MX = "mx.city.example.jp"
MAIL = MailSeen(NOW, NOW - timedelta(seconds=2), 1, ((MX, 0),))
MAILS = LastMails((MAIL,) * 5, MX, 1, ("city.example.jp",))


def of_relay(stage: Stage, error: Error, words: str = "", code: int = 0, **named: str) -> Server:
    return Server("outgoing", "中継サーバー relay:587", (Refusal(stage, error, words, code, **named),))


BOUNCES = {"sender": "bounces@city.example.jp"}
BOTH = BOUNCES | {"recipient": "joho@city.example.jp"}
NULL = {"recipient": "joho@city.example.jp"}


def of_relays(*refused: tuple[Stage, str, dict[str, str]]) -> Server:
    return Server(
        "outgoing", "relay", tuple(Refusal(stage, Error.ANSWER, words, **how) for stage, words, how in refused)
    )


def of_imap(stage: Stage, error: Error, words: str = "") -> Server:
    return Server("imap", "受信箱のサーバー imap:993", (Refusal(stage, error, words),))


def mails(*proofs: tuple[tuple[str, int], ...], own: int = 1, **changes: object) -> LastMails:
    return replace(MAILS, mails=tuple(replace(MAIL, proofs=one, own=own) for one in proofs), **changes)


def to(address: str, *, ours: bool = False) -> Addresses:
    return Addresses((Address("operator.address", address, ours),), ("city.example.jp",))


WELL = [
    PLACE,
    replace(PLACE, use=Use.OURS, mode=0o750),
    SHARED,
    DOOR,
    KEY,
    KeyFileFact("/keys/hosho.key", False, False, False),
    DATABASE,
    BOX,
    replace(BOX, before=None),
    replace(BOX, uidnext=None),
    Disk("storage.folder", 9 << 30, 200 << 20),
    Ocr(),
    Days(17),
    Days(17, frozenset({2026, 2027})),
    Server("outgoing", "relay", (), NOW + timedelta(days=60)),
    to("joho@city.example.jp"),
    to("joho@keiyaku.city.example.jp"),
    MAILS,
    replace(MAILS, mails=()),
    replace(MAILS, mails=(replace(MAIL, proofs=()),) * 2),  # too few to tell
    mails(*(((MX, 1), ("mx.kensetsu.example.jp", 3)),) * 5, own=2, own_hops=2),
    mails(*(((MX, 1),),) * 5, own=1),  # below its server's Received
    mails(*(((MX, 1),),) * 5, own=0),  # who the servers are can't be told
    mails(*((("mx.google.com", 0),),) * 5, authserv_id=""),
    Alarms((Alarm(AlarmKind.DISK_LOW, "", NOW, "x"), Alarm(AlarmKind.LOGIN_REFUSED, "box", NOW, "x"))),
]
SEEDED = [
    (replace(PLACE, why="Permission denied"), K.FOLDER_HIDDEN),
    (replace(PLACE, is_folder=False), K.FOLDER_IS_FILE),
    (replace(PLACE, nearest="/", is_usable=False), K.FOLDER_UNMAKEABLE),
    (replace(PLACE, is_usable=False), K.FOLDER_UNUSABLE),
    (replace(PLACE, nearest="/"), K.FOLDER_MISSING),
    (replace(PLACE, mode=0o755), K.FOLDER_OPEN),
    (replace(PLACE, mode=0o710), K.FOLDER_OPEN),
    (replace(PLACE, use=Use.OURS, mode=0o701), K.FOLDER_OPEN),
    (replace(SHARED, mode=0o1777), K.FOLDER_FOR_ALL),
    (Twin("register.watch_folder"), K.FOLDERS_SAME),
    (CaFile("outgoing.ca_file", "/ca.pem", "No such file"), K.CERTIFICATES_UNREADABLE),
    (CaFile("outgoing.ca_file", "/ca.pem", ""), K.CERTIFICATES_NO_PEM),
    (NoProgram("imap.token_command", "/no/such"), K.PROGRAM_MISSING),
    (replace(DOOR, bind=Bind.TAKEN), K.PORT_TAKEN),
    (replace(DOOR, bind=Bind.TAKEN, section="monitoring"), K.PORT_TAKEN),
    (replace(DOOR, bind=Bind.FORBIDDEN, port=25), K.PORT_PRIVILEGED),
    (replace(DOOR, bind=Bind.NOT_HERE, reach=Reach.WORLD, why="no"), K.HOST_NOT_OURS),
    (replace(DOOR, host="0.0.0.0", reach=Reach.WORLD), K.DOOR_OPEN),
    (replace(DOOR, host="192.168.7.2", reach=Reach.INSIDE), K.DOOR_BEYOND),
    (of_relay(Stage.CONNECT, Error.NAME), K.SERVER_NAME),
    (of_relay(Stage.CONNECT, Error.NETWORK, "Connection refused"), K.SERVER_UNREACHABLE),
    (of_relay(Stage.RCPT, Error.NETWORK, "Connection lost"), K.SERVER_UNREACHABLE),
    (of_relay(Stage.CONNECT, Error.SILENCE), K.SERVER_SILENT),
    (of_relay(Stage.CONNECT, Error.ANSWER, "554 5.7.1 go away"), K.SERVER_GREETING),
    (of_relay(Stage.EHLO, Error.ANSWER, "550 no"), K.SERVER_GREETING),
    (of_relay(Stage.CONNECT, Error.ANSWER, "421 later"), K.SERVER_REFUSES),
    (of_relay(Stage.STARTTLS, Error.NOT_OFFERED), K.NO_STARTTLS),
    (of_relay(Stage.STARTTLS, Error.ANSWER, "501 no"), K.TLS_FAILED),
    (of_relay(Stage.STARTTLS, Error.TLS, "WRONG_VERSION_NUMBER"), K.TLS_FAILED),
    (of_relay(Stage.STARTTLS, Error.CERTIFICATE, "x", 62), K.CERTIFICATE_NAME),
    (of_relay(Stage.STARTTLS, Error.CERTIFICATE, "x", 64), K.CERTIFICATE_NAME),
    (of_relay(Stage.STARTTLS, Error.CERTIFICATE, "x", 10), K.CERTIFICATE_EXPIRED),
    (of_relay(Stage.STARTTLS, Error.CERTIFICATE, "x", 9), K.CERTIFICATE_NOT_YET),
    (of_relay(Stage.STARTTLS, Error.CERTIFICATE, "x", 18), K.CERTIFICATE_UNKNOWN_CA),
    (Server("imap", "imap", (), NOW + timedelta(days=13)), K.CERTIFICATE_ENDS),
    (of_imap(Stage.AUTH, Error.CREDENTIAL, "no token"), K.NO_CREDENTIAL),
    (of_imap(Stage.AUTH, Error.NOT_OFFERED, "LOGINDISABLED"), K.LOGIN_NOT_OFFERED),
    (of_imap(Stage.AUTH, Error.ANSWER, "LOGIN: NO"), K.LOGIN_REFUSED),
    (of_relay(Stage.AUTH, Error.ANSWER, "454 4.7.0 Temporary authentication failure"), K.LOGIN_REFUSED),
    (of_relay(Stage.MAIL, Error.ANSWER, "501 5.1.7 no null"), K.NULL_SENDER_REFUSED),
    (of_relay(Stage.MAIL, Error.ANSWER, "553 no", **BOUNCES), K.SENDER_REFUSED),
    (of_relay(Stage.MAIL, Error.ANSWER, "530 5.7.0 Authentication required", **BOUNCES), K.LOGIN_WANTED),
    (of_relay(Stage.MAIL, Error.ANSWER, "530 5.7.0 Must issue a STARTTLS command first"), K.LOGIN_WANTED),
    (of_relay(Stage.RCPT, Error.ANSWER, "550 no", **BOTH), K.RECIPIENT_REFUSED),
    (of_relay(Stage.RCPT, Error.ANSWER, "554 5.7.1 <a@b>: Relay access denied", **BOTH), K.RECIPIENT_REFUSED),
    (of_relay(Stage.RCPT, Error.ANSWER, "554 5.7.1 <b@b>: Sender address rejected: no", **BOTH), K.SENDER_REFUSED),
    (of_relay(Stage.RCPT, Error.ANSWER, "554 5.7.1 <>: Sender address rejected: no", **NULL), K.NULL_SENDER_REFUSED),
    (of_relay(Stage.RCPT, Error.ANSWER, "550 no", **NULL), K.NULL_SENDER_REFUSED),
    (of_relays((Stage.RCPT, "550 no", BOTH), (Stage.RCPT, "550 no", NULL)), K.RECIPIENT_REFUSED),
    (of_relays(*((Stage.RCPT, "554 5.7.1 Sender address rejected: no", BOTH),) * 2), K.SENDER_REFUSED),
    (of_relay(Stage.RCPT, Error.ANSWER, "451 4.7.1 greylisted", **BOTH), K.SERVER_REFUSES),
    (replace(BOX, trouble="SELECT: NO"), K.MAILBOX_MISSING),
    (replace(BOX, uidvalidity=None), K.NO_UIDVALIDITY),
    (replace(BOX, uidvalidity=8), K.UIDVALIDITY_CHANGED),
    (replace(BOX, uidnext=9), K.UIDS_GO_BACK),
    (replace(BOX, idles=False), K.NO_IDLE),
    (Disk("storage.folder", 199 << 20, 200 << 20), K.DISK_FULL),
    (Disk("storage.folder", 500 << 20, 200 << 20), K.DISK_NEARLY_FULL),
    (replace(KEY, trouble="鍵ではありません。控えを"), K.KEY_FILE_WRONG),
    (replace(KEY, exists=False), K.KEY_FILE_GONE),
    (replace(KEY, is_with_data=True), K.KEY_FILE_WITH_DATA),
    (replace(KEY, copy=None), K.KEY_COPY_UNTOLD),
    (replace(KEY, copy=KeyCopy("/safe", exists=False)), K.KEY_COPY_MISSING),
    (replace(KEY, copy=KeyCopy("/safe", why="Permission denied")), K.KEY_COPY_UNREADABLE),
    (replace(KEY, copy=KeyCopy("/safe", mode=0o644)), K.KEY_COPY_OPEN),
    (replace(KEY, copy=KeyCopy("/safe", has_key=False)), K.KEY_COPY_DIFFERS),
    (replace(DATABASE, state=DatabaseState.UNUSABLE, words="x"), K.DATABASE_UNUSABLE),
    (replace(DATABASE, state=DatabaseState.GONE, words="x"), K.DATABASE_GONE),
    (replace(DATABASE, state=DatabaseState.OPEN, words="x"), K.DATABASE_OPEN),
    (replace(DATABASE, state=DatabaseState.UNFIT, words="x"), K.SCHEMA_UNFIT),
    (replace(DATABASE, state=DatabaseState.KEYS, words="x"), K.KEY_FILE_WRONG),
    (replace(DATABASE, pending=("0002_more",)), K.SCHEMA_BEHIND),
    (replace(DATABASE, file_system="nfs4"), K.DATABASE_ON_NETWORK),
    (Ocr(packages=("cv2",), data=("jpn.traineddata",)), K.OCR_MISSING),
    (Ocr(data=("jpn.traineddata",)), K.OCR_DATA_MISSING),
    (Days(0), K.HOLIDAYS_UNKNOWN),
    (Days(17, frozenset({2025, 2026})), K.CLOSED_DAYS_OLD),
    (to("hosho+alarm@city.example.jp", ours=True), K.TO_OURSELVES),
    (to("yamada@gmail.com"), K.STAFF_OUTSIDE),
    (to("yamada@evilcity.example.jp"), K.STAFF_OUTSIDE),
    (replace(MAILS, mails=(replace(MAIL, received_at=NOW + LATER, stamped_at=None),)), K.MAIL_FROM_FUTURE),
    (replace(MAILS, mails=(replace(MAIL, stamped_at=NOW + LATER),) * 3), K.CLOCK_OFF),
    (mails(*(((MX, 0),),) * 5, authserv_id=""), K.AUTHSERV_UNSET),
    (mails(*(((MX, 0),),) * 5, authserv_id="mx.other.example.jp"), K.AUTHSERV_WRONG),
    (mails(*(((),) * 5)), K.AUTHSERV_WRONG),
    (mails(*(((MX, 0),),) * 4, ()), K.AUTHSERV_SOMETIMES),
    (mails(*(((MX, 1),),) * 5, own=2), K.HOPS_WRONG),
    (mails(*(((MX, 0),),) * 5, own_hops=3), K.HOPS_WRONG),
    (Alarms((Alarm(AlarmKind.WORKER_FAILING, "送信", NOW, "x。"),)), K.ALARM),
    (Alarms((Alarm(AlarmKind.BACKUP_OLD, "", NOW, "x。"),)), K.ALARM_CAN_WAIT),
]


@pytest.mark.parametrize("fact", WELL)
def test_what_is_well_is_not_spoken_of(fact):
    assert judge([fact], NOW) == ()


@pytest.mark.parametrize(("fact", "kind"), SEEDED)
def test_each_fault_is_named_alone_with_its_cure(fact, kind):
    (found,) = judge([fact], NOW)
    assert found.kind is kind
    assert found.key
    assert found.cure
    assert not {"{", "}"} & set(found.what + found.cure)
    assert not found.what.endswith("。")
    assert not found.cure.endswith("。")


def test_every_kind_has_its_row():
    elsewhere = {
        K.SETTING_WRONG,
        K.LETTERS_WRONG,
        K.TEST_MAIL_REFUSED,
        K.TEST_MAIL_LOST,
    }  # tests/commands/test_doctor.py
    elsewhere |= {kind for kind in K if kind.value.startswith(OF_THE_DNS)}  # tests/probing/test_domain.py
    assert {kind for _, kind in SEEDED} | elsewhere == set(K)


def test_the_worst_finding_gives_the_exit_code():
    assert [one.exit_code for one in Severity] == [2, 1, 0]


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (mails(*(((MX, 0),),) * 5, authserv_id="old.example"), f'mail.authserv_id = "{MX}" '),
        (mails(*((("mx.google.com", 0),),) * 5), "書かないMXなら空に"),
        (mails(*(((MX, 1),),) * 5, own=2, authserv_id=""), f'mail.authserv_id = "{MX}"、own_hops = 2 '),
        (mails(*(((MX, 1),),) * 5, own=2), "mail.own_hops = 2 "),
        (replace(KEY, trouble="読めません。控えから戻してください。"), "控えから戻してください"),
    ],
)
def test_values_are_proposed(fact, words):
    assert words in judge([fact], NOW)[0].cure


def test_in_autumn_the_next_years_own_days_are_not_asked_for_yet():
    assert judge([Days(17, frozenset({2026}))], datetime(2026, 10, 30, tzinfo=UTC)) == ()


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /srv rw - nfs4 nas:/srv rw
31 30 0:41 / /srv/my\\040disk rw shared:1 - fuse.sshfs far: rw
32 22 0:42 / /srv2 rw - xfs /dev/vdb rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_far"),
    [
        ("/var/lib/hosho.db", "ext4", False),
        ("/srv/hosho.db", "nfs4", True),
        ("/srv/my disk/hosho.db", "fuse.sshfs", True),
        ("/srv2/hosho.db", "xfs", False),
    ],
)
def test_the_file_system_of_a_path_is_the_longest_mount_points(path, kind, is_far):
    assert (file_system_of(path, MOUNTS), is_network(kind)) == (kind, is_far)
