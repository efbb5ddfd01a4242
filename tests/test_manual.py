"""The manual's installation, followed word by word in a bare Debian 12 (`--slow`): its own blocks of commands, in their order, are what runs.

What a machine has before the manual begins is put there: sudo, and the program's files in /opt/hosho-bot. systemd is not there: what it would
start is started by the unit's own lines. Left out are 1.4 (180 MB of packages), 1.6 and 1.7 (tests/test_packages.py, test_debian_package.py)
and 1.8 (test_containers.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bare_root import BareRoot
from tests.peers import free_port

ROOT = Path(__file__).resolve().parents[1]
MANUAL = (ROOT / "docs/operations.ja.md").read_text("utf-8")
FOLLOWED = ("運用手引き", "1.1 ", "1.2 ", "1.3 ", "1.5 ", "バックアップ")
LEFT_OUT = ("1.4 ", "1.6 ", "1.7 ", "1.8 ")
ANSWERS = (
    "見本市",
    "総務部 契約課",
    "hosho@city.example.jp",
    "",
    "契約課 keiyaku@city.example.jp",
    "joho@city.example.jp",
    "smtp",
    "",
    "",
    "",
)
CITY = '[office]\ncity = "見本市"\n[mail]\ninboxes = ["doboku-hosho@city.example.jp"]\n[[desks]]\nname = "土木課"\naddress = "doboku@city.example.jp"\n'


def sections() -> Iterator[tuple[str, list[str]]]:
    """Each heading with its blocks of commands."""
    for part in re.split(r"(?m)^#{1,3} ", MANUAL)[1:]:
        heading, _, body = part.partition("\n")
        yield heading, re.findall(r"(?ms)^```sh\n(.*?)^```$", body)


def blocks(begins: str) -> list[str]:
    (found,) = [one for heading, one in sections() if heading.startswith(begins)]
    return found


def test_every_section_of_the_installation_is_followed_or_left_out_for_a_reason():
    numbered = {heading.split()[0] for heading, found in sections() if re.match(r"1\.\d ", heading) and found}
    assert numbered == {one.strip() for one in (*FOLLOWED, *LEFT_OUT) if one[0].isdigit()}
    assert [begins for begins in FOLLOWED if not blocks(begins)] == []


ALL = slice(None)


class Reader:
    """A person at the machine, who types what the manual says. `edits`: what he writes when an editor opens."""

    def __init__(self, root: BareRoot, tell: Callable[[str], None]) -> None:
        self.root = root
        self._tell = tell
        self._folder = "/"
        self._known = next(
            line for block in blocks("運用手引き") for line in block.splitlines() if line.startswith("hosho()")
        )
        root.put("/editor", '#!/bin/sh\ncat /edits >"$1"\n', 0o755)

    def follow(
        self, begins: str, which: slice = ALL, *, told: str = "", edits: dict[str, str] | None = None, status: int = 0
    ) -> None:
        """These blocks of a section. `status`: how the last command ends."""
        for block in blocks(begins)[which]:
            edited = [text for name, text in (edits or {}).items() if name in block]
            self.root.put("/edits", edited[0] if edited else "")
            script = f"{self._known}\ncd {self._folder}\nset -e\n{block}\npwd >/folder\n"
            began = time.monotonic()
            self.root.run("bash", "-c", script, told=told, status=status, SUDO_EDITOR="/editor")
            took = time.monotonic() - began
            self._folder = self.root.path("/folder").read_text().strip()
            self._tell(f"manual, {begins.strip()}: {took:4.0f} s: {block.splitlines()[0][:70]}")


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1800)
def test_who_follows_the_manual_gets_a_running_daemon(tmp_path, figure):
    root = BareRoot(tmp_path, "bookworm")
    root.put("/etc/apt/apt.conf.d/90yes", 'APT::Get::Assume-Yes "true"; APT::Install-Recommends "false";\n')
    root.run("apt-get", "update", "-q")
    root.run("apt-get", "install", "-q", "sudo")
    root.pretend_systemd()
    root.put("/usr/bin/journalctl", "#!/bin/sh\nexit 0\n", 0o755)
    archive = subprocess.run(("git", "-C", ROOT, "archive", "HEAD"), check=True, capture_output=True).stdout
    root.path("/opt/hosho-bot").mkdir(parents=True)
    subprocess.run(("tar", "-x", "-C", root.path("/opt/hosho-bot")), input=archive, check=True)
    sample = ROOT / "bot/commands/sample"
    shutil.copy(sample / "register.csv", root.path("/opt/hosho-bot/register.csv"))
    root.put("/opt/hosho-bot/mail.eml", "From: tanto@kensetsu.example.jp\nSubject: test\n\nhello\n")

    reader = Reader(root, figure)
    reader.follow("1.1 ")
    reader.follow("1.2 ", told="".join(f"{line}\n" for line in ANSWERS), edits={"relay-password": "geheim\n"})
    root.asked()
    reader.follow("1.3 ")
    assert root.asked() == ["daemon-reload", "enable --now hosho-bot"]
    port = free_port()
    config = root.path("/etc/hosho-bot/config.toml")
    text = re.sub(r"(?m)^#port = 2525$", f"port = {port}", config.read_text("utf-8"))
    config.write_text(text.replace('#folder = "/srv/backup/hosho-bot"', 'folder = "/srv/backup/hosho-bot"'), "utf-8")
    with root.unit("/etc/systemd/system/hosho-bot.service", port):
        assert root.answer_to(port, "/var/lib/hosho-bot/outgoing")
        reader.follow("バックアップ", slice(1))  # the others are for PostgreSQL
    assert list(root.path("/srv/backup/hosho-bot").glob("hosho-*/manifest.json"))

    (own,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", MANUAL.split("### 1.5 ")[1].split("### 1.6 ")[0])
    second = free_port()
    edits = {"sudoedit": f"{CITY}[smtp]\nenabled = true\nport = {second}\n{own}"}
    reader.follow("1.5 ", slice(2), edits=edits)
    assert "enable --now hosho-bot@doboku hosho-bot-backup@doboku.timer" in root.asked()
    with root.unit("/etc/systemd/system/hosho-bot@.service", second, office="doboku"):
        assert root.answer_to(second, "/var/lib/hosho-bot-doboku/outgoing", inbox="doboku-hosho@city.example.jp")
        reader.follow("1.5 ", slice(2, None), status=1)  # the first office stands still, and is told so
