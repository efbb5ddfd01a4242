"""Forms in which clerks enter notices that came by fax, at the counter or through another system: tables, and labelled lines in a mail.

`forms_in_book` reads the rows of a CSV or workbook, for `submissions add --file` and, in the reading process, of a mail;
`forms_in_words` reads labelled lines (工事名：… 保証契約番号：…). Both check each value like the register's import, and return
the right forms although others are wrong. `form_text` writes a form for the mails of core/clerk/entry_mail.py. Pure; nothing
is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.mail.message import Flaw, Mail
from bot.core.mail.reply_text import UNSEEN, own_lines
from bot.core.policy.masking import shown
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import Product
from bot.core.records.secret import AuthKey
from bot.core.register.columns import Column
from bot.core.register.headers import Known, column_of, meanings
from bot.core.register.layout import Layout
from bot.core.register.rows import RowProblem, parse_book
from bot.core.register.tables import Book, Table, TableRow
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean

HOW = "手入力"
"""How a notice came, when the clerk does not say it."""
MOST_FORMS = 100
"""The most forms in one mail; a counter has fewer in a day."""
_MOST_WRONG = 50  # lines about errors
_HOW_CHARACTERS = 20
_SENDER = "差出人"


@dataclass(frozen=True, slots=True)
class EntryForm:
    """A notice entered by a clerk."""

    number: str
    auth_key: AuthKey
    project_name: str
    contractor: str
    product: Product
    sender: str = ""  # the contractor's address, for the receipt; "": none
    how: str = HOW  # how the notice came: FAX, 窓口 and the like


@dataclass(frozen=True, slots=True)
class EntryTable:
    """The forms in one file, or in a mail's own text."""

    name: str  # the file's, or メール本文
    forms: tuple[EntryForm, ...] = ()
    wrong: tuple[str, ...] = ()  # the errors, in Japanese, a line each


def form_text(entered: EntryForm) -> str:
    """The form as labelled lines like a notice's, with the key in plain text."""
    fields = (
        ("工事名", entered.project_name),
        ("受注者名", entered.contractor),
        ("保証区分", entered.product.words),
        ("保証契約番号", entered.number),
        ("認証キー", entered.auth_key.reveal()),
    )
    return "\n".join(f"{label}：{clean(value)}" for label, value in fields if value)


# -- the subject of an entry mail

# 手入力できません, 手入力の方法: words about it, for a person.
_SUBJECT = LazyPattern(r"[【\[(「『<\s]*手\s?入\s?力(?P<rest>(?:[^ぁ-ん].*)?)", re.DOTALL)
_ROUND_WORDS = " \t\u3000:・/-　【】[]()「」『』<>"


def entered_how(subject: str) -> str | None:
    """How the notices of a mail with this subject came: 「手入力 FAX」 → FAX, 「手入力」 → HOW; None: no entry mail."""
    found = _SUBJECT.fullmatch(unicodedata.normalize("NFKC", subject))
    return None if found is None else clean(found["rest"], _HOW_CHARACTERS).strip(_ROUND_WORDS) or HOW


# -- tables


def forms_in_book(
    book: Book, layout: Layout, how: str, *, unit: str = "行目", ways: Mapping[int, str] | None = None
) -> tuple[tuple[EntryForm, ...], tuple[str, ...]]:
    """The forms in tables with the register's columns, and a line for each wrong row; a form is taken whole or not at all.

    `unit`: the word after a row's number; `ways`: row number → how it came, where that is not `how`.
    """
    parsed = parse_book(book, replace(layout, columns=((_SENDER, Column.EMAIL.value), *layout.columns)))
    wrong = [(one.line, _problem(one, unit)) for one in parsed.problems if not one.is_note]
    left = {(one.sheet, one.line) for one in parsed.problems if one.is_taken}
    entered: list[EntryForm] = []
    for row in parsed.guarantees:
        one = row.guarantee
        if (row.sheet, row.line) in left:
            continue
        if row.key_as_it_is:
            why = "伏せ字の認証キーは取り込めません。お知らせのとおりに入力してください"
            wrong.append((row.line, f"{row.line}{unit} {row.key_as_it_is}: {why}"))
            continue
        if not one.number or one.auth_key is None:
            wrong.append((row.line, f"{row.line}{unit}: 保証契約番号か認証キーがありません"))
            continue
        way = (ways or {}).get(row.line) or how
        entered.append(
            EntryForm(one.number, one.auth_key, one.project_name, one.contractor, one.product, one.email, way)
        )
    return tuple(entered), tuple(words for _, words in sorted(wrong))


def _problem(one: RowProblem, unit: str) -> str:
    sheet = f"「{one.sheet}」の" if one.sheet else ""
    where = f"{sheet}{one.line}{unit}" if one.line else ""
    return f"{where}{f' {one.column}' if one.column else ''}: {one.reason}".removeprefix(": ")


def entry_table(name: str, forms: Sequence[EntryForm], wrong: Sequence[str], formats: Formats) -> EntryTable:
    """The result for a mailed file or text, cut to the limits; keys in `wrong` are masked."""
    if len(forms) > MOST_FORMS:
        return EntryTable(
            name,
            (),
            (f"{len(forms)}件あります。1通のメールで受け付けるのは{MOST_FORMS}件までです。分けて送ってください",),
        )
    told = tuple(shown(one, formats) for one in wrong[:_MOST_WRONG])
    besides = len(wrong) - len(told)
    return EntryTable(name, tuple(forms), (*told, f"ほかに{besides}か所あります") if besides else told)


# -- labelled lines

_LABELLED = LazyPattern(
    r"[\s\u3000・●■◆◇□○◎※*-]*(?P<label>[^:：\s\u3000・●■◆◇□○◎※*-][^:：]{0,39}?)[\s\u3000]*[:：][\s\u3000]*(?P<value>.*)"
)
_RULE = LazyPattern(r"[-=*_~―─━－ー＝＊…・\s]{2,}")
_COLUMNS = (*(Column.PROJECT_NAME, Column.CONTRACTOR, Column.PRODUCT, Column.NUMBER, Column.AUTH_KEY, Column.EMAIL),)
_TITLES = {Column.PRODUCT: "保証区分", Column.EMAIL: _SENDER}  # as the form has them
_HOW_LABEL = "受付方法"
# Without Mail: and e-mail:, which stand in clerks' signatures.
_SENDER_LABELS = frozenset(
    {
        _SENDER,
        "差出人のアドレス",
        "差出人のメールアドレス",
        "差出人(受注者のアドレス)",
        "メールアドレス",
        "受注者のメールアドレス",
    }
)
_WRAPPED = frozenset({Column.PROJECT_NAME.value, Column.CONTRACTOR.value})


@dataclass(slots=True)
class _Form:
    """A form being read: its values by label, and the labels that are repeated without a blank line between."""

    values: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    @property
    def is_one(self) -> bool:
        """Whether the labels are a form's; a signature has others."""
        return any(self.values.get(one) for one in (Column.NUMBER, Column.AUTH_KEY, Column.PROJECT_NAME))


def forms_in_words(mail: Mail, how: str, formats: Formats, name: str) -> EntryTable | None:
    """The forms in a mail's own words; None where there is none. Where its two ways to say them differ, none is taken."""
    found = [one for one in (_forms_in(mail, saying, how, formats, name) for saying in mail.sayings) if one is not None]
    filled = [one for one in found if one.forms]
    if any(not _are_alike(filled[0].forms, one.forms) for one in filled[1:]):
        why = "書式なしの本文とHTMLの本文で内容が異なるため、受け取っていません。書式なしのメールで送ってください"
        return entry_table(name, (), (why,), formats)
    return next(iter((*filled, *found)), None)


def _are_alike(some: Sequence[EntryForm], others: Sequence[EntryForm]) -> bool:
    """Whether they give the same numbers and keys; a name's line may be broken elsewhere."""
    if len(some) != len(others):
        return False
    pairs = zip(some, others, strict=True)
    return all(one.number == other.number and one.auth_key.same_as(other.auth_key) for one, other in pairs)


def _forms_in(mail: Mail, saying: str, how: str, formats: Formats, name: str) -> EntryTable | None:
    known = meanings(formats)
    layout = replace(formats, columns=())
    lines, beneath = own_lines(saying)
    forms = [form for form in _forms(lines, known) if form.is_one]
    if not forms:
        return None
    if why := _whose_is_unsure(lines, beneath, known):
        return entry_table(name, (), (why,), formats)
    head = TableRow(0, tuple(_TITLES.get(column, column.value) for column in _COLUMNS))
    rows = tuple(
        TableRow(place, tuple(form.values.get(column.value, "") for column in _COLUMNS))
        for place, form in enumerate(forms, 1)
        if not form.twice
    )
    twice = [f"{n}件目: 「{label}」が2つあります" for n, form in enumerate(forms, 1) for label in form.twice]
    ways = {n: clean(form.values.get(_HOW_LABEL, ""), _HOW_CHARACTERS) for n, form in enumerate(forms, 1)}
    entered, wrong = forms_in_book(Book((Table((head, *rows)),)), layout, how, unit="件目", ways=ways)
    cut = ("本文が長すぎるため、途中までしか読み取っていません",) if Flaw.TEXT_CUT in mail.flaws else ()
    return entry_table(name, entered, (*twice, *wrong, *cut), formats)


def _whose_is_unsure(lines: Sequence[str], beneath: Sequence[str], known: Known) -> str:
    """Why it can't be told that all of the form is the clerk's; "" where it can."""
    if any(UNSEEN in line for line in lines):
        return "見えない文字や取消線の文字があるため、受け取っていません。書式なしのメールで送ってください"
    if any(_labelled(line, known)[0] for line in beneath):
        return "引用の続きのように見える行があるため、受け取っていません。引用を消して送ってください"
    return ""


def _forms(lines: Sequence[str], known: Known) -> Iterator[_Form]:
    """The groups of labelled lines. A rule ends a group, and a label repeated after a blank line begins the next."""
    form, last, is_after_blank = _Form(), "", False
    for place, line in enumerate(lines):
        text = line.strip(" \t\u3000\r\xa0")
        if _RULE.fullmatch(text):
            yield form
            form, last, is_after_blank = _Form(), "", False
            continue
        if not text:
            is_after_blank = True
            continue
        label, value = _labelled(text, known)
        if not label:
            if last in _WRAPPED and not is_after_blank and _labelled(_next(lines, place), known)[0]:
                form.values[last] += text  # a mail program broke the line
            continue
        if label in form.values and is_after_blank:
            yield form
            form = _Form()
        if label in form.values and form.values[label] != value:
            form.twice.append(label)
        form.values.setdefault(label, value)
        last, is_after_blank = label, False
    yield form


def _next(lines: Sequence[str], place: int) -> str:
    return lines[place + 1].strip(" \t\u3000\r\xa0") if place + 1 < len(lines) else ""


def _labelled(text: str, known: Known) -> tuple[str, str]:
    """A line's label, as the form calls it, and its value; "" for a line that has none of ours."""
    found = _LABELLED.fullmatch(text)
    if found is None:
        return "", ""
    label = unicodedata.normalize("NFKC", found["label"]).strip()
    if label == _HOW_LABEL:
        return _HOW_LABEL, found["value"]
    if label in _SENDER_LABELS:
        return Column.EMAIL.value, found["value"]
    column = column_of(label, known)
    return (column.value, found["value"]) if column in _COLUMNS and column is not Column.EMAIL else ("", "")
