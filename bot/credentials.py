"""A mail server's credential, asked for at each login: what a file says, what a command prints, or a token of OAuth's client credentials.

Called by bot/intake/imap/watcher.py and bot/outbound/smtp_relay.py; made by bot/connecting.py. No credential is logged or put into an
exception. Raises CredentialError, an OSError.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from threading import Lock
from typing import Any, Protocol

from bot.core.text.lazy_pattern import LazyPattern

COMMAND_SECONDS = 30.0
"""How long the command may take. It asks the token's issuer over the network; the mailbox is not watched meanwhile."""


class Secret(Protocol):
    """A password that does not show in repr or logs; pydantic's SecretStr is one."""

    def get_secret_value(self) -> str:
        """The password in plain text."""


Credential = Callable[[], Awaitable[Secret]]
"""Called at each login: the file may have changed, and tokens live for an hour. Raises CredentialError."""


class CredentialError(OSError):
    """The password or token can't be read."""


def printed_by(command: Sequence[str], seal: Callable[[str], Secret], seconds: float = COMMAND_SECONDS) -> Credential:
    """The first line that `command` prints within `seconds`, wrapped by `seal`. The command runs without a shell."""

    async def credential() -> Secret:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except (OSError, ValueError) as error:
            raise CredentialError(f"the token's command can't be started ({type(error).__name__})") from None
        return seal(await _line_of(process, seconds))

    return credential


async def _line_of(process: asyncio.subprocess.Process, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        raise CredentialError(f"the token's command took longer than {seconds:.0f} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CredentialError(f"the token's command ended with {process.returncode}")
    line = output.decode("ascii", "replace").strip().partition("\n")[0].strip()
    if not line or "\ufffd" in line:
        raise CredentialError("the token's command printed no token")
    return line


ISSUER_SECONDS = 20.0
"""How long each answer of the token's issuer may take."""
FRESH_SECONDS = 240.0
"""So long a token is used again. A refused login is tried again after more than that: what was changed since is in a new token."""


class ClientCredentials:
    """A token for the application itself (RFC 6749 §4.4), by Microsoft's library. `authority`: the issuer's address and the tenant.

    `secret`: the application's, or its certificate with the private key (PEM), asked for at each token. The library is loaded at the
    first one.
    """

    def __init__(
        self,
        authority: str,
        client_id: str,
        secret: Credential,
        scope: str,
        seal: Callable[[str], Secret],
        *,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        self._authority = authority
        self._client_id = client_id
        self._secret = secret
        self._scope = scope
        self._seal = seal
        self._fresh_seconds = fresh_seconds
        self._lock = Lock()  # logins ask at the same time, each in a thread of its own
        self._application: Any = None
        self._made_with = ""
        self._since = 0.0

    async def __call__(self) -> Secret:
        """The token. Raises CredentialError."""
        secret = await self._secret()
        answer = await asyncio.to_thread(self._answer, secret.get_secret_value())
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            told = str(answer.get("error_description") or "").partition("\n")[0].strip()
            raise CredentialError(f"{self._authority} gave no token: {answer.get('error')} {told}".strip()[:_TOLD])
        return self._seal(token)

    def _answer(self, secret: str) -> dict[str, object]:
        try:
            with self._lock:
                return self._asked(secret)
        except Exception as error:  # noqa: BLE001 - the library raises its own, requests' and ValueError; the secret is in none
            told = str(error).replace(secret, "…")
            raise CredentialError(
                f"{self._authority} can't be asked for a token ({type(error).__name__}: {told})"[:_TOLD]
            ) from None

    def _asked(self, secret: str) -> dict[str, object]:
        if self._application is None or self._made_with != secret:
            import msal  # noqa: PLC0415 - an extra, and a second of loading

            self._application = msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=_certificate_in(secret) or secret,
                authority=self._authority,
                instance_discovery=False,
                timeout=ISSUER_SECONDS,
            )
            self._made_with = secret
        elif time.monotonic() - self._since > self._fresh_seconds:
            self._application.remove_tokens_for_client()
        answer: dict[str, object] = self._application.acquire_token_for_client(scopes=[self._scope])
        if answer.get("token_source") != "cache":
            self._since = time.monotonic()
        return answer


_TOLD = 400
_KEY = LazyPattern(r"-----BEGIN (?:RSA )?PRIVATE KEY-----[^-]+-----END (?:RSA )?PRIVATE KEY-----")
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def is_half_a_certificate(secret: str) -> bool:
    """Whether it is PEM, and lacks the certificate or its key."""
    return "-----BEGIN" in secret and _certificate_in(secret) is None


def _certificate_in(secret: str) -> dict[str, str] | None:
    """A certificate and its private key (RFC 7468) as the library takes them, to sign for the application (RFC 7523); None = no such pair."""
    key = _KEY.search(secret)
    return {"private_key": key[0], "public_certificate": secret} if key and _CERTIFICATE in secret else None
