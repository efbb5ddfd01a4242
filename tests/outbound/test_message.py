"""Header fields and bytes: addresses, threads, subjects."""

from __future__ import annotations

import email
from email import policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outbound.message import Attachment, Thread, mailbox, message, message_ids, plain_address, unstructured
from bot.outbound.text_layout import clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanto@mihon.example.jp", "tanto@mihon.example.jp"),
        ("a.b+c=d@example.jp", "a.b+c=d@example.jp"),
        ("tanto@見本.example.jp", "tanto@xn--8pvz87e.example.jp"),
        ("x@localhost", "x@localhost"),
        (".a..b.@docomo.ne.jp", ".a..b.@docomo.ne.jp"),
    ],
)
def test_one_plain_address_is_taken(text, expected):
    assert plain_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "@example.jp",
        "a@",
        "a@b@example.jp",
        "a@example.jp, b@example.jp",
        "a@example.jp;b@example.jp",
        "<a@example.jp>",
        "見本 <a@example.jp>",
        '"a b"@example.jp',
        "a@example.jp\r\nBcc: b@example.jp",
        "a@example.jp>\r\nRCPT TO:<b@example.jp",
        "a@example.jp\n",
        " a@example.jp",
        "担当@example.jp",
        "a@[127.0.0.1]",
        "a@-example.jp",
        "a@example..jp",
        "a@example.jp.",
        "@relay.example.jp:a@example.jp",
        "a@" + "見" * 80 + ".jp",
        "a" * 65 + "@example.jp",
        "a@" + ".".join(["b" * 60] * 5),
        "a\x00@example.jp",
        "a@exa mple.jp",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not one plain e-mail address"):
        plain_address(text)


@given(st.text(max_size=40))
def test_no_text_makes_an_address_with_anything_but_one_at(text):
    try:
        address = plain_address(text + "@example.jp")
    except ValueError:
        return
    assert address.isascii()
    assert address.isprintable()
    assert (address.count("@"), " " in address) == (1, False)


LONG_ID = f"<{'A' * 120}@{'b' * 60}.example.jp>"


@pytest.mark.parametrize(
    ("thread", "parent", "references"),
    [
        (Thread("<a@x>"), "<a@x>", ("<a@x>",)),
        (Thread("<c@x>", ("<a@x>", "<b@x>")), "<c@x>", ("<a@x>", "<b@x>", "<c@x>")),
        (Thread("<c@x>", (), "<b@x>"), "<c@x>", ("<b@x>", "<c@x>")),
        (Thread("<c@x>", (), "<a@x> <b@x>"), "<c@x>", ("<c@x>",)),
        (Thread("<c@x>", ("<c@x>", "<a@x>", "<a@x>")), "<c@x>", ("<a@x>", "<c@x>")),
        (Thread(LONG_ID, (LONG_ID.replace("A", "B"),)), LONG_ID, (LONG_ID.replace("A", "B"), LONG_ID)),
        (Thread("a@x"), "<a@x>", ("<a@x>",)),
        (Thread(""), "", ()),
        (Thread("<a b@x>", ("<c@x>",)), "", ()),
        (Thread("<a@x>\r\nBcc: <b@x>"), "<a@x>", ("<a@x>",)),
        (Thread(f"<{'a' * 1000}@x>"), "", ()),
        (Thread("<日本@x>"), "", ()),
    ],
)
def test_a_thread_is_continued_by_whole_ids(thread, parent, references):
    assert (thread.parent, thread.references) == (parent, references)


def test_a_very_long_thread_keeps_its_first_and_its_newest_ids():
    thread = Thread("<100@x>", tuple(f"<{number}@x>" for number in range(100)))
    assert thread.references == ("<0@x>", *(f"<{number}@x>" for number in range(82, 101)))


def test_a_thread_of_very_long_ids_stays_a_short_header():
    ids = tuple(f"<{number}{'x' * 700}@x>" for number in range(9))
    assert Thread("<parent@x>", ids).references == (ids[0], *ids[5:], "<parent@x>")
    huge = f"<{'y' * 895}@x>"
    assert sum(map(len, Thread(huge, tuple(huge.replace("y", c) for c in "abcdef")).references)) <= 4000


@given(
    st.lists(st.one_of(st.text(max_size=50), st.from_regex(r"<[!-~]{1,950}>", fullmatch=True)), max_size=40),
    st.text(max_size=40),
)
def test_no_id_of_anybodys_makes_a_new_header_or_a_line_that_is_too_long(ids, in_reply_to):
    thread = Thread(ids[0] if ids else "", tuple(ids[1:]), in_reply_to)
    field = message_ids("References", thread.references)
    assert field.isascii()
    assert max(map(len, field.split("\r\n"))) <= 998
    assert len(field) < 5100
    assert len(thread.references) <= 20
    assert all(line.startswith(" <") and line.endswith(">") for line in field.split("\r\n")[1:])
    assert email.message_from_string(f"{field}\r\n\r\n").keys() == ["References"]


def test_ids_are_folded_between_and_never_encoded():
    assert message_ids("References", (LONG_ID, "<a@x>")) == f"References: {LONG_ID}\r\n <a@x>"


def parsed(*lines: str) -> email.message.EmailMessage:
    return email.message_from_bytes(message(lines, "本文\n.\n"), policy=policy.default)


@given(st.text(max_size=80))
def test_every_subject_is_read_as_it_was_written(text):
    subject = clean(text, 60)
    field = unstructured("Subject", subject)
    assert field.isascii()
    assert max(map(len, field.split("\r\n"))) <= 78
    assert email.header.make_header(email.header.decode_header(field.partition(": ")[2])) == subject


@pytest.mark.parametrize("subject", ["=?utf-8?q?x?=", "a  b　　c漢 =?utf-8?q?x?= d", "plain", "【受付】㈱髙﨑①"])
def test_a_subject_that_looks_encoded_stays_what_it_is(subject):
    assert parsed(unstructured("Subject", subject))["Subject"] == subject


@pytest.mark.parametrize("name", ["取手市 電子保証受付システム", 'A "B", <c@d.example.jp>', "x; y: z"])
def test_a_display_name_never_becomes_an_address(name):
    addresses = parsed(mailbox("From", name, "a@example.jp"))["From"].addresses
    assert [(one.display_name, one.addr_spec) for one in addresses] == [(name, "a@example.jp")]


def test_the_body_is_seven_bit_with_crlf_and_without_a_line_that_is_a_dot():
    content = message(["Subject: x"], "一行\n.\n" + "あ" * 5000 + "\n")
    assert content.isascii()
    assert content.replace(b"\r\n", b"").count(b"\n") == content.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert not any(line.startswith(b".") for line in content.split(b"\r\n"))
    assert (
        email.message_from_bytes(content, policy=policy.default).get_content() == "一行\r\n.\r\n" + "あ" * 5000 + "\r\n"
    )


def test_files_go_beside_the_text_and_come_out_as_they_were():
    content = bytes(range(256)) * 40
    made = message(["Subject: x"], "本文です。\n", [Attachment("notice-1.png", "image/png", content)])
    read = email.message_from_bytes(made, policy=policy.default)
    text, file = read.iter_parts()
    assert (read.get_content_type(), text.get_content()) == ("multipart/mixed", "本文です。\r\n")
    assert (file.get_content_type(), file.get_filename(), file.get_content()) == ("image/png", "notice-1.png", content)
    assert max(map(len, made.split(b"\r\n"))) <= 998
    assert read.defects == []


def test_the_same_text_and_files_are_the_same_bytes():
    attachments = [Attachment("a.png", "image/png", b"x"), Attachment("b.png", "image/png", b"y")]
    assert message([], "t", attachments) == message([], "t", attachments)
    assert message([], "t", attachments) != message([], "u", attachments)
