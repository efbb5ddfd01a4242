"""What is kept of one address, for `personal-data export`. `Store.personal_data`; raises StoreError."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database.mapping import fold_address
from storage.use_cases.base import UseCases, use_case


@dataclass(frozen=True, slots=True)
class Found:
    """Where an address stands, by the rows' own names."""

    mails: tuple[int, ...]
    receipt_numbers: tuple[str, ...]
    letters: tuple[int, ...]
    guarantees: tuple[int, ...]
    withheld: tuple[str, ...]  # the letters that a limit withheld


class PersonalData(UseCases):
    """What is kept of one person."""

    @use_case
    async def of_address(self, address: str) -> Found:
        """The rows that name the address as sender, recipient or the register's own."""
        database, known = self._database, fold_address(address)
        mails = await database.rows(
            "SELECT id FROM mail WHERE lower(sender) = ? OR lower(mail_from) = ? ORDER BY id", [known, known]
        )
        cases = await database.rows(
            "SELECT receipt_number FROM submission WHERE lower(sender) = ? ORDER BY id", [known]
        )
        letters = await database.rows("SELECT id FROM outbox WHERE recipient_fold = ? ORDER BY id", [known])
        rows = await database.rows("SELECT id FROM guarantee WHERE lower(email) = ? ORDER BY id", [known])
        withheld = await database.rows("SELECT letter FROM withheld WHERE lower(about) = ? ORDER BY id", [known])
        return Found(
            tuple(row["id"] for row in mails),
            tuple(row["receipt_number"] for row in cases),
            tuple(row["id"] for row in letters),
            tuple(row["id"] for row in rows),
            tuple(row["letter"] for row in withheld),
        )
