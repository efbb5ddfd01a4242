"""deploy/deb: the package of a bundle; what it holds, what its scripts do, and (`--slow`) its life in a bare Debian 12 and 13."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.commands.settings.questions import IMAP_PASSWORD, RELAY_PASSWORD
from docs.generate.units import UNITS, instance_name
from tests.bare_root import BareRoot
from tests.packages import DEPLOY, bundle, key
from tests.peers import free_port

DEB = DEPLOY / "deb"
DEBIAN = DEPLOY / "debian"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
ANSWERS = """city = "見本市"
inbox = "hosho@city.example.jp"
desks = "契約課 keiyaku@city.example.jp"
door = "smtp"
"""
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb: not installed")


def test_every_mark_in_the_package_s_files_is_filled_in():
    asked = {mark for file in ("control", *SCRIPTS) for mark in re.findall(r"@[A-Z]+@", (DEBIAN / file).read_text())}
    filled = set(re.findall(r"@[A-Z]+@", DEB.read_text("utf-8")))
    assert asked == filled


def test_a_purge_that_may_removes_what_init_has_made():
    purge = (DEBIAN / "postrm").read_text("utf-8")
    removing = "".join(line for line in purge.split("remove-data ]")[1].splitlines(keepends=True))
    made = ("config.toml", "keys", "setup", "failed.env", IMAP_PASSWORD, RELAY_PASSWORD)
    assert [name for name in made if f"/etc/hosho-bot/{name}" not in removing] == []


@pytest.mark.process
@pytest.mark.parametrize("script", [DEB, *(DEBIAN / name for name in SCRIPTS)], ids=lambda file: file.name)
def test_a_script_is_plain_shell(script):
    subprocess.run(("sh", "-n", script), check=True)
    if shutil.which("shellcheck"):
        told = subprocess.run(("shellcheck", "-e", "SC1007", script), capture_output=True, text=True, check=False)
        assert told.stdout == ""


@pytest.mark.process
@pytest.mark.parametrize(
    ("old", "new", "status"),
    [("0.1.0", "0.1.1", 0), ("0.1.0", "0.1.1+ocr", 0), ("0.1.0+ocr", "0.1.1+ocr", 0), ("0.1.0+ocr", "0.1.1", 1)],
)
def test_an_upgrade_does_not_lose_the_recogniser_silently(tmp_path, old, new, status):
    if Path("/run/systemd/system").exists():
        pytest.skip("systemd runs here: the script would ask it")
    script = tmp_path / "preinst"
    script.write_text((DEBIAN / "preinst").read_text("utf-8").replace("@VERSION@", new))
    done = subprocess.run(("sh", script, "upgrade", old), capture_output=True, text=True, check=False)
    assert (done.returncode, "OCR の組" in done.stderr) == (status, status == 1)


def made_up(folder: Path, signed_by: Path, number: str = "1.0rc1") -> Path:
    """A bundle whose wheel brings the present deploy/."""
    with_deploy = {
        f"deploy/{file.relative_to(DEPLOY)}": file.read_text("utf-8") for file in DEPLOY.rglob("*") if file.is_file()
    }
    tag = f"cp3{sys.version_info[1]}"
    return bundle(folder, number, signed_by, shares=with_deploy, others=(f"compiled-1.0-{tag}-{tag}-any.whl",))


def deb(folder: Path, archive: Path, signed_by: Path) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    own = os.environ | {"PYTHON": "python3", "DEBEMAIL": "joho@city.example.jp"}  # one with pip
    call = (DEB, "--key", signed_by, "--to", folder, archive)
    return subprocess.run(call, env=own, capture_output=True, text=True, check=False)


@needs_dpkg
@pytest.mark.process
def test_the_package_is_made_of_the_bundle_alone(tmp_path):
    signed_by = key(tmp_path)
    archive = made_up(tmp_path, signed_by)
    first, second = (deb(tmp_path / name, archive, signed_by) for name in ("one", "two"))
    assert first.returncode == 0, first.stderr
    (file,) = (tmp_path / "one").glob("*.deb")
    assert file.name.startswith("hosho-bot_1.0~rc1_")
    assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), second.stderr
    verify = ("ssh-keygen", "-Y", "verify", "-f", tmp_path / "key.signers", "-I", "hosho-bot", "-n", "hosho-bot")
    subprocess.run((*verify, "-s", f"{file}.sig"), input=file.read_bytes(), check=True, capture_output=True)
    root = tmp_path / "root"
    subprocess.run(("dpkg-deb", "-R", file, root), check=True)
    fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", (root / "DEBIAN/control").read_text("utf-8"), re.MULTILINE))
    assert (fields["Version"], fields["Maintainer"]) == ("1.0~rc1", "Hosho-bot <joho@city.example.jp>")
    assert f"python3.{sys.version_info[1]}" in fields["Depends"]
    assert "@" not in (root / "DEBIAN/preinst").read_text("utf-8").replace("hosho-bot@*", "").replace('"$@"', "")
    units = root / "usr/lib/systemd/system"
    assert {path.name for path in units.iterdir()} == {*UNITS, *map(instance_name, UNITS)}
    named = {
        word
        for unit in units.iterdir()
        for word in re.findall(r"/usr/lib/hosho-bot/\S+", unit.read_text("utf-8"))
        if "/docs/" not in word  # the made-up wheel has none
    }
    assert named
    assert [word for word in named if not os.access(root / word[1:], os.X_OK)] == []
    assert [unit.name for unit in units.iterdir() if "/opt/" in unit.read_text("utf-8")] == []
    assert (root / "etc/hosho-bot").is_dir()
    assert list((root / "etc/hosho-bot").iterdir()) == []
    assert (root / "usr/bin/hosho-bot").readlink() == Path("../lib/hosho-bot/share/hosho-bot/run")


@needs_dpkg
@pytest.mark.process
def test_of_another_s_bundle_or_a_changed_one_nothing_is_made(tmp_path):
    signed_by, other = key(tmp_path), key(tmp_path, "other")
    archive = made_up(tmp_path, signed_by)
    assert deb(tmp_path / "one", archive, other).returncode == 1
    (archive.with_suffix("") / "VERSION").write_text("version=6.6.6\n")
    subprocess.run(("tar", "-C", tmp_path, "-cf", archive, archive.stem), check=True)
    refused = deb(tmp_path / "two", archive, signed_by)
    assert (refused.returncode, list((tmp_path / "two").iterdir())) == (1, [])


# -- its life


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the last commit: needs git, an index of packages, and two minutes."""
    folder = tmp_path_factory.mktemp("package")
    signed_by = key(folder)
    own = os.environ | {"PYTHON": "python3"}
    words = (DEPLOY / "bundle", "--key", signed_by, "--to", folder, "--python", "3.11", "--python", "3.13")
    subprocess.run(words, check=True, env=own, cwd=folder)
    (archive,) = folder.glob("hosho-bot-*.tar")
    done = deb(folder, archive, signed_by)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.deb")
    return file


def next_version(file: Path, folder: Path) -> Path:
    """The same package as a later version, with one file more and one less."""
    root = folder / "next"
    subprocess.run(("dpkg-deb", "-R", file, root), check=True)
    for name in ("control", "preinst"):
        text = (root / "DEBIAN" / name).read_text("utf-8")
        (root / "DEBIAN" / name).write_text(re.sub(r"(Version: |new=)(\S+)", r"\1\2.1", text), "utf-8")
    share = root / "usr/lib/hosho-bot/share/hosho-bot"
    (share / "docs/overview.md").rename(share / "docs/another.txt")
    made = folder / "next.deb"
    subprocess.run(("dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", root, made), check=True)
    shutil.rmtree(root)
    return made


@pytest.mark.slow
@needs_dpkg
@pytest.mark.process
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_installed_upgraded_removed_and_purged(tmp_path, package, figure, suite):
    root = BareRoot(tmp_path, suite)
    later = next_version(package, tmp_path)
    for name, file in (("now", package), ("later", later)):
        shutil.copy(file, root.path(f"/tmp/{name}.deb"))
    root.run("apt-get", "update", "-q")
    root.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "python3")  # not ours to measure
    began = time.monotonic()
    told = root.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "/tmp/now.deb")
    took = time.monotonic() - began
    size = root.run("du", "-sm", "/usr/lib/hosho-bot").split()[0]
    figure(
        f"package on {suite}: {package.stat().st_size / 1e6:.0f} MB, installed in {took:.0f} s, {size} MiB with byte code"
    )
    assert "sudo hosho-bot init" in told
    root.pretend_systemd()

    root.put("/tmp/answers.toml", ANSWERS)
    root.run("hosho-bot", "init", "--config", "/etc/hosho-bot/config.toml", "--answers", "/tmp/answers.toml")
    packaged = root.path("/usr/lib/systemd/system/hosho-bot.service").read_text("utf-8")
    assert packaged == root.path("/etc/hosho-bot/setup/hosho-bot.service").read_text("utf-8")
    port = free_port()
    config = root.path("/etc/hosho-bot/config.toml")
    config.write_text(re.sub(r"(?m)^#port = 2525$", f"port = {port}", config.read_text("utf-8")), "utf-8")

    def hosho(*words: str, status: int = 0) -> str:
        own = {"HOSHO_CONFIG": "/etc/hosho-bot/config.toml"}
        return root.run("hosho-bot", *words, user="hosho-bot", status=status, **own)

    assert "誤りはありません" in hosho("check-config", "--offline")
    with root.unit("/usr/lib/systemd/system/hosho-bot.service", port):
        assert root.answer_to(port, "/var/lib/hosho-bot/outgoing")
    kept = hosho("mail", "list")

    root.put(
        "/running", "hosho-bot.service loaded active running x\nhosho-bot@doboku.service loaded active running x\n"
    )
    root.run("dpkg", "-i", "/tmp/later.deb")
    units = "hosho-bot.service hosho-bot@doboku.service"
    assert root.asked() == [f"stop {units}", "daemon-reload", f"start {units}"]
    docs = root.path("/usr/lib/hosho-bot/share/hosho-bot/docs")
    assert ((docs / "another.txt").exists(), (docs / "overview.md").exists()) == (True, False)
    assert hosho("mail", "list") == kept
    assert root.run("dpkg", "--verify", "hosho-bot") == ""

    root.run("apt-get", "remove", "-q", "-y", "hosho-bot")
    assert "stop hosho-bot.service" in root.asked()
    assert not root.path("/usr/lib/hosho-bot").exists()
    told = root.run("apt-get", "purge", "-q", "-y", "hosho-bot")
    assert "残してあります" in told
    root.run("dpkg", "-i", "/tmp/now.deb")
    assert hosho("mail", "list") == kept

    root.put("/etc/hosho-bot/doboku.toml", "# another office's\n")
    root.put("/etc/hosho-bot/remove-data", "")
    root.run("apt-get", "purge", "-q", "-y", "hosho-bot")
    assert [path.name for path in root.path("/etc/hosho-bot").iterdir()] == ["doboku.toml"]
    assert not root.path("/var/lib/hosho-bot").exists()
    assert "hosho-bot" not in root.path("/etc/passwd").read_text()


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1200)
@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian: not installed")
def test_lintian_finds_nothing_that_the_overrides_do_not_answer(package):
    call = ("lintian", "--allow-root", "--fail-on", "error,warning", package)
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
