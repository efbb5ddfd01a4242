"""An hour at the desk, played from hour.toml: what contractors mailed, what clerks answered, and what each of them got.

`python -m tests.month.hour` writes hour.txt anew: each step, and below it the letters that it brought, with the first lines
of those to the person who wrote. A clerk answers a letter that he got; a step that answers none is a mistake of the script and raises LookupError.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from PIL import Image

from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.text.dates import JAPAN
from tests.mail_programs import answer
from tests.month.clerks import Mail
from tests.month.golden import same
from tests.month.mails import INBOX, MX, PER_DAY, Incoming, Work, claim, locked, notice, other_key, twin, typed, work
from tests.month.world import Month, ReadOnce

SCRIPT = Path(__file__).with_suffix(".toml")
LINES = 14
GOLDEN = SCRIPT.with_suffix(".txt")


class Hour(Month):
    """The month's office for the script's steps. `told`: the golden text. `unanswered`: who wrote and got nothing, by step."""

    async def live(self) -> None:
        """From the first mail to the last answer."""
        self.told: list[str] = []
        self.unanswered: list[str] = []
        self._at = datetime.min.replace(tzinfo=JAPAN)
        await self._start()
        await self._import(0)
        for count, step in enumerate(tomllib.loads(SCRIPT.read_text("utf-8"))["step"]):
            self._at = step["at"].replace(tzinfo=JAPAN) if "at" in step else self._at + timedelta(minutes=1)
            self.watch.now = max(self._at, self.watch.now + timedelta(seconds=1))
            mail = self._mail(count, step)
            writer = f"{mail.sender} " if mail is not None else ""
            self.told.append(f"{self._at:%m-%d %H:%M} {writer}{_head(step)}\n")
            before = len(self.relay.left)
            if mail is not None:
                await self._receive(mail)
            await self._tick()
            self._tell(mail, [letter for _, letter in self.relay.left[before:]])

    def _tell(self, mail: Incoming | None, letters: list[OutgoingMail]) -> None:
        for letter in letters:
            self.told.append(f"    → {letter.recipient}: {same(letter.subject)}\n")
            if mail is not None and letter.recipient == mail.sender:
                self.told += [f"        {line}\n" for line in _beginning(letter)]
        if mail is not None and mail.sender not in {letter.recipient for letter in letters}:
            self.unanswered.append(mail.sender)

    def _mail(self, count: int, step: dict[str, Any]) -> Incoming | None:
        if "from" in step:
            return self._contractors(count, step)
        return self._answer(count, step) if "words" in step else None

    def _contractors(self, count: int, step: dict[str, Any]) -> Incoming:
        sender = step["from"] if isinstance(step["from"], str) else _work(step["from"]).sender
        mail = EmailMessage(policy=SMTP)
        domain = sender.rpartition("@")[2]
        mail["Authentication-Results"] = f"{MX}; dmarc=pass header.from={domain}"
        mail["From"], mail["To"], mail["Subject"] = sender, INBOX, step["subject"]
        mail["Message-ID"] = f"<{count}@{domain}>"
        for name, value in step.get("fields", {}).items():
            mail[name] = value
        words = step.get("words", "")
        mail.set_content(words + typed(_work(step["typed"])) if "typed" in step else words)
        for name, (kind, content) in _papers(step):
            maintype, _, subtype = kind.partition("/")
            mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
        return Incoming(self._at, sender, mail.as_bytes())

    def _answer(self, count: int, step: dict[str, Any]) -> Incoming:
        reader, letter = self._letter(step)
        sender = step.get("clerk", reader)
        mail = answer(
            letter.subject, letter.text, letter.message_id, step["words"],
            program=step.get("program", "Outlook"), sender=sender, inbox=INBOX, count=count, mx=MX,
        )  # fmt: skip
        return Incoming(self._at, sender, mail.as_bytes(policy=SMTP))

    def _letter(self, step: dict[str, Any]) -> tuple[str, Mail]:
        """The newest letter in which `about` stands, of the kind `letter`, and the clerk who got it: `clerk` himself if he got any."""
        about, kind = step.get("about", ""), step.get("letter")
        about = _work(about).number if isinstance(about, int) else about
        found = [
            (clerk.address, letter)
            for clerk in self.clerks
            for letter in clerk.unread
            if about in letter.text and kind in {None, letter.letter.value}
        ]
        own = [one for one in found if one[0] == step.get("clerk")] or found
        if not own:
            raise LookupError(f"nobody got the letter that is answered: {step}")
        return own[-1]


def _beginning(letter: OutgoingMail) -> list[str]:
    """What an answer says first. tests/letters holds every word."""
    lines = [line for line in same(letter.text).splitlines() if line.strip()]
    return lines[:LINES] if len(lines) <= LINES else [*lines[:LINES], "…"]


def _head(step: dict[str, Any]) -> str:
    words = step.get("words", "").strip().replace("\n", "⏎")
    if "from" not in step:
        return f"「{words}」" if words else "（朝）"
    return f"【{step['subject']}】{words}"


def _work(n: int) -> Work:
    """The month's n-th guarantee; above a thousand the twin of one."""
    return twin(_work(n - 1000)) if n > 1000 else work(n // PER_DAY, n % PER_DAY)


def _papers(step: dict[str, Any]) -> Iterator[tuple[str, tuple[str, bytes]]]:
    pdf = "application/pdf"
    change = other_key if step.get("other_key") else (lambda one: one)
    for n in step.get("notices", ()):
        yield f"認証キーのお知らせ{n}.pdf", (pdf, notice(change(_work(n))))
    for n in step.get("claims", ()):
        yield "請求書.pdf", (pdf, claim(_work(n)))
    if "locked" in step:
        yield "お知らせ.pdf", (pdf, locked(_work(step["locked"])))
    if "office_file" in step:
        yield step["office_file"], ("application/octet-stream", _office_file())
    if step.get("picture"):
        yield "IMG_0001.jpg", ("image/jpeg", _photo())


def _office_file() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml"):
            file.writestr(zipfile.ZipInfo(name), "<x/>")
    return out.getvalue()


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1200, 1600), "white").save(out, "JPEG")
    return out.getvalue()


async def lived(folder: Path) -> Hour:
    """The hour, over."""
    async with ReadOnce() as reader:
        hour = Hour(folder, reader, stripped=False)
        try:
            await hour.live()
        finally:
            await hour.store.close()
    return hour


def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        hour = asyncio.run(lived(Path(folder)))
    GOLDEN.write_text("".join(hour.told), "utf-8")


if __name__ == "__main__":
    _write()
