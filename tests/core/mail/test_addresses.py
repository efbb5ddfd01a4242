"""What an address field really holds, whom we may answer, and whose domain it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.addresses import is_free_mail, organizational_domain, parse_addresses, plain_addr_spec, plain_sender
from bot.core.mail.message import Address
from bot.core.mail.parse import parse_mail


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ken@example.jp", [("", "ken@example.jp")]),
        ("<ken@EXAMPLE.jp>", [("", "ken@example.jp")]),
        ("Ken Toride <Ken@example.jp>", [("Ken Toride", "Ken@example.jp")]),
        ('"Toride, Ken" <ken@example.jp>', [("Toride, Ken", "ken@example.jp")]),
        ('"a \\"b\\"" <ken@example.jp>', [("a b", "ken@example.jp")]),
        ("ken@example.jp (担当)", [("担当", "ken@example.jp")]),
        ("ken@example.jp (a (nested) b, c@d.jp)", [("a nested b, c@d.jp", "ken@example.jp")]),
        ("=?UTF-8?B?5Y+W5omLLOWkqumDjg==?= <t@example.jp>", [("取手,太郎", "t@example.jp")]),
        ('"=?UTF-8?B?5Y+W5omLLOWkqumDjg==?=" <t@example.jp>', [("取手,太郎", "t@example.jp")]),
        ("ken@example.jp <ken@example.jp>", [("ken@example.jp", "ken@example.jp")]),
        # what Japanese carriers issued
        ("<a..b.@docomo.ne.jp>", [("", "a..b.@docomo.ne.jp")]),
        ('"a..b."@docomo.ne.jp', [("", "a..b.@docomo.ne.jp")]),
        ('太郎 <".a--_."@ezweb.ne.jp>', [("太郎", ".a--_.@ezweb.ne.jp")]),
        # several
        ('"a" <u@h.jp>, v@x.jp', [("a", "u@h.jp"), ("", "v@x.jp")]),
        ("a@x.jp,, ,b@x.jp;c@x.jp", [("", "a@x.jp"), ("", "b@x.jp"), ("", "c@x.jp")]),
        ("G: a@x.jp, b@y.jp;, c@z.jp", [("", "a@x.jp"), ("", "b@y.jp"), ("", "c@z.jp")]),
        ("undisclosed-recipients:;", []),
        ("", []),
        # domains in other letters
        ("u@例え.jp", [("", "u@xn--r8jz45g.jp")]),
        # no plain address
        ("取手, 太郎 <t@example.jp>", [("取手", ""), ("太郎", "t@example.jp")]),
        ("victim@bank.jp <evil@x.jp>", [("victim@bank.jp", "")]),
        ("alice@example.org)bob@evil.jp", [("alice@example.org)bob@evil.jp", "")]),
        ("<a@b.jp><c@d.jp>", [("", "")]),
        ("<a@b.jp> c@d.jp", [("c@d.jp", "")]),
        ("<@relay.jp,@b.jp:u@h.jp>", [("", "")]),
        ("u(comment)@h.jp", [("u@h.jp", "")]),
        ("a@b@c.jp", [("a@b@c.jp", "")]),
        ("a b@c.jp", [("a b@c.jp", "")]),
        ("victim%bank.jp@relay.jp", [("victim%bank.jp@relay.jp", "")]),
        ("relay!victim@x.jp", [("relay!victim@x.jp", "")]),
        ("-oQ/tmp@x.jp", [("-oQ/tmp@x.jp", "")]),
        ("u@[192.0.2.1]", [("u@[192.0.2.1]", "")]),
        ("u@localhost", [("u@localhost", "")]),
        ("u@x.jp.", [("u@x.jp.", "")]),
        ("u@192.0.2.1", [("u@192.0.2.1", "")]),
        ("Ken <ken@example.jp", [("Ken", "")]),
        ('"Ken <ken@example.jp>', [('"Ken <ken@example.jp>', "")]),
        ("<>", [("", "")]),
        ("=?utf-8?q?=22x=40y=2Ejp=22?=", [('"x@y.jp"', "")]),
        ("é@example.jp", [("é@example.jp", "")]),
    ],
)
def test_mailboxes_of_a_field(value: str, found: list[tuple[str, str]]) -> None:
    assert [(one.display_name, one.addr_spec) for one in parse_addresses(value, 10)] == found


def test_no_more_than_the_limit_is_read() -> None:
    assert parse_addresses("a@x.jp, b@x.jp, c@x.jp", 2) == (Address("", "a@x.jp"), Address("", "b@x.jp"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ['"', "(", "<", ",", "a,", "a@", "\\", '"\\', "()", ":", "<>", "a (b) ", "=?a?q?", "<a@b.jp>"]
)
def test_hostile_fields_take_linear_time(piece: str) -> None:
    assert not [one for one in parse_addresses(piece * 20_000, 5) if one.addr_spec and piece != "<a@b.jp>"]


@given(st.text(alphabet='ab.@<>()",;:\\ 取=?\n', max_size=80))
def test_nothing_raises_and_an_addr_spec_is_always_plain(value: str) -> None:
    for address in parse_addresses(value, 10):
        assert address.addr_spec in {"", plain_addr_spec(address.addr_spec)}
        assert address.addr_spec.count("@") == (1 if address.addr_spec else 0)


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        ("From: Ken <ken@example.jp>", Address("Ken", "ken@example.jp")),
        ("from: ken@example.jp", Address("", "ken@example.jp")),
        ("", None),
        ("From:", None),
        ("From: a@x.jp\nFrom: a@x.jp", None),
        ("From: a@x.jp\nFrom:", None),
        ("From: a@x.jp, b@x.jp", None),
        ("From: G: a@x.jp;", None),
        ("From: a@x.jp <b@y.jp>", None),
        # a display name that is an address: the same one, or another one
        ('From: "ken@example.jp" <ken@example.jp>', Address("ken@example.jp", "ken@example.jp")),
        ('From: "Ken (KEN@Example.jp)" <ken@example.jp>', Address("Ken (KEN@Example.jp)", "ken@example.jp")),
        ('From: "Ken @ Example" <ken@example.jp>', Address("Ken @ Example", "ken@example.jp")),
        ('From: "mayor@city.example.jp" <evil@x.jp>', None),
        ('From: "mayor＠city.example.jp" <evil@x.jp>', None),
        ("From: =?UTF-8?B?bWF5b3JAY2l0eS5leGFtcGxlLmpw?= <evil@x.jp>", None),
        ('From: "evil@x.jp, mayor@city.example.jp" <evil@x.jp>', None),
        # domains that programs read differently
        ("From: ken@ｅｘａｍｐｌｅ.jp", None),
        ("From: ken@straße.example.jp", None),
        ("From: ken@例え.jp", Address("", "ken@xn--r8jz45g.jp")),
        ("From: Mailer", None),
        ("Sender: a@x.jp\nReply-To: b@x.jp", None),
    ],
)
def test_only_one_plain_mailbox_is_a_sender(fields: str, sender: Address | None) -> None:
    assert plain_sender(parse_mail(f"{fields}\n\n".encode()).mail) == sender


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("Mail.Kensetsu.Co.JP", "kensetsu.co.jp"),
        ("a.b.kensetsu.jp", "kensetsu.jp"),
        ("city.toride.ibaraki.jp", "city.toride.ibaraki.jp"),
        ("mail.city.toride.ibaraki.jp", "city.toride.ibaraki.jp"),
        ("co.jp", "co.jp"),
        ("example.com.", "example.com"),
        ("mail.xn--r8jz45g.jp", "xn--r8jz45g.jp"),
        ("mail.example.xn--55qx5d.cn", "example.xn--55qx5d.cn"),
        ("", ""),
        ("a b", "a b"),
    ],
)
def test_organizational_domains(domain: str, organization: str) -> None:
    assert organizational_domain(domain) == organization


@pytest.mark.parametrize(
    ("domain", "is_free"),
    [
        ("gmail.com", True),
        ("GMAIL.com", True),
        ("yahoo.co.jp", True),
        ("hotmail.co.jp", True),
        ("outlook.jp", True),
        ("docomo.ne.jp", True),
        ("i.softbank.jp", True),
        ("peach.ocn.ne.jp", True),
        ("sea.plala.or.jp", True),
        ("jcom.home.ne.jp", True),
        ("kensetsu.co.jp", False),
        ("mail.kensetsu.co.jp", False),
        ("notgmail.com", False),
        ("gmail.com.kensetsu.jp", False),
        ("toride-net.example.jp", True),
        ("", False),
    ],
)
def test_free_mail_domains(domain: str, is_free: bool) -> None:
    assert is_free_mail(domain, frozenset({"toride-net.example.jp"})) == is_free


@pytest.mark.parametrize(
    ("field", "addr_spec"),
    [
        ('"Name, X" <jimu @ firm . example> (comment)', "jimu@firm.example"),
        ("jimu @ firm . example (Name)", "jimu@firm.example"),
        ("Name < jimu\t@ firm.example >", "jimu@firm.example"),
        ("Taro jimu @ firm . example", None),
        ("taro jimu@firm.example", None),
        ("a @ b . example <c@d.example>", None),
    ],
)
def test_blanks_round_the_sign_and_the_dots_are_no_part_of_an_address(field: str, addr_spec: str | None) -> None:
    sender = plain_sender(parse_mail(f"From: {field}\n\n".encode()).mail)
    assert (sender.addr_spec if sender else None) == addr_spec
