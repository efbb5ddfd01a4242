"""What a mailbox's login needs, asked for at each login: a password or token from a file, or a token that a command prints.

Made by bot/app.py for bot/intake/imap/watcher.py. Nothing of it is logged, kept, or put into an exception. Raises CredentialError,
an OSError.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

COMMAND_SECONDS = 30.0
"""A command that asks a token's issuer over the network; longer, and the mailbox would stand still for it."""


class Secret(Protocol):
    """A password that does not show itself; pydantic's SecretStr is one."""

    def get_secret_value(self) -> str:
        """The letters."""


Credential = Callable[[], Awaitable[Secret]]
"""Asked at each login: what lies in the file may have changed, and tokens live for an hour. Raises CredentialError."""


class CredentialError(OSError):
    """There is no password or token to be had."""


def printed_by(command: Sequence[str], seal: Callable[[str], Secret], seconds: float = COMMAND_SECONDS) -> Credential:
    """The first line that a command prints; no shell is asked. `seal` wraps it; `seconds`: how long it may take."""

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
