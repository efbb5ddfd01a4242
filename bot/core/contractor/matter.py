"""What a contractor's own words are about, as a whole: what he asks, what he announces, whether he only thanks.

Called in the reading child by documents/mail_words.py and core/notice/missing_notice.py. What the papers are is not known here. When in
doubt it is a question. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.contractor.arrival import echoes_arrival, is_again, is_of_earlier
from bot.core.contractor.sentences import Purpose, purpose_of
from bot.core.contractor.settled import begs_for_work, reports, says_back
from bot.core.contractor.splitting import sentences
from bot.core.mail.message import Mail
from bot.core.mail.quoting import asked_words, is_reply, own_words
from bot.core.text.boilerplate import RULE, own_of, stated_paragraphs
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold


@dataclass(frozen=True, slots=True)
class Matter:
    """What a mail's own words want."""

    asks: bool = False  # something that a person must answer
    asks_arrival: bool = False  # only whether something arrived; a receipt tells that of what is in this mail
    is_of_earlier: bool = False  # that is about an earlier mail, of which nothing comes again
    sends: bool = False  # announces something as part of this mail
    only_thanks: bool = False  # thanks, acknowledgements and courtesies, and nothing else


_CHARACTERS = 4000
_MOST = 60
"""So many sentences are a contractor's letter; below come signatures and disclaimers."""

# Subjects that ask, and that announce; a reply's subject is about what came before.
_ASKS = LazyPattern(r"質問|お?尋ね|教えて|ご教示|ご?相談|照会|問い?合わ?せ|[?？]|でしょうか|ますか|ですか")
_ASKS_ARRIVAL = LazyPattern(
    r"(?:到着|受領|受信|着信|受付)(?:の)?(?:ご)?確認|届(?:い|き)[^。]{0,12}(?:か|確認)|受領の?(?:ご)?連絡"
)
_SENDS = LazyPattern(r"送付|提出|送信|添付|お送り|ご査収|再送")
# Papers that are no notice.
_OTHER_PAPERS = LazyPattern(
    r"請求書|契約書|見積|図面|写真|納品|工程表|計画書|日報|名刺|カタログ|パンフ|領収|印鑑|謄本|入札|質疑|内訳書|届出|工事カルテ|施工体制|許可証|申請書|払込|証紙|打ち?合わ?せ|会議|日程|資料"
)
_NOTICE = LazyPattern(
    r"認証キ[ー-]|電子(?:保証|証書|認証)|保証契約番号|d-?sure|保証(?:の|に(?:係る|かかる|関する)|書類|関係|お?知らせ|通知|キ)|(?:契約|前払金?|前金)保証|お知らせ(?:の?pdf|\(pdf)|アクセスキ[ー-]"
)


def matter_of(mail: Mail) -> Matter:
    """What the words of a mail want."""
    paragraphs = asked_words(mail.body[:_CHARACTERS]).split("\n\n")
    told = [one for paragraph in paragraphs for one in sentences(paragraph.splitlines())][:_MOST]
    found = [(purpose_of(one), one) for one in told]
    first = frozenset(one for part in _message(mail.body[:_CHARACTERS]) for one in sentences(part.split("\n")))
    purposes = {purpose for purpose, _ in found}
    subject = fold(mail.subject[:300]).lower()
    is_first = not is_reply(mail.subject)
    names_arrival = is_first and _ASKS_ARRIVAL.search(subject) is not None
    arrival = [one for purpose, one in found if purpose is Purpose.ARRIVAL]
    questions = [one for purpose, one in found if purpose is Purpose.QUESTION]
    wishes = [one for kind, one in found if kind is Purpose.WISH and (one in first or _OURS_TO_DO.search(one))]
    is_asked = bool(arrival) or names_arrival
    asks = any(not (is_asked and _is_of_arrival(one)) for one in (*questions, *wishes))
    asks = asks or (is_first and not arrival and not names_arrival and _ASKS.search(subject) is not None)
    asks = asks or (bool(arrival) and any(_OTHER_PAPERS.search(one) for one in arrival))
    earlier = any(is_of_earlier(one) for one in told) and not any(is_again(one) for one in told)
    announced = is_first and _SENDS.search(subject) is not None and purposes <= {Purpose.COURTESY}
    return Matter(
        asks=asks,
        asks_arrival=(bool(arrival) or names_arrival) and not asks,
        is_of_earlier=bool(arrival) and earlier,
        sends=(any(purpose is Purpose.SENDING and one in first for purpose, one in found) or announced)
        and not asks
        and not arrival,
        only_thanks=not asks and _only_thanks(found),
    )


def _is_of_arrival(sentence: str) -> bool:
    return echoes_arrival(sentence) and _OTHER_PAPERS.search(sentence) is None


def _only_thanks(found: Sequence[tuple[Purpose, str]]) -> bool:
    """Whether somebody thanks, or says that he knows it, and what else he tells makes no work."""
    purposes = {purpose for purpose, _ in found}
    return Purpose.THANKS in purposes and all(_makes_no_work(purpose, one) for purpose, one in found)


def _makes_no_work(purpose: Purpose, sentence: str) -> bool:
    match purpose:
        case Purpose.THANKS:
            return True
        case Purpose.COURTESY:
            return not begs_for_work(sentence)
        case Purpose.STATEMENT:
            return reports(sentence) or says_back(sentence) or _is_bare(sentence)
        case _:
            return _is_bare(sentence)


def _message(body: str) -> tuple[str, ...]:
    """The paragraphs of the message itself: below a banner's line, to its closing or to a line that parts it from a signature."""
    lines = own_words(body).split("\n")
    start, end = 0, len(lines)
    for place, line in enumerate(lines):
        if not RULE.match(fold(line)):
            continue
        if own_of("\n".join(lines[start:place]).strip(), is_first=start == 0):
            end = place
            break
        start = place + 1
    return stated_paragraphs("\n".join(lines[start:end]), is_open=False)


# What a wish below the closing must speak of: firms and servers beg for much there.
_OURS_TO_DO = LazyPattern(
    r"保証|認証|証書|前払|契約書|契約日|入金|請求書|原本|押印|様式|控え|返却|受付印|協議|日程|打ち?合わ?せ|休止|立ち?会い?|着工|竣工|完成検査|提出(?:先|期限|方法)"
)

# What our letters to contractors say, and no contractor of himself: a responder gives it back.
_OURS = LazyPattern(
    r"自動で送信しています|添付して、このメールにご返信|受領のお知らせであり|到着確認のお電話は不要|既にお送りいただいている場合は"
)


def echoes_us(body: str) -> bool:
    """Whether a body gives our own letter back as if it were its author's words."""
    return _OURS.search(fold(own_words(body[:_ECHOED]))) is not None


_ECHOED = 20_000


# A line without hiragana states nothing: a name, an address, an advertisement in a signature.
_HIRAGANA = LazyPattern(r"[ぁ-ん]")
# What a firm's signature says of its telephone.
_OF_THE_FIRM = LazyPattern(
    r"^※?(?:お?電話が(?:大変)?混み合|お?問い?合わ?せは[^。]{0,14}(?:承り|受け?付け)て?(?:おり)?ます$)"
)
_VALUE = LazyPattern(r"[0-9]{5,6}-[0-9]{6}|[0-9],[0-9]{3}|円")


_IN_BRACKETS = LazyPattern(r"\([^()]{1,10}\)$")


def _is_bare(sentence: str) -> bool:
    sentence = _IN_BRACKETS.sub("", sentence)
    papers = names_notice(sentence) or _OTHER_PAPERS.search(sentence)
    return _OF_THE_FIRM.search(sentence) is not None or not (
        _HIRAGANA.search(sentence) or _VALUE.search(sentence) or papers
    )


def names_only_other_papers(*texts: str) -> bool:
    """Whether papers are named that are no notice, and no notice is."""
    folded = [fold(text).lower() for text in texts]
    return any(map(_OTHER_PAPERS.search, folded)) and not names_notice(*texts)


def names_notice(*texts: str) -> bool:
    """Whether a notice, its key or a guarantee is named, in whatever words."""
    return any(_NOTICE.search(fold(text).lower()) for text in texts)
