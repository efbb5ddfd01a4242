"""Made-up versions of the program as signed bundles: a wheel of one module with the command `hosho-bot`, pip of this Python, no other packages."""

from __future__ import annotations

import ensurepip
import hashlib
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
_PIP = next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
SAYS_ITS_VERSION = "print('hosho-bot', NUMBER)"


def key(folder: Path, name: str = "key") -> Path:
    """A new key to sign with; beside it `<name>.signers` trusts it."""
    file = folder / name
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file), check=True)
    (folder / f"{name}.signers").write_text(f"hosho-bot {file.with_suffix('.pub').read_text()}")
    return file


_NOTHING: Mapping[str, str] = {}


def bundle(
    folder: Path,
    number: str,
    signed_by: Path,
    does: str = SAYS_ITS_VERSION,
    *,
    shares: Mapping[str, str] = _NOTHING,
    others: tuple[str, ...] = (),
) -> Path:
    """The archive of a version whose command runs `does`, which knows NUMBER; its folder lies beside it.

    `shares`: further texts for share/hosho-bot. `others`: names of wheels that are there and empty.
    """
    inside = folder / f"hosho-bot-{number}"
    (inside / "wheels").mkdir(parents=True)
    wheel = inside / "wheels" / f"hosho_bot-{number}-py3-none-any.whl"
    _wheel(wheel, number, does, shares)
    for other in others:
        (inside / "wheels" / other).touch()
    shutil.copy(_PIP, inside / "wheels")
    shutil.copy(DEPLOY / "install", inside)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (inside / "requirements.lock").write_text(f"hosho-bot=={number} --hash=sha256:{digest}\n")
    (inside / "VERSION").write_text(f"version={number}\ncommit=\n")
    seal(inside, signed_by)
    return folder / f"{inside.name}.tar"


def seal(inside: Path, signed_by: Path) -> None:
    """Sums, signature and archive, by the script that makes real ones."""
    call = (DEPLOY / "bundle", "--key", signed_by, "--to", inside.parent, "--seal", inside)
    subprocess.run(call, check=True, capture_output=True)


def _wheel(file: Path, number: str, does: str, shares: Mapping[str, str]) -> None:
    name = f"hosho_bot-{number}"
    lines = "".join(f"    {line}\n" for line in does.splitlines())
    texts = {
        "made_up_bot.py": f"import json, os, sys\nNUMBER = {number!r}\ndef start():\n{lines}",
        f"{name}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: hosho-bot\nVersion: {number}\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}.dist-info/entry_points.txt": "[console_scripts]\nhosho-bot = made_up_bot:start\n",
        f"{name}.data/data/share/hosho-bot/deploy/of": number,
    } | {f"{name}.data/data/share/hosho-bot/{path}": text for path, text in shares.items()}
    texts[f"{name}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in (*texts, f"{name}.dist-info/RECORD"))
    with zipfile.ZipFile(file, "w") as wheel:
        for path, text in texts.items():
            wheel.writestr(path, text)
        run = zipfile.ZipInfo(f"{name}.data/data/share/hosho-bot/run")
        run.external_attr = 0o100755 << 16  # a plain file that runs
        wheel.writestr(run, (DEPLOY / "run-installed").read_text("utf-8"))
