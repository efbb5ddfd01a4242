"""`doctor` beside a real daemon: nothing is wrong, and a test mail goes by Postfix and comes back by our own door."""

from __future__ import annotations

import json

import pytest

from tests.whole.world import wait_until


@pytest.mark.postfix
def test_a_test_mail_goes_out_and_comes_back_and_nobody_gets_a_letter(daemon, postfix, relay):
    one = daemon(relay_port=postfix.smtp_port, mail="check_dns = false")
    postfix.deliver_to(one.smtp_port)
    told = json.loads(one.command("doctor", "--mail", "--json"))
    assert (told["ok"], [finding["kind"] for finding in told["findings"]]) == (True, ["key_copy_untold"])
    wait_until(lambda: one.rows("mail", "list")[0]["state"] != "received")
    [mail] = one.rows("mail", "list")
    assert (mail["state"], mail["no_reply"], one.rows("outbox", "list")) == ("ignored", "automatic", [])
    assert relay.is_quiet()
