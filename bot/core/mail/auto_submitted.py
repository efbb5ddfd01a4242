"""Why a mail must not be answered automatically: the signs of RFC 3834, of vendors, and of systems without such fields.

Called in the reading child, and by the daemon for what the header alone says (`screen_head`). Pure; nothing is raised; every rule reads bounded text. The order is
envelope, header fields, sender. Words in a subject or body count only with a second sign: a system's fixed form at the
beginning of the subject and no attachment, or two of subject, sender and body. A person's reply to or forwarding of automatic
mail ("Re: 【自動返信】…") is a person's mail. Two things are no signs: none of our addresses in To or Cc (Bcc, a forwarder, an
alias), and Feedback-ID (relays add it to mail by people).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.core.mail.addresses import is_ambiguous, parse_addresses
from bot.core.mail.gateways import is_gateways_notice
from bot.core.mail.message import Header, Mail
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import MailReason
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.responders_words import (
    AWAY_SUBJECT,
    SUBJECT_LIKE_A_RESPONDERS,
    SUBJECT_OF_RESPONDER,
    says_automatic,
)

OWN_HEADER = "X-Hosho-Bot"


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """Our own addresses, in lower case, by which our own mail is recognised besides its header fields."""

    addresses: frozenset[str]


# Mail whose content is another mail sent back, or our own: it holds no submission.
_UNREADABLE = frozenset(
    {MailReason.NULL_SENDER, MailReason.DELIVERY_REPORT, MailReason.AUTOMATIC_REPLY, MailReason.OWN_MAIL},
)


def is_content_void(reason: MailReason) -> bool:
    """Whether the content of a mail with this reason must not be read: it may be a returned copy of a real notice."""
    return reason in _UNREADABLE


def screen(mail: Mail, mail_from: str | None, own: OwnIdentity) -> MailReason | None:
    """Why this mail must not be answered automatically; None when there is no sign against a person as its sender.

    `mail_from`: the reverse-path, "" for `<>`, None when unknown. None as a result is no permission: an answer also needs a
    positive sender proof.
    """
    reason = _screened(mail, mail_from, own)
    if reason is MailReason.AUTOMATIC_REPLY and _replies_once(_Signs(mail, mail_from or "", own)):
        return MailReason.AUTOMATIC_MAIL  # what it brings is looked into
    return reason


def is_void_within(mail: Mail) -> bool:
    """Whether a mail that is attached to another must not be read, whatever it brings: nobody sees there that a machine wrote it."""
    reason = _screened(mail, None, OwnIdentity(frozenset()))  # ours are known by what stands in them
    return reason is not None and is_content_void(reason)


def _screened(mail: Mail, mail_from: str | None, own: OwnIdentity) -> MailReason | None:
    if reason := _certain(mail, mail_from, own):
        return reason
    signs = _Signs(mail, mail_from or "", own)
    return next((reason for rule, reason in _RULES if rule(signs)), None)


def _certain(mail: Mail, mail_from: str | None, own: OwnIdentity) -> MailReason | None:
    if mail_from in {"", "<>"} or any(not value.strip("<> ") and value for value in mail.values("Return-Path")):
        return MailReason.GATEWAY_NOTICE if _is_gateways(_Signs(mail, "", own)) else MailReason.NULL_SENDER
    return MailReason.OWN_MAIL if _is_own(mail, own) else None


def screen_header(mail: Mail, mail_from: str | None, own: OwnIdentity) -> MailReason | None:
    """`screen`, and before what only forbids an answer: a header that two programs read differently gives nobody's word."""
    reason = screen(mail, mail_from, own)
    return MailReason.FIELDS_REPEATED if is_ambiguous(mail) and _weight(reason) < _VOID else reason


def screen_head(head: Mail, mail_from: str | None, own: OwnIdentity) -> MailReason | None:
    """`screen_header` by the header fields that the daemon reads by itself: signs that no child can hide.

    Whether an automatic reply brings a file, and is read, can't be told here: it is a machine's mail at least.
    """
    if (reason := _certain(head, mail_from, own)) is None:
        signs = _Signs(head, mail_from or "", own)
        reason = next((reason for rule, reason in _RULES if rule in _OF_THE_HEAD and rule(signs)), None)
    reason = MailReason.AUTOMATIC_MAIL if reason is MailReason.AUTOMATIC_REPLY else reason
    return MailReason.FIELDS_REPEATED if is_ambiguous(head) and _weight(reason) < _VOID else reason


def stricter(told: MailReason | None, own: MailReason | None) -> MailReason | None:
    """What a child told of the whole mail, unless the header by itself (`screen_head`) forbids more.

    A gateway's notice without a sender is one by its words; it is never answered either.
    """
    is_gateways = told is MailReason.GATEWAY_NOTICE and own is MailReason.NULL_SENDER
    return told if is_gateways or _weight(told) >= _weight(own) else own


_VOID = 3


def _weight(reason: MailReason | None) -> int:
    if reason is None:
        return 0
    return _VOID if is_content_void(reason) else 1 + (reason is MailReason.FIELDS_REPEATED)


def _is_own(mail: Mail, own: OwnIdentity) -> bool:
    return (
        bool(mail.values(OWN_HEADER))
        or mail.message_id.startswith(f"<{MESSAGE_ID_PREFIX}")
        or any(address.addr_spec.lower() in own.addresses for address in mail.from_ if address.addr_spec)
    )


# ---------------------------------------------------------------- what the rules look at

_START_OF_BODY = 4000  # characters; a system's text is at the start, a person's quotation later or after "Re:"


_COMMENT = LazyPattern(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class _Signs:
    mail: Mail
    mail_from: str
    own: OwnIdentity

    @property
    def body(self) -> str:
        return self.mail.body[:_START_OF_BODY]

    @property
    def own_words(self) -> str:
        """The start of the body without what it quotes."""
        text = self.body
        quoted = _QUOTATION.search(text)
        text = text[: quoted.start()] if quoted else text
        return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith((">", "＞")))

    def has(self, *names: str) -> bool:
        """Whether any of these headers is there and does not say "no"."""
        return any(_says_yes(value) for name in names for value in self.mail.values(name))

    def keywords(self, *names: str) -> Iterator[str]:
        """The headers' values in lower case, without comments and parameters."""
        for name in names:
            for value in self.mail.values(name):
                yield _COMMENT.sub("", value).partition(";")[0].strip().lower()

    @property
    def author_locals(self) -> frozenset[str]:
        """Local parts of the authors in lower case; of a From without a plain address, whatever stands in its place."""
        plain = {address.addr_spec.rpartition("@")[0].lower() for address in self.mail.from_ if address.addr_spec}
        if plain:
            return frozenset(plain)
        return frozenset(
            local.lower() for value in self.mail.values("From") for local in _ODD_LOCAL.findall(value[:_FROM])
        )

    @property
    def sender_locals(self) -> frozenset[str]:
        """Local parts of those who sent it for the authors: Sender and the envelope."""
        senders = [address for value in self.mail.values("Sender") for address in parse_addresses(value, 10)]
        locals_ = {address.addr_spec.rpartition("@")[0].lower() for address in senders}
        return frozenset((locals_ | {self.mail_from.rpartition("@")[0].lower()}) - {""})


def _says_yes(value: str) -> bool:
    return value.strip().lower() not in {"", "no", "none", "0", "false", "off"}


_FROM = 500
_ODD_LOCAL = LazyPattern(r"(?<![@\w.-])([^\s<>\"()@,;:]{1,64}+)(?=@|>|\s{0,9}(?:<>|\(|\Z))")
# Where mail programs begin to quote the mail that is answered.
_QUOTATION = LazyPattern(
    r"^[ \t]*(?:-{2,}.{0,20}(?:original message|forwarded message|元のメッセージ|転送).{0,20}-{2,}|_{10,}[ \t]*$|(?:差出人|from|送信者)\s*[:：]"
    r"|on .{5,100} wrote:|\d{4}[年/].{5,100}[:：][ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)

# ---------------------------------------------------------------- reports about delivery

_REPORT_TYPES = frozenset(
    {
        "multipart/report",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "message/tracking-status",
        "text/rfc822-headers",
        "text/x-rfc822-headers",
    },
)
_DAEMON = LazyPattern(
    r"(?:.*[-_.+])?(?:mailer[-_.]?daemon|mail[-_.]?daemon|maildaemon|mdaemon|mail[-_.]?delivery[-_.]?(?:subsystem|system)|bouncenotice"
    r"|microsoftexchange[0-9a-f]{8,})(?:[-_.+].*)?"
    r"|(?:bounces?|undeliverable|mail[-_.]?dsn|feedback[-_.]?loop|(?:staff-?)?fbl|scomp|arf)(?:[-_.+].*)?",
)
_POSTMASTER = LazyPattern(
    r"post[-_.]?master|postmast|mail[-_.]?admin|mailmaster|hostmaster|root|mta|daemon|mailsystem|(?:.+[-_.])?postmaster"
)


def _is_report(signs: _Signs) -> bool:
    types = {signs.mail.media_type, *(part.media_type for part in signs.mail.parts)}
    return bool(types & _REPORT_TYPES)


def _has_report_headers(signs: _Signs) -> bool:
    return signs.has("X-Failed-Recipients", "X-Feedback-Type", "X-Bounce-Reason", "X-HmXmrOriginalRecipient")


def _is_from_daemon(signs: _Signs) -> bool:
    envelope_local = signs.mail_from.rpartition("@")[0].lower()
    return any(_DAEMON.fullmatch(local) for local in signs.author_locals) or envelope_local == "mailer-daemon"


# How mail systems begin the subject of a report. A person's "Re:" or "Fwd:" before it breaks the match.
_REPORT_SUBJECT = LazyPattern(
    r"[\s\[【(（<*!]*(?:"
    r"undeliver(?:ed|able)(?:\W|\Z)|(?:mail |message )?delivery (?:status )?(?:notification|failed|failure|has failed|problem|report|error|status)"
    r"|(?:mail |message |email |system )*(?:delivery |transport )?(?:failure|error) (?:notice|notification|report)|failure notice"
    r"|failed (?:mail|delivery)|return(?:ed|ing) (?:mail|to sender|message)|return receipt"
    r"|mail (?:could not|delivery|system error|failure|error|returned)|mailsystem|delivery (?:unsuccessful|delayed)"
    r"|message (?:delivery|status|undeliverable|could not)|non[- ]?(?:delivery|remise|deliverable)|warning: (?:message|could not|return)"
    r"|(?:dsn|ndr|ndn)(?:\W|\Z)|your message (?:to|could)|could ?not (?:be )?(?:deliver|send)|unzustellbar|abuse report|user unknown"
    r"|(?:email )?feedback report|complaint about message|postmaster notify|loop alert|aws notification message\Z"
    r")|.*(?:: non remis(?:\W|\Z)|\(delivery failed\)\s*\Z)",
    re.IGNORECASE,
)
# The same in Japanese: people write these words too ("送信エラーの件"), so they need a system's address beside them.
_JAPANESE_REPORT_SUBJECT = LazyPattern(
    r"[\s\[【(（<]*(?:メール)?(?:配信|配送|送信|転送)?(?:メール)?(?:不能|不可|エラー|失敗|遅延|不達|できません|されません|状態(?:の)?通知)|宛先不明",
)
# What mail systems write about a mail that did not arrive.
_REPORT_BODY = LazyPattern(
    r"could\s+not\s+be\s+(?:delivered|sent)|couldn't be delivered|unable to (?:deliver|relay)|(?:was|were|not) not (?:be )?delivered|undeliverable"
    r"|not be delivered|cannot be delivered|can't be delivered|fatal errors|permanent (?:error|failure)"
    r"|delivery (?:to the following|failed|attempt|has failed)|following (?:address|recipient|error)|mail system at host|qmail-send program"
    r"|final-recipient:|diagnostic|user unknown|unknown user|no such user|mailbox (?:unavailable|full|is full|not found)|over quota"
    r"|recipient(?:'s)? (?:address|rejected|unknown)|does not exist|(?:\A|\W)(?:55[0-9][ -]|5\.[0-9]\.[0-9]{1,2}(?:\W|\Z))|returned (?:to|message|mail)"
    r"|transcript of session|feedback-type:|abuse report|error delivering|original mail as follows"
    r"|配信できません|配信されません|配信不能|送信できません|届けることができません|お届けできません|配送できません|存在しません",
    re.IGNORECASE,
)


def _is_report_in_words(signs: _Signs) -> bool:
    """Two of three: a system's subject, a system's sender, a system's words."""
    sender = any(_POSTMASTER.fullmatch(local) or _SYSTEM_LOCAL.fullmatch(local) for local in signs.author_locals)
    body = bool(_REPORT_BODY.search(signs.body))
    if _REPORT_SUBJECT.match(signs.mail.subject):
        return sender or body
    if _JAPANESE_REPORT_SUBJECT.match(signs.mail.subject):
        return sender
    return body and any(_POSTMASTER.fullmatch(local) for local in signs.author_locals)


# ---------------------------------------------------------------- automatic replies

# By what the name speaks of, since each vendor has his own; what asks others for no reply (X-Auto-Response-Suppress) is none.
_AUTO_REPLY_HEADER = LazyPattern(
    r"(?:x-)?(?:[a-z0-9]{1,30}-){0,4}(?:auto-?(?:repl(?:y|ied)|respon[ds](?:e|er|ded)?|answer(?:ed)?)|vacation|out-?of-?office|ooo|oof|away|absence)"
    r"(?:-[a-z0-9]{1,30}){0,4}|x-ms-exchange-inbox-rules-loop",
    re.IGNORECASE,
)
_NO_REPLY_HEADER = LazyPattern(
    r".*(?:suppress|subject|request|allow|ignore|prevent|no-?auto|status|score).*", re.IGNORECASE
)
_AUTO_REPLY_LOCAL = LazyPattern(
    r"(?:.*[-_.+])?(?:auto[-_.]?(?:reply|responder|respond|response|answer)|vacation)(?:[-_.+].*)?"
)


def _is_auto_replied(signs: _Signs) -> bool:
    return any(value.startswith("auto-replied") for value in signs.keywords("Auto-Submitted")) or any(
        value in {"auto_reply", "auto-reply", "autoreply"}
        for value in signs.keywords("Precedence", "X-Precedence", "Preference")
    )


def _has_reply_headers(signs: _Signs) -> bool:
    return (
        any(_is_reply_header(one) for one in signs.mail.headers)
        or any(_RESPONDERS_NAME.search(value) for value in signs.keywords("X-Mailer", "User-Agent", "Delivered-To"))
        or "autorespond" in signs.mail.value("X-POST-MessageClass").lower()
        or any(value == "mailbox rules agent" for value in signs.keywords("X-MS-Exchange-Generated-Message-Source"))
        or any(_AUTO_REPLY_LOCAL.fullmatch(local) for local in signs.author_locals)
    )


def _is_reply_header(header: Header) -> bool:
    name = header.name
    is_named = _AUTO_REPLY_HEADER.fullmatch(name) is not None and not _NO_REPLY_HEADER.fullmatch(name)
    return is_named and _says_yes(header.value)


_RESPONDERS_NAME = LazyPattern(r"autorespond|auto-?reply|\bvacation\b")


def _is_reply_in_words(signs: _Signs) -> bool:
    subject = signs.mail.subject
    if SUBJECT_OF_RESPONDER.match(subject):
        return True
    if _SUBJECT_OF_READ_RECEIPT.match(subject):
        return not has_file(signs.mail) and bool(_READ_BODY.search(signs.body))
    if _PERSONS_PREFIX.match(subject):  # what follows are the words of the mail that a person answers or passes on
        return False
    return bool(AWAY_SUBJECT.search(subject)) and says_automatic(signs.own_words)


def _is_like_a_responders(signs: _Signs) -> bool:
    """Whether a mail that brings a file has a subject like a responder's: a person may have written it, so it is read all the same."""
    return has_file(signs.mail) and SUBJECT_LIKE_A_RESPONDERS.match(signs.mail.subject) is not None


def _replies_once(signs: _Signs) -> bool:
    """Whether a single sign makes a mail that brings a file an automatic reply: responders attach nothing."""
    subject = signs.mail.subject
    found = (
        _is_auto_replied(signs),
        _has_reply_headers(signs),
        bool(SUBJECT_OF_RESPONDER.match(subject) or AWAY_SUBJECT.search(subject)),
        says_automatic(signs.own_words),
    )
    return has_file(signs.mail) and sum(found) == 1


def has_file(mail: Mail) -> bool:
    """Whether something is attached that a responder does not attach; pictures are ornament, signatures its program's."""
    return any(part.is_attachment and not part.media_type.startswith(_BY_PROGRAMS) for part in mail.parts)


_BY_PROGRAMS = (
    "image/",
    "text/",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
)


# 開封確認 (RFC 8098) from programs that write it as plain text.
_SUBJECT_OF_READ_RECEIPT = LazyPattern(
    r"\s*[\[【(（]?\s*(?:開封(?:済み?|確認|通知)|既読|(?:not )?read|read receipt)\s*[\]】)）:：]", re.IGNORECASE
)
_READ_BODY = LazyPattern(
    r"(?:開封|表示|既読に)(?:さ|し)れ?ま|was (?:read|displayed|deleted without being read)|has been (?:read|displayed)"
    r"|return receipt|受信者の(?:画面|コンピューター)",
    re.IGNORECASE,
)
# RFC 5546: what a calendar answers by itself or at a button's press; an invitation is a person's mail.
_CALENDAR_ANSWER = LazyPattern(
    r"^METHOD:(?:REPLY|COUNTER|DECLINECOUNTER|REFRESH)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)


def _is_calendar_answer(signs: _Signs) -> bool:
    return any(
        part.media_type == "text/calendar" and _CALENDAR_ANSWER.search((part.text or "")[:_START_OF_BODY])
        for part in signs.mail.parts
    )


_PERSONS_PREFIX = LazyPattern(r"\s*(?:re|fw|fwd|転送|返信)\s*(?:\[\d+\]|\^\d+)?\s*[:：]", re.IGNORECASE)

# ---------------------------------------------------------------- lists, other machines, system addresses, spam

_LIST_HEADERS = (
    "List-Id", "List-Post", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Help", "List-Owner", "List-Archive",
    "Mailing-List",
    "X-Mailing-List", "X-Mailman-Version", "X-BeenThere", "X-ML-Name", "X-ML-Count", "X-ML-Info", "X-MLServer", "X-List-Server",
)  # fmt: skip
_MACHINE_HEADERS = (
    "X-Loop", "X-FC-MachineGenerated", "X-Autogenerated", "X-Auto-Generated", "X-Cron-Env", "X-RT-Loop-Prevention",
    "X-Redmine-Host", "X-GitLab-Project", "X-JIRA-FingerPrint", "X-Facebook-Notify", "X-Nagios-Notification",
)  # fmt: skip
# "All" or "AutoReply" forbid an answer (MS-OXCMAIL); DR, RN, NRN, OOF alone ask for less than that.
_SUPPRESSED = frozenset({"all", "autoreply"})
_LIST_LOCAL = LazyPattern(
    r".+-(?:request|bounces?|owner|admin-bounces)(?:[+=].*)?|owner-.+|listserv|majordomo|mailman|listmaster"
)
_SYSTEM_LOCAL = LazyPattern(
    r"postmaster|root|nobody|daemon|www-data|apache|cron"
    r"|(?:.*[-_.+])?(?:no|do[-_.]?not|dont|never|please[-_.]?do[-_.]?not)[-_.]?(?:reply|respond|response|answer|henshin)s?(?:[-_.+0-9].*)?",
)


def _is_list(signs: _Signs) -> bool:
    return signs.has(*_LIST_HEADERS) or any(value == "list" for value in signs.keywords("Precedence", "X-Precedence"))


_COMMAS = LazyPattern(r"[,\s]+")


def _is_machine(signs: _Signs) -> bool:
    return (
        any(value not in {"", "no"} for value in signs.keywords("Auto-Submitted"))
        or signs.has(*_MACHINE_HEADERS)
        or any(value in {"bulk", "junk"} for value in signs.keywords("Precedence", "X-Precedence"))
        or any(_SUPPRESSED & set(_COMMAS.split(value)) for value in signs.keywords("X-Auto-Response-Suppress"))
        or bool(_SENT_BY_MACHINE.match(signs.mail.subject))
    )


_SENT_BY_MACHINE = LazyPattern(r"\s*[【\[(（<＜]\s*自動(?:送信|配信|通知)(?:メール)?\s*[】\])）>＞]")


def _is_system_address(signs: _Signs) -> bool:
    return any(_SYSTEM_LOCAL.fullmatch(local) or _LIST_LOCAL.fullmatch(local) for local in signs.author_locals) or any(
        _LIST_LOCAL.fullmatch(local) for local in signs.sender_locals
    )


def _is_gateways(signs: _Signs) -> bool:
    return is_gateways_notice(signs.mail, frozenset(one.rpartition("@")[2] for one in signs.own.addresses))


def _is_spam(signs: _Signs) -> bool:
    return any(value.startswith("yes") for value in signs.keywords("X-Spam-Flag", "X-Spam-Status", "X-Spam"))


_MOST_HOPS = 50
"""More Received fields than this: the mail goes round (Postfix's hopcount_limit)."""


def _goes_round(signs: _Signs) -> bool:
    return len(signs.mail.values("Received")) > _MOST_HOPS


# In order: first what forbids to look into the content, then what only forbids an answer.
_RULES: tuple[tuple[Callable[[_Signs], bool], MailReason], ...] = (
    (_is_report, MailReason.DELIVERY_REPORT),
    (_has_report_headers, MailReason.DELIVERY_REPORT),
    (_is_from_daemon, MailReason.DELIVERY_REPORT),
    (_is_auto_replied, MailReason.AUTOMATIC_REPLY),
    (_has_reply_headers, MailReason.AUTOMATIC_REPLY),
    (_is_report_in_words, MailReason.DELIVERY_REPORT),
    (_is_reply_in_words, MailReason.AUTOMATIC_REPLY),
    (_is_calendar_answer, MailReason.AUTOMATIC_REPLY),
    (_goes_round, MailReason.GOES_ROUND),
    (_is_gateways, MailReason.GATEWAY_NOTICE),
    (_is_list, MailReason.MAILING_LIST),
    (_is_machine, MailReason.AUTOMATIC_MAIL),
    (_is_like_a_responders, MailReason.AUTOMATIC_MAIL),
    (_is_system_address, MailReason.SYSTEM_ADDRESS),
    (_is_spam, MailReason.SPAM),
)
# Those that ask who sent it and what few fields say: more fields, a subject's words and files give them no less.
_OF_THE_HEAD = frozenset(
    {_is_from_daemon, _is_auto_replied, _has_reply_headers, _goes_round, _is_machine, _is_system_address}
)
