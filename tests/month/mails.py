"""What came to the city's inbox in one month: 20 mails on each of 20 opening days, of every kind that contractors and machines send.

All invented, and the same in every run but for the bytes of locked files. `Work` is one guarantee; `mails_of(day)` is a day's mails;
`register_of(day)` is the city's file that day, if there is news. What a clerk knows besides what our mails tell him (the papers in
his hand, D-Sure) stands in `Work` too.
"""

from __future__ import annotations

import functools
import io
import random
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import pikepdf
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from bot.core.records.paper import PaperKind
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from tests.core.notice.kind_cases import TEXTS
from tests.faults.notices import drawn

INBOX = "hosho@city.example.jp"
TO_CONTRACTS, TO_WORKS = (
    "keiyaku-hosho@city.example.jp",
    "koji-hosho@city.example.jp",
)  # where contractors write to a desk
ENTERING = "sato@city.example.jp"
"""The clerk of 契約課 who enters what came by fax."""
MX = "mx.city.example.jp"
FIRST = date(2026, 11, 2)
DAYS = 20


def _opening_days() -> tuple[date, ...]:
    calendar, days, day = Calendar(), [], FIRST
    while len(days) <= DAYS:
        if calendar.is_open(day):
            days.append(day)
        day += timedelta(days=1)
    return tuple(days)


OPENING_DAYS = _opening_days()
"""November 2026 and the first of December, with two holidays; and the day after, on which the last work is done."""

ADVANCE, INTERIM, CONTRACT = "前払金保証", "中間前払金保証", "契約保証"


@dataclass(frozen=True, slots=True)
class Work:
    """One guarantee, and the firm behind it. `answer`: what the clerk answers to an alert about it, in the order of the letters.

    `in_dsure`: what he finds there. `is_known`: from the first day on the register has it. `registered_firm`, `registered_number`:
    where the register says something else.
    """

    n: int
    product: str = ADVANCE
    answers: tuple[str, ...] = ("承認",)
    in_dsure: str = "確認済"
    is_known: bool = True
    registered_firm: str = ""
    registered_number: str | None = None
    wants_mail: bool = False
    key: str = ""

    @property
    def number(self) -> str:
        return f"{20000 + self.n:05}-{(self.n * 7919) % 1000000:06}"

    @property
    def auth_key(self) -> str:
        return self.key or "".join(random.Random(self.n).choices(string.ascii_letters + string.digits, k=11)) + "7"

    @property
    def project(self) -> str:
        kinds = ("道路改良工事", "舗装補修工事", "橋梁補修工事", "公園整備工事", "校舎改修工事", "排水路築造工事")
        return f"第{self.n}号{kinds[self.n % len(kinds)]}"

    @property
    def firm(self) -> str:
        return f"見本{self.n}建設株式会社"

    @property
    def domain(self) -> str:
        return f"kensetsu{self.n}.example.jp"

    @property
    def sender(self) -> str:
        return f"tanto@{self.domain}"

    def lines(self) -> list[str]:
        """The notice's fields."""
        return [
            "電子保証にかかる「認証キー」のお知らせ",
            f"工事名　{self.project}",
            f"受注者名　{self.firm}",
            f"商品（保証区分）　{self.product}",
            f"保証契約番号　{self.number}",
            f"認証キー　{self.auth_key}",
        ]

    def row(self, *, revision: int = 0, state: str = "電子", amount: int = 4_000_000) -> str:
        """Its row of the register's file."""
        number = self.number if self.registered_number is None else self.registered_number
        first, last = FIRST - timedelta(days=20), FIRST + timedelta(days=180)
        wants = ("希望する", self.sender, f"{FIRST - timedelta(days=1)} 15:00") if self.wants_mail else ("", "", "")
        cells = (
            number,
            str(revision),
            self.product,
            self.project,
            self.registered_firm or self.firm,
            "10000000",
            str(amount),
            str(last + timedelta(days=30)),
            str(first),
            str(last),
            str(first),
            *wants,
            state,
        )
        return ",".join(cells)


TITLES = (
    "保証契約番号,変更番号,商品(保証区分),工事名,受注者名,請負金額,保証金額,保証期限,工期開始,工期終了,請負契約日,"
    "発行完了のお知らせ,メールアドレス,発行日時,状態"
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail at its time. `to`: the recipient in its envelope."""

    at: datetime
    sender: str
    content: bytes
    to: str = INBOX


# ---------------------------------------------------------------- the month's guarantees

_PRODUCTS = (ADVANCE, CONTRACT, INTERIM)
SERIES = 5  # the work whose guarantee is changed, and changed again, and cancelled
PER_DAY = 20


def work(day: int, place: int) -> Work:
    """The guarantee of a mail: by its day and its place in the day."""
    n = day * PER_DAY + place
    made = Work(n, _PRODUCTS[n % 3])
    match place:
        case 3:
            return replace(made, wants_mail=True)
        case 4:
            # seen in D-Sure, it is not always what the register says
            seen = ("確認済", "相違 保証金額が契約書と異なります", "確認済", "なし")[day % 4]
            return replace(made, in_dsure=seen)
        case 7:
            words = ("承認", "承認します。", "保留 保証会社に照会中", "承認してください", "承認していいですか")[day % 5]
            return replace(made, answers=(words, "承認"))
        case 8:
            refusals = ("差戻し 受注者名が契約書と異なります。", "差戻し 受注者名 契約書の商号でお願いします。")
            words = (refusals[day // 2 % 2], "承認")[day % 2]
            return replace(made, registered_firm=f"株式会社別人{n}組", answers=(words,))
        case 19 if day % 5 == 0:
            return replace(made, is_known=False, answers=())  # he waits for the register
        case 19 if day % 5 == 2:
            right = made.number[:-1] + str((int(made.number[-1]) + 1) % 10)
            return replace(made, registered_number=right, answers=(f"訂正 保証契約番号 {right}", "承認"))
        case 19 if day % 5 == 3:
            return replace(made, registered_number="", answers=("2番",))
    return made


def twin(one: Work) -> Work:
    """Another guarantee of the same work and firm, of the other desk."""
    return replace(one, n=one.n + 1000, product=CONTRACT if one.product != CONTRACT else ADVANCE)


def other_key(one: Work) -> Work:
    """The same guarantee with a key that is not its own."""
    return replace(one, key=one.auth_key[::-1])


@functools.cache
def by_number() -> dict[str, Work]:
    """Every guarantee that some notice of the month names."""
    works = [work(day, place) for day in range(DAYS) for place in range(PER_DAY)]
    works += [twin(work(day, 6)) for day in range(DAYS)]
    known = {one.number: one for one in works}
    return known | {one.registered_number: one for one in works if one.registered_number}


# ---------------------------------------------------------------- the register


def register_of(day: int) -> str:
    """The city's file of the day, "" = none. On the first day all that is known by then; later what is new."""
    rows: list[str] = []
    if day == 0:
        for one in (work(d, place) for d in range(DAYS) for place in _WITH_A_NOTICE):
            rows += [one.row()] if one.is_known else []
            if one.n % PER_DAY == 6:
                rows.append(twin(one).row())
            if one.registered_number == "":
                rows.append(replace(one, registered_firm=f"見本{one.n}建設").row())
    if day >= 2 and not (late := work(day - 2, 19)).is_known:
        rows.append(late.row())
    series = work(0, SERIES)
    if day == 6:
        rows.append(series.row(revision=1, amount=5_000_000))
    if day == 12:
        rows.append(series.row(revision=2, amount=5_500_000))
    if day == 17:
        rows.append(series.row(revision=2, amount=5_500_000, state="取消"))
    return "\n".join([TITLES, *rows]) + "\n" if rows else ""


_WITH_A_NOTICE = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 19)


# ---------------------------------------------------------------- papers

_CHARSETS = ("utf-8", "iso-2022-jp", "cp932")


def notice(one: Work) -> bytes:
    return drawn(one.lines())


def _paper(text: str) -> bytes:
    return drawn([line for line in text.splitlines() if line.strip()])


def claim(one: Work) -> bytes:
    return _paper(f"前払金請求書\n工事名 {one.project}\n請求金額 4,000,000円\n振込先 みのり銀行")


def _picture() -> bytes:
    """A page without a letter on it: a scan."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for row in range(12):
        canvas.rect(60, 200 + 40 * row, 400, 14, fill=1)
    canvas.save()
    return out.getvalue()


PASSWORD = "Toride-2026"


@functools.cache
def locked(one: Work) -> bytes:
    """The notice behind a password. Its bytes are others in each run, but the same within one."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(notice(one))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user=PASSWORD, owner=PASSWORD))
    return out.getvalue()


# ---------------------------------------------------------------- mails


def _mail(
    day: int,
    place: int,
    sender: str,
    subject: str,
    words: str,
    papers: Sequence[tuple[str, bytes]] = (),
    *,
    to: str = INBOX,
    **fields: str,
) -> Incoming:
    at = datetime.combine(OPENING_DAYS[day], time(8, 10), JAPAN) + timedelta(minutes=25 * place)
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2]
    mail["Authentication-Results"] = f"{MX}; dmarc=pass header.from={domain}"
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{day}.{place}@{domain}>"
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(words, charset=_CHARSETS[(day + place) % len(_CHARSETS)])
    for name, content in papers:
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return Incoming(at, sender, mail.as_bytes(), to)


_GREETING = "お世話になっております。\n電子保証の認証キーのお知らせをお送りします。\nよろしくお願いいたします。\n"
_NOTICE_NAME = "認証キーのお知らせ.pdf"


@functools.cache
def mails_of(day: int) -> tuple[Incoming, ...]:
    """The day's twenty mails, in the order of their times."""
    return tuple(_mails(day))


def _mails(day: int) -> Iterator[Incoming]:
    for place in range(PER_DAY):
        if place in _ORDINARY:
            yield _notice_mail(day, place)
        else:
            yield _other_mail(day, place)


_ORDINARY = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8})


def _notice_mail(day: int, place: int) -> Incoming:
    """A notice as contractors send them."""
    one, to = work(day, place), INBOX
    subject, papers, words = f"【電子保証】{one.project}", [(_NOTICE_NAME, notice(one))], _GREETING
    match place:
        case 2:
            to = TO_WORKS  # a 契約保証 among them is for the other desk
        case 1:
            papers = [*papers, ("請求書.pdf", claim(one))]
        case 6:
            papers = [("前払.pdf", notice(one)), ("契約.pdf", notice(twin(one)))]
        case 7:
            papers, words = [], f"{_GREETING}\n{typed(one)}"
    return _mail(day, place, one.sender, subject, words, papers, to=to)


def _other_mail(day: int, place: int) -> Incoming:
    """What comes besides: repeats, wrong papers, machines, questions, locked files."""
    one, first = work(day, place), work(day, 0)
    sender, subject, words, papers = one.sender, "認証キーのお知らせ", _GREETING, []
    match place:
        case 9:
            sender, subject = first.sender, f"再送：【電子保証】{first.project}"
            words = "先ほどお送りしたメールが届いていないようでしたので、再送いたします。\n"
            papers = [(_NOTICE_NAME, notice(first))]
        case 10:
            subject, words = "Fwd: 電子保証（認証キー）発行完了のお知らせ", TEXTS[PaperKind.COMPLETION_MAIL][1]
        case 11:
            papers = [("scan.pdf", _picture())]
        case 13:
            subject, words = "前払金請求書の提出", "前払金の請求書をお送りします。\n"
            papers = [("請求書.pdf", claim(one))]
        case 15:
            late = work(day, 10)
            sender, subject, papers = late.sender, "Re: 送付のお願い", [(_NOTICE_NAME, notice(late))]
        case 16:
            words = "お知らせをお送りします。パスワードは別メールでお送りします。\n"
            papers = [("お知らせ.pdf", locked(one))]
        case 17:
            sender, subject = work(day, 16).sender, "パスワードのお知らせ"
            words = f"先ほどお送りしたファイルのパスワードは次のとおりです。\nパスワード：{PASSWORD}\n"
        case 12 | 14:
            return _words_only(day, place, one)
        case 18:
            return _odd(day, place, one)
        case _:
            return _hard(day, place, one)
    return _mail(day, place, sender, subject, words, papers)


def _words_only(day: int, place: int, one: Work) -> Incoming:
    """What needs no paper: a clerk's own notice off a fax, a responder, a wish, a question."""
    if place == 12 and day % 5 == 2:
        return _mail(day, place, ENTERING, "手入力 FAX", _entered(one))
    if place == 12:
        words = "外出しております。戻り次第ご連絡いたします。\n"
        sender = work(day, 0).sender
        return _mail(day, place, sender, "自動応答: 受付のお知らせ", words, Auto_Submitted="auto-replied")
    if day % 5 == 3:
        return _mail(day, place, work(day, 3).sender, "配信停止", "配信停止\n")
    words = "現場説明会の会場を教えていただけますでしょうか。\n"
    return _mail(day, place, one.sender, f"お問い合わせ（{one.n}）", words)


def _hard(day: int, place: int, one: Work) -> Incoming:
    """The day's last mail: what the register knows otherwise, another key for a known number, a colleague's forwarded mail."""
    subject, papers = f"【電子保証】{one.project}", [(_NOTICE_NAME, notice(one))]
    if day % 5 == 1:
        known = work(0, SERIES) if day == 16 else work(day - 1, 0)
        return _mail(day, place, known.sender, subject, _GREETING, [(_NOTICE_NAME, notice(other_key(known)))])
    if day % 5 == 4:
        words = f"-----Original Message-----\nFrom: {one.sender}\n\n{_GREETING}\n"
        return _mail(day, place, "madoguchi@city.example.jp", f"FW: {subject}", words, papers)
    return _mail(day, place, one.sender, subject, _GREETING, papers)


def typed(one: Work) -> str:
    return "\n".join([one.lines()[0], *(line.replace("\u3000", "：", 1) for line in one.lines()[1:])]) + "\n"


def _entered(one: Work) -> str:
    """What a clerk writes off a fax."""
    return "\n".join(line.replace("\u3000", "：", 1) for line in one.lines()[1:]) + "\n"


def _odd(day: int, place: int, one: Work) -> Incoming:
    kinds = (
        None,
        PaperKind.CERTIFICATE,
        PaperKind.INSURER_SECURITY,
        PaperKind.BANK_GUARANTEE,
        PaperKind.VIEWING_SCREEN,
    )
    kind = kinds[day % len(kinds)]
    if kind is None:
        words = "建設業の皆様へ、今週の講習会のご案内です。\n"
        return _mail(day, place, "news@kyokai.example.jp", "講習会のご案内", words, List_Id="<news.kyokai.example.jp>")
    papers = [("書類.pdf", _paper(TEXTS[kind][1 if kind is PaperKind.INSURER_SECURITY else 0]))]
    return _mail(day, place, one.sender, "保証の書類の送付", "書類をお送りします。\n", papers)
