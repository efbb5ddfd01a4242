"""How automatic answers speak: their subjects and their sentences, in Japanese and English, and what people write that looks alike.

Called by core/mail/automatic/screen.py, which knows how much each counts. Closed lists, from RFC 3834, makers' documents and public
reports. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.text.boilerplate import stated_paragraphs
from bot.core.text.lazy_pattern import LazyPattern

# A system's fixed form: the word, then what closes it. "自動返信について" is a person's question, and 自動応答装置更新工事 is a work. A
# gateway's tag may stand before it.
_TAGS = r"\s*(?:[\[【(（<＜]\s*(?:ext|external(?: e?mail)?|spam|外部|外部メール|社外|社外メール|注意)\s*[\]】)）>＞]\s*){0,3}"
_MARK = r"[\[【(（<＜《「*＊#=■◆●★☆※~～ ]{0,4}"
_CLOSES = r"(?:[\]】)）>＞》」:：;|｜/／*＊=■◆●★☆~～–―]|\s*-|\s{1,9}(?:re|aw|fwd?|【|「|『|\[|\()|\s*\Z)"
SUBJECT_OF_RESPONDER = LazyPattern(
    rf"{_TAGS}(?:"
    rf"{_MARK}自動(?:返信|応答|回答|返答)\s?(?:メール|メッセージ|通知)?\s?{_CLOSES}"
    rf"|{_MARK}auto(?:matic|mated)?[- ]?(?:reply|response|responder|answer)(?: e?-?mail| message)?(?:{_CLOSES}|\s*from(?:\W|\Z)|\s*:)"
    r"|auto\s?:|\[?out of (?:the )?office(?: auto ?-?reply| reply| message| notification)?\s*[:\]]"
    r"|abwesenheitsnotiz|automatische antwort|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica|automatisch antwoord"
    r"|자동 ?회신|自动(?:回复|答复)"
    r")",
    re.IGNORECASE,
)
# What responders write and people may: it forbids an answer to a mail that brings a file, no more.
SUBJECT_LIKE_A_RESPONDERS = LazyPattern(
    rf"{_TAGS}(?:"
    rf"{_MARK}自動(?:返信|応答|回答|返答|送信|配信|通知)\s?(?:メール|メッセージ|通知)?(?:{_CLOSES}|[\s　])"
    r"|[\[【(（<＜《「]\s*(?:不在|休暇|外出|出張|長期休暇|休職)(?:中|のお?知らせ|のご?連絡|通知|連絡|応答|自動応答)?\s*[\]】)）>＞》」]"
    r"|(?:不在|休暇)(?:中|のお?知らせ|のご?連絡|通知|連絡|応答|時?自動応答)?\s*[:：]|不在(?:通知|応答)\s*(?:\Z|-|re)"
    rf"|{_MARK}(?:(?:i am |i'm |we are )?(?:currently )?out of (?:the )?office|ooo|(?:on )?(?:vacation|holiday|annual leave|leave)|away|absent|absence)"
    rf"(?: auto ?-?reply| reply| notice| notification| message| response)?{_CLOSES}"
    r"|(?:i am |i'm )?away from my (?:mail|e-?mail|desk|office)|.{1,60} is out of (?:the )?office|.{1,40}は(?:現在)?不在です"
    r")",
    re.IGNORECASE,
)
# Subjects that people write too: they count together with words that only a machine says.
AWAY_SUBJECT = LazyPattern(
    r"不在|休暇|休業|外出|出張|退社|退職|異動|受信しました|受け付けました|受付完了|受領しました|out of (?:the )?(?:office|town)|vacation|holiday|on leave|\baway\b|\babsen[ct]"
    r"|congé|urlaub|thank you for (?:contacting|your)",
    re.IGNORECASE,
)
# What only a responder says, wherever it stands; and what servers and firms also put below a person's mail.
_REPLY_BODY = LazyPattern(
    r"(?:この|本|当)(?:メール|メッセージ)は.{0,20}(?:自動で?(?:返信|応答)|機械的)|自動(?:返信|応答)(?:メール|機能|で|に|され|して|しており|です)"
    r"|automatic(?:ally)? (?:reply|response)|auto[- ]?(?:reply|response)|(?:currently|will be|am|be) (?:out of|away from) (?:the|my) office"
    r"|i am (?:away|on (?:vacation|holiday|leave))|no longer with",
    re.IGNORECASE,
)
_AWAY_BODY = LazyPattern(
    r"(?:この|本|当)(?:メール|メッセージ)は.{0,20}自動|自動(?:送信|配信)(?:メール|機能|で|に|され|して|しており|です)|(?:返信|ご返信)(?:いただいて|されて)も"
    r"|automatic(?:ally)? (?:generated|sent)|auto[- ]?generated",
    re.IGNORECASE,
)


def says_automatic(words: str) -> bool:
    """Whether a body says that a machine answers. Below its closing, what servers and firms append says less."""
    head = "\n".join(stated_paragraphs(words, is_open=False))
    return bool(_REPLY_BODY.search(words) or _AWAY_BODY.search(head))
