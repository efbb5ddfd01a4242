"""The tables as Tortoise models: one row class each, and the set of concrete classes that each dialect works with.

Used inside this package only; rows never leave it (mapping.py turns them into core values). The tables themselves are made
by migrations/, which also hold every constraint, index and foreign key: Tortoise's schema generator is not used.
"""

# ruff: noqa: SLF001 - _meta and _init_from_db are how Tortoise's own extensions read a model
from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, TypeVar

from tortoise import fields
from tortoise.models import Model, ModelMeta

from storage.database.fields import Json, Text, Utc


class _AbstractUnlessTold(ModelMeta):
    """A class without a Meta of its own has no table: models_of makes those that have one.

    Tortoise reads the source of each class in search of comments on columns, which takes half of what importing it does.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> ModelMeta:
        return super().__new__(cls, name, bases, {"Meta": _Abstract, "_no_comments": True} | attrs)


class _Abstract:
    abstract = True


class Record(Model, metaclass=_AbstractUnlessTold):
    """A row."""


class MailRecord(Record):
    """An incoming mail. `content` is the last column, so that SQLite reads the others without it."""

    id = fields.BigIntField(primary_key=True)
    identity = Text()
    digest = Text()
    source = Text()
    peer = Text()
    mail_from = Text(null=True)
    rcpt_tos = Json()
    received_at = Utc()
    size_bytes = fields.BigIntField()
    state = Text()
    reason = Text(null=True)
    no_reply = Text(null=True)
    error = Text(default="")
    attempts = fields.IntField(default=0)
    next_attempt_at = Utc()
    state_at = Utc()
    sender = Text(default="")
    quoted = Text(null=True)  # sealed: see mapping.ended_columns
    desk = Text(default="")
    entered_by = fields.BigIntField(null=True)  # the clerk's mail that brought this form
    papers = Json(default=list)  # see mapping.ended_columns
    owner = fields.IntField(null=True)  # the daemon that has it in hand; PostgreSQL only
    content = fields.BinaryField()  # sealed


class MailboxMemoryRecord(Record):
    """How far a mailbox was read."""

    mailbox = fields.CharField(max_length=1000, primary_key=True)
    memory = Text()  # see MailboxMemory
    looked_at = Utc()


class MailboxCheckRecord(Record):
    """What the last comparison of a mailbox with the server found."""

    mailbox = fields.CharField(max_length=1000, primary_key=True)
    checked_at = Utc()
    days = fields.IntField()
    on_server = fields.IntField()
    known = fields.IntField()
    missing = fields.IntField()
    recovered = fields.IntField()


class AlarmRecord(Record):
    """An alarm to the operator that is open."""

    id = fields.BigIntField(primary_key=True)
    kind = Text()
    subject = Text()
    since = Utc()
    detail = Text()
    told_on = Text()
    absent_since = Utc(null=True)


class WorkerRecord(Record):
    """How a worker of the daemon is doing."""

    name = fields.CharField(max_length=100, primary_key=True)
    started_at = Utc()
    done_at = Utc(null=True)
    failing_since = Utc(null=True)
    failures = fields.IntField()
    trouble = Text()


class CertificateRecord(Record):
    """What a certificate says, see CertificateValues."""

    project_name = Text()
    contractor = Text()
    jv_name = Text()
    contract_amount_yen = fields.BigIntField(null=True)
    guarantee_amount_yen = fields.BigIntField(null=True)
    expires_on = fields.DateField(null=True)
    works_start_on = fields.DateField(null=True)
    works_end_on = fields.DateField(null=True)
    contracted_on = fields.DateField(null=True)
    deposit_bank = Text()
    issued_at = Utc(null=True)


class GuaranteeRecord(CertificateRecord):
    """A row of the register. `*_fold` and `contractor_core`: the names folded by bot/core/text/normalise.py, for look-ups."""

    id = fields.BigIntField(primary_key=True)
    product = Text()
    number = Text(null=True)  # NULL while unknown: a UNIQUE column may hold many NULLs
    revision = fields.IntField()
    orderer = Text()
    auth_key = Text(null=True)
    wants_issued_mail = fields.BooleanField()
    email = Text()
    desk = Text()
    works_number = Text(default="")
    state = Text()
    project_fold = Text()
    contractor_fold = Text()
    contractor_core = Text()
    jv_fold = Text()
    works_fold = Text(default="")


class GuaranteeVersionRecord(CertificateRecord):
    """A version of a guarantee, and the source of its values."""

    id = fields.BigIntField(primary_key=True)
    guarantee_id = fields.BigIntField()
    revision = fields.IntField()
    kind = Text()
    is_on_paper = fields.BooleanField()
    learnt_at = Utc()
    source = Text()
    actor = Text()


class GuaranteeSeenRecord(Record):
    """A clerk's look at a version in D-Sure."""

    id = fields.BigIntField(primary_key=True)
    version_id = fields.BigIntField()
    at = Utc()
    actor = Text()
    result = Text()
    receipt_number = Text()
    note = Text()


class SubmissionRecord(Record):
    """One key notice."""

    id = fields.BigIntField(primary_key=True)
    receipt_number = Text()
    mail_id = fields.BigIntField()
    state = Text()
    state_at = Utc()
    reasons = Json()
    product = Text(null=True)
    number = Text()
    quoted = Text()  # sealed: the sender's words, see mapping.submission_row
    auth_key = Text(null=True)  # sealed
    key_mark = Text()  # Vault.mark, for finding equal keys
    read_from = Text()
    guarantee_id = fields.BigIntField(null=True)
    sender = Text()
    received_at = Utc()
    sender_proven = fields.BooleanField()
    moved_from = Text(default="")  # names of desks, a line each


class OutboxRecord(Record):
    """An outgoing mail."""

    id = fields.BigIntField(primary_key=True)
    dedupe_key = Text()
    letter = Text()
    recipient = Text()
    recipient_fold = Text()  # in lower case
    reverse_path = Text()
    quoted = Text()  # sealed: subject and text, which quote a sender
    message_id = Text()
    submission = Text()
    guarantee_id = fields.BigIntField(null=True)
    state = Text()
    reason = Text()
    reply = Text()
    attempts = fields.IntField()
    unsure_attempts = fields.IntField(default=0)  # attempts after which the relay may or may not have the mail
    created_at = Utc()
    queued_at = Utc()  # created_at, or the last `outbox retry`
    next_attempt_at = Utc()
    owner = fields.IntField(null=True)  # the daemon that has it in hand; PostgreSQL only
    done_at = Utc(null=True)
    counted_as = Text()  # the recipient as the limits count it
    counted_domain = Text()  # likewise its domain
    content = fields.BinaryField()  # sealed
    consent_id = fields.BigIntField(null=True)  # the event that permits an issuance-complete mail, at its last claim
    consent_at = Utc(null=True)  # the time of that claim
    consent_seen = fields.BigIntField(null=True)  # the address's last event at that time


class TicketRecord(Record):
    """A letter's reply token, by which a clerk can answer the letter."""

    id = fields.BigIntField(primary_key=True)
    token = Text()
    outbox_id = fields.BigIntField()
    desk = Text()
    expires_at = Utc()


class TicketCaseRecord(Record):
    """A case that a ticket's letter is about: a submission or a mail."""

    id = fields.BigIntField(primary_key=True)
    ticket_id = fields.BigIntField()
    place = fields.IntField()
    receipt_number = Text()
    mail_id = fields.BigIntField(null=True)
    candidates = Json()
    spent_at = Utc(null=True)  # when an answer was carried out on it


class ReminderRecord(Record):
    """A reminder of a deadline to one recipient."""

    id = fields.BigIntField(primary_key=True)
    kind = Text()
    about = Text()
    recipient = Text()  # in lower case
    level = fields.IntField()
    told_at = Utc()
    count = fields.IntField()
    outbox_id = fields.BigIntField()  # the last mail about it


class ReminderDoneRecord(Record):
    """A deadline that a clerk has marked as done."""

    id = fields.BigIntField(primary_key=True)
    kind = Text()
    about = Text()
    at = Utc()
    actor = Text()
    note = Text()


class WithheldRecord(Record):
    """A letter that was not written because of a limit."""

    id = fields.BigIntField(primary_key=True)
    at = Utc()
    mail_id = fields.BigIntField()
    letter = Text()
    limit_hit = Text()
    about = Text()


class ConsentRecord(Record):
    """A statement of consent or opt-out about issuance-complete mails to an address. Append-only, like the journal."""

    id = fields.BigIntField(primary_key=True)
    at = Utc()
    address = Text()  # in lower case
    guarantee_id = fields.BigIntField(null=True)  # None: all mails to that address
    given = fields.BooleanField()
    wording = Text()
    origin = Text()
    source = Text()
    actor = Text()


class DeadAddressRecord(Record):
    """An address, in lower case, to which a contractor's letter bounced permanently."""

    address = fields.CharField(max_length=1000, primary_key=True)
    since = Utc()
    why = Text()
    outbox_id = fields.BigIntField()


class JournalRecord(Record):
    """A journal line. Append-only: triggers refuse UPDATE and DELETE. `detail` never holds a key."""

    id = fields.BigIntField(primary_key=True)  # without gaps, given by use_cases/journal.py
    at = Utc()
    actor = Text()
    event = Text()
    subject_kind = Text()
    subject_id = Text()
    detail = Json()
    hash = Text()  # see bot/core/records/journal.py


@dataclass(frozen=True, slots=True)
class Models:
    """The concrete classes of one dialect, each under its table's name."""

    mail: type[MailRecord]
    mailbox_memory: type[MailboxMemoryRecord]
    mailbox_check: type[MailboxCheckRecord]
    alarm: type[AlarmRecord]
    worker: type[WorkerRecord]
    guarantee: type[GuaranteeRecord]
    guarantee_version: type[GuaranteeVersionRecord]
    guarantee_seen: type[GuaranteeSeenRecord]
    submission: type[SubmissionRecord]
    outbox: type[OutboxRecord]
    ticket: type[TicketRecord]
    ticket_case: type[TicketCaseRecord]
    reminder: type[ReminderRecord]
    reminder_done: type[ReminderDoneRecord]
    withheld: type[WithheldRecord]
    consent: type[ConsentRecord]
    dead_address: type[DeadAddressRecord]
    journal: type[JournalRecord]

    def all(self) -> tuple[type[Model], ...]:
        """Every class."""
        return tuple(getattr(self, field.name) for field in dataclass_fields(self))


Row = TypeVar("Row", bound=Model)


def from_columns(model: type[Row], columns: Mapping[str, Any]) -> Row:
    """A row from the columns that raw SQL returned, which need not be all."""
    return model._init_from_db(**columns)


def to_columns(model: type[Model], row: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    """The values of these columns for raw SQL."""
    return [model._meta.fields_map[name].to_db_value(row[name], model) for name in names]


def table_of(model: type[Model]) -> str:
    """The table's name."""
    return model._meta.db_table


def models_of(dialect: str) -> Models:
    """Make a dialect's classes. Tortoise keeps SQL in the class, so two dialects in one process must not share any."""

    def concrete(base: type[Any], table: str) -> type[Any]:
        columns = deepcopy(base._meta.fields_map)
        meta = type("Meta", (), {"table": table, "app": f"storage_{dialect}"})
        return type(base.__name__, (base,), {**columns, "Meta": meta, "__module__": __name__, "__doc__": base.__doc__})

    return Models(
        mail=concrete(MailRecord, "mail"),
        mailbox_memory=concrete(MailboxMemoryRecord, "mailbox_memory"),
        mailbox_check=concrete(MailboxCheckRecord, "mailbox_check"),
        alarm=concrete(AlarmRecord, "alarm"),
        worker=concrete(WorkerRecord, "worker"),
        guarantee=concrete(GuaranteeRecord, "guarantee"),
        guarantee_version=concrete(GuaranteeVersionRecord, "guarantee_version"),
        guarantee_seen=concrete(GuaranteeSeenRecord, "guarantee_seen"),
        submission=concrete(SubmissionRecord, "submission"),
        outbox=concrete(OutboxRecord, "outbox"),
        ticket=concrete(TicketRecord, "ticket"),
        ticket_case=concrete(TicketCaseRecord, "ticket_case"),
        reminder=concrete(ReminderRecord, "reminder"),
        reminder_done=concrete(ReminderDoneRecord, "reminder_done"),
        withheld=concrete(WithheldRecord, "withheld"),
        consent=concrete(ConsentRecord, "consent"),
        dead_address=concrete(DeadAddressRecord, "dead_address"),
        journal=concrete(JournalRecord, "journal"),
    )
