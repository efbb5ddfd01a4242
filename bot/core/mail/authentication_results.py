"""Whether our own mail server proved that a mail is from the domain in its From (SPF, DKIM, DMARC).

Called by the sorter before anything is answered. Pure, nothing raised. Of the Authentication-Results fields (RFC 8601) only
those with our server's authserv-id count, and of these only what no sender can have written (§1.6, §5): each server puts its
fields above what it got, so everything above the last of our own Received fields is ours. There SPF, DKIM and DMARC may stand
in several fields. Where none of ours stands there (some servers write below their Received), the topmost one alone counts: it
is ours, and one below it may be the sender's forgery. A server that writes no such field at all lets a forged one through:
then `authserv_id` must stay empty in the config.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.core.mail.addresses import organizational_domain, plain_sender
from bot.core.mail.message import Mail


class SenderProof(StrEnum):
    """What is known about the From's domain."""

    PROVEN = "proven"
    FAILED = "failed"
    UNKNOWN = "unknown"  # no readable statement by our server
    NOT_ASKED = "not_asked"  # the config names no server to believe


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One `method=result` with its properties, names in lower case: ("dkim", "pass", (("header.d", "example.jp"),))."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def domains(self, *names: str) -> tuple[str, ...]:
        """The domains that these properties name, as addresses or as domains."""
        return tuple(value.rpartition("@")[2].lower() for name, value in self.properties if name in names)


def judge_sender(mail: Mail, authserv_id: str, own_hops: int = 1) -> SenderProof:
    """Whether the one plain From is proven: DMARC passed, or, where DMARC says nothing, an aligned DKIM or SPF pass.

    `own_hops`: how many Received fields, the topmost ones, our own servers have added.
    """
    if not authserv_id:
        return SenderProof.NOT_ASKED
    verdicts = _our_verdicts(mail, authserv_id, own_hops)
    if verdicts is None:
        return SenderProof.UNKNOWN
    sender = plain_sender(mail)
    if sender is None:
        return SenderProof.FAILED
    return SenderProof.PROVEN if _is_proven(verdicts, organizational_domain(sender.domain)) else SenderProof.FAILED


# Results with which DMARC decides nothing: no policy published, or none could be fetched.
_NO_VERDICT = frozenset({"none", "temperror", "bestguesspass"})


def _is_proven(verdicts: tuple[MethodResult, ...], domain: str) -> bool:
    dmarc = [one for one in verdicts if one.method == "dmarc" and one.result not in _NO_VERDICT]
    if dmarc:
        # All must pass: a second verdict may come from a name that the sender chose. And it must be about our From.
        judged = {organizational_domain(one) for verdict in dmarc for one in verdict.domains("header.from")}
        return all(one.result == "pass" for one in dmarc) and judged <= {domain}
    return any(_is_aligned(one, domain) for one in verdicts if one.result == "pass")


def _is_aligned(verdict: MethodResult, domain: str) -> bool:
    """RFC 7489 §3.1, relaxed: the domain that passed belongs to the same organisation as From's. SPF's HELO doesn't count."""
    if verdict.method == "spf":
        named = verdict.domains("smtp.mailfrom", "smtp.mail", "smtp.mfrom")
    elif verdict.method == "dkim":
        named = verdict.domains("header.d") or verdict.domains("header.i")
    else:
        return False
    return bool(named) and all(organizational_domain(one) == domain for one in named)


# ---------------------------------------------------------------- the field's grammar (RFC 8601 §2.2)

_STATEMENTS = 50
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[^"\\()]+|[()"\\]', re.DOTALL)
_PAIR = re.compile(
    r'(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]{1,64})(?:\s{0,9}/\s{0,9}\d{1,9})?\s{0,9}=\s{0,9}((?:"(?:[^"\\]|\\.)*"|[^\s;"])+)'
)


def _our_verdicts(mail: Mail, authserv_id: str, own_hops: int) -> tuple[MethodResult, ...] | None:
    """What our server says; None when there is no field of ours, it says nothing, or one of ours can't be read."""
    ours = authserv_id.strip().lower()
    above, below = _fields(mail, own_hops)
    found = [field for field in (_of(value, ours) for value in above) if field is not None]
    if not found:
        found = [field for field in (_of(value, ours) for value in below) if field is not None][:1]
    if any(field.is_unreadable for field in found):
        return None  # perhaps the one that fails; nothing else may count instead
    return tuple(verdict for field in found for verdict in field.verdicts) or None


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


@dataclass(frozen=True, slots=True)
class _Field:
    verdicts: tuple[MethodResult, ...]
    is_unreadable: bool = False


def _of(value: str, ours: str) -> _Field | None:
    """The field if it is our server's, or may be; None for another's."""
    statements = _statements(value)
    if statements and _server(statements[0]) == ours:
        return _Field(_verdicts(statements[1:]))
    if not statements and ours in value.lower():
        return _Field((), is_unreadable=True)
    return None


def _server(statement: str) -> str:
    """The authserv-id without the version that may follow it."""
    words = statement.split()
    if not words or len(words) > 2 or (len(words) == 2 and not words[1].isdecimal()):
        return ""
    return words[0].strip('"').lower()


def _statements(value: str) -> list[str]:
    """The parts between semicolons, without comments; empty when a comment or a quotation is left open."""
    out = [""]
    depth = 0
    for match in _TOKEN.finditer(value):
        piece = match[0]
        if piece == "(":
            depth += 1
            out[-1] += " "
        elif piece == ")":
            depth -= 1
            if depth < 0:
                return []
        elif depth:
            continue
        elif piece in {'"', "\\"}:
            return []
        elif piece[0] == '"':
            out[-1] += piece
        else:
            first, *others = piece.split(";")
            out[-1] += first
            out += others
    return out[: _STATEMENTS + 1] if depth == 0 else []


def _verdicts(statements: list[str]) -> tuple[MethodResult, ...]:
    found = []
    for statement in statements:
        pairs = [(name.lower(), value.replace('"', "")) for name, value in _PAIR.findall(statement)]
        if pairs and statement.lstrip().lower().startswith(pairs[0][0]):
            (method, result), properties = pairs[0], pairs[1:]
            found.append(MethodResult(method, result.lower(), tuple(properties)))
    return tuple(found)
