"""A mail's own text: without quotations, without boilerplate, with forwarded text; and whether the mail returns other mails.

Called by core/notice/interpret.py, and wherever only the sender's own text counts (alerts, passwords, questions). Pure; linear;
nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.mail.reply_text import SEAM, UNSEEN, is_quoted
from bot.core.text.boilerplate import own_paragraphs, stated_paragraphs, without_boilerplate
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold
from bot.core.text.pgp_clearsign import clear_signed

_LOOKED_AT = 20_000
# FW:, Fwd:, 転送:, also behind a Re: that an answer within the office has added.
_FORWARDS = LazyPattern(r"^\s*(?:(?:re|回答)\s*[:：]\s*)?(?:fwd?|転送|i)\s*[:：]", re.IGNORECASE)
_QUOTE_MARK = LazyPattern(r"^(?:\s*[>＞])+ ?")
_QUOTE_BEGINS = LazyPattern(
    r"^\s*(?:-{2,}\s*(?:Original Message|元のメッセージ|Forwarded message|転送メッセージ).*|_{10,}|On .{5,80} wrote:|.{5,80}のメール:)\s*$",
    re.IGNORECASE,
)


def meant_words(body: str) -> str:
    """A body without what it quotes, and without what firms and servers put round every mail: what its author says of his own."""
    return without_boilerplate(own_words(body[:_LOOKED_AT]))


def asked_words(body: str) -> str:
    """The same, as questions are looked for: below the closing only what goes on with the matter."""
    words = own_words(body[:_LOOKED_AT])
    above = len(stated_paragraphs(words, is_open=False))
    told = (
        own
        for place, (one, own) in enumerate(own_paragraphs(words))
        if place < above or _GOES_ON.search(fold(one)) or _ASKS_OF_OURS.search(fold(one))
    )
    return "\n\n".join(filter(None, told))


_GOES_ON = LazyPattern(
    r"^(?:なお|また|追伸|ps|p\.s|ところで|ちなみに|併せて|あわせて|恐れ入り|お手数|すみません|もう[1一]点|最後に)|保証|原本|認証キ|証書|提出|請求書|届いて|受領|契約書",
    re.IGNORECASE,
)

# Below the closing, a question that no advertisement puts: it speaks of what this office does.
_ASKS_OF_OURS = LazyPattern(
    r"(?:保証|認証|証書|前払|契約|工事|入金|支払|請求|原本|押印|提出|期限|様式|変更)[^。?]{0,40}(?:か[。?]|か$|[?]|教えて|ご教示|お知らせください|お知らせ願)"
    r"|(?:協議|日程|打ち?合わ?せ|休止|延長|立ち?会い?|着工|竣工|完成検査)[^。?]{0,40}(?:願います|お願い|いただ|ください|か[。?]|か$)"
)


def is_reply(subject: str) -> bool:
    """Whether a subject is that of an answer: it speaks of what came before."""
    return _REPLIES.match(subject) is not None


_REPLIES = LazyPattern(r"^\s*(?:(?:re|aw|sv|回答|返信)\s*(?:\[\d{1,3}\])?\s*[:：])", re.IGNORECASE)


@lru_cache(maxsize=4)  # one mail's, which many readings ask for
def own_words(body: str) -> str:
    """A body without what it quotes of earlier mails."""
    return "\n".join(unquoted_lines(body))


def unquoted_lines(body: str) -> Iterator[str]:
    """The lines of a body without what it quotes of earlier mails."""
    for line in body.removesuffix("\n").split("\n"):
        if _QUOTE_BEGINS.match(line):
            return
        if not is_quoted(line):
            yield line


def submitted_words(mail: Mail) -> str:
    """The text that a mail submits: its own, and the text of a mail forwarded inline."""
    body = clear_signed(mail.body) or mail.body
    if not _FORWARDS.match(mail.subject) or _sends_back(mail):
        return own_words(body)
    return "\n".join(_QUOTE_MARK.sub("", line) for line in body.splitlines())


def surely_submitted(mail: Mail) -> tuple[str, ...]:
    """The same as its readers surely see it, in one way or two (Mail.sayings); of HTML that is passed on that can't be told."""
    body = clear_signed(mail.body) or mail.body
    if not _FORWARDS.match(mail.subject) or _sends_back(mail):
        told = (body if one == mail.body else one.replace(SEAM, "\n") for one in mail.sayings)
        return tuple("\n".join(map(_without_unseen_ends, unquoted_lines(one))) for one in told)
    return () if mail.marked else (submitted_words(mail),)


def _without_unseen_ends(line: str) -> str:
    """The line without what is not seen before its words or behind a value: they stand as if it were not there."""
    ends = line.rstrip(UNSEEN + " ")
    return (ends if ends[-1:].isalnum() else line).lstrip(UNSEEN)


# ---------------------------------------------------------------- mails that were not meant for their reader

# What people say of a mail that was not meant for them, as a statement, in folded text. A contractor's own words for a repeat (再送,
# 届いていないようなので, エラーで戻ったため), for papers put right (修正のうえ返送) and for his own mistake are none of these.
_WE = r"(?:当社|弊社|当方|小社|小職|当[課市町村県局部室係店行所院区]|当支店|当事務所|当部署|私(?:ども|共)?|自分|うち|こちら|我々)"
_NOT = r"(?:なく|ない(?:$|よう|ため|ので|と|の?です|もの[とので]|かと|はず|案?件|メール[がを])|あり(?:ません|ませんで)|ござ(?:い|いま)せん|ございません)"
_MISDELIVERED = (
    LazyPattern(
        r"(?:宛先|宛名|あて先|送り先|送付先|送信先|アドレス)[をがは]?お?(?:間違え?(?:で[すは]|の(?:よう|ため)|かと|て(?:い|お|ます|る|届)|ま(?:す|せん))"
        r"|間違って(?:い|お|ます|る|届)|違い(?:で[すはし]|の(?:よう|ため)|かと|と[思存])|違って(?:い|お|ます|る)|誤り(?:で|の(?:よう|ため)|かと|と思)|誤って(?:い|お|る))"
    ),
    LazyPattern(
        r"(?:誤って|間違って|手違いで)[^、。]{0,12}(?:届[いき]|受信|受け取|配信|着信|送られ|転送され)(?:いたし|致し|し|り|され|て)?(?:まし|て(?:い|お|き|しま)|た(?:ため|ので|よう|もの(?:と|の|で)|と))"
    ),
    LazyPattern(r"誤(?:送信|配信|送|配)(?:か(?:と|も)|のよう|では(?:な|あ|ご)|です|と[思存見考]|されて|が届)"),
    LazyPattern(rf"{_WE}(?:の[^、。]{{0,8}})?(?:宛て?|あて)(?:の?(?:もの|メール|内容|書類|件|案件))?で(?:は)?{_NOT}"),
    LazyPattern(
        rf"(?:{_WE}(?:の|が)|(?:業務|件|工事|案件)の)(?:所管|担当|取?り?扱い|管轄|もの|案件|業務|範囲|受注|発注|工事)で(?:は|も)?{_NOT}"
    ),
    LazyPattern(
        rf"{_WE}(?:で|に|と)?は?(?:、)?(?:全く|まったく|一切|特に)?(?:関係|関わり|覚え|無関係|心当たり)(?:の|が|は|も)?{_NOT}|関わっており?ません|は無関係(?:です|の)"
    ),
    LazyPattern(
        r"心当たりの?[がはも]?(?:全く|まったく)?(?:なく|無く|ありません|ございません|[な無]い(?:ため|ので|の?です|と|メール[がを](?:届|受|いただ)|$))"
    ),
    LazyPattern(
        r"(?:別|他|ほか|よそ)の(?:会社|お客様|部署|課|方|人|市|町|団体|業者)様?(?:(?:宛て?|あて)の?(?:もの|メール|内容|書類|よう|で)|の(?:メール|書類|もの)が(?:届|送ら|来))"
        r"|他社様?(?:宛|あて)"
    ),
    LazyPattern(
        r"人違い(?:で|か|の|と)|と(?:お間違え|間違えて(?:い|お))(?:の|で|かと|に|られ|る)?|お間違え(?:です|では)"
    ),
    LazyPattern(rf"{_WE}では(?:なく|ありません|ございません|ないと|ないよう)"),
    LazyPattern(
        r"(?:前任|退職|異動)[^。]{0,12}(?:宛て?|あて)[^。]{0,12}届|からのメールが[^。]{0,10}届いて困|へお?送り直し"
    ),
)
# The same in English, in lower case with single blanks.
_MISDELIVERED_ENGLISH = LazyPattern(
    r"\b(?:i|we|has|was|been)\b.{0,30}\b(?:received|got|reached|delivered|sent to (?:me|us)).{0,40}\b(?:by mistake|in error|mistakenly|wrongly)"
    r"|\b(?:you (?:have|have got|got|reached)|this is|it went to|came to|sent to) (?:me |us )?(?:at )?(?:the )?wrong (?:person|address|recipient|company|department|office|mailbox)\b"
    r"|^(?:sorry,? )?wrong (?:person|address|recipient|company|department|office)(?:[,.]|$)"
    r"|\bnot (?:appear|seem)?(?: to be)? ?(?:meant|intended) for (?:me|us)|(?:n't|not) (?:meant|intended) for (?:me|us)\b|\b(?:i am|i'm|we are|we're) not the (?:intended|right|correct) (?:recipient|addressee|person)"
    r"|nothing to do with (?:me|us)|(?:n't|not) (?:something )?(?:our|my) (?:department|office|company|business)|(?:n't|not) something (?:our|my|we)\b"
    r"|\bbelongs to .{1,40} of\b|(?:n't|not) work for\b|\btake (?:me|us) off\b",
    re.ASCII,
)
# What a footer supposes, what happened to another mail, and what its writer did himself.
_SUPPOSED = LazyPattern(
    r"場合|際[はに]|とき[はに]|もし|万一|万が一|(?:まし|でし|だっ|い)たら|なければ|無ければ|であれば|ならば|恐れ|おそれ|ことが(?:あり|ござ)|(?:方|かた)[はがで]、?(?!よ)|以外の|という方"
    r"|郵送|郵便|配達|宅配|改めて|再度|再送|(?:お送り|送付|送信|提出)(?:しま|して(?:おり|し)|いたし|致し)|差し替え|お客様へ"
)
_SUPPOSED_ENGLISH = LazyPattern(
    r"\b(?:if|unless|in case|whether|may|might|let (?:me|us) know|should you|anyone|any person|must not|courier|first (?:sent|mailed))\b",
    re.ASCII,
)
_RETURNS = LazyPattern(
    r"返送|返却|返戻|お返し|送り返|転送(?:し|いた|致)|(?:send|sent|sending|return|returning|forward|forwarding) (?:it|this|them|the mail)",
    re.IGNORECASE,
)
_RETURNED_SUBJECT = LazyPattern(r"^\W{0,3}(?:返送|返戻|誤配信)(?:[】\])）:：]|$)")
_SENTENCE_ENDS = LazyPattern(r"[。！？!]|\.(?:\s|$)|…")
_WARNS = LazyPattern(r"なりすまし|装った|騙る|不審な?メール|フィッシング")  # of mails that others send
_MENTION = LazyPattern(r"「[^」]{0,40}」")
_SENTENCES = 200


def is_returning(mail: Mail, report: Report) -> bool:
    """Whether a mail returns other mails: as a bounce report, or by a person's words."""
    return bool(report.actions or report.failed or report.delayed) or _sends_back(mail)


def hands_back(mail: Mail) -> bool:
    """Whether a person hands on what was not meant for him: he says so, and that he returns or forwards it, or the subject says it.

    Only then his words count against a notice that is attached to the mail itself: alone, they may be about anything.
    """
    if _RETURNED_SUBJECT.match(fold(mail.subject)):
        return True
    does = _FORWARDS.match(mail.subject) or _RETURNS.search(own_words(mail.body[:_LOOKED_AT]))
    return does is not None and _sends_back(mail)


def _sends_back(mail: Mail) -> bool:
    return _RETURNED_SUBJECT.match(fold(mail.subject)) is not None or any(
        map(_is_misdelivered, _sentences(mail.body[:_LOOKED_AT]))
    )


def _sentences(body: str) -> Iterator[str]:
    """The sender's sentences: of his own words those above a signature's mark, a line's end within one left out."""
    for paragraph in stated_paragraphs(own_words(body)):
        if not _WARNS.search(paragraph):
            yield from islice(_SENTENCE_ENDS.split(paragraph), _SENTENCES)


def _is_misdelivered(sentence: str) -> bool:
    said = _MENTION.sub("", fold(sentence))
    if any(one.search(said) for one in _MISDELIVERED) and not _SUPPOSED.search(said):
        return True
    english = " ".join(sentence.lower().replace("\u2019", "'").split())
    return _MISDELIVERED_ENGLISH.search(english) is not None and not _SUPPOSED_ENGLISH.search(english)
