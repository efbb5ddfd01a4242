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
from tortoise.models import Model

from storage.database.fields import Json, Text, Utc


class MailRecord(Model):
    """An incoming mail. `state_at`: when it came into its state. `content` stands last: lists do not drag it along."""

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
    subject = Text(default="")
    papers = Json(default=list)
    content = fields.BinaryField()

    class Meta:
        """See models_of."""

        abstract = True


class MailboxCursorRecord(Model):
    """How far a mailbox was read."""

    mailbox = fields.CharField(max_length=1000, primary_key=True)
    uidvalidity = fields.BigIntField()
    last_uid = fields.BigIntField()
    looked_at = Utc()
    watermark = fields.BigIntField(default=0)

    class Meta:
        """See models_of."""

        abstract = True


class MailboxCheckRecord(Model):
    """What the last comparison of a mailbox with the server found."""

    mailbox = fields.CharField(max_length=1000, primary_key=True)
    checked_at = Utc()
    days = fields.IntField()
    on_server = fields.IntField()
    known = fields.IntField()
    missing = fields.IntField()
    recovered = fields.IntField()

    class Meta:
        """See models_of."""

        abstract = True


class AlarmRecord(Model):
    """An alarm to the operator that is open."""

    id = fields.BigIntField(primary_key=True)
    kind = Text()
    subject = Text()
    since = Utc()
    detail = Text()
    told_on = Text()
    absent_since = Utc(null=True)

    class Meta:
        """See models_of."""

        abstract = True


class GuaranteeRecord(Model):
    """A row of the register. `*_fold` and `contractor_core` are the names as bot/core/text.py folds them, for look-ups.

    `number` is NULL while unknown: a unique column may hold many of these.
    """

    id = fields.BigIntField(primary_key=True)
    project_name = Text()
    contractor = Text()
    product = Text()
    number = Text(null=True)
    revision = fields.IntField()
    jv_name = Text()
    orderer = Text()
    contract_amount_yen = fields.BigIntField(null=True)
    guarantee_amount_yen = fields.BigIntField(null=True)
    expires_on = fields.DateField(null=True)
    works_start_on = fields.DateField(null=True)
    works_end_on = fields.DateField(null=True)
    contracted_on = fields.DateField(null=True)
    deposit_bank = Text()
    auth_key = Text(null=True)
    issued_at = Utc(null=True)
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

    class Meta:
        """See models_of."""

        abstract = True


class GuaranteeVersionRecord(Model):
    """A version of a guarantee: its values as the register had them with it, and how we learnt of it."""

    id = fields.BigIntField(primary_key=True)
    guarantee_id = fields.BigIntField()
    revision = fields.IntField()
    kind = Text()
    is_on_paper = fields.BooleanField()
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
    learnt_at = Utc()
    source = Text()
    actor = Text()

    class Meta:
        """See models_of."""

        abstract = True


class GuaranteeSeenRecord(Model):
    """A clerk's look at a version in D-Sure."""

    id = fields.BigIntField(primary_key=True)
    version_id = fields.BigIntField()
    at = Utc()
    actor = Text()
    result = Text()
    receipt_number = Text()
    note = Text()

    class Meta:
        """See models_of."""

        abstract = True


class SubmissionRecord(Model):
    """One key notice. `state_at`: when it came into its state. `key_mark`: what equal keys have in common.

    `moved_from`: names of desks, a line each.
    """

    id = fields.BigIntField(primary_key=True)
    receipt_number = Text()
    mail_id = fields.BigIntField()
    state = Text()
    state_at = Utc()
    reasons = Json()
    project_name = Text()
    contractor = Text()
    product = Text(null=True)
    product_as_written = Text()
    number = Text()
    number_as_written = Text()
    auth_key = Text(null=True)
    key_mark = Text()
    read_from = Text()
    document_name = Text()
    evidence = Json()
    guarantee_id = fields.BigIntField(null=True)
    sender = Text()
    received_at = Utc()
    sender_proven = fields.BooleanField()
    works_numbers = Json(default=list)
    moved_from = Text(default="")

    class Meta:
        """See models_of."""

        abstract = True


class OutboxRecord(Model):
    """An outgoing mail. `counted_*`: how limits count its recipient.

    `queued_at`: created_at, or the last `outbox retry`; `recipient_fold`: in lower case.

    `unsure_attempts`: those made or begun of which nobody knows whether the relay took the mail.
    `consent_*`: of an issuance-complete mail, the event that permits it, when that was last asked before it left, and the address's
    last event then.
    """

    id = fields.BigIntField(primary_key=True)
    dedupe_key = Text()
    letter = Text()
    recipient = Text()
    recipient_fold = Text()
    reverse_path = Text()
    subject = Text()
    text = Text()
    message_id = Text()
    submission = Text()
    guarantee_id = fields.BigIntField(null=True)
    state = Text()
    reason = Text()
    reply = Text()
    attempts = fields.IntField()
    unsure_attempts = fields.IntField(default=0)
    created_at = Utc()
    queued_at = Utc()
    next_attempt_at = Utc()
    done_at = Utc(null=True)
    counted_as = Text()
    counted_domain = Text()
    content = fields.BinaryField()
    consent_id = fields.BigIntField(null=True)
    consent_at = Utc(null=True)
    consent_seen = fields.BigIntField(null=True)

    class Meta:
        """See models_of."""

        abstract = True


class TicketRecord(Model):
    """What lets a clerk answer a letter."""

    id = fields.BigIntField(primary_key=True)
    token = Text()
    outbox_id = fields.BigIntField()
    desk = Text()
    expires_at = Utc()

    class Meta:
        """See models_of."""

        abstract = True


class TicketCaseRecord(Model):
    """A case that a ticket's letter is about: a submission or a mail. `spent_at`: when an answer was carried out on it."""

    id = fields.BigIntField(primary_key=True)
    ticket_id = fields.BigIntField()
    place = fields.IntField()
    receipt_number = Text()
    mail_id = fields.BigIntField(null=True)
    candidates = Json()
    spent_at = Utc(null=True)

    class Meta:
        """See models_of."""

        abstract = True


class ReminderRecord(Model):
    """What somebody was told of a due. `recipient` in lower case; `outbox_id`: the last mail about it."""

    id = fields.BigIntField(primary_key=True)
    kind = Text()
    about = Text()
    recipient = Text()
    level = fields.IntField()
    told_at = Utc()
    count = fields.IntField()
    outbox_id = fields.BigIntField()

    class Meta:
        """See models_of."""

        abstract = True


class ReminderDoneRecord(Model):
    """A due that a clerk has said is dealt with."""

    id = fields.BigIntField(primary_key=True)
    kind = Text()
    about = Text()
    at = Utc()
    actor = Text()
    note = Text()

    class Meta:
        """See models_of."""

        abstract = True


class WithheldRecord(Model):
    """A letter that was not written because of a limit."""

    id = fields.BigIntField(primary_key=True)
    at = Utc()
    mail_id = fields.BigIntField()
    letter = Text()
    limit_hit = Text()
    about = Text()

    class Meta:
        """See models_of."""

        abstract = True


class ConsentRecord(Model):
    """Somebody's word about issuance-complete mails to an address, in lower case. Append-only, like the journal.

    `guarantee_id` None = everything to that address.
    """

    id = fields.BigIntField(primary_key=True)
    at = Utc()
    address = Text()
    guarantee_id = fields.BigIntField(null=True)
    given = fields.BooleanField()
    wording = Text()
    origin = Text()
    source = Text()
    actor = Text()

    class Meta:
        """See models_of."""

        abstract = True


class DeadAddressRecord(Model):
    """An address, in lower case, to which a contractor's letter bounced for good."""

    address = fields.CharField(max_length=1000, primary_key=True)
    since = Utc()
    why = Text()
    outbox_id = fields.BigIntField()

    class Meta:
        """See models_of."""

        abstract = True


class JournalRecord(Model):
    """Who did what when. Append-only: triggers refuse to change or delete a row. `detail` never holds a key.

    `id` counts without gaps, given by use_cases/journal.py; `hash`: bot/core/journal.py.
    """

    id = fields.BigIntField(primary_key=True)
    at = Utc()
    actor = Text()
    event = Text()
    subject_kind = Text()
    subject_id = Text()
    detail = Json()
    hash = Text()

    class Meta:
        """See models_of."""

        abstract = True


@dataclass(frozen=True, slots=True)
class Models:
    """The concrete classes of one dialect, each under its table's name."""

    mail: type[MailRecord]
    mailbox_cursor: type[MailboxCursorRecord]
    mailbox_check: type[MailboxCheckRecord]
    alarm: type[AlarmRecord]
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
    """The row that raw SQL returned, its columns (not necessarily all) turned into Python values."""
    return model._init_from_db(**columns)


def to_columns(model: type[Model], row: Mapping[str, Any], names: Iterable[str]) -> list[Any]:
    """Some columns' values as raw SQL wants them."""
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
        mailbox_cursor=concrete(MailboxCursorRecord, "mailbox_cursor"),
        mailbox_check=concrete(MailboxCheckRecord, "mailbox_check"),
        alarm=concrete(AlarmRecord, "alarm"),
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
