"""The form of our own Message-IDs and reverse-paths, by which a bounce report is matched with a letter.

Written by outbound/compose.py; read by core/mail/trace_headers.py, core/mail/delivery_status.py and
core/mail/automatic/screen.py. Values only; nothing is raised.

VERP (variable envelope return path) puts a token of the letter into its reverse-path, so that a bounce names the letter by
the address to which it is sent, whatever its text is. The token is made from a secret, so only the letter's recipient knows
it, and a stranger can't report a letter as undeliverable:

    bounces + 3f9a…c2 @ city.example.jp        MAIL FROM of one letter, RCPT TO of its bounce
    configured ^ token, 24 hexadecimal digits
               delimiter
"""

from __future__ import annotations

TOKEN_CHARACTERS = 24
"""96 bits in hexadecimal: not guessable by mailing, and the local part (64 octets) has room for 39 characters before it."""

TOKEN = rf"[+=_-][0-9a-f]{{{TOKEN_CHARACTERS}}}"
"""A regular expression for the extension of our reverse-paths: a delimiter that mail systems use, and the token."""


MESSAGE_ID_PREFIX = "hosho-bot."
"""The beginning of all our Message-IDs; it distinguishes our mail from that of staff at the same domain."""
