"""What the bench works on: the corpus's papers as mails, and registers of any size that know their guarantees.

Called by every part of the bench. Everything is invented and the same in every run. Raises OSError without the corpus.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.register.changes import ChangeKind, RegisterChange
from storage.store import Store

PAPERS = Path(__file__).parents[1] / "tests" / "corpus" / "papers"
INBOX = "hosho@city.example.jp"
PRODUCERS = ("chromium", "reportlab", "writer")
"""The programs that made the corpus's notices; a paper's name begins with its producer's."""
JOINT_VENTURE = "-jv"
"""Papers of joint ventures: whether they are taken at once depends on how the city writes the venture's name."""
OPEN_ROWS = 2_000
"""So many guarantees of a large register await their notice, the rest is done: up to here a look-up compares with them all."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person reads on a paper."""

    project_name: str
    contractor: str
    product: str
    number: str
    auth_key: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A paper as a mail. `sender`: its own for each paper, as each has another contractor."""

    name: str
    sender: str
    content: bytes
    notices: tuple[Notice, ...]

    @property
    def producer(self) -> str:
        """The first word of the name."""
        return self.name.partition("-")[0]


def corpus() -> tuple[Sample, ...]:
    """Every paper of the corpus, by name."""
    return tuple(_sample(path) for path in sorted(PAPERS.glob("*.pdf")))


def plain_notices(samples: Sequence[Sample], of_each: int) -> tuple[Sample, ...]:
    """Mails that are answered with one receipt each: one notice, a number that no other has; `of_each` producer's."""
    found: dict[str, Sample] = {}
    for sample in samples:
        if sample.producer in PRODUCERS and len(sample.notices) == 1 and not sample.name.endswith(JOINT_VENTURE):
            found.setdefault(sample.notices[0].number, sample)
    return tuple(
        sample
        for producer in PRODUCERS
        for sample in [each for each in found.values() if each.producer == producer][:of_each]
    )


def _sample(path: Path) -> Sample:
    sender = f"{path.stem}@kensetsu.example.jp"
    expected = json.loads(path.with_suffix(".expected.json").read_text("utf-8"))
    notices = tuple(Notice(**notice) for notice in expected["notices"])
    return Sample(path.stem, sender, _mail(path, sender), notices)


def _mail(path: Path, sender: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"見本建設株式会社 <{sender}>"
    message["To"] = INBOX
    message["Subject"] = "電子保証にかかる「認証キー」のお知らせ"
    message["Date"] = "Mon, 16 Nov 2026 10:00:00 +0900"
    message["Message-ID"] = f"<{path.stem}@kensetsu.example.jp>"
    message.set_content("お世話になっております。\n「認証キー」のお知らせを添付しますので、ご査収ください。\n")
    message.add_attachment(path.read_bytes(), maintype="application", subtype="pdf", filename="認証キーのお知らせ.pdf")
    return message.as_bytes()


def arrival(sample: Sample, *, copy: int = 0) -> Arrival:
    """The mail at the door; a `copy` above 0 is another mail with the same paper."""
    content = sample.content.replace(b"Message-ID: <", b"Message-ID: <%d." % copy, 1) if copy else sample.content
    return Arrival(Envelope(Source.SMTP, sample.sender, (INBOX,), datetime.now(UTC)), content)


@contextmanager
def as_files(samples: Sequence[Sample]) -> Iterator[Path]:
    """A folder with the mails as .eml files, by name."""
    with tempfile.TemporaryDirectory() as folder:
        for sample in samples:
            (Path(folder) / f"{sample.name}.eml").write_bytes(sample.content)
        yield Path(folder)


def register(size: int, samples: Sequence[Sample]) -> tuple[Guarantee, ...]:
    """A register of `size` rows: the samples' guarantees, issued, in the middle of others of which OPEN_ROWS are awaited."""
    known = {notice.number: notice for sample in samples for notice in sample.notices}
    ours = [
        Guarantee(n.project_name, n.contractor, Product(n.product), n.number, state=GuaranteeState.ISSUED)
        for n in known.values()
    ]
    others = [_other(place, is_open=place < OPEN_ROWS - len(ours)) for place in range(size - len(ours))]
    middle = len(others) // 2
    return (*others[:middle], *ours, *others[middle:])


def _other(place: int, *, is_open: bool) -> Guarantee:
    return Guarantee(
        project_name=f"市道{place:05}号線舗装補修工事",
        contractor=f"見本{place % 400}建設株式会社",
        product=tuple(Product)[place % 3],
        number=f"{90000 + place % 1000}-{place:06}",
        state=GuaranteeState.EXPECTED if is_open else GuaranteeState.VERIFIED,
    )


async def fill(store: Store, guarantees: Sequence[Guarantee]) -> None:
    """Write a register into an empty store."""
    changes = [RegisterChange(ChangeKind.ADD, line, None, each) for line, each in enumerate(guarantees, 2)]
    await store.register.change(changes, actor="bench", source="bench")
