"""The manual's installation, followed word by word in a bare Debian 12 (`--slow`): its own blocks of commands, in their order, are what runs.

What a machine has before the manual begins is put there: sudo, and the program's files in /opt/hosho-bot, or what a stick brought. What cannot
run in such a root is listed with its reason: whole blocks in LEFT_OUT, single programs in PRETENDED.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.documents.images.data_files import PACKAGES
from tests.bare_root import BareRoot
from tests.peers import free_port

ROOT = Path(__file__).resolve().parents[1]
MANUAL = (ROOT / "docs/operations.ja.md").read_text("utf-8")
BACKUP = "バックアップ"
OFFICE = {
    "運用手引き": {0},
    "1.1 ": {0, 1},
    "1.2 ": {0, 1, 2},
    "1.3 ": {0},
    "1.4 ": {0},
    "1.5 ": {0, 1, 2},
    BACKUP: {0},
}
"""The blocks of each section that are followed where the program is fetched by git."""
CARRIED = {"1.6 ": {0, 1}, "1.7 ": {0, 1}}
"""And where it is carried to machines without a network."""
LEFT_OUT = {
    ("1.6 ", 2): "its proxy and its mirror are invented",
    ("1.8 ", 0): "no engine of containers runs in a root; tests/test_containers.py looks at the files",
    ("1.8 ", 1): "the same; podman's own generator reads the quadlets there",
    ("1.8 ", 2): "the same",
    ("1.9 ", 0): "it asks an installation that has tried for a while; tests/whole/test_shadow.py does",
}
PRETENDED = {
    "systemctl": "systemd cannot run in a root: what it is asked is compared, and the unit's own lines are run",
    "journalctl": "the journal is systemd's",
}
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


def test_every_block_of_the_installation_is_followed_or_left_out_for_a_reason():
    there = {
        (heading.split()[0], number)
        for heading, found in sections()
        if re.match(r"1\.\d ", heading)
        for number in range(len(found))
    }
    told = [(begins, number) for begins, numbers in (OFFICE | CARRIED).items() for number in numbers] + [*LEFT_OUT]
    assert sorted(there) == sorted((begins.strip(), number) for begins, number in told if begins[0].isdigit())
    assert all(number < len(blocks(begins)) for begins, number in told)


ALL = slice(None)


class Reader:
    """A person at the machine, who types what the manual says. `edits`: what he writes when an editor opens. `followed`: what he did."""

    def __init__(self, root: BareRoot, tell: Callable[[str], None], folder: str = "/") -> None:
        self.root = root
        self.followed: dict[str, set[int]] = {}
        self._tell = tell
        self._folder = folder
        self._known = next(
            line for block in blocks("運用手引き") for line in block.splitlines() if line.startswith("hosho()")
        )
        root.put("/editor", '#!/bin/sh\ncat /edits >"$1"\n', 0o755)
        root.put("/no-passphrase", "#!/bin/sh\necho\n", 0o755)
        root.pretend_systemd()
        for name in PRETENDED.keys() - {"systemctl"}:
            root.put(f"/usr/bin/{name}", "#!/bin/sh\nexit 0\n", 0o755)

    def follow(
        self, begins: str, which: slice = ALL, *, told: str = "", edits: dict[str, str] | None = None, status: int = 0
    ) -> None:
        """These blocks of a section. `status`: how the last command ends."""
        for number, block in list(enumerate(blocks(begins)))[which]:
            edited = [text for name, text in (edits or {}).items() if name in block]
            self.root.put("/edits", edited[0] if edited else "")
            script = f"{self._known}\ncd {self._folder}\nset -e\n{block}\npwd >/folder\n"
            began = time.monotonic()
            asks = {"SUDO_EDITOR": "/editor", "SSH_ASKPASS": "/no-passphrase", "SSH_ASKPASS_REQUIRE": "force"}
            self.root.run("bash", "-c", script, told=told, status=status, **asks)
            took = time.monotonic() - began
            self.followed.setdefault(begins, set()).add(number)
            self._folder = self.root.path("/folder").read_text().strip()
            self._tell(f"manual, {begins.strip()}: {took:4.0f} s: {block.splitlines()[0][:70]}")


def machine(folder: Path, *packages: str) -> BareRoot:
    """A Debian 12 with these packages."""
    folder.mkdir()
    root = BareRoot(folder, "bookworm")
    root.put("/etc/apt/apt.conf.d/90yes", 'APT::Get::Assume-Yes "true"; APT::Install-Recommends "false";\n')
    root.run("apt-get", "update", "-q")
    root.run("apt-get", "install", "-q", "sudo", *packages)
    return root


def fetched(root: BareRoot) -> None:
    """The program's files, as git gives those of the last commit."""
    place = root.path("/opt/hosho-bot")
    subprocess.run(("git", "clone", "-q", "--depth", "1", f"file://{ROOT}", place), check=True)


def on_port(root: BareRoot, config: str) -> int:
    """Let the settings' door be at a free port."""
    port, file = free_port(), root.path(config)
    file.write_text(re.sub(r"(?m)^#port = 2525$", f"port = {port}", file.read_text("utf-8")), "utf-8")
    return port


TOLD = "".join(f"{line}\n" for line in ANSWERS)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1800)
def test_who_follows_the_manual_gets_a_running_daemon(tmp_path, figure):
    root = machine(tmp_path / "office")
    fetched(root)
    sample = ROOT / "bot/commands/sample"
    shutil.copy(sample / "register.csv", root.path("/opt/hosho-bot/register.csv"))
    root.put("/opt/hosho-bot/mail.eml", "From: tanto@kensetsu.example.jp\nSubject: test\n\nhello\n")

    reader = Reader(root, figure)
    reader.follow("1.1 ")
    reader.follow("1.2 ", told=TOLD, edits={"relay-password": "geheim\n"})
    root.asked()
    reader.follow("1.3 ")
    assert root.asked() == ["daemon-reload", "enable --now hosho-bot"]
    reader.follow("1.4 ")
    root.run("/opt/hosho-bot/.venv/bin/python", "-c", f"import {', '.join(PACKAGES)}")
    port = on_port(root, "/etc/hosho-bot/config.toml")
    config = root.path("/etc/hosho-bot/config.toml")
    config.write_text(
        config.read_text("utf-8").replace('#folder = "/srv/backup/hosho-bot"', 'folder = "/srv/backup/hosho-bot"'),
        "utf-8",
    )
    with root.unit("/etc/systemd/system/hosho-bot.service", port):
        assert root.answer_to(port, "/var/lib/hosho-bot/outgoing")
        reader.follow("運用手引き", slice(1))
        reader.follow(BACKUP, slice(1))  # the others are for PostgreSQL
    assert list(root.path("/srv/backup/hosho-bot").glob("hosho-*/manifest.json"))

    (own,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", MANUAL.split("### 1.5 ")[1].split("### 1.6 ")[0])
    second = free_port()
    edits = {"sudoedit": f"{CITY}[smtp]\nenabled = true\nport = {second}\n{own}"}
    reader.follow("1.5 ", slice(2), edits=edits)
    assert "enable --now hosho-bot@doboku hosho-bot-backup@doboku.timer" in root.asked()
    with root.unit("/etc/systemd/system/hosho-bot@.service", second, office="doboku"):
        assert root.answer_to(second, "/var/lib/hosho-bot-doboku/outgoing", inbox="doboku-hosho@city.example.jp")
        reader.follow("1.5 ", slice(2, None), status=1)  # the first office stands still, and is told so
    assert reader.followed == OFFICE


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1800)
def test_who_carries_it_to_machines_without_network_gets_a_running_daemon(tmp_path, figure):
    maker = machine(tmp_path / "maker", "git", "python3-pip", "openssh-client")
    fetched(maker)
    maker.path("/media/usb").mkdir(parents=True)
    reader = Reader(maker, figure)
    reader.follow("1.6 ", slice(1))
    reader.follow("1.7 ", slice(1))

    def carried(name: str) -> Reader:
        root = machine(tmp_path / name, "python3", "openssh-client")
        shutil.copytree(maker.path("/media/usb"), root.path("/media/usb"), dirs_exist_ok=True)
        shutil.copy(maker.path("/root/.ssh/hosho-bot.pub"), root.path("/root/hosho-bot.pub"))
        root.put("/etc/apt/sources.list", "")
        return Reader(root, figure, "/root")

    bundle, package = carried("bundle"), carried("package")
    bundle.follow("1.6 ", slice(1, 2))
    assert bundle.root.run("/opt/hosho-bot/run", "demo", "--brief", "--folder", "/root/demo")
    package.root.put("/etc/hosho-bot/allowed_signers", bundle.root.path("/etc/hosho-bot/allowed_signers").read_text())
    package.follow("1.7 ", slice(1, 2), told=TOLD)
    assert package.root.asked()[-1] == "enable --now hosho-bot"
    port = on_port(package.root, "/etc/hosho-bot/config.toml")
    with package.root.unit("/usr/lib/systemd/system/hosho-bot.service", port):
        assert package.root.answer_to(port, "/var/lib/hosho-bot/outgoing")
    followed = [
        (begins, one) for who in (reader, bundle, package) for begins, some in who.followed.items() for one in some
    ]
    assert sorted(followed) == sorted((begins, one) for begins, some in CARRIED.items() for one in some)
