"""The clerks of the month's two desks: they read our mails, as their gateway leaves them, and answer by their mail programs.

A clerk knows what his mail program shows him (the text with its workbook, or the page alone), and of each guarantee what his papers and D-Sure
say (mails.Work); nothing else. Behind a gateway that strips, the mail has lost its page, its files and its links, and has a mark in its subject.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default

from python_calamine import CalamineWorkbook

from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.spreadsheets.writing import XLSX
from tests.mail_programs import answer
from tests.month.mails import INBOX, MX, Incoming, Work, by_number

_LINK = re.compile(r"(?:https?://|www\.)\S+")
_TICKET = re.compile(r"\[[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}\]")
_CASE = re.compile(r"^■ (?:(\d+)件目：)?(.*)$")
_NUMBER = re.compile(r"\d{5}-\d{6}")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of ours as a clerk sees it."""

    subject: str
    text: str
    message_id: str
    letter: Letter
    book: bytes = b""


def seen(mail: OutgoingMail, *, stripped: bool, page: bool = False) -> Mail:
    """What the clerk's mail program shows, all of it or the `page` alone; what is left of it behind the gateway."""
    parsed = BytesParser(policy=default).parsebytes(mail.content)
    subject = str(make_header(decode_header(str(parsed["Subject"]))))
    if stripped:
        parsed = BytesParser(policy=default).parsebytes(through_the_gateway(mail.content))
        subject = str(parsed["Subject"])
    parts = {part.get_content_type(): part.get_content() for part in parsed.walk() if not part.is_multipart()}
    words = as_words(parts["text/html"]) if page and "text/html" in parts else parts["text/plain"]
    return Mail(subject, words, mail.message_id, mail.letter, parts.get(XLSX, b""))


def as_words(page: str) -> str:
    """The lines of a page as a reader sees them."""
    body = re.sub(r"<(style|title)>.*?</\1>", "", page, flags=re.DOTALL)
    lines = re.sub(r"<(?:br|/p|/div|/h\d|/tr)>", "\n", body.replace("\n", " "))
    return "\n".join(
        " ".join(html.unescape(re.sub(r"<[^>]*>", "", line)).split(" ")).strip(" ") for line in lines.splitlines()
    )


def through_the_gateway(content: bytes) -> bytes:
    """The mail as a sanitising gateway hands it on: its plain words without links, in a mail of its own making."""
    came = BytesParser(policy=default).parsebytes(content)
    words = next(part for part in came.walk() if part.get_content_type() == "text/plain").get_content()
    left = EmailMessage(policy=SMTP)
    left["From"], left["To"], left["Message-ID"] = came["From"], came["To"], came["Message-ID"]
    left["Subject"] = f"【無害化済】{came['Subject']}"
    left.set_content(_LINK.sub("", words))
    return left.as_bytes()


@dataclass
class Clerk:
    """One clerk. `program`: his mail program; `away`: the month's days on which he is not there; `reads_pages`: and no text."""

    address: str
    program: str
    away: range = range(0)
    reads_pages: bool = False
    unread: list[Mail] = field(default_factory=list)
    answered: list[tuple[Mail, str]] = field(default_factory=list)
    _said: dict[str, int] = field(default_factory=dict)

    def answers(self, at: datetime) -> Iterator[Incoming]:
        """What he answers now to what lies in his mailbox."""
        letters, self.unread = self.unread, []
        for letter in letters:
            words = self._words(letter)
            if words and _TICKET.search(letter.subject):
                self.answered.append((letter, words))
                count = len(self.answered)
                mail = answer(
                    letter.subject, letter.text, letter.message_id, words,
                    program=self.program, sender=self.address, inbox=INBOX, count=count, mx=MX,
                )  # fmt: skip
                yield Incoming(at, self.address, mail.as_bytes(policy=SMTP))

    def _words(self, letter: Mail) -> str:
        match letter.letter:
            case Letter.MAIL_ALERT:
                return self._about_a_mail(letter.text)
            case Letter.SUMMARY:
                orders = {place: of.in_dsure for place, of in _for_dsure(letter) if of is not None}
            case Letter.REMINDER:
                orders = {place: self._of_a_reminder(of, text) for place, of, text in _dues(letter.text)}
            case _:
                found = ((place, self._about(of, letter)) for place, of, _ in _cases(letter.text))
                orders = {place: words for place, words in found if words}
                if len(orders) == 1 and not re.search(r"^■ 2件目", letter.text, re.MULTILINE):
                    return next(iter(orders.values()))
        return "\n".join(f"{place}件目 {words}" for place, words in orders.items() if words)

    def _about(self, one: Work | None, letter: Mail) -> str:
        """What he orders of a held case: the next of what its story has; nothing more once it is told."""
        if one is None:
            return ""
        if letter.letter is Letter.DESK_REPLY and "受付済" in letter.text:
            return ""  # he looks into D-Sure when the summary comes
        said = self._said.get(one.number, 0)
        if "認証キーが台帳と異なります" in letter.text or "異なる認証キー" in letter.text:
            return "差戻し 認証キーが先のお知らせと異なります。保証会社にご確認ください。" if said < 9 else ""
        if said >= len(one.answers):
            return ""
        self._said[one.number] = said + 1
        return one.answers[said]

    def _of_a_reminder(self, one: Work | None, text: str) -> str:
        """What he orders of something that waits for too long: the same as if he had got the first mail."""
        if re.search(r"受付番号 \d{8}-\d+-0$", text.partition("\n")[0]):  # a mail's own
            return self._about_a_mail(text)
        return "差戻し 別の認証キー" if "異なる認証キー" in text else one.answers[-1] if one and one.answers else ""

    @staticmethod
    def _about_a_mail(text: str) -> str:
        return "対応済 電話でお答えしました" if "お問い合わせ" in text else "対応済 確認しました"


def _for_dsure(letter: Mail) -> Iterator[tuple[int, Work | None]]:
    """The cases of a summary that wait for D-Sure: those that it lists, and those that its workbook numbers besides."""
    section = letter.text.partition("D-Sureで確認するもの：")[2].partition("返信のしかた")[0]
    numbered = {int(match[1]): match[2] for match in _TO_SEE.finditer(section)}
    if letter.book:
        book = CalamineWorkbook.from_filelike(io.BytesIO(letter.book))
        _, *rows = book.get_sheet_by_name("D-Sureで確認するもの").to_python()
        numbered |= {int(row[0]): str(row[4]) for row in rows if row[0]}
    yield from ((place, by_number().get(number)) for place, number in sorted(numbered.items()))


_TO_SEE = re.compile(r"^\s*(\d+)件目\s+(\d{5}-\d{6})", re.MULTILINE)


def _dues(text: str) -> Iterator[tuple[int, Work | None, str]]:
    """The numbered lines of a reminder, with what stands below each."""
    for match in re.finditer(r"^　・(\d+)件目　(.*\n(?:　　.*\n)*)", text, re.MULTILINE):
        yield int(match[1]), _named_in(match[2]), match[2]


def _named_in(text: str) -> Work | None:
    """The guarantee that a text names by its number."""
    return next((by_number()[number] for number in _NUMBER.findall(text) if number in by_number()), None)


def _cases(text: str) -> Iterator[tuple[int, Work | None, str]]:
    """The cases of a letter: place, the guarantee that its notice names, and its text."""
    place, lines = 0, []
    for line in [*text.splitlines(), "■ "]:
        if not line.startswith("■"):
            lines.append(line)
            continue
        if place:
            yield place, _named_in("\n".join(lines)), "\n".join(lines)
        match = _CASE.match(line)
        is_case = match is not None and (match[1] is not None or match[2].startswith("受付番号"))
        place, lines = (int(match[1] or 1) if match and is_case else 0), []
