"""deploy/: the units of one office among several; deploy/tell: one mail when the daemon has failed, one when it runs again, by a plain
sendmail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from docs.generate.units import DEPLOY, UNITS, instance, instance_name

TELL = DEPLOY / "tell"

# What the offices of one machine have in common: the program, and what systemd and the machine give to all.
SHARED = re.compile(r"(?://)?/opt/hosho-bot/(?:run|deploy/tell|docs/)\S*|/bin/kill")


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_of_an_office_is_that_of_the_only_one_with_its_own_places(name):
    assert (DEPLOY / instance_name(name)).read_text("utf-8") == instance(name)


@pytest.mark.parametrize("name", UNITS)
def test_offices_share_no_place_and_no_user(name):
    lines = [line for line in instance(name).splitlines() if not line.startswith("#")]
    places = [
        word for line in lines for word in re.findall(r"(?<![\w.])/[\w./@%-]+", line) if not SHARED.fullmatch(word)
    ]
    named = [line for line in lines if re.match(r"(User|Group|StateDirectory|RuntimeDirectory|OnFailure)=", line)]
    assert [one for one in places + named if "%i" not in one] == []


@pytest.mark.process
@pytest.mark.parametrize("name", [*UNITS, *map(instance_name, UNITS)])
def test_systemd_knows_every_word_of_a_unit(tmp_path, name):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze: not installed")
    for one in (*UNITS, *map(instance_name, UNITS)):  # each names another; the program is not installed here
        text = re.sub(r"/opt/hosho-bot/\S+", "/bin/true", (DEPLOY / one).read_text("utf-8"))
        (tmp_path / one.replace("@.", "@doboku.")).write_text(text, "utf-8")
    file = tmp_path / name.replace("@.", "@doboku.")
    done = subprocess.run(
        ("systemd-analyze", "verify", "--man=no", file),
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if "hosho-bot" in line] == []


class Machine:
    """A sendmail that writes files, a systemctl that notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "mails").mkdir()
        self._program("sendmail", f'n=$(ls "{folder}/mails" | wc -l); cat >"{folder}/mails/$n"')
        self._program(
            "systemctl",
            f'echo "$*" >>"{folder}/asked"; printf "Result=exit-code\\nExecMainStatus=$STATUS\\nNRestarts=5\\n"',
        )

    def _program(self, name: str, does: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (self.folder / name).chmod(0o755)

    def tell(self, word: str, *office: str, status: int = 1, to: str = "joho@city.example.jp") -> list[str]:
        """What was mailed until now, by subject."""
        own = {"TOLD": str(self.folder / "told"), "SENDMAIL": str(self.folder / "sendmail"), "AGAIN_SECONDS": "0"}
        path = f"{self.folder}:{os.environ['PATH']}"
        subprocess.run([TELL, word, *office], env={"PATH": path, "TO": to, "STATUS": str(status)} | own, check=True)
        mails = sorted((self.folder / "mails").iterdir())
        return [str(message_from_bytes(one.read_bytes(), policy=policy.default)["Subject"]) for one in mails]

    @property
    def starts(self) -> int:
        return (self.folder / "asked").read_text().count("start hosho-bot")


@pytest.mark.process
def test_an_outage_is_one_mail_and_its_end_another(tmp_path):
    machine = Machine(tmp_path)
    assert machine.tell("started") == []
    for _ in range(3):
        assert machine.tell("failed") == ["【警報】電子保証受付システムが止まりました"]
    for _ in range(2):
        assert machine.tell("started")[1:] == ["【解消】電子保証受付システムが動き出しました"]
    assert machine.starts == 3


@pytest.mark.process
def test_wrong_settings_are_not_tried_again_and_without_an_address_nothing_is_mailed(tmp_path):
    machine = Machine(tmp_path)
    assert machine.tell("failed", status=2, to="") == []
    assert machine.starts == 0


@pytest.mark.process
def test_a_sendmail_that_fails_hinders_no_start_and_is_asked_again(tmp_path):
    machine = Machine(tmp_path)
    machine._program("sendmail", "cat >/dev/null; exit 75")
    assert machine.tell("failed") == []
    assert machine.starts == 1
    machine._program("sendmail", f'cat >"{tmp_path}/mails/0"')
    assert machine.tell("failed") == ["【警報】電子保証受付システムが止まりました"]


@pytest.mark.process
def test_only_the_status_of_wrong_settings_ends_the_trying(tmp_path):
    machine = Machine(tmp_path)
    for status in (27, 200, 226):
        machine.tell("failed", status=status)
    assert machine.starts == 3


def test_an_image_gets_what_the_container_file_copies_and_no_more():
    copied = re.findall(r"^COPY (\S+) ", (DEPLOY / "Containerfile").read_text("utf-8"), re.MULTILINE)
    let_in = re.findall(r"^!(\S+)$", (DEPLOY.parent / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert sorted(copied) == sorted(let_in)
    assert {"bot", "storage", "mail_templates", "pyproject.toml"} <= set(copied)


@pytest.mark.process
def test_an_office_among_several_is_named(tmp_path):
    machine = Machine(tmp_path)
    machine.tell("failed", "doboku")
    assert (
        "hosho-bot@doboku）が止まり"
        in message_from_bytes((tmp_path / "mails/0").read_bytes()).get_payload(decode=True).decode()
    )
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[-1] for line in asked] == ["hosho-bot@doboku", "hosho-bot@doboku"]
