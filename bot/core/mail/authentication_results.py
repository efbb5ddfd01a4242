"""Whether our own mail server proved that a mail is from the domain in its From (SPF, DKIM, DMARC).

Called by the sorter before anything is answered. Pure; nothing is raised. Only Authentication-Results fields (RFC 8601) with
our server's authserv-id count, and only those that the sender can't have written (§1.6, §5). Each server adds its fields at
the top, so all fields above the last of our own Received fields are ours:

    Authentication-Results: mx.city.example.jp; dmarc=pass …    ours; SPF, DKIM and DMARC may be in several fields
    Received: … by mx.city.example.jp                           the last of our own hops
    Authentication-Results: mx.city.example.jp; dmarc=pass …    may be forged by the sender

If there is none of ours above it (some servers write it below their Received), only the topmost one counts. A server that
writes no such field lets a forged one through; then `authserv_id` must be empty in the config.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.core.mail.addresses import is_ambiguous, organizational_domain, plain_sender
from bot.core.mail.message import Mail
from bot.core.text.lazy_pattern import LazyPattern


class SenderProof(StrEnum):
    """The proof of the From's domain."""

    PROVEN = "proven"
    FAILED = "failed"
    UNKNOWN = "unknown"  # no readable field of our server
    NOT_ASKED = "not_asked"  # no authserv-id in the config


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One `method=result` with its properties, names in lower case: ("dkim", "pass", (("header.d", "example.jp"),))."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()
    field: int = 0  # in which of our server's fields it stands

    def domains(self, *names: str) -> tuple[str, ...]:
        """The organisational domains that these properties name, as addresses or as domains."""
        return tuple(
            organizational_domain(value.strip("<>").rpartition("@")[2])
            for name, value in self.properties
            if name in names
        )


def judge_sender(mail: Mail, authserv_id: str, own_hops: int = 1) -> SenderProof:
    """Whether the one plain From is proven: DMARC passed for it, or, where DMARC decides nothing, an aligned DKIM or SPF pass.

    `own_hops`: how many Received fields, the topmost ones, our own servers have added. A field that may stand once and stands twice
    takes all proof away: a signature may be on the other one.
    """
    if not authserv_id:
        return SenderProof.NOT_ASKED
    verdicts = _our_verdicts(mail, authserv_id, own_hops)
    if verdicts is None:
        return SenderProof.UNKNOWN
    sender = plain_sender(mail)
    if sender is None or is_ambiguous(mail):
        return SenderProof.FAILED
    return SenderProof.PROVEN if _is_proven(verdicts, organizational_domain(sender.domain)) else SenderProof.FAILED


# Results with which DMARC decides nothing: no policy published, or none could be fetched.
_NO_VERDICT = frozenset({"none", "temperror", "bestguesspass"})


def _is_proven(verdicts: tuple[MethodResult, ...], domain: str) -> bool:
    dmarc = [one for one in verdicts if one.method == "dmarc"]
    if any(one.result != "pass" and one.result not in _NO_VERDICT for one in dmarc):
        return False
    # All must pass, and be about our From: a second verdict may come from a name that the sender chose.
    judged = {name for verdict in dmarc for name in verdict.domains("header.from")}
    if judged - {domain}:
        return False
    if dmarc and all(one.result == "pass" and one.domains("header.from") for one in dmarc):
        return True
    return any(_is_aligned(one, domain) and not _is_denied(one, verdicts) for one in verdicts if one.result == "pass")


_NAMED_BY = {"spf": ("smtp.mailfrom", "smtp.mail", "smtp.mfrom"), "dkim": ("header.d",)}


def _is_aligned(verdict: MethodResult, domain: str) -> bool:
    """RFC 7489 §3.1, relaxed: the domain that passed belongs to the same organisation as From's. SPF's HELO doesn't count."""
    named = verdict.domains(*_NAMED_BY.get(verdict.method, ()))
    if verdict.method == "dkim" and not named:
        named = verdict.domains("header.i")
    return bool(named) and all(one == domain for one in named)


def _is_denied(passed: MethodResult, verdicts: tuple[MethodResult, ...]) -> bool:
    """Whether another of our fields says otherwise of the same thing; of several signatures one may fail."""
    return any(
        one.method == passed.method
        and one.result != "pass"
        and one.field != passed.field
        and set(one.properties) == set(passed.properties)
        for one in verdicts
    )


# ---------------------------------------------------------------- the field's grammar (RFC 8601 §2.2)

# Within a comment a quotation mark is a character like others (RFC 5322 §3.2.2).
_OUTSIDE = LazyPattern(r'"(?:[^"\\]|\\.)*"|[^"\\();]+|.', re.DOTALL)
_IN_COMMENT = LazyPattern(r"\\.|[^\\()]+|.", re.DOTALL)
# Of a statement without comments, its blanks single.
_RESULT = LazyPattern(r"([A-Za-z][A-Za-z0-9_-]{0,63})(?: ?/ ?[0-9]{1,9})? ?= ?([A-Za-z][A-Za-z0-9_-]{0,63})(?: |$)")
_PROPERTY = LazyPattern(
    r'([A-Za-z0-9_-]{1,64}(?: ?\. ?[A-Za-z0-9_-]{1,64}){0,3}) ?= ?((?:"(?:[^"\\]|\\.)*"|[^ "])+)(?: |$)', re.DOTALL
)


def _our_verdicts(mail: Mail, authserv_id: str, own_hops: int) -> tuple[MethodResult, ...] | None:
    """Our server's results; None when it has no field or no result, or one of its fields can't be parsed."""
    ours = _name(authserv_id)
    above, below = _fields(mail, own_hops)
    found = [statements for value in above if (statements := _of(value, ours)) is not None]
    if not found:
        found = [statements for value in below if (statements := _of(value, ours)) is not None][:1]
    verdicts: list[MethodResult] = []
    for number, statements in enumerate(found):
        for statement in statements:
            verdict = _verdict(statement, number)
            if verdict is None:
                return None  # what can't be read may be a fail, so the others must not count
            verdicts.append(verdict)
    return tuple(verdicts) or None


def _fields(mail: Mail, own_hops: int) -> tuple[list[str], list[str]]:
    """The fields' values above the last of our own Received fields, and the others; all are others where there are fewer."""
    above: list[str] = []
    below: list[str] = []
    hops = 0
    for header in mail.headers:
        name = header.name.lower()
        if name == "received":
            hops += 1
        elif name == "authentication-results":
            (below if hops >= own_hops else above).append(header.value)
    return (above, below) if hops >= own_hops else ([], above + below)


def _of(value: str, ours: str) -> list[str] | None:
    """The field's statements if it is our server's, or may be; None for another's."""
    statements = _statements(value)
    if not statements:
        return [_UNREADABLE] if ours in value.lower() else None
    if _name(statements[0]) != ours:
        return None
    return [one for one in statements[1:] if one and one.lower() != "none"]


_UNREADABLE = "?"


def written_by(value: str) -> str:
    """The authserv-id of a field's value; "" where it can't be read."""
    return _name((_statements(value) or [""])[0])


def _name(statement: str) -> str:
    """The authserv-id, as names of hosts are compared, without the version that may follow it; "" where there is none."""
    words = statement.split()
    if not words or len(words) > 2 or (len(words) == 2 and not words[1].isdecimal()):
        return ""
    return words[0].strip('"').rstrip(".").lower()


def _statements(value: str) -> list[str]:
    """The parts between semicolons, without comments, blanks single; empty when a comment or a quotation is left open."""
    out = [""]
    depth, place = 0, 0
    while place < len(value) and (found := (_IN_COMMENT if depth else _OUTSIDE).match(value, place)):
        piece, place = found[0], found.end()
        if piece == "(":
            depth += 1
            out[-1] += " "
        elif depth:
            depth -= piece == ")"
        elif piece in {")", '"', "\\"}:
            return []
        elif piece == ";":
            out.append("")
        else:
            out[-1] += piece
    return [] if depth else [" ".join(one.split()) for one in out]


def _verdict(statement: str, field: int) -> MethodResult | None:
    """A statement's result, None when it can't be read to its end."""
    found = _RESULT.match(statement)
    if found is None:
        return None
    method, result, place = found[1].lower(), found[2].lower(), found.end()
    properties: list[tuple[str, str]] = []
    while place < len(statement):
        found = _PROPERTY.match(statement, place)
        if found is None:
            return None
        properties.append((found[1].replace(" ", "").lower(), found[2].replace('"', "")))
        place = found.end()
    return MethodResult(method, result, tuple(properties), field)
