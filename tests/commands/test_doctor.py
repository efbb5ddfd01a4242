"""`doctor` on real parts: each fault is seeded into a healthy installation, and is the only thing found, with its cure."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import mail_templates
from bot.cli import main
from bot.clock import utc_now
from bot.commands.settings.doctor import examine
from bot.commands.settings.trial_mail import there_and_back
from bot.config.settings import load
from bot.core.health.diagnosis import judge
from bot.core.health.finding_kinds import FindingKind
from bot.intake.imap.cursor import MailboxCursor
from bot.probing import servers
from storage.database.daemon_lock import DaemonLock
from storage.opening import pending_migrations
from storage.store import KeyFile, Store
from tests.certificates import Authority
from tests.commands.installation import install, secret, write
from tests.intake.imap.scripted_imap import Peer, ScriptedImap
from tests.outbound.relays import Script, relay
from tests.storage.samples import arrival

K = FindingKind
SOON = 0.2


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("installed")
    asyncio.run(install(made))
    return made


@pytest.fixture
def folder(tmp_path: Path, installed: Path) -> Path:
    return shutil.copytree(installed, tmp_path, dirs_exist_ok=True)


async def kinds(folder: Path, changes: dict[str, dict[str, object]] | None = None) -> list[FindingKind]:
    return await kinds_of(write(folder, changes))


async def kinds_of(file: Path) -> list[FindingKind]:
    found = await examine(file)
    assert all(one.cure and one.key for one in found)
    return [one.kind for one in found]


async def put(folder: Path, *mails: bytes, ago: timedelta = timedelta()) -> None:
    config = load(write(folder))
    async with await Store.open(
        config.database_url, vault=KeyFile(config.key_file), clock=lambda: utc_now() - ago
    ) as store:
        for mail in mails:
            like = arrival()
            envelope = replace(like.envelope, received_at=utc_now() - ago)
            await store.incoming.keep([replace(like, content=mail, envelope=envelope)])


# -- this machine


async def test_a_healthy_installation_has_none_and_nothing_is_changed(folder):
    write(folder)

    def kept() -> tuple[dict[Path, bytes], list[str]]:  # but the marks that every opening leaves
        files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "data" not in path.parts}
        with closing(sqlite3.connect(folder / "data/hosho.db")) as database:
            return files, list(database.iterdump())

    before = kept()
    assert await kinds_of(folder / "config.toml") == []
    assert kept() == before
    assert {path.name for path in (folder / "data").iterdir()} <= {f"hosho.db{end}" for end in ("", ".lock", ".daemon")}


def sql(statement: str) -> Callable[[Path], None]:
    def seed(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "data/hosho.db")) as database:
            database.execute(statement)
            database.commit()

    return seed


def other_key(folder: Path) -> None:
    (folder / "keys/hosho.key").unlink()
    KeyFile(folder / "keys/hosho.key").vault(may_create=True)
    shutil.copy(folder / "keys/hosho.key", folder / "safe/hosho.key")


def rotated(folder: Path) -> None:
    KeyFile(folder / "keys/hosho.key").begin_rotation()


def no_database(folder: Path) -> None:
    for file in (folder / "data").glob("hosho.db*"):
        if not file.name.endswith(".lock"):
            file.unlink()


def broken_letter(folder: Path) -> None:
    (folder / "letters").mkdir()
    ours = Path(mail_templates.__path__[0], "ja/receipt.j2").read_text("utf-8")
    (folder / "letters/receipt.j2").write_text(ours + "{{ nothing_like_it }}", "utf-8")


def nothing(_: Path) -> None:
    """The settings alone are wrong."""


SEEDS = {
    "an unknown setting": (nothing, {"mail": {"inboxs": 1}}, K.SETTING_WRONG),
    "no password's file": (nothing, {"outgoing": {"password_file": "/no/such"}}, K.SETTING_WRONG),
    "a letter that does not render": (broken_letter, {"letters": {"folder": "letters"}}, K.LETTERS_WRONG),
    "a file where a folder should be": (
        lambda folder: (folder / "x").touch(),
        {"folder": {"path": "x"}},
        K.FOLDER_IS_FILE,
    ),
    "a missing folder": (nothing, {"folder": {"path": "mails"}}, K.FOLDER_MISSING),
    "a folder for all": (
        lambda folder: ((folder / "mails").mkdir(), (folder / "mails").chmod(0o1777)),
        {"folder": {"path": "mails"}},
        K.FOLDER_FOR_ALL,
    ),
    "one folder for two things": (
        lambda folder: (folder / "mails").mkdir(0o700),
        {"folder": {"path": "mails"}, "register": {"watch_folder": "mails"}},
        K.FOLDERS_SAME,
    ),
    "a data folder that others read": (lambda folder: (folder / "data").chmod(0o755), {}, K.FOLDER_OPEN),
    "a database that others read": (lambda folder: (folder / "data/hosho.db").chmod(0o644), {}, K.DATABASE_OPEN),
    "no certificates": (nothing, {"outgoing": {"ca_file": "/no/such"}}, K.CERTIFICATES_UNREADABLE),
    "certificates that are none": (
        lambda folder: (folder / "ca.pem").write_text("x"),
        {"outgoing": {"ca_file": "ca.pem"}},
        K.CERTIFICATES_NO_PEM,
    ),
    "an address of another machine": (nothing, {"lmtp": {"host": "192.0.2.1"}}, K.HOST_NOT_OURS),
    "a door to the world": (nothing, {"lmtp": {"host": "0.0.0.0"}}, K.DOOR_OPEN),
    "a full disk": (nothing, {"storage": {"free_mib": 1 << 40}}, K.DISK_FULL),
    "no key file": (lambda folder: (folder / "keys/hosho.key").unlink(), {}, K.KEY_FILE_GONE),
    "a key file that others read": (lambda folder: (folder / "keys/hosho.key").chmod(0o644), {}, K.KEY_FILE_WRONG),
    "a key file without keys": (lambda folder: (folder / "keys/hosho.key").write_text("x"), {}, K.KEY_FILE_WRONG),
    "another database's key": (other_key, {}, K.KEY_FILE_WRONG),
    "a key file with the data": (
        lambda folder: shutil.copy(folder / "keys/hosho.key", folder / "data/hosho.key"),
        {"storage": {"key_file": "data/hosho.key"}},
        K.KEY_FILE_WITH_DATA,
    ),
    "no copy of the key": (lambda folder: (folder / "safe/hosho.key").unlink(), {}, K.KEY_COPY_MISSING),
    "a copy that others read": (lambda folder: (folder / "safe/hosho.key").chmod(0o640), {}, K.KEY_COPY_OPEN),
    "a copy of the key before": (rotated, {}, K.KEY_COPY_DIFFERS),
    "no database": (no_database, {}, K.DATABASE_GONE),
    "no database server": (
        nothing,
        {"storage": {"url": "postgres://hosho@127.0.0.1:1/hosho"}},
        K.DATABASE_UNUSABLE,
    ),
    "a newer database": (sql("INSERT INTO schema_version VALUES (99, '0099', '', '')"), {}, K.SCHEMA_UNFIT),
    "a database of another making": (sql("UPDATE schema_version SET checksum = 'x'"), {}, K.SCHEMA_UNFIT),
    "last year's calendar": (nothing, {"summary": {"closed_days": ["2020-11-13"]}}, K.CLOSED_DAYS_OLD),
    "alarms to ourselves": (nothing, {"operator": {"address": "hosho+alarm@city.example.jp"}}, K.TO_OURSELVES),
    "summaries to where bounces go": (
        nothing,
        {"mail": {"bounce_address": "b@city.example.jp"}, "desks": {"address": "b@city.example.jp"}},
        K.TO_OURSELVES,
    ),
    "a clerk from elsewhere": (nothing, {"desks": {"staff": ["yamada@example.com"]}}, K.STAFF_OUTSIDE),
    "a folder of backups that others read": (
        lambda folder: (shutil.copytree(folder / "safe", folder / "copies"), (folder / "copies").chmod(0o755)),
        {"backup": {"folder": "copies"}, "operator": {"backup": "safe/hosho.key"}},
        K.FOLDER_OPEN,
    ),
    "an alarm": (nothing, {"operator": {"backup": "/no/such/*"}}, K.ALARM_CAN_WAIT),
}


@pytest.mark.parametrize(("seed", "changes", "kind"), SEEDS.values(), ids=SEEDS)
async def test_a_fault_of_this_machine_is_found_alone(folder, seed, changes, kind):
    seed(folder)
    assert await kinds(folder, changes) == [kind]


async def test_a_taken_port_is_found_unless_our_daemon_has_it(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monitoring = {"monitoring": {"listen": f"127.0.0.1:{taken.getsockname()[1]}"}}
        assert await kinds(folder, monitoring) == [K.PORT_TAKEN]
        port = {"lmtp": {"port": taken.getsockname()[1]}}
        assert await kinds(folder, port) == [K.PORT_TAKEN]
        async with await DaemonLock.take(load(folder / "config.toml").database_url):
            assert await kinds(folder, port) == []


async def test_before_the_first_start_there_is_nothing_to_find_but_what_is_not_there_yet(tmp_path):
    assert await kinds(tmp_path) == [K.FOLDER_MISSING, K.FOLDER_MISSING]
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.postgresql
async def test_a_postgresql_database_before_and_after_its_first_start(folder, new_postgresql):
    changes = {"storage": {"url": new_postgresql}}
    assert await kinds(folder, changes) == []
    assert await pending_migrations(new_postgresql, clock=utc_now) is None  # and it has made nothing there
    async with await Store.open(new_postgresql, vault=KeyFile(folder / "keys/hosho.key"), clock=utc_now):
        pass
    assert await kinds(folder, changes) == []


# -- the last mails


def mail(number: int, *heads: str) -> bytes:
    own = "Received: from a by mx.city.example.jp; Mon, 30 Nov 2026 12:00:00 +0900"
    lines = [*(heads or (PROOF, own)), f"Message-ID: <{number}@x>", "From: a@kensetsu.example.jp", "", f"text {number}"]
    return "\r\n".join(lines).encode()


PROOF = "Authentication-Results: mx.city.example.jp; dmarc=pass header.from=kensetsu.example.jp"
OTHER = "Authentication-Results: mx2.city.example.jp; spf=pass"
INNER = "Received: from mx by mail.city.example.jp with LMTP; Mon, 30 Nov 2026 12:00:01 +0900"
OWN = "Received: from a by mx.city.example.jp; Mon, 30 Nov 2026 12:00:00 +0900"
FORGED = "Received: from b by mx.kensetsu.example.jp; Mon, 30 Nov 2026 11:00:00 +0900"
LATE = "Received: from a by mx.city.example.jp; Mon, 30 Nov 2099 12:00:00 +0900"


@pytest.mark.parametrize(
    ("heads", "changes", "expected"),
    [
        ((PROOF, OWN, FORGED), {}, []),
        ((OTHER, OWN), {}, [K.AUTHSERV_WRONG]),
        ((OWN, FORGED), {}, [K.AUTHSERV_WRONG]),
        ((PROOF, OWN), {"mail": {"authserv_id": ""}}, [K.AUTHSERV_UNSET]),
        ((INNER, PROOF, OWN, FORGED), {}, [K.HOPS_WRONG]),
        ((INNER, PROOF, OWN, FORGED), {"mail": {"own_hops": 2}}, []),
        ((PROOF, OWN), {"mail": {"own_hops": 2}}, [K.HOPS_WRONG]),
        ((PROOF, LATE), {}, [K.CLOCK_OFF]),
    ],
)
async def test_what_the_last_mails_say_of_the_citys_servers(folder, heads, changes, expected):
    await put(folder, *(mail(number, *heads) for number in range(4)), ago=timedelta(minutes=1))
    assert await kinds(folder, changes) == expected


async def test_a_mail_from_the_future_is_found(folder):
    await put(folder, mail(1), ago=timedelta(minutes=-20))
    assert await kinds(folder) == [K.MAIL_FROM_FUTURE]


# -- the relay


def outgoing(port: int, **changes: object) -> dict[str, dict[str, object]]:
    return {"outgoing": {"method": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", **changes}}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, []),
        ({"mail": ["501 5.1.7 no null"]}, [K.NULL_SENDER_REFUSED]),
        ({"mail": ["", "553 5.7.1 not yours"]}, [K.SENDER_REFUSED]),
        ({"mail": ["530 5.7.0 Authentication required"] * 2}, [K.LOGIN_WANTED]),
        ({"rcpt": ["", "550 5.1.1 unknown"]}, [K.RECIPIENT_REFUSED]),
        ({"rcpt": ["550 5.7.1 no", "550 5.7.1 no", "550 5.7.1 no"]}, [K.RECIPIENT_REFUSED] * 2),
        ({"rcpt": ["554 5.7.1 <>: Sender address rejected: no"]}, [K.NULL_SENDER_REFUSED]),
        ({"rcpt": ["451 4.7.1 come back later"] * 2}, [K.SERVER_REFUSES]),
        ({"rcpt": ["drop"]}, [K.SERVER_UNREACHABLE]),
    ],
)
async def test_what_a_relay_refuses_is_found(folder, answers, expected):
    script = Script(answers)
    async with relay(script) as port:
        assert await kinds(folder, outgoing(port)) == expected
    assert script.mails == []


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


CERTIFICATES = {
    "right": ({}, []),
    "of another name": ({"name": "relay.example.jp"}, [K.CERTIFICATE_NAME]),
    "of another address": ({"name": "192.0.2.9"}, [K.CERTIFICATE_NAME]),
    "expired": ({"since_days": -9, "until_days": -1}, [K.CERTIFICATE_EXPIRED]),
    "of tomorrow": ({"since_days": 1}, [K.CERTIFICATE_NOT_YET]),
    "that ends soon": ({"until_days": 5}, [K.CERTIFICATE_ENDS]),
}


@pytest.mark.parametrize(("how", "expected"), CERTIFICATES.values(), ids=CERTIFICATES)
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_relays_certificate_is_looked_at(folder, authority, tls, how, expected):
    async with relay(Script(), tls=authority.server(**how), implicit=tls == "implicit") as port:
        assert await kinds(folder, outgoing(port, tls=tls, ca_file=str(authority.file))) == expected


@pytest.mark.parametrize(
    ("is_safe", "changes", "expected"),
    [
        (True, {"tls": "starttls", "ca_file": None}, K.CERTIFICATE_UNKNOWN_CA),
        (True, {"user": "hosho", "tls": "starttls"}, None),
        (True, {"user": "someone", "tls": "starttls"}, K.LOGIN_REFUSED),
        (True, {"user": "hosho", "tls": "starttls", "auth": "xoauth2"}, K.LOGIN_NOT_OFFERED),
        (False, {"user": "hosho"}, K.LOGIN_NOT_OFFERED),
        (False, {"tls": "starttls"}, K.NO_STARTTLS),
        (False, {"tls": "implicit"}, K.TLS_FAILED),
    ],
)
async def test_how_a_relay_lets_us_in_is_looked_at(folder, authority, is_safe, changes, expected):
    login = {"password_file": secret(folder)} if "user" in changes else {}
    settings = {"ca_file": str(authority.file)} | login | changes
    async with relay(Script(), tls=authority.server() if is_safe else None) as port:
        found = await kinds(folder, outgoing(port, **{key: one for key, one in settings.items() if one}))
    assert found == ([expected] if expected else [])


async def test_a_token_that_is_refused_is_found(folder, authority):
    async with relay(Script(token="new"), tls=authority.server()) as port:
        wrong = outgoing(
            port,
            user="hosho",
            auth="xoauth2",
            password_file=secret(folder, "old"),
            tls="starttls",
            ca_file=str(authority.file),
        )
        assert await kinds(folder, wrong) == [K.LOGIN_REFUSED]


async def test_a_token_that_its_issuer_does_not_give_is_found(folder):
    oauth = {"tenant": "t", "client_id": "c", "secret_file": secret(folder), "authority": "https://127.0.0.1:1"}
    async with relay(Script()) as port:
        changes = outgoing(port, user="hosho", auth="xoauth2") | {"oauth": oauth}
        assert await kinds(folder, changes) == [K.NO_CREDENTIAL]


async def answering(words: bytes, folder: Path, section: str, seconds: float = 30.0) -> list[FindingKind]:
    """What is found of a server that says this to whoever comes, and no more."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        with suppress(asyncio.CancelledError):  # as the test ends
            await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        config = load(write(folder, outgoing(port) if section == "outgoing" else imap(folder, port)))
        seen = servers.relay(config, (), seconds) if section == "outgoing" else servers.mailbox(config, None, seconds)
        fact = await seen
    return [one.kind for one in judge([fact if section == "outgoing" else fact[0]], utc_now())]


@pytest.mark.parametrize("section", ["outgoing", "imap"])
@pytest.mark.parametrize(
    ("words", "seconds", "kind"),
    [
        ({"outgoing": b"", "imap": b""}, SOON, K.SERVER_SILENT),
        ({"outgoing": b"220-", "imap": b"* OK "}, SOON, K.SERVER_SILENT),
        ({"outgoing": b"554 5.7.1 no\r\n", "imap": b"* BYE no\r\n"}, 30, K.SERVER_GREETING),
        ({"outgoing": b"* OK IMAP4rev1\r\n", "imap": b"220 relay ESMTP\r\n"}, 30, K.SERVER_GREETING),
    ],
)
async def test_how_a_server_greets_is_found_in_bounded_time(tmp_path, section, words, seconds, kind):
    assert await answering(words[section], tmp_path, section, seconds) == [kind]


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", K.SERVER_UNREACHABLE), ("no-such.invalid", K.SERVER_NAME)])
async def test_servers_that_are_not_there_are_found(folder, host, kind):
    changes = outgoing(1, host=host, tls="starttls") | imap(folder, 1, host=host, tls="starttls")
    assert await kinds(folder, changes) == [kind, kind]


# -- the mailbox


def imap(folder: Path, port: int, **changes: object) -> dict[str, dict[str, object]]:
    file = folder / "password"
    password = str(file) if file.exists() else secret(folder)
    settings = {"host": "127.0.0.1", "port": port, "tls": "none", "user": "city", "password_file": password}
    return {"imap": {"enabled": True, **settings, **changes}}


async def no(peer: Peer, tag: str) -> None:
    await peer.send(f"{tag} NO [ALERT] not so\r\n".encode())


async def untold(peer: Peer, tag: str) -> None:
    await peer.send(f"* 0 EXISTS\r\n{tag} OK done\r\n".encode())


BOXES = {
    "well": ({}, {}, []),
    "a refused login": ({}, {"LOGIN": [no]}, [K.LOGIN_REFUSED]),
    "no login in the clear": ({"capabilities": "IMAP4rev1 IDLE LOGINDISABLED"}, {}, [K.LOGIN_NOT_OFFERED]),
    "no such mailbox": ({}, {"SELECT": [no]}, [K.MAILBOX_MISSING]),
    "no UIDVALIDITY": ({}, {"SELECT": [untold]}, [K.NO_UIDVALIDITY]),
    "no IDLE": ({"capabilities": "IMAP4rev1"}, {}, [K.NO_IDLE]),
    "another UIDVALIDITY": ({"uidvalidity": 8}, {}, [K.UIDVALIDITY_CHANGED]),
    "UIDs that go back": ({"uidnext": 2}, {}, [K.UIDS_GO_BACK]),
}


@pytest.mark.parametrize(("attributes", "faults", "expected"), BOXES.values(), ids=BOXES)
async def test_what_is_wrong_with_a_mailbox_is_found(folder, attributes, faults, expected):
    server = ScriptedImap({})
    server.uidnext = 6
    vars(server).update(attributes)
    server.faults.update(faults)
    config = load(write(folder))
    async with await Store.open(config.database_url, vault=KeyFile(config.key_file), clock=utc_now) as store:
        await store.mailboxes.remember(MailboxCursor("city@127.0.0.1/INBOX", 7, 5, utc_now()).memory)
    async with server.serving() as port:
        assert await kinds(folder, imap(folder, port)) == expected


@pytest.mark.parametrize(("tls", "fault", "kind"), [("starttls", no, K.NO_STARTTLS), ("implicit", None, K.TLS_FAILED)])
async def test_how_a_mailboxs_server_speaks_tls_is_looked_at(folder, tls, fault, kind):
    server = ScriptedImap({})
    server.faults["STARTTLS"] = [fault]
    async with server.serving() as port:
        assert await kinds(folder, imap(folder, port, tls=tls)) == [kind]


@pytest.mark.dovecot
async def test_a_real_dovecot(folder, dovecot):
    port = dovecot.imap_port
    well = imap(folder, port)
    assert await kinds(folder, well) == [K.LOGIN_REFUSED]
    (folder / "password").write_text(dovecot.password)
    assert await kinds(folder, well) == []
    assert await kinds(folder, imap(folder, port, mailbox="No such")) == [K.MAILBOX_MISSING]
    assert await kinds(folder, imap(folder, port, tls="starttls")) == [K.CERTIFICATE_UNKNOWN_CA]
    assert await kinds(folder, imap(folder, dovecot.imaps_port, tls="implicit")) == [K.CERTIFICATE_UNKNOWN_CA]


@pytest.mark.postfix
async def test_a_real_postfix(folder, postfix):
    port = postfix.smtp_port
    assert await kinds(folder, outgoing(port)) == []
    assert await kinds(folder, outgoing(port, tls="starttls")) == [K.NO_STARTTLS]
    postfix.set("mynetworks = 192.0.2.0/24")
    assert await kinds(folder, outgoing(port)) == [K.RECIPIENT_REFUSED] * 2
    ours = "smtpd_sender_restrictions = check_sender_access inline:{hosho@city.example.jp=REJECT}"
    postfix.set("mynetworks = 127.0.0.0/8", ours)  # said at RCPT
    assert await kinds(folder, outgoing(port)) == [K.SENDER_REFUSED]
    postfix.set("smtpd_sender_restrictions = check_sender_access inline:{<>=REJECT}")
    assert await kinds(folder, outgoing(port)) == [K.NULL_SENDER_REFUSED]
    await postfix.until_empty()  # nothing was sent


# -- the command


def call(*words: str):
    return CliRunner().invoke(main, [*words])


async def called(folder: Path, changes: dict[str, dict[str, object]], *words: str):
    file = str(write(folder, changes))
    return await asyncio.to_thread(call, *words, "--config", file)


@pytest.mark.parametrize(
    ("changes", "code", "last"),
    [
        ({}, 0, "異常は見つかりませんでした。"),
        ({"folder": {"path": "mails"}}, 0, "異常0件、注意0件、参考1件です。"),
        ({"lmtp": {"host": "0.0.0.0"}}, 1, "異常0件、注意1件、参考0件です。"),
        ({"lmtp": {"host": "192.0.2.1"}, "folder": {"path": "mails"}}, 2, "異常1件、注意0件、参考1件です。"),
        ({"mail": {"inboxs": 1}}, 2, "異常1件、注意0件、参考0件です。"),
    ],
)
@pytest.mark.parametrize("words", [("doctor",), ("check-config", "--probe")])
async def test_the_command_tells_the_worst_first_and_by_its_exit_code(folder, words, changes, code, last):
    result = await called(folder, changes, *words)
    assert (result.exit_code, result.output.splitlines()[-1]) == (code, last)
    if code == 2:
        assert result.output.startswith("異常 ")


async def test_programs_get_the_findings_as_json(folder):
    result = await called(folder, {"folder": {"path": "mails"}}, "doctor", "--json")
    told = json.loads(result.output)
    [finding] = told["findings"]
    assert (told["ok"], finding["kind"], finding["severity"], finding["key"]) == (
        True,
        "folder_missing",
        "note",
        "folder.path",
    )


async def test_offline_no_server_is_asked(folder):
    result = await called(folder, outgoing(1), "doctor", "--offline")
    assert (result.exit_code, result.output) == (0, "異常は見つかりませんでした。\n")


async def test_what_a_server_says_can_t_steer_the_terminal(folder):
    async with relay(Script({"mail": ["501 \x1b[2Jno"]})) as port:
        result = await called(folder, outgoing(port), "doctor")
    assert result.exit_code == 2
    assert "\x1b" not in result.output


# -- the test mail


async def test_a_test_mail_that_is_refused_or_does_not_come_back_is_told(folder):
    async with relay(Script({"rcpt": ["550 no"]})) as port:
        found = await there_and_back(load(write(folder, outgoing(port))), SOON)
    assert [one.kind for one in found] == [K.TEST_MAIL_REFUSED]
    script = Script()
    async with relay(script) as port:
        found = await there_and_back(load(write(folder, outgoing(port))), SOON)
    assert [one.kind for one in found] == [K.TEST_MAIL_LOST]
    [(sender, recipients, content)] = script.mails
    assert (sender, recipients) == ("<>", ["hosho@city.example.jp"])
    assert b"Auto-Submitted: auto-generated" in content
