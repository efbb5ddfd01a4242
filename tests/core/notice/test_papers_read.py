"""Every paper of the corpus is read to the letter, and is called by its kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.core.mail.message import Mail
from bot.core.notice.interpret import understand
from bot.core.notice.read_mail import ReadMail
from bot.core.policy.policy import Formats
from bot.documents.opening import open_document

PAPERS = Path(__file__).resolve().parents[2] / "corpus" / "papers"
EMPTY = Mail((), (), (), (), "", "", "", (), None, "multipart/mixed", "", (), ())


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*.pdf")), ids=lambda path: path.stem)
def test_a_paper_is_read_as_a_person_would(path: Path):
    expected = json.loads(path.with_suffix(".expected.json").read_text("utf-8"))
    document = open_document("2", path.name, path.read_bytes())
    understood = understand(ReadMail(EMPTY, (document,)), Formats())
    beside = ["unreadable"] if expected.get("unread") and not expected.get("trouble") else []
    assert [paper.kind.value for paper in understood.papers] == [expected["kind"], *beside]
    fields = [notice.fields for notice in understood.notices]
    read = [
        {
            "project_name": f.project_name,
            "contractor": f.contractor,
            "product": f.product.value if f.product else None,
            "number": f.number,
            "auth_key": f.auth_key.reveal() if f.auth_key else None,
        }
        for f in fields
    ]
    # What a paper shows instead of its text is seen by another room: tests/documents/images/test_visual_check.py.
    said = "drawn" if path.stem == "lying-replaced-words" else "layer"
    assert read == ([expected[said]] if said in expected else expected["notices"])
