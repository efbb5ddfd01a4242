"""Bounce reports about our letters (RFC 3464, RFC 6533, and the private formats of mail systems).

`find_report` is called in the reading process and extracts the data of a report. `returned_letter` is called by the sorter
and interprets them for our letters. A report names a letter by data that only its recipient knows: the VERP token in its
reverse-path (core/records/own_identifiers.py) or its Message-ID. Pure; linear in the mail's first MiB; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.mail.automatic.screen import screen
from bot.core.mail.message import Mail
from bot.core.mail.parse import ParsedMail
from bot.core.records.envelope import parted
from bot.core.records.outgoing_mail import BounceMatch, BounceReport
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX, TOKEN
from bot.core.records.reasons import MailReason
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean

_LOOKED_AT_BYTES = 1024 * 1024  # a report is short; what it returns begins with the headers
_OF_A_PART_BYTES = 256 * 1024
_ADDRESSES = 20  # a letter has one recipient, but an alias may expand to several
_WORDS_CHARACTERS = 300
_START_OF_BODY = 6000  # characters; the explanation is at the start, the returned mail later

_OURS = LazyPattern(rb"<" + re.escape(MESSAGE_ID_PREFIX.encode()) + rb"[0-9a-f]{32}@[A-Za-z0-9.-]{1,253}>")
_TOKEN = LazyPattern(TOKEN.encode() + rb"@[A-Za-z0-9.-]{1,253}", re.IGNORECASE)
_LOCAL_BEFORE = LazyPattern(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,40}\Z")
_SOFT_BREAK = LazyPattern(rb"=[ \t]{0,200}+\r?\n")
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
# Reports about a letter that arrived: read, deleted, unwanted.
_OPINION_TYPES = frozenset(
    {
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "message/tracking-status",
    },
)


@dataclass(frozen=True, slots=True)
class Report:
    """The data about other mails in a mail; empty for most mails."""

    message_ids: tuple[str, ...] = ()  # ours, after the mail's own header block
    reverse_paths: tuple[str, ...] = ()  # addresses with a token of our form, anywhere
    actions: tuple[str, ...] = ()  # RFC 3464's Action fields, lower case
    statuses: tuple[str, ...] = ()  # RFC 3464's Status fields
    failed: tuple[str, ...] = ()  # addresses, by these fields or as flufl.bounce recognised them
    delayed: tuple[str, ...] = ()  # likewise
    diagnosis: str = ""  # the server's text


# ---------------------------------------------------------------- in the child: what stands in the mail


def find_report(content: bytes, parsed: ParsedMail) -> Report:
    """Extract the report from `content`; `parsed`: the same mail, parsed."""
    head, body = parted(content[:_LOOKED_AT_BYTES])
    texts = [_SOFT_BREAK.sub(b"", body)]
    status: list[bytes] = []
    for part in parsed.mail.parts:
        if not part.media_type.startswith(("text/", "message/")):
            continue
        decoded = parsed.contents.get(part.path, b"")[:_OF_A_PART_BYTES].replace(b"\r\n", b"\n")
        if part.media_type in _STATUS_TYPES:
            status.append(decoded)
        texts.append(decoded)
    if status:
        blocks = list(_recipient_blocks(status))
    else:
        lines = body.replace(b"\r\n", b"\n") if b"action" in body.lower() else b""
        blocks = [one for one in _recipient_blocks([lines]) if _is_whole(one)]
    addresses = {action: _addresses_of(blocks, action) for action in ("failed", "delayed")}
    told = [block for block in blocks if block["action"] == "failed"] or blocks
    return Report(
        message_ids=_unique(found.decode("ascii") for text in texts for found in _OURS.findall(text)),
        reverse_paths=_unique(address for text in (head, *texts) for address in _tokened(text)),
        actions=_unique(block["action"] for block in blocks),
        statuses=_unique(block["status"] for block in told if block.get("status")),
        failed=addresses["failed"],
        delayed=addresses["delayed"],
        diagnosis=next((block["diagnostic-code"] for block in told if block.get("diagnostic-code")), ""),
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:_ADDRESSES]


def _tokened(text: bytes) -> Iterator[str]:
    if b"@" not in text:  # a file in base64
        return
    for found in _TOKEN.finditer(text):
        local = _LOCAL_BEFORE.search(text, max(found.start() - 40, 0), found.start())
        if local:
            yield (local.group() + found.group()).decode("ascii").lower()


_VALUE = 40_000  # bytes of a field
_BLOCKS = 2000  # of a report; each letter of ours has one recipient
_FIELD = LazyPattern(
    rb"^(Action|Status|Diagnostic-Code|Original-Recipient|Final-Recipient)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)",
    re.IGNORECASE | re.MULTILINE,
)


_BLANK_LINES = LazyPattern(rb"\n[ \t]{0,200}+\n")
_ACTION = LazyPattern(r"[a-z]+")
_STATUS = LazyPattern(r"[245]\.\d{1,3}\.\d{1,3}")


def _recipient_blocks(texts: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """The fields of each recipient, by name in lower case: blocks that have an Action (RFC 3464 §2.3)."""
    for text in texts:
        for block in _BLANK_LINES.split(text, _BLOCKS)[:_BLOCKS]:
            fields: dict[str, str] = {}
            for name, value in _FIELD.findall(block):
                words = " ".join(value[:_VALUE].decode("utf-8", "replace").split())
                fields.setdefault(name.decode("ascii").lower(), words)
            # Some systems add a comment after the word, and OpenSMTPD writes "error" for "failed".
            action = _ACTION.match(fields.get("action", "").lower())
            if action:
                status = _STATUS.match(fields.get("status", ""))
                fields["action"] = {"error": "failed", "fail": "failed"}.get(action.group(), action.group())
                fields["status"] = status.group() if status else ""
                fields["diagnostic-code"] = clean(fields.get("diagnostic-code", ""), _WORDS_CHARACTERS)
                yield fields


_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})


def _is_whole(block: dict[str, str]) -> bool:
    """Whether fields that stand in a text are a report's: people and scanners write `Action:` too, but no recipient with a status."""
    is_told = any(_address_in(block, name) for name in ("original-recipient", "final-recipient"))
    return block["action"] in _ACTIONS and bool(block["status"]) and is_told


def _address_in(block: dict[str, str], name: str) -> str:
    value = block.get(name, "")
    return folded_address(value.partition(";")[2] or value)


def _addresses_of(blocks: Sequence[dict[str, str]], action: str) -> tuple[str, ...]:
    names = (
        (block, "original-recipient" if block.get("original-recipient") else "final-recipient")
        for block in blocks
        if block["action"] == action
    )
    return _unique(address for block, name in names if (address := _address_in(block, name)))


_UNICODE = LazyPattern(r"\\x\{([0-9A-Fa-f]{1,6})\}")  # RFC 6533 §3: utf-8-addr-xtext
_ADDR_SPEC = LazyPattern(r"[^\s<>@,;:\"()]{1,64}@[^\s<>@,;:\"()]{1,255}")


def folded_address(text: str) -> str:
    """The first address in a text as we write recipients: lower case, its domain in ASCII; "" when there is none."""
    plain = _UNICODE.sub(lambda found: _character(int(found.group(1), 16)), text[:1000])
    found = _ADDR_SPEC.search(plain)
    if found is None:
        return ""
    local, _, domain = found.group().rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return f"{local}@{domain.rstrip('.')}".lower()


def _character(number: int) -> str:
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else ""


# ---------------------------------------------------------------- in the daemon: what that means

# Reasons of mails that may be reports in a private format; mails by people and lists are none.
_MAY_REPORT = frozenset(
    {
        MailReason.DELIVERY_REPORT,
        MailReason.NULL_SENDER,
        MailReason.AUTOMATIC_REPLY,
        MailReason.AUTOMATIC_MAIL,
        MailReason.SYSTEM_ADDRESS,
    },
)
# RFC 3463's codes and RFC 5321's; 550-0001 in a signature is a postal code, of Osaka.
_CODE = LazyPattern(
    r"(?<![\d.])([45])\.\d{1,3}\.\d{1,3}(?![\d.])|(?<![\d.,-])([45])(?:5[0-9]|21|22)(?=[ :-])(?! ?-\d{4}(?!\d)| ?円)|\b([45])[0-7][0-9][ -]#?[45]\."
)
_LATE = LazyPattern(
    r"will (?:be )?(?:retr|keep|continue)|not yet (?:been )?delivered|warning message only|do not (?:need to )?re-?send|delayed"
    r"|再送(?:を|信)|遅延|遅れて",
    re.IGNORECASE,
)
_NEVER = LazyPattern(
    r"(?:user|recipient|address|account|mailbox) (?:is )?unknown|unknown (?:user|recipient|address|account|local)|no such (?:user|mailbox|address|account|recipient)"
    r"|does ?n[o']t exist|doesn't exist|not exist|undeliverable|couldn?'?t (?:not )?be delivered|could not be delivered|(?:un|not )able to (?:deliver|send)"
    r"|permanent (?:fatal )?(?:error|failure)|fatal errors|invalid (?:recipient|address|mailbox|user)|(?:not|wasn't|was not) (?:be )?delivered"
    r"|(?:was|were|been) rejected|could ?n[o']t be reached|did ?n[o']t reach|error delivering|delivery failed|not found|malformed address"
    r"|account is disabled|mailbox is full|リストにありません|宛先不明|存在しません|存在しない|見つかりません|(?:お届け|お送り|届けること|配信|送信|配送|転送)(?:が)?(?:でき(?:ません|なかった)|されません)",
    re.IGNORECASE,
)


def returned_letter(
    report: Report, mail: Mail, automatic: MailReason | None, rcpt_tos: Collection[str]
) -> BounceReport | None:
    """The bounce report about a letter of ours; None for every other mail. `rcpt_tos`: the envelope's recipients.

    The store checks that it names an existing letter, because anyone can write such a mail.
    """
    if automatic not in _MAY_REPORT or _is_opinion(mail):
        return None
    fate = _fate(report, mail, automatic)
    if fate is None:
        return None
    is_final, is_sure = fate
    start = mail.body[:_START_OF_BODY]
    named = report.failed or report.delayed
    addresses = named or _unique(a for found in _ADDR_SPEC.findall(start) if (a := folded_address(found)))
    to_us = (address.lower() for address in rcpt_tos if _TOKEN.search(address.encode("utf-8", "surrogateescape")))
    words = report.diagnosis or next(
        (line.strip() for line in start.splitlines() if _CODE.search(line) or _NEVER.search(line)), ""
    )
    status = " ".join(report.statuses[:1])
    return BounceReport(
        reverse_paths=_unique((*to_us, *report.reverse_paths)),
        message_ids=report.message_ids,
        addresses=addresses,
        is_final=is_final,
        is_sure=is_sure,
        is_dead=is_final and is_sure and says_no_such_address(status, f"{words} {'' if report.statuses else start}"),
        words=clean(f"{status} {words}", _WORDS_CHARACTERS).strip(),
    )


def needs_a_person(returned: BounceReport, placed: BounceMatch) -> bool:
    """Whether a person must look: the letter is known but not the result, or the result but not which letter, of one only."""
    if placed.proven:
        return not returned.is_sure
    return placed.suspects == 1 and (returned.is_final or not returned.is_sure)


def _is_opinion(mail: Mail) -> bool:
    types = {part.media_type for part in mail.parts}
    return bool(types & _OPINION_TYPES) and not types & _STATUS_TYPES


def _fate(report: Report, mail: Mail, automatic: MailReason) -> tuple[bool, bool] | None:
    """(is_final, is_sure), or None where nothing failed."""
    if report.actions:  # delivered, relayed and expanded are good news
        return (True, True) if "failed" in report.actions else (False, True) if "delayed" in report.actions else None
    if report.failed:
        return True, True
    if report.delayed:
        return False, True
    is_null = automatic is MailReason.NULL_SENDER
    signs = screen(_without_return_path(mail), None, frozenset()) if is_null else automatic
    return None if signs is MailReason.AUTOMATIC_REPLY else _fate_in_words(mail, is_report=is_null or signs is _REPORT)


_REPORT = MailReason.DELIVERY_REPORT


def _fate_in_words(mail: Mail, *, is_report: bool) -> tuple[bool, bool] | None:
    """As _fate, by the text of a report without fields. Only for a report is the result left open."""
    start = mail.body[:_START_OF_BODY]
    codes = {digit for groups in _CODE.findall(start) for digit in groups if digit}
    if "5" in codes or _NO_SUCH_WORDS.search(start):
        return True, True
    if codes or _LATE.search(start):
        return False, True
    if _NEVER.search(start):
        return True, True
    return (False, False) if is_report else None


def _without_return_path(mail: Mail) -> Mail:
    return replace(mail, headers=tuple(one for one in mail.headers if one.name.lower() != "return-path"))


# RFC 3463 §3.2: the address, its host or its mailbox is not there; 5.1.7 and 5.1.8 speak of the sender, 5.1.0 of anything.
_NO_SUCH = LazyPattern(r"5\.1\.(?:1|2|3|4|6|10)|5\.2\.1|5\.4\.4|5\.4\.310")
_UNSAID = LazyPattern(r"5\.[01]\.0|")
_NO_SUCH_WORDS = LazyPattern(
    r"(?:user|recipient|address|account|mailbox)s? (?:is )?(?:unknown|invalid|not found|unavailable|disabled|does(?:n't| not) exist)|\(s\) account is disabled"
    r"|(?:unknown|invalid|no such|non-?existent|inactive) (?:user|recipient|address|account|mailbox|local|domain|host|person)"
    r"|does ?n[o']t exist|doesn't exist|no mailbox|not a (?:known|valid) (?:user|address|mailbox)|(?:host|domain)(?: name)? not found"
    r"|宛先不明|存在しません|存在しない|見つかりません|user not found|not our customer|isn't listed",
    re.IGNORECASE,
)
# Refusals that do not depend on the address, or are temporary.
_ANOTHER_CAUSE = LazyPattern(
    r"spam|polic(?:y|ies)|block(?:ed|ing|list)|blacklist|reputation|dmarc|dkim|\bspf\b|relay(?:ing)?\b|access denied|not authori[sz]ed"
    r"|quota|(?:mailbox|mail ?box|disk)(?: is)? full|full mailbox|too (?:large|big|many)|size|greylist|rate limit|virus|unauthenticated|sender|迷惑",
    re.IGNORECASE,
)


def says_no_such_address(status: str, words: str) -> bool:
    """Whether a permanent refusal means that the address does not exist, so that other letters to it would bounce too.

    `status`: RFC 3463's, "" = none. `words`: the server's text. False in doubt: a person sees a bounced letter, but would not
    miss one that is never sent.
    """
    if _NO_SUCH.fullmatch(status):
        return True
    return bool(_UNSAID.fullmatch(status) and _NO_SUCH_WORDS.search(words) and not _ANOTHER_CAUSE.search(words))
