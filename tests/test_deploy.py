"""deploy/tell: one mail when the daemon has failed, one when it runs again, by a plain sendmail."""

from __future__ import annotations

import os
import subprocess
from email import message_from_bytes, policy
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

TELL = Path(__file__).resolve().parents[1] / "deploy" / "tell"


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

    def tell(self, word: str, status: int = 1, to: str = "joho@city.example.jp") -> list[str]:
        """What was mailed until now, by subject."""
        own = {"TOLD": str(self.folder / "told"), "SENDMAIL": str(self.folder / "sendmail"), "AGAIN_SECONDS": "0"}
        path = f"{self.folder}:{os.environ['PATH']}"
        subprocess.run([TELL, word], env={"PATH": path, "TO": to, "STATUS": str(status)} | own, check=True)
        mails = sorted((self.folder / "mails").iterdir())
        return [str(message_from_bytes(one.read_bytes(), policy=policy.default)["Subject"]) for one in mails]

    @property
    def starts(self) -> int:
        return (self.folder / "asked").read_text().count("start hosho-bot")


def test_an_outage_is_one_mail_and_its_end_another(tmp_path):
    machine = Machine(tmp_path)
    assert machine.tell("started") == []
    for _ in range(3):
        assert machine.tell("failed") == ["【警報】電子保証受付システムが止まりました"]
    for _ in range(2):
        assert machine.tell("started")[1:] == ["【解消】電子保証受付システムが動き出しました"]
    assert machine.starts == 3


def test_wrong_settings_are_not_tried_again_and_without_an_address_nothing_is_mailed(tmp_path):
    machine = Machine(tmp_path)
    assert machine.tell("failed", status=2, to="") == []
    assert machine.starts == 0


def test_a_sendmail_that_fails_hinders_no_start_and_is_asked_again(tmp_path):
    machine = Machine(tmp_path)
    machine._program("sendmail", "cat >/dev/null; exit 75")
    assert machine.tell("failed") == []
    assert machine.starts == 1
    machine._program("sendmail", f'cat >"{tmp_path}/mails/0"')
    assert machine.tell("failed") == ["【警報】電子保証受付システムが止まりました"]


def test_only_the_status_of_wrong_settings_ends_the_trying(tmp_path):
    machine = Machine(tmp_path)
    for status in (27, 200, 226):
        machine.tell("failed", status=status)
    assert machine.starts == 3
