"""Mails with key notices of which no two are alike, as many as wanted: the n-th is the same in every run.

Each has a sender of its own. Every other one has its notice as a PDF, the others typed in the body; the register of
`register_of` knows those whose n divides by three.
"""

from __future__ import annotations

import hashlib
import io
import random
import string
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from tests.whole.world import INBOX

NO_LIMITS = """
[replies]
delay_seconds = 0
per_address_per_hour = 1000000
per_address_per_day = 1000000
per_domain_per_hour = 1000000
per_domain_per_day = 1000000
in_all_per_hour = 1000000
in_all_per_day = 1000000
alerts_per_desk_per_hour = 1000000
alerts_per_desk_per_day = 1000000
"""
"""Settings under which every mail is answered: what a limit holds back could not be missed."""

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class UniqueNotice:
    """The n-th notice and its mail."""

    n: int

    @property
    def number(self) -> str:
        return f"{10000 + self.n // 1000:05}-{self.n % 1000:03}{self.n % 997:03}"

    @property
    def key(self) -> str:
        return "".join(random.Random(self.n).choices(_LETTERS, k=11)) + "7"

    @property
    def project(self) -> str:
        return f"市道第{self.n}号線{hashlib.sha256(str(self.n).encode()).hexdigest()[:6]}地区舗装工事"

    @property
    def contractor(self) -> str:
        return f"見本{self.n}建設株式会社"

    @property
    def sender(self) -> str:
        return f"tanto@kensetsu{self.n}.example.jp"

    @property
    def message_id(self) -> str:
        return f"<notice.{self.n}@kensetsu{self.n}.example.jp>"

    @property
    def in_register(self) -> bool:
        return self.n % 3 == 0

    @property
    def has_pdf(self) -> bool:
        return self.n % 2 == 0

    def lines(self) -> list[str]:
        """The notice's fields, labelled."""
        return [
            "電子保証にかかる「認証キー」のお知らせ",
            f"工事名：{self.project}",
            f"受注者：{self.contractor}",
            "保証区分：前払金保証",
            f"保証契約番号：{self.number}",
            f"認証キー：{self.key}",
        ]

    def mail(self, *, padding_bytes: int = 0) -> bytes:
        """The mail's bytes. `padding_bytes`: so much more, as an attachment that nobody can read."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self.sender
        mail["To"] = INBOX
        mail["Subject"] = f"認証キーのお知らせの送付 {self.n}"
        mail["Date"] = "Mon, 16 Nov 2026 10:00:00 +0900"
        mail["Message-ID"] = self.message_id
        words = "お世話になっております。認証キーのお知らせをお送りします。\n"
        mail.set_content(words if self.has_pdf else words + "\n".join(self.lines()) + "\n")
        if self.has_pdf:
            mail.add_attachment(
                drawn(self.lines()), maintype="application", subtype="pdf", filename="認証キーのお知らせ.pdf"
            )
        if padding_bytes:
            filler = random.Random(self.n).randbytes(padding_bytes)
            mail.add_attachment(filler, maintype="application", subtype="octet-stream", filename="padding.bin")
        return mail.as_bytes()


def drawn(lines: Iterable[str]) -> bytes:
    """One A4 page with these lines, in Japanese letters that every reader has."""
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for row, line in enumerate(lines):
        canvas.setFont("HeiseiMin-W3", 11)
        canvas.drawString(70, A4[1] - 80 - 30 * row, line)
    canvas.save()
    return out.getvalue()


def register_of(notices: Iterable[UniqueNotice]) -> str:
    """The city's register as CSV: every third of them."""
    lines = ["保証契約番号,商品(保証区分),工事名,受注者名"]
    lines += [f"{one.number},前払金保証,{one.project},{one.contractor}" for one in notices if one.in_register]
    return "\n".join(lines) + "\n"
