"""Checks the templates of letters before any goes out: broken ones, missing and unknown values, long subjects, what no letter may hold.

Called by `letters check`, `check-config` and `serve` where the city words letters itself. Each template is worded with every sample of its
letter (core/letter_samples.py). Nothing is raised: what is wrong is a line for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from jinja2 import Environment, Template, TemplateError, TemplateNotFound, TemplateSyntaxError, meta

from bot.core.answered_words import REPLY_LINE
from bot.core.key_notice import Formats, mask_keys
from bot.core.letter_samples import SAMPLES
from bot.core.letters import LETTER_OF, AnswerableLetter, Context
from bot.core.outbox import LETTERS_TO_CLERKS, Letter
from bot.outbound.compose import SUBJECT_CHARACTERS, environment, word
from bot.outbound.layout import COLUMNS, width

_CONTEXTS = {letter: context for context, letter in LETTER_OF.items()}
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_EXPRESSION = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a template: its file and what to do, in Japanese."""

    file: str
    words: str


def check_letters(templates_dir: Path | None, formats: Formats) -> tuple[Fault, ...]:
    """Everything wrong with the letters' templates; empty = none. None: those that come with the program."""
    found = environment(templates_dir)
    return tuple(fault for letter in Letter for fault in _check(letter, found, formats))


def _check(letter: Letter, found: Environment, formats: Formats) -> Iterator[Fault]:
    file = f"{letter}.j2"
    try:
        source = found.loader.get_source(found, file)[0] if found.loader else ""
        used = meta.find_undeclared_variables(found.parse(source))
        template = found.get_template(file)
    except TemplateSyntaxError as error:
        yield Fault(file, f"{error.lineno}行目の書き方が誤っています（{error.message}）")
        return
    except (TemplateNotFound, UnicodeDecodeError) as error:
        yield Fault(file, f"読めません（{error}）。UTF-8で保存し、{{% from %}} の先のファイルもあるか確かめてください")
        return
    known = {field.name for field in fields(_CONTEXTS[letter])}
    for name in sorted(used - known):
        yield Fault(file, f"「{name}」という差し込みはありません。mail_templates/README.md の表のものだけが使えます")
    yield from _secrets(letter, source, formats)
    if used <= known:
        for place, sample in enumerate(SAMPLES[letter], 1):
            yield from _worded(file, template, sample, place)


def _secrets(letter: Letter, source: str, formats: Formats) -> Iterator[Fault]:
    """What must stand in no letter: a key, and in those to contractors a link."""
    file, own = f"{letter}.j2", _EXPRESSION.sub(" ", source)
    if mask_keys(own, formats) != own:
        yield Fault(file, "認証キーと思われる文字が書かれています。除いてください")
    if letter not in LETTERS_TO_CLERKS and _LINK.search(own):
        yield Fault(file, "リンクが書かれています。なりすましと区別できるよう、リンクのない文面にしてください")


def _worded(file: str, template: Template, sample: Context, place: int) -> Iterator[Fault]:
    where = f"（見本{place}）"
    try:
        worded = word(template, sample)
    except (TemplateError, TypeError, ValueError) as error:  # a filter on what it can't take
        yield Fault(file, f"文面にできません{where}: {error}")
        return
    if not worded.subject:
        yield Fault(file, f"件名がありません{where}。1行目を「件名: 」で始めてください")
    if width(worded.subject) > COLUMNS or len(worded.subject) >= SUBJECT_CHARACTERS:
        yield Fault(file, f"件名が長すぎます{where}: {worded.subject}")
    if not worded.text.strip():
        yield Fault(file, f"本文がありません{where}")
    if isinstance(sample, AnswerableLetter) and sample.ticket:
        if not worded.subject.endswith(sample.ticket):
            yield Fault(file, f"件名の終わりに、返信の符号（ticket）がありません{where}")
        if not worded.text.startswith(REPLY_LINE):
            yield Fault(file, f"本文の1行目に「{REPLY_LINE}」がありません{where}。返信の引用を見分けるために必要です")
        # The line to answer above follows the hints too: what is left without it must tell how to answer.
        if all(hint.write not in worded.text for hint in sample.hints):
            yield Fault(file, f"返信のしかた（hints）が載っていません{where}")
