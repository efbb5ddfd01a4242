"""deploy/Containerfile, compose.yaml and quadlet/: what they name is the program's; engines' own checks where these are there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from bot.cli import main
from bot.config.doors import SmtpSection
from bot.config.machine import MonitoringSection
from bot.config.settings import Config
from bot.monitoring import PATHS
from docs.generate.units import DEPLOY
from storage.store import KeyFile, Store
from tests.bare_root import BareRoot
from tests.test_debian_package import ANSWERS

ROOT = DEPLOY.parent
QUADLET = DEPLOY / "quadlet"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "hosho-bot" in one["image"]}
CONTAINERS = {
    file.name: [tuple(line.split("=", 1)) for line in file.read_text("utf-8").splitlines() if re.match(r"[A-Z]\w+=", line)]
    for file in QUADLET.glob("*.container")
}  # fmt: skip
OUR_CONTAINERS = {name: lines for name, lines in CONTAINERS.items() if ("Image", "localhost/hosho-bot:latest") in lines}
STOPS_WITHIN = 8
"""Seconds, docs/overview.md."""


def exists(words: list[str]) -> bool:
    """Whether the program has this command."""
    found: click.Command | None = main
    for word in words:
        found = found.get_command(click.Context(found), word) if isinstance(found, click.Group) else None
    return found is not None and not isinstance(found, click.Group)


def probe(words: list[str]) -> str:
    """The URL that a probe asks."""
    (url,) = re.findall(r"urlopen\('(\S+?)'", " ".join(words))
    compile(words[words.index("-c") + 1], "probe", "exec")
    return url


PROBES = {
    *(probe(one["healthcheck"]["test"]) for one in OURS.values() if "test" in one["healthcheck"]),
    *(probe(json.loads(value)) for lines in OUR_CONTAINERS.values() for key, value in lines if key == "HealthCmd"),
}


def test_there_is_something_to_look_at():
    assert OURS.keys() == {"office", "schema", "several"}
    assert OUR_CONTAINERS.keys() == {
        "hosho-bot.container",
        "hosho-bot-schema.container",
        "hosho-bot-several@.container",
    }


def test_every_command_is_the_program_s():
    run = [one["command"] for one in OURS.values()]
    run += [value.split() for lines in OUR_CONTAINERS.values() for key, value in lines if key == "Exec"]
    assert len(run) == len(OURS) + len(OUR_CONTAINERS)
    assert [words for words in run if not exists(words)] == []


def test_every_probe_asks_what_the_monitor_s_door_answers():
    (url,) = PROBES
    listen, path = re.fullmatch(r"http://([^/]+)(/\w+)", url).groups()
    assert path in PATHS
    assert f'monitoring.listen = "{listen}"' in (DEPLOY / "compose.yaml").read_text("utf-8")
    MonitoringSection(listen=listen)


def test_the_settings_that_they_ask_for_are_settings():
    told = (DEPLOY / "compose.yaml").read_text("utf-8").split("name: hosho-bot")[0]
    named = re.findall(r"\b([a-z]+)\.([a-z_]+) = ", told)
    assert len(named) == 5
    for section, key in named:
        assert key in Config.model_fields[section].annotation.model_fields, (section, key)


def test_a_daemon_gets_the_time_that_it_takes_to_stop_and_its_own_port():
    port = SmtpSection.model_fields["port"].default
    for name in ("office", "several"):
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > STOPS_WITHIN
        assert all(one.startswith("127.0.0.1:") and one.endswith(f":{port}") for one in SERVICES[name]["ports"])
    for name in ("hosho-bot.container", "hosho-bot-several@.container"):
        lines = dict(CONTAINERS[name])
        assert STOPS_WITHIN < int(lines["StopTimeout"]) < int(lines["TimeoutStopSec"])
        assert lines["PublishPort"].startswith("127.0.0.1:")
        assert lines["PublishPort"].endswith(f":{port}")


def test_the_schema_comes_first():
    asked = SERVICES["several"]["depends_on"]
    assert asked["schema"] == {"condition": "service_completed_successfully"}
    assert SERVICES["schema"]["depends_on"]["database"] == {"condition": "service_healthy"}
    assert ("Requires", "hosho-bot-schema.service") in CONTAINERS["hosho-bot-several@.container"]
    assert ("Requires", "hosho-bot-database.service") in CONTAINERS["hosho-bot-schema.container"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_a_quadlet_names_is_beside_it(name):
    lines = CONTAINERS[name]
    units = [value.split(":")[0] for key, value in lines if key in {"Volume", "Network"}]
    files = [one for one in units if one.endswith((".volume", ".network"))]
    assert "hosho-bot.network" in files
    needed = [value.replace(".service", ".container") for key, value in lines if key == "Requires"]
    assert [one for one in (*files, *needed) if not (QUADLET / one).exists()] == []


def test_what_both_run_is_confined_alike():
    for one in OURS.values():
        assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    for lines in OUR_CONTAINERS.values():
        assert {("ReadOnly", "true"), ("DropCapability", "all"), ("NoNewPrivileges", "true")} <= set(lines)


async def test_the_step_before_the_daemons_brings_an_empty_database_to_the_schema(tmp_path, new_postgresql):
    (tmp_path / "config.toml").write_text(
        f'[office]\ncity = "見本市"\n[mail]\ninboxes = ["hosho@city.example.jp"]\n[storage]\nurl = "{new_postgresql}"\n'
        f'folder = "{tmp_path}/data"\nkey_file = "{tmp_path}/hosho.key"\n'
        '[smtp]\nenabled = true\n[[desks]]\nname = "契約課"\naddress = "keiyaku@city.example.jp"\n',
        "utf-8",
    )
    (tmp_path / "config.toml").chmod(0o600)
    call = (sys.executable, "-m", "bot", *SERVICES["schema"]["command"])
    own = os.environ | {"HOSHO_CONFIG": str(tmp_path / "config.toml")}
    for _ in range(2):
        done = await asyncio.to_thread(
            subprocess.run, call, env=own, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    async with await Store.open(new_postgresql, vault=KeyFile(tmp_path / "hosho.key")) as store:
        assert (await store.keys.check()).fits


@pytest.mark.process
def test_an_image_can_make_its_settings(tmp_path):
    """With no more of the checkout than the container file copies."""
    image = tmp_path / "image"
    image.mkdir()
    for source, target in re.findall(
        r"^COPY (\S+) (\S+)$", (DEPLOY / "Containerfile").read_text("utf-8"), re.MULTILINE
    ):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, image / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, image / target)
    (tmp_path / "answers.toml").write_text(f'{ANSWERS}folder = "{tmp_path}/data"\n', "utf-8")
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(image), "HOSHO_CONFIG": str(tmp_path / "etc/config.toml")}
    for words in (("init", "--answers", tmp_path / "answers.toml"), ("check-config", "--offline")):
        call = (sys.executable, "-P", "-m", "bot", *words)
        done = subprocess.run(call, env=own, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1200)
def test_podman_and_compose_take_the_files(tmp_path):
    """Of Debian 13: what systemd would run, and the whole that compose makes of the file."""
    root = BareRoot(tmp_path, "trixie")
    root.run("apt-get", "update", "-q")
    root.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "podman", "docker-compose")
    shutil.copytree(DEPLOY, root.path("/srv/deploy"))
    made = root.run("/usr/libexec/podman/quadlet", "--dryrun", QUADLET_UNIT_DIRS="/srv/deploy/quadlet")
    units = set(re.findall(r"^---(\S+)---$", made, re.MULTILINE))
    kinds = {".container": "", ".volume": "-volume", ".network": "-network"}
    assert units == {f"{file.stem}{kinds[file.suffix]}.service" for file in QUADLET.iterdir()}
    assert [line for line in made.splitlines() if "unsupported" in line or "converting" in line] == []
    for profile, names in (("office", {"office"}), ("several", {"database", "schema", "several"})):
        told = root.run(
            "docker-compose", "-f", "/srv/deploy/compose.yaml", "--profile", profile, "config", "--format", "json"
        )
        assert json.loads(told)["services"].keys() == names
    assert Path(json.loads(told)["services"]["several"]["build"]["context"]) == Path("/srv")
