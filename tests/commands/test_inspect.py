"""`inspect` from outside: the contract that programs rely on, and what a person would see of nasty and of honest mail."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner

from bot.cli import main
from bot.commands.inspect import DEFAULT_INBOX, Inspector, SteppingClock, embedded
from bot.config.to_policy import policy_of
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.documents.images.sight import is_installed
from bot.outbound.compose import Composer
from bot.workers.sorter import TRIES, Sorter
from storage.store import Store
from tests.commands.inspected import (
    HELLO,
    ROOT,
    SENDER,
    TITLES,
    Run,
    attached,
    csv,
    inspect,
    mail,
    many,
    paper,
    pdf,
    register_row,
    said,
    text,
    write,
)
from tests.in_process_reader import InProcessReader
from tests.workers.test_sorter import BusyMachine

pytestmark = pytest.mark.process

OUR_SERVER = "mx.city.example.jp"
PROOF = f"Authentication-Results: {OUR_SERVER}; dmarc=pass header.from=kensetsu.example.jp"
CHANGED_KEY = "AbCd1234EfGh"


def typed(notice: dict[str, str], key: str = "") -> str:
    return f"{HELLO}\n保証契約番号：{notice['number']}\n認証キー：{key or notice['auth_key']}\n"


def wearing(name: str, *more: object) -> bytes:
    return mail(many(text(), paper(name, *more)))


# One notice of the corpus a mail: what the first mail did must not change what the others show.
HONEST = {
    "plain": wearing("chromium-leaflet"),
    "iso-2022-jp": mail(many(text(charset="ISO-2022-JP"), paper("writer-leaflet"))),
    "cp932-said-to-be-shift-jis": mail(many(text(f"㈱髙﨑組①\n{HELLO}", "Shift_JIS", "cp932"), paper("shift-jis-leaflet"))),
    "split-rfc2231-name": wearing(
        "chromium-bold",
        "attachment;\r\n filename*0*=iso-2022-jp''%1B%24BG%27%3E%5A;\r\n filename*1*=%25%2D%21%3C%1B%28B.pdf",
    ),
    "encoded-word-name": wearing("chromium-table", 'attachment; filename="=?utf-8?B?6KqN6Ki844Kt44O8LnBkZg==?="'),
    "octet-stream": wearing("chromium-west", 'attachment; filename="KEY.PDF"', "application/octet-stream"),
    "no-file-name": wearing("chromium-hokkaido", "attachment"),
    "no-disposition": wearing("chromium-no-colon", None, 'application/pdf; name="a.pdf"'),
    "inline": wearing("writer-west", "inline; filename=a.pdf"),
    "pdf-is-the-mail": mail(paper("reportlab-embedded-table", None)),
    "html-beside": mail(many(text("<p>お世話になっております</p>", subtype="html"), paper("writer-two-lines"))),
    "related-in-alternative": mail(
        many(
            many(text(), many(text("<p>本文", subtype="html"), paper("reportlab-gothic"), subtype="related"), subtype="alternative"),
            attached(b"\x89PNG\r\n", 'inline; filename="logo.png"', "image/png"),
        )
    ),
    "body-repeats-the-paper": mail(many(text(typed(said("reportlab-embedded"))), paper("reportlab-embedded"))),
    "with-claim-and-certificate": mail(many(text(), paper("claim"), paper("writer-value-below"), paper("certificate"))),
    "jv": wearing("chromium-jv"),
    "two-notices": wearing("chromium-two-notices"),
}  # fmt: skip
PAPER_OF = {
    "plain": "chromium-leaflet",
    "iso-2022-jp": "writer-leaflet",
    "cp932-said-to-be-shift-jis": "shift-jis-leaflet",
    "split-rfc2231-name": "chromium-bold",
    "encoded-word-name": "chromium-table",
    "octet-stream": "chromium-west",
    "no-file-name": "chromium-hokkaido",
    "no-disposition": "chromium-no-colon",
    "inline": "writer-west",
    "pdf-is-the-mail": "reportlab-embedded-table",
    "html-beside": "writer-two-lines",
    "related-in-alternative": "reportlab-gothic",
    "body-repeats-the-paper": "reportlab-embedded",
    "with-claim-and-certificate": "writer-value-below",
    "jv": "chromium-jv",
}
FORWARDED = mail(many(text(), paper("reportlab-leaflet")))
FORWARDS = {
    "forwarded-notice": mail(many(text("転送します"), ("Content-Type: message/rfc822", FORWARDED)), subject="FW: 認証キー"),
    "forwarded-as-a-file": mail(many(text("転送します"), attached(FORWARDED, 'attachment; filename="a.eml"', "message/rfc822"))),
}  # fmt: skip
PASSED_ON = {
    "returned-by-a-person": mail(
        many(text("宛先違いのようですので返送いたします。"), ("Content-Type: message/rfc822", FORWARDED)), subject="返送"
    ),
    "question": mail(text("認証キーのダウンロードの方法を教えてください。")),
    "empty": b"",
    "only-bytes": bytes(range(256)) * 8,
    "only-body": b"\r\n\r\nhello",
    "insurer": wearing("insurer-access"),
}  # fmt: skip
THANKS = {"thanks": mail(text("先日はありがとうございました。"), subject="お礼")}
ASKED = {name: wearing(name) for name in ("certificate", "completion-mail", "encrypted", "damaged")}
HELD = {
    "body-only": mail(text(typed(said("reportlab-value-below")))),
    "html-only": mail(
        text(
            f"<table><tr><th>保証契約番号<td>{said('reportlab-no-colon')['number']}"
            f"<tr><th>認証キー<td>{said('reportlab-no-colon')['auth_key']}</table>",
            subtype="html",
        )
    ),
    "body-with-another-key": mail(many(text(typed(said("reportlab-sideways"), CHANGED_KEY)), paper("reportlab-sideways"))),
    "screen": wearing("net-desk-screen"),
    "unknown": wearing("reportlab-special-letters"),
    "machine": mail(many(text(), paper("reportlab-jv")), "Auto-Submitted: auto-generated"),
    "bulk": mail(many(text(), paper("reportlab-values-first")), "Precedence: bulk"),
    "noreply": mail(many(text(), paper("reportlab-letter-spaced")), sender="noreply@kensetsu.example.jp"),
}  # fmt: skip
HELD_REASONS = {
    "body-only": ["typed_in_body"],
    "html-only": ["typed_in_body"],
    "body-with-another-key": ["two_keys_in_mail"],
    "screen": ["not_the_notice_itself"],
    "unknown": ["not_in_register"],
    "machine": ["sender_automatic"],
    "bulk": ["sender_automatic"],
    "noreply": ["sender_automatic"],
}
REPORT = many(
    text("配信できませんでした"),
    ("Content-Type: message/delivery-status", b"Action: failed\r\n"),
    ("Content-Type: message/rfc822", FORWARDED),
    subtype="report",
)
IGNORED = {
    "bounce": mail(REPORT, "Return-Path: <>", sender="MAILER-DAEMON@kensetsu.example.jp"),
    "auto-reply": mail(text(typed(said("reportlab-leaflet"))), "Auto-Submitted: auto-replied"),
    "own": mail(text(HELLO), "X-Hosho-Bot: receipt"),
    "advertisement": mail(text("展示会のご案内"), "List-Unsubscribe: <https://x.example.jp>", subject="展示会"),
}
REGISTER = [
    *(
        register_row(said(name))
        for name in sorted(set(PAPER_OF.values()) - {"chromium-jv", "reportlab-embedded-table"})
    ),
    register_row(said("reportlab-embedded-table"), number=""),
    register_row(said("chromium-jv"), contractor="青葉台建設株式会社", jv_name="青葉台・髙梨特定建設工事共同企業体"),
    *(register_row(said("chromium-two-notices", n)) for n in (0, 1)),
    *(
        register_row(said(name))
        for name in (
            "reportlab-value-below",
            "reportlab-no-colon",
            "reportlab-sideways",
            "net-desk-screen",
            "reportlab-jv",
            "reportlab-values-first",
            "reportlab-letter-spaced",
            "reportlab-leaflet",
        )
    ),
]
EVERYTHING = {
    **HONEST,
    **FORWARDS,
    "scan": wearing("scan"),
    **PASSED_ON,
    **THANKS,
    **ASKED,
    **HELD,
    **IGNORED,
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One call over everything above, its register a CSV of Excel's."""
    folder = tmp_path_factory.mktemp("inspect")
    mails = write(folder / "mails", EVERYTHING)
    register = folder / "台帳.csv"
    register.write_text(csv(REGISTER), encoding="cp932", newline="")
    return inspect(folder, "--register", register, mails)


# -- the contract


def test_a_folder_is_one_object_a_mail_by_name(seen: Run):
    assert (seen.code, seen.errors) == (0, "")
    assert [Path(json.loads(line)["file"]).stem for line in seen.lines] == sorted(EVERYTHING)


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_object_has_the_members_that_programs_read(seen: Run, name: str):
    row = seen.rows[name]
    assert {"file", "mail", "papers", "submissions", "letters", "alerts"} <= set(row)
    assert {"state", "reason", "from", "subject"} <= set(row["mail"])
    for each in row["papers"]:
        assert {"name", "kind", "reason"} <= set(each)
    for each in row["submissions"]:
        wanted = {"state", "reasons", "guarantee", "guarantee_number", "auth_key", "project_name", "contractor"}
        assert wanted | {"product", "read_from", "evidence"} <= set(each)
    for each in (*row["letters"], *row["alerts"]):
        assert set(each) == {"to", "letter", "subject", "text"}
    assert row["mail"]["state"] in {"sorted", "passed_on", "ignored"}


@pytest.mark.parametrize("name", PAPER_OF)
def test_a_notice_is_accepted_whatever_its_mail_wears(seen: Run, name: str):
    row, expected = seen.rows[name], said(PAPER_OF[name])
    assert (row["mail"]["state"], row["mail"]["reason"]) == ("sorted", "notice_found")
    (one,) = row["submissions"]
    assert (one["state"], one["guarantee_number"]) == ("accepted", expected["number"])
    assert {one["project_name"], one["contractor"], one["product"], one["read_from"], one["auth_key"]} == {
        expected["project_name"],
        expected["contractor"],
        expected["product"],
        "pdf_text",
        "************(12)",
    }
    assert [(letter["to"], letter["letter"]) for letter in row["letters"]] == [(SENDER, "receipt")]
    assert row["alerts"] == []


def test_a_row_without_number_was_taken_by_its_details(seen: Run):
    assert seen.rows["pdf-is-the-mail"]["submissions"][0]["reasons"] == ["details_match"]


def test_two_notices_of_a_mail_are_two_submissions_and_one_letter(seen: Run):
    row = seen.rows["two-notices"]
    numbers = [said("chromium-two-notices", n)["number"] for n in (0, 1)]
    assert [(s["state"], s["guarantee_number"]) for s in row["submissions"]] == [("accepted", n) for n in numbers]
    assert [letter["letter"] for letter in row["letters"]] == ["receipt"]
    assert all(number in row["letters"][0]["text"] for number in numbers)


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("split-rfc2231-name", "認証キー.pdf"),
        ("encoded-word-name", "認証キー.pdf"),
        ("octet-stream", "KEY.PDF"),
        ("no-disposition", "a.pdf"),
        ("no-file-name", "添付2"),
        ("pdf-is-the-mail", "添付1"),
    ],
)
def test_a_paper_has_the_name_that_its_sender_gave_it(seen: Run, name: str, file_name: str):
    assert seen.rows[name]["papers"][0]["name"] == file_name


@pytest.mark.parametrize("name", PASSED_ON)
def test_what_only_a_person_can_answer_is_passed_on_and_not_answered(seen: Run, name: str):
    row = seen.rows[name]
    assert (row["mail"]["state"], row["submissions"], row["letters"]) == ("passed_on", [], [])
    assert row["mail"]["waits_for"] == "desk"
    assert [alert["letter"] for alert in row["alerts"]] == ["mail_alert"]


def test_thanks_alone_are_no_work(seen: Run):
    row = seen.rows["thanks"]
    assert (row["mail"]["state"], row["mail"]["reason"], row["letters"], row["alerts"]) == ("ignored", "thanks", [], [])


@pytest.mark.parametrize("name", FORWARDS)
def test_a_forwarded_mail_is_a_submission_of_its_notice(seen: Run, name: str):
    row = seen.rows[name]
    assert (row["mail"]["state"], [p["kind"] for p in row["papers"]]) == ("sorted", ["attached_mail", "key_notice"])
    assert [s["guarantee_number"] for s in row["submissions"]] == [said("reportlab-leaflet")["number"]]
    assert [letter["letter"] for letter in row["letters"]] in (["receipt"], ["receipt_again"])


def test_a_mail_that_a_person_sends_back_is_not_looked_into(seen: Run):
    row = seen.rows["returned-by-a-person"]
    assert row["mail"]["reason"] == "attached_mail"
    assert [(p["kind"], p["reason"]) for p in row["papers"]] == [("attached_mail", "attached_mail")]


def test_a_scan_is_read_and_never_accepted_by_itself(seen: Run):
    row = seen.rows["scan"]
    if not is_installed():
        assert (row["mail"]["reason"], row["submissions"]) == ("notice_wanted", [])
        return
    (submission,) = row["submissions"]
    assert (submission["guarantee_number"], submission["read_from"]) == (said("chromium-leaflet")["number"], "ocr")
    assert submission["state"] in {"held", "duplicate"}


@pytest.mark.parametrize("name", ASKED)
def test_who_sent_something_else_is_asked_for_the_notice(seen: Run, name: str):
    row = seen.rows[name]
    assert (row["mail"]["state"], row["mail"]["reason"]) == ("passed_on", "notice_wanted")
    assert (row["mail"]["waits_for"], bool(row["alerts"])) in {("sender", False), ("desk", True)}
    assert [letter["letter"] for letter in row["letters"]] == ["notice_wanted"]
    assert row["letters"][0]["subject"].startswith("【お願い】")


@pytest.mark.parametrize("name", HELD)
def test_what_is_not_certain_is_held_and_alerted(seen: Run, name: str):
    row = seen.rows[name]
    assert row["mail"]["state"] == "sorted"
    assert {s["state"] for s in row["submissions"]} == {"held"}
    assert set(HELD_REASONS[name]) <= set(row["submissions"][0]["reasons"])
    assert [alert["letter"] for alert in row["alerts"]] == ["alert"]
    is_machines = HELD_REASONS[name] == ["sender_automatic"]
    assert [letter["letter"] for letter in row["letters"]] == ([] if is_machines else ["receipt"])


@pytest.mark.parametrize("name", IGNORED)
def test_a_machines_mail_is_ignored_without_a_mail_of_ours(seen: Run, name: str):
    row = seen.rows[name]
    assert (row["mail"]["state"], row["submissions"], row["letters"], row["alerts"]) == ("ignored", [], [], [])


def test_no_key_of_any_paper_is_shown(seen: Run):
    everything = "\n".join(seen.lines)
    names = {
        *PAPER_OF.values(),
        "net-desk-screen",
        "reportlab-special-letters",
        "reportlab-sideways",
        "reportlab-leaflet",
    }
    keys = {said(name)["auth_key"] for name in names} | {CHANGED_KEY}
    assert [key for key in keys if key in everything] == []


# -- the options


def test_a_workbook_is_a_register_keys_are_shown_on_demand_and_a_copy_is_no_second_mail(tmp_path: Path):
    notice = said("chromium-leaflet")
    row = register_row(notice, auth_key=notice["auth_key"], email="soumu@kensetsu.example.jp")
    with xlsxwriter.Workbook(tmp_path / "r.xlsx") as book:
        sheet = book.add_worksheet("台帳")
        for number, cells in enumerate([["令和８年度 電子保証台帳"], list(TITLES), row]):
            sheet.write_row(number, 0, cells)
    mails = write(tmp_path / "mails", {"a": wearing("chromium-leaflet"), "b": wearing("chromium-leaflet")})
    run = inspect(tmp_path, "--reveal-keys", "--register", tmp_path / "r.xlsx", mails / "b.eml", mails / "a.eml")
    assert (run.code, list(run.rows)) == (0, ["b", "a"])
    (one,) = run.rows["b"]["submissions"]
    expected = ("accepted", ["number_and_key_match"], notice["auth_key"])
    assert (one["state"], one["reasons"], one["auth_key"]) == expected
    copy = run.rows["a"]
    assert (copy["mail"]["state"], copy["mail"]["reason"]) == ("ignored", "already_received")
    assert (copy["submissions"], copy["letters"]) == ([], [])


def test_the_envelope_is_the_trace_headers_or_the_options(tmp_path: Path):
    notice = many(text(), paper("chromium-leaflet"))
    mails = {
        "with-return-path": mail(notice, f"Return-Path: <{SENDER}>\nMessage-ID: <1@x>"),
        "with-null-return-path": mail(text(), "Return-Path: <>\nMessage-ID: <2@x>"),
        "without": mail(text(), "Message-ID: <3@x>"),
    }
    folder = write(tmp_path / "mails", mails)
    run = inspect(tmp_path, "--mail-from", "", "--rcpt-to", "hosho@city.example.jp", folder)
    ends = {name: (row["mail"]["state"], row["mail"]["reason"]) for name, row in run.rows.items()}
    assert ends == {
        "with-return-path": ("sorted", "notice_found"),
        "with-null-return-path": ("ignored", "null_sender"),
        "without": ("ignored", "null_sender"),
    }


def test_only_the_named_servers_word_proves_a_sender(tmp_path: Path):
    forged = PROOF.replace(OUR_SERVER, "mx.evil.example.com")
    papers = ["chromium-leaflet", "writer-leaflet", "reportlab-leaflet"]
    headers = {"proven": PROOF, "forged": forged, "none": ""}
    mails = {
        name: mail(many(text(), paper(name_of)), headers[name]) for name, name_of in zip(headers, papers, strict=True)
    }
    register = tmp_path / "r.csv"
    register.write_text(csv([register_row(said(name)) for name in papers]), encoding="utf-8", newline="")
    run = inspect(tmp_path, "--authserv-id", OUR_SERVER, "--register", register, write(tmp_path / "mails", mails))
    shown = {
        name: (
            row["submissions"][0]["state"],
            row["submissions"][0]["reasons"],
            [m["letter"] for m in (*row["letters"], *row["alerts"])],
        )
        for name, row in run.rows.items()
    }
    unproven = ("held", ["sender_unproven"], ["alert"])
    assert shown == {"proven": ("accepted", ["number_matches"], ["receipt"]), "forged": unproven, "none": unproven}


def test_no_set_up_is_needed(tmp_path: Path):
    folder = write(tmp_path / "mails", {"a": wearing("chromium-leaflet")})
    run = inspect(tmp_path, folder / "a.eml")
    assert (run.code, run.rows["a"]["submissions"][0]["reasons"]) == (0, ["not_in_register"])


def test_a_missing_file_is_a_wrong_call(tmp_path: Path):
    done = CliRunner().invoke(main, ["inspect", str(tmp_path / "missing.eml")])
    assert (done.exit_code, done.stdout) == (2, "")


def test_what_happens_in_an_order_is_shown_in_it(tmp_path: Path):
    """Another key for a waiting number, the first one again, and the same from others: a stranger sees no difference."""
    notice = said("chromium-leaflet")
    other_key = pdf("chromium-leaflet")
    mails = {
        "1-first": mail(many(text(), attached(other_key)), "Message-ID: <1@x>"),
        "2-another-key": mail(text(typed(notice, CHANGED_KEY)), "Message-ID: <2@x>", sender="b@x.example.com"),
        "3-again": mail(many(text(), attached(other_key)), "Message-ID: <3@x>", sender="c@y.example.com"),
    }
    run = inspect(tmp_path, write(tmp_path / "mails", mails))
    assert [(s["state"], s["reasons"]) for row in run.rows.values() for s in row["submissions"]] == [
        ("held", ["not_in_register"]),
        ("held", ["other_key_before", "typed_in_body", "not_in_register"]),
        ("duplicate", ["same_as_waiting"]),
    ]
    assert [[m["letter"] for m in row["letters"]] for row in run.rows.values()] == [["receipt"]] * 3


async def test_a_mail_that_can_not_be_processed_is_parked_and_shown_as_its_own(tmp_path: Path):
    """Forced by a receipt that asks for what no letter has: three tries, an alert, and the next mail is not mixed up with it."""
    templates = tmp_path / "ja"
    shutil.copytree(ROOT / "mail_templates" / "ja", templates)
    (templates / "receipt.j2").write_text("件名: 受付\n\n{{ nothing }}")
    broken = Composer(sender=DEFAULT_INBOX, bounces=DEFAULT_INBOX, secret=bytes(16), templates_dir=templates)
    policy = policy_of(embedded(DEFAULT_INBOX, ""))
    clock = SteppingClock()
    url = f"sqlite:///{tmp_path}/inspect.db"
    async with await Store.open(url, clock=clock, durable=False) as store, InProcessReader() as reader:
        office = Inspector(store, Sorter(store, reader, broken, policy, clock), clock, policy.inboxes)
        seen = [
            await office.see(wearing("chromium-leaflet"), None, ()),
            await office.see(mail(text("現場説明会はいつですか。")), None, ()),
        ]
    assert [(one.mail.state, one.mail.attempts, [m.letter for m in one.outgoing]) for one in seen] == [
        (MailState.PARKED, TRIES, [Letter.MAIL_ALERT]),
        (MailState.PASSED_ON, 1, [Letter.MAIL_ALERT]),
    ]


async def test_a_busy_machine_is_waited_for_and_changes_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    url, policy = f"sqlite:///{tmp_path}/inspect.db", policy_of(embedded(DEFAULT_INBOX, ""))
    seen = []
    for times in (0, 2 * TRIES):
        clock = SteppingClock()
        async with await Store.open(f"{url}{times}", clock=clock, durable=False) as store, BusyMachine(times) as reader:
            composer = Composer(sender=DEFAULT_INBOX, bounces=DEFAULT_INBOX, secret=bytes(16))
            sorter = Sorter(store, reader, composer, policy, clock)
            office = Inspector(store, sorter, clock, policy.inboxes, pause_seconds=0.0)
            one = await office.see(wearing("chromium-leaflet"), None, ())
            seen.append((one.mail.state, one.mail.reason, one.mail.attempts, [m.letter for m in one.outgoing]))
    assert [one[:2] + one[3:] for one in seen[1:]] == [one[:2] + one[3:] for one in seen[:1]]
    assert capsys.readouterr().err.count("待っています") == 2 * TRIES


def test_many_mails_go_into_one_call(tmp_path: Path, count: Callable[[int, int], int]):
    mails = {
        f"{n:03}": mail(text(f"第{n}号"), f"Message-ID: <{n}@x>", sender=f"s{n}@x.example.jp")
        for n in range(count(100, 1000))
    }
    run = inspect(tmp_path, write(tmp_path / "mails", mails))
    assert list(run.rows) == sorted(mails)
    assert {row["mail"]["state"] for row in run.rows.values()} == {"passed_on"}
