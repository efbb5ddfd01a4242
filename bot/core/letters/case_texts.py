"""A case as a clerk's next answer needs it in a letter: what it says beside the register's values, what to look up in D-Sure.

Used by core/clerk/decide.py for its letters and by core/summary/summarise.py for the list of what waits for D-Sure. Keys stand here in words only.
Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bot.core.letters.to_desks import FieldLine, OpenCase
from bot.core.policy.policy import KeyDelivery
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import Version, name_in_series, notes_for_dsure, yen
from bot.core.records.incoming_mail import MailRow
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field, NoticeFields, Submission, SubmissionState, is_seen_anew
from bot.core.text.dates import wareki
from bot.core.text.normalise import clean, fold_contractor


def waiting_case(
    place: int,
    receipt_number: str,
    fields: NoticeFields,
    row: Guarantee | None,
    reasons: tuple[str, ...],
    candidates: tuple[Guarantee, ...],
) -> OpenCase:
    """One that waits for a person: why, the register's values, and the rows to choose from, numbered."""
    choices = (f"候補{number}: {_in_a_line(row)}" for number, row in enumerate(candidates, 1))
    notes = (*reasons, *choices)
    name = f"受付番号 {receipt_number}"
    return OpenCase(place, name, about(fields), SubmissionState.HELD.in_full, _read_lines(fields, row), notes)


def case_for_dsure(
    place: int, submission: Submission, row: Guarantee | None, delivery: KeyDelivery, versions: tuple[Version, ...] = ()
) -> OpenCase:
    """One that was accepted, and whose certificate a person must look at; `versions`: the row's, oldest first."""
    fields = submission.fields
    name = name_in_series(versions)
    certificate = (FieldLine("対象の証書", "", name),) if name else ()
    where = "別のメールでお送りします" if delivery is KeyDelivery.SEPARATE else "お知らせのPDFでご確認ください"
    key = f"{len(fields.auth_key.reveal())}文字（{where}）" if fields.auth_key else ""
    return OpenCase(
        place,
        f"受付番号 {submission.receipt_number}",
        about(fields),
        f"{name or '変更'}：D-Sureで改めて確認" if is_seen_anew(submission) else submission.state.in_full,
        (
            FieldLine("保証契約番号", fields.number, ""),
            *certificate,
            *(register_lines(row) if row is not None else ()),
        ),
        notes_for_dsure(row, versions),
        key,
    )


def _in_a_line(row: Guarantee) -> str:
    names = (row.number or "番号なし", row.project_name, row.firms, row.product.words)
    return f"{'／'.join(names)}（台帳{row.guarantee_id}）"


def mail_to_read(place: int, row: MailRow) -> OpenCase:
    """A mail that a person must read."""
    why = (row.reason.words,) if row.reason else ()
    return OpenCase(place, f"受付番号 {row.number}", about_mail(row), row.state.words, (), why)


def about_mail(row: MailRow) -> str:
    """What a mail is about, in one line."""
    return f"{row.sender or '（差出人不明）'}「{row.subject or '（件名なし）'}」"


def keys_to_show(accepted: Iterable[Submission], delivery: KeyDelivery) -> tuple[tuple[str, AuthKey], ...]:
    """The keys to look up in D-Sure, by receipt number, for a letter that lists them; none where the city wants none there."""
    return keys_of(accepted) if delivery is KeyDelivery.IN_LIST else ()


def keys_of(submissions: Iterable[Submission]) -> tuple[tuple[str, AuthKey], ...]:
    """The keys by receipt number, each once, in their order."""
    shown = {one.receipt_number: one.fields.auth_key for one in submissions}
    return tuple((receipt, key) for receipt, key in shown.items() if key is not None)


def about(fields: NoticeFields) -> str:
    """What a case is about, in one line: work, firm, product, number."""
    product = fields.product.words if fields.product else fields.product_as_written
    names = (fields.project_name, fields.contractor, product, fields.number_as_written)
    return "／".join(clean(name, 60) for name in names if name)


def _read_lines(fields: NoticeFields, row: Guarantee | None) -> tuple[FieldLine, ...]:
    shown = (
        (Field.PROJECT_NAME, fields.project_name, row.project_name if row else ""),
        (Field.CONTRACTOR, fields.contractor, row.contractor if row else ""),
        (Field.NUMBER, fields.number_as_written, row.number if row else ""),
    )
    return tuple(FieldLine(field.words, clean(read), registered) for field, read, registered in shown)


def differing_lines(fields: NoticeFields, row: Guarantee | None) -> tuple[FieldLine, ...]:
    """What the notice says otherwise than the register, which a person has accepted all the same."""

    def differs(line: FieldLine) -> bool:
        jv = row.jv_name if row is not None and line.label == Field.CONTRACTOR.words else ""
        known = map(fold_contractor, (line.registered, jv))
        return bool(line.read and line.registered) and fold_contractor(line.read) not in known

    return tuple(line for line in _read_lines(fields, row) if differs(line))


def register_lines(row: Guarantee) -> tuple[FieldLine, ...]:
    """The register's values as D-Sure shows them, those that it knows."""

    def day(at: date | None) -> str:
        return wareki(at) if at else ""

    works = "～".join(wareki(at) for at in (row.works_start_on, row.works_end_on) if at)
    values = (
        ("工事名", row.project_name),
        ("受注者名", row.firms),
        ("保証区分", row.product.words),
        ("請負金額", yen(row.contract_amount_yen)),
        ("保証金額", yen(row.guarantee_amount_yen)),
        ("保証期限", day(row.expires_on)),
        ("工期", works),
        ("請負契約日", day(row.contracted_on)),
    )
    return tuple(FieldLine(label, "", value) for label, value in values if value)
