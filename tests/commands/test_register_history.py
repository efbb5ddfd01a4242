"""`register show` and `submissions evidence`: the history of a guarantee as clerks and auditors get it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.core.records.incoming_mail import KeyReceived
from storage.store import Store
from tests.commands.test_mail import CONFIG
from tests.commands.test_outbox import call, in_store
from tests.storage.samples import GUARANTEE, KEY, NUMBER, accepted, add, arrival, settled, update

RECEIPT = "20261122-0001-1"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A guarantee that was taken and verified, then changed."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, "utf-8")

    async def fill(store: Store) -> None:
        await store.register.change(add(GUARANTEE), actor="契約課A", source="台帳.csv")
        await store.incoming.keep([arrival()])
        await store.submissions.settle(1, settled(accepted(1, RECEIPT), keys_received=(KeyReceived(1, NUMBER, KEY),)))

    async def change(store: Store) -> None:
        changes = {"revision": 1, "guarantee_amount_yen": 6_000_000, "expires_on": date(2027, 6, 30)}
        changed = update(
            await store.register.guarantee(1), issued_at=datetime(2026, 12, 1, 1, 5, tzinfo=UTC), **changes
        )
        await store.register.change([changed], actor="契約課A", source="変更.csv")

    in_store(path, fill)
    assert call(path, "submissions", "verify", RECEIPT, "--actor", "山田").exit_code == 0
    in_store(path, change)
    return path


def test_the_history_stands_below_the_row_newest_first(config: Path) -> None:
    out = call(config, "register", "show", NUMBER).output
    _, _, history = out.partition("電子保証履歴一覧（新しい順）\n")
    head, first, second = (line for line in history.splitlines() if "│" in line or "┃" in line)
    assert [part.strip() for part in head.strip("┃").split("┃")][:4] == ["No.", "電子保証発行日時", "対象", "証書"]
    assert [part.strip() for part in first.strip("│").split("│")][:7] == [
        *("2", "2026-12-01 10:05", "変更－1", "電子", "6000000", "2027-06-30", "未確認"),
    ]
    assert "新規" in second
    assert "確認済" in second
    assert history.rstrip().endswith("2件")
    assert KEY.reveal() not in out


def test_json_has_the_history_as_a_list(config: Path) -> None:
    row = json.loads(call(config, "register", "show", "1", "--json").output)
    newest, oldest = row["history"]
    assert (newest["place"], newest["name"], newest["kind"], newest["seen"]) == (2, "変更－1", "change", [])
    assert (oldest["name"], oldest["guarantee_amount_yen"], oldest["source"]) == ("新規", 4_900_000, "台帳.csv")
    assert [(look["actor"], look["result"]) for look in oldest["seen"]] == [("山田", "verified_in_dsure")]


def test_the_history_is_in_the_file_for_the_audit(config: Path, tmp_path: Path) -> None:
    words = ("--reason", "保証期限が異なります", "--seen", "differs", "--actor", "山田")
    told = call(config, "submissions", "refuse", RECEIPT, *words)
    assert told.exit_code == 0, told.output
    file = tmp_path / "case.zip"
    assert call(config, "submissions", "evidence", RECEIPT, str(file)).exit_code == 0
    with zipfile.ZipFile(file) as archive:
        text = archive.read("履歴.csv").decode("utf-8-sig")
        assert "履歴.csv" in archive.read("SHA256SUMS.txt").decode()
    titles, *rows = csv.reader(io.StringIO(text, newline=""))
    newest, oldest = (dict(zip(titles, row, strict=True)) for row in rows)
    assert (newest["対象"], newest["保証金額"], newest["出典"]) == ("変更－1", "6000000", "変更.csv")
    assert newest["D-Sureでの確認"].startswith("相違 ")
    assert newest["D-Sureでの確認"].endswith("山田（保証期限が異なります）")
    assert oldest["D-Sureでの確認"].startswith("確認済 ")
    assert KEY.reveal() not in text


def test_a_row_of_the_register_that_was_entered_today_has_one_line(config: Path) -> None:
    async def enter(store: Store) -> None:
        await store.register.change(
            add(GUARANTEE.__class__("別の工事", "別の会社", GUARANTEE.product)), actor="a", source="b"
        )

    in_store(config, enter)
    out = call(config, "register", "show", "2").output
    assert "電子保証履歴一覧" in out
    assert out.rstrip().endswith("1件")
