"""From the settings' file to the mailbox that is watched: where its secret comes from."""

from __future__ import annotations

import pytest

from bot.config.settings import check
from bot.credentials import CredentialError
from bot.wiring import imap_settings_of


async def test_a_file_is_read_anew_and_not_when_others_may_read_it(tmp_path):
    file = tmp_path / "token"
    file.write_text("one\n")
    file.chmod(0o600)
    config = check(
        {
            "office": {"city": "見本市"},
            "mail": {"inboxes": ["hosho@city.example.jp"]},
            "desks": [{"name": "契約課", "address": "keiyaku@city.example.jp"}],
            "imap": {
                "enabled": True,
                "host": "imap.example.jp",
                "user": "hosho",
                "auth": "xoauth2",
                "password_file": str(file),
            },
        },
        tmp_path,
    )
    credential = imap_settings_of(config).credential
    assert (await credential()).get_secret_value() == "one"
    file.write_text("two\n")
    assert (await credential()).get_secret_value() == "two"
    file.chmod(0o644)
    with pytest.raises(CredentialError, match="chmod 600"):
        await credential()
