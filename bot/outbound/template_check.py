"""Check the templates of letters: syntax errors, missing and unknown values, long subjects, forbidden content.

Called by `letters check`, `check-config` and `serve` when the city has its own templates. Each template, Japanese and English,
is parsed and rendered with every sample of its letter (core/letters/samples.py). How it spells is looked at by `letters check`
alone: no start fails for that. Nothing is raised: each fault is returned as a line for the operator.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

from jinja2 import (
    Environment,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    meta,
    nodes,
)

from bot.core.letters.contexts import CONTEXT_OF, AnswerableLetter, Context
from bot.core.letters.samples import SAMPLES
from bot.core.letters.spelling import misspelt, without_citations
from bot.core.letters.to_contractors import (
    Arrivals,
    OutsideConditions,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    SentBack,
    Verified,
)
from bot.core.mail.reply_text import REPLY_LINE
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.outgoing_mail import Addressee, Letter
from bot.core.text.lazy_pattern import LazyPattern
from bot.outbound.cleaning import clean_context
from bot.outbound.templates import (
    ENGLISH_SUBJECT_MARK,
    IN_ENGLISH,
    PAGE,
    SUBJECT_CHARACTERS,
    SUBJECT_MARK,
    environment,
    word,
)
from bot.outbound.text_layout import COLUMNS, width

_PARTS = ("_parts.j2", "_refusals.j2")
_COMMENT = LazyPattern(r"(?s)\{#.*?#\}")
_LINK = LazyPattern(r"https?://|www\.", re.IGNORECASE)
_HTML = LazyPattern(
    r"</?(?:a|b|i|u|p|br|hr|em|strong|font|span|div|table|tr|td|th|ul|ol|li|img|html|head|body|style|script|h[1-6])(?:[^\w<>][^<>]*)?>|&(?:nbsp|amp|lt|gt|quot|#\d+);",
    re.IGNORECASE,
)
# What a template may write behind a dot besides fields: a loop's own, and what texts, lists and dates can do.
_LOOP = frozenset(
    {"index", "index0", "revindex", "first", "last", "length", "previtem", "nextitem", "cycle", "changed"}
)
_METHODS = frozenset(
    name for kind in (str, tuple, list, dict, datetime) for name in dir(kind) if not name.startswith("_")
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a template: its file, and what to do, in Japanese."""

    file: str
    words: str


@dataclass(frozen=True, slots=True)
class _Language:
    """A language's environment, the folder shown before its file names, and the mark at the beginning of its subject line."""

    found: Environment
    folder: str
    mark: str

    def named(self, file: str) -> str:
        return f"{self.folder}{file}"


def check_letters(templates_dir: Path | None, formats: Formats) -> tuple[Fault, ...]:
    """All faults of the letters' templates. `templates_dir` None: those of the program; else those that it changes."""
    japanese = _Language(environment(templates_dir), "", SUBJECT_MARK)
    english = _Language(environment(templates_dir, language="en"), "en/", ENGLISH_SUBJECT_MARK)
    links = () if templates_dir is None else tuple(_links(templates_dir))
    return links + tuple(
        fault
        for language, letters in ((japanese, tuple(Letter)), (english, tuple(sorted(IN_ENGLISH))))
        for checked in (
            *(_check_part(file, language, formats) for file in _changed(_PARTS, templates_dir, language)),
            *(
                _check(letter, language, formats)
                for letter in letters
                if _changed((f"{letter}.j2", *_PARTS), templates_dir, language)
            ),
        )
        for fault in checked
    )


def check_spelling(templates_dir: Path | None, names: Collection[str]) -> tuple[Fault, ...]:
    """Words of the templates that official documents spell otherwise. `names`: those of the city and its desks, left as they are."""
    files = (*(f"{letter}.j2" for letter in Letter), *_PARTS, PAGE)
    japanese = _Language(environment(templates_dir), "", SUBJECT_MARK)
    return tuple(
        fault for file in _changed(files, templates_dir, japanese) for fault in _spelled(file, japanese, names)
    )


def _spelled(file: str, language: _Language, names: Collection[str]) -> Iterator[Fault]:
    try:
        source = language.found.loader.get_source(language.found, file)[0] if language.found.loader else ""
    except (TemplateError, UnicodeDecodeError):
        return  # check_letters says so
    own = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    places: dict[tuple[str, str], list[str]] = {}
    for number, line in enumerate(own.split("\n"), 1):
        for pair in misspelt(without_citations(line), names):
            places.setdefault(pair, []).append(str(number))
    for (wrong, right), lines in places.items():
        where = "、".join(dict.fromkeys(lines))
        yield Fault(file, f"「{wrong}」は、公用文の表記では「{right}」です（{where}行目）")


def _links(templates_dir: Path) -> Iterator[Fault]:
    """Links in the city's folder that lead out of it; no letter may show what lies there (compose.py does not read it)."""
    inside = templates_dir.resolve()
    for file in sorted({*templates_dir.glob("*.j2"), *templates_dir.glob("en"), *templates_dir.glob("en/*.j2")}):
        if not file.resolve().is_relative_to(inside):
            name = file.relative_to(templates_dir).as_posix()
            yield Fault(name, "letters.folder の外へのリンクです。ファイルそのものを置いてください")


def _brought_in(file: str, parsed: nodes.Template, language: _Language) -> Iterator[Fault]:
    """Files of {% include %}, {% import %} and {% extends %} that are not there or not ours to read, in any branch."""
    for name in meta.find_referenced_templates(parsed):
        if name is None:
            yield Fault(file, '読み込むファイルの名前は、" " で囲んで書いてください（差込みは使えません）')
        elif fault := _fault_of(name, language):
            yield Fault(file, f"「{name}」を読み込めません: {fault.words}")


def _changed(files: Iterable[str], templates_dir: Path | None, language: _Language) -> list[str]:
    """Those of the files that are the city's own, or all of the program's."""
    return [one for one in files if templates_dir is None or (templates_dir / language.named(one)).exists()]


def _parsed(file: str, language: _Language) -> nodes.Template | Fault:
    """A file's parsed template, or why it can't be used."""
    if fault := _fault_of(file, language):
        return fault
    found = language.found
    return found.parse(found.loader.get_source(found, file)[0] if found.loader else "")


def _fault_of(file: str, language: _Language) -> Fault | None:
    """Why a file can't be used, None when it can. The environment keeps what it compiles for this."""
    name = language.named(file)
    try:
        language.found.get_template(file)
    except TemplateSyntaxError as error:
        return Fault(name, f"{error.lineno}行目の書き方が誤っています（{error.message}）")
    except TemplateRuntimeError as error:
        return Fault(name, str(error))
    except (TemplateNotFound, UnicodeDecodeError) as error:
        return Fault(name, f"読めません（{error}）。UTF-8で保存し、{{% from %}} の先のファイルもあるか確かめてください")
    return None


def _check_part(file: str, language: _Language, formats: Formats) -> Iterator[Fault]:
    """The faults of a part that several letters include, reported once, under its own name."""
    parsed = _parsed(file, language)
    if isinstance(parsed, Fault):
        yield parsed
        return
    # Clerks' letters use it too, and what they may hold is less narrow; a link has no place there either.
    yield from _own_words(language.named(file), parsed, formats, has_links=False)
    yield from _fields_used(language.named(file), parsed)
    yield from _brought_in(language.named(file), parsed, language)


def _check(letter: Letter, language: _Language, formats: Formats) -> Iterator[Fault]:
    file = f"{letter}.j2"
    parsed, name = _parsed(file, language), language.named(file)
    if isinstance(parsed, Fault):
        yield parsed
        return
    used = meta.find_undeclared_variables(parsed)
    known = {field.name for field in fields(CONTEXT_OF[letter])}
    yield from (_unknown(name, one) for one in sorted(used - known))
    yield from (_missing(name, one) for one in letter.needs if one not in used)
    yield from _own_words(name, parsed, formats, has_links=letter.to is not Addressee.CONTRACTOR)
    yield from _fields_used(name, parsed)
    yield from _brought_in(name, parsed, language)
    if used <= known:
        template = language.found.get_template(file)
        for place, sample in enumerate(SAMPLES[letter], 1):
            yield from _worded(name, template, sample, place, language.mark)


def _unknown(file: str, name: str) -> Fault:
    if _IS_SECRET.search(name):
        return Fault(file, f"「{name}」は差し込めません。認証キーは、どの文面にも載せません")
    return Fault(file, f"「{name}」という差込みはありません。mail_templates/README.md の表のものだけが使えます")


def _missing(file: str, name: str) -> Fault:
    return Fault(
        file, f"「{name}」が使われていません。この文面に必要です（意味は mail_templates/README.md の表にあります）"
    )


_IS_SECRET = LazyPattern(r"auth_?key|reveal|password|secret|^_", re.IGNORECASE)


def _fields_used(file: str, parsed: nodes.Template) -> Iterator[Fault]:
    """Attributes that are no field of any context, also in branches that no sample reaches."""
    modules = {one.target for one in parsed.find_all(nodes.Import)}
    for place in parsed.find_all(nodes.Getattr):
        is_of_a_file = isinstance(place.node, nodes.Name) and place.node.name in modules
        if not is_of_a_file and place.attr not in _known_fields() | _LOOP | _METHODS:
            yield _unknown(file, place.attr)
    for item in parsed.find_all(nodes.Getitem):
        name = item.arg.value if isinstance(item.arg, nodes.Const) else ""
        if isinstance(name, str) and _IS_SECRET.search(name):
            yield _unknown(file, name)


def _fields_of(record: type, found: set[str]) -> set[str]:
    """The names of a context's fields and of those of the records in it."""
    for field in fields(record):
        found.add(field.name)
        for one in _records_in(get_type_hints(record)[field.name]):
            _fields_of(one, found)
    return found


def _records_in(hint: object) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _records_in(part)


@cache
def _known_fields() -> frozenset[str]:
    """The names of all fields that any letter has."""
    return frozenset(name for context in CONTEXT_OF.values() for name in _fields_of(context, set()))


def _own_words(file: str, parsed: nodes.Template, formats: Formats, *, has_links: bool) -> Iterator[Fault]:
    """Forbidden content in a template's own text: a key, HTML and, in letters to contractors, a link."""
    own = [one.data for one in parsed.find_all(nodes.TemplateData)]
    own += [one.value for one in parsed.find_all(nodes.Const) if isinstance(one.value, str)]
    if any(mask_keys(one, formats) != one for one in own):
        yield Fault(file, "認証キーと思われる文字が書かれています。除いてください")
    if not has_links and any(_LINK.search(one) for one in own):
        yield Fault(file, "リンクが書かれています。なりすましと区別できるよう、リンクのない文面にしてください")
    if html := next((found for one in own if (found := _HTML.search(one))), None):
        yield Fault(
            file, f"HTML（{html[0]}）が書かれています。文字だけのメールのため、そのまま表示されます。除いてください"
        )


def _worded(file: str, template: Template, sample: Context, place: int, mark: str) -> Iterator[Fault]:
    where = f"（見本{place}）"
    try:
        worded = word(template, clean_context(sample, Formats()), mark=mark)
    except (TemplateError, TypeError, ValueError) as error:  # a filter on an unsuitable value
        yield Fault(file, f"文面にできません{where}: {error}")
        return
    if not worded.subject:
        yield Fault(file, f"件名がありません{where}。1行目を「{mark} 」で始めてください")
    if width(worded.subject) > COLUMNS or len(worded.subject) >= SUBJECT_CHARACTERS:
        yield Fault(file, f"件名が長すぎます{where}: {worded.subject}")
    if not worded.text.strip():
        yield Fault(file, f"本文がありません{where}")
    shown = "".join(f"{worded.subject}{worded.text}".split())
    if any("".join(value.split()) not in shown for value in _must_show(sample)):
        yield Fault(file, f"受付番号、又は担当者の書いた理由が載らないことがあります{where}")
    if isinstance(sample, AnswerableLetter) and sample.ticket:
        if not worded.subject.endswith(sample.ticket):
            yield Fault(file, f"件名の終わりに、返信の符号（ticket）がありません{where}")
        if not worded.text.startswith(REPLY_LINE):
            yield Fault(file, f"本文の1行目に「{REPLY_LINE}」がありません{where}。返信の引用を見分けるために必要です")
        # The line to answer above follows the hints too, and the first lines name one or two: the list itself must be there.
        told = sum("".join(hint.write.split()) in shown for hint in sample.hints)
        if 2 * told < len(sample.hints):
            yield Fault(file, f"返信のしかた（hints）が載っていません{where}")


def _must_show(sample: Context) -> tuple[str, ...]:
    """The values that every wording must show: the receipt numbers, and a clerk's reason."""
    match sample:
        case Receipt(items=items) | ReceiptAgain(items=items):
            return tuple(item.receipt_number for item in items)
        case OutsideConditions(outside=outside):
            return tuple(one.item.receipt_number for one in outside)
        case Arrivals(arrived=arrived):
            return tuple(item.receipt_number for item in arrived)
        case ReceiptDiffers(items=items, differing=differing):
            return tuple(item.receipt_number for item in (*items, *(one.item for one in differing)))
        case SentBack(item=item, clerk_reason=reason):
            return (item.receipt_number, *reason.splitlines())
        case Verified(item=item):
            return (item.receipt_number,)
        case _:
            return ()
