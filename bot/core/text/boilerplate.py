"""What stands in mails by custom and is nobody's statement about this mail: disclaimers, banners, advertisements, office hours, scanners' notes.

Called by whoever looks for phrases in a mail's words. A reading of phrases must come out the same with any of these above or below
(tests/core/verdict/test_footers.py). A paragraph is known by what it speaks of, and what stands below a closing by its rule. Pure; linear;
nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

# All patterns are for folded text in lower case: half width, no blanks.
_THIS_MAIL = r"(?:本|この|当)(?:e-?|電子)?(?:メール|メッセージ|お知らせ)"
# Disclaimers, and what servers and scanners write.
_OF_MAILS = (
    (
        _THIS_MAIL + r".{0,100}(?:自動|専用|返信(?:いただ|され|して)(?:いて|きまして|まして)?も|返信(?:に|は|不可|を受け)|心当たり|覚えの?[がな]"
        r"|機密|秘密|守秘|秘匿|保護|情報[をが](?:含|.{0,20}含)|印刷|検査|スキャン|ウイルス|無害化|安全が|社外|組織外|外部|認証に失敗"
        r"|お送りして(?:い|お)り?ます|転載|許可なく|限り|限定|宛先(?:の方|として)|名宛|受信者|受取人|公用|誤送信(?:に|の際)|行き違い|概要を説明)"
    ),
    (
        r"(?:誤って|間違|誤送信|誤配信|心当たり|覚え|宛先|宛名|名宛|意図|意図しない|対象でない|無関係).{0,40}"
        r"(?:場合|の?際[はに]|方[はが、]|方で|という方|以外|無ければ|なければ|ございましたら|ありましたら|お気付|しまった|可能性)"
    ),
    r"守秘義務|不正競争防止法|個人情報(?:保護|を含|は)|反社会的勢力|(?:一切の)?責任を負|無断(?:転載|転送|複製)|許可なく|損害賠償",
    (
        r"ウイルス(?:フリー|スキャン|チェック|検査|対策|:)|迷惑メール(?:判定|フォルダ)|(?:により|を)検査済|スキャン済|脅威は|不審な?(?:メール|点)|なりすまし|を(?:装った|騙る|名乗る)"
        r"|外部メール|外部からのメール|社外(?:メール|から)|組織外|送信ドメイン認証|心当たりのないメール|添付ファイルの?(?:開封|受信|分離)|添付ファイルは(?:自動|削除|セキュリティ|無害化)"
        r"|添付(?:された)?ファイル[はを].{0,30}(?:自動|暗号|変換|分離|削除|開い|開か)|パスワード付き?zip|(?:暗証番号|パスワード).{0,12}(?:お?尋ね|お?聞き|求め|伺)"
        r"|パスワードは.{0,6}別(?:途|メール)|パスワードのメールが|からメールを受け取ることはあまり|ファイルは受信できません"
    ),
    (
        r"(?:thise-?mail|thismessage|thiscommunication|inthise-?mail).{0,200}(?:confidential|privileged|intended|scanned|checkedfor|virus|automatic|originatedfrom|sentsecurely|maycontain|informationin)"
        r"|(?:confidential|privileged|intended|informationcontained).{0,100}(?:thise-?mail|thismessage|thiscommunication)"
        r"|ifyou(?:are|were)?not(?:the|expecting|request)|ifyouhavereceived|ifyoudidnot|ifthis(?:e-?mail|message)|(?:intended|namedin)(?:recipient|addressee)|wrongperson\?|notamongtheaddressees"
        r"|don'toftenget|donot(?:reply|click|respond)|neverreply|mailboxisnotmonitored|considertheenvironment|sentfrommy|getoutlookfor|externale?-?mail|^\[external\]"
        r"|caution:|virus|malware|threats?(?:found|detected|were)|scanned|mailsecurity|outside(?:of)?(?:the|our|your)(?:company|organi[sz]ation)|bymistake\?|rightcontact|taxadvice|cybercrime|opinionsexpressed|nocoverage|deliverysummary|nofurtheraction"
    ),
)  # fmt: skip
# What firms and mailing tools append: advertisements, office hours, moves, absences.
_OF_FIRMS = (
    (
        r"アンケート|対応はいかがでした|とても満足|配信(?:停止|解除|不要|結果)|配信を停止|受信拒否|(?:メール)?マガジン|メーリングリスト|セミナー|展示会(?:出展|に|の)|入場料|募集して|採用(?:サイト|情報|選考)|copyright|allrightsreserved"
        r"|特定電子メール|キャンペーン|記念イベント|(?:この|当)行より上に|ヘルプが必要|会議に参加|ミーティングに参加|問い合わせ管理システム|から送信$|を入手$|安全週間|環境への(?:影響|配慮)"
        r"|サポート(?:センター|デスク)|よくあるご?質問|ご?質問は(?:こちら|下記)|お気軽に|フリーダイヤル|お客様相談|開催者向け|電子契約・電子保証"
    ),
    (
        r"(?:営業|開庁|診療|勤務)(?:時間|日)|受付(?:時間|日時)|(?:夏季|夏期|冬季|年末年始|臨時|gw|盆)(?:の)?(?:休(?:$|[^み暇]|[み暇](?:$|[^前明中]))|営業)|休業|休診|定休日|閉庁|テレワーク|在宅勤務|時短勤務|移転(?:いたし|致し|し)まし|移転のお知らせ"
        r"|アドレス(?:の)?変更|担当変更|クールビズ|新型コロナ|感染(?:症|拡大)|面会|毎週.曜日?は不在|お休みをいただ|順次(?:ご)?(?:返信|対応)|働き方改革|ご返信は不要|インボイス|適格請求書"
        r"|プライバシーマーク|業務改善のため|キャンセル済|お電話がつながりにく|現場に出ている"
    ),
    r"unsubscribe|microsoftteams|jointhemeeting|howdidwedo|wearehiring|covid|workingdays|willbeclosed",
)  # fmt: skip
_PATTERNS_OF_MAILS = tuple(map(LazyPattern, _OF_MAILS))
_PATTERNS = (*_PATTERNS_OF_MAILS, *map(LazyPattern, _OF_FIRMS))
_CHARACTERS = 2000  # of a paragraph
_TEXTS = 4  # one mail's, which many readings ask for

RULE = LazyPattern(r"^(?:--|[-=*_~#+・ー─━―＝◆◇■□●○★☆※╋┏┗…]{6,}|\W{8,})$")
"""A folded line that parts what is above it from what is below."""
_CLOSING = LazyPattern(
    r"(?:よろしく|宜しく)?(?:お|御)願い(?:いた|致|申し?上げ)?し?(?:ま|ぁ|申)|ご査収|御査収|以上(?:です|、?よろしく)?[。.]?$|敬具|草々|失礼(?:いた|致)?します"
    r"|取り急ぎ|(?:best|kind|sincerely|warm).{0,10}(?:regards|yours)|regards,?$|sincerely,?$|thank(?:s|you)[,.]?$"
)


def own_of(paragraph: str, *, is_first: bool = False) -> str:
    """What a paragraph says by itself, "" for one that firms and servers put round every mail. `is_first`: of the mail's text.

    Where no blank line parts the message from what is appended, sentences are judged: above the closing of the text's first one firms
    append nothing; below it, all goes from the first one on.
    """
    paragraph = _OF_A_DEVICE.sub("", paragraph)
    if not _speaks_of(paragraph, _PATTERNS):
        return paragraph
    sentences = _SENTENCE.findall(paragraph)
    begins = is_first and paragraph[:1].isalnum() and not _speaks_of(sentences[0], _PATTERNS)
    if not begins and not _IS_MESSAGE.search(fold(paragraph[:_CHARACTERS]).lower()):
        return ""
    kept: list[str] = []
    is_closed = False
    for sentence in sentences:
        if not _speaks_of(sentence, _PATTERNS_OF_MAILS if begins and not is_closed else _PATTERNS):
            kept.append(sentence)
        elif is_closed:
            break
        is_closed = is_closed or _CLOSING.search(fold(sentence).lower()) is not None
    return "".join(kept)


def own_paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """The stated paragraphs of a text, each with what it says by itself; the message may begin below the line that names its reader."""
    is_first = True
    for paragraph in stated_paragraphs(text):
        yield paragraph, own_of(paragraph, is_first=is_first)
        is_first = is_first and _ADDRESSED.search(paragraph[:_CHARACTERS].strip()) is not None


_ADDRESSED = LazyPattern(r"^[^。\n]{1,40}(?:様|御中|各位|殿|さん)$")

# A last line by which a telephone signs.
_OF_A_DEVICE = LazyPattern(
    r"(?i:\n[ \u3000]*(?:.{0,30}(?:から送信(?:されました)?|を入手)|sent from .{1,30}|get outlook for .{1,20})[。.]?\s*$)"
)
_SENTENCE = LazyPattern(r"[^。\n]*(?:[。\n]|$)")

_IS_MESSAGE = LazyPattern(r"世話にな|お疲れ様|おつかれ|" + _CLOSING.pattern)
"""Folded words of a paragraph that holds the message itself, at least its first or last line."""


def _speaks_of(paragraph: str, patterns: Iterable[LazyPattern[str]]) -> bool:
    folded = fold(paragraph[:_CHARACTERS]).lower()
    return any(one.search(folded) for one in patterns)


def _paragraphs(lines: Sequence[str]) -> Iterator[range]:
    """The places of the lines between blank ones and rules; a rule is a paragraph of its own."""
    start = 0
    for place, line in enumerate(lines):
        folded = fold(line)
        is_rule = RULE.match(folded) is not None
        if is_rule or not folded:
            if start < place:
                yield range(start, place)
            if is_rule:
                yield range(place, place + 1)
            start = place + 1
    if start < len(lines):
        yield range(start, len(lines))


def stated_paragraphs(text: str, *, is_open: bool = True) -> tuple[str, ...]:
    """The paragraphs of a mail's text, without rules: to a signature's "--", or to the rule below a closing.

    `is_open`: False = to the closing itself, of which its own paragraph is the last.
    """
    stated, above = _stated(text)
    return stated if is_open else stated[:above]


@lru_cache(maxsize=_TEXTS)
def _stated(text: str) -> tuple[tuple[str, ...], int]:
    """The paragraphs, and how many there are up to the closing."""
    lines = text.split("\n")
    stated: list[str] = []
    above = 0
    for places in _paragraphs(lines):
        paragraph = "\n".join(lines[places.start : places.stop])
        folded = fold(paragraph).lower()
        is_rule = RULE.match(folded) is not None
        if folded == "--" or (above and is_rule):
            break
        if not is_rule:
            stated.append(paragraph)
            if not above and _CLOSING.search(folded):
                above = len(stated)
    return tuple(stated), above or len(stated)


@lru_cache(maxsize=_TEXTS)
def without_boilerplate(text: str) -> str:
    """What a text says by itself: the stated paragraphs that are no boilerplate, with blank lines between."""
    stated = enumerate(stated_paragraphs(text))
    return "\n\n".join(filter(None, (own_of(one, is_first=place == 0) for place, one in stated)))


def lines_about_mails(lines: Sequence[str]) -> frozenset[int]:
    """The places of the lines that stand in disclaimers and in what servers write; what firms append might be their writer's word."""
    texts = ((places, "\n".join(lines[place] for place in places)) for places in _paragraphs(lines))
    return frozenset(place for places, text in texts if _speaks_of(text, _PATTERNS_OF_MAILS) for place in places)
