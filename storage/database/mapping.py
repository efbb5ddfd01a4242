"""Rows ↔ core values: which column holds which field.

Called by the use-case modules. Pure. Raises ValueError for a row with a value outside core's enums (written by a newer
program).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from bot.core.mail.own_head import own_head
from bot.core.mail.passwords import without_passwords
from bot.core.policy.masking import shown, without_keys
from bot.core.policy.policy import Formats
from bot.core.records.clerk_orders import CommandKind
from bot.core.records.envelope import Arrival, Envelope, ReceivedMail, Source, digest, identity
from bot.core.records.guarantee import CertificateValues, Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import OlderVersion, Seen, Version, VersionKind
from bot.core.records.incoming_mail import Correction, MailRow, MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow, OutboxState, OutgoingMail
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, NoReplyReason, OutboxReason, PaperReason, SubmissionReason
from bot.core.records.reply_token import Proposal, ProposedOrder, without_marks
from bot.core.records.send_counts import counted_name
from bot.core.records.submission import Field, NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.text.normalise import contractor_core, fold_contractor, fold_name, fold_works_number
from bot.core.verdict.send_limits import counted_domain
from storage.database import models
from storage.database.fields import json_text
from storage.errors import Unreadable
from storage.keys.vault import Vault


def mail_row(arrival: Arrival, now: datetime, sealed: bytes, vault: Vault) -> dict[str, Any]:
    """The columns of a new mail: received and due now, with the reason where the door could not take it whole; or ended."""
    envelope = arrival.envelope
    state, reason = MailState.RECEIVED, None
    if arrival.before_first_start:
        state, reason = MailState.IGNORED, MailReason.BEFORE_FIRST_START
    elif arrival.not_fetched:
        reason = MailReason.NOT_FETCHED
    elif arrival.too_large_bytes:
        reason = MailReason.TOO_LARGE
    return {
        "identity": identity(arrival.content),
        "digest": digest(arrival.content),
        "source": envelope.source.value,
        "peer": envelope.peer,
        "mail_from": envelope.mail_from,
        "rcpt_tos": envelope.rcpt_tos,
        "received_at": envelope.received_at,
        "size_bytes": arrival.too_large_bytes or len(arrival.content),
        "state": state.value,
        "reason": reason and reason.value,
        "no_reply": None if state is MailState.RECEIVED else NoReplyReason.NOT_READ.value,
        "next_attempt_at": now,
        "state_at": now,
        **(
            _UNREAD
            if state is MailState.RECEIVED and reason is None and envelope.mail_from
            else _listed_as(arrival.content, vault)
        ),
        "content": sealed,
    }


# The same columns as _listed_as: one INSERT takes rows of equal columns.
_UNREAD = MappingProxyType({"sender": "", "quoted": None})
# How much of the header block is parsed, because it happens at the door.
_LISTED_BYTES = 16 * 1024


def _listed_as(content: bytes, vault: Vault) -> dict[str, Any]:
    """Sender and subject, for lists, of a mail that is not read now; the sender also for the fair queue."""
    mail = own_head(content[:_LISTED_BYTES])
    sender = next((address.addr_spec for address in mail.from_ if address.addr_spec), "")
    return {
        "sender": sender,
        "quoted": _quoted(vault, subject=shown(without_passwords(without_marks(mail.subject)), Formats())),
    }


def envelope_of(row: models.MailRecord) -> Envelope:
    """A mail's envelope."""
    return Envelope(Source(row.source), row.mail_from, tuple(row.rcpt_tos), row.received_at, row.peer)


def received_mail(row: models.MailRecord, content: bytes) -> ReceivedMail:
    """A claimed mail."""
    lacks = MailReason(row.reason) if row.reason else None
    return ReceivedMail(row.id, envelope_of(row), content, row.digest, row.attempts, lacks=lacks)


def listed_mail(row: models.MailRecord, vault: Vault) -> MailRow:
    """A mail as lists show it; without its sender's words when they can't be unsealed."""
    words = _words_of(row.quoted, vault)
    names = words.get("papers", [""] * len(row.papers))
    return MailRow(
        mail_id=row.id,
        state=MailState(row.state),
        reason=MailReason(row.reason) if row.reason else None,
        envelope=envelope_of(row),
        sender=row.sender,
        subject=words.get("subject", ""),
        size_bytes=row.size_bytes,
        digest=row.digest,
        attempts=row.attempts,
        error=row.error,
        papers=tuple(_paper_of(name, paper) for name, paper in zip(names, row.papers, strict=True)),
        no_reply=NoReplyReason(row.no_reply) if row.no_reply else None,
        desk=row.desk,
    )


def ended_columns(subject: str, papers: tuple[Paper, ...], vault: Vault) -> dict[str, Any]:
    """The columns of what a mail says and brings: its subject and the names of its papers are sealed."""
    return {
        "quoted": _quoted(vault, subject=subject, papers=[paper.name for paper in papers]),
        "papers": [{"kind": p.kind.value, "reason": p.reason.value, "issuer": p.issuer} for p in papers],
    }


def _paper_of(name: str, column: dict[str, str]) -> Paper:
    return Paper(name, PaperKind(column["kind"]), PaperReason(column["reason"]), column["issuer"])


def _quoted(vault: Vault, **words: Any) -> str:
    """The column of texts that quote a sender: masked, and sealed in case a key stands in them all the same."""
    return _sealed(vault, without_keys(words, Formats()))


def _sealed(vault: Vault, words: dict[str, Any]) -> str:
    return vault.seal_text(json_text(words).encode())


def _words_of(column: str | None, vault: Vault) -> dict[str, Any]:
    """What `_sealed` sealed; nothing when it can't be unsealed."""
    try:
        words: dict[str, Any] = json.loads(vault.unseal_text(column)) if column else {}
    except Unreadable:
        return {}
    return words


_PLAIN_GUARANTEE_FIELDS = tuple(
    field.name
    for field in dataclass_fields(Guarantee)
    if field.name not in {"guarantee_id", "product", "state", "number", "auth_key"}
)


def guarantee_row(guarantee: Guarantee, vault: Vault) -> dict[str, Any]:
    """The columns of a guarantee without its id, the folded ones included."""
    return {
        **{name: getattr(guarantee, name) for name in _PLAIN_GUARANTEE_FIELDS},
        "product": guarantee.product.value,
        "state": guarantee.state.value,
        "number": guarantee.number or None,
        "auth_key": vault.seal(guarantee.auth_key),
        "project_fold": fold_name(guarantee.project_name),
        "contractor_fold": fold_contractor(guarantee.contractor),
        "contractor_core": contractor_core(guarantee.contractor),
        "jv_fold": fold_name(guarantee.jv_name),
        "works_fold": fold_works_number(guarantee.works_number),
    }


# The columns of a changed field, where they differ from the field's name.
GUARANTEE_COLUMNS = {
    "project_name": ("project_name", "project_fold"),
    "contractor": ("contractor", "contractor_fold", "contractor_core"),
    "jv_name": ("jv_name", "jv_fold"),
    "works_number": ("works_number", "works_fold"),
}


def guarantee_of(row: models.GuaranteeRecord, vault: Vault) -> Guarantee:
    """A row of the register."""
    return Guarantee(
        **{name: getattr(row, name) for name in _PLAIN_GUARANTEE_FIELDS},
        product=Product(row.product),
        state=GuaranteeState(row.state),
        number=row.number or "",
        auth_key=vault.unseal(row.auth_key),
        guarantee_id=row.id,
    )


def version_row(
    guarantee_id: int, version: OlderVersion, *, learnt_at: datetime, source: str, actor: str
) -> dict[str, Any]:
    """The columns of a new version."""
    return {
        "guarantee_id": guarantee_id,
        "revision": version.revision,
        "kind": version.kind.value,
        "is_on_paper": version.is_on_paper,
        **asdict(version.values),
        "learnt_at": learnt_at,
        "source": source,
        "actor": actor,
    }


def version_of(row: models.GuaranteeVersionRecord, place: int, seen: Sequence[models.GuaranteeSeenRecord]) -> Version:
    """A version with the clerks' looks at it. `place`: its running number."""
    return Version(
        place=place,
        revision=row.revision,
        kind=VersionKind(row.kind),
        is_on_paper=row.is_on_paper,
        values=CertificateValues.of(row),
        learnt_at=row.learnt_at,
        source=row.source,
        actor=row.actor,
        seen=tuple(Seen(one.at, one.actor, SubmissionReason(one.result), one.receipt_number, one.note) for one in seen),
    )


def submission_row(submission: Submission, mail_id: int, now: datetime, vault: Vault) -> dict[str, Any]:
    """The columns of a submission of this mail. `now`: its `state_at`."""
    fields = submission.fields
    return {
        "receipt_number": submission.receipt_number,
        "mail_id": mail_id,
        "state": submission.state.value,
        "state_at": now,
        "reasons": [reason.value for reason in submission.reasons],
        **_said(
            vault,
            fields,
            document_name=submission.document_name,
            evidence=submission.evidence,
            works_numbers=submission.works_numbers,
        ),
        "auth_key": vault.seal(fields.auth_key),
        "key_mark": vault.mark(fields.auth_key),
        "read_from": submission.read_from.value,
        "guarantee_id": submission.guarantee_id,
        "sender": submission.sender,
        "received_at": submission.received_at,
        "sender_proven": submission.sender_proven,
        "moved_from": "\n".join(submission.moved_from),
    }


def corrected_columns(correction: Correction, submission: Submission, vault: Vault) -> dict[str, Any]:
    """The columns of a submission that a clerk's correction changes; never the key's."""
    return {
        **_said(
            vault,
            correction.fields,
            document_name=submission.document_name,
            evidence=correction.evidence,
            works_numbers=submission.works_numbers,
        ),
        "reasons": [reason.value for reason in correction.reasons],
    }


_WORDS_OF_A_NOTICE = ("project_name", "contractor", "product_as_written", "number_as_written")


def _said(vault: Vault, fields: NoticeFields, **besides: Any) -> dict[str, Any]:
    """The columns of what a notice says, without its key."""
    return {
        "product": fields.product and fields.product.value,
        "number": fields.number,
        "quoted": _quoted(vault, **{name: getattr(fields, name) for name in _WORDS_OF_A_NOTICE}, **besides),
    }


def blank_notice(vault: Vault) -> str:
    """The column of what a notice says, when its words are gone."""
    return _quoted(vault, **dict.fromkeys(_WORDS_OF_A_NOTICE, ""), document_name="", evidence=[], works_numbers=[])


def submission_of(row: models.SubmissionRecord, vault: Vault) -> Submission:
    """A submission."""
    words = json.loads(vault.unseal_text(row.quoted))
    return Submission(
        receipt_number=row.receipt_number,
        state=SubmissionState(row.state),
        reasons=tuple(SubmissionReason(reason) for reason in row.reasons),
        fields=NoticeFields(
            **{name: words[name] for name in _WORDS_OF_A_NOTICE},
            product=Product(row.product) if row.product else None,
            number=row.number,
            auth_key=vault.unseal(row.auth_key),
        ),
        read_from=ReadFrom(row.read_from),
        document_name=words["document_name"],
        evidence=tuple(words["evidence"]),
        guarantee_id=row.guarantee_id,
        sender=row.sender,
        received_at=row.received_at,
        sender_proven=row.sender_proven,
        works_numbers=tuple(words["works_numbers"]),
        moved_from=tuple(row.moved_from.splitlines()),
    )


def outbox_row(mail: OutgoingMail, now: datetime, vault: Vault) -> dict[str, Any]:
    """The columns of a mail that is queued now."""
    return {
        "dedupe_key": mail.dedupe_key,
        "letter": mail.letter.value,
        "recipient": mail.recipient,
        "recipient_fold": fold_address(mail.recipient),
        "reverse_path": mail.reverse_path,
        "quoted": _sealed(vault, _words_of_letter(mail)),
        "message_id": mail.message_id,
        "submission": mail.submission,
        "guarantee_id": mail.guarantee_id,
        "state": OutboxState.QUEUED.value,
        "reason": OutboxReason.WAITING.value,
        "reply": "",
        "attempts": 0,
        "created_at": now,
        "queued_at": now,
        "next_attempt_at": mail.not_before or now,
        "counted_as": counted_name(mail.recipient, mail.share),
        "counted_domain": counted_domain(mail.recipient),
        "content": vault.seal_bytes(mail.content),
    }


def _words_of_letter(mail: OutgoingMail) -> dict[str, Any]:
    """What is sealed of a letter: its words, and what it asks about."""
    asked = mail.ticket.proposal if mail.ticket is not None else None
    words = {"subject": mail.subject, "text": mail.text, "is_secret": mail.is_secret}
    return words if asked is None else words | {"proposal": asdict(asked)}


def outgoing_of(row: models.OutboxRecord, vault: Vault) -> OutgoingMail:
    """The mail itself. Raises Unreadable."""
    return _outgoing(row, vault.unseal_bytes(row.content), vault)


def _outgoing(row: models.OutboxRecord, content: bytes, vault: Vault) -> OutgoingMail:
    words = _words_of(row.quoted, vault)
    return OutgoingMail(
        dedupe_key=row.dedupe_key,
        letter=Letter(row.letter),
        recipient=row.recipient,
        reverse_path=row.reverse_path,
        subject=words.get("subject", ""),
        text=words.get("text", ""),
        message_id=row.message_id,
        content=content,
        submission=row.submission,
        guarantee_id=row.guarantee_id,
        is_secret=words.get("is_secret", True),
    )


def words_of_letter(row: models.OutboxRecord, vault: Vault) -> tuple[str, Proposal | None]:
    """An outgoing mail's text and what it asks about; "" and None when it can't be unsealed, or was disposed of."""
    words = _words_of(row.quoted, vault)
    asked = words.get("proposal")
    return str(words.get("text", "")), None if asked is None else _proposal(asked)


def _proposal(asked: dict[str, Any]) -> Proposal:
    orders = (
        ProposedOrder(
            one["place"],
            CommandKind(one["verb"]),
            one["candidate"],
            one["words"],
            Field(one["field"]) if one["field"] is not None else None,
            one["standing"],
        )
        for one in asked["orders"]
    )
    return Proposal(asked["answer"], tuple(orders))


def listed_outgoing(row: models.OutboxRecord, vault: Vault) -> OutboxRow:
    """An outgoing mail as lists show it; without its words and bytes when they can't be unsealed."""
    try:
        mail = outgoing_of(row, vault)
    except Unreadable:
        mail = _outgoing(row, b"", vault)
    return OutboxRow(
        outbox_id=row.id,
        mail=mail,
        state=OutboxState(row.state),
        reason=OutboxReason(row.reason),
        reply=row.reply,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        done_at=row.done_at,
    )


def subject_of(row: models.MailRecord | models.OutboxRecord, vault: Vault) -> str:
    """A mail's subject; "" when it has none or it can't be unsealed."""
    return str(_words_of(row.quoted, vault).get("subject", ""))


def fold_address(address: str) -> str:
    """An address for comparison: stripped, lower case (no mail system in use has case-sensitive local parts)."""
    return address.strip().casefold()
