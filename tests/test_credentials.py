"""A token of OAuth's client credentials, from an issuer on loopback: asked for when it is needed, and never with a secret in its errors."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from bot.config.settings import ConfigError, check
from bot.connecting import credential_of
from bot.credentials import ClientCredentials, CredentialError
from tests.peers import self_signed

pytestmark = pytest.mark.process  # openssl makes the certificate

SCOPE = "https://outlook.office365.com/.default"


class Issuer(ThreadingHTTPServer):
    """Says where it gives tokens, and gives them by its script: (status, answer), the last one for ever."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked: list[dict[str, list[str]]] = []
        self.script: list[tuple[int, object]] = []

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us hangs up; that is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        here = f"{self.server.address}/tenant"
        self._say(
            200, {"issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token"}
        )

    def do_POST(self) -> None:
        self.server.asked.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
        self._say(*(self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]))

    def _say(self, status: int, answer: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def issuer(certificate, monkeypatch) -> Iterator[Issuer]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with Issuer(certificate) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def token(name: str, seconds: int = 3600) -> tuple[int, object]:
    return 200, {"access_token": name, "expires_in": seconds, "token_type": "Bearer"}


def credentials(authority: str, secrets: list[str], **options: float) -> ClientCredentials:
    async def secret() -> SecretStr:
        return SecretStr(secrets.pop(0) if len(secrets) > 1 else secrets[0])

    return ClientCredentials(f"{authority}/tenant", "an-app", secret, SCOPE, SecretStr, **options)


async def test_a_token_is_asked_for_with_the_applications_secret_and_used_again(issuer):
    issuer.script = [token("one"), token("two")]
    credential = credentials(issuer.address, ["canary"])
    assert [(await credential()).get_secret_value() for _ in range(2)] == ["one", "one"]
    (asked,) = issuer.asked
    expected = {
        "grant_type": ["client_credentials"],
        "client_id": ["an-app"],
        "client_secret": ["canary"],
        "scope": [SCOPE],
    }
    assert {name: asked[name] for name in expected} == expected


async def test_a_token_that_is_not_fresh_any_more_is_asked_for_anew(issuer):
    issuer.script = [token("one"), token("two")]
    credential = credentials(issuer.address, ["canary"], fresh_seconds=0.0)
    assert [(await credential()).get_secret_value() for _ in range(2)] == ["one", "two"]


async def test_a_secret_that_was_changed_is_used_at_once(issuer):
    issuer.script = [token("one"), token("two")]
    credential = credentials(issuer.address, ["old", "new"])
    assert [(await credential()).get_secret_value() for _ in range(2)] == ["one", "two"]
    assert [asked["client_secret"] for asked in issuer.asked] == [["old"], ["new"]]


async def test_a_certificate_signs_for_the_application(issuer, certificate):
    issuer.script = [token("one")]
    pair = "".join(path.read_text() for path in certificate)
    assert (await credentials(issuer.address, [pair])()).get_secret_value() == "one"
    (asked,) = issuer.asked
    assert asked["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    header, claims, _ = (asked["client_assertion"][0] + ".").split(".")[:3]
    told = [json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims)]
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate[0].read_text())).digest()
    assert urlsafe_b64decode(told[0]["x5t#S256"] + "=") == fingerprint
    assert (told[1]["iss"], told[1]["aud"]) == ("an-app", f"{issuer.address}/tenant/token")
    assert "client_secret" not in asked
    assert "PRIVATE" not in str(issuer.asked)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            (
                401,
                {"error": "invalid_client", "error_description": "AADSTS7000222: The secret is expired.\nTrace ID: 1"},
            ),
            "invalid_client AADSTS7000222: The secret is expired.",
        ),
        ((400, {"error": "unauthorized_client"}), "unauthorized_client"),
        ((200, {}), "gave no token"),
        ((200, ["no object"]), "gave no token|can't be asked"),
        ((503, {}), "gave no token|can't be asked"),
    ],
)
async def test_an_issuer_that_gives_no_token_is_told_without_the_secret(issuer, answer, words):
    issuer.script = [answer]
    with pytest.raises(CredentialError, match=words) as caught:
        await credentials(issuer.address, ["canary"])()
    assert "canary" not in str(caught.value)
    assert "Trace" not in str(caught.value)


async def test_an_issuer_that_nobody_vouches_for_is_told_no_secret(issuer, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(CredentialError, match="can't be asked"):
        await credentials(issuer.address, ["canary"])()
    assert issuer.asked == []


async def test_the_settings_name_the_issuer_and_the_application(issuer, tmp_path):
    issuer.script = [token("one")]
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text("canary\n")
    login = {"host": "mail.example.jp", "user": "hosho", "auth": "xoauth2"}
    oauth = {"tenant": "tenant", "client_id": "an-app", "secret_file": "secret", "authority": issuer.address}
    config = check(
        {
            "office": {"city": "見本市"},
            "mail": {"inboxes": ["hosho@city.example.jp"]},
            "desks": [{"name": "契約課", "address": "keiyaku@city.example.jp"}],
            "imap": {"enabled": True, **login},
            "outgoing": {"method": "smtp", **login},
            "oauth": oauth,
        },
        tmp_path,
    )
    for section in (config.imap, config.outgoing):
        assert (await credential_of(config, section)()).get_secret_value() == "one"
    assert [asked["client_secret"] for asked in issuer.asked] == [["canary"]] * 2


def test_a_certificate_without_its_key_is_told_at_the_start(certificate, tmp_path):
    file = tmp_path / "pem"
    file.touch(0o600)
    file.write_text(certificate[0].read_text())
    config = check(
        {
            "office": {"city": "見本市"},
            "mail": {"inboxes": ["hosho@city.example.jp"]},
            "desks": [{"name": "契約課", "address": "keiyaku@city.example.jp"}],
            "imap": {"enabled": True, "host": "mail.example.jp", "user": "hosho", "auth": "xoauth2"},
            "oauth": {"tenant": "tenant", "client_id": "an-app", "secret_file": "pem"},
        },
        tmp_path,
    )
    with pytest.raises(ConfigError, match=r"oauth\.secret_file: 証明書か秘密鍵"):
        credential_of(config, config.imap)
