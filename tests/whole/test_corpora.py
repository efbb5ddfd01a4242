"""Third-party mails, read as the daemon reads them: no exception, no reply, no submission."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "mail.tar.gz"


@pytest.mark.corpora
@pytest.mark.timeout(600)
def test_no_mail_of_the_corpora_is_answered_or_taken_for_a_notice(tmp_path):
    if not CORPUS.exists():
        pytest.skip(f"the corpora are not here: {CORPUS.name} is missing")
    with tarfile.open(CORPUS) as archive:
        members = [member for member in archive if member.isfile()]
        for number, member in enumerate(members):
            source = archive.extractfile(member)
            assert source is not None
            (tmp_path / f"{number:05}.eml").write_bytes(source.read())
    done = CliRunner().invoke(main, ["inspect", "--json", str(tmp_path)])
    assert done.exit_code == 0, done.output[-2000:]
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    names = {f"{number:05}.eml": member.name for number, member in enumerate(members)}
    assert len(seen) == len(members)
    assert [names[Path(mail["file"]).name] for mail in seen if mail["letters"] or mail["submissions"]] == []
    assert [(names[Path(m["file"]).name], m["mail"]["error"]) for m in seen if m["mail"]["error"]] == []
    ends = Counter((mail["mail"]["state"], mail["mail"]["reason"]) for mail in seen)
    print(dict(ends))
    assert {state for state, _ in ends} <= {"passed_on", "ignored"}
