"""`letters list|preview|check`: what goes out, and the mistakes that people make when they word letters anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.letters.samples import SAMPLES
from bot.core.policy.policy import Formats
from bot.core.records.outgoing_mail import Letter
from bot.outbound.template_check import check_letters, check_spelling
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
    assert check_spelling(None, ()) == ()
    assert set(SAMPLES) == set(Letter)


def test_a_letter_in_the_citys_words_goes_out_and_the_others_stay(config: Path, folder: Path) -> None:
    reworded(folder, "verified", ("追加のご提出は必要ありません。", "お手続はこれで終わりです。"))
    assert call(config, "letters", "check").exit_code == 0
    assert "お手続はこれで終わりです。" in call(config, "letters", "preview", "verified").output
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
        ("receipt", ("{{ notice(item) }}", "{{ notice(itme) }}"), "「itme」という差込みはありません"),
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
        ("sent_back", ("seen_in_dsure and ", "seen_in_dsur and "), "「seen_in_dsur」という差込みはありません"),
        ("sent_back", ("(clerk_reason or ", "("), "担当者の書いた理由が載らない"),
        ("receipt", ("{{ notice(item) }}", ""), "受付番号、又は"),
        ("desk_help", ("{{ problem }}", ""), "「problem」が使われていません"),
        ("receipt", ("{{ greeting(office) }}", "{{ items[0].auth_key }}"), "「auth_key」は差し込めません"),
        ("receipt", ("{{ greeting(office) }}", "{{ auth_key }}"), "「auth_key」は差し込めません"),
        ("receipt", ("{{ greeting(office) }}", '{{ items[0]["auth_key"] }}'), "「auth_key」は差し込めません"),
        ("receipt", ("{{ greeting(office) }}", "{{ office.__class__ }}"), "「__class__」は差し込めません"),
        ("receipt", ("{{ greeting(office) }}", "{{ items[0].key.reveal() }}"), "「reveal」は差し込めません"),
        # Where no sample comes along, too.
        (
            "receipt",
            ("{{ greeting(office) }}", '{% if office.city == "x" %}{{ office.fax }}{% endif %}'),
            "「fax」という",
        ),
        ("receipt", ("■ 今後の流れ", "{{ '認証キー：aB3dEf6hIj9k' }}"), "認証キーと思われる文字"),
        ("receipt", ("■ 今後の流れ", "<b>今後の流れ</b>"), "HTML（<b>）"),
        ("receipt", ("■ 今後の流れ", "■&nbsp;今後の流れ"), "HTML（&nbsp;）"),
        ("receipt", ("■ 今後の流れ", "{{ '<br>' }}"), "HTML（<br>）"),
        ("notice_wanted", ('  "unpacked": "圧縮', '  "packed": "圧縮'), "文面にできません"),
        ("issued", ("{{ inbox }}", ""), "「inbox」が使われていません"),
    ],
)
def test_a_mistake_is_found(folder, letter, change, told) -> None:
    reworded(folder, letter, change)
    found = faults(folder)
    assert any(one.startswith(f"{letter}.j2: ") and told in one for one in found), found
    assert {one.partition(":")[0] for one in found} == {f"{letter}.j2"}


def test_a_mistake_is_told_before_a_letter_goes_out(config: Path, folder: Path) -> None:
    reworded(folder, "receipt", ("{{ notice(item) }}", "{{ notice(itme) }}"))
    checked = call(config, "letters", "check")
    assert checked.exit_code == 1
    assert "「itme」という差込みはありません" in checked.output
    refused = call(config, "check-config")
    assert refused.exit_code != 0
    assert "letters.folder（receipt.j2）" in refused.output


def test_a_spelling_that_official_documents_have_not_is_named_and_stops_no_start(config: Path, folder: Path) -> None:
    config.write_text(config.read_text("utf-8").replace('department = "', 'department = "手続き相談課 '), "utf-8")
    said = "お手続きはすでに済みました。手続き相談課で受付しました。\nご不明な点は「お申し込み手続き」をご覧下さい。{# お手続き #}"
    reworded(folder, "verified", ("この電子保証について、追加のご提出は必要ありません。", said))
    checked = call(config, "letters", "check")
    assert (checked.exit_code, checked.output.splitlines()) == (
        1,
        [
            "verified.j2: 「手続き」は、公用文の表記では「手続」です（7行目）",
            "verified.j2: 「すでに」は、公用文の表記では「既に」です（7行目）",
            "verified.j2: 「受付しま」は、公用文の表記では「受け付けま」です（7行目）",
            "verified.j2: 「下さい」は、公用文の表記では「ください」です（8行目）",
        ],
    )
    assert faults(folder) == []  # what check-config and serve look at


def test_a_file_in_another_code_is_said(folder: Path) -> None:
    (folder / "receipt.j2").write_bytes("件名: 受付\n\n本文\n".encode("cp932"))
    assert any("UTF-8" in one for one in faults(folder))


def test_the_shared_parts_may_be_the_citys_too(folder: Path) -> None:
    shutil.copy(OURS / "_parts.j2", folder)
    assert faults(folder) == []
    (folder / "_parts.j2").write_text("", "utf-8")
    assert {one.partition(":")[0] for one in faults(folder)} >= {"receipt.j2", "alert.j2"}


def test_a_mistake_in_the_words_of_refusals_is_told_and_none_may_be_missing(config: Path, folder: Path) -> None:
    ours = (OURS / "_refusals.j2").read_text("utf-8")
    (folder / "_refusals.j2").write_text(ours.replace('  "works_period": "工期",\n', ""), "utf-8")
    assert {one.partition(":")[0] for one in faults(folder)} == {"sent_back.j2"}
    assert any("works_period" in one for one in faults(folder))
    (folder / "_refusals.j2").write_text(ours.replace('"紙の証書"', '"www.city.example.jp"'), "utf-8")
    assert [one.partition("。")[0] for one in faults(folder)] == ["_refusals.j2: リンクが書かれています"]


def test_the_citys_english_is_checked_and_goes_out_where_it_is_wanted(config: Path, folder: Path) -> None:
    assert "English" not in call(config, "letters", "preview", "verified").output
    config.write_text(config.read_text("utf-8") + "english = true\n", "utf-8")
    assert "English translation for reference" in call(config, "letters", "preview", "verified").output
    (folder / "en").mkdir()
    ours = (OURS.parent / "en" / "verified.j2").read_text("utf-8")
    (folder / "en" / "verified.j2").write_text(ours.replace("You need not send anything else", "All is done"), "utf-8")
    assert call(config, "letters", "check").exit_code == 0
    assert "All is done for this electronic guarantee" in call(config, "letters", "preview", "verified").output
    assert "English" in call(config, "letters", "preview", "receipt").output  # ours, where the city has none
    assert "English" not in call(config, "letters", "preview", "alert").output
    (folder / "en" / "verified.j2").write_text(ours.replace("Subject:", "件名:"), "utf-8")
    assert all(one.startswith("en/verified.j2: ") for one in faults(folder))
    assert "Subject:" in call(config, "letters", "check").output


def test_a_folder_that_is_not_there_is_said(config: Path, folder: Path) -> None:
    folder.rmdir()
    assert "というフォルダがありません" in call(config, "check-config").output
