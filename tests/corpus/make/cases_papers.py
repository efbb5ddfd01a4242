"""Cases: papers that come instead of a notice, beside it, or several notices at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mails
from case import Bench, Case, paper, rksj_paper, typed
from cases_images import joined, other_values
from cases_producers import as_notice
from drawn import draw_lines, draw_sheet
from mails import HELLO, file, many
from notices import Notice, Sheet

PAPERS = Path(__file__).resolve().parents[1] / "papers"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _instead()
    yield from _screens()
    yield from _insurers()
    yield from _beside()
    yield from _several()
    yield from _nothing()


def committed(name: str) -> bytes:
    """A paper of the paper corpus."""
    return (PAPERS / f"{name}.pdf").read_bytes()


def _instead() -> Iterator[Case]:
    rows = (
        ("certificate", "asked", "保証証書.pdf"),
        ("certificate-changed", "asked", "変更保証証書.pdf"),
        ("completion-mail", "asked", "発行完了のお知らせ.pdf"),
        ("claim", "person", "前払金請求書.pdf"),
        ("claim-drawn", "person", "前払金請求書.pdf"),
        ("works-contract", "person", "契約書.pdf"),
        ("cover-letter", "person", "送付状.pdf"),
    )
    for name, end, shown in rows:
        bench = Bench(f"instead-{name}")
        mail = bench.mail(many(mails.text(), file(committed(name), mails.word(shown, "utf-8"))))
        yield Case(bench.name, "instead/no notice", end, mail, register="absent", note=name)


def _screens() -> Iterator[Case]:
    bench = Bench("screen-net-desk", register="number")
    said = json.loads((PAPERS / "net-desk-screen.expected.json").read_text("utf-8"))
    found = tuple(as_notice(one) for one in said["notices"])
    mail = bench.mail(many(mails.text(), file(committed("net-desk-screen"), "screen.pdf")))
    yield Case(
        bench.name,
        "instead/screen",
        "person",
        mail,
        found,
        register="number",
        note="Net Desk's page with the key, printed",
    )
    bench = Bench("screen-d-sure")
    one = bench.notice()
    lines: list[tuple[float, float, str]] = [
        (60, 60, "保証確認サービス（D-Sure）　　ログイン中：見本市　契約課"),
        (60, 100, f"保証証書（{one.product}）"),
        (60, 130, f"保証契約番号　{one.number}"),
        (60, 155, f"保証契約者　{one.contractor}"),
        (60, 180, "保証金額（総額）　20,000,000円"),
        (60, 205, "保証期限　令和９年３月２５日"),
        (60, 230, f"工事名　{one.project_name}"),
        (60, 255, "請負金額（総額）　50,000,000円"),
        (60, 330, "当社は、前払金保証約款に基づき上記のとおり保証契約を締結し、その責に任じます。"),
    ]
    mail = bench.mail(many(mails.text(), file(draw_lines(lines), "D-Sure.pdf")))
    yield Case(
        bench.name, "instead/screen", "asked", mail, register="absent", note="D-Sure's page printed: no key on it"
    )


def _insurers() -> Iterator[Case]:
    bench = Bench("insurer-access")
    mail = bench.mail(many(mails.text(), file(committed("insurer-access"), "access.pdf")))
    yield Case(
        bench.name, "instead/insurer", "person", mail, register="absent", note="URL and password of an insurer, PDF"
    )
    bench = Bench("insurer-typed")
    words = (
        HELLO
        + "証券番号：ABC1234567\r\n閲覧用URL：https://kakunin.hoken.example.jp/view\r\n閲覧用パスワード：x7Kp29Qd\r\n"
    )
    yield Case(
        bench.name,
        "instead/insurer",
        "person",
        bench.mail(mails.text(words)),
        register="absent",
        note="the same, typed",
    )
    bench = Bench("insurer-security")
    lines: list[tuple[float, float, str]] = [
        (200, 80, "公共工事履行保証証券"),
        (60, 120, "証券番号　ABC1234567　　（PDF発行証券）"),
        (60, 150, f"債務者　{bench.notice().contractor}"),
        (60, 180, "保証金額　金５，０００，０００円"),
        (60, 210, "みのり損害保険株式会社"),
    ]
    mail = bench.mail(many(mails.text("PDF発行証券をお送りします。"), file(draw_lines(lines), "shoken.pdf")))
    yield Case(bench.name, "instead/insurer", "person", mail, register="absent", note="an insurer's security as PDF")
    bench = Bench("insurer-security-locked")
    locked = draw_sheet(Sheet((bench.notice(),), font="HeiseiMin-W3"), password="himitsu")
    mail = bench.mail(many(mails.text("PDF発行証券です。パスワードは別便でお送りします。"), file(locked, "shoken.pdf")))
    yield Case(
        bench.name, "instead/insurer", "asked", mail, register="absent", note="protected, the password comes apart"
    )


def _beside() -> Iterator[Case]:
    for name in ("claim", "works-contract", "certificate", "cover-letter"):
        for first in (False, True):
            bench = Bench(f"beside-{name}{'-first' if first else ''}")
            one = bench.notice()
            both = [file(committed(name), f"{name}.pdf"), file(paper(one), "n.pdf")]
            mail = bench.mail(many(mails.text(), *(both if first else reversed(both))))
            yield Case(bench.name, "beside/other papers", "read", mail, (one,), register=bench.register)
    bench = Bench("beside-in-one-file")
    one = bench.notice()
    content = joined(committed("cover-letter"), rksj_paper(one), committed("claim-drawn"))
    mail = bench.mail(many(mails.text(), file(content, "書類一式.pdf")))
    yield Case(bench.name, "beside/other papers", "read", mail, (one,), register=bench.register, note="one file")
    bench = Bench("beside-behind-12-pages")
    one = bench.notice()
    content = joined(*[committed("cover-letter")] * 12, paper(one))
    mail = bench.mail(many(mails.text(), file(content, "書類一式.pdf")))
    yield Case(bench.name, "beside/other papers", "read", mail, (one,), register=bench.register, note="page 13")
    bench = Bench("beside-behind-24-pages")
    one = bench.notice()
    content = joined(*[committed("cover-letter")] * 24, paper(one))
    mail = bench.mail(many(mails.text(), file(content, "書類一式.pdf")))
    note = "page 25, behind the limit of pages: not to be read, but never lost"
    yield Case(bench.name, "beside/behind the limit", "person", mail, (one,), register=bench.register, note=note)


def _several() -> Iterator[Case]:
    for name in ("three-files", "one-file", "one-page", "pdf-and-typed", "eleven-files"):
        bench = Bench(f"several-{name}")
        found, mail, end = _many(bench, name)
        yield Case(bench.name, "several/notices", end, mail, found, register=bench.register)
    bench = Bench("several-same-twice")
    one = bench.notice()
    mail = bench.mail(many(mails.text(), file(paper(one), "n.pdf"), file(rksj_paper(one), "n (1).pdf")))
    yield Case(bench.name, "several/same twice", "read", mail, (one,), register=bench.register)
    bench = Bench("several-same-typed")
    one = bench.notice()
    mail = bench.mail(many(mails.text(HELLO + typed(one)), file(paper(one), "n.pdf")))
    yield Case(bench.name, "several/same twice", "read", mail, (one,), register=bench.register, note="PDF and typed")
    for name in ("two-pdfs", "pdf-and-typed"):
        bench = Bench(f"two-keys-{name}", register="number")
        one = bench.notice()
        other = replace(one, auth_key=one.auth_key[::-1])
        parts = [mails.text(), file(paper(one), "1.pdf"), file(paper(other), "2.pdf")]
        if name == "pdf-and-typed":
            parts = [mails.text(HELLO + typed(other)), file(paper(one), "1.pdf")]
        mail = bench.mail(many(*parts))
        yield Case(bench.name, "several/two keys", "person", mail, (one, other), register="number",
                   note="two keys for one number: nobody may choose but a person")  # fmt: skip
    bench = Bench("two-keys-one-letter", register="number")
    one = bench.notice()
    other = other_values(one, "key")
    mail = bench.mail(many(mails.text(HELLO + typed(other)), file(paper(one), "1.pdf")))
    yield Case(bench.name, "several/two keys", "person", mail, (one, other), register="number", note="one letter apart")
    bench = Bench("register-other-key", register="other_key")
    one = bench.notice()
    mail = bench.mail(many(mails.text(), file(paper(one))))
    yield Case(bench.name, "several/register differs", "read", mail, (one,), register="other_key")


def _many(bench: Bench, name: str) -> tuple[tuple[Notice, ...], bytes, str]:
    found = tuple(bench.notice() for _ in range({"pdf-and-typed": 2, "eleven-files": 11, "one-page": 2}.get(name, 3)))
    end = "read"
    match name:
        case "one-file":
            mail = bench.mail(many(mails.text(), file(paper(*found, page_each=True))))
        case "one-page":
            mail = bench.mail(many(mails.text(), file(paper(*found, layout="gap", jv_note="none"))))
        case "pdf-and-typed":
            mail = bench.mail(many(mails.text(HELLO + typed(found[1])), file(paper(found[0]))))
        case _:
            end = "person" if len(found) > 10 else "read"
            mail = bench.mail(many(mails.text(), *(file(paper(one), f"{i}.pdf") for i, one in enumerate(found, 1))))
    return found, mail, end


def _nothing() -> Iterator[Case]:
    rows = {
        "forgotten": ("認証キーのお知らせを添付します。\r\n", "asked"),
        "question": ("認証キーのお知らせはどちらにお送りすればよいでしょうか。\r\n", "person"),
        "damaged-pdf": ("", "asked"),
        "empty-pdf": ("", "asked"),
        "number-only": ("保証契約番号：12345-678901\r\n認証キーは別途お送りします。\r\n", "person"),
    }
    for name, (words, end) in rows.items():
        bench = Bench(f"nothing-{name}")
        content = paper(bench.notice())
        broken = {"damaged-pdf": content[: len(content) // 3], "empty-pdf": b""}
        part = many(mails.text(), file(broken[name])) if name in broken else mails.text(HELLO + words)
        yield Case(bench.name, "instead/nothing", end, bench.mail(part), register="absent", note=name)
