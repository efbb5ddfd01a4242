"""deploy/bundle and deploy/install: what a machine without a network gets is signed, whole, and beside what it had."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bot.version import home
from tests.packages import bundle, key, seal

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PYTHONS = ("3.11", "3.12", "3.13")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-ocr.lock"])
def test_no_marker_of_the_lock_tells_the_pythons_of_a_bundle_from_each_other(lock):
    """`pip download --python-version` evaluates markers for the Python that runs it."""
    lines = [line.rstrip("\\ ") for line in (ROOT / lock).read_text("utf-8").splitlines() if line[:1].isalpha()]
    markers = [found for line in lines if (found := Requirement(line).marker)]
    assert markers
    told = [
        {one.evaluate({"python_version": python, "python_full_version": f"{python}.0"}) for python in PYTHONS}
        for one in markers
    ]
    assert [str(one) for one, answers in zip(markers, told, strict=True) if len(answers) > 1] == []


def test_what_the_wheel_brings_beside_the_program_is_in_the_checkout():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    sources = [*wheel["packages"], *wheel["shared-data"]]
    assert [name for name in sources if not (ROOT / name).exists()] == []
    assert {"share/hosho-bot/run", "share/hosho-bot/deploy"} <= set(wheel["shared-data"].values())


def test_the_program_finds_its_own_run_and_deploy(tmp_path):
    checkout, packages = tmp_path / "checkout", tmp_path / "site-packages"
    checkout.mkdir()
    (checkout / "run").touch()
    assert home(checkout, tmp_path / "venv") == checkout
    assert home(packages, tmp_path / "opt/versions/1.0") == tmp_path / "opt"
    assert home(packages, tmp_path / "venv") == tmp_path / "venv/share/hosho-bot"


def install(folder: Path, inside: Path, *words: str, signers: str = "key.signers") -> subprocess.CompletedProcess[str]:
    own = ("--signers", folder / signers, "--home", folder / "opt", "--python", sys.executable)
    return subprocess.run((inside / "install", *own, *words), capture_output=True, text=True, check=False)


def version(folder: Path) -> str:
    """What the program in use says, without anything of this process's environment."""
    call = (folder / "opt/run", "--version")
    return subprocess.run(call, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True).stdout


@pytest.mark.process
def test_versions_lie_beside_each_other_and_one_is_in_use(tmp_path):
    signed_by = key(tmp_path)
    first, second = (bundle(tmp_path, number, signed_by).with_suffix("") for number in ("1.0", "1.1"))
    assert install(tmp_path, first).returncode == 0
    assert version(tmp_path) == "hosho-bot 1.0\n"
    done = install(tmp_path, second, "--no-switch")
    assert (done.returncode, version(tmp_path)) == (0, "hosho-bot 1.0\n"), done.stderr
    assert install(tmp_path, second).returncode == 0
    assert (version(tmp_path), (tmp_path / "opt/deploy/of").read_text()) == ("hosho-bot 1.1\n", "1.1")
    assert sorted(path.name for path in (tmp_path / "opt/versions").iterdir()) == ["1.0", "1.1"]
    (second / "VERSION").write_text("version=1.1\ncommit=other\n")
    seal(second, signed_by)
    refused = install(tmp_path, second)
    assert (refused.returncode, "使われています" in refused.stderr, version(tmp_path)) == (1, True, "hosho-bot 1.1\n")


def another_wheel(inside: Path) -> None:
    (inside / "wheels/evil-1.0-py3-none-any.whl").touch()


def a_link(inside: Path) -> None:
    (inside / "wheels/evil-1.0-py3-none-any.whl").symlink_to("/etc/passwd")


def a_changed_wheel(inside: Path) -> None:
    (wheel,) = inside.glob("wheels/hosho_bot-*")
    wheel.write_bytes(wheel.read_bytes() + b"x")


def a_missing_wheel(inside: Path) -> None:
    next(inside.glob("wheels/pip-*")).unlink()


def changed_sums(inside: Path) -> None:
    (inside / "SHA256SUMS").write_text((inside / "SHA256SUMS").read_text() + "\n")


def no_signature(inside: Path) -> None:
    (inside / "SHA256SUMS.sig").unlink()


def a_checkout_is_there(inside: Path) -> None:
    (inside.parent / "opt").mkdir()
    (inside.parent / "opt/run").touch()


def nothing(_inside: Path) -> None:
    pass


@pytest.mark.process
@pytest.mark.parametrize(
    ("happens", "signers", "told"),
    [
        (another_wheel, "key.signers", "署名されていないファイル"),
        (a_link, "key.signers", "リンクなどがあります"),
        (a_changed_wheel, "key.signers", "署名のあとに変わった"),
        (a_missing_wheel, "key.signers", "足りないファイル"),
        (changed_sums, "key.signers", "署名が"),
        (no_signature, "key.signers", "署名が"),
        (nothing, "other.signers", "署名が"),
        (nothing, "nobody.signers", "nobody.signers がありません"),
        (a_checkout_is_there, "key.signers", "git などで置いたもの"),
    ],
)
def test_what_is_not_signed_or_not_whole_is_not_installed(tmp_path, happens, signers, told):
    key(tmp_path, "other")
    inside = bundle(tmp_path, "1.0", key(tmp_path)).with_suffix("")
    happens(inside)
    refused = install(tmp_path, inside, signers=signers)
    assert (refused.returncode, told in refused.stderr) == (1, True), refused.stderr
    assert not (tmp_path / "opt/versions").exists()


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1800)
def test_a_real_bundle_runs_without_network_and_checkout(tmp_path):
    """Of the last commit; needs git and an index of packages."""
    signed_by = key(tmp_path)
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    own = os.environ | {"PYTHON": "python3"}  # one with pip
    made = (ROOT / "deploy/bundle", "--key", signed_by, "--to", tmp_path, "--python", python)
    subprocess.run(made, check=True, env=own, cwd=tmp_path)
    (archive,) = tmp_path.glob("hosho-bot-*.tar")
    subprocess.run(("tar", "-C", tmp_path, "-xf", archive), check=True)
    done = install(tmp_path, archive.with_suffix(""))
    assert done.returncode == 0, done.stderr
    assert version(tmp_path).startswith(f"hosho-bot {PROJECT['project']['version']} (commit ")
    (tmp_path / "answers.toml").write_text(
        f'city = "見本市"\ninbox = "hosho@city.example.jp"\ndesks = "契約課 keiyaku@city.example.jp"\nfolder = "{tmp_path}/data"\n',
        "utf-8",
    )
    config = tmp_path / "etc/config.toml"
    for words in (
        ("init", "--answers", "answers.toml", "--config", config),
        ("check-config", "--offline", "--config", config),
        ("letters", "preview", "receipt", "--config", config),
        ("demo", "--brief", "--folder", "demo"),
    ):
        call = (tmp_path / "opt/run", *words)
        ran = subprocess.run(call, env={"PATH": os.environ["PATH"]}, cwd=tmp_path, capture_output=True, check=False)
        assert ran.returncode == 0, (words, ran.stdout.decode(), ran.stderr.decode())
    unit = (tmp_path / "etc/setup/hosho-bot.service").read_text("utf-8")
    assert f"ExecStart={tmp_path}/opt/run serve\n" in unit
    assert os.access(tmp_path / "opt/deploy/tell", os.X_OK)
