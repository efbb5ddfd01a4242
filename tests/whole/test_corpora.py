"""Third-party mails, read as the daemon reads them: no exception, no reply, no submission; no notice inside a bounce is taken.

They are read by the child's code in this process; that it reads the same in a child: tests/documents/pool/test_confinement.py.
`--slow`: each in a child.
"""

from __future__ import annotations

import asyncio
import json
import tarfile
from collections import Counter
from collections.abc import Iterable
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.commands.inspect import settings
from tests.commands.inspected import inspect_here
from tests.whole.conftest import mail_with
from tests.whole.returned import PLACES, with_notice_inside

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "mail.tar.gz"
BOUNCES = (
    "mail/sisimai+set-of-emails/maildir/",
    "mail/flufl.bounce/",
    "mail/cfortune+PHP-Bounce-Handler/",
    "mail/jhillyerd+enmime/dsn/",
)
NO_BOUNCES = ("mail/sisimai+set-of-emails/maildir/not/",)
PAPERS = ("chromium-leaflet", "writer-west")
NOTICE_IN_WORDS = (
    "認証キーのお知らせを送付します。\n\n工事名：市道０１０５号線舗装補修工事\n受注者名：見本建設株式会社\n"
    "商品（保証区分）：前払金保証\n保証契約番号：10001-000001\n認証キー：aB3dEf6hIj9k\n"
)

pytestmark = [pytest.mark.corpora, pytest.mark.timeout(1800)]


def corpus() -> Iterable[tuple[str, bytes]]:
    """Names and bytes of the corpora's mails."""
    if not CORPUS.exists():
        pytest.skip(f"the corpora are not here: {CORPUS.name} is missing")
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            if member.isfile():
                source = archive.extractfile(member)
                assert source is not None
                yield member.name, source.read()


def inspected(
    folder: Path, mails: Iterable[tuple[str, bytes]], *, in_children: bool
) -> list[tuple[str, dict[str, Any]]]:
    """What `inspect` says of each of the mails, by name. In this process, it sees nothing of pictures."""
    names = {}
    for number, (name, content) in enumerate(mails):
        file = folder / f"{number:05}.eml"
        names[file] = name
        file.write_bytes(content)
    if not in_children:
        read = asyncio.run(inspect_here(names, settings(None, None, None)))
        return [(name, read[file.stem]) for file, name in names.items()]
    done = CliRunner().invoke(main, ["inspect", "--json", str(folder)])
    assert done.exit_code == 0, done.output[-2000:]
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(seen) == len(names)
    return [(names[Path(one["file"])], one) for one in seen]


@pytest.fixture
def slow(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--slow"))


def test_no_mail_of_the_corpora_is_answered_or_taken_for_a_notice(tmp_path, slow, figure):
    seen = inspected(tmp_path, corpus(), in_children=slow)
    assert [name for name, one in seen if one["letters"] or one["submissions"]] == []
    assert [(name, one["mail"]["error"]) for name, one in seen if one["mail"]["error"]] == []
    ends = Counter((one["mail"]["state"], one["mail"]["reason"]) for _, one in seen)
    print(dict(ends))
    assert {state for state, _ in ends} <= {"passed_on", "ignored"}
    figure(f"{len(seen):,} mails of the corpora: 0 exceptions, 0 replies, 0 submissions")


def test_no_notice_inside_a_returned_message_is_taken(tmp_path, slow, figure):
    mail = mail_with(*PAPERS)
    mail.get_payload(0).set_content(NOTICE_IN_WORDS, cte="8bit")
    returned = mail.as_bytes(policy=SMTP.clone(cte_type="8bit"))
    places: Counter[str] = Counter()
    mutated = []
    bounces = [pair for pair in corpus() if pair[0].startswith(BOUNCES) and not pair[0].startswith(NO_BOUNCES)]
    for name, content in bounces[:: 1 if slow else 5]:
        place, new = with_notice_inside(content, returned)
        places[place] += 1
        mutated.append((name, new))
    seen = inspected(tmp_path, mutated, in_children=slow)
    assert [name for name, one in seen if one["submissions"]] == []
    assert [name for name, one in seen if one["letters"]] == []
    assert [(name, one["mail"]["error"]) for name, one in seen if one["mail"]["error"]] == []
    assert set(places) == set(PLACES)
    where = ", ".join(f"{count} {place}" for place, count in places.items())
    figure(f"{len(seen):,} bounces with a valid notice put inside ({where}): 0 submissions, 0 replies")


def test_the_notice_that_is_put_inside_is_a_valid_one(tmp_path):
    mail = mail_with(*PAPERS)
    mail.get_payload(0).set_content(NOTICE_IN_WORDS, cte="8bit")
    ((_, one),) = inspected(tmp_path, [("itself", mail.as_bytes(policy=SMTP.clone(cte_type="8bit")))], in_children=True)
    assert len(one["submissions"]) == 3
    assert len(one["letters"]) == 1
