"""The templates of letters, loaded and filled: ours, the city's own over them, the pages in HTML.

Called by compose.py and template_check.py. Raises what Jinja2 raises for a template that is wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateRuntimeError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core.letters.contexts import Context
from bot.core.records.outgoing_mail import Letter
from bot.outbound import text_layout

SUBJECT_MARK = "件名:"
ENGLISH_SUBJECT_MARK = "Subject:"
ENGLISH_RULE = "=" * 40
"""Between the Japanese letter, which is whole in itself, and the same in English."""
IN_ENGLISH = frozenset(one for one in Letter if one.has_english)
"""Letters that have an English part where the city wants one: those to contractors."""
PAGE = "summary.html.j2"
SUBJECT_CHARACTERS = 60  # fits in a list of mails, with room for long receipt numbers


@dataclass(frozen=True, slots=True)
class Worded:
    """A rendered letter: its subject in one line, its text with one line for each paragraph."""

    letter: Letter
    subject: str
    text: str


def environment(
    templates_dir: Path | None = None, *, escapes: bool = False, language: str = "ja"
) -> ImmutableSandboxedEnvironment:
    """The Jinja environment of all letters' templates. `templates_dir`: the city's folder, whose templates replace ours.

    `language`: "ja" or "en"; the city's English templates are in the subfolder `en`.
    """
    if templates_dir is None:
        return _ours(escapes=escapes, language=language)
    folder = templates_dir / language if language != "ja" else templates_dir
    return _environment(
        ChoiceLoader([_InsideLoader(folder, templates_dir), PackageLoader("mail_templates", language)]), escapes=escapes
    )


class _InsideLoader(FileSystemLoader):
    """The city's templates. Jinja refuses `..`, and this what a link brings in from outside of the city's folder."""

    def __init__(self, folder: Path, inside: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._inside = inside.resolve()

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Raises TemplateRuntimeError for a file outside: TemplateNotFound would let our own template take its place."""
        where = (self._folder / template.lstrip("/")).resolve()
        if ".." not in template.split("/") and where.is_file() and not where.is_relative_to(self._inside):
            raise TemplateRuntimeError(f"{template} は、letters.folder の外のファイルへのリンクです")
        return super().get_source(environment, template)


@functools.cache
def _ours(*, escapes: bool, language: str) -> ImmutableSandboxedEnvironment:
    """The program's own, compiled once: they don't change while it runs."""
    return _environment(PackageLoader("mail_templates", language), escapes=escapes)


def _environment(loader: BaseLoader, *, escapes: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=escapes,  # in plain text, escaping would print &amp;
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # a daemon's letters are those that it started with
    )
    made.filters.update(
        day=text_layout.day,
        minute=text_layout.minute,
        minute_in_english=text_layout.minute_in_english,
        short_day=text_layout.short_day,
        quote=text_layout.quote,
        short=text_layout.short,
        in_a_line=text_layout.in_a_line,
        ranges=text_layout.ranges,
    )
    return made


def pages(templates_dir: Path | None = None) -> ImmutableSandboxedEnvironment:
    """`environment` for HTML pages: values are escaped."""
    return environment(templates_dir, escapes=True)


def word(template: Template, cleaned: Context, *, mark: str = SUBJECT_MARK) -> Worded:
    """A letter in the words of its template. Raises jinja2.TemplateError."""
    letter = cleaned.letter
    head, _, body = template.render(values_of(cleaned)).lstrip().partition("\n\n")
    if not head.startswith(mark):
        raise TemplateRuntimeError(f"{letter}.j2: the first line must start with {mark}")
    subject = text_layout.clean(head.removeprefix(mark), SUBJECT_CHARACTERS)
    return Worded(letter, subject, text_layout.tidy(body.lstrip("\n")))


def values_of(cleaned: Context) -> dict[str, Any]:
    """What a template may name."""
    return {field.name: getattr(cleaned, field.name) for field in fields(cleaned)}


def add_english(worded: Worded, template: Template, cleaned: Context) -> Worded:
    """Add the English version below ENGLISH_RULE, and to the end of the subject where it fits."""
    english = word(template, cleaned, mark=ENGLISH_SUBJECT_MARK)
    subject = f"{worded.subject} / {english.subject}"
    has_room = text_layout.width(subject) <= text_layout.COLUMNS and len(subject) < SUBJECT_CHARACTERS
    return Worded(
        worded.letter, subject if has_room else worded.subject, f"{worded.text}\n{ENGLISH_RULE}\n{english.text}"
    )


def has_page(templates_dir: Path | None) -> bool:
    """Whether the summary has an HTML page: not when the city has a summary template of its own but no page."""
    if templates_dir is None or not (templates_dir / "summary.j2").exists():
        return True
    return (templates_dir / PAGE).exists()
