"""What is known about who sent a mail, and who entered a notice.

Made by core/verdict/known_mail.py, asked by whatever judges a notice. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.mail.message import Address


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """Who sent a mail."""

    address: Address | None  # the one plain address of From; None = none, or several
    is_proven: bool  # our MX proved it
    is_unproven: bool  # our MX looked and could not prove it; False where nobody looks
    is_automatic: bool  # a machine wrote the mail
    unknown_numbers: frozenset[str] = frozenset()  # those that he named today and that the register does not know
    is_clerk: bool = False  # a clerk has entered it

    @property
    def addr_spec(self) -> str:
        """The address itself; "" where there is no plain one."""
        return self.address.addr_spec if self.address is not None else ""
