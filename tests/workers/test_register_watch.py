"""The watched folder of register files, as clerks use it: a share that they can read and the daemon writes to."""

import os

import pytest

from bot.core.register.layout import Layout
from bot.workers.register_watch import RegisterWatch


@pytest.fixture
def private_umask():
    before = os.umask(0o077)  # as the daemon has it
    yield
    os.umask(before)


async def test_what_became_of_a_file_may_be_read_by_whoever_may_read_the_file(tmp_path, store, watch, private_umask):
    folder = tmp_path / "register"
    folder.mkdir()
    folder.chmod(0o770)
    rows = "保証契約番号,商品(保証区分),工事名,受注者名\n12345-000001,前払金保証,見本橋工事,見本建設\n12345-000002,,,\n"
    (folder / "rows.csv").write_text(rows, "utf-8")
    (folder / "broken.xlsx").write_bytes(b"no workbook")
    for file in folder.iterdir():
        file.chmod(0o660)
    seeing = RegisterWatch(store, folder, Layout(), watch)
    assert (await seeing.look(), await seeing.look()) == (0, 2)
    told = {path.relative_to(folder).as_posix().partition("-")[0]: path for path in folder.rglob("*") if path.is_file()}
    modes = {path.suffixes[-1]: oct(path.stat().st_mode & 0o777) for path in folder.rglob("*") if path.is_file()}
    assert set(told) == {"done/20261124", "failed/20261124"}
    assert modes == {".csv": "0o660", ".xlsx": "0o660", ".txt": "0o660"}
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o770"}
    assert [path.name for path in (folder / "done").glob("*.problems.csv")] == ["20261124-100000-rows.problems.csv"]
