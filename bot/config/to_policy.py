"""From the settings to the core's rules.

Called by app.py and office.py. Pure; knows no edge. Nothing is raised for settings that were checked.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from bot.config.office import DeskSection
from bot.config.settings import Config
from bot.core.deadlines.rules import Absence, DeadlineKind, ReminderRules
from bot.core.health.canary import CanaryRules
from bot.core.policy.conditions import Conditions
from bot.core.policy.policy import Desk, DeskRule, Formats, GuessRules, KeyDelivery, Limits, Office, Policy, Rate, Rules
from bot.core.records.paper import PaperRules
from bot.core.records.retention import Retained, Retention
from bot.core.text.business_days import Calendar


def policy_of(config: Config) -> Policy:
    """The rules that the core needs, from the settings."""
    office = config.office
    return Policy(
        office=Office(office.city, office.department, office.phone, office.email, office.hours, office.system_name),
        inboxes=config.inboxes,
        desks=tuple(_desk_of(desk) for desk in config.desks),
        desk_rules=tuple(
            DeskRule(
                rule.desk,
                tuple(one.lower() for one in rule.recipients),
                tuple(one.lower() for one in rule.senders),
                rule.subject_words,
            )
            for rule in config.desk_rules
        ),
        formats=Formats(
            config.reading.number_patterns,
            config.reading.key_patterns,
            tuple(config.register_.columns.items()),
            tuple(config.register_.sheets.items()),
            PaperRules.deciding(config.papers.model_dump()),
            tuple(config.subjects.profiles),
            tuple(config.subjects.patterns),
        ),
        conditions=conditions_of(config),
        rules=Rules(config.matching.name_score, config.matching.margin, config.matching.strangers_fill_rows),
        automatic_products=frozenset(config.matching.automatic_products),
        authserv_id=config.mail.authserv_id,
        staff_domains=frozenset(domain.lower() for domain in config.mail.staff_domains),
        free_mail_domains=frozenset(domain.lower() for domain in config.replies.free_mail_domains),
        own_hops=config.mail.own_hops,
        replies_enabled=config.replies.enabled,
        keep_subjects=config.outgoing.keep_subjects,
        reply_delay=timedelta(seconds=config.replies.delay_seconds),
        password_window=timedelta(hours=config.passwords.window_hours if config.passwords.enabled else 0),
        pictures=config.pictures.in_alerts,
        reply_window=_reply_window(config),
        keys=KeyDelivery(config.answers.keys),
        originals_bytes=config.answers.originals_mb * 1024 * 1024,
        workbooks=config.summary.workbook,
        final_letters_to_firm=config.replies.final_letters_to_firm,
        disposal_approver=config.retention.approver,
        accepts_opt_out=accepts_opt_out(config),
        limits=limits_of(config),
        guesses=GuessRules(
            config.replies.guessed_keys, config.replies.guessed_keys_days, config.replies.guessed_numbers
        ),
    )


def _desk_of(desk: DeskSection) -> Desk:
    return Desk(
        desk.name,
        desk.address,
        frozenset(desk.products),
        frozenset(one.lower() for one in desk.staff),
        desk.deputy,
        desk.head,
        desk.keys_address,
        tuple(one.lower() for one in desk.inboxes),
        is_default=desk.default,
        department=desk.department,
        phone=desk.phone,
        email=desk.email,
        hours=desk.hours,
    )


def waiting_after(config: Config) -> timedelta:
    """So old a mail that is not sorted is told to the operator."""
    return timedelta(minutes=config.operator.waiting_minutes)


def conditions_of(config: Config) -> Conditions:
    """For which guarantees the city accepts notices, from the settings."""
    said = config.conditions
    return Conditions(
        said.begins_on,
        frozenset(said.products),
        frozenset(said.kinds),
        tuple(said.kind_words.items()),
        said.least_yen,
        said.most_yen,
        said.contracted_from,
        said.contracted_until,
        said.instead,
    )


def _reply_window(config: Config) -> timedelta:
    """How long clerks may answer a letter; never where nothing proves who wrote."""
    return timedelta(days=config.answers.days if config.answers.enabled and config.mail.authserv_id else 0)


def accepts_opt_out(config: Config) -> bool:
    """Whether contractors stop the issuance-complete mails by mail; never where nothing proves who wrote."""
    notifies = config.issued.enabled or config.reminders.contractor_days > 0
    return notifies and config.issued.stop_by_mail and bool(config.mail.authserv_id)


def limits_of(config: Config) -> Limits:
    """How many letters may leave, from the settings."""
    replies = config.replies
    return Limits(
        address=Rate(replies.per_address_per_hour, replies.per_address_per_day),
        domain=Rate(replies.per_domain_per_hour, replies.per_domain_per_day),
        in_all=Rate(replies.in_all_per_hour, replies.in_all_per_day),
        desk=Rate(replies.alerts_per_desk_per_hour, replies.alerts_per_desk_per_day),
        kind_per_day=replies.kind_per_day,
        notice_per_day=replies.notice_per_day,
        words_per_day=replies.words_per_day,
    )


def backup_of(config: Config) -> tuple[str, timedelta] | None:
    """Where copies of the database lie, and how old the newest may be; None: nobody says."""
    section = config.operator
    place = Path(section.backup) if section.backup else config.backups and config.backups / "hosho-*" / "manifest.json"
    return (str(config.path(place)), timedelta(days=section.backup_days)) if place else None


def canary_of(config: Config) -> CanaryRules | None:
    """How often test mails go round; None: never."""
    section = config.canary
    if not section.every_minutes:
        return None
    return CanaryRules(timedelta(minutes=section.every_minutes), timedelta(minutes=section.late_minutes))


def retention_of(config: Config) -> Retention:
    """What is kept for how long."""
    return Retention({what: getattr(config.retention, f"{what}_days") for what in Retained})


def calendar_of(config: Config) -> Calendar:
    """The city's opening days, from the settings."""

    def month_day(text: str) -> tuple[int, int]:
        month, _, day = text.partition("-")
        return int(month), int(day)

    summary = config.summary
    return Calendar(
        summary.times,
        frozenset(summary.closed_days),
        month_day(summary.year_end_from),
        month_day(summary.year_end_to),
    )


def reminders_of(config: Config) -> ReminderRules:
    """Which deadlines are watched, from the settings."""
    reminders = config.reminders
    return ReminderRules(
        days=MappingProxyType({kind: getattr(reminders, kind.setting) for kind in DeadlineKind}),
        all_days=frozenset(reminders.all_days),
        payment_warning=reminders.payment_warning_days,
        held_head=reminders.held_head_days,
        contractor=reminders.contractor_days,
        contractor_times=reminders.contractor_times,
        repeat=reminders.repeat_days,
        ends_after=reminders.ends_after_days,
        claim_window=timedelta(days=reminders.claim_window_days),
        begins_on=reminders.begins_on,
        absences=tuple(Absence(one.address, one.since, one.until, one.name) for one in reminders.absences),
    )
