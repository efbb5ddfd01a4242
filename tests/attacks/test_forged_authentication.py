"""Authentication-Results that are written, or grow, so that a sender seems proven who is not."""

from __future__ import annotations

import pytest

from bot.core.mail.authentication_results import SenderProof, judge_sender
from bot.core.mail.parse import parse_mail

OURS = "mx.city.example.jp"
PASS = "dmarc=pass header.from=kensetsu.example.jp"
DKIM = "dkim=pass header.d=kensetsu.example.jp"
PROVEN, FAILED, UNKNOWN = SenderProof.PROVEN, SenderProof.FAILED, SenderProof.UNKNOWN


def judge(*fields: str, authserv_id: str = OURS, sender: str = "taro@kensetsu.example.jp") -> SenderProof:
    """What follows from fields that our server wrote above its own Received."""
    head = "".join(f"Authentication-Results: {field}\r\n" for field in fields)
    received = f"Received: from x by {OURS}; Mon, 23 Nov 2026 00:30:00 +0900\r\n"
    return judge_sender(parse_mail(f"{head}{received}From: {sender}\r\n\r\nx".encode()).mail, authserv_id)


@pytest.mark.parametrize("count", [49, 50, 51, 200, 2000])
def test_a_fail_counts_behind_however_many_statements(count: int) -> None:
    many = "; ".join(f"dkim=neutral header.d=d{n}.example.net" for n in range(count))
    assert judge(f"{OURS}; {PASS}; {many}; dmarc=fail header.from=kensetsu.example.jp") == FAILED
    assert judge(f"{OURS}; {many}; {PASS}") == PROVEN


@pytest.mark.parametrize(
    ("results", "proof"),
    [
        # a quotation mark in a comment is a character
        (f'spf=none (a " b); {PASS}', PROVEN),
        (f'{PASS} (" ); dmarc=fail header.from=kensetsu.example.jp; x=y (")', FAILED),
        ('spf=none ("); dmarc=pass header.from=kensetsu.example.jp; spf=none (")', PROVEN),
        ('spf=none (") dmarc=pass header.from=kensetsu.example.jp (")', FAILED),
        (f"spf=none (a \\) {PASS}; b); iprev=pass", FAILED),
        (f"spf=none (a (b) {PASS}; c); iprev=pass", FAILED),
        # a pass must say for whom
        ("dmarc=pass", FAILED),
        ("dmarc=pass header.from=", UNKNOWN),
        ("dmarc=pass (header.from=kensetsu.example.jp)", FAILED),
        ("dmarc=pass action=none", FAILED),
        ("dmarc=pass header.d=kensetsu.example.jp", FAILED),
        (f"dmarc=pass; {PASS}", FAILED),
        (f"dmarc=pass; {DKIM}", PROVEN),
        # names of our own in a quotation, and a second name
        ('dmarc=pass header.from=other.example.net reason="header.from=kensetsu.example.jp"', FAILED),
        ("dmarc=pass header.from=kensetsu.example.jp header.from=other.example.net", FAILED),
        ('spf=pass smtp.mailfrom="x header.d=kensetsu.example.jp"@other.example.net', FAILED),
        ('spf=pass smtp.mailfrom="x@kensetsu.example.jp"@other.example.net', FAILED),
        ("spf=pass smtp.mailfrom=x@kensetsu.example.jp@other.example.net", FAILED),
        ("spf=pass smtp.mailfrom=<taro@kensetsu.example.jp>", PROVEN),
        # what can't be read to its end may be a fail
        (f"{PASS}; dmarc", UNKNOWN),
        (f"{PASS}; dmarc=", UNKNOWN),
        (f"{PASS}; =fail", UNKNOWN),
        (f"{PASS}; dmarc=fail junk", UNKNOWN),
        (f"{PASS}; dmarc = fail", FAILED),
        (f"{PASS}; DMARC/1=FAIL", FAILED),
        (f"{PASS}; dmarc (x) / 1 (y) = (z) fail", FAILED),
        (f"{PASS} )", UNKNOWN),
        (f"{PASS}; spf=none (", UNKNOWN),
        (f'{PASS}; spf=none "', UNKNOWN),
        ("dmarc=pass header (a) . (b) from = (c) kensetsu.example.jp", PROVEN),
        ("dmarc=pass header.from=kensetsu.example.jp.", PROVEN),
        # methods that prove nothing of From
        ("arc=pass header.from=kensetsu.example.jp", FAILED),
        ("x-dmarc=pass header.from=kensetsu.example.jp", FAILED),
        ("xdmarc=pass header.from=kensetsu.example.jp", FAILED),
        ("spf=none header.x=dmarc=pass", FAILED),
    ],
)
def test_a_statement_is_read_by_its_grammar(results: str, proof: SenderProof) -> None:
    assert judge(f"{OURS}; {results}") == proof


@pytest.mark.parametrize(
    ("fields", "proof"),
    [
        ([PASS, "dmarc=fail header.from=kensetsu.example.jp"], FAILED),
        (["dmarc=permerror", PASS], FAILED),
        ([PASS, "dmarc=none header.from=kensetsu.example.jp"], FAILED),
        ([PASS, "dmarc=none header.from=kensetsu.example.jp", DKIM], PROVEN),
        ([PASS, "dmarc=pass header.from=other.example.net"], FAILED),
        ([DKIM, "dkim=fail header.d=kensetsu.example.jp"], FAILED),
        ([DKIM, "dkim=fail header.d=other.example.net"], PROVEN),
        ([f"{DKIM}; dkim=fail header.d=kensetsu.example.jp"], PROVEN),  # one of two signatures
        (["spf=pass smtp.mailfrom=a@kensetsu.example.jp", "spf=fail smtp.mailfrom=a@kensetsu.example.jp"], FAILED),
        ([PASS, "spf=fail smtp.mailfrom=a@other.example.net"], PROVEN),
        ([PASS, "dkim=?"], UNKNOWN),
    ],
)
def test_fields_of_ours_that_contradict_each_other_prove_nothing(fields: list[str], proof: SenderProof) -> None:
    assert judge(*(f"{OURS}; {one}" for one in fields)) == proof
    assert judge(*(f"{OURS}; {one}" for one in reversed(fields))) == proof


@pytest.mark.parametrize(
    "told", [OURS, OURS.upper(), f"{OURS}.", f"{OURS} 1", f"{OURS}. 12", f'"{OURS}"', f"(a) {OURS} (b) 1 (c)"]
)
@pytest.mark.parametrize("configured", [OURS, f"{OURS}.", f" {OURS.title()} ", f"{OURS} 1"])
def test_our_server_is_known_however_it_is_written(told: str, configured: str) -> None:
    assert judge(f"{told}; {PASS}", authserv_id=configured) == PROVEN
    assert judge(f"{told}; dmarc=fail", f"{OURS}; {PASS}", authserv_id=configured) == FAILED


@pytest.mark.parametrize(
    "told", [f"{OURS}.evil.example", f"x.{OURS}", f"{OURS} x", f"{OURS} 1 1", f"{OURS}/1", f"evil.example ({OURS})"]
)
def test_no_other_server_is_ours(told: str) -> None:
    assert judge(f"{told}; {PASS}") != PROVEN


def test_a_fail_that_stands_far_behind_is_not_cut_away() -> None:
    many = "; ".join(f'dkim=fail reason="{"x" * 200}" header.d=d{n}.example.net' for n in range(400))
    assert judge(f"{OURS}; {PASS}; {many}; dmarc=fail header.from=kensetsu.example.jp") == FAILED


def test_an_encoded_word_is_no_part_of_an_address() -> None:
    assert judge(f"{OURS}; {PASS}", sender="=?us-ascii?q?taro?=@kensetsu.example.jp") == FAILED
