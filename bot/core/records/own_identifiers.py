"""How our own Message-IDs and reverse-paths look, so that what comes back is known.

Written by outbound/message.py; read by core/mail/trace_headers.py, core/mail/delivery_status.py and core/mail/auto_submitted.py. Values only; nothing is raised.
"""

from __future__ import annotations

TOKEN_CHARACTERS = 24
"""96 bits in hexadecimal: nobody guesses one by mailing, and the local part has room for 39 characters before it."""

TOKEN = rf"[+=_-][0-9a-f]{{{TOKEN_CHARACTERS}}}"
"""How the extension of a reverse-path of ours looks (VERP): a delimiter that mail systems use, and the token."""


MESSAGE_ID_PREFIX = "hosho-bot."
"""Every Message-ID of ours begins so; staff of the same domain have other ones, and theirs is not our own mail."""
