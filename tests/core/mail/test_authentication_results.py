"""Who may be believed about a sender: only our own mail server, and only its topmost word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.authentication_results import SenderProof, judge_sender
from bot.core.mail.parse import parse_mail

OURS = "mx.city.example.jp"


def judge(*fields: str, sender: str = "From: taro@kensetsu.co.jp", authserv_id: str = OURS) -> SenderProof:
    lines = "".join(f"Authentication-Results: {field}\r\n" for field in fields)
    return judge_sender(parse_mail(f"{lines}{sender}\r\n\r\nbody".encode()).mail, authserv_id)


@pytest.mark.parametrize(
    ("results", "proof"),
    [
        ("dmarc=pass", SenderProof.FAILED),  # for whom, it does not say
        ("dmarc=pass; dkim=pass header.d=kensetsu.co.jp", SenderProof.PROVEN),
        ("dmarc=pass header.from=kensetsu.co.jp", SenderProof.PROVEN),
        ("dmarc=pass (p=none dis=none) header.from=mail.kensetsu.co.jp; spf=fail", SenderProof.PROVEN),
        ("DMARC = Pass Header.From = kensetsu.co.jp", SenderProof.PROVEN),
        ("dmarc/1=pass header.from=kensetsu.co.jp", SenderProof.PROVEN),
        ("dmarc=pass header.from=other.co.jp", SenderProof.FAILED),
        ("dmarc=fail; spf=pass smtp.mailfrom=kensetsu.co.jp", SenderProof.FAILED),
        ("dmarc=permerror; dkim=pass header.d=kensetsu.co.jp", SenderProof.FAILED),
        ("dmarc=pass; dmarc=fail", SenderProof.FAILED),
        ("dmarc=none; spf=pass smtp.mailfrom=taro@kensetsu.co.jp", SenderProof.PROVEN),
        ("dmarc=bestguesspass; spf=pass smtp.mailfrom=kensetsu.co.jp", SenderProof.PROVEN),
        ("spf=pass smtp.mailfrom=bounce@mail.kensetsu.co.jp", SenderProof.PROVEN),
        ('spf=pass smtp.mailfrom="a;b"@kensetsu.co.jp', SenderProof.PROVEN),
        ("spf=pass smtp.mailfrom=other.co.jp", SenderProof.FAILED),
        ("spf=pass smtp.mailfrom=kensetsu.co.jp.evil.jp", SenderProof.FAILED),
        ("spf=pass smtp.helo=kensetsu.co.jp", SenderProof.FAILED),
        ("spf=pass", SenderProof.FAILED),
        ("spf=softfail smtp.mailfrom=kensetsu.co.jp", SenderProof.FAILED),
        ("dkim=pass header.d=kensetsu.co.jp", SenderProof.PROVEN),
        ("dkim=pass header.i=@mail.kensetsu.co.jp header.s=s1", SenderProof.PROVEN),
        ("dkim=fail header.d=kensetsu.co.jp; dkim=pass header.d=kensetsu.co.jp", SenderProof.PROVEN),
        ("dkim=pass header.d=gmail.com", SenderProof.FAILED),
        ("dkim=pass header.d=co.jp", SenderProof.FAILED),
        ("dkim=pass header.d=other.jp header.i=@kensetsu.co.jp", SenderProof.FAILED),
        ('dkim=neutral reason="dmarc=pass" header.d=kensetsu.co.jp', SenderProof.FAILED),
        ("spf=none (dmarc=pass)", SenderProof.FAILED),
        ("spf=none (a (nested; dmarc=pass) b); iprev=pass", SenderProof.FAILED),
        ("auth=pass smtp.auth=taro", SenderProof.FAILED),
        ("x dmarc=pass", SenderProof.UNKNOWN),
        ("none", SenderProof.UNKNOWN),
        ("", SenderProof.UNKNOWN),
        ("spf=none (dmarc=pass; dkim=pass header.d=kensetsu.co.jp", SenderProof.UNKNOWN),
        ('spf=none reason="; dmarc=pass', SenderProof.UNKNOWN),
    ],
)
def test_what_our_server_says_is_judged(results: str, proof: SenderProof) -> None:
    assert judge(f"{OURS}; {results}") == proof


@pytest.mark.parametrize(
    "field",
    [
        f"{OURS}; dmarc=pass header.from=kensetsu.co.jp",
        f"{OURS.upper()} ; dmarc=pass header.from=kensetsu.co.jp",
        f"{OURS} 1; dmarc=pass header.from=kensetsu.co.jp",
        f"(us) {OURS} (v) 1 ;\r\n\tdmarc=pass header.from=kensetsu.co.jp",
        f'"{OURS}"; dmarc=pass header.from=kensetsu.co.jp',
    ],
)
def test_our_servers_name_is_recognised(field: str) -> None:
    assert judge(field) == SenderProof.PROVEN


@pytest.mark.parametrize(
    "field",
    [
        "mx.evil.jp; dmarc=pass",
        f"mx.evil.jp; {OURS}; dmarc=pass",
        f"{OURS}.evil.jp; dmarc=pass",
        f"x.{OURS}; dmarc=pass",
        f"{OURS} two; dmarc=pass",
        "dmarc=pass",
        f"(mx) evil ({OURS}); dmarc=pass",
    ],
)
def test_other_servers_are_not_believed(field: str) -> None:
    assert judge(field) == SenderProof.UNKNOWN


PASS = "dmarc=pass header.from=kensetsu.co.jp"


def test_only_the_topmost_of_our_fields_counts() -> None:
    assert judge(f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass") == SenderProof.FAILED
    assert judge("mx.evil.jp; dmarc=fail", f"{OURS}; {PASS}", f"{OURS}; dmarc=fail") == SenderProof.PROVEN
    assert judge(f"{OURS}; none", f"{OURS}; dmarc=pass") == SenderProof.UNKNOWN
    assert judge(f"{OURS}; spf=none (open", f"{OURS}; dmarc=pass") == SenderProof.UNKNOWN


RECEIVED = "Received: from mail.kensetsu.co.jp by mx.city.example.jp; Mon, 23 Nov 2026 00:30:00 +0900"
HOP = "Received: from mx.city.example.jp by store.city.example.jp; Mon, 23 Nov 2026 00:30:01 +0900"
FORGED_HOP = f"Received: from x by {OURS}; Mon, 23 Nov 2026 00:29:00 +0900"
SPF = f"Authentication-Results: {OURS}; spf=pass smtp.mailfrom=taro@kensetsu.co.jp"
SPF_FAIL = f"Authentication-Results: {OURS}; spf=softfail smtp.mailfrom=taro@kensetsu.co.jp"
DKIM = f"Authentication-Results: {OURS}; dkim=pass header.d=kensetsu.co.jp"
DKIM_NONE = f"Authentication-Results: {OURS}; dkim=none"
DKIM_OTHER = f"Authentication-Results: {OURS}; dkim=pass header.d=other.co.jp"
DMARC = f"Authentication-Results: {OURS}; dmarc=pass header.from=kensetsu.co.jp"
DMARC_NONE = f"Authentication-Results: {OURS}; dmarc=none header.from=kensetsu.co.jp"
DMARC_FAIL = f"Authentication-Results: {OURS}; dmarc=fail header.from=kensetsu.co.jp"
OTHERS = "Authentication-Results: mx.evil.jp; dmarc=pass header.from=kensetsu.co.jp"
OPEN = f"Authentication-Results: {OURS}; dkim=pass (open"
PROVEN, FAILED, UNKNOWN = SenderProof.PROVEN, SenderProof.FAILED, SenderProof.UNKNOWN


@pytest.mark.parametrize(
    ("hops", "fields", "proof"),
    [
        # our server's filters write a field each, above the server's Received
        (1, [DMARC, DKIM, SPF, RECEIVED], PROVEN),
        (1, [DMARC_NONE, DKIM, SPF_FAIL, RECEIVED], PROVEN),
        (1, [DMARC_NONE, DKIM_NONE, SPF, RECEIVED], PROVEN),
        (1, [SPF_FAIL, DKIM_OTHER, DMARC_NONE, RECEIVED], FAILED),
        (1, [DKIM, SPF, DMARC_FAIL, RECEIVED], FAILED),
        (1, [DMARC, DMARC_FAIL, RECEIVED], FAILED),
        (1, [OTHERS, DMARC_NONE, "X-Filter: a", DKIM, RECEIVED], PROVEN),
        (1, [DKIM, OPEN, RECEIVED], UNKNOWN),
        # what a sender wrote stands below our Received
        (1, [SPF_FAIL, RECEIVED, DKIM], FAILED),
        (1, [DKIM_NONE, DMARC_NONE, RECEIVED, DMARC, DKIM, SPF], FAILED),
        (1, [DMARC_FAIL, RECEIVED, DMARC, FORGED_HOP], FAILED),
        (1, [SPF_FAIL, RECEIVED, DKIM, FORGED_HOP, DMARC], FAILED),
        (1, [OTHERS, RECEIVED, OTHERS], UNKNOWN),
        (1, [OPEN, RECEIVED, DMARC], UNKNOWN),
        # a server that writes below its own Received: the topmost is its, the next may be the sender's
        (1, [RECEIVED, DMARC], PROVEN),
        (1, [RECEIVED, SPF_FAIL, DKIM], FAILED),
        (1, [RECEIVED, DMARC_NONE, DMARC, FORGED_HOP], FAILED),
        (2, [HOP, RECEIVED, SPF_FAIL, DKIM, FORGED_HOP], FAILED),
        # another server of ours behind the one that looks
        (1, [HOP, DMARC_NONE, DKIM, RECEIVED], FAILED),  # nobody said that there are two: only the topmost counts
        (2, [HOP, DMARC_NONE, DKIM, RECEIVED], PROVEN),
        (2, [HOP, DMARC_NONE, DKIM_NONE, RECEIVED, DKIM, FORGED_HOP], FAILED),
        (2, [DMARC_NONE, HOP, DKIM, RECEIVED], PROVEN),
        # fewer than expected: a mail that came another way
        (2, [DMARC_NONE, DKIM, RECEIVED], FAILED),
        (2, [RECEIVED], UNKNOWN),
        (1, [DMARC_NONE, DKIM], FAILED),
    ],
)
def test_only_what_no_sender_can_have_written_counts(hops: int, fields: list[str], proof: SenderProof) -> None:
    head = "".join(f"{field}\r\n" for field in fields)
    mail = parse_mail(f"{head}From: taro@kensetsu.co.jp\r\n\r\nbody".encode()).mail
    assert judge_sender(mail, OURS, hops) == proof


@pytest.mark.parametrize(
    "sender",
    [
        "From: taro@kensetsu.co.jp, jiro@other.co.jp",
        "From: taro@kensetsu.co.jp\r\nFrom: jiro@other.co.jp",
        "From: jiro@other.co.jp <taro@kensetsu.co.jp>",
        'From: "jiro@other.co.jp" <taro@kensetsu.co.jp>',
        "From: G: taro@kensetsu.co.jp;",
        "Sender: taro@kensetsu.co.jp",
    ],
)
def test_a_from_that_is_not_one_plain_mailbox_is_never_proven(sender: str) -> None:
    assert judge(f"{OURS}; dmarc=pass", sender=sender) == SenderProof.FAILED


def test_without_a_server_to_believe_nothing_is_asked() -> None:
    assert judge(f"{OURS}; dmarc=pass", authserv_id="") == SenderProof.NOT_ASKED


def test_without_any_field_nothing_is_known() -> None:
    assert judge() == SenderProof.UNKNOWN


@given(st.text(alphabet='dmarc=ps;()"\\ .@x/1', max_size=100))
def test_no_field_raises(field: str) -> None:
    assert judge(f"{OURS}; {field}") in set(SenderProof)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["(", ")", '"', ";", "a=", "a=b ", "\\", '"\\', "a/1", " = "])
def test_hostile_fields_take_linear_time(piece: str) -> None:
    assert judge(f"{OURS}; {piece * 100_000}") in {SenderProof.UNKNOWN, SenderProof.FAILED}
