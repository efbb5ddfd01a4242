"""What a relay's refusal is about: real servers' replies, stage by stage, and that no reply of a stage before RCPT ends a letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.health.relay_replies import Stage, reason_of
from bot.core.records.reasons import OUR_TROUBLE, OutboxReason

LATER, UNCLEAR = OutboxReason.RELAY_DEFERRED, OutboxReason.RELAY_UNCLEAR
RECIPIENT, LETTER = OutboxReason.RELAY_REFUSED, OutboxReason.LETTER_REFUSED
LOGIN, INSECURE = OutboxReason.RELAY_LOGIN, OutboxReason.RELAY_INSECURE
SENDER, RELAYING = OutboxReason.RELAY_SENDER, OutboxReason.RELAY_RELAYING
QUOTA, BLOCKED = OutboxReason.RELAY_QUOTA, OutboxReason.RELAY_BLOCKED

BEFORE_MAIL = {
    "connect": [
        (BLOCKED, "554 5.7.1 You are not allowed to connect."),
        (BLOCKED, "554 No SMTP service here"),
        (BLOCKED, "521 5.7.1 Service unavailable; client [192.0.2.9] blocked using dnsbl.example.org"),
        (BLOCKED, "550 5.7.511 Access denied, banned sender[192.0.2.9]"),
        (LATER, "421 4.7.0 Try again later, closing connection."),
        (LATER, "450 4.3.2 Service currently unavailable"),
    ],
    "ehlo": [
        (BLOCKED, "501 5.5.4 HELO/EHLO argument is invalid."),
        (BLOCKED, "550 5.7.506 Access Denied, Bad HELO"),
        (LATER, "451 4.7.1 Greylisted"),
    ],
    "starttls": [
        (INSECURE, "502 5.5.1 Error: command not implemented"),
        (LATER, "454 4.7.0 TLS not available due to local problem"),
    ],
    "auth": [
        (LOGIN, "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"),
        (LOGIN, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."),
        (LOGIN, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
        (LOGIN, "535 5.7.3 Authentication unsuccessful [TYCP286CA0001.JPNP286.PROD.OUTLOOK.COM]"),
        (LOGIN, "534-5.7.9 Application-specific password required."),
        (LOGIN, "504 5.7.4 Unrecognized authentication type"),
        (LOGIN, "432 4.7.12 A password transition is needed"),
        (LOGIN, "550 5.7.1 your account is locked"),
        (QUOTA, "451 Authentication failed: Maximum credits exceeded"),
        (LOGIN, "454 4.7.0 Temporary authentication failure: generic failure"),
        (LOGIN, "454 4.7.0 Too many login attempts, please try again later."),
        (LATER, "421 Too many auth failures, try again later"),
    ],
}

AT_MAIL = [
    (SENDER, "501 5.1.7 Invalid address"),
    (SENDER, "501 Invalid MAIL FROM address provided"),
    (SENDER, "501 5.5.2 <>: null sender is not allowed here"),
    (SENDER, "501 Syntax error: empty email address"),
    (SENDER, "553 5.7.1 Sender address rejected: not owned by auth user."),
    (SENDER, "553 5.1.8 <hosho@city.example.jp>... Domain of sender address hosho@city.example.jp does not exist"),
    (SENDER, "550 5.1.0 <hosho@city.example.jp> sender rejected."),
    (SENDER, "550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
    (SENDER, "550 5.7.1 Client does not have permissions to send as this sender"),
    (SENDER, "553 5.5.4 hosho... Domain name required for sender address hosho"),
    (SENDER, "550 5.7.0 Mail Sending denied."),
    (SENDER, "554 Transaction failed"),
    (SENDER, "550 5.7.1 Access denied"),
    (SENDER, "550 no"),
    (SENDER, "451 4.1.8 Domain of sender address hosho@city.example.jp does not resolve"),
    (LOGIN, "530 5.7.0 Must issue a STARTTLS command first"),
    (LOGIN, "530 5.7.57 Client not authenticated to send mail."),
    (LOGIN, "530-5.5.1 Authentication Required."),
    (LOGIN, "550 Unauthenticated senders not allowed"),
    (LOGIN, "503 This mail server requires authentication when attempting to send to a non-local e-mail address."),
    (
        RELAYING,
        "550-5.7.1 Invalid credentials for relay [192.0.2.9].\n5.7.1 The IP address you've registered does not match.",
    ),
    (RELAYING, "550 5.7.0 Mail relay denied [192.0.2.9]."),
    (RELAYING, "550 5.7.64 TenantAttribution; Relay Access Denied"),
    (QUOTA, "550 5.4.5 Daily user sending limit exceeded."),
    (QUOTA, "454 Throttling failure: Daily message quota exceeded."),
    (QUOTA, "452 4.5.3 Daily message limit exceeded"),
    (QUOTA, "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients"),
    (BLOCKED, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."),
    (BLOCKED, "550 5.7.705 Access denied, tenant has exceeded threshold"),
    (BLOCKED, "554 5.7.1 <relay.example.jp[192.0.2.9]>: Client host rejected: Access denied"),
    (BLOCKED, "504 5.5.2 <bot>: Helo command rejected: need fully-qualified hostname"),
    (LETTER, "552 5.3.4 Message size exceeds fixed limit"),
    (LETTER, "552 sorry, that message size exceeds my databytes limit (#5.3.4)"),
    (LATER, "452 4.3.1 Insufficient system storage"),
    (LATER, "450 4.2.1 Peak SMTP relay limit exceeded for customer."),
    (LATER, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"),
    (LATER, "421 4.7.0 IP not in whitelist for RCPT domain, closing connection."),
]

AT_RCPT = [
    (RECIPIENT, "550 5.1.1 <a@mihon.example.jp>: Recipient address rejected: User unknown in virtual mailbox table"),
    (
        RECIPIENT,
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\n5.1.1 double-checking",
    ),
    (RECIPIENT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    (RECIPIENT, "550 5.4.1 Recipient address rejected: Access denied. [TYCPR01.prod.outlook.com]"),
    (RECIPIENT, "550 5.1.2 <a@mihon.example.jp>... Host unknown (Name server: mihon.example.jp: host not found)"),
    (
        RECIPIENT,
        "550 5.1.1 <a@b.example>: Recipient address rejected: undeliverable address: host mx said: 554 relaying denied",
    ),
    (RECIPIENT, "556 5.1.10 <a@b.example>: Recipient address rejected: Domain b.example does not accept mail (nullMX)"),
    (RECIPIENT, "504 5.5.2 <a@mihon>: Recipient address rejected: need fully-qualified address"),
    (SENDER, "504 5.5.2 <hosho@city>: Sender address rejected: need fully-qualified address"),
    (RECIPIENT, "550 sorry, no mailbox here by that name (#5.1.1)"),
    (RECIPIENT, "550 5.1.1 <a@mihon.example.jp>: Recipient address rejected: User unknown in relay recipient table"),
    (RECIPIENT, "550 <a@mihon.example.jp>: Recipient address rejected: User not found in relay recipient table"),
    (RECIPIENT, "550 Unknown user a@mihon.example.jp"),
    (RECIPIENT, "550 No such user here"),
    (RECIPIENT, "550 Unrouteable address"),
    (RECIPIENT, "551 not our customer"),
    (RECIPIENT, "550 Requested action not taken: mailbox unavailable"),
    (RECIPIENT, "552 5.2.2 <a@mihon.example.jp>: user is over quota"),
    (RECIPIENT, "552 Quota exceeded (mailbox for user is full)"),
    (RECIPIENT, "550 5.2.1 The email account that you tried to reach is disabled."),
    (RECIPIENT, "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"),
    (RECIPIENT, "550 5.7.124 Sender not in allowed-senders list"),
    (RECIPIENT, "525 5.7.13 Disabled recipient address"),
    (RELAYING, "554 5.7.1 <a@mihon.example.jp>: Relay access denied"),
    (RELAYING, "454 4.7.1 <a@mihon.example.jp>: Relay access denied"),
    (RELAYING, "550 5.7.1 <a@mihon.example.jp>... Relaying denied. Proper authentication required."),
    (RELAYING, "550 relay not permitted"),
    (RELAYING, "550 5.7.1 Unable to relay"),
    (RELAYING, "513 Relaying denied."),
    (RELAYING, "551 we do not relay mihon.example.jp"),
    (RELAYING, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    (RELAYING, "550 not local host mihon.example.jp, not a gateway"),
    (RELAYING, "550 5.1.1 relaying denied"),
    (RELAYING, "550 5.4.1 Relay Access Denied"),
    (SENDER, "553 5.7.1 <hosho@city.example.jp>: Sender address rejected: not owned by user relay"),
    (SENDER, "550 5.1.0 <hosho@city.example.jp>: Sender address rejected: User unknown in local recipient table"),
    (SENDER, "450 4.1.8 <hosho@city.example.jp>: Sender address rejected: Domain not found"),
    (
        SENDER,
        "554 5.7.1 <a@mihon.example.jp>: Recipient address rejected: Sender is not same as SMTP authenticate username",
    ),
    (SENDER, "550-Verification failed for <hosho@city.example.jp>\nSender verify failed"),
    (SENDER, "550-Requested action not taken: mailbox unavailable\nSender address is not allowed."),
    (SENDER, "550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
    (LOGIN, "530 SMTP authentication is required."),
    (LOGIN, "550 5.7.1 Authentication required"),
    (LOGIN, "550 sorry, you must get POP/APOP authorization."),
    (QUOTA, "550 5.7.1 Daily SMTP relay sending limit exceeded for customer."),
    (QUOTA, "550 5.1.1 <a@mihon.example.jp> - 192.0.2.9 has sent to too many recipients this hour."),
    (QUOTA, "554 5.7.1 <a@mihon.example.jp>: Recipient address rejected: You have exceeded your hourly sending quota"),
    (BLOCKED, "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.example.org"),
    (BLOCKED, "553 http://www.spamhaus.org/query/bl?ip=192.0.2.9"),
    (BLOCKED, "550 5.7.606 Access denied, banned sending IP [192.0.2.9]."),
    (BLOCKED, "550 5.7.1 Session encryption is required"),
    (
        LATER,
        "450 4.1.7 <hosho@city.example.jp>: Sender address rejected: unverified address: Address verification in progress",
    ),
    (LATER, "450 4.2.0 <a@mihon.example.jp>: Recipient address rejected: Greylisted, see postgrey"),
    (LATER, "451 4.3.0 later"),
    (LATER, "450 4.1.1 user unknown"),
    (
        LATER,
        "550-5.2.1 The user you are trying to contact is receiving mail at a rate that\n5.2.1 prevents additional messages",
    ),
    (LATER, "550 5.2.121 Recipient's per hour message receive limit from specific sender exceeded"),
    (LATER, "550 4.7.1 mixed codes"),
    (LATER, "554 greylisted, try again later"),
    (UNCLEAR, "554 5.7.1 <a@mihon.example.jp>: Recipient address rejected: Access denied"),
    (UNCLEAR, "550 blocked by policy"),
    (UNCLEAR, "550 account suspended"),
    (UNCLEAR, "550 Domain not found"),
    (UNCLEAR, "550 recipient limit exceeded"),
    (UNCLEAR, "550 customer account inactive"),
    (UNCLEAR, "550 Administrative prohibition"),
    (BLOCKED, "550 Outgoing mail from hosho@city.example.jp has been suspended."),
    (BLOCKED, "550 invalid IP address"),
    (BLOCKED, "550 Your account has been disabled"),
    (BLOCKED, "550 HELO domain not found"),
    (SENDER, "550 Sender domain not found"),
    (SENDER, "554 5.7.1 You are not allowed to send mail from this account; account disabled"),
    (QUOTA, "552 You are over quota"),
    (QUOTA, "550 account has exceeded its sending limit"),
    (
        RELAYING,
        "550 5.7.367 Remote server returned not permitted to relay -> 554 5.7.1 <a@mihon.example.jp>: Relay access denied",
    ),
    (UNCLEAR, "550 no"),
    (UNCLEAR, "553 5.3.5 system config error"),
    (UNCLEAR, "550 5.9.99 something new"),
    (UNCLEAR, "599 "),
]

AT_CONTENT = [
    (SENDER, "554 5.2.252 SendAsDenied; relay@city.example.jp not allowed to send as hosho@city.example.jp; STOREDRV"),
    (
        SENDER,
        "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process",
    ),
    (
        SENDER,
        "554 Message rejected: Email address is not verified. The following identities failed the check in region X",
    ),
    (
        SENDER,
        "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this is resolved.",
    ),
    (QUOTA, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"),
    (QUOTA, "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\n5.4.5 sending limits go to"),
    (BLOCKED, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."),
    (SENDER, "550 5.1.8 Access denied, bad outbound sender AS(42004)"),
    (
        BLOCKED,
        "550-5.7.26 Unauthenticated email from city.example.jp is not accepted due to domain's\n5.7.26 DMARC policy.",
    ),
    (
        BLOCKED,
        "550-5.7.1 Our system has detected that this message is likely suspicious due to\nthe very low reputation of the sending IP",
    ),
    (BLOCKED, "554 Access denied: User `arn` is not authorized to perform `ses:SendRawEmail`"),
    (RECIPIENT, "550 5.1.1 User unknown"),
    (RECIPIENT, "552 5.2.2 <a@mihon.example.jp> Quota exceeded (mailbox for user is full)"),
    (LETTER, "552 5.3.4 Message size exceeds fixed maximum message size"),
    (LETTER, "552 5.2.3 Message length exceeds limit set by recipient"),
    (LETTER, "550 5.6.9 improper use of 8-bit data in message header"),
    (LETTER, "554 5.7.1 Spam message rejected"),
    (LETTER, "550 Virus Detected; Content Rejected"),
    (LETTER, "552-5.7.0 This message was blocked because its content presents a potential\n5.7.0 security issue."),
    (LATER, "451 4.7.1 Greylisting in action"),
    (LATER, "451 You have exceeded your messaging rate, later"),
    (UNCLEAR, "554 Transaction failed"),
    (UNCLEAR, "550 5.7.0 Local Policy Violation"),
    (UNCLEAR, "500 5.5.1 command not understood"),
]

TABLE = {
    **{Stage(stage): rows for stage, rows in BEFORE_MAIL.items()},
    Stage.MAIL: AT_MAIL,
    Stage.RCPT: AT_RCPT,
    Stage.CONTENT: AT_CONTENT,
    Stage.DATA: [(UNCLEAR, "554 5.5.1 no valid recipients"), (RELAYING, "554 relaying denied"), (LATER, "250 odd")],
}


@pytest.mark.parametrize("stage", Stage)
def test_real_servers_replies(stage):
    found = [(reason_of(stage, int(reply[:3]), reply[4:]), reply) for _, reply in TABLE[stage]]
    assert found == TABLE[stage]


ENDS_A_LETTER = {RECIPIENT, LETTER}
replies = st.tuples(
    st.integers(100, 999), st.sampled_from(["", "4.1.1 ", "5.1.1 ", "5.2.2 ", "5.3.4 ", "5.7.1 "]), st.text()
)


@given(reply=replies, stage=st.sampled_from(Stage))
def test_whatever_is_said_only_what_follows_the_sender_can_end_a_letter(reply, stage):
    code, enhanced, words = reply
    reason = reason_of(stage, code, enhanced + words)
    final = (
        {LETTER}
        if stage is Stage.MAIL
        else ENDS_A_LETTER
        if stage in {Stage.RCPT, Stage.DATA, Stage.CONTENT}
        else set()
    )
    assert reason in OUR_TROUBLE | {LATER, UNCLEAR} | final
    if not 500 <= code < 600:
        assert reason not in ENDS_A_LETTER


def test_a_long_reply_is_looked_at_in_its_beginning_only():
    assert reason_of(Stage.RCPT, 550, "x" * 3000 + " no such user") is UNCLEAR
