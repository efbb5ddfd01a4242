"""Cases: mails within mails: forwards by offices and clerks, inline forwards, returned mails, answers by machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import mails
from case import Bench, Case, paper, rksj_paper, typed
from mails import HELLO, INBOX, Part, enclosed, file, many
from notices import Notice
from others import COMPLETION_TITLE

CLERK = "保証 花子 <hanako@city.example.jp>"
LINE = "-----Original Message-----"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _enclosed()
    yield from _inline()
    yield from _returned()
    yield from _automatic()
    yield from _completion()


def _inner(bench: Bench, part: Part, sender: str = "") -> bytes:
    letter = bench.letter("認証キー送付の件", message_id=f"<inner-{bench.seed}@mail.example.jp>".encode())
    return mails.mail(replace(letter, sender=(sender or bench.address).encode(), to=b"somu@kensetsu.example.jp"), part)


def _read(bench: Bench, mail: bytes, one: Notice, kind: str, end: str = "read", note: str = "") -> Case:
    return Case(bench.name, kind, end, mail, (one,), register=bench.register, note=note)


def _enclosed() -> Iterator[Case]:
    kind = "forwarded/as attachment"
    plain: Callable[[bytes], Part] = lambda content: many(mails.text(), file(content))  # noqa: E731
    shapes: dict[str, Callable[[Bench, bytes], bytes]] = {
        "office": lambda b, c: b.mail(many(mails.text("転送します。"), enclosed(_inner(b, plain(c)))), "Fw: 認証キー"),
        "alone": lambda b, c: b.mail(enclosed(_inner(b, plain(c))), "Fw: 認証キー"),
        "named-eml": lambda b, c: b.mail(
            many(mails.text("転送"), enclosed(_inner(b, plain(c)), mails.word("認証キー送付の件.eml", "utf-8"))), "Fwd:"
        ),
        "eml-as-octets": lambda b, c: b.mail(
            many(mails.text("転送"), file(_inner(b, plain(c)), "message.eml", "application/octet-stream")), "Fw: 認証キー"
        ),
        "in-base64": lambda b, c: b.mail(
            many(mails.text("転送"), Part(
                b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", mails.b64(_inner(b, plain(c)))
            )),
            "Fw: 認証キー",
        ),
        "twice": lambda b, c: b.mail(
            many(mails.text("転送"), enclosed(_inner(b, many(mails.text("転送"), enclosed(_inner(b, plain(c)))), "b@b.example.jp"))),
            "FW: FW: 認証キー",
        ),
        "digest": lambda b, c: b.mail(
            many(Part(b"", _inner(b, mails.text("先日の件です。"))), Part(b"", _inner(b, plain(c))), subtype="digest"), "転送"
        ),
        "typed": lambda b, c: b.mail(enclosed(_inner(b, mails.text(HELLO + c.decode()))), "Fw: 認証キー"),
    }  # fmt: skip
    for turn, (name, made) in enumerate(shapes.items()):
        bench = Bench(f"forward-{name}")
        one = bench.notice()
        content = typed(one).encode() if name == "typed" else (paper, rksj_paper)[turn % 2](one)
        yield _read(bench, made(bench, content), one, kind)
    for name in ("office", "twice"):
        bench = Bench(f"forward-clerk-{name}")
        one = bench.notice()
        inner = _inner(bench, plain(paper(one)))
        if name == "twice":
            inner = _inner(bench, many(mails.text("転送"), enclosed(inner)), "keiri@city.example.jp")
        mail = bench.mail(
            many(mails.text("業者から届きました。"), enclosed(inner)), "Fw: 認証キー", sender=CLERK.encode()
        )
        yield _read(bench, mail, one, kind, note="by a clerk")


_FORWARDS = {
    "original-message": (
        f"お世話になります。転送いたします。\r\n\r\n{LINE}\r\nFrom: 工事 太郎 <taro@kensetsu.example.jp>\r\n"
        "Sent: Wednesday, June 3, 2026 10:00 AM\r\nTo: 総務 <somu@kensetsu.example.jp>\r\nSubject: 認証キー送付の件\r\n\r\n"
    ),
    "japanese": (
        "下記のとおり転送します。\r\n\r\n-------- 転送されたメッセージ --------\r\n件名: 認証キー送付の件\r\n"
        "日時: 2026年6月3日 10:00\r\n差出人: 工事 太郎 <taro@kensetsu.example.jp>\r\n宛先: somu@kensetsu.example.jp\r\n\r\n"
    ),
    "gmail": (
        "---------- Forwarded message ---------\r\nFrom: 工事太郎 <taro@kensetsu.example.jp>\r\n"
        "Date: 2026年6月3日(水) 10:00\r\nSubject: 認証キー送付の件\r\nTo: <somu@kensetsu.example.jp>\r\n\r\n\r\n"
    ),
    "outlook-ja": (
        "差出人: 工事 太郎 <taro@kensetsu.example.jp>\r\n送信日時: 2026年6月3日水曜日 10:00\r\n"
        "宛先: 総務 <somu@kensetsu.example.jp>\r\n件名: 認証キー送付の件\r\n\r\n"
    ),
    "begin-forwarded": (
        "iPhoneから送信\r\n\r\nBegin forwarded message:\r\n\r\n> From: taro@kensetsu.example.jp\r\n> Subject: 認証キー\r\n>\r\n"
    ),
}


def _inline() -> Iterator[Case]:
    kind = "forwarded/inline"
    for turn, (name, head) in enumerate(_FORWARDS.items()):
        bench = Bench(f"inline-{name}")
        one = bench.notice()
        mail = bench.mail(
            many(mails.text(head + HELLO), file((paper, rksj_paper)[turn % 2](one))), "Fw: 認証キー送付の件"
        )
        yield _read(bench, mail, one, kind)
        bench = Bench(f"inline-{name}-typed")
        one = bench.notice()
        words = typed(one)
        if "> " in head:
            words = "".join(f"> {line}\r\n" for line in words.split("\r\n"))
        yield _read(bench, bench.mail(mails.text(head + words), "Fw: 認証キー送付の件"), one, kind, note="typed")
    bench = Bench("inline-clerk")
    one = bench.notice()
    mail = bench.mail(
        many(mails.text(_FORWARDS["outlook-ja"]), file(paper(one))), "FW: 認証キー", sender=CLERK.encode()
    )
    yield _read(bench, mail, one, kind, note="by a clerk")
    bench = Bench("inline-reply-quoting")
    one = bench.notice()
    quoted = "".join(f"> {line}\r\n" for line in (HELLO + typed(one)).split("\r\n"))
    words = "先ほどのメールの件、到着していますでしょうか。\r\n\r\n" + quoted
    yield _read(bench, bench.mail(mails.text(words), "Re: 認証キー送付の件"), one, kind, note="quotes its own mail")


def _report(status: str, original: bytes) -> Part:
    words = mails.text(
        "This is the mail system at host mx.example.jp.\r\n\r\nYour message could not be delivered.\r\n", "us-ascii"
    )
    fields = (
        "Reporting-MTA: dns; mx.example.jp\r\nArrival-Date: Wed, 3 Jun 2026 10:00:00 +0900\r\n\r\n"
        f"Final-Recipient: rfc822; someone@city.example.jp\r\nAction: failed\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
    ).encode()
    status_part = Part(b"Content-Type: message/delivery-status", fields)
    return many(words, status_part, enclosed(original), subtype="report", parameters=b"; report-type=delivery-status")


def _returned() -> Iterator[Case]:
    kind = "returned/bounce"
    daemon = b"Mail Delivery System <MAILER-DAEMON@mx.example.jp>"
    null = (b"Return-Path: <>",)
    for name, note in (("rfc3464", "RFC 3464, whole mail"), ("rfc3464-own", "our own letter came back")):
        bench = Bench(f"bounce-{name}")
        one = bench.notice()
        content = many(mails.text(), file(paper(one)))
        original = _inner(bench, content, INBOX if name.endswith("own") else "")
        mail = bench.mail(_report("5.1.1", original), b"Undelivered Mail Returned to Sender", sender=daemon,
                          more=(*null, b"Auto-Submitted: auto-replied"))  # fmt: skip
        yield _read(bench, mail, one, kind, "silent", note)
    bench = Bench("bounce-exim")
    one = bench.notice()
    words = (
        b"This message was created automatically by mail delivery software.\r\n\r\nA message that you sent could not be"
        b" delivered to one or more of its\r\nrecipients. This is a permanent error.\r\n\r\n  someone@city.example.jp\r\n"
        b"    Unrouteable address\r\n\r\n------ This is a copy of the message, including all the headers. ------\r\n\r\n"
    ) + _inner(bench, mails.text(HELLO + typed(one)))
    mail = bench.mail(
        Part(b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", words),
        b"Mail delivery failed: returning message to sender",
        sender=daemon,
        more=(b"Return-Path: <>", b"X-Failed-Recipients: someone@city.example.jp", b"Auto-Submitted: auto-replied"),
    )
    yield _read(bench, mail, one, kind, "silent", "exim's own form, the notice typed in the copy")
    bench = Bench("bounce-plain-attached")
    one = bench.notice()
    mail = bench.mail(
        many(mails.text("配信できませんでした。\r\n550 User unknown"), enclosed(_inner(bench, many(mails.text(), file(paper(one)))))),
        "配信エラー通知", sender=b"postmaster@mx.example.jp", more=null,
    )  # fmt: skip
    yield _read(
        bench, mail, one, kind, "person", "a server's report in a form of its own: no answer, but somebody may look"
    )
    for name, inner in (("attached", True), ("inline", False)):
        bench = Bench(f"returned-by-person-{name}")
        one = bench.notice()
        words = "見本町役場です。\r\n宛先違いのため返送します。御確認ください。\r\n\r\n"
        part = (
            many(mails.text(words), enclosed(_inner(bench, many(mails.text(), file(paper(one))))))
            if inner
            else many(mails.text(words + _FORWARDS["original-message"] + HELLO), file(paper(one)))
        )
        mail = bench.mail(part, "【返送】認証キー送付の件")
        yield _read(bench, mail, one, "returned/by a person", "person", "a person returns a mail that went astray")


def _automatic() -> Iterator[Case]:
    kind = "returned/automatic"
    shapes = {
        "rfc3834": ("自動応答: 認証キー", (b"Auto-Submitted: auto-replied",)),
        "x-autoreply": ("不在のお知らせ Re: 認証キー", (b"X-Autoreply: yes", b"Precedence: bulk")),
        "null-path": ("Re: 認証キー", (b"Return-Path: <>",)),
    }
    for name, (subject, more) in shapes.items():
        bench = Bench(f"automatic-{name}")
        one = bench.notice()
        quoted = "".join(f"> {line}\r\n" for line in typed(one).split("\r\n"))
        mail = bench.mail(mails.text(f"ただいま不在にしております。\r\n\r\n{quoted}"), subject, more=more)
        yield _read(bench, mail, one, kind, "silent", "an answering machine quotes a notice")
    bench = Bench("automatic-with-pdf")
    one = bench.notice()
    part = many(mails.text("受付しました。（自動返信）"), file(paper(one)))
    mail = bench.mail(part, "自動返信", more=(b"Auto-Submitted: auto-generated",))
    yield _read(bench, mail, one, kind, "person", "a machine sends a notice: a person looks, no letter")


def _completion() -> Iterator[Case]:
    kind = "completion mail/forwarded"
    words = (
        "お申込みいただきました下記の電子保証の発行が完了いたしました。\r\n\r\n工事名：{}\r\n商品：前払金保証\r\n\r\n"
        "ネットデスクにログインのうえ、「認証キー」をダウンロードし、発注者様にご提出ください。\r\n東日本建設業保証株式会社\r\n"
    )
    for name in ("inline", "attached", "gmail", "jis"):
        bench = Bench(f"completion-{name}")
        text = words.format(bench.notice().project_name)
        letter = bench.letter(COMPLETION_TITLE, sender=b"netdesk@hosho.example.jp", message_id=b"<c@hosho.example.jp>")
        match name:
            case "attached":
                part = many(mails.text("転送します。"), enclosed(mails.mail(letter, mails.text(text))))
            case "gmail":
                part = mails.text(_FORWARDS["gmail"].replace("認証キー送付の件", COMPLETION_TITLE) + text)
            case "jis":
                part = mails.text(_FORWARDS["japanese"].replace("認証キー送付の件", COMPLETION_TITLE) + text, how="7bit",
                                  charset="iso-2022-jp")  # fmt: skip
            case _:
                part = mails.text(_FORWARDS["original-message"].replace("認証キー送付の件", COMPLETION_TITLE) + text)
        yield Case(bench.name, kind, "asked", bench.mail(part, f"Fw: {COMPLETION_TITLE}"), register="absent")
    bench = Bench("own-letter-forwarded")
    ours = "お手数ですが、電子保証の「認証キー」のお知らせ（PDF）を添付して、このメールにご返信ください。\r\n"
    one = bench.notice()
    words_ = "ご依頼の件、添付します。\r\n\r\n" + "".join(f"> {line}\r\n" for line in ours.split("\r\n"))
    mail = bench.mail(many(mails.text(words_), file(paper(one))), "Re: 【お願い】認証キーのお知らせをお送りください")
    yield _read(bench, mail, one, "forwarded/our own letter", note="our letter quoted, the notice attached")
    bench = Bench("own-letter-attached")
    one = bench.notice()
    letter = bench.letter(
        "【お願い】認証キーのお知らせをお送りください", sender=INBOX.encode(), message_id=b"<x@city.example.jp>"
    )
    inner = mails.mail(replace(letter, more=(b"Auto-Submitted: auto-replied",)), mails.text(ours))
    mail = bench.mail(many(mails.text("この件です。"), enclosed(inner), file(rksj_paper(one))), "Fw: 【お願い】")
    yield _read(bench, mail, one, "forwarded/our own letter", note="our letter as attachment, the notice beside it")
