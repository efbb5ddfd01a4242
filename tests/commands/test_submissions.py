"""`submissions list|export|evidence`: found in any spelling, written for Excel, and one case whole for the audit."""

from __future__ import annotations

import csv
import email
import hashlib
import io
import json
import stat
import zipfile
from email import policy
from pathlib import Path

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from bot.cli import main
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import Refusal
from bot.core.records.submission import SubmissionState
from bot.core.text.sheet import Sheet, SheetColumn
from bot.spreadsheets.writing import workbook
from tests.commands.test_mail import CONFIG
from tests.commands.test_outbox import call, in_store
from tests.storage.samples import FIELDS, GUARANTEE, KEY, add, arrival, judge, letter, settled, submission

RECEIPT = "20261122-0001-1"
BODY = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\nContent-Type: application/pdf; name=../../evil.pdf\r\nContent-Disposition: attachment; filename=../../evil.pdf\r\n\r\n%PDF-1.7\r\n--b--\r\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, "utf-8")

    async def fill(store) -> None:
        await store.register.change(add(GUARANTEE), actor="register", source="rows.csv")
        content = b"Message-ID: <1@example.jp>\r\nMIME-Version: 1.0\r\n" + BODY.encode()
        await store.incoming.keep([arrival(content=content), arrival()])
        ones = (
            submission(RECEIPT, state=SubmissionState.ACCEPTED),
            submission("20261122-0002-1", state=SubmissionState.HELD, guarantee_id=None),
        )
        await store.submissions.settle(1, settled(ones[0], outgoing=(letter("a", submission=RECEIPT),)))
        await store.submissions.settle(2, settled(ones[1]))

    in_store(path, fill)
    return path


def listed(config: Path, *words: str) -> list[str]:
    out = call(config, "submissions", "list", "--json", *words).output
    return [json.loads(line)["receipt_number"] for line in out.splitlines()]


def test_a_case_is_found_by_a_name_in_any_width_by_state_and_by_day(config: Path) -> None:
    assert listed(config, "--text", "市道第3号線") == ["20261122-0002-1", RECEIPT]
    assert listed(config, "--text", "㈱みほん", "--state", "held") == ["20261122-0002-1"]
    assert listed(config, "--text", "別の工事") == []
    assert listed(config, "--since", "2026-11-22", "--until", "2026-11-22") == ["20261122-0002-1", RECEIPT]
    assert listed(config, "--until", "2026-11-21") == []
    assert listed(config, "--text", "市道", "--limit", "1") == ["20261122-0002-1"]


@pytest.mark.parametrize(("name", "options"), [("a.csv", []), ("a.csv", ["--cp932"]), ("a.xlsx", [])])
def test_an_export_opens_in_excel_and_holds_no_key(config: Path, tmp_path: Path, name: str, options: list[str]) -> None:
    file = tmp_path / name
    assert call(config, "submissions", "export", str(file), *options).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    if name.endswith(".xlsx"):
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        content = b"".join(zipfile.ZipFile(file).read(one) for one in zipfile.ZipFile(file).namelist())
    else:
        rows = list(csv.reader(io.StringIO(content.decode("cp932" if options else "utf-8-sig"), newline="")))
    assert [row[1] for row in rows] == ["受付番号", "20261122-0002-1", RECEIPT]
    assert KEY.reveal().encode() not in content


def test_one_case_whole_with_a_sum_for_each_file_and_a_line_in_the_journal(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "case.zip"
    told = call(config, "submissions", "evidence", RECEIPT, str(file), "--actor", "監査担当")
    assert told.exit_code == 0, told.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert set(files) == {
        "案件.txt",
        "記録.csv",
        "受信/1.eml",
        "受信/1-添付2.pdf",
        "送信/1-receipt.eml",
        "SHA256SUMS.txt",
    }
    assert files["受信/1-添付2.pdf"].startswith(b"%PDF-1.7")
    for line in files["SHA256SUMS.txt"].decode().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256(files[name]).hexdigest() == digest
    assert FIELDS.project_name in files["案件.txt"].decode()
    assert KEY.reveal() not in files["案件.txt"].decode() + files["記録.csv"].decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(files["記録.csv"].decode("utf-8-sig"), newline="")))
    assert {"submission.accepted", "mail.sorted", "guarantee.added"} & {row[3] for row in rows}
    lines = in_store(config, lambda store: store.journal.lines(subject=("mail", "1")))
    assert (lines[0].event, lines[0].actor, lines[0].detail["command"]) == (
        "key.shown",
        "監査担当",
        "submissions evidence",
    )


def test_the_answers_about_a_case_are_in_its_file(config: Path, tmp_path: Path) -> None:
    async def verify(store) -> None:
        await judge(
            store,
            RECEIPT,
            actor="yamada@city.example.jp",
            state=SubmissionState.VERIFIED,
            reason=submission(RECEIPT).reasons[0],
        )

    in_store(config, verify)
    file = tmp_path / "case.zip"
    assert call(config, "submissions", "evidence", RECEIPT, str(file)).exit_code == 0
    with zipfile.ZipFile(file) as archive:
        assert "yamada@city.example.jp" in archive.read("記録.csv").decode("utf-8-sig")


# -- sending back with a kind


@pytest.mark.parametrize("kind", ["保証期限", "保証期間", "expires_early"])
def test_a_case_is_sent_back_with_a_kind_that_is_shown_ever_after(config: Path, tmp_path: Path, kind: str) -> None:
    told = call(config, "submissions", "refuse", RECEIPT, "--kind", kind, "--reason", "3月31日まで必要です。")
    assert (told.exit_code, told.output) == (0, f"{RECEIPT}: 差戻し\n")
    note = "【保証期限】3月31日まで必要です。"
    assert f"差戻しの理由: {note}\n" in call(config, "submissions", "show", RECEIPT).output
    shown = json.loads(call(config, "submissions", "show", RECEIPT, "--json").output)
    assert (shown["refusal"], shown["refused_because"]) == ("expires_early", note)
    (sent,) = [
        row for row in in_store(config, lambda store: store.outbox.list_()) if row.mail.letter is Letter.SENT_BACK
    ]
    text = sent.mail.text.replace("\n", "")
    assert "保証期限が、工期の末日より前の日になっていました。" in text
    assert "■ 担当者からのご連絡3月31日まで必要です。" in text
    assert call(config, "submissions", "evidence", RECEIPT, str(tmp_path / "case.zip")).exit_code == 0
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        assert note in archive.read("案件.txt").decode()
        assert "refusal=expires_early" in archive.read("記録.csv").decode("utf-8-sig")


def test_a_reason_on_the_command_line_may_begin_with_a_kind_too(config: Path) -> None:
    assert call(config, "submissions", "refuse", RECEIPT, "--reason", "別の市").exit_code == 0
    assert "差戻しの理由: 【別の発注者】別の市\n" in call(config, "submissions", "show", RECEIPT).output


def test_a_kind_that_is_none_is_refused_and_all_kinds_are_listed(config: Path) -> None:
    told = call(config, "submissions", "refuse", RECEIPT, "--kind", "気に入らない")
    assert told.exit_code == 2
    assert "「気に入らない」という種類はありません" in told.output
    listed_ = CliRunner().invoke(main, ["submissions", "refusals", "--json"]).output.splitlines()
    assert [json.loads(line)["kind"] for line in listed_] == [kind.value for kind in Refusal]
    assert "保証期限が工期の末日より前" in CliRunner().invoke(main, ["submissions", "refusals"]).output


def test_a_case_that_is_not_there_is_said(config: Path, tmp_path: Path) -> None:
    told = call(config, "submissions", "evidence", "20261122-0099-1", str(tmp_path / "x.zip"))
    assert told.exit_code != 0
    assert not (tmp_path / "x.zip").exists()


# -- by hand

WORDS = ("submissions", "add", "--number", "１００01-000001", "--project", "市道", "--how", "FAX", "--actor", "山田")


def test_a_notice_is_entered_with_its_key_asked_for_twice_and_never_shown(config: Path) -> None:
    told = CliRunner().invoke(main, [*WORDS, "--config", str(config)], input="aB3dEf6hIj9k\naB3dEf6hIj9k\n")
    assert told.exit_code == 0, told.output
    assert "aB3dEf6hIj9k" not in told.output
    row, content, _ = in_store(config, lambda store: store.incoming.get(3))
    assert (row.envelope.source, row.envelope.peer) == ("hand", "FAX")
    text = email.message_from_bytes(content, policy=policy.default).get_content()
    assert "保証契約番号：10001-000001" in text
    assert "認証キー：aB3dEf6hIj9k" in text


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ((*WORDS,), "aB3dEf6hIj9k\naB3dEf6hIj9K\naB3dEf6hIj9k\n"),  # typed differently, then given up
        (("submissions", "add", "--project", "市道"), "a\na\n"),
        (("submissions", "add", "--number", "1"), "a\na\n"),
        ((*WORDS, "--from", "a@b, c@d"), "a\na\n"),
    ],
)
def test_what_is_not_whole_is_not_taken(config: Path, words: tuple[str, ...], keys: str) -> None:
    assert CliRunner().invoke(main, [*words, "--config", str(config)], input=keys).exit_code != 0
    assert len(in_store(config, lambda store: store.incoming.list_())) == 2


def test_several_are_entered_from_a_filled_in_workbook(config: Path, tmp_path: Path) -> None:
    titles = ("保証契約番号", "認証キー", "商品(保証区分)", "工事名", "受注者名", "メールアドレス")
    rows = (
        ("10001-000001", "aB3dEf6hIj9k", "前払金保証", "市道１号", "甲建設", "a@kensetsu.example.jp"),
        ("10001-000002", "", "契約保証", "市道２号", "乙建設", ""),
        ("10001-000003", "cD3dEf6hIj9k", "契約保証", "市道３号", "丙建設", ""),
    )
    file = tmp_path / "fax.xlsx"
    file.write_bytes(workbook((Sheet("手入力", tuple(SheetColumn(title, 20) for title in titles), rows),)))
    told = call(config, "submissions", "add", "--file", str(file), "--how", "窓口")
    assert told.exit_code == 1
    assert "3行目: 保証契約番号か認証キーがありません" in told.output
    mails = in_store(config, lambda store: store.incoming.list_())
    assert [row.envelope.source for row in mails][:2] == ["hand", "hand"]
    assert len(mails) == 4
