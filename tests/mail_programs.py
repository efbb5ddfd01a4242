"""How mail programs of the desks answer a letter: their charset, what they put between the answer and the quoted letter, their marks."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Program:
    """`between`: what stands above the quotation; `mark`: before each of its lines."""

    charset: str
    between: str
    mark: str = ""


PROGRAMS = {
    "Outlook": Program(
        "iso-2022-jp",
        "-----Original Message-----\nFrom: 見本市 <{inbox}>\nSent: Friday, November 27, 2026\nTo: {sender}\nSubject: {subject}\n",
    ),
    "Outlook in Japanese": Program(
        "utf-8",
        "差出人: 見本市 <{inbox}>\n送信日時: 2026年11月27日 9:00\n宛先: {sender}\n件名: {subject}\n",
    ),
    "Gmail": Program("utf-8", "2026年11月27日(金) 9:00 見本市 <{inbox}>:\n", "> "),
    "Thunderbird": Program("utf-8", "On 2026/11/27 9:00, 見本市 wrote:\n", "> "),
    "a telephone": Program("utf-8", "iPhoneから送信\n\n2026/11/27 9:00、見本市 <{inbox}>のメール:\n", "> "),
}


def answer(
    subject: str,
    text: str,
    message_id: str,
    words: str,
    *,
    program: str,
    sender: str,
    inbox: str,
    count: int,
    mx: str,
) -> EmailMessage:
    """An answer to the letter with this subject, text and Message-ID, as the city's MX hands it over."""
    how = PROGRAMS[program]
    mail = EmailMessage()
    domain = sender.rpartition("@")[2]
    mail["Authentication-Results"] = f"{mx}; dmarc=pass header.from={domain}"
    mail["From"] = sender
    mail["To"] = inbox
    mail["Subject"] = f"RE: {subject}"
    mail["Message-ID"] = f"<answer-{sender.partition('@')[0]}-{count}@{domain}>"
    mail["In-Reply-To"] = message_id
    mail["References"] = message_id
    quoted = "\n".join(how.mark + line for line in text.splitlines())
    head = how.between.format(inbox=inbox, sender=sender, subject=subject)
    written = f"{words}\n\n{head}\n{quoted}\n"
    if how.charset == "iso-2022-jp":  # it has no such signs
        written = written.replace("～", "〜").replace("…", "..").replace("―", "-")
    mail.set_content(written, charset=how.charset)
    return mail
