"""Core values as the rows that commands show: plain dictionaries, keys masked unless asked for. Pure."""

from __future__ import annotations

import json

from bot.core.records.guarantee import Guarantee, GuaranteeState
from bot.core.records.guarantee_version import Version, seen_words, version_name
from bot.core.records.incoming_mail import MailboxMemory, MailRow, MailState
from bot.core.records.outgoing_mail import OutboxRow, OutboxState
from bot.core.records.paper import Paper
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Submission, SubmissionState

JsonRow = dict[str, object]


_STATES_OF: dict[str, dict[str, str]] = {
    "mail": {one.value: one.words for one in MailState},
    "submission": {one.value: one.words for one in SubmissionState},
    "outgoing mail": {one.value: one.words for one in OutboxState},
    "guarantee": {one.value: one.words for one in GuaranteeState},
}


def state_text(kind: str, state: str) -> str:
    """The word for a state of a kind of row, both as the store names them; the state itself where there is none."""
    return _STATES_OF.get(kind, {}).get(state, state)


def key_text(key: AuthKey | None, *, reveal: bool) -> str:
    """A key for the eyes that may see it, else its mask; "" = none."""
    return "" if key is None else key.reveal() if reveal else key.masked


def mail_row(mail: MailRow) -> JsonRow:
    """An incoming mail."""
    return {
        "id": mail.mail_id,
        "receipt_number": mail.number,
        "desk": mail.desk,
        "state": mail.state.value,
        "state_text": mail.state.words,
        "reason": mail.reason.value if mail.reason else "",
        "reason_text": mail.reason.words if mail.reason else "",
        "received_at": mail.envelope.received_at,
        "source": mail.envelope.source.value,
        "mail_from": mail.envelope.mail_from,
        "rcpt_tos": list(mail.envelope.rcpt_tos),
        "from": mail.sender,
        "subject": mail.subject,
        "size_bytes": mail.size_bytes,
        "attempts": mail.attempts,
        "error": mail.error,
        "no_reply": mail.no_reply.value if mail.no_reply else "",
        "no_reply_text": mail.no_reply.words if mail.no_reply else "",
        "papers": [paper_row(paper) for paper in mail.papers],
    }


def paper_row(paper: Paper) -> JsonRow:
    """A paper of a mail."""
    return {"name": paper.name, "kind": paper.kind.value, "reason": paper.reason.value}


def submission_row(submission: Submission, *, reveal_keys: bool = False) -> JsonRow:
    """A submission, with `inspect`'s names."""
    fields = submission.fields
    return {
        "receipt_number": submission.receipt_number,
        "state": submission.state.value,
        "state_text": submission.state.words,
        "reasons": [reason.value for reason in submission.reasons],
        "reason_text": "、".join(reason.words for reason in submission.reasons),
        "guarantee": submission.guarantee_id,
        "guarantee_number": fields.number,
        "auth_key": key_text(fields.auth_key, reveal=reveal_keys),
        "project_name": fields.project_name,
        "contractor": fields.contractor,
        "product": fields.product.value if fields.product else None,
        "product_text": fields.product.words if fields.product else "",
        "read_from": submission.read_from.value,
        "read_from_text": submission.read_from.words,
        "document": submission.document_name,
        "sender": submission.sender,
        "received_at": submission.received_at,
        "evidence": list(submission.evidence),
    }


def guarantee_row(guarantee: Guarantee, *, reveal_keys: bool = False) -> JsonRow:
    """A row of the register."""
    return {
        "id": guarantee.guarantee_id,
        "number": guarantee.number,
        "revision": guarantee.revision,
        "works_number": guarantee.works_number,
        "product": guarantee.product.value,
        "product_text": guarantee.product.words,
        "project_name": guarantee.project_name,
        "contractor": guarantee.contractor,
        "jv_name": guarantee.jv_name,
        "orderer": guarantee.orderer,
        "contract_amount_yen": guarantee.contract_amount_yen,
        "guarantee_amount_yen": guarantee.guarantee_amount_yen,
        "expires_on": guarantee.expires_on,
        "works_start_on": guarantee.works_start_on,
        "works_end_on": guarantee.works_end_on,
        "contracted_on": guarantee.contracted_on,
        "deposit_bank": guarantee.deposit_bank,
        "auth_key": key_text(guarantee.auth_key, reveal=reveal_keys),
        "issued_at": guarantee.issued_at,
        "wants_issued_mail": guarantee.wants_issued_mail,
        "email": guarantee.email,
        "desk": guarantee.desk,
        "state": guarantee.state.value,
        "state_text": guarantee.state.words,
    }


def version_row(version: Version) -> JsonRow:
    """A version of a guarantee, as the history of a guarantee (電子保証履歴一覧) lists it."""
    values = version.values
    return {
        "place": version.place,
        "issued_at": values.issued_at,
        "kind": version.kind.value,
        "revision": version.revision,
        "name": version_name(version.kind, version.revision),
        "on_paper": version.is_on_paper,
        "form_text": "紙" if version.is_on_paper else "電子",
        "project_name": values.project_name,
        "contractor": values.contractor,
        "jv_name": values.jv_name,
        "contract_amount_yen": values.contract_amount_yen,
        "guarantee_amount_yen": values.guarantee_amount_yen,
        "expires_on": values.expires_on,
        "works_start_on": values.works_start_on,
        "works_end_on": values.works_end_on,
        "contracted_on": values.contracted_on,
        "deposit_bank": values.deposit_bank,
        "seen": [
            {
                "at": one.at,
                "actor": one.actor,
                "result": one.result.value,
                "receipt_number": one.receipt_number,
                "note": one.note,
            }
            for one in version.seen
        ],
        "seen_text": [seen_words(one) for one in version.seen] or ["未確認"],
        "learnt_at": version.learnt_at,
        "source": version.source,
        "actor": version.actor,
    }


def outbox_row(row: OutboxRow) -> JsonRow:
    """An outgoing mail without its text."""
    return {
        "id": row.outbox_id,
        "state": row.state.value,
        "state_text": row.state.words,
        "reason": row.reason.value,
        "reason_text": row.reason.words,
        "letter": row.mail.letter.value,
        "letter_text": row.mail.letter.words,
        "to": row.mail.recipient,
        "subject": row.mail.subject,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at if row.state is OutboxState.QUEUED else None,
        "done_at": row.done_at,
        "reply": row.reply,
        "submission": row.mail.submission,
        "message_id": row.mail.message_id,
    }


def mailbox_row(memory: MailboxMemory) -> JsonRow:
    """How far a mailbox was read, with whatever numbers its source keeps."""
    return {"mailbox": memory.mailbox, **json.loads(memory.memory), "looked_at": memory.looked_at}
