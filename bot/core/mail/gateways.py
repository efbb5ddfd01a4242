"""What mail gateways leave in a mail: that they took an attachment out, and the notices that they write themselves.

Called by core/notice/interpret.py and automatic/screen.py. A gateway's name, its header fields and its words are facts about a
product; one sign alone may be a person's. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from itertools import pairwise

from bot.core.mail.message import Mail
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

_LOOKED_AT, _LINES = 4000, 60

# ---------------------------------------------------------------- an attachment was taken out

# m-FILTER tells what it did in a field of its own.
_FIELDS = ("X-Mail-Sanitized",)
_FIELD_SAYS = LazyPattern(r"DEL_ATTACH|attachment[-_ ]?(?:removed|deleted|stripped)", re.IGNORECASE)
_SUBJECT_TAG = LazyPattern(
    r"^\s*[\[【{(]\s*(?:添付(?:ファイル)?(?:を)?(?:削除|除去|隔離|ブロック)|attachments? (?:removed|deleted|blocked|stripped)|filename\?|dangerous content\?)",
    re.IGNORECASE,
)
# Lines without blanks. The past only: "受信時に削除されます" stands in disclaimers.
_DONE = r"(?:しました|いたしました|致しました|されました|されています|してい[まる]す?|しております|済み|きました|られました|られています|ました)"
_TAKEN_OUT = LazyPattern(
    rf"添付(?:ファイル|物|書類|データ)?[^。]{{0,60}}(?:削除|除去|取り除|隔離|ブロック|遮断|破棄|分離(?:保管|保存)?|置換|置き?換え|(?:ダウンロード|リンク|url)(?:形式|用)?[^。]{{0,8}}変換){_DONE}"
    rf"|(?:次|以下|下記)の(?:添付)?ファイル[^。]{{0,30}}(?:削除|除去|取り除|隔離|ブロック|遮断|破棄){_DONE}"
    r"|[\[【(]添付(?:ファイル)?(?:の|を)?(?:削除|除去|隔離|ブロック)(?:通知|済み?|のお知らせ)?[\]】)]"
    r"|attach(?:ment|edfile)s?.{0,60}(?:was|were|hasbeen|havebeen)(?:automatically)?(?:been)?(?:removed|deleted|stripped|blocked|quarantined|replaced|dropped|withheld)"
    r"|(?:removed|deleted|stripped|blocked|quarantined)(?:the|this|an|one|all|its|\d)?(?:following|original|unsafe)?attach(?:ment|edfile)s?"
    r"|[\[【(]attachments?(?:removed|deleted|blocked|stripped|quarantined)"
    r"|originale-?mailattachment|microsoftpurviewmessageencryption|isaprotectedmessage|rights-?protectedmessage",
    re.IGNORECASE,
)
_NOTE_NAME = LazyPattern(
    r"deleted\d{0,3}\.txt|(?:.{0,80}[-_. ])?attachment[-_. ]?(?:warning|removed|blocked|deleted|stripped|notice)\d{0,3}\.(?:txt|html?)"
    r"|virus[-_ ]?(?:warning|alert|notice)\.(?:txt|html?)|(?:removed|blocked|stripped|quarantined?|replaced|deleted)[-_ ]?(?:attachment|file)s?.{0,40}\.(?:txt|html?)"
    r"|.{0,20}(?:削除|隔離|除去|ブロック)(?:通知|済み?|のお知らせ|された?ファイル|ファイル一覧|一覧).{0,20}\.(?:txt|html?|pdf)|添付ファイル(?:削除|隔離|除去|ブロック).{0,20}\.(?:txt|html?|pdf)"
    r"|.{1,80}\.(?:pdf|zip|7z|lzh|xlsx?|docx?)[-_. ](?:deleted|removed|blocked|quarantined)(?:\.(?:txt|html?))?|security[-_ ]?(?:notice|warning|alert)\.(?:txt|html?)"
    r"|.{0,80}\.rpmsg|secure(?:doc|message)(?:att)?(?:[-_.].{0,40})?\.html?|(?:encrypted|secure)[-_ ]?(?:message|e?-?mail|attachment)s?.{0,20}\.html?",
    re.IGNORECASE,
)


def says_taken_out(text: str) -> bool:
    """Whether a text tells that an attachment was taken out; a sentence may go on in the next line."""
    lines = [fold(line) for line in text[:_LOOKED_AT].split("\n") if line.strip()][:_LINES]
    told = (sentence for line in (*lines, *map("".join, pairwise(lines))) for sentence in line.split("。"))
    return any(_TAKEN_OUT.search(sentence) and not _IN_GENERAL.search(sentence) for sentence in told)


# What somebody does as a rule, or asks for.
_IN_GENERAL = LazyPattern(
    r"弊社|当社|弊所|当方|(?:場合|際|時)(?:は|には|、)|ください|下さい|お願い|ifyou|please", re.IGNORECASE
)


# What stands on a page that a gateway sends instead of a mail that it keeps locked. Lines without blanks.
_LOCKED = LazyPattern(
    r"(?:暗号化|保護)された(?:電子)?(?:メール|メッセージ)|(?:メール|メッセージ|ファイル)[^。]{0,20}(?:暗号化|保護)され(?:てい|まし)"
    r"|(?:encrypted|secured?|protected)(?:e-?mail|message|envelope)|messageencryption|message(?:is|was|hasbeen)(?:encrypted|secured|protected)",
    re.IGNORECASE,
)


def says_locked(text: str) -> bool:
    """Whether an attached page tells that it stands for a mail that is opened elsewhere."""
    lines = [line for line in text[:_LOOKED_AT].split("\n") if line.strip()][:_LINES]
    return any(_LOCKED.search(fold(line)) for line in lines)


def is_note_name(name: str) -> bool:
    """Whether a file's name is one that gateways give to what they put in an attachment's place."""
    return _NOTE_NAME.fullmatch(name.rpartition("/")[2]) is not None


def is_told_by_header(mail: Mail) -> bool:
    """Whether a field or a tag in the subject tells that an attachment was taken out."""
    values = (value for name in _FIELDS for value in mail.values(name))
    return any(map(_FIELD_SAYS.search, values)) or _SUBJECT_TAG.search(mail.subject) is not None


# ---------------------------------------------------------------- notices of gateways

_PRODUCT = LazyPattern(
    r"(?:.{0,40}[-_.+])?(?:votiro|e?-?mail[-_.]?(?:security|sec|gateway|gw|guard|filter|protection)|security[-_.]?(?:gateway|gw|mail)|sanitiz(?:er|e|ation|ing)?"
    r"|mugaika|kakuri|quarantine[sd]?|spam[-_.]?(?:digest|report|filter|notification|quarantine)|imss|imsva|iwsva|interscan|fortimail|fortisandbox|mailgates?|m-?filter"
    r"|guardian-?wall|mailmarshal|clearswift|proofpoint|mimecast|barracuda|ironport|amavis[d]?(?:-new)?|mailscanner|anti-?virus|virus[-_.]?(?:check|alert|scan)"
    r"|metadefender|opswat|d-?spa|deepsecure|securemail)(?:[-_.+0-9].{0,40})?",
    re.IGNORECASE,
)
_WEAK_LOCAL = LazyPattern(
    r"(?:.{0,40}[-_.+])?(?:security|gateway|gw|digest|sandbox|cdr|isolation|kanri|system|alert)(?:[-_.+0-9].{0,40})?"
)
_DISPLAY = LazyPattern(
    r"無害化|隔離|メールセキュリティ|メールゲートウェイ|ウイルス(?:対策|チェック|検)|サニタイズ|quarantine|mailsecurity|votiro|antivirus",
    re.IGNORECASE,
)
_SUBJECT = LazyPattern(
    r"^[\[【(<]?(?:(?:迷惑|脅威)?メール|スパム|添付(?:ファイル)?|セキュリティ)?(?:の|を)?(?:隔離|無害化|ブロック|検疫|ウイルス(?:検[知出]|感染))[^\]】)>]{0,8}(?:通知|レポート|お知らせ|報告|完了|一覧|しました|されました)"
    r"|^[\[【(<]?(?:セキュリティ(?:警告|通知)|警告.{0,2}(?:ウイルス|メール)|ウイルスを検[知出])|^\W{0,2}(?:enduser|email|spam|personal)?(?:quarantine|spam)(?:d?mails?|messages?)?(?:notification|summary|digest|report|alert)"
    r"|^\W{0,2}(?:virus|malware)(?:warning|alert|found|detected)|^\W{0,2}(?:attachments?|messages?|e?-?mails?)(?:was|hasbeen|were)?(?:removed|blocked|quarantined|held)|^youhave.{0,10}(?:held|quarantined)",
    re.IGNORECASE,
)
_BODY = LazyPattern(
    rf"隔離{_DONE}|隔離されたメール|無害化(?:処理)?(?:を|が)?(?:実施|完了|失敗)?{_DONE}|ウイルス(?:を|が)?検[知出](?:さ|し)|quarantined|heldmessages|(?:has|have)beenblocked|viruswasfound",
    re.IGNORECASE,
)
_ENOUGH = 3


def is_gateways_notice(mail: Mail, own_domains: frozenset[str]) -> bool:
    """Whether a gateway wrote the mail: by what it says, and by who says it. `own_domains`: the city's, whose gateways write to it.

    A contractor's mail that a gateway has tagged says as much, and who sent it tells nothing of one.
    """
    told = bool(_SUBJECT.search(fold(mail.subject[:200]))) + (
        any(_BODY.search(fold(line)) for line in mail.body[:_LOOKED_AT].split("\n")[:_LINES])
        or says_taken_out(mail.body)
    )
    return bool(told) and any(
        _points(one.addr_spec, one.display_name, own_domains) + told >= _ENOUGH for one in mail.from_
    )


def _points(addr_spec: str, display_name: str, own_domains: frozenset[str]) -> int:
    local, _, domain = addr_spec.lower().rpartition("@")
    product = 2 if _PRODUCT.fullmatch(local) else 1 if _WEAK_LOCAL.fullmatch(local) else 0
    is_own = any(one == domain or one.endswith(f".{domain}") or domain.endswith(f".{one}") for one in own_domains)
    return product + (_DISPLAY.search(fold(display_name)) is not None) + is_own
