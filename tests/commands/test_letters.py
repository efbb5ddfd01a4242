"""`letters list|preview|check`: what goes out, and the mistakes that people make when they word letters anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.key_notice import Formats
from bot.core.letter_samples import SAMPLES
from bot.core.outbox import Letter
from bot.outbound.checking import check_letters
from tests.commands.test_mail import CONFIG

OURS = Path(__file__).resolve().parents[2] / "mail_templates" / "ja"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "letters"
    made.mkdir()
    return made


@pytest.fixture
def config(tmp_path: Path, folder: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + '\n[letters]\nfolder = "letters"\n', "utf-8")
    return path


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def reworded(folder: Path, letter: str, *changes: tuple[str, str]) -> None:
    """A letter of the city's own, as people make one: a copy with changes."""
    text = (OURS / f"{letter}.j2").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / f"{letter}.j2").write_text(text, "utf-8")


def faults(folder: Path) -> list[str]:
    return [f"{fault.file}: {fault.words}" for fault in check_letters(folder, Formats())]


def test_ours_are_in_order_and_there_are_samples_of_each():
    assert check_letters(None, Formats()) == ()
    assert set(SAMPLES) == set(Letter)


def test_a_letter_in_the_citys_words_goes_out_and_the_others_stay(config: Path, folder: Path) -> None:
    reworded(folder, "verified", ("追加のお手続きは必要ありません。", "お手続きはこれで終わりです。"))
    assert call(config, "letters", "check").exit_code == 0
    assert "お手続きはこれで終わりです。" in call(config, "letters", "preview", "verified").output
    assert "受け取りました" in call(config, "letters", "preview", "receipt").output
    listed = call(config, "letters", "list").output
    assert "verified.j2\t確認済のお知らせ（市の文面）" in listed
    assert "receipt.j2\t受付のお知らせ\n" in listed


def test_a_preview_is_in_the_offices_own_words(config: Path) -> None:
    told = call(config, "letters", "preview", "receipt").output
    assert "見本市" in told
    assert "取手市" not in told


@pytest.mark.parametrize(
    ("letter", "change", "told"),
    [
        ("receipt", ("{{ notice(item) }}", "{{ notice(itme) }}"), "「itme」という差し込みはありません"),
        ("receipt", ("{{ received_at | minute }}", "{{ received_at | minuet }}"), "書き方が誤っています"),
        ("receipt", ("{% for item in items %}", "{% for item in items"), "書き方が誤っています"),
        ("receipt", ("件名: 【受付】", "【受付】"), "文面にできません"),
        ("receipt", ("【受付】電子保証の", "【受付】" + "電子保証の" * 12), "件名が長すぎます"),
        ("receipt", ("{{ greeting(office) }}", "{{ office.fax }}"), "文面にできません"),
        ("receipt", ("■ 今後の流れ", "https://www.city.example.jp/"), "リンクが書かれています"),
        ("receipt", ("■ 今後の流れ", "認証キー：aB3dEf6hIj9k"), "認証キーと思われる文字"),
        ("alert", ("{{ ticket }}", ""), "返信の符号"),
        ("alert", ("{{ reply_line(hints) }}", ""), "本文の1行目"),
        ("alert", ("{{ answering(hints, cases | length) }}", ""), "返信のしかた"),
        ("summary", ("{{ reply_line(hints) }}", ""), "本文の1行目"),
        ("desk_help", ("{% from", "{% from_"), "書き方が誤っています"),
    ],
)
def test_a_mistake_is_found_before_a_letter_goes_out(config, folder, letter, change, told) -> None:
    reworded(folder, letter, change)
    found = faults(folder)
    assert any(one.startswith(f"{letter}.j2: ") and told in one for one in found), found
    assert {one.partition(":")[0] for one in found} == {f"{letter}.j2"}
    checked = call(config, "letters", "check")
    assert checked.exit_code == 1
    assert told in checked.output
    refused = call(config, "check-config")
    assert refused.exit_code != 0
    assert f"letters.folder（{letter}.j2）" in refused.output


def test_a_file_in_another_code_is_said(folder: Path) -> None:
    (folder / "receipt.j2").write_bytes("件名: 受付\n\n本文\n".encode("cp932"))
    assert any("UTF-8" in one for one in faults(folder))


def test_the_shared_parts_may_be_the_citys_too(folder: Path) -> None:
    shutil.copy(OURS / "_parts.j2", folder)
    assert faults(folder) == []
    (folder / "_parts.j2").write_text("", "utf-8")
    assert {one.partition(":")[0] for one in faults(folder)} >= {"receipt.j2", "alert.j2"}


def test_a_folder_that_is_not_there_is_said(config: Path, folder: Path) -> None:
    folder.rmdir()
    assert "というフォルダがありません" in call(config, "check-config").output
