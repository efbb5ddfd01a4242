"""A mailbox's credential, read at each login: a password or token from a file, or a token that a command prints.

Called by bot/intake/imap/watcher.py. The credential is never logged, kept, or put into an exception. Raises
CredentialError, an OSError.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

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
