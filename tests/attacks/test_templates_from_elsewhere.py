"""A letter's template that brings in files from outside of the city's folder of letters."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from jinja2 import TemplateError

from bot.core.policy.policy import Formats
from bot.outbound.template_check import check_letters
from bot.outbound.templates import environment, pages

OURS = Path(__file__).parents[2] / "mail_templates" / "ja"
SECRET = "gAAAAA-secret"


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "hosho.key"
    file.write_text(SECRET)
    return file


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    shutil.copy(OURS / "receipt.j2", folder)
    return folder


def faults(folder: Path) -> list[str]:
    return [f"{fault.file}: {fault.words}" for fault in check_letters(folder, Formats())]


def adding(folder: Path, words: str) -> None:
    file = folder / "receipt.j2"
    file.write_text(file.read_text("utf-8") + words, "utf-8")


def test_the_letters_are_in_order_without_it(folder):
    assert faults(folder) == []


def link(folder, secret):
    (folder / "_foot.j2").symlink_to(secret)


def chain(folder, secret):
    (folder / "middle").symlink_to(secret)
    (folder / "_foot.j2").symlink_to("middle")


def upwards(folder, _):
    (folder / "_foot.j2").symlink_to("../hosho.key")


@pytest.mark.parametrize("plant", [link, chain, upwards])
@pytest.mark.parametrize("statement", ['{% include "_foot.j2" %}', '{% import "_foot.j2" as foot %}'])
@pytest.mark.parametrize("branch", ["%s", '{%% if office.city == "x" %%}%s{%% endif %%}'])
def test_a_link_out_of_the_folder_is_found_and_not_read(folder, secret, plant, statement, branch):
    plant(folder, secret)
    adding(folder, branch % statement)
    found = faults(folder)
    assert "_foot.j2: letters.folder の外へのリンクです。ファイルそのものを置いてください" in found
    assert any(one.startswith("receipt.j2: 「_foot.j2」を読み込めません") for one in found)
    assert SECRET not in str(found)
    with pytest.raises(TemplateError, match="外のファイルへのリンク"):
        environment(folder).get_template("_foot.j2")


@pytest.mark.parametrize(
    "name", ["../hosho.key", "sub/../../hosho.key", "./../hosho.key", "/../hosho.key", "..//hosho.key", "%s"]
)
@pytest.mark.parametrize("kind", ["include", "extends"])
def test_a_name_that_goes_up_or_begins_at_the_root_is_refused(folder, secret, name, kind):
    adding(folder, f'{{% {kind} "{name.replace("%s", str(secret))}" %}}')
    found = faults(folder)
    assert any("を読み込めません" in one for one in found)
    assert SECRET not in str(found)


def test_a_name_that_a_value_makes_is_refused(folder):
    adding(folder, "{% include office.city %}")
    assert [one for one in faults(folder) if "差込みは使えません" in one]


def test_a_letter_that_is_itself_a_link_is_refused_and_ours_does_not_take_its_place(folder, tmp_path):
    (tmp_path / "elsewhere.j2").write_text("件名: 別の文面\n\n本文\n", "utf-8")
    (folder / "verified.j2").symlink_to(tmp_path / "elsewhere.j2")
    assert "verified.j2: letters.folder の外へのリンクです。ファイルそのものを置いてください" in faults(folder)
    with pytest.raises(TemplateError):
        environment(folder).get_template("verified.j2")


def test_a_page_or_a_folder_that_is_a_link_is_refused(folder, tmp_path):
    elsewhere = tmp_path / "en"
    shutil.copytree(OURS.parent / "en", elsewhere)
    (folder / "en").symlink_to(elsewhere)
    (tmp_path / "page").write_text("<p></p>")
    (folder / "summary.html.j2").symlink_to(tmp_path / "page")
    found = faults(folder)
    assert {"en: letters.folder", "summary.html.j2: letters.folder"} <= {one.partition(" の外")[0] for one in found}
    with pytest.raises(TemplateError):
        environment(folder, language="en").get_template("verified.j2")
    with pytest.raises(TemplateError):
        pages(folder).get_template("summary.html.j2")


def test_links_within_the_folder_and_a_folder_that_is_a_link_are_the_operators_own(folder, tmp_path):
    (folder / "2026").mkdir()
    (folder / "receipt.j2").rename(folder / "2026" / "receipt.j2")
    (folder / "receipt.j2").symlink_to("2026/receipt.j2")
    (tmp_path / "linked").symlink_to(folder)
    assert faults(tmp_path / "linked") == []
    assert environment(tmp_path / "linked").get_template("receipt.j2")
