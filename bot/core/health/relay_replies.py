"""What a relay's refusal is about: us, this recipient, this letter, or nothing that lasts; by stage, codes and words.

Asked by outbound/smtp_relay.py for each reply that refuses. Only a refusal that surely speaks of the recipient or of the letter ends
a letter. One that speaks of us (sender, login, relaying, quota, our address) lets it wait until that is over (OUR_TROUBLE). What is
not understood waits too. Codes: RFC 5321 §4.2, RFC 3463, RFC 5248 and its registry, Exchange Online's own. Pure, linear; raises nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.core.records.reasons import OutboxReason
from bot.core.text.lazy_pattern import LazyPattern


class Stage(StrEnum):
    """What was answered."""

    CONNECT = "connect"  # the greeting
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"  # the end of data


_LOOKED_AT = 2000  # characters of a reply
_CLOSING = 421  # RFC 5321 §3.8: the relay goes away, whatever was asked

_AFTER_MAIL = frozenset({Stage.RCPT, Stage.DATA, Stage.CONTENT})
_MAIL_AND_AFTER = _AFTER_MAIL | {Stage.MAIL}
_AFTER_RCPT = frozenset({Stage.DATA, Stage.CONTENT})
_ALL = frozenset(Stage)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A line of the table. It fits at its stages when the codes ("550 5.7.1") match to the end and the words are found."""

    reason: OutboxReason
    stages: frozenset[Stage]
    codes: LazyPattern[str]
    words: LazyPattern[str] | None = None


def _codes(pattern: str) -> LazyPattern[str]:
    return LazyPattern(pattern)


def _words(pattern: str) -> LazyPattern[str]:
    return LazyPattern(pattern.replace(r"\b", r"(?a:\b)"), re.IGNORECASE)


_ANY = _codes(r"[45].{0,20}")
_FINAL = _codes(r"5.{0,20}")

# Who may write to a recipient is his own affair; the words of these speak of senders.
_RECIPIENTS_OWN_RULE = _codes(r"5\d\d 5\.7\.(?:2|12|17|18|124|13[3-6]|504|505|507)|525 5\.7\.13")
_NO_RECIPIENT = _codes(r"5\d\d 5\.1\.(?:1|2|3|4|6|9|10)|5\d\d 5\.2\.(?:1|2|4|14)|5\d\d 5\.4\.(?:4|310)|556 .{0,10}")
# A sender's account is "disabled" too, and his host or domain "not found": without a code these words decide nothing.
_NO_SUCH = _words(
    r"(?:user|recipient|address|mailbox|alias)s?\b[^.;]{0,40}"
    r"(?:unknown|invalid|not found|unavailable|inactive|does ?n.t exist|does not exist|not exist|no longer|not (?:known|active|present))"
    r"|account\b[^.;]{0,40}(?:unknown|not found|discontinued|does ?n.t exist|does not exist|not exist|no longer)"
    r"|(?:recipient|mailbox)\b[^.;]{0,40}(?:disabled|frozen|blocked|suspended|expired|closed|refuses|deactivated|archived)"
    r"|not a known user|no such person|no one at this address|no account by that name|deactivated mailbox"
    r"|(?:unknown|invalid|no such|non-?existent|inactive|illegal|not a valid|bad destination) (?:or illegal )?"
    r"(?:recipient |mailbox |e-?mail |user |local |destination )?(?:user|recipient|address|account|mailbox|alias|rcpt)\b"
    r"|no mailbox|not our (?:customer|user)|isn.t listed|doesn.t have an? \S{1,60} account|unrouteable|badrcptto|null ?mx"
)
_RECIPIENT_REFUSED = _words(r"recipient address rejected: access denied")
_RECIPIENT_MALFORMED = _words(r"recipient address rejected: need fully-qualified")
_FULL = _words(
    r"(?:mail ?box|inbox)\b[^.;]{0,60}(?:full|quota|storage|exceed|space)|recipient\b[^.;]{0,40}(?:is full|over ?quota|out of storage)"
    r"|quota[^.;]{0,20}\(mailbox|full mailbox|over (?:the |disk |allowed )?quota|overquota|too much mail data"
)

_LOGIN_CODES = _codes(r"53[0458] .{0,10}|5\d\d 5\.7\.(?:3|8|57|139)|525 .{0,10}")
_LOGIN = _words(
    r"authenticat\w*[^.;]{0,60}(?:required|needed|must|necessary|fail|unsuccessful|before|first|turned on)"
    r"|(?:requires?|must|need|please|without|not|un)[^.;]{0,60}authenticat|not logged in|log ?in (?:required|first|before)"
    r"|must issue a starttls|smtp auth|credentials|pop.{0,8}before.{0,4}smtp|(?:must|have to) get pop|認証"
)
_SENDER_CODES = _codes(r"5\d\d 5\.1\.(?:7|8)|5\d\d 5\.2\.252|5\d\d 5\.7\.(?:60|61|750)|[45]\d\d 4\.1\.(?:7|8)")
_SENDER = _words(
    r"sender(?:'s)? (?:e-?mail |domain |identity )?(?:address(?:es)? |domain |name )?(?:is |was |has been )?"
    r"(?:rejected|refused|denied|invalid|unknown|empty|not (?:allowed|verified|authori[sz]ed|accepted|permitted|valid|found|pre-approved)"
    r"|verif|callout|in my black|ha[sd] been blacklisted)"
    r"|(?:sender|from|originator|envelope|return.path)\b[^.;]{0,60}(?:does ?n.t|not|isn.t|must) (?:be )?"
    r"(?:match|verified|allowed|permitted|owned|authori[sz]ed|registered|belong|the same|same|valid|accepted)"
    r"|not owned by|not (?:the )?same as|login mismatch|permissions? to send as|send ?as ?denied"
    r"|not (?:allowed|permitted|authori[sz]ed) to (?:send|use) (?:as|from|mail from|this|that|the)"
    r"|(?:null|empty|blank)[ -](?:envelope |e-?mail )?(?:sender|from|reverse|return|address)|null sender"
    r"|(?:domain|name required) (?:of|for) sender|(?:invalid|unknown|unroutable|bad|forged|unacceptable) (?:outbound |envelope )?(?:sender|mail from|from|return|originator|emetteur)"
    r"|banned sender|unregistered domain|address is not verified|verified sender|purported responsible"
    r"|(?:mail|envelope)[ -]?from\b[^.;]{0,40}(?:invalid|reject|denied|refused|empty|missing|not )|mail sending denied|差出人|送信者"
)
_RELAYING_CODES = _codes(r"5\d\d 5\.7\.64")
_RELAYING = _words(
    r"relay(?:ing|ed)?\b[^.;]{0,80}(?:denied|not |n't|reject|prohibit|refus|disallow|disabled|forbidden)"
    r"|(?:denied|not|unable|cannot|can.t|don.t|won.t|refus\w{1,4}|reject\w{1,3}|no|insecure|invalid)\b[^.;]{0,60}\brelay"
    r"|rcpthosts?\b|not (?:a )?local (?:host|user|domain)|not a gateway|we don.t handle mail for"
    r"|(?:delivery|sending) (?:is )?not allowed to this|(?:system|server) is not configured|中継"
)
_QUOTA_CODES = _codes(r"5\d\d 5\.1\.(?:90|92)|5\d\d 5\.4\.5|5\d\d 5\.7\.508")
_QUOTA = _words(
    r"(?:daily|hourly|monthly|per (?:day|hour|minute|month)|sending|submission|smtp relay|outbound|outgoing|messaging|sender)\b"
    r"[^.;]{0,50}(?:limit|quota|threshold|credit|rate)"
    r"|submissionquota|maximum credits|(?:message|mail|sending|connection|frequency) ?(?:rate|frequency|volume|count|limit)\b[^.;]{0,30}(?:limit|exceed|reach)"
    r"|(?:sent|send|sending) (?:to )?too (?:many|much)|too many (?:messages|mails|e-?mails|recipients this)"
    r"|exceeded? (?:the|your|its|our|permitted|allowed)[^.;]{0,60}(?:limit|quota|threshold|credit|messages|e-?mails)"
    r"|\b(?:your|you are|you have|you've)\b[^.;]{0,60}quota|frequency limited|throttling failure|送信数|送信通数"
)
_DAILY = _words(r"(?:daily|monthly|per day|maximum credits|messaging limits)")
_BLOCKED_CODES = _codes(
    r"5\d\d 5\.7\.(?:2[0-9]|30|32|51|50[1-3]|506|509|51[0135]|[678]\d\d)|521 .{0,10}|5\d\d 5\.5\.[24]|55[05] 5\.5\.1"
)
_UNPROVEN = _words(r"\bspf\b|\bdkim\b|\bdmarc\b|sender policy framework|authentication (?:checks|information)")
_BLOCKED = _words(
    r"client host|host (?:network )?(?:rejected|not allowed)|(?:helo|ehlo)\b|dnsbl|\brbl\b|black ?list|block ?list|spamhaus|spamcop"
    r"|blocked using|reputation|reverse dns|\bptr\b|\brdns\b|name lookup failed"
    r"|your (?:ip|server|host|network|account|domain|organi[sz]ation|tenant|isp|remotehost|mail server)\b"
    r"|(?:sending|source|client|connecting|sender)(?:'s)? (?:ip|host|server|mta|account|domain)\b"
    r"|\b(?:ip|client|source|connecting) address|out(?:going|bound) (?:mail|message|e-?mail)|\bip (?:is |has been |was )?(?:blocked|blacklisted|banned|listed|not|you)|banned send|\btenant\b"
    r"|(?:sending|service|access|user|account)[^.;]{0,30}(?:suspended|paused) for (?:this|your)|sending (?:suspended|paused|disabled)"
    r"|spammer|sending spam|spam (?:source|ips?\b)|rate of (?:unsolicited )?mail|not authori[sz]ed to (?:perform|send)|account not subscribed|\btls\b|session encryption|no access from|your isp"
)

_TOO_LARGE_CODES = _codes(r"5\d\d 5\.3\.4|5\d\d 5\.2\.3")
_TOO_LARGE = _words(
    r"(?:message|mail|header|attachment|content|body)s?\b[^.;]{0,40}(?:size|length|too (?:big|large|long))"
    r"|(?:size|length)\b[^.;]{0,60}(?:exceed|limit|too (?:big|large|long)|maximum|larger)|too (?:big|large)\b|databytes"
)
_CONTENT_CODES = _codes(r"5\d\d 5\.6\.\d{1,3}|5\d\d 5\.7\.512")
_CONTENT = _words(
    r"spam|virus|malware|infect|phish|unsolicited|content|attachment|executable|\bmime\b|headers?\b|malformed|rfc ?[25]?822"
    r"|rfc ?5322|8-?bit|line too long|bare (?:lf|cr|line)|potential security issue"
)
_SOON = _words(r"verif|grey|temporar|later|progress|undeliverable|local problem")
_LATER = _words(
    r"try (?:again|later)|temporar|grey ?list|rate that prevents|receiving mail (?:too|at)|message receive limit|receive limit exceeded"
)

_TABLE: tuple[_Rule, ...] = (
    # before MAIL nothing is known of the letter: we or the relay are meant
    _Rule(
        OutboxReason.RELAY_QUOTA, frozenset({Stage.AUTH}), _ANY, _words(r"credits|quota|limits? (?:exceeded|reached)")
    ),
    _Rule(OutboxReason.RELAY_LOGIN, frozenset({Stage.AUTH}), _ANY),
    _Rule(OutboxReason.RELAY_INSECURE, frozenset({Stage.STARTTLS}), _FINAL),
    _Rule(OutboxReason.RELAY_LOGIN, frozenset({Stage.CONNECT, Stage.EHLO}), _LOGIN_CODES),
    _Rule(OutboxReason.RELAY_BLOCKED, frozenset({Stage.CONNECT, Stage.EHLO}), _FINAL),
    # codes and words that say one thing only
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _RECIPIENTS_OWN_RULE),
    _Rule(
        OutboxReason.RELAY_DEFERRED,
        _AFTER_MAIL,
        _FINAL,
        _words(r"rate that prevents|receiving mail (?:too|at)|receive limit"),
    ),
    _Rule(OutboxReason.RELAY_LOGIN, _MAIL_AND_AFTER, _LOGIN_CODES),
    _Rule(OutboxReason.RELAY_QUOTA, _MAIL_AND_AFTER, _QUOTA_CODES),
    _Rule(OutboxReason.LETTER_REFUSED, _MAIL_AND_AFTER, _TOO_LARGE_CODES),
    _Rule(OutboxReason.RELAY_QUOTA, _MAIL_AND_AFTER, _FINAL, _QUOTA),
    _Rule(OutboxReason.RELAY_QUOTA, _MAIL_AND_AFTER, _ANY, _DAILY),
    _Rule(OutboxReason.RELAY_DEFERRED, _MAIL_AND_AFTER, _codes(r"4.{0,20}"), _SOON),
    _Rule(OutboxReason.RELAY_BLOCKED, _MAIL_AND_AFTER, _FINAL, _UNPROVEN),
    _Rule(OutboxReason.RELAY_SENDER, _MAIL_AND_AFTER, _SENDER_CODES),
    _Rule(OutboxReason.RELAY_SENDER, _MAIL_AND_AFTER, _ANY, _SENDER),
    _Rule(OutboxReason.RELAY_RELAYING, _MAIL_AND_AFTER, _RELAYING_CODES),
    _Rule(OutboxReason.RELAY_RELAYING, _MAIL_AND_AFTER, _ANY, _RELAYING),
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _FINAL, _RECIPIENT_MALFORMED),
    _Rule(OutboxReason.RELAY_BLOCKED, _MAIL_AND_AFTER, _BLOCKED_CODES),
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _NO_RECIPIENT),
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _codes(r"5\d\d 5\.4\.1"), _RECIPIENT_REFUSED),
    # what words say
    _Rule(OutboxReason.LETTER_REFUSED, _MAIL_AND_AFTER, _FINAL, _TOO_LARGE),
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _FINAL, _FULL),
    _Rule(OutboxReason.RELAY_BLOCKED, _MAIL_AND_AFTER, _FINAL, _BLOCKED),
    _Rule(OutboxReason.RELAY_LOGIN, _MAIL_AND_AFTER, _FINAL, _LOGIN),
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _FINAL, _NO_SUCH),
    _Rule(OutboxReason.RELAY_REFUSED, _AFTER_MAIL, _codes(r"551 .{0,10}")),
    _Rule(OutboxReason.LETTER_REFUSED, _AFTER_RCPT, _CONTENT_CODES),
    _Rule(OutboxReason.LETTER_REFUSED, _AFTER_RCPT, _FINAL, _CONTENT),
    # the rest
    _Rule(OutboxReason.RELAY_DEFERRED, _ALL, _codes(r"4.{0,20}|5\d\d 4\..{0,10}")),
    _Rule(OutboxReason.RELAY_DEFERRED, _AFTER_MAIL, _FINAL, _LATER),
    _Rule(OutboxReason.RELAY_SENDER, frozenset({Stage.MAIL}), _FINAL),
    _Rule(OutboxReason.RELAY_UNCLEAR, _AFTER_MAIL, _FINAL),
)

# RFC 2034 puts the enhanced code first, and again on each further line; qmail writes (#5.1.1) at the end.
_ENHANCED = LazyPattern(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_ADDRESSES = LazyPattern(r"<[^<>]{1,400}>|[^\s<>]{1,64}@[^\s<>]{1,255}")
_TABLES = LazyPattern(
    r"in (?:relay|local|virtual) (?:recipient|alias|mailbox) table"
)  # Postfix's, whose names are no refusal
_QUOTED = LazyPattern(r" said: ")  # what another server said about the same address


def reason_of(stage: Stage, code: int, message: str) -> OutboxReason:
    """Why a relay refused, by its reply (`message`: all its lines, without the basic code); RELAY_DEFERRED for what is no refusal."""
    if code == _CLOSING or not 400 <= code < 600:
        return OutboxReason.RELAY_DEFERRED
    text = message[:_LOOKED_AT]
    enhanced = _ENHANCED.search(text)
    codes = f"{code} {enhanced.group() if enhanced else ''}"
    words = " ".join(_ADDRESSES.sub(" ", _ENHANCED.sub(" ", text)).split())
    words = _QUOTED.split(_TABLES.sub("", words), 1)[0]
    for rule in _TABLE:
        if stage in rule.stages and rule.codes.fullmatch(codes) and (not rule.words or rule.words.search(words)):
            return rule.reason
    return OutboxReason.RELAY_DEFERRED
